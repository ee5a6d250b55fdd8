"""The table of posts: references, and a refusal of what looks like the name of a person. Values are never repeated in a message."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

from layout_planner.county import checks
from layout_planner.county.posts_table import LEVELS, POSTS
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Hashable

    import pandas as pd

    from layout_planner.county.faults import Faults
    from layout_planner.county.table_files import CheckedTable
    from layout_planner.errors import Problem

SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙"
    "万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢骆岳齐梅莫庄辛管祝左涂谷祁时舒耿牟卜詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景薄单包司柏"
)
OFFICES = re.compile(
    r"长|主任|书记|主席|委员|干部|专干|专员|教师|教员|文书|会计|网格员|校医|保育员|管理员|值班|负责人|岗|局|科|股|室|办|委|组|队|所|站|中心"
)
ENGLISH_OFFICES = re.compile(
    r"\b(head|chief|director|deputy|officer|office|secretary|principal|headteacher|headmaster|chair|chairperson|committee|bureau|"
    r"section|department|clerk|inspector|commissioner|mayor|governor|leader|manager|coordinator|teacher|warden|team|board|council|post)\b",
    re.IGNORECASE,
)
TITLES = "校长|主任|书记|主席|园长|所长|老师|教师|先生|女士|同志"
NAME_THEN_TITLE = re.compile(rf"[{SURNAMES}][\u4e00-\u9fff]{{0,2}}(?:副)?(?:{TITLES})")
TITLE_THEN_NAME = re.compile(rf".*(?:{TITLES})[\s:：,，(（]*[{SURNAMES}][\u4e00-\u9fff]{{1,2}}[)）]?")
ENGLISH_PERSON = re.compile(r"\b(?:mr|mrs|ms|miss|dr)\b\.?\s+\w", re.IGNORECASE)
MOST_LETTERS = 60


def names_a_person(post: str) -> bool:
    """Return whether a cell looks like the name of a person, or names no office at all.

    A rule of thumb: 王校长, 校长王某某, 王某某 and Mr Wang are caught; 某某小学校长 is a post. It errs to the strict side.
    """
    text = unicodedata.normalize("NFKC", post).strip()
    if ENGLISH_PERSON.search(text) or NAME_THEN_TITLE.fullmatch(text) or TITLE_THEN_NAME.fullmatch(text):
        return True
    return not (OFFICES.search(text) or ENGLISH_OFFICES.search(text))


def check_posts(table: CheckedTable, settlements: CheckedTable, schools: CheckedTable) -> tuple[tuple[Problem, ...], dict[str, int]]:
    """Return the faults of the table against itself and the others, and how many cells name what is excluded, by column."""
    faults, dropped = table.faults(), {}
    if not table.usable or not {"level", "post"} <= set(table.frame):
        return (), {}
    if schools.usable and "school_id" in schools.frame:
        dropped = _drop_excluded(table, schools)
        checks.check_references(table, ["school_id"], schools, faults)
    known = {
        str(name) for other in (settlements, schools) if other.usable and "township" in other.frame for name in other.frame["township"]
    }
    for row, record in zip(table.rows, table.frame.to_dict("records"), strict=True):
        _check_row(int(row), record, known, faults)
    return faults.problems, dropped


def _drop_excluded(table: CheckedTable, schools: CheckedTable) -> dict[str, int]:
    """Leave out the rows of excluded schools: with their cell blank they would stand for every school."""
    if "school_id" not in table.frame:
        return {}
    out = table.frame["school_id"].isin(schools.excluded).to_numpy()
    table.frame, table.rows = table.frame[~out].reset_index(drop=True), table.rows[~out]
    return {"school_id": int(out.sum())} if out.any() else {}


def _check_row(row: int, record: dict[Hashable, Any], townships: set[str], faults: Faults) -> None:
    for column in ("post", "post_en"):
        text = str(record.get(column) or "")
        if text and (len(text) > MOST_LETTERS or names_a_person(text)):
            faults.add(
                Words("这一格像人名，或不是岗位名称", "this cell looks like the name of a person, or names no post"),
                Words("写岗位，如“某某小学校长”“镇教育办主任”", "write the post, such as `head of the township education office`"),
                row=row,
                column=column,
                value="******",
            )
    township = str(record.get("township") or "")
    if township and townships and township not in townships:
        faults.add(
            Words("居民点表和学校表中没有这个乡镇", "no settlement or school belongs to this township"),
            Words("与学校表的乡镇写法一致", "write it as in the schools table"),
            row=row,
            column="township",
            value=township,
        )


def post_rows(table: CheckedTable | None) -> pd.DataFrame | None:
    """Return all columns of the spec, from the county down, rows in a fixed order."""
    if table is None:
        return None
    frame = table.frame.copy()
    for column in POSTS.columns:
        frame[column.name] = frame[column.name].fillna("").astype(str) if column.name in frame else ""
    frame = frame[[column.name for column in POSTS.columns]]
    frame = frame.assign(rank=frame["level"].map({level: rank for rank, level in enumerate(LEVELS)}))
    order = ["rank", "township", "school_id", "post", "duty", "post_en", "duty_en"]
    return frame.sort_values(order, kind="stable").drop(columns="rank").drop_duplicates().reset_index(drop=True)
