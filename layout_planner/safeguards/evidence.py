"""Rules of the gate that rest on records: the procedure before a merger, and what must be built before it (先建后撤).

Procedure items are recorded under the school that closes; beds, canteen and buses under the school that receives. Of several
records of one item the latest counts, so a new notice asks for a new hearing; accepted beds and licensed buses add up. A record
that is missing, undated or without its figure makes the rule unknown; one in the wrong order, too short or too late makes it fail.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from layout_planner.safeguards.rules import as_count, as_day, count, judge, meets, name_schools
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from layout_planner.norms import Norm
    from layout_planner.results import Finding, Verdict
    from layout_planner.safeguards.rules import Case, Merger

    Judged = tuple[Verdict, Words, Words, float | None]

ITEMS = {
    "plan_filed": Words("专项规划备案", "the filing of the layout plan"),
    "appraisal": Words("论证", "the appraisal"),
    "notice": Words("公示", "the public notice"),
    "hearing": Words("听证", "the hearing"),
    "survey": Words("家长意见调查", "the survey of parents"),
    "approval": Words("审批", "the approval"),
    "funding": Words("经费落实", "the funding"),
    "beds_accepted": Words("床位验收", "the acceptance of the beds"),
    "canteen_accepted": Words("食堂验收", "the acceptance of the canteen"),
    "buses_licensed": Words("校车许可", "the bus licence"),
}
BUILT = {
    "beds_accepted": (Words("张床位", "new beds"), "new bed", Words("通过验收", "accepted")),
    "buses_licensed": (Words("辆校车", "new buses"), "new bus", Words("取得许可", "licensed")),
}


class Record(NamedTuple):
    """One row of the evidence table; what cannot be read is None."""

    item: str
    day: date | None
    until: date | None
    in_favour: float | None
    against: float | None
    quantity: float | None
    file: str

    def cite(self) -> str:
        """Return file and date as one line."""
        return " ".join(part for part in (self.file, str(self.day or "")) if part)


def read_records(case: Case, school_id: str) -> dict[str, list[Record]]:
    """Return the records of a school by item, undated ones last, else by date."""
    table = case.county.evidence
    found: dict[str, list[Record]] = {item: [] for item in ITEMS}
    for row in table[table["school_id"].astype(str) == school_id].to_dict("records"):
        record = Record(
            str(row["item"]),
            as_day(row.get("date")),
            as_day(row.get("until")),
            as_count(row.get("in_favour")),
            as_count(row.get("against")),
            as_count(row.get("quantity")),
            str(row["file"]) if isinstance(row.get("file"), str) else "",
        )
        found.setdefault(record.item, []).append(record)
    for records in found.values():
        records.sort(key=lambda record: record.day or date.max)
    return found


def check_procedure(case: Case, merger: Merger) -> Iterator[Finding]:
    """Yield a finding for every procedure rule that the norm set holds."""
    records = read_records(case, merger.school_id)
    last = {item: rows[-1] if rows else None for item, rows in records.items()}
    rules: tuple[tuple[str, str, str, Callable[[Case, dict[str, Record | None], Norm], Judged]], ...] = (
        ("plan_filed", "procedure.plan_filed", "plan_filed", _judge_plan_filed),
        ("appraisal", "procedure.appraisal", "appraisal", _judge_appraisal),
        ("notice", "procedure.notice", "notice", _judge_notice),
        ("notice_days", "procedure.notice_days", "notice", _judge_notice_days),
        ("hearing", "procedure.hearing", "hearing", _judge_hearing),
        ("veto", "procedure.veto_against_share", "hearing", _judge_veto),
        ("approval", "procedure.approval", "approval", _judge_approval),
        ("funding", "procedure.funding", "funding", _judge_funding),
    )
    for rule, key, item, apply in rules:
        norm = case.norms.find(key)
        if norm is None:
            continue
        verdict, text, cure, measured = apply(case, last, norm)
        record = last[item]
        yield judge(rule, verdict, merger.school_id, norm, text, cure, measured=measured, evidence=record.cite() if record else "")


def _missing(item: str) -> Judged:
    name = ITEMS[item]
    return (
        "unknown",
        Words(f"没有写明日期的{name.zh}记录", f"there is no dated record of {name.en}"),
        Words(f"取得{name.zh}记录，连同日期一并登记", f"obtain the record of {name.en} and enter it with its date"),
        None,
    )


def _undated() -> Judged:
    return (
        "unknown",
        Words("情景未写明撤并日期，无法核对先后", "the scenario names no closing date, so the order cannot be checked"),
        Words("在情景中填写撤并日期（plan.close_on）", "enter the closing date in the scenario (plan.close_on)"),
        None,
    )


def _late(item: str, day: date, limit: date, what: Words) -> Judged:
    name = ITEMS[item]
    return (
        "fail",
        Words(f"{name.zh}（{day}）先后有误：{what.zh}（{limit}）", f"{name.en}, dated {day}, is out of order: {what.en} ({limit})"),
        Words(f"推迟撤并，按先后顺序重办{name.zh}", f"put the closing off and redo {name.en} in its order"),
        None,
    )


def _in_order(item: str, day: date) -> Judged:
    name = ITEMS[item]
    return "pass", Words(f"{name.zh}已有记录，日期为{day}", f"{name.en} is on record, dated {day}"), Words("", ""), 1.0


def _judge_done_before_closing(case: Case, last: dict[str, Record | None], item: str) -> Judged:
    record = last[item]
    if record is None or record.day is None:
        return _missing(item)
    if case.close_on is None:
        return _undated()
    if record.day > case.close_on:
        return _late(item, record.day, case.close_on, Words("晚于撤并日期", "it comes after the closing date"))
    return _in_order(item, record.day)


def _judge_plan_filed(case: Case, last: dict[str, Record | None], _norm: Norm) -> Judged:
    return _judge_done_before_closing(case, last, "plan_filed")


def _judge_funding(case: Case, last: dict[str, Record | None], _norm: Norm) -> Judged:
    return _judge_done_before_closing(case, last, "funding")


def _judge_appraisal(case: Case, last: dict[str, Record | None], _norm: Norm) -> Judged:
    record, notice = last["appraisal"], last["notice"]
    if record is None or record.day is None:
        return _missing("appraisal")
    if notice is None or notice.day is None:
        return _missing("notice")
    if record.day > notice.day:
        return _late("appraisal", record.day, notice.day, Words("应在公示开始之前", "it belongs before the notice begins"))
    return _judge_done_before_closing(case, last, "appraisal")


def _judge_notice(case: Case, last: dict[str, Record | None], _norm: Norm) -> Judged:
    record = last["notice"]
    if record is None or record.day is None:
        return _missing("notice")
    if case.close_on is None:
        return _undated()
    if (record.until or record.day) >= case.close_on:
        return _late("notice", record.until or record.day, case.close_on, Words("应在撤并之前结束", "it must end before the closing date"))
    return _in_order("notice", record.day)


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
            return _missing("hearing")
        return (
            "unknown",
            Words("只有意见调查，没有听证记录", "there is a survey of parents but no record of a hearing"),
            Words("举行听证并登记记录", "hold a hearing and enter its record"),
            None,
        )
    if notice is None or notice.day is None:
        return _missing("notice")
    if record.day <= notice.day:
        return _late("hearing", record.day, notice.day, Words("应在公示开始之后", "it must come after the notice has begun"))
    if case.close_on is not None and record.day >= case.close_on:
        return _late("hearing", record.day, case.close_on, Words("应在撤并之前", "it must come before the closing date"))
    return _undated() if case.close_on is None else _in_order("hearing", record.day)


def _judge_veto(_case: Case, last: dict[str, Record | None], norm: Norm) -> Judged:
    """Refuse where most delegates of the hearing, or most parents of the survey, are against; a survey may be absent, a hearing not."""
    worst, said = -1.0, Words("", "")
    unknown: Judged = (
        "unknown",
        Words("没有登记听证或调查的赞成、反对人数", "the numbers in favour and against are not on record for the hearing or the survey"),
        Words("登记听证和调查的赞成、反对人数", "enter how many were for and against at the hearing and in the survey"),
        None,
    )
    missing = last["hearing"] is None
    for item in ("hearing", "survey"):
        record = last[item]
        if record is None:
            continue
        if record.in_favour is None or record.against is None or record.in_favour + record.against <= 0:
            missing = True
            continue
        share = record.against / (record.in_favour + record.against)
        if share > worst:
            name, counts = ITEMS[item], (record.against, record.in_favour)
            worst, said = (
                share,
                Words(
                    f"{name.zh}中{counts[0]:.0f}人反对、{counts[1]:.0f}人赞成，反对者占{share:.1%}，上限为{norm.value:.0%}",
                    f"{name.en}: {counts[0]:.0f} against and {counts[1]:.0f} in favour, {share:.1%} against where {norm.value:.0%}"
                    " is the most allowed",
                ),
            )
    if worst >= 0 and not meets(norm, worst):
        return (
            "fail",
            said,
            Words("保留该校，或修改方案后重新公示、听证", "keep this school, or change the plan, announce it and hear again"),
            worst,
        )
    return unknown if missing else ("pass", said, Words("", ""), worst)


def _judge_approval(case: Case, last: dict[str, Record | None], _norm: Norm) -> Judged:
    days = {item: record.day for item in ("approval", "hearing", "notice") if (record := last[item]) and record.day}
    for item in ("approval", "hearing", "notice"):
        if item not in days:
            return _missing(item)
    day, notice = days["approval"], last["notice"]
    ended = (notice.until if notice else None) or days["notice"]
    if day <= days["hearing"]:
        return _late("approval", day, days["hearing"], Words("应在听证之后", "it must come after the hearing"))
    if day < ended:
        return _late("approval", day, ended, Words("应在公示结束之后", "it must come after the notice has ended"))
    if case.close_on is not None and day >= case.close_on:
        return _late("approval", day, case.close_on, Words("应在撤并之前", "it must come before the closing date"))
    return _undated() if case.close_on is None else _in_order("approval", day)


def check_built(case: Case, merger: Merger) -> Iterator[Finding]:
    """Yield findings on what must stand at the receiving schools before the closing date: new beds, new buses, the canteen."""
    build = case.norms.find("procedure.build_before_close")
    for school_id in merger.receivers:
        site, school = case.plan.sites.loc[school_id], case.county.schools.loc[school_id]
        records = read_records(case, school_id)
        new_beds, new_buses = int(str(site["new_beds"])), int(str(site["buses"])) - int(as_count(school.get("buses")) or 0)
        boarders = any(row["school_id"] == school_id and row["mode"] == "board" for row in merger.moved)
        if new_beds > 0:
            yield _judge_quantity(case, merger, school_id, build, (records["beds_accepted"], new_beds, "beds_accepted"))
        if new_buses > 0:
            licence = case.norms.find("procedure.bus_licence") or build
            yield _judge_quantity(case, merger, school_id, licence, (records["buses_licensed"], new_buses, "buses_licensed"))
        if boarders:
            yield _judge_canteen(case, merger, school_id, records["canteen_accepted"], build)


def _judge_quantity(case: Case, merger: Merger, school_id: str, norm: Norm | None, asked: tuple[list[Record], int, str]) -> Finding:
    """Judge whether the dated quantities up to the closing date reach what the plan adds; unknown where records are missing."""
    records, needed, item = asked
    (things, one, done), school = BUILT[item], name_schools(case, [school_id])
    dated = [record for record in records if record.day is not None and record.quantity is not None]
    in_time = [record for record in dated if case.close_on is not None and record.day is not None and record.day <= case.close_on]
    ready = sum(record.quantity or 0 for record in in_time)
    verdict: Verdict = (
        "pass" if in_time and ready >= needed else "fail" if len(dated) == len(records) and dated and case.close_on else "unknown"
    )
    text = Words(
        f"{school.zh}需新增{needed}{things.zh}，到撤并之日有记录{done.zh}的为{ready:.0f}{things.zh}",
        f"{school.en} needs {count(needed, one, things.en)}; on record as {done.en} by the closing date: {ready:.0f}",
    )
    cure = Words(
        f"推迟撤并，直到{school.zh}新增的{needed}{things.zh}{done.zh}并登记",
        f"put the closing off until {school.en} has {count(needed, one, things.en)} {done.en} and on record",
    )
    bound = (float(needed), {"beds_accepted": "beds", "buses_licensed": "buses"}[item])
    cite = "; ".join(record.cite() for record in records)
    return judge(item, verdict, merger.school_id, norm, text, cure, measured=float(ready), bound=bound, evidence=cite)


def _judge_canteen(case: Case, merger: Merger, school_id: str, records: list[Record], norm: Norm | None) -> Finding:
    school, built = name_schools(case, [school_id]), case.county.schools.loc[school_id].get("canteen")
    days = [record.day for record in records if record.day is not None]
    standing = built is not None and built == built and bool(built)  # noqa: PLR0124 - NaN is no canteen
    in_time = case.close_on is not None and any(day <= case.close_on for day in days)
    verdict: Verdict = "pass" if standing or in_time else "fail" if days and case.close_on else "unknown"
    text = Words(
        f"{school.zh}{'到撤并之日有食堂' if verdict == 'pass' else '没有到撤并之日已有食堂的记录'}",
        f"{school.en} {'has' if verdict == 'pass' else 'is not on record as having'} a canteen by the closing date",
    )
    cure = Words(f"先建好并验收{school.zh}的食堂", f"build the canteen of {school.en} and have it accepted first")
    cite = "; ".join(record.cite() for record in records)
    return judge("canteen", verdict, merger.school_id, norm, text, cure, bound=(None, "rule"), evidence=cite)
