"""Where disabled pupils could be taught: a resource classroom, a special school, else at home; and the visits that asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from layout_planner.assess.groups import share_groups
from layout_planner.travel.options import measure_mode
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Hashable

    import geopandas as gpd
    from numpy.typing import NDArray

    from layout_planner.plan.case import Case
    from layout_planner.plan.layout import Layout
    from layout_planner.travel.model import TravelTimes

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Texts = NDArray[np.object_]

WAYS = {
    "resource_room": Words("随班就读（资源教室）", "resource classroom"),
    "special_day": Words("特殊教育学校走读", "special school, day pupil"),
    "special_board": Words("特殊教育学校寄宿", "special school, boarding"),
    "home": Words("送教上门", "taught at home"),
    "unknown": Words("未知", "unknown"),
}
PLACE_COLUMNS = ("settlement_id", "name", "township", "band", "pupils", "way", "school_id", "school", "mode", "seconds")
VISIT_COLUMNS = (
    "settlement_id",
    "name",
    "township",
    "pupils",
    "visits_week",  # float
    "hours_week",  # float
    "school_id",  # the school the teacher comes from: the nearest that is open
    "school",
    "ride_s",  # float, np.inf where no vehicle gets there
    "walk_s",  # float, adult speed
)


@dataclass(frozen=True)
class SpecialSites:
    """Schools and the trips to them."""

    schools: gpd.GeoDataFrame
    travel: TravelTimes


def place_disabled(case: Case, layout: Layout, groups: pd.DataFrame, special: SpecialSites | None) -> pd.DataFrame:
    """Return one row (PLACE_COLUMNS) a settlement, band and way in which disabled pupils can be taught; pupils are estimates.

    Within the limits of a daily trip, on foot, by public bus or by the school's bus, the nearest of resource classrooms (at open schools
    that teach the band) and special schools is taken; else a bed of a special school, the furthest first; else the pupil is taught at
    home. Where the school table does not know special schools, the way is unknown.
    """
    if "disabled" not in groups:
        return pd.DataFrame({column: pd.Series(dtype=object) for column in PLACE_COLUMNS})
    shared = share_groups(layout.assignment, groups).groupby(["settlement_id", "band"], as_index=False)["disabled"].sum()
    shared = shared[shared["disabled"] > 0].rename(columns={"disabled": "pupils"})
    if "special" not in case.county.schools:
        return _named(shared.assign(way="unknown", school_id="", mode="", seconds=np.inf), case, special)
    parts = [_nearest_daily(case, layout, special, band, shared[shared["band"] == band]) for band in case.scenario.bands]
    placed = pd.concat(parts, ignore_index=True)
    return _named(_give_beds(placed, special), case, special)


def _nearest_daily(case: Case, layout: Layout, special: SpecialSites | None, band: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Return `rows` with the nearest daily place, and the nearest special school by a week's journey (`weekly`, `weekly_s`)."""
    teaches = layout.sites["bands"].str.split(",").map(lambda taught: band in taught)
    rooms = (case.county.schools["special"] == "resource_room") & teaches.reindex(case.county.schools.index)
    buses = layout.sites["buses"].reindex(case.travel.schools).to_numpy() > 0
    found = [("resource_room", *_best(case, SpecialSites(case.county.schools, case.travel), band, rooms.to_numpy(), buses, rows))]
    out = rows.assign(weekly="", weekly_s=np.inf)
    if special is not None:
        everywhere = np.ones(len(special.schools), dtype=bool)
        runs = special.schools["buses"].to_numpy() > 0
        found.append(("special_day", *_best(case, special, band, everywhere, runs, rows)))
        seconds, _, _, fits = measure_mode(
            "board", special.travel, special.schools, case.norms, case.scenario.travel, case.scenario.bands[band]
        )
        within = np.where(fits & (special.schools["beds"].to_numpy() > 0), seconds, np.inf)
        within = within[special.travel.settlements.get_indexer(pd.Index(rows["settlement_id"]))]
        out["weekly"] = np.where(np.isfinite(within.min(axis=1)), special.travel.schools.to_numpy()[within.argmin(axis=1)], "")
        out["weekly_s"] = within.min(axis=1)
    seconds = np.vstack([part[1] for part in found])
    best = seconds.argmin(axis=0)
    reached, at = np.isfinite(seconds.min(axis=0)), np.arange(len(rows))
    out["school_id"] = np.where(reached, np.vstack([part[2] for part in found])[best, at], "")
    out["mode"] = np.where(reached, np.vstack([part[3] for part in found])[best, at], "")
    return out.assign(way=np.where(reached, np.array([part[0] for part in found])[best], "home"), seconds=seconds.min(axis=0))


def _best(case: Case, sites: SpecialSites, band: str, taught: Flags, buses: Flags, rows: pd.DataFrame) -> tuple[Floats, Texts, Texts]:
    """Return seconds, school and mode of the quickest daily trip within the norms of every row; `inf` where there is none."""
    travel = sites.travel
    home = travel.settlements.get_indexer(pd.Index(rows["settlement_id"]))
    grades, chosen = case.scenario.bands[band], taught.reshape(1, -1)
    trips = []
    for mode, runs in (("walk", chosen), ("bus", chosen), ("school_bus", chosen & buses)):
        seconds, _, _, fits = measure_mode(mode, travel, sites.schools, case.norms, case.scenario.travel, grades)
        trips.append(np.where(fits & runs, seconds, np.inf)[home])
    by_mode, at = np.stack(trips), np.arange(len(rows))
    quickest = by_mode.min(axis=0)
    column = quickest.argmin(axis=1)
    modes = np.array(["walk", "bus", "school_bus"], dtype=object)[by_mode[:, at, column].argmin(axis=0)]
    return quickest[at, column], travel.schools.to_numpy(dtype=object)[column], modes


def _give_beds(placed: pd.DataFrame, special: SpecialSites | None) -> pd.DataFrame:
    """Give the beds of special schools to those who would be taught at home, the furthest first; a row is split where beds run out."""
    beds = {} if special is None else {str(school_id): int(count) for school_id, count in special.schools["beds"].items()}
    rows: list[dict[Hashable, Any]] = []
    for row in placed.sort_values(["weekly_s", "settlement_id", "band"], ascending=[False, True, True]).to_dict("records"):
        taken = min(int(row["pupils"]), beds.get(row["weekly"], 0)) if row["way"] == "home" else 0
        if taken:
            beds[row["weekly"]] -= taken
            rows.append(
                {**row, "way": "special_board", "school_id": row["weekly"], "mode": "board", "seconds": row["weekly_s"], "pupils": taken}
            )
        if row["pupils"] > taken:
            rows.append({**row, "mode": "home" if row["way"] == "home" else row["mode"], "pupils": int(row["pupils"]) - taken})
    return pd.DataFrame(rows, columns=placed.columns)


def _named(table: pd.DataFrame, case: Case, special: SpecialSites | None) -> pd.DataFrame:
    """Return PLACE_COLUMNS with names, by settlement, band and way."""
    homes, names = case.county.settlements, case.county.schools["name"]
    names = names if special is None else pd.concat([names, special.schools["name"]])
    township = homes["township"] if "township" in homes else pd.Series("", index=homes.index)
    full = table.assign(
        name=homes["name"].reindex(table["settlement_id"]).to_numpy(),
        township=township.reindex(table["settlement_id"]).to_numpy(),
        school=names.reindex(table["school_id"]).fillna("").to_numpy(),
    )
    return full.sort_values(["settlement_id", "band", "way"], ignore_index=True)[list(PLACE_COLUMNS)]


def plan_visits(case: Case, layout: Layout, placed: pd.DataFrame) -> pd.DataFrame:
    """Return one row (VISIT_COLUMNS) a settlement with pupils taught at home: the visits a week and the open school nearest to it.

    The rounds of the visiting teachers are planned from this table.
    """
    travel, norms = case.travel, case.norms
    home = placed[placed["way"] == "home"].groupby(["settlement_id", "name", "township"], as_index=False)["pupils"].sum()
    used = (layout.sites["bands"] != "").reindex(travel.schools).to_numpy(dtype=bool)
    row = travel.settlements.get_indexer(pd.Index(home["settlement_id"]))
    ride, walk = (np.where(used[None, :], times, np.inf)[row] for times in (travel.ride_s, travel.walk_s))
    column = np.where(np.isfinite(ride.min(axis=1)), ride.argmin(axis=1), walk.argmin(axis=1))
    at = np.arange(len(home))
    school = travel.schools.to_numpy()[column]
    known = np.isfinite(np.minimum(ride, walk)[at, column])
    visits = home["pupils"] * norms.value("disabled.visits_per_week")
    table = home.assign(
        visits_week=visits,
        hours_week=visits * norms.value("disabled.hours_per_visit"),
        school_id=np.where(known, school, ""),
        school=np.where(known, case.county.schools["name"].reindex(school), ""),
        ride_s=ride[at, column],
        walk_s=walk[at, column],
    )
    return table[list(VISIT_COLUMNS)]
