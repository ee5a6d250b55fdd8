"""Who pays what for a layout, a year: public funds with the floor of 100 pupils, boarders, allowances, meals, buses, and what families pay.

The prices are those of the norm set, each with its flag. How public funds are shared between centre, province and county is not known here,
so they stand under one payer. Allowances go to poor pupils, whose number comes from the villages' counts; without it they are unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from layout_planner.assess.groups import share_groups
from layout_planner.plan.costs import pupil_funds_yuan
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from layout_planner.plan.case import Case
    from layout_planner.plan.layout import Layout

PAYERS = {
    "public": Words("财政（中央、省、县分担）", "public funds (centre, province and county)"),
    "county": Words("县", "county"),
    "families": Words("家庭", "families"),
}
ITEMS = {
    "pupil_funds": Words("生均公用经费（含不足100人按100人）", "funds by pupil, with the floor of 100"),
    "floor": Words("其中：保底部分", "of them: what the floor adds"),
    "boarder_funds": Words("寄宿生公用经费补助", "supplement for boarders"),
    "boarder_allowance": Words("困难寄宿生生活补助", "living allowance of poor boarders"),
    "day_allowance": Words("困难非寄宿生生活补助", "living allowance of poor day pupils"),
    "meals": Words("营养膳食补助", "meal subsidy"),
    "disabled_funds": Words("残疾学生公用经费", "funds for disabled pupils"),
    "teachers_sites": Words("教师、校舍和新增床位", "teachers, sites and new beds"),
    "buses": Words("校车（车辆和里程）", "school buses, vehicles and kilometres"),
    "fares": Words("公交车费", "fares of public buses"),
    "weekends": Words("寄宿生周末往返", "weekly trips of boarders"),
}
FUNDING_COLUMNS = (
    "item",  # a key of ITEMS
    "payer",  # a key of PAYERS
    "number",  # float, pupils or buses that it is paid for; NaN where nobody counted them
    "yuan",  # float, a year; NaN where unknown
    "source",
)


class _Sum(NamedTuple):
    item: str
    payer: str
    number: float
    yuan: float
    key: str


def fund_layout(case: Case, layout: Layout, groups: pd.DataFrame) -> pd.DataFrame:
    """Return one row (FUNDING_COLUMNS) an item of ITEMS; `floor` is part of `pupil_funds`.

    groups : as `count_groups` gives them
    """
    trips = share_groups(layout.assignment[layout.assignment["pupils"] > 0], groups)
    sums = [*_sum_pupils(case, layout), *_sum_groups(case, trips), *_sum_trips(case, layout)]
    rows = [(s.item, s.payer, s.number, round(s.yuan, 2), _cite(case, s.key)) for s in sums]
    return pd.DataFrame(rows, columns=list(FUNDING_COLUMNS))


def _cite(case: Case, key: str) -> str:
    norm = case.norms.find(key) if key else None
    return norm.cite() if norm else "docs/architecture.md"


def _sum_pupils(case: Case, layout: Layout) -> Iterator[_Sum]:
    trips, norms = layout.assignment, case.norms
    at_school = trips[trips["school_id"] != ""]
    counts = at_school.groupby(["school_id", "band"])["pupils"].sum()
    funds = plain = 0.0
    for school_id, site in layout.sites.iterrows():
        pupils = {band: int(counts.get((school_id, band), 0)) for band in str(site["bands"]).split(",") if band}
        if pupils:
            funds += pupil_funds_yuan(norms, pupils, case.scenario.bands)
            plain += sum(number * norms.value("cost.per_pupil_yuan", grades=case.scenario.bands[band]) for band, number in pupils.items())
    pupils_in_all = float(at_school["pupils"].sum())
    yield _Sum("pupil_funds", "public", pupils_in_all, funds, "cost.per_pupil_yuan")
    yield _Sum("floor", "public", np.nan, funds - plain, "small_school.funding_floor")
    boarders = float(trips.loc[trips["mode"] == "board", "pupils"].sum())
    yield _Sum("boarder_funds", "public", boarders, boarders * norms.value("cost.per_boarder_yuan"), "cost.per_boarder_yuan")
    meal, days = norms.find("cost.meal_per_day_yuan"), norms.find("cost.meal_days")
    meals = pupils_in_all * meal.value * days.value if meal and days else np.nan
    yield _Sum("meals", "public", pupils_in_all, meals, "cost.meal_per_day_yuan")


def _sum_groups(case: Case, trips: pd.DataFrame) -> Iterator[_Sum]:
    """Yield allowances of poor pupils, a day pupil's being a share of a boarder's, and the funds of disabled pupils."""
    norms, share = case.norms, case.norms.find("cost.day_pupil_allowance_share")
    rate = trips["band"].map({band: norms.value("cost.boarder_allowance_yuan", grades=g) for band, g in case.scenario.bands.items()})
    boards = (trips["mode"] == "board").to_numpy()
    for item, rows, part in (("boarder_allowance", boards, 1.0), ("day_allowance", ~boards, share.value if share else np.nan)):
        known = "poor" in trips
        number = float(trips.loc[rows, "poor"].sum()) if known else np.nan
        yuan = float((trips.loc[rows, "poor"] * rate[rows].astype(float)).sum()) * part if known else np.nan
        yield _Sum(item, "public", number, yuan, "cost.boarder_allowance_yuan")
    disabled, each = float(trips["disabled"].sum()) if "disabled" in trips else np.nan, norms.find("cost.per_disabled_pupil_yuan")
    yield _Sum("disabled_funds", "public", disabled, disabled * each.value if each else np.nan, "cost.per_disabled_pupil_yuan")


def _sum_trips(case: Case, layout: Layout) -> Iterator[_Sum]:
    trips, norms = layout.assignment, case.norms
    pupils = {mode: float(trips.loc[trips["mode"] == mode, "pupils"].sum()) for mode in ("bus", "school_bus", "board")}
    yuan = {mode: float(trips.loc[trips["mode"] == mode, "cost_yuan"].sum()) for mode in pupils}
    buses = float(layout.sites["buses"].sum())
    vehicles = buses * norms.value("cost.bus_yuan")
    funds = sum(part.yuan for part in _sum_pupils(case, layout) if part.item == "pupil_funds")
    yield _Sum("teachers_sites", "county", np.nan, float(layout.sites["cost_yuan"].sum()) - vehicles - funds, "")
    yield _Sum("buses", "county", buses, vehicles + yuan["school_bus"], "cost.bus_yuan")
    yield _Sum("fares", "families", pupils["bus"], yuan["bus"], "cost.public_bus_trip_yuan")
    boarding = trips[trips["mode"] == "board"]
    allowance = boarding["band"].map({b: norms.value("cost.boarder_allowance_yuan", grades=g) for b, g in case.scenario.bands.items()})
    living = float((boarding["pupils"] * (allowance.astype(float) + norms.value("cost.per_boarder_yuan"))).sum())
    yield _Sum("weekends", "families", pupils["board"], yuan["board"] - living, "cost.bus_km_yuan")
