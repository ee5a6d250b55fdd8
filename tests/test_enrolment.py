"""The least enrolment: a school below it closes or is filled where nobody comes to harm by it, else it is kept and named."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layout_planner.county.demand import count_pupils
from layout_planner.plan import relaxation
from layout_planner.plan import solve as solving
from layout_planner.plan.case import Case
from layout_planner.plan.choices import choose_options
from layout_planner.plan.enrolment import lacking_pupils, note_enrolment
from layout_planner.plan.forms import sites_by_band, sites_of
from layout_planner.plan.frontier import trace_frontier
from layout_planner.plan.present import present_layout
from layout_planner.plan.terms import list_terms
from layout_planner.plan.years import plan_years
from layout_planner.safeguards.enrolment import recount_lacking
from layout_planner.safeguards.gate import judge_plan
from layout_planner.safeguards.verify import verify_layout
from layout_planner.travel.options import commute_options
from tests.test_large import solve_both
from tests.test_plan import NORMS, solve
from tests.test_plan_properties import COUNTIES, QUICK, draw_minutes, make_case, price
from tests.test_plan_properties import solve as solve_case
from tests.test_years import span, terms_of

FREE = {"may_close": "all", "move": "all", "min_enrolment": 60}


def open_sites(layout) -> set[str]:
    return set(layout.sites.index[layout.sites["form"] != "closed"])


def test_a_school_that_cannot_close_safely_stays_and_lacks_pupils():
    # S0: 20 pupils 3 minutes from P0 and 90 from P1, over the 30 that grades 1-3 may walk. P0 stays: 60 - 20 = 40 pupils short.
    case = make_case([20, 100], [None, None], np.array([[3.0, 90], [90, 3]]), **FREE)
    (layout, solved), _ = solve_case(case)
    assert open_sites(layout) == {"P0", "P1"}
    assert lacking_pupils(case, layout) == {"P0": 40}
    assert (solved.terms["lacking_pupils"], solved.terms["lacking_pupils_bound"]) == (40, 40)
    assert "P0 (40 short)" in note_enrolment(case, layout)[0].text.en


def test_a_school_that_can_close_safely_closes():
    # The same with 20 minutes between both: within the limit, on a slow day too. P0 closes, and P1 has all 120.
    minutes = np.array([[3.0, 20], [20, 3]])
    (layout, solved), _ = solve_case(make_case([20, 100], [None, None], minutes, **FREE))
    assert open_sites(layout) == {"P1"}
    assert solved.terms["lacking_pupils"] == 0


def test_a_school_is_filled_where_it_cannot_close():
    # S0 (20) needs P0. S1 (100) may walk to either within the limit, so 40 of S1 fill P0 and 60 stay at P1: nobody is at risk.
    case = make_case([20, 100], [None, None], np.array([[3.0, 90], [20, 3]]), may_close=["P0"], move="all", min_enrolment=60)
    (layout, _), _ = solve_case(case)
    assert layout.sites["pupils"].to_dict() == {"P0": 60, "P1": 60}
    assert note_enrolment(case, layout) == ()


def test_schools_that_may_close_one_by_one_but_not_together():
    # P2 has 120 seats and 100 pupils: S0 (20) fits in, S1 (30) does not. So P0 closes and P1 stays 30 short; a hard rule had no plan.
    minutes = np.array([[3.0, 90, 20], [90, 3, 20], [90, 90, 3]])
    case = make_case([20, 30, 100], [None, None, 120], minutes, may_close=["P0", "P1"], move="all", min_enrolment=60)
    (layout, _), _ = solve_case(case)
    assert open_sites(layout) == {"P1", "P2"}
    assert lacking_pupils(case, layout) == {"P1": 30}


def brute_force(pupils, room, minutes, crowded, least):
    """Return harm, risk, pupils lacking and yuan of the best of all open sets and assignments of whole settlements."""
    best, dry = (math.inf,) * 4, np.zeros(minutes.shape, dtype=bool)
    for is_open in itertools.product([False, True], repeat=len(room)):
        targets = [-1, *(j for j, used in enumerate(is_open) if used)]
        for goes in itertools.product(targets, repeat=len(pupils)):
            loads = [sum(n for n, j in zip(pupils, goes, strict=True) if j == site) for site in range(len(room))]
            newcomers = any(j >= 0 and crowded[j] and j != row.argmin() for row, j in zip(minutes, goes, strict=True))
            if newcomers or any(load > most for load, most in zip(loads, room, strict=True)):
                continue
            harm, risk, yuan = price(pupils, minutes, goes, is_open, "worst", dry)
            lacking = sum(max(0, least - load) for load, used in zip(loads, is_open, strict=True) if used)
            best = min(best, (harm, risk, lacking, yuan))
    return best


@QUICK
@given(COUNTIES, st.integers(1, 80))
def test_the_solver_equals_brute_force(county, least):
    pupils, seats, random = county
    minutes = draw_minutes(random, len(pupils), len(seats))
    plan = {"may_close": "all", "move": "all", "keep_settlements_whole": True, "min_enrolment": least}
    case = make_case(pupils, seats, minutes, **plan)
    (layout, solved), today = solve_case(case)
    room = [max(math.inf if s is None else s, today.sites["pupils"].iloc[j]) for j, s in enumerate(seats)]
    harm, risk, lacking, yuan = brute_force(pupils, room, minutes, list(today.sites["pupils"] > today.sites["seats"]), least)
    assert solved.terms["harmed"] == pytest.approx(harm, abs=1e-4)
    assert solved.terms["at_risk_weighted"] == pytest.approx(risk, abs=1e-4)
    assert solved.terms["lacking_pupils"] == lacking
    assert solved.terms["lacking_pupils_bound"] == pytest.approx(lacking, abs=1e-3)
    assert layout.sites["cost_yuan"].sum() + layout.assignment["cost_yuan"].sum() == pytest.approx(yuan, abs=1.0)
    assert recount_lacking(case.county, case.scenario, layout) == lacking_pupils(case, layout)


def judged(least):
    """Return the tiny county's plan under `least`, its re-check and the finding of the gate."""
    scenario, county, _, today, plan, solved = solve(may_close=["P1"], move="all", min_enrolment=least)
    demand, _ = count_pupils(county, scenario)
    checked = verify_layout(county, scenario, NORMS, plan, today=today, terms=solved.terms)
    gate = judge_plan(county, scenario, NORMS, demand, today, plan, checked)
    return (scenario, county, today, plan, solved), checked, next(f for f in gate.findings if f.rule == "least_enrolment")


def test_the_gate_names_the_school_and_lets_the_plan_pass_for_it():
    # P1 cannot close: the youngest of S1 and S2 have no other school within half an hour. It has too few pupils for a least of 500.
    (_, _, _, plan, solved), checked, finding = judged(500)
    lacks = 500 - int(plan.sites.at["P1", "pupils"])
    assert checked.agrees, checked.disagreements
    assert (finding.verdict, finding.measured, solved.terms["lacking_pupils"]) == ("pass", lacks, lacks)
    assert f"lacks {lacks}" in finding.text.en
    assert judged(1)[2].measured == 0


def test_the_re_check_refuses_a_plan_that_tells_another_number():
    (scenario, county, today, plan, solved), *_ = judged(500)
    said = {**solved.terms, "lacking_pupils": solved.terms["lacking_pupils"] - 5}
    faults = verify_layout(county, scenario, NORMS, plan, today=today, terms=said).disagreements
    assert ["least enrolment" in fault.en for fault in faults] == [True]


def test_no_more_is_told_where_the_scenario_asks_for_nothing():
    scenario, county, travel, today, plan, solved = solve(may_close=["P1"], move="all")
    case = Case(scenario, NORMS, county, count_pupils(county, scenario)[0], travel, sites_of(county.schools, scenario))
    assert "lacking_pupils" not in {**solved.terms, **list_terms(case, plan, today)}
    kept = replace(
        case, scenario=scenario.model_copy(update={"plan": scenario.plan.model_copy(update={"min_enrolment": 500, "keep": ("P1",)})})
    )
    assert lacking_pupils(kept, plan) == {}  # a school that the scenario keeps owes nobody an enrolment


@settings(QUICK, max_examples=12)
@given(COUNTIES, st.integers(1, 80), st.sampled_from([1, relaxation.MOST_ROUNDS]))
def test_the_way_of_large_counties_lacks_no_more_and_its_bounds_hold(county, least, rounds):
    pupils, seats, random = county
    minutes = draw_minutes(random, len(pupils), len(seats))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(relaxation, "MOST_ROUNDS", rounds)  # after one round HiGHS holds rows that were not solved with
        exact, found, layout, _ = solve_both(make_case(pupils, seats, minutes, may_close="all", move="all", min_enrolment=least))
    assert found.terms["harmed"] == pytest.approx(exact.terms["harmed"], abs=1e-4)
    assert found.terms["at_risk_weighted"] == pytest.approx(exact.terms["at_risk_weighted"], abs=1e-3)
    assert found.terms["lacking_pupils_bound"] <= exact.terms["lacking_pupils"] + 1e-3
    assert layout.assignment.groupby("settlement_id")["pupils"].sum().to_dict() == {f"S{k}": n for k, n in enumerate(pupils)}
    # so small a county is one region, which is solved to its end: whole pupils may lack a part of a pupil more than shares
    assert abs(found.terms["lacking_pupils"] - exact.terms["lacking_pupils"]) < 1
    if found.terms["lacking_pupils"] <= exact.terms["lacking_pupils"]:
        assert found.bound <= exact.objective + 1
        assert exact.objective <= found.objective + 1


def large_question(case):
    """Return what the way of large counties is asked about a case, with time without end."""
    today = present_layout(case)
    options = commute_options(case.travel, case.county.schools, sites_by_band(case.sites, case.scenario), NORMS, case.scenario)
    return case, choose_options(case, options, today), today, lambda _share: math.inf


def test_small_schools_close_by_the_way_of_large_counties(monkeypatch):
    # As in the general way: P2 takes S0 alone, so P0 closes and P1 stays 30 short, by proof.
    minutes = np.array([[3.0, 90, 20], [90, 3, 20], [90, 90, 3]])
    case = make_case([20, 30, 100], [None, None, 120], minutes, may_close=["P0", "P1"], move="all", min_enrolment=60)
    monkeypatch.setattr(solving, "LARGE_FROM", 0)
    (layout, solved), _ = solve_case(case)
    assert lacking_pupils(case, layout) == {"P1": 30}
    assert solving.search_large(*large_question(case)) is not None
    assert solved.terms["lacking_pupils_bound"] == pytest.approx(30, abs=0.01)


@pytest.mark.parametrize(("apart", "lacks", "closed"), [(90.0, 60, 0), (20.0, 0, 1)])
def test_a_plan_over_years_keeps_and_names_small_schools_in_every_year(apart, lacks, closed):
    # Schools of 20 and 40 pupils: 90 minutes apart both stay, 40 and 20 pupils short; 20 minutes apart one takes all 60, in every year.
    terms = terms_of([[20, 40], [20, 40]], np.array([[3.0, apart], [apart, 3.0]]), min_enrolment=60)
    found = plan_years(terms, span(terms), lambda _: None)
    assert [plan.solved.terms["lacking_pupils"] for plan in found.years] == [lacks, lacks]
    assert [(plan.layout.sites["form"] == "closed").sum() for plan in found.years] == [closed, closed]
    assert found.as_safe


def test_a_frontier_lacks_no_more_than_the_best_plan():
    # P0 and P1 are 20 minutes apart and P2 is 90 from both: P2 stays 50 short; P0 or P1 must close to reach 60.
    minutes = np.array([[3.0, 20, 90], [20, 3, 90], [90, 90, 3]])
    case = make_case([25, 40, 10], [None] * 3, minutes, **FREE)
    _, options, today, _ = large_question(case)
    points = list(trace_frontier(case, options, today, 3))
    assert [lacking_pupils(case, point.layout) for point in points] == [{"P2": 50}] * len(points)


def test_a_weighted_sum_keeps_small_schools_only_where_children_need_them():
    minutes = np.array([[3.0, 20, 90], [20, 3, 90], [90, 90, 3]])
    weights = {"objective": "weighted", "weights": {"at_risk": 1e5, "cost_yuan": 1.0, "pupil_minutes": 1000.0}}
    case = make_case([25, 40, 10], [None] * 3, minutes, **FREE, **weights)
    (layout, solved), _ = solve_case(case)
    assert lacking_pupils(case, layout) == {"P2": 50}
    assert solved.terms["lacking_pupils_bound"] == pytest.approx(50, abs=1e-3)
