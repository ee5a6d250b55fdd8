"""Rows of the layout model on roads that may be mended: one state of all roads is chosen, and trips are as they are in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulp

from layout_planner.plan.model_inputs import clean_name, total

if TYPE_CHECKING:
    from layout_planner.plan.model_inputs import Inputs, Variables

Roads = dict[tuple[str, ...], pulp.LpVariable]


def add_roads(problem: pulp.LpProblem, given: Inputs, pupils: Variables) -> Roads:
    """Return 1 for the set of mended roads that is chosen, and let nobody take a trip that is not so with it."""
    worlds = given.case.worlds
    if not worlds:
        return {}
    names = {(): "none"} | {world.fixes: "_".join(map(clean_name, world.fixes)) for world in worlds}
    roads = {fixes: problem.add_variable(f"roads_{name}", cat="Binary") for fixes, name in names.items()}
    states = list(roads.values())
    problem += pulp.lpSum(states) == 1, "one_roads"
    alike: dict[tuple[str, str, tuple[int, ...]], list[int]] = {}
    columns = (given.options[c].tolist() for c in ("settlement_id", "band", "worlds"))
    for o, key in enumerate(zip(*columns, strict=True)):
        if len(key[2]) < len(states):
            alike.setdefault(key, []).append(o)
    for (i, band, where), positions in alike.items():
        name = "_".join(["roads", clean_name(i), clean_name(band), *map(str, where)])
        problem += total(pupils, positions) <= given.demand[i, band] * pulp.lpSum(states[k] for k in where), name
    return roads
