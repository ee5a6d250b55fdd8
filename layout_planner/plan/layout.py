"""A layout: which form every site runs and who goes where, by which means."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

SITE_COLUMNS = (
    "form",  # str: a form of tables.FORMS, or "closed"
    "bands",  # str: the bands taught, joined by ","
    "pupils",  # int
    "boarders",  # int
    "seats",  # float, np.inf when the table names none
    "beds",  # int, existing
    "new_beds",  # int
    "buses",  # int, existing and new
    "classes",  # int, by the class-size standard
    "cost_yuan",  # float, a year
)
ASSIGNMENT_COLUMNS = (
    "settlement_id",
    "band",
    "school_id",  # "" when unserved
    "mode",  # walk | bus | school_bus | board | unserved
    "pupils",  # int
    "seconds",  # float, one way; np.inf when unserved
    "metres",  # float
    "cost_yuan",  # float, a year, of the commute only
    "optimistic_s",  # float, the trip when all goes well; at most `seconds`
    "pessimistic_s",  # float, the trip on a slow day; at least `seconds`
)


@dataclass(frozen=True)
class Layout:
    """One state of the county's schools.

    sites       DataFrame, index school_id, SITE_COLUMNS
    assignment  DataFrame, ASSIGNMENT_COLUMNS; every pupil of the demand is in exactly one row
    fixes       ids of the roads of `plan.road_fixes` that are mended
    """

    sites: pd.DataFrame
    assignment: pd.DataFrame
    fixes: tuple[str, ...] = ()


def widest_gap(reached: Iterable[tuple[float, float]]) -> float:
    """Return the widest share by which a value lies above its bound; `reached` : (value, bound) by goal, each to be small."""
    return max(gap_between(value, bound) for value, bound in reached)


def gap_between(value: float, bound: float) -> float:
    """Return the share of `value`, which is to be small, by which it lies above its bound."""
    return max(0.0, value - bound) / max(1.0, abs(value))


@dataclass(frozen=True)
class Solved:
    """How a layout was found: objective terms, certified bound and gap, seed, seconds, versions.

    bound  of the objective, for plans that do as well in the goals before it
    gap    the widest share by which any goal, in their order, may lie above its bound: a plan that is cheaper than the bound because more
           pupils are at risk under it tells how much riskier it may be
    """

    status: str
    objective: float
    bound: float
    gap: float
    seconds: float
    seed: int
    terms: dict[str, float] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
