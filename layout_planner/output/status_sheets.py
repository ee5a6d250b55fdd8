"""What schools have and lack: schools, small schools, venues nearby, the queue for beds, disabled pupils."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from layout_planner.assess.disabled import WAYS
from layout_planner.assess.status import CLASS_STATES
from layout_planner.assess.surroundings import KINDS, STATES
from layout_planner.names import FORMS
from layout_planner.output.assess_tables import ASSUMED
from layout_planner.output.sheets import UNKNOWN, Sheet, say_cell
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    NameSchool = Callable[[str], Words]

NOTHING = Words("", "")
SHORT_FORMS = FORMS | {
    "teaching_point": Words("教学点", "point"),
    "primary": Words("小学", "primary"),
    "nine_year": Words("九年制", "nine-year"),
    "junior": Words("初中", "junior"),
}
SCHOOL_HEADS = (
    (Words("学校", "school"), False),
    (Words("类型", "form"), False),
    (Words("学生", "pupils"), True),
    (Words("班数", "classes"), True),
    (Words("班额", "a class"), True),
    (Words("班额状况", "class size"), False),
    (Words("寄宿/床位", "boarders /beds"), True),
    (Words("缺床学生", "want a bed"), True),
    (Words("宿舍缺㎡", "dorm short m²"), True),
    (Words("厕位缺男/女", "toilets short b/g"), True),
    (Words("教师余缺", "teachers +/-"), True),
    (Words("场所过近", "venues near"), True),
)
TOWNSHIP_HEADS = (
    (Words("乡镇", "township"), False),
    (Words("不足百人学校", "schools under 100"), True),
    (Words("其学生", "their pupils"), True),
    (Words("百人保底增加经费（元/年）", "yuan a year by the floor of 100"), True),
    (Words("教学点", "teaching points"), True),
    (Words("缺专任课时/周", "specialist lessons wanted a week"), True),
    (Words("走教教师", "travelling teachers"), True),
)
VENUE_HEADS = (
    (Words("学校", "school"), False),
    (Words("候选校址", "candidate"), False),
    (Words("场所", "venue"), False),
    (Words("类别", "kind"), False),
    (Words("米", "metres"), True),
    (Words("限值", "limit"), True),
    (Words("结论", "finding"), False),
    (Words("依据", "source"), False),
)
QUEUE_HEADS = (
    (Words("学校", "school"), False),
    (Words("床位", "beds"), True),
    (Words("留守、路远", "left-behind, too far"), True),
    (Words("留守、路近", "left-behind, in reach"), True),
    (Words("其他、路远", "others, too far"), True),
)
DISABLED_HEADS = (
    (Words("方式", "taught"), False),
    (Words("学生", "pupils"), True),
    (Words("送教小时/周", "hours of home teaching a week"), True),
)


def status_sheets(assessment: Mapping[str, pd.DataFrame], schools: pd.DataFrame, when: str) -> list[Sheet]:
    """Return the sheets that the tables of ASSESSMENTS fill for `when` (today or plan); `schools` holds name and name_en by id."""

    def name_school(school_id: str) -> Words:
        name = str(schools.at[school_id, "name"])
        return Words(name, str(schools.at[school_id, "name_en"] or name) if "name_en" in schools else name)

    tables = {name: table[table["when"] == when] if "when" in table else table for name, table in assessment.items()}
    status = tables["school_status"].reset_index(drop=True)
    return [
        Sheet(
            Words("学校条件", "What every school has and lacks"),
            Words(
                "空白：达标或没有；—：未知。班额为全校平均；缺床学生：路远而排队无床；教师余缺对照生师比。",
                "Blank: nothing lacking; —: unknown. Class size is the mean of the school; wanting a bed: too far away and without one in "
                "the queue; teachers against the pupil-teacher ratio.",
            ),
            SCHOOL_HEADS,
            _school_rows(status, name_school),
        ),
        Sheet(
            Words("小规模学校与走教", "Small schools and travelling teachers"),
            Words(
                "不足百人的学校按百人拨付公用经费。走教：教学点缺的专任课由中心校教师承担（课时数为本项目假设）。",
                "Schools of under 100 pupils are funded as 100. Travelling teachers of the central school give the specialist lessons that "
                "a teaching point has no teacher for (lesson numbers are assumptions of this project).",
            ),
            TOWNSHIP_HEADS,
            _township_rows(status),
        ),
        Sheet(
            Words("校园周边场所", "Venues around schools"),
            Words(
                "距离从学校点位量起，校界未知，故留余量现场核实。",
                "Metres from the point of the school; its outline is unknown, so a margin is checked on site.",
            ),
            VENUE_HEADS,
            tuple(_venue_row(row, name_school) for row in tables["surroundings"].to_dict("records")),
        ),
        Sheet(
            Words("床位排队：有床/无床", "Queue for beds: with a bed / without"),
            Words(
                "留守儿童优先，再按路程由远到近；仅列有路远学生无床的学校。留守儿童人数为估计。",
                "Left-behind pupils first, then the furthest; only schools where someone too far away stays without. Left-behind pupils "
                "are estimates.",
            ),
            QUEUE_HEADS,
            _queue_rows(tables["boarding_queue"], status, name_school),
        ),
        Sheet(
            Words("残疾学生安置（估计，内部资料）", "Where disabled pupils can be taught (estimate, internal)"),
            Words(
                "就近随班就读或进特殊教育学校，超出时限的送教上门。",
                "The nearest resource classroom or special school within the limits, else at home.",
            ),
            DISABLED_HEADS,
            _disabled_rows(tables["disabled"], tables["home_visits"]),
        ),
    ]


def _school_rows(status: pd.DataFrame, name_school: NameSchool) -> tuple[list[object], ...]:
    """Return one row a school under the name of its township; what is in order stays blank."""
    rows: list[list[object]] = []
    for at, row in enumerate(status.to_dict("records")):
        if at == 0 or row["township"] != status.at[at - 1, "township"]:
            rows.append([str(row["township"])])
        rows.append(
            [
                name_school(row["school_id"]),
                SHORT_FORMS[row["form"]],
                row["pupils"],
                row["classes"],
                row["pupils_per_class"],
                NOTHING if row["class_state"] == "within" else CLASS_STATES[row["class_state"]],
                f"{row['boarders']}/{row['beds']}" if row["beds"] else "",
                row["beds_wanted"] or "",
                row["dorm_short_m2"] or "",
                _pair(row["toilets_boys_short"], row["toilets_girls_short"]),
                f"{row['teachers_spare']:+.0f}" if np.isfinite(row["teachers_spare"]) else UNKNOWN,
                row["too_near"] or "",
            ]
        )
    return tuple(rows)


def _pair(boys: float, girls: float) -> str:
    return "" if boys == girls == 0 else f"{say_cell(boys).en}/{say_cell(girls).en}"


def _township_rows(status: pd.DataFrame) -> tuple[list[object], ...]:
    """Return what the funding floor brings to small schools and who travels to teaching points, by township and in all."""
    part = pd.DataFrame(
        {
            "township": status["township"],
            "small": status["small"].astype(int),
            "small_pupils": status["pupils"].where(status["small"], 0),
            "floor_yuan": status["floor_yuan"],
            "points": (status["form"] == "teaching_point").astype(int),
            "lessons": status["specialist_lessons"],
            "travelling": status["specialists_travelling"],
        }
    )
    sums = part.groupby("township").sum()
    rows: list[list[object]] = [[str(township), *row] for township, row in zip(sums.index, sums.to_numpy().tolist(), strict=True)]
    return (*rows, [Words("合计", "total"), *sums.sum().tolist()])


def _venue_row(row: Mapping[Hashable, Any], name_school: NameSchool) -> list[object]:
    source = str(row["source"])
    return [
        name_school(str(row["school_id"])),
        bool(row["candidate"]),
        str(row["venue"]),
        KINDS[str(row["kind"])],
        row["distance_m"],
        row["limit_m"],
        STATES[str(row["state"])],
        Words(source.replace(ASSUMED, "本项目假设"), source.replace(ASSUMED, "assumption")),
    ]


def _queue_rows(queue: pd.DataFrame, status: pd.DataFrame, name_school: NameSchool) -> tuple[list[object], ...]:
    """Return who gets a bed and who does not at the schools where someone too far away stays without, the most first."""
    first, far = queue["group"] == "left_behind", queue["too_far"].astype(bool)
    tiers = {"first_far": first & far, "first_near": first & ~far, "others": ~first}
    sums = {(tier, what): queue[rows].groupby("school_id")[what].sum() for tier, rows in tiers.items() for what in ("served", "unserved")}
    table = pd.DataFrame(sums).fillna(0).astype(int)
    without = table[("first_far", "unserved")] + table[("others", "unserved")]
    beds = status.set_index("school_id")["beds"]
    said = {tier: [f"{done:,} / {left:,}" for done, left in table[tier][["served", "unserved"]].to_numpy().tolist()] for tier in tiers}
    shown = pd.DataFrame(said, index=table.index)
    return tuple(
        [name_school(str(school_id)), int(beds[school_id]), *shown.loc[school_id]]
        for school_id in without[without > 0].sort_values(ascending=False, kind="stable").index
    )


def _disabled_rows(placed: pd.DataFrame, visits: pd.DataFrame) -> tuple[list[object], ...]:
    counts = placed.groupby("way")["pupils"].sum()
    hours = float(visits["hours_week"].sum())
    return tuple([WAYS[way], int(counts[way]), hours if way == "home" else ""] for way in WAYS if counts.get(way, 0) > 0)
