"""The figures by which layouts are compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from layout_planner.assess.bad_days import count_cut_off
from layout_planner.assess.equity import gini, quantile
from layout_planner.plan.forms import CLOSED
from layout_planner.risk import count_doubtful
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from layout_planner.norms import NormSet
    from layout_planner.plan.layout import Layout
    from layout_planner.scenario import Scenario

DAILY = ("walk", "bus", "school_bus")


class Measure(NamedTuple):
    """One figure: its name for people and how many decimals it is shown with."""

    label: Words
    decimals: int


MEASURES: dict[str, Measure] = {
    "pupils": Measure(Words("学生数", "pupils"), 0),
    "at_risk": Measure(Words("有风险的学生", "pupils at risk"), 0),
    "unserved": Measure(Words("其中无路或无学位", "of them without a way or place"), 0),
    "newly_at_risk": Measure(Words("因方案新增的风险学生", "put at risk by the plan"), 0),
    "at_risk_pessimistic": Measure(Words("路上慢时有风险的学生", "at risk on a slow day"), 0),
    "cut_off_worst_day": Measure(Words("最坏天气断路的学生", "cut off on the worst day"), 0),
    "worst_minutes": Measure(Words("最长单程（分钟）", "worst trip, minutes"), 1),
    "mean_minutes": Measure(Words("平均单程（分钟）", "mean trip, minutes"), 1),
    "p90_minutes": Measure(Words("九成学生单程不超过（分钟）", "nine in ten travel at most, minutes"), 1),
    "gini": Measure(Words("单程分钟的基尼系数", "Gini of minutes one way"), 3),
    "walk_beyond_share": Measure(Words("远距离步行的比例（%）", "walking far, %"), 1),
    "sites_open": Measure(Words("学校与教学点", "schools and points open"), 0),
    "small_sites": Measure(Words("其中小规模学校", "of them small schools"), 0),
    "boarders": Measure(Words("寄宿生", "boarders"), 0),
    "new_beds": Measure(Words("新增床位", "new beds"), 0),
    "buses": Measure(Words("校车", "school buses"), 0),
    "at_risk_weighted": Measure(Words("有风险的学生（按超限程度加权）", "at risk, weighed by how far over the limit"), 1),
    "split_siblings": Measure(Words("与兄弟姐妹不同校的小学生", "primary pupils apart from siblings"), 0),
    "pupil_minutes": Measure(Words("全体学生单程分钟总和", "minutes of all pupils together"), 0),
    "moved": Measure(Words("换校学生", "pupils who change school"), 0),
    "cost_yuan": Measure(Words("年成本（万元）", "cost a year, 10,000 yuan"), 1),
    "capital_yuan": Measure(Words("一次性投入（万元）", "spent once, 10,000 yuan"), 1),
}
SHOWN_IN_10_000 = {"cost_yuan", "capital_yuan"}


def measure_layout(  # noqa: PLR0913 - it measures everything
    layout: Layout, risk: pd.DataFrame, today: Layout, risk_today: pd.DataFrame, norms: NormSet, scenario: Scenario,
    bad_days: pd.DataFrame | None = None, terms: Mapping[str, float] | None = None,
) -> dict[str, float]:  # fmt: skip
    """Return the figures of MEASURES for `layout`; minutes are of daily trips, weighted by pupils.

    terms : the figures that only the whole case tells, from `plan.terms.describe_layout`
    bad_days : the layout's trips on bad days; without them there is no `cut_off_worst_day`

    `worst_minutes`, `mean_minutes`, `p90_minutes` and `gini` leave out pupils without any way; those are counted in `unserved`.
    """
    trips, sites = layout.assignment, layout.sites
    daily = trips[trips["mode"].isin(DAILY)]
    seconds, pupils = daily["seconds"].to_numpy(dtype=float), daily["pupils"].to_numpy(dtype=float)
    walked_km = trips.loc[trips["mode"] == "walk", "metres"] / 1000
    beyond = trips.loc[trips["mode"] == "walk", "pupils"][walked_km > norms.value("travel.report_walk_km")].sum()
    is_open = sites["form"] != CLOSED
    figures = {
        "pupils": float(trips["pupils"].sum()),
        "at_risk": float(risk["pupils"].sum()),
        "at_risk_pessimistic": float(risk["pupils"].sum() + count_doubtful(layout, risk, norms, scenario)),
        "unserved": float(trips.loc[trips["mode"] == "unserved", "pupils"].sum()),
        "newly_at_risk": float(_count_newly_at_risk(risk, risk_today)),
        "worst_minutes": float(daily["seconds"].max() / 60) if len(daily) else 0.0,
        "mean_minutes": float(np.average(daily["seconds"], weights=daily["pupils"]) / 60) if daily["pupils"].sum() else 0.0,
        "p90_minutes": quantile(seconds, pupils, 0.9) / 60,
        "gini": gini(seconds, pupils),
        "walk_beyond_share": 100 * float(beyond) / max(1.0, float(trips["pupils"].sum())),
        "sites_open": float(is_open.sum()),
        "small_sites": float((is_open & (sites["pupils"] < norms.value("small_school.max_pupils"))).sum()),
        "boarders": float(sites["boarders"].sum()),
        "new_beds": float(sites["new_beds"].sum()),
        "buses": float(sites["buses"].sum()),
        "moved": float(_count_moved(layout, today)),
        "cost_yuan": float(sites["cost_yuan"].sum() + trips["cost_yuan"].sum()),
        **(terms or {}),
    }
    return figures if bad_days is None else {**figures, "cut_off_worst_day": float(count_cut_off(bad_days))}


def _count_newly_at_risk(risk: pd.DataFrame, risk_today: pd.DataFrame) -> int:
    """Return by how many pupils the numbers at risk grow in the settlements and bands where they grow."""
    now, then = (table.groupby(["settlement_id", "band"])["pupils"].sum() for table in (risk, risk_today))
    return int((now - then.reindex(now.index, fill_value=0)).clip(lower=0).sum())


def _count_moved(layout: Layout, today: Layout) -> int:
    """Return the pupils whose school differs from today's; whom no school takes changes none: `unserved` counts them."""
    key = ["settlement_id", "band", "school_id"]
    now, then = (part.assignment.groupby(key)["pupils"].sum() for part in (layout, today))
    now = now[now.index.get_level_values("school_id") != ""]
    return int((now - then.reindex(now.index, fill_value=0)).clip(lower=0).sum())


def list_mergers(today: Layout, plan: Layout) -> tuple[str, ...]:
    """Return the ids of sites that close or lose a band under the plan, sorted."""
    return tuple(
        str(school_id) for school_id in today.sites.index.sort_values() if set(_bands(today, school_id)) - set(_bands(plan, school_id))
    )


def _bands(layout: Layout, school_id: str) -> list[str]:
    return [band for band in str(layout.sites.at[school_id, "bands"]).split(",") if band]
