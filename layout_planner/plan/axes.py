"""The axes of a frontier: what a layout measures on each, and whether it is within a bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layout_planner.plan.forms import CLOSED
from layout_planner.plan.goals import DAILY
from layout_planner.plan.linear import PUPIL_SLACK

if TYPE_CHECKING:
    from layout_planner.plan.layout import Layout

AXES = ("minutes", "kept", "beds", "yuan")  # the earlier one of a pair is bounded
MORE_IS_BETTER = {"kept"}


def measure_axis(layout: Layout, axis: str) -> float:
    """Return the figure of a layout on an axis."""
    if axis == "kept":
        return float((layout.sites["form"] != CLOSED).sum())
    if axis == "beds":
        return float(layout.sites["new_beds"].sum())
    if axis == "yuan":
        return float(layout.sites["cost_yuan"].sum() + layout.assignment["cost_yuan"].sum())
    daily = layout.assignment[layout.assignment["mode"].isin(DAILY)]
    return float(daily["seconds"].max() / 60) if len(daily) else 0.0


def is_within(layout: Layout, axis: str, bound: float) -> bool:
    """Return True where a layout is no worse than `bound` on an axis."""
    sign = -1.0 if axis in MORE_IS_BETTER else 1.0
    return sign * measure_axis(layout, axis) <= sign * bound + PUPIL_SLACK
