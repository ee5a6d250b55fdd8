"""Frontiers and forced closings of large counties, on a county so small that the general way proves what is best."""

from __future__ import annotations

import importlib
import itertools
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from layout_planner.plan import frontier_large as large
from layout_planner.plan import solve as solving
from layout_planner.plan.axes import is_within, measure_axis
from layout_planner.plan.forms import sites_by_band
from layout_planner.plan.frontier import trace_frontier
from layout_planner.plan.frontier_pairs import trace_pair
from layout_planner.plan.present import present_layout
from layout_planner.travel.options import commute_options
from tests.test_large import search_by_region, solve_both
from tests.test_plan_properties import COUNTIES, QUICK, draw_minutes, make_case, solve

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


def test_a_plan_within_the_next_bound_is_not_searched_again(monkeypatch):
    # Two of three schools stay in the cheapest plan. Keeping two or one asks for no other; keeping three does.
    case = make_case([20, 30, 10], [None] * 3, np.array([[3.0, 12, 90], [12, 3, 90], [90, 90, 3]]), may_close="all", move="all")
    today = present_layout(case)
    options = commute_options(case.travel, case.county.schools, sites_by_band(case.sites, case.scenario), case.norms, case.scenario)
    plain, searched = large.search_within, []
    monkeypatch.setattr(large, "search_within", lambda *given: searched.append(given[4]) or plain(*given))
    first = plain(case, options, today)
    found = list(large.trace_within(case, options, today, first, "kept", [1.0, 2.0, 3.0], lambda _: None))
    assert [measure_axis(each.layout, "kept") for _, each in found] == [2, 2, 3]
    assert searched == [3.0]
    assert [found[0][1], found[1][1]] == [first, first]
    assert is_within(first.layout, "beds", 0.0)
    assert not is_within(first.layout, "minutes", 3.0)


def as_safe(one, other) -> bool:
    return one.terms["at_risk_weighted"] == pytest.approx(other.terms["at_risk_weighted"], rel=1e-3, abs=0.5)


def test_the_frontier_of_a_large_county_agrees_with_the_general_search(township, by_region, monkeypatch):
    case, options, today = township.case, township.options, township.today
    mine = list(trace_frontier(case, options, today, POINTS))
    assert len(by_region) == len(mine) == POINTS
    assert by_region[0] is not None
    monkeypatch.setattr(solving, "LARGE_FROM", 10**9)
    exact = list(trace_frontier(case, options, today, POINTS))
    assert mine[0].kept == exact[0].kept == len(case.sites)
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
    assert 1 <= len(by_region) <= len(mine)
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
