"""School buses checked a second time, from their tables and the county's: shares no code with the router and its net.

Rides, walks and ways are worked out anew on the re-check's own networkx graphs. A timetable may be slower than these, never faster.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import networkx as nx
import numpy as np
import shapely

from layout_planner.results import FROM_SCHOOL, TO_SCHOOL, BusCheck
from layout_planner.safeguards.bus_empty import check_empty
from layout_planner.safeguards.bus_mixed import check_mixed
from layout_planner.safeguards.bus_side import check_sides
from layout_planner.safeguards.bus_slow import check_slow
from layout_planner.safeguards.bus_visits import check_rounds
from layout_planner.safeguards.bus_week import as_routes, check_boarders
from layout_planner.safeguards.retrace import Tracer
from layout_planner.safeguards.retrace_rides import child_factor
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

    import pandas as pd

    from layout_planner.county.model import County
    from layout_planner.norms import NormSet
    from layout_planner.plan.layout import Layout
    from layout_planner.results import BusPlan
    from layout_planner.safeguards.retrace_net import Net
    from layout_planner.scenario import Scenario

    Row = dict[Hashable, Any]
    Places = dict[str, Hashable]

MINUTE_S = 60
TOLERANCE_S = 3.0
TOLERANCE_SHARE = 0.005
NEAR_M = 1.0  # a stop or line this near to a road is on it
KM_M = 1000
NEVER_HALT = frozenset({"motorway", "motorway_link", "ferry"})


class Given(NamedTuple):
    """What is checked, and against what; `mode` is school_bus, or board for the weekend of boarders."""

    county: County
    scenario: Scenario
    norms: NormSet
    routes: dict[str, Row]
    stops: dict[str, list[Row]]  # by route, in the order of driving
    riders: list[Row]
    mode: str = "school_bus"

    @property
    def weekly(self) -> bool:
        """Whether these are the runs of boarders."""
        return self.mode == "board"

    def limit_minutes(self, band: str) -> float:
        """Return the longest trip of a pupil of `band`, door to door."""
        key = "board.max_minutes_weekly" if self.weekly else "travel.max_minutes"
        return self.norms.value(key, grades=self.scenario.bands[band], mode=self.mode)

    def gate_hours(self, site: str, direction: str) -> tuple[float, float]:
        """Return between which seconds after midnight a bus is at the gate of `site`: the morning (or Sunday), or the way home."""
        norms = self.norms
        begin, end = self.hours(site)
        wait = MINUTE_S * norms.value("board.most_wait_minutes" if self.weekly else "bus.most_early_minutes")
        if direction == TO_SCHOOL:
            last = MINUTE_S**2 * norms.value("board.return_hour") if self.weekly else begin - MINUTE_S * norms.value("bus.early_minutes")
            return last - wait, last
        first = end + MINUTE_S * norms.value("bus.leave_minutes")
        return first, first + wait

    def hours(self, site: str) -> tuple[float, float]:
        """Return the seconds after midnight at which lessons begin and end at a school."""
        school = self.county.schools.loc[site]
        begin, end = (_hour_s(school.get(column), getattr(self.scenario.travel, column)) for column in ("bell", "dismissal"))
        return begin, end


def check_buses(
    county: County,
    scenario: Scenario,
    norms: NormSet,
    layout: Layout,
    plan: BusPlan,
    *,
    today: tuple[Layout, BusPlan] | None = None,
    visits: pd.DataFrame | None = None,
) -> BusCheck:
    """Return every fault of the school buses `plan` of `layout`.

    Parameters
    ----------
    today : the layout of today and its buses; who is too late on a slow day is held against who is so today.
    visits : the children taught at home under `layout`, whom the rounds of `plan` visit.
    """
    given = _give(county, scenario, norms, (plan.routes, plan.stops, plan.riders), "school_bus")
    week = None
    if plan.boarder_trips is not None and plan.boarder_stops is not None and plan.boarder_riders is not None:
        week = _give(county, scenario, norms, (as_routes(plan.boarder_trips), plan.boarder_stops, plan.boarder_riders), "board")
    faults = {"riders": tuple(_check_riders(given, layout)), "seats": tuple(_check_seats(given))}
    rounds = plan.visit_rounds if visits is not None and len(visits) else None
    if given.routes or (week and week.routes) or rounds is not None:
        roads = Roads(given, {} if week is None else week.stops)
        faults |= _check_daily(given, roads, plan) if given.routes else {}
        if week is not None and (week.routes or week.riders):
            faults["week"] = tuple(_check_week(week, roads, layout))
        if rounds is not None and visits is not None:
            faults["visits"] = tuple(check_rounds(given, roads, rounds, visits))
    if given.routes and today is not None:
        now = _give(county, scenario, norms, (today[1].routes, today[1].stops, today[1].riders), "school_bus")
        faults["slow"] = tuple(check_slow(given, layout, now, today[0]))
    return BusCheck(len(given.routes), sum(int(row["pupils"]) for row in given.riders if row["direction"] == TO_SCHOOL), faults)


def _give(county: County, scenario: Scenario, norms: NormSet, tables: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame], mode: str) -> Given:
    routes, calls, riders = tables
    stops: dict[str, list[Row]] = defaultdict(list)
    for row in calls.sort_values(["route_id", "stop_no"]).to_dict("records"):
        stops[str(row["route_id"])].append(row)
    return Given(
        county, scenario, norms, {str(row["route_id"]): row for row in routes.to_dict("records")}, stops, riders.to_dict("records"), mode
    )


def _check_daily(given: Given, roads: Roads, plan: BusPlan) -> dict[str, tuple[Words, ...]]:
    faults = {
        "ride": tuple(_check_rides(given, roads)),
        "windows": (*_check_windows(given), *_check_turns(given, roads)),
        "walk": tuple(_check_walks(given, roads)),
        "road": tuple(_check_roads(given, roads)),
        "empty": tuple(check_empty(given, roads, plan.days)),
    }
    if given.scenario.buses.no_crossing:
        faults["side"] = tuple(check_sides(given, roads))
    return faults if plan.mixed is None else faults | {"mixed": tuple(check_mixed(given, roads, plan.mixed))}


def _check_week(week: Given, roads: Roads, layout: Layout) -> Iterator[Words]:
    """Boarders have a seat on Friday and on Sunday, in time, within the limits of rides and seats, and nobody under ten is alone."""
    yield from check_boarders(week, roads, layout)
    if week.routes:
        yield from _check_seats(week)
        yield from _check_rides(week, roads)
        yield from _check_windows(week)
        yield from _check_turns(week, roads)
        yield from _check_walks(week, roads)
        yield from _check_roads(week, roads)


def _check_riders(given: Given, layout: Layout) -> Iterator[Words]:
    """Every pupil whom the layout sends by school bus has one seat there and one back, at his own school; nobody else has."""
    riding = layout.assignment[layout.assignment["mode"] == "school_bus"]
    for direction in (TO_SCHOOL, FROM_SCHOOL):
        left: dict[tuple[str, str, str], int] = defaultdict(int)
        for row in riding.to_dict("records"):
            left[str(row["settlement_id"]), str(row["band"]), str(row["school_id"])] += int(row["pupils"])
        for row in given.riders:
            if row["direction"] == direction and row["route_id"]:
                left[str(row["settlement_id"]), str(row["band"]), str(row["site_id"])] -= int(row["pupils"])
        for (home, band, site), count in sorted(left.items()):
            if count:
                name = given.county.settlements["name"].get(home, home)
                where = f"{name} ({home}), {band} -> {site}, {direction}"
                yield Words(f"{where}：还差{count}个座位（负数为多出）", f"{where}: {count} seats are missing (too many where negative)")


def _check_seats(given: Given) -> Iterator[Words]:
    """No run carries more than its seats, has an attendant, and fits the largest bus allowed; stops and riders add up to the run."""
    largest = given.norms.find("bus.capacity_max")
    aboard: dict[str, int] = defaultdict(int)
    seats_of: dict[str, int] = {}
    for row in given.riders:
        aboard[str(row["route_id"])] += int(row["pupils"])
    for name, route in given.routes.items():
        halting = sum(int(row["riders"]) for row in given.stops[name])
        if not aboard[name] == halting == int(route["riders"]):
            yield Words(
                f"{name}：学生表{aboard[name]}人，站点表{halting}人，线路表{route['riders']}人",
                f"{name}: {aboard[name]} pupils among the riders, {halting} at the stops, {route['riders']} on the run",
            )
        if not 0 < aboard[name] <= int(route["seats"]):
            yield Words(f"{name}：{aboard[name]}人，座位{route['seats']}个", f"{name}: {aboard[name]} pupils for {route['seats']} seats")
        if not int(route["attendant"]) >= given.norms.value("bus.attendant"):
            yield Words(f"{name}：没有照管人员座位", f"{name}: no seat for an attendant")
        if int(route["seats"]) != seats_of.setdefault(str(route["bus_id"]), int(route["seats"])):
            yield Words(f"{name}：{route['bus_id']}的座位数前后不一", f"{name}: {route['bus_id']} has other seats on another run")
        people = int(route["seats"]) + int(route["attendant"]) + 1
        if largest is not None and not people <= largest.value:
            yield Words(f"{name}：核载{people}人，超过{largest.value:.0f}", f"{name}: a bus for {people}, more than {largest.value:.0f}")


class Roads:
    """Gates and bus stops on the re-check's own nets, and the rides and walks between them."""

    def __init__(self, given: Given, more: dict[str, list[Row]]) -> None:
        self.given = given
        tracer = Tracer(given.county, given.scenario, given.norms)
        self.walking, self.driving, self.off_network = tracer.walking, tracer.driving, tracer.off_network
        points = {str(row["stop_id"]): row["geometry"] for stops in (given.stops, more) for rows in stops.values() for row in rows}
        self.points = points
        self.off_m: dict[str, float] = {}
        self.on_drive = self._place(self.driving, points)
        self.on_walk = self._place(self.walking, points)
        self._ridden: dict[Hashable, dict[Hashable, float]] = {}

    def _place(self, net: Net, points: dict[str, shapely.Point]) -> Places:
        placed: Places = {}
        for name, point in sorted(points.items()):
            node, off_m = net.add_point(("bus stop", name), point)
            if net is self.driving:
                self.off_m[name] = off_m
            if off_m <= NEAR_M:
                placed[name] = node
        return placed

    def gate(self, site: str) -> Hashable | None:
        """Return the node of a school's gate on the roads of buses."""
        return self.driving.main_joint("school", site)

    def calls(self, name: str) -> list[Hashable | None]:
        """Return the nodes of gate and stops of a run, in the order of driving."""
        return [node for node, _ in _nodes(self.given, self, name)]

    def ride_s(self, begin: Hashable | None, end: Hashable | None) -> float:
        """Return the fastest ride between two nodes, inf without a way."""
        if begin is None or end is None:
            return np.inf
        if begin not in self._ridden:
            self._ridden[begin] = nx.single_source_dijkstra_path_length(self.driving.forward, begin, weight="s")
        return self._ridden[begin].get(end, np.inf)

    def walks_s(self, home: str, stops: Iterable[str], most_s: float) -> dict[str, float]:
        """Return an adult's seconds from `home` to each of `stops` and back, the worse, along roads; inf beyond `most_s`."""
        joined = ("home", home) in self.walking.joints
        found = dict.fromkeys(stops, 0.0)
        for graph, door in ((self.walking.forward, "out"), (self.walking.backward, "in")):
            near = nx.single_source_dijkstra_path_length(graph, (door, "home", home), cutoff=most_s, weight="s") if joined else {}
            for stop in found:
                found[stop] = max(found[stop], near.get(self.on_walk.get(stop), np.inf))
        return found


def _nodes(given: Given, roads: Roads, name: str) -> list[tuple[Hashable | None, float]]:
    """Return (node, seconds at which the bus is there, halting) of gate and stops of a run, in the order of driving."""
    route = given.routes[name]
    calls = [(roads.on_drive.get(str(row["stop_id"])), float(row["time_s"])) for row in given.stops[name]]
    gate = roads.gate(str(route["site_id"]))
    return [*calls, (gate, float(route["ends_s"]))] if route["direction"] == TO_SCHOOL else [(gate, float(route["starts_s"])), *calls]


def _halts_s(given: Given, name: str) -> list[float]:
    """Return the seconds of every halt of a run; the gate takes none of the run's time."""
    halt, board = given.norms.value("bus.halt_seconds"), given.norms.value("bus.board_seconds")
    halts = [halt + board * int(row["riders"]) for row in given.stops[name]]
    return [*halts, 0.0] if given.routes[name]["direction"] == TO_SCHOOL else [0.0, *halts]


def _slack(seconds: float) -> float:
    return max(TOLERANCE_S, TOLERANCE_SHARE * seconds)


def _check_rides(given: Given, roads: Roads) -> Iterator[Words]:
    """The timetable can be driven, every ride is as long as it says, and no trip is over the limit of its band."""
    for name in given.routes:
        calls, halts = _nodes(given, roads, name), _halts_s(given, name)
        for (here, left), (there, reached), halt in zip(calls, calls[1:], halts, strict=False):
            ride = roads.ride_s(here, there)
            if not reached - left >= ride + halt - _slack(ride):
                yield Words(
                    f"{name}：{reached - left:.0f}秒内到不了下一站，复核需{ride + halt:.0f}秒",
                    f"{name}: the next call is {reached - left:.0f} s away, the re-check needs {ride + halt:.0f} s",
                )
    wait = given.norms.value("bus.wait_minutes")
    for row in given.riders:
        if not row["route_id"]:
            continue
        limit = given.limit_minutes(str(row["band"]))
        least, most = _ride_minutes(given, row)
        said, trip = float(row["ride_minutes"]), float(row["walk_minutes"]) + wait + float(row["ride_minutes"])
        where = f"{row['route_id']}, {row['settlement_id']}, {row['band']}"
        if not least - TOLERANCE_S / MINUTE_S <= said <= most + TOLERANCE_S / MINUTE_S:
            yield Words(
                f"{where}：乘车{said:.1f}分钟，时刻表为{least:.1f}至{most:.1f}分钟",
                f"{where}: a ride of {said:.1f} min, by the timetable {least:.1f} to {most:.1f} min",
            )
        if not trip <= limit + TOLERANCE_S / MINUTE_S:
            yield Words(f"{where}：全程{trip:.1f}分钟，超过{limit:.0f}分钟", f"{where}: {trip:.1f} min door to door, over {limit:.0f} min")


def _ride_minutes(given: Given, row: Row) -> tuple[float, float]:
    """Return the least and the most minutes of a rider on board by the timetable, whoever of his stop gets on or off first."""
    route, name = given.routes[str(row["route_id"])], str(row["route_id"])
    calls = [
        (float(call["time_s"]), halt)
        for call, halt in zip(given.stops[name], [h for h in _halts_s(given, name) if h > 0], strict=True)
        if call["stop_id"] == row["stop_id"]
    ]
    if not calls:
        return np.inf, -np.inf
    if route["direction"] == TO_SCHOOL:
        rides = [(float(route["ends_s"]) - clock - halt, float(route["ends_s"]) - clock) for clock, halt in calls]
    else:
        rides = [(clock - float(route["starts_s"]), clock + halt - float(route["starts_s"])) for clock, halt in calls]
    return min(ride for ride, _ in rides) / MINUTE_S, max(ride for _, ride in rides) / MINUTE_S


def _check_windows(given: Given) -> Iterator[Words]:
    """Buses are at school before the bell and leave after dismissal, and nobody waits there longer than allowed."""
    for name, route in given.routes.items():
        low, high = given.gate_hours(str(route["site_id"]), str(route["direction"]))
        at = float(route["ends_s" if route["direction"] == TO_SCHOOL else "starts_s"])
        if not low - TOLERANCE_S <= at <= high + TOLERANCE_S:
            yield Words(
                f"{name}：在校门口的时间{_tell(at)}不在{_tell(low)}至{_tell(high)}之间",
                f"{name}: at the gate at {_tell(at)}, not between {_tell(low)} and {_tell(high)}",
            )


def _check_turns(given: Given, roads: Roads) -> Iterator[Words]:
    """A bus has let everybody off and driven on before its next run begins."""
    halt, board = given.norms.value("bus.halt_seconds"), given.norms.value("bus.board_seconds")
    by_bus: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, route in given.routes.items():
        by_bus[str(route["bus_id"]), str(route["direction"])].append(name)
    for (bus, direction), names in sorted(by_bus.items()):
        names.sort(key=lambda name: float(given.routes[name]["starts_s"]))
        for one, other in pairwise(names):
            free_s = float(given.routes[one]["ends_s"])
            free_s += halt + board * int(given.routes[one]["riders"]) if direction == TO_SCHOOL else 0.0
            drive = roads.ride_s(_nodes(given, roads, one)[-1][0], _nodes(given, roads, other)[0][0])
            late = free_s + drive - float(given.routes[other]["starts_s"])
            if not late <= _slack(drive):
                yield Words(f"{bus}：{other}开始时晚{late:.0f}秒", f"{bus} is {late:.0f} s late for {other}")


def _check_walks(given: Given, roads: Roads) -> Iterator[Words]:
    """Every stop is within the walk limit of its riders, and no walk is shorter than it can be."""
    norms = given.norms
    most = norms.value("bus.walk_to_stop_minutes")
    asked: dict[str, set[str]] = defaultdict(set)
    for row in given.riders:
        if row["route_id"]:
            asked[str(row["settlement_id"])].add(str(row["stop_id"]))
    reach_s = np.inf if given.weekly else MINUTE_S * most  # boarders walk to the stop nearest to them, however far
    adult = {home: roads.walks_s(home, stops, reach_s) for home, stops in asked.items()}
    for row in given.riders:
        if not row["route_id"]:
            continue
        child = child_factor(given.scenario, norms, str(row["band"]))
        home, stop, said = str(row["settlement_id"]), str(row["stop_id"]), MINUTE_S * float(row["walk_minutes"])
        least = min(adult[home][stop], _across_s(roads, home, stop)) / child
        where = f"{row['route_id']}, {home}, {row['band']}"
        if not (said <= MINUTE_S * most + TOLERANCE_S or given.weekly):
            yield Words(
                f"{where}：到站步行{said / 60:.1f}分钟，超过{most:.0f}分钟",
                f"{where}: {said / 60:.1f} min to the stop, over {most:.0f} min",
            )
        if not said >= least - _slack(least):
            yield Words(
                f"{where}：到站步行{said:.0f}秒，复核需{least:.0f}秒",
                f"{where}: {said:.0f} s to the stop, the re-check needs {least:.0f} s",
            )


def _across_s(roads: Roads, home: str, stop: str) -> float:
    """Return an adult's seconds across country to a stop that is one of the road points of buses near the home, inf to others."""
    joints = roads.driving.joints.get(("home", home), [])
    return min((max(spot.there_s, spot.back_s) for node, _, spot in joints if node == roads.on_drive.get(stop)), default=np.inf)


def _check_roads(given: Given, roads: Roads) -> Iterator[Words]:
    """Buses keep to roads that they may drive, and stop where they may."""
    edges, net = roads.driving.paces.edges, roads.driving
    open_ = np.flatnonzero(net.ahead | net.behind)
    lines = roads.driving.paces.lines[open_]
    tree = shapely.STRtree(lines)
    for name, route in given.routes.items():
        points = shapely.get_coordinates(route["geometry"])
        middle = shapely.points((points[1:] + points[:-1]) / 2)
        on_road = np.zeros(len(middle), dtype=bool)
        on_road[tree.query(middle, predicate="dwithin", distance=NEAR_M)[0]] = True
        if not on_road.all():
            yield Words(
                f"{name}：有{int((~on_road).sum())}段不在校车可走的路上",
                f"{name}: {int((~on_road).sum())} stretches are on no road open to it",
            )
        metres, said = float(shapely.length(route["geometry"])), KM_M * float(route["ride_km"])
        if not abs(metres - said) <= max(NEAR_M * KM_M / 10, TOLERANCE_SHARE * metres):
            yield Words(f"{name}：里程{said:.0f}米，线长{metres:.0f}米", f"{name}: {said:.0f} m by the table, {metres:.0f} m by its line")
    bad = edges["road_class"].isin(NEVER_HALT) | edges["hazard"].astype(bool) | edges["bridge"].astype(bool)
    unsafe = shapely.STRtree(roads.driving.paces.lines[np.flatnonzero(bad.to_numpy() & (net.ahead | net.behind))])
    only = given.county.stops if given.scenario.buses.listed_stops_only and not given.weekly else None
    listed = shapely.STRtree([] if only is None else only.geometry.to_numpy())
    reach_m = given.scenario.buses.stop_reach_m + NEAR_M
    for rows in given.stops.values():
        for row in rows:
            stop = str(row["stop_id"])
            if only is not None and not len(listed.query(row["geometry"], predicate="dwithin", distance=reach_m)):
                yield Words(f"站点{stop}附近没有站点表中的站", f"stop {stop} is near no stop of the table")
            if not shapely.distance(row["geometry"], roads.points[stop]) <= NEAR_M:
                yield Words(f"站点{stop}有两个位置", f"stop {stop} is at two places")
            elif not roads.off_m.get(stop, np.inf) <= NEAR_M:
                yield Words(f"站点{stop}不在校车可走的路上", f"stop {stop} is on no road open to buses")
            elif len(unsafe.query(row["geometry"], predicate="dwithin", distance=NEAR_M / 2)):
                yield Words(f"站点{stop}在高速路、桥梁或危险路段上", f"stop {stop} is on a motorway, a bridge or a dangerous stretch")


def _hour_s(own: object, usual: str) -> float:
    """Return a school's own hour in seconds, the scenario's where it has none."""
    if own is not None and own == own:  # noqa: PLR0124 - NaN is unlike itself
        return float(str(own))
    hours, minutes = usual.split(":")
    return float(int(hours) * MINUTE_S + int(minutes)) * MINUTE_S


def _tell(seconds: float) -> str:
    minutes = round(seconds / MINUTE_S)
    return f"{minutes // MINUTE_S:02d}:{minutes % MINUTE_S:02d}"
