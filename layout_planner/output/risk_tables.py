"""Summaries of who is at risk, and how evenly the ways to school are spread, for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from rich.markup import escape
from rich.table import Table

from layout_planner.assess.bad_days import CUT_OFF
from layout_planner.assess.groups import GROUPS
from layout_planner.names import name_band
from layout_planner.output.assess_tables import DAY_STATES, show_assessment, show_cell
from layout_planner.risk import CAUSES
from layout_planner.words import Lang, Words

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

WORST = 20
HEADS = {
    "settlement_id": Words("居民点编号", "settlement"),
    "name": Words("名称", "name"),
    "township": Words("乡镇", "township"),
    "band": Words("学段", "band"),
    "pupils": Words("学生", "pupils"),
    "cause": Words("原因", "cause"),
    "minutes": Words("分钟", "minutes"),
    "limit": Words("限值", "limit"),
    "over": Words("超出", "over"),
    "group": Words("群体（估计）", "group (estimate)"),
}


def risk_summaries(table: pd.DataFrame, groups: pd.DataFrame, lang: Lang) -> dict[str, pd.DataFrame]:
    """Return pupils at risk by band, by township and by group, each by cause, and the worst settlements by name.

    table : RISK_COLUMNS. groups : the same for the parts that are estimated to be of a group.
    """
    named, grouped = (
        part.assign(band=[name_band(band).say(lang) for band in part["band"]], cause=[CAUSES[cause].say(lang) for cause in part["cause"]])
        for part in (table, groups)
    )
    grouped = grouped.assign(group=[GROUPS[group].say(lang) for group in grouped["group"]])
    first = named.head(WORST)
    worst = first.assign(minutes=_spans(first, lang), limit=_minutes(first["limit_s"], lang), over=_minutes(first["over_s"], lang))
    heads = {name: words.say(lang) for name, words in HEADS.items()}
    tables = {
        Words("按学段和原因", "by band and cause"): _cross(named, "band", lang),
        Words("按乡镇和原因", "by township and cause"): _cross(named, "township", lang),
        Words("按群体和原因（按居民点比例估计）", "by group and cause (estimated by the settlement's share)"): _cross(
            grouped, "group", lang, total=False
        ),
        Words(f"最严重的{WORST}项", f"the {WORST} worst"): worst[[name for name in HEADS if name != "group"]],
    }
    return {title.say(lang): summary.rename(columns=heads) for title, summary in tables.items()}


def bad_day_table(days: pd.DataFrame, names: pd.Series, lang: Lang) -> pd.DataFrame:
    """Return one row a bad day: pupils cut off, over the limit and with a longer way, and the villages that are cut off.

    days : the table `bad_days` of ASSESSMENTS. names : settlement_id -> name
    """
    rows = []
    for (_, zh, en), day in days.groupby(["day", "day_name", "day_name_en"], sort=False):
        pupils = day.groupby("day_state")["pupils"].sum()
        cut = (
            day[day["day_state"] == CUT_OFF]
            .groupby("settlement_id")["pupils"]
            .sum()
            .sort_index()
            .sort_values(ascending=False, kind="stable")
        )
        shown = Words("、", ", ").say(lang).join(names.reindex(cut.index[:WORST]).astype(str))
        more = len(cut) - WORST
        tail = Words(f"等，另有{more}个", f" and {more} more").say(lang) if more > 0 else ""
        rows.append(
            (Words(str(zh), str(en)).say(lang), *(int(pupils.get(state, 0)) for state in DAY_STATES if state != "open"), shown + tail)
        )
    heads = [
        Words("坏天气", "bad day"),
        *(words for state, words in DAY_STATES.items() if state != "open"),
        Words("断路的居民点", "villages cut off"),
    ]
    return pd.DataFrame(rows, columns=[head.say(lang) for head in heads])


def equity_table(equity: pd.DataFrame, bands: Mapping[str, tuple[int, ...]], names: pd.Series, lang: Lang) -> Table:
    """Return how evenly the minutes to school are spread over the county, its bands, groups and townships."""
    kept = equity.drop(columns="when")
    shown = show_assessment(kept, lang, bands, names)
    title = Words("公平性（走读单程分钟，寄宿生不计）", "equity (minutes of day pupils one way; boarders left out)").say(lang)
    table = Table(title=title, title_justify="left")
    for name, kind in shown.dtypes.items():
        table.add_column(str(name), justify="right" if kind.kind in "if" else "left")
    first = (equity["by"] != equity["by"].shift()).to_list()
    for at, (by, *row) in enumerate(shown.itertuples(index=False)):
        cells = (show_cell(value, column, lang) for value, column in zip(row, kept.columns[1:], strict=True))
        table.add_row(by if first[at] else "", *map(escape, cells), end_section=at + 1 == len(first) or first[at + 1])
    return table


def _cross(table: pd.DataFrame, by: Hashable, lang: Lang, *, total: bool = True) -> pd.DataFrame:
    """Return pupils by `by` and cause; groups overlap, so theirs have no total row."""
    name = Words("合计", "total").say(lang)
    if table.empty:
        return pd.DataFrame({str(by): [name], name: [0]})
    crossed = table.pivot_table(index=by, columns="cause", values="pupils", aggfunc="sum", fill_value=0, margins=True, margins_name=name)
    crossed = crossed if total else crossed.drop(index=name)
    return crossed.astype(int).reset_index().rename_axis(columns=None)


def _spans(table: pd.DataFrame, lang: Lang) -> list[str]:
    """Return the minutes of every row as expected, and from the best to the slowest day."""
    ends = zip(table["optimistic_s"], table["pessimistic_s"], strict=True)
    said = zip(_minutes(table["seconds"], lang), ends, strict=True)
    return [f"{text} ({low / 60:.0f}–{high / 60:.0f})" if np.isfinite(high) else text for text, (low, high) in said]


def _minutes(seconds: pd.Series, lang: Lang) -> list[str]:
    never = Words("不可达", "unreachable").say(lang)
    return [f"{value / 60:.0f}" if np.isfinite(value) else never for value in seconds]
