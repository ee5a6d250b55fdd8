"""Measure every trip from home to school, on foot and by vehicle. See docs/architecture.md, 'What a trip is'."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from layout_planner.travel.model import TravelTimes
from layout_planner.travel.net import Net, build_net, link_pieces, ride_pieces, walk_pieces
from layout_planner.travel.network import Arcs, seconds_between, seconds_pairwise, trips_between
from layout_planner.travel.notes import note_travel
from layout_planner.travel.transit import measure_public
from layout_planner.words import Words

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
    say = on_step or _say_nothing
    say(Words("把居民点和学校接到道路上", "joining settlements and schools to the roads"))
    return measure_net(build_net(county, norms, settings), county, settings, on_step=say)


def measure_net(net: Net, county: County, settings: Travel, *, closed: Flags | None = None, on_step: OnStep | None = None) -> TravelTimes:
    """Return door-to-door seconds and metres over `net`, whose `closed` pieces nobody may use.

    `stop_s` is the walk from home to the point of the drivable roads that is nearest as the crow flies: straight across at off-road speed,
    or along walkable roads where that is quicker; the worse of going and returning.
    """
    say = on_step or _say_nothing
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
    stop_s, stop_leg_s = _time_to_stop(outward, inward, net)
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
        measure_public(net, (outward, inward), county, settings),
        note_travel(county, net, settings.off_network_m),
    )


def _say_nothing(_: Words) -> None:
    return None


def _between(times: Floats, home: Floats, school: Floats) -> Floats:
    """Return (settlements, schools) from (schools, settlements), with what lies between the road and both doors."""
    return np.asarray(times.T + home[:, None] + school[None, :])


def _surely(legs: tuple[Floats, Floats]) -> Floats:
    """Return the lesser of both directions; 0 where there is no leg."""
    least = np.minimum(*legs)
    return np.where(np.isfinite(least), least, 0.0)


def _time_to_stop(outward: Arcs, inward: Arcs, net: Net) -> tuple[Floats, Floats]:
    """Return seconds from home to the nearest drivable point, across or by walkable roads where that is quicker, and those across."""
    straight = np.maximum(*net.stop_leg)
    elsewhere = net.home != net.stop
    sources, targets = np.where(elsewhere, net.home, -1), np.where(elsewhere, net.stop, -1)
    there = net.home_leg[0] + seconds_pairwise(outward, sources, targets, straight)
    back = net.home_leg[1] + seconds_pairwise(inward, sources, targets, straight)
    by_road = np.maximum(there, back)
    leg = np.where(by_road < straight, _surely(net.home_leg), _surely(net.stop_leg))
    return np.where(net.off_network, np.inf, np.minimum(straight, by_road)), leg
