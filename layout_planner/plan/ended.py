"""How a search ended before all was proven."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layout_planner.clock import is_interrupted
from layout_planner.county.model import Note
from layout_planner.words import Words

if TYPE_CHECKING:
    from layout_planner.plan.layout import Solved

INTERRUPTED = "interrupted"
INTERRUPTING = Words(
    "已中断求解：保留目前最好的方案；再按一次 Ctrl-C 立即退出",
    "the search is interrupted and keeps the best plan so far; press Ctrl-C again to stop at once",
)


def told_status(otherwise: str) -> str:
    """Return the status of a search that ended before all was proven."""
    return INTERRUPTED if is_interrupted() else otherwise


def note_interrupted(solved: Solved) -> tuple[Note, ...]:
    """Return what a reader must know of a plan whose search somebody ended."""
    if solved.status != INTERRUPTED:
        return ()
    if solved.bound > 0:
        how = Words(f"离最优最多差{solved.gap:.1%}", f"at most {solved.gap:.1%} from the best")
    else:
        how = Words("离最优有多远还没有证明", "and nothing is proven yet of how good it is")
    zh = f"求解被人中断：这是当时最好的方案，{how.zh}；重新运行可以得到更好的方案"
    en = f"the search was interrupted: this is the best plan it had, {how.en}; run it again for a better one"
    return (Note(INTERRUPTED, Words(zh, en)),)


def note_cut_short() -> tuple[Note, ...]:
    """Return what a reader must know of several plans when Ctrl-C has ended the search for them; nothing when it has not."""
    if not is_interrupted():
        return ()
    zh = "求解被人中断：还没有求到的方案没有列出，列出的是当时最好的；重新运行可以得到更好的方案"
    en = "the search was interrupted: plans that it had not come to are missing, the others are the best it had; run it again for all"
    return (Note(INTERRUPTED, Words(zh, en)),)
