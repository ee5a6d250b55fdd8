"""Large layouts region by region: the plan made cheaper with the rest as it is, and the bound made tighter with the rest priced."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import highspy
import numpy as np

from layout_planner.clock import seconds_until
from layout_planner.highs import silent_highs
from layout_planner.plan.regions import price_of_shared, proper_prices, with_the_rest_as_it_is, with_the_rest_priced
from layout_planner.plan.relaxation import as_program

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from layout_planner.plan.arrays import Arrays
    from layout_planner.plan.regions import Borders

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

Found = TypeVar("Found")
MOST_THREADS = 4
USED = 1e-7  # pupils; what is used stays possible


@dataclass(frozen=True)
class Effort:
    """How long one region is searched: until the gap or the number of nodes, which are the same everywhere, at most until `deadline`.

    heuristics : share of the work that goes into finding plans
    """

    gap: float
    nodes: int
    seed: int
    deadline: float
    heuristics: float = 0.05


def improve_plan(arrays: Arrays, borders: Borders, x: Floats, column_price: Floats, dear: float, effort: Effort) -> Floats:
    """Return a plan at most as dear as `x`, every region searched anew with the others as they are in `x`.

    dear : columns that `x` does not use and whose price in the relaxation is above this are not tried
    """
    by_column = arrays.rows.tocsc()

    def search(inside: Whole, solver: highspy.Highs, seconds: float) -> Floats:
        part = with_the_rest_as_it_is(arrays, by_column, borders, inside, x)
        tried = (x[inside] > USED) | (column_price[inside] <= dear) | part.whole | (part.low > 0)
        part = replace(part, high=np.where(tried, part.high, 0.0))
        _, found = solve_part(solver, part, effort, seconds, x[inside])
        return x[inside] if found is None else found

    better = x.copy()
    for inside, found in zip(borders.columns, _at_once(search, borders.columns, effort.deadline), strict=True):
        better[inside] = found
    return better if arrays.price(better) < arrays.price(x) else x


def tighten_bound(arrays: Arrays, borders: Borders, x: Floats, row_price: Floats, effort: Effort) -> float:
    """Return a bound at least about as high as that of the relaxation, whose point is `x`: regions in whole numbers, the rest priced."""
    by_column = arrays.rows.tocsc()
    prices = proper_prices(arrays, row_price)

    def search(inside: Whole, solver: highspy.Highs, seconds: float) -> float:
        part = with_the_rest_priced(arrays, by_column, borders, inside, prices)
        bound, _ = solve_part(solver, part, effort, seconds, None)
        return bound if np.isfinite(bound) else part.price(x[inside])  # which is the least in shares, for `x` and `prices` belong together

    return arrays.offset + price_of_shared(arrays, borders, prices) + sum(_at_once(search, borders.columns, effort.deadline))


def _at_once(search: Callable[[Whole, highspy.Highs, float], Found], regions: list[Whole], deadline: float) -> list[Found]:
    """Return what `search` finds in every region, each with an equal part of the time.

    Solvers are made one after another, for making one takes hold of standard output.
    """
    solvers = [silent_highs() for _ in regions]
    threads = min(MOST_THREADS, os.cpu_count() or 1, len(regions))
    seconds = [seconds_until(deadline) * threads / len(regions)] * len(regions)
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(search, regions, solvers, seconds))


def solve_part(solver: highspy.Highs, part: Arrays, effort: Effort, seconds: float, start: Floats | None) -> tuple[float, Floats | None]:
    """Return the bound of `part` and a plan of it, at most as dear as `start`; None without one."""
    options = (
        ("random_seed", effort.seed), ("threads", 1), ("parallel", "off"), ("mip_rel_gap", effort.gap),
        ("mip_max_nodes", effort.nodes), ("mip_heuristic_effort", effort.heuristics), ("time_limit", max(1.0, seconds)),
    )  # fmt: skip
    for option, value in options:
        solver.setOptionValue(option, value)
    solver.passModel(as_program(part, shares=False))
    if start is not None:
        hint = highspy.HighsSolution()
        hint.col_value = list(start)
        solver.setSolution(hint)
    solver.run()
    info = solver.getInfo()
    found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    return float(info.mip_dual_bound), np.array(solver.getSolution().col_value) if found else None
