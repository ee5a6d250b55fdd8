"""The shortest journeys by public line that reach one school in time, from every stop; with one change at most.

A journey may begin at any minute, so what counts is its length, from being at the first stop to standing at the school; it must end
between `earliest` and `latest`. All calls are looked at once, from the school backwards: where to get off, what may be caught
after a change, where to get on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layout_planner.travel.timetable import Timetable

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

SHIFT = 31  # a key holds milliseconds above and a position below, so that the least key is the best and names its place
OFFSET_S = 500_000.0
NEVER = np.int64(2**63 - 1)
STOP_APART = 4_000_000.0


@dataclass(frozen=True)
class Footways:
    """Walks between stops for a change, seconds; every stop leads to itself in no time. Sorted by `source`."""

    source: Ints
    target: Ints
    seconds: Floats


@dataclass(frozen=True)
class Board:
    """A timetable made ready for scans.

    order   calls sorted by stop and `ready`
    first   where in `order` each stop begins that has calls at all
    off, catch, walk  changes: the call where one gets off, the place in `order` of the first call one can then get on, seconds between
    """

    timetable: Timetable
    order: Ints
    first: Ints
    off: Ints
    catch: Ints
    walk: Floats


@dataclass(frozen=True)
class FromStops:
    """Journeys from stops to one school; arrays by stop, total_s is inf where there is none.

    total_s = walk_s + wait_s + ride_s, from being at the stop to standing at the school
    early_s   seconds at school before `latest`, less than none where a bad day makes one late
    headway_s sum of the headways of the lines taken
    first, second  patterns taken; -1 = none
    calls     where one gets on, off, on again and off again, positions in the timetable; -1 = none; shape (stops, 4)
    """

    total_s: Floats
    walk_s: Floats
    wait_s: Floats
    ride_s: Floats
    early_s: Floats
    headway_s: Floats
    first: Ints
    second: Ints
    calls: Ints


def make_board(timetable: Timetable, footways: Footways, stops: int) -> Board:
    """Return `timetable` with all changes found that `footways` allow."""
    order = np.lexsort([timetable.ready, timetable.stop])
    begins = np.flatnonzero(np.diff(timetable.stop[order], prepend=-1))
    low, high = (np.searchsorted(footways.source, np.arange(stops), side=side) for side in ("left", "right"))
    alights = np.flatnonzero(np.isfinite(timetable.done))
    here = timetable.stop[alights]
    count = (high - low)[here]
    off = np.repeat(alights, count)
    link = np.repeat(low[here], count) + np.arange(len(off)) - np.repeat(np.cumsum(count) - count, count)
    walk, there = footways.seconds[link], footways.target[link]
    places = timetable.stop[order] * STOP_APART + np.maximum(timetable.ready[order], -OFFSET_S)
    catch = np.searchsorted(places, there * STOP_APART + timetable.done[off] + walk, side="left")
    real = catch < len(order)
    real[real] = timetable.stop[order[catch[real]]] == there[real]
    return Board(timetable, order, begins, off[real], catch[real], walk[real])


def scan_to_school(board: Board, egress_s: Floats, earliest: float, latest: float) -> FromStops:
    """Return the shortest journeys from all stops that end between `earliest` and `latest` seconds, or would on other days.

    egress_s : walk from every stop to the school, inf where it is too far.
    """
    calls = board.timetable
    everything = np.arange(len(calls.run))
    arrive = calls.done + egress_s[calls.stop]
    due = arrive + calls.due_s
    final = pack_keys(np.where((due >= earliest) & (due <= latest), arrive + calls.off_s, np.inf), everything)
    direct = _best_later(final, calls.run)
    caught = _best_from_here(pack_keys(times_of(direct), everything)[board.order], calls.stop[board.order])
    change = np.full(len(everything), NEVER)
    if len(board.off):
        starts = np.flatnonzero(np.diff(board.off, prepend=-1))
        found = pack_keys(times_of(caught[board.catch]), np.arange(len(board.off)))
        change[board.off[starts]] = np.minimum.reduceat(found, starts)
    on_board = _best_later(pack_keys(np.minimum(times_of(final), times_of(change)), everything), calls.run)
    total = times_of(on_board) - calls.ready + calls.on_s
    best = np.full(len(egress_s), NEVER)
    if len(board.first):
        keys = pack_keys(total, everything[::-1])[board.order]  # of equally long journeys the one with the last vehicle
        best[calls.stop[board.order[board.first]]] = np.minimum.reduceat(keys, board.first)
    return _trace(board, egress_s, latest, (best, on_board, final, change, caught, direct))


def _trace(board: Board, egress_s: Floats, latest: float, keys: tuple[Ints, ...]) -> FromStops:
    """Return the journeys that the keys of one scan describe, with their parts in full precision."""
    best, on_board, final, change, caught, direct = keys
    calls, stops = board.timetable, len(egress_s)
    at = np.flatnonzero(best != NEVER)
    get_on = len(calls.run) - 1 - places_of(best[at])
    get_off = places_of(on_board[get_on])
    changed = change[get_off] >> SHIFT < final[get_off] >> SHIFT
    link = places_of(change[get_off[changed]])
    then_on = places_of(caught[board.catch[link]])
    last_off = get_off.copy()
    last_off[changed] = places_of(direct[then_on])
    wait, ride = calls.wait_s[get_on].copy(), calls.done[get_off] - calls.ready[get_on] - calls.wait_s[get_on]
    walk = egress_s[calls.stop[last_off]].copy()
    headway = calls.headway_s[get_on].copy()
    second = np.full(len(at), -1)
    wait[changed] += calls.ready[then_on] - calls.done[get_off[changed]] - board.walk[link] + calls.wait_s[then_on]
    ride[changed] += calls.done[last_off[changed]] - calls.ready[then_on] - calls.wait_s[then_on]
    walk[changed] += board.walk[link]
    headway[changed] += calls.headway_s[then_on]
    second[changed] = calls.pattern[then_on]
    wait += calls.on_s[get_on] + calls.off_s[last_off]
    early = latest - calls.done[last_off] - calls.off_s[last_off] - egress_s[calls.stop[last_off]]
    total, walk, wait, ride, early, headway = (
        _spread(values, at, stops) for values in (walk + wait + ride, walk, wait, ride, early, headway)
    )
    first, last = (_spread(values, at, stops, -1).astype(np.int64) for values in (calls.pattern[get_on], second))
    told = np.full((stops, 4), -1)
    told[at, 0], told[at, 1] = get_on, get_off
    told[at[changed], 2], told[at[changed], 3] = then_on, last_off[changed]
    return FromStops(total, walk, wait, ride, early, headway, first, last, told)


def _spread(values: NDArray[np.generic], at: Ints, count: int, otherwise: float = np.inf) -> Floats:
    whole = np.full(count, float(otherwise))
    whole[at] = values
    return whole


def pack_keys(seconds: Floats, place: Ints) -> Ints:
    """Return keys that order by milliseconds and then by place; NEVER for inf."""
    known = np.isfinite(seconds)
    whole = np.rint((np.where(known, seconds, 0.0) + OFFSET_S) * 1000).astype(np.int64)
    return np.where(known, (whole << SHIFT) | place, NEVER)


def times_of(keys: Ints) -> Floats:
    """Return the seconds of keys, whole milliseconds; inf for NEVER."""
    return np.where(keys == NEVER, np.inf, (keys >> SHIFT) / 1000.0 - OFFSET_S)


def places_of(keys: Ints) -> Ints:
    """Return the places that keys name."""
    return keys & ((1 << SHIFT) - 1)


def _best_from_here(keys: Ints, group: Ints) -> Ints:
    """Return the least key from each place to the end of its group; every round looks twice as far."""
    best, step = keys.copy(), 1
    longest = int(np.bincount(group).max()) if len(group) else 0
    while step < longest:
        same = group[:-step] == group[step:]
        best[:-step] = np.minimum(best[:-step], np.where(same, best[step:], NEVER))
        step *= 2
    return best


def _best_later(keys: Ints, group: Ints) -> Ints:
    """Return the least key of the places of the group that come later."""
    best = _best_from_here(keys, group)
    later = np.full(len(keys), NEVER)
    later[:-1] = np.where(group[:-1] == group[1:], best[1:], NEVER)
    return later
