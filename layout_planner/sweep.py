"""Many variants of one scenario's `[plan]`, solved on one county: a table an analyst can plot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from layout_planner.compare import measure_layout
from layout_planner.county.demand import count_pupils
from layout_planner.errors import NoPlanError
from layout_planner.pipeline import ground_of
from layout_planner.plan.case import Case
from layout_planner.plan.forms import sites_by_band, sites_of
from layout_planner.plan.present import present_layout
from layout_planner.plan.solve import optimise_layout
from layout_planner.plan.terms import describe_layout
from layout_planner.risk import assess_risk
from layout_planner.scenario import Plan, Scenario
from layout_planner.travel.options import commute_options
from layout_planner.words import Words, say_nothing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from layout_planner.norms import NormSet
    from layout_planner.pipeline import Ground, OnStep
    from layout_planner.plan.layout import Layout


@dataclass(frozen=True)
class Question:
    """A scenario on its county, before anything is decided."""

    case: Case
    options: pd.DataFrame
    today: Layout

    @classmethod
    def of(cls, scenario: Scenario, norms: NormSet, ground: Ground) -> Question:
        """Return the question that `scenario` asks of the county of `ground`."""
        county = ground.county
        sites = sites_of(county.schools, scenario)
        worlds = ground.worlds(scenario, norms, say_nothing)
        case = Case(scenario, norms, county, count_pupils(county, scenario)[0], ground.travel, sites, ground.bad_days, worlds=worlds)
        return cls(
            case, commute_options(ground.travel, county.schools, sites_by_band(sites, scenario), norms, scenario), present_layout(case)
        )

    def measure(self, layout: Layout) -> dict[str, float]:
        """Return the figures of `compare.MEASURES` of `layout`, but for those on bad days."""
        case = self.case
        risk, now = (
            assess_risk(each, case.county, case.where(each.fixes).travel, case.norms, case.scenario) for each in (layout, self.today)
        )
        return measure_layout(layout, risk, self.today, now, case.norms, case.scenario, terms=describe_layout(case, layout, self.today))


def sweep_plans(
    source: str | Path,
    variants: Mapping[str, Mapping[str, object]],
    *,
    data_dir: str | Path | None = None,
    on_step: OnStep | None = None,
) -> pd.DataFrame:
    """Return one row a variant of the scenario at `source`: the figures of `compare.MEASURES`, `bound` (yuan), `gap` and `refused`.

    variants : name -> keys of `[plan]` that it changes

    A variant whose demands contradict each other has no figures, and the reason in `refused`. Nothing is gated or written: run what is
    chosen with `run_scenario`.

    Raises
    ------
    InputError : faults in the scenario or its files. pydantic.ValidationError : a key or value that `[plan]` does not know.
    """
    scenario, norms, ground = ground_of(source, data_dir=data_dir, on_step=on_step)
    plans = {name: Plan.model_validate({**scenario.plan.model_dump(), **changes}) for name, changes in variants.items()}
    rows: dict[str, dict[str, object]] = {}
    for name, plan in plans.items():
        if on_step is not None:
            on_step(Words(f"方案 {name}", f"variant {name}"))
        question = Question.of(scenario.model_copy(update={"plan": plan}), norms, ground)
        try:
            layout, solved = optimise_layout(question.case, question.options, question.today)
        except NoPlanError as error:
            rows[name] = {"refused": error.message.en}
            continue
        rows[name] = {**question.measure(layout), "bound": solved.bound, "gap": solved.gap, "refused": ""}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("variant")
