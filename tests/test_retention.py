"""Retention, dropout and their link to the way to school: by hand, against another library, and where there is too little to say."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from layout_planner.assess.commute_link import fit_curve, link_units, tabulate_link, wilson_interval
from layout_planner.assess.retention import INDICATORS, measure_retention, rank_places, sum_terms
from layout_planner.county.yearly_tables import REGISTERS
from tests.broken import copy_good, point_to
from tests.test_cli import call
from tests.test_plan import NORMS
from tests.tiny import tiny_county

BANDS = {"lower_primary": (1, 2, 3), "upper_primary": (4, 5, 6), "junior": (7, 8, 9)}


def registers(*rows):
    """Return register rows; every row names what it fills."""
    table = pd.DataFrame(list(rows)).reindex(columns=[column.name for column in REGISTERS.columns])
    return table.astype({column.name: float for column in REGISTERS.columns if column.kind == "int"})


def row(school, grade, enrolled, year=2025, **more):
    known = {"transferred_in": 0, "transferred_out": 0, "suspended": 0, "dropped_out": 0, "suspected": 0}
    return {"school_id": school, "year": year, "grade": grade, "enrolled_start": enrolled, **known, **more}


def rate(rates, level, key, stage):
    [found] = rates[(rates["level"] == level) & (rates["key"] == key) & (rates["stage"] == stage)].to_dict(orient="records")
    return found


def test_rates_by_hand():
    # P1 (东乡) grade 6: 20 pupils, 3 moved out, 1 moved in, 1 suspended, 1 dropped out; 18 graduated of 20 who entered.
    # C1 (西乡) grade 9: 40 pupils, 2 dropped out, 1 returned, 5 suspected; 36 graduated of 45 who entered grade 1.
    table = registers(
        row("P1", 6, 20, transferred_out=3, transferred_in=1, suspended=1, dropped_out=1, graduated=18, entered_grade1=20),
        row("C1", 9, 40, dropped_out=2, returned=1, suspected=5, graduated=36, entered_grade1=45),
    )
    rates = measure_retention(replace(tiny_county(), registers=table))
    county = rate(rates, "county", "", "all")
    assert (county["enrolled"], county["dropout_register"], county["suspected_share"]) == (60, 3 / 60, 5 / 60)
    assert county["retention"] == 36 / 45
    assert county["net_loss"] == (1 + 3 + 0 + 3) - (1 + 1)
    assert county["dropout_statistical"] == 5 / 60
    assert rate(rates, "county", "", "primary")["retention"] == 18 / 20
    assert rate(rates, "township", "东乡", "primary")["dropout_statistical"] == 4 / 20
    assert np.isnan(rate(rates, "school", "P1", "all")["retention"])
    assert rate(rates, "school", "C1", "all")["retention"] == 0.8
    assert np.isnan(rate(rates, "county", "", "junior")["retention"])


def test_terms_are_summed_and_the_first_start_counts():
    whole = registers(row("C1", 9, 40, dropped_out=3, transferred_out=2, graduated=35, entered_grade1=41))
    late = row("C1", 9, 38, term=2, dropped_out=1, transferred_out=2, graduated=35, entered_grade1=41)
    halves = registers(late, row("C1", 9, 40, term=1, dropped_out=2))
    columns = ["enrolled_start", "dropped_out", "transferred_out", "graduated", "entered_grade1"]
    pd.testing.assert_frame_equal(sum_terms(whole)[columns], sum_terms(halves)[columns])


def test_what_is_not_known_is_never_a_zero():
    table = registers({"school_id": "C1", "year": 2025, "grade": 9, "enrolled_start": 40})
    found = rate(measure_retention(replace(tiny_county(), registers=table)), "county", "", "all")
    assert all(np.isnan(found[name]) for name in ("dropout_register", "dropout_statistical", "suspected_share", "retention"))
    table = registers({"school_id": "C1", "year": 2025, "grade": 9, "enrolled_start": 40, "dropped_out": 1})
    found = rate(measure_retention(replace(tiny_county(), registers=table)), "county", "", "all")
    assert found["dropout_register"] == 1 / 40
    assert np.isnan(found["dropout_statistical"])  # transfers are not given


def test_only_the_latest_year_counts_unless_another_is_asked_for():
    table = registers(row("C1", 9, 40, year=2024, dropped_out=4), row("C1", 9, 50, year=2025, dropped_out=1))
    county = replace(tiny_county(), registers=table)
    assert rate(measure_retention(county), "county", "", "all")["dropout_register"] == 1 / 50
    assert rate(measure_retention(county, 2024), "county", "", "all")["dropout_register"] == 4 / 40


def test_counties_are_ranked_by_retention_then_dropout():
    def rates(graduated, dropped):
        table = registers(row("C1", 9, 100, dropped_out=dropped, graduated=graduated, entered_grade1=None if graduated is None else 100))
        return measure_retention(replace(tiny_county(), registers=table))

    counties = {"D": rates(None, 0), "B": rates(90, 2), "A": rates(90, 5), "C": rates(95, 9)}
    ranked = rank_places(counties, "county")
    assert list(ranked["county"]) == ["C", "B", "A", "D"]
    assert list(ranked["rank"]) == [1, 2, 3, 4]


def test_every_rate_has_its_formula_and_flag():
    known = {indicator.key: indicator for indicator in NORMS.indicators}
    for keys in INDICATORS.values():
        for key in keys:
            assert known[key].formula.zh
            assert known[key].flag in {"R1", "R2", "R3", "A", "D"}


@given(st.integers(0, 400), st.integers(0, 400))
def test_wilson_is_the_interval_of_the_library(events, more):
    trials = events + more
    if trials == 0:
        assert np.isnan(wilson_interval(events, trials)).all()
    else:
        assert wilson_interval(events, trials) == pytest.approx(proportion_confint(events, trials, method="wilson"), abs=1e-12)


def trips(*rows):
    return pd.DataFrame(rows, columns=["settlement_id", "band", "school_id", "mode", "pupils", "seconds"])


def test_units_stand_at_the_mean_minutes_of_their_day_pupils():
    # Of C1's junior pupils 30 walk 10 minutes, 10 ride 50, so 20 minutes on average; 10 board and are in no minutes.
    table = registers(
        row("C1", 7, 30, suspected=1), row("C1", 8, 20, suspected=2), row("C1", 1, 9, suspected=0), row("P1", 1, 12, suspected=3)
    )
    layout = trips(
        ("S1", "junior", "C1", "walk", 30, 600.0),
        ("S2", "junior", "C1", "school_bus", 10, 3000.0),
        ("S3", "junior", "C1", "board", 10, 9000.0),
        ("S1", "lower_primary", "P1", "board", 12, 60.0),
        ("S4", "lower_primary", "", "unserved", 5, np.inf),
    )
    units = link_units(table, layout, BANDS, "suspected").set_index(["school_id", "band"])
    assert units.loc[("C1", "junior")].to_dict() == {"pupils": 50, "events": 3, "minutes": 20.0, "boarding": 0.2}
    assert np.isnan(units.loc[("P1", "lower_primary"), "minutes"])
    assert ("C1", "lower_primary") not in units.index  # nobody of that band attends it in the layout
    link = tabulate_link(units.reset_index()).set_index("minutes")
    assert link.loc["15-30", ["units", "pupils", "events"]].tolist() == [1, 50, 3]
    assert link.loc["boarding", ["units", "pupils", "events"]].tolist() == [1, 12, 3]
    assert link["pupils"].sum() == 62


def drawn_units(count, slope, seed=1, pupils=400):
    rng = np.random.default_rng(seed)
    minutes = rng.uniform(5, 90, count)
    events = rng.binomial(pupils, 1 / (1 + np.exp(4.5 - slope * minutes)))
    units = pd.DataFrame({"pupils": pupils, "events": events, "minutes": minutes, "boarding": 0.0})
    return units.assign(school_id=[f"A{at}" for at in range(count)], band="junior")


def test_the_curve_finds_the_slope_that_made_the_data():
    # made with odds that grow by exp(10 * 0.02) = 1.221 every ten minutes
    curve = fit_curve(drawn_units(80, 0.02), NORMS)
    assert curve.reason is None
    middle, low, high = curve.odds
    assert low < np.exp(0.2) < high
    assert middle == pytest.approx(np.exp(0.2), rel=0.1)
    assert 0.6 < curve.dispersion < 1.6
    assert (curve.points["low"] < curve.points["share"]).all()
    assert (curve.points["share"] < curve.points["high"]).all()
    assert curve.points["minutes"].is_monotonic_increasing


def test_scattered_counts_widen_the_band():
    units = drawn_units(60, 0.02)
    rough = units.assign(events=np.where(np.arange(60) % 2, units["events"] * 2, 0))
    calm, wild = fit_curve(units, NORMS), fit_curve(rough, NORMS)
    assert wild.dispersion > 3 * calm.dispersion
    assert np.log(wild.odds[2] / wild.odds[1]) > 1.5 * np.log(calm.odds[2] / calm.odds[1])


def test_row_order_is_without_effect_on_the_curve():
    units = drawn_units(40, 0.02)
    one, other = fit_curve(units, NORMS), fit_curve(units.sample(frac=1, random_state=3), NORMS)
    assert one.odds == pytest.approx(other.odds, rel=1e-9)


@pytest.mark.parametrize(
    ("units", "said"),
    [
        (drawn_units(80, 0.02).assign(events=0), "0 events, fewer than 20"),
        (drawn_units(80, 0.02).assign(minutes=30.0), "only 1 schools and bands"),
        (drawn_units(9, 0.02, pupils=2000), "only 9 schools and bands"),
        (drawn_units(80, 0.02).assign(boarding=0.9), "0 events"),
    ],
)
def test_too_little_gives_a_reason_and_no_curve(units, said):
    curve = fit_curve(units, NORMS)
    assert curve.points is None
    assert curve.odds is None
    assert said in curve.reason.en


def test_without_the_library_the_reason_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "statsmodels.genmod.generalized_linear_model", None)
    assert "layout-planner[analysis]" in fit_curve(drawn_units(80, 0.02), NORMS).reason.en


def test_ways_without_end_do_not_steer_the_curve():
    units = drawn_units(40, 0.02)
    far, near = units.copy(), units.copy()
    far.loc[0, "minutes"], near.loc[0, "minutes"] = 400.0, 120.0
    assert fit_curve(far, NORMS).odds == pytest.approx(fit_curve(near, NORMS).odds)


@pytest.fixture
def folder(tmp_path):
    return copy_good(tmp_path / "county")


def test_the_verb_tells_tables_reasons_and_definitions(folder):
    code, stdout, stderr = call("retention", folder / "scenario.toml", "--lang", "en", "--out", folder / "out")
    assert code == 0, stderr
    assert "fewer than 20" in stdout
    assert "[R3]" in stdout
    assert "not for publication" in stdout
    assert "Words(" not in stdout
    assert "leaves transfers out" in stdout
    assert "不含转学" in call("retention", folder / "scenario.toml", "--lang", "zh", "--out", folder / "out")[1]
    assert {path.name for path in (folder / "out" / "tiny").iterdir()} == {"retention.csv", "link.csv", "link.png"}


def test_several_counties_are_ranked(folder, tmp_path):
    other = copy_good(tmp_path / "other")
    point_to('name = "tiny"', 'name = "other"')(other)
    code, stdout, stderr = call("retention", folder / "scenario.toml", other / "scenario.toml", "--lang", "en")
    assert code == 0, stderr
    assert "counties, ranked" in stdout
    code, stdout, _ = call("retention", folder / "scenario.toml", other / "scenario.toml", "--json")
    told = json.loads(stdout)["counties"]
    assert [county["scenario"] for county in told] == ["tiny", "other"]
    [county] = [row for row in told[0]["rates"] if (row["level"], row["stage"]) == ("county", "all")]
    # P1 grade 6 has 11 pupils, C1 grade 9 has 10 in the first term: 1 of 21 dropped out, 9 of 12 came through nine years
    assert (county["dropout_register"], county["retention"]) == (pytest.approx(1 / 21), 0.75)


def test_the_same_county_twice_and_no_registers_are_refused(folder):
    code, _, stderr = call("retention", folder / "scenario.toml", folder / "scenario.toml", "--lang", "en")
    assert (code, "same name" in stderr) == (3, True)
    point_to("registers =", "# registers =")(folder)
    code, _, stderr = call("retention", folder / "scenario.toml", "--lang", "en")
    assert (code, "registers are not given" in stderr) == (3, True)
