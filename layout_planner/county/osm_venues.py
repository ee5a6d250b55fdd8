"""Venues that the law keeps away from schools, from the points and outlines of an OpenStreetMap file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from layout_planner.county.faults import FaultError
from layout_planner.county.osm_roads import osm_faults, refuse_doctype
from layout_planner.words import Words

if TYPE_CHECKING:
    from pathlib import Path

    from layout_planner.county.faults import Faults

OSM_ENDINGS = (".osm", ".pbf", ".osm.gz", ".osm.bz2")
KINDS: dict[tuple[str, str], str] = {
    ("amenity", "internet_cafe"): "internet_cafe",
    ("amenity", "bar"): "bar",
    ("amenity", "pub"): "bar",
    ("amenity", "biergarten"): "bar",
    ("amenity", "nightclub"): "entertainment",
    ("amenity", "stripclub"): "entertainment",
    ("amenity", "casino"): "entertainment",
    ("amenity", "gambling"): "entertainment",
    ("amenity", "karaoke_box"): "entertainment",
    ("leisure", "dance"): "entertainment",
    ("leisure", "adult_gaming_centre"): "entertainment",
    ("leisure", "amusement_arcade"): "entertainment",
    ("shop", "alcohol"): "alcohol",
    ("shop", "wine"): "alcohol",
    ("shop", "tobacco"): "tobacco",
    ("shop", "e-cigarette"): "tobacco",
    ("shop", "lottery"): "lottery",
}


def is_osm_file(path: str) -> bool:
    """Return whether `path` names an OSM file rather than a table."""
    return path.lower().endswith(OSM_ENDINGS)


def kind_of(tags: dict[str, str]) -> str:
    """Return the kind of venue that tags describe, the strictest first; "" for none."""
    return next((kind for (key, value), kind in KINDS.items() if tags.get(key) == value), "")


def read_osm_venues(path: Path, faults: Faults) -> pd.DataFrame:
    """Return venue_id, name, kind, lon, lat, ordered by id; an outline stands at the mean of its corners.

    A file that cannot be read is a fault.
    """
    rows: list[tuple[str, str, str, float, float]] = []
    try:
        if path.suffix != ".pbf":
            refuse_doctype(path)
        rows = _collect(path)
    except FaultError as fault:
        faults.place(fault)
    except osm_faults() as error:
        faults.add(
            Words("不是完整的 OSM 文件", "not a complete OSM file"),
            Words("重新下载或导出该文件", "download or export the file again"),
            value=str(error),
        )
    return pd.DataFrame(sorted(rows), columns=["venue_id", "name", "kind", "lon", "lat"])


def _collect(path: Path) -> list[tuple[str, str, str, float, float]]:
    import osmium

    rows = []
    keep = osmium.filter.KeyFilter(*{key for key, _ in KINDS})
    for thing in osmium.FileProcessor(str(path), osmium.osm.NODE | osmium.osm.WAY).with_locations().with_filter(keep):
        tags = dict(thing.tags)
        kind, place = kind_of(tags), _place(thing)
        if kind and place and not thing.deleted:
            rows.append((f"{'n' if thing.is_node() else 'w'}{thing.id}", tags.get("name", ""), kind, *place))
    return rows


def _place(thing: Any) -> tuple[float, float] | None:  # noqa: ANN401 - osmium carries no types
    """Return longitude and latitude, or None where the file lacks them."""
    spots = [thing.location] if thing.is_node() else [node.location for node in thing.nodes]
    known = [(spot.lon, spot.lat) for spot in spots if spot.valid()]
    if not known:
        return None
    corners = known[:-1] if len(known) > 1 and known[0] == known[-1] else known
    return sum(lon for lon, _ in corners) / len(corners), sum(lat for _, lat in corners) / len(corners)
