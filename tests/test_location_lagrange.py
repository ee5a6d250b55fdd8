"""The shared subgradient loop against bounds that are known otherwise."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from layout_planner.location.lagrange import Answer, DualRun, Pace, maximise_dual, relative_gap


def cover(costs, rows, needs):
    """min c x, rows x >= needs, x in {0, 1}: the rows are relaxed at prices >= 0; the best bound is that of the linear relaxation."""

    def ask(prices):
        reduced = costs - prices @ rows
        taken = (reduced < 0).astype(float)
        return Answer(float(reduced @ taken + prices @ needs), needs - rows @ taken, taken)

    return ask


def test_by_hand():
    # min 3a + 2b, a + b >= 1: at price u the bound is u + min(0, 3 - u) + min(0, 2 - u), greatest (2) for u from 2 to 3.
    run = maximise_dual(cover(np.array([3.0, 2.0]), np.ones((1, 2)), np.ones(1)), np.zeros(1), value=2.0, box=(0.0, np.inf))
    assert (run.bound, run.value, run.gap) == (2.0, 2.0, 0.0)
    assert 2 <= run.prices[0] <= 3
    assert run.ended in {"gap", "flat"}


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
@example(222_288)  # memory all but cancels a slope
def test_reaches_the_bound_of_the_relaxation_and_never_passes_it(seed):
    rng = np.random.default_rng(seed)
    costs, rows = rng.integers(1, 20, 8).astype(float), rng.integers(0, 2, (5, 8)).astype(float)
    rows[:, 0] = 1
    needs = np.minimum(2.0, rows.sum(axis=1))
    best = linprog(costs, A_ub=-rows, b_ub=-needs, bounds=(0, 1)).fun
    run = maximise_dual(cover(costs, rows, needs), np.zeros(5), value=costs.sum(), box=(0.0, np.inf), pace=Pace(steps=3000))
    assert best * 0.99 - 1e-9 <= run.bound <= best + 1e-9
    assert (run.prices >= 0).all()
    assert ((run.shares >= 0) & (run.shares <= 1)).all()


def toy():
    return cover(np.array([3.0, 2.0, 4.0]), np.array([[1.0, 1, 0], [0, 1, 1], [1, 0, 1]]), np.ones(3))


def test_same_question_same_walk():
    runs = [maximise_dual(toy(), np.zeros(3), value=5.0, box=(0.0, np.inf)) for _ in range(2)]
    assert runs[0].bound == runs[1].bound
    assert runs[0].prices.tolist() == runs[1].prices.tolist()
    assert runs[0].steps == runs[1].steps


def test_repair_gives_the_value_and_the_trace_never_gets_worse():
    values = iter([9.0, 7.0, 8.0, 6.0])
    run = maximise_dual(toy(), np.zeros(3), repair=lambda *_: next(values, 5.0), box=(0.0, np.inf), pace=Pace(steps=50, repair_every=1))
    assert run.value == 5.0
    bounds, known = [row[1] for row in run.trace], [row[2] for row in run.trace]
    assert bounds == sorted(bounds)
    assert known == sorted(known, reverse=True)
    assert run.bound <= 4.5 + 1e-9  # half of every set


def test_stops_where_the_bound_is_good_enough():
    run = maximise_dual(toy(), np.zeros(3), value=5.0, box=(0.0, np.inf), stop_at=lambda value: value - 2)
    assert run.ended == "gap"
    assert run.bound >= 3


def test_keeps_its_time_and_its_steps():
    assert maximise_dual(toy(), np.zeros(3), value=50.0, box=(0.0, np.inf), pace=Pace(steps=7)).steps == 7
    late = maximise_dual(toy(), np.zeros(3), value=50.0, box=(0.0, np.inf), pace=Pace(deadline=time.monotonic()))
    assert (late.steps, late.ended) == (1, "time")
    assert np.isfinite(late.bound)


@pytest.mark.parametrize("at", [1, 4])
def test_ctrl_c_gives_what_is_known(at):
    asked, calls = toy(), []

    def ask(prices):
        calls.append(1)
        if len(calls) == at:
            raise KeyboardInterrupt
        return asked(prices)

    run = maximise_dual(ask, np.zeros(3), value=5.0, box=(0.0, np.inf))
    assert isinstance(run, DualRun)
    assert (run.ended, run.steps) == ("interrupted", at - 1)
    assert np.isfinite(run.bound) == (at > 1)
    assert run.gap == relative_gap(5.0, run.bound)


@pytest.mark.parametrize(("start", "box"), [([np.nan, 0, 0], (0.0, np.inf)), ([-1.0, 0, 0], (0.0, np.inf))])
def test_bad_starts_are_refused(start, box):
    with pytest.raises(ValueError, match="start: prices"):
        maximise_dual(toy(), np.array(start), box=box)


def test_gaps():
    assert relative_gap(100.0, 98.0) == pytest.approx(0.02)
    assert relative_gap(100.0, 101.0) == 0.0
    assert relative_gap(0.0, 0.0) == 0.0
    assert relative_gap(np.inf, 3.0) == np.inf
    assert relative_gap(-50.0, -51.0) == pytest.approx(0.02)
