"""The records of a school, and what the rules on them say alike: a record that is missing, undated, late or in order."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from layout_planner.county.evidence_files import FOUND
from layout_planner.county.evidence_table import ITEMS
from layout_planner.safeguards.rules import as_count, as_day
from layout_planner.words import Words

if TYPE_CHECKING:
    from layout_planner.results import Verdict
    from layout_planner.safeguards.rules import Case

    Judged = tuple[Verdict, Words, Words, float | None]

SHOWN_HASH = 12  # characters of a hash that people read


class Record(NamedTuple):
    """One row of the evidence table; what cannot be read is None."""

    item: str
    day: date | None
    until: date | None
    in_favour: float | None
    against: float | None
    quantity: float | None
    file: str
    level: str = ""
    signed_by: str = ""
    sha256: str = ""  # of the file, as the record says
    found_sha256: str = ""  # of the file in the data folder; "" where it is not there

    def cite(self) -> str:
        """Return file, date and the start of the hash of the file as one line."""
        mark = f"sha256:{self.found_sha256[:SHOWN_HASH]}" if self.found_sha256 else ""
        return " ".join(part for part in (self.file, str(self.day or ""), mark) if part)


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
            *(str(row[name]).strip() if isinstance(row.get(name), str) else "" for name in ("file", "level", "signed_by", "sha256", FOUND)),
        )
        found.setdefault(record.item, []).append(record)
    for records in found.values():
        records.sort(key=lambda record: record.day or date.max)
    return found


def missing(item: str) -> Judged:
    """Say that there is no dated record."""
    name = ITEMS[item]
    return (
        "unknown",
        Words(f"没有写明日期的{name.zh}记录", f"there is no dated record of {name.en}"),
        Words(f"取得{name.zh}记录，连同日期一并登记", f"obtain the record of {name.en} and enter it with its date"),
        None,
    )


def undated() -> Judged:
    """Say that the scenario names no closing date."""
    return (
        "unknown",
        Words("情景未写明撤并日期，无法核对先后", "the scenario names no closing date, so the order cannot be checked"),
        Words("在情景中填写撤并日期（plan.close_on）", "enter the closing date in the scenario (plan.close_on)"),
        None,
    )


def late(item: str, day: date, limit: date, what: Words) -> Judged:
    """Say that a record comes at the wrong time."""
    name = ITEMS[item]
    return (
        "fail",
        Words(f"{name.zh}（{day}）先后有误：{what.zh}（{limit}）", f"{name.en}, dated {day}, is out of order: {what.en} ({limit})"),
        Words(f"推迟撤并，按先后顺序重办{name.zh}", f"put the closing off and redo {name.en} in its order"),
        None,
    )


def in_order(item: str, day: date) -> Judged:
    """Say that a record is there and in its order."""
    name = ITEMS[item]
    return "pass", Words(f"{name.zh}已有记录，日期为{day}", f"{name.en} is on record, dated {day}"), Words("", ""), 1.0


def done_before_closing(case: Case, last: dict[str, Record | None], item: str) -> Judged:
    """Judge whether there is a dated record up to the closing date."""
    record = last[item]
    if record is None or record.day is None:
        return missing(item)
    if case.close_on is None:
        return undated()
    if record.day > case.close_on:
        return late(item, record.day, case.close_on, Words("晚于撤并日期", "it comes after the closing date"))
    return in_order(item, record.day)
