"""Catchments that hang together: nobody is newly sent past another catchment.

Whoever changes school must reach it over neighbouring settlements (`plan.neighbours`) that send pupils of the same band there, or have
none of that band, or in whose midst the school stands. Who attends a school today may go on. The rows are cut lazily: solve, find who
is cut off from his school, ask for a settlement in between, solve again; every cut holds for all connected plans, so the end is exact.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pulp

from layout_planner.clock import Clock
from layout_planner.plan.case import Cut
from layout_planner.plan.linear import out_of_time
from layout_planner.plan.model_inputs import clean_name, total
from layout_planner.plan.neighbours import find_neighbours

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from layout_planner.plan.case import Case
    from layout_planner.plan.layout import Layout, Solved
    from layout_planner.plan.model_inputs import Inputs, Variables
    from layout_planner.plan.neighbours import Neighbours

    Found = tuple[Layout, Solved]


def optimise_connected(case: Case, today: Layout, optimise: Callable[[Case], Found]) -> Found:
    """Return the best layout whose catchments hang together.

    optimise : solves the case with the cuts that it holds

    Raises
    ------
    NoPlanError : the scenario's demands contradict each other, or time ran out before all catchments hung together.
    """
    clock, graph, cuts = Clock.start(case.scenario.solver.time_limit_s), find_neighbours(case.county), dict[Cut, None]()
    while True:
        layout, solved = optimise(replace(case, cuts=tuple(cuts)))
        more = [cut for cut in find_cuts(case, graph, layout, today) if cut not in cuts]
        if not more:
            terms = {**solved.terms, "catchment_cuts": float(len(cuts))}
            return layout, replace(solved, terms=terms, seconds=clock.seconds())
        if clock.left_s() < 0:
            raise out_of_time()
        cuts |= dict.fromkeys(more)


def find_cuts(case: Case, graph: Neighbours, layout: Layout, today: Layout) -> Iterator[Cut]:
    """Yield what is asked for everybody whom `layout` newly sends to a school that he is cut off from."""
    goes, went = _attended(layout), _attended(today)
    for (band, school), members in sorted(goes.items()):
        new = members - went.get((band, school), set())
        midst = set(graph.around[school])
        free = {str(i) for i, pupils in case.demand[band].items() if not pupils > 0} | midst
        near = graph.reach(midst, members | free)
        for home in sorted(new - near):
            if home not in graph.reach(midst, set(graph.beside)):
                continue  # no road leads from him to the school: nothing lies in between
            yield Cut(home, band, school, tuple(sorted(_border(graph, near))))
            if not graph.beside[home] & free:
                yield Cut(home, band, school, tuple(sorted(graph.beside[home])))


def _border(graph: Neighbours, inside: set[str]) -> set[str]:
    return {other for home in inside for other in graph.beside[home]} - inside


def _attended(layout: Layout) -> dict[tuple[str, str], set[str]]:
    """Return the settlements that send pupils, by band and school."""
    found: dict[tuple[str, str], set[str]] = {}
    trips = layout.assignment[(layout.assignment["school_id"] != "") & (layout.assignment["pupils"] > 0)]
    for home, band, school in zip(*(trips[c].astype(str) for c in ("settlement_id", "band", "school_id")), strict=True):
        found.setdefault((band, school), set()).add(home)
    return found


def add_connected(problem: pulp.LpProblem, given: Inputs, pupils: Variables) -> None:
    """Let the pupils of a cut go to its school only if one of the settlements in between sends a pupil there."""
    if not given.case.cuts:
        return
    ways: dict[tuple[str, str, str], list[int]] = {}
    columns = (given.options[c].tolist() for c in ("settlement_id", "band", "school_id"))
    for o, key in enumerate(zip(*columns, strict=True)):
        ways.setdefault(key, []).append(o)
    sends: dict[tuple[str, str, str], pulp.LpVariable] = {}
    for number, cut in enumerate(given.case.cuts):
        between = [key for home in cut.between if (key := (home, cut.band, cut.school_id)) in ways]
        for key in between:
            if key not in sends:
                name = "_".join(map(clean_name, key))
                sends[key] = problem.add_variable(f"sends_{name}", cat="Binary")
                problem += total(pupils, ways[key]) >= sends[key], f"sends_one_{name}"
        here = ways.get((cut.settlement_id, cut.band, cut.school_id), [])
        size = given.demand.get((cut.settlement_id, cut.band), 0)
        if here:
            problem += total(pupils, here) <= size * pulp.lpSum(sends[key] for key in between), f"connected_{number}"
