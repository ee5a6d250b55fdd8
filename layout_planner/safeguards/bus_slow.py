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
OTHER_MODES = ("walk", "bus", "board", "unserved")
TOLERANCE_MINUTES = 0.05


def check_slow(given: Given, layout: Layout, now: Given, today: Layout) -> Iterator[Words]:
    """Yield the homes and bands from which the bus routes make more pupils late on a slow day than are so today or under the layout.

    The layout's own trips are judged by other rules: here it is what the routes add to them.

    now : today's buses; whoever goes another way today is judged by the slow end of that trip.
    """
    before = (_late_riders(now) + _late_trips(now, today, OTHER_MODES)) | _late_trips(given, layout)
    after = _late_riders(given) + _late_trips(given, layout, OTHER_MODES)
    for (home, band), late in sorted(after.items()):
        more = late - before[home, band]
        if more > 0:
            name = given.county.settlements["name"].get(home, home)
            own = [row for row in given.riders if (row["settlement_id"], row["band"]) == (home, band)]
            worst = max((slow_minutes(given, row) for row in own), default=float("inf"))
            yield Words(
                f"{name}（{home}），{band}：路上慢时{more}人全程{worst:.0f}分钟，超过{given.limit_minutes(band):.0f}分钟，比现在和布局估算的都多",
                f"{name} ({home}), {band}: on a slow day {more} take {worst:.0f} min by bus, over {given.limit_minutes(band):.0f}: "
                "more than today and than the layout counted on",
            )


def _late_trips(given: Given, layout: Layout, modes: tuple[str, ...] = ()) -> Counter[Group]:
    """Return how many pupils of every home and band a layout makes late on a slow day, by all modes or by `modes`."""
    late: Counter[Group] = Counter()
    for row in layout.assignment.to_dict("records"):
        mode = str(row["mode"])
        if modes and mode not in modes:
            continue
        key = "board.max_minutes_weekly" if mode == "board" else "travel.max_minutes"
        norm = given.norms.find(key, grades=given.scenario.bands[str(row["band"])], mode=mode)
        if mode == "unserved" or (norm is not None and not float(row["pessimistic_s"]) / MINUTE_S <= norm.value):
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
