"""School buses needed in the cases of Park, Tae & Kim: `python benchmarks/bench_buses.py --data FOLDER [--jobs 2] [--case RSRB01]`.

Sixteen sets of stops under two ride limits, beside the published numbers of Bertsimas, Delarue & Martin (PNAS 2019) and of the
location-based heuristic. Every plan is checked by sbrp_check.py, which shares no code with the router; so are the published runs. The
search counts sweeps and iterations, never seconds, so that a seed gives the same buses everywhere, on any number of jobs. It goes on for
as long as sweeps still save buses. CPU seconds are told.

`--cvrp FOLDER` runs the same router on CVRP instances (VRPLIB files with their `.sol`) instead: a table of gaps, see cvrp_cases.py.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from cvrp_cases import run_cvrp
from sbrp_cases import HEURISTIC, LIMITS_S, PUBLISHED, SEATS, SETS, make_bells, read_case, read_published, read_published_runs
from sbrp_check import check_duties, check_trips

from layout_planner.buses.fewest import fewest_buses

if TYPE_CHECKING:
    from layout_planner.buses.fewest import Fleet

    Trip = tuple[str, list[str]]


def main() -> int:
    """Run the cases asked for and print a table; 1 when a plan breaks a rule."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--data", type=Path, default=Path("../shared/bench/sbrp_park_tae_kim"), help="folder of the cases")
    asked.add_argument("--cvrp", type=Path, help="folder with CVRP instances: run these instead")
    asked.add_argument("--seconds", type=float, default=30.0, help="CPU seconds an instance of --cvrp may take")
    asked.add_argument("--sweeps", type=int, default=40, help="how often every school is routed anew, at most")
    asked.add_argument("--patience", type=int, default=8, help="sweeps without a bus less after which a case ends")
    asked.add_argument("--rounds", type=int, default=80, help="iterations of each routing")
    asked.add_argument("--jobs", type=int, default=2, help="cases at one time")
    asked.add_argument("--seed", type=int, default=7)
    asked.add_argument("--case", action="append", choices=SETS, help="only these sets")
    asked.add_argument("--limit", type=int, action="append", choices=LIMITS_S, help="only this ride limit, seconds")
    options = asked.parse_args()
    if options.cvrp is not None:
        return run_cvrp(options.cvrp, options.seconds, options.seed)
    if not (options.data / "pnas-tableS1.csv").is_file():
        print(f"no case files in {options.data}: nothing to compare", file=sys.stderr)
        return 0
    print(f"{platform.platform()}, {platform.processor() or platform.machine()}, {options.jobs} jobs of one thread; ", end="")
    print(f"Python {platform.python_version()}, pyvrp {metadata.version('pyvrp')}, numpy {metadata.version('numpy')}; ", end="")
    print(f"at most {options.sweeps} sweeps of {options.rounds} iterations, patience {options.patience}, seed {options.seed}")
    print(f"| set | limit min | ours | {PUBLISHED} | {HEURISTIC} | CPU s | wall s | our faults | faults of published runs |", flush=True)
    print("|---|---|---|---|---|---|---|---|---|")
    published, total = read_published(options.data), [0, 0, 0, 0.0, 0]
    asked_for = [(name, limit_s) for limit_s in options.limit or LIMITS_S for name in options.case or SETS]
    begun = time.perf_counter()
    with ProcessPoolExecutor(max(1, options.jobs)) as pool:
        rows = pool.map(partial(_run_case, options), *zip(*asked_for, strict=True))
        for (name, limit_s), row in zip(asked_for, rows, strict=True):
            theirs = published[name, limit_s]
            cells = (row[0], theirs[PUBLISHED], theirs[HEURISTIC], row[1], row[3])
            total = [sum_ + cell for sum_, cell in zip(total, cells, strict=True)]
            print(
                f"| {name} | {limit_s // 60} | {row[0]} | {theirs[PUBLISHED]} | {theirs[HEURISTIC]} | {row[1]:.0f} | {row[2]:.0f} "
                f"| {row[3]} | {row[4]} |",
                flush=True,
            )
    wall_s = time.perf_counter() - begun
    print(f"| total | | {total[0]} | {total[1]} | {total[2]} | {total[3]:.0f} | {wall_s:.0f} | {total[4]} | |")
    return 1 if total[4] else 0


def _run_case(options: argparse.Namespace, name: str, limit_s: int) -> tuple[int, float, float, int, int]:
    """Return buses, CPU and wall seconds, faults of our duties, faults of the published runs."""
    schools, stops = read_case(options.data, name)
    cpu, wall = time.process_time(), time.perf_counter()
    bells, names = make_bells(schools, stops, limit_s)
    fleet = fewest_buses(bells, SEATS, sweeps=options.sweeps, rounds=options.rounds, seed=options.seed, patience=options.patience)
    spent = time.process_time() - cpu, time.perf_counter() - wall
    duties = _duties(fleet, list(schools), names)
    faults = check_duties(duties, schools, stops, limit_s)
    for fault in faults[:5]:
        print(f"{name} {limit_s}: {fault}", file=sys.stderr)
    theirs = check_trips(read_published_runs(options.data, name, limit_s), schools, stops, limit_s)
    return len(duties), *spent, len(faults), len(theirs)


def _duties(fleet: Fleet, schools: list[str], names: list[list[str]]) -> list[list[Trip]]:
    """Return the trips of every bus in the order of driving."""
    runs = [(school, run) for school, of_school in enumerate(fleet.runs) for run in of_school]
    trips = [(schools[school], [names[school][choice] for choice in run.choices]) for school, run in runs]
    idle: dict[int, list[int]] = {}
    for number, (school, _) in enumerate(runs):
        idle.setdefault(school, []).append(number)
    after = {idle[int(before)].pop(): run for run, before in enumerate(fleet.matching.before) if before >= 0}
    duties = []
    for first in (run for run, before in enumerate(fleet.matching.before) if before < 0):
        duty, run = [trips[first]], first
        while run in after:
            run = after[run]
            duty.append(trips[run])
        duties.append(duty)
    return duties


if __name__ == "__main__":
    sys.exit(main())
