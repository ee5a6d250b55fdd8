"""All that is asked of a layout beside its cost and its trips: the tables of `results.ASSESSMENTS`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from layout_planner.assess.equity import measure_equity
from layout_planner.assess.groups import count_groups, list_risk_groups

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from layout_planner.plan.case import Case
    from layout_planner.plan.layout import Layout


def assess_layouts(case: Case, layouts: Mapping[str, tuple[Layout, pd.DataFrame]]) -> dict[str, pd.DataFrame]:
    """Return the tables of ASSESSMENTS.

    layouts : "today" or "plan" -> the layout and who is at risk under it (RISK_COLUMNS)
    """
    groups = count_groups(case.county, case.demand)

    def by_layout(measure: Callable[[Layout, pd.DataFrame], pd.DataFrame]) -> pd.DataFrame:
        parts = {when: measure(layout, risk) for when, (layout, risk) in layouts.items()}
        return pd.concat(parts, names=["when"]).reset_index("when").reset_index(drop=True)

    return {
        "equity": by_layout(lambda layout, risk: measure_equity(layout.assignment, risk, groups, case.county, case.scenario.bands)),
        "risk_groups": by_layout(lambda layout, risk: list_risk_groups(risk, layout.assignment, groups)),
    }
