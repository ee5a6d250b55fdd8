"""Roads from OpenStreetMap files (.osm.pbf, OSM XML) and from osmnx GraphML, as ways: chains of nodes with what they are used for."""

from __future__ import annotations

import contextlib
import mmap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from layout_planner.county.faults import FaultError
from layout_planner.county.road_rules import DRIVEN, Use, judge_tags
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    Street = tuple[tuple[str, str, str], tuple[tuple[float, float], ...]]

PRINTED = ("way", "name", "surface")


@dataclass(frozen=True)
class Ways:
    """Chains of vertices before they are cut where they meet.

    lon, lat   float64 (vertices,), degrees in WGS 84
    vertex     int (entries,), the vertices of all ways one after the other; -1 where the file lacks the vertex
    way        int (entries,), the row of `table` that each entry belongs to, ascending
    table      DataFrame, one row a way, ROAD_COLUMNS without from_node and to_node
    """

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    vertex: NDArray[np.int64]
    way: NDArray[np.int64]
    table: pd.DataFrame


def make_table(printed: list[tuple[str, str, str]], uses: list[Use]) -> pd.DataFrame:
    """Return the attribute table of ways from (way, name, surface) and what each may be used for."""
    table = pd.concat([pd.DataFrame(printed, columns=list(PRINTED), dtype=object), pd.DataFrame(uses, columns=list(Use._fields))], axis=1)
    text = [*PRINTED, "road_class", "closed_from"]
    flags = ["walk", "drive_forward", "drive_backward", "bridge", "hazard"]
    limits = ["speed_limit_kmh", "width_m", "max_weight_t", "max_height_m"]
    return table.astype({**dict.fromkeys(text, object), **dict.fromkeys(flags, bool), **dict.fromkeys(limits, float)})


def read_osm_ways(path: Path) -> Ways:
    """Return the roads of a .osm.pbf or OSM XML file, ordered by way id.

    Raises
    ------
    FaultError : the file is no OSM file, is cut short, or declares XML entities.
    """
    if path.suffix != ".pbf":
        refuse_doctype(path)
    try:
        return _collect_ways(path)
    except osm_faults() as error:
        raise FaultError(
            Words("不是完整的 OSM 文件", "not a complete OSM file"),
            Words("重新下载或导出该文件", "download or export the file again"),
            value=str(error),
        ) from None


def osm_faults() -> tuple[type[Exception], ...]:
    """Return what osmium raises at a damaged file."""
    import osmium

    return (RuntimeError, ValueError, OverflowError, MemoryError, osmium.InvalidLocationError)


def refuse_doctype(path: Path) -> None:
    """Raise FaultError for an XML file that declares entities, which could grow without end."""
    if path.stat().st_size == 0:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if content.find(b"<!DOCTYPE") >= 0 or content.find(b"<!ENTITY") >= 0:
            raise FaultError(
                Words("XML 含有 DOCTYPE 或实体声明，拒绝读取", "the XML declares a DOCTYPE or entities and is not read"),
                Words("从 OSM 重新导出，或改用 .osm.pbf", "export it from OSM again, or use .osm.pbf"),
            )


def _collect_ways(path: Path) -> Ways:
    import osmium

    found: dict[int, tuple[tuple[str, str, str], Use, list[int]]] = {}
    keep = osmium.filter.KeyFilter("highway", "route")
    for way in osmium.FileProcessor(str(path), osmium.osm.WAY).with_filter(keep):
        tags = dict(way.tags)
        use = judge_tags(tags)
        if use is not None and not way.deleted:
            printed = (str(way.id), tags.get("name", ""), tags.get("surface", ""))
            found[way.id] = (printed, use, [node.ref for node in way.nodes])
    ways = [found[key] for key in sorted(found)]
    refs = np.array([ref for _, _, chain in ways for ref in chain], dtype=np.int64)
    way_index = np.repeat(np.arange(len(ways)), [len(chain) for _, _, chain in ways])
    ids, lon, lat = locate_nodes(path, np.unique(refs))
    place = np.searchsorted(ids, refs)
    present = np.isin(refs, ids)
    vertex = np.where(present, place, -1).astype(np.int64)
    return Ways(lon, lat, vertex, way_index.astype(np.int64), make_table([p for p, _, _ in ways], [u for _, u, _ in ways]))


def locate_nodes(path: Path, wanted: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return id, lon, lat of the wanted nodes that the file holds, ordered by id.

    The sparse index holds the nodes of the file; a filter by id would take memory up to the greatest id of the whole planet.
    """
    import osmium

    places: dict[int, tuple[float, float]] = {}
    if wanted.size:
        index = osmium.index.create_map("sparse_mem_array")
        osmium.apply(osmium.io.Reader(str(path), osmium.osm.NODE), osmium.NodeLocationsForWays(index))
        for node in wanted.tolist():
            with contextlib.suppress(KeyError, TypeError):  # not there; negative, as only a file that never was on OSM has it
                location = index.get(node)
                if location.valid():
                    places[node] = (location.lon, location.lat)
    ids = np.array(sorted(places), dtype=np.int64)
    degrees = np.array([places[key] for key in ids.tolist()], dtype=float).reshape(-1, 2)
    return ids, degrees[:, 0].copy(), degrees[:, 1].copy()


def read_graphml_ways(path: Path) -> Ways:
    """Return the roads of a GraphML file written by osmnx; the edges that exist say in which directions a bus may drive.

    Raises
    ------
    FaultError : the file is no osmnx GraphML.
    """
    import osmnx

    refuse_doctype(path)
    try:
        graph = osmnx.load_graphml(path)
        if not osmnx.projection.is_projected(graph.graph["crs"]):
            graph.graph["crs"] = "epsg:4326"
        else:
            graph = osmnx.project_graph(graph, to_latlong=True)
        nodes = {node: (float(data["x"]), float(data["y"])) for node, data in graph.nodes(data=True)}
    except Exception as error:  # noqa: BLE001  (any fault inside the parser means the same thing to the reader)
        raise FaultError(
            Words("不是 osmnx 写出的 GraphML 文件", "not a GraphML file written by osmnx"),
            Words(
                "用 layout-planner fetch 或 osmnx.save_graphml 重新生成", "make it again with `layout-planner fetch` or osmnx.save_graphml"
            ),
            value=f"{type(error).__name__}: {error}",
        ) from None
    return _chain_graph_edges(nodes, ((u, v, data) for u, v, data in graph.edges(data=True)))


def _chain_graph_edges(nodes: dict[Any, tuple[float, float]], edges: Iterable[tuple[Any, Any, dict[str, Any]]]) -> Ways:
    """Join the two directions of a street into one way; bends become vertices of their own."""
    joined: dict[Street, list[tuple[dict[str, str], bool]]] = {}
    ends: dict[Street, tuple[Any, Any]] = {}
    for u, v, data in edges:
        drawn = data.get("geometry")
        bends = () if drawn is None else tuple((float(x), float(y)) for x, y, *_ in drawn.coords)[1:-1]
        forward = (str(u), bends) <= (str(v), bends[::-1])
        start, end, chain = (u, v, bends) if forward else (v, u, bends[::-1])
        key: Street = ((str(start), str(end), ";".join(sorted(_as_list(data.get("osmid", ""))))), chain)
        joined.setdefault(key, []).append(({name: _one_value(name, value) for name, value in data.items()}, forward))
        ends[key] = (start, end)
    order = {node: index for index, node in enumerate(sorted(nodes, key=str))}
    places = [nodes[node] for node in order]
    vertex: list[int] = []
    way: list[int] = []
    printed: list[tuple[str, str, str]] = []
    uses: list[Use] = []
    for key in sorted(joined):
        tags = joined[key][0][0]
        use = judge_tags({name: value for name, value in tags.items() if name not in {"oneway", "junction"}})
        if use is None:
            continue
        drives = use.road_class in DRIVEN and (use.drive_forward or use.drive_backward)
        along = [forward for _, forward in joined[key]]
        use = use._replace(drive_forward=drives and any(along), drive_backward=drives and not all(along))
        start, end = ends[key]
        line = [order[start], *range(len(places), len(places) + len(key[1])), order[end]]
        places.extend(key[1])
        vertex.extend(line)
        way.extend([len(uses)] * len(line))
        printed.append((key[0][2], tags.get("name", ""), tags.get("surface", "")))
        uses.append(use)
    degrees = np.array(places, dtype=float).reshape(-1, 2)
    return Ways(
        degrees[:, 0].copy(),
        degrees[:, 1].copy(),
        np.array(vertex, dtype=np.int64),
        np.array(way, dtype=np.int64),
        make_table(printed, uses),
    )


def _as_list(value: object) -> list[str]:
    return [str(part) for part in value] if isinstance(value, list | tuple | set) else [str(value)]


def _one_value(name: str, value: object) -> str:
    """Return one value for a tag that osmnx merged from several ways: the slowest class, all names, all limits (the least counts)."""
    values = sorted(set(_as_list(value)))
    if name == "highway":
        return max(values, key=lambda v: (DRIVEN.index(v) if v in DRIVEN else -1, v))
    return ";".join(values)
