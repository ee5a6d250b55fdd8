"""Who is at risk, why, and how evenly: hand-worked on the tiny county, and against brute force.

Today in the tiny county (walks of tests/tiny.py over the child's speed: 0.75, 0.85, 0.95 of an adult's; limits 30, 45, 60 min):
    S1 junior  -> C1  3928.571 / 0.95 = 4135 s > 3600; C1 has 10 beds: S4's 3 go first, 7 of S1's 12 board, 5 find no bed
    S2 lower   -> P1  1547.619 / 0.75 = 2063 s > 1800: too far, and too young to board          6 pupils
    S3 lower   -> C1  1428.571 / 0.75 = 1905 s > 1800                                           9
    S4 lower   -> P1  3571.429 / 0.75 = 4762 s > 1800                                           3
    S4 upper   -> P1  3571.429 / 0.85 = 4202 s > 2700; P1 has no beds at all                    3
    S5         off the network, all bands                                                       3 + 3 + 3
"""

from __future__ import annotations

import zlib
from dataclasses import replace
from math import ceil, floor

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layout_planner.assess.equity import gini, measure_equity, palma, quantile
from layout_planner.assess.groups import count_groups, list_risk_groups, share_groups
from layout_planner.county.demand import count_pupils
from layout_planner.norms import NormSet, read_norms
from layout_planner.plan.case import Case
from layout_planner.plan.forms import sites_of
from layout_planner.plan.layout import ASSIGNMENT_COLUMNS, Layout
from layout_planner.plan.present import present_layout
from layout_planner.risk import CAUSES, assess_risk, keep_norms, trip_causes
from tests.test_plan import NORMS, scenario_with, tiny_travel
from tests.test_plan_properties import COUNTIES, QUICK, draw_minutes, make_case
from tests.tiny import tiny_county

SCENARIO = scenario_with(move="none")
SHARES = st.lists(st.tuples(st.integers(0, 300), st.integers(1, 40)), min_size=1, max_size=30)


def tiny_case(**changes: object) -> Case:
    county = tiny_county(**changes)
    return Case(SCENARIO, NORMS, county, count_pupils(county, SCENARIO)[0], tiny_travel(), sites_of(county.schools, SCENARIO))


def risk_of(case: Case, layout: Layout) -> pd.DataFrame:
    return assess_risk(layout, case.county, case.travel, NORMS, SCENARIO)


def cause_of(  # noqa: PLR0913 - a trip has this many parts
    case: Case, mode: str, settlement_id: str, band: str, school_id: str, seconds: float, *,
    norms: NormSet = NORMS, metres: float = 0.0, **sites: object,
) -> str:  # fmt: skip
    """Return the cause of a single trip under today's layout with `sites` columns replaced."""
    today = present_layout(case)
    row = pd.DataFrame(
        [(settlement_id, band, school_id, mode, 1, seconds, metres, 0.0, seconds, seconds)], columns=list(ASSIGNMENT_COLUMNS)
    )
    cause = trip_causes(Layout(today.sites.assign(**sites), row), case.travel, norms, SCENARIO)[0]
    assert keep_norms(row, norms, SCENARIO).tolist() == [cause == ""]
    return cause


def test_who_is_at_risk_in_the_tiny_county_today_and_by_how_much():
    case = tiny_case()
    risk = risk_of(case, present_layout(case))
    found = {
        (r.settlement_id, r.band): (r.pupils, r.cause, round(r.over_s) if np.isfinite(r.over_s) else r.over_s) for r in risk.itertuples()
    }
    bands = ("lower_primary", "upper_primary", "junior")
    assert found == {
        ("S1", "junior"): (5, "no_bed", 535),
        ("S2", "lower_primary"): (6, "too_far_walk", 263),
        ("S3", "lower_primary"): (9, "too_far_walk", 105),
        ("S4", "lower_primary"): (3, "too_far_walk", 2962),
        ("S4", "upper_primary"): (3, "too_far_walk", 1502),
        **{("S5", band): (3, "off_network", np.inf) for band in bands},
    }


def test_every_cause_has_its_trip():
    case = tiny_case()
    travel = case.travel
    no_way = np.where(np.arange(5)[:, None] == 3, np.inf, 1.0)
    apart = replace(case, travel=replace(travel, walk_s=travel.walk_s * no_way, ride_s=travel.ride_s * no_way))
    found = {
        # S1 -> P1 lower: on flat ground 357.143 / 0.75 = 476 s is within 1800 s
        "steep_climb": cause_of(case, "walk", "S1", "lower_primary", "P1", 1801.0),
        "too_far_walk": cause_of(case, "walk", "S4", "upper_primary", "P1", 4202.0),
        # 1001 m in time: India's rules allow 1 km to class V
        "too_far_walk_km": cause_of(case, "walk", "S1", "lower_primary", "P1", 1800.0, norms=read_norms("in-rte"), metres=1001.0),
        "no_bed": cause_of(case, "walk", "S1", "junior", "C1", 4135.0),
        "too_far_ride": cause_of(case, "school_bus", "S4", "lower_primary", "C1", 1801.0),
        "boarding_too_young": cause_of(case, "board", "S3", "lower_primary", "C1", 10.0),
        "boarding_too_far": cause_of(case, "board", "S1", "junior", "C1", 180 * 60 + 1),
        "off_network": cause_of(case, "unserved", "S5", "junior", "", np.inf),
        "no_route": cause_of(apart, "unserved", "S4", "junior", "", np.inf),
        "no_place": cause_of(case, "unserved", "S4", "lower_primary", "", np.inf, seats=0.0),
        "": cause_of(case, "walk", "S4", "upper_primary", "P1", 2700.0),
    }
    assert found == {cause: cause for cause in found}
    assert set(CAUSES) - set(found) == {"cut_off"}


def test_no_bed_is_told_from_no_place_and_from_a_school_without_beds():
    case = tiny_case()
    # S4 junior has no trip; C1 (10 beds, all taken) is within a week's ride
    assert cause_of(case, "unserved", "S4", "junior", "", np.inf) == "no_bed"
    assert cause_of(case, "unserved", "S4", "junior", "", np.inf, seats=1.0) == "no_place"
    assert cause_of(case, "unserved", "S4", "lower_primary", "", np.inf) == "no_place"
    assert cause_of(case, "walk", "S1", "junior", "C1", 4135.0, boarders=9) == "too_far_walk"
    assert cause_of(case, "walk", "S1", "junior", "C1", 4135.0, boarders=0, beds=0) == "too_far_walk"


def test_left_behind_pupils_are_shared_over_the_ways_of_their_village():
    # S1: 10 of 36 pupils, in the order junior board 7, junior walk 5, lower 12, upper 12. Rounding starts at checksum / 1000:
    # running expected 10 * 7/36 = 1.94, 3.33, 6.67, 10, each plus the start, rounded down.
    case = tiny_case()
    today = present_layout(case)
    groups = count_groups(case.county, case.demand)
    assert groups["left_behind"].to_dict() == {"S1": 10, "S2": 3, "S3": 6, "S4": 2, "S5": 2}
    start = zlib.crc32(b"S1|left_behind") % 1000 / 1000
    running = [0, *(floor(10 * until / 36 + start) for until in (7, 12, 24, 36))]
    shared = share_groups(today.assignment, groups)
    assert shared.loc[shared["settlement_id"] == "S1", "left_behind"].tolist() == np.diff(running).tolist()
    risky = list_risk_groups(risk_of(case, today), today.assignment, groups)
    walkers = risky[(risky["settlement_id"] == "S1") & (risky["group"] == "left_behind")]
    assert walkers["pupils"].tolist() == [running[2] - running[1]]
    assert walkers["cause"].tolist() == ["no_bed"]


def test_group_counts_follow_the_pupils_of_the_scenarios_year():
    county = tiny_county()
    demand = count_pupils(county, SCENARIO)[0]
    half = count_groups(county, demand.assign(junior=0, upper_primary=demand["upper_primary"] // 2))
    # pupils S1 18 of 36, S2 9 of 18, S3 13 of 27, S4 4 of 9, S5 4 of 9: 5 + 1.5 + 2.889 + 0.889 + 0.889 = 11.167 -> 11
    assert half["left_behind"].to_dict() == {"S1": 5, "S2": 1, "S3": 3, "S4": 1, "S5": 1}
    assert count_groups(tiny_county(settlements=county.settlements.drop(columns="left_behind")), demand).columns.empty


@given(st.lists(st.tuples(st.sampled_from("ABCD"), st.integers(0, 60)), min_size=1, max_size=25), st.randoms(use_true_random=False))
def test_sharing_keeps_every_villages_count_and_no_part_is_off_by_one(parts, random):
    trips = pd.DataFrame(
        [(home, f"b{k:02}", "P", "walk", pupils) for k, (home, pupils) in enumerate(parts)],
        columns=["settlement_id", "band", "school_id", "mode", "pupils"],
    )
    totals = trips.groupby("settlement_id")["pupils"].sum()
    groups = pd.DataFrame({"poor": [random.randint(0, total) for total in totals]}, index=totals.index)
    shared = share_groups(trips, groups)
    assert shared.groupby("settlement_id")["poor"].sum().to_dict() == groups["poor"].to_dict()
    for row in shared.itertuples():
        expected = groups.at[row.settlement_id, "poor"] * row.pupils / max(1, totals[row.settlement_id])
        assert floor(expected - 1e-9) <= row.poor <= ceil(expected + 1e-9)
        assert row.poor <= row.pupils
    order = list(range(len(trips)))
    random.shuffle(order)
    pd.testing.assert_frame_equal(share_groups(trips.iloc[order], groups), shared)


@given(SHARES)
def test_gini_and_quantiles_equal_brute_force_over_single_pupils(pairs):
    values, weights = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
    each = np.sort(np.repeat(values, weights.astype(int)))
    if each.sum() == 0:
        assert gini(values, weights) == 0
    else:
        difference = np.abs(each[:, None] - each[None, :]).mean()
        assert gini(values, weights) == pytest.approx(difference / (2 * each.mean()), abs=1e-9)
    for share in (0.5, 0.9):
        assert quantile(values, weights, share) == each[ceil(share * len(each) - 1e-9) - 1]


def test_gini_and_palma_of_cases_known_by_heart():
    even, one = np.ones(10), np.array([0.0] * 9 + [1.0])
    assert gini(even, even) == pytest.approx(0.0)
    assert gini(one, even) == pytest.approx(0.9)  # (n - 1) / n when one has all
    assert palma(even, even) == pytest.approx(0.25)  # a tenth over four tenths
    assert palma(np.arange(1.0, 11), even) == pytest.approx(10 / (1 + 2 + 3 + 4))
    assert quantile(np.array([1.0, np.inf]), np.array([9.0, 1.0]), 0.9) == 1.0
    assert quantile(np.array([1.0, np.inf]), np.array([8.0, 2.0]), 0.9) == np.inf


def test_equity_of_the_tiny_county():
    # Junior: S1 7 board, 5 walk 4135.34 s; S2 6 walk 3132.83; S3 9 walk 1428.571 / 0.95 = 1503.76; S4 3 board; S5 3 without a way.
    case = tiny_case()
    today = present_layout(case)
    table = measure_equity(today.assignment, risk_of(case, today), count_groups(case.county, case.demand), case.county, SCENARIO.bands)
    junior = table.set_index(["by", "key"]).loc[("band", "junior")]
    assert (junior["pupils"], junior["boarders"], junior["without_way"]) == (33, 10, 3)
    assert junior["mean_s"] == pytest.approx((5 * 4135.34 + 6 * 3132.83 + 9 * 1503.76) / 20, abs=0.01)
    assert junior["median_s"] == pytest.approx(3132.83, abs=0.01)  # the 12th of 23 day pupils: 9 at 1504, then 6 at 3133
    assert junior["p90_s"] == np.inf  # the 21st of 23 has no way
    assert (junior["worst_s"], junior["worst_settlement"]) == (np.inf, "S5")
    assert junior["at_risk_share"] == pytest.approx(8 / 33)
    assert table["by"].drop_duplicates().tolist() == ["county", "band", "group", "township"]
    assert table.loc[table["by"] == "band", "key"].tolist() == list(SCENARIO.bands)
    assert table.loc[table["by"] == "township", "pupils"].sum() == 99


@QUICK
@given(COUNTIES)
def test_closing_a_school_never_shortens_the_worst_childs_way(county):
    pupils, seats, random = county
    case = make_case(pupils, [None] * len(seats), draw_minutes(random, len(pupils), len(seats)))
    schools = case.county.schools
    fewer = replace(case.county, schools=schools.assign(candidate=schools.index == "P0"))
    closed = replace(case, county=fewer, sites=sites_of(fewer.schools, case.scenario))
    worst = []
    for one in (case, closed):
        today = present_layout(one)
        risk = assess_risk(today, one.county, one.travel, NORMS, one.scenario)
        table = measure_equity(today.assignment, risk, count_groups(one.county, one.demand), one.county, one.scenario.bands)
        worst.append(table.loc[0, "worst_s"])
    assert worst[1] >= worst[0]


def test_row_order_of_trips_is_without_effect():
    case = tiny_case()
    today = present_layout(case)
    groups = count_groups(case.county, case.demand)
    turned = today.assignment.iloc[::-1].reset_index(drop=True)
    risks = [risk_of(case, Layout(today.sites, trips)) for trips in (today.assignment, turned)]
    tables = [
        (list_risk_groups(risk, trips, groups), measure_equity(trips, risk, groups, case.county, SCENARIO.bands))
        for risk, trips in zip(risks, (today.assignment, turned), strict=True)
    ]
    for one, other in zip(*tables, strict=True):
        pd.testing.assert_frame_equal(one, other)
