"""Who answers for a school: posts at county, township, village and school, never private persons."""

from __future__ import annotations

from layout_planner.county.columns import Column, Table
from layout_planner.words import Words

LEVELS = ("county", "township", "village", "school")
LEVEL_WORDS = (Words("县级", "county"), Words("乡镇", "township"), Words("村级", "village"), Words("学校", "school"))
POSTS = Table(
    "posts",
    Words("责任岗位（写岗位，不写人名）", "posts responsible (posts, never names of persons)"),
    None,
    (
        Column(
            "level",
            "choice",
            Words("层级", "level"),
            required=True,
            choices=LEVELS,
            choice_words=LEVEL_WORDS,
            aliases=("层级", "级别"),
            example="乡镇",
        ),
        Column(
            "school_id",
            "id",
            Words("学校标识码；空白表示所有学校", "school id; empty: every school"),
            aliases=("学校标识码", "学校编号", "标识码"),
            example="2152000101",
        ),
        Column(
            "township",
            "text",
            Words("乡镇（街道）；空白表示所有乡镇", "township; empty: every township"),
            aliases=("乡镇", "所属乡镇", "街道"),
            example="龙井镇",
        ),
        Column(
            "post",
            "text",
            Words("岗位名称，如乡镇教育办主任；不写人名", "the post, such as head of the township education office; no names"),
            required=True,
            aliases=("岗位", "责任岗位", "职务"),
            example="镇教育办主任",
        ),
        Column(
            "post_en",
            "text",
            Words("岗位英文名", "the post in English"),
            aliases=("岗位英文名",),
            example="head of the township education office",
        ),
        Column("duty", "text", Words("负责事项", "what the post answers for"), aliases=("负责事项", "职责"), example="校车线路与停靠点"),
        Column("duty_en", "text", Words("负责事项英文", "the duty in English"), aliases=("负责事项英文",), example="bus lines and stops"),
    ),
)
