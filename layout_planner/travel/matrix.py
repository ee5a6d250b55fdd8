"""Measure every trip from home to school, on foot and by vehicle. See docs/architecture.md, 'What a trip is'."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.travel.joints import look_up
from layout_planner.travel.links import Ends, Linked, link_near, link_places
from layout_planner.travel.model import TravelTimes
from layout_planner.travel.net import Net, build_net, link_pieces, ride_pieces, walk_pieces
from layout_planner.travel.network import Arcs, Near, Trips
from layout_planner.travel.notes import note_travel
from layout_planner.travel.rides import Rides, StopWalks, ride_between
from layout_planner.travel.transit import measure_public
from layout_planner.words import Words, say_nothing

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from layout_planner.county.model import County
    from layout_planner.norms import NormSet
    from layout_planner.scenario import Travel
    from layout_planner.travel.access import Access

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Ints = NDArray[np.int64]
    OnStep = Callable[[Words], None]


def measure_travel(county: County, norms: NormSet, settings: Travel, *, on_step: OnStep | None = None) -> TravelTimes:
    """Return door-to-door seconds and metres from every settlement to every school.

    Parameters
    ----------
    county : tables with geometry in the county's metric projection.
    norms : speeds; see norms/assumptions.toml.
    settings : slope, and how far from a road is off the network.
    on_step : called with a sentence before each stage.
    """
    say = on_step or say_nothing
    say(Words("把居民点和学校接到道路上", "joining settlements and schools to the roads"))
    return measure_net(build_net(county, norms, settings), county, settings, on_step=say)


def measure_net(net: Net, county: County, settings: Travel, *, closed: Flags | None = None, on_step: OnStep | None = None) -> TravelTimes:
    """Return door-to-door seconds and metres over `net`, whose `closed` pieces nobody may use.

    Every walk and every ride takes the joints that make it quickest. `stop_s` is the walk from home to the stop that is soonest reached
    across country; the worse of going and returning.
    """
    say = on_step or say_nothing
    say(Words("计算步行时间", "measuring walks"))
    outward, inward = link_pieces(net.pieces, walk_pieces(net), closed)
    homes, schools = net.on_foot.homes, net.on_foot.schools
    there, back = measure_walks(net, outward, inward)
    walk_s, worse = np.maximum(there.seconds, back.seconds), back.seconds > there.seconds
    known, none = np.isfinite(walk_s), np.zeros(walk_s.shape)
    across_s = off_m = none
    if known.any():
        out_s = homes.there_s[there.home_row] + schools.back_s[there.school_row]
        home_s = homes.back_s[back.home_row] + schools.there_s[back.school_row]
        across_s = np.where(known, np.where(worse, home_s, out_s), 0.0)
        off_m = np.where(known, homes.distance[there.home_row] + schools.distance[there.school_row], 0.0)
    say(Words("计算乘车时间", "measuring rides"))
    rides = measure_rides(net, (outward, inward), link_pieces(net.pieces, ride_pieces(net), closed))
    plain, stops = rides.between(1.0, 1.0), rides.homes
    first = net.driven.homes.first
    return TravelTimes(
        county.settlements.index,
        county.schools.index,
        walk_s,
        np.where(known, there.metres, np.inf),
        plain.ride_s,
        plain.ride_m,
        _at_first(first, np.maximum(stops.there_s, stops.back_s), np.inf),
        _at_first(homes.first, np.minimum(homes.there_s, homes.back_s), 0.0),
        _at_first(schools.first, np.minimum(schools.there_s, schools.back_s), 0.0),
        _at_first(first, np.minimum(stops.there_across_s, stops.back_across_s), 0.0),
        homes.metres,
        schools.metres,
        net.off_network,
        _at_first(first, stops.there_off_m, 0.0),
        homes.searched,
        measure_public(net, (outward, inward), county, settings),
        note_travel(county, net, settings.off_network_m),
        across_s,
        off_m,
        rides,
    )


def measure_walks(net: Net, outward: Arcs, inward: Arcs) -> tuple[Linked, Linked]:
    """Return an adult's quickest walks from every home to every school, and back."""
    homes, schools = net.on_foot.homes, net.on_foot.schools
    ends, metres = (ends_of(schools), ends_of(homes)), (schools.distance, homes.distance)

    def link(arcs: Arcs, legs: tuple[Floats, Floats]) -> Linked:
        return link_places(Trips.over(arcs, net.home, len(net.school)), net.school, legs, metres, ends)

    there = link(inward, (schools.back_s, homes.there_s))
    return there, there if net.elevation is None else link(outward, (schools.there_s, homes.back_s))


def measure_rides(net: Net, feet: tuple[Arcs, Arcs], wheels: tuple[Arcs, Arcs]) -> Rides:
    """Return walks to stops and rides between them over the graphs of walkers and of buses, each as it is and turned round."""
    (outward, inward), (ahead, behind) = feet, wheels
    homes = walk_to_stops(outward, inward, (net.on_foot.homes, net.home), (net.driven.homes, net.stop))
    schools = walk_to_stops(outward, inward, (net.on_foot.schools, net.school), (net.driven.schools, net.gate))
    return Rides(homes, schools, ride_between(ahead, behind, net.stop, net.gate))


def ends_of(access: Access) -> Ends:
    """Return whose the joints of `access` are."""
    return Ends(access.place, len(access.nearest_m))


def _at_first(first: Ints, values: Floats, otherwise: float) -> Floats:
    """Return the value of every place's first row, `otherwise` where it has none."""
    return np.append(values, otherwise)[first]  # the row -1 is the last one


def walk_to_stops(outward: Arcs, inward: Arcs, feet: tuple[Access, Ints], stops: tuple[Access, Ints]) -> StopWalks:
    """Return the walks to stops: across country, or by walkable roads from where the place joins them, where that is quicker."""
    (joints, nodes), (legs, ends) = feet, stops
    count = np.bincount(joints.place, minlength=len(joints.nearest_m))
    begin = np.cumsum(count) - count
    each = count[legs.place]
    stop = np.repeat(np.arange(len(ends)), each)
    joint = begin[legs.place][stop] + np.arange(len(stop)) - (np.cumsum(each) - each)[stop]
    sides = []
    for arcs, leg, straight in ((outward, joints.there_s, legs.there_s), (inward, joints.back_s, legs.back_s)):
        limits = np.zeros(len(nodes))
        np.maximum.at(limits, joint, straight[stop] - leg[joint])
        by_road = leg[joint] + look_up(arcs, nodes, limits, joint, ends[stop])
        order = np.lexsort([joints.distance[joint], by_road, stop])
        best = order[np.flatnonzero(np.diff(stop[order], prepend=-1))]
        quicker = best[by_road[best] < straight[stop[best]]]
        seconds, across, off_m = straight.copy(), straight.copy(), legs.distance.copy()
        seconds[stop[quicker]], across[stop[quicker]] = by_road[quicker], leg[joint[quicker]]
        off_m[stop[quicker]] = joints.distance[joint[quicker]]
        sides.append((seconds, across, off_m))
    there, back = sides
    return StopWalks(ends_of(legs), there[0], back[0], there[1], back[1], there[2], back[2])


NEAR_COLUMNS = ("settlement_id", "school_id", "mode", "seconds", "metres")


def measure_near(net: Net, county: County, most_s: float, *, closed: Flags | None = None, on_step: OnStep | None = None) -> pd.DataFrame:
    """Return the trips of at most `most_s` as a table of NEAR_COLUMNS, for places too large for a full matrix.

    Seconds and metres are those of `measure_net`: `walk` is walk_s, `ride` is an adult's trip by bus, door to door. Time and memory
    grow with the trips that are found, not with settlements times schools.
    """
    say = on_step or say_nothing
    say(Words("计算步行时间", "measuring walks"))
    outward, inward = link_pieces(net.pieces, walk_pieces(net), closed)
    homes, schools = net.on_foot.homes, net.on_foot.schools
    metres, ends = (schools.distance, homes.distance), (ends_of(schools), ends_of(homes))
    there = link_near(inward, (net.school, net.home), (schools.back_s, homes.there_s), metres, ends, most_s)
    back = there
    if net.elevation is not None:
        back = link_near(outward, (net.school, net.home), (schools.there_s, homes.back_s), metres, ends, most_s)
    walks = _both_ways(there, back)
    say(Words("计算乘车时间", "measuring rides"))
    ahead, behind = link_pieces(net.pieces, ride_pieces(net), closed)
    stops = walk_to_stops(outward, inward, (net.on_foot.homes, net.home), (net.driven.homes, net.stop))
    gates = walk_to_stops(outward, inward, (net.on_foot.schools, net.school), (net.driven.schools, net.gate))
    none = np.zeros(len(net.gate)), np.zeros(len(net.stop))
    places = ends_of(net.driven.schools), ends_of(net.driven.homes)
    there = link_near(behind, (net.gate, net.stop), (gates.back_s, stops.there_s), none, places, most_s)
    back = link_near(ahead, (net.gate, net.stop), (gates.there_s, stops.back_s), none, places, most_s)
    return _list_near(county, {"walk": walks, "ride": _both_ways(there, back)}, most_s)


def _both_ways(there: Near, back: Near) -> Near:
    """Return the trips that are near in both directions: seconds of the worse, metres of the way to school."""
    targets = 1 + max(there.target.max(initial=0), back.target.max(initial=0))
    keys = there.source * targets + there.target, back.source * targets + back.target
    _, one, two = np.intersect1d(*keys, assume_unique=True, return_indices=True)
    return Near(there.source[one], there.target[one], np.maximum(there.seconds[one], back.seconds[two]), there.metres[one])


def _list_near(county: County, by_mode: dict[str, Near], most_s: float) -> pd.DataFrame:
    """Return the trips of at most `most_s`, sorted by the ids of settlement and school."""
    modes = np.repeat(np.array(list(by_mode), dtype=object), [len(near.source) for near in by_mode.values()])
    school, home, seconds, metres = (
        np.concatenate([getattr(near, label) for near in by_mode.values()]) for label in ("source", "target", "seconds", "metres")
    )
    ids = county.settlements.index.to_numpy(dtype=object), county.schools.index.to_numpy(dtype=object)
    place_of = [np.argsort(np.argsort(names)) for names in ids]
    rows = np.lexsort([place_of[1][school], place_of[0][home]])  # stable: modes keep their order
    rows = rows[seconds[rows] <= most_s]
    columns = ids[0][home[rows]], ids[1][school[rows]], modes[rows], seconds[rows], metres[rows]
    return pd.DataFrame(dict(zip(NEAR_COLUMNS, columns, strict=True)))
