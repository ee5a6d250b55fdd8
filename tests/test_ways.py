"""The drawn ways: by hand on the tiny county, and as long as the trips that are told leg by leg."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import shapely

from layout_planner.norms import read_norms
from layout_planner.scenario import read_scenario
from layout_planner.travel.explain import explain_trip
from layout_planner.travel.net import build_net
from layout_planner.travel.ways import WAY_COLUMNS, follow_way, trace_ways
from tests.tiny import ORIGIN, tiny_county

TINY = Path(__file__).parent / "data" / "tiny" / "scenario.toml"
NORMS, SCENARIO = read_norms("cn-rural"), read_scenario(TINY)
TRIPS = [
    ("S1", "P1", "walk"),
    ("S2", "P1", "walk"),
    ("S4", "P1", "walk"),
    ("S2", "C1", "walk"),
    ("S1", "C1", "school_bus"),
    ("S3", "C1", "board"),
    ("S4", "C1", "board"),
    ("S3", "C1", "bus"),
]


def assignment(trips, pupils=3):
    rows = [(*trip, pupils, 1e5) for trip in trips]
    return pd.DataFrame(rows, columns=["settlement_id", "school_id", "mode", "pupils", "seconds"])


@pytest.fixture(scope="module")
def county():
    return tiny_county()


@pytest.fixture(scope="module")
def net(county):
    return build_net(county, NORMS, SCENARIO.travel)


@pytest.fixture(scope="module")
def ways(net, county):
    return trace_ways(net, county, [assignment(TRIPS[:4]), assignment(TRIPS[2:])])


def way(ways, home, school, kind):
    rows = follow_way(ways, school, home, kind)
    return [tuple(point) for row in rows for point in (shapely.get_coordinates(ways.geometry.iloc[row]) - ORIGIN).round(3)]


def test_ways_by_hand(ways):
    # S2 (2000, -100) joins the road at n1 (2000, 0), where S4's path comes down; both pass S1 (500, 0) on the way to P1 (0, 0)
    assert list(ways.columns) == [*WAY_COLUMNS, "geometry"]
    assert way(ways, "S2", "P1", "walk") == [(2000, -100), (2000, 0), (2000, 0), (500, 0), (500, 0), (0, 0)]
    assert way(ways, "S4", "P1", "walk") == [(2000, 3000), (2000, 3000), (2000, 3000), (2000, 0), (2000, 0), (500, 0), (500, 0), (0, 0)]
    assert way(ways, "S1", "P1", "walk") == [(500, 0), (500, 0), (500, 0), (0, 0)]


def test_ways_that_run_together_are_one_strand(ways):
    ends = {home: follow_way(ways, "P1", home, "walk")[-1] for home in ("S1", "S2", "S4")}
    assert len(set(ends.values())) == 1
    assert (ways["settlement_id"] == "").sum() < len(ways)


def test_a_bus_line_draws_no_way_and_nobody_draws_none(net, county, ways):
    assert follow_way(ways, "C1", "S3", "walk") == []
    nobody = trace_ways(net, county, [assignment(TRIPS, pupils=0)])
    assert len(nobody) == 0
    assert list(nobody.columns) == [*WAY_COLUMNS, "geometry"]


@pytest.mark.parametrize(("home", "school", "mode"), [trip for trip in TRIPS if trip[2] != "bus"])
def test_a_way_is_as_long_as_the_trip_that_is_told(net, county, ways, home, school, mode):
    band = "lower_primary" if mode == "walk" else "junior"
    story = explain_trip(county, net, NORMS, SCENARIO, (home, school), band=band, mode=mode)
    rows = follow_way(ways, school, home, "walk" if mode == "walk" else "ride")
    assert ways.geometry.iloc[rows].length.sum() == pytest.approx(story.metres, abs=0.01)


def test_strands_follow_each_other_without_a_gap(ways):
    for row in range(len(ways)):
        after = ways["after"].iloc[row]
        if after >= 0:
            end, begin = ways.geometry.iloc[row].coords[-1], ways.geometry.iloc[after].coords[0]
            assert end == pytest.approx(begin, abs=1e-3)


def test_the_order_of_rows_changes_nothing(net, county, ways):
    turned = trace_ways(net, county, [assignment(TRIPS[2:][::-1]), assignment(TRIPS[:4][::-1])])
    pd.testing.assert_frame_equal(turned.drop(columns="geometry"), ways.drop(columns="geometry"))
    assert shapely.equals_exact(turned.geometry.to_numpy(), ways.geometry.to_numpy(), 0).all()
