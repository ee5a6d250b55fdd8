"""The layout that a solution of the model stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.plan.costs import tabulate_sites
from layout_planner.plan.forms import CLOSED
from layout_planner.plan.layout import ASSIGNMENT_COLUMNS, Layout

if TYPE_CHECKING:
    import pulp

    from layout_planner.plan.case import Case
    from layout_planner.plan.model import LayoutModel

    Values = dict[pulp.LpVariable, float]

HALF = 0.5


def read_layout(case: Case, model: LayoutModel, values: Values) -> Layout:
    """Return the layout of `values` in whole pupils; `case` with the sites that `model` was made of."""
    assignment = _read_assignment(model, values)
    taught = {}
    for site in case.sites:
        chosen = next((f for f in site.forms if not site.decided and values[model.form[site.school_id, f]] > HALF), site.forms[0])
        taught[site.school_id] = (chosen, site.bands[chosen])
    built = {}
    for school_id, buses_today in case.county.schools["buses"].items():
        j = str(school_id)
        existing = 0 if taught[j][0] == CLOSED else int(buses_today)
        beds, buses = (round(values[group[j]]) if j in group else 0 for group in (model.new_beds, model.new_buses))
        built[j] = (beds, existing + buses)
    mended = next((fixes for fixes, variable in model.roads.items() if values[variable] > HALF), ())
    return Layout(tabulate_sites(case, taught, assignment, built), assignment, mended)


def _read_assignment(model: LayoutModel, values: Values) -> pd.DataFrame:
    counts = np.rint([values[variable] for variable in model.pupils]).astype(int)
    chosen = model.options.loc[counts > 0].copy()
    chosen["pupils"] = counts[counts > 0]
    chosen["cost_yuan"] *= chosen["pupils"]
    left = [
        (i, band, "", "unserved", round(values[variable]), np.inf, np.inf, 0.0, np.inf, np.inf)
        for (i, band), variable in model.unserved.items()
        if round(values[variable]) > 0
    ]
    rows = [chosen[list(ASSIGNMENT_COLUMNS)]]
    if left:
        rows.append(pd.DataFrame(left, columns=list(ASSIGNMENT_COLUMNS)))
        rows = [part for part in rows if len(part)]  # columns of an empty table hold any kind of value
    return pd.concat(rows, ignore_index=True).sort_values(["settlement_id", "band", "school_id", "mode"], ignore_index=True)
