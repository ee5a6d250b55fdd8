"""Which bus drives which runs: every run has a window in which it may reach its school, and buses drive on from gate to first stop."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from layout_planner.buses.router import NEVER, TICKS, search_best

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

ROUNDS_A_TRIP = 10
LEAST_ROUNDS = 300
MOST_ROUNDS = 1500


@dataclass(frozen=True)
class Trip:
    """One run as the drivers' roster sees it: seconds it takes to the last passenger off, and when it may begin."""

    seconds: float
    earliest_s: float
    latest_s: float


@dataclass(frozen=True)
class Base:
    """Where some buses stand overnight: what one costs, how many there are (None = as many as are needed), metres between it and the trips.

    way_m : (trips,), to the beginning of a trip where `early` is not set, else from its end; `inf` where there is no way.
    """

    cost: int
    number: int | None
    way_m: Floats


@dataclass(frozen=True)
class Turn:
    """A trip of a bus: which trip, which bus (from 0), when it begins, and at which base its bus stands overnight."""

    trip: int
    bus: int
    starts_s: float
    base: int = 0


def roster_buses(
    trips: Sequence[Trip], between_s: Floats, between_m: Floats, *, bases: Sequence[Base], cost_per_m: float, seed: int, early: bool
) -> list[Turn]:
    """Return a roster of few buses and little empty driving, by bus and time.

    Parameters
    ----------
    between_s, between_m : (trips, trips), from the end of one trip to the beginning of another, `inf` where there is no way.
    bases : where buses come from. Where all together have too few, more are taken from the last one: a trip always has a bus.
    early : every trip as early as the one before allows, else as late as the one after allows: pupils wait at school as little as may be.
    """
    from pyvrp import Client, Depot, Location, ProblemData, VehicleType

    if not trips:
        return []
    tables = _tabulate(between_s * TICKS, between_m * cost_per_m, [base.way_m * cost_per_m for base in bases], to_first=not early)
    day = int(max(trip.latest_s + trip.seconds for trip in trips) * TICKS) + 1
    clients = [
        Client(
            place,
            service_duration=int(np.ceil(trip.seconds * TICKS)),
            tw_early=int(np.ceil(trip.earliest_s * TICKS)),
            tw_late=int(trip.latest_s * TICKS),
        )
        for place, trip in enumerate(trips, start=len(bases))
    ]
    kinds = [
        VehicleType(
            _number(base, len(trips), last=number == len(bases) - 1),
            start_depot=number,
            end_depot=number,
            fixed_cost=base.cost,
            tw_late=day,
        )
        for number, base in enumerate(bases)
        if base.number != 0 or number == len(bases) - 1
    ]
    data = ProblemData(
        [Location(0, 0)] * len(tables[0]), clients, [Depot(place) for place in range(len(bases))], kinds, *([table] for table in tables)
    )
    rounds = min(MOST_ROUNDS, max(LEAST_ROUNDS, ROUNDS_A_TRIP * len(trips)))
    best = search_best(data, rounds, seed)
    chains = sorted(([int(visit.idx) for visit in route if visit.is_client()], int(route.start_depot())) for route in best.routes())
    if not best.is_feasible():
        chains = [([trip], len(bases) - 1) for trip in range(len(trips))]
    timed = _time_early if early else _time_late
    return [replace(turn, base=base) for bus, (chain, base) in enumerate(chains) for turn in timed(chain, bus, trips, between_s)]


def _number(base: Base, trips: int, *, last: bool) -> int:
    """Return how many buses a base gives to the roster."""
    return trips if last or base.number is None else min(base.number, trips)


def _tabulate(seconds: Floats, cost: Floats, ways: Sequence[Floats], *, to_first: bool) -> tuple[Ints, Ints]:
    """Return cost and ticks between all locations: the bases, then the trips. A bus leaves its base when it has to."""
    first = len(ways)
    size = first + len(seconds)
    priced, timed = np.zeros((2, size, size))
    priced[first:, first:], timed[first:, first:] = np.minimum(cost, NEVER), np.minimum(seconds, NEVER)
    for number, way in enumerate(ways):
        if to_first:
            priced[number, first:] = np.minimum(way, NEVER)
        else:
            priced[first:, number] = np.minimum(way, NEVER)
    for table in (priced, timed):
        np.fill_diagonal(table, 0.0)
    return np.ceil(priced).astype(np.int64), np.ceil(timed).astype(np.int64)


def _time_late(chain: list[int], bus: int, trips: Sequence[Trip], between_s: Floats) -> list[Turn]:
    turns: list[Turn] = []
    for trip, after in zip(reversed(chain), [None, *reversed(chain[1:])], strict=True):
        latest = trips[trip].latest_s
        if after is not None:
            latest = min(latest, turns[-1].starts_s - float(between_s[trip, after]) - trips[trip].seconds)
        turns.append(Turn(trip, bus, latest))
    return turns[::-1]


def _time_early(chain: list[int], bus: int, trips: Sequence[Trip], between_s: Floats) -> list[Turn]:
    turns: list[Turn] = []
    for trip, before in zip(chain, [None, *chain], strict=False):
        earliest = trips[trip].earliest_s
        if before is not None:
            earliest = max(earliest, turns[-1].starts_s + trips[before].seconds + float(between_s[before, trip]))
        turns.append(Turn(trip, bus, earliest))
    return turns
