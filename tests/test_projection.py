"""Children of later years: sums that add up, moves that keep everybody, counts from every kind of source."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layout_planner.assess.groups import count_groups
from layout_planner.county.cohorts import AGES, count_cohorts
from layout_planner.county.demand import account_children, count_pupils, forecast_children
from layout_planner.county.projection import ACCOUNT_COLUMNS, INCOMING, OUTGOING, split_whole
from layout_planner.county.tables import GRADES
from layout_planner.safeguards.recount import recount_pupils
from layout_planner.scenario import Demand, Projection
from tests.test_plan import NORMS, scenario_with
from tests.tiny import tiny_county

HOMES = ["S1", "S2", "S3", "S4", "S5"]
COLUMNS = [f"age_{age}" for age in range(6)] + [f"pupils_g{grade}" for grade in GRADES]
TOWNS = ["东乡", "西乡"]


def counted_county(counts, **tables):
    """Return the tiny county with `counts` (settlement by age 0-14)."""
    county = tiny_county(**tables)
    return replace(county, settlements=county.settlements.assign(**dict(zip(COLUMNS, np.asarray(counts).T, strict=True))))


def asked(year=2026, **demand):
    return scenario_with(close=()).model_copy(update={"year": year, "demand": Demand(**demand)})


def by_pair(pupils):
    return {(home, band): int(row[band]) for home, row in pupils.iterrows() for band in pupils}


def moves(*rows):
    return pd.DataFrame(rows, columns=["from_settlement_id", "to_settlement_id", "date", "share", "pupils", "note"])


def outlook(*rows):
    return pd.DataFrame(rows, columns=["township", "year", "births", "net_migration", "arrivals"])


def test_hand_worked_move_of_the_module_docstring():
    # S1 has ten of every age, 60 % of it move to S2 in the first year: 60 % of 15 ages of 10 are 90, for ever, as births follow
    counts = np.zeros((5, AGES), int)
    counts[0] = 10
    county = counted_county(counts, moves=moves(("S1", "S2", "2027-06-30", 60.0, np.nan, "")))
    for year in (2027, 2028, 2036):
        parts = forecast_children(county, asked(), [year]).parts[year]
        assert parts[:2].sum(axis=1).tolist() == [60_000, 90_000]
        assert count_pupils(county, asked(year))[0].loc[["S1", "S2"]].to_numpy().tolist() == [[12] * 3, [18] * 3]


def test_hand_worked_year_of_a_township():
    # 东乡 = S1 (10 of each age) and S2 (30 of each). 20 births go 5 : 15 by the children under six (60 : 180). Then 10 % leave of
    # every age: S1 keeps 4.5 and 9 of ages 1-14, S2 13.5 and 27. 36 pupils arrive, and present pupils are 81 : 243, so 9 : 27.
    county = counted_county([[10] * AGES, [30] * AGES, *[[0] * AGES] * 3], outlook=outlook(("东乡", 2027, 20, -10.0, 36)))
    forecast = forecast_children(county, asked(), [2027])
    parts = forecast.parts[2027]
    assert parts[:2, 0].tolist() == [4500, 13_500]
    assert parts[:2, 6:].sum(axis=1).tolist() == [90_000, 270_000]
    row = forecast.accounts.iloc[0]
    assert row[["opening", "born", "arrived", "migrated_out", "graduated", "closing"]].tolist() == [600, 20, 36, 58, 40, 558]


def test_a_move_counts_from_the_first_school_year_that_begins_after_it():
    counts = [[9] * AGES, *[[0] * AGES] * 4]
    for day, first in (("2027-09-01", 2027), ("2027-09-02", 2028), ("2026-09-01", None)):
        county = counted_county(counts, moves=moves(("S1", "S2", day, 100.0, np.nan, "")))
        moved = [year for year in range(2026, 2030) if count_pupils(county, asked(year))[0].loc["S2"].sum() == 81]
        assert moved[:1] == ([first] if first else [])


def test_pupils_who_move_are_counted_and_take_the_young_along():
    county = counted_county([[10] * AGES, *[[0] * AGES] * 4], moves=moves(("S1", "S3", "2027-01-01", np.nan, 30, "")))
    parts = forecast_children(county, asked(), [2027]).parts[2027]
    assert parts[2, 6:].sum() == pytest.approx(30_000, abs=9)
    assert parts[2, :6].sum() == pytest.approx(20_000, abs=6)


counts_of_homes = st.lists(st.lists(st.integers(0, 60), min_size=AGES, max_size=AGES), min_size=5, max_size=5)
rates = st.one_of(st.just(float("nan")), st.floats(-50, 50).map(lambda share: round(share, 3)))
numbers = st.one_of(st.just(float("nan")), st.integers(0, 300).map(float))
outlooks = st.lists(
    st.tuples(st.sampled_from(TOWNS), st.integers(2025, 2034), numbers, rates, numbers), max_size=6, unique_by=lambda row: row[:2]
).map(lambda rows: outlook(*rows))
shares = st.tuples(st.floats(0, 100).map(lambda share: round(share, 2)), st.just(float("nan")))
amounts = st.tuples(st.just(float("nan")), st.integers(0, 200).map(float))
days = st.dates(date(2026, 1, 1), date(2034, 12, 31)).map(date.isoformat)
moves_of_homes = st.lists(
    st.tuples(st.sampled_from(HOMES), st.sampled_from(HOMES), days, st.one_of(shares, amounts)).filter(lambda row: row[0] != row[1]),
    max_size=6,
).map(lambda rows: moves(*((source, target, day, *amount, "") for source, target, day, amount in rows)))
variants = st.sampled_from(["low", "mid", "high"])


@settings(max_examples=60, deadline=None)
@given(counts_of_homes, outlooks, moves_of_homes, variants, st.one_of(st.none(), st.floats(1, 30)))
def test_every_year_of_every_account_adds_up_exactly(counts, expected, moving, variant, rate):
    county = counted_county(counts, outlook=expected, moves=moving)
    county = replace(county, settlements=county.settlements.assign(population=500.0))
    scenario = asked(2036, projection=Projection(variant=variant, births_per_1000=rate))
    accounts = account_children(county, scenario)
    whole = (accounts.set_index(["year", "township"]) * 1000).round().astype(int)
    assert (whole["opening"] + whole[list(INCOMING)].sum(axis=1) - whole[list(OUTGOING)].sum(axis=1) == whole["closing"]).all()
    assert (whole >= 0).all().all()
    county_rows, town_rows = whole.xs("", level="township"), whole.drop(index="", level="township").groupby(level="year").sum()
    pd.testing.assert_frame_equal(county_rows, town_rows)
    assert (county_rows["opening"].to_numpy()[1:] == county_rows["closing"].to_numpy()[:-1]).all()
    assert (county_rows["resettled_in"] == county_rows["resettled_out"]).all()
    pupils = count_pupils(county, scenario)[0].to_numpy().sum()
    assert abs(pupils - accounts["pupils"][accounts["township"] == ""].iloc[-1]) <= 0.5 * len(scenario.bands)


@settings(max_examples=40, deadline=None)
@given(counts_of_homes, outlooks, moves_of_homes, variants, st.one_of(st.none(), st.floats(1, 30)), st.integers(2026, 2036))
def test_the_recount_shares_no_code_and_agrees(counts, expected, moving, variant, rate, year):
    county = counted_county(counts, outlook=expected, moves=moving)
    county = replace(county, settlements=county.settlements.assign(population=512.0))
    scenario = asked(year, projection=Projection(variant=variant, births_per_1000=rate))
    pupils, _ = count_pupils(county, scenario)
    assert recount_pupils(county, scenario, NORMS) == by_pair(pupils)


@settings(max_examples=30, deadline=None)
@given(counts_of_homes, moves_of_homes, st.integers(2027, 2036))
def test_resettlement_keeps_the_countys_pupils(counts, moving, year):
    moved, stayed = (count_pupils(counted_county(counts, moves=table), asked(year))[0].sum() for table in (moving, None))
    assert (moved - stayed).abs().max() <= 1  # births follow in thousandths


@settings(max_examples=30, deadline=None)
@given(counts_of_homes, outlooks, st.integers(2027, 2041))
def test_low_is_never_more_than_mid_and_mid_never_more_than_high(counts, expected, year):
    county = counted_county(counts, outlook=expected.assign(arrivals=np.nan))
    low, mid, high = (forecast_children(county, asked(), [year], variant).parts[year].sum(axis=0) for variant in ("low", "mid", "high"))
    assert (low <= mid + 200).all()
    assert (mid <= high + 200).all()
    assert low.sum() <= mid.sum() + 5
    assert mid.sum() <= high.sum() + 5


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**8), st.lists(st.integers(0, 10**6), min_size=1, max_size=20))
def test_splitting_keeps_the_total_and_the_proportions(total, weights):
    parts = split_whole(total, np.array(weights, dtype=np.int64))
    assert parts.sum() == total
    heavy = weights if any(weights) else [1] * len(weights)
    assert all(abs(part * sum(heavy) - total * weight) < sum(heavy) for part, weight in zip(parts.tolist(), heavy, strict=True))


def test_without_tables_cohorts_age_as_they_always_did():
    # Grade g of year n holds today's grade g - n, or today's children aged 5 - (n - g), the youngest repeating.
    counts = np.arange(75).reshape(5, AGES)
    for years in range(16):
        ages = [max(0, grade + 5 - years) for grade in GRADES]
        wanted = counts[:, ages].reshape(5, 3, 3).sum(axis=2)
        assert count_pupils(counted_county(counts), asked(2026 + years))[0].to_numpy().tolist() == wanted.tolist()


def test_census_groups_become_grades_and_keep_their_sums():
    # ages 0-9: 25 and 10-19: 40 -> ages 6-9 are 2.5 each, 10-14 are 4 each -> G1-3 7.5, G4-6 2.5 + 8 = 10.5, G7-9 12
    county = tiny_county()
    county = replace(county, settlements=county.settlements.assign(age_0_9=[25.0, 0, 0, 0, 0], age_10_19=[40.0, 0, 0, 0, 0]))
    scenario = asked(source="census", ages={"age_0_9": (0, 9), "age_10_19": (10, 19)})
    pupils, notes = count_pupils(county, scenario)
    assert pupils.loc["S1"].tolist() == [8, 10, 12]
    assert [note.code for note in notes] == ["demand_ages"]
    assert count_cohorts(county, scenario, 2026).parts[0].tolist() == [2500] * 10 + [4000] * 5


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 5000), min_size=15, max_size=15), st.integers(2026, 2030))
def test_age_groups_give_what_shares_by_hand_give(counts, year):
    groups = {"age_0_9": (0, 9), "age_10_19": (10, 19)}
    hand = {"lower_primary": {"age_0_9": 0.3}, "upper_primary": {"age_0_9": 0.1, "age_10_19": 0.2}, "junior": {"age_10_19": 0.3}}
    county = tiny_county()
    county = replace(county, settlements=county.settlements.assign(age_0_9=counts[:5], age_10_19=counts[5:10]))
    by_hand, _ = count_pupils(county, asked(shares=hand, why="by hand"))
    by_ages, _ = count_pupils(county, asked(source="census", ages=groups))
    pd.testing.assert_frame_equal(by_hand, by_ages)
    scenario = asked(year, source="census", ages=groups)
    pupils, _ = count_pupils(county, scenario)
    assert recount_pupils(county, scenario, NORMS) == by_pair(pupils)


def cohort_rows(year, counts):
    return [(home, year, age - 5 if age > 5 else np.nan, np.nan if age > 5 else age, count)
            for home, ages in zip(HOMES, counts, strict=True) for age, count in enumerate(ages)]  # fmt: skip


def test_a_cohort_table_is_the_same_as_columns_and_its_latest_count_wins():
    old, new = np.full((5, AGES), 50), np.arange(75).reshape(5, AGES)
    table = pd.DataFrame(cohort_rows(2025, old) + cohort_rows(2027, new), columns=["settlement_id", "year", "grade", "age", "pupils"])
    county = replace(tiny_county(), cohorts=table)
    for year in (2027, 2031):
        scenario = asked(year, source="cohorts")
        pupils, _ = count_pupils(county, scenario)
        wanted, _ = count_pupils(counted_county(new), asked(year - 1))
        pd.testing.assert_frame_equal(pupils, wanted)
        assert recount_pupils(county, scenario, NORMS) == by_pair(pupils)
    assert count_pupils(county, asked(2026, source="cohorts"))[0].to_numpy().sum() == 50 * 9 * 5


def test_a_place_without_pupils_today_has_the_countys_share_of_a_group():
    # S2 has nobody today; of the 18 others 9 are left behind, so of 6 who come 3 are
    county = counted_county([[1] * AGES, [0] * AGES, [1] * AGES, [0] * AGES, [0] * AGES])
    county = replace(county, settlements=county.settlements.assign(left_behind=[3, 0, 6, 0, 0]))
    then, _ = count_pupils(county, asked())
    then.loc["S2"] = [2, 2, 2]
    assert count_groups(county, then)["left_behind"].tolist() == [3, 3, 6, 0, 0]


def test_years_that_cannot_be_reached_are_told():
    county = tiny_county()
    for year, said in ((2025, "before"), (2028, "0-5")):
        pupils, notes = count_pupils(county, asked(year))
        assert [note.code for note in notes] == ["demand_unaged"]
        assert said in notes[0].text.en
        assert pupils.to_numpy().sum() == 99


def test_account_of_no_year_is_empty():
    accounts = account_children(tiny_county(), asked())
    assert list(accounts.columns) == list(ACCOUNT_COLUMNS)
    assert accounts.empty


def codes(county, year):
    return [note.code for note in count_pupils(county, asked(year))[1]]


def test_what_was_assumed_on_the_way_is_told_with_its_flag():
    county = counted_county([[10] * AGES] * 5)
    assert codes(county, 2026) == []
    (note,) = count_pupils(county, asked(2027, projection=Projection(variant="low")))[1]
    assert note.text.en.count("[A]") == 3
    assert "births change by -5% [A] a year" in note.text.en
    assert codes(county, 2032) == ["demand_carried"]
    assert codes(county, 2033) == ["demand_carried", "births_repeated"]
    planned = replace(county, outlook=outlook(("东乡", 2030, 4, np.nan, np.nan)), moves=moves(("S1", "S2", "2026-09-01", 50.0, np.nan, "")))
    assert codes(planned, 2030) == ["demand_carried", "moves_done"]
    assert codes(planned, 2036) == ["demand_carried", "outlook_continued", "moves_done"]
