"""The frontier of a scenario: what every number of schools kept costs, in yuan, minutes, beds and buses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from layout_planner.errors import Problem, raise_problems
from layout_planner.pipeline import ground_of
from layout_planner.plan.forms import CLOSED
from layout_planner.plan.frontier import trace_frontier
from layout_planner.scenario import read_scenario
from layout_planner.sweep import Question
from layout_planner.words import Words

if TYPE_CHECKING:
    from pathlib import Path

    from layout_planner.county.model import County
    from layout_planner.pipeline import OnStep
    from layout_planner.plan.frontier import Point
    from layout_planner.plan.layout import Layout
    from layout_planner.scenario import Scenario

MEASURED = (
    "sites_open", "at_risk", "at_risk_pessimistic", "worst_minutes", "p90_minutes", "mean_minutes", "new_beds", "buses", "moved",
    "cost_yuan",
)  # fmt: skip


@dataclass(frozen=True)
class Step:
    """One plan of the frontier: the cheapest that keeps at least `kept` schools.

    measures  figures of `compare.MEASURES`
    bound     yuan a year that no plan with as many schools is cheaper than, by proof
    closed    ids of the schools of today that it closes
    """

    kept: int
    measures: dict[str, float]
    bound: float
    gap: float
    closed: tuple[str, ...]


@dataclass(frozen=True)
class Frontier:
    """The plans of one scenario from the most schools to the cheapest, and today beside them."""

    scenario: Scenario
    county: County
    today: dict[str, float]
    steps: tuple[Step, ...]


def study_frontier(source: str | Path, *, points: int = 8, data_dir: str | Path | None = None, on_step: OnStep | None = None) -> Frontier:
    """Return the frontier of the scenario at `source` with at most `points` plans.

    Raises
    ------
    InputError : faults in the scenario or its files, or nothing in it that could close. NoPlanError : it has no plan.
    """
    _refuse_settled(read_scenario(source, data_dir=data_dir), source)
    scenario, norms, ground = ground_of(source, data_dir=data_dir, on_step=on_step)
    question = Question.of(scenario, norms, ground)

    def measure(layout: Layout) -> dict[str, float]:
        figures = question.measure(layout)
        return {name: figures[name] for name in MEASURED}

    def tell(kept: int) -> None:
        if on_step is not None:
            on_step(Words(f"保留{kept}所时的最省方案", f"the cheapest plan that keeps {kept}"))

    if on_step is not None:
        on_step(Words("最省的方案", "the cheapest plan of all"))
    today = question.today
    steps = tuple(
        _step(point, measure(point.layout), today) for point in trace_frontier(question.case, question.options, today, points, tell)
    )
    return Frontier(scenario, ground.county, measure(today), steps)


def _refuse_settled(scenario: Scenario, source: str | Path) -> None:
    """Refuse a scenario in which nothing may close."""
    if scenario.plan.may_close == "none" or scenario.plan.move == "none":
        what = Words("情景中没有可撤的学校", "nothing in the scenario may close")
        hint = Words('在 [plan] 中写 may_close，move 不为 "none"', 'name schools in `may_close` under [plan], with `move` not "none"')
        raise_problems([Problem(str(source), what, hint, column="plan.may_close")])
    if scenario.plan.connected_catchments:
        what = Words("前沿不能要求片区相连", "a frontier is not traced with connected catchments")
        hint = Words("删去 connected_catchments，选定方案后再求解", "take connected_catchments out, and ask for it when a plan is chosen")
        raise_problems([Problem(str(source), what, hint, column="plan.connected_catchments")])


def _step(point: Point, measures: dict[str, float], today: Layout) -> Step:
    open_now = today.sites["form"] != CLOSED
    closes = (point.layout.sites["form"] == CLOSED) & open_now.reindex(point.layout.sites.index)
    closed = tuple(sorted(str(j) for j in closes.index[closes]))
    return Step(point.kept, measures, point.solved.bound, point.solved.gap, closed)
