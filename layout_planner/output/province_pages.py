"""The page of a province: three maps, counties ranked, what is shared and at what price, who crosses a border, what failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from layout_planner.output.pages import show_number, write_page
from layout_planner.output.safe import clean_text
from layout_planner.province.parts import PRICED, RESOURCES
from layout_planner.words import Words

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd

    from layout_planner.province.run import ProvinceRun
    from layout_planner.words import Lang

WIDTH = 300  # of a map, in units of its view box
STEPS = ("#fde8d8", "#f9b98d", "#ee7f4c", "#c8461f", "#7f2206")  # light = little; told apart in grey as well
UNKNOWN = "#e3e7ea"
MAPS = (  # figure, name, factor, decimals
    ("at_risk_share", Words("仍有风险的学生占比（%）", "Pupils still at risk, %"), 100, 1),
    ("retention", Words("九年巩固率（%）", "Retention over nine years, %"), 100, 1),
    ("cost_per_pupil_yuan", Words("生均年成本（元）", "Cost a pupil and year, yuan"), 1, 0),
)
GOOD_WHEN_HIGH = {"retention"}
MOST_CROSSINGS = 40


def write_province_page(run: ProvinceRun, counties: gpd.GeoDataFrame, path: Path, lang: Lang) -> None:
    """Write the page of `run`; `counties` as `tabulate_counties` gives them.

    Raises
    ------
    OutputError : the folder cannot be written.
    """
    part = next(iter(run.final.values()))
    title = run.province.title
    page = {
        "kind": ("省级报告", "Report of a province"),
        "heading": (title.zh, title.en),
        "year": part.facts["year"],
        "norms": tuple(part.facts["norms"]),
        "osm": False,
        "planned": bool(run.plans),
        "totals": _totals(counties),
        "maps": _draw_maps(counties),
        "counties": [_show_county(row) for row in counties.to_dict("records")],
        "budget": _show_budget(run, counties),
        "rounds": [
            (number, _show_prices(run, done.prices), show_number(done.at_risk, 0), done.tried)
            for number, done in enumerate(run.rounds, start=1)
        ],
        "priced": [tuple(PRICED[name][1]) for name in run.province.budget.limits],
        "crossings": _show_crossings(run, counties),
        "border_km": show_number(run.province.border_km),
        "failures": [(failure.county_id, tuple(failure.why)) for failure in run.failures],
    }
    write_page("province.html", page, path, lang)


def _totals(counties: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    rows = (
        ("pupils", Words("学生", "Pupils")),
        ("at_risk_today", Words("现在有风险的学生", "At risk today")),
        ("at_risk", Words("方案下仍有风险", "Still at risk")),
        ("crossing_out", Words("跨县界解决", "Helped across a border")),
    )
    return [{"label": tuple(label), "value": f"{int(counties[name].sum()):,}"} for name, label in rows]


def _show_county(row: dict[Any, Any]) -> dict[str, Any]:
    shown = {name: show_number(float(row[name]), 0) or "0" for name in ("pupils", "at_risk_today", "at_risk", "crossing_out", *RESOURCES)}
    return {
        **shown,
        "rank": row["rank"],
        "name": clean_text(row["name"]),
        "name_en": clean_text(row["name_en"]),
        "share": f"{100 * row['at_risk_share']:.1f}%" if np.isfinite(row["at_risk_share"]) else "—",
        "retention": f"{100 * row['retention']:.1f}%" if np.isfinite(row["retention"]) else "—",
        "cost": show_number(row["cost_yuan"] / 10_000, 0),
        "per_pupil": show_number(row["cost_per_pupil_yuan"], 0),
        "gate": row["gate"],
        "mergers": row["mergers"],
        "disagreements": row["disagreements"],
    }


def _show_budget(run: ProvinceRun, counties: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    last = _show_prices(run, run.rounds[-1].prices) if run.rounds else []
    return [
        {
            "label": tuple(RESOURCES[name]),
            "limit": show_number(limit, 0),
            "wished": show_number(run.wishes.get(name, np.nan), 0) or "0",
            "used": show_number(float(counties[name].sum()), 0) or "0",
            "price": last[k] if k < len(last) else "",
            "priced": tuple(PRICED[name][1]),
        }
        for k, (name, limit) in enumerate(run.province.budget.limits.items())
    ]


def _show_prices(run: ProvinceRun, prices: tuple[float, ...]) -> list[str]:
    """Return prices as they are told: of a bed, a bus, 10,000 yuan."""
    return [show_number(PRICED[name][0] * price, 2) or "0" for name, price in zip(run.province.budget.limits, prices, strict=True)]


def _show_crossings(run: ProvinceRun, counties: gpd.GeoDataFrame) -> dict[str, Any]:
    names = {row["county_id"]: (clean_text(row["name"]), clean_text(row["name_en"])) for row in counties.to_dict("records")}
    moves: pd.DataFrame = run.crossings
    if moves.empty:
        return {"rows": [], "more": 0}
    sums = moves.groupby(["guest", "host"])["pupils"].sum()
    grouped = pd.DataFrame({"pupils": sums}).reset_index().sort_values(["pupils", "guest", "host"], ascending=[False, True, True])
    rows = [(names[m["guest"]], names[m["host"]], int(m["pupils"])) for m in grouped.head(MOST_CROSSINGS).to_dict("records")]
    return {"rows": rows, "more": max(0, len(grouped) - MOST_CROSSINGS)}


def _draw_maps(counties: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Return one map a figure: outlines as paths, the county's rank as its label, five steps of equally many counties."""
    metric = counties.to_crs(counties.estimate_utm_crs())
    west, south, east, north = metric.total_bounds
    scale = WIDTH / max(east - west, 1.0)
    shapes = [_as_path(shape.simplify(1 / scale), west, north, scale) for shape in metric.geometry]
    spots = [((point.x - west) * scale, (north - point.y) * scale) for point in metric.geometry.representative_point()]
    return [_draw_map(counties, column, label, (factor, decimals), shapes, spots) | {"height": round((north - south) * scale)}
            for column, label, factor, decimals in MAPS if np.isfinite(counties[column].to_numpy(dtype=float)).any()]  # fmt: skip


def _draw_map(
    counties: gpd.GeoDataFrame, column: str, label: Words, shown: tuple[int, int], shapes: list[str], spots: list[tuple[float, float]]
) -> dict[str, Any]:
    factor, decimals = shown
    values = counties[column].to_numpy(dtype=float) * factor
    edges = np.unique(np.round(np.nanquantile(values, np.linspace(0, 1, len(STEPS) + 1)), decimals))
    step = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, max(0, len(edges) - 2))
    colors = STEPS[: max(1, len(edges) - 1)]
    if column in GOOD_WHEN_HIGH:
        colors = colors[::-1]
    areas = []
    for k, row in enumerate(counties.to_dict("records")):
        known = bool(np.isfinite(values[k]))
        areas.append(
            {
                "path": shapes[k],
                "fill": colors[int(step[k])] if known else UNKNOWN,
                "dark": known and colors[int(step[k])] in STEPS[-2:],
                "x": round(spots[k][0], 1),
                "y": round(spots[k][1], 1),
                "rank": row["rank"],
                "title": f"{clean_text(row['name'])} {clean_text(row['name_en'])}: {show_number(values[k], decimals)}",
            }
        )
    legend = [
        (colors[k], f"{show_number(edges[k], decimals) or '0'} – {show_number(edges[k + 1], decimals)}") for k in range(len(edges) - 1)
    ]  # fmt: skip
    return {"label": tuple(label), "areas": areas, "legend": legend or [(colors[0], show_number(edges[0], decimals) or "0")]}


def _as_path(shape: shapely.Geometry, west: float, north: float, scale: float) -> str:
    parts = []
    for polygon in shapely.get_parts(shape):
        for ring in shapely.get_rings(polygon):
            xy = shapely.get_coordinates(ring)
            points = [f"{(x - west) * scale:.1f} {(north - y) * scale:.1f}" for x, y in xy]
            parts.append("M" + "L".join(points) + "Z")
    return "".join(parts)
