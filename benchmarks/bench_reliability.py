"""What was tried to break the program, how often, and what was lost, in one table: `benchmarks/bench_reliability.py [--size cut|full]`.

soak      scenarios one after the other in one process; memory and open files must not grow
kill      SIGKILL at a random moment of run, dossier, province, travel and demand, while a result in one language is replaced by that in the
          other; afterwards every result must be the old one, to the byte, or the new one, and one more run must finish and leave nothing
          beside it
disk full the same verbs where no file may grow beyond some kilobytes, and on a small disk that is really full (where the user may mount
          one); exit code 3, a sentence, no file cut short
read-only places where nobody may write
together  two runs into one folder at once; both must end well and the result be whole
again     other hash seeds, threads and workers; the same bytes
hostile   the tests of files that were made to do harm
fuzz      damaged files of every kind through the readers (tests/fuzz.py), on two cores

`--size full` takes about a quarter of an hour on two quiet cores, `--size cut` two minutes. `--first N` draws other damages.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))  # the fuzzing is part of the tests

from reliability_trials import (
    fill_disks,
    fuzz,
    kill_verbs,
    open_hostile_files,
    refuse_writing,
    repeat_runs,
    run_together,
    soak,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reliability_trials import Row

SIZES = {"cut": (1_800, 2, 15, 1), "full": (40_000, 20, 100, 3)}  # cases, kills of every verb, scenarios, times for all else


def main() -> None:
    """Print the table; exit code 1 when anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=list(SIZES), default="cut")
    parser.add_argument("--cases", type=int, help="damaged files over all kinds")
    parser.add_argument("--kills", type=int, help="kills of every verb")
    parser.add_argument("--soak", type=int, help="scenarios in one process")
    parser.add_argument("--first", type=int, default=0, help="number of the first damaged file of every kind")
    parser.add_argument("--only", nargs="+", help="only these trials: soak, kill, disk, readonly, together, again, hostile, fuzz")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    began = time.monotonic()
    print(f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    print("| tried | times | lost | |\n|---|---|---|---|", flush=True)
    tried = lost = 0
    for name, trial in trials(asked).items():
        for row in trial() if asked.only is None or name in asked.only else ():
            print(row, flush=True)
            tried, lost = tried + row.counted * row.tried, lost + row.counted * row.lost
    print(f"\ntried in all: {tried:,}; lost in all: {lost:,}; {time.monotonic() - began:.0f} s")
    sys.exit(1 if lost else 0)


def trials(asked: argparse.Namespace) -> dict[str, Callable[[], Iterable[Row]]]:
    """Return every trial by its name, in the order of the table."""
    cases, kills, scenarios, times = SIZES[asked.size]
    draw = random.Random(asked.seed)  # noqa: S311 - moments of killing
    return {
        "soak": lambda: [soak(asked.soak or scenarios)],
        "kill": lambda: kill_verbs(asked.kills or kills, draw),
        "disk": lambda: fill_disks(times, draw),
        "readonly": lambda: [refuse_writing()],
        "together": lambda: run_together(times),
        "again": lambda: repeat_runs(times),
        "hostile": lambda: [open_hostile_files()],
        "fuzz": lambda: fuzz(asked.cases or cases, asked.first, lambda text: print(f"    {text}", file=sys.stderr)),
    }


if __name__ == "__main__":
    main()
