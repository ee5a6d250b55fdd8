"""Every broken input is told as a problem with its place and its cure, never as a traceback."""

from __future__ import annotations

import pytest

from layout_planner.county.inputs import read_county
from layout_planner.errors import InputError
from layout_planner.scenario import read_scenario
from tests.broken import FAULTS, SCENARIO_FAULTS, Fault, add_column, both, copy_good, drop_column, set_cell, without_yearly


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
