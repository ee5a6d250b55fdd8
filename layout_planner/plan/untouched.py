"""Today's layout as the plan, and how it came to be that."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import TYPE_CHECKING

from layout_planner.plan.ended import UNCHANGED, told_status
from layout_planner.plan.layout import Solved
from layout_planner.plan.terms import describe_layout, list_terms

if TYPE_CHECKING:
    from layout_planner.plan.case import Case
    from layout_planner.plan.layout import Layout


def unchanged(case: Case, today: Layout) -> Solved:
    """Return what is told of a plan that the scenario wants to be today's layout."""
    cost = _cost_yuan(today)
    terms = {"cost_yuan": cost} | list_terms(case, today, today)
    return Solved(UNCHANGED, cost, cost, 0.0, 0.0, case.scenario.solver.seed, terms, solver_versions())


def kept(case: Case, today: Layout, seconds: float) -> Solved:
    """Return how today's layout came to be the plan: it is one, and time left no other; nothing is known of how good it is."""
    cost = _cost_yuan(today)
    terms = {"harmed": 0.0, "at_risk_bound": 0.0, "cost_yuan": cost, "cost_bound": 0.0} | describe_layout(case, today, today)
    terms |= list_terms(case, today, today)
    return Solved(told_status("stopped at the time limit"), cost, 0.0, 1.0, seconds, case.scenario.solver.seed, terms, solver_versions())


def solver_versions() -> dict[str, str]:
    """Return the versions of what a solution depends on."""
    packages = {name: metadata.version(name) for name in ("pulp", "highspy", "numpy", "pandas", "scipy", "geopandas", "shapely")}
    return {"python": platform.python_version(), **packages}


def _cost_yuan(layout: Layout) -> float:
    return float(layout.sites["cost_yuan"].sum() + layout.assignment["cost_yuan"].sum())
