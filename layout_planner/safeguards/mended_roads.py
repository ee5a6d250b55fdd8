"""The county with roads mended as the scenario says, worked out a second time for the re-check; shares no code with `county.mended`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from layout_planner.safeguards.new_roads import build_road

if TYPE_CHECKING:
    from collections.abc import Sequence

    from layout_planner.county.model import County
    from layout_planner.scenario import RoadFix, Scenario


def mend_county(county: County, scenario: Scenario, fixes: Sequence[str]) -> County:
    """Return `county` with the roads of `fixes`, ids of `plan.road_fixes`, as they are when mended or built."""
    edges = county.roads.edges
    for fix in scenario.plan.road_fixes:
        if fix.id in fixes:
            rows = [_mend_row(row, fix) if row["way"] in fix.ways else row for row in edges.drop(columns="geometry").to_dict("records")]
            edges = edges.assign(**{name: [row[name] for row in rows] for name in edges.columns if name != "geometry"})
    roads = replace(county.roads, edges=edges)
    for fix in scenario.plan.road_fixes:
        if fix.id in fixes and fix.line:
            roads = build_road(roads, fix)
    return replace(county, roads=roads)


def _mend_row(row: dict[Any, Any], fix: RoadFix) -> dict[Any, Any]:
    said = {"surface": fix.surface, "road_class": fix.road_class, "width_m": fix.width_m}
    mended = row | {column: value for column, value in said.items() if value}
    if fix.opens_to_buses:
        mended["drive_forward"] = mended["drive_backward"] = True
    if fix.stays_open:
        mended["closed_from"], mended["hazard"] = "", False
    return mended
