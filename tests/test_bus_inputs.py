"""Broken input of school buses ends in a sentence that says where and what, exit code 3, and nothing written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from layout_planner.cli import main

GOOD = Path(__file__).parent / "data" / "tiny"


def check(folder: Path) -> tuple[int, list[dict[str, str]]]:
    done = CliRunner().invoke(main, ["check", str(folder / "scenario.toml"), "--json", "--lang", "en"])
    return done.exit_code, json.JSONDecoder().raw_decode(done.stdout)[0].get("problems", []) if done.exit_code else []


def test_the_tiny_county_with_its_fleet_is_fine():
    assert check(GOOD) == (0, [])


@pytest.mark.parametrize(
    ("file", "old", "new", "column"),
    [
        ("fleet.csv", "K19,19座小学生专用校车,19,", "K19,19座小学生专用校车,0,", "seats"),
        ("fleet.csv", "K19,19座小学生专用校车,19,", "K19,19座小学生专用校车,many,", "seats"),
        ("fleet.csv", "K19,19座小学生专用校车,19,2", "K19,19座小学生专用校车,19,-2", "number"),
        ("fleet.csv", "K38,", "K19,", "kind_id"),
        ("fleet.csv", ",school", ",nowhere", "overnight"),
        ("scenario.toml", "year = 2026", 'year = 2026\n[travel]\nbell = "25:00"\n', "travel.bell"),
    ],
)
def test_a_broken_fleet_or_bell_is_told_with_its_column(tmp_path, file: str, old: str, new: str, column: str):
    folder = tmp_path / "tiny"
    shutil.copytree(GOOD, folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    code, problems = check(folder)
    assert code == 3
    assert [(Path(problem["file"].split(":")[0]).name, problem["column"]) for problem in problems] == [(file, column)]


def test_a_bell_of_25_00_in_the_schools_table_is_told_with_its_row(tmp_path):
    folder = tmp_path / "tiny"
    shutil.copytree(GOOD, folder)
    header, first, *rest = (folder / "schools.csv").read_text(encoding="utf-8").splitlines()
    lines = [f"{header},bell,dismissal", f"{first},25:00,16:00", *(f"{row},08:00,07:00" for row in rest)]
    (folder / "schools.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    code, problems = check(folder)
    assert code == 3
    found = [(problem["column"], problem["value"], problem["row"]) for problem in problems]
    assert found[0] == ("bell", "25:00", 2)
    assert found[1][::2] == ("dismissal", 3)
