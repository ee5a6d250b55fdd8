"""An answer to `why` as sentences and tables that a clerk can read out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from rich.markup import escape
from rich.table import Table

from layout_planner.compare import MEASURES, SHOWN_IN_10_000
from layout_planner.names import name_band
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from layout_planner.why import Answer
    from layout_planner.words import Lang

SHOWN = 15
TOLD = ("at_risk", "unserved", "boarders", "new_beds", "buses")


def say_answer(answer: Answer) -> Words:
    """Return in one or two sentences what the plan does with the site and what the other way would change."""
    row = answer.plan.county.schools.loc[answer.school_id]
    zh, en = str(row["name"]), str(row.get("name_en") or row["name"])
    does = Words(f"方案不开办{zh}", f"The plan closes {en}") if answer.closed else Words(f"方案保留{zh}", f"The plan keeps {en}")
    if answer.refusal is not None:
        return Words(
            f"{does.zh}。反过来没有可行方案：{answer.refusal.zh}", f"{does.en}. There is no plan the other way: {answer.refusal.en}"
        )
    other = Words("若保留", "Keeping it") if answer.closed else Words("若关闭", "Closing it")
    parts = [*(_tell(key, answer.difference(key)) for key in TOLD if round(answer.difference(key)) != 0), *_tell_minutes(answer)]
    parts.append(_tell_cost(answer))
    moved = int(answer.changes()["pupils"].sum())
    parts.append(Words(f"{moved}名学生的去处或时间改变", f"changes the school or the time of {moved} pupils"))
    zh, en = "，".join(part.zh for part in parts), ", ".join(part.en for part in parts)
    return Words(f"{does.zh}。{other.zh}：{zh}。", f"{does.en}. {other.en} {en}.")


def _tell_minutes(answer: Answer) -> list[Words]:
    longer = round(answer.difference("worst_minutes"))
    if longer == 0:
        return []
    zh, en = ("多", "longer") if longer > 0 else ("少", "shorter")
    return [Words(f"最长单程{zh}{abs(longer)}分钟", f"makes the longest trip {abs(longer)} minutes {en}")]


def _tell_cost(answer: Answer) -> Words:
    """Return the difference in yuan, and say where it is no larger than what the solver left open."""
    cost, slack = answer.difference("cost_yuan"), answer.slack_yuan
    zh, en = ("多", "costs") if cost > 0 else ("少", "saves")
    told = Words(f"每年{zh}花{abs(cost) / 10_000:.1f}万元", f"{en} {abs(cost):,.0f} yuan a year")
    if abs(cost) > slack:
        return told
    if not np.isfinite(slack):
        return Words(f"{told.zh}（本情景的目标不计钱）", f"{told.en} (the scenario gives money no weight)")
    return Words(
        f"{told.zh}（求解精度为{slack / 10_000:.1f}万元，差别不可靠）",
        f"{told.en} (the solver is only sure to {slack:,.0f} yuan, so this is no real difference)",
    )


def _tell(measure: str, change: float) -> Words:
    label, size = MEASURES[measure].label, abs(round(change))
    return Words(f"{label.zh}{'增加' if change > 0 else '减少'}{size}", f"means {size} {'more' if change > 0 else 'fewer'} {label.en}")


def answer_tables(answer: Answer, lang: Lang) -> Iterator[str | Table]:
    """Yield the sentence, the figures of both ways, the villages that change most, and what the gate holds against closing."""
    yield escape(say_answer(answer).say(lang))
    if answer.other is not None:
        yield _figures(answer, lang)
        if len(answer.changes()):
            yield _villages(answer, lang)
    if answer.refusals():
        yield _refusals(answer, lang)


def _figures(answer: Answer, lang: Lang) -> Table:
    table = Table(title=Words("两种做法的数字", "figures of both ways").say(lang), title_justify="left")
    ways = (Words("不开办", "closed"), Words("保留", "kept"))
    table.add_column("")
    table.add_column(Words(f"方案（{ways[not answer.closed].zh}）", f"the plan ({ways[not answer.closed].en})").say(lang), justify="right")
    table.add_column(Words(f"反过来（{ways[answer.closed].zh}）", f"the other way ({ways[answer.closed].en})").say(lang), justify="right")
    assert answer.other is not None  # noqa: S101 - asked by the caller
    for key, measure in MEASURES.items():
        if key not in answer.plan.measures["plan"]:
            continue
        scale = 10_000 if key in SHOWN_IN_10_000 else 1
        figures = [f"{run.measures['plan'][key] / scale:,.{measure.decimals}f}" for run in (answer.plan, answer.other)]
        table.add_row(measure.label.say(lang), *figures, style="bold" if figures[0] != figures[1] else "")
    return table


def _villages(answer: Answer, lang: Lang) -> Table:
    changes, schools = answer.changes(), answer.plan.county.schools
    title = Words(
        f"变化最大的村（前{SHOWN}行，共{len(changes)}行）", f"the villages that change most (first {SHOWN} of {len(changes)} rows)"
    )
    table = Table(title=title.say(lang), title_justify="left")
    heads = (
        Words("村", "village"),
        Words("学段", "band"),
        Words("学生", "pupils"),
        Words("方案中的学校", "school under the plan"),
        Words("反过来", "the other way"),
        Words("分钟", "minutes"),
    )
    for place, head in enumerate(heads):
        table.add_column(head.say(lang), justify="right" if place in {2, 5} else "left", overflow="fold")
    names = schools["name" if lang == "zh" or "name_en" not in schools else "name_en"]
    none = Words("无", "none").say(lang)

    def named(ids: str) -> str:
        return ", ".join(str(names[key]) for key in ids.split(",") if key) or none

    for row in changes.head(SHOWN).to_dict("records"):
        village = str(row["name"] if lang == "zh" else row["name_en"] or row["name"])
        minutes = " → ".join(f"{s / 60:.0f}" if np.isfinite(s) else "∞" for s in (row["seconds"], row["seconds_other"]))
        cells = (village, name_band(row["band"]).say(lang), str(row["pupils"]), named(row["school_id"]), named(row["school_id_other"]))
        table.add_row(*map(escape, cells), minutes)
    return table


def _refusals(answer: Answer, lang: Lang) -> Table:
    table = Table(title=Words("关闭它须先满足", "what must be true before it may close").say(lang), title_justify="left", show_lines=True)
    table.add_column(Words("发现", "finding").say(lang), overflow="fold")
    table.add_column(Words("处理", "what would lift it").say(lang), overflow="fold")
    for finding in answer.refusals():
        table.add_row(escape(finding.text.say(lang)), escape(finding.cure.say(lang)))
    return table


def describe_answer(answer: Answer) -> dict[str, Any]:
    """Return the answer as plain JSON values; unreachable is the word."""
    changes = answer.changes().replace(np.inf, "unreachable")
    return {
        "school_id": answer.school_id,
        "closed": answer.closed,
        "text": say_answer(answer)._asdict(),
        "plan": answer.plan.measures["plan"],
        "other": None if answer.other is None else answer.other.measures["plan"],
        "changes": changes.to_dict("records"),
        "refusals": [{"rule": f.rule, "text": f.text._asdict(), "cure": f.cure._asdict()} for f in answer.refusals()],
    }
