"""The question with the demand "everybody is served once" relaxed at prices: what is left falls apart by site."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from layout_planner.location.knapsack import take_whole
from layout_planner.location.lagrange import Answer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layout_planner.location.question import Question

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]

MOST_CELLS = 2_000_000  # of a table of dynamic programming, up to which whole clients are priced whole


@dataclass(frozen=True)
class Priced:
    """The relaxed question solved at some prices.

    value : its least value
    reduced : (free,), what opening a free site would add
    chosen : (free,), which free sites it opens
    """

    value: float
    reduced: Floats
    chosen: Flags


class Relaxed:
    """A part of the question: `forced` sites are open, sites neither forced nor free are closed.

    A client's price is what it pays to be served; a site takes those whom it serves for less than they pay (as far as it has room: the
    best pay by demand first). Cornuejols, Fisher and Nemhauser 1977 without capacities; Barcelo and Casanovas 1984 with them.
    """

    def __init__(self, question: Question, forced: Ints, free: Ints) -> None:
        self.question, self.forced, self.free = question, forced, free
        self.sites = np.concatenate([forced, free])
        self.least = max(question.least - len(forced), self._needed())
        self.most = min(question.most - len(forced), len(free))
        self._opening = question.opening[self.sites]
        if question.capacity is None:
            self._cost = np.ascontiguousarray(question.cost[:, self.sites])
            self._space = np.empty_like(self._cost)
        else:
            self._cost = np.ascontiguousarray(question.cost[:, self.sites].T)
            self._space = np.empty_like(self._cost)
            self._capacity = question.capacity[self.sites]
            self._countable = question.whole and bool((question.demand == np.rint(question.demand)).all())
            self._small = np.int16 if len(self.sites) <= np.iinfo(np.int16).max else np.int64

    @property
    def possible(self) -> bool:
        """False where no plan has these sites open and closed."""
        return self.least <= self.most

    @property
    def undecided(self) -> bool:
        """True where more than one set of open sites is left."""
        return self.possible and self.most > 0 and self.least < len(self.free)

    def decided(self) -> Ints:
        """Return the only open sites left, sorted."""
        return np.sort(self.sites if self.most > 0 else self.forced)

    def ask(self, prices: Floats) -> Answer:
        """Return what the relaxed question says at `prices` of clients; shares are those of the free sites."""
        priced, slope = self._solve(prices)
        return Answer(priced.value, slope, priced.chosen.astype(float))

    def price(self, prices: Floats) -> Priced:
        """Return what every free site is worth at `prices` of clients."""
        return self._solve(prices)[0]

    def opened(self, answer: Answer) -> Ints:
        """Return the sites that `answer` opens, sorted."""
        assert answer.shares is not None  # noqa: S101 - as `ask` gives it
        return np.sort(np.concatenate([self.forced, self.free[answer.shares > 0]]))

    def _needed(self) -> int:
        """Return how many free sites it takes at least to hold everybody."""
        capacity = self.question.capacity
        if capacity is None:
            return 0 if len(self.forced) else 1
        lacking = self.question.demand.sum() - capacity[self.forced].sum()
        lacking -= 1e-9 * self.question.demand.sum()
        if not lacking > 0:
            return 0
        held = np.cumsum(np.sort(capacity[self.free])[::-1])
        return int(np.searchsorted(held, lacking)) + 1

    def _solve(self, prices: Floats) -> tuple[Priced, Floats]:
        return self._solve_roomy(prices) if self.question.capacity is None else self._solve_full(prices)

    def _choose(self, worth: Floats) -> Flags:
        """Return which free sites are open at the least sum of their `worth`."""
        count = min(max(int((worth < 0).sum()), self.least), self.most)
        chosen = np.zeros(len(worth), dtype=bool)
        if count >= len(worth):
            chosen[:] = True
        elif count > 0:
            chosen[np.argpartition(worth, count - 1)[:count]] = True
        return chosen

    def _solve_roomy(self, prices: Floats) -> tuple[Priced, Floats]:
        space = self._space
        np.subtract(self._cost, prices[:, None], out=space)
        np.minimum(space, 0.0, out=space)
        worth = space.sum(axis=0) + self._opening
        chosen = self._choose(worth[len(self.forced) :])
        taken = np.concatenate([np.ones(len(self.forced), dtype=bool), chosen])
        value = float(prices.sum() + worth[taken].sum())
        served: Floats = np.count_nonzero(space[:, np.flatnonzero(taken)], axis=1).astype(np.float64)
        return Priced(value, worth[len(self.forced) :], chosen), 1.0 - served

    def _solve_full(self, prices: Floats) -> tuple[Priced, Floats]:
        np.subtract(self._cost, prices, out=self._space)
        found = np.flatnonzero(self._space < 0)
        site, client = np.divmod(found, self._space.shape[1])
        saved, needs = self._space.ravel()[found], self.question.demand[client]
        with np.errstate(divide="ignore", over="ignore"):
            order = np.argsort(saved / needs)
        order = order[np.argsort(site.astype(self._small)[order], kind="stable")]  # 16 bits are sorted digit by digit, which is quick
        site, client, saved, needs = site[order], client[order], saved[order], needs[order]
        share = self._fill(site, saved, needs)
        worth = np.bincount(site, saved * share, minlength=len(self.sites)) + self._opening
        chosen = self._choose(worth[len(self.forced) :])
        taken = np.concatenate([np.ones(len(self.forced), dtype=bool), chosen])
        value = float(prices.sum() + worth[taken].sum())
        served: Floats = np.bincount(client, share * taken[site], minlength=len(self.question.demand)).astype(np.float64)
        return Priced(value, worth[len(self.forced) :], chosen), 1.0 - served

    def _fill(self, site: Ints, saved: Floats, needs: Floats) -> Floats:
        """Return what share of every client its site takes; clients are sorted by site, and there by pay for a unit of demand."""
        total = np.concatenate([[0.0], np.cumsum(needs)])
        starts = np.searchsorted(site, np.arange(len(self.sites) + 1))
        left = self._capacity[site] - (total[:-1] - total[starts[:-1]][site])
        share = np.divide(left, needs, out=np.ones_like(left), where=needs > 0).clip(0.0, 1.0)
        short = total[starts[1:]] - total[starts[:-1]] > self._capacity
        cells = short.sum() * self._capacity.max() * np.diff(starts)[short].max(initial=0)
        if self._countable and 0 < cells <= MOST_CELLS:
            at = short[site]
            whole = take_whole(site[at], saved[at], needs[at].astype(np.int64), self._capacity.astype(np.int64))
            share[at] = whole
        return share


def settle(relaxed: Relaxed, priced: Priced, target: float) -> tuple[Flags, Flags, float]:
    """Return which free sites no plan below `target` opens, which every such plan opens, and the least bound of all other plans.

    Exact: closing a chosen site, or opening another, raises the relaxed value at least by what the best change in its place costs.
    """
    worth, chosen = priced.reduced, priced.chosen
    count = int(chosen.sum())
    worst = worth[chosen].max() if count else -np.inf
    following = worth[~chosen].min() if count < len(worth) else np.inf
    add = np.minimum(worth - worst, worth if count < relaxed.most else np.inf)
    drop = np.minimum(following - worth, -worth if count > relaxed.least else np.inf)
    without, within = priced.value + add, priced.value + drop
    closed, opened = ~chosen & (without >= target), chosen & (within >= target)
    return closed, opened, min(without[closed].min(initial=np.inf), within[opened].min(initial=np.inf))
