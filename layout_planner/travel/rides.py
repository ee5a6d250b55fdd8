"""Trips by school bus: to one of the stops near home, by bus to one of the stops near school, on to the door."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

import numpy as np

from layout_planner.travel.links import Ends, Linked, link_ends

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

KEPT_VALUES = 30_000_000  # of answers that are kept, a quarter of a gigabyte


@dataclass(frozen=True)
class StopWalks:
    """An adult's walks between places and the stops near them; one row a stop, `ends` says whose it is.

    there_s, back_s          seconds from the place to the stop, and from the stop to the place
    there_across_s, back_across_s  how many of these lie across country
    there_off_m, back_off_m  metres of these walks that no road is mapped for
    """

    ends: Ends
    there_s: Floats
    back_s: Floats
    there_across_s: Floats
    back_across_s: Floats
    there_off_m: Floats
    back_off_m: Floats


@dataclass(frozen=True)
class Riding:
    """Trips by school bus in the direction that takes longer; shape (settlements, schools).

    walk_s    adult seconds on foot, to the stop and from the stop at school to its door
    stop_s    those between home and its stop, the worse direction
    across_s  those of walk_s that are spent across country
    off_m     metres on foot that no road is mapped for
    ride_s    seconds in the bus
    ride_m    metres of the ride to school
    """

    walk_s: Floats
    stop_s: Floats
    across_s: Floats
    off_m: Floats
    ride_s: Floats
    ride_m: Floats


@dataclass(frozen=True)
class Rides:
    """Walks between places and stops, and the ride between every two stops.

    to_s, to_m  seconds and metres from the stops of homes to those of schools; shape (stops of schools, stops of homes)
    from_s      seconds of the way home, same shape

    Answers are kept, as long as they are not too many: every stage of a run asks the same few questions.
    """

    homes: StopWalks
    schools: StopWalks
    to_s: Floats
    to_m: Floats
    from_s: Floats
    _kept: dict[tuple[float, float, float], Riding] = field(default_factory=dict, init=False, compare=False, repr=False)

    def between(self, factor: float, stretch: float, most_s: float = np.inf) -> Riding:
        """Return the quickest trips of one who walks at `factor` of an adult's speed, by rides that take `stretch` times their seconds.

        Stops to which one walks for more than `most_s` count only where there are no nearer ones. The way to school and the way home are
        looked at apart, and the one that takes longer is told; they may use different stops. Nobody may write into the arrays.
        """
        asked = factor, stretch, most_s
        if asked not in self._kept:
            found = self._find(*asked)
            if (len(self._kept) + 1) * len(fields(found)) * found.ride_s.size > KEPT_VALUES:
                self._kept.clear()
            self._kept[asked] = found
        return self._kept[asked]

    def _find(self, factor: float, stretch: float, most_s: float) -> Riding:
        homes, schools = self.homes, self.schools
        limit = most_s * factor
        there = self._one_way((self.to_s, self.to_m), (schools.back_s, homes.there_s), factor, stretch, limit)
        back = self._one_way((self.from_s, self.to_m), (schools.there_s, homes.back_s), factor, stretch, limit)
        worse = back.seconds > there.seconds
        out, home = self._parts(there, homeward=False), self._parts(back, homeward=True)
        known = np.isfinite(there.seconds) & np.isfinite(back.seconds)
        walk_s, across_s, off_m, ride_s = (np.where(known, np.where(worse, b, a), np.inf) for a, b in zip(out[:4], home[:4], strict=True))
        across_s, off_m = np.where(known, across_s, 0.0), np.where(known, off_m, 0.0)
        stop_s = np.where(known, np.maximum(out[4], home[4]), np.inf)
        return Riding(walk_s, stop_s, across_s, off_m, ride_s, np.where(known, out[5], np.inf))

    def _one_way(self, ways: tuple[Floats, Floats], legs: tuple[Floats, Floats], factor: float, stretch: float, limit_s: float) -> Linked:
        """Return the quickest trips of one direction; seconds are at the pace asked for."""
        ends, none = (self.schools.ends, self.homes.ends), (np.zeros(len(legs[0])), np.zeros(len(legs[1])))
        rides, at_school, at_home = (stretch * ways[0], ways[1]), legs[0] / factor, legs[1] / factor
        near = link_ends(rides, (at_school, np.where(legs[1] <= limit_s, at_home, np.inf)), none, ends)
        if np.isfinite(near.seconds).all() or not np.isfinite(limit_s):
            return near
        further, missed = link_ends(rides, (at_school, at_home), none, ends), ~np.isfinite(near.seconds)
        return Linked(*(np.where(missed, other, one) for one, other in zip(near.parts, further.parts, strict=True)))

    def _parts(self, way: Linked, *, homeward: bool) -> tuple[Floats, ...]:
        """Return seconds on foot, across country, metres across, seconds in the bus, seconds to the stop and metres of the ride."""
        known = np.isfinite(way.seconds)
        if not self.to_s.size:
            nothing = np.full(known.shape, np.inf)
            return nothing, nothing, nothing, nothing, nothing, nothing
        at_home, at_school = ("back", "there") if homeward else ("there", "back")
        walk, across, off = (
            getattr(self.homes, f"{at_home}_{name}")[way.home_row] + getattr(self.schools, f"{at_school}_{name}")[way.school_row]
            for name in ("s", "across_s", "off_m")
        )
        stop = getattr(self.homes, f"{at_home}_s")[way.home_row]
        ride = (self.from_s if homeward else self.to_s)[way.school_row, way.home_row]
        return walk, across, off, ride, stop, self.to_m[way.school_row, way.home_row]
