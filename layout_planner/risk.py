"""Who is at risk under a layout: pupils whose commute breaks a norm, or who have none, with the cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.results import RISK_COLUMNS
from layout_planner.travel.options import MODES, child_factor, may_board, public_s, travel_limit_m, travel_limit_s
from layout_planner.words import Words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layout_planner.county.model import County
    from layout_planner.norms import NormSet
    from layout_planner.plan.layout import Layout
    from layout_planner.scenario import Scenario
    from layout_planner.travel.model import TravelTimes

KEY = ["settlement_id", "band", "school_id", "mode"]
CAUSES = {
    "off_network": Words("不在路网上", "off the road network"),
    "no_route": Words("无路可达", "no way to any school of the band"),
    "too_far_walk": Words("步行时间过长", "too long on foot"),
    "steep_climb": Words("坡陡，步行时间过长", "too long on foot because of the climb"),
    "no_bed": Words("路远而没有空床位", "too far, and no bed free"),
    "too_far_walk_km": Words("步行距离过远", "too many kilometres on foot"),
    "too_far_ride": Words("乘车时间过长", "too long by bus"),
    "boarding_too_young": Words("低龄寄宿", "boarding too young"),
    "boarding_too_far": Words("周末往返时间过长", "weekly journey too long"),
    "no_place": Words("没有学位", "no seat free"),
    "cut_off": Words("坏天气断路", "cut off on bad days"),
}


def trip_limits(assignment: pd.DataFrame, norms: NormSet, scenario: Scenario) -> pd.Series:
    """Return the limit in seconds of every row; `np.inf` where the pupil has no trip."""
    limits = {(band, mode): travel_limit_s(norms, grades, mode) for band, grades in scenario.bands.items() for mode in MODES}
    keys = zip(assignment["band"], assignment["mode"], strict=True)
    return pd.Series([limits.get(key, np.inf) for key in keys], index=assignment.index, dtype=float)


def trip_limits_m(assignment: pd.DataFrame, norms: NormSet, scenario: Scenario) -> pd.Series:
    """Return the limit in metres of every row; `np.inf` where the norms set none."""
    limits = {band: travel_limit_m(norms, grades, "walk") for band, grades in scenario.bands.items()}
    keys = zip(assignment["band"], assignment["mode"], strict=True)
    return pd.Series([limits[band] if mode == "walk" else np.inf for band, mode in keys], index=assignment.index, dtype=float)


def trip_causes(layout: Layout, travel: TravelTimes, norms: NormSet, scenario: Scenario) -> pd.Series:
    """Return the cause of risk of every row of the assignment; "" where the norms are met.

    A walk that is too long is `no_bed` where the pupil may board and the school's beds are all taken, else `steep_climb` where the same
    way on flat ground would be within the limit, else `too_far_walk`; a walk beyond a distance that binds is `too_far_walk_km`, unless it
    is `no_bed`. Pupils without a trip are `no_bed` where a school within a week's journey has seats but no bed, else `no_place`.
    """
    assignment = layout.assignment
    limits = trip_limits(assignment, norms, scenario)
    ways = {band: _Ways(band, layout, travel, norms, scenario) for band in scenario.bands}
    rows = zip(
        assignment["settlement_id"], assignment["band"], assignment["school_id"], assignment["mode"], assignment["seconds"] <= limits,
        strict=True,
    )  # fmt: skip
    causes = []
    for settlement_id, band, school_id, mode, in_time in rows:
        if mode == "unserved":
            cause = ways[band].why_unserved(settlement_id)
        elif mode == "board":
            cause = "" if in_time else "boarding_too_far"
            cause = cause if ways[band].may_board else "boarding_too_young"
        elif in_time:
            cause = ""
        else:
            cause = ways[band].why_long_walk(settlement_id, school_id) if mode == "walk" else "too_far_ride"
        causes.append(cause)
    found = pd.Series(causes, index=assignment.index, dtype=object)
    beyond = ~(assignment["metres"] <= trip_limits_m(assignment, norms, scenario)) & (assignment["mode"] == "walk")
    return found.mask(beyond & found.isin(["", "too_far_walk", "steep_climb"]), "too_far_walk_km")


def keep_norms(assignment: pd.DataFrame, norms: NormSet, scenario: Scenario) -> NDArray[np.bool_]:
    """Return which rows have no cause in `trip_causes`, without looking for the causes of the others."""
    stays = {band for band, grades in scenario.bands.items() if may_board(norms, grades)}
    modes = assignment["mode"]
    fits = (modes != "unserved") & (assignment["seconds"] <= trip_limits(assignment, norms, scenario))
    fits &= (modes != "board") | assignment["band"].isin(stays)
    fits &= (modes != "walk") | (assignment["metres"] <= trip_limits_m(assignment, norms, scenario))
    return fits.to_numpy(dtype=bool)


def count_doubtful(layout: Layout, risk: pd.DataFrame, norms: NormSet, scenario: Scenario) -> int:
    """Return the pupils who are not at risk as expected, but whose trip is over its time limit on a slow day."""
    trips = layout.assignment
    at_risk = pd.MultiIndex.from_frame(trips[KEY]).isin(pd.MultiIndex.from_frame(risk[KEY]))
    slow = ~(trips["pessimistic_s"] <= trip_limits(trips, norms, scenario))
    return int(trips.loc[slow & ~at_risk, "pupils"].sum())


class _Ways:
    """What the pupils of one band could do under a layout; arrays are (settlements, schools)."""

    def __init__(self, band: str, layout: Layout, travel: TravelTimes, norms: NormSet, scenario: Scenario) -> None:
        grades, sites = scenario.bands[band], layout.sites.reindex(travel.schools)
        factor = child_factor(norms, grades, scenario.travel)
        beds = (sites["beds"] + sites["new_beds"]).to_numpy()
        teaching = sites["bands"].str.split(",").map(lambda taught: band in taught).to_numpy(dtype=bool)
        boarding = travel.riding(factor)
        weekly = boarding.walk_s / factor + boarding.ride_s <= travel_limit_s(norms, grades, "board")
        full = sites["boarders"].to_numpy() >= beds
        self.may_board = may_board(norms, grades)
        self._off = travel.off_network
        self._home = {str(settlement_id): row for row, settlement_id in enumerate(travel.settlements)}
        self._school = {str(school_id): column for column, school_id in enumerate(travel.schools)}
        way = np.minimum(np.minimum(travel.walk_s, travel.ride_s), public_s(travel, factor))
        self._reached = (np.isfinite(way) & teaching).any(axis=1)
        self._beds_taken = weekly & full & (beds > 0) & self.may_board
        self._lacks_only_bed = (weekly & full & teaching & (sites["pupils"] < sites["seats"]).to_numpy()).any(axis=1) & self.may_board
        self._flat_in_time = _flat_walk_s(travel, norms) / factor <= travel_limit_s(norms, grades, "walk")

    def why_unserved(self, settlement_id: str) -> str:
        row = self._home[settlement_id]
        if self._off[row]:
            return "off_network"
        if not self._reached[row]:
            return "no_route"
        return "no_bed" if self._lacks_only_bed[row] else "no_place"

    def why_long_walk(self, settlement_id: str, school_id: str) -> str:
        at = self._home[settlement_id], self._school[school_id]
        if self._beds_taken[at]:
            return "no_bed"
        return "steep_climb" if self._flat_in_time[at] else "too_far_walk"


def _flat_walk_s(travel: TravelTimes, norms: NormSet) -> NDArray[np.float64]:
    """Return the seconds that an adult would take for every walk if the county were flat and had no steps."""
    flat_m_s = norms.value("speed.walk_kmh") / 3.6
    straight_m = travel.across_m()
    return np.asarray((travel.walk_m - straight_m + straight_m / norms.value("speed.off_road_factor")) / flat_m_s)


def assess_risk(layout: Layout, county: County, travel: TravelTimes, norms: NormSet, scenario: Scenario) -> pd.DataFrame:
    """Return one row (RISK_COLUMNS) for every part of a settlement's band that is at risk, the worst first.

    `over_s` is the time over the limit, or the time that the metres over the limit take on foot, whichever is more.
    """
    table = layout.assignment.copy()
    table["limit_s"] = trip_limits(table, norms, scenario)
    table["cause"] = trip_causes(layout, travel, norms, scenario)
    table = table[table["cause"] != ""].copy()
    table["over_s"] = np.inf
    timed = np.isfinite(table["limit_s"])
    table.loc[timed, "over_s"] = _time_over(table[timed], trip_limits_m(table[timed], norms, scenario))
    table["guessed_share"] = travel.guessed_shares(table).round(3)
    table["name"] = county.settlements["name"].reindex(table["settlement_id"]).to_numpy()
    township = county.settlements.get("township", pd.Series("", index=county.settlements.index))
    table["township"] = township.reindex(table["settlement_id"]).to_numpy()
    order = ["over_s", "settlement_id", "band", "mode"]
    return table.sort_values(order, ascending=[False, True, True, True], ignore_index=True)[list(RISK_COLUMNS)]


def _time_over(trips: pd.DataFrame, limits_m: pd.Series) -> NDArray[np.float64]:
    """Return the seconds by which trips are over their limits of time and metres, whichever is more."""
    seconds, metres, most_m = (np.asarray(part, dtype=float) for part in (trips["seconds"], trips["metres"], limits_m))
    late_s = np.maximum(seconds - trips["limit_s"].to_numpy(dtype=float), 0.0)
    beyond_s = seconds * (1 - np.divide(most_m, metres, out=np.ones(len(trips)), where=metres > most_m))
    return np.asarray(np.maximum(late_s, beyond_s))
