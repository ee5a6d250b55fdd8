"""Journeys by public bus: one worked out by hand, many against a graph of all moments."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layout_planner.county.lines import Call, Run, Service
from layout_planner.norms import read_norms
from layout_planner.output.bus_tables import tidy_journeys
from layout_planner.scenario import Travel
from layout_planner.travel.matrix import measure_travel
from layout_planner.travel.scan import Footways, make_board, scan_to_school
from layout_planner.travel.timetable import list_calls
from tests.tiny import STOP_PLACES, lines_of, tiny_county, tiny_lines

NORMS = read_norms("cn-rural")
HOUR = 3600.0


def trips_of(lines, factor, **travel):
    settings = Travel(**travel)
    measured = measure_travel(tiny_county(lines=lines), NORMS, settings)
    table = measured.public.by_factor[factor]
    ids = zip(measured.settlements[table["home"]], measured.schools[table["school"]], strict=True)
    return dict(zip(ids, table.to_dict("records"), strict=True)), measured


def test_a_journey_worked_out_by_hand():
    """S1 to C1, a pupil of grade 1, who walks at 0.75 of 1.4 m/s = 1.05 m/s.

    There:  at stop a (0 m) at 07:15, five minutes before the bus at 07:20; at c at 07:36; 200 m to C1 in 190.476 s, so at school at
            07:39:10.476, 1249.524 s before the bell. 300 s waiting + 960 s riding + 190.476 s walking = 1450.476 s.
    Back:   leaves school at 16:41:49.524 to be at c at 16:45, the bus leaves at 16:50 and is at a at 17:06: 1450.476 s too,
            709.524 s after dismissal.
    S3 to C1: at b at 07:25, bus 07:30 - 07:36: 300 + 360 + 190.476 = 850.476 s. S2 and S4 are 2 km from any stop: no journey.
    P1 lies 500 m = 476.190 s from a, which the line reaches from b only in the afternoon: no journey to school in the morning.
    """
    trips, _ = trips_of(tiny_lines(), 0.75)
    assert set(trips) == {("S1", "C1"), ("S3", "C1")}
    found = trips["S1", "C1"]
    for name, seconds in {
        "seconds": 1450.476,
        "walk_s": 190.476,
        "wait_s": 300,
        "ride_s": 960,
        "early_s": 1249.524,
        "headway_s": 0,
    }.items():
        assert found[name] == pytest.approx(seconds, abs=0.001), name
    assert trips["S3", "C1"]["seconds"] == pytest.approx(850.476, abs=0.001)


@pytest.mark.parametrize(
    ("travel", "reached"),
    [
        ({}, True),
        ({"bell": "07:39"}, False),  # the child is at school at 07:39:10
        ({"bell": "07:40"}, True),
        ({"bell": "08:10"}, False),  # 30 min 50 s before the bell
        ({"dismissal": "16:42"}, False),  # the child must leave at 16:41:50 for the only bus
        ({"dismissal": "16:10"}, False),  # and would stand about for 31 min 50 s
    ],
)
def test_only_what_is_in_time_counts(travel, reached):
    trips, _ = trips_of(tiny_lines(), 0.75, **travel)
    assert (("S1", "C1") in trips) == reached


def test_a_school_may_have_hours_of_its_own():
    county = tiny_county(lines=tiny_lines())
    county.schools["bell"] = [np.nan, 7 * HOUR + 39 * 60]
    measured = measure_travel(county, NORMS, Travel())
    assert not np.isfinite(measured.public.seconds(0.75)).any()


def test_the_worse_direction_counts():
    """Back, the bus now takes 20 minutes longer between b and a."""
    lines = tiny_lines()
    slow = lines.calls.copy()
    back = (slow["pattern"] == "9/2") & (slow["stop_id"] == "a")
    assert back.sum() == 1
    slow.loc[back, ["arrive_s", "depart_s"]] += 1200
    trips, _ = trips_of(replace(lines, calls=slow), 0.75)
    found = trips["S1", "C1"]
    assert found["seconds"] == pytest.approx(1450.476 + 1200, abs=0.001)
    assert found["early_s"] == pytest.approx(709.524, abs=0.001)


def test_half_a_headway_is_waited_for_a_line_without_timetable():
    """Every 10 minutes from 06:00 to 18:00: 300 s waiting as with the timetable, but the child can be at school on the minute."""
    there = (Call("a", 0, 0), Call("b", 600, 600), Call("c", 960, 960))
    back = (Call("c", 0, 0), Call("b", 360, 360), Call("a", 960, 960))
    often = (Run(6 * HOUR, 18 * HOUR, 600),)
    trips, _ = trips_of(lines_of(STOP_PLACES, [Service("9", "9路", calls, often) for calls in (there, back)]), 0.75)
    found = trips["S1", "C1"]
    assert found["seconds"] == pytest.approx(1450.476, abs=0.001)
    assert found["headway_s"] == 600
    assert found["early_s"] < 60


def test_a_county_without_lines_has_no_journeys():
    assert measure_travel(tiny_county(), NORMS, Travel()).public is None


STOPS = list("abcdef")
BELL = 8 * HOUR
minute = st.integers(0, 25).map(lambda m: 60.0 * m)


@st.composite
def services(draw, number):
    stops = draw(st.lists(st.sampled_from(STOPS), min_size=2, max_size=5, unique=True))
    calls, at = [], 0.0
    for stop in stops:
        stay = draw(st.sampled_from([0.0, 60.0]))
        calls.append(Call(stop, at, at + stay, draw(st.integers(0, 5)) > 0, draw(st.integers(0, 5)) > 0))
        at += stay + draw(minute)
    first = draw(st.integers(0, 110)) * 60.0 + 6 * HOUR
    runs = draw(
        st.sampled_from([(Run(first, first),), (Run(first, first), Run(first + 900, first + 900)), (Run(first, first + 1200, 600),)])
    )
    return Service(str(number), str(number), tuple(calls), runs)


feeds = st.integers(1, 4).flatmap(lambda n: st.tuples(*(services(k) for k in range(n))))
walks = st.dictionaries(st.tuples(st.sampled_from(STOPS), st.sampled_from(STOPS)), st.integers(1, 300).map(float), max_size=8)
egresses = st.dictionaries(st.sampled_from(STOPS), st.integers(0, 800).map(float), min_size=1, max_size=3)


def vehicles_of(made, buffer):
    """Return calls, start and waiting time of every vehicle; a line with a headway has one every minute."""
    vehicles = []
    for service in made:
        for first, last, headway in service.runs:
            starts = [first] if not headway else list(np.arange(first, last + 1, 60.0))
            vehicles += [(service.calls, start, headway / 2 if headway else buffer) for start in starts]
    return vehicles


def graph_of_moments(made, feet, egress, buffer, earliest, latest):
    """Return the graph whose paths are all journeys: (rides taken, run, call) on board, ends at "school"; weights are seconds."""
    graph = nx.DiGraph()
    graph.add_node("school")
    vehicles = vehicles_of(made, buffer)
    for v, (calls, start, wait) in enumerate(vehicles):
        for k, call in enumerate(calls):
            for rides in (1, 2):
                if call.board:
                    graph.add_edge(("at", rides, v, k), ("on", rides, v, k), weight=wait)
                if k:
                    graph.add_edge(("on", rides, v, k - 1), ("off", rides, v, k), weight=call.arrive_s - calls[k - 1].depart_s)
                    graph.add_edge(("off", rides, v, k), ("on", rides, v, k), weight=call.depart_s - call.arrive_s)
                if k and call.alight and earliest <= start + call.arrive_s + egress.get(call.stop_id, np.inf) <= latest:
                    graph.add_edge(("off", rides, v, k), "school", weight=egress[call.stop_id])
            for w, m in product(range(len(vehicles)), range(5)) if k and call.alight else ():
                others, begin, pause = vehicles[w]
                if m < len(others) and others[m].board:
                    foot = 0.0 if others[m].stop_id == call.stop_id else feet.get((call.stop_id, others[m].stop_id), np.inf)
                    spare = begin + others[m].depart_s - pause - start - call.arrive_s
                    if spare >= foot:
                        graph.add_edge(("off", 1, v, k), ("at", 2, w, m), weight=spare)
    return graph, vehicles


@settings(max_examples=150, deadline=None)
@given(feeds, walks, egresses)
def test_no_journey_in_a_graph_of_all_moments_is_shorter(made, feet, egress):
    earliest, latest, buffer = BELL - 1800, BELL, 300.0
    lines = lines_of({stop: (100.0 * k, 0.0) for k, stop in enumerate(STOPS)}, list(made))
    stops = list(lines.stops.index)
    known = {(a, b): s for (a, b), s in feet.items() if a != b and a in stops and b in stops} | {(s, s): 0.0 for s in stops}
    rows = np.array(sorted((stops.index(a), stops.index(b), s) for (a, b), s in known.items()))
    footways = Footways(rows[:, 0].astype(int), rows[:, 1].astype(int), rows[:, 2])
    out = np.array([egress.get(stop, np.inf) for stop in stops])
    found = scan_to_school(make_board(list_calls(lines, 0, 30 * HOUR, buffer), footways, len(stops)), out, earliest, latest)
    graph, vehicles = graph_of_moments(made, feet, egress, buffer, earliest, latest)
    away = nx.single_source_dijkstra_path_length(graph.reverse(), "school")
    for at, stop in enumerate(stops):
        wanted = min(
            (s for key, s in away.items() if key[0] == "at" and key[1] == 1 and vehicles[key[2]][0][key[3]].stop_id == stop), default=np.inf
        )
        assert found.total_s[at] == pytest.approx(wanted, abs=0.002)
        if np.isfinite(wanted):
            assert found.walk_s[at] + found.wait_s[at] + found.ride_s[at] == pytest.approx(wanted, abs=0.002)
            assert 0 <= found.early_s[at] <= 1800
            assert min(found.walk_s[at], found.wait_s[at], found.ride_s[at]) >= -1e-6


@settings(max_examples=60, deadline=None)
@given(feeds, egresses)
def test_the_way_home_is_the_way_to_school_in_time_turned_round(made, egress):
    """Reversing all vehicles and the clock by hand gives the journeys that the mirrored timetable gives (waiting lies at the other end)."""
    lines = lines_of({stop: (100.0 * k, 0.0) for k, stop in enumerate(STOPS)}, list(made))
    stops = list(lines.stops.index)
    calls = list_calls(lines, 0, 30 * HOUR, 0.0)
    twice = calls.mirrored().mirrored()
    for name in ("pattern", "stop", "ready", "done", "wait_s", "headway_s"):
        np.testing.assert_array_equal(getattr(twice, name), getattr(calls, name))
    itself = np.arange(len(stops))
    out = np.array([egress.get(stop, np.inf) for stop in stops])
    footways = Footways(itself, itself, np.zeros(len(stops)))
    home = scan_to_school(make_board(calls.mirrored(), footways, len(stops)), out, -8 * HOUR, -6 * HOUR)
    for at in np.flatnonzero(np.isfinite(home.total_s)):
        assert 0 <= home.early_s[at] <= 2 * HOUR
        assert home.total_s[at] == pytest.approx(home.walk_s[at] + home.wait_s[at] + home.ride_s[at], abs=0.002)


def test_journeys_as_a_table():
    trips, measured = trips_of(tiny_lines(), 0.75)
    table = tidy_journeys(measured, tiny_lines())
    row = table[(table["settlement_id"] == "S1") & (table["school_id"] == "C1") & (table["pace"] == 0.75)].iloc[0]
    assert (row["stop"], row["lines"]) == ("a", "9路")
    assert row["seconds"] == pytest.approx(trips["S1", "C1"]["seconds"])
    assert len(table) == sum(len(found) for found in measured.public.by_factor.values())


@pytest.mark.parametrize(
    "service", [[], [Service("9", "9路", (Call("a", 0, 0, alight=False), Call("c", 960, 960, alight=False)), (Run(26400, 26400),))]]
)
def test_lines_that_take_nobody_anywhere_are_no_fault(service):
    trips, measured = trips_of(lines_of(STOP_PLACES, service), 0.75)
    assert trips == {}
    assert tidy_journeys(measured, tiny_lines()).empty


def test_a_stop_far_from_any_road_serves_nobody():
    lost = {**STOP_PLACES, "a": (500, 9000)}
    services = [Service("9", "9路", calls, (Run(at, at),)) for calls, at in (
        ((Call("a", 0, 0), Call("b", 600, 600), Call("c", 960, 960)), 26400.0),
        ((Call("c", 0, 0), Call("b", 360, 360), Call("a", 960, 960)), 60600.0),
    )]  # fmt: skip
    trips, _ = trips_of(lines_of(lost, services), 0.75)
    assert set(trips) == {("S3", "C1")}
