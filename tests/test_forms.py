"""A blank form that is filled in reads back without loss."""

from __future__ import annotations

import csv
import datetime as dt
import io
import unicodedata

import openpyxl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from openpyxl.utils import get_column_letter

from layout_planner.county.cells import is_blank
from layout_planner.county.evidence_table import EVIDENCE
from layout_planner.county.forms import form_header, write_forms
from layout_planner.county.gtfs_feed import clock
from layout_planner.county.inputs import read_county
from layout_planner.county.table_files import read_table
from layout_planner.county.tables import FORM_TABLES, TABLES
from layout_planner.county.yearly_checks import YEARLY
from layout_planner.errors import OutputError
from layout_planner.scenario import TableFile, read_scenario
from tests.broken import GOOD, cells


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_blank_forms_read_back_as_empty_tables_with_every_column(tmp_path, lang):
    written = write_forms(tmp_path / "new", lang)
    assert [path.name for path in written] == [*(f"{role}.xlsx" for role in FORM_TABLES), "evidence-forms.xlsx", "scenario.toml"]
    for role, table in FORM_TABLES.items():
        read = read_table(TableFile(path=f"{role}.xlsx"), table, tmp_path / "new")
        assert [problem.what.en for problem in read.problems] == ["the table has no rows"]
        assert list(read.frame.columns) == [column.name for column in table.columns]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_examples_of_every_column_are_valid(tmp_path, lang):
    write_forms(tmp_path, lang)
    for role, table in FORM_TABLES.items():
        book = openpyxl.load_workbook(tmp_path / f"{role}.xlsx")
        for at, column in enumerate(table.columns, start=1):
            book[role].cell(2, at, column.example)
        book.save(tmp_path / f"{role}.xlsx")
        book.close()
        assert not read_table(TableFile(path=f"{role}.xlsx"), table, tmp_path).problems


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_filled_forms_give_the_same_county(tmp_path, lang):
    write_forms(tmp_path, lang)
    tables = {role: table for role, table in TABLES.items() if role != "lines"}  # test_lines.py fills that one in
    for role, table in tables.items():
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
    text = path.read_text(encoding="utf-8").replace("roads.osm.pbf", "roads.osm")
    for role in tables:
        text = text.replace(f"# {role} =", f"{role} =")
    path.write_text(text, encoding="utf-8")
    found, wanted = read_county(read_scenario(path)), read_county(read_scenario(GOOD / "scenario.toml"))
    for name in ("settlements", "schools"):
        for column in getattr(wanted, name).columns:
            assert list(getattr(found, name)[column].astype(str)) == list(getattr(wanted, name)[column].astype(str)), column
    assert found.venues[["name", "kind"]].to_numpy().tolist() == [["飞鱼网吧", "internet_cafe"], ["云石歌厅", "entertainment"]]
    for role in ("evidence", "fleet", *YEARLY):
        assert getattr(found, role).equals(getattr(wanted, role)), role


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_forms_offer_choices_and_explain_every_column(tmp_path, lang):
    write_forms(tmp_path, lang)
    book = openpyxl.load_workbook(tmp_path / "schools.xlsx")
    rules = [rule.formula1 for rule in book["schools"].data_validations.dataValidation if rule.type == "list"]
    assert ('"教学点,小学,九年一贯制,初中"' if lang == "zh" else '"teaching_point,primary,nine_year,junior"') in rules
    notes = book.worksheets[1]
    assert notes.max_row == 3 + len(TABLES["schools"].columns)
    book.close()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_header_is_locked_and_everything_else_may_be_typed(tmp_path, lang):
    write_forms(tmp_path, lang)
    for role, table in FORM_TABLES.items():
        book = openpyxl.load_workbook(tmp_path / f"{role}.xlsx")
        sheet = book[role]
        assert sheet.protection.sheet
        assert all(cell.protection.locked for cell in sheet[1])
        assert not any(sheet.column_dimensions[get_column_letter(at)].protection.locked for at in range(1, len(table.columns) + 1))
        assert not any(cell.protection.locked for row in sheet.iter_rows(min_row=2) for cell in row if cell.has_style)
        prompts = {rule.prompt for rule in sheet.data_validations.dataValidation}
        assert all(any(column.meaning.say(lang) in prompt for prompt in prompts) for column in table.columns)
        example = book.worksheets[2]
        assert [cell.value for cell in example[1]] == [cell.value for cell in sheet[1]]
        assert [cell.value or "" for cell in example[2]] == [column.example for column in table.columns]
        book.close()


def texts(codec):
    """Return a strategy of names that a cell may hold and that `codec` can write."""
    letters = st.characters(codec=codec, exclude_categories=("C", "Z"))
    typed = st.text(letters, min_size=1, max_size=12)
    return typed.filter(lambda text: not is_blank(text, "text") and text[0] not in "='" and text == unicodedata.normalize("NFC", text))


BY_KIND = {
    "id": st.from_regex(r"[0-9]{1,12}|[A-Za-z][A-Za-z0-9]{0,9}", fullmatch=True),
    "lon": st.floats(105, 106).map(lambda value: round(value, 7)),
    "lat": st.floats(26, 27).map(lambda value: round(value, 7)),
    "bool": st.booleans(),
    "grades": st.sampled_from([(1, 2, 3), (1, 2, 3, 4, 5, 6), (7, 8, 9), (1, 3), (2,)]),
    "date": st.dates(dt.date(2000, 1, 1), dt.date(2090, 1, 1)).map(str),
    "time": st.integers(0, 30 * 60 - 1).map(lambda minute: 60.0 * minute),
    "times": st.lists(st.integers(0, 30 * 60 - 1).map(lambda minute: 60.0 * minute), min_size=1, max_size=3, unique=True).map(
        lambda found: tuple(sorted(found))
    ),
}


def values_of(column, codec):
    """Return a strategy of valid values of a column; None is a blank where blanks are allowed."""
    if column.kind == "choice":
        given = st.sampled_from(column.choices)
    elif column.kind == "int":
        given = st.integers(int(column.least or 0), int(10_000 if column.most is None else column.most))
    elif column.kind == "float":
        given = st.floats(column.least or 0, 10_000 if column.most is None else column.most).map(lambda value: round(value, 3))
    else:
        given = texts(codec) if column.kind == "text" else BY_KIND[column.kind]
    return given if column.required or column.kind in {"lon", "lat"} else given | st.none()


def rows_of(table, codec="utf-8"):
    row = st.fixed_dictionaries({column.name: values_of(column, codec) for column in table.columns})
    return st.lists(row, min_size=1, max_size=4, unique_by=None if table.key is None else lambda row: row[table.key])


def written(value, column, lang):
    """Return what a person types for a value."""
    if value is None:
        return None
    if column.kind == "choice":
        return column.choice_words[column.choices.index(value)].say(lang)
    if column.kind == "bool":
        return ("是" if value else "否") if lang == "zh" else ("yes" if value else "no")
    if column.kind in {"time", "times"}:
        return "、".join(clock(at) for at in (value if column.kind == "times" else (value,)))
    return ",".join(map(str, value)) if column.kind == "grades" else value


def assert_same(read, rows, table):
    assert [problem.say("en") for problem in read.problems] == []
    for column in table.columns:
        for found, wanted in zip(read.frame[column.name], [row[column.name] for row in rows], strict=True):
            if wanted is None:
                assert found is None or found in {"", ()} or found != found  # noqa: PLR0124 - NaN is not itself
            elif column.kind in {"int", "float", "lon", "lat"}:
                assert found == pytest.approx(wanted, rel=1e-12)
            else:
                assert found == wanted


@pytest.fixture(scope="module", params=["zh", "en"])
def forms(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    write_forms(folder, request.param)
    return request.param, folder


@pytest.mark.parametrize("role", TABLES)
@settings(max_examples=6, deadline=None, phases=[Phase.generate])  # shrinking whole tables takes minutes
@given(data=st.data())
def test_whatever_is_typed_into_a_form_is_read_back(forms, role, data):
    lang, folder = forms
    table = TABLES[role]
    rows = data.draw(rows_of(table))
    book = openpyxl.load_workbook(folder / f"{role}.xlsx")
    for number, row in enumerate(rows, start=2):
        for at, column in enumerate(table.columns, start=1):
            book[role].cell(number, at, written(row[column.name], column, lang))
    book.save(folder / f"filled-{role}.xlsx")
    book.close()
    assert_same(read_table(TableFile(path=f"filled-{role}.xlsx"), table, folder), rows, table)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
@pytest.mark.parametrize("role", TABLES)
@settings(max_examples=6, deadline=None, phases=[Phase.generate])  # shrinking whole tables takes minutes
@given(data=st.data())
def test_whatever_is_saved_as_csv_is_read_back(forms, role, encoding, data):
    lang, folder = forms
    table = TABLES[role]
    rows = data.draw(rows_of(table, "gbk" if encoding == "gbk" else "gb18030"))
    cells = [[form_header(column, lang) for column in table.columns]]
    cells += [[written(row[column.name], column, lang) for column in table.columns] for row in rows]
    stream = io.StringIO()
    csv.writer(stream).writerows(cells)
    (folder / f"{role}.csv").write_bytes(stream.getvalue().encode(encoding))
    assert_same(read_table(TableFile(path=f"{role}.csv"), table, folder), rows, table)


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "schools.xlsx").write_bytes(b"mine")
    with pytest.raises(OutputError):
        write_forms(tmp_path, "zh")
    assert (tmp_path / "schools.xlsx").read_bytes() == b"mine"
    assert not (tmp_path / "scenario.toml").exists()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_papers_behind_records_have_forms_for_every_figure_that_the_gate_asks_for(tmp_path, lang):
    """Each form fits one A4 page, names no person, and says which row of the evidence table it becomes."""
    write_forms(tmp_path, lang)
    book = openpyxl.load_workbook(tmp_path / "evidence-forms.xlsx")
    items = {item for column in EVIDENCE.columns if column.name == "item" for item in column.choices}
    assert book.sheetnames == ["notice", "hearing", "survey", "beds_accepted", "buses_licensed"]
    assert set(book.sheetnames) <= items
    asked = {"notice": ["until"], "hearing": ["in_favour", "against"], "survey": ["in_favour", "against"]}
    for sheet in book:
        text = " ".join(str(cell.value or "") for row in sheet for cell in row)
        for column in ("date", *asked.get(sheet.title, ["quantity"])):
            assert column in text, (sheet.title, column)
        assert f"{sheet.title}" in str(sheet.cell(sheet.max_row, 1).value)
        assert str(sheet.page_setup.paperSize) == sheet.PAPERSIZE_A4
        assert all(sheet.cell(row, 2).value in {None, ""} for row in range(1, sheet.max_row + 1))
