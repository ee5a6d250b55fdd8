"""Bad days: closed roads by hand on the tiny county, an oracle in networkx, files and their faults."""

from __future__ import annotations

import math
from dataclasses import replace

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, Point, box

from layout_planner.assess.bad_days import COLUMNS, count_cut_off, list_bad_days, risk_when_cut_off
from layout_planner.county.bad_days import add_hazard_days
from layout_planner.county.demand import count_pupils
from layout_planner.county.inputs import read_county
from layout_planner.county.model import BadDay
from layout_planner.embedded import scenario_folder
from layout_planner.errors import InputError
from layout_planner.norms import read_norms
from layout_planner.pipeline import ground_of
from layout_planner.plan.case import Case
from layout_planner.plan.forms import sites_of
from layout_planner.plan.present import present_layout
from layout_planner.scenario import Travel, read_scenario
from layout_planner.travel.bad_days import measure_bad_day
from layout_planner.travel.closures import close_pieces
from layout_planner.travel.matrix import measure_net, measure_travel
from layout_planner.travel.net import build_net
from layout_planner.words import Words
from tests.broken import copy_good
from tests.test_plan import scenario_with
from tests.test_travel import QUICK, make_county, road_nets
from tests.tiny import ORIGIN, tiny_county

NORMS = read_norms("cn-rural")
INF = np.inf
TIMES = ("walk_s", "ride_s", "stop_s")


def day_of(area, hazards=("flood",), key="flood"):
    return BadDay(key, Words("洪水", "flood"), hazards, "", area)


def near(x, y, half=50.0):
    """Return a square around a point of the tiny county."""
    return box(ORIGIN[0] + x - half, ORIGIN[1] + y - half, ORIGIN[0] + x + half, ORIGIN[1] + y + half)


def on_day(county, area=None, **settings):
    asked = Travel(**settings)
    return measure_bad_day(build_net(county, NORMS, asked), county, asked, day_of(area))


def test_a_cut_between_two_homes_by_hand():
    """The road is cut at x = 3000, between n1 and S3: west of it P1 stays, east of it C1; S4's path and S2's leg stay open."""
    trips = on_day(tiny_county(), near(3000, 0))
    assert np.isfinite(trips.walk_s).tolist() == [[True, False], [True, False], [False, True], [True, False], [False, False]]
    assert trips.walk_s[3, 0] == pytest.approx(5000 / 1.4)
    assert np.allclose(trips.ride_s, [[60, INF], [240, INF], [INF, 288], [240, INF], [INF, INF]])
    assert np.allclose(trips.stop_s, [0, 100 / 0.84, 0, 3000 / 1.4, INF])
    assert trips.notes[0].count == 2000  # the whole piece from n1 to S3


def test_only_the_piece_that_is_met_is_closed():
    """S1 stands at 500 m of the 2000 m from P1 to n1; a flood at 1000 m leaves its way to P1."""
    trips = on_day(tiny_county(), near(1000, 0))
    assert trips.walk_s[0].tolist() == [pytest.approx(500 / 1.4), INF]
    assert trips.walk_s[1].tolist() == [INF, pytest.approx(4000 / 1.4 + 100 / 0.84)]


def test_a_flooded_leg_cuts_the_home_off():
    """S2 stands 100 m south of the road: water between them leaves the road open and S2 without a way."""
    trips = on_day(tiny_county(), near(2000, -50, 10))
    assert np.isinf(trips.walk_s[1]).all()
    assert np.isinf(trips.stop_s[1])
    assert trips.walk_s[0].tolist() == [pytest.approx(500 / 1.4), pytest.approx(5500 / 1.4)]


def test_a_flooded_stop_leg_leaves_the_path_to_the_stop():
    """S4's leg straight to its stop n1 is the line of its path, 3000 m; with the path bent around the water the walk by it stays."""
    county = tiny_county()
    bent = LineString([(ORIGIN[0] + x, ORIGIN[1] + y) for x, y in ((2000, 0), (2800, 1500), (2000, 3000))])
    edges = county.roads.edges.copy()
    edges.loc[3, "geometry"] = bent
    county = replace(county, roads=replace(county.roads, edges=edges))
    trips = on_day(county, near(2000, 1500))
    assert trips.stop_s[3] == pytest.approx(2 * math.hypot(800, 1500) / 1.4)


def test_a_line_closes_what_it_crosses_and_bridges_stand_only_when_told():
    slide = LineString([(ORIGIN[0] + 3000, ORIGIN[1] - 5), (ORIGIN[0] + 3000, ORIGIN[1] + 5)])
    county = tiny_county()
    county.roads.edges["bridge"] = True
    assert np.isinf(on_day(county, slide).walk_s[2, 0])
    assert np.isfinite(on_day(county, slide, bad_day_bridges_stand=True).walk_s[2, 0])


def test_roads_known_to_close_do_so_where_the_scenario_names_the_hazard():
    county = tiny_county()
    county.roads.edges["closed_from"] = ["", "flood", "ice", ""]
    assert np.isfinite(on_day(county).walk_s[2, 0])
    flooded = on_day(county, bad_day_hazards=["flood"])
    assert np.isinf(flooded.walk_s[2, 0])
    assert np.isfinite(flooded.walk_s[2, 1])


def test_hazards_that_no_file_names_are_days_of_their_own():
    days = add_hazard_days([day_of(near(0, 0), key="june")], ["flood", "ice"])
    assert [(day.key, day.name.en, day.area is None) for day in days] == [("june", "flood", False), ("ice", "ice", True)]


def test_a_file_named_like_a_hazard_and_the_hazard_are_two_days():
    # flood.geojson that does not say its hazard, and bad_day_hazards = ["flood"]: one key for both made the second day overwrite the first
    days = add_hazard_days([day_of(near(0, 0), hazards=(), key="flood"), day_of(near(0, 0), hazards=(), key="flood-roads")], ["flood"])
    assert [(day.key, day.hazards) for day in days] == [("flood", ()), ("flood-roads", ()), ("flood-roads-roads", ("flood",))]


def case_with(area, **plan):
    scenario, county = scenario_with(**plan), replace(tiny_county(), bad_days=(day_of(area, key="june"),))
    travel = measure_travel(county, NORMS, scenario.travel)
    demand, _ = count_pupils(county, scenario)
    return Case(scenario, NORMS, county, demand, travel, sites_of(county.schools, scenario))


def test_who_is_cut_off_by_hand():
    """Cut at x = 3000. Everybody's primary school is on their own side but S4's junior pupils and those of S1 and S2 go to C1."""
    case = case_with(near(3000, 0), move="none")
    today = present_layout(case)
    days = {"june": on_day(case.county, near(3000, 0))}
    table = list_bad_days(today, case, days)
    assert tuple(table.columns) == COLUMNS
    assert table["pupils"].sum() == today.assignment.loc[today.assignment["school_id"] != "", "pupils"].sum()
    cut = table[table["day_state"] == "cut_off"]
    assert cut.groupby(["settlement_id", "band"])["pupils"].sum().to_dict() == {
        ("S1", "junior"): 12, ("S2", "junior"): 6, ("S4", "junior"): 3,
    }  # fmt: skip
    assert np.isinf(cut["bad_s"]).all()
    assert set(table["day_state"]) == {"open", "cut_off"}
    assert count_cut_off(table) == 21
    assert count_cut_off(table[table["day_state"] == "open"]) == 0
    assert set(cut.loc[cut["mode"] == "board", "settlement_id"]) == {"S1", "S4"}  # a boarder is cut off when the weekly trip is


def test_the_cut_off_are_at_risk_once_and_only_where_they_were_not_before():
    """S1 and S2 are cut off from C1 on both days; S2's way is too long anyway and stands in the risk table already."""
    county = tiny_county()
    rows = [
        (day, home, "junior", "C1", "walk", state)
        for day in ("a", "b")
        for home, state in (("S1", "cut_off"), ("S2", "cut_off"), ("S3", "longer"))
    ]
    days = pd.DataFrame(rows, columns=["day", "settlement_id", "band", "school_id", "mode", "day_state"]).assign(pupils=2, seconds=9.0)
    risk = pd.DataFrame([("S2", "junior", "C1", "walk")], columns=["settlement_id", "band", "school_id", "mode"])
    risk = risk.assign(name="乙村", township="东乡", pupils=2, cause="too_far_walk", over_s=60.0)
    found = risk_when_cut_off(days, risk, county)
    told = found[["settlement_id", "name", "township", "cause", "over_s"]].to_dict("records")
    assert told == [{"settlement_id": "S1", "name": "甲村", "township": "东乡", "cause": "cut_off", "over_s": np.inf}]
    assert list(found.columns) == list(risk.columns)


def test_a_way_round_is_longer_or_over_the_limit():
    """A loop of 2 x 1500 m joins (500, 0) and (6000, 0) to the south when the road is cut at 3000."""
    nodes = [(0, 0), (6000, 0), (3000, -1500)]
    edges = [(0, 1, "tertiary", True, True, True), (0, 2, "tertiary", True, True, True), (2, 1, "tertiary", True, True, True)]
    county = make_county(nodes, edges, [(0, 0)], [(6000, 0)])
    settings = Travel()
    trips = measure_bad_day(build_net(county, NORMS, settings), county, settings, day_of(box(2900, -50, 3100, 50)))
    assert trips.walk_s[0, 0] == pytest.approx(2 * math.hypot(3000, 1500) / 1.4)
    assert trips.ride_s[0, 0] == pytest.approx(2 * math.hypot(3000, 1500) * 3.6 / 30)


# --- properties


@QUICK
@given(road_nets(), st.tuples(st.integers(0, 3000), st.integers(0, 3000)), st.integers(10, 900))
def test_closing_roads_never_makes_a_trip_faster(net, middle, half):
    nodes, edges, homes, schools = net
    county = make_county(nodes, edges, homes, schools)
    area = box(middle[0] - half, middle[1] - half, middle[0] + half, middle[1] + half)
    before, after = measure_travel(county, NORMS, Travel()), on_day(county, area)
    assert (after.stop_s >= before.stop_s - 1e-6).all()
    for one, other in (
        (before.walk_s, after.walk_s),
        [trips.riding(0.8, 1.3).walk_s / 0.8 + 1.3 * trips.riding(0.8, 1.3).ride_s for trips in (before, after)],
    ):
        assert (other >= one - 1e-6).all()
        assert not np.isnan(other).any()


@QUICK
@given(road_nets(), st.data())
def test_oracle_of_closed_roads(net, data):
    """Rides are those of a networkx graph whose edges through the square are taken out, cut at the joints of all places."""
    nodes, edges, homes, schools = net
    county = make_county(nodes, edges, homes, schools)
    settings = Travel()
    built = build_net(county, NORMS, settings)
    x, y = data.draw(st.tuples(st.integers(0, 3000), st.integers(0, 3000)))
    area = box(x - 200, y - 200, x + 200, y + 200)
    closed = close_pieces(built.edges, built.pieces, day_of(area), settings)
    pieces, lines = built.pieces, built.edges.geometry.to_numpy()
    graph = nx.DiGraph()
    graph.add_nodes_from(range(pieces.nodes))
    for k in range(len(pieces.edge)):
        points = shapely.line_interpolate_point(lines[pieces.edge[k]], np.linspace(pieces.begin[k], pieces.end[k], 2))
        assert closed[k] == LineString(points).intersects(area)
        if closed[k]:
            continue
        kmh = {"tertiary": 30, "residential": 20, "track": 12}.get(built.edges["road_class"].iloc[pieces.edge[k]], 20)
        for column, a, b in (("drive_forward", "tail", "head"), ("drive_backward", "head", "tail")):
            if built.edges[column].iloc[pieces.edge[k]]:
                ends = int(getattr(pieces, a)[k]), int(getattr(pieces, b)[k])
                cost = (pieces.end[k] - pieces.begin[k]) * 3.6 / kmh
                if cost < graph.get_edge_data(*ends, {"w": INF})["w"]:
                    graph.add_edge(*ends, w=cost)
    to_s, _, from_s = measure_net(built, county, settings, closed=closed).rides.stops.of(slice(None))
    for h, stop in enumerate(map(int, built.stop)):
        for s, gate in enumerate(map(int, built.gate)):
            for told, (a, b) in ((to_s, (stop, gate)), (from_s, (gate, stop))):
                found = nx.single_source_dijkstra_path_length(graph, a, weight="w").get(b, INF)
                assert told[s, h] == pytest.approx(found, abs=2e-3)


# --- files


def county_with(folder, name):
    """Return the county of the good tiny folder with a bad day."""
    text = (folder / "scenario.toml").read_text(encoding="utf-8")
    (folder / "scenario.toml").write_text(f'{text}\n[travel]\nbad_days = ["{name}"]\n', encoding="utf-8")
    return read_county(read_scenario(folder / "scenario.toml"))


def middle_of(folder):
    roads = read_county(read_scenario(folder / "scenario.toml")).roads
    return roads.node_lonlat.mean(axis=0)


@pytest.mark.parametrize("name", ["flood.geojson", "flood.gpkg", "flood.shp", "flood.parquet"])
def test_every_kind_of_file_is_read(tmp_path, name):
    folder = copy_good(tmp_path)
    lon, lat = middle_of(folder)
    about = (
        {"名称": ["洪水"], "name_en": ["Flood"], "hazard": ["Flood"]} if name != "flood.shp" else {"name": ["洪水"], "hazard": ["flood"]}
    )
    table = gpd.GeoDataFrame(about, geometry=[box(lon - 0.01, lat - 0.01, lon + 0.01, lat + 0.01)], crs=4326)
    (table.to_parquet if name.endswith("parquet") else table.to_file)(folder / name)
    county = county_with(folder, name)
    (day,) = county.bad_days
    assert (day.key, day.name.zh, day.hazards) == ("flood", "洪水", ("flood",))
    assert day.area.intersects(shapely.union_all(county.roads.edges.geometry.to_numpy()))
    assert "bad_day" in {source.role for source in county.sources}


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        (Point(105, 26), "neither a valid polygon nor a line"),
        (shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), "neither a valid polygon nor a line"),
        (box(10, 50, 11, 51), "nowhere near"),
    ],
)
def test_faulty_areas(tmp_path, shape, said):
    folder = copy_good(tmp_path)
    gpd.GeoDataFrame({"name": ["x"]}, geometry=[shape], crs=4326).to_file(folder / "day.geojson")
    with pytest.raises(InputError) as caught:
        county_with(folder, "day.geojson")
    assert said in caught.value.problems[0].what.en
    assert caught.value.problems[0].file == "day.geojson"


@pytest.mark.parametrize("content", [None, b"", b"{", b'{"type": "FeatureCollection", "features": []}'])
def test_missing_and_broken_files(tmp_path, content):
    folder = copy_good(tmp_path)
    if content is not None:
        (folder / "day.geojson").write_bytes(content)
    with pytest.raises(InputError) as caught:
        county_with(folder, "day.geojson")
    assert caught.value.problems


# --- the demo county


def test_the_demo_flood_cuts_homes_off_and_roads_that_flood_with_it():
    scenario, norms, ground = ground_of(scenario_folder() / "keep-all.toml")
    (day,) = ground.county.bad_days
    closed = close_pieces(ground.net.edges, ground.net.pieces, day, scenario.travel)
    flooding = ground.net.edges["closed_from"].eq("flood").to_numpy()[ground.net.pieces.edge]
    bridges = ground.net.edges["bridge"].to_numpy(dtype=bool)[ground.net.pieces.edge]
    assert closed[flooding].all()
    assert (closed & ~flooding).any()
    assert (closed & bridges).any()
    demand, _ = count_pupils(ground.county, scenario)
    case = Case(scenario, norms, ground.county, demand, ground.travel, sites_of(ground.county.schools, scenario))
    table = list_bad_days(present_layout(case), case, ground.bad_days)
    assert 0 < count_cut_off(table) < 0.2 * table["pupils"].sum()
    assert {"longer", "over_limit"} <= set(table["day_state"])
