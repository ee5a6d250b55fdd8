"""Every trip of a layout measured a second time, from the raw road table and by other means than `travel`.

Homes and schools become nodes of a networkx graph, tied to the nearest point of every edge near by; one Dijkstra runs from every school
that the layout uses. On a bad day the same graph lacks the pieces that the day closes.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from layout_planner.safeguards.retrace_late import Late, retrace_late
from layout_planner.safeguards.retrace_lines import retrace_public
from layout_planner.safeguards.retrace_net import NO_WAY, Net, Way
from layout_planner.safeguards.retrace_paces import Paces
from layout_planner.safeguards.retrace_rides import NO_RIDE, Asked, Ride, RideTracer, ask_rides, child_factor

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from layout_planner.county.model import BadDay, County
    from layout_planner.norms import NormSet
    from layout_planner.safeguards.retrace_lines import Journeys
    from layout_planner.scenario import Scenario

    OnStep = Callable[[int, int], None]

__all__ = ["NO_RIDE", "NO_WAY", "Retraced", "Ride", "Tracer", "Way", "retrace_trips"]


class Retraced(NamedTuple):
    """Adult walks by (settlement, school); rides by these and whose they are; journeys by public bus."""

    walks: dict[tuple[str, str], Way]
    rides: dict[tuple[str, str, Asked], Ride]
    public: Journeys

    def ride(self, home: str, school: str, asked: Asked) -> Ride:
        """Return one ride, NO_RIDE where there is none."""
        return self.rides.get((home, school, asked), NO_RIDE)


class Tracer:
    """The county's roads made ready once, for all trips and all bad days."""

    def __init__(self, county: County, scenario: Scenario, norms: NormSet) -> None:
        self.county, self.scenario, self.norms = county, scenario, norms
        self._bad_days: dict[str, Tracer] = {}
        paces = Paces(county, scenario, norms)
        self.walking = Net("walk", county, scenario, paces)
        self.driving = Net("drive", county, scenario, paces, self.walking.joints)
        stops = {
            (*place, joint.number): self.walking.add_stop(*place, joint)
            for place, joints in self.driving.joints.items()
            for joint in joints
        }
        self.walking.add_halts(county)
        self.curbs = self.driving.add_curbs(county)
        self.late: Late = {}
        self.riding = RideTracer(self.walking, self.driving, stops)
        self.off_network = {home for home in county.settlements.index if ("home", home) not in self.walking.joints}

    def on_bad_day(self, day: BadDay) -> Tracer:
        """Return the tracer of the same county on a bad day; made once a day."""
        if day.key not in self._bad_days:
            tracer = copy.copy(self)
            tracer.walking, tracer.driving = self.walking.on_bad_day(day), self.driving.on_bad_day(day)
            if self.county.lines is not None:
                most_s = 60 * self.norms.value("transit.bad_day_minutes")
                tracer.late = retrace_late(self.county.lines, self.curbs, (self.driving, tracer.driving), most_s)
            tracer.riding = RideTracer(tracer.walking, tracer.driving, self.riding.stop_nodes)
            self._bad_days[day.key] = tracer
        return self._bad_days[day.key]

    def asked(self, mode: str, band: str) -> Asked:
        """Return whose rides the pupils of a band take by `mode`."""
        return ask_rides(self.scenario, self.norms, mode, band)

    def trace(self, assignment: pd.DataFrame, on_step: OnStep | None = None) -> Retraced:
        """Return seconds and metres of every trip of `assignment` that has a school; adult speed, off-road legs included."""
        served = assignment[(assignment["school_id"] != "") & ~assignment["settlement_id"].isin(self.off_network)]
        walked: dict[str, set[str]] = defaultdict(set)
        ridden: dict[tuple[str, Asked], set[str]] = defaultdict(set)
        for home, school, mode, band in zip(*(served[name] for name in ("settlement_id", "school_id", "mode", "band")), strict=True):
            if mode in {"walk", "bus"}:
                walked[school].add(home)
            if mode != "walk":
                ridden[school, self.asked(mode, band)].add(home)
        walks: dict[tuple[str, str], Way] = {}
        rides: dict[tuple[str, str, Asked], Ride] = {}
        for done, school in enumerate(sorted(walked.keys() | {school for school, _ in ridden})):
            ways = self.walking.measure(school, sorted(walked[school]))
            walks.update({(home, school): way for home, way in ways.items()})
            for key in [key for key in ridden if key[0] == school]:
                found = self.riding.measure(school, ridden[key], key[1])
                rides.update({(home, school, key[1]): ride for home, ride in found.items()})
            if on_step is not None:
                on_step(done + 1, len(walked))
        factors = {band: child_factor(self.scenario, self.norms, band) for band in self.scenario.bands}
        wanted = served[served["mode"] == "bus"]
        timed = wanted.assign(factor=wanted["band"].map(factors))
        return Retraced(walks, rides, retrace_public(self.county, self.scenario, self.norms, timed, self.walking, self.late))


def retrace_trips(county: County, scenario: Scenario, norms: NormSet, assignment: pd.DataFrame, on_step: OnStep | None = None) -> Retraced:
    """Return seconds and metres of every trip of `assignment` that has a school, on an ordinary day."""
    return Tracer(county, scenario, norms).trace(assignment, on_step)
