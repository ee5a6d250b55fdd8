"""What the orders of a scenario touch: pupils whose school may go, and those round the schools that could take them in; all others stay."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from layout_planner.plan.choices import GROUP, KEY, keep_taught

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy as np
    from numpy.typing import NDArray

    from layout_planner.plan.case import Case
    from layout_planner.plan.forms import Site
    from layout_planner.plan.layout import Layout

NEAR_OPTIONS = 12_000  # options up to which those round the receiving schools are let go too, beside one trip for everybody who stays


def hold_far(case: Case, options: pd.DataFrame, today: Layout, ordered: Collection[str]) -> tuple[Case, pd.DataFrame]:
    """Return `case` and its options with everybody far from the schools `ordered` where he is today, so every plan of it is one of `case`.

    options : of `choose_options`

    Sites that are not `ordered` keep the form of today. Free are the pupils of ordered schools and those whose trip of today is none of the
    options; then, school by school, those of the schools that most of these could go to, for as long as the programme stays small.
    """
    sites = tuple(site if site.school_id in ordered else _as_today(site) for site in case.sites)
    trips = today.assignment[today.assignment["school_id"] != ""]
    group_of, group_now = (pd.MultiIndex.from_frame(table[GROUP]) for table in (options, trips))
    stays = pd.MultiIndex.from_frame(options[KEY]).isin(pd.MultiIndex.from_frame(trips[KEY]))
    still = pd.MultiIndex.from_frame(trips[KEY]).isin(pd.MultiIndex.from_frame(options[KEY]))
    school_now = trips["school_id"].astype(str)
    freed = group_now[school_now.isin(set(ordered)).to_numpy() | ~still].unique()
    free = group_of.isin(freed)
    homes = {str(j): group_now[rows] for j, rows in school_now.reset_index(drop=True).groupby(school_now.to_numpy()).indices.items()}
    for j in _receivers(options, free):
        more = free | group_of.isin(homes.get(j, group_now[:0]))
        if int(more.sum()) > NEAR_OPTIONS:
            break
        free = more
    near = replace(case, sites=sites)
    return near, keep_taught(near, options[stays | free])


def _receivers(options: pd.DataFrame, free: NDArray[np.bool_]) -> list[str]:
    """Return the schools that those who are free could go to, those of most ways first."""
    counts = options.loc[free, "school_id"].astype(str).value_counts()
    return sorted(map(str, counts.index), key=lambda j: (-int(counts[j]), j))


def _as_today(site: Site) -> Site:
    return replace(site, forms=(site.form_today,)) if site.form_today in site.forms else site
