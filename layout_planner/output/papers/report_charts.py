"""The charts and maps of a report, drawn once for pages (SVG, letters as outlines) and once for documents (PNG)."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from layout_planner.compare import MEASURES, SHOWN_IN_10_000
from layout_planner.names import MODES, name_band
from layout_planner.output.map_data import ROAD_GROUPS
from layout_planner.output.report import find_cjk_font
from layout_planner.output.safe import clean_text
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from layout_planner.output.view import RunView
    from layout_planner.words import Lang

TODAY_COLOR, PLAN_COLORS = "#8a949c", ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9")
LIMIT, RISK, INK = "#b03a00", "#D55E00", "#1f2933"
MODE_COLORS = {"walk": "#8ecae6", "bus": "#e9d758", "school_bus": "#f4a259", "board": "#c58bb5", "home": "#b5b5b5", "unserved": "#222222"}
ROAD_COLORS = {"major": ("#d9b08c", 0.9), "middle": ("#e5cfa8", 0.7), "minor": ("#ddd8cc", 0.4)}
KEYS = ("at_risk", "worst_minutes", "mean_minutes", "boarders", "sites_open", "cost_yuan")
MOST_TOWNSHIPS, LONGEST_MINUTES, LONGEST_TITLE, DOTS_PER_INCH = 16, 120, 44, 170
HUNDRED = 100  # a figure from here on is shown whole
DAILY = ("walk", "bus", "school_bus")
SHARE_SHOWN = 4.5  # per cent; narrower parts hold no number


@dataclass(frozen=True)
class Shown:
    """One state that a report shows: today, or the plan of one run."""

    label: Words
    view: RunView
    when: str
    color: str


@dataclass(frozen=True)
class Chart:
    """One picture with its caption, and what it tells in words for those who cannot see it."""

    key: str
    caption: Words
    draw: Callable[[Figure, Sequence[Shown], Lang], None]
    dense: bool = False  # so many lines that a page holds it as PNG


def _settings(font: str | None) -> dict[str, Any]:
    return {
        "font.family": [font, "DejaVu Sans"] if font else ["DejaVu Sans"],
        "font.size": 10,
        "axes.unicode_minus": False,
        "svg.fonttype": "path",
        "svg.hashsalt": "layout_planner",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": "#9fb0bc",
        "axes.titleweight": "bold",
        "axes.titlesize": 10.5,
        "xtick.color": INK,
        "ytick.color": INK,
        "text.parse_math": False,
    }


def draw_chart(chart: Chart, states: Sequence[Shown], lang: Lang, kind: str) -> bytes:
    """Return a chart as `svg` or `png`; in English where no font here can write Chinese."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    font = find_cjk_font()
    with mpl.rc_context(_settings(font)):
        figure = Figure(layout="constrained")
        (FigureCanvasSVG if kind == "svg" else FigureCanvasAgg)(figure)
        chart.draw(figure, states, lang if font else "en")
        file = io.BytesIO()
        metadata = {"Date": None} if kind == "svg" else {"Software": None}
        figure.savefig(file, format=kind, dpi=DOTS_PER_INCH, metadata=metadata)
    return file.getvalue()


def _name(text: object, lang: Lang, most: int = 16) -> str:
    """Return a place as a chart shows it: pinyin in English, short."""
    plain = clean_text(text)
    if lang == "en" and not plain.isascii():
        from pypinyin import lazy_pinyin

        plain = "".join(mark for mark in "".join(lazy_pinyin(plain)).capitalize() if mark.isascii())
    return plain if len(plain) <= most else plain[: most - 1] + "…"


def _draw_minutes(figure: Figure, states: Sequence[Shown], lang: Lang) -> None:
    """Draw, a band each, the share of day pupils who are at school within so many minutes."""
    bands = states[-1].view.bands
    figure.set_size_inches(9, 3.1)
    grid = figure.subplots(1, len(bands), sharey=True, squeeze=False)[0]
    for axes, (band, grades) in zip(grid, bands.items(), strict=True):
        for state in states:
            minutes, share = _shares(state, band)
            axes.plot(minutes, share, color=state.color, linewidth=2.2 if state.when == "plan" else 1.8, drawstyle="steps-post")
        limits = [limit for state in states if np.isfinite(limit := _limit(state, band))]
        if limits:
            axes.axvline(min(limits), color=LIMIT, linestyle=(0, (4, 3)), linewidth=1.2)
            axes.text(min(limits) + 1.5, 4, Words("上限", "limit").say(lang), color=LIMIT, fontsize=9)
        axes.set(title=name_band(band, grades).say(lang), xlim=(0, LONGEST_MINUTES), ylim=(0, 101), xticks=range(0, 121, 30))
        axes.set_xlabel(Words("单程分钟", "minutes one way").say(lang))
        axes.grid(axis="y", color="#e3e9ed", linewidth=0.8)
        axes.set_axisbelow(True)
    grid[0].set_ylabel(Words("走读学生（%）", "day pupils, %").say(lang))
    _legend(figure, states, lang)


def _shares(state: Shown, band: str) -> tuple[Any, Any]:
    trips = state.view.trips
    own = trips[(trips["when"] == state.when) & (trips["band"] == band) & trips["mode"].isin(DAILY)].sort_values("seconds")
    total = float(own["pupils"].sum())
    if not total:
        return np.zeros(0), np.zeros(0)
    minutes = np.append(own["seconds"].to_numpy(dtype=float) / 60, LONGEST_MINUTES)
    share = 100 * np.cumsum(own["pupils"].to_numpy(dtype=float)) / total
    return np.insert(minutes, 0, 0.0), np.concatenate([[0.0], share, share[-1:]])


def _limit(state: Shown, band: str) -> float:
    trips = state.view.trips
    limits = trips.loc[(trips["band"] == band) & (trips["mode"] != "board"), "limit_s"].to_numpy(dtype=float)
    finite = limits[np.isfinite(limits)]
    return float(finite.min() / 60) if len(finite) else np.inf


def _legend(figure: Figure, states: Sequence[Shown], lang: Lang) -> None:
    from matplotlib.lines import Line2D

    marks = [Line2D([], [], color=state.color, linewidth=3) for state in states]
    figure.legend(
        marks, [_name(state.label.say(lang), "zh", LONGEST_TITLE) for state in states], loc="outside lower center", ncols=4, frameon=False
    )


def _draw_townships(figure: Figure, states: Sequence[Shown], lang: Lang) -> None:
    """Draw pupils at risk by township: a dot a state, today and the plans joined by a line."""
    counts = [_risk_by_township(state) for state in states]
    names = sorted({name for count in counts for name in count}, key=lambda name: (max(count.get(name, 0) for count in counts), name))
    names = names[-MOST_TOWNSHIPS:]
    figure.set_size_inches(9, 1.3 + 0.33 * max(2, len(names)))
    axes = figure.subplots()
    for row, name in enumerate(names):
        values = [count.get(name, 0) for count in counts]
        axes.plot([min(values), max(values)], [row, row], color="#cfd6db", linewidth=2.5, zorder=1, solid_capstyle="round")
        for state, value in zip(states, values, strict=True):
            axes.scatter(value, row, s=64 if state.when == "plan" else 46, color=state.color, zorder=3, edgecolor="white", linewidth=0.8)
    axes.set_yticks(range(len(names)), [_name(name, lang) or "—" for name in names])
    axes.set_xlabel(Words("有风险的学生", "pupils at risk").say(lang))
    axes.set_xlim(left=-1)
    axes.grid(axis="x", color="#e3e9ed", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    _legend(figure, states, lang)


def _risk_by_township(state: Shown) -> dict[str, int]:
    trips = state.view.trips
    risky = trips[(trips["when"] == state.when) & (trips["cause"] != "")]
    townships = risky["settlement_id"].map(state.view.settlements["township"]).map(clean_text)
    return {str(name): int(count) for name, count in risky.groupby(townships)["pupils"].sum().items()}


def _draw_modes(figure: Figure, states: Sequence[Shown], lang: Lang) -> None:
    """Draw the share of pupils by way to school, a bar a state."""
    figure.set_size_inches(9, 1.1 + 0.48 * len(states))
    axes = figure.subplots()
    drawn: dict[str, Any] = {}
    for row, state in enumerate(reversed(states)):
        trips = state.view.trips[state.view.trips["when"] == state.when]
        pupils, left = trips.groupby("mode")["pupils"].sum(), 0.0
        total = max(1.0, float(pupils.sum()))
        for mode, color in MODE_COLORS.items():
            share = 100 * float(pupils.get(mode, 0)) / total
            if share == 0:
                continue
            drawn[mode] = axes.barh(row, share, 0.66, left=left, color=color, edgecolor="white", linewidth=0.8)
            if share > SHARE_SHOWN:
                axes.text(
                    left + share / 2,
                    row,
                    f"{share:.0f}%",
                    ha="center",
                    va="center",
                    fontsize=9,
                    color="white" if mode == "unserved" else INK,
                )
            left += share
    axes.set(
        yticks=range(len(states)),
        yticklabels=[_name(state.label.say(lang), "zh", 22) for state in reversed(states)],
        xlim=(0, 100),
        xticks=[],
    )
    axes.tick_params(axis="y", length=0)
    for side in ("bottom", "left"):
        axes.spines[side].set_visible(False)
    names = [mode for mode in MODE_COLORS if mode in drawn]
    figure.legend(
        [drawn[mode] for mode in names], [MODES[mode].say(lang) for mode in names], loc="outside lower center", ncols=6, frameon=False
    )


def _draw_measures(figure: Figure, states: Sequence[Shown], lang: Lang) -> None:
    """Draw the figures that decide, a panel each, a bar a state."""
    keys = [key for key in KEYS if all(key in state.view.measures.get(state.when, {}) for state in states)]
    columns = 3
    rows = max(1, math.ceil(len(keys) / columns))
    figure.set_size_inches(9, 1.75 * rows + 0.5)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid[len(keys) :]:
        axes.set_visible(False)
    for axes, key in zip(grid, keys, strict=False):
        scale = 10_000 if key in SHOWN_IN_10_000 else 1
        values = [state.view.measures[state.when][key] / scale for state in states]
        axes.bar(range(len(states)), values, 0.72, color=[state.color for state in states])
        top = max([*values, 1e-9])
        for at, value in enumerate(values):
            axes.text(
                at,
                value + 0.03 * top,
                f"{value:,.{0 if value >= HUNDRED else MEASURES[key].decimals}f}",
                ha="center",
                va="bottom",
                fontsize=9,
            )
        axes.set(ylim=(0, 1.22 * top), xticks=[], yticks=[])
        axes.set_title(MEASURES[key].label.say(lang), loc="left", fontsize=9.5)
        axes.spines["left"].set_visible(False)
    _legend(figure, states, lang)


def _draw_map(figure: Figure, states: Sequence[Shown], lang: Lang) -> None:
    """Draw a small map a state: roads, schools, and where pupils are at risk, the larger the more."""
    columns = {4: 2}.get(len(states), min(3, len(states)))
    rows = math.ceil(len(states) / columns)
    west, south, east, north = states[-1].view.settlements.total_bounds
    shape = (north - south) / max(1e-9, (east - west) * math.cos(math.radians((north + south) / 2)))
    figure.set_size_inches(9, min(11.0, rows * (9 / columns) * min(1.3, max(0.6, shape)) + 0.6))
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid[len(states) :]:
        axes.set_visible(False)
    for axes, state in zip(grid, states, strict=False):
        _draw_ground(axes, state.view, south, north)
        _draw_state(axes, state)
        axes.set_title(_name(state.label.say(lang), "zh", LONGEST_TITLE), color=INK)
    _map_legend(figure, lang)


def _draw_ground(axes: Axes, view: RunView, south: float, north: float) -> None:
    from matplotlib.collections import LineCollection

    known = {road_class: group for group, classes in ROAD_GROUPS.items() for road_class in classes}
    for road_class, shape in zip(view.roads["road_class"], view.roads.geometry, strict=True):
        look = ROAD_COLORS.get(known.get(str(road_class).removesuffix("_link"), ""))
        if look:
            lines = [shapely.get_coordinates(part) for part in shapely.get_parts(shapely.simplify(shape, 2e-4))]
            axes.add_collection(LineCollection(lines, colors=look[0], linewidths=look[1], zorder=1))
    if view.boundary is not None:
        edges = [shapely.get_coordinates(part) for part in shapely.get_parts(view.boundary.geometry.boundary.simplify(3e-4).to_numpy())]
        axes.add_collection(LineCollection(edges, colors="#7c6f8a", linewidths=1.1, linestyles="dashdot", zorder=2))
    axes.autoscale_view()
    axes.set_aspect(1 / math.cos(math.radians((north + south) / 2)))
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(False)


def _draw_state(axes: Axes, state: Shown) -> None:
    view = state.view
    homes = view.settlements.geometry
    axes.scatter(homes.x, homes.y, s=2.5, color="#b4bcc2", zorder=3, linewidths=0)
    trips = view.trips[(view.trips["when"] == state.when) & (view.trips["cause"] != "")]
    risk = trips.groupby("settlement_id")["pupils"].sum().sort_values(ascending=False)
    at = homes.reindex(risk.index)
    axes.scatter(at.x, at.y, s=9 + 5 * risk.to_numpy(dtype=float), color=RISK, alpha=0.55, zorder=4, linewidths=0.4, edgecolors="white")
    sites = view.schools
    open_now = sites[sites[f"form_{state.when}"] != "closed"].geometry
    axes.scatter(open_now.x, open_now.y, s=17, marker="s", color=INK, zorder=5, linewidths=0.5, edgecolors="white")
    if state.when == "plan":
        gone = sites[(sites["form_today"] != "closed") & (sites["form_plan"] == "closed")].geometry
        axes.scatter(gone.x, gone.y, s=36, marker="x", color="#8c1d00", zorder=6, linewidths=2)


def _map_legend(figure: Figure, lang: Lang) -> None:
    from matplotlib.lines import Line2D

    entries = (
        (Line2D([], [], marker="s", color=INK, linestyle="", markersize=5), Words("学校", "schools")),
        (Line2D([], [], marker="x", color="#8c1d00", linestyle="", markersize=6, markeredgewidth=2), Words("撤并", "closed by the plan")),
        (
            Line2D([], [], marker="o", color=RISK, alpha=0.6, linestyle="", markersize=8),
            Words("有风险的学生，越大越多", "pupils at risk, the larger the more"),
        ),
        (Line2D([], [], marker="o", color="#b4bcc2", linestyle="", markersize=3), Words("其他居民点", "other settlements")),
    )
    figure.legend(
        [mark for mark, _ in entries], [words.say(lang) for _, words in entries], loc="outside lower center", ncols=4, frameon=False
    )


CHARTS = (
    Chart("measures", Words("主要数字", "The figures that decide"), _draw_measures),
    Chart("map", Words("哪里的学生有风险（示意图）", "Where pupils are at risk (sketch map)"), _draw_map, dense=True),
    Chart(
        "minutes",
        Words("走读学生单程时间：多少学生在多少分钟内到校", "Day pupils one way: how many are at school within how many minutes"),
        _draw_minutes,
    ),
    Chart("townships", Words("各乡镇有风险的学生", "Pupils at risk by township"), _draw_townships),
    Chart("modes", Words("怎么上学", "How pupils go to school"), _draw_modes),
)
