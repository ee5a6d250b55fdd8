"""Goals beside the plain order: one weighted sum, the longest daily trip, the time that nine in ten pupils of every group stay within.

Of the times of all daily ways the least is sought that holds for everybody (`min_max`), or for at least 90 % of the day pupils of every
group (`p90`). Pupils are counted, not chosen, so "at most a tenth travels longer" is one linear row a group, and halving the list of
times finds the least exactly: first with shares of buildings, which gives a certified bound, then with whole ones from there on.
Harm and risk come before it and stay where they are; boarders travel weekly and are in no figure of times, as in `compare`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pulp

from layout_planner.errors import NoPlanError
from layout_planner.plan.model_inputs import Expression
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from layout_planner.plan.case import Case
    from layout_planner.plan.linear import LinearSolver, Stage
    from layout_planner.plan.model import LayoutModel
    from layout_planner.scenario import Plan

    Values = dict[pulp.LpVariable, float]
    Whole = tuple[Stage, Values]

DAILY = ("walk", "bus", "school_bus")
TENTH = 0.1
SLACK = 1e-4  # pupils; how far a row of counted pupils may be missed by arithmetic
# What a pupil made worse off, at risk or lacking at a school and a yuan weigh against minutes when pupils become whole numbers.
MINUTES_PER_PUPIL_HARMED = 1e6
MINUTES_PER_PUPIL_AT_RISK = 1e5
MINUTES_PER_PUPIL_LACKING = 5e4
MINUTES_PER_YUAN = 10.0


def weights_of(plan: Plan) -> dict[str, float]:
    """Return the weights above nothing, by term: see `_all_weights`."""
    return {term: weight for term, weight in _all_weights(plan).items() if weight}


def _all_weights(plan: Plan) -> dict[str, float]:
    """Return what the terms of the goal on money weigh: term -> weight.

    Raises
    ------
    NoPlanError : the objective is a weighted sum without weights.
    """
    if plan.objective != "weighted":
        return {"cost_yuan": 1.0, "roads_yuan": float(bool(plan.road_fixes)), "split_siblings": plan.siblings_yuan}
    if plan.weights is None:
        raise NoPlanError(Words("没有写明各项的权重：plan.weights", "the weights of the terms are not given: plan.weights"))
    weights = plan.weights
    return {
        "at_risk_weighted": weights.at_risk,
        "cost_yuan": weights.cost_yuan,
        "roads_yuan": weights.cost_yuan * bool(plan.road_fixes),
        "pupil_minutes": weights.pupil_minutes,
        "split_siblings": weights.split_siblings,
    }


def weigh(terms: Mapping[str, Expression], weights: Mapping[str, float]) -> Expression:
    """Return the sum of `terms` by `weights`; a single term that weighs 1 as it is."""
    if list(weights.items()) == [("cost_yuan", 1.0)]:
        return terms["cost_yuan"]
    sums: dict[pulp.LpVariable, float] = {}
    for name, weight in weights.items():
        for variable, share in terms[name].items():
            sums[variable] = sums.get(variable, 0.0) + weight * share
    return Expression(sums, sum(weight * terms[name].constant for name, weight in weights.items()))


@dataclass(frozen=True)
class TimeGoal:
    """Which times are kept short.

    left_out  share of the day pupils of a group who may travel longer
    group_of  (settlement, band) -> group
    """

    left_out: float
    group_of: dict[tuple[str, str], str]


@dataclass(frozen=True)
class Times:
    """What the goal on times reached in shares of pupils, and the certified bound; seconds."""

    goal: TimeGoal
    seconds: float
    bound: float


def time_goal(case: Case) -> TimeGoal | None:
    """Return the goal on times of the scenario; None where it has none."""
    plan = case.scenario.plan
    if plan.objective not in {"min_max", "p90"}:
        return None
    by = plan.p90_by if plan.objective == "p90" else "county"
    return TimeGoal(TENTH if plan.objective == "p90" else 0.0, group_pupils(case, by))


def group_pupils(case: Case, by: str) -> dict[tuple[str, str], str]:
    """Return the group of the pupils of every (settlement, band): the county "", their band, or their township."""
    homes = case.county.settlements
    towns = homes["township"].fillna("").astype(str) if "township" in homes else None
    group: dict[tuple[str, str], str] = {}
    for i in case.demand.index:
        town = "" if towns is None else str(towns.get(i, ""))
        group |= {(str(i), str(band)): {"county": "", "band": str(band), "township": town}[by] for band in case.demand}
    return group


def reach_times(model: LayoutModel, goal: TimeGoal, start: Values, fresh: Callable[[], LinearSolver]) -> tuple[Times, Values]:
    """Return the least time that `goal` can reach, and where.

    start : a solution. fresh : makes a solver of `model` in which harm and risk are held.

    Where time runs out, the best time that was reached and the best bound that was proven.
    """
    every = _Ways(model, goal)
    reached = every.longest(start)
    steps = every.steps[every.steps <= reached]
    last, values = len(steps) - 1, start  # the last step is reached

    def probe(k: int, *, shares: bool) -> bool | None:
        nonlocal values
        solver = fresh()
        every.hold(solver, steps[k])
        possible = solver.is_possible(shares=shares)
        if possible and not shares:
            values = solver.values()
        return possible

    low, high, sure = 0, last, 0
    while low < high:
        middle = (low + high) // 2
        possible = probe(middle, shares=True)
        if possible is False:
            low = sure = middle + 1
        elif possible:
            high = middle
        else:
            break
    low, high, middle = sure, last, sure  # what shares of buildings reach, whole ones mostly reach too
    while low < high:
        possible = probe(middle, shares=False)
        if possible is None:
            break
        low, high = (low, middle) if possible else (middle + 1, high)
        middle = (low + high) // 2
    return Times(goal, float(steps[high]), float(steps[low])), values


def hold_times(model: LayoutModel, solver: LinearSolver, times: Times) -> None:
    """Hold what the goal on times reached."""
    _Ways(model, times.goal).hold(solver, times.seconds)


def keep_times(model: LayoutModel, times: Times, found: Whole, again: Callable[[Callable[[LinearSolver], None]], Whole]) -> Whole:
    """Return whole pupils that travel as short as whole pupils can without more harm or risk than in `found`.

    found : whole pupils for whom times did not count. again : finds others under what its argument does to a solver.
    """
    every = _Ways(model, times.goal)
    worst = every.longest(found[1])
    steps = every.steps[(every.steps >= times.seconds) & (every.steps <= worst)]
    low, high, middle, best = 0, len(steps) - 1, 0, found
    while low < high:
        tried = _try(again, every, float(steps[middle]))
        if tried is not None and all(evaluate(goal, tried[1]) <= evaluate(goal, found[1]) + SLACK for goal in (model.harm, model.at_risk)):
            best, high = tried, middle
        else:
            low = middle + 1
        middle = (low + high) // 2
    return best


def _try(again: Callable[[Callable[[LinearSolver], None]], Whole], every: _Ways, seconds: float) -> Whole | None:
    try:
        return again(lambda solver: every.hold(solver, seconds))
    except NoPlanError:
        return None


def evaluate(goal: Expression, values: Values) -> float:
    """Return the figure of `goal` at `values`."""
    return float(goal.constant + sum(weight * values[variable] for variable, weight in goal.items()))


class _Ways:
    """The daily ways of a model, by group, and the times they take."""

    def __init__(self, model: LayoutModel, goal: TimeGoal) -> None:
        options = model.options
        self._goal, self._pupils = goal, model.pupils
        self._seconds = options["seconds"].to_numpy(dtype=float)
        self._daily = np.flatnonzero(options["mode"].isin(DAILY).to_numpy())
        self._groups = _by_group(options, self._daily, goal)
        self.steps: NDArray[np.float64] = np.unique(np.concatenate([[0.0], self._seconds[self._daily]]))

    def longest(self, values: Values) -> float:
        """Return the longest of the groups' times at `values`."""
        return max((self._time(rows, values) for rows in self._groups.values()), default=0.0)

    def _time(self, rows: list[int], values: Values) -> float:
        pupils = np.array([max(0.0, values[self._pupils[o]]) for o in rows])
        order = np.argsort(self._seconds[rows], kind="stable")
        reached = np.cumsum(pupils[order])
        if not reached[-1] > SLACK:
            return 0.0
        at = np.searchsorted(reached, (1 - self._goal.left_out) * reached[-1] - SLACK)
        return float(self._seconds[rows][order][min(at, len(rows) - 1)])

    def hold(self, solver: LinearSolver, seconds: float) -> None:
        """Let no more pupils of any group travel longer than `seconds` than the goal leaves out."""
        late = {o for o in self._daily.tolist() if self._seconds[o] > seconds}
        if not self._goal.left_out:
            solver.leave_out(self._pupils[o] for o in sorted(late))
            return
        for number, rows in enumerate(self._groups.values()):
            if not late.isdisjoint(rows):
                share = self._goal.left_out
                spare = Expression({self._pupils[o]: share - 1 if o in late else share for o in rows})
                solver.raise_floor(solver.add_floor(spare, f"times_{number}"), -SLACK)


def _by_group(options: pd.DataFrame, daily: Iterable[int], goal: TimeGoal) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    homes, bands = options["settlement_id"].tolist(), options["band"].tolist()
    for o in daily:
        groups.setdefault(goal.group_of[homes[o], bands[o]], []).append(int(o))
    return dict(sorted(groups.items()))


def weigh_goals(model: LayoutModel) -> pulp.LpAffineExpression:
    """Return all goals as one, in minutes, for pupils in whole numbers who cannot keep the goals of shares exactly.

    A weighted sum stands for itself, with the pupils made worse off far above it.
    """
    weights = [(model.harm, MINUTES_PER_PUPIL_HARMED), (model.at_risk, MINUTES_PER_PUPIL_AT_RISK), (model.spend, MINUTES_PER_YUAN)]
    terms: dict[pulp.LpVariable, float] = dict(model.minutes.items())
    if "at_risk_weighted" in model.weights:
        weights = [(model.harm, MINUTES_PER_PUPIL_HARMED * max(1.0, model.weights["at_risk_weighted"])), (model.spend, 1.0)]
        terms = {}
    for goal, weight in weights:
        for variable, share in goal.items():
            terms[variable] = terms.get(variable, 0.0) + weight * share
    return pulp.LpAffineExpression(terms)
