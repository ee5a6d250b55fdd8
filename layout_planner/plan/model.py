"""The layout model in PuLP: forms of sites, shares of pupils, classes, beds and buses in one mixed-integer programme.

Sets      settlements i, bands b, sites j, forms f, commute options o = (i, b, j, mode)
Variables form[j,f] in {0,1}; pupils[o] >= 0; unserved[i,b] >= 0; classes[j,b], new_beds[j], new_buses[j] integer; funds[j] >= 0
          harmed[i,b] >= 0, pupils who are at risk under the plan and are not today
Rows      serve_i_b        pupils of a settlement's band go somewhere or are unserved
          one_form_j       a site runs one form or is closed
          harm_i_b         counts `harmed`
          safe_close_i_b   a site may close only if none of its pupils is then at risk
          open_j_b, use_o  nobody attends a band that is not taught (per site, and per option of undecided sites)
          seats_j, beds_j, bus_seats_j, class_size_j_b, class_least_j_b, min_enrol_j, funds_*_j, new_beds, new_buses, budget
Objective lexicographic: pupils made worse off, severity-weighted pupils at risk, then yuan a year, then pupil-minutes (set by `solve`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pulp

from layout_planner.plan.choices import baseline_of
from layout_planner.plan.costs import bed_cost_yuan, class_cost_yuan, site_cost_yuan
from layout_planner.plan.forms import CLOSED

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from layout_planner.norms import NormSet
    from layout_planner.plan.case import Case
    from layout_planner.plan.choices import Baseline
    from layout_planner.plan.forms import Site
    from layout_planner.plan.layout import Layout
    from layout_planner.scenario import Scenario

UNSERVED_WEIGHT = 10.0
WORST_WEIGHT = 9.0
LONGER_S = 1.0

Expression: TypeAlias = pulp.LpAffineExpression


@dataclass(frozen=True)
class LayoutModel:
    """The programme and the handles of its variables; option rows are positions in `options`."""

    problem: pulp.LpProblem
    options: pd.DataFrame
    pupils: list[pulp.LpVariable]
    unserved: dict[tuple[str, str], pulp.LpVariable]
    form: dict[tuple[str, str], pulp.LpVariable]
    classes: dict[tuple[str, str], pulp.LpVariable]
    new_beds: dict[str, pulp.LpVariable]
    new_buses: dict[str, pulp.LpVariable]
    harm: Expression
    at_risk: Expression
    cost: Expression
    minutes: Expression


@dataclass(frozen=True)
class _Inputs:
    case: Case
    options: pd.DataFrame
    demand: dict[tuple[str, str], int]
    room: dict[str, float]  # seats of every site, at least today's pupils
    baseline: Baseline

    @property
    def norms(self) -> NormSet:
        return self.case.norms

    @property
    def scenario(self) -> Scenario:
        return self.case.scenario

    @property
    def sites(self) -> tuple[Site, ...]:
        return self.case.sites

    def beds(self, school_id: str) -> int:
        return int(self.case.county.schools["beds"][school_id])

    def buses(self, school_id: str) -> int:
        return int(self.case.county.schools["buses"][school_id])


def clean_name(text: str) -> str:
    """Return `text` as part of a name that the LP format takes."""
    return re.sub(r"[^A-Za-z0-9]", lambda match: f"u{ord(match.group()):x}", text)


def build_model(case: Case, options: pd.DataFrame, today: Layout) -> LayoutModel:
    """Return the model of `options` (as `choose_options` gives them).

    today : against it pupils are made worse off; a school that is overfull in it may stay so, never grow fuller.
    """
    pupils_today = today.sites["pupils"]
    wanted = {(str(i), str(band)): int(n) for band in case.demand for i, n in case.demand[band].items() if n > 0}
    seats = case.county.schools["seats"]
    room = {str(j): max(float(count), float(pupils_today.get(j, 0))) for j, count in seats.items()}
    known = [pair in wanted for pair in zip(options["settlement_id"], options["band"], strict=True)]
    return _assemble(_Inputs(case, options[np.asarray(known, dtype=bool)].reset_index(drop=True), wanted, room, baseline_of(case, today)))


def _assemble(given: _Inputs) -> LayoutModel:
    problem = pulp.LpProblem("layout", pulp.LpMinimize)
    whole = given.scenario.plan.keep_settlements_whole
    pupils = _pupil_variables(problem, given)
    unserved = {key: problem.add_variable(f"unserved_{clean_name(key[0])}_{clean_name(key[1])}", 0, n) for key, n in given.demand.items()}
    form = {
        (site.school_id, f): problem.add_variable(f"form_{clean_name(site.school_id)}_{f}", cat="Binary")
        for site in given.sites
        if not site.decided
        for f in site.forms
    }
    teaches = _teaching(given, form)
    is_open = {site.school_id: _open_share(site, form) for site in given.sites}
    may_open = [site.school_id for site in given.sites if site.forms != (CLOSED,)]
    classes = {key: problem.add_variable(f"classes_{clean_name(key[0])}_{clean_name(key[1])}", 0, 500, cat="Integer") for key in teaches}
    canteen = given.case.county.schools["canteen"].astype(bool)
    new_beds = _building_variables(problem, "new_beds", (j for j in may_open if canteen[j]), given.scenario.plan.max_new_beds)
    new_buses = _building_variables(problem, "new_buses", may_open, given.scenario.plan.max_buses)
    by_site = _options_by_site(given.options)
    at_risk_of = _at_risk_by_group(given, pupils, unserved)
    harm = _add_harm(problem, given, pupils, unserved, at_risk_of)
    _add_safe_closing(problem, given, teaches, at_risk_of)
    _add_serving(problem, given, pupils, unserved)
    _add_forms(problem, given, form)
    _add_opening(problem, given, pupils, teaches, by_site)
    _add_places(problem, given, pupils, is_open, new_beds, new_buses, by_site)
    _add_classes(problem, given, pupils, teaches, classes, by_site)
    funds = _add_funds(problem, given, pupils, is_open, by_site)
    _add_least_enrolment(problem, given, pupils, is_open, by_site)
    cost = _cost(given, pupils, is_open, classes, new_beds, new_buses, funds)
    if given.scenario.plan.budget_yuan is not None:
        problem += cost <= given.scenario.plan.budget_yuan, "budget"
    if whole:
        _add_whole(problem, pupils)
    at_risk, minutes = _at_risk(given, pupils, unserved), _minutes(given, pupils)
    return LayoutModel(problem, given.options, pupils, unserved, form, classes, new_beds, new_buses, harm, at_risk, cost, minutes)


def _pupil_variables(problem: pulp.LpProblem, given: _Inputs) -> list[pulp.LpVariable]:
    columns = (given.options[c].astype(str) for c in ("settlement_id", "band", "school_id", "mode"))
    return [
        problem.add_variable("_".join(["pupils", clean_name(i), clean_name(b), clean_name(j), mode]), 0, given.demand[i, b])
        for i, b, j, mode in zip(*columns, strict=True)
    ]


def _building_variables(problem: pulp.LpProblem, name: str, sites: Iterable[str], most: int) -> dict[str, pulp.LpVariable]:
    return {j: problem.add_variable(f"{name}_{clean_name(j)}", 0, most, cat="Integer") for j in sites} if most else {}


def _teaching(given: _Inputs, form: dict[tuple[str, str], pulp.LpVariable]) -> dict[tuple[str, str], Expression]:
    """Return 1 or the sum of forms by (site, band) that may be taught."""
    teaches: dict[tuple[str, str], Expression] = {}
    for site in given.sites:
        for band in given.scenario.bands:
            forms = [f for f in site.forms if band in site.bands[f]]
            if forms:
                decided = Expression(constant=1)
                teaches[site.school_id, band] = decided if site.decided else pulp.lpSum(form[site.school_id, f] for f in forms)
    return teaches


def _open_share(site: Site, form: dict[tuple[str, str], pulp.LpVariable]) -> Expression:
    if site.decided:
        return Expression(constant=0 if site.forms == (CLOSED,) else 1)
    return pulp.lpSum(form[site.school_id, f] for f in site.forms if f != CLOSED)


def _options_by_site(options: pd.DataFrame) -> dict[str, dict[str, list[int]]]:
    """Return option positions by site, under the keys "all", each mode and "band:<band>"."""
    by_site: dict[str, dict[str, list[int]]] = {}
    for o, (j, band, mode) in enumerate(zip(options["school_id"], options["band"], options["mode"], strict=True)):
        groups = by_site.setdefault(str(j), {"all": []})
        for key in ("all", str(mode), f"band:{band}"):
            groups.setdefault(key, []).append(o)
    return by_site


def _total(pupils: list[pulp.LpVariable], positions: Iterable[int]) -> Expression:
    return Expression({pupils[o]: 1 for o in positions})


def _add_serving(
    problem: pulp.LpProblem, given: _Inputs, pupils: list[pulp.LpVariable], unserved: dict[tuple[str, str], pulp.LpVariable]
) -> None:
    rows: dict[tuple[str, str], dict[pulp.LpVariable, float]] = {key: {slack: 1} for key, slack in unserved.items()}
    for o, key in enumerate(zip(given.options["settlement_id"], given.options["band"], strict=True)):
        rows[key][pupils[o]] = 1
    for (i, band), terms in rows.items():
        problem += Expression(terms) == given.demand[i, band], f"serve_{clean_name(i)}_{clean_name(band)}"


def _at_risk_by_group(
    given: _Inputs, pupils: list[pulp.LpVariable], unserved: dict[tuple[str, str], pulp.LpVariable]
) -> dict[tuple[str, str], Expression]:
    """Return the pupils of every settlement and band who would be at risk or unserved."""
    terms: dict[tuple[str, str], dict[pulp.LpVariable, float]] = {key: {slack: 1} for key, slack in unserved.items()}
    columns = (given.options[c] for c in ("settlement_id", "band", "within_norms"))
    for o, (i, band, fits) in enumerate(zip(*columns, strict=True)):
        if not fits:
            terms[i, band][pupils[o]] = 1
    return {key: Expression(row) for key, row in terms.items()}


def _add_harm(
    problem: pulp.LpProblem,
    given: _Inputs,
    pupils: list[pulp.LpVariable],
    unserved: dict[tuple[str, str], pulp.LpVariable],
    at_risk_of: dict[tuple[str, str], Expression],
) -> Expression:
    """Return the pupils made worse off: newly at risk, and once more where the way grows longer or ends."""
    harm: dict[pulp.LpVariable, float] = {slack: 1 for key, slack in unserved.items() if np.isfinite(given.baseline.worst_s.get(key, 0.0))}
    for (i, band), at_risk in at_risk_of.items():
        harmed = problem.add_variable(f"harmed_{clean_name(i)}_{clean_name(band)}", 0)
        problem += harmed >= at_risk - given.baseline.at_risk.get((i, band), 0), f"harm_{clean_name(i)}_{clean_name(band)}"
        harm[harmed] = 1
    columns = (given.options[c] for c in ("settlement_id", "band", "seconds", "within_norms"))
    for o, (i, band, seconds, fits) in enumerate(zip(*columns, strict=True)):
        if not fits and seconds > given.baseline.worst_s.get((i, band), 0.0) + LONGER_S:
            harm[pupils[o]] = 1
    return Expression(harm)


def _add_safe_closing(
    problem: pulp.LpProblem, given: _Inputs, teaches: dict[tuple[str, str], Expression], at_risk_of: dict[tuple[str, str], Expression]
) -> None:
    undecided = {site.school_id for site in given.sites if not site.decided}
    for (i, band), at_risk in at_risk_of.items():
        for j in sorted(given.baseline.attends.get((i, band), set()) & undecided):
            name = f"safe_close_{clean_name(i)}_{clean_name(band)}_{clean_name(j)}"
            problem += at_risk <= given.demand[i, band] * teaches.get((j, band), 0), name


def _add_forms(problem: pulp.LpProblem, given: _Inputs, form: dict[tuple[str, str], pulp.LpVariable]) -> None:
    for site in given.sites:
        if not site.decided:
            problem += pulp.lpSum(form[site.school_id, f] for f in site.forms) == 1, f"one_form_{clean_name(site.school_id)}"


def _add_opening(
    problem: pulp.LpProblem,
    given: _Inputs,
    pupils: list[pulp.LpVariable],
    teaches: dict[tuple[str, str], Expression],
    by_site: dict[str, dict[str, list[int]]],
) -> None:
    undecided = {site.school_id for site in given.sites if not site.decided}
    for (j, band), share in teaches.items():
        positions = by_site.get(j, {}).get(f"band:{band}", [])
        if j not in undecided or not positions:
            continue
        most = {given.demand[str(given.options.at[o, "settlement_id"]), band] for o in positions}
        ceiling = min(given.room[j], sum(most) * len(positions))
        problem += _total(pupils, positions) <= ceiling * share, f"open_{clean_name(j)}_{clean_name(band)}"
        for o in positions:
            problem += pupils[o] <= pupils[o].upBound * share, f"use_{o}"


def _add_places(
    problem: pulp.LpProblem,
    given: _Inputs,
    pupils: list[pulp.LpVariable],
    is_open: dict[str, Expression],
    new_beds: dict[str, pulp.LpVariable],
    new_buses: dict[str, pulp.LpVariable],
    by_site: dict[str, dict[str, list[int]]],
) -> None:
    per_bus = given.norms.value("bus.stock_seats")
    plan = given.scenario.plan
    for j, groups in by_site.items():
        name = clean_name(j)
        if np.isfinite(given.room[j]):
            problem += _total(pupils, groups["all"]) <= given.room[j] * is_open[j], f"seats_{name}"
        if "board" in groups:
            problem += _total(pupils, groups["board"]) <= given.beds(j) * is_open[j] + new_beds.get(j, 0), f"beds_{name}"
        if "school_bus" in groups:
            fleet = given.buses(j) * is_open[j] + new_buses.get(j, 0)
            problem += _total(pupils, groups["school_bus"]) <= per_bus * fleet, f"bus_seats_{name}"
    if new_beds:
        problem += pulp.lpSum(new_beds.values()) <= plan.max_new_beds, "new_beds"
    if new_buses:
        problem += pulp.lpSum(new_buses.values()) <= plan.max_buses, "new_buses"


def _add_classes(
    problem: pulp.LpProblem,
    given: _Inputs,
    pupils: list[pulp.LpVariable],
    teaches: dict[tuple[str, str], Expression],
    classes: dict[tuple[str, str], pulp.LpVariable],
    by_site: dict[str, dict[str, list[int]]],
) -> None:
    for (j, band), share in teaches.items():
        name = f"{clean_name(j)}_{clean_name(band)}"
        grades = given.scenario.bands[band]
        size = given.norms.value("class.standard", grades=grades)
        problem += classes[j, band] >= len(grades) * share, f"class_least_{name}"
        positions = by_site.get(j, {}).get(f"band:{band}", [])
        if positions:
            problem += _total(pupils, positions) <= size * classes[j, band], f"class_size_{name}"


def _add_funds(
    problem: pulp.LpProblem,
    given: _Inputs,
    pupils: list[pulp.LpVariable],
    is_open: dict[str, Expression],
    by_site: dict[str, dict[str, list[int]]],
) -> dict[str, pulp.LpVariable]:
    """Add the funding floor; the floor's rate is the lowest among the bands of the site's first form."""
    bands = given.scenario.bands
    rates = {band: given.norms.value("cost.per_pupil_yuan", grades=grades) for band, grades in bands.items()}
    floor = given.norms.value("small_school.funding_floor")
    funds = {}
    for site in given.sites:
        j, taught = site.school_id, site.bands[site.forms[0]]
        if site.forms == (CLOSED,) or not taught:
            continue
        funds[j] = problem.add_variable(f"funds_{clean_name(j)}", 0)
        paid = {pupils[o]: rates[str(given.options.at[o, "band"])] for o in by_site.get(j, {}).get("all", [])}
        problem += funds[j] >= Expression(paid), f"funds_pupils_{clean_name(j)}"
        problem += funds[j] >= floor * min(rates[band] for band in taught) * is_open[j], f"funds_floor_{clean_name(j)}"
    return funds


def _add_least_enrolment(
    problem: pulp.LpProblem,
    given: _Inputs,
    pupils: list[pulp.LpVariable],
    is_open: dict[str, Expression],
    by_site: dict[str, dict[str, list[int]]],
) -> None:
    least = given.scenario.plan.min_enrolment
    for site in given.sites:
        if least and not site.decided:
            positions = by_site.get(site.school_id, {}).get("all", [])
            problem += _total(pupils, positions) >= least * is_open[site.school_id], f"min_enrol_{clean_name(site.school_id)}"


def _add_whole(problem: pulp.LpProblem, pupils: list[pulp.LpVariable]) -> None:
    """Send a settlement's band one way as a whole, or leave it unserved."""
    for o, variable in enumerate(pupils):
        goes = problem.add_variable(f"goes_{o}", cat="Binary")
        problem += variable == variable.upBound * goes, f"whole_{o}"


def _cost(
    given: _Inputs,
    pupils: list[pulp.LpVariable],
    is_open: dict[str, Expression],
    classes: dict[tuple[str, str], pulp.LpVariable],
    new_beds: dict[str, pulp.LpVariable],
    new_buses: dict[str, pulp.LpVariable],
    funds: dict[str, pulp.LpVariable],
) -> Expression:
    norms = given.norms
    terms: dict[pulp.LpVariable, float] = dict(zip(pupils, given.options["cost_yuan"].astype(float), strict=True))
    terms |= dict.fromkeys(funds.values(), 1.0)
    terms |= dict.fromkeys(new_beds.values(), bed_cost_yuan(norms))
    terms |= dict.fromkeys(new_buses.values(), norms.value("cost.bus_yuan"))
    terms |= {variable: class_cost_yuan(norms, given.scenario.bands[band]) for (_, band), variable in classes.items()}
    cost = Expression(terms)
    for site in given.sites:
        school = given.case.county.schools.loc[site.school_id]
        yearly = site_cost_yuan(school, norms) + given.buses(site.school_id) * norms.value("cost.bus_yuan")
        cost += yearly * is_open[site.school_id]
    return cost


def _at_risk(given: _Inputs, pupils: list[pulp.LpVariable], unserved: dict[tuple[str, str], pulp.LpVariable]) -> Expression:
    """Pupils at risk, each weighing 1 and the share by which the trip is over its limit."""
    shares = given.options[["seconds", "metres"]].to_numpy() / given.options[["limit_s", "limit_m"]].to_numpy()
    over = np.clip(shares.max(axis=1) - 1, 0, WORST_WEIGHT - 1)
    weights = np.where(given.options["within_norms"], 0.0, 1 + over)
    terms = {pupils[o]: float(weight) for o, weight in enumerate(weights) if weight}
    return Expression({**terms, **dict.fromkeys(unserved.values(), UNSERVED_WEIGHT)})


def _minutes(given: _Inputs, pupils: list[pulp.LpVariable]) -> Expression:
    return Expression(dict(zip(pupils, (given.options["seconds"] / 60).astype(float), strict=True)))
