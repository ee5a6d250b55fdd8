"""What routes teach the layout: how many pupils a bus of each school really carries, and how far plan and routes are apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layout_planner.county.model import Note
from layout_planner.words import Words

if TYPE_CHECKING:
    from layout_planner.plan.layout import Layout
    from layout_planner.results import BusPlan

EVERYWHERE = ""  # key of the schools that had no riders yet
LEAST = 1.0


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


def agree(layout: Layout, plan: BusPlan) -> bool:
    """True when the routes need no more buses than the layout counts on."""
    return plan.buses <= int(layout.sites["buses"].sum())


def note_round(number: int, layout: Layout, plan: BusPlan) -> Note:
    """Return what one round of layout and routes came to."""
    counted = int(layout.sites["buses"].sum())
    riders = int(layout.assignment.loc[layout.assignment["mode"] == "school_bus", "pupils"].sum())
    yuan = layout.sites["cost_yuan"].sum() + layout.assignment["cost_yuan"].sum()
    text = Words(
        f"布局与校车第{number}轮：{riders}人乘校车，布局计{counted}辆，线路需要{plan.buses}辆；布局年成本{yuan / 10_000:.0f}万元",
        f"layout and buses, round {number}: {riders} riders, {counted} buses counted, {plan.buses} needed by the routes; "
        f"the layout costs {yuan:,.0f} yuan a year",
    )
    return Note("buses.round", text, plan.buses - counted)
