"""Why a plan keeps or closes a site: the same scenario solved once more with the site forced the other way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.county.find import find_place
from layout_planner.errors import NoPlanError, Problem, raise_problems
from layout_planner.pipeline import ground_of, run_scenario
from layout_planner.plan.forms import CLOSED
from layout_planner.words import Words

if TYPE_CHECKING:
    from pathlib import Path

    from layout_planner.pipeline import OnStep
    from layout_planner.results import Finding, Run
    from layout_planner.scenario import Scenario

CHANGE_COLUMNS = (
    "settlement_id",
    "name",
    "name_en",
    "band",
    "pupils",  # int
    "school_id",  # under the plan; "" when unserved
    "school_id_other",  # with the site forced the other way
    "seconds",  # float, np.inf when unserved
    "seconds_other",
)


@dataclass(frozen=True)
class Answer:
    """What a plan does with one site, and what the other way would do.

    closed   True when the plan closes the site (or leaves a candidate unopened)
    plan     the run of the scenario as it is
    other    the run with the site forced the other way; None where the scenario's demands leave no such plan
    refusal  why there is none
    """

    school_id: str
    closed: bool
    plan: Run
    other: Run | None
    refusal: Words | None = None

    def difference(self, measure: str) -> float:
        """Return by how much a figure of `compare.MEASURES` is higher the other way; NaN without another way."""
        if self.other is None:
            return float("nan")
        return self.other.measures["plan"][measure] - self.plan.measures["plan"][measure]

    @property
    def slack_yuan(self) -> float:
        """Yuan a year by which the cost of either run may lie above the best possible: what its certificate of the gap leaves open.

        Of a weighted sum all that is open may be cost.
        """
        runs, weights = [run for run in (self.plan, self.other) if run is not None], self.plan.scenario.plan.weights
        open_ = max(max(0.0, run.solved.objective - run.solved.bound) for run in runs)
        return open_ if weights is None else open_ / weights.cost_yuan if weights.cost_yuan > 0 else float("inf")

    def refusals(self) -> tuple[Finding, ...]:
        """Return what the gate holds against closing the site, in whichever of the two runs closes it."""
        closing = self.plan if self.closed else self.other
        findings = () if closing is None else closing.gate.findings
        return tuple(finding for finding in findings if finding.subject == self.school_id and finding.verdict != "pass")

    def changes(self) -> pd.DataFrame:
        """Return every settlement and band whose school or time differs (CHANGE_COLUMNS), those that lose most first."""
        if self.other is None:
            return pd.DataFrame({column: pd.Series(dtype=object) for column in CHANGE_COLUMNS})
        key = ["settlement_id", "band", "pupils"]
        both = _worst_trips(self.plan).merge(_worst_trips(self.other), how="outer", on=key, suffixes=("", "_other"))
        same = (both["school_id"] == both["school_id_other"]) & np.isclose(both["seconds"], both["seconds_other"], atol=1)
        table = both[~same].copy()
        places = self.plan.county.settlements
        table["name"] = places["name"].reindex(table["settlement_id"]).to_numpy()
        table["name_en"] = (places["name_en"] if "name_en" in places else places["name"]).reindex(table["settlement_id"]).to_numpy()
        lost = np.nan_to_num(table["seconds_other"].to_numpy() - table["seconds"].to_numpy(), nan=0.0)
        order = np.lexsort([table["band"], table["settlement_id"], -lost])
        return table.iloc[order][list(CHANGE_COLUMNS)].reset_index(drop=True)


def _worst_trips(run: Run) -> pd.DataFrame:
    """Return pupils, schools and the longest trip of every settlement and band under the plan of `run`."""
    trips = run.plan.assignment.sort_values(["settlement_id", "band", "school_id"])
    grouped = trips.groupby(["settlement_id", "band"])
    schools = grouped["school_id"].agg(lambda ids: ",".join(dict.fromkeys(ids)))
    return pd.DataFrame({"pupils": grouped["pupils"].sum(), "school_id": schools, "seconds": grouped["seconds"].max()}).reset_index()


def answer_why(source: str | Path, site: str, *, data_dir: str | Path | None = None, on_step: OnStep | None = None) -> Answer:
    """Solve the scenario at `source` as it is and with `site` (id or name) forced the other way.

    Raises
    ------
    InputError : there is no such site, or faults in the scenario or its files. NoPlanError : the scenario itself has no plan.
    """
    scenario, _, ground = ground_of(source, data_dir=data_dir, on_step=on_step)
    faults: list[Problem] = []
    school_id = find_place(ground.county.schools, site, "SITE", faults)
    raise_problems(faults)
    plan = run_scenario(scenario, ground=ground, on_step=on_step)
    closed = str(plan.plan.sites.at[school_id, "form"]) == CLOSED
    if on_step is not None:
        on_step(Words("反过来再求解一次", "solving once more, the other way"))
    try:
        other = run_scenario(force_site(scenario, school_id, keep=closed), ground=ground, on_step=on_step)
    except NoPlanError as error:
        return Answer(school_id, closed, plan, None, error.message)
    return Answer(school_id, closed, plan, other)


def force_site(scenario: Scenario, school_id: str, *, keep: bool) -> Scenario:
    """Return the scenario with one site kept, or closed, whatever it said before."""
    plan = scenario.plan
    close, kept = (tuple(other for other in ids if other != school_id) for ids in (plan.close, plan.keep))
    change = {"close": close, "keep": (*kept, school_id)} if keep else {"close": (*close, school_id), "keep": kept}
    move = "affected" if plan.move == "none" else plan.move
    return scenario.model_copy(update={"plan": plan.model_copy(update={**change, "move": move})})
