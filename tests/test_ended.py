"""What a reader is told of how good a plan is."""

from __future__ import annotations

import pytest

from layout_planner.plan.ended import note_certificate
from layout_planner.plan.layout import Solved


def solved(status: str, gap: float) -> Solved:
    return Solved(status, 100.0, 100.0 * (1 - gap), gap, 1.0, 7)


@pytest.mark.parametrize(
    ("gap", "zh", "en"),
    [
        (0.0, "没有更好的方案", "no better plan"),
        (1e-6, "没有更好的方案", "no better plan"),
        (0.0123, "好1.23%以上", "better by more than 1.23%"),
        (1.0, "还没有证明", "nothing is proven"),
    ],
)
def test_the_gap_is_told_in_words(gap, zh, en):
    [note] = note_certificate(solved("best found", gap))
    assert zh in note.text.zh
    assert en in note.text.en
    assert "中断" not in note.text.zh
    [cut] = note_certificate(solved("interrupted", gap))
    assert zh in cut.text.zh
    assert en in cut.text.en
    assert "中断" in cut.text.zh


def test_a_plan_that_nobody_sought_has_no_certificate():
    assert note_certificate(solved("unchanged", 0.0)) == ()
