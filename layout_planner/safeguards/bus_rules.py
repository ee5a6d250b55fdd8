"""Rules of the gate on school buses: what `bus_check` found, rule by rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layout_planner.results import BUS_OPTIONS, BUS_RULES
from layout_planner.safeguards.rules import judge, tell_first
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from layout_planner.norms import NormSet
    from layout_planner.results import BusCheck, Finding, Verdict

PLAN = "plan"
SAYS = {
    "riders": Words("每名乘车学生往返各有一个座位", "every bus pupil has one seat there and one back"),
    "seats": Words("校车不超载，每趟有照管人员", "no bus is overloaded, and an attendant rides every run"),
    "ride": Words("时刻表开得到，门到门时间不超限", "the timetable can be driven, and no trip is over its limit door to door"),
    "windows": Words("校车在上课前到校、放学后发车、赶得上下一趟", "buses are in time at school, after it and for the next run"),
    "walk": Words("到站步行不超限", "no stop is too far on foot"),
    "road": Words("校车走的路和停的站都允许", "buses drive and stop where they may"),
    "empty": Words("空驶里程和全年费用计全", "empty driving and yearly cost are counted in full"),
    "slow": Words("路上慢时，没有学生因方案的校车新超过时限", "on a slow day no pupil is newly over the limit by the buses of the plan"),
    "week": Words(
        "寄宿生周五、周日人人有座、不超时限，不满10岁不独行",
        "boarders have seats on Friday and Sunday within the limits, and nobody under ten is alone",
    ),
    "visits": Words("送教线路一天走得完，人人有人去", "rounds of visiting teachers fit a day, and everybody is visited"),
    "side": Words("没有学生须横过不准过的路上下车", "nobody crosses a road that children must not cross to or from the bus"),
    "mixed": Words(
        "几校混载的另案开得到、不超时限、不超载", "with mixed loads every run can be driven, and no ride or load is over its limit"
    ),
}
AGAIN = Words("或让布局按线路的实际需要再求几轮", "or have the layout solved again, some rounds, with what the routes need")
CURES = {
    "riders": Words(f"为没有座位的学生加站或加车；{AGAIN.zh}", f"add a stop or a bus for the pupils without a seat; {AGAIN.en}"),
    "seats": Words("换大车或加一趟", "use a larger bus or add a run"),
    "ride": Words(f"减少站点，或分成两趟；{AGAIN.zh}", f"take out stops, or split the run; {AGAIN.en}"),
    "windows": Words("调整发车时间，或加一辆车", "change the times, or add a bus"),
    "walk": Words("在近处加站", "add a stop nearer to home"),
    "road": Words("换站或改线", "move the stop or the route"),
    "empty": Words("重新计算里程和费用", "count kilometres and cost anew"),
    "slow": Words(f"缩短线路、分成两趟，或在近处加站；{AGAIN.zh}", f"shorten the run, split it, or add a stop nearer to home; {AGAIN.en}"),
    "week": Words("加一趟、换大车，或配照管人员", "add a run, use a larger bus, or put an attendant on it"),
    "visits": Words("加一趟送教", "add a round"),
    "side": Words("换到支路上的站，或设过街设施", "use a stop on a side road, or build a safe crossing"),
    "mixed": Words("不采用混载的另案", "do not use the mixed loads"),
}
NORMS = {
    "seats": "bus.attendant",
    "ride": "travel.max_minutes",
    "windows": "bus.early_minutes",
    "walk": "bus.walk_to_stop_minutes",
    "slow": "travel.max_minutes",
    "visits": "visits.day_hours",
}


def judge_buses(norms: NormSet, check: BusCheck | None) -> Iterator[Finding]:
    """Yield a finding a rule; none where nobody goes by school bus, daily or at the weekend."""
    if check is None:
        return
    daily = BUS_RULES if check.routes or check.pupils else ()
    for rule in (*daily, *(rule for rule in BUS_OPTIONS if rule in check.faults)):
        faults = check.faults.get(rule, ())
        said = SAYS[rule]
        text = _tell(faults) if faults else Words(f"校车{check.routes}趟：{said.zh}", f"{check.routes} bus runs: {said.en}")
        verdict: Verdict = "fail" if faults else "pass"
        norm = norms.find(NORMS[rule], mode="school_bus") if rule in NORMS else None
        yield judge(f"buses.{rule}", verdict, PLAN, norm, text, CURES[rule], measured=float(len(faults)), bound=(0.0, "faults"))


def _tell(faults: tuple[Words, ...]) -> Words:
    """Return the first faults in one sentence, and how many more there are."""
    told = tell_first(faults)
    return Words(f"校车：{told.zh}", f"school buses: {told.en}")
