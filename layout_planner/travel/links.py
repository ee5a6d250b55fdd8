"""From the joints of places to the places: of all ways between two of them, over whichever joints, the quickest."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from layout_planner.travel.hierarchy import COLUMNS, THREADS
from layout_planner.travel.network import Near, is_many, trips_within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from layout_planner.travel.network import Arcs, Trips

    Floats = NDArray[np.float64]
    Ints = NDArray[np.signedinteger]

SLACK_S = 1e-6  # searches reach a little further than asked; the door-to-door sum decides
BLOCK_CELLS = 1 << 24  # ways between joints that are held at a time, a quarter of a gigabyte of seconds and metres


@dataclass(frozen=True)
class Ends:
    """The joints of places of one kind, sorted by place: the place of every joint, how many places there are."""

    place: Ints
    count: int

    @property
    def begin(self) -> Ints:
        """Where the joints of every place begin, and after them all; shape (places + 1,)."""
        return np.searchsorted(self.place, np.arange(self.count + 1))

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

    def blocks(self, columns: int) -> Iterator[Block]:
        """Yield all places in blocks of at most `columns` joints, but one place at least."""
        begin, first = self.begin, 0
        while first < self.count:
            last = max(first + 1, int(np.searchsorted(begin, begin[first] + columns, side="right")) - 1)
            yield Block(slice(first, last), slice(int(begin[first]), int(begin[last])))
            first = last


@dataclass(frozen=True)
class Block:
    """Neighbouring places, and their joints."""

    places: slice
    joints: slice

    def ends(self, whole: Ends) -> Ends:
        """Return whose the block's joints are, places numbered from the block's first on."""
        return Ends(whole.place[self.joints] - self.places.start, self.places.stop - self.places.start)


def fitting(targets: int) -> int:
    """Return how many joints a block may hold, whose ways to so many others are held at a time; whole sweeps where there is room."""
    room = max(1, BLOCK_CELLS // max(targets, 1))
    return room if room < COLUMNS else room // COLUMNS * COLUMNS


@dataclass(frozen=True)
class Linked:
    """Quickest ways between two kinds of places, shape (homes, schools); rows are those of the joints taken, 0 where there is no way."""

    seconds: Floats
    metres: Floats
    home_row: Ints
    school_row: Ints

    @classmethod
    def none(cls, shape: tuple[int, int]) -> Linked:
        """Return no way between any two places, to be filled."""
        rows = np.zeros((2, *shape), dtype=np.int32)
        return cls(np.full(shape, np.inf), np.full(shape, np.inf), *rows)

    @property
    def parts(self) -> tuple[Floats, Floats, Ints, Ints]:
        """All four, in this order."""
        return self.seconds, self.metres, self.home_row, self.school_row


def link_places(trips: Trips, nodes: Ints, legs: tuple[Floats, Floats], legs_m: tuple[Floats, Floats], ends: tuple[Ends, Ends]) -> Linked:
    """Return the quickest way between every home and every school; the ways between their joints are held for a few schools at a time.

    Parameters
    ----------
    trips : to the joints of homes. nodes : graph nodes of the joints of schools.
    legs, legs_m, ends : as in `link_ends`.
    """
    schools, homes = ends
    whole = Linked.none((homes.count, schools.count))
    for block in schools.blocks(fitting(len(trips.targets))):
        rows = block.joints
        near = (legs[0][rows], legs[1]), (legs_m[0][rows], legs_m[1])
        found = link_ends(trips.between(nodes[rows]), *near, (block.ends(schools), homes))
        for kept, part in zip(whole.parts, found.parts, strict=True):
            kept[:, block.places] = part
        whole.school_row[:, block.places][np.isfinite(found.seconds)] += rows.start
    return whole


def link_ends(ways: tuple[Floats, Floats], legs: tuple[Floats, Floats], legs_m: tuple[Floats, Floats], ends: tuple[Ends, Ends]) -> Linked:
    """Return the quickest way between every home and every school.

    Parameters
    ----------
    ways : seconds and metres between the joints of schools and those of homes; shape (joints of schools, joints of homes).
    legs, legs_m : seconds and metres of the legs of schools, of homes.
    ends : whose the joints are: of schools, of homes.
    """
    if is_many(ways[0].size):
        return _link_compiled(ways, legs, legs_m, ends)
    whole = Linked.none((ends[1].count, ends[0].count))
    if not ways[0].size:
        return whole
    told_s, told_m = ways[0] + legs[0][:, None], ways[1] + legs_m[0][:, None]
    schools, row = ends[0].best(told_s, told_m)
    told_s, told_m = (np.take_along_axis(values, row, axis=0).T + leg[:, None] for values, leg in ((told_s, legs[1]), (told_m, legs_m[1])))
    homes, column = ends[1].best(told_s, told_m)
    at = np.ix_(homes, schools)
    whole.seconds[at], metres = (np.take_along_axis(values, column, axis=0) for values in (told_s, told_m))
    known = np.isfinite(whole.seconds[at])
    whole.metres[at] = np.where(known, metres, np.inf)
    whole.home_row[at] = np.where(known, column, 0)
    whole.school_row[at] = np.where(known, np.take_along_axis(row.T, column, axis=0), 0)
    return whole


def _link_compiled(
    ways: tuple[Floats, Floats], legs: tuple[Floats, Floats], legs_m: tuple[Floats, Floats], ends: tuple[Ends, Ends]
) -> Linked:
    """Return what `link_ends` does, to the last bit, without a table in between; parts of the homes on several threads."""
    from layout_planner.travel.folding import fold_joints

    whole = Linked.none((ends[1].count, ends[0].count))
    by_home = tuple(np.ascontiguousarray(part.T) for part in ways)  # as sweeps leave them: no copy
    (school_s, home_s), (school_m, home_m) = legs, legs_m
    schools, homes = (one.begin for one in ends)

    def fold(first: int, last: int) -> None:
        parts = (part[first:last] for part in whole.parts)
        fold_joints(*by_home, school_s, school_m, schools, home_s, home_m, homes[first : last + 1], *parts)

    cuts = np.linspace(0, ends[1].count, THREADS + 1).astype(int)
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(fold, cuts[:-1], cuts[1:]))
    return whole


def link_near(
    arcs: Arcs,
    nodes: tuple[Ints, Ints],
    legs: tuple[Floats, Floats],
    legs_m: tuple[Floats, Floats],
    ends: tuple[Ends, Ends],
    most_s: float,
) -> Near:
    """Return the quickest ways, legs included, between schools and homes that are near each other, over whichever joints."""
    near = trips_within(arcs, *nodes, np.maximum(most_s + SLACK_S - legs[0], 0.0))
    school, home = ends[0].place[near.source], ends[1].place[near.target]
    seconds = near.seconds + legs[0][near.source] + legs[1][near.target]
    metres = near.metres + legs_m[0][near.source] + legs_m[1][near.target]
    order = np.lexsort([metres, seconds, home, school])
    first = order[np.flatnonzero(np.diff(school[order] * ends[1].count + home[order], prepend=-1))]
    return Near(school[first], home[first], seconds[first], metres[first])
