"""Which of the points where a place might join the roads are of any use: those that are not reached sooner over another of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse.csgraph import dijkstra

from layout_planner.travel.network import FURTHEST_S, Spots, is_much, make_arcs
from layout_planner.travel.within import search_within

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layout_planner.travel.network import Arcs
    from layout_planner.travel.terrain import Profiles

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Ints = NDArray[np.int64]

SURELY_S = 0.01  # as good as equal is not sooner: arcs are rounded
PLACES_AT_ONCE = 2_000_000  # cells of one dense search
SEARCHES_AT_ONCE = 8192  # searches that end at their limits; only what these ask for is found and held


@dataclass(frozen=True)
class Offers(Spots):
    """Points where places might join: `place` (sorted) has a straight leg to each; seconds there and back."""

    place: Ints
    there_s: Floats
    back_s: Floats

    def only(self, rows: Ints | Flags) -> Offers:
        """Return the offers of `rows`."""
        kept = (getattr(self, name)[rows] for name in ("edge", "at", "distance", "place", "there_s", "back_s"))
        return Offers(*kept)

    def without_legs(self, cut: Flags) -> Offers:
        """Return the offers, those that are `cut` without a leg."""
        return replace(self, there_s=np.where(cut, np.inf, self.there_s), back_s=np.where(cut, np.inf, self.back_s))


@dataclass(frozen=True)
class Streets:
    """The roads of one kind between their junctions, for searches round a place.

    tail, head     junctions of every edge
    ahead, behind  in which of its two directions an edge may be used
    stretch        what a second on these roads weighs beside a second of the leg
    top_ms         no walk to a joint is quicker than this; None where the joint must be reached by the leg itself
    """

    tail: Ints
    head: Ints
    ahead: Flags
    behind: Flags
    profiles: Profiles
    nodes: int
    stretch: float = 1.0
    top_ms: float | None = None

    def without(self, shut: Flags) -> Streets:
        """Return the streets without the edges that are `shut`."""
        return replace(self, ahead=self.ahead & ~shut, behind=self.behind & ~shut)

    def find_useful(self, offers: Offers) -> Flags:
        """Return which offers are not reached sooner, there and back, over another offer of the same place.

        What is left out is never part of a fastest trip, so whether a place joins there changes no time.
        """
        least = (offers.there_s, offers.back_s) if self.top_ms is None else (offers.distance / self.top_ms,) * 2
        return np.logical_or.reduce(
            [
                self._reach(offers, leg, most, homeward=homeward) >= most - SURELY_S
                for leg, most, homeward in ((offers.there_s, least[0], False), (offers.back_s, least[1], True))
            ]
        )

    def _reach(self, offers: Offers, leg: Floats, most: Floats, *, homeward: bool) -> Floats:
        """Return the seconds from its place to every offer by a junction of its edge (or, `homeward`, from the offer to its place)."""
        edge, last = offers.edge, self.profiles.length[offers.edge]
        (on_all, back_all), (on, back) = (self.profiles.seconds_at(edge, at) for at in (last, offers.at))
        ahead, behind = (np.where(used[edge], self.stretch, np.inf) for used in (self.ahead, self.behind))
        with np.errstate(invalid="ignore"):
            to_head, to_tail, from_tail, from_head = (
                np.where(np.isfinite(weight), weight * seconds, np.inf)
                for weight, seconds in ((ahead, on_all - on), (behind, back), (ahead, on), (behind, back_all - back))
            )
        if homeward:
            to_head, to_tail, from_tail, from_head = from_head, from_tail, to_tail, to_head
        ends = np.concatenate([self.head[edge], self.tail[edge]])
        seeds = np.concatenate([leg + to_head, leg + to_tail])
        place = np.concatenate([offers.place, offers.place])
        names, source = np.unique(place, return_inverse=True)
        arcs = self._arcs(source, ends, seeds, homeward=homeward)
        limits = np.zeros(len(names))
        np.maximum.at(limits, source, np.concatenate([most, most]))
        found = look_up(arcs, self.nodes + np.arange(len(names)), limits, source, ends)
        by_head, by_tail = np.split(found, 2)
        return np.minimum(by_head + from_head, by_tail + from_tail)

    def _arcs(self, source: Ints, ends: Ints, seeds: Floats, *, homeward: bool) -> Arcs:
        """Return the streets, turned round if `homeward`, with an arc from every source to the junctions that it reaches by a leg."""
        rows = np.arange(len(self.tail))
        last = self.profiles.length
        onward, back = (self.stretch * seconds for seconds in self.profiles.seconds_at(rows, last))
        ways = [(self.tail, self.head, onward, self.ahead), (self.head, self.tail, back, self.behind)]
        known = np.isfinite(seeds)
        parts = [(np.where(homeward, head, tail)[used], np.where(homeward, tail, head)[used], s[used]) for tail, head, s, used in ways]
        parts.append((self.nodes + source[known], ends[known], seeds[known]))
        tail, head, seconds = (np.concatenate(part) for part in zip(*parts, strict=True))
        return make_arcs(tail, head, seconds, np.zeros(len(tail)), self.nodes + int(source.max(initial=-1)) + 1)


def look_up(arcs: Arcs, nodes: Ints, limits: Floats, source: Ints, ends: Ints) -> Floats:
    """Return the seconds from the node of each `source` to each of `ends`, inf beyond the source's limit."""
    seconds = np.full(len(source), np.inf)
    if is_much(arcs, len(nodes)):
        order = np.argsort(source, kind="stable")
        firsts = np.arange(0, len(nodes), SEARCHES_AT_ONCE)
        cuts = np.searchsorted(source[order], np.append(firsts, len(nodes)))
        for low, begin, end in zip(firsts, cuts[:-1], cuts[1:], strict=True):
            rows, some = order[begin:end], slice(low, low + SEARCHES_AT_ONCE)
            seconds[rows] = _look_up_near(arcs, nodes[some], limits[some], source[rows] - low, ends[rows])
        return seconds
    step = max(1, PLACES_AT_ONCE // arcs.seconds.shape[0])
    for first in range(0, len(nodes), step):
        block = nodes[first : first + step]
        reach = dijkstra(arcs.seconds, indices=block, limit=min(float(limits[first : first + step].max(initial=0.0)), FURTHEST_S))
        here = (source >= first) & (source < first + step)
        seconds[here] = reach[source[here] - first, ends[here]]
    return np.where(seconds <= limits[source], seconds, np.inf)


def _look_up_near(arcs: Arcs, nodes: Ints, limits: Floats, source: Ints, ends: Ints) -> Floats:
    """Return what `look_up` does, by searches that end at their limits."""
    asked = np.zeros(arcs.seconds.shape[0], dtype=bool)
    asked[ends] = True
    found = search_within(arcs, nodes, limits, asked=asked)
    keys = found.source * len(asked) + found.node
    order = np.argsort(keys)
    wanted = source * len(asked) + ends
    at = np.minimum(np.searchsorted(keys[order], wanted), max(len(keys) - 1, 0))
    hit = keys[order[at]] == wanted if len(keys) else np.zeros(len(wanted), dtype=bool)
    seconds = np.full(len(source), np.inf)
    seconds[hit] = found.seconds[order[at[hit]]]
    return seconds
