"""The report of one run: figures, three charts, who is still at risk, what was merged, where every number comes from."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import numpy as np

from layout_planner.compare import MEASURES, SHOWN_IN_10_000
from layout_planner.names import name_band
from layout_planner.output.map_data import pair
from layout_planner.output.pages import describe_run, page_words, show_measure, show_number, write_page
from layout_planner.output.report_tables import describe_assessment
from layout_planner.output.safe import clean_text
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping
    from pathlib import Path

    import pandas as pd
    from matplotlib.figure import Figure

    from layout_planner.output.view import RunView
    from layout_planner.words import Lang

MOST_ROWS = 300
MOST_TOWNSHIPS = 15
CJK_FONTS = ("Microsoft YaHei", "PingFang SC", "Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "SimHei", "WenQuanYi Zen Hei")
TODAY, PLAN, LIMIT = "#8a949c", "#0072B2", "#D55E00"
MODE_COLORS = {"walk": "#56B4E9", "bus": "#F0E442", "school_bus": "#E69F00", "board": "#CC79A7", "home": "#999999", "unserved": "#222222"}
CAPTIONS = {
    "minutes": Words(
        "单程分钟数分布（学生数）：灰色为现状，蓝线为方案，虚线为上限",
        "Minutes one way, by pupils: grey today, blue proposed, dashed the limit",
    ),
    "townships": Words("各乡镇有风险的学生", "Pupils at risk by township"),
    "modes": Words("上学方式所占比例（%）", "How pupils go to school (%)"),
}


def write_report(view: RunView, path: Path, lang: Lang, assessment: Mapping[str, pd.DataFrame] | None = None) -> None:
    """Write the report of a run; `assessment` holds tables of ASSESSMENTS.

    Raises
    ------
    OutputError : the folder cannot be written.
    """
    at_risk = view.trips[(view.trips["when"] == "plan") & (view.trips["cause"] != "") & (view.trips["pupils"] > 0)]
    words = page_words()
    page = describe_run(view, Words("方案报告", "Report")) | {
        "figures": _compare_measures(view),
        "charts": [_show_chart(name, view) for name in CAPTIONS],
        "risk": _list_risk(at_risk, view, words),
        "risk_total": len(at_risk),
        "sections": describe_assessment(assessment or {}, view),
        "sources": [
            {
                "role": words.get(f"role.{source.role}", (source.role, source.role)),
                "file": source.path.replace("\\", "/").rsplit("/", 1)[-1],
                "rows": f"{source.rows:,}",
                "sha256": source.sha256,
            }
            for source in view.sources
        ],
    }
    write_page("report.html", page, path, lang)


def find_cjk_font() -> str | None:
    """Return the first installed font that can write Chinese, or None."""
    from matplotlib import font_manager

    installed = {font.name for font in font_manager.fontManager.ttflist}
    return next((font for font in CJK_FONTS if font in installed), None)


def _compare_measures(view: RunView) -> list[dict[str, Any]]:
    today, plan = view.measures.get("today", {}), view.measures.get("plan", {})
    rows = []
    for key, measure in MEASURES.items():
        if key not in today and key not in plan:
            continue
        change = _as_shown(key, plan.get(key, np.nan)) - _as_shown(key, today.get(key, np.nan))  # so that the three figures agree
        sign = "+" if change > 0 else ""
        shown = show_measure(key, change)
        rows.append(
            {
                "label": (measure.label.zh, measure.label.en),
                "today": show_measure(key, today.get(key)),
                "plan": show_measure(key, plan.get(key)),
                "change": "0" if shown in {"0", "-0"} else sign + shown,
            }
        )
    return rows


def _as_shown(key: str, value: float) -> float:
    """Return a figure rounded as it is printed."""
    scale = 10_000 if key in SHOWN_IN_10_000 else 1
    return round(value / scale, MEASURES[key].decimals) * scale


def _list_risk(at_risk: pd.DataFrame, view: RunView, words: dict[str, tuple[str, str]]) -> list[dict[str, Any]]:
    """Return the rows of the table, the longest trips and most pupils first."""
    rows = at_risk.sort_values(["seconds", "pupils", "settlement_id", "band"], ascending=[False, False, True, True]).head(MOST_ROWS)
    places, schools = view.settlements, view.schools
    shown = []
    for trip in rows.to_dict("records"):
        place, band, cause, seconds = places.loc[trip["settlement_id"]], str(trip["band"]), str(trip["cause"]), float(trip["seconds"])
        school = schools.loc[trip["school_id"]] if trip["school_id"] in schools.index else None
        shown.append(
            {
                **_names(place),
                "township": clean_text(place.get("township")),
                "band": pair(name_band(band, view.bands.get(band, ()))),
                "pupils": int(trip["pupils"]),
                "school": None if school is None else _names(school),
                "minutes": _show_span(trip) if np.isfinite(seconds) else "—",
                "cause": words.get(f"cause.{cause}", (cause, cause)),
            }
        )
    return shown


def _show_span(trip: dict[Hashable, Any]) -> str:
    """Return minutes as expected, and from the best to the slowest day."""
    low, high = (show_number(float(trip[end]) / 60, 0) for end in ("optimistic_s", "pessimistic_s"))
    return f"{show_number(float(trip['seconds']) / 60, 0)} ({low}–{high})"


def _names(row: pd.Series) -> dict[str, str]:
    return {"name": clean_text(row["name"]), "name_en": clean_text(row.get("name_en"))}


def _show_chart(name: str, view: RunView) -> dict[str, Any]:
    draw = {"minutes": _draw_minutes, "townships": _draw_townships, "modes": _draw_modes}[name]
    font = find_cjk_font()
    images = {"en": _draw_image(draw, view, "en", font)}
    images["zh"] = _draw_image(draw, view, "zh", font) if font else images["en"]
    return {**images, "caption": (CAPTIONS[name].zh, CAPTIONS[name].en)}


def _draw_image(draw: Callable[[Figure, RunView, dict[str, str]], None], view: RunView, lang: Lang, font: str | None) -> str:
    """Return a chart as a data URI; letters become outlines, so that no reader needs the font."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    settings = {
        "font.family": [font, "DejaVu Sans"] if font else ["DejaVu Sans"],
        "font.size": 11,
        "axes.unicode_minus": False,
        "svg.fonttype": "path",
        "svg.hashsalt": "layout_planner",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "text.parse_math": False,
    }
    with mpl.rc_context(settings):
        figure = Figure(layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure, view, {key: (zh if lang == "zh" else en) for key, (zh, en) in page_words().items()})
        file = io.BytesIO()
        figure.savefig(file, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(file.getvalue()).decode()


def _draw_minutes(figure: Figure, view: RunView, words: dict[str, str]) -> None:
    """Draw one histogram a band, minutes one way."""
    figure.set_size_inches(9, 2.9)
    edges = np.arange(0, 125, 5)
    for axes, band in zip(np.atleast_1d(figure.subplots(1, len(view.bands), sharey=True)), view.bands, strict=True):
        for when, style in (("today", {"color": TODAY, "alpha": 0.45, "fill": True}), ("plan", {"color": PLAN, "linewidth": 2})):
            trips = view.trips[(view.trips["when"] == when) & (view.trips["band"] == band) & np.isfinite(view.trips["seconds"])]
            counts, _ = np.histogram((trips["seconds"] / 60).clip(upper=119), bins=edges, weights=trips["pupils"])
            axes.stairs(counts, edges, **style)
        limits = view.trips.loc[(view.trips["band"] == band) & (view.trips["mode"] != "board"), "limit_s"]
        finite = limits[np.isfinite(limits)]
        if len(finite):
            axes.axvline(finite.min() / 60, color=LIMIT, linestyle="--", linewidth=1.5)
        name = name_band(band, view.bands[band])
        axes.set(
            title=name.zh if words["now"] == "现状" else name.en,
            xlabel=words["minutes"],
            xlim=(0, 120),
            xticks=range(0, 121, 30),
            xticklabels=["0", "30", "60", "90", "120+"],
        )
    figure.axes[0].set_ylabel(words["pupils"])


def _draw_townships(figure: Figure, view: RunView, words: dict[str, str]) -> None:
    """Draw pupils at risk by township, today and under the plan, the worst on top."""
    trips = view.trips[view.trips["cause"] != ""]
    plain = "".join if words["now"] == "现状" else _plain_letters
    township = trips["settlement_id"].map(view.settlements["township"]).map(clean_text).map(lambda name: plain(name)[:16] or "—")
    table = trips.assign(township=township).pivot_table(index="township", columns="when", values="pupils", aggfunc="sum", fill_value=0)
    table = table.reindex(columns=["today", "plan"], fill_value=0)
    table = table.sort_values(["plan", "today"]).tail(MOST_TOWNSHIPS)
    figure.set_size_inches(9, 1.2 + 0.36 * max(1, len(table)))
    axes, rows = figure.subplots(), np.arange(len(table))
    axes.barh(rows + 0.2, table["today"], 0.38, color=TODAY, label=words["now"])
    axes.barh(rows - 0.2, table["plan"], 0.38, color=PLAN, label=words["plan"])
    axes.set_yticks(rows, table.index)
    axes.set_xlabel(words["pupils"])
    axes.legend(frameon=False, loc="lower right")


def _plain_letters(name: str) -> str:
    """Return a Chinese name in pinyin, for charts that carry English words or no Chinese font."""
    from pypinyin import lazy_pinyin

    return "".join(mark for mark in "".join(lazy_pinyin(name)).capitalize() if mark.isascii())


def _draw_modes(figure: Figure, view: RunView, words: dict[str, str]) -> None:
    """Draw the share of pupils by mode, today above the plan."""
    figure.set_size_inches(9, 2.1)
    axes = figure.subplots()
    for row, when in ((1, "today"), (0, "plan")):
        pupils = view.trips[view.trips["when"] == when].groupby("mode")["pupils"].sum()
        left, total = 0.0, max(1, pupils.sum())
        for mode, color in MODE_COLORS.items():
            share = 100 * float(pupils.get(mode, 0)) / total
            if share == 0:
                continue
            axes.barh(row, share, 0.6, left=left, color=color, edgecolor="white", label=words[f"mode.{mode}"])
            if share > 4:  # noqa: PLR2004 - narrower parts cannot hold a number
                axes.text(left + share / 2, row, f"{share:.0f}", ha="center", va="center", color="white" if mode == "unserved" else "black")
            left += share
    drawn = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    names = [words[f"mode.{mode}"] for mode in MODE_COLORS if words[f"mode.{mode}"] in drawn]
    axes.legend([drawn[name] for name in names], names, frameon=False, ncols=6, loc="upper center", bbox_to_anchor=(0.5, -0.12))
    axes.set(yticks=[1, 0], yticklabels=[words["now"], words["plan"]], xlim=(0, 100), xticks=[])
    axes.spines["bottom"].set_visible(False)
