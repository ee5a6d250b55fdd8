"""Every trip on every bad day measured a second time, and where the figures of the run differ from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from layout_planner.names import name_pupils
from layout_planner.safeguards.retrace import NO_WAY
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from layout_planner.plan.layout import Layout
    from layout_planner.safeguards.retrace import Retraced, Tracer

KEY = ["day", "when", "settlement_id", "band", "school_id", "mode"]
LONGEST_JOURNEY_S = 4 * 3600.0  # journeys by public bus are searched up to this on a bad day


def retrace_bad_trips(tracer: Tracer, layouts: Mapping[str, Layout], usual: Retraced) -> pd.DataFrame:
    """Return one row a bad day and trip with a school: KEY, pupils, seconds (as the layout says), bad_s (inf = cut off).

    layouts : `when` (today | plan) -> layout
    usual : their trips on an ordinary day
    """
    county, parts = tracer.county, []
    tables = [layout.assignment.assign(when=when) for when, layout in layouts.items()]
    trips = pd.concat(tables, ignore_index=True)
    trips = trips[trips["school_id"] != ""].reset_index(drop=True)
    for day in county.bad_days:
        asked = trips.assign(seconds=trips["seconds"].clip(upper=LONGEST_JOURNEY_S).where(trips["mode"] != "bus", LONGEST_JOURNEY_S))
        found = tracer.on_bad_day(day).trace(asked)
        bad_s = [_bad_s(tracer, found, usual, row) for row in trips.to_dict("records")]
        parts.append(trips.assign(day=day.key, bad_s=bad_s)[[*KEY, "pupils", "seconds", "bad_s"]])
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*KEY, "pupils", "seconds", "bad_s"])


def _bad_s(tracer: Tracer, found: Retraced, usual: Retraced, row: dict[Any, Any]) -> float:
    """Return the expected seconds of one trip on a bad day; a public bus is as much later as the ride by road."""
    home, school, mode = str(row["settlement_id"]), str(row["school_id"]), str(row["mode"])
    scenario, norms, asked = tracer.scenario, tracer.norms, tracer.asked(mode, str(row["band"]))
    child = norms.value("speed.child_factor", grades=scenario.bands[str(row["band"])]) if scenario.travel.walk.child_speed else 1.0
    if mode == "walk":
        return found.walks.get((home, school), NO_WAY).seconds / child
    ride = found.ride(home, school, asked)
    if mode == "bus":
        before_s = usual.ride(home, school, asked).ride_s
        late_s = ride.ride_s - before_s if np.isfinite(before_s) else 0.0
        return found.public.get((home, school, child), float("inf")) + late_s
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
