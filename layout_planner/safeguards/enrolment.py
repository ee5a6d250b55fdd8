"""Schools that stay with fewer pupils than the scenario asks for, counted a second time from the plan's trips.

No school must close for its size: one that cannot close or fill safely is kept and named here, so the rule refuses nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from layout_planner.safeguards.recount import CLOSED
from layout_planner.safeguards.rules import count, judge, name_schools
from layout_planner.words import Words

if TYPE_CHECKING:
    from layout_planner.county.model import County
    from layout_planner.plan.layout import Layout
    from layout_planner.results import Finding
    from layout_planner.safeguards.rules import Case
    from layout_planner.scenario import Scenario


def recount_lacking(county: County, scenario: Scenario, layout: Layout) -> dict[str, int]:
    """Return how many pupils every open school lacks, of those that the scenario lets the optimiser close."""
    plan, sent = scenario.plan, dict.fromkeys(map(str, layout.sites.index), 0)
    for row in layout.assignment.to_dict("records"):
        if row["school_id"]:
            sent[str(row["school_id"])] += int(row["pupils"])
    bound = {*plan.close, *plan.keep, *(str(j) for j, kept in county.schools["protected"].items() if kept)}
    listed = set(sent) if plan.may_close == "all" else set() if plan.may_close == "none" else set(plan.may_close)
    open_now = {str(j) for j, form in layout.sites["form"].items() if form != CLOSED}
    return {j: plan.min_enrolment - sent[j] for j in sorted((listed - bound) & open_now) if sent[j] < plan.min_enrolment}


def judge_enrolment(case: Case, subject: str) -> Finding:
    """Name the schools that stay below the least enrolment, and how many pupils each lacks."""
    least, lacks = case.scenario.plan.min_enrolment, recount_lacking(case.county, case.scenario, case.plan)
    if not lacks:
        text = Words(f"可撤而开办的学校都有{least}人以上", f"every open school that may close has {least} pupils at least")
    else:
        names = {j: name_schools(case, [j]) for j in lacks}
        zh = "、".join(f"{names[j].zh}差{n}人" for j, n in lacks.items())
        en = ", ".join(f"{names[j].en} lacks {n}" for j, n in lacks.items())
        text = Words(
            f"{len(lacks)}所学校不足{least}人，为学生安全保留：{zh}",
            f"{count(len(lacks), 'school')} with fewer than {least} pupils kept for the children's safety: {en}",
        )
    return judge("least_enrolment", "pass", subject, None, text, text, measured=float(sum(lacks.values())), bound=(None, "pupils"))
