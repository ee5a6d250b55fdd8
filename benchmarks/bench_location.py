"""Classic location problems, each proven: `python benchmarks/bench_location.py --data FOLDER [--only medians,peers,cap,large,whole]`.

FOLDER holds `pmed/` and `orlib_cap/` of the OR-Library. Beside us, in the same run, spopt builds and solves pmed10, 20 and 30 with CBC.
Optima are the published ones: they are compared with, never used. Whole customers have no published optima here; their certified gap is
told. Capacitated p-medians: pmed graphs, demands of 1 to 20 from a seed, every site holds ceil(demand / (0.85 p)). One thread; wall and
CPU seconds are told, since other work on the machine makes them differ.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from location_cases import CapCase, draw_demand, read_cap_cases, read_medians

from layout_planner.location import Limits, solve_capacitated_location, solve_capacitated_p_median, solve_p_median

if TYPE_CHECKING:
    from collections.abc import Callable

    from layout_planner.location import Located

PEERED = (10, 20, 30)
WHOLE_MEDIANS = (1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 16, 17)
RATIO, LARGE_GAP, SMALL_TOTAL_S, LARGE_S = 30.0, 0.002, 10.0, 10.0
TIGHT = 0.85


def main() -> int:
    """Run what is asked for and print tables; 1 where something promised is not kept."""
    parts = {"medians": run_medians, "peers": run_peers, "cap": run_small, "large": run_large, "whole": run_whole}
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--data", type=Path, required=True, help="folder with pmed/ and orlib_cap/")
    asked.add_argument("--only", default=",".join(parts), help="parts, with commas: " + ", ".join(parts))
    asked.add_argument("--limit", type=float, default=LARGE_S, help="seconds for a case with whole customers")
    options = asked.parse_args()
    if not ((options.data / "pmed").is_dir() and (options.data / "orlib_cap").is_dir()):
        print(f"no pmed/ and orlib_cap/ in {options.data}: nothing to solve", file=sys.stderr)
        return 0
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("numpy", "scipy", "highspy", "pulp"))
    print(
        f"{platform.platform()}, {platform.processor() or platform.machine()}, one thread; Python {platform.python_version()}, {versions}"
    )
    kept = [parts[name](options) for name in options.only.split(",")]
    return 0 if all(kept) else 1


def run_medians(options: argparse.Namespace) -> bool:
    """Prove all p-medians."""
    _head("p-median | nodes | p | published")
    kept, seconds = True, np.zeros(2)
    for number in range(1, 41):
        dist, p, optimum = read_medians(options.data / "pmed", number)
        found, took = _time(lambda dist=dist, p=p: solve_p_median(dist, p))
        kept &= found.proven and found.value == optimum
        seconds += took
        print(f"| pmed{number} | {len(dist)} | {p} | {optimum} | {_tell(found, took)}", flush=True)
    print(f"| total | | | | | | | {'all' if kept else 'NOT ALL'} | {seconds[0]:.1f} | {seconds[1]:.1f} |")
    return bool(kept)


def run_peers(options: argparse.Namespace) -> bool:
    """Put the same question to spopt with CBC."""
    try:
        from pulp import PULP_CBC_CMD
        from spopt.locate import PMedian
    except ImportError as missing:
        print(f"\n{missing}: no peer to compare with")
        return True
    print(f"\nbeside spopt {metadata.version('spopt')} with CBC of PuLP, build and solve")
    print("| instance | spopt value | build s | solve s | ours | s | times faster |\n|---|---|---|---|---|---|---|")
    kept = True
    for number in PEERED:
        dist, p, optimum = read_medians(options.data / "pmed", number)
        ones = np.ones(len(dist))
        model, built = _time(lambda dist=dist, p=p, ones=ones: PMedian.from_cost_matrix(dist, ones, p_facilities=p))
        _, solved = _time(lambda model=model: model.solve(PULP_CBC_CMD(msg=False)))
        found, took = _time(lambda dist=dist, p=p: solve_p_median(dist, p))
        ratio = (built[0] + solved[0]) / took[0]
        kept &= ratio >= RATIO and found.value == optimum and found.proven
        theirs = model.problem.objective.value()
        print(
            f"| pmed{number} | {theirs:g} | {built[0]:.2f} | {solved[0]:.2f} | {found.value:g} | {took[0]:.3f} | {ratio:.0f} |", flush=True
        )
    return bool(kept)


def run_small(options: argparse.Namespace) -> bool:
    """Prove cap41 to cap134."""
    cases = [case for case in read_cap_cases(options.data / "orlib_cap") if len(case.cost) < 1000]
    return _run_cap(cases, Limits(), SMALL_TOTAL_S)


def run_large(options: argparse.Namespace) -> bool:
    """Find the optimum of capa, capb and capc, in ten seconds each."""
    cases = [case for case in read_cap_cases(options.data / "orlib_cap") if len(case.cost) >= 1000]
    return _run_cap(cases, Limits(time_limit_s=LARGE_S), LARGE_S * len(cases))


def _run_cap(cases: list[CapCase], limits: Limits, most_s: float) -> bool:
    _head("capacitated, split | customers | sites | published")
    kept, seconds = True, np.zeros(2)
    for case in cases:
        found, took = _time(
            lambda case=case: solve_capacitated_location(case.cost, case.opening, case.demand, case.capacity, limits=limits)
        )
        seconds += took
        kept &= abs(found.value - case.optimum) < 1e-8 * case.optimum and (found.proven or found.gap <= LARGE_GAP)
        print(f"| {case.name} | {len(case.cost)} | {len(case.opening)} | {case.optimum:.3f} | {_tell(found, took)}", flush=True)
    print(f"| total | | | | | | | {'all' if kept else 'NOT ALL'} | {seconds[0]:.1f} | {seconds[1]:.1f} |")
    return bool(kept and seconds[0] <= most_s)


def run_whole(options: argparse.Namespace) -> bool:
    """Serve every customer from one site, with a certified gap."""
    _head("whole customers | customers | sites | split optimum")
    limits = Limits(time_limit_s=options.limit)
    kept = True
    for case in read_cap_cases(options.data / "orlib_cap"):
        where = f"| {case.name} | {len(case.cost)} | {len(case.opening)} | {case.optimum:.3f} | "
        if case.demand.max() > case.capacity.max():
            print(f"{where}a customer needs {case.demand.max():g}, no site holds more than {case.capacity.max():g} | | | | | |")
            continue
        found, took = _time(
            lambda case=case: solve_capacitated_location(case.cost, case.opening, case.demand, case.capacity, whole=True, limits=limits)
        )
        kept &= np.isfinite(found.gap)
        print(where + _tell(found, took), flush=True)
    for number in WHOLE_MEDIANS:
        dist, p, _ = read_medians(options.data / "pmed", number)
        demand = draw_demand(number, len(dist))
        capacity = np.full(len(dist), np.ceil(demand.sum() / (TIGHT * p)))
        found, took = _time(
            lambda dist=dist, p=p, demand=demand, capacity=capacity: solve_capacitated_p_median(dist, p, demand, capacity, limits=limits)
        )
        kept &= np.isfinite(found.gap)
        print(f"| pmed{number}, p {p}, capacity {capacity[0]:g} | {len(dist)} | {len(dist)} | | " + _tell(found, took), flush=True)
    return bool(kept)


def _head(case: str) -> None:
    print(f"\n| {case} | ours | bound | gap | proven | s | CPU s |\n{'|---' * 10}|")


def _time(ask: Callable[[], Any]) -> tuple[Any, tuple[float, float]]:
    """Return what `ask` gives and the wall and CPU seconds that it took."""
    started = time.perf_counter(), time.process_time()
    found = ask()
    return found, (time.perf_counter() - started[0], time.process_time() - started[1])


def _tell(found: Located, took: tuple[float, float]) -> str:
    shown = ("{:.0f}" if found.value == round(found.value) else "{:.3f}").format(found.value)
    gap, proven = f"{100 * found.gap:.4f} %", "yes" if found.proven else "no"
    return f"{shown} | {found.bound:.3f} | {gap} | {proven} | {took[0]:.2f} | {took[1]:.2f} |"


if __name__ == "__main__":
    sys.exit(main())
