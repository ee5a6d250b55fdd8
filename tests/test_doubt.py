"""Every time is an interval: by hand on the tiny county, and properties on random nets."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from layout_planner.compare import measure_layout
from layout_planner.errors import InputError
from layout_planner.norms import read_norms
from layout_planner.risk import assess_risk
from layout_planner.scenario import Override, Travel
from layout_planner.travel.doubt import ENDS, Pace
from layout_planner.travel.matrix import measure_travel
from layout_planner.travel.model import PublicTrips
from layout_planner.travel.options import measure_ends, measure_mode
from tests.test_plan import solve
from tests.test_travel import QUICK, make_county, road_nets
from tests.tiny import tiny_county

NORMS = read_norms("cn-rural")
GRADES = (1, 2, 3)
MODES = ("walk", "school_bus", "board")


def norms_with(**values):
    changes = [Override(key=key, value=value, who="t", why="t", date="2026-01-01") for key, value in values.items()]
    return read_norms("cn-rural", changes)


def interval(county, mode, norms=NORMS, settings=None):
    """Return optimistic, expected and pessimistic seconds of a mode, shape (settlements, schools)."""
    settings = settings or Travel()
    travel = measure_travel(county, norms, settings)
    county = replace(county, schools=county.schools.assign(canteen=True))
    expected = measure_mode(mode, travel, county.schools, norms, settings, GRADES)[0]
    rows, columns = np.indices(expected.shape)
    ends = measure_ends(mode, travel, norms, settings, GRADES, (rows.ravel(), columns.ravel()))
    return ends[0].reshape(expected.shape), expected, ends[1].reshape(expected.shape)


def test_the_tiny_county_by_hand():
    """S2 -> P1: 2000 m of road at 1.4 m/s, 100 m across at 0.84 m/s; grades 1-3 at 0.75. S1 -> C1 rides 708 s, round 1.3, wait 5 (0-10)."""
    best, expected, worst = (table[1, 0] for table in interval(tiny_county(), "walk"))
    assert expected == pytest.approx((2000 / 1.4 + 100 / 0.84) / 0.75)
    assert best == pytest.approx((2000 / 1.4 / 1.2 + 100 / 0.84 / 1.4) / 0.75)
    assert worst == pytest.approx((2000 / 1.4 / 0.8 + 100 / 0.84 / 0.6) / 0.75)
    ridden = [table[0, 1] for table in interval(tiny_county(), "school_bus")]
    assert ridden == pytest.approx([708 * 1.3 / 1.2, 300 + 708 * 1.3, 600 + 708 * 1.3 / 0.75])
    # S4 walks 3000 m of path to its stop, then 240 s to P1, weekly
    weekly = [table[3, 0] for table in interval(tiny_county(), "board")]
    walk_s = 3000 / 1.4 / 0.75
    assert weekly == pytest.approx([walk_s / 1.2 + 240 / 1.2, walk_s + 240, walk_s / 0.8 + 240 / 0.75])


@QUICK
@given(road_nets())
def test_ends_hold_the_expected_and_nothing_beats_the_straight_line(net):
    nodes, edges, homes, schools = net
    county = make_county(nodes, edges, homes, schools)
    straight = np.array([[math.dist(h, s) for s in schools] for h in homes])
    for mode in MODES:
        best, expected, worst = interval(county, mode)
        assert (best <= expected).all()
        assert (expected <= worst).all()
        assert np.array_equal(np.isinf(best), np.isinf(worst))
        assert not np.isnan(best).any()
        if mode == "walk":
            assert (best >= straight / (1.4 * 1.2) - 1e-5).all()  # on roads 1.4 * 1.2 m/s at most, across country 0.84 * 1.4


@QUICK
@given(road_nets())
def test_ranges_of_one_leave_no_doubt(net):
    nodes, edges, homes, schools = net
    ends = {f"speed.{part}_range_{end}": 1.0 for part in ("walk", "off_road", "ride") for end in ("low", "high")}
    sure = norms_with(**ends, **{"bus.wait_minutes_least": 5, "bus.wait_minutes_most": 5})
    for mode in MODES:
        best, expected, worst = interval(make_county(nodes, edges, homes, schools), mode, sure)
        assert np.array_equal(best, expected)
        assert np.array_equal(worst, expected)


@pytest.mark.parametrize(
    ("key", "value"),
    [("speed.walk_range_low", 1.1), ("speed.ride_range_high", 0.9), ("speed.off_road_range_low", 0.0), ("bus.wait_minutes_most", 3)],
)
def test_a_range_must_hold_the_expected_value(key, value):
    with pytest.raises(InputError) as caught:
        Pace.of(norms_with(**{key: value}))
    assert key in str(caught.value.problems[0].column)


def test_who_is_over_the_limit_only_on_a_slow_day():
    scenario, county, travel, today, *_ = solve(move="none")
    risk = assess_risk(today, county, travel, NORMS, scenario)
    figures = measure_layout(today, risk, today, risk, NORMS, scenario)
    # S2 -> P1, grades 1-3: 34 min and at risk as it is; grades 4-6: 1547.6 / 0.85 = 30.3 min of 60, at the slow end 38.9; S3 -> C1,
    # grades 4-6: 2000 / 1.4 / 0.85 = 28 min, slow 35; all within 60 minutes, so nobody is over the limit on slow days alone, but
    # S2's junior pupils walk 2976.2 / 0.95 = 52.2 min to C1 and 66.5 min at the slow end: 6 pupils
    assert figures["at_risk_pessimistic"] - figures["at_risk"] == 6
    trips = today.assignment.set_index(["settlement_id", "band"])
    assert trips.loc[("S2", "junior"), "pessimistic_s"].max() > 3600 > trips.loc[("S2", "junior"), "seconds"].max()


def test_public_buses_are_as_sure_as_their_lines():
    """A line every 10 min: 200 m on foot at 1.05 m/s, 5 min wait (0-10), 16 min in the bus; with a timetable the wait is sure."""
    for headway, low, high in ((600.0, -300.0, 300.0), (0.0, 0.0, 0.0)):
        row = {"home": [0], "school": [0], "seconds": [1450.476], "walk_s": [200 / 1.05], "wait_s": [300.0], "ride_s": [960.0]}
        trips = PublicTrips({0.75: pd.DataFrame(row | {"headway_s": [headway]})}, (1, 1))
        best, worst = (trips.seconds(0.75, Pace.of(NORMS, end))[0, 0] for end in ENDS)
        assert best == pytest.approx(200 / 1.05 / 1.2 + 300 + low + 960 / 1.2, abs=1e-3)
        assert worst == pytest.approx(200 / 1.05 / 0.8 + 300 + high + 960 / 0.75, abs=1e-3)
        assert trips.seconds(0.75)[0, 0] == 1450.476
