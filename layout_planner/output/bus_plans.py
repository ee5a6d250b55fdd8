"""The school buses of a run as tables of today and of the plan, for files, workbooks and pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from layout_planner.names import name_band
from layout_planner.results import FROM_SCHOOL, TO_SCHOOL
from layout_planner.words import Words

if TYPE_CHECKING:
    from layout_planner.output.view import RunView
    from layout_planner.results import BusPlan, Run
    from layout_planner.words import Lang

DEGREES = "EPSG:4326"
BUS_GEO_TABLES = ("bus_routes", "bus_stops", "boarder_trips", "boarder_stops", "mixed_calls")
BUS_PLAIN_TABLES = ("bus_riders", "bus_days", "boarder_riders", "mixed_riders", "mixed_sums")
BUS_TABLES = (*BUS_GEO_TABLES, *BUS_PLAIN_TABLES)
DAYS = {"friday": Words("周五回家", "Friday, home"), "sunday": Words("周日返校", "Sunday, back")}
DIRECTIONS = {TO_SCHOOL: Words("上学", "to school"), FROM_SCHOOL: Words("放学", "from school")}
TITLES = {
    "bus_routes": Words("校车线路", "bus routes"),
    "bus_stops": Words("校车站点", "bus stops"),
    "bus_riders": Words("校车学生", "bus riders"),
    "bus_days": Words("校车一日", "a bus's day"),
    "boarder_trips": Words("寄宿生周末接送", "boarders' week"),
    "boarder_stops": Words("周末接送站点", "boarders' week, stops"),
    "boarder_riders": Words("周末接送学生", "boarders' week, riders"),
    "mixed_sums": Words("混载另案比较", "mixed loads, compared"),
    "mixed_calls": Words("混载另案时刻", "mixed loads, calls"),
    "mixed_riders": Words("混载另案学生", "mixed loads, riders"),
}
REMEDIES = {
    "site_costs": Words("校车费用比较", "bus costs"),
    "line_proposals": Words("可改开公交", "public lines instead"),
    "few_riders": Words("学生过少的线路", "runs with few riders"),
    "crossings": Words("上下车须过路", "crossing the road"),
    "bus_rounds": Words("布局与校车协调", "layout and buses, rounds"),
}
ROUNDS_TITLE = Words("送教线路（内部）", "visiting rounds (internal)")
CALLS = {"stop": Words("站点", "stop"), "gate": Words("学校", "school")}
LOADS = {
    "apart": Words("一趟一校（方案）", "one school a run (the plan)"),
    "mixed": Words("几校混载（另案）", "several schools in one bus"),
}
NIGHTS = {
    "first_stop": Words("驾驶员所在村（首站）", "driver's village (first stop)"),
    "school": Words("学校", "school"),
    "place": Words("停车点", "depot"),
}
CLOCKS = ("starts_s", "ends_s", "time_s", "leaves_s", "back_s")


def join_buses(run: Run) -> dict[str, pd.DataFrame | gpd.GeoDataFrame]:
    """Return BUS_TABLES by name, both layouts in one table told apart by `when`; places in degrees. Empty without a bus plan."""
    tables = {}
    for name in BUS_TABLES if run.buses else ():
        parts = []
        for when, plan in run.buses.items():
            table = _table_of(plan, name)
            if table is None:
                continue
            table = table.to_crs(DEGREES) if isinstance(table, gpd.GeoDataFrame) else table.copy()
            table.insert(0, "when", when)
            parts.append(table)
        if parts:
            tables[name] = pd.concat(parts, ignore_index=True)
    return tables


def _table_of(plan: BusPlan, name: str) -> pd.DataFrame | gpd.GeoDataFrame | None:
    if name.startswith("mixed_"):
        return None if plan.mixed is None else getattr(plan.mixed, name.removeprefix("mixed_"))
    return getattr(plan, name.removeprefix("bus_"))


def join_remedies(run: Run) -> dict[str, pd.DataFrame]:
    """Return what the routes cost by school and which public lines could replace them, today and under the plan."""
    tables = {}
    for name in REMEDIES:
        parts = [getattr(plan, name).assign(when=when) for when, plan in run.buses.items() if getattr(plan, name) is not None]
        if parts:
            tables[name] = pd.concat(parts, ignore_index=True)
    return tables


def join_rounds(run: Run) -> pd.DataFrame:
    """Return the rounds of visiting teachers today and under the plan, for inside use: they tell where disabled children live."""
    parts = [plan.visit_rounds.assign(when=when) for when, plan in run.buses.items() if plan.visit_rounds is not None]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def show_buses(view: RunView, lang: Lang) -> dict[Words, pd.DataFrame]:
    """Return the sheets of the plan's school buses, times as HH:MM and names beside ids; none where nobody rides."""
    if view.bus_routes is None or view.bus_routes.empty:
        return {}
    sheets = {}
    for name, title in TITLES.items():
        table = getattr(view, name)
        if table is None:
            continue
        table = pd.DataFrame(table[table["when"] == "plan"].drop(columns=["when", "geometry"], errors="ignore"))
        if table.empty:
            continue
        sheets[title] = _tell_columns(table, view, lang)
    return sheets


def _tell_columns(table: pd.DataFrame, view: RunView, lang: Lang) -> pd.DataFrame:
    """Return the table with hours as HH:MM, names beside ids, and words for codes."""
    for column in CLOCKS:
        if column in table:
            table[column.removesuffix("_s")] = table.pop(column).map(tell_clock)
    if "site_id" in table:
        table.insert(list(table.columns).index("site_id") + 1, "school", view.schools["name"].reindex(table["site_id"]).to_numpy())
    if "settlement_id" in table:
        table.insert(1, "settlement", view.settlements["name"].reindex(table["settlement_id"]).to_numpy())
        table["band"] = [name_band(band, view.bands.get(band, ())).say(lang) for band in table["band"]]
    if "day" in table:
        table["day"] = [DAYS[day].say(lang) for day in table["day"]]
    for column, words in (("kind", CALLS), ("loads", LOADS)):
        if column in table:
            table[column] = [words[kind].say(lang) for kind in table[column]]
    if "overnight" in table:
        table["overnight"] = [NIGHTS[kind].say(lang) for kind in table["overnight"]]
    if "direction" in table:
        table["direction"] = [DIRECTIONS[direction].say(lang) for direction in table["direction"]]
    return table


def tell_clock(seconds: float) -> str:
    """Return seconds after midnight as HH:MM, the full minute before: nobody misses a bus by it."""
    minutes = int(seconds // 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
