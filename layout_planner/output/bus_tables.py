"""Journeys by public bus as tables: who rides which line from which stop, and what the minutes are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from layout_planner.travel.options import child_factor

if TYPE_CHECKING:
    from layout_planner.county.model import TransitLines
    from layout_planner.results import Run
    from layout_planner.travel.model import TravelTimes

PARTS = ("walk_s", "wait_s", "ride_s", "early_s", "headway_s")


def tidy_journeys(travel: TravelTimes, lines: TransitLines) -> pd.DataFrame:
    """Return one row a settlement, school and pace: stop near home, lines, seconds and their parts; empty without lines.

    pace : share of an adult's walking speed.
    """
    if travel.public is None:
        return pd.DataFrame()
    found = pd.concat([table.assign(pace=pace) for pace, table in sorted(travel.public.by_factor.items())], ignore_index=True)
    names = lines.patterns["line"].to_numpy()
    second = [f" → {names[k]}" if k >= 0 else "" for k in found["second"]]
    return pd.DataFrame(
        {
            "settlement_id": travel.settlements.to_numpy()[found["home"]],
            "school_id": travel.schools.to_numpy()[found["school"]],
            "pace": found["pace"],
            "stop": lines.stops["name"].to_numpy()[found["halt"]],
            "lines": [f"{names[first]}{then}" for first, then in zip(found["first"], second, strict=True)],
            "seconds": found["seconds"],
            **{part: found[part] for part in PARTS},
        }
    )


def list_riders(run: Run) -> pd.DataFrame:
    """Return the pupils who go by public bus today and under the plan, with minutes; empty in a county without lines."""
    if run.county.lines is None:
        return pd.DataFrame()
    journeys = tidy_journeys(run.travel, run.county.lines)
    pace = {band: child_factor(run.norms, grades, run.scenario.travel) for band, grades in run.scenario.bands.items()}
    riders = pd.concat(
        [
            layout.assignment[layout.assignment["mode"] == "bus"].assign(when=when)
            for when, layout in (("today", run.today), ("plan", run.plan))
        ]
    )
    riders = riders.assign(pace=riders["band"].map(pace).astype(float))[["when", "settlement_id", "band", "school_id", "pupils", "pace"]]
    table = riders.merge(journeys, on=["settlement_id", "school_id", "pace"], how="left").drop(columns=["pace", "headway_s"])
    minutes = {name: name.replace("_s", "_minutes") if name != "seconds" else "minutes" for name in ("seconds", *PARTS[:4])}
    table[list(minutes)] = (table[list(minutes)] / 60).round(1)
    return table.rename(columns=minutes).sort_values(["when", "settlement_id", "band", "school_id"], ascending=[False, True, True, True])
