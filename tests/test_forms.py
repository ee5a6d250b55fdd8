"""A blank form that is filled in reads back without loss."""

from __future__ import annotations

import openpyxl
import pytest

from layout_planner.county.forms import write_forms
from layout_planner.county.inputs import read_county
from layout_planner.county.table_files import read_table
from layout_planner.county.tables import TABLES
from layout_planner.errors import OutputError
from layout_planner.scenario import TableFile, read_scenario
from tests.broken import GOOD, cells


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_blank_forms_read_back_as_empty_tables_with_every_column(tmp_path, lang):
    written = write_forms(tmp_path / "new", lang)
    assert [path.name for path in written] == ["settlements.xlsx", "schools.xlsx", "evidence.xlsx", "scenario.toml"]
    for role, table in TABLES.items():
        read = read_table(TableFile(path=f"{role}.xlsx"), table, tmp_path / "new")
        assert [problem.what.en for problem in read.problems] == ["the table has no rows"]
        assert list(read.frame.columns) == [column.name for column in table.columns]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_examples_of_every_column_are_valid(tmp_path, lang):
    write_forms(tmp_path, lang)
    for role, table in TABLES.items():
        book = openpyxl.load_workbook(tmp_path / f"{role}.xlsx")
        for at, column in enumerate(table.columns, start=1):
            book[role].cell(2, at, column.example)
        book.save(tmp_path / f"{role}.xlsx")
        book.close()
        assert not read_table(TableFile(path=f"{role}.xlsx"), table, tmp_path).problems


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_filled_forms_give_the_same_county(tmp_path, lang):
    write_forms(tmp_path, lang)
    for role, table in TABLES.items():
        header, *rows = cells(GOOD, f"{role}.csv")
        book = openpyxl.load_workbook(tmp_path / f"{role}.xlsx")
        place = {column.name: at for at, column in enumerate(table.columns, start=1)}
        for number, row in enumerate(rows, start=2):
            for name, value in zip(header, row, strict=True):
                book[role].cell(number, place[name], value)
        book.save(tmp_path / f"{role}.xlsx")
        book.close()
    (tmp_path / "roads.osm").write_bytes((GOOD / "roads.osm").read_bytes())
    path = tmp_path / "scenario.toml"
    text = path.read_text(encoding="utf-8").replace("roads.osm.pbf", "roads.osm").replace("# evidence", "evidence")
    path.write_text(text, encoding="utf-8")
    found, wanted = read_county(read_scenario(path)), read_county(read_scenario(GOOD / "scenario.toml"))
    for name in ("settlements", "schools"):
        for column in getattr(wanted, name).columns:
            assert list(getattr(found, name)[column].astype(str)) == list(getattr(wanted, name)[column].astype(str)), column
    assert found.evidence.equals(wanted.evidence)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_forms_offer_choices_and_explain_every_column(tmp_path, lang):
    write_forms(tmp_path, lang)
    book = openpyxl.load_workbook(tmp_path / "schools.xlsx")
    rules = [rule.formula1 for rule in book["schools"].data_validations.dataValidation if rule.type == "list"]
    assert ('"教学点,小学,九年一贯制,初中"' if lang == "zh" else '"teaching_point,primary,nine_year,junior"') in rules
    notes = book.worksheets[1]
    assert notes.max_row == 3 + len(TABLES["schools"].columns)
    book.close()


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "schools.xlsx").write_bytes(b"mine")
    with pytest.raises(OutputError):
        write_forms(tmp_path, "zh")
    assert (tmp_path / "schools.xlsx").read_bytes() == b"mine"
    assert not (tmp_path / "scenario.toml").exists()
