"""The register of a dossier (一本): what the school is, has and lacks, who attends it, and what the yearly registers tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from layout_planner.assess.conditions import VENUES
from layout_planner.names import name_band, name_unit
from layout_planner.output.bus_plans import DIRECTIONS, tell_clock
from layout_planner.output.papers.facts import (
    NONE_KNOWN,
    NOTHING,
    Line,
    Part,
    count,
    join,
    minute_span,
    minutes,
    name_bands,
    name_form,
    name_modes,
    name_value,
    same,
)
from layout_planner.plan.forms import CLOSED
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping

    import pandas as pd

    from layout_planner.output.papers.stored import Papers

WHENS = ("today", "plan")
TODAY_PLAN = (Words("项目", "item"), Words("现状", "today"), Words("方案", "plan"))
AS_SHARES = {"class.pupils_per_seat", "dorm.beds_per_boarder"}
ASSUMED_SOURCE = Words("本项目假设", "assumption of this project")
FREE = Words("达到", "met")


def describe_register(papers: Papers, school_id: str) -> Part:
    """Return form, grades, pupils, classes, seats, beds, teachers and what else the tables tell of the school."""
    site, own = papers.view.schools.loc[school_id], papers.register_of(school_id)
    status = {when: _status(papers, school_id, when) for when in WHENS}
    lines = [
        _both("form", Words("办学类型", "form"), [name_form(str(site[f"form_{when}"])) for when in WHENS]),
        _both("bands", Words("年级", "grades"), [name_bands(str(site[f"bands_{when}"]), papers.view.bands) for when in WHENS]),
        _both("pupils", Words("学生", "pupils"), [count(float(site[f"pupils_{when}"])) for when in WHENS]),
        *_pupils_by_band(papers, school_id),
        _both(
            "classes",
            Words("班数（按标准班额）", "classes, by the standard size"),
            [count(_classes(status[when], own, when)) for when in WHENS],
        ),
        _both("boarders", Words("其中寄宿生", "of them boarders"), [count(float(site[f"boarders_{when}"])) for when in WHENS]),
        _both("seats", Words("学位", "seats"), [count(float(site["seats"]))] * 2),
        _both("beds", Words("床位", "beds"), [count(float(site[f"beds_{when}"])) for when in WHENS]),
        _both("buses", Words("校车", "school buses"), [count(float(site[f"buses_{when}"])) for when in WHENS]),
        _now("teachers", Words("专任教师", "teachers"), count(float(own["teachers"]))),
        _now("classrooms", Words("教室", "classrooms"), count(float(own["classrooms"]))),
        _now("canteen", Words("食堂", "canteen"), Words("有", "yes") if own["canteen"] else Words("无", "no")),
        _now("enrolment", Words("在校生（学校表）", "enrolment in the schools table"), count(float(own["enrolment"]))),
    ]
    parent = str(own["parent_school_id"])
    if parent:
        lines.append(_now("parent", Words("所属中心校", "central school"), papers.school_names[parent]))
    return Part("register", Words("学校台账", "Register of the school"), tuple(lines), TODAY_PLAN, figures=frozenset({1, 2}))


def _classes(status: Mapping[Hashable, Any] | None, own: pd.Series, when: str) -> float:
    return float(status["classes"]) if status is not None else float(own[f"classes_{when}"])


def _both(key: str, label: Words, values: list[Words]) -> Line:
    return Line(key, (label, *values), "info" if values[0] != values[1] else "")


def _now(key: str, label: Words, value: Words) -> Line:
    return Line(key, (label, value, NOTHING))


def _status(papers: Papers, school_id: str, when: str) -> Mapping[Hashable, Any] | None:
    rows = papers.status[(papers.status["school_id"] == school_id) & (papers.status["when"] == when)].to_dict("records")
    return rows[0] if rows else None


def _pupils_by_band(papers: Papers, school_id: str) -> Iterator[Line]:
    sums = papers.trips_of(school_id).groupby(["when", "band"])["pupils"].sum()
    for band, grades in papers.view.bands.items():
        values = [int(sums.get((when, band), 0)) for when in WHENS]
        if any(values):
            name = name_band(band, grades)
            yield _both(f"pupils_{band}", Words(f"　其中{name.zh}", f"– {name.en}"), [count(value) for value in values])


def describe_conditions(papers: Papers, school_id: str) -> Part:
    """Return every norm that the school can be held to, with what is measured today and under the plan and the flag of its source."""
    table = papers.conditions[papers.conditions["school_id"] == school_id]
    heads = (Words("规范", "norm"), Words("现状", "today"), Words("方案", "plan"), Words("限值", "limit"), Words("依据", "source"))
    lines = []
    for key in dict.fromkeys(table["key"]):
        rows = {str(row["when"]): row for row in table[table["key"] == key].to_dict("records")}
        latest = rows.get("plan") or rows["today"]
        cells = [_show_condition(rows[when]) if when in rows else NONE_KNOWN for when in WHENS]
        lines.append(Line(key, (name_value(key), *cells, _show_limit(latest), _show_source(latest)), str(latest["state"])))
    note = Words(
        "✓达到；✗不达标；?未知；R1、R2为查阅过的文件，R3来源较弱，A为本项目假设，D由此推算。",
        "✓ met; ✗ not met; ? not known. R1, R2: the instrument was read; R3: a weak source; A: assumption of this project; "
        "D: derived from one.",
    )
    order = {"bad": 0, "unknown": 1, "info": 2, "good": 3}
    lines.sort(key=lambda line: order[line.state])
    return Part("conditions", Words("办学条件对照规范", "Condition against the norms"), tuple(lines), heads, note, frozenset({1, 2, 3}))


def _show_condition(row: Mapping[Hashable, Any]) -> Words:
    key, state, short, measured = str(row["key"]), str(row["state"]), float(row["short"]), float(row["measured"])
    if key == VENUES:
        near = round(short)
        found = Words(f"过近{near}处", f"{near} too near") if near else Words("须现场核实", "check on site") if state == "unknown" else FREE
    elif np.isfinite(measured):
        shown = f"{measured:.2f}" if key in AS_SHARES else f"{measured:.1f}" if measured < 100 else f"{measured:.0f}"  # noqa: PLR2004
        found = Words(shown, shown)
        if short > 0:
            found = Words(f"{shown}，缺{short:.0f}", f"{shown}, short of {short:.0f}")
    elif np.isnan(short):
        found = Words("未知", "not known")
    else:
        found = Words(f"缺{short:.0f}", f"short of {short:.0f}") if short > 0 else FREE
    return found


def _show_limit(row: Mapping[Hashable, Any]) -> Words:
    unit = name_unit(str(row["unit"]))
    limit = f"{float(row['limit']):g}"
    return Words(f"{limit} {unit.zh}".strip(), f"{limit} {unit.en}".strip())


def _show_source(row: Mapping[Hashable, Any]) -> Words:
    source, flag = str(row["source"]).replace(f" [{row['flag']}]", ""), str(row["flag"])
    named = ASSUMED_SOURCE if source == ASSUMED_SOURCE.en else same(source)
    return Words(f"{named.zh} [{flag}]", f"{named.en} [{flag}]")


def describe_catchment(papers: Papers, school_id: str) -> Part:
    """Return the settlements whose pupils attend the school today or under the plan, the most pupils first."""
    here, left = _by_home(papers.trips_of(school_id)), _by_home(papers.moved_from(school_id))
    sums = {home: [sum(int(trip.pupils) for trip in trips if trip.when == when) for when in WHENS] for home, trips in here.items()}
    heads = (
        Words("居民点", "settlement"),
        Words("现在", "today"),
        Words("方案", "plan"),
        Words("现在怎么来", "how, today"),
        Words("方案中怎么上学", "how, under the plan"),
    )
    lines = []
    for home in sorted(sums, key=lambda key: (-sums[key][1], -sums[key][0], key)):
        own, (before, after) = here[home], sums[home]
        ways = [_tell_ways([trip for trip in own if trip.when == when]) for when in WHENS]
        if home in left:
            ways[1] = join([way for way in (ways[1], _tell_leaving(papers, left[home])) if way.zh])
        risky = any(trip.when == "plan" and trip.cause for trip in own)
        cells = (papers.home_names[home], count(before), count(after), *ways)
        lines.append(Line(home, cells, "bad" if risky else "info" if before != after else ""))
    note = Words("✗：方案下仍有学生的路程不合规范。", "✗: some pupils' way breaks a norm under the plan.")
    return Part("catchment", Words("服务范围", "Catchment"), tuple(lines), heads, note, frozenset({1, 2}))


def _by_home(trips: pd.DataFrame) -> dict[str, list[Any]]:
    """Return the rows of trips by settlement."""
    homes: dict[str, list[Any]] = {}
    for trip in trips.itertuples(index=False):
        homes.setdefault(str(trip.settlement_id), []).append(trip)
    return homes


def _tell_ways(trips: list[Any]) -> Words:
    if not trips:
        return NOTHING
    span = minute_span(min(float(trip.seconds) for trip in trips), max(float(trip.seconds) for trip in trips))
    how = name_modes(str(trip.mode) for trip in trips)
    return Words(f"{how.zh} {span.zh}", f"{how.en} {span.en}")


def _tell_leaving(papers: Papers, gone: list[Any]) -> Words:
    """Return where the pupils of a settlement go who attend the school today and another one under the plan."""
    told = []
    for other in sorted({str(trip.school_id) for trip in gone}):
        name = papers.school_names[other] if other else Words("无处就读", "no school")
        ways = _tell_ways([trip for trip in gone if trip.school_id == other]) if other else NOTHING
        told.append(Words(f"→{name.zh} {ways.zh}".strip(), f"→ {name.en} {ways.en}".strip()))
    return join(told)


def describe_history(papers: Papers, school_id: str) -> Part:
    """Return pupils at the start of every year of the registers and what changed in it, then the year of the plan."""
    own = papers.history[papers.history["school_id"] == school_id]
    heads = (
        Words("学年", "school year"),
        Words("学年初在校生", "pupils at the start"),
        Words("转入", "in"),
        Words("转出", "out"),
        Words("辍学", "dropped out"),
        Words("毕业", "graduated"),
    )
    lines = []
    for year, rows in own.groupby("year"):
        sums = [rows[name].sum(min_count=1) for name in ("enrolled_start", "transferred_in", "transferred_out", "dropped_out", "graduated")]
        lines.append(Line(f"{year:.0f}", (same(f"{year:.0f}"), *(count(float(value)) for value in sums))))
    site = papers.view.schools.loc[school_id]
    before, after = (count(float(site[f"pupils_{when}"])) for when in WHENS)
    planned = Words(f"现布局{before.zh}；方案{after.zh}", f"{before.en} in today's schools; {after.en} under the plan")
    lines.append(Line("plan", (Words(f"{papers.view.year}（预测）", f"{papers.view.year} (forecast)"), planned, *[NOTHING] * 4)))
    note = (
        Words("来自学籍变动表；—：未填。", "From the registers; —: not filled in.")
        if len(own)
        else Words("没有学籍变动表。", "No registers are given.")
    )
    return Part("history", Words("历年学籍", "History from the registers"), tuple(lines), heads, note, frozenset({1, 2, 3, 4, 5}))


def describe_buses(papers: Papers, school_id: str) -> Part:
    """Return the runs of school buses to and from the school under the plan, by direction and start."""
    title = Words("校车（方案）", "School buses under the plan")
    routes = papers.view.bus_routes
    own = None if routes is None else routes[(routes["when"] == "plan") & (routes["site_id"] == school_id)]
    if own is None or own.empty:
        return Part("buses", title, ())
    heads = (
        Words("车", "bus"),
        Words("方向", "direction"),
        Words("起讫", "from – to"),
        Words("学生/座位", "pupils / seats"),
        Words("公里", "km"),
        Words("最长乘车", "longest ride"),
    )
    lines = []
    for row in own.sort_values(["direction", "starts_s", "route_id"], ascending=[False, True, True]).to_dict("records"):
        cells = (
            same(row["bus_id"]),
            DIRECTIONS[str(row["direction"])],
            same(f"{tell_clock(float(row['starts_s']))}–{tell_clock(float(row['ends_s']))}"),
            same(f"{int(row['riders'])} / {int(row['seats'])}"),
            same(f"{float(row['ride_km']):.1f}"),
            minutes(60 * float(row["longest_ride_minutes"])),
        )
        lines.append(Line(str(row["route_id"]), cells))
    return Part("buses", title, tuple(lines), heads, figures=frozenset({3, 4, 5}))


def is_shown(papers: Papers, school_id: str) -> bool:
    """Return whether a site has a dossier: it is open today or under the plan, or a candidate."""
    site = papers.view.schools.loc[school_id]
    return bool(site["candidate"]) or any(site[f"form_{when}"] != CLOSED for when in WHENS)
