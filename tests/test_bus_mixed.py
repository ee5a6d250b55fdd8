"""Mixed loads on a tiny county with P1 on the way: a school at 5000 m of the road to C1 at 6000 m (tests/tiny.py, tests/test_buses.py).

Pupils must not wait at school for another run, so apart two buses are needed: S2 (2000 m) to P1, and S1 (500 m) to C1. Together one bus
calls at S1, S2, P1 and C1. Bells ring at 08:00 for P1 and at 08:05 for C1; the bus is at either gate ten minutes earlier. Both
end at 16:30.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest

from layout_planner.buses.bells import Ask, ask_round
from layout_planner.buses.fleet import list_kinds
from layout_planner.buses.mixed import Mixer, Visit, calls_twice
from layout_planner.buses.model import Run
from layout_planner.buses.plan import plan_buses
from layout_planner.buses.rosters import Rosters
from layout_planner.buses.streets import Streets
from layout_planner.norms import read_norms
from layout_planner.output.bus_pages import lines_of, write_timetable
from layout_planner.output.bus_plans import join_buses
from layout_planner.output.mixed_pages import say_mixed
from layout_planner.plan.case import Case
from layout_planner.plan.forms import sites_of
from layout_planner.plan.present import present_layout
from layout_planner.results import FROM_SCHOOL, TO_SCHOOL, BusPlan
from layout_planner.safeguards.bus_check import check_buses
from layout_planner.scenario import Buses, Override
from layout_planner.travel.matrix import measure_net
from layout_planner.travel.net import build_net
from tests.test_plan import scenario_with
from tests.tiny import _points, tiny_county
from tests.views import make_view

HOURS = {"C1": (8 * 3600 + 300.0, 16 * 3600 + 1800.0), "P1": (8 * 3600.0, 16 * 3600 + 1800.0)}
WAIT = 6.0  # minutes that a pupil may wait at school: too few for a bus to come back


def on_the_way(pupils: dict[str, int], *, wait: float = WAIT) -> tuple[Any, Any, BusPlan]:
    """Return case, layout and plan where S2 (and S3) go to P1 and S1 goes to C1."""
    county = tiny_county()
    places = gpd.GeoSeries(_points({"P1": (5000, 0), "C1": (6000, 0)}), index=county.schools.index, crs=county.crs)
    bell, dismissal = ([HOURS[site][end] for site in county.schools.index] for end in (0, 1))
    county = replace(county, schools=county.schools.assign(bell=bell, dismissal=dismissal).set_geometry(places))
    scenario = scenario_with().model_copy(update={"buses": Buses(mixed_loads=True)})
    change = Override(key="bus.most_early_minutes", value=wait, who="t", why="t", date="2026-01-01")
    norms = read_norms("cn-rural", [change])
    net = build_net(county, norms, scenario.travel)
    case = Case(
        scenario, norms, county, pd.DataFrame(0, index=county.settlements.index, columns=list(scenario.bands)),
        measure_net(net, county, scenario.travel), sites_of(county.schools, scenario),
    )  # fmt: skip
    band = {"S1": ("junior", "C1"), "S2": ("upper_primary", "P1"), "S3": ("upper_primary", "P1")}
    rows = [(home, *band[home], "school_bus", count, 0.0, 0.0, 0.0, 0.0, 0.0) for home, count in pupils.items()]
    layout = present_layout(case)
    layout = replace(layout, assignment=pd.DataFrame(rows, columns=list(layout.assignment.columns)))
    return case, layout, plan_buses(case, net, layout)


@pytest.fixture(scope="module")
def mixed():
    return on_the_way({"S1": 8, "S2": 6})


def faults_of(case: Case, layout: Any, plan: BusPlan) -> tuple:
    return check_buses(case.county, case.scenario, case.norms, layout, plan).faults["mixed"]


def test_a_school_on_the_way_saves_a_bus_and_is_told_apart(mixed):
    case, layout, plan = mixed
    sums = plan.mixed.sums.set_index("loads")
    assert sums["buses"].to_dict() == {"apart": 2, "mixed": 1}
    assert sums.at["mixed", "mixed_runs"] == 2  # one in the morning, one in the afternoon
    assert sums.at["mixed", "mixed_pupils"] == 14
    assert plan.buses == 2  # the plan itself has one school a run
    assert sums.at["mixed", "cost_yuan"] < sums.at["apart", "cost_yuan"]
    assert faults_of(case, layout, plan) == ()


def test_calls_by_hand(mixed):
    """Driving 500 to 4000 m at 30 km/h, beyond at 25: S1-S2 180 s, S2-P1 240 + 144 s, P1-C1 144 s; a halt 20 s, a pupil 5 s.

    The bus leaves P1 20 + 30 s after it came, so it is at C1 194 s later; both gates are in time within six minutes' wait when it is at C1
    at 28 500 s, five minutes after P1's last moment less 194 s: it is at P1 at 28 200 s at the latest, so at C1 at 28 394 s.
    """
    calls = mixed[2].mixed.calls
    morning = calls[calls["direction"] == TO_SCHOOL]
    assert morning[["kind", "place_id"]].to_numpy()[2:].tolist() == [["gate", "P1"], ["gate", "C1"]]
    at_p1, at_c1 = morning["time_s"].to_numpy()[2:]
    assert (at_p1, at_c1) == (28_200.0, 28_394.0)
    s1 = at_p1 - (20 + 8 * 5 + 180 + 20 + 6 * 5 + 240 + 144)
    assert morning["time_s"].iloc[0] == pytest.approx(s1, abs=0.2)
    assert morning["aboard"].tolist() == [8, 14, 8, 0]


def test_the_way_home_drops_each_school_s_pupils_and_waits_for_nobody(mixed):
    calls = mixed[2].mixed.calls
    home = calls[calls["direction"] == FROM_SCHOOL]
    assert home["kind"].tolist() == ["gate", "gate", "stop", "stop"]
    assert home["place_id"].tolist()[:2] == ["C1", "P1"]
    assert home["aboard"].tolist() == [8, 14, 8, 0]


def test_everybody_rides_once_each_way_and_within_the_limit(mixed):
    riders = mixed[2].mixed.riders
    assert riders.groupby(["settlement_id", "direction"])["pupils"].sum().unique().tolist() == [8, 6]
    assert (riders["trip_minutes"] <= riders["limit_minutes"]).all()


def test_a_run_never_comes_back_to_a_stop_it_has_left():
    """Two pupils' stops at one node are one halt only while nothing lies between them: no other stop, no gate."""
    on, gate = (1,), ()
    assert not calls_twice([Visit(5, 0, on), Visit(5, 1, on), Visit(7, 0, gate), Visit(8, 1, gate)])
    assert calls_twice([Visit(5, 0, on), Visit(6, 1, on), Visit(5, 1, on), Visit(7, 0, gate)])
    assert calls_twice([Visit(5, 0, on), Visit(7, 0, gate), Visit(5, 1, on), Visit(8, 1, gate)])


def test_two_runs_of_one_school_stay_apart(mixed):
    case, _, _ = mixed
    streets = Streets(build_net(case.county, case.norms, case.scenario.travel))
    kinds = list_kinds(case.county, case.norms)
    riders = pd.DataFrame(
        [("S1", "junior", "C1", "school_bus", 8, 0.0, 0.0, 0.0, 0.0, 0.0)], columns=list(present_layout(case).assignment.columns)
    )
    round_ = ask_round("C1", riders, case, streets, part=36)
    ask = Ask(round_, round_.bell, Run((0,), 36))
    mixer = Mixer([ask], streets, Rosters(case, streets, kinds, weekly=False), TO_SCHOOL)
    assert mixer.lay_together(mixer.single[0], mixer.single[0]) is None


def test_full_buses_are_never_mixed():
    _, _, plan = on_the_way({"S1": 30, "S2": 30})  # 36 seats
    assert plan.mixed.sums["buses"].tolist() == [2, 2]
    assert plan.mixed.sums["mixed_runs"].tolist() == [0, 0]


def test_seats_that_are_free_again_at_the_first_school_are_counted_then():
    """S2's pupils get off at P1 before nobody else gets on: 20 and 16 just fit 36 seats, 17 do not."""
    fits, full = (on_the_way({"S1": 20, "S2": count})[2].mixed.sums["mixed_runs"].tolist()[1] for count in (16, 17))
    assert (fits, full) == (2, 0)


DAMAGE = [
    ("calls", "seats", 9),
    ("calls", "aboard", 1),
    ("calls", "on", 9),
    ("calls", "time_s", 28_200.0),
    ("calls", "place_id", "C1"),
    ("riders", "ride_minutes", 1.0),
    ("riders", "pupils", 7),
    ("riders", "walk_minutes", 3.0),
    ("riders", "site_id", "P1"),
]


@pytest.mark.parametrize(("table", "column", "value"), DAMAGE)
def test_every_damage_is_told(mixed, table: str, column: str, value: object):
    case, layout, plan = mixed
    damaged = getattr(plan.mixed, table).copy()
    damaged[column] = value
    assert faults_of(case, layout, replace(plan, mixed=replace(plan.mixed, **{table: damaged})))


def test_nothing_is_mixed_unasked():
    assert scenario_with().buses.mixed_loads is False


def test_the_timetable_tells_the_alternative_and_every_driver_s_day(mixed, tmp_path):
    plan = mixed[2]
    view = make_view()
    schools = view.schools.iloc[[0, 0]].assign(name=["中心学校", "甲小学"], name_en=["Central", "Jia Primary"])
    schools.index = ["C1", "P1"]
    run = type("Run", (), {"buses": {"today": plan, "plan": plan}})()
    lines = lines_of(replace(view, schools=schools, mergers=(), findings=(), **join_buses(run)), "plan")
    write_timetable(lines, tmp_path / "timetable.html", "zh")
    page = (tmp_path / "timetable.html").read_text(encoding="utf-8")
    assert "车从2辆减到1辆" in page
    assert "the buses go from 2 to 1" in page
    assert page.count("收车") >= 2
    assert say_mixed(replace(lines.view, mixed_sums=None), "plan").en == ""
    none = plan.mixed.sums.assign(buses=2, cost_yuan=1.0, when="plan")
    assert "neither buses nor money" in say_mixed(replace(lines.view, mixed_sums=none), "plan").en
