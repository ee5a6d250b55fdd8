"""A county in regions: every column in exactly one, and the programme of one region with the rest as it is, or with the rest priced."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from layout_planner.plan.arrays import NOBODY

if TYPE_CHECKING:
    import scipy.sparse as sp
    from numpy.typing import NDArray

    from layout_planner.plan.arrays import Arrays

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]


def part_sites(xy: Floats, load: Floats, most: float, first_cut: float = 0.5) -> Whole:
    """Return the region of every site, numbered from 0: halved across the longer side until no region carries more than `most`.

    first_cut : share of the load on one side of the first cut; another one gives other borders
    """
    region = np.zeros(len(xy), dtype=np.int64)
    waiting, found = [(np.arange(len(xy)), first_cut)], 0
    while waiting:
        inside, share = waiting.pop()
        if load[inside].sum() <= most or len(inside) <= 1:
            region[inside] = found
            found += 1
            continue
        spans = np.ptp(xy[inside], axis=0)
        axis = int(spans.argmax()) if share == 0.5 else int(spans.argmin())  # noqa: PLR2004 - another cut, other borders
        order = inside[np.lexsort((inside, xy[inside, 1 - axis], xy[inside, axis]))]
        carried = np.cumsum(load[order])
        cut = int(np.clip(np.searchsorted(carried, share * carried[-1]), 1, len(order) - 1))
        waiting += [(order[cut:], 0.5), (order[:cut], 0.5)]
    return region


def part_columns(matrix: sp.csr_matrix, site_of: Whole, region_of_site: Whole) -> Whole:
    """Return the region of every column; a column of no site goes with the first column of a site that shares a row with it."""
    region = np.where(site_of == NOBODY, NOBODY, region_of_site[site_of])
    homeless = np.flatnonzero(region == NOBODY)
    if not len(homeless):
        return region
    entries = matrix.tocoo()
    settled = region[entries.col] != NOBODY
    of_row = np.full(matrix.shape[0], len(region_of_site))
    np.minimum.at(of_row, entries.row[settled], region[entries.col[settled]])
    of_column = np.full(matrix.shape[1], len(region_of_site))
    np.minimum.at(of_column, entries.col, of_row[entries.row])
    region[homeless] = np.where(of_column[homeless] < len(region_of_site), of_column[homeless], 0)
    return region


@dataclass(frozen=True)
class Borders:
    """Which region every column is in, and which rows touch more than one.

    touching : number of regions by row
    deciding : number of those with a whole column in the row, or `touching` where none has
    """

    region: Whole
    columns: list[Whole]
    touching: Whole
    deciding: Whole

    @property
    def shared(self) -> NDArray[np.bool_]:
        """The rows that touch more than one region."""
        return self.touching > 1


def draw_borders(arrays: Arrays, site_of: Whole, region_of_site: Whole) -> Borders:
    """Return the borders of the regions."""
    region = part_columns(arrays.rows, site_of, region_of_site)
    columns = [np.flatnonzero(region == k) for k in range(int(region.max()) + 1)]
    by_column = arrays.rows.tocsc()
    touching = sum((by_column[:, inside].getnnz(axis=1) > 0).astype(np.int64) for inside in columns)
    deciding = sum((by_column[:, inside[arrays.whole[inside]]].getnnz(axis=1) > 0).astype(np.int64) for inside in columns)
    return Borders(region, columns, np.asarray(touching), np.where(deciding == 0, touching, deciding))


def one_region(arrays: Arrays, inside: Whole) -> Borders:
    """Return the borders of a single region of the columns `inside`, which has all rows for itself."""
    ones = np.ones(len(arrays.row_low), dtype=np.int64)
    return Borders(np.zeros(len(arrays.cost), dtype=np.int64), [inside], ones, ones)


def with_the_rest_as_it_is(arrays: Arrays, by_column: sp.csc_matrix, borders: Borders, inside: Whole, x: Floats) -> Arrays:
    """Return the programme of the columns `inside` while all others stay as in `x`.

    What shared rows have left is split evenly among the regions that decide about whole columns of them (a site that may close, say),
    or that they touch: so all regions may be solved at once, and plans of all of them together are a plan.
    """
    within = by_column[:, inside].tocsr()
    touched = np.flatnonzero(within.getnnz(axis=1))
    own, activity = (within @ x[inside])[touched], (by_column @ x)[touched]
    decides = within[:, arrays.whole[inside]].getnnz(axis=1)[touched] > 0
    among = borders.deciding[touched]
    share = np.where(decides | (among == borders.touching[touched]), 1.0 / among, 0.0)
    low = own - _left(activity - arrays.row_low[touched], share)
    high = own + _left(arrays.row_high[touched] - activity, share)
    return replace(
        arrays,
        cost=arrays.cost[inside],
        offset=0.0,
        low=arrays.low[inside],
        high=arrays.high[inside],
        whole=arrays.whole[inside],
        rows=within[touched],
        row_low=low,
        row_high=high,
    )


def _left(room: Floats, share: Floats) -> Floats:
    return np.where(np.isinf(room), np.inf, np.maximum(0.0, np.where(np.isinf(room), 0.0, room)) * share)


def with_the_rest_priced(arrays: Arrays, by_column: sp.csc_matrix, borders: Borders, inside: Whole, prices: Floats) -> Arrays:
    """Return the programme of the columns `inside` with its own rows, and `prices` in the place of shared ones."""
    within = by_column[:, inside].tocsr()
    held = np.flatnonzero((within.getnnz(axis=1) > 0) & ~borders.shared)
    cost = arrays.cost[inside] - within.T @ np.where(borders.shared, prices, 0.0)
    return replace(
        arrays,
        cost=cost,
        offset=0.0,
        low=arrays.low[inside],
        high=arrays.high[inside],
        whole=arrays.whole[inside],
        rows=within[held],
        row_low=arrays.row_low[held],
        row_high=arrays.row_high[held],
    )


def price_of_shared(arrays: Arrays, borders: Borders, prices: Floats) -> float:
    """Return what the shared rows add to the bound; `prices` as `proper_prices` gives them."""
    paid = np.where(borders.shared, prices, 0.0)
    right = np.where(paid > 0, arrays.row_low, arrays.row_high)
    return float((paid[paid != 0] * right[paid != 0]).sum())


def proper_prices(arrays: Arrays, prices: Floats) -> Floats:
    """Return `prices` without those of the wrong sign, so that they give a bound whatever they are."""
    wrong = ((prices > 0) & ~np.isfinite(arrays.row_low)) | ((prices < 0) & ~np.isfinite(arrays.row_high))
    return np.where(wrong, 0.0, prices)
