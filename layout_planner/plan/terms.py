"""The value of every term of a plan, read off a layout: whatever the objective, all of them are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from layout_planner.plan.capital import capital_yuan
from layout_planner.plan.choices import judge_trips
from layout_planner.plan.enrolment import lacking_pupils
from layout_planner.plan.goals import DAILY, TENTH, group_pupils
from layout_planner.plan.model import UNSERVED_WEIGHT, weigh_over
from layout_planner.plan.siblings import split_siblings
from layout_planner.plan.worlds import road_yuan, road_yuan_a_year

if TYPE_CHECKING:
    from layout_planner.plan.case import Case
    from layout_planner.plan.goals import Times
    from layout_planner.plan.layout import Layout


def list_terms(case: Case, layout: Layout, today: Layout, times: Times | None = None) -> dict[str, float]:
    """Return the terms of `layout` that no figure of the solver tells, by name.

    times : what the goal on times reached, for its bound

    Minutes are those of daily trips; `p90_minutes.<band>` is what nine in ten day pupils of a band stay within.
    """
    return {
        "capital_yuan": capital_yuan(case.county.schools, case.norms, today, layout) + road_yuan(case.scenario.plan, layout.fixes),
        "split_siblings": split_siblings(layout, case.scenario.bands, case.county.schools),
        "worst_minutes": max(measure_groups(case, layout, "county", 0.0).values(), default=0.0),
        **{f"p90_minutes.{band}": minutes for band, minutes in measure_groups(case, layout, "band", TENTH).items()},
        **({"roads_yuan": road_yuan_a_year(case.scenario.plan, case.norms, layout.fixes)} if case.scenario.plan.road_fixes else {}),
        **({"lacking_pupils": float(sum(lacking_pupils(case, layout).values()))} if case.scenario.plan.min_enrolment else {}),
    } | ({} if times is None else _tell_times(case, layout, times))


def _tell_times(case: Case, layout: Layout, times: Times) -> dict[str, float]:
    plan = case.scenario.plan
    by = plan.p90_by if plan.objective == "p90" else "county"
    longest = max(measure_groups(case, layout, by, times.goal.left_out).values(), default=0.0)
    return {"goal_minutes": longest, "goal_minutes_bound": times.bound / 60}


def describe_layout(case: Case, layout: Layout, today: Layout) -> dict[str, float]:
    """Return the terms of a layout that are figures of `compare.MEASURES` and that only the whole case tells."""
    trips = layout.assignment
    served = trips[trips["mode"] != "unserved"]
    told = list_terms(case, layout, today)
    return {
        "at_risk_weighted": weigh_risk(case, layout),
        "pupil_minutes": float((served["pupils"] * served["seconds"]).sum() / 60),
        "split_siblings": told["split_siblings"],
        "capital_yuan": told["capital_yuan"],
    }


def weigh_risk(case: Case, layout: Layout) -> float:
    """Return the pupils at risk under `layout`, each weighing 1 and the share by which the trip is over its limit."""
    trips = judge_trips(case.where(layout.fixes), layout)
    lost = trips["mode"] == "unserved"
    late = trips[~lost & ~trips["within_norms"]]
    return float((weigh_over(late) * late["pupils"]).sum() + UNSERVED_WEIGHT * trips.loc[lost, "pupils"].sum())


def measure_groups(case: Case, layout: Layout, by: str, left_out: float) -> dict[str, float]:
    """Return, by group, the minutes that all but the share `left_out` of its day pupils stay within; pupils without a way are left out."""
    trips = layout.assignment[layout.assignment["mode"].isin(DAILY)]
    group_of = group_pupils(case, by)
    groups = [group_of[str(i), str(band)] for i, band in zip(trips["settlement_id"], trips["band"], strict=True)]
    found = {}
    for group, part in trips.groupby(groups):
        rows = part.sort_values("seconds", kind="stable")
        reached = rows["pupils"].to_numpy(dtype=float).cumsum()
        at = np.searchsorted(reached, (1 - left_out) * reached[-1] - 1e-9)
        found[str(group)] = float(rows["seconds"].to_numpy()[at] / 60)
    return found
