"""Frontiers of large counties: one county held to its least risk, and every plan searched in it region by region.

Each of the two axes is a row of columns of which fewer are better (closed schools, new beds), or, for the longest trip, the columns of all
longer ways. One search follows another with other bounds on them: the relaxation goes on from where it stands, with all rows added before,
and the plan begins at that of the next tighter bound, which is within every looser one.
"""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pulp
import scipy.sparse as sp

from layout_planner.clock import Clock, is_interrupted
from layout_planner.errors import NoPlanError
from layout_planner.plan.arrays import goal_of, read_arrays
from layout_planner.plan.axes import MORE_IS_BETTER, is_within, measure_axis
from layout_planner.plan.forms import CLOSED
from layout_planner.plan.goals import DAILY
from layout_planner.plan.held import DIVE_SHARE, LACKING_SHARE, RELAX_SHARE, RISK_SHARE, Wish, at_most, first_plan, hold_few
from layout_planner.plan.large import hold_least_risk, hold_little_risk, search_held
from layout_planner.plan.layout import widest_gap
from layout_planner.plan.linear import PUPIL_SLACK, Stage
from layout_planner.plan.relaxation import relax, relax_anew
from layout_planner.plan.solve import Spent, finish, is_large, prepare
from layout_planner.plan.sweeps import DEAR_YUAN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from layout_planner.plan.arrays import Arrays
    from layout_planner.plan.case import Case
    from layout_planner.plan.held import Held
    from layout_planner.plan.large import Large
    from layout_planner.plan.layout import Layout, Solved
    from layout_planner.plan.model import LayoutModel
    from layout_planner.plan.relaxation import Relaxed
    from layout_planner.plan.solve import Asked

    Floats = NDArray[np.float64]

FINER = 0.2
SAFER_SHARE, SAFER = 1e-3, 0.5  # risk that is no difference: a share, and weighted pupils
# What a closed school and a new bed weigh while few are sought, in yuan a year: above all that one saves, a whole school for a bed.
GOAL_YUAN = {"kept": 1e7, "beds": 1e7}
# Terms of the goals on pupils, and those of their bounds.
PUPILS = {"at_risk_weighted": "at_risk_bound", "lacking_pupils": "lacking_pupils_bound"}
# Shares of the time limit in `large` and in one search here, which has the least risk and the relaxation behind it.
SHARES = ((0.5, 0.55, 0.6, 0.65, 0.75, 0.9, 1.0), (0.0, 0.2, 0.35, 0.4, 0.55, 0.9, 1.0))


@dataclass(frozen=True)
class Found:
    """One plan.

    bound : what was asked of the first axis; None where nothing was
    goal : what the second axis reached and cannot be better than, in the figures of that axis
    as_safe : as the plan without a bound; else it is less safe by a trifle, without which its bound would leave no plan
    """

    bound: float | None
    goal: Stage
    layout: Layout
    solved: Solved
    as_safe: bool = True


def prepare_frontier(case: Case, options: pd.DataFrame, today: Layout) -> Asked:
    """Return `case` with the goals on pupils reached; a large county region by region where that can be.

    Its gap is then a part of the one asked: what one plan may miss is often more than two plans of a frontier differ by.
    """
    if not is_large(options):
        return prepare(case, options, today)
    solver = case.scenario.solver.model_copy(update={"gap": FINER * case.scenario.solver.gap})
    fine = replace(case, scenario=case.scenario.model_copy(update={"solver": solver}))
    asked = prepare(fine, options, today, by_region=True)
    return asked if asked.large is not None else replace(asked, case=replace(asked.case, scenario=case.scenario))


def trace_large(
    asked: Asked, pair: tuple[str, str], spread: Callable[[float, float], Sequence[float]], on_point: Callable[[float], None]
) -> list[Found]:
    """Return the plan without a bound and that of every bound that leaves one as safe, from loose to tight.

    asked : prepared region by region
    pair : the axis that is bounded and the one that is made as good as can be
    spread : (what the first plan has on the first axis, the best there could be) -> bounds, from loose to tight
    """
    assert asked.large is not None  # noqa: S101 - prepared region by region
    search = _Search(asked, asked.large, pair)
    first = search.solve(None)
    if first is None:
        return []
    found = [first]
    for bound in reversed(spread(measure_axis(first.layout, pair[0]), search.best())):
        if is_interrupted():
            break
        on_point(bound)
        plan = search.solve(bound)
        found += [] if plan is None else [plan]
    return share_plans([found[0], *reversed(found[1:])], pair)


def share_plans(found: Sequence[Found], pair: tuple[str, str]) -> list[Found]:
    """Return `found`, from loose to tight, each with the best plan of those within its bound and with the best bound proven for it.

    A plan within a bound is within every looser one; what none can be better than within a bound, none can within a tighter one. Those
    that are not quite as safe stay as they are.
    """
    safe, shared = [each for each in found if each.as_safe], [each for each in found if not each.as_safe]
    for k, one in enumerate(safe):
        within = [other for other in safe if one.bound is None or is_within(other.layout, pair[0], one.bound)]
        best = min(within, key=lambda other: (_worth(other.goal.value, pair[1]), measure_axis(other.layout, "yuan")))
        looser = [other.goal.bound for other in safe[: k + 1]]
        bound = min(looser) if pair[1] in MORE_IS_BETTER else max(looser)
        solved = _certify(best.solved, bound if pair[1] == "yuan" else min(one.solved.bound, best.solved.objective))
        value = best.goal.value
        gap = solved.gap if pair[1] == "yuan" else abs(value - bound) / max(1.0, abs(value))
        shared.append(Found(one.bound, Stage(value, bound, gap, optimal=one.goal.optimal), best.layout, solved))
    return sorted(shared, key=lambda each: [other.bound for other in found].index(each.bound))


def _worth(value: float, axis: str) -> float:
    return -value if axis in MORE_IS_BETTER else value


def _certify(solved: Solved, bound: float) -> Solved:
    """Return the certificate of a plan with another bound of its cost."""
    terms = {**solved.terms, "cost_bound": bound}
    reached = [(solved.objective, bound), (terms.get("harmed", 0.0), 0.0)]
    reached += [(terms[name], terms[least]) for name, least in PUPILS.items() if least in terms]
    return replace(solved, bound=bound, gap=widest_gap(reached), terms=terms)


@dataclass(frozen=True)
class _Reached:
    """A plan in shares of pupils; `goal` is what the second axis reached where that is not the cost."""

    large: Large
    goal: Stage | None = None
    as_safe: bool = True


@dataclass(frozen=True)
class _Axes:
    """Rows with those of the axes among them, by axis in `row`: as they are without a bound, and with all that were added since."""

    plain: Arrays
    known: Arrays
    row: dict[str, int]


class _Search:
    """A county held to its least risk with both axes as rows; every search begins where the one before ended."""

    def __init__(self, asked: Asked, large: Large, pair: tuple[str, str]) -> None:
        self._asked, self._large, self._pair = asked, large, pair
        self._amounts = {axis: _amounts_of(large, axis) for axis in pair if axis in GOAL_YUAN}
        self._strict = self._add_axes(large.held.relaxed.arrays)
        self._relaxed: Relaxed | None = large.held.relaxed
        self._known: tuple[Floats, ...] = (large.x,)

    def best(self) -> float:
        """Return what the first axis could be at best."""
        axis = self._pair[0]
        return {"kept": float(self._sites), "beds": 0.0, "minutes": least_minutes(self._asked.options)}[axis]

    @property
    def _sites(self) -> int:
        """The schools and points that are open where every site is as wide as it may be."""
        return sum(site.forms != (CLOSED,) for site in self._asked.case.sites)

    def solve(self, bound: float | None) -> Found | None:
        """Return the best plan with the first axis no worse than `bound`, the cheapest of those; None where none is as safe, or in time."""
        clock, axis = Clock.start(self._asked.case.scenario.solver.time_limit_s), self._pair[1]
        reached = _Reached(self._large) if bound is None and axis == "yuan" else self._reach(bound, clock)
        if reached is None:
            return None
        large, goal = reached.large, reached.goal
        asked = replace(self._asked, clock=clock, large=large, reached=replace(self._asked.reached, at_risk=large.at_risk))
        try:
            with _left_out([large.model.pupils[o] for o in self._longer(bound)]):
                layout, solved = finish(asked, Spent(large.model, large.solver, asked.case.sites, large.cost))
        except NoPlanError:
            return None
        goal = goal or Stage(solved.objective, solved.bound, solved.gap, optimal=large.cost.optimal)
        return Found(bound, goal, layout, solved, as_safe=reached.as_safe)

    def _reach(self, bound: float | None, clock: Clock) -> _Reached | None:
        """Return the plan in shares of pupils: first as safe as the one without a bound, else nearly so."""

        def until(share: float) -> float:
            return clock.at(float(np.interp(share, *SHARES)))

        held = self._hold_safe(bound, until)
        if held is not None:
            reached = self._spend(held, until, self._known, self._strict.row)
            if reached is not None:
                self._relaxed, arrays = reached.large.held.relaxed, reached.large.held.relaxed.arrays
                self._strict = replace(self._strict, known=arrays)
                self._known = (*self._known, reached.large.x)
            return reached
        near = self._hold_nearly(bound, clock.at)
        reached = None if near is None else self._spend(*near)
        return None if reached is None else replace(reached, as_safe=False)

    def _hold_safe(self, bound: float | None, until: Callable[[float], float]) -> Held | None:
        """Return the county within `bound` held to the least risk of all; None where that has no plan in shares."""
        held, seed = self._large.held, self._asked.case.scenario.solver.seed
        ground = replace(held.ground, arrays=self._hold(self._strict, bound))
        deadline = until(RELAX_SHARE)
        relaxed = relax(ground, seed, deadline) if self._relaxed is None else relax_anew(self._relaxed, ground, deadline)
        self._relaxed = None  # until a search came to its end: HiGHS then holds the rows that are known
        return None if relaxed is None else replace(held, ground=ground, relaxed=relaxed)

    def _hold_nearly(
        self, bound: float | None, until: Callable[[float], float]
    ) -> tuple[Held, Callable[[float], float], tuple[Floats, ...], dict[str, int]] | None:
        """Return the county held to the least risk within `bound`, where that is hardly more; its clock, plans and rows of axes."""
        large, case, known = self._large, self._asked.case, self._known
        free = read_arrays(large.solver.program(), large.solver.variables, large.model.spend)
        if large.lacking is not None:
            free = at_most(free, goal_of(large.model.lacking, large.ground.position), large.lacking.value)
        axes = self._add_axes(free)
        arrays = self._hold(axes, bound)
        held = hold_least_risk(large.model, large.solver, arrays, until)
        if held is None:
            little = hold_little_risk(case, large.model, large.solver, arrays, until, ())
            if little is None:
                return None
            held, known = little[0], (*known, little[1])
        most = large.at_risk.value * (1 + SAFER_SHARE) + SAFER
        return (held, until, known, axes.row) if held.least <= most else None

    def _spend(self, held: Held, until: Callable[[float], float], known: tuple[Floats, ...], row: dict[str, int]) -> _Reached | None:
        """Return the cheapest of the plans of `held` that are best on the second axis."""
        case, axis, goal = self._asked.case, self._pair[1], None
        if axis in self._amounts:
            counted = pulp.LpAffineExpression(dict.fromkeys(_counted_on(held.model, axis), 1.0))
            wish = Wish(counted, held.model.spend, (RISK_SHARE, LACKING_SHARE), DEAR_YUAN, row[axis])
            few = hold_few(case, held, wish, until, known)
            if few is None:
                return None
            held, known, goal = few[0], (*known, few[1]), self._figure(axis, few[2])
        x = first_plan(case, held, until(DIVE_SHARE), known)
        if x is None:
            return None
        return _Reached(search_held(case, self._large.solver, (held, x, self._large.lacking), until), goal)

    def _add_axes(self, arrays: Arrays) -> _Axes:
        free = np.full(len(self._amounts), np.inf)
        added = replace(
            arrays,
            rows=sp.vstack([arrays.rows, *(sp.csr_matrix(amounts) for amounts in self._amounts.values())]).tocsr(),
            row_low=np.concatenate([arrays.row_low, -free]),
            row_high=np.concatenate([arrays.row_high, free]),
        )
        return _Axes(added, added, {axis: len(arrays.row_low) + k for k, axis in enumerate(self._amounts)})

    def _hold(self, axes: _Axes, bound: float | None) -> Arrays:
        """Return the rows known with the first axis no worse than `bound`, and a price on the second one, which is free."""
        first, second = self._pair
        high = axes.known.row_high.copy()
        high[: len(axes.plain.row_high)] = axes.plain.row_high
        arrays = replace(axes.plain, rows=axes.known.rows, row_low=axes.known.row_low, row_high=high)
        if second in self._amounts:
            arrays = replace(arrays, cost=arrays.cost + GOAL_YUAN[second] * self._amounts[second])
        if bound is None:
            return arrays
        if first == "minutes":
            limits = arrays.high.copy()
            limits[self._large.ground.pupils[self._longer(bound)]] = 0.0
            return replace(arrays, high=limits)
        return at_most(arrays, self._amounts[first], self._sites - bound if first == "kept" else bound, axes.row[first])

    def _longer(self, bound: float | None) -> NDArray[np.int64]:
        """Return the positions of the daily trips that take longer than `bound`, where minutes are bounded."""
        if bound is None or self._pair[0] != "minutes":
            return np.zeros(0, dtype=np.int64)
        options = self._large.model.options
        return np.flatnonzero(options["mode"].isin(DAILY) & (options["seconds"] > 60 * bound + PUPIL_SLACK))

    def _figure(self, axis: str, least: Stage) -> Stage:
        """Return what the axis reached: of columns counted in whole numbers, fewer than a part above a whole one cannot be."""
        value, bound = float(round(least.value)), float(math.ceil(least.bound - PUPIL_SLACK))
        if axis == "kept":
            value, bound = self._sites - value, self._sites - bound
        return Stage(value, bound, abs(value - bound) / max(1.0, abs(value)), optimal=value == bound)


def _counted_on(model: LayoutModel, axis: str) -> list[pulp.LpVariable]:
    """Return what there should be few of along an axis: closed schools, new beds."""
    closed = [variable for (_, form), variable in model.form.items() if form == CLOSED]
    return closed if axis == "kept" else list(model.new_beds.values())


def _amounts_of(large: Large, axis: str) -> Floats:
    """Return 1 by column that counts on an axis."""
    amounts = np.zeros(len(large.ground.position))
    amounts[[large.ground.position[variable] for variable in _counted_on(large.model, axis)]] = 1.0
    return amounts


@contextlib.contextmanager
def _left_out(variables: Sequence[pulp.LpVariable]) -> Iterator[None]:
    """Hold `variables` of the programme at nothing for a while."""
    before = [variable.upBound for variable in variables]
    for variable in variables:
        variable.upBound = 0
    try:
        yield
    finally:
        for variable, high in zip(variables, before, strict=True):
            variable.upBound = high


def least_minutes(options: pd.DataFrame) -> float:
    """Return a time that somebody needs every day whatever is done: the longest of the shortest ways; those who may board need none."""
    seconds = options["seconds"].where(options["mode"].isin(DAILY), 0.0)
    return float(seconds.groupby([options["settlement_id"], options["band"]]).min().max() / 60)
