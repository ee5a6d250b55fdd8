"""The frontier between two of schools kept, longest daily trip, new beds and yuan: one is bounded, the other made as good as can be.

At every point harm and risk are those of the best plan of all; the goal is reached within the gap, and of the plans that reach it the
cheapest is taken. A bound on the longest trip is a bound on which ways are taken, so minutes are always the bounded one of their pair.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pulp

from layout_planner.clock import is_interrupted
from layout_planner.errors import NoPlanError
from layout_planner.plan.axes import AXES, MORE_IS_BETTER, measure_axis
from layout_planner.plan.frontier_large import least_minutes, prepare_frontier, trace_large
from layout_planner.plan.goals import DAILY
from layout_planner.plan.linear import PUPIL_SLACK
from layout_planner.plan.solve import finish, spend_least

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

    from layout_planner.plan.case import Case
    from layout_planner.plan.layout import Layout, Solved
    from layout_planner.plan.model import LayoutModel
    from layout_planner.plan.model_inputs import Expression
    from layout_planner.plan.solve import Asked, Spent


@dataclass(frozen=True)
class PairPoint:
    """One plan: `bound` on the first axis that was asked, figures of both axes, and what the goal cannot be better than, by proof."""

    asked: float | None
    goal_bound: float
    gap: float
    layout: Layout
    solved: Solved


def order_pair(between: tuple[str, str]) -> tuple[str, str]:
    """Return the pair with the axis that is bounded first."""
    first, second = sorted(between, key=AXES.index)
    return first, second


def trace_pair(
    case: Case, options: pd.DataFrame, today: Layout, pair: tuple[str, str], most_points: int, on_point: Callable[[float], None]
) -> Iterator[PairPoint]:
    """Yield plans from the best of the goal to the tightest bound that leaves a plan; at most `most_points`.

    pair : of `order_pair`

    A large county is searched region by region.
    """
    asked = prepare_frontier(case, options, today)
    if asked.large is not None:
        for found in trace_large(asked, pair, lambda begin, end: _spread_bounds(pair[0], begin, end, most_points), on_point):
            yield PairPoint(found.bound, found.goal.bound, found.goal.gap, found.layout, found.solved)
        return
    search = _Search.of(asked, spend_least(asked), pair)
    first = search.solve(None)
    yield first
    for bound in search.steps(first, most_points):
        if is_interrupted():
            return
        on_point(bound)
        try:
            yield search.solve(bound)
        except NoPlanError:
            return


def _spread_bounds(axis: str, begin: float, end: float, most_points: int) -> list[float]:
    """Return bounds from `begin`, which is left out, to `end`, evenly, the loosest first."""
    count = max(1, most_points - 1)
    spread = [begin + (end - begin) * k / count for k in range(1, count + 1)]
    whole = [float(round(bound)) if axis in {"kept", "beds"} else bound for bound in spread]
    return [bound for bound in dict.fromkeys(whole) if abs(bound - begin) > PUPIL_SLACK]


@dataclass(frozen=True)
class _Search:
    """The model with its solver, and the rows by which one axis is bounded and the goal held."""

    asked: Asked
    spent: Spent
    pair: tuple[str, str]
    rows: tuple[int, int]

    @classmethod
    def of(cls, asked: Asked, spent: Spent, pair: tuple[str, str]) -> _Search:
        bounded = [_good(spent.model, axis) for axis in pair]
        rows = tuple(spent.solver.add_floor(goal, f"held_{axis}") for goal, axis in zip(bounded, pair, strict=True))
        return cls(asked, spent, pair, (rows[0], rows[1]))

    def solve(self, bound: float | None) -> PairPoint:
        """Return the plan that is best in the goal, and of those the cheapest, with the first axis no worse than `bound`."""
        model, solver, settings = self.spent.model, self.spent.solver, self.asked.case.scenario.solver
        goal = _good(model, self.pair[1])
        solver.raise_floor(self.rows[1], -float("inf"))
        if bound is not None:
            self._bound(bound)
        solver.allow_s(settings.time_limit_s)
        reached = solver.minimise(-1 * goal, gap=settings.gap)
        cost = reached
        if self.pair[1] != "yuan":
            solver.raise_floor(self.rows[1], -reached.value - PUPIL_SLACK - goal.constant)
            solver.allow_s(settings.time_limit_s)
            cost = solver.minimise(model.spend, gap=settings.gap)
        layout, solved = finish(self.asked, replace(self.spent, cost=cost))
        sign = -1.0 if self.pair[1] in MORE_IS_BETTER else 1.0
        return PairPoint(bound, sign * reached.bound, reached.gap, layout, solved)

    def _bound(self, bound: float) -> None:
        axis, model, solver = self.pair[0], self.spent.model, self.spent.solver
        if axis == "minutes":
            daily = model.options["mode"].isin(DAILY)
            long = model.options.index[daily & (model.options["seconds"] > 60 * bound)]
            out = [model.pupils[o] for o in long]
            for variable in out:
                variable.upBound = 0  # of the programme too, from which whole pupils are found
            solver.leave_out(out)
            return
        good = _good(model, axis)
        floor = bound if axis in MORE_IS_BETTER else -bound
        solver.raise_floor(self.rows[0], floor - PUPIL_SLACK - good.constant)

    def steps(self, first: PairPoint, most_points: int) -> list[float]:
        """Return bounds from the first plan's figure to the best that the first axis could be, evenly, the loosest first."""
        axis, solver, model = self.pair[0], self.spent.solver, self.spent.model
        begin = measure_axis(first.layout, axis)
        if axis == "minutes":
            end = self._least_minutes()
        else:
            solver.raise_floor(self.rows[1], -float("inf"))
            solver.allow_s(self.asked.case.scenario.solver.time_limit_s)
            end = solver.minimise(-1 * _good(model, axis), gap=self.asked.case.scenario.solver.gap).value
            end = -end if axis in MORE_IS_BETTER else end
        return _spread_bounds(axis, begin, end, most_points)

    def _least_minutes(self) -> float:
        """Return a time that somebody needs every day whatever is done, on the ways that risk leaves."""
        unsafe = {id(variable) for variable in self.spent.model.unsafe}
        safest = self.asked.reached.at_risk.value <= self.spent.model.safest + PUPIL_SLACK
        kept = [not (safest and id(variable) in unsafe) for variable in self.spent.model.pupils]
        return least_minutes(self.spent.model.options[kept])


def _good(model: LayoutModel, axis: str) -> Expression:
    """Return what there should be more of along an axis; nothing for minutes, which no sum holds."""
    return {
        "kept": model.sites_open,
        "beds": -1 * pulp.lpSum(model.new_beds.values()),
        "yuan": -1 * model.spend,
        "minutes": pulp.LpAffineExpression(),
    }[axis]


def keep_efficient(points: list[tuple[float, float]], pair: tuple[str, str]) -> list[int]:
    """Return the positions of the points that no other beats, in the order of the first axis from loose to tight."""
    signs = [-1.0 if axis in MORE_IS_BETTER else 1.0 for axis in pair]
    scored = [tuple(sign * figure for sign, figure in zip(signs, point, strict=True)) for point in points]
    beaten = {
        k for k, mine in enumerate(scored) for other in scored if other != mine and all(o <= m for o, m in zip(other, mine, strict=True))
    }
    first: dict[tuple[float, ...], int] = {}
    for k, score in enumerate(scored):
        if k not in beaten:
            first.setdefault(score, k)
    return sorted(first.values(), key=lambda k: -scored[k][0])


def mark_supported(points: list[tuple[float, float]], pair: tuple[str, str]) -> list[bool]:
    """Return which efficient points are the best of some weighing of both axes: the corners of their lower hull and those on its edges."""
    signs = [-1.0 if axis in MORE_IS_BETTER else 1.0 for axis in pair]
    scored = [(signs[0] * a, signs[1] * b) for a, b in points]
    marks = []
    for x, y in scored:
        left, right = ([p for p in scored if p[0] < x], [p for p in scored if p[0] > x])
        below = any(y > p[1] + (q[1] - p[1]) * (x - p[0]) / (q[0] - p[0]) + PUPIL_SLACK for p in left for q in right)
        marks.append(not below)
    return marks
