"""The land of a fictitious province: counties side by side, and the points where roads cross from one into the next."""

# ruff: noqa: PLR2004  a province is invented by such numbers; each is used once and says what it is where it stands
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

EPSG = 32648
ORIGIN = (500_000.0, 2_950_000.0)  # middle of the province, metres
COLUMNS = 8
LAND, GATES = 11, 12  # own generators, so that no part of the province depends on how much another part drew


@dataclass(frozen=True)
class Cell:
    """One county's land: its polygon in metres, and the points on its border where roads cross, by the number of the neighbour."""

    number: int
    outline: shapely.Polygon
    gates: dict[int, Floats]


def make_land(seed: int, count: int, side_m: float) -> list[Cell]:
    """Return `count` counties about `side_m` across; a border is the same line, and a crossing the same point, on both sides."""
    columns = min(COLUMNS, int(np.ceil(np.sqrt(count))))
    rng = np.random.Generator(np.random.PCG64([seed, LAND]))
    row, column = np.divmod(np.arange(count), columns)
    centre = np.column_stack([column + 0.5 * (row % 2), row]) * side_m
    centre = centre - centre.mean(axis=0) + np.array(ORIGIN) + rng.uniform(-0.16, 0.16, (count, 2)) * side_m
    cells = _outline(centre, side_m)
    gates: list[dict[int, Floats]] = [{} for _ in range(count)]
    for a, b in _neighbours(cells):
        spots = _cross(seed, a, b, cells)
        gates[a][b] = gates[b][a] = spots
    return [Cell(number, outline, gates[number]) for number, outline in enumerate(cells)]


def _outline(centre: Floats, side_m: float) -> list[shapely.Polygon]:
    """Return the part of the province that is nearest to each centre, in whole metres, so that neighbours share every corner."""
    hull = shapely.MultiPoint(centre).buffer(0.62 * side_m, cap_style="square").envelope
    parts = list(shapely.voronoi_polygons(shapely.MultiPoint(centre), extend_to=hull).geoms)
    tree = shapely.STRtree(parts)
    owner = [int(tree.query(shapely.Point(spot), predicate="intersects")[0]) for spot in centre]
    reach = [shapely.Point(spot).buffer(0.8 * side_m, quad_segs=4) for spot in centre]  # the province ends a little beyond its towns
    return [
        shapely.set_precision(shapely.intersection(parts[part], shapely.intersection(around, hull)), 1.0)
        for part, around in zip(owner, reach, strict=True)
    ]


def _neighbours(cells: list[shapely.Polygon]) -> list[tuple[int, int]]:
    tree = shapely.STRtree(cells)
    left, right = tree.query(cells, predicate="intersects")
    return sorted((int(a), int(b)) for a, b in zip(left, right, strict=True) if a < b)


def _cross(seed: int, a: int, b: int, cells: list[shapely.Polygon]) -> Floats:
    """Return the points where roads cross between two counties: about one in ten kilometres of border."""
    shared = shapely.line_merge(shapely.intersection(cells[a].boundary, cells[b].boundary))
    lines = [line for line in shapely.get_parts(shared) if line.geom_type == "LineString"]
    line = max(lines, key=lambda part: part.length, default=shapely.LineString())
    if line.length < 4_000:
        return np.empty((0, 2))
    rng = np.random.Generator(np.random.PCG64([seed, GATES, a, b]))
    count = max(1, round(line.length / 10_000))
    share = (np.arange(count) + rng.uniform(0.25, 0.75, count)) / count
    return np.asarray(shapely.get_coordinates(shapely.line_interpolate_point(line, share, normalized=True)))
