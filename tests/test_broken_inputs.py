"""Every broken input is told as a problem with its place and its cure, never as a traceback."""

from __future__ import annotations

import pytest

from layout_planner.county.cells import parse_cell
from layout_planner.county.inputs import read_county
from layout_planner.county.tables import SCHOOLS
from layout_planner.errors import InputError
from layout_planner.scenario import read_scenario
from tests.broken import (
    FAULTS,
    SCENARIO_FAULTS,
    Fault,
    add_column,
    both,
    cells,
    copy_good,
    drop_column,
    set_cell,
    without_yearly,
    write_cells,
)


def problems_of(folder):
    with pytest.raises(InputError) as caught:
        read_county(read_scenario(folder / "scenario.toml"))
    return caught.value.problems


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault_is_told_with_its_place(fault: Fault, tmp_path):
    folder = copy_good(tmp_path / "county")
    fault.make(folder)
    problems = problems_of(folder)
    fitting = [p for p in problems if p.file == fault.file and fault.says in p.what.en]
    assert fitting, [p.say("en") for p in problems]
    if fault.says:
        assert (fitting[0].row, fitting[0].column) == (fault.row, fault.column)
    for problem in problems:
        assert problem.hint.zh.strip()
        assert problem.hint.en.strip()
        assert problem.what.zh.strip()
        assert problem.what.en.strip()
        assert "Traceback" not in problem.say("en")


@pytest.mark.parametrize("fault", SCENARIO_FAULTS, ids=lambda fault: fault.name)
def test_fault_of_the_scenario_is_told_before_any_file_is_opened(fault: Fault, tmp_path):
    folder = copy_good(tmp_path / "county")
    fault.make(folder)
    (problem,) = problems_of(folder)
    assert problem.file.endswith(fault.file)
    assert fault.says in problem.what.en


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_one_fault_is_not_buried_under_its_consequences(fault: Fault, tmp_path):
    folder = copy_good(tmp_path / "county")
    fault.make(folder)
    assert len(problems_of(folder)) <= 6


def test_five_faults_in_four_files_are_told_together(tmp_path):
    folder = copy_good(tmp_path / "county")
    both(
        set_cell("settlements.csv", 3, "pupils_g4", "-1"),
        add_column("settlements.csv", "身份证号", ["1", "2", "3", "4", "5"]),
        drop_column("schools.csv", "name"),
        set_cell("evidence.csv", 2, "school_id", "Z1"),
        lambda f: (f / "boundary.geojson").unlink(),
    )(folder)
    told = {(p.file, p.column) for p in problems_of(folder)}
    assert told == {
        ("settlements.csv", "pupils_g4"),
        ("settlements.csv", "身份证号"),
        ("schools.csv", "name"),
        ("evidence.csv", "school_id"),
        ("boundary.geojson", None),
    }


def test_a_thousand_equal_faults_are_counted_not_repeated(tmp_path):
    folder = copy_good(tmp_path / "county")
    without_yearly(folder)
    path = folder / "settlements.csv"
    header, first, *_ = path.read_text(encoding="utf-8").splitlines()
    rows = [first.replace("S1", f"S{at}").replace(",4,", ",x,", 1) for at in range(1000)]
    path.write_text("\n".join([header, *rows]), encoding="utf-8")
    problems = problems_of(folder)
    assert len(problems) == 11
    assert "990" in problems[-1].what.en


def test_identity_numbers_are_never_repeated(tmp_path):
    folder = copy_good(tmp_path / "county")
    set_cell("settlements.csv", 2, "name", "11010519491231002X")(folder)
    assert all("19491231" not in p.say("zh") for p in problems_of(folder))


def rename(name, old, new):
    def make(folder):
        header, *rows = cells(folder, name)
        write_cells(folder, name, [[new if cell == old else cell for cell in header], *rows])

    return make


def test_a_fault_names_the_column_as_the_file_does(tmp_path):
    folder = copy_good(tmp_path / "county")
    both(set_cell("settlements.csv", 3, "pupils_g4", "-1"), rename("settlements.csv", "pupils_g4", "4年级"))(folder)
    (problem,) = problems_of(folder)
    assert (problem.column, problem.header) == ("pupils_g4", "4年级")
    assert "列“4年级”" in problem.say("zh")
    assert "0-100,000人" in problem.say("zh")
    assert "0-100,000 pupils" in problem.say("en")
    assert problem.as_dict()["header"] == "4年级"


def test_a_fault_of_the_scenario_names_its_key(tmp_path):
    folder = copy_good(tmp_path / "county")
    path = folder / "scenario.toml"
    path.write_text(path.read_text(encoding="utf-8") + '\n[plan]\nclose = ["Z9"]\n', encoding="utf-8")
    (problem,) = problems_of(folder)
    assert "(TOML) 键“plan.close”：" in problem.say("zh")
    assert "(TOML) key 'plan.close': " in problem.say("en")


def test_faults_found_between_tables_do_so_too(tmp_path):
    folder = copy_good(tmp_path / "county")
    both(set_cell("evidence.csv", 2, "school_id", "Z1"), rename("evidence.csv", "school_id", "学校标识码"))(folder)
    (problem,) = problems_of(folder)
    assert "列“学校标识码”" in problem.say("zh")


@pytest.mark.parametrize(("old", "new"), [("lat", "维度"), ("lon", "longtitude"), ("name", "村组")])
def test_a_missing_column_is_guessed_among_the_headers(tmp_path, old, new):
    folder = copy_good(tmp_path / "county")
    rename("settlements.csv", old, new)(folder)
    missing = next(problem for problem in problems_of(folder) if problem.column == old)
    assert missing.hint.zh.endswith(f"也许是“{new}”")
    assert missing.hint.en.endswith(f"Perhaps it is '{new}'")


def test_no_guess_where_nothing_is_alike(tmp_path):
    folder = copy_good(tmp_path / "county")
    rename("settlements.csv", "lat", "备注")(folder)
    assert all("也许" not in problem.hint.zh for problem in problems_of(folder))


@pytest.mark.parametrize("word", ["合计", "小 计", "Total"])
def test_a_row_of_sums_is_told_once(tmp_path, word):
    folder = copy_good(tmp_path / "county")
    header, *rows = cells(folder, "settlements.csv")
    total = [word if column == "name" else "99" if column.startswith("pupils") else "" for column in header]
    write_cells(folder, "settlements.csv", [header, *rows, total])
    (problem,) = problems_of(folder)
    assert problem.row == len(rows) + 2
    assert "total" in problem.what.en


def test_a_county_without_one_pupil_is_refused(tmp_path):
    folder = copy_good(tmp_path / "county")
    header, *rows = cells(folder, "settlements.csv")
    none = [["0" if name.startswith("pupils") else cell for name, cell in zip(header, row, strict=True)] for row in rows]
    write_cells(folder, "settlements.csv", [header, *none])
    assert any("not one pupil" in problem.what.en for problem in problems_of(folder))


@pytest.mark.parametrize(
    ("written", "form"), [("完小", "primary"), ("九年制学校", "nine_year"), ("初级中学", "junior"), ("教学点", "teaching_point")]
)
def test_forms_are_read_as_bureaus_write_them(written, form):
    assert parse_cell(written, SCHOOLS.column("form")) == form


def test_grades_are_found_under_the_headers_of_bureaus(tmp_path):
    folder = copy_good(tmp_path / "county")
    wanted = read_county(read_scenario(folder / "scenario.toml")).settlements["pupils_g3"].tolist()
    rename("settlements.csv", "pupils_g3", "三年级人数")(folder)
    assert read_county(read_scenario(folder / "scenario.toml")).settlements["pupils_g3"].tolist() == wanted


def test_roads_of_the_county_town_alone_are_told(tmp_path):
    folder = copy_good(tmp_path / "county")
    told = [note.count for note in read_county(read_scenario(folder / "scenario.toml")).notes if note.code == "roads.short"]
    assert told == [1]  # S5 lies far off
    header, *rows = cells(folder, "settlements.csv")
    at = header.index("lat")
    rows[0][at] = str(float(rows[0][at]) + 0.2)
    write_cells(folder, "settlements.csv", [header, *rows])
    (folder / "boundary.geojson").unlink()
    scenario = read_scenario(folder / "scenario.toml")
    open_ = scenario.model_copy(update={"data": scenario.data.model_copy(update={"boundary": None})})
    (note,) = [note for note in read_county(open_).notes if note.code == "roads.short"]
    assert note.count == 2
    assert note.text.en.startswith("2 of 5 settlements lie beyond the roads")


def test_places_without_a_name_are_told_apart_by_their_id(tmp_path):
    folder = copy_good(tmp_path / "county")
    set_cell("schools.csv", 2, "name", "")(folder)
    scenario = read_scenario(folder / "scenario.toml")
    schools = scenario.data.schools.model_copy(update={"defaults": {"name": "无名 {school_id}"}})
    found = read_county(scenario.model_copy(update={"data": scenario.data.model_copy(update={"schools": schools})})).schools["name"]
    unnamed = [name for name in found if name.startswith("无名")]
    assert unnamed == [f"无名 {cells(folder, 'schools.csv')[1][0]}"]
