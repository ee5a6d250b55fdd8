"""What routes teach the layout: what a bus really carries, what a ride really costs, and for whom no bus should be run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from layout_planner.county.model import Note
from layout_planner.results import TO_SCHOOL
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from layout_planner.norms import NormSet
    from layout_planner.plan.layout import Layout
    from layout_planner.results import BusPlan

EVERYWHERE = ""  # key of the schools that had no riders yet
LEAST = 1.0
NEAR_SHARE = 0.05  # plan and routes agree where their yearly cost of buses is this near
SHOWN = 2
KEY = ["settlement_id", "band", "school_id"]


def carried_per_bus(plan: BusPlan) -> dict[str, float]:
    """Return pupils that a bus of every school carries by its routes; under EVERYWHERE the mean of all."""
    costs = plan.site_costs
    if costs is None or costs.empty:
        return {}
    needed = costs[costs["buses_needed"] > 0]
    if needed.empty:
        return {}
    mean = float(needed["riders"].sum() / needed["buses_needed"].sum())
    each = {str(row["site_id"]): max(LEAST, float(row["riders"] / row["buses_needed"])) for row in needed.to_dict("records")}
    return {EVERYWHERE: max(LEAST, mean), **each}


def price_factors(layout: Layout, plan: BusPlan, norms: NormSet) -> dict[str, float]:
    """Return by what the yearly kilometres of a rider cost more on the routes than `layout` counts, by school; under EVERYWHERE of all.

    layout : priced as the norm set does, not by factors of an earlier round.
    """
    rides = layout.assignment[layout.assignment["mode"] == "school_bus"]
    counted = rides.groupby("school_id")["cost_yuan"].sum()
    km = plan.routes[["ride_km", "empty_km", "home_km"]].sum(axis=1).groupby(plan.routes["site_id"]).sum()
    driven = km * norms.value("cost.school_days") * norms.value("cost.bus_km_yuan")
    known = [site for site in counted.index if counted[site] > 0 and driven.get(site, 0) > 0]
    if not known:
        return {}
    each = {str(site): float(driven[site] / counted[site]) for site in known}
    return {EVERYWHERE: float(driven[known].sum() / counted[known].sum()), **each}


def reprice(table: pd.DataFrame, factors: Mapping[str, float], *, back: bool = False) -> pd.DataFrame:
    """Return trips or options with the cost of school buses multiplied by the factor of their school, or divided by it."""
    factor = table["school_id"].map(lambda site: factors.get(site, factors.get(EVERYWHERE, 1.0))).astype(float)
    factor = factor.where(table["mode"] == "school_bus", 1.0)
    return table.assign(cost_yuan=table["cost_yuan"] / factor if back else table["cost_yuan"] * factor)


def reprice_layout(layout: Layout, factors: Mapping[str, float], *, back: bool = False) -> Layout:
    """Return the layout with its trips repriced."""
    return replace(layout, assignment=reprice(layout.assignment, factors, back=back))


def unwise_rides(plan: BusPlan) -> set[tuple[str, str, str]]:
    """Return (settlement, band, school) of rides that are too long on the routes, or of runs with too few riders."""
    few = set(plan.routes.loc[plan.routes["few_riders"], "route_id"])
    riders = plan.riders[plan.riders["direction"] == TO_SCHOOL]
    late = ~(riders["trip_minutes"] <= riders["limit_minutes"])
    rows = riders[late | riders["route_id"].isin(few)]
    return set(zip(rows["settlement_id"], rows["band"], rows["site_id"], strict=True))


def leave_out(options: pd.DataFrame, rides: set[tuple[str, str, str]]) -> pd.DataFrame:
    """Return `options` without the school buses `rides`, but for whoever has no other option within the norms."""
    bus = options["mode"] == "school_bus"
    named = bus & pd.MultiIndex.from_frame(options[KEY]).isin(rides)
    group = [options["settlement_id"], options["band"]]
    other = (options["within_norms"].astype(bool) & ~named).groupby(group).transform("any")
    return options[~(named & other)].reset_index(drop=True)


def agree(layout: Layout, plan: BusPlan, norms: NormSet) -> bool:
    """True when the routes need no more buses than the layout counts on, and cost about what it counts."""
    row = sum_round(0, layout, plan, norms)
    return bool(row["buses_needed"] <= row["buses_counted"] and abs(row["gap_share"]) <= NEAR_SHARE)


def sum_round(number: int, layout: Layout, plan: BusPlan, norms: NormSet) -> dict[str, float]:
    """Return BUS_ROUND_COLUMNS of one round but for `kept`; `layout` as it was priced in that round."""
    rides = layout.assignment[layout.assignment["mode"] == "school_bus"]
    there = plan.riders[plan.riders["direction"] == TO_SCHOOL]
    few = plan.routes[(plan.routes["direction"] == TO_SCHOOL) & plan.routes["few_riders"]]
    buses = int(layout.sites["buses"].sum())
    counted = float(rides["cost_yuan"].sum()) + buses * norms.value("cost.bus_yuan")
    real = float(plan.routes["cost_yuan"].sum())
    return {
        "round": number,
        "riders": int(rides["pupils"].sum()),
        "buses_counted": buses,
        "buses_needed": plan.buses,
        "yuan_counted": round(counted, SHOWN),
        "yuan_real": round(real, SHOWN),
        "gap_share": round((real - counted) / max(1.0, real), 4),
        "pupils_in_few": int(few["riders"].sum()),
        "pupils_late": int(there.loc[~(there["trip_minutes"] <= there["limit_minutes"]), "pupils"].sum()),
        "layout_yuan": round(float(layout.sites["cost_yuan"].sum() + layout.assignment["cost_yuan"].sum()), SHOWN),
    }


def note_round(row: Mapping[str, float]) -> Note:
    """Return what one round of layout and routes came to."""
    kept = Words("；采用", "; this round is kept") if row["kept"] else Words("", "")
    number, riders, counted, needed = (int(row[name]) for name in ("round", "riders", "buses_counted", "buses_needed"))
    text = Words(
        f"布局与校车第{number}轮：{riders}人乘校车，布局计{counted}辆、{row['yuan_counted'] / 10_000:.0f}万元，"
        f"线路需要{needed}辆、{row['yuan_real'] / 10_000:.0f}万元；布局年成本{row['layout_yuan'] / 10_000:.0f}万元{kept.zh}",
        f"layout and buses, round {number}: {riders} riders; {counted} buses and {row['yuan_counted']:,.0f} yuan counted, {needed} and "
        f"{row['yuan_real']:,.0f} needed by the routes; the layout costs {row['layout_yuan']:,.0f} yuan a year{kept.en}",
    )
    return Note("buses.round", text, needed - counted)


def note_no_round(number: int, why: Words) -> Note:
    """Return that with what the routes showed there is no layout, and why."""
    text = Words(
        f"布局与校车第{number}轮：按线路的实际载客和费用没有方案（{why.zh}）；采用此前的一轮",
        f"layout and buses, round {number}: no plan with what buses carry and cost on the routes ({why.en}); an earlier round is kept",
    )
    return Note("buses.no_round", text)
