"""What the keys of `[plan]` ask of each other: weights belong to one objective."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layout_planner.errors import Problem
from layout_planner.words import Words

if TYPE_CHECKING:
    from pathlib import Path

    from layout_planner.scenario.settings import Scenario


def find_plan_faults(path: Path, scenario: Scenario) -> list[Problem]:
    """Return the keys of `[plan]` that lack another or mean nothing without it."""
    plan = scenario.plan
    found: list[tuple[str, str | None, Words, Words]] = []
    if plan.objective == "weighted" and plan.weights is None:
        what = Words("没有写明各项的权重", "the weights of the terms are not given")
        hint = Words("写成 [plan.weights] at_risk = 100000", "write [plan.weights] at_risk = 100000")
        found.append(("plan.weights", None, what, hint))
    if plan.objective != "weighted" and plan.weights is not None:
        what = Words("只有 weighted 目标才用权重", 'weights belong to objective = "weighted"')
        hint = Words('写 objective = "weighted"，或删去权重', 'write objective = "weighted", or take the weights out')
        found.append(("plan.weights", plan.objective, what, hint))
    if plan.objective == "weighted" and plan.siblings_yuan:
        what = Words("兄弟姐妹同校有两个价", "keeping siblings together has two prices")
        hint = Words("只写 weights.split_siblings", "write weights.split_siblings only")
        found.append(("plan.siblings_yuan", f"{plan.siblings_yuan:g}", what, hint))
    if plan.objective == "weighted" and plan.price_of_holding:
        what = Words("加权目标的差不是钱", "the difference of two weighted sums is no price")
        hint = Words("删去 price_of_holding 或权重", "take price_of_holding or the weights out")
        found.append(("plan.price_of_holding", "true", what, hint))
    ids = [fix.id for fix in plan.road_fixes]
    what, hint = Words("两处道路整治同名", "two road fixes have the same id"), Words("换一个 id", "change one")
    found += [("plan.road_fixes", name, what, hint) for name in sorted(set(ids)) if ids.count(name) > 1]
    what = Words("要写整治哪些路或新路的走向，二者取一", "name the roads to mend or draw the line of a new one, one of both")
    hint = Words("写 ways，或写至少两个点的 line", "write ways, or a line of two points at least")
    found += [("plan.road_fixes", fix.id, what, hint) for fix in plan.road_fixes if bool(fix.ways) == (len(fix.line) > 1)]
    if plan.bus_rounds and plan.road_fixes:
        what = Words("道路整治与 bus_rounds 不能同时使用", "bus_rounds and road fixes do not go together")
        hint = Words("先定道路，再用 bus_rounds", "decide on the roads first, then ask for bus_rounds")
        found.append(("plan.bus_rounds", f"{plan.bus_rounds}", what, hint))
    return [Problem(str(path), what, hint, column=column, value=value) for column, value, what, hint in found]
