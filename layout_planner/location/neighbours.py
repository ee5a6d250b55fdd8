"""Better sets of open sites where sites can be full: neighbours of the best plan, the one with the lowest bound first."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from layout_planner.location.relaxed import Relaxed

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from layout_planner.location.plans import Plans
    from layout_planner.location.question import Question
    from layout_planner.location.tree import Part

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

TRIES = 40  # neighbours served in vain before the search ends


def search_neighbours(question: Question, plans: Plans, part: Part, aim: Callable[[], float], deadline: float) -> None:
    """Open, close or replace one site of the best plan, for as long as that gives a better one.

    Serving from a set of sites costs at least what the relaxed question says of it at the prices of `part`, so that neighbours whose
    bound reaches `aim` need no look, and the others are looked at in the order of their bounds.
    """
    everything = np.arange(len(question.opening))
    worth = Relaxed(question, everything[:0], everything).price(part.prices).reduced
    paid = float(part.prices.sum())
    while time.monotonic() < deadline:
        before = plans.value
        for sites in _list_neighbours(question, plans, worth, aim() - paid)[:TRIES]:
            plans.offer(sites)
            if plans.value < before or not time.monotonic() < deadline:
                break
        if not plans.value < before:
            break


def _list_neighbours(question: Question, plans: Plans, worth: Floats, limit: float) -> list[Ints]:
    """Return sets of open sites that are one move from the best plan and were not served yet, by bound."""
    chosen = plans.best.open
    closed = np.setdiff1d(np.arange(len(worth)), chosen)
    base = worth[chosen].sum()
    sets: list[tuple[float, tuple[int, ...]]] = []
    for removed in (-1, *chosen.tolist()):
        kept = chosen[chosen != removed]
        left = base - (worth[removed] if removed >= 0 else 0.0)
        sets += [(left + worth[added], tuple(sorted([*kept.tolist(), added]))) for added in closed[left + worth[closed] < limit].tolist()]
        if left < limit:
            sets.append((left, tuple(kept.tolist())))
    found = (np.array(sites, dtype=np.int64) for _, sites in sorted(sets) if question.least <= len(sites) <= question.most)
    return [sites for sites in found if _fits(question, sites) and not plans.knows(sites)]


def _fits(question: Question, sites: Ints) -> bool:
    return question.capacity is None or bool(question.capacity[sites].sum() >= question.demand.sum() * (1 - 1e-9))
