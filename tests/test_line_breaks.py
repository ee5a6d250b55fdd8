"""Terminal tables: a number is never broken into two."""

from __future__ import annotations

import io
import re

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from layout_planner.output.line_breaks import BreakableText, find_breaks


def lines_of(text, width):
    """Return the lines of a cell of `width` columns as they are printed."""
    table = Table.grid()
    table.add_column(width=width)
    table.add_row(BreakableText(text))
    out = io.StringIO()
    Console(file=out, width=200).print(table)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_a_figure_moves_to_the_next_line_as_a_whole():
    # 单程最长 takes 8 cells, 40.9 takes 4: one too many for 11
    assert lines_of("单程最长40.9分钟，超过30分钟", 11) == ["单程最长", "40.9分钟，", "超过30分钟"]


def test_closing_marks_stay_with_what_they_close():
    assert lines_of("甲乙丙（步行），丁", 10) == ["甲乙丙（步", "行），丁"]


def test_english_breaks_at_its_spaces():
    assert lines_of("take up to 281.3 minutes one way", 12) == ["take up to", "281.3", "minutes one", "way"]


def test_what_is_wider_than_the_column_is_folded_after_all():
    assert lines_of("123456789", 4) == ["1234", "5678", "9"]


@given(st.lists(st.sampled_from(["学", "生", "，", "12", "3.5", "1,200", "（", "）", "pupils", " "]), max_size=40), st.integers(12, 40))
def test_no_letter_is_lost_and_no_figure_is_broken(parts, width):
    text = "".join(parts)
    lines = lines_of(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    longest = max(map(cell_len, re.findall(r"[!-~]+", text)), default=0)
    if longest <= width:
        cuts = set(find_breaks(text, width))
        assert not any(set(range(m.start() + 1, m.end())) & cuts for m in re.finditer(r"[\d.,]+", text))
