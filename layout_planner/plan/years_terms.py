"""What the planning of several years takes, passes on and returns."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from layout_planner.plan.forms import CLOSED

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from layout_planner.plan.case import Case
    from layout_planner.plan.layout import Layout, Solved
    from layout_planner.plan.linear import Stage
    from layout_planner.plan.solve import Asked, Spent
    from layout_planner.scenario import Years

ROUNDING = 1e-6


@dataclass(frozen=True)
class SchoolYear:
    """One school year before anything is decided: its pupils, its orders and budget, and the schools of today with its pupils."""

    year: int
    case: Case
    options: pd.DataFrame
    today: Layout


@dataclass(frozen=True)
class Alone:
    """The best plan of one year by itself, and what its goals reached."""

    term: SchoolYear
    asked: Asked
    layout: Layout
    harm: Stage
    at_risk: Stage
    cost: Stage


@dataclass(frozen=True)
class Built:
    """What a plan has added to today's schools by the end of a year.

    beds   school -> new beds that stand
    buses  school -> new buses that run
    fleet  new buses of the county that were bought so far, some of them perhaps before they run
    """

    beds: dict[str, int] = field(default_factory=dict)
    buses: dict[str, int] = field(default_factory=dict)
    fleet: int = 0


@dataclass(frozen=True)
class Step:
    """One year of a plan in shares of pupils."""

    asked: Asked
    spent: Spent
    forms: dict[str, str]
    built: Built
    harm: float
    at_risk: float


@dataclass(frozen=True)
class YearPlan:
    """One year of the plan, in whole pupils.

    capital_yuan  what beds and buses cost that are new in this year
    """

    year: int
    today: Layout
    layout: Layout
    solved: Solved
    before: Built
    built: Built
    capital_yuan: float

    @classmethod
    def of(cls, term: SchoolYear, layout: Layout, solved: Solved, before: Built, fleet: int) -> YearPlan:
        """Return the year in which `layout` follows upon `before`, with `fleet` buses bought at least."""
        built = count_built(term.case, layout, replace(before, fleet=max(fleet, before.fleet)))
        return cls(term.year, term.today, layout, solved, before, built, price_built(term.case, before, built))


@dataclass(frozen=True)
class YearsPlan:
    """The plan of all years.

    reached, bounds  goal -> its sum over the years, and what no plan can be below, by proof
    as_safe         every year is as safe as the best plan of that year alone; else the cost's bound holds for plans that are no safer
    together        all years were searched in one programme
    """

    years: tuple[YearPlan, ...]
    reached: dict[str, float]
    bounds: dict[str, float]
    as_safe: bool
    together: bool

    @property
    def gap(self) -> float:
        """Share by which the cost may lie above the least possible."""
        return max(0.0, self.reached["cost_yuan"] - self.bounds["cost_yuan"]) / max(1.0, self.reached["cost_yuan"])


def count_built(case: Case, layout: Layout, before: Built) -> Built:
    """Return the new beds and buses of `layout`."""
    sites, schools = layout.sites, case.county.schools
    beds = {str(j): int(n) for j, n in sites["new_beds"].items() if n}
    had = schools["buses"].reindex(sites.index).where(sites["form"] != CLOSED, 0)
    buses = {str(j): int(n) for j, n in (sites["buses"] - had).items() if n}
    return Built(beds, buses, max(before.fleet, sum(buses.values())))


def price_built(case: Case, before: Built, now: Built) -> float:
    """Return what was spent on beds and buses between two years, yuan."""
    beds = sum(max(0, count - before.beds.get(j, 0)) for j, count in now.beds.items())
    fleet = now.fleet - before.fleet
    return beds * case.norms.value("cost.new_bed_yuan") + fleet * case.norms.value("cost.bus_price_yuan")


def buy_late(steps: Sequence[Step], years: Years) -> list[Step]:
    """Return `steps` with every bus bought when it first runs, or before where the capital of that year does not suffice."""
    owned = [max(step.built.fleet for step in steps[: place + 1]) for place in range(len(steps))]
    for place in range(len(steps) - 1, 0, -1):
        norms, built = steps[place].asked.case.norms, (steps[place - 1].built, steps[place].built)
        capital = years.capital_of(steps[place].asked.case.scenario.year)
        if capital is not None:
            left = capital - price_built(steps[place].asked.case, replace(built[0], fleet=0), replace(built[1], fleet=0))
            owned[place - 1] = max(owned[place - 1], owned[place] - int(left / norms.value("cost.bus_price_yuan") + ROUNDING))
    return [replace(step, built=replace(step.built, fleet=count)) for step, count in zip(steps, owned, strict=True)]
