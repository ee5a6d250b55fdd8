"""Declared datum to degrees, and the metric projection of a place.

GCJ-02 (Gaode, Tencent) and BD-09 (Baidu) cannot be recognised from the numbers, so they must be declared. Their formulas are
public re-derivations, good to about a metre; the inverse here is exact against its own forward to far below a millimetre.
The one maintained library whose inverse is as good (`geocoordinates-rs`) has no wheel for Windows, where most of the tables are kept;
the tests hold these formulas to it, to a micrometre. Other libraries invert in one step, up to four metres off.

Points outside `shift_area.geojson` (China, widened by 3 to 6 km, so that no village on the border is missed) are left where they are.
The customary box of other tools would move Sri Lanka and half of India. A point within a few hundred metres outside that area may
be moved back although it was never shifted.

CGCS2000 (EPSG:4490) agrees with WGS 84 to well under a metre and is read as such. Xian 1980 and Beijing 1954 are refused: their
distance to WGS 84 is tens to more than a hundred metres and PROJ would silently change nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyproj
import shapely
from pyproj.exceptions import CRSError, ProjError

from layout_planner.county.faults import FaultError
from layout_planner.words import Words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Datum = Literal["crs", "gcj02", "bd09"]

KRASOVSKY_M = 6_378_245.0
KRASOVSKY_E2 = 0.006693421622965943
BD_ANGLE = np.pi * 3000 / 180
ROUNDS = 30
SETTLED_DEGREES = 1e-12
OLD_ELLIPSOIDS_M = {6_378_245.0: Words("北京1954", "Beijing 1954"), 6_378_140.0: Words("西安1980", "Xian 1980")}
NAMES = {"gcj02": "gcj02", "gcj-02": "gcj02", "火星坐标": "gcj02", "bd09": "bd09", "bd-09": "bd09", "bd09ll": "bd09"}
PLAIN = {"wgs84": "EPSG:4326", "wgs-84": "EPSG:4326", "cgcs2000": "EPSG:4490"}


@dataclass(frozen=True)
class Frame:
    """What the numbers of a place mean: a shifted Chinese web-map datum, or a coordinate reference system."""

    datum: Datum
    crs: pyproj.CRS

    @property
    def in_degrees(self) -> bool:
        """Whether the numbers are longitude and latitude."""
        return self.datum != "crs" or bool(self.crs.is_geographic)


WGS84 = pyproj.CRS.from_epsg(4326)


def choose_metric_crs(lon: Floats, lat: Floats) -> str:
    """Return the UTM zone (`EPSG:326xx`, south of the equator `EPSG:327xx`) of the median point, degrees."""
    lon, lat = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    known = np.isfinite(lon) & np.isfinite(lat)
    if not known.any():
        msg = "no point with coordinates"
        raise ValueError(msg)
    middle_lon, middle_lat = float(np.median(lon[known])), float(np.median(lat[known]))
    zone = int((middle_lon + 180) // 6) % 60 + 1
    return f"EPSG:{(32700 if middle_lat < 0 else 32600) + zone}"


def read_frame(declared: str | None, in_file: pyproj.CRS | None = None) -> Frame:
    """Return what coordinates mean: as declared in the scenario, else as the file says, else WGS 84 degrees.

    Raises
    ------
    FaultError : the name is unknown, or the datum cannot be brought to WGS 84 without parameters of the place.
    """
    if declared is None:
        crs = WGS84 if in_file is None else in_file
    else:
        name = declared.strip().casefold()
        if name in NAMES:
            return Frame("gcj02" if NAMES[name] == "gcj02" else "bd09", WGS84)
        crs = _parse_crs(PLAIN.get(name, declared.strip()))
    _refuse_old_datums(crs)
    return Frame("crs", crs)


def _parse_crs(text: str) -> pyproj.CRS:
    try:
        return pyproj.CRS.from_user_input(int(text) if text.isdecimal() else text)
    except (CRSError, ProjError, OverflowError, ValueError):
        raise FaultError(
            Words("不认识的坐标系", "unknown coordinate reference system"),
            Words("crs 写成 EPSG 代码、wgs84、cgcs2000、gcj02 或 bd09", "write crs as an EPSG code, wgs84, cgcs2000, gcj02 or bd09"),
            expected=Words("例如 EPSG:4490", "for example EPSG:4490"),
            value=text,
        ) from None


def _refuse_old_datums(crs: pyproj.CRS) -> None:
    if not (crs.is_geographic or crs.is_projected):
        raise FaultError(
            Words("坐标系既非地理坐标也非投影坐标", "the coordinate reference system is neither geographic nor projected"),
            Words("换用 EPSG:4490 或相应的投影坐标系", "use EPSG:4490 or a projected system"),
            value=crs.name,
        )
    ellipsoid = crs.ellipsoid
    old = None if ellipsoid is None else OLD_ELLIPSOIDS_M.get(round(float(ellipsoid.semi_major_metre), 1))
    if old is not None:
        raise FaultError(
            Words(
                f"{old.zh}坐标不能直接使用：与 WGS 84 相差数十至一百多米，换算需要当地参数",
                f"{old.en} coordinates cannot be used as they are: they lie tens to over a hundred metres from WGS 84, "
                "and the shift needs parameters of the place",
            ),
            Words("请测绘部门转换为 CGCS2000（EPSG:4490）后再用", "ask the surveying office to convert them to CGCS2000 (EPSG:4490)"),
            value=crs.name,
        )


def to_wgs84(x: Floats, y: Floats, frame: Frame) -> tuple[Floats, Floats]:
    """Return longitude and latitude in WGS 84 degrees; NaN where a point cannot be converted."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if frame.datum == "gcj02":
        return gcj02_to_wgs84(x, y)
    if frame.datum == "bd09":
        return gcj02_to_wgs84(*bd09_to_gcj02(x, y))
    if frame.crs == WGS84:
        return x.copy(), y.copy()
    transformer = pyproj.Transformer.from_crs(frame.crs, WGS84, always_xy=True)
    lon, lat = transformer.transform(x, y)
    lost = ~(np.isfinite(lon) & np.isfinite(lat))
    return np.where(lost, np.nan, lon), np.where(lost, np.nan, lat)


def is_shifted_place(lon: Floats, lat: Floats) -> NDArray[np.bool_]:
    """Return which WGS 84 points lie where Chinese web maps shift coordinates."""
    return np.asarray(shapely.contains_xy(_shift_area(), lon, lat))


@cache
def _shift_area() -> shapely.MultiPolygon:
    text = (resources.files("layout_planner.county") / "shift_area.geojson").read_text(encoding="utf-8")
    area: shapely.MultiPolygon = shapely.from_geojson(text)
    shapely.prepare(area)
    return area


def _shift_degrees(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return the GCJ-02 shift at WGS 84 points, degrees of longitude and latitude."""
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    ripple = (20 * np.sin(6 * np.pi * x) + 20 * np.sin(2 * np.pi * x)) * 2 / 3
    north_m = (
        -100
        + 2 * x
        + 3 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * root
        + ripple
        + (20 * np.sin(np.pi * y) + 40 * np.sin(np.pi / 3 * y)) * 2 / 3
        + (160 * np.sin(np.pi / 12 * y) + 320 * np.sin(np.pi / 30 * y)) * 2 / 3
    )
    east_m = (
        300
        + x
        + 2 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * root
        + ripple
        + (20 * np.sin(np.pi * x) + 40 * np.sin(np.pi / 3 * x)) * 2 / 3
        + (150 * np.sin(np.pi / 12 * x) + 300 * np.sin(np.pi / 30 * x)) * 2 / 3
    )
    radians = np.radians(lat)
    w2 = 1 - KRASOVSKY_E2 * np.sin(radians) ** 2
    east = np.degrees(east_m / (KRASOVSKY_M / np.sqrt(w2) * np.cos(radians)))
    north = np.degrees(north_m / (KRASOVSKY_M * (1 - KRASOVSKY_E2) / w2**1.5))
    return east, north


def wgs84_to_gcj02(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return GCJ-02 degrees of WGS 84 points."""
    lon, lat = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    east, north = _shift_degrees(lon, lat)
    inside = is_shifted_place(lon, lat)
    return np.where(inside, lon + east, lon), np.where(inside, lat + north, lat)


def gcj02_to_wgs84(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return WGS 84 degrees of GCJ-02 points, by fixed-point iteration on the forward shift."""
    lon, lat = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    x, y = lon.copy(), lat.copy()
    for _ in range(ROUNDS):
        east, north = _shift_degrees(x, y)
        step_x, step_y = lon - east - x, lat - north - y
        x, y = x + step_x, y + step_y
        if not (np.hypot(step_x, step_y) > SETTLED_DEGREES).any():
            break
    inside = is_shifted_place(x, y)
    return np.where(inside, x, lon), np.where(inside, y, lat)


def gcj02_to_bd09(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return BD-09 degrees of GCJ-02 points."""
    lon, lat = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    x, y = _turn_to_bd09(lon, lat)
    inside = is_shifted_place(*gcj02_to_wgs84(lon, lat))
    return np.where(inside, x, lon), np.where(inside, y, lat)


def _turn_to_bd09(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    radius = np.hypot(lon, lat) + 2e-5 * np.sin(lat * BD_ANGLE)
    angle = np.arctan2(lat, lon) + 3e-6 * np.cos(lon * BD_ANGLE)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def bd09_to_gcj02(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return GCJ-02 degrees of BD-09 points, by fixed-point iteration on the forward shift."""
    lon, lat = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    x, y = lon - 0.0065, lat - 0.006
    for _ in range(ROUNDS):
        forward_x, forward_y = _turn_to_bd09(x, y)
        x, y = x + lon - forward_x, y + lat - forward_y
    inside = is_shifted_place(*gcj02_to_wgs84(x, y))
    return np.where(inside, x, lon), np.where(inside, y, lat)
