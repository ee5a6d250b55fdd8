"""The benchmark runs, and what it compares is equal; nothing here looks at time."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

from tests.test_consultation import in_browser

BENCH = Path(__file__).parents[1] / "benchmarks" / "bench_travel.py"


def test_small_benchmark_agrees_with_its_peers():
    done = subprocess.run([sys.executable, str(BENCH), "--size", "small"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = [[cell.strip() for cell in line[1:-1].split("|")] for line in done.stdout.splitlines() if line.startswith("|")]
    engines = {row[0]: row for row in rows if len(row) == 8}
    for name in ("ours, order anew", "ours, order kept", "networkx", "scipy"):
        assert engines[name][-1] == "0", name
    cutoffs = [row for row in rows if len(row) == 10 and row[1] in {"networkx", "scipy"}]
    assert len(cutoffs) == 8
    assert {row[-1] for row in cutoffs} == {"0"}
    assert "max difference to scipy 0 s" in done.stdout


def test_the_checker_prices_the_plan_of_a_township_as_the_solver_does_and_finds_what_is_wrong(tmp_path):
    bench = [sys.executable, str(BENCH.with_name("bench_county.py")), "--size", "township"]
    solved = subprocess.run([*bench, "--out", str(tmp_path)], capture_output=True, text=True, check=False)
    assert solved.returncode == 0, solved.stdout + solved.stderr
    row, growth = ([cell.strip() for cell in line[1:-1].split("|")] for line in solved.stdout.splitlines() if line.startswith("| township"))
    assert float(growth[2]) > 0  # seconds until the gap was 1 %
    assert row[-1] == "agrees"
    assert float(row[7]) <= 1.0
    trips = tmp_path / "township-trips.csv.gz"
    lines = gzip.decompress(trips.read_bytes()).decode().splitlines()
    trips.write_bytes(gzip.compress(("\n".join(lines[:-1]) + "\n").encode()))  # one trip is lost
    checked = subprocess.run([*bench, "--check", str(tmp_path)], capture_output=True, text=True, check=False)
    assert checked.returncode == 1
    assert "not the pupils of the demand" in checked.stdout


def test_a_township_planned_jointly_hurts_nobody_more_and_costs_no_more_than_planned_in_turn():
    bench = [sys.executable, str(BENCH.with_name("bench_joint.py")), "--series", "township"]
    done = subprocess.run(bench, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [[cell.strip() for cell in line[1:-1].split("|")] for line in done.stdout.splitlines()[3:]]
    assert [row[1] for row in rows] == ["jointly", "in turn", "today"]
    joint, in_turn = ((int(row[5]), int(row[6]), int(row[9].replace(",", ""))) for row in rows[:2])
    assert joint <= in_turn


def test_the_frontier_of_a_township_is_told_with_what_is_proven():
    bench = [sys.executable, str(BENCH.with_name("bench_frontier.py")), "--size", "township", "--between", "kept,beds", "--points", "2"]
    done = subprocess.run(bench, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [[cell.strip() for cell in line[1:-1].split("|")] for line in done.stdout.splitlines()[4:]]
    assert [(row[1], row[4], row[6], row[7]) for row in rows] == [("—", "0", "0", "0.00"), ("8.0", "0", "0", "0.00")]
    assert [row[3] for row in rows] == ["6", "8"]


def test_published_plans_of_the_county_series_are_plans():
    bench, folder = BENCH.with_name("bench_county.py"), BENCH.with_name("county_solutions")
    asked = [part for name in ("township", "small", "1500x120") for part in ("--size", name)]
    done = subprocess.run([sys.executable, str(bench), *asked, "--check", str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [[cell.strip() for cell in line[1:-1].split("|")] for line in done.stdout.splitlines() if line.startswith("|")][2:]
    assert [row[-1] for row in rows] == ["agrees"] * 3
    assert all(float(row[7]) <= 1.0 for row in rows)  # the gap to the bound in best.csv


@in_browser
def test_maps_are_drawn_offline_and_plain_folium_is_not():
    bench = BENCH.with_name("bench_maps.py")
    done = subprocess.run(
        [sys.executable, str(bench), "--size", "tiny", "--runs", "1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = {
        cells[0]: cells
        for cells in ([cell.strip() for cell in line[1:-1].split("|")] for line in done.stdout.splitlines()[4:] if "|" in line)
    }
    for name in ("ours, planner's map", "ours, three runs compared", "ours, consultation"):
        assert rows[name][4:6] == ["yes", "0"], name
    for name in ("folium, plain", "folium, tuned"):
        assert rows[name][4] == "no, blank", name
        assert int(rows[name][5]) > 0
