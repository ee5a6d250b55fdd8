"""Searches that end at a cutoff and touch only what lies within it: cost grows with the pairs that are near, not with the county."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from layout_planner.travel.hierarchy import THREADS
from layout_planner.travel.labels import METRE_GRAIN, MOST_M, MOST_S, SECOND_GRAIN, pack, unpack

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layout_planner.travel.network import Arcs

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

ROOM = 1 << 18  # findings of one call
BLOCKS_A_THREAD = 4


@dataclass(frozen=True)
class Found:
    """What searches found: position of the source, graph node, seconds and metres of the way; in no order."""

    source: Ints
    node: Ints
    seconds: Floats
    metres: Floats


def search_within(arcs: Arcs, sources: Ints, limits: Floats, *, goals: Ints | None = None, asked: NDArray[np.bool_] | None = None) -> Found:
    """Return what every source finds within its limit in seconds: its own goal, or all `asked` nodes."""
    from layout_planner.travel.kernels import settle

    graph = arcs.seconds
    roads = graph.indptr.astype(np.uint64), graph.indices.astype(np.uint32), pack(graph.data, arcs.metres)
    order = np.argsort(sources, kind="stable")  # neighbours after each other: what one touched is still at hand for the next
    starts, stops = sources[order], np.full(len(sources), -1) if goals is None else goals[order]
    wanted = np.zeros(graph.shape[0], dtype=bool) if asked is None else asked
    through = wanted | (np.diff(graph.indptr) != 1)  # a dead end that nobody asks for is not entered
    through[stops[stops >= 0]] = True
    whole = np.floor(np.minimum(limits[order], MOST_S - SECOND_GRAIN) / SECOND_GRAIN) * SECOND_GRAIN
    most = pack(whole, np.full(len(whole), MOST_M - METRE_GRAIN))

    def search_block(first: int, last: int) -> list[tuple[Ints, Ints, Ints]]:
        found = []
        while first < last:
            done, ends, labels = settle(*roads, starts[first:last], most[first:last], stops[first:last], wanted, through, ROOM)
            found.append((order[ends[:, 0] + first], ends[:, 1].astype(np.int64), labels.copy()))
            first += done
        return found

    cuts = np.linspace(0, len(sources), min(len(sources), THREADS * BLOCKS_A_THREAD) + 1).astype(int)
    with ThreadPoolExecutor(THREADS) as threads:
        parts = [part for block in threads.map(search_block, cuts[:-1], cuts[1:]) for part in block]
    source, node, label = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Found(source, node, *unpack(label))
