"""Rounds of visiting teachers checked a second time: everybody is visited, and every round can be driven in the hours that it says.

What is found names schools and rounds only, never where a child taught at home lives: the gate is read in public.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    import pandas as pd

    from layout_planner.safeguards.bus_check import Given, Roads

    Row = dict[Hashable, Any]

MINUTE_S, HOUR_S = 60, 3600
SLACK_HOURS = 0.1  # hours and minutes are told to one decimal
SLACK_SHARE = 0.005


def check_rounds(given: Given, roads: Roads, rounds: pd.DataFrame, visits: pd.DataFrame) -> Iterator[Words]:
    """Yield what is wrong with `rounds`, which visit the children taught at home of `visits` (settlement_id, school_id, pupils)."""
    norms = given.norms
    needs: Counter[tuple[str, str]] = Counter()
    for row in visits.to_dict("records"):
        needs[str(row["school_id"]), str(row["settlement_id"])] += int(row["pupils"])
    by_round: dict[tuple[str, int], list[Row]] = defaultdict(list)
    met: Counter[tuple[str, str]] = Counter()
    for row in rounds.sort_values(["school_id", "round", "stop_no"]).to_dict("records"):
        school, home, stays = str(row["school_id"]), str(row["settlement_id"]), MINUTE_S * float(row["stays_minutes"])
        met[school, home] += 1
        least = HOUR_S * norms.value("disabled.hours_per_visit") * needs[school, home]
        if not stays >= least - MINUTE_S:
            yield Words(f"{school}出发的送教：一处时间不足", f"from {school}: a place is visited for too few hours")
        if int(row["round"]) > 0:
            by_round[school, int(row["round"])].append(row)
        elif school in given.county.schools.index and _drives(roads, school, home):
            yield Words(f"{school}出发的送教：一处有路可到，却没有去", f"from {school}: a place that can be reached by road is not visited")
    for (school, home), times in sorted((key, met[key]) for key in needs.keys() | met.keys()):
        if times != int(needs[school, home] > 0):
            yield Words(f"{school}出发的送教：一处去{times}次", f"from {school}: a place is on {times} rounds")
    for (school, number), own in sorted(by_round.items()):
        yield from _check_hours(given, roads, f"{school}/{number}", own)


def _drives(roads: Roads, school: str, home: str) -> bool:
    node = roads.driving.main_joint("home", home)
    return home not in roads.off_network and bool(np.isfinite(roads.ride_s(roads.gate(school), node)))


def _check_hours(given: Given, roads: Roads, name: str, own: list[Row]) -> Iterator[Words]:
    """A round takes no fewer hours than driving, walking and visits do, and no more than a day where it visits several places."""
    gate = roads.gate(str(own[0]["school_id"]))
    nodes = [gate, *(roads.driving.main_joint("home", str(row["settlement_id"])) for row in own), gate]
    drive_s = sum(roads.ride_s(here, there) for here, there in pairwise(nodes))
    stays_s = MINUTE_S * sum(float(row["stays_minutes"]) + 2 * float(row["walk_minutes"]) for row in own)
    least, said = (drive_s + stays_s) / HOUR_S, float(own[0]["round_hours"])
    if not said >= least * (1 - SLACK_SHARE) - SLACK_HOURS:
        yield Words(f"送教{name}：{said:.1f}小时，复核需{least:.1f}小时", f"round {name}: {said:.1f} h, the re-check needs {least:.1f}")
    day = given.norms.value("visits.day_hours")
    if len(own) > 1 and not said <= day + SLACK_HOURS:
        yield Words(f"送教{name}：{said:.1f}小时，一天只有{day:.0f}小时", f"round {name}: {said:.1f} h, a day has {day:.0f}")
