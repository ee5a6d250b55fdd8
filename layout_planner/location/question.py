"""One question for all classic location problems: which sites open, and which site serves whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

LARGEST_WHOLE = 2.0**53  # whole numbers up to here are exact
ROUNDING = 1e-10  # share of a value by which sums of floats may be off
GRAIN_SHARE = 1e-6  # of the grain, likewise


@dataclass(frozen=True)
class Question:
    """Open sites and serve every client from open sites as cheaply as may be.

    cost : (clients, sites), what serving all of a client from a site costs; `unreachable` where that cannot be
    opening : (sites,), what opening a site costs
    demand : (clients,), what of a site's capacity a client takes
    capacity : (sites,); None where no site is ever full
    least, most : how many sites are open
    whole : every client is served by one site alone; without capacities that is no demand
    unreachable : stands for "cannot be"; more than any plan without it costs
    grain : the value of every plan is a multiple of it; 0 where nothing such is known
    """

    cost: Floats
    opening: Floats
    demand: Floats
    capacity: Floats | None
    least: int
    most: int
    whole: bool
    unreachable: float
    grain: float

    def is_impossible(self, bound: float) -> bool:
        """Return True where a plan that costs at least `bound` leaves somebody out of reach."""
        return not bound < self.unreachable / 2

    def proven_at(self, value: float, gap: float) -> float:
        """Return the bound at which a plan of `value` is as good as the best to `gap`, or better than any by no grain."""
        allowed = gap * abs(value)
        if self.grain > 0:
            allowed = max(allowed, self.grain * (1 - GRAIN_SHARE) - ROUNDING * abs(value))
        return value - allowed

    def round_bound(self, bound: float) -> float:
        """Return the least value that a plan may have when none is below `bound`."""
        if not self.grain > 0 or not np.isfinite(bound) or ROUNDING * abs(bound) > self.grain / 2:
            return bound
        return float(np.ceil((bound - ROUNDING * abs(bound)) / self.grain - GRAIN_SHARE) * self.grain)


def make_question(
    cost: Floats,
    opening: Floats,
    *,
    count: tuple[int, int],
    demand: Floats | None = None,
    capacity: Floats | None = None,
    whole: bool = False,
) -> Question:
    """Return the question of checked arrays, with unreachable pairs priced above every plan that needs none."""
    if capacity is not None and demand is not None:
        _check_room(demand, capacity, count[1], whole=whole)
        cost = np.where(whole & (demand[:, None] > capacity), np.inf, cost)
    reached = np.isfinite(cost)
    if not reached.any(axis=1).all():
        raise ValueError(f"client {int(np.argmin(reached.any(axis=1)))} can be served by no site: all are out of its reach or too small")
    dearest = np.where(reached, cost, -np.inf).max(axis=1)
    unreachable = 1.0 + 2.0 * float(dearest.sum() + opening.clip(0).sum() - np.minimum(opening, 0).sum())
    priced = np.where(reached, cost, unreachable)
    needs = np.ones(len(cost)) if demand is None else demand
    split = capacity is not None and not whole
    grain = 0.0 if split else _common_grain(cost[reached], opening)
    return Question(priced, opening, needs, capacity, *count, whole or capacity is None, unreachable, grain)


def _check_room(demand: Floats, capacity: Floats, most: int, *, whole: bool) -> None:
    room = float(np.sort(capacity)[::-1][:most].sum())
    if demand.sum() > room * (1 + ROUNDING):
        raise ValueError(f"capacity: the {most} largest sites hold {room:g}, the clients need {demand.sum():g}")
    if whole and demand.max() > capacity.max():
        raise ValueError(f"demand: client {int(demand.argmax())} needs {demand.max():g}, no site holds more than {capacity.max():g}")


def _common_grain(*values: Floats) -> float:
    """Return the greatest whole number that divides all `values`; 0 where some are no whole numbers."""
    everything = np.concatenate([np.ravel(group) for group in values])
    if not (np.abs(everything).sum() < LARGEST_WHOLE and (everything == np.rint(everything)).all()):
        return 0.0
    return float(np.gcd.reduce(np.abs(everything).astype(np.int64)))


def read_costs(name: str, values: ArrayLike) -> Floats:
    """Return `values` as a table of clients by sites of numbers from 0, infinite where a site is out of reach.

    Raises
    ------
    ValueError : no table, an empty one, a number below 0 or NaN.
    """
    table = np.array(values, dtype=float)
    if table.ndim != 2 or 0 in table.shape:  # noqa: PLR2004 - rows and columns
        raise ValueError(f"{name}: expected a table of clients by sites, got shape {table.shape}")
    if not (table >= 0).all():
        row, column = np.argwhere(~(table >= 0))[0]
        raise ValueError(
            f"{name}: expected numbers from 0 (inf where out of reach), got {table[row, column]} at client {row}, site {column}"
        )
    return table


def read_vector(name: str, values: ArrayLike, length: int, *, signed: bool = False) -> Floats:
    """Return `values` as `length` finite numbers, from 0 unless `signed`.

    Raises
    ------
    ValueError : another length, a number that is not finite, or one below 0.
    """
    vector = np.array(values, dtype=float)
    if vector.shape != (length,):
        raise ValueError(f"{name}: expected {length} numbers, got shape {vector.shape}")
    good = np.isfinite(vector) & (signed | (vector >= 0))
    if not good.all():
        place = int(np.argmin(good))
        raise ValueError(f"{name}: expected finite numbers{'' if signed else ' from 0'}, got {vector[place]} at place {place}")
    return vector


def read_count(name: str, count: int, sites: int) -> int:
    """Return `count` where that many of `sites` can be open.

    Raises
    ------
    ValueError : no whole number, below 1 or above the number of sites.
    """
    if isinstance(count, bool) or int(count) != count or not 1 <= count <= sites:
        raise ValueError(f"{name}: expected a whole number from 1 to {sites}, the number of sites; got {count}")
    return int(count)


def weigh(dist: Floats, weights: Floats | None) -> Floats:
    """Return `dist` times the weight of its client; who weighs nothing costs nothing, even out of reach."""
    if weights is None:
        return dist
    with np.errstate(invalid="ignore"):
        return np.where(weights[:, None] > 0, dist * weights[:, None], 0.0)
