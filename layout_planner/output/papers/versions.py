"""Two versions of the dossiers side by side: what changed for which school, fact by fact."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.table import Table

from layout_planner.errors import InputError, Problem
from layout_planner.output.papers.dossiers import DATA, describe_school, list_schools
from layout_planner.output.papers.facts import as_data
from layout_planner.output.papers.stored import read_papers
from layout_planner.output.safe import clean_text
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from layout_planner.output.papers.stored import Papers
    from layout_planner.words import Lang

ADDED, REMOVED, CHANGED = Words("新增", "new"), Words("删去", "gone"), Words("改变", "changed")


@dataclass(frozen=True)
class Change:
    """One fact of one school that differs: `old` or `new` is None where it is only in one version."""

    school_id: str
    name: Words
    part: Words
    key: str
    old: Words | None
    new: Words | None

    @property
    def kind(self) -> Words:
        """What happened to the fact."""
        return ADDED if self.old is None else REMOVED if self.new is None else CHANGED


def data_of(papers: Papers, only: Collection[str] = ()) -> dict[str, Any]:
    """Return the facts of a run as `dossiers.json` holds them."""
    ids = [key for key in list_schools(papers) if not only or key in only]
    return {"digest": papers.digest, "schools": as_data(describe_school(papers, key) for key in ids)}


def read_version(place: Path) -> dict[str, Any]:
    """Return the facts of a folder of dossiers, or of a stored run.

    Raises
    ------
    InputError : the folder holds neither.
    """
    if (place / "run.json").is_file():
        return data_of(read_papers(place))
    try:
        stored: dict[str, Any] = json.loads((place / DATA).read_text(encoding="utf-8"))
        return {"digest": str(stored["digest"]), "schools": dict(stored["schools"])}
    except (OSError, ValueError, KeyError, TypeError):
        what = Words("既不是档案文件夹，也不是运行结果", "neither a folder of dossiers nor a run")
        hint = Words(f"给出含有 {DATA} 或 run.json 的文件夹", f"name a folder that holds {DATA} or run.json")
        raise InputError([Problem(str(place), what, hint)]) from None


def compare_versions(old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    """Return every fact that differs, by school, part and fact."""
    changes: list[Change] = []
    for school_id in sorted(set(old["schools"]) | set(new["schools"])):
        before, after = (version["schools"].get(school_id) for version in (old, new))
        shown = after or before
        name = Words(*shown["name"])
        if before is None or after is None:
            decided = Words(*_first_cell(shown["parts"]["decision"]))
            whole = Words("整份档案", "the whole dossier")
            changes.append(Change(school_id, name, whole, "", None if before is None else decided, None if after is None else decided))
            continue
        changes += _compare_school(school_id, name, before, after)
    return changes


def _first_cell(lines: dict[str, Any]) -> list[str]:
    return list(next(iter(lines.values()))[0]) if lines else ["", ""]


def _compare_school(school_id: str, name: Words, before: dict[str, Any], after: dict[str, Any]) -> Iterator[Change]:
    for part in sorted(set(before["parts"]) | set(after["parts"])):
        old, new = before["parts"].get(part, {}), after["parts"].get(part, {})
        title = Words(*(after["titles"].get(part) or before["titles"][part]))
        for key in sorted(set(old) | set(new)):
            if old.get(key) != new.get(key):
                yield Change(school_id, name, title, key, _line(old.get(key)), _line(new.get(key)))


def _line(cells: list[list[str]] | None) -> Words | None:
    if cells is None:
        return None
    zh, en = (" | ".join(cell[side] for cell in cells if cell[side]) for side in (0, 1))
    return Words(zh, en)


def describe_change(change: Change) -> dict[str, Any]:
    """Return a change as plain JSON values."""
    return {
        "school_id": change.school_id,
        "name": change.name._asdict(),
        "part": change.part._asdict(),
        "key": change.key,
        "kind": change.kind._asdict(),
        "old": None if change.old is None else change.old._asdict(),
        "new": None if change.new is None else change.new._asdict(),
    }


def change_table(changes: list[Change], lang: Lang) -> Table:
    """Return the changes for the terminal, a heading for every school."""
    table = Table(title=Words(f"共{len(changes)}处改变", f"{len(changes)} changes").say(lang), title_justify="left", show_lines=True)
    for head in (Words("学校", "school"), Words("部分", "part"), Words("原来", "before"), Words("现在", "now")):
        table.add_column(head.say(lang), overflow="fold")
    last = ""
    for change in changes:
        school = f"{change.name.say(lang)}\n{change.school_id}" if change.school_id != last else ""
        last = change.school_id
        sides = [f"({change.kind.say(lang)})" if side is None else side.say(lang) for side in (change.old, change.new)]
        table.add_row(*(_plain(text) for text in (school, change.part.say(lang), *sides)))
    return table


def _plain(text: str) -> str:
    from rich.markup import escape

    return "\n".join(escape(clean_text(line)) for line in text.split("\n"))
