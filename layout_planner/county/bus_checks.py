"""What the bus tables say against the other tables of the county."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely

from layout_planner.words import Words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layout_planner.county.model import RoadTable
    from layout_planner.county.table_files import CheckedTable
    from layout_planner.errors import Problem

AT_SCHOOL = "school"
DEGREES = "EPSG:4326"


def check_overnight(fleet: CheckedTable | None, settlements: CheckedTable, schools: CheckedTable) -> tuple[Problem, ...]:
    """Return the buses that stand overnight at a place that no table holds."""
    if fleet is None or "overnight" not in fleet.frame or not (settlements.usable and schools.usable):
        return ()
    known = {"", AT_SCHOOL, *settlements.frame.get("settlement_id", ()), *schools.frame.get("school_id", ())}
    faults = fleet.faults()
    for row, place in zip(fleet.rows, fleet.frame["overnight"], strict=False):
        if place not in known:
            what = Words("居民点表和学校表中没有这个编号", "neither the settlements nor the schools hold this id")
            hint = Words("改正编号；空白为首站所在村，school 为学校", "correct the id; empty = at the first stop, `school` = at the school")
            faults.add(what, hint, row=int(row), column="overnight", value=str(place))
    return faults.problems


def check_bus_stops(
    stops: CheckedTable | None, crs: str, roads: RoadTable | None, water: gpd.GeoDataFrame | None, most_m: float
) -> tuple[Problem, ...]:
    """Return the stops that lie in a lake or river, on no road that a bus may drive, or where another one is.

    most_m : further from such a road than this is off it.
    """
    if stops is None or roads is None or not stops.usable or not {"lon", "lat"} <= set(stops.frame.columns):
        return ()
    faults = stops.faults()
    known = stops.frame[["lon", "lat"]].notna().all(axis=1).to_numpy()
    places = gpd.GeoSeries(gpd.points_from_xy(stops.frame["lon"], stops.frame["lat"]), crs=DEGREES).to_crs(crs).to_numpy()
    drives = (roads.edges["drive_forward"] | roads.edges["drive_backward"]).to_numpy(dtype=bool)
    tree = shapely.STRtree(roads.edges.geometry.to_numpy()[drives])
    basins = shapely.STRtree(_basins(water))
    seen: dict[tuple[float, float], str] = {}
    for number in np.flatnonzero(known):
        row, stop, point = int(stops.rows[number]), str(stops.frame["stop_id"].iloc[number]), places[number]
        away = tree.query_nearest(point, return_distance=True, all_matches=False)[1] if len(tree) else np.array([np.inf])
        shown = f"{stop}: {stops.frame['lon'].iloc[number]:.6f}, {stops.frame['lat'].iloc[number]:.6f}"
        if not float(away[0]) <= most_m:
            if len(basins.query(point, predicate="within")):
                what = Words("站点在湖泊或河流中", "the stop lies in a lake or river")
            else:
                what = Words("站点不在校车可走的路上", "the stop is on no road that a bus may drive")
            expected = Words(f"距校车可走的路不超过{most_m:.0f}米", f"at most {most_m:.0f} m from a road for buses")
            faults.add(what, Words("核对经纬度", "check longitude and latitude"), row=row, column="lon", value=shown, expected=expected)
        spot = round(point.x), round(point.y)
        if spot in seen:
            what = Words(f"与站点{seen[spot]}在同一位置", f"it is at the same place as {seen[spot]}")
            faults.add(what, Words("合并两站或改正位置", "merge the two or correct the place"), row=row, column="lon", value=shown)
        seen.setdefault(spot, stop)
    return faults.problems


def _basins(water: gpd.GeoDataFrame | None) -> NDArray[np.object_]:
    """Return the areas that closed shores enclose; an island in a lake counts as water, but stops on its roads are on a road."""
    if water is None or water.empty:
        return np.array([], dtype=object)
    return np.asarray(shapely.get_parts(shapely.polygonize(shapely.get_parts(water.geometry.to_numpy()))), dtype=object)
