"""Do more pupils stay away where the way is longer? A table of counts, and a curve where there are events enough.

The unit is a school and band: its register's counts beside the mean minutes of its day pupils. Nothing is said of a single child.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.assess.retention import sum_terms
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from layout_planner.norms import NormSet

OUTCOMES = ("suspected", "dropped_out")
EDGES_MIN = (0.0, 15.0, 30.0, 45.0, 60.0, np.inf)
BOARDING = "boarding"
MOSTLY = 0.5
Z95 = 1.959963984540054
COEFFICIENTS = 2
STEP_MIN = 5.0
LINK_COLUMNS = ("minutes", "units", "pupils", "events", "share", "low", "high")


@dataclass(frozen=True)
class Curve:
    """A logistic curve of the share of pupils who stay away over minutes one way.

    points      DataFrame minutes, share, low, high within the minutes observed; None when it is not calibrated
    odds        odds ratio of ten minutes more with its 95 % interval
    dispersion  Pearson's chi-square over the degrees of freedom; intervals are widened by it where it is over 1
    reason      why there is no curve
    """

    points: pd.DataFrame | None
    odds: tuple[float, float, float] | None = None
    dispersion: float = np.nan
    reason: Words | None = None


def link_units(registers: pd.DataFrame, assignment: pd.DataFrame, bands: Mapping[str, tuple[int, ...]], outcome: str) -> pd.DataFrame:
    """Return one row a school and band of the latest year: pupils, events, minutes (NaN without day trips), boarding share.

    assignment : ASSIGNMENT_COLUMNS of the layout of today.
    """
    table = sum_terms(registers)
    table = table[table["year"] == table["year"].max()]
    of_band = {grade: band for band, grades in bands.items() for grade in grades}
    counted = table.assign(band=table["grade"].map(of_band)).dropna(subset=["band", outcome])
    units = counted.groupby(["school_id", "band"]).agg(pupils=("enrolled_start", "sum"), events=(outcome, "sum"))
    trips = assignment[(assignment["school_id"] != "") & (assignment["pupils"] > 0)]
    day = trips[(trips["mode"] != "board") & np.isfinite(trips["seconds"])]
    weighed = day.assign(minutes=day["seconds"] / 60 * day["pupils"]).groupby(["school_id", "band"])[["minutes", "pupils"]].sum()
    everyone = trips.groupby(["school_id", "band"])["pupils"].sum()
    boarders = trips[trips["mode"] == "board"].groupby(["school_id", "band"])["pupils"].sum()
    units["minutes"] = weighed["minutes"] / weighed["pupils"]
    units["boarding"] = boarders.reindex(everyone.index, fill_value=0) / everyone
    units = units[(units["pupils"] > 0) & units["boarding"].notna()].reset_index()
    return units.astype({"pupils": int, "events": int}).sort_values(["school_id", "band"], ignore_index=True)


def tabulate_link(units: pd.DataFrame) -> pd.DataFrame:
    """Return LINK_COLUMNS: one row a band of minutes, one for schools and bands that mostly board; 95 % Wilson intervals."""
    mostly = units["boarding"] > MOSTLY
    rows = []
    for low, high in pairwise(EDGES_MIN):
        here = units[~mostly & (units["minutes"] >= low) & (units["minutes"] < high)]
        rows.append((f"{low:.0f}-{high:.0f}" if np.isfinite(high) else f"{low:.0f}+", here))
    rows.append((BOARDING, units[mostly]))
    return pd.DataFrame([_count_row(name, here) for name, here in rows], columns=list(LINK_COLUMNS))


def _count_row(name: str, units: pd.DataFrame) -> list[object]:
    pupils, events = int(units["pupils"].sum()), int(units["events"].sum())
    return [name, len(units), pupils, events, events / pupils if pupils else np.nan, *wilson_interval(events, pupils)]


def wilson_interval(events: int, trials: int) -> tuple[float, float]:
    """Return the 95 % score interval of a share (Wilson 1927); NaN without trials."""
    if not trials:
        return np.nan, np.nan
    share, spread = events / trials, Z95**2 / trials
    middle = share + spread / 2
    half = Z95 * np.sqrt(share * (1 - share) / trials + spread / trials / 4)
    return max(0.0, float((middle - half) / (1 + spread))), min(1.0, float((middle + half) / (1 + spread)))


def fit_curve(units: pd.DataFrame, norms: NormSet) -> Curve:
    """Return the logistic curve of events over minutes, or why there is none.

    It is fitted (binomial, quasi-likelihood) only with `link.events_per_coefficient` events for each of its two coefficients and with
    `link.least_units` schools and bands of different minutes; those that mostly board are left out, and ways longer than
    `link.most_minutes` count as that long.
    """
    day = units[(units["boarding"] <= MOSTLY) & units["minutes"].notna()]
    day = day.assign(minutes=day["minutes"].clip(upper=norms.value("link.most_minutes")))
    events, least = int(day["events"].sum()), round(norms.value("link.events_per_coefficient")) * COEFFICIENTS
    spread, wanted = day["minutes"].round(6).nunique(), round(norms.value("link.least_units"))
    if events < least or int(day["pupils"].sum()) - events < least:
        return Curve(
            None, reason=Words(f"事件数{events}，少于{least}，不拟合曲线", f"{events} events, fewer than {least}: no curve is fitted")
        )
    if spread < wanted:
        text = Words(
            f"行程不同的学校学段只有{spread}个，少于{wanted}个",
            f"only {spread} schools and bands of different minutes, fewer than {wanted}",
        )
        return Curve(None, reason=text)
    try:
        from statsmodels.genmod.families import Binomial
        from statsmodels.genmod.generalized_linear_model import GLM
    except ImportError:
        text = Words(
            "未安装 statsmodels：pip install 'layout-planner[analysis]'", "statsmodels is absent: pip install 'layout-planner[analysis]'"
        )
        return Curve(None, reason=text)
    minutes = day["minutes"].to_numpy(dtype=float)
    counts = np.column_stack([day["events"], day["pupils"] - day["events"]]).astype(float)
    model = GLM(counts, np.column_stack([np.ones(len(day)), minutes]), family=Binomial())
    dispersion = _pearson(counts, model.fit().fittedvalues)
    fitted = model.fit(scale=max(1.0, dispersion))
    grid = np.unique(
        np.concatenate([[minutes.min(), minutes.max()], np.arange(np.ceil(minutes.min() / STEP_MIN) * STEP_MIN, minutes.max(), STEP_MIN)])
    )
    design = np.column_stack([np.ones(len(grid)), grid])
    middle, error = design @ fitted.params, np.sqrt(np.einsum("ij,jk,ik->i", design, fitted.cov_params(), design))
    points = pd.DataFrame(
        {"minutes": grid, "share": _logistic(middle), "low": _logistic(middle - Z95 * error), "high": _logistic(middle + Z95 * error)}
    )
    slope, wide = 10 * fitted.params[1], 10 * Z95 * fitted.bse[1]
    odds = tuple(float(np.exp(value)) for value in (slope, slope - wide, slope + wide))
    return Curve(points, (odds[0], odds[1], odds[2]), dispersion)


def _pearson(counts: np.ndarray, share: np.ndarray) -> float:
    """Return Pearson's chi-square of events against `share` over the degrees of freedom."""
    pupils = counts.sum(axis=1)
    return float(((counts[:, 0] - pupils * share) ** 2 / (pupils * share * (1 - share))).sum() / (len(counts) - COEFFICIENTS))


def _logistic(value: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-value)))
