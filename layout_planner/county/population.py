"""Gridded population (GeoTIFF, people per cell) apportioned to settlements; what is assigned and what is not always adds up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import shapely

from layout_planner.county.faults import FaultError
from layout_planner.county.model import Note
from layout_planner.county.rasters import open_raster, refuse_size
from layout_planner.words import Words

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd
    from numpy.typing import NDArray

    from layout_planner.scenario import PopulationGrid

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Cells:
    """Inhabited cells: centres in metres, float64 (cells, 2), and people."""

    xy: Floats
    people: Floats


def read_population(path: Path, file: PopulationGrid, crs: str, homes: Floats, boundary: gpd.GeoDataFrame | None) -> Cells:
    """Return the inhabited cells around `homes` (longitude and latitude): those in the boundary, or within reach of the homes' frame.

    Raises
    ------
    FaultError : no raster of people per cell, or none at this place.
    """
    with open_raster(path, Words("人口格网", "population grid")) as grid:
        name = grid.crs
        window = _frame(grid, crs, homes, file.reach_m)
        refuse_size(window.width, window.height)
        people = grid.read(1, window=window, masked=True).astype(float).filled(0.0) * grid.scales[0]
        place = grid.transform
    people = np.nan_to_num(people, nan=0.0)
    if (people < 0).any():
        raise FaultError(
            Words("格网中有负的人数", "a cell of the population grid holds a negative number"),
            Words("在文件中声明无数据值后重新导出", "declare the nodata value in the file and export it again"),
            value=f"{people.min():g}",
        )
    rows, columns = np.nonzero(people)
    across, down = columns + window.col_off + 0.5, rows + window.row_off + 0.5
    x, y = place.a * across + place.b * down + place.c, place.d * across + place.e * down + place.f
    xy = np.column_stack(pyproj.Transformer.from_crs(name, crs, always_xy=True).transform(x, y))
    counted = people[rows, columns]
    if boundary is not None:
        area = boundary.geometry.union_all()
        shapely.prepare(area)
        inside = shapely.contains_xy(area, xy[:, 0], xy[:, 1])
        xy, counted = xy[inside], counted[inside]
    if not len(counted):
        raise FaultError(
            Words("人口格网在本县没有人", "the population grid holds nobody here"),
            Words("换用覆盖本县的人口格网", "use a population grid that covers the county"),
        )
    return Cells(xy, counted)


def _frame(grid: Any, crs: str, homes: Floats, reach_m: float) -> Any:  # noqa: ANN401  (rasterio has no types)
    """Return the window of the raster that holds all homes and what lies within reach of them."""
    from rasterio.windows import Window

    to_metres = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    x, y = to_metres.transform(homes[:, 0], homes[:, 1])
    metres = (x.min() - reach_m, y.min() - reach_m, x.max() + reach_m, y.max() + reach_m)
    west, south, east, north = pyproj.Transformer.from_crs(crs, grid.crs, always_xy=True).transform_bounds(*metres)
    back, corner_x, corner_y = ~grid.transform, np.array([west, west, east, east]), np.array([south, north, south, north])
    across, down = back.a * corner_x + back.b * corner_y + back.c, back.d * corner_x + back.e * corner_y + back.f
    left, top = max(0, int(np.floor(across.min()))), max(0, int(np.floor(down.min())))
    right, bottom = min(grid.width, int(np.ceil(across.max()))), min(grid.height, int(np.ceil(down.max())))
    if right <= left or bottom <= top:
        raise FaultError(
            Words("人口格网不覆盖任何居民点", "the population grid covers no settlement"),
            Words("换用本县的人口格网，或核对其坐标系", "use the population of the county, or check its crs"),
        )
    return Window(left, top, right - left, bottom - top)


def apportion(cells: Cells, homes: Floats, reach_m: float) -> tuple[Floats, float]:
    """Return people by home, each cell going to the nearest home within `reach_m`, and the people of cells beyond it.

    homes : float64 (homes, 2), metres, in the order of their ids; of homes at one spot the first takes all.
    """
    from scipy.spatial import KDTree

    spots, first = np.unique(np.round(homes, 3), axis=0, return_index=True)
    far, at = KDTree(spots).query(cells.xy, distance_upper_bound=reach_m)
    reached = np.isfinite(far)
    people = np.zeros(len(homes))
    np.add.at(people, first[at[reached]], cells.people[reached])
    return people, float(cells.people[~reached].sum())


def say_apportioned(shown: str, people: Floats, rest: float, reach_m: float) -> Note:
    """Tell the sums: all people of the grid, those assigned to settlements, and the rest."""
    assigned, km = float(people.sum()), reach_m / 1000
    return Note(
        "population.apportioned",
        Words(
            f"{shown}：共{assigned + rest:,.0f}人，分到最近居民点{assigned:,.0f}人；距所有居民点{km:g}公里以外的{rest:,.0f}人未分配",
            f"{shown}: {assigned + rest:,.0f} people, {assigned:,.0f} assigned to the nearest settlement; {rest:,.0f} live further than "
            f"{km:g} km from every settlement and are not assigned",
        ),
        round(rest),
    )
