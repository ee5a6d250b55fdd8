"""The frontier as people read it: a table, a chart, and a page with both in two languages."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.markup import escape
from rich.table import Table

from layout_planner.compare import MEASURES, SHOWN_IN_10_000
from layout_planner.output.charts import save_png
from layout_planner.output.pages import show_measure, write_page
from layout_planner.output.safe import clean_text, safe_cell
from layout_planner.whole import unwritable, whole_file
from layout_planner.words import Words

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from layout_planner.frontier import Frontier, Step
    from layout_planner.words import Lang

LINE, OTHER, TODAY = "#0072B2", "#D55E00", "#8a949c"
MOST_NAMES = 12
KEPT = Words("保留", "kept")
EXPLAINED = Words(
    "每一行是在至少保留这么多所学校时最省的方案；任何方案都不让现在安全的孩子变得不安全。越往下，撤得越多，花钱越少。",
    "Each row is the cheapest plan that keeps at least so many schools; none of them puts a child at risk who is safe today."
    " Further down more schools close and less is spent.",
)


def say_frontier(found: Frontier) -> Words:
    """Return in one sentence what keeping all schools costs."""
    first, last = found.steps[0], found.steps[-1]
    saved = first.measures["cost_yuan"] - last.measures["cost_yuan"]
    fewer = round(first.measures["sites_open"] - last.measures["sites_open"])
    if fewer <= 0 and last.gap > found.scenario.solver.gap:
        return Words(
            f"时间用完，还没有找到更省的方案；最多还能省{100 * last.gap:.1f}%。请增大 solver.time_limit_s。",
            f"No cheaper plan was found in time; at most {100 * last.gap:.1f} % could still be saved. Raise solver.time_limit_s.",
        )
    if fewer <= 0:
        return Words("没有一所学校能在不伤害孩子的前提下撤掉而省钱。", "No school can close to save money without hurting a child.")
    minutes = round(last.measures["mean_minutes"] - first.measures["mean_minutes"], 1)
    told_zh, told_en = ("多", "longer") if minutes > 0 else ("少", "shorter")
    zh = f"孩子平均单程{told_zh}{abs(minutes):.1f}分钟" if minutes else "孩子平均单程不变"
    en = f"makes the mean trip {abs(minutes):.1f} minutes {told_en}" if minutes else "leaves the mean trip as long"
    kind = "school" if fewer == 1 else "schools"
    return Words(
        f"全部保留比最省的方案每年多花{saved / 10_000:.1f}万元；最省的方案少办{fewer}所，{zh}。",
        f"Keeping all schools costs {saved:,.0f} yuan a year more than the cheapest plan, which runs {fewer} {kind} fewer and {en}.",
    )


def frontier_table(found: Frontier, lang: Lang) -> Table:
    """Return the plans, most schools first, with today on top."""
    table = Table(title=Words("保留多少学校，各要多少代价", "what every number of schools kept costs").say(lang), title_justify="left")
    table.add_column("")
    for name in found.today:
        table.add_column(MEASURES[name].label.say(lang), justify="right")
    table.add_column(Words("求解差距%", "gap %").say(lang), justify="right")
    table.add_row(Words("现状", "today").say(lang), *_figures(found.today), "—", style="dim")
    for step in found.steps:
        table.add_row(f"{KEPT.say(lang)} ≥ {step.kept}", *_figures(step.measures), f"{100 * step.gap:.2f}")
    return table


def _figures(measures: dict[str, float]) -> list[str]:
    return [f"{value / (10_000 if name in SHOWN_IN_10_000 else 1):,.{MEASURES[name].decimals}f}" for name, value in measures.items()]


def describe_frontier(found: Frontier) -> dict[str, Any]:
    """Return the frontier as plain JSON values."""
    return {
        "scenario": found.scenario.name,
        "text": say_frontier(found)._asdict(),
        "today": found.today,
        "steps": [
            {"kept": step.kept, **step.measures, "cost_bound_yuan": step.bound, "gap": step.gap, "closed": list(step.closed)}
            for step in found.steps
        ],
    }


def write_frontier(found: Frontier, out: Path, lang: Lang) -> list[Path]:
    """Write frontier.csv, frontier.png and frontier.html into the folder `out`/<scenario name> and return their paths.

    Raises
    ------
    OutputError : the folder cannot be written.
    """
    folder = out / f"{found.scenario.name}-frontier"
    paths = [folder / f"frontier.{ending}" for ending in ("csv", "png", "html")]
    charts = {said: save_png(lambda figure, told: _draw(figure, found, told), said) for said in ("zh", "en")}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        text = io.StringIO()
        _tabulate(found).map(safe_cell).to_csv(text, index=False, lineterminator="\n")
        with whole_file(paths[0]) as beside:
            beside.write_text(text.getvalue(), encoding="utf-8-sig")
        with whole_file(paths[1]) as beside:
            beside.write_bytes(charts[lang])
    except OSError as error:
        raise unwritable(folder, error) from error
    write_page("frontier.html", _describe_page(found, charts), paths[2], lang)
    return paths


def _tabulate(found: Frontier) -> pd.DataFrame:
    rows = [
        {"kept": step.kept, **step.measures, "cost_bound_yuan": step.bound, "gap": step.gap, "closed": " ".join(step.closed)}
        for step in found.steps
    ]
    return pd.DataFrame(rows).round(6)


def _describe_page(found: Frontier, charts: dict[str, bytes]) -> dict[str, Any]:
    title = found.scenario.title
    return {
        "kind": ("保留学校的代价", "What keeping schools costs"),
        "heading": (clean_text(title.zh), clean_text(title.en)),
        "year": found.scenario.year,
        "norms": (found.scenario.norms, found.scenario.norms),
        "osm": False,
        "sentence": tuple(say_frontier(found)),
        "explained": tuple(EXPLAINED),
        "charts": {said: "data:image/png;base64," + base64.b64encode(chart).decode() for said, chart in charts.items()},
        "heads": [tuple(MEASURES[name].label) for name in found.today],
        "today": [show_measure(name, value) for name, value in found.today.items()],
        "steps": [_describe_step(step, before, found) for step, before in zip(found.steps, (None, *found.steps), strict=False)],
    }


def _describe_step(step: Step, before: Step | None, found: Frontier) -> dict[str, Any]:
    """Return one row of the page, with the schools that close here and were open one row above."""
    more = [school_id for school_id in step.closed if before is None or school_id not in before.closed]
    schools = found.county.schools
    english = schools["name_en"] if "name_en" in schools else schools["name"]
    names = [(clean_text(str(schools.at[j, "name"])), clean_text(str(english[j] or schools.at[j, "name"]))) for j in more[:MOST_NAMES]]
    return {
        "kept": step.kept,
        "figures": [show_measure(name, value) for name, value in step.measures.items()],
        "gap": f"{100 * step.gap:.2f}",
        "closes": names,
        "more": len(more) - len(names),
    }


def _draw(figure: Figure, found: Frontier, lang: Lang) -> None:
    """Draw cost, with its proven bound, and minutes over the number of schools kept."""
    figure.set_size_inches(10, 4.2)
    money, time = figure.subplots(1, 2)
    kept = [step.measures["sites_open"] for step in found.steps]
    cost = [step.measures["cost_yuan"] / 10_000 for step in found.steps]
    bound = [step.bound / 10_000 for step in found.steps]
    money.fill_between(kept, bound, cost, color=LINE, alpha=0.15, linewidth=0)
    money.plot(kept, cost, "o-", color=LINE)
    money.set_ylabel(Words("年成本（万元）；浅色：尚未证明的差距", "yuan a year, 10,000; shaded: what is not proven").say(lang))
    for name, color in (("p90_minutes", OTHER), ("mean_minutes", LINE)):
        time.plot(kept, [step.measures[name] for step in found.steps], "o-", color=color, label=MEASURES[name].label.say(lang))
        time.axhline(found.today[name], color=color, linewidth=1, linestyle=":")
    time.set_ylim(bottom=0)
    time.set_ylabel(Words("单程分钟；点线：现状", "minutes one way; dotted: today").say(lang))
    time.legend(frameon=False)
    for axes in (money, time):
        _finish(axes, lang)


def _finish(axes: Axes, lang: Lang) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_xlabel(Words("保留的学校与教学点", "schools and points kept").say(lang))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y", alpha=0.3)


def frontier_sentence(found: Frontier, lang: Lang) -> str:
    """Return `say_frontier` for the terminal."""
    return escape(say_frontier(found).say(lang))
