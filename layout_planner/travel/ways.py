"""The ways that pupils take, as lines along the roads: one tree a school, since all ways to one school run together in the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from shapely.ops import substring

from layout_planner.travel.labels import SECOND_GRAIN
from layout_planner.travel.matrix import walk_to_stops
from layout_planner.travel.net import link_pieces, ride_pieces, walk_pieces

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from layout_planner.county.model import County
    from layout_planner.travel.access import Access
    from layout_planner.travel.net import Net, PieceTimes
    from layout_planner.travel.network import Arcs, Pieces

    Ints = NDArray[np.int64]
    Lines = NDArray[np.object_]

WAY_COLUMNS = (
    "school_id",  # str
    "kind",  # walk | ride
    "settlement_id",  # str: the home that begins here; "" where ways meet
    "after",  # int, row of the strand that follows, -1 at the school
)
RIDES = ("school_bus", "board")  # a public bus keeps to its line, which is told by its stops
END = -1
SLACK_S = 1.0  # searches reach a little further than the trip that was measured


def trace_ways(net: Net, county: County, assignments: Iterable[pd.DataFrame]) -> gpd.GeoDataFrame:
    """Return the ways to school of all trips on foot and by school bus or boarding in `assignments`: WAY_COLUMNS and LineStrings.

    A strand runs towards the school from a home or from where ways meet. The lines are those of the fastest trip to school, in the
    county's projection; strands of a home's own leg come with it, straight or over the terrain.
    """
    asked = _list_asked(assignments)
    strands = _Strands(net, county)
    for kind, trips in (("walk", asked[asked["mode"] == "walk"]), ("ride", asked[asked["mode"].isin(RIDES)])):
        if len(trips):
            strands.add(kind, trips)
    table = pd.DataFrame(strands.rows, columns=list(WAY_COLUMNS))
    return gpd.GeoDataFrame(table, geometry=np.array(strands.lines, dtype=object), crs=county.crs)


def _list_asked(assignments: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return settlement, school, mode and longest seconds of the trips that lead anywhere, in one order whatever that of the rows."""
    trips = pd.concat([table[["settlement_id", "school_id", "mode", "pupils", "seconds"]] for table in assignments], ignore_index=True)
    trips = trips[(trips["pupils"] > 0) & (trips["school_id"] != "") & np.isfinite(trips["seconds"].to_numpy(dtype=float))]
    keys = ["school_id", "settlement_id", "mode"]
    return trips.groupby(keys, sort=True, observed=True)["seconds"].max().reset_index()


class _Strands:
    """The strands found so far."""

    def __init__(self, net: Net, county: County) -> None:
        self.net = net
        self.settlements, self.schools = county.settlements, county.schools
        self.rows: list[tuple[str, str, str, int]] = []
        self.lines: list[shapely.LineString] = []
        self.roads = net.edges.geometry.to_numpy()
        self.feet = walk_pieces(net)
        self.outward, self.inward = link_pieces(net.pieces, self.feet)
        self.on_foot = _PieceBook(net.pieces, self.feet, self.roads)
        self.to_stops = walk_to_stops(self.outward, self.inward, (net.on_foot.homes, net.home), (net.driven.homes, net.stop))

    def add(self, kind: str, trips: pd.DataFrame) -> None:
        """Add the tree of every school of `trips`; of homes and schools with several joints each takes the one that is quickest."""
        net, walks = self.net, kind == "walk"
        times = self.feet if walks else ride_pieces(net)
        towards = self.inward if walks else link_pieces(net.pieces, times)[1]
        book = self.on_foot if walks else _PieceBook(net.pieces, times, self.roads)
        homes = _Doors(net.on_foot.homes, net.home) if walks else _Doors(net.driven.homes, net.stop)
        schools = _Doors(net.on_foot.schools, net.school) if walks else _Doors(net.driven.schools, net.gate)
        to_stop = homes.access.there_s if walks else self.to_stops.there_s
        for school_id, part in trips.groupby("school_id", sort=True):
            rows = schools.rows(self.schools.index.get_loc(school_id))
            asked = self.settlements.index.get_indexer(pd.Index(part["settlement_id"]).unique())
            if not len(rows):
                continue
            reach, before = _search_from(towards, schools.nodes[rows], schools.access.back_s[rows], float(part["seconds"].max()) + SLACK_S)
            begins = {}
            for home in asked:
                doors = homes.rows(int(home))
                total = reach[homes.nodes[doors]] + to_stop[doors] if len(doors) else np.array([np.inf])
                if np.isfinite(total.min()):
                    begins[int(home)] = int(doors[np.argmin(total)])
            self._grow(str(school_id), kind, before, begins, homes, _turn_legs(schools, rows), book)

    def _grow(
        self,
        school_id: str,
        kind: str,
        before: Ints,
        begins: dict[int, int],
        homes: _Doors,
        legs: dict[int, shapely.LineString | None],
        book: _PieceBook,
    ) -> None:
        """Add one school's tree, from the school outwards, so that what follows a strand is there before it.

        begins : the joint that every home takes, as a row of `homes`.
        """
        starts = {int(homes.nodes[row]) for row in begins.values()}
        root = len(before) - 1
        children = _children(before, starts, root)
        row_of = {}
        for node in children.pop(root, []):
            door = legs[node]
            row_of[node] = self._append(school_id, kind, "", END, door) if door is not None else END
        for fork in list(row_of):
            for chain in _chains(children, fork, starts):
                row_of[chain[-1]] = self._append(school_id, kind, "", row_of[chain[0]], book.line(chain[::-1]))
        for home, row in begins.items():
            leg = homes.access.line[row] if kind == "walk" else self._walk_to_stop(home, row)
            self._append(school_id, kind, str(self.settlements.index[home]), row_of[int(homes.nodes[row])], leg)

    def _append(self, school_id: str, kind: str, settlement_id: str, after: int, line: object) -> int:
        self.rows.append((school_id, kind, settlement_id, after))
        self.lines.append(line)
        return len(self.lines) - 1

    def _walk_to_stop(self, home: int, row: int) -> shapely.LineString:
        """Return the walk to a stop, a row of `driven.homes`: across country, or along walkable roads where that is quicker."""
        net = self.net
        straight, stop = net.driven.homes.line[row], int(net.stop[row])
        foot = _Doors(net.on_foot.homes, net.home)
        best, line = float(net.driven.homes.there_s[row]), straight
        for joint in foot.rows(home):
            here, leg_s = int(net.home[joint]), float(foot.access.there_s[joint])
            if not leg_s < best:
                continue
            reach, before = dijkstra(self.outward.seconds, indices=here, limit=best - leg_s, return_predecessors=True)
            if not leg_s + reach[stop] < best:
                continue
            nodes = [stop]
            while nodes[-1] != here:
                nodes.append(int(before[nodes[-1]]))
            parts = [foot.access.line[joint], *([self.on_foot.line(nodes[::-1])] if len(nodes) > 1 else [])]
            best, line = leg_s + float(reach[stop]), shapely.LineString(np.concatenate([shapely.get_coordinates(part) for part in parts]))
        return line


@dataclass(frozen=True)
class _Doors:
    """How places of one kind reach the roads, and the graph nodes of their joints."""

    access: Access
    nodes: Ints

    def rows(self, place: int) -> Ints:
        """Return the joints of one place."""
        return np.arange(*np.searchsorted(self.access.place, [place, place + 1]))


def _search_from(towards: Arcs, nodes: Ints, legs_s: NDArray[np.float64], limit_s: float) -> tuple[NDArray[np.float64], Ints]:
    """Return seconds to a school from all nodes, and the node that follows each; the school itself is the last node."""
    count = towards.seconds.shape[0]
    graph = towards.seconds.tocoo()
    seconds = np.concatenate([graph.data, np.maximum(legs_s, SECOND_GRAIN)])
    tail, head = np.concatenate([graph.row, np.full(len(nodes), count)]), np.concatenate([graph.col, nodes])
    whole = csr_array((seconds, (tail, head)), shape=(count + 1, count + 1))
    reach, before = dijkstra(whole, indices=count, limit=limit_s, return_predecessors=True)
    return reach, before


def _turn_legs(schools: _Doors, rows: Ints) -> dict[int, shapely.LineString | None]:
    """Return the leg from every joint of a school to its door."""
    return {int(schools.nodes[row]): _turned(schools.access.line[row]) for row in rows[::-1]}


def _turned(line: shapely.LineString | None) -> shapely.LineString | None:
    """Return the leg from the road to the door."""
    return None if line is None or not line.length > 0 else line.reverse()


def _children(before: Ints, nodes: Iterable[int], root: int) -> dict[int, list[int]]:
    """Return the tree that leads from `root` to all `nodes`: the nodes behind every node."""
    children: dict[int, list[int]] = {}
    seen = {root}
    for start in nodes:
        node = start
        while node not in seen:
            seen.add(node)
            children.setdefault(int(before[node]), []).append(node)
            node = int(before[node])
    return children


def _chains(children: dict[int, list[int]], root: int, starts: set[int]) -> Iterator[list[int]]:
    """Yield the unbranched stretches of a tree as nodes from the root outwards, each after the one that it hangs on."""
    waiting = [root]
    while waiting:
        fork = waiting.pop()
        for child in children.get(fork, ()):
            chain = [fork, child]
            while len(behind := children.get(chain[-1], [])) == 1 and chain[-1] not in starts:
                chain.append(behind[0])
            yield chain
            waiting.append(chain[-1])


@dataclass(frozen=True)
class _Found:
    """The fastest piece of every arc: sorted keys (tail * nodes + head), pieces, and whether they are used against their line."""

    key: Ints
    piece: Ints
    against: NDArray[np.bool_]


class _PieceBook:
    """Lines of the fastest pieces between nodes that follow each other."""

    def __init__(self, pieces: Pieces, times: PieceTimes, roads: Lines) -> None:
        self.pieces, self.roads = pieces, roads
        self.found = _index_pieces(pieces, times)

    def line(self, nodes: Sequence[int]) -> shapely.LineString:
        """Return the line over `nodes`, in their order."""
        way = np.asarray(nodes, dtype=np.int64)
        at = np.searchsorted(self.found.key, way[:-1] * self.pieces.nodes + way[1:])
        parts = [self._piece(int(self.found.piece[i]), against=bool(self.found.against[i])) for i in at]
        return shapely.LineString(np.concatenate([parts[0][:1], *(part[1:] for part in parts)]))

    def _piece(self, piece: int, *, against: bool) -> NDArray[np.float64]:
        line = self.roads[self.pieces.edge[piece]]
        begin, end = float(self.pieces.begin[piece]), float(self.pieces.end[piece])
        if begin > 0 or end < line.length:
            line = substring(line, begin, end)
        points = shapely.get_coordinates(line)
        points = points if len(points) > 1 else np.repeat(points, 2, axis=0)
        return points[::-1] if against else points


def _index_pieces(pieces: Pieces, times: PieceTimes) -> _Found:
    rows = np.arange(len(pieces.edge))
    ahead, behind = rows[times.ahead], rows[times.behind]
    tail = np.concatenate([pieces.tail[ahead], pieces.head[behind]])
    head = np.concatenate([pieces.head[ahead], pieces.tail[behind]])
    piece = np.concatenate([ahead, behind])
    seconds = np.concatenate([times.onward[ahead], times.back[behind]])
    against = np.repeat([False, True], [len(ahead), len(behind)])
    key = tail * pieces.nodes + head
    order = np.lexsort([piece, pieces.end[piece] - pieces.begin[piece], seconds, key])
    order = order[np.flatnonzero(np.diff(key[order], prepend=-1))]
    return _Found(key[order], piece[order], against[order])


def follow_way(ways: pd.DataFrame, school_id: str, settlement_id: str, kind: str) -> list[int]:
    """Return the rows of the strands from a home to its school, in order; empty where none is drawn."""
    begins = ways.index[(ways["school_id"] == school_id) & (ways["settlement_id"] == settlement_id) & (ways["kind"] == kind)]
    after, rows = ways["after"].to_numpy(), []
    row = int(begins[0]) if len(begins) else END
    while row != END:
        rows.append(row)
        row = int(after[row])
    return rows
