"""A county held to few pupils of a goal that comes before money: at risk, or lacking at schools; and its first plans.

The goal has a price in the first plan, which is made better region by region; what it then leaves is held by a row, and the relaxation of
that goal alone, then regions, prove how few there could be.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from layout_planner.clock import now
from layout_planner.plan.arrays import goal_of
from layout_planner.plan.dive import Dive
from layout_planner.plan.improve import Effort, improve_plan, tighten_bound
from layout_planner.plan.layout import gap_between
from layout_planner.plan.linear import PUPIL_SLACK, Stage
from layout_planner.plan.regions import draw_borders, part_sites, proper_prices
from layout_planner.plan.relaxation import relax
from layout_planner.plan.rounding import open_wide
from layout_planner.plan.safest import county_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import pulp
    from numpy.typing import NDArray

    from layout_planner.plan.arrays import Arrays, Ground
    from layout_planner.plan.case import Case
    from layout_planner.plan.model import LayoutModel
    from layout_planner.plan.model_inputs import Expression
    from layout_planner.plan.regions import Borders
    from layout_planner.plan.relaxation import Relaxed

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Clock = Callable[[float], float]

HOLDS = 1e-5  # slack of rows in a plan of whole buildings
RISK_KEPT = 1e-3  # weighted pupils
YUAN_IN_PUPILS = 1e-9  # what a yuan weighs in pupils while none but few of them are sought
NEARLY = 1e-4  # share of a goal on pupils that is no difference
REGION_COLUMNS = 14_000.0  # columns of one region that are not held
WHOLE_COLUMNS = 20_000.0  # up to so many the county is one region: parts cannot trade what they share, beds and buses
HALF = 0.5
NODES = 50
BOUND_NODES = 200
SEARCHING = 0.1  # share of the work that goes into finding plans
# By which share of the time limit the least risk, pupils lacking, the relaxation and the dive are done.
RISK_SHARE, LACKING_SHARE, RELAX_SHARE, DIVE_SHARE = 0.5, 0.6, 0.65, 0.75
PRICED_SHARE = 0.25  # from which few at risk are sought, where risk has a price


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
    pupils, seed = goal_of(wish.goal, ground.position), case.scenario.solver.seed

    def effort(share: float, nodes: int, heuristics: float) -> Effort:
        return Effort(NEARLY, nodes, seed, clock(share), heuristics)

    borders = borders_of(case, ground, relaxed.arrays, HALF)
    x = improve_plan(relaxed.arrays, borders, x, relaxed.column_price, wish.dear, effort((begin + end) / 2, NODES, SEARCHING))
    least = float(pupils @ x)
    # not from the point at hand: another goal is far from it, and presolved the search is several times as fast
    aimed = relax(replace(ground, arrays=replace(relaxed.arrays, cost=pupils, offset=0.0)), seed, clock(end))
    bound = 0.0 if aimed is None else max(0.0, aimed.bound)
    if aimed is not None and least > bound + PUPIL_SLACK:
        few = replace(aimed.arrays, cost=pupils + YUAN_IN_PUPILS * relaxed.arrays.cost)
        x = _seek_fewer(case, ground, replace(aimed, arrays=few), x, clock((begin + 3 * end) / 4))
        least = float(pupils @ x)
    if aimed is not None and least > bound + PUPIL_SLACK:
        drawn = borders_of(case, ground, aimed.arrays, HALF)
        bound = max(bound, tighten_bound(aimed.arrays, drawn, aimed.x, aimed.row_price, effort(end, BOUND_NODES, 0.0)))
    before = (aimed or relaxed).arrays
    arrays, row = at_most(before, pupils, least, wish.row), None if least < PUPIL_SLACK else len(before.row_low)
    ground = replace(ground, arrays=replace(arrays, cost=goal_of(wish.rest, ground.position), offset=float(wish.rest.constant)))
    again = relax(ground, seed, clock(DIVE_SHARE)) or _unproven(aimed or relaxed, ground.arrays)
    return replace(held, ground=ground, relaxed=again), x, stage_of(least, bound), row


def _seek_fewer(case: Case, ground: Ground, aimed: Relaxed, x: Floats, deadline: float) -> Floats:
    """Return a plan at most as dear as `x` in the goal of `aimed`, from sweeps with other borders each.

    What the county runs short of is split among regions while they are searched. So where it has a price in the relaxation, every sweep
    but the first is begun from a plan in which regions spare it, each as far as that price is worth to it; then it is split anew.
    """
    arrays, best = aimed.arrays, x
    prices = np.where(county_rows(arrays, ground.site_of), proper_prices(arrays, aimed.row_price), 0.0)
    spare = replace(arrays, cost=arrays.cost - arrays.rows.T @ prices)
    for sweep, cut in enumerate((1 / 3, HALF, 0.4, 1 / 3)):
        drawn, began = borders_of(case, ground, arrays, cut), now()
        among = len(drawn.columns) > 1 and prices.any()
        if began > deadline or (sweep and not among):
            break
        effort = Effort(NEARLY, NODES, case.scenario.solver.seed, began + (deadline - began) / (3 if among else 1), SEARCHING)
        if sweep:
            x = improve_plan(spare, drawn, x, aimed.column_price, np.inf, effort)
        x = improve_plan(arrays, drawn, x, aimed.column_price, np.inf, replace(effort, deadline=effort.deadline + effort.deadline - began))
        best = x = min(best, x, key=arrays.price)
    return best


def _unproven(relaxed: Relaxed, arrays: Arrays) -> Relaxed:
    """Return what is known of `arrays` where time left no relaxation: no bound, no prices."""
    return replace(relaxed, arrays=arrays, bound=0.0, row_price=np.zeros(len(arrays.row_low)), column_price=np.zeros(len(arrays.cost)))


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


def borders_of(case: Case, ground: Ground, arrays: Arrays, first_cut: float) -> Borders:
    """Return the borders of regions of REGION_COLUMNS free columns at most; none within a county of few."""
    points = case.county.schools.geometry.reindex(ground.sites)
    xy = np.column_stack([points.x, points.y])
    free = (arrays.high > arrays.low)[: len(ground.site_of)] & (ground.site_of >= 0)
    load = np.bincount(ground.site_of[free], minlength=len(ground.sites)).astype(float)
    most = REGION_COLUMNS if load.sum() > WHOLE_COLUMNS else np.inf
    return draw_borders(arrays, ground.site_of, part_sites(xy, load, most, first_cut))


def stage_of(value: float, bound: float) -> Stage:
    """Return what a goal on pupils reached."""
    bound = min(bound, value)
    gap = gap_between(value, bound)
    return Stage(value, bound, 0.0 if gap <= NEARLY else gap, optimal=gap <= NEARLY or value - bound <= PUPIL_SLACK)
