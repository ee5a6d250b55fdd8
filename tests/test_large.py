"""The way of large counties, on counties so small that the general way or brute force tells what is best."""

from __future__ import annotations

import importlib
import itertools
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from layout_planner.errors import NoPlanError
from layout_planner.plan import solve as solving
from layout_planner.plan.arrays import Arrays, Step
from layout_planner.plan.cuts import _step_cut
from layout_planner.plan.improve import Effort, improve_plan, tighten_bound
from layout_planner.plan.layout import widest_gap
from layout_planner.plan.regions import draw_borders, part_sites
from layout_planner.plan.safest import binds_the_county, county_rows
from tests.test_plan_properties import COUNTIES, QUICK, brute_force, draw_minutes, make_case, solve

EFFORT = Effort(0.0, 10_000, 7, float("inf"))


def search_by_region(monkeypatch):
    """Let everything be searched region by region, and return the list of what those searches find."""
    found = []
    plain = solving.search_large

    def told(*given):
        found.append(plain(*given))
        return found[-1]

    monkeypatch.setattr(solving, "LARGE_FROM", 0)
    monkeypatch.setattr(solving, "search_large", told)
    return found


@pytest.fixture
def always_by_region(monkeypatch):
    return search_by_region(monkeypatch)


def solve_both(case):
    """Return what the general way and the way of large counties find."""
    kept = solving.LARGE_FROM
    try:
        solving.LARGE_FROM = 10**9
        (_, exact), today = solve(case)
        solving.LARGE_FROM = 0
        (layout, by_region), _ = solve(case)
    finally:
        solving.LARGE_FROM = kept
    return exact, by_region, layout, today


@settings(QUICK, max_examples=12)
@given(COUNTIES, st.sampled_from(["expected", "slow", "bad_days", "worst"]))
def test_bound_is_below_the_best_plan_and_the_best_below_what_is_found(county, judge):
    pupils, seats, random = county
    minutes = draw_minutes(random, len(pupils), len(seats))
    flooded = np.array([[random.random() < 0.3 for _ in seats] for _ in pupils])
    plan = {"may_close": "all", "move": "all", "judge": judge}
    exact, found, layout, today = solve_both(make_case(pupils, seats, minutes, flooded=flooded, **plan))
    assert found.terms["harmed"] == pytest.approx(exact.terms["harmed"], abs=1e-4)
    assert found.terms["at_risk_weighted"] == pytest.approx(exact.terms["at_risk_weighted"], abs=1e-3)
    assert found.bound <= exact.objective + 1
    assert exact.objective <= found.objective + 1
    assert layout.assignment.groupby("settlement_id")["pupils"].sum().to_dict() == {f"S{k}": n for k, n in enumerate(pupils)}
    assert not (layout.sites["pupils"] > np.maximum(layout.sites["seats"], today.sites["pupils"])).any()
    # settlements that go as a whole are some of the plans: none of them beats the bound
    room = [max(np.inf if s is None else s, today.sites["pupils"].iloc[j]) for j, s in enumerate(seats)]
    harm, risk, yuan = brute_force(pupils, room, minutes, list(today.sites["pupils"] > today.sites["seats"]), judge, flooded)
    if harm <= 1e-4 and risk <= found.terms["at_risk_weighted"] + 1e-3:
        assert found.bound <= yuan + 1


def test_two_near_schools_become_one_by_the_way_of_large_counties(always_by_region):
    # Both schools are near everybody, on a slow day too. One open: 60,000 + 3 classes * 1.9 * 90,000 + 650 * 100 = 638,000.
    minutes = np.array([[3.0, 12], [12, 3], [3, 12]])
    (layout, solved), _ = solve(make_case([20, 30, 10], [None, None], minutes, may_close="all", move="all"))
    assert always_by_region[0] is not None
    assert solved.objective == pytest.approx(638_000)
    assert solved.bound == pytest.approx(638_000)
    assert sorted(layout.sites["form"]) == ["closed", "teaching_point"]


def test_the_same_county_gives_the_same_layout_twice(always_by_region):
    minutes = np.array([[12.0, 31, 20], [45, 12, 29], [3, 90, 30], [20, 20, 20]])
    case = make_case([30, 44, 12, 60], [50, 80, None], minutes, may_close="all", move="all")
    (first, _), _ = solve(case)
    (second, _), _ = solve(case)
    assert always_by_region[0] is not None
    assert first.assignment.equals(second.assignment)
    assert first.sites.equals(second.sites)


def test_today_is_the_plan_where_time_left_no_other(monkeypatch):
    def too_late(*_given, **_more):
        raise solving.out_of_time()

    monkeypatch.setattr(solving, "prepare", too_late)
    case = make_case([20, 30], [None, None], np.array([[3.0, 12], [12, 3]]), may_close="all", move="all")
    (layout, solved), today = solve(case)
    assert layout is today
    assert (solved.bound, solved.gap) == (0.0, 1.0)
    closing = make_case([20, 30], [None, None], np.array([[3.0, 12], [12, 3]]), close=["P0"], move="all")
    with pytest.raises(NoPlanError):  # today is none of the plans that close P0
        solve(closing)


@given(
    st.lists(st.tuples(st.integers(1, 30), st.floats(0, 1)), min_size=1, max_size=5), st.integers(2, 20), st.floats(0.1, 3.9), st.booleans()
)
def test_no_whole_plan_breaks_a_step_cut(groups, size, steps, may_close):
    most, shares = (np.array(column, dtype=float) for column in zip(*groups, strict=True))
    count = len(groups)
    x = np.concatenate([most * shares, [steps], [1.0]])  # pupils by group, steps, open share
    step = Step(count, size, 0, np.array([count + 1]) if may_close else None, np.arange(count), np.arange(count), most)
    cut = _step_cut(step, x)
    if cut is None:
        return
    assert cut.weights @ x[cut.columns] > cut.most
    for whole in range(6):
        for chosen in itertools.product([0, 1], repeat=count):  # extreme points: all groups full or empty, but the last that fits
            left, goes = size * whole, np.zeros(count)
            for k in np.flatnonzero(chosen):
                goes[k] = min(most[k], left)
                left -= goes[k]
            plan = np.concatenate([goes, [whole], [1.0]])
            assert cut.weights @ plan[cut.columns] <= cut.most + 1e-6
    closed = np.zeros(count + 2)
    if may_close:
        assert cut.weights @ closed[cut.columns] <= cut.most + 1e-6


def make_township():
    """Return the smallest county of the series, its checker, and the bound and the best plan of the general way."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
    bench, series = importlib.import_module("bench_county"), importlib.import_module("county_series")
    sys.path.pop(0)
    problem = series.make_problem(series.SIZES["township"])
    exact = solving.optimise_layout(problem.case, problem.options, problem.today)[1]
    return problem, bench.check_plan, exact


@pytest.fixture(scope="module")
def township():
    return make_township()


def hold_against_checker(township, layout, solved):
    """Hold a plan of the township against its checker, and its bound against what is proven of the best plan."""
    problem, check_plan, exact = township
    faults, cost, risk = check_plan(problem, layout.sites.reset_index(), layout.assignment)
    assert faults == []
    assert cost == pytest.approx(solved.objective, abs=1)
    assert risk == pytest.approx(solved.terms["at_risk_weighted"], rel=1e-6, abs=1e-3)
    assert solved.gap >= 1 - solved.bound / solved.objective - 1e-9
    assert solved.terms["harmed"] <= 1e-4
    if solved.terms["at_risk_weighted"] <= exact.terms["at_risk_weighted"] + 1e-3:
        assert solved.bound <= exact.objective + 1
        assert exact.bound <= solved.objective + 1


def test_a_county_of_the_series_is_the_same_in_whatever_blocks_it_is_measured(township, monkeypatch):
    problem, *_ = township
    series = sys.modules["county_series"]
    monkeypatch.setattr(series, "BLOCK", 7)  # the 60 settlements in nine blocks
    monkeypatch.setattr(series, "FEW_PAIRS", 0)  # and without the table of all pairs
    again = series.make_problem(series.SIZES["township"])
    assert again.options.equals(problem.options)
    assert again.today.assignment.equals(problem.today.assignment)
    assert again.today.sites.equals(problem.today.sites)
    assert again.case.county.schools.drop(columns="geometry").equals(problem.case.county.schools.drop(columns="geometry"))
    assert len(again.case.travel.settlements) == 0
    found = solving.optimise_layout(again.case, again.options, again.today)[1]  # nothing of the search needs that table
    assert found.objective == pytest.approx(solving.optimise_layout(problem.case, problem.options, problem.today)[1].objective)


@pytest.mark.parametrize("limit_s", [0.01, 4, 20])
def test_whatever_the_time_limit_the_plan_is_one_and_its_gap_is_honest(limit_s, township, monkeypatch):
    problem = township[0]
    monkeypatch.setattr(solving, "LARGE_FROM", 0)
    solver = problem.case.scenario.solver.model_copy(update={"time_limit_s": limit_s})
    case = replace(problem.case, scenario=problem.case.scenario.model_copy(update={"solver": solver}))
    hold_against_checker(township, *solving.optimise_layout(case, problem.options, problem.today))


@pytest.mark.parametrize("buses", [0, 1, 2])
def test_a_county_whose_money_runs_short_is_searched_region_by_region(buses, township, monkeypatch):
    # 300,000 yuan a bus. Of buses in shares the relaxation needs less than a whole one for the same risk, so no whole plan has its least.
    plain, *_ = township
    plan = plain.case.scenario.plan.model_copy(update={"capital_yuan": 300_000.0 * buses})
    case = replace(plain.case, scenario=plain.case.scenario.model_copy(update={"plan": plan}))
    exact = solving.optimise_layout(case, plain.options, plain.today)[1]
    found = search_by_region(monkeypatch)
    layout, solved = solving.optimise_layout(case, plain.options, plain.today)
    assert found[0] is not None
    assert solved.terms["capital_yuan"] <= 300_000 * buses
    assert solved.terms["harmed"] <= 1e-4
    assert solved.terms["at_risk_bound"] <= exact.terms["at_risk_weighted"] + 1e-3
    assert solved.terms["at_risk_weighted"] == pytest.approx(exact.terms["at_risk_weighted"], abs=0.1)
    if exact.terms["at_risk_weighted"] <= solved.terms["at_risk_bound"] + 1e-3:
        assert solved.bound <= exact.objective + 1
    else:  # whole pupils are riskier than shares, and cheaper than the bound of the safe: that is a gap
        assert solved.gap >= 1 - solved.terms["at_risk_bound"] / solved.terms["at_risk_weighted"] - 1e-9 > 0
    assert int(layout.sites["buses"].sum()) <= int(plain.case.county.schools["buses"].sum()) + buses


@settings(QUICK, max_examples=12)
@given(COUNTIES, st.sampled_from([0.7, 0.9, 0.97, 1.0]))
def test_a_budget_that_binds_is_kept_wherever_the_general_way_keeps_it(county, share):
    pupils, seats, random = county
    minutes = draw_minutes(random, len(pupils), len(seats))
    plan = {"may_close": "all", "move": "all"}
    today = solve(make_case(pupils, seats, minutes, **plan))[1]
    budget = share * float(today.sites["cost_yuan"].sum() + today.assignment["cost_yuan"].sum())
    case = make_case(pupils, seats, minutes, budget_yuan=budget, **plan)
    try:
        exact, found, *_ = solve_both(case)
    except NoPlanError:
        return
    assert found.terms["cost_yuan"] <= budget + 1
    assert found.terms["harmed"] == pytest.approx(exact.terms["harmed"], abs=1e-4)
    assert found.terms["at_risk_bound"] <= exact.terms["at_risk_weighted"] + 1e-3
    assert found.terms["at_risk_weighted"] >= exact.terms["at_risk_bound"] - 1e-3
    if exact.terms["at_risk_weighted"] <= found.terms["at_risk_weighted"] + 1e-3:
        assert found.bound <= exact.objective + 1


def test_a_plan_that_is_cheap_because_it_is_risky_has_no_gap_of_nothing():
    # whole pupils: 15.2 at risk where shares proved that 15.0 can be, and cheaper than any plan of 15.0
    assert widest_gap([(990.0, 1000.0), (15.2, 15.0)]) == pytest.approx(0.2 / 15.2)
    assert widest_gap([(1010.0, 1000.0), (15.0, 15.0)]) == pytest.approx(10 / 1010)
    assert widest_gap([(1000.0, 1000.0), (0.0, 0.0)]) == 0.0


def small_program(seed: int) -> tuple[Arrays, np.ndarray, np.ndarray]:
    """Return six whole columns of two sites and three rows, one of them of both sites, with a plan."""
    rng = np.random.default_rng(seed)
    cost, rows = rng.integers(1, 20, 6).astype(float), rng.integers(0, 6, (3, 6)).astype(float)
    rows[0, 3:] = 0
    rows[1, :3] = 0
    x = np.full(6, 2.0)
    low = np.floor(rows @ x * 0.7)
    return (
        Arrays(cost, 0.0, np.zeros(6), np.full(6, 3.0), np.ones(6, dtype=bool), sp.csr_matrix(rows), low, np.full(3, np.inf)),
        np.array([0, 0, 0, 1, 1, 1]),
        x,
    )


@pytest.mark.parametrize("seed", range(12))
def test_regions_give_a_plan_and_a_bound_of_the_whole(seed):
    arrays, site_of, x = small_program(seed)
    plans = [np.array(plan, dtype=float) for plan in itertools.product(range(4), repeat=6)]
    best = min(arrays.price(plan) for plan in plans if arrays.holds(plan, 1e-9))
    borders = draw_borders(arrays, site_of, np.array([0, 1]))
    better = improve_plan(arrays, borders, x, np.zeros(6), np.inf, EFFORT)
    assert arrays.holds(better, 1e-6)
    assert best - 1e-6 <= arrays.price(better) <= arrays.price(x)
    for price in (0.0, 0.7, 2.0, -1.0):  # any price gives a bound; one of the wrong sign counts for nothing
        assert tighten_bound(arrays, borders, np.zeros(6), np.full(3, price), EFFORT) <= best + 1e-6


def test_a_row_of_the_county_decides_about_several_sites():
    # six whole columns, three of either site: a row of both, one of the first, one of the second; then both again in shares of pupils
    arrays, site_of, _ = small_program(0)
    rows = sp.csr_matrix([[1, 0, 0, 2, 0, 0], [1, 2, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1]])
    arrays = replace(arrays, rows=rows, row_low=np.full(3, -np.inf), row_high=np.full(3, 4.0))
    assert county_rows(arrays, site_of).tolist() == [True, False, False]
    assert county_rows(replace(arrays, whole=np.array([True] * 3 + [False] * 3)), site_of).tolist() == [False] * 3
    to_the_full = replace(arrays, row_low=np.array([4.0, -np.inf, -np.inf]))
    assert binds_the_county(arrays, to_the_full, site_of)
    assert not binds_the_county(arrays, replace(arrays, row_low=np.array([-np.inf, 4.0, 4.0])), site_of)
    counted = replace(arrays, rows=sp.csr_matrix([[1, 0, 0, 1, 0, 0], [1, 2, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1]]))
    assert not binds_the_county(counted, replace(counted, row_low=to_the_full.row_low), site_of)  # four things are four in whole plans too


def test_every_site_is_in_one_region_whatever_the_order():
    rng = np.random.default_rng(3)
    xy, load = rng.uniform(0, 100, (40, 2)), rng.integers(1, 9, 40).astype(float)
    region = part_sites(xy, load, 30.0)
    assert sorted(set(region)) == list(range(region.max() + 1))
    assert all(load[region == k].sum() <= 30 for k in range(region.max() + 1))
    order = rng.permutation(40)
    again = part_sites(xy[order], load[order], 30.0)
    assert {tuple(sorted(order[again == k])) for k in set(again)} == {tuple(sorted(np.flatnonzero(region == k))) for k in set(region)}
    assert len(set(part_sites(xy, load, 30.0, 1 / 3))) > 1


def test_a_plan_that_breaks_a_row_does_not_hold():
    arrays, _, x = small_program(0)
    assert arrays.holds(x, 1e-9)
    assert not arrays.holds(np.zeros(6), 1e-9)
    assert not replace(arrays, high=np.ones(6)).holds(x, 1e-9)
