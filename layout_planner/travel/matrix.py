"""Measure every trip from home to school, on foot and by vehicle. See docs/architecture.md, 'What a trip is'."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from layout_planner.travel.model import TravelTimes
from layout_planner.travel.network import (
    Arcs,
    Pieces,
    Spots,
    join_places,
    make_arcs,
    number_components,
    orient_edges,
    seconds_between,
    seconds_pairwise,
    split_edges,
    trips_between,
)
from layout_planner.travel.notes import note_travel
from layout_planner.travel.terrain import Profiles, Walker, heights_at, profile_edges, walk_straight
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd
    from numpy.typing import NDArray

    from layout_planner.county.model import County, Elevation
    from layout_planner.norms import NormSet
    from layout_planner.scenario import Travel

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    OnStep = Callable[[Words], None]
    Legs = tuple[Floats, Floats]

LEAST_COMPONENT_M = 1000.0


@dataclass(frozen=True)
class Joined:
    """Homes and schools joined to the roads of one kind, and the component of every edge."""

    homes: Spots
    schools: Spots
    part: NDArray[np.int64]


def measure_travel(county: County, norms: NormSet, settings: Travel, *, on_step: OnStep | None = None) -> TravelTimes:
    """Return door-to-door seconds and metres from every settlement to every school.

    `stop_s` is the walk from home to the point of the drivable roads that is nearest as the crow flies: straight across at off-road speed,
    or along walkable roads where that is quicker; the worse of going and returning.

    Parameters
    ----------
    county : tables with geometry in the county's metric projection.
    norms : speeds; see norms/assumptions.toml.
    settings : slope, and how far from a road is off the network.
    on_step : called with a sentence before each stage.
    """
    say = on_step or _say_nothing
    elevation = county.elevation if settings.walk.slope else None
    walker = Walker.of(norms)
    edges = orient_edges(county.roads)
    say(Words("把居民点和学校接到道路上", "joining settlements and schools to the roads"))
    on_foot = _join(county, edges, edges["walk"].to_numpy(dtype=bool), settings.off_network_m)
    driven = _join(county, edges, (edges["drive_forward"] | edges["drive_backward"]).to_numpy(dtype=bool), settings.off_network_m)
    groups = [on_foot.homes, on_foot.schools, driven.homes, driven.schools]
    pieces, (home, school, stop, gate) = split_edges(edges, len(county.roads.node_xy), groups)
    profiles = profile_edges(edges, walker, elevation, county.crs)
    outward, inward = _walk_arcs(edges, pieces, profiles)
    home_leg, school_leg, stop_leg = (
        _legs(table, spots, edges, walker, elevation)
        for table, spots in ((county.settlements, on_foot.homes), (county.schools, on_foot.schools), (county.settlements, driven.homes))
    )
    off = ~(on_foot.homes.distance <= settings.off_network_m)
    home, stop = np.where(off, -1, home), np.where(off, -1, stop)
    school = np.where(on_foot.schools.distance <= settings.off_network_m, school, -1)
    gate = np.where((driven.schools.distance <= settings.off_network_m) & (school >= 0), gate, -1)
    say(Words("计算步行时间", "measuring walks"))
    to, metres = trips_between(inward, school, home)
    back = to if elevation is None else seconds_between(outward, school, home)
    walk_s = np.maximum(_between(to, home_leg[0], school_leg[1]), _between(back, home_leg[1], school_leg[0]))
    walk_m = _between(metres, on_foot.homes.distance, on_foot.schools.distance)
    stop_s = np.where(off, np.inf, _time_to_stop(outward, inward, home, stop, home_leg, stop_leg))
    say(Words("计算乘车时间", "measuring rides"))
    ahead, behind = _drive_arcs(edges, pieces, _drive_speeds(edges, norms))
    ride_to, ride_m = trips_between(behind, gate, stop)
    ride_s = np.maximum(ride_to, seconds_between(ahead, gate, stop)).T
    notes = note_travel(county, edges, on_foot, settings.off_network_m, np.isinf(stop_leg[0]), gate < 0, profiles.unknown_m)
    return TravelTimes(
        county.settlements.index,
        county.schools.index,
        walk_s,
        walk_m,
        ride_s,
        np.where(np.isfinite(ride_s), ride_m.T, np.inf),
        stop_s,
        on_foot.homes.distance,
        on_foot.schools.distance,
        off,
        notes,
    )


def _say_nothing(_: Words) -> None:
    return None


def _join(county: County, edges: gpd.GeoDataFrame, used: Flags, most_m: float) -> Joined:
    """Join schools to components of at least 1 km (the longest, where none is), homes to components that hold a school."""
    part = number_components(edges, used, len(county.roads.node_xy))
    length = shapely.length(edges.geometry.to_numpy())
    total = np.bincount(part[used], weights=length[used], minlength=1)
    long = total[np.maximum(part, 0)] >= min(LEAST_COMPONENT_M, float(total.max()))
    schools = join_places(county.schools.geometry.to_numpy(), edges, used & long)
    holding = part[schools.edge[(schools.edge >= 0) & (schools.distance <= most_m)]]
    return Joined(join_places(county.settlements.geometry.to_numpy(), edges, used & np.isin(part, holding)), schools, part)


def _walk_arcs(edges: gpd.GeoDataFrame, pieces: Pieces, profiles: Profiles) -> tuple[Arcs, Arcs]:
    """Return the graph on foot, and the same with every arc turned round."""
    onward_end, back_end = profiles.seconds_at(pieces.edge, pieces.end)
    onward_begin, back_begin = profiles.seconds_at(pieces.edge, pieces.begin)
    used = edges["walk"].to_numpy(dtype=bool)[pieces.edge]
    return _both_ways(pieces, onward_end - onward_begin, back_end - back_begin, used, used)


def _drive_arcs(edges: gpd.GeoDataFrame, pieces: Pieces, speed: Floats) -> tuple[Arcs, Arcs]:
    """Return the graph of a school bus, and the same with every arc turned round."""
    seconds = (pieces.end - pieces.begin) / speed[pieces.edge]
    ahead, behind = (edges[column].to_numpy(dtype=bool)[pieces.edge] for column in ("drive_forward", "drive_backward"))
    return _both_ways(pieces, seconds, seconds, ahead, behind)


def _both_ways(pieces: Pieces, onward: Floats, back: Floats, ahead: Flags, behind: Flags) -> tuple[Arcs, Arcs]:
    tail = np.concatenate([pieces.tail[ahead], pieces.head[behind]])
    head = np.concatenate([pieces.head[ahead], pieces.tail[behind]])
    seconds = np.maximum(np.concatenate([onward[ahead], back[behind]]), 0.0)
    length = pieces.end - pieces.begin
    metres = np.concatenate([length[ahead], length[behind]])
    return make_arcs(tail, head, seconds, metres, pieces.nodes), make_arcs(head, tail, seconds, metres, pieces.nodes)


def _drive_speeds(edges: gpd.GeoDataFrame, norms: NormSet) -> Floats:
    """Return a school bus's speed on every edge in m/s: the least of class, posted limit and cap."""
    classes = edges["road_class"].astype(str).str.removesuffix("_link")
    planned = {name: (norms.find(f"speed.bus.{name}") or norms.get("speed.bus.road")).value for name in classes.unique()}
    posted = edges["speed_limit_kmh"].to_numpy(dtype=float)
    speed = np.minimum(classes.map(planned).to_numpy(dtype=float), np.where(posted > 0, posted, np.inf))
    return np.asarray(np.minimum(speed, norms.value("bus.speed_cap_kmh")) / 3.6)


def _legs(places: gpd.GeoDataFrame, spots: Spots, edges: gpd.GeoDataFrame, walker: Walker, elevation: Elevation | None) -> Legs:
    """Return seconds straight from every place to its road, and back; `inf` where it has none."""
    rise = np.zeros(len(places))
    joined = spots.edge >= 0
    if elevation is not None and joined.any():
        ends = shapely.line_interpolate_point(edges.geometry.to_numpy()[spots.edge[joined]], spots.at[joined])
        starts = places.geometry.to_numpy()[joined]
        low, high = (heights_at(elevation, shapely.get_coordinates(points), str(edges.crs)) for points in (starts, ends))
        rise[joined] = high - low
    return walk_straight(spots.distance, rise, walker)


def _between(times: Floats, home: Floats, school: Floats) -> Floats:
    """Return (settlements, schools) from (schools, settlements), with what lies between the road and both doors."""
    return np.asarray(times.T + home[:, None] + school[None, :])


def _time_to_stop(outward: Arcs, inward: Arcs, home: NDArray[np.int64], stop: NDArray[np.int64], home_leg: Legs, stop_leg: Legs) -> Floats:
    """Return seconds from home to the nearest drivable point: across, or by walkable roads where that is quicker."""
    straight = np.maximum(*stop_leg)
    elsewhere = (home != stop) & np.isfinite(straight)
    sources, targets = np.where(elsewhere, home, -1), np.where(elsewhere, stop, -1)
    there = home_leg[0] + seconds_pairwise(outward, sources, targets, straight)
    back = home_leg[1] + seconds_pairwise(inward, sources, targets, straight)
    return np.asarray(np.minimum(straight, np.maximum(there, back)))
