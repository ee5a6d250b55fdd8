"""Plan where children go to school, and prove that no merger comes before its safeguards.

>>> import layout_planner as lp
>>> run = lp.run_scenario("scenarios/safeguarded.toml")  # doctest: +SKIP
>>> run.risk_plan  # doctest: +SKIP

Scenarios are TOML files (`layout-planner schema scenario` tells their keys) or `Scenario` objects, frozen pydantic models that are varied
by `model_copy`. The county is read and measured once for many of them:

>>> scenario, norms, ground = lp.ground_of("scenarios/all-may-close.toml")  # doctest: +SKIP
>>> fewer = scenario.model_copy(update={"plan": scenario.plan.model_copy(update={"max_new_beds": 50})})  # doctest: +SKIP
>>> lp.run_scenario(fewer, ground=ground).measures["plan"]["cost_yuan"]  # doctest: +SKIP

`sweep_plans` does so for a table of variants, `study_frontier` and `study_pair` for a trade-off, `study_years` for several school years,
`answer_why` for one school forced the other way, `study_repair` for the cheapest repair of a list of mergers. Seconds, metres and yuan
are in the names of columns; what cannot be reached is `inf`.
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
    "answer_why",
    "check_scenarios",
    "ground_of",
    "read_county",
    "read_norms",
    "read_scenario",
    "run_scenario",
    "run_scenarios",
    "study_frontier",
    "study_pair",
    "study_repair",
    "study_sites",
    "study_years",
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
    "answer_why": "why",
    "check_scenarios": "pipeline",
    "ground_of": "pipeline",
    "read_county": "county.inputs",
    "read_norms": "norms",
    "read_scenario": "scenario",
    "run_scenario": "pipeline",
    "run_scenarios": "pipeline",
    "study_frontier": "frontier",
    "study_pair": "frontier",
    "study_repair": "repair",
    "study_sites": "ideal",
    "study_years": "years",
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


def __dir__() -> list[str]:
    """Return the public names, so that an editor or notebook offers them before they are imported."""
    return sorted(__all__)
