"""From runs and buses to the tables of a BusPlan: times at every stop, rides of every party, kilometres, yuan, lines on the map."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from layout_planner.buses.days import tell_days
from layout_planner.buses.home import ride_seconds
from layout_planner.buses.model import Drive
from layout_planner.results import BUS_RIDER_COLUMNS, BUS_ROUTE_COLUMNS, BUS_STOP_COLUMNS, FROM_SCHOOL, TO_SCHOOL, BusPlan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from layout_planner.buses.bells import Round
    from layout_planner.buses.model import Bell, Run
    from layout_planner.buses.streets import Streets
    from layout_planner.plan.case import Case

    Rows = list[dict[str, Any]]
    Prices = Mapping[tuple[int, str], int]

METRES = 1000  # in a kilometre
SECONDS = 60  # in a minute
SHOWN = 2  # decimals of minutes and kilometres
LETTER = {TO_SCHOOL: "A", FROM_SCHOOL: "P"}


@dataclass(frozen=True, kw_only=True)
class Duty(Drive):
    """One run to or from one school by one bus; `bell` is the one that times it, turned round for the way home."""

    round_: Round
    bell: Bell
    run: Run

    @property
    def calls(self) -> list[tuple[int, list[int]]]:
        """(graph node, choices) of every halt, in the order of driving."""
        halts: list[tuple[int, list[int]]] = []
        for choice in self.run.choices:
            node = int(self.round_.node[self.bell.stop[choice]])
            if halts and halts[-1][0] == node:
                halts[-1][1].append(choice)
            else:
                halts.append((node, [choice]))
        return halts if self.direction == TO_SCHOOL else halts[::-1]


def tabulate_buses(case: Case, streets: Streets, duties: list[Duty], rounds: list[Round], price: Prices, *, letter: str = "T") -> BusPlan:
    """Return the tables of all runs; riders without a bus are kept with an empty route.

    Parameters
    ----------
    price : yuan a year of a bus by its seats and where it stands overnight.
    letter : that the ids of stops begin with.
    """
    duties = sorted(duties, key=lambda duty: (duty.round_.site_id, duty.direction != TO_SCHOOL, duty.starts_s, duty.bus))
    names = name_stops(case, streets, duties, letter)
    lines = streets.lines({leg for duty in duties for leg in pairwise(_nodes(duty))})
    share = _bus_shares(duties, price)
    routes: Rows = []
    stops: Rows = []
    riders: Rows = []
    count: dict[tuple[str, str], int] = {}
    for duty, bus_yuan in zip(duties, share, strict=True):
        key = duty.round_.site_id, duty.direction
        count[key] = count.get(key, 0) + 1
        route_id = f"{duty.round_.site_id}-{LETTER[duty.direction]}{count[key]}"
        own_stops, own_riders = _call(case, streets, duty, route_id, names)
        stops += own_stops
        riders += own_riders
        routes.append(_describe(case, duty, route_id, lines, own_stops, own_riders, bus_yuan))
    riders += [row for round_ in rounds for row in _left_behind(round_)]
    crs = case.county.crs
    table = pd.DataFrame(riders, columns=list(BUS_RIDER_COLUMNS)).sort_values(
        ["settlement_id", "band", "site_id", "direction", "route_id", "stop_id"], ignore_index=True
    )
    runs = gpd.GeoDataFrame(routes, columns=list(BUS_ROUTE_COLUMNS), geometry="geometry", crs=crs)
    calls = gpd.GeoDataFrame(stops, columns=list(BUS_STOP_COLUMNS), geometry="geometry", crs=crs)
    return BusPlan(runs, calls, table, tell_days(case, duties, runs, names))


def _nodes(duty: Duty) -> list[int]:
    halts = [node for node, _ in duty.calls]
    return [*halts, duty.round_.gate] if duty.direction == TO_SCHOOL else [duty.round_.gate, *halts]


def _call(case: Case, streets: Streets, duty: Duty, route_id: str, names: dict[int, tuple[str, str, str]]) -> tuple[Rows, Rows]:
    """Return the halts of one run with their times, and its riders."""
    rides = dict(zip(duty.run.choices, ride_seconds(duty.bell, duty.run), strict=True))
    wait = case.norms.value("bus.wait_minutes")
    stops, riders, clock_s = [], [], duty.starts_s
    before = -1
    for number, (node, choices) in enumerate(duty.calls, start=1):
        clock_s += _drive_s(duty, before, int(duty.bell.stop[choices[0]]))
        walks = [duty.round_.choices[duty.round_.pick[choice]].walk_s / SECONDS for choice in choices]
        stop_id, name, name_en = names[node]
        stops.append(
            {
                "route_id": route_id,
                "stop_no": number,
                "stop_id": stop_id,
                "name": name,
                "name_en": name_en,
                "time_s": round(clock_s, 1),
                "riders": int(duty.bell.pupils[choices].sum()),
                "walk_minutes": round(max(walks), SHOWN),
                "geometry": shapely.Point(streets.node_xy[node]),
            }
        )
        for (home, band), pupils, walk, ride, limit in _parties(duty, choices, rides):
            riders.append(
                {
                    "settlement_id": home,
                    "band": band,
                    "site_id": duty.round_.site_id,
                    "direction": duty.direction,
                    "route_id": route_id,
                    "stop_id": stop_id,
                    "pupils": pupils,
                    "walk_minutes": round(walk, SHOWN),
                    "ride_minutes": round(ride, SHOWN),
                    "trip_minutes": round(walk + wait + ride, SHOWN),
                    "limit_minutes": limit,
                }
            )
        clock_s += duty.bell.halt_s + float(duty.bell.board_s[choices].sum())
        before = int(duty.bell.stop[choices[0]])
    return stops, riders


def _drive_s(duty: Duty, before: int, here: int) -> float:
    """Return seconds of driving between two stops of the bell; -1 is what lies before the first one."""
    if duty.direction == TO_SCHOOL:
        return 0.0 if before < 0 else float(duty.bell.between_s[before, here])
    return float(duty.bell.to_school_s[here] if before < 0 else duty.bell.between_s[here, before])


def _parties(duty: Duty, choices: list[int], rides: dict[int, float]) -> list[tuple[tuple[str, str], int, float, float, float]]:
    """Return (home, band), pupils, minutes of walk, ride and limit of those who use one halt; parts of one party are added up."""
    found: dict[int, list[float]] = {}
    for choice in choices:
        party = int(duty.round_.part_of[duty.bell.party[choice]])
        entry = found.setdefault(party, [0.0, 0.0, 0.0])
        entry[0] += float(duty.bell.pupils[choice])
        entry[1] = duty.round_.choices[duty.round_.pick[choice]].walk_s / SECONDS
        entry[2] = max(entry[2], rides[choice] / SECONDS)
    parties = duty.round_.parties
    return [
        ((parties[k].settlement_id, parties[k].band), int(pupils), walk, ride, parties[k].limit_s / SECONDS)
        for k, (pupils, walk, ride) in sorted(found.items())
    ]


def _describe(
    case: Case, duty: Duty, route_id: str, lines: dict[tuple[int, int], shapely.LineString], stops: Rows, riders: Rows, bus_yuan: float
) -> dict[str, Any]:
    nodes = _nodes(duty)
    parts = [lines[leg] for leg in pairwise(nodes)]
    points = [tuple(point) for part in parts for point in part.coords]
    kept = [points[0]] + [there for here, there in pairwise(points) if here != there]
    line = shapely.LineString(kept if len(kept) > 1 else kept * 2)
    metres = float(duty.bell.to_school_m[duty.bell.stop[duty.run.choices[-1]]]) + sum(
        float(duty.bell.between_m[duty.bell.stop[one], duty.bell.stop[other]]) for one, other in pairwise(duty.run.choices)
    )
    norms, count = case.norms, sum(row["pupils"] for row in riders)
    km = metres / METRES, duty.empty_m / METRES, duty.home_m / METRES
    yearly_km = norms.value("cost.school_days") * sum(km)
    last = stops[-1]["time_s"] + duty.bell.halt_s + duty.bell.board_s[duty.calls[-1][1]].sum()
    ends = last if duty.direction == FROM_SCHOOL else last + float(duty.bell.to_school_s[duty.bell.stop[duty.run.choices[-1]]])
    return {
        "route_id": route_id,
        "site_id": duty.round_.site_id,
        "direction": duty.direction,
        "run": duty.number,
        "bus_id": f"B{duty.bus + 1:03d}",
        "seats": duty.seats,
        "attendant": int(norms.value("bus.attendant")),
        "riders": count,
        "starts_s": round(duty.starts_s, 1),
        "ends_s": round(float(ends), 1),
        "ride_km": round(km[0], SHOWN),
        "empty_km": round(km[1], SHOWN),
        "home_km": round(km[2], SHOWN),
        "longest_ride_minutes": max(row["ride_minutes"] for row in riders),
        "cost_yuan": round(yearly_km * norms.value("cost.bus_km_yuan") + bus_yuan, SHOWN),
        "few_riders": bool(count < norms.value("bus.min_riders")),
        "geometry": line,
    }


def _bus_shares(duties: list[Duty], price: Prices) -> list[float]:
    """Return of every run the part of its bus's yearly cost: as large as that of every other run of the bus."""
    count: dict[int, int] = {}
    for duty in duties:
        count[duty.bus] = count.get(duty.bus, 0) + 1
    return [price[duty.seats, duty.overnight] / count[duty.bus] for duty in duties]


def _left_behind(round_: Round) -> Rows:
    """Return the riders for whom there is no stop or no way for a bus, in both directions."""
    return [
        {
            "settlement_id": round_.parties[k].settlement_id,
            "band": round_.parties[k].band,
            "site_id": round_.site_id,
            "direction": direction,
            "route_id": "",
            "stop_id": "",
            "pupils": round_.parties[k].pupils,
            "walk_minutes": np.inf,
            "ride_minutes": np.inf,
            "trip_minutes": np.inf,
            "limit_minutes": round_.parties[k].limit_s / SECONDS,
        }
        for k in sorted(round_.lost)
        for direction in (TO_SCHOOL, FROM_SCHOOL)
    ]


def name_stops(case: Case, streets: Streets, duties: list[Duty], letter: str = "T") -> dict[int, tuple[str, str, str]]:
    """Return id and names of every stop used: the county's own, else those of the home nearest on foot, numbered if several share it."""
    nearest: dict[int, tuple[float, str]] = {}
    for duty in duties:
        for node, choices in duty.calls:
            for choice in choices:
                used = duty.round_.choices[duty.round_.pick[choice]]
                entry = used.walk_s, duty.round_.parties[used.party].settlement_id
                nearest[node] = min(nearest.get(node, entry), entry)
    homes, names = case.county.settlements, {}
    seen: dict[str, int] = {}
    place = {node: tuple(streets.node_xy[node]) for node in nearest}
    for number, node in enumerate(sorted(nearest, key=lambda node: (nearest[node][1], nearest[node][0], place[node])), start=1):
        if node in streets.listed and case.county.stops is not None:
            stop_id = streets.listed[node]
            name = str(case.county.stops.at[stop_id, "name"]) or stop_id
            names[node] = stop_id, name, name
            continue
        home = nearest[node][1]
        seen[home] = seen.get(home, 0) + 1
        tail = "" if seen[home] == 1 else str(seen[home])
        english = str(homes["name_en"].get(home) or "") if "name_en" in homes else ""
        name = str(homes.at[home, "name"])
        names[node] = f"{letter}{number:04d}", f"{name}{tail}", f"{english or name}{' ' + tail if tail else ''}"
    return names
