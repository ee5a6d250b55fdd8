"""The school buses that a county has or may buy, one row a kind."""

from __future__ import annotations

from layout_planner.county.columns import Column, Table
from layout_planner.words import Words

FLEET = Table(
    "fleet",
    Words("校车（按车型）", "school buses, by kind"),
    "kind_id",
    (
        Column(
            "kind_id", "id", Words("车型编号，唯一", "id of the kind, unique"), required=True, aliases=("车型编号", "编号"), example="K19"
        ),
        Column("name", "text", Words("车型名称", "name of the kind"), aliases=("车型", "车型名称", "名称"), example="19座小学生专用校车"),
        Column(
            "seats",
            "int",
            Words("核载人数，含驾驶员", "people it is licensed for, the driver among them"),
            required=True,
            unit="people",
            least=2,
            most=100,
            aliases=("核载人数", "核载", "座位数"),
            example="19",
        ),
        Column(
            "number",
            "int",
            Words("辆数；空白为可按需添置", "how many there are; empty: as many as are needed"),
            unit="buses",
            least=0,
            most=1000,
            aliases=("辆数", "数量"),
            example="6",
        ),
        Column(
            "yearly_yuan",
            "float",
            Words(
                "每辆每年费用：折旧、驾驶员、照管人员、保险；空白用假设值",
                "a bus a year: depreciation, driver, attendant, insurance; assumed when empty",
            ),
            unit="yuan",
            least=0,
            most=10_000_000,
            aliases=("年费用", "每辆年费用"),
            example="120000",
        ),
        Column(
            "overnight",
            "id",
            Words(
                "夜间停放地点：空白为首站所在村（驾驶员家）；school 为首趟所到学校；或居民点、学校的编号",
                "where it stands overnight: empty = in the driver's village, at its first stop; `school` = at the school of its first run; "
                "or the id of a settlement or school",
            ),
            aliases=("夜间停放", "停放地点", "过夜地点"),
            example="V0003",
        ),
    ),
)
