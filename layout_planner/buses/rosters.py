"""From timed runs to buses: each size of bus has a roster of its own, with where its buses stand overnight."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from layout_planner.buses.model import Drive, run_seconds
from layout_planner.buses.nights import bases_of, find_places, list_overnight
from layout_planner.buses.schedule import Trip, roster_buses
from layout_planner.results import TO_SCHOOL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from layout_planner.buses.bells import Ask
    from layout_planner.buses.fleet import Kind
    from layout_planner.buses.streets import Streets
    from layout_planner.plan.case import Case

METRES = 1000  # in a kilometre
MINUTE_S = 60


@dataclass(frozen=True)
class Slot:
    """A run before it has a bus: seats of the bus, when it may begin and how long it takes, the graph nodes of its two ends.

    gate : of its first school in the afternoon, its last in the morning; outer : its outermost stop.
    """

    trip: Trip
    seats: int
    gate: int
    outer: int


def yuan_per_m(case: Case) -> float:
    """Return yuan a year of one metre of a run, there and back on every school day."""
    return 2 * case.norms.value("cost.school_days") * case.norms.value("cost.bus_km_yuan") / METRES


class Rosters:
    """The buses of one plan: their kinds, where they stand, how long pupils may wait at school for another run."""

    def __init__(self, case: Case, streets: Streets, kinds: list[Kind], *, weekly: bool) -> None:
        self.case, self.streets, self.kinds = case, streets, kinds
        self.places = find_places(kinds, case, streets)
        self.window_s = MINUTE_S * case.norms.value("board.most_wait_minutes" if weekly else "bus.most_early_minutes")
        self.leave_s = MINUTE_S * case.norms.value("bus.leave_minutes")

    def drive(self, slots: Sequence[Slot], direction: str) -> list[tuple[int, Drive]]:
        """Return the position of every slot with what its bus drives, by bus and time."""
        driven: list[tuple[int, Drive]] = []
        for seats in sorted({slot.seats for slot in slots}, reverse=True):
            begin = len({drive.bus for _, drive in driven})
            own = [number for number, slot in enumerate(slots) if slot.seats == seats]
            rows = self._drive_size([slots[number] for number in own], direction, seats)
            driven += [(own[slot], replace(drive, bus=drive.bus + begin)) for slot, drive in rows]
        return driven

    def _drive_size(self, slots: list[Slot], direction: str, seats: int) -> list[tuple[int, Drive]]:
        """Return the roster of the runs that take buses of one size."""
        gates, outer = (np.array([getattr(slot, end) for slot in slots], dtype=np.int64) for end in ("gate", "outer"))
        early = direction != TO_SCHOOL
        ways = self.streets.rides(outer, gates) if early else self.streets.rides(gates, outer)
        kinds = [kind for kind in self.kinds if kind.seats == seats]
        bases, overnight = bases_of(kinds, self.places, self.streets, gates, outer, early=early), list_overnight(kinds)
        trips, cost = [slot.trip for slot in slots], yuan_per_m(self.case) / 2
        turns = roster_buses(trips, *ways, bases=bases, cost_per_m=cost, seed=self.case.scenario.solver.seed, early=early)
        driven: list[tuple[int, Drive]] = []
        for turn, before in zip(turns, [None, *turns], strict=False):
            again = before is not None and before.bus == turn.bus
            slot = slots[turn.trip]
            drive = Drive(
                direction=direction,
                bus=turn.bus,
                number=driven[-1][1].number + 1 if again else 1,
                seats=seats,
                starts_s=turn.starts_s,
                begins_at=slot.gate if early else slot.outer,
                ends_at=slot.outer if early else slot.gate,
                gate=slot.gate,
                empty_m=float(ways[1][before.trip, turn.trip]) if before is not None and again else 0.0,
                overnight=overnight[turn.base],
            )
            driven.append((turn.trip, drive))
        return driven


def slot_of(ask: Ask, direction: str, rosters: Rosters) -> Slot:
    """Return how long a run takes, and within what hours it begins."""
    clock, seconds = ask.round_.clock, run_seconds(ask.bell, ask.run)
    if direction == TO_SCHOOL:
        alight_s = clock.halt_s + clock.board_s * float(ask.bell.pupils[list(ask.run.choices)].sum())
        latest = clock.arrive_s - seconds
        trip = Trip(seconds + alight_s, latest - rosters.window_s, latest)
    else:
        leaves_s = clock.dismissal_s + rosters.leave_s
        trip = Trip(seconds, leaves_s, leaves_s + rosters.window_s)
    return Slot(trip, ask.run.seats, ask.round_.gate, ask.outer)
