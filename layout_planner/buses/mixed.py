"""Mixed loads, an option: runs of several schools in one bus, later schools on the way. Reported apart from the plan.

Finished runs are laid together: both keep the order of their calls, and the quickest way to drive all of them is taken. Whether it may be
driven is then worked out exactly: seats on every stretch, the ride of every party, the hours of every school.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from layout_planner.buses.rosters import Slot, yuan_per_m
from layout_planner.buses.schedule import Trip
from layout_planner.results import TO_SCHOOL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from layout_planner.buses.bells import Ask
    from layout_planner.buses.rosters import Rosters
    from layout_planner.buses.streets import Streets

    Floats = NDArray[np.float64]
    Window = tuple[float, float]

GATE: tuple[int, ...] = ()
MOST_TOGETHER = 3  # laying runs together is repeated so often: a bus serves up to 2**3 of them


@dataclass(frozen=True)
class Visit:
    """One call: its graph node, the run it comes from, the choices that get on there; none at the gate of that run's school."""

    node: int
    part: int
    choices: tuple[int, ...] = GATE


@dataclass(frozen=True)
class Load:
    """One run of a bus, for one school or several, in the order of a morning.

    parts   the single-school runs it was made of
    times   per visit, seconds from the first call at which the bus is there and goes on
    left    (part, choice, seconds at which its pupils are all on board)
    begins  when the run may begin: its first call, or the first gate on the way home
    """

    parts: tuple[Ask, ...]
    visits: tuple[Visit, ...]
    times: tuple[tuple[float, float], ...]
    left: tuple[tuple[int, int, float], ...]
    seats: int
    metres: float
    begins: Window

    @property
    def seconds(self) -> float:
        """From the first call to the last gate."""
        return self.times[-1][0]

    @property
    def reached(self) -> dict[int, float]:
        """Seconds at which the bus is at the gate of every part."""
        return {visit.part: there for visit, (there, _) in zip(self.visits, self.times, strict=True) if visit.choices == GATE}

    @property
    def schools(self) -> int:
        """Number of schools that it serves."""
        return len({ask.round_.site_id for ask in self.parts})


class Mixer:
    """Lays the runs of one direction together; on the way home all is worked out backwards, from the last stop to the first gate."""

    def __init__(self, asked: Sequence[Ask], streets: Streets, rosters: Rosters, direction: str) -> None:
        self.rosters, self.direction = rosters, direction
        self.sizes = sorted({kind.seats for kind in rosters.kinds})
        self.bus_m = min(kind.yuan for kind in rosters.kinds) / (yuan_per_m(rosters.case) / 2)
        nodes = np.unique([visit.node for ask in asked for visit in _visits_of(ask)]).astype(np.int64)
        self.row = {int(node): at for at, node in enumerate(nodes)}
        tables = streets.rides(nodes, nodes)
        self.between_s, self.between_m = tables if direction == TO_SCHOOL else (table.T for table in tables)
        self.single = [self._time((ask,), _visits_of(ask), ask.run.seats) for ask in asked]

    def _time(self, parts: tuple[Ask, ...], visits: Sequence[Visit], seats: int) -> Load:
        """Return the calls as one run with its times."""
        clock, metres = 0.0, 0.0
        times: list[tuple[float, float]] = []
        left: list[tuple[int, int, float]] = []
        before: Visit | None = None
        for visit in visits:
            bell = parts[visit.part].bell
            if before is not None:
                leg = self.row[before.node], self.row[visit.node]
                clock, metres = clock + float(self.between_s[leg]), metres + float(self.between_m[leg])
            there = clock
            if before is None or before.node != visit.node or GATE in (before.choices, visit.choices):
                clock += bell.halt_s
            if visit.choices == GATE:
                clock += count_pupils(parts[visit.part]) * parts[visit.part].round_.clock.board_s
            for choice in visit.choices:
                clock += float(bell.board_s[choice])
                left.append((visit.part, choice, clock))
            times.append((there, clock))
            before = visit
        load = Load(parts, tuple(visits), tuple(times), tuple(left), seats, metres, (-np.inf, np.inf))
        return replace(load, begins=self._begins(load))

    def _begins(self, load: Load) -> Window:
        """Return when the run may begin, empty where the hours of its schools do not agree."""
        low, high = -np.inf, np.inf
        for part, at in load.reached.items():
            clock = load.parts[part].round_.clock
            if self.direction == TO_SCHOOL:
                last = clock.arrive_s - at
                first = last - self.rosters.window_s
            else:
                first = clock.dismissal_s + self.rosters.leave_s - (load.seconds - at)
                last = first + self.rosters.window_s
            low, high = max(low, first), min(high, last)
        return low, high

    def lay_together(self, one: Load, other: Load) -> Load | None:
        """Return the quickest run that makes the calls of both in their order, None where it may not be driven.

        Two runs of one school stay apart, as the search for that school left them, and no stop is called at twice.
        """
        parts = (*one.parts, *other.parts)
        if {ask.round_.site_id for ask in one.parts} & {ask.round_.site_id for ask in other.parts}:
            return None
        shifted = tuple(replace(visit, part=visit.part + len(one.parts)) for visit in other.visits)
        order = _interleave(one.visits, shifted, self.between_s, self.row)
        if order is not None and calls_twice(order):
            return None
        seats = 0 if order is None else next((size for size in self.sizes if size >= most_aboard(parts, order)), 0)
        if order is None or not seats:
            return None
        load = self._time(parts, order, seats)
        return load if load.begins[0] <= load.begins[1] and _in_time(load) else None

    def mix(self, loads: Sequence[Load]) -> list[tuple[int, int, Load]]:
        """Return pairs of `loads` to lay together, each load in one pair at most, as many as save most; those that save most come first.

        A run less counts as a bus less; what it saves or costs in metres is set against that. The roster decides what is kept.
        """
        import networkx as nx

        graph, found = nx.Graph(), {}
        for one, other in combinations(range(len(loads)), 2):
            load = self.lay_together(loads[one], loads[other])
            saved = -1.0 if load is None else self.bus_m + loads[one].metres + loads[other].metres - load.metres
            if load is not None and saved > 0:
                found[one, other] = load, saved
                graph.add_edge(one, other, weight=round(saved))
        pairs = sorted(((min(pair), max(pair)) for pair in nx.max_weight_matching(graph)), key=lambda pair: (-found[pair][1], pair))
        return [(*pair, found[pair][0]) for pair in pairs]

    def slot_of(self, load: Load) -> Slot:
        """Return the run as the roster sees it."""
        ends = load.visits[-1].node, load.visits[0].node
        seconds = load.seconds
        if self.direction == TO_SCHOOL:
            last = load.parts[load.visits[-1].part]
            seconds += last.bell.halt_s + last.round_.clock.board_s * count_pupils(last)
        return Slot(Trip(seconds, *load.begins), load.seats, *ends)


def _visits_of(ask: Ask) -> list[Visit]:
    """Return the calls of one single-school run, its gate last."""
    visits: list[Visit] = []
    for choice in ask.run.choices:
        node = int(ask.round_.node[ask.bell.stop[choice]])
        if visits and visits[-1].node == node:
            visits[-1] = replace(visits[-1], choices=(*visits[-1].choices, choice))
        else:
            visits.append(Visit(node, 0, (choice,)))
    return [*visits, Visit(ask.round_.gate, 0)]


def count_pupils(ask: Ask) -> int:
    """Return the pupils of one single-school run."""
    return int(ask.bell.pupils[list(ask.run.choices)].sum())


def calls_twice(visits: Sequence[Visit]) -> bool:
    """Return whether a run comes back to a stop that it has left."""
    halts = [
        visit.node
        for visit, before in zip(visits, [None, *visits], strict=False)
        if visit.choices and not (before is not None and before.choices and before.node == visit.node)
    ]
    return len(halts) != len(set(halts))


def most_aboard(parts: tuple[Ask, ...], visits: Sequence[Visit]) -> int:
    """Return the most pupils who are on board at one time."""
    aboard, most = 0, 0
    for visit in visits:
        ask = parts[visit.part]
        aboard += int(ask.bell.pupils[list(visit.choices)].sum()) if visit.choices else -count_pupils(ask)
        most = max(most, aboard)
    return most


def _in_time(load: Load) -> bool:
    """Return whether nobody rides longer than his limit, from leaving his stop to his own gate."""
    for part, choice, at in load.left:
        bell = load.parts[part].bell
        limit = bell.arrive_s - float(bell.earliest_s[choice] + bell.board_s[choice])
        if not load.reached[part] - at <= limit:
            return False
    return True


def _interleave(one: Sequence[Visit], other: Sequence[Visit], between_s: Floats, row: dict[int, int]) -> list[Visit] | None:
    """Return the calls of both, each in its own order, in the order that takes least driving."""
    at = [[row[visit.node] for visit in visits] for visits in (one, other)]
    sizes = len(one), len(other)
    best: dict[
        tuple[int, int, int], tuple[float, int]
    ] = {}  # (calls made of each, whose the last was) -> seconds, whose the one before was
    for i in range(sizes[0] + 1):
        for j in range(sizes[1] + 1):
            for last, made in ((0, i), (1, j)):
                if made == 0:
                    continue
                before = (i - 1, j) if last == 0 else (i, j - 1)
                here = at[last][made - 1]
                if before == (0, 0):
                    best[i, j, last] = 0.0, last
                    continue
                ways = [
                    (best[(*before, prior)][0] + float(between_s[at[prior][before[prior] - 1], here]), prior)
                    for prior in (0, 1)
                    if (*before, prior) in best
                ]
                best[i, j, last] = min(ways)
    i, j = sizes
    last = min((0, 1), key=lambda whose: best[i, j, whose])
    if not np.isfinite(best[i, j, last][0]):
        return None
    order: list[Visit] = []
    while i or j:
        prior = best[i, j, last][1]
        order.append(one[i - 1] if last == 0 else other[j - 1])
        i, j = (i - 1, j) if last == 0 else (i, j - 1)
        last = prior
    return order[::-1]


def mix_loads(mixer: Mixer) -> list[list[Load]]:
    """Return ways to group the runs, the unmixed one first: the more are laid together the later."""
    groups = [mixer.single]
    loads = mixer.single
    for _ in range(MOST_TOGETHER):
        pairs = mixer.mix(loads)
        if not pairs:
            break
        for many in sorted({len(pairs) // 2, len(pairs)} - {0}):
            taken = {number for pair in pairs[:many] for number in pair[:2]}
            groups.append([*(load for number, load in enumerate(loads) if number not in taken), *(load for *_, load in pairs[:many])])
        loads = groups[-1]
    return groups
