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
import scipy.sparse as sp

from layout_planner.clock import now
from layout_planner.plan.arrays import goal_of, read_arrays, read_ground
from layout_planner.plan.dive import Dive
from layout_planner.plan.improve import Effort, improve_plan, tighten_bound
from layout_planner.plan.linear import PUPIL_SLACK, LinearSolver, Stage
from layout_planner.plan.model import build_model
from layout_planner.plan.regions import draw_borders, part_sites
from layout_planner.plan.relaxation import relax, relax_anew
from layout_planner.plan.rounding import arrange_as, open_wide
from layout_planner.plan.safest import binds_the_county, least_risk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import pandas as pd
    import pulp
    from numpy.typing import NDArray

    from layout_planner.plan.arrays import Arrays, Ground
    from layout_planner.plan.case import Case
    from layout_planner.plan.layout import Layout
    from layout_planner.plan.model import LayoutModel
    from layout_planner.plan.model_inputs import Expression
    from layout_planner.plan.regions import Borders
    from layout_planner.plan.relaxation import Relaxed

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Clock = Callable[[float], float]
    Bind = Callable[[Case, LayoutModel], None]

HOLDS = 1e-5  # slack of rows in a plan of whole buildings
RISK_KEPT = 1e-3  # weighted pupils
YUAN_IN_PUPILS = 1e-9  # what a yuan weighs in pupils while none but few of them are sought
LACKING_YUAN = 1e5  # what a pupil lacking at a school weighs while few are sought; above all that one pupil costs
AT_RISK_YUAN = 1e6  # what a pupil at risk weighs while few are sought; above a bus for him alone
NEARLY = 1e-4  # share of a goal on pupils that is no difference
REGION_COLUMNS = 14_000.0  # columns of one region that are not held
WHOLE_COLUMNS = 20_000.0  # up to so many the county is one region: parts cannot trade what they share, beds and buses
HALF = 0.5
# By sweep: where the county is cut first, and the share of the time left for the plan and then for the bound.
SWEEPS = ((HALF, 0.4, 0.5), (1 / 3, 0.5, 0.0), (0.4, 1.0, 0.0))
DEAR_YUAN = 1_000.0  # a pupil; ways dearer than this in the relaxation are not tried again
NODES = 50
BOUND_NODES = 200
SEARCHING = 0.1  # share of the work that goes into finding plans
# By which share of the time limit the least risk, the relaxation, the dive, and plan and bound are done.
RISK_SHARE, LACKING_SHARE, RELAX_SHARE, DIVE_SHARE, BETTER_SHARE = 0.5, 0.6, 0.65, 0.75, 0.9
PRICED_SHARE = 0.25  # by which the relaxation with a price on risk is done, where that is needed


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
    borders = _borders(case, ground, relaxed.arrays, HALF)
    x, bound = _better(case, ground, relaxed, borders, x, clock)
    value = ground.arrays.price(x)
    gap = max(0.0, value - bound) / max(1.0, value)
    solver.start_at_columns(x)
    return Large(
        model, solver, ground, _without_row(relaxed.arrays, held.risk_row), borders, x,
        _stage(held.risk_of(x), held.proven), Stage(value, bound, gap, optimal=gap <= settings.gap), lacking,
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
    drawn = _borders(case, ground, relaxed.arrays, HALF)
    return max(relaxed.bound, tighten_bound(relaxed.arrays, drawn, relaxed.x, relaxed.row_price, proving))


def _stage(value: float, bound: float) -> Stage:
    """Return what a goal on pupils reached."""
    bound = min(bound, value)
    gap = (value - bound) / max(1.0, value)
    return Stage(value, bound, 0.0 if gap <= NEARLY else gap, optimal=gap <= NEARLY or value - bound <= PUPIL_SLACK)


@dataclass(frozen=True)
class Held:
    """A county held to some risk, and its relaxation.

    least     weighted pupils at risk, at most; `proven` : no plan has fewer
    shares    a point of that risk; None where the relaxation is one
    risk_row  the row that holds risk; None where columns and rows with a price do
    """

    model: LayoutModel
    ground: Ground
    relaxed: Relaxed
    least: float
    proven: float
    shares: Floats | None = None
    risk_row: int | None = None

    def risk_of(self, x: Floats) -> float:
        """Return the weighted pupils at risk under `x`."""
        return float(goal_of(self.model.at_risk, self.ground.position) @ x) + float(self.model.at_risk.constant)


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
    relaxed = relax(ground, solver.seed, clock(PRICED_SHARE))
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


@dataclass(frozen=True)
class Wish:
    """A goal on pupils that has a price in the county's goal, and what is sought once it is held.

    shares  of the time limit, between which it is sought
    dear    ways dearer than this in the relaxation are not tried at first
    row     the one that adds it up, where there is one
    """

    goal: Expression
    rest: Expression
    shares: tuple[float, float]
    dear: float
    row: int | None = None


def hold_few(case: Case, held: Held, wish: Wish, clock: Clock, known: Sequence[Floats]) -> tuple[Held, Floats, Stage, int | None] | None:
    """Return the county held to few pupils of a goal, a plan of it, how few they are, and the row that holds them; None without a plan.

    held : with a price on these pupils
    """
    ground, relaxed, (begin, end) = held.ground, held.relaxed, wish.shares
    x = first_plan(case, held, clock((2 * begin + end) / 3 if known else DIVE_SHARE), known)
    if x is None:
        return None
    pupils = goal_of(wish.goal, ground.position)

    def effort(share: float, nodes: int, heuristics: float) -> Effort:
        return Effort(NEARLY, nodes, case.scenario.solver.seed, clock(share), heuristics)

    borders = _borders(case, ground, relaxed.arrays, HALF)
    x = improve_plan(relaxed.arrays, borders, x, relaxed.column_price, wish.dear, effort((begin + end) / 2, NODES, SEARCHING))
    least = float(pupils @ x)
    aimed = relax_anew(relaxed, replace(ground, arrays=replace(relaxed.arrays, cost=pupils, offset=0.0)), clock(end))
    bound = 0.0 if aimed is None else max(0.0, aimed.bound)
    if aimed is not None and least > bound + PUPIL_SLACK:
        few = replace(aimed.arrays, cost=pupils + YUAN_IN_PUPILS * relaxed.arrays.cost)
        drawn = _borders(case, ground, aimed.arrays, 1 / 3)
        x = improve_plan(few, drawn, x, aimed.column_price, np.inf, effort((begin + 3 * end) / 4, NODES, SEARCHING))
        least = float(pupils @ x)
    if aimed is not None and least > bound + PUPIL_SLACK:
        drawn = _borders(case, ground, aimed.arrays, HALF)
        bound = max(bound, tighten_bound(aimed.arrays, drawn, aimed.x, aimed.row_price, effort(end, BOUND_NODES, 0.0)))
    before = (aimed or relaxed).arrays
    arrays, row = at_most(before, pupils, least, wish.row), None if least < PUPIL_SLACK else len(before.row_low)
    ground = replace(ground, arrays=replace(arrays, cost=goal_of(wish.rest, ground.position), offset=float(wish.rest.constant)))
    again = relax_anew(aimed or relaxed, ground, clock(RELAX_SHARE)) or _unproven(aimed or relaxed, ground.arrays)
    return replace(held, ground=ground, relaxed=again), x, _stage(least, bound), row


def _unproven(relaxed: Relaxed, arrays: Arrays) -> Relaxed:
    """Return what is known of `arrays` where time left no relaxation: no bound, no prices."""
    return replace(relaxed, arrays=arrays, bound=0.0, row_price=np.zeros(len(arrays.row_low)), column_price=np.zeros(len(arrays.cost)))


def _without_row(arrays: Arrays, row: int | None) -> Arrays:
    """Return `arrays` with one row that holds nothing."""
    return arrays if row is None else replace(arrays, row_high=np.where(np.arange(len(arrays.row_high)) == row, np.inf, arrays.row_high))


def at_most(arrays: Arrays, goal: Floats, most: float, row: int | None = None) -> Arrays:
    """Return `arrays` with `goal`, a sum without negative terms, at `most` at most: by its `row`, a new one, or its columns for nothing."""
    if most < PUPIL_SLACK:
        return replace(arrays, high=np.where(goal > 0, 0.0, arrays.high))
    if row is not None:
        return replace(arrays, row_high=np.where(np.arange(len(arrays.row_high)) == row, most + PUPIL_SLACK, arrays.row_high))
    return replace(
        arrays,
        rows=sp.vstack([arrays.rows, sp.csr_matrix(goal)]).tocsr(),
        row_low=np.append(arrays.row_low, -np.inf),
        row_high=np.append(arrays.row_high, most + PUPIL_SLACK),
    )


def first_plan(case: Case, held: Held, deadline: float, known: Sequence[Floats]) -> Floats | None:
    """Return the cheapest of the plans at hand, the `known` among them, that hold every row and the least risk; None where none does."""
    arrays = held.ground.arrays
    dived = _dive(case, held.model, held.ground, held.relaxed, deadline)
    points = (held.relaxed.x, *(() if held.shares is None else (held.shares,)))
    found = [open_wide(held.ground, held.model, case.sites, point) for point in points] + ([] if dived is None else [dived]) + [*known]
    most = held.least * (1 + HOLDS) + RISK_KEPT
    return min((x for x in found if arrays.holds(x, HOLDS) and held.risk_of(x) <= most), key=arrays.price, default=None)


def _dive(case: Case, model: LayoutModel, ground: Ground, relaxed: Relaxed, deadline: float) -> Floats | None:
    def columns(variables: Iterable[pulp.LpVariable]) -> Whole:
        return np.array([ground.position[variable] for variable in variables], dtype=np.int64)

    forms = [
        columns(model.form[site.school_id, form] for form in sorted(site.forms, key=lambda form: -len(site.bands[form])))
        for site in case.sites
        if not site.decided
    ]
    places = columns([*model.new_buses.values(), *model.new_beds.values()])
    classes = columns(model.classes.values())
    others = np.setdiff1d(np.flatnonzero(ground.arrays.whole), np.concatenate([*forms, places, classes]))
    down = Dive(relaxed, deadline)
    done = down.choose_forms(forms) and all(down.make_whole(group) for group in (others, places, classes) if len(group))
    return down.x if done else None


def _better(case: Case, ground: Ground, relaxed: Relaxed, borders: Borders, x: Floats, clock: Clock) -> tuple[Floats, float]:
    """Return a plan and a bound, each at least as good as before; once the gap is what the scenario asks for, no more is done."""
    settings, bound = case.scenario.solver, relaxed.bound
    fine = settings.gap / 4

    def effort(share: float, nodes: int, heuristics: float) -> Effort:
        began = now()
        return Effort(fine, nodes, settings.seed, began + share * max(0.0, clock(BETTER_SHARE) - began), heuristics)

    for first_cut, share, bound_share in SWEEPS:
        if _gap(ground, x, bound) <= settings.gap or now() > clock(BETTER_SHARE):
            break
        drawn = borders if first_cut == HALF else _borders(case, ground, relaxed.arrays, first_cut)
        x = improve_plan(relaxed.arrays, drawn, x, relaxed.column_price, DEAR_YUAN, effort(share, NODES, SEARCHING))
        if bound_share and _gap(ground, x, bound) > settings.gap:
            proving = effort(bound_share, BOUND_NODES, 0.0)
            bound = max(bound, tighten_bound(relaxed.arrays, drawn, relaxed.x, relaxed.row_price, proving))
        if len(drawn.columns) == 1:  # which has no other borders
            break
    return x, bound


def _gap(ground: Ground, x: Floats, bound: float) -> float:
    value = ground.arrays.price(x)
    return (value - bound) / max(1.0, value)


def _borders(case: Case, ground: Ground, arrays: Arrays, first_cut: float) -> Borders:
    points = case.county.schools.geometry.reindex(ground.sites)
    xy = np.column_stack([points.x, points.y])
    free = (ground.arrays.high > ground.arrays.low)[: len(ground.site_of)] & (ground.site_of >= 0)
    load = np.bincount(ground.site_of[free], minlength=len(ground.sites)).astype(float)
    most = REGION_COLUMNS if load.sum() > WHOLE_COLUMNS else np.inf
    return draw_borders(arrays, ground.site_of, part_sites(xy, load, most, first_cut))
