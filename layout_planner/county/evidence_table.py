"""The records of merger procedures and of what was built first: one row a record."""

from __future__ import annotations

from layout_planner.county.columns import SCHOOL_ID, Column, Table
from layout_planner.words import Words

ITEMS = {
    "plan_filed": Words("专项规划备案", "the filing of the layout plan"),
    "appraisal": Words("论证", "the appraisal"),
    "notice": Words("公示", "the public notice"),
    "hearing_papers": Words("听证材料送达", "the papers for the hearing"),
    "hearing": Words("听证", "the hearing"),
    "survey": Words("家长意见调查", "the survey of parents"),
    "risk_assessment": Words("风险评估", "the risk assessment"),
    "legality_review": Words("合法性审查", "the legality review"),
    "approval": Words("审批", "the approval"),
    "publication": Words("决定公布", "the publication of the decision"),
    "funding": Words("经费落实", "the funding"),
    "transition": Words("过渡安排", "the arrangements for the transition"),
    "disabled_placed": Words("残疾学生一人一案", "the individual plans of disabled pupils"),
    "beds_accepted": Words("床位验收", "the acceptance of the beds"),
    "canteen_accepted": Words("食堂验收", "the acceptance of the canteen"),
    "buses_licensed": Words("校车许可", "the bus licence"),
    "attendants": Words("照管人员到位", "the attendants on the buses"),
}
LEVELS = {"county": Words("县", "county"), "prefecture": Words("市州", "prefecture"), "province": Words("省", "province")}
_LONG_AGO, _LATER = "2026-03-01", "2026-04-01"


def _people(name: str, zh: str, en: str, aliases: tuple[str, ...], example: str) -> Column:
    return Column(name, "int", Words(zh, en), unit="people", least=0, most=100_000, aliases=aliases, example=example)


EVIDENCE = Table(
    "evidence",
    Words("撤并程序与保障措施记录（按学校）", "merger procedure and safeguards, by school"),
    None,
    (
        SCHOOL_ID,
        Column(
            "item",
            "choice",
            Words("事项", "what the record shows"),
            required=True,
            choices=tuple(ITEMS),
            choice_words=tuple(Words(name.zh, item) for item, name in ITEMS.items()),
            aliases=("事项", "类别"),
            example="听证",
        ),
        Column("date", "date", Words("日期", "date"), required=True, aliases=("日期", "时间"), example=_LONG_AGO),
        Column(
            "until",
            "date",
            Words("截止日期（公示、合法性审查）", "last day (public notice, legality review)"),
            aliases=("截止日期",),
            example=_LATER,
        ),
        _people("in_favour", "赞成人数", "in favour", ("赞成", "赞成人数"), "31"),
        _people("against", "反对人数", "against", ("反对", "反对人数"), "9"),
        Column(
            "quantity",
            "int",
            Words("数量（床位、校车、照管人员、一人一案）", "how many (beds, buses, attendants, individual plans)"),
            least=0,
            most=100_000,
            aliases=("数量",),
            example="60",
        ),
        Column(
            "level",
            "choice",
            Words("审批层级", "level of the approval"),
            choices=tuple(LEVELS),
            choice_words=tuple(Words(name.zh, level) for level, name in LEVELS.items()),
            aliases=("审批层级", "层级"),
            example="县",
        ),
        Column(
            "signed_by",
            "text",
            Words("盖章单位（不填个人姓名）", "office that signed or sealed it (no names of persons)"),
            aliases=("盖章单位", "签署单位"),
            example="县教育局",
        ),
        Column("file", "text", Words("佐证文件", "file that proves it"), aliases=("佐证文件", "文件"), example="hearing-daping.pdf"),
        Column(
            "sha256",
            "text",
            Words("佐证文件的 SHA-256 校验值，可选", "SHA-256 of that file, optional"),
            aliases=("校验值", "SHA-256"),
            example="",
        ),
        Column("note", "text", Words("备注", "note"), aliases=("备注",), example=""),
    ),
)
