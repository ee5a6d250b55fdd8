"""Points in another datum than declared are asked about and never moved; honest points raise no question."""

from __future__ import annotations

import shutil

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from layout_planner.county.coordinates import gcj02_to_bd09, read_frame, to_wgs84, wgs84_to_gcj02
from layout_planner.county.datum_audit import audit_datum
from layout_planner.county.inputs import read_county
from layout_planner.county.model import RoadTable
from layout_planner.embedded import demo_scenarios
from layout_planner.scenario import read_scenario
from tests.cases import real_county

DATUMS = ("wgs84", "gcj02", "bd09")


def numbers_in(datum, lon, lat):
    if datum == "wgs84":
        return lon, lat
    shifted = wgs84_to_gcj02(lon, lat)
    return shifted if datum == "gcj02" else gcj02_to_bd09(*shifted)


@pytest.fixture(scope="module")
def county():
    return read_county(read_scenario(demo_scenarios()[0]))


def degrees(points: gpd.GeoDataFrame):
    places = points.geometry.to_crs("EPSG:4326")
    return places.x.to_numpy(), places.y.to_numpy()


@pytest.mark.parametrize("declared", DATUMS)
@pytest.mark.parametrize("true", DATUMS)
@pytest.mark.parametrize("table", ["settlements", "schools"])
def test_every_wrong_datum_of_the_demo_county_is_found_and_no_right_one(county, table, true, declared):
    given = numbers_in(true, *degrees(getattr(county, table)))
    doubt = audit_datum(table, *to_wgs84(*given, read_frame(declared)), declared, county.roads)
    assert (doubt.better if doubt else declared) == true
    if doubt:
        assert f'crs = "{true}"' in doubt.say().zh


def test_the_run_says_so_and_moves_nothing(tmp_path):
    folder = demo_scenarios()[0].parent
    honest = read_scenario(demo_scenarios()[0])
    data = tmp_path / "data"
    shutil.copytree(honest.folder / honest.data.dir, data)
    table = pd.read_excel(data / "settlements.xlsx", sheet_name="居民点", dtype=str)
    lon, lat = (next(name for name in table if word in name) for word in ("经度", "纬度"))
    x, y = wgs84_to_gcj02(table[lon].astype(float).to_numpy(), table[lat].astype(float).to_numpy())
    table[lon], table[lat] = x, y
    table.to_csv(data / "settlements.csv", index=False)
    text = (folder / "base.toml").read_text(encoding="utf-8").replace('settlements.xlsx", sheet = "居民点"', 'settlements.csv"')
    (tmp_path / "s.toml").write_text(text, encoding="utf-8")
    county = read_county(read_scenario(tmp_path / "s.toml", data_dir=data))
    assert [note.code for note in county.notes if "datum" in note.code] == ["settlements.datum.doubtful"]
    assert np.allclose(np.sort(degrees(county.settlements)[0]), np.sort(x), atol=1e-9)


def test_places_outside_china_have_no_other_datum():
    for place in ("vavuniya", "liechtenstein"):
        county = real_county(place)
        assert audit_datum(place, *degrees(county.settlements), None, county.roads) is None


CARRIED = [  # one GCJ-02 shift is known not to show: few villages in a dense net of roads
    ("vavuniya", "settlements", {"wgs84"}),
    ("vavuniya", "schools", {"wgs84", "gcj02", "bd09"}),
    ("liechtenstein", "settlements", {"wgs84", "bd09"}),
    ("liechtenstein", "schools", {"wgs84", "gcj02"}),
]


@pytest.mark.parametrize(("place", "table", "found"), CARRIED, ids=[f"{place}-{table}" for place, table, _ in CARRIED])
def test_real_roads_and_places_as_if_they_lay_in_china(place, table, found):
    """The real pattern of villages and roads, carried to Sichuan: honest points raise no question, shifted ones do."""
    county = real_county(place)
    lon, lat = degrees(getattr(county, table))
    by = np.array([104.0, 31.0]) - [np.median(lon), np.median(lat)]
    lines = shapely.transform(county.roads.edges.geometry.to_crs("EPSG:4326").to_numpy(), lambda xy: xy + by)
    edges = gpd.GeoDataFrame(county.roads.edges.drop(columns="geometry"), geometry=lines, crs="EPSG:4326").to_crs("EPSG:32648")
    roads = RoadTable(county.roads.node_xy, county.roads.node_lonlat, edges)
    for true in DATUMS:
        doubt = audit_datum(table, *numbers_in(true, lon + by[0], lat + by[1]), None, roads)
        assert doubt is None or doubt.better == true
        assert (doubt is not None or true == "wgs84") == (true in found)


def test_few_points_raise_no_question(county):
    lon, lat = (values[:14] for values in degrees(county.settlements))
    assert audit_datum("few", *wgs84_to_gcj02(lon, lat), None, county.roads) is None
