"""The table of comments that the county fills its answers into, and what the comments count up to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openpyxl import Workbook

from layout_planner.county.forms import form_header
from layout_planner.county.objections_table import OBJECTIONS, STANCES
from layout_planner.errors import OutputError
from layout_planner.output.sheets import Sheet
from layout_planner.output.tables import fill_sheet
from layout_planner.safeguards.objections import ASKS_ANSWER
from layout_planner.whole import whole_file
from layout_planner.words import Words
from layout_planner.workbook import workbook_bytes

SHOWN_HASH = 12

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from layout_planner.words import Lang


def write_objections(table: pd.DataFrame, path: Path, lang: Lang) -> None:
    """Write the comments with their answers as one sheet, ready for `data.objections`.

    Raises
    ------
    OutputError : the file cannot be written.
    """
    book = Workbook()
    sheet = book.active
    sheet.title = OBJECTIONS.role
    shown = table.rename(columns={column.name: form_header(column, lang) for column in OBJECTIONS.columns})
    fill_sheet(sheet, shown)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as beside:
            beside.write_bytes(workbook_bytes(book))
    except OSError as error:
        raise OutputError(Words(f"无法写入 {path}：{error.strerror}", f"cannot write {path}: {error.strerror}")) from error


def count_comments(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return, by settlement and plan, how many comments there are of each stance and how many wait for an answer."""
    waits = table["stance"].isin(ASKS_ANSWER) & (table["answer"] == "")
    counted = []
    for (home, digest), rows in table.assign(waits=waits).groupby(["settlement_id", "plan_hash"], sort=True):
        stances = {stance: int((rows["stance"] == stance).sum()) for stance in STANCES}
        counted.append({"settlement_id": home, "plan_hash": digest, **stances, "unanswered": int(rows["waits"].sum())})
    return counted


def show_comments(counted: list[dict[str, Any]]) -> Sheet:
    """Return the counts as a table for the terminal."""
    heads = [(Words("居民点", "settlement"), False), (Words("方案校验码", "plan"), False)]
    heads += [(name, True) for name in STANCES.values()]
    heads.append((Words("未答复", "unanswered"), True))
    rows = [
        (row["settlement_id"], row["plan_hash"][:SHOWN_HASH], *(row[stance] for stance in STANCES), row["unanswered"]) for row in counted
    ]
    note = Words("反对和疑问须逐条答复", "objections and questions ask for an answer each")
    return Sheet(Words("群众意见", "comments of villagers"), note, tuple(heads), tuple(rows))
