"""Every journey by public bus measured a second time: shortest ways through a graph of all moments at which something happens.

Nothing here is shared with `travel`. A node is a vehicle at a stop with one or two rides taken, or a place in the queue of a stop where one
waits for the next vehicle after a change; the way to school ends at the school's gate, the way home begins there.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import networkx as nx
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from layout_planner.county.model import County, TransitLines
    from layout_planner.norms import NormSet
    from layout_planner.safeguards.retrace_late import Late
    from layout_planner.safeguards.retrace_net import Net
    from layout_planner.scenario import Scenario

Near = dict[str, tuple[float, float]]  # stop -> seconds from a place to the stop, and from the stop to the place
Journeys = dict[tuple[str, str, float], float]
HOUR_S = 3600.0
SPARE_S = 120.0
ALIKE_S = 2.0  # journeys that differ by no more are one as long as the other: twice what the re-check lets a figure differ
ALIKE_SHARE = 0.01


class Stay(NamedTuple):
    """One vehicle at one stop: seconds after midnight, whether one may get on and off, how late it is (in both)."""

    stop: str
    arrive: float
    depart: float
    board: bool
    alight: bool
    late: float


class Vehicle(NamedTuple):
    """One vehicle on its way and how long one waits for it.

    waits_on : one is there as on other days where it is the first vehicle taken, and waits for as long as it is late
    run, start, skipped : row of the table of runs, seconds at the first stop, stops passed before the hours that matter
    """

    wait: float
    stays: tuple[Stay, ...]
    run: int
    start: float
    skipped: int
    waits_on: bool

    def stands(self, k: int) -> float:
        """Return how much longer one waits for it at stay `k` who has no ride behind."""
        return self.stays[k].late if self.waits_on else 0.0


class Sitting(NamedTuple):
    """Being on board between a stop (its place along the line) and the next."""

    run: int
    start: float
    place: int


Sittings = frozenset[frozenset[Sitting]]  # for every journey that counts, where one sits


def retrace_public(county: County, scenario: Scenario, norms: NormSet, wanted: pd.DataFrame, walking: Net, late: Late) -> Journeys:
    """Return door-to-door seconds of the worse direction by (home, school, child factor).

    wanted : rows of the assignment that go by public bus, with the `factor` of their band.
    late : of `retrace_late`, empty on an ordinary day.
    """
    found = _both_ways(county, scenario, norms, wanted, walking, late)
    return {trip: max(way.between(trip[1], near) for way in ways) for trip, ways, near in found}


def list_sittings(
    county: County, scenario: Scenario, norms: NormSet, wanted: pd.DataFrame, walking: Net
) -> dict[tuple[str, str, float], tuple[Sittings, Sittings]]:
    """Return how one may sit on public buses, on the way to school and home, by (home, school, child factor).

    Every journey counts that is the shortest within the tolerance of the re-check: nobody can say which of them pupils take.
    """
    return {
        trip: (ways[0].sittings(trip[1], near), ways[1].sittings(trip[1], near))
        for trip, ways, near in _both_ways(county, scenario, norms, wanted, walking, {})
    }


def _both_ways(
    county: County, scenario: Scenario, norms: NormSet, wanted: pd.DataFrame, walking: Net, late: Late
) -> Iterator[tuple[tuple[str, str, float], tuple[_Moments, _Moments], Near]]:
    """Yield every trip of `wanted` with the moments of both directions and the stops near home."""
    if county.lines is None or wanted.empty:
        return
    longest = float(wanted["seconds"].replace(math.inf, HOUR_S).max()) + SPARE_S
    for factor, rows in wanted.groupby("factor"):
        feet = _Feet(county, norms, float(str(factor)), walking)
        schools = sorted(set(rows["school_id"]))
        bells, ends = (_hours(county, scenario, column, schools) for column in ("bell", "dismissal"))
        there = _Moments((county.lines, late), norms, feet, bells, longest, homeward=False)
        back = _Moments((county.lines, late), norms, feet, ends, longest, homeward=True)
        for home, school in sorted(set(zip(rows["settlement_id"], rows["school_id"], strict=True))):
            yield (home, school, float(str(factor))), (there, back), feet.near("home", home)


def _hours(county: County, scenario: Scenario, column: str, schools: list[str]) -> dict[str, float]:
    usual = pd.Timedelta(f"{getattr(scenario.travel, column)}:00").total_seconds()
    own = county.schools[column] if column in county.schools else pd.Series(dtype=float)
    return {school: usual if pd.isna(own.get(school)) else float(own[school]) for school in schools}


class _Feet:
    """Walks of a child between stops and homes, schools and other stops."""

    def __init__(self, county: County, norms: NormSet, factor: float, walking: Net) -> None:
        self.factor, self.walking = factor, walking
        self.stops = [str(stop) for stop in county.lines.stops.index] if county.lines is not None else []
        self.most = {"stop": 60 * norms.value("transit.change_walk_minutes"), "other": 60 * norms.value("bus.walk_to_stop_minutes")}

    def near(self, kind: str, name: str) -> Near:
        """Return the stops near a home, a school or a stop ("halt")."""
        most = self.most["stop" if kind == "halt" else "other"]
        if (kind, name) not in self.walking.joints:
            return {}
        reach = most * self.factor
        ahead = nx.single_source_dijkstra_path_length(self.walking.forward, ("out", kind, name), cutoff=reach, weight="s")
        behind = nx.single_source_dijkstra_path_length(self.walking.backward, ("in", kind, name), cutoff=reach, weight="s")
        found = {}
        for stop in self.stops:
            going = ahead.get(("in", "halt", stop), math.inf) / self.factor
            returning = behind.get(("out", "halt", stop), math.inf) / self.factor
            if max(going, returning) <= most:
                found[stop] = (going, returning)
        if kind == "halt":
            found[name] = (0.0, 0.0)
        return found


class _FromGate(NamedTuple):
    """What lies before or behind the gate of a school.

    away     seconds between the gate and all nodes
    ends     by stop, the nodes at which one has the first ride ahead, or the last behind
    soonest  by stop, the fewest seconds of these
    """

    away: dict[Hashable, float]
    ends: dict[str, list[Hashable]]
    soonest: dict[str, float]


class _Moments:
    """The graph of one direction."""

    def __init__(
        self, timed: tuple[TransitLines, Late], norms: NormSet, feet: _Feet, hours: dict[str, float], longest: float, *, homeward: bool
    ) -> None:
        self.homeward, self.longest = homeward, longest
        early = 60 * norms.value("transit.most_early_minutes")
        low, high = min(hours.values()), max(hours.values())
        window = (low, high + early + longest) if homeward else (low - early - longest, high)
        self.vehicles = list(_vehicles(*timed, 60 * norms.value("transit.buffer_minutes"), window))
        self.graph = nx.DiGraph()
        self.queues = self._line_up()
        near = {stop: feet.near("halt", stop) for stop in {stay.stop for vehicle in self.vehicles for stay in vehicle.stays}}
        for number, vehicle in enumerate(self.vehicles):
            self._ride(number, vehicle)
            self._change(number, vehicle, near)
        for school, hour in hours.items():
            self._open_gate(school, feet.near("school", school), (hour, hour + early) if homeward else (hour - early, hour))
        self._searched: dict[str, _FromGate] = {}

    def _line_up(self) -> dict[str, list[tuple[float, Hashable]]]:
        """Return, for every stop, the moments at which one must be there for its vehicles; one waits from each to the next."""
        queues: dict[str, list[tuple[float, Hashable]]] = defaultdict(list)
        for number, vehicle in enumerate(self.vehicles):
            for k, stay in enumerate(vehicle.stays[:-1]):
                if stay.board:
                    queues[stay.stop].append((stay.depart - vehicle.wait, ("ready", 2, number, k)))
        for stop, moments in queues.items():
            moments.sort()
            for place, (time, ready) in enumerate(moments):
                self.graph.add_edge(("queue", stop, place), ready, s=0.0)
                if place:
                    self.graph.add_edge(("queue", stop, place - 1), ("queue", stop, place), s=time - moments[place - 1][0])
        return queues

    def _ride(self, number: int, vehicle: Vehicle) -> None:
        for k, stay in enumerate(vehicle.stays):
            for rides in (1, 2):
                if stay.board:
                    wait = vehicle.wait + (vehicle.stands(k) if rides == 1 else 0.0)
                    self.graph.add_edge(("ready", rides, number, k), ("leaves", rides, number, k), s=wait)
                self.graph.add_edge(("arrives", rides, number, k), ("leaves", rides, number, k), s=stay.depart - stay.arrive)
                if k:
                    before = vehicle.stays[k - 1].depart
                    self.graph.add_edge(("leaves", rides, number, k - 1), ("arrives", rides, number, k), s=stay.arrive - before)

    def _change(self, number: int, vehicle: Vehicle, near: dict[str, Near]) -> None:
        for k, stay in enumerate(vehicle.stays):
            for stop, (walk, _) in near[stay.stop].items() if k and stay.alight else ():
                queue = self.queues.get(stop, [])
                place = bisect_left(queue, stay.arrive + walk, key=itemgetter(0))
                if place < len(queue):
                    self.graph.add_edge(("arrives", 1, number, k), ("queue", stop, place), s=queue[place][0] - stay.arrive)

    def _open_gate(self, school: str, near: Near, window: tuple[float, float]) -> None:
        """Join the school with all vehicles that reach it, or leave it, within the window, or would if they were not late."""
        gate = ("gate", school)
        self.graph.add_node(gate)
        for number, vehicle in enumerate(self.vehicles):
            for k, stay in enumerate(vehicle.stays):
                to_stop, from_stop = near.get(stay.stop, (math.inf, math.inf))
                if self.homeward and stay.board and window[0] <= stay.depart - stay.late - vehicle.wait - to_stop <= window[1]:
                    self.graph.add_edge(gate, ("ready", 1, number, k), s=to_stop)
                if not self.homeward and k and stay.alight and window[0] <= stay.arrive - stay.late + from_stop <= window[1]:
                    for rides in (1, 2):
                        self.graph.add_edge(("arrives", rides, number, k), gate, s=from_stop)

    def between(self, school: str, near: Near) -> float:
        """Return seconds of the shortest journey between a school and a home with the stops `near` it."""
        soonest, side = self._search(school).soonest, int(self.homeward)
        return min((walks[side] + soonest.get(stop, math.inf) for stop, walks in near.items()), default=math.inf)

    def sittings(self, school: str, near: Near) -> Sittings:
        """Return where one sits on every journey between a school and a home that is the shortest but for the tolerance."""
        away, ends, _ = self._search(school)
        side, steps = int(self.homeward), self.graph.pred if self.homeward else self.graph.succ
        begins = [(walks[side], node) for stop, walks in near.items() for node in ends.get(stop, ())]
        best = min((spent + away[node] for spent, node in begins), default=math.inf)
        most, found = best + max(ALIKE_S, ALIKE_SHARE * best), set()
        waiting: list[tuple[float, Hashable, frozenset[Sitting]]] = [(spent, node, frozenset()) for spent, node in begins]
        while waiting:
            spent, node, sat = waiting.pop()
            if not spent + away.get(node, math.inf) <= most:
                continue
            if node == ("gate", school):
                found.add(sat)
                continue
            for after, edge in steps[node].items():
                waiting.append((spent + edge["s"], after, sat | self._sitting(node, after)))
        return frozenset(found)

    def _sitting(self, one: Any, other: Any) -> frozenset[Sitting]:  # noqa: ANN401 - nodes of four shapes
        """Return the ride from a stop to the next between two nodes, in either order; nothing where they are no ride."""
        leaves, arrives = (other, one) if self.homeward else (one, other)
        if leaves[0] != "leaves" or arrives[0] != "arrives":
            return frozenset()
        vehicle = self.vehicles[leaves[2]]
        return frozenset([Sitting(vehicle.run, vehicle.start, vehicle.skipped + leaves[3])])

    def _search(self, school: str) -> _FromGate:
        if school not in self._searched:
            graph = self.graph if self.homeward else self.graph.reverse(copy=False)
            away = nx.single_source_dijkstra_path_length(graph, ("gate", school), cutoff=self.longest, weight="s")
            ends: dict[str, list[Hashable]] = defaultdict(list)
            for node in away:
                if node[0] not in {"ready", "arrives"}:
                    continue
                kind, rides, number, k = node
                stay = self.vehicles[number].stays[k]
                if kind == "arrives" and k > 0 and stay.alight if self.homeward else kind == "ready" and rides == 1:
                    ends[stay.stop].append(node)
            soonest = {stop: min(away[node] for node in nodes) for stop, nodes in ends.items()}
            self._searched[school] = _FromGate(away, ends, soonest)
        return self._searched[school]


def _vehicles(lines: TransitLines, late: Late, buffer_s: float, window: tuple[float, float]) -> Iterator[Vehicle]:
    """Yield all vehicles with the stays that lie in the window on other days; a line with a headway has one every full minute."""
    ways: dict[str, list[tuple[object, ...]]] = defaultdict(list)
    for row in lines.calls.sort_values(["pattern", "order"]).to_dict("records"):
        ways[str(row["pattern"])].append((str(row["stop_id"]), row["arrive_s"], row["depart_s"], bool(row["board"]), bool(row["alight"])))
    for number, run in enumerate(lines.runs.to_dict("records")):
        first, last, headway = (float(run[name]) for name in ("first_s", "last_s", "headway_s"))
        minutes = int((last - first) // 60) if headway > 0 else 0
        calls = ways[str(run["pattern"])]
        delays = late.get(str(run["pattern"]), [0.0] * len(calls))
        for minute in range(minutes + 1):
            start = first + 60 * minute
            stays = [
                Stay(stop, start + more + arrive, start + more + depart, *may, more)  # type: ignore[operator,arg-type,call-arg]
                for (stop, arrive, depart, *may), more in zip(calls, delays, strict=False)
            ]
            inside = tuple(stay for stay in stays if window[0] <= stay.arrive - stay.late and stay.depart - stay.late <= window[1])
            if len(inside) > 1:
                wait = headway / 2 if headway > 0 else buffer_s
                yield Vehicle(wait, inside, number, start, stays.index(inside[0]), waits_on=headway <= 0)
