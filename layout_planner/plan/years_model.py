"""All school years in one programme: one copy of the layout rows a year, and the rows that bind each year to the one before.

Rows, t the year and p the year before (names end in the year)
    stays_closed_j_b     a band that a school of today drops is not taught again; stays_open_j_b: nor does a candidate close again
    beds_stand_j         new beds stay as long as their school is open; beds_open_j, buses_open_j: nothing new at a site that is not open
    rooms_j, rooms_stand_j       rooms[j, t] >= the classes of j beyond the rooms at hand, and no fewer than in p
    takes_in_j_b_k_thing pupils of (j, b) use a bed, a bus or a room at k in the year in which j drops b only if takes_in[thing, k, t] is 1
    first_built_k_thing  and then k has no more new beds, new buses or new rooms in t than in p: built before closed
    more_beds_j, fleet, capital  what is new in t costs no more than the capital of t; a bus or a room may be bought before it is used
Everything else is as in `plan/model.py`, and so are the goals, summed over the years.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd
import pulp

from layout_planner.plan.capital import Prices
from layout_planner.plan.forms import CLOSED
from layout_planner.plan.model import build_model
from layout_planner.plan.model_inputs import clean_name
from layout_planner.plan.years_links import (
    add_rooms,
    homes_by_drop,
    is_candidate,
    needed_for,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from layout_planner.plan.forms import Site
    from layout_planner.plan.model import LayoutModel
    from layout_planner.plan.model_inputs import Expression
    from layout_planner.plan.years_links import Drop
    from layout_planner.plan.years_terms import Alone
    from layout_planner.scenario import Years


@dataclass(frozen=True)
class YearsModel:
    """The programme of all years as one LayoutModel (keys of settlements and sites end in the year), and its parts by year."""

    whole: LayoutModel
    parts: tuple[LayoutModel, ...]
    takes_in: dict[tuple[str, str, int], pulp.LpVariable]  # thing, school, place of the year
    rooms: dict[tuple[str, int], pulp.LpVariable]
    fleet: tuple[pulp.LpVariable, ...]
    more_beds: dict[tuple[str, int], pulp.LpVariable]
    names: tuple[dict[str, str], ...]  # by year: name in the year's own model -> name here


def build_years_model(alone: Sequence[Alone], years: Years, most: Mapping[str, int]) -> YearsModel:
    """Return the programme of the years of `alone`; `most` : the classrooms that a school may lack."""
    parts = tuple(build_model(each.asked.case, each.asked.options, each.asked.today) for each in alone)
    problem = pulp.LpProblem("years", pulp.LpMinimize)
    names = tuple(_move_rows(problem, part, each.term.year) for part, each in zip(parts, alone, strict=True))
    homes = homes_by_drop(table for each in alone for table in (each.asked.options, each.term.today.assignment))
    takes_in: dict[tuple[str, str, int], pulp.LpVariable] = {}
    fleet: list[pulp.LpVariable] = []
    more_beds: dict[tuple[str, int], pulp.LpVariable] = {}
    rooms: dict[tuple[str, int], pulp.LpVariable] = {}
    stood: dict[str, pulp.LpVariable] = {}
    for place, each in enumerate(alone):
        here = add_rooms(problem, parts[place], each.term, most)
        part_before, alone_before = (parts[place - 1], alone[place - 1]) if place else (None, None)
        link = _Link(problem, place, each, parts[place], part_before, alone_before, here, dict(stood))
        stood |= here
        rooms |= {(j, place): variable for j, variable in here.items()}
        _bind_forms(link)
        _bind_beds(link)
        _bind_rooms(link)
        takes_in |= _build_first(link, homes)
        capital = years.capital_of(each.term.year)
        if any(years.capital_of(other.term.year) is not None for other in alone):
            fleet.append(_bind_capital(link, fleet[-1] if fleet else None, more_beds, capital))
    return YearsModel(_join(problem, parts, alone), parts, takes_in, rooms, tuple(fleet), more_beds, names)


def _move_rows(problem: pulp.LpProblem, part: LayoutModel, year: int) -> dict[str, str]:
    """Move the rows of one year's model into `problem` under names that end in the year, and return the names of its variables."""
    names = {}
    for variable in part.problem.variables():
        names[variable.name] = f"{variable.name}_{year}"
        variable.name = names[variable.name]
    for row in part.problem.constraints():
        problem.addConstraint(row, f"{row.name}_{year}")
    return names


def _join(problem: pulp.LpProblem, parts: Sequence[LayoutModel], alone: Sequence[Alone]) -> LayoutModel:
    """Return the years as one model; its goals are the sums of theirs."""
    at = [each.term.year for each in alone]

    def keyed(group: str) -> dict[tuple[str, str], pulp.LpVariable]:
        return {(f"{key}@{year}", k): v for year, part in zip(at, parts, strict=True) for (key, k), v in getattr(part, group).items()}

    def built(group: str) -> dict[str, pulp.LpVariable]:
        return {f"{j}@{year}": v for year, part in zip(at, parts, strict=True) for j, v in getattr(part, group).items()}

    return replace(
        parts[0],
        problem=problem,
        options=pd.concat([part.options for part in parts], ignore_index=True),
        pupils=[variable for part in parts for variable in part.pupils],
        unserved=keyed("unserved"),
        form=keyed("form"),
        classes=keyed("classes"),
        new_beds=built("new_beds"),
        new_buses=built("new_buses"),
        funds={variable: least for part in parts for variable, least in part.funds.items()},
        harm=pulp.lpSum(part.harm for part in parts),
        at_risk=pulp.lpSum(part.at_risk for part in parts),
        cost=pulp.lpSum(part.cost for part in parts),
        spend=pulp.lpSum(part.spend for part in parts),
        minutes=pulp.lpSum(part.minutes for part in parts),
        safest=sum(part.safest for part in parts),
        unsafe=[variable for part in parts for variable in part.unsafe],
        sites_open=pulp.lpSum(part.sites_open for part in parts),
        lacking=pulp.lpSum(part.lacking for part in parts),
    )


@dataclass(frozen=True)
class _Link:
    """One year and, after the first, the year before it; `rooms` are new classrooms by school, `stood` those of the years before."""

    problem: pulp.LpProblem
    place: int
    now: Alone
    model: LayoutModel
    model_before: LayoutModel | None
    before: Alone | None
    rooms: dict[str, pulp.LpVariable]
    stood: dict[str, pulp.LpVariable]

    @property
    def year(self) -> int:
        """The school year."""
        return self.now.term.year

    def add(self, row: pulp.LpConstraint, name: str) -> None:
        """Add a row to the programme."""
        self.problem.addConstraint(row, name)

    def teaches(self, site: Site, band: str) -> Expression:
        """Return 1 where the site teaches the band in this year, else 0."""
        return _teaches(self.now, self.model, site.school_id, band)

    def taught(self, site: Site, band: str) -> Expression:
        """Return the same for the year before, which is today for the first year."""
        if self.model_before is None or self.before is None:
            return pulp.LpAffineExpression(constant=float(band in site.bands[site.form_today]))
        return _teaches(self.before, self.model_before, site.school_id, band)

    def is_open(self, site: Site) -> Expression:
        """Return 1 where the site is open in this year, else 0."""
        own = _site(self.now, site.school_id)
        if own.decided:
            return pulp.LpAffineExpression(constant=float(own.forms != (CLOSED,)))
        return pulp.lpSum(self.model.form[own.school_id, f] for f in own.forms if f != CLOSED)

    def new(self, thing: str) -> dict[str, pulp.LpVariable]:
        """Return what is new of a thing by school."""
        return self.rooms if thing == "rooms" else getattr(self.model, f"new_{thing}")

    def new_before(self, thing: str, j: str) -> Expression:
        """Return what was new of a thing at a site in the year before."""
        found = self.stood.get(j) if thing == "rooms" else None
        if thing != "rooms" and self.model_before is not None:
            found = getattr(self.model_before, f"new_{thing}").get(j)
        return pulp.LpAffineExpression() if found is None else pulp.LpAffineExpression(found)


def _site(each: Alone, school_id: str) -> Site:
    return next(site for site in each.asked.case.sites if site.school_id == school_id)


def _teaches(each: Alone, model: LayoutModel, school_id: str, band: str) -> Expression:
    site = _site(each, school_id)
    if site.decided:
        return pulp.LpAffineExpression(constant=float(band in site.bands[site.forms[0]]))
    return pulp.lpSum(model.form[school_id, f] for f in site.forms if band in site.bands[f])


def _bind_forms(link: _Link) -> None:
    """Let no school of today teach again what it dropped, and no candidate close again."""
    for site in link.now.term.case.sites:
        for band in sorted({band for form in site.bands for band in site.bands[form]}):
            more = link.teaches(site, band) - link.taught(site, band)
            if not len(more) and more.constant == 0:
                continue
            name = f"{clean_name(site.school_id)}_{clean_name(band)}_{link.year}"
            if not is_candidate(site):
                link.add(more <= 0, f"stays_closed_{name}")
            elif link.place:
                link.add(more >= 0, f"stays_open_{name}")


def _bind_beds(link: _Link) -> None:
    """Let new beds stay while their school is open, and put nothing new where no school is."""
    most = {"beds": link.now.term.case.scenario.plan.max_new_beds, "buses": link.now.term.case.scenario.plan.max_buses}
    for site in link.now.asked.case.sites:
        j, name = site.school_id, f"{clean_name(site.school_id)}_{link.year}"
        beds, before = link.model.new_beds.get(j), link.new_before("beds", j)
        if not site.decided:
            for kind, group in (("beds", link.model.new_beds), ("buses", link.model.new_buses)):
                if j in group:
                    link.add(group[j] <= most[kind] * link.is_open(site), f"{kind}_open_{name}")
        if beds is not None and len(before):
            shut = most["beds"] * (1 - link.is_open(site))
            link.add(beds >= before - shut, f"beds_stand_{name}")


def _bind_rooms(link: _Link) -> None:
    """Let new classrooms stand for good."""
    for j, variable in link.rooms.items():
        if j in link.stood:
            link.add(variable >= link.stood[j], f"rooms_stand_{clean_name(j)}_{link.year}")


def _build_first(link: _Link, homes: Mapping[Drop, set[str]]) -> dict[tuple[str, str, int], pulp.LpVariable]:
    """Let pupils of a school that closes go only where nothing that they need is added in this year; return who may take in."""
    takes_in: dict[tuple[str, str, int], pulp.LpVariable] = {}
    for site in link.now.term.case.sites:
        for band in sorted(site.bands[site.form_today] if not is_candidate(site) else ()):
            drop = link.taught(site, band) - link.teaches(site, band)
            if not len(drop) and drop.constant <= 0:
                continue
            for (thing, k), pupils in _ways_out(link, homes.get((site.school_id, band), set()), band, site.school_id).items():
                takes = takes_in.setdefault((thing, k, link.place), _takes_in(link, thing, k, takes_in))
                most = sum(variable.upBound for variable in pupils)
                name = f"takes_in_{clean_name(site.school_id)}_{clean_name(band)}_{clean_name(k)}_{thing}_{link.year}"
                link.add(pulp.lpSum(pupils) <= most * (takes + 1 - drop), name)
    return takes_in


def _ways_out(link: _Link, homes: set[str], band: str, school_id: str) -> dict[tuple[str, str], list[pulp.LpVariable]]:
    """Return, by thing and school where it could be added, the pupils of `homes` who need it there."""
    options = link.model.options
    mine = (options["band"] == band) & options["settlement_id"].isin(homes) & (options["school_id"] != school_id)
    found: dict[tuple[str, str], list[pulp.LpVariable]] = {}
    for o, mode, k in zip(options.index[mine], options.loc[mine, "mode"], options.loc[mine, "school_id"], strict=True):
        for thing in needed_for(mode):
            if k in link.new(thing):
                found.setdefault((thing, k), []).append(link.model.pupils[o])
    return found


def _takes_in(link: _Link, thing: str, k: str, known: Mapping[tuple[str, str, int], pulp.LpVariable]) -> pulp.LpVariable:
    """Return 1 where a school takes in pupils of a school that closes in this year; it then adds none of the thing."""
    if (thing, k, link.place) in known:
        return known[thing, k, link.place]
    variable = link.new(thing)[k]
    name = f"{clean_name(k)}_{thing}_{link.year}"
    takes = link.problem.add_variable(f"takes_{name}", cat="Binary")
    link.add(variable - link.new_before(thing, k) <= variable.upBound * (1 - takes), f"first_built_{name}")
    return takes


def _bind_capital(
    link: _Link, fleet_before: pulp.LpVariable | None, more_beds: dict[tuple[str, int], pulp.LpVariable], capital: float | None
) -> pulp.LpVariable:
    """Count what is new in this year, keep it within the capital, and return the buses bought so far."""
    prices = Prices.of(link.now.term.case.norms)
    fleet = link.problem.add_variable(f"fleet_{link.year}", 0, cat="Integer")
    link.add(fleet >= pulp.lpSum(link.model.new_buses.values()), f"fleet_{link.year}")
    if fleet_before is not None:
        link.add(fleet >= fleet_before, f"fleet_stays_{link.year}")
    spent = prices.bus * (fleet - (0 if fleet_before is None else fleet_before))
    for j, variable in link.model.new_beds.items():
        more = more_beds[j, link.place] = link.problem.add_variable(f"more_beds_{clean_name(j)}_{link.year}", 0)
        link.add(more >= variable - link.new_before("beds", j), f"more_beds_{clean_name(j)}_{link.year}")
        spent += prices.bed * more
    for j, variable in link.rooms.items():
        spent += prices.room * (variable - link.new_before("rooms", j))
    if capital is not None:
        link.add(spent <= capital, f"capital_{link.year}")
    return fleet
