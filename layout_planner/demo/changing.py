"""How the county changes: births and migration by township, resettlement, changes on the school registers, children on a raster."""

# ruff: noqa: PLR2004  a county is invented by such numbers; each is used once and says what it is where it stands
from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.county.tables import GRADES
from layout_planner.demo.people import AGES, pupils_of
from layout_planner.demo.schooling import BANDS
from layout_planner.demo.terrain import NORTH, SIDE, STEP, WEST

if TYPE_CHECKING:
    from layout_planner.demo.terrain import Floats

YEAR = 2026  # school year that the settlement table describes
CELL = 2 * STEP  # metres, a cell of the raster of children
HALF = SIDE // 2


def make_outlook(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    """Return births, net migration and arrivals of every township for 2028-2030: the county town gains, the mountains lose."""
    rows = []
    for town, homes in people.groupby("town"):
        newborn, urban = int(homes["age_0"].sum()), int(town == 0)
        for year in range(YEAR + 2, YEAR + 5):
            births = round(newborn * 0.97 ** (year - YEAR) * rng.uniform(0.97, 1.03))
            share = round(rng.uniform(0.6, 1.4) if urban else -rng.uniform(0.8, 2.6), 1)
            rows.append((homes["township"].iloc[0], year, births, share, int(rng.integers(24, 41)) if urban else None))
    return pd.DataFrame(rows, columns=["township", "year", "births", "net_migration", "arrivals"])


def make_moves(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    """Return moves of twelve small villages to the resettlement site that is nearer, in the summers of 2028 and 2029."""
    sites = people[people["kind"] == "resettlement"]
    pupils = pupils_of(people, range(1, 10))
    small = people[(people["kind"] == "village") & (pupils >= 4) & (pupils <= 20)]
    rows = []
    for at in np.sort(rng.choice(len(small), size=12, replace=False)):
        village = small.iloc[int(at)]
        site = sites.iloc[int(np.argmin(np.hypot(sites["x"] - village["x"], sites["y"] - village["y"])))]
        day = date(YEAR + int(rng.integers(2, 4)), 6, 30)
        share = (100.0, 100.0, 80.0, 60.0)[int(rng.integers(4))]
        rows.append((village["settlement_id"], site["settlement_id"], day, share, "整村搬迁" if share == 100 else "部分搬迁"))
    return pd.DataFrame(rows, columns=["from_settlement_id", "to_settlement_id", "date", "share", "note"])


def make_registers(rng: np.random.Generator, schools: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Return the changes of the school year 2025 by school and grade; the further the children live, the more of them stay away."""
    places = schools.set_index("school_id")
    rows = []
    for column, grades in BANDS.items():
        for school_id, homes in people.groupby(column):
            school = places.loc[school_id]
            metres = np.asarray(np.hypot(homes["x"] - school["x"], homes["y"] - school["y"]), dtype=float)
            away = 1 / (1 + np.exp(5.4 - 0.00033 * metres - 0.25 * (column == "school_junior")))
            for grade in grades:
                counts = homes[f"pupils_g{grade}"].to_numpy(int)
                if counts.sum():
                    last = grade == (6 if column == "school_upper_primary" else 9)
                    rows.append((school_id, YEAR - 1, grade, *_changes(rng, counts, away, last=last)))
    columns = ["school_id", "year", "grade", "enrolled_start", "transferred_in", "transferred_out", "suspended", "returned", "dropped_out",
               "deceased", "suspected", "graduated", "entered_grade1"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns).sort_values(["school_id", "grade"], ignore_index=True)


def _changes(rng: np.random.Generator, counts: np.ndarray, away: Floats, *, last: bool) -> tuple[int | None, ...]:
    """Return one grade's row: enrolled, in, out, suspended, returned, dropped out, deceased, suspected, graduated, entered."""
    enrolled = int(counts.sum())
    suspected = int(rng.binomial(counts, away).sum())
    dropped, suspended = int(rng.binomial(suspected, 0.3)), int(rng.binomial(enrolled, 0.002))
    out = min(int(rng.binomial(enrolled, 0.02)), enrolled - dropped - suspended)
    came, returned = int(rng.binomial(enrolled, 0.015)), int(rng.binomial(enrolled, 0.001))
    graduated = enrolled + came + returned - out - suspended - dropped if last else None
    entered = None if graduated is None else graduated + int(rng.binomial(graduated, 0.045))
    return enrolled, came, out, suspended, returned, dropped, 0, suspected, graduated, entered


def list_cohorts(people: pd.DataFrame) -> pd.DataFrame:
    """Return the children of the settlement table as one row a settlement and grade or age; rows of nobody are left out."""
    parts = [(f"pupils_g{grade}", grade, None) for grade in GRADES] + [(f"age_{age}", None, age) for age in range(AGES)]
    tables = [
        pd.DataFrame({"settlement_id": people["settlement_id"], "year": YEAR, "grade": grade, "age": age, "pupils": people[column]})
        for column, grade, age in parts
    ]
    table = pd.concat([part.astype({"grade": object, "age": object}) for part in tables])
    return table[table["pupils"] > 0].sort_values("settlement_id", kind="stable", ignore_index=True)


def scatter_children(rng: np.random.Generator, people: pd.DataFrame) -> Floats:
    """Return children aged 0-14 by cell: around their homes, and some on farms that no table names."""
    columns = [f"age_{age}" for age in range(AGES)] + [f"pupils_g{grade}" for grade in GRADES]
    children = people[columns].sum(axis=1).to_numpy(int)
    spread = np.where(people["kind"] == "village", 260.0, 420.0)
    x = np.repeat(people["x"].to_numpy(float), children) + rng.normal(0, 1, children.sum()) * np.repeat(spread, children)
    y = np.repeat(people["y"].to_numpy(float), children) + rng.normal(0, 1, children.sum()) * np.repeat(spread, children)
    farms = people.iloc[rng.choice(len(people), size=120)]
    x = np.concatenate([x, farms["x"] + rng.uniform(-4_000, 4_000, 120)])
    y = np.concatenate([y, farms["y"] + rng.uniform(-4_000, 4_000, 120)])
    row, column = (np.clip(at.astype(int), 0, HALF - 1) for at in ((NORTH - y) // CELL, (x - WEST) // CELL))
    cells = np.zeros((HALF, HALF))
    np.add.at(cells, (row, column), 1)
    return cells
