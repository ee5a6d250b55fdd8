"""Read an elevation grid (GeoTIFF), and say plainly when it is none."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from layout_planner.county.faults import FaultError, Faults
from layout_planner.county.model import Elevation
from layout_planner.errors import InputError
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

MAX_CELLS = 400_000_000  # 1.6 GB of heights
LOWEST_M, HIGHEST_M = -1000.0, 9000.0  # below the Dead Sea, above Qomolangma: such values are voids


def read_elevation(path: Path, shown: str) -> Elevation:
    """Return the heights of a one-band raster in metres, NaN where unknown (`shown` is the file's name in messages).

    Raises
    ------
    InputError : the file is missing, is no raster, has no place on earth, is too large, or holds no height.
    """
    faults = Faults(shown)
    try:
        return _read_grid(path)
    except FaultError as fault:
        faults.place(fault)
        raise InputError(faults.problems) from None


def _read_grid(path: Path) -> Elevation:
    with open_raster(path, Words("高程文件", "elevation file")) as grid:
        refuse_size(grid.width, grid.height)
        return Elevation(_clean(grid.read(1), grid), grid.transform, grid.crs.to_string())


@contextmanager
def open_raster(path: Path, name: Words) -> Iterator[Any]:
    """Open a raster of one band that has a place on earth; `name` is what the file is called in messages.

    Raises
    ------
    FaultError : the file is missing, cannot be read, has no place, or has several bands.
    """
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning, RasterioError

    if not path.is_file():
        raise FaultError(Words(f"找不到{name.zh}", f"the {name.en} is missing"), Words("检查路径", "check the path"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(path, driver="GTiff") as grid:
                _refuse_unfit(grid, name)
                yield grid
    except RasterioError as error:
        raise FaultError(
            Words("不是完整的栅格文件", "not a complete raster file"),
            Words("重新下载或导出为 GeoTIFF", "download it again or export it as GeoTIFF"),
            value=str(error),
        ) from None


def _refuse_unfit(grid: Any, name: Words) -> None:  # noqa: ANN401  (rasterio has no types)
    if grid.crs is None or grid.transform.is_identity or grid.transform.is_degenerate:
        raise FaultError(
            Words(f"{name.zh}没有坐标系或位置", f"the {name.en} has no coordinate reference system or no place"),
            Words("用 GIS 软件写入坐标系后重新导出", "assign the coordinate system in GIS software and export it again"),
        )
    if grid.count != 1:
        raise FaultError(
            Words(f"{name.zh}应只有一个波段", f"the {name.en} must have one band"),
            Words("导出数值本身，不要彩色图", "export the values themselves, not a coloured picture"),
            value=str(grid.count),
        )


def refuse_size(width: int, height: int) -> None:
    """Refuse to read more than `MAX_CELLS` cells.

    Raises
    ------
    FaultError : there are more.
    """
    if width * height > MAX_CELLS:
        raise FaultError(
            Words("栅格过大", "the raster is too large"),
            Words("裁剪到本县范围", "clip it to the county"),
            value=f"{width} x {height}",
            expected=Words(f"不超过{MAX_CELLS:,}格", f"at most {MAX_CELLS:,} cells"),
        )


def _clean(band: NDArray[Any], grid: Any) -> NDArray[np.float32]:  # noqa: ANN401
    """Return heights in metres as float32 with NaN for nodata and for heights that no place on land has."""
    if np.iscomplexobj(band):
        raise FaultError(Words("栅格值不是高程", "the raster holds no heights"), Words("换用高程栅格", "use an elevation raster"))
    void = np.zeros(band.shape, dtype=bool) if grid.nodata is None else band == grid.nodata
    heights = band.astype(np.float32)
    scale, offset = grid.scales[0], grid.offsets[0]
    if (scale, offset) != (1.0, 0.0):
        heights = heights * np.float32(scale) + np.float32(offset)
    void |= ~((heights >= LOWEST_M) & (heights <= HIGHEST_M))
    if void.all():
        raise FaultError(
            Words("高程文件没有任何有效高程", "no cell of the elevation file holds a height"),
            Words("检查单位（米）和无数据值", "check the unit (metres) and the nodata value"),
        )
    heights[void] = np.nan
    return heights
