"""On which stretches of which departures the pupils of a journey sit, where the seats of public lines are told.

Nobody knows the minutes of a line with a headway: two pupils who count on it less than a headway apart may meet in one vehicle. So all who
count on it within one headway must fit into one; of a line with a timetable every departure is a vehicle of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from layout_planner.county.model import TransitLines
    from layout_planner.travel.timetable import Timetable

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

RIDE_COLUMNS = (
    "home",  # int, position of the settlement
    "school",  # int, position of the school
    "row",  # int, position in TransitLines.runs
    "start_s",  # float, seconds after midnight at which the vehicle leaves its first stop
    "first",  # int, place along the pattern of the call from which
    "last",  # int, and of the call up to which the ride lasts
)


class Stretch(NamedTuple):
    """A departure (position in `TransitLines.runs`, seconds at the first stop) between the call at place `order` and the next.

    Of a line with a headway it is all departures that one counts on from `start_s` on, for less than a headway.
    """

    row: int
    start_s: float
    order: int


def no_rides() -> pd.DataFrame:
    """Return no ride at all."""
    return pd.DataFrame({name: pd.Series(dtype=float if name == "start_s" else np.int64) for name in RIDE_COLUMNS})


def list_rides(timetable: Timetable, pairs: pd.DataFrame, calls: Ints) -> pd.DataFrame:
    """Return the rides (RIDE_COLUMNS) of journeys between `pairs` (home, school); `calls` as in `FromStops`, a row a journey."""
    parts = [no_rides()]
    for on, off in ((calls[:, 0], calls[:, 1]), (calls[:, 2], calls[:, 3])):
        took = on >= 0
        ends = timetable.order[on[took]], timetable.order[off[took]]
        ride = {"row": timetable.row[on[took]], "start_s": timetable.start_s[on[took]]}
        parts.append(pairs[took].assign(**ride, first=np.minimum(*ends), last=np.maximum(*ends)))
    return pd.concat(parts, ignore_index=True)


@dataclass(frozen=True)
class Departures:
    """Rides on departures whose seats are told.

    seats, headway_s  by position in `TransitLines.runs`; endless where the seats are not told
    starts            the departures that somebody counts on, sorted, by position in `TransitLines.runs`
    rides             the rides (row, start_s, first, last) by share of an adult's speed and by home and school
    """

    seats: Floats
    headway_s: Floats
    starts: Mapping[int, Floats]
    rides: Mapping[float, Mapping[tuple[int, int], tuple[tuple[int, float, int, int], ...]]]
    _kept: dict[tuple[int, float, int, int], tuple[Stretch, ...]] = field(default_factory=dict, init=False, compare=False, repr=False)

    @classmethod
    def of(cls, lines: TransitLines, rides: Mapping[float, pd.DataFrame]) -> Departures:
        """Return the departures of `lines` on which there are `rides` (RIDE_COLUMNS), by share of an adult's speed."""
        told = lines.seats
        seats = np.array([told.get(str(pattern), np.inf) for pattern in lines.runs["pattern"]], dtype=float)
        known = {factor: table[np.isfinite(seats[table["row"]])] for factor, table in rides.items()}
        every = pd.concat([no_rides(), *known.values()])
        starts = {int(str(row)): np.unique(part) for row, part in every.groupby("row")["start_s"]}
        by_factor = {}
        for factor, table in known.items():
            found: dict[tuple[int, int], tuple[tuple[int, float, int, int], ...]] = {}
            for home, school, *ride in table[list(RIDE_COLUMNS)].itertuples(index=False, name=None):
                found[home, school] = (*found.get((home, school), ()), tuple(ride))
            by_factor[factor] = found
        return cls(seats, lines.runs["headway_s"].to_numpy(dtype=float), starts, by_factor)

    def stretches(self, factor: float, home: int, school: int) -> tuple[Stretch, ...]:
        """Return, sorted, all stretches on which one sits who walks at `factor` of an adult's speed, there and back."""
        rides = self.rides[factor].get((home, school), ())
        return tuple(sorted({stretch for ride in rides for stretch in self._expand(ride)}))

    def _expand(self, ride: tuple[int, float, int, int]) -> tuple[Stretch, ...]:
        if ride not in self._kept:
            row, start, first, last = ride
            used = self.starts[row]
            meet = used[(used > start - self.headway_s[row]) & (used <= start)] if self.headway_s[row] > 0 else [start]
            self._kept[ride] = tuple(Stretch(row, float(begin), order) for begin in meet for order in range(first, last))
        return self._kept[ride]
