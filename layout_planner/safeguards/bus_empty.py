"""Empty driving, overnight places and yearly cost of buses checked a second time; shares no code with the planning of routes."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np

from layout_planner.results import TO_SCHOOL
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    import pandas as pd

    from layout_planner.safeguards.bus_check import Given, Roads

    Row = dict[Hashable, Any]
    Node = Hashable | None

KM_M = 1000
SLACK_M, SLACK_SHARE = 50.0, 0.005
SLACK_S = 3.0
SLACK_YUAN = 1.0  # a run, rounded kilometres among them


def check_empty(given: Given, roads: Roads, days: pd.DataFrame | None) -> Iterator[Words]:
    """Yield what is wrong with the day of a bus: a place it may not stand at, empty ways shorter than any road, times, cost."""
    if days is None:
        return
    by_bus: dict[str, list[str]] = defaultdict(list)
    for name, route in given.routes.items():
        by_bus[str(route["bus_id"])].append(name)
    told = {str(row["bus_id"]): row for row in days.to_dict("records")}
    for bus in sorted(by_bus.keys() | told.keys()):
        if bus not in told or bus not in by_bus:
            yield Words(f"{bus}：线路表和车辆表对不上", f"{bus} is in only one of the tables of runs and of buses")
            continue
        names = sorted(by_bus[bus], key=lambda name: (given.routes[name]["direction"] != TO_SCHOOL, given.routes[name]["starts_s"]))
        yield from _check_place(given, told[bus], names)
        yield from _check_ways(given, roads, told[bus], names)
        yield from _check_cost(given, told[bus], names)


def _kinds(given: Given, seats: int) -> list[Row]:
    """Return the rows of the fleet table with so many seats for pupils; one row that says nothing where there is no table."""
    fleet = given.county.fleet
    if fleet is None or fleet.empty:
        return [{"overnight": "", "yearly_yuan": np.nan}]
    own = fleet[fleet["seats"] - 1 - int(given.norms.value("bus.attendant")) == seats]
    return list(own.to_dict("records"))


def _check_place(given: Given, day: Row, names: list[str]) -> Iterator[Words]:
    allowed = {str(kind.get("overnight", "")) for kind in _kinds(given, int(day["seats"]))}
    first = given.routes[names[0]]
    places = {"": str(day["place_id"]), "school": str(first["site_id"])}
    kinds = {"first_stop": "", "school": "school"}
    said = kinds.get(str(day["overnight"]), str(day["place_id"]))
    if said not in allowed or places.get(said, said) != str(day["place_id"]):
        yield Words(
            f"{day['bus_id']}：夜间停放在{day['place_id']}，车辆表未列",
            f"{day['bus_id']} stands at {day['place_id']}, as the fleet table does not say",
        )


def _stand(given: Given, roads: Roads, day: Row, names: list[str]) -> Node:
    """Return the node at which a bus stands overnight, by the tables of the county and of its runs."""
    if day["overnight"] == "first_stop":
        return (roads.calls(names[0]) if given.routes[names[0]]["direction"] == TO_SCHOOL else roads.calls(names[-1])[::-1])[0]
    place = str(day["place_id"])
    return roads.gate(place) if place in given.county.schools.index else roads.driving.main_joint("home", place)


def _check_ways(given: Given, roads: Roads, day: Row, names: list[str]) -> Iterator[Words]:
    """No empty way is shorter than the shortest road, and the bus sets out and is back no faster than it can be driven."""
    stand = _stand(given, roads, day, names)
    at = stand
    empty_km = 0.0
    for name in names:
        route, calls = given.routes[name], roads.calls(name)
        least = _shortest_m(roads, at, calls[0])
        empty_km += float(route["empty_km"]) + float(route["home_km"])
        if not KM_M * float(route["empty_km"]) >= least - max(SLACK_M, SLACK_SHARE * least):
            yield Words(
                f"{name}：空驶{route['empty_km']}公里，最短{least / KM_M:.2f}公里",
                f"{name}: {route['empty_km']} km empty, at least {least / KM_M:.2f}",
            )
        at = calls[-1]
    last, first = given.routes[names[-1]], given.routes[names[0]]
    least = _shortest_m(roads, at, stand)
    if not KM_M * float(last["home_km"]) >= least - max(SLACK_M, SLACK_SHARE * least):
        yield Words(
            f"{names[-1]}：收车{last['home_km']}公里，最短{least / KM_M:.2f}公里",
            f"{names[-1]}: {last['home_km']} km back, at least {least / KM_M:.2f}",
        )
    for said, ride in (
        (float(first["starts_s"]) - float(day["leaves_s"]), roads.ride_s(stand, roads.calls(names[0])[0])),
        (float(day["back_s"]) - float(last["ends_s"]), roads.ride_s(at, stand)),
    ):
        if not said >= ride - max(SLACK_S, SLACK_SHARE * ride):
            yield Words(
                f"{day['bus_id']}：空驶{said:.0f}秒，复核需{ride:.0f}秒",
                f"{day['bus_id']}: {said:.0f} s empty, the re-check needs {ride:.0f} s",
            )
    if not abs(empty_km - float(day["empty_km"])) <= SLACK_M / KM_M:
        yield Words(f"{day['bus_id']}：空驶里程两处不一", f"{day['bus_id']}: two figures for its empty kilometres")


def _shortest_m(roads: Roads, begin: Node, end: Node) -> float:
    """Return metres of the shortest way between two nodes, `inf` without one."""
    if begin is None or end is None:
        return np.inf
    try:
        return float(nx.dijkstra_path_length(roads.driving.forward, begin, end, weight="m"))
    except nx.NetworkXNoPath:
        return np.inf


def _check_cost(given: Given, day: Row, names: list[str]) -> Iterator[Words]:
    """The runs of a bus cost together what the bus and its kilometres cost."""
    norms = given.norms
    own = [given.routes[name] for name in names]
    km = sum(float(route[column]) for route in own for column in ("ride_km", "empty_km", "home_km"))
    by_km = norms.value("cost.school_days") * norms.value("cost.bus_km_yuan") * km
    usual = norms.value("cost.bus_yuan")
    prices = [usual if np.isnan(kind["yearly_yuan"]) else int(kind["yearly_yuan"]) for kind in _kinds(given, int(day["seats"]))]
    said = sum(float(route["cost_yuan"]) for route in own)
    slack = SLACK_YUAN + SLACK_SHARE * by_km
    if not any(abs(said - by_km - price) <= slack for price in prices) or not abs(said - float(day["cost_yuan"])) <= SLACK_YUAN:
        yield Words(
            f"{day['bus_id']}：一年{said:.0f}元，复核为{by_km + min(prices, default=np.inf):.0f}元",
            f"{day['bus_id']}: {said:.0f} yuan a year, the re-check finds {by_km + min(prices, default=np.inf):.0f}",
        )
