"""Venues that the law keeps away from schools."""

from __future__ import annotations

from layout_planner.county.columns import PLACE, Column, Table
from layout_planner.words import Words

VENUE_KINDS = ("internet_cafe", "entertainment", "bar", "alcohol", "tobacco", "lottery")
VENUES = Table(
    "venues",
    Words("校园周边场所（网吧、娱乐、烟酒、彩票）", "venues that the law keeps away from schools"),
    "venue_id",
    (
        Column(
            "venue_id", "id", Words("场所编号，唯一", "venue id, unique"), required=True, aliases=("场所编号", "编号", "id"), example="W01"
        ),
        Column("name", "text", Words("名称", "name"), aliases=("名称", "场所名称"), example="飞鱼网吧"),
        Column(
            "kind",
            "choice",
            Words("类别", "kind"),
            required=True,
            choices=VENUE_KINDS,
            choice_words=(
                Words("网吧", "internet_cafe"),
                Words("娱乐场所", "entertainment"),
                Words("酒吧", "bar"),
                Words("酒类销售", "alcohol"),
                Words("烟草销售", "tobacco"),
                Words("彩票销售", "lottery"),
            ),
            aliases=("类别", "类型"),
            example="网吧",
        ),
        *PLACE,
    ),
)
