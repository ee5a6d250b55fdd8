"""Which roads and legs a bad day closes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from shapely.ops import substring

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from layout_planner.county.model import BadDay
    from layout_planner.scenario import Travel
    from layout_planner.travel.network import Pieces

    Flags = NDArray[np.bool_]


def meets_area(lines: NDArray[np.object_], day: BadDay) -> Flags:
    """Return which lines meet the day's area; none where it has no area."""
    met = np.zeros(len(lines), dtype=bool)
    if len(lines) and day.area is not None:
        met[shapely.STRtree(lines).query(day.area, predicate="intersects")] = True
    return met


def close_edges(edges: gpd.GeoDataFrame, day: BadDay, settings: Travel) -> tuple[Flags, Flags]:
    """Return the edges that the day closes from end to end, and those of which it closes what meets its area.

    Bridges and tunnels are closed too, unless the scenario says that they stand.
    """
    hazards = sorted(set(day.hazards) & set(settings.bad_day_hazards))
    whole = edges["closed_from"].isin(hazards).to_numpy(dtype=bool)
    hit = meets_area(edges.geometry.to_numpy(), day)
    if settings.bad_day_bridges_stand:
        hit &= ~edges["bridge"].to_numpy(dtype=bool)
    return whole, hit


def close_pieces(edges: gpd.GeoDataFrame, pieces: Pieces, day: BadDay, settings: Travel) -> Flags:
    """Return which pieces are closed: those that meet the day's area, and those the table closes from its hazards."""
    whole, hit = close_edges(edges, day, settings)
    closed, lines = whole[pieces.edge], edges.geometry.to_numpy()
    rows = np.flatnonzero(hit[pieces.edge])
    parts = [substring(lines[pieces.edge[row]], pieces.begin[row], pieces.end[row]) for row in rows]
    closed[rows] |= meets_area(np.array(parts, dtype=object), day)
    return np.asarray(closed)
