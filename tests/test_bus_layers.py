"""School buses on the pages: routes and stops for planners, stop and time for every village, no count of riders for the public."""

from __future__ import annotations

import dataclasses
import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, Point

from layout_planner.output.bus_layers import encode_buses, encode_stops
from layout_planner.output.consultation import write_consult_page
from layout_planner.output.maps import write_map
from layout_planner.output.packing import unpack_lines
from layout_planner.output.public import public_view
from tests.test_consultation import NOTICE, in_browser, with_ways
from tests.test_map_layers import picture
from tests.test_privacy import LEAST
from tests.views import HOSTILE, make_view
from tests.visiting import click_at, popup_titles, soon, start_browser, visit

CLOCK = 3600


def with_buses(view, stop_name="大坪站 <b>"):
    """Return `view` with one bus: S0000 walks 6 minutes to its stop, boards at 07:10:30 and is back at 16:55; S0001 finds no bus."""
    trips = view.trips[(view.trips["settlement_id"] == "S0000") & (view.trips["when"] == "plan")]
    first = trips.iloc[0]
    trips = view.trips.copy()
    trips.loc[first.name, ["mode", "cause"]] = ["school_bus", ""]
    site, band = str(first["school_id"]), str(first["band"])
    home, school = view.settlements.geometry["S0000"], view.schools.geometry[site]
    halt = Point(home.x + 0.003, home.y)
    route = {
        "when": "plan", "site_id": site, "run": 1, "bus_id": "B001", "seats": 36, "attendant": 1, "riders": 7, "ride_km": 8.24,
        "empty_km": 1.0, "longest_ride_minutes": 24.6, "cost_yuan": 9000.0, "few_riders": False,
    }  # fmt: skip
    routes = gpd.GeoDataFrame(
        [
            {**route, "route_id": "R1", "direction": "to_school", "starts_s": 7 * CLOCK + 600, "ends_s": 7.6 * CLOCK},
            {**route, "route_id": "R2", "direction": "from_school", "starts_s": 16.5 * CLOCK, "ends_s": 17 * CLOCK},
        ],
        geometry=[LineString([halt, school]), LineString([school, halt])],
        crs="EPSG:4326",
    )
    stop = {"when": "plan", "stop_no": 1, "stop_id": "T1", "name": stop_name, "name_en": "", "riders": 7, "walk_minutes": 6.2}
    stops = gpd.GeoDataFrame(
        [{**stop, "route_id": "R1", "time_s": 7 * CLOCK + 630.0}, {**stop, "route_id": "R2", "time_s": 16 * CLOCK + 55 * 60.0}],
        geometry=[halt, halt],
        crs="EPSG:4326",
    )
    rider = {"when": "plan", "settlement_id": "S0000", "band": band, "site_id": site, "stop_id": "T1", "pupils": 3, "limit_minutes": 60.0}
    rider |= {"walk_minutes": 6.2, "ride_minutes": 24.6, "trip_minutes": 33.4}
    lost = {**rider, "settlement_id": "S0001", "route_id": "", "walk_minutes": np.inf, "trip_minutes": np.inf, "direction": "to_school"}
    riders = pd.DataFrame(
        [
            {**rider, "route_id": "R1", "direction": "to_school"},
            {**rider, "route_id": "R2", "direction": "from_school", "trip_minutes": 35.0},
            lost,
        ]
    )
    return dataclasses.replace(view, trips=trips, bus_routes=routes, bus_stops=stops, bus_riders=riders), site, band


@pytest.fixture(scope="module")
def bus_view():
    return with_buses(with_ways(make_view(60, 8, hostile=False)))


def places(view):
    return {key: at for at, key in enumerate(view.settlements.index)}, {key: at for at, key in enumerate(view.schools.index)}


def test_the_mornings_routes_and_stops(bus_view):
    view, site, _ = bus_view
    villages, schools = places(view)
    bus = encode_buses(view, "plan", schools)
    assert bus["routes"] == [[schools[site], 1, "B001", 36, 7, "07:10", "07:36", 8.2, 25]]
    assert [stop[2:] for stop in bus["stops"]] == [["大坪站 <b>", "", "07:10", 7, 0]]
    (line,) = unpack_lines(bus["lines"])
    assert line[:2] == bus["stops"][0][:2]
    assert encode_buses(view, "today", schools) is None
    assert encode_buses(make_view(), "plan", schools) is None
    assert villages


def test_where_and_when_a_village_boards(bus_view):
    view, site, band = bus_view
    villages, schools = places(view)
    key = f"0,{list(view.bands).index(band)},{schools[site]}"
    assert encode_stops(view, "plan", villages, schools) == {key: ["大坪站 <b>", "", "07:10", 6, "16:55", 35]}
    assert encode_stops(view, "today", villages, schools) == {}
    assert encode_stops(make_view(), "plan", villages, schools) == {}


def test_the_public_learns_no_number_of_riders(bus_view):
    view = public_view(bus_view[0], LEAST)
    _, schools = places(view)
    bus = encode_buses(view, "plan", schools)
    assert bus["routes"][0][4] == -1
    assert bus["stops"][0][5] == -1
    for table in (view.bus_riders, view.bus_stops, view.bus_routes):
        assert not {"riders", "pupils"} & set(table.columns)
    json.dumps(bus, allow_nan=False)


@pytest.fixture(scope="module")
def browser():
    with start_browser() as started:
        yield started


@in_browser
def test_a_villager_reads_stop_and_time(browser, bus_view, tmp_path):
    write_consult_page(bus_view[0], NOTICE, tmp_path / "consult.html", "zh")
    with visit(browser, tmp_path / "consult.html") as page:
        page.evaluate("planner.openVillage(0)")
        told = page.locator("#card .line.plan .told").first.inner_text()
        for part in ("坐校车，门到门约35分钟", "从家走6分钟", "07:10在大坪站 <b>站上车", "放学16:55回到站"):
            assert part in told
        page.locator("#language").click()
        assert "bus at 07:10" in page.locator("#card .line.plan .told").first.inner_text()


@in_browser
@pytest.mark.parametrize("name", [HOSTILE[0], HOSTILE[4]])
def test_a_planner_sees_routes_and_reads_a_stop(browser, name, tmp_path):
    view, *_ = with_buses(make_view(60, 8, hostile=False), stop_name=name)
    write_map(view, tmp_path / "map.html", "en")
    with visit(browser, tmp_path / "map.html") as page:
        before = picture(page)
        page.locator("[name=layer-buses]").check()
        assert picture(page) != before
        assert "route of a school bus" in page.locator("#legend").inner_text()
        x, y = page.evaluate("planner.data.states[1].bus.stops[0].slice(0, 2)")
        stop = f"L.latLng({y / 1e5}, {x / 1e5})"
        page.evaluate(f"planner.map.setView({stop}, 16, {{ animate: false }}) && null")
        click_at(page, stop)
        assert soon(lambda: popup_titles(page) == [name])
        assert "7 riders" in page.locator(".leaflet-popup-content").inner_text()
