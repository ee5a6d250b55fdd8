"""Rules of the gate that rest on records of the procedure before a merger.

Of several records of one item the latest counts, so a new notice asks for a new hearing. A record that is missing, undated or without
its figure makes the rule unknown; one in the wrong order, too short or too late makes it fail.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from layout_planner.county.evidence_table import ITEMS
from layout_planner.safeguards.decision import DECISION_RULES, MAJOR, is_major
from layout_planner.safeguards.records import Record, done_before_closing, in_order, late, missing, read_records, undated
from layout_planner.safeguards.rules import count, judge, meets
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from layout_planner.norms import Norm
    from layout_planner.results import Finding
    from layout_planner.safeguards.decision import Rule
    from layout_planner.safeguards.records import Judged
    from layout_planner.safeguards.rules import Case, Merger


def check_procedure(case: Case, merger: Merger) -> Iterator[Finding]:
    """Yield a finding for every procedure rule that the norm set holds."""
    records = read_records(case, merger.school_id)
    last = {item: rows[-1] if rows else None for item, rows in records.items()}
    rules: tuple[Rule, ...] = (
        ("plan_filed", "procedure.plan_filed", "plan_filed", _judge_plan_filed),
        ("appraisal", "procedure.appraisal", "appraisal", _judge_appraisal),
        ("notice", "procedure.notice", "notice", _judge_notice),
        ("notice_days", "procedure.notice_days", "notice", _judge_notice_days),
        ("hearing", "procedure.hearing", "hearing", _judge_hearing),
        ("veto_delegates", "procedure.veto_against_share", "hearing", partial(_judge_veto, item="hearing")),
        ("veto_parents", "procedure.veto_against_share", "survey", partial(_judge_veto, item="survey")),
        ("approval", "procedure.approval", "approval", _judge_approval),
        ("funding", "procedure.funding", "funding", _judge_funding),
        *DECISION_RULES,
    )
    for rule, key, item, apply in rules:
        norm = case.norms.find(key)
        if norm is None or (rule in MAJOR and not is_major(case.norms)):
            continue
        verdict, text, cure, measured = apply(case, last, norm)
        record = last[item]
        yield judge(rule, verdict, merger.school_id, norm, text, cure, measured=measured, evidence=record.cite() if record else "")


def _judge_plan_filed(case: Case, last: dict[str, Record | None], _norm: Norm) -> Judged:
    record, notice = last["plan_filed"], last["notice"]
    if record and record.day and notice and notice.day and record.day > notice.day:
        return late("plan_filed", record.day, notice.day, Words("应在公示开始之前", "it belongs before the notice begins"))
    return done_before_closing(case, last, "plan_filed")


def _judge_funding(case: Case, last: dict[str, Record | None], _norm: Norm) -> Judged:
    return done_before_closing(case, last, "funding")


def _judge_appraisal(case: Case, last: dict[str, Record | None], _norm: Norm) -> Judged:
    record, notice = last["appraisal"], last["notice"]
    if record is None or record.day is None:
        return missing("appraisal")
    if notice is None or notice.day is None:
        return missing("notice")
    if record.day > notice.day:
        return late("appraisal", record.day, notice.day, Words("应在公示开始之前", "it belongs before the notice begins"))
    return done_before_closing(case, last, "appraisal")


def _judge_notice(case: Case, last: dict[str, Record | None], _norm: Norm) -> Judged:
    record = last["notice"]
    if record is None or record.day is None:
        return missing("notice")
    if case.close_on is None:
        return undated()
    if (record.until or record.day) >= case.close_on:
        return late("notice", record.until or record.day, case.close_on, Words("应在撤并之前结束", "it must end before the closing date"))
    return in_order("notice", record.day)


def _judge_notice_days(_case: Case, last: dict[str, Record | None], norm: Norm) -> Judged:
    """Compare the days between first and last day of the notice; the first day is not counted."""
    record = last["notice"]
    if record is None or record.day is None or record.until is None:
        return (
            "unknown",
            Words("没有登记公示的起止日期", "the first or last day of the public notice is not on record"),
            Words("登记公示的起止日期", "enter the first and last day of the notice"),
            None,
        )
    days = (record.until - record.day).days
    good = meets(norm, days)
    return (
        "pass" if good else "fail",
        Words(
            f"公示{days}天，{'达到' if good else '少于'}要求的{norm.value:.0f}天",
            f"the public notice ran {count(days, 'day')}; at least {norm.value:.0f} are asked for",
        ),
        Words(f"把公示延长到{norm.value:.0f}天", f"extend the public notice to {norm.value:.0f} days"),
        float(days),
    )


def _judge_hearing(case: Case, last: dict[str, Record | None], _norm: Norm) -> Judged:
    record, notice = last["hearing"], last["notice"]
    if record is None or record.day is None:
        if last["survey"] is None:
            return missing("hearing")
        return (
            "unknown",
            Words("只有意见调查，没有听证记录", "there is a survey of parents but no record of a hearing"),
            Words("举行听证并登记记录", "hold a hearing and enter its record"),
            None,
        )
    if notice is None or notice.day is None:
        return missing("notice")
    if record.day <= notice.day:
        return late("hearing", record.day, notice.day, Words("应在公示开始之后", "it must come after the notice has begun"))
    if case.close_on is not None and record.day >= case.close_on:
        return late("hearing", record.day, case.close_on, Words("应在撤并之前", "it must come before the closing date"))
    return undated() if case.close_on is None else in_order("hearing", record.day)


def _judge_veto(_case: Case, last: dict[str, Record | None], norm: Norm, *, item: str) -> Judged:
    """Refuse where most delegates of the hearing, or most parents of the survey, are against."""
    record, name = last[item], ITEMS[item]
    if record is None:
        return missing(item)
    if record.in_favour is None or record.against is None or record.in_favour + record.against <= 0:
        return (
            "unknown",
            Words(f"{name.zh}没有登记赞成、反对人数", f"the numbers in favour and against are not on record for {name.en}"),
            Words(f"登记{name.zh}的赞成、反对人数", f"enter how many were for and against: {name.en}"),
            None,
        )
    share = record.against / (record.in_favour + record.against)
    said = Words(
        f"{name.zh}中{record.against:.0f}人反对、{record.in_favour:.0f}人赞成，反对者占{share:.1%}，上限为{norm.value:.0%}",
        f"{name.en}: {record.against:.0f} against and {record.in_favour:.0f} in favour, {share:.1%} against where {norm.value:.0%}"
        " is the most allowed",
    )
    if meets(norm, share):
        return "pass", said, Words("", ""), share
    won_over = math.ceil(round(record.against - norm.value * (record.in_favour + record.against), 9))
    cure = Words(
        f"保留该校；或修改方案后重新公示、听证，{name.zh}中至少要有{won_over}名反对者改变意见",
        f"keep this school; or change the plan, announce it and hear again: in {name.en} {won_over} at least of those against must agree",
    )
    return "fail", said, cure, share


def _judge_approval(case: Case, last: dict[str, Record | None], _norm: Norm) -> Judged:
    days = {item: record.day for item in ("approval", "hearing", "notice") if (record := last[item]) and record.day}
    for item in ("approval", "hearing", "notice"):
        if item not in days:
            return missing(item)
    day, notice = days["approval"], last["notice"]
    ended = (notice.until if notice else None) or days["notice"]
    if day <= days["hearing"]:
        return late("approval", day, days["hearing"], Words("应在听证之后", "it must come after the hearing"))
    if day < ended:
        return late("approval", day, ended, Words("应在公示结束之后", "it must come after the notice has ended"))
    if case.close_on is not None and day >= case.close_on:
        return late("approval", day, case.close_on, Words("应在撤并之前", "it must come before the closing date"))
    return undated() if case.close_on is None else in_order("approval", day)
