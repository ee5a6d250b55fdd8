"""The cheapest repair of a scenario whose closings hurt children or whose demands have no plan: what to buy or keep beyond it.

The layout model, made elastic: beds and buses beyond the scenario's limits, schools kept that it closes, roads mended and yuan over its
budget are bought at the prices of the norms. Nobody may be made worse off, and a closing stands only where all pupils of the school are
then safe, as for closings on the optimiser's own motion. Goals in order: pupils made worse off, price of the repair, pupils at risk,
yuan a year.

In a large county a repair is sought among the schools round those that the orders close, from what stands today, so that there always is
one; from there it is sought in the whole county, where that is not too large, which also tells what none is cheaper than; and where the
plan with it is still far from the least cost, the county is planned anew, region by region, with what the repair keeps and buys. Each has a
share of the time limit.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pulp

from layout_planner.clock import Clock
from layout_planner.errors import NoPlanError
from layout_planner.plan.choices import KEY, baseline_of, choose_options, keep_taught
from layout_planner.plan.enrolment import keep_enrolled
from layout_planner.plan.forms import sites_of
from layout_planner.plan.layout import gap_between
from layout_planner.plan.linear import EXACT, NONE_AT_ALL, ContradictionError, LinearSolver, Stage
from layout_planner.plan.model import build_model
from layout_planner.plan.model_inputs import clean_name
from layout_planner.plan.near import hold_far
from layout_planner.plan.reduce import drop_unsafe_forms
from layout_planner.plan.repair_model import add_prices, allow_bought, price_parts, read_repair
from layout_planner.plan.solve import AT_RISK_GAP, Asked, Reached, Spent, finish, is_large, prepare, spend_least

if TYPE_CHECKING:
    import pandas as pd

    from layout_planner.plan.case import Case
    from layout_planner.plan.layout import Layout, Solved
    from layout_planner.plan.repair_model import Repair
    from layout_planner.scenario import Scenario

WHOLE_UP_TO = 150_000  # options
# By which share of the time limit the price and the plan with it are done, first near the orders, then in the whole county.
NEAR_SHARES, WHOLE_SHARES = (0.15, 0.2), (0.5, 0.7)
NOTHING_YUAN = 1.0


def find_repair(asked: Scenario, loose: Case, options: pd.DataFrame, today: Layout) -> Repair:
    """Return the cheapest repair of the scenario `asked`; `loose` : its case under `loosen`, with the options of that.

    Raises
    ------
    NoPlanError : demands that nothing can buy contradict each other, or the time limit left no repair.
    """
    chosen = choose_options(loose, options, today)
    if is_large(chosen):
        with contextlib.suppress(ContradictionError):  # what the near schools cannot do, the whole county may
            return _find_large(asked, loose, (options, chosen), today)
    prepared = prepare(loose, options, today)
    clock = Clock.start(loose.scenario.solver.time_limit_s)
    return _search(asked, prepared, (clock.at(1.0), clock.at(2.0)), {}).plan()


@dataclass(frozen=True)
class _Bought:
    """The cheapest repair found, in shares of pupils."""

    asked: Scenario
    prepared: Asked
    spent: Spent
    price: Stage

    def plan(self) -> Repair:
        """Return it in whole pupils."""
        layout, solved = finish(self.prepared, self.spent)
        return read_repair(self.asked, self.prepared.case, self.price, layout, solved)


def _search(asked: Scenario, prepared: Asked, deadlines: tuple[float, float], start: dict[str, float], *, strong: bool = True) -> _Bought:
    """Return the cheapest repair among the options of `prepared`.

    deadlines : of the price, and of the plan with it
    start : a repair by name of variable, which stands where time leaves no better one; none where empty
    """
    settings = prepared.case.scenario.solver
    model = build_model(prepared.case, prepared.options, prepared.today, strong=strong)
    prices = add_prices(model, asked, prepared.case)
    solver = LinearSolver(model, settings.seed, deadlines[0])
    if start:
        solver.start_at(start)
    harm = solver.minimise(model.harm, gap=EXACT)
    solver.keep_at(model.harm, harm.value, "harm_kept")
    total = pulp.lpSum(prices.values())
    price = solver.minimise(total, gap=AT_RISK_GAP)
    solver.keep_at(total, price.value, "price_kept")
    solver.reset_clock(deadlines[1])
    at_risk = solver.minimise(model.at_risk, gap=AT_RISK_GAP)
    solver.keep_at(model.at_risk, at_risk.value, "at_risk_kept")
    keep_enrolled(model, solver)
    cost = solver.minimise(model.cost, gap=settings.gap)
    prepared = replace(prepared, reached=replace(prepared.reached, harm=harm, at_risk=at_risk))
    return _Bought(asked, prepared, Spent(model, solver, prepared.case.sites, cost), price)


def _find_large(asked: Scenario, loose: Case, options: tuple[pd.DataFrame, pd.DataFrame], today: Layout) -> Repair:
    """Return a repair of a large county and what none is cheaper than; `options` : all, and those of `choose_options`."""
    clock = Clock.start(loose.scenario.solver.time_limit_s)
    every, chosen = options
    case = replace(loose, sites=drop_unsafe_forms(loose, chosen, baseline_of(loose, today)))
    whole = Asked(case, chosen, today, clock, Reached(NONE_AT_ALL, NONE_AT_ALL, {}))
    near, held = hold_far(case, chosen, today, asked.plan.close)
    prepared = replace(whole, case=near, options=held, clock=replace(clock, limit_s=clock.limit_s * NEAR_SHARES[1]))
    deadlines = [clock.at(share) for share in (*NEAR_SHARES, *WHOLE_SHARES)]
    bought = _search(asked, prepared, (deadlines[0], deadlines[1]), _start_today(asked, prepared, deadlines[0]))
    found, bound = bought.plan(), 0.0
    found = replace(found, near=True, solved=_forget_bounds(found.solved))
    if len(chosen) <= WHOLE_UP_TO and price_parts(asked, loose, found) >= NOTHING_YUAN:
        start = bought.spent.solver.values_by_name()
        start |= {f"form_{clean_name(site.school_id)}_{site.forms[0]}": 1.0 for site in near.sites if site.decided}
        bought = _search(asked, whole, (deadlines[2], deadlines[3]), start, strong=False)
        bound = bought.price.bound
        with contextlib.suppress(NoPlanError):
            found = _better(asked, loose, found, bought.plan())
    if found.solved.gap > loose.scenario.solver.gap:
        with contextlib.suppress(NoPlanError):
            found = _better(asked, loose, found, _plan_with(asked, loose, every, today, found, clock))
    value = price_parts(asked, loose, found)
    bound = min(bound, value)
    gap = gap_between(value, bound)
    return replace(found, price=Stage(value, bound, gap, optimal=gap <= AT_RISK_GAP))


def _start_today(asked: Scenario, prepared: Asked, deadline: float) -> dict[str, float]:
    """Return today's trips as a repair by name of variable, with as little kept and bought as they need; none where they are none."""
    model = build_model(prepared.case, prepared.options, prepared.today)
    prices = add_prices(model, asked, prepared.case)
    trips = prepared.today.assignment
    now = dict(zip(zip(*(trips[c].astype(str) for c in KEY), strict=True), trips["pupils"].astype(float), strict=True))
    ways = zip(*(model.options[c].astype(str) for c in KEY), strict=True)
    values = {variable: min(now.get(way, 0.0), variable.upBound) for variable, way in zip(model.pupils, ways, strict=True)}
    left = {key: variable.upBound for key, variable in model.unserved.items()}
    for variable, key in zip(model.pupils, zip(*(model.options[c].astype(str) for c in KEY[:2]), strict=True), strict=True):
        left[key] -= values[variable]
    values |= {variable: max(0.0, left[key]) for key, variable in model.unserved.items()}
    solver = LinearSolver(model, prepared.case.scenario.solver.seed, deadline)
    solver.settle_pupils(values)
    try:
        solver.minimise(pulp.lpSum([*prices.values(), model.cost, model.harm]), gap=EXACT)
    except NoPlanError:
        return {}
    return solver.values_by_name()


def _plan_with(asked: Scenario, loose: Case, options: pd.DataFrame, today: Layout, found: Repair, clock: Clock) -> Repair:
    """Return the plan of the whole county with what `found` keeps and buys, searched region by region.

    Raises
    ------
    NoPlanError : time left none.
    """
    scenario = allow_bought(asked, found)
    case = replace(loose, scenario=scenario, sites=sites_of(loose.county.schools, scenario)).within(max(1.0, clock.left_s()))
    prepared = prepare(case, keep_taught(case, options), today, by_region=True)
    layout, solved = finish(prepared, spend_least(prepared))
    return replace(read_repair(asked, loose, found.price, layout, solved), near=found.near)


def _better(asked: Scenario, loose: Case, *repairs: Repair) -> Repair:
    """Return the repair that hurts fewest, of those the cheapest, the plan of fewest pupils at risk, that of least cost."""

    def rank(repair: Repair) -> tuple[int, int, int, float]:
        terms = repair.solved.terms
        return round(repair.still_harmed), round(price_parts(asked, loose, repair)), round(terms["at_risk_weighted"]), terms["cost_yuan"]

    return min(repairs, key=rank)


def _forget_bounds(solved: Solved) -> Solved:
    """Return how a plan of near schools was found: its bounds say nothing of the whole county."""
    return replace(solved, status="best found", bound=0.0, gap=1.0, terms={**solved.terms, "at_risk_bound": 0.0, "cost_bound": 0.0})
