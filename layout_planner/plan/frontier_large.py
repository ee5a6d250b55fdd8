"""Frontiers of large counties: every plan is a search of its own, region by region, with the bound in the scenario and a gap of its own.

What is bounded (schools kept, new beds, the longest trip) is asked of the scenario or of the options; what is sought is the least cost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from layout_planner.clock import is_interrupted
from layout_planner.errors import NoPlanError
from layout_planner.plan.axes import is_within
from layout_planner.plan.forms import CLOSED
from layout_planner.plan.goals import DAILY
from layout_planner.plan.linear import PUPIL_SLACK
from layout_planner.plan.solve import finish, prepare, spend_least

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pandas as pd

    from layout_planner.plan.case import Case
    from layout_planner.plan.layout import Layout, Solved
    from layout_planner.plan.solve import Asked

SAFER_SHARE, SAFER = 1e-3, 0.5  # risk that is no difference: a share, and weighted pupils
PLAN_KEYS = {"kept": "min_schools", "beds": "max_new_beds"}


@dataclass(frozen=True)
class Found:
    """One plan: the question with its goals on pupils reached, its layout and its certificate."""

    asked: Asked
    layout: Layout
    solved: Solved


def search_within(case: Case, options: pd.DataFrame, today: Layout, axis: str = "", bound: float = 0.0) -> Found:
    """Return the cheapest plan that is as safe as can be with `axis` (kept, beds or minutes; none where empty) no worse than `bound`.

    Raises
    ------
    NoPlanError : there is none, or the time limit left none.
    """
    if axis in PLAN_KEYS:
        plan = case.scenario.plan.model_copy(update={PLAN_KEYS[axis]: round(bound)})
        case = replace(case, scenario=case.scenario.model_copy(update={"plan": plan}))
    most_s = 60 * bound + PUPIL_SLACK if axis == "minutes" else None
    asked = prepare(case, options, today, by_region=True, most_s=most_s)
    return Found(asked, *finish(asked, spend_least(asked)))


def trace_within(
    case: Case,
    options: pd.DataFrame,
    today: Layout,
    first: Found,
    axis: str,
    bounds: Sequence[float],
    on_point: Callable[[float], None],
) -> Iterator[tuple[float, Found]]:
    """Yield the plan of every bound, which go from loose to tight; they end where a bound leaves none that is as safe as `first`.

    A plan that is within the next bound as well is the best of that too, and is not searched again.
    """
    safe, found = (first.asked.reached.harm.value, first.asked.reached.at_risk.value), first
    for bound in bounds:
        if is_interrupted():
            return
        on_point(bound)
        if not is_within(found.layout, axis, bound):
            try:
                found = search_within(case, options, today, axis, bound)
            except NoPlanError:
                return
        reached = found.asked.reached
        if reached.harm.value > safe[0] + SAFER or reached.at_risk.value > safe[1] * (1 + SAFER_SHARE) + SAFER:
            return
        yield bound, found


def most_schools(asked: Asked) -> int:
    """Return how many schools and points are open where every site is as wide as it may be."""
    return sum(site.forms != (CLOSED,) for site in asked.case.sites)


def least_minutes(options: pd.DataFrame) -> float:
    """Return a time that somebody needs every day whatever is done: the longest of the shortest ways; those who may board need none."""
    seconds = options["seconds"].where(options["mode"].isin(DAILY), 0.0)
    return float(seconds.groupby([options["settlement_id"], options["band"]]).min().max() / 60)
