"""Plan where children go to school, and prove that no merger comes before its safeguards.

>>> import layout_planner as lp
>>> run = lp.run_scenario("scenarios/safeguarded.toml")  # doctest: +SKIP
>>> run.risk_plan  # doctest: +SKIP
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

os.environ.setdefault("OPENPYXL_LXML", "False")  # with lxml installed openpyxl writes other bytes for the same table

__all__ = [
    "InputError",
    "NoPlanError",
    "PlannerError",
    "Run",
    "Scenario",
    "read_county",
    "read_norms",
    "read_scenario",
    "run_scenario",
    "run_scenarios",
    "study_frontier",
    "study_sites",
    "sweep_plans",
    "view_of",
    "write_model",
    "write_run",
]

_HOMES = {
    "InputError": "errors",
    "NoPlanError": "errors",
    "PlannerError": "errors",
    "Run": "results",
    "Scenario": "scenario",
    "read_county": "county.inputs",
    "read_norms": "norms",
    "read_scenario": "scenario",
    "run_scenario": "pipeline",
    "run_scenarios": "pipeline",
    "study_frontier": "frontier",
    "study_sites": "ideal",
    "sweep_plans": "sweep",
    "view_of": "output.run_view",
    "write_model": "output.model_file",
    "write_run": "output.run_folder",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - each name has its own type
    """Import a public name when it is first asked for, so that `import layout_planner` stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module 'layout_planner' has no attribute '{name}'")
    return getattr(import_module(f"layout_planner.{_HOMES[name]}"), name)
