"""The tables of an assessment as people read them: heads and keys in words, minutes for seconds, per cent for shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from layout_planner.assess.groups import GROUPS
from layout_planner.names import name_band, name_mode
from layout_planner.risk import CAUSES
from layout_planner.words import Lang, Words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

WHEN = {"today": Words("现状", "today"), "plan": Words("方案", "plan")}
BY = {
    "county": Words("全县", "county"),
    "band": Words("学段", "band"),
    "group": Words("群体", "group"),
    "township": Words("乡镇", "township"),
}
HEADS = {
    "when": Words("时点", "when"),
    "by": Words("分类", "by"),
    "key": Words("名称", "of"),
    "pupils": Words("学生", "pupils"),
    "boarders": Words("寄宿生", "boarders"),
    "without_way": Words("无路", "no way"),
    "mean_s": Words("平均分钟", "mean min"),
    "median_s": Words("中位分钟", "median min"),
    "p90_s": Words("九成以内分钟", "P90 min"),
    "worst_s": Words("最远分钟", "worst min"),
    "worst_settlement": Words("最远居民点", "worst settlement"),
    "at_risk_share": Words("有风险%", "at risk %"),
    "gini": Words("基尼系数", "Gini"),
    "palma": Words("帕尔马比", "Palma"),
    "settlement_id": Words("居民点编号", "settlement"),
    "name": Words("名称", "name"),
    "township": Words("乡镇", "township"),
    "band": Words("学段", "band"),
    "group": Words("群体", "group"),
    "school_id": Words("学校标识码", "school id"),
    "mode": Words("方式", "mode"),
    "cause": Words("原因", "cause"),
    "over_s": Words("超出分钟", "minutes over"),
    "seconds": Words("分钟", "minutes"),
    "limit_s": Words("限值分钟", "limit"),
}
DECIMALS = {"gini": 3, "palma": 1, "at_risk_share": 1}


def show_assessment(table: pd.DataFrame, lang: Lang, bands: Mapping[str, tuple[int, ...]], names: pd.Series) -> pd.DataFrame:
    """Return any table of ASSESSMENTS with words for keys, minutes for `*_s` and heads in `lang`.

    names : settlement_id -> name
    """
    shown = table.copy()
    words: dict[str, Callable[[str], Words]] = {
        "when": lambda key: WHEN[key],
        "band": lambda key: name_band(key, bands.get(key, ())),
        "mode": name_mode,
        "cause": lambda key: CAUSES[key],
        "group": lambda key: GROUPS[key],
    }
    if "by" in shown:
        shown["key"] = [
            BY["county"].say(lang) if by == "county" else words[by](key).say(lang) if by in words else key
            for by, key in zip(shown["by"], shown["key"], strict=True)
        ]
        shown["by"] = [BY[by].say(lang) for by in shown["by"]]
    for name in set(words) & set(shown.columns):
        shown[name] = [words[name](key).say(lang) for key in shown[name]]
    if "worst_settlement" in shown:
        shown["worst_settlement"] = names.reindex(shown["worst_settlement"]).fillna("").to_numpy()
    for name in shown.columns:
        if name.endswith("_s") or name == "seconds":
            shown[name] = (shown[name].astype(float) / 60).round(1)
        elif name.endswith("_share"):
            shown[name] = (100 * shown[name]).round(1)
        elif name in DECIMALS:
            shown[name] = shown[name].round(DECIMALS[name])
    return shown.rename(columns={name: head.say(lang) for name, head in HEADS.items()})


def show_cell(value: object, column: str, lang: Lang) -> str:
    """Return a cell of `column` of such a table as text; endless minutes become a word."""
    if isinstance(value, float):
        if np.isinf(value):
            return Words("不可达", "no way").say(lang)
        return "—" if np.isnan(value) else f"{value:,.{DECIMALS.get(column, 1)}f}"
    return f"{value:,}" if isinstance(value, int | np.integer) and not isinstance(value, bool) else str(value)
