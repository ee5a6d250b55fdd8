"""Which settlements lie beside each other along the roads, and in whose part of the roads a school stands.

Every settlement stands on the nearest point of the nearest road that one may walk. Every point of the roads belongs to the settlement
that is nearest along them, in metres. Two settlements are neighbours where their parts of the roads meet: no third lies between.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from layout_planner.county.model import County

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

LEAST_M = 1e-6  # two places on one spot; the search takes a length of nothing for no road


@dataclass(frozen=True)
class Neighbours:
    """The settlements as a graph.

    beside  settlement -> its neighbours
    around  school -> the settlements in whose part of the roads it stands; none where no road leads to any
    """

    beside: dict[str, frozenset[str]]
    around: dict[str, frozenset[str]]

    def reach(self, starts: set[str], through: set[str]) -> set[str]:
        """Return `starts` and all that is reached from them over neighbours that are in `through`."""
        found, edge = set(starts), list(starts)
        while edge:
            for home in self.beside.get(edge.pop(), frozenset()):
                if home in through and home not in found:
                    found.add(home)
                    edge.append(home)
        return found


def find_neighbours(county: County) -> Neighbours:
    """Return the neighbours of every settlement of `county`."""
    edges = county.roads.edges[county.roads.edges["walk"].to_numpy(dtype=bool)].reset_index(drop=True)
    homes = [str(home) for home in county.settlements.index]
    schools = [str(school) for school in county.schools.index]
    if edges.empty or not homes:
        return Neighbours({home: frozenset() for home in homes}, {school: frozenset() for school in schools})
    points = np.concatenate([county.settlements.geometry.to_numpy(), county.schools.geometry.to_numpy()])
    first = len(county.roads.node_xy)
    tail, head, metres = _cut_at_places(edges, points, first)
    nodes = first + len(points)
    graph = coo_array((metres, (tail, head)), shape=(nodes, nodes)).tocsr()
    _, _, owner = dijkstra(graph, directed=False, indices=first + np.arange(len(homes)), min_only=True, return_predecessors=True)
    owner = np.where(owner < 0, -1, owner - first)
    return Neighbours(_meet(homes, owner, tail, head), _stand(homes, schools, owner[first + len(homes) :]))


def _cut_at_places(edges: gpd.GeoDataFrame, points: NDArray[np.object_], first: int) -> tuple[Ints, Ints, Floats]:
    """Return the roads cut where places stand on them: tail, head and metres of every part; place k is node `first` + k."""
    lines = edges.geometry.to_numpy()
    (place, edge), distance = shapely.STRtree(lines).query_nearest(points, return_distance=True)
    order = np.lexsort([edge, distance, place])
    _, at = np.unique(place[order], return_index=True)
    nearest = edge[order][at]
    along = shapely.line_locate_point(lines[nearest], points)
    stops: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for k, (road, metres) in enumerate(zip(nearest.tolist(), along.tolist(), strict=True)):
        stops[road].append((metres, first + k))
    ends = edges[["from_node", "to_node"]].to_numpy()
    parts: list[tuple[int, int, float]] = []
    for road, length in enumerate(shapely.length(lines).tolist()):
        chain = [(0.0, int(ends[road, 0])), *sorted(stops[road]), (length, int(ends[road, 1]))]
        parts += [(a, b, max(to - begin, LEAST_M)) for (begin, a), (to, b) in pairwise(chain)]
    tail, head, metres_of = (np.array(column) for column in zip(*_shortest(parts), strict=True))
    return tail.astype(np.int64), head.astype(np.int64), metres_of.astype(float)


def _shortest(parts: list[tuple[int, int, float]]) -> list[tuple[int, int, float]]:
    """Return the shortest part between any two nodes; a matrix would add them up."""
    best: dict[tuple[int, int], float] = {}
    for a, b, metres in parts:
        key = (min(a, b), max(a, b))
        best[key] = min(metres, best.get(key, np.inf))
    return [(a, b, metres) for (a, b), metres in best.items()]


def _meet(homes: list[str], owner: Ints, tail: Ints, head: Ints) -> dict[str, frozenset[str]]:
    beside: dict[str, set[str]] = {home: set() for home in homes}
    for a, b in {(a, b) for a, b in zip(owner[tail].tolist(), owner[head].tolist(), strict=True) if a != b and min(a, b) >= 0}:
        beside[homes[a]].add(homes[b])
        beside[homes[b]].add(homes[a])
    return {home: frozenset(others) for home, others in beside.items()}


def _stand(homes: list[str], schools: list[str], owner: Ints) -> dict[str, frozenset[str]]:
    return {school: frozenset([homes[k]] if k >= 0 else []) for school, k in zip(schools, owner.tolist(), strict=True)}
