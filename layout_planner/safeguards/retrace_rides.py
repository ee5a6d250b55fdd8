"""Every trip by school bus measured a second time: on foot to the best stop, by bus to the best stop of the school, on to its door.

One search from a school whose stops it leaves with a head start of the walk to its door; nothing is left out beforehand.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import networkx as nx

from layout_planner.safeguards.retrace_net import add_along

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from layout_planner.norms import NormSet
    from layout_planner.safeguards.retrace_net import Net
    from layout_planner.scenario import Scenario

DOOR = ("door",)


class Ride(NamedTuple):
    """A trip by bus in the direction that takes longer.

    walk_s, across_s  adult seconds on foot, and those of them that are spent across country
    stop_s            seconds between home and its stop, the worse direction
    ride_s, metres    seconds in the bus; metres of the ride to school
    """

    walk_s: float
    stop_s: float
    across_s: float
    ride_s: float
    metres: float


NO_RIDE = Ride(math.inf, math.inf, 0.0, math.inf, math.inf)


class Asked(NamedTuple):
    """Whose rides: share of an adult's speed on foot, what a second of the ride counts, up to what walk a stop goes before others."""

    child: float
    stretch: float
    most_s: float


def child_factor(scenario: Scenario, norms: NormSet, band: str) -> float:
    """Return the share of an adult's walking speed that the pupils of a band reach; 1 where the scenario has everybody walk alike."""
    return norms.value("speed.child_factor", grades=scenario.bands[band]) if scenario.travel.walk.child_speed else 1.0


def ask_rides(scenario: Scenario, norms: NormSet, mode: str, band: str) -> Asked:
    """Return whose rides the pupils of a band take by `mode`; by public bus only the road counts."""
    if mode == "bus":
        return Asked(1.0, 1.0, math.inf)
    child = child_factor(scenario, norms, band)
    if mode == "board":
        return Asked(child, 1.0, math.inf)
    return Asked(child, norms.value("bus.detour_factor"), 60 * norms.value("bus.walk_to_stop_minutes"))


class _Walk(NamedTuple):
    seconds: float
    across_s: float


class _OneWay(NamedTuple):
    total_s: float
    walk_s: float
    stop_s: float
    across_s: float
    ride_s: float
    metres: float


class RideTracer:
    """The nets of walkers and of buses together, on one day."""

    def __init__(self, walking: Net, driving: Net, stop_nodes: dict[tuple[str, str, int], Hashable | None]) -> None:
        self.walking, self.driving, self.stop_nodes = walking, driving, stop_nodes
        self._walks: dict[tuple[str, str, bool], list[_Walk]] = {}

    def measure(self, school: str, homes: Iterable[str], asked: Asked) -> dict[str, Ride]:
        """Return the rides of `homes` to `school`; those without any are left out."""
        sides = [self._one_way(school, sorted(homes), asked, homeward=homeward) for homeward in (False, True)]
        rides = {}
        for home in sides[0].keys() & sides[1].keys():
            there, back = sides[0][home], sides[1][home]
            worse = back if back.total_s > there.total_s else there
            rides[home] = Ride(worse.walk_s, max(there.stop_s, back.stop_s), worse.across_s, worse.ride_s, there.metres)
        return rides

    def _one_way(self, school: str, homes: list[str], asked: Asked, *, homeward: bool) -> dict[str, _OneWay]:
        """Return the trips of one direction, found from the school outwards."""
        gates = self.driving.joints.get(("school", school), [])
        doors = self._walks_of("school", school, leaving=homeward)
        graph = self.driving.forward if homeward else self.driving.backward
        first: dict[Hashable, _Walk] = {}
        for (node, _, _), walk in zip(gates, doors, strict=True):
            if math.isfinite(walk.seconds) and (node not in first or walk.seconds < first[node].seconds):
                first[node] = walk
        graph.add_edges_from((DOOR, node, {"s": walk.seconds / asked.child / asked.stretch, "m": 0.0}) for node, walk in first.items())
        try:
            before, away = nx.dijkstra_predecessor_and_distance(graph, DOOR, weight="s") if first else ({}, {})
            found = {}
            for home in homes:
                trip = self._from_home(home, asked, first, (graph, before, away), homeward=homeward)
                if trip is not None:
                    found[home] = trip
        finally:
            graph.remove_nodes_from([DOOR])
        return found

    def _from_home(
        self,
        home: str,
        asked: Asked,
        first: dict[Hashable, _Walk],
        search: tuple[nx.DiGraph, dict[Hashable, list[Hashable]], dict[Hashable, float]],
        *,
        homeward: bool,
    ) -> _OneWay | None:
        graph, before, away = search
        stops = self.driving.joints.get(("home", home), [])
        trips = []
        for (node, _, _), walk in zip(stops, self._walks_of("home", home, leaving=not homeward), strict=True):
            total = walk.seconds / asked.child + asked.stretch * away.get(node, math.inf)
            if math.isfinite(total):
                trips.append((walk.seconds / asked.child > asked.most_s, total, walk, node))
        if not trips:
            return None
        _, total, walk, node = min(trips, key=lambda trip: trip[:2])
        metres, _, gate = add_along(graph, before, node, DOOR)
        door = first[gate]
        ride_s = away[node] - door.seconds / asked.child / asked.stretch
        return _OneWay(total, walk.seconds + door.seconds, walk.seconds, walk.across_s + door.across_s, ride_s, metres)

    def _walks_of(self, what: str, name: str, *, leaving: bool) -> list[_Walk]:
        """Return an adult's walk from a place to each of its stops (or back): across country, or by the roads if that is quicker."""
        key = what, name, leaving
        if key not in self._walks:
            stops = self.driving.joints.get((what, name), [])
            straight = [spot.there_s if leaving else spot.back_s for _, _, spot in stops]
            graph, door = (self.walking.forward, "out") if leaving else (self.walking.backward, "in")
            start: Hashable = (door, what, name)
            before, away = {}, {}
            if start in graph and straight:
                before, away = nx.dijkstra_predecessor_and_distance(graph, start, cutoff=max(straight), weight="s")
            walks = []
            for stop, across in zip(stops, straight, strict=True):
                node = self.stop_nodes.get((what, name, stop.number))
                by_road = away.get(node, math.inf)
                walks.append(_Walk(by_road, add_along(graph, before, node, start)[1]) if by_road < across else _Walk(across, across))
            self._walks[key] = walks
        return self._walks[key]
