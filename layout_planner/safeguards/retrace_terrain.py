"""Ways over open country measured a second time, with nothing of `travel`: own water, own grid, own choice of the joint.

What both must keep to is the model of docs/architecture.md ("Off the roads"): cells of 60 m from the origin of the projection, 16
neighbours, Tobler's pace on every move, the way that is quickest there and back together.
"""

from __future__ import annotations

from itertools import product
from math import gcd
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely
from pyproj import Transformer
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd
    from numpy.typing import NDArray
    from shapely import Point

    from layout_planner.county.model import Elevation

    Floats = NDArray[np.float64]

CELL = 60.0
ROAD_WITHIN = 90.0
OPEN_AT_BRIDGE = 60.0
BANK = 0.5
PIECE = 60.0
STEPS = [(dx, dy) for dx, dy in product(range(-2, 3), range(3)) if gcd(dx, dy) == 1 and (dy, dx) > (0, 0)]


class Trek(NamedTuple):
    """A way to a road: position of the edge, metres along it, metres of the way, seconds there and back, and its points."""

    edge: int
    along_m: float
    metres: float
    there_s: float
    back_s: float
    path: Floats


class Country:
    """Open country. `pace(slopes)` gives off-road metres a second, `height(points)` metres with NaN for unknown; None = flat."""

    def __init__(
        self,
        water: gpd.GeoDataFrame | None,
        bridging: NDArray[np.object_],
        pace: Callable[[Floats], Floats],
        height: Callable[[Floats], Floats] | None,
        reach_m: float,
    ) -> None:
        self.pace, self.reach_m = pace, reach_m
        self.height = height or (lambda points: np.zeros(len(points)))
        self.water = [] if water is None else [_spare_bridges(line, bridging) for line in water.geometry]
        self._near = shapely.STRtree(self.water)

    def is_wet(self, start: Floats, end: Floats) -> bool:
        """Tell whether the straight leg from `start` to a road at `end` meets water before the road's own bank."""
        metres = float(np.hypot(*(end - start)))
        if metres <= BANK:
            return False
        leg = shapely.LineString([start, start + (end - start) * (1 - BANK / metres)])
        return len(self._near.query(leg, predicate="intersects")) > 0

    def trek(self, place: Point, lines: NDArray[np.object_], allowed: NDArray[np.bool_], off_m: float) -> Trek | None:
        """Return the way from `place` to the road of `allowed` ones that is soonest reached and left again; None beyond the reach."""
        for half in (min(2.2 * off_m + 900.0, self.reach_m), self.reach_m):
            found = self._look(place, lines, allowed, half)
            if found:
                return self._measure(*min(found.values(), key=itemgetter(0, 2))[1:], lines)
        return None

    def treks(self, place: Point, lines: NDArray[np.object_], allowed: NDArray[np.bool_], most_m: float) -> list[Trek]:
        """Return the way from `place` to every road of `allowed` ones that takes, there and back, no longer than `most_m` on flat land."""
        return [self._measure(*found[1:], lines) for found in self._look(place, lines, allowed, min(most_m, self.reach_m)).values()]

    def _look(
        self, place: Point, lines: NDArray[np.object_], allowed: NDArray[np.bool_], half: float
    ) -> dict[int, tuple[tuple[float, float, float], Floats, int]]:
        """Return by road what decides between the ways to it (seconds there and back, y, x of the joint), their points, the road."""
        home, most_s = np.array([place.x, place.y]), half * 2.0 / float(self.pace(np.zeros(1))[0])
        rows = np.flatnonzero(allowed)
        rows = rows[shapely.intersects(lines[rows], shapely.box(*(home - half), *(home + half)))]
        if not len(rows):
            return {}
        low = np.floor((home - half) / CELL).astype(int)
        count = int(2 * half // CELL) + 2
        x, y = np.meshgrid((low[0] + np.arange(count) + 0.5) * CELL, (low[1] + np.arange(count) + 0.5) * CELL, indexing="ij")
        centres = np.column_stack([x.ravel(), y.ravel()])
        height = self.height(centres)
        graph = self._moves(centres, height, count, home)
        seconds, parent = dijkstra(graph, directed=False, indices=len(centres), limit=most_s, return_predecessors=True)
        reached = np.flatnonzero(np.isfinite(seconds[:-1]))
        cells, near = shapely.STRtree(lines[rows]).query(shapely.points(centres[reached]), predicate="dwithin", distance=ROAD_WITHIN)
        cells, near = reached[cells], rows[near]
        last = shapely.get_coordinates(shapely.shortest_line(shapely.points(centres[cells]), lines[near])).reshape(-1, 2, 2)[:, 1]
        total = seconds[cells] + self._both(np.hypot(*(last - centres[cells]).T), self.height(last) - height[cells])
        best: dict[int, tuple[tuple[float, float, float], int, Floats]] = {}
        for i in np.argsort(total, kind="stable"):
            if not total[i] <= most_s:
                break
            key = (round(float(total[i]), 6), round(float(last[i, 1]), 6), round(float(last[i, 0]), 6))
            told = best.get(int(near[i]))
            if (told is None or key < told[0]) and not self.is_wet(centres[cells[i]], last[i]):
                best[int(near[i])] = key, int(cells[i]), last[i]
        ways = {}
        for road, (key, cell, joint) in best.items():
            chain = [cell]
            while parent[chain[-1]] != len(centres):
                chain.append(int(parent[chain[-1]]))
            ways[road] = key, np.vstack([home, centres[chain[::-1]], joint]), road
        return ways

    def _both(self, metres: Floats, rise: Floats) -> Floats:
        """Seconds there and back; an unknown rise counts as flat."""
        slope = np.nan_to_num(rise / np.maximum(metres, 1e-9))
        return np.asarray(metres / self.pace(slope) + metres / self.pace(-slope))

    def _moves(self, centres: Floats, height: Floats, count: int, home: Floats) -> csr_matrix:
        """Return seconds there and back between neighbours; the last node is the home, with an edge to the 16 cells about it."""
        wet_cells = np.zeros(len(centres), dtype=bool)
        about = shapely.box(*(centres[0] - CELL), *(centres[-1] + CELL))
        water = shapely.intersection([self.water[i] for i in self._near.query(about)], about)
        if len(water):
            wet_cells[np.unique(shapely.STRtree(shapely.points(centres)).query(water, predicate="dwithin", distance=3 * CELL)[1])] = True
        number = np.arange(count * count).reshape(count, count)
        starts, ends = [], []
        for dx, dy in STEPS:
            a = number[max(0, -dx) : count - max(0, dx), : count - dy]
            starts.append(a.ravel())
            ends.append((a + dx * count + dy).ravel())
        first = np.floor((home - CELL / 2) / CELL).astype(int) - 1
        low = np.floor(centres[0] / CELL).astype(int)
        around = [(i, j) for i, j in product(range(first[0], first[0] + 4), range(first[1], first[1] + 4))]
        own = [(i - low[0]) * count + j - low[1] for i, j in around if 0 <= i - low[0] < count and 0 <= j - low[1] < count]
        starts.append(np.array(own))
        ends.append(np.full(len(own), len(centres)))
        points, heights = np.vstack([centres, home]), np.append(height, self.height(home[None, :]))
        start, end = np.concatenate(starts), np.concatenate(ends)
        free = np.isfinite(heights[start]) & (np.isfinite(heights[end]) | (end == len(centres)))
        start, end = start[free], end[free]
        doubtful = np.flatnonzero(wet_cells[start] & np.append(wet_cells, [True])[end])
        if len(water) and len(doubtful):
            legs = shapely.linestrings(np.stack([points[start[doubtful]], points[end[doubtful]]], axis=1))
            cut = np.unique(shapely.STRtree(legs).query(water, predicate="intersects")[1])
            start, end = np.delete(start, doubtful[cut]), np.delete(end, doubtful[cut])
        cost = self._both(np.hypot(*(points[end] - points[start]).T), heights[end] - heights[start])
        return csr_matrix((np.maximum(cost, 1e-12), (start, end)), shape=(len(points), len(points)))

    def _measure(self, points: Floats, edge: int, lines: NDArray[np.object_]) -> Trek:
        """Return metres and seconds along `points`, or straight to their end where that is dry, known and quicker."""
        span = float(np.hypot(*(points[-1] - points[0])))
        share = np.linspace(0.0, 1.0, max(1, int(np.ceil(span / PIECE))) + 1)[:, None]
        straight = (1 - share) * points[0] + share * points[-1]
        ways = [points]
        if np.isfinite(self.height(straight)).all() and not self.is_wet(points[0], points[-1]):
            ways.append(straight)
        measured = []
        for way in ways:
            metres = np.hypot(*np.diff(way, axis=0).T)
            slope = np.nan_to_num(np.diff(self.height(way)) / np.maximum(metres, 1e-9))
            there, back = (float((metres / self.pace(s)).sum()) for s in (slope, -slope))
            measured.append((float(metres.sum()), there, back, way))
        metres, there, back, way = min(measured, key=lambda told: told[1] + told[2])
        return Trek(edge, float(shapely.line_locate_point(lines[edge], shapely.Point(points[-1]))), metres, there, back, way)


def _spare_bridges(line: shapely.LineString, roads: NDArray[np.object_]) -> shapely.Geometry:
    """Return the water line without what lies within 60 m of where a road crosses it."""
    crossing = roads[shapely.intersects(roads, line)] if len(roads) else roads
    return shapely.difference(
        line, shapely.unary_union([shapely.buffer(shapely.intersection(road, line), OPEN_AT_BRIDGE) for road in crossing])
    )


def sample_heights(grid: Elevation, points: Floats, crs: str) -> Floats:
    """Return heights in metres at `points`, bilinear between cell centres; an unknown corner takes the mean of the known ones."""
    x, y = Transformer.from_crs(crs, grid.crs, always_xy=True).transform(points[:, 0], points[:, 1])
    back = ~grid.transform
    column, row = back.a * x + back.b * y + back.c, back.d * x + back.e * y + back.f
    rows, columns = grid.heights.shape
    outside = ~((column >= 0) & (row >= 0) & (column <= columns) & (row <= rows))
    column, row = (np.clip(np.where(outside, 0.0, at) - 0.5, 0, most - 1) for at, most in ((column, columns), (row, rows)))
    left, top = column.astype(int), row.astype(int)
    right, below = np.minimum(left + 1, columns - 1), np.minimum(top + 1, rows - 1)
    corners = [grid.heights[r, c].astype(float) for r, c in ((top, left), (top, right), (below, left), (below, right))]
    known = sum(np.isfinite(corner).astype(float) for corner in corners)
    mean = sum(np.nan_to_num(corner, nan=0.0) for corner in corners) / np.maximum(known, 1)
    a, b, c, d = (np.where(np.isfinite(corner), corner, mean) for corner in corners)
    across, down = column - left, row - top
    height = (a * (1 - across) + b * across) * (1 - down) + (c * (1 - across) + d * across) * down
    return np.where(outside | (known == 0), np.nan, height)
