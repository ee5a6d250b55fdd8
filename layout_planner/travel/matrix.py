"""Measure every trip from home to school, on foot and by vehicle. See docs/architecture.md, 'What a trip is'."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.travel.model import TravelTimes
from layout_planner.travel.net import Net, build_net, link_pieces, ride_pieces, walk_pieces
from layout_planner.travel.network import Arcs, Near, seconds_between, seconds_pairwise, trips_between, trips_within
from layout_planner.travel.notes import note_travel
from layout_planner.travel.transit import measure_public
from layout_planner.words import Words, say_nothing

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from layout_planner.county.model import County
    from layout_planner.norms import NormSet
    from layout_planner.scenario import Travel

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
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

    `stop_s` is the walk from home to its stop on the drivable roads: across country, or along walkable roads where that is quicker; the
    worse of going and returning.
    """
    say = on_step or say_nothing
    say(Words("计算步行时间", "measuring walks"))
    outward, inward = link_pieces(net.pieces, walk_pieces(net), closed)
    to, metres = trips_between(inward, net.school, net.home)
    back = to if net.elevation is None else seconds_between(outward, net.school, net.home)
    walk_s = np.maximum(_between(to, net.home_leg[0], net.school_leg[1]), _between(back, net.home_leg[1], net.school_leg[0]))
    walk_m = _between(metres, net.on_foot.homes.distance, net.on_foot.schools.distance)
    say(Words("计算乘车时间", "measuring rides"))
    ahead, behind = link_pieces(net.pieces, ride_pieces(net), closed)
    ride_to, ride_m = trips_between(behind, net.gate, net.stop)
    ride_s = np.maximum(ride_to, seconds_between(ahead, net.gate, net.stop)).T
    stop_s, stop_leg_s, stop_off_m = _time_to_stop(outward, inward, net)
    return TravelTimes(
        county.settlements.index,
        county.schools.index,
        walk_s,
        walk_m,
        ride_s,
        np.where(np.isfinite(ride_s), ride_m.T, np.inf),
        stop_s,
        _surely(net.home_leg),
        _surely(net.school_leg),
        stop_leg_s,
        net.on_foot.homes.distance,
        net.on_foot.schools.distance,
        net.off_network,
        stop_off_m,
        net.on_foot.homes.over_terrain,
        measure_public(net, (outward, inward), county, settings),
        note_travel(county, net, settings.off_network_m),
    )


def _between(times: Floats, home: Floats, school: Floats) -> Floats:
    """Return (settlements, schools) from (schools, settlements), with what lies between the road and both doors."""
    return np.asarray(times.T + home[:, None] + school[None, :])


def _surely(legs: tuple[Floats, Floats]) -> Floats:
    """Return the lesser of both directions; 0 where there is no leg."""
    least = np.minimum(*legs)
    return np.where(np.isfinite(least), least, 0.0)


def _time_to_stop(outward: Arcs, inward: Arcs, net: Net) -> tuple[Floats, Floats, Floats]:
    """Return seconds from home to its stop, across country or by walkable roads where that is quicker; seconds and metres across."""
    straight = np.maximum(*net.stop_leg)
    elsewhere = net.home != net.stop
    sources, targets = np.where(elsewhere, net.home, -1), np.where(elsewhere, net.stop, -1)
    there = net.home_leg[0] + seconds_pairwise(outward, sources, targets, straight)
    back = net.home_leg[1] + seconds_pairwise(inward, sources, targets, straight)
    by_road = np.maximum(there, back)
    joins = by_road < straight
    leg_s = np.where(joins, _surely(net.home_leg), _surely(net.stop_leg))
    leg_m = np.where(joins, net.on_foot.homes.distance, net.driven.homes.distance)
    return np.where(net.off_network, np.inf, np.minimum(straight, by_road)), leg_s, leg_m


NEAR_COLUMNS = ("settlement_id", "school_id", "mode", "seconds", "metres")
SLACK_S = 1e-6  # searches reach a little further than asked; the door-to-door sum decides


def measure_near(net: Net, county: County, most_s: float, *, closed: Flags | None = None, on_step: OnStep | None = None) -> pd.DataFrame:
    """Return the trips of at most `most_s` as a table of NEAR_COLUMNS, for places too large for a full matrix.

    Seconds and metres are those of `measure_net`: `walk` is walk_s, `ride` is stop_s + ride_s and the metres of the ride. Time and memory
    grow with the trips that are found, not with settlements times schools.
    """
    say = on_step or say_nothing
    say(Words("计算步行时间", "measuring walks"))
    outward, inward = link_pieces(net.pieces, walk_pieces(net), closed)
    there = trips_within(inward, net.school, net.home, most_s + SLACK_S - net.school_leg[1])
    back = there if net.elevation is None else trips_within(outward, net.school, net.home, most_s + SLACK_S - net.school_leg[0])
    there, back = _near_both_ways(there, back)
    home, school = there.target, there.source
    onward_s = there.seconds + net.home_leg[0][home] + net.school_leg[1][school]
    back_s = back.seconds + net.home_leg[1][home] + net.school_leg[0][school]
    walk_m = there.metres + net.on_foot.homes.distance[home] + net.on_foot.schools.distance[school]
    walks = Near(school, home, np.maximum(onward_s, back_s), walk_m)
    say(Words("计算乘车时间", "measuring rides"))
    stop_s, *_ = _time_to_stop(outward, inward, net)
    ahead, behind = link_pieces(net.pieces, ride_pieces(net), closed)
    limits = np.full(len(net.gate), most_s + SLACK_S)
    there, back = _near_both_ways(trips_within(behind, net.gate, net.stop, limits), trips_within(ahead, net.gate, net.stop, limits))
    rides = Near(there.source, there.target, stop_s[there.target] + np.maximum(there.seconds, back.seconds), there.metres)
    return _list_near(county, {"walk": walks, "ride": rides}, most_s)


def _near_both_ways(there: Near, back: Near) -> tuple[Near, Near]:
    """Keep the trips that are near in both directions, in the same order."""
    targets = 1 + max(there.target.max(initial=0), back.target.max(initial=0))
    keys = there.source * targets + there.target, back.source * targets + back.target
    _, one, two = np.intersect1d(*keys, assume_unique=True, return_indices=True)
    there, back = (
        Near(near.source[rows], near.target[rows], near.seconds[rows], near.metres[rows]) for near, rows in ((there, one), (back, two))
    )
    return there, back


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
