"""Pupils and prices counted a second time from the raw tables; shares no code with `county.demand` and `plan`."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

import pandas as pd

from layout_planner.county.tables import FORM_GRADES
from layout_planner.safeguards.recarry import SCHOOL_AGE, recarry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from layout_planner.county.model import County
    from layout_planner.norms import NormSet
    from layout_planner.scenario import Scenario

CLOSED = "closed"
Pupils = dict[tuple[str, str], int]


def recount_pupils(county: County, scenario: Scenario, norms: NormSet) -> Pupils:
    """Return pupils by (settlement, band) in the scenario's year."""
    if scenario.demand.shares:
        return _share_out(county.settlements, scenario)
    thousandths = recarry(county, scenario, norms)
    pupils: Pupils = {}
    for band, grades in scenario.bands.items():
        exact = {home: Fraction(sum(ages[grade + SCHOOL_AGE - 1] for grade in grades), 1000) for home, ages in thousandths.items()}
        pupils.update({(home, band): amount for home, amount in _round_band(exact).items()})
    return pupils


def _share_out(settlements: pd.DataFrame, scenario: Scenario) -> Pupils:
    """Sum column times share and round over the county so that each band keeps its total; exact fractions throughout."""
    pupils: Pupils = {}
    for band in scenario.bands:
        exact = {str(home): Fraction(0) for home in settlements.index}
        for column, share in scenario.demand.shares.get(band, {}).items():
            for home, value in settlements[column].items():
                exact[str(home)] += Fraction(0) if pd.isna(value) else Fraction(str(value)) * Fraction(str(share))
        pupils.update({(home, band): amount for home, amount in _round_band(exact).items()})
    return pupils


def _round_band(exact: dict[str, Fraction]) -> dict[str, int]:
    """Return whole pupils that keep the band's total; the largest fractions are rounded up."""
    whole = {home: math.floor(amount) for home, amount in exact.items()}
    left = round(sum(exact.values())) - sum(whole.values())
    for home in sorted(exact, key=lambda name: (whole[name] - exact[name], name))[:left]:
        whole[home] += 1
    return whole


def form_today(school: pd.Series) -> str:
    """Return the form a site runs now; a candidate is not open yet."""
    return CLOSED if bool(school.get("candidate", False)) else str(school["form"])


def bands_of(form: str, school: pd.Series, scenario: Scenario) -> set[str]:
    """Return the bands that a site teaches in full when it runs `form`."""
    if form == CLOSED:
        return set()
    own = {int(grade) for grade in school["grades"]}
    grades = own if form == str(school["form"]) else own.intersection(FORM_GRADES[form])
    return {band for band, wanted in scenario.bands.items() if grades.issuperset(wanted)}


def price_trip(mode: str, metres: float, grades: tuple[int, ...], norms: NormSet) -> float:
    """Yuan a pupil and year of a commute over `metres`."""
    if mode == "bus":
        return 2 * norms.value("cost.school_days") * norms.value("cost.public_bus_trip_yuan")
    if mode not in {"school_bus", "board"}:
        return 0.0
    seat_km_yuan = norms.value("cost.bus_km_yuan") / norms.value("bus.stock_seats")
    trips = 2 * norms.value("cost.school_days" if mode == "school_bus" else "cost.boarding_weeks")
    living = norms.value("cost.per_boarder_yuan") + norms.value("cost.boarder_allowance_yuan", grades=grades) if mode == "board" else 0.0
    return living + trips * metres / 1000 * seat_km_yuan


def count_classes(pupils: int, grades: tuple[int, ...], norms: NormSet) -> int:
    """Classes of a band: one a grade, more where the standard size asks for them."""
    return max(len(grades), math.ceil(Fraction(pupils) / Fraction(norms.value("class.standard", grades=grades))))


def price_site(school: pd.Series, pupils: Mapping[str, int], new_beds: int, buses: int, scenario: Scenario, norms: NormSet) -> float:
    """Yuan a year of a site with `pupils` by band taught (empty when closed): classes, funds, running, new beds, buses."""
    built = new_beds * norms.value("cost.new_bed_yuan") / norms.value("cost.bed_life_years") + buses * norms.value("cost.bus_yuan")
    if not pupils:
        return built
    posts: float | Fraction = sum(
        count_classes(count, scenario.bands[band], norms) * Fraction(str(_posts_a_class(scenario.bands[band], norms)))
        for band, count in pupils.items()
    )
    posts = float(math.ceil(posts) if scenario.plan.whole_teachers else posts)
    rates = {band: norms.value("cost.per_pupil_yuan", grades=scenario.bands[band]) for band in pupils}
    funds = sum(rates[band] * count for band, count in pupils.items())
    least = norms.value("small_school.funding_floor") * min(rates.values())
    named = school.get("yearly_cost")
    running = norms.value("cost.site_yuan") if named is None or pd.isna(named) else float(named)
    return built + posts * norms.value("cost.teacher_yuan") + max(funds, least) + running


def _posts_a_class(grades: Iterable[int], norms: NormSet) -> float:
    """Teaching posts of one class; a band that starts below the junior grades is staffed as primary."""
    junior = norms.get("class.teachers_junior")
    return junior.value if min(grades) >= min(junior.grades) else norms.value("class.teachers_primary")
