"""The tables of a run as Excel and GeoPackage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from shapely import LineString

from layout_planner.compare import MEASURES, SHOWN_IN_10_000
from layout_planner.county.demand import account_children
from layout_planner.output.assess_tables import show_assessment
from layout_planner.output.bus_plans import BUS_TABLES, REMEDIES, ROUNDS_TITLE, join_remedies, join_rounds, show_buses
from layout_planner.output.bus_tables import list_riders
from layout_planner.output.demand_tables import show_accounts
from layout_planner.output.map_data import site_status
from layout_planner.output.qgis_styles import write_styles
from layout_planner.output.safe import safe_cell
from layout_planner.results import ASSESSMENTS, INTERNAL
from layout_planner.risk import CAUSES
from layout_planner.words import Lang, Words
from layout_planner.workbook import workbook_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from openpyxl.worksheet.worksheet import Worksheet

    from layout_planner.output.view import RunView
    from layout_planner.results import Run

WHEN = {"today": Words("现状", "today"), "plan": Words("方案", "plan")}
SAVED_ON = "2026-01-01T00:00:00Z"  # fixed, so that the same run gives the same bytes
WIDEST = 48
INSIDE = Words("（内部）", " (internal)")


def write_workbook(run: Run, view: RunView, path: Path, lang: Lang) -> None:
    """Write `tables.xlsx`: measures, mergers' findings, sites, trips, at-risk lists, notes and sources."""
    workbook = Workbook()
    workbook.remove(workbook.active)
    sheets = {
        Words("比较", "measures"): _measures(view, lang),
        Words("撤并审查", "gate"): _findings(view, lang),
        Words("学校", "schools"): view.schools.drop(columns="geometry").reset_index(),
        Words("现状风险", "at risk today"): _risk(run.risk_today, lang),
        Words("方案风险", "at risk plan"): _risk(run.risk_plan, lang),
        **_assessments(run, lang),
        **_accounts(run, lang),
        **_riders(run),
        **show_buses(view, lang),
        **_rounds(run),
        **{REMEDIES[name]: table for name, table in join_remedies(run).items() if not table.empty},
        Words("行程", "trips"): _minutes(view.trips),
        Words("居民点", "settlements"): view.settlements.drop(columns="geometry").reset_index(),
        Words("说明", "notes"): pd.DataFrame([(n.code, n.text.say(lang), n.count) for n in view.notes], columns=["code", "note", "count"]),
        Words("来源", "sources"): pd.DataFrame(
            [(s.role, s.path, s.sha256, s.rows) for s in view.sources], columns=["role", "path", "sha256", "rows"]
        ),
    }
    for title, table in sheets.items():
        fill_sheet(workbook.create_sheet(title.say(lang)), table)
    path.write_bytes(workbook_bytes(workbook))


def _accounts(run: Run, lang: Lang) -> dict[Words, pd.DataFrame]:
    """Return how the children counted become those of the scenario's year; nothing when it is the same year."""
    accounts = account_children(run.county, run.scenario)
    return {} if accounts.empty else {Words("人数推移", "children by year"): show_accounts(accounts, lang)}


def _rounds(run: Run) -> dict[Words, pd.DataFrame]:
    """Return the rounds of visiting teachers; nothing where nobody is taught at home."""
    rounds = join_rounds(run)
    return {} if rounds.empty else {ROUNDS_TITLE: rounds}


def _riders(run: Run) -> dict[Words, pd.DataFrame]:
    """Return who goes by public bus, on which line; nothing where nobody does."""
    riders = list_riders(run)
    return {} if riders.empty else {Words("公交行程", "public bus"): riders}


def _assessments(run: Run, lang: Lang) -> dict[Words, pd.DataFrame]:
    """Return the tables of the assessment; those with small counts of vulnerable children say in their name that they are internal."""
    titles = {name: Words(title.zh + INSIDE.zh, title.en + INSIDE.en) if name in INTERNAL else title for name, title in ASSESSMENTS.items()}
    names = run.county.settlements["name"]
    return {titles[name]: show_assessment(table, lang, run.scenario.bands, names) for name, table in run.assessment.items()}


def _measures(view: RunView, lang: Lang) -> pd.DataFrame:
    rows = []
    for name, measure in MEASURES.items():
        if not all(name in view.measures[when] for when in WHEN):
            continue
        scale = 10_000 if name in SHOWN_IN_10_000 else 1
        rows.append((measure.label.say(lang), *(round(view.measures[when][name] / scale, measure.decimals) for when in WHEN)))
    return pd.DataFrame(rows, columns=["", *(words.say(lang) for words in WHEN.values())])


def _findings(view: RunView, lang: Lang) -> pd.DataFrame:
    columns = ["subject", "rule", "verdict", "text", "measured", "limit", "unit", "cure", "source", "evidence"]
    rows = [
        (f.subject, f.rule, f.verdict, f.text.say(lang), f.measured, f.limit, f.unit, f.cure.say(lang), f.source, f.evidence)
        for f in view.findings
    ]
    return pd.DataFrame(rows, columns=columns)


def _risk(risk: pd.DataFrame, lang: Lang) -> pd.DataFrame:
    table = _minutes(risk)
    table["cause"] = [CAUSES[cause].say(lang) for cause in table["cause"]]
    return table


def _minutes(table: pd.DataFrame) -> pd.DataFrame:
    """Return `table` with every `*_s` and `seconds` column in minutes."""
    renamed = {
        "seconds": "minutes",
        "optimistic_s": "minutes_at_best",
        "pessimistic_s": "minutes_at_worst",
        "limit_s": "limit_minutes",
        "over_s": "minutes_over",
    }
    out = table.rename(columns=renamed)
    for column in set(renamed.values()) & set(out.columns):
        out[column] = (out[column] / 60).round(1)
    return out


def fill_sheet(sheet: Worksheet, table: pd.DataFrame) -> None:
    """Write `table` into `sheet` with a bold, frozen, filtered header; nothing in it can run as a formula."""
    sheet.append([str(column) for column in table.columns])
    for row in table.itertuples(index=False):
        sheet.append([_cell(value) for value in row])
    for cell in sheet[1]:
        cell.font, cell.fill = Font(bold=True, color="FFFFFF"), PatternFill("solid", fgColor="1F4E79")
        cell.alignment = Alignment(vertical="center")
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions
    for k, column in enumerate(table.columns, start=1):
        shown = [str(column), *(str(value) for value in table.iloc[:200, k - 1])]
        width = max(sum(2 if ord(c) > 0x2E80 else 1 for c in text) for text in shown) + 2  # noqa: PLR2004 - CJK starts here
        sheet.column_dimensions[get_column_letter(k)].width = min(width, WIDEST)


def _cell(value: object) -> object:
    if value is pd.NA:
        return None
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return "unreachable" if np.isinf(value) else None if np.isnan(value) else float(value)
    return safe_cell(value)


def write_geopackage(view: RunView, path: Path, lang: Lang = "zh") -> None:
    """Write `plan.gpkg`: settlements, schools, trips as lines, roads, those mended, boundary, buses, with styles for QGIS; EPSG:4326."""
    layers = {
        "settlements": view.settlements.assign(**_at_risk(view)).reset_index(),
        "schools": _finite(view.schools.assign(becomes=_becomes(view)).reset_index()),
        "trips_today": _trip_lines(view, "today"),
        "trips_plan": _trip_lines(view, "plan"),
        "roads": view.roads,
    }
    layers |= {name: table for name in ("mended", "boundary") if (table := getattr(view, name)) is not None}
    layers |= {name: _finite(table) for name in BUS_TABLES if (table := getattr(view, name)) is not None and len(table)}
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": SAVED_ON})
    try:
        for name, layer in layers.items():
            pyogrio.write_dataframe(layer, path, layer=name, driver="GPKG")
        write_styles(path, layers, lang)
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


def _at_risk(view: RunView) -> dict[str, pd.Series]:
    """Return the pupils at risk of every settlement, today and under the plan."""
    risky = view.trips[view.trips["cause"] != ""]
    sums = risky.groupby(["when", "settlement_id"])["pupils"].sum()
    counts = {when: sums.get(when, pd.Series(dtype=int)).reindex(view.settlements.index, fill_value=0).astype(int) for when in WHEN}
    return {f"at_risk_{when}": values for when, values in counts.items()}


def _becomes(view: RunView) -> list[str]:
    return [site_status(str(b), str(a)) for b, a in zip(view.schools["bands_today"], view.schools["bands_plan"], strict=True)]


def _trip_lines(view: RunView, when: str) -> gpd.GeoDataFrame:
    trips = view.trips[(view.trips["when"] == when) & (view.trips["school_id"] != "")].reset_index(drop=True)
    homes = view.settlements.geometry.reindex(trips["settlement_id"])
    sites = view.schools.geometry.reindex(trips["school_id"])
    lines = [LineString([home, site]) for home, site in zip(homes, sites, strict=True)]
    return gpd.GeoDataFrame(_minutes(_finite(trips)).drop(columns="when"), geometry=lines, crs="EPSG:4326")


def _finite(table: pd.DataFrame) -> pd.DataFrame:
    """Return `table` with infinities as missing values, since GeoPackage readers choke on them."""
    return table.replace([np.inf], np.nan)
