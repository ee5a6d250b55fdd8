"""Where the rows of a table are: from geometry or two columns to WGS 84 degrees, and the faults that only places have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely

from layout_planner.county.coordinates import Frame, read_frame, to_wgs84
from layout_planner.county.faults import FaultError, Faults
from layout_planner.words import Words

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from layout_planner.county.raw_files import RawTable

    Floats = NDArray[np.float64]
    Rows = NDArray[np.int_]

FAR_M = 300_000
EARTH_M = 6_371_000.0
MAX_LON, MAX_LAT = 180.0, 90.0
MOST = 0.5
NULL_ISLAND_DEGREES = 1e-6


@dataclass(frozen=True)
class Places:
    """Where the rows of a table are: `lon`, `lat` in WGS 84 degrees, NaN where a fault was recorded; `x`, `y` as the file gives them."""

    lon: Floats
    lat: Floats
    x: Floats
    y: Floats


def place_points(raw: RawTable, frame: pd.DataFrame, rows: Rows, declared: str | None, faults: Faults) -> Places:
    """Return where the rows are."""
    nowhere = np.full(len(rows), np.nan)
    try:
        meaning = read_frame(declared, raw.crs if raw.geometry is not None else None)
    except FaultError as fault:
        faults.place(fault, column="crs")
        return Places(nowhere, nowhere, nowhere, nowhere)
    in_columns = {"lon", "lat"} <= set(frame.columns)
    if raw.geometry is not None and not (in_columns and shapely.is_missing(raw.geometry).all()):
        x, y = _from_geometry(raw.geometry, rows, faults)
        column = "geometry"
    elif in_columns:
        x, y = frame["lon"].to_numpy(dtype=float), frame["lat"].to_numpy(dtype=float)
        _report_blank(x, y, rows, faults)
        column = "lon"
    else:
        return Places(nowhere, nowhere, nowhere, nowhere)
    given = x, y
    x, y = _check_degrees(x, y, rows, meaning, column, faults)
    lon, lat = to_wgs84(x, y, meaning)
    lost = np.isfinite(x) & ~(np.isfinite(lon) & np.isfinite(lat) & (np.abs(lon) <= MAX_LON) & (np.abs(lat) <= MAX_LAT))
    for at in np.flatnonzero(lost):
        faults.add(
            Words("坐标无法换算", "the coordinates cannot be converted"),
            Words("核对坐标与 crs 是否相符", "check that they are in the declared crs"),
            row=int(rows[at]),
            column=column,
            value=f"{x[at]:g}, {y[at]:g}",
        )
    lon, lat = np.where(lost, np.nan, lon), np.where(lost, np.nan, lat)
    _report_far(lon, lat, rows, column, faults)
    return Places(lon, lat, *given)


def _from_geometry(geometry: NDArray[np.object_], rows: Rows, faults: Faults) -> tuple[Floats, Floats]:
    empty = np.array([shape is None or bool(shape.is_empty) for shape in geometry])
    if empty.all():
        faults.add(
            Words("所有行都没有几何位置", "no row has a geometry"),
            Words("导出时连同点位一起导出", "export the table with its points"),
            column="geometry",
        )
        return np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    kinds = shapely.get_type_id(geometry)
    single = (kinds == shapely.GeometryType.MULTIPOINT) & (shapely.get_num_geometries(geometry) == 1)
    points = np.where(single, shapely.get_geometry(geometry, 0), geometry)
    is_point = (kinds == shapely.GeometryType.POINT) | single
    for at in np.flatnonzero(empty):
        faults.add(
            Words("该行没有几何位置", "the row has no geometry"), Words("补上点位", "add its point"), row=int(rows[at]), column="geometry"
        )
    for at in np.flatnonzero(~is_point & ~empty):
        faults.add(
            Words("几何不是点", "the geometry is not a point"),
            Words("用中心点代替", "use a point, such as the centre"),
            row=int(rows[at]),
            column="geometry",
            value=geometry[at].geom_type,
        )
    usable = is_point & ~empty
    return np.where(usable, shapely.get_x(points), np.nan), np.where(usable, shapely.get_y(points), np.nan)


def _report_blank(x: Floats, y: Floats, rows: Rows, faults: Faults) -> None:
    for name, values in (("lon", x), ("lat", y)):
        for at in np.flatnonzero(~np.isfinite(values)):
            if not faults.told(int(rows[at]), name):
                faults.add(
                    Words("没有坐标", "the coordinate is missing"),
                    Words("补填经纬度", "fill in longitude and latitude"),
                    row=int(rows[at]),
                    column=name,
                    expected=Words("十进制度数", "decimal degrees"),
                )


def _check_degrees(x: Floats, y: Floats, rows: Rows, meaning: Frame, column: str, faults: Faults) -> tuple[Floats, Floats]:
    """Report metres in degree columns, swapped columns, 0/0; return the coordinates that remain."""
    known = np.isfinite(x) & np.isfinite(y)
    zero = known & (np.abs(x) < NULL_ISLAND_DEGREES) & (np.abs(y) < NULL_ISLAND_DEGREES)
    hint = Words("填入真实坐标", "fill in the true coordinates")
    _report(zero, x, y, rows, (Words("坐标是 0, 0", "the coordinates are 0, 0"), hint), column, faults)
    bad = zero
    if meaning.in_degrees:
        wide = known & ~((np.abs(x) <= MAX_LON) & (np.abs(y) <= MAX_LAT))
        swapped = wide & (np.abs(x) <= MAX_LAT) & (np.abs(y) <= MAX_LON)
        metres = wide & (np.abs(x) > 10 * MAX_LON) & (np.abs(y) > 10 * MAX_LON)
        _report(
            swapped,
            x,
            y,
            rows,
            (
                Words("经度和纬度填反了", "longitude and latitude are swapped"),
                Words("对调两列：经度约为 73-135，纬度约为 18-54", "swap the two columns"),
            ),
            column,
            faults,
        )
        _report(
            metres,
            x,
            y,
            rows,
            (
                Words("这是投影坐标（米），不是经纬度", "these are projected metres, not degrees"),
                Words('用 crs 写明投影坐标系，如 crs = "EPSG:4544"', 'declare the projection, such as crs = "EPSG:4544"'),
            ),
            column,
            faults,
        )
        _report(
            wide & ~swapped & ~metres,
            x,
            y,
            rows,
            (Words("经纬度超出范围", "longitude or latitude is out of range"), Words("核对后改正", "check and correct it")),
            column,
            faults,
        )
        bad = bad | wide
    return np.where(bad, np.nan, x), np.where(bad, np.nan, y)


def _report(hit: NDArray[np.bool_], x: Floats, y: Floats, rows: Rows, says: tuple[Words, Words], column: str, faults: Faults) -> None:
    """Report rows one by one, or once with their number when most of the table is hit."""
    what, hint = says
    found = np.flatnonzero(hit)
    if len(found) > 1 and len(found) > MOST * len(rows):
        what, found = Words(f"{what.zh}（共{len(found)}行）", f"{what.en} ({len(found)} rows)"), found[:1]
    for at in found:
        faults.add(what, hint, row=int(rows[at]), column=column, value=f"{x[at]:.10g}, {y[at]:.10g}")


def distance_m(lon: Floats, lat: Floats, lon0: float, lat0: float) -> Floats:
    """Return great-circle metres from points to one point, degrees in."""
    a, b = np.radians(lat), np.radians(lat0)
    half = np.sin((a - b) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(np.radians(lon - lon0) / 2) ** 2
    return np.asarray(2 * EARTH_M * np.arcsin(np.sqrt(np.clip(half, 0, 1))))


def _report_far(lon: Floats, lat: Floats, rows: Rows, column: str, faults: Faults) -> None:
    known = np.isfinite(lon)
    if not known.any():
        return
    far = known & (distance_m(lon, lat, float(np.median(lon[known])), float(np.median(lat[known]))) > FAR_M)
    for at in np.flatnonzero(far):
        faults.add(
            Words("位置离其他各点300公里以上", "the place lies more than 300 km from the others"),
            Words("核对坐标：是否填反、填错或坐标系不同", "check it: swapped, mistyped or in another datum"),
            row=int(rows[at]),
            column=column,
            value=f"{lon[at]:.6f}, {lat[at]:.6f}",
        )


def report_outside(lon: Floats, lat: Floats, rows: Rows, inside: NDArray[np.bool_], faults: Faults) -> None:
    """Report the points that lie outside the county's boundary."""
    out = ~inside & np.isfinite(lon)
    _report(
        out,
        lon,
        lat,
        rows,
        (
            Words("位置在县界之外", "the place lies outside the boundary"),
            Words(
                "核对：经纬度填反、坐标系（gcj02/bd09）未声明，或用错了县界",
                "check for swapped columns, an undeclared datum (gcj02, bd09), or the boundary of another county",
            ),
        ),
        "lon",
        faults,
    )


def to_metres(lon: Floats, lat: Floats, crs: str) -> NDArray[np.object_]:
    """Return points in `crs`; empty points where a coordinate is missing."""
    known = np.isfinite(lon) & np.isfinite(lat)
    points = np.full(len(lon), shapely.Point(), dtype=object)
    points[known] = gpd.points_from_xy(lon[known], lat[known], crs="EPSG:4326").to_crs(crs)
    return points
