"""What would become of a school's pupils if it did not stay: their next best way to another school that is open under the plan.

An estimate without solving anew: seats, beds and buses of the other schools are taken to suffice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.travel.options import commute_options

if TYPE_CHECKING:
    from layout_planner.plan.case import Case
    from layout_planner.plan.layout import Layout

OTHERWISE_COLUMNS = (
    "school_id",
    "pupils",  # int, of the layout
    "daily",  # int, who would still go home every day within the norms
    "boarding",  # int, who could only board
    "without",  # int, who would have no way within the norms
    "mean_s",  # float, mean trip of the day pupils now; NaN for none
    "mean_other_s",  # float, mean of the next best daily trip of those who have one; NaN for none
    "worst_other_s",  # float, the longest of them
    "next_school_id",  # where most would go; "" for nowhere
)
KEY = ["settlement_id", "band", "school_id"]


def find_otherwise(case: Case, layout: Layout) -> pd.DataFrame:
    """Return one row (OTHERWISE_COLUMNS) a school that has pupils under `layout`, by id."""
    taught: dict[str, set[str]] = {band: set() for band in case.scenario.bands}
    for school_id, bands in layout.sites["bands"].items():
        for band in filter(None, str(bands).split(",")):
            taught[band].add(str(school_id))
    options = commute_options(case.travel, case.county.schools, taught, case.norms, case.scenario)
    options = options[options["within_norms"].astype(bool)]
    trips = layout.assignment[(layout.assignment["school_id"] != "") & (layout.assignment["pupils"] > 0)]
    return tabulate_otherwise(trips, options)


def tabulate_otherwise(trips: pd.DataFrame, options: pd.DataFrame) -> pd.DataFrame:
    """Return OTHERWISE_COLUMNS from trips (ASSIGNMENT_COLUMNS) and options within the norms (OPTION_COLUMNS)."""
    own = trips.groupby(KEY, as_index=False)["pupils"].sum()
    ways = options[["settlement_id", "band", "school_id", "mode", "seconds"]].rename(columns={"school_id": "other", "seconds": "other_s"})
    pairs = own.merge(ways, on=["settlement_id", "band"], how="left")
    pairs = pairs[pairs["other"] != pairs["school_id"]]
    pairs = pairs.assign(boards=(pairs["mode"] == "board").astype(int)).sort_values([*KEY, "boards", "other_s", "other"], kind="stable")
    best = own.merge(pairs.drop_duplicates(KEY).drop(columns="pupils"), on=KEY, how="left")
    best["way"] = np.where(best["other"].isna(), "without", np.where(best["boards"] == 1, "boarding", "daily"))
    day = trips[~trips["mode"].isin(["board", "unserved"])]
    rows = []
    for school_id, part in best.groupby("school_id"):
        counts = part.groupby("way")["pupils"].sum()
        daily, now = part[part["way"] == "daily"], day[day["school_id"] == school_id]
        goes = part.dropna(subset="other").groupby("other")["pupils"].sum().sort_index()
        rows.append(
            (
                school_id,
                int(part["pupils"].sum()),
                *(int(counts.get(way, 0)) for way in ("daily", "boarding", "without")),
                _mean(now["seconds"], now["pupils"]),
                _mean(daily["other_s"], daily["pupils"]),
                float(daily["other_s"].max()) if len(daily) else np.nan,
                str(goes.idxmax()) if len(goes) else "",
            )
        )
    return pd.DataFrame(rows, columns=list(OTHERWISE_COLUMNS))


def _mean(seconds: pd.Series, pupils: pd.Series) -> float:
    weight = float(pupils.sum())
    return float((seconds.astype(float) * pupils).sum() / weight) if weight else np.nan
