"""From a run to what pages show of it, and from a stored run folder back to the same."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from layout_planner.compare import list_mergers
from layout_planner.county.mended import mend_roads
from layout_planner.county.model import Note, Source
from layout_planner.county.new_roads import new_way
from layout_planner.errors import InputError, Problem
from layout_planner.output.bus_plans import BUS_GEO_TABLES, BUS_PLAIN_TABLES, join_buses
from layout_planner.output.map_data import group_roads
from layout_planner.output.relief import Relief, shade_relief
from layout_planner.output.view import RunView
from layout_planner.results import Finding
from layout_planner.risk import trip_causes, trip_limits
from layout_planner.words import Words

if TYPE_CHECKING:
    from pathlib import Path

    from layout_planner.plan.layout import Layout
    from layout_planner.results import Run

DEGREES = "EPSG:4326"
GEO_TABLES = ("settlements", "schools", "roads", "boundary", "ways", "venues", "water", "mended", *BUS_GEO_TABLES)
RELIEF = "relief.jpg"
BAD_DAYS = "bad_days.parquet"
DAY_COLUMNS = ("day", "day_name", "day_name_en", "settlement_id", "band", "when", "day_state")
SITE_VIEW = {"form": "form", "bands": "bands", "pupils": "pupils", "boarders": "boarders", "buses": "buses", "cost_yuan": "cost_yuan"}


def view_of(run: Run) -> RunView:
    """Return what pages and maps show of `run`."""
    boundary = run.county.boundary
    return RunView(
        name=run.scenario.name,
        title=Words(run.scenario.title.zh, run.scenario.title.en),
        year=run.scenario.year,
        verdict=run.gate.verdict,
        settlements=_settlements(run),
        schools=_schools(run),
        trips=pd.concat([_trips(run, run.today, "today"), _trips(run, run.plan, "plan")], ignore_index=True),
        roads=group_roads(run.county.roads.edges),
        boundary=None if boundary is None else boundary[["geometry"]].to_crs(DEGREES),
        bands=dict(run.scenario.bands),
        mergers=list_mergers(run.today, run.plan),
        findings=run.gate.findings,
        measures=run.measures,
        notes=run.notes,
        sources=run.county.sources,
        norms_title=run.norms.title,
        review_number=run.scenario.public.review_number,
        ways=None if run.ways is None else run.ways.to_crs(DEGREES),
        **join_buses(run),
        bad_days=_bad_days(run.assessment.get("bad_days")),
        venues=_venues(run),
        water=None if run.county.water is None else run.county.water[["geometry"]].to_crs(DEGREES),
        mended=_mended(run),
        relief=None if run.county.elevation is None else shade_relief(run.county.elevation),
    )


def _text(table: pd.DataFrame, column: str) -> pd.Series:
    return table[column].fillna("").astype(str) if column in table else pd.Series("", index=table.index, dtype=object)


def _settlements(run: Run) -> gpd.GeoDataFrame:
    table = run.county.settlements
    columns = {name: _text(table, name) for name in ("name", "name_en", "township", "kind")}
    demand = run.demand.reindex(table.index)
    access = pd.Series(run.travel.access_m, index=run.travel.settlements).reindex(table.index)
    off, guessed = (
        pd.Series(flags, index=run.travel.settlements).reindex(table.index) for flags in (run.travel.off_network, run.travel.over_terrain)
    )
    return gpd.GeoDataFrame(
        {
            **columns,
            "pupils": demand.sum(axis=1),
            **{f"pupils_{band}": demand[band] for band in demand},
            "access_m": access,
            "off_network": off,
            "over_terrain": guessed,
        },
        geometry=table.geometry.to_crs(DEGREES),
    )


def _schools(run: Run) -> gpd.GeoDataFrame:
    table = run.county.schools
    columns: dict[str, Any] = {name: _text(table, name) for name in ("name", "name_en", "township")}
    columns |= {"protected": table["protected"].astype(bool), "candidate": table["candidate"].astype(bool), "seats": table["seats"]}
    for when, layout in (("today", run.today), ("plan", run.plan)):
        sites = layout.sites.reindex(table.index)
        columns |= {f"{shown}_{when}": sites[name] for name, shown in SITE_VIEW.items()}
        columns[f"beds_{when}"] = sites["beds"] + sites["new_beds"]
    return gpd.GeoDataFrame(columns, geometry=table.geometry.to_crs(DEGREES))


def _trips(run: Run, layout: Layout, when: str) -> pd.DataFrame:
    trips = layout.assignment.copy()
    trips["limit_s"] = trip_limits(trips, run.norms, run.scenario)
    trips["cause"] = trip_causes(layout, run.travel, run.norms, run.scenario)
    trips["guessed_share"] = run.travel.guessed_shares(layout.assignment).round(3)
    trips.insert(2, "when", when)
    return trips.drop(columns="cost_yuan")


def _bad_days(table: pd.DataFrame | None) -> pd.DataFrame | None:
    return None if table is None or table.empty else table[list(DAY_COLUMNS)]


def _venues(run: Run) -> gpd.GeoDataFrame | None:
    """Return the venues with the worst that is said of them beside any school."""
    venues = run.county.venues
    if venues is None or venues.empty:
        return None
    found = run.assessment["surroundings"] if "surroundings" in run.assessment else pd.DataFrame(columns=["venue_id", "state"])
    near, check = (set(found["venue_id"][found["state"] == state]) for state in ("too_near", "check"))
    states = ["too_near" if key in near else "check" if key in check else "" for key in venues.index.astype(str)]
    columns = {"name": _text(venues, "name"), "kind": _text(venues, "kind"), "state": states}
    return gpd.GeoDataFrame(columns, index=venues.index, geometry=venues.geometry.to_crs(DEGREES))


def _mended(run: Run) -> gpd.GeoDataFrame | None:
    """Return the roads that the plan mends or builds, one row each."""
    chosen = [fix for fix in run.scenario.plan.road_fixes if fix.id in run.plan.fixes]
    if not chosen:
        return None
    edges = mend_roads(run.county.roads, chosen).edges.to_crs(DEGREES)
    rows = [
        {
            "id": fix.id,
            "name": fix.name.zh,
            "name_en": fix.name.en,
            "is_new": bool(fix.line),
            "geometry": shapely.MultiLineString(list(edges.geometry[edges["way"].isin([*fix.ways, new_way(fix)])])),
        }
        for fix in chosen
    ]
    return gpd.GeoDataFrame(rows, crs=DEGREES)


def describe_view(view: RunView) -> dict[str, Any]:
    """Return what `run.json` holds of a view, as plain JSON values."""
    return {
        "name": view.name,
        "title": view.title._asdict(),
        "year": view.year,
        "verdict": view.verdict,
        "bands": [[band, list(grades)] for band, grades in view.bands.items()],  # pairs, since JSON keys are written sorted
        "mergers": list(view.mergers),
        "measures": view.measures,
        "findings": [_describe_finding(finding) for finding in view.findings],
        "notes": [{"code": note.code, "text": note.text._asdict(), "count": note.count} for note in view.notes],
        "sources": [{"role": s.role, "path": s.path, "sha256": s.sha256, "rows": s.rows} for s in view.sources],
        "norms_title": view.norms_title._asdict(),
        "review_number": view.review_number,
        "relief": None if view.relief is None else list(view.relief.bounds),
    }


def _describe_finding(finding: Finding) -> dict[str, Any]:
    number = {name: _finite(getattr(finding, name)) for name in ("measured", "limit")}
    return {
        "rule": finding.rule,
        "verdict": finding.verdict,
        "subject": finding.subject,
        "text": finding.text._asdict(),
        "cure": finding.cure._asdict(),
        "source": finding.source,
        "flag": finding.flag,
        **number,
        "unit": finding.unit,
        "settlements": list(finding.settlements),
        "evidence": finding.evidence,
    }


def _finite(value: float | None) -> float | str | None:
    """Return a JSON value: infinity becomes the word `unreachable`."""
    return "unreachable" if value is not None and np.isinf(value) else value


def _number(value: float | str | None) -> float | None:
    return np.inf if isinstance(value, str) else value


def write_view_tables(view: RunView, folder: Path) -> None:
    """Write the tables of a view as parquet files into `folder`."""
    for name in GEO_TABLES:
        table = getattr(view, name)
        if table is not None:
            table.to_parquet(folder / f"{name}.parquet")
    view.trips.to_parquet(folder / "trips.parquet")
    for name in BUS_PLAIN_TABLES:
        table = getattr(view, name)
        if table is not None:
            table.to_parquet(folder / f"{name}.parquet")
    if view.relief is not None:
        (folder / RELIEF).write_bytes(view.relief.jpeg)


def read_view(folder: Path) -> RunView:
    """Return the view of the run stored in `folder`.

    Raises
    ------
    InputError : the folder holds no complete run.
    """
    try:
        stored = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        tables = {name: gpd.read_parquet(folder / f"{name}.parquet") for name in GEO_TABLES if (folder / f"{name}.parquet").exists()}
        trips = pd.read_parquet(folder / "trips.parquet")
        plain = {name: pd.read_parquet(folder / f"{name}.parquet") for name in BUS_PLAIN_TABLES if (folder / f"{name}.parquet").exists()}
        days = pd.read_parquet(folder / BAD_DAYS) if (folder / BAD_DAYS).exists() else None
        view = _rebuild(stored["view"], tables | plain, trips)
        return replace(view, bad_days=_bad_days(days), relief=_read_relief(folder, stored["view"].get("relief")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise missing_run(folder, error) from error


def _read_relief(folder: Path, bounds: list[float] | None) -> Relief | None:
    if bounds is None or not (folder / RELIEF).exists():
        return None
    west, south, east, north = bounds
    return Relief((folder / RELIEF).read_bytes(), (west, south, east, north))


def missing_run(folder: Path, error: Exception) -> InputError:
    """Return the fault of a folder that holds no complete run."""
    return InputError(
        [
            Problem(
                str(folder),
                Words("不是完整的运行结果文件夹", f"not the folder of a complete run ({type(error).__name__})"),
                Words("先用 layout-planner run 生成", "make it with `layout-planner run`"),
            )
        ]
    )


def _rebuild(stored: dict[str, Any], tables: dict[str, Any], trips: pd.DataFrame) -> RunView:
    findings = tuple(
        Finding(
            **{
                **entry,
                "text": Words(**entry["text"]),
                "cure": Words(**entry["cure"]),
                "settlements": tuple(entry["settlements"]),
                "measured": _number(entry["measured"]),
                "limit": _number(entry["limit"]),
            }
        )
        for entry in stored["findings"]
    )
    return RunView(
        name=stored["name"],
        title=Words(**stored["title"]),
        year=stored["year"],
        verdict=stored["verdict"],
        settlements=tables["settlements"],
        schools=tables["schools"],
        trips=trips,
        roads=tables["roads"],
        boundary=tables.get("boundary"),
        bands={band: tuple(grades) for band, grades in stored["bands"]},
        mergers=tuple(stored["mergers"]),
        findings=findings,
        measures=stored["measures"],
        notes=tuple(Note(n["code"], Words(**n["text"]), n["count"]) for n in stored["notes"]),
        sources=tuple(Source(**s) for s in stored["sources"]),
        norms_title=Words(**stored["norms_title"]),
        review_number=str(stored.get("review_number", "")),
        ways=tables.get("ways"),
        **{name: tables.get(name) for name in (*BUS_GEO_TABLES, *BUS_PLAIN_TABLES)},
        venues=tables.get("venues"),
        water=tables.get("water"),
        mended=tables.get("mended"),
    )
