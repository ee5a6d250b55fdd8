"""All that is known before a layout is decided."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from layout_planner.county.model import County
    from layout_planner.norms import NormSet
    from layout_planner.plan.forms import Site
    from layout_planner.scenario import Scenario
    from layout_planner.travel.model import TravelTimes


@dataclass(frozen=True)
class World:
    """The trips with one set of roads mended, by the ids of `plan.road_fixes`."""

    fixes: tuple[str, ...]
    travel: TravelTimes
    bad_days: Mapping[str, TravelTimes]


@dataclass(frozen=True, slots=True)
class Cut:
    """Pupils of a settlement and band go to a school only if one of the settlements `between` sends a pupil of the band there."""

    settlement_id: str
    band: str
    school_id: str
    between: tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """One scenario on one county, measured.

    demand    DataFrame, index settlement_id, one int column a band
    sites     every school and candidate with the forms that the scenario leaves open to it
    bad_days  the trips on every bad day of the county, by its key
    per_bus   pupils that a bus of a school really carries, as its routes showed; under "" any other school; the stock seats where empty
    worlds    the trips with every set of roads mended that the scenario offers, but none mended
    cuts      what connected catchments ask for, as far as it was found
    """

    scenario: Scenario
    norms: NormSet
    county: County
    demand: pd.DataFrame
    travel: TravelTimes
    sites: tuple[Site, ...]
    bad_days: Mapping[str, TravelTimes] = field(default_factory=dict)
    per_bus: Mapping[str, float] = field(default_factory=dict)
    worlds: tuple[World, ...] = ()
    cuts: tuple[Cut, ...] = ()

    def where(self, fixes: tuple[str, ...]) -> Case:
        """Return the case as it is with the roads of `fixes` mended and no others to be."""
        for world in self.worlds:
            if world.fixes == fixes:
                return replace(self, travel=world.travel, bad_days=world.bad_days, worlds=())
        return replace(self, worlds=())

    def within(self, limit_s: float) -> Case:
        """Return the case with so many seconds for its search."""
        solver = self.scenario.solver.model_copy(update={"time_limit_s": limit_s})
        return replace(self, scenario=self.scenario.model_copy(update={"solver": solver}))
