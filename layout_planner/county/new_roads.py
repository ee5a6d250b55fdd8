"""A road that does not exist yet, as `[[plan.road_fixes]]` with a `line` asks for it, among the roads of a county.

An end within JOIN_M of a road meets it at the nearest point, where the road is cut in two; any other end is a dead end. Roads that the
line crosses on its way are not joined: a planner draws a road for every stretch between two crossings.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from shapely.ops import substring

from layout_planner.county.coordinates import WGS84
from layout_planner.words import Words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layout_planner.county.faults import Faults
    from layout_planner.county.model import RoadTable
    from layout_planner.scenario import RoadFix

    Floats = NDArray[np.float64]

JOIN_M = 50.0
SAME_NODE_M = 1.0
AROUND_M = 10_000.0  # how far from the roads of the county a point may lie
FERRY = "ferry"


def add_road(roads: RoadTable, fix: RoadFix) -> RoadTable:
    """Return the roads with the one that `fix` draws; its class, surface and width are those of `fix`."""
    points = _project(roads, fix)
    ends = []
    for place in (0, -1):
        roads, node = _meet(roads, points[place])
        ends.append(node)
    line = np.vstack([roads.node_xy[ends[0]], points, roads.node_xy[ends[1]]])
    kept = np.append(True, np.hypot(*np.diff(line, axis=0).T) > 0)
    edges = roads.edges
    row = {
        "from_node": ends[0],
        "to_node": ends[1],
        "way": new_way(fix),
        "name": fix.name.zh,
        "road_class": fix.road_class or "unclassified",
        "surface": fix.surface,
        "walk": True,
        "drive_forward": fix.opens_to_buses,
        "drive_backward": fix.opens_to_buses,
        "speed_limit_kmh": np.inf,
        "closed_from": "",
        "bridge": False,
        "width_m": fix.width_m or np.inf,
        "max_weight_t": np.inf,
        "max_height_m": np.inf,
        "hazard": False,
        "geometry": shapely.LineString(line[kept]),
    }
    return replace(roads, edges=_append(edges, row))


def new_way(fix: RoadFix) -> str:
    """Return the id that the road which `fix` draws has in the road table."""
    return f"new:{fix.id}"


def check_new_road(fix: RoadFix, roads: RoadTable, faults: Faults) -> None:
    """Report a road that meets no other, and points far from the county."""
    points, column = _project(roads, fix), f"plan.road_fixes.{fix.id}.line"
    low, high = roads.node_xy.min(axis=0) - AROUND_M, roads.node_xy.max(axis=0) + AROUND_M
    inside = np.isfinite(points).all(axis=1) & (points >= low).all(axis=1) & (points <= high).all(axis=1)
    for lon, lat in (fix.line[k] for k in np.flatnonzero(~inside)):
        what = Words("点不在本县道路附近", "this point is far from the roads of the county")
        hint = Words("先写经度再写纬度（WGS 84）", "write longitude, then latitude (WGS 84)")
        faults.add(what, hint, column=column, value=f"[{lon:g}, {lat:g}]")
    if inside.all() and not any(_nearest(roads, points[place])[1] <= JOIN_M for place in (0, -1)):
        what = Words(f"新路两端{JOIN_M:.0f}米内都没有路", f"no road lies within {JOIN_M:.0f} m of either end of the new one")
        hint = Words("让一端落在现有的路上", "let one end lie on a road that exists")
        faults.add(what, hint, column=column, value=fix.id)


def _project(roads: RoadTable, fix: RoadFix) -> Floats:
    """Return the points of the line in metres."""
    lon, lat = np.array(fix.line, dtype=float).T
    return np.column_stack(pyproj.Transformer.from_crs(WGS84, roads.edges.crs, always_xy=True).transform(lon, lat))


def _nearest(roads: RoadTable, point: Floats) -> tuple[int, float]:
    """Return the position of the nearest road, ferries left out, and how far it is."""
    away = shapely.distance(roads.edges.geometry.to_numpy(), shapely.Point(point))
    away = np.where(roads.edges["road_class"].to_numpy() == FERRY, np.inf, away)
    place = int(np.argmin(away))
    return place, float(away[place])


def _meet(roads: RoadTable, point: Floats) -> tuple[RoadTable, int]:
    """Return the roads with a node where a road from `point` begins, and that node."""
    place, away = _nearest(roads, point)
    if not away <= JOIN_M:
        return _add_node(roads, point)
    edge = roads.edges.iloc[place]
    line = edge["geometry"]
    at = float(line.project(shapely.Point(point)))
    if at <= SAME_NODE_M:
        return roads, int(edge["from_node"])
    if at >= line.length - SAME_NODE_M:
        return roads, int(edge["to_node"])
    roads, node = _add_node(roads, np.array(line.interpolate(at).coords[0][:2]))
    edges = roads.edges.copy()
    label = edges.index[place]
    edges.loc[label, "to_node"] = node
    edges.loc[label, "geometry"] = substring(line, 0, at)
    rest = edge.to_dict() | {"from_node": node, "geometry": substring(line, at, line.length)}
    return replace(roads, edges=_append(edges, rest)), node


def _add_node(roads: RoadTable, point: Floats) -> tuple[RoadTable, int]:
    lonlat = pyproj.Transformer.from_crs(roads.edges.crs, WGS84, always_xy=True).transform(*point)
    added = replace(roads, node_xy=np.vstack([roads.node_xy, point]), node_lonlat=np.vstack([roads.node_lonlat, lonlat]))
    return added, len(roads.node_xy)


def _append(edges: gpd.GeoDataFrame, row: dict[str, object]) -> gpd.GeoDataFrame:
    """Return `edges` with one more; columns that `row` does not name are those of the first edge."""
    whole = {column: row.get(column, edges[column].iloc[0]) for column in edges.columns}
    more = gpd.GeoDataFrame([whole], crs=edges.crs).astype(edges.drop(columns="geometry").dtypes.to_dict())
    return gpd.GeoDataFrame(pd.concat([edges, more], ignore_index=True), crs=edges.crs)
