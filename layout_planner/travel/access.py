"""How a place reaches the roads: straight across to every road that is near; else over open country to one further away."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from layout_planner.travel.joints import Offers
from layout_planner.travel.network import SAME_POINT_M, Spots, join_places
from layout_planner.travel.terrain import walk_straight
from layout_planner.travel.terrain_walk import Roads, walk_to_road

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd
    from numpy.typing import NDArray

    from layout_planner.travel.ground import Ground

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Ints = NDArray[np.int64]
    Lines = NDArray[np.object_]
    Choose = Callable[[Offers], Flags]

NEAR_M = 500.0  # a place joins every road within this; where heights are known, a longer leg is searched over the terrain


@dataclass(frozen=True)
class Access(Spots):
    """Where places join the roads and how they get there: one row a joint, sorted by place, the soonest reached first.

    distance      metres of the leg
    place         position of the place
    there_s       adult seconds from the place to its joint; `inf` to a stop that can only be reached by road
    back_s        adult seconds from the joint to the place
    over_terrain  True where the leg is a search over the terrain, not a straight line
    line          the leg as LineString in metres
    nearest_m     metres straight to the nearest road; shape (places,)
    """

    place: Ints
    there_s: Floats
    back_s: Floats
    over_terrain: Flags
    line: Lines
    nearest_m: Floats

    @property
    def first(self) -> Ints:
        """The row of the joint that is soonest reached, -1 for places without any; shape (places,)."""
        rows = np.full(len(self.nearest_m), -1, dtype=np.int64)
        rows[self.place[::-1]] = np.arange(len(self.place))[::-1]
        return rows

    @property
    def lost(self) -> Flags:
        """True where no leg leads to a road; shape (places,)."""
        return self.first < 0

    @property
    def metres(self) -> Floats:
        """Metres of the leg that is soonest walked; without any, metres straight to the nearest road; shape (places,)."""
        return self._of_places(self.distance, self.nearest_m)

    @property
    def searched(self) -> Flags:
        """True where the leg that is soonest walked is a search over the terrain; shape (places,)."""
        return self._of_places(self.over_terrain, np.zeros(len(self.nearest_m), dtype=bool))

    def only(self, rows: Flags | Ints) -> Access:
        """Return the access with the joints `rows` alone, in their order."""
        kept = {f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name != "nearest_m"}
        return replace(self, **kept)

    def _of_places(self, values: NDArray[Any], otherwise: NDArray[Any]) -> NDArray[Any]:
        if not len(values):
            return otherwise
        return np.where(self.lost, otherwise, values[self.first])


class Land(NamedTuple):
    """Roads, those that may be joined, and the open country between them."""

    edges: gpd.GeoDataFrame
    allowed: Flags
    ground: Ground


def reach_roads(
    points: Lines,
    land: Land,
    *,
    most_m: float,
    straight_m: float,
    choose: Choose,
    walkers: Access | None = None,
) -> Access:
    """Return how the places at `points` reach the roads of `land`.

    A place joins every edge within 500 m to which a straight leg leads over dry ground. One without any joins the nearest edge, however
    far, or walks over the terrain.

    Parameters
    ----------
    most_m : a straight leg is at most as long as this.
    straight_m : a longer leg is searched over the terrain where there are heights; the straight one stays where that finds nothing.
    choose : which joints are of any use.
    walkers : how the places reach the walkable roads. One that walks over the terrain to an allowed edge joins there; for others that walk
        over the terrain there is no straight leg either.
    """
    edges, allowed, ground = land
    nearest = join_places(points, edges, allowed)
    near = _offer_near(points, edges, allowed, ground, min(NEAR_M, most_m))
    near = near.only(choose(near))
    far = np.setdiff1d(np.flatnonzero(nearest.edge >= 0), near.place)
    parts = [_walk_near(near, points, edges, nearest.distance)]
    if len(far):
        own = None if walkers is None else _firsts(walkers, far)
        spots = Spots(nearest.edge[far], nearest.at[far], nearest.distance[far])
        parts.append(_reach_far(points[far], far, spots, land, (most_m, straight_m), own))
    names = [field.name for field in fields(Access) if field.name != "nearest_m"]
    whole = Access(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names}, nearest_m=nearest.distance)
    joint = _joints(whole, edges).round(6)
    ways = edges["way"].to_numpy()[whole.edge].astype(str)
    return whole.only(np.lexsort([ways, joint[:, 0], joint[:, 1], (whole.there_s + whole.back_s).round(6), whole.place]))


def _offer_near(points: Lines, edges: gpd.GeoDataFrame, allowed: Flags, ground: Ground, within_m: float) -> Offers:
    """Return the nearest point of every allowed edge within `within_m` of a place to which a straight leg leads over dry ground."""
    chosen, lines = np.flatnonzero(allowed), edges.geometry.to_numpy()
    place, near = shapely.STRtree(lines[chosen]).query(points, predicate="dwithin", distance=within_m)
    order = np.lexsort([near, place])
    place, edge = place[order].astype(np.int64), chosen[near[order]]
    at = shapely.line_locate_point(lines[edge], points[place])
    joint = shapely.get_coordinates(shapely.line_interpolate_point(lines[edge], at)).reshape(-1, 2)
    home = shapely.get_coordinates(points[place]).reshape(-1, 2)
    rise = ground.heights(joint) - ground.heights(home)
    distance = np.hypot(*(joint - home).T)
    there, back = walk_straight(distance, rise, ground.walker)
    return _merge_corners(Offers(edge, at, distance, place, there, back).only(~ground.leg_blocked(home, joint)), edges)


def _merge_corners(offers: Offers, edges: gpd.GeoDataFrame) -> Offers:
    """Return the offers with one for every corner of roads, however many edges meet there."""
    length = shapely.length(edges.geometry.to_numpy())[offers.edge]
    tail, head = (edges[column].to_numpy(dtype=np.int64)[offers.edge] for column in ("from_node", "to_node"))
    node = np.where(offers.at >= length - SAME_POINT_M, head, -1 - offers.edge)
    node = np.where(offers.at <= SAME_POINT_M, tail, node)
    ways = edges["way"].to_numpy()[offers.edge].astype(str)
    order = np.lexsort([ways, node, offers.place])
    new = (np.diff(offers.place[order], prepend=-1) != 0) | (np.diff(node[order], prepend=0) != 0)
    new[:1] = True
    return offers.only(order[new])


def _walk_near(near: Offers, points: Lines, edges: gpd.GeoDataFrame, nearest_m: Floats) -> Access:
    line = straight_legs(points, near, edges)
    nobody = np.zeros(len(near.place), dtype=bool)
    return Access(near.edge, near.at, near.distance, near.place, near.there_s, near.back_s, nobody, line, nearest_m)


def _firsts(walkers: Access, places: Ints) -> Access:
    """Return the soonest joint of each of `places`; a place without any has a row of no meaning that is not over the terrain."""
    rows = walkers.first[places]
    if not len(walkers.place):
        none = np.zeros(len(places))
        nobody = np.zeros(len(places), dtype=bool)
        return Access(none.astype(np.int64), none, none, places, none, none, nobody, np.full(len(places), None), walkers.nearest_m)
    own = walkers.only(np.maximum(rows, 0))
    return replace(own, place=places, over_terrain=own.over_terrain & (rows >= 0))


def _reach_far(points: Lines, places: Ints, spots: Spots, land: Land, limits_m: tuple[float, float], walkers: Access | None) -> Access:
    """Return how places without a joint near by reach the roads: one joint each.

    Places from which nothing leads there have none, or a stop that takes endless seconds across country.

    A leg that meets water is searched over the terrain, and there is none where the search finds no way round.
    """
    (edges, allowed, ground), (most_m, straight_m) = land, limits_m
    starts, ends = shapely.get_coordinates(points).reshape(-1, 2), _joints(spots, edges)
    there, back = walk_straight(spots.distance, ground.heights(ends) - ground.heights(starts), ground.walker)
    line, wet = _straight_lines(points, ends), ground.leg_blocked(starts, ends)
    wrong, doubtful = wet | ~(spots.distance <= most_m), wet.copy()
    if ground.elevation is not None:
        doubtful = doubtful | (spots.distance > min(straight_m, most_m))
    nobody = np.zeros(len(points), dtype=bool)
    access = Access(spots.edge, spots.at, spots.distance, places, there, back, nobody, line, spots.distance)
    if walkers is not None:
        joined = walkers.over_terrain & allowed[walkers.edge]
        for name in ("edge", "at", "distance", "there_s", "back_s", "over_terrain", "line"):
            getattr(access, name)[joined] = getattr(walkers, name)[joined]
        same = join_places(shapely.points(_joints(walkers, edges)[joined]), edges, allowed)  # of roads drawn twice all take the same
        access.edge[joined], access.at[joined] = same.edge, same.at
        wrong, doubtful = (wrong | walkers.over_terrain) & ~joined, (doubtful | walkers.over_terrain) & ~joined
    rows = np.flatnonzero(doubtful & (spots.distance <= ground.reach_m))
    found = _search(access, rows, points, Roads.of(edges, allowed), ground)
    there[lost := wrong & ~found], back[lost], line[lost] = np.inf, np.inf, shapely.LineString()
    return access.only(~lost) if walkers is None else access  # to a stop one may still walk by road


def _search(access: Access, rows: Ints, points: Lines, roads: Roads, ground: Ground) -> Flags:
    """Put the ways over the terrain that exist in place of the straight legs of `rows`; return where they do."""
    found = np.zeros(len(points), dtype=bool)
    for row in rows:
        leg = walk_to_road(shapely.get_coordinates(points[row])[0], roads, ground, float(access.distance[row]))
        if leg is not None:
            access.edge[row], access.at[row], access.distance[row] = leg.edge, leg.at, leg.metres
            access.there_s[row], access.back_s[row], access.line[row] = leg.there_s, leg.back_s, leg.line
            access.over_terrain[row] = found[row] = True
    return found


def straight_legs(points: Lines, offers: Offers, edges: gpd.GeoDataFrame) -> Lines:
    """Return the straight legs from the places at `points` to their offers."""
    return _straight_lines(points[offers.place], _joints(offers, edges))


def _straight_lines(points: Lines, ends: Floats) -> Lines:
    starts = shapely.get_coordinates(points).reshape(-1, 2)
    return np.asarray(shapely.linestrings(np.stack([starts, ends], axis=1)), dtype=object)


def _joints(spots: Spots, edges: gpd.GeoDataFrame) -> Floats:
    lines = edges.geometry.to_numpy()[np.maximum(spots.edge, 0)]
    return shapely.get_coordinates(shapely.line_interpolate_point(lines, spots.at)).reshape(-1, 2)
