"""A whole province on one and on two workers: `python benchmarks/bench_province.py [--size small|full] [--plans] [--workers 1 2]`.

For every number of workers the province is worked through from an empty shelf, then once more from the full one. Told are wall seconds,
CPU seconds of all processes, and the most memory: of this process (the driver, and the scheduler, which lives in it), of the largest
worker, and of all at one moment (resident sizes added up, so that shared libraries count for each).

`--kill` kills the driver, then a worker of a local cluster; `--interrupt` works the province through on a scheduler by its address, kills
the scheduler at a third and the driver at two thirds, and compares the end with the undisturbed result, file by file (province_kills.py).

What more workers would do is extrapolated, not measured, by Amdahl's law from the two measured times, T(w) = S + P / w, hence
S = 2 T(2) - T(1) and P = 2 (T(1) - T(2)), and never below the longest single county. S is what one process does alone: naming the counties
(the hash of all their files), handing out, putting the result together. The law knows nothing of a network, of a file server that many
workers read from at once, nor of cores that share their memory; it is the best case. Efficiency of w workers is T(1) / (w T(w)). Other
work on the machine spoils wall seconds: the load at the beginning is printed, and CPU seconds are the steadier figure.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import threading
import time
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from province_kills import files_of, interrupt, kill_local

from layout_planner.demo.province import SIZES, make_province
from layout_planner.output.province_folder import write_province
from layout_planner.output.province_shelf import ProvinceShelf
from layout_planner.province.pool import open_pool
from layout_planner.province.run import run_province
from layout_planner.province.settings import Budget, read_province

if TYPE_CHECKING:
    from layout_planner.province.run import ProvinceRun

MORE_WORKERS = (4, 8, 16, 32)
EVERY_S = 0.25
HEADS = (
    "workers",
    "wall s",
    "CPU s",
    "driver and scheduler MB",
    "largest worker MB",
    "all MB",
    "counties a minute",
    "failed",
    "once more, s",
)


@dataclass
class Watch:
    """Watches this process and its children: the peaks of their memory, and their CPU seconds."""

    all_bytes: int = 0
    own_bytes: int = 0
    child_bytes: int = 0
    cpu_s: dict[int, float] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Look until told to stop."""
        while not self.stop.wait(EVERY_S):
            self.look()

    def look(self) -> None:
        """Take the figures of this moment."""
        sizes = []
        for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
            try:
                sizes.append(process.memory_info().rss)
                spent = process.cpu_times()
                self.cpu_s[process.pid] = spent.user + spent.system
            except psutil.NoSuchProcess:
                continue
        self.all_bytes = max(self.all_bytes, sum(sizes))
        self.own_bytes = max(self.own_bytes, sizes[0])
        self.child_bytes = max(self.child_bytes, *sizes[1:], 0)


def read_words() -> argparse.Namespace:
    """Return the words of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=list(SIZES), default="small")
    parser.add_argument("--counties", type=int, default=None, help="so many counties of that size")
    parser.add_argument("--plans", action="store_true", help="plans under shared budgets too, not only the counties as they are")
    parser.add_argument("--beds", type=int, default=None, help="shared beds, instead of the province's own")
    parser.add_argument("--buses", type=int, default=None, help="shared buses, instead of the province's own")
    parser.add_argument("--extra-yuan", type=float, default=None, help="shared yearly cost beyond today's")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--kill", action="store_true", help="kill the driver and a worker of a local cluster")
    parser.add_argument("--interrupt", action="store_true", help="kill the scheduler and the driver of a cluster by address")
    return parser.parse_args()


def main() -> None:
    """Print the tables."""
    asked = read_words()
    named = ", ".join(f"{name} {metadata.version(name)}" for name in ("distributed", "numpy", "geopandas", "highspy"))
    print(f"Python {platform.python_version()}, {named}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        count, size = SIZES[asked.size]
        count = asked.counties or count
        began = time.monotonic()
        source = make_province(Path(folder) / "data", counties=count, size=size)
        set_budget(source, asked)
        made = f"{count} counties, {count * size.settlements:,} settlements, {count * size.pupils:,} pupils"
        print(f"made: {made}, {time.monotonic() - began:.0f} s")
        told = "trips, risk, plans under shared budgets, borders" if asked.plans else "trips, risk, borders"
        print(f"\nworked out: {told}\n")
        print("| " + " | ".join(HEADS) + " |\n|" + "---|" * len(HEADS), flush=True)
        times, whole = {}, {}
        for workers in asked.workers:
            out = Path(folder) / f"out{workers}"
            times[workers] = measure(source, out, workers, asked)
            whole = files_of(out)
        if {1, 2} <= set(times):
            extrapolate(*times[1], *times[2])
        words = () if asked.plans else ("--today",)
        if asked.kill:
            kill_local(source, count, asked.workers[-1], words, whole)
        if asked.interrupt:
            interrupt(source, count, asked.workers[-1], words, whole)


def set_budget(source: Path, asked: argparse.Namespace) -> None:
    """Write the shared budget that was asked for into the province file."""
    wanted = {"new_beds": asked.beds, "new_buses": asked.buses, "extra_yuan": asked.extra_yuan}
    if any(value is not None for value in wanted.values()):
        limits = read_province(source).budget.limits | {name: value for name, value in wanted.items() if value is not None}
        Budget.model_validate(limits)
        text = source.read_text(encoding="utf-8")
        lines = [line for line in text.splitlines() if not line.startswith(tuple(wanted))]
        at = next(number for number, line in enumerate(lines) if line.startswith("[budget]"))
        lines[at + 1 : at + 1] = [f"{name} = {value:.0f}" for name, value in limits.items()]
        source.write_text("\n".join(lines) + "\n", encoding="utf-8")


def measure(source: Path, out: Path, workers: int, asked: argparse.Namespace) -> tuple[float, float]:
    """Print one row and what came of it, and return the wall seconds and the seconds of the longest county."""
    shelf, watch = ProvinceShelf(out / ".shelf"), Watch()
    watcher = threading.Thread(target=watch.run, daemon=True)
    watcher.start()
    began = time.monotonic()
    with open_pool(workers, None) as pool:
        run = run_province(read_province(source), shelf, pool, today_only=not asked.plans)
        write_province(run, shelf, out, "en")
        wall = time.monotonic() - began
        watch.look()
    watch.stop.set()
    watcher.join()
    again = time.monotonic()
    with open_pool(0, None) as pool:
        same = run_province(read_province(source), shelf, pool, today_only=not asked.plans)
    again = time.monotonic() - again
    assert [part.key for part in same.final.values()] == [part.key for part in run.final.values()]
    count = len(run.today) + len(run.failures)
    sizes = [f"{size / 1e6:,.0f}" for size in (watch.own_bytes, watch.child_bytes, watch.all_bytes)]
    cells = (
        workers,
        f"{wall:.0f}",
        f"{sum(watch.cpu_s.values()):.0f}",
        *sizes,
        f"{60 * count / wall:.1f}",
        len(run.failures),
        f"{again:.1f}",
    )
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)
    if workers == asked.workers[-1]:
        tell_result(run)
    return wall, max(part.facts["seconds"] for part in run.final.values())


def tell_result(run: ProvinceRun) -> None:
    """Print what was found: pupils at risk, crossings, what is shared with its prices."""
    sums = {name: int(sum(part.figures[name] for part in run.today.values())) for name in ("settlements", "schools", "pupils", "at_risk")}
    end = int(sum(part.figures["at_risk"] for part in run.final.values()))
    crossing = int(run.crossings["pupils"].sum()) if len(run.crossings) else 0
    print(
        "\n" + ", ".join(f"{value:,} {name.replace('_', ' ')}" for name, value in sums.items()) + f"; at the end {end:,} at risk,", end=" "
    )
    print(f"of whom {crossing:,} get a place across a border")
    for k, (name, limit) in enumerate(run.province.budget.limits.items()):
        if run.plans:
            used = sum(part.figures[name] for part in run.plans.values())
            prices = ", ".join(f"{done.prices[k]:.6f}" for done in run.rounds)
            print(f"{name}: limit {limit:,.0f}, wished for {run.wishes[name]:,.0f}, used {used:,.0f}; price by round: {prices}")


def extrapolate(one_s: float, longest_s: float, two_s: float, _: float) -> None:
    """Print the efficiency of two workers and what Amdahl's law says of more."""
    serial, shared = max(0.0, 2 * two_s - one_s), 2 * (one_s - two_s)
    print(f"\nserial part S = {serial:.0f} s, shared part P = {shared:.0f} s, longest county {longest_s:.0f} s\n")
    if shared <= 0:
        print("two workers were no quicker than one: the machine was busy, and nothing can be extrapolated")
        return
    print("| workers | s | efficiency | |\n|---|---|---|---|")
    print(f"| 1 | {one_s:.0f} | 100% | measured |\n| 2 | {two_s:.0f} | {one_s / (2 * two_s):.0%} | measured |")
    for workers in MORE_WORKERS:
        seconds = max(serial + shared / workers, longest_s)
        print(f"| {workers} | {seconds:.0f} | {one_s / (workers * seconds):.0%} | extrapolated |")


if __name__ == "__main__":
    main()
