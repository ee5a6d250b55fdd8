"""Classrooms over school years: bought a year before a closing needs them, within the capital of every year, and re-checked."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layout_planner.safeguards.years_check import Bought
from tests.test_years import NEVER, SLOW, Goals, counties, plan_of, price_year, terms_of

if TYPE_CHECKING:
    from layout_planner.plan.years_terms import SchoolYear

ROOM_PRICE = 200_000


def with_rooms(terms: list[SchoolYear], rooms: list[float]) -> list[SchoolYear]:
    """Return `terms` with so many classrooms by school."""
    county = terms[0].case.county
    county = replace(county, schools=county.schools.assign(classrooms=rooms))
    return [replace(term, case=replace(term.case, county=county)) for term in terms]


# Two schools of 20 and 130 pupils, each next to its own village, 12 minutes from the other: one may take all in. A class has 45 pupils.
NEAR = np.array([[3.0, 12.0], [12.0, 3.0]])


def test_a_school_closes_a_year_after_the_classroom_came_that_its_pupils_need():
    # 130 pupils need three classes, 150 a fourth. P1 has three rooms, so P0 may close from the second year, when the fourth stands.
    # P0 costs 60,000 + 3 * 171,000 + 65,000 = 638,000 a year; a fourth class at P1 171,000, and 650 yuan for every pupil from 100 on.
    found, layouts, bought, faults = plan_of(with_rooms(terms_of([[20, 130]] * 3, NEAR, keep=["P1"]), [3, 3]))
    assert [sorted(layout.sites["form"]) for layout in layouts.values()] == [["teaching_point"] * 2, *([["closed", "teaching_point"]] * 2)]
    assert [each.rooms for each in bought.values()] == [{"P1": 1}] * 3
    assert [each.yuan for each in bought.values()] == [ROOM_PRICE, 0, 0]
    big = 60_000 + 650 * 130 + 3 * 171_000
    assert found.reached["cost_yuan"] == pytest.approx(638_000 + big + 2 * (60_000 + 650 * 150 + 4 * 171_000), abs=1)
    assert faults() == ""
    years = sorted(layouts)
    early = {**layouts, years[0]: layouts[years[1]]}
    assert "4 classes, and the year before 3 rooms" in faults(early)
    assert "has 4 classes and 3 classrooms" in faults(bought={year: Bought(0, {}, 0.0) for year in years})
    assert "new classrooms at P1 become fewer" in faults(bought={**bought, years[2]: Bought(0, {}, 0.0)})
    assert "0 yuan for what is new, the re-check finds 200000" in faults(bought={**bought, years[0]: Bought(0, {"P1": 1}, 0.0)})


def test_a_year_without_capital_builds_no_classroom():
    terms = with_rooms(terms_of([[20, 130]] * 3, NEAR, keep=["P1"]), [3, 3])
    _, layouts, bought, faults = plan_of(terms, capital_yuan={"2027": 1.0})
    assert [int((layout.sites["form"] == "closed").sum()) for layout in layouts.values()] == [0, 0, 1]
    assert [each.rooms for each in bought.values()] == [{}, {"P1": 1}, {"P1": 1}]
    assert faults() == ""


def test_classrooms_are_bought_early_where_the_capital_of_their_year_does_not_suffice():
    # Cohorts grow: in 2028 P0 needs two more rooms than it has, and there is money for one a year.
    terms = with_rooms(terms_of([[130], [220]], np.array([[3.0]])), [3])
    _, _, bought, faults = plan_of(terms, capital_yuan=1.0 * ROOM_PRICE)
    assert [each.rooms for each in bought.values()] == [{"P0": 1}, {"P0": 2}]
    assert faults() == ""


def brute_force_rooms(pupils: list[list[int]], minutes: np.ndarray, rooms: list[int], capital: list[float]) -> Goals:
    """Return the least (harm, risk, yuan) over all sequences of open schools and new classrooms; in a year with a closing none is new
    where anybody goes, for every school may take everybody in."""
    count = minutes.shape[1]
    today = [0] * count
    for n, row in zip(pupils[0], minutes, strict=True):
        today[int(row.argmin())] += n
    at_hand = [max(had, 3, math.ceil(load / 45)) for had, load in zip(rooms, today, strict=True)]
    reached = {((True,) * count, (0,) * count): (0.0, 0.0, 0.0)}
    for counts, most in zip(pupils, capital, strict=True):
        following: dict[tuple[object, ...], Goals] = {}
        for (was_open, stood), so_far in reached.items():
            for is_open in itertools.product((False, True), repeat=count):
                if any(now and not before for now, before in zip(is_open, was_open, strict=True)):
                    continue
                for new in itertools.product(*(range(had, 4) for had in stood)):
                    if ROOM_PRICE * (sum(new) - sum(stood)) > most:
                        continue
                    shut = [is_open != was_open and now > had for now, had in zip(new, stood, strict=True)]
                    room = tuple(0 if closed else 45 * (at + more) for closed, at, more in zip(shut, at_hand, new, strict=True))
                    year = price_year(tuple(counts), minutes, is_open, (0,) * count, (False,) * count, room)
                    total = tuple(a + b for a, b in zip(so_far, year, strict=True))
                    following[is_open, new] = min(following.get((is_open, new), NEVER), total)
        reached = following
    return min(reached.values())


@SLOW
@given(counties(), st.lists(st.sampled_from([3, 4]), min_size=2, max_size=2))
def test_the_plan_with_classrooms_equals_brute_force_over_all_sequences(county, rooms):
    pupils, minutes, capital = county
    rooms = rooms[: minutes.shape[1]]
    terms = with_rooms(terms_of(pupils, minutes), rooms)
    limits = {str(term.year): max(yuan, 1.0) for term, yuan in zip(terms, capital, strict=True)}
    found, _, _, faults = plan_of(terms, capital_yuan=limits)
    harm, risk, yuan = brute_force_rooms(pupils, minutes, rooms, capital)
    assert found.reached["harmed"] == pytest.approx(harm, abs=1e-3)
    assert found.reached["at_risk_weighted"] == pytest.approx(risk, abs=1e-2)
    assert found.reached["cost_yuan"] == pytest.approx(yuan, abs=1.0)
    assert found.bounds["cost_yuan"] <= yuan + 1.0
    assert faults() == ""
