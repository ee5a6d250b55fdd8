"""Check a plan over years from its layouts: nothing reopens, beds and rooms stay, and what a closing needs was in service the year before.

Shares no code with `plan`. Each year's trips, places and prices are the question of `verify_layout`; this looks between the years.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from layout_planner.safeguards.verify_terms import count_site_classes
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from layout_planner.county.model import County
    from layout_planner.norms import NormSet
    from layout_planner.plan.layout import Layout
    from layout_planner.scenario import Scenario

CLOSED = "closed"


class Bought(NamedTuple):
    """What a plan says of a year: new buses owned by then, new classrooms that stand by school, yuan spent on what is new."""

    buses: int
    rooms: Mapping[str, int]
    yuan: float


NOTHING = Bought(0, {}, 0.0)


def check_years(
    county: County, scenario: Scenario, norms: NormSet, today: Layout, layouts: Mapping[int, Layout], bought: Mapping[int, Bought]
) -> tuple[Words, ...]:
    """Return everything that is wrong between the years of a plan.

    Parameters
    ----------
    scenario : with `[plan.years]`.
    today : the schools as they are, with the pupils of the first year.
    layouts : the plan by year.
    bought : by year, what the plan says is bought.
    """
    faults: list[Words] = []
    before, had = today, NOTHING
    at_hand = _rooms_at_hand(county, scenario, norms, today)
    for year in sorted(layouts):
        now, has = layouts[year], bought[year]
        classes = {j: count_site_classes(county, scenario, norms, now, j) for j in at_hand}
        found = [*_check_forms(county, before, now), *_check_beds(before, now), *_check_built_first(county, norms, before, now)]
        found += _check_rooms(county, at_hand, classes, had, has)
        found += _check_rooms_first(county, at_hand, classes, had, _list_takers(before, now))
        found += _check_fleet(county, now, had.buses, has.buses)
        found += _check_money(scenario, year, now, _recount_capital(norms, before, now, had, has), has.yuan)
        faults += [Words(f"{year}学年：{f.zh}", f"{year}: {f.en}") for f in found]
        before, had = now, has
    return tuple(faults)


def _rooms_at_hand(county: County, scenario: Scenario, norms: NormSet, today: Layout) -> dict[str, int]:
    """Return the classes that every school with known classrooms holds without building: these, or today's classes where they are more."""
    known = county.schools["classrooms"].dropna() if "classrooms" in county.schools else pd.Series(dtype=float)
    return {str(j): max(int(count), count_site_classes(county, scenario, norms, today, str(j))) for j, count in known.items()}


def _check_rooms(county: County, at_hand: Mapping[str, int], classes: Mapping[str, int], had: Bought, has: Bought) -> Iterator[Words]:
    """Every class has a room, and rooms that were built stay."""
    for school_id, count in classes.items():
        stands = at_hand[school_id] + has.rooms.get(school_id, 0)
        if count > stands:
            name = _name(county, school_id)
            yield Words(f"{name.zh}有{count}个班，只有{stands}间教室", f"{name.en} has {count} classes and {stands} classrooms")
    for school_id in sorted(had.rooms):
        if has.rooms.get(school_id, 0) < had.rooms[school_id]:
            yield Words(f"{school_id}的新教室减少了", f"new classrooms at {school_id} become fewer")


def _check_rooms_first(
    county: County, at_hand: Mapping[str, int], classes: Mapping[str, int], had: Bought, takers: set[str]
) -> Iterator[Words]:
    """Where pupils of a school that closed go, all classes fit in the classrooms of the year before."""
    for school_id in sorted(takers & classes.keys()):
        stood = at_hand[school_id] + had.rooms.get(school_id, 0)
        if classes[school_id] > stood:
            name = _name(county, school_id)
            yield Words(
                f"{name.zh}接收撤校学生，开{classes[school_id]}个班，上一学年只有{stood}间教室",
                f"{name.en} takes in pupils of a school that closes: {classes[school_id]} classes, and the year before {stood} rooms",
            )


def _name(county: County, school_id: str) -> Words:
    school = county.schools.loc[school_id]
    return Words(f"{school['name']}（{school_id}）", f"{school.get('name_en') or school['name']} ({school_id})")


def _bands(layout: Layout, school_id: str) -> set[str]:
    return {band for band in str(layout.sites.at[school_id, "bands"]).split(",") if band}


def _check_forms(county: County, before: Layout, now: Layout) -> Iterator[Words]:
    """A school of today never teaches again what it dropped; a candidate that opened never closes."""
    for school_id in now.sites.index:
        had, has, name = _bands(before, school_id), _bands(now, school_id), _name(county, school_id)
        if not bool(county.schools.at[school_id, "candidate"]) and has - had:
            yield Words(f"{name.zh}撤了又办{sorted(has - had)}", f"{name.en} teaches {sorted(has - had)} again after dropping it")
        if bool(county.schools.at[school_id, "candidate"]) and had - has:
            yield Words(f"{name.zh}新办后又撤", f"{name.en} closes again after it was opened")


def _check_beds(before: Layout, now: Layout) -> Iterator[Words]:
    """New beds stay where they were built, unless their school closed."""
    fewer = now.sites["new_beds"] < before.sites["new_beds"].reindex(now.sites.index)
    for school_id in now.sites.index[fewer & (now.sites["form"] != CLOSED)]:
        yield Words(f"{school_id}的新床位减少了", f"new beds at {school_id} become fewer")


def _check_built_first(county: County, norms: NormSet, before: Layout, now: Layout) -> Iterator[Words]:
    """Where pupils of a school that closed go, all boarders and riders fit in the beds and buses of the year before."""
    after, comes = now.assignment, _mark_moved(before, now)
    for mode, what in (("board", Words("床位", "beds")), ("school_bus", Words("校车座位", "bus seats"))):
        in_mode = after[after["mode"] == mode]
        for school_id in sorted(set(after.loc[comes & (after["mode"] == mode), "school_id"])):
            there = int(in_mode.loc[in_mode["school_id"] == school_id, "pupils"].sum())
            places = _places(norms, before.sites.loc[school_id], mode)
            if there > places:
                name = _name(county, school_id)
                yield Words(
                    f"{name.zh}接收撤校学生，用{what.zh}{there}，上一学年只有{places}",
                    f"{name.en} takes in pupils of a school that closes and needs {there} {what.en}; the year before it had {places}",
                )


def _mark_moved(before: Layout, now: Layout) -> NDArray[np.bool_]:
    """Return which trips of `now` are of a settlement and band whose school of the year before teaches the band no longer."""
    lost = {(str(j), band) for j in now.sites.index for band in _bands(before, j) - _bands(now, j)}
    trips = before.assignment
    keys = zip(trips["settlement_id"], trips["band"], trips["school_id"], strict=True)
    moved = {(i, band) for i, band, j in keys if (str(j), band) in lost}
    after = now.assignment
    return np.array([pair in moved for pair in zip(after["settlement_id"], after["band"], strict=True)], dtype=bool)


def _list_takers(before: Layout, now: Layout) -> set[str]:
    """Return the schools that take in pupils of a school that closed."""
    return {str(j) for j in now.assignment.loc[_mark_moved(before, now), "school_id"] if j}


def _places(norms: NormSet, site: pd.Series, mode: str) -> int:
    if mode == "board":
        return int(site["beds"]) + int(site["new_beds"])
    return int(int(site["buses"]) * norms.value("bus.stock_seats"))


def _check_fleet(county: County, now: Layout, had: int, owned: int) -> Iterator[Words]:
    """A bus that was bought stays, and none runs that was not bought."""
    own = county.schools["buses"].reindex(now.sites.index).where(now.sites["form"] != CLOSED, 0)
    running = int((now.sites["buses"] - own).sum())
    if running > owned:
        yield Words(f"新增校车运行{running}辆，只购{owned}辆", f"{running} new buses run, {owned} were bought")
    if owned < had:
        yield Words(f"新购校车由{had}辆减为{owned}辆", f"new buses owned fall from {had} to {owned}")


def _recount_capital(norms: NormSet, before: Layout, now: Layout, had: Bought, has: Bought) -> float:
    """Return what is spent on new beds, buses and classrooms in this year, yuan."""
    beds = int((now.sites["new_beds"] - before.sites["new_beds"].reindex(now.sites.index)).clip(lower=0).sum())
    rooms = sum(max(0, count - had.rooms.get(school_id, 0)) for school_id, count in has.rooms.items())
    things = ((beds, "cost.new_bed_yuan"), (has.buses - had.buses, "cost.bus_price_yuan"), (rooms, "cost.classroom_yuan"))
    return float(sum(number * norms.value(key) for number, key in things))


def _check_money(scenario: Scenario, year: int, now: Layout, spent: float, said: float) -> Iterator[Words]:
    years = scenario.plan.years
    assert years is not None  # noqa: S101 - asked of a scenario over years
    if abs(spent - said) > 1:
        yield Words(f"新建投入为{said:.0f}元，复核为{spent:.0f}元", f"{said:.0f} yuan for what is new, the re-check finds {spent:.0f}")
    capital, budget = years.capital_of(year), years.budget_of(year)
    if capital is not None and not spent <= capital + 1:
        yield Words(f"新建投入{spent:.0f}元，只有{capital:.0f}元", f"{spent:.0f} yuan for what is new, there are {capital:.0f}")
    yearly = float(now.sites["cost_yuan"].sum() + now.assignment["cost_yuan"].sum())
    if budget is not None and not yearly <= budget + 1:
        yield Words(f"年费用{yearly:.0f}元，预算{budget:.0f}元", f"{yearly:.0f} yuan a year, the budget is {budget:.0f}")
