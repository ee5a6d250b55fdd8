"""What a province loses when its driver, its scheduler or one of its workers is killed; used by `bench_province.py`.

Each trial starts the command line on an empty shelf, kills a process (SIGKILL) on the way, starts the same command again, and compares
every file of the result with that of a run that nobody disturbed.
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
HEADS = ("killed", "counties", "kept then", "driver ended after, s", "exit", "left running", "found again", "second run, s", "same")


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


def interrupt(source: Path, counties: int, workers: int, words: tuple[str, ...], whole: dict[str, bytes] | None) -> None:
    """Work a province through on a scheduler by address; kill the scheduler at a third and the driver at two thirds, and go on each time.

    whole : the files of an undisturbed result, to compare with; the undisturbed run is made here when None.
    """
    print("\nthe same province on `dask scheduler` and `dask worker`, by its address; the scheduler is killed at a third of the counties,")
    print("the driver at two thirds; the same command again each time\n")
    print("| stage | results kept when it began | when killed | when it ended | s | exit | said |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        place = Path(folder)
        if whole is None:
            start(source, place / "whole", "--workers", str(workers), *words).communicate()
            whole = files_of(place / "whole")
        out = place / "out"
        with Cluster(place / "cluster1", workers) as cluster:
            stage("scheduler killed", source, out, cluster, words, counties // 3, lambda _: cluster.scheduler.send_signal(signal.SIGKILL))
        cluster = stack.enter_context(Cluster(place / "cluster2", workers))
        stage("driver killed", source, out, cluster, words, counties // 3, lambda driver: driver.send_signal(signal.SIGKILL))
        stage("undisturbed", source, out, cluster, words, None, None)
        same = sum(content == whole.get(name) for name, content in files_of(out).items())
        print(f"\nfiles equal to those of an undisturbed run: {same} of {len(whole)}; counties worked out twice: at most {2 * workers}")


def stage(
    name: str,
    source: Path,
    out: Path,
    cluster: Cluster,
    words: tuple[str, ...],
    count: int | None,
    kill: Callable[[subprocess.Popen[str]], None] | None,
) -> None:
    """Run the command line on a cluster, kill something when `count` results are kept, and print what became of it."""
    before, began = count_kept(out), time.monotonic()
    driver = start(source, out, "--scheduler", cluster.address, *words)
    killed = ""
    if count is not None and kill is not None:
        until(lambda: count_kept(out) >= before + count or driver.poll() is not None, 3 * PATIENCE_S)
        killed = str(count_kept(out))
        kill(driver)
    _, said = driver.communicate(timeout=3 * PATIENCE_S)
    sentence = said.strip().splitlines()[-1][:120] if said.strip() and driver.returncode > 0 else ""
    row = (name, before, killed, count_kept(out), f"{time.monotonic() - began:.0f}", driver.returncode, sentence)
    print("| " + " | ".join(map(str, row)) + " |", flush=True)


def kill_local(source: Path, counties: int, workers: int, words: tuple[str, ...], whole: dict[str, bytes]) -> None:
    """Kill the driver and a worker of a local cluster, and print a line for each."""
    print("\n| " + " | ".join(HEADS) + " |\n|" + "---|" * len(HEADS))
    with tempfile.TemporaryDirectory() as folder:
        for victim in ("driver", "worker"):
            row = kill_once(victim, (source, Path(folder) / victim), counties, workers, words, whole)
            print("| " + " | ".join(map(str, row)) + " |", flush=True)


def kill_once(
    victim: str, where: tuple[Path, Path], counties: int, workers: int, words: tuple[str, ...], whole: dict[str, bytes]
) -> tuple[object, ...]:
    """Kill `victim` on the way and return the cells of its line."""
    source, out = where
    pool = ("--workers", str(workers))
    driver = start(source, out, *pool, *words)
    until(lambda: count_kept(out) >= counties // 3 or driver.poll() is not None)
    family = psutil.Process(driver.pid).children(recursive=True)
    kept, killed_at = count_kept(out), time.monotonic()
    workers_of = [child for child in family if "spawn_main" in " ".join(child.cmdline())]
    os.kill(driver.pid if victim == "driver" else workers_of[0].pid, signal.SIGKILL)
    driver.communicate(timeout=PATIENCE_S)
    ended, left, there, began = time.monotonic() - killed_at, still_running(family), count_kept(out), time.monotonic()
    again = start(source, out, *pool, *words)
    told = json.loads(again.communicate()[0])
    same = "yes" if files_of(out) == whole else "NO"
    found = f"{told['reused']} of {there}"
    return (victim, counties, kept, f"{ended:.0f}", driver.returncode, left, found, f"{time.monotonic() - began:.0f}", same)


def still_running(family: list[psutil.Process], patience_s: float = 60.0) -> int:
    """Return how many of the driver's workers outlive it by a minute."""

    def running() -> int:
        return sum(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in family)

    with suppress(TimeoutError, psutil.NoSuchProcess):
        until(lambda: not running(), patience_s)
        return 0
    return sum(process.is_running() for process in family)
