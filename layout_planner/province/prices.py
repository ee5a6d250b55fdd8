"""What counties share is spread by prices: Lagrangian multipliers of the shared limits, found anew in every round.

Every layout worked out for a county is one column: how many pupils stay at risk, and how much of every resource it takes. The master
problem mixes the columns of each county so that few pupils stay at risk and no shared limit is broken (a restricted Dantzig-Wolfe
master, solved by HiGHS); the multipliers of its limits are the prices, in pupils at risk that one more unit would spare. The mixture says
how much each county should be offered next; where a price is nothing a county may have all that it wishes. In the end each county gets
one whole layout of those worked out (an integer master), so the limits hold exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import LinearConstraint, linprog, milp

from layout_planner.errors import NoPlanError
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

TIDY = 1e-6  # of two equal layouts the one that takes less is preferred
PRICELESS = 1e-9
FULL_UNITS = 1e-6  # a whole number reached but for rounding


@dataclass(frozen=True, slots=True)
class Column:
    """One layout of one county: pupils at risk, and what it takes of the shared resources."""

    county_id: str
    key: str
    at_risk: float
    uses: tuple[float, ...]


@dataclass(frozen=True)
class Spread:
    """One answer of the master.

    mixture  county -> what it should be offered of every resource
    prices   pupils at risk that one more unit of each resource would spare
    at_risk  of the mixture (`solve_mixture`) or of the layouts chosen (`choose_layouts`)
    chosen   county -> key of its layout; empty for a mixture
    """

    mixture: Mapping[str, tuple[float, ...]]
    prices: tuple[float, ...]
    at_risk: float
    chosen: Mapping[str, str]


def solve_mixture(columns: Sequence[Column], limits: Sequence[float]) -> Spread:
    """Return the best mixture of `columns` within `limits`, and the prices of the limits.

    Raises
    ------
    NoPlanError : not even the most modest columns fit into the limits.
    """
    costs, one, takes, uses = _arrange(columns, limits)
    found = linprog(costs, A_ub=takes, b_ub=np.array(limits), A_eq=one, b_eq=np.ones(len(one)), bounds=(0, 1), method="highs")
    if not found.success:
        raise _no_spread()
    weights = np.asarray(found.x)
    prices = tuple(float(max(0.0, -price)) for price in found.ineqlin.marginals)
    mixture = {
        county_id: tuple(float(x) for x in weights[rows] @ uses[rows]) for county_id, rows in _rows_of(columns).items()
    }  # fmt: skip
    return Spread(mixture, prices, float(weights @ [column.at_risk for column in columns]), {})


def choose_layouts(columns: Sequence[Column], limits: Sequence[float]) -> Spread:
    """Return one of its layouts for every county so that the fewest pupils stay at risk within `limits`.

    Raises
    ------
    NoPlanError : no choice fits into the limits.
    """
    costs, one, takes, _ = _arrange(columns, limits)
    rows = [LinearConstraint(one, 1, 1)]
    if len(limits):
        rows.append(LinearConstraint(takes, -np.inf, np.array(limits)))
    found = milp(costs, constraints=rows, integrality=np.ones(len(columns)), bounds=(0, 1), options={"mip_rel_gap": 0.0})
    if found.x is None:
        raise _no_spread()
    taken = [column for column, weight in zip(columns, found.x, strict=True) if weight > 1 - FULL_UNITS]
    mixture = {column.county_id: column.uses for column in taken}
    prices = tuple(0.0 for _ in limits)
    return Spread(mixture, prices, sum(column.at_risk for column in taken), {column.county_id: column.key for column in taken})


def propose_caps(spread: Spread, wishes: Mapping[str, tuple[float, ...]], names: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return for every county the caps to try next: its part of the mixture, or its wish where a resource is not scarce.

    wishes : what the county takes of every resource when it may take all that its scenario allows
    """
    caps = {}
    for county_id, share in spread.mixture.items():
        wish = wishes[county_id]
        caps[county_id] = {
            name: wish[r] if spread.prices[r] <= PRICELESS else _round_down(name, share[r]) for r, name in enumerate(names)
        }  # fmt: skip
    return caps


def _round_down(name: str, value: float) -> float:
    """Return whole beds and buses, and money as it is."""
    return float(np.floor(value + FULL_UNITS)) if name != "extra_yuan" else value


def _arrange(columns: Sequence[Column], limits: Sequence[float]) -> tuple[Floats, Floats, Floats, Floats]:
    """Return costs, the rows by which weights of a county sum to one, what columns take by resource, and the same by column."""
    uses = np.array([column.uses for column in columns], dtype=float).reshape(len(columns), len(limits))
    scale = np.maximum(1.0, np.abs(uses).max(axis=0, initial=1.0))
    costs = np.array([column.at_risk for column in columns]) + TIDY * (uses / scale).sum(axis=1)
    groups = _rows_of(columns)
    one = np.zeros((len(groups), len(columns)))
    for row, members in enumerate(groups.values()):
        one[row, members] = 1.0
    return costs, one, uses.T, uses


def _rows_of(columns: Sequence[Column]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for position, column in enumerate(columns):
        groups.setdefault(column.county_id, []).append(position)
    return groups


def _no_spread() -> NoPlanError:
    return NoPlanError(
        Words("共用额度不够，连最省的方案也放不下：提高 [budget]", "not even the most modest plans fit into [budget]: raise it")
    )
