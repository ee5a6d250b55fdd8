"""All school years in one programme: one copy of the layout rows a year, and the rows that bind each year to the one before.

Rows, t the year and p the year before (names end in the year)
    stays_closed_j_b     a band that a school of today drops is not taught again; stays_open_j_b: nor does a candidate close again
    beds_stand_j         new beds stay as long as their school is open; beds_open_j, buses_open_j: nothing new at a site that is not open
    takes_in_j_b_k_mode  pupils of (j, b) board or ride at k in the year in which j drops b only if takes_in[mode, k, t] is 1
    first_built_k_mode   and then k has no more new beds, or new buses, in t than in p: built before closed
    more_beds_j, fleet, capital  what is new in t costs no more than the capital of t; a bus may be bought before it runs
Everything else is as in `plan/model.py`, and so are the goals, summed over the years.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd
import pulp

from layout_planner.errors import NoPlanError
from layout_planner.plan.enrolment import keep_enrolled
from layout_planner.plan.forms import CLOSED
from layout_planner.plan.linear import EXACT, PUPIL_SLACK, LinearSolver
from layout_planner.plan.model import build_model
from layout_planner.plan.model_inputs import clean_name
from layout_planner.plan.solve import AT_RISK_GAP, HALF, Spent
from layout_planner.plan.years_links import (
    BUILT_FOR,
    decide_sites,
    displaced,
    forms_today,
    homes_by_drop,
    is_candidate,
    keep_taught,
    list_drops,
)
from layout_planner.plan.years_terms import Built, Step, buy_late

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from layout_planner.plan.forms import Site
    from layout_planner.plan.linear import Stage
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
    takes_in: dict[tuple[str, str, int], pulp.LpVariable]  # mode, school, place of the year
    fleet: tuple[pulp.LpVariable, ...]
    more_beds: dict[tuple[str, int], pulp.LpVariable]
    names: tuple[dict[str, str], ...]  # by year: name in the year's own model -> name here


def build_years_model(alone: Sequence[Alone], years: Years) -> YearsModel:
    """Return the programme of the years of `alone`."""
    parts = tuple(build_model(each.asked.case, each.asked.options, each.asked.today) for each in alone)
    problem = pulp.LpProblem("years", pulp.LpMinimize)
    names = tuple(_move_rows(problem, part, each.term.year) for part, each in zip(parts, alone, strict=True))
    homes = homes_by_drop(table for each in alone for table in (each.asked.options, each.term.today.assignment))
    takes_in: dict[tuple[str, str, int], pulp.LpVariable] = {}
    fleet: list[pulp.LpVariable] = []
    more_beds: dict[tuple[str, int], pulp.LpVariable] = {}
    for place, each in enumerate(alone):
        link = _Link(problem, place, each, parts[place], parts[place - 1] if place else None, alone[place - 1] if place else None)
        _bind_forms(link)
        _bind_beds(link)
        takes_in |= _build_first(link, homes)
        capital = years.capital_of(each.term.year)
        if any(years.capital_of(other.term.year) is not None for other in alone):
            fleet.append(_bind_capital(link, fleet[-1] if fleet else None, more_beds, capital))
    return YearsModel(_join(problem, parts, alone), parts, takes_in, tuple(fleet), more_beds, names)


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
    """One year and, after the first, the year before it."""

    problem: pulp.LpProblem
    place: int
    now: Alone
    model: LayoutModel
    model_before: LayoutModel | None
    before: Alone | None

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

    def new_before(self, group: str, j: str) -> Expression:
        """Return the new beds or buses of a site in the year before."""
        found = None if self.model_before is None else getattr(self.model_before, group).get(j)
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
        beds, before = link.model.new_beds.get(j), link.new_before("new_beds", j)
        if not site.decided:
            for kind, group in (("beds", link.model.new_beds), ("buses", link.model.new_buses)):
                if j in group:
                    link.add(group[j] <= most[kind] * link.is_open(site), f"{kind}_open_{name}")
        if beds is not None and len(before):
            shut = most["beds"] * (1 - link.is_open(site))
            link.add(beds >= before - shut, f"beds_stand_{name}")


def _build_first(link: _Link, homes: Mapping[Drop, set[str]]) -> dict[tuple[str, str, int], pulp.LpVariable]:
    """Let pupils of a school that closes board and ride only where nothing is added in this year; return who may take in."""
    takes_in: dict[tuple[str, str, int], pulp.LpVariable] = {}
    for site in link.now.term.case.sites:
        for band in sorted(site.bands[site.form_today] if not is_candidate(site) else ()):
            drop = link.taught(site, band) - link.teaches(site, band)
            if not len(drop) and drop.constant <= 0:
                continue
            for (mode, k), pupils in _ways_out(link, homes.get((site.school_id, band), set()), band, site.school_id).items():
                takes = takes_in.setdefault((mode, k, link.place), _takes_in(link, mode, k, takes_in))
                most = sum(variable.upBound for variable in pupils)
                name = f"takes_in_{clean_name(site.school_id)}_{clean_name(band)}_{clean_name(k)}_{mode}_{link.year}"
                link.add(pulp.lpSum(pupils) <= most * (takes + 1 - drop), name)
    return takes_in


def _ways_out(link: _Link, homes: set[str], band: str, school_id: str) -> dict[tuple[str, str], list[pulp.LpVariable]]:
    """Return, by mode and school where beds or buses could be added, the pupils of `homes` who board or ride there."""
    groups = {"board": link.model.new_beds, "school_bus": link.model.new_buses}
    options = link.model.options
    mine = (options["band"] == band) & options["mode"].isin(BUILT_FOR) & options["settlement_id"].isin(homes)
    mine &= options["school_id"] != school_id
    found: dict[tuple[str, str], list[pulp.LpVariable]] = {}
    for o, mode, k in zip(options.index[mine], options.loc[mine, "mode"], options.loc[mine, "school_id"], strict=True):
        if k in groups[mode]:
            found.setdefault((mode, k), []).append(link.model.pupils[o])
    return found


def _takes_in(link: _Link, mode: str, k: str, known: Mapping[tuple[str, str, int], pulp.LpVariable]) -> pulp.LpVariable:
    """Return 1 where a school takes in pupils of a school that closes in this year; it then adds no bed, or no bus."""
    if (mode, k, link.place) in known:
        return known[mode, k, link.place]
    group = f"new_{BUILT_FOR[mode]}"
    variable: pulp.LpVariable = getattr(link.model, group)[k]
    name = f"{clean_name(k)}_{mode}_{link.year}"
    takes = link.problem.add_variable(f"takes_{name}", cat="Binary")
    link.add(variable - link.new_before(group, k) <= variable.upBound * (1 - takes), f"first_built_{name}")
    return takes


def _bind_capital(
    link: _Link, fleet_before: pulp.LpVariable | None, more_beds: dict[tuple[str, int], pulp.LpVariable], capital: float | None
) -> pulp.LpVariable:
    """Count what is new in this year, keep it within the capital, and return the buses bought so far."""
    norms = link.now.term.case.norms
    fleet = link.problem.add_variable(f"fleet_{link.year}", 0, cat="Integer")
    link.add(fleet >= pulp.lpSum(link.model.new_buses.values()), f"fleet_{link.year}")
    if fleet_before is not None:
        link.add(fleet >= fleet_before, f"fleet_stays_{link.year}")
    spent = norms.value("cost.bus_price_yuan") * (fleet - (0 if fleet_before is None else fleet_before))
    for j, variable in link.model.new_beds.items():
        more = more_beds[j, link.place] = link.problem.add_variable(f"more_beds_{clean_name(j)}_{link.year}", 0)
        link.add(more >= variable - link.new_before("new_beds", j), f"more_beds_{clean_name(j)}_{link.year}")
        spent += norms.value("cost.new_bed_yuan") * more
    if capital is not None:
        link.add(spent <= capital, f"capital_{link.year}")
    return fleet


def solve_together(alone: Sequence[Alone], steps: Sequence[Step], years: Years) -> tuple[list[Step], Stage | None]:
    """Return better steps than `steps` from one search over all years, and what it reached on cost; `steps` and None where time ran out."""
    model = build_years_model(alone, years)
    settings = alone[0].term.case.scenario.solver
    solver = LinearSolver(model.whole, settings.seed, time.monotonic() + settings.time_limit_s)
    start = _start(model, steps)
    solver.start_at(start)
    try:
        for goal, gap in (("harm", EXACT), ("at_risk", AT_RISK_GAP)):
            _hold(model, solver, goal, gap, (alone, steps), start)
        keep_enrolled(model.whole, solver)
        solver.allow_s(settings.time_limit_s)
        cost = solver.minimise(model.whole.cost, gap=settings.gap)
    except NoPlanError:
        return list(steps), None
    values = solver.values_by_name()
    return buy_late(_read_steps(model, alone, values), years), cost


def _hold(
    model: YearsModel,
    solver: LinearSolver,
    goal: str,
    gap: float,
    found: tuple[Sequence[Alone], Sequence[Step]],
    start: Mapping[str, float],
) -> None:
    """Reach the least of a goal on pupils over all years, and hold it; year by year where no year can do better even by itself.

    Where the steps at hand are as good within the gap, the search goes on from them: what it found itself may hold needless buildings.
    """
    least, reached = ([getattr(each, goal) for each in group] for group in found)
    if all(value <= own.bound * (1 + gap) + PUPIL_SLACK for value, own in zip(reached, least, strict=True)):
        for place, (part, value) in enumerate(zip(model.parts, reached, strict=True)):
            solver.keep_at(getattr(part, goal), value, f"{goal}_kept_{place}")
        return
    whole = getattr(model.whole, goal)
    stage = solver.minimise(whole, gap=gap)
    if sum(reached) <= stage.bound * (1 + 2 * gap) + PUPIL_SLACK:
        solver.start_at(start)
    solver.keep_at(whole, max(stage.value, min(sum(reached), stage.bound * (1 + 2 * gap))), f"{goal}_kept")


def _start(model: YearsModel, steps: Sequence[Step]) -> dict[str, float]:
    """Return the solution of `steps` by name of variable of the programme."""
    start: dict[str, float] = {}
    fleet = 0
    for place, step in enumerate(steps):
        names, before = model.names[place], steps[place - 1].built if place else Built()
        own = step.spent.solver.values_by_name()
        start |= {names[name]: value for name, value in own.items() if name in names}
        for site in _undecided_sites(model, place):
            start[model.parts[place].form[site, step.forms[site]].name] = 1.0
        start |= {variable.name: 1.0 for variable, goes in _goes(model.parts[place], start) if goes}
        fleet = max(fleet, step.built.fleet)
        if model.fleet:
            start[model.fleet[place].name] = float(fleet)
        for (j, at), variable in model.more_beds.items():
            if at == place:
                start[variable.name] = float(max(0, step.built.beds.get(j, 0) - before.beds.get(j, 0)))
        for (mode, k, at), variable in model.takes_in.items():
            if at == place:
                now, then = (getattr(built, BUILT_FOR[mode]).get(k, 0) for built in (step.built, before))
                start[variable.name] = float(now <= then)
    return start


def _undecided_sites(model: YearsModel, place: int) -> list[str]:
    """Return the undecided sites of one year."""
    return sorted({j for j, _ in model.parts[place].form})


def _goes(part: LayoutModel, start: Mapping[str, float]) -> list[tuple[pulp.LpVariable, bool]]:
    """Return the variables that send a settlement one way as a whole, and whether they do at `start`; none where it may be divided."""
    by_row = [row for row in part.problem.constraints() if row.name and row.name.startswith("whole_")]
    found = []
    for row in by_row:
        variables = list(row)
        goes = next(v for v in variables if v.name.startswith("goes_"))
        pupils = next(v for v in variables if v is not goes)
        found.append((goes, start.get(pupils.name, 0.0) > HALF))
    return found


def _read_steps(model: YearsModel, alone: Sequence[Alone], values: Mapping[str, float]) -> list[Step]:
    """Return the years of the solution."""
    homes = homes_by_drop(table for each in alone for table in (each.asked.options, each.term.today.assignment))
    steps: list[Step] = []
    for place, each in enumerate(alone):
        before = (steps[-1].built, steps[-1].forms) if steps else (Built(), forms_today(each.term.case.sites))
        steps.append(_read_step(model, place, each, values, before, homes))
    return steps


def _read_step(
    model: YearsModel,
    place: int,
    each: Alone,
    values: Mapping[str, float],
    before: tuple[Built, dict[str, str]],
    homes: Mapping[Drop, set[str]],
) -> Step:
    """Return one year of the solution, with its forms decided, in that year's own model.

    Whole pupils are found in that model, so whoever lost his school is kept from what is new in the year there too.
    """
    names, part = model.names[place], model.parts[place]
    forms = {site.school_id: site.forms[0] for site in each.asked.case.sites}
    forms |= {j: f for (j, f), variable in part.form.items() if values[variable.name] > HALF}
    case = replace(each.asked.case, sites=decide_sites(each.term.case.sites, forms))
    asked = replace(each.asked, case=case, options=keep_taught(case, each.asked.options))
    own = build_model(case, asked.options, asked.today)
    moved = displaced(list_drops(each.term.case.sites, before[1], forms), homes)
    beds, buses = ({j: n for j, v in group.items() if (n := round(values[v.name]))} for group in (part.new_beds, part.new_buses))
    built = Built(beds, buses, sum(buses.values()))
    _keep_from_new(own, moved, before[0], built)
    solver = LinearSolver(own, case.scenario.solver.seed, time.monotonic())
    solver.start_at({name: values[there] for name, there in names.items() if there in values})
    harm, at_risk = (float(goal.constant + sum(w * values[v.name] for v, w in goal.items())) for goal in (part.harm, part.at_risk))
    reached = replace(each.asked.reached, harm=replace(each.harm, value=harm), at_risk=replace(each.at_risk, value=at_risk))
    return Step(replace(asked, reached=reached), Spent(own, solver, case.sites, each.cost), forms, built, harm, at_risk)


def _keep_from_new(model: LayoutModel, moved: set[tuple[str, str]], before: Built, now: Built) -> None:
    """Let nobody of `moved` board or ride where beds, or buses, are added between `before` and `now`."""
    columns = (model.options[c].astype(str) for c in ("settlement_id", "band", "school_id", "mode"))
    for variable, i, band, j, mode in zip(model.pupils, *columns, strict=True):
        if mode in BUILT_FOR and (i, band) in moved:
            added = getattr(now, BUILT_FOR[mode]).get(j, 0) > getattr(before, BUILT_FOR[mode]).get(j, 0)
            variable.upBound = 0 if added else variable.upBound
