"""Checked tables to the plain tables of a `County`: points in metres, defaults filled in, rows in one order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from layout_planner.county.coordinates import choose_metric_crs
from layout_planner.county.evidence_table import EVIDENCE
from layout_planner.county.fleet_table import FLEET
from layout_planner.county.tables import FORM_GRADES, SETTLEMENTS

if TYPE_CHECKING:
    from layout_planner.county.table_files import CheckedTable

FALLBACK_CRS = "EPSG:32648"
ZERO_WHEN_BLANK = ("classrooms", "beds", "enrolment", "boarders", "teachers", "buses")
UNKNOWN_WHEN_BLANK = ("in_favour", "against", "quantity")


def place_crs(*tables: CheckedTable) -> str:
    """Return the metric projection of the first table that has places."""
    for table in tables:
        if "lon" in table.frame.columns and np.isfinite(table.frame["lon"].to_numpy(dtype=float)).any():
            return choose_metric_crs(table.frame["lon"].to_numpy(dtype=float), table.frame["lat"].to_numpy(dtype=float))
    return FALLBACK_CRS


def points_by_id(frame: pd.DataFrame, key: str, crs: str) -> gpd.GeoDataFrame:
    """Return the rows as points in `crs`, by the column `key`, sorted."""
    places = gpd.points_from_xy(frame["lon"].astype(float), frame["lat"].astype(float), crs="EPSG:4326").to_crs(crs)
    table = gpd.GeoDataFrame(frame.drop(columns=["lon", "lat"]), geometry=places, crs=crs)
    return table.set_index(key).sort_index()


def settlement_points(table: CheckedTable, crs: str) -> gpd.GeoDataFrame:
    """Return settlements by id; blank counts are 0, a blank kind is a village."""
    frame = table.frame.copy()
    for column in SETTLEMENTS.columns:
        if column.name in frame.columns and column.kind == "int":
            frame[column.name] = frame[column.name].fillna(0).astype(int)
    for name in frame.columns:
        if frame[name].dtype == float and name not in {"lon", "lat"}:
            frame[name] = frame[name].fillna(0.0)
    if "kind" in frame.columns:
        frame["kind"] = frame["kind"].replace("", "village")
    return points_by_id(frame, "settlement_id", crs)


def school_points(table: CheckedTable, crs: str) -> gpd.GeoDataFrame:
    """Return schools by id with the defaults of columns that the file lacks; unknown seats are `np.inf`."""
    frame = table.frame.copy()
    for name in ("name_en", "township", "parent_school_id"):
        if name not in frame.columns:
            frame[name] = ""
    given = frame["grades"] if "grades" in frame.columns else [()] * len(frame)
    frame["grades"] = pd.Series(
        [grades or FORM_GRADES[form] for form, grades in zip(frame["form"], given, strict=True)], index=frame.index, dtype=object
    )
    frame["seats"] = frame["seats"].fillna(np.inf) if "seats" in frame.columns else np.inf
    for name in ZERO_WHEN_BLANK:
        if name in frame.columns:
            frame[name] = frame[name].fillna(0).astype(int)
        elif name in {"beds", "buses"}:
            frame[name] = 0
    frame["canteen"] = [value is True for value in frame["canteen"]] if "canteen" in frame.columns else True
    for name in ("protected", "candidate"):
        frame[name] = [value is True for value in frame[name]] if name in frame.columns else False
    if "yearly_cost" not in frame.columns:
        frame["yearly_cost"] = np.nan
    return points_by_id(frame, "school_id", crs)


def ordinary_schools(frame: pd.DataFrame) -> set[str]:
    """Return the ids of the schools that a plan can name: all but special schools."""
    special = frame["special"] == "special_school" if "special" in frame else pd.Series(data=False, index=frame.index)
    return set(frame.loc[~special, "school_id"])


def split_special(schools: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame | None]:
    """Return the schools that teach bands, and the special schools."""
    if "special" not in schools:
        return schools, None
    special = schools["special"] == "special_school"
    return schools[~special].copy(), schools[special].copy() if special.any() else None


def evidence_rows(table: CheckedTable | None) -> pd.DataFrame:
    """Return all columns of the spec; a blank count stays NaN, so that what is unknown passes no comparison."""
    if table is None:
        return pd.DataFrame(
            {column.name: pd.Series(dtype=float if column.name in UNKNOWN_WHEN_BLANK else object) for column in EVIDENCE.columns}
        )
    frame = table.frame.copy()
    for column in EVIDENCE.columns:
        if column.name not in frame.columns:
            counted = column.name in UNKNOWN_WHEN_BLANK
            frame[column.name] = pd.Series(np.nan if counted else "", index=frame.index, dtype=float if counted else object)
    names = [column.name for column in EVIDENCE.columns]
    frame = frame.loc[frame["school_id"] != "", names]
    return frame.sort_values(["school_id", "item", "date", "until", "file", "note"], kind="stable").reset_index(drop=True)


def fleet_rows(table: CheckedTable | None) -> pd.DataFrame | None:
    """Return the kinds of buses by id with all columns of the spec, sorted; what is blank stays NaN."""
    if table is None or not table.usable or table.problems:
        return None
    frame = table.frame.copy()
    for column in FLEET.columns:
        if column.name not in frame.columns:
            frame[column.name] = np.nan
        if column.kind in {"text", "id"}:
            frame[column.name] = frame[column.name].astype(object).fillna("")
    return frame[[column.name for column in FLEET.columns]].set_index("kind_id").sort_index()


def stop_points(table: CheckedTable | None, crs: str) -> gpd.GeoDataFrame | None:
    """Return the bus stops by id with all columns of the spec; what is unknown is not there."""
    if table is None or not table.usable or table.problems:
        return None
    frame = table.frame.copy()
    frame["name"] = frame["name"].astype(object).fillna("") if "name" in frame.columns else ""
    for name in ("crossing", "shelter"):
        frame[name] = [value is True for value in frame[name]] if name in frame.columns else False
    return points_by_id(frame, "stop_id", crs)
