"""The columns of every input table, described once.

From these specs come the checks of `inputs`, the blank Excel forms of `new` and the data dictionary of `schema tables`.
"""

from __future__ import annotations

from layout_planner.county.columns import PLACE, Column, Table, count_column
from layout_planner.county.evidence_table import EVIDENCE
from layout_planner.county.fleet_table import FLEET
from layout_planner.county.posts_table import POSTS
from layout_planner.county.stop_table import STOPS
from layout_planner.county.terms_table import TERMS
from layout_planner.county.venue_table import VENUES
from layout_planner.county.yearly_tables import COHORTS, MOVES, OUTLOOK, REGISTERS
from layout_planner.words import Words

GRADES = tuple(range(1, 10))
FORM_GRADES: dict[str, tuple[int, ...]] = {
    "teaching_point": (1, 2, 3),
    "primary": (1, 2, 3, 4, 5, 6),
    "nine_year": (1, 2, 3, 4, 5, 6, 7, 8, 9),
    "junior": (7, 8, 9),
}
FORMS = tuple(FORM_GRADES)
SPECIAL_KINDS = ("special_school", "resource_room")
SETTLEMENT_KINDS = ("village", "resettlement", "town")


def _call_grade(grade: int) -> tuple[str, ...]:
    """Return the headers that bureaus give the pupils of a grade."""
    return tuple(
        f"{name}年级{said}" for name in (str(grade), "一二三四五六七八九"[grade - 1]) for said in ("", "学生数", "人数", "在校生数")
    )


SETTLEMENTS = Table(
    "settlements",
    Words("居民点（自然村、安置点、街区）", "settlements (natural villages, resettlement sites, town blocks)"),
    "settlement_id",
    (
        Column(
            "settlement_id",
            "id",
            Words("居民点编号，唯一", "settlement id, unique"),
            required=True,
            aliases=("居民点编号", "村编号", "编号", "id", "code"),
            example="520999101201001",
        ),
        Column("name", "text", Words("名称", "name"), required=True, aliases=("名称", "村名", "居民点名称", "自然村"), example="大坪"),
        Column("name_en", "text", Words("英文名", "English name"), aliases=("英文名",), example="Daping"),
        *PLACE,
        Column("township", "text", Words("乡镇（街道）", "township"), aliases=("乡镇", "所属乡镇", "街道"), example="龙井镇"),
        Column(
            "kind",
            "choice",
            Words("类别：自然村、安置点、城镇", "kind: village, resettlement site or town"),
            choices=SETTLEMENT_KINDS,
            choice_words=(Words("自然村", "village"), Words("安置点", "resettlement"), Words("城镇", "town")),
            choice_aliases=tuple(
                (said, kind)
                for kind, names in (
                    ("village", ("村", "村寨", "自然寨", "村民组", "行政村", "农村")),
                    ("resettlement", ("安置区", "移民安置点", "搬迁安置点", "易地扶贫搬迁安置点")),
                    ("town", ("社区", "街区", "集镇", "城区", "镇区")),
                )
                for said in names
            ),
            aliases=("类别", "类型"),
            example="自然村",
        ),
        Column(
            "population",
            "float",
            Words("人口", "population"),
            unit="people",
            least=0,
            most=10_000_000,
            aliases=("人口", "总人口", "户籍人口"),
            example="312",
        ),
        *(count_column(f"pupils_g{g}", f"{g}年级在读学生数", f"pupils in grade {g}", _call_grade(g), "3") for g in GRADES),
        *(
            count_column(f"age_{a}", f"{a}岁儿童数（未入学）", f"children aged {a}, not yet at school", (f"{a}岁", f"{a}岁儿童"), "3")
            for a in range(6)
        ),
        count_column("left_behind", "留守儿童数（在读，1-9年级）", "left-behind pupils, grades 1-9", ("留守儿童", "留守儿童数"), "8"),
        count_column("poor", "家庭经济困难学生数", "pupils from poor households", ("困难学生", "贫困学生数"), "5"),
        count_column("disabled", "残疾学生数", "disabled pupils", ("残疾学生", "残疾儿童数"), "0"),
        Column(
            "school_lower_primary",
            "id",
            Words("1-3年级现就读学校编号", "school id attended now, grades 1-3"),
            aliases=("1-3年级学校",),
            example="5200000101",
        ),
        Column(
            "school_upper_primary",
            "id",
            Words("4-6年级现就读学校编号", "school id attended now, grades 4-6"),
            aliases=("4-6年级学校",),
            example="5200000101",
        ),
        Column(
            "school_junior",
            "id",
            Words("7-9年级现就读学校编号", "school id attended now, grades 7-9"),
            aliases=("7-9年级学校", "初中学校"),
            example="5200000301",
        ),
    ),
)

SCHOOLS = Table(
    "schools",
    Words("学校与教学点", "schools and teaching points"),
    "school_id",
    (
        Column(
            "school_id",
            "id",
            Words("学校（机构）标识码，唯一", "school id, unique (10-digit code, kept as text)"),
            required=True,
            aliases=("学校标识码", "学校编号", "标识码", "id", "code"),
            example="2152000101",
        ),
        Column("name", "text", Words("学校名称", "name"), required=True, aliases=("学校名称", "校名", "名称"), example="大坪小学"),
        Column("name_en", "text", Words("英文名", "English name"), aliases=("英文名",), example="Daping Primary School"),
        *PLACE,
        Column("township", "text", Words("乡镇（街道）", "township"), aliases=("乡镇", "所属乡镇", "街道"), example="龙井镇"),
        Column(
            "form",
            "choice",
            Words("办学类型", "form"),
            required=True,
            choices=FORMS,
            choice_words=(
                Words("教学点", "teaching_point"),
                Words("小学", "primary"),
                Words("九年一贯制", "nine_year"),
                Words("初中", "junior"),
            ),
            choice_aliases=tuple(
                (said, form)
                for form, names in (
                    ("teaching_point", ("小学教学点", "村教学点", "校点")),
                    ("primary", ("完小", "完全小学", "村小", "中心小学", "初小")),
                    ("nine_year", ("九年一贯制学校", "九年制学校", "九年制", "一贯制")),
                    ("junior", ("初级中学", "独立初中")),
                )
                for said in names
            ),
            aliases=("办学类型", "学校类型", "类型"),
            example="小学",
        ),
        Column(
            "grades",
            "grades",
            Words("开设年级，如1-6", "grades taught, such as 1-6; follows from the form when empty"),
            aliases=("年级", "开设年级"),
            example="1-6",
        ),
        Column(
            "classrooms", "int", Words("教室数", "classrooms"), unit="rooms", least=0, most=500, aliases=("教室数", "教室"), example="8"
        ),
        Column(
            "seats",
            "int",
            Words("学位数", "seats (places for pupils)"),
            unit="seats",
            least=0,
            most=20_000,
            aliases=("学位数", "学位", "容量"),
            example="320",
        ),
        Column(
            "beds", "int", Words("床位数", "beds"), unit="beds", least=0, most=20_000, aliases=("床位数", "床位", "宿舍床位"), example="80"
        ),
        Column("canteen", "bool", Words("有食堂（是/否）", "has a canteen (yes/no)"), aliases=("食堂", "有无食堂"), example="是"),
        Column(
            "enrolment",
            "int",
            Words("在校生数", "pupils enrolled now"),
            unit="pupils",
            least=0,
            most=20_000,
            aliases=("在校生数", "在校生", "学生数"),
            example="156",
        ),
        Column(
            "boarders",
            "int",
            Words("寄宿生数", "boarders now"),
            unit="pupils",
            least=0,
            most=20_000,
            aliases=("寄宿生数", "寄宿生"),
            example="40",
        ),
        Column(
            "teachers",
            "int",
            Words("专任教师数", "teachers"),
            unit="teachers",
            least=0,
            most=2_000,
            aliases=("教师数", "专任教师"),
            example="14",
        ),
        Column(
            "buses",
            "int",
            Words("现有校车数", "school buses in service now"),
            unit="buses",
            least=0,
            most=100,
            aliases=("校车数", "校车"),
            example="0",
        ),
        Column(
            "parent_school_id",
            "id",
            Words("教学点所属中心校编号", "central school of a teaching point"),
            aliases=("中心校编号", "所属中心校"),
            example="2152000100",
        ),
        Column(
            "yearly_cost",
            "float",
            Words("年运转成本（不含教师工资）", "yearly running cost without teachers' pay"),
            unit="yuan",
            least=0,
            most=1e9,
            aliases=("年运转成本", "年公用支出"),
            example="120000",
        ),
        Column(
            "dorm_area_m2",
            "float",
            Words("宿舍使用面积", "usable dormitory area"),
            unit="m2",
            least=0,
            most=100_000,
            aliases=("宿舍面积", "宿舍使用面积"),
            example="240",
        ),
        Column(
            "toilets_boys",
            "int",
            Words("男厕大便器（蹲位）数", "toilets for boys, urinals not counted"),
            unit="toilets",
            least=0,
            most=1000,
            aliases=("男厕蹲位", "男厕蹲位数"),
            example="4",
        ),
        Column(
            "toilets_girls",
            "int",
            Words("女厕大便器（蹲位）数", "toilets for girls"),
            unit="toilets",
            least=0,
            most=1000,
            aliases=("女厕蹲位", "女厕蹲位数"),
            example="8",
        ),
        Column(
            "special",
            "choice",
            Words(
                "特殊教育：特殊教育学校或设有资源教室，都不是则留空",
                "special school, or school with a resource classroom; empty for neither",
            ),
            choices=SPECIAL_KINDS,
            choice_words=(Words("特殊教育学校", "special_school"), Words("资源教室", "resource_room")),
            aliases=("特殊教育", "特教"),
            example="资源教室",
        ),
        Column("protected", "bool", Words("必须保留（是/否）", "must stay open (yes/no)"), aliases=("必须保留", "保护"), example="否"),
        Column(
            "candidate",
            "bool",
            Words("候选新校址（是/否）", "candidate for a new school, not open now (yes/no)"),
            aliases=("候选", "候选校址"),
            example="否",
        ),
        Column(
            "bell",
            "time",
            Words("上课时间，空白时用情景文件的值", "first lesson; the scenario's time when empty"),
            aliases=("上课时间", "到校时间"),
            example="08:00",
        ),
        Column(
            "dismissal",
            "time",
            Words("放学时间，空白时用情景文件的值", "end of the school day; the scenario's time when empty"),
            aliases=("放学时间",),
            example="16:30",
        ),
    ),
)

DIRECTIONS = ("out", "back", "both")
LINES = Table(
    "lines",
    Words("公共汽车线路与停靠站（每个停靠站一行）", "public lines and their stops, one row a stop"),
    None,
    (
        Column("line", "text", Words("线路名称", "name of the line"), required=True, aliases=("线路", "线路名称", "班线"), example="9路"),
        Column(
            "direction",
            "choice",
            Words("方向；空白或“往返”表示反方向的发车时刻相同", "direction; empty or `both`: departures are the same the other way"),
            choices=DIRECTIONS,
            choice_words=(Words("去程", "out"), Words("回程", "back"), Words("往返", "both")),
            aliases=("方向",),
            example="往返",
        ),
        Column(
            "order",
            "int",
            Words("站序，从1开始", "place of the stop along the line, from 1"),
            required=True,
            least=0,
            most=1000,
            aliases=("站序", "顺序"),
            example="1",
        ),
        Column("stop", "text", Words("停靠站名称", "name of the stop"), required=True, aliases=("站名", "停靠站", "站点"), example="大坪"),
        *PLACE,
        Column(
            "minutes",
            "float",
            Words("从首站开出后的分钟数", "minutes after leaving the first stop"),
            required=True,
            unit="min",
            least=0,
            most=1440,
            aliases=("分钟", "运行分钟", "运行时间"),
            example="0",
        ),
        Column(
            "first_departure",
            "time",
            Words("首班从首站开出的时间", "first departure from the first stop"),
            aliases=("首班", "首班车", "首班时间"),
            example="06:30",
        ),
        Column(
            "last_departure",
            "time",
            Words("末班从首站开出的时间", "last departure from the first stop"),
            aliases=("末班", "末班车", "末班时间"),
            example="18:30",
        ),
        Column(
            "headway",
            "float",
            Words("发车间隔", "minutes between departures"),
            unit="min",
            least=1,
            most=720,
            aliases=("发车间隔", "间隔", "班次间隔"),
            example="20",
        ),
        Column(
            "departures",
            "times",
            Words(
                "从首站开出的全部时刻；有此列就不用首末班和间隔", "all departures from the first stop; instead of first, last and headway"
            ),
            aliases=("发车时刻", "时刻表", "班次时刻"),
        ),
        Column(
            "seats",
            "int",
            Words("每班可供学生的座位；空白为不知道，不限", "seats for pupils on every departure; empty: not known, not limited"),
            unit="pupils",
            least=0,
            most=1000,
            aliases=("学生座位", "座位", "座位数"),
        ),
    ),
)

TABLES = {
    table.role: table for table in (SETTLEMENTS, SCHOOLS, EVIDENCE, VENUES, COHORTS, OUTLOOK, MOVES, REGISTERS, LINES, POSTS, FLEET, STOPS)
}
FORM_TABLES = {**TABLES, TERMS.role: TERMS}  # and what receiving schools report after a merger, which no scenario names
