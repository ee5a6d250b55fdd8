"""Large counties: the bound by a relaxation with added rows, a plan by a dive, both made better region by region.

The least risk comes from the relaxation as well, and is exact where a whole plan reaches it; else this way gives no answer and the
general one (`solve`) does. Everything is counted in rows and columns of the one PuLP model, passed over once as arrays, so a row that
another module adds needs no word here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from layout_planner.plan.arrays import goal_of, read_arrays, read_ground
from layout_planner.plan.dive import Dive
from layout_planner.plan.improve import Effort, improve_plan, tighten_bound
from layout_planner.plan.linear import LinearSolver, Stage
from layout_planner.plan.model import build_model
from layout_planner.plan.regions import draw_borders, part_sites
from layout_planner.plan.relaxation import relax
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
REGION_COLUMNS = 6_000.0  # columns of one region that are not held
FIRST_CUTS = (0.5, 1 / 3, 0.4)  # of the county into regions, by sweep
DEAR_YUAN = 1_000.0  # a pupil; ways dearer than this in the relaxation are not tried again
NODES = 50
BOUND_NODES = 200
# By which share of the time limit the least risk, the relaxation, the dive, the sweeps and the tighter bound are done.
RISK_SHARE, RELAX_SHARE, DIVE_SHARE, SWEEP_SHARE, BOUND_SHARE = 0.2, 0.4, 0.5, 0.7, 0.85


@dataclass(frozen=True)
class Large:
    """A large county, its least risk and the best plan found.

    arrays : those of `ground` with the rows that the relaxation added
    at_risk : proven least
    cost : its bound is certified
    """

    model: LayoutModel
    solver: LinearSolver
    ground: Ground
    arrays: Arrays
    borders: Borders
    x: Floats
    at_risk: Stage
    cost: Stage


def search_large(case: Case, options: pd.DataFrame, today: Layout, clock: Clock) -> Large | None:
    """Return the plan of a large county in which nobody need be made worse off; None where this way finds none.

    clock : share of the time limit -> the moment when it is used up
    """
    settings = case.scenario.solver
    model = build_model(case, options, today, strong=False)
    solver = LinearSolver(model, settings.seed, clock(1.0))
    solver.keep_at(model.harm, 0.0, "harm_kept")
    arrays = read_arrays(solver.program(), solver.variables, model.spend)
    risk = goal_of(model.at_risk, {variable: k for k, variable in enumerate(solver.variables)})
    safest = least_risk(arrays, risk, settings.seed, clock(RISK_SHARE))
    if safest is None:
        return None
    least, shares, held = safest
    least += float(model.at_risk.constant)
    ground = read_ground(model, held, solver.variables)
    relaxed = relax(ground, settings.seed, clock(RELAX_SHARE))
    x = _first_plan(case, model, ground, relaxed, (risk, least), shares, clock)
    if x is None or relaxed is None:
        return None
    bound = relaxed.bound
    borders = _borders(case, ground, relaxed.arrays, FIRST_CUTS[0])
    x, bound = _better(case, ground, relaxed, borders, x, clock)
    value = held.price(x)
    gap = max(0.0, value - bound) / max(1.0, value)
    at_risk = float(risk @ x) + float(model.at_risk.constant)
    solver.start_at_columns(x)
    return Large(
        model, solver, ground, relaxed.arrays, borders, x,
        Stage(at_risk, least, 0.0, optimal=True), Stage(value, bound, gap, optimal=gap <= settings.gap),
    )  # fmt: skip


def _first_plan(
    case: Case, model: LayoutModel, ground: Ground, relaxed: Relaxed | None, risk: tuple[Floats, float], safest: Floats, clock: Clock
) -> Floats | None:
    """Return the cheapest of the plans at hand that hold every row and the least risk; None where none does."""
    found = [open_wide(ground, model, case.sites, safest)]
    if relaxed is not None:
        found.append(open_wide(ground, model, case.sites, relaxed.x))
        dived = _dive(case, model, ground, relaxed, clock(DIVE_SHARE))
        found += [] if dived is None else [dived]
    weights, least = risk
    slack = RISK_KEPT + HOLDS * least - float(model.at_risk.constant)
    kept = [x for x in found if ground.arrays.holds(x, HOLDS) and weights @ x <= least + slack]
    return min(kept, key=ground.arrays.price, default=None)


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
    """Return a plan and a bound, each at least as good as before: regions for the bound only where the gap still asks for it."""
    settings, bound = case.scenario.solver, relaxed.bound
    fine = settings.gap / 4
    for sweep, cut in enumerate(FIRST_CUTS):
        if _gap(ground, x, bound) <= settings.gap:
            break
        drawn = borders if sweep == 0 else _borders(case, ground, relaxed.arrays, cut)
        effort = Effort(fine, NODES, settings.seed, clock(DIVE_SHARE + (SWEEP_SHARE - DIVE_SHARE) * (sweep + 1) / len(FIRST_CUTS)))
        x = improve_plan(relaxed.arrays, drawn, x, relaxed.column_price, DEAR_YUAN, effort)
        if sweep == 0 and _gap(ground, x, bound) > settings.gap:
            effort = Effort(fine, BOUND_NODES, settings.seed, clock(BOUND_SHARE))
            bound = max(bound, tighten_bound(relaxed.arrays, borders, relaxed.x, relaxed.row_price, effort))
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
