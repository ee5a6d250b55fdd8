"""Searches that end at a cutoff and touch only what lies within it: cost grows with the pairs that are near, not with the county."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from layout_planner.travel.hierarchy import THREADS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layout_planner.travel.network import Arcs

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

ROOM = 1 << 18  # findings of one call
BLOCKS_A_THREAD = 4


@dataclass(frozen=True)
class Found:
    """What searches found: position of the source, graph node, seconds and metres of the way; sorted by source and node."""

    source: Ints
    node: Ints
    seconds: Floats
    metres: Floats


def search_within(arcs: Arcs, sources: Ints, limits: Floats, *, goals: Ints | None = None, asked: NDArray[np.bool_] | None = None) -> Found:
    """Return what every source finds within its limit in seconds: its own goal, or all `asked` nodes."""
    from layout_planner.travel.kernels import settle

    graph = arcs.seconds
    nodes = graph.shape[0]
    near = arcs.shape.nearby
    place = np.empty(nodes, dtype=np.int64)
    place[near] = np.arange(nodes)
    order = np.argsort(place[np.repeat(np.arange(nodes), np.diff(graph.indptr))], kind="stable")
    begin = np.concatenate([[0], np.cumsum(np.diff(graph.indptr)[near])])
    roads = begin, place[graph.indices[order]].astype(np.int32), graph.data[order], arcs.metres[order]
    starts, stops = place[sources], np.full(len(sources), -1) if goals is None else place[goals]
    wanted = np.zeros(nodes, dtype=bool) if asked is None else asked[near]

    def search_block(first: int, last: int) -> list[tuple[Ints, Ints, Floats, Floats]]:
        found = []
        while first < last:
            done, ends, labels = settle(*roads, starts[first:last], limits[first:last], stops[first:last], wanted, ROOM)
            found.append((ends[:, 0] + first, near[ends[:, 1]], labels[:, 0].copy(), labels[:, 1].copy()))
            first += done
        return found

    cuts = np.linspace(0, len(sources), min(len(sources), THREADS * BLOCKS_A_THREAD) + 1).astype(int)
    with ThreadPoolExecutor(THREADS) as threads:
        parts = [part for block in threads.map(search_block, cuts[:-1], cuts[1:]) for part in block]
    source, node, seconds, metres = (np.concatenate(column) for column in zip(*parts, strict=True))
    rows = np.lexsort([node, source])
    return Found(source[rows], node[rows], seconds[rows], metres[rows])
