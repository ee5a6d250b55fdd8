"""Mixed loads checked a second time, call by call on the re-check's own roads; shares no code with the mixing of runs."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from layout_planner.results import FROM_SCHOOL, TO_SCHOOL
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from layout_planner.results import MixedLoads
    from layout_planner.safeguards.bus_check import Given, Roads

    Row = dict[Hashable, Any]

MINUTE_S = 60
TOLERANCE_S = 3.0
TOLERANCE_SHARE = 0.005


def check_mixed(given: Given, roads: Roads, mixed: MixedLoads) -> Iterator[Words]:
    """Yield what is wrong with the mixed loads; `given` holds the plan with one school a run, whose stops and walks were checked."""
    runs: dict[str, list[Row]] = defaultdict(list)
    for row in mixed.calls.sort_values(["run_id", "call_no"]).to_dict("records"):
        runs[str(row["run_id"])].append(row)
    aboard: dict[str, list[Row]] = defaultdict(list)
    for row in mixed.riders.to_dict("records"):
        aboard[str(row["route_id"])].append(row)
    yield from _check_everybody(given, mixed)
    for name in sorted(runs.keys() | aboard.keys()):
        yield from _check_run(given, roads, name, runs[name], aboard[name])
    yield from _check_turns(given, roads, runs)


def _check_everybody(given: Given, mixed: MixedLoads) -> Iterator[Words]:
    """Everybody rides from the same stop to the same school as in the plan, once each way, and walks as far."""
    keys = ("settlement_id", "band", "site_id", "direction")
    left: Counter[tuple[str, ...]] = Counter()
    for row in given.riders:
        if row["route_id"]:
            left[tuple(str(row[key]) for key in keys)] += int(row["pupils"])
    for row in mixed.riders.to_dict("records"):
        left[tuple(str(row[key]) for key in keys)] -= int(row["pupils"])
    walks = {(str(row["settlement_id"]), str(row["band"]), str(row["stop_id"])): float(row["walk_minutes"]) for row in given.riders}
    for key, pupils in sorted(left.items()):
        if pupils:
            where = ", ".join(key)
            yield Words(f"{where}：混载方案还差{pupils}个座位", f"{where}: {pupils} seats are missing with mixed loads")
    for row in mixed.riders.to_dict("records"):
        own = walks.get((str(row["settlement_id"]), str(row["band"]), str(row["stop_id"])))
        if own is None or not abs(own - float(row["walk_minutes"])) <= TOLERANCE_S / MINUTE_S:
            yield Words(
                f"{row['settlement_id']}：混载方案的站点或步行与线路方案不同",
                f"{row['settlement_id']}: another stop or walk than in the plan",
            )


def _check_run(given: Given, roads: Roads, name: str, calls: list[Row], riders: list[Row]) -> Iterator[Words]:
    if not calls:
        yield Words(f"{name}：没有停靠站", f"{name} has no calls")
        return
    inward = calls[0]["direction"] == TO_SCHOOL
    halt, board = given.norms.value("bus.halt_seconds"), given.norms.value("bus.board_seconds")
    expected: Counter[tuple[str, str]] = Counter()
    for row in riders:
        expected["stop", str(row["stop_id"])] += int(row["pupils"])
        expected["gate", str(row["site_id"])] += int(row["pupils"])
    said: Counter[tuple[str, str]] = Counter()
    inside = 0
    for call in calls:
        gets_on = (call["kind"] == "stop") == inward
        moved = int(call["on"]) if gets_on else int(call["off"])
        said[str(call["kind"]), str(call["place_id"])] += moved
        inside += int(call["on"]) - int(call["off"])
        if not 0 <= inside == int(call["aboard"]) <= int(call["seats"]) or int(call["on"]) + int(call["off"]) != moved:
            yield Words(
                f"{name}：第{call['call_no']}站后车上{inside}人，座位{call['seats']}个",
                f"{name}: {inside} on board after call {call['call_no']}, {call['seats']} seats",
            )
    if inside or said != expected:
        yield Words(f"{name}：上下车人数与学生表不符", f"{name}: who gets on and off is not who rides")
    for here, there in pairwise(calls):
        ride = roads.ride_s(_node(roads, here), _node(roads, there))
        stays = _stay_s(here, halt, board) if here is not calls[0] or inward else 0.0
        if not float(there["time_s"]) - float(here["time_s"]) >= ride + stays - max(TOLERANCE_S, TOLERANCE_SHARE * ride):
            yield Words(
                f"{name}：{there['time_s'] - here['time_s']:.0f}秒内到不了第{there['call_no']}站，复核需{ride + stays:.0f}秒",
                f"{name}: call {there['call_no']} is {there['time_s'] - here['time_s']:.0f} s away, it takes {ride + stays:.0f} s",
            )
    yield from _check_gates(given, name, calls)
    yield from _check_riders(given, name, calls, riders)


def _node(roads: Roads, call: Row) -> Hashable | None:
    place = str(call["place_id"])
    return roads.gate(place) if call["kind"] == "gate" else roads.on_drive.get(place)


def _stay_s(call: Row, halt: float, board: float) -> float:
    return halt + board * (int(call["on"]) + int(call["off"]))


def _leaves_s(given: Given, calls: list[Row], call: Row) -> float:
    """Return when the bus goes on from a call; at the first gate of a run home the table says that itself."""
    if call is calls[0] and call["direction"] == FROM_SCHOOL:
        return float(call["time_s"])
    return float(call["time_s"]) + _stay_s(call, given.norms.value("bus.halt_seconds"), given.norms.value("bus.board_seconds"))


def _check_gates(given: Given, name: str, calls: list[Row]) -> Iterator[Words]:
    """At every school of the run the bus is in time, and nobody waits there longer than allowed."""
    for call in calls:
        if call["kind"] != "gate":
            continue
        low, high = given.gate_hours(str(call["place_id"]), str(call["direction"]))
        at = float(call["time_s"]) if call["direction"] == TO_SCHOOL else _leaves_s(given, calls, call)
        if not low - TOLERANCE_S <= at <= high + TOLERANCE_S:
            yield Words(
                f"{name}：在{call['name']}门口的时间不合", f"{name}: at the gate of {call['name']} {at - high:.0f} s after the last moment"
            )


def _check_riders(given: Given, name: str, calls: list[Row], riders: list[Row]) -> Iterator[Words]:
    """Every ride is as long as the calls say, and no trip is over the limit of its band."""
    wait = given.norms.value("bus.wait_minutes")
    stops: dict[str, list[Row]] = defaultdict(list)
    for call in calls:
        if call["kind"] == "stop":
            stops[str(call["place_id"])].append(call)  # a single-school run may come back to a stop
    gates = {str(call["place_id"]): call for call in calls if call["kind"] == "gate"}
    for row in riders:
        at_stop, gate = stops[str(row["stop_id"])], gates.get(str(row["site_id"]))
        limit = given.limit_minutes(str(row["band"]))
        where = f"{name}, {row['settlement_id']}, {row['band']}"
        if not at_stop or gate is None:
            yield Words(f"{where}：没有他的站或学校", f"{where}: no call at the stop or the school")
            continue
        rides = [_ride_s(given, calls, stop, gate) for stop in at_stop]
        least, most = min(ride[0] for ride in rides), max(ride[1] for ride in rides)
        said = MINUTE_S * float(row["ride_minutes"])
        if not least - TOLERANCE_S <= said <= most + TOLERANCE_S:
            yield Words(
                f"{where}：乘车{said:.0f}秒，时刻表为{least:.0f}至{most:.0f}秒",
                f"{where}: a ride of {said:.0f} s, by the calls {least:.0f} to {most:.0f}",
            )
        trip = float(row["walk_minutes"]) + wait + float(row["ride_minutes"])
        if not trip <= limit + TOLERANCE_S / MINUTE_S:
            yield Words(f"{where}：全程{trip:.1f}分钟，超过{limit:.0f}分钟", f"{where}: {trip:.1f} min door to door, over {limit:.0f} min")


def _ride_s(given: Given, calls: list[Row], stop: Row, gate: Row) -> tuple[float, float]:
    """Return the least and the most seconds between a stop and a gate, whoever of the stop gets on or off first."""
    if gate["direction"] == TO_SCHOOL:
        return float(gate["time_s"]) - _leaves_s(given, calls, stop), float(gate["time_s"]) - float(stop["time_s"])
    return float(stop["time_s"]) - _leaves_s(given, calls, gate), _leaves_s(given, calls, stop) - _leaves_s(given, calls, gate)


def _check_turns(given: Given, roads: Roads, runs: dict[str, list[Row]]) -> Iterator[Words]:
    """A bus has ended one run and driven on before its next begins, and has the same seats on both."""
    by_bus: dict[tuple[str, str], list[list[Row]]] = defaultdict(list)
    for calls in runs.values():
        if calls:
            by_bus[str(calls[0]["bus_id"]), str(calls[0]["direction"])].append(calls)
    seats: dict[str, set[int]] = defaultdict(set)
    for (bus, direction), own in sorted(by_bus.items()):
        seats[bus] |= {int(calls[0]["seats"]) for calls in own}
        own.sort(key=lambda calls: float(calls[0]["time_s"]))
        for one, other in pairwise(own):
            free_s = _leaves_s(given, one, one[-1]) if direction == TO_SCHOOL else float(one[-1]["time_s"])
            drive = roads.ride_s(_node(roads, one[-1]), _node(roads, other[0]))
            late = free_s + (drive if np.isfinite(drive) else np.inf) - float(other[0]["time_s"])
            if not late <= max(TOLERANCE_S, TOLERANCE_SHARE * drive):
                yield Words(f"{bus}：{other[0]['run_id']}开始时晚{late:.0f}秒", f"{bus} is {late:.0f} s late for {other[0]['run_id']}")
    for bus, sizes in sorted(seats.items()):
        if len(sizes) > 1:
            yield Words(f"{bus}：座位数前后不一", f"{bus} has other seats on another run")
