"""A bad day: the net without the roads that a flood, a slide or ice closes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.county.model import Note
from layout_planner.travel.closures import close_pieces, meets_area
from layout_planner.travel.delays import delay_lines, note_lines
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


def measure_bad_day(net: Net, county: County, settings: Travel, day: BadDay) -> TravelTimes:
    """Return the trips over `net` on a bad day; where homes and schools join the roads stays as on other days."""
    closed = close_pieces(net.edges, net.pieces, day, settings)
    there, on_lines = cut_legs(net, day), list[Note]()
    if county.lines is not None and net.rules is not None:
        running = delay_lines(net, county.lines, closed, net.rules.bad_day_s)
        on_lines.append(note_lines(county.lines, running, day.name))
        county = replace(county, lines=running)
        there = replace(there, rules=net.rules.on_bad_day())
    travel = measure_net(there, county, settings, closed=closed)
    length = float((net.pieces.end - net.pieces.begin)[closed].sum())
    text = Words(f"{day.name.zh}：{length / 1000:.1f}公里道路中断", f"{day.name.en}: {length / 1000:.1f} km of road are closed")
    return replace(travel, notes=(Note("bad_day", text, round(length)), *on_lines))


def cut_legs(net: Net, day: BadDay) -> Net:
    """Return the net without the joints whose legs cross the day's area; stops stay, for one may still walk to them by road."""
    stays, school_stays, halt_stays = (~meets_area(access.line, day) for access in (net.on_foot.homes, net.on_foot.schools, net.halts))
    on_foot = replace(net.on_foot, homes=net.on_foot.homes.only(stays), schools=net.on_foot.schools.only(school_stays))
    stops, gates = (_cut_across(access, day) for access in (net.driven.homes, net.driven.schools))
    driven = replace(net.driven, homes=stops, schools=gates)
    left = replace(net, halts=net.halts.only(halt_stays), halt=net.halt[halt_stays])
    return replace(left, on_foot=on_foot, driven=driven, home=net.home[stays], school=net.school[school_stays])


def _cut_across(access: Access, day: BadDay) -> Access:
    cut = meets_area(access.line, day)
    return replace(access, there_s=np.where(cut, np.inf, access.there_s), back_s=np.where(cut, np.inf, access.back_s))


def time_bad_day(trips: pd.DataFrame, usual: TravelTimes, closed: TravelTimes, norms: NormSet, scenario: Scenario) -> NDArray[np.float64]:
    """Return the seconds of every trip by its own means to its own school on a bad day; np.inf where there is no way.

    A journey by public bus is never told as quicker than on other days: that a late bus is caught which leaves too early on other days is
    luck, and nobody can count on it.

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
            seconds[part] = np.maximum(seconds[part], time_trips(mode, usual, norms, scenario.travel, scenario.bands[band], pace, at))
    return seconds
