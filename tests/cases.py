"""Real places that do not ship with the repository; the tests that need them are skipped where they are absent."""

from __future__ import annotations

import os
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from layout_planner.county.evidence_table import EVIDENCE
from layout_planner.county.model import County, Elevation
from layout_planner.county.road_files import read_roads
from layout_planner.county.water_files import read_osm_water

CASES = Path(os.environ.get("LAYOUT_PLANNER_CASES") or Path(__file__).parents[2] / "shared" / "cases")
CRS = {"vavuniya": "EPSG:32644", "liechtenstein": "EPSG:32632", "andorra": "EPSG:32631"}


def case_file(name: str) -> Path:
    """Return a file of the real places, or skip the test."""
    path = CASES / name
    if not path.exists():
        pytest.skip(f"the real places are not here (set LAYOUT_PLANNER_CASES): no {name}")
    return path


def read_points(name: str, crs: str, key: str) -> gpd.GeoDataFrame:
    table = pd.read_csv(case_file(name), dtype={"id": str})
    points = gpd.points_from_xy(table.pop("lon"), table.pop("lat"), crs=4326)
    return gpd.GeoDataFrame(table, geometry=points).set_index("id").rename_axis(key).to_crs(crs)


def real_county(place: str, settlements: str = "settlements", schools: str = "schools", elevation: Elevation | None = None) -> County:
    """Return a county built from the tables of a real place."""
    crs, osm = CRS[place], case_file(f"{place}/raw/{place}.osm.pbf")
    roads, water = read_roads(osm, osm.name, crs), read_osm_water(osm, crs)
    homes = read_points(f"{place}/case/{settlements}.csv", crs, "settlement_id")
    sites = read_points(f"{place}/case/{schools}.csv", crs, "school_id")
    evidence = pd.DataFrame({column.name: pd.Series(dtype=object) for column in EVIDENCE.columns})
    return County(homes, sites, roads, evidence, crs, elevation=elevation, water=water)
