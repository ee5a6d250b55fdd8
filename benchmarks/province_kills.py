"""What a province loses when its driver, its scheduler or one of its workers is killed; used by `bench_province.py --kills`.

Each trial starts the command line on an empty shelf, kills one process (SIGKILL) as soon as a third of the counties is there, starts the
same command again, and compares every file of the result with that of a run that nobody disturbed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from layout_planner.output.province_shelf import MARK

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY_S = 0.1
PATIENCE_S = 300.0  # for a cluster to stand, and for a driver to notice that its scheduler is gone
HEADS = (
    "killed",
    "counties",
    "on the shelf then",
    "driver ended after, s",
    "exit",
    "said",
    "left running",
    "found again",
    "second run, s",
    "same",
)


class Cluster:
    """A Dask scheduler and workers in processes of their own, as an operator starts them."""

    def __init__(self, place: Path, workers: int) -> None:
        place.mkdir(parents=True, exist_ok=True)
        told = place / "scheduler.json"
        self.log = (place / "log").open("a", encoding="utf-8")
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(told))
        until(told.is_file)
        self.address = json.loads(told.read_text(encoding="utf-8"))["address"]
        words = ("--nthreads", "1", "--no-dashboard", "--death-timeout", "60", "--local-directory", str(place))
        self.workers = [self._start("worker", self.address, *words) for _ in range(workers)]

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", "dask", *words], stdout=self.log, stderr=self.log)

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        for process in (*self.workers, self.scheduler):
            end_tree(process.pid)
            process.wait()
        self.log.close()


def end_tree(pid: int) -> None:
    """End a process that we started and all that it started."""
    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for process in family:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue


def until(holds: Callable[[], bool], patience_s: float = PATIENCE_S) -> float:
    """Wait until `holds` and return how long it took, seconds."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > patience_s:
            raise TimeoutError
        time.sleep(EVERY_S)
    return time.monotonic() - began


def start(source: Path, out: Path, *words: str) -> subprocess.Popen[str]:
    """Start the command line on a province."""
    command = [sys.executable, "-m", "layout_planner.cli", "province", str(source), "--out", str(out), "--lang", "en", "--json", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def count_kept(out: Path) -> int:
    """Return how many results are whole on the shelf."""
    return len(list((out / ".shelf").glob(f"[!.]*/{MARK}")))


def files_of(out: Path) -> dict[str, bytes]:
    """Return all files of the result by name."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and ".shelf" not in path.parts
    }


def kill_trials(source: Path, counties: int, workers: int, words: tuple[str, ...]) -> None:
    """Print one line a trial."""
    print("\n| " + " | ".join(HEADS) + " |\n|" + "---|" * len(HEADS))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        start(source, place / "whole", "--workers", str(workers), *words).communicate()
        whole = files_of(place / "whole")
        for victim in ("driver", "worker", "scheduler", "driver of a remote scheduler"):
            row = kill_once(victim, (source, place / victim.replace(" ", "-")), counties, workers, words, whole)
            print("| " + " | ".join(map(str, row)) + " |", flush=True)


def kill_once(
    victim: str, where: tuple[Path, Path], counties: int, workers: int, words: tuple[str, ...], whole: dict[str, bytes]
) -> tuple[object, ...]:
    """Kill `victim` on the way and return the cells of its line."""
    source, out = where
    with ExitStack() as stack:
        remote = "scheduler" in victim
        cluster = stack.enter_context(Cluster(out.with_name(out.name + "-cluster"), workers)) if remote else None
        pool = ("--scheduler", cluster.address) if cluster else ("--workers", str(workers))
        driver = start(source, out, *pool, *words)
        until(lambda: count_kept(out) >= counties // 3 or driver.poll() is not None)
        family = psutil.Process(driver.pid).children(recursive=True)
        kept, killed_at = count_kept(out), time.monotonic()
        kill_victim(victim, driver, cluster, family)
        _, said = driver.communicate(timeout=PATIENCE_S)
        noticed = time.monotonic() - killed_at
        left = 0 if remote else still_running(family)
    with ExitStack() as stack:
        cluster = stack.enter_context(Cluster(out.with_name(out.name + "-again"), workers)) if remote else None
        pool = ("--scheduler", cluster.address) if cluster else ("--workers", str(workers))
        there, began = count_kept(out), time.monotonic()
        again = start(source, out, *pool, *words)
        told = json.loads(again.communicate()[0])
        seconds = time.monotonic() - began
    same = "yes" if files_of(out) == whole else "NO"
    sentence = said.strip().splitlines()[-1][:60] if said.strip() else ""
    return (
        victim,
        counties,
        kept,
        f"{noticed:.0f}",
        driver.returncode,
        sentence,
        left,
        f"{told['reused']} of {there}",
        f"{seconds:.0f}",
        same,
    )


def kill_victim(victim: str, driver: subprocess.Popen[str], cluster: Cluster | None, family: list[psutil.Process]) -> None:
    """Send SIGKILL to whom the trial is about."""
    if victim == "scheduler" and cluster is not None:
        cluster.scheduler.send_signal(signal.SIGKILL)
    elif victim == "worker":
        workers = [child for child in family if "spawn_main" in " ".join(child.cmdline())]
        os.kill(workers[0].pid, signal.SIGKILL)
    else:
        driver.send_signal(signal.SIGKILL)


def still_running(family: list[psutil.Process], patience_s: float = 60.0) -> int:
    """Return how many of the driver's workers outlive it by a minute."""

    def running() -> int:
        return sum(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in family)

    with suppress(TimeoutError, psutil.NoSuchProcess):
        until(lambda: not running(), patience_s)
        return 0
    return sum(process.is_running() for process in family)
