"""What the bound leaves undecided, when it is small, as one mixed-integer program."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import highspy
import numpy as np

from layout_planner.highs import silent_highs
from layout_planner.location.plans import Served
from layout_planner.location.whole import as_shares, fits, value_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layout_planner.location.engine import Limits
    from layout_planner.location.plans import Plans
    from layout_planner.location.question import Question
    from layout_planner.location.tree import Part

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

LEAST_S = 0.1  # HiGHS gets that long at least, to say what it has


def solve_remainder(question: Question, plans: Plans, part: Part, limits: Limits, deadline: float) -> tuple[float, str]:
    """Keep the best plan within `part` if it is better than that of `plans`; return a bound on all plans within it and how it ended.

    Rows: everybody is served; sites hold what they hold; nobody is served by a closed site; the number of sites. The end is "time",
    "interrupted" or nothing.
    """
    sites = np.sort(np.concatenate([part.forced, part.free]))
    highs = silent_highs()
    seconds = max(LEAST_S, deadline - time.monotonic())
    options = {"random_seed": limits.seed, "threads": 1, "parallel": "off", "mip_rel_gap": limits.gap, "mip_abs_gap": 0.0}
    for option, value in {**options, "time_limit": seconds}.items():
        highs.setOptionValue(option, value)
    highs.passModel(_as_highs(question, sites, np.isin(sites, part.forced)))
    _hand_over(highs, plans, sites)
    interrupted = False
    try:
        highs.run()
    except KeyboardInterrupt:
        interrupted = True
    status, info = highs.getModelStatus(), highs.getInfo()
    if status == highspy.HighsModelStatus.kInfeasible:
        return np.inf, ""
    if info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible:
        _read_plan(question, plans, sites, np.array(highs.getSolution().col_value))
    bound = max(part.bound, float(info.mip_dual_bound))
    return bound, "interrupted" if interrupted else "time" if status == highspy.HighsModelStatus.kTimeLimit else ""


def _read_plan(question: Question, plans: Plans, sites: Ints, values: Floats) -> None:
    """Serve anew from the sites that the program opened, and take its own way of serving where that is better."""
    clients, open_ = len(question.cost), values[-len(sites) :] > 0.5  # noqa: PLR2004 - read as 0 or 1
    chosen = sites[open_]
    plans.offer(chosen)
    shares = values[: clients * len(sites)].reshape(len(sites), clients).T[:, open_].clip(0.0, None)
    if question.whole:
        place = shares.argmax(axis=1)
        if fits(question, chosen, place):
            plans.keep(chosen, Served(value_of(question, chosen, place), -np.inf, as_shares(place, len(chosen))))


def _hand_over(highs: highspy.Highs, plans: Plans, sites: Ints) -> None:
    """Begin at the best plan so far, where it lies within `sites`."""
    best = plans.best
    if not np.isin(best.open, sites).all() or not len(best.open):
        return
    places = np.searchsorted(sites, best.open)
    shares = np.zeros((len(best.served.shares), len(sites)))
    shares[:, places] = best.served.shares
    opened = np.zeros(len(sites))
    opened[places] = 1.0
    solution = highspy.HighsSolution()
    solution.col_value = [*shares.T.ravel().tolist(), *opened.tolist()]
    highs.setSolution(solution)


def _as_highs(question: Question, sites: Ints, forced: NDArray[np.bool_]) -> highspy.HighsLp:
    """Return the program: columns (site, client) by column, then sites; rows served, room, tied, count."""
    assert question.capacity is not None  # noqa: S101 - without capacities the tree is quicker
    clients, count = len(question.cost), len(sites)
    pairs = clients * count
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = pairs + count, clients + count + pairs + 1
    lp.col_cost_ = np.concatenate([question.cost[:, sites].T.ravel(), question.opening[sites]])
    lp.col_lower_ = np.concatenate([np.zeros(pairs), forced.astype(float)])
    lp.col_upper_ = np.ones(pairs + count)
    kinds = highspy.HighsVarType
    lp.integrality_ = [kinds.kInteger if question.whole else kinds.kContinuous] * pairs + [kinds.kInteger] * count
    below = np.full(count + pairs, -np.inf)
    lp.row_lower_ = np.concatenate([np.ones(clients), below, [question.least]])
    lp.row_upper_ = np.concatenate([np.ones(clients), np.zeros(count + pairs), [question.most]])
    site, client = np.divmod(np.arange(pairs), clients)
    tied = clients + count + np.arange(pairs)
    served = np.column_stack([client, clients + site, tied])
    weights = np.column_stack([np.ones(pairs), question.demand[client], np.ones(pairs)])
    own = np.concatenate([clients + np.arange(count)[:, None], tied.reshape(count, clients), np.full((count, 1), lp.num_row_ - 1)], axis=1)
    own_weights = np.concatenate([-question.capacity[sites][:, None], -np.ones((count, clients)), np.ones((count, 1))], axis=1)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = np.concatenate([np.arange(0, 3 * pairs, 3), 3 * pairs + (clients + 2) * np.arange(count + 1)]).astype(np.int32)
    lp.a_matrix_.index_ = np.concatenate([served.ravel(), own.ravel()]).astype(np.int32)
    lp.a_matrix_.value_ = np.concatenate([weights.ravel(), own_weights.ravel()])
    return lp
