"""Rules on how the decision is taken: papers, risk assessment, legality review, level, publication, transition.

Those of MAJOR belong to major administrative decisions (State Council order 713) and are left out only where an override says, with who
and why, that the county does not list mergers as such (`procedure.major_decision`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from layout_planner.county.evidence_table import LEVELS
from layout_planner.safeguards.records import Record, done_before_closing, late, missing
from layout_planner.safeguards.rules import count, meets
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable

    from layout_planner.norms import Norm, NormSet
    from layout_planner.safeguards.records import Judged
    from layout_planner.safeguards.rules import Case

    Last = dict[str, Record | None]
    Rule = tuple[str, str, str, Callable[[Case, Last, Norm], Judged]]

MAJOR = {"hearing_papers", "risk_assessment", "legality_review", "publication"}


def is_major(norms: NormSet) -> bool:
    """Tell whether mergers are treated as major administrative decisions."""
    norm = norms.find("procedure.major_decision")
    return norm is None or norm.value >= 1


def _judge_papers(_case: Case, last: Last, norm: Norm) -> Judged:
    papers, hearing = last["hearing_papers"], last["hearing"]
    if papers is None or papers.day is None:
        return missing("hearing_papers")
    if hearing is None or hearing.day is None:
        return missing("hearing")
    days = (hearing.day - papers.day).days
    good = meets(norm, days)
    text = Words(
        f"听证材料提前{days}天送达，要求至少{norm.value:.0f}天",
        f"the papers came {count(days, 'day')} before the hearing; at least {norm.value:.0f} are asked for",
    )
    if days < 0:
        text = Words("听证材料在听证之后才送达", "the papers came after the hearing")
    cure = Words("重新送达材料并重新听证", f"send the papers at least {norm.value:.0f} days ahead and hear again")
    return "pass" if good else "fail", text, cure, float(days)


def _judge_risk(case: Case, last: Last, _norm: Norm) -> Judged:
    return _before_approval(case, last, "risk_assessment")


def _before_approval(case: Case, last: Last, item: str) -> Judged:
    record, approval = last[item], last["approval"]
    if record is None or record.day is None:
        return missing(item)
    if approval is None or approval.day is None:
        return missing("approval")
    day = record.until or record.day
    if day > approval.day:
        return late(item, day, approval.day, Words("应在审批之前", "it belongs before the approval"))
    return done_before_closing(case, last, item)


def _judge_review(case: Case, last: Last, norm: Norm) -> Judged:
    """Compare working days; weekends are left out, public holidays are not known and count as working days."""
    record = last["legality_review"]
    if record is None or record.day is None:
        return missing("legality_review")
    if record.until is None:
        return (
            "unknown",
            Words("没有登记合法性审查的起止日期", "the first or last day of the legality review is not on record"),
            Words("登记合法性审查的起止日期", "enter the first and last day of the legality review"),
            None,
        )
    days = int(np.busday_count(record.day, record.until))
    if not meets(norm, days):
        text = Words(
            f"合法性审查{days}个工作日，少于要求的{norm.value:.0f}个",
            f"the legality review took {count(days, 'working day')}; at least {norm.value:.0f} are asked for",
        )
        cure = Words(
            f"给合法性审查留足{norm.value:.0f}个工作日", f"give the legality review {norm.value:.0f} working days, and decide after it"
        )
        return "fail", text, cure, float(days)
    verdict, text, cure, _ = _before_approval(case, last, "legality_review")
    return verdict, text, cure, float(days)


def _judge_level(_case: Case, last: Last, norm: Norm) -> Judged:
    record, names = last["approval"], list(LEVELS)
    if record is None or record.day is None:
        return missing("approval")
    asked = LEVELS[names[min(len(names), max(1, int(norm.value))) - 1]]
    cure = Words(f"报{asked.zh}级政府审批并登记层级", f"seek approval by the {asked.en} and enter its level")
    if record.level not in names:
        return "unknown", Words("没有登记由哪一级审批", "the level of the approval is not on record"), cure, None
    rank, name = names.index(record.level) + 1, LEVELS[record.level]
    text = Words(f"由{name.zh}级审批，要求{asked.zh}级或以上", f"approved by the {name.en}; the {asked.en} or a higher level is asked for")
    return "pass" if meets(norm, rank) else "fail", text, cure, float(rank)


def _judge_publication(case: Case, last: Last, _norm: Norm) -> Judged:
    record, approval = last["publication"], last["approval"]
    if record is None or record.day is None:
        return missing("publication")
    if approval is None or approval.day is None:
        return missing("approval")
    if record.day < approval.day:
        return late("publication", record.day, approval.day, Words("应在审批之后", "it must come after the approval"))
    return done_before_closing(case, last, "publication")


def _judge_transition(case: Case, last: Last, _norm: Norm) -> Judged:
    return done_before_closing(case, last, "transition")


DECISION_RULES: tuple[Rule, ...] = (
    ("hearing_papers", "procedure.hearing_papers_days", "hearing_papers", _judge_papers),
    ("risk_assessment", "procedure.risk_assessment", "risk_assessment", _judge_risk),
    ("legality_review", "procedure.legality_review_days", "legality_review", _judge_review),
    ("approval_level", "procedure.approval_level", "approval", _judge_level),
    ("publication", "procedure.publication", "publication", _judge_publication),
    ("transition", "procedure.transition", "transition", _judge_transition),
)
