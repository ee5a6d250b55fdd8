"""Figures and rows that must not change unseen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from layout_planner.embedded import scenario_folder
from layout_planner.plan.case import Case, Cut, World
from layout_planner.plan.choices import choose_options
from layout_planner.plan.forms import sites_by_band, sites_of
from layout_planner.plan.model import build_model
from layout_planner.plan.present import present_layout
from layout_planner.plan.worlds import offered_sets
from layout_planner.studies import risk_today
from layout_planner.travel.options import commute_options
from tests.test_plan import NORMS, scenario_with, tiny_travel
from tests.tiny import tiny_county, tiny_lines, tiny_public

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PLACES = ("serve", "one_form", "open", "use", "seats", "beds", "bus_seats", "new_beds", "new_buses", "min_enrol", "whole")
FAMILIES = (*PLACES, "harm", "safe_close", "class_size", "class_least", "funds_pupils", "funds_floor", "budget")


def test_who_is_at_risk_today_in_the_demo_county(golden: Callable[[str, str], None]):
    risk = risk_today(scenario_folder() / "keep-all.toml")
    counted = risk.groupby(["township", "band", "cause"])["pupils"].sum().reset_index()
    golden("demo_risk_today.csv", counted.to_csv(index=False, lineterminator="\n"))


PLAN = {"may_close": "all", "move": "all", "max_new_beds": 20, "max_buses": 2, "min_enrolment": 5, "budget_yuan": 1e8,
        "keep_settlements_whole": True}  # fmt: skip
FLOOD = {"may_close": ["C1"], "close": ["P1"], "move": "all", "max_buses": 2, "min_schools": 1, "max_moved": 50}
FLOOD_FAMILIES = ("hold_close", "late", "schools_least", "moved_most")


ROADS = [{"id": key, "name": {"zh": key, "en": key}, "ways": ["w0"], "cost_yuan": 900_000} for key in ("a", "b")]
OPTIONS = {"may_close": ["P1"], "move": "all", "max_new_beds": 20, "max_buses": 2, "capital_yuan": 4e6, "siblings_yuan": 500,
           "connected_catchments": True, "road_fixes": ROADS}  # fmt: skip
OPTION_FAMILIES = ("capital", "rooms", "sibling", "one_roads", "roads", "sends_one", "connected")


def rows_of(case: Case, folder: Path) -> str:
    """Return the model of `case` as an .lp file has it."""
    today = present_layout(case)
    options = commute_options(case.travel, case.county.schools, sites_by_band(case.sites, case.scenario), NORMS, case.scenario)
    build_model(case, choose_options(case, options, today), today).problem.writeLP(str(folder / "model.lp"))
    return (folder / "model.lp").read_text(encoding="utf-8")


def tiny_options_lp(folder: Path) -> str:
    """Return the rows of the tiny county with all that a scenario may ask for beside the plain model; road `a` shortens the way of S1."""
    scenario, county, travel = scenario_with(**OPTIONS), tiny_county(), tiny_travel()
    county.schools["classrooms"] = [8.0, np.nan]
    demand = county.settlements[[]].assign(**dict.fromkeys(scenario.bands, 3 * county.settlements["pupils_g1"]))
    quick = travel.walk_s.copy()
    quick[0] *= 0.75
    worlds = tuple(World(fixes, travel if fixes == ("b",) else replace(travel, walk_s=quick), {}) for fixes in offered_sets(scenario.plan))
    cuts = (Cut("S1", "lower_primary", "C1", ("S2", "S3")),)
    case = Case(scenario, NORMS, county, demand, travel, sites_of(county.schools, scenario), worlds=worlds, cuts=cuts)
    return rows_of(case, folder)


def test_the_model_of_money_once_siblings_roads_and_catchments_row_by_row(golden: Callable[[str, str], None], tmp_path: Path):
    golden("tiny-options.lp", tiny_options_lp(tmp_path))


@pytest.mark.parametrize("family", OPTION_FAMILIES)
def test_every_family_of_options_stands_in_its_golden_model(family: str, tmp_path: Path):
    assert f"\n{family}" in tiny_options_lp(tmp_path)


def tiny_seats_lp(folder: Path) -> str:
    """Return the rows of the tiny county with 15 seats on every departure of its public line."""
    scenario, county = scenario_with(move="all", max_new_beds=20), tiny_county(lines=tiny_lines(15))
    demand = county.settlements[[]].assign(**dict.fromkeys(scenario.bands, 3 * county.settlements["pupils_g1"]))
    case = Case(scenario, NORMS, county, demand, replace(tiny_travel(), public=tiny_public(15)), sites_of(county.schools, scenario))
    return rows_of(case, folder)


def test_the_model_of_seats_on_public_buses_row_by_row(golden: Callable[[str, str], None], tmp_path: Path):
    text = tiny_seats_lp(tmp_path)
    assert "\npublic_seats_0: " in text
    golden("tiny-seats.lp", text)


def tiny_lp(folder: Path, plan: dict[str, object] = PLAN, *, flood: bool = False) -> str:
    """Return the rows of the tiny county; a flood closes every walk to C1 but that of S3."""
    scenario, county, travel = scenario_with(**plan), tiny_county(), tiny_travel()
    demand = county.settlements[[]].assign(**dict.fromkeys(scenario.bands, 3 * county.settlements["pupils_g1"]))
    wet = travel.walk_s.copy()
    wet[[0, 1, 3], 1] = np.inf
    days = {"flood": replace(travel, walk_s=wet)} if flood else {}
    case = Case(scenario, NORMS, county, demand, travel, sites_of(county.schools, scenario), days)
    return rows_of(case, folder)


def test_the_model_of_an_ordered_closing_and_a_flood_row_by_row(golden: Callable[[str, str], None], tmp_path: Path):
    golden("tiny-flood.lp", tiny_lp(tmp_path, FLOOD, flood=True))


@pytest.mark.parametrize("family", FLOOD_FAMILIES)
def test_every_family_of_hard_days_and_limits_stands_in_its_golden_model(family: str, tmp_path: Path):
    assert f"\n{family}" in tiny_lp(tmp_path, FLOOD, flood=True)


def test_the_model_of_the_tiny_county_row_by_row(golden: Callable[[str, str], None], tmp_path: Path):
    golden("tiny.lp", tiny_lp(tmp_path))


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_of_rows_stands_in_the_golden_model(family: str, tmp_path: Path):
    assert f"\n{family}" in tiny_lp(tmp_path)
