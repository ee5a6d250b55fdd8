"""Ctrl-C in a search: the first one leaves the best plan so far with its gap, the second one ends everything."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from pathlib import Path

import highspy
import numpy as np
import pytest
from click.testing import CliRunner

from layout_planner import clock, highs
from layout_planner.cli import main
from layout_planner.clock import Clock, interruptible, is_interrupted, now, seconds_until
from layout_planner.errors import NoPlanError
from layout_planner.highs import silent_highs
from layout_planner.plan import solve as solving
from layout_planner.plan.ended import note_certificate
from layout_planner.plan.frontier import trace_frontier
from layout_planner.plan.linear import ContradictionError
from layout_planner.plan.years import plan_years
from layout_planner.repair import study_repair
from layout_planner.sweep import NOT_REACHED, sweep_plans
from layout_planner.words import say_nothing
from tests.test_large import hold_against_checker, make_township
from tests.test_plan_properties import make_case, solve
from tests.test_years import span, terms_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the tests send themselves signals as POSIX does")
TINY = Path(__file__).parent / "data" / "tiny" / "scenario.toml"


def press() -> None:
    """Press Ctrl-C: the signal goes to the process, as from a keyboard."""
    os.kill(os.getpid(), signal.SIGINT)


def press_while_solving(monkeypatch: pytest.MonkeyPatch, at: set[int]) -> list[int]:
    """Press Ctrl-C at some of the moments at which HiGHS, in whatever thread, asks whether to go on; return the moments as they come."""
    asked: list[int] = []
    look = highs._Watch.look

    def looked(self, event):
        asked.append(len(asked))
        if asked[-1] in at:
            press()
        look(self, event)

    monkeypatch.setattr(highs._Watch, "look", looked)
    return asked


@pytest.fixture(autouse=True)
def nothing_is_left():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has what it starts in the background ignore Ctrl-C
    yield
    left = signal.signal(signal.SIGINT, before)
    assert left is signal.default_int_handler
    assert not clock.presses()


@pytest.fixture(scope="module")
def township():
    return make_township()


# ---- the clock


def test_ctrl_c_puts_the_clock_past_every_deadline_and_lets_it_run_faster():
    told = []
    before = Clock.start(600)
    assert 599 < before.left_s() <= 600
    with interruptible(lambda: told.append(1)):
        press()
        assert is_interrupted()
        assert before.left_s() < 0
        assert seconds_until(before.at(1.0)) < 0
        assert now() > before.at(1.0)
        after = Clock.start(600)
        assert 19 < seconds_until(after.at(1.0)) <= 600 / clock.HURRY  # what must still follow has a thirtieth of its time
        assert 0 <= before.seconds() < 60  # how long it took is told in true seconds
    assert not is_interrupted()
    assert abs(now() - time.monotonic()) < 1
    for _ in range(100):
        if told:
            break
        time.sleep(0.01)
    assert told == [1]


def test_the_second_ctrl_c_ends_all():
    with interruptible():
        press()
        with pytest.raises(KeyboardInterrupt):
            press()
    with pytest.raises(KeyboardInterrupt):
        press()


def test_a_search_within_a_search_is_ended_with_it():
    with interruptible():
        with interruptible():
            press()
        assert is_interrupted()


def test_who_has_taken_ctrl_c_keeps_it():
    heard = []
    kept = signal.signal(signal.SIGINT, lambda *_: heard.append(1))
    try:
        with interruptible():
            press()
            assert not is_interrupted()
        with clock.held():
            press()
            assert heard == [1]  # not while what must not be broken goes on
        assert heard == [1, 1]
    finally:
        signal.signal(signal.SIGINT, kept)


def test_where_ctrl_c_is_ignored_it_stays_so():
    kept = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interruptible(), clock.held():
            press()
            assert not is_interrupted()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, kept)


# ---- the solver


def hard_program(solver: highspy.Highs) -> None:
    """Give `solver` a programme that takes it minutes: twenty rows of sixty whole numbers that share nothing."""
    rng = np.random.default_rng(7)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = 60, 20
    lp.col_cost_ = -rng.integers(50, 100, 60).astype(float)
    lp.col_lower_, lp.col_upper_ = np.zeros(60), np.ones(60)
    lp.row_lower_, lp.row_upper_ = np.full(20, -np.inf), np.full(20, 800.0)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.arange(0, 1201, 60, dtype=np.int32)
    lp.a_matrix_.index_ = np.tile(np.arange(60, dtype=np.int32), 20)
    lp.a_matrix_.value_ = rng.integers(10, 90, 1200).astype(float)
    lp.integrality_ = [highspy.HighsVarType.kInteger] * 60
    solver.passModel(lp)


def quiet(threads: int) -> highspy.Highs:
    solver = silent_highs()
    for option, value in (("threads", threads), ("parallel", "on" if threads > 1 else "off"), ("mip_max_nodes", 50)):
        solver.setOptionValue(option, value)
    return solver


def test_a_run_ends_with_what_it_has_and_the_next_one_is_a_run_again(monkeypatch):
    asked = press_while_solving(monkeypatch, {40})
    solver = quiet(1)
    hard_program(solver)
    with interruptible():
        solver.run()
        assert is_interrupted()
        assert solver.getModelStatus() == highspy.HighsModelStatus.kInterrupt
        assert len(asked) < 60
        solver.run()
        assert solver.getModelStatus() != highspy.HighsModelStatus.kInterrupt
    assert len(asked) > 60


def test_ctrl_c_outside_a_search_comes_after_the_run(monkeypatch):
    press_while_solving(monkeypatch, {40})
    solver = quiet(1)
    hard_program(solver)
    with pytest.raises(KeyboardInterrupt):
        solver.run()
    assert solver.getModelStatus() == highspy.HighsModelStatus.kInterrupt


def test_the_second_ctrl_c_ends_all_after_the_run(monkeypatch):
    press_while_solving(monkeypatch, {40, 60})
    solver = quiet(1)
    hard_program(solver)
    with interruptible():
        solver.run()
        assert is_interrupted()
        with pytest.raises(KeyboardInterrupt):
            solver.run()


def test_who_ran_the_solver_with_more_threads_before_does_not_disturb():
    other = highspy.Highs()
    other.silent()
    other.setOptionValue("threads", 2)
    other.setOptionValue("parallel", "on")
    hard_program(other)
    other.setOptionValue("mip_max_nodes", 1)
    getattr(other, "resetThreadScheduler", other.resetGlobalScheduler)(True)  # noqa: FBT003 - tests before have run it with one
    other.run()
    solver = quiet(1)
    hard_program(solver)
    assert highspy.Highs.run(solver) == highspy.HighsStatus.kError  # as HiGHS has it: if this fails, the reset is needless
    assert solver.run() != highspy.HighsStatus.kError
    assert solver.getInfo().primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible


def test_a_solver_without_an_answer_does_not_say_that_demands_contradict(monkeypatch):
    class Silent(highs.Solver):
        def run(self):
            return highspy.HighsStatus.kError

    case = make_case([20, 30], [None, None], np.array([[3.0, 12], [12, 3]]), close=["P0"], move="all")
    monkeypatch.setattr("layout_planner.plan.linear.silent_highs", Silent)
    with pytest.raises(NoPlanError, match="kNotset") as caught:
        solve(case)
    assert not isinstance(caught.value, ContradictionError)


# ---- the search


@pytest.fixture(scope="module")
def looks(township):
    """Return how often HiGHS asks whether to go on while the township is searched by region, and in the general way."""
    problem, counts = township[0], {}
    for by_region in (False, True):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(solving, "LARGE_FROM", 0 if by_region else 10**9)
            asked = press_while_solving(patch, set())
            solving.optimise_layout(problem.case, problem.options, problem.today)
        counts[by_region] = len(asked)
    return counts


@pytest.mark.parametrize("by_region", [False, True])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_ctrl_c_leaves_the_best_plan_so_far_and_its_gap(by_region, share, township, looks, monkeypatch):
    problem = township[0]
    monkeypatch.setattr(solving, "LARGE_FROM", 0 if by_region else 10**9)
    assert looks[by_region] > 10
    press_while_solving(monkeypatch, {int(share * looks[by_region])})
    with interruptible():
        layout, solved = solving.optimise_layout(problem.case, problem.options, problem.today)
        assert is_interrupted()
    hold_against_checker(township, layout, solved)
    assert solved.status in {"interrupted", "optimal within the gap"}
    if share == 0:
        assert solved.status == "interrupted"
        note = note_certificate(solved)[0].text
        assert "interrupted" in note.en
        assert "中断" in note.zh


def press_before_run(monkeypatch: pytest.MonkeyPatch, at: int) -> list[int]:
    """Press Ctrl-C before the solver runs for the time `at`, counted from 0; return the runs as they come."""
    runs: list[int] = []
    run = highs.Solver.run

    def counted(self):
        runs.append(len(runs))
        if runs[-1] == at:
            press()
        return run(self)

    monkeypatch.setattr(highs.Solver, "run", counted)
    return runs


@pytest.mark.parametrize("by_region", [False, True])
@pytest.mark.parametrize("at", [0, 4])
def test_a_frontier_has_the_points_that_were_found(by_region, at, township, monkeypatch):
    problem = township[0]
    monkeypatch.setattr(solving, "LARGE_FROM", 0 if by_region else 10**9)
    press_before_run(monkeypatch, at)
    points = []
    with interruptible(), contextlib.suppress(NoPlanError):  # where there was none before
        points.extend(trace_frontier(problem.case, problem.options, problem.today, 4))
        assert is_interrupted()
    assert len(points) <= 2
    for point in points:
        hold_against_checker(township, point.layout, point.solved)


@pytest.mark.parametrize("at", [0, 3, 8])
def test_every_year_has_a_plan_all_the_same(at, monkeypatch):
    minutes = np.array([[3.0, 12, 40], [12, 3, 25], [40, 25, 3]])
    terms = terms_of([[20, 30, 10], [15, 25, 5], [10, 20, 5]], minutes)
    years = span(terms)
    best = plan_years(terms, years, say_nothing)
    runs = press_before_run(monkeypatch, at)
    with interruptible():
        found = plan_years(terms, years, say_nothing)
        assert is_interrupted()
    assert len(runs) > at
    assert [plan.year for plan in found.years] == [plan.year for plan in best.years]
    assert found.bounds["cost_yuan"] <= best.reached["cost_yuan"] + 1
    for plan, term in zip(found.years, terms, strict=True):
        assert plan.layout.assignment["pupils"].sum() == term.case.demand.to_numpy().sum()


def test_the_command_writes_the_plan_and_says_that_it_was_interrupted(tmp_path, monkeypatch):
    def cut_short(*_given, **_more):
        press()
        raise solving.out_of_time()

    monkeypatch.setattr(solving, "prepare", cut_short)
    done = CliRunner().invoke(main, ["run", str(TINY), "--out", str(tmp_path), "--lang", "en"])
    assert done.exit_code in {0, 5}, done.output
    assert "the search was interrupted: this is the best plan it had; nothing is proven" in " ".join(done.stdout.split())
    [folder] = [path for path in tmp_path.iterdir() if path.is_dir()]
    stored = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert '"status": "interrupted"' in json.dumps(stored)
    assert not stored["verification"]["disagreements"]


def test_a_sweep_tells_which_variants_it_did_not_reach(monkeypatch):
    press_before_run(monkeypatch, 0)
    table = sweep_plans(TINY, {"first": {}, "second": {}})
    assert table["refused"].tolist() == ["", NOT_REACHED]
    assert table.loc["first", "gap"] >= 0


def test_a_repair_is_told_all_the_same(monkeypatch):
    press_before_run(monkeypatch, 0)
    found = study_repair(TINY)
    assert found.refusal is None or found.late
