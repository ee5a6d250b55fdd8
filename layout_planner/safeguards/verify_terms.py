"""What a plan says of itself, counted a second time from its trips and the raw tables: money spent once, siblings apart, times of groups.

Shares no code with `plan`: one entry a child, whole numbers and fractions.
"""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING, Any

import pandas as pd

from layout_planner.safeguards.enrolment import recount_lacking
from layout_planner.safeguards.recount import CLOSED, bands_of, count_classes
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from layout_planner.county.model import County
    from layout_planner.norms import NormSet
    from layout_planner.plan.layout import Layout
    from layout_planner.scenario import Scenario

LAST_PRIMARY_GRADE = 6
BY_DAY = {"walk", "bus", "school_bus"}
NEAR = 1.0  # yuan, pupils or minutes that two sums may differ by
NAMES = {
    "capital_yuan": Words("一次性投入（元）", "yuan spent once"),
    "split_siblings": Words("与兄弟姐妹不同校的学生", "pupils whose siblings go to another school"),
    "lacking_pupils": Words("学校不足最少学生数的人数", "pupils lacking at schools below the least enrolment"),
    "worst_minutes": Words("最长单程（分钟）", "worst trip, minutes"),
}
P90 = Words("九成学生单程不超过（分钟）：{band}", "nine in ten of {band} travel at most, minutes")


def check_terms(
    county: County, scenario: Scenario, norms: NormSet, plan: Layout, today: Layout, said: Mapping[str, float]
) -> Iterator[Words]:
    """Yield every figure of `said` that the trips do not bear out, and money spent once beyond what the scenario allows."""
    rows: list[dict[Any, Any]] = plan.assignment.to_dict("records")
    spent = _recount_capital(county, scenario, norms, plan, today)
    found = {"capital_yuan": spent, "split_siblings": float(_recount_siblings(county, scenario, rows)), "worst_minutes": _longest(rows)}
    if scenario.plan.min_enrolment:
        found["lacking_pupils"] = float(sum(recount_lacking(county, scenario, plan).values()))
    names = dict(NAMES)
    for band in scenario.bands:
        found[f"p90_minutes.{band}"] = _longest([row for row in rows if row["band"] == band], Fraction(9, 10))
        names[f"p90_minutes.{band}"] = P90.fill(band=band)
    for key, figure in found.items():
        if key in said and not abs(said[key] - figure) <= NEAR:
            zh, en = names[key]
            yield Words(
                f"{zh}：方案为{said[key]:.1f}，复核为{figure:.1f}", f"{en}: the plan says {said[key]:.1f}, the re-check finds {figure:.1f}"
            )
    for name in sorted(set(plan.fixes) - {fix.id for fix in scenario.plan.road_fixes}):
        yield Words(f"整治的道路“{name}”不在情景中", f"the plan mends a road that the scenario does not offer: '{name}'")
    most = scenario.plan.capital_yuan
    if most is not None and not spent <= most + NEAR:
        yield Words(f"一次性投入{spent:.0f}元，情景只允许{most:.0f}元", f"{spent:.0f} yuan are spent once, the scenario allows {most:.0f}")


def _recount_capital(county: County, scenario: Scenario, norms: NormSet, plan: Layout, today: Layout) -> float:
    beds = buses = rooms = 0
    for school_id, school in county.schools.iterrows():
        site = plan.sites.loc[school_id]
        beds += int(site["new_beds"])
        buses += max(0, int(site["buses"]) - (0 if site["form"] == CLOSED else int(school["buses"])))
        if "classrooms" in school and pd.notna(school["classrooms"]):
            now, then = (count_site_classes(county, scenario, norms, layout, str(school_id)) for layout in (today, plan))
            rooms += max(0, then - max(now, int(school["classrooms"])))
    roads = sum(fix.cost_yuan for fix in scenario.plan.road_fixes if fix.id in plan.fixes)
    things = ((beds, "cost.new_bed_yuan"), (buses, "cost.bus_price_yuan"), (rooms, "cost.classroom_yuan"))
    return roads + sum(number * norms.value(key) for number, key in things)


def count_site_classes(county: County, scenario: Scenario, norms: NormSet, layout: Layout, school_id: str) -> int:
    """Return the classes of a school, counted from the pupils of every band that it teaches."""
    taught = bands_of(str(layout.sites.at[school_id, "form"]), county.schools.loc[school_id], scenario)
    here = layout.assignment[layout.assignment["school_id"] == school_id]
    return sum(
        count_classes(int(here.loc[here["band"] == band, "pupils"].sum()), scenario.bands[band], norms)
        for band in scenario.bands
        if band in taught
    )


def _recount_siblings(county: County, scenario: Scenario, rows: list[dict[Any, Any]]) -> Fraction:
    """Return the pupils of the smaller of two neighbouring bands of a settlement that cannot be paired at one school, share by share."""
    young = sorted((min(grades), band) for band, grades in scenario.bands.items() if max(grades) <= LAST_PRIMARY_GRADE)
    goes: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        goes[str(row["settlement_id"]), str(row["band"])][str(row["school_id"])] += int(row["pupils"])
    apart = Fraction(0)
    for (_, one), (_, other) in pairwise(young):
        both = {*scenario.bands[one], *scenario.bands[other]}
        if not any(both.issubset(grades) for grades in county.schools["grades"]):
            continue
        for home in county.settlements.index:
            first, second = goes[str(home), one], goes[str(home), other]
            if not first or not second:
                continue
            share = Fraction(0)
            for school in first.keys() & second.keys() - {""}:
                share += min(Fraction(first[school], sum(first.values())), Fraction(second[school], sum(second.values())))
            apart += min(sum(first.values()), sum(second.values())) * (1 - share)
    return apart


def _longest(rows: list[dict[Any, Any]], share: Fraction = Fraction(1)) -> float:
    """Return the minutes that a share of the day pupils stay within."""
    people = sorted(float(row["seconds"]) for row in rows if row["mode"] in BY_DAY for _ in range(int(row["pupils"])))
    return people[ceil(share * len(people)) - 1] / 60 if people else 0.0
