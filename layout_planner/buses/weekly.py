"""The boarders' week: home on Fridays, back on Sundays, and who of them is under ten."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from layout_planner.results import BOARDER_COLUMNS, TO_SCHOOL

if TYPE_CHECKING:
    import geopandas as gpd

    from layout_planner.plan.case import Case
    from layout_planner.results import BusPlan

FIRST_AGE = 6  # of grade 1
TEN = 10
SHOWN = 2
LETTERS = {"A": "S", "P": "F"}


def add_weekly(case: Case, daily: BusPlan, weekly: BusPlan) -> BusPlan:
    """Return the `daily` plan with the runs, stops and riders of boarders, whose runs are named by their day."""
    return replace(
        daily,
        boarder_trips=tell_weekly(case, weekly),
        boarder_stops=weekly.stops.assign(route_id=weekly.stops["route_id"].map(_name_trip)),
        boarder_riders=weekly.riders.assign(route_id=weekly.riders["route_id"].map(_name_trip)),
    )


def _name_trip(route_id: str) -> str:
    """Return the id of a run at the weekend: S on Sunday, F on Friday, where a run of a school day has A and P."""
    site, _, number = route_id.rpartition("-")
    return f"{site}-{LETTERS[number[0]]}{number[1:]}" if route_id else ""


def tell_weekly(case: Case, plan: BusPlan) -> gpd.GeoDataFrame:
    """Return the runs of boarders: BOARDER_COLUMNS.

    Pupils under ten are those of the grades that a child enters before that age, taken as even shares of their band. They never ride alone:
    an attendant is on every bus, and `met_at_stop` counts the stops at which nobody older gets off with them.
    """
    young = {band: sum(grade + FIRST_AGE - 1 < TEN for grade in grades) / len(grades) for band, grades in case.scenario.bands.items()}
    riders = plan.riders[plan.riders["route_id"] != ""]
    under = (riders["pupils"] * riders["band"].map(young)).groupby(riders["route_id"]).sum()
    eldest = riders["band"].map(young).groupby([riders["route_id"], riders["stop_id"]]).min()
    alone = (eldest == 1).groupby("route_id").sum()
    routes, stops = plan.routes, plan.stops
    ends = stops.sort_values("stop_no").groupby("route_id")["name"].agg(["first", "last"])
    inward = routes["direction"] == TO_SCHOOL
    outer = [ends.at[name, "first" if way else "last"] for name, way in zip(routes["route_id"], inward, strict=True)]
    yearly_km = case.norms.value("cost.boarding_weeks") * case.norms.value("cost.bus_km_yuan")
    table = routes.assign(
        trip_id=routes["route_id"].map(_name_trip),
        day=["sunday" if way else "friday" for way in inward],
        under_10=under.reindex(routes["route_id"]).fillna(0).round().astype(int).to_numpy(),
        met_at_stop=alone.reindex(routes["route_id"]).fillna(0).astype(int).to_numpy(),
        outer_stop=outer,
        cost_yuan=(routes[["ride_km", "empty_km", "home_km"]].sum(axis=1) * yearly_km).round(SHOWN),
    )
    return table[list(BOARDER_COLUMNS)]
