"""The runs of one school by PyVRP: which stop every party uses, which bus serves which stops in which order."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from layout_planner.buses.model import Run

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyvrp
    from numpy.typing import NDArray

    from layout_planner.buses.model import Bell, Vehicles

    Ints = NDArray[np.int64]

TICKS = 10  # PyVRP counts in whole numbers: tenths of a second, always rounded to the longer side
NEVER = 10**8


def route_school(
    bell: Bell, fleet: Sequence[Vehicles], free_s: Sequence[float], *, cost_per_m: float, rounds: int, seed: int, begin: Sequence[Run] = ()
) -> tuple[Run, ...] | None:
    """Return the cheapest runs found to one school, or None where the fleet cannot carry all parties in time.

    Parameters
    ----------
    fleet : buses by kind; those of `Vehicles.school` start at that school when it is done with them.
    free_s : for every school of the plan when its buses are free.
    cost_per_m : what a metre costs beside the cost of a bus.
    rounds : iterations of the search, never seconds, so that the same seed gives the same runs.
    begin : runs to start the search from.
    """
    data = _describe(bell, fleet, free_s, cost_per_m)
    best = search_best(data, rounds, seed, _start(data, begin))
    if not best.is_feasible():
        return None
    return tuple(
        Run(tuple(int(visit.idx) for visit in route if visit.is_client()), kind.seats, kind.school)
        for route, kind in ((route, fleet[route.vehicle_type()]) for route in best.routes())
    )


def search_best(data: pyvrp.ProblemData, rounds: int, seed: int, start: pyvrp.Solution | None = None) -> pyvrp.Solution:
    """Return the best that `rounds` iterations find; that a search is hard is no news: whether it is feasible is asked of what it finds."""
    from pyvrp import solve
    from pyvrp.exceptions import PenaltyBoundWarning
    from pyvrp.stop import MaxIterations

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PenaltyBoundWarning)
        return solve(data, MaxIterations(rounds), seed=seed, collect_stats=False, display=False, initial_solution=start).best


def run_each(bell: Bell, seats: int) -> tuple[Run, ...]:
    """Return a run for every party alone, from its nearest stop: what is left where the search finds nothing."""
    nearest: dict[int, int] = {}
    for choice in range(bell.choices):
        party = int(bell.party[choice])
        if party not in nearest or bell.walk_cost[choice] < bell.walk_cost[nearest[party]]:
            nearest[party] = choice
    return tuple(Run((choice,), seats) for _, choice in sorted(nearest.items()))


def _describe(bell: Bell, fleet: Sequence[Vehicles], free_s: Sequence[float], cost_per_m: float) -> pyvrp.ProblemData:
    """Return the data of PyVRP. Locations: school, anywhere, the schools that buses come from, stops."""
    from pyvrp import Client, Depot, Location, ProblemData, VehicleType

    origins = sorted({kind.school for kind in fleet if kind.school >= 0})
    first = 2 + len(origins)
    seconds, metres = _matrices(bell, origins, first)
    done = int(bell.arrive_s * TICKS)
    clients, groups = _parties(bell, first, done)
    kinds = [
        VehicleType(
            kind.number,
            [kind.seats],
            2 + origins.index(kind.school) if kind.school >= 0 else 1,
            0,
            fixed_cost=kind.cost,
            tw_early=int(np.ceil(free_s[kind.school] * TICKS)) if kind.school >= 0 else 0,
            tw_late=done,
        )
        for kind in fleet
    ]
    size = first + len(bell.to_school_s)
    depots = [Depot(place) for place in range(first)]
    made = [Client(**client) for client in clients]
    cost = np.where(metres >= NEVER, NEVER, np.ceil(metres * cost_per_m)).astype(np.int64)
    return ProblemData([Location(0, 0)] * size, made, depots, kinds, [cost], [seconds], groups)


def _matrices(bell: Bell, origins: list[int], first: int) -> tuple[Ints, NDArray[np.float64]]:
    """Return ticks and metres between all locations; a halt is paid on the way to its stop."""
    size = first + len(bell.to_school_s)
    seconds, metres = np.full((2, size, size), float(NEVER))
    for table, between, to_school, from_schools, halt in (
        (seconds, bell.between_s, bell.to_school_s, bell.from_schools_s, bell.halt_s),
        (metres, bell.between_m, bell.to_school_m, bell.from_schools_m, 0.0),
    ):
        table[first:, first:] = between + halt
        table[first:, 0] = to_school
        table[2:first, first:] = from_schools[origins] + halt
        table[1, first:] = halt
        table[:first, :first] = 0.0
        np.fill_diagonal(table, 0.0)
    ticks = np.where(seconds >= NEVER, NEVER, np.ceil(np.minimum(seconds, NEVER) * TICKS - 1e-6))
    return ticks.astype(np.int64), metres


def _parties(bell: Bell, first: int, done: int) -> tuple[list[dict[str, object]], list[pyvrp.ClientGroup]]:
    """Return the choices as clients; those of one party exclude each other; a shorter walk is a prize."""
    from pyvrp import ClientGroup

    count, dearest = np.bincount(bell.party), np.zeros(int(bell.party.max()) + 1)
    np.maximum.at(dearest, bell.party, bell.walk_cost)
    number = {int(party): group for group, party in enumerate(np.flatnonzero(count > 1))}
    groups = [ClientGroup() for _ in number]
    clients: list[dict[str, object]] = []
    for choice in range(bell.choices):
        group = number.get(int(bell.party[choice]))
        if group is not None:
            groups[group].add_client(choice)
        clients.append(
            {
                "location": first + int(bell.stop[choice]),
                "pickup": [int(bell.pupils[choice])],
                "service_duration": int(np.ceil(bell.board_s[choice] * TICKS - 1e-6)),
                "tw_early": max(0, int(np.ceil(bell.earliest_s[choice] * TICKS - 1e-6))),
                "tw_late": done,
                "prize": int(dearest[bell.party[choice]] - bell.walk_cost[choice]) if group is not None else 0,
                "required": group is None,
                "group": group,
            }
        )
    return clients, groups


def _start(data: pyvrp.ProblemData, begin: Sequence[Run]) -> pyvrp.Solution | None:
    """Return `begin` as a solution, every run on the first kind of bus; None where there is nothing to begin with."""
    from pyvrp import Activity, ActivityType, Route, Solution

    if not begin:
        return None
    visits = [[Activity(ActivityType.CLIENT, choice) for choice in run.choices] for run in begin]
    return Solution(data, [Route(data, visit, 0) for visit in visits])
