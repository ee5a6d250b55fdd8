"""The command line as a planner meets it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from layout_planner.cli import main
from layout_planner.travel import network

TINY = Path(__file__).parent / "data" / "tiny" / "scenario.toml"
SAME_BYTES = ("run.json", "tables.xlsx", "plan.gpkg", "trips.parquet", "settlements.parquet", "schools.parquet", "certificate.json")


def call(*args: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, [str(arg) for arg in args])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs")
    code, stdout, stderr = call("run", TINY, "--out", out, "--lang", "en")
    assert code in {0, 5}, stderr
    assert "pupils at risk" in stdout
    [folder] = [path for path in out.iterdir() if path.is_dir()]
    return folder


def test_help_needs_no_heavy_library():
    heavy = "geopandas pandas numpy scipy osmnx pulp folium rasterio matplotlib pydantic"
    code = f"import sys, layout_planner.cli; sys.exit(any(name in sys.modules for name in '{heavy}'.split()))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("verb", sorted(main.commands))
def test_every_verb_explains_itself(verb: str):
    code, stdout, _ = call(verb, "--help")
    assert code == 0
    assert len(stdout.splitlines()[2].strip()) > 20
    assert verb in (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_chinese_guide_names_commands_that_exist_and_faults_as_they_are_told():
    root = Path(__file__).parents[1]
    text = (root / "docs" / "guide-zh.md").read_text(encoding="utf-8")
    lines = [line.split("#")[0].split() for line in text.splitlines() if line.startswith("    layout-planner ")]
    assert len(lines) > 12
    for _, verb, *words in lines:
        known = {option for parameter in main.commands[verb].params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known, verb
    told = "".join(path.read_text(encoding="utf-8") for path in (root / "layout_planner" / "county").glob("*.py"))
    faults = "缺少必需的列 也许是“ 这是合计行 数据区有合并单元格 经度和纬度填反了 编号重复：第 改动了编号 不是数字 没有一名学生"
    more = "该列含个人信息，不予读取 道路文件没有坐标系 道路数据的范围之外 学校表中没有这所学校"
    for fault in f"{faults} {more}".split():
        assert fault in text, fault
        assert fault in told, fault


def test_run_writes_the_whole_folder(stored: Path):
    names = {path.name for path in stored.iterdir()}
    assert names >= {*SAME_BYTES, "map.html", "gate.html", "report.html", "risk_today.parquet", "risk_plan.parquet", "roads.parquet"}
    run = json.loads((stored / "run.json").read_text(encoding="utf-8"))
    assert {"bound", "gap", "seed", "versions"} <= set(run["solved"])
    assert all(len(source["sha256"]) == 64 for source in run["view"]["sources"])


def test_same_input_and_seed_give_the_same_bytes(stored: Path, tmp_path: Path):
    call("run", TINY, "--out", tmp_path, "--lang", "en")
    for name in SAME_BYTES:
        assert (tmp_path / stored.name / name).read_bytes() == (stored / name).read_bytes(), name


def test_a_second_run_replaces_the_first_and_leaves_nothing_beside_it(tmp_path: Path):
    for _ in range(2):
        call("run", TINY, "--out", tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_folder_that_is_no_run_is_left_alone(tmp_path: Path, stored: Path):
    mine = tmp_path / stored.name
    mine.mkdir()
    (mine / "thesis.txt").write_text("mine", encoding="utf-8")
    code, _, stderr = call("run", TINY, "--out", tmp_path, "--lang", "en")
    assert code == 3
    assert "is no run" in stderr
    assert [path.name for path in mine.iterdir()] == ["thesis.txt"]


def test_an_output_place_that_cannot_be_written_is_said(tmp_path: Path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    code, _, stderr = call("run", TINY, "--out", tmp_path / "file", "--lang", "en")
    assert code == 3
    assert "cannot write" in stderr


@pytest.mark.parametrize(("lang", "said"), [("en", "missing or cannot be read"), ("zh", "找不到或无法读取")])
def test_faults_are_sentences_in_the_language_asked_for(lang: str, said: str, tmp_path: Path):
    code, stdout, stderr = call("check", tmp_path / "no.toml", "--lang", lang)
    assert code == 3
    assert said in stderr
    assert stdout == ""
    assert "Traceback" not in stderr


def test_faults_for_machines(tmp_path: Path):
    code, stdout, _ = call("check", tmp_path / "no.toml", "--json")
    assert code == 3
    assert json.loads(stdout)["problems"][0]["file"].endswith("no.toml")


def test_all_faults_of_all_scenarios_come_at_once(tmp_path: Path):
    for name, text in (("a", "schema = 1\nnmae = 'x'\n"), ("b", "schema = 2")):
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    code, stdout, _ = call("check", tmp_path / "a.toml", tmp_path / "b.toml", "--json")
    files = {Path(problem["file"]).name for problem in json.loads(stdout)["problems"]}
    assert code == 3
    assert files == {"a.toml", "b.toml"}


@pytest.mark.parametrize(
    ("change", "said"), [("", "the same name"), ('name = "other"\n[plan]\nclose = ["NOPE"]\n', "not in the schools table")]
)
def test_faults_of_a_second_scenario_stop_the_run_before_any_work(change: str, said: str, tmp_path: Path):
    shutil.copytree(TINY.parent, tmp_path / "tiny")
    first, second = tmp_path / "tiny" / TINY.name, tmp_path / "tiny" / "second.toml"
    second.write_text(f'extends = "scenario.toml"\n{change}', encoding="utf-8")
    code, _, stderr = call("run", first, second, "--out", tmp_path / "out", "--lang", "en")
    assert code == 3
    assert said in stderr
    assert not (tmp_path / "out").exists()


def test_check_says_ready_and_what_is_missing():
    code, stdout, _ = call("check", TINY, "--lang", "en")
    assert code == 0
    assert "ready to run" in stdout
    assert "read: 5 settlements, 99 pupils in 2026; " in stdout


def test_a_reader_who_has_enough_is_no_fault_of_the_program():
    command = [sys.executable, "-c", "from layout_planner.cli import main; main()", "check", str(TINY), "--lang", "en"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        running.stdout.close()
        stderr = running.stderr.read().decode()
    assert "fault" not in stderr
    assert "Traceback" not in stderr


def test_risk_names_the_settlements():
    code, stdout, _ = call("risk", TINY, "--lang", "zh")
    assert code == 0
    assert "丙村" in stdout
    code, stdout, _ = call("risk", TINY, "--json")
    told = json.loads(stdout)
    assert "off_network" in {row["cause"] for row in told["at_risk"]}
    assert {row["group"] for row in told["groups"]} == {"left_behind"}
    assert {row["by"] for row in told["equity"]} == {"county", "band", "group", "township"}


def test_status_shows_every_school_and_its_json_says_what_is_unknown():
    code, stdout, _ = call("status", TINY, "--lang", "en")
    assert code == 0
    assert "Central School" in stdout
    code, stdout, _ = call("status", TINY, "--json")
    told = json.loads(stdout)
    assert set(told) == {"school_status", "surroundings", "boarding_queue", "disabled", "home_visits"}
    assert told["school_status"][0]["toilets_girls_short"] is None
    assert [(row["school_id"], row["venue_id"], row["state"]) for row in told["surroundings"]] == [
        ("P1", "W1", "too_near"),
        ("C1", "W2", "too_near"),
    ]


def test_risk_and_status_of_a_stored_plan(stored: Path):
    for verb, said in (("risk", "equity"), ("status", "Central School")):
        code, stdout, _ = call(verb, stored, "--lang", "en")
        assert code == 0
        assert said in stdout
    told = json.loads(call("risk", stored, "--json")[1])
    assert {row["when"] for row in told["equity"]} == {"plan"}
    code, _, stderr = call("status", stored.parent, "--lang", "en")
    assert code == 3
    assert "not the folder of a complete run" in stderr


def test_travel_within_lists_only_near_trips(tmp_path: Path):
    code, stdout, _ = call("travel", TINY, "--within", 10, "--out", tmp_path, "--cache", tmp_path / "cache")
    assert code == 0
    assert str(tmp_path / "travel_within.parquet") in stdout
    table = pd.read_csv(tmp_path / "travel_within.csv")
    assert set(table["mode"]) == {"walk", "ride"}
    assert 0 < len(table) < 20
    assert (table["seconds"] <= 600).all()
    assert call("travel", TINY, "--within", 10, "--from", "x", "--to", "y")[0] == 2


def test_a_damaged_order_is_told_on_stderr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(network, "PLAIN_CELLS", 0)
    whole = call("travel", TINY, "--out", tmp_path / "one", "--cache", tmp_path / "cache", "--lang", "en")
    (kept,) = (tmp_path / "cache").iterdir()
    kept.write_bytes(b"damaged")
    again = call("travel", TINY, "--out", tmp_path / "two", "--cache", tmp_path / "cache", "--lang", "en")
    assert whole[0] == again[0] == 0
    assert "damaged or of other roads" in again[2]
    assert "damaged" not in whole[2]
    assert (tmp_path / "one" / "travel.csv").read_bytes() == (tmp_path / "two" / "travel.csv").read_bytes()


def test_travel_writes_a_word_where_there_is_no_way(tmp_path: Path):
    code, stdout, _ = call("travel", TINY, "--out", tmp_path)
    assert code == 0
    assert "unreachable" in (tmp_path / "travel.csv").read_text(encoding="utf-8")
    assert str(tmp_path / "travel.parquet") in stdout


def test_gate_shows_a_stored_verdict_and_rechecks_it(stored: Path):
    verdict = json.loads((stored / "run.json").read_text(encoding="utf-8"))["view"]["verdict"]
    code, stdout, _ = call("gate", stored, "--json", "--check", "--data", TINY.parent)
    assert json.loads(stdout)["verdict"] == verdict
    assert json.loads(stdout)["certificate"] == []
    assert code == (0 if verdict == "pass" else 5)
    assert "every file that it names" in call("gate", stored, "--check", "--data", TINY.parent, "--lang", "en")[1]
    assert "every file that it names" not in call("gate", stored, "--check", "--lang", "en")[1]  # the inputs were not looked at


def test_gate_on_a_folder_without_a_run_is_a_fault(tmp_path: Path):
    code, _, stderr = call("gate", tmp_path, "--lang", "en")
    assert code == 3
    assert "not the folder of a complete run" in stderr


def test_compare_writes_a_page_and_a_map(stored: Path, tmp_path: Path):
    code, stdout, _ = call("compare", stored, stored, "--out", tmp_path, "--lang", "en")
    assert code == 0
    assert "comparison of scenarios" in stdout
    assert {path.name for path in tmp_path.iterdir()} == {"compare.html", "compare-map.html"}


def test_new_writes_forms(tmp_path: Path):
    code, _, _ = call("new", tmp_path / "county", "--lang", "zh")
    assert code == 0
    assert {path.suffix for path in (tmp_path / "county").rglob("*.*")} >= {".xlsx", ".toml"}


@pytest.mark.parametrize("what", ["tables", "scenario", "norms"])
def test_schema_is_json_for_machines(what: str):
    code, stdout, _ = call("schema", what, "--json")
    assert code == 0
    assert json.loads(stdout)
    assert call("schema", what)[0] == 0


def test_unknown_words_are_usage():
    assert call("fly")[0] == 2
