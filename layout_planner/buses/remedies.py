"""What the routes cost beside what the layout counted, school by school, and where a public line would do for the same money."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.results import LINE_COLUMNS, SITE_COST_COLUMNS, TO_SCHOOL

if TYPE_CHECKING:
    from layout_planner.plan.case import Case
    from layout_planner.plan.layout import Layout
    from layout_planner.results import BusPlan

MINUTES = 60
YEAR_DAYS = 365
SHOWN = 2


def price_sites(case: Case, layout: Layout, plan: BusPlan) -> pd.DataFrame:
    """Return SITE_COST_COLUMNS of every school with riders: buses and yuan as the layout counts them, and as the routes need them."""
    rides = layout.assignment[layout.assignment["mode"] == "school_bus"]
    runs = plan.routes.groupby("bus_id")["route_id"].transform("size")
    need = (1 / runs).groupby(plan.routes["site_id"]).sum()
    real = plan.routes.groupby("site_id")["cost_yuan"].sum()
    pupils = rides.groupby("school_id")["pupils"].sum()
    boards = layout.assignment[layout.assignment["mode"] == "board"]
    a_boarder = boards["cost_yuan"].sum() / boards["pupils"].sum() if boards["pupils"].sum() else np.nan
    counted, by_seat = layout.sites["buses"].reindex(pupils.index), rides.groupby("school_id")["cost_yuan"].sum()
    table = pd.DataFrame(
        {
            "site_id": pupils.index.astype(str),
            "riders": pupils.to_numpy(dtype=int),
            "buses_counted": counted.to_numpy(dtype=int),
            "buses_needed": need.reindex(pupils.index).fillna(0).round(SHOWN).to_numpy(),
            "yuan_counted": (by_seat + counted * case.norms.value("cost.bus_yuan")).round(SHOWN).to_numpy(),
            "yuan_real": real.reindex(pupils.index).fillna(0).round(SHOWN).to_numpy(),
        }
    )
    table["yuan_real_a_rider"] = (table["yuan_real"] / table["riders"]).round(SHOWN)
    table["yuan_a_boarder"] = round(float(a_boarder), SHOWN)
    return table[list(SITE_COST_COLUMNS)].sort_values("site_id", ignore_index=True)


def propose_lines(case: Case, plan: BusPlan) -> pd.DataFrame:
    """Return LINE_COLUMNS of the runs whose yearly money, there and back, would pay a public line on the same way all year.

    `round_trips` is how many a day that money pays at `line.km_yuan`; a run is proposed from `line.least_round_trips` on, two of which
    keep the hours of school. The stops and the minutes on board stay those of the run.
    """
    norms = case.norms
    out, back = (plan.routes[plan.routes["direction"].eq(TO_SCHOOL) == inward] for inward in (True, False))
    home = back.groupby("site_id")["cost_yuan"].sum() / back.groupby("site_id")["riders"].sum()
    there = out["cost_yuan"] + out["riders"] * home.reindex(out["site_id"]).fillna(0).to_numpy()
    yearly = 2 * out["ride_km"] * YEAR_DAYS * norms.value("line.km_yuan")
    trips = np.floor(there / yearly.clip(lower=1e-9))
    names = plan.stops.sort_values("stop_no").groupby("route_id")["name"].agg(" – ".join)
    school = case.county.schools["name"].reindex(out["site_id"]).to_numpy()
    table = pd.DataFrame(
        {
            "route_id": out["route_id"],
            "site_id": out["site_id"],
            "riders": out["riders"],
            "stops": [f"{names.get(route, '')} – {name}" for route, name in zip(out["route_id"], school, strict=True)],
            "line_km": out["ride_km"],
            "school_bus_yuan": there.round(SHOWN),
            "round_trips": trips.astype(int),
            "headway_minutes": (MINUTES * norms.value("line.day_hours") / trips.clip(lower=1)).round().astype(int),
            "line_yuan": (trips * yearly).round(SHOWN),
        }
    )
    kept = table[table["round_trips"] >= norms.value("line.least_round_trips")]
    return kept[list(LINE_COLUMNS)].sort_values(["round_trips", "route_id"], ascending=[False, True], ignore_index=True)
