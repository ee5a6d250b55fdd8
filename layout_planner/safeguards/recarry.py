"""Children counted and carried to the scenario's year a second time, in plain whole numbers; shares no code with `county`."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from layout_planner.county.model import County
    from layout_planner.norms import NormSet
    from layout_planner.scenario import Scenario

SCHOOL_AGE = 6
LAST_AGE = 14
THOUSAND = 1000
Children = dict[str, list[int]]  # settlement -> thousandths of a child by age 0-14


def recarry(county: County, scenario: Scenario, norms: NormSet) -> Children:
    """Return the children of the scenario's year by settlement and age, in thousandths."""
    children, counted_in, may_age = _count(county, scenario)
    if not may_age:
        return children
    for year in range(counted_in + 1, scenario.year + 1):
        children = _next_year(children, county, scenario, norms, year, counted_in)
    return children


def _count(county: County, scenario: Scenario) -> tuple[Children, int, bool]:
    """Return the children counted, the year of the count, and whether all ages before school are among them."""
    homes = [str(home) for home in county.settlements.index]
    children: Children = {home: [0] * (LAST_AGE + 1) for home in homes}
    ages: set[int] = set()
    year = scenario.data.year
    if scenario.demand.source == "cohorts":
        year, ages = _count_rows(county, scenario, children)
    elif scenario.demand.source == "register":
        for age in range(LAST_AGE + 1):
            column = f"age_{age}" if age < SCHOOL_AGE else f"pupils_g{age - SCHOOL_AGE + 1}"
            if column in county.settlements:
                ages.add(age)
                for home, value in county.settlements[column].items():
                    children[str(home)][age] = _thousandths(value)
    else:
        for column, (first, last) in scenario.demand.ages.items():
            ages |= set(range(first, last + 1))
            for home, value in county.settlements[column].items():
                for age, part in zip(range(first, last + 1), _deal(_thousandths(value), last - first + 1), strict=True):
                    if age <= LAST_AGE:
                        children[str(home)][age] = part
    return children, year, set(range(SCHOOL_AGE)) <= ages


def _count_rows(county: County, scenario: Scenario, children: Children) -> tuple[int, set[int]]:
    rows = [(int(row["year"]), _age_of(row), row) for row in _rows(county.cohorts)]
    years = {year for year, age, _ in rows if age >= SCHOOL_AGE}
    base = max((year for year in years if year <= scenario.year), default=min(years))
    for year, age, row in rows:
        if year == base:
            children[row["settlement_id"]][age] += _thousandths(row["pupils"])
    return base, {age for year, age, _ in rows if year == base}


def _rows(table: pd.DataFrame | None) -> list[dict[Any, Any]]:
    return [] if table is None else table.to_dict(orient="records")


def _age_of(row: dict[Any, Any]) -> int:
    return int(row["grade"]) + SCHOOL_AGE - 1 if pd.notna(row["grade"]) else int(row["age"])


def _thousandths(value: float) -> int:
    return 0 if pd.isna(value) else round(float(value) * THOUSAND)


def _deal(amount: int, places: int) -> list[int]:
    """Deal `amount` like cards, the first places getting what is left."""
    return [amount // places + (place < amount % places) for place in range(places)]


def _next_year(children: Children, county: County, scenario: Scenario, norms: NormSet, year: int, counted_in: int) -> Children:
    """Return the children one year later: older, born, lost, migrated, arrived, resettled."""
    survive = _rate(norms.value("demand.survival"))
    older = {home: [0, *(int(count * survive) for count in ages[:-1])] for home, ages in children.items()}
    for home, born in _newborns(children, county, scenario, norms, year, counted_in).items():
        older[home][0] = born
    for town, homes in _towns(county).items():
        row = _expected(county, town, year)
        share = _rate(row["net_migration"]) if pd.notna(row.get("net_migration")) else _rate(norms.value("demand.net_migration"))
        for home in homes:
            older[home] = [count + (1 if share > 0 else -1) * int(count * abs(share)) for count in older[home]]
        if pd.notna(row.get("arrivals")) and row["arrivals"] > 0:
            cells = [(home, age) for home in homes for age in range(SCHOOL_AGE, LAST_AGE + 1)]
            came = _share_by_weight(int(row["arrivals"]) * THOUSAND, [older[home][age] for home, age in cells])
            for (home, age), count in zip(cells, came, strict=True):
                older[home][age] += count
    return _move(older, county, year, int(norms.value("demand.school_year_month")))


def _rate(percent: float) -> Fraction:
    """Return a percentage as a fraction, to the millionth."""
    return Fraction(round(Fraction(str(percent)) * 10_000), 1_000_000)


def _towns(county: County) -> dict[str, list[str]]:
    towns: dict[str, list[str]] = defaultdict(list)
    for home, row in county.settlements.iterrows():
        town = row.get("township", "")
        towns["" if pd.isna(town) else str(town)].append(str(home))
    return dict(sorted(towns.items()))


def _expected(county: County, town: str, year: int) -> dict[Any, Any]:
    """Return the latest row of the outlook for `town` that is not after `year`; nothing when there is none."""
    rows = [row for row in _rows(county.outlook) if row["township"] == town and row["year"] <= year]
    return max(rows, key=lambda row: row["year"], default={})


def _newborns(children: Children, county: County, scenario: Scenario, norms: NormSet, year: int, counted_in: int) -> dict[str, int]:
    projection = scenario.demand.projection
    change = 1 + Fraction(str(norms.value(f"demand.births_change.{projection.variant}"))) / 100
    growth = change ** (year - counted_in)
    yearly = Fraction(round(change * 1_000_000), 1_000_000)
    born = {home: int(ages[0] * yearly) for home, ages in children.items()}
    young = {home: sum(ages[:SCHOOL_AGE]) for home, ages in children.items()}
    if projection.births_per_1000 is not None:
        people = county.settlements["population"].fillna(0).sum() if "population" in county.settlements else 0
        total = round(round(people) * Fraction(str(projection.births_per_1000)) * growth)
        born = dict(zip(young, _share_by_weight(total, list(young.values())), strict=True))
    for town, homes in _towns(county).items():
        counted = _expected(county, town, year).get("births")
        if counted is not None and pd.notna(counted):
            parts = _share_by_weight(round(int(counted) * THOUSAND * growth), [young[home] for home in homes])
            born.update(zip(homes, parts, strict=True))
    return born


def _share_by_weight(total: int, weights: list[int]) -> list[int]:
    """Return `total` in proportion to `weights`, the largest fractions rounded up, the first of equal ones."""
    heavy = weights if any(weights) else [1] * len(weights)
    exact = [Fraction(total * weight, sum(heavy)) for weight in heavy]
    parts = [int(share) for share in exact]
    ranked = sorted(range(len(exact)), key=lambda at: (parts[at] - exact[at], at))
    for at in ranked[: total - sum(parts)]:
        parts[at] += 1
    return parts


def _move(children: Children, county: County, year: int, month: int) -> Children:
    """Return the children after the moves between the first day of the school year before and that of `year`."""
    after = {home: list(ages) for home, ages in children.items()}
    gone: dict[str, list[int]] = defaultdict(lambda: [0] * (LAST_AGE + 1))
    for row in _rows(county.moves):
        if not f"{year - 1}-{month:02d}-01" < row["date"] <= f"{year}-{month:02d}-01":
            continue
        source, target = row["from_settlement_id"], row["to_settlement_id"]
        schooled = sum(children[source][SCHOOL_AGE:])
        share = _rate(row["share"]) if pd.notna(row["share"]) else Fraction(min(int(row["pupils"]) * THOUSAND, schooled), schooled or 1)
        for age, count in enumerate(children[source]):
            moving = min(int(count * share), count - gone[source][age])
            gone[source][age] += moving
            after[source][age] -= moving
            after[target][age] += moving
    return after
