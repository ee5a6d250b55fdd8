"""Children carried from the year they were counted into later school years, with an account that adds up exactly.

In every year, in this order:

1. grade 9 leaves school, all others are a year older; of every age `demand.survival` percent are still there
2. newborns: the births that the outlook counts for the township, else the crude birth rate, else as many as the settlement had in
   the year before; counted births are shared out by the children under six, and every variant changes births by its percentage a year
3. net migration of the township takes or brings its percentage of every age (urbanisation)
4. pupils who arrive with migrant workers (随迁子女) join the settlements and grades of the township in proportion
5. resettlement: the share that moves is taken of every age as it stood before the moves of the year

A hand-worked case: village V and site S of one township, V has 10 children in each of the ages 0-14, S none. In year 1, 60 % of V
move to S. Year 1 opens with 150. Ten leave grade 9, 10 are born (as many as the year before): 150 again, still 10 of each age. 60 %
of each age move: V 60, S 90. In year 2 V's 4 and S's 6 of grade 9 leave, V's 4 and S's 6 newborns arrive: 60 and 90 again.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.county.cohorts import PARTS, SCHOOL_AGE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from layout_planner.county.cohorts import Cohorts, Ints
    from layout_planner.county.model import County
    from layout_planner.norms import NormSet
    from layout_planner.scenario import Scenario

INCOMING = ("born", "migrated_in", "arrived", "resettled_in")
OUTGOING = ("lost", "migrated_out", "resettled_out", "graduated")
ACCOUNT_COLUMNS = ("year", "township", "opening", *INCOMING, *OUTGOING, "closing", "pupils")
MILLION = 1_000_000


@dataclass(frozen=True)
class Outlook:
    """What a township expects for one year; None where nothing is known."""

    births: int | None = None
    net_migration: float | None = None
    arrivals: int = 0


def project_cohorts(
    county: County, scenario: Scenario, norms: NormSet, cohorts: Cohorts, years: Sequence[int], variant: str | None = None
) -> tuple[dict[int, Ints], pd.DataFrame]:
    """Return the cohorts of every year of `years`, and the account of all years on the way.

    Parameters
    ----------
    years : school years, none before the cohorts' own.
    variant : low, mid or high; the scenario's own when absent.

    Returns
    -------
    int64 (settlements, 15) thousandths by age for every year, and ACCOUNT_COLUMNS in children: one row a year and township, and one
    a year with township "" for the county. opening + INCOMING - OUTGOING = closing, exactly in thousandths.
    """
    step = _Year(county, scenario, norms, cohorts, variant or scenario.demand.projection.variant)
    parts, found, rows = cohorts.parts.copy(), {cohorts.year: cohorts.parts.copy()}, []
    for year in range(cohorts.year + 1, max(years, default=cohorts.year) + 1):
        parts, flows = step.carry(parts, year)
        found[year] = parts
        rows += _account(year, step.names, step.township, found[year - 1], flows, parts)
    return {year: found[year] for year in years}, pd.DataFrame(rows, columns=list(ACCOUNT_COLUMNS))


class _Year:
    """One county and its rates; `carry` takes its children one year further."""

    def __init__(self, county: County, scenario: Scenario, norms: NormSet, cohorts: Cohorts, variant: str) -> None:
        settlements = county.settlements
        towns = settlements["township"].fillna("").astype(str) if "township" in settlements else pd.Series("", index=settlements.index)
        self.names = sorted(set(towns))
        self.township = pd.Index(self.names).get_indexer(towns)
        self.base = cohorts.year
        self.outlook = _read_outlook(county.outlook)
        self.moves = _moves_by_year(county, int(norms.value("demand.school_year_month")))
        self.survival = _millionths(norms.value("demand.survival"))
        self.net_migration = norms.value("demand.net_migration")
        self.births_change = Fraction(str(norms.value(f"demand.births_change.{variant}"))) / 100
        self.births_per_1000 = scenario.demand.projection.births_per_1000
        people = settlements["population"].fillna(0).to_numpy(dtype=float) if "population" in settlements else np.zeros(len(settlements))
        self.people = round(float(people.sum()))

    def carry(self, before: Ints, year: int) -> tuple[Ints, dict[str, Ints]]:
        """Return the children of `year` and the flows that led there, each (settlements, 15) with positive numbers."""
        flows = {name: np.zeros_like(before) for name in (*INCOMING, *OUTGOING)}
        flows["graduated"][:, -1] = before[:, -1]
        after = np.roll(before, 1, axis=1)
        after[:, 0] = 0
        flows["lost"] = after - after * self.survival // MILLION
        flows["born"][:, 0] = self._births(before, year)
        after = after - flows["lost"] + flows["born"]
        for town, name in enumerate(self.names):
            mine = self.township == town
            here = self._outlook(name, year)
            share = self.net_migration if here.net_migration is None else here.net_migration
            flows["migrated_in" if share > 0 else "migrated_out"][mine] = after[mine] * _millionths(abs(share)) // MILLION
            after[mine] += flows["migrated_in"][mine] - flows["migrated_out"][mine]
            if here.arrivals:
                flows["arrived"][mine, SCHOOL_AGE:] = split_whole(here.arrivals * PARTS, after[mine, SCHOOL_AGE:])
                after[mine] += flows["arrived"][mine]
        flows["resettled_in"], flows["resettled_out"] = self._resettle(after, year)
        return after + flows["resettled_in"] - flows["resettled_out"], flows

    def _outlook(self, township: str, year: int) -> Outlook:
        """Return the row of the year, else the last row before it; an empty outlook before the first row."""
        given = self.outlook.get(township, {})
        return given[max(known)] if (known := [row for row in given if row <= year]) else Outlook()

    def _births(self, before: Ints, year: int) -> Ints:
        growth = (1 + self.births_change) ** (year - self.base)
        born = before[:, 0] * round((1 + self.births_change) * MILLION) // MILLION
        young = before[:, :SCHOOL_AGE].sum(axis=1)
        if self.births_per_1000 is not None:
            total = round(Fraction(str(self.births_per_1000)) * self.people / 1000 * growth * PARTS)
            born = split_whole(total, young)
        for town, name in enumerate(self.names):
            births = self._outlook(name, year).births
            if births is not None:
                mine = self.township == town
                born[mine] = split_whole(round(births * growth * PARTS), young[mine])
        return born

    def _resettle(self, before: Ints, year: int) -> tuple[Ints, Ints]:
        came, left = np.zeros_like(before), np.zeros_like(before)
        for source, target, share, pupils in self.moves.get(year, ()):
            here = before[source]
            schooled = int(here[SCHOOL_AGE:].sum())
            part, whole = (_millionths(share), MILLION) if pupils is None else (min(pupils * PARTS, schooled), schooled)
            moving = np.minimum(here * part // max(whole, 1), here - left[source])
            left[source] += moving
            came[target] += moving
        return came, left


def split_whole(total: int, weights: Ints) -> Ints:
    """Return `total` in whole parts in proportion to `weights` (equal parts where all are 0); what is left over goes to the largest
    remainders, ties to the first."""  # noqa: D205, D209
    flat = weights.ravel() if weights.any() else np.ones(weights.size, np.int64)
    exact = [total * int(weight) for weight in flat]
    whole = int(flat.sum())
    parts = np.array([amount // whole for amount in exact], dtype=np.int64)
    remainders = np.array([amount % whole for amount in exact], dtype=np.int64)
    parts[np.argsort(-remainders, kind="stable")[: total - int(parts.sum())]] += 1
    return parts.reshape(weights.shape)


def _millionths(percent: float) -> int:
    return round(Fraction(str(percent)) * MILLION / 100)


def _read_outlook(table: pd.DataFrame | None) -> dict[str, dict[int, Outlook]]:
    found: dict[str, dict[int, Outlook]] = {}
    if table is None:
        return found
    given = (table[name].tolist() for name in ("township", "year", "births", "net_migration", "arrivals"))
    for township, year, births, share, arrivals in zip(*given, strict=True):
        outlook = Outlook(None if np.isnan(births) else int(births), None if np.isnan(share) else share, _whole(arrivals))
        found.setdefault(township, {})[int(year)] = outlook
    return found


def _whole(cell: float) -> int:
    """Return a count; a blank cell is 0."""
    return 0 if np.isnan(cell) else int(cell)


def _moves_by_year(county: County, month: int) -> dict[int, list[tuple[int, int, float, int | None]]]:
    """Return (source, target, share in percent, pupils or None) by the first school year that begins on or after the move."""
    found: dict[int, list[tuple[int, int, float, int | None]]] = {}
    if county.moves is None:
        return found
    sources, targets = (county.settlements.index.get_indexer(county.moves[f"{end}_settlement_id"]) for end in ("from", "to"))
    given = (county.moves[name].tolist() for name in ("date", "share", "pupils"))
    for source, target, day, share, pupils in zip(sources, targets, *given, strict=True):
        year = int(day[:4]) + (day[5:] > f"{month:02d}-01")
        amount = (float(share), None) if np.isnan(pupils) else (0.0, int(pupils))
        found.setdefault(year, []).append((int(source), int(target), *amount))
    return found


def _account(year: int, names: list[str], township: Ints, before: Ints, flows: dict[str, Ints], after: Ints) -> list[list[object]]:
    """Return the rows of one year: the county first, then its townships where the table names any."""
    places = [("", np.ones(len(before), dtype=bool))]
    places += [(name, township == town) for town, name in enumerate(names) if name]
    rows: list[list[object]] = []
    for name, mine in places:
        moved = [int(flows[flow][mine].sum()) for flow in (*INCOMING, *OUTGOING)]
        ends = int(after[mine].sum()), int(after[mine, SCHOOL_AGE:].sum())
        rows.append([year, name, *(amount / PARTS for amount in (int(before[mine].sum()), *moved, *ends))])
    return rows
