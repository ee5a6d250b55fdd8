"""Plans of the tiny county that pass both re-check and gate, as the starting points of the mutation harness."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from layout_planner.norms import read_norms
from layout_planner.safeguards.gate import judge_plan
from layout_planner.safeguards.recount import price_site, price_trip
from layout_planner.safeguards.verify import verify_layout
from tests.safe_case import (
    ACROSS,
    BANDS,
    DEMAND,
    IN_BUS,
    NORMS,
    PUPILS,
    RECORDS,
    RIDES,
    STOPS,
    _record,
    county,
    flooded,
    layout,
    plan,
    ride,
    scenario,
    today,
    walk,
)

if TYPE_CHECKING:
    import pandas as pd

    from layout_planner.county.model import County
    from layout_planner.norms import NormSet
    from layout_planner.plan.layout import Layout
    from layout_planner.results import GateResult
    from layout_planner.scenario import Scenario

norms_of = cache(read_norms)


@dataclass
class Plan:
    """All that re-check and gate look at; damages change it in place."""

    county: County
    scenario: Scenario
    norms: NormSet
    demand: pd.DataFrame
    today: Layout
    plan: Layout
    bad_days: pd.DataFrame | None = None

    def judge(self) -> GateResult:
        """Re-check and judge, as a run does."""
        checked = verify_layout(self.county, self.scenario, self.norms, self.plan, today=self.today, bad_days=self.bad_days)
        return judge_plan(self.county, self.scenario, self.norms, self.demand, self.today, self.plan, checked)


def board(home, band):
    metres, seconds = RIDES[home]
    stop = STOPS[home] / BANDS[band]
    ends = [stop / off + seconds / bus for off, bus in zip(ACROSS, IN_BUS, strict=True)]
    cost = PUPILS[home] * price_trip("board", metres, (4, 5, 6), NORMS)
    return (home, band, "C1", "board", PUPILS[home], stop + seconds, float(metres), cost, *ends)


def _site(school_id, form, bands, pupils, built, here, asked):
    """Return a row of the sites table; `built` is boarders, seats, beds, new beds, buses, classes."""
    price = price_site(here.schools.loc[school_id], pupils, built[3], built[4], asked, NORMS)
    return (school_id, form, ",".join(bands), sum(pupils.values()), *built, price)


def riding():
    """Everybody rides to C1 in two licensed buses."""
    return Plan(county(), scenario(), NORMS, DEMAND, today(), plan())


def boarding():
    """Grades 4-6 of S1 board at C1, where two new beds were accepted."""
    rows = [*RECORDS, _record("C1", "beds_accepted", "2027-06-30", quantity=2), _record("C1", "canteen_accepted", "2027-06-30")]
    here, asked = county(rows), scenario()
    trips = [
        walk(h, b, "C1") if (h, b) == ("S3", "junior") else board(h, b) if (h, b) == ("S1", "upper_primary") else ride(h, b)
        for b in BANDS
        for h in PUPILS
    ]
    taught = dict.fromkeys(BANDS, 27)
    sites = [
        ("P1", "closed", "", 0, 0, 100.0, 0, 0, 0, 0, 0.0),
        _site("C1", "nine_year", BANDS, taught, (12, 200.0, 10, 2, 2, 9), here, asked),
    ]
    return Plan(here, asked, NORMS, DEMAND, today(), layout(trips, sites))


def reduced():
    """P1 keeps grades 1-3 as a teaching point; grades 4-6 ride to C1 in one bus, grades 7-9 walk there as they do today."""
    here, asked = county(), scenario(close=(), may_close=("P1",))
    kept = {("S1", "lower_primary"), ("S2", "lower_primary")}
    trips = [walk(h, b, "P1" if (h, b) in kept else "C1") if b != "upper_primary" else ride(h, b) for b in BANDS for h in PUPILS]
    sites = [
        _site("P1", "teaching_point", ["lower_primary"], {"lower_primary": 18}, (0, 100.0, 0, 0, 0, 3), here, asked),
        _site("C1", "nine_year", BANDS, {"lower_primary": 9, "upper_primary": 27, "junior": 27}, (0, 200.0, 10, 0, 1, 9), here, asked),
    ]
    return Plan(here, asked, NORMS, DEMAND, today(), layout(trips, sites))


def flooded_path():
    """Everybody rides; one listed bad day closes the path to S4, where no pupils live."""
    made = riding()
    made.county = flooded(made.county, 1990, 2010)
    (day,) = made.county.bad_days
    made.county = replace(made.county, bad_days=(replace(day, area=_north(day.area)),))
    checked = verify_layout(made.county, made.scenario, made.norms, made.plan, today=made.today)
    made.bad_days = checked.bad_trips
    return made


def _north(area):
    from shapely import affinity

    return affinity.translate(area, yoff=1500.0)


BASES = {"riding": riding, "boarding": boarding, "reduced": reduced, "flooded path": flooded_path}
__all__ = ["BASES", "Plan", "norms_of"]
