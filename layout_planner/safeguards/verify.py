"""Check a layout a second time from the county's raw tables, sharing no code with travel, demand, risk and the optimiser.

What it checks are times and sums: every pupil placed once, every trip as long as it says, every site within its places, every yuan
priced by the formulas of docs/architecture.md, and the scenario's orders kept. Whether a trip is too long is the gate's question.

Seconds and metres may differ by 1 or by 0.5 %, whichever is more: where there is an elevation grid, heights are sampled at the
vertices of a road and every 60 m at most, and two samplings of one slope never agree to the second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from layout_planner.names import name_band, name_mode, name_pupils
from layout_planner.results import Verification
from layout_planner.safeguards.bad_trips import compare_bad_trips, retrace_bad_trips
from layout_planner.safeguards.mended_roads import mend_county
from layout_planner.safeguards.public_seats import find_overfull
from layout_planner.safeguards.recount import CLOSED, bands_of, count_classes, form_today, price_site, price_trip, recount_pupils
from layout_planner.safeguards.retrace import NO_WAY, Retraced, Tracer
from layout_planner.safeguards.retrace_rides import ask_rides, child_factor
from layout_planner.safeguards.verify_connected import check_connected
from layout_planner.safeguards.verify_terms import check_terms
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from layout_planner.county.model import County
    from layout_planner.norms import NormSet
    from layout_planner.plan.layout import Layout
    from layout_planner.safeguards.retrace import OnStep
    from layout_planner.scenario import Scenario

MODES = ("walk", "bus", "school_bus", "board", "unserved")
ENDS = ("optimistic_s", "pessimistic_s")
NO_TRIP = (float("inf"), float("inf"), float("inf"))
TOLERANCE = 1.0
TOLERANCE_SHARE = 0.005


class _Given(NamedTuple):
    county: County
    scenario: Scenario
    norms: NormSet
    layout: Layout
    rows: list[dict[Any, Any]]
    crowded: dict[str, int]  # pupils of today by school


def verify_layout(  # noqa: PLR0913 - it looks at everything
    county: County,
    scenario: Scenario,
    norms: NormSet,
    layout: Layout,
    *,
    today: Layout | None = None,
    bad_days: pd.DataFrame | None = None,
    tracer: Tracer | None = None,
    before: Tracer | None = None,
    terms: Mapping[str, float] | None = None,
    retraced: Retraced | None = None,
    on_step: OnStep | None = None,
) -> Verification:
    """Return how many trips were retraced and everything that differs, with the layout's figure and the recomputed one.

    Parameters
    ----------
    layout : the plan of `scenario`. For the layout of today give a scenario whose plan closes nothing.
    today : its trips are retraced too, since the gate compares with them, and a school with more pupils than seats today may stay as full
        as it is in `layout`, never grow fuller.
    bad_days : what the run says of trips on bad days (columns of `bad_trips.KEY` and bad_s), to be compared with what is found here.
    tracer : roads of the plan made ready, mended as it says, for the same county, travel settings, bands and norms; made here when None.
    before : roads of today; those of the plan when None.
    terms : what the plan says of itself (`Solved.terms`), counted again where `today` is given.
    retraced : the trips of `layout` and `today` where many layouts on the same roads were retraced at once (`Tracer.trace`), or None.
        Trips on bad days are then retraced only if `bad_days` is there to be compared.
    on_step : called with (schools done, schools in all) while trips are retraced.
    """
    faults = list(_check_rows(county, scenario, layout))
    if faults:
        return Verification(0, float("inf"), tuple(faults))
    crowded = {} if today is None else {str(j): int(n) for j, n in today.sites["pupils"].items()}
    given = _Given(county, scenario, norms, layout, layout.assignment.to_dict("records"), crowded)
    layouts = {"plan": layout} if today is None else {"plan": layout, "today": today}
    tracer = tracer or Tracer(mend_county(county, scenario, layout.fixes), scenario, norms)
    parted = bool(layout.fixes) and before is not None  # trips of today and of the plan are then on different roads
    asked = [layout] if parted else list(layouts.values())
    at_once = retraced is not None
    retraced = retraced or tracer.trace(pd.concat([each.assignment for each in asked], ignore_index=True), on_step)
    worst, trips = _check_trips(given, retraced)
    parts = [_check_pupils(given), trips, _check_prices(given), _check_sites(given), _check_orders(given), _check_totals(given)]
    if today is not None:
        parts.append(list(check_terms(county, scenario, norms, layout, today, terms or {})))
        if scenario.plan.connected_catchments:
            parts.append(list(check_connected(county, recount_pupils(county, scenario, norms), layout, today)))
        then = given._replace(layout=today, rows=today.assignment.to_dict("records"))
        old = before.trace(today.assignment) if parted and before is not None else retraced
        parts.append([Words(f"现状：{f.zh}", f"today, {f.en}") for f in _check_trips(then, old)[1]])
    bad_trips = None
    if county.bad_days and parted and before is not None and today is not None:
        made = retrace_bad_trips(tracer, {"plan": layout}, retraced), retrace_bad_trips(before, {"today": today}, old)
        bad_trips = pd.concat(made, ignore_index=True)
    elif county.bad_days and not (at_once and bad_days is None):
        bad_trips = retrace_bad_trips(tracer, layouts, retraced)
    if bad_trips is not None and bad_days is not None:
        parts.append(compare_bad_trips(bad_days, bad_trips, lambda said, found: _differs(said, found, share=TOLERANCE_SHARE)))
    overfull = find_overfull(county, scenario, norms, layout, tracer.walking)
    parts.append(list(overfull or ()))
    served = sum(row["mode"] != "unserved" for row in given.rows)
    return Verification(served, worst, tuple(fault for part in parts for fault in part), bad_trips, overfull=overfull)


def _differs(said: float, found: float, tolerance: float = TOLERANCE, share: float = 0.0) -> bool:
    """Return True unless both are equal within tolerance; NaN always differs, infinity equals infinity only."""
    return not (said == found or (np.isfinite(found) and abs(said - found) <= max(tolerance, share * abs(found))))


def _say(what: Words, said: object, found: object) -> Words:
    def shown(figure: object) -> str:
        return f"{figure:.1f}" if isinstance(figure, float) else str(figure)

    return Words(
        f"{what.zh}：方案为{shown(said)}，复核为{shown(found)}",
        f"{what.en}: the plan says {shown(said)}, the re-check finds {shown(found)}",
    )


def _check_rows(county: County, scenario: Scenario, layout: Layout) -> Iterator[Words]:
    """Refuse a layout whose tables cannot be checked at all: unknown names, missing sites, counts that are no whole numbers."""
    if sorted(map(str, layout.sites.index)) != sorted(map(str, county.schools.index)):
        yield Words("方案的学校表与学校数据不是同一批学校", "the plan's sites are not the schools of the county, each once")
    known = {
        "settlement_id": set(county.settlements.index),
        "band": set(scenario.bands),
        "mode": set(MODES),
        "school_id": {"", *county.schools.index},
    }
    for column, values in known.items():
        for value in sorted(set(layout.assignment[column].map(str)) - values):
            yield Words(f"方案中的{column}“{value}”不存在", f"the plan names a {column} that does not exist: '{value}'")
    for table, columns in (
        (layout.assignment, ("pupils",)),
        (layout.sites, ("pupils", "boarders", "beds", "new_beds", "buses", "classes")),
    ):
        for column in columns:
            counts = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=float)
            if not (np.isfinite(counts) & (counts >= 0) & (counts == np.floor(counts))).all():
                yield Words(f"{column}列有非整数或负数", f"column {column} holds values that are no counts")
    for column in ("seconds", "metres", "cost_yuan", *ENDS):
        if not (pd.to_numeric(layout.assignment[column], errors="coerce") >= 0).all():
            yield Words(f"{column}列有空值或负数", f"column {column} holds empty or negative values")
    keys = layout.assignment[["settlement_id", "band", "school_id", "mode"]]
    if keys.duplicated().any():
        yield Words("方案中有重复的行", "the plan holds the same trip twice")


def _check_pupils(given: _Given) -> Iterator[Words]:
    expected = recount_pupils(given.county, given.scenario, given.norms)
    placed = dict.fromkeys(expected, 0)
    for row in given.rows:
        placed[str(row["settlement_id"]), str(row["band"])] += int(str(row["pupils"]))
    for (home, band), count in sorted(expected.items()):
        if placed[home, band] != count:
            name = given.county.settlements.at[home, "name"]
            grades = name_band(band)
            yield _say(Words(f"{name}（{home}）{grades.zh}的学生数", f"pupils of {name} ({home}), {grades.en}"), placed[home, band], count)


def _check_trips(given: _Given, retraced: Retraced) -> tuple[float, list[Words]]:
    """Compare seconds and metres of every row, and refuse rows of unserved pupils that hold a trip."""
    worst, faults = 0.0, []
    for row in given.rows:
        home, school, mode = str(row["settlement_id"]), str(row["school_id"]), str(row["mode"])
        if (mode == "unserved") != (school == ""):
            way = name_mode(mode)
            faults.append(Words(f"{home}“{way.zh}”的行与学校“{school}”不符", f"{home}: a row '{way.en}' does not fit school '{school}'"))
            continue
        (seconds, *ends), metres = _expected_trip(given, retraced, row)
        said_s, said_m = float(str(row["seconds"])), float(str(row["metres"]))
        who = name_pupils(str(row["band"]), mode)
        name = Words(f"{home}到{school or '无'}（{who.zh}）", f"{home} to {school or 'nowhere'} ({who.en})")
        if _differs(said_s, seconds, share=TOLERANCE_SHARE):
            faults.append(_say(Words(f"{name.zh}秒数", f"{name.en}, seconds"), said_s, seconds))
        for column, (zh, en), end_s in zip(
            ENDS, (("乐观秒数", "optimistic seconds"), ("悲观秒数", "pessimistic seconds")), ends, strict=True
        ):
            said_end = float(str(row[column]))
            if _differs(said_end, end_s, share=TOLERANCE_SHARE):
                faults.append(_say(Words(f"{name.zh}{zh}", f"{name.en}, {en}"), said_end, end_s))
        if mode != "unserved" and _differs(said_m, metres, share=TOLERANCE_SHARE):
            faults.append(_say(Words(f"{name.zh}米数", f"{name.en}, metres"), said_m, metres))
        worst = max(worst, 0.0 if said_s == seconds else abs(said_s - seconds))
    return worst, faults


def _expected_trip(given: _Given, retraced: Retraced, row: dict[Any, Any]) -> tuple[tuple[float, float, float], float]:
    """Return the seconds of a trip as expected, at best and at worst, and its metres."""
    home, school, mode, norms = str(row["settlement_id"]), str(row["school_id"]), row["mode"], given.norms
    if mode == "unserved":
        return NO_TRIP, float("inf")
    child = child_factor(given.scenario, norms, str(row["band"]))
    if mode == "walk":
        way = retraced.walks.get((home, school), NO_WAY)
        return _stretch(norms, lambda share, _: _walk_s(way.seconds, way.across_s, share) / child), way.metres
    ride = retraced.ride(home, school, ask_rides(given.scenario, norms, str(mode), str(row["band"])))
    if mode == "bus":
        by_road = ride if np.isfinite(ride.metres) else retraced.walks.get((home, school), NO_WAY)
        seconds = retraced.public.get((home, school, child), float("inf"))
        low, high = (float(str(row[column])) for column in ENDS)  # the ends of a journey are only held to lie around it
        return (seconds, min(low, seconds), max(high, seconds)), by_road.metres
    rounds, waits = (norms.value("bus.detour_factor"), True) if mode == "school_bus" else (1.0, False)

    def take(share: Callable[[str], float], wait_s: float) -> float:
        return _walk_s(ride.walk_s, ride.across_s, share) / child + waits * wait_s + ride.ride_s * rounds / share("ride")

    return _stretch(norms, take), ride.metres


def _walk_s(seconds: float, across_s: float, share: Callable[[str], float]) -> float:
    """Seconds of a walk of which `across_s` are spent across country, where speeds are a share of the expected."""
    return (seconds - across_s) / share("walk") + across_s / share("off_road")


def _stretch(norms: NormSet, trip: Callable[[Callable[[str], float], float], float]) -> tuple[float, float, float]:
    """Return the trip at the expected, the high and the low end of every speed, with the wait that belongs to it."""
    expected = trip(lambda _: 1.0, 60 * norms.value("bus.wait_minutes"))
    best = trip(lambda part: norms.value(f"speed.{part}_range_high"), 60 * norms.value("bus.wait_minutes_least"))
    worst = trip(lambda part: norms.value(f"speed.{part}_range_low"), 60 * norms.value("bus.wait_minutes_most"))
    return expected, best, worst


def _check_prices(given: _Given) -> Iterator[Words]:
    for row in given.rows:
        grades = given.scenario.bands[str(row["band"])]
        metres = float(str(row["metres"]))
        price = int(str(row["pupils"])) * price_trip(str(row["mode"]), metres, grades, given.norms)
        said = float(str(row["cost_yuan"]))
        if _differs(said, price):
            home, who = row["settlement_id"], name_pupils(str(row["band"]), str(row["mode"]))
            yield _say(Words(f"{home}（{who.zh}）的通学费用（元）", f"{home} ({who.en}): yuan a year of the commute"), said, price)


def _check_sites(given: _Given) -> Iterator[Words]:
    """Compare every site's form, places, classes and price with its table row and the pupils sent to it."""
    for school_id, site in given.layout.sites.iterrows():
        school = given.county.schools.loc[school_id]
        here = [row for row in given.rows if row["school_id"] == school_id]
        for fault in (*_check_site_counts(given, school, site, here), *_check_site_places(given, school, site, here)):
            yield Words(f"{school['name']}（{school_id}）{fault.zh}", f"{school['name']} ({school_id}): {fault.en}")


def _total(rows: list[dict[Any, Any]], **wanted: str) -> int:
    return sum(int(str(row["pupils"])) for row in rows if all(row[key] == value for key, value in wanted.items()))


def _check_site_counts(given: _Given, school: pd.Series, site: pd.Series, here: list[dict[Any, Any]]) -> Iterator[Words]:
    form = str(site["form"])
    if form not in {CLOSED, "teaching_point", "primary", "nine_year", "junior"}:
        yield Words(f"办学类型“{form}”不存在", f"there is no form '{form}'")
        return
    taught = bands_of(form, school, given.scenario)
    said_bands = {band for band in str(site["bands"]).split(",") if band}
    if said_bands != taught:
        yield _say(Words("开设学段", "bands taught"), ",".join(sorted(said_bands)), ",".join(sorted(taught)))
    for band in sorted({str(row["band"]) for row in here} - taught):
        yield Words(
            f"不开设{name_band(band).zh}，却安排了{_total(here, band=band)}人",
            f"does not teach {name_band(band).en}, yet {_total(here, band=band)} pupils are sent there",
        )
    pupils = {band: _total(here, band=band) for band in taught}
    classes = sum(count_classes(count, given.scenario.bands[band], given.norms) for band, count in pupils.items())
    counts = (
        (Words("学生数", "pupils"), "pupils", _total(here)),
        (Words("寄宿生数", "boarders"), "boarders", _total(here, mode="board")),
        (Words("班级数", "classes"), "classes", classes),
        (Words("现有床位", "existing beds"), "beds", int(school["beds"])),
    )
    for what, column, found in counts:
        if int(site[column]) != found:
            yield _say(what, int(site[column]), found)
    price = price_site(school, pupils, int(site["new_beds"]), int(site["buses"]), given.scenario, given.norms)
    if _differs(float(site["cost_yuan"]), price):
        yield _say(Words("年费用（元）", "yuan a year"), float(site["cost_yuan"]), price)


def _check_site_places(given: _Given, school: pd.Series, site: pd.Series, here: list[dict[Any, Any]]) -> Iterator[Words]:
    boarders, riders = _total(here, mode="board"), _total(here, mode="school_bus")
    seats = float("inf") if pd.isna(school["seats"]) else float(school["seats"])
    if float(site["seats"]) != seats:
        yield _say(Words("学位数", "seats"), float(site["seats"]), seats)
    beds = int(school["beds"]) + int(site["new_beds"])
    bus_seats = int(int(site["buses"]) * given.norms.value("bus.stock_seats"))
    over = (
        (Words("学生", "pupils"), _total(here), Words("学位", "seats"), max(seats, given.crowded.get(str(site.name), 0))),
        (Words("寄宿生", "boarders"), boarders, Words("床位", "beds"), beds),
        (Words("乘车学生", "bus riders"), riders, Words("校车座位", "bus seats"), bus_seats),
    )
    for who, count, what, most in over:
        if not count <= most:
            yield Words(f"{who.zh}{count}人，{what.zh}只有{most:.0f}", f"{count} {who.en} but {most:.0f} {what.en}")
    if boarders and not bool(school["canteen"]):
        yield Words(f"没有食堂，却安排{boarders}名寄宿生", f"has no canteen, yet {boarders} pupils board there")
    young = {str(row["band"]) for row in here if row["mode"] == "board"}
    for band in sorted(young):
        if given.norms.value("boarding.allowed", grades=given.scenario.bands[band]) < 1:
            yield Words(
                f"{name_band(band).zh}不得寄宿，却安排{_total(here, band=band, mode='board')}人",
                f"{name_band(band).en} may not board, yet {_total(here, band=band, mode='board')} do",
            )
    existing = int(school["buses"])
    if site["form"] != CLOSED and int(site["buses"]) < existing:
        yield _say(Words("校车数少于现有", "fewer buses than there are"), int(site["buses"]), existing)
    if site["form"] == CLOSED and int(site["new_beds"]):
        yield Words("已关闭，却新增床位", "is closed, yet new beds are planned there")


def _check_orders(given: _Given) -> Iterator[Words]:
    """Compare what the plan does with what the scenario orders: close, keep, may_close, protected, candidates."""
    plan = given.scenario.plan
    for school_id, site in given.layout.sites.iterrows():
        school, form = given.county.schools.loc[school_id], str(site["form"])
        today, name = form_today(school), given.county.schools.at[school_id, "name"]
        bound = school_id in plan.keep or bool(school.get("protected", False))
        free = (plan.may_close == "all" or school_id in plan.may_close) and not bound
        if school_id in plan.close:
            if form != CLOSED:
                yield Words(f"{name}（{school_id}）应关闭而未关闭", f"{name} ({school_id}) is to close but stays open as {form}")
            if bool(school.get("protected", False)):
                yield Words(f"{name}（{school_id}）受保护却被关闭", f"{name} ({school_id}) is protected but is to close")
            continue
        expected = str(school["form"]) if school_id in plan.keep else today
        if not free and form != expected:
            yield _say(Words(f"{name}（{school_id}）的办学类型", f"form of {name} ({school_id})"), form, expected)


def _check_totals(given: _Given) -> Iterator[Words]:
    """Compare new beds, new buses and the yearly cost of the county with what the scenario allows."""
    plan, sites = given.scenario.plan, given.layout.sites
    open_now = sites[sites["form"] != CLOSED]
    existing = given.county.schools["buses"].reindex(open_now.index)
    new_buses = int((open_now["buses"] - existing).clip(lower=0).sum())
    for what, count, most in (
        (Words("新增床位", "new beds"), int(sites["new_beds"].sum()), plan.max_new_beds),
        (Words("新增校车", "new buses"), new_buses, plan.max_buses),
    ):
        if count > most:
            yield Words(f"{what.zh}{count}，情景只允许{most}", f"{count} {what.en}, the scenario allows {most}")
    total = float(sites["cost_yuan"].sum() + given.layout.assignment["cost_yuan"].sum())
    if plan.budget_yuan is not None and not total <= plan.budget_yuan + TOLERANCE:
        yield Words(f"年费用{total:.0f}元，预算{plan.budget_yuan:.0f}元", f"{total:.0f} yuan a year, the budget is {plan.budget_yuan:.0f}")
