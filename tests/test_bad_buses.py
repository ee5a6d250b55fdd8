"""Public buses on bad days: late, cut and missed by hand on the tiny county, and the re-check by other means on random nets."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, box

from layout_planner.county.lines import Call, Run, Service
from layout_planner.county.model import BadDay
from layout_planner.norms import read_norms
from layout_planner.plan.layout import Layout
from layout_planner.safeguards.bad_trips import retrace_bad_trips
from layout_planner.safeguards.retrace import Tracer
from layout_planner.safeguards.verify import _differs
from layout_planner.scenario import Travel
from layout_planner.travel.bad_days import measure_bad_day, time_bad_day
from layout_planner.travel.closures import close_pieces
from layout_planner.travel.delays import delay_lines
from layout_planner.travel.matrix import measure_net
from layout_planner.travel.net import build_net
from layout_planner.words import Words
from tests.test_plan import scenario_with
from tests.test_travel import make_county
from tests.tiny import CRS, ORIGIN, STOP_PLACES, lines_of, tiny_county, tiny_lines

NORMS = read_norms("cn-rural")
HOUR = 3600.0
SCENARIO = scenario_with(move="none")
ROUND = 2 * math.hypot(1000, 1500)  # metres of the way round


def square(x, y, half=50.0):
    return box(ORIGIN[0] + x - half, ORIGIN[1] + y - half, ORIGIN[0] + x + half, ORIGIN[1] + y + half)


def flood(area):
    return BadDay("june", Words("洪水", "flood"), ("flood",), "", area)


def county_of(lines, area, *, way_round=True):
    """Return the tiny county, with a second road from (2000, 0) over (3000, -1500) to (4000, 0)."""
    county = tiny_county(lines=lines, bad_days=(flood(area),))
    if not way_round:
        return county
    xy = [(ORIGIN[0] + x, ORIGIN[1] + y) for x, y in ((2000, 0), (3000, -1500), (4000, 0))]
    edges = county.roads.edges
    new = edges.iloc[[1]].assign(way="w9").set_geometry([LineString(xy)], crs=CRS)
    return replace(county, roads=replace(county.roads, edges=pd.concat([edges, new], ignore_index=True)))


def seconds_on(county, band="lower_primary", asked=SCENARIO):
    """Return the seconds of all journeys by public bus on the bad day, by home and school, and those of other days."""
    net = build_net(county, NORMS, asked.travel)
    usual = measure_net(net, county, asked.travel)
    closed = measure_bad_day(net, county, asked.travel, county.bad_days[0])
    pairs = [(home, school) for home in county.settlements.index for school in county.schools.index]
    trips = pd.DataFrame(pairs, columns=["settlement_id", "school_id"]).assign(band=band, mode="bus", pupils=1)
    bad_s = time_bad_day(trips, usual, closed, NORMS, asked)
    factor = NORMS.value("speed.child_factor", grades=asked.bands[band])
    return dict(zip(pairs, bad_s, strict=True)), dict(zip(pairs, usual.public.seconds(factor).ravel(), strict=True)), trips


def test_the_way_round_worked_out_by_hand():
    """The road is under water at x = 3000, and the bus goes round: 3605.551 m instead of 2000 m at 30 km/h, 192.666 s, so 193 s later.

    S1, at stop a:  there, the bus leaves a at 07:20 as always and is at c at 07:39:13; back it leaves c at 16:50 and is at a at 17:09:13.
                    1450.476 s on other days (tests/test_transit.py), now 193 s more both ways.
    S3, at stop b:  there, the bus comes at 07:33:13. Nobody knows: the child is there at 07:25 as always and waits 193 s longer. Back the
                    bus is at b before the water. 850.476 s + 193 s, the worse direction.
    """
    bad_s, usual_s, _ = seconds_on(county_of(tiny_lines(), square(3000, 0)))
    assert bad_s["S1", "C1"] == pytest.approx(1450.476 + 193, abs=0.001)
    assert bad_s["S3", "C1"] == pytest.approx(850.476 + 193, abs=0.001)
    assert {pair for pair, seconds in bad_s.items() if np.isfinite(seconds)} == {("S1", "C1"), ("S3", "C1")}
    assert usual_s["S3", "C1"] == pytest.approx(850.476, abs=0.001)


def test_a_late_bus_still_counts_though_it_comes_after_the_bell():
    """On other days S1 is at school at 07:39:10; with the bell at 07:40 the bus is late on the bad day, but the child gets there."""
    asked = SCENARIO.model_copy(update={"travel": Travel(bell="07:40")})
    bad_s, _, _ = seconds_on(county_of(tiny_lines(), square(3000, 0)), asked=asked)
    assert bad_s["S1", "C1"] == pytest.approx(1450.476 + 193, abs=0.001)


def test_nobody_rides_across_a_cut():
    """Without a way round the bus ends at a: S3 has none to school, though its road to C1 is open; after school it would get home."""
    bad_s, usual_s, _ = seconds_on(county_of(tiny_lines(), square(3000, 0), way_round=False))
    assert np.isinf(bad_s["S1", "C1"])
    assert np.isinf(bad_s["S3", "C1"])
    assert np.isfinite(usual_s["S3", "C1"])
    calls = delayed(county_of(tiny_lines(), square(3000, 0), way_round=False)).calls
    assert list(zip(calls["pattern"], calls["stop_id"], strict=True)) == [("9/1", "a"), ("9/2", "c"), ("9/2", "b")]


def delayed(county):
    net = build_net(county, NORMS, Travel())
    return delay_lines(net, county.lines, close_pieces(net.edges, net.pieces, county.bad_days[0], Travel()), 4 * HOUR)


@pytest.mark.parametrize(
    ("area", "way_round", "said"),
    [
        (square(3000, 0), True, "flood, public lines: late by a way round, at most: 9路 (4 min)"),  # 193 s
        (square(3000, 0), False, "flood, public lines: cut short: 9路"),
        (square(3000, -1500), True, "flood, public lines: all as usual"),
    ],
)
def test_a_note_names_the_lines_that_end_or_run_late(area, way_round, said):
    county = county_of(tiny_lines(), area, way_round=way_round)
    notes = measure_bad_day(build_net(county, NORMS, Travel()), county, Travel(), county.bad_days[0]).notes
    assert [note.text.en for note in notes if note.code == "bad_day_lines"] == [said]


def test_of_many_lines_the_first_ten_are_named():
    services = [replace_name(service, f"{number:02d}") for number in range(12) for service in services_of_9()]
    county = county_of(lines_of(STOP_PLACES, services), square(3000, 0), way_round=False)
    notes = measure_bad_day(build_net(county, NORMS, Travel()), county, Travel(), county.bad_days[0]).notes
    told = next(note for note in notes if note.code == "bad_day_lines")
    assert told.text.zh.endswith("09等，另有2条")
    assert told.text.en.endswith("08, 09 and 2 more")
    assert told.count == 12


def replace_name(service, name):
    return Service(name, name, service.calls, service.runs)


def test_a_line_with_a_headway_is_late_on_the_way_only():
    """All its buses are late alike, so nobody waits longer: S1 rides 193 s longer, S3 has its bus behind the water as on other days."""
    there = (Call("a", 0, 0), Call("b", 600, 600), Call("c", 960, 960))
    back = (Call("c", 0, 0), Call("b", 360, 360), Call("a", 960, 960))
    often = (Run(6 * HOUR, 18 * HOUR, 600),)
    lines = lines_of(STOP_PLACES, [Service("9", "9路", calls, often) for calls in (there, back)])
    bad_s, _, _ = seconds_on(county_of(lines, square(3000, 0)))
    assert bad_s["S1", "C1"] == pytest.approx(1450.476 + 193, abs=0.001)
    assert bad_s["S3", "C1"] == pytest.approx(850.476, abs=0.001)


def test_a_connection_that_the_late_bus_misses_is_gone():
    """Line 1 a - b at 07:20, line 2 b - c at 07:36, 5 minutes early: one minute to spare on other days, and none after 193 s."""
    services = [
        Service("1", "1路", (Call("a", 0, 0), Call("b", 600, 600)), (Run(7 * HOUR + 1200, 7 * HOUR + 1200),)),
        Service("2", "2路", (Call("b", 0, 0), Call("c", 360, 360)), (Run(7 * HOUR + 2160, 7 * HOUR + 2160),)),
        Service("3", "3路", (Call("c", 0, 0), Call("b", 360, 360), Call("a", 960, 960)), (Run(16.5 * HOUR + 1200, 16.5 * HOUR + 1200),)),
    ]
    bad_s, usual_s, _ = seconds_on(county_of(lines_of(STOP_PLACES, services), square(3000, 0)))
    assert usual_s["S1", "C1"] == pytest.approx(300 + 600 + 360 + 360 + 190.476, abs=0.001)
    assert np.isinf(bad_s["S1", "C1"])
    assert bad_s["S3", "C1"] == pytest.approx(850.476, abs=0.001)


def test_a_stop_whose_leg_is_under_water_is_left_out():
    """Stop b stands 100 m south of the road, and the water between them leaves the road and the line as they are."""
    lines = lines_of({**STOP_PLACES, "b": (4000, -100)}, list(services_of_9()))
    bad_s, usual_s, _ = seconds_on(county_of(lines, square(4000, -50, 10), way_round=False))
    assert np.isfinite(usual_s["S3", "C1"])
    assert np.isinf(bad_s["S3", "C1"])
    assert bad_s["S1", "C1"] == usual_s["S1", "C1"]


def services_of_9():
    calls = (Call("a", 0, 0), Call("b", 600, 600), Call("c", 960, 960)), (Call("c", 0, 0), Call("b", 360, 360), Call("a", 960, 960))
    for way, start in zip(calls, (7 * HOUR + 1200, 16 * HOUR + 3000), strict=True):
        yield Service("9", "9路", way, (Run(start, start),))


def test_a_stop_far_from_the_roads_of_buses_is_reached_as_on_other_days():
    lines = lines_of({**STOP_PLACES, "a": (500, 600)}, list(services_of_9()))
    calls = delayed(county_of(lines, square(3000, 0), way_round=False)).calls
    assert len(calls) == 6
    assert (calls["late_s"] == 0).all()


@st.composite
def nets_with_lines(draw):
    """Nine corners with most of the roads between them, and lines there and back; timetables in the morning and afternoon, or a headway."""
    near = st.integers(-120, 120)
    nodes = [(1000 * (k % 3) + draw(near), 1000 * (k // 3) + draw(near)) for k in range(9)]
    sides = [(a, b) for a in range(9) for b in (a + 1, a + 3) if b < 9 and (b == a + 3 or b % 3)]
    kinds = st.sampled_from(["tertiary", "residential"])
    gone = draw(st.sets(st.sampled_from(sides), max_size=3))
    edges = [(a, b, draw(kinds), True, True, draw(st.integers(0, 9)) > 0) for a, b in sides if (a, b) not in gone]
    ends = sorted({node for edge in edges for node in edge[:2]})
    places = [[(nodes[k][0] + draw(near), nodes[k][1] + draw(near)) for k in draw(st.lists(st.sampled_from(ends), min_size=2, max_size=3))]
              for _ in range(2)]  # fmt: skip
    services = []
    for number in range(draw(st.integers(1, 3))):
        stops = draw(st.lists(st.sampled_from(ends), min_size=3, max_size=6, unique=True))
        legs = [60.0 * draw(st.integers(1, 6)) for _ in stops[1:]]
        early, late = (60.0 * draw(st.integers(0, 60)) for _ in range(2))
        often = draw(st.sampled_from([0.0, 600.0]))
        for way, minutes, hour in ((stops, legs, 7 * HOUR + early), (stops[::-1], legs[::-1], 16.5 * HOUR + late)):
            at = np.concatenate([[0.0], np.cumsum(minutes)])
            calls = tuple(Call(str(stop), float(s), float(s)) for stop, s in zip(way, at, strict=True))
            runs = (Run(hour - 1800, hour + 1800, often),) if often else tuple(Run(s, s) for s in hour + 660 * np.arange(-4.0, 5.0))
            services.append(Service(str(number), str(number), calls, runs))
    county = make_county(nodes, edges, *places)
    lines = lines_of({str(k): (0.0, 0.0) for k in ends}, services)
    lines = replace(lines, stops=lines.stops.set_geometry([Point(nodes[int(stop)]) for stop in lines.stops.index], crs=county.crs))
    (x, y), half = np.mean([nodes[end] for end in draw(st.sampled_from(edges))[:2]], axis=0), draw(st.integers(10, 300))
    return replace(county, lines=lines, bad_days=(flood(box(x - half, y - half, x + half, y + half)),))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(nets_with_lines())
def test_no_journey_is_quicker_on_a_bad_day_and_the_recheck_finds_the_same(county):
    bad_s, usual_s, trips = seconds_on(county)
    assert all(bad_s[pair] >= usual_s[pair] for pair in bad_s)
    known = trips[[np.isfinite(usual_s[pair]) for pair in zip(trips["settlement_id"], trips["school_id"], strict=True)]]
    tracer = Tracer(county, SCENARIO, NORMS)
    again = tracer.trace(known.assign(seconds=3600.0))
    found = retrace_bad_trips(tracer, {"plan": Layout(pd.DataFrame(), known.assign(seconds=1.0))}, again)
    for row in found.itertuples():
        assert not _differs(bad_s[row.settlement_id, row.school_id], row.bad_s, share=0.005), (row, bad_s)
