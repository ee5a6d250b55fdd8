"""Find the one place that a person means: by id, or by a name that only one place has."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from layout_planner.errors import Problem
from layout_planner.words import Words

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 5


def find_place(table: pd.DataFrame, asked: str, option: str, faults: list[Problem]) -> str:
    """Return the id of the place called `asked` in `table`; "" after a fault under `option` was added to `faults`."""
    if asked in table.index:
        return asked
    names = [table[column].fillna("").astype(str) for column in ("name", "name_en") if column in table]
    ids = sorted({str(key) for column in names for key in table.index[column.str.casefold() == asked.casefold()]})
    if len(ids) == 1:
        return ids[0]
    if ids:
        listed = ", ".join(ids[:SHOWN])
        hint = Words(f"写编号：{listed}", f"give the id: {listed}")
        faults.append(Problem(option, Words("有多处同名", "several places have this name"), hint, value=asked))
        return ""
    known = sorted({str(key) for key in table.index} | {name for column in names for name in column if name})
    near = ", ".join(difflib.get_close_matches(asked, known, SHOWN, 0.5)) or ", ".join(known[:SHOWN])
    hint = Words(f"写编号或名称，例如：{near}", f"give an id or a name, such as {near}")
    faults.append(Problem(option, Words("没有这个地方", "there is no such place"), hint, value=asked))
    return ""
