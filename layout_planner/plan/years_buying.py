"""When the buses and classrooms of a plan over years are bought: as late as the capital of every year, and building first, allow."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING

from layout_planner.plan.capital import Prices
from layout_planner.plan.years_links import list_receivers
from layout_planner.plan.years_terms import NONE_BUILT, count_built, price_built

if TYPE_CHECKING:
    from collections.abc import Sequence

    from layout_planner.plan.layout import Layout
    from layout_planner.plan.years_terms import Built, SchoolYear
    from layout_planner.scenario import Years

ROUNDING = 1e-6


def buy_late(terms: Sequence[SchoolYear], layouts: Sequence[Layout], found: Sequence[Built], years: Years) -> list[Built]:
    """Return what stands and is bought by the end of every year.

    found : a way to buy that keeps all limits; it stands where buying late does not fit into the capital
    """
    used = [count_built(term, layout) for term, layout in zip(terms, layouts, strict=True)]
    fleet = accumulate((each.fleet for each in used), max)
    late = [
        replace(each, fleet=owned, rooms=rooms) for each, owned, rooms in zip(used, fleet, _latest_rooms(terms, layouts, used), strict=True)
    ]
    for place in range(len(late) - 1, 0, -1):
        late[place - 1] = _buy_before(terms[place], late[place - 1], late[place], years)
    before = [NONE_BUILT, *late[:-1]]
    if all(_excess(term, then, now, years) <= ROUNDING for term, then, now in zip(terms, before, late, strict=True)):
        return late
    return [replace(each, fleet=way.fleet, rooms=way.rooms) for each, way in zip(used, found, strict=True)]


def _latest_rooms(terms: Sequence[SchoolYear], layouts: Sequence[Layout], used: Sequence[Built]) -> list[dict[str, int]]:
    """Return the new classrooms that must stand by year: those in use, and a year ahead those for pupils whose school then closes."""
    needed = [dict(each.rooms) for each in used]
    for place in range(1, len(terms)):
        for thing, j in list_receivers(layouts[place], _find_moved(layouts[place - 1], layouts[place])):
            if thing == "rooms" and j in used[place].rooms:
                needed[place - 1][j] = max(needed[place - 1].get(j, 0), used[place].rooms[j])
    return list(accumulate(needed, lambda stood, more: {j: max(stood.get(j, 0), more.get(j, 0)) for j in sorted({*stood, *more})}))


def _find_moved(before: Layout, now: Layout) -> set[tuple[str, str]]:
    """Return the (settlement, band) whose school of the year before no longer teaches their band."""
    teaches = {str(j): set(bands.split(",")) for j, bands in now.sites["bands"].items()}
    columns = (before.assignment[c].astype(str) for c in ("settlement_id", "band", "school_id"))
    return {(i, band) for i, band, j in zip(*columns, strict=True) if j and band not in teaches[j]}


def _excess(term: SchoolYear, before: Built, now: Built, years: Years) -> float:
    """Return by how much what is new in a year passes its capital, yuan."""
    capital = years.capital_of(term.year)
    return 0.0 if capital is None else price_built(term.case, before, now) - capital


def _buy_before(term: SchoolYear, before: Built, now: Built, years: Years) -> Built:
    """Return `before` with what is bought a year early, buses first, because the capital of the year of `now` does not suffice."""
    prices, excess = Prices.of(term.case.norms), _excess(term, before, now, years)
    early = min(now.fleet - before.fleet, max(0, math.ceil(excess / prices.bus - ROUNDING)))
    excess, rooms = excess - early * prices.bus, dict(before.rooms)
    for j in sorted(now.rooms):
        count = min(now.rooms[j] - rooms.get(j, 0), max(0, math.ceil(excess / prices.room - ROUNDING)))
        if count > 0:
            rooms[j], excess = rooms.get(j, 0) + count, excess - count * prices.room
    return replace(before, fleet=before.fleet + early, rooms=rooms)
