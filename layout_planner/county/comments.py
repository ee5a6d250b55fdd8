"""Comments exported by the consultation map, one JSON file each or several in a list, or a table of them."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from layout_planner.county.objections_table import OBJECTIONS, STANCES, objection_rows
from layout_planner.county.table_files import read_table
from layout_planner.errors import Problem, raise_problems
from layout_planner.scenario import TableFile
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

MOST_LETTERS = 5_000_000
LONGEST_TEXT = 5_000
COLUMNS = [column.name for column in OBJECTIONS.columns]
WITHHELD = ("contact", "name", "phone", "wechat")  # never taken over, whatever a file holds


def read_comments(paths: Sequence[Path]) -> pd.DataFrame:
    """Return the comments of all files, each once, with the answers that any file holds: the columns of OBJECTIONS.

    Raises
    ------
    InputError : files that cannot be read, and every comment without settlement, stance, text or day.
    """
    problems: list[Problem] = []
    found: dict[str, dict[str, str]] = {}
    for path in paths:
        rows = _read_json(path, problems) if path.suffix.lower() == ".json" else _read_table(path, problems)
        for row in rows:
            kept = found.setdefault(row["comment_id"], row)
            kept.update({name: row[name] for name in ("answer", "answered_on", "answered_by") if row[name]})
    raise_problems(problems)
    table = pd.DataFrame(list(found.values()), columns=COLUMNS, dtype=object)
    return table.sort_values(["settlement_id", "written_on", "comment_id"], kind="stable").reset_index(drop=True)


def _read_table(path: Path, problems: list[Problem]) -> list[dict[str, str]]:
    table = read_table(TableFile(path=path.name), OBJECTIONS, path.parent)
    problems.extend(table.problems)
    rows = None if table.problems else objection_rows(table)
    return [] if rows is None else [{str(name): str(value) for name, value in row.items()} for row in rows.to_dict("records")]


def _read_json(path: Path, problems: list[Problem]) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig") as stream:
            content = json.loads(stream.read(MOST_LETTERS))  # what is longer is cut and so no JSON
    except (OSError, ValueError, RecursionError):
        what = Words("不是有效的意见文件", "not a file of comments that can be read")
        problems.append(Problem(str(path), what, Words("用意见征集地图重新导出", "export it from the consultation map again")))
        return []
    entries = content if isinstance(content, list) else [content]
    return [row for number, entry in enumerate(entries, 1) if (row := _check(entry, path, number, problems)) is not None]


def _check(entry: Any, path: Path, number: int, problems: list[Problem]) -> dict[str, str] | None:  # noqa: ANN401 - JSON of any shape
    """Return one comment as a row, or None after naming all that is wrong with it."""
    values = entry if isinstance(entry, dict) else {}
    faults = [name for name, good in _rules(values) if not good]
    for name in faults:
        what = Words("这条意见缺少或写错了内容", "the comment lacks this, or it is wrong")
        hint = Words("见 docs/objections.md", "see docs/objections.md")
        problems.append(Problem(str(path), what, hint, row=number, column=name, value=str(values.get(name, ""))[:80]))
    if faults:
        return None
    row = {name: str(values.get(name) or "") for name in COLUMNS}
    row["comment_id"] = str(values.get("id") or values.get("comment_id"))
    return row


def _rules(values: dict[str, Any]) -> Iterable[tuple[str, bool]]:
    yield "schema", values.get("schema") == 1
    yield "id", _is_text(values.get("id") or values.get("comment_id"), 64)
    yield "settlement_id", _is_text(values.get("settlement_id"), 64)
    yield "stance", values.get("stance") in STANCES
    yield "text", _is_text(values.get("text"), LONGEST_TEXT)
    yield "written_on", _is_day(values.get("written_on"))
    yield "contact", not any(values.get(name) for name in WITHHELD)


def _is_text(value: object, most: int) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) <= most


def _is_day(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(date.fromisoformat(value))
    except ValueError:
        return False
