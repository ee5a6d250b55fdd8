"""Checks bus duties under the published rules in plain Python; shares nothing with the router but the file reader."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sbrp_cases import Place

    Trip = tuple[str, list[str]]  # school, stops in the order of boarding

SEATS, HALT_S, PUPIL_S, ALIGHT_S, FEET_S = 66, 19.0, 2.6, 154.4, 29.3333333
ROUNDING_S = 1e-6


def check_trips(trips: Sequence[Trip], schools: dict[str, Place], stops: dict[str, Place], limit_s: float) -> list[str]:
    """Return every fault: a bus too full, a ride too long, a stop of another school, a stop served never or twice."""
    faults, served = [], dict.fromkeys(stops, 0)
    for school_id, called in trips:
        for stop in called:
            served[stop] += 1
            if stops[stop].school != school_id:
                faults.append(f"stop {stop} is not of school {school_id}")
        aboard = sum(stops[stop].pupils for stop in called)
        if aboard > SEATS:
            faults.append(f"{aboard} pupils on one bus to {school_id}")
        rode = 0.0
        ahead = schools[school_id]
        for stop in reversed(called):
            rode += _drive_s(stops[stop], ahead)
            if not rode <= limit_s + ROUNDING_S:
                faults.append(f"{rode:.1f} s from stop {stop} to {school_id}")
            rode += HALT_S + PUPIL_S * stops[stop].pupils
            ahead = stops[stop]
    faults += [f"stop {stop} is served {times} times" for stop, times in served.items() if times != 1]
    return faults


def check_duties(duties: Sequence[Sequence[Trip]], schools: dict[str, Place], stops: dict[str, Place], limit_s: float) -> list[str]:
    """Return the faults of all trips, and of every bus that cannot be at its next first stop in time."""
    faults = check_trips([trip for duty in duties for trip in duty], schools, stops, limit_s)
    for duty in duties:
        for (before, _), (school_id, called) in pairwise(duty):
            clock = schools[before].bell_s
            here = schools[before]
            for stop in called:
                clock += _drive_s(here, stops[stop]) + HALT_S + PUPIL_S * stops[stop].pupils
                here = stops[stop]
            clock += _drive_s(here, schools[school_id]) + ALIGHT_S
            if not clock <= schools[school_id].bell_s + ROUNDING_S:
                faults.append(f"a bus from {before} is {clock - schools[school_id].bell_s:.1f} s late at {school_id}")
    return faults


def _drive_s(begin: Place, end: Place) -> float:
    return (abs(begin.x - end.x) + abs(begin.y - end.y)) / FEET_S
