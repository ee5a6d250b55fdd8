"""Large counties: the bound by a relaxation with added rows, a plan by a dive, both made better region by region.

The least risk comes from the relaxation as well, and is exact where a whole plan reaches it. Where none does, because money, beds or buses
run short, risk has a price in the first plan; what that leaves at risk is then held, and a bound is proven apart. The same is done with
pupils lacking where the scenario asks for a least enrolment. Where nobody can be spared, this way gives no answer and the general one
(`solve`) does. Everything is counted in rows and columns of the one PuLP model, passed over once as arrays, so a row that another module
adds needs no word here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from layout_planner.clock import now
from layout_planner.plan.arrays import goal_of, read_arrays, read_ground
from layout_planner.plan.held import (
    BOUND_NODES,
    DIVE_SHARE,
    HALF,
    LACKING_SHARE,
    PRICED_SHARE,
    RELAX_SHARE,
    RISK_SHARE,
    Held,
    Wish,
    at_most,
    borders_of,
    first_plan,
    hold_few,
    stage_of,
)
from layout_planner.plan.improve import Effort, tighten_bound
from layout_planner.plan.layout import gap_between
from layout_planner.plan.linear import LinearSolver, Stage
from layout_planner.plan.model import build_model
from layout_planner.plan.relaxation import relax
from layout_planner.plan.rounding import arrange_as
from layout_planner.plan.safest import binds_the_county, least_risk
from layout_planner.plan.sweeps import DEAR_YUAN, sweep_county

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from layout_planner.plan.arrays import Arrays, Ground
    from layout_planner.plan.case import Case
    from layout_planner.plan.layout import Layout
    from layout_planner.plan.model import LayoutModel
    from layout_planner.plan.regions import Borders

    Floats = NDArray[np.float64]
    Clock = Callable[[float], float]
    Bind = Callable[[Case, LayoutModel], None]

LACKING_YUAN = 1e5  # what a pupil lacking at a school weighs while few are sought; above all that one pupil costs
AT_RISK_YUAN = 1e6  # what a pupil at risk weighs while few are sought; above a bus for him alone


@dataclass(frozen=True)
class Large:
    """A large county, its least risk and the best plan found.

    arrays : those of `ground` with the rows that the relaxation added
    at_risk : least, by proof where it is optimal
    cost : its bound is certified
    lacking : pupils lacking at schools, where the scenario asks for a least enrolment
    column_price : by column, what the relaxation says that its use adds to the cost
    """

    model: LayoutModel
    solver: LinearSolver
    ground: Ground
    arrays: Arrays
    borders: Borders
    x: Floats
    at_risk: Stage
    cost: Stage
    lacking: Stage | None
    column_price: Floats
    held: Held


def search_large(case: Case, options: pd.DataFrame, today: Layout, clock: Clock, bind: Bind | None = None) -> Large | None:
    """Return the plan of a large county in which nobody need be made worse off; None where this way finds none.

    clock : share of the time limit -> the moment when it is used up
    bind : adds rows of others to the model
    """
    model = build_model(case, options, today, strong=False)
    if bind is not None:
        bind(case, model)
    return search_model(case, model, clock, (today,))


def search_model(case: Case, model: LayoutModel, clock: Clock, known: Iterable[Layout] = ()) -> Large | None:
    """Return the same for a `model` of the case with whatever rows and bounds others added; it may be one without the strong rows.

    known : layouts from which a plan may be made, where nothing better is found
    """
    solver = LinearSolver(model, case.scenario.solver.seed, clock(1.0))
    solver.keep_at(model.harm, 0.0, "harm_kept")
    arrays = read_arrays(solver.program(), solver.variables, model.spend + LACKING_YUAN * model.lacking)
    held = hold_least_risk(model, solver, arrays, clock)
    begun = None if held is None else _begin(case, held, clock, ())
    if begun is None and now() < clock(RELAX_SHARE):
        nearly = hold_little_risk(case, model, solver, arrays, clock, known)
        begun = None if nearly is None else _begin(case, nearly[0], clock, (nearly[1],))
    if begun is None:
        return None
    return search_held(case, solver, begun, clock)


def search_held(case: Case, solver: LinearSolver, begun: tuple[Held, Floats, Stage | None], clock: Clock) -> Large:
    """Return the cheapest plan found of a county that is held to its goals on pupils."""
    settings, model, (held, x, lacking) = case.scenario.solver, begun[0].model, begun
    ground, relaxed = held.ground, held.relaxed
    borders = borders_of(case, ground, relaxed.arrays, HALF)
    x, bound = sweep_county(case, ground, relaxed, borders, x, clock)
    value = ground.arrays.price(x)
    gap = gap_between(value, bound)
    solver.start_at_columns(x)
    return Large(
        model, solver, ground, _without_row(relaxed.arrays, held.risk_row), borders, x,
        stage_of(held.risk_of(x), held.proven), Stage(value, bound, gap, optimal=gap <= settings.gap), lacking,
        relaxed.column_price, held,
    )  # fmt: skip


def bound_cost(case: Case, model: LayoutModel, risk: float, clock: Clock) -> float:
    """Return what a plan of `model` costs at least that harms nobody and leaves at most `risk`, weighted pupils; 0 where unknown."""
    settings = case.scenario.solver
    solver = LinearSolver(model, settings.seed, clock(1.0))
    solver.keep_at(model.harm, 0.0, "harm_kept")
    arrays = read_arrays(solver.program(), solver.variables, model.spend)
    position = {variable: k for k, variable in enumerate(solver.variables)}
    arrays = at_most(arrays, goal_of(model.at_risk, position), risk - float(model.at_risk.constant))
    ground = read_ground(model, arrays, solver.variables)
    relaxed = relax(ground, settings.seed, clock(RISK_SHARE))
    if relaxed is None:
        return 0.0
    proving = Effort(settings.gap / 4, BOUND_NODES, settings.seed, clock(1.0))
    drawn = borders_of(case, ground, relaxed.arrays, HALF)
    return max(relaxed.bound, tighten_bound(relaxed.arrays, drawn, relaxed.x, relaxed.row_price, proving))


def hold_least_risk(model: LayoutModel, solver: LinearSolver, arrays: Arrays, clock: Clock) -> Held | None:
    """Return the county with everybody on his safest way; where that cannot be, with the least risk of shares.

    None without an answer, or where that holds a row of many schools to the full, as money that runs short: no whole plan does just that.
    """
    seed = solver.seed
    position = {variable: k for k, variable in enumerate(solver.variables)}
    high = arrays.high.copy()
    high[[position[variable] for variable in model.unsafe]] = 0.0
    ground = read_ground(model, replace(arrays, high=high), solver.variables)
    relaxed = relax(ground, seed, clock(RISK_SHARE))
    if relaxed is not None:
        return Held(model, ground, relaxed, model.safest, model.safest)
    risk = goal_of(model.at_risk, ground.position)
    found = least_risk(arrays, risk, seed, clock(RISK_SHARE))
    if found is None or binds_the_county(arrays, found[2], ground.site_of):
        return None
    least, shares, held = found
    ground = read_ground(model, held, solver.variables)
    relaxed = relax(ground, seed, clock(RELAX_SHARE))
    least += float(model.at_risk.constant)
    return None if relaxed is None else Held(model, ground, relaxed, least, least, shares)


def hold_little_risk(
    case: Case, model: LayoutModel, solver: LinearSolver, arrays: Arrays, clock: Clock, known: Iterable[Layout]
) -> tuple[Held, Floats] | None:
    """Return the county held to the little risk of a whole plan, and that plan; None where none was found in time."""
    ground = read_ground(model, arrays, solver.variables)
    risk, constant = goal_of(model.at_risk, ground.position), float(model.at_risk.constant)
    ground = replace(ground, arrays=replace(arrays, cost=arrays.cost + AT_RISK_YUAN * risk))
    relaxed = relax(ground, solver.seed, clock(RISK_SHARE))
    if relaxed is None:
        return None
    rest = model.spend + LACKING_YUAN * model.lacking
    wish = Wish(model.at_risk, rest, (PRICED_SHARE, RISK_SHARE), AT_RISK_YUAN / 2)
    plans = [arrange_as(ground, model, case.sites, layout) for layout in known]
    few = hold_few(case, Held(model, ground, relaxed, np.inf, 0.0), wish, clock, plans)
    if few is None:
        return None
    held, x, stage, row = few
    return replace(held, least=stage.value + constant, proven=stage.bound + constant, risk_row=row), x


def _begin(case: Case, held: Held, clock: Clock, known: Sequence[Floats]) -> tuple[Held, Floats, Stage | None] | None:
    """Return the county, held to few pupils lacking where the scenario asks for that, a plan of it, and how few lack; None without one."""
    lacking, model = None, held.model
    if model.lacking:
        few = hold_few(case, held, Wish(model.lacking, model.spend, (RISK_SHARE, LACKING_SHARE), DEAR_YUAN), clock, known)
        if few is None:
            return None
        held, known, lacking = few[0], (*known, few[1]), few[2]
    x = first_plan(case, held, clock(DIVE_SHARE), known)
    return None if x is None else (held, x, lacking)


def _without_row(arrays: Arrays, row: int | None) -> Arrays:
    """Return `arrays` with one row that holds nothing."""
    return arrays if row is None else replace(arrays, row_high=np.where(np.arange(len(arrays.row_high)) == row, np.inf, arrays.row_high))
