"""The county's boundary: polygons, and which points they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely

from layout_planner.county.coordinates import read_frame, to_wgs84
from layout_planner.county.faults import FaultError, Faults
from layout_planner.county.raw_files import RawTable, read_raw
from layout_planner.words import Words

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from layout_planner.scenario import DataFile

TOLERANCE_M = 200
MAX_DEGREES = (180.0, 90.0)


def read_boundary(path: Path, file: DataFile, crs: str, faults: Faults) -> gpd.GeoDataFrame | None:
    """Return the polygons of a boundary file in `crs`, or None after recording why not."""
    try:
        raw = read_raw(path, file.sheet, ("boundary", "县界"))
        meaning = read_frame(file.crs, raw.crs)
    except FaultError as fault:
        faults.place(fault)
        return None
    shapes = _polygons(raw, faults)
    if faults:
        return None

    def move(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(to_wgs84(points[:, 0], points[:, 1], meaning))

    moved = shapely.transform(np.asarray(shapes, dtype=object), move)
    west, south, east, north = shapely.total_bounds(moved)
    if not (-MAX_DEGREES[0] <= west <= east <= MAX_DEGREES[0] and -MAX_DEGREES[1] <= south <= north <= MAX_DEGREES[1]):
        faults.add(
            Words("县界坐标不是经纬度", "the boundary's coordinates are not degrees"),
            Words("用 crs 写明县界的投影坐标系", "declare the boundary's projection with crs"),
            value=f"{west:g}, {south:g}",
        )
        return None
    return gpd.GeoDataFrame(geometry=moved, crs="EPSG:4326").to_crs(crs)


def _polygons(raw: RawTable, faults: Faults) -> list[shapely.Geometry]:
    shapes = []
    for row, shape in zip(raw.numbers, [] if raw.geometry is None else raw.geometry, strict=False):
        if shape is None or shape.is_empty or shape.geom_type not in {"Polygon", "MultiPolygon"}:
            continue
        if not shape.is_valid:
            faults.add(
                Words("县界多边形无效（自相交等）", "the polygon is not valid, such as one that crosses itself"),
                Words("在 QGIS 中用“修正几何”处理后再导出", "run 'Fix geometries' in QGIS and export it again"),
                row=row,
                column="geometry",
                value=shapely.is_valid_reason(shape),
            )
            continue
        shapes.append(shapely.force_2d(shape))
    if not shapes and not faults:
        faults.add(
            Words("县界文件中没有多边形", "the boundary file holds no polygon"),
            Words("导出面要素，而不是线或点", "export polygons, not lines or points"),
            column="geometry",
        )
    return shapes


def inside_boundary(boundary: gpd.GeoDataFrame, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which points lie in the boundary or within `TOLERANCE_M` of it; points without coordinates count as inside."""
    known = np.isfinite(lon) & np.isfinite(lat)
    points = gpd.points_from_xy(lon[known], lat[known], crs="EPSG:4326").to_crs(boundary.crs)
    area = boundary.geometry.union_all()
    shapely.prepare(area)
    inside = np.ones(len(lon), dtype=bool)
    inside[known] = shapely.dwithin(area, np.asarray(points), TOLERANCE_M)
    return inside
