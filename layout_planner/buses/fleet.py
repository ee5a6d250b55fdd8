"""The kinds of buses that runs may use: those of the fleet table, else the stock bus of the norm set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from layout_planner.errors import Problem, raise_problems
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from layout_planner.county.model import County
    from layout_planner.norms import NormSet

STOCK = "stock"


@dataclass(frozen=True)
class Kind:
    """One kind of bus.

    seats   for pupils: driver and attendant are taken off
    yuan    a bus a year
    number  how many there are; None = as many as are needed
    overnight  where they stand: "" = at their first stop, in the driver's village; `school`; or the id of a settlement or school
    """

    kind_id: str
    seats: int
    yuan: int
    number: int | None
    overnight: str = ""


def list_kinds(county: County, norms: NormSet) -> list[Kind]:
    """Return the kinds of buses, the smallest first.

    Raises
    ------
    InputError : a bus of the fleet table has no seat for a pupil, or more people than the norm set allows.
    """
    stock = Kind(STOCK, int(norms.value("bus.stock_seats")), int(norms.value("cost.bus_yuan")), None)
    if county.fleet is None or county.fleet.empty:
        return [stock]
    check_fleet(county.fleet, norms)
    staff = 1 + int(norms.value("bus.attendant"))
    kinds = [
        Kind(
            str(kind_id),
            int(row["seats"]) - staff,
            stock.yuan if pd.isna(row["yearly_yuan"]) else int(row["yearly_yuan"]),
            None if pd.isna(row["number"]) else int(row["number"]),
            str(row.get("overnight", "")),
        )
        for kind_id, row in county.fleet.iterrows()
    ]
    return sorted(kinds, key=lambda kind: (kind.seats, kind.yuan, kind.kind_id))


def price_buses(kinds: Sequence[Kind]) -> dict[tuple[int, str], int]:
    """Return yuan a year of the cheapest bus by its seats and where it stands overnight."""
    price: dict[tuple[int, str], int] = {}
    for kind in kinds:
        key = kind.seats, kind.overnight
        price[key] = min(kind.yuan, price.get(key, kind.yuan))
    return price


def check_fleet(fleet: pd.DataFrame, norms: NormSet) -> None:
    """Refuse buses that carry no pupil or more people than allowed, all at once."""
    staff, largest = 1 + int(norms.value("bus.attendant")), norms.find("bus.capacity_max")
    faults = []
    for kind_id, row in fleet.iterrows():
        if not int(row["seats"]) > staff:
            what = Words(
                f"核载{row['seats']}人，除驾驶员和照管人员外没有学生座位", f"for {row['seats']} people: no seat is left for a pupil"
            )
            faults.append(Problem("fleet", what, Words("改正核载人数", "correct the number of people"), column="seats", value=str(kind_id)))
        elif largest is not None and not int(row["seats"]) <= largest.value:
            what = Words(f"核载{row['seats']}人，超过{largest.value:.0f}人", f"for {row['seats']} people, more than {largest.value:.0f}")
            hint = Words(f"换用合规车型（{largest.cite()}）", f"use a bus within the limit ({largest.cite()})")
            faults.append(Problem("fleet", what, hint, column="seats", value=str(kind_id)))
    raise_problems(faults)
