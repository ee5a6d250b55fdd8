"""How a place reaches the roads: straight across to the nearest, or over the terrain where the straight leg would be long or wet."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
import shapely

from layout_planner.travel.network import Spots, join_places
from layout_planner.travel.terrain import walk_straight
from layout_planner.travel.terrain_walk import Roads, walk_to_road

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from layout_planner.travel.ground import Ground

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

STRAIGHT_M = 500.0  # where heights are known, a longer leg is searched over the terrain


@dataclass(frozen=True)
class Access(Spots):
    """Where places join the roads and how they get there; arrays of shape (places,).

    distance      metres of the leg; where there is none, metres straight to the nearest road
    there_s       adult seconds from the place to its joint, `inf` where no leg leads there
    back_s        adult seconds from the joint to the place
    over_terrain  True where the leg is a search over the terrain, not a straight line
    line          the leg as LineString in metres; None where there is none
    """

    there_s: Floats
    back_s: Floats
    over_terrain: Flags
    line: NDArray[np.object_]

    @property
    def leg(self) -> tuple[Floats, Floats]:
        """Seconds there and back."""
        return self.there_s, self.back_s

    @property
    def lost(self) -> Flags:
        """True where no leg leads to a road."""
        return ~np.isfinite(self.there_s)


def reach_roads(
    points: NDArray[np.object_],
    edges: gpd.GeoDataFrame,
    allowed: Flags,
    ground: Ground,
    *,
    most_m: float,
    straight_m: float,
    walkers: Access | None = None,
) -> Access:
    """Return how the places at `points` reach the `allowed` edges.

    Parameters
    ----------
    most_m : a straight leg is at most as long as this.
    straight_m : a longer leg is searched over the terrain where there are heights; the straight one stays where that finds nothing.
    walkers : how the places reach the walkable roads. One that walks over the terrain to an allowed edge joins there; for others that walk
        over the terrain there is no straight leg either.

    A leg that meets water is searched too, and there is none where the search finds no way round.
    """
    spots = join_places(points, edges, allowed)
    there, back = _walk_straight(points, spots, edges, ground)
    line = np.full(len(points), None, dtype=object)
    found = np.flatnonzero(spots.edge >= 0)
    starts, ends = shapely.get_coordinates(points[found]).reshape(-1, 2), _joints(spots, edges)[found]
    line[found] = shapely.linestrings(np.stack([starts, ends], axis=1))
    wet = np.zeros(len(points), dtype=bool)
    wet[found] = ground.leg_blocked(starts, ends)
    wrong = wet | ~(spots.distance <= most_m)
    doubtful = wet.copy()
    if ground.elevation is not None:
        doubtful = doubtful | (spots.distance > min(straight_m, most_m))
    access = Access(spots.edge, spots.at, spots.distance, there, back, np.zeros(len(points), dtype=bool), line)
    if walkers is not None:
        joined = walkers.over_terrain & allowed[walkers.edge]
        for field in fields(Access):
            getattr(access, field.name)[joined] = getattr(walkers, field.name)[joined]
        same = join_places(shapely.points(_joints(walkers, edges)[joined]), edges, allowed)  # of roads drawn twice all take the same
        access.edge[joined], access.at[joined] = same.edge, same.at
        wrong, doubtful = (wrong | walkers.over_terrain) & ~joined, (doubtful | walkers.over_terrain) & ~joined
    there[wrong], back[wrong], line[wrong] = np.inf, np.inf, None
    return _search(access, np.flatnonzero(doubtful & (spots.distance <= ground.reach_m)), points, Roads.of(edges, allowed), ground)


def _search(access: Access, rows: NDArray[np.int64], points: NDArray[np.object_], roads: Roads, ground: Ground) -> Access:
    """Put the ways over the terrain that exist in place of the straight legs of `rows`."""
    for row in rows:
        leg = walk_to_road(shapely.get_coordinates(points[row])[0], roads, ground, float(access.distance[row]))
        if leg is not None:
            access.edge[row], access.at[row], access.distance[row] = leg.edge, leg.at, leg.metres
            access.there_s[row], access.back_s[row], access.line[row] = leg.there_s, leg.back_s, leg.line
            access.over_terrain[row] = True
    return access


def _joints(spots: Spots, edges: gpd.GeoDataFrame) -> Floats:
    lines = edges.geometry.to_numpy()[np.maximum(spots.edge, 0)]
    return shapely.get_coordinates(shapely.line_interpolate_point(lines, spots.at)).reshape(-1, 2)


def _walk_straight(points: NDArray[np.object_], spots: Spots, edges: gpd.GeoDataFrame, ground: Ground) -> tuple[Floats, Floats]:
    """Return seconds straight from every place to its road, and back; `inf` where it has none."""
    rise = np.zeros(len(points))
    joined = spots.edge >= 0
    if ground.elevation is not None and joined.any():
        rise[joined] = ground.heights(_joints(spots, edges)[joined]) - ground.heights(shapely.get_coordinates(points[joined]))
    return walk_straight(spots.distance, rise, ground.walker)
