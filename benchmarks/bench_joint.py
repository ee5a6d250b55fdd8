"""What planning together is worth: `python benchmarks/bench_joint.py [--series small ...] [--scenario FILE ...] [--limit SECONDS]`.

The same county and the same limits, planned twice: jointly, and one thing after the other as offices do: first which schools stay, as if
every bed and bus were free and no limit held; then beds for the schools that stay; then buses. Both are measured alike: cost a year,
pupils made worse off, at risk and without a way, the longest daily trip. Counties are made by county_series.py; a scenario may be given.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from county_series import SIZES, make_problem, tell_machine

from layout_planner.norms import read_scenario_norms
from layout_planner.pipeline import lay_ground
from layout_planner.plan.choices import keep_taught
from layout_planner.plan.costs import bed_cost_yuan
from layout_planner.plan.solve import optimise_layout
from layout_planner.plan.years_links import decide_sites, forms_of
from layout_planner.risk import assess_risk
from layout_planner.scenario import read_scenario
from layout_planner.sweep import Question

if TYPE_CHECKING:
    import pandas as pd

    from layout_planner.plan.case import Case
    from layout_planner.plan.layout import Layout

FREE = ("cost.new_bed_yuan", "cost.bus_yuan")
SCENARIOS = [Path(__file__).parents[1] / "scenarios" / "ten-years.toml"]


def main() -> None:
    """Plan every county asked, both ways, and tell the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", choices=SIZES, action="append", help="a county of county_series.py; township and the demo when nothing")
    parser.add_argument("--scenario", type=Path, action="append", help="a scenario")
    parser.add_argument("--limit", type=float, help="seconds of a search; that of the county or scenario when absent")
    asked = parser.parse_args()
    nothing = not asked.series and not asked.scenario
    tell_machine()
    print("| county | planned | schools open | beds | buses | worse off | at risk | no way | longest, min | yuan a year | gap % | CPU s |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    for name in asked.series or (["township"] if nothing else []):
        problem = make_problem(SIZES[name])
        compare(name, _limit(problem.case, asked.limit), problem.options, problem.today)
    for path in asked.scenario or (SCENARIOS if nothing else []):
        scenario = read_scenario(path)
        norms = read_scenario_norms(scenario)
        question = Question.of(scenario, norms, lay_ground(scenario, norms))
        compare(scenario.name, _limit(question.case, asked.limit), question.options, question.today)


def _limit(case: Case, limit_s: float | None) -> Case:
    """Return `case` with another time limit, which a busy machine needs."""
    return case if limit_s is None else case.within(limit_s)


def compare(name: str, case: Case, options: pd.DataFrame, today: Layout) -> None:
    """Plan jointly and one after the other, and print both."""
    ways = {"jointly": lambda: optimise_layout(case, options, today), "in turn": lambda: (plan_in_turn(case, options, today), None)}
    for way, plan in ways.items():
        began = time.process_time()
        layout, solved = plan()
        # a joint plan that time left far from its bound tells nothing: then the limit was too short for this machine
        tell(name, way, case, today, layout, time.process_time() - began, None if solved is None else solved.gap)
    tell(name, "today", case, today, today, 0.0)


def plan_in_turn(case: Case, options: pd.DataFrame, today: Layout) -> Layout:
    """Return the layout of three decisions: schools, then beds, then buses; limits are those of `case`."""
    limits, most = case.scenario.plan, int(case.demand.to_numpy().sum())
    norms = replace(case.norms, norms=tuple(replace(norm, value=0.0) if norm.key in FREE else norm for norm in case.norms.norms))
    free_today = replace(today, assignment=today.assignment.assign(cost_yuan=0.0))
    free = replace(_allow(case, most, most), norms=norms)
    schools, _ = optimise_layout(free, options.assign(cost_yuan=0.0), free_today)
    settled = replace(case, sites=decide_sites(case.sites, forms_of(schools)))
    options = keep_taught(settled, options)
    with_beds, _ = optimise_layout(_allow(settled, limits.max_new_beds, 0), options, today)
    new = with_beds.sites["new_beds"]
    table = case.county.schools.assign(beds=case.county.schools["beds"] + new.reindex(case.county.schools.index))
    built = replace(_allow(settled, 0, limits.max_buses), county=replace(case.county, schools=table))
    final, _ = optimise_layout(built, options, today)
    extra = new.reindex(final.sites.index)
    sites = final.sites.assign(new_beds=extra, beds=final.sites["beds"] - extra)
    return replace(final, sites=sites.assign(cost_yuan=sites["cost_yuan"] + extra * bed_cost_yuan(case.norms)))


def _allow(case: Case, beds: int, buses: int) -> Case:
    plan = case.scenario.plan.model_copy(update={"max_new_beds": beds, "max_buses": buses})
    return replace(case, scenario=case.scenario.model_copy(update={"plan": plan}))


def tell(name: str, way: str, case: Case, today: Layout, layout: Layout, seconds: float, gap: float | None = None) -> None:
    """Print the figures of one layout, and its certified gap where it has one."""
    risk, before = (assess_risk(each, case.county, case.travel, case.norms, case.scenario) for each in (layout, today))
    now, then = (table.groupby(["settlement_id", "band"])["pupils"].sum() for table in (risk, before))
    worse = int((now - then.reindex(now.index, fill_value=0)).clip(lower=0).sum())
    trips = layout.assignment
    daily = trips.loc[trips["mode"].isin(["walk", "bus", "school_bus"]), "seconds"]
    yuan = float(layout.sites["cost_yuan"].sum() + trips["cost_yuan"].sum())
    sites = layout.sites
    built = int((sites["form"] != "closed").sum()), int(sites["new_beds"].sum()), int(sites["buses"].sum())
    nobody = int(trips.loc[trips["mode"] == "unserved", "pupils"].sum())
    cells = [name, way, *built, worse, int(risk["pupils"].sum()), nobody, f"{daily.max() / 60:.0f}", f"{yuan:,.0f}"]
    cells += ["—" if gap is None else f"{100 * gap:.2f}", f"{seconds:.0f}"]
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


if __name__ == "__main__":
    main()
