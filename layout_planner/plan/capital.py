"""What a layout buys once: beds, buses, classrooms. Paid beside the yearly cost, and never added to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.plan.forms import CLOSED

if TYPE_CHECKING:
    from layout_planner.norms import NormSet
    from layout_planner.plan.layout import Layout


@dataclass(frozen=True)
class Prices:
    """Yuan of one bed, one bus and one classroom."""

    bed: float
    bus: float
    room: float

    @classmethod
    def of(cls, norms: NormSet) -> Prices:
        """Return the prices of the norm set."""
        return cls(norms.value("cost.new_bed_yuan"), norms.value("cost.bus_price_yuan"), norms.value("cost.classroom_yuan"))


def rooms_at_hand(schools: pd.DataFrame, today: Layout) -> pd.Series:
    """Return the classes that every site can hold without building: its classrooms, or today's classes where they are more.

    A site whose classrooms are not known has endless ones: nothing is then said of them.
    """
    named = schools["classrooms"] if "classrooms" in schools else pd.Series(np.nan, index=schools.index)
    rooms = named.astype(float).where(named.notna(), np.inf)
    return rooms.clip(lower=today.sites["classes"].reindex(schools.index).astype(float))


def capital_yuan(schools: pd.DataFrame, norms: NormSet, today: Layout, plan: Layout) -> float:
    """Return the yuan that `plan` spends once: its new beds, the buses and the classes beyond those that are there."""
    prices, sites = Prices.of(norms), plan.sites
    stands = (sites["form"] != CLOSED).to_numpy()
    buses = (sites["buses"] - schools["buses"].reindex(sites.index).where(stands, 0)).clip(lower=0).sum()
    rooms = (sites["classes"] - rooms_at_hand(schools, today).reindex(sites.index)).clip(lower=0).sum()
    return float(prices.bed * sites["new_beds"].sum() + prices.bus * buses + prices.room * rooms)
