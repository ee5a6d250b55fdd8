"""Commute options: what each settlement's pupils could do to reach each site, by mode, and whether it meets the norms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.travel.doubt import AS_EXPECTED, ENDS, Pace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from layout_planner.norms import NormSet
    from layout_planner.scenario import Scenario, Travel
    from layout_planner.travel.model import TravelTimes
    from layout_planner.travel.rides import Riding

    Measured = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]
    Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]
    Ends = tuple[NDArray[np.float64], NDArray[np.float64]]

MODES = ("walk", "bus", "school_bus", "board")
OPTION_COLUMNS = (
    "settlement_id",
    "band",
    "school_id",
    "mode",
    "seconds",
    "optimistic_s",
    "pessimistic_s",
    "metres",
    "cost_yuan",
    "limit_s",
    "limit_m",
    "within_norms",
)


def travel_limit_s(norms: NormSet, grades: tuple[int, ...], mode: str) -> float:
    """Seconds that a trip of `grades` by `mode` may take."""
    key = "board.max_minutes_weekly" if mode == "board" else "travel.max_minutes"
    return 60 * norms.value(key, grades=grades, mode=mode)


def travel_limit_m(norms: NormSet, grades: tuple[int, ...], mode: str) -> float:
    """Metres that a trip of `grades` by `mode` may be long: the strictest hard limit on foot, `np.inf` where there is none."""
    norm = norms.find("travel.max_walk_km", grades=grades, mode=mode, severity="hard") if mode == "walk" else None
    return np.inf if norm is None else 1000 * norm.value


def child_factor(norms: NormSet, grades: tuple[int, ...], settings: Travel) -> float:
    """Walking speed of the slowest of `grades` as a share of an adult's."""
    return norms.value("speed.child_factor", grades=grades) if settings.walk.child_speed else 1.0


def may_board(norms: NormSet, grades: tuple[int, ...]) -> bool:
    """True when all of `grades` may live at school."""
    return norms.value("boarding.allowed", grades=grades) >= 1


def commute_options(
    travel: TravelTimes, schools: pd.DataFrame, taught: Mapping[str, set[str]], norms: NormSet, scenario: Scenario
) -> pd.DataFrame:
    """Return one row (OPTION_COLUMNS) a settlement, band, site and mode that has a way at all.

    taught : band -> ids of the sites that could teach it

    Options outside the norms are kept for walking only: a child who has no better way still goes somewhere, and is counted at risk.
    Of every band and mode the `travel.nearest_sites` nearest sites are kept.
    """
    parts = []
    for band, grades in scenario.bands.items():
        columns = [i for i, school_id in enumerate(travel.schools) if school_id in taught.get(band, set())]
        if not columns:
            continue
        for mode in MODES:
            if mode == "board" and not may_board(norms, grades):
                continue
            seconds, metres, cost, fits = measure_mode(mode, travel, schools, norms, scenario.travel, grades)
            kept = _nearest(np.where(np.isfinite(seconds) & (fits | (mode == "walk")), seconds, np.inf), columns, scenario)
            limits = travel_limit_s(norms, grades, mode), travel_limit_m(norms, grades, mode)
            at = (kept[:, 0], kept[:, 1])
            ends = measure_ends(mode, travel, norms, scenario.travel, grades, at)
            parts.append(_as_rows(band, mode, at, travel, (seconds, metres, cost, fits), ends, limits))
    empty = pd.DataFrame({column: pd.Series(dtype=object) for column in OPTION_COLUMNS})
    options = pd.concat(parts, ignore_index=True) if parts else empty
    return options.sort_values(["settlement_id", "band", "school_id", "mode"], ignore_index=True)


def measure_mode(
    mode: str, travel: TravelTimes, schools: pd.DataFrame, norms: NormSet, settings: Travel, grades: tuple[int, ...]
) -> Measured:
    """Return seconds, metres, yuan a pupil and year, and whether the norms are met; all (settlements, schools)."""
    limit = travel_limit_s(norms, grades, mode)
    seconds = time_trips(mode, travel, norms, settings, grades, Pace.of(norms))
    if mode == "walk":
        fits = (seconds <= limit) & (travel.walk_m <= travel_limit_m(norms, grades, mode))
        return seconds, travel.walk_m, np.zeros_like(seconds), fits
    if mode == "bus":
        fare = 2 * norms.value("cost.school_days") * norms.value("cost.public_bus_trip_yuan")
        by_road = np.where(np.isfinite(travel.ride_m), travel.ride_m, travel.walk_m)
        return seconds, by_road, np.full_like(seconds, fare), seconds <= limit
    factor = child_factor(norms, grades, settings)
    riding = ride_by(mode, travel, norms, factor)
    km_yuan = riding.ride_m / 1000 * norms.value("cost.bus_km_yuan") / norms.value("bus.stock_seats")
    if mode == "school_bus":
        near_stop = riding.stop_s / factor <= 60 * norms.value("bus.walk_to_stop_minutes")
        return seconds, riding.ride_m, 2 * norms.value("cost.school_days") * km_yuan, (seconds <= limit) & near_stop
    living = norms.value("cost.per_boarder_yuan") + norms.value("cost.boarder_allowance_yuan", grades=grades)
    canteen = schools["canteen"].reindex(travel.schools).astype(bool).to_numpy()[None, :]
    allowed = may_board(norms, grades) & canteen
    return seconds, riding.ride_m, living + 2 * norms.value("cost.boarding_weeks") * km_yuan, (seconds <= limit) & allowed


def public_s(travel: TravelTimes, factor: float, pace: Pace = AS_EXPECTED) -> NDArray[np.float64]:
    """Return seconds by public bus of one who walks at `factor` of an adult's speed; inf where there is no journey in time."""
    return np.full_like(travel.walk_s, np.inf) if travel.public is None else travel.public.seconds(factor, pace)


def time_trips(
    mode: str, travel: TravelTimes, norms: NormSet, settings: Travel, grades: tuple[int, ...], pace: Pace, at: Pairs | None = None
) -> NDArray[np.float64]:
    """Return door-to-door seconds at `pace` of all trips, shape (settlements, schools), or of the (rows, columns) `at`."""
    rows, columns = (np.arange(len(travel.settlements))[:, None], np.arange(len(travel.schools))[None, :]) if at is None else at
    factor = child_factor(norms, grades, settings)
    if mode == "walk":
        return pace.on_foot(travel.walk_s[rows, columns], travel.across_s()[rows, columns]) / factor
    if mode == "bus":
        return public_s(travel, factor, pace)[rows, columns]
    riding = ride_by(mode, travel, norms, factor)
    on_foot = pace.on_foot(riding.walk_s[rows, columns], riding.across_s[rows, columns]) / factor
    ride_s = riding.ride_s[rows, columns] * pace.ride
    return on_foot + ride_s if mode == "board" else on_foot + pace.wait_s + ride_s * norms.value("bus.detour_factor")


def ride_by(mode: str, travel: TravelTimes, norms: NormSet, factor: float) -> Riding:
    """Return the trips by `mode`, school_bus or board, of one who walks at `factor` of an adult's speed; stops within the norm go first."""
    if mode == "board":
        return travel.riding(factor)
    return travel.riding(factor, norms.value("bus.detour_factor"), 60 * norms.value("bus.walk_to_stop_minutes"))


def measure_ends(mode: str, travel: TravelTimes, norms: NormSet, settings: Travel, grades: tuple[int, ...], at: Pairs) -> Ends:
    """Return the optimistic and the pessimistic seconds of the trips `at` (rows, columns)."""
    optimistic, pessimistic = (time_trips(mode, travel, norms, settings, grades, Pace.of(norms, end), at) for end in ENDS)
    return optimistic, pessimistic


def _nearest(seconds: NDArray[np.float64], columns: list[int], scenario: Scenario) -> NDArray[np.int64]:
    """Return (row, column) pairs of the nearest `columns` of every row; unreachable ones are left out."""
    part = seconds[:, columns]
    keep = min(scenario.travel.nearest_sites, part.shape[1])
    order = np.argsort(part, axis=1, kind="stable")[:, :keep]
    rows = np.repeat(np.arange(len(part)), keep)
    chosen = np.column_stack([rows, np.asarray(columns)[order.ravel()]])
    return chosen[np.isfinite(seconds[chosen[:, 0], chosen[:, 1]])]


def _as_rows(
    band: str,
    mode: str,
    at: Pairs,
    travel: TravelTimes,
    measured: Measured,
    ends: Ends,
    limits: tuple[float, float],
) -> pd.DataFrame:
    rows, columns = at
    seconds, metres, cost, fits = (array[rows, columns] for array in measured)
    return pd.DataFrame(
        {
            "settlement_id": travel.settlements.to_numpy()[rows],
            "band": band,
            "school_id": travel.schools.to_numpy()[columns],
            "mode": mode,
            "seconds": seconds,
            "optimistic_s": ends[0],
            "pessimistic_s": ends[1],
            "metres": metres,
            "cost_yuan": cost,
            "limit_s": limits[0],
            "limit_m": limits[1],
            "within_norms": fits,
        }
    )
