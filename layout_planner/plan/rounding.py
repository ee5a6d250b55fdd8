"""A plan out of shares, with every site open as wide as it may be, or out of another layout, built for as its pupils need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from layout_planner.plan.choices import KEY
from layout_planner.plan.reduce import widest_form

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from layout_planner.plan.arrays import Ground
    from layout_planner.plan.forms import Site
    from layout_planner.plan.layout import Layout
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


def arrange_as(ground: Ground, model: LayoutModel, sites: Iterable[Site], layout: Layout) -> Floats:
    """Return the plan that sends pupils in the shares of `layout`, with its forms where a site may run them.

    Whose way of `layout` is none of the model's goes nowhere; the plan may need more than the model allows.
    """
    arrays, trips = ground.arrays, layout.assignment
    x = np.clip(0.0, arrays.low, arrays.high)
    taken = dict(zip(zip(*(trips[c].astype(str) for c in KEY), strict=True), trips["pupils"].astype(float), strict=True))
    of_group: dict[tuple[str, ...], float] = {}
    for key, count in taken.items():
        of_group[key[:2]] = of_group.get(key[:2], 0.0) + count
    left = {key: float(variable.upBound) for key, variable in model.unserved.items()}
    for key, variable in zip(zip(*(model.options[c].astype(str) for c in KEY), strict=True), model.pupils, strict=True):
        group, place = key[:2], ground.position[variable]
        x[place] = min(taken.get(key, 0.0) / of_group.get(group, 1.0) * model.unserved[group].upBound, arrays.high[place])
        left[group] -= x[place]
    for group, variable in model.unserved.items():
        x[ground.position[variable]] = max(0.0, left[group])
    for site in (site for site in sites if not site.decided):
        wanted = str(layout.sites.at[site.school_id, "form"])
        runs = wanted if wanted in site.forms else widest_form(site)
        for form in site.forms:
            x[ground.position[model.form[site.school_id, form]]] = float(form == runs)
    return build_enough(ground, model, np.clip(x, arrays.low, arrays.high))


def build_enough(ground: Ground, model: LayoutModel, x: Floats) -> Floats:
    """Return `x` with as little of all else as its ways and forms need, each by the rows that name it alone.

    First classes, beds, buses, funds and pupils lacking, then what these need in turn: new rooms, say, or buses bought.
    """
    built = [v for group in (model.classes, model.new_beds, model.new_buses) for v in group.values()]
    first = np.array([ground.position[v] for v in (*built, *model.funds, *model.lacking)], dtype=np.int64)
    forms = np.array([ground.position[v] for v in model.form.values()], dtype=np.int64)
    then = np.setdiff1d(np.arange(len(x)), np.concatenate([ground.pupils, ground.unserved, forms, first]))
    return _take_enough(ground, then, _take_enough(ground, first, x))


def _take_enough(ground: Ground, wanted: NDArray[np.int64], x: Floats) -> Floats:
    """Return `x` with as little of the columns `wanted` as the rows of one of them need."""
    x = x.copy()
    x[wanted] = ground.arrays.low[wanted]
    rows, low, high = ground.arrays.rows, ground.arrays.row_low, ground.arrays.row_high
    activity = rows @ x
    for row, column, weight in _rows_of_one(ground, wanted):
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
