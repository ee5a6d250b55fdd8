"""Sides of the road checked a second time: who crosses a road that children must not cross, from the lines that the buses drive."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import shapely

from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from layout_planner.safeguards.bus_check import Given, Roads

ON_M = 1.0
NEAR_M = 15.0


def check_sides(given: Given, roads: Roads) -> Iterator[Words]:
    """Yield everybody who has to cross a road of `buses.no_crossing` to or from his stop, or of whom that cannot be told."""
    settings, edges = given.scenario.buses, roads.driving.paces.edges
    busy = edges["road_class"].isin(settings.no_crossing).to_numpy() & (roads.driving.ahead | roads.driving.behind)
    tree = shapely.STRtree(roads.driving.paces.lines[busy])
    stops = given.county.stops
    safe = set() if stops is None else {stop for stop, crossing in stops["crossing"].items() if crossing}
    for row in given.riders:
        route, stop = str(row["route_id"]), str(row["stop_id"])
        if not route or stop in safe or not len(tree.query(roads.points[stop], predicate="dwithin", distance=ON_M)):
            continue
        home = given.county.settlements.geometry[row["settlement_id"]]
        right_m = _metres_right(given.routes[route]["geometry"], roads.points[stop], home)
        where = f"{route}, {stop}, {row['settlement_id']}, {row['band']}"
        if abs(right_m) < NEAR_M:
            yield Words(
                f"{where}：{row['pupils']}人住在路边，是否须过路不明",
                f"{where}: {row['pupils']} live at the road, on which side is not known",
            )
        elif (right_m > 0) != (settings.keep == "right"):
            yield Words(
                f"{where}：{row['pupils']}人须横过不准过的路", f"{where}: {row['pupils']} cross a road that children must not cross"
            )


def _metres_right(line: shapely.LineString, stop: shapely.Point, home: shapely.Point) -> float:
    """Return how far `home` is to the right of the stretch on which the bus passes `stop`, negative to the left."""
    points = shapely.get_coordinates(line)
    best, found = float("inf"), 0.0
    for (x0, y0), (x1, y1) in pairwise(points):
        away = shapely.distance(shapely.LineString([(x0, y0), (x1, y1)]), stop)
        if away < best - ON_M / 2:
            length = float(np.hypot(x1 - x0, y1 - y0))
            best, found = away, ((y1 - y0) * (home.x - stop.x) - (x1 - x0) * (home.y - stop.y)) / length
    return found
