"""HiGHS on the rows of a PuLP problem, goal after goal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import highspy
import numpy as np
import pulp
import scipy.sparse as sp

from layout_planner.clock import is_interrupted, now, seconds_until
from layout_planner.errors import NoPlanError
from layout_planner.highs import silent_highs
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from layout_planner.plan.model import LayoutModel

    Values = dict[pulp.LpVariable, float]

PUPIL_SLACK = 1e-3
EXACT = 1e-6
EARLY = {highspy.HighsModelStatus.kTimeLimit, highspy.HighsModelStatus.kInterrupt}
IMPOSSIBLE = {highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible}
ROUNDING = 1e-5  # how far a solution may be from its own rows, and more


class ContradictionError(NoPlanError):
    """It is proven that no plan meets all demands; nothing is said yet of which."""


@dataclass(frozen=True)
class Stage:
    """What one goal reached: value, certified bound, relative gap."""

    value: float
    bound: float
    gap: float
    optimal: bool


NONE_AT_ALL = Stage(0.0, 0.0, 0.0, optimal=True)  # reached by proof without a search: nobody is made worse off, say


class LinearSolver:
    """HiGHS holding the rows of a PuLP problem, passed over in one call; goals are set one after another."""

    def __init__(self, model: LayoutModel, seed: int, deadline: float) -> None:
        self._model = model
        self._variables = model.problem.variables()
        self._position = {variable: k for k, variable in enumerate(self._variables)}
        self._deadline = deadline
        self._at_hand: list[float] | None = None
        self.seed = seed
        self._highs = silent_highs()
        for option, value in (("random_seed", seed), ("threads", 1), ("parallel", "off")):
            self._highs.setOptionValue(option, value)
        self._highs.passModel(as_highs(model.problem, self._variables, self._position))

    def minimise(self, goal: pulp.LpAffineExpression, *, gap: float) -> Stage:
        """Minimise `goal` from the solution at hand, and keep that one where nothing better is found in time."""
        self._set_goal(goal)
        self._highs.setOptionValue("mip_rel_gap", gap)
        self._highs.setOptionValue("time_limit", float(self._highs.getRunTime() + max(1.0, seconds_until(self._deadline))))
        known = np.inf if self._at_hand is None else self._evaluate(goal, self._at_hand)
        self._hand_over()
        sure = self._run(goal)
        status, info = self._highs.getModelStatus(), self._highs.getInfo()
        found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        if not found and (self._at_hand is None or status not in EARLY):
            raise _no_plan(status)
        value = info.objective_function_value if found else np.inf
        if found and not sure:
            value = self._evaluate(goal, list(self._highs.getSolution().col_value))
        optimal = sure and status == highspy.HighsModelStatus.kOptimal
        if optimal or value <= known + EXACT * abs(known):
            self._at_hand = list(self._highs.getSolution().col_value)
        else:
            value = known
        bound = info.mip_dual_bound if sure and np.isfinite(info.mip_dual_bound) else 0.0
        return Stage(value, bound, abs(value - bound) / max(1.0, abs(value)), optimal)

    def _run(self, goal: pulp.LpAffineExpression) -> bool:
        """Solve, once more from nothing where the value told is not that of the solution; return whether it is in the end."""
        self._highs.run()
        if not self._is_mistaken(goal):
            return True
        self._highs.clearSolver()
        self._highs.run()
        return not self._is_mistaken(goal)

    def _is_mistaken(self, goal: pulp.LpAffineExpression) -> bool:
        """Return whether the value that HiGHS tells is not that of its solution.

        HiGHS 1.16 may, after presolve, take a solution handed over for better than it is, and then finds nothing that beats it.
        """
        info = self._highs.getInfo()
        if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            return False
        told, real = info.objective_function_value, self._evaluate(goal, list(self._highs.getSolution().col_value))
        return abs(told - real) > ROUNDING * max(1.0, abs(real))

    def relax(self, goal: pulp.LpAffineExpression) -> tuple[float, Values]:
        """Return the least of `goal` when whole numbers may be shares, and where it is reached; -inf where time ran out."""
        self._set_goal(goal)
        self._highs.setOptionValue("solve_relaxation", True)  # noqa: FBT003 - as HiGHS has it
        self._highs.setOptionValue("time_limit", float(self._highs.getRunTime() + max(1.0, seconds_until(self._deadline))))
        sure = self._run(goal)
        self._highs.setOptionValue("solve_relaxation", False)  # noqa: FBT003
        if not sure or self._highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return -np.inf, {}
        found = self._highs.getSolution().col_value
        return self._highs.getInfo().objective_function_value, dict(zip(self._variables, found, strict=True))

    def is_possible(self, *, shares: bool) -> bool | None:
        """Return whether any solution exists, and keep one at hand; None where time ran out. `shares`: whole numbers may be shares."""
        self._set_goal(pulp.LpAffineExpression())
        self._highs.setOptionValue("solve_relaxation", shares)
        self._highs.setOptionValue("time_limit", float(self._highs.getRunTime() + max(1.0, seconds_until(self._deadline))))
        self._highs.run()
        self._highs.setOptionValue("solve_relaxation", False)  # noqa: FBT003 - as HiGHS has it
        status = self._highs.getModelStatus()
        if status == highspy.HighsModelStatus.kOptimal:
            self._at_hand = list(self._highs.getSolution().col_value)
            return True
        return False if status in IMPOSSIBLE else None

    def _hand_over(self) -> None:
        """Give HiGHS the solution at hand; it forgets it whenever a goal, a bound or a row changes."""
        if self._at_hand is not None:
            solution = highspy.HighsSolution()
            solution.col_value = self._at_hand
            self._highs.setSolution(solution)

    def _evaluate(self, goal: pulp.LpAffineExpression, values: list[float]) -> float:
        return float(goal.constant + sum(weight * values[self._position[variable]] for variable, weight in goal.items()))

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
        if value < PUPIL_SLACK:
            for variable, weight in goal.items():
                if weight > 0:
                    self._highs.changeColBounds(self._position[variable], 0.0, 0.0)
        else:
            places, weights = self._places(goal)
            self._highs.addRow(-highspy.kHighsInf, value + PUPIL_SLACK - goal.constant, len(places), places, weights)
            self._highs.passRowName(self._highs.getNumRow() - 1, name)

    def add_floor(self, goal: pulp.LpAffineExpression, name: str) -> int:
        """Add a row that holds `goal` above a floor, at first none, and return its place."""
        places, weights = self._places(goal)
        self._highs.addRow(-highspy.kHighsInf, highspy.kHighsInf, len(places), places, weights)
        row = int(self._highs.getNumRow()) - 1
        self._highs.passRowName(row, name)
        return row

    def raise_floor(self, row: int, floor: float) -> None:
        """Hold the row of `add_floor` at `floor` or above."""
        self._highs.changeRowBounds(row, floor, highspy.kHighsInf)

    def leave_out(self, variables: Iterable[pulp.LpVariable]) -> None:
        """Hold `variables` at nothing."""
        for variable in variables:
            self._highs.changeColBounds(self._position[variable], 0.0, 0.0)

    def cap(self, most: Mapping[pulp.LpVariable, float]) -> None:
        """Hold variables between nothing and `most`."""
        for variable, value in most.items():
            self._highs.changeColBounds(self._position[variable], 0.0, value)

    def start_at(self, values: Mapping[str, float]) -> None:
        """Begin at `values` by name of variable; those not named are 0."""
        self._at_hand = [values.get(variable.name, 0.0) for variable in self._variables]

    @property
    def variables(self) -> list[pulp.LpVariable]:
        """The columns, in order."""
        return self._variables

    def program(self) -> highspy.HighsLp:
        """Return the rows and columns as they are held now."""
        return self._highs.getLp()

    def start_at_columns(self, values: NDArray[np.float64]) -> None:
        """Begin at `values` by column."""
        self._at_hand = values.tolist()

    def _places(self, goal: pulp.LpAffineExpression) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        places = np.array([self._position[variable] for variable in goal], dtype=np.int32)
        return places, np.array(list(goal.values()), dtype=float)

    def settle_buildings(self, values: Values) -> None:
        """Fix forms, classes, beds and buses at their `values`, and make pupils whole numbers."""
        pupils = {*self._model.pupils, *self._model.unserved.values()}
        for variable, k in self._position.items():
            if variable in pupils:
                self._highs.changeColIntegrality(k, highspy.HighsVarType.kInteger)
            elif variable.cat == "Integer" and not variable.name.startswith(("goes_", "sends_")):
                self._highs.changeColBounds(k, round(values[variable]), round(values[variable]))

    def settle_pupils(self, values: Values) -> None:
        """Hold every way at its `values`, so that only buildings and money are left to decide."""
        for variable in (*self._model.pupils, *self._model.unserved.values()):
            place, value = self._position[variable], values[variable]
            self._highs.changeColBounds(place, max(0.0, value - ROUNDING), max(0.0, value) + ROUNDING)

    def reset_clock(self, deadline: float) -> None:
        """Stop at `deadline` from now on."""
        self._deadline = deadline

    def allow_s(self, seconds: float) -> None:
        """Stop `seconds` from now."""
        self._deadline = now() + seconds

    def values_by_name(self) -> dict[str, float]:
        """Return the solution at hand by name of variable."""
        return {variable.name: value for variable, value in self.values().items()}

    def values(self) -> dict[pulp.LpVariable, float]:
        """Return the solution at hand by variable of the problem."""
        assert self._at_hand is not None  # noqa: S101 - asked after a goal was reached
        return dict(zip(self._variables, self._at_hand, strict=True))


def as_highs(problem: pulp.LpProblem, variables: list[pulp.LpVariable], position: dict[pulp.LpVariable, int]) -> highspy.HighsLp:
    """Return the rows of `problem` as arrays, without a goal."""
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


def highs_rows(lp: highspy.HighsLp) -> sp.csr_matrix:
    """Return the rows of `lp` as a sparse matrix."""
    matrix, shape = lp.a_matrix_, (lp.num_row_, lp.num_col_)
    parts = np.array(matrix.value_), np.array(matrix.index_), np.array(matrix.start_)
    if matrix.format_ == highspy.MatrixFormat.kRowwise:
        return sp.csr_matrix(parts, shape=shape)
    return sp.csc_matrix(parts, shape=shape).tocsr()


def out_of_time() -> NoPlanError:
    """Return the error of a search that time, or Ctrl-C, left without any plan."""
    if is_interrupted():
        return NoPlanError(Words("中断时还没有找到方案", "no plan had been found when the search was interrupted"))
    return NoPlanError(Words("时间用完仍未找到方案：请增大 solver.time_limit_s", "no plan was found in time: raise solver.time_limit_s"))


def _no_plan(status: highspy.HighsModelStatus) -> NoPlanError:
    if status in EARLY:
        return out_of_time()
    if status not in IMPOSSIBLE:
        return NoPlanError(Words(f"求解器没有得出结果（{status.name}）", f"the solver came to no result ({status.name})"))
    return ContradictionError(
        Words(
            "没有满足情景全部要求的方案：检查 budget_yuan、min_schools、keep 与 close 是否矛盾",
            "no plan meets all demands of the scenario: see whether budget_yuan, min_schools, keep and close contradict",
        )
    )
