"""What a county is once its files have been read: plain tables in one metric projection."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from layout_planner.words import Words

ROAD_COLUMNS = (
    "from_node",  # int, position in RoadTable.node_xy
    "to_node",  # int
    "way",  # str, the name this road has in its file (OSM way id, feature id)
    "name",  # str, "" when unnamed
    "road_class",  # str, OSM highway value
    "surface",  # str, "" when unknown
    "walk",  # bool, a child may walk here (both ways)
    "drive_forward",  # bool, a school bus may drive from_node -> to_node
    "drive_backward",  # bool
    "speed_limit_kmh",  # float, np.inf when no limit is posted
    "closed_from",  # str, "" or the hazard for which the road is known to close
    "bridge",  # bool, a bridge or tunnel: its height runs straight from end to end, whatever the ground does
    "width_m",  # float, metres of carriageway, or what a sign lets through; np.inf when unknown
    "max_weight_t",  # float, tonnes a sign or bridge allows; np.inf when none is known
    "max_height_m",  # float, metres of clearance; np.inf when none is known
    "hazard",  # bool, the file says that the road is narrow, steep, sharply bent or under falling rock
)


@dataclass(frozen=True, slots=True)
class Source:
    """One input file: its role in the county, its path as the scenario names it, SHA-256 and row count."""

    role: str
    path: str
    sha256: str
    rows: int


@dataclass(frozen=True, slots=True)
class Note:
    """One thing the reader of a result must know: what is missing, what was assumed, what was left out."""

    code: str
    text: Words
    count: int = 0


@dataclass(frozen=True)
class RoadTable:
    """Topological roads: nodes where roads meet or end, and the stretches between them.

    node_xy      float64 (nodes, 2), metres in the county's projection
    node_lonlat  float64 (nodes, 2), degrees
    edges        GeoDataFrame with ROAD_COLUMNS and LineString `geometry` in metres; two edges may join the same nodes
    """

    node_xy: NDArray[np.float64]
    node_lonlat: NDArray[np.float64]
    edges: gpd.GeoDataFrame


@dataclass(frozen=True)
class Elevation:
    """A height grid in its own projection; `heights` is float32 metres with NaN where unknown.

    `transform` is the rasterio affine (column, row) -> (x, y).
    """

    heights: NDArray[np.float32]
    transform: Any
    crs: str


CALL_COLUMNS = (
    "pattern",  # str
    "order",  # int, 0 at the first stop
    "stop_id",  # str
    "arrive_s",  # float, seconds after the vehicle leaves the first stop
    "depart_s",  # float
    "board",  # bool, passengers may get on here
    "alight",  # bool, passengers may get off here
)
RUN_COLUMNS = (
    "pattern",  # str
    "first_s",  # float, seconds after midnight at which a vehicle leaves the first stop
    "last_s",  # float, the last such departure; equal to first_s where there is one
    "headway_s",  # float, seconds between departures of no fixed minute; 0 where the one departure keeps to its minute
)


@dataclass(frozen=True)
class TransitLines:
    """Public lines on one school day.

    stops     GeoDataFrame, index stop_id: name, lon and lat in degrees, Point `geometry` in the county's metric projection
    patterns  DataFrame, index pattern (stops and times between them that runs share): line_id, line (its name); where the seats of any
              line are told also seats (float, for pupils on every departure; np.inf where they are not told)
    calls     DataFrame, CALL_COLUMNS, sorted by pattern and order
    runs      DataFrame, RUN_COLUMNS, sorted
    day       ISO date of the timetable; "" where the table holds for every school day
    """

    stops: gpd.GeoDataFrame
    patterns: pd.DataFrame
    calls: pd.DataFrame
    runs: pd.DataFrame
    day: str = ""

    @property
    def seats(self) -> dict[str, float]:
        """Seats for pupils on every departure, by pattern; only where they are told."""
        told = self.patterns["seats"].items() if "seats" in self.patterns else ()
        return {str(pattern): float(seats) for pattern, seats in told if math.isfinite(seats)}


@dataclass(frozen=True)
class BadDay:
    """A day on which roads are closed.

    key      the name of its file without ending, or the hazard
    hazards  what closes the roads (`flood`, `landslide`, `ice`, ...)
    area     polygons and lines in the county's metric projection; None when only roads known to close from the hazards do
    """

    key: str
    name: Words
    hazards: tuple[str, ...]
    date: str
    area: Any | None


@dataclass(frozen=True)
class County:
    """All tables of one county, indexed by id, geometry in the metric `crs`.

    settlements  GeoDataFrame, index settlement_id; the columns of `tables.SETTLEMENTS` that the file holds
    schools      GeoDataFrame, index school_id; the columns of `tables.SCHOOLS`, defaults filled in
    evidence     DataFrame, the columns of `tables.EVIDENCE`; empty when no file is given
    boundary     GeoDataFrame with one or more polygons, or None
    cohorts, outlook, moves, registers
                 DataFrame, the columns of the spec of that name (NaN or "" where blank), rows in a fixed order; None when no file is given
    lines        public lines, or None where the scenario names none
    special_schools  GeoDataFrame like `schools`: special schools, which teach no band and close for no plan; None when there are none
    venues       GeoDataFrame, index venue_id: name, kind (venue_table.VENUE_KINDS); None when no file is given
    bad_days     days on which roads are closed, in the scenario's order
    objections   DataFrame, the columns of `objections_table.OBJECTIONS` as text, "" where blank; None when no file is given
    posts        DataFrame, the columns of `posts_table.POSTS`, "" where blank, from the county down; None when no file is given
    fleet        DataFrame, index kind_id, the columns of `fleet_table.FLEET`, NaN where blank; None when no file is given
    stops        GeoDataFrame, index stop_id: name, crossing, shelter; None when no file is given
    water        GeoDataFrame of the lines that nobody walks across (`kind` river | canal | lake): rivers, canals, shores; None = not known
    """

    settlements: gpd.GeoDataFrame
    schools: gpd.GeoDataFrame
    roads: RoadTable
    evidence: pd.DataFrame
    crs: str
    boundary: gpd.GeoDataFrame | None = None
    elevation: Elevation | None = None
    special_schools: gpd.GeoDataFrame | None = None
    venues: gpd.GeoDataFrame | None = None
    water: gpd.GeoDataFrame | None = None
    sources: tuple[Source, ...] = ()
    notes: tuple[Note, ...] = field(default=())
    cohorts: pd.DataFrame | None = None
    outlook: pd.DataFrame | None = None
    moves: pd.DataFrame | None = None
    registers: pd.DataFrame | None = None
    lines: TransitLines | None = None
    bad_days: tuple[BadDay, ...] = ()
    posts: pd.DataFrame | None = None
    fleet: pd.DataFrame | None = None
    stops: gpd.GeoDataFrame | None = None
    objections: pd.DataFrame | None = None
