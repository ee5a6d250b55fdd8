"""Read roads from .osm.pbf, OSM XML, osmnx GraphML or a layer of lines into one topological table.

Roads meet where they share a vertex: an OSM node, or in a layer of lines a vertex with the same coordinates or the end of another
line within 0.1 m. Lines that merely cross (a bridge over a road) do not meet. The same file always gives the same table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from layout_planner.county.coordinates import read_frame, to_wgs84
from layout_planner.county.faults import FaultError, Faults
from layout_planner.county.model import ROAD_COLUMNS, RoadTable
from layout_planner.county.osm_roads import Ways, make_table, read_graphml_ways, read_osm_ways
from layout_planner.county.parquet_files import read_parquet
from layout_planner.county.raw_files import check_magic
from layout_planner.county.road_rules import judge_tags
from layout_planner.errors import InputError
from layout_planner.words import Words

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

OSM_FILES = (".pbf", ".osm", ".xml")
LINE_FILES = (".gpkg", ".geojson", ".json", ".shp", ".parquet")
POLE = 90
SAME_PLACE_M = 0.1
SHARED_VERTEX_M = 0.001
LINE_COLUMNS = {
    "highway": ("highway", "fclass", "road_class", "class", "type", "道路等级"),
    "oneway": ("oneway", "单行"),
    "maxspeed": ("maxspeed", "限速"),
    "name": ("name", "road_name", "名称", "道路名称"),
    "surface": ("surface", "路面", "路面类型"),
    "width": ("width", "width_m", "宽度", "路宽", "路面宽度"),
    "maxwidth": ("maxwidth", "限宽"),
    "maxweight": ("maxweight", "max_weight_t", "限重"),
    "maxheight": ("maxheight", "max_height_m", "限高"),
    "smoothness": ("smoothness",),
    "tracktype": ("tracktype",),
    "4wd_only": ("4wd_only",),
    "bus": ("bus",),
    "hgv": ("hgv",),
    "hazard": ("hazard",),
    "narrow": ("narrow",),
    "closed_from": ("closed_from", "断路灾害"),
    "access": ("access",),
    "foot": ("foot",),
    "motor_vehicle": ("motor_vehicle",),
    "vehicle": ("vehicle",),
    "junction": ("junction",),
    "bridge": ("bridge",),
    "tunnel": ("tunnel",),
    "ford": ("ford",),
    "area": ("area",),
    "osm_way": ("way", "osm_id", "osm_way_id", "full_id", "road_id"),
}
RULED_COLUMNS = ("walk", "drive_forward", "drive_backward", "speed_limit_kmh", "closed_from")
NOTHING = frozenset({"", "nan", "none", "null", "<na>"})
TAG_VALUES = {"t": "yes", "f": "no", "true": "yes", "false": "no", "b": "no"}


def read_roads(path: Path, shown: str, metric_crs: str, *, layer: str | None = None, crs: str | None = None) -> RoadTable:
    """Return the roads of a file, cut where they meet, in metres of `metric_crs`.

    Parameters
    ----------
    path : .osm.pbf, .osm, .xml, .graphml, .gpkg, .geojson, .shp or .parquet.
    shown : the file's name in messages.
    metric_crs : projection of the county.
    layer : layer of a GeoPackage; the only or first layer when absent.
    crs : what the coordinates of a layer of lines are (EPSG code, `gcj02`, `bd09`); the file's own when absent.

    Raises
    ------
    InputError : the file is missing, damaged, of another kind, or holds no road.
    """
    faults = Faults(shown)
    try:
        table = _join_ways(_read_ways(path, layer, crs, metric_crs), metric_crs)
    except FaultError as fault:
        faults.place(fault)
        raise InputError(faults.problems) from None
    return table


def _read_ways(path: Path, layer: str | None, crs: str | None, metric_crs: str) -> Ways:
    suffix = path.suffix.lower()
    if path.is_dir():
        return _read_line_ways(path, layer, crs, metric_crs)
    if not path.is_file():
        raise FaultError(Words("找不到道路文件", "the road file is missing"), Words("检查路径", "check the path"))
    if suffix in OSM_FILES:
        return read_osm_ways(path)
    if suffix == ".graphml":
        return read_graphml_ways(path)
    if suffix in LINE_FILES:
        return _read_line_ways(path, layer, crs, metric_crs)
    raise FaultError(
        Words("不认识的道路文件类型", "unknown kind of road file"),
        Words(
            "使用 .osm.pbf、.osm、.graphml、.gpkg、.geojson、.shp 或 .parquet",
            "use .osm.pbf, .osm, .graphml, .gpkg, .geojson, .shp or .parquet",
        ),
        value=suffix,
    )


def _read_line_ways(path: Path, layer: str | None, crs: str | None, metric_crs: str) -> Ways:
    check_magic(path)
    frame = _sort_rows(_read_lines(path, layer))
    lines = shapely.force_2d(frame.geometry.to_numpy())
    if frame.crs is None and crs is None:
        raise FaultError(
            Words("道路文件没有坐标系", "the road file does not say its coordinate reference system"),
            Words("在情景的 data.roads 中写 crs，例如 EPSG:4490", "write crs in data.roads of the scenario, for example EPSG:4490"),
        )
    parts, row = shapely.get_parts(lines, return_index=True)
    straight = np.isin(shapely.get_type_id(parts), [1, 2]) & ~shapely.is_empty(parts)
    parts, row = parts[straight], row[straight]
    if not parts.size:
        raise FaultError(Words("道路文件没有线", "the road file holds no lines"), Words("检查图层", "check the layer"))
    xy, entry = shapely.get_coordinates(parts, return_index=True)
    lon, lat = to_wgs84(xy[:, 0], xy[:, 1], read_frame(crs, frame.crs))
    lost = ~(np.isfinite(lon) & np.isfinite(lat)) | (np.abs(lat) > POLE)
    if lost.all():
        raise FaultError(Words("道路坐标无法换算", "the coordinates of the roads cannot be converted"), Words("检查 crs", "check crs"))
    used = _judge_rows(frame)
    kept = used.index.get_indexer(frame.index[row[entry]]) if len(used) else np.full(len(entry), -1)
    keep = kept >= 0
    vertex, lon, lat = _merge_vertices(np.where(lost, np.nan, lon)[keep], np.where(lost, np.nan, lat)[keep], entry[keep], metric_crs)
    _, way = np.unique(entry[keep], return_inverse=True)
    first = np.flatnonzero(np.diff(way, prepend=-1))
    return Ways(lon, lat, vertex, way, used.iloc[kept[keep][first]].reset_index(drop=True))


def _read_lines(path: Path, layer: str | None) -> gpd.GeoDataFrame:
    try:
        named = {} if layer is None else {"layer": layer}
        frame = read_parquet(path) if path.is_dir() or path.suffix.lower() == ".parquet" else gpd.read_file(path, **named)
    except FaultError:
        raise
    except Exception as error:  # noqa: BLE001  (GDAL and Arrow raise many kinds; all mean that the file cannot be read)
        raise FaultError(
            Words("无法读取道路图层", "the road layer cannot be read"),
            Words("检查文件和图层名", "check the file and the name of the layer"),
            value=str(error),
        ) from None
    if not isinstance(frame, gpd.GeoDataFrame) or frame.geometry.isna().all():
        raise FaultError(Words("道路文件没有几何", "no row of the road file has a geometry"), Words("检查图层", "check the layer"))
    return frame.reset_index(drop=True)


def _sort_rows(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the rows in an order that does not depend on that of the file: by where their lines run, then by what else they say.

    Rows keep the number by which a file without ids is named. What is found on the roads, school buses above all, depends on the order of
    equals; it may not depend on the order in which a bureau's file was saved.
    """
    lines = [line or b"" for line in shapely.to_wkb(shapely.force_2d(frame.geometry.to_numpy())).tolist()]
    twice = frame[pd.Series(lines, index=frame.index).duplicated(keep=False)].drop(columns=frame.geometry.name).sort_index(axis=1)
    said = dict(zip(twice.index, twice.map(str).to_numpy().tolist(), strict=True))
    return frame.iloc[sorted(range(len(frame)), key=lambda row: (lines[row], said.get(row, [])))]


def _judge_rows(frame: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return ROAD_COLUMNS of the rows that are roads, by the OSM rules; columns that already hold the verdict are taken over."""
    known = {str(column).lower(): column for column in reversed(frame.columns)}
    found = {tag: next((known[a] for a in names if a in known), None) for tag, names in LINE_COLUMNS.items()}
    columns = {tag: frame[column].astype(object).map(_tag_value) for tag, column in found.items() if column is not None}
    if "highway" not in columns:
        columns["highway"] = pd.Series("road", index=frame.index)
    columns["highway"] = columns["highway"].replace("", "road")
    tags = pd.DataFrame(columns)
    uses, printed, rows = [], [], []
    ruled = all(column in frame.columns for column in RULED_COLUMNS)
    for row, values in zip(tags.index, tags.to_dict("records"), strict=True):
        use = judge_tags({str(tag): value for tag, value in values.items() if value})
        if use is not None or ruled:
            rows.append(row)
            uses.append(use)
            printed.append((values.get("osm_way") or str(row), values.get("name", ""), values.get("surface", "")))
    if not ruled:
        return make_table(printed, [use for use in uses if use is not None]).set_axis(pd.Index(rows, dtype=int))
    table = pd.DataFrame(printed, index=frame.index, columns=["way", "name", "surface"], dtype=object)
    table["road_class"] = tags["highway"].to_numpy(dtype=object)
    for column in ("walk", "drive_forward", "drive_backward", "bridge", "hazard"):
        table[column] = frame[column].fillna(value=False).astype(bool) if column in frame else False
    for column in ("speed_limit_kmh", "width_m", "max_weight_t", "max_height_m"):
        limit = pd.to_numeric(frame.get(column, np.full(len(frame), np.inf)), errors="coerce")
        table[column] = np.where(np.asarray(limit, dtype=float) > 0, limit, np.inf)
    table["closed_from"] = frame["closed_from"].astype(object).map(_tag_value)
    return table


def _tag_value(value: object) -> str:
    """Return a cell as an OSM tag value; Geofabrik's B, F, T of oneway included."""
    text = str(value).strip()
    if text.lower() in NOTHING:
        return ""
    if text == "F":
        return "yes"
    return "-1" if text == "T" else TAG_VALUES.get(text.lower(), text)


def _merge_vertices(
    lon: NDArray[np.float64], lat: NDArray[np.float64], entry: NDArray[np.int64], metric_crs: str
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return vertex numbers (-1 where there is no place) and their degrees: same millimetre, or a line's end within 0.1 m of a vertex."""
    xy = _project(lon, lat, metric_crs)
    known = np.flatnonzero(np.isfinite(xy).all(axis=1))
    cells, first, of = np.unique(np.round(xy[known] / SHARED_VERTEX_M).astype(np.int64), axis=0, return_index=True, return_inverse=True)
    change = np.flatnonzero(np.diff(entry, prepend=-1, append=-1))
    is_end = np.zeros(len(lon), dtype=bool)
    is_end[change[:-1]] = is_end[change[1:] - 1] = True
    ends = np.unique(of[is_end[known]])
    places = cells * SHARED_VERTEX_M
    near = cKDTree(places).query_ball_point(places[ends], SAME_PLACE_M) if len(ends) else []
    pairs = [(end, other) for end, others in zip(ends.tolist(), near, strict=True) for other in others if other != end]
    left, right = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    vertex = np.full(len(lon), -1, dtype=np.int64)
    if pairs:
        links = coo_array((np.ones(len(left)), (left, right)), shape=(len(cells), len(cells)))
        _, group = connected_components(links, directed=False)
        _, representative, regroup = np.unique(group, return_index=True, return_inverse=True)
        vertex[known] = regroup[of]
        first = first[representative]
    else:
        vertex[known] = of
    return vertex, lon[known][first], lat[known][first]


def _project(lon: NDArray[np.float64], lat: NDArray[np.float64], metric_crs: str) -> NDArray[np.float64]:
    x, y = pyproj.Transformer.from_crs("EPSG:4326", metric_crs, always_xy=True).transform(lon, lat)
    return np.column_stack([x, y]).astype(float)


def _join_ways(ways: Ways, metric_crs: str) -> RoadTable:
    """Cut the ways at every vertex that is used twice, and number the vertices where they meet or end."""
    xy = _project(ways.lon, ways.lat, metric_crs)
    kept = _drop_gaps(ways, xy)
    vertex, run, way = kept
    if vertex.size == 0:
        raise FaultError(
            Words("文件中没有儿童或校车可走的道路", "the file holds no road that a child or a bus may use"),
            Words("检查文件内容和道路等级列", "check what the file holds and its column of road classes"),
        )
    starts = np.diff(run, prepend=-1) != 0
    ends = np.append(starts[1:], True)
    cut = starts | ends | (np.bincount(vertex, minlength=len(xy))[vertex] > 1)
    at = np.flatnonzero(cut)
    first, last = at[:-1], at[1:]
    inside = run[first] == run[last]
    first, last = first[inside], last[inside]
    geometry = _draw_lines(xy, vertex, first, last)
    nodes, renumbered = np.unique(np.concatenate([vertex[first], vertex[last]]), return_inverse=True)
    edges = ways.table.iloc[way[first]].reset_index(drop=True)
    edges.insert(0, "from_node", renumbered[: len(first)])
    edges.insert(1, "to_node", renumbered[len(first) :])
    table = gpd.GeoDataFrame(edges[list(ROAD_COLUMNS)], geometry=geometry, crs=metric_crs)
    return RoadTable(xy[nodes], np.column_stack([ways.lon, ways.lat])[nodes], table)


def _drop_gaps(ways: Ways, xy: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return vertex, run and way of the entries that remain: ways break where a vertex is missing; standing still is dropped."""
    same = _merge_standing(ways, xy)
    vertex, way = ways.vertex, ways.way
    missing = vertex < 0
    missing[~missing] = ~np.isfinite(xy[vertex[~missing]]).all(axis=1)
    vertex = np.where(missing, -1, same[vertex]) if len(same) else vertex
    run = np.cumsum((np.diff(way, prepend=-1) != 0) | missing)
    vertex, run, way = vertex[~missing], run[~missing], way[~missing]
    still = (np.diff(run, prepend=-1) == 0) & (np.diff(vertex, prepend=-1) == 0)
    vertex, run, way = vertex[~still], run[~still], way[~still]
    long = np.bincount(run, minlength=1)[run] > 1
    return vertex[long], run[long], way[long]


def _merge_standing(ways: Ways, xy: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return for every vertex the one it stands for: neighbours on a way that share one place are one vertex."""
    a, b = ways.vertex[:-1], ways.vertex[1:]
    along = (ways.way[:-1] == ways.way[1:]) & (a >= 0) & (b >= 0) & (a != b)
    a, b = a[along], b[along]
    alike = (xy[a] == xy[b]).all(axis=1)
    if not alike.any():
        return np.arange(len(xy))
    links = coo_array((np.ones(alike.sum()), (a[alike], b[alike])), shape=(len(xy), len(xy)))
    _, group = connected_components(links, directed=False)
    _, first = np.unique(group, return_index=True)
    return np.asarray(first[group], dtype=np.int64)


def _draw_lines(
    xy: NDArray[np.float64], vertex: NDArray[np.int64], first: NDArray[np.int64], last: NDArray[np.int64]
) -> NDArray[np.object_]:
    count = last - first + 1
    line = np.repeat(np.arange(len(first)), count)
    offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    drawn: NDArray[np.object_] = shapely.linestrings(xy[vertex[first[line] + offset]], indices=line)
    return drawn
