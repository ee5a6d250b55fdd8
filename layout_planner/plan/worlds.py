"""Trips with roads mended: today's trips measured again, and options that several states of the roads share."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.county.model import Note
from layout_planner.travel.options import measure_ends, measure_mode
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from layout_planner.norms import NormSet
    from layout_planner.plan.case import Case
    from layout_planner.plan.layout import Layout
    from layout_planner.scenario import Plan

SHOWN_YUAN = 10_000
DECIMALS = 3  # seconds, metres and yuan that differ by less are one trip: two searches may add up in another order


def offered_sets(plan: Plan) -> Iterator[tuple[str, ...]]:
    """Yield every set of road fixes that the plan may take, but none at all; ids sorted."""
    ids = sorted(fix.id for fix in plan.road_fixes)
    for size in range(1, len(ids) + 1):
        yield from combinations(ids, size)


def road_yuan(plan: Plan, fixes: Sequence[str]) -> float:
    """Yuan, once, of the road fixes named."""
    return sum(fix.cost_yuan for fix in plan.road_fixes if fix.id in fixes)


def road_yuan_a_year(plan: Plan, norms: NormSet, fixes: Sequence[str]) -> float:
    """Yuan a year of the road fixes named, spread over the life of a mended road."""
    return road_yuan(plan, fixes) / norms.value("cost.road_life_years")


def measure_again(case: Case, assignment: pd.DataFrame) -> pd.DataFrame:
    """Return `assignment` with the seconds, metres and yuan of its trips as `case` measures them."""
    trips = assignment.copy()
    rows, columns = (
        index.get_indexer(pd.Index(trips[column]))
        for index, column in ((case.travel.settlements, "settlement_id"), (case.travel.schools, "school_id"))
    )
    kinds = trips[["band", "mode"]].astype(str).agg("\n".join, axis=1)
    for kind in sorted(set(kinds[trips["school_id"] != ""])):
        band, mode = kind.split("\n")
        part = ((kinds == kind) & (trips["school_id"] != "")).to_numpy()
        at, grades = (rows[part], columns[part]), case.scenario.bands[band]
        seconds, metres, cost, _ = measure_mode(mode, case.travel, case.county.schools, case.norms, case.scenario.travel, grades)
        ends = measure_ends(mode, case.travel, case.norms, case.scenario.travel, grades, at)
        found = {"seconds": seconds[at], "metres": metres[at], "optimistic_s": ends[0], "pessimistic_s": ends[1]}
        for name, values in {**found, "cost_yuan": cost[at] * trips.loc[part, "pupils"].to_numpy()}.items():
            trips.loc[part, name] = values
    return trips


def join_worlds(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the options of all states of the roads, each once, with the states in which it is so (`worlds`), in a fixed order."""
    pooled = pd.concat([table.assign(world=k) for k, table in enumerate(tables)], ignore_index=True)
    alike = pooled.drop(columns=["world"])
    numbers = alike.select_dtypes("number").columns
    alike[numbers] = alike[numbers].round(DECIMALS)
    group = alike.groupby(list(alike.columns), sort=False, dropna=False).ngroup().to_numpy()
    first = np.unique(group, return_index=True)[1]
    worlds = pooled.groupby(group)["world"].agg(tuple)
    joined = pooled.iloc[first].drop(columns=["world"]).assign(worlds=worlds.to_list())
    return joined.sort_values(["settlement_id", "band", "school_id", "mode", "worlds"], ignore_index=True)


def note_roads(case: Case, plan: Layout) -> tuple[Note, ...]:
    """Return a note on the roads that the plan mends, with what they cost once; nothing where the scenario offers none."""
    offered = case.scenario.plan.road_fixes
    if not offered:
        return ()
    chosen = [fix for fix in offered if fix.id in plan.fixes]
    yuan = road_yuan(case.scenario.plan, plan.fixes)
    names = Words("、".join(fix.name.zh for fix in chosen), ", ".join(fix.name.en for fix in chosen))
    told = (
        Words(
            f"方案整治或新建的道路：{names.zh}，一次性投入{yuan / SHOWN_YUAN:.1f}万元；路修好验收前，不得据此撤并",
            f"roads that the plan mends or builds: {names.en}, {yuan:,.0f} yuan once; nothing may be merged for them before they stand",
        )
        if chosen
        else Words("情景提供的道路整治都不值得做", "none of the road fixes that the scenario offers is worth it")
    )
    return (Note("road_fixes", told, len(chosen)),)
