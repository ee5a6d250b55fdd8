"""Seats of public buses in the layout, where they are told: on no stretch of a departure more pupils than seats.

Everybody takes the journey that `travel` found, the shortest and of equals the one with the last vehicle to school (the first home). Who
finds no seat on it goes another way: that an earlier bus might have one is not looked at, which errs to the strict side.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from layout_planner.county.model import Note
from layout_planner.plan.model_inputs import departures_of, total
from layout_planner.travel.options import child_factor
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    import pulp

    from layout_planner.plan.case import Case
    from layout_planner.plan.layout import Layout
    from layout_planner.plan.model_inputs import Inputs, Variables
    from layout_planner.travel.departures import Stretch

STRETCHES = "stretches"  # column of options: tuple of the stretches on which their pupils sit; only where seats are told


def mark_stretches(case: Case, options: pd.DataFrame) -> pd.DataFrame:
    """Return `options` with STRETCHES, as they are where no seats are told."""
    if departures_of(case) is None:
        return options
    finder, marked = _Finder(case), options.copy()
    found = (finder.of(option) if option["mode"] == "bus" else () for option in options.to_dict("records"))
    marked[STRETCHES] = np.fromiter(found, dtype=object, count=len(options))
    return marked


def add_public_seats(problem: pulp.LpProblem, given: Inputs, pupils: Variables) -> None:
    """Keep the pupils on every stretch of a departure within its seats; a row that cannot be broken, or says the same, is left out."""
    departures = departures_of(given.case)
    if departures is None or STRETCHES not in given.options:
        return
    riders: dict[Stretch, list[int]] = {}
    for o, taken in enumerate(given.options[STRETCHES]):
        for stretch in taken:
            riders.setdefault(stretch, []).append(o)
    most: dict[tuple[int, ...], float] = {}
    for stretch, seated in riders.items():
        most[tuple(seated)] = min(float(departures.seats[stretch.row]), most.get(tuple(seated), np.inf))
    groups = list(zip(given.options["settlement_id"].astype(str), given.options["band"].astype(str), strict=True))
    binding = [
        (positions, seats)
        for positions, seats in sorted(most.items())
        if sum(given.demand[group] for group in {groups[o] for o in positions}) > seats
    ]
    for k, (positions, seats) in enumerate(binding):
        problem += total(pupils, positions) <= seats, f"public_seats_{k}"


class SeatsLeft:
    """Seats of public buses as they are taken one trip after another; endless where they are not told."""

    def __init__(self, case: Case) -> None:
        self._departures, self._finder = departures_of(case), _Finder(case)
        self.taken: Counter[Stretch] = Counter()

    def take(self, trip: Mapping[Any, Any], pupils: int) -> int:
        """Seat as many of `pupils` as find a seat all the way of `trip` (settlement_id, band, school_id), and return how many."""
        if self._departures is None:
            return pupils
        way = self._finder.of(trip)
        free = min((float(self._departures.seats[stretch.row]) - self.taken[stretch] for stretch in way), default=np.inf)
        seated = int(min(pupils, free))
        self.taken.update(dict.fromkeys(way, seated))
        return seated


class _Finder:
    """Which stretches a trip by public bus takes."""

    def __init__(self, case: Case) -> None:
        self._departures = departures_of(case)
        self._home, self._school = (
            {str(name): k for k, name in enumerate(names)} for names in (case.travel.settlements, case.travel.schools)
        )
        self._factor = {band: child_factor(case.norms, grades, case.scenario.travel) for band, grades in case.scenario.bands.items()}

    def of(self, trip: Mapping[Any, Any]) -> tuple[Stretch, ...]:
        """Return the stretches of a trip (settlement_id, band, school_id) by public bus."""
        if self._departures is None:
            return ()
        ends = self._home[str(trip["settlement_id"])], self._school[str(trip["school_id"])]
        return self._departures.stretches(self._factor[str(trip["band"])], *ends)


def note_public_seats(case: Case, layout: Layout) -> tuple[Note, ...]:
    """Return a note on the public lines of which `layout` fills a departure to the last seat; none where no seats are told."""
    case = case.where(layout.fixes) if layout.fixes else case
    departures, lines = departures_of(case), case.county.lines
    if departures is None or lines is None:
        return ()
    finder = _Finder(case)
    riders: Counter[Stretch] = Counter()
    for trip in layout.assignment[layout.assignment["mode"] == "bus"].to_dict("records"):
        riders.update(dict.fromkeys(finder.of(trip), int(trip["pupils"])))
    full = {stretch.row for stretch, pupils in riders.items() if pupils >= departures.seats[stretch.row]}
    names = sorted({str(lines.patterns.at[lines.runs["pattern"].iloc[row], "line"]) for row in full})
    text = Words("公交各班都还有学生座位", "every departure of the public lines has seats for pupils left")
    if names:
        text = Words("有班次坐满学生座位的公交线路：{names}", "public lines with a departure filled to the last seat for pupils: {names}")
    bad = (
        Words("；坏天气时座位够不够没有计算", "; whether seats suffice on bad days is not counted")
        if case.county.bad_days
        else Words("", "")
    )
    text = Words(text.zh + bad.zh, text.en + bad.en)
    return (Note("public_seats", text.fill(names=", ".join(names)), len(names)),)
