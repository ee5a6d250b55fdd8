"""The travel map: how long the way to the nearest school of a band is, village by village, on foot and by school bus."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from layout_planner.names import name_band, name_mode, name_place
from layout_planner.output.sketch import Dot, Sketch, SketchView, write_sketch
from layout_planner.output.trip_pages import say_limit
from layout_planner.travel.options import measure_ends, measure_mode, travel_limit_m, travel_limit_s
from layout_planner.words import Words

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from layout_planner.county.model import County
    from layout_planner.norms import NormSet
    from layout_planner.scenario import Scenario
    from layout_planner.travel.model import TravelTimes
    from layout_planner.words import Lang

STEPS = (  # up to this share of the limit: shape, colour, words
    (0.5, "circle", "#2c7fb8", Words("不到上限的一半", "up to half the limit")),
    (1.0, "circle", "#9ecae1", Words("不超过上限", "within the limit")),
    (1.5, "triangle", "#E69F00", Words("超过上限不到一半", "over it by up to half")),
    (np.inf, "diamond", "#B2182B", Words("超过上限一半以上", "over it by more than half")),
)
NEVER = ("cross", "#000000", Words("不可达", "no way"))
SHOWN_MODES = ("walk", "school_bus")


def write_travel_map(county: County, travel: TravelTimes, norms: NormSet, scenario: Scenario, path: Path, lang: Lang) -> None:
    """Write one page with a view for every band and mode: each village by the time to the nearest school that teaches the band now.

    Raises
    ------
    OutputError : the folder cannot be written.
    """
    modes = SHOWN_MODES if county.lines is None else (*SHOWN_MODES, "bus")
    views = [_view(county, travel, norms, scenario, band, mode) for band in scenario.bands for mode in modes]
    title = Words("到最近学校的时间", "Time to the nearest school")
    subtitle = Words(f"{scenario.title.zh} · {norms.title.zh}", f"{scenario.title.en} · {norms.title.en}")
    write_sketch(Sketch(title, subtitle, tuple(views)), county, path, lang)


def _view(county: County, travel: TravelTimes, norms: NormSet, scenario: Scenario, band: str, mode: str) -> SketchView:
    grades = scenario.bands[band]
    teaching = np.array([set(grades) <= set(taught) for taught in county.schools["grades"]]) & ~county.schools["candidate"].to_numpy(
        dtype=bool
    )
    seconds, metres = measure_mode(mode, travel, county.schools, norms, scenario.travel, grades)[:2]
    seconds = np.where(teaching[None, :], seconds, np.inf)
    nearest, least = seconds.argmin(axis=1), seconds.min(axis=1)
    limits = travel_limit_s(norms, grades, mode), travel_limit_m(norms, grades, mode)
    limit = say_limit(*limits)
    at_nearest = (np.arange(len(nearest)), nearest)
    far = metres[at_nearest] / limits[1] if np.isfinite(limits[1]) else 0.0  # inf / inf is no share
    share = np.maximum(least / limits[0], far)
    ends = measure_ends(mode, travel, norms, scenario.travel, grades, at_nearest)
    dots = [_school_dot(row) for _, row in county.schools[teaching].iterrows()]
    dots += [
        _village_dot(row, county.schools.iloc[at], tuple(map(float, times)), float(part), limit)
        for (_, row), at, part, *times in zip(county.settlements.iterrows(), nearest, share, least, *ends, strict=True)
    ]
    over = int((~(share <= 1)).sum())
    who, how = name_band(band, grades), name_mode(mode)
    lead = Words(
        f"{who.zh}{how.zh}：{len(least)}个居民点中有{over}个到最近学校超过{limit.zh}",
        f"{who.en} {how.en}: {over} of {len(least)} settlements are more than {limit.en} from the nearest school",
    )
    keys = (*((kind, color, words) for _, kind, color, words in STEPS), NEVER, ("square", "#ffffff", Words("学校", "school")))
    return SketchView(Words(f"{who.zh}，{how.zh}", f"{who.en}, {how.en}"), lead, dots=tuple(dots), keys=keys)


def _school_dot(row: pd.Series) -> Dot:
    return Dot(row["geometry"], "square", "#ffffff", name_place(row), size=5.5)


def _village_dot(row: pd.Series, school: pd.Series, times: tuple[float, ...], share: float, limit: Words) -> Dot:
    """Return the village; `times` are the seconds as expected, at best and on a slow day."""
    seconds, low, high = times
    if not np.isfinite(seconds):
        return Dot(row["geometry"], NEVER[0], NEVER[1], name_place(row), (NEVER[2],), size=4.5)
    kind, color = next((kind, color) for most, kind, color, _ in STEPS if share <= most)
    to = name_place(school)
    took, span = f"{seconds / 60:.0f}", f"{low / 60:.0f}–{high / 60:.0f}"
    fact = Words(f"到{to.zh}{took}分钟（{span}，上限{limit.zh}）", f"{took} min ({span}) to {to.en}, limit {limit.en}")
    return Dot(row["geometry"], kind, color, name_place(row), (fact,), size=4.5)
