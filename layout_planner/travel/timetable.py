"""Public lines as single calls of single vehicles, in the hours that matter for one school run.

A line with a headway is taken to leave at every full minute of its window: nobody knows its minute, so one may count on any, and waits
half the headway for it (`wait_s`). A line with a timetable is met `transit.buffer_minutes` early.

On a bad day vehicles are late (`late_s` among the calls). Nobody tells a child so: it is at its first stop as on other days and waits for
as long as the vehicle is late; of a line with a headway all are equally late, so it waits no longer. After a change it catches what comes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layout_planner.county.model import TransitLines

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

GRID_S = 60.0
WHOLE = ("run", "pattern", "stop", "row", "order")
SECONDS = ("ready", "done", "wait_s", "headway_s", "due_s", "on_s", "off_s", "start_s")


@dataclass(frozen=True)
class Timetable:
    """Calls sorted by run and along the run; all arrays have shape (calls,).

    run      position of the vehicle's run
    pattern  position in `TransitLines.patterns`
    stop     position in `TransitLines.stops`
    ready    seconds after midnight at which one must be at the stop to get on; -inf where one may not
    done     seconds at which one who gets off is free to walk; inf where one may not
    wait_s   what of the time between `ready` and `done` is waiting
    headway_s  seconds between vehicles, 0 where they keep to a timetable
    due_s    what must be added to `done` to have it as on other days
    on_s, off_s  how much longer a journey lasts that begins, or ends, with this call, because one is at the stop as on other days
    row, start_s, order  position in `TransitLines.runs`, seconds after midnight at which the vehicle leaves its first stop, place
             of the call along the pattern
    """

    run: Ints
    pattern: Ints
    stop: Ints
    ready: Floats
    done: Floats
    wait_s: Floats
    headway_s: Floats
    due_s: Floats
    on_s: Floats
    off_s: Floats
    row: Ints
    start_s: Floats
    order: Ints

    def mirrored(self) -> Timetable:
        """Return the same vehicles in time turned round: what was leaving school late becomes reaching it early."""
        back = slice(None, None, -1)
        return Timetable(
            self.run.max(initial=0) - self.run[back],
            self.pattern[back],
            self.stop[back],
            -self.done[back],
            -self.ready[back],
            self.wait_s[back],
            self.headway_s[back],
            -self.due_s[back],
            self.off_s[back],
            self.on_s[back],
            self.row[back],
            self.start_s[back],
            self.order[back],
        )


def list_calls(lines: TransitLines, begin_s: float, end_s: float, buffer_s: float) -> Timetable:
    """Return all calls between `begin_s` and `end_s`, seconds after midnight; to a timetable one comes `buffer_s` early.

    The hours are those of other days where vehicles are late.
    """
    pattern_of = {name: k for k, name in enumerate(lines.patterns.index)}
    stop_of = {name: k for k, name in enumerate(lines.stops.index)}
    along = dict(iter(lines.calls.groupby("pattern", sort=False)))
    parts: dict[str, list[NDArray[np.generic]]] = {name: [] for name in (*WHOLE, *SECONDS)}
    runs = 0
    for row, (name, first, last, headway) in enumerate(lines.runs.itertuples(index=False)):
        calls = along[name]
        arrive, depart = calls["arrive_s"].to_numpy(dtype=float), calls["depart_s"].to_numpy(dtype=float)
        late = calls["late_s"].to_numpy(dtype=float) if "late_s" in calls else np.zeros(len(calls))
        starts = _starts(float(first), float(last), float(headway), begin_s - (arrive - late)[-1], end_s)
        times = starts[:, None] + np.stack([arrive, depart])[:, None, :]
        kept = (times[0] - late >= begin_s) & (times[1] - late <= end_s)
        wait = headway / 2 if headway > 0 else buffer_s
        stops = np.array([stop_of[stop] for stop in calls["stop_id"]])
        ready = np.where(calls["board"].to_numpy(dtype=bool), times[1] - wait, -np.inf)
        done = np.where(calls["alight"].to_numpy(dtype=bool), times[0], np.inf)
        shape = kept.shape
        for key, values in (
            ("run", runs + np.broadcast_to(np.arange(len(starts))[:, None], shape)),
            ("pattern", np.full(shape, pattern_of[name])),
            ("stop", np.broadcast_to(stops, shape)),
            ("ready", ready),
            ("done", done),
            ("wait_s", np.full(shape, wait)),
            ("headway_s", np.full(shape, float(headway))),
            ("due_s", np.broadcast_to(-late, shape)),
            ("on_s", np.broadcast_to(late if headway <= 0 else 0.0 * late, shape)),
            ("off_s", np.zeros(shape)),
            ("row", np.full(shape, row)),
            ("start_s", np.broadcast_to(starts[:, None], shape)),
            ("order", np.broadcast_to(np.arange(len(stops)), shape)),
        ):
            parts[key].append(values[kept])
        runs += len(starts)
    whole = {key: np.concatenate(found) if found else np.empty(0) for key, found in parts.items()}
    run, pattern, stop, row_of, order = (whole[key].astype(np.int64) for key in WHOLE)
    ready, done, wait_s, headway_s, due_s, on_s, off_s, start_s = (whole[key].astype(float) for key in SECONDS)
    return Timetable(run, pattern, stop, ready, done, wait_s, headway_s, due_s, on_s, off_s, row_of, start_s, order)


def _starts(first: float, last: float, headway: float, begin_s: float, end_s: float) -> Floats:
    """Return when vehicles leave the first stop: once, or at every full minute of a window with a headway."""
    if headway <= 0:
        return np.array([first])
    low = max(0.0, np.ceil((begin_s - first) / GRID_S))
    high = np.floor((min(last, end_s) - first) / GRID_S)
    return np.asarray(first + GRID_S * np.arange(low, high + 1))
