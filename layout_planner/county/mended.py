"""The roads of a county once some of them have been mended or built, as `[[plan.road_fixes]]` says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from layout_planner.county.new_roads import add_road, check_new_road
from layout_planner.county.road_rules import name_surface
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from layout_planner.county.faults import Faults
    from layout_planner.county.model import RoadTable
    from layout_planner.scenario import RoadFix, Scenario


def mend_roads(roads: RoadTable, fixes: Iterable[RoadFix]) -> RoadTable:
    """Return the road table with the columns that `fixes` name changed on their ways; lines and nodes stay but for new roads."""
    edges, fixes = roads.edges.copy(), tuple(fixes)
    for fix in fixes:
        on = edges["way"].isin(fix.ways).to_numpy()
        changes: dict[str, object] = {"surface": fix.surface, "road_class": fix.road_class, "width_m": fix.width_m}
        changes = {column: value for column, value in changes.items() if value}
        if fix.opens_to_buses:
            changes |= {"drive_forward": True, "drive_backward": True}
        if fix.stays_open:
            changes |= {"closed_from": "", "hazard": False}
        for column, value in changes.items():
            edges.loc[on, column] = value
    roads = replace(roads, edges=edges)
    for fix in fixes:
        roads = add_road(roads, fix) if fix.line else roads
    return roads


def check_road_fixes(scenario: Scenario, roads: RoadTable, faults: Faults) -> None:
    """Report ways that the road file does not hold, new roads that meet none, and surfaces that no speed is known for."""
    known = set(roads.edges["way"])
    for fix in scenario.plan.road_fixes:
        for way in sorted(set(fix.ways) - known):
            what = Words("道路数据中没有这条路", "no road of the road file has this name")
            hint = Words("填写道路文件中的编号（OSM way id 或要素编号）", "write the id of the road in its file (OSM way id, feature id)")
            faults.add(what, hint, column=f"plan.road_fixes.{fix.id}.ways", value=way)
        if fix.line:
            check_new_road(fix, roads, faults)
        if fix.surface and not name_surface(fix.surface):
            what = Words("路面种类不明", "there is no such surface")
            hint = Words('写 "paved" 或 OSM 的 surface 值', 'write "paved" or another OSM value of `surface`')
            faults.add(what, hint, column=f"plan.road_fixes.{fix.id}.surface", value=fix.surface)
