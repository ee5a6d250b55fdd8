"""What would mend a scenario: the plan as it is asked, and the cheapest repair with which nobody is made worse off."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from layout_planner.clock import interruptible
from layout_planner.errors import NoPlanError
from layout_planner.pipeline import ground_of
from layout_planner.plan.ended import INTERRUPTING
from layout_planner.plan.linear import ContradictionError
from layout_planner.plan.repair import find_repair
from layout_planner.plan.repair_model import loosen
from layout_planner.plan.solve import optimise_layout
from layout_planner.sweep import Question
from layout_planner.words import Words, say_nothing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from layout_planner.county.model import County
    from layout_planner.norms import NormSet
    from layout_planner.pipeline import OnStep
    from layout_planner.plan.repair_model import Repair
    from layout_planner.scenario import Scenario

HARMED = 0.5


@dataclass(frozen=True)
class Mending:
    """A scenario as it is asked and its cheapest repair.

    refusal   why it has no plan; None where it has one
    late      time left no plan, or none that anything is proven of: no proof that there is none, or that the best hurts as many
    harmed    pupils whom the plan as asked makes worse off, 0 without one: newly at risk, cut off, or longer on the way and at risk
    cost_yuan of the plan as asked, NaN without one
    repair    None where nothing needs mending, or nothing that can be bought mends it
    """

    scenario: Scenario
    norms: NormSet
    county: County
    refusal: Words | None
    harmed: float
    cost_yuan: float
    repair: Repair | None
    late: bool = False


def study_repair(source: str | Path, *, data_dir: str | Path | None = None, on_step: OnStep | None = None) -> Mending:
    """Return what is wrong with the scenario at `source` and what would mend it most cheaply.

    Raises
    ------
    InputError : faults in the scenario or its files.
    """
    say = on_step or say_nothing
    scenario, norms, ground = ground_of(source, data_dir=data_dir, on_step=on_step)
    return mend(Question.of(scenario, norms, ground), lambda loose: Question.of(loose, norms, ground), say)


def mend(asked: Question, question_of: Callable[[Scenario], Question], say: OnStep) -> Mending:
    """Return what is wrong with the question `asked` and what would mend it; `question_of` asks the same county of another scenario."""
    with interruptible(partial(say, INTERRUPTING)):
        return _mend(asked, question_of, say)


def _mend(asked: Question, question_of: Callable[[Scenario], Question], say: OnStep) -> Mending:
    case = asked.case
    say(Words("求解情景要求的方案", "solving the plan as it is asked"))
    refusal, late, harmed, cost_yuan = None, False, 0.0, float("nan")
    try:
        _, solved = optimise_layout(case, asked.options, asked.today)
        harmed, cost_yuan = solved.terms.get("harmed", 0.0), solved.terms["cost_yuan"]
        late = solved.bound <= 0
    except NoPlanError as error:
        refusal, late = error.message, not isinstance(error, ContradictionError)
    repair = None
    if refusal is not None or harmed > HARMED:
        say(Words("求最省的补救", "searching the cheapest repair"))
        loose = question_of(loosen(case.scenario, int(case.demand.to_numpy().sum())))
        try:
            repair = find_repair(case.scenario, loose.case, loose.options, loose.today)
        except NoPlanError:
            repair = None
    return Mending(case.scenario, case.norms, case.county, refusal, harmed, cost_yuan, repair, late)
