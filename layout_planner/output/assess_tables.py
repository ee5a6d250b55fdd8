"""The tables of an assessment as people read them: heads and keys in words, minutes for seconds, per cent for shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from layout_planner.assess.disabled import WAYS
from layout_planner.assess.funding import ITEMS, PAYERS
from layout_planner.assess.groups import GROUPS
from layout_planner.assess.status import CLASS_STATES
from layout_planner.assess.surroundings import KINDS, STATES
from layout_planner.names import FORMS, name_band, name_mode
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
IN_QUEUE = {"left_behind": GROUPS["left_behind"], "other": Words("其他学生", "other pupils")}
YES = Words("是", "yes")
ASSUMED = "assumption of this project"
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
    "school": Words("学校", "school"),
    "mode": Words("方式", "mode"),
    "cause": Words("原因", "cause"),
    "over_s": Words("超出分钟", "minutes over"),
    "seconds": Words("分钟", "minutes"),
    "form": Words("办学类型", "form"),
    "bands": Words("学段", "bands"),
    "parent_school_id": Words("中心校标识码", "central school id"),
    "parent": Words("中心校", "central school"),
    "small": Words("小规模", "small"),
    "classes": Words("班数", "classes"),
    "pupils_per_class": Words("班额", "per class"),
    "class_state": Words("班额状况", "class size"),
    "seats": Words("学位", "seats"),
    "beds": Words("床位", "beds"),
    "beds_wanted": Words("缺床学生", "wanting a bed"),
    "dorm_short_m2": Words("宿舍缺面积㎡", "dorm short m²"),
    "toilets_boys_short": Words("男厕缺蹲位", "boys' toilets short"),
    "toilets_girls_short": Words("女厕缺蹲位", "girls' toilets short"),
    "teachers": Words("教师", "teachers"),
    "teachers_spare": Words("比标准多（缺为负）", "teachers over ratio"),
    "funds_yuan": Words("公用经费元", "funds yuan"),
    "floor_yuan": Words("其中百人保底元", "of it by the floor"),
    "specialist_lessons": Words("缺专任课时/周", "specialist lessons wanted"),
    "specialists_travelling": Words("走教教师", "travelling teachers"),
    "too_near": Words("过近场所", "venues too near"),
    "check": Words("待核实场所", "venues to check"),
    "candidate": Words("候选校址", "candidate"),
    "venue_id": Words("场所编号", "venue id"),
    "venue": Words("场所", "venue"),
    "kind": Words("类别", "kind"),
    "distance_m": Words("距离米", "metres"),
    "limit_m": Words("限值米", "limit m"),
    "state": Words("结论", "finding"),
    "source": Words("依据", "source"),
    "place": Words("顺序", "place"),
    "too_far": Words("走读超限", "too far"),
    "served": Words("有床", "with a bed"),
    "unserved": Words("无床", "without"),
    "way": Words("安置方式", "taught"),
    "visits_week": Words("每周次数", "visits a week"),
    "hours_week": Words("每周小时", "hours a week"),
    "ride_s": Words("乘车分钟", "ride min"),
    "walk_s": Words("步行分钟", "walk min"),
    "day": Words("坏天气编号", "bad day"),
    "day_name": Words("坏天气", "name in Chinese"),
    "day_name_en": Words("坏天气（英文）", "name in English"),
    "bad_s": Words("当天分钟", "minutes that day"),
    "day_state": Words("当天", "that day"),
    "item": Words("项目", "item"),
    "payer": Words("承担者", "payer"),
    "number": Words("数量（人、辆）", "number (pupils, buses)"),
    "yuan": Words("元/年", "yuan a year"),
    "optimistic_s": Words("最快分钟", "at best"),
    "pessimistic_s": Words("最慢分钟", "at worst"),
    "limit_s": Words("限值分钟", "limit"),
}
DAY_STATES = {
    "open": Words("照常", "as on other days"),
    "longer": Words("绕行变长", "longer"),
    "over_limit": Words("超过时限", "over the limit"),
    "cut_off": Words("断路", "cut off"),
}
WHOLE = (
    "dorm_short_m2",
    "toilets_boys_short",
    "toilets_girls_short",
    "teachers",
    "teachers_spare",
    "funds_yuan",
    "floor_yuan",
    "distance_m",
    "limit_m",
    "seats",
)
DECIMALS = {"gini": 3, "palma": 1, "at_risk_share": 1, "pupils_per_class": 1, **dict.fromkeys(WHOLE, 0)}


def show_assessment(table: pd.DataFrame, lang: Lang, bands: Mapping[str, tuple[int, ...]], names: pd.Series) -> pd.DataFrame:
    """Return any table of ASSESSMENTS with words for keys, minutes for `*_s` and heads in `lang`.

    names : settlement_id -> name
    """
    shown = _say_keys(table.copy(), lang, bands)
    if "worst_settlement" in shown:
        shown["worst_settlement"] = names.reindex(shown["worst_settlement"]).fillna("").to_numpy()
    if "seats" in shown:
        shown["seats"] = shown["seats"].replace(np.inf, np.nan)
    for name in shown.columns:
        if name.endswith("_s") or name == "seconds":
            shown[name] = (shown[name].astype(float) / 60).round(1)
        elif name.endswith("_share"):
            shown[name] = (100 * shown[name]).round(1)
        elif name in DECIMALS:
            shown[name] = shown[name].round(DECIMALS[name])
    return shown.rename(columns={name: head.say(lang) for name, head in HEADS.items()})


def _say_keys(shown: pd.DataFrame, lang: Lang, bands: Mapping[str, tuple[int, ...]]) -> pd.DataFrame:
    """Put words in place of keys and flags."""
    words: dict[str, Callable[[str], Words]] = {
        "when": lambda key: WHEN[key],
        "band": lambda key: name_band(key, bands.get(key, ())),
        "mode": name_mode,
        "cause": lambda key: CAUSES[key],
        "group": lambda key: GROUPS.get(key) or IN_QUEUE[key],
        "form": lambda key: FORMS[key],
        "class_state": lambda key: CLASS_STATES[key],
        "kind": lambda key: KINDS[key],
        "state": lambda key: STATES[key],
        "day_state": lambda key: DAY_STATES[key],
        "way": lambda key: WAYS[key],
        "item": lambda key: ITEMS[key],
        "payer": lambda key: PAYERS[key],
        "township": lambda key: Words(key, key),
        "county": lambda _: BY["county"],
        "source": lambda text: Words(text.replace(ASSUMED, "本项目假设"), text),
        "bands": lambda taught: _join([name_band(band, bands.get(band, ())) for band in taught.split(",") if band]),
    }
    if "by" in shown:
        shown["key"] = [words[by](key).say(lang) for by, key in zip(shown["by"], shown["key"], strict=True)]
        shown["by"] = [BY[by].say(lang) for by in shown["by"]]
    for name in set(words) & set(shown.columns):
        shown[name] = [words[name](key).say(lang) for key in shown[name]]
    for name in {"small", "too_far", "candidate"} & set(shown.columns):
        shown[name] = np.where(shown[name].astype(bool), YES.say(lang), "")
    return shown


def _join(parts: list[Words]) -> Words:
    return Words("、".join(part.zh for part in parts), ", ".join(part.en for part in parts))


def as_records(table: pd.DataFrame) -> list[dict[str, object]]:
    """Return the rows for JSON: `unreachable` for infinity, null for what is unknown."""
    plain = table.astype(object).replace(np.inf, "unreachable")
    return [{str(key): value for key, value in row.items()} for row in plain.where(plain.notna(), None).to_dict("records")]


def show_cell(value: object, column: str, lang: Lang) -> str:
    """Return a cell of `column` of such a table as text; endless minutes become a word."""
    if isinstance(value, float):
        if np.isinf(value):
            return Words("不可达", "no way").say(lang)
        return "—" if np.isnan(value) else f"{value:,.{DECIMALS.get(column, 1)}f}"
    return f"{value:,}" if isinstance(value, int | np.integer) and not isinstance(value, bool) else str(value)
