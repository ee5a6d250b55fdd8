"""From the riders of a school to what the router is asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.buses.model import Bell
from layout_planner.buses.stops import SLOW_DAYS, StopChoice, choose_stops, list_parties
from layout_planner.travel.doubt import Pace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layout_planner.buses.model import Run
    from layout_planner.buses.stops import Party
    from layout_planner.buses.streets import Streets
    from layout_planner.plan.case import Case

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


SECONDS = 60


@dataclass(frozen=True)
class Clock:
    """When a school begins and ends, seconds after midnight, and what buses need around it."""

    bell_s: float
    dismissal_s: float
    early_s: float
    board_s: float
    halt_s: float

    @property
    def arrive_s(self) -> float:
        """When every bus has to be at the gate in the morning."""
        return self.bell_s - self.early_s

    @classmethod
    def of(cls, school: pd.Series, case: Case) -> Clock:
        """Return the times of `school`, the scenario's where its table has none."""
        norms, travel = case.norms, case.scenario.travel
        bell_s, dismissal_s = (
            to_seconds(getattr(travel, name)) if pd.isna(school.get(name)) else float(school[name]) for name in ("bell", "dismissal")
        )
        return cls(
            bell_s,
            dismissal_s,
            SECONDS * norms.value("bus.early_minutes"),
            norms.value("bus.board_seconds"),
            norms.value("bus.halt_seconds"),
        )


@dataclass(frozen=True)
class Round:
    """One school's question to the router, and what its numbers stand for.

    parties  the riders; `party` of a Bell counts parts, for a party larger than a bus or split to fill one
    part_of  party of every part
    choices  stops by party
    node     graph node of every stop of the bell
    pick     position in `choices` of every choice of the bell
    late     parties who would be over their limit even on a bus that drives to school at once
    lost     parties without a stop, or without a way for a bus
    """

    site_id: str
    gate: int
    clock: Clock
    bell: Bell
    parties: list[Party]
    choices: list[StopChoice]
    part_of: Ints
    node: Ints
    pick: Ints
    late: frozenset[int]
    lost: frozenset[int]


@dataclass(frozen=True)
class Ask:
    """One run before it has a bus: its school's question, the bell it is timed by (turned round for the way home), the run."""

    round_: Round
    bell: Bell
    run: Run

    @property
    def outer(self) -> int:
        """Graph node of its outermost stop: the first in the morning, the last on the way home."""
        return int(self.round_.node[self.bell.stop[self.run.choices[0]]])


def to_seconds(clock: str) -> float:
    """Return seconds after midnight of HH:MM."""
    hours, minutes = clock.split(":")[:2]
    return 3600.0 * int(hours) + 60.0 * int(minutes)


def ask_round(site_id: str, riders: pd.DataFrame, case: Case, streets: Streets, *, part: int, weekly: bool = False) -> Round:
    """Return the question of the school `site_id`.

    Parameters
    ----------
    riders : rows of the assignment that go to it by school bus.
    part : most pupils of one home and band who must stay together.
    weekly : boarders, who ride on Fridays and Sundays from the stop nearest to their home, or the next one where a bus may stop.
    """
    norms, clock = case.norms, Clock.of(case.county.schools.loc[site_id], case)
    if weekly:
        clock = replace(clock, bell_s=SECONDS**2 * norms.value("board.return_hour"), early_s=0.0)
    gate = int(streets.net.main_gate[case.travel.schools.get_loc(site_id)])
    parties = list_parties(riders, case, "board" if weekly else "school_bus")
    choices = choose_stops(parties, case, streets, gate, weekly=weekly) if gate >= 0 else []
    node = np.unique(np.array([choice.node for choice in choices], dtype=np.int64))
    to_school = [table[:, 0] for table in streets.rides(node, np.array([gate]))]
    straight_s = dict(zip(node.tolist(), np.maximum(to_school[0], streets.rides(np.array([gate]), node)[0][0]).tolist(), strict=True))
    choices, limits, late = _limit_rides(parties, choices, straight_s, case)
    parts = _split(parties, {choice.party for choice in choices}, part)
    pairs = [(number, k) for number, (party, _) in enumerate(parts) for k, choice in enumerate(choices) if choice.party == party]
    part_no, pick = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    pupils = np.array([parts[number][1] for number in part_no], dtype=np.int64)
    walk_minutes = np.array([choices[k].walk_s for k in pick]) / SECONDS
    between_s, between_m = streets.rides(node, node)
    bell = Bell(
        arrive_s=clock.arrive_s,
        free_s=clock.bell_s,
        party=part_no,
        stop=np.searchsorted(node, [choices[k].node for k in pick]).astype(np.int64),
        pupils=pupils,
        earliest_s=clock.arrive_s - limits[pick] - clock.board_s * pupils,
        board_s=np.asarray(clock.board_s * pupils, dtype=np.float64),
        walk_cost=walk_minutes * pupils * 2 * norms.value("cost.school_days") * norms.value("bus.walk_minute_yuan"),
        halt_s=clock.halt_s,
        between_s=between_s,
        between_m=between_m,
        to_school_s=to_school[0],
        to_school_m=to_school[1],
        from_schools_s=np.zeros((0, len(node))),
        from_schools_m=np.zeros((0, len(node))),
    )
    lost = frozenset(range(len(parties))) - {choice.party for choice in choices}
    return Round(
        site_id, gate, clock, bell, parties, choices, np.array([party for party, _ in parts], dtype=np.int64), node, pick, late, lost
    )


def _limit_rides(
    parties: list[Party], choices: list[StopChoice], straight_s: dict[int, float], case: Case
) -> tuple[list[StopChoice], Floats, frozenset[int]]:
    """Return the choices that can be used, the longest ride of each, and the parties who would be late even on a bus of their own.

    The ride is what the limit of the whole trip leaves after the walk and the wait; there and back, each straight to school, have to fit
    into it. Where the scenario judges slow days, whoever is in time then too, driven straight from some stop, waits at such stops only, and
    his run is held to what is left on a slow day, as if halts were slower as well. Who would be late from every stop may ride as much
    longer than straight as `bus.detour_factor` allows: there is a bus for them, and they are told.

    straight_s : by graph node, the ride to the gate or from it, the longer.
    """
    norms = case.norms
    usable = [choice for choice in choices if np.isfinite(straight_s[choice.node])]
    straight = np.array([straight_s[choice.node] for choice in usable])
    left = _left_for_ride(parties, usable, Pace.of(norms))
    fits = straight <= left
    if case.scenario.plan.judge in SLOW_DAYS:
        slow = _left_for_ride(parties, usable, Pace.of(norms, "pessimistic"))
        keeps = fits & (straight <= slow)
        left = np.where(keeps, np.minimum(left, slow), left)
        sure = {choice.party for choice, ok in zip(usable, keeps, strict=True) if ok}
        fits &= keeps | np.array([choice.party not in sure for choice in usable], dtype=bool)
    late = frozenset(choice.party for choice in usable) - {choice.party for choice, ok in zip(usable, fits, strict=True) if ok}
    most = np.where(fits, left, straight * norms.value("bus.detour_factor"))
    kept = [number for number, choice in enumerate(usable) if fits[number] or choice.party in late]
    return [usable[number] for number in kept], most[kept], late


def _left_for_ride(parties: list[Party], choices: list[StopChoice], pace: Pace) -> Floats:
    """Return seconds of expected driving that the limit of the trip leaves at `pace`, after the walk and the wait."""
    limits = np.array([parties[choice.party].limit_s for choice in choices])
    walks = np.array([choice.walk_s for choice in choices])
    return np.asarray((limits - walks * pace.walk - pace.wait_s) / pace.ride)


def _split(parties: list[Party], known: set[int], part: int) -> list[tuple[int, int]]:
    """Return (party, pupils) of all parts, as equal as whole pupils allow."""
    parts = []
    for number, party in enumerate(parties):
        if number in known:
            count = -(-party.pupils // part)
            parts += [(number, party.pupils // count + (k < party.pupils % count)) for k in range(count)]
    return parts
