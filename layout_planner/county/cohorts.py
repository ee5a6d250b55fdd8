"""Children by settlement and year of age in the year they were counted, whatever table they come from.

Column a of a cohort table holds the children of age a; those of age 6 and more are in grade a - 5. Children are counted in
thousandths of a child, whole numbers, so that every later sum is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from layout_planner.county.model import Note
from layout_planner.county.tables import GRADES
from layout_planner.words import Words

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from layout_planner.county.model import County
    from layout_planner.scenario import Scenario

    Ints = NDArray[np.int64]

SCHOOL_AGE = 6
AGES = SCHOOL_AGE + len(GRADES)
PARTS = 1000  # parts of a child


@dataclass(frozen=True)
class Cohorts:
    """Children counted in the school year `year`.

    settlements  ids, sorted
    parts        int64 (settlements, 15), thousandths of a child by age 0-14
    young        whether children under school age are counted; without them nothing can be carried into later years
    """

    year: int
    settlements: pd.Index
    parts: Ints
    young: bool
    notes: tuple[Note, ...] = ()


def count_cohorts(county: County, scenario: Scenario, year: int) -> Cohorts:
    """Return the cohorts from the scenario's source; of a cohorts table, the latest year with pupils that is not after `year`."""
    source = scenario.demand.source
    if source == "cohorts":
        return _from_table(county, year)
    settlements = county.settlements
    if source == "register":
        columns = [f"age_{age}" for age in range(SCHOOL_AGE)] + [f"pupils_g{grade}" for grade in GRADES]
        counted = [_parts(settlements[name]) if name in settlements else np.zeros(len(settlements), np.int64) for name in columns]
        young = set(columns[:SCHOOL_AGE]) <= set(settlements.columns)
        return Cohorts(scenario.data.year, settlements.index, np.column_stack(counted), young)
    parts, known = split_ages(settlements, scenario.demand.ages)
    young = bool(known[:SCHOOL_AGE].all())
    return Cohorts(scenario.data.year, settlements.index, parts, young, (_say_ages(scenario),))


def _parts(column: pd.Series) -> Ints:
    return np.rint(column.fillna(0).to_numpy(dtype=float) * PARTS).astype(np.int64)


def split_ages(settlements: pd.DataFrame, ages: dict[str, tuple[int, int]]) -> tuple[Ints, NDArray[np.bool_]]:
    """Return children by age 0-14 when every age of a group is as large as the others, and which ages some group holds.

    A group's thousandths that do not divide evenly go to its youngest ages, so that the group keeps its sum.
    """
    parts, known = np.zeros((len(settlements), AGES), np.int64), np.zeros(AGES, dtype=bool)
    for name, (first, last) in ages.items():
        size = last - first + 1
        each, rest = np.divmod(_parts(settlements[name]), size)
        for age in range(first, min(last, AGES - 1) + 1):
            parts[:, age] = each + (age - first < rest)
            known[age] = True
    return parts, known


def _from_table(county: County, year: int) -> Cohorts:
    table = county.cohorts
    assert table is not None  # noqa: S101 - the scenario is refused without the file
    ages = np.where(table["age"].notna(), table["age"], table["grade"] + SCHOOL_AGE - 1).astype(int)
    years = table["year"].astype(int).to_numpy()
    schooled = sorted(set(years[ages >= SCHOOL_AGE]))
    base = max((found for found in schooled if found <= year), default=schooled[0])
    mine = years == base
    parts = np.zeros((len(county.settlements), AGES), np.int64)
    homes = county.settlements.index.get_indexer(table["settlement_id"])
    np.add.at(parts, (homes[mine], ages[mine]), _parts(table["pupils"])[mine])
    young = set(range(SCHOOL_AGE)) <= set(ages[mine])
    absent = len(county.settlements) - len(set(homes[mine]))
    notes = (_say_absent(base, absent),) if absent else ()
    return Cohorts(base, county.settlements.index, parts, young, notes)


def _say_ages(scenario: Scenario) -> Note:
    groups = sorted((first, last, name) for name, (first, last) in scenario.demand.ages.items())
    listed = ", ".join(f"{name} {first}-{last}" for first, last, name in groups)
    return Note(
        "demand_ages",
        Words(
            f"年级人数由年龄组推算（假设组内各年龄人数相等，6岁为一年级）：{listed}",
            f"grades are derived from age groups (assumed: every age of a group is as large as the others, age 6 is grade 1): {listed}",
        ),
    )


def _say_absent(year: int, count: int) -> Note:
    text = Words(
        f"{count}个居民点在{year}学年的分年级表中没有人数，按0处理",
        f"{count} settlements have no row for {year} in the cohorts table: read as 0",
    )
    return Note("cohorts.absent", text, count)
