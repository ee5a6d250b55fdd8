"""Pupils of the groups that stand first: left-behind, poor and disabled, shared out over the ways to school.

The settlement table counts a group over grades 1-9 and does not say which band or school its children are in. What follows is
therefore an estimate: every part of a settlement is taken to hold the settlement's share of the group.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.county.demand import round_keeping_total
from layout_planner.county.tables import GRADES
from layout_planner.words import Words

if TYPE_CHECKING:
    from layout_planner.county.model import County

GROUPS = {
    "left_behind": Words("留守儿童", "left-behind"),
    "poor": Words("家庭经济困难", "poor households"),
    "disabled": Words("残疾学生", "disabled"),
}
GROUP_COLUMNS = ("settlement_id", "name", "township", "band", "group", "pupils", "school_id", "mode", "cause", "over_s")
PART = ["settlement_id", "band", "school_id", "mode"]
STEPS = 1000


def count_groups(county: County, demand: pd.DataFrame) -> pd.DataFrame:
    """Return the pupils of every known group in the scenario's year: index settlement_id, one int column a group.

    Each settlement keeps the share of the group that its table gives; where no pupils are counted yet (a new resettlement site) it has
    the county's share. Whole numbers keep the county's sum (largest remainder). A group is never larger than the settlement's pupils.
    """
    settlements = county.settlements.sort_index()
    pupils = demand.reindex(settlements.index).sum(axis=1).astype(float)
    grades = [f"pupils_g{grade}" for grade in GRADES if f"pupils_g{grade}" in settlements]
    counted = settlements[grades].fillna(0).sum(axis=1).astype(float) if len(grades) == len(GRADES) else pupils
    counts = {}
    for group in GROUPS:
        if group in settlements:
            members = settlements[group].fillna(0).clip(upper=counted)
            mean = members.sum() / max(counted.sum(), 1.0)
            share = (members / counted.where(counted > 0)).fillna(mean).clip(0.0, 1.0)
            counts[group] = round_keeping_total(share * pupils)
    return pd.DataFrame(counts, index=settlements.index).astype(int)


def share_groups(trips: pd.DataFrame, groups: pd.DataFrame) -> pd.DataFrame:
    """Return `trips` (settlement_id, band, school_id, mode, pupils) sorted, with one int column a group.

    Every part gets its expected number of the group rounded down or up, and a settlement's parts sum to its count (systematic
    rounding). Which part is rounded up follows from a checksum of settlement and group: no band is favoured and row order is without
    effect.
    """
    table = trips.sort_values(PART, ignore_index=True)
    until = table.groupby("settlement_id")["pupils"].cumsum().to_numpy(dtype=np.int64)
    before = until - table["pupils"].to_numpy(dtype=np.int64)
    total = table.groupby("settlement_id")["pupils"].transform("sum").to_numpy(dtype=np.int64)
    for group in groups:
        wanted = groups[group].reindex(table["settlement_id"], fill_value=0).to_numpy(dtype=np.int64)
        start = np.array([_start(str(home), str(group)) for home in table["settlement_id"]], dtype=np.int64)
        table[group] = _whole(until, total, wanted, start) - _whole(before, total, wanted, start)
    return table


def _start(settlement_id: str, group: str) -> int:
    """Return where the rounding of a settlement begins: 0 to STEPS - 1."""
    return zlib.crc32(f"{settlement_id}|{group}".encode()) % STEPS


def _whole(pupils: np.ndarray, total: np.ndarray, wanted: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Return floor(wanted * pupils / total + start / STEPS) in whole numbers."""
    return np.asarray((wanted * pupils * STEPS + start * total) // np.maximum(total * STEPS, 1))


def list_risk_groups(risk: pd.DataFrame, trips: pd.DataFrame, groups: pd.DataFrame) -> pd.DataFrame:
    """Return one row (GROUP_COLUMNS) for every at-risk part that is estimated to hold pupils of a group, in the order of `risk`.

    risk : RISK_COLUMNS, all of it from `trips`, the layout's assignment
    """
    shared = share_groups(trips, groups)
    wide = risk.drop(columns="pupils").merge(shared[[*PART, *groups]], on=PART, how="left", validate="one_to_one")
    parts = [wide.assign(group=str(group), pupils=wide[group], order=range(len(wide))) for group in groups]
    if not parts:
        return pd.DataFrame({column: pd.Series(dtype=object) for column in GROUP_COLUMNS})
    table = pd.concat(parts, ignore_index=True)
    table = table[table["pupils"] > 0].sort_values(["order", "group"], kind="stable", ignore_index=True)
    return table[list(GROUP_COLUMNS)]
