"""Every shipped value has a unit and a source, or a flag that says it has none; dates and overrides do what they say."""

from __future__ import annotations

import re

import pytest

from layout_planner.errors import ScenarioError
from layout_planner.norms import (
    COMPARATORS,
    FLAGS,
    SEVERITIES,
    STATUSES,
    Norm,
    list_norm_sets,
    list_versions,
    read_norms,
    read_set_file,
)
from layout_planner.scenario import Override
from layout_planner.words import Words

ISO_PART = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")


@pytest.mark.parametrize("name", list_norm_sets())
def test_every_value_has_unit_source_and_flag(name):
    for norm in list_versions(name):
        assert norm.unit, norm.key
        assert norm.comparator in COMPARATORS, norm.key
        assert norm.severity in SEVERITIES, norm.key
        assert norm.flag in FLAGS, norm.key
        assert all(norm.note) if norm.assumed else norm.instrument or norm.number, norm.key
        assert set(norm.grades) <= set(range(1, 10)), norm.key
        assert norm.flag != "R3" or norm.severity != "hard", norm.key
        for day in (norm.valid_from, norm.valid_to):
            assert day == "" or ISO_PART.fullmatch(day), norm.key


@pytest.mark.parametrize("name", list_norm_sets())
def test_every_set_says_what_it_is(name):
    file = read_set_file(name)
    assert file.status in STATUSES
    assert all([file.title.zh, file.title.en, file.country.zh, file.country.en])
    for indicator in file.indicators:
        assert indicator.flag in FLAGS
        assert indicator.instrument or all(indicator.note)


def test_document_numbers_keep_their_full_prefix():
    """国办发〔2012〕48号 and 国发〔2012〕48号 are two texts."""
    for name in list_norm_sets():
        for norm in read_set_file(name).norms:
            assert not norm.number.startswith(("〔", "[", "2")), norm.key


def test_the_version_in_force_is_used():
    """Meals were paid with 4 yuan a day before autumn 2021 and with 5 after; 2021 saw both, and the later one counts."""
    for year, paid in ((2020, 4), (2021, 5), (2026, 5)):
        norms = read_norms("cn-rural", year=year)
        assert norms.value("cost.meal_per_day_yuan") == paid
        assert len([norm for norm in norms.norms if norm.key == "cost.meal_per_day_yuan"]) == 1
    assert read_norms("cn-rural").value("cost.boarder_allowance_yuan", grades=[1]) == 1250
    assert read_norms("cn-rural", year=2023).value("cost.boarder_allowance_yuan", grades=[1]) == 1000


def test_a_value_out_of_force_is_never_used_silently():
    """The school bus regulation dates from April 2012: in 2011 its speed limit is the nearest there is, and the set says so."""
    norms = read_norms("cn-rural", year=2011)
    assert norms.value("bus.speed_cap_kmh") == 60
    assert any("bus.speed_cap_kmh" in remark.zh and "bus.speed_cap_kmh" in remark.en for remark in norms.remarks)
    assert read_norms("cn-rural", year=2026).remarks == ()


def test_a_base_is_no_set_to_plan_with():
    with pytest.raises(ScenarioError, match="base"):
        read_norms("assumptions")


def change(key: str, value: float) -> Override:
    return Override(key=key, value=value, who="教育局", why="山区", date="2026-09-01")


def test_an_override_that_relaxes_a_hard_rule_is_told():
    norms = read_norms("cn-rural", [change("travel.max_minutes", 45)])
    young = norms.get("travel.max_minutes", grades=[1])
    assert (young.value, young.relaxes, young.flag) == (45, True, "A")
    assert "relaxed from 30 [R2]" in young.cite()
    assert [norm.relaxes for norm in norms.norms if norm.key == "travel.max_minutes"] == [True, False, False]
    assert len(norms.remarks) == 1
    assert "travel.max_minutes" in norms.remarks[0].zh
    assert norms.remarks[0].zh.startswith("放宽")


@pytest.mark.parametrize(
    ("comparator", "value", "relaxes"), [("<=", 31, True), ("<=", 29, False), (">=", 29, True), (">", 31, False), ("==", 29, True)]
)
def test_what_relaxes_follows_from_the_comparator(comparator, value, relaxes):
    norm = Norm("k", 30, "min", comparator, "hard", "law", "", None, "R1", Words("", ""))
    assert norm.changed(change("k", value)).relaxes is relaxes


def test_an_override_that_tightens_or_changes_a_cost_relaxes_nothing():
    norms = read_norms("cn-rural", [change("travel.max_minutes", 20), change("cost.teacher_yuan", 1)])
    assert norms.remarks == ()
    assert norms.get("travel.max_minutes", grades=[1]).override.startswith("changed from 30")


def test_an_unknown_override_is_refused():
    with pytest.raises(ScenarioError, match=r"travel\.max"):
        read_norms("cn-rural", [change("travel.max", 1)])
