"""The least risk of a large county, and all plans that reach it, without a row that adds up everybody's risk."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import highspy
import numpy as np

from layout_planner.clock import seconds_until
from layout_planner.highs import silent_highs
from layout_planner.plan.arrays import NOBODY
from layout_planner.plan.relaxation import as_program

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layout_planner.plan.arrays import Arrays

    Floats = NDArray[np.float64]

PRICED = 1e-6  # a price above this is one; a pupil at risk weighs 1 at least


def least_risk(arrays: Arrays, risk: Floats, seed: int, deadline: float) -> tuple[float, Floats, Arrays] | None:
    """Return the least of `risk` in shares, where it is reached, and `arrays` held to all plans that reach it; None without an answer.

    Held are the columns and rows that have a price there: a plan is best exactly if it leaves every column with a price at its bound
    and meets every row with a price (complementary slackness).
    """
    solver = silent_highs()
    for option, value in (("random_seed", seed), ("threads", 1), ("solver", "simplex")):
        solver.setOptionValue(option, value)
    solver.setOptionValue("time_limit", max(1.0, seconds_until(deadline)))
    solver.passModel(as_program(replace(arrays, cost=risk, offset=0.0), shares=True))
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    found = solver.getSolution()
    x, columns, rows = np.array(found.col_value), np.array(found.col_dual), np.array(found.row_dual)
    held = replace(
        arrays,
        low=np.where(columns < -PRICED, arrays.high, arrays.low),
        high=np.where(columns > PRICED, arrays.low, arrays.high),
        row_low=np.where(rows < -PRICED, arrays.row_high, arrays.row_low),
        row_high=np.where(rows > PRICED, arrays.row_low, arrays.row_high),
    )
    return float(solver.getInfo().objective_function_value), x, held


def binds_the_county(arrays: Arrays, held: Arrays, site_of: NDArray[np.int64]) -> bool:
    """Return whether `held` holds a row of the county to the full that `arrays` does not, and that whole numbers may miss, as of money.

    A count, say of beds, is held to the full by many a whole plan.
    """
    full = (held.row_low == held.row_high) & (arrays.row_low < arrays.row_high)
    return bool((full & county_rows(arrays, site_of) & ~_counts(arrays)).any())


def _counts(arrays: Arrays) -> NDArray[np.bool_]:
    """Return which rows only count whole things, each as one."""
    entries = arrays.rows.tocoo()
    other = ~arrays.whole[entries.col] | (entries.data != 1.0)
    return np.bincount(entries.row[other], minlength=arrays.rows.shape[0]) == 0


def county_rows(arrays: Arrays, site_of: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which rows decide about whole columns of several sites, as one on money does."""
    entries = arrays.rows.tocoo()
    decides = arrays.whole[entries.col] & (site_of[entries.col] != NOBODY)
    rows, owners = entries.row[decides], site_of[entries.col[decides]]
    first, last = np.full(arrays.rows.shape[0], len(site_of)), np.full(arrays.rows.shape[0], NOBODY)
    np.minimum.at(first, rows, owners)
    np.maximum.at(last, rows, owners)
    return first < last
