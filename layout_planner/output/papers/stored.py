"""What papers need of a run beyond its view: written with the run, read back by `dossier`, `sheets` and `report`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from layout_planner.assess.conditions import list_conditions
from layout_planner.assess.otherwise import find_otherwise
from layout_planner.county.posts_table import POSTS
from layout_planner.output.papers.facts import names_of
from layout_planner.output.run_view import missing_run, read_view
from layout_planner.plan.case import Case
from layout_planner.plan.forms import sites_of
from layout_planner.safeguards.certificate import CERTIFICATE

if TYPE_CHECKING:
    from pathlib import Path

    from layout_planner.output.view import RunView
    from layout_planner.results import Run
    from layout_planner.words import Words

REGISTER, HISTORY, CONDITIONS, OTHERWISE, POST_TABLE = (
    f"{name}.parquet" for name in ("school_register", "school_history", "school_conditions", "school_otherwise", "posts")
)
TABLES = {
    "status": "school_status.parquet",
    "surroundings": "surroundings.parquet",
    "register": REGISTER,
    "history": HISTORY,
    "conditions": CONDITIONS,
    "otherwise": OTHERWISE,
    "posts": POST_TABLE,
}
LATER = ("objections",)  # tables of a run that not every run holds
HISTORY_COUNTS = ("enrolled_start", "transferred_in", "transferred_out", "dropped_out", "graduated")
KNOWN = ("classrooms", "teachers", "enrolment", "dorm_area_m2", "toilets_boys", "toilets_girls")


@dataclass(frozen=True)
class Papers:
    """A stored run as papers need it; tables that the run does not hold are empty.

    digest      of the run's certificate: the plan hash of every paper
    scenario    the scenario as plain JSON values
    status      STATUS_COLUMNS and `when`
    surroundings  venues near schools
    register    index school_id: what the bureau's table says, classes and yuan a year of trips today and under the plan
    history     school_id, year, grade, HISTORY_COUNTS
    conditions  CONDITION_COLUMNS
    otherwise   OTHERWISE_COLUMNS
    posts       the columns of POSTS
    ways        tables `equity`, `bad_days` and `funding` of ASSESSMENTS
    norm_values  the norms in force: key, grades, modes, value, unit, flag, override
    later       tables of LATER by name, those that the run holds
    """

    view: RunView
    digest: str
    scenario: dict[str, Any]
    solved: dict[str, Any]
    status: pd.DataFrame
    surroundings: pd.DataFrame
    register: pd.DataFrame
    history: pd.DataFrame
    conditions: pd.DataFrame
    otherwise: pd.DataFrame
    posts: pd.DataFrame
    ways: dict[str, pd.DataFrame] = field(default_factory=dict)
    norm_values: list[Any] = field(default_factory=list)
    later: dict[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def public(self) -> dict[str, Any]:
        """What the scenario says under [public]."""
        return dict(self.scenario.get("public") or {})

    @cached_property
    def _trips(self) -> dict[str, pd.DataFrame]:
        trips = self.view.trips
        return {str(key): rows for key, rows in trips[trips["pupils"] > 0].groupby("school_id")}

    @cached_property
    def _moved(self) -> dict[str, pd.DataFrame]:
        trips = self.view.trips[self.view.trips["pupils"] > 0]
        attended = trips.loc[trips["when"] == "today", ["settlement_id", "band", "school_id"]].drop_duplicates()
        pairs = trips[trips["when"] == "plan"].merge(attended, on=["settlement_id", "band"], suffixes=("", "_from"))
        return {str(key): rows for key, rows in pairs[pairs["school_id"] != pairs["school_id_from"]].groupby("school_id_from")}

    @cached_property
    def school_names(self) -> dict[str, Words]:
        """What every school is called, by id."""
        return names_of(self.view.schools)

    @cached_property
    def home_names(self) -> dict[str, Words]:
        """What every settlement is called, by id."""
        return names_of(self.view.settlements)

    def register_of(self, school_id: str) -> pd.Series:
        """Return the row of `register` of one school."""
        return cast("pd.Series", self.register.loc[school_id])

    def trips_of(self, school_id: str) -> pd.DataFrame:
        """Return the trips to a school that somebody makes, today and under the plan."""
        return self._trips.get(school_id, self.view.trips.iloc[:0])

    def moved_from(self, school_id: str) -> pd.DataFrame:
        """Return the trips under the plan of settlements and bands that attend the school today, where they go elsewhere."""
        return self._moved.get(school_id, self.view.trips.iloc[:0])


def write_paper_tables(run: Run, folder: Path) -> None:
    """Write the tables of `Papers` that no other table of the run holds into `folder`."""
    county, scenario, norms = run.county, run.scenario, run.norms
    case = Case(scenario, norms, county, run.demand, run.travel, sites_of(county.schools, scenario))
    _register(run).to_parquet(folder / REGISTER)
    _history(county.registers).to_parquet(folder / HISTORY)
    list_conditions(run.assessment["school_status"], norms, scenario.bands).to_parquet(folder / CONDITIONS)
    find_otherwise(case, run.plan).to_parquet(folder / OTHERWISE)
    posts = county.posts if county.posts is not None else pd.DataFrame({column.name: [] for column in POSTS.columns}, dtype=str)
    posts.to_parquet(folder / POST_TABLE)


def _register(run: Run) -> pd.DataFrame:
    schools = run.county.schools
    columns: dict[str, Any] = {
        "grades": [",".join(map(str, grades)) for grades in schools["grades"]],
        "canteen": schools["canteen"].astype(bool),
        "parent_school_id": schools["parent_school_id"].fillna("").astype(str),
        "yearly_cost": schools["yearly_cost"].astype(float),
        **{name: schools[name].astype(float) if name in schools else np.nan for name in KNOWN},
    }
    for when, layout in (("today", run.today), ("plan", run.plan)):
        columns[f"classes_{when}"] = layout.sites["classes"].reindex(schools.index)
        columns[f"new_beds_{when}"] = layout.sites["new_beds"].reindex(schools.index)
        trips = layout.assignment.groupby("school_id")["cost_yuan"].sum()
        columns[f"trips_yuan_{when}"] = trips.reindex(schools.index).fillna(0.0).round(2)
    return pd.DataFrame(columns, index=schools.index)


def _history(registers: pd.DataFrame | None) -> pd.DataFrame:
    """Return pupils at the start of every school year and what changed in it, the terms of a year together."""
    key = ["school_id", "year", "grade"]
    if registers is None:
        return pd.DataFrame({name: pd.Series(dtype=str if name == "school_id" else float) for name in (*key, *HISTORY_COUNTS)})
    ordered = registers.sort_values([*key, "term"], kind="stable", na_position="first")
    grouped = ordered.groupby(key)
    start = grouped["enrolled_start"].first()
    sums = {name: grouped[name].sum(min_count=1) for name in HISTORY_COUNTS[1:]}
    return pd.DataFrame({"enrolled_start": start, **sums}).reset_index()


def read_papers(folder: Path) -> Papers:
    """Return the run stored in `folder`.

    Raises
    ------
    InputError : the folder holds no complete run, or one of a version that wrote no tables for papers.
    """
    view = read_view(folder)
    try:
        stored = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        certificate = json.loads((folder / CERTIFICATE).read_text(encoding="utf-8"))
        later = {name: pd.read_parquet(folder / f"{name}.parquet") for name in LATER if (folder / f"{name}.parquet").exists()}
        return Papers(
            view,
            str(certificate["digest"]),
            dict(stored["scenario"]),
            dict(stored["solved"]),
            **{field_name: pd.read_parquet(folder / name) for field_name, name in TABLES.items()},
            ways={name: pd.read_parquet(folder / f"{name}.parquet") for name in ("equity", "bad_days", "funding")},
            norm_values=list(certificate["norms"]["values"]),
            later=later,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise missing_run(folder, error) from error
