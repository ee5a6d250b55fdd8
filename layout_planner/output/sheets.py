"""A small table in both languages, for the terminal and for a page alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from rich import box
from rich.cells import cell_len
from rich.markup import escape
from rich.table import Table

from layout_planner.output.safe import clean_text
from layout_planner.words import Lang, Words

if TYPE_CHECKING:
    from collections.abc import Sequence

UNKNOWN = "—"
WIDEST = 30


@dataclass(frozen=True)
class Sheet:
    """Title, a remark on how to read it, heads (and whether they stand over figures), rows.

    A cell is a text, Words, or a figure, shown as a whole number; NaN and infinity are unknown. A row of one cell is the heading of the
    rows below it.
    """

    title: Words
    note: Words
    heads: tuple[tuple[Words, bool], ...]
    rows: tuple[Sequence[object], ...]


def say_cell(value: object) -> Words:
    """Return a cell in both languages."""
    if isinstance(value, Words):
        return value
    if isinstance(value, bool | np.bool_):
        return Words("是", "yes") if value else Words("", "")
    if isinstance(value, int | float | np.number):
        shown = f"{value:,.0f}" if np.isfinite(value) else UNKNOWN
        return Words(shown, shown)
    return Words(str(value), str(value))


def draw_sheet(sheet: Sheet, lang: Lang) -> Table:
    """Return a sheet for the terminal."""
    title = f"{sheet.title.say(lang)}\n{sheet.note.say(lang)}".strip()
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for at, (head, number) in enumerate(sheet.heads):
        if not number:
            table.add_column(head.say(lang), no_wrap=True, max_width=WIDEST)
            continue
        texts = [say_cell(row[at]).say(lang) for row in sheet.rows if len(row) > 1]
        table.add_column(head.say(lang), justify="right", min_width=max(map(cell_len, [*head.say(lang).split(), *texts])))
    for row in sheet.rows:
        texts = [escape(clean_text(say_cell(cell).say(lang))) for cell in row]
        table.add_row(*texts, style="bold" if len(row) == 1 else None)
    return table


def describe_sheet(sheet: Sheet) -> dict[str, Any]:
    """Return a sheet as a section of a page."""

    def pair(words: Words) -> tuple[str, str]:
        return clean_text(words.zh), clean_text(words.en)

    return {
        "title": pair(sheet.title),
        "note": pair(sheet.note),
        "heads": [{"text": pair(head), "number": number} for head, number in sheet.heads],
        "rows": [[pair(say_cell(cell)) for cell in row] for row in sheet.rows],
    }
