"""One trip as a terminal table and as a page: the way drawn, its legs, how high it climbs, how long each part takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from rich.markup import escape
from rich.table import Table

from layout_planner.names import name_band, name_mode, name_place
from layout_planner.output.sketch import Dot, Sheet, Sketch, SketchView, Stroke, write_sketch
from layout_planner.travel.explain import sum_seconds
from layout_planner.travel.terrain import PIECE_M, heights_at
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from layout_planner.county.model import County
    from layout_planner.travel.explain import Leg, TripStory
    from layout_planner.words import Lang

DIRECTIONS = {"out": Words("去校", "to school"), "back": Words("回家", "home")}
KINDS = {
    "across": Words("无路段（按直线估算）", "open ground (a straight guess)"),
    "walk": Words("步行", "on foot"),
    "wait": Words("等车", "waiting"),
    "ride": Words("乘车", "riding"),
}
COLORS = {"across": "#a32a00", "walk": "#005b96", "ride": "#b35900"}
HEADS = (Words("路段", "leg"), Words("距离", "distance"), Words("上升", "climb"), Words("下降", "fall"), Words("用时", "time"))
CLASSES = {
    "motorway": Words("高速公路", "motorway"),
    "trunk": Words("干线公路", "trunk road"),
    "primary": Words("主要公路", "primary road"),
    "secondary": Words("次要公路", "secondary road"),
    "tertiary": Words("一般公路", "tertiary road"),
    "unclassified": Words("乡村公路", "country road"),
    "residential": Words("街巷", "street"),
    "living_street": Words("生活街道", "living street"),
    "service": Words("内部道路", "service road"),
    "track": Words("机耕道", "track"),
    "path": Words("小路", "path"),
    "footway": Words("人行道", "footway"),
    "steps": Words("台阶", "steps"),
    "bus_line": Words("公交线路", "public line"),
}
AROUND_M = 1500.0


def name_leg(leg: Leg) -> Words:
    """Return what a leg is called: how, on which road."""
    kind = KINDS[leg.kind]
    if leg.kind in {"across", "wait"}:
        return kind
    road_class = CLASSES.get(leg.road_class, Words(leg.road_class, leg.road_class))
    zh, en = (f"{leg.name}（{road_class.zh}）", f"{leg.name} ({road_class.en})") if leg.name else road_class
    return Words(f"{kind.zh}：{zh}", f"{kind.en}: {en}")


def say_duration(seconds: float) -> Words:
    """Return minutes and seconds in words."""
    if not np.isfinite(seconds):
        return Words("不可达", "unreachable")
    minutes, rest = divmod(round(seconds), 60)
    return Words(f"{minutes}分{rest:02d}秒", f"{minutes} min {rest:02d} s")


def leg_rows(legs: Sequence[Leg]) -> tuple[tuple[Words | str, ...], ...]:
    """Return one row a leg and the sum."""
    rows = [
        (name_leg(leg), _metres(leg.metres), _metres(leg.climb_m), _metres(leg.fall_m), say_duration(leg.seconds))
        if leg.kind != "wait"
        else (name_leg(leg), "", "", "", say_duration(leg.seconds))
        for leg in legs
    ]
    climb, fall, far = (sum(getattr(leg, part) for leg in legs) for part in ("climb_m", "fall_m", "metres"))
    total = (Words("合计", "total"), _metres(far), _metres(climb), _metres(fall), say_duration(sum_seconds(tuple(legs))))
    return (*rows, total)


def _metres(metres: float) -> str:
    return f"{metres / 1000:.2f} km" if metres >= 1000 else f"{metres:.0f} m"  # noqa: PLR2004 - metres in a kilometre


def say_trip(story: TripStory, county: County) -> Words:
    """Return the trip in one sentence: who, by what means, how long at worst, and the limit."""
    home, school = county.settlements.loc[story.settlement_id], county.schools.loc[story.school_id]
    band, mode = name_band(story.band), name_mode(story.mode)
    names = {"zh": (home["name"], school["name"]), "en": (name_place(home).en, name_place(school).en)}
    if not story.reachable:
        return Words(
            f"{names['zh'][0]}到{names['zh'][1]}：{mode.zh}不可达",
            f"{names['en'][0]} to {names['en'][1]}: no way {mode.en}",
        )
    took, limit = story.seconds / 60, say_limit(story.limit_s, story.limit_m)
    between = Words("", "")
    if story.ends_s is not None:
        best, worst = (f"{seconds / 60:.0f}" for seconds in story.ends_s)
        between = Words(f"（{best}–{worst}）", f" ({best}–{worst})")
    verdict = Words("超过上限", "over the limit of") if story.too_long else Words("不超过上限", "within the limit of")
    return Words(
        f"{names['zh'][0]}到{names['zh'][1]}，{band.zh}{mode.zh}，较慢方向{took:.0f}分钟{between.zh}，{_metres(story.metres)}，{verdict.zh}{limit.zh}",
        f"{names['en'][0]} to {names['en'][1]}, {band.en} {mode.en}: {took:.0f} minutes{between.en} in the slower direction, "
        f"{_metres(story.metres)}, "
        f"{verdict.en} {limit.en}",
    )


def say_limit(limit_s: float, limit_m: float) -> Words:
    """Return the limit of a trip: minutes, and kilometres where the norms set a distance."""
    minutes, km = f"{limit_s / 60:.0f}", f"{limit_m / 1000:g}"
    if not np.isfinite(limit_m):
        return Words(f"{minutes}分钟", f"{minutes} minutes")
    return Words(f"{minutes}分钟、{km}公里", f"{minutes} minutes and {km} km")


def trip_tables(stories: Sequence[TripStory], county: County, lang: Lang) -> Iterator[str | Table]:
    """Yield the sentence of every trip, and after it the legs of its slower direction as a table."""
    for story in stories:
        yield escape(say_trip(story, county).say(lang))
        if not story.reachable:
            continue
        way = max(DIRECTIONS, key=lambda key: sum_seconds(getattr(story, key)))
        table = Table(title=DIRECTIONS[way].say(lang), title_justify="left")
        for place, head in enumerate(HEADS):
            table.add_column(head.say(lang), justify="right" if place else "left")
        for row in leg_rows(getattr(story, way)):
            table.add_row(*(escape(cell if isinstance(cell, str) else cell.say(lang)) for cell in row))
        yield table


def describe_story(story: TripStory, county: County) -> dict[str, Any]:
    """Return the trip as plain JSON values; lines in degrees."""
    import geopandas as gpd

    def shown(leg: Leg) -> dict[str, Any]:
        line = None if leg.line is None else gpd.GeoSeries([leg.line], crs=county.crs).to_crs("EPSG:4326").iloc[0]
        figures = {name: round(getattr(leg, name), 1) for name in ("seconds", "metres", "climb_m", "fall_m")}
        road = {"name": leg.name, "road_class": leg.road_class, "surface": leg.surface}
        degrees = None if line is None else np.round(shapely.get_coordinates(line), 6).tolist()
        return {"kind": leg.kind, **road, **figures, "lonlat": degrees}

    seconds = round(story.seconds, 1) if story.reachable else "unreachable"
    ends = {"settlement_id": story.settlement_id, "school_id": story.school_id, "band": story.band, "mode": story.mode}
    return {
        **ends,
        "seconds": seconds,
        "ends_s": story.ends_s if story.reachable else None,
        "limit_s": story.limit_s,
        "too_long": story.too_long,
        "out": [shown(leg) for leg in story.out],
        "back": [shown(leg) for leg in story.back],
    }


def write_trip_page(stories: Sequence[TripStory], county: County, path: Path, lang: Lang) -> None:
    """Write one page with every trip of `stories`, there and back; those without a way say so.

    Raises
    ------
    OutputError : the folder cannot be written.
    """
    first = stories[0]
    home, school = county.settlements.loc[first.settlement_id], county.schools.loc[first.school_id]
    title = Words(f"{home['name']} → {school['name']}", f"{name_place(home).en} → {name_place(school).en}")
    subtitle = Words(f"{name_band(first.band).zh} · {first.settlement_id} → {first.school_id}",
                     f"{name_band(first.band).en} · {first.settlement_id} → {first.school_id}")  # fmt: skip
    views = [_view(story, county, way) for story in stories for way in (("out", "back") if story.reachable else ("out",))]
    write_sketch(Sketch(title, subtitle, tuple(views), AROUND_M), county, path, lang)


def _view(story: TripStory, county: County, way: str) -> SketchView:
    legs: tuple[Leg, ...] = getattr(story, way)
    home, school = county.settlements.loc[story.settlement_id], county.schools.loc[story.school_id]
    dots = (
        Dot(home["geometry"], "circle", "#D55E00", name_place(home), size=8, labelled=True),
        Dot(school["geometry"], "square", "#0072B2", name_place(school), size=9, labelled=True),
    )
    mode, direction = name_mode(story.mode), DIRECTIONS[way]
    if not story.reachable:
        return SketchView(Words(f"{mode.zh}：不可达", f"{mode.en}: no way"), say_trip(story, county), dots=dots)
    minutes = sum_seconds(legs) / 60
    label = Words(f"{mode.zh}，{direction.zh}：{minutes:.0f}分钟", f"{mode.en}, {direction.en}: {minutes:.0f} min")
    strokes = tuple(Stroke(leg.line, COLORS[leg.kind], dash=(9, 9) if leg.kind == "across" else ()) for leg in legs if leg.line is not None)
    used = dict.fromkeys(leg.kind for leg in legs if leg.line is not None)
    keys = tuple(("line-dashed" if kind == "across" else "line", COLORS[kind], KINDS[kind]) for kind in used)
    guessed = sum(leg.metres for leg in legs if leg.kind == "across")
    share = guessed / max(sum(leg.metres for leg in legs), 1e-9)
    notes = (
        Words(
            f"其中{guessed:.0f}米（{share:.0%}）没有道路数据，按空地行走估算。",
            f"{guessed:.0f} m of it ({share:.0%}) has no mapped road and is estimated as a walk over open ground.",
        ),
    )
    sheet = Sheet(HEADS, leg_rows(legs), frozenset({1, 2, 3, 4}))
    return SketchView(label, say_trip(story, county), strokes, dots, sheet, _profile(legs, county), keys, notes if guessed >= 1 else ())


def _profile(legs: Sequence[Leg], county: County) -> NDArray[np.float64]:
    """Return metres along the way and heights there; empty without an elevation grid."""
    lines = [leg.line for leg in legs if leg.line is not None]
    if county.elevation is None or not lines:
        return np.zeros((0, 2))
    whole = shapely.LineString(np.concatenate([shapely.get_coordinates(line) for line in lines]))
    at = np.linspace(0, whole.length, int(np.clip(whole.length / PIECE_M, 1, 400)) + 1)
    heights = heights_at(county.elevation, shapely.get_coordinates(shapely.line_interpolate_point(whole, at)), county.crs)
    known = np.isfinite(heights)
    return np.column_stack([at[known], heights[known]])
