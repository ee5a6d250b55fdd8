"""What a school has beside each norm that it can be held to: measured, limit, what is short, and the flag of the source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping

    from layout_planner.norms import Norm, NormSet

CONDITION_COLUMNS = (
    "school_id",
    "when",  # today | plan
    "key",  # key of the norm
    "measured",  # float, in the unit of the norm; NaN where only what is short is known
    "limit",
    "unit",
    "short",  # float, how many are lacking; 0 none, NaN unknown or not counted
    "state",  # good | bad | unknown | info
    "severity",
    "source",
    "flag",
)
STATES = ("bad", "unknown", "info", "good")
VENUES = "venue.internet_cafe_m"
SHORT = (("dorm.area_m2", "dorm_short_m2"), ("toilets.boys", "toilets_boys_short"), ("toilets.girls", "toilets_girls_short"))
Row = tuple[str, float, float, str, "Norm | None"]


def list_conditions(status: pd.DataFrame, norms: NormSet, bands: Mapping[str, tuple[int, ...]]) -> pd.DataFrame:
    """Return one row (CONDITION_COLUMNS) a school, time and norm that applies to it; `status` has STATUS_COLUMNS and `when`."""
    rows = []
    for school in status.to_dict("records"):
        grades = [grade for band in str(school["bands"]).split(",") if band for grade in bands[band]]
        for key, measured, short, state, norm in _judge(school, norms, grades):
            if norm is not None:
                told = norm.value, norm.unit, short, state, norm.severity, norm.cite(), norm.flag
                rows.append((school["school_id"], school["when"], key, measured, *told))
    table = pd.DataFrame(rows, columns=list(CONDITION_COLUMNS))
    return table.sort_values(["school_id", "when"], kind="stable", ignore_index=True)


def _judge(school: Mapping[Hashable, Any], norms: NormSet, grades: list[int]) -> Iterator[Row]:
    pupils, boarders = int(school["pupils"]), int(school["boarders"])
    if not pupils:
        return
    mean, state = float(school["pupils_per_class"]), str(school["class_state"])
    yield "class.standard", mean, np.nan, "good" if state == "within" else "bad", norms.find("class.standard", grades=grades)
    if state in {"large", "very_large"}:
        key = f"class.{state}"
        yield key, mean, np.nan, "bad", norms.find(key, grades=grades)
    seats = float(school["seats"])
    share = pupils / seats if np.isfinite(seats) and seats > 0 else np.nan
    yield "class.pupils_per_seat", share, np.nan, _within(share, norms.find("class.pupils_per_seat")), norms.find("class.pupils_per_seat")
    if boarders:
        beds = norms.find("dorm.beds_per_boarder")
        ratio = int(school["beds"]) / boarders
        yield "dorm.beds_per_boarder", ratio, np.nan, _within(ratio, beds), beds
    for key, column in SHORT if boarders else SHORT[1:]:
        short = float(school[column])
        yield key, np.nan, short, "unknown" if np.isnan(short) else "good" if short <= 0 else "bad", norms.find(key)
    spare = float(school["teachers_spare"])
    posts = norms.find("staff.pupils_per_teacher", grades=grades)
    yield posts_row(pupils, float(school["teachers"]), spare, posts)
    near, check = int(school["too_near"]), int(school["check"])
    yield VENUES, np.nan, float(near), "bad" if near else "unknown" if check else "good", norms.find(VENUES)
    if school["small"]:
        yield "small_school.funding_floor", float(pupils), np.nan, "info", norms.find("small_school.funding_floor")


def posts_row(pupils: int, teachers: float, spare: float, norm: Norm | None) -> Row:
    """Return pupils a teacher beside the ratio; `spare` teachers are rounded up by stage, so it decides."""
    measured = pupils / teachers if teachers > 0 else np.nan
    state = "unknown" if np.isnan(spare) else "bad" if spare < 0 else "good"
    return "staff.pupils_per_teacher", measured, max(0.0, -spare) if np.isfinite(spare) else np.nan, state, norm


def _within(value: float, norm: Norm | None) -> str:
    if norm is None or np.isnan(value):
        return "unknown"
    return "good" if (value <= norm.value if norm.comparator == "<=" else value >= norm.value) else "bad"
