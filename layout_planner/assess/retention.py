"""Retention and dropout rates from the school registers, by school, township and county. Counts only.

What each rate is, its source and its flag stand in the norm set's indicators (`INDICATORS`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from layout_planner.county.model import County

INDICATORS = {
    "retention": ("retention.nine_year", "retention.primary"),
    "dropout_register": ("dropout.register",),
    "dropout_statistical": ("dropout.primary",),
    "suspected_share": ("dropout.suspected",),
}
STAGES: dict[str, tuple[int, ...]] = {"all": tuple(range(1, 10)), "primary": tuple(range(1, 7)), "junior": (7, 8, 9)}
LAST_GRADE = {"all": 9, "primary": 6}
LEVELS = ("county", "township", "school")
COUNTS = ("enrolled", "dropped_out", "suspected", "net_loss", "graduated", "entered")
RATES = ("dropout_register", "dropout_statistical", "suspected_share", "retention")
RATE_COLUMNS = (
    "level",  # county | township | school
    "key",  # "", the township, or the school_id
    "name",
    "stage",  # a key of STAGES
    *COUNTS,  # float, NaN where the register does not say; net_loss = what left beyond what came
    *RATES,  # float, shares of 1, NaN where a part is not known
)
LOSSES = ("suspended", "dropped_out", "deceased", "transferred_out")
GAINS = ("transferred_in", "returned")
NEEDED = ("suspended", "dropped_out", "transferred_out", "transferred_in")  # without them there is no statistical dropout rate


def sum_terms(registers: pd.DataFrame) -> pd.DataFrame:
    """Return one row a school, year and grade: enrolled at the start of the first term, all else summed over the terms."""
    keys = ["school_id", "year", "grade"]
    table = registers.sort_values([*keys, "term"])
    start = table.groupby(keys)["enrolled_start"].first()
    flows = table.groupby(keys)[[*LOSSES, *GAINS, "suspected", "graduated"]].sum(min_count=1)
    entered = table.groupby(keys)["entered_grade1"].max()
    return pd.concat([start, flows, entered], axis=1).reset_index().astype({"year": int, "grade": int})


def measure_retention(county: County, year: int | None = None) -> pd.DataFrame:
    """Return the rates (RATE_COLUMNS) of one school year, the latest when `year` is None; the county first, then by name.

    Retention over nine years (stage `all`) needs grade 9, over six years (stage `primary`) grade 6: graduates over how many of them had
    entered grade 1, over the schools that report both.
    """
    assert county.registers is not None  # noqa: S101 - the verb refuses a county without registers
    table = sum_terms(county.registers)
    table = table[table["year"] == (table["year"].max() if year is None else year)]
    schools = county.schools
    table["township"] = schools["township"].reindex(table["school_id"]).to_numpy()
    rows = [_rates("county", "", "", stage, table) for stage in STAGES]
    for township, part in table[table["township"] != ""].groupby("township"):
        rows += [_rates("township", str(township), str(township), stage, part) for stage in STAGES]
    for school_id, part in table.groupby("school_id"):
        rows += [_rates("school", str(school_id), str(schools["name"][school_id]), stage, part) for stage in STAGES]
    found = pd.DataFrame(rows, columns=list(RATE_COLUMNS))
    return found[found["enrolled"] > 0].reset_index(drop=True)


def _rates(level: str, key: str, name: str, stage: str, table: pd.DataFrame) -> list[object]:
    part = table[table["grade"].isin(STAGES[stage])]
    enrolled, dropped, suspected = (_sum(part[column]) for column in ("enrolled_start", "dropped_out", "suspected"))
    known = [name for name in (*LOSSES, *GAINS) if part[name].notna().any()]
    net_loss = sum((1 if name in LOSSES else -1) * _sum(part[name]) for name in known) if set(NEEDED) <= set(known) else np.nan
    last = part[(part["grade"] == LAST_GRADE.get(stage)) & part["graduated"].notna() & part["entered_grade1"].notna()]
    graduated, entered = _sum(last["graduated"]), _sum(last["entered_grade1"])
    shares = (_share(dropped, enrolled), _share(net_loss, enrolled), _share(suspected, enrolled), _share(graduated, entered))
    return [level, key, name, stage, enrolled, dropped, suspected, net_loss, graduated, entered, *shares]


def _sum(column: pd.Series) -> float:
    """Return the sum of what is known; NaN when nothing is."""
    return float(column.sum(min_count=1))


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else np.nan


def rank_places(rates: Mapping[str, pd.DataFrame], level: str, stage: str = "all") -> pd.DataFrame:
    """Return the rows of `level` and `stage` of all `rates` (county name -> RATE_COLUMNS) with `county` and `rank`, the best first.

    The highest retention comes first, then the lowest confirmed dropout; places of which neither is known come last.
    """
    parts = [table[(table["level"] == level) & (table["stage"] == stage)].assign(county=name) for name, table in rates.items()]
    ranked = pd.concat(parts, ignore_index=True)
    order = ranked.assign(worst=-ranked["retention"], better=ranked["dropout_register"])
    order = order.sort_values(["worst", "better", "county", "key"], na_position="last", kind="stable")
    ranked = ranked.loc[order.index].reset_index(drop=True)
    ranked.insert(0, "rank", ranked.index + 1)
    return ranked
