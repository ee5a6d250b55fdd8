"""The location benchmark: its readers on files written by hand, and the engine on some published instances where they are at hand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from layout_planner.location import Limits, solve_capacitated_location, solve_capacitated_p_median, solve_p_median

BENCH = Path(__file__).parents[1] / "benchmarks"
DATA = Path(os.environ.get("LAYOUT_PLANNER_BENCH") or Path(__file__).parents[2] / "shared" / "bench")


@pytest.fixture
def cases(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCH))
    import location_cases

    return location_cases


@pytest.fixture
def real():
    if not (DATA / "pmed").is_dir() or not (DATA / "orlib_cap").is_dir():
        pytest.skip(f"no instances of the OR-Library in {DATA}")
    return DATA


def test_medians_are_read(tmp_path, cases):
    # A road 1-2-3 of 5 and 2, the edge 1-3 named twice: the last length, 4, counts. One site: at 3, 4 + 2 = 6.
    (tmp_path / "pmed1.txt").write_text("3 4 1\n1 2 5\n2 3 2\n1 3 9\n3 1 4\n", encoding="utf-8")
    (tmp_path / "pmedopt.txt").write_text("instance optimum\npmed1 6\npmed10 9\n", encoding="utf-8")
    dist, p, optimum = cases.read_medians(tmp_path, 1)
    assert dist.tolist() == [[0, 5, 4], [5, 0, 2], [4, 2, 0]]
    assert (p, optimum) == (1, 6)
    assert solve_p_median(dist, p).value == 6


def test_capacitated_cases_are_read_once_for_every_capacity(tmp_path, cases, monkeypatch):
    monkeypatch.setitem(cases.CAP_DEMAND, "capa", 5)
    (tmp_path / "capa.txt").write_text("2 2\ncapacity 10.\ncapacity 20.\n2\n7 8\n3\n1 9\n", encoding="utf-8")
    (tmp_path / "capopt.txt").write_text("Data file Optimal\ncapa 40 (capacity 3)\n   18 (capacity 5)\n\nNote here\n", encoding="utf-8")
    one, other = cases.read_cap_cases(tmp_path)
    assert (one.name, other.name, one.optimum, other.optimum) == ("capa 3", "capa 5", 40, 18)
    assert one.cost.tolist() == [[7, 8], [1, 9]]
    assert (one.opening.tolist(), one.demand.tolist(), other.capacity.tolist()) == ([10, 20], [2, 3], [5, 5])
    # Capacity 5: all from the first site, 10 + 7 + 1 = 18. Capacity 3: both open, 30 + 8 + 1 = 39.
    assert solve_capacitated_location(other.cost, other.opening, other.demand, other.capacity).value == pytest.approx(18)
    assert solve_capacitated_location(one.cost, one.opening, one.demand, one.capacity).value == pytest.approx(39)


def test_altered_copies_are_refused(tmp_path, cases):
    (tmp_path / "cap41.txt").write_text("1 1\n10 0.\n4\n7\n", encoding="utf-8")
    (tmp_path / "capopt.txt").write_text("Data file\ncap41 7\n", encoding="utf-8")
    with pytest.raises(ValueError, match="altered copy: its customers need 4"):
        cases.read_cap_cases(tmp_path)


def test_without_the_files_it_says_so_and_fails_nothing(tmp_path):
    done = subprocess.run(
        [sys.executable, str(BENCH / "bench_location.py"), "--data", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "nothing to solve" in done.stderr


@pytest.mark.parametrize("number", [1, 2, 6, 8, 10, 12, 15, 20])
def test_published_medians_are_proven(real, cases, number):
    dist, p, optimum = cases.read_medians(real / "pmed", number)
    found = solve_p_median(dist, p)
    assert (found.value, found.bound, found.proven) == (optimum, optimum, True)


def test_published_capacitated_optima_are_proven(real, cases):
    chosen = [case for case in cases.read_cap_cases(real / "orlib_cap") if case.name in {"cap41", "cap74", "cap92", "cap124", "capa 14000"}]
    assert len(chosen) == 5
    for case in chosen:
        found = solve_capacitated_location(case.cost, case.opening, case.demand, case.capacity)
        assert found.value == pytest.approx(case.optimum, rel=1e-8)
        assert found.proven


def test_whole_customers_cost_at_least_what_split_ones_do(real, cases):
    case = next(case for case in cases.read_cap_cases(real / "orlib_cap") if case.name == "cap64")
    found = solve_capacitated_location(case.cost, case.opening, case.demand, case.capacity, whole=True)
    assert found.proven
    assert found.value > case.optimum
    dist, p, optimum = cases.read_medians(real / "pmed", 1)
    demand = cases.draw_demand(1, len(dist))
    full = solve_capacitated_p_median(dist, p, demand, np.full(len(dist), np.ceil(demand.sum() / (0.85 * p))), limits=Limits(gap=0.01))
    assert full.bound >= optimum * 0.99
    assert full.gap <= 0.01
