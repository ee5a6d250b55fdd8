"""Every trip on every bad day measured a second time, and where the figures of the run differ from it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from layout_planner.names import name_pupils
from layout_planner.safeguards.retrace import NO_WAY
from layout_planner.safeguards.retrace_rides import child_factor
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from layout_planner.plan.layout import Layout
    from layout_planner.safeguards.retrace import Retraced, Tracer

KEY = ["day", "when", "settlement_id", "band", "school_id", "mode"]


def retrace_bad_trips(tracer: Tracer, layouts: Mapping[str, Layout], usual: Retraced) -> pd.DataFrame:
    """Return one row a bad day and trip with a school: KEY, pupils, seconds (as the layout says), bad_s (inf = cut off).

    layouts : `when` (today | plan) -> layout
    usual : their trips on an ordinary day
    """
    county, parts = tracer.county, []
    tables = [layout.assignment.assign(when=when) for when, layout in layouts.items()]
    trips = pd.concat(tables, ignore_index=True)
    trips = trips[trips["school_id"] != ""].reset_index(drop=True)
    longest_s = 60 * tracer.norms.value("transit.bad_day_minutes")
    for day in county.bad_days:
        found = tracer.on_bad_day(day).trace(trips.assign(seconds=longest_s))
        bad_s = [_bad_s(tracer, found, usual, row) for row in trips.to_dict("records")]
        parts.append(trips.assign(day=day.key, bad_s=bad_s)[[*KEY, "pupils", "seconds", "bad_s"]])
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*KEY, "pupils", "seconds", "bad_s"])


def _bad_s(tracer: Tracer, found: Retraced, usual: Retraced, row: dict[Any, Any]) -> float:
    """Return the expected seconds of one trip on a bad day; a journey by public bus is never taken as quicker than on other days."""
    home, school, mode = str(row["settlement_id"]), str(row["school_id"]), str(row["mode"])
    scenario, norms, asked = tracer.scenario, tracer.norms, tracer.asked(mode, str(row["band"]))
    child = child_factor(scenario, norms, str(row["band"]))
    if mode == "walk":
        return found.walks.get((home, school), NO_WAY).seconds / child
    if mode == "bus":
        journey_s = found.public.get((home, school, child), math.inf)
        too_long = not journey_s <= 60 * norms.value("transit.bad_day_minutes")
        return math.inf if too_long else max(journey_s, usual.public.get((home, school, child), math.inf))
    ride = found.ride(home, school, asked)
    wait_s = 60 * norms.value("bus.wait_minutes") if mode == "school_bus" else 0.0
    return ride.walk_s / child + wait_s + ride.ride_s * asked.stretch


def compare_bad_trips(said: pd.DataFrame, found: pd.DataFrame, differs: Callable[[float, float], bool]) -> Iterator[Words]:
    """Yield a sentence for every trip on a bad day whose seconds in the run (`said`, KEY and bad_s) are not those found again."""
    ours = {tuple(row[:-1]): float(row[-1]) for row in found[[*KEY, "bad_s"]].itertuples(index=False, name=None)}
    theirs = {tuple(row[:-1]): float(row[-1]) for row in said[[*KEY, "bad_s"]].itertuples(index=False, name=None)}
    for key in sorted(ours.keys() | theirs.keys()):
        figure, again = theirs.get(key, float("nan")), ours.get(key, float("nan"))
        if differs(figure, again):
            day, when, home, band, school, mode = key
            who = name_pupils(band, mode)
            seconds = f"the plan says {figure:.1f} s, the re-check finds {again:.1f} s"
            yield Words(
                f"坏天气{day}（{when}）{home}到{school}（{who.zh}）：方案为{figure:.1f}秒，复核为{again:.1f}秒",
                f"bad day {day} ({when}), {home} to {school} ({who.en}): {seconds}",
            )
