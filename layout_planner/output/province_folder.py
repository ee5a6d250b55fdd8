"""The folder of a province: tables as partitioned GeoParquet, one row a county, and the page; old or new, never half."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from layout_planner.output.province_pages import write_province_page
from layout_planner.output.safe import safe_cell
from layout_planner.province.parts import RESOURCES
from layout_planner.whole import replaced_folder

if TYPE_CHECKING:
    from pathlib import Path

    from layout_planner.province.parts import Part, Shelf
    from layout_planner.province.run import ProvinceRun
    from layout_planner.words import Lang

MARK = "province.json"
PARTITIONED = ("settlements", "schools", "trips")
DEGREES = "EPSG:4326"


def write_province(run: ProvinceRun, shelf: Shelf, out: Path, lang: Lang) -> Path:
    """Write everything of `run` into the folder `out`/<name> and return it.

    Raises
    ------
    OutputError : the place cannot be written, or holds something that is no province.
    """
    place = out / run.province.name
    counties = tabulate_counties(run, shelf)
    with replaced_folder(place, MARK) as folder:
        counties.to_parquet(folder / "counties.parquet")
        plain = pd.DataFrame(counties.drop(columns="geometry"))
        plain.map(safe_cell).to_csv(folder / "counties.csv", index=False, encoding="utf-8-sig", lineterminator="\n")
        run.crossings.to_parquet(folder / "crossings.parquet")
        for county_id, part in run.final.items():
            for name in PARTITIONED:
                home = folder / name / f"county={county_id}"
                home.mkdir(parents=True)
                shelf.table(part.key, name).to_parquet(home / "part.parquet", index=False)
        write_province_page(run, counties, folder / "province.html", lang)
        (folder / MARK).write_text(_as_json(describe_province(run, counties)), encoding="utf-8")
    return place


def tabulate_counties(run: ProvinceRun, shelf: Shelf) -> gpd.GeoDataFrame:
    """Return one row a county, the most pupils still at risk first; outlines in degrees.

    `at_risk` is under the plan and after crossings, `crossing_out` are those who get a place in a neighbouring county; figures that a
    county does not have are NaN.
    """
    out = run.crossings.groupby("guest")["pupils"].sum() if len(run.crossings) else pd.Series(dtype=int)
    rows, shapes = [], []
    for county_id, part in run.final.items():
        rows.append(_row(run.today[county_id], part, int(out.get(county_id, 0))))
        shapes.append(shelf.table(part.key, "outline").geometry.iloc[0])
    table = gpd.GeoDataFrame(rows, geometry=shapes, crs=DEGREES)
    table = table.sort_values(["at_risk", "county_id"], ascending=[False, True], ignore_index=True)
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    return table


def _row(today: Part, part: Part, crossing: int) -> dict[str, Any]:
    figures = part.figures
    zh, en = part.facts["title"]
    pupils = figures["pupils"]
    return {
        "county_id": part.county_id,
        "name": zh,
        "name_en": en,
        "settlements": int(figures["settlements"]),
        "schools": int(figures["schools"]),
        "pupils": int(pupils),
        "at_risk_today": int(today.figures["at_risk"]),
        "at_risk": int(figures["at_risk"]) - crossing,
        "crossing_out": crossing,
        "at_risk_share": round((figures["at_risk"] - crossing) / pupils, 4) if pupils else np.nan,
        "mean_minutes": round(figures["mean_minutes"], 1),
        "retention": round(figures.get("retention", np.nan), 4),
        "dropout": round(figures.get("dropout", np.nan), 5),
        "cost_yuan": round(figures["cost_yuan"]),
        "cost_per_pupil_yuan": round(figures["cost_yuan"] / pupils) if pupils else np.nan,
        "sites_open": int(figures["sites_open"]),
        **{name: round(figures.get(name, 0.0)) for name in RESOURCES},
        "gate": part.facts["verdict"],
        "mergers": int(part.facts.get("mergers", 0)),
        "disagreements": int(part.facts.get("disagreements", 0)),
    }


def describe_province(run: ProvinceRun, counties: gpd.GeoDataFrame) -> dict[str, Any]:
    """Return the result as plain values: totals, counties, shared limits with prices, failures; nothing that differs between equal runs."""
    limits = run.province.budget.limits
    table = pd.DataFrame(counties.drop(columns="geometry"))
    return {
        "name": run.province.name,
        "title": run.province.title.model_dump(),
        "totals": {name: int(table[name].sum()) for name in ("settlements", "schools", "pupils", "at_risk_today", "at_risk", "crossing_out",
                                                             "cost_yuan", *RESOURCES)},
        "counties": json.loads(table.to_json(orient="records", force_ascii=False)),
        "budget": {
            name: {"limit": limit, "used": float(table[name].sum()), "wished": run.wishes.get(name)} for name, limit in limits.items()
        },
        "rounds": [
            {"at_risk": round(r.at_risk, 6), "tried": r.tried, "prices": {n: round(p, 9) for n, p in zip(limits, r.prices, strict=True)}}
            for r in run.rounds
        ],
        "failures": [{"county_id": failure.county_id, "why": failure.why._asdict()} for failure in run.failures],
    }  # fmt: skip


def _as_json(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False) + "\n"
