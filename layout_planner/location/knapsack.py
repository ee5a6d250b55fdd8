"""What sites of limited room take of whole clients: the best pay that fits, by dynamic programming over all sites at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]

ROUNDING = 1e-9


def take_whole(site: Ints, saved: Floats, needs: Ints, room: Ints) -> Flags:
    """Return which entries are taken so that the sum of `saved` is least and `needs` fit, site by site.

    Parameters
    ----------
    site : (entries,), places in `room`, sorted; within a site the most saved by a unit of need first
    saved : (entries,), below 0
    needs, room : (entries,) and (sites,), whole numbers from 0

    Bellman 1957, on the entries that are left when those that no best filling takes are out; time and space are sites x room of the largest
    x entries of the fullest site.
    """
    taken = np.zeros(len(site), dtype=bool)
    kept = _can_be_taken(site, saved, needs, room)
    if kept.any():
        taken[kept] = _fill_tables(site[kept], saved[kept], needs[kept], room)
    return taken


def _can_be_taken(site: Ints, saved: Floats, needs: Ints, room: Ints) -> Flags:
    """Return which entries a best filling may take: the others would lose more than the first that does not fit leaves open."""
    total = np.concatenate([[0], np.cumsum(needs)])
    starts = np.searchsorted(site, np.arange(len(room)))
    before = total[:-1] - total[starts.clip(max=len(site))][site]
    over = np.flatnonzero(before + needs > room[site])
    full, at = np.unique(site[over], return_index=True)
    split = over[at]
    rate, open_ = np.zeros(len(room)), np.full(len(room), np.inf)
    rate[full] = saved[split] / needs[split]
    open_[full] = -rate[full] * (room[full] - before[split])
    return (needs <= room[site]) & (saved - rate[site] * needs <= open_[site] * (1 + ROUNDING) + ROUNDING)


def _fill_tables(site: Ints, saved: Floats, needs: Ints, room: Ints) -> Flags:
    full, row = np.unique(site, return_inverse=True)
    rank = np.arange(len(site)) - np.searchsorted(row, np.arange(len(full)))[row]
    most = int(room[full].max())
    weight, pay = np.zeros((int(rank.max()) + 1, len(full)), dtype=np.int64), np.zeros((int(rank.max()) + 1, len(full)))
    weight[rank, row], pay[rank, row] = needs, saved
    best = np.full((len(full), 2 * most + 1), np.inf)  # what is left of the room below 0 stands in the left half
    best[:, most:] = 0.0
    place = np.arange(len(full))[:, None] * best.shape[1] + np.arange(most, 2 * most + 1)
    taken = np.empty((len(weight), len(full), most + 1), dtype=bool)
    for at in range(len(weight)):
        other = best.ravel()[place - weight[at][:, None]] + pay[at][:, None]
        now = best[:, most:]
        np.less(other, now, out=taken[at])
        np.minimum(now, other, out=now)
    return _trace_back(taken, weight, room[full])[rank, row]


def _trace_back(taken: Flags, weight: Ints, room: Ints) -> Flags:
    """Return (ranks, sites), what the best filling of every site takes."""
    chosen = np.zeros(weight.shape, dtype=bool)
    left, sites = room.copy(), np.arange(len(room))
    for at in range(len(weight) - 1, -1, -1):
        chosen[at] = taken[at, sites, left]
        left = left - weight[at] * chosen[at]
    return chosen
