"""Personal data are refused whatever their header, and nothing that a county needs is taken for personal data."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layout_planner.county.faults import Faults
from layout_planner.county.forms import form_header
from layout_planner.county.persons import CITIZEN_CHECKS, CITIZEN_WEIGHTS, is_citizen_id, names_persons, refuse_person_values
from layout_planner.county.raw_files import RawTable
from layout_planner.county.tables import TABLES

REFUSED = [
    "身份证号",
    "学生姓名",
    "姓名",
    "家长电话",
    "手机",
    "Phone",
    "mobile_no",
    "监护人",
    "Student Name",
    "出生日期",
    "家庭住址",
    "QQ",
    "学籍号",
]


@pytest.mark.parametrize("header", REFUSED)
def test_headers_that_name_persons(header):
    assert names_persons(header)


def test_no_column_of_ours_is_taken_for_personal():
    ours = [name for table in TABLES.values() for column in table.columns for name in (column.name, *column.aliases)]
    ours += [form_header(column, lang) for table in TABLES.values() for column in table.columns for lang in ("zh", "en")]
    assert [name for name in ours if names_persons(name)] == []


def test_published_identity_numbers():
    # the two examples of GB 11643-1999
    assert is_citizen_id("11010519491231002X")
    assert is_citizen_id("440524188001010014")
    assert not is_citizen_id("110105194912310021")
    assert not is_citizen_id("11010519491331002X")


@settings(deadline=None)  # the machine may be busy
@given(st.integers(110000, 659999), st.dates(), st.integers(0, 999), st.sampled_from(["", "编号", "（", " "]))
def test_any_identity_number_is_found_and_never_repeated(region, birth, serial, before):
    digits = f"{region}{birth.year:04d}{birth.month:02d}{birth.day:02d}{serial:03d}"
    number = digits + CITIZEN_CHECKS[sum(int(d) * w for d, w in zip(digits, CITIZEN_WEIGHTS, strict=True)) % 11]
    faults = Faults("t.csv")
    found = refuse_person_values(RawTable(["备注"], [(before + number,)], [2]), set(), faults)
    assert bool(found) == (1800 <= birth.year < 2100)
    assert all(number not in problem.say(lang) for problem in faults.problems for lang in ("zh", "en"))


@pytest.mark.parametrize(
    "cell", ["520999101201001", "106.13912345678", "2152000101", 13912345.0, "0851-87654321", "139123456789", 1.39e10 + 0.5, None, True]
)
def test_codes_and_coordinates_are_no_persons(cell):
    assert refuse_person_values(RawTable(["x"], [(cell,)], [2]), set(), Faults("t.csv")) == []


def test_eleven_digits_may_be_a_code_in_an_id_column():
    table = RawTable(["id", "note"], [("13012345678", "13012345678")], [2])
    assert refuse_person_values(table, {0}, Faults("t.csv")) == [1]
