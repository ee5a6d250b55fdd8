"""What villagers said of a plan, and what was answered: one row a comment, as the consultation map exports them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layout_planner.county.columns import Column, Table
from layout_planner.words import Words

if TYPE_CHECKING:
    import pandas as pd

    from layout_planner.county.table_files import CheckedTable

GUARD = r"^'(?=[=+@-])"  # what keeps a spreadsheet from running a text that looks like a formula
STANCES = {"against": Words("反对", "against"), "for": Words("赞成", "in favour"), "question": Words("疑问", "question")}
OBJECTIONS = Table(
    "objections",
    Words("群众意见与答复（不写姓名和联系方式）", "comments of villagers and answers (no names, no contacts)"),
    None,
    (
        Column("comment_id", "id", Words("意见编号", "number of the comment"), required=True, aliases=("意见编号",), example="0f3a"),
        Column(
            "settlement_id", "id", Words("居民点编号", "settlement id"), required=True, aliases=("居民点编号",), example="520999102208001"
        ),
        Column("scenario", "text", Words("方案", "scenario that it is about"), aliases=("方案",), example="merge-2027"),
        Column("plan_hash", "text", Words("方案校验码", "digest of the plan that it is about"), aliases=("方案校验码",), example="9c1e"),
        Column(
            "stance",
            "choice",
            Words("态度", "stance"),
            required=True,
            choices=tuple(STANCES),
            choice_words=tuple(Words(name.zh, stance) for stance, name in STANCES.items()),
            aliases=("态度",),
            example="反对",
        ),
        Column("text", "text", Words("意见内容", "what was said"), required=True, aliases=("意见内容", "意见"), example="路太远"),
        Column("written_on", "date", Words("提出日期", "day it was written"), required=True, aliases=("提出日期",), example="2027-03-05"),
        Column("answer", "text", Words("答复", "answer"), aliases=("答复",), example="保留一至三年级"),
        Column("answered_on", "date", Words("答复日期", "day of the answer"), aliases=("答复日期",), example="2027-03-20"),
        Column("answered_by", "text", Words("答复单位", "office that answered"), aliases=("答复单位",), example="县教育局"),
    ),
)


def objection_rows(table: CheckedTable | None) -> pd.DataFrame | None:
    """Return all columns of the spec as text, "" where blank, sorted by settlement, day and number; None without a file."""
    if table is None:
        return None
    names = [column.name for column in OBJECTIONS.columns]
    frame = table.frame.reindex(columns=names, fill_value="").fillna("").astype(object)
    for name in ("text", "answer"):
        frame[name] = frame[name].astype(str).str.replace(GUARD, "", regex=True).astype(object)
    return frame.sort_values(["settlement_id", "written_on", "comment_id"], kind="stable").reset_index(drop=True)
