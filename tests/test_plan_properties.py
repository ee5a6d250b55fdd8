"""The optimiser against brute force, and what must hold for every county."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pulp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import Point

from layout_planner.errors import NoPlanError
from layout_planner.norms import read_norms
from layout_planner.plan.case import Case
from layout_planner.plan.forms import sites_by_band, sites_of
from layout_planner.plan.linear import Stage
from layout_planner.plan.present import present_layout
from layout_planner.plan.solve import _refuse_unfinished, optimise_layout
from layout_planner.scenario import Scenario
from layout_planner.travel.model import TravelTimes
from layout_planner.travel.options import commute_options
from tests.tiny import CRS, tiny_county

NORMS = read_norms("cn-rural")
LIMIT_S, FACTOR = 1800.0, 0.75
SLOW = 1 / NORMS.value("speed.walk_range_low")
COUNTIES = st.tuples(
    st.lists(st.integers(1, 60), min_size=1, max_size=4),  # pupils by settlement
    st.lists(st.one_of(st.none(), st.integers(20, 200)), min_size=1, max_size=3),  # seats by school
    st.randoms(use_true_random=False),
)
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def make_case(
    pupils: list[int], seats: list[int | None], minutes: np.ndarray, *, flooded: np.ndarray | None = None, **plan: object
) -> Case:
    """Return a case of one band (grades 1-3), teaching points only, where everybody walks; ways that are `flooded` close on a bad day."""
    homes, schools = ([f"{letter}{k}" for k in range(count)] for letter, count in (("S", len(pupils)), ("P", len(seats))))
    county = tiny_county(
        settlements=gpd.GeoDataFrame(
            {"name": homes, **{f"pupils_g{g}": 0 for g in range(1, 10)}},
            geometry=[Point(0, 0)] * len(homes), index=pd.Index(homes, name="settlement_id"), crs=CRS,
        ),
        schools=gpd.GeoDataFrame(
            {
                "name": schools, "form": "teaching_point", "grades": [(1, 2, 3)] * len(schools), "beds": 0, "buses": 0,
                "seats": [np.inf if s is None else float(s) for s in seats], "canteen": False, "protected": False, "candidate": False,
            },
            geometry=[Point(0, 0)] * len(schools), index=pd.Index(schools, name="school_id"), crs=CRS,
        ),
    )  # fmt: skip
    file = {"path": "x.csv"}
    scenario = Scenario.model_validate(
        {
            "schema": 1, "name": "t", "title": {"zh": "t", "en": "t"}, "year": 2026, "bands": {"lower": [1, 2, 3]},
            "data": {"settlements": file, "schools": file, "roads": file}, "plan": plan, "solver": {"gap": 0.0},
        }
    )  # fmt: skip
    shape, never = minutes.shape, np.full(minutes.shape, np.inf)
    travel = TravelTimes(
        pd.Index(homes), pd.Index(schools), minutes * 60 * FACTOR, minutes * 60, never, never, np.full(shape[0], np.inf),
        np.zeros(shape[0]), np.zeros(shape[1]), np.zeros(shape[0]), np.zeros(shape[0]), np.zeros(shape[1]), np.zeros(shape[0], dtype=bool),
        np.zeros(shape[0]), np.zeros(shape[0], dtype=bool),
    )  # fmt: skip
    days = {} if flooded is None else {"flood": replace(travel, walk_s=np.where(flooded, np.inf, travel.walk_s))}
    return Case(scenario, NORMS, county, pd.DataFrame({"lower": pupils}, index=homes), travel, sites_of(county.schools, scenario), days)


def solve(case: Case):
    today = present_layout(case)
    options = commute_options(case.travel, case.county.schools, sites_by_band(case.sites, case.scenario), NORMS, case.scenario)
    return optimise_layout(case, options, today), today


def price(
    pupils: list[int], minutes: np.ndarray, goes: tuple[int, ...], is_open: tuple[bool, ...], judge: str, flooded: np.ndarray,
    now: np.ndarray | None = None,
) -> tuple[float, float, float]:  # fmt: skip
    """Return harm, severity-weighted risk and yuan of one choice, from the formulas of docs/architecture.md; -1 = unserved.

    now : minutes of today, where roads are mended for the choice.
    Infinite harm: a school closes although pupils of it are then at risk, late on a slow day, or newly cut off by the flood.
    """
    harm, risk, loads = 0.0, 0.0, [0] * len(is_open)
    for n, row, wet, j, before in zip(pupils, minutes, flooded, goes, minutes if now is None else now, strict=True):
        home = int(before.argmin())
        at_risk = j < 0 or row[j] > 30
        slow = j >= 0 and row[j] * SLOW > 30 and judge in {"slow", "worst"}
        cut = j >= 0 and wet[j] and not wet[home] and judge in {"bad_days", "worst"}
        harm += n * (at_risk and before[home] <= 30)  # newly at risk
        harm += n * (at_risk and (j < 0 or row[j] > before[home]))  # at risk, and further than today
        harm += math.inf if (at_risk or slow or cut) and not is_open[home] else 0
        if j < 0:
            risk += 10 * n
            continue
        loads[j] += n
        risk += n * (1 + min(row[j] * 60 / LIMIT_S - 1, 8)) if at_risk else 0
    yuan = 0.0
    for load, used in zip(loads, is_open, strict=True):
        if used:
            yuan += 60_000 + max(3, math.ceil(load / 45)) * 1.9 * 90_000 + 650 * max(100, load)
    return harm, risk, yuan


def brute_force(
    pupils: list[int], room: list[float], minutes: np.ndarray, crowded: list[bool], judge: str, flooded: np.ndarray
) -> tuple[float, float, float]:
    best = (math.inf, math.inf, math.inf)
    for is_open in itertools.product([False, True], repeat=len(room)):
        targets = [-1, *(j for j, used in enumerate(is_open) if used)]
        for goes in itertools.product(targets, repeat=len(pupils)):
            fits = all(sum(n for n, j in zip(pupils, goes, strict=True) if j == site) <= room[site] for site in range(len(room)))
            newcomers = any(j >= 0 and crowded[j] and j != row.argmin() for row, j in zip(minutes, goes, strict=True))
            if fits and not newcomers:
                best = min(best, price(pupils, minutes, goes, is_open, judge, flooded))
    return best


def draw_minutes(random: object, rows: int, columns: int) -> np.ndarray:
    return np.array([[random.choice([3, 12, 20, 29, 30, 31, 45, 90, 200]) for _ in range(columns)] for _ in range(rows)], dtype=float)


@QUICK
@given(COUNTIES, st.sampled_from(["expected", "slow", "bad_days", "worst"]))
def test_the_solver_equals_brute_force_over_all_open_sets_and_assignments(county, judge):
    pupils, seats, random = county
    minutes = draw_minutes(random, len(pupils), len(seats))
    flooded = np.array([[random.random() < 0.3 for _ in seats] for _ in pupils])
    case = make_case(pupils, seats, minutes, flooded=flooded, may_close="all", move="all", keep_settlements_whole=True, judge=judge)
    (layout, solved), today = solve(case)
    room = [max(math.inf if s is None else s, today.sites["pupils"].iloc[j]) for j, s in enumerate(seats)]
    crowded = list(today.sites["pupils"] > today.sites["seats"])
    harm, risk, yuan = brute_force(pupils, room, minutes, crowded, judge, flooded)
    assert solved.terms["harmed"] == pytest.approx(harm, abs=1e-4)
    assert solved.terms["at_risk_weighted"] == pytest.approx(risk, abs=1e-4)
    assert layout.sites["cost_yuan"].sum() + layout.assignment["cost_yuan"].sum() == pytest.approx(yuan, abs=1.0)


@QUICK
@given(COUNTIES)
def test_closing_a_school_never_lowers_harm_and_risk(county):
    pupils, seats, random = county
    minutes = draw_minutes(random, len(pupils), len(seats))
    (_, free), _ = solve(make_case(pupils, seats, minutes, move="all"))
    (_, closed), _ = solve(make_case(pupils, seats, minutes, move="all", close=["P0"]))
    before, after = ((round(s.terms["harmed"], 4), round(s.terms["at_risk_weighted"], 4)) for s in (free, closed))
    assert after >= before


@QUICK
@given(COUNTIES)
def test_pupils_in_equals_pupils_assigned_and_no_site_is_overfull(county):
    pupils, seats, random = county
    (layout, _), today = solve(make_case(pupils, seats, draw_minutes(random, len(pupils), len(seats)), may_close="all", move="all"))
    assert layout.assignment.groupby("settlement_id")["pupils"].sum().to_dict() == {f"S{k}": n for k, n in enumerate(pupils)}
    full = layout.sites["pupils"] > np.maximum(layout.sites["seats"], today.sites["pupils"])
    assert not full.any()
    closed = layout.sites.index[layout.sites["form"] == "closed"]
    assert not layout.assignment["school_id"].isin(closed).any()


def test_the_same_case_gives_the_same_layout_twice():
    minutes = np.array([[12.0, 31, 20], [45, 12, 29], [3, 90, 30], [20, 20, 20]])
    first, second = (solve(make_case([30, 44, 12, 60], [50, 80, None], minutes, may_close="all", move="all"))[0][0] for _ in range(2))
    pd.testing.assert_frame_equal(first.assignment, second.assignment)
    pd.testing.assert_frame_equal(first.sites, second.sites)


def test_whole_pupils_that_time_left_far_from_their_shares_are_refused():
    model = SimpleNamespace(weights={}, harm=pulp.LpAffineExpression(constant=0.0), at_risk=pulp.LpAffineExpression(constant=1_101.0))
    reached = SimpleNamespace(harm=Stage(0.0, 0.0, 0.0, optimal=True), at_risk=Stage(1_000.0, 1_000.0, 0.0, optimal=True))
    with pytest.raises(NoPlanError, match="in time"):
        _refuse_unfinished(model, {}, reached)  # 1,000 * 1.05 + 50 = 1,100 is the most
    model.at_risk = pulp.LpAffineExpression(constant=1_100.0)
    _refuse_unfinished(model, {}, reached)
