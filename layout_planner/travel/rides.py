"""Trips by school bus: to one of the stops near home, by bus to one of the stops near school, on to the door."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

import numpy as np

from layout_planner.travel.links import Block, Ends, Linked, fitting, link_ends
from layout_planner.travel.network import Trips

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from layout_planner.travel.network import Arcs

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

KEPT_CELLS = 1 << 24  # ways between stops up to which all are kept: 0.4 GB; beyond, they are measured anew for every question
KEPT_VALUES = 150_000_000  # of answers that are kept, 1.2 GB


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

    def only(self, block: Block) -> StopWalks:
        """Return the walks of the places of `block`, numbered from its first on."""
        walks = (getattr(self, one.name)[block.joints] for one in fields(self) if one.name != "ends")
        return StopWalks(block.ends(self.ends), *walks)


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
class KeptStops:
    """The rides between every stop of a home and every stop of a school; shape (stops of schools, stops of homes).

    to_s, to_m  seconds and metres of the way to school. from_s: seconds of the way home
    """

    to_s: Floats
    to_m: Floats
    from_s: Floats

    def of(self, rows: slice) -> tuple[Floats, Floats, Floats]:
        """Return to_s, to_m and from_s of the stops `rows` of schools."""
        return self.to_s[rows], self.to_m[rows], self.from_s[rows]

    def blocks(self, ends: Ends) -> Iterator[Block]:
        """Yield the schools in blocks whose rides may be held at a time; `ends` says whose the stops are."""
        return ends.blocks(len(self.to_s))


@dataclass(frozen=True)
class SearchedStops:
    """The same where they are too many to be kept: what they are found by, and the graph nodes of the stops of schools.

    to_school  trips from the stops of schools over the roads turned round. home: over the roads as they are
    """

    gate: Ints
    to_school: Trips
    home: Trips

    def of(self, rows: slice) -> tuple[Floats, Floats, Floats]:
        """Return what `KeptStops.of` does."""
        gate = self.gate[rows]
        return *self.to_school.between(gate), self.home.between(gate)[0]

    def blocks(self, ends: Ends) -> Iterator[Block]:
        """Yield the schools in blocks whose rides may be held at a time; `ends` says whose the stops are."""
        return ends.blocks(fitting(len(self.home.targets)))


def ride_between(ahead: Arcs, behind: Arcs, stop: Ints, gate: Ints) -> KeptStops | SearchedStops:
    """Return the rides between the stops of homes and of schools over the roads of buses, given as they are and turned round."""
    found = SearchedStops(gate, Trips.over(behind, stop, len(gate)), Trips.over(ahead, stop, len(gate)))
    return KeptStops(*found.of(slice(None))) if len(gate) * len(stop) <= KEPT_CELLS else found


@dataclass(frozen=True)
class Rides:
    """Walks between places and stops, and the ride between every two stops.

    Answers are kept, as long as they are not too many: every stage of a run asks the same few questions.
    """

    homes: StopWalks
    schools: StopWalks
    stops: KeptStops | SearchedStops
    _kept: dict[tuple[float, float, float], Riding] = field(default_factory=dict, init=False, compare=False, repr=False)

    def between(self, factor: float, stretch: float, most_s: float = np.inf) -> Riding:
        """Return the quickest trips of one who walks at `factor` of an adult's speed, by rides that take `stretch` times their seconds.

        Stops to which one walks for more than `most_s` count only where there are no nearer ones. The way to school and the way home are
        looked at apart, and the one that takes longer is told; they may use different stops. Nobody may write into the arrays.
        """
        asked = factor, stretch, most_s
        if asked not in self._kept:
            found = self._find(*asked)
            while self._kept and (len(self._kept) + 1) * len(fields(found)) * found.ride_s.size > KEPT_VALUES:
                del self._kept[next(iter(self._kept))]
            self._kept[asked] = found
        return self._kept[asked]

    def _find(self, factor: float, stretch: float, most_s: float) -> Riding:
        shape = self.homes.ends.count, self.schools.ends.count
        whole = Riding(*(np.empty(shape) for _ in fields(Riding)))
        for block in self.stops.blocks(self.schools.ends):
            for one in fields(found := self._find_block(block, factor, stretch, most_s * factor)):
                getattr(whole, one.name)[:, block.places] = getattr(found, one.name)
        return whole

    def _find_block(self, block: Block, factor: float, stretch: float, limit_s: float) -> Riding:
        """Return the trips to the schools of one block."""
        schools, pace = self.schools.only(block), (factor, stretch, limit_s)
        to_s, to_m, from_s = self.stops.of(block.joints)
        there = self._one_way((to_s, to_m), (schools.back_s, self.homes.there_s), schools.ends, pace)
        back = self._one_way((from_s, to_m), (schools.there_s, self.homes.back_s), schools.ends, pace)
        worse = back.seconds > there.seconds
        out, home = self._parts(there, schools, to_s, homeward=False), self._parts(back, schools, from_s, homeward=True)
        known = np.isfinite(there.seconds) & np.isfinite(back.seconds)
        walk_s, across_s, off_m, ride_s = (np.where(known, np.where(worse, b, a), np.inf) for a, b in zip(out[:4], home[:4], strict=True))
        across_s, off_m = np.where(known, across_s, 0.0), np.where(known, off_m, 0.0)
        stop_s = np.where(known, np.maximum(out[4], home[4]), np.inf)
        return Riding(walk_s, stop_s, across_s, off_m, ride_s, np.where(known, there.metres, np.inf))

    def _one_way(self, ways: tuple[Floats, Floats], legs: tuple[Floats, Floats], schools: Ends, pace: tuple[float, float, float]) -> Linked:
        """Return the quickest trips of one direction; seconds are at the pace asked for."""
        factor, stretch, limit_s = pace
        ends, none = (schools, self.homes.ends), (np.zeros(len(legs[0])), np.zeros(len(legs[1])))
        rides, at_school, at_home = (stretch * ways[0], ways[1]), legs[0] / factor, legs[1] / factor
        near = link_ends(rides, (at_school, np.where(legs[1] <= limit_s, at_home, np.inf)), none, ends)
        if np.isfinite(near.seconds).all() or not np.isfinite(limit_s):
            return near
        further, missed = link_ends(rides, (at_school, at_home), none, ends), ~np.isfinite(near.seconds)
        return Linked(*(np.where(missed, other, one) for one, other in zip(near.parts, further.parts, strict=True)))

    def _parts(self, way: Linked, schools: StopWalks, ride_s: Floats, *, homeward: bool) -> tuple[Floats, ...]:
        """Return seconds on foot, across country, metres across, seconds in the bus, seconds to the stop."""
        if not ride_s.size:
            return (np.full(way.seconds.shape, np.inf),) * len(fields(Riding))
        at_home, at_school = ("back", "there") if homeward else ("there", "back")
        walk, across, off = (
            getattr(self.homes, f"{at_home}_{name}")[way.home_row] + getattr(schools, f"{at_school}_{name}")[way.school_row]
            for name in ("s", "across_s", "off_m")
        )
        return walk, across, off, ride_s[way.school_row, way.home_row], getattr(self.homes, f"{at_home}_s")[way.home_row]
