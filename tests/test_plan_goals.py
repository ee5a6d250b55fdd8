"""Goals beside the plain order, money spent once and siblings together, against brute force over every layout of tiny counties."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from layout_planner.errors import NoPlanError, ScenarioError
from layout_planner.plan.forms import sites_of
from layout_planner.plan.siblings import sibling_bands, split_siblings
from layout_planner.safeguards.recount import price_site
from layout_planner.safeguards.verify_terms import check_terms
from layout_planner.scenario import Plan, read_scenario
from tests.test_plan_properties import COUNTIES, NORMS, draw_minutes, make_case, price, solve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from layout_planner.plan.case import Case
    from layout_planner.plan.layout import Layout

PLAN = {"may_close": "all", "move": "all", "keep_settlements_whole": True, "judge": "expected"}
WEIGHTS = {"at_risk": 30_000.0, "cost_yuan": 1.0, "pupil_minutes": 40.0}
ROOM_YUAN = 200_000.0
QUICK = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def recheck(case: Case, layout: Layout, today: Layout, said: dict[str, float]) -> list[str]:
    """Return what the independent re-check says of the terms of a layout."""
    return [fault.en for fault in check_terms(case.county, case.scenario, NORMS, layout, today, said)]


def every_layout(
    pupils: list[int], minutes: np.ndarray, room: list[float], crowded: list[bool], now: np.ndarray | None = None
) -> Iterator[dict[str, object]]:
    """Yield all terms of every layout of whole settlements: the loads of the schools, and figures by name; `now` as in `price`."""
    home = (minutes if now is None else now).argmin(axis=1)
    for is_open in itertools.product([False, True], repeat=len(room)):
        targets = [-1, *(j for j, used in enumerate(is_open) if used)]
        for goes in itertools.product(targets, repeat=len(pupils)):
            loads = [sum(n for n, j in zip(pupils, goes, strict=True) if j == site) for site in range(len(room))]
            newcomers = any(j >= 0 and crowded[j] and j != own for own, j in zip(home, goes, strict=True))
            if newcomers or any(load > most for load, most in zip(loads, room, strict=True)):
                continue
            harm, risk, yuan = price(pupils, minutes, goes, is_open, "expected", np.zeros(minutes.shape, dtype=bool), now)
            times = sorted((row[j], n) for row, n, j in zip(minutes, pupils, goes, strict=True) if j >= 0)
            people = [time for time, n in times for _ in range(n)]  # one entry a child
            yield {
                "harm": round(harm, 6),
                "risk": round(risk, 6),
                "yuan": yuan,
                "pupil_minutes": sum(time * n for time, n in times),
                "worst": people[-1] if people else 0.0,
                "p90": people[math.ceil(round(0.9 * len(people), 9)) - 1] if people else 0.0,
                "classes": [max(3, math.ceil(load / 45)) * used for load, used in zip(loads, is_open, strict=True)],
            }


def lay_out(county: tuple, **plan: object) -> tuple[Case, list[dict[str, object]], Callable]:
    pupils, seats, random = county
    minutes = draw_minutes(random, len(pupils), len(seats))
    case = make_case(pupils, seats, minutes, **PLAN, **plan)
    today = solve(replace(case, scenario=case.scenario.model_copy(update={"plan": Plan(move="none")})))[1]
    room = [max(math.inf if s is None else s, today.sites["pupils"].iloc[j]) for j, s in enumerate(seats)]
    crowded = list(today.sites["pupils"] > today.sites["seats"])
    return case, list(every_layout(pupils, minutes, room, crowded)), today


@QUICK
@given(COUNTIES, st.sampled_from(["min_max", "p90"]))
def test_the_longest_times_are_those_of_brute_force(county, objective):
    case, layouts, _ = lay_out(county, objective=objective, p90_by="county")
    term = {"min_max": "worst", "p90": "p90"}[objective]
    best = min(layouts, key=lambda each: (each["harm"], each["risk"], each[term], each["yuan"]))
    (layout, solved), today = solve(case)
    assert recheck(case, layout, today, solved.terms) == []
    assert solved.terms["harmed"] == pytest.approx(best["harm"], abs=1e-4)
    assert solved.terms["at_risk_weighted"] == pytest.approx(best["risk"], abs=1e-4)
    assert solved.terms["goal_minutes"] == pytest.approx(best[term], abs=1e-6)
    assert solved.terms["goal_minutes_bound"] == pytest.approx(best[term], abs=1e-6)
    assert solved.objective == pytest.approx(best["yuan"], abs=1.0)
    daily = layout.assignment[layout.assignment["mode"] == "walk"]
    assert daily["seconds"].max() / 60 <= solved.terms["worst_minutes"] + 1e-6 or daily.empty


@QUICK
@given(COUNTIES)
def test_the_weighted_sum_is_that_of_brute_force(county):
    case, layouts, _ = lay_out(county, objective="weighted", weights=WEIGHTS)

    def weigh(each: dict) -> float:
        return 30_000 * each["risk"] + each["yuan"] + 40 * each["pupil_minutes"]

    best = min(layouts, key=lambda each: (each["harm"], weigh(each)))
    (_, solved), _ = solve(case)
    assert solved.terms["harmed"] == pytest.approx(best["harm"], abs=1e-4)
    assert solved.objective == pytest.approx(weigh(best), rel=1e-6, abs=1.0)
    assert solved.bound <= solved.objective + 1.0


@QUICK
@given(COUNTIES, st.integers(0, 3), st.integers(3, 5))
def test_rooms_are_built_within_the_money_that_is_spent_once(county, rooms, classrooms):
    case, layouts, today = lay_out(county, capital_yuan=rooms * ROOM_YUAN)
    case.county.schools["classrooms"] = float(classrooms)
    at_hand = np.maximum(today.sites["classes"].to_numpy(), classrooms)
    allowed = [each for each in layouts if np.maximum(np.array(each["classes"]) - at_hand, 0).sum() <= rooms]
    best = min(allowed, key=lambda each: (each["harm"], each["risk"], each["yuan"]))
    (layout, solved), _ = solve(case)
    assert solved.terms["harmed"] == pytest.approx(best["harm"], abs=1e-4)
    assert solved.terms["at_risk_weighted"] == pytest.approx(best["risk"], abs=1e-4)
    assert solved.objective == pytest.approx(best["yuan"], abs=1.0)
    built = (layout.sites["classes"].to_numpy() - at_hand).clip(min=0).sum()
    assert solved.terms["capital_yuan"] == ROOM_YUAN * built <= rooms * ROOM_YUAN
    assert recheck(case, layout, today, solved.terms) == []


def two_bands(lower: list[int], upper: list[int], minutes: np.ndarray, **plan: object) -> Case:
    """Return a case of two primary bands and primary schools of endless seats, any of which may become a teaching point or close."""
    case = make_case(lower, [None] * minutes.shape[1], minutes, **PLAN, **plan)
    case.county.schools["form"], case.county.schools["grades"] = "primary", [(1, 2, 3, 4, 5, 6)] * minutes.shape[1]
    scenario = case.scenario.model_copy(update={"bands": {"lower": (1, 2, 3), "upper": (4, 5, 6)}})
    demand = pd.DataFrame({"lower": lower, "upper": upper}, index=case.demand.index)
    return replace(case, scenario=scenario, demand=demand, sites=sites_of(case.county.schools, scenario))


def price_two_bands(case: Case, minutes: np.ndarray, forms: tuple[str, ...], goes: tuple[int, ...]) -> tuple[float, float] | None:
    """Return yuan a year and split siblings where everybody walks within his limit; None where somebody does not. Sums by hand."""
    sizes = [*case.demand["lower"], *case.demand["upper"]]
    homes, loads = len(minutes), {(j, band): 0 for j in range(len(forms)) for band in (0, 1)}
    for k, (size, j) in enumerate(zip(sizes, goes, strict=True)):
        taught = {"primary": (0, 1), "teaching_point": (0,), "closed": ()}[forms[j]]
        limit = NORMS.value("travel.max_minutes", grades=((1, 2, 3), (4, 5, 6))[k // homes], mode="walk")
        if k // homes not in taught or minutes[k % homes][j] * 0.75 / NORMS.value("speed.child_factor", grades=(1, 2, 3)) > limit:
            return None
        loads[j, k // homes] += size
    yuan = 0.0
    for j, form in enumerate(forms):
        here = [loads[j, band] for band in {"primary": (0, 1), "teaching_point": (0,), "closed": ()}[form]]
        if here:
            yuan += 60_000 + 650 * max(100, sum(here)) + sum(max(3, math.ceil(load / 45)) * 1.9 * 90_000 for load in here)
    split = sum(min(sizes[i], sizes[homes + i]) for i in range(homes) if goes[i] != goes[homes + i])
    return yuan, float(split)


@QUICK
@given(
    st.lists(st.tuples(st.integers(1, 50), st.integers(1, 50)), min_size=1, max_size=3),
    st.integers(1, 2),
    st.sampled_from([0.0, 900.0, 50_000.0]),
    st.randoms(use_true_random=False),
)
def test_siblings_are_kept_together_where_their_price_says_so(sizes, schools, worth, random):
    # Every walk is short, so nobody is ever at risk: what is left is yuan a year and siblings.
    minutes = np.array([[random.choice([3.0, 9.0, 20.0]) for _ in range(schools)] for _ in sizes])
    case = two_bands([a for a, _ in sizes], [b for _, b in sizes], minutes, siblings_yuan=worth)
    (layout, solved), today = solve(case)
    assert recheck(case, layout, today, solved.terms) == []
    best = math.inf
    for forms in itertools.product(("primary", "teaching_point", "closed"), repeat=schools):
        for goes in itertools.product(range(schools), repeat=2 * len(sizes)):
            found = price_two_bands(case, minutes, forms, goes)
            best = best if found is None else min(best, found[0] + worth * found[1])
    assert solved.objective == pytest.approx(best, abs=1.0)
    assert solved.objective == pytest.approx(solved.terms["cost_yuan"] + worth * solved.terms["split_siblings"], abs=1.0)
    assert solved.terms["split_siblings"] == split_siblings(layout, case.scenario.bands, case.county.schools)


def test_split_siblings_counts_the_smaller_band_of_a_settlement():
    # S0: 10 lower at P0, 6 upper half at P0 and half at P1: half of 6 are apart = 3. S1: 4 and 8, all at P1 = 0. S2: no upper = 0.
    case = two_bands([10, 4, 5], [6, 8, 0], np.full((3, 2), 9.0))
    (layout, _), _ = solve(case)
    rows = [
        ("S0", "lower", "P0", 10),
        ("S0", "upper", "P0", 3),
        ("S0", "upper", "P1", 3),
        ("S1", "lower", "P1", 4),
        ("S1", "upper", "P1", 8),
        ("S2", "lower", "P0", 5),
    ]
    trips = pd.DataFrame(rows, columns=["settlement_id", "band", "school_id", "pupils"]).assign(mode="walk")
    assert split_siblings(replace(layout, assignment=trips), case.scenario.bands, case.county.schools) == pytest.approx(3.0)
    apart = case.county.schools.assign(grades=[(1, 2, 3), (4, 5, 6)])
    assert sibling_bands(case.scenario.bands, apart) == []  # where no school teaches both, nothing can be done about it


def test_the_recheck_names_terms_that_the_trips_do_not_bear_out():
    case = two_bands([50, 40], [20, 30], np.array([[3.0, 9.0], [9.0, 3.0]]), capital_yuan=0.0)
    (layout, solved), today = solve(case)
    case.county.schools["classrooms"] = 0.0
    assert recheck(case, layout, today, solved.terms) == []
    more = replace(layout, sites=layout.sites.assign(new_beds=[1, 0]))  # one bed of 15,000 yuan or more, where nothing may be bought
    price = NORMS.value("cost.new_bed_yuan")
    assert recheck(case, more, today, solved.terms) == [
        f"yuan spent once: the plan says 0.0, the re-check finds {price:.1f}",
        f"{price:.0f} yuan are spent once, the scenario allows 0",
    ]
    for term, words in (("split_siblings", "siblings"), ("worst_minutes", "worst trip"), ("p90_minutes.upper", "nine in ten of upper")):
        wrong = recheck(case, layout, today, {**solved.terms, term: solved.terms[term] + 2.0})
        assert len(wrong) == 1
        assert words in wrong[0]


def test_money_spent_once_is_named_where_it_contradicts_an_opening():
    # P1 is a candidate without a classroom; opened, its three grades need three rooms of 200,000 yuan.
    case = make_case([30], [None, None], np.array([[3.0, 9.0]]), keep=["P1"], move="all", capital_yuan=500_000)
    case.county.schools["classrooms"], case.county.schools["candidate"] = [3.0, 0.0], [False, True]
    case = replace(case, sites=sites_of(case.county.schools, case.scenario))
    with pytest.raises(NoPlanError) as refused:
        solve(case)
    assert refused.value.message.en == (
        "these demands contradict each other: keep P1; spend at most 500,000 yuan once."
        " The least that would help: let P1 close; or allow 600,000 yuan to be spent once"
    )


def test_a_goal_on_times_holds_in_every_township():
    # Two homes in two townships, one school near to one of them; a second school may open for the other only if times count.
    minutes = np.array([[5.0, 25.0], [28.0, 6.0]])
    plain, short = (make_case([30, 30], [None, None], minutes, may_close="all", move="all", judge="expected", **more) for more in (
        {}, {"objective": "p90", "p90_by": "township"},
    ))  # fmt: skip
    for case in (plain, short):
        case.county.settlements["township"] = ["东乡", "西乡"]
    (_, cheap), _ = solve(plain)
    (layout, solved), _ = solve(short)
    assert cheap.terms["worst_minutes"] >= 25
    assert solved.terms["goal_minutes"] == pytest.approx(6.0)
    assert solved.terms["goal_minutes_bound"] == pytest.approx(6.0)
    assert set(layout.sites["form"]) == {"teaching_point"}


def test_weights_are_asked_for_and_refused_elsewhere(tmp_path: Path):
    plain = '[plan]\nobjective = "{}"\n{}'
    head = 'schema = 1\nname = "t"\ntitle = { zh = "t", en = "t" }\nyear = 2026\n[data]\n'
    head += "".join(f'{role} = {{ path = "x.csv" }}\n' for role in ("settlements", "schools", "roads"))

    def faults(objective: str, more: str = "") -> list[str | None]:
        path = tmp_path / "t.toml"
        path.write_text(head + plain.format(objective, more), encoding="utf-8")
        with pytest.raises(ScenarioError) as caught:
            read_scenario(path)
        return [problem.column for problem in caught.value.problems]

    assert faults("weighted") == ["plan.weights"]
    assert faults("lexicographic", "[plan.weights]\nat_risk = 1000\n") == ["plan.weights"]
    assert faults("weighted", "siblings_yuan = 5\n[plan.weights]\nat_risk = 1000\n") == ["plan.siblings_yuan"]
    assert faults("weighted", "[plan.weights]\nat_risk = 0\n") == ["plan.weights.at_risk"]
    assert faults("weighted", "[plan.weights]\nat_risk = 1\npupil_minutes = -1\n") == ["plan.weights.pupil_minutes"]
    assert faults("p99") == ["plan.objective"]
    assert faults("p90", "capital_yuan = -1\n") == ["plan.capital_yuan"]


def test_a_weighted_sum_without_weights_has_no_plan():
    case = make_case([3], [None], np.array([[5.0]]), objective="weighted", move="all")
    with pytest.raises(NoPlanError, match="weights"):
        solve(case)


def test_a_start_whose_worth_the_solver_mistakes_is_not_believed():
    # One home, two schools at the same distance: one of them suffices. HiGHS 1.16, started with both open and the siblings together,
    # takes that for 1.2 million yuan cheaper than it is.
    (layout, solved), _ = solve(two_bands([24], [24], np.array([[3.0, 3.0]]), siblings_yuan=50_000.0))
    assert (layout.sites["form"] == "closed").sum() == 1
    assert solved.gap == pytest.approx(0.0, abs=1e-9)


@settings(QUICK, max_examples=8)
@given(COUNTIES)
def test_whole_teachers_are_those_of_brute_force(county):
    case, layouts, today = lay_out(county, whole_teachers=True)
    best = (math.inf, math.inf, math.inf)
    for each in layouts:
        posts = [round(1.9 * number, 9) for number in each["classes"]]
        whole = sum(math.ceil(post) - post for post in posts) * 90_000
        best = min(best, (each["harm"], each["risk"], each["yuan"] + whole))
    (layout, solved), _ = solve(case)
    assert solved.terms["harmed"] == pytest.approx(best[0], abs=1e-4)
    assert solved.terms["at_risk_weighted"] == pytest.approx(best[1], abs=1e-4)
    assert solved.objective == pytest.approx(best[2], abs=1.0)
    for school_id, site in layout.sites.iterrows():
        taught = {band: int(site["pupils"]) for band in str(site["bands"]).split(",") if band}
        again = price_site(case.county.schools.loc[school_id], taught, 0, 0, case.scenario, NORMS)
        assert site["cost_yuan"] == pytest.approx(again, abs=0.01)
    assert (today.sites["form"] != "closed").all()


def test_a_remote_point_stays_where_the_youngest_have_no_short_day_trip():
    # S0 walks 3 min to P0 and 28 min to P1: within the limit of 30, but not within 25 minutes, from which on this norm set calls a place
    # remote. So P0 may not close on the optimiser's own motion, though one school would be cheaper; with the rule as it is it closes.
    minutes = np.array([[3.0, 28.0], [40.0, 3.0]])
    case = make_case([10, 20], [None, None], minutes, may_close=["P0"], move="all", judge="expected")
    assert solve(case)[0][0].sites.at["P0", "form"] == "closed"
    strict = tuple(replace(norm, value=25.0) if norm.key == "remote.keep_minutes" else norm for norm in NORMS.norms)
    assert solve(replace(case, norms=replace(NORMS, norms=strict)))[0][0].sites.at["P0", "form"] == "teaching_point"
