"""Solving the layout model with HiGHS, goal after goal, and reading the layout back."""

from __future__ import annotations

import os
import platform
import sys
import time
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any

import highspy
import numpy as np
import pandas as pd

from layout_planner.errors import NoPlanError
from layout_planner.plan.choices import choose_options
from layout_planner.plan.costs import tabulate_sites
from layout_planner.plan.forms import CLOSED
from layout_planner.plan.layout import ASSIGNMENT_COLUMNS, Layout, Solved
from layout_planner.plan.model import build_model
from layout_planner.words import Words

if TYPE_CHECKING:
    import pulp
    from numpy.typing import NDArray

    from layout_planner.plan.case import Case
    from layout_planner.plan.model import LayoutModel
    from layout_planner.scenario import Scenario

    Values = dict[pulp.LpVariable, float]

HALF = 0.5
EXACT = 1e-6
PUPIL_SLACK = 1e-3
# What a pupil made worse off, a pupil at risk and a yuan weigh against minutes when pupils become whole numbers.
MINUTES_PER_PUPIL_HARMED = 1e6
MINUTES_PER_PUPIL_AT_RISK = 1e5
MINUTES_PER_YUAN = 10.0


@dataclass(frozen=True)
class _Stage:
    """What one goal reached: value, certified bound, relative gap."""

    value: float
    bound: float
    gap: float
    optimal: bool


def optimise_layout(case: Case, options: pd.DataFrame, today: Layout) -> tuple[Layout, Solved]:
    """Return the best layout that the scenario allows and how it was found.

    Goals in order: pupils made worse off, severity-weighted pupils at risk, yuan a year, pupil-minutes; each later goal keeps the
    earlier ones. All but the last are solved with shares of pupils; the last, with all buildings settled, in whole pupils, as near to
    the earlier goals as they allow.

    Raises
    ------
    NoPlanError : the scenario's demands contradict each other, or the time limit left no plan.
    """
    scenario = case.scenario
    if scenario.plan.move == "none":
        return today, _unchanged(today, scenario)
    started = time.monotonic()
    deadline = started + scenario.solver.time_limit_s
    model = build_model(case, choose_options(case, options, today), today)
    solver = _LinearSolver(model, scenario.solver.seed, deadline)
    harm = solver.minimise(model.harm, gap=EXACT)
    solver.keep_at(model.harm, harm.value, "harm_kept")
    at_risk = solver.minimise(model.at_risk, gap=EXACT)
    solver.keep_at(model.at_risk, at_risk.value, "at_risk_kept")
    cost = solver.minimise(model.cost, gap=scenario.solver.gap)
    last = _LinearSolver(model, scenario.solver.seed, deadline)
    last.settle_buildings(solver.values())
    last.keep_near(model.harm, harm.value, MINUTES_PER_PUPIL_HARMED)
    last.keep_near(model.at_risk, at_risk.value, MINUTES_PER_PUPIL_AT_RISK)
    last.keep_near(model.cost, cost.value, MINUTES_PER_YUAN)
    minutes = last.minimise(model.minutes, gap=scenario.solver.gap)
    values = last.values()
    terms = {
        "harmed": _evaluate(model.harm, values),
        "at_risk_weighted": _evaluate(model.at_risk, values),
        "at_risk_bound": at_risk.bound,
        "cost_yuan": _evaluate(model.cost, values),
        "cost_bound": cost.bound,
        "pupil_minutes": _evaluate(model.minutes, values),
    }
    complete = harm.optimal and at_risk.optimal and cost.optimal and minutes.optimal
    status = "optimal within the gap" if complete else "stopped at the time limit"
    gap = max(0.0, terms["cost_yuan"] - cost.bound) / max(1.0, terms["cost_yuan"])
    solved = Solved(status, terms["cost_yuan"], cost.bound, gap, time.monotonic() - started, scenario.solver.seed, terms, _versions())
    return _read_layout(case, model, values), solved


def _evaluate(goal: pulp.LpAffineExpression, values: Values) -> float:
    return float(goal.constant + sum(weight * values[variable] for variable, weight in goal.items()))


def _unchanged(today: Layout, scenario: Scenario) -> Solved:
    cost = float(today.sites["cost_yuan"].sum() + today.assignment["cost_yuan"].sum())
    return Solved("unchanged", cost, cost, 0.0, 0.0, scenario.solver.seed, {"cost_yuan": cost}, _versions())


def _versions() -> dict[str, str]:
    packages = {name: metadata.version(name) for name in ("pulp", "highspy", "numpy", "pandas", "scipy", "geopandas", "shapely")}
    return {"python": platform.python_version(), **packages}


class _LinearSolver:
    """HiGHS holding the rows of a PuLP problem, passed over in one call; goals are set one after another."""

    def __init__(self, model: LayoutModel, seed: int, deadline: float) -> None:
        self._model = model
        self._variables = model.problem.variables()
        self._position = {variable: k for k, variable in enumerate(self._variables)}
        self._deadline = deadline
        self._highs = _silent_highs()
        for option, value in (("random_seed", seed), ("threads", 1), ("parallel", "off")):
            self._highs.setOptionValue(option, value)
        self._highs.passModel(_as_highs(model.problem, self._variables, self._position))

    def minimise(self, goal: pulp.LpAffineExpression, *, gap: float) -> _Stage:
        """Minimise `goal` from the solution at hand."""
        self._set_goal(goal)
        self._highs.setOptionValue("mip_rel_gap", gap)
        self._highs.setOptionValue("time_limit", float(self._highs.getRunTime() + max(1.0, self._deadline - time.monotonic())))
        self._highs.run()
        status, info = self._highs.getModelStatus(), self._highs.getInfo()
        if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            raise _no_plan(status)
        value, bound = info.objective_function_value, info.mip_dual_bound
        return _Stage(value, bound, abs(value - bound) / max(1.0, abs(value)), status == highspy.HighsModelStatus.kOptimal)

    def _set_goal(self, goal: pulp.LpAffineExpression) -> None:
        costs = np.zeros(len(self._variables))
        for variable, weight in goal.items():
            costs[self._position[variable]] = weight
        self._highs.changeColsCost(len(costs), np.arange(len(costs), dtype=np.int32), costs)
        self._highs.changeObjectiveOffset(goal.constant)

    def keep_at(self, goal: pulp.LpAffineExpression, value: float, name: str) -> None:
        """Hold `goal`, a sum without negative terms, at `value` for the goals that follow.

        A goal that reached nothing is held by the bounds of its variables: HiGHS calls a row with a tiny right-hand side infeasible.
        """
        solution = self._highs.getSolution()
        if value < PUPIL_SLACK:
            for variable, weight in goal.items():
                if weight > 0:
                    self._highs.changeColBounds(self._position[variable], 0.0, 0.0)
        else:
            places, weights = self._places(goal)
            self._highs.addRow(-highspy.kHighsInf, value + PUPIL_SLACK - goal.constant, len(places), places, weights)
            self._highs.passRowName(self._highs.getNumRow() - 1, name)
        self._highs.setSolution(solution)

    def keep_near(self, goal: pulp.LpAffineExpression, value: float, price: float) -> None:
        """Hold `goal` at `value`, each unit above it costing `price` in the goals that follow."""
        places, weights = self._places(goal)
        self._highs.addCol(price, 0.0, highspy.kHighsInf, 0, np.array([], dtype=np.int32), np.array([]))
        places, weights = np.append(places, np.int32(self._highs.getNumCol() - 1)), np.append(weights, -1.0)
        limit = value - goal.constant
        self._highs.addRow(-highspy.kHighsInf, limit if limit >= PUPIL_SLACK else 0.0, len(places), places, weights)

    def _places(self, goal: pulp.LpAffineExpression) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        places = np.array([self._position[variable] for variable in goal], dtype=np.int32)
        return places, np.array(list(goal.values()), dtype=float)

    def settle_buildings(self, values: Values) -> None:
        """Fix forms, classes, beds and buses at their `values`, and make pupils whole numbers."""
        pupils = {*self._model.pupils, *self._model.unserved.values()}
        for variable, k in self._position.items():
            if variable in pupils:
                self._highs.changeColIntegrality(k, highspy.HighsVarType.kInteger)
            elif variable.cat == "Integer" and not variable.name.startswith("goes_"):
                self._highs.changeColBounds(k, round(values[variable]), round(values[variable]))

    def values(self) -> dict[pulp.LpVariable, float]:
        """Return the solution at hand by variable of the problem."""
        return dict(zip(self._variables, self._highs.getSolution().col_value, strict=False))


def _silent_highs() -> highspy.Highs:
    """Return a solver that prints nothing; its banner goes past Python's stdout, which belongs to the result."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        solver = highspy.Highs()
        solver.silent()
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
    return solver


def _as_highs(problem: pulp.LpProblem, variables: list[pulp.LpVariable], position: dict[pulp.LpVariable, int]) -> highspy.HighsLp:
    lp = highspy.HighsLp()
    rows = problem.constraints()
    lp.num_col_, lp.num_row_ = len(variables), len(rows)
    lp.col_cost_ = np.zeros(lp.num_col_)
    lp.col_lower_ = np.array([-np.inf if v.lowBound is None else v.lowBound for v in variables], dtype=float)
    lp.col_upper_ = np.array([np.inf if v.upBound is None else v.upBound for v in variables], dtype=float)
    kinds: list[Any] = [highspy.HighsVarType.kInteger if v.cat == "Integer" else highspy.HighsVarType.kContinuous for v in variables]
    lp.integrality_ = kinds
    lower: list[float] = []
    upper: list[float] = []
    starts, places = [0], list[int]()
    weights: list[float] = []
    for row in rows:
        right = -row.constant
        lower.append(right if row.sense >= 0 else -np.inf)
        upper.append(right if row.sense <= 0 else np.inf)
        places.extend(position[variable] for variable in row)
        weights.extend(row.values())
        starts.append(len(places))
    lp.row_lower_, lp.row_upper_ = np.array(lower, dtype=float), np.array(upper, dtype=float)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.array(starts, dtype=np.int32)
    lp.a_matrix_.index_ = np.array(places, dtype=np.int32)
    lp.a_matrix_.value_ = np.array(weights, dtype=float)
    return lp


def _no_plan(status: highspy.HighsModelStatus) -> NoPlanError:
    if status == highspy.HighsModelStatus.kTimeLimit:
        return NoPlanError(
            Words("时间用完仍未找到方案：请增大 solver.time_limit_s", "no plan was found in time: raise solver.time_limit_s")
        )
    return NoPlanError(
        Words(
            "没有满足情景全部要求的方案：检查 budget_yuan、min_enrolment、keep 与 close 是否矛盾",
            "no plan meets all demands of the scenario: see whether budget_yuan, min_enrolment, keep and close contradict",
        )
    )


def _read_layout(case: Case, model: LayoutModel, values: Values) -> Layout:
    assignment = _read_assignment(model, values)
    taught = {}
    for site in case.sites:
        chosen = next((f for f in site.forms if not site.decided and values[model.form[site.school_id, f]] > HALF), site.forms[0])
        taught[site.school_id] = (chosen, site.bands[chosen])
    built = {}
    for school_id, buses_today in case.county.schools["buses"].items():
        j = str(school_id)
        existing = 0 if taught[j][0] == CLOSED else int(buses_today)
        beds, buses = (round(values[group[j]]) if j in group else 0 for group in (model.new_beds, model.new_buses))
        built[j] = (beds, existing + buses)
    return Layout(tabulate_sites(case, taught, assignment, built), assignment)


def _read_assignment(model: LayoutModel, values: Values) -> pd.DataFrame:
    counts = np.rint([values[variable] for variable in model.pupils]).astype(int)
    chosen = model.options.loc[counts > 0].copy()
    chosen["pupils"] = counts[counts > 0]
    chosen["cost_yuan"] *= chosen["pupils"]
    left = [
        (i, band, "", "unserved", round(values[variable]), np.inf, np.inf, 0.0, np.inf, np.inf)
        for (i, band), variable in model.unserved.items()
        if round(values[variable]) > 0
    ]
    rows = [chosen[list(ASSIGNMENT_COLUMNS)]]
    if left:
        rows.append(pd.DataFrame(left, columns=list(ASSIGNMENT_COLUMNS)))
    return pd.concat(rows, ignore_index=True).sort_values(["settlement_id", "band", "school_id", "mode"], ignore_index=True)
