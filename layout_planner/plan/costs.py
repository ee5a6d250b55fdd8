"""What a layout costs a year; the formulas are in docs/architecture.md."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.plan.layout import SITE_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from layout_planner.norms import NormSet
    from layout_planner.plan.case import Case
    from layout_planner.plan.forms import Bands


ROUNDING = 1e-6  # posts; ten classes of 1.9 are nineteen


def posts_a_class(norms: NormSet, grades: tuple[int, ...]) -> float:
    """Teaching posts of one class."""
    key = "class.teachers_junior" if min(grades) >= norms.get("class.teachers_junior").grades[0] else "class.teachers_primary"
    return norms.value(key)


def class_cost_yuan(norms: NormSet, grades: tuple[int, ...]) -> float:
    """Yuan a year of one class: its teaching posts times their pay."""
    return posts_a_class(norms, grades) * norms.value("cost.teacher_yuan")


def staff_cost_yuan(norms: NormSet, classes: Mapping[str, int], bands: Bands, *, whole: bool) -> float:
    """Yuan a year of the teachers of a site with `classes` by band; `whole` : posts are rounded up to whole teachers."""
    if not whole:
        return sum(number * class_cost_yuan(norms, bands[band]) for band, number in classes.items())
    posts = sum(number * posts_a_class(norms, bands[band]) for band, number in classes.items())
    return math.ceil(posts - ROUNDING) * norms.value("cost.teacher_yuan")


def count_classes(pupils: int, grades: tuple[int, ...], norms: NormSet) -> int:
    """Number of classes of a band at an open site: one a grade at least, none above the standard size."""
    return max(len(grades), math.ceil(pupils / norms.value("class.standard", grades=grades)))


def pupil_funds_yuan(norms: NormSet, pupils: Mapping[str, int], bands: Bands) -> float:
    """Yuan a year of public funds for `pupils` by band taught, at least those of the funding floor."""
    rates = {band: norms.value("cost.per_pupil_yuan", grades=bands[band]) for band in pupils}
    if not rates:
        return 0.0
    floor = norms.value("small_school.funding_floor") * min(rates.values())
    return max(floor, sum(rates[band] * count for band, count in pupils.items()))


def site_cost_yuan(school: pd.Series, norms: NormSet) -> float:
    """Yuan a year of running an open site, without teachers and pupil funds."""
    named = school.get("yearly_cost", np.nan)
    return norms.value("cost.site_yuan") if pd.isna(named) else float(named)


def bed_cost_yuan(norms: NormSet) -> float:
    """Yuan a year of one new bed."""
    return norms.value("cost.new_bed_yuan") / norms.value("cost.bed_life_years")


def tabulate_sites(
    case: Case, taught: Mapping[str, tuple[str, tuple[str, ...]]], assignment: pd.DataFrame, built: Mapping[str, tuple[int, int]]
) -> pd.DataFrame:
    """Return one row a site (SITE_COLUMNS) for the given forms, pupils, and (new beds, buses) in `built`.

    taught : school_id -> (form, bands taught)
    """
    norms, bands = case.norms, case.scenario.bands
    attends = assignment[assignment["school_id"] != ""]
    counts = attends.groupby(["school_id", "band"])["pupils"].sum()
    boards = attends[attends["mode"] == "board"].groupby("school_id")["pupils"].sum()
    rows = {}
    for school_id, school in case.county.schools.iterrows():
        form, own_bands = taught[str(school_id)]
        new_beds, buses = built.get(str(school_id), (0, 0))
        pupils = {band: int(counts.get((school_id, band), 0)) for band in own_bands}
        classes = {band: count_classes(count, bands[band], norms) for band, count in pupils.items()}
        cost = new_beds * bed_cost_yuan(norms) + buses * norms.value("cost.bus_yuan")
        if own_bands:
            cost += site_cost_yuan(school, norms) + pupil_funds_yuan(norms, pupils, bands)
            cost += staff_cost_yuan(norms, classes, bands, whole=case.scenario.plan.whole_teachers)
        rows[school_id] = (
            form,
            ",".join(own_bands),
            sum(pupils.values()),
            int(boards.get(school_id, 0)),
            float(school["seats"]),
            int(school["beds"]),
            new_beds,
            buses,
            sum(classes.values()),
            round(cost, 2),
        )
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(SITE_COLUMNS)).rename_axis("school_id")
