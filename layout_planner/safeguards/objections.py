"""Rule of the gate on what villagers said: every objection and question of the villages that a merger moves has an answer on record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layout_planner.county.objections_table import STANCES
from layout_planner.safeguards.rules import as_day, count, judge, name_villages
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from layout_planner.results import Finding, Verdict
    from layout_planner.safeguards.rules import Case, Merger

ASKS_ANSWER = ("against", "question")


def check_objections(case: Case, merger: Merger) -> Iterator[Finding]:
    """Yield one finding where comments were imported; comments in favour need no answer."""
    table = case.county.objections
    if table is None:
        return
    homes = {str(row["settlement_id"]) for row in merger.moved}
    own = table[table["settlement_id"].isin(homes)]
    asking = own[own["stance"].isin(ASKS_ANSWER)]
    answered = [bool(str(row["answer"]).strip()) and as_day(row["answered_on"]) is not None for row in asking.to_dict("records")]
    open_homes = [str(home) for home, done in zip(asking["settlement_id"], answered, strict=True) if not done]
    by_stance = {stance: int((own["stance"] == stance).sum()) for stance in STANCES}
    said = Words(
        "、".join(f"{name.zh}{by_stance[stance]}条" for stance, name in STANCES.items()),
        ", ".join(f"{by_stance[stance]} {name.en}" for stance, name in STANCES.items()),
    )
    villages, left = name_villages(case, sorted(open_homes)), len(open_homes)
    text = Words(
        f"收到{len(own)}条意见（{said.zh}），" + (f"{villages.zh}的{left}条还没有答复" if left else "该答复的都已答复"),
        f"{count(len(own), 'comment')} came in ({said.en}); "
        + (f"{count(left, 'comment')} of {villages.en} still without an answer" if left else "all that ask for an answer have one"),
    )
    cure = Words(
        f"逐条答复{villages.zh}的{left}条意见并写明日期", f"answer the {count(left, 'comment')} of {villages.en} one by one, with the day"
    )
    verdict: Verdict = "unknown" if left else "pass"
    bound = (0.0, "comments")
    yield judge(
        "objections", verdict, merger.school_id, None, text, cure, measured=float(left), bound=bound, settlements=sorted(open_homes)
    )
