"""Buses that drive one run after another: which run follows which school, so that the fewest buses are needed.

A run of a school ends at its gate at a fixed time, so whether a bus can go on to another run depends on the two alone. The fewest buses
are therefore all runs less a largest matching of runs to buses that become free (Dilworth; Bertsimas, Delarue & Martin, PNAS 2019).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]
    Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Matching:
    """Which school every run's bus comes from (-1 = it is a bus of its own), and how many buses every school still has to spare."""

    before: Ints
    spare: Ints

    @property
    def buses(self) -> int:
        """Number of buses."""
        return int((self.before < 0).sum())


def match_runs(follows: Flags, freed: Ints, before: Ints | None = None) -> Matching:
    """Return a largest matching of runs to the buses that schools free.

    Parameters
    ----------
    follows : (schools, runs), whether a bus of the school reaches the run in time.
    freed : buses that every school frees, one a run of its own.
    before : a matching to begin with; links that no longer hold are dropped.
    """
    schools, runs = follows.shape
    linked = np.full(runs, -1, dtype=np.int64)
    spare = freed.astype(np.int64).copy()
    for run in range(runs):
        kept = -1 if before is None else int(before[run])
        if kept >= 0 and follows[kept, run] and spare[kept] > 0:
            linked[run] = kept
            spare[kept] -= 1
    for alone in np.flatnonzero(linked < 0):
        near = np.flatnonzero(follows[:, alone] & (spare > 0))
        if len(near):
            linked[alone] = near[-1]
            spare[near[-1]] -= 1
    dead = np.zeros(schools, dtype=bool)
    for alone in np.flatnonzero(linked < 0):
        _augment(follows, linked, spare, dead, int(alone))
    return Matching(linked, spare)


def _augment(follows: Flags, linked: Ints, spare: Ints, dead: Flags, run: int) -> None:
    """Give `run` a bus by moving others along, if that is possible; schools from which nothing leads on are dead for good."""
    seen = follows[:, run] & ~dead
    through = {int(school): run for school in np.flatnonzero(seen)}
    queue = list(through)
    tried = seen.copy()
    while queue:
        school = queue.pop()
        if spare[school] > 0:
            spare[school] -= 1
            while True:
                mover = through[school]
                left = int(linked[mover])
                linked[mover] = school
                if mover == run:
                    return
                school = left
        for mover in np.flatnonzero(linked == school).tolist():
            for other in np.flatnonzero(follows[:, mover] & ~tried & ~dead).tolist():
                tried[other] = True
                through[other] = mover
                queue.append(other)
    dead |= tried


def schools_to_spare(follows: Flags, matching: Matching) -> Flags:
    """Return which schools could give up one more bus without any run losing its own, others moving along."""
    free = matching.spare > 0
    queue = np.flatnonzero(free).tolist()
    while queue:
        school = queue.pop()
        for other in np.unique(matching.before[follows[school] & (matching.before >= 0)]).tolist():
            if not free[other]:
                free[other] = True
                queue.append(other)
    return free
