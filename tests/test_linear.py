"""The solver between the model and HiGHS: a value that HiGHS tells is believed only where its solution has it."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pulp
import pytest

from layout_planner.plan.linear import LinearSolver

NEVER = float("inf")


class Mistaken:
    """HiGHS, telling 10 less than its solution costs until it begins from nothing; `stubborn`: even then."""

    def __init__(self, highs, *, stubborn: bool) -> None:
        self._highs, self._stubborn, self.off = highs, stubborn, 10.0

    def __getattr__(self, name):
        return getattr(self._highs, name)

    def clearSolver(self):  # noqa: N802 - as HiGHS has it
        self.off = self.off if self._stubborn else 0.0
        return self._highs.clearSolver()

    def getInfo(self):  # noqa: N802
        told = self._highs.getInfo()
        names = ("primal_solution_status", "mip_dual_bound", "objective_function_value")
        shown = SimpleNamespace(**{name: getattr(told, name) for name in names})
        shown.objective_function_value -= self.off
        return shown


def solver_of(*, stubborn: bool) -> tuple[LinearSolver, pulp.LpAffineExpression]:
    """Return a mistaken solver of x >= 2.5, y >= 1, both whole, and the goal x + y: 3 + 1 = 4 in whole numbers, 2.5 + 1 = 3.5 in shares."""
    problem = pulp.LpProblem("tiny", pulp.LpMinimize)
    x, y = (problem.add_variable(name, 0, 9, cat="Integer") for name in "xy")
    problem += x >= 2.5, "x_least"
    problem += y >= 1, "y_least"
    solver = LinearSolver(SimpleNamespace(problem=problem), 7, NEVER)
    solver._highs = Mistaken(solver._highs, stubborn=stubborn)
    return solver, x + y


def test_a_mistaken_value_is_found_out_and_solved_anew():
    solver, goal = solver_of(stubborn=False)
    stage = solver.minimise(goal, gap=0.0)
    assert (stage.value, stage.bound, stage.optimal) == (pytest.approx(4), pytest.approx(4), True)
    solver, goal = solver_of(stubborn=False)
    bound, shares = solver.relax(goal)
    assert bound == pytest.approx(3.5)
    assert sorted(shares.values()) == pytest.approx([1, 2.5])


def test_what_stays_mistaken_proves_nothing():
    solver, goal = solver_of(stubborn=True)
    stage = solver.minimise(goal, gap=0.0)
    assert (stage.value, stage.bound, stage.optimal) == (pytest.approx(4), 0.0, False)
    solver, goal = solver_of(stubborn=True)
    assert solver.relax(goal) == (-np.inf, {})
