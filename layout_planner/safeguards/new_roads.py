"""A new road of `[[plan.road_fixes]]` worked out a second time, point by point along the lines; shares no code with `county.new_roads`."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
from pyproj import Transformer
from shapely import LineString, Point

if TYPE_CHECKING:
    from layout_planner.county.model import RoadTable
    from layout_planner.scenario import RoadFix

    Places = list[tuple[float, float]]

MEETS_M = 50.0
AT_END_M = 1.0
DEGREES = "EPSG:4326"


def build_road(roads: RoadTable, fix: RoadFix) -> RoadTable:
    """Return `roads` with the road along `fix.line`, which meets what lies within MEETS_M of its ends."""
    rows: list[dict[Any, Any]] = roads.edges.to_dict("records")
    places: Places = [(float(x), float(y)) for x, y in roads.node_xy]
    ask = Transformer.from_crs(DEGREES, roads.edges.crs, always_xy=True)
    route = [ask.transform(lon, lat) for lon, lat in fix.line]
    first, last = _join(rows, places, route[0]), _join(rows, places, route[-1])
    whole = [places[first], *route, places[last]]
    steps = [whole[0], *(b for a, b in pairwise(whole) if a != b)]
    road = dict(rows[0])  # for columns that nobody names
    road |= {"from_node": first, "to_node": last, "way": f"new:{fix.id}", "name": fix.name.zh, "geometry": LineString(steps)}
    road |= {"road_class": fix.road_class or "unclassified", "surface": fix.surface, "walk": True, "closed_from": "", "hazard": False}
    road |= {"drive_forward": fix.opens_to_buses, "drive_backward": fix.opens_to_buses, "bridge": False}
    road |= {"speed_limit_kmh": math.inf, "max_weight_t": math.inf, "max_height_m": math.inf, "width_m": fix.width_m or math.inf}
    rows.append(road)
    back = Transformer.from_crs(roads.edges.crs, DEGREES, always_xy=True)
    degrees = [*map(tuple, roads.node_lonlat), *(back.transform(*place) for place in places[len(roads.node_xy) :])]
    edges = gpd.GeoDataFrame(rows, columns=list(roads.edges.columns), crs=roads.edges.crs)
    return replace(roads, node_xy=np.array(places), node_lonlat=np.array(degrees), edges=edges)


def _join(rows: list[dict[Any, Any]], places: Places, end: tuple[float, float]) -> int:
    """Return the node at which a road from `end` begins; a road that it meets within its length is cut there."""
    here = Point(end)
    by_road = [k for k, row in enumerate(rows) if row["road_class"] != "ferry" and row["geometry"].distance(here) <= MEETS_M]
    if not by_road:
        places.append(end)
        return len(places) - 1
    near = min(by_road, key=lambda k: rows[k]["geometry"].distance(here))
    before, meeting, after = _cut(list(rows[near]["geometry"].coords), end)
    if LineString([*before, meeting]).length <= AT_END_M:
        return int(rows[near]["from_node"])
    if LineString([meeting, *after]).length <= AT_END_M:
        return int(rows[near]["to_node"])
    places.append(meeting)
    node = len(places) - 1
    rows.append({**rows[near], "from_node": node, "geometry": LineString([meeting, *after])})
    rows[near] = {**rows[near], "to_node": node, "geometry": LineString([*before, meeting])}
    return node


def _cut(corners: Places, end: tuple[float, float]) -> tuple[Places, tuple[float, float], Places]:
    """Return the corners before the point of a line that is nearest to `end`, that point, and the corners after it."""
    found: tuple[float, int, tuple[float, float]] = (math.inf, 0, corners[0])
    for k, ((ax, ay), (bx, by)) in enumerate(pairwise(corners)):
        along = (bx - ax) ** 2 + (by - ay) ** 2
        share = 0.0 if along == 0 else min(1.0, max(0.0, ((end[0] - ax) * (bx - ax) + (end[1] - ay) * (by - ay)) / along))
        point = (ax + share * (bx - ax), ay + share * (by - ay))
        away = math.dist(point, end)
        if away < found[0]:
            found = (away, k, point)
    _, k, point = found
    return corners[: k + 1], point, corners[k + 1 :]
