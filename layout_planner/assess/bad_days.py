"""Who is cut off when roads close: every trip of a layout on every bad day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.risk import KEY, trip_limits
from layout_planner.travel.bad_days import time_bad_day

if TYPE_CHECKING:
    from collections.abc import Mapping

    from layout_planner.county.model import County
    from layout_planner.plan.case import Case
    from layout_planner.plan.layout import Layout
    from layout_planner.travel.model import TravelTimes

CHANGE_S = 1.0  # a shorter change is no change
CUT_OFF = "cut_off"
COLUMNS = (
    "day",
    "day_name",
    "day_name_en",
    "settlement_id",
    "band",
    "school_id",
    "mode",
    "pupils",  # int
    "seconds",  # float, on other days
    "bad_s",  # float, on the bad day; np.inf where there is no way
    "limit_s",
    "day_state",  # open (as on other days) | longer | over_limit (longer, and over the time limit) | cut_off
)


def list_bad_days(layout: Layout, case: Case, days: Mapping[str, TravelTimes]) -> pd.DataFrame:
    """Return one row (COLUMNS) a bad day and trip of `layout`; pupils without a school are left out.

    days : trips on every bad day of the county, by its key
    """
    trips = layout.assignment[layout.assignment["school_id"] != ""].sort_values(KEY, ignore_index=True)
    limits = trip_limits(trips, case.norms, case.scenario)
    parts = []
    for day in case.county.bad_days:
        bad_s = time_bad_day(trips, case.travel, days[day.key], case.norms, case.scenario)
        normal_s = trips["seconds"].to_numpy(dtype=float)
        longer, over = bad_s > normal_s + CHANGE_S, ~(bad_s <= limits.to_numpy())
        state = np.select([np.isinf(bad_s), longer & over, longer], [CUT_OFF, "over_limit", "longer"], "open")
        named = {"day": day.key, "day_name": day.name.zh, "day_name_en": day.name.en}
        parts.append(trips.assign(**named, bad_s=bad_s, limit_s=limits, day_state=state.astype(object))[list(COLUMNS)])
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))


def risk_when_cut_off(bad_days: pd.DataFrame, risk: pd.DataFrame, county: County) -> pd.DataFrame:
    """Return the trips that are within the norms on other days and cut off on some bad day, as rows like those of `risk`.

    bad_days : of `list_bad_days`
    risk : RISK_COLUMNS of the same layout
    """
    cut = bad_days[bad_days["day_state"] == CUT_OFF].drop_duplicates(KEY)
    new = cut[~pd.MultiIndex.from_frame(cut[KEY]).isin(pd.MultiIndex.from_frame(risk[KEY]))]
    places = county.settlements.reindex(columns=["name", "township"], fill_value="").reindex(new["settlement_id"])
    names = {column: places[column].to_numpy() for column in places}
    return new.assign(**names, over_s=np.inf, cause=CUT_OFF).reindex(columns=risk.columns)


def count_cut_off(table: pd.DataFrame) -> int:
    """Return the pupils cut off on the worst day of a table of one layout."""
    cut = table[table["day_state"] == CUT_OFF].groupby("day")["pupils"].sum()
    return int(cut.max()) if len(cut) else 0
