"""Pupils on public buses counted a second time, where the seats of lines are told: a seat for everybody on every stretch.

Where several journeys are as long as the shortest, nobody can say which one a pupil takes: a plan is refused only if pupils fit in no way
of sharing them out. That is a linear programme: the least number of pupils beyond the seats.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array

from layout_planner.safeguards.retrace_lines import Sitting, list_sittings
from layout_planner.safeguards.retrace_rides import child_factor
from layout_planner.safeguards.rules import judge, tell_first
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from layout_planner.county.model import County, TransitLines
    from layout_planner.norms import NormSet
    from layout_planner.plan.layout import Layout
    from layout_planner.results import Finding, Verdict
    from layout_planner.safeguards.retrace_lines import Sittings
    from layout_planner.safeguards.retrace_net import Net
    from layout_planner.scenario import Scenario

TINY = 1e-4
CURE = Words(
    "增加班次或换大车，或改乘校车、寄宿；写明的座位有误就更正",
    "run more or larger buses, or let pupils ride a school bus or board; mend the seats told where they are wrong",
)


class _Group(NamedTuple):
    """Pupils who travel together in one direction, and the journeys that are open to them."""

    pupils: int
    ways: tuple[frozenset[Sitting], ...]


def find_overfull(county: County, scenario: Scenario, norms: NormSet, layout: Layout, walking: Net) -> tuple[Words, ...] | None:
    """Return the departures of public lines on which `layout` has more pupils than seats; None where the seats of no line are told."""
    lines = county.lines
    if lines is None or not lines.seats:
        return None
    rows = layout.assignment[layout.assignment["mode"] == "bus"]
    factors = {band: child_factor(scenario, norms, band) for band in scenario.bands}
    rows = rows.assign(factor=rows["band"].map(factors).astype(float))
    riders: Counter[tuple[str, str, float]] = Counter()
    for home, school, factor, pupils in zip(*(rows[name] for name in ("settlement_id", "school_id", "factor", "pupils")), strict=True):
        riders[str(home), str(school), float(factor)] += int(pupils)
    found = list_sittings(county, scenario, norms, rows, walking)
    groups = [group for trip, pupils in sorted(riders.items()) for group in _groups(pupils, found.get(trip, ()))]
    return tuple(_tell_overfull(lines, _share_out(lines, groups)))


def _groups(pupils: int, both: tuple[Sittings, ...]) -> Iterator[_Group]:
    """Yield the pupils of one trip there and back; a trip that no bus makes is told elsewhere."""
    for ways in both:
        if ways:
            yield _Group(pupils, tuple(sorted(ways, key=sorted)))


def _share_out(lines: TransitLines, groups: list[_Group]) -> dict[Sitting, float]:
    """Return by how many pupils the seats are exceeded, by departure and stretch, in the sharing that exceeds them least."""
    starts = [0, *np.cumsum([len(group.ways) for group in groups]).tolist()]
    aboard: dict[Sitting, list[int]] = defaultdict(list)
    for group, begin in zip(groups, starts, strict=False):
        for k, way in enumerate(group.ways):
            for sitting in way:
                aboard[sitting].append(begin + k)
    limits = list(_limits(lines, aboard))
    if not limits:
        return {}
    ways, over = starts[-1], len(limits)
    at = [(row, column) for row, (_, _, columns) in enumerate(limits) for column in columns]
    at += [(row, ways + row) for row in range(over)]
    values = np.where([column < ways for _, column in at], 1.0, -1.0)
    within = coo_array((values, tuple(np.array(at).T)), shape=(over, ways + over)).tocsr()
    owner = np.repeat(np.arange(len(groups)), np.diff(starts))
    shared = coo_array((np.ones(ways), (owner, np.arange(ways))), shape=(len(groups), ways + over)).tocsr()
    solved = linprog(
        np.repeat([0.0, 1.0], [ways, over]),
        A_ub=within,
        b_ub=[seats for _, seats, _ in limits],
        A_eq=shared,
        b_eq=[group.pupils for group in groups],
        method="highs",
    )
    if solved.status != 0:
        raise RuntimeError(solved.message)
    return {sitting: float(more) for (sitting, _, _), more in zip(limits, solved.x[ways:], strict=True)}


def _limits(lines: TransitLines, aboard: dict[Sitting, list[int]]) -> Iterator[tuple[Sitting, float, list[int]]]:
    """Yield the seats of every departure and stretch with the ways that take them.

    Of a line with a headway nobody knows the minutes: all who count on it within one headway may meet in one vehicle.
    """
    by_place: dict[tuple[int, int], list[Sitting]] = defaultdict(list)
    for sitting in sorted(aboard):
        by_place[sitting.run, sitting.place].append(sitting)
    for (run, _), sittings in sorted(by_place.items()):
        seats = lines.seats.get(str(lines.runs["pattern"].iloc[run]), np.inf)
        headway = float(lines.runs["headway_s"].iloc[run])
        for first in sittings if np.isfinite(seats) else ():
            met = [other for other in sittings if first.start <= other.start < first.start + headway or other == first]
            yield first, seats, sorted({column for other in met for column in aboard[other]})


def _tell_overfull(lines: TransitLines, more: dict[Sitting, float]) -> Iterator[Words]:
    """Yield a sentence for every departure with more pupils than seats."""
    worst: dict[tuple[int, float], float] = {}
    for sitting, pupils in more.items():
        worst[sitting.run, sitting.start] = max(pupils, worst.get((sitting.run, sitting.start), 0.0))
    for (run, start), pupils in sorted(worst.items()):
        missing = round(pupils + TINY)
        if not pupils > TINY:
            continue
        pattern = str(lines.runs["pattern"].iloc[run])
        line, clock = str(lines.patterns.at[pattern, "line"]), f"{int(start // 3600):02d}:{int(start % 3600 // 60):02d}"
        yield Words(
            f"公交{line} {clock}班：学生座位{lines.seats[pattern]:.0f}个，还差{max(missing, 1)}个",
            f"public line {line}, departure of {clock}: {lines.seats[pattern]:.0f} seats for pupils, {max(missing, 1)} too few",
        )


def judge_public_seats(overfull: tuple[Words, ...], subject: str) -> Finding:
    """Refuse a plan that sends more pupils to a public bus than it has seats on ordinary days."""
    text = Words(
        "平常日子，学生所乘各班公交都有座位（坏天气未计算）",
        "on ordinary days every pupil on a public bus with told seats has one (bad days are not counted)",
    )
    if overfull:
        text = tell_first(overfull, Words("班", "departure"))
    verdict: Verdict = "fail" if overfull else "pass"
    return judge("public_seats", verdict, subject, None, text, CURE, measured=float(len(overfull)), bound=(0.0, "departures"))
