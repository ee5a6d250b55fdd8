"""Many variants of one scenario's `[plan]`, solved on one county: a table an analyst can plot."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from layout_planner.clock import interruptible, is_interrupted
from layout_planner.compare import measure_layout
from layout_planner.county.demand import count_pupils
from layout_planner.county.model import Note
from layout_planner.errors import NoPlanError
from layout_planner.pipeline import ground_of, note_norms
from layout_planner.plan.case import Case
from layout_planner.plan.ended import INTERRUPTING
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

NOT_COUNTED = {
    "bus_rounds": Words(
        "bus_rounds 在这里不起作用：校车按座位数计，没有按实际线路核对。选定后用 run 运行",
        "bus_rounds does not count here: buses are counted by their seats, not by real routes; `run` what you choose",
    ),
    "price_of_holding": Words(
        "price_of_holding 在这里不起作用：坏天气也站得住要多花多少，用 run 求",
        "price_of_holding does not count here: `run` tells what it costs that a plan holds on hard days",
    ),
}
NOT_REACHED = "the sweep was interrupted before it came to this variant"


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

    def notes(self) -> tuple[Note, ...]:
        """Return what a reader must know: of norms and tables, and what the scenario asks for that only `run` does."""
        case = self.case
        closed = (note for measured in case.bad_days.values() for note in measured.notes)
        assumed = count_pupils(case.county, case.scenario)[1]
        return (*note_norms(case.norms), *case.county.notes, *assumed, *case.travel.notes, *closed, *note_not_counted(case.scenario.plan))


def note_not_counted(plan: Plan) -> tuple[Note, ...]:
    """Return a note on every key of `plan` that a study of several plans does not heed."""
    return tuple(Note("not_counted", text) for key, text in NOT_COUNTED.items() if getattr(plan, key))


def sweep_plans(
    source: str | Path,
    variants: Mapping[str, Mapping[str, object]],
    *,
    data_dir: str | Path | None = None,
    on_step: OnStep | None = None,
) -> pd.DataFrame:
    """Return one row a variant of the scenario at `source`: the figures of `compare.MEASURES`, `bound` (yuan), `gap` and `refused`.

    variants : name -> keys of `[plan]` that it changes

    A variant whose demands contradict each other has no figures, and the reason in `refused`; so have those that Ctrl-C leaves out.
    Nothing is gated or written: run what is chosen with `run_scenario`.

    Raises
    ------
    InputError : faults in the scenario or its files. pydantic.ValidationError : a key or value that `[plan]` does not know.
    """
    scenario, norms, ground = ground_of(source, data_dir=data_dir, on_step=on_step)
    plans = {name: Plan.model_validate({**scenario.plan.model_dump(), **changes}) for name, changes in variants.items()}
    with interruptible(partial(on_step or say_nothing, INTERRUPTING)):
        rows = {name: _row(scenario.model_copy(update={"plan": plan}), name, (norms, ground), on_step) for name, plan in plans.items()}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("variant")


def _row(scenario: Scenario, name: str, at: tuple[NormSet, Ground], on_step: OnStep | None) -> dict[str, object]:
    if is_interrupted():
        return {"refused": NOT_REACHED}
    if on_step is not None:
        on_step(Words(f"方案 {name}", f"variant {name}"))
    question = Question.of(scenario, *at)
    try:
        layout, solved = optimise_layout(question.case, question.options, question.today)
    except NoPlanError as error:
        return {"refused": error.message.en}
    return {**question.measure(layout), "bound": solved.bound, "gap": solved.gap, "refused": ""}
