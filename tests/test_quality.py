"""The quality report: every kind of finding on its row, no false alarm on the demo county, and a page even where nothing can run."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections import Counter

import openpyxl
import pandas as pd
import pytest
from click.testing import CliRunner

from layout_planner.cli import main
from layout_planner.county.inputs import survey_county
from layout_planner.county.quality import KINDS, MENDS, judge_places
from layout_planner.embedded import demo_scenarios
from layout_planner.scenario import read_scenario
from tests.broken import copy_good, set_cell
from tests.cases import case_file


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Return a copy of the demo county whose settlements are a CSV, and the rows of that table."""
    folder = tmp_path_factory.mktemp("demo")
    base = next(path for path in demo_scenarios()[0].parent.iterdir() if path.name == "base.toml")
    honest = read_scenario(base)
    shutil.copytree(honest.folder / honest.data.dir, folder / "data")
    table = pd.read_excel(folder / "data" / "settlements.xlsx", sheet_name="居民点", dtype=str).fillna("")
    text = base.read_text(encoding="utf-8").replace('settlements.xlsx", sheet = "居民点"', 'settlements.csv"')
    (folder / "s.toml").write_text(text.replace("../data/demo_county", "data"), encoding="utf-8")
    return folder, table


def findings_of(demo, change=lambda _: None):
    folder, table = demo
    table = table.copy()
    change(table)
    table.to_csv(folder / "data" / "settlements.csv", index=False, quoting=csv.QUOTE_ALL)
    return judge_places(survey_county(read_scenario(folder / "s.toml")))


def test_the_demo_county_has_one_pair_of_schools_on_one_campus_and_nothing_else(demo):
    assert [(f.severity, f.kind, f.id) for f in findings_of(demo)] == [
        ("doubt", "near_twin", "2152990108"),
        ("doubt", "near_twin", "3152990109"),
    ]


def spoil(table):
    """Put one fault of each kind into the table; rows as a person sees them are two more than these."""
    table.loc[3, ["经度", "纬度"]] = ["0", "0"]
    table.loc[10, ["经度", "纬度"]] = table.loc[10, ["纬度", "经度"]].to_list()
    table.loc[20, "经度"] = str(float(table.loc[20, "经度"]) + 0.4)
    table.loc[30, ["经度", "纬度"]] = table.loc[31, ["经度", "纬度"]].to_list()
    table.loc[40, ["经度", "纬度"]] = ["", ""]
    table.loc[50, ["经度", "纬度"]] = ["106.50", "26.80"]
    table.loc[60, "乡镇"] = next(town for town in reversed(table["乡镇"].unique()) if town != table.loc[60, "乡镇"])
    table.loc[70, "经度"] = "abc"
    table.loc[81, ["名称", "乡镇"]] = table.loc[80, ["名称", "乡镇"]].to_list()


def test_every_kind_is_found_on_its_row(demo):
    found = {(f.kind, f.row) for f in findings_of(demo, spoil) if f.table == "settlements.csv"}
    wanted = {("zero", 5), ("swapped", 12), ("outside", 22), ("same_point", 32), ("same_point", 33), ("no_place", 42), ("coarse", 52)}
    wanted |= {("township", 62), ("no_place", 72), ("name", 82), ("name", 83)}
    assert wanted <= found
    assert {row for kind, row in found if kind == "far_from_road"} <= {22}
    assert {f.severity for f in findings_of(demo, spoil) if f.kind in {"zero", "swapped", "outside", "no_place", "fault"}} == {"fault"}


def test_a_swapped_place_is_shown_where_it_belongs(demo):
    _, table = demo
    found = next(f for f in findings_of(demo, spoil) if f.kind == "swapped")
    assert (found.lon, found.lat) == (float(table.loc[10, "经度"]), float(table.loc[10, "纬度"]))


def test_all_faults_of_a_kind_are_listed_however_many(demo):
    def sink(table):
        table.loc[0:99, ["经度", "纬度"]] = ["0", "0"]

    assert Counter(f.kind for f in findings_of(demo, sink) if f.severity == "fault") == {"zero": 100}


def test_row_order_changes_nothing_but_row_numbers(demo):
    def turn(table):
        spoil(table)
        table[:] = table.iloc[::-1].to_numpy()

    def told(findings):
        return Counter((f.severity, f.kind, f.id, f.value) for f in findings if f.kind != "fault")

    assert told(findings_of(demo, spoil)) == told(findings_of(demo, turn))


def test_a_school_named_after_another_township(tmp_path):
    folder = copy_good(tmp_path / "county")
    set_cell("schools.csv", 2, "township", "南门镇")(folder)
    set_cell("schools.csv", 3, "name", "南门镇中心小学")(folder)
    found = [f for f in judge_places(survey_county(read_scenario(folder / "scenario.toml"))) if f.kind == "school_name"]
    assert [(f.id, f.row) for f in found] == [("C1", 3)]
    assert "南门镇" in found[0].why.zh


def test_double_schools_of_a_real_map_are_found():
    case_file("vavuniya/case/schools.csv")
    scenario = read_scenario(demo_scenarios()[0].parent / "vavuniya.toml", data_dir=case_file("vavuniya"))
    names = {f.name for f in judge_places(survey_county(scenario)) if f.kind == "near_twin"}
    assert {"V/Agrabodi Maha Vidyalaya", "V/Agarbothi Maha Vidyalayam"} <= names  # one school, mapped twice


def test_every_kind_has_words_and_a_cure():
    assert set(MENDS) | {"fault", "datum"} == set(KINDS)


def run_check(folder, *more):
    return CliRunner().invoke(main, ["check", str(folder / "s.toml"), "--report", str(folder / "out"), "--lang", "en", *more])


def test_report_is_written_even_where_nothing_can_run(demo):
    folder, table = demo
    spoiled = table.copy()
    spoil(spoiled)
    spoiled.loc[90, "名称"] = "{{ 7*7 }}<script>alert(1)</script>"
    spoiled.loc[90, ["经度", "纬度"]] = ["0", "0"]
    spoiled.loc[91, "名称"] = "=1+1"
    spoiled.loc[91, ["经度", "纬度"]] = ["0", "0"]
    spoiled.to_csv(folder / "data" / "settlements.csv", index=False, quoting=csv.QUOTE_ALL)
    done = run_check(folder)
    assert done.exit_code == 3
    page = (folder / "out" / "base" / "quality.html").read_text(encoding="utf-8")
    assert not re.search(r"""<(?:script|link|img)[^>]*https?:""", page)
    assert "<script>alert" not in page
    blob = json.loads(re.search(r'id="planner-data">(.*?)</script>', page, re.DOTALL)[1])
    assert "5 must be mended" not in blob["subtitle"][1]
    assert "7 must be mended" in blob["subtitle"][1]
    assert any("{{ 7*7 }}" in cell[0] for row in blob["views"][0]["sheet"]["rows"] for cell in row)
    book = openpyxl.load_workbook(folder / "out" / "base" / "quality.xlsx")
    values = [cell.value for row in book.worksheets[0].iter_rows(min_row=2) for cell in row]
    assert "'=1+1" in values
    assert all(cell.data_type != "f" for row in book.worksheets[0].iter_rows() for cell in row)
    book.close()


def test_report_of_a_clean_county_says_so(tmp_path):
    folder = copy_good(tmp_path / "county")
    (folder / "s.toml").write_bytes((folder / "scenario.toml").read_bytes())
    assert run_check(folder).exit_code == 0
    assert (folder / "out" / "tiny" / "quality.html").is_file()


def test_report_without_roads_or_headers(tmp_path):
    folder = copy_good(tmp_path / "county")
    (folder / "s.toml").write_bytes((folder / "scenario.toml").read_bytes())
    (folder / "roads.osm").unlink()
    (folder / "schools.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    assert run_check(folder).exit_code == 3
    assert (folder / "out" / "tiny" / "quality.html").is_file()
