"""From the joints of places to the places: of all ways between two of them, over whichever joints, the quickest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.signedinteger]


@dataclass(frozen=True)
class Ends:
    """The joints of places of one kind, sorted by place: the place of every joint, how many places there are."""

    place: Ints
    count: int

    def best(self, seconds: Floats, metres: Floats) -> tuple[Ints, Ints]:
        """Return the places that have joints, and for every one and every column the row of the quickest joint, of equals the shorter.

        seconds, metres : shape (joints, columns); the result has shapes (places,) and (places, columns).
        """
        starts = np.flatnonzero(np.diff(self.place, prepend=-1))
        if len(starts) == len(self.place):
            return self.place, np.broadcast_to(np.arange(len(starts))[:, None], seconds.shape)
        of = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(self.place)))
        quick = seconds == np.minimum.reduceat(seconds, starts)[of]
        far = np.where(quick, metres, np.inf)
        told = quick & (far == np.minimum.reduceat(far, starts)[of])
        rows = np.where(told, np.arange(len(self.place))[:, None], len(self.place))
        return self.place[starts], np.minimum.reduceat(rows, starts)


@dataclass(frozen=True)
class Linked:
    """Quickest ways between two kinds of places, shape (homes, schools); rows are those of the joints taken, 0 where there is no way."""

    seconds: Floats
    metres: Floats
    home_row: Ints
    school_row: Ints

    @property
    def parts(self) -> tuple[Floats, Floats, Ints, Ints]:
        """All four, in this order."""
        return self.seconds, self.metres, self.home_row, self.school_row


def link_ends(ways: tuple[Floats, Floats], legs: tuple[Floats, Floats], legs_m: tuple[Floats, Floats], ends: tuple[Ends, Ends]) -> Linked:
    """Return the quickest way between every home and every school.

    Parameters
    ----------
    ways : seconds and metres between the joints of schools and those of homes; shape (joints of schools, joints of homes).
    legs, legs_m : seconds and metres of the legs of schools, of homes.
    ends : whose the joints are: of schools, of homes.
    """
    shape = ends[1].count, ends[0].count
    seconds, metres = np.full(shape, np.inf), np.full(shape, np.inf)
    home_row, school_row = np.zeros(shape, dtype=np.int32), np.zeros(shape, dtype=np.int32)
    if not ways[0].size:
        return Linked(seconds, metres, home_row, school_row)
    told_s, told_m = ways[0] + legs[0][:, None], ways[1] + legs_m[0][:, None]
    schools, row = ends[0].best(told_s, told_m)
    told_s, told_m = (np.take_along_axis(values, row, axis=0).T + leg[:, None] for values, leg in ((told_s, legs[1]), (told_m, legs_m[1])))
    homes, column = ends[1].best(told_s, told_m)
    at = np.ix_(homes, schools)
    seconds[at], metres[at] = (np.take_along_axis(values, column, axis=0) for values in (told_s, told_m))
    known = np.isfinite(seconds[at])
    metres[at] = np.where(known, metres[at], np.inf)
    home_row[at] = np.where(known, column, 0)
    school_row[at] = np.where(known, np.take_along_axis(row.T, column, axis=0), 0)
    return Linked(seconds, metres, home_row, school_row)
