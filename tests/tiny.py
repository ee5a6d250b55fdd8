"""A county small enough to solve by hand.

    metres, y up                     S4 (2000, 3000)
                                      |  path, on foot only, 3000 m
    P1 ---- S1 ------------------- n1 + ------------- S3 ------------- C1
    (0,0)  (500,0)              (2000,0)           (4000,0)         (6000,0)
                                S2 (2000,-100)
    S5 (3000, 30000): 27 km from the nearest road, off the network.

P1  primary, grades 1-6, 100 seats, no beds.      C1  nine_year, grades 1-9, 200 seats, 10 beds, canteen.
Road classes: tertiary P1 - n1 - (4000,0); unclassified (4000,0) - C1. No elevation, so walking is flat: 5.04 km/h = 1.4 m/s.

Walk at adult speed, seconds = road metres / 1.4 + off-road metres / 0.84 (0.6 of 1.4):
           to P1                              to C1
    S1     500/1.4        =  357.143          5500/1.4          = 3928.571
    S2     2000/1.4 + 100/0.84 = 1547.619     4000/1.4 + 100/.84 = 2976.190
    S3     4000/1.4       = 2857.143          2000/1.4          = 1428.571
    S4     5000/1.4       = 3571.429          7000/1.4          = 5000
A child in grades 1-3 walks at 0.75 of that speed, so S1 -> P1 takes 476.19 s, S3 -> C1 1904.76 s (> 1800: at risk).
Ride by bus: tertiary 30 km/h, unclassified 25 km/h:
    S3 -> C1 2000 m / 25 km/h = 288 s;  S1 -> C1 3500 m at 30 + 2000 m at 25 = 420 + 288 = 708 s.
    S4's nearest drivable road is n1, 3000 m straight: stop_s = 3000/0.84 = 3571.43 s off-road, or 3000/1.4 = 2142.86 s on its path.
A public line "9路" (`tiny_lines`) has stops a (500, 0) at S1, b (4000, 0) at S3 and c (5800, 0), 200 m before C1. It leaves a at 07:20,
b at 07:30 and is at c at 07:36; back it leaves c at 16:50, b at 16:56 and is at a at 17:06.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj import Transformer
from shapely import LineString, Point

from layout_planner.county.evidence_table import EVIDENCE
from layout_planner.county.lines import Call, Run, Service, build_lines
from layout_planner.county.model import County, RoadTable, TransitLines
from layout_planner.travel.departures import Departures
from layout_planner.travel.model import PUBLIC_COLUMNS, PublicTrips

CRS = "EPSG:32648"
ORIGIN = (500_000.0, 2_900_000.0)
NODES = [(0, 0), (2000, 0), (4000, 0), (6000, 0), (2000, 3000)]
EDGES = [(0, 1, "tertiary", True), (1, 2, "tertiary", True), (2, 3, "unclassified", True), (1, 4, "path", False)]
PLACES = {"S1": (500, 0), "S2": (2000, -100), "S3": (4000, 0), "S4": (2000, 3000), "S5": (3000, 30_000)}
STOP_PLACES = {"a": (500, 0), "b": (4000, 0), "c": (5800, 0)}
SCHOOL_PLACES = {"P1": (0, 0), "C1": (6000, 0)}


def _at(place: tuple[float, float]) -> tuple[float, float]:
    return ORIGIN[0] + place[0], ORIGIN[1] + place[1]


def tiny_roads() -> RoadTable:
    """Return the five nodes and four edges."""
    node_xy = np.array([_at(node) for node in NODES], dtype=float)
    lon, lat = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True).transform(node_xy[:, 0], node_xy[:, 1])
    edges = gpd.GeoDataFrame(
        {
            "from_node": [a for a, *_ in EDGES],
            "to_node": [b for _, b, *_ in EDGES],
            "way": [f"w{i}" for i in range(len(EDGES))],
            "name": "",
            "road_class": [c for *_, c, _ in EDGES],
            "surface": "",
            "walk": True,
            "drive_forward": [d for *_, d in EDGES],
            "drive_backward": [d for *_, d in EDGES],
            "speed_limit_kmh": np.inf,
            "closed_from": "",
            "bridge": False,
            "width_m": np.inf,
            "max_weight_t": np.inf,
            "max_height_m": np.inf,
            "hazard": False,
        },
        geometry=[LineString([node_xy[a], node_xy[b]]) for a, b, *_ in EDGES],
        crs=CRS,
    )
    return RoadTable(node_xy, np.column_stack([lon, lat]), edges)


def _points(places: dict[str, tuple[float, float]]) -> list[Point]:
    return [Point(_at(place)) for place in places.values()]


def lines_of(places: dict[str, tuple[float, float]], services: list[Service]) -> TransitLines:
    """Return lines that call at `places`, metres from the origin."""
    x, y = np.array([_at(place) for place in places.values()], dtype=float).T
    lon, lat = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True).transform(x, y)
    return build_lines(pd.DataFrame({"name": list(places), "lon": lon, "lat": lat}, index=list(places)), services, CRS)


def tiny_lines(seats: float = np.inf) -> TransitLines:
    """Return the line 9路, with so many seats for pupils on every departure."""
    there = (Call("a", 0, 0), Call("b", 600, 600), Call("c", 960, 960))
    back = (Call("c", 0, 0), Call("b", 360, 360), Call("a", 960, 960))
    at = [(7 * 60 + 20) * 60.0, (16 * 60 + 50) * 60.0]
    services = [Service("9", "9路", calls, (Run(start, start),), seats) for calls, start in zip((there, back), at, strict=True)]
    return lines_of(STOP_PLACES, services)


def tiny_public(seats: float) -> PublicTrips:
    """Return the journeys by 9路 with so many seats, there and back: grades 7-9 of S1 from a to c, grades 1-3 of S3 from b to c."""
    rows = {
        0.95: [(0, 1, 200 / 1.33 + 1260, 200 / 1.33, 300.0, 960.0, 0.0, 0.0, 0, 0, -1)],
        0.75: [(2, 1, 200 / 1.05 + 660, 200 / 1.05, 300.0, 360.0, 0.0, 0.0, 1, 0, -1)],
        0.85: [],
    }
    runs = ((0, 26_400.0, 0, 2), (1, 60_600.0, 0, 2)), ((0, 26_400.0, 1, 2), (1, 60_600.0, 0, 1))
    rides = {0.95: {(0, 1): runs[0]}, 0.75: {(2, 1): runs[1]}, 0.85: {}}
    starts = {0: np.array([26_400.0]), 1: np.array([60_600.0])}
    departures = Departures(np.array([seats, seats]), np.zeros(2), starts, rides)
    whole = ("home", "school", "halt", "first", "second")
    tables = {
        factor: pd.DataFrame(table, columns=list(PUBLIC_COLUMNS)).astype({name: int if name in whole else float for name in PUBLIC_COLUMNS})
        for factor, table in rows.items()
    }
    return PublicTrips(tables, (5, 2), departures)


def tiny_county(**changes: object) -> County:
    """Return the tiny county; `changes` replace fields of `County`."""
    settlements = gpd.GeoDataFrame(
        {
            "name": ["甲村", "乙村", "丙村", "丁村", "戊村"],
            "name_en": ["Jia", "Yi", "Bing", "Ding", "Wu"],
            "township": ["东乡", "东乡", "西乡", "西乡", "西乡"],
            "kind": "village",
            **{f"pupils_g{g}": [4, 2, 3, 1, 1] for g in range(1, 10)},
            "left_behind": [10, 3, 6, 2, 2],
        },
        geometry=_points(PLACES),
        index=pd.Index(PLACES, name="settlement_id"),
        crs=CRS,
    )
    schools = gpd.GeoDataFrame(
        {
            "name": ["甲小学", "中心学校"],
            "name_en": ["Jia Primary", "Central School"],
            "township": ["东乡", "西乡"],
            "form": ["primary", "nine_year"],
            "grades": [(1, 2, 3, 4, 5, 6), (1, 2, 3, 4, 5, 6, 7, 8, 9)],
            "seats": [100.0, 200.0],
            "beds": [0, 10],
            "canteen": [False, True],
            "buses": [0, 0],
            "protected": [False, False],
            "candidate": [False, False],
        },
        geometry=_points(SCHOOL_PLACES),
        index=pd.Index(SCHOOL_PLACES, name="school_id"),
        crs=CRS,
    )
    evidence = pd.DataFrame({column.name: pd.Series(dtype=object) for column in EVIDENCE.columns})
    fields: dict[str, object] = {"settlements": settlements, "schools": schools, "roads": tiny_roads(), "evidence": evidence, "crs": CRS}
    return County(**{**fields, **changes})  # type: ignore[arg-type]
