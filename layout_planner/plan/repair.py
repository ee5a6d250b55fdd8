"""The cheapest repair of a scenario whose closings hurt children or whose demands have no plan: what to buy or keep beyond it.

The layout model, made elastic: beds and buses beyond the scenario's limits, schools kept that it closes, roads mended and yuan over its
budget are bought at the prices of the norms. Nobody may be made worse off, and a closing stands only where all pupils of the school are
then safe, as for closings on the optimiser's own motion. Goals in order: pupils made worse off, price of the repair, pupils at risk,
yuan a year.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pulp

from layout_planner.plan.costs import bed_cost_yuan, class_cost_yuan, site_cost_yuan
from layout_planner.plan.enrolment import keep_enrolled
from layout_planner.plan.forms import CLOSED
from layout_planner.plan.linear import EXACT, LinearSolver
from layout_planner.plan.model import build_model
from layout_planner.plan.model_inputs import clean_name
from layout_planner.plan.solve import AT_RISK_GAP, Spent, finish, prepare
from layout_planner.plan.worlds import road_yuan_a_year

if TYPE_CHECKING:
    import pandas as pd

    from layout_planner.plan.case import Case
    from layout_planner.plan.layout import Layout, Solved
    from layout_planner.plan.linear import Stage
    from layout_planner.plan.model import LayoutModel
    from layout_planner.plan.model_inputs import Expression
    from layout_planner.scenario import Scenario


@dataclass(frozen=True)
class Repair:
    """What to buy or keep beyond what a scenario allows, and the plan with it.

    keep               schools that the scenario closes and that stay, each with its least running cost, yuan a year
    beds, buses        beyond those that the scenario allows
    beds_at, buses_at  all new ones of the plan by school
    roads              ids of roads mended
    over_budget_yuan   yuan a year above the scenario's budget
    price              yuan a year of all this, proven within its gap
    still_harmed       pupils who are made worse off all the same; 0 but where the schools that stay leave no way
    """

    keep: dict[str, float]
    beds: int
    buses: int
    beds_at: dict[str, int]
    buses_at: dict[str, int]
    roads: tuple[str, ...]
    over_budget_yuan: float
    price: Stage
    still_harmed: float
    layout: Layout
    solved: Solved


def loosen(scenario: Scenario, most: int) -> Scenario:
    """Return `scenario` with its closings left open, its money unlimited and `most` more beds and buses."""
    plan = scenario.plan
    free = "all" if plan.may_close == "all" else tuple(sorted({*(() if plan.may_close == "none" else plan.may_close), *plan.close}))
    change = {
        "close": (),
        "may_close": free or "none",
        "move": "affected" if plan.move == "none" else plan.move,
        "max_new_beds": plan.max_new_beds + most,
        "max_buses": plan.max_buses + most,
        "budget_yuan": None,
        "capital_yuan": None,
    }
    return scenario.model_copy(update={"plan": plan.model_copy(update=change)})


def find_repair(asked: Scenario, loose: Case, options: pd.DataFrame, today: Layout) -> Repair:
    """Return the cheapest repair of the scenario `asked`; `loose` : its case under `loosen`, with the options of that.

    Raises
    ------
    NoPlanError : demands that nothing can buy contradict each other, or the time limit left no repair.
    """
    prepared = prepare(loose, options, today)
    settings = loose.scenario.solver
    model = build_model(prepared.case, prepared.options, today)
    prices = _add_prices(model, asked, prepared.case)
    solver = LinearSolver(model, settings.seed, time.monotonic() + settings.time_limit_s)
    harm = solver.minimise(model.harm, gap=EXACT)
    solver.keep_at(model.harm, harm.value, "harm_kept")
    total = pulp.lpSum(prices.values())
    price = solver.minimise(total, gap=AT_RISK_GAP)
    solver.keep_at(total, price.value, "price_kept")
    solver.allow_s(settings.time_limit_s)
    at_risk = solver.minimise(model.at_risk, gap=AT_RISK_GAP)
    solver.keep_at(model.at_risk, at_risk.value, "at_risk_kept")
    keep_enrolled(model, solver)
    cost = solver.minimise(model.cost, gap=settings.gap)
    prepared = replace(prepared, reached=replace(prepared.reached, harm=harm, at_risk=at_risk))
    layout, solved = finish(prepared, Spent(model, solver, prepared.case.sites, cost))
    return _read_repair(asked, loose, price, layout, solved)


def keep_yuan(case: Case, school_id: str) -> float:
    """Yuan a year that a school costs at least while it is open: running it, and one class a grade."""
    school = case.county.schools.loc[school_id]
    site = next(site for site in case.sites if site.school_id == school_id)
    bands = case.scenario.bands
    classes = sum(len(bands[band]) * class_cost_yuan(case.norms, bands[band]) for band in site.bands[site.form_today])
    return site_cost_yuan(school, case.norms) + classes


def _add_prices(model: LayoutModel, asked: Scenario, case: Case) -> dict[str, Expression]:
    """Add what may be bought beyond the scenario to the model, and return its price by kind, yuan a year."""
    problem, plan, norms = model.problem, asked.plan, case.norms
    more_beds, more_buses, over = (problem.add_variable(name, 0) for name in ("more_beds", "more_buses", "over_budget"))
    problem += more_beds >= pulp.lpSum(model.new_beds.values()) - plan.max_new_beds, "more_beds"
    problem += more_buses >= pulp.lpSum(model.new_buses.values()) - plan.max_buses, "more_buses"
    prices = {"beds": bed_cost_yuan(norms) * more_beds, "buses": norms.value("cost.bus_yuan") * more_buses}
    if plan.budget_yuan is not None:
        problem += model.cost <= plan.budget_yuan + over, "over_budget"
        prices["budget"] = 1 * over
    for site in (site for site in case.sites if site.school_id in plan.close):
        school_id = site.school_id
        stays = [pulp.LpAffineExpression(model.form[school_id, form]) for form in site.forms if form != CLOSED and not site.decided]
        stays += [pulp.LpAffineExpression(constant=1)] if site.decided and site.forms != (CLOSED,) else []
        prices[f"keep:{school_id}"] = keep_yuan(case, school_id) * pulp.lpSum(stays)
        row = problem.get_constraint_by_name(f"min_enrol_{clean_name(school_id)}")
        if row is not None:  # the least enrolment is asked of schools that may close, not of one that is kept for want of another way
            row.constant += plan.min_enrolment
    for fixes, variable in model.roads.items():
        prices[f"roads:{','.join(fixes)}"] = road_yuan_a_year(asked.plan, norms, fixes) * variable
    return prices


def _read_repair(asked: Scenario, case: Case, price: Stage, layout: Layout, solved: Solved) -> Repair:
    plan, sites, had = asked.plan, layout.sites, case.county.schools["buses"]
    is_open = sites["form"] != CLOSED
    beds = {str(j): int(n) for j, n in sites["new_beds"].items() if n}
    more = (sites["buses"] - had.reindex(sites.index).where(is_open, 0)).astype(int)
    buses = {str(j): int(n) for j, n in more.items() if n}
    cost = float(sites["cost_yuan"].sum() + layout.assignment["cost_yuan"].sum())
    return Repair(
        {j: keep_yuan(case, j) for j in sorted(plan.close) if is_open[j]},
        max(0, sum(beds.values()) - plan.max_new_beds),
        max(0, sum(buses.values()) - plan.max_buses),
        beds,
        buses,
        layout.fixes,
        0.0 if plan.budget_yuan is None else max(0.0, cost - plan.budget_yuan),
        price,
        solved.terms["harmed"],
        layout,
        solved,
    )
