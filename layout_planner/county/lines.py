"""Public lines from any source in one structure: patterns of stops and times, and the runs along them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from layout_planner.county.model import CALL_COLUMNS, RUN_COLUMNS, TransitLines

if TYPE_CHECKING:
    from collections.abc import Iterable


class Call(NamedTuple):
    """A stop on the way: seconds after the vehicle leaves the first stop, and whether one may get on and off."""

    stop_id: str
    arrive_s: float
    depart_s: float
    board: bool = True
    alight: bool = True


class Run(NamedTuple):
    """Departures from the first stop: one that keeps to its minute (headway 0), or one every `headway_s` at no fixed minute."""

    first_s: float
    last_s: float
    headway_s: float = 0.0


class Service(NamedTuple):
    """One way of running a line; seats for pupils on every departure, endless where they are not told."""

    line_id: str
    line: str
    calls: tuple[Call, ...]
    runs: tuple[Run, ...]
    seats: float = np.inf


def build_lines(stops: pd.DataFrame, services: Iterable[Service], crs: str, *, day: str = "") -> TransitLines:
    """Return the lines of `services`; those of one line with the same stops and times become one pattern.

    stops : index stop_id; name, lon, lat. Stops that no service calls at are left out.

    The order of `services` does not matter: patterns are numbered by line, stops and times. Of seats told twice the fewer count.
    """
    runs_of: dict[tuple[str, str, tuple[Call, ...]], set[Run]] = {}
    seats_of: dict[tuple[str, str, tuple[Call, ...]], float] = {}
    for service in services:
        key = service.line_id, service.line, service.calls
        runs_of.setdefault(key, set()).update(service.runs)
        seats_of[key] = min(service.seats, seats_of.get(key, np.inf))
    patterns: list[tuple[str, str, str]] = []
    calls: list[tuple[object, ...]] = []
    runs: list[tuple[object, ...]] = []
    count: dict[str, int] = {}
    for (line_id, line, stations), departures in sorted(runs_of.items()):
        count[line_id] = count.get(line_id, 0) + 1
        pattern = f"{line_id}/{count[line_id]}"
        patterns.append((pattern, line_id, line))
        calls.extend((pattern, order, *call) for order, call in enumerate(stations))
        runs.extend((pattern, *run) for run in sorted(departures))
    table = pd.DataFrame(calls, columns=list(CALL_COLUMNS))
    named = pd.DataFrame(patterns, columns=["pattern", "line_id", "line"]).set_index("pattern")
    seats = [seats_of[key] for key in sorted(seats_of)]
    if np.isfinite(seats).any():
        named["seats"] = seats
    used = stops.loc[sorted(set(table["stop_id"])), ["name", "lon", "lat"]].rename_axis("stop_id")
    places = gpd.points_from_xy(used["lon"].astype(float), used["lat"].astype(float), crs="EPSG:4326").to_crs(crs)
    return TransitLines(
        gpd.GeoDataFrame(used, geometry=places, crs=crs),
        named,
        table,
        pd.DataFrame(runs, columns=list(RUN_COLUMNS)),
        day,
    )
