"""Rules of the gate on the children who need most care: few pupils only, left-behind children first, disabled pupils placed."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from layout_planner.safeguards.hard_days import limit_of
from layout_planner.safeguards.records import read_records
from layout_planner.safeguards.rules import as_count, count, judge, meets, name_schools, name_villages
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from layout_planner.norms import Norm
    from layout_planner.results import Finding, Verdict
    from layout_planner.safeguards.rules import Case, Merger

    Row = dict[Any, Any]


def check_children(case: Case, merger: Merger) -> Iterator[Finding]:
    """Yield findings on the size of the school that is merged, on left-behind and on disabled children."""
    few = case.norms.find("merger.max_pupils")
    if few is not None:
        yield _judge_few(case, merger, few)
    first = case.norms.find("boarding.left_behind_first")
    if first is not None:
        yield _judge_left_behind(case, merger, first)
    placed = case.norms.find("procedure.disabled_placed")
    if placed is not None:
        yield _judge_disabled(case, merger, placed)


def _judge_few(case: Case, merger: Merger, norm: Norm) -> Finding:
    school, pupils = name_schools(case, [merger.school_id]), int(str(case.today.sites.at[merger.school_id, "pupils"]))
    text = Words(
        f"{school.zh}现有{pupils}名学生，可撤并的学校须少于{norm.value:.0f}人",
        f"{school.en} has {count(pupils, 'pupil')}; only schools of fewer than {norm.value:.0f} may be merged",
    )
    cure = Words(f"保留{school.zh}", f"keep {school.en}")
    verdict: Verdict = "pass" if meets(norm, pupils) else "fail"
    return judge("few_pupils", verdict, merger.school_id, norm, text, cure, measured=float(pupils))


def _share(case: Case, row: Row, group: str) -> Fraction | None:
    """Return how many of the pupils of a row belong to a group: the village's share of it over grades 1-9; None where nobody knows."""
    home = str(row["settlement_id"])
    table = case.county.settlements
    members = as_count(table.at[home, group]) if group in table and home in table.index else None
    if members is None:
        return None
    now = case.today.assignment
    everybody = int(now.loc[now["settlement_id"] == home, "pupils"].sum())
    share = Fraction(int(members), everybody) if everybody else Fraction(0)
    return min(share, Fraction(1)) * int(str(row["pupils"]))


def _sum_shares(case: Case, rows: Iterable[Row], group: str) -> int | None:
    shares = [_share(case, row, group) for row in rows]
    known = [share for share in shares if share is not None]
    return math.ceil(sum(known, Fraction(0))) if len(known) == len(shares) else None


def _judge_left_behind(case: Case, merger: Merger, norm: Norm) -> Finding:
    """Judge whether a bed goes to another child while left-behind children who may board have neither a bed nor a day trip in time."""
    waiting_rows = [row for row in merger.moved if _may_board(case, row) and row["mode"] != "board" and _has_no_day_trip(case, row)]
    boarding = [row for row in merger.moved if row["mode"] == "board"]
    waiting, among = (_sum_shares(case, rows, "left_behind") for rows in (waiting_rows, boarding))
    others = None if among is None else sum(int(str(row["pupils"])) for row in boarding) - among
    short = _short_of_beds(case, merger, among)
    villages = name_villages(case, [str(row["settlement_id"]) for row in waiting_rows])
    if waiting is None or others is None or short is None:
        return judge(
            "left_behind_first",
            "unknown",
            merger.school_id,
            norm,
            Words("没有登记留守儿童人数或床位数", "the left-behind children of the villages, or the beds, are not on record"),
            Words("在居民点表中填写留守儿童人数，在学校表中填写床位数", "enter left-behind children by village and beds by school"),
            bound=(0.0, "pupils"),
        )
    left_out = short + (min(waiting, others) if others > 0 else 0)
    text = (
        Words(
            f"约{left_out}名留守儿童没有床位，床位却给了其他学生",
            f"about {count(left_out, 'left-behind pupil')} without a bed while others get one",
        )
        if left_out
        else Words("没有留守儿童排在其他学生之后等床位", "no left-behind child waits for a bed behind other children")
    )
    cure = Words(
        f"先把{left_out}张床安排给{villages.zh or '有关村'}的留守儿童",
        f"give {count(left_out, 'bed')} to left-behind children of {villages.en or 'the villages concerned'} first",
    )
    verdict: Verdict = "fail" if left_out else "pass"
    return judge("left_behind_first", verdict, merger.school_id, norm, text, cure, measured=float(left_out), bound=(0.0, "pupils"))


def _short_of_beds(case: Case, merger: Merger, among: int | None) -> int | None:
    """Return for how many left-behind boarders the receivers have no bed, were all beds given to them first."""
    receivers = sorted({str(row["school_id"]) for row in merger.moved if row["mode"] == "board"})
    existing = [as_count(case.county.schools.loc[school_id].get("beds")) for school_id in receivers]
    known = [beds for beds in existing if beds is not None]
    if among is None or len(known) < len(existing):
        return None
    beds = sum(known) + sum(int(str(case.plan.sites.at[school_id, "new_beds"])) for school_id in receivers)
    return max(0, among - int(beds))


def _may_board(case: Case, row: Row) -> bool:
    norm = case.norms.find("boarding.allowed", grades=case.scenario.bands[str(row["band"])])
    return norm is not None and norm.value >= 1


def _has_no_day_trip(case: Case, row: Row) -> bool:
    norm = limit_of(case, row)
    return row["mode"] == "unserved" or (norm is not None and not meets(norm, float(str(row["seconds"])) / 60))


def _judge_disabled(case: Case, merger: Merger, norm: Norm) -> Finding:
    """Judge whether every disabled child who is moved has a plan of their own, counted in dated records up to the closing date."""
    needed = _sum_shares(case, merger.moved, "disabled")
    records = read_records(case, merger.school_id)["disabled_placed"]
    dated = [r for r in records if r.day is not None and r.quantity is not None]
    ready = sum(r.quantity or 0 for r in dated if case.close_on is not None and r.day is not None and r.day <= case.close_on)
    cite = "; ".join(record.cite() for record in records)
    if needed is None:
        text = Words("没有登记各村残疾学生人数", "the disabled pupils of the villages are not on record")
        cure = Words("在居民点表中填写残疾学生人数", "enter the disabled pupils of the villages")
        return judge("disabled_placed", "unknown", merger.school_id, norm, text, cure, bound=(None, "pupils"), evidence=cite)
    verdict: Verdict = "pass" if ready >= needed else "fail" if dated and len(dated) == len(records) and case.close_on else "unknown"
    text = Words(
        f"约{needed}名残疾学生因撤并转学，有安置方案的{ready:.0f}名",
        f"about {count(needed, 'disabled pupil')} moved by the merger; individual plans on record: {ready:.0f}",
    )
    cure = Words(
        f"为另外{needed - ready:.0f}名残疾学生逐一定好去处（资源教室、特殊教育学校或送教上门）并登记",
        f"settle where {needed - ready:.0f} more disabled pupils are taught (resource classroom, special school, home), and enter it",
    )
    bound = (float(needed), "pupils")
    return judge("disabled_placed", verdict, merger.school_id, norm, text, cure, measured=float(ready), bound=bound, evidence=cite)
