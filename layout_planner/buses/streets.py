"""The roads as buses and pupils use them between stops: seconds, metres, and the line that is driven."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy.sparse.csgraph import dijkstra
from shapely.ops import substring

from layout_planner.travel.net import link_pieces, ride_pieces, walk_pieces
from layout_planner.travel.network import trips_between

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    from layout_planner.travel.net import Net
    from layout_planner.travel.network import Arcs

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Ints = NDArray[np.int64]

MILLIMETRES = 3  # decimals of a metre
ON_ROAD_M = 1.0
NO_HALT = ("motorway", "motorway_link", "ferry")  # no bus may stop there; national roads (trunk) run through villages


@dataclass(frozen=True)
class Streets:
    """A net seen from its graph nodes.

    listed       stops of the county's table by graph node
    listed_only  whether buses stop at no other node
    """

    net: Net
    listed: Mapping[int, str] = field(default_factory=dict)
    listed_only: bool = False

    @cached_property
    def driven(self) -> Arcs:
        """The graph of a school bus."""
        return link_pieces(self.net.pieces, ride_pieces(self.net))[0]

    @cached_property
    def walked(self) -> tuple[Arcs, Arcs]:
        """The graph of an adult on foot, and the same with every arc turned round."""
        return link_pieces(self.net.pieces, walk_pieces(self.net))

    @cached_property
    def node_xy(self) -> Floats:
        """Metres of every graph node, shape (nodes, 2)."""
        pieces, lines = self.net.pieces, self.net.edges.geometry.to_numpy()
        place = np.full((pieces.nodes, 2), np.nan)
        for node, along in ((pieces.tail, pieces.begin), (pieces.head, pieces.end)):
            place[node] = shapely.get_coordinates(shapely.line_interpolate_point(lines[pieces.edge], along))
        return place

    @cached_property
    def may_halt(self) -> Flags:
        """Nodes at which a bus may stop: on a road that it drives, off motorways, ferries, bridges and hazards, where one can walk.

        Where only listed stops may be used, those of the table among them.
        """
        pieces, edges = self.net.pieces, self.net.edges
        drives = (edges["drive_forward"] | edges["drive_backward"]).to_numpy(dtype=bool)
        calm = ~edges["road_class"].isin(NO_HALT).to_numpy() & ~edges["hazard"].to_numpy(dtype=bool) & ~edges["bridge"].to_numpy(dtype=bool)
        used, walks = drives[pieces.edge], edges["walk"].to_numpy(dtype=bool)[pieces.edge]
        on_road, unsafe, afoot = (np.zeros(pieces.nodes, dtype=bool) for _ in range(3))
        for ends in (pieces.tail, pieces.head):
            on_road[ends[used]] = True
            unsafe[ends[used & ~calm[pieces.edge]]] = True
            afoot[ends[walks]] = True
        if self.listed_only:
            on_road &= np.isin(np.arange(pieces.nodes), list(self.listed))
        return on_road & ~unsafe & afoot

    def on_class(self, classes: Collection[str]) -> Flags:
        """Return the nodes on a road of one of `classes` that buses drive."""
        pieces, edges = self.net.pieces, self.net.edges
        named = edges["road_class"].isin(classes).to_numpy() & (edges["drive_forward"] | edges["drive_backward"]).to_numpy(dtype=bool)
        found = np.zeros(pieces.nodes, dtype=bool)
        for ends in (pieces.tail, pieces.head):
            found[ends[named[pieces.edge]]] = True
        return found

    def class_at(self, point: shapely.Point, classes: Collection[str]) -> str:
        """Return the class of the road of one of `classes` on which a point lies, "" where it lies on none."""
        edges = self.net.edges
        named = edges[edges["road_class"].isin(classes) & (edges["drive_forward"] | edges["drive_backward"])]
        near = shapely.distance(named.geometry.to_numpy(), point) <= ON_ROAD_M
        return str(named["road_class"].to_numpy()[near][0]) if near.any() else ""

    def rides(self, begin: Ints, end: Ints) -> tuple[Floats, Floats]:
        """Return seconds and metres of the bus from every node of `begin` to every node of `end`, `inf` where there is no way."""
        return trips_between(self.driven, begin, end)

    def lines(self, legs: set[tuple[int, int]]) -> dict[tuple[int, int], shapely.LineString]:
        """Return the line that a bus drives between the nodes of each leg."""
        sources = sorted({begin for begin, _ in legs})
        if not sources:
            return {}
        _, before = dijkstra(self.driven.seconds, indices=sources, return_predecessors=True)
        row = {source: number for number, source in enumerate(sources)}
        return {leg: self._line(before[row[leg[0]]], *leg) for leg in sorted(legs)}

    def _line(self, before: Ints, begin: int, end: int) -> shapely.LineString:
        nodes = [end]
        while nodes[-1] != begin:
            nodes.append(int(before[nodes[-1]]))
        here = tuple(self.node_xy[begin])
        parts = [self._piece_line(*step) for step in pairwise(nodes[::-1])]
        coordinates = [here, *(point for part in parts for point in part)]
        kept = [coordinates[0]] + [there for prior, there in pairwise(coordinates) if prior != there]
        return shapely.LineString(kept if len(kept) > 1 else kept * 2)

    def _piece_line(self, tail: int, head: int) -> list[tuple[float, ...]]:
        piece, against = self._fastest[tail, head]
        pieces = self.net.pieces
        line = substring(self.net.edges.geometry.to_numpy()[pieces.edge[piece]], pieces.begin[piece], pieces.end[piece])
        coordinates = [tuple(point) for point in np.round(shapely.get_coordinates(line), MILLIMETRES)]
        return coordinates[::-1] if against else coordinates

    @cached_property
    def _fastest(self) -> dict[tuple[int, int], tuple[int, bool]]:
        """The fastest piece from one node to the next, and whether it is driven against its line."""
        pieces, times = self.net.pieces, ride_pieces(self.net)
        length = pieces.end - pieces.begin
        found: dict[tuple[int, int], tuple[float, float, int, bool]] = {}
        for tail, head, used, seconds, against in (
            (pieces.tail, pieces.head, times.ahead, times.onward, False),
            (pieces.head, pieces.tail, times.behind, times.back, True),
        ):
            for piece in np.flatnonzero(used & (tail != head)):
                key = int(tail[piece]), int(head[piece])
                entry = float(seconds[piece]), float(length[piece]), int(piece), against
                if key not in found or entry < found[key]:
                    found[key] = entry
        return {key: entry[2:] for key, entry in found.items()}
