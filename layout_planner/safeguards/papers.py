"""Rule of the gate on the records themselves: each names its file and the office that sealed it, and no file changed since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layout_planner.county.evidence_table import ITEMS
from layout_planner.safeguards.records import Record, read_records
from layout_planner.safeguards.rules import join_english, judge
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from layout_planner.results import Finding, Verdict
    from layout_planner.safeguards.rules import Case, Merger

ADDED_UP = ("beds_accepted", "buses_licensed", "attendants", "canteen_accepted")


def check_papers(case: Case, merger: Merger) -> Iterator[Finding]:
    """Yield one finding on all records that the merger rests on: the latest of every step, and all of what was built."""
    records = [rows[-1] for item, rows in read_records(case, merger.school_id).items() if rows and item not in ADDED_UP]
    for school_id in merger.receivers:
        own = read_records(case, school_id)
        records += [record for item in ADDED_UP for record in own[item]]
    unsigned, loose = _name(r for r in records if not r.signed_by), _name(r for r in records if not r.file)
    stale = _name(r for r in records if r.sha256 and r.sha256.lower() != r.found_sha256)
    verdict: Verdict = "fail" if stale.en else "unknown" if unsigned.en or loose.en or not records else "pass"
    faults = [
        Words(f"{names.zh}{zh}", f"{en} {names.en}")
        for names, zh, en in (
            (stale, "的文件与登记的校验值不符或缺失", "changed or missing since it was entered, by its hash:"),
            (unsigned, "没有盖章单位", "not signed by an office:"),
            (loose, "没有佐证文件", "without a file that proves it:"),
        )
        if names.en
    ]
    if not records:
        faults = [Words("没有任何记录", "there is no record at all")]
    text = (
        Words("；".join(fault.zh for fault in faults), "; ".join(fault.en for fault in faults))
        if faults
        else Words(f"{len(records)}份记录都有文件和盖章单位", f"all {len(records)} records name their file and the office that sealed it")
    )
    cure = Words("补齐盖章和文件；文件有改动的重新盖章登记", "have the records sealed and name their files; seal changed ones anew")
    cite = "; ".join(record.cite() for record in records if record.found_sha256)
    bad = sum(bool(r.sha256) and r.sha256.lower() != r.found_sha256 for r in records) + sum(not r.signed_by or not r.file for r in records)
    yield judge("records", verdict, merger.school_id, None, text, cure, measured=float(bad), bound=(0.0, "records"), evidence=cite)


def _name(records: Iterator[Record]) -> Words:
    names = [ITEMS[item] for item in dict.fromkeys(record.item for record in records)]
    return Words("、".join(name.zh for name in names), join_english([name.en for name in names]))
