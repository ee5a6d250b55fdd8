"""The tables and pictures of a study, in its folder."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from layout_planner.output.safe import clean_text, safe_cell
from layout_planner.whole import unwritable, whole_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from layout_planner.county.model import Note
    from layout_planner.words import Words

NOT_COUNTED = "not_counted"


def write_study(folder: Path, files: Mapping[str, pd.DataFrame | bytes]) -> list[Path]:
    """Write `files` by name into `folder`, each whole or not at all, and return their paths in the same order.

    A table becomes Parquet where its name says so, else CSV as spreadsheets open it; a picture is written as it is.

    Raises
    ------
    OutputError : the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            with whole_file(folder / name) as beside:
                if isinstance(content, bytes):
                    beside.write_bytes(content)
                elif name.endswith(".parquet"):
                    content.to_parquet(beside)
                else:
                    text = io.StringIO()
                    content.map(safe_cell).to_csv(text, index=False, lineterminator="\n")
                    beside.write_text(text.getvalue(), encoding="utf-8-sig")
    except OSError as error:
        raise unwritable(folder, error) from error
    return [folder / name for name in files]


def list_not_counted(notes: Sequence[Note]) -> list[Words]:
    """Return what the scenario asks for and the study does not heed: it stands beside the result, not below."""
    return [note.text for note in notes if note.code == NOT_COUNTED]


def describe_notes(notes: Sequence[Note]) -> dict[str, Any]:
    """Return `notes` for a page: those of `list_not_counted`, and all others."""
    others = [note.text for note in notes if note.code != NOT_COUNTED]
    groups = {NOT_COUNTED: list_not_counted(notes), "notes": others}
    return {name: [(clean_text(text.zh), clean_text(text.en)) for text in group] for name, group in groups.items()}
