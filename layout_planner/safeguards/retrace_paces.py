"""How fast walkers and buses are on every road, worked out a second time from the raw road table and the norm set."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely

from layout_planner.safeguards.bus_pace import BusPace
from layout_planner.safeguards.retrace_terrain import Country, sample_heights

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray
    from shapely import Point

    from layout_planner.county.model import County, Elevation
    from layout_planner.norms import NormSet
    from layout_planner.scenario import Scenario

    Floats = NDArray[np.float64]

SAMPLE_M, RIDE_SAMPLE_M = 60.0, 300.0


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
