"""The layout model in PuLP: forms of sites, shares of pupils, classes, beds and buses in one mixed-integer programme.

Sets      settlements i, bands b, sites j, forms f, commute options o = (i, b, j, mode)
Variables form[j,f] in {0,1}; pupils[o] >= 0; unserved[i,b] >= 0; classes[j,b], new_beds[j], new_buses[j] integer; funds[j] >= 0
          harmed[i,b] >= 0, pupils who are at risk under the plan and are not today; cut[i,b,d] >= 0 likewise on bad day d
          lacks[j] >= 0, pupils by whom a school stays below the least enrolment
Rows      serve_i_b        pupils of a settlement's band go somewhere or are unserved
          one_form_j       a site runs one form or is closed
          harm_i_b         counts `harmed`
          safe_close_i_b_j     a site may close only if none of its pupils is then at risk, on a slow day either, or too remote
          hold_close_i_b_j_d   and only if none of them is newly cut off on bad day d
          late_i_b_d           counts `cut`, pupils of sites closed by order who are newly cut off on bad day d
          open_j_b, use_o  nobody attends a band that is not taught (per site, and per option of undecided sites)
          seats_j, beds_j, bus_seats_j, class_size_j_b, class_least_j_b, min_enrol_j, funds_*_j, new_beds, new_buses, budget,
          schools_least, moved_most
          public_seats_k       pupils on one stretch of a departure of a public line whose seats are told
          teachers_j           whole teachers of a site, where the scenario asks for them: teachers[j] integer
          rooms_j, capital     what is bought once: new_rooms[j] integer
          sibling_i_b_j_k      together[i,b,j], the share of two bands that goes to one school
          connected_k, sends_one_i_b_j   sends[i,b,j] in {0,1}, a settlement between others and their school
          one_roads, roads_i_b_k...  roads[set of mended roads] in {0,1}; a trip counts where it is so with the set chosen
Objective set by `solve`, one after another: pupils made worse off, severity-weighted pupils at risk, pupils lacking at schools
          (`enrolment`), the longest times (`goals`), `spend` (yuan a year, or the weighted sum), pupil-minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pulp

from layout_planner.plan.capital import rooms_at_hand
from layout_planner.plan.choices import baseline_of
from layout_planner.plan.connected import add_connected
from layout_planner.plan.costs import bed_cost_yuan, class_cost_yuan, site_cost_yuan
from layout_planner.plan.enrolment import add_least_enrolment
from layout_planner.plan.forms import CLOSED
from layout_planner.plan.goals import weigh, weights_of
from layout_planner.plan.model_extras import add_capital, add_siblings, add_teachers
from layout_planner.plan.model_inputs import Expression, Inputs, clean_name, pupils_by_group
from layout_planner.plan.model_roads import add_roads
from layout_planner.plan.model_rows import (
    add_classes,
    add_forms,
    add_funds,
    add_moved_most,
    add_opening,
    add_places,
    add_serving,
)
from layout_planner.plan.model_safety import add_harm, add_holding, add_ordered_harm, add_safe_closing
from layout_planner.plan.public_seats import add_public_seats
from layout_planner.plan.remote import leaves_remote
from layout_planner.plan.worlds import road_yuan_a_year

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    from numpy.typing import NDArray

    from layout_planner.plan.case import Case
    from layout_planner.plan.forms import Site
    from layout_planner.plan.layout import Layout
    from layout_planner.plan.model_inputs import ByGroup, BySite, Teaching, Variables
    from layout_planner.plan.model_roads import Roads

UNSERVED_WEIGHT = 10.0
WORST_WEIGHT = 9.0


@dataclass(frozen=True)
class LayoutModel:
    """The programme and the handles of its variables; option rows are positions in `options`."""

    problem: pulp.LpProblem
    options: pd.DataFrame
    pupils: Variables
    unserved: ByGroup
    form: ByGroup
    classes: ByGroup
    new_beds: dict[str, pulp.LpVariable]
    new_buses: dict[str, pulp.LpVariable]
    funds: dict[pulp.LpVariable, tuple[Expression, Expression]]  # what the funds of a site are at least
    harm: Expression
    at_risk: Expression
    cost: Expression
    minutes: Expression
    safest: float  # the pupils at risk, weighted, if everybody took his safest way
    unsafe: list[pulp.LpVariable]  # all ways that are less safe than that
    sites_open: Expression
    spend: Expression  # what is minimised after the pupils: the sum of `weights`
    weights: dict[str, float]  # term -> weight
    roads: Roads  # set of mended roads -> 1 where it is chosen
    capital: Expression  # yuan spent once, where the scenario limits it
    lacking: Expression  # pupils by whom schools stay below the least enrolment, where the scenario asks for one


def build_model(case: Case, options: pd.DataFrame, today: Layout, *, strong: bool = True) -> LayoutModel:
    """Return the model of `options` (as `choose_options` gives them).

    strong : with the rows `use_o`, which make the bound tight and, for many options, the programme slow.
    today : against it pupils are made worse off; a school that is overfull in it may stay so, never grow fuller.
    """
    pupils_today = today.sites["pupils"]
    wanted = {(str(i), str(band)): int(n) for band in case.demand for i, n in case.demand[band].items() if n > 0}
    seats = case.county.schools["seats"]
    room = {str(j): max(float(count), float(pupils_today.get(j, 0))) for j, count in seats.items()}
    known = [pair in wanted for pair in zip(options["settlement_id"], options["band"], strict=True)]
    rooms = {str(j): float(count) for j, count in rooms_at_hand(case.county.schools, today).items()}
    kept = options[np.asarray(known, dtype=bool)].reset_index(drop=True)
    return _assemble(Inputs(case, kept, wanted, room, baseline_of(case, today), rooms), strong=strong)


def _assemble(given: Inputs, *, strong: bool) -> LayoutModel:
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
    at_risk_of = pupils_by_group(given, pupils, unserved, ~given.options["within_norms"])
    harm = add_harm(problem, given, pupils, unserved, at_risk_of)
    harm += add_ordered_harm(problem, given, pupils, unserved, teaches)
    stranding = ~given.options["within_slow"] | leaves_remote(given.case, given.options)
    add_safe_closing(problem, given, teaches, pupils_by_group(given, pupils, unserved, stranding))
    add_holding(problem, given, pupils, unserved, teaches)
    add_serving(problem, given, pupils, unserved)
    add_forms(problem, given, form)
    add_opening(problem, given, pupils, teaches, by_site, strong=strong)
    add_places(problem, given, pupils, is_open, new_beds, new_buses, by_site)
    add_classes(problem, given, pupils, teaches, classes, by_site)
    funds = add_funds(problem, given, pupils, is_open, by_site)
    lacking = add_least_enrolment(problem, given, pupils, is_open, by_site)
    add_moved_most(problem, given, pupils)
    add_public_seats(problem, given, pupils)
    sites_open = pulp.lpSum(is_open.values())
    if given.scenario.plan.min_schools:
        problem += sites_open >= given.scenario.plan.min_schools, "schools_least"
    teachers = add_teachers(problem, given, classes)
    runs = {site.school_id: _open_share(site, form, teaching=True) for site in given.sites}
    cost = _cost(given, pupils, (is_open, runs), classes, new_beds, new_buses, funds, teachers)
    if given.scenario.plan.budget_yuan is not None:
        problem += cost <= given.scenario.plan.budget_yuan, "budget"
    add_connected(problem, given, pupils)
    roads = add_roads(problem, given, pupils)
    capital = add_capital(problem, given, classes, new_beds, new_buses, roads)
    if whole:
        _add_whole(problem, pupils)
    at_risk, minutes = _at_risk(given, pupils, unserved), _minutes(given, pupils)
    safest, unsafe = _safest(given, pupils, unserved, at_risk)
    weights = weights_of(given.scenario.plan)
    terms = {"at_risk_weighted": at_risk, "cost_yuan": cost, "pupil_minutes": minutes}
    if "roads_yuan" in weights:
        plan, norms = given.scenario.plan, given.norms
        terms["roads_yuan"] = Expression({variable: road_yuan_a_year(plan, norms, fixes) for fixes, variable in roads.items()})
    if weights.get("split_siblings"):
        terms["split_siblings"] = add_siblings(problem, given, pupils)
    return LayoutModel(
        problem,
        given.options,
        pupils,
        unserved,
        form,
        classes,
        new_beds,
        new_buses,
        funds,
        harm,
        at_risk,
        cost,
        minutes,
        safest,
        unsafe,
        sites_open,
        weigh(terms, weights),
        weights,
        roads,
        capital,
        lacking,
    )


def _pupil_variables(problem: pulp.LpProblem, given: Inputs) -> list[pulp.LpVariable]:
    columns = (given.options[c].astype(str).tolist() for c in ("settlement_id", "band", "school_id", "mode"))
    states = len(given.case.worlds) + 1
    worlds = given.options["worlds"].tolist() if "worlds" in given.options else [()] * len(given.options)
    marks = ["".join(f"_{k}" for k in where) if 0 < len(where) < states else "" for where in worlds]
    return [
        problem.add_variable("_".join(["pupils", clean_name(i), clean_name(b), clean_name(j), mode]) + mark, 0, given.demand[i, b])
        for i, b, j, mode, mark in zip(*columns, marks, strict=True)
    ]


def _building_variables(problem: pulp.LpProblem, name: str, sites: Iterable[str], most: int) -> dict[str, pulp.LpVariable]:
    return {j: problem.add_variable(f"{name}_{clean_name(j)}", 0, most, cat="Integer") for j in sites} if most else {}


def _teaching(given: Inputs, form: ByGroup) -> dict[tuple[str, str], Expression]:
    """Return 1 or the sum of forms by (site, band) that may be taught."""
    teaches: Teaching = {}
    for site in given.sites:
        for band in given.scenario.bands:
            forms = [f for f in site.forms if band in site.bands[f]]
            if forms:
                decided = Expression(constant=1)
                teaches[site.school_id, band] = decided if site.decided else pulp.lpSum(form[site.school_id, f] for f in forms)
    return teaches


def _open_share(site: Site, form: ByGroup, *, teaching: bool = False) -> Expression:
    """Return 1 where a site is open, or, `teaching`, where it teaches a band of the scenario too: its grades may make up none."""
    counted = [f for f in site.forms if f != CLOSED and (site.bands[f] or not teaching)]
    if site.decided:
        return Expression(constant=len(counted))
    return pulp.lpSum(form[site.school_id, f] for f in counted)


def _options_by_site(options: pd.DataFrame) -> BySite:
    """Return option positions by site, under the keys "all", each mode and "band:<band>"."""
    by_site: BySite = {}
    for o, (j, band, mode) in enumerate(zip(*(options[c].tolist() for c in ("school_id", "band", "mode")), strict=True)):
        groups = by_site.setdefault(str(j), {"all": []})
        for key in ("all", str(mode), f"band:{band}"):
            groups.setdefault(key, []).append(o)
    return by_site


def _add_whole(problem: pulp.LpProblem, pupils: Variables) -> None:
    """Send a settlement's band one way as a whole, or leave it unserved."""
    for o, variable in enumerate(pupils):
        goes = problem.add_variable(f"goes_{o}", cat="Binary")
        problem += variable == variable.upBound * goes, f"whole_{o}"


def _cost(  # noqa: PLR0913 - money is spent on all of them
    given: Inputs,
    pupils: Variables,
    share: tuple[dict[str, Expression], dict[str, Expression]],
    classes: ByGroup,
    new_beds: dict[str, pulp.LpVariable],
    new_buses: dict[str, pulp.LpVariable],
    funds: Iterable[pulp.LpVariable],
    teachers: Iterable[pulp.LpVariable],
) -> Expression:
    """Return yuan a year; `share` : which sites are open, and which of them teach."""
    norms, (is_open, runs) = given.norms, share
    terms: dict[pulp.LpVariable, float] = dict(zip(pupils, given.options["cost_yuan"].astype(float), strict=True))
    terms |= dict.fromkeys(funds, 1.0)
    terms |= dict.fromkeys(new_beds.values(), bed_cost_yuan(norms))
    terms |= dict.fromkeys(new_buses.values(), norms.value("cost.bus_yuan"))
    if teachers:
        terms |= dict.fromkeys(teachers, norms.value("cost.teacher_yuan"))
    else:
        terms |= {variable: class_cost_yuan(norms, given.scenario.bands[band]) for (_, band), variable in classes.items()}
    cost = Expression(terms)
    for site in given.sites:
        school = given.case.county.schools.loc[site.school_id]
        cost += site_cost_yuan(school, norms) * runs[site.school_id]
        if given.buses(site.school_id):
            cost += given.buses(site.school_id) * norms.value("cost.bus_yuan") * is_open[site.school_id]
    return cost


def _at_risk(given: Inputs, pupils: Variables, unserved: ByGroup) -> Expression:
    """Pupils at risk, each weighing 1 and the share by which the trip is over its limit."""
    weights = np.where(given.options["within_norms"], 0.0, weigh_over(given.options))
    terms = {pupils[o]: float(weight) for o, weight in enumerate(weights) if weight}
    return Expression({**terms, **dict.fromkeys(unserved.values(), UNSERVED_WEIGHT)})


def weigh_over(trips: pd.DataFrame) -> NDArray[np.float64]:
    """Return what a pupil at risk weighs by trip (seconds, metres, limit_s, limit_m): 1 and the share by which it is over its limit."""
    shares = trips[["seconds", "metres"]].to_numpy(dtype=float) / trips[["limit_s", "limit_m"]].to_numpy(dtype=float)
    return 1 + np.clip(shares.max(axis=1) - 1, 0, WORST_WEIGHT - 1)


def _minutes(given: Inputs, pupils: Variables) -> Expression:
    return Expression(dict(zip(pupils, (given.options["seconds"] / 60).astype(float), strict=True)))


def _safest(given: Inputs, pupils: Variables, unserved: ByGroup, at_risk: Expression) -> tuple[float, list[pulp.LpVariable]]:
    """Return the risk if everybody took his safest way, and the ways that are less safe."""
    groups = list(zip(*(given.options[c].tolist() for c in ("settlement_id", "band")), strict=True))
    least = dict.fromkeys(unserved, UNSERVED_WEIGHT)
    for key, variable in zip(groups, pupils, strict=True):
        least[key] = min(least[key], at_risk.get(variable, 0.0))
    less_safe = [variable for key, variable in zip(groups, pupils, strict=True) if at_risk.get(variable, 0.0) > least[key]]
    less_safe += [slack for key, slack in unserved.items() if least[key] < UNSERVED_WEIGHT]
    return sum(weight * given.demand[key] for key, weight in least.items()), less_safe
