"""Why a site stays or goes: the forced run is a run like any other, and the answer says what differs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from layout_planner.cli import main
from layout_planner.pipeline import run_scenario
from layout_planner.scenario import read_scenario
from layout_planner.why import answer_why, force_site

TINY = Path(__file__).parent / "data" / "tiny" / "scenario.toml"


def written(tmp_path: Path, plan: str) -> Path:
    path = tmp_path / "case.toml"
    path.write_text(f'extends = "{TINY}"\nname = "case"\n[data]\ndir = "{TINY.parent}"\n[plan]\n{plan}\n', encoding="utf-8")
    return path


def test_a_kept_school_is_closed_by_force_and_every_figure_is_that_of_the_run(tmp_path):
    source = written(tmp_path, 'move = "affected"')
    answer = answer_why(source, "P1")
    assert not answer.closed
    direct = run_scenario(written(tmp_path, 'close = ["P1"]\nmove = "affected"'))
    assert answer.other.measures["plan"] == direct.measures["plan"]
    assert answer.difference("sites_open") == -1
    moved = answer.changes()
    assert not moved.empty
    assert (moved["school_id"].str.contains("P1")).all()
    assert not moved["school_id_other"].str.contains("P1").any()
    lost = np.nan_to_num(moved["seconds_other"] - moved["seconds"])
    assert (np.diff(lost) <= 0).all()
    assert answer.refusals()


def test_a_closed_school_is_kept_by_force(tmp_path):
    answer = answer_why(written(tmp_path, 'close = ["P1"]\nmove = "affected"'), "P1")
    assert answer.closed
    assert answer.difference("sites_open") == 1
    assert answer.difference("at_risk") <= 0


def test_force_leaves_other_demands_alone():
    scenario = read_scenario(TINY)
    kept = force_site(scenario, "P1", keep=True).plan
    assert kept.keep == (*scenario.plan.keep, "P1")
    assert "P1" not in kept.close
    closed = force_site(scenario, "P1", keep=False).plan
    assert "P1" in closed.close
    assert closed.max_new_beds == scenario.plan.max_new_beds


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_verb_speaks(tmp_path, lang):
    source = written(tmp_path, 'move = "affected"')
    done = CliRunner(catch_exceptions=False).invoke(main, ["why", str(source), "P1", "--lang", lang])
    assert done.exit_code == 0
    assert {"zh": "方案保留", "en": "The plan keeps"}[lang] in done.stdout
    told = json.loads(CliRunner(catch_exceptions=False).invoke(main, ["why", str(source), "P1", "--json"]).stdout)
    assert told["closed"] is False
    assert told["changes"]


def test_an_unknown_site_is_an_input_problem(tmp_path):
    assert CliRunner().invoke(main, ["why", str(written(tmp_path, 'move = "affected"')), "nowhere"]).exit_code == 3
