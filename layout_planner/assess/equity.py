"""How evenly the way to school is spread: minutes one way by band, township and group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.assess.groups import PART, share_groups

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from layout_planner.county.model import County

    Floats = NDArray[np.float64]

EQUITY_COLUMNS = (
    "by",  # county | band | group | township
    "key",  # "" for the county, else the band, group or township
    "pupils",  # int, boarders included
    "boarders",  # int; they travel weekly and are in no figure of minutes
    "without_way",  # int, day pupils without a trip; their minutes are endless
    "mean_s",  # float, of day pupils who have a trip
    "median_s",  # float, of all day pupils; np.inf where half have no trip
    "p90_s",  # float, the same for nine in ten
    "worst_s",  # float, np.inf where anyone has no trip
    "worst_settlement",  # id of where that is; "" when there are no day pupils
    "at_risk_share",  # float 0..1, of all pupils
    "gini",  # float 0..1, of the minutes of day pupils who have a trip
    "palma",  # float, minutes of the tenth with the longest ways over those of the four tenths with the shortest
)
TOP, BOTTOM = 0.1, 0.4


def gini(values: Floats, weights: Floats) -> float:
    """Return the Gini coefficient: half the mean difference of two pupils drawn at random, over the mean; 0 for no pupils.

    Sorted ascending with running sums s of weight * value: G = 1 - sum(w_i * (s_i + s_{i-1})) / (w * s).
    """
    order = np.argsort(values, kind="stable")
    weight = weights[order]
    running = np.cumsum(weight * values[order])
    if not len(running) or not running[-1] > 0:
        return 0.0
    before = np.concatenate([[0.0], running[:-1]])
    return float(1 - (weight * (running + before)).sum() / (weight.sum() * running[-1]))


def quantile(values: Floats, weights: Floats, share: float) -> float:
    """Return the least value that at least `share` of the weight does not exceed; 0 for no weight, `np.inf` where values are endless."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    if not len(reached) or not reached[-1] > 0:
        return 0.0
    return float(values[order][np.searchsorted(reached, share * reached[-1] - 1e-9)])


def palma(values: Floats, weights: Floats) -> float:
    """Return the sum of the values of the top tenth over that of the lowest four tenths; 0 where there is none."""
    order = np.argsort(values, kind="stable")
    share = np.concatenate([[0.0], np.cumsum(weights[order])])
    amount = np.concatenate([[0.0], np.cumsum(weights[order] * values[order])])
    if not share[-1] > 0:
        return 0.0
    low, high = np.interp([BOTTOM * share[-1], (1 - TOP) * share[-1]], share, amount)
    return float((amount[-1] - high) / low) if low > 0 else 0.0


def measure_equity(trips: pd.DataFrame, risk: pd.DataFrame, groups: pd.DataFrame, county: County, bands: Iterable[str]) -> pd.DataFrame:
    """Return one row (EQUITY_COLUMNS) for the county, every band, group and township, in this order.

    Parameters
    ----------
    trips : a layout's assignment.
    risk : RISK_COLUMNS of the same layout.
    groups : pupils of the groups by settlement, see `groups.count_groups`; their parts are estimates.
    bands : the bands in the order of the rows.
    """
    table = share_groups(trips, groups)
    table["at_risk"] = table.set_index(PART).index.isin(risk.set_index(PART).index)
    township = county.settlements["township"] if "township" in county.settlements else pd.Series("", index=county.settlements.index)
    table["township"] = township.reindex(table["settlement_id"]).fillna("").to_numpy()
    rows = [(by, key, *_figures(part, weights)) for by, key, part, weights in _parts(table, [str(group) for group in groups], bands)]
    return pd.DataFrame(rows, columns=list(EQUITY_COLUMNS))


def _parts(table: pd.DataFrame, groups: list[str], bands: Iterable[str]) -> Iterator[tuple[str, str, pd.DataFrame, Floats]]:
    """Yield kind, key, rows and their pupils for every row of the result."""
    pupils = table["pupils"].to_numpy(dtype=float)
    yield "county", "", table, pupils
    for by, keys in (("band", list(bands)), ("group", groups), ("township", sorted(set(table["township"]) - {""}))):
        for key in keys:
            if by == "group":
                yield by, key, table, table[key].to_numpy(dtype=float)
                continue
            held = (table[by] == key).to_numpy()
            yield by, key, table[held], pupils[held]


def _figures(table: pd.DataFrame, weights: Floats) -> tuple[object, ...]:
    held = weights > 0
    table, weights = table[held], weights[held]
    daily = (table["mode"] != "board").to_numpy()
    seconds, day = table["seconds"].to_numpy(dtype=float)[daily], weights[daily]
    ends = np.isfinite(seconds)
    total = float(weights.sum())
    mean = float(np.average(seconds[ends], weights=day[ends])) if ends.any() else 0.0
    worst = int(np.argmax(seconds)) if len(seconds) else -1
    return (
        int(total),
        int(total - day.sum()),
        int(day[~ends].sum()),
        mean,
        quantile(seconds, day, 0.5),
        quantile(seconds, day, 0.9),
        float(seconds[worst]) if worst >= 0 else 0.0,
        str(table["settlement_id"].to_numpy()[daily][worst]) if worst >= 0 else "",
        float(weights[table["at_risk"].to_numpy(dtype=bool)].sum() / total) if total else 0.0,
        gini(seconds[ends], day[ends]),
        palma(seconds[ends], day[ends]),
    )
