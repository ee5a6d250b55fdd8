"""Who is at risk under a layout: pupils whose commute breaks a norm, or who have none, with the cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.results import RISK_COLUMNS
from layout_planner.travel.options import may_board, travel_limit_s
from layout_planner.words import Words

if TYPE_CHECKING:
    from layout_planner.county.model import County
    from layout_planner.norms import NormSet
    from layout_planner.plan.layout import Layout
    from layout_planner.scenario import Scenario
    from layout_planner.travel.model import TravelTimes

CAUSES = {
    "off_network": Words("不在路网上", "off the road network"),
    "no_route": Words("无路可达", "no way to any school of the band"),
    "too_far_walk": Words("步行时间过长", "too long on foot"),
    "too_far_ride": Words("乘车时间过长", "too long by bus"),
    "boarding_too_young": Words("低龄寄宿", "boarding too young"),
    "boarding_too_far": Words("周末往返时间过长", "weekly journey too long"),
    "no_place": Words("没有学位或床位", "no seat or bed"),
}


def trip_limits(assignment: pd.DataFrame, norms: NormSet, scenario: Scenario) -> pd.Series:
    """Return the limit in seconds of every row; `np.inf` where the pupil has no trip."""
    limits = {
        (band, mode): travel_limit_s(norms, grades, mode)
        for band, grades in scenario.bands.items()
        for mode in ("walk", "school_bus", "board")
    }
    keys = zip(assignment["band"], assignment["mode"], strict=True)
    return pd.Series([limits.get(key, np.inf) for key in keys], index=assignment.index, dtype=float)


def trip_causes(layout: Layout, travel: TravelTimes, norms: NormSet, scenario: Scenario) -> pd.Series:
    """Return the cause of risk of every row of the assignment; "" where the norms are met."""
    assignment = layout.assignment
    limits = trip_limits(assignment, norms, scenario)
    off_network = pd.Series(travel.off_network, index=travel.settlements)
    reachable = _reachable_by_band(layout, travel, scenario)
    rows = zip(assignment["settlement_id"], assignment["band"], assignment["mode"], assignment["seconds"] <= limits, strict=True)
    causes = []
    for settlement_id, band, mode, in_time in rows:
        if mode == "unserved":
            cause = "off_network" if off_network[settlement_id] else "no_place" if settlement_id in reachable[band] else "no_route"
        elif mode == "board":
            young = not may_board(norms, scenario.bands[band])
            cause = "boarding_too_young" if young else "" if in_time else "boarding_too_far"
        else:
            cause = "" if in_time else "too_far_walk" if mode == "walk" else "too_far_ride"
        causes.append(cause)
    return pd.Series(causes, index=assignment.index, dtype=object)


def _reachable_by_band(layout: Layout, travel: TravelTimes, scenario: Scenario) -> dict[str, set[str]]:
    """Return, for every band, the settlements with some way to some site that teaches it."""
    way = np.isfinite(np.minimum(travel.walk_s, travel.ride_s))
    bands = layout.sites["bands"].reindex(travel.schools).str.split(",")
    teaching = {band: np.array([band in taught for taught in bands]) for band in scenario.bands}
    return {band: set(travel.settlements[np.flatnonzero(way[:, taught].any(axis=1))]) for band, taught in teaching.items()}


def assess_risk(layout: Layout, county: County, travel: TravelTimes, norms: NormSet, scenario: Scenario) -> pd.DataFrame:
    """Return one row (RISK_COLUMNS) for every part of a settlement's band that is at risk, the worst first."""
    table = layout.assignment.copy()
    table["limit_s"] = trip_limits(table, norms, scenario)
    table["cause"] = trip_causes(layout, travel, norms, scenario)
    table = table[table["cause"] != ""].copy()
    table["over_s"] = np.where(np.isfinite(table["limit_s"]), np.maximum(table["seconds"] - table["limit_s"], 0.0), np.inf)
    table["name"] = county.settlements["name"].reindex(table["settlement_id"]).to_numpy()
    township = county.settlements.get("township", pd.Series("", index=county.settlements.index))
    table["township"] = township.reindex(table["settlement_id"]).to_numpy()
    order = ["over_s", "settlement_id", "band", "mode"]
    return table.sort_values(order, ascending=[False, True, True, True], ignore_index=True)[list(RISK_COLUMNS)]
