"""Fetch the roads of a place from OpenStreetMap. The only stage that uses the network, and only when asked by name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from layout_planner.errors import PlannerError
from layout_planner.whole import whole_file
from layout_planner.words import Words

if TYPE_CHECKING:
    from pathlib import Path


TAGS = (
    "4wd_only",
    "access",
    "area",
    "bridge",
    "bus",
    "est_width",
    "flood_prone",
    "foot",
    "ford",
    "hazard",
    "hgv",
    "highway",
    "junction",
    "maxgcweight",
    "maxheight",
    "maxheight:physical",
    "maxspeed",
    "maxweight",
    "maxwidth",
    "maxwidth:physical",
    "motor_vehicle",
    "motorroad",
    "name",
    "narrow",
    "oneway",
    "psv",
    "smoothness",
    "surface",
    "tracktype",
    "tunnel",
    "vehicle",
    "width",
)


def fetch_roads(place: str, out: Path) -> Path:
    """Write the roads of `place` as GraphML with their source and date, and return the file written.

    Parameters
    ----------
    place : a place that OpenStreetMap's geocoder knows, for example "黎平县, 贵州".
    out : GraphML file to write; `.graphml` is added when the name has another ending.

    Raises
    ------
    OutputError : the file cannot be written. PlannerError : the place is unknown or OpenStreetMap cannot be reached.
    """
    import osmnx

    path = out if out.suffix == ".graphml" else out.with_name(out.name + ".graphml")
    graph = _ask(osmnx, place)
    graph.graph["source"] = "OpenStreetMap contributors, ODbL 1.0"
    graph.graph["place"] = place
    graph.graph["fetched_on"] = datetime.now(UTC).date().isoformat()
    with whole_file(path) as beside:
        osmnx.save_graphml(graph, beside)
    return path


def _ask(osmnx: Any, place: str) -> Any:  # noqa: ANN401  (osmnx has no types)
    osmnx.settings.useful_tags_way = sorted({*osmnx.settings.useful_tags_way, *TAGS})
    try:
        return osmnx.graph_from_place(place, network_type="all", retain_all=True)
    except Exception as error:  # noqa: BLE001  (geocoder, server and network each raise their own kinds)
        said = f"{type(error).__name__}: {error}"
        raise PlannerError(
            Words(
                f"没能从 OpenStreetMap 取得“{place}”的道路（{said}）。检查地名和网络，或改用下载好的 .osm.pbf 文件",
                f"could not fetch the roads of '{place}' from OpenStreetMap ({said}). Check the name and the network, or use a .osm.pbf "
                "file that was downloaded before",
            ),
        ) from None
