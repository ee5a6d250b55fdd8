"""The boarders' week and the rounds of visiting teachers on the tiny county (tests/tiny.py)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from layout_planner.buses.plan import plan_buses
from layout_planner.buses.visits import plan_rounds
from layout_planner.norms import read_norms
from layout_planner.results import BOARDER_COLUMNS, ROUND_COLUMNS
from layout_planner.safeguards.bus_check import check_buses
from layout_planner.scenario import Override
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


@pytest.fixture(scope="module")
def boarding(tiny_plan):
    """Layout and plan with eight and four boarders of grades 7-9 at S1 and S3, and six of grades 1-3 at S2, of whom all are under ten."""
    case, net, layout, _ = tiny_plan
    boards = riding(case, S1=8, S3=4).assign(mode="board")
    young = riding(case, S2=6).assign(mode="board", band="lower_primary")
    layout = replace(layout, assignment=pd.concat([boards, young], ignore_index=True))
    return case, layout, plan_buses(case, net, layout)


def faults_of(case, layout, plan) -> tuple:
    return check_buses(case.county, case.scenario, case.norms, layout, plan).faults["week"]


def test_the_re_check_finds_no_fault_in_an_honest_weekend(boarding):
    assert faults_of(*boarding) == ()
    trips = boarding[2].boarder_trips
    assert trips["under_10"].tolist() == [6, 6]
    assert trips["met_at_stop"].tolist() == [1, 1]  # at S2 nobody older gets off with them
    assert set(boarding[2].boarder_stops["route_id"]) == set(trips["trip_id"])


WEEK_DAMAGE = [
    ("boarder_trips", "seats", 9),
    ("boarder_trips", "attendant", 0),
    ("boarder_trips", "under_10", 2),
    ("boarder_trips", "met_at_stop", 0),
    ("boarder_trips", "ends_s", 61_900.0),
    ("boarder_trips", "starts_s", 59_000.0),
    ("boarder_trips", "bus_id", "B001"),
    ("boarder_riders", "pupils", 3),
    ("boarder_riders", "ride_minutes", 1.0),
    ("boarder_riders", "route_id", ""),
    ("boarder_riders", "walk_minutes", 0.0),
    ("boarder_stops", "time_s", 60_000.0),
]


@pytest.mark.parametrize(("table", "column", "value"), WEEK_DAMAGE)
def test_every_damage_to_the_weekend_is_told(boarding, table: str, column: str, value: object):
    case, layout, plan = boarding
    damaged = getattr(plan, table).copy()
    damaged[column] = value
    if column == "bus_id":  # one bus cannot be on two runs at once
        twice = damaged.assign(trip_id=damaged["trip_id"] + "x", bus_id="B001")
        stops, riders = (rows.assign(route_id=rows["route_id"] + "x") for rows in (plan.boarder_stops, plan.boarder_riders))
        plan = replace(
            plan,
            boarder_stops=pd.concat([plan.boarder_stops, stops], ignore_index=True),
            boarder_riders=pd.concat([plan.boarder_riders, riders], ignore_index=True),
        )
        damaged = pd.concat([damaged, twice], ignore_index=True)
    assert faults_of(case, layout, replace(plan, **{table: damaged}))


def test_a_boarder_whom_no_bus_road_reaches_needs_no_seat(boarding, tiny_plan):
    case, layout, _ = boarding
    far = replace(layout, assignment=riding(case, S1=8, S5=2).assign(mode="board"))  # S5 is off the network
    plan = plan_buses(case, tiny_plan[1], far)
    assert plan.boarder_riders.loc[plan.boarder_riders["settlement_id"] == "S5", "route_id"].tolist() == ["", ""]
    assert faults_of(case, far, plan) == ()


def test_on_a_slow_day_the_new_riders_are_held_against_today(tiny_plan):
    """S1's ride of 14.1 min becomes 708 / 0.75 + 140 s = 18.1 min; with ten minutes' wait it keeps the limit of 60. With 45 it does not."""
    case, net, layout, _ = tiny_plan
    riders = replace(layout, assignment=riding(case, S1=10, S2=10, S3=10))
    plan = plan_buses(case, net, riders)
    nobody = replace(layout, assignment=riding(case))
    empty = plan_buses(case, net, nobody)
    given = (case.county, case.scenario)
    assert check_buses(*given, case.norms, riders, plan, today=(nobody, empty)).faults["slow"] == ()
    change = Override(key="bus.wait_minutes_most", value=45, who="t", why="t", date="2026-01-01")
    slower = read_norms("cn-rural", [change])
    found = check_buses(*given, slower, riders, plan, today=(nobody, empty)).faults["slow"]
    assert any("S1" in fault.en for fault in found)
    assert check_buses(*given, slower, riders, plan, today=(riders, plan)).faults["slow"] == ()  # so they are today


def test_routes_hold_the_slow_day_where_a_straight_ride_does(tiny_plan):
    from layout_planner.buses.bells import ask_round
    from layout_planner.buses.streets import Streets
    from tests.test_plan import scenario_with

    case, net, _, _ = tiny_plan
    limits = {}
    for judge in ("expected", "slow", "worst"):
        asked = replace(case, scenario=scenario_with(judge=judge))
        bell = ask_round("C1", riding(case, S1=10), asked, Streets(net), part=36).bell
        limits[judge] = float(np.max(bell.arrive_s - bell.earliest_s - bell.board_s))
    least = case.norms.value("travel.max_minutes", grades=(7, 8, 9), mode="school_bus") * 60
    assert limits["expected"] == pytest.approx(least - 300)
    assert limits["slow"] == limits["worst"] == pytest.approx(0.75 * (least - 600))


def test_whoever_has_a_stop_for_slow_days_waits_at_no_other(tiny_plan):
    """Limit 45 min. On a slow day a walk of 13 min becomes 16.7 and the wait 10: 18.3 min are left, 0.75 x 18.3 = 13.8 of expected driving.

    A ride of 16 min from there is in time on most days (13 + 5 + 16 = 34) and late on slow ones; a ride of 20 min from the own door is in
    time on both (10 + 20 / 0.75 = 36.7). A party that only has the far stop keeps it.
    """
    from layout_planner.buses.bells import _limit_rides
    from layout_planner.buses.stops import Party, StopChoice
    from tests.test_plan import scenario_with

    parties = [Party("S1", "upper_primary", 4, 2700.0, 1.0), Party("S2", "upper_primary", 4, 2700.0, 1.0)]
    choices = [StopChoice(0, 7, 0.0), StopChoice(0, 8, 780.0), StopChoice(1, 8, 780.0)]
    straight_s = {7: 1200.0, 8: 960.0}
    for judge, kept in (("expected", choices), ("worst", [choices[0], choices[2]])):
        usable, most, late = _limit_rides(parties, choices, straight_s, replace(tiny_plan[0], scenario=scenario_with(judge=judge)))
        assert usable == kept
        assert late == frozenset()
    assert most == pytest.approx([0.75 * (2700 - 600), 2700 - 780 - 300])


def visit_faults(tiny_plan, asked: pd.DataFrame, rounds: pd.DataFrame) -> tuple:
    case, _, layout, plan = tiny_plan
    riders = replace(layout, assignment=riding(case, S1=10, S2=10, S3=10))
    return check_buses(case.county, case.scenario, case.norms, riders, replace(plan, visit_rounds=rounds), visits=asked).faults["visits"]


def test_rounds_are_checked_a_second_time(tiny_plan):
    asked = visits(S1=1, S3=1, S5=1)
    honest = plan_rounds(tiny_plan[0], tiny_plan[1], asked)
    assert visit_faults(tiny_plan, asked, honest) == ()
    for column, value in (("round_hours", 2.0), ("round_hours", 9.0), ("stays_minutes", 30.0), ("round", 0)):
        assert visit_faults(tiny_plan, asked, honest.assign(**{column: value}))
    assert visit_faults(tiny_plan, asked, honest.iloc[1:])
    faults = visit_faults(tiny_plan, asked, pd.concat([honest, honest]))
    assert faults
    assert not any("S1" in fault.en or "S3" in fault.en for fault in faults)  # never where a child lives
