"""Which forms a site may take, and which bands each form teaches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from layout_planner.county.tables import FORM_GRADES

if TYPE_CHECKING:
    import pandas as pd

    from layout_planner.scenario import Scenario

CLOSED = "closed"
REDUCED = {"nine_year": ("primary",), "primary": ("teaching_point",), "teaching_point": (), "junior": ()}

Bands = dict[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Site:
    """One site: its form today and the forms that the scenario leaves open to it."""

    school_id: str
    form_today: str
    forms: tuple[str, ...]
    bands: dict[str, tuple[str, ...]]  # form -> bands taught

    @property
    def decided(self) -> bool:
        """True when the scenario leaves one form only."""
        return len(self.forms) == 1


def bands_taught(form: str, grades_today: tuple[int, ...], form_today: str, bands: Bands) -> tuple[str, ...]:
    """Return the bands all of whose grades the site teaches when it runs `form`."""
    if form == CLOSED:
        return ()
    grades = set(grades_today) if form == form_today else set(FORM_GRADES[form]) & set(grades_today)
    return tuple(band for band, wanted in bands.items() if set(wanted) <= grades)


def sites_of(schools: pd.DataFrame, scenario: Scenario) -> tuple[Site, ...]:
    """Return every site with the forms that the scenario leaves open to it, sorted by id."""
    return tuple(_site(str(school_id), row, scenario) for school_id, row in schools.sort_index().iterrows())


def _site(school_id: str, row: pd.Series, scenario: Scenario) -> Site:
    own = str(row["form"])
    today = CLOSED if row["candidate"] else own
    forms = _forms_open(school_id, row, own, today, scenario)
    named = {*forms, today}
    grades = tuple(row["grades"])
    return Site(school_id, today, forms, {form: bands_taught(form, grades, own, scenario.bands) for form in named})


def _forms_open(school_id: str, row: pd.Series, own: str, today: str, scenario: Scenario) -> tuple[str, ...]:
    if school_id in scenario.plan.close:
        return (CLOSED,)
    if not is_free(school_id, row, scenario):
        return (own,) if school_id in scenario.plan.keep else (today,)
    if today == CLOSED:
        return (CLOSED, own)
    return (own, *REDUCED[own], CLOSED)


def is_free(school_id: str, row: pd.Series, scenario: Scenario) -> bool:
    """Return True where the scenario leaves it to the optimiser whether the site is open."""
    plan = scenario.plan
    named = plan.may_close == "all" or school_id in plan.may_close
    return named and not (school_id in plan.close or school_id in plan.keep or bool(row["protected"]))


def sites_by_band(sites: tuple[Site, ...], scenario: Scenario) -> dict[str, set[str]]:
    """Return, for every band, the ids of the sites that could teach it under some form left open."""
    return {band: {site.school_id for site in sites if any(band in site.bands[form] for form in site.forms)} for band in scenario.bands}
