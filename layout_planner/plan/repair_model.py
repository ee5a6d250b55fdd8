"""What a repair is made of: a scenario with its orders and limits lifted, what is bought or kept beyond it, at the prices of the norms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulp

from layout_planner.plan.costs import bed_cost_yuan, class_cost_yuan, site_cost_yuan
from layout_planner.plan.forms import CLOSED
from layout_planner.plan.model_inputs import clean_name
from layout_planner.plan.worlds import road_yuan_a_year

if TYPE_CHECKING:
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
    near               sought among the schools round those that the orders close; the bound of the price counts for all repairs
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
    near: bool = False


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


def allow_bought(scenario: Scenario, found: Repair) -> Scenario:
    """Return `scenario` with what `found` keeps and buys allowed, nothing more to be closed or mended, and its money unlimited."""
    plan = scenario.plan
    change = {
        "close": tuple(j for j in plan.close if j not in found.keep),
        "keep": tuple(sorted({*plan.keep, *found.keep})),
        "max_new_beds": plan.max_new_beds + found.beds,
        "max_buses": plan.max_buses + found.buses,
        "budget_yuan": None,
        "capital_yuan": None,
    }
    return scenario.model_copy(update={"plan": plan.model_copy(update=change)})


def price_parts(scenario: Scenario, case: Case, found: Repair) -> float:
    """Return the price of what `found` keeps and buys, yuan a year."""
    norms = case.norms
    bought = found.beds * bed_cost_yuan(norms) + found.buses * norms.value("cost.bus_yuan")
    return sum(found.keep.values()) + bought + road_yuan_a_year(scenario.plan, norms, found.roads) + found.over_budget_yuan


def keep_yuan(case: Case, school_id: str) -> float:
    """Yuan a year that a school costs at least while it is open: running it, and one class a grade."""
    school = case.county.schools.loc[school_id]
    site = next(site for site in case.sites if site.school_id == school_id)
    bands = case.scenario.bands
    classes = sum(len(bands[band]) * class_cost_yuan(case.norms, bands[band]) for band in site.bands[site.form_today])
    return site_cost_yuan(school, case.norms) + classes


def add_prices(model: LayoutModel, asked: Scenario, case: Case) -> dict[str, Expression]:
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


def read_repair(asked: Scenario, case: Case, price: Stage, layout: Layout, solved: Solved) -> Repair:
    """Return the repair that the plan `layout` of the loosened `case` stands for."""
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
