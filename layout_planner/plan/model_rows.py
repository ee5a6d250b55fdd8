"""Rows of the layout model on serving, forms, places, classes, funds and enrolment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pulp

from layout_planner.plan.model_inputs import Expression, clean_name, total

if TYPE_CHECKING:
    from layout_planner.plan.model_inputs import ByGroup, BySite, Inputs, Teaching, Variables


def add_serving(problem: pulp.LpProblem, given: Inputs, pupils: Variables, unserved: ByGroup) -> None:
    """Send every pupil somewhere, or leave him unserved."""
    rows: dict[tuple[str, str], dict[pulp.LpVariable, float]] = {key: {slack: 1} for key, slack in unserved.items()}
    for o, key in enumerate(zip(given.options["settlement_id"].tolist(), given.options["band"].tolist(), strict=True)):
        rows[key][pupils[o]] = 1
    for (i, band), terms in rows.items():
        problem += Expression(terms) == given.demand[i, band], f"serve_{clean_name(i)}_{clean_name(band)}"


def add_forms(problem: pulp.LpProblem, given: Inputs, form: ByGroup) -> None:
    """Give every undecided site one form."""
    for site in given.sites:
        if not site.decided:
            problem += pulp.lpSum(form[site.school_id, f] for f in site.forms) == 1, f"one_form_{clean_name(site.school_id)}"


def add_opening(
    problem: pulp.LpProblem,
    given: Inputs,
    pupils: Variables,
    teaches: Teaching,
    by_site: BySite,
    *,
    strong: bool,
) -> None:
    """Let nobody attend a band that is not taught."""
    undecided = {site.school_id for site in given.sites if not site.decided}
    home_of = given.options["settlement_id"].astype(str).tolist()
    for (j, band), share in teaches.items():
        positions = by_site.get(j, {}).get(f"band:{band}", [])
        if j not in undecided or not positions:
            continue
        most = {given.demand[home_of[o], band] for o in positions}
        ceiling = min(given.room[j], sum(most) * len(positions))
        problem += total(pupils, positions) <= ceiling * share, f"open_{clean_name(j)}_{clean_name(band)}"
        for o in positions if strong else ():
            problem += pupils[o] <= pupils[o].upBound * share, f"use_{o}"


def add_places(
    problem: pulp.LpProblem,
    given: Inputs,
    pupils: Variables,
    is_open: dict[str, Expression],
    new_beds: dict[str, pulp.LpVariable],
    new_buses: dict[str, pulp.LpVariable],
    by_site: BySite,
) -> None:
    """Keep pupils, boarders and riders within seats, beds and bus seats, and new ones within what the scenario allows."""
    plan = given.scenario.plan
    for j, groups in by_site.items():
        name = clean_name(j)
        if np.isfinite(given.room[j]):
            problem += total(pupils, groups["all"]) <= given.room[j] * is_open[j], f"seats_{name}"
        if "board" in groups:
            problem += total(pupils, groups["board"]) <= given.beds(j) * is_open[j] + new_beds.get(j, 0), f"beds_{name}"
        if "school_bus" in groups:
            fleet = given.buses(j) * is_open[j] + new_buses.get(j, 0)
            problem += total(pupils, groups["school_bus"]) <= given.per_bus(j) * fleet, f"bus_seats_{name}"
    if new_beds:
        problem += pulp.lpSum(new_beds.values()) <= plan.max_new_beds, "new_beds"
    if new_buses:
        problem += pulp.lpSum(new_buses.values()) <= plan.max_buses, "new_buses"


def add_classes(
    problem: pulp.LpProblem,
    given: Inputs,
    pupils: Variables,
    teaches: Teaching,
    classes: ByGroup,
    by_site: BySite,
) -> None:
    """Open at least one class a grade, none above the standard size."""
    for (j, band), share in teaches.items():
        name = f"{clean_name(j)}_{clean_name(band)}"
        grades = given.scenario.bands[band]
        size = given.norms.value("class.standard", grades=grades)
        problem += classes[j, band] >= len(grades) * share, f"class_least_{name}"
        positions = by_site.get(j, {}).get(f"band:{band}", [])
        if positions:
            problem += total(pupils, positions) <= size * classes[j, band], f"class_size_{name}"


def add_funds(
    problem: pulp.LpProblem,
    given: Inputs,
    pupils: Variables,
    is_open: dict[str, Expression],
    by_site: BySite,
) -> dict[pulp.LpVariable, tuple[Expression, Expression]]:
    """Add the funds of every site, and return what each is at least; the floor's rate is the lowest of the site's widest form."""
    bands = given.scenario.bands
    rates = {band: given.norms.value("cost.per_pupil_yuan", grades=grades) for band, grades in bands.items()}
    floor = given.norms.value("small_school.funding_floor")
    band_of = given.options["band"].astype(str).tolist()
    funds = {}
    for site in given.sites:
        j, taught = site.school_id, max((site.bands[form] for form in site.forms), key=len)
        if not taught:
            continue
        variable = problem.add_variable(f"funds_{clean_name(j)}", 0)
        paid = {pupils[o]: rates[band_of[o]] for o in by_site.get(j, {}).get("all", [])}
        funds[variable] = (Expression(paid), floor * min(rates[band] for band in taught) * is_open[j])
        problem += variable >= funds[variable][0], f"funds_pupils_{clean_name(j)}"
        problem += variable >= funds[variable][1], f"funds_floor_{clean_name(j)}"
    return funds


def add_moved_most(problem: pulp.LpProblem, given: Inputs, pupils: Variables) -> None:
    """Let no more pupils change school than the scenario allows."""
    if given.scenario.plan.max_moved is None:
        return
    columns = (given.options[c].tolist() for c in ("settlement_id", "band", "school_id"))
    moves = [o for o, (i, band, j) in enumerate(zip(*columns, strict=True)) if j not in given.baseline.attends.get((i, band), {j})]
    problem += total(pupils, moves) <= given.scenario.plan.max_moved, "moved_most"
