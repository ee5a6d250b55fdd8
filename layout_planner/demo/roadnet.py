"""Roads where a road engineer would lead them: cheapest over the terrain, joining what is already built."""

# ruff: noqa: PLR2004  a county is invented by such numbers; each is used once and says what it is where it stands
from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import networkx as nx
import numpy as np
from scipy import ndimage, sparse
from scipy.sparse.csgraph import dijkstra

from layout_planner.demo.names import TOWNSHIPS
from layout_planner.demo.terrain import SIDE, STEP, cell_at, cell_xy, grid_edges

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from layout_planner.demo.places import Places, Pockets
    from layout_planner.demo.terrain import Floats, Ints, Terrain

RANKS = ("trunk", "primary", "secondary", "tertiary", "unclassified", "residential", "service", "track", "path", "steps", "construction")
BUILT = 0.4  # cost of following a road that exists
STEEP = 0.065  # grade that doubles the cost of a metre
BRIDGES = (0.36, 0.405, 0.43, 0.66, 0.79)  # where roads cross the river, as shares of its length; the last two span the gorge


class Road(NamedTuple):
    """What one edge of the net is."""

    rank: str
    name: str = ""
    bridge: bool = False
    private: bool = False
    oneway: bool = False
    floods: bool = False


@dataclass
class Net:
    """The growing road net over coarse cells: edge (low cell, high cell) -> Road."""

    terrain: Terrain
    pockets: Pockets
    first: Ints
    second: Ints
    cost: Floats
    roads: dict[tuple[int, int], Road] = field(default_factory=dict)

    def search(self, sources: Iterable[int], limit: float = np.inf, built: float = BUILT) -> tuple[Floats, Ints]:
        """Return the cost from the nearest source to every cell and the cell before it."""
        keys = np.array([low * SIDE * SIDE + high for low, high in self.roads], dtype=np.int64)
        weights = np.where(np.isin(self.first * SIDE * SIDE + self.second, keys), built, 1.0) * self.cost
        open_ = np.isfinite(weights)
        graph = sparse.coo_array((weights[open_], (self.first[open_], self.second[open_])), shape=(SIDE * SIDE,) * 2).tocsr()
        found, before, _ = dijkstra(graph, directed=False, indices=sorted(sources), return_predecessors=True, min_only=True, limit=limit)
        return found, before.astype(np.int64)

    def lay(self, before: Ints, target: int, road: Road) -> None:
        """Build the way back from `target`; a road that exists keeps the higher class."""
        here = int(target)
        while before[here] >= 0:
            after = int(before[here])
            edge = (min(here, after), max(here, after))
            known = self.roads.get(edge)
            if known is None or RANKS.index(road.rank) < RANKS.index(known.rank):
                rank = self._rank_here(here, after, road.rank)
                self.roads[edge] = road._replace(rank=rank, bridge=abs(here - after) not in (1, SIDE, SIDE + 1, SIDE - 1))
            here = after

    def _rank_here(self, here: int, after: int, rank: str) -> str:
        inside = int(self.pockets.footpath[here]) + int(self.pockets.footpath[after])
        if inside == 0 or RANKS.index(rank) < RANKS.index("unclassified"):
            return rank
        return "track" if inside == 2 and rank != "path" else "path"

    def cells(self) -> set[int]:
        """Return the cells that roads touch."""
        return {cell for edge in self.roads for cell in edge}


def _open_ground(rng: np.random.Generator, terrain: Terrain, pockets: Pockets) -> tuple[Ints, Ints, Floats]:
    """Return edges and their cost: none crosses the river except on a bridge, none leaves the lost pocket."""
    first, second, metres = grid_edges()
    heights = terrain.coarse.ravel()
    grade = np.abs(heights[first] - heights[second]) / metres
    cost = metres * (1.0 + np.minimum((grade / STEEP) ** 2, 30.0)) * rng.uniform(0.7, 1.5, len(metres))
    wet = _water(terrain)
    shut = wet[first] | wet[second] | (pockets.lost[first] != pockets.lost[second])
    rim = pockets.footpath[first] != pockets.footpath[second]
    cost = np.where(shut, np.inf, cost * np.where(rim, 3.0, 1.0))
    banks = [_banks(terrain, wet, share) for share in BRIDGES]
    length = [float(np.hypot(*(cell_xy(np.array([a])) - cell_xy(np.array([b])))[0])) * 4.0 for a, b in banks]
    return np.append(first, [a for a, _ in banks]), np.append(second, [b for _, b in banks]), np.append(cost, length)


def _water(terrain: Terrain) -> NDArray[np.bool_]:
    """Return the cells where no road can go: the river, and in the gorge its walls."""
    wet = np.zeros((SIDE, SIDE), dtype=bool)
    wet.ravel()[terrain.river[slice(*terrain.gorge)]] = True
    wet = ndimage.binary_dilation(wet, iterations=2)
    wet.ravel()[terrain.river] = True
    return np.asarray(wet.ravel())


def _banks(terrain: Terrain, wet: NDArray[np.bool_], share: float) -> tuple[int, int]:
    """Return the two cells that a bridge joins, north and south of the river, where it can be short and level."""
    centre = int(len(terrain.river) * share)
    best: tuple[float, int, int] = (np.inf, 0, 0)
    for position in range(centre - 6, centre + 7):
        cell = int(terrain.river[position])
        up, down = cell - SIDE, cell + SIDE
        while wet[up]:
            up -= SIDE
        while wet[down]:
            down += SIDE
        best = min(best, (float(down - up) + abs(terrain.coarse.ravel()[up] - terrain.coarse.ravel()[down]), up, down))
    return best[1], best[2]


def build_net(rng: np.random.Generator, terrain: Terrain, places: Places, pockets: Pockets, names: list[str]) -> Net:
    """Return all roads, from the trunk road down to the paths; `names` are those of the administrative villages."""
    net = Net(terrain, pockets, *_open_ground(rng, terrain, pockets))
    seats = [int(seat) for seat in places.seats]
    _build_main_roads(net, seats)
    _build_streets(rng, net, seats)
    _build_village_roads(net, places, names)
    _build_hamlet_roads(rng, net, places, names)
    _build_extras(rng, net, seats)
    _join_pieces(net, seats[0])
    return net


def _build_main_roads(net: Net, seats: list[int]) -> None:
    river = net.terrain.river
    west, east, south = int(river[0]) - 6 * SIDE, int(river[-1]) - 9 * SIDE, SIDE * (SIDE - 1) + 150
    for edge, rank, name in ((west, "trunk", "国道G991线"), (east, "trunk", "国道G991线"), (south, "primary", "省道S390线")):
        net.lay(net.search([seats[0]])[1], edge, Road(rank, name))
    away, _ = net.search([seats[0]])
    for number in sorted(range(1, len(seats)), key=lambda k: float(away[seats[k]])):
        rank = "secondary" if TOWNSHIPS[number].zh.endswith("镇") else "tertiary"
        name = f"县道X9{number:02d}线" if rank == "secondary" else f"乡道Y{number:03d}线"
        net.lay(net.search([seats[0]])[1], seats[number], Road(rank, name))
    for number, seat in enumerate(seats[1:], start=1):  # each seat to its nearest neighbour, so that there are two ways round
        found, before = net.search([seat], built=0.85)
        others = sorted((other for other in seats if other != seat), key=lambda other: float(found[other]))
        for other in others[:2]:
            net.lay(before, other, Road("tertiary", f"乡道Y{100 + number}线"))
    _build_gorge_bridges(net)


def _build_gorge_bridges(net: Net) -> None:
    """Lead a road to both ends of the two bridges over the gorge."""
    price = net.cost.copy()
    net.cost[-2:] = np.inf  # each end is reached on its own side
    for number, (north, south) in enumerate(zip(net.first[-2:], net.second[-2:], strict=True)):
        for bank in (north, south):
            net.lay(net.search(net.cells())[1], int(bank), Road("tertiary", f"乡道Y20{number}线"))
        net.roads[int(north), int(south)] = Road("tertiary", f"云石河{'上' if number == 0 else '下'}峡大桥", bridge=True)
    net.cost = price


def _build_streets(rng: np.random.Generator, net: Net, seats: list[int]) -> None:
    """Lay the grid of streets of the county town and a few streets in every seat."""
    for number, seat in enumerate(seats):
        reach = 5 if number == 0 else int(rng.integers(1, 3))
        row, column = divmod(seat, SIDE)
        block = [(row + r) * SIDE + column + c for r in range(-reach + 1, reach + 1) for c in range(-reach, reach + 1)]
        cost = {(int(a), int(b)): c for a, b, c in zip(net.first, net.second, net.cost, strict=True) if abs(a // SIDE - row) <= reach}
        for cell in block:
            for step in (1, SIDE):
                edge = (cell, cell + step)
                if edge[1] in block and edge not in net.roads and cost.get(edge, np.inf) < 3 * STEP and rng.uniform() < 0.88:
                    oneway = number == 0 and step == 1 and cell // SIDE == row + 1
                    rank = "steps" if number == 0 and rng.uniform() < 0.04 else "residential"
                    net.roads[edge] = Road(rank, f"{TOWNSHIPS[number].stem}{'横' if step == 1 else '纵'}街", oneway=oneway)


def _build_village_roads(net: Net, places: Places, names: list[str]) -> None:
    sources = net.cells() | {net.pockets.lost_hub}
    _, before = net.search(sources)
    for number, village in enumerate(places.villages):
        net.lay(before, int(village), Road("unclassified", f"{names[number]}村道"))
    far, _ = net.search([int(places.villages[0])])
    spots = cell_xy(places.villages)
    for number, village in enumerate(places.villages):  # links between neighbours that the tree put far apart
        if number % 4 or net.pockets.lost[village] or net.pockets.footpath[village]:
            continue
        found, way = net.search([int(village)], limit=9_000.0)
        near = np.hypot(*(spots - spots[number]).T) < 3_200.0
        gain = np.where(near & np.isfinite(found[places.villages]), np.abs(far[places.villages] - far[village]), 0.0)
        if gain.max() > 1_500.0:
            net.lay(way, int(places.villages[int(np.argmax(gain))]), Road("unclassified", f"{names[number]}连村路"))


def _build_hamlet_roads(rng: np.random.Generator, net: Net, places: Places, names: list[str]) -> None:
    """Lead a road, a track or a path to natural villages; a few are left without."""
    _, before = net.search(net.cells() | {net.pockets.lost_hub})
    for x, y, village in places.hamlets:
        draw = rng.uniform() * (0.8 if net.pockets.lost[cell_at(x, y)] else 1.0)
        if draw > 0.91:
            continue
        rank = "unclassified" if draw < 0.60 else "track" if draw < 0.82 else "path"
        name = f"{names[int(village)]}通组路" if rank == "unclassified" else ""
        net.lay(before, cell_at(x, y), Road(rank, name))


def _build_extras(rng: np.random.Generator, net: Net, seats: list[int]) -> None:
    """Add a private road to a quarry, roads that flood, and gaps where slides have taken the road."""
    _mark_floods(net)
    _, before = net.search(net.cells())
    row, column = divmod(seats[0], SIDE)
    net.lay(before, (row - 17) * SIDE + column + 9, Road("service", "云石采石场专用路", private=True))
    graph = nx.Graph(list(net.roads))
    village = [edge for edge, road in net.roads.items() if road.rank == "unclassified" and not net.pockets.lost[edge[0]]]
    bridges = set(nx.bridges(graph))
    loop = [edge for edge in village if not {edge, edge[::-1]} & bridges and graph.degree(edge[0]) == graph.degree(edge[1]) == 2]
    tails = [edge for edge in village if 14 <= _cut_off(graph, edge, bridges) <= 45]
    for some, count in ((loop, 2), (tails, 2)):
        for position in rng.permutation(len(some))[:count]:
            edge = some[int(position)]
            net.roads[edge] = net.roads[edge]._replace(rank="construction")


def _join_pieces(net: Net, town: int) -> None:
    """Tie streets that chance left apart to the rest; only the lost pocket and what slides cut off stay alone."""
    for piece in sorted(nx.connected_components(nx.Graph(list(net.roads))), key=min):
        if town not in piece and net.pockets.lost_hub not in piece:
            away, before = net.search(net.cells() - piece)
            net.lay(before, min(piece, key=lambda cell: float(away[cell])), Road("residential"))


def _mark_floods(net: Net) -> None:
    """Mark the village roads that run beside the river above the gorge: a flood closes them."""
    low = np.zeros((SIDE, SIDE), dtype=bool)
    low.ravel()[net.terrain.river[: net.terrain.gorge[0]]] = True
    low = ndimage.binary_dilation(low, iterations=2).ravel()
    for edge, road in net.roads.items():
        if low[edge[0]] and low[edge[1]] and road.rank in {"unclassified", "track"} and not road.bridge:
            net.roads[edge] = road._replace(floods=True)


def _cut_off(graph: nx.Graph, edge: tuple[int, int], bridges: set[tuple[int, int]]) -> int:
    """Return how many cells lose their road when `edge` is gone, on the smaller side; 0 when there is another way."""
    if not {edge, edge[::-1]} & bridges:
        return 0
    graph.remove_edge(*edge)
    sizes = min(len(nx.node_connected_component(graph, end)) for end in edge)
    graph.add_edge(*edge)
    return int(sizes)
