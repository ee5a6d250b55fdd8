"""The frontier as people read it; the plans behind it are tested in test_plan."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from layout_planner.county.model import Note
from layout_planner.errors import InputError
from layout_planner.frontier import Frontier, Step, study_frontier
from layout_planner.output.frontier_pages import describe_frontier, frontier_table, say_frontier, write_frontier
from layout_planner.output.study_files import list_not_counted
from layout_planner.sweep import note_not_counted
from layout_planner.words import Words
from tests.test_plan import scenario_with
from tests.tiny import tiny_county

ROOT = Path(__file__).parents[1]
TODAY = {"sites_open": 2.0, "at_risk": 20.0, "p90_minutes": 50.0, "mean_minutes": 20.0, "cost_yuan": 2_000_000.0}
HOSTILE = "</script><script>alert(1)</script>{{ 7*7 }}"


def frontier_of(*steps: tuple[int, float, float, tuple[str, ...]], name: str = "甲小学") -> Frontier:
    county = tiny_county()
    county.schools.loc["P1", "name"] = name
    made = tuple(
        Step(kept, {**TODAY, "sites_open": float(kept), "cost_yuan": yuan, "mean_minutes": minutes}, 0.99 * yuan, 0.01, closed)
        for kept, yuan, minutes, closed in steps
    )
    return Frontier(scenario_with(), county, TODAY, made)


def test_the_sentence_tells_what_keeping_all_costs():
    found = frontier_of((2, 2_500_000.0, 20.0, ()), (1, 2_100_000.0, 23.5, ("P1",)))
    assert say_frontier(found).en == (
        "Keeping all schools costs 400,000 yuan a year more than the cheapest plan, which runs 1 school fewer"
        " and makes the mean trip 3.5 minutes longer. It is proven that this difference is between 375,000 and 421,000 yuan."
    )
    # a hundredth of each is not proven: 2,475,000 - 2,100,000 at least, 2,500,000 - 2,079,000 at most
    assert "40.0万元" in say_frontier(found).zh
    assert "在37.5万元到42.1万元之间" in say_frontier(found).zh
    exact = replace(found, steps=tuple(replace(step, bound=step.measures["cost_yuan"]) for step in found.steps))
    assert say_frontier(exact).en.endswith("longer. This difference is proven.")
    stopped = frontier_of((2, 2_500_000.0, 20.0, ()))
    assert say_frontier(stopped).en.startswith("No cheaper plan was found in time; at most 1.0 %")
    proven = replace(stopped, steps=(replace(stopped.steps[0], gap=0.0),))
    assert say_frontier(proven).en.startswith("No school can close")


def test_table_and_json_hold_every_plan_and_today():
    found = frontier_of((2, 2_500_000.0, 20.0, ()), (1, 2_100_000.0, 23.5, ("P1",)))
    assert frontier_table(found, "zh").row_count == 3
    steps = describe_frontier(found)["steps"]
    assert [step["closed"] for step in steps] == [[], ["P1"]]
    assert [step["cost_bound_yuan"] for step in steps] == [2_475_000.0, 2_079_000.0]


def test_the_files_are_written_twice_alike_and_no_name_runs_as_code(tmp_path):
    found = frontier_of((2, 2_500_000.0, 20.0, ()), (1, 2_100_000.0, 23.5, ("P1",)), name=HOSTILE)
    first, second = (write_frontier(found, tmp_path / part, "zh") for part in ("a", "b"))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    rows = list(csv.DictReader(first[0].read_text(encoding="utf-8-sig").splitlines()))
    assert [row["closed"] for row in rows] == ["", "P1"]
    page = first[2].read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "49" not in page.split("<body>")[1].split("data:image")[0]


def test_what_the_scenario_asks_and_a_frontier_does_not_heed_is_said(tmp_path):
    found = frontier_of((2, 2_500_000.0, 20.0, ()), (1, 2_100_000.0, 23.5, ("P1",)))
    other = Note("norms", Words("规范说明", "a remark on the norms"))
    asked = scenario_with(bus_rounds=2, price_of_holding=True)
    noted = replace(found, notes=(other, *note_not_counted(asked.plan)))
    assert note_not_counted(scenario_with().plan) == ()
    page = write_frontier(noted, tmp_path, "en")[2].read_text(encoding="utf-8")
    top, below = page.split("<img", 1)[0], page.rsplit("</table>", 1)[1]
    for key in ("bus_rounds", "price_of_holding"):
        assert f"{key} does not count here" in top
        assert f"{key} 在这里不起作用" in top
        assert key not in below
    assert "a remark on the norms" in below
    assert [note["en"].split()[0] for note in describe_frontier(noted)["notes"]] == ["a", "bus_rounds", "price_of_holding"]
    assert [text.en.split()[0] for text in list_not_counted(noted.notes)] == ["bus_rounds", "price_of_holding"]


def test_a_scenario_in_which_nothing_may_close_has_no_frontier():
    with pytest.raises(InputError) as refused:
        study_frontier(ROOT / "scenarios" / "keep-all.toml")
    assert refused.value.problems[0].column == "plan.may_close"
