"""The GeoPackage opens drawn in QGIS: its table of styles is the one that QGIS writes, and every style fits its layer."""

import sqlite3
import xml.etree.ElementTree as ET

import geopandas as gpd
import pyogrio
import pytest

from layout_planner.output.qgis_styles import STYLE_TABLE, style_of
from layout_planner.output.tables import write_geopackage
from tests.views import make_view

# what QGIS 3 creates on "save style in database" (QgsOgrProviderMetadata::saveStyle), names and order
QGIS_COLUMNS = [
    "id", "f_table_catalog", "f_table_schema", "f_table_name", "f_geometry_column", "styleName", "styleQML", "styleSLD", "useAsDefault",
    "description", "owner", "ui", "update_time",
]  # fmt: skip


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    path = tmp_path_factory.mktemp("gpkg") / "plan.gpkg"
    write_geopackage(make_view(), path, "zh")
    return path


@pytest.fixture(scope="module")
def styles(package):
    with sqlite3.connect(package) as book:
        rows = book.execute("SELECT * FROM layer_styles")
        names = [column[0] for column in rows.description]
        found = {row[names.index("f_table_name")]: dict(zip(names, row, strict=True)) for row in rows}
    book.close()
    assert names == QGIS_COLUMNS
    return found


def test_every_layer_has_one_style_that_qgis_takes_as_default(package, styles):
    with sqlite3.connect(package) as book:
        geometry = dict(book.execute("SELECT table_name, column_name FROM gpkg_geometry_columns"))
        kinds = dict(book.execute("SELECT table_name, data_type FROM gpkg_contents"))
        assert book.execute("SELECT count(*) FROM layer_styles").fetchone()[0] == len(styles)
        assert book.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    book.close()
    assert set(styles) == set(geometry)
    assert kinds[STYLE_TABLE] == "attributes"
    for layer, style in styles.items():
        assert style["f_geometry_column"] == geometry[layer]
        assert (style["f_table_catalog"], style["f_table_schema"]) == ("", "")
        assert style["useAsDefault"] == 1
        assert len(style["styleName"]) <= 30


def test_every_style_is_valid_and_its_symbols_are_used(styles):
    for layer, style in styles.items():
        assert style["styleQML"].startswith("<!DOCTYPE qgis PUBLIC")
        root = ET.fromstring(style["styleQML"].split("\n", 1)[1])  # noqa: S314 - our own text
        assert root.tag == "qgis"
        renderer = root.find("renderer-v2")
        symbols = {symbol.get("name"): symbol for symbol in renderer.iter("symbol")}
        used = [entry.get("symbol") for entry in (*renderer.iter("category"), *renderer.iter("range"))] or ["0"]
        assert sorted(symbols) == sorted(used), layer
        for symbol in symbols.values():
            drawn = symbol.find("layer")
            options = {option.get("name"): option.get("value") for option in drawn.find("Option")}
            assert options == {prop.get("k"): prop.get("v") for prop in drawn.iter("prop")}


def test_styles_name_fields_and_values_that_the_layers_hold(package, styles):
    for layer, style in styles.items():
        frame = gpd.read_file(package, layer=layer)
        root = ET.fromstring(style["styleQML"].split("\n", 1)[1])  # noqa: S314 - our own text
        renderer = root.find("renderer-v2")
        kind = {"Point": "marker", "LineString": "line", "MultiLineString": "line", "Polygon": "fill", "MultiPolygon": "fill"}
        assert {symbol.get("type") for symbol in renderer.iter("symbol")} == {kind[frame.geom_type.iloc[0]]}
        attribute = renderer.get("attr")
        if attribute:
            assert attribute in frame
        if renderer.get("type") == "categorizedSymbol":
            values = {category.get("value") for category in renderer.iter("category")}
            assert set(frame[attribute].dropna()) <= values or "" in values
        if renderer.get("type") == "graduatedSymbol":
            ranges = [(float(r.get("lower")), float(r.get("upper"))) for r in renderer.iter("range")]
            assert all(any(low <= value <= high for low, high in ranges) for value in frame[attribute])
            assert [low for low, _ in ranges[1:]] == [high for _, high in ranges[:-1]]
        for shown in root.iter("rendering"):
            assert shown.get("scaleMin") == "0"
            assert int(shown.get("scaleMax")) >= 100_000
        for text in root.iter("text-style"):
            assert text.get("fieldName") in frame


def test_the_new_columns_tell_risk_and_fate(package):
    view = make_view()
    homes, schools = (gpd.read_file(package, layer=layer) for layer in ("settlements", "schools"))
    for when in ("today", "plan"):
        trips = view.trips[(view.trips["when"] == when) & (view.trips["cause"] != "")]
        assert homes[f"at_risk_{when}"].sum() == trips["pupils"].sum()
    assert set(schools.loc[schools["school_id"].isin(view.mergers), "becomes"]) <= {"closed", "reduced"}


def test_the_package_is_the_same_bytes_every_time(package, tmp_path):
    write_geopackage(make_view(), tmp_path / "again.gpkg", "zh")
    assert (tmp_path / "again.gpkg").read_bytes() == package.read_bytes()
    assert STYLE_TABLE in {name for name, _ in pyogrio.list_layers(package)}


def test_a_layer_without_a_style_has_none():
    assert style_of("nothing", "en") == ""
    assert "on foot" in style_of("trips_plan", "en")
