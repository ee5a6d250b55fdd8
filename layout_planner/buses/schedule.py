"""Which bus drives which runs: every run has a window in which it may reach its school, and buses drive on from gate to first stop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from layout_planner.buses.router import NEVER, TICKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

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
class Turn:
    """A trip of a bus: which trip, which bus (from 0), and when it begins."""

    trip: int
    bus: int
    starts_s: float


def roster_buses(
    trips: Sequence[Trip], between_s: Floats, between_m: Floats, *, bus_cost: int, cost_per_m: float, seed: int, early: bool
) -> list[Turn]:
    """Return a roster of few buses and little empty driving, by bus and time.

    Parameters
    ----------
    between_s, between_m : (trips, trips), from the end of one trip to the beginning of another, `inf` where there is no way.
    early : every trip as early as the one before allows, else as late as the one after allows: pupils wait at school as little as may be.
    """
    from pyvrp import Client, Depot, Location, ProblemData, VehicleType, solve
    from pyvrp.stop import MaxIterations

    if not trips:
        return []
    size = len(trips) + 1
    seconds, metres = np.zeros((2, size, size))
    seconds[1:, 1:], metres[1:, 1:] = np.minimum(between_s * TICKS, NEVER), np.minimum(between_m * cost_per_m, NEVER)
    for table in (seconds, metres):
        np.fill_diagonal(table, 0.0)
    day = int(max(trip.latest_s + trip.seconds for trip in trips) * TICKS) + 1
    clients = [
        Client(
            place,
            service_duration=int(np.ceil(trip.seconds * TICKS)),
            tw_early=int(np.ceil(trip.earliest_s * TICKS)),
            tw_late=int(trip.latest_s * TICKS),
        )
        for place, trip in enumerate(trips, start=1)
    ]
    tables = [[np.ceil(table).astype(np.int64)] for table in (metres, seconds)]
    kind = VehicleType(len(trips), fixed_cost=bus_cost, tw_late=day)
    data = ProblemData([Location(0, 0)] * size, clients, [Depot(0)], [kind], *tables)
    rounds = min(MOST_ROUNDS, max(LEAST_ROUNDS, ROUNDS_A_TRIP * len(trips)))
    best = solve(data, MaxIterations(rounds), seed=seed, collect_stats=False, display=False).best
    chains = [[int(visit.idx) for visit in route if visit.is_client()] for route in best.routes()]
    chains = sorted(chains) if best.is_feasible() else [[trip] for trip in range(len(trips))]
    timed = _time_early if early else _time_late
    return [turn for bus, chain in enumerate(chains) for turn in timed(chain, bus, trips, between_s)]


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
