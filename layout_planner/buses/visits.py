"""Weekly rounds of the teachers who visit children taught at home: one day's round after another, by car along the roads of buses."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from layout_planner.buses.router import search_best
from layout_planner.buses.streets import Streets
from layout_planner.results import ROUND_COLUMNS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layout_planner.plan.case import Case
    from layout_planner.travel.net import Net

    Floats = NDArray[np.float64]
    Rows = list[dict[str, Any]]

SECONDS = 60
METRES = 1000
SHOWN = 1
A_ROUND = 1_000_000  # seconds that one round less is worth
ROUNDS = 200


def plan_rounds(case: Case, net: Net, visits: pd.DataFrame) -> pd.DataFrame:
    """Return the rounds (ROUND_COLUMNS) that bring teachers to every settlement of `visits`, the rows of one layout in `home_visits`.

    A round leaves the school, is back within `visits.day_hours`, and is driven `disabled.visits_per_week` times a week, on different days.
    A place that no car reaches is walked to from its stop; one that takes longer than a day alone is a round of its own and told by its
    hours. Places without any way have round 0.
    """
    streets, rows = Streets(net), []
    for school_id, own in visits.sort_values("settlement_id").groupby("school_id", sort=True):
        rows += _school_rounds(case, streets, str(school_id), own)
    return pd.DataFrame(rows, columns=list(ROUND_COLUMNS))


def _school_rounds(case: Case, streets: Streets, school_id: str, own: pd.DataFrame) -> Rows:
    norms, travel, net = case.norms, case.travel, streets.net
    at = travel.settlements.get_indexer(pd.Index(own["settlement_id"]))
    gate = -1 if school_id == "" else int(net.main_gate[travel.schools.get_loc(school_id)])
    nodes, walk_s = net.main_stop[at], travel.stop_s[at]
    stays_s = SECONDS**2 * norms.value("disabled.hours_per_visit") * own["pupils"].to_numpy(dtype=float)
    reached = (nodes >= 0) & np.isfinite(walk_s) & np.isfinite(streets.rides(np.array([gate]), nodes)[0][0])
    far = zip(own["settlement_id"].to_numpy()[~reached], stays_s[~reached], strict=True)
    lost = [_row(case, school_id, (0, 0), name, (np.inf, stay), (np.inf, np.inf)) for name, stay in far]
    if gate < 0 or not reached.any():
        return lost
    places = np.concatenate([[gate], nodes[reached]])
    drive_s, drive_m = streets.rides(places, places)
    needs_s = stays_s[reached] + 2 * walk_s[reached]
    names = own["settlement_id"].to_numpy()[reached]
    found: Rows = []
    days = _split_days(drive_s, needs_s, SECONDS**2 * norms.value("visits.day_hours"), case.scenario.solver.seed)
    for number, order in enumerate(days, start=1):
        legs = list(pairwise([0, *(k + 1 for k in order), 0]))
        hours = (sum(float(drive_s[leg]) for leg in legs) + float(needs_s[order].sum())) / SECONDS**2
        km = sum(float(drive_m[leg]) for leg in legs) / METRES
        found += [
            _row(case, school_id, (number, stop_no), names[k], (walk_s[reached][k], stays_s[reached][k]), (km, hours))
            for stop_no, k in enumerate(order, start=1)
        ]
    return [*found, *lost]


def _split_days(drive_s: Floats, needs_s: Floats, day_s: float, seed: int) -> list[list[int]]:
    """Return few rounds, each within a day where that can be, as the positions of the places visited."""
    from pyvrp import Client, Depot, Location, ProblemData, VehicleType

    seconds = np.ceil(drive_s).astype(np.int64)
    alone = seconds[0, 1:] + seconds[1:, 0] + np.ceil(needs_s).astype(np.int64)
    clients = [Client(place, service_duration=int(np.ceil(stay))) for place, stay in enumerate(needs_s, start=1)]
    kind = VehicleType(len(clients), fixed_cost=A_ROUND, shift_duration=int(max(day_s, alone.max())))
    data = ProblemData([Location(0, 0)] * len(seconds), clients, [Depot(0)], [kind], [seconds], [seconds])
    best = search_best(data, ROUNDS, seed)
    return sorted([int(visit.idx) for visit in route if visit.is_client()] for route in best.routes())


def _row(
    case: Case, school_id: str, place: tuple[int, int], home: str, takes_s: tuple[float, float], whole: tuple[float, float]
) -> dict[str, Any]:
    """Return one row: (round, stop), who is visited, seconds of the walk and of the visit, kilometres and hours of the round."""
    return {
        "school_id": school_id,
        "round": place[0],
        "times_week": float(case.norms.value("disabled.visits_per_week")),
        "stop_no": place[1],
        "settlement_id": str(home),
        "stays_minutes": round(float(takes_s[1]) / SECONDS, SHOWN),
        "walk_minutes": round(float(takes_s[0]) / SECONDS, SHOWN),
        "round_km": round(float(whole[0]), SHOWN),
        "round_hours": round(float(whole[1]), SHOWN),
    }
