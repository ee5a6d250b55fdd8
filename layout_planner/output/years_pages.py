"""A plan over school years as people read it: a table by year, who closes, opens and builds when, a chart, and a page with all three."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from rich.markup import escape
from rich.table import Table

from layout_planner.compare import MEASURES
from layout_planner.names import FORMS
from layout_planner.output.charts import as_uri, save_png
from layout_planner.output.pages import show_measure, write_page
from layout_planner.output.safe import clean_text
from layout_planner.output.study_files import describe_notes, write_study
from layout_planner.plan.forms import CLOSED
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from layout_planner.words import Lang
    from layout_planner.years import Year, YearsStudy

LINE, OTHER, QUIET = "#0072B2", "#D55E00", "#8a949c"
BAR = 0.4  # of a year
SHOWN_YUAN = 10_000
SHOWN = ("pupils", "sites_open", "at_risk", "unserved", "newly_at_risk")
FIGURES = (
    *(MEASURES[name].label for name in SHOWN),
    Words("现状下有风险", "at risk as schools are now"),
    Words("撤并的学校", "schools that close"),
    Words("减年级的学校", "schools that drop grades"),
    Words("新开的学校", "schools that open"),
    Words("新床位（累计）", "new beds standing"),
    Words("新教室（累计）", "new classrooms standing"),
    Words("新校车运行", "new buses running"),
    Words("新购校车（累计）", "new buses bought so far"),
    Words("年成本（万元）", "cost a year, 10,000 yuan"),
    Words("当年新建投入（万元）", "spent on what is new, 10,000 yuan"),
    Words("独立复核", "independent re-check"),
)
CHANGES = (
    Words("撤、减年级、新开", "Schools that close, drop grades or open"),
    Words("只添床位、教室、校车", "Beds, classrooms and buses only"),
)
CHARTS = (
    Words("各学年有风险的学生：学校不动与方案", "Pupils at risk by school year, as schools are now and under the plan"),
    Words("各学年的新建投入，和年成本比学校不动多多少", "What is spent on what is new, and the yearly cost above schools as now"),
)
EXPLAINED = Words(
    "每一学年按当年的学生数安排。先建后撤：学校撤并的那一年，它的学生只去上一学年就有足够教室、床位或校车的学校。"
    "撤了的不再开，新开的不再撤，建了的一直在。",
    "Every year is planned with the pupils of that year. Build before close: in the year in which a school closes, its pupils go"
    " only to schools that had classrooms, beds or buses enough the year before. What closed stays closed, what opened stays open, what is"
    " built stays.",
)


def say_years(study: YearsStudy) -> Words:
    """Return in a few sentences what the plan does over its years, and how sure that is."""
    first, last = study.years[0], study.years[-1]
    closed, reduced, opened = (sum(len(getattr(year, kind)) for year in study.years) for kind in ("closed", "reduced", "opened"))
    beds, rooms = (sum(group.values()) for group in (last.plan.built.beds, last.plan.built.rooms))
    fleet = last.plan.built.fleet
    spent = sum(year.plan.capital_yuan for year in study.years) / SHOWN_YUAN
    told = Words(
        f"{first.year}-{last.year}年：撤{closed}所，减年级{reduced}所，新开{opened}所；新建床位{beds}张、教室{rooms}间，新购校车{fleet}辆，共投入{spent:,.1f}万元。",
        f"{first.year}-{last.year}: {_count(closed, 'school closes', 'schools close')}, {_count(reduced, 'drops', 'drop')} grades,"
        f" {_count(opened, 'opens', 'open')}; {_count(beds, 'new bed', 'new beds')}, {_count(rooms, 'new classroom', 'new classrooms')}"
        f" and {_count(fleet, 'new bus', 'new buses')} for {spent * SHOWN_YUAN:,.0f} yuan in all.",
    )
    risk, sure = _say_risk(first, last), _say_sure(study)
    return Words(f"{told.zh}{risk.zh}{sure.zh}", f"{told.en} {risk.en} {sure.en}")


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _say_risk(first: Year, last: Year) -> Words:
    plan, now = (
        [f"{round(figures['at_risk']):,}" for figures in pair] for pair in ((first.measures, last.measures), (first.today, last.today))
    )
    return Words(
        f"有风险的学生：{first.year}年{plan[0]}人（学校不动为{now[0]}人），{last.year}年{plan[1]}人（学校不动为{now[1]}人）。",
        f"Pupils at risk: {plan[0]} in {first.year}, {plan[1]} in {last.year}; with the schools as they are now {now[0]} and {now[1]}.",
    )


def _say_sure(study: YearsStudy) -> Words:
    found = study.found
    gap = 100 * found.cost_gap
    if found.as_safe:
        return Words(
            f"每一年都和单独规划该年一样安全；总成本离可能的最省最多差{gap:.2f}%（已证明）。",
            f"Every year is as safe as if it were planned by itself; the cost is within {gap:.2f} % of the least possible, by proof.",
        )
    more = found.reached["at_risk_weighted"] - found.bounds["at_risk_weighted"]
    zh = f"各年合计的风险（按超出程度加权）比逐年单独规划多{more:,.0f}，这是逐年投入和先建后撤的代价"
    en = (
        f"Risk over all years, weighted by how far over the limit, is {more:,.0f} above that of years planned each by itself:"
        " what limits by year and building first cost"
    )
    if not found.together:
        zh = f"各年合计的风险（按超出程度加权）比已证明的下限多{more:,.0f}：逐年投入和先建后撤的代价，加上没有证明的部分"
        en = (
            f"Risk over all years, weighted by how far over the limit, is {more:,.0f} above what is proven to be least:"
            " what limits by year and building first cost, and what is not proven"
        )
    if not found.bounds["cost_yuan"]:
        return Words(f"{zh}；成本的差距未证明。", f"{en}; how near the cost is to the least is not proven.")
    return Words(
        f"{zh}；总成本离同样安全的最省方案最多差{gap:.2f}%（已证明）。",
        f"{en}; the cost is within {gap:.2f} % of the least that is as safe, by proof.",
    )


def years_table(study: YearsStudy, lang: Lang) -> Table:
    """Return one column a year."""
    table = Table(title=Words("分年方案", "the plan by year").say(lang), title_justify="left")
    table.add_column(Words("学年", "school year").say(lang), overflow="fold")
    for year in study.years:
        table.add_column(str(year.year), justify="right")
    for label, cells in _list_figures(study):
        table.add_row(label.say(lang), *(escape(cell.say(lang)) for cell in cells))
    return table


def changes_table(study: YearsStudy, lang: Lang) -> Table:
    """Return what happens at every school that changes, and when."""
    title = Words("哪一年、哪所学校、做什么", "what happens where, and when").say(lang)
    table = Table(title=title, title_justify="left")
    table.add_column(Words("学校", "school").say(lang), overflow="fold")
    for year in study.years:
        table.add_column(str(year.year))
    for rows in list_events(study):
        for name, events in rows:
            table.add_row(escape(name.say(lang)), *(escape(event.say(lang)) for event in events))
        table.add_section()
    return table


def _list_figures(study: YearsStudy) -> list[tuple[Words, list[Words]]]:
    """Return every figure by name with its values year by year."""
    by_year = zip(*(_cells(year) for year in study.years), strict=True)
    return [(label, list(cells)) for label, cells in zip(FIGURES, by_year, strict=True)]


def _cells(year: Year) -> list[Words]:
    built, agrees = year.plan.built, year.verification.agrees
    shown = [
        *(show_measure(name, year.measures[name]) for name in SHOWN),
        show_measure("at_risk", year.today["at_risk"]),
        *(str(len(group) or "—") for group in (year.closed, year.reduced, year.opened)),
        str(sum(built.beds.values())),
        str(sum(built.rooms.values())),
        str(sum(built.buses.values())),
        str(built.fleet),
        f"{year.measures['cost_yuan'] / SHOWN_YUAN:,.0f}",
        f"{year.plan.capital_yuan / SHOWN_YUAN:,.0f}",
    ]
    return [*(Words(cell, cell) for cell in shown), Words("一致", "agrees") if agrees else Words("不一致", "differs")]


def list_events(study: YearsStudy) -> tuple[list[tuple[Words, list[Words]]], ...]:
    """Return every school that changes with what happens there year by year: those that close, shrink or open, then all others."""
    turned = {j for year in study.years for j in (*year.closed, *year.reduced, *year.opened)}
    equipped = {j for year in study.years for j in _added(year)} - turned
    return tuple([_list_school(study, j) for j in sorted(group)] for group in (turned, equipped))


def _list_school(study: YearsStudy, school_id: str) -> tuple[Words, list[Words]]:
    row = study.county.schools.loc[school_id]
    name = Words(clean_text(str(row["name"])), clean_text(str(row.get("name_en") or row["name"])))
    return name, [_event(year, school_id) for year in study.years]


def _added(year: Year) -> dict[str, tuple[int, int, int]]:
    """Return the beds and classrooms that are new at a school in a year, and how many more or fewer new buses run there."""
    before, now = year.plan.before, year.plan.built
    pairs = ((before.beds, now.beds), (before.rooms, now.rooms), (before.buses, now.buses))
    schools = {j for pair in pairs for group in pair for j in group}
    changes = {j: tuple(has.get(j, 0) - had.get(j, 0) for had, has in pairs) for j in schools}
    return {j: (beds, rooms, buses) for j, (beds, rooms, buses) in changes.items() if beds or rooms or buses}


def _event(year: Year, school_id: str) -> Words:
    site = year.plan.layout.sites.loc[school_id]
    parts = []
    if school_id in year.closed:
        parts.append(Words("撤", "closes"))
    elif school_id in year.opened:
        parts.append(Words("新开", "opens"))
    elif school_id in year.reduced:
        form = FORMS[str(site["form"])]
        parts.append(Words(f"改为{form.zh}", f"becomes {form.en}"))
    elif site["form"] == CLOSED:
        return Words("·", "·")
    added = _added(year).get(school_id, (0, 0, 0)) if site["form"] != CLOSED else (0, 0, 0)
    things = (Words("床位", "beds"), Words("教室", "classrooms"), Words("校车", "buses"))
    parts += [Words(f"{thing.zh}{count:+d}", f"{thing.en} {count:+d}") for thing, count in zip(things, added, strict=True) if count]
    return Words("，".join(part.zh for part in parts) or "—", ", ".join(part.en for part in parts) or "—")


def describe_years(study: YearsStudy) -> dict[str, Any]:
    """Return the plan as plain JSON values."""
    return {
        "scenario": study.scenario.name,
        "text": say_years(study)._asdict(),
        "values": study.found.reached,
        "bounds": study.found.bounds,
        "gap": study.found.gap,
        "as_safe": study.found.as_safe,
        "verified": study.verified,
        "faults": [fault._asdict() for fault in list_faults(study)],
        "notes": [note.text._asdict() for note in study.notes],
        "years": _tabulate(study).to_dict("records"),
    }


def list_faults(study: YearsStudy) -> list[Words]:
    """Return everything that the independent checks hold against the plan."""
    own = [(year.year, fault) for year in study.years for fault in year.verification.disagreements]
    return [*(Words(f"{year}学年：{fault.zh}", f"{year}: {fault.en}") for year, fault in own), *study.faults]


def _tabulate(study: YearsStudy) -> pd.DataFrame:
    rows = [
        {
            "year": year.year,
            **year.measures,
            "at_risk_as_now": year.today["at_risk"],
            "closed": " ".join(year.closed),
            "reduced": " ".join(year.reduced),
            "opened": " ".join(year.opened),
            "new_beds_at": _join(year.plan.built.beds),
            "new_rooms_at": _join(year.plan.built.rooms),
            "new_buses_at": _join(year.plan.built.buses),
            "buses_bought": year.plan.built.fleet,
            "capital_yuan": year.plan.capital_yuan,
            "verified": year.verification.agrees,
        }
        for year in study.years
    ]
    return pd.DataFrame(rows).round(6)


def _join(counts: dict[str, int]) -> str:
    return " ".join(f"{j}:{count}" for j, count in sorted(counts.items()))


def write_years(study: YearsStudy, out: Path, lang: Lang) -> list[Path]:
    """Write years.csv, years.png and years.html into the folder `out`/<scenario name>-years and return their paths.

    Raises
    ------
    OutputError : the folder cannot be written.
    """
    folder = out / f"{study.scenario.name}-years"
    both = save_png(lambda figure, told: _draw(figure, study.years, told), lang)
    paths = write_study(folder, {"years.csv": _tabulate(study), "years.png": both})
    page = folder / "years.html"
    write_page(page.name, _describe_page(study), page, lang)
    return [*paths, page]


def _draw_charts(study: YearsStudy, said: Lang) -> list[str]:
    """Return the charts of the page in one language, each by itself so that a phone shows them one below the other."""

    def draw_one(draw: Callable[[Axes, Sequence[Year], Lang], None]) -> str:
        def on(figure: Figure, told: Lang) -> None:
            figure.set_size_inches(5, 4)
            draw(figure.subplots(), study.years, told)

        return as_uri(save_png(on, said))

    return [draw_one(draw) for draw in (_draw_children, _draw_money)]


def _describe_page(study: YearsStudy) -> dict[str, Any]:
    title = study.scenario.title
    return {
        "kind": ("分年方案", "Plan by school year"),
        "heading": (clean_text(title.zh), clean_text(title.en)),
        "year": f"{study.years[0].year}-{study.years[-1].year}",
        "norms": (study.scenario.norms, study.scenario.norms),
        "osm": False,
        "sentence": tuple(say_years(study)),
        "explained": tuple(EXPLAINED),
        "charts": list(zip(*(_draw_charts(study, said) for said in ("zh", "en")), CHARTS, strict=True)),
        "years": [year.year for year in study.years],
        "figures": [(tuple(label), [tuple(cell) for cell in cells]) for label, cells in _list_figures(study)],
        "events": [
            (tuple(kind), [(tuple(name), [tuple(event) for event in events]) for name, events in rows])
            for kind, rows in zip(CHANGES, list_events(study), strict=True)
            if rows
        ],
        "faults": [tuple(fault) for fault in list_faults(study)],
        **describe_notes(study.notes),
    }


def _draw(figure: Figure, years: Sequence[Year], lang: Lang) -> None:
    """Draw pupils at risk beside money."""
    figure.set_size_inches(10, 4.2)
    children, money = figure.subplots(1, 2)
    _draw_children(children, years, lang)
    _draw_money(money, years, lang)


def _draw_children(axes: Axes, years: Sequence[Year], lang: Lang) -> None:
    """Draw the pupils at risk, as schools are now and under the plan."""
    at = [year.year for year in years]
    now, plan = ([figures["at_risk"] for figures in group] for group in zip(*((y.today, y.measures) for y in years), strict=True))
    axes.plot(at, now, "o--", color=QUIET, label=Words("学校不动", "as schools are now").say(lang))
    axes.plot(at, plan, "o-", color=OTHER, label=Words("方案", "plan").say(lang))
    axes.fill_between(at, plan, now, color=QUIET, alpha=0.1, linewidth=0)
    axes.set_ylim(bottom=0)
    axes.set_ylabel(Words("有风险的学生", "pupils at risk").say(lang))
    _finish(axes, at, lang)


def _draw_money(axes: Axes, years: Sequence[Year], lang: Lang) -> None:
    """Draw what the plan costs a year beyond the schools as they are, and what is spent on what is new."""
    at = np.array([year.year for year in years])
    capital = [year.plan.capital_yuan / SHOWN_YUAN for year in years]
    more = [(year.measures["cost_yuan"] - year.today["cost_yuan"]) / SHOWN_YUAN for year in years]
    label = Words("当年新建投入（一次性）", "spent once on what is new").say(lang)
    axes.bar(at - BAR / 2, capital, color=OTHER, width=BAR, label=label)
    label = Words("年成本比学校不动多", "yearly cost above schools as now").say(lang)
    axes.bar(at + BAR / 2, more, color=LINE, width=BAR, label=label)
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set_ylabel(Words("万元", "10,000 yuan").say(lang))
    _finish(axes, at.tolist(), lang)


def _finish(axes: Axes, at: Sequence[int], lang: Lang) -> None:
    axes.legend(frameon=False)
    axes.set_xticks(at)
    axes.set_xlabel(Words("学年", "school year").say(lang))
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)


def years_sentence(study: YearsStudy, lang: Lang) -> str:
    """Return `say_years` for the terminal."""
    return escape(say_years(study).say(lang))
