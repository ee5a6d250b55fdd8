"""The terms after a merger: planned against reported, school by school."""

from __future__ import annotations

import json
import math

import pytest
from click.testing import CliRunner

from layout_planner.cli import main
from layout_planner.output import monitoring
from layout_planner.output.monitoring import promises_of
from layout_planner.safeguards.monitor import Promise, compare_terms
from tests.views import make_view

PROMISE = Promise(enrolled=81, riders=72, longest_minutes=23.0, limit_minutes=30.0, buses=2, beds=12, boarders=10)
GOOD = {"school_id": "C1", "term": "2027-1", "enrolled": 81, "riders": 72, "longest_minutes": 30.0, "buses": 2, "beds": 10, "boarders": 10,
        "absent": 0, "suspected": 0}  # fmt: skip


def states(**changes):
    return {reading.check: reading.state for reading in compare_terms({"C1": PROMISE}, [{**GOOD, **changes}])}


def test_what_the_plan_promised_is_good():
    assert set(states().values()) == {"good"}
    assert len(states()) == 7


@pytest.mark.parametrize(
    ("change", "check"),
    [({"enrolled": 80}, "enrolled"), ({"riders": 71}, "riders"), ({"longest_minutes": 30.1}, "longest_minutes"), ({"buses": 1}, "buses"),
     ({"beds": 9}, "beds"), ({"boarders": 11}, "beds"), ({"absent": 1}, "absent"), ({"suspected": 1}, "suspected")],
)  # fmt: skip
def test_each_safeguard_that_lapses_raises_the_alarm(change, check):
    assert {name for name, state in states(**change).items() if state == "alarm"} == {check}


@pytest.mark.parametrize("check", ["enrolled", "riders", "longest_minutes", "buses", "beds", "absent", "suspected"])
def test_what_nobody_reported_is_unknown(check):
    assert states(**{check: math.nan})[check] == "unknown"


def test_a_receiving_school_that_reports_nothing_is_named():
    (reading,) = compare_terms({"C1": PROMISE}, [{**GOOD, "school_id": "X"}])
    assert (reading.school_id, reading.state) == ("C1", "unknown")


def test_the_verb_says_what_lapsed(tmp_path, monkeypatch):
    view = make_view()
    monkeypatch.setattr(monitoring, "read_view", lambda _: view)
    promises = promises_of(view)
    assert promises
    lines = ["学校标识码,学期,在校生数,乘校车人数,最长分钟,在用校车数,可用床位数,寄宿生数,旷课人数,疑似辍学人数"]
    lines += [f"{key},2027-1,{p.enrolled},{p.riders},1,{p.buses},{p.beds},{p.boarders},0,0" for key, p in promises.items()]
    path = tmp_path / "terms.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    result = CliRunner().invoke(main, ["monitor", str(tmp_path), str(path), "--json"])
    told = json.loads(result.stdout)
    assert result.exit_code == (0 if all(entry["state"] == "good" for entry in told) else 5)
    assert {entry["state"] for entry in told if entry["check"] in {"enrolled", "absent", "suspected"}} == {"good"}
    path.write_text("\n".join([*lines[:-1], lines[-1].rsplit(",", 1)[0] + ",3"]), encoding="utf-8")
    shown = CliRunner().invoke(main, ["monitor", str(tmp_path), str(path), "--lang", "en"])
    assert shown.exit_code == 5
    assert "alarm" in shown.stdout
    path.write_text(lines[0] + "\nNOBODY,2027-1,1,1,1,1,1,1,0,0", encoding="utf-8")
    refused = CliRunner().invoke(main, ["monitor", str(tmp_path), str(path)])
    assert refused.exit_code == 3
    assert "NOBODY" in refused.output
