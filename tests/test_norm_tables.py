"""`schema norms` tells every value with limit, force, source and flag, in both languages and in narrow terminals."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.cells import cell_len
from rich.console import Console

import layout_planner
from layout_planner.cli import main
from layout_planner.names import UNITS
from layout_planner.norms import list_norm_sets, list_versions, read_set_file
from layout_planner.norms.labels import LABELS, name_norm
from layout_planner.output.norm_tables import list_table, norm_tables, say_limit, say_source

PACKAGE = Path(layout_planner.__file__).parent


def shown(tables, width: int) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    for table in tables:
        console.print(table)
    return console.file.getvalue()


def norm_of(name: str, key: str, grade: int = 1):
    return next(norm for norm in list_versions(name) if norm.key == key and (not norm.grades or grade in norm.grades))


@pytest.mark.parametrize("width", [80, 140])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_set_fits_the_terminal_and_says_all(lang, width):
    text = shown(norm_tables("in-rte", lang, width), width)
    assert max(map(cell_len, text.splitlines())) <= width
    for words in ("travel.max_walk_km", "RTE Rules", "r.6(1)(a)", "R2", "≤1 公里" if lang == "zh" else "≤1 km"):
        assert words in text
    assert text.index("travel.max_walk_km") < text.index("borrowed") < text.index("board.max")


def test_limits_and_sources_read_like_sentences():
    assert say_limit(norm_of("cn-rural", "boarding.allowed"), "zh") == "否"
    assert say_limit(norm_of("cn-rural", "procedure.hearing"), "en") == "required"
    assert say_limit(norm_of("cn-rural", "cost.teacher_yuan"), "en") == "90,000 yuan a year"
    assert say_source(norm_of("cn-rural", "cost.teacher_yuan"), "zh") == "本项目假设"
    assert say_source(norm_of("cn-rural", "bus.speed_cap_kmh"), "en") == "校车安全管理条例 国务院令617号 第三十五条 (2012)\n2012-04-05 –"


def test_the_list_marks_drafts_and_history():
    text = shown([list_table("en")], 80)
    lines = {line.split("│")[1].strip(): line for line in text.splitlines() if line.count("│") > 3}
    assert set(lines) - {""} == set(list_norm_sets())
    assert "draft" in lines["pe"]
    assert "history" in lines["cn-guizhou-2012"]
    assert "in use" in lines["cn-rural"]
    assert max(map(cell_len, text.splitlines())) <= 80


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_machines_read_the_same_values(lang):
    result = CliRunner().invoke(main, ["schema", "norms", "--norms", "us-wv", "--json", "--lang", lang])
    rows = json.loads(result.stdout)
    assert len(rows) == len(list_versions("us-wv"))
    assert {"name", "key", "value", "unit", "comparator", "grades", "modes", "severity", "instrument", "number", "flag"} <= set(rows[0])
    sets = json.loads(CliRunner().invoke(main, ["schema", "norms", "--list", "--json", "--lang", lang]).stdout)
    assert {row["id"]: row["status"] for row in sets}["fi"] == "draft"


def test_an_unknown_set_is_refused_with_the_known_ones():
    result = CliRunner().invoke(main, ["schema", "norms", "--norms", "nowhere", "--lang", "en"])
    assert result.exit_code == 3
    assert "cn-rural" in result.stderr


def test_every_hard_rule_is_looked_at():
    """A hard rule is asked for by key somewhere in the package."""
    readers = [path for path in PACKAGE.rglob("*.py") if path.parent.name != "norms"]
    source = "\n".join(path.read_text(encoding="utf-8") for path in readers)
    hard = {norm.key for name in list_norm_sets() for norm in read_set_file(name).norms if norm.severity == "hard"}
    assert {key for key in hard if f'"{key}"' not in source} == set()


def test_limits_are_called_by_name_and_no_name_is_stale():
    norms = [norm for name in list_norm_sets() for norm in read_set_file(name).norms]
    assert set(LABELS) <= {norm.key for norm in norms}
    for norm in norms:
        if norm.severity != "info":
            assert norm.unit in UNITS, norm.unit
            assert all(name_norm(norm.key)), norm.key
