"""Venues that the law keeps away from schools: internet cafes within the statutory distance, others within the county's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from layout_planner.words import Words

if TYPE_CHECKING:
    import geopandas as gpd

    from layout_planner.norms import NormSet

KINDS = {
    "internet_cafe": Words("网吧", "internet café"),
    "entertainment": Words("娱乐场所", "entertainment"),
    "bar": Words("酒吧", "bar"),
    "alcohol": Words("酒类销售", "alcohol shop"),
    "tobacco": Words("烟草销售", "tobacco shop"),
    "lottery": Words("彩票销售", "lottery shop"),
}
STATES = {"too_near": Words("过近", "too near"), "check": Words("现场核实", "check on site")}
VENUE_COLUMNS = (
    "school_id",
    "school",
    "candidate",  # bool, a site that is not open now
    "venue_id",
    "venue",
    "kind",  # a key of KINDS
    "distance_m",  # float, from the point of the school; the outline of the campus is nearer
    "limit_m",
    "state",  # a key of STATES
    "source",
)


def list_venues(schools: gpd.GeoDataFrame, venues: gpd.GeoDataFrame | None, norms: NormSet) -> pd.DataFrame:
    """Return one row (VENUE_COLUMNS) a school or candidate site and venue that stands too near or may do so, the nearest first.

    The outline of a campus is unknown and reaches beyond its point, so venues up to `venue.campus_reach_m` beyond the limit are to be
    checked on site. Kinds for which the norm set has no distance are left out.
    """
    reach = norms.value("venue.campus_reach_m")
    rows: list[tuple[object, ...]] = []
    for kind in KINDS:
        norm = norms.find("venue.internet_cafe_m" if kind == "internet_cafe" else "venue.other_m")
        found = None if venues is None else venues[venues["kind"] == kind]
        if norm is None or found is None or found.empty:
            continue
        tree = shapely.STRtree(found.geometry.to_numpy())
        pairs = tree.query(schools.geometry.to_numpy(), predicate="dwithin", distance=norm.value + reach)
        away = shapely.distance(schools.geometry.to_numpy()[pairs[0]], found.geometry.to_numpy()[pairs[1]])
        for site, venue, metres in zip(*pairs, away, strict=True):
            state = "check" if metres >= norm.value else "too_near"
            rows.append((*_about(schools, site), *_named(found, venue), kind, float(metres), norm.value, state, norm.cite()))
    table = pd.DataFrame(rows, columns=list(VENUE_COLUMNS))
    return table.sort_values(["distance_m", "school_id", "venue_id"], ignore_index=True)


def _about(schools: gpd.GeoDataFrame, at: int) -> tuple[str, str, bool]:
    row = schools.iloc[at]
    return str(schools.index[at]), str(row["name"]), bool(row["candidate"])


def _named(venues: gpd.GeoDataFrame, at: int) -> tuple[str, str]:
    return str(venues.index[at]), str(venues["name"].iloc[at]) if "name" in venues else ""


def count_venues(table: pd.DataFrame, schools: pd.Index) -> pd.DataFrame:
    """Return the venues too near and to be checked by school: columns of STATES, int, index `schools`."""
    counts = {state: table[table["state"] == state].groupby("school_id").size().reindex(schools, fill_value=0) for state in STATES}
    return pd.DataFrame(counts, index=schools).astype(np.int64)
