"""Bus trips on a slow day: walk, wait and drive at the pessimistic end of their ranges, held against who is too late today."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from layout_planner.results import FROM_SCHOOL, TO_SCHOOL
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from layout_planner.plan.layout import Layout
    from layout_planner.safeguards.bus_check import Given

    Row = dict[Hashable, Any]
    Group = tuple[str, str]

MINUTE_S = 60
TOLERANCE_MINUTES = 0.05


def check_slow(given: Given, now: Given, today: Layout) -> Iterator[Words]:
    """Yield the homes and bands from which more pupils are over the limit on a slow day, by their bus routes, than are so today.

    now : today's buses; whoever goes another way today is judged by the slow end of that trip.
    """
    before, after = _late_today(now, today), _late_riders(given)
    for (home, band), late in sorted(after.items()):
        more = late - before[home, band]
        if more > 0:
            name = given.county.settlements["name"].get(home, home)
            worst = max(slow_minutes(given, row) for row in given.riders if (row["settlement_id"], row["band"]) == (home, band))
            yield Words(
                f"{name}（{home}），{band}：路上慢时{more}人全程{worst:.0f}分钟，超过{given.limit_minutes(band):.0f}分钟，现在则不超过",
                f"{name} ({home}), {band}: on a slow day {more} take {worst:.0f} min by bus, over {given.limit_minutes(band):.0f}, "
                "which they keep today",
            )


def _late_today(now: Given, today: Layout) -> Counter[Group]:
    late = _late_riders(now)
    for row in today.assignment.to_dict("records"):
        if row["mode"] == "school_bus":
            continue
        key = "board.max_minutes_weekly" if row["mode"] == "board" else "travel.max_minutes"
        norm = now.norms.find(key, grades=now.scenario.bands[str(row["band"])], mode=str(row["mode"]))
        if row["mode"] == "unserved" or (norm is not None and not float(row["pessimistic_s"]) / MINUTE_S <= norm.value):
            late[str(row["settlement_id"]), str(row["band"])] += int(row["pupils"])
    return late


def _late_riders(given: Given) -> Counter[Group]:
    """Return how many bus riders of every home and band are over the limit on a slow day, the worse direction."""
    found: dict[str, Counter[Group]] = {TO_SCHOOL: Counter(), FROM_SCHOOL: Counter()}
    for row in given.riders:
        band = str(row["band"])
        if not slow_minutes(given, row) <= given.limit_minutes(band) + TOLERANCE_MINUTES:
            found[str(row["direction"])][str(row["settlement_id"]), band] += int(row["pupils"])
    return found[TO_SCHOOL] | found[FROM_SCHOOL]


def slow_minutes(given: Given, row: Row) -> float:
    """Return the minutes of a rider's trip on a slow day, `inf` without a bus; halts take no longer than on any day."""
    norms, name = given.norms, str(row["route_id"])
    if not name:
        return float("inf")
    later = _later_halts_s(given, row) / MINUTE_S
    drive = max(0.0, float(row["ride_minutes"]) - later)
    walk = float(row["walk_minutes"]) / norms.value("speed.walk_range_low")
    return walk + norms.value("bus.wait_minutes_most") + drive / norms.value("speed.ride_range_low") + later


def _later_halts_s(given: Given, row: Row) -> float:
    """Return the seconds of the halts at which a rider sits in the bus: those after his stop, or before it on the way home."""
    halt, board = given.norms.value("bus.halt_seconds"), given.norms.value("bus.board_seconds")
    calls = given.stops[str(row["route_id"])]
    at = next((number for number, call in enumerate(calls) if call["stop_id"] == row["stop_id"]), 0)
    others = calls[at + 1 :] if row["direction"] == TO_SCHOOL else calls[:at]
    return sum(halt + board * int(call["riders"]) for call in others)
