"""Spot values as the field research has them, with its flags: a flag may fall, never rise."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import layout_planner
from layout_planner.norms import list_norm_sets, list_versions, read_norms, read_set_file

PACKAGE = Path(layout_planner.__file__).parent
USABLE = [name for name in list_norm_sets() if read_set_file(name).status != "base"]
# set, key, grade (0: any), mode, value, severity, flag in the research
SPOTS = [
    ("cn-rural", "travel.max_minutes", 1, "walk", 30, "hard", "R2"),
    ("cn-rural", "travel.max_minutes", 4, "walk", 45, "advisory", "A"),
    ("cn-rural", "travel.max_minutes", 7, "walk", 60, "advisory", "A"),
    ("cn-rural", "travel.max_walk_km", 1, "walk", 2.0, "advisory", "R2"),
    ("cn-rural", "boarding.allowed", 3, "board", 0, "hard", "R2"),
    ("cn-rural", "bus.trigger_walk_minutes", 0, "walk", 30, "advisory", "R2"),
    ("cn-rural", "bus.speed_cap_kmh", 0, None, 60, "hard", "R1"),
    ("cn-rural", "bus.hazard_speed_cap_kmh", 0, None, 20, "hard", "R1"),
    ("cn-rural", "bus.capacity_max", 0, None, 56, "hard", "R2"),
    ("cn-rural", "bus.attendant", 0, None, 1, "hard", "R1"),
    ("cn-rural", "small_school.max_pupils", 0, None, 100, "info", "R2"),
    ("cn-rural", "small_school.funding_floor", 0, None, 100, "info", "R1"),
    ("cn-rural", "class.standard", 6, None, 45, "advisory", "R2"),
    ("cn-rural", "class.standard", 7, None, 50, "advisory", "R2"),
    ("cn-rural", "class.non_complete", 4, None, 30, "advisory", "R2"),
    ("cn-rural", "class.very_large", 0, None, 66, "hard", "R2"),
    ("cn-rural", "dorm.area_m2", 0, None, 3.0, "hard", "R2"),
    ("cn-rural", "dorm.beds_per_boarder", 0, None, 1, "hard", "R2"),
    ("cn-rural", "toilets.boys", 0, None, 40, "advisory", "R2"),
    ("cn-rural", "toilets.urinal", 0, None, 20, "advisory", "R2"),
    ("cn-rural", "toilets.girls", 0, None, 13, "advisory", "R2"),
    ("cn-rural", "staff.pupils_per_teacher", 1, None, 19, "info", "R2"),
    ("cn-rural", "staff.pupils_per_teacher", 9, None, 13.5, "info", "R2"),
    ("cn-rural", "cost.per_pupil_yuan", 1, None, 650, "info", "R1"),
    ("cn-rural", "cost.per_pupil_yuan", 7, None, 850, "info", "R1"),
    ("cn-rural", "cost.boarder_allowance_yuan", 1, None, 1250, "info", "R2"),
    ("cn-rural", "cost.boarder_allowance_yuan", 7, None, 1500, "info", "R2"),
    ("cn-rural", "cost.meal_per_day_yuan", 0, None, 5, "info", "R2"),
    ("cn-rural", "cost.meal_days", 0, None, 200, "info", "R2"),
    ("cn-rural", "cost.per_disabled_pupil_yuan", 0, None, 6000, "info", "R2"),
    ("cn-rural", "venue.internet_cafe_m", 0, None, 200, "hard", "R1"),
    ("cn-rural", "venue.other_m", 0, None, 200, "advisory", "A"),
    ("cn-rural", "procedure.notice_days", 0, None, 30, "hard", "R1"),
    ("cn-rural", "procedure.hearing_papers_days", 0, None, 7, "hard", "R1"),
    ("cn-rural", "risk.absence_days", 0, None, 3, "info", "R1"),
    ("cn-rural", "retention.target", 0, None, 95, "info", "R2"),
    ("cn-rural", "speed.tobler_top_kmh", 0, None, 6, "info", "R1"),
    ("cn-rural", "speed.child_factor", 1, None, 0.75, "info", "A"),
    ("cn-urban", "travel.max_walk_km", 1, "walk", 0.5, "advisory", "R3"),
    ("cn-urban", "travel.max_walk_km", 7, "walk", 1.0, "advisory", "R3"),
    ("cn-urban", "travel.max_minutes", 1, "walk", 10, "advisory", "R2"),
    ("cn-urban", "travel.max_minutes", 7, "walk", 15, "advisory", "R2"),
    ("cn-urban", "travel.max_minutes", 1, "school_bus", 30, "hard", "R2"),
    ("cn-xinjiang", "travel.max_minutes", 9, "walk", 30, "advisory", "R2"),
    ("cn-xinjiang", "travel.max_minutes", 9, "school_bus", 60, "advisory", "A"),
    ("cn-hebei", "procedure.notice_days", 0, None, 31, "hard", "R2"),
    ("cn-guizhou-2012", "junior.min_pupils", 7, None, 1000, "info", "R2"),
    ("in-rte", "travel.max_walk_km", 5, "walk", 1.0, "hard", "R2"),
    ("in-rte", "travel.max_walk_km", 6, "walk", 3.0, "hard", "R2"),
    ("en-england", "travel.max_walk_km", 1, "walk", 3.219, "hard", "R2"),
    ("en-england", "travel.max_minutes", 6, "school_bus", 45, "advisory", "R3"),
    ("en-england", "travel.max_minutes", 7, "school_bus", 75, "advisory", "R3"),
    ("us-wv", "travel.max_minutes", 5, "school_bus", 30, "hard", "R1"),
    ("us-wv", "travel.max_minutes", 8, "school_bus", 45, "hard", "R1"),
    ("us-wv", "travel.max_minutes", 9, "school_bus", 60, "hard", "R1"),
    ("us-wv", "travel.max_minutes", 9, "walk", 60, "advisory", "A"),
    ("us-wv", "travel.max_walk_km", 1, "walk", 3.219, "advisory", "R1"),
    ("jp-mext", "travel.max_walk_km", 6, "walk", 4.0, "hard", "R2"),
    ("jp-mext", "travel.max_minutes", 1, "school_bus", 60, "advisory", "R2"),
    ("no-skoleskyss", "travel.max_walk_km", 1, "walk", 2.0, "hard", "R1"),
    ("no-skoleskyss", "travel.max_walk_km", 9, "walk", 4.0, "hard", "R1"),
    ("fi", "travel.max_walk_km", 1, "walk", 5.0, "hard", "R1"),
    ("id-snp", "travel.max_walk_km", 9, "walk", 6.0, "hard", "R2"),
    ("za", "travel.max_walk_km", 9, "walk", 3.0, "advisory", "R3"),
    ("cn-legacy-40min", "travel.max_minutes", 9, "walk", 40, "advisory", "R3"),
    ("pe", "travel.max_walk_km", 1, "walk", 1.5, "advisory", "A"),
]
FALLEN = {("cn-hebei", "procedure.notice_days"): "D"}  # one month is read; that it has 31 days is worked out
SURETY = {"R1": 0, "R2": 1, "R3": 2, "D": 3, "A": 4}
FROM_MEMORY = [("cost.per_pupil_yuan", 720), ("cost.per_pupil_yuan", 940), ("cost.per_boarder_yuan", 300)]


@pytest.mark.parametrize(("name", "key", "grade", "mode", "value", "severity", "flag"), SPOTS)
def test_spot_values_carry_the_flags_of_the_research(name, key, grade, mode, value, severity, flag):
    norm = read_norms(name, allow_drafts=True).find(key, grades=[grade] if grade else [], mode=mode)
    assert norm is not None
    assert (norm.value, norm.severity) == (value, severity)
    assert norm.flag == FALLEN.get((name, key), flag)
    assert SURETY[norm.flag] >= SURETY[flag]


def test_what_was_only_remembered_does_not_ship():
    """The amounts of 2023 and the year of the hygiene standard were never read."""
    for name in list_norm_sets():
        for norm in list_versions(name):
            assert (norm.key, norm.value) not in FROM_MEMORY
            assert "生活卫生设施" not in norm.instrument or norm.year is None


def keys_asked() -> set[str]:
    """Return the keys that the package asks a set for and cannot do without: literal first arguments of `value` and `get`."""
    found = set()
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            asks = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"value", "get"}
            if asks and "norms" in ast.unparse(node.func.value) and node.args and isinstance(node.args[0], ast.Constant):
                found.add(str(node.args[0].value))
    return found


@pytest.mark.parametrize("name", USABLE)
def test_every_set_has_what_the_package_asks_for_in_every_grade_and_mode(name):
    norms = read_norms(name, allow_drafts=True)
    asked = keys_asked() | {"travel.max_minutes", "board.max_minutes_weekly"}
    assert len(asked) > 20
    own_grades = {"class.teachers_junior": range(7, 10), "class.teachers_primary": range(1, 7)}
    for key in sorted(asked):
        for grade in own_grades.get(key, range(1, 10)):
            for mode in ("walk", "bus", "school_bus"):
                assert norms.find(key, grades=[grade], mode=mode), (key, grade, mode)
