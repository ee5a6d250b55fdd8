"""What holds of any school buses: one more bus never costs more, every rider is on exactly one bus, no ride is over its limit."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from layout_planner.buses.few import keeps_limits, merge_few
from layout_planner.buses.model import Bell, Vehicles
from layout_planner.buses.router import route_school
from layout_planner.buses.schedule import Base, Trip, roster_buses
from tests.test_buses import line_bell

BUS, HIRED = 1000, 5000  # what a bus of the county costs, and one that has to be hired


@st.composite
def duties(draw: st.DrawFn) -> tuple[list[Trip], np.ndarray, np.ndarray]:
    """Return up to five runs at any hours, metres between them, and metres from where the county's buses stand."""
    n = draw(st.integers(1, 5))
    begins = draw(st.lists(st.integers(0, 3000), min_size=n, max_size=n))
    trips = [Trip(600.0, 25_000.0 + at, 25_000.0 + at + 300) for at in begins]
    metres = st.integers(0, 900)
    between = np.array(draw(st.lists(metres, min_size=n * n, max_size=n * n)), dtype=float).reshape(n, n)
    return trips, between, np.array(draw(st.lists(metres, min_size=n, max_size=n)), dtype=float)


def cost_of(case: tuple[list[Trip], np.ndarray, np.ndarray], own: int) -> float:
    """Return what the roster of the runs costs with `own` buses of the county and as many hired ones as are needed."""
    trips, between, way = case
    bases = [Base(BUS, own, way), Base(HIRED, None, way)]
    turns = roster_buses(trips, between, between, bases=bases, cost_per_m=1, seed=1, early=False)
    assert sorted(turn.trip for turn in turns) == list(range(len(trips)))
    cost, before = 0.0, None
    for turn in turns:
        again = before is not None and before.bus == turn.bus
        cost += between[before.trip, turn.trip] if again else (BUS, HIRED)[turn.base] + way[turn.trip]
        before = turn
    assert len({turn.bus for turn in turns if turn.base == 0}) <= own
    return cost


@given(duties(), st.integers(0, 4))
@settings(max_examples=30, deadline=None)
def test_one_more_bus_never_raises_the_cost_of_the_same_runs(case, own: int):
    assert cost_of(case, own + 1) <= cost_of(case, own)


@st.composite
def riders(draw: st.DrawFn) -> tuple[Bell, list[int], int]:
    """Return a school with parties at up to six stops of a line, some of which may board at two, sizes of buses, least riders."""
    n = draw(st.integers(1, 6))
    pupils = draw(st.lists(st.integers(1, 12), min_size=n, max_size=n))
    bell = line_bell(pupils, limit_s=draw(st.integers(100 * n, 100 * n + 300)))
    board = np.array(draw(st.lists(st.integers(0, 20), min_size=n, max_size=n)), dtype=float)
    party = np.arange(n)
    if n > 1 and draw(st.booleans()):
        party[-1], pupils[-1] = 0, pupils[0]  # party 0 may board at the last stop too
    bell = replace(bell, party=party, pupils=np.array(pupils), board_s=board, earliest_s=bell.earliest_s - board)
    return bell, sorted(draw(st.sets(st.sampled_from([12, 18, 30]), min_size=1))), draw(st.integers(1, 10))


@given(riders())
@settings(max_examples=40, deadline=None)
def test_every_rider_is_on_one_bus_that_has_a_seat_for_him_and_keeps_his_limit(case):
    bell, sizes, least = case
    fleet = [Vehicles(seats, 1000 * seats, bell.choices) for seats in reversed(sizes)]
    runs = route_school(bell, fleet, (), cost_per_m=1.0, rounds=60, seed=1)
    assert runs is not None
    for found in (list(runs), merge_few(bell, runs, sizes, least)):
        aboard = Counter(int(bell.party[choice]) for run in found for choice in run.choices)
        assert aboard == Counter(set(bell.party.tolist()))
        assert all(bell.pupils[list(run.choices)].sum() <= run.seats for run in found)
        assert all(keeps_limits(bell, run) for run in found)


@given(riders())
@settings(max_examples=30, deadline=None)
def test_sharing_out_leaves_no_small_run_that_fits_elsewhere_and_adds_none(case):
    bell, sizes, least = case
    runs = route_school(bell, [Vehicles(sizes[0], 10, bell.choices)], (), cost_per_m=1.0, rounds=30, seed=1)
    assert runs is not None
    merged = merge_few(bell, runs, sizes, least)
    assert len(merged) <= len(runs)
    small = [sum(int(bell.pupils[list(run.choices)].sum()) < least for run in found) for found in (runs, merged)]
    assert small[1] <= small[0]
