"""Where buses stand overnight and what they drive empty, by hand on the tiny county (tests/tiny.py, tests/test_buses.py).

One bus of the stock brings S1, S2, S3 (500, 2000, 4000 m) to C1 (6000 m): 5.5 km each way. 200 days of a kilometre cost 640 yuan.
"""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest

from layout_planner.buses.notes import note_buses
from layout_planner.buses.plan import plan_buses
from layout_planner.buses.schedule import Base, Trip, roster_buses
from layout_planner.results import FROM_SCHOOL, TO_SCHOOL
from layout_planner.safeguards.bus_check import check_buses
from layout_planner.scenario import Buses
from tests.test_bus_check import changed
from tests.test_buses import fleet, riding, tiny_plan
from tests.tiny import _points

__all__ = ["tiny_plan"]
PUPILS = {"S1": 10, "S2": 10, "S3": 10}
A_KM = 640.0


def plan_with(tiny, overnight: str, **numbers: object):
    """Return county, layout and plan with buses of 38 people that stand at `overnight`."""
    case, net, layout, _ = tiny
    table = fleet(K38=(38, numbers.get("number", np.nan), 150_000.0)).assign(overnight=overnight)
    own = replace(case, county=replace(case.county, fleet=table))
    riders = replace(layout, assignment=riding(case, **PUPILS))
    return own, riders, plan_buses(own, net, riders)


# the evening ends at S1; S2 stands at 2000 m of the road, P1 at 0 m
@pytest.mark.parametrize(
    ("overnight", "out_km", "back_km"),
    [("", 0.0, 0.0), ("school", 5.5, 5.5), ("S2", 1.5, 1.5), ("P1", 0.5, 0.5)],
    ids=["village", "school", "S2", "P1"],
)
def test_empty_kilometres_and_cost_by_hand(tiny_plan, overnight: str, out_km: float, back_km: float):
    case, riders, plan = plan_with(tiny_plan, overnight)
    by = plan.routes.set_index("direction")
    assert (by.at[TO_SCHOOL, "empty_km"], by.at[FROM_SCHOOL, "empty_km"]) == (out_km, 0.0)  # the bus waits at C1 from morning to evening
    assert (by.at[TO_SCHOOL, "home_km"], by.at[FROM_SCHOOL, "home_km"]) == (0.0, back_km)
    assert plan.cost_yuan == pytest.approx(150_000 + A_KM * (11.0 + out_km + back_km))
    (day,) = plan.days.to_dict("records")
    assert day["empty_km"] == pytest.approx(out_km + back_km)
    assert day["cost_yuan"] == pytest.approx(plan.cost_yuan)
    assert check_buses(case.county, case.scenario, case.norms, riders, plan).agrees


def test_a_driver_sets_out_early_enough(tiny_plan):
    """From C1 to S1 the ride takes 708 s: 27 282 - 708 = 26 574 s."""
    _, _, plan = plan_with(tiny_plan, "school")
    assert plan.days["leaves_s"].tolist() == [26_574.0]
    assert plan.days["back_s"].iloc[0] == plan.routes.set_index("direction").at[FROM_SCHOOL, "ends_s"] + 708.0
    assert plan.days[["overnight", "place_id"]].to_numpy().tolist() == [["school", "C1"]]


DAMAGE = [
    ("routes", "empty_km", 1.0),
    ("routes", "home_km", 0.0),
    ("routes", "cost_yuan", 10.0),
    ("days", "leaves_s", 27_000.0),
    ("days", "place_id", "S3"),
    ("days", "overnight", "place"),
    ("days", "empty_km", 1.0),
    ("days", "cost_yuan", 1.0),
    ("days", "bus_id", "B999"),
]


@pytest.mark.parametrize(("table", "column", "value"), DAMAGE)
def test_every_damage_to_a_bus_s_day_is_told(tiny_plan, table: str, column: str, value: object):
    case, riders, plan = plan_with(tiny_plan, "school")

    def damage(rows) -> None:
        rows[column] = value

    faults = check_buses(case.county, case.scenario, case.norms, riders, changed(plan, table, damage)).faults
    assert faults["empty"]


def test_a_bus_comes_from_the_nearer_base_while_it_has_one():
    """Two trips at one time; base 0 is 1 km from either and has one bus, base 1 is 5 km away and has as many as are needed."""
    trips = [Trip(600, 26_000, 26_000), Trip(600, 26_000, 26_000)]
    between = np.full((2, 2), 300.0)
    bases = [Base(1000, 1, np.full(2, 1000.0)), Base(1000, None, np.full(2, 5000.0))]
    turns = roster_buses(trips, between, between, bases=bases, cost_per_m=1, seed=1, early=False)
    assert sorted(turn.base for turn in turns) == [0, 1]
    more = [replace(bases[0], number=2), bases[1]]
    assert [turn.base for turn in roster_buses(trips, between, between, bases=more, cost_per_m=1, seed=1, early=False)] == [0, 0]


def listed(tiny, places: dict[str, tuple[float, float]], *, only: bool):
    """Return county, layout and plan with a table of stops at `places`, metres from the origin."""
    case, net, layout, _ = tiny
    stops = gpd.GeoDataFrame({"name": [f"{name}站" for name in places], "side": "both", "crossing": False, "shelter": False},
                             geometry=_points(places), index=list(places), crs=case.county.crs)  # fmt: skip
    own = replace(
        case,
        county=replace(case.county, stops=stops),
        scenario=case.scenario.model_copy(update={"buses": Buses(listed_stops_only=only)}),
    )
    riders = replace(layout, assignment=riding(case, S1=10, S2=10))
    return own, riders, plan_buses(own, net, riders)


def test_listed_stops_name_the_road_points_near_them(tiny_plan):
    """Z2 stands 40 m from the road point of S2 at 2000 m; nothing is listed near S1."""
    case, riders, plan = listed(tiny_plan, {"Z2": (2000, 40)}, only=False)
    assert set(zip(plan.stops["stop_id"], plan.stops["name"], strict=True)) == {("Z2", "Z2站"), ("T0001", "甲村")}
    assert check_buses(case.county, case.scenario, case.norms, riders, plan).agrees


def test_buses_stop_nowhere_else_where_only_listed_stops_may_be_used(tiny_plan):
    """S1 is 1500 m from Z2, too far on foot: its riders have no stop, which is told."""
    case, riders, plan = listed(tiny_plan, {"Z2": (2000, 40)}, only=True)
    assert set(plan.stops["stop_id"]) == {"Z2"}
    assert plan.riders.loc[plan.riders["route_id"] == "", "settlement_id"].unique().tolist() == ["S1"]
    check = check_buses(case.county, case.scenario, case.norms, riders, plan)
    assert len(check.faults["riders"]) == 2
    assert check.faults["road"] == ()
    _, _, free = listed(tiny_plan, {"Z2": (2000, 40)}, only=False)
    assert any("S" not in fault.en or "near no stop" in fault.en for fault in check_buses(
        case.county, case.scenario, case.norms, riders, free).faults["road"])  # fmt: skip


def test_a_school_that_no_bus_road_reaches_is_named(tiny_plan):
    case, net, layout, _ = tiny_plan
    riders = replace(layout, assignment=riding(case, S1=10))
    plan = plan_buses(case, replace(net, gate=np.full_like(net.gate, -1)), riders)
    notes = [note for note in note_buses("plan", riders, plan, None, case.county.schools) if note.code == "buses.no_road"]
    assert [note.count for note in notes] == [10]
    assert "中心学校 (C1)" in notes[0].text.zh
