"""Bad days: the areas and lines of one file, where a flood, a slide or ice closes the roads it meets."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np
import pyproj
import shapely

from layout_planner.county.coordinates import read_frame, to_wgs84
from layout_planner.county.faults import FaultError, Faults
from layout_planner.county.model import BadDay
from layout_planner.county.raw_files import RawTable, read_raw
from layout_planner.names import name_hazard
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from layout_planner.county.model import RoadTable

SHAPES = frozenset({"Polygon", "MultiPolygon", "LineString", "MultiLineString"})
COLUMNS = {
    "name": ("name", "名称", "名字"),
    "name_en": ("name_en", "英文名"),
    "hazard": ("hazard", "灾害", "灾种"),
    "date": ("date", "日期"),
}
ROADS_OF_TABLE = "-roads"  # marks the day of a hazard beside a file of the same name that does not say its hazard


def read_bad_day(path: Path, shown: str, crs: str, faults: Faults) -> BadDay | None:
    """Return the day that the file at `path` describes, in `crs`, or None after recording why not.

    Properties name, name_en, hazard and date are optional; the first that is filled in counts, and every hazard.
    """
    try:
        raw = read_raw(path, None, ("bad_day", "坏天气"))
        shapes = _read_shapes(raw, crs, faults)
    except FaultError as fault:
        faults.place(fault)
        return None
    if faults:
        return None
    said = {name: _values(raw, headers) for name, headers in COLUMNS.items()}
    key = PurePath(shown).stem
    zh = next(iter(said["name"]), key)
    name = Words(zh, next(iter(said["name_en"]), zh))
    hazards = tuple(sorted({hazard.lower() for hazard in said["hazard"]}))
    return BadDay(key, name, hazards, next(iter(said["date"]), ""), shapely.union_all(shapes))


def add_hazard_days(days: Iterable[BadDay], hazards: Iterable[str]) -> tuple[BadDay, ...]:
    """Return the days, and one more for every one of `hazards` that none of them names; of its name, but for one that a file has."""
    found = list(days)
    named = {hazard for day in found for hazard in day.hazards}
    for hazard in sorted(set(hazards) - named):
        keys, key = {day.key for day in found}, hazard
        while key in keys:
            key += ROADS_OF_TABLE
        found.append(BadDay(key, name_hazard(hazard), (hazard,), "", None))
    return tuple(found)


def check_place(day: BadDay, roads: RoadTable, faults: Faults) -> None:
    """Record a fault when the areas of `day` lie nowhere near the county's roads."""
    if day.area is None or shapely.intersects(day.area, shapely.box(*roads.edges.total_bounds)):
        return
    faults.add(
        Words("坏天气范围不在本县道路附近", "the areas of the bad day lie nowhere near the county's roads"),
        Words("检查文件和它的坐标系", "check the file and its coordinate reference system"),
        column="geometry",
        value=", ".join(f"{edge:.0f}" for edge in shapely.bounds(day.area)),
    )


def _read_shapes(raw: RawTable, crs: str, faults: Faults) -> NDArray[np.object_]:
    meaning = read_frame(None, raw.crs)
    forward = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)

    def move(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(forward.transform(*to_wgs84(points[:, 0], points[:, 1], meaning)))

    shapes = []
    for row, shape in zip(raw.numbers, [] if raw.geometry is None else raw.geometry, strict=False):
        if shape is None or shape.is_empty:
            continue
        moved = shapely.transform(shapely.force_2d(shape), move) if shape.geom_type in SHAPES else None
        if moved is None or not moved.is_valid or not np.isfinite(shapely.get_coordinates(moved)).all():
            faults.add(
                Words("不是有效的面或线", "neither a valid polygon nor a line"),
                Words("在 QGIS 中修正几何；点要先做缓冲区", "run 'Fix geometries' in QGIS; give points a buffer first"),
                row=row,
                column="geometry",
                value=shape.geom_type,
            )
            continue
        shapes.append(moved)
    if not shapes and not faults:
        raise FaultError(
            Words("坏天气文件中没有面或线", "the file of the bad day holds no polygon and no line"),
            Words("导出受灾范围（面）或断路位置（线）", "export the area that is hit (polygons) or where roads are cut (lines)"),
        )
    return np.array(shapes, dtype=object)


def _values(raw: RawTable, headers: tuple[str, ...]) -> list[str]:
    """Return the texts of the first column with one of `headers`, blanks left out."""
    position = next((raw.headers.index(header) for header in headers if header in raw.headers), None)
    cells = [] if position is None else raw.column(position)
    return [text for cell in cells if cell is not None and (text := str(cell).strip()) and text.lower() != "nan"]
