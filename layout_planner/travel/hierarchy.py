"""A hierarchy over the net of roads: built from its shape alone, weighed anew for every mode or bad day, swept for full matrices.

Nodes are removed one after the other and the neighbours of a removed node are tied to each other, so that every way can be told as one that
climbs and then comes down (Dibbelt, Strasser, Wagner: Customizable Contraction Hierarchies, 2016; Delling, Goldberg, Nowatzyk, Werneck:
PHAST, 2011). The order is minimum degree, from SuperLU in scipy: on roads it ties no more neighbours than nested dissection and is found in
a fraction of the time. It decides how fast an answer comes, never what it is.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from os import cpu_count
from typing import TYPE_CHECKING, Protocol

import numpy as np
from scipy.sparse import coo_array, csc_array, csr_array, dia_array
from scipy.sparse.linalg import splu

from layout_planner.travel.labels import NOWHERE, pack

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layout_planner.travel.network import Arcs

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

COLUMNS = 32  # sources swept together; their labels of one node fill four cache lines
MOST_SLOTS_A_NODE = 60  # roads need 3 to 5; far above, the order belongs to another graph
THREADS = min(4, cpu_count() or 1)


class Orders(Protocol):
    """Where ranks are kept by `name_topology`: a dict, or a folder (`output.order_folder`)."""

    def get(self, name: str, /) -> NDArray[np.int32] | None:
        """Return the rank kept under `name`, None where there is none."""

    def __setitem__(self, name: str, rank: NDArray[np.int32], /) -> None:
        """Keep `rank` under `name`."""


@dataclass(frozen=True)
class Shape:
    """Which nodes of a net are linked; directions and lengths do not count.

    orders  ranks kept from earlier nets; one that is missing or does not fit is made anew and put there
    """

    nodes: int
    tail: Ints
    head: Ints
    orders: Orders | None = None

    @cached_property
    def hierarchy(self) -> Hierarchy | None:
        """The hierarchy of the net; None where it would have too many arcs to be of use."""
        return build_hierarchy(self)

    @cached_property
    def links(self) -> csr_array:
        """The symmetric matrix of linked nodes, sorted."""
        real = self.tail != self.head
        tail, head = self.tail[real], self.head[real]
        ends = np.concatenate([tail, head]), np.concatenate([head, tail])
        links = coo_array((np.ones(len(ends[0]), dtype=np.int8), ends), shape=(self.nodes, self.nodes)).tocsr()
        links.data[:] = 1
        links.sort_indices()
        return links


@dataclass(frozen=True)
class Hierarchy:
    """A net of roads with its upper neighbours; nodes are numbered by rank.

    rank    int32 (nodes,), when the node is removed
    parent  int32 (nodes,), lowest upper neighbour of the node of this rank, -1 = none
    start   int64 (nodes + 1,), where the upper neighbours of a rank begin
    head    int32 (slots,), upper neighbours, ascending
    """

    rank: NDArray[np.int32]
    parent: NDArray[np.int32]
    start: Ints
    head: NDArray[np.int32]


def build_hierarchy(shape: Shape) -> Hierarchy | None:
    """Return the hierarchy of the net; None where it would have more than MOST_SLOTS_A_NODE."""
    kept = None
    if shape.orders is not None:
        name = name_topology(shape.links)
        kept = shape.orders.get(name)
        if kept is not None and is_order(kept, shape.nodes) and (hierarchy := _eliminate(shape.links, kept)) is not None:
            return hierarchy
    rank = rank_nodes(shape.links)
    if shape.orders is not None:
        shape.orders[name] = rank
    return _eliminate(shape.links, rank)


def name_topology(links: csr_array) -> str:
    """Return a name that two nets share only when the same nodes are linked."""
    text = hashlib.sha256(np.int64(links.shape[0]).tobytes())
    text.update(links.indptr.astype("<i8").tobytes())
    text.update(links.indices.astype("<i8").tobytes())
    return text.hexdigest()


def rank_nodes(links: csr_array) -> NDArray[np.int32]:
    """Return the minimum-degree rank of every node."""
    from layout_planner.travel.kernels import grow_tree, number_tree

    if links.nnz == 0:
        return np.arange(links.shape[0], dtype=np.int32)
    degree = np.diff(links.indptr) + 1.0  # more than the row's sum, so that the factors exist whatever the net
    matrix = csc_array(dia_array((degree[None, :], [0]), shape=links.shape) - links.astype(float))
    factors = splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    return np.asarray(number_tree(grow_tree(*_renumber(links, factors.perm_c)))[factors.perm_c])


def _renumber(links: csr_array, rank: NDArray[np.int32]) -> tuple[Ints, NDArray[np.int32]]:
    """Return where the neighbours of every rank begin, and the neighbours."""
    order = np.argsort(rank)
    ranked = links[order][:, order]
    return ranked.indptr.astype(np.int64), ranked.indices.astype(np.int32)


def is_order(rank: NDArray[np.int32], nodes: int) -> bool:
    """Say whether `rank` numbers so many nodes, each once."""
    return rank.shape == (nodes,) and np.array_equal(np.sort(rank), np.arange(nodes))


def _eliminate(links: csr_array, rank: NDArray[np.int32]) -> Hierarchy | None:
    """Return the hierarchy of `links` removed in the order of `rank`; None when it grows out of hand."""
    from layout_planner.travel.kernels import grow_tree, tie_neighbours

    begin, neighbour = _renumber(links, rank)
    parent = grow_tree(begin, neighbour)
    start, nobody = np.zeros(len(begin), dtype=np.int64), np.empty(0, dtype=np.int32)
    np.cumsum(tie_neighbours(begin, neighbour, parent, start, nobody), out=start[1:])
    if start[-1] > MOST_SLOTS_A_NODE * len(parent):
        return None
    head = np.empty(start[-1], dtype=np.int32)
    tie_neighbours(begin, neighbour, parent, start, head)
    return Hierarchy(rank.astype(np.int32), parent, start, head)


def weigh(hierarchy: Hierarchy, arcs: Arcs) -> Ints:
    """Return the label of every slot upward and downward (NOWHERE where no best way comes down by it); shape (slots, 2).

    Raises
    ------
    ValueError : an arc links nodes that were not linked when the hierarchy was built.
    """
    from layout_planner.travel.kernels import customise, find_needless, lay_weights

    graph = arcs.seconds
    tail = np.repeat(hierarchy.rank, np.diff(graph.indptr))
    weight = np.full((len(hierarchy.head), 2), NOWHERE)
    astray = lay_weights(hierarchy.start, hierarchy.head, tail, hierarchy.rank[graph.indices], pack(graph.data, arcs.metres), weight)
    if astray >= 0:
        raise ValueError("the hierarchy was built for other roads")
    customise(hierarchy.start, hierarchy.head, weight)
    needless = np.zeros(len(weight), dtype=bool)
    find_needless(hierarchy.start, hierarchy.head, weight, needless)
    weight[needless, 1] = NOWHERE
    return weight


def sweep_trips(hierarchy: Hierarchy, weight: Ints, sources: Ints, targets: Ints) -> tuple[Floats, Floats]:
    """Return seconds and metres from every source node to every target node; `inf` where there is no way."""
    return Sweeps.to(hierarchy, weight, targets).sweep(sources)


@dataclass(frozen=True)
class Sweeps:
    """Sweeps to the same targets. Only what lies above a target is swept, many sources at once, and blocks of sources on several threads.

    row    int32 (nodes,), position of a rank among the rows that are swept, -1 = not swept
    begin, upper, label  where the open arcs down to every row begin, the rows they come from, their labels
    ends   rows of the targets
    """

    hierarchy: Hierarchy
    weight: Ints
    row: NDArray[np.int32]
    begin: Ints
    upper: NDArray[np.int32]
    label: Ints
    ends: NDArray[np.int32]

    @classmethod
    def to(cls, hierarchy: Hierarchy, weight: Ints, targets: Ints) -> Sweeps:
        """Return the sweeps to the nodes `targets`; `weight` is that of `weigh`."""
        goal = hierarchy.rank[targets]
        rows = np.flatnonzero(_mark_ancestors(hierarchy.parent, goal))[::-1]  # from the top down
        row = np.full(len(hierarchy.rank), -1, dtype=np.int32)
        row[rows] = np.arange(len(rows), dtype=np.int32)
        return cls(hierarchy, weight, row, *_downward(hierarchy, weight, rows, row), row[goal])

    def sweep(self, sources: Ints) -> tuple[Floats, Floats]:
        """Return seconds and metres from every source node to every target, shape (sources, targets)."""
        from layout_planner.travel.kernels import climb, sweep, unpack

        net, seconds = self.hierarchy, np.empty((len(self.ends), len(sources)))
        metres = np.empty_like(seconds)

        def sweep_blocks(first: int) -> None:
            best, scratch = np.empty((len(self.begin) - 1, COLUMNS), dtype=np.int64), np.full(len(self.row), NOWHERE)
            for at in range(first, len(sources), COLUMNS * THREADS):
                best.fill(NOWHERE)
                climb(net.start, net.head, self.weight, net.rank[sources[at : at + COLUMNS]], self.row, best, scratch)
                sweep(self.begin, self.upper, self.label, best)
                unpack(best, self.ends, at, seconds, metres)

        with ThreadPoolExecutor(THREADS) as threads:
            list(threads.map(sweep_blocks, range(0, min(len(sources), COLUMNS * THREADS), COLUMNS)))
        return seconds.T, metres.T


def _downward(hierarchy: Hierarchy, weight: Ints, rows: Ints, row: NDArray[np.int32]) -> tuple[Ints, NDArray[np.int32], Ints]:
    """Return where the open arcs down to every one of `rows` begin, the rows they come from, their labels."""
    count = hierarchy.start[rows + 1] - hierarchy.start[rows]
    slot = np.repeat(hierarchy.start[rows] - np.cumsum(count) + count, count) + np.arange(count.sum())
    open_ = weight[slot, 1] < NOWHERE
    begin = np.concatenate([[0], np.cumsum(open_)])[np.concatenate([[0], np.cumsum(count)])]
    slot = slot[open_]
    return begin, row[hierarchy.head[slot]], weight[slot, 1]


def _mark_ancestors(parent: NDArray[np.int32], ranks: NDArray[np.int32]) -> NDArray[np.bool_]:
    marked = np.zeros(len(parent), dtype=bool)
    ranks = np.unique(ranks)
    while len(ranks):
        marked[ranks] = True
        ranks = np.unique(parent[ranks])
        ranks = ranks[ranks >= 0]
        ranks = ranks[~marked[ranks]]
    return marked
