"""The net of cells drawn as ways with shape, and written as OpenStreetMap data."""

# ruff: noqa: PLR2004  a county is invented by such numbers; each is used once and says what it is where it stands
from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import osmium
from osmium.osm import mutable
from pyproj import Transformer
from scipy import ndimage

from layout_planner.demo.names import RIVER
from layout_planner.demo.terrain import EPSG, SIDE, cell_xy

if TYPE_CHECKING:
    from pathlib import Path

    from layout_planner.demo.roadnet import Net, Road
    from layout_planner.demo.terrain import Floats, Ints

SPACING = 85.0  # metres between shape points of a winding road
SURFACE = {"trunk": "asphalt", "primary": "asphalt", "secondary": "asphalt", "tertiary": "asphalt", "unclassified": "concrete",
           "residential": "concrete", "service": "gravel", "track": "gravel", "path": "ground", "steps": "paving_stones"}  # fmt: skip
LIMITS = {"trunk": "60", "primary": "60", "secondary": "40"}


@dataclass(frozen=True)
class Way:
    """One way: its first and last cell, its line in metres (ends included) and what it is."""

    ends: tuple[int, int]
    line: Floats
    road: Road


def draw_ways(rng: np.random.Generator, net: Net) -> list[Way]:
    """Return the ways between junctions, smooth, each shape point about 85 m from the next."""
    around: dict[int, list[int]] = {}
    for a, b in net.roads:
        around.setdefault(a, []).append(b)
        around.setdefault(b, []).append(a)
    spots = _shaken(rng, net)
    ways, done = [], set()
    for start in sorted(around):
        if not _is_junction(net, around, start):
            continue
        for after in sorted(around[start]):
            if (min(start, after), max(start, after)) in done:
                continue
            chain = _follow(net, around, start, after)
            done |= {(min(a, b), max(a, b)) for a, b in pairwise(chain)}
            road = net.roads[min(start, after), max(start, after)]
            ways.append(Way((chain[0], chain[-1]), _smooth(spots[chain], straight=road.bridge or road.rank == "residential"), road))
    return ways


def _shaken(rng: np.random.Generator, net: Net) -> Floats:
    """Return the cells' coordinates moved by some tens of metres, town streets and bridge heads hardly at all."""
    spots = cell_xy(np.arange(SIDE * SIDE))
    shake = np.clip(rng.normal(0.0, 36.0, spots.shape), -68.0, 68.0)
    calm = sorted({cell for edge, road in net.roads.items() if road.rank in {"residential", "steps"} or road.bridge for cell in edge})
    shake[calm] *= 0.3
    return np.asarray(spots + shake)


def _is_junction(net: Net, around: dict[int, list[int]], cell: int) -> bool:
    if len(around[cell]) != 2:
        return True
    first, second = (net.roads[min(cell, other), max(cell, other)] for other in around[cell])
    return first != second


def _follow(net: Net, around: dict[int, list[int]], start: int, after: int) -> list[int]:
    chain = [start, after]
    while not _is_junction(net, around, chain[-1]) and chain[-1] != start:
        chain.append(next(cell for cell in around[chain[-1]] if cell != chain[-2]))
    return chain


def _smooth(line: Floats, *, straight: bool) -> Floats:
    """Return the line with its corners cut twice and its shape points spread evenly; the ends stay."""
    if straight or len(line) == 2:
        return line
    for _ in range(2):
        quarter, rest = 0.75 * line[:-1] + 0.25 * line[1:], 0.25 * line[:-1] + 0.75 * line[1:]
        inner = np.stack([quarter, rest], axis=1).reshape(-1, 2)[1:-1]
        line = np.vstack([line[:1], inner, line[-1:]])
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    stations = np.linspace(0.0, along[-1], max(2, int(np.ceil(along[-1] / SPACING)) + 1))
    return np.column_stack([np.interp(stations, along, line[:, 0]), np.interp(stations, along, line[:, 1])])


def write_roads(rng: np.random.Generator, path: Path, ways: list[Way], river: Ints) -> None:
    """Write ways and the river as .osm.pbf, nodes first, numbers from 1."""
    to_degrees = Transformer.from_crs(EPSG, 4326, always_xy=True)
    nodes: list[Floats] = []
    at_cell: dict[int, int] = {}
    lines: list[tuple[list[int], dict[str, str]]] = []
    for way in ways:
        for cell, spot in zip(way.ends, (way.line[0], way.line[-1]), strict=True):
            if cell not in at_cell:
                nodes.append(spot)
                at_cell[cell] = len(nodes)
        inner = list(range(len(nodes) + 1, len(nodes) + len(way.line) - 1))
        nodes.extend(way.line[1:-1])
        lines.append(([at_cell[way.ends[0]], *inner, at_cell[way.ends[1]]], _tags(rng, way.road)))
    water = _smooth(ndimage.gaussian_filter1d(cell_xy(river), 2.5, axis=0, mode="nearest"), straight=False)
    lines.append((list(range(len(nodes) + 1, len(nodes) + len(water) + 1)), {"waterway": "river", "name": RIVER}))
    nodes.extend(water)
    xy = np.array(nodes)
    lon, lat = to_degrees.transform(xy[:, 0], xy[:, 1])
    _write_pbf(path, np.column_stack([lon, lat]), lines)


def _write_pbf(path: Path, lonlat: Floats, lines: list[tuple[list[int], dict[str, str]]]) -> None:
    header = osmium.io.Header()
    header.set("generator", "layout_planner demo")
    path.unlink(missing_ok=True)
    with osmium.SimpleWriter(str(path), header=header) as writer:
        for number, (lon, lat) in enumerate(lonlat, start=1):
            writer.add_node(mutable.Node(id=number, version=1, location=(round(float(lon), 6), round(float(lat), 6))))
        for number, (members, tags) in enumerate(lines, start=1):
            writer.add_way(mutable.Way(id=number, version=1, nodes=members, tags=tags))


def _tags(rng: np.random.Generator, road: Road) -> dict[str, str]:
    if road.rank == "construction":
        return {"highway": "construction", "construction": "unclassified", "name": road.name, "note": "滑坡断道"}
    tags = {"highway": road.rank}
    if road.name:
        tags["name"] = road.name
    surface = SURFACE[road.rank]
    draw = rng.uniform()
    if draw < 0.8:
        tags["surface"] = "gravel" if road.rank == "unclassified" and draw < 0.12 else surface
    if road.rank in LIMITS and not road.bridge:
        tags["maxspeed"] = LIMITS[road.rank]
    elif road.rank == "tertiary" and draw > 0.5:
        tags["maxspeed"] = "30"
    if road.bridge:
        tags |= {"bridge": "yes", "layer": "1"}
    if road.private:
        tags["access"] = "private"
    if road.floods:
        tags["flood_prone"] = "yes"
    if road.oneway:
        tags["oneway"] = "yes"
    return tags
