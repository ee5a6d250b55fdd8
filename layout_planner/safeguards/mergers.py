"""Rules of the gate on the children whom a merger moves: their trips, their age, and the places that wait for them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from layout_planner.safeguards.rules import Merger, as_count, judge, meets, name_schools, name_villages
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from layout_planner.norms import Norm
    from layout_planner.results import Finding, Verdict
    from layout_planner.safeguards.rules import Case

DAY_MODES = ("walk", "school_bus")


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
        {"settlement_id": home, "band": band, "school_id": "", "mode": "unserved", "pupils": 0, "seconds": math.inf}
        for home, band in sorted(affected - placed)
    )
    receivers = tuple(sorted({str(row["school_id"]) for row in moved} - {""}))
    return Merger(school_id, lost, (*moved, *lacking), receivers)


def check_trips(case: Case, merger: Merger) -> Iterator[Finding]:
    """Yield findings on unserved pupils, travel by band, boarding by age, and the remote-keep rule.

    Trips are judged at the times of the plan; a pessimistic end of the speeds is not available yet.
    """
    without = [row for row in merger.moved if row["mode"] == "unserved"]
    villages = name_villages(case, _homes(without))
    text = (
        Words(f"{villages.zh}有学生没有学校可上", f"pupils of {villages.en} are left without a school")
        if without
        else Words("原有学生都有去处", "every pupil who attends today has a place")
    )
    cure = Words(f"保留{_own(case, merger).zh}，或为这些村开一条校车线", f"keep {_own(case, merger).en}, or run one bus to these villages")
    yield judge(
        "unserved",
        "fail" if without else "pass",
        merger.school_id,
        None,
        text,
        cure,
        measured=_pupils(without),
        settlements=_homes(without),
    )
    for band in merger.lost:
        rows = [row for row in merger.moved if row["band"] == band and row["mode"] != "unserved"]
        yield from _check_band(case, merger, band, rows)


def _check_band(case: Case, merger: Merger, band: str, rows: list[dict[Any, Any]]) -> Iterator[Finding]:
    grades = case.scenario.bands[band]
    for rule, key, modes in (("travel", "travel.max_minutes", DAY_MODES), ("board_travel", "board.max_minutes_weekly", ("board",))):
        for mode in modes:
            concerned = [row for row in rows if row["mode"] == mode]
            if concerned:
                yield _judge_minutes(case, merger, rule, case.norms.find(key, grades=grades, mode=mode), (band, mode, concerned))
    boarders = [row for row in rows if row["mode"] == "board"]
    if boarders:
        yield _judge_boarding_age(case, merger, case.norms.find("boarding.allowed", grades=grades), (band, boarders))
    remote = case.norms.find("remote.keep_minutes", grades=grades)
    if remote is not None:
        yield _judge_remote(case, merger, remote, band)


def _judge_minutes(case: Case, merger: Merger, rule: str, norm: Norm | None, concerned: tuple[str, str, list[dict[Any, Any]]]) -> Finding:
    band, mode, rows = concerned
    if norm is None:
        return judge(
            rule,
            "unknown",
            merger.school_id,
            None,
            Words(f"规范集没有{band}的时限", f"the norm set has no time limit for {band}"),
            Words("补上该规范值", "add the value to the norm set"),
            settlements=_homes(rows),
        )
    over = [row for row in rows if not meets(norm, _minutes(row))]
    worst = max(map(_minutes, rows))
    if not over:
        text = Words(
            f"{band}（{mode}）最长{worst:.0f}分钟，上限{norm.value:.0f}分钟",
            f"{band} by {mode}: {worst:.0f} minutes at most, limit {norm.value:.0f}",
        )
        return judge(rule, "pass", merger.school_id, norm, text, text, measured=round(worst, 2), settlements=_homes(rows))
    villages, schools = name_villages(case, _homes(over)), name_schools(case, (str(row["school_id"]) for row in over))
    text = Words(
        f"{villages.zh}的{band}学生{_pupils(over):.0f}人单程最长{worst:.1f}分钟（{mode}），超过{norm.value:.0f}分钟",
        f"{_pupils(over):.0f} pupils ({band}) of {villages.en} travel up to {worst:.1f} minutes by {mode}, over {norm.value:.0f}",
    )
    cure = Words(
        f"保留{_own(case, merger).zh}，或开一条到{schools.zh}的校车线", f"keep {_own(case, merger).en}, or run one bus to {schools.en}"
    )
    return judge(rule, "fail", merger.school_id, norm, text, cure, measured=round(worst, 2), settlements=_homes(over))


def _judge_boarding_age(case: Case, merger: Merger, norm: Norm | None, concerned: tuple[str, list[dict[Any, Any]]]) -> Finding:
    band, boarders = concerned
    verdict: Verdict = "unknown" if norm is None else "pass" if norm.value >= 1 else "fail"
    villages = name_villages(case, _homes(boarders))
    text = Words(
        f"{villages.zh}的{band}学生{_pupils(boarders):.0f}人寄宿", f"{_pupils(boarders):.0f} pupils ({band}) of {villages.en} are to board"
    )
    cure = Words(f"为{band}保留{_own(case, merger).zh}或改乘校车", f"keep {_own(case, merger).en} for {band}, or take them by bus")
    return judge("boarding_age", verdict, merger.school_id, norm, text, cure, measured=_pupils(boarders), settlements=_homes(boarders))


def _judge_remote(case: Case, merger: Merger, norm: Norm, band: str) -> Finding:
    """Judge whether every moved child of the youngest grades has a day trip within the limit, else the site is remote and stays."""
    rows = [row for row in merger.moved if row["band"] == band]
    stranded = [row for row in rows if row["mode"] not in DAY_MODES or not meets(norm, _minutes(row))]
    villages, own = name_villages(case, _homes(stranded)), _own(case, merger)
    text = (
        Words(
            f"{villages.zh}的{band}学生没有{norm.value:.0f}分钟以内的走读方式，{own.zh}属于应保留的教学点",
            f"{band} of {villages.en} have no day trip within {norm.value:.0f} minutes, so {own.en} is a site to keep",
        )
        if stranded
        else Words(f"{band}学生都能在{norm.value:.0f}分钟内走读", f"all of {band} have a day trip within {norm.value:.0f} minutes")
    )
    cure = Words(f"保留{own.zh}的{band}作为教学点", f"keep {own.en} as a teaching point for {band}")
    measured = max(map(_minutes, rows), default=0.0)
    return judge(
        "remote_keep",
        "fail" if stranded else "pass",
        merger.school_id,
        norm,
        text,
        cure,
        measured=round(measured, 2),
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
            norm,
            Words(f"{school.zh}学位数不明", f"the seats of {school.en} are not known"),
            Words(f"登记{school.zh}的学位数", f"enter the seats of {school.en}"),
        )
    allowed = seats * (norm.value if norm else 1.0)
    text = Words(f"{school.zh}：{pupils}名学生，{seats:.0f}个学位", f"{school.en}: {pupils} pupils, {seats:.0f} seats")
    cure = Words(f"增加{pupils - seats:.0f}个学位，或把部分村分到别校", f"add {pupils - seats:.0f} seats, or send some villages elsewhere")
    return judge("seats", "pass" if pupils <= allowed else "fail", merger.school_id, norm, text, cure, measured=float(pupils))


def _judge_classes(case: Case, merger: Merger, school_id: str) -> Finding:
    """Judge pupils a class; where the table names classrooms no more classes than rooms count."""
    site, school = case.plan.sites.loc[school_id], name_schools(case, [school_id])
    norm = case.norms.find("class.large")
    rooms = as_count(case.county.schools.loc[school_id].get("classrooms"))
    classes = min(int(str(site["classes"])), rooms) if rooms is not None else int(str(site["classes"]))
    known = Words("", "") if rooms is not None else Words("（教室数未登记）", " (classrooms are not on record)")
    size = int(str(site["pupils"])) / classes if classes else math.inf
    verdict: Verdict = "unknown" if norm is None else "pass" if meets(norm, size) else "fail"
    text = Words(
        f"{school.zh}：{site['pupils']}名学生，{classes:.0f}个班，平均{size:.1f}人{known.zh}",
        f"{school.en}: {site['pupils']} pupils in {classes:.0f} classes, {size:.1f} a class{known.en}",
    )
    cure = Words(f"在{school.zh}增加教室，或少并一个村", f"add a classroom at {school.en}, or send one village less")
    return judge("class_size", verdict, merger.school_id, norm, text, cure, measured=round(size, 2) if math.isfinite(size) else None)


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
            Words(f"{school.zh}床位数不明", f"the beds of {school.en} are not known"),
            Words(f"登记{school.zh}的床位数", f"enter the beds of {school.en}"),
        )
    beds = existing + int(str(site["new_beds"]))
    text = Words(
        f"{school.zh}：{boarders}名寄宿生，{beds:.0f}张床（新增{site['new_beds']}）",
        f"{school.en}: {boarders} boarders, {beds:.0f} beds ({site['new_beds']} new)",
    )
    cure = Words(
        f"在{school.zh}增加{boarders - beds:.0f}张床，或改乘校车", f"add {boarders - beds:.0f} beds at {school.en}, or run a bus instead"
    )
    good = boarders == 0 or meets(norm, beds / boarders)
    return judge("lodging", "pass" if good else "fail", merger.school_id, norm, text, cure, measured=beds / boarders if boarders else None)


def _judge_bus_seats(case: Case, merger: Merger, school_id: str) -> Finding:
    school, norm = name_schools(case, [school_id]), case.norms.get("bus.stock_seats")
    to_school = case.plan.assignment[case.plan.assignment["school_id"] == school_id]
    riders = int(to_school.loc[to_school["mode"] == "school_bus", "pupils"].sum())
    buses = int(str(case.plan.sites.at[school_id, "buses"]))
    text = Words(
        f"{school.zh}：{riders}人乘校车，{buses}辆车，每辆{norm.value:.0f}座",
        f"{school.en}: {riders} riders, {buses} buses of {norm.value:.0f} seats",
    )
    cure = Words(f"为{school.zh}增加一辆校车", f"add one bus at {school.en}")
    return judge(
        "bus_seats", "pass" if riders <= buses * norm.value else "fail", merger.school_id, norm, text, cure, measured=float(riders)
    )


def _own(case: Case, merger: Merger) -> Words:
    return name_schools(case, [merger.school_id])


def _minutes(row: dict[Any, Any]) -> float:
    return float(str(row["seconds"])) / 60


def _pupils(rows: list[dict[Any, Any]]) -> float:
    return float(sum(int(str(row["pupils"])) for row in rows))


def _homes(rows: list[dict[Any, Any]]) -> list[str]:
    return [str(row["settlement_id"]) for row in rows]
