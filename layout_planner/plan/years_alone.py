"""What a year of a plan over years must keep even by itself: money bought with so far, and nothing new for a closing in the first year.

These rows hold in every plan over years, so a bound with them counts for all of them.

Rows (names as in `years_model`)
    ..._bought_so_far    new beds and buses in use are no more, and cost no more, than the capital of every year up to this one buys
    takes_in_j_b_k_thing pupils of (j, b) today use a bed or a bus at k in the first year, if j drops b in it, only if takes[thing, k] is 1
    first_built_k_thing  and then k has none that is new
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pulp

from layout_planner.plan.capital import Prices
from layout_planner.plan.model_inputs import clean_name, total
from layout_planner.plan.years_links import BUILT_FOR, bands_at, is_candidate

if TYPE_CHECKING:
    import pandas as pd

    from layout_planner.plan.case import Case
    from layout_planner.plan.forms import Site
    from layout_planner.plan.layout import Layout
    from layout_planner.plan.model import LayoutModel
    from layout_planner.plan.model_inputs import Expression
    from layout_planner.scenario import Years

ROUNDING = 1e-9


def bind_year(case: Case, model: LayoutModel, year: int, years: Years, today: Layout) -> None:
    """Add to `model`, which is of `year` by itself, what every plan over `years` keeps."""
    _bind_money(case, model, year, years)
    if year == years.first:
        _build_first(case, model, today)


def _bind_money(case: Case, model: LayoutModel, year: int, years: Years) -> None:
    """Let no more be in use than all years up to this one could buy; what a year does not spend is lost, and things are bought whole."""
    capitals = [years.capital_of(other) for other in range(years.first, year + 1)]
    known = [capital for capital in capitals if capital is not None]
    beds, buses = list(model.new_beds.values()), list(model.new_buses.values())
    if len(known) < len(capitals) or not (beds or buses):
        return
    prices = Prices.of(case.norms)
    step = _common(prices.bed, prices.bus)
    spent = dict.fromkeys(beds, prices.bed) | dict.fromkeys(buses, prices.bus)
    limits = [("beds", dict.fromkeys(beds, prices.bed), prices.bed), ("buses", dict.fromkeys(buses, prices.bus), prices.bus)]
    for name, used, unit in [*limits, ("things", spent, step)]:
        if used:
            most = unit * sum(math.floor(capital / unit + ROUNDING) for capital in known)
            model.problem.addConstraint(pulp.LpAffineExpression(used) <= most, f"{name}_bought_so_far")


def _common(first: float, second: float) -> float:
    """Return the largest sum of which both prices are multiples, a hundredth of a yuan at least."""
    return math.gcd(round(100 * first), round(100 * second)) / 100


def _build_first(case: Case, model: LayoutModel, today: Layout) -> None:
    drops = {
        (site.school_id, band): drop
        for site in case.sites
        if not is_candidate(site)
        for band in sorted(bands_at(site, site.form_today))
        if len(drop := _drop(model, site, band)) or drop.constant > 0
    }
    takes: dict[tuple[str, str], pulp.LpVariable] = {}
    for mode, thing in BUILT_FOR.items():
        new = getattr(model, f"new_{thing}")
        for (j, band, k), places in _ways_out(model.options, today, mode).items():
            if (j, band) not in drops or k not in new:
                continue
            name = f"{clean_name(k)}_{thing}"
            if (thing, k) not in takes:
                takes[thing, k] = model.problem.add_variable(f"takes_{name}", cat="Binary")
                model.problem.addConstraint(new[k] <= new[k].upBound * (1 - takes[thing, k]), f"first_built_{name}")
            pupils = total(model.pupils, places)
            most = sum(variable.upBound for variable in pupils)
            row = pupils <= most * (takes[thing, k] + 1 - drops[j, band])
            model.problem.addConstraint(row, f"takes_in_{clean_name(j)}_{clean_name(band)}_{name}")


def _drop(model: LayoutModel, site: Site, band: str) -> Expression:
    """Return 1 where the site no longer teaches the band, else 0."""
    if site.decided:
        return pulp.LpAffineExpression(constant=float(band not in site.bands[site.forms[0]]))
    return 1 - pulp.lpSum(model.form[site.school_id, form] for form in site.forms if band in site.bands[form])


def _ways_out(options: pd.DataFrame, today: Layout, mode: str) -> dict[tuple[str, str, str], list[int]]:
    """Return by (school attended today, band, other school) the options of `mode` to the other."""
    now = today.assignment[["settlement_id", "band", "school_id"]].astype(str).drop_duplicates()
    now = now[now["school_id"] != ""].rename(columns={"school_id": "left"})
    ways = options.loc[options["mode"] == mode, ["settlement_id", "band", "school_id"]].astype(str).rename_axis("option").reset_index()
    both = ways.merge(now, on=["settlement_id", "band"])
    both = both[both["school_id"] != both["left"]].sort_values("option")
    found: dict[tuple[str, str, str], list[int]] = {}
    for left, band, school_id, option in both[["left", "band", "school_id", "option"]].itertuples(index=False, name=None):
        found.setdefault((left, band, school_id), []).append(option)
    return found
