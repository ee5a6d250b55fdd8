"""Stops that buses have or may have."""

from __future__ import annotations

from layout_planner.county.columns import PLACE, Column, Table
from layout_planner.words import Words

STOPS = Table(
    "stops",
    Words("校车站点（现有或可设）", "bus stops, there or allowed"),
    "stop_id",
    (
        Column(
            "stop_id", "id", Words("站点编号，唯一", "stop id, unique"), required=True, aliases=("站点编号", "站号", "编号"), example="Z01"
        ),
        Column("name", "text", Words("站名", "name"), aliases=("站名", "站点名称", "名称"), example="岩脚站"),
        Column(
            "crossing",
            "bool",
            Words("有信号灯、天桥或地道可过街", "children can cross there: lights, a bridge or an underpass"),
            aliases=("过街设施",),
            example="否",
        ),
        Column("shelter", "bool", Words("有候车亭", "there is a shelter"), aliases=("候车亭",), example="是"),
        *PLACE,
    ),
)
