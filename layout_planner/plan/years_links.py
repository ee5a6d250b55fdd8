"""What binds one school year to the next: bands that are dropped, the pupils concerned, and where they may go."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pulp

from layout_planner.plan.costs import count_classes
from layout_planner.plan.forms import CLOSED
from layout_planner.plan.model_inputs import clean_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

    from layout_planner.plan.forms import Site
    from layout_planner.plan.layout import Layout
    from layout_planner.plan.model import LayoutModel
    from layout_planner.plan.years_terms import Alone, SchoolYear

    Drop = tuple[str, str]  # a school, and a band that it teaches no longer

BUILT_FOR = {"board": "beds", "school_bus": "buses"}  # mode -> field of Built
THINGS = ("beds", "buses", "rooms")  # what must stand before a closing that needs it


def forms_of(layout: Layout) -> dict[str, str]:
    """Return the form of every site."""
    return {str(j): str(form) for j, form in layout.sites["form"].items()}


def bands_at(site: Site, form: str) -> tuple[str, ...]:
    """Return the bands that a site teaches with a form; none when closed, which a site that may not close yet does not list."""
    return () if form == CLOSED else site.bands[form]


def decide_sites(sites: Iterable[Site], forms: Mapping[str, str]) -> tuple[Site, ...]:
    """Return every site decided for its form of `forms`."""
    return tuple(replace(site, forms=(forms[site.school_id],)) for site in sites)


def list_drops(sites: Iterable[Site], before: Mapping[str, str], now: Mapping[str, str]) -> set[Drop]:
    """Return every (school, band) that is taught with the forms `before` and not with those of `now`."""
    drops = set()
    for site in sites:
        had, has = (set(bands_at(site, forms[site.school_id])) for forms in (before, now))
        drops |= {(site.school_id, band) for band in had - has}
    return drops


def forms_today(sites: Iterable[Site]) -> dict[str, str]:
    """Return the form that every site runs now."""
    return {site.school_id: site.form_today for site in sites}


def is_candidate(site: Site) -> bool:
    """Return True for a site that is not open today."""
    return site.form_today == CLOSED


def homes_by_drop(tables: Iterable[pd.DataFrame]) -> dict[Drop, set[str]]:
    """Return, for every (school, band), the settlements whose pupils may attend it by the `tables` of trips or options."""
    homes: dict[Drop, set[str]] = {}
    for table in tables:
        for i, band, j in zip(*(table[c].astype(str) for c in ("settlement_id", "band", "school_id")), strict=True):
            homes.setdefault((j, band), set()).add(i)
    return homes


def displaced(drops: Iterable[Drop], homes: Mapping[Drop, set[str]]) -> set[tuple[str, str]]:
    """Return the (settlement, band) whose school is dropped."""
    return {(i, band) for j, band in drops for i in homes.get((j, band), ())}


def needed_for(mode: str) -> tuple[str, ...]:
    """Return what pupils of a mode need at their school, by field of `Built`: a classroom, and beds or buses."""
    return ("rooms", BUILT_FOR[mode]) if mode in BUILT_FOR else ("rooms",)


def list_receivers(layout: Layout, moved: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return every (thing, school) that pupils of `moved` need under `layout`."""
    trips = layout.assignment
    trips = trips[trips["school_id"] != ""]
    columns = (trips[c].astype(str) for c in ("settlement_id", "band", "mode", "school_id"))
    return {(thing, j) for i, band, mode, j in zip(*columns, strict=True) if (i, band) in moved for thing in needed_for(mode)}


def most_rooms(alone: Iterable[Alone]) -> dict[str, int]:
    """Return the classrooms that a school lacks at most in any year, if all who may attend it did; schools that lack none are left out."""
    most: dict[str, int] = {}
    for each in alone:
        for j, count in _most_classes(each).items():
            lacks = count - each.term.rooms.get(j, math.inf)
            if lacks > 0:
                most[j] = max(most.get(j, 0), int(lacks))
    return most


def _most_classes(each: Alone) -> dict[str, int]:
    case, counts = each.asked.case, dict[tuple[str, str], int]()
    counted = {(str(i), str(band)): int(n) for band, column in case.demand.items() for i, n in column.items()}
    ways = each.asked.options[["school_id", "band", "settlement_id"]].drop_duplicates()
    for j, band, i in ways.astype(str).itertuples(index=False, name=None):
        counts[j, band] = counts.get((j, band), 0) + counted[i, band]
    most: dict[str, int] = {}
    for (j, band), pupils in counts.items():
        most[j] = most.get(j, 0) + count_classes(pupils, case.scenario.bands[band], case.norms)
    return most


def add_rooms(problem: pulp.LpProblem, model: LayoutModel, term: SchoolYear, most: Mapping[str, int]) -> dict[str, pulp.LpVariable]:
    """Return, by school of `most`, the new classrooms that stand, at least those that its classes need."""
    classes: dict[str, list[pulp.LpVariable]] = {}
    for (j, _), variable in model.classes.items():
        classes.setdefault(j, []).append(variable)
    rooms = {}
    for j in sorted(classes.keys() & most.keys()):
        name = f"{clean_name(j)}_{term.year}"
        rooms[j] = problem.add_variable(f"new_rooms_{name}", 0, most[j], cat="Integer")
        problem += rooms[j] >= pulp.lpSum(classes[j]) - term.rooms[j], f"rooms_{name}"
    return rooms
