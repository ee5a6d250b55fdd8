"""What the reader calls things that the code knows by key: bands, ways to school, forms of school, verdicts, rules and units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

BANDS = {
    "lower_primary": Words("1-3年级", "grades 1-3"),
    "upper_primary": Words("4-6年级", "grades 4-6"),
    "junior": Words("7-9年级", "grades 7-9"),
}
MODES = {
    "walk": Words("步行", "on foot"),
    "bus": Words("公交", "by public bus"),
    "school_bus": Words("校车", "by school bus"),
    "board": Words("寄宿", "boarding"),
    "home": Words("送教上门", "taught at home"),
    "unserved": Words("没有去处", "without a way or place"),
}
FORMS = {
    "teaching_point": Words("教学点", "teaching point"),
    "primary": Words("小学", "primary school"),
    "nine_year": Words("九年一贯制学校", "nine-year school"),
    "junior": Words("初中", "junior secondary"),
    "closed": Words("不开办", "not open"),
}
HAZARDS = {
    "flood": Words("洪水", "flood"),
    "landslide": Words("滑坡", "landslide"),
    "ice": Words("凝冻", "ice"),
    "snow": Words("积雪", "snow"),
}
VERDICTS = {
    "pass": Words("通过", "Passes"),
    "fail": Words("不通过", "Refused"),
    "unknown": Words("依据不足", "Not proven"),
}
RULES = {
    "verified": Words("独立复核", "independent re-check"),
    "tightened_only": Words("只许从严", "nothing relaxed"),
    "budget": Words("预算", "budget"),
    "least_enrolment": Words("最少学生数", "least enrolment"),
    "public_seats": Words("公交座位", "seats on public buses"),
    "buses.riders": Words("校车座位", "bus seats for all"),
    "buses.seats": Words("校车不超载", "no overloading"),
    "buses.ride": Words("校车行程时间", "bus journey times"),
    "buses.windows": Words("校车到校离校", "bus times at school"),
    "buses.walk": Words("到校车站步行", "walks to bus stops"),
    "buses.road": Words("校车走的路", "roads of buses"),
    "buses.empty": Words("校车空驶和费用", "empty driving and cost of buses"),
    "buses.slow": Words("校车慢时行程", "bus journeys on a slow day"),
    "buses.week": Words("寄宿生周末接送", "boarders' weekend buses"),
    "buses.visits": Words("送教线路", "visiting rounds"),
    "buses.side": Words("上下车不横过大路", "no crossing to the bus"),
    "buses.mixed": Words("混载另案", "mixed loads"),
    "new_risk": Words("新增风险", "new risk"),
    "unserved": Words("就读去处", "a school for every pupil"),
    "travel": Words("走读时间", "daily journey"),
    "slow_day": Words("路上慢时", "slow days"),
    "bad_day": Words("坏天气", "bad days"),
    "walk_distance": Words("步行距离", "distance on foot"),
    "board_travel": Words("寄宿往返时间", "weekly journey of boarders"),
    "boarding_age": Words("寄宿年级", "grades that may board"),
    "remote_keep": Words("偏远教学点保留", "remote sites stay"),
    "seats": Words("学位", "seats"),
    "class_size": Words("班额", "class size"),
    "very_large_class": Words("超大班额", "very large classes"),
    "school_size": Words("学校规模", "size of the school"),
    "lodging": Words("床位", "beds"),
    "dorm_area": Words("宿舍面积", "dormitory area"),
    "internet_cafe": Words("校园周边网吧", "internet cafés nearby"),
    "bus_seats": Words("校车座位", "bus seats"),
    "bus_capacity": Words("校车核载", "people in a bus"),
    "bus_due": Words("应有校车", "a bus is due"),
    "attendants": Words("照管人员", "attendants"),
    "beds_accepted": Words("床位先建后撤", "beds before closing"),
    "buses_licensed": Words("校车许可", "bus licence"),
    "canteen": Words("食堂先建后撤", "canteen before closing"),
    "roads_mended": Words("道路先修后撤", "roads before closing"),
    "few_pupils": Words("生源极少", "few pupils only"),
    "left_behind_first": Words("留守儿童优先", "left-behind first"),
    "disabled_placed": Words("残疾学生安置", "disabled pupils placed"),
    "records": Words("记录完整", "records sealed"),
    "objections": Words("群众意见答复", "comments answered"),
    "plan_filed": Words("专项规划备案", "layout plan on file"),
    "appraisal": Words("论证", "appraisal"),
    "notice": Words("公示", "public notice"),
    "notice_days": Words("公示天数", "days of notice"),
    "hearing_papers": Words("听证材料", "papers before the hearing"),
    "hearing": Words("听证", "hearing"),
    "veto_delegates": Words("多数代表意见", "most delegates"),
    "veto_parents": Words("多数家长意见", "most parents"),
    "risk_assessment": Words("风险评估", "risk assessment"),
    "legality_review": Words("合法性审查", "legality review"),
    "approval": Words("审批", "approval"),
    "approval_level": Words("审批层级", "level of approval"),
    "publication": Words("决定公布", "publication"),
    "transition": Words("过渡安排", "transition"),
    "funding": Words("经费落实", "funding"),
}
VETOES = (
    (Words("多数家长或听证代表反对", "most parents or delegates are against"), ("veto_delegates", "veto_parents")),
    (
        Words("上学不便或交通不安全", "the way to school becomes inconvenient or unsafe"),
        ("unserved", "travel", "slow_day", "bad_day", "walk_distance", "board_travel", "bus_due", "remote_keep", "new_risk", "bus_seats",
         "bus_capacity", "buses_licensed", "attendants", "roads_mended"),
    ),
    (
        Words("食宿没有保障", "lodging or meals are lacking"),
        ("boarding_age", "lodging", "dorm_area", "beds_accepted", "canteen", "left_behind_first"),
    ),
    (
        Words("造成超大规模学校或大班额", "a school or a class becomes over-large"),
        ("seats", "class_size", "very_large_class", "school_size"),
    ),
)  # fmt: skip

UNITS = {
    "1": Words("", ""),
    "record": Words("", ""),
    "rule": Words("", ""),
    "min": Words("分钟", "min"),
    "pupils": Words("人", "pupils"),
    "persons": Words("人", "persons"),
    "beds": Words("张", "beds"),
    "seats": Words("个", "seats"),
    "km": Words("公里", "km"),
    "m": Words("米", "m"),
    "days": Words("天", "days"),
    "yuan": Words("元", "yuan"),
    "years": Words("年", "years"),
    "share": Words("%", "%"),
    "boarders": Words("名寄宿生", "boarders"),
    "buses": Words("辆", "buses"),
    "pupils/class": Words("人/班", "pupils a class"),
    "overrides": Words("处放宽", "relaxed"),
    "records": Words("份有缺", "incomplete"),
    "comments": Words("条未答复", "unanswered"),
    "level": Words("", ""),
    "faults": Words("处不一致", "disagreements"),
    "1 = yes": Words("", ""),
    "%": Words("%", "%"),
    "km/h": Words("公里/时", "km/h"),
    "m2/boarder": Words("平方米/人", "m² a boarder"),
    "boys/toilet": Words("名男生/厕位", "boys a toilet"),
    "girls/toilet": Words("名女生/厕位", "girls a toilet"),
    "boys/urinal": Words("名男生/个", "boys a urinal"),
    "pupils/basin": Words("人/个", "pupils a basin"),
    "pupils/teacher": Words("名学生/教师", "pupils a teacher"),
    "teachers/class": Words("名教师/班", "teachers a class"),
    "days/year": Words("天/年", "days a year"),
    "weeks/year": Words("周/年", "weeks a year"),
    "working days": Words("个工作日", "working days"),
    "people": Words("人", "people"),
    "per trip": Words("名/趟", "a trip"),
    "yuan/year": Words("元/年", "yuan a year"),
    "yuan/km": Words("元/公里", "yuan a km"),
    "yuan/pupil/year": Words("元/人·年", "yuan a pupil and year"),
    "yuan/boarder/year": Words("元/人·年", "yuan a boarder and year"),
    "yuan/pupil/day": Words("元/人·天", "yuan a pupil and day"),
    "t": Words("吨", "t"),
    "visits/week": Words("次/周", "visits a week"),
    "lessons/week": Words("课时/周", "lessons a week"),
    "s": Words("秒", "s"),
    "rise/run": Words("（升高/水平）", "rise over run"),
    "month": Words("月", "month"),
    "yuan/min": Words("元/分钟", "yuan a minute"),
    "schools and bands": Words("个", "schools and bands"),
    "%/year": Words("%/年", "% a year"),
    "s/pupil": Words("秒/人", "s a pupil"),
    "events": Words("件", "events"),
    "hours": Words("小时", "hours"),
}


def name_band(band: str, grades: Iterable[int] = ()) -> Words:
    """Return what a band is called: by its grades when they are given, else by its usual grades, else by itself."""
    span = sorted(set(grades))
    if not span:
        return BANDS.get(band, Words(band, band))
    if len(span) == 1:
        return Words(f"{span[0]}年级", f"grade {span[0]}")
    if span[-1] - span[0] == len(span) - 1:
        return Words(f"{span[0]}-{span[-1]}年级", f"grades {span[0]}-{span[-1]}")
    return Words("、".join(map(str, span)) + "年级", f"grades {', '.join(map(str, span[:-1]))} and {span[-1]}")


def name_place(row: pd.Series[Any]) -> Words:
    """Return the name of a row of settlements or schools; the Chinese one twice where there is no English one."""
    return Words(str(row["name"]), str(row.get("name_en") or row["name"]))


def name_mode(mode: str) -> Words:
    """Return how a pupil gets to school, or the key itself for a mode that has no name."""
    return MODES.get(mode, Words(mode, mode))


def name_pupils(band: str, mode: str) -> Words:
    """Return which pupils a trip is of: their grades and how they travel."""
    grades, way = name_band(band), name_mode(mode)
    return Words(f"{grades.zh}，{way.zh}", f"{grades.en}, {way.en}")


def name_hazard(hazard: str) -> Words:
    """Return what a hazard is called, or the key itself for one that has no name."""
    return HAZARDS.get(hazard, Words(hazard, hazard))


def name_rule(rule: str) -> Words:
    """Return what a rule of the gate is called, or the key itself for a rule that has no name."""
    return RULES.get(rule, Words(rule, rule))


def name_unit(unit: str) -> Words:
    """Return how a unit is written after its figure, or the unit itself where it has no name."""
    return UNITS.get(unit, Words(unit, unit))
