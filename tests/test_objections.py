"""Comments of villagers: read from exports, counted, answered, and asked for by the gate."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest
from click.testing import CliRunner

from layout_planner.cli import main
from layout_planner.county.comments import COLUMNS, read_comments
from layout_planner.county.objections_table import OBJECTIONS, objection_rows
from layout_planner.county.table_files import read_table
from layout_planner.errors import InputError
from layout_planner.safeguards.gate import judge_plan
from layout_planner.scenario import TableFile
from tests.safe_case import AGREES, DEMAND, NORMS, county, plan, scenario, today

COMMENT = {
    "schema": 1, "id": "a1", "settlement_id": "S1", "settlement": "甲村", "scenario": "t", "plan_hash": "ff", "school_ids": ["P1"],
    "stance": "against", "text": "=路太远", "lang": "zh", "written_on": "2027-03-05",
}  # fmt: skip


def write(folder, **comments):
    paths = []
    for name, content in comments.items():
        paths.append(folder / f"{name}.json")
        paths[-1].write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return paths


def test_exports_are_collected_each_once_and_answers_are_kept(tmp_path):
    files = write(
        tmp_path, one=COMMENT, again=COMMENT, two=[{**COMMENT, "id": "b2", "stance": "for"}, {**COMMENT, "id": "c3", "stance": "question"}]
    )
    out = tmp_path / "objections.xlsx"
    result = CliRunner().invoke(main, ["objections", *map(str, files), "--out", str(out), "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["comments"] == 3
    assert told["settlements"] == [{"settlement_id": "S1", "plan_hash": "ff", "against": 1, "for": 1, "question": 1, "unanswered": 2}]
    table = objection_rows(read_table(TableFile(path=out.name), OBJECTIONS, tmp_path))
    assert list(table["text"]) == ["=路太远"] * 3
    answered = table.assign(answer=["保留1-3年级", "", ""], answered_on=["2027-03-20", "", ""], answered_by="县教育局")
    answered.to_csv(tmp_path / "answers.csv", index=False)
    kept = read_comments([*files, tmp_path / "answers.csv"])
    assert dict(zip(kept["comment_id"], kept["answer"], strict=True)) == {"a1": "保留1-3年级", "b2": "", "c3": ""}


@pytest.mark.parametrize(
    ("change", "column"),
    [({"schema": 2}, "schema"), ({"stance": "maybe"}, "stance"), ({"text": " "}, "text"), ({"text": "x" * 5001}, "text"),
     ({"written_on": "March"}, "written_on"), ({"settlement_id": None}, "settlement_id"), ({"id": ""}, "id"),
     ({"phone": "139"}, "contact")],
)  # fmt: skip
def test_a_comment_that_lacks_something_is_named(tmp_path, change, column):
    with pytest.raises(InputError) as caught:
        read_comments(write(tmp_path, bad=[COMMENT, {**COMMENT, **change}]))
    assert [(problem.row, problem.column) for problem in caught.value.problems] == [(2, column)]


@pytest.mark.parametrize("content", ["", "{", "3", "null"])
def test_what_is_no_comment_is_refused(tmp_path, content):
    (tmp_path / "x.json").write_text(content, encoding="utf-8")
    result = CliRunner().invoke(main, ["objections", str(tmp_path / "x.json"), "--out", str(tmp_path / "o.xlsx")])
    assert result.exit_code == 3
    assert not (tmp_path / "o.xlsx").exists()


def rows(*changes):
    return pd.DataFrame([{**dict.fromkeys(COLUMNS, ""), **row} for row in changes], columns=COLUMNS, dtype=object)


@pytest.mark.parametrize(
    ("stance", "home", "answer", "day", "verdict"),
    [
        ("against", "S1", "", "", "unknown"),
        ("question", "S2", "x", "", "unknown"),
        ("against", "S1", "x", "2027-03-20", "pass"),
        ("for", "S1", "", "", "pass"),
        ("against", "S4", "", "", "pass"),  # nobody of S4 is moved
    ],
)
def test_every_objection_of_a_village_that_is_moved_asks_for_an_answer(stance, home, answer, day, verdict):
    said = rows({"comment_id": "1", "settlement_id": home, "stance": stance, "text": "远", "answer": answer, "answered_on": day})
    here = replace(county(), objections=said)
    result = judge_plan(here, scenario(), NORMS, DEMAND, today(), plan(), AGREES)
    (finding,) = [finding for finding in result.findings if finding.rule == "objections"]
    assert finding.verdict == verdict
    assert result.passed == (verdict == "pass")
