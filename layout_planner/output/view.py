"""What pages and maps show of a run: plain tables in degrees, so that a stored run draws like a fresh one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from layout_planner.county.model import Note, Source
    from layout_planner.output.relief import Relief
    from layout_planner.results import Finding, Verdict
    from layout_planner.words import Words


@dataclass(frozen=True)
class RunView:
    """One run, ready to be drawn. All geometry is EPSG:4326.

    settlements  index settlement_id: name, name_en, township, kind, pupils, pupils_<band>, access_m, off_network,
                 over_terrain (the way to a road is guessed over the terrain, access_m long), geometry
    schools      index school_id: name, name_en, township, protected, and for when in (today, plan):
                 form_<when>, bands_<when>, pupils_<when>, boarders_<when>, beds_<when> (existing and new), buses_<when>,
                 cost_yuan_<when>; seats (np.inf when unknown); geometry
    trips        settlement_id, band, when (today | plan), school_id ("" unserved), mode, pupils, seconds (np.inf when unserved),
                 metres, limit_s, cause ("" when within the norms), guessed_share (of the metres, 0 to 1)
    roads        road_class, geometry; one MultiLineString a class
    boundary     polygons, or None
    mergers      ids of sites that close or lose bands under the plan
    measures     {"today": {...}, "plan": {...}}
    review_number  审图号 of the public map, "" while there is none
    ways         WAY_COLUMNS of `travel.ways`, geometry LineString; None where a run holds none
    bus_routes, bus_stops, bus_riders, bus_days, boarder_..., mixed_...
                 when (today | plan) and BUS_ROUTE_COLUMNS, BUS_STOP_COLUMNS, BUS_RIDER_COLUMNS, BUS_DAY_COLUMNS, BOARDER_COLUMNS of
                 `results` (boarder_stops, boarder_riders as those of buses);
                 mixed_calls, mixed_riders, mixed_sums: the tables of `MixedLoads`;
                 None where a run holds none
    bad_days     day, day_name, day_name_en, settlement_id, band, when, day_state (assess.bad_days); None where no bad day is known
    venues       name, kind, state (too_near, check or ""), geometry; None where no venue is known
    water        rivers and shores, LineStrings; None where not known
    mended       roads that the plan mends or builds: id, name, name_en, is_new, geometry (MultiLineString); None where it does neither
    relief       the shaded relief; None without elevation
    """

    name: str
    title: Words
    year: int
    verdict: Verdict
    settlements: gpd.GeoDataFrame
    schools: gpd.GeoDataFrame
    trips: pd.DataFrame
    roads: gpd.GeoDataFrame
    boundary: gpd.GeoDataFrame | None
    bands: dict[str, tuple[int, ...]]
    mergers: tuple[str, ...]
    findings: tuple[Finding, ...]
    measures: dict[str, dict[str, float]]
    notes: tuple[Note, ...]
    sources: tuple[Source, ...]
    norms_title: Words
    review_number: str = ""
    ways: gpd.GeoDataFrame | None = None
    bus_routes: gpd.GeoDataFrame | None = None
    bus_stops: gpd.GeoDataFrame | None = None
    bus_riders: pd.DataFrame | None = None
    bus_days: pd.DataFrame | None = None
    boarder_trips: gpd.GeoDataFrame | None = None
    boarder_stops: gpd.GeoDataFrame | None = None
    boarder_riders: pd.DataFrame | None = None
    mixed_calls: gpd.GeoDataFrame | None = None
    mixed_riders: pd.DataFrame | None = None
    mixed_sums: pd.DataFrame | None = None
    bad_days: pd.DataFrame | None = None
    venues: gpd.GeoDataFrame | None = None
    water: gpd.GeoDataFrame | None = None
    mended: gpd.GeoDataFrame | None = None
    relief: Relief | None = None
