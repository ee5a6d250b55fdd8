"""What lies over the planner's map: how it travels to the page, and what a planner sees of it in a browser."""

from __future__ import annotations

import base64
import dataclasses
import warnings

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from rasterio.io import MemoryFile
from shapely import LineString, MultiLineString, Point

from layout_planner.county.model import Elevation
from layout_planner.output.consultation import write_consult_page
from layout_planner.output.map_data import State, encode_map
from layout_planner.output.map_layers import encode_day_states, encode_days, encode_rows, encode_venues, encode_ways
from layout_planner.output.maps import write_compare_map, write_map
from layout_planner.output.packing import pack_lines, unpack_lines
from layout_planner.output.public import encode_public_map, public_view
from layout_planner.output.relief import Relief, shade_relief
from layout_planner.output.run_view import read_view
from layout_planner.words import Words
from tests.test_consultation import NOTICE, in_browser, with_ways
from tests.test_privacy import LEAST
from tests.test_public import store
from tests.views import HOSTILE, make_view
from tests.visiting import PHONE, click_at, pixels, popup_titles, serious_faults, soon, start_browser, visit


def with_layers(view):
    """Return `view` with ways, a flood, venues, a river and a relief."""
    homes = view.settlements.index
    states = ["open", "longer", "over_limit", "cut_off"]
    rows = [
        ("flood", "洪水 <b>", "flood <b>", home, band, when, states[(at + (when == "plan")) % 4])
        for at, home in enumerate(homes)
        for band in view.bands
        for when in ("today", "plan")
    ]
    days = pd.DataFrame(rows, columns=["day", "day_name", "day_name_en", "settlement_id", "band", "when", "day_state"])
    west, south, east, north = view.settlements.total_bounds
    spots = [Point(west + (east - west) * part, north + 0.004) for part in (0.2, 0.5, 0.8)]
    venues = gpd.GeoDataFrame(
        {"name": [HOSTILE[0], HOSTILE[4], ""], "kind": ["internet_cafe", "bar", "tobacco"], "state": ["too_near", "check", ""]},
        index=pd.Index(["W1", "W2", "W3"], name="venue_id"),
        geometry=spots,
        crs="EPSG:4326",
    )
    river = gpd.GeoDataFrame(geometry=[LineString([(west, south), (east, north)])], crs="EPSG:4326")
    heights = np.add.outer(np.linspace(0, 900, 60), np.linspace(0, 400, 60)).astype(np.float32)
    roads = [MultiLineString([[(west, south), (east, south)]]), MultiLineString([[(west, north), (east, north)]])]
    about = {"id": ["old", "new"], "name": [HOSTILE[0], "新路"], "name_en": ["", "New Road"], "is_new": [False, True]}
    mended = gpd.GeoDataFrame(about, geometry=roads, crs="EPSG:4326")
    relief = shade_relief(Elevation(heights, Affine((east - west) / 60, 0, west, 0, (south - north) / 60, north), "EPSG:4326"))
    return dataclasses.replace(with_ways(view), bad_days=days, venues=venues, water=river, relief=relief, mended=mended)


@pytest.fixture(scope="module")
def view():
    return with_layers(make_view(60, 8, hostile=False))


# ---- how it travels


@given(st.lists(st.lists(st.integers(-(2**33), 2**33), min_size=1, max_size=30), max_size=8))
def test_packed_lines_come_back(lines):
    assert unpack_lines(pack_lines(lines)) == lines


def light_of(relief):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a plain picture has no place
        with MemoryFile(relief.jpeg) as file, file.open() as picture:
            return picture.read(1)


def test_relief_is_bright_towards_the_sun_and_white_where_nothing_is_known():
    # a roof: its north-west side rises to the south-east and faces the sun in the north-west; the other side lies in the shade
    along = np.add.outer(np.arange(120.0), np.arange(120.0))
    heights = (3000 - 25 * np.abs(along - 119)).astype(np.float32)
    heights[:20, 100:] = np.nan
    relief = shade_relief(Elevation(heights, Affine(30, 0, 500_000, 0, -30, 2_900_000), "EPSG:32648"))
    light = light_of(relief).astype(float)
    high, wide = light.shape
    assert light[high // 4 : high // 3, wide // 4 : wide // 3].mean() > light[2 * high // 3 :, 2 * wide // 3 :].mean() + 40
    assert light[2:10, wide - 12 : wide - 3].min() > 240
    assert relief.jpeg == shade_relief(Elevation(heights, Affine(30, 0, 500_000, 0, -30, 2_900_000), "EPSG:32648")).jpeg


def test_relief_lies_where_the_grid_lies():
    west, south, east, north = shade_relief(
        Elevation(np.zeros((50, 80), np.float32), Affine(0.01, 0, 106.0, 0, -0.01, 27.0), "EPSG:4326")
    ).bounds
    assert (west, north) == pytest.approx((106.0, 27.0), abs=0.01)
    assert (east, south) == pytest.approx((106.8, 26.5), abs=0.01)


def test_day_states_by_hand():
    days = pd.DataFrame(
        [
            ("flood", "洪水", "flood", "B", "junior", "plan", "cut_off"),
            ("flood", "洪水", "flood", "A", "lower", "plan", "longer"),
            ("flood", "洪水", "flood", "A", "lower", "today", "over_limit"),
            ("ice", "凝冻", "ice", "A", "lower", "plan", "open"),
            ("ice", "凝冻", "ice", "gone", "lower", "plan", "cut_off"),
        ],
        columns=["day", "day_name", "day_name_en", "settlement_id", "band", "when", "day_state"],
    )
    villages, bands = {"A": 0, "B": 1}, ["lower", "junior"]
    assert encode_days(days) == [["flood", "洪水", "flood"], ["ice", "凝冻", "ice"]]
    assert encode_day_states(days, "plan", villages, bands) == [[0, 0, 1, 1, 1, 3], []]
    assert encode_day_states(days, "today", villages, bands) == [[0, 0, 2], []]
    assert encode_day_states(None, "plan", villages, bands) == encode_days(None) == []


def test_rows_of_a_table_are_plain_values():
    table = pd.DataFrame({"seats": [np.inf, 45.0], "protected": [True, False], "pupils_junior": [3, 4], "name": ["x", "y"]})
    named = {"seats": Words("学位", "seats"), "protected": Words("受保护", "protected"), "none": Words("无", "none")}
    assert encode_rows(table, named, ["junior"]) == [
        ["学位", "seats", [None, 45.0]],
        ["受保护", "protected", [1, 0]],
        ["学生 junior", "pupils junior", [3, 4]],
    ]


def test_layers_are_stored_and_read(view, tmp_path):
    run = store(view, tmp_path / "run")
    view.bad_days.to_parquet(run / "bad_days.parquet")
    again = read_view(run)
    assert again.relief == view.relief
    assert list(again.venues["state"]) == ["too_near", "check", ""]
    assert len(again.bad_days) == len(view.bad_days)
    assert len(again.water) == 1
    assert list(again.mended["is_new"]) == [False, True]
    assert encode_map([State(again, "today")], "zh")["days"] == [["flood", "洪水 <b>", "flood <b>"]]


def test_the_public_map_names_no_venue_and_no_row(view):
    data = encode_public_map(public_view(view, LEAST), "zh")
    assert data["venues"] is None
    assert data["rows"] == {"villages": [], "schools": []}
    assert data["days"]
    assert [road[1:3] for road in data["states"][1]["mended"]] == [["", 0], ["New Road", 1]]  # what is to be built is public


def test_no_layers_no_harm():
    data = encode_map([State(make_view(), "today")], "zh")
    assert data["days"] == []
    assert data["venues"] is data["relief"] is encode_venues(None) is None
    assert data["water"] == ""
    assert data["states"][0]["mended"] == []


# ---- what a planner does


@pytest.fixture(scope="module")
def browser():
    with start_browser() as started:
        yield started


@pytest.fixture(scope="module")
def files(view, tmp_path_factory):
    folder = tmp_path_factory.mktemp("layers")
    write_map(view, folder / "map.html", "zh")
    write_map(with_layers(make_view(60, 8)), folder / "hostile.html", "en")
    later = dataclasses.replace(view, name="later", year=2031, title=Words("2031年方案", "2031 layout"))
    write_compare_map([later, view], folder / "years.html", "en")
    write_compare_map([view, dataclasses.replace(view, name="twin")], folder / "compare.html", "zh")
    return folder


def picture(page, pane="to"):
    return page.evaluate("(pane) => planner.map.getPane(pane).querySelector('canvas').toDataURL()", pane)


@in_browser
def test_villages_by_minutes_by_mode_and_by_bad_day(browser, files):
    with visit(browser, files / "map.html") as page:
        seen = {picture(page)}
        legends = {page.locator("#legend").inner_text()}
        for theme, words in (("minutes", "–30分钟"), ("mode", "步行"), ("day-0", "断路")):
            page.get_by_label("村寨按什么显示").select_option(theme)
            assert words in page.locator("#legend").inner_text()
            assert page.evaluate("document.activeElement.id") == "theme"
            seen.add(picture(page))
            legends.add(page.locator("#legend").inner_text())
        assert len(seen) == len(legends) == 4
        flood = picture(page)
        page.get_by_role("radio", name="现状").check()
        assert picture(page, "from") != flood


@in_browser
def test_legend_of_a_theme_names_what_is_drawn_and_nothing_else(browser, files):
    with visit(browser, files / "map.html") as page:
        page.get_by_label("村寨按什么显示").select_option("day-0")
        shown = page.evaluate(
            """[...new Set(planner.data.villages.id.map((_, i) => planner.lookOf(planner.data.states[1], i, planner.shown)[0]))].sort()"""
        )
        assert shown == [0, 1, 2, 3]
        assert page.locator("#legend .rows").first.locator("li").count() == 4
        page.locator("[name=band-0]").uncheck()
        page.locator("[name=band-2]").check()
        assert page.locator("#legend .rows").first.locator("li").count() == 4


@in_browser
@pytest.mark.parametrize(("layer", "words"), [("beds", "已住 / 床位"), ("venues", "离学校过近")])
def test_a_layer_that_is_switched_on_brings_its_legend(browser, files, layer, words):
    with visit(browser, files / "map.html") as page:
        before = picture(page)
        assert words not in page.locator("#legend").inner_text()
        page.locator(f"[name=layer-{layer}]").check()
        assert words in page.locator("#legend").inner_text()
        assert picture(page) != before


@in_browser
def test_roads_that_the_plan_mends_or_builds_are_drawn_with_the_plan_alone(browser, files):
    with visit(browser, files / "map.html") as page:
        legend = page.locator("#legend")
        assert "方案新建的道路：新路" in legend.inner_text()
        assert HOSTILE[0] in legend.inner_text()  # as text
        with_roads = picture(page, "to")
        page.evaluate("planner.data.states[1].mended = []")
        page.evaluate("planner.repaint('to')")
        assert picture(page, "to") != with_roads
        page.evaluate("planner.show({ mode: 'from' })")
        assert "方案新建的道路" not in legend.inner_text()


@in_browser
def test_relief_and_rivers_can_be_taken_away(browser, files):
    with visit(browser, files / "map.html") as page:
        assert page.locator(".leaflet-relief-pane img").get_attribute("src").startswith("data:image/jpeg")
        page.locator("[name=layer-relief]").uncheck()
        assert page.evaluate("planner.relief.options.opacity") == 0
        before = picture(page, "base")
        page.locator("[name=layer-water]").uncheck()
        assert picture(page, "base") != before


@in_browser
def test_a_venue_tells_its_name_as_text(browser, files):
    with visit(browser, files / "hostile.html") as page:
        page.locator("[name=layer-venues]").check()
        for place, name in (("planner.latLng(planner.data.venues, 0)", HOSTILE[0]), ("planner.latLng(planner.data.venues, 1)", HOSTILE[4])):
            click_at(page, place)
            assert soon(lambda name=name: popup_titles(page, ".name") == [name])


@in_browser
def test_the_full_row_of_a_village_and_of_a_school(browser, files, view):
    with visit(browser, files / "map.html") as page:
        page.evaluate("planner.openVillage(0)")
        page.locator("#card .full summary").click()
        text = page.locator("#card .full").inner_text()
        assert "S0000" in text
        assert str(view.settlements["pupils_junior"].iloc[0]) in text
        trips = view.trips[(view.trips["settlement_id"] == "S0000") & (view.trips["pupils"] > 0)]
        assert page.locator("#card .full .scroll tbody tr").count() == len(trips)
        page.evaluate("planner.openSchool(0)")
        page.locator(".leaflet-popup-content .full summary").click()
        assert "学位" in page.locator(".leaflet-popup-content .full").inner_text()


@in_browser
def test_the_way_of_a_village_follows_the_roads(browser, files):
    with visit(browser, files / "map.html") as page:
        page.evaluate("planner.openVillage(0)")
        assert pixels(page, "ways") > 500
        assert page.evaluate("planner.wayOf(0, planner.data.states[0].byVillage[0].find((trip) => trip.school >= 0)).length") == 2


@in_browser
def test_a_village_reads_what_a_flood_does_to_its_way(browser, view, tmp_path):
    write_consult_page(view, NOTICE, tmp_path / "consult.html", "zh")
    with visit(browser, tmp_path / "consult.html") as page:
        # the made-up days run through open, longer, over_limit and cut_off, and the plan is one step ahead of today
        for village, told in (
            (0, "现在照常，拟定绕路，更久"),
            (2, "现在绕路，超过上限，拟定路断，去不了"),
            (3, "现在路断，去不了，拟定照常"),
        ):
            page.evaluate("(i) => planner.openVillage(i)", village)
            line = page.locator("#card .day").first.inner_text()
            assert line == f"洪水 <b>：{told}。"


@in_browser
def test_years_slide_in_their_order(browser, files):
    with visit(browser, files / "years.html") as page:
        slider = page.get_by_label("Years")
        slider.focus()
        page.keyboard.press("Home")
        assert page.evaluate("planner.data.states[planner.view.to].year") == 2027
        page.keyboard.press("ArrowRight")
        assert page.evaluate("planner.data.states[planner.view.to].year") == 2031
        assert "2031" in page.locator("#years output").inner_text()
        assert page.evaluate("document.activeElement.id") == "year"
    with visit(browser, files / "compare.html") as page:
        assert not page.locator("#years").is_visible()


@in_browser
@pytest.mark.parametrize("viewport", [PHONE, {"width": 1280, "height": 860}], ids=["phone", "desk"])
@pytest.mark.parametrize("name", ["map.html", "years.html"])
def test_no_serious_fault_of_accessibility(browser, files, name, viewport):
    with visit(browser, files / name, viewport) as page:
        assert serious_faults(page) == []
        page.evaluate("planner.openVillage(0)")
        page.locator("#card .full summary").click()
        page.evaluate("planner.show({ mode: 'swipe' })")
        assert serious_faults(page) == []


def test_the_relief_is_a_picture_in_the_page(view):
    data = encode_map([State(view, "today")], "zh")["relief"]
    assert base64.b64decode(data["image"].split(",", 1)[1]) == view.relief.jpeg
    assert isinstance(view.relief, Relief)


def test_ways_of_several_runs_are_kept_once():
    # by hand: both runs know the way of A to X; only the second knows that of B, which joins A's last strand
    one = gpd.GeoDataFrame(
        {"school_id": ["X", "X"], "kind": "walk", "settlement_id": ["", "A"], "after": [-1, 0]},
        geometry=[LineString([(1, 1), (2, 2)]), LineString([(0, 0), (1, 1)])],
        crs="EPSG:4326",
    )
    two = gpd.GeoDataFrame(
        {"school_id": ["X", "X", "X"], "kind": "walk", "settlement_id": ["", "A", "B"], "after": [-1, 0, 0]},
        geometry=[*one.geometry, LineString([(0, 1), (1, 1)])],
        crs="EPSG:4326",
    )
    told = encode_ways([one, None, two, one.iloc[:0]], {"A": 0, "B": 1}, {"X": 0})
    assert told["begin"] == [0, 0, 0, 1, 1, 0, 0, 3]
    assert told["after"] == [-1, 0, -1, 2]
    lines = unpack_lines(told["lines"])
    assert [line[:2] for line in lines] == [[100_000, 100_000], [0, 0], [100_000, 100_000], [0, 100_000]]
    assert encode_ways([None], {"A": 0}, {"X": 0}) == {"lines": "", "after": [], "begin": []}
