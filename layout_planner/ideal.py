"""How short ways to school could be at best with so many schools: what no layout can beat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.errors import Problem, raise_problems
from layout_planner.location import Limits, solve_p_median
from layout_planner.pipeline import ground_of
from layout_planner.plan.forms import sites_by_band
from layout_planner.sweep import Question
from layout_planner.travel.options import measure_mode
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from layout_planner.pipeline import OnStep

    Floats = NDArray[np.float64]

DAILY = ("walk", "bus", "school_bus")
IDEAL_COLUMNS = ("sites", "mean_minutes", "bound_minutes", "worst_minutes", "proven", "unreached", "open")


def study_sites(
    source: str | Path,
    band: str,
    counts: Sequence[int],
    *,
    modes: Sequence[str] = DAILY,
    data_dir: str | Path | None = None,
    on_step: OnStep | None = None,
) -> pd.DataFrame:
    """Return for every number of sites in `counts` the shortest ways of `band` that any choice of so many sites allows (a p-median).

    Every pupil comes daily to the quickest open site by the quickest of `modes`; rides outside the norms do not count, walks do, however
    long. Seats, classes, money, and where pupils go today are left out: no layout that brings everybody daily to as many schools has a
    lower mean than `bound_minutes`.

    Returns
    -------
    DataFrame with IDEAL_COLUMNS : mean_minutes and worst_minutes one way, infinite where no choice of so many sites reaches everybody who
    can be reached at all; proven, no choice is better; unreached, pupils whom no site reaches, left out of the minutes; open, ids

    Raises
    ------
    InputError : faults in the scenario or its files, a band, mode or number of sites that cannot be.
    """
    scenario, norms, ground = ground_of(source, data_dir=data_dir, on_step=on_step)
    case = Question.of(scenario, norms, ground).case
    travel = ground.travel
    able = sites_by_band(case.sites, scenario).get(band, set())
    columns = [place for place, school_id in enumerate(travel.schools) if school_id in able]
    _refuse_askew(source, band, (len(columns), counts, modes), list(scenario.bands))
    minutes = np.full((len(travel.settlements), len(columns)), np.inf)
    for mode in modes:
        seconds, _, _, fits = measure_mode(mode, travel, ground.county.schools, norms, scenario.travel, scenario.bands[band])
        minutes = np.minimum(minutes, np.where(fits | (mode == "walk"), seconds, np.inf)[:, columns] / 60)
    pupils = case.demand[band].reindex(list(travel.settlements)).fillna(0).to_numpy(dtype=float)
    reached = np.isfinite(minutes).any(axis=1) & (pupils > 0)
    ids = np.array(travel.schools)[columns]
    limits = Limits(time_limit_s=scenario.solver.time_limit_s, seed=scenario.solver.seed)
    rows = [_solve(count, minutes[reached], pupils[reached], ids, limits) for count in counts]
    return pd.DataFrame(rows).assign(unreached=int(pupils[~reached].sum()))[list(IDEAL_COLUMNS)]


def _solve(count: int, minutes: Floats, pupils: Floats, ids: NDArray[np.str_], limits: Limits) -> dict[str, object]:
    """Return one row of the table but for `unreached`."""
    if not len(minutes):
        return {"sites": count, "mean_minutes": 0.0, "bound_minutes": 0.0, "worst_minutes": 0.0, "proven": True, "open": ""}
    found = solve_p_median(minutes, count, pupils, limits=limits)
    known = np.isfinite(found.value)
    return {
        "sites": count,
        "mean_minutes": found.value / pupils.sum(),
        "bound_minutes": found.bound / pupils.sum(),
        "worst_minutes": float(minutes[np.arange(len(minutes)), found.assignment].max()) if known else np.inf,
        "proven": found.proven,
        "open": ",".join(sorted(str(school_id) for school_id in ids[found.open])),
    }


def _refuse_askew(source: str | Path, band: str, asked: tuple[int, Sequence[int], Sequence[str]], bands: list[str]) -> None:
    """Refuse a band or mode that there is not, and numbers of sites that cannot be; `asked` is sites that could teach, counts, modes."""
    able, counts, modes = asked
    faults: list[Problem] = []
    if band not in bands:
        what, hint = Words("情景中没有这个学段", "the scenario has no such band"), Words("见 [bands]", "see [bands]")
        faults.append(Problem(str(source), what, hint, column="band", value=band, expected=Words(", ".join(bands), ", ".join(bands))))
    elif not counts or not all(1 <= count <= able for count in counts):
        what = Words("不可能开这么多所", "so many sites cannot be open")
        hint = Words(f"取 1 到 {able}，即可以办该学段的点数", f"ask for 1 to {able}, the sites that could teach the band")
        faults.append(Problem(str(source), what, hint, column="counts", value=", ".join(str(count) for count in counts)))
    if not modes or not set(modes) <= set(DAILY):
        what, hint = Words("没有这种每日通学方式", "no such way of coming daily"), Words("见 DAILY", "see DAILY")
        faults.append(
            Problem(str(source), what, hint, column="modes", value=", ".join(modes), expected=Words(", ".join(DAILY), ", ".join(DAILY)))
        )
    raise_problems(faults)
