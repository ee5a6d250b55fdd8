"""The classic location problems by their names.

Costs are tables of clients by sites, infinite where a site cannot serve a client. Every answer is a `Located`: open sites, who goes where,
value, and a bound that no plan is below. Which of several equally good plans is told may depend on the order of clients and sites.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from layout_planner.location.engine import Limits, Located, solve
from layout_planner.location.question import make_question, read_costs, read_count, read_vector, weigh

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

NONE = Limits()


def solve_p_median(
    dist: ArrayLike,
    p: int,
    weights: ArrayLike | None = None,
    *,
    limits: Limits = NONE,
) -> Located:
    """Open `p` sites so that the sum of weighted distances from every client to its nearest open site is least.

    Parameters
    ----------
    dist : (clients, sites), from 0; metres, seconds or any other unit, which is that of the value
    weights : (clients,), from 0, say pupils; 1 each where left out. Who weighs 0 need not be reached.

    Raises
    ------
    ValueError : arrays of other shapes, numbers below 0 or NaN, a `p` that cannot be, a client who reaches no site.
    """
    table = read_costs("dist", dist)
    pupils = None if weights is None else read_vector("weights", weights, len(table))
    count = read_count("p", p, table.shape[1])
    question = make_question(weigh(table, pupils), np.zeros(table.shape[1]), count=(count, count))
    return solve(question, limits)


def solve_facility_location(cost: ArrayLike, opening: ArrayLike, *, limits: Limits = NONE) -> Located:
    """Open as many sites as pay: least sum of opening and serving, and no site is ever full.

    Parameters
    ----------
    cost : (clients, sites), from 0, what serving all of a client from a site costs
    opening : (sites,), what opening a site costs; below 0 where it brings something

    Raises
    ------
    ValueError : arrays of other shapes, costs below 0, NaN, a client who reaches no site.
    """
    table = read_costs("cost", cost)
    sites = table.shape[1]
    question = make_question(table, read_vector("opening", opening, sites, signed=True), count=(1, sites))
    return solve(question, limits)


def solve_capacitated_location(
    cost: ArrayLike,
    opening: ArrayLike,
    demand: ArrayLike,
    capacity: ArrayLike,
    *,
    whole: bool = False,
    limits: Limits = NONE,
) -> Located:
    """Open as many sites as pay, none of which serves more than its capacity.

    Parameters
    ----------
    cost : (clients, sites), from 0, what serving all of a client from a site costs
    opening : (sites,), what opening a site costs; below 0 where it brings something
    demand : (clients,), from 0, say pupils
    capacity : (sites,), from 0, in the unit of `demand`
    whole : every client is served by one site alone (single source); else clients may be split

    Whole clients: the bound is that of shares, or of HiGHS where little is left undecided, so a gap may remain even without a limit.

    Raises
    ------
    ValueError : arrays of other shapes, numbers below 0 or NaN, a client who reaches no site, less capacity than demand.
    """
    table = read_costs("cost", cost)
    clients, sites = table.shape
    question = make_question(
        table,
        read_vector("opening", opening, sites, signed=True),
        count=(1, sites),
        demand=read_vector("demand", demand, clients),
        capacity=read_vector("capacity", capacity, sites),
        whole=whole,
    )
    return solve(question, limits)


def solve_capacitated_p_median(
    dist: ArrayLike,
    p: int,
    demand: ArrayLike,
    capacity: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    whole: bool = True,
    limits: Limits = NONE,
) -> Located:
    """Open `p` sites, none of which serves more than its capacity, so that the sum of weighted distances is least.

    Parameters
    ----------
    dist, weights : as for `solve_p_median`; weights are 1 where left out, as in the literature, and may be `demand` itself
    demand, capacity, whole : as for `solve_capacitated_location`

    Raises
    ------
    ValueError : arrays of other shapes, numbers below 0 or NaN, a client who reaches no site, `p` sites that hold too little.
    """
    table = read_costs("dist", dist)
    clients, sites = table.shape
    pupils = None if weights is None else read_vector("weights", weights, clients)
    count = read_count("p", p, sites)
    question = make_question(
        weigh(table, pupils),
        np.zeros(sites),
        count=(count, count),
        demand=read_vector("demand", demand, clients),
        capacity=read_vector("capacity", capacity, sites),
        whole=whole,
    )
    return solve(question, limits)
