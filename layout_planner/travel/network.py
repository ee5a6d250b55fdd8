"""Roads as one graph: places joined to the nearest edge, edges split where places join, seconds on foot and by bus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from layout_planner.county.model import RoadTable

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]

SAME_POINT_M = 1e-6
TIE_S_PER_M = 1e-9  # of equally fast ways the shorter one is told
CHUNK_CELLS = 4_000_000


@dataclass(frozen=True)
class Spots:
    """Where places join the roads: row of the edge (-1 = nowhere), metres along it, metres from the place straight to it."""

    edge: Ints
    at: Floats
    distance: Floats


@dataclass(frozen=True)
class Pieces:
    """Edges cut where places join: row of the edge, where the piece begins and ends on it (metres), the graph nodes at both ends."""

    edge: Ints
    begin: Floats
    end: Floats
    tail: Ints
    head: Ints
    nodes: int


@dataclass(frozen=True)
class Arcs:
    """A directed graph: seconds in a sparse matrix, and the metres of the same arcs in the same order."""

    seconds: csr_array
    metres: Floats
    key: Ints


def orient_edges(roads: RoadTable) -> gpd.GeoDataFrame:
    """Return the edges with every line running from its `from_node`."""
    edges = roads.edges.reset_index(drop=True)
    lines = np.array(edges.geometry.to_numpy(), dtype=object)
    first = shapely.get_coordinates(shapely.get_point(lines, 0))
    start, end = (roads.node_xy[edges[column].to_numpy(dtype=int)] for column in ("from_node", "to_node"))
    turned = np.hypot(*(first - end).T) < np.hypot(*(first - start).T)
    lines[turned] = shapely.reverse(lines[turned])
    return edges.set_geometry(lines, crs=edges.crs)


def number_components(edges: gpd.GeoDataFrame, used: Flags, nodes: int) -> Ints:
    """Return the component of every edge, -1 where the edge is not used; directions do not count."""
    tail, head = (edges[column].to_numpy(dtype=np.int64) for column in ("from_node", "to_node"))
    links = coo_array((np.ones(used.sum()), (tail[used], head[used])), shape=(nodes, nodes))
    _, of_node = connected_components(links, directed=False)
    return np.where(used, of_node[tail], -1).astype(np.int64)


def join_places(points: NDArray[np.object_], edges: gpd.GeoDataFrame, allowed: Flags) -> Spots:
    """Return the nearest point of the nearest allowed edge of every place.

    Of several edges at the same distance the one whose joining point lies furthest south, then west, then first by way, is taken, so
    that the order of rows does not matter.
    """
    chosen = np.flatnonzero(allowed)
    edge, at = np.full(len(points), -1, dtype=np.int64), np.zeros(len(points))
    distance = np.full(len(points), np.inf)
    if not len(chosen) or not len(points):
        return Spots(edge, at, distance)
    lines = edges.geometry.to_numpy()
    (place, near), away = shapely.STRtree(lines[chosen]).query_nearest(points, return_distance=True, all_matches=True)
    near = chosen[near]
    along = shapely.line_locate_point(lines[near], points[place])
    joint = np.round(shapely.get_coordinates(shapely.line_interpolate_point(lines[near], along)), 6)
    _, way = np.unique(edges["way"].to_numpy()[near].astype(str), return_inverse=True)
    order = np.lexsort([way, joint[:, 0], joint[:, 1], place])
    first = order[np.flatnonzero(np.diff(place[order], prepend=-1))]
    edge[place[first]], at[place[first]], distance[place[first]] = near[first], along[first], away[first]
    return Spots(edge, at, distance)


def split_edges(edges: gpd.GeoDataFrame, nodes: int, groups: list[Spots]) -> tuple[Pieces, list[Ints]]:
    """Return the pieces of all edges, and for every group of spots the graph nodes of its places (-1 = nowhere)."""
    length = shapely.length(edges.geometry.to_numpy())
    tail, head = (edges[column].to_numpy(dtype=np.int64) for column in ("from_node", "to_node"))
    edge, at = (np.concatenate([getattr(spots, name) for spots in groups]) for name in ("edge", "at"))
    node = np.full(len(edge), -1, dtype=np.int64)
    joined = edge >= 0
    starts, ends = joined & (at <= SAME_POINT_M), joined & (at >= length[edge] - SAME_POINT_M)
    node[ends] = head[edge[ends]]
    node[starts] = tail[edge[starts]]
    inner = joined & ~starts & ~ends
    keys = np.column_stack([edge[inner], np.round(at[inner] / SAME_POINT_M).astype(np.int64)])
    _, first, new = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    node[inner] = nodes + new
    rows = np.arange(len(edges))
    of = np.concatenate([rows, edge[inner][first], rows])
    where = np.concatenate([np.zeros(len(edges)), at[inner][first], length])
    rank = np.repeat([0, 1, 2], [len(edges), len(first), len(edges)])
    who = np.concatenate([tail, nodes + np.arange(len(first)), head])
    order = np.lexsort([where, rank, of])
    begin, end = order[:-1], order[1:]
    same = of[begin] == of[end]
    begin, end = begin[same], end[same]
    pieces = Pieces(of[begin], where[begin], where[end], who[begin], who[end], nodes + len(first))
    return pieces, np.split(node, np.cumsum([len(spots.edge) for spots in groups])[:-1])


def make_arcs(tail: Ints, head: Ints, seconds: Floats, metres: Floats, nodes: int) -> Arcs:
    """Return the graph of the given arcs; of parallel arcs the fastest stays, and no arc returns to its own node."""
    real = tail != head
    tail, head, seconds, metres = tail[real], head[real], seconds[real], metres[real]
    key = tail * nodes + head
    order = np.lexsort([metres, seconds, key])
    order = order[np.flatnonzero(np.diff(key[order], prepend=-1))]
    begins = np.concatenate([[0], np.cumsum(np.bincount(tail[order], minlength=nodes))])
    matrix = csr_array((seconds[order], head[order], begins), shape=(nodes, nodes))
    return Arcs(matrix, metres[order], key[order])


def seconds_between(arcs: Arcs, sources: Ints, targets: Ints) -> Floats:
    """Return least seconds from every source to every target, `inf` where there is no way; -1 is nowhere."""
    return _least(arcs.seconds, sources, targets)


def trips_between(arcs: Arcs, sources: Ints, targets: Ints) -> tuple[Floats, Floats]:
    """Return least seconds from every source to every target, and the metres of that way; of equally fast ways the shortest."""
    nodes = arcs.seconds.shape[0]
    told = csr_array((arcs.seconds.data + TIE_S_PER_M * arcs.metres, arcs.seconds.indices, arcs.seconds.indptr), shape=arcs.seconds.shape)
    seconds, metres = np.full((len(sources), len(targets)), np.inf), np.full((len(sources), len(targets)), np.inf)
    place = np.flatnonzero(targets >= 0)
    for rows in _chunks(np.flatnonzero(sources >= 0), nodes):
        reach, before = dijkstra(told, indices=sources[rows], return_predecessors=True)
        far = _metres_along(arcs, before.astype(np.int64))
        metres[np.ix_(rows, place)] = np.where(np.isfinite(reach), far, np.inf)[:, targets[place]]
        seconds[np.ix_(rows, place)] = np.where(np.isfinite(reach), reach - TIE_S_PER_M * far, np.inf)[:, targets[place]]
    return np.maximum(seconds, 0.0), metres


def _least(matrix: csr_array, sources: Ints, targets: Ints) -> Floats:
    seconds = np.full((len(sources), len(targets)), np.inf)
    place = np.flatnonzero(targets >= 0)
    for rows in _chunks(np.flatnonzero(sources >= 0), matrix.shape[0]):
        seconds[np.ix_(rows, place)] = dijkstra(matrix, indices=sources[rows])[:, targets[place]]
    return seconds


def seconds_pairwise(arcs: Arcs, sources: Ints, targets: Ints, most: Floats) -> Floats:
    """Return least seconds from each source to its own target; `inf` may stand for anything above the pair's `most`."""
    seconds = np.full(len(sources), np.inf)
    wanted = np.flatnonzero((sources >= 0) & (targets >= 0))
    for rows in _chunks(wanted[np.argsort(most[wanted], kind="stable")], arcs.seconds.shape[0]):
        reach = dijkstra(arcs.seconds, indices=sources[rows], limit=float(most[rows].max()))
        seconds[rows] = reach[np.arange(len(rows)), targets[rows]]
    return seconds


def nodes_between(arcs: Arcs, source: int, target: int) -> list[int] | None:
    """Return the nodes of the fastest way from `source` to `target`, both included; None where there is no way or an end is nowhere."""
    if source < 0 or target < 0:
        return None
    told = csr_array((arcs.seconds.data + TIE_S_PER_M * arcs.metres, arcs.seconds.indices, arcs.seconds.indptr), shape=arcs.seconds.shape)
    reach, before = dijkstra(told, indices=source, return_predecessors=True)
    if not np.isfinite(reach[target]):
        return None
    nodes = [target]
    while nodes[-1] != source:
        nodes.append(int(before[nodes[-1]]))
    return nodes[::-1]


def _chunks(rows: Ints, nodes: int) -> list[Ints]:
    size = max(1, CHUNK_CELLS // max(nodes, 1))
    return [rows[i : i + size] for i in range(0, len(rows), size)]


def _metres_along(arcs: Arcs, before: Ints) -> Floats:
    """Return metres from the source of every row to all nodes, along the tree that `before` (-9999 at its root) describes."""
    rows, nodes = before.shape
    here = np.broadcast_to(np.arange(nodes), before.shape)
    inside = before >= 0
    metres = np.zeros(before.shape)
    metres[inside] = arcs.metres[np.searchsorted(arcs.key, before[inside] * nodes + here[inside])]
    jump = (np.where(inside, before, here) + np.arange(rows)[:, None] * nodes).ravel()
    flat = metres.ravel()
    while True:  # every round doubles the length of the way that is added up
        onward = jump[jump]
        flat = flat + flat[jump]
        if np.array_equal(onward, jump):
            return flat.reshape(before.shape)
        jump = onward
