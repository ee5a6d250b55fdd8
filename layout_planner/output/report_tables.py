"""The assessment of a run as sections of its report: plain tables whose cells are texts or pairs of texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from layout_planner.assess.bad_days import CUT_OFF
from layout_planner.assess.funding import ITEMS, PAYERS
from layout_planner.assess.groups import GROUPS
from layout_planner.names import name_band, name_place
from layout_planner.output.assess_tables import BY
from layout_planner.output.sheets import Sheet, describe_sheet
from layout_planner.output.status_sheets import status_sheets
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from layout_planner.output.view import RunView

    Cell = str | Words

MOST_VILLAGES = 60
TEN_THOUSAND = 10_000
NO_WAY = Words("不可达", "no way")


def describe_assessment(assessment: Mapping[str, pd.DataFrame], view: RunView) -> list[dict[str, Any]]:
    """Return the sections of the report that the tables of ASSESSMENTS fill, those without rows left out."""
    if not assessment:
        return []
    sheets = [*way_sheets(assessment, view), who_pays_sheet(assessment), *status_sheets(assessment, view.schools, "plan")]
    return [describe_sheet(sheet) for sheet in sheets if sheet.rows]


def way_sheets(assessment: Mapping[str, pd.DataFrame], view: RunView) -> list[Sheet]:
    """Return how even the ways to school are, and who is cut off on bad days."""
    return [_equity(assessment["equity"], view), _bad_days(assessment["bad_days"], view)]


def who_pays_sheet(assessment: Mapping[str, pd.DataFrame]) -> Sheet:
    """Return who pays what; no rows where the run did not tell."""
    return _funding(assessment.get("funding"))


def _funding(table: pd.DataFrame | None) -> Sheet:
    """Return who pays what today and under the plan, and the change for every payer."""
    title = Words("经费由谁承担", "Who pays what")
    note = Words(
        "万元/年。单价取自规范集，教师、校车、床位单价为本项目假设[A]；财政分担比例未知。缺少困难或残疾学生人数的项目为未知。",
        "10,000 yuan a year, at the prices of the norm set; those of teachers, buses and beds are assumptions of this project [A]. How "
        "public funds are shared is not known. Items for poor or disabled pupils are unknown where nobody counted them.",
    )
    heads = ((Words("", ""), False), (Words("现状", "Today"), True), (Words("方案", "Plan"), True), (Words("变化", "Change"), True))
    if table is None or table.empty:
        return Sheet(title, note, heads, ())
    now, plan = (table[table["when"] == when].set_index("item") for when in ("today", "plan"))
    rows: list[list[object]] = []
    for payer, name in PAYERS.items():
        items = [item for item in plan.index if plan.at[item, "payer"] == payer]
        rows.append([name])
        rows += [[ITEMS[item], *_pay(*(float(frame["yuan"][item]) for frame in (now, plan)))] for item in items]
        whole = [item for item in items if item != "floor"]
        sums = [float(frame.loc[whole, "yuan"].sum()) for frame in (now, plan)]
        rows.append([Words(f"小计：{name.zh}", f"Sum: {name.en}"), *_pay(*sums)])
    return Sheet(title, note, heads, tuple(rows))


def _pay(now: float, plan: float) -> tuple[str, str, str]:
    """Return both figures and the change in 10,000 yuan; a dash for what is unknown."""
    shown = [f"{value / TEN_THOUSAND:,.1f}" if np.isfinite(value) else "—" for value in (now, plan)]
    change = f"{(plan - now) / TEN_THOUSAND:+,.1f}" if np.isfinite(plan - now) else "—"
    return shown[0], shown[1], change


def _equity(table: pd.DataFrame, view: RunView) -> Sheet:
    """Return the ways to school today and under the plan, by county, band, group and township."""
    title = Words("走读路程是否公平", "How even the ways to school are")
    note = Words(
        "走读生单程分钟，现状→方案。九成：九成学生不超过。寄宿生不计。群体按各居民点的比例估计。",
        "Minutes of day pupils one way, today → plan. Nine in ten: nine pupils in ten travel no longer. Boarders are left out. "
        "Groups are estimated by each settlement's share.",
    )
    heads = (
        (Words("", ""), False),
        (Words("学生", "Pupils"), True),
        (Words("平均", "Mean"), True),
        (Words("九成", "Nine in ten"), True),
        (Words("最远", "Worst"), True),
        (Words("最远的居民点", "Worst settlement"), False),
        (Words("有风险%", "At risk %"), True),
        (Words("基尼系数", "Gini"), True),
    )
    now, plan = (table[table["when"] == when].set_index(["by", "key"]) for when in ("today", "plan"))
    rows: list[list[object]] = []
    for at, (by, key) in enumerate(plan.index):
        if at and by != plan.index[at - 1][0]:
            rows.append([BY[by]])
        before, after = now.loc[(by, key)] if (by, key) in now.index else None, plan.loc[(by, key)]
        rows.append(
            [
                _name_key(by, key, view),
                int(after["pupils"]),
                _change(before, after, "mean_s", _minutes),
                _change(before, after, "p90_s", _minutes),
                _change(before, after, "worst_s", _minutes),
                _name_place(str(after["worst_settlement"]), view),
                _change(before, after, "at_risk_share", lambda share: f"{100 * share:.1f}"),
                _change(before, after, "gini", lambda value: f"{value:.2f}"),
            ]
        )
    return Sheet(title, note, heads, tuple(rows))


def _bad_days(table: pd.DataFrame, view: RunView) -> Sheet:
    """Return who is cut off on bad days: all pupils of a day first, then the villages that are cut off, the most pupils first."""
    title = Words("坏天气时谁被断路", "Who is cut off on bad days")
    note = Words(
        "学生数，现状→方案。断路：按各自的方式到不了本校（寄宿生：周末不能往返）。超时：绕行后超过时限。",
        "Pupils, today → plan. Cut off: no way to their own school by their own means (boarders: no weekly trip). "
        "Over the limit: the way round takes longer than allowed.",
    )
    heads = (
        (Words("居民点", "Village"), False),
        (Words("断路", "Cut off"), True),
        (Words("超时", "Over the limit"), True),
        (Words("绕行", "Longer way"), True),
    )
    rows: list[list[object]] = []
    for (_, zh, en), day in table.groupby(["day", "day_name", "day_name_en"], sort=False):
        rows += [[Words(str(zh), str(en))], [Words("全县", "the whole county"), *_count_states(day)]]
        hit = day[day["day_state"] == CUT_OFF]
        cut = hit.pivot_table(index="settlement_id", columns="when", values="pupils", aggfunc="sum", fill_value=0)
        cut = cut.reindex(columns=["plan", "today"], fill_value=0).reset_index()
        order = cut.sort_values(["plan", "today", "settlement_id"], ascending=[False, False, True])["settlement_id"].astype(str)
        villages = ((key, day[day["settlement_id"] == key]) for key in order[:MOST_VILLAGES])
        rows += [[_name_place(key, view), *_count_states(own)] for key, own in villages]
        more = len(order) - MOST_VILLAGES
        rows += [[Words(f"另有{more}个村", f"{more} more villages"), "", "", ""]] if more > 0 else []
    return Sheet(title, note, heads, tuple(rows))


def _count_states(day: pd.DataFrame) -> list[str]:
    """Return pupils cut off, over the limit and with a longer way, today → plan."""
    pupils = day.groupby(["when", "day_state"])["pupils"].sum()
    counts = [[int(pupils.get((when, state), 0)) for when in ("today", "plan")] for state in (CUT_OFF, "over_limit", "longer")]
    return [f"{before:,}" if before == after else f"{before:,} → {after:,}" for before, after in counts]


def _name_key(by: str, key: str, view: RunView) -> Cell:
    if by == "county":
        return BY["county"]
    if by == "band":
        return name_band(key, view.bands.get(key, ()))
    return GROUPS[key] if by == "group" else key


def _name_place(settlement_id: str, view: RunView) -> Cell:
    if settlement_id not in view.settlements.index:
        return ""
    return name_place(view.settlements.loc[settlement_id])


def _minutes(seconds: float) -> Words | str:
    return f"{seconds / 60:.0f}" if np.isfinite(seconds) else NO_WAY


def _change(before: pd.Series | None, after: pd.Series, column: str, show: Any) -> Cell:  # noqa: ANN401 - a function from a number to a cell
    """Return "before → after", or one figure where they read the same."""
    shown = [show(float(row[column])) for row in (before, after) if row is not None]
    first, last = (Words(cell, cell) if isinstance(cell, str) else cell for cell in (shown[0], shown[-1]))
    return last if first == last else Words(f"{first.zh} → {last.zh}", f"{first.en} → {last.en}")
