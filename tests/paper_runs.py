"""Runs for the tests of papers: a hand-made one whose every text is hostile, and the tiny county worked through."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from layout_planner.assess.conditions import list_conditions
from layout_planner.county.posts_table import POSTS
from layout_planner.norms import read_norms
from layout_planner.output.papers.stored import Papers
from layout_planner.results import Finding
from layout_planner.words import Words
from tests.views import HOSTILE, make_view

FORMULA = "=cmd|' /C calc'!A0"
NASTY = (*HOSTILE, FORMULA)
DIGEST = "0123456789abcdef" * 4


def make_papers(*, villages: int = 40, schools: int = 8, hostile: bool = True, **later: pd.DataFrame) -> Papers:
    """Return a run as papers see it; hostile texts stand wherever a text may stand."""
    view = make_view(villages, schools, 60, hostile=hostile)
    sites = view.schools
    nasty = [NASTY[at % len(NASTY)] if hostile else f"校{at}" for at in range(len(sites))]
    view = dataclasses.replace(view, schools=sites.assign(name=nasty, name_en=nasty, candidate=sites.get("candidate", False)))
    found = Finding(
        "hearing", "fail", view.mergers[0], Words(nasty[0], nasty[1]), Words(nasty[2], nasty[3]), "R [R1]", "R1", evidence=nasty[6]
    )
    view = dataclasses.replace(view, findings=(*view.findings, found))
    status = pd.concat([_status(view.schools, when) for when in ("today", "plan")], ignore_index=True)
    status = status[status["form"] != "closed"].reset_index(drop=True)
    return Papers(
        view,
        DIGEST,
        {"plan": {"close": list(view.mergers), "keep": [], "may_close": "none"}, "public": {}},
        {"status": "optimal", "objective": 1.0, "bound": 1.0, "gap": 0.0, "seed": 7, "terms": {}, "versions": {}},
        status,
        pd.DataFrame({"school_id": []}),
        _register(view.schools),
        pd.DataFrame([_year(key, year) for key in view.schools.index for year in (2024, 2025)]),
        list_conditions(status, read_norms("cn-rural"), view.bands),
        pd.DataFrame([_otherwise(key) for key in view.schools.index]),
        pd.DataFrame([_post(level, text) for level, text in zip(("county", "township", "village", "school"), nasty, strict=False)]),
        norm_values=[
            ["cost.bus_yuan", [], [], 150000.0, "yuan/year", "A", ""],
            ["travel.max_minutes", [1, 2, 3], [], 30.0, "min", "R2", NASTY[0]],
        ],
        later=later,
    )


def _status(schools: pd.DataFrame, when: str) -> pd.DataFrame:
    pupils = schools[f"pupils_{when}"].to_numpy()
    return pd.DataFrame(
        {
            "when": when, "school_id": schools.index, "name": schools["name"].to_numpy(), "township": schools["township"].to_numpy(),
            "form": schools[f"form_{when}"].to_numpy(), "bands": schools[f"bands_{when}"].to_numpy(), "parent_school_id": "",
            "pupils": pupils, "small": pupils < 100, "classes": 6, "pupils_per_class": pupils / 6,
            "class_state": np.where(pupils > 0, "within", "empty"), "seats": schools["seats"].to_numpy(dtype=float),
            "beds": schools[f"beds_{when}"].to_numpy(), "boarders": schools[f"boarders_{when}"].to_numpy(), "beds_wanted": 0,
            "dorm_short_m2": 0.0, "toilets_boys_short": np.nan, "toilets_girls_short": 2.0, "teachers": 9.0, "teachers_spare": -1.0,
            "funds_yuan": 65_000.0, "floor_yuan": 0.0, "specialist_lessons": 0.0, "specialists_travelling": 0, "too_near": 0, "check": 1,
        }
    )  # fmt: skip


def _register(schools: pd.DataFrame) -> pd.DataFrame:
    columns: dict[str, Any] = {"grades": "1,2,3", "canteen": True, "parent_school_id": "", "yearly_cost": np.nan}
    columns |= dict.fromkeys(("classrooms", "teachers", "enrolment", "dorm_area_m2", "toilets_boys", "toilets_girls"), np.nan)
    for when in ("today", "plan"):
        columns |= {f"classes_{when}": 6, f"new_beds_{when}": 0, f"trips_yuan_{when}": 1000.0}
    return pd.DataFrame(columns, index=schools.index)


def _year(school_id: str, year: int) -> dict[str, Any]:
    return {"school_id": school_id, "year": year, "grade": 1, "enrolled_start": 20, "transferred_in": 1, "transferred_out": 2,
            "dropped_out": 0, "graduated": np.nan}  # fmt: skip


def _otherwise(school_id: str) -> dict[str, Any]:
    return {"school_id": school_id, "pupils": 10, "daily": 6, "boarding": 3, "without": 1, "mean_s": 600.0, "mean_other_s": 1200.0,
            "worst_other_s": 1500.0, "next_school_id": ""}  # fmt: skip


def _post(level: str, text: str) -> dict[str, str]:
    return {column.name: "" for column in POSTS.columns} | {"level": level, "post": text, "post_en": text, "duty": text, "duty_en": text}
