"""All school years of a large county in one programme, made cheaper region by region from the steps at hand.

Only ways that somebody takes today, in the plans or nearly in a year by itself are in it: what it finds is a plan of all ways, and no bound
rests on it. A region holds all years of its schools, so buying, closing and waiting are weighed against each other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.clock import now
from layout_planner.plan.arrays import NOBODY, goal_of, read_arrays
from layout_planner.plan.choices import GROUP, KEY
from layout_planner.plan.held import HOLDS, NEARLY, REGION_COLUMNS
from layout_planner.plan.improve import USED, Effort, improve_plan
from layout_planner.plan.large import AT_RISK_YUAN, LACKING_YUAN
from layout_planner.plan.linear import PUPIL_SLACK, LinearSolver
from layout_planner.plan.regions import draw_borders, part_sites
from layout_planner.plan.sweeps import DEAR_YUAN
from layout_planner.plan.years_model import build_years_model
from layout_planner.plan.years_together import read_steps, start_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pulp
    from numpy.typing import NDArray

    from layout_planner.plan.arrays import Arrays
    from layout_planner.plan.years_model import YearsModel
    from layout_planner.plan.years_terms import Alone, Step
    from layout_planner.scenario import Years

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

NEAREST = 2  # ways by settlement and band that stay where nothing is known of their price
CUTS = (0.5, 1 / 3, 0.4)  # where the county is cut first, by sweep
NODES = 200
SEARCHING = 0.1  # share of the work that goes into finding plans
WORTHWHILE = 1e-4  # share of the goal that a sweep must save for another one
SLACK = 10 * HOLDS  # of rows at the steps at hand, which searches of their own found
PUPILS_SHARE = 0.4  # of the time for fewer pupils at risk, where the years by themselves have fewer


def improve_steps(alone: Sequence[Alone], steps: Sequence[Step], years: Years, most: Mapping[str, int]) -> list[Step] | None:
    """Return steps at most as risky and at most as dear, in shares, as `steps`; None where they are no plan of the one programme.

    most : the classrooms that a school may lack
    """
    settings = alone[0].term.case.scenario.solver
    begun = now()
    short = [_keep_near(each, step) for each, step in zip(alone, steps, strict=True)]
    model = build_years_model(short, years, most)
    start = start_of(model, steps)
    solver = LinearSolver(model.whole, settings.seed, begun + settings.time_limit_s)
    solver.start_at(start)
    x = np.array(list(solver.values().values()))
    position = {variable: k for k, variable in enumerate(solver.variables)}
    whole = model.whole
    goals = {name: goal_of(getattr(whole, name), position) for name in ("harm", "at_risk", "lacking")}
    solver.keep_at(whole.harm, float(goals["harm"] @ x), "harm_kept")
    solver.keep_at(whole.lacking, float(goals["lacking"] @ x), "lacking_kept")
    spend = read_arrays(solver.program(), solver.variables, whole.spend)
    x = np.clip(np.where(spend.whole, np.rint(x), x), spend.low, spend.high)
    if not spend.holds(x, SLACK):
        return None
    sweeps = _Sweeps(alone[0], spend, _sites_of(model, position), settings.seed, settings.gap / 4)
    deadline = begun + settings.time_limit_s
    bound = sum(each.at_risk.bound for each in alone)
    if goals["at_risk"] @ x + float(whole.at_risk.constant) > bound * (1 + NEARLY) + PUPIL_SLACK:
        priced = replace(spend, cost=spend.cost + AT_RISK_YUAN * goals["at_risk"] + LACKING_YUAN * goals["lacking"])
        x = sweeps.run(priced, x, begun + PUPILS_SHARE * settings.time_limit_s, NEARLY)
    solver.keep_at(whole.at_risk, float(goals["at_risk"] @ x + whole.at_risk.constant), "at_risk_kept")
    x = sweeps.run(read_arrays(solver.program(), solver.variables, whole.spend), x, deadline, settings.gap / 4)
    solver.start_at_columns(x)
    return read_steps(model, short, solver.values_by_name())


class _Sweeps:
    """Searches a programme region by region, each time with other borders."""

    def __init__(self, alone: Alone, arrays: Arrays, sites: tuple[list[str], Whole], seed: int, gap: float) -> None:
        names, self._site_of = sites
        points = alone.term.case.county.schools.geometry.reindex(names)
        self._xy = np.column_stack([points.x, points.y])
        free = (arrays.high > arrays.low) & (self._site_of >= 0)
        self._load = np.bincount(self._site_of[free], minlength=len(names)).astype(float)
        self._seed, self._gap = seed, gap

    def run(self, arrays: Arrays, x: Floats, deadline: float, gap: float) -> Floats:
        """Return a plan at most as dear as `x`, from sweeps for as long as they save something."""
        idle = 0
        for sweep in range(100):
            left_s = deadline - now()
            if left_s <= 0 or idle == len(CUTS):
                break
            cut = CUTS[sweep % len(CUTS)]
            drawn = draw_borders(arrays, self._site_of, part_sites(self._xy, self._load, REGION_COLUMNS, cut))
            effort = Effort(gap, NODES, self._seed, now() + left_s / 2, SEARCHING)
            better = improve_plan(arrays, drawn, x, np.zeros(len(x)), np.inf, effort)
            idle = idle + 1 if arrays.price(x) - arrays.price(better) <= WORTHWHILE * abs(arrays.price(x)) else 0
            x = better
        return x


def _keep_near(alone: Alone, step: Step) -> Alone:
    """Return the year with the ways that are taken today, in its step, or nearly in its plan by itself."""
    options = alone.asked.options
    keys = pd.MultiIndex.from_frame(options[KEY])
    model, values = step.spent.model, step.spent.solver.values()
    taken = model.options[np.array([values[variable] > USED for variable in model.pupils], dtype=bool)]
    kept = keys.isin(pd.MultiIndex.from_frame(taken[KEY])) | keys.isin(pd.MultiIndex.from_frame(alone.asked.today.assignment[KEY]))
    large = alone.asked.large
    if large is None:
        kept |= (options.groupby([*GROUP, "mode"])["seconds"].rank(method="first") <= NEAREST).to_numpy()
    else:
        place = large.ground.pupils
        near = (large.x[place] > USED) | ((large.column_price[place] <= DEAR_YUAN) & (large.ground.arrays.high[place] > 0))
        kept |= keys.isin(pd.MultiIndex.from_frame(large.model.options.loc[near, KEY]))
    return replace(alone, asked=replace(alone.asked, options=options[kept].reset_index(drop=True), large=None))


def _sites_of(model: YearsModel, position: Mapping[pulp.LpVariable, int]) -> tuple[list[str], Whole]:
    """Return the sites, and by column a position among them or NOBODY."""
    names = sorted(
        {j for part in model.parts for j in part.options["school_id"].astype(str)} | {j for part in model.parts for j, _ in part.form}
    )
    index = {j: k for k, j in enumerate(names)}
    site_of = np.full(len(position), NOBODY, dtype=np.int64)
    for part in model.parts:
        owned = [*zip(part.options["school_id"].astype(str), part.pupils, strict=True)]
        owned += [(j, variable) for group in (part.form, part.classes) for (j, _), variable in group.items()]
        owned += [(j, variable) for group in (part.new_beds, part.new_buses) for j, variable in group.items()]
        for j, variable in owned:
            if variable in position and j in index:
                site_of[position[variable]] = index[j]
    return names, site_of
