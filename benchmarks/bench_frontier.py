"""Frontiers of large counties: `python benchmarks/bench_frontier.py [--size 1500x120] [--between kept,beds] [--points 3] [--limit SEC]`.

The county is one of county_series.py. Told of every point: the bound that was asked of the first axis, all four figures of the plan, what
the second axis cannot be better than, by proof, the gap between both, and the CPU seconds that are gone since the pair was begun.
"""

from __future__ import annotations

import argparse
import time

from county_series import SIZES, make_problem, tell_machine

from layout_planner.plan.axes import AXES, measure_axis
from layout_planner.plan.frontier_pairs import order_pair, trace_pair

PAIRS = ["kept,yuan", "kept,beds", "minutes,beds", "minutes,kept"]


def main() -> None:
    """Trace every pair asked and tell its points."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--between", action="append", help=f"default: {' '.join(PAIRS)}")
    parser.add_argument("--points", type=int, default=3)
    parser.add_argument("--limit", type=float, help="seconds of one search; the size's own when absent")
    asked = parser.parse_args()
    problem = make_problem(SIZES[asked.size])
    case = problem.case if asked.limit is None else problem.case.within(asked.limit)
    tell_machine()
    print(f"{asked.size}: {len(problem.options):,} options, {case.scenario.solver.time_limit_s:.0f} s a search")
    print("| pair | asked | longest, min | kept | beds | yuan a year | not better than | gap % | at risk, weighted | CPU s |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for between in asked.between or PAIRS:
        first, second = between.split(",")
        began = time.process_time()
        for point in trace_pair(case, problem.options, problem.today, order_pair((first, second)), asked.points, lambda _: None):
            figures = [f"{measure_axis(point.layout, axis):,.0f}" for axis in AXES]
            bound = "—" if point.asked is None else f"{point.asked:,.1f}"
            risk, spent = point.solved.terms["at_risk_weighted"], time.process_time() - began
            cells = [between, bound, *figures, f"{point.goal_bound:,.0f}", f"{100 * point.gap:.2f}", f"{risk:,.1f}", f"{spent:.0f}"]
            print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
