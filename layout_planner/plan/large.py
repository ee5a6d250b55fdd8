"""Large counties: the bound by a relaxation with added rows, a plan by a dive, both made better region by region.

The least risk comes from the relaxation as well, and is exact where a whole plan reaches it; else this way gives no answer and the
general one (`solve`) does. Where the scenario asks for a least enrolment, pupils lacking have a price in the first plan; what that lacks
is then held, and a bound is proven apart. Everything is counted in rows and columns of the one PuLP model, passed over once as arrays, so
a row that another module adds needs no word here.
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
from layout_planner.plan.rounding import open_wide
from layout_planner.plan.safest import least_risk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pandas as pd
    import pulp
    from numpy.typing import NDArray

    from layout_planner.plan.arrays import Arrays, Ground
    from layout_planner.plan.case import Case
    from layout_planner.plan.layout import Layout
    from layout_planner.plan.model import LayoutModel
    from layout_planner.plan.regions import Borders
    from layout_planner.plan.relaxation import Relaxed

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Clock = Callable[[float], float]

HOLDS = 1e-5  # slack of rows in a plan of whole buildings
RISK_KEPT = 1e-3  # weighted pupils
YUAN_LACKING = 1e-9  # what a yuan weighs in pupils lacking while none but they are sought
LACKING_YUAN = 1e5  # what a pupil lacking at a school weighs while few are sought; above all that one pupil costs
REGION_COLUMNS = 14_000.0  # columns of one region that are not held
HALF = 0.5
# By sweep: where the county is cut first, and the share of the time left for the plan and then for the bound.
SWEEPS = ((HALF, 0.4, 0.5), (1 / 3, 0.5, 0.0), (0.4, 1.0, 0.0))
DEAR_YUAN = 1_000.0  # a pupil; ways dearer than this in the relaxation are not tried again
NODES = 50
BOUND_NODES = 200
SEARCHING = 0.1  # share of the work that goes into finding plans
# By which share of the time limit the least risk, the relaxation, the dive, and plan and bound are done.
RISK_SHARE, LACKING_SHARE, RELAX_SHARE, DIVE_SHARE, BETTER_SHARE = 0.5, 0.6, 0.65, 0.75, 0.9


@dataclass(frozen=True)
class Large:
    """A large county, its least risk and the best plan found.

    arrays : those of `ground` with the rows that the relaxation added
    at_risk : proven least
    cost : its bound is certified
    lacking : pupils lacking at schools, where the scenario asks for a least enrolment
    """

    model: LayoutModel
    solver: LinearSolver
    ground: Ground
    arrays: Arrays
    borders: Borders
    x: Floats
    at_risk: Stage
    cost: Stage
    lacking: Stage | None = None


def search_large(case: Case, options: pd.DataFrame, today: Layout, clock: Clock) -> Large | None:
    """Return the plan of a large county in which nobody need be made worse off; None where this way finds none.

    clock : share of the time limit -> the moment when it is used up
    """
    return search_model(case, build_model(case, options, today, strong=False), clock)


def search_model(case: Case, model: LayoutModel, clock: Clock) -> Large | None:
    """Return the same for a `model` of the case with whatever rows and bounds others added; it may be one without the strong rows."""
    settings = case.scenario.solver
    solver = LinearSolver(model, settings.seed, clock(1.0))
    solver.keep_at(model.harm, 0.0, "harm_kept")
    arrays = read_arrays(solver.program(), solver.variables, model.spend + LACKING_YUAN * model.lacking)
    held = _hold_least_risk(model, solver, arrays, clock)
    few = None if held is None or not model.lacking else _hold_least_lacking(case, held, clock)
    held = few[0] if few is not None else None if model.lacking else held
    x = None if held is None else _first_plan(case, held, clock, () if few is None else (few[1],))
    if held is None or x is None:
        return None
    ground, relaxed = held.ground, held.relaxed
    borders = _borders(case, ground, relaxed.arrays, HALF)
    x, bound = _better(case, ground, relaxed, borders, x, clock)
    value = ground.arrays.price(x)
    gap = max(0.0, value - bound) / max(1.0, value)
    solver.start_at_columns(x)
    return Large(
        model, solver, ground, relaxed.arrays, borders, x,
        Stage(held.risk_of(x), held.least, 0.0, optimal=True), Stage(value, bound, gap, optimal=gap <= settings.gap),
        None if few is None else few[2],
    )  # fmt: skip


@dataclass(frozen=True)
class _Held:
    """A county held to the least risk, and its relaxation; `shares` is a point of the least risk, None where the relaxation is one."""

    model: LayoutModel
    ground: Ground
    relaxed: Relaxed
    least: float
    shares: Floats | None

    def risk_of(self, x: Floats) -> float:
        """Return the weighted pupils at risk under `x`."""
        return float(goal_of(self.model.at_risk, self.ground.position) @ x) + float(self.model.at_risk.constant)


def _hold_least_risk(model: LayoutModel, solver: LinearSolver, arrays: Arrays, clock: Clock) -> _Held | None:
    """Return the county with everybody on his safest way; where that cannot be, with the least risk of shares."""
    seed = solver.seed
    position = {variable: k for k, variable in enumerate(solver.variables)}
    high = arrays.high.copy()
    high[[position[variable] for variable in model.unsafe]] = 0.0
    ground = read_ground(model, replace(arrays, high=high), solver.variables)
    relaxed = relax(ground, seed, clock(RISK_SHARE))
    if relaxed is not None:
        return _Held(model, ground, relaxed, model.safest, None)
    risk = goal_of(model.at_risk, ground.position)
    found = least_risk(arrays, risk, seed, clock(RISK_SHARE))
    if found is None:
        return None
    least, shares, held = found
    ground = read_ground(model, held, solver.variables)
    relaxed = relax(ground, seed, clock(RELAX_SHARE))
    return None if relaxed is None else _Held(model, ground, relaxed, least + float(model.at_risk.constant), shares)


def _hold_least_lacking(case: Case, held: _Held, clock: Clock) -> tuple[_Held, Floats, Stage] | None:
    """Return the county held to few pupils lacking at schools, a plan of it, and how few they are; None where time left no plan.

    held : with a price on pupils lacking
    """
    model, ground, relaxed, settings = held.model, held.ground, held.relaxed, case.scenario.solver
    x = _first_plan(case, held, clock)
    if x is None:
        return None
    lacks = goal_of(model.lacking, ground.position)

    def effort(share: float, nodes: int, heuristics: float) -> Effort:
        return Effort(settings.gap / 4, nodes, settings.seed, clock(share), heuristics)

    borders = _borders(case, ground, relaxed.arrays, HALF)
    searching = effort((RISK_SHARE + LACKING_SHARE) / 2, NODES, SEARCHING)
    x = improve_plan(relaxed.arrays, borders, x, relaxed.column_price, DEAR_YUAN, searching)
    least = float(lacks @ x)
    aimed = relax_anew(relaxed, replace(ground, arrays=replace(relaxed.arrays, cost=lacks, offset=0.0)), clock(LACKING_SHARE))
    bound = 0.0 if aimed is None else max(0.0, aimed.bound)
    if aimed is not None and least > bound + PUPIL_SLACK:
        few = replace(aimed.arrays, cost=lacks + YUAN_LACKING * relaxed.arrays.cost)
        drawn, middle = _borders(case, ground, aimed.arrays, 1 / 3), (RISK_SHARE + 3 * LACKING_SHARE) / 4
        x = improve_plan(few, drawn, x, aimed.column_price, np.inf, effort(middle, NODES, SEARCHING))
        least = float(lacks @ x)
    if aimed is not None and least > bound + PUPIL_SLACK:
        drawn = _borders(case, ground, aimed.arrays, HALF)
        proving = effort(LACKING_SHARE, BOUND_NODES, 0.0)
        bound = max(bound, tighten_bound(aimed.arrays, drawn, aimed.x, aimed.row_price, proving))
    arrays = _at_most((aimed or relaxed).arrays, lacks, least)
    cost = goal_of(model.spend, ground.position)
    ground = replace(ground, arrays=replace(arrays, cost=cost, offset=float(model.spend.constant)))
    again = relax_anew(aimed or relaxed, ground, clock(RELAX_SHARE))
    if again is None:
        return None
    stage = Stage(least, min(bound, least), (least - min(bound, least)) / max(1.0, least), optimal=least <= bound + PUPIL_SLACK)
    return replace(held, ground=ground, relaxed=again), x, stage


def _at_most(arrays: Arrays, goal: Floats, most: float) -> Arrays:
    """Return `arrays` with `goal`, a sum without negative terms, at `most` at most; a sum of nothing is held by its columns."""
    if most < PUPIL_SLACK:
        return replace(arrays, high=np.where(goal > 0, 0.0, arrays.high))
    return replace(
        arrays,
        rows=sp.vstack([arrays.rows, sp.csr_matrix(goal)]).tocsr(),
        row_low=np.append(arrays.row_low, -np.inf),
        row_high=np.append(arrays.row_high, most + PUPIL_SLACK),
    )


def _first_plan(case: Case, held: _Held, clock: Clock, known: tuple[Floats, ...] = ()) -> Floats | None:
    """Return the cheapest of the plans at hand, the `known` among them, that hold every row and the least risk; None where none does."""
    arrays = held.ground.arrays
    dived = _dive(case, held.model, held.ground, held.relaxed, clock(DIVE_SHARE))
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
    return x, bound


def _gap(ground: Ground, x: Floats, bound: float) -> float:
    value = ground.arrays.price(x)
    return (value - bound) / max(1.0, value)


def _borders(case: Case, ground: Ground, arrays: Arrays, first_cut: float) -> Borders:
    points = case.county.schools.geometry.reindex(ground.sites)
    xy = np.column_stack([points.x, points.y])
    free = (ground.arrays.high > ground.arrays.low)[: len(ground.site_of)] & (ground.site_of >= 0)
    load = np.bincount(ground.site_of[free], minlength=len(ground.sites)).astype(float)
    return draw_borders(arrays, ground.site_of, part_sites(xy, load, REGION_COLUMNS, first_cut))
