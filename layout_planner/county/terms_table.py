"""What schools report in the first terms after a merger: one row a school and term, counts only."""

from __future__ import annotations

from layout_planner.county.columns import SCHOOL_ID, Column, Table, count_column
from layout_planner.words import Words

TERMS = Table(
    "terms",
    Words("撤并后各学期情况（按接收学校，只填人数）", "the terms after a merger, by receiving school, counts only"),
    None,
    (
        SCHOOL_ID,
        Column("term", "text", Words("学期，如2027-1", "term, such as 2027-1"), required=True, aliases=("学期",), example="2027-1"),
        count_column("enrolled", "在校生数", "pupils enrolled", ("在校生数", "在校生"), "120"),
        count_column("riders", "乘校车人数", "pupils who ride the school buses", ("乘校车人数", "乘车人数"), "36"),
        Column(
            "longest_minutes",
            "float",
            Words("走读单程最长分钟（实测）", "longest daily trip one way, measured"),
            unit="min",
            least=0,
            most=600,
            aliases=("最长分钟", "单程最长分钟"),
            example="28",
        ),
        Column(
            "buses",
            "int",
            Words("在用校车数", "buses in service"),
            unit="buses",
            least=0,
            most=100,
            aliases=("在用校车数", "校车数"),
            example="2",
        ),
        Column(
            "beds",
            "int",
            Words("可用床位数", "beds that can be used"),
            unit="beds",
            least=0,
            most=20_000,
            aliases=("可用床位数", "床位数"),
            example="80",
        ),
        count_column("boarders", "寄宿生数", "boarders", ("寄宿生数", "寄宿生"), "60"),
        count_column(
            "absent", "连续旷课达到规定天数的人数", "pupils absent for the days that the rule names", ("旷课人数", "缺课人数"), "0"
        ),
        count_column("suspected", "疑似辍学人数", "suspected dropouts", ("疑似辍学人数", "疑似辍学"), "0"),
    ),
)
