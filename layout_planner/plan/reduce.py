"""Leaving out of the model what cannot be part of any plan: forms that no safe plan takes, and forms for the widest layout of all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.plan.choices import GROUP, KEY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layout_planner.plan.case import Case
    from layout_planner.plan.choices import Baseline
    from layout_planner.plan.forms import Site
    from layout_planner.plan.layout import Layout
    from layout_planner.scenario import Plan


def widest_sites(sites: tuple[Site, ...]) -> tuple[Site, ...]:
    """Return every site decided for the form that teaches most bands."""
    return tuple(site if site.decided else replace(site, forms=(widest_form(site),)) for site in sites)


def widest_form(site: Site) -> str:
    """Return the form of `site` that teaches most bands, the first of equals."""
    return max(site.forms, key=lambda form: len(site.bands[form]))


def wide_is_best(plan: Plan) -> bool:
    """Return True where no demand of the scenario is met better by closing: then all goals but money are best with every site wide open."""
    return plan.budget_yuan is None and plan.capital_yuan is None and not plan.min_enrolment


def today_fits(case: Case, options: pd.DataFrame, today: Layout) -> bool:
    """Return True where the widest layout holds every trip of today: then nobody need fare worse."""
    return _is_free(case.scenario.plan) and bool(_still_there(options, today).all())


def may_spare_all(case: Case, options: pd.DataFrame, today: Layout, baseline: Baseline) -> bool:
    """Return False where somebody fares worse whatever is done: his trip of today is no option, and none that is leaves him unharmed.

    True is no promise: places, or money, may not suffice for all.
    """
    trips = today.assignment[today.assignment["school_id"] != ""]
    lost = pd.MultiIndex.from_frame(trips.loc[~_still_there(options, today), GROUP]).unique()
    groups = pd.MultiIndex.from_frame(options[GROUP])
    worst_s = pd.Series([baseline.worst_s.get(group, 0.0) for group in groups], index=options.index, dtype=float)
    late, columns = ~options["within_norms"], (options[c] for c in (*GROUP, "cut_off_on"))
    calm = pd.Series([all(baseline.cut_off[i, band, day] for day in days) for i, band, days in zip(*columns, strict=True)], dtype=bool)
    spares = calm.to_numpy() & np.where(late, options["seconds"] <= worst_s, options["within_slow"]).astype(bool)
    return not case.scenario.plan.keep_settlements_whole and bool(lost.isin(groups[spares]).all())


def _is_free(plan: Plan) -> bool:
    """Return True where neither money nor whole settlements bind."""
    return plan.budget_yuan is None and plan.capital_yuan is None and not plan.keep_settlements_whole


def _still_there(options: pd.DataFrame, today: Layout) -> NDArray[np.bool_]:
    """Return which trips of today that have a school are among the options."""
    trips = today.assignment[today.assignment["school_id"] != ""]
    return pd.MultiIndex.from_frame(trips[KEY]).isin(pd.MultiIndex.from_frame(options[KEY]))


def drop_unsafe_forms(case: Case, options: pd.DataFrame, baseline: Baseline) -> tuple[Site, ...]:
    """Return the sites without the forms that would leave a pupil of today without any safe way to another site.

    options : of `choose_options`, with HARD_COLUMNS

    Exact: rows `safe_close` and `hold_close` allow such a form to nobody.
    """
    safe = _safe_sites(options, baseline)
    needed: dict[str, set[str]] = {}
    for (i, band), attended in baseline.attends.items():
        for school_id in attended:
            if not safe.get((i, band), set()) - {school_id}:
                needed.setdefault(school_id, set()).add(band)
    return tuple(_keep_bands(site, needed.get(site.school_id, set())) for site in case.sites)


def _safe_sites(options: pd.DataFrame, baseline: Baseline) -> dict[tuple[str, str], set[str]]:
    """Return where the pupils of every (settlement, band) could go without coming late or being newly cut off."""
    safe: dict[tuple[str, str], set[str]] = {}
    held = options[options["within_slow"]]
    columns = (held[c] for c in ("settlement_id", "band", "school_id", "cut_off_on"))
    for i, band, school_id, days in zip(*columns, strict=True):
        if all(baseline.cut_off[i, band, day] for day in days):
            safe.setdefault((i, band), set()).add(school_id)
    return safe


def _keep_bands(site: Site, needed: set[str]) -> Site:
    """Return `site` with the forms that teach all of `needed` that it teaches today."""
    if site.decided:
        return site
    bands = needed & set(site.bands[site.form_today])
    forms = tuple(form for form in site.forms if bands <= set(site.bands[form]))
    return replace(site, forms=forms) if forms else site
