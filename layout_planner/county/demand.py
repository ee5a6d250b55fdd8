"""Pupils by settlement and grade band in the scenario's school year."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.county.cohorts import PARTS, SCHOOL_AGE, count_cohorts
from layout_planner.county.demand_notes import note_projection, note_shares, note_unaged
from layout_planner.county.projection import ACCOUNT_COLUMNS, project_cohorts
from layout_planner.norms import read_scenario_norms
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from layout_planner.county.cohorts import Ints
    from layout_planner.county.model import County, Note
    from layout_planner.scenario import Scenario

OLDEST_AT_HOME = SCHOOL_AGE - 1


@dataclass(frozen=True)
class Forecast:
    """Children of some school years.

    parts     year -> int64 (settlements, 15), thousandths of a child by age; age 6 is grade 1
    accounts  DataFrame with ACCOUNT_COLUMNS: how every year follows from the one before
    """

    settlements: pd.Index
    parts: dict[int, Ints]
    accounts: pd.DataFrame
    notes: tuple[Note, ...]

    def pupils(self, year: int, bands: dict[str, tuple[int, ...]]) -> pd.DataFrame:
        """Return whole pupils by settlement and band; rounding keeps the county's total of every band."""
        counted = {}
        for band, grades in bands.items():
            exact = self.parts[year][:, [grade + OLDEST_AT_HOME for grade in grades]].sum(axis=1) / PARTS
            counted[band] = round_keeping_total(pd.Series(exact, index=self.settlements))
        return pd.DataFrame(counted, index=self.settlements)


def count_pupils(county: County, scenario: Scenario) -> tuple[pd.DataFrame, tuple[Note, ...]]:
    """Return pupils (index settlement_id, one int column a band) and what had to be assumed.

    Pupils come from the scenario's `demand.source` and are carried to its year as `project_cohorts` says. With `demand.shares` each
    band is the sum of column times share, rounded by largest remainder so that the county's total is kept, and no year is added.
    """
    if scenario.demand.shares:
        notes: tuple[Note, ...] = (note_shares(scenario),)
        if scenario.year != scenario.data.year:
            notes = (*notes, note_unaged(Words("按比例推算的人数没有年龄", "pupils by shares have no ages")))
        return _from_shares(county, scenario), notes
    forecast = forecast_children(county, scenario, [scenario.year])
    return forecast.pupils(scenario.year, scenario.bands), forecast.notes


def account_children(county: County, scenario: Scenario) -> pd.DataFrame:
    """Return the account (ACCOUNT_COLUMNS) from the counted year to the scenario's; empty when nothing was carried on."""
    if scenario.demand.shares:
        return pd.DataFrame(columns=list(ACCOUNT_COLUMNS))
    return forecast_children(county, scenario, [scenario.year]).accounts


def forecast_children(county: County, scenario: Scenario, years: Sequence[int], variant: str | None = None) -> Forecast:
    """Return the children of `years`, all of them carried on from one count: the latest that is not after the first of them.

    Where nothing can be carried on (years before the count, children under six unknown) the count itself stands for the year, and
    a note says so.
    """
    cohorts = count_cohorts(county, scenario, min(years))
    reasons = []
    if min(years) < cohorts.year:
        reasons.append(Words("情景年份早于数据年份", "the scenario's year is before the data's year"))
    if max(years) > cohorts.year and not cohorts.young:
        reasons.append(Words("缺少0-5岁儿童数", "children aged 0-5 are not given"))
    last = cohorts.year if not cohorts.young else max(cohorts.year, *years)
    reached = {year: min(max(year, cohorts.year), last) for year in years}
    norms = read_scenario_norms(scenario)
    parts, accounts = project_cohorts(county, scenario, norms, cohorts, sorted(set(reached.values())), variant)
    carried = note_projection(county, scenario, norms, cohorts.year, last, variant or scenario.demand.projection.variant)
    notes = (*cohorts.notes, *map(note_unaged, reasons), *carried)
    return Forecast(cohorts.settlements, {year: parts[reached[year]] for year in years}, accounts, notes)


def _from_shares(county: County, scenario: Scenario) -> pd.DataFrame:
    counted = {}
    for band in scenario.bands:
        parts = scenario.demand.shares.get(band, {})
        exact = sum(
            (county.settlements[column].fillna(0).astype(float) * share for column, share in parts.items()),
            start=pd.Series(0.0, index=county.settlements.index),
        )
        counted[band] = round_keeping_total(exact)
    return pd.DataFrame(counted, index=county.settlements.index)


def round_keeping_total(exact: pd.Series) -> pd.Series:
    """Return `exact` as whole numbers whose sum is the rounded sum (largest remainder, ties in index order)."""
    whole = np.floor(exact.to_numpy(dtype=float) + 1e-9).astype(int)
    missing = round(round(float(exact.sum()), 6)) - int(whole.sum())
    remainder = exact.to_numpy(dtype=float) - whole
    by_remainder = np.lexsort((np.argsort(np.argsort(exact.index.to_numpy())), -np.round(remainder, 9)))
    whole[by_remainder[: max(0, missing)]] += 1
    return pd.Series(whole, index=exact.index)
