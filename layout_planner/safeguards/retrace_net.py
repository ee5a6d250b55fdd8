"""Roads, homes and schools as a networkx graph of the re-check's own: the raw road table, own snapping, own paces.

Nothing here is shared with `travel`: a fault there must show as two different figures.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from typing import TYPE_CHECKING, Literal, NamedTuple

import networkx as nx
import numpy as np
import shapely

from layout_planner.safeguards.shut_roads import ShutRoads

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import geopandas as gpd
    from numpy.typing import NDArray
    from shapely import Point

    from layout_planner.county.model import BadDay, County
    from layout_planner.safeguards.retrace_paces import Paces
    from layout_planner.safeguards.retrace_terrain import Trek
    from layout_planner.scenario import Scenario

    Floats = NDArray[np.float64]

LEAST_COMPONENT_M = 1000.0
NEAR_M = 500.0
SAME_POINT_M = 0.01
Kind = Literal["walk", "drive"]


class Spot(NamedTuple):
    """Where a place joins the roads: position of the edge, metres along it, metres from the place to it.

    there_s, back_s  seconds from the place to the road and back; inf where no leg leads to a stop
    trekked          True where the leg is a way over the terrain
    path             float64 (n, 2), that way from the place to the road; None where the leg is straight
    """

    edge: int
    along_m: float
    off_m: float
    there_s: float = float("inf")
    back_s: float = float("inf")
    trekked: bool = False
    path: Floats | None = None


class Joint(NamedTuple):
    """One of the points where a place joins: its node, its number among those of the place, where it is."""

    node: Hashable
    number: int
    spot: Spot


Joints = dict[tuple[str, str], list[Joint]]


class Way(NamedTuple):
    """Seconds of the worse direction, metres of the way to school, and the seconds among them that are spent across country."""

    seconds: float
    metres: float
    across_s: float = 0.0


NO_WAY = Way(float("inf"), float("inf"))


class Net:
    """The roads of one kind with homes and schools on them: every place may join at several points."""

    def __init__(self, kind: Kind, county: County, scenario: Scenario, paces: Paces, walkers: Joints | None = None) -> None:
        self.kind, self.paces, self.scenario = kind, paces, scenario
        edges = paces.edges
        self.ahead = edges["walk" if kind == "walk" else "drive_forward"].to_numpy(dtype=bool)
        self.behind = edges["walk" if kind == "walk" else "drive_backward"].to_numpy(dtype=bool)
        if kind == "drive":
            self.ahead, self.behind = self.ahead & paces.bus.fits, self.behind & paces.bus.fits
        self.ends = edges[["from_node", "to_node"]].to_numpy(dtype=int)
        parts = _number_components(self.ends, self.ahead | self.behind)
        ashore, most_m = paces.classes != "ferry", scenario.travel.off_network_m
        schools = self._settle(county.schools, _in_long_components(parts, paces.lengths) & ashore, most_m)
        holding = {parts[spot.edge] for spots in schools.values() for spot in spots}
        self.reach = np.isin(parts, sorted(holding)) & ashore
        homes = self._settle(county.settlements, self.reach, most_m if kind == "walk" else np.inf, walkers)
        self._on_edge: dict[int, list[tuple[float, Hashable]]] = defaultdict(list)
        self.joints: Joints = {}
        for what, settled in (("home", homes), ("school", schools)):
            for name, spots in settled.items():
                if walkers is None or (what, name) in walkers:
                    self._join(what, name, spots)
        self.places = {"home": county.settlements, "school": county.schools}
        if county.lines is not None:
            self.places["halt"] = county.lines.stops
        self.shut: ShutRoads | None = None
        self._graphs: tuple[nx.DiGraph, nx.DiGraph] | None = None

    def _join(self, what: str, name: str, spots: list[Spot]) -> None:
        if spots:
            self.joints[what, name] = [Joint(self._place((what, name, i), spot), i, spot) for i, spot in enumerate(spots)]

    def _settle(
        self, table: gpd.GeoDataFrame, allowed: NDArray[np.bool_], most_m: float, walkers: Joints | None = None
    ) -> dict[str, list[Spot]]:
        """Return where the places join: every allowed road within 500 m to which dry land leads; else one, straight or over the terrain.

        A stop far off is where a home that treks meets a road of buses.
        """
        settled = {}
        for name, spot in _snap(table, self.paces.lines, allowed).items():
            place = table.geometry.at[name]
            near = self._settle_near(place, allowed, min(NEAR_M, most_m)) if spot.off_m <= NEAR_M else []
            afoot = None if walkers is None else walkers.get(("home", name), [])
            far = [] if near else self._settle_far(place, spot, allowed, most_m, afoot)
            settled[name] = near or far or ([] if walkers is None else [spot])  # to a stop one may still walk by road
        return settled

    def _settle_near(self, place: Point, allowed: NDArray[np.bool_], most_m: float) -> list[Spot]:
        lines, spots = self.paces.lines, []
        boxes = shapely.box(place.x - most_m, place.y - most_m, place.x + most_m, place.y + most_m)
        about = np.flatnonzero(allowed)
        about = about[shapely.intersects(lines[about], boxes)]
        for edge, off_m in zip(about, shapely.distance(lines[about], place), strict=True):
            along = float(shapely.line_locate_point(lines[edge], place))
            joint = shapely.get_coordinates(shapely.line_interpolate_point(lines[edge], along))[0]
            if off_m <= most_m and not self.paces.country.is_wet(np.array([place.x, place.y]), joint):
                spots.append(Spot(int(edge), along, float(off_m), *self.paces.cross_country(place, int(edge), along)))
        return spots

    def _settle_far(self, place: Point, spot: Spot, allowed: NDArray[np.bool_], most_m: float, afoot: list[Joint] | None) -> list[Spot]:
        """Return the joints of a place without a road near by; none where no leg leads to one.

        afoot : how a home joins the walkable roads, None unless these are its stops. Who treks to those treks to its stops.
        """
        country, lines, every_m = self.paces.country, self.paces.lines, self.scenario.travel.off_network_m
        hilly, treks = self.paces.elevation is not None, bool(afoot) and all(joint.spot.trekked for joint in afoot or ())
        long_m = min(most_m, NEAR_M if self.kind == "walk" else np.inf) if hilly else np.inf
        joint = shapely.get_coordinates(shapely.line_interpolate_point(lines[spot.edge], spot.along_m))[0]
        wet = country.is_wet(np.array([place.x, place.y]), joint)
        must, lowland = wet or treks or not spot.off_m <= most_m, not hilly and afoot is None
        straight = self._settle_near(place, allowed, most_m) if lowland else []
        found: list[Trek] = []
        if (wet or treks or spot.off_m > long_m or (lowland and country.water)) and spot.off_m <= (
            min(most_m, country.reach_m) if lowland else country.reach_m
        ):
            found = country.treks(place, lines, allowed, every_m)
            soonest = country.trek(place, lines, allowed, spot.off_m) if not found and (hilly or (must and not straight)) else None
            found += [] if soonest is None else [soonest]
        spots = [Spot(*trek[:-1], trekked=True, path=trek.path) for trek in found]
        if lowland:
            return spots + straight
        return spots or ([] if must else [Spot(*spot[:3], *self.paces.cross_country(place, spot.edge, spot.along_m))])

    @property
    def forward(self) -> nx.DiGraph:
        """Roads in the direction of travel."""
        return self._build()[0]

    @property
    def backward(self) -> nx.DiGraph:
        """The same roads turned round."""
        return self._build()[1]

    def on_bad_day(self, day: BadDay) -> Net:
        """Return the same net without the roads and legs that the day closes; places join the roads where they always do."""
        net = copy.copy(self)
        net.__dict__["_graphs"] = None
        net.shut = ShutRoads(self.paces.edges, self.paces.lines, day, self.scenario.travel)
        net.joints = {}
        for (what, name), joints in self.joints.items():
            cut = [self._is_cut(net.shut, what, name, joint.spot) for joint in joints]
            if self.kind == "drive":  # to a stop one may still walk by road
                shut = [joint._replace(spot=joint.spot._replace(there_s=np.inf, back_s=np.inf)) for joint in joints]
                net.joints[what, name] = [gone if is_cut else joint for gone, is_cut, joint in zip(shut, cut, joints, strict=True)]
            elif not all(cut):
                net.joints[what, name] = [joint for joint, is_cut in zip(joints, cut, strict=True) if not is_cut]
        return net

    def _is_cut(self, shut: ShutRoads, what: str, name: str, spot: Spot) -> bool:
        return bool(np.isfinite(spot.there_s)) and shut.meets(self._line_of_leg(what, name, spot))

    def _line_of_leg(self, what: str, name: str, spot: Spot) -> shapely.LineString:
        if spot.path is not None:
            return shapely.LineString(spot.path)
        road = shapely.line_interpolate_point(self.paces.lines[spot.edge], spot.along_m)
        return shapely.LineString([self.places[what].geometry.at[name], road])

    def main_joint(self, what: str, name: str) -> Hashable | None:
        """Return the node at which a place is soonest joined and left; None where no leg leads to a road."""
        joints = self.joints.get((what, name), [])

        def order(joint: Joint) -> tuple[float, float, float]:
            x, y = shapely.get_coordinates(shapely.line_interpolate_point(self.paces.lines[joint.spot.edge], joint.spot.along_m))[0]
            return round(joint.spot.there_s + joint.spot.back_s, 6), round(float(y), 6), round(float(x), 6)

        return min(joints, key=order).node if joints else None

    def add_stop(self, what: str, name: str, joint: Joint) -> Hashable | None:
        """Put a stop of the roads of buses on this net; None where neither its edge nor an end of it is part of it."""
        spot = joint.spot
        at_end = not SAME_POINT_M < spot.along_m < self.paces.lengths[spot.edge] - SAME_POINT_M
        return self._place(("stop", what, name, joint.number), spot) if self.ahead[spot.edge] or at_end else None

    def add_halts(self, county: County) -> None:
        """Put the stops of public lines on this net, but those further from it than the scenario allows."""
        if county.lines is None:
            return
        for name, spots in self._settle(county.lines.stops, self.reach, self.scenario.travel.off_network_m).items():
            self._join("halt", name, spots)

    def add_curbs(self, county: County) -> dict[str, Hashable]:
        """Put the stops of public lines on this net of buses, at the nearest road if it is within 500 m; their nodes."""
        if county.lines is None:
            return {}
        found = _snap(county.lines.stops, self.paces.lines, (self.ahead | self.behind) & (self.paces.classes != "ferry"))
        return {name: self._place(("curb", name), spot) for name, spot in found.items() if spot.off_m <= NEAR_M}

    def add_point(self, name: Hashable, point: Point) -> tuple[Hashable, float]:
        """Put a point on the nearest road of this net; its node and how many metres it is from that road."""
        chosen = np.flatnonzero(self.ahead | self.behind)
        away = shapely.distance(self.paces.lines[chosen], point)
        edge = int(chosen[away.argmin()])
        spot = Spot(edge, float(shapely.line_locate_point(self.paces.lines[edge], point)), float(away.min()))
        return self._place(name, spot), spot.off_m

    def measure(self, school: str, homes: list[str]) -> dict[str, Way]:
        """Return the walks of `homes` to `school`, from door to door."""
        if ("school", school) not in self.joints:
            return {}
        there = self._search(self.backward, ("in", "school", school), [("out", "home", home) for home in homes])
        back = there
        if self.paces.profiles is not None:
            back = self._search(self.forward, ("out", "school", school), [("in", "home", home) for home in homes])
        ways = {}
        for home, one, other in zip(homes, there, back, strict=True):
            if one is not None and other is not None:
                worse = other if other.seconds > one.seconds else one
                ways[home] = Way(worse.seconds, one.metres, worse.across_s)
        return ways

    def _search(self, graph: nx.DiGraph, source: Hashable, targets: list[Hashable]) -> list[Way | None]:
        before, away = nx.dijkstra_predecessor_and_distance(graph, source, weight="s")
        found: list[Way | None] = []
        for target in targets:
            if target not in away:
                found.append(None)
                continue
            metres, across_s, _ = add_along(graph, before, target, source)
            found.append(Way(away[target], metres, across_s))
        return found

    def _place(self, name: Hashable, spot: Spot) -> Hashable:
        start, end = self.ends[spot.edge]
        if spot.along_m <= SAME_POINT_M:
            return int(start)
        if spot.along_m >= self.paces.lengths[spot.edge] - SAME_POINT_M:
            return int(end)
        for along_m, node in self._on_edge[spot.edge]:
            if abs(along_m - spot.along_m) <= SAME_POINT_M:
                return node
        self._on_edge[spot.edge].append((spot.along_m, name))
        return name

    def _build(self) -> tuple[nx.DiGraph, nx.DiGraph]:
        if self._graphs is None:
            graph = nx.DiGraph()
            graph.add_nodes_from(name for stops in self._on_edge.values() for _, name in stops)
            for edge in np.flatnonzero(self.ahead | self.behind):
                self._add_edge(graph, int(edge))
            for (what, name), joints in self.joints.items() if self.kind == "walk" else ():
                for node, _, spot in joints:
                    for here, there, seconds in ((("out", what, name), node, spot.there_s), (node, ("in", what, name), spot.back_s)):
                        _keep_faster(graph, here, there, seconds, spot.off_m, seconds)
            self._graphs = graph, graph.reverse(copy=True)
        return self._graphs

    def _add_edge(self, graph: nx.DiGraph, edge: int) -> None:
        timing = self.paces.walk(edge) if self.kind == "walk" else self.paces.drive(edge)
        start, end = self.ends[edge]
        inner = sorted(self._on_edge.get(edge, []), key=lambda stop: stop[0])
        chain = [(0.0, int(start)), *inner, (float(self.paces.lengths[edge]), int(end))]
        metres = np.array([at for at, _ in chain])
        going, returning = (np.diff(np.interp(metres, timing.metres, seconds)) for seconds in timing[1:])
        for i, span in enumerate(np.diff(metres)):
            here, there = chain[i][1], chain[i + 1][1]
            if self.shut is not None and self.shut.closes(edge, chain[i][0], chain[i + 1][0]):
                continue
            if self.ahead[edge]:
                _keep_faster(graph, here, there, float(going[i]), float(span))
            if self.behind[edge]:
                _keep_faster(graph, there, here, float(returning[i]), float(span))


def _keep_faster(graph: nx.DiGraph, here: Hashable, there: Hashable, seconds: float, metres: float, across_s: float = 0.0) -> None:
    if not graph.has_edge(here, there) or seconds < graph.edges[here, there]["s"]:
        graph.add_edge(here, there, s=seconds, m=metres, x=across_s)


def add_along(
    graph: nx.DiGraph, before: Mapping[Hashable, list[Hashable]], node: Hashable, source: Hashable
) -> tuple[float, float, Hashable]:
    """Return metres and seconds across country from `node` back to the `source` of a Dijkstra, and the node next to the source.

    Over an edge of no length the source too has a predecessor, so the walk must stop there by itself.
    """
    metres = across_s = 0.0
    while node != source:
        onward = before[node][0]
        part = graph.edges[onward, node]
        metres, across_s = metres + part["m"], across_s + part.get("x", 0.0)
        if onward == source:
            return metres, across_s, node
        node = onward
    return metres, across_s, node


def _number_components(ends: NDArray[np.int64], used: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the component of every edge; -1 where the edge is not used."""
    graph = nx.Graph(map(tuple, ends[used].tolist()))
    number = {node: i for i, nodes in enumerate(nx.connected_components(graph)) for node in nodes}
    return np.array([number[start] if use else -1 for (start, _), use in zip(ends.tolist(), used, strict=True)], dtype=int)


def _in_long_components(parts: NDArray[np.int64], lengths: Floats) -> NDArray[np.bool_]:
    used = parts >= 0
    total = np.bincount(parts[used], weights=lengths[used], minlength=1) if used.any() else np.zeros(1)
    return np.asarray(used & (total[np.maximum(parts, 0)] >= LEAST_COMPONENT_M))


def _snap(places: gpd.GeoDataFrame, lines: NDArray[np.object_], allowed: NDArray[np.bool_]) -> dict[str, Spot]:
    """Return the nearest point of the nearest allowed line of every place, by distance to all boxes, then to the lines in reach."""
    chosen = np.flatnonzero(allowed)
    if not len(chosen):
        return {}
    west, south, east, north = shapely.bounds(lines[chosen]).T
    spots = {}
    for name, point in zip(places.index, places.geometry, strict=True):
        to_box = np.hypot(
            np.maximum(0, np.maximum(west - point.x, point.x - east)), np.maximum(0, np.maximum(south - point.y, point.y - north))
        )
        reach = shapely.distance(lines[chosen[to_box.argmin()]], point)
        near = chosen[to_box <= reach + SAME_POINT_M]
        distances = shapely.distance(lines[near], point)
        edge = int(near[distances.argmin()])
        spots[str(name)] = Spot(edge, float(shapely.line_locate_point(lines[edge], point)), float(distances.min()))
    return spots
