"""The way home: the morning's runs turned round, and routed anew where one-way roads would make them too long."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from layout_planner.buses.model import Run, Vehicles
from layout_planner.buses.router import route_school

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from layout_planner.buses.bells import Round
    from layout_planner.buses.model import Bell
    from layout_planner.buses.streets import Streets

    Floats = NDArray[np.float64]

ROUNDS = 1000


def ride_seconds(bell: Bell, run: Run) -> list[float]:
    """Return for every choice of the run the seconds from leaving its stop to the gate; of a turned bell, from the gate to its stop."""
    rides, ridden = [], 0.0
    ahead = -1
    for choice in reversed(run.choices):
        here = int(bell.stop[choice])
        if ahead < 0:
            ridden = float(bell.to_school_s[here])
        elif here != ahead:
            ridden += float(bell.between_s[here, ahead]) + bell.halt_s
        rides.append(ridden)
        ridden += float(bell.board_s[choice])
        ahead = here
    return rides[::-1]


def turn_round(round_: Round, streets: Streets) -> Bell:
    """Return the bell with every way driven backwards: a run of it, read from its end, is a run home."""
    bell = round_.bell
    home_s, home_m = (table[0] for table in streets.rides(np.array([round_.gate]), round_.node))
    return replace(bell, between_s=bell.between_s.T, between_m=bell.between_m.T, to_school_s=home_s, to_school_m=home_m)


def runs_home(bell: Bell, runs: Sequence[Run], *, yuan_per_m: float, bus_yuan: int, seed: int) -> list[Run]:
    """Return the runs of the turned `bell`: those of the morning, or others where a ride home would be too long.

    Everybody gets off where he got on. Runs are in the order of the morning: the first choice is the last to get off.
    """
    if all(_in_time(bell, run) for run in runs):
        return list(runs)
    chosen = np.array(sorted(choice for run in runs for choice in run.choices))
    part = np.unique(bell.party[chosen], return_inverse=True)[1]
    kept = replace(
        bell,
        party=part,
        stop=bell.stop[chosen],
        pupils=bell.pupils[chosen],
        earliest_s=bell.earliest_s[chosen],
        board_s=bell.board_s[chosen],
        walk_cost=bell.walk_cost[chosen],
    )
    fleet = [Vehicles(max(run.seats for run in runs), bus_yuan, len(chosen))]
    found = route_school(kept, fleet, (), cost_per_m=yuan_per_m, rounds=ROUNDS, seed=seed)
    if found is None:
        return list(runs)
    return [Run(tuple(int(chosen[choice]) for choice in run.choices), run.seats) for run in found]


def _in_time(bell: Bell, run: Run) -> bool:
    limits = [bell.arrive_s - float(bell.earliest_s[choice] + bell.board_s[choice]) for choice in run.choices]
    return all(ride <= limit for ride, limit in zip(ride_seconds(bell, run), limits, strict=True))
