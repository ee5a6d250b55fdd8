"""School buses: runs, rosters and tables against what can be worked out by hand or by trying everything.

The tiny county (tests/tiny.py) has one road: S1 (500 m), S2 (2000 m), S3 (4000 m) and the gate of C1 at its end (6000 m). A bus drives
30 km/h up to 4000 m and 25 km/h beyond: S1 - S2 180 s, S2 - S3 240 s, S3 - C1 288 s.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layout_planner.buses.fewest import fewest_buses
from layout_planner.buses.model import Bell, Run, Vehicles, run_seconds
from layout_planner.buses.notes import note_buses
from layout_planner.buses.plan import plan_buses
from layout_planner.buses.reuse import match_runs, schools_to_spare
from layout_planner.buses.router import route_school
from layout_planner.buses.schedule import Base, Trip, roster_buses
from layout_planner.errors import InputError
from layout_planner.norms import read_norms
from layout_planner.plan.case import Case
from layout_planner.plan.forms import sites_of
from layout_planner.plan.present import present_layout
from layout_planner.results import FROM_SCHOOL, TO_SCHOOL
from layout_planner.safeguards.bus_check import check_buses
from layout_planner.travel.matrix import measure_net
from layout_planner.travel.net import build_net
from tests.test_plan import scenario_with
from tests.tiny import tiny_county


def line_bell(pupils: list[int], *, limit_s: float, apart_s: float = 100.0, arrive_s: float = 28_000.0) -> Bell:
    """Stops on a line, each `apart_s` further from the school than the one before; nobody takes time to get on."""
    n = len(pupils)
    at = apart_s * np.arange(1, n + 1)
    between = np.abs(at[:, None] - at[None, :])
    nothing, number = np.zeros(n), np.arange(n)
    return Bell(
        arrive_s=arrive_s,
        free_s=arrive_s,
        party=number,
        stop=number,
        pupils=np.array(pupils),
        earliest_s=np.full(n, arrive_s - limit_s),
        board_s=nothing,
        walk_cost=nothing,
        halt_s=0.0,
        between_s=between,
        between_m=between,
        to_school_s=at,
        to_school_m=at,
        from_schools_s=np.zeros((0, n)),
        from_schools_m=np.zeros((0, n)),
    )


def route(bell: Bell, seats: int) -> tuple[Run, ...]:
    runs = route_school(bell, [Vehicles(seats, 10_000, bell.choices)], (), cost_per_m=1.0, rounds=200, seed=1)
    assert runs is not None
    return runs


def test_one_bus_collects_from_the_far_end_when_seats_and_time_allow():
    (run,) = route(line_bell([5, 5, 5], limit_s=300), seats=20)
    assert run.choices == (2, 1, 0)
    assert run_seconds(line_bell([5, 5, 5], limit_s=300), run) == 300


def test_a_ride_limit_that_is_just_met_is_met_and_a_second_less_is_refused():
    assert route_school(line_bell([5], limit_s=100), [Vehicles(9, 1, 1)], (), cost_per_m=1, rounds=50, seed=1) is not None
    assert route_school(line_bell([5], limit_s=99), [Vehicles(9, 1, 1)], (), cost_per_m=1, rounds=50, seed=1) is None


def test_seats_split_riders_over_buses():
    runs = route(line_bell([8, 8, 8], limit_s=900), seats=16)
    assert sorted(sum(8 for _ in run.choices) for run in runs) == [8, 16]


def test_a_party_boards_at_exactly_one_of_its_stops():
    bell = line_bell([4, 4, 4], limit_s=900)
    bell = replace(bell, party=np.array([0, 0, 1]))  # party 0 may board at stop 0 or 1, party 1 at stop 2
    runs = route(bell, seats=20)
    assert sorted(int(bell.party[choice]) for run in runs for choice in run.choices) == [0, 1]


@st.composite
def matchings(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    schools, runs = draw(st.integers(1, 3)), draw(st.integers(1, 5))
    follows = np.array(draw(st.lists(st.lists(st.booleans(), min_size=runs, max_size=runs), min_size=schools, max_size=schools)))
    return follows, np.array(draw(st.lists(st.integers(0, 2), min_size=schools, max_size=schools)))


def most_links(follows: np.ndarray, freed: np.ndarray) -> int:
    best = 0
    for pick in product(range(-1, len(freed)), repeat=follows.shape[1]):
        linked = [(school, run) for run, school in enumerate(pick) if school >= 0]
        fits = all(follows[pair] for pair in linked) and all(sum(s == k for s, _ in linked) <= freed[k] for k in range(len(freed)))
        best = max(best, len(linked) if fits else 0)
    return best


@given(matchings())
@settings(max_examples=150, deadline=None)
def test_matching_is_as_large_as_trying_everything_finds(case: tuple[np.ndarray, np.ndarray]):
    follows, freed = case
    found = match_runs(follows, freed)
    assert (found.before >= 0).sum() == most_links(follows, freed)
    assert all(follows[school, run] for run, school in enumerate(found.before) if school >= 0)
    used = np.bincount(found.before[found.before >= 0], minlength=len(freed))
    assert (used + found.spare == freed).all()


@given(matchings())
@settings(max_examples=100, deadline=None)
def test_a_school_can_spare_a_bus_exactly_when_one_bus_less_costs_nothing(case: tuple[np.ndarray, np.ndarray]):
    follows, freed = case
    free = schools_to_spare(follows, match_runs(follows, freed))
    for school in np.flatnonzero(freed):
        fewer = freed.copy()
        fewer[school] -= 1
        assert free[school] == (most_links(follows, fewer) == most_links(follows, freed))


def test_one_bus_serves_two_schools_whose_bells_lie_apart():
    """The second bell rings an hour later; the bus needs 100 s back to the stops of either school."""
    early = replace(line_bell([9, 9], limit_s=300), from_schools_s=np.full((2, 2), 100.0), from_schools_m=np.full((2, 2), 100.0))
    late = replace(early, arrive_s=31_600.0, free_s=31_600.0, earliest_s=early.earliest_s + 3600)
    assert fewest_buses([early, late], 18, sweeps=2, rounds=50, seed=1).buses == 1
    assert fewest_buses([early, replace(early)], 18, sweeps=2, rounds=50, seed=1).buses == 2


def test_the_search_for_fewest_buses_ends_when_sweeps_save_none():
    """Two schools with one bell need a bus each from the beginning: three sweeps try in vain."""
    early = replace(line_bell([9, 9], limit_s=300), from_schools_s=np.full((2, 2), 100.0), from_schools_m=np.full((2, 2), 100.0))
    swept: list[tuple[int, int]] = []
    fewest_buses(
        [early, replace(early)], 18, sweeps=50, rounds=20, seed=1, patience=3, on_sweep=lambda sweep, buses: swept.append((sweep, buses))
    )
    assert swept == [(1, 2), (2, 2), (3, 2)]


def test_roster_uses_one_bus_where_the_windows_allow_and_is_never_helped_by_less_time():
    trips = [Trip(600, 25_000, 27_000), Trip(600, 25_000, 27_000)]
    between = np.full((2, 2), 300.0)
    bases = [Base(1000, None, np.zeros(2))]
    turns = roster_buses(trips, between, between, bases=bases, cost_per_m=1, seed=1, early=False)
    assert [turn.bus for turn in turns] == [0, 0]
    assert [turn.starts_s for turn in turns] == [27_000 - 900, 27_000]
    tight = [replace(trip, earliest_s=26_500.0) for trip in trips]  # 500 s are too short for 600 + 300
    assert len({turn.bus for turn in roster_buses(tight, between, between, bases=bases, cost_per_m=1, seed=1, early=False)}) == 2


def tiny_case(**pupils: int) -> tuple[Case, object]:
    """Nine-year school C1 with buses; junior pupils at S1, S2 and S3."""
    county = tiny_county()
    scenario, norms = scenario_with(), read_norms("cn-rural")
    net = build_net(county, norms, scenario.travel)
    travel = measure_net(net, county, scenario.travel)
    demand = pd.DataFrame(0, index=county.settlements.index, columns=list(scenario.bands))
    for home, count in pupils.items():
        demand.loc[home, "junior"] = count
    return Case(scenario, norms, county, demand, travel, sites_of(county.schools, scenario)), net


def riding(case: Case, **pupils: int) -> pd.DataFrame:
    rows = [(home, "junior", "C1", "school_bus", count, 0.0, 0.0, 0.0, 0.0, 0.0) for home, count in pupils.items()]
    return pd.DataFrame(rows, columns=list(present_layout(case).assignment.columns))


@pytest.fixture(scope="module")
def tiny_plan():
    pupils = {"S1": 10, "S2": 10, "S3": 10}
    case, net = tiny_case(**pupils)
    layout = present_layout(case)
    return case, net, layout, plan_buses(case, net, replace(layout, assignment=riding(case, **pupils)))


def test_every_rider_is_on_exactly_one_bus_each_way(tiny_plan):
    _, _, _, plan = tiny_plan
    for direction in (TO_SCHOOL, FROM_SCHOOL):
        rides = plan.riders[plan.riders["direction"] == direction]
        assert rides.groupby("settlement_id")["pupils"].sum().to_dict() == {"S1": 10, "S2": 10, "S3": 10}
        assert (rides["route_id"] != "").all()
    assert (plan.riders["trip_minutes"] <= plan.riders["limit_minutes"]).all()
    assert plan.routes["riders"].sum() == plan.stops["riders"].sum() == 60


def test_times_of_the_tiny_county_by_hand(tiny_plan):
    """One bus of 36 seats takes all 30. Bell 08:00, ten minutes early: the gate at 28 200 s. Every halt takes 20 s and 5 s a pupil.

    Driving 708 s and three halts of 20 + 50 s: the bus is at its first stop at 28 200 - 708 - 210 = 27 282 s. S1's ride begins when its
    halt ends: 708 + 140 s = 14.13 min. The road is 5.5 km; a bus costs 150 000 yuan, each way takes half of it, and 200 days of 5.5 km at
    3.2 yuan cost 3520 yuan.
    """
    _, _, _, plan = tiny_plan
    row = plan.routes[plan.routes["direction"] == TO_SCHOOL].iloc[0]
    assert len(plan.routes) == 2
    assert (row["starts_s"], row["ends_s"], row["ride_km"], row["riders"]) == (27_282.0, 28_200.0, 5.5, 30)
    assert row["longest_ride_minutes"] == pytest.approx((708 + 140) / 60, abs=0.01)
    assert row["cost_yuan"] == pytest.approx(75_000 + 3_520)
    assert plan.buses == 1
    times = plan.stops[plan.stops["route_id"] == row["route_id"]]["time_s"].tolist()
    assert times == [27_282.0, 27_282.0 + 70 + 180, 27_282.0 + 140 + 420]


def test_row_order_changes_nothing(tiny_plan):
    case, net, layout, plan = tiny_plan
    turned = plan_buses(case, net, replace(layout, assignment=riding(case, S3=10, S1=10, S2=10)))
    pd.testing.assert_frame_equal(pd.DataFrame(turned.riders), pd.DataFrame(plan.riders))
    pd.testing.assert_frame_equal(pd.DataFrame(turned.routes), pd.DataFrame(plan.routes))


def test_riders_without_a_road_for_buses_are_kept_and_told(tiny_plan):
    case, net, layout, _ = tiny_plan
    plan = plan_buses(case, net, replace(layout, assignment=riding(case, S5=3)))  # off the network
    assert plan.routes.empty
    assert plan.riders["route_id"].tolist() == ["", ""]
    assert np.isinf(plan.riders["trip_minutes"]).all()


def fleet(**kinds: tuple[object, object, object]) -> pd.DataFrame:
    rows = [(kind, "", *values) for kind, values in kinds.items()]
    return pd.DataFrame(rows, columns=["kind_id", "name", "seats", "number", "yearly_yuan"]).set_index("kind_id")


def test_a_smaller_cheaper_bus_is_used_where_it_will_do_and_never_raises_cost(tiny_plan):
    case, net, layout, stock = tiny_plan
    riders = replace(layout, assignment=riding(case, S1=10, S2=10, S3=10))
    large = ("large", (38, np.nan, 150_000.0))
    for small in ((34, np.nan, 90_000.0), (9, np.nan, 140_000.0), (20, np.nan, 40_000.0)):
        mixed = replace(case, county=replace(case.county, fleet=fleet(**dict([large, ("small", small)]))))
        plan = plan_buses(mixed, net, riders)
        assert plan.cost_yuan <= stock.cost_yuan
        assert (plan.routes["riders"] <= plan.routes["seats"]).all()
    thirty = replace(case, county=replace(case.county, fleet=fleet(large=large[1], small=(32, np.nan, 90_000.0))))
    assert set(plan_buses(thirty, net, riders).routes["seats"]) == {30}  # 32 people less driver and attendant: just enough


def test_a_fleet_that_is_too_small_is_told(tiny_plan):
    case, net, layout, _ = tiny_plan
    riders = replace(layout, assignment=riding(case, S1=10, S2=10, S3=10))
    few = fleet(large=(38, 0, np.nan))
    plan = plan_buses(replace(case, county=replace(case.county, fleet=few)), net, riders)
    notes = [note.text.en for note in note_buses("plan", riders, plan, few)]
    assert any("1 for 38 people are needed, there are 0" in note for note in notes)


@pytest.mark.parametrize(("people", "said"), [(2, "no seat is left"), (57, "more than 56")])
def test_buses_without_seats_or_beyond_the_law_are_refused(tiny_plan, people: int, said: str):
    case, net, layout, _ = tiny_plan
    broken = replace(case, county=replace(case.county, fleet=fleet(odd=(people, 1, np.nan), fine=(38, 1, np.nan))))
    with pytest.raises(InputError, match=said):
        plan_buses(broken, net, layout)


def test_a_school_with_a_bell_of_its_own_has_its_buses_then(tiny_plan):
    """C1 begins at 08:30 and ends at 15:00; P1 has no time of its own (NaN). Bell 30 600 s, at the gate ten minutes before."""
    case, net, layout, _ = tiny_plan
    hours = case.county.schools.assign(bell=[np.nan, np.nan], dismissal=[np.nan, np.nan])
    hours.loc["C1", ["bell", "dismissal"]] = [30_600.0, 54_000.0]
    own = replace(case, county=replace(case.county, schools=hours))
    riders = replace(layout, assignment=riding(case, S1=10, S2=10, S3=10))
    plan = plan_buses(own, net, riders)
    assert plan.routes.set_index("direction")["ends_s"][TO_SCHOOL] == 30_000.0
    assert plan.routes.set_index("direction")["starts_s"][FROM_SCHOOL] == 54_600.0
    assert check_buses(own.county, own.scenario, own.norms, riders, plan).agrees


@pytest.mark.parametrize("mode", ["school_bus", "board"])
def test_a_school_that_no_bus_road_reaches_keeps_its_riders_without_a_bus_and_says_so(tiny_plan, mode: str):
    case, net, layout, _ = tiny_plan
    cut_off = replace(net, driven=replace(net.driven, schools=net.driven.schools.only(net.driven.schools.place < 0)))
    riders = replace(layout, assignment=riding(case, S1=10, S2=10).assign(mode=mode))
    plan = plan_buses(case, cut_off, riders)
    assert plan.routes.empty
    assert plan.boarder_trips.empty
    if mode == "school_bus":
        assert plan.riders["pupils"].sum() == 40
        assert (plan.riders["route_id"] == "").all()
        assert any("20 pupils have no stop near" in note.text.en for note in note_buses("plan", riders, plan))
        check = check_buses(case.county, case.scenario, case.norms, riders, plan)
        assert len(check.faults["riders"]) == 4


def test_a_search_that_finds_nothing_still_gives_every_party_a_bus(tiny_plan, monkeypatch):
    from layout_planner.buses import plan as planning

    case, net, layout, honest = tiny_plan
    monkeypatch.setattr(planning, "route_school", lambda *_, **__: None)
    riders = replace(layout, assignment=riding(case, S1=10, S2=10, S3=10))
    plan = plan_buses(case, net, riders)
    assert len(plan.routes[plan.routes["direction"] == TO_SCHOOL]) == 3
    assert plan.cost_yuan >= honest.cost_yuan
    assert check_buses(case.county, case.scenario, case.norms, riders, plan).agrees


def test_a_search_in_vain_is_told_by_what_it_returns_and_not_by_a_warning():
    # One bus of 9 seats for three times 9 pupils: PyVRP warns on its way, which came out on the terminal of whoever ran the plan.
    assert route_school(line_bell([9, 9, 9], limit_s=400), [Vehicles(9, 1000, 1)], (), cost_per_m=1, rounds=2000, seed=1) is None
