"""The school bus benchmark on a case small enough to solve by hand, and its checker on plans that break a rule each.

Two schools at one place, bells 08:00 and 10:00; each has two stops 29 333 feet (1000 s) to its east, 40 pupils each, 66 seats. Two runs a
school; the buses of 08:00 are back at the stops at 08:17 and can drive the runs of 10:00: two buses in all.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[1] / "benchmarks"
SCHOOLS = "ID\tX\tY\tAMEARLY\tAMLATE\n200001\t0\t0\t800\t830\n200002\t0\t0\t1000\t1030\n"
STOPS = "ID\tX_COORD\tY_COORD\tEP_ID\tSTUDENT_COUNT\n" + "".join(
    f"10000{number}\t29333.3333\t0\t20000{1 + number // 3}\t40\n" for number in (1, 2, 3, 4)
)
ROUTES = "MAX_RIDING_TIME: 2700\nNODE_COORD_SECTION\n0\t0\t0\t0\t0\t0\t0\t0\t0\t0\n" + "".join(
    f"{number}\t0\t0\t0\t40\t0\t0\t20000{1 + number // 3}\t1\t1000\t10000{number}\t\n" for number in (1, 2, 3, 4)
)
TABLE = '"exp_id","benchmark","exp_name","max_riding_time","buses","iter"\n1,"RSRB01","combined",2700.0,3,1\n2,"RSRB01","LBH",2700.0,4,1\n'


@pytest.fixture
def folder(tmp_path):
    for name, text in {
        "input/RSRB01/Schools.txt": SCHOOLS,
        "input/RSRB01/Stops.txt": STOPS,
        "routes/RSRB2700/SBRP_RSRB01.txt": ROUTES,
        "pnas-tableS1.csv": TABLE,
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def bench(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(BENCH / "bench_buses.py"), *options], capture_output=True, text=True, check=False)


def test_two_buses_do_for_two_bells(folder):
    done = bench("--data", str(folder), "--case", "RSRB01", "--limit", "2700", "--sweeps", "1", "--rounds", "50")
    assert done.returncode == 0, done.stderr
    row = next(line for line in done.stdout.splitlines() if line.startswith("| RSRB01"))
    cells = [cell.strip() for cell in row[1:-1].split("|")]
    assert cells[:5] == ["RSRB01", "45", "2", "3", "4"]
    assert cells[-2:] == ["0", "0"]


def test_without_the_files_it_says_so_and_fails_nothing(tmp_path):
    done = bench("--data", str(tmp_path))
    assert done.returncode == 0
    assert "nothing to compare" in done.stderr


@pytest.fixture
def rules(folder, monkeypatch):
    monkeypatch.syspath_prepend(str(BENCH))
    import sbrp_cases
    import sbrp_check

    return sbrp_check, *sbrp_cases.read_case(folder, "RSRB01")


HONEST = [[("200001", ["100001"]), ("200002", ["100003"])], [("200001", ["100002"]), ("200002", ["100004"])]]


@pytest.mark.parametrize(
    ("duties", "limit_s", "said"),
    [
        (HONEST, 2700, ""),
        (HONEST, 999, "s from stop"),
        ([[("200001", ["100001", "100002"])], *HONEST[1:]], 2700, "80 pupils"),
        (HONEST[:1], 2700, "served 0 times"),
        ([*HONEST, [("200001", ["100001"])]], 2700, "served 2 times"),
        ([[("200001", ["100003"]), ("200002", ["100001"])], HONEST[1]], 2700, "not of school"),
        ([[*HONEST[0], *HONEST[1]]], 2700, "late at 200001"),
    ],
)
def test_the_checker_tells_every_broken_rule(rules, duties, limit_s, said):
    check, schools, stops = rules
    faults = check.check_duties(duties, schools, stops, limit_s)
    assert (not faults) == (said == "")
    assert said == "" or any(said in fault for fault in faults)


CVRP = """NAME : tiny
TYPE : CVRP
DIMENSION : 5
EDGE_WEIGHT_TYPE : EUC_2D
CAPACITY : 2
NODE_COORD_SECTION
1 0 0
2 10 0
3 10 1
4 0 10
5 1 10
DEMAND_SECTION
1 0
2 1
3 1
4 1
5 1
DEPOT_SECTION
1
-1
EOF
"""


def test_the_router_solves_a_vehicle_routing_problem_that_can_be_seen(tmp_path):
    """Two pairs of customers ten away: 10 + 1 + 10 (10.05 rounded) each, 42 in all; the solution file says 40, a gap of 5 %."""
    (tmp_path / "tiny.vrp").write_text(CVRP, encoding="utf-8")
    (tmp_path / "tiny.sol").write_text("Route #1: 1 2\nRoute #2: 3 4\nCost 40\n", encoding="utf-8")
    (tmp_path / "other.vrp").write_text(CVRP.replace("CVRP", "VRPB"), encoding="utf-8")
    (tmp_path / "other.sol").write_text("Cost 1\n", encoding="utf-8")
    done = bench("--cvrp", str(tmp_path), "--seconds", "0.1")
    assert done.returncode == 0, done.stderr
    assert "| tiny | 5 | 2 | 42 | 40 | 5.00 |" in done.stdout
    assert "other" not in done.stdout


def test_without_instances_nothing_is_compared(tmp_path):
    done = bench("--cvrp", str(tmp_path))
    assert done.returncode == 0
    assert "nothing to compare" in done.stderr
