"""Rules of the gate on hard days: the slow end of every trip's interval, and the listed days on which roads are closed.

Both compare with today, so that a merger answers for what it changes: a village that a flood cuts off from its present school as well is
no reason to keep that school.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from layout_planner.names import name_hazard
from layout_planner.safeguards.mergers import keep_or_bus, round_up
from layout_planner.safeguards.rules import count, judge, meets, name_bands, name_villages, tell_figure
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pandas as pd

    from layout_planner.county.model import BadDay
    from layout_planner.norms import Norm
    from layout_planner.results import Finding, Verdict
    from layout_planner.safeguards.rules import Case, Merger

    Rows = list[dict[Any, Any]]


def check_hard_days(case: Case, merger: Merger) -> Iterator[Finding]:
    """Yield a finding a band on slow days, and a finding on every listed bad day."""
    for band in merger.lost:
        rows = [row for row in merger.moved if row["band"] == band and row["mode"] != "unserved"]
        norm = limit_of(case, rows[0]) if rows else None
        if norm is not None:
            yield _judge_slow(case, merger, norm, (band, rows))
    for day in case.county.bad_days:
        yield _judge_day(case, merger, day)


def limit_of(case: Case, row: dict[Any, Any]) -> Norm | None:
    """Return the limit of time that the trip of a row is held to."""
    mode = str(row["mode"])
    key = "board.max_minutes_weekly" if mode == "board" else "travel.max_minutes"
    return case.norms.find(key, grades=case.scenario.bands[str(row["band"])], mode=mode)


def _slow_minutes(row: dict[Any, Any]) -> float:
    return float(str(row["pessimistic_s"])) / 60


def is_late(case: Case, row: dict[Any, Any]) -> bool:
    """Tell whether a trip is over its limit on a slow day, or there is none."""
    norm = limit_of(case, row)
    return row["mode"] == "unserved" or (norm is not None and not meets(norm, _slow_minutes(row)))


def _judge_slow(case: Case, merger: Merger, norm: Norm, concerned: tuple[str, Rows]) -> Finding:
    """Judge whether in any village more children of the band are over the limit on a slow day than today."""
    band, rows = concerned
    homes = {str(row["settlement_id"]) for row in rows}
    now = [row for row in case.today.assignment.to_dict("records") if row["band"] == band and row["settlement_id"] in homes]
    before, after = (_count(row for row in part if is_late(case, row)) for part in (now, rows))
    newly = {home: late - before[home] for home, late in after.items() if late > before[home]}
    name, worst = name_bands(case, [band]), max(map(_slow_minutes, rows))
    if not newly:
        text = Words(
            f"路上慢时，{name.zh}学生单程最长{round_up(worst)}分钟，没有学生因此新超过时限",
            f"on a slow day pupils of {name.en} take up to {round_up(worst)} minutes one way, and none of them is newly over the limit",
        )
        return judge(
            "slow_day",
            "pass",
            merger.school_id,
            norm,
            text,
            text,
            measured=tell_figure(worst),
            settlements=sorted(homes),
        )
    late = [row for row in rows if row["settlement_id"] in newly and is_late(case, row)]
    worst, villages, pupils = max(map(_slow_minutes, late)), name_villages(case, sorted(newly)), sum(newly.values())
    text = Words(
        f"路上慢时，{villages.zh}的{pupils}名{name.zh}学生单程最长{round_up(worst)}分钟，超过{norm.value:.0f}分钟，现在则不超过",
        f"on a slow day {count(pupils, 'pupil')} of {name.en} from {villages.en} {'takes' if pupils == 1 else 'take'} up to"
        f" {round_up(worst)} minutes one way, over the limit of {norm.value:.0f}, which they keep today",
    )
    cure = keep_or_bus(case, [band])
    return judge(
        "slow_day",
        "fail",
        merger.school_id,
        norm,
        text,
        cure,
        measured=tell_figure(worst),
        settlements=sorted(newly),
    )


def _judge_day(case: Case, merger: Merger, day: BadDay) -> Finding:
    """Judge whether in any village and band more children are cut off on `day` than today; by the re-check's own figures."""
    name = Words(day.name.zh, day.name.en) if day.name.zh else name_hazard(day.key)
    trips = case.bad_trips
    if trips is None:
        text = Words(f"没有复核“{name.zh}”当天的行程", f"the trips on the bad day '{name.en}' were not re-checked")
        cure = Words("重新运行方案", "run the scenario again")
        return judge("bad_day", "unknown", merger.school_id, None, text, cure, bound=(0.0, "pupils"))
    affected = {(str(row["settlement_id"]), str(row["band"])) for row in merger.moved}
    reached = trips[(trips["day"] == day.key) & np.isfinite(trips["bad_s"].to_numpy(dtype=float))]
    cut = {}
    sent = case.plan.assignment[case.plan.assignment["school_id"] != ""]  # who is sent nowhere is told by another rule
    for when, trips_of in (("today", case.today.assignment), ("plan", sent)):
        everybody, arrives = (_pupils_by_group(table, affected) for table in (trips_of, reached[reached["when"] == when]))
        cut[when] = {key: everybody[key] - arrives[key] for key in affected}
    newly = {key: cut["plan"][key] - cut["today"][key] for key in sorted(affected) if cut["plan"][key] > cut["today"][key]}
    homes, pupils = [home for home, _ in newly], sum(newly.values())
    villages = name_villages(case, homes)
    text = (
        Words(
            f"“{name.zh}”当天，{villages.zh}的{pupils}名学生到不了新学校，现在则到得了",
            f"on the bad day '{name.en}' {count(pupils, 'pupil')} from {villages.en} cannot reach the new school, but the present one",
        )
        if newly
        else Words(f"“{name.zh}”当天，没有学生因撤并而新断路", f"on the bad day '{name.en}' nobody is newly cut off by the merger")
    )
    verdict: Verdict = "fail" if newly else "pass"
    cure = _keep(case, [band for _, band in newly])
    return judge("bad_day", verdict, merger.school_id, None, text, cure, measured=float(pupils), bound=(0.0, "pupils"), settlements=homes)


def _keep(case: Case, bands: Iterable[str]) -> Words:
    names = name_bands(case, dict.fromkeys(bands))
    return Words(
        f"保留该校的{names.zh}，或把断路的路段修通再撤", f"keep {names.en} at this school, or mend the road that closes before the merger"
    )


def _count(rows: Iterable[dict[Any, Any]]) -> Counter[str]:
    pupils: Counter[str] = Counter()
    for row in rows:
        pupils[str(row["settlement_id"])] += int(str(row["pupils"]))
    return pupils


def _pupils_by_group(table: pd.DataFrame, wanted: set[tuple[str, str]]) -> Counter[tuple[str, str]]:
    pupils: Counter[tuple[str, str]] = Counter()
    for home, band, number in table[["settlement_id", "band", "pupils"]].itertuples(index=False, name=None):
        if (home, band) in wanted:
            pupils[home, band] += int(number)
    return pupils
