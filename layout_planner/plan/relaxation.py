"""The bound of a large layout model: its relaxation to shares, with rows that shares break added for as long as they lift it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import highspy
import numpy as np
import scipy.sparse as sp

from layout_planner.clock import now, seconds_until
from layout_planner.highs import silent_highs
from layout_planner.plan.cuts import broken_cuts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layout_planner.plan.arrays import Arrays, Ground
    from layout_planner.plan.cuts import Cut

    Floats = NDArray[np.float64]

MOST_ROUNDS = 30
WORTHWHILE = 5e-5  # relative rise of the bound over three rounds below which no more rows are looked for
IDLE = 1e-9  # price below which a row does nothing


@dataclass(frozen=True)
class Relaxed:
    """The relaxation: certified bound, where it is reached, and the price of every row and column there.

    arrays : the model with the rows that were added
    solver : HiGHS holding it at its point
    """

    arrays: Arrays
    bound: float
    x: Floats
    row_price: Floats
    column_price: Floats
    solver: highspy.Highs


def relax(ground: Ground, seed: int, deadline: float) -> Relaxed | None:
    """Return the relaxation of `ground`; None where the shares meet no plan or time ran out before there was a bound."""
    arrays = ground.arrays
    solver = silent_highs()
    for option, value in (("random_seed", seed), ("threads", 1), ("solver", "simplex")):
        solver.setOptionValue(option, value)
    solver.passModel(as_program(arrays, shares=True))
    return _lift(ground, solver, deadline)


def relax_anew(relaxed: Relaxed, ground: Ground, deadline: float) -> Relaxed | None:
    """Return the relaxation of `ground` from where `relaxed` stands, which is no longer to be used; None as in `relax`.

    ground : of the columns of `relaxed`, with another goal or other bounds, and all its rows, perhaps otherwise bounded, or more at the end
    """
    arrays, solver, columns = ground.arrays, relaxed.solver, np.arange(len(ground.arrays.cost), dtype=np.int32)
    if solver.getNumRow() != len(relaxed.arrays.row_low):  # rows were added whose solution was not awaited
        solver.passModel(as_program(arrays, shares=True))
        return _lift(ground, solver, deadline)
    solver.changeColsCost(len(columns), columns, arrays.cost)
    solver.changeObjectiveOffset(arrays.offset)
    solver.changeColsBounds(len(columns), columns, arrays.low, arrays.high)
    rows = np.arange(solver.getNumRow(), dtype=np.int32)
    solver.changeRowsBounds(len(rows), rows, arrays.row_low[: len(rows)], arrays.row_high[: len(rows)])
    more = arrays.rows[len(rows) :]
    if more.shape[0]:
        low, high = arrays.row_low[-more.shape[0] :], arrays.row_high[-more.shape[0] :]
        starts, places = more.indptr[:-1].astype(np.int32), more.indices.astype(np.int32)
        solver.addRows(more.shape[0], low, high, more.nnz, starts, places, more.data)
    return _lift(ground, solver, deadline)


def _lift(ground: Ground, solver: highspy.Highs, deadline: float) -> Relaxed | None:
    """Solve, add what is broken, and so on; the last point whose relaxation was solved to its end."""
    arrays = ground.arrays
    cuts: list[Cut] = []
    reached: list[float] = []
    best: Relaxed | None = None
    for _ in range(MOST_ROUNDS):
        solver.setOptionValue("time_limit", float(solver.getRunTime() + max(1.0, seconds_until(deadline))))
        solver.run()
        if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return best
        found = solver.getSolution()
        prices = np.array(found.row_dual)
        bound, x = float(solver.getInfo().objective_function_value), np.array(found.col_value)
        best = Relaxed(_with_cuts(arrays, cuts), bound, x, prices, np.array(found.col_dual), solver)
        reached.append(bound)
        if len(reached) > 3 and reached[-1] - reached[-4] < WORTHWHILE * abs(bound):  # noqa: PLR2004 - three rounds
            return best
        fresh = broken_cuts(ground, x)
        if not fresh or now() > deadline:
            return best
        cuts = _drop_idle(solver, cuts, prices[len(arrays.row_low) :]) + fresh
        _add_rows(solver, fresh)
    return best


def as_program(arrays: Arrays, *, shares: bool) -> highspy.HighsLp:
    """Return `arrays` as HiGHS takes them; whole numbers may be shares where `shares`."""
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(arrays.cost), len(arrays.row_low)
    lp.col_cost_, lp.offset_ = arrays.cost, arrays.offset
    lp.col_lower_, lp.col_upper_ = arrays.low, arrays.high
    lp.row_lower_, lp.row_upper_ = arrays.row_low, arrays.row_high
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = arrays.rows.indptr.astype(np.int32)
    lp.a_matrix_.index_ = arrays.rows.indices.astype(np.int32)
    lp.a_matrix_.value_ = arrays.rows.data
    if not shares:
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[int(whole)] for whole in arrays.whole]
    return lp


def _drop_idle(solver: highspy.Highs, cuts: list[Cut], prices: Floats) -> list[Cut]:
    """Take the added rows without a price out of `solver`, and return the others."""
    idle = np.abs(prices) <= IDLE
    if not idle.any():
        return cuts
    first = solver.getNumRow() - len(cuts)
    places = (np.flatnonzero(idle) + first).astype(np.int32)
    solver.deleteRows(len(places), places)
    return [cut for cut, out in zip(cuts, idle, strict=True) if not out]


def _add_rows(solver: highspy.Highs, cuts: list[Cut]) -> None:
    lengths = [len(cut.columns) for cut in cuts]
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int32)
    most = np.array([cut.most for cut in cuts])
    places = np.concatenate([cut.columns for cut in cuts]).astype(np.int32)
    weights = np.concatenate([cut.weights for cut in cuts])
    solver.addRows(len(cuts), np.full(len(cuts), -highspy.kHighsInf), most, int(sum(lengths)), starts, places, weights)


def _with_cuts(arrays: Arrays, cuts: list[Cut]) -> Arrays:
    if not cuts:
        return arrays
    starts = np.concatenate([[0], np.cumsum([len(cut.columns) for cut in cuts])])
    places, weights = (np.concatenate(parts) for parts in zip(*((cut.columns, cut.weights) for cut in cuts), strict=True))
    added = sp.csr_matrix((weights, places, starts), shape=(len(cuts), len(arrays.cost)))
    return replace(
        arrays,
        rows=sp.vstack([arrays.rows, added]).tocsr(),
        row_low=np.concatenate([arrays.row_low, np.full(len(cuts), -np.inf)]),
        row_high=np.concatenate([arrays.row_high, [cut.most for cut in cuts]]),
    )
