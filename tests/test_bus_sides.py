"""Sides of the road on the tiny county (tests/tiny.py): the road runs east, S2 stands 100 m south of it, S1 and S3 on it."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import pytest
from shapely import LineString, Point

from layout_planner.buses.plan import plan_buses
from layout_planner.buses.sides import side_of
from layout_planner.results import FROM_SCHOOL, TO_SCHOOL
from layout_planner.safeguards.bus_check import check_buses
from layout_planner.scenario import Buses
from tests.test_buses import riding, tiny_plan
from tests.tiny import _points

__all__ = ["tiny_plan"]
EAST = LineString([(0, 0), (100, 0), (100, 50)])


@pytest.mark.parametrize(
    ("stop", "home", "side"),
    [((50, 0), (50, -40), 1), ((50, 0), (50, 40), -1), ((50, 0), (50, 5), 0), ((100, 40), (140, 40), 1), ((0, 0), (0, -40), 1)],
)
def test_right_and_left_of_a_line_as_it_is_driven(stop, home, side: int):
    assert side_of(EAST, Point(stop), Point(home)) == side
    assert side_of(EAST.reverse(), Point(stop), Point(home)) == -side


def forbidding(tiny, keep: str = "right", stops: gpd.GeoDataFrame | None = None, classes: tuple[str, ...] = ("tertiary",)):
    case, net, layout, _ = tiny
    settings = Buses(no_crossing=classes, keep=keep)
    own = replace(case, scenario=case.scenario.model_copy(update={"buses": settings}), county=replace(case.county, stops=stops))
    riders = replace(layout, assignment=riding(case, S1=10, S2=10))
    return own, riders, plan_buses(own, net, riders)


@pytest.mark.parametrize(
    ("keep", "crosses"), [("right", {TO_SCHOOL: "no", FROM_SCHOOL: "yes"}), ("left", {TO_SCHOOL: "yes", FROM_SCHOOL: "no"})]
)
def test_who_lives_south_of_a_road_driven_east_crosses_on_the_way_home_only(tiny_plan, keep: str, crosses: dict[str, str]):
    """There is no stop off the road, so S2 keeps its own; S1 stands on the road, on which side is not known."""
    case, riders, plan = forbidding(tiny_plan, keep)
    told = plan.crossings.set_index(["settlement_id", "direction"])["crosses"]
    assert told["S2"].to_dict() == crosses
    assert set(told["S1"]) == {"unknown"}
    faults = check_buses(case.county, case.scenario, case.norms, riders, plan).faults["side"]
    assert len(faults) == 3  # S2 once, S1 each way
    assert sum("S2" in fault.en for fault in faults) == 1


def test_a_safe_crossing_ends_it(tiny_plan):
    places = {"Z1": (500, 0), "Z2": (2000, 0)}
    stops = gpd.GeoDataFrame(
        {"name": ["a", "b"], "crossing": True, "shelter": False},
        geometry=_points(places),
        index=list(places),
        crs=tiny_plan[0].county.crs,
    )
    case, riders, plan = forbidding(tiny_plan, stops=stops)
    assert plan.crossings.empty
    assert check_buses(case.county, case.scenario, case.norms, riders, plan).faults["side"] == ()


def test_stops_on_other_roads_are_free_and_nothing_is_said_unasked(tiny_plan):
    case, riders, plan = forbidding(tiny_plan, classes=("trunk",))
    assert plan.crossings.empty
    assert check_buses(case.county, case.scenario, case.norms, riders, plan).faults["side"] == ()
    assert tiny_plan[3].crossings is None
