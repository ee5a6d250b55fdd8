"""Every trip of a layout measured a second time, from the raw road table and by other means than `travel`.

Homes and schools become nodes of a networkx graph, on the nearest point of the nearest edge; one Dijkstra runs from every school
that the layout uses. On a bad day the same graph lacks the pieces that the day closes.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, NamedTuple

import networkx as nx
import numpy as np

from layout_planner.safeguards.retrace_lines import retrace_public
from layout_planner.safeguards.retrace_net import NO_WAY, Net, Paces, Way

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    import pandas as pd

    from layout_planner.county.model import BadDay, County
    from layout_planner.norms import NormSet
    from layout_planner.safeguards.retrace_lines import Journeys
    from layout_planner.scenario import Scenario

    OnStep = Callable[[int, int], None]

__all__ = ["NO_WAY", "Retraced", "Tracer", "Way", "retrace_trips"]


class Retraced(NamedTuple):
    """Adult walks and rides by (settlement, school), bus journeys; by settlement the walk to the nearest drivable road, its part across."""

    walks: dict[tuple[str, str], Way]
    rides: dict[tuple[str, str], Way]
    stops: dict[str, tuple[float, float]]
    public: Journeys


class Tracer:
    """The county's roads made ready once, for all trips and all bad days."""

    def __init__(self, county: County, scenario: Scenario, norms: NormSet) -> None:
        self.county, self.scenario, self.norms = county, scenario, norms
        self._bad_days: dict[str, Tracer] = {}
        paces = Paces(county, scenario, norms)
        self.walking = Net("walk", county, scenario, paces)
        self.driving = Net("drive", county, scenario, paces, self.walking.homes)
        self.stops = {home: self.walking.add_stop(home, spot) for home, spot in self.driving.homes.items()}
        self.walking.add_halts(county)
        joined = self.walking.homes
        self.off_network = {home for home in county.settlements.index if home not in joined or np.isinf(joined[home].there_s)}

    def on_bad_day(self, day: BadDay) -> Tracer:
        """Return the tracer of the same county on a bad day; made once a day."""
        if day.key not in self._bad_days:
            tracer = copy.copy(self)
            tracer.walking, tracer.driving = self.walking.on_bad_day(day), self.driving.on_bad_day(day)
            self._bad_days[day.key] = tracer
        return self._bad_days[day.key]

    def trace(self, assignment: pd.DataFrame, on_step: OnStep | None = None) -> Retraced:
        """Return seconds and metres of every trip of `assignment` that has a school; adult speed, off-road legs included."""
        served = assignment[assignment["school_id"] != ""]
        walked, ridden = (_pairs(served[served["mode"].isin(modes)]) for modes in (("walk", "bus"), ("bus", "school_bus", "board")))
        schools = sorted({(net, school) for net, pairs in (("walk", walked), ("drive", ridden)) for _, school in pairs})
        found: dict[str, dict[tuple[str, str], Way]] = {"walk": {}, "drive": {}}
        for done, (net, school) in enumerate(schools):
            homes = sorted(home for home, to in (walked if net == "walk" else ridden) if to == school and home not in self.off_network)
            ways = (self.walking if net == "walk" else self.driving).measure(school, homes)
            found[net].update({(home, school): way for home, way in ways.items()})
            if on_step is not None:
                on_step(done + 1, len(schools))
        to_stop = {home: self._time_to_stop(home) for home in sorted({h for h, _ in ridden} - self.off_network)}
        slow = self.scenario.travel.walk.child_speed
        factors = {
            band: self.norms.value("speed.child_factor", grades=grades) if slow else 1.0 for band, grades in self.scenario.bands.items()
        }
        by_bus = served[(served["mode"] == "bus") & ~served["settlement_id"].isin(self.off_network)]
        wanted = by_bus.assign(factor=by_bus["band"].map(factors))
        public = retrace_public(self.county, self.scenario, self.norms, wanted, self.walking)
        return Retraced(found["walk"], found["drive"], to_stop, public)

    def _time_to_stop(self, home: str) -> tuple[float, float]:
        """Seconds at adult speed from home to its stop on the drivable roads: across country, or by the roads if that is quicker.

        The second figure is how many of them are spent across country, by the quicker direction.
        """
        stop: Hashable | None = self.stops.get(home)
        if home not in self.driving.homes:
            return float("inf"), 0.0
        straight = self.driving.leg["home", home]
        if stop is None or home not in self.walking.homes:
            return max(straight), min(straight)
        start, legs = self.walking.node_of["home", home], self.walking.leg["home", home]
        if np.isinf(max(legs)):
            return max(straight), min(straight)
        pairs = zip((self.walking.forward, self.walking.backward), legs, strict=True)
        by_road = [
            leg + nx.single_source_dijkstra_path_length(graph, start, cutoff=max(0.0, max(straight) - leg), weight="s").get(stop, np.inf)
            for graph, leg in pairs
        ]
        return (max(by_road), min(legs)) if max(by_road) < max(straight) else (max(straight), min(straight))


def retrace_trips(county: County, scenario: Scenario, norms: NormSet, assignment: pd.DataFrame, on_step: OnStep | None = None) -> Retraced:
    """Return seconds and metres of every trip of `assignment` that has a school, on an ordinary day."""
    return Tracer(county, scenario, norms).trace(assignment, on_step)


def _pairs(rows: pd.DataFrame) -> set[tuple[str, str]]:
    return set(zip(rows["settlement_id"], rows["school_id"], strict=True))
