"""Year after year from the first: forms are given, beds and buses are added to those that stand, and build comes before close."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pulp

from layout_planner.clock import Clock, now
from layout_planner.errors import NoPlanError
from layout_planner.plan.capital import Prices
from layout_planner.plan.choices import keep_taught
from layout_planner.plan.enrolment import keep_enrolled
from layout_planner.plan.large import search_model
from layout_planner.plan.linear import EXACT, NONE_AT_ALL, ContradictionError, LinearSolver, out_of_time
from layout_planner.plan.model import build_model
from layout_planner.plan.near import hold_far
from layout_planner.plan.solve import AT_RISK_GAP, Reached, Spent, is_large
from layout_planner.plan.years_links import (
    THINGS,
    add_rooms,
    decide_sites,
    displaced,
    forms_of,
    forms_today,
    homes_by_drop,
    list_drops,
    list_receivers,
    needed_for,
)
from layout_planner.plan.years_terms import NONE_BUILT, Built, Step, count_built, count_rooms
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from layout_planner.plan.case import Case
    from layout_planner.plan.layout import Layout
    from layout_planner.plan.model import LayoutModel
    from layout_planner.plan.solve import Asked
    from layout_planner.plan.years_links import Drop
    from layout_planner.plan.years_terms import Alone
    from layout_planner.scenario import Years

    Groups = set[tuple[str, str]]
    Forms = dict[str, str]
    Floors = dict[pulp.LpVariable, float]
    New = dict[str, dict[str, pulp.LpVariable]]  # thing -> school -> how many are new
    Search = Callable[[Asked, LayoutModel, New, "_Limits"], tuple[Asked, Spent]]

WORSE_SHARE, WORSE = 1e-3, 0.5
SEARCHES = 3  # of one step: goals on pupils, cost with what the next year needs, cost without it


@dataclass(frozen=True)
class _Limits:
    """What other years ask of one.

    before        what stands and runs already
    moved         (settlement, band) whose school is dropped in this year
    receivers     (thing, school) that may take them in with it, and so add none of it in this year
    floors        what must stand and run in this year for those who are moved in the next
    capital_yuan  the most that may be spent on what is new
    near          layouts that may come close to what is asked
    """

    before: Built
    moved: Groups
    receivers: set[tuple[str, str]]
    floors: Built
    capital_yuan: float | None
    near: tuple[Layout, ...]


def go_forward(nested: Sequence[Alone], alone: Sequence[Alone], years: Years, most: Mapping[str, int]) -> list[Step]:
    """Return the steps of all years; a closing waits a year where what it needs cannot stand in time.

    nested : plans whose forms never close what a later year needs. alone : the same years by themselves, to compare with.
    most : the classrooms that a school may lack

    Raises
    ------
    NoPlanError : the limits of a year leave no plan.
    """
    homes = homes_by_drop(table for each in alone for table in (each.asked.options, each.term.today.assignment))
    asked = _Asked(nested, homes, years, most)
    steps: list[Step] = []
    for place in range(len(nested)):
        before = (steps[-1].built, steps[-1].forms) if steps else (NONE_BUILT, forms_today(nested[0].term.case.sites))
        steps.append(_choose_step(asked, alone[place], place, before))
    return steps


@dataclass(frozen=True)
class _Asked:
    """What is asked of all steps.

    nested  plans whose forms never close what a later year needs
    homes   (school, band) -> settlements that may attend it
    most    the classrooms that a school may lack
    """

    nested: Sequence[Alone]
    homes: Mapping[Drop, set[str]]
    years: Years
    most: Mapping[str, int]


def _choose_step(asked: _Asked, alone: Alone, place: int, before: tuple[Built, Forms]) -> Step:
    """Return the step with the closings that were planned for this year, or without them where that is safer.

    In a large county what is found region by region does, or what is found soon and is as safe as the year by itself.
    """
    planned = forms_of(asked.nested[place].layout)
    waiting = _wait(alone, before[1], planned)
    found: list[Step] = []
    for soon in (True, False) if is_large(alone.term.options) else (False,):
        if any(step.asked.large is not None for step in found):
            break  # nobody fares worse, and as few are at risk as that way finds
        for forms in (planned, waiting) if waiting != planned else (planned,):
            step = _attempt(asked, alone, place, before, forms, soon=soon)
            if step is not None and not _is_worse(step, alone):
                return step
            found += [] if step is None else [step]
    if not found:
        year = alone.term.year
        raise NoPlanError(
            Words(
                f"{year}学年在预算和先建后撤的要求下没有方案，或时限内没有找到",
                f"school year {year} has no plan within its budget that builds before it closes, or none was found in time",
            )
        )
    return min(found, key=lambda step: (round(step.harm), round(step.at_risk)))


def _attempt(asked: _Asked, alone: Alone, place: int, before: tuple[Built, Forms], now: Forms, *, soon: bool) -> Step | None:
    sites, layout = alone.term.case.sites, asked.nested[place].layout
    moved = displaced(list_drops(sites, before[1], now), asked.homes)
    floors = NONE_BUILT
    if place + 1 < len(asked.nested):
        following = asked.nested[place + 1]
        drops = list_drops(sites, now, forms_of(following.layout))
        receivers = list_receivers(following.layout, displaced(drops, asked.homes))
        floors = _part(count_built(following.term, following.layout), receivers)
    capital = asked.years.capital_of(alone.term.year)
    limits = _Limits(before[0], moved, list_receivers(layout, moved), floors, capital, (layout, alone.term.today))
    return _take_step(alone, now, limits, asked.most, soon=soon)


def _part(built: Built, receivers: set[tuple[str, str]]) -> Built:
    """Return what is built at the receivers, each thing where it is needed."""
    beds, buses, rooms = ({j: n for j, n in getattr(built, thing).items() if (thing, j) in receivers} for thing in THINGS)
    return Built(beds, buses, sum(buses.values()), rooms)


def _wait(alone: Alone, before: Forms, planned: Forms) -> Forms:
    """Return the forms `planned`, but those of `before` for sites that lose bands and need not."""
    free = {site.school_id for site in alone.asked.case.sites if before[site.school_id] in site.forms}
    losing = {j for j, _ in list_drops(alone.term.case.sites, before, planned)} & free
    return {j: before[j] if j in losing else form for j, form in planned.items()}


def _is_worse(step: Step, alone: Alone) -> bool:
    return step.harm > alone.harm.value + WORSE or step.at_risk > alone.at_risk.value * (1 + WORSE_SHARE) + WORSE


def _take_step(alone: Alone, forms: Forms, limits: _Limits, most: Mapping[str, int], *, soon: bool) -> Step | None:
    """Return the best that a year can do with `forms` and within `limits`; None where that is nothing.

    soon : region by region where the year by itself was searched so; where that finds nothing, everybody stays where he is today but
        those who lost their school, and those near them
    """
    case = replace(alone.asked.case, sites=decide_sites(alone.term.case.sites, forms))
    asked = replace(alone.asked, case=case, options=keep_taught(case, alone.asked.options), large=None)
    if not soon:
        return _try_step(asked, alone, (forms, limits, most), _search_whole)
    step = None if alone.asked.large is None else _try_step(asked, alone, (forms, limits, most), _search_regions)
    if step is not None:
        return step
    near = replace(asked, options=hold_far(case, asked.options, asked.today, ())[1])
    return _try_step(near, alone, (forms, limits, most), _search_whole)


def _try_step(asked: Asked, alone: Alone, given: tuple[Forms, _Limits, Mapping[str, int]], search: Search) -> Step | None:
    """Return the step that `search` finds of `asked`, whose forms are decided."""
    forms, limits, most = given
    try:
        model = build_model(asked.case, asked.options, asked.today)
        new = {"beds": model.new_beds, "buses": model.new_buses, "rooms": add_rooms(model.problem, model, alone.term, most)}
        _bind(model, new, asked.case, limits)
        asked, spent = search(asked, model, new, limits)
    except NoPlanError:
        return None
    values = spent.solver.values()
    beds, buses = ({j: n for j, v in group.items() if (n := round(values[v]))} for group in (model.new_beds, model.new_buses))
    built = Built(beds, buses, max(limits.before.fleet, sum(buses.values())), _count_rooms(model, new["rooms"], alone, values, limits))
    return Step(asked, spent, forms, built, asked.reached.harm.value, asked.reached.at_risk.value)


def _search_regions(asked: Asked, model: LayoutModel, new: New, limits: _Limits) -> tuple[Asked, Spent]:
    """Return what a large county reaches where nobody need fare worse, with the `floors` where the limits leave room for them.

    Raises
    ------
    NoPlanError : this way finds nothing.
    """
    floors = limits.floors
    kept = _raise_floors(new, floors)
    clock = Clock.start(asked.case.scenario.solver.time_limit_s)
    for _ in range(2 if any(getattr(floors, thing) for thing in THINGS) else 1):
        large = search_model(asked.case, model, clock.at, limits.near)
        if large is not None:
            reached = Reached(NONE_AT_ALL, large.at_risk, {}, lacking=large.lacking)
            return replace(asked, clock=clock, reached=reached, large=large), Spent(model, large.solver, asked.case.sites, large.cost)
        _lower_floors(kept)
    raise out_of_time()


def _search_whole(asked: Asked, model: LayoutModel, new: New, limits: _Limits) -> tuple[Asked, Spent]:
    """Return what one search reaches, goal after goal."""
    solver = _solver(model, asked)
    harm = solver.minimise(model.harm, gap=EXACT)
    solver.keep_at(model.harm, harm.value, "harm_kept")
    at_risk = solver.minimise(model.at_risk, gap=AT_RISK_GAP)
    asked = replace(asked, reached=replace(asked.reached, harm=harm, at_risk=at_risk))
    return asked, _spend_ahead(asked, model, new, limits.floors)


def _solver(model: LayoutModel, asked: Asked) -> LinearSolver:
    """Return a solver that stops at the time limit; in a large county all searches of one step have it together."""
    settings = asked.case.scenario.solver
    limit_s = settings.time_limit_s / (SEARCHES if is_large(asked.options) else 1)
    return LinearSolver(model, settings.seed, now() + limit_s)


def _count_rooms(
    model: LayoutModel, rooms: Mapping[str, pulp.LpVariable], alone: Alone, values: Mapping[pulp.LpVariable, float], limits: _Limits
) -> dict[str, int]:
    """Return the new classrooms that must stand: those used, those asked for ahead, and those that stood before."""
    classes: dict[str, int] = {}
    for (j, _), variable in model.classes.items():
        classes[j] = classes.get(j, 0) + round(values[variable])
    used = count_rooms(alone.term, classes)
    counts = {j: max(used.get(j, 0), round(variable.lowBound)) for j, variable in rooms.items()}
    return {j: n for j in sorted({*counts, *limits.before.rooms}) if (n := max(counts.get(j, 0), limits.before.rooms.get(j, 0)))}


def _bind(model: LayoutModel, new: New, case: Case, limits: _Limits) -> None:
    """Keep what stands, let those who are moved go only where nothing that they need is added, and stay within the capital."""
    for thing in ("beds", "rooms"):
        for j, count in getattr(limits.before, thing).items():
            if j in new[thing]:
                new[thing][j].lowBound = count
    for thing, j in limits.receivers:
        if j in new[thing]:
            new[thing][j].upBound = max(getattr(limits.before, thing).get(j, 0), new[thing][j].lowBound)
    columns = (model.options[c].astype(str) for c in ("settlement_id", "band", "school_id", "mode"))
    for variable, i, band, j, mode in zip(model.pupils, *columns, strict=True):
        adds = any(j in new[thing] and (thing, j) not in limits.receivers for thing in needed_for(mode))
        if adds and (i, band) in limits.moved:
            variable.upBound = 0
    if limits.capital_yuan is not None:
        _add_capital(model, new, case, limits)


def _add_capital(model: LayoutModel, new: New, case: Case, limits: _Limits) -> None:
    problem, prices = model.problem, Prices.of(case.norms)
    more = problem.add_variable("fleet_more", 0)
    problem += more >= pulp.lpSum(new["buses"].values()) - limits.before.fleet, "fleet"
    beds, rooms = (
        pulp.lpSum(variable - getattr(limits.before, thing).get(j, 0) for j, variable in new[thing].items()) for thing in ("beds", "rooms")
    )
    problem += prices.bed * beds + prices.bus * more + prices.room * rooms <= limits.capital_yuan, "capital"


def _spend_ahead(asked: Asked, model: LayoutModel, new: New, floors: Built) -> Spent:
    """Return the least cost with harm and risk where they are, and with the `floors` built where the limits leave room for them."""
    kept = _raise_floors(new, floors)
    with contextlib.suppress(ContradictionError):
        return _spend(asked, model)
    _lower_floors(kept)
    return _spend(asked, model)


def _raise_floors(new: New, floors: Built) -> Floors:
    """Let at least the `floors` be built, and return how few might be before."""
    kept = {variable: variable.lowBound for group in new.values() for variable in group.values()}
    for thing in THINGS:
        for variable, count in ((new[thing][j], count) for j, count in getattr(floors, thing).items() if j in new[thing]):
            variable.lowBound = min(max(variable.lowBound, count), variable.upBound)
    return kept


def _lower_floors(kept: Floors) -> None:
    for variable, low in kept.items():
        variable.lowBound = low


def _spend(asked: Asked, model: LayoutModel) -> Spent:
    solver = _solver(model, asked)
    solver.keep_at(model.harm, asked.reached.harm.value, "harm_kept")
    solver.keep_at(model.at_risk, asked.reached.at_risk.value, "at_risk_kept")
    keep_enrolled(model, solver)
    cost = solver.minimise(model.cost, gap=asked.case.scenario.solver.gap)
    return Spent(model, solver, asked.case.sites, cost)
