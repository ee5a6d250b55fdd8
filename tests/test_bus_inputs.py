"""Broken input of school buses ends in a sentence that says where and what, exit code 3, and nothing written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from layout_planner.cli import main
from layout_planner.county.inputs import read_county
from layout_planner.scenario import read_scenario
from tests.broken import copy_good, drop_column

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


LAKE = """<way id="900" version="1"><nd ref="901"/><nd ref="902"/><nd ref="903"/><nd ref="904"/><nd ref="901"/>
<tag k="natural" v="water"/></way></osm>"""


def with_stop(tmp_path: Path, lon: float, lat: float, *, lake: bool = False) -> tuple[int, list[dict[str, str]]]:
    """Check the tiny county with one stop more; a lake lies north of the road, 1.3 km from it."""
    folder = tmp_path / "tiny"
    shutil.copytree(GOOD, folder)
    with (folder / "stops.csv").open("a", encoding="utf-8") as table:
        table.write(f"Z9,湖边,,,{lon},{lat}\n")
    if lake:
        corners = ((105.03, 26.23), (105.035, 26.23), (105.035, 26.235), (105.03, 26.235))
        nodes = "".join(f'<node id="{901 + at}" version="1" lat="{y}" lon="{x}"/>' for at, (x, y) in enumerate(corners))
        roads = (folder / "roads.osm").read_text(encoding="utf-8")
        first = roads.index("<way")
        (folder / "roads.osm").write_text(f"{roads[:first]}{nodes}{roads[first:]}".replace("</osm>", LAKE), encoding="utf-8")
    return check(folder)


@pytest.mark.parametrize(
    ("lon", "lat", "lake", "said"),
    [
        (105.0325, 26.2325, True, "in a lake"),
        (105.0325, 26.2325, False, "no road that a bus may drive"),
        (105.0200218, 26.2300, False, "no road that a bus may drive"),  # on the path to S4, for feet only
        (105.005005461, 26.219568126, False, "same place as Z1"),
        (106.9, 26.2, False, ""),  # outside the county, and on no road
    ],
)
def test_a_stop_where_no_bus_can_stop_is_told(tmp_path, lon: float, lat: float, *, lake: bool, said: str):
    code, problems = with_stop(tmp_path, lon, lat, lake=lake)
    assert code == 3
    assert any(said in problem["what"]["en"] and problem["row"] == 4 for problem in problems)
    if not said:
        assert "outside the boundary" in problems[0]["what"]["en"]


def test_a_stop_on_the_road_is_fine(tmp_path):
    assert with_stop(tmp_path, 105.03, 26.21956) == (0, [])


def test_a_stop_of_twice_the_same_id_is_told(tmp_path):
    folder = tmp_path / "tiny"
    shutil.copytree(GOOD, folder)
    with (folder / "stops.csv").open("a", encoding="utf-8") as table:
        table.write("Z1,又一站,,,105.03,26.21956\n")
    code, problems = check(folder)
    assert (code, problems[0]["column"]) == (3, "stop_id")


def test_a_fleet_with_the_needed_columns_alone_is_read_without_a_word_of_pandas(tmp_path):
    folder = copy_good(tmp_path)
    for header in ("name", "overnight"):
        drop_column("fleet.csv", header)(folder)
    fleet = read_county(read_scenario(folder / "scenario.toml")).fleet
    assert fleet is not None
    assert fleet["name"].tolist() == fleet["overnight"].tolist() == ["", ""]
