"""The frontier as people read it: a table, a chart, and a page with both in two languages."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.markup import escape
from rich.table import Table

from layout_planner.compare import MEASURES, SHOWN_IN_10_000
from layout_planner.frontier import AXIS_MEASURES, AXIS_NAMES, AXIS_UNITS, SHOWN_YUAN
from layout_planner.output.charts import as_uri, save_png
from layout_planner.output.map_data import are_osm
from layout_planner.output.maps import LEAST_RUNS, MOST_RUNS, write_compare_map, write_map
from layout_planner.output.pages import write_page
from layout_planner.output.safe import clean_text
from layout_planner.output.study_files import describe_notes, write_study
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from layout_planner.frontier import Frontier, Step
    from layout_planner.output.view import RunView
    from layout_planner.words import Lang

LINE, OTHER, TODAY = "#0072B2", "#D55E00", "#8a949c"
MOST_NAMES = 12
SEEN = 1e-4  # a gap below this is no wider than the line
TOGETHER = "plans.html"
KEPT = Words("保留", "kept")
AXIS_SHORT = {
    "kept": Words("保留的学校", "the number of schools kept"),
    "minutes": Words("最长单程", "the longest trip"),
    "beds": Words("新增床位", "the number of new beds"),
    "yuan": Words("年成本", "the cost"),
}
AXIS_BOUND = {  # yuan are never bounded
    "kept": Words("至少保留{bound}所", "At least {bound} schools kept"),
    "minutes": Words("单程不超过{bound}分钟", "No trip over {bound} minutes"),
    "beds": Words("新增床位最多{bound}张", "At most {bound} new beds"),
}
EXPLAINED = Words(
    "每一行是在至少保留这么多所学校时最省的方案；任何方案都不让现在安全的孩子变得不安全。越往下，撤得越多，花钱越少。",
    "Each row is the cheapest plan that keeps at least so many schools; none of them puts a child at risk who is safe today."
    " Further down more schools close and less is spent.",
)
EXPLAINED_PAIR = Words(
    "每一行是在该限制下的最好方案，再取其中最省的；只列有效方案：没有别的方案两项都不差而有一项更好。粗体：在某种权衡下最好。"
    "任何方案都不让现在安全的孩子变得不安全。",
    "Each row is the best plan within its bound, and of those the cheapest; only efficient plans are listed, which no other beats in one"
    " without losing in the other. Bold: best of some weighing of both. None of them puts a child at risk who is safe today.",
)
ROADS_TOO = Words("年成本含所修道路按年分摊的钱。", " The yearly cost holds the roads that a plan mends, by the year.")


def say_frontier(found: Frontier) -> Words:
    """Return in one sentence what keeping all schools costs."""
    first, last = found.steps[0], found.steps[-1]
    saved = first.measures["cost_yuan"] - last.measures["cost_yuan"]
    fewer = round(first.measures["sites_open"] - last.measures["sites_open"])
    if fewer <= 0 and last.gap > found.scenario.solver.gap:
        left = max(0.0, 100 * (1 - last.bound / last.measures["cost_yuan"]))  # the gap may be that of a goal before money
        return Words(
            f"时间用完，还没有找到更省的方案；最多还能省{left:.1f}%。请增大 solver.time_limit_s。",
            f"No cheaper plan was found in time; at most {left:.1f} % could still be saved. Raise solver.time_limit_s.",
        )
    if fewer <= 0:
        return Words("没有一所学校能在不伤害孩子的前提下撤掉而省钱。", "No school can close to save money without hurting a child.")
    minutes = round(last.measures["mean_minutes"] - first.measures["mean_minutes"], 1)
    told_zh, told_en = ("多", "longer") if minutes > 0 else ("少", "shorter")
    zh = f"孩子平均单程{told_zh}{abs(minutes):.1f}分钟" if minutes else "孩子平均单程不变"
    en = f"makes the mean trip {abs(minutes):.1f} minutes {told_en}" if minutes else "leaves the mean trip as long"
    kind, sure = "school" if fewer == 1 else "schools", _say_between(first, last)
    return Words(
        f"全部保留比最省的方案每年多花{saved / 10_000:.1f}万元；最省的方案少办{fewer}所，{zh}。{sure.zh}",
        f"Keeping all schools costs {saved:,.0f} yuan a year more than the cheapest plan, which runs {fewer} {kind} fewer and {en}."
        f" {sure.en}",
    )


def _say_between(dear: Step, cheap: Step) -> Words:
    """Return between which sums the difference of two least costs lies, whatever better plans were not found."""
    low = max(0.0, dear.bound - cheap.measures["cost_yuan"])
    high = dear.measures["cost_yuan"] - cheap.bound
    if f"{low / SHOWN_YUAN:.1f}" == f"{high / SHOWN_YUAN:.1f}":
        return Words("这个差额已经证明。", "This difference is proven.")
    return Words(
        f"可以证明，这个差额在{low / SHOWN_YUAN:,.1f}万元到{high / SHOWN_YUAN:,.1f}万元之间。",
        f"It is proven that this difference is between {low:,.0f} and {high:,.0f} yuan.",
    )


def say_pair(found: Frontier) -> Words:
    """Return in two sentences how far the second axis moves as the first one is bounded."""
    first, last = found.steps[0], found.steps[-1]
    (loose, tight), (before, after) = ([_say_axis(step, axis) for step in (first, last)] for axis in found.pair)
    if len(found.steps) == 1:
        return Words(f"只有一个有效方案：{loose.zh}，{before.zh}。", f"There is one efficient plan only: {loose.en}, {before.en}.")
    sure, more = sum(step.supported for step in found.steps), _say_more(first, last, found.pair[1])
    between = _say_between(last, first) if found.pair[1] == "yuan" else Words("", "")
    names = [AXIS_SHORT[axis] for axis in found.pair]
    return Words(
        f"{names[0].zh}由{loose.zh}到{tight.zh}，{names[1].zh}由{before.zh}到{after.zh}（{more.zh}）。"
        f"{between.zh}共{len(found.steps)}个有效方案，其中{sure}个在某种权衡下最好。",
        f"From {loose.en} to {tight.en}, {names[1].en} goes from {before.en} to {after.en} ({more.en})."
        f"{f' {between.en}' if between.en else ''} {len(found.steps)} efficient plans, {sure} of them the best of some weighing.",
    )


def _say_more(first: Step, last: Step, axis: str) -> Words:
    """Return by how much a figure grows from one plan to another, in words with its sign."""
    name, (unit, _) = AXIS_MEASURES[axis], AXIS_UNITS[axis]
    more = last.measures[name] - first.measures[name]
    decimals = MEASURES[name].decimals
    zh = f"{'多' if more >= 0 else '少'}{abs(more) / (SHOWN_YUAN if axis == 'yuan' else 1):,.{decimals}f}{unit}"
    return Words(zh, f"{more:+,.{0 if axis == 'yuan' else decimals}f}")


def _say_axis(step: Step, axis: str) -> Words:
    """Return the figure of a plan on an axis with its unit; yuan in full in English, in 10,000 in Chinese."""
    value, (zh, en) = step.measures[AXIS_MEASURES[axis]], AXIS_UNITS[axis]
    if axis == "yuan":
        return Words(f"{value / SHOWN_YUAN:,.1f}{zh}", f"{value:,.0f} {en}")
    shown = f"{value:,.{MEASURES[AXIS_MEASURES[axis]].decimals}f}"
    return Words(f"{shown}{zh}", f"{shown} {en}")


def _say(found: Frontier) -> Words:
    return say_frontier(found) if found.pair == ("kept", "yuan") else say_pair(found)


def frontier_table(found: Frontier, lang: Lang) -> Table:
    """Return the plans in their order with today on top, those that are best of some weighing in bold."""
    table = Table(title=_title(found).say(lang), title_justify="left")
    table.add_column("")
    for name in found.today:
        table.add_column(MEASURES[name].label.say(lang), justify="right", overflow="fold")
    table.add_column(Words("求解差距%", "gap %").say(lang), justify="right", overflow="fold")
    table.add_row(Words("现状", "today").say(lang), *_figures(found.today), "—", style="dim")
    plain = found.pair == ("kept", "yuan")
    for step in found.steps:
        asked = f"{KEPT.say(lang)} ≥ {step.kept}" if plain else _asked(step, found).say(lang)
        style = "bold" if step.supported and not plain else ""
        table.add_row(asked, *_figures(step.measures), f"{100 * step.gap:.2f}", style=style)
    return table


def _title(found: Frontier) -> Words:
    if found.pair == ("kept", "yuan"):
        return Words("保留多少学校，各要多少代价", "what every number of schools kept costs")
    first, second = (AXIS_NAMES[axis] for axis in found.pair)
    return Words(f"{first.zh}与{second.zh}", f"{first.en} against {second.en}")


def _asked(step: Step, found: Frontier) -> Words:
    """Return which bound a plan answers."""
    if found.pair == ("kept", "yuan"):
        return Words(f"{step.kept}", f"{step.kept}")
    if step.asked is None:
        return Words("不限", "no bound")
    sign = "≥" if found.pair[0] == "kept" else "≤"
    shown = f"{step.asked / (SHOWN_YUAN if found.pair[0] == 'yuan' else 1):,.1f}".removesuffix(".0")
    return Words(f"{sign} {shown}", f"{sign} {shown}")


def _figures(measures: dict[str, float]) -> list[str]:
    return [f"{value / (10_000 if name in SHOWN_IN_10_000 else 1):,.{MEASURES[name].decimals}f}" for name, value in measures.items()]


def describe_frontier(found: Frontier) -> dict[str, Any]:
    """Return the frontier as plain JSON values."""
    return {
        "scenario": found.scenario.name,
        "text": _say(found)._asdict(),
        "today": found.today,
        "notes": [note.text._asdict() for note in found.notes],
        "steps": [row | {"closed": list(step.closed)} for row, step in zip(_rows(found), found.steps, strict=True)],
    }


def write_frontier(found: Frontier, out: Path, lang: Lang, maps: Iterable[RunView] = ()) -> list[Path]:
    """Write frontier.csv, frontier.png and frontier.html into a folder of `out` that is named after the scenario, and return their paths.

    maps : the plans of the steps, in their order; each is drawn as plan-<number>.html, and the page leads to them.

    Raises
    ------
    OutputError : the folder cannot be written.
    """
    other = "" if found.pair == ("kept", "yuan") else f"-{'-'.join(found.pair)}"
    folder = out / f"{found.scenario.name}-frontier{other}"
    both = save_png(lambda figure, told: _draw(figure, found, told), lang)
    paths = write_study(folder, {"frontier.csv": _tabulate(found), "frontier.png": both})
    page = folder / "frontier.html"
    drawn = _draw_maps(found, maps, folder, lang)
    names = [path.name for path in drawn]
    together = names.pop() if names and names[-1] == TOGETHER else None
    write_page(page.name, {**_describe_page(found), "maps": names, "together": together}, page, lang, links=[TOGETHER, *names])
    return [*paths, page, *drawn]


def _draw_maps(found: Frontier, maps: Iterable[RunView], folder: Path, lang: Lang) -> list[Path]:
    """Draw a map of every plan, and one of several of them with a switch; return their paths, that one last."""
    drawn, views = [], []
    for number, (view, step) in enumerate(zip(maps, found.steps, strict=False), start=1):
        drawn.append(folder / f"plan-{number}.html")
        views.append(replace(view, title=_title_map(step, found)))
        write_map(views[-1], drawn[-1], lang)
    if len(views) >= LEAST_RUNS:
        shown = sorted({round(k * (len(views) - 1) / (min(MOST_RUNS, len(views)) - 1)) for k in range(min(MOST_RUNS, len(views)))})
        drawn.append(folder / TOGETHER)
        write_compare_map([views[k] for k in shown], drawn[-1], lang)
    return drawn


def _title_map(step: Step, found: Frontier) -> Words:
    """Return which plan of the frontier a map shows: what was asked of the first axis."""
    axis, asked = found.pair[0], float(step.kept) if found.pair == ("kept", "yuan") else step.asked
    if asked is None:
        return Words(f"{AXIS_SHORT[axis].zh}不限", f"No bound on {AXIS_SHORT[axis].en}")
    return AXIS_BOUND[axis].fill(bound=f"{asked:,.1f}".removesuffix(".0"))


def _tabulate(found: Frontier) -> pd.DataFrame:
    rows = [row | {"closed": " ".join(step.closed)} for row, step in zip(_rows(found), found.steps, strict=True)]
    return pd.DataFrame(rows).round(6)


def _rows(found: Frontier) -> list[dict[str, Any]]:
    """Return the plain figures of every step."""
    if found.pair == ("kept", "yuan"):
        return [{"kept": step.kept, **step.measures, "cost_bound_yuan": step.bound, "gap": step.gap} for step in found.steps]
    asked = f"{found.pair[0]}_asked"
    return [
        {asked: step.asked, **step.measures, f"{found.pair[1]}_bound": step.bound, "gap": step.gap, "supported": step.supported}
        for step in found.steps
    ]


def _draw_charts(found: Frontier, said: Lang) -> list[str]:
    """Return the charts of the page in one language, each by itself so that a phone shows them one below the other."""

    def draw_one(draw: Callable[[Axes, Frontier, Lang], None]) -> str:
        def on(figure: Figure, told: Lang) -> None:
            figure.set_size_inches(5, 4)
            draw(figure.subplots(), found, told)

        return as_uri(save_png(on, said))

    return [draw_one(draw) for draw in (_draw_trade, _draw_minutes)]


def _describe_page(found: Frontier) -> dict[str, Any]:
    title = found.scenario.title
    return {
        "kind": _kind(found),
        "heading": (clean_text(title.zh), clean_text(title.en)),
        "year": found.scenario.year,
        "norms": tuple(found.norms_title),
        "osm": are_osm(found.county.sources),
        "sentence": tuple(_say(found)),
        **describe_notes(found.notes),
        "explained": tuple(_explain(found)),
        "first": _head_bound(found),
        "charts": list(zip(*(_draw_charts(found, said) for said in ("zh", "en")), _name_charts(found), strict=True)),
        "heads": [tuple(MEASURES[name].label) for name in found.today],
        "today": _figures(found.today),
        "steps": [_describe_step(step, before, found) for step, before in zip(found.steps, (None, *found.steps), strict=False)],
    }


def _explain(found: Frontier) -> Words:
    """Return how the rows of the table are to be read."""
    told = EXPLAINED if found.pair == ("kept", "yuan") else EXPLAINED_PAIR
    roads = ROADS_TOO if found.scenario.plan.road_fixes else Words("", "")
    return Words(told.zh + roads.zh, told.en + roads.en)


def _describe_step(step: Step, before: Step | None, found: Frontier) -> dict[str, Any]:
    """Return one row of the page, with the schools that close here and were open one row above."""
    more = [school_id for school_id in step.closed if before is None or school_id not in before.closed]
    schools = found.county.schools
    english = schools["name_en"] if "name_en" in schools else schools["name"]
    names = [(clean_text(str(schools.at[j, "name"])), clean_text(str(english[j] or schools.at[j, "name"]))) for j in more[:MOST_NAMES]]
    return {
        "kept": tuple(_asked(step, found)),
        "supported": step.supported and found.pair != ("kept", "yuan"),
        "figures": _figures(step.measures),
        "gap": f"{100 * step.gap:.2f}",
        "closes": names,
        "more": len(more) - len(names),
    }


def _head_bound(found: Frontier) -> tuple[str, str]:
    """Return the head of the column that tells what every plan was asked to keep."""
    if found.pair == ("kept", "yuan"):
        return "至少保留", "Kept at least"
    name = AXIS_NAMES[found.pair[0]]
    return name.zh, name.en.capitalize()


def _kind(found: Frontier) -> tuple[str, str]:
    if found.pair == ("kept", "yuan"):
        return "保留学校的代价", "What keeping schools costs"
    first, second = (AXIS_NAMES[axis] for axis in found.pair)
    return f"{first.zh}与{second.zh}", f"{first.en.capitalize()} against {second.en}"


def _name_charts(found: Frontier) -> tuple[Words, Words]:
    """Return what the two charts show, for whoever cannot see them."""
    first, second = (AXIS_NAMES[axis] for axis in found.pair)
    return (
        Words(f"{second.zh}随{first.zh}的变化", f"{second.en.capitalize()} by {first.en}"),
        Words(f"单程分钟随{first.zh}的变化", f"Minutes one way by {first.en}"),
    )


def _draw(figure: Figure, found: Frontier, lang: Lang) -> None:
    """Draw both charts side by side."""
    figure.set_size_inches(10, 4.2)
    trade, minutes = figure.subplots(1, 2)
    _draw_trade(trade, found, lang)
    _draw_minutes(minutes, found, lang)


def _draw_trade(axes: Axes, found: Frontier, lang: Lang) -> None:
    """Draw the plans on both axes down to what is proven: the cheapest, or those best of some weighing filled and joined."""
    at = [_place(found, axis) for axis in found.pair]
    bound = [step.bound / (SHOWN_YUAN if found.pair[1] == "yuan" else 1) for step in found.steps]
    if any(step.gap > SEEN for step in found.steps):
        told = Words("不排除还有更好的方案", "better plans not ruled out").say(lang)
        axes.fill_between(at[0], bound, at[1], color=LINE, alpha=0.15, linewidth=0, label=told)
    if found.pair == ("kept", "yuan"):
        axes.plot(at[0], at[1], "o-", color=LINE, label=Words("最省的方案", "cheapest plan").say(lang))
    else:
        supported = [k for k, step in enumerate(found.steps) if step.supported]
        if len(supported) < len(found.steps):
            axes.plot(at[0], at[1], "o", color=LINE, markerfacecolor="white", label=Words("有效", "efficient").say(lang))
        corners = [[figures[k] for k in supported] for figures in at]
        axes.plot(*corners, "o-", color=LINE, label=Words("某种权衡下最好", "best of some weighing").say(lang))
    axes.set_ylabel(AXIS_NAMES[found.pair[1]].say(lang))
    _finish(axes, found, lang)


def _draw_minutes(axes: Axes, found: Frontier, lang: Lang) -> None:
    """Draw how long pupils travel under the plans, today dotted."""
    at = _place(found, found.pair[0])
    for name, color in (("p90_minutes", OTHER), ("mean_minutes", LINE)):
        axes.plot(at, [step.measures[name] for step in found.steps], "o-", color=color, label=MEASURES[name].label.say(lang))
        axes.axhline(found.today[name], color=color, linewidth=1, linestyle=":")
    axes.set_ylim(bottom=0)
    axes.set_ylabel(Words("单程分钟；点线：现状", "minutes one way; dotted: today").say(lang))
    _finish(axes, found, lang)


def _place(found: Frontier, axis: str) -> list[float]:
    """Return where the plans stand on an axis."""
    return [step.measures[AXIS_MEASURES[axis]] / (SHOWN_YUAN if axis == "yuan" else 1) for step in found.steps]


def _finish(axes: Axes, found: Frontier, lang: Lang) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_xlabel(AXIS_NAMES[found.pair[0]].say(lang))
    axes.xaxis.set_major_locator(MaxNLocator(integer=found.pair[0] in {"kept", "beds"}))
    axes.grid(axis="y", alpha=0.3)
    axes.legend(frameon=False)


def frontier_sentence(found: Frontier, lang: Lang) -> str:
    """Return what the frontier says in a sentence, for the terminal."""
    return escape(_say(found).say(lang))
