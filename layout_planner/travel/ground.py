"""What a walker meets off the roads: slopes, and water that only a bridge crosses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from layout_planner.travel.terrain import PIECE_M, Walker, heights_at

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from layout_planner.county.model import Elevation

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

BRIDGE_M = 60.0  # water is open this far round a point where a walkable road crosses it
SHORT_OF_M = 0.5  # a leg may end on the bank


@dataclass(frozen=True)
class Ground:
    """Open country: the walker, the heights (None = flat), the water as short segments in a tree, and how far a walk may go.

    reach_m  metres; no walk takes longer than this far and back on flat open ground
    """

    walker: Walker
    elevation: Elevation | None
    crs: str
    water: shapely.STRtree
    reach_m: float

    def blocked(self, starts: Floats, ends: Floats) -> Flags:
        """Return which of the straight lines from `starts` to `ends`, both of shape (n, 2), meet water."""
        meets = np.zeros(len(starts), dtype=bool)
        if len(starts) and len(self.water.geometries):
            lines = shapely.linestrings(np.stack([starts, ends], axis=1))
            meets[np.unique(self.water.query(lines, predicate="intersects")[0])] = True
        return meets

    def leg_blocked(self, starts: Floats, ends: Floats) -> Flags:
        """Return which straight legs from `starts` to roads at `ends` meet water; a road on the bank itself is reached dry."""
        gap = ends - starts
        metres = np.hypot(*gap.T)
        return self.blocked(starts, starts + gap * np.clip(1 - SHORT_OF_M / np.maximum(metres, SHORT_OF_M), 0, 1)[:, None])

    def heights(self, xy: Floats) -> Floats:
        """Return heights at points of shape (n, 2): NaN where unknown, 0 everywhere without a grid."""
        return np.zeros(len(xy)) if self.elevation is None else heights_at(self.elevation, xy, self.crs)

    def seconds(self, metres: Floats, rise: Floats) -> tuple[Floats, Floats]:
        """Return seconds across country over pieces of `metres` that rise by `rise`, and back; an unknown rise counts as flat."""
        slope = np.divide(rise, metres, out=np.zeros_like(metres), where=metres > 0)
        pace = self.walker.off_road_factor
        return metres / (self.walker.speed(slope) * pace), metres / (self.walker.speed(-slope) * pace)

    def along(self, xy: Floats) -> tuple[float, float, float]:
        """Return metres of the way through the points `xy`, seconds along it, and seconds back."""
        metres = np.hypot(*np.diff(xy, axis=0).T)
        there, back = self.seconds(metres, np.diff(self.heights(xy)))
        return float(metres.sum()), float(there.sum()), float(back.sum())

    def straight(self, start: Floats, end: Floats) -> Floats:
        """Return the points of the straight way in equal pieces of at most 60 m."""
        pieces = max(1, int(np.ceil(np.hypot(*(end - start)) / PIECE_M)))
        return start + np.linspace(0.0, 1.0, pieces + 1)[:, None] * (end - start)


def lay_ground(
    edges: gpd.GeoDataFrame, water: gpd.GeoDataFrame | None, walker: Walker, elevation: Elevation | None, reach_m: float
) -> Ground:
    """Return the open country between `edges`; where a walkable one crosses the water, the water is open for a bridge's width."""
    lines = np.array([], dtype=object) if water is None else water.geometry.to_numpy()
    return Ground(walker, elevation, str(edges.crs), shapely.STRtree(_segments(_open_at_bridges(lines, edges))), reach_m)


def _open_at_bridges(water: NDArray[np.object_], edges: gpd.GeoDataFrame) -> NDArray[np.object_]:
    if not len(water):
        return water
    roads = edges.geometry.to_numpy()[edges["walk"].to_numpy(dtype=bool) & (edges["road_class"] != "ferry").to_numpy()]
    road, line = shapely.STRtree(water).query(roads, predicate="intersects")
    gaps = shapely.buffer(shapely.intersection(roads[road], water[line]), BRIDGE_M)
    opened = water.copy()
    for row in np.unique(line):
        opened[row] = shapely.difference(water[row], shapely.union_all(gaps[line == row]))
    return opened


def _segments(lines: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return the lines as stretches between neighbouring vertices."""
    parts = shapely.get_parts(lines)
    xy, of = shapely.get_coordinates(parts, return_index=True)
    inner = np.flatnonzero(of[1:] == of[:-1])
    return np.asarray(shapely.linestrings(np.stack([xy[inner], xy[inner + 1]], axis=1)), dtype=object)
