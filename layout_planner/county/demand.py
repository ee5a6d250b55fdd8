"""Pupils by settlement and grade band in the scenario's school year."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.county.model import Note
from layout_planner.county.tables import GRADES
from layout_planner.words import Words

if TYPE_CHECKING:
    from layout_planner.county.model import County
    from layout_planner.scenario import Scenario

OLDEST_AT_HOME = 5


def count_pupils(county: County, scenario: Scenario) -> tuple[pd.DataFrame, tuple[Note, ...]]:
    """Return pupils (index settlement_id, one int column a band) and what had to be assumed.

    With `pupils_g1..g9` and `age_0..age_5` cohorts age by one grade a year: in the n-th year after the data, grade g holds today's
    grade g - n, or for g <= n today's children aged 5 - (n - g). With `demand.shares` each band is the sum of column times share,
    rounded by largest remainder so that the county's total is kept.
    """
    if scenario.demand.shares:
        return _from_shares(county, scenario), (_assumed_shares(scenario),)
    by_grade, notes = _roll_cohorts(county.settlements, scenario.year - scenario.data.year)
    bands = {band: by_grade[list(grades)].sum(axis=1) for band, grades in scenario.bands.items()}
    return pd.DataFrame(bands, index=county.settlements.index).astype(int), notes


def _roll_cohorts(settlements: pd.DataFrame, years: int) -> tuple[pd.DataFrame, tuple[Note, ...]]:
    today = pd.DataFrame({g: settlements[f"pupils_g{g}"] for g in GRADES}).fillna(0)
    if years <= 0:
        return today, () if years == 0 else (_unaged(Words("情景年份早于数据年份", "the scenario's year is before the data's year")),)
    ages = [f"age_{age}" for age in range(OLDEST_AT_HOME + 1)]
    if not set(ages) <= set(settlements.columns):
        return today, (_unaged(Words("缺少0-5岁儿童数", "children aged 0-5 are not given")),)
    aged = {}
    for grade in GRADES:
        if grade > years:
            aged[grade] = today[grade - years]
        else:
            aged[grade] = settlements[f"age_{max(0, OLDEST_AT_HOME - (years - grade))}"].fillna(0)
    beyond = years - 1 > OLDEST_AT_HOME
    return pd.DataFrame(aged), (_births_repeated(years),) if beyond else ()


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
    missing = round(float(exact.sum())) - int(whole.sum())
    remainder = exact.to_numpy(dtype=float) - whole
    by_remainder = np.lexsort((np.argsort(np.argsort(exact.index.to_numpy())), -np.round(remainder, 9)))
    whole[by_remainder[: max(0, missing)]] += 1
    return pd.Series(whole, index=exact.index)


def _assumed_shares(scenario: Scenario) -> Note:
    why = scenario.demand.why
    return Note(
        "demand_shares", Words(f"学生数由人口按比例推算（假设）：{why}", f"pupils are derived from population by assumed shares: {why}")
    )


def _unaged(reason: Words) -> Note:
    return Note(
        "demand_unaged", Words(f"学生数未按年份推移：{reason.zh}", f"pupil counts are not aged to the scenario's year: {reason.en}")
    )


def _births_repeated(years: int) -> Note:
    return Note(
        "births_repeated",
        Words(
            f"{years}年后的新生人数按最小一岁组重复估计",
            f"for {years} years ahead the youngest cohort is repeated for children not yet born",
        ),
    )
