"""Small counties with random combinations of all that a scenario may ask: `python -m tests.trials --kind run --first 0 --count 50`.

Every option is well tested alone; here they meet. A county and its options follow from one seed, are written as files and worked through as
by the command line: the plan must end in a result or a sentence, the independent re-check must agree, every pupil must be placed once, the
scenario's limits must be kept, and the order of rows in its tables must not matter. Exit code 1 where a seed fails.
"""

# ruff: noqa: T201  it prints what it tried
from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from layout_planner.errors import InputError, NoPlanError
from layout_planner.frontier import study_frontier, study_pair
from layout_planner.pipeline import run_scenario
from layout_planner.safeguards.verify import verify_layout
from layout_planner.why import answer_why
from layout_planner.years import study_years
from tests.trial_counties import Trial, draw_trial, write_trial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

    from layout_planner.results import Run

PAIRS = (("kept", "yuan"), ("minutes", "yuan"), ("beds", "yuan"), ("minutes", "kept"), ("minutes", "beds"), ("kept", "beds"))
NEAR = 1e-4  # whole pupils may be a little cheaper than shares whose bound is proven


def try_one(seed: int, kind: str, folder: Path) -> tuple[str, list[str]]:
    """Work the trial of `seed` through and return how it ended with everything that is wrong."""
    trial = draw_trial(seed, kind)
    path = write_trial(trial, folder / "given")
    try:
        found = list(CHECKS[kind](trial, path, folder))
    except InputError as error:
        return f"input: {error}", []
    except NoPlanError as error:
        return f"no plan: {error.message.en}", []
    return "ok", found


def _try_run(trial: Trial, path: Path, folder: Path) -> Iterator[str]:
    run = run_scenario(path)
    yield from check_run(run)
    other = run_scenario(write_trial(trial, folder / "turned", turned=True))
    for name, mine, theirs in zip(("trips", "sites", "riders"), _tables(run), _tables(other), strict=True):
        if not mine.equals(theirs):
            yield f"the order of rows matters to {name}"


def _tables(run: Run) -> tuple[pd.DataFrame, ...]:
    return run.plan.assignment, run.plan.sites, run.buses["plan"].riders


def check_run(run: Run) -> Iterator[str]:
    """Yield everything that is wrong with a run."""
    plan, sites, check = run.scenario.plan, run.plan.sites, run.verification
    buses = {} if check.buses is None else {rule: faults for rule, faults in check.buses.faults.items() if faults and rule != "side"}
    yield from (fault.en for fault in check.disagreements)
    yield from (f"buses: {faults[0].en}" for faults in buses.values())
    yield from (fault.en for fault in check.overfull or ())
    placed = run.plan.assignment.groupby(["settlement_id", "band"])["pupils"].sum()
    wanted = {(i, band): int(count) for band in run.demand for i, count in run.demand[band].items() if count}
    if {key: int(count) for key, count in placed.items()} != wanted:
        yield "pupils are lost or made"
    cost, is_open = float(sites["cost_yuan"].sum() + run.plan.assignment["cost_yuan"].sum()), sites["form"] != "closed"
    kept = [j for j in plan.keep if run.today.sites.at[j, "form"] not in {"closed", sites.at[j, "form"]}]
    wrong = {
        "budget": plan.budget_yuan is not None and cost > plan.budget_yuan + 1,
        "capital": plan.capital_yuan is not None and run.measures["plan"]["capital_yuan"] > plan.capital_yuan + 1,
        "beds": sites["new_beds"].sum() > plan.max_new_beds,
        "closed": is_open[list(plan.close)].any(),
        "kept": bool(kept),
        "min_schools": is_open.sum() < plan.min_schools,
        "max_moved": plan.max_moved is not None and run.measures["plan"]["moved"] > plan.max_moved,
        "whole": plan.keep_settlements_whole and run.plan.assignment.duplicated(["settlement_id", "band"]).any(),
        "bound": _is_as_safe(run) and run.solved.bound > run.solved.objective * (1 + NEAR) + 1,
        "gap": not 0 <= run.solved.gap <= 1,
    }
    yield from (f"limit not kept: {name}" for name, broken in wrong.items() if broken)


def _is_as_safe(run: Run) -> bool:
    """Return whether whole pupils are as safe as shares of pupils: the bound counts among such plans, and a riskier one may cost less."""
    terms = run.solved.terms
    return terms.get("at_risk_weighted", 0.0) <= terms.get("at_risk_bound", 0.0) * (1 + NEAR) + NEAR


def _try_years(trial: Trial, path: Path, folder: Path) -> Iterator[str]:
    study, other = study_years(path), study_years(write_trial(trial, folder / "turned", turned=True))
    yield from (fault.en for fault in study.faults)
    for year, again in zip(study.years, other.years, strict=True):
        yield from (f"{year.year}: {fault.en}" for fault in (*year.verification.disagreements, *(year.verification.overfull or ())))
        if not year.plan.layout.assignment.equals(again.plan.layout.assignment):
            yield f"{year.year}: the order of rows matters"
    reached, bounds = study.found.reached, study.found.bounds
    if study.found.as_safe:
        yield from (f"bound of {goal}" for goal in bounds if bounds[goal] > reached[goal] * (1 + NEAR) + 1)


def _try_frontier(trial: Trial, path: Path, _: Path) -> Iterator[str]:
    pair = trial.chance.choice(PAIRS)
    found = study_frontier(path, points=4) if pair == ("kept", "yuan") else study_pair(path, pair, points=4)
    assert found.question is not None
    assert found.ground is not None
    case, ground = found.question.case, found.ground
    for step in found.steps:
        assert step.layout is not None
        assert step.solved is not None
        again = verify_layout(
            case.county, case.scenario, case.norms, step.layout, today=found.question.today,
            tracer=ground.tracer(case.scenario, case.norms, step.layout.fixes), before=ground.tracer(case.scenario, case.norms),
            terms=step.solved.terms,
        )  # fmt: skip
        yield from (f"{pair}, {step.kept} kept: {fault.en}" for fault in (*again.disagreements, *(again.overfull or ())))


def _try_why(trial: Trial, path: Path, _: Path) -> Iterator[str]:
    answer = answer_why(path, trial.chance.choice(trial.schools))
    answer.changes()
    for run in (answer.plan, answer.other):
        yield from () if run is None else check_run(run)


CHECKS: dict[str, Callable[[Trial, Path, Path], Iterator[str]]] = {
    "run": _try_run,
    "years": _try_years,
    "frontier": _try_frontier,
    "why": _try_why,
}


def main() -> int:
    """Try seeds one after another and print how each ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=list(CHECKS), default="run")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=20)
    asked, failed = parser.parse_args(), 0
    for seed in range(asked.first, asked.first + asked.count):
        began = time.process_time()
        with tempfile.TemporaryDirectory() as folder:
            try:
                state, wrong = try_one(seed, asked.kind, Path(folder))
            except Exception:  # noqa: BLE001 - whatever it is, it is a fault of the program
                state, wrong = "lost", [traceback.format_exc()]
        failed += bool(wrong)
        print(
            f"{asked.kind} {seed}: {state[:200]}; {time.process_time() - began:.1f} s; {' '.join(draw_trial(seed, asked.kind).used)}",
            flush=True,
        )
        print("".join(f"    {fault}\n" for fault in wrong), end="", flush=True)
    print(f"{asked.count} tried, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
