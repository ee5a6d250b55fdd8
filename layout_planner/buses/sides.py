"""Which side of the road: who has to cross one that children must not cross, to or from his stop.

Known from the data: the line that the bus drives, the place of home and stop, the rule of the road, the class of the road. A bus stops on
the side on which it drives; whoever lives on the other side crosses. Unknown: where exactly in a village a child lives, so a home nearer
to the road than `NEAR_M` may be on either side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from layout_planner.results import CROSSING_COLUMNS

if TYPE_CHECKING:
    from layout_planner.buses.streets import Streets
    from layout_planner.plan.case import Case
    from layout_planner.results import BusPlan

NEAR_M = 15.0
STEP_M = 8.0  # along the line, before and after the stop


def tell_sides(case: Case, streets: Streets, plan: BusPlan) -> pd.DataFrame:
    """Return CROSSING_COLUMNS of all riders whose stop lies on a road of `buses.no_crossing`: `yes`, `no`, or `unknown` near the road.

    Where the table of stops knows a safe crossing nobody counts as crossing.
    """
    classes, settings = set(case.scenario.buses.no_crossing), case.scenario.buses
    lines = dict(zip(plan.routes["route_id"], plan.routes.geometry, strict=True))
    stops = plan.stops.drop_duplicates("stop_id").set_index("stop_id")
    homes, rows = case.county.settlements.geometry, []
    safe = _safe_stops(case)
    on_road = {str(stop): streets.class_at(point, classes) for stop, point in stops.geometry.items()}
    keys = ["route_id", "stop_id", "settlement_id", "band", "direction", "pupils"]
    for route, stop, home, band, direction, pupils in plan.riders.loc[plan.riders["route_id"] != "", keys].itertuples(index=False):
        if on_road[stop] and stop not in safe:
            side = side_of(lines[route], stops.geometry[stop], homes[home])
            crosses = "unknown" if side == 0 else "no" if (side > 0) == (settings.keep == "right") else "yes"
            rows.append((route, stop, stops.at[stop, "name"], on_road[stop], home, band, direction, int(pupils), crosses))
    return pd.DataFrame(rows, columns=list(CROSSING_COLUMNS))


def _safe_stops(case: Case) -> set[str]:
    stops = case.county.stops
    return set() if stops is None else set(stops.index[stops["crossing"].astype(bool)])


def side_of(line: shapely.LineString, stop: shapely.Point, home: shapely.Point) -> int:
    """Return 1 where `home` is on the right of the line as it is driven past `stop`, -1 on the left, 0 too near to tell."""
    at = shapely.line_locate_point(line, stop)
    before, after = (
        shapely.get_coordinates(shapely.line_interpolate_point(line, where))[0]
        for where in (max(0.0, at - STEP_M), min(line.length, at + STEP_M))
    )
    ahead, aside = after - before, shapely.get_coordinates(home)[0] - shapely.get_coordinates(stop)[0]
    length = float(np.hypot(*ahead))
    if not length > 0:
        return 0
    right_m = float(ahead[1] * aside[0] - ahead[0] * aside[1]) / length
    return 0 if abs(right_m) < NEAR_M else int(np.sign(right_m))
