"""Whole pupils with all buildings settled: of a programme as a whole, and of a large county."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from layout_planner.clock import seconds_until
from layout_planner.errors import NoPlanError
from layout_planner.highs import silent_highs
from layout_planner.plan.enrolment import cap_enrolled
from layout_planner.plan.goals import MINUTES_PER_PUPIL_LACKING, weigh_goals
from layout_planner.plan.improve import USED, Effort, improve_plan, solve_part
from layout_planner.plan.linear import EXACT, PUPIL_SLACK, ContradictionError, LinearSolver, Stage
from layout_planner.plan.regions import one_region, with_the_rest_as_it_is

if TYPE_CHECKING:
    from collections.abc import Callable

    import pulp
    from numpy.typing import NDArray

    from layout_planner.plan.arrays import Arrays, Ground
    from layout_planner.plan.regions import Borders
    from layout_planner.plan.solve import Spent

    Floats = NDArray[np.float64]
    Values = dict[pulp.LpVariable, float]

WHOLE = 1e-6
NODES = 1_000


def make_pupils_whole(
    ground: Ground, arrays: Arrays, borders: Borders, x: Floats, goal: Floats, seed: int, deadline: float
) -> Floats | None:
    """Return the plan `x` of `arrays` in whole pupils, buildings as they are, with little of `goal`; None where none was found in time.

    First every region sends its pupils anew with the others as they are, in shares; then those are made whole on the ways that are
    used, and where this cannot be, on all ways of the pupils who are split.
    """
    built = np.where(arrays.whole, np.rint(x), x)
    settled = replace(
        arrays,
        cost=goal,
        offset=0.0,
        low=np.where(arrays.whole, built, arrays.low),
        high=np.where(arrays.whole, built, arrays.high),
        whole=np.zeros(len(x), dtype=bool),
    )
    effort = Effort(EXACT, NODES, seed, deadline)
    shares = improve_plan(settled, borders, built, np.zeros(len(x)), np.inf, effort)
    counted = np.concatenate([ground.pupils, ground.unserved])
    used = np.zeros(len(x), dtype=bool)
    used[counted] = shares[counted] > USED
    split = np.zeros(len(x), dtype=bool)
    broken = np.abs(shares[ground.pupils] - np.rint(shares[ground.pupils])) > WHOLE
    split[ground.pupils] = np.isin(ground.home, ground.home[broken])
    money = ~arrays.whole
    money[counted] = False
    for free in (used, used | split):
        found = _on_ways(replace(settled, whole=free), np.flatnonzero(free | money), shares, effort)
        if found is not None:
            return found
    return None


def _on_ways(arrays: Arrays, inside: NDArray[np.int64], x: Floats, effort: Effort) -> Floats | None:
    """Return `x` with the columns `inside` solved anew; whole columns outside them stay, at the nearest whole number."""
    by_column = arrays.rows.tocsc()
    outside = np.rint(x)
    outside[inside] = x[inside]
    part = with_the_rest_as_it_is(arrays, by_column, one_region(arrays, inside), inside, outside)
    _, found = solve_part(silent_highs(), part, effort, seconds_until(effort.deadline), None)
    if found is None:
        return None
    outside[inside] = np.where(arrays.whole[inside], np.rint(found), found)
    return outside


def make_whole(spent: Spent, seed: int, deadline: float, hold: Callable[[LinearSolver], None] | None = None) -> tuple[Stage, Values]:
    """Return the solution at hand in whole pupils, with no more lacking at schools than in shares where that can be.

    hold : what else is to be kept.
    """
    model = spent.model
    try:
        return _find_whole(spent, seed, deadline, (weigh_goals(model), cap_enrolled(model, spent.solver.values())), hold)
    except ContradictionError:
        if not model.lacking:
            raise
    return _find_whole(spent, seed, deadline, (weigh_goals(model) + MINUTES_PER_PUPIL_LACKING * model.lacking, {}), hold)


def _find_whole(
    spent: Spent,
    seed: int,
    deadline: float,
    asked: tuple[pulp.LpAffineExpression, Values],
    hold: Callable[[LinearSolver], None] | None,
) -> tuple[Stage, Values]:
    """Return whole pupils of the goal `asked` under its caps: at first on the ways of the solution at hand, which is quick, then on all."""
    (goal, caps), model, shares = asked, spent.model, spent.solver.values()
    rough, last = (LinearSolver(model, seed, deadline) for _ in range(2))
    for solver in (rough, last):
        solver.settle_buildings(shares)
        solver.cap(caps)
        if hold is not None:
            hold(solver)
    rough.leave_out(variable for variable in model.pupils if shares[variable] < PUPIL_SLACK)
    with contextlib.suppress(NoPlanError):
        rough.minimise(goal, gap=EXACT)
        last.start_at(rough.values_by_name())
    return last.minimise(goal, gap=EXACT), last.values()
