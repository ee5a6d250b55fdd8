"""What `[plan.years]` asks against itself, the data and the rest of the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layout_planner.errors import Problem
from layout_planner.words import Words

if TYPE_CHECKING:
    from pathlib import Path

    from layout_planner.scenario.settings import Scenario

MOST_YEARS = 10


def find_years_faults(path: Path, scenario: Scenario, most_ahead: int) -> list[Problem]:
    """Return what contradicts itself in `[plan.years]`; `most_ahead` : years after the data that can be forecast."""
    years = scenario.plan.years
    if years is None:
        return []
    found: list[tuple[str, object, Words, Words]] = []
    begin = scenario.data.year
    if not begin <= years.first <= years.last <= begin + most_ahead or years.last - years.first >= MOST_YEARS:
        what = Words("年份范围不合要求", "these years cannot be planned together")
        hint = Words(
            f"在{begin}-{begin + most_ahead}之内从先到后，最多{MOST_YEARS}年",
            f"stay within {begin}-{begin + most_ahead}, the earlier year first, {MOST_YEARS} years at most",
        )
        found.append(("first", f"{years.first}-{years.last}", what, hint))
    for key, given in (("budget_yuan", years.budget_yuan), ("capital_yuan", years.capital_yuan)):
        strange = sorted(year for year in given if not years.first <= year <= years.last) if isinstance(given, dict) else []
        if strange:
            what = Words("有计划以外的年份", "it names years that are not planned")
            found.append((key, ", ".join(map(str, strange)), what, Words("删去这些年份", "take these years out")))
    unknown = sorted(site for site in years.close_from if site not in scenario.plan.close)
    if unknown:
        what = Words("close_from 中的学校不在 plan.close 中", "close_from names sites that plan.close does not")
        found.append(("close_from", ", ".join(unknown), what, Words("补进 plan.close 或删去", "add them to plan.close or take them out")))
    late = sorted(site for site, year in years.close_from.items() if not years.first <= year <= years.last)
    if late:
        what = Words("撤并年份不在计划之内", "the year of closing is not planned")
        found.append(("close_from", ", ".join(late), what, Words("改为计划内的年份", "choose one of the years planned")))
    plan = scenario.plan
    single = {"objective": plan.objective != "lexicographic", "road_fixes": plan.road_fixes, "siblings_yuan": plan.siblings_yuan}
    single |= {"capital_yuan": plan.capital_yuan is not None, "connected_catchments": plan.connected_catchments}
    single |= {"whole_teachers": plan.whole_teachers}
    for key in (key for key, asked in single.items() if asked):
        what = Words(f"分年方案不支持 plan.{key}", f"a plan over years does not take plan.{key}")
        hint = Words("删去该键；投入写在 plan.years.capital_yuan", "take the key out; what may be spent belongs in plan.years.capital_yuan")
        found.append(("first", key, what, hint))
    if scenario.demand.shares:
        what = Words("按比例推算的人数没有年龄，不能推移", "pupils by shares have no ages and cannot be carried into later years")
        found.append(("first", None, what, Words("改用 [demand] ages", "use [demand] ages instead")))
    return [
        Problem(str(path), what, hint, column=f"plan.years.{column}", value=None if value is None else str(value))
        for column, value, what, hint in found
    ]
