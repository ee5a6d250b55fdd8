"""The groups that stand first, counted by township from the county's own table: the same in every scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layout_planner.assess.groups import GROUPS

if TYPE_CHECKING:
    import pandas as pd

    from layout_planner.county.model import County


def sum_townships(county: County) -> pd.DataFrame:
    """Return the pupils of every known group in the table's year: index township, one int column a group.

    Nothing of a scenario enters, so that publications of two scenarios hold the same counts and hide the same ones.
    """
    settlements = county.settlements
    township = settlements["township"].fillna("").astype(str) if "township" in settlements else settlements["name"].map(lambda _: "")
    known = [group for group in GROUPS if group in settlements]
    return settlements[known].fillna(0).astype(int).groupby(township.rename("township")).sum().sort_index()
