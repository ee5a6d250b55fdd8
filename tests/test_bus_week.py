"""The boarders' week and the rounds of visiting teachers on the tiny county (tests/tiny.py)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from layout_planner.buses.plan import plan_buses
from layout_planner.buses.visits import plan_rounds
from layout_planner.results import BOARDER_COLUMNS, ROUND_COLUMNS
from tests.test_buses import riding, tiny_plan

__all__ = ["tiny_plan"]


@pytest.fixture(scope="module")
def week(tiny_plan):
    case, net, layout, _ = tiny_plan
    boards = riding(case, S1=8, S3=4).assign(mode="board")
    young = riding(case, S2=6).assign(mode="board", band="upper_primary")
    return plan_buses(case, net, replace(layout, assignment=pd.concat([boards, young], ignore_index=True))).boarder_trips


def test_all_boarders_go_home_on_friday_and_come_back_on_sunday(week):
    assert list(week.columns) == list(BOARDER_COLUMNS)
    assert week.groupby("day")["riders"].sum().to_dict() == {"friday": 18, "sunday": 18}
    assert (week["riders"] <= week["seats"]).all()
    assert (week["attendant"] >= 1).all()


def test_hours_of_the_weekend_by_hand(week):
    """Friday: lessons end at 16:30, the bus leaves ten minutes later. Sunday: at the gate by 17:00."""
    assert week.loc[week["day"] == "friday", "starts_s"].tolist() == [60_000.0]
    assert week.loc[week["day"] == "sunday", "ends_s"].tolist() == [61_200.0]


def test_under_tens_are_counted_from_their_grades(week):
    """Grades 4-6 are nine to eleven years old when the year begins: a third of six pupils is under ten; nobody in grades 7-9 is."""
    assert week["under_10"].tolist() == [2, 2]
    assert week["met_at_stop"].tolist() == [0, 0]


def visits(**pupils: int) -> pd.DataFrame:
    return pd.DataFrame({"settlement_id": list(pupils), "pupils": list(pupils.values()), "school_id": "C1"})


def test_a_round_visits_all_places_within_a_day(tiny_plan):
    """From C1 to S3 and S1 and back, 11 km; two visits of two hours and the way: 4 h and 2 * 708 s = 4.4 h."""
    case, net, _, _ = tiny_plan
    hours = case.norms.value("disabled.hours_per_visit")
    found = plan_rounds(case, net, visits(S1=1, S3=1))
    assert list(found.columns) == list(ROUND_COLUMNS)
    assert found["round"].tolist() == [1, 1]
    assert sorted(found["settlement_id"]) == ["S1", "S3"]
    assert found["round_km"].tolist() == [11.0, 11.0]
    assert found["round_hours"].iloc[0] == pytest.approx(2 * hours + 2 * 708 / 3600, abs=0.06)


def test_what_does_not_fit_into_a_day_is_another_round_and_what_has_no_way_is_told(tiny_plan):
    case, net, _, _ = tiny_plan
    day, hours = case.norms.value("visits.day_hours"), case.norms.value("disabled.hours_per_visit")
    many = int(day // hours)
    found = plan_rounds(case, net, visits(S1=many, S3=many, S5=1))
    assert found[found["round"] > 0]["round"].nunique() == 2
    lost = found[found["round"] == 0]
    assert lost["settlement_id"].tolist() == ["S5"]
    assert np.isinf(lost["round_hours"]).all()


def test_nobody_at_home_means_no_rounds(tiny_plan):
    case, net, _, _ = tiny_plan
    assert plan_rounds(case, net, visits()).empty
