"""Which commute options the optimiser may use for whom."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.plan.forms import sites_by_band
from layout_planner.plan.hard_days import mark_hard_days
from layout_planner.plan.public_seats import mark_stretches
from layout_planner.plan.worlds import join_worlds, measure_again
from layout_planner.risk import keep_norms, trip_limits, trip_limits_m
from layout_planner.travel.options import OPTION_COLUMNS, commute_options

if TYPE_CHECKING:
    from layout_planner.plan.case import Case
    from layout_planner.plan.forms import Site
    from layout_planner.plan.layout import Layout

KEY = ["settlement_id", "band", "school_id", "mode"]
GROUP = ["settlement_id", "band"]


@dataclass(frozen=True)
class Baseline:
    """How the pupils of every (settlement, band) fare today: how many are at risk, the longest trip, the schools attended.

    cut_off : (settlement, band, bad day) -> pupils without a way on that day
    """

    at_risk: dict[tuple[str, str], int]
    worst_s: dict[tuple[str, str], float]
    attends: dict[tuple[str, str], set[str]]
    cut_off: Counter[tuple[str, str, str]]


def baseline_of(case: Case, today: Layout) -> Baseline:
    """Return how every (settlement, band) fares under `today`."""
    trips = mark_hard_days(case, judge_trips(case, today))
    at_risk: dict[tuple[str, str], int] = {}
    worst: dict[tuple[str, str], float] = {}
    attends: dict[tuple[str, str], set[str]] = {}
    cut_off: Counter[tuple[str, str, str]] = Counter()
    for row in trips.to_dict("records"):
        key = (str(row["settlement_id"]), str(row["band"]))
        at_risk[key] = at_risk.get(key, 0) + int(row["pupils"]) * (not row["within_norms"])
        worst[key] = max(worst.get(key, 0.0), float(row["seconds"]))
        attends.setdefault(key, set()).add(str(row["school_id"]))
        days = row["cut_off_on"] if row["school_id"] else case.bad_days
        cut_off.update({(*key, day): int(row["pupils"]) for day in days})
    return Baseline(at_risk, worst, attends, cut_off)


def choose_options(case: Case, options: pd.DataFrame, today: Layout) -> pd.DataFrame:
    """Return the options of the model with HARD_COLUMNS, sorted by KEY, with today's trips among them.

    Of options to one site a walk within the norms, on hard days too, makes all others needless. A site with more pupils than seats
    takes no newcomers.
    Under `plan.move = "affected"` pupils whose trip today is within the norms, to a site that keeps their band in any case, keep that trip.
    Where roads may be mended a column `worlds` holds, as places in `(none mended, *case.worlds)`, where the option is as it says.
    """
    settled = _settled(_present_trips(case, today), case.sites)
    chosen = _choose(case, options, today, settled)
    if not case.worlds:
        return chosen
    tables = [chosen]
    for world in case.worlds:
        there = case.where(world.fixes)
        ways = commute_options(there.travel, case.county.schools, sites_by_band(case.sites, case.scenario), case.norms, case.scenario)
        tables.append(_choose(there, ways, replace(today, assignment=measure_again(there, today.assignment)), settled))
    return join_worlds(tables)


def keep_taught(case: Case, options: pd.DataFrame) -> pd.DataFrame:
    """Return the options to sites that could teach the band under a form left open to them."""
    taught = {(site.school_id, band) for site in case.sites for form in site.forms for band in site.bands[form]}
    kept = [pair in taught for pair in zip(options["school_id"].astype(str), options["band"].astype(str), strict=True)]
    return options[np.asarray(kept, dtype=bool)].reset_index(drop=True)


def _choose(case: Case, options: pd.DataFrame, today: Layout, settled: pd.Index) -> pd.DataFrame:
    """Return the options of one state of the roads; `settled` are the groups that keep their trip under `plan.move = "affected"`."""
    present = _present_trips(case, today)
    pooled = pd.concat([present, _leave_crowded(options, today)], ignore_index=True).drop_duplicates(KEY)
    if case.scenario.plan.move == "affected":
        held = pd.MultiIndex.from_frame(pooled[GROUP]).isin(settled)
        among_present = pd.MultiIndex.from_frame(pooled[KEY]).isin(pd.MultiIndex.from_frame(present[KEY]))
        pooled = pooled[~held | among_present]
    return mark_stretches(case, _drop_needless(mark_hard_days(case, pooled)).sort_values(KEY, ignore_index=True))


def _leave_crowded(options: pd.DataFrame, today: Layout) -> pd.DataFrame:
    crowded = today.sites.index[today.sites["pupils"] > today.sites["seats"]]
    return options[~options["school_id"].isin(crowded)]


def _present_trips(case: Case, today: Layout) -> pd.DataFrame:
    may_teach = {(site.school_id, band) for site in case.sites for form in site.forms for band in site.bands[form]}
    trips = judge_trips(case, today)
    trips["cost_yuan"] /= trips["pupils"]
    stays = [pair in may_teach for pair in zip(trips["school_id"], trips["band"], strict=True)]
    return trips.loc[np.asarray(stays, dtype=bool), list(OPTION_COLUMNS)]


def judge_trips(case: Case, layout: Layout) -> pd.DataFrame:
    """Return the trips of `layout` with their limits and whether they meet the norms."""
    trips = layout.assignment.copy()
    trips["limit_s"] = trip_limits(trips, case.norms, case.scenario)
    trips["limit_m"] = trip_limits_m(trips, case.norms, case.scenario)
    trips["within_norms"] = keep_norms(trips, case.norms, case.scenario)
    return trips


def _settled(present: pd.DataFrame, sites: tuple[Site, ...]) -> pd.Index:
    always = {
        (site.school_id, band)
        for site in sites
        for band in site.bands[site.forms[0]]
        if all(band in site.bands[form] for form in site.forms)
    }
    stays = [pair in always for pair in zip(present["school_id"], present["band"], strict=True)]
    calm = present["within_norms"] & np.asarray(stays, dtype=bool)
    by_group = calm.groupby([present[column] for column in GROUP]).all()
    return by_group.index[by_group.to_numpy()]


def _drop_needless(options: pd.DataFrame) -> pd.DataFrame:
    walks = options[(options["mode"] == "walk") & options["within_slow"] & ~options["cut_off_on"].astype(bool)]
    walkable = pd.MultiIndex.from_frame(options[[*GROUP, "school_id"]]).isin(pd.MultiIndex.from_frame(walks[[*GROUP, "school_id"]]))
    return options[~walkable | (options["mode"] == "walk")]
