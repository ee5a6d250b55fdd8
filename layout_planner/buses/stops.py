"""Where the riders of one school may board: road points within the walk limit of their homes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.travel.doubt import Pace
from layout_planner.travel.network import seconds_within
from layout_planner.travel.options import child_factor, travel_limit_s

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from layout_planner.buses.streets import Streets
    from layout_planner.norms import NormSet
    from layout_planner.plan.case import Case

    Flags = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

SLOW_DAYS = ("slow", "worst")  # values of plan.judge
OTHER_STOPS = 4  # stops of other homes or junctions that a party may choose beside the one nearest to its home


@dataclass(frozen=True)
class Party:
    """Pupils of one home and band who ride to one school; `limit_s` is the longest trip that the norms allow them, door to door."""

    settlement_id: str
    band: str
    pupils: int
    limit_s: float
    pace: float


@dataclass(frozen=True)
class StopChoice:
    """A graph node where a party may board, and the seconds its pupils walk there."""

    party: int
    node: int
    walk_s: float


def list_parties(riders: pd.DataFrame, case: Case, mode: str) -> list[Party]:
    """Return the riders of one school by home and band, sorted; `mode` says whose limit holds, school_bus or board."""
    bands = case.scenario.bands
    return [
        Party(
            str(row["settlement_id"]),
            str(row["band"]),
            int(row["pupils"]),
            travel_limit_s(case.norms, bands[str(row["band"])], mode),
            child_factor(case.norms, bands[str(row["band"])], case.scenario.travel),
        )
        for row in riders.sort_values(["settlement_id", "band"]).to_dict("records")
    ]


def walk_to_nodes(streets: Streets, homes: Ints, norms: NormSet) -> tuple[Ints, Floats]:
    """Return the nodes where a bus may stop near any of `homes`, and an adult's seconds there, the worse direction (homes, nodes).

    homes : positions in the settlement table, ascending.
    """
    net, most_s = streets.net, 60 * norms.value("bus.walk_to_stop_minutes")
    nodes = np.flatnonzero(streets.may_halt)
    outward, inward = streets.walked
    access = net.on_foot.homes
    rows = np.flatnonzero(np.isin(access.place, homes))
    sides = []
    for arcs, leg in ((outward, access.there_s), (inward, access.back_s)):
        by_joint = leg[rows][:, None] + seconds_within(arcs, net.home[rows], nodes, most_s)
        side = np.full((len(homes), len(nodes)), np.inf)
        np.minimum.at(side, np.searchsorted(homes, access.place[rows]), by_joint)
        sides.append(side)
    seconds = np.maximum(*sides)
    near = (seconds <= most_s).any(axis=0)
    return nodes[near], seconds[:, near]


def choose_stops(parties: Sequence[Party], case: Case, streets: Streets, gate: int, *, weekly: bool = False) -> list[StopChoice]:
    """Return where every party may board: the stop nearest to its home, and the nodes that serve most other riders of the school.

    A node counts only within `bus.walk_to_stop_minutes` at the pace of the party, and where a bus may stop. A party without any has no
    choice at all. Boarders, who go once a week, walk to the stop nearest to their home however far it is. Where a stop is left that lies
    on no road which children must not cross and is in time when driven straight, those on such roads are left out: the bus passes in the
    morning on one side and in the afternoon on the other.
    """
    rows = case.travel.settlements.get_indexer(pd.Index([party.settlement_id for party in parties]))
    own = streets.net.main_stop[rows]
    most_s = 60 * case.norms.value("bus.walk_to_stop_minutes")
    homes, of_party = np.unique(rows, return_inverse=True)
    nodes, adult_s = walk_to_nodes(streets, homes, case.norms)
    own_pace = np.array([party.pace for party in parties])
    walk_s = adult_s[of_party] / own_pace[:, None]
    reach = walk_s <= most_s
    ride_s, _ = streets.rides(nodes, np.array([gate]))
    busy = _must_not_cross(case, streets)
    pace = Pace.of(case.norms, "pessimistic" if case.scenario.plan.judge in SLOW_DAYS else "expected")
    longer_s = np.maximum(ride_s[:, 0], streets.rides(np.array([gate]), nodes)[0][0])
    takes_s = walk_s * pace.walk + pace.wait_s + longer_s * pace.ride
    served = reach.T.astype(int) @ np.array([party.pupils for party in parties]) if len(parties) else np.zeros(len(nodes))
    choices = []
    for number in range(len(parties)):
        found: dict[int, float] = {}
        if own[number] >= 0 and streets.may_halt[own[number]]:
            found[int(own[number])] = float(case.travel.stop_s[rows[number]] / own_pace[number])
        open_ = np.flatnonzero(reach[number] & np.isfinite(ride_s[:, 0]))
        order = open_[np.lexsort([nodes[open_], walk_s[number, open_], -served[open_]])]
        calm: list[int] = []
        if busy.any():
            calm = [int(at) for at in order if not busy[nodes[at]] and (weekly or takes_s[number, at] <= parties[number].limit_s)]
        for node in (calm or order.tolist())[: 1 if weekly else OTHER_STOPS]:
            found.setdefault(int(nodes[node]), float(walk_s[number, node]))
        if calm:
            found = {node: walk for node, walk in found.items() if not busy[node]}
        far = int(own[number]) if weekly else -1
        choices += [StopChoice(number, node, walk) for node, walk in sorted(found.items()) if walk <= most_s or node == far]
    return choices


def _must_not_cross(case: Case, streets: Streets) -> Flags:
    """Return the nodes on roads that children must not cross, but for stops of the table with a safe crossing."""
    busy = streets.on_class(case.scenario.buses.no_crossing)
    for node, stop_id in streets.listed.items():
        if case.county.stops is not None and bool(case.county.stops.at[stop_id, "crossing"]):
            busy[node] = False
    return busy
