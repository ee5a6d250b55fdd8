"""What each missing column or file switches off, said once and carried with every result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layout_planner.county.model import Note
from layout_planner.words import Words

if TYPE_CHECKING:
    from layout_planner.county.model import TransitLines
    from layout_planner.county.table_files import CheckedTable
    from layout_planner.scenario import DataFiles

GAPS: dict[str, dict[str, Words]] = {
    "settlements": {
        "name_en": Words("英文输出使用原名", "English outputs show the names as they are"),
        "township": Words("不按乡镇汇总", "nothing is summed by township"),
        "kind": Words("所有居民点按自然村看待", "every settlement is taken as a village"),
        "population": Words("不显示人口", "population is not shown"),
        "left_behind": Words("不分析留守儿童", "left-behind pupils are not looked at separately"),
        "poor": Words("不分析家庭经济困难学生", "pupils from poor households are not looked at separately"),
        "disabled": Words("不分析残疾学生", "disabled pupils are not looked at separately"),
        "age_0": Words("学生数不能向后推移", "pupil counts cannot be aged to later years"),
        "school_lower_primary": Words(
            "1-3年级现就读学校未知，按最近学校推定", "where grades 1-3 go now is unknown; the nearest school is assumed"
        ),
        "school_upper_primary": Words(
            "4-6年级现就读学校未知，按最近学校推定", "where grades 4-6 go now is unknown; the nearest school is assumed"
        ),
        "school_junior": Words(
            "7-9年级现就读学校未知，按最近学校推定", "where grades 7-9 go now is unknown; the nearest school is assumed"
        ),
    },
    "schools": {
        "name_en": Words("英文输出使用原名", "English outputs show the names as they are"),
        "township": Words("不按乡镇汇总", "nothing is summed by township"),
        "grades": Words("开设年级按办学类型推定", "grades follow from the form"),
        "classrooms": Words("不核对教室数", "classrooms are not checked"),
        "seats": Words("学校容量不受限制", "school capacity is not limited"),
        "beds": Words("各校按没有床位处理", "no school is taken to have beds"),
        "canteen": Words("假定各校都有食堂", "every school is assumed to have a canteen"),
        "enrolment": Words("不与在校生数核对", "the plan is not compared with enrolment"),
        "boarders": Words("现有寄宿生数未知", "the number of boarders now is unknown"),
        "teachers": Words("不核对教师数", "teachers are not checked"),
        "buses": Words("按没有校车处理", "no school is taken to have a bus"),
        "parent_school_id": Words("教学点的中心校未知", "the central school of a teaching point is unknown"),
        "dorm_area_m2": Words("不核对宿舍面积", "dormitory area is not checked"),
        "toilets_boys": Words("不核对男厕蹲位", "toilets for boys are not checked"),
        "toilets_girls": Words("不核对女厕蹲位", "toilets for girls are not checked"),
        "special": Words(
            "特殊教育学校和资源教室未知，残疾学生去处未知",
            "special schools and resource classrooms are unknown, and so is where disabled pupils could go",
        ),
        "yearly_cost": Words("学校运转成本用假设值", "running costs of schools are assumed"),
        "protected": Words("没有必须保留的学校", "no school is protected"),
        "candidate": Words("没有候选新校址", "there are no candidate sites"),
    },
    "lines": {
        "direction": Words("各线路反方向的发车时刻相同", "every line runs the other way at the same times"),
    },
}
FILES: dict[str, Words] = {
    "dem": Words("没有高程数据：步行按平地计算", "no elevation: walking is taken as flat"),
    "boundary": Words("没有县界：未核对点位是否在县内", "no boundary: places are not checked against it"),
    "venues": Words("没有场所数据：未检查校园周边", "no venues: the surroundings of schools are not checked"),
    "evidence": Words(
        "没有程序和保障记录：相关关口均为“未知”，不能通过", "no evidence: the gates that need it stay unknown and do not pass"
    ),
}
NO_WATER = Words("没有水系数据：河流不算障碍", "no rivers or lakes are known: none is seen as a barrier")


NO_LINES = Words("没有公交线路数据：无人按乘公交计算", "no public lines: nobody is taken to ride a public bus")


def note_missing_files(data: DataFiles) -> list[Note]:
    """Return what the files that the scenario does not name switch off."""
    notes = [Note(f"{role}.missing", text) for role, text in FILES.items() if getattr(data, role) is None]
    return notes if data.gtfs is not None or data.lines is not None else [*notes, Note("lines.missing", NO_LINES)]


def note_lines(lines: TransitLines) -> Note:
    """Return what a table of lines does not tell: how many seats are free; or that it tells them of all."""
    told = lines.seats
    untold = lines.patterns.loc[[pattern not in told for pattern in lines.patterns.index], "line_id"].nunique()
    text = Words(
        f"{untold}条公交线路的空座数未知，按坐得下所有学生计算",
        f"free seats on the {untold} public lines are not known; all pupils are taken to fit in",
    )
    if told and not untold:
        text = Words("各公交线路每班的学生座位已知，方案不超过", "seats for pupils on all public lines are known; the plan keeps to them")
    return Note("lines.seats", text, untold)


def note_gaps(role: str, table: CheckedTable) -> list[Note]:
    """Return what this table lacks, what was filled in by default and what was left out."""
    notes = [
        Note(f"{role}.{name}.missing", Words(f"{table.shown} 没有列 {name}：{text.zh}", f"{table.shown} has no column {name}: {text.en}"))
        for name, text in GAPS.get(role, {}).items()
        if name not in table.frame.columns
    ]
    for name, count in table.blanks.items():
        if name in BLANK_MEANS.get(role, {}) and name not in table.defaults:
            text = BLANK_MEANS[role][name]
            notes.append(
                Note(
                    f"{role}.{name}.blank",
                    Words(
                        f"{table.shown} 列“{table.called(name)}”有{count}个空格：{text.zh}",
                        f"{table.shown} column '{table.called(name)}' has {count} blank cells: {text.en}",
                    ),
                    count,
                )
            )
    for name, count in table.defaults.items():
        notes.append(
            Note(
                f"{role}.{name}.default",
                Words(
                    f"{table.shown} 列 {name} 有{count}处按情景文件的缺省值填写",
                    f"{table.shown} column {name}: the scenario's default fills {count} cells",
                ),
                count,
            )
        )
    for name, reason in sorted(table.excluded.items()):
        notes.append(
            Note(
                f"{role}.excluded",
                Words(
                    f"{table.shown} 中的 {name} 按情景文件排除：{reason}", f"{name} of {table.shown} is left out by the scenario: {reason}"
                ),
                1,
            )
        )
    return notes


_ZERO = Words("按0处理", "read as 0")
BLANK_MEANS: dict[str, dict[str, Words]] = {
    "settlements": {
        **dict.fromkeys((f"pupils_g{grade}" for grade in range(1, 10)), _ZERO),
        **dict.fromkeys((f"age_{age}" for age in range(6)), _ZERO),
        **dict.fromkeys(("left_behind", "poor", "disabled", "population"), _ZERO),
        "kind": Words("按自然村看待", "read as village"),
        **dict.fromkeys(
            ("school_lower_primary", "school_upper_primary", "school_junior"), Words("按最近学校推定", "the nearest school is assumed")
        ),
    },
    "schools": {
        **dict.fromkeys(("classrooms", "beds", "enrolment", "boarders", "teachers", "buses"), _ZERO),
        "seats": Words("容量不受限制", "capacity is not limited"),
        "canteen": Words("按没有食堂处理", "read as no canteen"),
        **dict.fromkeys(("dorm_area_m2", "toilets_boys", "toilets_girls"), Words("按未知处理", "read as unknown")),
        "yearly_cost": Words("用假设值", "an assumed cost is used"),
        **dict.fromkeys(("protected", "candidate"), Words("按“否”处理", "read as no")),
        **dict.fromkeys(("bell", "dismissal"), Words("用情景文件的时间", "the scenario's time is used")),
    },
    "lines": {"direction": Words("反方向的发车时刻相同", "the line runs the other way at the same times")},
}
