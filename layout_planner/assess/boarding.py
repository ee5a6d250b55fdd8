"""The queue for beds: left-behind pupils first, then the furthest; who is served and who is not.

A layout gives its beds to those who could not come otherwise. This queue asks another question: if each school gave its beds
out by the rule "left-behind pupils first", how far would they reach? The queue of a school with beds holds every left-behind
pupil who may board and every pupil whose daily way is too long; that of a school without beds holds the latter only. Pupils
without any trip stand in the queue of the nearest school of their band that boards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.assess.groups import share_groups
from layout_planner.travel.options import measure_mode, travel_limit_s

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layout_planner.plan.case import Case
    from layout_planner.plan.layout import Layout

QUEUE_COLUMNS = (
    "school_id",
    "place",  # int, from 1, in the queue of the school
    "settlement_id",
    "band",
    "group",  # left_behind | other
    "too_far",  # bool, the daily way breaks the norms, or there is none
    "seconds",  # float, the daily walk to this school; np.inf where there is none
    "pupils",
    "served",
    "unserved",
)


def queue_for_beds(case: Case, layout: Layout, groups: pd.DataFrame) -> pd.DataFrame:
    """Return the queues of all schools (QUEUE_COLUMNS) under `layout`, in their order.

    Who may stand in it: grades that may board, at a school with a canteen that is within a week's journey.
    groups : see `groups.count_groups`; left-behind pupils of a part are estimates
    """
    beds = _open_beds(case, layout)
    waiting = pd.concat([_waiting(case, layout, groups, band, beds) for band in case.scenario.bands], ignore_index=True)
    order = ["school_id", "first", "seconds", "settlement_id", "band"]
    waiting = waiting.sort_values(order, ascending=[True, False, False, True, True], ignore_index=True)
    waiting["place"] = waiting.groupby("school_id").cumcount() + 1
    ahead = waiting.groupby("school_id")["pupils"].cumsum() - waiting["pupils"]
    free = beds.reindex(waiting["school_id"]).to_numpy(dtype=np.int64) - ahead.to_numpy(dtype=np.int64)
    waiting["served"] = np.clip(free, 0, waiting["pupils"])
    waiting["unserved"] = waiting["pupils"] - waiting["served"]
    waiting["group"] = np.where(waiting["first"], "left_behind", "other")
    return waiting[list(QUEUE_COLUMNS)]


def _open_beds(case: Case, layout: Layout) -> pd.Series:
    """Return the beds of every school that is open and has a canteen; 0 for the others. Index school_id."""
    canteen = case.county.schools["canteen"].reindex(layout.sites.index).astype(bool)
    beds = layout.sites["beds"] + layout.sites["new_beds"]
    return beds.where(canteen & (layout.sites["bands"] != ""), 0).astype(int)


def _waiting(case: Case, layout: Layout, groups: pd.DataFrame, band: str, beds: pd.Series) -> pd.DataFrame:
    """Return who of a band stands in which queue: QUEUE_COLUMNS without the outcome, and `first`."""
    grades, travel = case.scenario.bands[band], case.travel
    trips = share_groups(layout.assignment, groups)
    trips = trips[(trips["band"] == band) & (trips["pupils"] > 0)]
    measured = [measure_mode(mode, travel, case.county.schools, case.norms, case.scenario.travel, grades) for mode in ("walk", "board")]
    (walk_s, _, _, walkable), (weekly_s, _, _, may_stand) = measured
    home = travel.settlements.get_indexer(pd.Index(trips["settlement_id"]))
    school = travel.schools.get_indexer(pd.Index(trips["school_id"]))
    nearest = _nearest_boarding(case, layout, band, beds, np.where(may_stand, weekly_s, np.inf))
    school = np.where(school >= 0, school, nearest[home])
    rides = trips["mode"].isin(["school_bus", "bus"]) & (trips["seconds"] <= travel_limit_s(case.norms, grades, "school_bus"))
    too_far = ~walkable[home, school] & ~rides.to_numpy()
    stands = (school >= 0) & may_stand[home, school]
    table = pd.DataFrame(
        {
            "school_id": travel.schools.to_numpy()[school],
            "settlement_id": trips["settlement_id"].to_numpy(),
            "band": band,
            "too_far": too_far,
            "seconds": walk_s[home, school],
        }
    )
    left_behind = trips["left_behind"].to_numpy() if "left_behind" in trips else np.zeros(len(trips), dtype=np.int64)
    offers = beds.reindex(travel.schools).to_numpy()[school] > 0
    firsts = table.assign(first=True, pupils=left_behind)[stands & (offers | too_far)]
    others = table.assign(first=False, pupils=trips["pupils"].to_numpy() - left_behind)[stands & too_far]
    both = pd.concat([firsts, others], ignore_index=True)
    keys = ["school_id", "settlement_id", "band", "first", "too_far", "seconds"]
    return both[both["pupils"] > 0].groupby(keys)["pupils"].sum().reset_index()


def _nearest_boarding(case: Case, layout: Layout, band: str, beds: pd.Series, weekly: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the column of the school with beds that teaches `band` and is nearest by a week's journey; -1 where none is in reach."""
    teaches = layout.sites["bands"].str.split(",").map(lambda taught: band in taught)
    boards = (teaches & (beds > 0)).reindex(case.travel.schools).to_numpy(dtype=bool)
    seconds = np.where(boards[None, :], weekly, np.inf)
    return np.where(np.isfinite(seconds.min(axis=1)), seconds.argmin(axis=1), -1)
