"""Rows that every whole plan meets and shares of classes, buses and open sites do not: they lift the bound.

For pupils who need steps of `size` (a class, a bus), any set S of them with d pupils, h = ceil(d / size) and r = d - size * (h - 1):

    sum of x over S  <=  d - r * (h - steps),   and with the site closed nothing:   <= (size - r) * (h - 1) * open + r * steps

(residual capacity inequalities: Magnanti, Mirchandani and Vachani, Mathematical Programming 60, 1993; the set that is broken most, if
any, is that of the pupils whose share is above the fraction of the steps). And no pair of home and site has more pupils than the home's
times the open share of the site.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layout_planner.plan.arrays import Ground, Step

    Floats = NDArray[np.float64]

FRACTION = 1e-3  # nearer to whole numbers than this counts as whole
BROKEN = 1e-2  # pupils by which a row must be broken to be added
ROUNDING = 1e-9


@dataclass(frozen=True)
class Cut:
    """One row: weights @ x[columns] <= most."""

    columns: NDArray[np.int64]
    weights: Floats
    most: float


def broken_cuts(ground: Ground, x: Floats) -> list[Cut]:
    """Return the rows of the two kinds that `x` breaks."""
    cuts: list[Cut] = []
    for step in ground.classes:
        cuts += _open_cuts(step, x)
    for step in (*ground.classes, *ground.fleets):
        cut = _step_cut(step, x)
        if cut is not None:
            cuts.append(cut)
    return cuts


def _open_share(step: Step, x: Floats) -> float:
    return 1.0 if step.shares is None else float(x[step.shares].sum())


def _by_pair(step: Step, x: Floats) -> Floats:
    return np.bincount(step.pair, x[step.columns], len(step.most)).astype(np.float64)


def _open_cuts(step: Step, x: Floats) -> list[Cut]:
    if step.shares is None or not len(step.columns):
        return []
    over = _by_pair(step, x) - step.most * _open_share(step, x)
    cuts = []
    for pair in np.flatnonzero(over > BROKEN * np.maximum(1.0, step.most)):
        columns = step.columns[step.pair == pair]
        weights = np.concatenate([np.ones(len(columns)), np.full(len(step.shares), -step.most[pair])])
        cuts.append(Cut(np.concatenate([columns, step.shares]), weights, 0.0))
    return cuts


def _step_cut(step: Step, x: Floats) -> Cut | None:
    share = _open_share(step, x)
    if share < FRACTION or not len(step.columns):
        return None
    steps = step.standing * share + x[step.counted]
    part = steps / share - np.floor(steps / share)
    if not FRACTION < part < 1 - FRACTION:
        return None
    goes = _by_pair(step, x)
    chosen = goes > part * share * step.most
    pupils = float(step.most[chosen].sum())
    whole = float(np.ceil(pupils / step.size - ROUNDING))
    rest = pupils - step.size * (whole - 1)
    when_open = (step.size - rest) * (whole - 1) + rest * step.standing
    if not chosen.any() or goes[chosen].sum() <= when_open * share + rest * x[step.counted] + BROKEN * max(1.0, pupils):
        return None
    columns = step.columns[chosen[step.pair]]
    weights = [np.ones(len(columns)), np.array([-rest])]
    places = [columns, np.array([step.counted])]
    if step.shares is None:
        return Cut(np.concatenate(places), np.concatenate(weights), when_open)
    weights.append(np.full(len(step.shares), -when_open))
    return Cut(np.concatenate([*places, step.shares]), np.concatenate(weights), 0.0)
