"""The goals of a run as the report tells them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from layout_planner.output.papers.report_goals import tell_goals
from layout_planner.words import Words

TERMS = {"harmed": 0.0, "at_risk_weighted": 12.5, "at_risk_bound": 12.0, "pupil_minutes": 9_000.0}


def told(plan: dict[str, object], **terms: float) -> list[tuple[str, str, str]]:
    solved = {"objective": 2_500_000.0, "bound": 2_450_000.0, "terms": {**TERMS, **terms}}
    part = tell_goals(SimpleNamespace(view=SimpleNamespace(title=Words("方案", "Plan")), scenario={"plan": plan}, solved=solved))
    assert part is not None
    for line in part.lines:
        assert all(cell.zh for cell in line.cells)
        assert len(line.cells) == len(part.heads)
    return [(line.cells[1].en, line.cells[2].en, line.cells[3].en) for line in part.lines]


def test_the_plain_order_is_told_with_its_bounds():
    assert told({}) == [
        ("pupils made worse off", "0", "—"),
        ("pupils at risk, weighed", "12.5", "12.0"),
        ("cost a year, 10,000 yuan", "250.0", "245.0"),
        ("minutes of all pupils", "9,000", "—"),
    ]


def test_roads_and_siblings_are_named_where_they_are_in_the_sum():
    rows = told({"objective": "lexicographic", "siblings_yuan": 300}, roads_yuan=60_000.0)
    assert rows[2][0] == "cost a year, 10,000 yuan, with roads by the year, the price of siblings apart"


@pytest.mark.parametrize(("objective", "name"), [("min_max", "longest daily trip, minutes"), ("p90", "what nine in ten of every group")])
def test_a_goal_on_times_stands_between_risk_and_yuan(objective, name):
    rows = told({"objective": objective}, goal_minutes=42.25, goal_minutes_bound=41.0)
    assert rows[2][0].startswith(name)
    assert rows[2][1:] == ("42.2", "41.0")
    assert len(rows) == 5


def test_pupils_lacking_at_small_schools_stand_between_risk_and_yuan():
    rows = told({"min_enrolment": 60}, lacking_pupils=40.0, lacking_pupils_bound=38.0)
    assert rows[2] == ("pupils lacking at schools below the least enrolment", "40", "38")


def test_a_weighted_sum_takes_the_place_of_its_terms():
    assert [row[0] for row in told({"objective": "weighted"})] == ["pupils made worse off", "the weighted sum, in 10,000"]


def test_a_run_that_kept_no_terms_tells_no_goals():
    assert tell_goals(SimpleNamespace(view=None, scenario={}, solved={"terms": {}})) is None
