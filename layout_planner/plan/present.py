"""The layout of today: who attends which school now, and how they must be getting there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from layout_planner.county.model import Note
from layout_planner.names import name_place
from layout_planner.plan.costs import tabulate_sites
from layout_planner.plan.forms import CLOSED, bands_taught
from layout_planner.plan.layout import ASSIGNMENT_COLUMNS, Layout
from layout_planner.plan.public_seats import SeatsLeft
from layout_planner.travel.options import MODES, measure_ends, measure_mode
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

    from layout_planner.county.model import County
    from layout_planner.norms import NormSet
    from layout_planner.plan.case import Case

UNSERVED = "unserved"


def present_layout(case: Case) -> Layout:
    """Return today's layout with the pupils of the scenario's year.

    Pupils attend the school that the settlement table names for their band, else the nearest on foot that teaches it.
    They walk where the norms allow it; else ride where the school has buses with free seats, the furthest first; else take a public bus
    that meets the norms, the furthest first where its seats are told; else board where beds are free, the furthest first; else they walk
    all the same and are at risk.
    """
    return share_present(case, list_present_trips(case))


def list_present_trips(case: Case) -> pd.DataFrame:
    """Return one row a settlement and band with pupils: the school attended today and the measures of all modes to it.

    Rows of a settlement do not depend on others: a county may be measured a part at a time.
    """
    taught = {site.school_id: site.bands[site.form_today] for site in case.sites}
    trips = [_trips_of_band(case, band, {j for j, bands in taught.items() if band in bands}) for band in case.scenario.bands]
    return pd.concat(trips, ignore_index=True)


def share_present(case: Case, trips: pd.DataFrame) -> Layout:
    """Return today's layout out of the `trips` of the whole county, with the buses and beds there are."""
    taught = {site.school_id: (site.form_today, site.bands[site.form_today]) for site in case.sites}
    assignment = _share_places(trips, case.county.schools, case.norms, SeatsLeft(case))
    buses = case.county.schools["buses"].where([taught[str(j)][0] != CLOSED for j in case.county.schools.index], 0)
    built = {str(school_id): (0, int(count)) for school_id, count in buses.items()}
    return Layout(tabulate_sites(case, taught, assignment, built), assignment)


def _trips_of_band(case: Case, band: str, teaching: set[str]) -> pd.DataFrame:
    """Return one row a settlement with pupils: its school today and the measures of all modes to it."""
    travel = case.travel
    pupils = case.demand[band].reindex(travel.settlements).to_numpy()
    rows = np.flatnonzero(pupils > 0)
    columns = _schools_attended(case, band, teaching)[rows]
    known = columns >= 0
    frame = pd.DataFrame({"settlement_id": travel.settlements.to_numpy()[rows], "band": band, "pupils": pupils[rows].astype(int)})
    frame["school_id"] = np.where(known, travel.schools.to_numpy()[np.maximum(columns, 0)], "")
    for mode in MODES:
        measured = measure_mode(mode, travel, case.county.schools, case.norms, case.scenario.travel, case.scenario.bands[band])
        at = (rows, np.maximum(columns, 0))
        seconds, metres, cost, fits = (array[at] for array in measured)
        ends = measure_ends(mode, travel, case.norms, case.scenario.travel, case.scenario.bands[band], at)
        for name, value in zip(("seconds", "optimistic_s", "pessimistic_s"), (seconds, *ends), strict=True):
            frame[f"{mode}_{name}"] = np.where(known, value, np.inf)
        frame[f"{mode}_metres"], frame[f"{mode}_cost_yuan"] = metres, cost
        frame[f"{mode}_fits"] = known & fits.astype(bool)
    return frame


def _schools_attended(case: Case, band: str, teaching: set[str]) -> NDArray[np.int64]:
    """Return the column of the school attended now by every settlement; -1 where none can be reached."""
    travel, settlements = case.travel, case.county.settlements
    position = {school_id: i for i, school_id in enumerate(travel.schools)}
    closed = np.array([school_id not in teaching for school_id in travel.schools])
    if closed.all():
        return np.full(len(travel.settlements), -1)
    walk = np.where(closed[None, :], np.inf, travel.walk_s)
    riding = travel.riding()
    ride = np.where(closed[None, :], np.inf, riding.ride_s + riding.walk_s)
    nearest = np.where(np.isfinite(walk.min(axis=1)), walk.argmin(axis=1), ride.argmin(axis=1))
    reached = np.isfinite(np.minimum(walk.min(axis=1), ride.min(axis=1)))
    nearest = np.where(reached, nearest, -1)
    column = f"school_{band}"
    if column not in settlements:
        return nearest
    named = settlements[column].reindex(travel.settlements).fillna("").astype(str)
    return np.array([position[name] if name in teaching else found for name, found in zip(named, nearest, strict=True)])


def _share_places(trips: pd.DataFrame, schools: pd.DataFrame, norms: NormSet, public: SeatsLeft) -> pd.DataFrame:
    """Give out bus seats and beds, the furthest pupils first, and return the assignment."""
    seats_left = {str(s): int(b * norms.value("bus.stock_seats")) for s, b in schools["buses"].items()}
    beds_left = {str(s): int(b) for s, b in schools["beds"].items()}
    rows: list[tuple[object, ...]] = []
    for trip in trips.sort_values(["walk_seconds", "settlement_id", "band"], ascending=[False, True, True]).to_dict("records"):
        school_id, left = str(trip["school_id"]), int(trip["pupils"])
        if trip["walk_fits"]:
            rows.append(_row(trip, "walk", left))
            continue
        for mode, places in (("school_bus", seats_left), ("bus", None), ("board", beds_left)):
            if not trip[f"{mode}_fits"]:
                continue
            taken = public.take(trip, left) if places is None else min(left, places.get(school_id, 0))
            if taken:
                if places is not None:
                    places[school_id] -= taken
                left -= taken
                rows.append(_row(trip, mode, taken))
        if left:
            rows.append(_row(trip, "walk" if np.isfinite(trip["walk_seconds"]) else UNSERVED, left))
    table = pd.DataFrame(rows, columns=list(ASSIGNMENT_COLUMNS))
    return table.sort_values(["settlement_id", "band", "school_id", "mode"], ignore_index=True)


def _row(trip: dict[Hashable, Any], mode: str, pupils: int) -> tuple[object, ...]:
    if mode == UNSERVED:
        return (trip["settlement_id"], trip["band"], "", mode, pupils, np.inf, np.inf, 0.0, np.inf, np.inf)
    return (
        trip["settlement_id"],
        trip["band"],
        trip["school_id"],
        mode,
        pupils,
        trip[f"{mode}_seconds"],
        trip[f"{mode}_metres"],
        trip[f"{mode}_cost_yuan"] * pupils,
        trip[f"{mode}_optimistic_s"],
        trip[f"{mode}_pessimistic_s"],
    )


def crowded_sites(today: Layout, county: County) -> tuple[Note, ...]:
    """Return a note that names the schools with more pupils than seats today; a plan may leave them so, never fill them further."""
    full = today.sites.index[today.sites["pupils"] > today.sites["seats"]]
    if full.empty:
        return ()
    names = [name_place(county.schools.loc[school_id]) for school_id in full]
    zh, en = "、".join(name.zh for name in names), ", ".join(name.en for name in names)
    return (Note("crowded_sites", Words(f"学生多于学位的学校：{zh}", f"schools with more pupils than seats today: {en}"), len(full)),)


def untaught_grades(case: Case) -> tuple[Note, ...]:
    """Return a note that names the schools with grades that make up no whole band of the scenario: nobody is planned into these."""
    found = {}
    for school_id, school in case.county.schools.iterrows():
        taught = bands_taught(str(school["form"]), tuple(school["grades"]), str(school["form"]), case.scenario.bands)
        left = sorted(set(school["grades"]) - {grade for band in taught for grade in case.scenario.bands[band]})
        if left:
            name, grades = name_place(school), ", ".join(map(str, left))
            found[str(school_id)] = Words(f"{name.zh}（{grades}）", f"{name.en} ({grades})")
    if not found:
        return ()
    zh, en = "；".join(name.zh for name in found.values()), "; ".join(name.en for name in found.values())
    text = Words(
        f"这些学校的下列年级凑不成情景中的一个学段，未纳入规划（可修改 [bands]）：{zh}",
        f"schools with grades that make up no whole band of the scenario and are left out of the plan (see [bands]): {en}",
    )
    return (Note("untaught_grades", text, len(found)),)
