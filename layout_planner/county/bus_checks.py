"""What the bus tables say against the other tables of the county."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layout_planner.county.faults import Faults
from layout_planner.words import Words

if TYPE_CHECKING:
    from layout_planner.county.table_files import CheckedTable
    from layout_planner.errors import Problem

AT_SCHOOL = "school"


def check_overnight(fleet: CheckedTable | None, settlements: CheckedTable, schools: CheckedTable) -> tuple[Problem, ...]:
    """Return the buses that stand overnight at a place that no table holds."""
    if fleet is None or "overnight" not in fleet.frame or not (settlements.usable and schools.usable):
        return ()
    known = {"", AT_SCHOOL, *settlements.frame.get("settlement_id", ()), *schools.frame.get("school_id", ())}
    faults = Faults(fleet.shown)
    for row, place in zip(fleet.rows, fleet.frame["overnight"], strict=False):
        if place not in known:
            what = Words("居民点表和学校表中没有这个编号", "neither the settlements nor the schools hold this id")
            hint = Words("改正编号；空白为首站所在村，school 为学校", "correct the id; empty = at the first stop, `school` = at the school")
            faults.add(what, hint, row=int(row), column="overnight", value=str(place))
    return faults.problems
