"""What a scenario asks together: demands that contradict each other, and sources of pupils that lack what they need."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from layout_planner.errors import Problem
from layout_planner.scenario.plan_checks import find_plan_faults
from layout_planner.scenario.years_checks import find_years_faults
from layout_planner.words import Words

if TYPE_CHECKING:
    from pathlib import Path

    from layout_planner.scenario.settings import Scenario

MAX_YEARS_AHEAD = 15
SCHOOL_AGES = range(6, 15)


def find_contradictions(path: Path, scenario: Scenario) -> list[Problem]:
    """Return the demands that contradict each other, found before any data file is opened."""
    problems = []
    both = sorted(set(scenario.plan.close) & set(scenario.plan.keep))
    if both:
        problems.append(
            Problem(
                str(path),
                Words("同一学校既要关闭又要保留", "the same site is to be closed and kept"),
                Words("从 plan.close 或 plan.keep 中删去", "take it out of plan.close or plan.keep"),
                column="plan.close",
                value=", ".join(both),
            )
        )
    if scenario.data.gtfs is not None and scenario.data.lines is not None:
        problems.append(
            Problem(
                str(path),
                Words("gtfs 和 lines 只能写一个", "name either `gtfs` or `lines`, not both"),
                Words("有 GTFS 就删去 lines", "take `lines` out where there is a feed"),
                column="data.lines",
            )
        )
    if scenario.plan.move == "none" and (scenario.plan.close or scenario.plan.may_close != "none"):
        problems.append(
            Problem(
                str(path),
                Words("plan.move 为 none 时不能关闭学校", 'nothing can close while plan.move is "none"'),
                Words('改为 move = "affected"', 'write move = "affected"'),
                column="plan.move",
                value="none",
            )
        )
    grades = [grade for band in scenario.bands.values() for grade in band]
    if len(grades) != len(set(grades)):
        problems.append(
            Problem(
                str(path),
                Words("同一年级属于两个学段", "a grade belongs to two bands"),
                Words("每个年级只写一次", "name every grade once"),
                column="bands",
            )
        )
    unknown = sorted(set(scenario.demand.shares) - set(scenario.bands))
    if unknown:
        problems.append(
            Problem(
                str(path),
                Words("demand.shares 中有未定义的学段", "demand.shares names bands that do not exist"),
                Words("使用 bands 中的名称", "use the names in `bands`"),
                column="demand.shares",
                value=", ".join(unknown),
            )
        )
    problems += find_plan_faults(path, scenario) + find_years_faults(path, scenario, MAX_YEARS_AHEAD)
    return problems + _check_demand(path, scenario)


def _check_demand(path: Path, scenario: Scenario) -> list[Problem]:
    """Return what is wrong between the source of the pupils, its ages, its files and the year."""
    demand, data = scenario.demand, scenario.data
    found: list[tuple[str, object, Words, Words]] = []
    by_ages = demand.source in {"census", "grid"}
    if scenario.year - data.year > MAX_YEARS_AHEAD:
        what = Words(f"推算超过{MAX_YEARS_AHEAD}年", f"the year is more than {MAX_YEARS_AHEAD} years after the data")
        found.append(("year", scenario.year, what, Words("换用较近的学年或较新的数据", "choose an earlier year or newer data")))
    if by_ages and not demand.ages and not demand.shares:
        what = Words("没有写明年龄组", "the age groups are not given")
        found.append(("demand.ages", None, what, Words("写成 ages = { age_0_9 = [0, 9] }", "write ages = { age_0_9 = [0, 9] }")))
    if demand.ages and not by_ages:
        what = Words("年龄组只用于普查或格网人口", "age groups belong to a census or a grid")
        found.append(("demand.ages", demand.source, what, Words('写 source = "census" 或 "grid"', 'write source = "census" or "grid"')))
    for role in ("cohorts", "population"):
        if demand.source == {"cohorts": "cohorts", "population": "grid"}[role] and not getattr(data, role):
            what = Words(f"没有写明数据文件 {role}", f"the file `{role}` is not given")
            found.append((f"data.{role}", None, what, Words(f"在 [data] 中写明 {role}", f"name `{role}` under [data]")))
    found += [("demand.ages", name, what, hint) for name, what, hint in _faults_of_ages(demand.ages)]
    return [
        Problem(str(path), what, hint, column=column, value=None if value is None else str(value)) for column, value, what, hint in found
    ]


def _faults_of_ages(ages: dict[str, tuple[int, int]]) -> list[tuple[str, Words, Words]]:
    """Return age groups that run backwards or share an age, and the first school age that no group holds."""
    faults = [
        (name, Words("年龄组首尾颠倒", "the group ends before it begins"), Words("写成 [0, 9]", "write [0, 9]"))
        for name, (first, last) in ages.items()
        if first > last
    ]
    groups = sorted((first, last, name) for name, (first, last) in ages.items())
    faults += [
        (name, Words("年龄组重叠", "the age groups overlap"), Words("每个年龄只属于一组", "let every age be in one group"))
        for (_, before, _), (first, _, name) in pairwise(groups)
        if first <= before
    ]
    missing = [age for age in SCHOOL_AGES if not any(first <= age <= last for first, last in ages.values())]
    if ages and missing and not faults:
        what = Words(f"没有年龄组包含{missing[0]}岁", f"no group holds age {missing[0]}")
        faults.append((f"{missing[0]}", what, Words("补齐6至14岁", "cover ages 6 to 14")))
    return faults
