"""Frontiers and forced closings of large counties, on a county so small that the general way proves what is best."""

from __future__ import annotations

import importlib
import itertools
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from layout_planner.errors import NoPlanError
from layout_planner.plan import solve as solving
from layout_planner.plan.axes import measure_axis
from layout_planner.plan.frontier import trace_frontier
from layout_planner.plan.frontier_large import Found, share_plans
from layout_planner.plan.frontier_pairs import trace_pair
from layout_planner.plan.layout import Layout, Solved
from layout_planner.plan.linear import Stage
from layout_planner.plan.present import present_layout
from tests.test_frontier_pairs import SIGN, boarding_case
from tests.test_large import search_by_region, solve_both
from tests.test_plan_properties import COUNTIES, QUICK, draw_minutes, make_case, solve
from tests.test_repair import options_of

POINTS = 3


@pytest.fixture(scope="module")
def township():
    """Return the smallest county of the series."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
    series = importlib.import_module("county_series")
    sys.path.pop(0)
    problem = series.make_problem(series.SIZES["township"])
    # so wide a gap is reached long before the time is up, on a busy machine too
    solver = problem.case.scenario.solver.model_copy(update={"gap": 0.02, "time_limit_s": 300})
    return replace(problem, case=replace(problem.case, scenario=problem.case.scenario.model_copy(update={"solver": solver})))


@pytest.fixture
def by_region(monkeypatch):
    return search_by_region(monkeypatch)


def found_of(bound: float | None, kept: int, yuan: float, least: float) -> Found:
    sites = pd.DataFrame({"form": ["primary"] * kept, "new_beds": 0, "cost_yuan": yuan / kept})
    trips = pd.DataFrame({"mode": [], "seconds": [], "cost_yuan": []})
    solved = Solved("best found", yuan, least, 1 - least / yuan, 0.0, 7, {}, {})
    return Found(bound, Stage(yuan, least, 1 - least / yuan, optimal=False), Layout(sites, trips), solved)


def test_every_bound_has_the_best_plan_within_it_and_the_best_proof():
    # The search of at least 4 found a cheaper plan than the one without a bound, and that one's proof was the best of the looser three.
    found = [found_of(None, 2, 110.0, 95.0), found_of(3, 3, 120.0, 90.0), found_of(4, 4, 105.0, 100.0), found_of(5, 5, 130.0, 99.0)]
    shared = share_plans(found, ("kept", "yuan"))
    assert [each.layout is found[k].layout for each, k in zip(shared, (2, 2, 2, 3), strict=True)] == [True] * 4
    assert [(each.goal.value, each.goal.bound) for each in shared] == [(105, 95), (105, 95), (105, 100), (130, 100)]
    assert [each.solved.bound for each in shared] == [95, 95, 100, 100]
    assert [each.solved.gap for each in shared] == pytest.approx([10 / 105, 10 / 105, 5 / 105, 30 / 130])


def counted(case, options, today, pair, monkeypatch):
    """Return the points found region by region, and those of the general search."""
    mine = list(trace_pair(case, options, today, pair, POINTS, lambda _: None))
    monkeypatch.setattr(solving, "LARGE_FROM", 10**9)
    exact = list(trace_pair(case, options, today, pair, POINTS, lambda _: None))
    monkeypatch.setattr(solving, "LARGE_FROM", 0)
    return mine, exact


@pytest.mark.usefixtures("by_region")
def test_a_bound_that_leaves_no_plan_quite_as_safe_has_one_that_is_less_safe_by_a_trifle():
    # 5,000 walk 200 minutes of 60, each weighing 10/3, but two who have beds; without those 20/3 more of 16,660: less than a thousandth.
    case = boarding_case([5_000, 2], np.array([[200.0], [3.0]]))
    plan = case.scenario.plan.model_copy(update={"keep_settlements_whole": False, "max_new_beds": 2})
    case = replace(case, scenario=case.scenario.model_copy(update={"plan": plan}))
    points = list(trace_pair(case, options_of(case), present_layout(case), ("beds", "yuan"), 2, lambda _: None))
    assert [(point.asked, measure_axis(point.layout, "beds")) for point in points] == [(None, 2), (0, 0)]
    risk = [point.solved.terms["at_risk_weighted"] for point in points]
    assert risk == pytest.approx([4_998 * 10 / 3, 5_000 * 10 / 3])
    assert all(point.gap == pytest.approx(1 - point.goal_bound / measure_axis(point.layout, "yuan"), abs=1e-6) for point in points)


PAIRS = [("minutes", "kept"), ("minutes", "beds"), ("kept", "beds"), ("kept", "yuan"), ("beds", "yuan"), ("minutes", "yuan")]


def is_looser(one, other, axis):
    """Tell whether whatever keeps the bound of `other` keeps that of `one`."""
    return one.asked is None or (other.asked is not None and SIGN.get(axis, 1.0) * other.asked <= SIGN.get(axis, 1.0) * one.asked + 1e-3)


def hold_against(mine, exact, pair):
    """Assert that plans keep their bounds, and that neither way proves what the other's plans disprove."""
    sign, goal_sign = (SIGN.get(axis, 1.0) for axis in pair)
    for point in mine:
        reached = measure_axis(point.layout, pair[1])
        assert point.asked is None or sign * measure_axis(point.layout, pair[0]) <= sign * point.asked + 1e-3
        slack = 1.0 if pair[1] == "yuan" else 1e-6
        assert goal_sign * point.goal_bound <= goal_sign * reached + slack
        assert point.gap == pytest.approx(abs(reached - point.goal_bound) / max(1.0, abs(reached)), abs=1e-6)
        for other in exact:
            assert as_safe(point.solved, other.solved)
            there = measure_axis(other.layout, pair[1])
            if is_looser(point, other, pair[0]):
                assert goal_sign * point.goal_bound <= goal_sign * there + slack
            if is_looser(other, point, pair[0]):
                assert goal_sign * other.goal_bound <= goal_sign * reached + slack


@settings(QUICK, max_examples=15)
@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=3),
    st.integers(1, 3),
    st.randoms(use_true_random=False),
    st.sampled_from(PAIRS),
    st.sampled_from([(None, 0), (0.9, 0), (1.1, 30)]),  # money, as a share of what today costs, and the least enrolment
)
def test_every_pair_agrees_with_the_general_search(pupils, schools, random, pair, limits):
    minutes = np.array([[random.choice([3, 20, 45, 59, 61, 90, 200]) for _ in range(schools)] for _ in pupils], dtype=float)
    case = boarding_case(pupils, minutes)
    today, (share, least) = present_layout(case), limits
    money = None if share is None else share * measure_axis(today, "yuan")
    change = {"keep_settlements_whole": False, "budget_yuan": money, "min_enrolment": least}
    case = replace(case, scenario=case.scenario.model_copy(update={"plan": case.scenario.plan.model_copy(update=change)}))
    with pytest.MonkeyPatch.context() as patch:
        by_region = search_by_region(patch)
        try:
            mine, exact = counted(case, options_of(case), today, pair, patch)
        except NoPlanError:
            event("no plan for so little money")
            return
    if not by_region or by_region[0] is None:
        event("the whole county was searched")
        return
    assert mine[0].asked is None
    hold_against(mine, exact, pair)
    event(f"{len(mine)} points for {len(exact)}")


@pytest.mark.parametrize("pair", [("minutes", "kept"), ("kept", "beds"), ("minutes", "beds")])
def test_a_pair_without_yuan_in_a_large_county_agrees_with_the_general_search(pair, township, by_region, monkeypatch):
    mine, exact = counted(township.case, township.options, township.today, pair, monkeypatch)
    assert by_region[0] is not None
    assert len(mine) > 1 or pair[0] == "minutes"  # nobody's longest trip can be shorter there
    hold_against(mine, exact, pair)


def as_safe(one, other) -> bool:
    return one.terms["at_risk_weighted"] == pytest.approx(other.terms["at_risk_weighted"], rel=1e-3, abs=0.5)


def test_the_frontier_of_a_large_county_agrees_with_the_general_search(township, by_region, monkeypatch):
    case, options, today = township.case, township.options, township.today
    mine = list(trace_frontier(case, options, today, POINTS))
    assert [found is not None for found in by_region] == [True]
    costs = [point.solved.objective for point in mine]
    assert costs == sorted(costs, reverse=True)
    monkeypatch.setattr(solving, "LARGE_FROM", 10**9)
    exact = list(trace_frontier(case, options, today, POINTS))
    assert exact[0].kept == len(case.sites)
    assert all(measure_axis(point.layout, "kept") >= point.kept for point in mine)
    assert all(point.solved.gap == pytest.approx(1 - point.solved.bound / point.solved.objective, abs=1e-9) for point in mine)
    for one, other in itertools.product(mine, exact):
        assert as_safe(one.solved, other.solved)
        # a plan that keeps more schools is one of those that keep fewer, and none of them beats what is proven for those
        fewer, more = sorted((one, other), key=lambda point: point.kept)
        assert fewer.solved.bound <= more.solved.objective + 1
        assert one.kept != other.kept or more.solved.bound <= fewer.solved.objective + 1


@pytest.mark.parametrize("axis", ["beds", "minutes"])
def test_what_a_bound_costs_in_a_large_county_agrees_with_the_general_search(axis, township, by_region, monkeypatch):
    case, options, today = township.case, township.options, township.today
    mine = list(trace_pair(case, options, today, (axis, "yuan"), POINTS, lambda _: None))
    assert [found is not None for found in by_region] == [True]
    monkeypatch.setattr(solving, "LARGE_FROM", 10**9)
    exact = list(trace_pair(case, options, today, (axis, "yuan"), POINTS, lambda _: None))
    assert as_safe(mine[0].solved, exact[0].solved)
    assert mine[0].solved.bound <= exact[0].solved.objective + 1
    for point in mine:
        assert point.asked is None or measure_axis(point.layout, axis) <= point.asked + 1e-3
        # a plan within a bound is one within every looser bound, and none is better than what is proven for that
        for other in exact:
            if other.asked is None or (point.asked is not None and measure_axis(point.layout, axis) <= other.asked + 1e-3):
                assert other.goal_bound <= point.solved.objective + 1


def test_a_school_closed_by_order_is_searched_region_by_region_where_nobody_need_fare_worse(by_region):
    # Everybody has 12 minutes to the other school. It then costs 60,000 + 3 classes * 1.9 * 90,000 + 650 * 100 = 638,000.
    minutes = np.array([[3.0, 12], [12, 3], [3, 12]])
    (layout, solved), _ = solve(make_case([20, 30, 10], [None, None], minutes, close=["P0"], move="all"))
    assert [found is not None for found in by_region] == [True]
    assert (solved.terms["harmed"], solved.objective, solved.bound) == (0, pytest.approx(638_000), pytest.approx(638_000))
    assert layout.sites["form"].to_dict() == {"P0": "closed", "P1": "teaching_point"}


def test_where_an_order_hurts_somebody_for_certain_the_county_is_searched_as_a_whole(by_region):
    (_, solved), _ = solve(make_case([20, 30], [None, None], np.array([[3.0, 90], [90, 3]]), close=["P0"], move="all"))
    assert by_region == []
    assert solved.terms["harmed"] == pytest.approx(40)  # twenty newly at risk, and longer on the way


@pytest.mark.usefixtures("by_region")
def test_where_time_left_no_plan_of_an_order_one_near_it_stands_and_no_bound_is_told(monkeypatch):
    # P0's twenty pupils have 90 minutes to P1, as in the test above; everybody else stays where he is.
    plain, calls = solving.prepare, []

    def late_at_first(*given, **more):
        calls.append(more)
        if len(calls) == 1:
            raise solving.out_of_time()
        return plain(*given, **more)

    monkeypatch.setattr(solving, "prepare", late_at_first)
    minutes = np.array([[3.0, 90, 90], [90, 3, 12], [90, 12, 3]])
    (layout, solved), _ = solve(make_case([20, 30, 10], [None] * 3, minutes, close=["P0"], may_close="all", move="all"))
    assert len(calls) == 2
    assert layout.sites["form"].to_dict() == {"P0": "closed", "P1": "teaching_point", "P2": "teaching_point"}
    assert layout.assignment.set_index("settlement_id")["school_id"].to_dict() == {"S0": "P1", "S1": "P1", "S2": "P2"}
    assert solved.terms["harmed"] == pytest.approx(40)
    assert (solved.bound, solved.gap, solved.terms["at_risk_bound"], solved.status) == (0, 1, 0, "stopped at the time limit")


@settings(QUICK, max_examples=12)
@given(COUNTIES)
def test_closed_by_order_both_ways_harm_as_many_and_their_bounds_agree(county):
    pupils, seats, random = county
    minutes = draw_minutes(random, len(pupils), len(seats))
    exact, found, _, _ = solve_both(make_case(pupils, seats, minutes, may_close="all", move="all", close=["P0"]))
    assert found.terms["harmed"] == pytest.approx(exact.terms["harmed"], abs=1e-4)
    assert found.terms["at_risk_weighted"] == pytest.approx(exact.terms["at_risk_weighted"], abs=1e-3)
    assert found.bound <= exact.objective + 1
    assert exact.bound <= found.objective + 1
