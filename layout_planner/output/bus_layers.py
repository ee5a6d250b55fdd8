"""School buses on a page: routes and stops for the map, and for every village where and when its bus stops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from layout_planner.output.bus_plans import tell_clock
from layout_planner.output.map_layers import draw_lines
from layout_planner.output.packing import pack_lines
from layout_planner.output.safe import clean_text
from layout_planner.results import FROM_SCHOOL, TO_SCHOOL

if TYPE_CHECKING:
    import pandas as pd

    from layout_planner.output.view import RunView

STRAY_M = 12.0  # how far a drawn route may stray from the real one
NO_COUNT = -1


def encode_buses(view: RunView, when: str, schools: dict[str, int]) -> dict[str, Any] | None:
    """Return the morning's routes and stops of one state; None where a run holds no bus plan or nobody rides.

    `routes` holds [school, run, bus, seats, riders, start, end, km, longest minutes] a route, `lines` their lines in the same order,
    `stops` [x, y, name, English name, time, riders, route] a stop. A count of -1 is not told.
    """
    if view.bus_routes is None or view.bus_stops is None:
        return None
    routes = view.bus_routes[(view.bus_routes["when"] == when) & (view.bus_routes["direction"] == TO_SCHOOL)]
    routes = routes[routes["site_id"].astype(str).isin(schools)]
    if routes.empty:
        return None
    place = {str(route): at for at, route in enumerate(routes["route_id"])}
    stops = view.bus_stops[(view.bus_stops["when"] == when) & view.bus_stops["route_id"].isin(place)]
    return {
        "lines": pack_lines(draw_lines(routes, STRAY_M)),
        "routes": [_route(row, schools) for row in routes.itertuples()],
        "stops": [_stop(row, place) for row in stops.itertuples()],
    }


def _route(row: Any, schools: dict[str, int]) -> list[Any]:  # noqa: ANN401 - a row of a table
    clocks = tell_clock(row.starts_s), tell_clock(row.ends_s)
    figures = round(float(row.ride_km), 1), round(float(row.longest_ride_minutes))
    return [schools[str(row.site_id)], int(row.run), clean_text(row.bus_id), int(row.seats), _count(row), *clocks, *figures]


def _stop(row: Any, place: dict[str, int]) -> list[Any]:  # noqa: ANN401
    x, y = round(row.geometry.x * 1e5), round(row.geometry.y * 1e5)
    return [x, y, clean_text(row.name), clean_text(row.name_en), tell_clock(row.time_s), _count(row), place[str(row.route_id)]]


def _count(row: Any) -> int:  # noqa: ANN401
    riders = getattr(row, "riders", NO_COUNT)
    return int(riders) if np.isfinite(riders) else NO_COUNT


def encode_stops(view: RunView, when: str, villages: dict[str, int], schools: dict[str, int]) -> dict[str, list[Any]]:
    """Return by "village,band,school" [stop, English name, morning time, minutes on foot, time back, minutes door to door].

    Where a village's pupils are shared between runs, the earliest in the morning is told. Without a bus there is no entry.
    """
    if view.bus_riders is None or view.bus_stops is None:
        return {}
    stops = view.bus_stops[view.bus_stops["when"] == when].drop_duplicates(["route_id", "stop_id"])
    riders = view.bus_riders[(view.bus_riders["when"] == when) & (view.bus_riders["route_id"] != "")]
    riders = riders.merge(stops[["route_id", "stop_id", "name", "name_en", "time_s"]], on=["route_id", "stop_id"], how="inner")
    riders = riders[riders["settlement_id"].astype(str).isin(villages) & riders["site_id"].astype(str).isin(schools)]
    keys = ["settlement_id", "band", "site_id"]
    back = riders[riders["direction"] == FROM_SCHOOL].groupby(keys, observed=True)["time_s"].max().to_dict()
    longest = riders.groupby(keys, observed=True)["trip_minutes"].max().to_dict()
    bands = list(view.bands)
    told: dict[str, list[Any]] = {}
    for row in _earliest(riders[riders["direction"] == TO_SCHOOL], keys).to_dict("records"):
        key = tuple(row[name] for name in keys)
        place = f"{villages[str(key[0])]},{bands.index(str(key[1]))},{schools[str(key[2])]}"
        home = tell_clock(back[key]) if key in back else ""
        clock = tell_clock(row["time_s"])
        told[place] = [
            clean_text(row["name"]),
            clean_text(row["name_en"]),
            clock,
            _minutes(row["walk_minutes"]),
            home,
            _minutes(longest[key]),
        ]
    return told


def _minutes(value: float) -> int:
    return round(float(value)) if np.isfinite(value) else NO_COUNT


def _earliest(riders: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    return riders.sort_values([*keys, "time_s", "route_id"]).drop_duplicates(keys)
