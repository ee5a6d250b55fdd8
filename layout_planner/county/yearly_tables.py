"""Tables that hold one row a year: counted cohorts, the townships' outlook, moves to resettlement sites, school registers."""

from __future__ import annotations

from layout_planner.county.columns import SCHOOL_ID, Column, Table, count_column
from layout_planner.words import Words

FIRST_YEAR, LAST_YEAR = 1990, 2100
OLDEST = 14


def _year(zh: str, en: str, *aliases: str) -> Column:
    return Column(
        "year", "int", Words(zh, en), required=True, unit="year", least=FIRST_YEAR, most=LAST_YEAR, aliases=aliases, example="2026"
    )


def _home(name: str, zh: str, en: str, *aliases: str) -> Column:
    return Column(name, "id", Words(zh, en), required=True, aliases=aliases, example="520999101201001")


_SCHOOL_YEAR = _year("学年（以秋季开学的年份表示）", "school year, by the year in which it begins", "学年", "年份", "年度")

COHORTS = Table(
    "cohorts",
    Words("分年龄或分年级儿童数（按居民点和学年）", "children by age or grade, by settlement and school year"),
    None,
    (
        _home("settlement_id", "居民点编号", "settlement id", "居民点编号", "村编号"),
        _SCHOOL_YEAR,
        Column(
            "grade", "int", Words("年级；与年龄二选一", "grade; give either grade or age"), least=1, most=9, aliases=("年级",), example="3"
        ),
        Column(
            "age",
            "int",
            Words("年龄（周岁）；与年级二选一，6岁视为一年级", "age in full years; give either grade or age; age 6 counts as grade 1"),
            unit="years",
            least=0,
            most=OLDEST,
            aliases=("年龄", "周岁"),
        ),
        Column(
            "pupils",
            "int",
            Words("人数", "children"),
            required=True,
            unit="pupils",
            least=0,
            most=100_000,
            aliases=("人数", "学生数"),
            example="12",
        ),
    ),
)

OUTLOOK = Table(
    "outlook",
    Words(
        "乡镇人口展望（出生、净迁移、随迁子女）",
        "outlook of the townships: births, net migration, children who arrive with migrant workers",
    ),
    None,
    (
        Column(
            "township", "text", Words("乡镇（街道）", "township"), required=True, aliases=("乡镇", "所属乡镇", "街道"), example="龙井镇"
        ),
        _year("学年；最后一年之后沿用最后一行", "school year; after the last year given, its values continue", "学年", "年份", "年度"),
        Column(
            "births",
            "int",
            Words("出生人数；空格按最近一届婴儿数估计", "births in the year; blank: as many as the youngest age now counted"),
            unit="children",
            least=0,
            most=100_000,
            aliases=("出生人数", "出生数"),
            example="120",
        ),
        Column(
            "net_migration",
            "float",
            Words("儿童净迁移率，净迁出为负（城镇化）", "net migration of children in the year, leaving is negative (urbanisation)"),
            unit="%",
            least=-50,
            most=50,
            aliases=("净迁移率", "净迁移率%"),
            example="-1.5",
        ),
        Column(
            "arrivals",
            "int",
            Words("新到随迁子女数（1-9年级）", "pupils who arrive with migrant workers, grades 1-9"),
            unit="pupils",
            least=0,
            most=100_000,
            aliases=("随迁子女", "随迁子女数"),
            example="20",
        ),
    ),
)

MOVES = Table(
    "moves",
    Words("易地搬迁安排（从居民点到安置点）", "resettlement: moves from settlements to sites"),
    None,
    (
        _home("from_settlement_id", "迁出居民点编号", "settlement that is left", "迁出居民点编号", "迁出村编号"),
        _home("to_settlement_id", "迁入居民点（安置点）编号", "settlement or site that receives", "迁入居民点编号", "安置点编号"),
        Column("date", "date", Words("搬迁日期", "day of the move"), required=True, aliases=("搬迁日期", "日期"), example="2028-06-30"),
        Column(
            "share",
            "float",
            Words("搬迁户比例；与学生数二选一", "share of households that move; give either share or pupils"),
            unit="%",
            least=0,
            most=100,
            aliases=("搬迁比例", "迁出比例"),
            example="60",
        ),
        Column(
            "pupils",
            "int",
            Words("搬迁学生数（1-9年级）；与比例二选一", "pupils who move, grades 1-9; give either share or pupils"),
            unit="pupils",
            least=0,
            most=100_000,
            aliases=("搬迁学生数", "学生数"),
        ),
        Column("note", "text", Words("备注", "note"), aliases=("备注",), example=""),
    ),
)

REGISTERS = Table(
    "registers",
    Words("学籍变动汇总（按学校和年级，只填人数）", "changes on the school registers, by school and grade, counts only"),
    None,
    (
        SCHOOL_ID,
        _SCHOOL_YEAR,
        Column(
            "term",
            "int",
            Words("学期，1或2；按学年填报时留空", "term 1 or 2; blank when the row is for the year"),
            least=1,
            most=2,
            aliases=("学期",),
            example="1",
        ),
        Column("grade", "int", Words("年级", "grade"), required=True, least=1, most=9, aliases=("年级",), example="6"),
        Column(
            "enrolled_start",
            "int",
            Words("学年（学期）初在校生数", "pupils enrolled at the start of the year or term"),
            required=True,
            unit="pupils",
            least=0,
            most=20_000,
            aliases=("学年初在校生数", "期初在校生数"),
            example="42",
        ),
        count_column("transferred_in", "转入", "transferred in", ("转入", "转入人数"), "2"),
        count_column("transferred_out", "转出", "transferred out", ("转出", "转出人数"), "3"),
        count_column("suspended", "休学", "suspended", ("休学", "休学人数"), "0"),
        count_column("returned", "复学", "returned from suspension", ("复学", "复学人数"), "0"),
        count_column("dropped_out", "辍学（经核实）", "dropped out, confirmed", ("辍学", "辍学人数", "退学"), "0"),
        count_column("deceased", "死亡", "deceased", ("死亡", "死亡人数"), "0"),
        count_column(
            "suspected",
            "疑似辍学（无故连续缺课达到规定天数）",
            "suspected dropout: absent without reason for the days named by the rule",
            ("疑似辍学", "疑似辍学人数"),
            "1",
        ),
        count_column("graduated", "毕业生数（毕业年级填）", "graduates, in the last grade of a stage", ("毕业", "毕业生数"), "40"),
        count_column(
            "entered_grade1",
            "该届学生小学一年级入学人数（毕业年级填）",
            "how many of the graduating cohort entered grade 1, in the last grade of a stage",
            ("入学人数", "该届入学人数"),
            "43",
        ),
    ),
)
