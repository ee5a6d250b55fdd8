"""Who is at risk and what schools lack, of a county as it is or under the plan of a stored run: what `risk` and `status` show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from layout_planner.output.run_view import missing_run, read_view
from layout_planner.results import ASSESSMENTS

if TYPE_CHECKING:
    from pathlib import Path

    from layout_planner.studies import Today


@dataclass(frozen=True)
class State:
    """One state of a county.

    when         today | plan
    risk         RISK_COLUMNS
    assessment   tables of ASSESSMENTS, the rows of this state
    settlements, schools  tables with name and name_en, by id
    """

    when: str
    risk: pd.DataFrame
    assessment: dict[str, pd.DataFrame]
    settlements: pd.DataFrame
    schools: pd.DataFrame
    bands: dict[str, tuple[int, ...]]


def state_today(today: Today) -> State:
    """Return the state of a county as it is."""
    county = today.case.county
    return State("today", today.risk, today.assessment, county.settlements, county.schools, dict(today.case.scenario.bands))


def read_state(folder: Path) -> State:
    """Return the state under the plan of the run stored in `folder`.

    Raises
    ------
    InputError : the folder holds no complete run.
    """
    view = read_view(folder)
    try:
        risk = pd.read_parquet(folder / "risk_plan.parquet")
        tables = {name: pd.read_parquet(folder / f"{name}.parquet") for name in ASSESSMENTS}
    except (OSError, ValueError) as error:
        raise missing_run(folder, error) from error
    kept = {name: table[table["when"] == "plan"].reset_index(drop=True) if "when" in table else table for name, table in tables.items()}
    return State("plan", risk, kept, view.settlements, view.schools, view.bands)
