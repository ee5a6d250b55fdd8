"""How late public lines run on a bad day, worked out a second time: leg by leg, on the re-check's own roads of buses."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import networkx as nx

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from layout_planner.county.model import TransitLines
    from layout_planner.safeguards.retrace_net import Net

Late = dict[str, list[float]]  # pattern -> by how many seconds each of its calls is late; those behind a cut are missing


def retrace_late(lines: TransitLines, curbs: Mapping[str, Hashable], days: tuple[Net, Net], most_s: float) -> Late:
    """Return how late all patterns are: by what the way between their stops is longer on the second of two `days` than on the first.

    curbs : where the stops stand on the roads of buses; a leg from or to others is driven as on other days.
    """
    known: dict[tuple[str, str], float] = {}
    late: Late = {}
    for row in lines.calls.sort_values(["pattern", "order"]).to_dict("records"):
        pattern, stop = str(row["pattern"]), str(row["stop_id"])
        if pattern not in late:
            late[pattern], before, ended = [0.0], stop, False
            continue
        leg = before, stop
        if leg not in known:
            known[leg] = _longer(curbs.get(before), curbs.get(stop), days, most_s)
        ended, before = ended or math.isinf(known[leg]), stop
        if not ended:
            late[pattern].append(late[pattern][-1] + known[leg])
    return late


def _longer(here: Hashable | None, there: Hashable | None, days: tuple[Net, Net], most_s: float) -> float:
    """Return by how many whole seconds a leg is longer; inf where that is more than `most_s` or no way is left."""
    usual, now = (_drive(day, here, there) for day in days)
    if math.isinf(usual):
        return 0.0
    return float(round(now - usual)) if now - usual <= most_s else math.inf


def _drive(net: Net, here: Hashable | None, there: Hashable | None) -> float:
    if here is None or there is None:
        return math.inf
    if here == there:
        return 0.0
    if here not in net.forward or there not in net.forward:
        return math.inf
    try:
        return float(nx.bidirectional_dijkstra(net.forward, here, there, weight="s")[0])
    except nx.NetworkXNoPath:
        return math.inf
