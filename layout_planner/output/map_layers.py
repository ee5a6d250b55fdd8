"""Parts of the map's blob beside villages, schools and trips: bad days, venues, water, relief, ways, and the rest of every row."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from layout_planner.county.venue_table import VENUES
from layout_planner.output.packing import pack_lines
from layout_planner.output.safe import clean_text
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from layout_planner.output.relief import Relief

DAY_STATES = ("open", "longer", "over_limit", "cut_off")
KINDS = ("walk", "ride")
STRAY_M, WATER_STRAY_M = 12.0, 15.0  # how far a drawn way or shore may stray from the real one
VILLAGE_ROW = {
    "kind": Words("类别", "kind"),
    "access_m": Words("离道路（米）", "metres to the road"),
    "off_network": Words("不通路", "off the roads"),
    "over_terrain": Words("出村的路按地形估算", "way to the road guessed"),
}
SCHOOL_ROW = {
    "protected": Words("受保护", "protected"),
    "candidate": Words("备选点", "candidate site"),
    "seats": Words("学位", "seats"),
    "bands_today": Words("现开学段", "bands today"),
    "bands_plan": Words("方案学段", "bands under the plan"),
    "buses_today": Words("现有校车", "buses today"),
    "buses_plan": Words("方案校车", "buses under the plan"),
    "cost_yuan_today": Words("现年费用（元）", "yuan a year today"),
    "cost_yuan_plan": Words("方案年费用（元）", "yuan a year under the plan"),
}


def encode_days(days: pd.DataFrame | None) -> list[list[str]]:
    """Return [key, Chinese, English] for every bad day."""
    if days is None:
        return []
    first = days.drop_duplicates("day")
    rows = zip(first["day"], first["day_name"], first["day_name_en"], strict=True)
    return [[clean_text(key), clean_text(zh), clean_text(en)] for key, zh, en in rows]


def encode_day_states(days: pd.DataFrame | None, when: str, villages: dict[str, int], bands: list[str]) -> list[list[int]]:
    """Return for every bad day, as `encode_days` lists them, three whole numbers a trip that is not as usual: village, band, state."""
    if days is None:
        return []
    changed = days[(days["when"] == when) & (days["day_state"] != DAY_STATES[0])]
    changed = changed[changed["settlement_id"].astype(str).isin(villages) & changed["band"].isin(bands)]
    shown = []
    for key in days["day"].unique():
        part = changed[changed["day"] == key]
        rows = zip(part["settlement_id"].astype(str), part["band"], part["day_state"], strict=True)
        found = {(villages[home], bands.index(band), DAY_STATES.index(state)) for home, band, state in rows}
        shown.append([number for row in sorted(found) for number in row])
    return shown


def encode_venues(venues: gpd.GeoDataFrame | None) -> dict[str, Any] | None:
    """Return places, names, kinds and states of the venues, and what the kinds are called."""
    if venues is None or venues.empty:
        return None
    column = next(column for column in VENUES.columns if column.name == "kind")
    kinds = dict(zip(column.choices, column.choice_words, strict=True))
    return {
        "x": [round(x * 1e5) for x in venues.geometry.x],
        "y": [round(y * 1e5) for y in venues.geometry.y],
        "name": [clean_text(name) for name in venues["name"]],
        "kind": [clean_text(kind) for kind in venues["kind"]],
        "state": list(venues["state"]),
        "kinds": {kind: [words.zh, words.en] for kind, words in kinds.items()},
    }


def encode_relief(relief: Relief | None) -> dict[str, Any] | None:
    """Return the relief as a data URI with the degrees at its edges."""
    if relief is None:
        return None
    return {"image": "data:image/jpeg;base64," + base64.b64encode(relief.jpeg).decode("ascii"), "bounds": list(relief.bounds)}


def encode_shores(water: gpd.GeoDataFrame | None) -> str:
    """Return rivers and shores, packed."""
    return pack_lines(line for line in draw_lines(water, WATER_STRAY_M) if line) if water is not None and len(water) else ""


def encode_mended(mended: gpd.GeoDataFrame | None) -> list[list[Any]]:
    """Return [Chinese, English, 1 = new, lines (packed)] of every road that a plan mends or builds."""
    if mended is None:
        return []
    shapes = (gpd.GeoDataFrame(geometry=list(shape.geoms), crs=mended.crs) for shape in mended.geometry)
    rows = zip(mended["name"], mended["name_en"], mended["is_new"], shapes, strict=True)
    return [[clean_text(zh), clean_text(en), int(is_new), pack_lines(draw_lines(shape, STRAY_M))] for zh, en, is_new, shape in rows]


def encode_ways(tables: Sequence[gpd.GeoDataFrame | None], villages: dict[str, int], schools: dict[str, int]) -> dict[str, Any]:
    """Return `lines` (packed), `after` (the strand that follows, -1 at the school), and `begin`, of the ways of one or more runs.

    `begin` holds four whole numbers a way: village, school, kind (0 on foot, 1 riding), first strand. Of a way that several runs hold the
    first is kept, with the strands that it needs.
    """
    begin: list[int] = []
    after: list[int] = []
    lines: list[list[int]] = []
    known: set[tuple[str, str, str]] = set()
    for ways in tables:
        if ways is None or len(ways) == 0:
            continue
        rows = list(zip(ways["settlement_id"], ways["school_id"], ways["kind"], ways["after"].astype(int), strict=True))
        fresh = [at for at, row in enumerate(rows) if row[0] in villages and row[1] in schools and row[:3] not in known]
        place = _number_strands(fresh, [row[3] for row in rows], len(lines))
        kept = sorted(place, key=place.__getitem__)
        lines += draw_lines(ways.iloc[kept], STRAY_M) if kept else []
        after += [place[rows[at][3]] if rows[at][3] >= 0 else -1 for at in kept]
        for at in fresh:
            home, school, kind, _ = rows[at]
            known.add((home, school, kind))
            begin += [villages[home], schools[school], KINDS.index(kind), place[at]]
    return {"lines": pack_lines(lines), "after": after, "begin": begin}


def _number_strands(begins: list[int], after: list[int], first: int) -> dict[int, int]:
    """Return new numbers, from `first` on, of all strands that the ways beginning at `begins` run over, in the order of the table."""
    needed = set()
    for begin in begins:
        row = begin
        while row >= 0 and row not in needed:
            needed.add(row)
            row = after[row]
    return {row: first + number for number, row in enumerate(sorted(needed))}


def draw_lines(table: gpd.GeoDataFrame, stray_m: float) -> list[list[int]]:
    """Return every line, simplified in metres, as [x, y, dx, dy, ...] in 1e-5 degrees."""
    crs = table.estimate_utm_crs()
    near = shapely.simplify(table.geometry.to_crs(crs).to_numpy(), stray_m)
    parts, row = shapely.get_parts(near, return_index=True)
    if len(parts) != len(near) or (row != np.arange(len(near))).any():
        near = parts
    return [_steps(line) for line in gpd.GeoSeries(near, crs=crs).to_crs("EPSG:4326")]


def _steps(line: shapely.LineString) -> list[int]:
    """Return one line, of two points at least."""
    steps = np.rint(shapely.get_coordinates(line) * 1e5).astype(int)
    steps[1:] -= steps[:-1].copy()
    kept = np.concatenate([[True], steps[1:].any(axis=1)])
    kept[-1] |= not kept[1:].any()
    return steps[kept].ravel().tolist()


def encode_rows(table: pd.DataFrame, named: dict[str, Words], bands: Iterable[str] = ()) -> list[list[Any]]:
    """Return [Chinese, English, values] for every column of `named` that the table holds, and the pupils of every band."""
    columns = [(words, table[name]) for name, words in named.items() if name in table]
    columns += [(Words(f"学生 {band}", f"pupils {band}"), table[f"pupils_{band}"]) for band in bands if f"pupils_{band}" in table]
    return [[words.zh, words.en, [_plain(value) for value in values]] for words, values in columns]


def _plain(value: object) -> str | int | float | None:
    """Return one value of a row for JSON: nothing for what is unknown or without limit."""
    if isinstance(value, (bool, np.bool_)):
        return int(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return round(float(value), 1) if np.isfinite(value) else None
    return clean_text(value)
