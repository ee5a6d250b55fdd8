"""The benchmark runs, and what it compares is equal; nothing here looks at time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).parents[1] / "benchmarks" / "bench_travel.py"


def test_small_benchmark_agrees_with_its_peers():
    done = subprocess.run([sys.executable, str(BENCH), "--size", "small"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = [[cell.strip() for cell in line[1:-1].split("|")] for line in done.stdout.splitlines() if line.startswith("|")]
    engines = {row[0]: row for row in rows if len(row) == 8}
    for name in ("ours, order anew", "ours, order kept", "networkx", "scipy"):
        assert engines[name][-1] == "0", name
    cutoffs = [row for row in rows if len(row) == 8 and row[1] in {"networkx", "scipy"}]
    assert len(cutoffs) == 8
    assert {row[-1] for row in cutoffs} == {"0"}
    assert "max difference to scipy 0 s" in done.stdout
