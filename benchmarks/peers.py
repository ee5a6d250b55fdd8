"""The same question put to other libraries, each in the quickest way its manual offers; those not installed are left out."""

from __future__ import annotations

import os
import warnings
from contextlib import contextmanager
from importlib import metadata
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
from scipy.sparse.csgraph import dijkstra

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from layout_planner.travel.network import Arcs

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Search = Callable[[Ints, Ints, float], Floats]  # sources, targets, limit in seconds -> seconds (sources, targets), inf beyond

PANDANA_NOWHERE = 4e6  # pandana returns 2^32 - 1 thousandths where there is no way


def build_networkx(arcs: Arcs) -> Search:
    """Dijkstra from every source in plain Python."""
    graph = nx.DiGraph()
    graph.add_nodes_from(range(arcs.seconds.shape[0]))
    tail, head = np.divmod(arcs.key, arcs.seconds.shape[0])
    graph.add_weighted_edges_from(zip(tail.tolist(), head.tolist(), arcs.seconds.data.tolist(), strict=True))

    def search(sources: Ints, targets: Ints, limit: float) -> Floats:
        cutoff = limit if np.isfinite(limit) else None
        found = np.full((len(sources), len(targets)), np.inf)
        for row, source in enumerate(sources.tolist()):
            reach = nx.single_source_dijkstra_path_length(graph, source, cutoff=cutoff)
            found[row] = [reach.get(target, np.inf) for target in targets.tolist()]
        return found

    return search


def build_scipy(arcs: Arcs) -> Search:
    """Dijkstra from several sources at once, in C."""

    def search(sources: Ints, targets: Ints, limit: float) -> Floats:
        some = max(1, 20_000_000 // arcs.seconds.shape[0])
        blocks = [sources[at : at + some] for at in range(0, len(sources), some)]
        return np.concatenate([dijkstra(arcs.seconds, indices=block, limit=limit)[:, targets] for block in blocks])

    return search


def build_igraph(arcs: Arcs) -> Search | None:
    """Dijkstra from every source, in C; knows no limit."""
    import igraph

    tail, head = np.divmod(arcs.key, arcs.seconds.shape[0])
    graph = igraph.Graph(n=arcs.seconds.shape[0], edges=np.column_stack([tail, head]), directed=True)
    weights = arcs.seconds.data.tolist()

    def search(sources: Ints, targets: Ints, limit: float) -> Floats:
        ends, where = np.unique(targets, return_inverse=True)
        found = np.array(graph.distances(sources.tolist(), ends.tolist(), weights=weights))[:, where]
        return np.where(found <= limit, found, np.inf)

    return search


def build_pandana(arcs: Arcs) -> Search:
    """Contraction hierarchy, pair by pair, in C++; rounds every arc to a thousandth."""
    import pandana
    import pandas as pd

    nodes = arcs.seconds.shape[0]
    tail, head = np.divmod(arcs.key, nodes)
    xy = pd.Series(np.arange(nodes, dtype=float))
    with _quiet():
        net = pandana.Network(xy, xy, pd.Series(tail), pd.Series(head), pd.DataFrame({"s": arcs.seconds.data}), twoway=False)

    def search(sources: Ints, targets: Ints, limit: float) -> Floats:
        if np.isfinite(limit):
            with _quiet():
                near = net.nodes_in_range(sources.tolist(), limit, "s")
            reach = np.full((len(sources), nodes), np.inf)
            row = pd.Series(np.arange(len(sources)), index=sources).reindex(near["source"]).to_numpy()
            reach[row, near["destination"]] = near["s"]
            return reach[:, targets]
        pairs = np.repeat(sources, len(targets)), np.tile(targets, len(sources))
        with _quiet():
            found = np.array(net.shortest_path_lengths(*pairs, imp_name="s")).reshape(len(sources), -1)
        return np.where(found < PANDANA_NOWHERE, found, np.inf)

    return search


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep a library from printing on the standard output and from warning of every pair without a way."""
    kept, nothing = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nothing)


PEERS = {"networkx": build_networkx, "scipy": build_scipy, "igraph": build_igraph, "pandana": build_pandana}


def version_of(name: str) -> str | None:
    """Return the version of an installed peer, None where it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
