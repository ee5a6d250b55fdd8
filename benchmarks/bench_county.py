"""The layout model on counties of growing size: `python benchmarks/bench_county.py [--size 1500x120] [--limit SECONDS] [--out FOLDER]`.

Every county is made by county_series.py from one seed, so anybody can make it again. Told are the time to read it into a model and to
solve it (CPU and wall: other work on the machine makes them differ), the certified gap, and memory; on stderr what was reached when; last,
how the time to a gap of 1 % grows with size. An independent checker counts, judges and prices the plan again from the tables alone.
`--out` writes the plan (sites and trips, csv.gz) as a reference solution; `--check FOLDER` checks such a solution instead of solving
(`--check benchmarks/county_solutions`: those published).
"""

from __future__ import annotations

import argparse
import contextlib
import math
import resource
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from county_series import BANDS, SIZES, make_problem, tell_machine

from layout_planner.plan import large, linear, sweeps
from layout_planner.plan.solve import optimise_layout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from county_series import Problem

    from layout_planner.plan.case import Case

ONE_PER_CENT = 0.01
KEY = ["settlement_id", "band", "school_id", "mode"]


def main() -> None:
    """Solve and check the sizes asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, action="append", help="default: township, small, 1500x120")
    parser.add_argument("--limit", type=float, help="seconds; the size's own when absent")
    parser.add_argument("--out", type=Path, help="write the plans found here")
    parser.add_argument("--check", type=Path, help="check the plans of this folder instead of solving")
    asked = parser.parse_args()
    tell_machine()
    print("| county | options | limit s | wall s | CPU s | cost, yuan | bound | gap % | at risk, weighted | closed | memory GB | checker |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    faults: list[str] = []
    reached: dict[str, Reached] = {}
    for name in asked.size or ["township", "small", "1500x120"]:
        size = SIZES[name] if asked.limit is None else replace(SIZES[name], limit_s=asked.limit)
        problem = make_problem(size)
        faults += _check_stored(name, problem, asked.check) if asked.check else _solve(name, problem, asked.out, reached)
    _tell_growth(reached)
    for fault in faults:
        print(fault)
    sys.exit(1 if faults else 0)


class Moment(NamedTuple):
    """What was reached when; `goal`: by a goal of its own in the general search, whose values are not always yuan."""

    wall: float
    cpu: float
    value: float
    bound: float
    goal: bool = False


class Reached(NamedTuple):
    """When the gap of a county came to ONE_PER_CENT; infinite where it did not."""

    options: int
    wall_s: float
    cpu_s: float


def _tell_growth(reached: dict[str, Reached]) -> None:
    """Print how long every county took until its gap was 1 %, and how that grows: time as options to a power, from one size to the next."""
    if not reached:
        return
    print("\n| county | options | wall s to 1 % | CPU s to 1 % | CPU s a 1,000 options | grows as options to the power |")
    print("|---|---|---|---|---|---|")
    before: Reached | None = None
    for name, now in reached.items():
        if math.isinf(now.cpu_s):
            print(f"| {name} | {now.options:,} | not reached | | | |")
            continue
        power = "" if before is None else f"{math.log(now.cpu_s / before.cpu_s) / math.log(now.options / before.options):.2f}"
        print(f"| {name} | {now.options:,} | {now.wall_s:.1f} | {now.cpu_s:.1f} | {1000 * now.cpu_s / now.options:.2f} | {power} |")
        before = now


def _solve(name: str, problem: Problem, out: Path | None, reached: dict[str, Reached]) -> list[str]:
    wall, cpu = time.monotonic(), time.process_time()
    with _watched() as steps:
        layout, solved = optimise_layout(problem.case, problem.options, problem.today)
    took = time.monotonic() - wall, time.process_time() - cpu
    faults, cost, risk = check_plan(problem, layout.sites.reset_index(), layout.assignment)
    if abs(cost - solved.objective) > 1:
        faults.append(f"{name}: the solver says {solved.objective:.2f} yuan, the checker {cost:.2f}")
    if abs(risk - solved.terms["at_risk_weighted"]) > 1e-3 * max(1.0, risk):
        faults.append(f"{name}: the solver says {solved.terms['at_risk_weighted']:.3f} weighted pupils at risk, the checker {risk:.3f}")
    _tell(name, problem, (*took, solved.objective, solved.bound, solved.gap, risk), layout.sites, "agrees" if not faults else "differs")
    curve = [step for step in steps if not step.goal] + [Moment(wall + took[0], cpu + took[1], solved.objective, solved.bound)]
    near = [step for step in curve if 0 < step.bound < math.inf and step.bound >= (1 - ONE_PER_CENT) * step.value]
    reached[name] = Reached(len(problem.options), *((near[0].wall - wall, near[0].cpu - cpu) if near else (math.inf, math.inf)))
    for moment, spent, value, bound, _ in steps:
        gap = f"  gap {100 * (1 - bound / value):.2f} %" if 0 < bound < value < math.inf else ""
        print(
            f"    after {moment - wall:8.1f} s, {spent - cpu:8.1f} CPU s: value {value:18,.2f}  bound {bound:18,.2f}{gap}", file=sys.stderr
        )
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        packed = {"method": "gzip", "mtime": 0}
        layout.sites[["form", "bands", "new_beds", "buses"]].to_csv(out / f"{name}-sites.csv.gz", compression=packed)
        layout.assignment[[*KEY, "pupils"]].to_csv(out / f"{name}-trips.csv.gz", index=False, compression=packed)
    return faults


@contextlib.contextmanager
def _watched() -> Iterator[list[Moment]]:
    """Note (moment, CPU s, value, bound) whenever the search has reached something."""
    steps: list[Moment] = []
    known = [math.inf, -math.inf]

    def note(value: float, bound: float, *, goal: bool = False) -> None:
        if not goal:
            known[:] = min(known[0], value), max(known[1], bound)
            value, bound = known
        steps.append(Moment(time.monotonic(), time.process_time(), value, bound, goal))

    def told(plain: Callable[..., Any], tell: Callable[[Any, Any], None]) -> Callable[..., Any]:
        def call(*given: object, **more: object) -> object:
            reached = plain(*given, **more)
            if reached is not None:
                tell(given, reached)
            return reached

        return call

    watched = (
        (linear.LinearSolver, "minimise", lambda _, stage: note(stage.value, stage.bound, goal=True)),
        (large, "relax", lambda _, relaxed: note(math.inf, relaxed.bound)),
        (large, "first_plan", lambda given, x: note(given[1].ground.arrays.price(x), -math.inf)),
        (sweeps, "improve_plan", lambda given, x: note(given[0].price(x), -math.inf)),
        (sweeps, "tighten_bound", lambda _, bound: note(math.inf, bound)),
    )
    plain = [getattr(owner, name) for owner, name, _ in watched]
    try:
        for (owner, name, tell), function in zip(watched, plain, strict=True):
            setattr(owner, name, told(function, tell))
        yield steps
    finally:
        for (owner, name, _), function in zip(watched, plain, strict=True):
            setattr(owner, name, function)


def _check_stored(name: str, problem: Problem, folder: Path) -> list[str]:
    sites, trips = (pd.read_csv(folder / f"{name}-{part}.csv.gz", keep_default_na=False) for part in ("sites", "trips"))
    faults, cost, risk = check_plan(problem, sites, trips)
    best = pd.read_csv(folder / "best.csv", index_col="county") if (folder / "best.csv").exists() else pd.DataFrame()
    bound = float(best.at[name, "bound_yuan"]) if name in best.index else math.nan
    _tell(name, problem, (0.0, 0.0, cost, bound, 1 - bound / cost, risk), sites, "agrees" if not faults else "differs")
    return faults


def _tell(name: str, problem: Problem, figures: tuple[float, ...], sites: pd.DataFrame, checked: str) -> None:
    wall, cpu, cost, bound, gap, risk = figures
    closed, memory = int((sites["form"] == "closed").sum()), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    limit = problem.case.scenario.solver.time_limit_s
    print(
        f"| {name} | {len(problem.options):,} | {limit:.0f} | {wall:.1f} | {cpu:.1f} | {cost:,.0f} | {bound:,.0f} | {100 * gap:.2f} |"
        f" {risk:,.1f} | {closed} | {memory:.2f} | {checked} |",
        flush=True,
    )


def check_plan(problem: Problem, sites: pd.DataFrame, trips: pd.DataFrame) -> tuple[list[str], float, float]:
    """Return what is wrong with a plan, its price and its weighted pupils at risk, from the tables and norms alone.

    None of the optimiser's code is used.
    """
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
    by_site, nobody = dict(list(served.groupby("school_id"))), served[:0]
    for site in sites.to_dict("records"):
        cost += _price_site(case, site, by_site.get(site["school_id"], nobody), faults)
    return faults, cost, _judge(problem, sites, trips, faults)


def _judge(problem: Problem, sites: pd.DataFrame, trips: pd.DataFrame, faults: list[str]) -> float:
    """Return the pupils at risk, each weighing 1 and the share by which the way is over its limit; name who is made worse off."""
    known = problem.options
    limits = known.groupby(["band", "mode"])[["limit_s", "limit_m"]].first()
    ways = pd.concat([known, problem.today.assignment])[[*KEY, "seconds", "metres", "pessimistic_s"]].drop_duplicates(KEY)

    def measured(table: pd.DataFrame) -> pd.DataFrame:
        told = table[[*KEY, "pupils"]].merge(ways, on=KEY, how="left").merge(limits, on=["band", "mode"], how="left")
        over = np.maximum(told["seconds"] / told["limit_s"], told["metres"] / told["limit_m"])
        served = told["school_id"] != ""
        late = ~served | ~(over <= 1)
        weight = np.where(served, 1 + np.clip(over - 1, 0, 8), 10.0)
        slow = late | ~(told["pessimistic_s"] <= told["limit_s"])
        return told.assign(late=late, slow=slow, weighted=np.where(late, weight, 0) * told["pupils"])

    plan, today = measured(trips), measured(problem.today.assignment)
    group = ["settlement_id", "band"]
    before = today[today["late"]].groupby(group)["pupils"].sum()
    after = plan[plan["late"]].groupby(group)["pupils"].sum()
    if (after > before.reindex(after.index).fillna(0)).any():
        faults.append("the plan puts pupils at risk who are not today")
    longest = today.groupby(group)["seconds"].max().reindex(pd.MultiIndex.from_frame(plan[group])).to_numpy()
    if (plan["late"] & (plan["seconds"].to_numpy() > longest + 1)).any():
        faults.append("pupils at risk get a longer way than today")
    taught = {(row["school_id"], band) for row in sites.to_dict("records") for band in str(row["bands"]).split(",")}
    lost = [pair not in taught for pair in zip(today["school_id"], today["band"], strict=True)]
    moved = pd.MultiIndex.from_frame(today.loc[lost, group])
    if (plan["slow"] & pd.MultiIndex.from_frame(plan[group]).isin(moved)).any():
        faults.append("a school closes whose pupils then have no safe way on a slow day")
    return float(plan["weighted"].sum())


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
