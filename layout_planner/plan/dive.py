"""A plan out of the relaxation: forms, then buses and beds, then classes are made whole a few at a time, and the rest solved anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import highspy
import numpy as np

from layout_planner.clock import seconds_until

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from layout_planner.plan.relaxation import Relaxed

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

WHOLE = 1e-6
BATCH = 0.25  # share of what is not whole yet that is made whole at once


class Dive:
    """One dive: bounds are narrowed until every whole column is whole."""

    def __init__(self, relaxed: Relaxed, deadline: float) -> None:
        self._solver, self._deadline = relaxed.solver, deadline
        self._low, self._high = relaxed.arrays.low.copy(), relaxed.arrays.high.copy()
        self.x = relaxed.x

    def choose_forms(self, forms: list[Whole]) -> bool:
        """Give every site one form, at first the sites that are nearly decided; False where that cannot be.

        forms : columns of one site, the widest form first, which does where the likeliest does not
        """
        waiting = [site for site in forms if (self._high[site] > self._low[site]).any()]
        while waiting:
            waiting.sort(key=lambda site: -self.x[site].max())
            batch, waiting = waiting[: _size(waiting)], waiting[_size(waiting) :]
            columns = np.concatenate(batch)
            likeliest = np.concatenate([np.arange(len(site)) == int(self.x[site].argmax()) for site in batch])
            widest = np.concatenate([np.arange(len(site)) == 0 for site in batch])
            if not self._fix(columns, (likeliest.astype(float), widest.astype(float))):
                return False
        return True

    def make_whole(self, group: Whole) -> bool:
        """Make the columns of `group` whole, at first those that nearly are; False where that cannot be."""
        while True:
            off = np.abs(self.x[group] - np.rint(self.x[group]))
            broken = group[off > WHOLE]
            if not len(broken):
                return self._fix(group, (np.rint(self.x[group]),))
            nearest = broken[np.argsort(off[off > WHOLE], kind="stable")]
            batch = nearest[: _size(nearest)]
            if not self._fix(batch, (np.rint(self.x[batch]), np.ceil(self.x[batch]), np.floor(self.x[batch]))):
                return False

    def _fix(self, columns: Whole, ways: Iterable[Floats]) -> bool:
        """Hold `columns` at the first of the values in `ways` that leaves a plan."""
        for values in ways:
            left_s = seconds_until(self._deadline)
            if left_s <= 0:
                return False
            held = np.clip(values, self._low[columns], self._high[columns])
            self._solver.changeColsBounds(len(columns), columns.astype(np.int32), held, held)
            self._solver.setOptionValue("time_limit", float(self._solver.getRunTime() + left_s))
            self._solver.run()
            if self._solver.getModelStatus() == highspy.HighsModelStatus.kOptimal:
                self._low[columns] = self._high[columns] = held
                self.x = np.array(self._solver.getSolution().col_value)
                return True
        return False


def _size(waiting: Whole | list[Whole]) -> int:
    return max(1, round(BATCH * len(waiting)))
