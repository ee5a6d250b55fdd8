"""Hide small counts of vulnerable groups so that nobody can work them out from what is published.

A count below `least` is hidden, zero included. Where a hidden count could be found from totals (a township is its county less all
others), more counts are hidden with it, until an attacker who knows every published figure, that counts are not negative and which
sums hold still faces a range of at least `least` for every hidden count. The attack is a linear programme and is run here, not assumed.

What is hidden follows from the counts alone. Publish only counts that are the same in every scenario of a county, and two publications
hide the same cells, so that nothing is gained by comparing them. Not withstood: an attacker who knows some of the children counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.optimize import linprog
from scipy.sparse import coo_array

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

ROUNDING = 1e-6
UNBOUNDED = 3  # linprog's status
HIDDEN = pd.NA


@dataclass(frozen=True, slots=True)
class Sum:
    """One relation that everybody knows: the cell `total` is the sum of the cells `parts` (positions)."""

    total: int
    parts: tuple[int, ...]


def choose_hidden(counts: Sequence[int] | NDArray[np.int_], sums: Sequence[Sum], least: int) -> Mask:
    """Return which of `counts` must be hidden so that none below `least` can be found.

    Parameters
    ----------
    counts : all cells of a publication, totals among them; not negative.
    sums : every sum that holds between them.
    least : smallest count that is published, and the narrowest range that is left to an attacker.
    """
    values = np.asarray(counts, dtype=float)
    if not (values >= 0).all():
        msg = "counts are not negative"
        raise ValueError(msg)
    hidden = values < least
    while True:
        low, high = attack(values, hidden, sums)
        weak = np.flatnonzero(hidden & ~(high - low >= least - ROUNDING))
        if not len(weak):
            return hidden
        hidden[_next_to_hide(int(weak[0]), values, hidden, sums)] = True


def attack(values: Floats, hidden: Mask, sums: Sequence[Sum]) -> tuple[Floats, Floats]:
    """Return the least and the greatest value that every cell may have for one who sees the cells that are not hidden."""
    low, high = values.astype(float).copy(), values.astype(float).copy()
    for component, used in _components(hidden, sums):
        cells = sorted(component)
        place = {cell: at for at, cell in enumerate(cells)}
        rows, columns, signs = [], [], []
        right = np.zeros(len(used))
        for row, relation in enumerate(used):
            for cell, sign in ((relation.total, 1.0), *((part, -1.0) for part in relation.parts)):
                if hidden[cell]:
                    rows.append(row)
                    columns.append(place[cell])
                    signs.append(sign)
                else:
                    right[row] -= sign * values[cell]
        known = coo_array((signs, (rows, columns)), shape=(len(used), len(cells))).tocsr()
        for cell in cells:
            low[cell], high[cell] = (_extreme(place[cell], sign, known, right) for sign in (1.0, -1.0))
    return low, high


def _extreme(at: int, sign: float, known: coo_array, right: Floats) -> float:
    """Return the least (`sign` 1) or greatest (-1) value of one hidden cell; np.inf without end."""
    goal = np.zeros(known.shape[1])
    goal[at] = sign
    if known.shape[0] == 0:
        return 0.0 if sign > 0 else np.inf
    found = linprog(goal, A_eq=known, b_eq=right, bounds=(0, None), method="highs")
    if found.status == UNBOUNDED:
        return sign * -np.inf
    if not found.success:
        msg = f"the attack on a hidden count failed: {found.message}"
        raise ArithmeticError(msg)
    return sign * float(found.fun)


def _components(hidden: Mask, sums: Sequence[Sum]) -> Iterator[tuple[set[int], list[Sum]]]:
    """Yield groups of hidden cells that hang together by sums, with those sums; one attack each."""
    group = {int(cell): {int(cell)} for cell in np.flatnonzero(hidden)}
    touching = []
    for relation in sums:
        cells = [cell for cell in (relation.total, *relation.parts) if hidden[cell]]
        if cells:
            touching.append((cells[0], relation))
            joined: set[int] = set().union(*(group[cell] for cell in cells))
            for cell in joined:
                group[cell] = joined
    for together in {id(joined): joined for joined in group.values()}.values():
        yield together, [relation for first, relation in touching if first in together]


def _next_to_hide(weak: int, values: Floats, hidden: Mask, sums: Sequence[Sum]) -> int:
    """Return the smallest published cell that shares a sum with the weak one, else with any cell that hangs together with it."""
    together = {weak}
    while True:
        near = {cell for relation in sums for cell in (relation.total, *relation.parts) if together & {relation.total, *relation.parts}}
        shown = [cell for cell in sorted(near) if not hidden[cell]]
        if shown:
            return min(shown, key=lambda cell: (values[cell], cell))
        if near <= together:
            msg = "a hidden count has a narrow range although nothing is published"
            raise ArithmeticError(msg)
        together |= near


def suppress_small(table: pd.DataFrame, least: int, *, total: str, row_total: str | None = None) -> pd.DataFrame:
    """Return `table` with totals, and small counts and what would betray them as <NA>.

    Parameters
    ----------
    table : one row a place (index), one column a count, whole numbers.
    least : smallest count that is published.
    total : name of the row added at the end, the sum of all rows.
    row_total : name of a column added at the end, the sum of all columns; None where columns overlap and their sum means nothing.
    """
    order = sorted(range(len(table)), key=lambda at: str(table.index[at]))  # ties are settled by name, not by the order of rows
    whole = table.iloc[order].astype(int)
    if row_total is not None:
        whole = whole.assign(**{row_total: whole.sum(axis=1)})
    whole = pd.concat([whole, whole.sum().rename(total).to_frame().T])
    place = np.arange(whole.size).reshape(whole.shape)
    sums = [Sum(int(column[-1]), tuple(map(int, column[:-1]))) for column in place.T]
    if row_total is not None:
        sums += [Sum(int(row[-1]), tuple(map(int, row[:-1]))) for row in place]
    hidden = choose_hidden(whole.to_numpy().ravel(), sums, least).reshape(whole.shape)
    shown = whole.astype("Int64").mask(pd.DataFrame(hidden, index=whole.index, columns=whole.columns), HIDDEN)
    return shown.iloc[[*np.argsort(order), len(order)]]
