"""Better sets of open sites where sites can be full: neighbours of the best plan, the one with the lowest bound first."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from layout_planner.location.relaxed import Relaxed

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from layout_planner.location.plans import Plan, Plans
    from layout_planner.location.question import Question
    from layout_planner.location.tree import Part

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

SPARE = 1e-9  # of a demand: rounding
TRIES = 40  # neighbours served in vain before the search ends


def search_neighbours(question: Question, plans: Plans, part: Part, aim: Callable[[], float], deadline: float) -> None:
    """Open, close or replace one site of the best plan, for as long as that gives a better one.

    Serving from a set of sites costs at least what the relaxed question says of it at any prices: those of `part`, and those at which the
    best plan serves, where it says of that plan just what it costs. Neighbours whose bound reaches `aim` need no look; the others are
    looked at in the order of their bounds.
    """
    everything = np.arange(len(question.opening))
    relaxed = Relaxed(question, everything[:0], everything)
    while time.monotonic() < deadline:
        before, own = plans.value, plans.best.served.prices
        priced = [(relaxed.price(prices).reduced, float(prices.sum())) for prices in (part.prices, own) if prices is not None]
        for sites in _list_neighbours(question, plans, priced, aim()):
            plans.offer(sites)
            if plans.value < before:
                recentre(question, plans, plans.best)
            if plans.value < before or not time.monotonic() < deadline:
                break
        if not plans.value < before:
            break


def recentre(question: Question, plans: Plans, plan: Plan) -> None:
    """Move every open site of `plan` to where it serves the same clients cheapest, for as long as that gives a better plan."""
    while np.isfinite(plan.served.value):
        sites = _middles(question, plan)
        if plans.knows(sites) or not _fits(question, sites):
            return
        value = plans.offer(sites)[0]
        if not value < plan.served.value:
            return
        plan = plans.last


def _middles(question: Question, plan: Plan) -> Ints:
    """Return the cheapest site for the clients of every open site, those with most to win first; no site twice."""
    assert question.capacity is not None  # noqa: S101 - else nobody asks
    shares = plan.served.shares
    costs = shares.T @ question.cost + question.opening
    held = question.demand @ shares
    costs[question.capacity < held[:, None] * (1 - SPARE)] = np.inf
    here = costs[np.arange(len(plan.open)), plan.open]
    chosen = plan.open.copy()
    costs[:, plan.open] = np.inf
    for place in np.argsort(costs.min(axis=1) - here, kind="stable"):
        site = int(costs[place].argmin())
        if costs[place, site] < here[place]:
            chosen[place] = site
            costs[:, site] = np.inf
    return np.sort(chosen)


def _list_neighbours(question: Question, plans: Plans, priced: list[tuple[Floats, float]], limit: float) -> list[Ints]:
    """Return sets of open sites that are one move from the best plan and were not served yet, by bound.

    priced : what every site is worth at some prices, and the sum of those prices
    """
    chosen = plans.best.open
    closed = np.setdiff1d(np.arange(len(question.opening)), chosen)
    bounds = np.full((len(chosen) + 1, len(closed) + 1), -np.inf)  # closing one of chosen or none, opening one of closed or none
    for worth, paid in priced:
        without = paid + worth[chosen].sum() - np.append(worth[chosen], 0.0)
        bounds = np.maximum(bounds, without[:, None] + np.append(worth[closed], 0.0))
    sets: list[Ints] = []
    for move in np.argsort(bounds, axis=None, kind="stable"):
        out, into = np.unravel_index(move, bounds.shape)
        if len(sets) == TRIES or not bounds[out, into] < limit:
            break
        sites = np.sort(np.append(np.delete(chosen, out) if out < len(chosen) else chosen, closed[into : into + 1]))
        if question.least <= len(sites) <= question.most and _fits(question, sites) and not plans.knows(sites):
            sets.append(sites)
    return sets


def _fits(question: Question, sites: Ints) -> bool:
    return question.capacity is None or bool(question.capacity[sites].sum() >= question.demand.sum() * (1 - SPARE))
