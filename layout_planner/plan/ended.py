"""How a search ended, and what is proven of its plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layout_planner.clock import is_interrupted
from layout_planner.county.model import Note
from layout_planner.words import Words

if TYPE_CHECKING:
    from layout_planner.plan.layout import Solved

INTERRUPTED, UNCHANGED = "interrupted", "unchanged"
CERTIFICATE = "certificate"  # code of the note on how good a plan is
SEEN = 5e-5  # a smaller gap is told as none
INTERRUPTING = Words(
    "已中断求解：保留目前最好的方案；再按一次 Ctrl-C 立即退出",
    "the search is interrupted and keeps the best plan so far; press Ctrl-C again to stop at once",
)


def told_status(otherwise: str) -> str:
    """Return the status of a search that ended before all was proven."""
    return INTERRUPTED if is_interrupted() else otherwise


def note_certificate(solved: Solved) -> tuple[Note, ...]:
    """Return what is proven of how good the plan is, and whether somebody ended the search; nothing where no plan was sought."""
    if solved.status == UNCHANGED:
        return ()
    proven = _say_proven(solved.gap)
    if solved.status != INTERRUPTED:
        return (Note(CERTIFICATE, proven),)
    zh = f"求解被人中断，这是当时最好的方案；{proven.zh}；重新运行可以得到更好的方案"
    en = f"the search was interrupted: this is the best plan it had; {proven.en}; run it again for a better one"
    return (Note(CERTIFICATE, Words(zh, en)),)


def _say_proven(gap: float) -> Words:
    if gap >= 1:
        return Words("方案离最优有多远还没有证明：时间不够", "nothing is proven of how good the plan is: time ran out")
    if gap < SEEN:
        return Words(
            "已证明：在本情景的要求之内没有更好的方案（先比学生，再比花费）",
            "within what this scenario demands there is, by proof, no better plan (pupils first, then money)",
        )
    return Words(
        f"已证明：在本情景的要求之内没有方案能比它好{gap:.2%}以上（先比学生，再比花费）",
        f"within what this scenario demands no plan is, by proof, better by more than {gap:.2%} (pupils first, then money)",
    )


def note_cut_short() -> tuple[Note, ...]:
    """Return what a reader must know of several plans when Ctrl-C has ended the search for them; nothing when it has not."""
    if not is_interrupted():
        return ()
    zh = "求解被人中断：还没有求到的方案没有列出，列出的是当时最好的；重新运行可以得到更好的方案"
    en = "the search was interrupted: plans that it had not come to are missing, the others are the best it had; run it again for all"
    return (Note(CERTIFICATE, Words(zh, en)),)
