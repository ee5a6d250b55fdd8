"""The shaded relief under a map: a small picture made from the elevation grid, in the projection of web maps."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layout_planner.county.model import Elevation

WIDEST_PX = 900
QUALITY = "45"
SUN_FROM_DEG, SUN_ABOVE_DEG = 315.0, 45.0  # from the north-west, as on printed maps
STEEPER = 1.6  # gentle hills would hardly show
WEB = "EPSG:3857"


@dataclass(frozen=True)
class Relief:
    """A JPEG and the degrees at its edges: west, south, east, north."""

    jpeg: bytes
    bounds: tuple[float, float, float, float]


def shade_relief(elevation: Elevation) -> Relief:
    """Return the shaded relief of `elevation`; what is unknown is white."""
    from affine import Affine
    from rasterio.warp import Resampling, reproject, transform_bounds

    rows, columns = elevation.heights.shape
    west, south, east, north = transform_bounds(elevation.crs, WEB, *_edges(elevation.transform, rows, columns))
    share = min(1.0, WIDEST_PX / max(columns, rows))
    cell = max((east - west) / (columns * share), (north - south) / (rows * share))
    width, height = (max(2, round(side / cell)) for side in (east - west, north - south))
    transform = Affine((east - west) / width, 0.0, west, 0.0, (south - north) / height, north)
    heights = np.full((height, width), np.nan, dtype=np.float32)
    reproject(
        elevation.heights,
        heights,
        src_transform=elevation.transform,
        src_crs=elevation.crs,
        dst_transform=transform,
        dst_crs=WEB,
        src_nodata=np.nan,
        dst_nodata=np.nan,
        resampling=Resampling.average if share < 1 else Resampling.bilinear,
    )
    cell_m = (east - west) / width * np.cos(np.arctan(np.sinh((south + north) / 2 / 6378137.0)))  # web metres shrink with latitude
    bounds = transform_bounds(WEB, "EPSG:4326", west, south, east, north)
    return Relief(_jpeg(_light(heights, float(cell_m))), tuple(round(float(edge), 6) for edge in bounds))  # type: ignore[arg-type]


def _edges(transform: Any, rows: int, columns: int) -> tuple[float, float, float, float]:  # noqa: ANN401  (rasterio has no types)
    """Return west, south, east and north of a grid, turned or not."""
    x = [transform.c + transform.a * column + transform.b * row for column in (0, columns) for row in (0, rows)]
    y = [transform.f + transform.d * column + transform.e * row for column in (0, columns) for row in (0, rows)]
    return min(x), min(y), max(x), max(y)


def _light(heights: NDArray[np.float32], cell_m: float) -> NDArray[np.uint8]:
    """Return how bright every cell is, 0 to 255 (Horn 1981, as gdaldem does it), with bright plains."""
    down, right = np.gradient(heights * STEEPER, cell_m)
    slope, aspect = np.arctan(np.hypot(right, down)), np.arctan2(down, -right)
    sun, high = np.radians(360.0 - SUN_FROM_DEG + 90.0), np.radians(SUN_ABOVE_DEG)
    light = np.sin(high) * np.cos(slope) + np.cos(high) * np.sin(slope) * np.cos(sun - aspect)
    flat = np.sin(high)
    shade = np.clip(light / flat, 0.0, 1.0)
    return np.where(np.isfinite(shade), np.rint(110 + 145 * shade), 255).astype(np.uint8)


def _jpeg(light: NDArray[np.uint8]) -> bytes:
    from rasterio.errors import NotGeoreferencedWarning
    from rasterio.io import MemoryFile

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with MemoryFile() as file:
            with file.open(driver="JPEG", width=light.shape[1], height=light.shape[0], count=1, dtype="uint8", QUALITY=QUALITY) as picture:
                picture.write(light, 1)
            return bytes(file.read())
