"""Rows of the layout model that only some scenarios ask for: money spent once, whole teachers, siblings at one school."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pulp

from layout_planner.plan.capital import Prices
from layout_planner.plan.costs import posts_a_class
from layout_planner.plan.model_inputs import Expression, clean_name, total
from layout_planner.plan.siblings import sibling_bands
from layout_planner.plan.worlds import road_yuan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from layout_planner.plan.model_inputs import ByGroup, Inputs, Variables
    from layout_planner.plan.model_roads import Roads


def add_capital(
    problem: pulp.LpProblem,
    given: Inputs,
    classes: ByGroup,
    new_beds: Mapping[str, pulp.LpVariable],
    new_buses: Mapping[str, pulp.LpVariable],
    roads: Roads,
) -> Expression:
    """Keep what is bought once within `plan.capital_yuan`, and return it: beds, buses, roads, rooms for the classes that have none."""
    most = given.scenario.plan.capital_yuan
    if most is None:
        return Expression()
    prices = Prices.of(given.norms)
    spent: dict[pulp.LpVariable, float] = dict.fromkeys(new_beds.values(), prices.bed)
    spent |= dict.fromkeys(new_buses.values(), prices.bus)
    spent |= {variable: road_yuan(given.scenario.plan, fixes) for fixes, variable in roads.items()}
    for j, at_hand in given.rooms.items():
        here = [variable for (site, _), variable in classes.items() if site == j]
        if here and np.isfinite(at_hand):
            rooms = problem.add_variable(f"new_rooms_{clean_name(j)}", 0, cat="Integer")
            problem += rooms >= pulp.lpSum(here) - at_hand, f"rooms_{clean_name(j)}"
            spent[rooms] = prices.room
    problem += Expression(spent) <= most, "capital"
    return Expression(spent)


def add_teachers(problem: pulp.LpProblem, given: Inputs, classes: ByGroup) -> list[pulp.LpVariable]:
    """Return the whole teachers of every site, at least its posts; none where the scenario counts posts by the share."""
    if not given.scenario.plan.whole_teachers:
        return []
    posts: dict[str, dict[pulp.LpVariable, float]] = {}
    for (j, band), variable in classes.items():
        posts.setdefault(j, {})[variable] = posts_a_class(given.norms, given.scenario.bands[band])
    teachers = []
    for j, needed in posts.items():
        teachers.append(problem.add_variable(f"teachers_{clean_name(j)}", 0, cat="Integer"))
        problem += teachers[-1] >= Expression(needed), f"teachers_{clean_name(j)}"
    return teachers


def add_siblings(problem: pulp.LpProblem, given: Inputs, pupils: Variables) -> Expression:
    """Return the pupils whose brothers and sisters go elsewhere, as `siblings.split_siblings` counts them."""
    at: dict[tuple[str, str], dict[str, list[int]]] = {}
    columns = (given.options[c].tolist() for c in ("settlement_id", "band", "school_id"))
    for o, (i, band, j) in enumerate(zip(*columns, strict=True)):
        at.setdefault((i, band), {}).setdefault(j, []).append(o)
    apart, constant = dict[pulp.LpVariable, float](), 0.0
    for one, other in sibling_bands(given.scenario.bands, given.case.county.schools):
        for i in sorted({i for i, _ in given.demand}):
            sizes = [given.demand.get((i, band), 0) for band in (one, other)]
            if not all(sizes):
                continue
            constant += min(sizes)
            ways = [at.get((i, band), {}) for band in (one, other)]
            for j in sorted(ways[0].keys() & ways[1].keys()):
                name = "_".join(map(clean_name, (i, one, j)))
                together = problem.add_variable(f"together_{name}", 0, 1)
                apart[together] = -float(min(sizes))
                for rank, (way, size) in enumerate(zip(ways, sizes, strict=True)):
                    problem += size * together <= total(pupils, way[j]), f"sibling_{name}_{rank}"
    return Expression(apart, constant)
