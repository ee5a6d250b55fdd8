"""Water that nobody walks through: rivers, canals and the shores of lakes, from the OSM file of the roads or from a layer of its own.

Streams, ditches and drains are no barrier: a child steps or wades across. What runs in a culvert is none either. Whether a river falls
dry for part of the year does not matter: it is a barrier on the other days.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from layout_planner.county.coordinates import read_frame, to_wgs84
from layout_planner.county.faults import FaultError, Faults
from layout_planner.county.osm_roads import locate_nodes, osm_faults, refuse_doctype
from layout_planner.county.parquet_files import read_parquet
from layout_planner.county.raw_files import check_magic
from layout_planner.errors import InputError
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

OSM_FILES = (".pbf", ".osm", ".xml")
FLOWING = frozenset({"river", "canal"})
STANDING = {"waterway": frozenset({"riverbank", "dock"}), "natural": frozenset({"water", "coastline"}), "landuse": frozenset({"reservoir"})}
NARROW = frozenset({"stream", "ditch", "drain", "brook", "tidal_channel"})
LAYER_KEYS = ("waterway", "natural", "water", "fclass", "type", "class")
LINES, AREAS = (1, 2), (3, 6)  # shapely type ids: lines and rings; polygons and collections of polygons


def judge_water(tags: Mapping[str, str]) -> str:
    """Return `river`, `canal` or `lake` where the tags are those of a barrier, else ""."""
    if tags.get("tunnel", "no") != "no" or tags.get("covered", "no") != "no" or tags.get("location") == "underground":
        return ""
    if tags.get("waterway") in FLOWING:
        return tags["waterway"]
    standing = any(tags.get(key) in values for key, values in STANDING.items())
    return "lake" if standing and tags.get("water") not in NARROW else ""


def read_osm_water(path: Path, metric_crs: str) -> gpd.GeoDataFrame:
    """Return rivers, canals and shores (`kind`, LineString in metres) of an OSM file that could be read for its roads."""
    import osmium

    kinds: dict[int, str] = {}
    chains: dict[int, list[int]] = {}
    keep = osmium.filter.KeyFilter(*STANDING)
    for relation in osmium.FileProcessor(str(path), osmium.osm.RELATION).with_filter(keep):
        kind = judge_water(dict(relation.tags)) if relation.tags.get("type") == "multipolygon" else ""
        if kind:
            kinds |= {member.ref: kind for member in relation.members if member.type == "w"}
    ways = osmium.FileProcessor(str(path), osmium.osm.WAY)
    for way in ways if kinds else ways.with_filter(keep):  # the ways of a lake's outline often have no tag of their own
        kind = judge_water(dict(way.tags)) or kinds.get(way.id, "")
        if kind:
            kinds[way.id] = kind
            chains[way.id] = [node.ref for node in way.nodes]
    ids = sorted(chains)
    refs = np.array([ref for key in ids for ref in chains[key]], dtype=np.int64)
    known, lon, lat = locate_nodes(path, np.unique(refs))
    at = dict(zip(known.tolist(), np.column_stack(_to_metres(lon, lat, metric_crs)).tolist(), strict=True))
    parts = [(kinds[key], [at[ref] for ref in chains[key] if ref in at]) for key in ids]
    lines = [(kind, shapely.LineString(xy)) for kind, xy in parts if len(xy) > 1]
    return _as_frame([kind for kind, _ in lines], [line for _, line in lines], metric_crs)


def read_water(path: Path, shown: str, metric_crs: str, *, layer: str | None = None, crs: str | None = None) -> gpd.GeoDataFrame:
    """Return rivers and shores (`kind`, LineString in metres) of an OSM file, or of a layer of lines and polygons.

    In a layer every row is a barrier, but for those whose waterway, natural, water, fclass, type or class says that they are narrow.

    Raises
    ------
    InputError : the file cannot be read, has no projection, or holds neither lines nor polygons.
    """
    faults = Faults(shown)
    try:
        if path.suffix.lower() in OSM_FILES:
            return _read_osm(path, metric_crs)
        return _read_layer(path, layer, crs, metric_crs)
    except FaultError as fault:
        faults.place(fault)
        raise InputError(faults.problems) from None


def _read_osm(path: Path, metric_crs: str) -> gpd.GeoDataFrame:
    try:
        if path.suffix != ".pbf":
            refuse_doctype(path)
        return read_osm_water(path, metric_crs)
    except osm_faults() as error:
        raise _unreadable(error) from None


def _unreadable(error: Exception) -> FaultError:
    return FaultError(
        Words("无法读取水系文件", "the water file cannot be read"),
        Words("使用 .osm.pbf，或含线、面的 .gpkg、.geojson、.shp", "use .osm.pbf, or .gpkg, .geojson, .shp with lines or polygons"),
        value=str(error),
    )


def _read_layer(path: Path, layer: str | None, crs: str | None, metric_crs: str) -> gpd.GeoDataFrame:
    check_magic(path)
    try:
        parquet = path.is_dir() or path.suffix.lower() == ".parquet"
        frame = read_parquet(path) if parquet else gpd.read_file(path, **({} if layer is None else {"layer": layer}))
    except FaultError:
        raise
    except Exception as error:  # noqa: BLE001  (GDAL raises many kinds; all mean that the file cannot be read)
        raise _unreadable(error) from None
    if not isinstance(frame, gpd.GeoDataFrame) or (frame.crs is None and crs is None):
        raise FaultError(
            Words("水系文件没有坐标系", "the water file does not say its coordinate reference system"),
            Words("在情景的 data.water 中写 crs，例如 EPSG:4490", "write crs in data.water of the scenario, for example EPSG:4490"),
        )
    names = [column for column in frame.columns if str(column).lower() in LAYER_KEYS]
    narrow = frame[names].isin(NARROW).any(axis=1).to_numpy() if names else np.zeros(len(frame), dtype=bool)
    shapes = shapely.force_2d(frame.geometry.to_numpy()[~narrow])
    of_area = np.isin(shapely.get_type_id(shapes), AREAS)
    shapes[of_area] = shapely.boundary(shapes[of_area])
    parts, row = shapely.get_parts(shapes, return_index=True)
    lines = np.isin(shapely.get_type_id(parts), LINES) & ~shapely.is_empty(parts)
    if not lines.any():
        raise FaultError(
            Words("水系文件没有线或面", "the water file holds neither lines nor polygons"), Words("检查图层", "check the layer")
        )
    meaning = read_frame(crs, frame.crs)

    def move(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(_to_metres(*to_wgs84(xy[:, 0], xy[:, 1], meaning), metric_crs))

    kinds = ["lake" if area else "river" for area in of_area[row[lines]]]
    return _as_frame(kinds, shapely.transform(parts[lines], move), metric_crs)


def _to_metres(lon: NDArray[np.float64], lat: NDArray[np.float64], metric_crs: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x, y = pyproj.Transformer.from_crs("EPSG:4326", metric_crs, always_xy=True).transform(lon, lat)
    return np.asarray(x), np.asarray(y)


def _as_frame(kinds: list[str], lines: list[shapely.LineString] | NDArray[np.object_], metric_crs: str) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"kind": np.array(kinds, dtype=object)}, geometry=list(lines), crs=metric_crs)
