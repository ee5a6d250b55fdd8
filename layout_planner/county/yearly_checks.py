"""Faults of the tables that hold one row a year: cohorts, outlook, moves, registers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from layout_planner.county import checks
from layout_planner.county.cohorts import SCHOOL_AGE
from layout_planner.county.tables import GRADES
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable

    from layout_planner.county.columns import Table
    from layout_planner.county.faults import Faults
    from layout_planner.county.table_files import CheckedTable
    from layout_planner.errors import Problem

YEARLY = ("cohorts", "outlook", "moves", "registers")
TWICE = {
    "cohorts": ("settlement_id", "year", "grade", "age"),
    "outlook": ("township", "year"),
    "moves": ("from_settlement_id", "to_settlement_id", "date"),
    "registers": ("school_id", "year", "term", "grade"),
}
OPTIONAL = {"age", "grade", "term"}
WHOLE_PERCENT = 100.0


def check_yearly(
    role: str, table: CheckedTable, settlements: CheckedTable, schools: CheckedTable
) -> tuple[tuple[Problem, ...], dict[str, int]]:
    """Return the faults of one table against itself and the others, and how many cells name what is excluded, by column."""
    faults, dropped = table.faults(), {}
    if table.usable:
        if role in {"cohorts", "moves"} and settlements.usable and "settlement_id" in settlements.frame:
            columns = [name for name in TWICE[role] if name.endswith("settlement_id")]
            dropped = checks.check_references(table, columns, settlements, faults, key="settlement_id")
        if role == "registers" and schools.usable and "school_id" in schools.frame:
            dropped = checks.check_references(table, ["school_id"], schools, faults)
        if {name for name in TWICE[role] if name not in OPTIONAL} <= set(table.frame):
            _refuse_twice(table, role, faults)
            CHECKS[role](table, settlements, faults)
    return faults.problems, dropped


def _refuse_twice(table: CheckedTable, role: str, faults: Faults) -> None:
    frame = table.frame.reindex(columns=list(TWICE[role]))
    if role == "cohorts":
        frame = frame.assign(grade=_grades(frame), age=0)
    first: dict[tuple[object, ...], int] = {}
    for row, values in zip(table.rows, frame.astype(object).where(frame.notna(), "").itertuples(index=False, name=None), strict=True):
        if values in first and all(values[:2]):
            faults.add(
                Words(f"与第{first[values]}行重复", f"this repeats row {first[values]}"),
                Words("合并两行，或删去一行", "join the two rows, or delete one"),
                row=int(row),
                column=TWICE[role][0],
                value=values[0],
            )
        first.setdefault(values, int(row))


def _grades(frame: pd.DataFrame) -> pd.Series:
    """Return the grade of each row, or the grade that its age stands for; 0 and less are not yet at school."""
    return frame["grade"].where(frame["grade"].notna(), frame["age"] - SCHOOL_AGE + 1)


def _exactly_one(table: CheckedTable, one: str, other: str, faults: Faults) -> None:
    """Report rows that fill both of two columns, or neither."""
    filled = sum(
        (table.frame[name].notna().to_numpy().astype(int) for name in (one, other) if name in table.frame), np.zeros(len(table.frame), int)
    )
    for row, count in zip(table.rows, filled, strict=True):
        if count != 1 and not (faults.told(int(row), one) or _spoilt(table, int(row), (one, other))):
            faults.add(
                Words(f"{one} 和 {other} 应填且只填一个", f"exactly one of {one} and {other} must be filled in"),
                Words("填其中一个", "fill in one of them"),
                row=int(row),
                column=one,
            )


def _spoilt(table: CheckedTable, row: int, columns: tuple[str, str]) -> bool:
    """Return whether a cell of these columns could not be read, which was told already."""
    return any(problem.row == row and problem.column in columns for problem in table.problems)


def _check_cohorts(table: CheckedTable, _settlements: CheckedTable, faults: Faults) -> None:
    _exactly_one(table, "grade", "age", faults)
    if faults or table.problems:
        return
    frame = table.frame.reindex(columns=["year", "grade", "age"])
    grades = _grades(frame)
    for year in sorted(set(frame["year"])):
        counted = set(grades[frame["year"] == year])
        missing = [grade for grade in GRADES if grade not in counted]
        if missing:
            faults.add(
                Words(f"{year:.0f}学年缺少年级", f"a grade is missing in {year:.0f}"),
                Words("补齐1-9年级（或6-14岁），没有学生也填0", "give grades 1-9 (or ages 6-14), 0 where there is nobody"),
                column="grade",
                value=", ".join(map(str, missing)),
            )


def _check_outlook(table: CheckedTable, settlements: CheckedTable, faults: Faults) -> None:
    if not settlements.usable:
        return
    known = set(settlements.frame["township"]) if "township" in settlements.frame else set()
    for row, township in zip(table.rows, table.frame["township"], strict=True):
        if township and township not in known:
            faults.add(
                Words("居民点表中没有这个乡镇", "no settlement belongs to this township"),
                Words("与居民点表的乡镇写法一致", "write it as in the settlements table"),
                row=int(row),
                column="township",
                value=township,
            )


def _check_moves(table: CheckedTable, _settlements: CheckedTable, faults: Faults) -> None:
    _exactly_one(table, "share", "pupils", faults)
    for row, source, target in zip(table.rows, table.frame["from_settlement_id"], table.frame["to_settlement_id"], strict=True):
        if source and source == target:
            faults.add(
                Words("迁出地与迁入地相同", "a settlement moves to itself"),
                Words("改正迁入居民点编号", "correct the settlement that receives"),
                row=int(row),
                column="to_settlement_id",
                value=target,
            )
    if "share" not in table.frame:
        return
    total = table.frame.groupby(["from_settlement_id", "date"])["share"].transform("sum").to_numpy()
    for row, percent, source in zip(table.rows, total, table.frame["from_settlement_id"], strict=True):
        if percent > WHOLE_PERCENT:
            faults.add(
                Words("同一天迁出比例之和超过100%", "the shares that leave on one day add up to more than 100 %"),
                Words("改正比例", "correct the shares"),
                row=int(row),
                column="share",
                value=f"{source}: {percent:g}",
            )


def _check_registers(table: CheckedTable, _settlements: CheckedTable, faults: Faults) -> None:
    """Report rows where more leave than were there, and rows for the year beside rows for its terms."""
    frame = table.frame
    for part in ("dropped_out", "suspected", "graduated"):
        _refuse_more(table, part, ("enrolled_start", "transferred_in", "returned"), faults)
    if "term" not in frame:
        return
    kinds = frame.assign(whole=frame["term"].isna()).groupby(["school_id", "year", "grade"])["whole"].transform("nunique").to_numpy()
    for row, mixed, whole in zip(table.rows, kinds > 1, frame["term"].isna(), strict=True):
        if mixed and whole:
            faults.add(
                Words("同一年级既按学年又按学期填报", "a grade is reported for the year and for its terms"),
                Words("只保留一种", "keep one of the two"),
                row=int(row),
                column="term",
            )


def _refuse_more(table: CheckedTable, part: str, of: tuple[str, ...], faults: Faults) -> None:
    if part not in table.frame:
        return
    most = sum((table.frame[name].fillna(0) for name in of if name in table.frame), pd.Series(0.0, index=table.frame.index))
    for row, value, limit in zip(table.rows, table.frame[part], most, strict=True):
        if value > limit:
            faults.add(
                Words("人数多于该年级在校生", "more pupils than the grade has"),
                Words("核对在校生数和该列", "check the pupils enrolled and this column"),
                row=int(row),
                column=part,
                value=f"{value:.0f} > {limit:.0f}",
            )


CHECKS: dict[str, Callable[[Any, Any, Faults], None]] = {
    "cohorts": _check_cohorts,
    "outlook": _check_outlook,
    "moves": _check_moves,
    "registers": _check_registers,
}


def yearly_rows(table: CheckedTable | None, spec: Table) -> pd.DataFrame | None:
    """Return all columns of the spec in a fixed order of rows; NaN and "" where blank, rows of what is excluded left out."""
    if table is None:
        return None
    frame = table.frame.copy()
    for column in spec.columns:
        if column.name not in frame:
            frame[column.name] = "" if column.kind in {"id", "text", "date"} else np.nan
    named = [column.name for column in spec.columns if column.kind == "id"]
    frame = frame.loc[(frame[named] != "").all(axis=1), [column.name for column in spec.columns]]
    return frame.sort_values(list(TWICE[spec.role]), kind="stable").reset_index(drop=True)
