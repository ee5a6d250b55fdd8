from __future__ import annotations

import numpy as np
import pyproj
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from layout_planner.county.coordinates import (
    bd09_to_gcj02,
    choose_metric_crs,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    is_shifted_place,
    read_frame,
    to_wgs84,
    wgs84_to_gcj02,
)
from layout_planner.county.faults import FaultError

GEOD = pyproj.Geod(ellps="WGS84")
IN_CHINA = {"lon": st.floats(75, 134), "lat": st.floats(4, 53)}


def in_china(lon, lat):
    """Leave out points of the box that lie outside China."""
    assume(bool(is_shifted_place(np.array([lon]), np.array([lat]))[0]))
    return np.array([lon]), np.array([lat])


def metres(lon1, lat1, lon2, lat2):
    return float(GEOD.inv(lon1, lat1, lon2, lat2)[2])


@settings(deadline=None)  # the machine may be busy
@given(**IN_CHINA)
def test_gcj02_and_back_within_a_centimetre(lon, lat):
    x, y = gcj02_to_wgs84(*wgs84_to_gcj02(*in_china(lon, lat)))
    assert metres(lon, lat, x[0], y[0]) < 0.01


@settings(deadline=None)  # the machine may be busy
@given(**IN_CHINA)
def test_bd09_and_back_within_a_centimetre(lon, lat):
    x, y = gcj02_to_wgs84(*bd09_to_gcj02(*gcj02_to_bd09(*wgs84_to_gcj02(*in_china(lon, lat)))))
    assert metres(lon, lat, x[0], y[0]) < 0.01


@settings(deadline=None)  # the machine may be busy
@given(**IN_CHINA)
def test_the_shift_is_a_few_hundred_metres(lon, lat):
    x, y = wgs84_to_gcj02(*in_china(lon, lat))
    assert 10 < metres(lon, lat, x[0], y[0]) < 1000


@settings(deadline=None)  # the machine may be busy
@given(**IN_CHINA)
def test_forward_and_inverse_equal_the_maintained_library(lon, lat):
    library = pytest.importorskip("geocoordinates_ffi", reason="geocoordinates-rs has no wheel for this system")
    x, y = wgs84_to_gcj02(*in_china(lon, lat))
    forward = library.wgs84_to_gcj02(library.Wgs84(lat=lat, lon=lon))
    assert metres(x[0], y[0], forward.lon, forward.lat) < 1e-5
    back = library.gcj02_to_wgs84_refined(library.Gcj02(lat=y[0], lon=x[0]))
    ours = gcj02_to_wgs84(x, y)
    assert metres(ours[0][0], ours[1][0], back.lon, back.lat) < 1e-5
    baidu = gcj02_to_bd09(x, y)
    back = library.bd09_to_wgs84_refined(library.Bd09(lat=baidu[1][0], lon=baidu[0][0]))
    assert metres(ours[0][0], ours[1][0], back.lon, back.lat) < 1e-4


@pytest.mark.parametrize(  # the vectors that every implementation of the formula is tested with (eviltransform), lat and lon
    ("wgs", "gcj"),
    [
        ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215)),
        ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363)),
        ((39.911954, 116.377817), (39.91334545536069, 116.38404722455657)),
    ],
    ids=["shanghai", "shenzhen", "beijing"],
)
def test_published_vectors(wgs, gcj):
    x, y = wgs84_to_gcj02(np.array([wgs[1]]), np.array([wgs[0]]))
    assert metres(x[0], y[0], gcj[1], gcj[0]) < 0.02
    x, y = gcj02_to_wgs84(np.array([gcj[1]]), np.array([gcj[0]]))
    assert metres(x[0], y[0], wgs[1], wgs[0]) < 0.02


def test_known_point_of_beijing():
    x, y = wgs84_to_gcj02(np.array([116.397128]), np.array([39.907497]))
    assert metres(x[0], y[0], 116.403372, 39.908901) < 2


ABROAD = {
    "Paris": (2.35, 48.85), "San Francisco": (-122.4, 37.8), "Sydney": (150.0, -33.0), "Vavuniya": (80.50, 8.75), "Delhi": (77.2, 28.6),
    "Kathmandu": (85.32, 27.70), "Hanoi": (105.85, 21.03), "Ulaanbaatar": (106.92, 47.92), "Almaty": (76.95, 43.25),
    "Vladivostok": (131.89, 43.12), "Seoul": (126.98, 37.57), "Mandalay": (96.08, 21.97),
}  # fmt: skip


@pytest.mark.parametrize("place", ABROAD.values(), ids=ABROAD.keys())
def test_other_countries_are_not_shifted(place):
    lon, lat = np.array([place[0]]), np.array([place[1]])
    for move in (wgs84_to_gcj02, gcj02_to_wgs84, gcj02_to_bd09, bd09_to_gcj02):
        x, y = move(lon, lat)
        assert (x[0], y[0]) == place


BORDER = {"Hekou": (103.96, 22.52), "Ruili": (97.85, 24.01), "Dandong": (124.38, 40.12), "Manzhouli": (117.44, 49.59)}
BORDER |= {"Khorgos": (80.42, 44.21), "Yadong": (88.91, 27.49), "Hunchun": (130.36, 42.86), "Sansha": (112.34, 16.83)}


@pytest.mark.parametrize("place", BORDER.values(), ids=BORDER.keys())
def test_places_on_the_border_of_china_are_shifted(place):
    lon, lat = np.array([place[0]]), np.array([place[1]])
    x, y = wgs84_to_gcj02(lon, lat)
    assert metres(x[0], y[0], *place) > 10
    assert metres(*(value[0] for value in gcj02_to_wgs84(x, y)), *place) < 0.01


def test_missing_coordinates_stay_missing():
    x, y = gcj02_to_wgs84(np.array([np.nan, 106.0]), np.array([np.nan, 26.0]))
    assert np.isnan(x[0])
    assert np.isnan(y[0])
    assert np.isfinite(x[1])


@pytest.mark.parametrize(
    ("place", "zone"),
    [
        ((105.0, 26.0), "EPSG:32648"),
        ((108.5, 27.0), "EPSG:32649"),
        ((78.0, 15.0), "EPSG:32644"),
        ((36.8, -1.3), "EPSG:32737"),
        ((180.0, 10.0), "EPSG:32601"),
        ((-180.0, 10.0), "EPSG:32601"),
    ],
)
def test_metric_projection_of_a_place(place, zone):
    assert choose_metric_crs(np.array([place[0], np.nan]), np.array([place[1], np.nan])) == zone


def test_no_place_has_no_projection():
    with pytest.raises(ValueError, match="no point"):
        choose_metric_crs(np.array([np.nan]), np.array([np.nan]))


@pytest.mark.parametrize("name", ["wgs84", "WGS-84", "cgcs2000", "EPSG:4490", "4490", " epsg:4326 "])
def test_degrees_stay_where_they_are(name):
    lon, lat = to_wgs84(np.array([106.5]), np.array([26.5]), read_frame(name))
    assert metres(106.5, 26.5, lon[0], lat[0]) < 0.001


@pytest.mark.parametrize("name", ["EPSG:4610", "EPSG:4214", "EPSG:2327", "EPSG:2401"])
def test_old_datums_are_refused_with_the_reason(name):
    with pytest.raises(FaultError) as caught:
        read_frame(name)
    assert "WGS 84" in caught.value.what.zh
    assert "EPSG:4490" in caught.value.hint.en


@pytest.mark.parametrize("name", ["EPSG:0", "mars", "", "EPSG:5773", "99999999999999999999"])
def test_unknown_systems_are_refused(name):
    with pytest.raises(FaultError):
        read_frame(name)


@pytest.mark.parametrize(  # name, point, meridian and false easting as in the EPSG register
    ("zone", "lon", "middle", "east_m"),
    [
        ("EPSG:4544", 105.3, 105, 500_000),
        ("EPSG:4545", 108.4, 108, 500_000),
        ("4546", 111.2, 111, 500_000),
        ("EPSG:4523", 105.3, 105, 35_500_000),
    ],
)
def test_zones_of_cgcs2000_are_brought_to_degrees(zone, lon, middle, east_m):
    plain = pyproj.CRS.from_proj4(f"+proj=tmerc +lat_0=0 +lon_0={middle} +k=1 +x_0={east_m} +y_0=0 +ellps=GRS80 +units=m")
    x, y = pyproj.Transformer.from_crs(plain.geodetic_crs, plain, always_xy=True).transform([lon], [26.4])
    found = to_wgs84(np.array(x), np.array(y), read_frame(zone))
    assert metres(lon, 26.4, found[0][0], found[1][0]) < 0.01
