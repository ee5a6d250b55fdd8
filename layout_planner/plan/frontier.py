"""What keeping more schools costs: the cheapest plan for every number of schools kept, from all of them down to the cheapest of all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from layout_planner.clock import is_interrupted
from layout_planner.plan.forms import CLOSED
from layout_planner.plan.frontier_large import prepare_frontier, trace_large
from layout_planner.plan.solve import finish, spend_least

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

    from layout_planner.plan.case import Case
    from layout_planner.plan.layout import Layout, Solved
    from layout_planner.plan.solve import Asked, Spent


@dataclass(frozen=True)
class Point:
    """The cheapest plan that keeps at least `kept` schools and points."""

    kept: int
    layout: Layout
    solved: Solved


def trace_frontier(
    case: Case, options: pd.DataFrame, today: Layout, most_points: int, on_point: Callable[[int], None] | None = None
) -> Iterator[Point]:
    """Yield the points, most schools first; each starts from the one before, which keeps enough schools for it.

    Harm and risk are those of the best plan at every point. `most_points` are spread evenly where there are more numbers of schools.
    In a large county numbers of schools for which time left no plan are not among them, nor those for which the next higher does as well.
    """
    asked = prepare_frontier(case, options, today)
    if asked.large is not None:
        yield from _trace_large(asked, most_points, on_point or (lambda _: None))
        return
    spent = spend_least(asked)
    cheapest = _point(asked, spent)
    start = asked.reached.start
    most = round(spent.model.sites_open.constant + sum(start.get(v.name, 0.0) * w for v, w in spent.model.sites_open.items()))
    row = spent.solver.add_floor(spent.model.sites_open, "schools_least")
    spent.solver.start_at(start)
    for kept in _spread(cheapest.kept, most, most_points):
        if is_interrupted():
            break
        if on_point is not None:
            on_point(kept)
        limit_s = case.scenario.solver.time_limit_s
        spent.solver.raise_floor(row, kept - spent.model.sites_open.constant)
        spent.solver.allow_s(limit_s)
        cost = spent.solver.minimise(spent.model.spend, gap=case.scenario.solver.gap)
        yield replace(_point(asked, replace(spent, cost=cost)), kept=kept)
    yield cheapest


def _trace_large(asked: Asked, most_points: int, on_point: Callable[[int], None]) -> Iterator[Point]:
    def spread(least: float, most: float) -> list[int]:
        return sorted(_spread(int(least), int(most), most_points))

    told: Layout | None = None
    for found in reversed(trace_large(asked, ("kept", "yuan"), spread, lambda kept: on_point(int(kept)))):
        if found.layout is not told:
            yield Point(_count_open(found.layout) if found.bound is None else int(found.bound), found.layout, found.solved)
        told = found.layout


def _count_open(layout: Layout) -> int:
    return int((layout.sites["form"] != CLOSED).sum())


def _point(asked: Asked, spent: Spent) -> Point:
    layout, solved = finish(asked, spent)
    return Point(_count_open(layout), layout, solved)


def _spread(least: int, most: int, count: int) -> list[int]:
    """Return at most `count` - 1 whole numbers above `least` up to `most`, the highest first."""
    steps = min(max(1, count - 1), most - least)
    return sorted({most - round(k * (most - least) / steps) for k in range(steps)}, reverse=True) if steps > 0 else []
