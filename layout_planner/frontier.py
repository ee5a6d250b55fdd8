"""The frontier of a scenario: what every number of schools kept costs, in yuan, minutes, beds and buses."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from layout_planner.clock import interruptible
from layout_planner.errors import Problem, raise_problems
from layout_planner.pipeline import ground_of
from layout_planner.plan.axes import measure_axis
from layout_planner.plan.conflict import explain
from layout_planner.plan.ended import INTERRUPTING, note_cut_short
from layout_planner.plan.forms import CLOSED
from layout_planner.plan.frontier import trace_frontier
from layout_planner.plan.frontier_pairs import keep_efficient, mark_supported, order_pair, trace_pair
from layout_planner.plan.linear import ContradictionError
from layout_planner.results import Finding, GateResult, Run, Verification
from layout_planner.risk import assess_risk
from layout_planner.scenario import read_scenario
from layout_planner.sweep import Question
from layout_planner.travel.ways import trace_ways
from layout_planner.words import Words, say_nothing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from layout_planner.county.model import County, Note
    from layout_planner.pipeline import Ground, OnStep
    from layout_planner.plan.frontier import Point
    from layout_planner.plan.layout import Layout, Solved
    from layout_planner.scenario import Scenario

Traced = TypeVar("Traced")

MEASURED = (
    "sites_open", "at_risk", "at_risk_pessimistic", "worst_minutes", "p90_minutes", "mean_minutes", "new_beds", "buses", "moved",
    "cost_yuan",
)  # fmt: skip

AXIS_NAMES = {
    "kept": Words("保留学校数", "the number of schools kept"),
    "minutes": Words("最长单程（分钟）", "the longest trip (minutes)"),
    "beds": Words("新增床位", "the number of new beds"),
    "yuan": Words("年成本（万元）", "the yearly cost (10,000 yuan)"),
}
AXIS_UNITS = {"kept": ("所", "schools"), "minutes": ("分钟", "minutes"), "beds": ("张", "new beds"), "yuan": ("万元", "yuan a year")}
AXIS_MEASURES = {"kept": "sites_open", "minutes": "worst_minutes", "beds": "new_beds", "yuan": "cost_yuan"}
SHOWN_YUAN = 10_000


@dataclass(frozen=True)
class Step:
    """One plan of the frontier: the cheapest that keeps at least `kept` schools.

    measures  figures of `compare.MEASURES`
    bound     yuan a year that no plan with as many schools is cheaper than, by proof
    closed    ids of the schools of today that it closes
    asked     the bound on the first of two axes; None where none was set
    supported best of some weighing of both axes
    """

    kept: int
    measures: dict[str, float]
    bound: float
    gap: float
    closed: tuple[str, ...]
    asked: float | None = None
    supported: bool = True
    layout: Layout | None = None
    solved: Solved | None = None


@dataclass(frozen=True)
class Frontier:
    """The plans of one scenario from the most schools to the cheapest, and today beside them."""

    scenario: Scenario
    county: County
    today: dict[str, float]
    steps: tuple[Step, ...]
    pair: tuple[str, str] = ("kept", "yuan")
    question: Question | None = None
    ground: Ground | None = None
    notes: tuple[Note, ...] = ()

    @property
    def norms_title(self) -> Words:
        """The norms in force, by their title where a question was asked of them."""
        key = self.scenario.norms
        return Words(key, key) if self.question is None else self.question.case.norms.title


def study_frontier(source: str | Path, *, points: int = 8, data_dir: str | Path | None = None, on_step: OnStep | None = None) -> Frontier:
    """Return the frontier of the scenario at `source` with at most `points` plans.

    Raises
    ------
    InputError : faults in the scenario or its files, or nothing in it that could close. NoPlanError : it has no plan.
    """
    _refuse_settled(read_scenario(source, data_dir=data_dir), source)
    scenario, norms, ground = ground_of(source, data_dir=data_dir, on_step=on_step)
    question = Question.of(scenario, norms, ground)

    def tell(kept: int) -> None:
        if on_step is not None:
            on_step(Words(f"保留{kept}所时的最省方案", f"the cheapest plan that keeps {kept}"))

    if on_step is not None:
        on_step(Words("最省的方案", "the cheapest plan of all"))
    today = question.today
    found, notes = _trace(question, trace_frontier(question.case, question.options, today, points, tell), on_step or say_nothing)
    steps = tuple(_step(point, _measure(question, point.layout, point.solved), today) for point in found)
    return Frontier(scenario, ground.county, _measure(question, today), steps, question=question, ground=ground, notes=notes)


def study_pair(
    source: str | Path, between: tuple[str, str], *, points: int = 8, data_dir: str | Path | None = None, on_step: OnStep | None = None
) -> Frontier:
    """Return the efficient plans between two of `axes.AXES`, at most `points`, from the loosest bound to the tightest.

    Raises
    ------
    InputError : faults in the scenario or its files, or nothing in it that could close. NoPlanError : it has no plan.
    """
    pair = order_pair(between)
    _refuse_settled(read_scenario(source, data_dir=data_dir), source)
    scenario, norms, ground = ground_of(source, data_dir=data_dir, on_step=on_step)
    question, say = Question.of(scenario, norms, ground), on_step or say_nothing

    def tell(bound: float) -> None:
        label, shown = AXIS_NAMES[pair[0]], bound / SHOWN_YUAN if pair[0] == "yuan" else bound
        say(Words(f"{label.zh}限为{shown:,.1f}", f"{label.en}: bound {shown:,.1f}"))

    say(Words("不加限制的方案", "the plan without a bound"))
    found, notes = _trace(question, trace_pair(question.case, question.options, question.today, pair, points, tell), say)
    measured = [_measure(question, point.layout, point.solved) for point in found]
    at = [(measure_axis(point.layout, pair[0]), figures[AXIS_MEASURES[pair[1]]]) for point, figures in zip(found, measured, strict=True)]
    kept = keep_efficient(at, pair)
    supported = mark_supported([at[k] for k in kept], pair)
    steps = []
    for k, is_supported in zip(kept, supported, strict=True):
        point, figures = found[k], measured[k]
        closed = _list_closed(point.layout, question.today)
        kept_now, sure = round(figures["sites_open"]), (point.goal_bound, point.gap)
        steps.append(Step(kept_now, figures, *sure, closed, point.asked, is_supported, point.layout, point.solved))
    return Frontier(scenario, ground.county, _measure(question, question.today), tuple(steps), pair, question, ground, notes)


def _trace(question: Question, points: Iterator[Traced], say: OnStep) -> tuple[list[Traced], tuple[Note, ...]]:
    """Return all `points`, or those found until Ctrl-C, and what is to be told of them.

    Where there is no plan at all, say which demands contradict each other.
    """
    try:
        with interruptible(partial(say, INTERRUPTING)):
            return list(points), (*note_cut_short(), *question.notes())
    except ContradictionError as error:
        raise explain(error, question.case, question.options, question.today) from None


def _measure(question: Question, layout: Layout, solved: Solved | None = None) -> dict[str, float]:
    """Return the figures MEASURED; the yearly cost holds what the roads that a plan mends cost by the year."""
    figures = question.measure(layout)
    roads_yuan = 0.0 if solved is None else solved.terms.get("roads_yuan", 0.0)
    return {name: figures[name] + roads_yuan * (name == "cost_yuan") for name in MEASURED}


def _refuse_settled(scenario: Scenario, source: str | Path) -> None:
    """Refuse a scenario in which nothing may close, or that asks for what a frontier does not trade."""
    if scenario.plan.may_close == "none" or scenario.plan.move == "none":
        what = Words("情景中没有可撤的学校", "nothing in the scenario may close")
        hint = Words('在 [plan] 中写 may_close，move 不为 "none"', 'name schools in `may_close` under [plan], with `move` not "none"')
        raise_problems([Problem(str(source), what, hint, column="plan.may_close")])
    if scenario.plan.connected_catchments:
        what = Words("前沿不能要求片区相连", "a frontier is not traced with connected catchments")
        hint = Words("删去 connected_catchments，选定方案后再求解", "take connected_catchments out, and ask for it when a plan is chosen")
        raise_problems([Problem(str(source), what, hint, column="plan.connected_catchments")])
    for key, asked in (("objective", scenario.plan.objective == "weighted"), ("siblings_yuan", scenario.plan.siblings_yuan > 0)):
        if asked:
            what = Words("前沿只在两项之间权衡，不计权重和兄弟姐妹同校的价", "a frontier trades its two axes and weighs nothing else")
            hint = Words(f"删去 {key}，选定方案后再求解", f"take {key} out, and ask for it when a plan is chosen")
            raise_problems([Problem(str(source), what, hint, column=f"plan.{key}")])


def _step(point: Point, measures: dict[str, float], today: Layout) -> Step:
    closed = _list_closed(point.layout, today)
    return Step(point.kept, measures, point.solved.bound, point.solved.gap, closed, layout=point.layout, solved=point.solved)


def _list_closed(layout: Layout, today: Layout) -> tuple[str, ...]:
    open_now = today.sites["form"] != CLOSED
    closes = (layout.sites["form"] == CLOSED) & open_now.reindex(layout.sites.index)
    return tuple(sorted(str(j) for j in closes.index[closes]))


def draw_run(found: Frontier, step: Step) -> Run:
    """Return the plan of a step as a run that maps can show; nothing judged it, and its verdict says so."""
    question, ground, layout, solved = found.question, found.ground, step.layout, step.solved
    assert question is not None and ground is not None and layout is not None and solved is not None  # noqa: S101, PT018 - of a study
    case, today = question.case, question.today
    at = case.where(layout.fixes)
    risk_today, risk = (assess_risk(each, case.county, on.travel, case.norms, case.scenario) for each, on in ((today, case), (layout, at)))
    text = Words("边界上的方案未经审查：选定后用 run 运行", "a plan of the frontier is not judged: choose one and `run` it")
    finding = Finding("verified", "unknown", "plan", text, Words("用 run 运行", "run it"), "", "A")
    net = ground.mended(case.scenario, case.norms, layout.fixes).net
    ways = trace_ways(net, case.county, (today.assignment, layout.assignment))
    measures = {"today": question.measure(today), "plan": question.measure(layout)}
    return Run(
        case.scenario, case.norms, case.county, case.demand, at.travel, today, layout, solved, risk_today, risk,
        Verification(0, 0.0), GateResult((finding,)), measures, {}, ways=ways,
    )  # fmt: skip
