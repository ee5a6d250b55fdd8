"""Ways on foot where no road is mapped: the least-cost way over a grid of cells to the road that is soonest reached.

The grid has cells of 60 m, laid from the origin of the county's projection, so that a way does not depend on who else asks. A move leads
to one of 16 neighbours, which makes a way at most 2.8 % longer than a free one on even ground. Every move is walked at Tobler's speed on
its own slope, off the road; moves over water do not exist, and neither do cells without height where there is a grid of heights. The child
goes and returns the same way: the one that takes least for both together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely
from scipy.ndimage import binary_dilation
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from layout_planner.travel.ground import Ground

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Ints = NDArray[np.int64]

CELL_M = 60.0
MOVES = ((1, 0), (0, 1), (1, 1), (-1, 1), (2, 1), (1, 2), (-1, 2), (-2, 1))  # east, north; the opposite ones follow
FIRST_M = 600.0  # half the side of the first window that is searched
NEAR_ROAD_M = 90.0  # a way leaves the grid for a road at most this far from a cell's centre
SAMPLE_M = 30.0


class Leg(NamedTuple):
    """A way from a place to a road: row of the edge, metres along it, metres of the way, seconds there and back, its line."""

    edge: int
    at: float
    metres: float
    there_s: float
    back_s: float
    line: shapely.LineString


@dataclass(frozen=True)
class Roads:
    """The edges that a walk may end on: rows, lines and names of the ways, and a tree of the lines."""

    rows: Ints
    lines: NDArray[np.object_]
    ways: NDArray[np.str_]
    tree: shapely.STRtree

    @classmethod
    def of(cls, edges: gpd.GeoDataFrame, allowed: Flags) -> Roads:
        """Return the `allowed` ones of `edges`."""
        rows = np.flatnonzero(allowed)
        lines = edges.geometry.to_numpy()[rows]
        return cls(rows, lines, edges["way"].to_numpy()[rows].astype(str), shapely.STRtree(lines))


@dataclass(frozen=True)
class _Window:
    """A square of the grid: the cell in its south-west corner (east, north) and cells a side."""

    west: int
    south: int
    side: int

    @classmethod
    def around(cls, place: Floats, half_m: float) -> _Window:
        west, south = (int(edge) for edge in np.floor((place - half_m) / CELL_M))
        return cls(west, south, int(np.ceil(2 * half_m / CELL_M)) + 1)

    def centres(self, cells: Ints) -> Floats:
        north, east = np.divmod(cells, self.side)
        return np.asarray((np.column_stack([east + self.west, north + self.south]) + 0.5) * CELL_M)

    def cells_at(self, xy: Floats) -> Ints:
        """Return the cells that hold the points; points outside are left out."""
        east, north = (np.floor(xy / CELL_M).astype(np.int64) - (self.west, self.south)).T
        inside = (east >= 0) & (north >= 0) & (east < self.side) & (north < self.side)
        return np.asarray(north[inside] * self.side + east[inside])

    def mark(self, lines: NDArray[np.object_], wider: int) -> Flags:
        """Return the cells within `wider` cells of the lines; shape (cells,)."""
        marked = np.zeros((self.side, self.side), dtype=bool)
        if len(lines):
            marked.ravel()[self.cells_at(shapely.get_coordinates(shapely.segmentize(lines, SAMPLE_M)))] = True
            marked = binary_dilation(marked, np.ones((3, 3)), iterations=wider)
        return marked.ravel()


def walk_to_road(place: Floats, roads: Roads, ground: Ground, away_m: float) -> Leg | None:
    """Return the way from `place` (x, y) to the road that is soonest reached and left again; None where none is within reach.

    Parameters
    ----------
    away_m : metres straight to the nearest of the roads, to begin with a window of fair size.
    """
    per_metre = _per_metre(ground)
    half = max(FIRST_M, 1.5 * away_m)
    while True:
        half = min(half, ground.reach_m)
        found = _search(place, roads, ground, half, most_s=half * per_metre)[:1]  # a way that leaves the window takes longer than this
        if found or half >= ground.reach_m:
            return found[0] if found else None
        half *= 2


def walk_to_roads(place: Floats, roads: Roads, ground: Ground, within_m: float) -> list[Leg]:
    """Return the way from `place` (x, y) to every road that is reached and left again as soon as `within_m` there and back on flat ground.

    Which ways there are to one road does not depend on what other roads there are, but for the water that they bridge.
    """
    return _search(place, roads, ground, within_m, most_s=within_m * _per_metre(ground), every=True)


def _per_metre(ground: Ground) -> float:
    """Return seconds a metre there and back on flat ground; no slope makes both together quicker."""
    return 2 / (ground.walker.flat * ground.walker.off_road_factor)


def _search(place: Floats, roads: Roads, ground: Ground, half_m: float, most_s: float, *, every: bool = False) -> list[Leg]:
    """Return the way to the road that is soonest reached and left, or to `every` road; roads outside the square are not looked at."""
    near = np.sort(roads.tree.query(shapely.box(*(place - half_m), *(place + half_m))))
    if not len(near):
        return []
    window = _Window.around(place, half_m)
    start = window.side**2
    heights = ground.heights(window.centres(np.arange(start)))
    costs = _cost_moves(window, heights, place, ground)
    seconds, before = dijkstra(costs, indices=start, limit=most_s, return_predecessors=True)
    cells = np.flatnonzero(window.mark(roads.lines[near], 2) & np.isfinite(seconds[:-1]))
    cell, road, joint, total = _find_joints(cells, window.centres(cells), heights[cells], seconds[cells], roads, ground)
    fits = np.flatnonzero(total <= most_s)
    fits = fits[np.lexsort((roads.ways[road[fits]], *joint[fits].round(6).T, total[fits].round(6)))]
    chosen = fits[np.sort(np.unique(road[fits], return_index=True)[1])] if every else fits[:1]
    legs = []
    for best in chosen:
        chain = [int(cell[best])]
        while before[chain[-1]] != start:
            chain.append(int(before[chain[-1]]))
        legs.append(_tell(np.vstack([place, window.centres(np.array(chain[::-1])), joint[best]]), roads, int(road[best]), ground))
    return legs


def _cost_moves(window: _Window, heights: Floats, place: Floats, ground: Ground) -> csr_array:
    """Return seconds there and back of every move; the last node is the place, from which the 16 cells round it can be reached."""
    cells = np.arange(window.side**2).reshape(window.side, window.side)
    low = np.array([window.west, window.south]) * CELL_M
    lines = ground.water.geometries[ground.water.query(shapely.box(*low, *(low + window.side * CELL_M)))]
    wet = window.mark(lines, 1).reshape(cells.shape)
    moves = []
    for east, north in MOVES:
        low_east, rows, columns = max(0, -east), window.side - north, window.side - abs(east)
        tail = cells[:rows, low_east : low_east + columns].ravel()
        head = tail + north * window.side + east
        known = np.isfinite(heights[tail]) & np.isfinite(heights[head])
        passed = [wet[up : up + rows, right : right + columns].ravel() for up in range(north + 1) for right in range(abs(east) + 1)]
        doubtful = np.flatnonzero(known & np.logical_or.reduce(passed))
        known[doubtful] = ~ground.blocked(window.centres(tail[doubtful]), window.centres(head[doubtful]))
        tail, head = tail[known], head[known]
        cost = np.add(*ground.seconds(np.full(len(tail), CELL_M * np.hypot(east, north)), heights[head] - heights[tail]))
        moves += [(tail, head, cost), (head, tail, cost)]
    corner = np.floor(place / CELL_M - 0.5) - 1
    around = window.cells_at((corner + 0.5 + np.stack(np.meshgrid(np.arange(4), np.arange(4)), axis=-1).reshape(-1, 2)) * CELL_M)
    around = around[np.isfinite(heights[around])]
    around = around[~ground.blocked(np.broadcast_to(place, (len(around), 2)), window.centres(around))]
    rise = heights[around] - ground.heights(place[None, :])
    cost = np.add(*ground.seconds(np.hypot(*(window.centres(around) - place).T), rise))
    moves.append((np.full(len(around), cells.size), around, cost))
    tails, heads, costs = (np.concatenate(part) for part in zip(*moves, strict=True))
    return coo_array((costs, (tails, heads)), shape=(cells.size + 1, cells.size + 1)).tocsr()


def _find_joints(
    cells: Ints, centres: Floats, heights: Floats, seconds: Floats, roads: Roads, ground: Ground
) -> tuple[Ints, Ints, Floats, Floats]:
    """Return every way from a cell straight to a road within 90 m: cell, road, its nearest point, and seconds there and back in all."""
    points = shapely.points(centres)
    place, road = roads.tree.query(points, predicate="dwithin", distance=NEAR_ROAD_M)
    along = shapely.line_locate_point(roads.lines[road], points[place])
    joint = shapely.get_coordinates(shapely.line_interpolate_point(roads.lines[road], along)).reshape(-1, 2)
    last = np.add(*ground.seconds(np.hypot(*(joint - centres[place]).T), ground.heights(joint) - heights[place]))
    wet = ground.leg_blocked(centres[place], joint)
    return cells[place], road, joint, np.where(wet, np.inf, seconds[place] + last)


def _tell(xy: Floats, roads: Roads, road: int, ground: Ground) -> Leg:
    """Return the way through the points `xy`, or the straight one to its end where that is free of water, known and quicker."""
    straight = ground.straight(xy[0], xy[-1])
    metres, there, back = ground.along(xy)
    if np.isfinite(ground.heights(straight)).all() and not ground.leg_blocked(xy[:1], xy[-1:])[0]:
        others = ground.along(straight)
        if others[1] + others[2] < there + back:
            xy, (metres, there, back) = straight[[0, -1]], others
    at = float(shapely.line_locate_point(roads.lines[road], shapely.Point(xy[-1])))
    return Leg(int(roads.rows[road]), at, metres, there, back, shapely.LineString(xy))
