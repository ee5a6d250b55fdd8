"""Water as it is read: what is a barrier, shores of lakes, layers of lines and polygons, faults."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
from shapely import LineString, Point, Polygon

from layout_planner.county.inputs import read_county
from layout_planner.county.water_files import judge_water, read_osm_water, read_water
from layout_planner.errors import InputError
from layout_planner.scenario import read_scenario
from tests.broken import copy_good
from tests.test_roads import CRS, NODES, osm_file, pyrosm_file
from tests.tiny import ORIGIN


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"waterway": "river"}, "river"),
        ({"waterway": "river", "intermittent": "yes"}, "river"),
        ({"waterway": "canal"}, "canal"),
        ({"waterway": "canal", "tunnel": "culvert"}, ""),
        ({"waterway": "river", "covered": "yes"}, ""),
        ({"waterway": "stream"}, ""),
        ({"waterway": "ditch"}, ""),
        ({"waterway": "dam"}, ""),
        ({"waterway": "riverbank"}, "lake"),
        ({"natural": "water"}, "lake"),
        ({"natural": "water", "water": "stream"}, ""),
        ({"natural": "wetland"}, ""),
        ({"natural": "coastline"}, "lake"),
        ({"landuse": "reservoir"}, "lake"),
        ({"highway": "path"}, ""),
    ],
)
def test_what_is_a_barrier(tags, kind):
    assert judge_water(tags) == kind


def test_rivers_and_shores_of_an_osm_file(tmp_path):
    ways = {
        1: ([1, 2, 3], {"waterway": "river"}),
        2: ([1, 4], {"waterway": "stream"}),
        3: ([2, 4, 5, 2], {"natural": "water"}),
        4: ([1, 4, 5, 1], {}),  # the outline of the relation below
        5: ([3, 99, 5], {"waterway": "canal"}),  # a node beyond the clip
        6: ([3, 98], {"waterway": "river"}),
        7: ([1, 2, 3], {"highway": "path"}),
    }
    lake = (
        '<relation id="1" version="1"><member type="way" ref="4" role="outer"/>'
        '<tag k="type" v="multipolygon"/><tag k="natural" v="water"/></relation></osm>'
    )
    path = osm_file(tmp_path, ways)
    path.write_text(path.read_text(encoding="utf-8").replace("</osm>", lake), encoding="utf-8")
    water = read_osm_water(path, CRS)
    assert water["kind"].tolist() == ["river", "lake", "lake", "canal"]
    assert [len(line.coords) for line in water.geometry] == [3, 4, 4, 2]
    degrees = water.to_crs(4326).geometry
    assert degrees.iloc[0].coords[0] == pytest.approx(NODES[1])
    assert read_osm_water(osm_file(tmp_path, {7: ([1, 2], {"highway": "path"})}, name="dry.osm"), CRS).empty


def test_water_of_a_real_pbf():
    water = read_osm_water(pyrosm_file("test.osm.pbf"), "EPSG:32635")
    assert set(water["kind"]) <= {"river", "canal", "lake"}
    assert (water.length > 0).all()
    assert water.equals(read_osm_water(pyrosm_file("test.osm.pbf"), "EPSG:32635"))


def layer(path, shapes, crs=CRS, **columns):
    gpd.GeoDataFrame(columns or {"n": range(len(shapes))}, geometry=shapes, crs=crs).to_file(path)
    return path


def test_a_layer_of_lines_and_polygons(tmp_path):
    x, y = 500_000.0, 2_900_000.0
    square = [(x, y), (x + 100, y), (x + 100, y + 100), (x, y + 100)]
    hole = [(x + 40, y + 40), (x + 60, y + 40), (x + 60, y + 60)]
    line = LineString([(x, y + 500), (x + 900, y + 500)])
    shapes = [line, Polygon(square, [hole]), LineString([(x, y), (x, y + 9)]), Point(x, y)]
    water = read_water(layer(tmp_path / "w.gpkg", shapes, fclass=["river", "water", "stream", "spring"]), "w.gpkg", CRS)
    assert sorted(water["kind"]) == ["lake", "lake", "river"]
    assert sorted(np.round(water.length)) == [68, 400, 900]
    assert water.crs == CRS
    again = read_water(layer(tmp_path / "w.geojson", [line], crs=CRS), "w.geojson", CRS)
    assert again.length.iloc[0] == pytest.approx(900, abs=0.1)


def test_faulty_layers(tmp_path):
    (tmp_path / "a.gpkg").write_bytes(b"no water")
    (tmp_path / "a.osm.pbf").write_bytes(b"no water")
    layer(tmp_path / "points.gpkg", [Point(5e5, 29e5)])
    for name, said in (("a.gpkg", "is not gpkg"), ("a.osm.pbf", "cannot be read"), ("points.gpkg", "neither lines")):
        with pytest.raises(InputError, match=said):
            read_water(tmp_path / name, name, CRS)


def test_a_scenario_names_its_water_or_lacks_it(tmp_path):
    folder = copy_good(tmp_path / "county")
    scenario = folder / "scenario.toml"
    bare = read_county(read_scenario(scenario))
    assert (bare.water is None) == ("water.missing" in {note.code for note in bare.notes})
    x, y = ORIGIN
    layer(folder / "rivers.gpkg", [LineString([(x - 900, y + 500), (x + 9000, y + 500)])])
    text = scenario.read_text(encoding="utf-8")
    scenario.write_text(text.replace("[data]\n", '[data]\nwater = { path = "rivers.gpkg" }\n', 1), encoding="utf-8")
    county = read_county(read_scenario(scenario))
    assert county.water["kind"].tolist() == ["river"]
    assert "water" in {source.role for source in county.sources}
    assert "water.missing" not in {note.code for note in county.notes}
    (folder / "rivers.gpkg").unlink()
    with pytest.raises(InputError, match=r"rivers\.gpkg"):
        read_county(read_scenario(scenario))
