"""The stops that the county lists, on the road points where a bus may stop."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from layout_planner.buses.streets import Streets
    from layout_planner.plan.case import Case


def use_listed(streets: Streets, case: Case) -> Streets:
    """Return `streets` that knows the stops of the table; no other road point may be used where the scenario says so.

    A stop stands for the nearest road point where a bus may stop, at most `buses.stop_reach_m` away; the nearest stop names a point.
    """
    stops, settings = case.county.stops, case.scenario.buses
    if stops is None or stops.empty:
        return streets
    nodes = np.flatnonzero(streets.may_halt)
    tree = shapely.STRtree(shapely.points(streets.node_xy[nodes]))
    found: dict[int, tuple[float, str]] = {}
    for stop_id, point in stops.geometry.items():
        near, away = tree.query_nearest(point, max_distance=settings.stop_reach_m, return_distance=True, all_matches=False)
        for at, metres in zip(near.tolist(), away.tolist(), strict=True):
            node = int(nodes[at])
            found[node] = min(found.get(node, (np.inf, "")), (float(metres), str(stop_id)))
    return replace(streets, listed={node: stop_id for node, (_, stop_id) in sorted(found.items())}, listed_only=settings.listed_stops_only)
