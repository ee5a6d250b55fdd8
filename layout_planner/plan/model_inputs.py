"""What the rows of the layout model are made of: a case with its options, and the pupils of options by group."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

import pulp

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from layout_planner.norms import NormSet
    from layout_planner.plan.case import Case
    from layout_planner.plan.choices import Baseline
    from layout_planner.plan.forms import Site
    from layout_planner.scenario import Scenario
    from layout_planner.travel.departures import Departures

Expression: TypeAlias = pulp.LpAffineExpression
Variables: TypeAlias = list[pulp.LpVariable]
ByGroup: TypeAlias = dict[tuple[str, str], pulp.LpVariable]
Teaching: TypeAlias = dict[tuple[str, str], Expression]  # (site, band) -> 1, or the sum of the forms that teach it
BySite: TypeAlias = dict[str, dict[str, list[int]]]


@dataclass(frozen=True)
class Inputs:
    """A case, its options and the county of today."""

    case: Case
    options: pd.DataFrame
    demand: dict[tuple[str, str], int]
    room: dict[str, float]  # seats of every site, at least today's pupils
    baseline: Baseline
    rooms: dict[str, float]  # classes that every site can hold without building; endless where its rooms are not known

    @property
    def norms(self) -> NormSet:
        """The norms in force."""
        return self.case.norms

    @property
    def scenario(self) -> Scenario:
        """The scenario asked."""
        return self.case.scenario

    @property
    def sites(self) -> tuple[Site, ...]:
        """Every site with the forms open to it."""
        return self.case.sites

    def beds(self, school_id: str) -> int:
        """Beds that stand today."""
        return int(self.case.county.schools["beds"][school_id])

    def per_bus(self, school_id: str) -> float:
        """Pupils that one bus of a school carries: its seats, or what its routes showed."""
        seats = self.norms.value("bus.stock_seats")
        return min(seats, self.case.per_bus.get(school_id, self.case.per_bus.get("", seats)))

    def buses(self, school_id: str) -> int:
        """Buses that run today."""
        return int(self.case.county.schools["buses"][school_id])


def departures_of(case: Case) -> Departures | None:
    """Return the departures of public lines whose seats are told; None where none are."""
    return None if case.travel.public is None else case.travel.public.departures


def uses_options(case: Case) -> bool:
    """Return True where the case asks for rows or goals that only the whole programme holds: no short cut past it is then exact."""
    plan = case.scenario.plan
    return (
        plan.objective != "lexicographic"
        or plan.siblings_yuan > 0
        or bool(plan.road_fixes)
        or plan.connected_catchments
        or plan.whole_teachers
        or departures_of(case) is not None
    )


@lru_cache(maxsize=100_000)
def clean_name(text: str) -> str:
    """Return `text` as part of a name that the LP format takes."""
    return re.sub(r"[^A-Za-z0-9]", lambda match: f"u{ord(match.group()):x}", text)


def total(pupils: Variables, positions: Iterable[int]) -> Expression:
    """Return the sum of the `pupils` at `positions`."""
    return Expression({pupils[o]: 1 for o in positions})


def pupils_by_group(given: Inputs, pupils: Variables, unserved: ByGroup, chosen: pd.Series) -> dict[tuple[str, str], Expression]:
    """Return the pupils of every settlement and band who are unserved or take one of the `chosen` options (bool, by option)."""
    terms: dict[tuple[str, str], dict[pulp.LpVariable, float]] = {key: {slack: 1} for key, slack in unserved.items()}
    columns = (given.options[c].tolist() for c in ("settlement_id", "band"))
    for o, (i, band, takes) in enumerate(zip(*columns, chosen, strict=True)):
        if takes:
            terms[i, band][pupils[o]] = 1
    return {key: Expression(row) for key, row in terms.items()}
