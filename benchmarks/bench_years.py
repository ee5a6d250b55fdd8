"""Plans over school years on counties of growing size: `python benchmarks/bench_years.py [--size small ...] [--years N] [--limit SECONDS]`.

Counties are made by county_series.py; every year has 3 % fewer children than the one before. Every school may close, what is new in a year
has a limit (`--capital`, by school of the county; 0 for none), and every year's plan is the best that time leaves, built before closed.
`--budget 0.98` lets a year cost 98 % of what the schools of today cost in the first. Told are the steps and how long they take, then harm,
risk and cost over all years, what no plan is below, by proof, and what the check between the years holds against the plan.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from county_series import SIZES, make_problem, tell_machine

from layout_planner.errors import NoPlanError
from layout_planner.plan.present import present_layout
from layout_planner.plan.years import plan_years
from layout_planner.plan.years_terms import SchoolYear
from layout_planner.safeguards.years_check import Bought, check_years
from layout_planner.scenario import Years

if TYPE_CHECKING:
    from county_series import Size

    from layout_planner.plan.years_terms import YearsPlan
    from layout_planner.words import Words

FIRST, SHRINK, CAPITAL_YUAN_A_SCHOOL = 2027, 0.97, 100_000.0


def main() -> None:
    """Plan every size asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, action="append", help="default: township, small")
    parser.add_argument("--years", type=int, default=3)
    parser.add_argument("--limit", type=float, help="seconds for every search; the size's own when absent")
    parser.add_argument("--capital", type=float, default=CAPITAL_YUAN_A_SCHOOL, help="yuan a year and school for what is new; 0: no limit")
    parser.add_argument("--budget", type=float, help="share of what the schools of today cost in the first year; no limit when absent")
    asked = parser.parse_args()
    tell_machine()
    for name in asked.size or ["township", "small"]:
        size = SIZES[name] if asked.limit is None else replace(SIZES[name], limit_s=asked.limit)
        plan_county(name, size, asked.years, asked.capital, asked.budget)


def plan_county(name: str, size: Size, count: int, capital: float = CAPITAL_YUAN_A_SCHOOL, budget: float | None = None) -> None:
    """Plan one county over `count` years, and print how that went; `capital` : yuan a school; `budget` : share of the cost of today."""
    terms = list_terms(size, count, budget)
    years = Years(first=FIRST, last=FIRST + count - 1, capital_yuan=capital * size.schools or {})
    began, cpu = time.monotonic(), time.process_time()

    def say(step: Words) -> None:
        print(f"{name}: {time.monotonic() - began:6.0f} s  {step.en}", flush=True)

    print(f"{name}: {count} years of {len(terms[0].options):,} options, limit {size.limit_s:.0f} s a search")
    try:
        found = plan_years(terms, years, say)
    except NoPlanError as error:
        print(f"{name}: {time.monotonic() - began:6.0f} s  no plan: {error.message.en}", flush=True)
        return
    print(f"{name}: {time.monotonic() - began:6.0f} s, {time.process_time() - cpu:.0f} CPU s", flush=True)
    tell(name, terms, years, found)


def list_terms(size: Size, count: int, budget: float | None = None) -> list[SchoolYear]:
    """Return the years of one county, each with fewer children than the one before."""
    problem = make_problem(size)
    if budget is not None:
        now = problem.today.sites["cost_yuan"].sum() + problem.today.assignment["cost_yuan"].sum()
        problem = make_problem(size, budget_yuan=round(budget * float(now)))
    terms = []
    for k in range(count):
        demand = np.ceil(problem.case.demand * SHRINK**k).astype(int)
        scenario = problem.case.scenario.model_copy(update={"year": FIRST + k})
        case = replace(problem.case, demand=demand, scenario=scenario)
        terms.append(SchoolYear(FIRST + k, case, problem.options, present_layout(case)))
    return terms


def tell(name: str, terms: list[SchoolYear], years: Years, found: YearsPlan) -> None:
    """Print what the plan is year by year, and in all."""
    for plan in found.years:
        sites, how = plan.layout.sites, plan.solved
        print(f"{name}: {plan.year}: {int((sites['form'] != 'closed').sum())} schools open, {int(sites['new_beds'].sum())} new beds, "
              f"{plan.built.fleet} buses, {how.terms['harmed']:,.0f} worse off, {how.terms['at_risk_weighted']:,.0f} at risk")  # fmt: skip
    goals = {"worse off": "harmed", "at risk, weighted": "at_risk_weighted", "yuan": "cost_yuan"}
    print(f"{name}: all years:", *(f"{found.reached[key]:,.0f} {goal} (at least {found.bounds[key]:,.0f});" for goal, key in goals.items()),
          f"gap {100 * found.gap:.2f} %, of the cost {100 * found.cost_gap:.2f} %;",
          f"as safe as every year by itself: {found.as_safe}; in one programme: {found.together}")  # fmt: skip
    scenario = terms[0].case.scenario
    scenario = scenario.model_copy(update={"plan": scenario.plan.model_copy(update={"years": years})})
    layouts = {plan.year: plan.layout for plan in found.years}
    bought = {plan.year: Bought(plan.built.fleet, plan.built.rooms, plan.capital_yuan) for plan in found.years}
    faults = check_years(terms[0].case.county, scenario, terms[0].case.norms, terms[0].today, layouts, bought)
    print(f"{name}: faults between the years: {len(faults)}", *(fault.en for fault in faults), sep="\n  ")


if __name__ == "__main__":
    main()
