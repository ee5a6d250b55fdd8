"""What it costs that a plan holds on hard days: the same scenario solved once more at expected times only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from layout_planner.county.model import Note
from layout_planner.plan.forms import CLOSED
from layout_planner.plan.solve import optimise_layout
from layout_planner.words import Words

if TYPE_CHECKING:
    import pandas as pd

    from layout_planner.plan.case import Case
    from layout_planner.plan.layout import Layout, Solved

SHOWN_YUAN = 10_000


def price_holding(case: Case, options: pd.DataFrame, today: Layout, held: tuple[Layout, Solved]) -> tuple[Solved, Note]:
    """Return how the plan was found, with what it would cost without holding on hard days, and a note that says so.

    held : the plan of `case`, which holds on the days that `plan.judge` names
    """
    layout, solved = held
    plan = case.scenario.plan.model_copy(update={"judge": "expected"})
    loose = replace(case, scenario=case.scenario.model_copy(update={"plan": plan}))
    other, cheaper = optimise_layout(loose, options, today)
    terms = {
        "cost_without_holding_yuan": cheaper.objective,
        "cost_bound_without_holding_yuan": cheaper.bound,
        "price_of_holding_yuan": solved.objective - cheaper.objective,
    }
    more = _count_closed(other) - _count_closed(layout)
    sure = max(0.0, solved.objective - solved.bound), max(0.0, cheaper.objective - cheaper.bound)
    return replace(solved, terms={**solved.terms, **terms}), _tell_price(terms["price_of_holding_yuan"], more, max(sure))


def _count_closed(layout: Layout) -> int:
    return int((layout.sites["form"] == CLOSED).sum())


def _tell_price(price_yuan: float, more_closed: int, slack_yuan: float) -> Note:
    if abs(price_yuan) <= slack_yuan:
        zh = f"坏天气也站得住，几乎不多花钱（求解精度{slack_yuan / SHOWN_YUAN:.1f}万元）"
        en = f"holding on hard days costs next to nothing (the solver is sure to {slack_yuan:,.0f} yuan)"
    elif price_yuan < 0:
        zh = f"坏天气也站得住，每年反而少花{-price_yuan / SHOWN_YUAN:.1f}万元：只按平日算，先顾孩子安全和时间的方案更贵"
        en = f"holding on hard days costs {-price_yuan:,.0f} yuan a year less: at expected times only, what is best for pupils costs more"
    else:
        zh = f"坏天气也站得住，每年多花{price_yuan / SHOWN_YUAN:.1f}万元"
        en = f"holding on hard days costs {price_yuan:,.0f} yuan a year more"
    if more_closed > 0:
        schools = "school" if more_closed == 1 else "schools"
        zh, en = f"{zh}；只按平日算可以多撤{more_closed}所", f"{en}; at expected times only, {more_closed} more {schools} could close"
    return Note("price_of_holding", Words(zh, en))
