"""Summaries of an at-risk table for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.names import name_band
from layout_planner.risk import CAUSES
from layout_planner.words import Lang, Words

if TYPE_CHECKING:
    from collections.abc import Hashable

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
}


def risk_summaries(table: pd.DataFrame, lang: Lang) -> dict[str, pd.DataFrame]:
    """Return pupils at risk by band and cause, by township and cause, and the worst settlements by name."""
    bands = [name_band(band).say(lang) for band in table["band"]]
    named = table.assign(band=bands, cause=[CAUSES[cause].say(lang) for cause in table["cause"]])
    worst = named.head(WORST).assign(
        minutes=_minutes(named["seconds"].head(WORST), lang), limit=_minutes(named["limit_s"].head(WORST), lang)
    )
    heads = {name: words.say(lang) for name, words in HEADS.items()}
    tables = {
        Words("按学段和原因", "by band and cause"): _cross(named, "band", lang),
        Words("按乡镇和原因", "by township and cause"): _cross(named, "township", lang),
        Words(f"最严重的{WORST}项", f"the {WORST} worst"): worst[list(HEADS)],
    }
    return {title.say(lang): summary.rename(columns=heads) for title, summary in tables.items()}


def _cross(table: pd.DataFrame, by: Hashable, lang: Lang) -> pd.DataFrame:
    total = Words("合计", "total").say(lang)
    if table.empty:
        return pd.DataFrame({str(by): [total], total: [0]})
    crossed = table.pivot_table(index=by, columns="cause", values="pupils", aggfunc="sum", fill_value=0, margins=True, margins_name=total)
    return crossed.astype(int).reset_index().rename_axis(columns=None)


def _minutes(seconds: pd.Series, lang: Lang) -> list[str]:
    never = Words("不可达", "unreachable").say(lang)
    return [f"{value / 60:.0f}" if np.isfinite(value) else never for value in seconds]
