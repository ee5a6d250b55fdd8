"""The layout model on counties of growing size: `python benchmarks/bench_county.py [--size 1500x120] [--limit SECONDS] [--out FOLDER]`.

Every county is made by county_series.py from one seed, so anybody can make it again. Told are the time to read it into a model and to
solve it (CPU and wall: other work on the machine makes them differ), what each goal reached and when, the certified gap, and memory. An
independent checker counts and prices the plan again from the tables alone. `--out` writes the plan (sites and trips, csv) as a reference
solution; `--check FOLDER` checks such a solution instead of solving.
"""

from __future__ import annotations

import argparse
import math
import platform
import resource
import sys
import time
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from county_series import BANDS, SIZES, make_problem

from layout_planner.plan import linear
from layout_planner.plan.solve import optimise_layout

if TYPE_CHECKING:
    import pulp
    from county_series import Problem

    from layout_planner.plan.case import Case

KEY = ["settlement_id", "band", "school_id", "mode"]


def main() -> None:
    """Solve and check the sizes asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, action="append", help="default: township, small, 1500x120")
    parser.add_argument("--limit", type=float, help="seconds; the size's own when absent")
    parser.add_argument("--out", type=Path, help="write the plans found here")
    parser.add_argument("--check", type=Path, help="check the plans of this folder instead of solving")
    asked = parser.parse_args()
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("highspy", "pulp", "numpy", "pandas"))
    print(f"{platform.platform()}, {platform.machine()}, Python {platform.python_version()}, {versions}")
    print("| county | options | limit s | wall s | CPU s | cost, yuan | bound | gap % | closed | memory GB | checker |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    faults = []
    for name in asked.size or ["township", "small", "1500x120"]:
        size = SIZES[name] if asked.limit is None else replace(SIZES[name], limit_s=asked.limit)
        problem = make_problem(size)
        faults += _check_stored(name, problem, asked.check) if asked.check else _solve(name, problem, asked.out)
    for fault in faults:
        print(fault)
    sys.exit(1 if faults else 0)


def _solve(name: str, problem: Problem, out: Path | None) -> list[str]:
    steps: list[tuple[float, linear.Stage]] = []
    wall, cpu = time.monotonic(), time.process_time()
    plain = linear.LinearSolver.minimise

    def told(self: linear.LinearSolver, goal: pulp.LpAffineExpression, *, gap: float) -> linear.Stage:
        reached = plain(self, goal, gap=gap)
        steps.append((time.process_time() - cpu, reached))
        return reached

    linear.LinearSolver.minimise = told  # type: ignore[method-assign]
    try:
        layout, solved = optimise_layout(problem.case, problem.options, problem.today)
    finally:
        linear.LinearSolver.minimise = plain  # type: ignore[method-assign]
    took = time.monotonic() - wall, time.process_time() - cpu
    faults, cost = check_plan(problem, layout.sites.reset_index(), layout.assignment)
    if abs(cost - solved.objective) > 1:
        faults.append(f"{name}: the solver says {solved.objective:.2f} yuan, the checker {cost:.2f}")
    _tell(name, problem, (*took, solved.objective, solved.bound, solved.gap), layout.sites, "agrees" if not faults else "differs")
    for second, stage in steps:
        print(f"    after {second:8.1f} CPU s: value {stage.value:18,.2f}  bound {stage.bound:18,.2f}", file=sys.stderr)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        layout.sites[["form", "bands", "new_beds", "buses"]].to_csv(out / f"{name}-sites.csv")
        layout.assignment[[*KEY, "pupils"]].to_csv(out / f"{name}-trips.csv", index=False)
    return faults


def _check_stored(name: str, problem: Problem, folder: Path) -> list[str]:
    sites = pd.read_csv(folder / f"{name}-sites.csv", keep_default_na=False)
    faults, cost = check_plan(problem, sites, pd.read_csv(folder / f"{name}-trips.csv", keep_default_na=False))
    _tell(name, problem, (0.0, 0.0, cost, math.nan, math.nan), sites, "agrees" if not faults else "differs")
    return faults


def _tell(name: str, problem: Problem, figures: tuple[float, ...], sites: pd.DataFrame, checked: str) -> None:
    wall, cpu, cost, bound, gap = figures
    closed, memory = int((sites["form"] == "closed").sum()), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    limit = problem.case.scenario.solver.time_limit_s
    print(
        f"| {name} | {len(problem.options):,} | {limit:.0f} | {wall:.1f} | {cpu:.1f} | {cost:,.0f} | {bound:,.0f} | {100 * gap:.2f} |"
        f" {closed} | {memory:.2f} | {checked} |",
        flush=True,
    )


def check_plan(problem: Problem, sites: pd.DataFrame, trips: pd.DataFrame) -> tuple[list[str], float]:
    """Return what is wrong with a plan, and its price, from the tables and norms alone: none of the optimiser's code is used."""
    case = problem.case
    faults: list[str] = []
    served = trips[trips["school_id"] != ""]
    sent = {key: int(count) for key, count in trips.groupby(["settlement_id", "band"])["pupils"].sum().items()}
    wanted = {(home, band): int(count) for band in case.demand for home, count in case.demand[band].items() if count > 0}
    if sent != wanted:
        faults.append("pupils sent are not the pupils of the demand")
    options = problem.options.set_index(KEY)
    today = problem.today.assignment
    priced = pd.concat([options["cost_yuan"], today.set_index(KEY)["cost_yuan"] / today.set_index(KEY)["pupils"]])
    priced = priced[~priced.index.duplicated()]
    keys = pd.MultiIndex.from_frame(served[KEY])
    if not keys.isin(priced.index).all():
        faults.append("a trip is none of the county's options")
    cost = float((priced.reindex(keys).to_numpy() * served["pupils"].to_numpy()).sum())
    for site in sites.to_dict("records"):
        here = served[served["school_id"] == site["school_id"]]
        cost += _price_site(case, site, here, faults)
    return faults, cost


def _price_site(case: Case, site: dict[Any, Any], here: pd.DataFrame, faults: list[str]) -> float:
    norms, school_id, school = case.norms, site["school_id"], case.county.schools.loc[site["school_id"]]
    if site["form"] == "closed":
        if len(here):
            faults.append(f"{school_id} is closed and has pupils")
        return 0.0
    counts = here.groupby("band")["pupils"].sum()
    by_mode = here.groupby("mode")["pupils"].sum()
    taught = str(site["bands"]).split(",")
    if set(counts.index) - set(taught):
        faults.append(f"{school_id} has pupils of a band that it does not teach")
    for what, has, room in (
        ("seats", counts.sum(), school["seats"]),
        ("beds", by_mode.get("board", 0), school["beds"] + site["new_beds"]),
        ("bus seats", by_mode.get("school_bus", 0), site["buses"] * norms.value("bus.stock_seats")),
    ):
        if has > room:
            faults.append(f"{school_id} has {has} pupils for {room} {what}")
    yuan = norms.value("cost.site_yuan") + site["buses"] * norms.value("cost.bus_yuan")
    yuan += site["new_beds"] * norms.value("cost.new_bed_yuan") / norms.value("cost.bed_life_years")
    rates = {band: norms.value("cost.per_pupil_yuan", grades=BANDS[band]) for band in taught}
    funds = sum(rates[band] * counts.get(band, 0) for band in taught)
    yuan += max(funds, norms.value("small_school.funding_floor") * min(rates.values()))
    for band in taught:
        classes = max(3, math.ceil(counts.get(band, 0) / norms.value("class.standard", grades=BANDS[band])))
        posts = norms.value("class.teachers_junior" if band == "junior" else "class.teachers_primary")
        yuan += classes * posts * norms.value("cost.teacher_yuan")
    return yuan


if __name__ == "__main__":
    main()
