"""Made-up road nets that look like real ones: planar, about 2.5 roads a junction, towns, main roads, one-way streets, footpaths, hills.

A minimum spanning tree of a Delaunay triangulation, and a quarter as many edges of its Gabriel graph drawn at random. Nodes are numbered
along a Z-curve, so that neighbours have near numbers as in an extract of OpenStreetMap; that helps every engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial import Delaunay, cKDTree

from layout_planner.county.model import County, RoadTable
from layout_planner.travel.hierarchy import Shape
from layout_planner.travel.network import make_arcs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layout_planner.travel.network import Arcs

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

METRES_A_NODE = 250.0
WALK_MS = 1.4
CRS = "EPSG:32648"
MODES = ("walk", "walk, slope", "drive")


@dataclass(frozen=True)
class Roads:
    """Junctions and the straight edges between them; heights in metres, car speeds in m/s."""

    xy: Floats
    z: Floats
    tail: Ints
    head: Ints
    metres: Floats
    speed: Floats
    one_way: NDArray[np.bool_]
    path: NDArray[np.bool_]

    @property
    def shape(self) -> Shape:
        """Which junctions are linked."""
        return Shape(len(self.xy), self.tail, self.head)


def make_roads(nodes: int, seed: int = 1) -> Roads:
    """Return a net of so many junctions."""
    rng = np.random.default_rng(seed)
    side = np.sqrt(nodes) * METRES_A_NODE
    xy = rng.uniform(0, side, (nodes, 2))
    towns = rng.uniform(0, side, (max(1, nodes // 2000), 2))
    urban = rng.random(nodes) < 0.35
    xy[urban] = towns[rng.integers(len(towns), size=urban.sum())] + rng.normal(0, 1200, (urban.sum(), 2))
    xy = xy[np.argsort(_z_curve(xy))]
    tail, head, spare = _planar_edges(xy, rng)
    metres = np.hypot(*(xy[tail] - xy[head]).T)
    z = 300 * np.sin(xy[:, 0] / 2500) + 200 * np.cos(xy[:, 1] / 1700)
    draw = rng.random(len(tail))
    speed = rng.choice([20.0, 30.0, 40.0, 60.0], len(tail), p=[0.4, 0.35, 0.15, 0.1]) / 3.6
    return Roads(xy, z, tail, head, metres, speed, spare & (draw < 0.3), spare & (draw > 0.5))


def _z_curve(xy: Floats) -> NDArray[np.uint64]:
    """Return the place of every point on a Z-curve."""
    cells = ((xy - xy.min(axis=0)) / np.ptp(xy) * 65535).astype(np.uint64)
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        cells = (cells | (cells << np.uint64(shift))) & np.uint64(mask)
    return cells[:, 0] | (cells[:, 1] << np.uint64(1))


def _planar_edges(xy: Floats, rng: np.random.Generator) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """Return both ends of every edge, and whether all places stay linked without it."""
    nodes = len(xy)
    corners = Delaunay(xy).simplices.astype(np.int64)
    edges = np.unique(np.sort(np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]]), axis=1), axis=0)
    length = np.hypot(*(xy[edges[:, 0]] - xy[edges[:, 1]]).T)
    tree = minimum_spanning_tree(coo_array((length, edges.T), shape=(nodes, nodes)).tocsr()).tocoo()
    key = np.minimum(tree.row, tree.col).astype(np.int64) * nodes + np.maximum(tree.row, tree.col)
    spans = np.isin(edges[:, 0] * nodes + edges[:, 1], key)
    free, _ = cKDTree(xy).query((xy[edges[:, 0]] + xy[edges[:, 1]]) / 2)
    gabriel = np.flatnonzero(~spans & (free >= length / 2 * (1 - 1e-9)))
    more = rng.choice(gabriel, min(len(gabriel), nodes // 4), replace=False)
    kept = np.sort(np.concatenate([np.flatnonzero(spans), more]))
    return edges[kept, 0], edges[kept, 1], ~spans[kept]


def weigh_roads(roads: Roads, mode: str, shape: Shape | None = None, closed: NDArray[np.bool_] | None = None) -> Arcs:
    """Return the arcs of one of MODES, without the `closed` edges."""
    shut = np.zeros(len(roads.tail), dtype=bool) if closed is None else closed
    if mode == "drive":
        ahead, back = ~roads.path & ~shut, ~roads.path & ~roads.one_way & ~shut
        onward = returning = roads.metres / roads.speed
    else:
        ahead = back = ~shut
        slope = (roads.z[roads.head] - roads.z[roads.tail]) / roads.metres if mode == "walk, slope" else np.zeros(len(roads.tail))
        slope = np.clip(slope, -0.3, 0.3)
        onward, returning = (roads.metres / (WALK_MS * np.exp(-3.5 * (np.abs(rise + 0.05) - 0.05))) for rise in (slope, -slope))
    tail, head = np.concatenate([roads.tail[ahead], roads.head[back]]), np.concatenate([roads.head[ahead], roads.tail[back]])
    seconds, metres = np.concatenate([onward[ahead], returning[back]]), np.concatenate([roads.metres[ahead], roads.metres[back]])
    return make_arcs(tail, head, seconds, metres, len(roads.xy), shape or roads.shape)


def make_places(roads: Roads, homes: int, schools: int, seed: int = 1) -> County:
    """Return a county on `roads`: settlements and schools stand up to 200 m beside junctions, without heights, lines or bad days."""
    rng = np.random.default_rng([seed, 7])
    lines = shapely.linestrings(np.stack([roads.xy[roads.tail], roads.xy[roads.head]], axis=1))
    columns = {
        "from_node": roads.tail, "to_node": roads.head, "walk": True, "drive_forward": ~roads.path,
        "drive_backward": ~roads.path & ~roads.one_way, "way": np.arange(len(lines)).astype(str), "name": "", "surface": "",
        "road_class": np.where(roads.path, "path", np.where(roads.speed > 9, "tertiary", "residential")), "speed_limit_kmh": np.inf,
        "closed_from": "", "bridge": False, "width_m": np.inf, "max_weight_t": np.inf, "max_height_m": np.inf, "hazard": False,
    }  # fmt: skip
    edges = gpd.GeoDataFrame(columns, geometry=lines, crs=CRS)
    tables = []
    for name, count in (("settlement_id", homes), ("school_id", schools)):
        xy = roads.xy[rng.choice(len(roads.xy), count, replace=False)] + rng.uniform(-200, 200, (count, 2))
        ids = pd.Index(np.arange(count).astype(str), name=name)
        tables.append(gpd.GeoDataFrame({"name": ids.to_numpy()}, geometry=shapely.points(xy), index=ids, crs=CRS))
    return County(tables[0], tables[1], RoadTable(roads.xy, roads.xy * 0, edges), pd.DataFrame(), CRS)
