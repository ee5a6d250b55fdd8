"""One trip told leg by leg, there and back: which way, how far, how steep, how long. The seconds add up to those of the matrix."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import shapely
from shapely.ops import substring

from layout_planner.travel.net import link_pieces, ride_pieces, walk_pieces
from layout_planner.travel.network import nodes_between, seconds_between
from layout_planner.travel.options import child_factor, travel_limit_m, travel_limit_s
from layout_planner.travel.terrain import PIECE_M, heights_at
from layout_planner.travel.transit import tell_journey

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layout_planner.county.model import County, TransitLines
    from layout_planner.norms import NormSet
    from layout_planner.scenario import Scenario, Travel
    from layout_planner.travel.access import Access
    from layout_planner.travel.net import Net, PieceTimes
    from layout_planner.travel.network import Arcs
    from layout_planner.travel.transit import Ride

    Floats = NDArray[np.float64]
    Pair = tuple["Leg", "Leg"]
    BothWays = tuple[tuple["Leg", ...], tuple["Leg", ...]]

AT_THE_ROAD_M = 0.01  # a stop in degrees stands a hair beside the road it is on
LegKind = Literal["across", "walk", "wait", "ride"]


@dataclass(frozen=True)
class Leg:
    """One stretch of a trip.

    kind     across (over open ground, straight or as the terrain allows; a guess), walk (on a road or path), wait (at the stop), ride
    seconds  at the pupil's pace
    climb_m, fall_m  metres up and down; 0 without an elevation grid
    line     LineString in the county's projection, in the direction of travel; None while waiting
    """

    kind: LegKind
    seconds: float
    metres: float = 0.0
    name: str = ""
    road_class: str = ""
    surface: str = ""
    climb_m: float = 0.0
    fall_m: float = 0.0
    line: shapely.LineString | None = None


@dataclass(frozen=True)
class TripStory:
    """One trip by one mode, there and back; `out` and `back` are empty where there is no way.

    ends_s : seconds at the optimistic and the pessimistic end of the stated speed ranges; None when they were not asked for
    """

    settlement_id: str
    school_id: str
    band: str
    mode: str
    limit_s: float
    limit_m: float
    out: tuple[Leg, ...]
    back: tuple[Leg, ...]
    ends_s: tuple[float, float] | None = None

    @property
    def reachable(self) -> bool:
        """True when there is a way in both directions."""
        return bool(self.out) and bool(self.back)

    @property
    def seconds(self) -> float:
        """Seconds of the worse direction, `np.inf` without a way: the figure that norms are held against."""
        return max(sum_seconds(self.out), sum_seconds(self.back)) if self.reachable else np.inf

    @property
    def metres(self) -> float:
        """Metres of the way to school, `np.inf` without a way."""
        return sum(leg.metres for leg in self.out) if self.reachable else np.inf

    @property
    def too_long(self) -> bool:
        """True when the time or, on foot, the distance is over the norm set's limit."""
        return not (self.seconds <= self.limit_s and self.metres <= self.limit_m)


def sum_seconds(legs: tuple[Leg, ...]) -> float:
    """Return the seconds of one direction."""
    return sum(leg.seconds for leg in legs)


def explain_trip(county: County, net: Net, norms: NormSet, scenario: Scenario, ends: tuple[str, str], *, band: str, mode: str) -> TripStory:
    """Return the trip between `ends`, a settlement and a school, of a pupil of `band` by `mode`, one of `options.MODES`.

    Raises
    ------
    KeyError : the county has no such settlement or school.
    """
    teller = _Teller(county, net, norms, scenario, band)
    row, column = county.settlements.index.get_loc(ends[0]), county.schools.index.get_loc(ends[1])
    if mode == "bus":
        out, back = teller.take_lines(row, column, scenario.travel)
    else:
        out, back = teller.walk(row, column) if mode == "walk" else teller.ride(row, column, mode=mode)
    grades = scenario.bands[band]
    limits = travel_limit_s(norms, grades, mode), travel_limit_m(norms, grades, mode)
    return TripStory(ends[0], ends[1], band, mode, *limits, out, back)


class _Place(NamedTuple):
    """One place with its joints: `homes`, `schools` or `halts`, position, the joints of all of its kind, its rows among them, nodes."""

    kind: str
    place: int
    access: Access
    rows: NDArray[np.int64]
    nodes: NDArray[np.int64]


class _Teller:
    """What the legs of one pupil's trips are made of."""

    def __init__(self, county: County, net: Net, norms: NormSet, scenario: Scenario, band: str) -> None:
        self.county, self.net, self.norms = county, net, norms
        self.pace = child_factor(norms, scenario.bands[band], scenario.travel)
        self.lines = net.edges.geometry.to_numpy()
        self.on_foot = walk_pieces(net)

    def walk(self, row: int, column: int) -> BothWays:
        foot = self.net.on_foot
        home, school = self._of(foot.homes, self.net.home, row, "homes"), self._of(foot.schools, self.net.school, column, "schools")
        there, back = self._stroll(home, school), self._stroll(school, home)
        return (_with_length(there), _with_length(back)) if there and back else ((), ())

    def ride(self, row: int, column: int, *, mode: str) -> BothWays:
        net, norms, waits = self.net, self.norms, mode == "school_bus"
        driven = ride_pieces(net)
        graphs = link_pieces(net.pieces, driven)
        home, school = self._of(net.driven.homes, net.stop, row, "homes"), self._of(net.driven.schools, net.gate, column, "schools")
        if not len(home.rows) or not len(school.rows):
            return (), ()
        detour = norms.value("bus.detour_factor") if waits else 1.0
        most_s = 60 * norms.value("bus.walk_to_stop_minutes") if waits else np.inf
        wait = [Leg("wait", 60 * norms.value("bus.wait_minutes"))] if waits else []
        ways = []
        for begin, end, homeward in ((home, school, False), (school, home, True)):
            walks = [
                [self._walk_to_stop(place, k, back=back) for k in range(len(place.rows))] for place, back in ((begin, False), (end, True))
            ]
            ride_s = seconds_between(graphs[0], begin.nodes, end.nodes) * detour
            onto, off = (np.array([sum_seconds(tuple(legs)) for legs in side]) for side in walks)
            total = onto[:, None] + ride_s + off[None, :]
            near = (off <= most_s)[None, :] if homeward else (onto <= most_s)[:, None]
            total = np.where(near, total, np.inf) if np.isfinite(np.where(near, total, np.inf)).any() else total
            one, other = np.unravel_index(int(np.argmin(total)), total.shape)
            if not np.isfinite(total[one, other]):
                return (), ()
            rides = self._roads(graphs[0], driven, int(begin.nodes[one]), int(end.nodes[other]), detour=detour) or []
            queue = (wait, []) if homeward else ([], wait)
            ways.append(_with_length([*queue[0], *walks[0][one], *queue[1], *rides, *walks[1][other]]))
        return ways[0], ways[1]

    def _of(self, access: Access, nodes: NDArray[np.int64], place: int, kind: str) -> _Place:
        """Return one place with its joints."""
        rows = np.flatnonzero(access.place == place)
        return _Place(kind, place, access, rows, nodes[rows])

    def take_lines(self, row: int, column: int, settings: Travel) -> BothWays:
        """Return the journey by public lines: to a stop, a ride or two, on to the other end."""
        net, county = self.net, self.county
        if county.lines is None:
            return (), ()
        there, home = tell_journey(net, link_pieces(net.pieces, self.on_foot), county, settings, (row, column), self.pace)
        if not there or not home:
            return (), ()
        door = self._of(net.on_foot.homes, net.home, row, "homes")
        gate = self._of(net.on_foot.schools, net.school, column, "schools")
        ways = []
        for rides, begin, end in ((there, door, gate), (home, gate, door)):
            legs: list[Leg] = []
            free_s, here = rides[0].ready_s, begin
            for ride in rides:
                walk = self._stroll(here, self._of(net.halts, net.halt, ride.stops[0], "halts"))
                walk = [leg for leg in walk if leg.metres > AT_THE_ROAD_M]
                spare = ride.ready_s - free_s - sum_seconds(tuple(walk)) if legs else 0.0
                legs += [*walk, Leg("wait", ride.wait_s + spare), self._line_ride(county.lines, ride)]
                free_s, here = ride.done_s, self._of(net.halts, net.halt, ride.stops[-1], "halts")
            ways.append(_with_length([*legs, *(leg for leg in self._stroll(here, end) if leg.metres > AT_THE_ROAD_M)]))
        return ways[0], ways[1]

    def _stroll(self, begin: _Place, end: _Place) -> list[Leg]:
        """Return the quickest walk between two places over all their joints; empty where there is none, and from a stop to itself."""
        if (begin.kind, begin.place) == (end.kind, end.place) or not len(begin.rows) or not len(end.rows):
            return []
        outward, _ = link_pieces(self.net.pieces, self.on_foot)
        seconds = begin.access.there_s[begin.rows][:, None] + seconds_between(outward, begin.nodes, end.nodes)
        total = seconds + end.access.back_s[end.rows][None, :]
        one, other = np.unravel_index(int(np.argmin(total)), total.shape)
        roads = self._roads(outward, self.on_foot, int(begin.nodes[one]), int(end.nodes[other]))
        if roads is None:
            return []
        return [self._across(begin.access, int(begin.rows[one]))[0], *roads, self._across(end.access, int(end.rows[other]))[1]]

    def _line_ride(self, lines: TransitLines, ride: Ride) -> Leg:
        """Return the ride, drawn straight from stop to stop: a timetable does not say which roads a bus takes."""
        line = shapely.LineString(shapely.get_coordinates(lines.stops.geometry.to_numpy()[list(ride.stops)]))
        stops = [str(lines.stops["name"].iloc[stop]) for stop in (ride.stops[0], ride.stops[-1])]
        name = (
            f"{lines.patterns['line'].iloc[ride.pattern]} {stops[0]} {_clock(ride.done_s - ride.ride_s)} – {stops[1]} {_clock(ride.done_s)}"
        )
        return Leg("ride", ride.ride_s, float(line.length), name, "bus_line", line=line)

    def _across(self, access: Access, row: int) -> Pair:
        """Return the leg of one joint from its place to the road, straight or over the terrain, and back."""
        line = access.line[row]
        going = Leg("across", float(access.there_s[row]) / self.pace, float(access.distance[row]), line=line)
        coming = replace(going, seconds=float(access.back_s[row]) / self.pace, line=line.reverse())
        straight = not access.over_terrain[row]
        return self._climb(going, straight=straight), self._climb(coming, straight=straight)

    def _walk_to_stop(self, stops: _Place, which: int, *, back: bool) -> list[Leg]:
        """Return the walk to one stop of a place, or from it: across, or by walkable roads where that is quicker."""
        net, row = self.net, int(stops.rows[which])
        straight = self._across(stops.access, row)[int(back)]
        foot, nodes = (net.on_foot.homes, net.home) if stops.kind == "homes" else (net.on_foot.schools, net.school)
        place = self._of(foot, nodes, stops.place, stops.kind)
        outward, inward = link_pieces(net.pieces, self.on_foot)
        legs_s = (foot.back_s if back else foot.there_s)[place.rows]
        road_s = seconds_between(inward if back else outward, place.nodes, stops.nodes[which : which + 1])[:, 0]
        best = int(np.argmin(legs_s + road_s))
        if not (legs_s + road_s)[best] / self.pace < straight.seconds:
            return [straight]
        ends = int(place.nodes[best]), int(stops.nodes[which])
        roads = self._roads(outward, self.on_foot, *(ends[::-1] if back else ends)) or []
        leg = self._across(foot, int(place.rows[best]))[int(back)]
        return [*roads, leg] if back else [leg, *roads]

    def _roads(self, arcs: Arcs, times: PieceTimes, source: int, target: int, *, detour: float | None = None) -> list[Leg] | None:
        """Return the legs along roads between two graph nodes, pieces of one road joined; None where there is no way.

        With a `detour` the legs are rides, whose seconds are lengthened by it; without, they are walks at the pupil's pace.
        """
        nodes = nodes_between(arcs, source, target)
        if nodes is None:
            return None
        legs: list[Leg] = []
        for here, there in pairwise(nodes):
            leg = self._along(*self._piece(times, here, there), rides=detour is not None)
            leg = replace(leg, seconds=leg.seconds / self.pace if detour is None else leg.seconds * detour)
            legs = [*legs[:-1], _joined(legs[-1], leg)] if legs and _same_road(legs[-1], leg) else [*legs, leg]
        return legs

    def _piece(self, times: PieceTimes, here: int, there: int) -> tuple[int, bool, float]:
        """Return the fastest piece between two nodes that follow each other, whether it is used against its line, and its seconds."""
        pieces = self.net.pieces
        found = []
        for tail, head, used, seconds, against in (
            (here, there, times.ahead, times.onward, False),
            (there, here, times.behind, times.back, True),
        ):
            for piece in np.flatnonzero((pieces.tail == tail) & (pieces.head == head) & used):
                length = float(pieces.end[piece] - pieces.begin[piece])
                found.append((float(seconds[piece]), length, int(piece), against))
        best_s, _, best, turned = min(found)
        return best, turned, best_s

    def _along(self, piece: int, against: bool, seconds: float, *, rides: bool) -> Leg:  # noqa: FBT001 - a direction, not a switch
        pieces = self.net.pieces
        edge, begin, end = int(pieces.edge[piece]), float(pieces.begin[piece]), float(pieces.end[piece])
        line = substring(self.lines[edge], begin, end)
        road = self.net.edges.iloc[edge]
        line = shapely.LineString([*line.coords, *line.coords]) if line.geom_type == "Point" else line
        leg = Leg(
            "ride" if rides else "walk",
            seconds,
            end - begin,
            str(road["name"]),
            str(road["road_class"]),
            str(road["surface"]),
            line=line.reverse() if against else line,
        )
        return self._climb(leg, straight=bool(road["bridge"]))

    def _climb(self, leg: Leg, *, straight: bool = False) -> Leg:
        """Return the leg with its climb and fall; a bridge or tunnel rises evenly from end to end."""
        if self.net.elevation is None or leg.line is None:
            return leg
        at = [0.0, 1.0] if straight else np.linspace(0, 1, max(2, int(np.ceil(leg.metres / PIECE_M)) + 1))
        points = shapely.line_interpolate_point(leg.line, at, normalized=True)
        steps = np.nan_to_num(np.diff(heights_at(self.net.elevation, shapely.get_coordinates(points), self.county.crs)))
        return replace(leg, climb_m=float(steps[steps > 0].sum()), fall_m=float(np.abs(steps[steps < 0]).sum()))


def _with_length(legs: list[Leg]) -> tuple[Leg, ...]:
    """Return the legs that lead anywhere or take time; a home on its own school's doorstep keeps one."""
    return tuple(leg for leg in legs if leg.metres > 0 or leg.seconds > 0) or tuple(legs[:1])


def _clock(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _same_road(one: Leg, other: Leg) -> bool:
    return (one.kind, one.name, one.road_class) == (other.kind, other.name, other.road_class)


def _joined(one: Leg, other: Leg) -> Leg:
    coordinates = np.concatenate([shapely.get_coordinates(one.line), shapely.get_coordinates(other.line)[1:]])
    return replace(
        one,
        seconds=one.seconds + other.seconds,
        metres=one.metres + other.metres,
        surface=one.surface if other.surface in one.surface.split(", ") else ", ".join(filter(None, (one.surface, other.surface))),
        climb_m=one.climb_m + other.climb_m,
        fall_m=one.fall_m + other.fall_m,
        line=shapely.LineString(coordinates),
    )
