"""Roads, homes and schools of one county joined into one net: built once, measured many times (modes, bad days, single trips)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import shapely

from layout_planner.travel.access import STRAIGHT_M, Access, reach_roads
from layout_planner.travel.bus import keep_bus_off, profile_rides
from layout_planner.travel.ground import lay_ground
from layout_planner.travel.network import Arcs, Pieces, Spots, make_arcs, number_components, orient_edges, split_edges
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

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Ints = NDArray[np.int64]
    Legs = tuple[Floats, Floats]

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
    on_foot, driven  where homes and schools join the roads for walkers and for buses
    home, school     graph nodes on the walkable roads; -1 = nowhere; shapes (settlements,), (schools,)
    stop, gate       graph nodes of the bus stop of every home and school; -1 = nowhere
    home_leg, school_leg, stop_leg  adult seconds from the place to its road, and back; `inf` where no leg leads there
    off_network      homes from which no leg leads to a road
    halts, halt, halt_leg  stops of public lines: where they join the walkable roads, graph nodes, legs there; none without lines
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
    home_leg: Legs
    school_leg: Legs
    stop_leg: Legs
    off_network: Flags
    elevation: Elevation | None
    halts: Access
    halt: Ints
    halt_leg: Legs
    rules: Rules | None


def build_net(county: County, norms: NormSet, settings: Travel, *, orders: Orders | None = None) -> Net:
    """Return the roads of `county` with homes and schools on them; speeds from `norms`, slope and reach from `settings`.

    `orders` keeps what a hierarchy costs most, for other nets of the same shape.
    """
    elevation = county.elevation if settings.walk.slope else None
    walker = Walker.of(norms)
    edges = keep_bus_off(orient_edges(county.roads), norms)
    if not settings.ferries:
        edges = _without_ferries(edges)
    ground = lay_ground(edges, county.water, walker, elevation, settings.terrain_reach_m)
    most_m = settings.off_network_m
    on_foot = _join_walkers(county, edges, ground, most_m)
    driven = _join_buses(county, edges, ground, most_m, on_foot)
    stops = county.settlements.iloc[:0] if county.lines is None else county.lines.stops
    halts = reach_roads(stops.geometry.to_numpy(), edges, on_foot.reach, ground, most_m=most_m, straight_m=STRAIGHT_M)
    groups: list[Spots] = [on_foot.homes, on_foot.schools, driven.homes, driven.schools, halts]
    pieces, (home, school, stop, gate, halt) = split_edges(edges, len(county.roads.node_xy), groups)
    off, off_school = on_foot.homes.lost, on_foot.schools.lost
    return Net(
        edges,
        replace(pieces, orders=orders),
        profile_edges(edges, walker, elevation, county.crs),
        profile_rides(edges, norms, county.elevation if settings.ride.slope else None, county.crs),
        on_foot,
        driven,
        np.where(off, -1, home),
        np.where(off_school, -1, school),
        np.where(off, -1, stop),
        np.where(driven.schools.lost | off_school, -1, gate),
        on_foot.homes.leg,
        on_foot.schools.leg,
        driven.homes.leg,
        off,
        elevation,
        halts,
        np.where(halts.lost, -1, halt),
        halts.leg,
        None if county.lines is None else Rules.of(norms, settings),
    )


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


def _join_walkers(county: County, edges: gpd.GeoDataFrame, ground: Ground, most_m: float) -> Joined:
    used = edges["walk"].to_numpy(dtype=bool)
    part, ashore = number_components(edges, used, len(county.roads.node_xy)), (edges["road_class"] != "ferry").to_numpy()
    long = _long(edges, part) & ashore
    schools = reach_roads(county.schools.geometry.to_numpy(), edges, long, ground, most_m=most_m, straight_m=STRAIGHT_M)
    reach = _holding(part, schools) & ashore
    homes = reach_roads(county.settlements.geometry.to_numpy(), edges, reach, ground, most_m=most_m, straight_m=STRAIGHT_M)
    return Joined(homes, schools, part, reach)


def _join_buses(county: County, edges: gpd.GeoDataFrame, ground: Ground, most_m: float, on_foot: Joined) -> Joined:
    """Join schools to the nearest road of a bus, and homes, however far it is; only water and homes off the roads are searched."""
    used = (edges["drive_forward"] | edges["drive_backward"]).to_numpy(dtype=bool)
    part, ashore = number_components(edges, used, len(county.roads.node_xy)), (edges["road_class"] != "ferry").to_numpy()
    long = _long(edges, part) & ashore
    schools = reach_roads(county.schools.geometry.to_numpy(), edges, long, ground, most_m=most_m, straight_m=np.inf)
    reach, homes = _holding(part, schools) & ashore, county.settlements.geometry.to_numpy()
    return Joined(reach_roads(homes, edges, reach, ground, walkers=on_foot.homes, most_m=np.inf, straight_m=np.inf), schools, part, reach)


def _long(edges: gpd.GeoDataFrame, part: Ints) -> Flags:
    """Return the edges of components of at least 1 km; of the longest, where none is."""
    used = part >= 0
    total = np.bincount(part[used], weights=shapely.length(edges.geometry.to_numpy())[used], minlength=1)
    return np.asarray(used & (total[np.maximum(part, 0)] >= min(LEAST_COMPONENT_M, float(total.max()))))


def _holding(part: Ints, schools: Access) -> Flags:
    """Return the edges of components that hold a school."""
    return np.asarray((part >= 0) & np.isin(part, part[schools.edge[(schools.edge >= 0) & ~schools.lost]]))


def _without_ferries(edges: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    flags = ["walk", "drive_forward", "drive_backward"]
    return edges.assign(**{flag: edges[flag] & (edges["road_class"] != "ferry") for flag in flags})
