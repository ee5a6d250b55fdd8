"""Public lines on a bad day: every vehicle takes the way round between two stops, and ends where there is none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from layout_planner.county.model import Note
from layout_planner.travel.net import link_pieces, ride_pieces
from layout_planner.travel.network import seconds_pairwise
from layout_planner.words import Words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layout_planner.county.model import TransitLines
    from layout_planner.travel.net import Net

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Ints = NDArray[np.int64]

NAMED = 10


def delay_lines(net: Net, lines: TransitLines, closed: Flags, most_s: float) -> TransitLines:
    """Return `lines` as they run when the `closed` pieces are: calls with `late_s`, none behind a cut.

    Between two stops a vehicle takes the quickest way of a school bus, and is late by what that is longer than on other days, in whole
    seconds; it makes up for nothing later on. Where that is more than `most_s`, or there is no way, it ends. Stops without a road of buses,
    or without a way between them on other days, are reached as on other days.
    """
    calls = lines.calls.reset_index(drop=True)
    node = net.curb[lines.stops.index.get_indexer(calls["stop_id"])]
    onward = np.flatnonzero((calls["pattern"].to_numpy()[1:] == calls["pattern"].to_numpy()[:-1]) if len(calls) else [])
    ends, leg = np.unique(np.column_stack([node[onward], node[onward + 1]]), axis=0, return_inverse=True)
    late = np.zeros(len(calls))
    late[onward + 1] = _more_seconds(net, ends, closed, most_s)[leg.ravel()]
    first = np.maximum.accumulate(np.where(np.isin(np.arange(len(calls)), onward + 1), 0, np.arange(len(calls))))
    missed, sum_s = np.cumsum(np.isinf(late)), np.cumsum(np.where(np.isinf(late), 0.0, late))
    late_s = sum_s - sum_s[first]  # a line's first call is never late
    running = missed == missed[first]
    later = calls.assign(arrive_s=calls["arrive_s"] + late_s, depart_s=calls["depart_s"] + late_s, late_s=late_s)
    return replace(lines, calls=later[running].reset_index(drop=True))


def note_lines(usual: TransitLines, running: TransitLines, day: Words) -> Note:
    """Return which lines end before their last stop on a bad day and which run late, by name; `running` is of `delay_lines`."""
    line = usual.patterns["line"].astype(str)
    called, left = (table.calls.groupby("pattern").size().reindex(line.index, fill_value=0) for table in (usual, running))
    cut = sorted(set(line[left < called]))
    late_s = running.calls.groupby("pattern")["late_s"].max().reindex(line.index, fill_value=0.0)
    minutes = np.ceil(late_s.groupby(line).max() / 60).astype(int)
    late = [(name, minutes[name]) for name in sorted(minutes.index[minutes > 0])]
    told = []
    if cut:
        told.append(_list(Words("开不到终点", "cut short"), [Words(name, name) for name in cut]))
    if late:
        names = [Words(f"{name}（{most}分钟）", f"{name} ({most} min)") for name, most in late]
        told.append(_list(Words("绕行，最多晚点", "late by a way round, at most"), names))
    if not told:
        told.append(Words("照常运行", "all as usual"))
    text = Words(f"{day.zh}，公交：{'；'.join(t.zh for t in told)}", f"{day.en}, public lines: {'; '.join(t.en for t in told)}")
    return Note("bad_day_lines", text, len({*cut, *(name for name, _ in late)}))


def _list(what: Words, names: list[Words]) -> Words:
    """Return what befalls the lines of `names`, the first ten by name."""
    shown, more = names[:NAMED], len(names) - NAMED
    tail = Words(f"等，另有{more}条", f" and {more} more") if more > 0 else Words("", "")
    return Words(f"{what.zh}：{'、'.join(n.zh for n in shown)}{tail.zh}", f"{what.en}: {', '.join(n.en for n in shown)}{tail.en}")


def _more_seconds(net: Net, ends: Ints, closed: Flags, most_s: float) -> Floats:
    """Return how many seconds longer the way between two nodes is without the `closed` pieces; inf where there is none left."""
    (ahead, _), (open_, _) = (link_pieces(net.pieces, ride_pieces(net), shut) for shut in (None, closed))
    tail, head = ends.T
    usual = seconds_pairwise(ahead, tail, head, np.full(len(ends), np.inf))
    known = np.isfinite(usual)
    usual = np.where(known, usual, 0.0)
    left = seconds_pairwise(open_, tail, head, usual + most_s)
    return np.where(known, np.round(left - usual), 0.0)
