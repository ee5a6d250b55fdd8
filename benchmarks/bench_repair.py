"""The cheapest repair on counties of growing size: `python benchmarks/bench_repair.py [--size small ...] [--closed N] [--limit SECONDS]`.

Counties are made by county_series.py. The scenario orders N schools closed, spread evenly over the list, and allows no new bed and no new
bus. Told are how long the plan as asked and the repair of it take (wall and CPU), whom the order hurts, what is bought or kept, its price
and the price that no repair is below, by proof.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from county_series import SIZES, make_problem, tell_machine

from layout_planner.output.repair_tables import say_repair
from layout_planner.repair import mend
from layout_planner.sweep import Question

if TYPE_CHECKING:
    from county_series import Size

    from layout_planner.scenario import Scenario
    from layout_planner.words import Words


def main() -> None:
    """Mend every size asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, action="append", help="default: township, small, 1500x120")
    parser.add_argument("--closed", type=int, default=10, help="schools that are ordered closed; half of all at most")
    parser.add_argument("--limit", type=float, help="seconds; the size's own when absent")
    asked = parser.parse_args()
    tell_machine()
    print("| county | options | limit s | asked, wall s | repair, wall s | CPU s | worse off as asked | kept | beds | buses | left |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for name in asked.size or ["township", "small", "1500x120"]:
        mend_county(name, SIZES[name] if asked.limit is None else replace(SIZES[name], limit_s=asked.limit), asked.closed)


def mend_county(name: str, size: Size, closed: int) -> None:
    """Order schools of one county closed, and print what mends it."""
    count = min(closed, size.schools // 2)
    close = tuple(f"P{k * size.schools // count:05d}" for k in range(count))
    question = question_of(size, {"close": close, "may_close": "none", "max_new_beds": 0, "max_buses": 0})
    began, moments = time.process_time(), [time.monotonic()]

    def loose(scenario: Scenario) -> Question:
        return question_of(size, scenario.plan.model_dump(exclude={"years", "weights"}))

    def say(_: Words) -> None:
        moments.append(time.monotonic())

    mending = mend(question, loose, say)
    moments.append(time.monotonic())
    spent = moments[-1] - moments[-2] if len(moments) > 3 else 0.0
    repair = mending.repair
    cells = [name, f"{len(question.options):,}", f"{size.limit_s:.0f}", f"{moments[2] - moments[1]:.0f}", f"{spent:.0f}"]
    cells += [f"{time.process_time() - began:.0f}", "no plan" if mending.refusal else f"{mending.harmed:,.0f}"]
    cells += ["—"] * 4 if repair is None else [f"{len(repair.keep)} of {count}", repair.beds, repair.buses, f"{repair.still_harmed:,.0f}"]
    print(f"| {' | '.join(map(str, cells))} |")
    if repair is not None:
        price, solved = repair.price, repair.solved
        print(f"{name}: price {price.value:,.0f}, at least {price.bound:,.0f} yuan a year, gap {100 * price.gap:.2f} %")
        print(
            f"{name}: the plan costs {solved.objective:,.0f}, at least {solved.bound:,.0f}; at risk {solved.terms['at_risk_weighted']:,.0f}"
        )
    print(f"{name}: {say_repair(mending).en}", flush=True)


def question_of(size: Size, plan: dict[str, object]) -> Question:
    """Return the county of `size` with `plan`."""
    problem = make_problem(size, **plan)
    return Question(problem.case, problem.options, problem.today)


if __name__ == "__main__":
    main()
