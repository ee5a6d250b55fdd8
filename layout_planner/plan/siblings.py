"""Brothers and sisters of primary age at one school: counted by settlement and band, since no table names families."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from layout_planner.county.tables import FORM_GRADES

if TYPE_CHECKING:
    import pandas as pd

    from layout_planner.plan.forms import Bands
    from layout_planner.plan.layout import Layout


def sibling_bands(bands: Bands, schools: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the bands of primary age that follow each other, where some school teaches the grades of both."""
    primary = sorted((grades, band) for band, grades in bands.items() if set(grades) <= set(FORM_GRADES["primary"]))
    taught = [set(grades) for grades in schools["grades"]]
    return [(one, other) for (low, one), (high, other) in pairwise(primary) if any({*low, *high} <= grades for grades in taught)]


def split_siblings(layout: Layout, bands: Bands, schools: pd.DataFrame) -> float:
    """Return the pupils whose brothers and sisters in the band beside go to another school, summed over settlements.

    Of a settlement's two bands the share that goes to each school is compared: what both send to the same school is together. The rest
    of the smaller band counts, as if each of its pupils had a brother or sister in the other: the most there can be. Pupils without a
    school are with nobody.
    """
    trips = layout.assignment
    goes: dict[tuple[str, str], Counter[str]] = {}
    columns = (trips[c].tolist() for c in ("settlement_id", "band", "school_id", "pupils"))
    for home, band, school, pupils in zip(*columns, strict=True):
        goes.setdefault((home, band), Counter())[school] += pupils
    apart = 0.0
    for one, other in sibling_bands(bands, schools):
        for home in sorted({home for home, _ in goes}):
            first, second = goes.get((home, one), Counter()), goes.get((home, other), Counter())
            sizes = first.total(), second.total()
            if all(sizes):
                together = sum(min(count / sizes[0], second[school] / sizes[1]) for school, count in first.items() if school)
                apart += min(sizes) * (1 - together)
    return apart
