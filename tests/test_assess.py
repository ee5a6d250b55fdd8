"""Schools, surroundings, beds and disabled pupils on the tiny county of tests/tiny.py, worked by hand."""

from __future__ import annotations

import random
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point

from layout_planner.assess.boarding import queue_for_beds
from layout_planner.assess.county import assess_layouts
from layout_planner.assess.disabled import SpecialSites, place_disabled, plan_visits
from layout_planner.assess.funding import ITEMS, fund_layout
from layout_planner.assess.groups import count_groups, share_groups
from layout_planner.assess.status import tabulate_status
from layout_planner.assess.surroundings import VENUE_COLUMNS, count_venues, list_venues
from layout_planner.county.faults import Faults
from layout_planner.county.inputs import read_county
from layout_planner.county.model import BadDay
from layout_planner.county.osm_venues import read_osm_venues
from layout_planner.norms import NormSet
from layout_planner.plan.forms import sites_of
from layout_planner.plan.layout import Layout
from layout_planner.plan.present import present_layout
from layout_planner.results import ASSESSMENTS
from layout_planner.risk import assess_risk
from layout_planner.scenario import read_scenario
from layout_planner.words import Words
from tests.broken import add_column, both, copy_good, point_to, with_venues
from tests.test_plan import NORMS, tiny_travel
from tests.test_risk import SCENARIO, tiny_case
from tests.tiny import CRS, ORIGIN, tiny_county

if TYPE_CHECKING:
    from pathlib import Path

    from layout_planner.plan.case import Case


def with_schools(**columns: object) -> Case:
    schools = tiny_county().schools.assign(**columns)
    return tiny_case(schools=schools)


def status_of(case: Case, layout: Layout | None = None) -> pd.DataFrame:
    layout = layout or present_layout(case)
    groups = count_groups(case.county, case.demand)
    near = pd.DataFrame(columns=list(VENUE_COLUMNS))
    table = tabulate_status(case, layout, queue_for_beds(case, layout, groups), count_venues(near, case.county.schools.index))
    return table.set_index("school_id")


def test_the_status_of_a_school_beside_each_norm():
    # Today P1 teaches S1 24, S2 12 and S4 6 of grades 1-6 = 42; C1 teaches S3 18 and 30 of junior (S5 is off the network) = 48.
    # C1: boarders 10 -> 30 m2, has 24; boys 24 -> ceil(24 / 40) = 1; girls 24 -> ceil(24 / 13) = 2, has 1; 3 classrooms for 9 classes.
    # Teachers C1: 18 / 19 + 30 / 13.5 = 3.17 -> 4, has 6. P1: 42 / 19 = 2.2 -> 3, has 2.
    # Funds P1: 42 * 650 = 27 300, the floor is 100 * 650 = 65 000. C1: 18 * 650 + 30 * 850 = 37 200, the floor 65 000.
    case = with_schools(
        dorm_area_m2=[np.nan, 24.0], toilets_boys=[1, 1], toilets_girls=[2, 1], teachers=[2, 6], classrooms=[6, 3], parent_school_id=""
    )
    status = status_of(case)
    assert status["pupils"].to_dict() == {"P1": 42, "C1": 48}
    assert status["small"].all()
    assert status["dorm_short_m2"].to_dict() == {"P1": 0.0, "C1": 6.0}
    assert status["toilets_boys_short"].to_dict() == {"P1": 0.0, "C1": 0.0}
    assert status["toilets_girls_short"].to_dict() == {"P1": 0.0, "C1": 1.0}
    assert status["teachers_spare"].to_dict() == {"P1": -1.0, "C1": 2.0}
    assert status["funds_yuan"].to_dict() == {"P1": 65_000.0, "C1": 65_000.0}
    assert status["floor_yuan"].to_dict() == {"P1": 37_700.0, "C1": 27_800.0}
    assert status["pupils_per_class"].to_dict() == {"P1": 7.0, "C1": 16.0}
    assert (status["specialist_lessons"] == 0).all()


def test_what_the_table_does_not_know_is_unknown_and_never_in_order():
    status = status_of(tiny_case())
    unknown = ["toilets_boys_short", "toilets_girls_short", "teachers", "teachers_spare"]
    assert status[unknown].isna().all(axis=None)
    assert np.isnan(status.at["C1", "dorm_short_m2"])
    assert status.at["P1", "dorm_short_m2"] == 0.0  # no boarders, nothing lacking


@pytest.mark.parametrize(
    ("pupils", "rooms", "state"),
    [(15, 3, "within"), (45, 1, "within"), (46, 1, "above"), (55, 1, "above"), (56, 1, "large"), (65, 1, "large"), (66, 1, "very_large")],
)
def test_class_sizes_by_the_room(pupils: int, rooms: int, state: str):
    case = with_schools(classrooms=[rooms, 9])
    today = present_layout(case)
    trips = today.assignment[(today.assignment["settlement_id"] == "S1") & (today.assignment["band"] == "lower_primary")]
    layout = Layout(today.sites, trips.assign(pupils=pupils))
    assert status_of(case, layout).at["P1", "class_state"] == state


def test_specialists_travel_to_points_that_have_no_teacher_to_spare():
    # P1 as a teaching point: 3 classes of 10 specialist lessons = 30; 4 teachers, 1 beside the class teachers, gives 14: 16 wanted.
    # 16 / 14 -> 2 teachers of C1 travel. With 6 teachers, 3 to spare give 42: nobody travels.
    for teachers, lessons, travelling in ((4, 16.0, 2), (6, 0.0, 0), (np.nan, 30.0, 3)):
        case = with_schools(
            form=["teaching_point", "nine_year"],
            grades=[(1, 2, 3), tuple(range(1, 10))],
            teachers=[teachers, 20.0],
            parent_school_id=["C1", ""],
        )
        status = status_of(case)
        assert status["specialist_lessons"].to_dict() == {"P1": lessons, "C1": 0.0}
        assert status["specialists_travelling"].to_dict() == {"P1": 0, "C1": travelling}
        assert status.at["P1", "parent"] == "中心学校"


def venues_at(*places: tuple[str, float, float]) -> gpd.GeoDataFrame:
    """Return venues of (kind, metres east, metres north) of P1."""
    return gpd.GeoDataFrame(
        {"name": [f"v{k}" for k in range(len(places))], "kind": [kind for kind, *_ in places]},
        geometry=[Point(ORIGIN[0] + x, ORIGIN[1] + y) for _, x, y in places],
        index=pd.Index([f"V{k}" for k in range(len(places))], name="venue_id"),
        crs=CRS,
    )


def test_venues_within_the_limit_are_too_near_and_those_within_the_reach_of_a_campus_are_checked():
    venues = venues_at(
        ("internet_cafe", 199.9, 0), ("internet_cafe", 200, 0), ("internet_cafe", 0, 300), ("bar", 120, 160), ("lottery", 0, 301),
        ("tobacco", 6000, 50),
    )  # fmt: skip
    table = list_venues(tiny_county().schools, venues, NORMS)
    found = table.set_index("venue_id")[["school_id", "state", "distance_m", "limit_m"]].T.to_dict("list")
    assert found == {
        "V0": ["P1", "too_near", pytest.approx(199.9), 200.0],
        "V1": ["P1", "check", pytest.approx(200.0), 200.0],
        "V2": ["P1", "check", pytest.approx(300.0), 200.0],
        "V3": ["P1", "check", pytest.approx(200.0), 200.0],
        "V5": ["C1", "too_near", pytest.approx(50.0), 200.0],
    }
    assert table["distance_m"].is_monotonic_increasing
    assert table.loc[table["kind"] == "internet_cafe", "source"].str.contains("第九条").all()
    assert count_venues(table, tiny_county().schools.index).to_dict() == {"too_near": {"P1": 1, "C1": 1}, "check": {"P1": 3, "C1": 0}}


def test_candidate_sites_are_looked_at_and_kinds_without_a_norm_are_not():
    schools = tiny_county().schools.assign(candidate=[True, False])
    venues = venues_at(("internet_cafe", 10, 0), ("bar", 10, 0))
    without = NormSet(NORMS.id, NORMS.title, tuple(norm for norm in NORMS.norms if norm.key != "venue.other_m"))
    table = list_venues(schools, venues, without)
    assert table[["kind", "candidate"]].to_numpy().tolist() == [["internet_cafe", True]]
    assert list_venues(schools, None, NORMS).columns.tolist() == list(VENUE_COLUMNS)


OSM = """<?xml version="1.0" encoding="UTF-8"?><osm version="0.6">
<node id="7" lat="26.1" lon="105.1"><tag k="amenity" v="internet_cafe"/><tag k="name" v="飞鱼网吧"/></node>
<node id="3" lat="26.2" lon="105.2"><tag k="shop" v="lottery"/></node>
<node id="4" lat="26.2" lon="105.2"><tag k="shop" v="bakery"/></node>
<node id="11" lat="26.0" lon="105.0"/><node id="12" lat="26.0" lon="105.2"/>
<node id="13" lat="26.4" lon="105.2"/><node id="14" lat="26.4" lon="105.0"/>
<way id="9"><nd ref="11"/><nd ref="12"/><nd ref="13"/><nd ref="14"/><nd ref="11"/><tag k="amenity" v="nightclub"/></way>
</osm>"""


def test_venues_from_the_points_and_outlines_of_an_osm_file(tmp_path: Path):
    path = tmp_path / "venues.osm"
    path.write_text(OSM, encoding="utf-8")
    faults = Faults("venues.osm")
    table = read_osm_venues(path, faults)
    assert faults.problems == ()
    assert table.round(6).to_numpy().tolist() == [
        ["n3", "", "lottery", 105.2, 26.2],
        ["n7", "飞鱼网吧", "internet_cafe", 105.1, 26.1],
        ["w9", "", "entertainment", 105.1, 26.2],
    ]


def test_the_queue_for_beds_serves_left_behind_pupils_first_then_the_furthest():
    # Only junior may board at C1 (10 beds): upper primary of S3 attends C1 too, its left-behind pupils are in reach of it.
    # Left-behind L of the parts: S4 junior l4 (of 3), S1 junior l1 (of 12), S2 junior l2, S3 junior l3, S3 upper u3.
    # Order: left-behind by walk S1 4135? S4 5263 s, S1 4135 s, S2 3133 s, S3 upper 1681 s, S3 junior 1504 s; then others too far: S4, S1.
    case = tiny_case()
    today = present_layout(case)
    groups = count_groups(case.county, case.demand)
    shared = share_groups(today.assignment, groups)
    held = shared.groupby(["settlement_id", "band"])[["pupils", "left_behind"]].sum()
    order = [("S4", "junior"), ("S1", "junior"), ("S2", "junior"), ("S3", "upper_primary"), ("S3", "junior")]
    expected = [(home, band, "left_behind", int(held.at[(home, band), "left_behind"])) for home, band in order]
    others = [
        (home, band, "other", int(held.at[(home, band), "pupils"] - held.at[(home, band), "left_behind"])) for home, band in order[:2]
    ]
    queue = queue_for_beds(case, today, groups)
    assert [tuple(row) for row in queue[["settlement_id", "band", "group", "pupils"]].to_numpy()] == [
        row for row in (*expected, *others) if row[3] > 0
    ]
    assert queue["school_id"].eq("C1").all()
    assert queue["place"].tolist() == list(range(1, len(queue) + 1))
    left, served = 10, []
    for pupils in queue["pupils"]:
        served.append(min(left, pupils))
        left -= served[-1]
    assert queue["served"].tolist() == served
    assert (queue["served"] + queue["unserved"] == queue["pupils"]).all()
    assert queue.loc[queue["too_far"], "settlement_id"].isin(["S1", "S4"]).all()


def test_nobody_queues_without_a_canteen_and_those_without_a_trip_queue_at_the_nearest_school_with_beds():
    case = tiny_case()
    today = present_layout(case)
    groups = count_groups(case.county, case.demand)
    schools = case.county.schools.assign(canteen=False)
    assert queue_for_beds(replace(case, county=replace(case.county, schools=schools)), today, groups).empty
    lost = today.assignment.assign(
        school_id=today.assignment["school_id"].where(today.assignment["settlement_id"] != "S4", ""),
        mode=today.assignment["mode"].where(today.assignment["settlement_id"] != "S4", "unserved"),
    )
    queue = queue_for_beds(case, Layout(today.sites, lost), groups)
    # 7000 m at 0.85 and 0.95 of 1.4 m/s: the younger walk longer and stand before the older
    assert queue.loc[queue["settlement_id"] == "S4", ["school_id", "band"]].drop_duplicates().to_numpy().tolist() == [
        ["C1", "upper_primary"],
        ["C1", "junior"],
    ]


def special_sites(walk_s: list[float], ride_s: list[float], beds: int) -> SpecialSites:
    """Return one special school X with hand-made trips from S1 .. S5; stops are at the doors."""
    schools = tiny_county().schools.iloc[[1]].assign(name="特校", beds=beds, buses=0, special="special_school")
    schools.index = pd.Index(["X"], name="school_id")
    walk, ride, near = np.array(walk_s)[:, None], np.array(ride_s)[:, None], np.zeros(5)
    travel = replace(
        tiny_travel(), schools=schools.index, walk_s=walk, walk_m=walk, ride_s=ride, ride_m=ride, stop_s=near, school_access_m=np.zeros(1)
    )
    return SpecialSites(schools, travel)


def disabled_case(special: list[str]) -> Case:
    settlements = tiny_county().settlements.assign(disabled=[9, 0, 0, 9, 9])
    return tiny_case(settlements=settlements, schools=tiny_county().schools.assign(special=special))


def test_disabled_pupils_go_to_the_nearest_room_or_special_school_else_a_bed_else_are_taught_at_home():
    # 9 disabled pupils each in S1 (36 pupils), S4 (9) and S5 (9): three a band, as the bands are equal.
    # A room at P1: S1 lower and upper walk 476 and 420 s. Junior is not taught there: S1 walks 3000 / 0.95 s to the special school X.
    # S4: nobody walks in time (P1 4762 and 4202 s, X endless); X has 4 beds: upper and junior may board, lower may not.
    #     Both ride 1000 s: upper and junior are as far, so junior, first by name, gets 3 beds and upper 1. 2 upper, 3 lower at home.
    # S5 is off the network: 9 at home.
    case = disabled_case(["resource_room", ""])
    never = np.inf
    special = special_sites([3000.0, 9000.0, 9000.0, never, never], [500.0, 500.0, 500.0, 1000.0, never], beds=4)
    today = present_layout(case)
    groups = count_groups(case.county, case.demand)
    placed = place_disabled(case, today, groups, special)
    assert {tuple(row) for row in placed[["settlement_id", "band", "way", "school_id", "pupils"]].to_numpy()} == {
        ("S1", "lower_primary", "resource_room", "P1", 3),
        ("S1", "upper_primary", "resource_room", "P1", 3),
        ("S1", "junior", "special_day", "X", 3),
        ("S4", "junior", "special_board", "X", 3),
        ("S4", "upper_primary", "special_board", "X", 1),
        ("S4", "upper_primary", "home", "", 2),
        ("S4", "lower_primary", "home", "", 3),
        *(("S5", band, "home", "", 3) for band in SCENARIO.bands),
    }
    assert placed.loc[placed["school_id"] == "X", "school"].eq("特校").all()
    visits = plan_visits(case, today, placed).set_index("settlement_id")
    assert visits["pupils"].to_dict() == {"S4": 5, "S5": 9}
    assert visits["hours_week"].to_dict() == {"S4": 10.0, "S5": 18.0}
    # S4 rides 2000 m at 30 km/h = 240 s to P1; nothing reaches S5
    assert visits.loc["S4", ["school_id", "ride_s"]].tolist() == ["P1", pytest.approx(240.0)]
    assert visits.loc["S5", ["school_id", "ride_s"]].tolist() == ["", np.inf]


COUNTS = st.lists(st.integers(0, 40), min_size=5, max_size=5)


@settings(max_examples=12, deadline=None)
@given(COUNTS, COUNTS, st.integers(0, 60))
def test_every_disabled_pupil_has_one_place_and_no_bed_is_given_twice(disabled: list[int], left_behind: list[int], beds: int):
    settlements = tiny_county().settlements.assign(disabled=disabled, left_behind=left_behind)
    case = tiny_case(settlements=settlements, schools=tiny_county().schools.assign(special=["resource_room", ""], beds=[0, beds]))
    today = present_layout(case)
    groups = count_groups(case.county, case.demand)
    placed = place_disabled(case, today, groups, special_sites([9000.0] * 5, [500.0, 500.0, 500.0, 1000.0, np.inf], beds=7))
    assert placed.groupby("settlement_id")["pupils"].sum().to_dict() == groups.loc[groups["disabled"] > 0, "disabled"].to_dict()
    assert placed.loc[placed["way"] == "special_board", "pupils"].sum() <= 7
    assert not placed.loc[placed["band"] == "lower_primary", "way"].eq("special_board").any()
    queue = queue_for_beds(case, today, groups)
    assert queue["served"].sum() == min(beds, queue["pupils"].sum())
    assert (queue["served"] + queue["unserved"] == queue["pupils"]).all()
    first = queue["group"] == "left_behind"
    if queue.loc[first, "unserved"].sum():
        assert queue.loc[~first, "served"].sum() == 0
    assert queue.loc[queue["settlement_id"] == "S5"].empty


def test_a_public_bus_brings_disabled_pupils_too():
    # S4 cannot walk to the room at P1 in time; a public bus takes 1500 s, within 30 minutes
    case = disabled_case(["resource_room", ""])
    by_bus = SimpleNamespace(
        departures=None, seconds=lambda factor, _: np.where(np.arange(5)[:, None] == 3, 1500.0, np.inf) + np.zeros((5, 2)) * factor
    )
    case = replace(case, travel=replace(case.travel, public=by_bus))
    placed = place_disabled(case, present_layout(case), count_groups(case.county, case.demand), None)
    lower = placed[(placed["settlement_id"] == "S4") & (placed["band"] == "lower_primary")]
    assert lower[["way", "school_id", "mode", "seconds"]].to_numpy().tolist() == [["resource_room", "P1", "bus", 1500.0]]


def test_without_the_column_the_way_of_disabled_pupils_is_unknown():
    case = tiny_case(settlements=tiny_county().settlements.assign(disabled=1))
    placed = place_disabled(case, present_layout(case), count_groups(case.county, case.demand), None)
    assert set(placed["way"]) == {"unknown"}
    assert placed["pupils"].sum() == 5
    assert place_disabled(case, present_layout(case), pd.DataFrame(index=case.demand.index), None).empty


def test_all_tables_come_together_and_row_order_is_without_effect():
    settlements = tiny_county().settlements.assign(disabled=[2, 1, 1, 0, 1])
    schools = tiny_county().schools.assign(special=["resource_room", ""])
    tables = []
    for turned in (False, True):
        case = tiny_case(settlements=settlements, schools=schools, venues=venues_at(("bar", 50, 0), ("internet_cafe", 50, 1)))
        today = present_layout(case)
        if turned:
            order = list(range(len(today.assignment)))
            random.Random(3).shuffle(order)
            county = replace(case.county, venues=case.county.venues.iloc[::-1])
            case, today = replace(case, county=county), Layout(today.sites, today.assignment.iloc[order].reset_index(drop=True))
        risk = assess_risk(today, case.county, case.travel, NORMS, SCENARIO)
        case = replace(case, county=replace(case.county, bad_days=(BadDay("ice", Words("凝冻", "ice"), ("ice",), "", None),)))
        tables.append(assess_layouts(case, {"today": (today, risk), "plan": (today, risk)}, None, {"ice": case.travel}))
    assert list(tables[0]) == list(ASSESSMENTS)
    for name, table in tables[0].items():
        pd.testing.assert_frame_equal(table, tables[1][name])
        assert len(table), name
        if name != "surroundings":
            assert table["when"].drop_duplicates().tolist() == ["today", "plan"], name


def test_special_schools_are_no_place_for_a_plan():
    case = disabled_case(["resource_room", ""])
    assert [site.school_id for site in sites_of(case.county.schools, SCENARIO)] == ["C1", "P1"]


def test_special_schools_and_venues_are_read_apart_from_the_schools_that_teach(tmp_path: Path):
    folder = copy_good(tmp_path / "county")
    both(
        add_column("schools.csv", "特殊教育", ["特殊教育学校", "资源教室"]),
        with_venues("场所编号,名称,类别,经度,纬度\nW1,飞鱼,网吧,105.06,26.22\n"),
    )(folder)
    county = read_county(read_scenario(folder / "scenario.toml"))
    assert county.schools.index.tolist() == ["C1"]
    assert county.schools["special"].tolist() == ["resource_room"]
    assert county.special_schools.index.tolist() == ["P1"]
    assert county.venues[["name", "kind"]].to_numpy().tolist() == [["飞鱼", "internet_cafe"]]
    assert {source.role for source in county.sources} >= {"venues"}


def test_what_is_not_given_is_said_once(tmp_path: Path):
    folder = copy_good(tmp_path / "county")
    point_to('venues = { path = "venues.csv" }\n', "")(folder)
    county = read_county(read_scenario(folder / "scenario.toml"))
    codes = [note.code for note in county.notes]
    for code in ("venues.missing", "schools.special.missing", "schools.dorm_area_m2.missing", "schools.toilets_girls.missing"):
        assert codes.count(code) == 1
    assert county.special_schools is None
    assert county.venues is None


def test_who_pays_what_by_hand():
    """Tiny county today, P1 with grades 1-6 and C1: the funds are at least 100 pupils' at P1; nobody counted poor pupils; 5 disabled ones.

    P1 has fewer than 100 pupils of primary grades, so the floor adds 650 for each that is missing.
    """
    case = tiny_case(settlements=tiny_county().settlements.assign(disabled=1, poor=[3, 0, 0, 0, 0]))
    today = present_layout(case)
    table = fund_layout(case, today, count_groups(case.county, case.demand)).set_index("item")
    assert set(table.index) == set(ITEMS)
    served = today.assignment[today.assignment["school_id"] != ""]
    p1 = int(served.loc[served["school_id"] == "P1", "pupils"].sum())
    c1 = served[served["school_id"] == "C1"].groupby("band")["pupils"].sum()
    primary, junior = int(c1.get("lower_primary", 0) + c1.get("upper_primary", 0)), int(c1.get("junior", 0))
    at_c1 = max(100 * 650, primary * 650 + junior * 850)
    assert p1 < 100
    assert table.at["pupil_funds", "yuan"] == 65_000 + at_c1
    assert table.at["floor", "yuan"] == 65_000 - 650 * p1 + at_c1 - primary * 650 - junior * 850
    assert table.at["meals", "yuan"] == 5 * 200 * served["pupils"].sum()
    assert table.at["disabled_funds", "yuan"] == 5 * 6000
    boards = today.assignment[today.assignment["mode"] == "board"]
    assert table.at["boarder_funds", "yuan"] == 200 * boards["pupils"].sum()
    assert table.at["boarder_allowance", "number"] + table.at["day_allowance", "number"] == 3
    whole = today.sites["cost_yuan"].sum() + today.assignment["cost_yuan"].sum()
    paid = table.loc[["pupil_funds", "teachers_sites", "buses", "fares", "weekends"], "yuan"].sum()
    living = (boards["pupils"] * 200).sum() + (boards["pupils"] * boards["band"].map({"upper_primary": 1250, "junior": 1500})).sum()
    assert paid + living == pytest.approx(whole)


def test_what_nobody_counted_has_no_price():
    case = tiny_case()
    table = fund_layout(case, present_layout(case), pd.DataFrame(index=case.demand.index)).set_index("item")
    assert table.loc[["boarder_allowance", "day_allowance", "disabled_funds"], "yuan"].isna().all()
