"""A scenario: one TOML file that says which data, which year, which norms and what the plan may do.

Knows no geometry and opens no data file. Unknown keys are errors; `extends` names one parent whose keys it overrides.
"""

from __future__ import annotations

from layout_planner.scenario.checks import MAX_YEARS_AHEAD
from layout_planner.scenario.files import read_scenario, read_toml
from layout_planner.scenario.settings import (
    VARIANTS,
    Buses,
    Count,
    DataFile,
    DataFiles,
    Demand,
    GtfsFile,
    Override,
    Plan,
    PopulationGrid,
    Projection,
    RoadFix,
    Scenario,
    Share,
    TableFile,
    Title,
    Travel,
    Years,
)
from layout_planner.scenario.sources import Strict

__all__ = [
    "MAX_YEARS_AHEAD",
    "VARIANTS",
    "Buses",
    "Count",
    "DataFile",
    "DataFiles",
    "Demand",
    "GtfsFile",
    "Override",
    "Plan",
    "PopulationGrid",
    "Projection",
    "RoadFix",
    "Scenario",
    "Share",
    "Strict",
    "TableFile",
    "Title",
    "Travel",
    "Years",
    "read_scenario",
    "read_toml",
]
