"""Rules of the gate on what must stand at the receiving schools before a school closes (先建后撤): beds, buses, attendants, canteen.

Accepted beds, licensed buses and attendants add up over their records; only those dated up to the closing date count.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from layout_planner.safeguards.records import Record, read_records
from layout_planner.safeguards.rules import as_count, count, judge, name_schools
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from layout_planner.norms import Norm
    from layout_planner.results import Finding, Verdict
    from layout_planner.safeguards.rules import Case, Merger

BUILT = {
    "beds_accepted": (Words("张床位", "new beds"), "new bed", Words("通过验收", "accepted"), "beds"),
    "buses_licensed": (Words("辆校车", "new buses"), "new bus", Words("取得许可", "licensed"), "buses"),
    "attendants": (Words("名照管人员", "attendants"), "attendant", Words("到位", "in their posts"), "people"),
}


def check_built(case: Case, merger: Merger) -> Iterator[Finding]:
    """Yield findings on what must stand at the receiving schools before the closing date: new beds, new buses, the canteen."""
    build = case.norms.find("procedure.build_before_close")
    for school_id in merger.receivers:
        site, school = case.plan.sites.loc[school_id], case.county.schools.loc[school_id]
        records = read_records(case, school_id)
        buses = max(int(str(site["buses"])), case.routed.get(school_id, 0))
        new_beds, new_buses = int(str(site["new_beds"])), buses - int(as_count(school.get("buses")) or 0)
        boarders = any(row["school_id"] == school_id and row["mode"] == "board" for row in merger.moved)
        if new_beds > 0:
            yield _judge_quantity(case, merger, school_id, build, (records["beds_accepted"], new_beds, "beds_accepted"))
        if new_buses > 0:
            licence = case.norms.find("procedure.bus_licence") or build
            yield _judge_quantity(case, merger, school_id, licence, (records["buses_licensed"], new_buses, "buses_licensed"))
        attendant = case.norms.find("bus.attendant")
        if attendant is not None and any(row["school_id"] == school_id and row["mode"] == "school_bus" for row in merger.moved):
            needed = math.ceil(attendant.value * buses)
            yield _judge_quantity(case, merger, school_id, attendant, (records["attendants"], needed, "attendants"))
        if boarders:
            yield _judge_canteen(case, merger, school_id, records["canteen_accepted"], build)


def _judge_quantity(case: Case, merger: Merger, school_id: str, norm: Norm | None, asked: tuple[list[Record], int, str]) -> Finding:
    """Judge whether the dated quantities up to the closing date reach what the plan adds; unknown where records are missing."""
    records, needed, item = asked
    (things, one, done, unit), school = BUILT[item], name_schools(case, [school_id])
    dated = [record for record in records if record.day is not None and record.quantity is not None]
    in_time = [record for record in dated if case.close_on is not None and record.day is not None and record.day <= case.close_on]
    ready = sum(record.quantity or 0 for record in in_time)
    verdict: Verdict = (
        "pass" if in_time and ready >= needed else "fail" if len(dated) == len(records) and dated and case.close_on else "unknown"
    )
    new = Words("", "") if item == "attendants" else Words("新增", "new")
    text = Words(
        f"{school.zh}需{new.zh}{needed}{things.zh}，到撤并之日有记录{done.zh}的为{ready:.0f}{things.zh}",
        f"{school.en} needs {count(needed, one, things.en)}; on record as {done.en} by the closing date: {ready:.0f}",
    )
    cure = Words(
        f"推迟撤并，直到{school.zh}的{needed}{things.zh}{done.zh}并登记",
        f"put the closing off until {school.en} has {count(needed, one, things.en)} {done.en} and on record",
    )
    bound = (float(needed), unit)
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
