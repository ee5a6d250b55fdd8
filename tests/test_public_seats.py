"""Seats of public buses: no departure takes more pupils than seats, by hand, against all ways of riding, and in the re-check."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from layout_planner.cli import main
from layout_planner.county.gtfs import read_gtfs
from layout_planner.county.gtfs_feed import write_feed
from layout_planner.county.lines import Call, Run, Service, build_lines
from layout_planner.county.model import BadDay
from layout_planner.errors import InputError
from layout_planner.plan.case import Case, World
from layout_planner.plan.choices import choose_options
from layout_planner.plan.forms import sites_by_band, sites_of
from layout_planner.plan.layout import Layout
from layout_planner.plan.model import build_model
from layout_planner.plan.present import present_layout
from layout_planner.plan.public_seats import STRETCHES, SeatsLeft, note_public_seats
from layout_planner.plan.solve import optimise_layout
from layout_planner.plan.worlds import offered_sets
from layout_planner.province.borders import _options
from layout_planner.safeguards.gate import judge_plan
from layout_planner.safeguards.public_seats import find_overfull
from layout_planner.safeguards.retrace import Tracer
from layout_planner.safeguards.verify import verify_layout
from layout_planner.scenario import GtfsFile, read_scenario
from layout_planner.travel.departures import Departures, no_rides
from layout_planner.travel.matrix import measure_travel
from layout_planner.travel.model import PUBLIC_COLUMNS, PublicTrips
from layout_planner.travel.options import child_factor, commute_options
from layout_planner.words import Words
from tests.broken import copy_good
from tests.safe_case import DEMAND
from tests.safe_case import county as safe_county
from tests.safe_case import scenario as safe_scenario
from tests.safe_case import today as safe_today
from tests.test_golden import ROADS, tiny_seats_lp
from tests.test_lines import BOX, HEADER, PUBLISHER, ROWS, STOPS, county_with
from tests.test_plan import NORMS, scenario_with, tiny_travel
from tests.test_plan_properties import make_case
from tests.test_plan_properties import solve as solve_case
from tests.test_verify_lines import ALONG, BOTH_WAYS, SLOPE, by_bus
from tests.tiny import CRS, STOP_PLACES, lines_of, tiny_county, tiny_lines, tiny_public

JOURNEY_S = 300 + 960 + 200 / 1.05  # of grades 1-3 of S1 to C1, see test_transit
MORNING, EVENING = 7 * 3600 + 20 * 60.0, 16 * 3600 + 50 * 60.0
FEED_SERVICE = Service("9", "9路", (Call("A", 0, 0), Call("C", 600, 600)), (Run(MORNING, MORNING),))
FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def tiny_case(seats, *, turned=False, **plan):
    """Return the tiny county with so many seats on every departure of 9路; `turned`: its tables from the last row to the first."""
    scenario, county = scenario_with(move="all", **plan), tiny_county(lines=tiny_lines(seats))
    travel = replace(tiny_travel(), public=tiny_public(seats) if np.isfinite(seats) else replace(tiny_public(0), departures=None))
    if turned:
        county = replace(county, settlements=county.settlements.iloc[::-1], schools=county.schools.iloc[::-1])
    demand = county.settlements[[]].assign(**dict.fromkeys(scenario.bands, 3 * county.settlements["pupils_g1"]))
    return Case(scenario, NORMS, county, demand, travel, sites_of(county.schools, scenario))


def solve(case):
    today = present_layout(case)
    options = commute_options(case.travel, case.county.schools, sites_by_band(case.sites, case.scenario), NORMS, case.scenario)
    return today, *optimise_layout(case, options, today)


def ways(layout, home, band):
    mine = layout.assignment[(layout.assignment["settlement_id"] == home) & (layout.assignment["band"] == band)]
    return dict(zip(mine["mode"], mine["pupils"], strict=True))


def test_one_bus_of_few_seats_worked_out_by_hand():
    """Who rides to C1: 12 of grades 7-9 from S1, 9 of grades 1-3 from S3, who walk 1905 s at the least, over the 1800 s they may.

    Both sit between b and c: 21 pupils on 15 seats. Today the furthest on foot go first: 12 from S1, 3 from S3, and 6 walk too far. The
    plan has beds, which grades 1-3 may not use: so all 9 of S3 ride, and 6 of S1, and 6 of S1 board.
    """
    case = tiny_case(15, max_new_beds=20)
    today, plan, _ = solve(case)
    assert (ways(today, "S1", "junior"), ways(today, "S3", "lower_primary")) == ({"bus": 12}, {"bus": 3, "walk": 6})
    assert (ways(plan, "S1", "junior"), ways(plan, "S3", "lower_primary")) == ({"bus": 6, "board": 6}, {"bus": 9})
    assert note_public_seats(case, plan)[0].text.en == "public lines with a departure filled to the last seat for pupils: 9路"
    flooded = replace(case, county=replace(case.county, bad_days=(BadDay("june", Words("洪水", "flood"), ("flood",), "", None),)))
    assert note_public_seats(flooded, plan)[0].text.en.endswith("9路; whether seats suffice on bad days is not counted")


@pytest.mark.parametrize("seats", [0, 21, np.inf])
def test_no_seats_and_seats_for_all(seats):
    today, plan, _ = solve(tiny_case(seats, max_new_beds=20))
    assert ways(today, "S3", "lower_primary") == ({"bus": 9} if seats else {"walk": 9})
    assert (plan.assignment["mode"] == "bus").any() == (seats > 0)


def test_row_order_changes_nothing():
    layouts = [solve(tiny_case(15, max_new_beds=20, turned=turned))[:2] for turned in (False, True)]
    for one, other in zip(*layouts, strict=True):
        pd.testing.assert_frame_equal(one.assignment, other.assignment)


def test_seats_that_are_not_told_change_no_row_of_the_model(tmp_path):
    models = []
    for seats in (np.inf, 21):
        case = tiny_case(seats, max_new_beds=20)
        today = present_layout(case)
        options = commute_options(case.travel, case.county.schools, sites_by_band(case.sites, case.scenario), NORMS, case.scenario)
        chosen = choose_options(case, options, today)
        assert (STRETCHES in chosen) == np.isfinite(seats)
        build_model(case, chosen, today).problem.writeLP(str(tmp_path / "model.lp"))
        models.append((tmp_path / "model.lp").read_text(encoding="utf-8"))
    assert models[0] == models[1]
    assert "public_seats" not in models[0]
    assert "public_seats" in tiny_seats_lp(tmp_path)
    assert GtfsFile(path="a.zip").model_dump() == {"path": "a.zip", "date": ""}


def test_the_large_way_is_left_to_counties_without_told_seats(monkeypatch):
    monkeypatch.setattr("layout_planner.plan.solve.LARGE_FROM", 0)
    monkeypatch.setattr("layout_planner.plan.solve.search_large", lambda *_: pytest.fail("knows no seats of public buses"))
    assert ways(solve(tiny_case(15, max_new_beds=20))[1], "S3", "lower_primary") == {"bus": 9}


def test_seats_hold_whichever_road_is_mended():
    case = tiny_case(15, max_new_beds=20, road_fixes=ROADS)
    case = replace(case, worlds=tuple(World(fixes, case.travel, {}) for fixes in offered_sets(case.scenario.plan)))
    plan = solve(case)[1]
    assert (ways(plan, "S1", "junior"), ways(plan, "S3", "lower_primary")) == ({"bus": 6, "board": 6}, {"bus": 9})


def test_in_a_province_every_county_counts_the_seats_of_a_line_for_itself():
    """Twice the tiny county on one 9路 of 15 seats: 15 ride in each, 30 in the bus, and both are told that it is full."""
    cases = [tiny_case(15, max_new_beds=20) for _ in range(2)]
    plans = [solve(case)[1] for case in cases]
    riders = [plan.assignment.loc[plan.assignment["mode"] == "bus", "pupils"].sum() for plan in plans]
    assert riders == [15, 15]
    assert all("9路" in note_public_seats(case, plan)[0].text.en for case, plan in zip(cases, plans, strict=True))


@pytest.mark.parametrize(("seats", "crosses"), [(np.inf, True), (40, False)])
def test_nobody_crosses_a_border_by_a_line_whose_seats_are_told(seats, crosses):
    case = tiny_case(seats)
    sites = pd.DataFrame({"bands": [",".join(case.scenario.bands)] * len(case.county.schools)}, index=case.county.schools.index)
    offered = _options(case.county, case.scenario, sites)
    assert ("bus" in set(offered["mode"])) == crosses
    assert "walk" in set(offered["mode"])


BY_LINE = st.tuples(
    st.lists(st.tuples(st.integers(1, 6), st.integers(35, 200)), min_size=1, max_size=3),  # pupils, minutes of their walk
    st.integers(0, 12),
    st.lists(st.integers(0, 2), min_size=3, max_size=3),  # how many stretches each home rides
)


@FEW
@given(BY_LINE)
def test_who_rides_equals_brute_force(asked):
    """Everybody walks too far to P0, and a bus that stops at S0, S1, ... takes whom it can to P1, or to a stop before it."""
    homes, seats, lengths = asked
    count, shape = len(homes), (len(homes), 2)
    rides = {(i, 1): ((0, MORNING, i, min(count, i + 1 + lengths[i])),) for i in range(count)}
    case = make_case([n for n, _ in homes], [None, None], np.array([[float(m), 500.0] for _, m in homes]), move="all")
    table = pd.DataFrame([(i, 1, 1200.0, 0.0, 0.0, 1200.0, 0.0, 0.0, 0, 0, -1) for i in range(count)], columns=list(PUBLIC_COLUMNS))
    departures = Departures(np.array([float(seats)]), np.zeros(1), {0: np.array([MORNING])}, {0.75: rides})
    case = replace(case, travel=replace(case.travel, public=PublicTrips({0.75: table}, shape, departures)))
    (layout, solved), _ = solve_case(case)
    best, weights = np.inf, [1 + min(m / 30 - 1, 8.0) for _, m in homes]
    for aboard in itertools.product(*(range(n + 1) for n, _ in homes)):
        loads = [sum(a for a, ride in zip(aboard, rides.values(), strict=True) if ride[0][2] <= k < ride[0][3]) for k in range(count)]
        if max(loads) <= seats:
            best = min(best, sum(w * (n - a) for w, (n, _), a in zip(weights, homes, aboard, strict=True)))
    assert solved.terms["at_risk_weighted"] == pytest.approx(best, abs=1e-3)
    taken = layout.assignment[layout.assignment["mode"] == "bus"].set_index("settlement_id")["pupils"]
    for k in range(count):
        assert sum(int(taken.get(f"S{i}", 0)) for i in range(count) if rides[i, 1][0][2] <= k < rides[i, 1][0][3]) <= seats


def test_whoever_counts_on_a_line_within_one_headway_may_meet():
    """Every 10 minutes: those who count on 07:20 and 07:25 may meet in one vehicle, and 07:25 and 07:30, but never 07:20 and 07:30."""
    lines = lines_of(STOP_PLACES, [Service("9", "9", (Call("a", 0, 0), Call("c", 960, 960)), (Run(MORNING, MORNING + 3600, 600.0),), 15)])
    begins = [MORNING, MORNING + 300, MORNING + 600]
    rides = pd.DataFrame([(k, 0, 0, start, 0, 1) for k, start in enumerate(begins)], columns=no_rides().columns)
    departures = Departures.of(lines, {1.0: rides})
    met = [[begins.index(stretch.start_s) for stretch in departures.stretches(1.0, k, 0)] for k in range(3)]
    assert met == [[0], [0, 1], [1, 2]]


def overfull(lines):
    """Return what the re-check finds where 12 pupils of S1 ride to C1."""
    county = replace(safe_county(), lines=lines)
    checked = verify_layout(county, safe_scenario(), NORMS, by_bus(JOURNEY_S))
    assert checked.overfull == checked.disagreements
    return [fault.en for fault in checked.overfull]


def test_the_re_check_finds_an_overfull_bus():
    assert overfull(tiny_lines(12)) == []
    assert overfull(tiny_lines(10)) == [f"public line 9路, departure of {at}: 10 seats for pupils, 2 too few" for at in ("07:20", "16:50")]


def twice(seats, more_s):
    """Return 9路 with a second bus so much later, both ways."""
    there = (Call("a", 0, 0), Call("b", 600, 600), Call("c", 960, 960))
    back = (Call("c", 0, 0), Call("b", 360, 360), Call("a", 960, 960))
    runs = [tuple(Run(at + later, at + later) for later in (0.0, more_s)) for at in (MORNING, EVENING)]
    return lines_of(STOP_PLACES, [Service("9", "9路", calls, run, seats) for calls, run in zip((there, back), runs, strict=True)])


def test_the_re_check_lets_pupils_share_journeys_that_are_as_long():
    """07:20 and 07:30 are both in time, and so are both buses home: 12 pupils fit on 6 seats each, not on 5."""
    assert overfull(twice(6, 600.0)) == []
    assert overfull(twice(5, 600.0))
    assert overfull(twice(6, 3600.0))  # the second bus is at C1 after the bell


def test_the_gate_names_the_rule_and_a_cure():
    county = replace(safe_county(), lines=tiny_lines(10))
    proposed = by_bus(JOURNEY_S)
    proposed.assignment["pessimistic_s"] = proposed.assignment["pessimistic_s"].replace(np.inf, 1700.0)
    checked = verify_layout(county, safe_scenario(), NORMS, proposed)
    gate = judge_plan(county, safe_scenario(), NORMS, DEMAND, safe_today(), proposed, checked)
    finding = next(f for f in gate.findings if f.rule == "public_seats")
    assert (finding.verdict, finding.measured) == ("fail", 2)
    assert "还差2个" in finding.text.zh
    assert "larger buses" in finding.cure.en


@settings(FEW, max_examples=15)
@given(BOTH_WAYS, st.integers(0, 25))
def test_whom_the_plan_seats_the_re_check_never_refuses(made, seats):
    """With changes, headways and hills, 5 pupils of every home and band to every school; and nobody rides without a seat."""
    county = tiny_county(lines=lines_of(ALONG, [service._replace(seats=seats) for service in made]), elevation=SLOPE)
    scenario = scenario_with()
    travel = measure_travel(county, NORMS, scenario.travel)
    case = Case(scenario, NORMS, county, pd.DataFrame(), travel, sites_of(county.schools, scenario))
    left, rows = SeatsLeft(case), []
    for band, grades in scenario.bands.items():
        seconds = travel.public.seconds(child_factor(NORMS, grades, scenario.travel))
        for i, j in np.argwhere(np.isfinite(seconds)):
            trip = {"settlement_id": travel.settlements[i], "band": band, "school_id": travel.schools[j], "mode": "bus"}
            rows.append({**trip, "seconds": seconds[i, j], "pupils": left.take(trip, 5)})
    riders = pd.DataFrame(rows, columns=["settlement_id", "band", "school_id", "mode", "seconds", "pupils"])
    layout = Layout(pd.DataFrame(), riders[riders["pupils"] > 0])
    walking = Tracer(county, scenario, NORMS).walking
    assert find_overfull(county, scenario, NORMS, layout, walking) == ()
    event(f"riders: {len(layout.assignment) > 0}")
    none_left = replace(county, lines=lines_of(ALONG, [service._replace(seats=0) for service in made]))
    assert bool(find_overfull(none_left, scenario, NORMS, layout, walking)) == (len(layout.assignment) > 0)


def with_seats(*cells):
    return [*HEADER, "学生座位"], [[*row, cell] for row, cell in zip(ROWS, cells, strict=True)]


def test_seats_in_the_table_of_lines(tmp_path):
    header, rows = with_seats("15", "", "", "", "")
    lines = county_with(tmp_path / "a", rows, header).lines
    assert lines.seats == {"9路/1": 15, "9路/2": 15}
    turned = county_with(tmp_path / "b", rows[::-1], header)
    assert turned.lines.seats == lines.seats
    assert next(note for note in turned.notes if note.code == "lines.seats").count == 1  # the other line's are not known
    assert "seats" not in county_with(tmp_path / "c", ROWS).lines.patterns


@pytest.mark.parametrize(("cells", "row"), [(("-3", "", "", "", ""), 2), (("十五", "", "", "", ""), 2), (("15", "12", "", "", ""), 2)])
def test_broken_seats_are_one_problem(tmp_path, cells, row):
    header, rows = with_seats(*cells)
    with pytest.raises(InputError) as error:
        county_with(tmp_path / "a", rows, header)
    assert [(problem.row, problem.column) for problem in error.value.problems] == [(row, error.value.problems[0].column)]
    asked = CliRunner().invoke(main, ["check", str(tmp_path / "a" / "county" / "scenario.toml")])
    assert asked.exit_code == 3


def feed_with(tmp_path, **seats):
    path = tmp_path / "gtfs.zip"
    path.write_bytes(write_feed(build_lines(STOPS, [FEED_SERVICE], CRS), PUBLISHER))
    return read_gtfs(path, GtfsFile(path=path.name, **seats), CRS, BOX)


@pytest.mark.parametrize("seats", [{"seats": 12}, {"line_seats": {"9": 12}}, {"seats": 40, "line_seats": {"9路": 12}}])
def test_seats_of_a_feed_are_told_by_the_scenario(tmp_path, seats):
    lines, _, faults = feed_with(tmp_path, **seats)
    assert not faults.problems
    assert lines.seats == {"9/1": 12}


def test_seats_of_a_route_that_does_not_run_are_a_fault(tmp_path):
    lines, _, faults = feed_with(tmp_path, line_seats={"8路": 12})
    assert lines is None
    assert [(problem.column, problem.value) for problem in faults.problems] == [("line_seats", "8路")]


@pytest.mark.parametrize(
    ("written", "column"), [("seats = -3", "seats"), ('seats = "x"', "seats"), ('line_seats = { "9" = -1 }', "line_seats.9")]
)
def test_broken_seats_of_a_feed_are_one_problem(tmp_path, written, column):
    path = copy_good(tmp_path / "county") / "scenario.toml"
    text = path.read_text(encoding="utf-8").replace("[data]\n", f'[data]\ngtfs = {{ path = "gtfs.zip", {written} }}\n', 1)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_scenario(path)
    assert [problem.column for problem in error.value.problems] == [f"data.gtfs.{column}"]
