"""A bad day: the net without the roads that a flood, a slide or ice closes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from shapely.ops import substring

from layout_planner.county.model import Note
from layout_planner.travel.doubt import Pace
from layout_planner.travel.matrix import measure_net
from layout_planner.travel.options import time_trips
from layout_planner.words import Words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layout_planner.county.model import BadDay, County
    from layout_planner.norms import NormSet
    from layout_planner.scenario import Scenario, Travel
    from layout_planner.travel.access import Access
    from layout_planner.travel.model import TravelTimes
    from layout_planner.travel.net import Net

    Flags = NDArray[np.bool_]


def measure_bad_day(net: Net, county: County, settings: Travel, day: BadDay) -> TravelTimes:
    """Return the trips over `net` on a bad day; where homes and schools join the roads stays as on other days."""
    closed = close_pieces(net, day, settings)
    travel = measure_net(cut_legs(net, day), county, settings, closed=closed)
    length = float((net.pieces.end - net.pieces.begin)[closed].sum())
    text = Words(f"{day.name.zh}：{length / 1000:.1f}公里道路中断", f"{day.name.en}: {length / 1000:.1f} km of road are closed")
    return replace(travel, notes=(Note("bad_day", text, round(length)),))


def close_pieces(net: Net, day: BadDay, settings: Travel) -> Flags:
    """Return which pieces of the net are closed: those that meet the day's area, and those the table closes from its hazards.

    Bridges and tunnels are closed too, unless the scenario says that they stand.
    """
    edges = net.edges
    hazards = sorted(set(day.hazards) & set(settings.bad_day_hazards))
    closed = edges["closed_from"].isin(hazards).to_numpy()[net.pieces.edge]
    if day.area is None:
        return np.asarray(closed)
    hit = _meets(edges.geometry.to_numpy(), day)
    if settings.bad_day_bridges_stand:
        hit &= ~edges["bridge"].to_numpy(dtype=bool)
    rows = np.flatnonzero(hit[net.pieces.edge])
    lines = edges.geometry.to_numpy()
    parts = [substring(lines[net.pieces.edge[row]], net.pieces.begin[row], net.pieces.end[row]) for row in rows]
    closed[rows] |= _meets(np.array(parts, dtype=object), day)
    return np.asarray(closed)


def cut_legs(net: Net, day: BadDay) -> Net:
    """Return the net without the legs between places and roads that cross the day's area."""
    if day.area is None:
        return net
    reached = (net.on_foot.homes, net.on_foot.schools, net.driven.homes, net.driven.schools)
    home, school, stop, gate = (_crossing(access, day) for access in reached)
    legs = ((net.home_leg, home), (net.school_leg, school), (net.stop_leg, stop))
    home_leg, school_leg, stop_leg = ((np.where(cut, np.inf, out), np.where(cut, np.inf, back)) for (out, back), cut in legs)
    return replace(net, home_leg=home_leg, school_leg=school_leg, stop_leg=stop_leg, gate=np.where(gate, -1, net.gate))


def _crossing(access: Access, day: BadDay) -> Flags:
    """Return which legs to the roads, straight or over the terrain, meet the day's area."""
    cut = np.zeros(len(access.line), dtype=bool)
    real = np.flatnonzero(~access.lost)
    cut[real] = _meets(access.line[real], day)
    return cut


def _meets(lines: NDArray[np.object_], day: BadDay) -> Flags:
    """Return which lines meet the day's area."""
    met = np.zeros(len(lines), dtype=bool)
    if len(lines):
        met[shapely.STRtree(lines).query(day.area, predicate="intersects")] = True
    return met


def time_bad_day(trips: pd.DataFrame, usual: TravelTimes, closed: TravelTimes, norms: NormSet, scenario: Scenario) -> NDArray[np.float64]:
    """Return the seconds of every trip by its own means to its own school on a bad day; np.inf where there is no way.

    trips : settlement_id, band, school_id and mode
    usual, closed : the trips of other days and of the bad day
    """
    rows, columns = (
        index.get_indexer(pd.Index(trips[column]))
        for index, column in ((closed.settlements, "settlement_id"), (closed.schools, "school_id"))
    )
    pace, seconds = Pace.of(norms), np.full(len(trips), np.inf)
    kinds = list(zip(trips["band"].astype(str), trips["mode"].astype(str), strict=True))
    for band, mode in sorted(set(kinds)):
        part = np.array([kind == (band, mode) for kind in kinds])
        at = (rows[part], columns[part])
        seconds[part] = time_trips(mode, closed, norms, scenario.travel, scenario.bands[band], pace, at)
        if mode == "bus":
            seconds[part] += _way_round(usual.ride_s[at], closed.ride_s[at])
    return seconds


def _way_round(usual_s: NDArray[np.float64], bad_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return by how much the ride by road is longer: a timetable knows no flood, so a public bus is as late as a ride, or cut off."""
    known = np.isfinite(usual_s)
    return np.where(known, bad_s - np.where(known, usual_s, 0.0), 0.0)
