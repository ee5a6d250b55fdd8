"""One search over all school years: from the steps at hand to better ones, with a bound that counts for all plans."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from layout_planner.clock import now
from layout_planner.errors import NoPlanError
from layout_planner.plan.choices import keep_taught
from layout_planner.plan.enrolment import keep_enrolled
from layout_planner.plan.linear import EXACT, PUPIL_SLACK, LinearSolver
from layout_planner.plan.model import build_model
from layout_planner.plan.solve import AT_RISK_GAP, HALF, Spent
from layout_planner.plan.years_links import decide_sites, displaced, forms_today, homes_by_drop, list_drops, needed_for
from layout_planner.plan.years_model import build_years_model
from layout_planner.plan.years_terms import Built, Step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pulp

    from layout_planner.plan.linear import Stage
    from layout_planner.plan.model import LayoutModel
    from layout_planner.plan.years_links import Drop
    from layout_planner.plan.years_model import YearsModel
    from layout_planner.plan.years_terms import Alone
    from layout_planner.scenario import Years


def solve_together(alone: Sequence[Alone], steps: Sequence[Step], years: Years, most: Mapping[str, int]) -> tuple[list[Step], Stage | None]:
    """Return better steps than `steps` from one search over all years, and what it reached on cost; `steps` and None where time ran out.

    most : the classrooms that a school may lack
    """
    model = build_years_model(alone, years, most)
    settings = alone[0].term.case.scenario.solver
    solver = LinearSolver(model.whole, settings.seed, now() + settings.time_limit_s)
    start = start_of(model, steps)
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
    return read_steps(model, alone, values), cost


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


def start_of(model: YearsModel, steps: Sequence[Step]) -> dict[str, float]:
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
        start |= {variable.name: float(step.built.rooms.get(j, 0)) for (j, at), variable in model.rooms.items() if at == place}
        for (thing, k, at), variable in model.takes_in.items():
            if at == place:
                now, then = (getattr(built, thing).get(k, 0) for built in (step.built, before))
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


def read_steps(model: YearsModel, alone: Sequence[Alone], values: Mapping[str, float]) -> list[Step]:
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
    asked = replace(each.asked, case=case, options=keep_taught(case, each.asked.options), large=None)
    own = build_model(case, asked.options, asked.today)
    moved = displaced(list_drops(each.term.case.sites, before[1], forms), homes)
    beds, buses = ({j: n for j, v in group.items() if (n := round(values[v.name]))} for group in (part.new_beds, part.new_buses))
    rooms = {j: round(values[v.name]) for (j, at), v in model.rooms.items() if at == place}
    rooms = {j: n for j in sorted({*rooms, *before[0].rooms}) if (n := rooms.get(j, before[0].rooms.get(j, 0)))}
    fleet = round(values[model.fleet[place].name]) if model.fleet else sum(buses.values())
    built = Built(beds, buses, max(fleet, before[0].fleet), rooms)
    _keep_from_new(own, moved, before[0], built)
    solver = LinearSolver(own, case.scenario.solver.seed, now())
    solver.start_at({name: values[there] for name, there in names.items() if there in values})
    harm, at_risk = (float(goal.constant + sum(w * values[v.name] for v, w in goal.items())) for goal in (part.harm, part.at_risk))
    reached = replace(each.asked.reached, harm=replace(each.harm, value=harm), at_risk=replace(each.at_risk, value=at_risk))
    return Step(replace(asked, reached=reached), Spent(own, solver, case.sites, each.cost), forms, built, harm, at_risk)


def _keep_from_new(model: LayoutModel, moved: set[tuple[str, str]], before: Built, now: Built) -> None:
    """Let nobody of `moved` go where what he needs there is added between `before` and `now`."""
    columns = (model.options[c].astype(str) for c in ("settlement_id", "band", "school_id", "mode"))
    for variable, i, band, j, mode in zip(model.pupils, *columns, strict=True):
        if (i, band) in moved and any(getattr(now, thing).get(j, 0) > getattr(before, thing).get(j, 0) for thing in needed_for(mode)):
            variable.upBound = 0
