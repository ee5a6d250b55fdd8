"""What was tried to break the program, how often, and what was lost: `benchmarks/bench_reliability.py [--cases N] [--kills N] [--soak N]`.

fuzz      damaged files of every kind through the readers (tests/fuzz.py)
kill      SIGKILL at a random moment of run, travel, demand and province; afterwards every result must be the old one, to the byte, or a new
          whole one, and one more run must finish and leave nothing beside it
disk full the same verbs where no file may grow beyond some kilobytes; exit code 3, a sentence, no file cut short
together  two runs into one folder at once; both must end well and the result be whole
soak      scenarios one after the other in one process; memory and open files must not grow
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
VERBS = {
    "run": ["run", "tests/data/tiny/scenario.toml"],
    "travel": ["travel", "scenarios/base.toml"],
    "demand": ["demand", "scenarios/base.toml", "--years", "2026-2028"],
    "province": ["province", "scenarios/province.toml", "--workers", "0", "--today"],
}
CHANGING = {"timing.json"}  # holds seconds
WARM_UP = 10
MOST_GROWN_MB = 60.0


@dataclass
class Row:
    """One line of the table."""

    what: str
    tried: int
    lost: int
    told: str = ""

    def __str__(self) -> str:
        """Return the line."""
        return f"| {self.what} | {self.tried:,} | {self.lost:,} | {self.told} |"


def start(words: list[str], out: Path, limit: int | None = None) -> subprocess.Popen[str]:
    """Start the command line; with `limit`, no file may grow beyond so many bytes."""

    def lower() -> None:
        if limit is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    command = [sys.executable, "-m", "layout_planner.cli", *words, "--out", str(out), "--lang", "en"]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, preexec_fn=lower)  # noqa: PLW1509


def hash_of(folder: Path) -> dict[str, str]:
    """Return the hash of every visible file."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in CHANGING]
    shown = [path for path in files if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in shown}


def kill_verbs(kills: int, draw: random.Random) -> list[Row]:
    """Kill every verb at random moments."""
    rows = []
    for name, words in VERBS.items():
        with tempfile.TemporaryDirectory() as folder:
            out, lost = Path(folder) / "out", 0
            began = time.monotonic()
            start(words, out).wait()
            whole, seconds = hash_of(out), time.monotonic() - began
            for _ in range(kills):
                process = start(words, out)
                time.sleep(seconds * draw.uniform(0.3, 1.05))
                process.kill()
                process.wait()
                lost += hash_of(out) != whole
            ended = start(words, out).wait()
            lost += ended not in {0, 5} or hash_of(out) != whole
            beside = [path.name for path in out.iterdir() if path.name.startswith(".") and path.name != ".shelf"]
            rows.append(Row(f"SIGKILL during {name}", kills, lost + bool(beside), f"rerun exit {ended}, {len(beside)} leavings"))
    return rows


def fill_disks(draw: random.Random) -> list[Row]:
    """Let no file grow beyond a few kilobytes, a few times for each verb."""
    rows = []
    for name, words in VERBS.items():
        lost, sizes = 0, [draw.randrange(1_000, 60_000) for _ in range(4)]
        for limit in sizes:
            with tempfile.TemporaryDirectory() as folder:
                process = start(words, Path(folder) / "out", limit)
                _, said = process.communicate()
                cut = [path for path in Path(folder).rglob("*") if path.is_file() and path.stat().st_size == limit]
                fine = process.returncode in {0, 5} or (process.returncode == 3 and "cannot write" in said)
                lost += bool(cut) or not fine or "Traceback" in said
        rows.append(Row(f"no room during {name}", len(sizes), lost))
    return rows


def run_together(times: int) -> Row:
    """Let two runs write into one folder at once."""
    lost = 0
    for _ in range(times):
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "out"
            ends = {process.wait() for process in [start(VERBS["run"], out) for _ in range(2)]}
            both = hash_of(out)
            alone = Path(folder) / "alone"
            start(VERBS["run"], alone).wait()
            lost += not ends <= {0, 5} or both != hash_of(alone)
    return Row("two runs into one folder", times, lost)


def soak(scenarios: int) -> Row:
    """Work scenarios in this process and compare memory and open files with those after the first few."""
    from layout_planner.output.run_folder import write_run
    from layout_planner.pipeline import run_scenario

    process, after = psutil.Process(), (0.0, 0)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(scenarios):
            write_run(run_scenario(ROOT / "tests" / "data" / "tiny" / "scenario.toml"), Path(folder), "en")
            if number == WARM_UP:
                after = process.memory_info().rss / 1e6, process.num_fds()
        now = process.memory_info().rss / 1e6, process.num_fds()
    lost = int(now[0] - after[0] > MOST_GROWN_MB) + int(now[1] > after[1])
    return Row(
        "scenarios in one process",
        scenarios,
        lost,
        f"{after[0]:.0f} MB after {WARM_UP}, {now[0]:.0f} MB at the end; {after[1]} open files, then {now[1]}",
    )


def fuzz(cases: int) -> list[Row]:
    """Run the fuzzing and return one row a kind of file."""
    command = [sys.executable, "-m", "tests.fuzz", "--cases", str(cases), "--json"]
    told = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout)
    rows = []
    for kind, counts in told.items():
        lost = sum(count for name, count in counts.items() if name.startswith("lost"))
        rows.append(
            Row(f"damaged {kind}", sum(counts.values()), lost, f"{counts.get('read', 0):,} read, {counts.get('refused', 0):,} refused")
        )
    return rows


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=1_800, help="damaged files over all kinds")
    parser.add_argument("--kills", type=int, default=4, help="kills of every verb")
    parser.add_argument("--soak", type=int, default=30, help="scenarios in one process")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    os.environ["PYTHONPATH"] = str(ROOT)
    draw = random.Random(asked.seed)  # noqa: S311 - moments of killing
    print("| tried | times | lost | |\n|---|---|---|---|", flush=True)
    lost = 0
    for part in (
        lambda: [soak(asked.soak)], lambda: kill_verbs(asked.kills, draw), lambda: fill_disks(draw), lambda: [run_together(3)],
        lambda: fuzz(asked.cases),
    ):  # fmt: skip
        for row in part():
            print(row, flush=True)
            lost += row.lost
    print(f"\nlost in all: {lost}")
    sys.exit(1 if lost else 0)


if __name__ == "__main__":
    main()
