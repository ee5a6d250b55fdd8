"""Runs with few riders, and what routes teach the layout, by hand (tests/test_buses.py: stops on a line, 100 s apart)."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from layout_planner.agreeing import Turn, agree_with_buses
from layout_planner.buses.feedback import EVERYWHERE, agree, leave_out, price_factors, reprice, reprice_layout, sum_round, unwise_rides
from layout_planner.buses.few import keeps_limits, merge_few, tell_few
from layout_planner.buses.model import Run
from layout_planner.buses.notes import note_buses
from layout_planner.buses.plan import plan_buses
from layout_planner.errors import NoPlanError
from layout_planner.plan.forms import sites_by_band
from layout_planner.plan.solve import optimise_layout
from layout_planner.results import BUS_ROUND_COLUMNS, TO_SCHOOL
from layout_planner.travel.options import commute_options
from layout_planner.words import Words, say_nothing
from tests.test_buses import line_bell, riding, tiny_case, tiny_plan

__all__ = ["tiny_plan"]


def test_a_run_of_two_is_shared_out_where_seats_allow():
    """Stops 0, 1, 2 with 9, 2 and 9 pupils. Runs (2, 0) and (1): eight are too few for a run of its own, and two are fewer."""
    bell = line_bell([9, 2, 9], limit_s=400)
    assert merge_few(bell, [Run((2, 0), 20), Run((1,), 20)], [20], 8) == [Run((2, 1, 0), 20)]


def test_a_larger_bus_is_taken_where_there_is_one():
    bell = line_bell([9, 2, 9], limit_s=400)
    runs = [Run((2, 0), 18), Run((1,), 18)]
    assert merge_few(bell, runs, [18], 8) == runs
    assert merge_few(bell, runs, [18, 36], 8) == [Run((2, 1, 0), 36)]


def test_nobody_is_taken_along_over_the_limit():
    """From stop 2 straight to school 300 s. Ten seconds to get on at stop 1 make it 310."""
    bell = replace(line_bell([9, 2, 9], limit_s=305), board_s=np.array([0.0, 10.0, 0.0]))
    bell = replace(bell, earliest_s=bell.arrive_s - 305 - bell.board_s)
    runs = [Run((2, 0), 20), Run((1,), 20)]
    assert keeps_limits(bell, Run((2, 0), 20))
    assert not keeps_limits(bell, Run((2, 1, 0), 20))
    assert merge_few(bell, runs, [20], 8) == runs


def test_a_party_boards_at_its_other_stop_where_that_is_on_the_way():
    """Party 1 may board at stop 1 or at stop 3, which lies beyond everybody else: 100 s more each way."""
    bell = line_bell([9, 2, 9, 2], limit_s=900)
    bell = replace(bell, party=np.array([0, 1, 2, 1]))
    assert merge_few(bell, [Run((2, 0), 20), Run((3,), 20)], [20], 8) == [Run((2, 1, 0), 20)]


def test_runs_of_enough_riders_stay_as_they_are():
    bell = line_bell([9, 8, 9], limit_s=900)
    runs = [Run((2, 0), 36), Run((1,), 36)]
    assert merge_few(bell, runs, [36], 8) == runs


def test_who_has_another_way_is_told():
    """S3 is 2000 m from C1: grades 7-9 walk 1429 / 0.9 s within the limit. S1 is 5500 m away and must ride. Five pupils are too few."""
    case, net = tiny_case(S1=2, S3=3)
    from layout_planner.plan.present import present_layout

    layout = replace(present_layout(case), assignment=riding(case, S1=2, S3=3))
    layout = replace(layout, sites=layout.sites.assign(boarders=layout.sites["beds"]))  # no bed is free
    plan = plan_buses(case, net, layout)
    told = tell_few(case, layout, plan).set_index("settlement_id")
    assert told["other_mode"].to_dict() == {"S1": "", "S3": "walk"}
    assert told["riders"].tolist() == [5, 5]
    (note,) = [note for note in note_buses("plan", layout, plan) if note.code == "buses.few"]
    assert note.count == 1
    assert "5 pupils" in note.text.en
    assert "3 of them" in note.text.en
    assert told.at["S3", "other_minutes"] <= told.at["S3", "other_limit_minutes"]
    beds = tell_few(case, replace(layout, sites=layout.sites.assign(boarders=0)), plan).set_index("settlement_id")
    assert beds["other_mode"].to_dict() == {"S1": "board", "S3": "walk"} or beds.at["S1", "other_mode"] in {"", "board"}


def test_prices_follow_the_routes_and_come_back(tiny_plan):
    """11 km on 200 days at 3.2 yuan: 7040 yuan; the layout counts 30 times 100 yuan for the kilometres: 7040 / 3000."""
    case, _, layout, plan = tiny_plan
    layout = replace(layout, assignment=riding(case, S1=10, S2=10, S3=10).assign(cost_yuan=1000.0))
    factors = price_factors(layout, plan, case.norms)
    assert factors == {EVERYWHERE: pytest.approx(7040 / 3000), "C1": pytest.approx(7040 / 3000)}
    dearer = reprice_layout(layout, factors)
    assert dearer.assignment["cost_yuan"].sum() == pytest.approx(7040)
    back = reprice_layout(dearer, factors, back=True).assignment["cost_yuan"]
    np.testing.assert_allclose(back, layout.assignment["cost_yuan"])
    walks = layout.assignment.assign(mode="walk")
    pd.testing.assert_frame_equal(reprice(walks, factors), walks)


def test_plan_and_routes_agree_only_where_buses_and_cost_do(tiny_plan):
    case, _, layout, plan = tiny_plan
    riders = riding(case, S1=10, S2=10, S3=10).assign(cost_yuan=7040 / 3)
    one = replace(layout, assignment=riders, sites=layout.sites.assign(buses=[1 if site == "C1" else 0 for site in layout.sites.index]))
    assert agree(one, plan, case.norms)
    assert not agree(replace(one, sites=one.sites.assign(buses=0)), plan, case.norms)
    assert not agree(replace(one, assignment=riders.assign(cost_yuan=10_000.0)), plan, case.norms)
    assert sum_round(0, one, plan, case.norms)["gap_share"] == pytest.approx(0, abs=1e-4)


def test_rides_too_long_or_of_too_few_are_left_out_for_whoever_has_another_way(tiny_plan):
    plan = tiny_plan[3]
    assert unwise_rides(plan) == set()
    late = plan.riders.copy()
    late.loc[(late["settlement_id"] == "S1") & (late["direction"] == TO_SCHOOL), "trip_minutes"] = np.inf
    assert unwise_rides(replace(plan, riders=late)) == {("S1", "junior", "C1")}
    few = plan.routes.assign(few_riders=True)
    assert unwise_rides(replace(plan, routes=few)) == {(home, "junior", "C1") for home in ("S1", "S2", "S3")}
    columns = ["settlement_id", "band", "school_id", "mode", "within_norms"]
    rows = [("S1", "junior", "C1", "school_bus", True), ("S1", "junior", "C1", "board", True), ("S2", "junior", "C1", "school_bus", True)]
    rows.append(("S2", "junior", "C1", "walk", False))
    left = leave_out(pd.DataFrame(rows, columns=columns), {("S1", "junior", "C1"), ("S2", "junior", "C1")})
    assert left[["settlement_id", "mode"]].to_numpy().tolist() == [["S1", "board"], ["S2", "school_bus"], ["S2", "walk"]]


def test_a_round_that_lacks_fewer_buses_goes_before_one_that_counts_on_them_for_fewer_at_risk():
    def turn(harmed, at_risk, needed, *, agrees=False):
        row = {"buses_needed": needed, "buses_counted": 65, "gap_share": 0.1}
        return Turn(None, SimpleNamespace(terms={"harmed": harmed, "at_risk_weighted": at_risk}), None, row, agrees)

    lacks_many, lacks_few, agrees, harms = turn(0, 100, 105), turn(0, 120, 75), turn(0, 130, 65, agrees=True), turn(5, 90, 65, agrees=True)
    assert sorted([lacks_many, harms, agrees, lacks_few], key=lambda one: one.rank) == [agrees, lacks_few, lacks_many, harms]


def before_the_rounds():
    """Return the tiny case, its net, options and layout of today, and what is found and routed before the first of two rounds."""
    from layout_planner.plan.present import present_layout
    from tests.test_plan import scenario_with

    case, net = tiny_case(S1=12, S2=12)
    case = replace(case, scenario=scenario_with(move="all", max_buses=3, bus_rounds=2))
    today = present_layout(case)
    options = commute_options(case.travel, case.county.schools, sites_by_band(case.sites, case.scenario), case.norms, case.scenario)
    layout, solved = optimise_layout(case, options, today)
    buses = plan_buses(case, net, layout)
    return case, net, options, today, (layout, solved, buses)


def test_rounds_end_in_a_layout_at_norm_prices_with_a_table_of_the_rounds():
    case, net, options, today, (layout, solved, buses) = before_the_rounds()

    def route(asked, found):
        return plan_buses(asked, net, found)

    kept, _, routed, notes = agree_with_buses(case, options, today, (layout, solved, buses), route, say_nothing)
    table = routed.bus_rounds
    assert list(table.columns) == list(BUS_ROUND_COLUMNS)
    assert table["kept"].sum() == 1
    assert len(notes) == len(table) <= 3
    best = table.loc[table["kept"]].iloc[0]
    assert best["buses_needed"] == routed.buses
    by_norm = options.set_index(["settlement_id", "band", "school_id", "mode"])["cost_yuan"]
    for row in kept.assignment[kept.assignment["mode"] == "school_bus"].to_dict("records"):
        price = by_norm[row["settlement_id"], row["band"], row["school_id"], row["mode"]]
        assert row["cost_yuan"] == pytest.approx(price * row["pupils"])


def test_a_round_without_a_plan_leaves_the_one_before(monkeypatch):
    # Time that ran out in the second round, say, lost the first one too, with all its routes.
    from layout_planner import agreeing

    def refuse(*_):
        raise NoPlanError(Words("时间用完", "out of time"))

    case, _, options, today, (layout, solved, buses) = before_the_rounds()
    dear = replace(buses, routes=buses.routes.assign(cost_yuan=50 * buses.routes["cost_yuan"]))
    monkeypatch.setattr(agreeing, "optimise_layout", refuse)
    kept, _, routed, notes = agree_with_buses(case, options, today, (layout, solved, dear), lambda *_: dear, say_nothing)
    assert kept is layout
    assert routed.bus_rounds["kept"].tolist() == [True]
    assert [note.code for note in notes] == ["buses.round", "buses.no_round"]
    assert "out of time" in notes[1].text.en
