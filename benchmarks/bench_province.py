"""A whole province on one and on two workers: `python benchmarks/bench_province.py [--size small|full] [--plans] [--workers 1 2]`.

For every number of workers the province is worked through from an empty shelf, then once more from the full one. Told are wall seconds,
CPU seconds of all processes, the peak of their memory added up, and counties a minute. `--kill N` kills a worker (SIGKILL) N times on the
way and tells what was lost. What more workers would do is extrapolated by Amdahl's law from the two measured times, T(w) = S + P / w,
hence S = 2 T(2) - T(1) and P = 2 (T(1) - T(2)); and never below the longest single county. Other work on the machine spoils wall seconds:
the load at the beginning is printed, and CPU seconds are the steadier figure.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import signal
import tempfile
import threading
import time
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

import psutil

from layout_planner.demo.province import SIZES, make_province
from layout_planner.output.province_folder import write_province
from layout_planner.output.province_shelf import ProvinceShelf
from layout_planner.province.pool import open_pool
from layout_planner.province.run import run_province
from layout_planner.province.settings import read_province

MORE_WORKERS = (4, 8, 16, 32)
EVERY_S = 0.25


@dataclass
class Watch:
    """Watches this process and its children: the peak of their memory, and their CPU seconds."""

    peak_bytes: int = 0
    cpu_s: dict[int, float] = field(default_factory=dict)
    killed: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self, kills: int, pause_s: float) -> None:
        """Look until told to stop, and kill a worker `kills` times."""
        due = [time.monotonic() + pause_s * (1 + k) for k in range(kills)]
        while not self.stop.wait(EVERY_S):
            self.look()
            if due and time.monotonic() > due[0]:
                due.pop(0)
                self.killed += kill_one()

    def look(self) -> None:
        """Take the figures of this moment."""
        resident = 0
        for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
            try:
                resident += process.memory_info().rss
                spent = process.cpu_times()
                self.cpu_s[process.pid] = spent.user + spent.system
            except psutil.NoSuchProcess:
                continue
        self.peak_bytes = max(self.peak_bytes, resident)


def kill_one() -> bool:
    """Kill one of the workers, whichever."""
    workers = [child for child in psutil.Process().children(recursive=True) if "spawn_main" in " ".join(child.cmdline())]
    if not workers:
        return False
    victim = random.choice(workers)  # noqa: S311 - any will do
    os.kill(victim.pid, signal.SIGKILL)
    return True


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=list(SIZES), default="small")
    parser.add_argument("--counties", type=int, default=None, help="so many counties of that size")
    parser.add_argument("--plans", action="store_true", help="plans under shared budgets too, not only the counties as they are")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--kill", type=int, default=0, help="workers killed on the way")
    parser.add_argument("--pause", type=float, default=20.0, help="seconds between kills")
    asked = parser.parse_args()
    named = ", ".join(f"{name} {metadata.version(name)}" for name in ("distributed", "numpy", "geopandas", "highspy"))
    print(f"Python {platform.python_version()}, {named}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        count, size = SIZES[asked.size]
        count = asked.counties or count
        began = time.monotonic()
        source = make_province(Path(folder) / "data", counties=count, size=size)
        made = f"{count} counties, {count * size.settlements:,} settlements, {count * size.pupils:,} pupils"
        print(f"made: {made}, {time.monotonic() - began:.0f} s")
        told = "trips, risk, plans under shared budgets, borders" if asked.plans else "trips, risk, borders"
        print(f"\nworked out: {told}\n")
        print("| workers | wall s | CPU s | peak MB | counties a minute | killed | failed | once more, s | at risk today | at the end |")
        print("|---|---|---|---|---|---|---|---|---|---|")
        times = {}
        for workers in asked.workers:
            times[workers] = measure(source, Path(folder) / f"out{workers}", workers, asked)
        if {1, 2} <= set(times):
            extrapolate(*times[1], *times[2])


def measure(source: Path, out: Path, workers: int, asked: argparse.Namespace) -> tuple[float, float]:
    """Print one row and return the wall seconds and the seconds of the longest county."""
    shelf, watch = ProvinceShelf(out / "shelf"), Watch()
    watcher = threading.Thread(target=watch.run, args=(asked.kill, asked.pause), daemon=True)
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
    now, end = (sum(int(part.figures["at_risk"]) for part in parts.values()) for parts in (run.today, run.final))
    figures = (
        f"{workers}", f"{wall:.0f}", f"{sum(watch.cpu_s.values()):.0f}", f"{watch.peak_bytes / 1e6:,.0f}", f"{60 * count / wall:.1f}",
        f"{watch.killed}", f"{len(run.failures)}", f"{again:.1f}", f"{now:,}", f"{end:,}",
    )  # fmt: skip
    print("| " + " | ".join(figures) + " |", flush=True)
    return wall, max(part.facts["seconds"] for part in run.final.values())


def extrapolate(one_s: float, longest_s: float, two_s: float, _: float) -> None:
    """Print the efficiency of two workers and what Amdahl's law says of more."""
    serial, shared = max(0.0, 2 * two_s - one_s), 2 * (one_s - two_s)
    print(f"\nefficiency of 2 workers: {one_s / (2 * two_s):.0%} (T1 {one_s:.0f} s, T2 {two_s:.0f} s); serial part S = {serial:.0f} s")
    if shared <= 0:
        print("two workers were no quicker than one: the machine was busy, and nothing can be extrapolated")
        return
    for workers in MORE_WORKERS:
        print(f"extrapolated, {workers} workers: {max(serial + shared / workers, longest_s):.0f} s (not measured)")


if __name__ == "__main__":
    main()
