"""The least enrolment that a scenario asks of schools that may close: a wish that gives way to the safety of children.

A school that would have fewer pupils is closed or filled wherever that puts nobody at risk; where it cannot be, the school is kept, and
what it lacks is told. So the pupils lacking are a goal of their own: after harm and risk, before times and money.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from layout_planner.county.model import Note
from layout_planner.plan.forms import CLOSED, is_free
from layout_planner.plan.linear import EXACT, ROUNDING
from layout_planner.plan.model_inputs import Expression, clean_name, total
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pulp

    from layout_planner.plan.case import Case
    from layout_planner.plan.layout import Layout
    from layout_planner.plan.linear import LinearSolver, Stage
    from layout_planner.plan.model import LayoutModel
    from layout_planner.plan.model_inputs import BySite, Inputs, Variables


def add_least_enrolment(
    problem: pulp.LpProblem, given: Inputs, pupils: Variables, is_open: dict[str, Expression], by_site: BySite
) -> Expression:
    """Return the pupils by whom open schools that the optimiser may close stay below the least enrolment; nothing where none is asked."""
    least = given.scenario.plan.min_enrolment
    lacks: dict[pulp.LpVariable, float] = {}
    for site in given.sites:
        j = site.school_id
        if least and site.forms != (CLOSED,) and is_free(j, given.case.county.schools.loc[j], given.scenario):
            variable = problem.add_variable(f"lacks_{clean_name(j)}", 0, least)
            problem += total(pupils, by_site.get(j, {}).get("all", [])) + variable >= least * is_open[j], f"min_enrol_{clean_name(j)}"
            lacks[variable] = 1
    return Expression(lacks)


def keep_enrolled(model: LayoutModel, solver: LinearSolver) -> Stage | None:
    """Reach the fewest pupils lacking under all that `solver` holds already, and hold them; None where the scenario asks for none."""
    if not model.lacking:
        return None
    stage = solver.minimise(model.lacking, gap=EXACT)
    hold_enrolled(model, solver, stage)
    return stage


def hold_enrolled(model: LayoutModel, solver: LinearSolver, stage: Stage | None) -> None:
    """Hold the pupils lacking where `stage` reached them."""
    if stage is not None:
        solver.keep_at(model.lacking, stage.value, "lacking_kept")


def cap_enrolled(model: LayoutModel, values: Mapping[pulp.LpVariable, float]) -> dict[pulp.LpVariable, float]:
    """Return by how many whole pupils every school may stay below the least enrolment, so that it lacks no more than at `values`."""
    return {variable: float(np.ceil(values[variable] - ROUNDING)) for variable in model.lacking}


def lacking_pupils(case: Case, layout: Layout) -> dict[str, int]:
    """Return by how many pupils every open school that the optimiser may close stays below the least enrolment, largest first."""
    least, schools = case.scenario.plan.min_enrolment, case.county.schools
    small = layout.sites[(layout.sites["form"] != CLOSED) & (layout.sites["pupils"] < least)]
    lacks = {str(j): least - int(n) for j, n in small["pupils"].items() if is_free(str(j), schools.loc[j], case.scenario)}
    return dict(sorted(lacks.items(), key=lambda item: (-item[1], item[0])))


def note_enrolment(case: Case, layout: Layout) -> tuple[Note, ...]:
    """Return a note on the schools that stay although they have fewer pupils than asked; none where there are none."""
    lacks, least = lacking_pupils(case, layout), case.scenario.plan.min_enrolment
    if not lacks:
        return ()
    schools = case.county.schools
    names = {j: (str(schools.at[j, "name"]), str(schools.loc[j].get("name_en") or schools.at[j, "name"])) for j in lacks}
    said = Words(
        "、".join(f"{names[j][0]}（差{n}人）" for j, n in lacks.items()), ", ".join(f"{names[j][1]} ({n} short)" for j, n in lacks.items())
    )
    text = Words(
        f"学生不足{least}人仍保留的学校：{said.zh}；没有找到既能撤并或补足、又不使学生上学更难的办法",
        f"schools kept with fewer than {least} pupils: {said.en}; no way was found to close or fill them that puts no child at risk",
    )
    return (Note("least_enrolment", text, len(lacks)),)
