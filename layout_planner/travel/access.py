"""How a place reaches the roads: straight across to every road that is near; else over open country to one further away."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from layout_planner.travel.joints import Offers
from layout_planner.travel.network import SAME_POINT_M, Spots, join_places
from layout_planner.travel.terrain import walk_straight
from layout_planner.travel.terrain_walk import Roads, walk_to_road, walk_to_roads

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd
    from numpy.typing import NDArray

    from layout_planner.travel.ground import Ground

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Ints = NDArray[np.int64]
    Lines = NDArray[np.object_]
    Choose = Callable[[Offers, Lines], Flags]

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

    @property
    def trekking(self) -> Flags:
        """True where all legs are searches over the terrain; shape (places,)."""
        straight = np.bincount(self.place[~self.over_terrain], minlength=len(self.nearest_m)) > 0
        return ~straight & ~self.lost

    @property
    def straight_m(self) -> Floats:
        """Metres from every joint straight to its place; those of the leg where there is none."""
        ends = [shapely.get_coordinates(shapely.get_point(self.line, at)).reshape(-1, 2) for at in (0, -1)]
        known, metres = ~shapely.is_empty(self.line), self.distance.copy()
        metres[known] = np.hypot(*(ends[1] - ends[0]).T)
        return metres

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


class Limits(NamedTuple):
    """How far places go across country, in metres.

    most      a straight leg is at most as long as this
    straight  a longer one is searched over the terrain where there are heights; the straight one stays where that finds nothing
    every     a place without a road near joins every road that it reaches within this, there and back on flat ground
    """

    most: float
    straight: float
    every: float


def reach_roads(points: Lines, land: Land, limits: Limits, *, choose: Choose, walkers: Access | None = None) -> Access:
    """Return how the places at `points` reach the roads of `land`.

    A place joins every edge within 500 m to which a straight leg leads over dry ground. One without any joins all that it reaches over
    the terrain within `limits.every`; where there are none, the nearest edge, however far, or the one soonest reached over the terrain.

    Parameters
    ----------
    choose : which joints are of any use.
    walkers : how the places reach the walkable roads. For one that walks over the terrain there is no straight leg either.
    """
    edges, allowed, ground = land
    nearest = join_places(points, edges, allowed)
    near = _offer_near(points, edges, allowed, ground, min(NEAR_M, limits.most))
    near = near.only(choose(near, straight_legs(points, near, edges)))
    far = np.setdiff1d(np.flatnonzero(nearest.edge >= 0), near.place)
    parts = [_walk_straight(near, points, edges, nearest.distance)]
    if len(far):
        spots = Spots(nearest.edge[far], nearest.at[far], nearest.distance[far])
        reached = _reach_far(points, far, spots, land, limits, None if walkers is None else walkers.trekking[far])
        parts.append(reached.only(choose(_as_offers(reached), reached.line) | ~reached.over_terrain))
    whole = _join(parts, nearest.distance)
    joint = _joints(whole, edges).round(6)
    ways = edges["way"].to_numpy()[whole.edge].astype(str)
    return whole.only(np.lexsort([ways, joint[:, 0], joint[:, 1], (whole.there_s + whole.back_s).round(6), whole.place]))


def _join(parts: list[Access], nearest_m: Floats) -> Access:
    names = [field.name for field in fields(Access) if field.name != "nearest_m"]
    return Access(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names}, nearest_m=nearest_m)


def _as_offers(access: Access) -> Offers:
    """Return the joints as offers, whose distance is that straight to the place: no walk is shorter."""
    return Offers(access.edge, access.at, access.straight_m, access.place, access.there_s, access.back_s)


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


def _walk_straight(offers: Offers, points: Lines, edges: gpd.GeoDataFrame, nearest_m: Floats) -> Access:
    line = straight_legs(points, offers, edges)
    nobody = np.zeros(len(offers.place), dtype=bool)
    return Access(offers.edge, offers.at, offers.distance, offers.place, offers.there_s, offers.back_s, nobody, line, nearest_m)


def _reach_far(points: Lines, far: Ints, spots: Spots, land: Land, limits: Limits, treks: Flags | None) -> Access:
    """Return how the places `far` without a joint near by reach the roads.

    Places from which nothing leads there have none, or a stop (where `treks` says who walks over the terrain to the walkable roads) that
    takes endless seconds across country: to it one may still walk by road.

    A leg that meets water is searched over the terrain, and there is none where the search finds no way round. Without heights all land is
    flat: every road to which dry land leads straight is joined, and those that are reached round the water.
    """
    edges, allowed, ground = land
    starts, ends = shapely.get_coordinates(points[far]).reshape(-1, 2), _joints(spots, edges)
    there, back = walk_straight(spots.distance, ground.heights(ends) - ground.heights(starts), ground.walker)
    line, wet = _straight_lines(points[far], ends), ground.leg_blocked(starts, ends)
    wrong, doubtful = wet | ~(spots.distance <= limits.most), wet.copy()
    if ground.elevation is not None:
        doubtful |= spots.distance > min(limits.straight, limits.most)
    elif treks is None:
        doubtful |= len(ground.water.geometries) > 0
    if treks is not None:
        wrong, doubtful = wrong | treks, doubtful | treks
    nobody = np.zeros(len(far), dtype=bool)
    nearest = Access(spots.edge, spots.at, spots.distance, far, there, back, nobody, line, spots.distance)
    lowland = ground.elevation is None and treks is None
    straight = _offer_near(points[far], edges, allowed, ground, limits.most if lowland else 0.0)
    alone = wrong if treks is not None else ~np.isin(np.arange(len(far)), straight.place)
    rows = np.flatnonzero(doubtful & (spots.distance <= (min(limits.most, ground.reach_m) if lowland else ground.reach_m)))
    searched = _search(nearest, rows, points, land, (alone | (ground.elevation is not None), limits.every))
    left = ~np.isin(far, searched.place)
    there[lost := wrong & left], back[lost], line[lost] = np.inf, np.inf, shapely.LineString()
    if lowland:
        legs = replace(straight, place=far[straight.place])
        return _join([searched, _walk_straight(legs, points, edges, spots.distance)], spots.distance)
    stays = left if treks is not None else left & ~lost  # to a stop one may still walk by road
    return _join([searched, nearest.only(stays)], spots.distance)


def _search(nearest: Access, rows: Ints, points: Lines, land: Land, limits: tuple[Flags, float]) -> Access:
    """Return the ways over the terrain of the places in `rows` of `nearest`: to every road within reach of all, else the soonest.

    limits : for which places no straight leg stands in, and how far every road is joined
    """
    (alone, every_m), ground, roads = limits, land.ground, Roads.of(land.edges, land.allowed)
    legs, of = [], []
    for row in rows:
        place = shapely.get_coordinates(points[nearest.place[row]])[0]
        found = walk_to_roads(place, roads, ground, min(every_m, ground.reach_m))
        if not found and alone[row]:
            soonest = walk_to_road(place, roads, ground, float(nearest.distance[row]))
            found = [] if soonest is None else [soonest]
        legs += found
        of += [nearest.place[row]] * len(found)
    at, metres, there, back = (
        np.array([getattr(leg, name) for leg in legs], dtype=float) for name in ("at", "metres", "there_s", "back_s")
    )
    edge, place, line = (
        np.array([leg.edge for leg in legs], dtype=np.int64),
        np.array(of, dtype=np.int64),
        np.empty(len(legs), dtype=object),
    )
    line[:] = [leg.line for leg in legs]
    return Access(edge, at, metres, place, there, back, np.ones(len(legs), dtype=bool), line, nearest.nearest_m)


def straight_legs(points: Lines, offers: Offers, edges: gpd.GeoDataFrame) -> Lines:
    """Return the straight legs from the places at `points` to their offers."""
    return _straight_lines(points[offers.place], _joints(offers, edges))


def _straight_lines(points: Lines, ends: Floats) -> Lines:
    starts = shapely.get_coordinates(points).reshape(-1, 2)
    return np.asarray(shapely.linestrings(np.stack([starts, ends], axis=1)), dtype=object)


def _joints(spots: Spots, edges: gpd.GeoDataFrame) -> Floats:
    lines = edges.geometry.to_numpy()[np.maximum(spots.edge, 0)]
    return shapely.get_coordinates(shapely.line_interpolate_point(lines, spots.at)).reshape(-1, 2)
