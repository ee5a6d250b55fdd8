"""What a report says of one run or of several side by side: sections from which page, workbook and document are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from layout_planner.compare import MEASURES
from layout_planner.names import VERDICTS, name_mode, name_rule, name_unit
from layout_planner.output.map_data import read_words, roads_are_osm
from layout_planner.output.pages import show_measure
from layout_planner.output.papers.facts import NOTHING, Line, Part, count, join, name_form, name_value, same
from layout_planner.output.papers.report_charts import CHARTS, PLAN_COLORS, TODAY_COLOR, Chart, Shown
from layout_planner.output.papers.report_goals import tell_goals
from layout_planner.output.report_tables import way_sheets, who_pays_sheet
from layout_planner.output.safe import clean_text
from layout_planner.output.sheets import say_cell
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from layout_planner.output.papers.stored import Papers
    from layout_planner.output.sheets import Sheet

TODAY = Words("现状", "today")
ASSUMED = ("A", "D", "R3")
METHOD = (
    Words(
        "行程：沿道路和步道测算，走路计坡度和孩子的步速，乘车计路面、坡度和限速；无路处按地形估算。每个时间都有快慢两端。",
        "Trips run along roads and paths: walks with slope and a child's pace, rides with surface, slope and speed limits; where no road "
        "is mapped, over the terrain. Every time is an interval.",
    ),
    Words(
        "布局：一个模型同时决定学校、班级、床位、校车和去处。先不让任何学生变差，再减少有风险的学生，"
        "再减少费用，最后减少路上的时间；精度有证明。",
        "Layout: one model decides schools, classes, beds, buses and places together. First no pupil is made worse off, then fewer are at "
        "risk, then it costs less, then ways are shorter; how near it is to the best possible is certified.",
    ),
    Words(
        "复核：另一套程序从原始表格重新计算每条行程、人数和费用，不一致就不通过。",
        "Re-check: other code recomputes every trip, count and price from the raw tables; any difference fails the plan.",
    ),
    Words(
        "审查：撤并前各项保障必须有证据；没有证据不算通过（先建后撤）。",
        "Gate: before a merger every safeguard needs evidence; what has none does not pass (build first, then close).",
    ),
)


@dataclass(frozen=True)
class Section:
    """One section: sentences, tables, charts, in this order."""

    key: str
    title: Words
    sentences: tuple[Words, ...] = ()
    tables: tuple[Part, ...] = ()
    charts: tuple[Chart, ...] = ()


@dataclass(frozen=True)
class Report:
    """A whole report: what it shows, and its sections."""

    title: Words
    subtitle: Words
    states: tuple[Shown, ...]
    sections: tuple[Section, ...]


def describe_report(runs: Sequence[Papers]) -> Report:
    """Return the report of one run, or of several of one county."""
    plans = [Shown(papers.view.title, papers.view, "plan", PLAN_COLORS[at % len(PLAN_COLORS)]) for at, papers in enumerate(runs)]
    states = (Shown(TODAY, runs[0].view, "today", TODAY_COLOR), *plans)
    one = len(runs) == 1
    title = runs[0].view.title if one else Words("方案比较报告", "Comparison of plans")
    year = runs[0].view.year
    kind = Words(f"方案报告 · {year}学年", f"Report · school year {year}") if one else join([papers.view.title for papers in runs])
    shown = tuple(chart for chart in CHARTS if chart.key != "measures" or any(state.view.measures.get(state.when) for state in states))
    sections = (
        Section(
            "summary",
            Words("摘要", "Summary"),
            tuple(_summaries(runs)),
            (_figures(states), *(part for papers in runs if (part := tell_goals(papers)) is not None)),
            shown[:1] if shown[0].key == "measures" else (),
        ),
        Section("charts", Words("图", "Charts and maps"), (), (), tuple(chart for chart in shown if chart.key != "measures")),
        Section("mergers", Words("撤并与审查", "Mergers and the gate"), (), tuple(_mergers(papers) for papers in runs)),
        Section(
            "risk",
            Words("方案下仍有风险的学生", "Who is still at risk under the plan"),
            (_risk_note(),),
            tuple(_risk(papers) for papers in runs),
        ),
        Section("ways", Words("公平、坏天气与经费", "How even the ways are, who is cut off on bad days, who pays"), (), tuple(_ways(runs))),
        Section("method", Words("方法", "Method"), METHOD),
        Section("assumptions", Words("假设与存疑的依据", "Assumptions and weak sources"), (_flag_note(),), (_assumptions(runs[0]),)),
        Section("notes", Words("数据说明", "Notes on the data"), tuple(note.text for note in runs[-1].view.notes)),
        Section("sources", Words("数据来源", "Sources"), tuple(_licences(runs[0])), (_sources(runs[0]),)),
    )
    return Report(title, kind, states, tuple(section for section in sections if section.sentences or section.tables or section.charts))


def _summaries(runs: Sequence[Papers]) -> list[Words]:
    said = []
    for papers in runs:
        view, today, plan = papers.view, papers.view.measures.get("today", {}), papers.view.measures.get("plan", {})
        verdict = VERDICTS[view.verdict]
        zh, en = f"{view.title.zh}：撤并审查{verdict.zh}", f"{view.title.en}: the gate: {verdict.en.lower()}"
        if "at_risk" in today and "at_risk" in plan:
            risk = _tell_risk(today["at_risk"], plan["at_risk"])
            zh, en = f"{zh}；{risk.zh}", f"{en}; {risk.en}"
        if "cost_yuan" in today and "cost_yuan" in plan:
            cost = _tell_cost(plan["cost_yuan"] - today["cost_yuan"])
            zh, en = f"{zh}；{cost.zh}", f"{en}; {cost.en}"
        gap = papers.solved.get("gap")
        if isinstance(gap, int | float):
            zh += f"；求解差距至多{100 * gap:.2f}%"
            en += f"; the solution is at most {100 * gap:.2f} % from the best possible"
        said.append(Words(f"{zh}。", f"{en}."))
    return [*said, *_unlike(runs)]


def _tell_risk(today: float, plan: float) -> Words:
    if today == plan:
        return Words(f"有风险的学生仍为{plan:,.0f}名", f"pupils at risk stay {plan:,.0f}")
    return Words(f"有风险的学生由{today:,.0f}名变为{plan:,.0f}名", f"pupils at risk go from {today:,.0f} to {plan:,.0f}")


def _tell_cost(change_yuan: float) -> Words:
    shown = f"{abs(change_yuan) / 10_000:,.1f}"
    if shown == "0.0":
        return Words("年成本不变", "the cost a year stays the same")
    zh, en = ("增加", "rises") if change_yuan > 0 else ("减少", "falls")
    return Words(f"年成本{zh}{shown}万元", f"the cost a year {en} by {abs(change_yuan):,.0f} yuan")


def _unlike(runs: Sequence[Papers]) -> list[Words]:
    """Return a warning where runs are laid side by side that do not describe the same county in the same year."""
    said = []
    if len({papers.view.year for papers in runs}) > 1:
        said.append(
            Words(
                "注意：各方案的学年不同，现状为第一个方案的学年。", "Note: the plans are for different years; `today` is that of the first."
            )
        )
    if len({tuple(sorted((s.role, s.sha256) for s in papers.view.sources)) for papers in runs}) > 1:
        said.append(
            Words(
                "注意：各方案所用的数据文件不同，现状取自第一个方案。",
                "Note: the plans rest on different files; `today` is that of the first.",
            )
        )
    return said


def _figures(states: Sequence[Shown]) -> Part:
    heads = (Words("指标", "measure"), *(state.label for state in states))
    lines = []
    for key, measure in MEASURES.items():
        values = [state.view.measures.get(state.when, {}).get(key) for state in states]
        if any(value is not None for value in values):
            lines.append(Line(key, (measure.label, *(same(show_measure(key, value)) for value in values))))
    return Part("figures", Words("主要指标", "Figures"), tuple(lines), heads, figures=frozenset(range(1, len(heads))))


def _mergers(papers: Papers) -> Part:
    view = papers.view
    heads = (
        Words("学校", "school"), Words("乡镇", "township"), Words("现状→方案", "today → plan"), Words("学生", "pupils"),
        Words("结论", "verdict"), Words("未满足的要求", "what refuses it"),
    )  # fmt: skip
    lines = []
    for school_id in view.mergers:
        site = view.schools.loc[school_id]
        found = [finding for finding in view.findings if finding.subject == school_id]
        verdicts = {finding.verdict for finding in found}
        verdict = "fail" if "fail" in verdicts else "pass" if verdicts == {"pass"} else "unknown"
        open_rules = join([name_rule(rule) for rule in dict.fromkeys(finding.rule for finding in found if finding.verdict != "pass")])
        forms = [name_form(str(site[f"form_{when}"])) for when in ("today", "plan")]
        pupils = " → ".join(f"{int(site[f'pupils_{when}']):,}" for when in ("today", "plan"))
        change = Words(f"{forms[0].zh}→{forms[1].zh}", f"{forms[0].en} → {forms[1].en}")
        cells = (papers.school_names[school_id], same(site["township"]), change, same(pupils), VERDICTS[verdict], open_rules)
        lines.append(Line(school_id, cells, {"pass": "good", "fail": "bad", "unknown": "unknown"}[verdict]))
    note = NOTHING if lines else Words("本方案不撤并任何学校。", "The plan merges nothing.")
    return Part("mergers", view.title, tuple(lines), heads, note, frozenset({3}))


def _risk_note() -> Words:
    return Words(
        "按乡镇、方式和原因汇总；逐村名单见运行结果的表格文件。",
        "By township, means and cause; the list by village is in the tables of the run.",
    )


def _risk(papers: Papers) -> Part:
    view, words = papers.view, read_words()
    risky = view.trips[(view.trips["when"] == "plan") & (view.trips["cause"] != "") & (view.trips["pupils"] > 0)]
    townships = risky["settlement_id"].map(view.settlements["township"]).map(clean_text)
    table = risky.assign(township=townships).groupby(["township", "mode", "cause"], as_index=False).agg(
        pupils=("pupils", "sum"), villages=("settlement_id", "nunique"), worst=("seconds", "max")
    )  # fmt: skip
    table = table.sort_values(["pupils", "township", "mode", "cause"], ascending=[False, True, True, True])
    heads = (
        Words("乡镇", "township"), Words("方式", "means"), Words("原因", "cause"), Words("学生", "pupils"), Words("居民点", "settlements"),
        Words("最长分钟", "worst minutes"),
    )  # fmt: skip
    lines = []
    for row in table.to_dict("records"):
        worst = float(row["worst"])
        cells = (
            same(row["township"]),
            name_mode(str(row["mode"])),
            Words(*words.get(f"cause.{row['cause']}", (str(row["cause"]), str(row["cause"])))),
            count(float(row["pupils"])),
            count(float(row["villages"])),
            same(f"{worst / 60:.0f}" if np.isfinite(worst) else "—"),
        )
        lines.append(Line(f"{row['township']}.{row['mode']}.{row['cause']}", cells))
    note = NOTHING if lines else Words("没有。", "Nobody.")
    return Part("risk", view.title, tuple(lines), heads, note, frozenset({3, 4, 5}))


def _ways(runs: Sequence[Papers]) -> list[Part]:
    """Return the tables of ways of every run that holds them."""
    parts = []
    for papers in runs:
        sheets = [*way_sheets(papers.ways, papers.view), who_pays_sheet(papers.ways)] if papers.ways else []
        parts += [_from_sheet(sheet, papers.view.title if len(runs) > 1 else None) for sheet in sheets if sheet.rows]
    return parts


def _from_sheet(sheet: Sheet, run: Words | None) -> Part:
    """Return a sheet as a part; a row of one cell is a heading among the rows."""
    width, lines = len(sheet.heads), []
    for at, row in enumerate(sheet.rows):
        cells = [say_cell(cell) for cell in row]
        lines.append(Line(f"{at}", (*cells, *[NOTHING] * (width - len(cells))), "part" if len(cells) == 1 else ""))
    title = sheet.title if run is None else Words(f"{run.zh}：{sheet.title.zh}", f"{run.en}: {sheet.title.en}")
    figures = frozenset(at for at, (_, number) in enumerate(sheet.heads) if number)
    return Part("evenness", title, tuple(lines), tuple(head for head, _ in sheet.heads), sheet.note, figures)


def _flag_note() -> Words:
    return Words(
        "R1 原文；R2 转载或报道；R3 来源较弱；A 本项目假设，无文件依据；D 由带标记的数推算。下列各值须由本县核定。",
        "R1 the instrument's own text; R2 a reproduction or report; R3 a weak source; A assumption of this project, no instrument behind "
        "it; D derived. The county must confirm the values below.",
    )


def _assumptions(papers: Papers) -> Part:
    heads = (
        Words("数值", "value of"),
        Words("年级", "grades"),
        Words("取值", "value"),
        Words("单位", "unit"),
        Words("标记", "flag"),
        Words("改动", "changed"),
    )
    lines = []
    for at, (key, grades, _, value, unit, flag, override) in enumerate(papers.norm_values):
        if flag in ASSUMED or override:
            span = f"{min(grades)}-{max(grades)}" if grades else ""
            cells = (name_value(key), same(span), same(f"{value:g}"), name_unit(unit), same(flag), same(override))
            lines.append(Line(f"{key}.{at}", cells))
    return Part("assumptions", Words("取值", "Values"), tuple(lines), heads, figures=frozenset({2}))


def _licences(papers: Papers) -> list[Words]:
    said = []
    if roads_are_osm(papers.view):
        said.append(
            Words(
                "道路数据 © OpenStreetMap 贡献者，按开放数据库许可（ODbL 1.0）使用；由其产生的数据库须以同样许可提供。",
                "Road data © OpenStreetMap contributors, under the Open Database License (ODbL 1.0); databases made from it must be "
                "offered under the same licence.",
            )
        )
    number = clean_text(papers.public.get("review_number"))
    said.append(
        Words(f"审图号：{number}", f"Map review number (审图号): {number}")
        if number
        else Words(
            "地图为示意图，未经审图；公开展示或出版前须依法送审并注明审图号（情景 [public] review_number）。",
            "The maps are sketches and were not reviewed: before public display they must be submitted for review and carry a review "
            "number (审图号; scenario [public] review_number).",
        )
    )
    return said


def _sources(papers: Papers) -> Part:
    words = read_words()
    heads = (Words("用途", "role"), Words("文件", "file"), Words("行数", "rows"), Words("SHA-256", "SHA-256"))
    lines = []
    for at, source in enumerate(papers.view.sources):
        role = Words(*words.get(f"role.{source.role}", (source.role, source.role)))
        name = source.path.replace("\\", "/").rsplit("/", 1)[-1]
        lines.append(Line(f"{at}.{source.role}", (role, same(name), same(f"{source.rows:,}"), same(source.sha256))))
    note = Words(f"方案校验码 {papers.digest}", f"plan hash {papers.digest}")
    return Part("sources", Words("文件", "Files"), tuple(lines), heads, note, frozenset({2}))


def plain(value: Any) -> str:  # noqa: ANN401 - any text
    """Return a text for a document: one line, no control characters."""
    return " ".join(clean_text(value).split())
