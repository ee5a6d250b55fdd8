"""Solving the layout model with HiGHS, goal after goal, and reading the layout back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pulp

from layout_planner.clock import Clock, now
from layout_planner.errors import NoPlanError
from layout_planner.plan.arrays import goal_of
from layout_planner.plan.choices import baseline_of, choose_options
from layout_planner.plan.conflict import explain
from layout_planner.plan.connected import optimise_connected
from layout_planner.plan.ended import told_status
from layout_planner.plan.enrolment import hold_enrolled, keep_enrolled
from layout_planner.plan.goals import (
    DAILY,
    evaluate,
    hold_times,
    keep_times,
    reach_times,
    time_goal,
    weigh_goals,
    weights_of,
)
from layout_planner.plan.large import search_large
from layout_planner.plan.layout import Layout, Solved, gap_between, widest_gap
from layout_planner.plan.linear import EXACT, NONE_AT_ALL, PUPIL_SLACK, ContradictionError, LinearSolver, Stage, out_of_time
from layout_planner.plan.model import build_model
from layout_planner.plan.model_inputs import clean_name, uses_options
from layout_planner.plan.near import hold_far
from layout_planner.plan.read_back import read_layout
from layout_planner.plan.reduce import drop_unsafe_forms, may_spare_all, today_fits, wide_is_best, widest_form, widest_sites
from layout_planner.plan.terms import list_terms
from layout_planner.plan.untouched import kept, solver_versions, unchanged
from layout_planner.plan.whole_pupils import make_pupils_whole, make_whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from layout_planner.plan.case import Case
    from layout_planner.plan.forms import Site
    from layout_planner.plan.goals import Times
    from layout_planner.plan.large import Bind, Large
    from layout_planner.plan.model import LayoutModel

    Values = dict[pulp.LpVariable, float]

HALF = 0.5
AT_RISK_GAP = 1e-4
NEEDLESS = 1e-7
STRONG_UP_TO = 30_000  # options
LARGE_FROM = 20_000  # options
# By which share of the time limit the goals on pupils, and the goal on cost, are done.
PUPILS_SHARE, WIDE_SHARE, RELAXED_SHARE, TIGHT_SHARE, COST_SHARE = 0.4, 0.5, 0.55, 0.75, 0.85
# How much worse than shares of pupils whole pupils may be: a share, and pupils.
WHOLE_SHARE, WHOLE_PUPILS = 0.05, 50.0
LAST_SHARE = 0.2  # of the limit, for whole pupils, in any case


def optimise_layout(case: Case, options: pd.DataFrame, today: Layout) -> tuple[Layout, Solved]:
    """Return the best layout that the scenario allows and how it was found.

    Goals in order: pupils made worse off, severity-weighted pupils at risk, pupils lacking at schools, the longest times where the
    objective asks for them, yuan a year, pupil-minutes; each later goal keeps the earlier ones. A weighted sum takes the place of risk,
    yuan and minutes. All but the last are solved with shares of pupils; the last, with all buildings settled, in whole pupils, as near to
    the earlier goals as they allow.

    Raises
    ------
    NoPlanError : the scenario's demands contradict each other, or the time limit left no plan.
    """
    scenario = case.scenario
    if scenario.plan.move == "none":
        return today, unchanged(case, today)
    weights_of(scenario.plan)  # refuses a weighted sum without weights
    clock = Clock.start(scenario.solver.time_limit_s)
    try:
        if scenario.plan.connected_catchments:
            return optimise_connected(case, today, lambda cut: _optimise(cut, options, today, clock))
        return _optimise(case, options, today, clock)
    except ContradictionError:
        raise
    except NoPlanError:
        if not today_fits(case, choose_options(case, options, today), today):
            raise
        return today, kept(case, today, clock.seconds())


def _optimise(case: Case, options: pd.DataFrame, today: Layout, clock: Clock) -> tuple[Layout, Solved]:
    """Return the best layout under the cuts that `case` holds."""
    try:
        asked = prepare(case, options, today, by_region=is_large(options))
        return finish(asked, spend_least(asked))
    except ContradictionError as error:
        raise explain(error, case, options, today) from None
    except NoPlanError:
        if not is_large(options) or today_fits(case, choose_options(case, options, today), today):
            raise
        return finish(*search_near(case, options, today, clock))


def is_large(options: pd.DataFrame) -> bool:
    """Return whether a county with these options is searched region by region."""
    return len(options) >= LARGE_FROM


def prepare(
    case: Case,
    options: pd.DataFrame,
    today: Layout,
    *,
    by_region: bool = False,
    most_s: float | None = None,
    bind: Bind | None = None,
) -> Asked:
    """Return `case` with the goals on pupils reached.

    by_region : search as large counties need it, where nobody need fare worse; else, and where that finds nothing, as a whole
    most_s : daily trips that take longer are left out
    bind : adds rows of others to the model that is searched by region, where these leave a plan that spares everybody
    """
    clock = Clock.start(case.scenario.solver.time_limit_s)
    chosen, baseline = choose_options(case, options, today), baseline_of(case, today)
    if most_s is not None:
        chosen = chosen[~chosen["mode"].isin(DAILY) | (chosen["seconds"] <= most_s)].reset_index(drop=True)
    case = replace(case, sites=drop_unsafe_forms(case, chosen, baseline))
    large = None
    if by_region and not uses_options(case) and may_spare_all(case, chosen, today, baseline):
        large = search_large(case, chosen, today, clock.at, bind)
        if large is None and bind is not None and now() < clock.at(PUPILS_SHARE):
            large = search_large(case, chosen, today, clock.at)
        if large is None and now() > clock.at(PUPILS_SHARE):
            raise out_of_time()
    if large is None:
        return Asked(case, chosen, today, clock, _reach_pupils(case, chosen, today, clock))
    return Asked(
        case, chosen, today, clock, Reached(NONE_AT_ALL, large.at_risk, large.solver.values_by_name(), lacking=large.lacking), large
    )


def search_near(case: Case, options: pd.DataFrame, today: Layout, clock: Clock) -> tuple[Asked, Spent]:
    """Return the best of a large county among plans that move only those whom its orders touch, in what the time limit leaves.

    It stands where time left no other; its bounds say nothing of the whole county.
    """
    case = case.within(max(LAST_SHARE * clock.limit_s, clock.left_s()))
    near, held = hold_far(case, choose_options(case, options, today), today, case.scenario.plan.close)
    asked = prepare(near, held, today)
    spent = spend_least(asked)
    reached = replace(asked.reached, harm=_unproven(asked.reached.harm), at_risk=_unproven(asked.reached.at_risk))
    return replace(asked, reached=reached), replace(spent, cost=_unproven(spent.cost))


def _unproven(stage: Stage) -> Stage:
    return Stage(stage.value, 0.0, 1.0, optimal=False)


def spend_least(asked: Asked) -> Spent:
    """Return the model of all forms left, its solver and the least cost that keeps harm and risk where they are.

    Of many options the tight rows are too many to write. Then the relaxation of the loose model gives the bound, sites that it leaves
    mostly open stay open, and the rest is searched in the tight model of what is left; from there the loose model goes on.
    """
    if asked.large is not None:
        return Spent(asked.large.model, asked.large.solver, asked.case.sites, asked.large.cost)
    if len(asked.options) <= STRONG_UP_TO:
        return _spend_among(asked, asked.case.sites, COST_SHARE)
    model = build_model(asked.case, asked.options, asked.today, strong=False)
    solver = LinearSolver(model, asked.case.scenario.solver.seed, asked.clock.at(RELAXED_SHARE))
    _hold_pupils(model, solver, asked.reached)
    bound, shares = solver.relax(model.spend)
    start = _start_open(asked, _decide_open(asked.case.sites, model, shares))
    solver.reset_clock(asked.clock.at(COST_SHARE))
    solver.start_at(start)
    cost = solver.minimise(model.spend, gap=asked.case.scenario.solver.gap)
    bound = max(bound, cost.bound)
    gap = gap_between(cost.value, bound)
    return Spent(model, solver, asked.case.sites, Stage(cost.value, bound, gap, optimal=gap <= asked.case.scenario.solver.gap))


def _start_open(asked: Asked, sites: tuple[Site, ...]) -> dict[str, float]:
    """Return the least cost found among `sites` by name of variable; what is known already where all of them open have too few pupils."""
    try:
        spent = _spend_among(asked, sites, TIGHT_SHARE)
    except ContradictionError:
        if not asked.case.scenario.plan.min_enrolment:
            raise
        return asked.reached.start
    forms = {f"form_{clean_name(site.school_id)}_{site.forms[0]}": 1.0 for site in spent.sites if site.decided}
    return spent.solver.values_by_name() | forms


def _spend_among(asked: Asked, sites: tuple[Site, ...], share: float) -> Spent:
    settings = asked.case.scenario.solver
    model = build_model(replace(asked.case, sites=sites), asked.options, asked.today)
    solver = LinearSolver(model, settings.seed, asked.clock.at(share))
    return Spent(model, solver, sites, _spend_least(model, solver, asked.reached, settings.gap))


def _decide_open(sites: tuple[Site, ...], model: LayoutModel, shares: Values) -> tuple[Site, ...]:
    """Return the sites, those decided for their widest form of which the relaxation keeps the larger part."""
    decided = []
    for site in sites:
        widest = widest_form(site)
        keeps = not site.decided and (not shares or shares[model.form[site.school_id, widest]] > HALF)
        decided.append(replace(site, forms=(widest,)) if keeps else site)
    return tuple(decided)


def finish(asked: Asked, spent: Spent) -> tuple[Layout, Solved]:
    """Return the layout of the solution at hand in whole pupils, and how it was found."""
    model, cost, reached, scenario = spent.model, spent.cost, asked.reached, asked.case.scenario
    deadline = max(asked.clock.at(1.0), now() + LAST_SHARE * scenario.solver.time_limit_s)
    minutes, values = _settle_regions(asked, deadline) or make_whole(spent, scenario.solver.seed, deadline)
    if reached.times is not None:
        found = minutes, values
        minutes, values = keep_times(model, reached.times, found, lambda hold: make_whole(spent, scenario.solver.seed, deadline, hold))
    _refuse_unfinished(model, values, reached)
    layout = read_layout(replace(asked.case, sites=spent.sites), model, values)
    terms = {
        "harmed": evaluate(model.harm, values),
        "at_risk_weighted": evaluate(model.at_risk, values),
        "at_risk_bound": reached.at_risk.bound,
        "cost_yuan": float(layout.sites["cost_yuan"].sum() + layout.assignment["cost_yuan"].sum()),
        "cost_bound": cost.bound,
        "pupil_minutes": evaluate(model.minutes, values),
        **({} if reached.lacking is None else {"lacking_pupils_bound": reached.lacking.bound}),
    } | list_terms(asked.case, layout, asked.today, reached.times)
    complete = all(stage.optimal for stage in (reached.harm, reached.at_risk, reached.lacking, cost, minutes) if stage is not None)
    unproven = "best found" if asked.large is not None else "stopped at the time limit"
    status = "optimal within the gap" if complete else told_status(unproven)
    objective = sum(weight * terms[name] for name, weight in model.weights.items())
    gap = widest_gap([(objective, cost.bound), *_pupils_reached(model, terms, reached)])
    solved = Solved(status, objective, cost.bound, gap, asked.clock.seconds(), scenario.solver.seed, terms, solver_versions())
    return layout, solved


def _pupils_reached(model: LayoutModel, terms: Mapping[str, float], reached: Reached) -> list[tuple[float, float]]:
    """Return what the plan reached of the goals before money, each with its bound; whole pupils cannot always keep what shares reached."""
    pairs = [(terms["harmed"], reached.harm.bound)]
    if "at_risk_weighted" not in model.weights:
        pairs.append((terms["at_risk_weighted"], reached.at_risk.bound))
    if reached.lacking is not None:
        pairs.append((terms["lacking_pupils"], reached.lacking.bound))
    if reached.times is not None:
        pairs.append((terms["goal_minutes"], terms["goal_minutes_bound"]))
    return pairs


def _settle_regions(asked: Asked, deadline: float) -> tuple[Stage, Values] | None:
    """Return the plan of a large county in whole pupils; None for others, or where that was not found."""
    large = asked.large
    if large is None:
        return None
    goal = goal_of(weigh_goals(large.model), large.ground.position)
    x = make_pupils_whole(large.ground, large.arrays, large.borders, large.x, goal, asked.case.scenario.solver.seed, deadline)
    if x is None:
        return None
    value = float(goal @ x)
    # the gap of a plan is that of what it spends: minutes found region by region are good and not proven
    return Stage(value, 0.0, 1.0, optimal=True), dict(zip(large.ground.variables, x.tolist(), strict=True))


def _refuse_unfinished(model: LayoutModel, values: Values, reached: Reached) -> None:
    """Refuse whole pupils that time left far from what shares of pupils reached: better no plan than one that hurts children."""
    kept = [(model.harm, reached.harm)]
    if "at_risk_weighted" not in model.weights:
        kept.append((model.at_risk, reached.at_risk))
    for goal, stage in kept:
        if evaluate(goal, values) > stage.value * (1 + WHOLE_SHARE) + WHOLE_PUPILS:
            raise out_of_time()


@dataclass(frozen=True)
class Asked:
    """A case with the options that are left, and what the goals on pupils reached."""

    case: Case
    options: pd.DataFrame
    today: Layout
    clock: Clock
    reached: Reached
    large: Large | None = None


@dataclass(frozen=True)
class Spent:
    """The model of the forms that `sites` leave open, its solver with a solution at hand, and the cost of that."""

    model: LayoutModel
    solver: LinearSolver
    sites: tuple[Site, ...]
    cost: Stage


@dataclass(frozen=True)
class Reached:
    """What the goals on pupils reached; `start` is that solution by name of variable."""

    harm: Stage
    at_risk: Stage
    start: dict[str, float]
    times: Times | None = None
    lacking: Stage | None = None


def _reach_pupils(case: Case, options: pd.DataFrame, today: Layout, clock: Clock) -> Reached:
    """Return the least harm and risk, with every site open as wide as it may be where nothing speaks for closing, which is exact."""
    wide = replace(case, sites=widest_sites(case.sites)) if wide_is_best(case.scenario.plan) else case
    model = build_model(wide, options, today)
    solver = LinearSolver(model, case.scenario.solver.seed, clock.at(PUPILS_SHARE))
    harm = NONE_AT_ALL if today_fits(case, options, today) else solver.minimise(model.harm, gap=EXACT)
    solver.keep_at(model.harm, harm.value, "harm_kept")
    tidy = solver.minimise(model.at_risk + NEEDLESS * _buildings(model), gap=AT_RISK_GAP)
    value = evaluate(model.at_risk, solver.values())
    at_risk = replace(tidy, value=value, bound=min(value, tidy.bound))
    reached = Reached(harm, at_risk, {})
    if model.lacking:
        _hold_risk(model, solver, reached)
        reached = replace(reached, lacking=keep_enrolled(model, solver))
    reached, values = _reach_times(wide, model, reached, solver.values(), clock)
    reached = replace(reached, start=_spend_needed(model, values, case.scenario.solver.seed, clock.at(PUPILS_SHARE)))
    solver.reset_clock(clock.at(WIDE_SHARE))
    _spend_least(model, solver, reached, case.scenario.solver.gap)
    start = solver.values_by_name()
    start |= {f"form_{clean_name(site.school_id)}_{widest_form(site)}": 1.0 for site in case.sites if wide is not case and not site.decided}
    return replace(reached, start=start)


def _reach_times(case: Case, model: LayoutModel, reached: Reached, values: Values, clock: Clock) -> tuple[Reached, Values]:
    """Return what the goal on times reached beside `reached`, and where; both as they are where the scenario has no such goal."""
    goal = time_goal(case)
    if goal is None:
        return reached, values

    def fresh() -> LinearSolver:
        solver = LinearSolver(model, case.scenario.solver.seed, clock.at(PUPILS_SHARE))
        _hold_pupils(model, solver, reached)
        return solver

    times, values = reach_times(model, goal, values, fresh)
    return replace(reached, times=times), values


def _spend_needed(model: LayoutModel, values: Values, seed: int, deadline: float) -> dict[str, float]:
    """Return `values` by name of variable, with no more buildings and money than the pupils need; as they are where that is in vain."""
    solver = LinearSolver(model, seed, deadline)
    solver.settle_pupils(values)
    try:
        solver.minimise(model.cost, gap=EXACT)
    except NoPlanError:
        return {variable.name: value for variable, value in values.items()}
    return solver.values_by_name()


def _buildings(model: LayoutModel) -> pulp.LpAffineExpression:
    """Return the number of classes, new beds and new buses; the goal on risk takes no more of them than it needs."""
    return pulp.lpSum([*model.classes.values(), *model.new_beds.values(), *model.new_buses.values()])


def _spend_least(model: LayoutModel, solver: LinearSolver, reached: Reached, gap: float) -> Stage:
    """Minimise the cost from the start of `reached`, with harm and risk where they are."""
    _hold_pupils(model, solver, reached)
    solver.start_at(reached.start)
    return solver.minimise(model.spend, gap=gap)


def _hold_pupils(model: LayoutModel, solver: LinearSolver, reached: Reached) -> None:
    """Hold harm, pupils lacking, risk and times where they are; a weighted sum trades risk and times, and holds neither."""
    solver.keep_at(model.harm, reached.harm.value, "harm_kept")
    hold_enrolled(model, solver, reached.lacking)
    if "at_risk_weighted" in model.weights:
        return
    if reached.times is not None:
        hold_times(model, solver, reached.times)
    _hold_risk(model, solver, reached)


def _hold_risk(model: LayoutModel, solver: LinearSolver, reached: Reached) -> None:
    """Hold risk; where everybody can have his safest way, all others are left out, for a row that holds the sum is far slower."""
    if reached.at_risk.value <= model.safest + PUPIL_SLACK:
        solver.leave_out(model.unsafe)
    else:
        solver.keep_at(model.at_risk, reached.at_risk.value, "at_risk_kept")
