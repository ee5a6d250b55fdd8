"""Serving every client from one open site that can be full: shares rounded, then clients moved and exchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from layout_planner.location.plans import Served

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layout_planner.location.question import Question

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

SPARE = 1e-9  # of the whole demand: how far a site may be over its capacity in arithmetic
MOST_MOVES = 2000
MOST_PAIRS = 10_000_000  # of clients looked at for one exchange


def round_shares(question: Question, sites: Ints, split: Served) -> Served:
    """Return a plan of whole clients near the shares of `split`, and its bound; value inf where none was found."""
    assert question.capacity is not None  # noqa: S101 - else nobody asks
    if not split.value < np.inf:
        return split
    cost, room = question.cost[:, sites], question.capacity[sites] + SPARE * question.demand.sum()
    place = _follow_shares(cost, question.demand, room, split.shares)
    if place is None:
        place = _follow_regret(cost, question.demand, room)
    if place is None:
        return Served(np.inf, split.bound, split.shares)
    best = improve(cost, question.demand, room, place)
    return Served(value_of(question, sites, best), split.bound, as_shares(best, len(sites)), split.prices)


def fits(question: Question, sites: Ints, place: Ints) -> bool:
    """Return True where no site holds more than its capacity with every client at `sites[place]`."""
    assert question.capacity is not None  # noqa: S101 - else nobody asks
    held = np.bincount(place, question.demand, minlength=len(sites))
    return bool((held <= question.capacity[sites] + SPARE * question.demand.sum()).all())


def value_of(question: Question, sites: Ints, place: Ints) -> float:
    """Return what it costs to serve every client from `sites[place]`."""
    return float(question.cost[np.arange(len(place)), sites[place]].sum() + question.opening[sites].sum())


def as_shares(place: Ints, sites: int) -> Floats:
    """Return (clients, sites) with a single 1 in every row."""
    shares = np.zeros((len(place), sites))
    shares[np.arange(len(place)), place] = 1.0
    return shares


def _follow_shares(cost: Floats, demand: Floats, room: Floats, shares: Floats) -> Ints | None:
    """Return the place of every client: those served by one site stay, the largest of the others choose first; None where one has none."""
    whole = shares.max(axis=1) > 1 - 1e-7
    place = shares.argmax(axis=1)
    left = room - np.bincount(place[whole], demand[whole], minlength=len(room))
    for client in sorted(np.flatnonzero(~whole), key=lambda i: -demand[i]):
        fits = left >= demand[client]
        if not fits.any():
            return None
        place[client] = np.where(fits, cost[client], np.inf).argmin()
        left[place[client]] -= demand[client]
    return place if (left >= 0).all() else None


def _follow_regret(cost: Floats, demand: Floats, room: Floats) -> Ints | None:
    """Return the place of every client, the largest first and each at the cheapest that still holds it; None where one has none."""
    place, left = np.zeros(len(cost), dtype=np.int64), room.copy()
    for client in np.argsort(-demand, kind="stable"):
        fits = left >= demand[client]
        if not fits.any():
            return None
        place[client] = np.where(fits, cost[client], np.inf).argmin()
        left[place[client]] -= demand[client]
    return place


def improve(cost: Floats, demand: Floats, room: Floats, place: Ints) -> Ints:
    """Return `place` after the best move of one client, or exchange of two, for as long as one is cheaper."""
    place, everyone = place.copy(), np.arange(len(place))
    enough = 1e-9 * max(1.0, float(np.abs(cost[everyone, place]).sum()))
    for _ in range(MOST_MOVES):
        left = room - np.bincount(place, demand, minlength=len(room))
        here = cost[everyone, place]
        moved = np.where(left >= demand[:, None], cost - here[:, None], np.inf)
        client, site = np.unravel_index(moved.argmin(), moved.shape)
        if moved[client, site] < -enough:
            place[client] = site
            continue
        pair = _best_exchange(cost, demand, left, place, enough)
        if pair is None:
            break
        place[list(pair)] = place[list(pair[::-1])]
    return place


def _best_exchange(cost: Floats, demand: Floats, left: Floats, place: Ints, enough: float) -> tuple[int, int] | None:
    """Return the exchange of two clients that saves most; one of them has a cheaper place than its own.

    Of very many clients only those with most to win are tried.
    """
    here = cost[np.arange(len(place)), place]
    wish = here - cost.min(axis=1)
    eager = np.argsort(-wish, kind="stable")[: max(1, MOST_PAIRS // len(place))]
    eager = eager[wish[eager] > 0]
    if not len(eager):
        return None
    there = cost[eager][:, place] + cost[:, place[eager]].T
    change = there - here[eager][:, None] - here
    own, others = demand[eager][:, None], demand
    fits = (left[place] + others >= own) & (left[place[eager]][:, None] + own >= others)
    change = np.where(fits, change, np.inf)
    one, other = np.unravel_index(change.argmin(), change.shape)
    return (int(eager[one]), int(other)) if change[one, other] < -enough else None
