"""All that is asked of a layout beside its cost and its trips: the tables of `results.ASSESSMENTS`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from layout_planner.assess.bad_days import list_bad_days, risk_when_cut_off
from layout_planner.assess.boarding import queue_for_beds
from layout_planner.assess.disabled import place_disabled, plan_visits
from layout_planner.assess.equity import measure_equity
from layout_planner.assess.funding import fund_layout
from layout_planner.assess.groups import count_groups, list_risk_groups
from layout_planner.assess.status import tabulate_status
from layout_planner.assess.surroundings import count_venues, list_venues
from layout_planner.results import ASSESSMENTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from layout_planner.assess.disabled import SpecialSites
    from layout_planner.plan.case import Case
    from layout_planner.plan.layout import Layout
    from layout_planner.travel.model import TravelTimes


def assess_layouts(
    case: Case,
    layouts: Mapping[str, tuple[Layout, pd.DataFrame]],
    special: SpecialSites | None,
    bad_days: Mapping[str, TravelTimes],
    after: Case | None = None,
) -> dict[str, pd.DataFrame]:
    """Return the tables of ASSESSMENTS; all but `surroundings` have a column `when`, and `bad_days` is empty where there are none.

    layouts : "today" or "plan" -> the layout and who is at risk under it (RISK_COLUMNS)
    bad_days : trips on every bad day of the county, by its key
    after : the case with the trips of the plan, where roads were mended for it
    """
    county = case.county
    groups = count_groups(county, case.demand)
    near = list_venues(county.schools, county.venues, case.norms)
    cases = {when: (case, bad_days) if after is None or when == "today" else (after, after.bad_days) for when in layouts}
    parts = {
        when: _assess_layout(cases[when][0], layout, risk, groups, near, special, cases[when][1])
        for when, (layout, risk) in layouts.items()
    }
    names = [name for name in ASSESSMENTS if name != "surroundings"]
    joined = {name: pd.concat({when: tables[name] for when, tables in parts.items()}, names=["when"]) for name in names}
    joined = {name: table.reset_index("when").reset_index(drop=True) for name, table in joined.items()}
    return {name: joined.get(name, near) for name in ASSESSMENTS}


def _assess_layout(
    case: Case,
    layout: Layout,
    risk: pd.DataFrame,
    groups: pd.DataFrame,
    near: pd.DataFrame,
    special: SpecialSites | None,
    bad_days: Mapping[str, TravelTimes],
) -> dict[str, pd.DataFrame]:
    trips, county = layout.assignment, case.county
    queue = queue_for_beds(case, layout, groups)
    disabled = place_disabled(case, layout, groups, special)
    closed = list_bad_days(layout, case, bad_days)
    hurt = pd.concat([risk, risk_when_cut_off(closed, risk, county)], ignore_index=True) if len(closed) else risk
    return {
        "equity": measure_equity(trips, risk, groups, county, case.scenario.bands),
        "risk_groups": list_risk_groups(hurt, trips, groups),
        "school_status": tabulate_status(case, layout, queue, count_venues(near, county.schools.index)),
        "boarding_queue": queue,
        "disabled": disabled,
        "home_visits": plan_visits(case, layout, disabled),
        "bad_days": closed,
        "funding": fund_layout(case, layout, groups),
    }
