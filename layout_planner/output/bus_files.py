"""School bus lines for other programs: GPX for the driver's phone, GeoJSON for a GIS, a GTFS feed for a journey planner."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import shapely

from layout_planner.county.gtfs_feed import Publisher, write_feed
from layout_planner.county.lines import Call, Run, Service, build_lines
from layout_planner.output.bus_plans import DEGREES, tell_clock
from layout_planner.output.safe import clean_text
from layout_planner.results import TO_SCHOOL
from layout_planner.whole import whole_file

if TYPE_CHECKING:
    from pathlib import Path

    from layout_planner.output.bus_pages import Lines

DECIMALS = 6  # of a degree
NOBODY = "https://example.org"  # a feed needs an address; a planned line has none yet
SCHOOL = "school:"


def write_bus_files(lines: Lines, folder: Path) -> list[Path]:
    """Write `buses.gpx`, `buses.geojson` and `buses-gtfs.zip` into `folder` and return their paths.

    Raises
    ------
    OutputError : the folder cannot be written.
    """
    made = {"buses.gpx": make_gpx(lines), "buses.geojson": make_geojson(lines), "buses-gtfs.zip": make_gtfs(lines)}
    for name, content in made.items():
        with whole_file(folder / name) as beside:
            beside.write_bytes(content)
    return [folder / name for name in made]


def make_gpx(lines: Lines) -> bytes:
    """Return all runs as GPX 1.1: a track a run, and a waypoint a call with its time."""
    root = ET.Element("gpx", {"version": "1.1", "creator": "layout-planner", "xmlns": "http://www.topografix.com/GPX/1/1"})
    label = dict(zip(lines.routes["route_id"], lines.routes["label"], strict=True))
    for call in lines.stops.to_dict("records"):
        point = ET.SubElement(root, "wpt", _lat_lon(call["geometry"].x, call["geometry"].y))
        ET.SubElement(point, "name").text = clean_text(f"{tell_clock(call['time_s'])} {call['name']}")
        ET.SubElement(point, "desc").text = clean_text(label[call["route_id"]])
    for row in lines.routes.to_dict("records"):
        track = ET.SubElement(root, "trk")
        ET.SubElement(track, "name").text = clean_text(row["label"])
        segment = ET.SubElement(track, "trkseg")
        for x, y in shapely.get_coordinates(row["geometry"]):
            ET.SubElement(segment, "trkpt", _lat_lon(x, y))
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="utf-8") + b"\n"


def make_geojson(lines: Lines) -> bytes:
    """Return runs and calls as one GeoJSON collection; `kind` tells them apart."""
    features = [
        {
            "type": "Feature",
            "geometry": {"type": kind[1], "coordinates": _coordinates(row["geometry"])},
            "properties": {"kind": kind[0], **{key: _plain(value) for key, value in row.items() if key not in {"geometry", "when"}}},
        }
        for kind, table in ((("route", "LineString"), lines.routes), (("stop", "Point"), lines.stops))
        for row in table.to_dict("records")
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()


def make_gtfs(lines: Lines) -> bytes:
    """Return the runs as a GTFS feed: a line a school and direction, the gates among the stops."""
    gates = lines.view.schools.loc[sorted(lines.routes["site_id"].unique())]
    halts = lines.stops.drop_duplicates("stop_id")
    stops = pd.DataFrame(
        {
            "stop_id": [*halts["stop_id"], *(SCHOOL + str(site) for site in gates.index)],
            "name": [clean_text(name) for name in (*halts["name"], *gates["name"])],
            "lon": [*halts.geometry.x, *gates.geometry.x],
            "lat": [*halts.geometry.y, *gates.geometry.y],
        }
    ).set_index("stop_id")
    calls = {str(name): rows for name, rows in lines.stops.groupby("route_id")}
    services = []
    for row in lines.routes.to_dict("records"):
        inward = row["direction"] == TO_SCHOOL
        halting = [
            Call(str(call["stop_id"]), call["time_s"] - row["starts_s"], call["time_s"] - row["starts_s"], board=inward, alight=not inward)
            for call in calls[row["route_id"]].to_dict("records")
        ]
        at_s = row["ends_s"] - row["starts_s"] if inward else 0.0
        gate = Call(SCHOOL + str(row["site_id"]), at_s, at_s, board=not inward, alight=inward)
        order = (*halting, gate) if inward else (gate, *halting)
        line_id = str(row["route_id"])
        services.append(Service(line_id, clean_text(row["label"]), order, (Run(row["starts_s"], row["starts_s"]),)))
    year = lines.view.year
    publisher = Publisher(clean_text(lines.view.title.zh), NOBODY, f"{year}0901", f"{year + 1}0710")
    return write_feed(build_lines(stops, services, DEGREES), publisher)


def _lat_lon(x: float, y: float) -> dict[str, str]:
    return {"lat": f"{y:.{DECIMALS}f}", "lon": f"{x:.{DECIMALS}f}"}


def _coordinates(shape: shapely.Geometry) -> list[object]:
    points = np.round(shapely.get_coordinates(shape), DECIMALS).tolist()
    return points[0] if shape.geom_type == "Point" else points


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        value = value.item()
    return clean_text(value) if isinstance(value, str) else value
