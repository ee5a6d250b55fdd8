"""Public buses of the demo county: rural lines from townships to the county town, some from far villages, one line in the town."""

# ruff: noqa: PLR2004  a county is invented by such numbers; each is used once and says what it is where it stands
from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
import pandas as pd
from pyproj import Transformer

from layout_planner.county.gtfs_feed import Publisher, write_feed
from layout_planner.county.lines import Call, Run, Service, build_lines
from layout_planner.demo.distances import WINDING
from layout_planner.demo.names import COUNTY
from layout_planner.demo.terrain import EPSG, cell_xy

if TYPE_CHECKING:
    from layout_planner.demo.places import Places
    from layout_planner.demo.roadnet import Net

OWN_STREAM = 0x6B5  # these lines came later: a generator of their own leaves all other files as they were
KMH = {"trunk": 42.0, "primary": 38.0, "secondary": 32.0, "tertiary": 27.0, "unclassified": 20.0, "residential": 18.0}
NEAR, APART = 420.0, 900.0  # metres from houses to the road where the bus stops for it, and between stops
RURAL, VILLAGE_LINES = 8, 4
PUBLISHER = Publisher(f"{COUNTY[0]}客运（虚构）", "https://example.org/yunshihe", "20260901", "20270710")


def make_feed(seed: int, net: Net, places: Places, titles: list[str]) -> bytes:
    """Return the county's GTFS feed; `titles` are the names of the administrative villages, seats first."""
    rng = np.random.Generator(np.random.PCG64([seed, OWN_STREAM]))
    graph = _bus_roads(net)
    town, seats = int(places.seats[0]), [int(seat) for seat in places.seats[1:]]
    served = sorted(int(k) for k in rng.permutation(len(seats))[:RURAL])
    routes = [(f"{101 + k}", f"{titles[k + 1]}—{titles[0]}", nx.shortest_path(graph, seats[k], town, "s")) for k in served]
    routes += _village_routes(rng, graph, places, titles)
    services: list[Service] = []
    for number, name, way in routes:
        services.extend(_both_ways(number, name, _calls(graph, way, places), _departures(rng)))
    services.extend(_town_line(graph, town))
    stops = sorted({call.stop_id for service in services for call in service.calls})
    xy = cell_xy(np.array([int(stop) for stop in stops]))
    lon, lat = Transformer.from_crs(EPSG, 4326, always_xy=True).transform(xy[:, 0], xy[:, 1])
    names = _name_stops(stops, places, titles)
    table = pd.DataFrame({"name": names, "lon": np.round(lon, 6), "lat": np.round(lat, 6)}, index=stops)
    return write_feed(build_lines(table, services, f"EPSG:{EPSG}"), PUBLISHER)


def _bus_roads(net: Net) -> nx.Graph:
    """Return cells joined by roads wide enough for a bus; `s` seconds, `m` metres."""
    graph = nx.Graph()
    for (a, b), road in sorted(net.roads.items()):
        if road.rank in KMH and not road.private:
            metres = float(np.hypot(*np.diff(cell_xy(np.array([a, b])), axis=0)[0])) * WINDING
            graph.add_edge(a, b, m=metres, s=metres / KMH[road.rank] * 3.6)
    return graph


def _village_routes(rng: np.random.Generator, graph: nx.Graph, places: Places, titles: list[str]) -> list[tuple[str, str, list[int]]]:
    """Return lines from far villages to the seat that is nearest by bus."""
    seats = [int(seat) for seat in places.seats]
    metres, ways = nx.multi_source_dijkstra(graph, set(seats), weight="m")
    far = [k for k in range(len(seats), len(places.villages)) if 6_000 < metres.get(int(places.villages[k]), 0.0) < 14_000]
    chosen = sorted(int(far[int(k)]) for k in rng.permutation(len(far))[:VILLAGE_LINES])
    routes = []
    for number, k in enumerate(chosen):
        way = ways[int(places.villages[k])][::-1]
        routes.append((f"{201 + number}", f"{titles[k]}—{titles[seats.index(way[-1])]}", way))
    return routes


def _calls(graph: nx.Graph, way: list[int], places: Places) -> list[tuple[str, int]]:
    """Return stops (their cells) and whole minutes from the first: at both ends and where the road passes a village or hamlet."""
    along = np.concatenate([[0.0], np.cumsum([graph.edges[edge]["m"] for edge in pairwise(way)])])
    seconds = np.concatenate([[0.0], np.cumsum([graph.edges[edge]["s"] for edge in pairwise(way)])])
    homes = np.vstack([cell_xy(places.villages), places.hamlets[:, :2]])
    gaps = np.hypot(*(cell_xy(np.array(way))[:, None] - homes[None]).transpose(2, 0, 1))
    wanted = sorted({int(gaps[:, k].argmin()) for k in np.flatnonzero(gaps.min(axis=0) < NEAR)})
    at = [0]
    for place in wanted:
        if along[place] - along[at[-1]] >= APART and along[-1] - along[place] >= APART:
            at.append(place)
    at.append(len(way) - 1)
    minutes = [0]
    for before, here in pairwise(at):
        minutes.append(minutes[-1] + max(1, round((seconds[here] - seconds[before] + 30.0) / 60)))
    return [(str(way[place]), minute) for place, minute in zip(at, minutes, strict=True)]


def _departures(rng: np.random.Generator) -> list[float]:
    """Return when buses leave either end: before and after school, and three times between."""
    hours = [(6, 35), (7, 5), (9, 30), (13, 0), (16, 45), (17, 30)]
    shift = 5 * rng.integers(-2, 3, len(hours))
    return [3600.0 * hour + 60.0 * (minute + int(late)) for (hour, minute), late in zip(hours, shift, strict=True)]


def _both_ways(number: str, name: str, calls: list[tuple[str, int]], departures: list[float]) -> list[Service]:
    last = calls[-1][1]
    there = tuple(Call(stop, 60.0 * minute, 60.0 * minute) for stop, minute in calls)
    back = tuple(Call(stop, 60.0 * (last - minute), 60.0 * (last - minute)) for stop, minute in reversed(calls))
    runs = tuple(Run(at, at) for at in departures)
    return [Service(number, name, way, runs) for way in (there, back)]


def _town_line(graph: nx.Graph, town: int) -> list[Service]:
    """Return the line across the county town, every twelve minutes, with a stop at every second crossing."""
    near = nx.single_source_dijkstra_path_length(graph.subgraph([cell for cell in graph if _apart(cell, town) < 1_300.0]), town, weight="m")
    west, *_, east = sorted(near, key=lambda cell: (float(cell_xy(np.array([cell]))[0, 0]), cell))
    way = nx.shortest_path(graph, west, east, "s")
    stops = [*way[:-1:2], way[-1]]
    minutes = [2 * k for k in range(len(stops))]
    often = (Run(6.5 * 3600, 19 * 3600.0 - 360, 720.0),)
    calls = [(str(stop), minute) for stop, minute in zip(stops, minutes, strict=True)]
    return [service._replace(runs=often) for service in _both_ways("1", "1路", calls, [])]


def _apart(cell: int, other: int) -> float:
    return float(np.hypot(*np.diff(cell_xy(np.array([cell, other])), axis=0)[0]))


def _name_stops(stops: list[str], places: Places, titles: list[str]) -> list[str]:
    """Return the name of the nearest village, with a number where several stops share it."""
    spots = cell_xy(places.villages[: len(titles)])
    count: dict[str, int] = {}
    names = []
    for spot in cell_xy(np.array([int(stop) for stop in stops])):
        name = titles[int(np.hypot(*(spots - spot).T).argmin())]
        count[name] = count.get(name, 0) + 1
        names.append(name if count[name] == 1 else f"{name}{count[name]}站")
    return names
