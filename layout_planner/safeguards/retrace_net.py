"""Roads, homes and schools as a networkx graph of the re-check's own: the raw road table, own snapping, own paces.

Nothing here is shared with `travel`: a fault there must show as two different figures.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, Literal, NamedTuple

import networkx as nx
import numpy as np
import shapely

from layout_planner.safeguards.bus_pace import BusPace
from layout_planner.safeguards.retrace_terrain import Country, sample_heights
from layout_planner.safeguards.shut_roads import ShutRoads

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import geopandas as gpd
    from numpy.typing import NDArray
    from shapely import Point

    from layout_planner.county.model import BadDay, County, Elevation
    from layout_planner.norms import NormSet
    from layout_planner.scenario import Scenario

    Floats = NDArray[np.float64]

LEAST_COMPONENT_M = 1000.0
SAMPLE_M, RIDE_SAMPLE_M = 60.0, 300.0
STRAIGHT_M = 500.0
SAME_POINT_M = 0.01
Kind = Literal["walk", "drive"]


class Spot(NamedTuple):
    """Where a place joins the roads: position of the edge, metres along it, metres from the place to it.

    there_s, back_s  seconds from the place to the road and back; inf where no leg leads there
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


class Way(NamedTuple):
    """Seconds of the worse direction, metres of the way to school, and the seconds among them that are spent across country."""

    seconds: float
    metres: float
    across_s: float = 0.0


NO_WAY = Way(float("inf"), float("inf"))


class Timing(NamedTuple):
    """Seconds along one edge: at each of `metres`, how long from its start, and how long back to its start."""

    metres: Floats
    going_s: Floats
    returning_s: Floats


class Paces:
    """Speeds in m/s from the norm set, and seconds along every edge."""

    def __init__(self, county: County, scenario: Scenario, norms: NormSet) -> None:
        self.norms = norms
        self.walk_ms = norms.value("speed.walk_kmh") / 3.6
        self.off_road_ms = self.walk_ms * norms.value("speed.off_road_factor")
        edges = county.roads.edges
        self.edges = (edges if scenario.travel.ferries else edges[edges["road_class"] != "ferry"]).reset_index(drop=True)
        self.lines = _oriented_lines(self.edges, county.roads.node_xy)
        self.lengths = shapely.length(self.lines)
        sloped = scenario.travel.walk.slope and county.elevation is not None
        self.classes = self.edges["road_class"].astype(str).to_numpy()
        self.elevation, self.crs = (county.elevation if sloped else None), county.crs
        steps = self.classes == "steps"
        self.profiles = _slope_profiles(self, self.elevation, SAMPLE_M, steps) if self.elevation is not None else None
        hills = county.elevation if scenario.travel.ride.slope else None
        self.hills = _slope_profiles(self, hills, RIDE_SAMPLE_M, np.zeros_like(steps)) if hills is not None else None
        self.bus = BusPace(self.edges, norms)
        walked = self.edges["walk"].to_numpy(dtype=bool) & (self.classes != "ferry")
        height = None if self.elevation is None else partial(sample_heights, self.elevation, crs=county.crs)
        self.country = Country(county.water, self.lines[walked], self.off_road, height, scenario.travel.terrain_reach_m)

    def off_road(self, slopes: Floats) -> Floats:
        """Speed in m/s across country on `slopes`."""
        return self.tobler_ms(slopes) * (self.off_road_ms / self.walk_ms)

    def walk(self, edge: int) -> Timing:
        """Seconds on foot along an edge."""
        if self.classes[edge] == "ferry":
            sailed = 3.6 * self.lengths[edge] / self.norms.value("speed.ferry_kmh") + 60 * self.norms.value("ferry.wait_minutes")
            return Timing(np.array([0.0, self.lengths[edge]]), *[np.array([0.0, sailed])] * 2)
        steps = self.norms.value("speed.steps_factor") if self.classes[edge] == "steps" else 1.0
        if self.profiles is None or self.classes[edge] == "steps":
            metres = np.array([0.0, self.lengths[edge]])
            return Timing(metres, metres / (self.walk_ms * steps), metres / (self.walk_ms * steps))
        metres, slopes = self.profiles[edge]
        spans = np.diff(metres)
        going, returning = (np.concatenate([[0.0], np.cumsum(spans / self.tobler_ms(s))]) for s in (slopes, -slopes))
        return Timing(metres, going, returning)

    def drive(self, edge: int) -> Timing:
        """Seconds of a bus along an edge."""
        metres, slopes = (np.array([0.0, self.lengths[edge]]), np.zeros(1)) if self.hills is None else self.hills[edge]
        spans = np.diff(metres) * 3.6
        speeds = [[self.bus.kmh(edge, slope) for slope in way] for way in (slopes, -slopes)]
        return Timing(metres, *(np.concatenate([[0.0], np.cumsum(spans / speed)]) for speed in speeds))

    def tobler_ms(self, slopes: Floats) -> Floats:
        """Speed in m/s on `slopes`: Tobler's shape, scaled to the norm set's flat speed and never above his top speed."""
        top, decay, shift = (self.norms.value(f"speed.tobler_{name}") for name in ("top_kmh", "decay", "shift"))
        scaled = self.walk_ms * np.exp(decay * (abs(shift) - np.abs(slopes + shift)))
        return np.asarray(np.minimum(scaled, max(top / 3.6, self.walk_ms)))

    def cross_country(self, place: Point, edge: int, along_m: float) -> tuple[float, float]:
        """Seconds straight from `place` to a point of a road, and back; sloped where there is a grid."""
        road = shapely.line_interpolate_point(self.lines[edge], along_m)
        metres = float(shapely.distance(place, road))
        slope = 0.0
        if self.elevation is not None and metres > 0:
            ends = np.array([[place.x, place.y], [road.x, road.y]])
            rise = float(np.diff(sample_heights(self.elevation, ends, self.crs))[0])
            slope = rise / metres if np.isfinite(rise) else 0.0
        factor = self.off_road_ms / self.walk_ms
        going, back = (metres / (float(self.tobler_ms(np.array([s]))[0]) * factor) for s in (slope, -slope))
        return going, back


class Net:
    """The roads of one kind with homes and schools on them."""

    def __init__(self, kind: Kind, county: County, scenario: Scenario, paces: Paces, walkers: dict[str, Spot] | None = None) -> None:
        self.kind, self.paces, self.scenario = kind, paces, scenario
        edges = paces.edges
        self.ahead = edges["walk" if kind == "walk" else "drive_forward"].to_numpy(dtype=bool)
        self.behind = edges["walk" if kind == "walk" else "drive_backward"].to_numpy(dtype=bool)
        if kind == "drive":
            self.ahead, self.behind = self.ahead & paces.bus.fits, self.behind & paces.bus.fits
        self.ends = edges[["from_node", "to_node"]].to_numpy(dtype=int)
        parts = _number_components(self.ends, self.ahead | self.behind)
        ashore, most_m = paces.classes != "ferry", scenario.travel.off_network_m
        self.schools = self._settle(county.schools, _in_long_components(parts, paces.lengths) & ashore, most_m)
        holding = {parts[spot.edge] for spot in self.schools.values() if np.isfinite(spot.there_s)}
        self.reach = np.isin(parts, sorted(holding)) & ashore
        self.homes = self._settle(county.settlements, self.reach, most_m if kind == "walk" else np.inf, walkers)
        self.node_of: dict[tuple[str, str], Hashable] = {}
        self._on_edge: dict[int, list[tuple[float, Hashable]]] = defaultdict(list)
        self.leg: dict[tuple[str, str], tuple[float, float]] = {}
        for what, spots in (("home", self.homes), ("school", self.schools)):
            for name, spot in spots.items():
                if what == "home" or np.isfinite(spot.there_s):
                    self.node_of[what, name] = self._place((what, name), spot)
                    self.leg[what, name] = spot.there_s, spot.back_s
        self.places = {"home": county.settlements, "school": county.schools}
        self.shut: ShutRoads | None = None
        self._graphs: tuple[nx.DiGraph, nx.DiGraph] | None = None

    def _settle(
        self, table: gpd.GeoDataFrame, allowed: NDArray[np.bool_], most_m: float, walkers: dict[str, Spot] | None = None
    ) -> dict[str, Spot]:
        """Return where the places join, straight or over the terrain; a stop is where a home that treks meets a road of buses."""
        country, lines = self.paces.country, self.paces.lines
        long_m = min(most_m, STRAIGHT_M if self.kind == "walk" else np.inf) if self.paces.elevation is not None else np.inf
        settled = {}
        for name, spot in _snap(table, lines, allowed).items():
            walker = (walkers or {}).get(name)
            treks = walker is not None and walker.trekked
            if walker is not None and treks and allowed[walker.edge]:
                settled[name] = walker
                continue
            place = table.geometry.at[name]
            joint = shapely.get_coordinates(shapely.line_interpolate_point(lines[spot.edge], spot.along_m))[0]
            wet = country.is_wet(np.array([place.x, place.y]), joint)
            trek = None
            if (wet or treks or spot.off_m > long_m) and spot.off_m <= country.reach_m:
                trek = country.trek(place, lines, allowed, spot.off_m)
            if trek is not None:
                settled[name] = Spot(*trek[:-1], trekked=True, path=trek.path)
            elif wet or treks or not spot.off_m <= most_m:
                settled[name] = spot
            else:
                settled[name] = Spot(*spot[:3], *self.paces.cross_country(place, spot.edge, spot.along_m))
        return settled

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
        net.leg, net.node_of = dict(self.leg), dict(self.node_of)
        for what, spots in (("home", self.homes), ("school", self.schools)):
            for name, spot in spots.items():
                if (what, name) in net.leg and net.shut.meets(self._line_of_leg(what, name, spot)):
                    net.leg[what, name] = float("inf"), float("inf")
                    if what == "school" and self.kind == "drive":
                        del net.node_of[what, name]
        return net

    def _line_of_leg(self, what: str, name: str, spot: Spot) -> shapely.LineString:
        if spot.path is not None:
            return shapely.LineString(spot.path)
        road = shapely.line_interpolate_point(self.paces.lines[spot.edge], spot.along_m)
        return shapely.LineString([self.places[what].geometry.at[name], road])

    def add_stop(self, home: str, spot: Spot) -> Hashable | None:
        """Put the drivable point nearest to `home` on this net; None where neither its edge nor an end of it is part of it."""
        at_end = not SAME_POINT_M < spot.along_m < self.paces.lengths[spot.edge] - SAME_POINT_M
        return self._place(("stop", home), spot) if self.ahead[spot.edge] or at_end else None

    def add_halts(self, county: County) -> None:
        """Put the stops of public lines on this net, but those further from it than the scenario allows."""
        if county.lines is None:
            return
        for name, spot in self._settle(county.lines.stops, self.reach, self.scenario.travel.off_network_m).items():
            if np.isfinite(spot.there_s):
                self.node_of["halt", name] = self._place(("halt", name), spot)
                self.leg["halt", name] = spot.there_s, spot.back_s

    def add_point(self, name: Hashable, point: Point) -> tuple[Hashable, float]:
        """Put a point on the nearest road of this net; its node and how many metres it is from that road."""
        chosen = np.flatnonzero(self.ahead | self.behind)
        away = shapely.distance(self.paces.lines[chosen], point)
        edge = int(chosen[away.argmin()])
        spot = Spot(edge, float(shapely.line_locate_point(self.paces.lines[edge], point)), float(away.min()))
        return self._place(name, spot), spot.off_m

    def measure(self, school: str, homes: list[str]) -> dict[str, Way]:
        """Return the ways of `homes` to `school`; the off-road legs count on foot only."""
        target = self.node_of.get(("school", school))
        if target is None:
            return {}
        before, to_school = nx.dijkstra_predecessor_and_distance(self.backward, target, weight="s")
        symmetric = self.kind == "walk" and self.paces.profiles is None
        from_school = to_school if symmetric else nx.single_source_dijkstra_path_length(self.forward, target, weight="s")
        ways = {}
        for home in homes:
            node = self.node_of.get(("home", home))
            there, back = to_school.get(node, np.inf), from_school.get(node, np.inf)
            if not np.isfinite(max(there, back)):
                continue
            legs = across_s = 0.0
            if self.kind == "walk":
                (out, home_again), (from_road, to_road) = self.leg["home", home], self.leg["school", school]
                there, back = there + out + to_road, back + home_again + from_road
                legs, across_s = self.homes[home].off_m + self.schools[school].off_m, min(out, home_again) + min(to_road, from_road)
            ways[home] = Way(max(there, back), _metres_along(self.backward, before, node, target) + legs, across_s)
        return ways

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
            graph.add_nodes_from([*self.node_of.values(), *(name for stops in self._on_edge.values() for _, name in stops)])
            for edge in np.flatnonzero(self.ahead | self.behind):
                self._add_edge(graph, int(edge))
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


def _keep_faster(graph: nx.DiGraph, here: Hashable, there: Hashable, seconds: float, metres: float) -> None:
    if not graph.has_edge(here, there) or seconds < graph.edges[here, there]["s"]:
        graph.add_edge(here, there, s=seconds, m=metres)


def _metres_along(graph: nx.DiGraph, before: Mapping[Hashable, list[Hashable]], node: Hashable, source: Hashable) -> float:
    """Metres from `node` back to the `source` of a Dijkstra, along its predecessors.

    Over an edge of no length the source too has a predecessor, so the walk must stop there by itself.
    """
    metres = 0.0
    while node != source:
        metres += graph.edges[before[node][0], node]["m"]
        node = before[node][0]
    return metres


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


def _oriented_lines(edges: gpd.GeoDataFrame, node_xy: Floats) -> NDArray[np.object_]:
    """Return the lines of all edges, each running from its `from_node`."""
    lines = np.array(edges.geometry.to_numpy(), dtype=object)
    first = shapely.get_coordinates(shapely.get_point(lines, 0))
    start, end = (node_xy[edges[column].to_numpy(dtype=int)] for column in ("from_node", "to_node"))
    backwards = np.hypot(*(first - end).T) < np.hypot(*(first - start).T)
    lines[backwards] = shapely.reverse(lines[backwards])
    return lines


def _slope_profiles(paces: Paces, elevation: Elevation, most_m: float, whole: NDArray[np.bool_]) -> list[tuple[Floats, Floats]]:
    """Return for every line the metres of its sample points and the slope between them (0 where a height is unknown).

    Lines are cut into equal pieces of at most `most_m`; bridges and what is `whole` are one piece.
    """
    if "bridge" in paces.edges:
        whole = whole | paces.edges["bridge"].to_numpy(dtype=bool)
    pieces = np.where(whole, 1, np.maximum(1, np.ceil(paces.lengths / most_m))).astype(int)
    along = [np.linspace(0.0, length, count + 1) for length, count in zip(paces.lengths, pieces, strict=True)]
    points = shapely.line_interpolate_point(np.repeat(paces.lines, pieces + 1), np.concatenate(along))
    heights = np.split(sample_heights(elevation, shapely.get_coordinates(points), paces.crs), np.cumsum(pieces + 1)[:-1])
    slopes = [np.diff(h) / np.maximum(np.diff(m), 1e-9) for h, m in zip(heights, along, strict=True)]
    return [(m, np.where(np.isfinite(s), s, 0.0)) for m, s in zip(along, slopes, strict=True)]
