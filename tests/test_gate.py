"""The gate: cases an official can read in gate_cases.toml, and what must hold for any set of records."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from functools import cache
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from layout_planner.county.objections_table import OBJECTIONS
from layout_planner.names import BANDS, MODES, RULES, name_band
from layout_planner.norms import read_norms
from layout_planner.results import BUS_OPTIONS, BusCheck, BusPlan, Verification
from layout_planner.safeguards.gate import judge_plan
from layout_planner.safeguards.verify import verify_layout
from layout_planner.scenario import Override
from layout_planner.words import Words
from tests.safe_case import AGREES, COLUMNS, DEMAND, NORMS, RECORDS, county, evidence, flooded, judge, plan, scenario, today
from tests.tiny import ORIGIN

CASES = tomllib.loads((Path(__file__).parent / "gate_cases.toml").read_text(encoding="utf-8"))["case"]
VERDICTS = {"pass": 0, "unknown": 1, "fail": 2}


norms_of = cache(read_norms)


def changed_records(change):
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in RECORDS if row[1] not in change.get("drop", ())]
    for item, values in change.get("set", {}).items():
        for row in rows:
            if row["item"] == item:
                row.update({column: None if value == "" else value for column, value in values.items()})
    rows += [{"school_id": "C1", "item": item, "signed_by": "x", **values} for item, values in change.get("add", {}).items()]
    return [tuple(row.get(column) for column in COLUMNS) for row in rows]


def changed_plan(change):
    proposed = plan()
    trips = proposed.assignment
    for key, values in change.get("trips", {}).items():
        home, band = key.split("/")
        for column, value in values.items():
            trips.loc[(trips["settlement_id"] == home) & (trips["band"] == band), column] = value
    for school, values in change.get("site", {}).items():
        for column, value in values.items():
            proposed.sites.loc[school, column] = value
    return replace(proposed, fixes=tuple(change.get("mended", ())))


def set_cells(table, changes):
    for row, values in changes.items():
        for column, value in values.items():
            table.loc[row, column] = value


def changed_county(change):
    here = county(changed_records(change))
    set_cells(here.schools, change.get("school", {}))
    set_cells(here.settlements, change.get("home", {}))
    for item, values in change.get("paper", {}).items():
        set_cells(here.evidence, dict.fromkeys(here.evidence.index[here.evidence["item"] == item], values))
    if "cafe_m" in change:
        here.venues.geometry = [shapely.Point(ORIGIN[0] + 6000 + change["cafe_m"], ORIGIN[1])]
    if "comments" in change:
        here = replace(here, objections=comments_of_s1(change["comments"]))
    return flooded(here, *change["bad_day"]) if "bad_day" in change else here


def comments_of_s1(comments):
    blank = {column.name: "" for column in OBJECTIONS.columns}
    return pd.DataFrame([{**blank, "settlement_id": "S1", "comment_id": str(at), **said} for at, said in enumerate(comments)])


def re_checked(change, here, asked, norms):
    if change.get("bad_day"):
        return verify_layout(here, asked, norms, plan(), today=today())
    if change.get("recheck"):
        return verify_layout(here, asked, norms, changed_plan(change), today=today())
    if "overfull" in change:
        return replace(AGREES, overfull=tuple(Words(fault, fault) for fault in change["overfull"]))
    if "buses" in change:
        faults = {change["buses"]: (Words("一处", "one place"),)} if change["buses"] else dict.fromkeys(BUS_OPTIONS, ())
        return replace(AGREES, buses=BusCheck(2, 81, faults))
    return AGREES


def judge_case(case):
    change = case.get("change", {})
    here, asked, before = changed_county(change), scenario(**change.get("plan", {})), today()
    overrides = tuple(Override(who="县", why="试", date="2027-01-01", **values) for values in change.get("override", ()))
    asked = asked.model_copy(update={"override": overrides})
    norms = norms_of(case.get("norms", "cn-rural"), overrides)
    checked = re_checked(change, here, asked, norms)
    set_cells(before.sites, change.get("now", {}))
    return judge_plan(here, asked, norms, DEMAND, before, changed_plan(change), checked)


@pytest.mark.parametrize("case", CASES, ids=[case["situation"] for case in CASES])
def test_gate_says_what_the_case_expects(case):
    result = judge_case(case)
    verdicts = [finding.verdict for finding in result.findings if finding.rule == case["rule"]]
    assert verdicts, [finding.rule for finding in result.findings]
    assert max(verdicts, key=VERDICTS.get) == case["verdict"]
    if case["verdict"] != "pass":
        assert not result.passed


def test_every_rule_has_cases_both_ways():
    seen = {rule: set() for rule in RULES}
    for case in CASES:
        seen[case["rule"]].add(case["verdict"] == "pass")
    assert seen.pop("least_enrolment") == {True}  # it names schools and refuses nothing: none must close for its size
    assert all(both == {True, False} for rule, both in seen.items()), seen


def test_the_undamaged_plan_passes_and_every_finding_speaks_both_languages():
    result = judge()
    assert result.passed
    assert result.mergers == ("P1",)
    for finding in result.findings:
        assert all([finding.text.zh, finding.text.en, finding.cure.zh, finding.cure.en, finding.source])


def test_nothing_merged_passes_with_one_finding():
    same = judge(ask=scenario(close=()), proposed=today())
    assert same.passed
    assert [finding.rule for finding in same.findings] == ["verified"]
    assert "Nothing is merged" in same.findings[0].text.en


def test_a_disagreement_names_both_figures_and_refuses():
    result = judge(checked=Verification(9, 12.0, (Words("甲：方案5，复核17", "x: the plan says 5, the re-check finds 17"),)))
    assert result.verdict == "fail"
    assert "5" in result.findings[0].text.en
    assert "17" in result.findings[0].text.en


def test_an_assumed_limit_says_so_and_villages_are_named():
    proposed = changed_plan({"trips": {"S1/upper_primary": {"seconds": 2760.0}}})
    finding = next(f for f in judge(proposed=proposed, checked=AGREES).findings if f.rule == "travel" and f.verdict == "fail")
    assert "assumption" in finding.text.en
    assert "假设" in finding.text.zh
    assert "甲村" in finding.text.zh
    assert "Jia" in finding.text.en


def test_a_trip_without_end_is_told_as_no_way_and_not_as_a_figure():
    proposed = changed_plan({"trips": {"S1/lower_primary": {"seconds": float("inf"), "pessimistic_s": float("inf")}}})
    finding = next(f for f in judge(proposed=proposed, checked=AGREES).findings if f.rule == "travel" and f.verdict == "fail")
    assert finding.measured is None
    assert "no way" in finding.text.en
    assert "没有可走的路" in finding.text.zh


@pytest.mark.parametrize("missing", [row[1] for row in RECORDS])
def test_unknown_never_passes(missing):
    result = judge([row for row in RECORDS if row[1] != missing], checked=AGREES)
    assert not result.passed
    assert any(finding.verdict == "unknown" for finding in result.findings)


@settings(max_examples=80, deadline=None)
@given(kept=st.sets(st.integers(0, len(RECORDS) - 1)), blank=st.sets(st.integers(0, len(RECORDS) - 1), max_size=2))
def test_less_evidence_never_turns_to_pass(kept, blank):
    """No record may be missing, and a record without its date is no record; of the survey the figures count, not the day."""
    rows = [tuple(None if i in blank and n == 2 else v for n, v in enumerate(row)) for i, row in enumerate(RECORDS) if i in kept]
    dated = {i for i, row in enumerate(RECORDS) if row[1] != "survey"}
    complete = len(kept) == len(RECORDS) and not blank & dated
    assert judge(rows, checked=AGREES).passed == complete


def test_seats_that_nobody_knows_are_unknown():
    here = county()
    here.schools.loc["C1", "seats"] = float("inf")
    result = judge_plan(here, scenario(), NORMS, DEMAND, today(), plan(), AGREES)
    assert [f.verdict for f in result.findings if f.rule == "seats"] == ["unknown"]
    assert replace(here, evidence=evidence()).evidence is not None


@pytest.mark.parametrize("case", CASES, ids=[case["situation"] for case in CASES])
def test_findings_are_sentences_without_keys(case):
    for finding in judge_case(case).findings:
        assert finding.rule in RULES
        for words in (finding.text, finding.cure):
            assert words.zh.endswith("。")
            assert words.en.endswith(".")
            assert not words.en[0].islower()
            for key in ("_", "walk", "nan", "()", "（）", "inf "):
                assert key not in (words.zh + words.en).replace("（plan.close_on）", "").replace("(plan.close_on)", "")


def test_figures_stand_beside_limits_of_their_own_kind():
    proposed = changed_plan({"site": {"C1": {"pupils": 201, "buses": 1, "new_beds": 3}}, "trips": {"S1/upper_primary": {"mode": "board"}}})
    proposed.sites.loc["C1", "boarders"] = 12
    found = {finding.rule: finding for finding in judge(proposed=proposed, checked=AGREES).findings}
    shown = {rule: (found[rule].measured, found[rule].limit, found[rule].unit) for rule in found}
    assert shown["seats"] == (201, 200, "seats")
    assert "assumption" not in found["seats"].text.en
    assert shown["bus_seats"][1:] == (36, "seats")
    assert shown["lodging"] == (12, 13, "boarders")
    assert shown["beds_accepted"] == (0, 3, "beds")
    assert shown["buses_licensed"] == (2, 1, "buses")
    assert shown["class_size"][1:] == (55, "pupils/class")
    assert shown["boarding_age"][1:] == (None, "pupils")
    assert shown["travel"][1:] in {(30, "min"), (45, "min")}
    assert shown["unserved"] == (0, 0, "pupils")


def test_bands_are_called_by_their_grades():
    assert name_band("lower_primary") == BANDS["lower_primary"] == Words("1-3年级", "grades 1-3")
    assert name_band("lower_primary", (1, 2)) == Words("1-2年级", "grades 1-2")
    assert name_band("only", (6,)) == Words("6年级", "grade 6")
    assert name_band("odd", (1, 3)) == Words("1、3年级", "grades 1 and 3")
    assert name_band("someone's own") == Words("someone's own", "someone's own")
    assert MODES["walk"] == Words("步行", "on foot")


def test_the_cheapest_cure_is_priced_by_hand():
    """One bus: 150,000 yuan, and 12 pupils x 400 trips x 5.5 km x 3.2 / 36 = 2,347 more; 600 + 660 x 1.3 / 0.75 = 1,744 s on a slow day.

    Keeping grades 1-3 at P1 for its 18 pupils: 60,000 for the site, 100 pupils' funds of 650, 3 classes of 1.9 teachers at 90,000.
    """
    proposed = changed_plan({"trips": {"S1/lower_primary": {"seconds": 1860.0, "pessimistic_s": 2400.0}}})
    cure = next(f.cure for f in judge(proposed=proposed, checked=AGREES).findings if f.rule == "travel" and f.verdict == "fail")
    assert cure.en == (
        "Cheapest: run 1 school bus to Central School, 30 minutes at most on a slow day, about 152,000 yuan a year;"
        " or keep grades 1-3 at this school, about 638,000 yuan a year."
    )
    assert cure.zh.startswith("最省的办法：开1辆校车到中心学校")


def test_where_no_bus_comes_in_time_the_grades_stay():
    here = county()
    slow = here.roads.edges.assign(road_class="track")  # 12 km/h
    here = replace(here, roads=replace(here.roads, edges=slow))
    proposed = changed_plan({"trips": {"S1/lower_primary": {"seconds": 1860.0, "pessimistic_s": 2400.0}}})
    result = judge_plan(here, scenario(), NORMS, DEMAND, today(), proposed, AGREES)
    cure = next(f.cure.en for f in result.findings if f.rule == "travel" and f.verdict == "fail")
    assert cure.startswith(
        "Cheapest: keep grades 1-3 at this school, about 638,000 yuan a year (a school bus would be in time for none of the 12"
    )


@pytest.mark.parametrize(("driven", "verdict"), [(2, "pass"), (3, "fail")])
def test_every_bus_that_the_routes_bring_needs_its_licence(driven, verdict):
    """Two are counted by seats and two are licensed; where the routes need a third one, it needs a licence too."""
    routes = gpd.GeoDataFrame({"site_id": ["C1"] * driven, "bus_id": [f"B{k}" for k in range(driven)]})
    buses = BusPlan(routes, gpd.GeoDataFrame(), pd.DataFrame())
    result = judge_plan(county(), scenario(), NORMS, DEMAND, today(), plan(), AGREES, buses=buses)
    found = next(finding for finding in result.findings if finding.rule == "buses_licensed")
    assert (found.verdict, found.measured, found.limit) == (verdict, 2.0, float(driven))
