"""The cheapest repair against brute force over everything that could be bought or kept, and its words."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from layout_planner.errors import NoPlanError
from layout_planner.norms import read_norms
from layout_planner.output.repair_tables import describe_repair, list_parts, repair_tables, say_repair
from layout_planner.plan import near
from layout_planner.plan import repair as repairing
from layout_planner.plan import solve as solving
from layout_planner.plan.forms import sites_by_band
from layout_planner.plan.linear import Stage
from layout_planner.plan.present import present_layout
from layout_planner.plan.repair import find_repair
from layout_planner.plan.repair_model import keep_yuan, loosen
from layout_planner.plan.solve import optimise_layout
from layout_planner.repair import Mending
from layout_planner.travel.options import commute_options
from layout_planner.words import Words
from tests.test_plan_properties import make_case

if TYPE_CHECKING:
    from layout_planner.plan.case import Case

NORMS = read_norms("cn-rural")
BUS_YUAN, SEATS = 150_000, 36
KEEP_YUAN = 60_000 + 3 * 1.9 * 90_000  # running a school, and one class for each of three grades
QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def case_of(pupils: list[int], minutes: np.ndarray, *, ride: bool = True, **plan: object) -> Case:
    """Return a case in which everybody may walk `minutes` or ride, ten kilometres in time, where there is a bus."""
    asked = {"move": "all", "judge": "expected", "keep_settlements_whole": True, **plan}
    case = make_case(pupils, [None] * minutes.shape[1], minutes, **asked)
    if ride:
        rides = np.full(minutes.shape, 60.0), np.full(minutes.shape, 10_000.0)
        case = replace(case, travel=replace(case.travel, ride_s=rides[0], ride_m=rides[1], stop_s=np.zeros(len(pupils))))
    return case


def mend(pupils: list[int], minutes: np.ndarray, *, ride: bool = True, **plan: object):
    asked = case_of(pupils, minutes, ride=ride, **plan)
    scenario = loosen(asked.scenario, sum(pupils))
    opened = make_case(pupils, [None] * minutes.shape[1], minutes, **scenario.plan.model_dump(exclude={"years", "weights"}))
    loose = replace(asked, scenario=scenario, sites=opened.sites)
    return asked, find_repair(asked.scenario, loose, options_of(loose), present_layout(loose))


def options_of(case: Case):
    return commute_options(case.travel, case.county.schools, sites_by_band(case.sites, case.scenario), NORMS, case.scenario)


def least_price(pupils: list[int], minutes: np.ndarray, close: list[int], most_buses: int) -> float:
    """Return the least price with which nobody is worse off and everybody of a school that closes is safe."""
    count, best = minutes.shape[1], math.inf
    for kept in itertools.chain.from_iterable(itertools.combinations(close, size) for size in range(len(close) + 1)):
        is_open = [j not in close or j in kept for j in range(count)]
        fleets = itertools.product(range(math.ceil(sum(pupils) / SEATS) + 1), repeat=count)
        for buses in fleets:
            price = KEEP_YUAN * len(kept) + BUS_YUAN * max(0, sum(buses) - most_buses)
            if price < best and _fits(pupils, minutes, is_open, buses):
                best = price
    return best


def _fits(pupils: list[int], minutes: np.ndarray, is_open: list[bool], buses: tuple[int, ...]) -> bool:
    sites = [j for j, used in enumerate(is_open) if used]
    for goes in itertools.product([(j, on_bus) for j in sites for on_bus in (False, True)], repeat=len(pupils)):
        riders = [sum(n for n, way in zip(pupils, goes, strict=True) if way == (j, True)) for j in range(len(is_open))]
        if any(riders[j] > SEATS * buses[j] for j in sites):
            continue
        walks = [(row, j) for row, (j, on_bus) in zip(minutes, goes, strict=True) if not on_bus]
        if all(row[j] <= 30 or (is_open[int(row.argmin())] and row.min() > 30 and row[j] <= row.min()) for row, j in walks):
            return True
    return False


@st.composite
def asked(draw):
    homes, schools = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    pupils = draw(st.lists(st.integers(1, 60), min_size=homes, max_size=homes))
    minutes = draw(st.lists(st.sampled_from([3, 12, 20, 29, 31, 45, 90]), min_size=homes * schools, max_size=homes * schools))
    close = draw(st.lists(st.integers(0, schools - 1), unique=True, min_size=1, max_size=schools))
    return pupils, np.array(minutes, dtype=float).reshape(homes, schools), sorted(close), draw(st.integers(0, 2))


@QUICK
@given(asked())
def test_the_repair_is_the_cheapest_of_all(case):
    pupils, minutes, close, most_buses = case
    _, repair = mend(pupils, minutes, close=[f"P{j}" for j in close], max_buses=most_buses)
    assert repair.still_harmed == pytest.approx(0, abs=1e-3)
    best = least_price(pupils, minutes, close, most_buses)
    assert repair.price.value == pytest.approx(best, rel=2e-4, abs=1.0)
    parts = sum(repair.keep.values()) + repair.buses * BUS_YUAN
    assert parts == pytest.approx(best, rel=2e-4, abs=1.0)


@settings(QUICK, max_examples=10)
@given(asked(), st.sampled_from([0, 12_000]))
def test_a_repair_of_a_large_county_is_one_and_none_is_below_its_bound(case, near_options):
    pupils, minutes, close, most_buses = case
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(solving, "LARGE_FROM", 0)
        patch.setattr(near, "NEAR_OPTIONS", near_options)
        _, repair = mend(pupils, minutes, close=[f"P{j}" for j in close], max_buses=most_buses)
    assert repair.still_harmed == pytest.approx(0, abs=1e-3)
    best = least_price(pupils, minutes, close, most_buses)
    assert repair.price.bound - 1 <= best <= repair.price.value + 1
    assert repair.price.value == pytest.approx(sum(repair.keep.values()) + repair.buses * BUS_YUAN, abs=1.0)
    assert repair.price.gap == pytest.approx(1 - repair.price.bound / max(1.0, repair.price.value), abs=1e-6) or repair.price.value < 1


def test_in_a_large_county_those_far_from_the_list_stay_where_they_are():
    # P2 and its village are 90 minutes from everybody else: whatever becomes of P0, nothing there changes, and the bus costs as much.
    minutes = np.array([[3.0, 90, 90], [90, 3, 90], [90, 90, 3]])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(solving, "LARGE_FROM", 0)
        patch.setattr(near, "NEAR_OPTIONS", 0)
        patch.setattr(repairing, "WHOLE_UP_TO", 0)
        asked, repair = mend([20, 40, 30], minutes, close=["P0"])
    assert (repair.keep, repair.buses) == ({}, 1)
    assert repair.price.value == pytest.approx(BUS_YUAN)
    trips = repair.layout.assignment.set_index("settlement_id")
    assert trips.loc["S2", ["school_id", "mode"]].tolist() == ["P2", "walk"]
    assert repair.near
    assert (repair.price.bound, repair.price.gap) == (0, 1)
    assert "no lower limit was found" in say_repair(Mending(asked.scenario, NORMS, asked.county, None, 40.0, 700_000.0, repair)).en
    loose = replace(repair, price=Stage(BUS_YUAN, 100_000.0, 1 / 3, optimal=False))
    mending = Mending(asked.scenario, NORMS, asked.county, None, 40.0, 700_000.0, loose)
    assert "even the best plan makes pupils worse off (40 counts)" in say_repair(mending).en
    assert "the plan found in time makes pupils worse off (40 counts)" in say_repair(replace(mending, late=True)).en
    assert "The cheapest repair found: 1 bus more" in say_repair(mending).en
    assert "A cheaper one may exist, but none below 100,000 yuan a year" in say_repair(mending).en
    assert "可能还有更省的办法，但不会低于每年10.0万元" in say_repair(mending).zh


# Two schools, each next to its own village of 20 and 40 pupils, 90 minutes on foot from the other.
TWO = np.array([[3.0, 90.0], [90.0, 3.0]])


def test_a_bus_is_cheaper_than_keeping_a_school_and_without_roads_the_school_is_kept():
    _, repair = mend([20, 40], TWO, close=["P0"])
    assert (repair.keep, repair.buses, repair.buses_at) == ({}, 1, {"P1": 1})
    assert repair.price.value == pytest.approx(BUS_YUAN)
    _, repair = mend([20, 40], TWO, ride=False, close=["P0"])
    assert repair.keep == {"P0": pytest.approx(KEEP_YUAN)}
    assert repair.buses == 0
    loose = mend([20, 40], TWO, close=["P0"], max_buses=1)[1]
    assert (loose.price.value, loose.buses, loose.buses_at) == (pytest.approx(0), 0, {"P1": 1})


def test_a_budget_too_small_is_told_by_how_much():
    # Both schools stay: 2 * (573,000 + 65,000 funds) = 1,276,000 yuan a year; a bus and one school would be 788,000 and riders' 7,111.
    asked, repair = mend([20, 40], TWO, keep=["P0", "P1"], budget_yuan=1_000_000)
    with pytest.raises(NoPlanError):
        optimise_layout(asked, options_of(asked), present_layout(asked))
    assert repair.over_budget_yuan == pytest.approx(276_000, abs=1)
    assert repair.price.value == pytest.approx(276_000, abs=1)


def test_a_clerk_reads_what_to_buy_where_and_at_what_price():
    asked, repair = mend([20, 40], TWO, close=["P0"])
    mending = Mending(asked.scenario, NORMS, asked.county, None, 40.0, 700_000.0, repair)
    assert "1 bus more (1 at P1); 150,000 yuan a year, and nobody is made worse off" in say_repair(mending).en
    assert "多配1辆校车（P1：1辆）；每年15.0万元，没有学生变差" in say_repair(mending).zh
    assert [yuan for *_, yuan in list_parts(mending)] == [BUS_YUAN]
    assert describe_repair(mending)["repair"]["price_yuan"] == pytest.approx(BUS_YUAN)
    assert len(list(repair_tables(mending, "zh"))) == 2
    nothing = Mending(asked.scenario, NORMS, asked.county, None, 0.0, 700_000.0, None)
    assert "nothing needs mending" in say_repair(nothing).en
    assert len(list(repair_tables(nothing, "en"))) == 1
    refused = Mending(asked.scenario, NORMS, asked.county, Words("矛盾", "they contradict"), 0.0, float("nan"), None)
    assert "Nothing that can be bought mends it" in say_repair(refused).en
    assert "which does not mean that there is none" in say_repair(replace(refused, late=True)).en


def test_today_is_a_repair_of_a_large_county_before_anything_is_searched(monkeypatch):
    # Where time leaves nothing else, that one stands: P0 stays, 573,000 yuan; its bus would have been 150,000.
    found = []
    monkeypatch.setattr(solving, "LARGE_FROM", 0)
    plain = repairing._start_today
    monkeypatch.setattr(repairing, "_start_today", lambda *given: found.append(plain(*given)) or found[0])
    _, repair = mend([20, 40], TWO, close=["P0"])
    assert repair.price.value == pytest.approx(BUS_YUAN)
    (start,) = found
    assert start["form_P0_teaching_point"] == 1
    assert (start["pupils_S0_lower_P0_walk"], start["pupils_S1_lower_P1_walk"]) == (pytest.approx(20), pytest.approx(40))
    assert (start["more_buses"], start.get("harmed_S0_lower", 0.0), start["classes_P0_lower"]) == (0, 0, 3)


def test_keeping_a_school_costs_its_running_and_its_least_classes():
    asked = case_of([20, 40], TWO)
    assert keep_yuan(asked, "P0") == pytest.approx(KEEP_YUAN)
