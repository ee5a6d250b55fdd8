"""The gate: may this plan be carried out? Every rule is judged pass, fail or unknown, and unknown never passes.

A merger is a site that closes or loses bands. Its rules: the trips of the children it moves and their places (`mergers`), then the
records of procedure and of what was built first (`evidence`). Two rules concern the whole plan: the independent re-check agrees,
and no child is newly at risk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from layout_planner.norms.labels import name_norm
from layout_planner.results import GateResult
from layout_planner.safeguards.built import check_built
from layout_planner.safeguards.bus_rules import judge_buses
from layout_planner.safeguards.children import check_children
from layout_planner.safeguards.cures import price_cures
from layout_planner.safeguards.enrolment import judge_enrolment
from layout_planner.safeguards.evidence import check_procedure
from layout_planner.safeguards.hard_days import check_hard_days
from layout_planner.safeguards.mended_rules import judge_roads
from layout_planner.safeguards.mergers import check_places, check_trips, find_mergers, within_walk
from layout_planner.safeguards.objections import check_objections
from layout_planner.safeguards.papers import check_papers
from layout_planner.safeguards.public_seats import judge_public_seats
from layout_planner.safeguards.receivers import check_receivers
from layout_planner.safeguards.rules import Case, as_day, count, judge, meets, name_villages, tell_first
from layout_planner.words import Words

if TYPE_CHECKING:
    import pandas as pd

    from layout_planner.county.model import County
    from layout_planner.norms import NormSet
    from layout_planner.plan.layout import Layout
    from layout_planner.results import BusPlan, Finding, Verdict, Verification
    from layout_planner.safeguards.retrace import Tracer
    from layout_planner.scenario import Scenario

PLAN = "plan"
CHECKS = (
    check_trips,
    check_hard_days,
    check_places,
    check_receivers,
    check_built,
    check_children,
    check_procedure,
    check_papers,
    check_objections,
)


def judge_plan(  # noqa: PLR0913 - it looks at everything
    county: County,
    scenario: Scenario,
    norms: NormSet,
    demand: pd.DataFrame,
    today: Layout,
    plan: Layout,
    verification: Verification,
    *,
    tracer: Tracer | None = None,
    buses: BusPlan | None = None,
) -> GateResult:
    """Return every finding on `plan`; a plan that merges nothing and was verified passes with one finding that says so.

    Parameters
    ----------
    demand : pupils by settlement and band in the scenario's year; a band with pupils and no row in `plan` counts as unserved.
    today, plan : layouts of the same demand.
    verification : what `verify_layout` found on `plan`.
    tracer : as for `verify_layout`; cures are priced with it.
    buses : routes of the plan; a receiver needs licences for all buses that drive there, not only for those counted by their seats.
    """
    case = Case(county, scenario, norms, today, plan, as_day(scenario.plan.close_on), verification.bad_trips, _count_routed(buses))
    mergers = find_mergers(case)
    findings = [_judge_verification(verification, merged=bool(mergers))]
    if not verification.trips and not verification.agrees:  # the tables could not be read together, so no rule can be judged on them
        return GateResult(tuple(findings), tuple(merger.school_id for merger in mergers))
    if scenario.override:
        findings.append(_judge_overrides(case))
    if scenario.plan.budget_yuan is not None:
        findings.append(_judge_budget(case, scenario.plan.budget_yuan))
    if scenario.plan.min_enrolment:
        findings.append(judge_enrolment(case, PLAN))
    if verification.overfull is not None:
        findings.append(judge_public_seats(verification.overfull, PLAN))
    if mergers:
        findings.append(_judge_new_risk(case, demand))
    if mergers and scenario.plan.road_fixes:
        findings.append(judge_roads(case, PLAN))
    findings.extend(judge_buses(norms, verification.buses))
    for merger in mergers:
        for check in CHECKS:
            findings.extend(check(case, merger))
    return GateResult(tuple(price_cures(case, mergers, findings, tracer)), tuple(merger.school_id for merger in mergers))


def _count_routed(buses: BusPlan | None) -> dict[str, int]:
    """Return how many buses drive to each site; one that serves two schools counts at both."""
    return {} if buses is None else {str(site): int(many) for site, many in buses.routes.groupby("site_id")["bus_id"].nunique().items()}


def _judge_verification(verification: Verification, *, merged: bool) -> Finding:
    faults = verification.disagreements
    if not faults:
        note = Words("", "") if merged else Words("方案不撤并任何学校；", "nothing is merged; ")
        text = Words(
            f"{note.zh}独立复核的{verification.trips}条行程全部一致",
            f"{note.en}the independent re-check agrees on all {verification.trips} trips",
        )
        return judge("verified", "pass", PLAN, None, text, text, measured=0.0, bound=(0.0, "faults"))
    told = tell_first(faults)
    text = Words(f"独立复核不一致：{told.zh}", f"the independent re-check disagrees: {told.en}")
    cure = Words(
        "不要使用本方案；重新计算，仍不一致则报告缺陷", "do not use this plan; run it again, and report a fault if it still differs"
    )
    return judge("verified", "fail", PLAN, None, text, cure, measured=float(len(faults)), bound=(0.0, "faults"))


def _judge_overrides(case: Case) -> Finding:
    """Refuse a scenario that asks less than a norm; one that asks more is named with who, why and when."""
    changed = {(norm.key, norm.override): norm for norm in case.norms.norms if norm.override}
    laxer = [norm for norm in changed.values() if norm.relaxes]
    shown = laxer or list(changed.values())
    if not shown:
        text = Words("情景写明的改动与规范值相同", "what the scenario changes is what the norms say already")
        return judge("tightened_only", "pass", PLAN, None, text, text, measured=0.0, bound=(0.0, "overrides"))
    names = [name_norm(norm.key) for norm in shown]
    said = Words(
        *("; ".join(f"{name}: {norm.override}" for name, norm in zip(each, shown, strict=True)) for each in zip(*names, strict=True))
    )
    if laxer:
        text = Words(f"情景放宽了规定：{said.zh}", f"the scenario asks less than the norms do: {said.en}")
        called = Words("、".join(name.zh for name in names), ", ".join(name.en for name in names))
        cure = Words(f"删去对“{called.zh}”的改动；只许从严", f"take out what changes: {called.en}; a scenario may only ask for more")
        return judge("tightened_only", "fail", PLAN, None, text, cure, measured=float(len(laxer)), bound=(0.0, "overrides"))
    text = Words(f"情景改动了规范值，没有放宽：{said.zh}", f"the scenario changes values and relaxes none: {said.en}")
    return judge("tightened_only", "pass", PLAN, None, text, text, measured=0.0, bound=(0.0, "overrides"))


def _judge_budget(case: Case, budget_yuan: float) -> Finding:
    total = float(case.plan.sites["cost_yuan"].sum() + case.plan.assignment["cost_yuan"].sum())
    text = Words(
        f"方案每年{total:,.0f}元，预算{budget_yuan:,.0f}元", f"the plan costs {total:,.0f} yuan a year; the budget is {budget_yuan:,.0f}"
    )
    over = total - budget_yuan
    cure = Words(f"增加预算{over:,.0f}元，或改方案", f"raise the budget by {over:,.0f} yuan, or change the plan")
    verdict: Verdict = "pass" if total <= budget_yuan + 1 else "fail"
    return judge("budget", verdict, PLAN, None, text, cure, measured=round(total), bound=(budget_yuan, "yuan"))


def _judge_new_risk(case: Case, demand: pd.DataFrame) -> Finding:
    """Judge whether in any settlement and band more pupils break a norm than today."""
    before, after = (_count_at_risk(case, layout, demand) for layout in (case.today, case.plan))
    newly = {key: count - before.get(key, 0) for key, count in after.items() if count > before.get(key, 0)}
    homes = [home for home, _ in sorted(newly)]
    villages = name_villages(case, homes)
    pupils = sum(newly.values())
    verb = "is" if pupils == 1 else "are"
    text = (
        Words(
            f"{villages.zh}有{pupils}名学生因方案新增风险", f"{count(pupils, 'pupil')} of {villages.en} {verb} newly at risk under the plan"
        )
        if newly
        else Words("没有学生因方案新增风险", "no pupil is newly at risk under the plan")
    )
    cure = Words(
        "为新增风险的村保留现在的学校，或开通不超时限的校车",
        "keep the present school of the villages newly at risk, or run a school bus within the time limit",
    )
    verdict: Verdict = "fail" if newly else "pass"
    return judge("new_risk", verdict, PLAN, None, text, cure, measured=float(pupils), bound=(0.0, "pupils"), settlements=homes)


def _count_at_risk(case: Case, layout: Layout, demand: pd.DataFrame) -> dict[tuple[str, str], int]:
    """Count pupils at risk by settlement and band: no trip, a trip too long or too far, boarding too young, or no row at all."""
    left = {(str(home), str(band)): int(count) for band in demand.columns for home, count in demand[band].items()}
    for row in layout.assignment.to_dict("records"):
        grades, mode = case.scenario.bands[str(row["band"])], str(row["mode"])
        key = "board.max_minutes_weekly" if mode == "board" else "travel.max_minutes"
        limit = case.norms.find(key, grades=grades, mode=mode)
        near = within_walk(case, row)
        may_stay = mode != "board" or case.norms.value("boarding.allowed", grades=grades) >= 1
        if mode != "unserved" and may_stay and near and limit is not None and meets(limit, float(row["seconds"]) / 60):
            left[str(row["settlement_id"]), str(row["band"])] -= int(row["pupils"])
    return {key: count for key, count in left.items() if count > 0}
