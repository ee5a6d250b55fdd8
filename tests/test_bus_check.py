"""The re-check of school buses: an honest plan has no fault, and every damage is told by its rule."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd
import pytest
import shapely

from layout_planner.results import TO_SCHOOL, BusPlan
from layout_planner.safeguards.bus_check import check_buses
from layout_planner.safeguards.bus_rules import judge_buses
from tests.test_buses import riding, tiny_plan

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["tiny_plan"]
PUPILS = {"S1": 10, "S2": 10, "S3": 10}


def faults_of(tiny, plan: BusPlan | None = None) -> dict[str, tuple]:
    case, _, layout, honest = tiny
    layout = replace(layout, assignment=riding(case, **PUPILS))
    check = check_buses(case.county, case.scenario, case.norms, layout, plan or honest)
    return {rule: faults for rule, faults in check.faults.items() if faults}


def changed(plan: BusPlan, table: str, change: Callable[[pd.DataFrame], pd.DataFrame | None]) -> BusPlan:
    damaged = getattr(plan, table).copy()
    dropped = change(damaged)
    return replace(plan, **{table: damaged if dropped is None else dropped})


def test_an_honest_plan_has_no_fault(tiny_plan):
    assert faults_of(tiny_plan) == {}


def at(column: str, value: object) -> Callable[[pd.DataFrame], None]:
    """Damage the first row of the way to school."""

    def change(table: pd.DataFrame) -> None:
        first = table.index[0] if "direction" not in table else table.index[table["direction"] == TO_SCHOOL][0]
        if callable(value):
            table[column] = table[column].astype(object) if column == "geometry" else table[column]
            table.at[first, column] = value(table.at[first, column])
        else:
            table.at[first, column] = value

    return change


DAMAGE = [
    ("riders", "riders", at("pupils", 9)),
    ("riders", "riders", lambda table: table.drop(index=table.index[0])),
    ("riders", "riders", at("site_id", "P1")),
    ("seats", "routes", at("seats", 29)),
    ("seats", "routes", at("attendant", 0)),
    ("seats", "routes", at("seats", 60)),
    ("seats", "stops", at("riders", 11)),
    ("ride", "stops", at("time_s", lambda seconds: seconds + 60)),
    ("ride", "riders", at("ride_minutes", 5.0)),
    ("ride", "riders", at("ride_minutes", 90.0)),
    ("windows", "routes", at("ends_s", lambda seconds: seconds + 700)),
    ("walk", "riders", at("walk_minutes", 16.0)),
    ("road", "routes", at("geometry", lambda line: shapely.affinity.translate(line, yoff=400.0))),
    ("road", "stops", at("geometry", lambda point: shapely.Point(point.x, point.y + 500))),
    ("road", "routes", at("ride_km", 2.0)),
]


@pytest.mark.parametrize(("rule", "table", "damage"), DAMAGE)
def test_every_damage_is_told_by_its_rule(tiny_plan, rule: str, table: str, damage: Callable[[pd.DataFrame], None]):
    assert rule in faults_of(tiny_plan, changed(tiny_plan[3], table, damage))


def test_a_walk_shorter_than_it_can_be_is_refused(tiny_plan):
    """S2 stands 100 m off the road, 100 / 0.84 = 119 s at adult speed; nobody is there at once."""

    def hurry(table: pd.DataFrame) -> None:
        table.loc[table["settlement_id"] == "S2", "walk_minutes"] = 0.0

    assert "walk" in faults_of(tiny_plan, changed(tiny_plan[3], "riders", hurry))


def test_a_bus_cannot_be_on_two_runs_at_once(tiny_plan):
    plan = tiny_plan[3]
    twice = pd.concat([plan.routes, plan.routes.assign(route_id=plan.routes["route_id"] + "x")], ignore_index=True)
    stops = pd.concat([plan.stops, plan.stops.assign(route_id=plan.stops["route_id"] + "x")], ignore_index=True)
    assert "windows" in faults_of(tiny_plan, replace(plan, routes=twice, stops=stops))


def test_the_gate_names_the_rule_and_shows_what_is_wrong(tiny_plan):
    case, _, layout, plan = tiny_plan
    layout = replace(layout, assignment=riding(case, **PUPILS))
    damaged = changed(plan, "routes", at("seats", 29))
    found = {f.rule: f for f in judge_buses(case.norms, check_buses(case.county, case.scenario, case.norms, layout, damaged))}
    assert [rule for rule, finding in found.items() if finding.verdict == "fail"] == ["buses.seats"]
    assert "30" in found["buses.seats"].text.zh
    assert "29" in found["buses.seats"].text.en
    assert list(judge_buses(case.norms, None)) == []
