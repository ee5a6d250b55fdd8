"""Rows of the layout model that keep children safe: who is made worse off, and when a site may close."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.plan.model_inputs import Expression, clean_name, pupils_by_group

if TYPE_CHECKING:
    import pulp

    from layout_planner.plan.model_inputs import ByGroup, Inputs, Teaching, Variables

LONGER_S = 1.0


def add_harm(
    problem: pulp.LpProblem,
    given: Inputs,
    pupils: Variables,
    unserved: ByGroup,
    at_risk_of: dict[tuple[str, str], Expression],
) -> Expression:
    """Return the pupils made worse off: newly at risk, and once more where the way grows longer or ends."""
    harm: dict[pulp.LpVariable, float] = {slack: 1 for key, slack in unserved.items() if np.isfinite(given.baseline.worst_s.get(key, 0.0))}
    for (i, band), at_risk in at_risk_of.items():
        harmed = problem.add_variable(f"harmed_{clean_name(i)}_{clean_name(band)}", 0)
        problem += harmed >= at_risk - given.baseline.at_risk.get((i, band), 0), f"harm_{clean_name(i)}_{clean_name(band)}"
        harm[harmed] = 1
    columns = (given.options[c].tolist() for c in ("settlement_id", "band", "seconds", "within_norms"))
    for o, (i, band, seconds, fits) in enumerate(zip(*columns, strict=True)):
        if not fits and seconds > given.baseline.worst_s.get((i, band), 0.0) + LONGER_S:
            harm[pupils[o]] = 1
    return Expression(harm)


def add_ordered_harm(
    problem: pulp.LpProblem,
    given: Inputs,
    pupils: Variables,
    unserved: ByGroup,
    teaches: Teaching,
) -> Expression:
    """Return the pupils of sites closed by order who come late on a slow day only, and those newly cut off, once a bad day."""
    moved = {(i, band) for (i, band), sites in given.baseline.attends.items() if any((j, band) not in teaches for j in sites if j)}
    harm: dict[pulp.LpVariable, float] = {}
    columns = (given.options[c].tolist() for c in ("settlement_id", "band", "within_norms", "within_slow"))
    for o, (i, band, fits, fits_slow) in enumerate(zip(*columns, strict=True)):
        if (i, band) in moved and fits and not fits_slow:
            harm[pupils[o]] = 1
    for (i, band, day), more in _newly_cut_off(given, pupils, unserved).items():
        if (i, band) in moved:
            name = f"{clean_name(i)}_{clean_name(band)}_{clean_name(day)}"
            cut = problem.add_variable(f"cut_{name}", 0)
            problem += cut >= more, f"late_{name}"
            harm[cut] = 1
    return Expression(harm)


def add_holding(
    problem: pulp.LpProblem,
    given: Inputs,
    pupils: Variables,
    unserved: ByGroup,
    teaches: Teaching,
) -> None:
    """Let an undecided site close only if none of its pupils is newly cut off on a bad day."""
    undecided = {site.school_id for site in given.sites if not site.decided}
    for (i, band, day), more in _newly_cut_off(given, pupils, unserved).items():
        for j in sorted(given.baseline.attends.get((i, band), set()) & undecided):
            name = f"hold_close_{clean_name(i)}_{clean_name(band)}_{clean_name(j)}_{clean_name(day)}"
            problem += more <= given.demand[i, band] * teaches.get((j, band), 0), name


def add_safe_closing(problem: pulp.LpProblem, given: Inputs, teaches: Teaching, unsafe_of: dict[tuple[str, str], Expression]) -> None:
    """Let an undecided site close only if none of its pupils is then unserved or late, on a slow day either."""
    undecided = {site.school_id for site in given.sites if not site.decided}
    for (i, band), unsafe in unsafe_of.items():
        for j in sorted(given.baseline.attends.get((i, band), set()) & undecided):
            name = f"safe_close_{clean_name(i)}_{clean_name(band)}_{clean_name(j)}"
            problem += unsafe <= given.demand[i, band] * teaches.get((j, band), 0), name


def _newly_cut_off(given: Inputs, pupils: Variables, unserved: ByGroup) -> dict[tuple[str, str, str], Expression]:
    """Return, by (settlement, band, bad day), by how many more pupils are cut off than today; negative where they are fewer."""
    more: dict[tuple[str, str, str], Expression] = {}
    for day in sorted(given.case.bad_days):
        lost = pd.Series([day in days for days in given.options["cut_off_on"]], dtype=bool)
        by_group = pupils_by_group(given, pupils, unserved, lost)
        more |= {(*key, day): row - given.baseline.cut_off[*key, day] for key, row in by_group.items() if len(row) > 1}
    return more
