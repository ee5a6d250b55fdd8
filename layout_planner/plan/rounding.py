"""A plan out of shares: every site open as wide as it may be, with as many classes, beds and buses as its pupils need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from layout_planner.plan.reduce import widest_form

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from layout_planner.plan.arrays import Ground
    from layout_planner.plan.forms import Site
    from layout_planner.plan.model import LayoutModel

    Floats = NDArray[np.float64]

ROUNDING = 1e-6


def open_wide(ground: Ground, model: LayoutModel, sites: Iterable[Site], shares: Floats) -> Floats:
    """Return the plan that sends pupils as `shares` do; it may need more beds or buses than the scenario allows."""
    arrays, x = ground.arrays, shares.copy()
    for site in sites:
        for form in () if site.decided else site.forms:
            x[ground.position[model.form[site.school_id, form]]] = float(form == widest_form(site))
    return build_enough(ground, model, np.clip(x, arrays.low, arrays.high))


def build_enough(ground: Ground, model: LayoutModel, x: Floats) -> Floats:
    """Return `x` with as few classes, beds, buses, funds and pupils lacking as its ways and forms need, each by the rows that name it."""
    x = x.copy()
    counted = [ground.position[v] for group in (model.classes, model.new_beds, model.new_buses) for v in group.values()]
    amounts = [ground.position[v] for v in (*model.funds, *model.lacking)]
    wanted = np.array(counted + amounts, dtype=np.int64)
    x[wanted] = ground.arrays.low[wanted]
    rows, low, high = ground.arrays.rows, ground.arrays.row_low, ground.arrays.row_high
    lone = _rows_of_one(ground, wanted)
    activity = rows @ x
    for row, column, weight in lone:
        lacks = low[row] - activity[row] if weight > 0 else activity[row] - high[row]
        if lacks > 0:
            need = lacks / abs(weight)
            x[column] = max(x[column], ground.arrays.low[column] + (np.ceil(need - ROUNDING) if ground.arrays.whole[column] else need))
    return x


def _rows_of_one(ground: Ground, wanted: NDArray[np.int64]) -> list[tuple[int, int, float]]:
    """Return (row, column, weight) of the rows that hold one of the `wanted` columns; rows of several are limits, not needs."""
    is_wanted = np.zeros(len(ground.site_of), dtype=bool)
    is_wanted[wanted] = True
    entries = ground.arrays.rows.tocoo()
    kept = is_wanted[entries.col]
    row, column, weight = entries.row[kept], entries.col[kept], entries.data[kept]
    alone = np.bincount(row, minlength=ground.arrays.rows.shape[0])[row] == 1
    return [(int(r), int(c), float(w)) for r, c, w in zip(row[alone], column[alone], weight[alone], strict=True)]
