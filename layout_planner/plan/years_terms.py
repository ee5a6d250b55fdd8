"""What the planning of several years takes, passes on and returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from layout_planner.plan.capital import Prices
from layout_planner.plan.forms import CLOSED
from layout_planner.plan.layout import widest_gap

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from layout_planner.plan.case import Case
    from layout_planner.plan.layout import Layout, Solved
    from layout_planner.plan.linear import Stage
    from layout_planner.plan.solve import Asked, Spent


@dataclass(frozen=True)
class SchoolYear:
    """One school year before anything is decided: its pupils, its orders and budget, and the schools of today with its pupils.

    rooms  school -> classes that it holds without building (`capital.rooms_at_hand` before the first year); endless where it is not named
    """

    year: int
    case: Case
    options: pd.DataFrame
    today: Layout
    rooms: Mapping[str, float] = field(default_factory=dict)


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
    rooms  school -> new classrooms that stand, some of them perhaps before they are used
    """

    beds: dict[str, int] = field(default_factory=dict)
    buses: dict[str, int] = field(default_factory=dict)
    fleet: int = 0
    rooms: dict[str, int] = field(default_factory=dict)


NONE_BUILT = Built()


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

    capital_yuan  what beds, buses and classrooms cost that are new in this year
    """

    year: int
    today: Layout
    layout: Layout
    solved: Solved
    before: Built
    built: Built
    capital_yuan: float


@dataclass(frozen=True)
class YearsPlan:
    """The plan of all years.

    reached, bounds  goal -> its sum over the years, and what no plan can be below, by proof
    as_safe         every year is as safe as the best plan of that year alone
    together        all years were searched in one programme

    The cost's bound is for plans at least as safe as this one; 0 where nothing is known of them.
    """

    years: tuple[YearPlan, ...]
    reached: dict[str, float]
    bounds: dict[str, float]
    as_safe: bool
    together: bool

    @property
    def gap(self) -> float:
        """The widest share by which any goal may lie above the least possible; see `Solved`."""
        return widest_gap((value, self.bounds[goal]) for goal, value in self.reached.items())

    @property
    def cost_gap(self) -> float:
        """Share by which the cost may lie above the least of plans at least as safe."""
        return widest_gap([(self.reached["cost_yuan"], self.bounds["cost_yuan"])])


def count_built(term: SchoolYear, layout: Layout) -> Built:
    """Return the new beds, buses and classrooms that `layout` uses."""
    sites, schools = layout.sites, term.case.county.schools
    beds = {str(j): int(n) for j, n in sites["new_beds"].items() if n}
    had = schools["buses"].reindex(sites.index).where(sites["form"] != CLOSED, 0)
    buses = {str(j): int(n) for j, n in (sites["buses"] - had).items() if n}
    return Built(beds, buses, sum(buses.values()), count_rooms(term, {str(j): int(n) for j, n in sites["classes"].items()}))


def count_rooms(term: SchoolYear, classes: Mapping[str, int]) -> dict[str, int]:
    """Return the classrooms that schools with so many classes need beyond those at hand; those that need none are left out."""
    return {j: int(more) for j, count in classes.items() if (more := count - term.rooms.get(j, float("inf"))) > 0}


def price_built(case: Case, before: Built, now: Built) -> float:
    """Return what was spent on beds, buses and classrooms between two years, yuan."""
    prices = Prices.of(case.norms)
    beds, rooms = (
        sum(max(0, count - had.get(j, 0)) for j, count in has.items()) for had, has in ((before.beds, now.beds), (before.rooms, now.rooms))
    )
    return beds * prices.bed + (now.fleet - before.fleet) * prices.bus + rooms * prices.room
