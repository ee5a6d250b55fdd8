"""Rules of the gate on the receiving schools beside seats and beds: size, very large classes, dormitory area, buses, venues nearby."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import shapely

from layout_planner.safeguards.mergers import keep_or_bus, round_up
from layout_planner.safeguards.rules import as_count, count, judge, meets, name_bands, name_schools, name_villages, tell_figure
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from layout_planner.norms import Norm
    from layout_planner.results import Finding, Verdict
    from layout_planner.safeguards.rules import Case, Merger

DRIVER = 1


def check_receivers(case: Case, merger: Merger) -> Iterator[Finding]:
    """Yield findings on every receiving school, and on walkers who are owed a bus where the norm set says so."""
    for school_id in merger.receivers:
        size = case.norms.find("school.max_pupils")
        if size is not None:
            yield _judge_size(case, merger, school_id, size)
        very_large = case.norms.find("class.very_large")
        if very_large is not None:
            yield _judge_very_large(case, merger, school_id, very_large)
        modes = {row["mode"] for row in merger.moved if row["school_id"] == school_id}
        area, capacity = case.norms.find("dorm.area_m2"), case.norms.find("bus.capacity_max")
        if "board" in modes and area is not None:
            yield _judge_area(case, merger, school_id, area)
        if "school_bus" in modes and capacity is not None:
            yield _judge_capacity(case, merger, capacity)
        cafes = case.norms.find("venue.internet_cafe_m")
        if cafes is not None and case.county.venues is not None:
            yield _judge_cafes(case, merger, school_id, cafes)
    due = case.norms.find("bus.trigger_walk_minutes", severity="hard")
    if due is not None:
        yield _judge_walkers(case, merger, due)


def _judge_size(case: Case, merger: Merger, school_id: str, norm: Norm) -> Finding:
    school, pupils = name_schools(case, [school_id]), int(str(case.plan.sites.at[school_id, "pupils"]))
    text = Words(f"{school.zh}将有{pupils}名学生", f"{school.en} will have {count(pupils, 'pupil')}")
    over = pupils - math.floor(norm.value)
    cure = Words(f"把{over}名学生分到别校", f"send {count(over, 'pupil')} to other schools")
    verdict: Verdict = "pass" if meets(norm, pupils) else "fail"
    return judge("school_size", verdict, merger.school_id, norm, text, cure, measured=float(pupils))


def _judge_very_large(case: Case, merger: Merger, school_id: str, norm: Norm) -> Finding:
    site, school = case.plan.sites.loc[school_id], name_schools(case, [school_id])
    rooms, pupils = as_count(case.county.schools.loc[school_id].get("classrooms")), int(str(site["pupils"]))
    classes = int(min(int(str(site["classes"])), math.inf if rooms is None else rooms))
    size = pupils / classes if classes else math.inf if pupils else 0.0
    shown = round_up(size)
    text = Words(f"{school.zh}平均每班{shown}人", f"{school.en} has {shown} pupils in a class on average")
    short = max(1, math.floor(pupils / norm.value) + 1 - classes)
    cure = Words(f"在{school.zh}增加{short}个班的教室", f"add {count(short, 'classroom')} at {school.en}")
    verdict: Verdict = "pass" if meets(norm, size) else "fail"
    measured = tell_figure(size)
    return judge("very_large_class", verdict, merger.school_id, norm, text, cure, measured=measured, bound=(norm.value, "pupils/class"))


def _judge_area(case: Case, merger: Merger, school_id: str, norm: Norm) -> Finding:
    """Judge dormitory area a boarder; new beds are taken to be built with the area of the norm."""
    site, school = case.plan.sites.loc[school_id], name_schools(case, [school_id])
    row, boarders = case.county.schools.loc[school_id], int(str(site["boarders"]))
    area = as_count(row.get("dorm_area_m2"))
    if area is None and as_count(row.get("beds")) == 0:
        area = 0.0  # where no bed stands there is no dormitory yet
    if area is None:
        text = Words(f"{school.zh}的宿舍面积没有登记", f"the dormitory area of {school.en} is not on record")
        cure = Words(f"登记{school.zh}的宿舍使用面积", f"enter the usable dormitory area of {school.en}")
        return judge("dorm_area", "unknown", merger.school_id, norm, text, cure)
    area += int(str(site["new_beds"])) * norm.value
    each = area / boarders if boarders else math.inf
    text = (
        Words(
            f"{school.zh}每名寄宿生宿舍面积{each:.1f}平方米，要求{norm.value:g}",
            f"{school.en} has {each:.1f} m² of dormitory a boarder; {norm.value:g} is asked for",
        )
        if boarders
        else Words(f"{school.zh}没有寄宿生", f"{school.en} has no boarders")
    )
    short = math.ceil(round(boarders * norm.value - area, 6))
    cure = Words(f"在{school.zh}增加{short}平方米宿舍，或少收寄宿生", f"add {short} m² of dormitory at {school.en}, or take fewer boarders")
    verdict: Verdict = "pass" if boarders == 0 or meets(norm, each) else "fail"
    measured = tell_figure(each)
    return judge("dorm_area", verdict, merger.school_id, norm, text, cure, measured=measured)


def _judge_capacity(case: Case, merger: Merger, norm: Norm) -> Finding:
    """Judge whether the bus that the plan counts with, full, holds no more people than a bus for pupils may; the plate of each governs."""
    attendant = case.norms.find("bus.attendant")
    people = case.norms.value("bus.stock_seats") + DRIVER + (attendant.value if attendant else 0)
    text = Words(
        f"规划用校车坐满共{people:.0f}人（含驾驶员和照管人员），上限{norm.value:.0f}人",
        f"a full bus of the plan holds {people:.0f} people with driver and attendant, of {norm.value:.0f} at most",
    )
    cure = Words("按核定载客人数重新安排校车", "plan with the number of seats on the plate of the buses")
    verdict: Verdict = "pass" if meets(norm, people) else "fail"
    return judge("bus_capacity", verdict, merger.school_id, norm, text, cure, measured=float(people))


def _judge_cafes(case: Case, merger: Merger, school_id: str, norm: Norm) -> Finding:
    """Judge the nearest internet café, from the point of the school; the outline of the campus is not known."""
    school, venues = name_schools(case, [school_id]), case.county.venues
    assert venues is not None  # noqa: S101 - asked by the caller
    away = shapely.distance(venues.geometry[venues["kind"] == "internet_cafe"].to_numpy(), case.county.schools.geometry.at[school_id])
    nearest = float(away.min()) if len(away) else math.inf
    near = int((away < norm.value).sum())
    text = (
        Words(
            f"{school.zh}{norm.value:.0f}米内有{near}家网吧，最近{nearest:.0f}米",
            f"{count(near, 'internet café')} within {norm.value:.0f} m of {school.en}, the nearest at {nearest:.0f} m",
        )
        if near
        else Words(f"{school.zh}{norm.value:.0f}米内没有网吧", f"no internet café within {norm.value:.0f} m of {school.en}")
    )
    cure = Words(f"请主管部门先清理{school.zh}周边的{near}家网吧", f"have the {count(near, 'internet café')} near {school.en} moved first")
    verdict: Verdict = "pass" if meets(norm, nearest) else "fail"
    measured = tell_figure(nearest, 1)
    return judge("internet_cafe", verdict, merger.school_id, norm, text, cure, measured=measured)


def _judge_walkers(case: Case, merger: Merger, norm: Norm) -> Finding:
    walkers = [row for row in merger.moved if row["mode"] == "walk"]
    over = [row for row in walkers if not meets(norm, float(str(row["seconds"])) / 60)]
    pupils, villages = sum(int(str(row["pupils"])) for row in over), name_villages(case, [str(row["settlement_id"]) for row in over])
    text = (
        Words(
            f"{villages.zh}的{pupils}名学生步行超过{norm.value:.0f}分钟，应有校车",
            f"{count(pupils, 'pupil')} of {villages.en} on foot for more than {norm.value:.0f} minutes, and owed a bus",
        )
        if over
        else Words("没有学生步行到应开校车的时间", "nobody is on foot for so long that a school bus is due")
    )
    bands = dict.fromkeys(str(row["band"]) for row in over)
    cure = keep_or_bus(case, bands) if name_bands(case, bands).en else text
    return judge(
        "bus_due",
        "fail" if over else "pass",
        merger.school_id,
        norm,
        text,
        cure,
        measured=tell_figure(max((float(str(row["seconds"])) / 60 for row in walkers), default=0.0)),
        settlements=[str(row["settlement_id"]) for row in over],
    )
