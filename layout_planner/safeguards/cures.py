"""The cheapest thing that would lift the refusals of a merger's trips: keep the grades at the school, or run a bus that comes in time.

Both are priced from measured figures: the school's own costs by the formulas of docs/architecture.md, and rides measured again from the raw
roads to the nearest schools that stay. Nothing is saved elsewhere in these prices, so that they err to the dear side.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from layout_planner.safeguards.hard_days import is_late
from layout_planner.safeguards.recount import CLOSED, price_site, price_trip
from layout_planner.safeguards.retrace import Ride, Tracer
from layout_planner.safeguards.retrace_rides import child_factor
from layout_planner.safeguards.rules import as_sentence, count, name_bands, name_schools
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from layout_planner.results import Finding
    from layout_planner.safeguards.rules import Case, Merger

    Group = tuple[str, str]

TRIP_RULES = ("unserved", "travel", "slow_day", "walk_distance", "board_travel", "boarding_age", "remote_keep", "bus_due")
KEEP_RULES = ("bad_day",)
NEAREST = 4  # schools that stay, by the straight line, to which a bus is tried


@dataclass(frozen=True)
class Bus:
    """School buses for the children concerned: how many they are, how many come in time on a slow day, and what it takes for those."""

    pupils: int
    in_time: int
    buses: int
    minutes: float
    yuan: float
    receivers: tuple[str, ...]


def price_cures(case: Case, mergers: Sequence[Merger], findings: list[Finding], tracer: Tracer | None = None) -> list[Finding]:
    """Return the findings with the cheapest cure, in yuan a year, for every merger whose trips are refused."""
    priced = list(findings)
    for merger in mergers:
        rows = [
            at
            for at, finding in enumerate(priced)
            if finding.subject == merger.school_id and finding.verdict == "fail" and finding.rule in (*TRIP_RULES, *KEEP_RULES)
        ]
        groups = _groups_concerned(case, merger, [priced[at] for at in rows])
        if not groups:
            continue
        tracer = tracer or Tracer(case.county, case.scenario, case.norms)
        keep, bus = _price_keeping(case, merger, groups), _find_bus(case, tracer, groups)
        for at in rows:
            cure = _tell(case, merger, groups, keep, None if priced[at].rule in KEEP_RULES else bus)
            priced[at] = replace(priced[at], cure=as_sentence(cure))
    return priced


def _groups_concerned(case: Case, merger: Merger, findings: Iterable[Finding]) -> list[Group]:
    """Return the villages and bands that the findings refuse: those without a day trip in time on a slow day, else all that are named."""
    homes = {home for finding in findings for home in finding.settlements}
    named = [row for row in merger.moved if str(row["settlement_id"]) in homes]
    late = [row for row in named if row["mode"] == "board" or is_late(case, row)]
    return sorted({(str(row["settlement_id"]), str(row["band"])) for row in late or named})


def _price_keeping(case: Case, merger: Merger, groups: list[Group]) -> float:
    """Yuan a year of teaching the bands concerned at the school, with the pupils who attend there today."""
    bands = sorted({band for _, band in groups})
    now = case.today.assignment
    here = now[now["school_id"] == merger.school_id]
    pupils = {band: int(here.loc[here["band"] == band, "pupils"].sum()) for band in bands}
    school, site = case.county.schools.loc[merger.school_id], case.plan.sites.loc[merger.school_id]
    open_bands = [band for band in str(site["bands"]).split(",") if band]
    sent = case.plan.assignment[case.plan.assignment["school_id"] == merger.school_id]
    stays = {band: int(sent.loc[sent["band"] == band, "pupils"].sum()) for band in open_bands}
    kept = price_site(school, {**stays, **pupils}, 0, 0, case.scenario, case.norms)
    return kept - price_site(school, stays, 0, 0, case.scenario, case.norms)


def _find_bus(case: Case, tracer: Tracer, groups: list[Group]) -> Bus:
    """Return the buses to the schools soonest reached, for every group that comes in time on a slow day."""
    targets = {group: _schools_near(case, group) for group in groups}
    trips = pd.DataFrame(
        [(home, band, school, "school_bus", 0.0) for (home, band), schools in targets.items() for school in schools],
        columns=["settlement_id", "band", "school_id", "mode", "seconds"],
    )
    found = tracer.trace(trips)
    riders: Counter[str] = Counter()
    everybody, worst, yuan = 0, 0.0, 0.0
    for (home, band), schools in targets.items():
        pupils = _pupils(case, home, band)
        everybody += pupils
        asked = tracer.asked("school_bus", band)
        reached = ((_slow_s(case, found.ride(home, school, asked), band), school) for school in schools)
        seconds, school = min(reached, default=(math.inf, ""))
        if not seconds <= _limit_s(case, band):
            continue
        riders[school] += pupils
        worst = max(worst, seconds)
        metres = found.ride(home, school, asked).metres
        yuan += pupils * price_trip("school_bus", metres, case.scenario.bands[band], case.norms)
    buses = sum(math.ceil(number / case.norms.value("bus.stock_seats")) for number in riders.values())
    yuan += buses * case.norms.value("cost.bus_yuan")
    return Bus(everybody, sum(riders.values()), buses, worst / 60, yuan, tuple(sorted(riders)))


def _schools_near(case: Case, group: Group) -> list[str]:
    home, band = group
    sites = case.plan.sites
    teaches = [key for key in sites.index if sites.at[key, "form"] != CLOSED and band in str(sites.at[key, "bands"]).split(",")]
    away = shapely.distance(case.county.schools.geometry.reindex(teaches).to_numpy(), case.county.settlements.geometry.at[home])
    return [str(teaches[at]) for at in np.argsort(away, kind="stable")[:NEAREST]]


def _limit_s(case: Case, band: str) -> float:
    norm = case.norms.find("travel.max_minutes", grades=case.scenario.bands[band], mode="school_bus")
    return 60 * norm.value if norm else -math.inf


def _slow_s(case: Case, ride: Ride, band: str) -> float:
    """Return the seconds of a school bus trip at the slow end of every speed; inf where the stop is too far to walk to."""
    norms = case.norms
    child = child_factor(case.scenario, norms, band)
    if not ride.stop_s / child <= 60 * norms.value("bus.walk_to_stop_minutes"):
        return math.inf
    on_road, off_road = norms.value("speed.walk_range_low"), norms.value("speed.off_road_range_low")
    on_foot = (ride.walk_s - ride.across_s) / on_road + ride.across_s / off_road
    ride_s = ride.ride_s * norms.value("bus.detour_factor") / norms.value("speed.ride_range_low")
    return on_foot / child + 60 * norms.value("bus.wait_minutes_most") + ride_s


def _pupils(case: Case, home: str, band: str) -> int:
    table = case.plan.assignment
    return int(table.loc[(table["settlement_id"] == home) & (table["band"] == band), "pupils"].sum())


def _tell(case: Case, merger: Merger, groups: list[Group], keep_yuan: float, bus: Bus | None) -> Words:
    names = name_bands(case, [band for band in merger.lost if band in {band for _, band in groups}])
    keep = Words(
        f"保留该校的{names.zh}，每年约{_round(keep_yuan)}元", f"keep {names.en} at this school, about {_round(keep_yuan)} yuan a year"
    )
    if bus is None:
        return Words(f"最省的办法：{keep.zh}", f"cheapest: {keep.en}")
    if bus.in_time < bus.pupils:
        in_time = Words(f"赶得上时限的只有{bus.in_time}人", str(bus.in_time)) if bus.in_time else Words("都赶不上时限", "none")
        concerned = count(bus.pupils, "pupil")
        return Words(
            f"最省的办法：{keep.zh}（有关学生{bus.pupils}人，校车{in_time.zh}）",
            f"cheapest: {keep.en} (a school bus would be in time for {in_time.en} of the {concerned} concerned)",
        )
    to = name_schools(case, bus.receivers)
    ride = Words(
        f"开{bus.buses}辆校车到{to.zh}，路上慢时最长{math.ceil(bus.minutes)}分钟，每年约{_round(bus.yuan)}元",
        f"run {count(bus.buses, 'school bus', 'school buses')} to {to.en}, {math.ceil(bus.minutes)} minutes at most on a slow day,"
        f" about {_round(bus.yuan)} yuan a year",
    )
    first, second = (keep, ride) if keep_yuan <= bus.yuan else (ride, keep)
    return Words(f"最省的办法：{first.zh}；或{second.zh}", f"cheapest: {first.en}; or {second.en}")


def _round(yuan: float) -> str:
    """Return yuan to the nearest thousand, thousands apart."""
    return f"{round(yuan, -3):,.0f}"
