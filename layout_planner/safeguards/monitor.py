"""After a merger: what schools report in the first terms against what the plan promised; a safeguard that lapses raises the alarm.

An alarm means: bring the safeguard back at once, or open the merged school again (roll back). What nobody reported is unknown, and an
unknown safeguard is no safeguard: it is asked for by name.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

State = Literal["good", "alarm", "unknown"]
CHECKS = {
    "enrolled": Words("在校生", "pupils enrolled"),
    "riders": Words("乘校车人数", "pupils on school buses"),
    "longest_minutes": Words("走读单程最长分钟", "longest daily trip, minutes"),
    "buses": Words("在用校车", "buses in service"),
    "beds": Words("可用床位", "beds"),
    "absent": Words("旷课达到规定天数", "absent for the days of the rule"),
    "suspected": Words("疑似辍学", "suspected dropouts"),
}


@dataclass(frozen=True)
class Promise:
    """What the plan says of one receiving school; `limit_minutes` is the strictest limit of its day pupils."""

    enrolled: int
    riders: int
    longest_minutes: float
    limit_minutes: float
    buses: int
    beds: int
    boarders: int


@dataclass(frozen=True)
class Reading:
    """One figure of one school and term: planned, reported, and what it means."""

    school_id: str
    term: str
    check: str
    planned: float
    actual: float
    state: State
    text: Words


def compare_terms(promises: Mapping[str, Promise], rows: list[dict[str, object]]) -> list[Reading]:
    """Return every check of every school and term, in the order of `rows`; a receiving school without any row is unknown.

    rows : the columns of `terms_table.TERMS`, NaN where a figure was not reported.
    """
    readings = [reading for row in rows for reading in _read_row(promises, row)]
    told = {str(row["school_id"]) for row in rows}
    for school_id, promise in promises.items():
        if school_id not in told:
            text = Words("没有上报任何学期", "no term was reported")
            readings.append(Reading(school_id, "", "enrolled", promise.enrolled, math.nan, "unknown", text))
    return readings


def _read_row(promises: Mapping[str, Promise], row: dict[str, object]) -> Iterator[Reading]:
    school_id, term = str(row["school_id"]), str(row["term"])
    promise = promises.get(school_id)
    if promise is None:
        return
    actual = {name: _number(row.get(name)) for name in (*CHECKS, "boarders")}
    boarders = promise.boarders if math.isnan(actual["boarders"]) else max(promise.boarders, actual["boarders"])
    wanted = {
        "enrolled": (promise.enrolled, Words("有学生没有到校，逐一核实去向", "pupils did not come: find out where each is")),
        "riders": (promise.riders, Words("乘车学生少于方案，核实其余怎样上学", "fewer ride than planned: find out how the others come")),
        "buses": (promise.buses, Words("校车没有到位", "buses are not in service")),
        "beds": (boarders, Words("床位少于寄宿生", "fewer beds than boarders")),
    }
    for name, (least, fault) in wanted.items():
        if least:
            yield _judge(school_id, term, name, float(least), actual[name], good=actual[name] >= least, fault=fault)
    if math.isfinite(promise.limit_minutes):
        fault = Words(f"超过时限{promise.limit_minutes:.0f}分钟", f"over the limit of {promise.limit_minutes:.0f} minutes")
        minutes = actual["longest_minutes"]
        yield _judge(
            school_id, term, "longest_minutes", promise.longest_minutes, minutes, good=minutes <= promise.limit_minutes, fault=fault
        )
    for name, fault in (
        ("absent", Words("有学生旷课，按控辍保学程序处理", "pupils stay away: follow the dropout procedure")),
        ("suspected", Words("有疑似辍学，逐一劝返", "suspected dropouts: bring each back")),
    ):
        yield _judge(school_id, term, name, 0.0, actual[name], good=actual[name] <= 0, fault=fault)


def _judge(school_id: str, term: str, check: str, planned: float, actual: float, *, good: bool, fault: Words) -> Reading:
    if math.isnan(actual):
        return Reading(school_id, term, check, planned, actual, "unknown", Words("没有上报", "not reported"))
    return Reading(school_id, term, check, planned, actual, "good" if good else "alarm", Words("", "") if good else fault)


def _number(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        return math.nan
