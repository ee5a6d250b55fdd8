"""The classic location problems against every plan there is, tried one by one."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from layout_planner.location import (
    Limits,
    solve_capacitated_location,
    solve_capacitated_p_median,
    solve_facility_location,
    solve_p_median,
)
from layout_planner.location import engine as engine_module
from layout_planner.location.knapsack import take_whole
from layout_planner.location.whole import _best_exchange

SEEDS = st.integers(0, 10**6)


def open_sets(sites, least, most):
    return (list(s) for k in range(least, most + 1) for s in itertools.combinations(range(sites), k))


def nearest_value(cost, opening, sites):
    return cost[:, sites].min(axis=1).sum() + opening[sites].sum()


def split_value(cost, opening, demand, capacity, sites):
    clients, count = len(cost), len(sites)
    served = np.kron(np.eye(clients), np.ones(count))
    held = np.kron(demand, np.eye(count))
    costs = cost[:, sites].ravel()
    reached = np.isfinite(costs)
    found = linprog(
        np.where(reached, costs, 0),
        A_ub=held,
        b_ub=capacity[sites],
        A_eq=served,
        b_eq=np.ones(clients),
        bounds=[(0, float(r)) for r in reached],
    )
    return found.fun + opening[sites].sum() if found.status == 0 else np.inf


def whole_value(cost, opening, demand, capacity, sites):
    best = np.inf
    for place in itertools.product(range(len(sites)), repeat=len(cost)):
        held = np.bincount(place, demand, minlength=len(sites))
        if (held <= capacity[sites]).all():
            best = min(best, cost[np.arange(len(cost)), np.array(sites)[list(place)]].sum())
    return best + opening[sites].sum()


def draw(seed, clients=5, sites=4, *, whole_numbers=True):
    rng = np.random.default_rng(seed)
    cost = rng.integers(0, 30, (clients, sites)).astype(float) if whole_numbers else rng.random((clients, sites)) * 30
    opening = rng.integers(0, 25, sites).astype(float)
    demand = rng.integers(1, 9, clients).astype(float)
    capacity = rng.integers(10, 25, sites).astype(float)
    return cost, opening, demand, capacity


def check(found, best, *, exact=True):
    """Bound, optimum and value stand in this order, and touch where the problem is always solved to the end."""
    slack = 1e-6 * max(1.0, abs(best)) if np.isfinite(best) else 0.0
    assert found.bound <= best + slack
    assert best <= found.value + slack
    if exact and np.isfinite(best):
        assert found.value == pytest.approx(best, rel=2e-6)
        assert found.proven
    assert found.gap == pytest.approx(0.0, abs=2e-6) or not found.proven or np.isinf(best)


def priced_again(found, cost, opening):
    """Return what the answer's own shares and sites cost."""
    shares = found.shares.toarray()
    assert shares.sum(axis=1) == pytest.approx(np.ones(len(cost)))
    assert set(np.flatnonzero(shares.sum(axis=0))) <= set(found.open.tolist())
    assert (shares[np.arange(len(cost)), found.assignment] == shares.max(axis=1)).all()
    return (shares * np.where(shares > 0, cost, 0)).sum() + opening[found.open].sum()


def test_by_hand():
    # Four villages on a road at 0, 1, 2 and 10 km, each a possible site. One school: at 1 (1+0+1+9 = 11; at 2 it is 2+1+0+8 = 11).
    # Two: at 1 and 10 (1+0+1+0 = 2). With 5 pupils in the village at 2 km one school stands there: 2+1+0+8 = 11, at 1 it is 1+0+5+9 = 15.
    place = np.array([0.0, 1.0, 2.0, 10.0])
    dist = np.abs(place[:, None] - place)
    assert solve_p_median(dist, 1).value == 11
    two = solve_p_median(dist, 2)
    assert (two.value, two.bound, two.gap, two.proven, two.ended) == (2.0, 2.0, 0.0, True, "done")
    assert two.open.tolist() == [1, 3]
    assert two.assignment.tolist() == [1, 1, 1, 3]
    heavy = solve_p_median(dist, 1, weights=[1, 1, 5, 1])
    assert (heavy.open.tolist(), heavy.value) == ([2], 11.0)
    # Opening costs 3: sites at 1 and 10 cost 6 + 2 = 8; one site 3 + 11; three 9 + 1.
    assert solve_facility_location(dist, np.full(4, 3.0)).value == 8
    # A school holds two villages: {0, 1} and {2, 10}, 1 + 8 = 9 + 6 for opening; three schools: 9 + 1 = 10, which is less.
    full = solve_capacitated_location(dist, np.full(4, 3.0), np.ones(4), np.full(4, 2.0))
    assert full.value == pytest.approx(10)
    assert solve_capacitated_p_median(dist, 2, np.ones(4), np.full(4, 2.0)).value == 9


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(1, 4), st.booleans(), st.booleans())
def test_p_median_is_the_best_of_all(seed, p, weighted, whole_numbers):
    cost, _, demand, _ = draw(seed, whole_numbers=whole_numbers)
    weights = demand if weighted else np.ones(len(cost))
    best = min(nearest_value(cost * weights[:, None], np.zeros(4), s) for s in open_sets(4, p, p))
    found = solve_p_median(cost, p, weights if weighted else None)
    check(found, best)
    assert len(found.open) == p
    assert priced_again(found, cost * weights[:, None], np.zeros(4)) == pytest.approx(found.value)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.booleans(), st.booleans())
def test_facility_location_is_the_best_of_all(seed, whole_numbers, gifts):
    cost, opening, _, _ = draw(seed, whole_numbers=whole_numbers)
    opening -= 10 * gifts
    found = solve_facility_location(cost, opening)
    check(found, min(nearest_value(cost, opening, s) for s in open_sets(4, 1, 4)))
    assert priced_again(found, cost, opening) == pytest.approx(found.value)


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.booleans())
def test_capacitated_location_is_the_best_of_all(seed, big):
    cost, opening, demand, capacity = draw(seed)
    saved = engine_module.MOST_PAIRS
    engine_module.MOST_PAIRS = 0 if big else saved  # the tree, as for large questions
    try:
        found = solve_capacitated_location(cost, opening, demand, capacity)
    finally:
        engine_module.MOST_PAIRS = saved
    check(found, min(split_value(cost, opening, demand, capacity, s) for s in open_sets(4, 1, 4)))
    assert priced_again(found, cost, opening) == pytest.approx(found.value)
    assert (demand @ found.shares.toarray() <= capacity + 1e-6).all()


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.booleans())
def test_whole_clients_are_the_best_of_all(seed, big):
    cost, opening, demand, capacity = draw(seed, clients=5, sites=3)
    if demand.sum() > capacity.sum():
        return
    best = min(whole_value(cost, opening, demand, capacity, s) for s in open_sets(3, 1, 3))
    saved = engine_module.MOST_PAIRS
    engine_module.MOST_PAIRS = 0 if big else saved
    try:
        found = solve_capacitated_location(cost, opening, demand, capacity, whole=True)
    finally:
        engine_module.MOST_PAIRS = saved
    check(found, best, exact=not big)
    assert not np.isinf(best) or found.value == np.inf
    if np.isfinite(found.value):
        assert priced_again(found, cost, opening) == pytest.approx(found.value)
        assert set(found.shares.data) == {1.0}
        assert (np.bincount(found.assignment, demand, minlength=3) <= capacity + 1e-6).all()


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.integers(2, 3), st.booleans())
def test_capacitated_p_median_is_the_best_of_all(seed, p, whole):
    cost, _, demand, capacity = draw(seed, clients=5, sites=3)
    nothing, price = np.zeros(3), whole_value if whole else split_value
    if demand.sum() > np.sort(capacity)[-p:].sum():
        return
    best = min(price(cost, nothing, demand, capacity, s) for s in open_sets(3, p, p))
    found = solve_capacitated_p_median(cost, p, demand, capacity, whole=whole)
    check(found, best)
    assert np.isinf(best) == (found.ended == "impossible")


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_unequal_sites_are_the_best_of_all(seed):
    # Few large sites among small ones: many sets of p sites hold too little, whatever the distances say.
    cost, _, demand, _ = draw(seed, clients=5, sites=4)
    capacity = np.array([demand.sum(), demand.max(), 3.0, 0.0])
    for whole, price in ((False, split_value), (True, whole_value)):
        best = min(price(cost, np.zeros(4), demand, capacity, s) for s in open_sets(4, 2, 2))
        check(solve_capacitated_p_median(cost, 2, demand, capacity, whole=whole), best)


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_places_out_of_reach_serve_nobody(seed):
    cost, opening, demand, _ = draw(seed)
    cost[np.random.default_rng(seed + 1).random(cost.shape) < 0.4] = np.inf
    cost[:, 0] = np.where(np.isfinite(cost).any(axis=1), cost[:, 0], 5.0)
    capacity = np.full(4, demand.sum())
    best = min(nearest_value(cost, opening, s) for s in open_sets(4, 1, 4))
    check(solve_facility_location(cost, opening), best)
    check(solve_capacitated_location(cost, opening, demand, capacity), best)
    one = min(nearest_value(cost, np.zeros(4), s) for s in open_sets(4, 1, 1))
    found = solve_p_median(cost, 1)
    check(found, one)
    assert (found.ended == "impossible") == np.isinf(one)
    assert not np.isinf(one) or (found.assignment == -1).all()


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_the_order_of_rows_and_columns_never_matters(seed):
    cost, opening, demand, capacity = draw(seed, 7, 5)
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(7), rng.permutation(5)
    turned = cost[rows][:, columns]
    assert solve_p_median(turned, 2).value == solve_p_median(cost, 2).value
    assert solve_facility_location(turned, opening[columns]).value == solve_facility_location(cost, opening).value
    plain = solve_capacitated_location(cost, opening, demand, capacity)
    mixed = solve_capacitated_location(turned, opening[columns], demand[rows], capacity[columns])
    assert mixed.value == pytest.approx(plain.value, rel=2e-6)


def hard(clients=60, sites=40):
    rng = np.random.default_rng(7)
    places = rng.random((clients, 2))
    return np.rint(1000 * np.linalg.norm(places[:, None] - places[None, :sites], axis=2)), rng


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_the_best_exchange_is_found(seed):
    rng = np.random.default_rng(seed)
    cost, demand, place = rng.random((8, 3)), rng.integers(1, 5, 8).astype(float), rng.integers(0, 3, 8)
    left = rng.integers(0, 3, 3).astype(float)
    saved = {
        (one, other): cost[one, place[one]] + cost[other, place[other]] - cost[one, place[other]] - cost[other, place[one]]
        for one, other in itertools.permutations(range(8), 2)
        if left[place[other]] + demand[other] >= demand[one] and left[place[one]] + demand[one] >= demand[other]
    }
    found = _best_exchange(cost, demand, left, place, 1e-9)
    most = max(saved.values(), default=0.0)
    assert (found is None) == (most <= 1e-9)
    assert found is None or saved[found] == pytest.approx(most)


def test_the_same_question_gets_the_same_answer():
    dist, _ = hard()
    one, other = solve_p_median(dist, 5), solve_p_median(dist, 5)
    assert one.open.tolist() == other.open.tolist()
    assert (one.value, one.bound, one.steps, one.parts) == (other.value, other.bound, other.steps, other.parts)
    assert one.seed == 0
    assert set(one.versions) == {"python", "numpy", "scipy", "highspy"}


QUESTIONS = {
    "p-median": lambda dist, _, limits: solve_p_median(dist, 6, limits=limits),
    "facilities": lambda dist, _, limits: solve_facility_location(dist, np.full(40, 400.0), limits=limits),
    "capacities": lambda dist, demand, limits: solve_capacitated_location(
        dist, np.full(40, 400.0), demand, np.full(40, demand.sum() / 4), limits=limits
    ),
    "whole": lambda dist, demand, limits: solve_capacitated_p_median(dist, 6, demand, np.full(40, demand.sum() / 5), limits=limits),
}


@pytest.mark.parametrize("kind", QUESTIONS)
def test_a_limit_leaves_the_best_plan_so_far_and_its_gap(kind):
    dist, rng = hard()
    demand = rng.integers(1, 20, 60).astype(float)
    found = QUESTIONS[kind](dist, demand, Limits(time_limit_s=1e-9))
    assert found.ended == "time"
    assert np.isfinite(found.value)
    assert 0 < found.gap < np.inf
    assert not found.proven
    assert found.steps == 1


@pytest.mark.parametrize("kind", QUESTIONS)
@pytest.mark.parametrize("at", [2, 5, 40])
def test_ctrl_c_leaves_the_best_plan_so_far_and_its_gap(kind, at, monkeypatch):
    dist, rng = hard()
    demand = rng.integers(1, 20, 60).astype(float)
    best = QUESTIONS[kind](dist, demand, Limits(time_limit_s=20))
    calls = []
    solve_part = engine_module.Tree._settle if at == 2 else engine_module._Search.offer

    def interrupted(self, *arguments):
        calls.append(1)
        if len(calls) == (1 if at == 2 else at):
            raise KeyboardInterrupt
        return solve_part(self, *arguments)

    monkeypatch.setattr(*((engine_module.Tree, "_settle") if at == 2 else (engine_module._Search, "offer")), interrupted)
    found = QUESTIONS[kind](dist, demand, Limits())
    if len(calls) < (1 if at == 2 else at):
        assert found.proven  # done before
        return
    assert found.ended == "interrupted"
    assert found.bound <= best.value * (1 + 1e-9)
    assert found.value >= best.bound * (1 - 1e-9)
    assert np.isfinite(found.value)


GOOD = {"dist": [[0.0, 3.0], [4.0, 1.0]], "demand": [1.0, 1.0], "capacity": [2.0, 2.0], "opening": [1.0, 1.0]}


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: solve_p_median([[0.0, np.nan]], 1), "dist: expected numbers from 0 (inf where out of reach), got nan at client 0, site 1"),
        (lambda: solve_p_median([[0.0, -1.0]], 1), "got -1.0 at client 0, site 1"),
        (lambda: solve_p_median([1.0, 2.0], 1), "dist: expected a table of clients by sites, got shape (2,)"),
        (lambda: solve_p_median(np.empty((0, 2)), 1), "got shape (0, 2)"),
        (lambda: solve_p_median(GOOD["dist"], 3), "p: expected a whole number from 1 to 2, the number of sites; got 3"),
        (lambda: solve_p_median(GOOD["dist"], 0), "got 0"),
        (lambda: solve_p_median(GOOD["dist"], 1.5), "got 1.5"),
        (lambda: solve_p_median(GOOD["dist"], 1, [1.0]), "weights: expected 2 numbers, got shape (1,)"),
        (lambda: solve_p_median(GOOD["dist"], 1, [1.0, -2.0]), "weights: expected finite numbers from 0, got -2.0 at place 1"),
        (lambda: solve_p_median([[np.inf, np.inf], [0, 1]], 1), "client 0 can be served by no site"),
        (lambda: solve_facility_location(GOOD["dist"], [1.0, np.inf]), "opening: expected finite numbers, got inf at place 1"),
        (lambda: solve_capacitated_location(GOOD["dist"], [1, 1], [3, 3], [2, 2]), "the 2 largest sites hold 4, the clients need 6"),
        (lambda: solve_capacitated_p_median(GOOD["dist"], 1, [1, 2], [2, 2]), "the 1 largest sites hold 2, the clients need 3"),
        (
            lambda: solve_capacitated_location(GOOD["dist"], [1, 1], [1, 3], [2, 2], whole=True),
            "client 1 needs 3, no site holds more than 2",
        ),
        (lambda: Limits(gap=1.0), "gap: expected a share from 0 to below 1, got 1.0"),
        (lambda: Limits(time_limit_s=np.nan), "time_limit_s: expected seconds above 0, got nan"),
    ],
)
def test_bad_questions_are_refused_in_words(ask, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        ask()


def test_who_weighs_nothing_need_not_be_reached():
    found = solve_p_median([[np.inf, np.inf], [0.0, 2.0]], 1, [0.0, 1.0])
    assert (found.value, found.open.tolist()) == (0.0, [0])


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_whole_takings_are_the_best_that_fit(seed):
    rng = np.random.default_rng(seed)
    site, room = np.sort(rng.integers(0, 3, 9)), rng.integers(0, 12, 3)
    saved, needs = -rng.random(9), rng.integers(1, 6, 9)
    order = np.lexsort((saved / needs, site))
    site, saved, needs = site[order], saved[order], needs[order]
    taken = take_whole(site, saved, needs, room)
    for j in range(3):
        mine = np.flatnonzero(site == j)
        sums = [
            saved[list(some)].sum()
            for size in range(len(mine) + 1)
            for some in itertools.combinations(mine.tolist(), size)
            if needs[list(some)].sum() <= room[j]
        ]
        assert needs[mine[taken[mine]]].sum() <= room[j]
        assert saved[mine[taken[mine]]].sum() == pytest.approx(min(sums))
