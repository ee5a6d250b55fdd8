"""Runs with fewer riders than a line needs: others take them along where limits allow; else it is told who has another way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.buses.home import ride_seconds
from layout_planner.buses.model import Run, run_seconds
from layout_planner.results import FEW_COLUMNS, TO_SCHOOL
from layout_planner.travel.options import measure_mode, travel_limit_s

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from layout_planner.buses.model import Bell
    from layout_planner.plan.case import Case
    from layout_planner.plan.layout import Layout
    from layout_planner.results import BusPlan

    Floats = NDArray[np.float64]

SECONDS = 60
SHOWN = 2
OTHER_MODES = ("walk", "bus", "board")


def merge_few(bell: Bell, runs: Sequence[Run], sizes: Sequence[int], least: float) -> list[Run]:
    """Return the runs, those of fewer than `least` riders shared out among the others wherever seats and rides allow.

    A party may board at another of its stops then. The smallest runs go first; a run goes whole or not at all.

    sizes : seats of the kinds of buses; a run that takes others along may need a larger one.
    """
    kept = list(runs)
    for run in sorted(runs, key=lambda run: (_riders(bell, run.choices), run.choices)):
        if run in kept and _riders(bell, run.choices) < least:
            kept = _share_out(bell, run, [other for other in kept if other is not run], sizes) or kept
    return kept


def _share_out(bell: Bell, run: Run, others: list[Run], sizes: Sequence[int]) -> list[Run] | None:
    """Return `others` with all riders of `run` among them, None where they do not fit."""
    taken = list(others)
    for choice in run.choices:
        same = np.flatnonzero(bell.party == bell.party[choice]).tolist()
        offers = [
            (run_seconds(bell, longer) - run_seconds(bell, other), at, longer)
            for at, other in enumerate(taken)
            for longer in _insertions(bell, other, same, sizes)
        ]
        if not offers:
            return None
        _, at, longer = min(offers, key=lambda offer: (offer[0], offer[1], offer[2].choices))
        taken[at] = longer
    return taken


def _insertions(bell: Bell, run: Run, choices: Sequence[int], sizes: Sequence[int]) -> list[Run]:
    """Return the run with one of `choices` at each of its places, where seats and everybody's ride allow."""
    found = []
    for choice in choices:
        riders = _riders(bell, (*run.choices, choice))
        seats = next((size for size in sorted({run.seats, *sizes}) if size >= max(riders, run.seats)), 0)
        for place in range(len(run.choices) + 1):
            longer = Run((*run.choices[:place], choice, *run.choices[place:]), seats)
            if seats and keeps_limits(bell, longer):
                found.append(longer)
    return found


def keeps_limits(bell: Bell, run: Run) -> bool:
    """Return whether no ride of the run is longer than its limit."""
    limits = [bell.arrive_s - float(bell.earliest_s[choice] + bell.board_s[choice]) for choice in run.choices]
    return all(ride <= limit for ride, limit in zip(ride_seconds(bell, run), limits, strict=True))


def _riders(bell: Bell, choices: Sequence[int]) -> int:
    return int(bell.pupils[list(choices)].sum())


def tell_few(case: Case, layout: Layout, plan: BusPlan) -> pd.DataFrame:
    """Return FEW_COLUMNS: who rides in morning runs under the least number of riders, and the quickest other way each has.

    Another way leads to the same school within the norms: on foot, by public bus, or a bed that is free there.
    """
    least = case.norms.value("bus.min_riders")
    few = plan.routes[(plan.routes["direction"] == TO_SCHOOL) & plan.routes["few_riders"]].set_index("route_id")
    there = plan.riders[plan.riders["route_id"].isin(few.index)].sort_values(["route_id", "settlement_id", "band"])
    others = _OtherWays(case, layout, set(there["band"]))
    rows = []
    for route, site, home, band, pupils in there[["route_id", "site_id", "settlement_id", "band", "pupils"]].itertuples(index=False):
        mode, minutes, limit = others.find(home, band, site, int(pupils))
        rows.append((route, site, int(few.at[route, "riders"]), least, home, band, int(pupils), mode, round(minutes, SHOWN), limit))
    return pd.DataFrame(rows, columns=list(FEW_COLUMNS))


class _OtherWays:
    """Ways to school within the norms without a school bus; beds that are given are gone."""

    def __init__(self, case: Case, layout: Layout, bands: set[str]) -> None:
        self.case = case
        sites = layout.sites
        self.free = (sites["beds"] + sites["new_beds"] - sites["boarders"]).to_dict()
        self.limits = {(mode, band): self._limit_minutes(mode, band) for mode in OTHER_MODES for band in bands}
        self.seconds = {(mode, band): self._measure(mode, band) for mode in OTHER_MODES for band in bands}

    def _limit_minutes(self, mode: str, band: str) -> float:
        return travel_limit_s(self.case.norms, self.case.scenario.bands[band], mode) / SECONDS

    def _measure(self, mode: str, band: str) -> Floats:
        case = self.case
        measured = measure_mode(mode, case.travel, case.county.schools, case.norms, case.scenario.travel, case.scenario.bands[band])
        return np.where(measured[3], measured[0], np.inf)

    def find(self, home: str, band: str, site: str, pupils: int) -> tuple[str, float, float]:
        """Return mode, minutes and limit of the quickest other way, "" and infinities without one."""
        travel = self.case.travel
        at = travel.settlements.get_loc(home), travel.schools.get_loc(site)
        beds = self.free.get(site, 0) >= pupils
        ways = [(float(self.seconds[mode, band][at]), mode) for mode in OTHER_MODES if mode != "board" or beds]
        seconds, mode = min(ways)
        if not np.isfinite(seconds):
            return "", np.inf, np.inf
        if mode == "board":
            self.free[site] -= pupils
        return mode, seconds / SECONDS, self.limits[mode, band]
