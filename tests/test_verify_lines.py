"""The re-check of bus journeys: agrees with hand-worked times and with `travel` on any feed, and notices what is not so."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rasterio import Affine

from layout_planner.county.lines import Call, Run, Service
from layout_planner.county.model import Elevation
from layout_planner.safeguards.retrace import retrace_trips
from layout_planner.safeguards.verify import verify_layout
from layout_planner.scenario import Travel
from layout_planner.travel.matrix import measure_travel
from tests.safe_case import BANDS, NORMS, PUPILS, plan, scenario
from tests.safe_case import county as safe_county
from tests.test_transit import feeds
from tests.tiny import CRS, lines_of, tiny_county, tiny_lines

ALONG = {"a": (400, 0), "b": (1500, 50), "c": (2000, 600), "d": (3600, -200), "e": (5200, 100), "f": (5900, 0)}
# rises by 1 m in 8 to the east and to the north, so that no walk takes as long as the way back
SLOPE = Elevation(
    np.add.outer(-12.5 * np.arange(60), 12.5 * np.arange(90)).astype(np.float32), Affine(100, 0, 498_000, 0, -100, 2_904_000), CRS
)
FARE = 2 * 200 * 2.0


def by_bus(seconds, home="S1"):
    """Return the safe plan with the grades 1-3 of S1 in the public bus instead of the school bus."""
    proposed = plan()
    rows = proposed.assignment.copy()
    mine = (rows["settlement_id"] == home) & (rows["band"] == "lower_primary")
    assert mine.sum() == 1
    trip = {"mode": "bus", "seconds": seconds, "metres": 5500.0, "cost_yuan": PUPILS[home] * FARE}
    trip |= {"optimistic_s": min(seconds, 1200.0), "pessimistic_s": np.inf}  # held only to lie around the time
    rows.loc[mine, list(trip)] = list(trip.values())
    return replace(proposed, assignment=rows)


def check(seconds, lines=None):
    return verify_layout(replace(safe_county(), lines=lines or tiny_lines()), scenario(), NORMS, by_bus(seconds)).disagreements


def test_the_journey_worked_out_by_hand_is_found_again():
    """1450.476 s: see test_transit."""
    assert check(300 + 960 + 200 / 1.05) == ()


@pytest.mark.parametrize("seconds", [1440.0, 1460.0, 600.0, 2500.0, np.inf])
def test_other_times_are_noticed(seconds):
    assert [fault.en.split(":")[0] for fault in check(seconds)] == ["S1 to C1 (grades 1-3, by public bus), seconds"]


def test_a_bus_that_does_not_run_is_noticed():
    late = tiny_lines()
    runs = late.runs.assign(first_s=late.runs["first_s"] + 3600, last_s=late.runs["last_s"] + 3600)
    assert "the re-check finds inf" in check(300 + 960 + 200 / 1.05, replace(late, runs=runs))[0].en


def test_a_bus_in_a_county_without_lines_is_noticed():
    assert "the re-check finds inf" in verify_layout(safe_county(), scenario(), NORMS, by_bus(1450.476)).disagreements[0].en


@st.composite
def both_ways(draw, number):
    """Return a line along some of ALONG before the bell, and back after dismissal: one bus, two, or one every 10 minutes."""
    stops = [stop for stop in ALONG if draw(st.booleans())] or ["a", "f"]
    hops = [0.0, *(60.0 * draw(st.integers(1, 6)) for _ in stops[1:])]
    away = [sum(hops[: k + 1]) for k in range(len(stops))]
    more_s, headway_s = draw(st.sampled_from([(0.0, 0.0), (600.0, 0.0), (1200.0, 600.0)]))
    made = []
    for first, names, at in (
        (25_800.0 + 60 * draw(st.integers(0, 25)), stops, away),
        (59_700.0 + 60 * draw(st.integers(0, 15)), stops[::-1], [away[-1] - seconds for seconds in reversed(away)]),
    ):
        calls = tuple(Call(name, seconds, seconds) for name, seconds in zip(names, at, strict=True))
        runs = (Run(first, first + more_s, headway_s),) if headway_s else tuple(Run(at, at) for at in (first, first + more_s))
        made.append(Service(str(number), str(number), calls, runs))
    return made


BOTH_WAYS = st.integers(1, 3).flatmap(lambda n: st.tuples(*(both_ways(k) for k in range(n)))).map(lambda lines: list(chain(*lines)))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(feeds, BOTH_WAYS))
def test_travel_and_the_recheck_agree_on_any_feed(made):
    county = tiny_county(lines=lines_of(ALONG, list(made)), elevation=SLOPE)
    ask = scenario()
    measured = measure_travel(county, NORMS, Travel())
    rows = [(home, band, school, "bus", 1) for home in measured.settlements for band in BANDS for school in measured.schools]
    table = pd.DataFrame(rows, columns=["settlement_id", "band", "school_id", "mode", "pupils"]).assign(seconds=3600.0)
    found = retrace_trips(county, ask, NORMS, table).public
    for band, factor in BANDS.items():
        seconds = measured.public.seconds(factor)
        for i, home in enumerate(measured.settlements):
            for j, school in enumerate(measured.schools):
                wanted = found.get((home, school, factor), np.inf)
                assert seconds[i, j] == pytest.approx(wanted if wanted <= 3600 else np.inf, abs=0.01), (home, school, band)


@pytest.mark.parametrize(("spare_s", "caught"), [(150.0, False), (200.0, True)])
def test_a_change_is_walked_in_the_direction_of_travel(spare_s, caught):
    """120 m from b to c, 1 in 8 uphill: 1.05 m/s * exp(-3.5 * 0.125) = 0.678 m/s, 177 s; back 1.05 * exp(-3.5 * 0.025), 125 s."""
    stops = {"a": (400, 0), "b": (1500, 0), "c": (1620, 0), "f": (5900, 0)}
    there = [("a", "b", 7 * 3600 + 600.0), ("c", "f", 7 * 3600 + 1200 + spare_s + 300)]
    back = [("f", "c", 16 * 3600 + 3000.0), ("b", "a", 17 * 3600 + 600.0)]
    made = [Service(begin, begin, (Call(begin, 0, 0), Call(end, 600, 600)), (Run(at, at),)) for begin, end, at in there + back]
    measured = measure_travel(tiny_county(lines=lines_of(stops, made), elevation=SLOPE), NORMS, Travel())
    assert np.isfinite(measured.public.seconds(0.75)[0, list(measured.schools).index("C1")]) == caught
