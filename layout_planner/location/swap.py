"""Better sets of open sites where no site is ever full: one site opened, closed or put in place of another at a time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layout_planner.location.question import Question

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

NO_GAIN = 1e-9  # of the greatest cost: what counts as no better


def descend(question: Question, sites: Ints, deadline: float = np.inf) -> Ints:
    """Return `sites`, sorted, changed by the best single move for as long as one is better (Teitz and Bart 1968).

    All moves are priced together from every client's two cheapest open sites (Whitaker 1983; Resende and Werneck 2007).
    """
    chosen = np.sort(sites)
    enough = NO_GAIN * max(1.0, float(np.abs(question.cost[:, chosen].min(axis=1)).sum()))
    while time.monotonic() < deadline:
        added, removed, gain = _best_move(question, chosen)
        if not gain > enough:
            break
        chosen = np.setdiff1d(np.append(chosen, added) if added >= 0 else chosen, [removed])
    return chosen


def _best_move(question: Question, chosen: Ints) -> tuple[int, int, float]:
    """Return the site to open and the one to close (-1: none) and what is won."""
    cost, opening = question.cost, question.opening
    place, first, second = _two_cheapest(question, chosen)
    client, site = np.nonzero(cost < second[:, None])  # whom a site could serve if it opened, and one other closed
    price, here = cost[client, site], first[client]
    won = np.bincount(site, np.maximum(here - price, 0.0), minlength=len(opening)) - opening
    won[chosen] = -np.inf
    lost = np.bincount(place, second - first, minlength=len(chosen)) - opening[chosen]
    moves: list[tuple[float, int, int]] = []
    if len(chosen) < question.most:
        moves.append((float(won.max()), int(won.argmax()), -1))
    if len(chosen) > max(question.least, 1):
        moves.append((float(-lost.min()), -1, int(chosen[lost.argmin()])))
    if len(chosen) < len(won):
        # Whoever loses his site to the move goes to the opened one where that is cheaper than his second.
        saved = np.bincount(place[client] * len(won) + site, second[client] - np.maximum(price, here), minlength=len(chosen) * len(won))
        gains = won - lost[:, None] + saved.reshape(len(chosen), len(won))
        at, added = np.unravel_index(gains.argmax(), gains.shape)
        moves.append((float(gains[at, added]), int(added), int(chosen[at])))
    gain, opened, closed = max(moves, key=lambda move: move[0], default=(0.0, -1, -1))
    return opened, closed, gain


def _two_cheapest(question: Question, chosen: Ints) -> tuple[Ints, Floats, Floats]:
    """Return every client's cheapest open site (its place in `chosen`), what it costs, and what the second cheapest costs."""
    near = question.cost[:, chosen]
    place = near.argmin(axis=1)
    if len(chosen) == 1:
        return place, near[:, 0], np.full(len(near), question.unreachable)
    two = np.partition(near, 1, axis=1)
    return place, two[:, 0], two[:, 1]
