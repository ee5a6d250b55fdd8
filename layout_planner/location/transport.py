"""Serving everybody from open sites that can be full, in shares: a transportation problem."""

from __future__ import annotations

from typing import TYPE_CHECKING

import highspy
import numpy as np

from layout_planner.highs import silent_highs
from layout_planner.location.plans import Served

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layout_planner.location.question import Question

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

DUST = 1e-9  # shares below are rounding of the solver
NOWHERE = Served(np.inf, np.inf, np.empty((0, 0)))


class Transport:
    """Serves by HiGHS; one solver, a new table for every set of sites."""

    def __init__(self, question: Question, seed: int) -> None:
        self._question = question
        self._highs = silent_highs()
        for option, value in (("random_seed", seed), ("threads", 1), ("parallel", "off"), ("presolve", "off")):
            self._highs.setOptionValue(option, value)

    def serve(self, sites: Ints) -> Served:
        """Return the cheapest shares from `sites`; value inf where they cannot hold everybody."""
        question = self._question
        assert question.capacity is not None  # noqa: S101 - else nobody asks
        if not question.capacity[sites].sum() >= question.demand.sum() * (1 - 1e-9):
            return NOWHERE
        self._highs.passModel(_as_highs(question.cost[:, sites], question.demand, question.capacity[sites]))
        self._highs.setBasis(_nearest_basis(question.cost[:, sites]))
        self._highs.run()
        if self._highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return NOWHERE
        solution = self._highs.getSolution()
        shares = np.array(solution.col_value).reshape(len(sites), -1).T.clip(0.0, None)
        shares[shares < DUST] = 0.0
        shares /= shares.sum(axis=1, keepdims=True)
        value = float((shares * question.cost[:, sites]).sum() + question.opening[sites].sum())
        bound = self._highs.getInfo().objective_function_value + float(question.opening[sites].sum())
        return Served(value, bound, shares, np.array(solution.row_dual)[: len(question.cost)])


def _as_highs(cost: Floats, demand: Floats, capacity: Floats) -> highspy.HighsLp:
    """Return the transportation problem, column (site, client) by column."""
    clients, sites = cost.shape
    columns = clients * sites
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = columns, clients + sites
    lp.col_cost_ = cost.T.ravel()
    lp.col_lower_, lp.col_upper_ = np.zeros(columns), np.ones(columns)
    lp.row_lower_ = np.concatenate([np.ones(clients), np.full(sites, -np.inf)])
    lp.row_upper_ = np.concatenate([np.ones(clients), capacity])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = np.arange(0, 2 * columns + 1, 2, dtype=np.int32)
    rows = np.column_stack([np.tile(np.arange(clients), sites), clients + np.repeat(np.arange(sites), clients)])
    lp.a_matrix_.index_ = rows.astype(np.int32).ravel()
    lp.a_matrix_.value_ = np.column_stack([np.ones(columns), np.tile(demand, sites)]).ravel()
    return lp


def _nearest_basis(cost: Floats) -> highspy.HighsBasis:
    """Return the basis of everybody at the cheapest site: dual feasible, so that only full sites are left to mend."""
    clients, sites = cost.shape
    status = highspy.HighsBasisStatus
    columns = np.full((sites, clients), status.kLower, dtype=object)
    columns[cost.argmin(axis=1), np.arange(clients)] = status.kBasic
    basis = highspy.HighsBasis()
    basis.valid, basis.alien = True, False
    basis.col_status = columns.ravel().tolist()
    basis.row_status = [status.kLower] * clients + [status.kBasic] * sites
    return basis
