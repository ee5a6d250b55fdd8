"""Whether catchments hang together, found a second time on a graph of its own: places on roads, parts of the roads, neighbours.

Where two settlements are as near to a point of the road, to a metre, the point belongs to both: a tie is no fault of a plan.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations, pairwise, product
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
import shapely

from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from layout_planner.county.model import County
    from layout_planner.plan.layout import Layout
    from layout_planner.safeguards.recount import Pupils

TIE_M = 1.0


def check_connected(county: County, expected: Pupils, plan: Layout, today: Layout) -> Iterator[Words]:
    """Yield a sentence for everybody who changes to a school from which other catchments cut him off.

    expected : pupils by (settlement, band)
    """
    graph, owners = _draw_graph(county)
    before = {(row["settlement_id"], row["band"], row["school_id"]) for row in today.assignment.to_dict("records")}
    members: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in plan.assignment.to_dict("records"):
        if row["school_id"] and row["pupils"] > 0:
            members[str(row["band"]), str(row["school_id"])].add(str(row["settlement_id"]))
    for (band, school), homes in sorted(members.items()):
        empty = {str(home) for home in county.settlements.index if not expected.get((str(home), band), 0)}
        midst = owners.get(("school", school), set())
        held = nx.Graph(graph.subgraph(homes | empty | midst))
        held.add_node("")
        held.add_edges_from(("", home) for home in midst)
        near = nx.node_connected_component(held, "")
        for home in sorted(homes - near):
            if (home, band, school) not in before and any(nx.has_path(graph, home, other) for other in midst):
                name, there = county.settlements.at[home, "name"], county.schools.at[school, "name"]
                yield Words(
                    f"{name}（{home}）{band}改到{there}（{school}），中间隔着别校的片区",
                    f"{name} ({home}), {band}: changes to {there} ({school}) across the catchment of another school",
                )


def _draw_graph(county: County) -> tuple[nx.Graph, dict[object, set[str]]]:
    """Return the settlements joined where their parts of the roads meet, and the owners of every node of the roads."""
    roads = nx.Graph()
    walked = county.roads.edges[county.roads.edges["walk"].astype(bool)]
    lines = list(zip(walked.geometry, walked["from_node"], walked["to_node"], strict=True))
    stops: dict[int, list[tuple[float, str, object]]] = defaultdict(list)
    shapes = np.array([line for line, _, _ in lines], dtype=object)
    for kind, table in (("home", county.settlements), ("school", county.schools)):
        for name, point in zip(table.index, table.geometry, strict=True):
            road = int(np.argmin(shapely.distance(shapes, point)))
            stops[road].append((float(shapes[road].project(point)), kind, str(name)))
    for road, (line, begin, end) in enumerate(lines):
        chain = [(0.0, begin), *((m, (kind, name)) for m, kind, name in sorted(stops[road], key=_by_metres)), (float(line.length), end)]
        for (a_m, a), (b_m, b) in pairwise(chain):
            metres = abs(b_m - a_m)
            if a != b and not (roads.has_edge(a, b) and roads[a][b]["m"] <= metres):
                roads.add_edge(a, b, m=metres)
    return _join_parts(roads, [("home", str(home)) for home in county.settlements.index])


def _by_metres(stop: tuple[float, str, object]) -> tuple[float, str]:
    return stop[0], repr(stop[1:])


def _join_parts(roads: nx.Graph, homes: list[tuple[str, str]]) -> tuple[nx.Graph, dict[object, set[str]]]:
    far = nx.multi_source_dijkstra_path_length(roads, {home for home in homes if home in roads}, weight="m")
    owners: dict[object, set[str]] = {home: {home[1]} for home in homes}
    for node in far:  # in the order in which they are reached
        if node not in owners or not isinstance(node, tuple) or node[0] != "home":
            owners[node] = set().union(
                *(owners.get(other, set()) for other in roads[node] if far[other] + roads[node][other]["m"] <= far[node] + TIE_M)
            )
    graph = nx.Graph()
    graph.add_nodes_from(name for _, name in homes)
    for a, b in roads.edges:
        graph.add_edges_from((one, other) for one, other in product(owners.get(a, ()), owners.get(b, ())) if one != other)
    for shared in owners.values():
        graph.add_edges_from(combinations(sorted(shared), 2))
    return graph, owners
