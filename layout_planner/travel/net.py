"""Roads, homes and schools of one county joined into one net: built once, measured many times (modes, bad days, single trips)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import shapely

from layout_planner.travel.access import NEAR_M, Access, Land, Limits, reach_roads
from layout_planner.travel.bus import keep_bus_off, profile_rides
from layout_planner.travel.closures import close_edges, meets_area
from layout_planner.travel.ground import lay_ground
from layout_planner.travel.joints import Streets
from layout_planner.travel.network import Arcs, Pieces, Spots, join_places, make_arcs, number_components, orient_edges, split_edges
from layout_planner.travel.terrain import Profiles, Walker, profile_edges
from layout_planner.travel.transit import Rules

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from layout_planner.county.model import County, Elevation
    from layout_planner.norms import NormSet
    from layout_planner.scenario import Travel
    from layout_planner.travel.ground import Ground
    from layout_planner.travel.hierarchy import Orders
    from layout_planner.travel.joints import Offers

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Ints = NDArray[np.int64]

LEAST_COMPONENT_M = 1000.0


@dataclass(frozen=True)
class Joined:
    """Homes and schools joined to the roads of one kind, and the component of every edge."""

    homes: Access
    schools: Access
    part: Ints
    reach: Flags  # edges of components that hold a school, where homes join


@dataclass(frozen=True)
class Net:
    """The net of one county.

    edges      the road table, every line running from its `from_node`; roads too small for a school bus are not drivable
    pieces     edges cut where places join
    profiles   walking seconds along every edge
    rides      a school bus's seconds along every edge
    on_foot, driven  where homes and schools join the roads for walkers and for buses; no stops for homes off the network
    home, school     graph nodes of the joints on the walkable roads, one for every row of `on_foot`
    stop, gate       graph nodes of the joints on the roads of buses, one for every row of `driven`
    halts, halt      stops of public lines: where they join the walkable roads, graph nodes; none without lines
    curb             graph nodes of these stops on the roads of buses, -1 = no such road within 500 m
    rules            what a journey on those lines may be; None without lines
    """

    edges: gpd.GeoDataFrame
    pieces: Pieces
    profiles: Profiles
    rides: Profiles
    on_foot: Joined
    driven: Joined
    home: Ints
    school: Ints
    stop: Ints
    gate: Ints
    elevation: Elevation | None
    halts: Access
    halt: Ints
    curb: Ints
    rules: Rules | None

    @property
    def off_network(self) -> Flags:
        """Homes from which no leg leads to a road."""
        return self.on_foot.homes.lost

    @property
    def main_stop(self) -> Ints:
        """The graph node of the bus stop that is soonest reached from every home, -1 = none."""
        return _first_node(self.driven.homes, self.stop)

    @property
    def main_gate(self) -> Ints:
        """The graph node of the bus stop that is soonest reached from every school, -1 = none."""
        return _first_node(self.driven.schools, self.gate)


def _first_node(access: Access, node: Ints) -> Ints:
    first = access.first
    return np.where(first >= 0, np.append(node, -1)[first], -1)


def build_net(county: County, norms: NormSet, settings: Travel, *, orders: Orders | None = None) -> Net:
    """Return the roads of `county` with homes and schools on them; speeds from `norms`, slope and reach from `settings`.

    `orders` keeps what a hierarchy costs most, for other nets of the same shape.
    """
    elevation = county.elevation if settings.walk.slope else None
    walker = Walker.of(norms)
    edges = keep_bus_off(orient_edges(county.roads), norms)
    if not settings.ferries:
        edges = _without_ferries(edges)
    profiles = profile_edges(edges, walker, elevation, county.crs)
    rides = profile_rides(edges, norms, county.elevation if settings.ride.slope else None, county.crs)
    ground = lay_ground(edges, county.water, walker, elevation, settings.terrain_reach_m)
    joiner = _Joiner(county, edges, ground, settings)
    on_foot = joiner.join_walkers(profiles)
    driven = joiner.join_buses(rides, on_foot, norms.value("bus.detour_factor"))
    halts = joiner.join_halts(on_foot, profiles)
    groups: list[Spots] = [on_foot.homes, on_foot.schools, driven.homes, driven.schools, halts, joiner.find_curbs()]
    pieces, (home, school, stop, gate, halt, curb) = split_edges(edges, len(county.roads.node_xy), groups)
    rules = None if county.lines is None else Rules.of(norms, settings)
    pieces = replace(pieces, orders=orders)
    return Net(edges, pieces, profiles, rides, on_foot, driven, home, school, stop, gate, elevation, halts, halt, curb, rules)


@dataclass(frozen=True)
class PieceTimes:
    """Seconds over every piece from its tail to its head and back, and in which of the two directions it may be used."""

    onward: Floats
    back: Floats
    ahead: Flags
    behind: Flags


def walk_pieces(net: Net) -> PieceTimes:
    """Return an adult's walking seconds over every piece."""
    used = net.edges["walk"].to_numpy(dtype=bool)[net.pieces.edge]
    return PieceTimes(*_over_pieces(net.pieces, net.profiles), used, used)


def ride_pieces(net: Net) -> PieceTimes:
    """Return a school bus's seconds over every piece."""
    ahead, behind = (net.edges[column].to_numpy(dtype=bool)[net.pieces.edge] for column in ("drive_forward", "drive_backward"))
    return PieceTimes(*_over_pieces(net.pieces, net.rides), ahead, behind)


def _over_pieces(pieces: Pieces, profiles: Profiles) -> tuple[Floats, Floats]:
    """Return seconds over every piece from its tail to its head, and back."""
    onward_end, back_end = profiles.seconds_at(pieces.edge, pieces.end)
    onward_begin, back_begin = profiles.seconds_at(pieces.edge, pieces.begin)
    return np.maximum(onward_end - onward_begin, 0.0), np.maximum(back_end - back_begin, 0.0)


def link_pieces(pieces: Pieces, times: PieceTimes, closed: Flags | None = None) -> tuple[Arcs, Arcs]:
    """Return the graph of all pieces but the `closed` ones, and the same with every arc turned round."""
    shut = np.zeros(len(pieces.edge), dtype=bool) if closed is None else closed
    ahead, behind = times.ahead & ~shut, times.behind & ~shut
    tail = np.concatenate([pieces.tail[ahead], pieces.head[behind]])
    head = np.concatenate([pieces.head[ahead], pieces.tail[behind]])
    seconds = np.concatenate([times.onward[ahead], times.back[behind]])
    length = pieces.end - pieces.begin
    metres = np.concatenate([length[ahead], length[behind]])
    outward, inward = (make_arcs(*ends, seconds, metres, pieces.nodes, pieces.shape) for ends in ((tail, head), (head, tail)))
    return outward, inward


@dataclass(frozen=True)
class _Joiner:
    """What decides where places join the roads."""

    county: County
    edges: gpd.GeoDataFrame
    ground: Ground
    settings: Travel

    def join_walkers(self, profiles: Profiles) -> Joined:
        used = self.edges["walk"].to_numpy(dtype=bool)
        part, ashore = self._components(used)
        streets = self._streets(used, used, profiles)
        schools = self._reach(self.county.schools, _long(self.edges, part) & ashore, streets)
        reach = _holding(part, schools) & ashore
        return Joined(self._reach(self.county.settlements, reach, streets), schools, part, reach)

    def join_halts(self, on_foot: Joined, profiles: Profiles) -> Access:
        used = self.edges["walk"].to_numpy(dtype=bool)
        return self._reach(self._halts(), on_foot.reach, self._streets(used, used, profiles))

    def find_curbs(self) -> Spots:
        """Return where public buses stop on the roads of buses: at the nearest point of the nearest, nowhere (-1) beyond 500 m."""
        driven = self.edges["drive_forward"] | self.edges["drive_backward"]
        ashore = (driven & (self.edges["road_class"] != "ferry")).to_numpy(dtype=bool)
        spots = join_places(self._halts().geometry.to_numpy(), self.edges, ashore)
        return replace(spots, edge=np.where(spots.distance <= NEAR_M, spots.edge, -1))

    def _halts(self) -> gpd.GeoDataFrame:
        return self.county.settlements.iloc[:0] if self.county.lines is None else self.county.lines.stops

    def join_buses(self, rides: Profiles, on_foot: Joined, detour: float) -> Joined:
        """Join schools and homes to the roads of buses, however far these are; only water and homes off the roads are searched.

        A school further than a straight leg may be has none, and neither have homes and schools without a walkable road.
        """
        ahead, behind = (self.edges[column].to_numpy(dtype=bool) for column in ("drive_forward", "drive_backward"))
        part, ashore = self._components(ahead | behind)
        streets = replace(self._streets(ahead, behind, rides), stretch=max(detour, 1.0), top_ms=self.ground.walker.top)
        schools = self._reach(self.county.schools, _long(self.edges, part) & ashore, streets, straight_m=np.inf)
        reach = _holding(part, schools) & ashore
        schools = schools.only(~on_foot.schools.lost[schools.place])
        far = {"most_m": np.inf, "straight_m": np.inf}
        homes = self._reach(self.county.settlements, reach, streets, walkers=on_foot.homes, **far)
        return Joined(homes.only(~on_foot.homes.lost[homes.place]), schools, part, reach)

    def _components(self, used: Flags) -> tuple[Ints, Flags]:
        part = number_components(self.edges, used, len(self.county.roads.node_xy))
        return part, (self.edges["road_class"] != "ferry").to_numpy()

    def _streets(self, ahead: Flags, behind: Flags, profiles: Profiles) -> Streets:
        tail, head = (self.edges[column].to_numpy(dtype=np.int64) for column in ("from_node", "to_node"))
        return Streets(tail, head, ahead, behind, profiles, len(self.county.roads.node_xy))

    def _reach(
        self,
        places: gpd.GeoDataFrame,
        allowed: Flags,
        streets: Streets,
        *,
        most_m: float | None = None,
        straight_m: float = NEAR_M,
        walkers: Access | None = None,
    ) -> Access:
        points, most = places.geometry.to_numpy(), self.settings.off_network_m if most_m is None else most_m

        def choose(offers: Offers, legs: NDArray[np.object_]) -> Flags:
            return self._useful(offers, streets, legs)

        limits = Limits(most, straight_m, self.settings.off_network_m)
        return reach_roads(points, Land(self.edges, allowed, self.ground), limits, choose=choose, walkers=walkers)

    def _useful(self, offers: Offers, streets: Streets, legs: NDArray[np.object_]) -> Flags:
        """Return which offers are of use on some day: a road that a bad day closes must not stand in for another."""
        useful = streets.find_useful(offers)
        for day in self.county.bad_days:
            whole, hit = close_edges(self.edges, day, self.settings)
            cut = meets_area(legs, day)
            rows = np.flatnonzero(~cut | (streets.top_ms is not None))  # to a stop one may still walk by road
            useful[rows] |= streets.without(whole | hit).find_useful(offers.without_legs(cut).only(rows))
        return useful


def _long(edges: gpd.GeoDataFrame, part: Ints) -> Flags:
    """Return the edges of components of at least 1 km; of the longest, where none is."""
    used = part >= 0
    total = np.bincount(part[used], weights=shapely.length(edges.geometry.to_numpy())[used], minlength=1)
    return np.asarray(used & (total[np.maximum(part, 0)] >= min(LEAST_COMPONENT_M, float(total.max()))))


def _holding(part: Ints, schools: Access) -> Flags:
    """Return the edges of components that hold a school."""
    return np.asarray((part >= 0) & np.isin(part, part[schools.edge]))


def _without_ferries(edges: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    flags = ["walk", "drive_forward", "drive_backward"]
    return edges.assign(**{flag: edges[flag] & (edges["road_class"] != "ferry") for flag in flags})
