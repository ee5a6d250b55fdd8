"""Metres by road between points of the demo county: enough to decide which school children attend today."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

from layout_planner.demo.terrain import SIDE, cell_xy

if TYPE_CHECKING:
    from layout_planner.demo.roadnet import Net
    from layout_planner.demo.terrain import Floats

OFF_ROAD = 1.7  # a metre across country counts as so many
WINDING = 1.04  # drawn roads are a little longer than the steps between cells
SMALLEST = 12  # cells of a piece of road worth walking to


def road_metres(net: Net, points: Floats) -> Floats:
    """Return metres between all pairs of `points` (n, 2) along roads, with the legs to the road; inf where no road leads."""
    edges = np.array([edge for edge, road in net.roads.items() if road.rank != "construction" and not road.private])
    length = np.hypot(*(cell_xy(edges[:, 0]) - cell_xy(edges[:, 1])).T) * WINDING
    graph = sparse.coo_array((length, (edges[:, 0], edges[:, 1])), shape=(SIDE * SIDE,) * 2).tocsr()
    _, piece = connected_components(graph, directed=False)
    sizes = np.bincount(piece[np.unique(edges)], minlength=int(piece.max()) + 1)
    cells = np.array([cell for cell in np.unique(edges) if sizes[piece[cell]] >= SMALLEST])
    leg, nearest = cKDTree(cell_xy(cells)).query(points)
    doors = cells[nearest]
    unique, back = np.unique(doors, return_inverse=True)
    between = dijkstra(graph, directed=False, indices=unique)[:, unique]
    return np.asarray(between[np.ix_(back, back)] + OFF_ROAD * (leg[:, None] + leg[None, :]))
