"""Roads as one graph: places joined to the nearest edge, edges split where places join, seconds on foot and by bus."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from layout_planner.travel.compiling import has_numba
from layout_planner.travel.hierarchy import Shape, Sweeps, weigh
from layout_planner.travel.labels import METRE_GRAIN, MOST_S, SECOND_GRAIN, round_to
from layout_planner.travel.within import search_within

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from layout_planner.county.model import RoadTable
    from layout_planner.travel.hierarchy import Orders

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]

SAME_POINT_M = 1e-6
FURTHEST_S = MOST_S - SECOND_GRAIN
CHUNK_CELLS = 2_000_000
PLAIN_CELLS = 4_000_000  # sources times nodes that scipy searches in about the time numba takes to start


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
    orders: Orders | None = None

    @cached_property
    def shape(self) -> Shape:
        """Which nodes are linked, whoever may use the pieces."""
        return Shape(self.nodes, self.tail, self.head, self.orders)


@dataclass(frozen=True)
class Arcs:
    """A directed graph: seconds in a sparse matrix, and the metres of the same arcs in the same order, both whole grains (`labels.py`).

    `shape` is the net that the arcs are part of.
    """

    seconds: csr_array
    metres: Floats
    key: Ints
    shape: Shape


@dataclass(frozen=True)
class Near:
    """Trips within a limit: positions of source and target, seconds and metres of the way; sorted by source and target."""

    source: Ints
    target: Ints
    seconds: Floats
    metres: Floats


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


def make_arcs(tail: Ints, head: Ints, seconds: Floats, metres: Floats, nodes: int, shape: Shape | None = None) -> Arcs:
    """Return the graph of the given arcs; of parallel arcs the fastest stays, and no arc returns to its own node.

    `shape` is a net that holds all of them and more, to share its hierarchy; by default that of these arcs.
    """
    real = tail != head
    tail, head, metres = tail[real], head[real], round_to(METRE_GRAIN, metres[real])
    seconds = np.maximum(round_to(SECOND_GRAIN, seconds[real]), SECOND_GRAIN)  # scipy takes a zero for no arc
    key = tail * nodes + head
    order = np.lexsort([metres, seconds, key])
    order = order[np.flatnonzero(np.diff(key[order], prepend=-1))]
    begins = np.concatenate([[0], np.cumsum(np.bincount(tail[order], minlength=nodes))])
    matrix = csr_array((seconds[order], head[order], begins), shape=(nodes, nodes))
    return Arcs(matrix, metres[order], key[order], shape or Shape(nodes, tail[order], head[order]))


def seconds_between(arcs: Arcs, sources: Ints, targets: Ints) -> Floats:
    """Return least seconds from every source to every target, `inf` where there is no way; -1 is nowhere."""
    return trips_between(arcs, sources, targets)[0]


def trips_between(arcs: Arcs, sources: Ints, targets: Ints) -> tuple[Floats, Floats]:
    """Return least seconds from every source to every target, and the metres of that way; of equally fast ways the shortest.

    -1 is nowhere.
    """
    return Trips.over(arcs, targets, len(sources)).between(sources)


@dataclass(frozen=True)
class Trips:
    """Trips to the same targets (-1 = nowhere), made ready once for sources that may come in several blocks.

    Little work is done by scipy, one source after the other; much by sweeps over the net's hierarchy. Both give the same to the last bit.
    """

    arcs: Arcs
    targets: Ints
    sweeps: Sweeps | None

    @classmethod
    def over(cls, arcs: Arcs, targets: Ints, searches: int) -> Trips:
        """Return the trips to `targets` for about so many sources in all."""
        hierarchy = arcs.shape.hierarchy if is_much(arcs, searches) else None
        sweeps = None if hierarchy is None else Sweeps.to(hierarchy, weigh(hierarchy, arcs), targets[targets >= 0])
        return cls(arcs, targets, sweeps)

    def between(self, sources: Ints) -> tuple[Floats, Floats]:
        """Return seconds and metres of the ways from `sources`, shape (sources, targets)."""
        rows, place = np.flatnonzero(sources >= 0), np.flatnonzero(self.targets >= 0)
        if self.sweeps is not None:
            found = self.sweeps.sweep(sources[rows])
            if len(rows) == len(sources) and len(place) == len(self.targets):
                return found
        seconds, metres = np.full((2, len(self.targets), len(sources)), np.inf)
        for block in [rows] if self.sweeps is not None else _chunks(rows, self.arcs.seconds.shape[0]):
            labels = _search(self.arcs, sources[block], self.targets[place]) if self.sweeps is None else found
            seconds[np.ix_(place, block)], metres[np.ix_(place, block)] = (label.T for label in labels)
        return seconds.T, metres.T


def is_much(arcs: Arcs, searches: int) -> bool:
    """Say whether so many searches over the whole graph are worth compiled loops; False where numba does not run."""
    return is_many(searches * arcs.seconds.shape[0])


def is_many(cells: int) -> bool:
    """Say whether work on so many cells is worth compiled loops; False where numba does not run."""
    return cells > PLAIN_CELLS and has_numba()


def seconds_pairwise(arcs: Arcs, sources: Ints, targets: Ints, most: Floats) -> Floats:
    """Return least seconds from each source to its own target, `inf` where that is more than the pair's `most`."""
    seconds = np.full(len(sources), np.inf)
    wanted = np.flatnonzero((sources >= 0) & (targets >= 0))
    if is_much(arcs, len(wanted)):
        found = search_within(arcs, sources[wanted], most[wanted], goals=targets[wanted])
        seconds[wanted[found.source]] = found.seconds
        return seconds
    for rows in _chunks(wanted[np.argsort(most[wanted], kind="stable")], arcs.seconds.shape[0]):
        reach = dijkstra(arcs.seconds, indices=sources[rows], limit=min(float(most[rows].max()), FURTHEST_S))
        seconds[rows] = reach[np.arange(len(rows)), targets[rows]]
    return np.where(seconds <= most, seconds, np.inf)


def trips_within(arcs: Arcs, sources: Ints, targets: Ints, limits: Floats) -> Near:
    """Return the trips from every source to all targets within its limit in seconds; -1 is nowhere."""
    rows, place = np.flatnonzero(sources >= 0), np.flatnonzero(targets >= 0)
    if not is_much(arcs, len(rows)):
        seconds, metres = trips_between(arcs, sources, targets)
        source, target = np.nonzero(np.isfinite(seconds) & (seconds <= limits[:, None]))
        return Near(source, target, seconds[source, target], metres[source, target])
    asked = np.zeros(arcs.seconds.shape[0], dtype=bool)
    asked[targets[place]] = True
    found = search_within(arcs, sources[rows], limits[rows], asked=asked)
    at_node = place[np.argsort(targets[place], kind="stable")]  # several places may join at one node
    begins = np.concatenate([[0], np.cumsum(np.bincount(targets[place], minlength=len(asked)))])
    first = begins[found.node]
    count = begins[found.node + 1] - first
    row = np.repeat(np.arange(len(count)), count)
    target = at_node[first[row] + np.arange(len(row)) - (np.cumsum(count) - count)[row]]
    source = rows[found.source[row]]
    order = _sort_pairs(source, target, (len(sources), len(targets)))
    row = row[order]
    return Near(source[order], target[order], found.seconds[row], found.metres[row])


def _sort_pairs(source: Ints, target: Ints, shape: tuple[int, int]) -> Ints:
    """Return the order of pairs, all different, by source and then target: counted twice, in a third of the time of a sort."""
    pairs = coo_array((np.arange(len(source)), (source, target)), shape=shape)
    pairs.has_canonical_format = True  # or scipy sorts
    return np.asarray(pairs.tocsc().tocsr().data)


def nodes_between(arcs: Arcs, source: int, target: int) -> list[int] | None:
    """Return the nodes of the fastest way from `source` to `target`, both included; None where there is no way or an end is nowhere."""
    if source < 0 or target < 0:
        return None
    seconds, metres = (label[0] for label in _search(arcs, np.array([source]), np.arange(arcs.seconds.shape[0])))
    if not np.isfinite(seconds[target]):
        return None
    tail, head = np.divmod(arcs.key, arcs.seconds.shape[0])
    told = (seconds[tail] + arcs.seconds.data == seconds[head]) & (metres[tail] + arcs.metres == metres[head])
    before = dict(zip(head[told].tolist(), tail[told].tolist(), strict=True))
    nodes = [target]
    while nodes[-1] != source:
        nodes.append(before[nodes[-1]])
    return nodes[::-1]


def seconds_within(arcs: Arcs, sources: Ints, targets: Ints, most_s: float) -> Floats:
    """Return least seconds from every source to every target; `inf` where they are more than `most_s`."""
    seconds = np.full((len(sources), len(targets)), np.inf)
    place = np.flatnonzero(targets >= 0)
    for rows in _chunks(np.flatnonzero(sources >= 0), arcs.seconds.shape[0]):
        seconds[np.ix_(rows, place)] = dijkstra(arcs.seconds, indices=sources[rows], limit=min(most_s, FURTHEST_S))[:, targets[place]]
    return seconds


def _chunks(rows: Ints, nodes: int) -> list[Ints]:
    size = max(1, CHUNK_CELLS // max(nodes, 1))
    return [rows[i : i + size] for i in range(0, len(rows), size)]


def _search(arcs: Arcs, sources: Ints, targets: Ints) -> tuple[Floats, Floats]:
    """Return seconds and metres as `trips_between` does, by a search from every source."""
    reach, before = dijkstra(arcs.seconds, indices=sources, limit=FURTHEST_S, return_predecessors=True)
    metres = np.where(np.isfinite(reach), _metres_along(arcs, before.astype(np.int64)), np.inf)
    tail, head = np.divmod(arcs.key, arcs.seconds.shape[0])
    fastest = reach[:, tail] + arcs.seconds.data == reach[:, head]
    while True:  # the tree may hold the longer of two equally fast ways
        way = metres[:, tail] + arcs.metres
        row, arc = np.nonzero(fastest & (way < metres[:, head]))
        if not len(row):
            return reach[:, targets], metres[:, targets]
        np.minimum.at(metres, (row, head[arc]), way[row, arc])


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
