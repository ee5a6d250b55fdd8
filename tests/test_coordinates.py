from __future__ import annotations

import numpy as np
import pyproj
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layout_planner.county.coordinates import (
    bd09_to_gcj02,
    choose_metric_crs,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    read_frame,
    to_wgs84,
    wgs84_to_gcj02,
)
from layout_planner.county.faults import FaultError

GEOD = pyproj.Geod(ellps="WGS84")
IN_CHINA = {"lon": st.floats(75, 134), "lat": st.floats(4, 53)}


def metres(lon1, lat1, lon2, lat2):
    return float(GEOD.inv(lon1, lat1, lon2, lat2)[2])


@settings(deadline=None)  # the machine may be busy
@given(**IN_CHINA)
def test_gcj02_and_back_within_a_centimetre(lon, lat):
    x, y = gcj02_to_wgs84(*wgs84_to_gcj02(np.array([lon]), np.array([lat])))
    assert metres(lon, lat, x[0], y[0]) < 0.01


@settings(deadline=None)  # the machine may be busy
@given(**IN_CHINA)
def test_bd09_and_back_within_a_centimetre(lon, lat):
    x, y = bd09_to_gcj02(*gcj02_to_bd09(np.array([lon]), np.array([lat])))
    assert metres(lon, lat, x[0], y[0]) < 0.01


@settings(deadline=None)  # the machine may be busy
@given(**IN_CHINA)
def test_the_shift_is_a_few_hundred_metres(lon, lat):
    x, y = wgs84_to_gcj02(np.array([lon]), np.array([lat]))
    assert 10 < metres(lon, lat, x[0], y[0]) < 1000


def test_known_point_of_beijing():
    x, y = wgs84_to_gcj02(np.array([116.397128]), np.array([39.907497]))
    assert metres(x[0], y[0], 116.403372, 39.908901) < 2


@pytest.mark.parametrize("place", [(2.35, 48.85), (-122.4, 37.8), (150.0, -33.0)])
def test_other_countries_are_not_shifted(place):
    lon, lat = np.array([place[0]]), np.array([place[1]])
    for move in (wgs84_to_gcj02, gcj02_to_wgs84, gcj02_to_bd09, bd09_to_gcj02):
        x, y = move(lon, lat)
        assert (x[0], y[0]) == place


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


def test_three_degree_zone_is_brought_to_degrees():
    x, y = pyproj.Transformer.from_crs("EPSG:4490", "EPSG:4544", always_xy=True).transform([105.3], [26.4])
    lon, lat = to_wgs84(np.array(x), np.array(y), read_frame("EPSG:4544"))
    assert metres(105.3, 26.4, lon[0], lat[0]) < 0.01
