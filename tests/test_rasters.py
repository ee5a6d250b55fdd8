"""Elevation grids: voids, faults, places."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import rasterio
from affine import Affine

from layout_planner.county.rasters import read_elevation
from layout_planner.errors import InputError
from layout_planner.travel.terrain import heights_at

PLACE = Affine(0.001, 0, 105, 0, -0.001, 26)


def grid_file(path, heights, *, crs="EPSG:4326", transform=PLACE, nodata=None, count=1):
    heights = np.asarray(heights)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        profile = {"driver": "GTiff", "height": heights.shape[0], "width": heights.shape[1], "count": count, "dtype": heights.dtype}
        with rasterio.open(path, "w", **profile, crs=crs, transform=transform, nodata=nodata) as file:
            for band in range(count):
                file.write(heights, band + 1)
    return path


def test_voids_become_nan(tmp_path):
    heights = np.array([[100, -32768, 300], [-5000, 9500, 600]], dtype=np.int16)
    grid = read_elevation(grid_file(tmp_path / "a.tif", heights, nodata=300), "a.tif")
    assert grid.heights.dtype == np.float32
    assert np.array_equal(grid.heights, [[100, np.nan, np.nan], [np.nan, np.nan, 600]], equal_nan=True)
    assert grid.crs == "EPSG:4326"


def test_bilinear_between_centres_and_held_to_the_edge(tmp_path):
    heights = np.array([[0, 100], [200, 300]], dtype=np.float32)
    grid = read_elevation(grid_file(tmp_path / "a.tif", heights), "a.tif")
    points = [(105.0005, 25.9995), (105.001, 25.999), (105.0, 26.0), (104.9999, 26.0), (105.002, 25.998)]
    found = heights_at(grid, np.array(points), "EPSG:4326")
    assert found[[0, 1, 2, 4]] == pytest.approx([0, 150, 0, 300], abs=1e-6)
    assert np.isnan(found[3])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"crs": None}, "coordinate reference"),
        ({"transform": Affine.identity()}, "coordinate reference"),
        ({"count": 3}, "one band"),
        ({"nodata": 7}, "holds a height"),
    ],
)
def test_faulty_grids(tmp_path, options, said):
    path = grid_file(tmp_path / "a.tif", np.full((4, 4), 7, dtype=np.int16), **options)
    with pytest.raises(InputError, match=said):
        read_elevation(path, "a.tif")


def test_no_grid_at_all(tmp_path):
    (tmp_path / "a.tif").write_bytes(b"II*\x00 no raster")
    for name, said in (("a.tif", "not a complete raster"), ("b.tif", "missing")):
        with pytest.raises(InputError, match=said):
            read_elevation(tmp_path / name, name)


def test_too_large(tmp_path):
    path = tmp_path / "large.tif"
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=30_000,
        width=30_000,
        count=1,
        dtype="uint8",
        crs="EPSG:4326",
        transform=PLACE,
        sparse_ok=True,
        tiled=True,
    ):
        pass
    with pytest.raises(InputError, match="too large"):
        read_elevation(path, "large.tif")
