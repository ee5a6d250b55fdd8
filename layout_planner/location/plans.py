"""The best plan so far, and how sets of open sites become plans."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from layout_planner.location.question import Question

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Served:
    """Who serves whom from a set of open sites.

    value : with opening; inf where nobody knows how
    bound : below which no plan with just these sites open is
    shares : (clients, open sites), every row sums to 1
    prices : (clients,), what serving a little more of a client would cost; None where nobody asked
    """

    value: float
    bound: float
    shares: Floats
    prices: Floats | None = None


@dataclass(frozen=True)
class Plan:
    """Open sites, sorted, and how they serve."""

    open: Ints
    served: Served


class Plans:
    """Serves sets of open sites, each once, and keeps the best, and the last."""

    def __init__(self, question: Question, serve: Callable[[Ints], Served]) -> None:
        self.question, self._serve = question, serve
        self._known: dict[bytes, tuple[float, float]] = {}
        self.last = self.best = Plan(np.empty(0, dtype=np.int64), Served(np.inf, -np.inf, np.empty((len(question.cost), 0))))

    @property
    def value(self) -> float:
        """What the best plan costs; inf where there is none."""
        return self.best.served.value

    def offer(self, sites: Ints) -> tuple[float, float]:
        """Return value and bound of serving from `sites`, sorted, and keep the plan where it is the best."""
        key = sites.astype(np.int64).tobytes()
        if key not in self._known:
            served = self._serve(sites)
            self._known[key] = served.value, served.bound
            self.last = Plan(sites, served)
            self.keep(sites, served)
        return self._known[key]

    def keep(self, sites: Ints, served: Served) -> None:
        """Keep a plan where it is better than the best so far."""
        if served.value < self.value:
            self.best = Plan(sites, served)

    def knows(self, sites: Ints) -> bool:
        """Return True where `sites` were offered before."""
        return sites.astype(np.int64).tobytes() in self._known


def serve_nearest(question: Question, sites: Ints) -> Served:
    """Serve everybody from the cheapest of `sites`, the first of equals."""
    costs = question.cost[:, sites]
    place = costs.argmin(axis=1)
    value = float(costs[np.arange(len(costs)), place].sum() + question.opening[sites].sum())
    shares = np.zeros(costs.shape)
    shares[np.arange(len(costs)), place] = 1.0
    return Served(value, value, shares)


def fill_up(question: Question, sites: Ints) -> Ints:
    """Return `sites`, sorted, with larger ones added or put in their place until they hold everybody."""
    capacity = question.capacity
    if capacity is None:
        return np.sort(sites)
    needs = question.demand.sum() * (1 - 1e-9)
    chosen = list(sites)
    for site in np.argsort(-capacity, kind="stable"):
        if capacity[chosen].sum() >= needs:
            break
        if site in chosen:
            continue
        if len(chosen) >= question.most:
            chosen.remove(min(chosen, key=lambda j: capacity[j]))
        chosen.append(site)
    return np.sort(np.array(chosen, dtype=np.int64))
