"""Rules of the gate on the children whom a merger moves: their trips, their age, and the places that wait for them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from layout_planner.names import name_mode
from layout_planner.safeguards.rules import Merger, as_count, count, judge, meets, name_bands, name_schools, name_villages, tell_figure
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from layout_planner.norms import Norm
    from layout_planner.results import Finding, Verdict
    from layout_planner.safeguards.rules import Case

DAY_MODES = ("walk", "bus", "school_bus")
NO_TRIP = {"seconds": math.inf, "optimistic_s": math.inf, "pessimistic_s": math.inf}


def find_mergers(case: Case) -> tuple[Merger, ...]:
    """Return the sites that close or lose bands, sorted by id, with the pupils they move."""
    mergers = []
    for school_id in sorted(case.today.sites.index):
        lost = tuple(band for band in _bands(case, school_id, plan=False) if band not in _bands(case, school_id, plan=True))
        if lost:
            mergers.append(_merger(case, str(school_id), lost))
    return tuple(mergers)


def _bands(case: Case, school_id: str, *, plan: bool) -> tuple[str, ...]:
    sites = case.plan.sites if plan else case.today.sites
    if school_id not in sites.index or sites.at[school_id, "form"] == "closed":
        return ()
    return tuple(band for band in str(sites.at[school_id, "bands"]).split(",") if band)


def _merger(case: Case, school_id: str, lost: tuple[str, ...]) -> Merger:
    now = case.today.assignment
    attends = now[(now["school_id"] == school_id) & now["band"].isin(lost)]
    affected = set(zip(attends["settlement_id"], attends["band"], strict=True))
    moved = tuple(row for row in case.plan.assignment.to_dict("records") if (row["settlement_id"], row["band"]) in affected)
    placed = {(row["settlement_id"], row["band"]) for row in moved}
    lacking = tuple(
        {"settlement_id": home, "band": band, "school_id": "", "mode": "unserved", "pupils": 0, **NO_TRIP}
        for home, band in sorted(affected - placed)
    )
    receivers = tuple(sorted({str(row["school_id"]) for row in moved} - {""}))
    return Merger(school_id, lost, (*moved, *lacking), receivers)


def check_trips(case: Case, merger: Merger) -> Iterator[Finding]:
    """Yield findings on unserved pupils, travel by band in expected times, boarding by age, and the remote-keep rule."""
    without = [row for row in merger.moved if row["mode"] == "unserved"]
    villages, pupils = name_villages(case, _homes(without)), _pupils(without)
    verb = "is" if pupils == 1 else "are"
    text = (
        Words(f"{villages.zh}有{pupils:.0f}名学生没有学校可上", f"{count(pupils, 'pupil')} of {villages.en} {verb} left without a school")
        if without
        else Words("原有学生都有去处", "every pupil who attends today has a place")
    )
    left = dict.fromkeys(str(row["band"]) for row in without)
    yield judge(
        "unserved",
        "fail" if without else "pass",
        merger.school_id,
        None,
        text,
        keep_or_bus(case, left),
        measured=pupils,
        bound=(0.0, "pupils"),
        settlements=_homes(without),
    )
    for band in merger.lost:
        rows = [row for row in merger.moved if row["band"] == band and row["mode"] != "unserved"]
        yield from _check_band(case, merger, band, rows)


def keep_or_bus(case: Case, bands: Iterable[str]) -> Words:
    """Return the one cure of all rules on trips; it names no school, so that many mergers share it in the list of cures."""
    names = name_bands(case, bands)
    return Words(
        f"保留该校的{names.zh}，或为有关学生开通不超时限的校车",
        f"keep {names.en} at this school, or run a school bus within the time limit for the pupils concerned",
    )


def _check_band(case: Case, merger: Merger, band: str, rows: list[dict[Any, Any]]) -> Iterator[Finding]:
    grades = case.scenario.bands[band]
    for rule, key, modes in (("travel", "travel.max_minutes", DAY_MODES), ("board_travel", "board.max_minutes_weekly", ("board",))):
        for mode in modes:
            concerned = [row for row in rows if row["mode"] == mode]
            if concerned:
                yield _judge_minutes(case, merger, rule, case.norms.find(key, grades=grades, mode=mode), (band, mode, concerned))
    walkers = [row for row in rows if row["mode"] == "walk"]
    distance = _walk_norm(case, band)
    if walkers and distance is not None:
        yield _judge_walk(case, merger, distance, (band, walkers))
    boarders = [row for row in rows if row["mode"] == "board"]
    if boarders:
        yield _judge_boarding_age(case, merger, case.norms.find("boarding.allowed", grades=grades), (band, boarders))
    remote = case.norms.find("remote.keep_minutes", grades=grades)
    if remote is not None:
        yield _judge_remote(case, merger, remote, band)


def _judge_minutes(case: Case, merger: Merger, rule: str, norm: Norm | None, concerned: tuple[str, str, list[dict[Any, Any]]]) -> Finding:
    band, mode, rows = concerned
    name, way, worst, span = name_bands(case, [band]), name_mode(mode), max(map(_minutes, rows)), _span(rows)
    if norm is None:
        return judge(
            rule,
            "unknown",
            merger.school_id,
            None,
            Words(f"规范集没有{name.zh}（{way.zh}）的时限", f"the norm set has no time limit for {name.en} ({way.en})"),
            Words(f"在规范集中补上{name.zh}（{way.zh}）的时限", f"add the time limit for {name.en} ({way.en}) to the norm set"),
            measured=tell_figure(worst),
            bound=(None, "min"),
            settlements=_homes(rows),
        )
    over = [row for row in rows if not meets(norm, _minutes(row))]
    if not over:
        text = Words(
            f"{name.zh}学生单程最长{round_up(worst)}分钟{span.zh}（{way.zh}），不超过{norm.value:.0f}分钟",
            f"pupils of {name.en} take at most {round_up(worst)} minutes{span.en} one way ({way.en}), within the limit of {norm.value:.0f}",
        )
        return judge(rule, "pass", merger.school_id, norm, text, text, measured=tell_figure(worst), settlements=_homes(rows))
    villages, pupils = name_villages(case, _homes(over)), _pupils(over)
    text = Words(
        f"{villages.zh}的{pupils:.0f}名{name.zh}学生单程最长{round_up(worst)}分钟{span.zh}（{way.zh}），超过{norm.value:.0f}分钟",
        f"{count(pupils, 'pupil')} of {name.en} from {villages.en} {'takes' if pupils == 1 else 'take'} up to {round_up(worst)} minutes"
        f"{span.en} one way ({way.en}), over the limit of {norm.value:.0f}",
    )
    endless = [row for row in over if not math.isfinite(_minutes(row))]
    if endless:
        villages, pupils = name_villages(case, _homes(endless)), _pupils(endless)
        text = Words(
            f"{villages.zh}的{pupils:.0f}名{name.zh}学生没有可走的路（{way.zh}）",
            f"{count(pupils, 'pupil')} of {name.en} from {villages.en} {'has' if pupils == 1 else 'have'} no way ({way.en})",
        )
    cure = keep_or_bus(case, [band])
    return judge(rule, "fail", merger.school_id, norm, text, cure, measured=tell_figure(worst), settlements=_homes(over))


def _walk_norm(case: Case, band: str) -> Norm | None:
    """Return the distance on foot that binds; an advisory one, such as China's two kilometres on plains, does not."""
    return case.norms.find("travel.max_walk_km", grades=case.scenario.bands[band], mode="walk", severity="hard")


def within_walk(case: Case, row: dict[Any, Any]) -> bool:
    """Return True unless the row is a walk over the distance that binds for its band."""
    norm = _walk_norm(case, str(row["band"])) if row["mode"] == "walk" else None
    return norm is None or meets(norm, _kilometres(row))


def _judge_walk(case: Case, merger: Merger, norm: Norm, concerned: tuple[str, list[dict[Any, Any]]]) -> Finding:
    band, rows = concerned
    name, worst = name_bands(case, [band]), max(map(_kilometres, rows))
    over = [row for row in rows if not meets(norm, _kilometres(row))]
    if not over:
        text = Words(
            f"{name.zh}学生步行最远{round_up(worst)}公里，不超过{norm.value:g}公里",
            f"pupils of {name.en} are at most {round_up(worst)} km from school on foot, within the limit of {norm.value:g}",
        )
        return judge("walk_distance", "pass", merger.school_id, norm, text, text, measured=tell_figure(worst, 3), settlements=_homes(rows))
    villages, pupils = name_villages(case, _homes(over)), _pupils(over)
    text = Words(
        f"{villages.zh}的{pupils:.0f}名{name.zh}学生步行最远{round_up(worst)}公里，超过{norm.value:g}公里",
        f"{count(pupils, 'pupil')} of {name.en} from {villages.en} {'is' if pupils == 1 else 'are'} up to {round_up(worst)} km from school"
        f" on foot, over the limit of {norm.value:g}",
    )
    cure = keep_or_bus(case, [band])
    return judge("walk_distance", "fail", merger.school_id, norm, text, cure, measured=tell_figure(worst, 3), settlements=_homes(over))


def _judge_boarding_age(case: Case, merger: Merger, norm: Norm | None, concerned: tuple[str, list[dict[Any, Any]]]) -> Finding:
    band, boarders = concerned
    allowed = norm is not None and norm.value >= 1
    verdict: Verdict = "unknown" if norm is None else "pass" if allowed else "fail"
    villages, name, pupils = name_villages(case, _homes(boarders)), name_bands(case, [band]), _pupils(boarders)
    says = {
        "pass": Words("该年级可以寄宿", "these grades may board"),
        "fail": Words("该年级不得寄宿", "these grades may not board"),
        "unknown": Words("规范集未规定该年级可否寄宿", "the norm set does not say whether these grades may board"),
    }[verdict]
    text = Words(
        f"{villages.zh}的{pupils:.0f}名{name.zh}学生寄宿，{says.zh}",
        f"{count(pupils, 'pupil')} of {name.en} from {villages.en} {'is' if pupils == 1 else 'are'} to board; {says.en}",
    )
    cure = (
        Words(f"在规范集中写明{name.zh}可否寄宿", f"enter in the norm set whether {name.en} may board")
        if norm is None
        else keep_or_bus(case, [band])
    )
    bound = (0.0 if verdict == "fail" else None, "pupils")
    return judge("boarding_age", verdict, merger.school_id, norm, text, cure, measured=pupils, bound=bound, settlements=_homes(boarders))


def _judge_remote(case: Case, merger: Merger, norm: Norm, band: str) -> Finding:
    """Judge whether every moved child of the youngest grades has a day trip within the limit, else the site is remote and stays."""
    rows = [row for row in merger.moved if row["band"] == band]
    stranded = [row for row in rows if not meets(norm, _day_minutes(row))]
    villages, own, name = name_villages(case, _homes(stranded)), _own(case, merger), name_bands(case, [band])
    text = (
        Words(
            f"{villages.zh}的{name.zh}学生没有{norm.value:.0f}分钟以内的走读方式，{own.zh}属于应保留的教学点",
            f"pupils of {name.en} from {villages.en} have no day trip within {norm.value:.0f} minutes, so {own.en} is a site to keep",
        )
        if stranded
        else Words(
            f"{name.zh}学生都能在{norm.value:.0f}分钟内走读", f"all pupils of {name.en} have a day trip within {norm.value:.0f} minutes"
        )
    )
    return judge(
        "remote_keep",
        "fail" if stranded else "pass",
        merger.school_id,
        norm,
        text,
        keep_or_bus(case, [band]),
        measured=round(max(map(_day_minutes, rows), default=0.0), 2),
        settlements=_homes(stranded),
    )


def check_places(case: Case, merger: Merger) -> Iterator[Finding]:
    """Yield findings on seats, class size, beds and bus seats at every receiving school."""
    for school_id in merger.receivers:
        yield _judge_seats(case, merger, school_id)
        yield _judge_classes(case, merger, school_id)
        for mode in ("board", "school_bus"):
            if any(row["school_id"] == school_id and row["mode"] == mode for row in merger.moved):
                yield (_judge_beds if mode == "board" else _judge_bus_seats)(case, merger, school_id)


def _judge_seats(case: Case, merger: Merger, school_id: str) -> Finding:
    site, school = case.plan.sites.loc[school_id], name_schools(case, [school_id])
    seats, pupils = as_count(case.county.schools.loc[school_id].get("seats")), int(str(site["pupils"]))
    norm = case.norms.find("class.pupils_per_seat")
    if seats is None or not math.isfinite(seats):
        return judge(
            "seats",
            "unknown",
            merger.school_id,
            None,
            Words(f"{school.zh}的学位数没有登记", f"the seats of {school.en} are not on record"),
            Words(f"登记{school.zh}的学位数", f"enter the seats of {school.en}"),
        )
    factor = norm.value if norm else 1.0
    allowed = math.floor(seats * factor)
    behind = None if norm is None or (factor == 1 and not norm.override) else norm  # one seat a pupil is counting, no assumption
    text = Words(f"{school.zh}：{pupils}名学生，{seats:.0f}个学位", f"{school.en} has {count(pupils, 'pupil')} for {count(seats, 'seat')}")
    cure = Words(
        f"为{school.zh}增加{pupils - allowed}个学位，或把部分村分到别校",
        f"add {count(pupils - allowed, 'seat')} at {school.en}, or send some villages to other schools",
    )
    verdict: Verdict = "pass" if pupils <= allowed else "fail"
    return judge("seats", verdict, merger.school_id, behind, text, cure, measured=float(pupils), bound=(float(allowed), "seats"))


def _judge_classes(case: Case, merger: Merger, school_id: str) -> Finding:
    """Judge pupils a class; where the table names classrooms no more classes than rooms count."""
    site, school = case.plan.sites.loc[school_id], name_schools(case, [school_id])
    norm = case.norms.find("class.large")
    rooms = as_count(case.county.schools.loc[school_id].get("classrooms"))
    classes = min(int(str(site["classes"])), rooms) if rooms is not None else int(str(site["classes"]))
    known = Words("", "") if rooms is not None else Words("（教室数未登记）", " (classrooms are not on record)")
    pupils = int(str(site["pupils"]))
    size = pupils / classes if classes else math.inf if pupils else 0.0
    verdict: Verdict = "unknown" if norm is None else "pass" if meets(norm, size) else "fail"
    text = (
        Words(
            f"{school.zh}：{pupils}名学生，{classes:.0f}个班，平均每班{round_up(size)}人{known.zh}",
            f"{school.en} has {count(pupils, 'pupil')} in {count(classes, 'class', 'classes')}, {round_up(size)} in a class{known.en}",
        )
        if math.isfinite(size)
        else Words(f"{school.zh}：{pupils}名学生，没有教室", f"{school.en} has {count(pupils, 'pupil')} and no classroom")
    )
    cure = (
        Words("在规范集中补上大班额标准", "add the limit of class size to the norm set")
        if norm is None
        else Words(f"在{school.zh}增加教室，或少并一个村", f"add a classroom at {school.en}, or send one village less")
    )
    measured, bound = tell_figure(size), (norm.value if norm else None, "pupils/class")
    return judge("class_size", verdict, merger.school_id, norm, text, cure, measured=measured, bound=bound)


def _judge_beds(case: Case, merger: Merger, school_id: str) -> Finding:
    site, school = case.plan.sites.loc[school_id], name_schools(case, [school_id])
    norm, existing = case.norms.find("dorm.beds_per_boarder"), as_count(case.county.schools.loc[school_id].get("beds"))
    boarders = int(str(site["boarders"]))
    if norm is None or existing is None:
        return judge(
            "lodging",
            "unknown",
            merger.school_id,
            norm,
            Words(f"{school.zh}的床位数没有登记", f"the beds of {school.en} are not on record"),
            Words(f"登记{school.zh}的床位数", f"enter the beds of {school.en}"),
        )
    new_beds = int(str(site["new_beds"]))
    beds = existing + new_beds
    text = Words(
        f"{school.zh}：{boarders}名寄宿生，{beds:.0f}张床（其中新增{new_beds}张）",
        f"{school.en} has {count(boarders, 'boarder')} and {count(beds, 'bed')}, {new_beds} of them new",
    )
    short = max(1, math.ceil(boarders * norm.value - beds))
    cure = Words(
        f"在{school.zh}增加{short}张床，或改乘校车", f"add {count(short, 'bed')} at {school.en}, or bring the boarders by school bus"
    )
    verdict: Verdict = "pass" if boarders == 0 or meets(norm, beds / boarders) else "fail"
    bound = (float(math.floor(beds / norm.value)) if norm.value else None, "boarders")
    return judge("lodging", verdict, merger.school_id, norm, text, cure, measured=float(boarders), bound=bound)


def _judge_bus_seats(case: Case, merger: Merger, school_id: str) -> Finding:
    school, norm = name_schools(case, [school_id]), case.norms.get("bus.stock_seats")
    to_school = case.plan.assignment[case.plan.assignment["school_id"] == school_id]
    riders = int(to_school.loc[to_school["mode"] == "school_bus", "pupils"].sum())
    buses = int(str(case.plan.sites.at[school_id, "buses"]))
    seats = math.floor(buses * norm.value)
    text = Words(
        f"{school.zh}：{riders}人乘校车，{buses}辆校车共{seats}座（每辆{norm.value:.0f}座）",
        f"{school.en} has {count(riders, 'rider')} and {count(seats, 'seat')} in {count(buses, 'bus', 'buses')} of {norm.value:.0f}",
    )
    short = max(1, math.ceil((riders - seats) / norm.value))
    cure = Words(f"为{school.zh}增加{short}辆校车", f"add {count(short, 'bus', 'buses')} at {school.en}")
    verdict: Verdict = "pass" if riders <= seats else "fail"
    return judge("bus_seats", verdict, merger.school_id, norm, text, cure, measured=float(riders), bound=(float(seats), "seats"))


def _own(case: Case, merger: Merger) -> Words:
    return name_schools(case, [merger.school_id])


def _minutes(row: dict[Any, Any]) -> float:
    return float(str(row["seconds"])) / 60


def _span(rows: list[dict[Any, Any]]) -> Words:
    """Return the interval of the longest trip, from the best to the slowest day; nothing where it has no end."""
    longest = max(rows, key=_minutes)
    low, high = (float(str(longest[column])) / 60 for column in ("optimistic_s", "pessimistic_s"))
    return Words(f"（{low:.0f}–{high:.0f}）", f" ({low:.0f}–{high:.0f})") if math.isfinite(high) else Words("", "")


def _kilometres(row: dict[Any, Any]) -> float:
    return float(str(row["metres"])) / 1000


def _day_minutes(row: dict[Any, Any]) -> float:
    """Return the minutes of a day trip; infinity for pupils who board or have no school."""
    return _minutes(row) if row["mode"] in DAY_MODES else math.inf


def round_up(value: float) -> str:
    """Return the figure with one decimal at most, rounded up, so that no figure over a limit reads as the limit; endless ones as ∞."""
    if not math.isfinite(value):
        return "∞"
    return f"{math.ceil(round(10 * value, 3)) / 10:.1f}".removesuffix(".0")


def _pupils(rows: list[dict[Any, Any]]) -> float:
    return float(sum(int(str(row["pupils"])) for row in rows))


def _homes(rows: list[dict[Any, Any]]) -> list[str]:
    return [str(row["settlement_id"]) for row in rows]
