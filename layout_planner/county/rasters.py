"""Read an elevation grid (GeoTIFF), and say plainly when it is none."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from layout_planner.county.faults import FaultError, Faults
from layout_planner.county.model import Elevation
from layout_planner.errors import InputError
from layout_planner.words import Words

if TYPE_CHECKING:
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
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning, RasterioError

    if not path.is_file():
        raise FaultError(Words("找不到高程文件", "the elevation file is missing"), Words("检查路径", "check the path"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(path) as grid:
                _refuse_unfit(grid)
                return Elevation(_clean(grid.read(1), grid), grid.transform, grid.crs.to_string())
    except RasterioError as error:
        raise FaultError(
            Words("不是完整的栅格文件", "not a complete raster file"),
            Words("重新下载或导出为 GeoTIFF", "download it again or export it as GeoTIFF"),
            value=str(error),
        ) from None


def _refuse_unfit(grid: Any) -> None:  # noqa: ANN401  (rasterio has no types)
    if grid.crs is None or grid.transform.is_identity or grid.transform.is_degenerate:
        raise FaultError(
            Words("高程文件没有坐标系或位置", "the elevation file has no coordinate reference system or no place"),
            Words("用 GIS 软件写入坐标系后重新导出", "assign the coordinate system in GIS software and export it again"),
        )
    if grid.count != 1:
        raise FaultError(
            Words("高程文件应只有一个波段", "an elevation file has one band"),
            Words("导出高程本身，不要彩色图", "export the heights themselves, not a coloured picture"),
            value=str(grid.count),
        )
    if grid.width * grid.height > MAX_CELLS:
        raise FaultError(
            Words("高程文件过大", "the elevation file is too large"),
            Words("裁剪到本县范围", "clip it to the county"),
            value=f"{grid.width} x {grid.height}",
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
