"""The one JSON blob that a map page draws from: columns instead of records, whole numbers instead of long floats."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely
from pypinyin import Style, lazy_pinyin

from layout_planner.output.bus_layers import encode_buses
from layout_planner.output.map_layers import (
    SCHOOL_ROW,
    VILLAGE_ROW,
    encode_day_states,
    encode_days,
    encode_mended,
    encode_relief,
    encode_rows,
    encode_shores,
    encode_venues,
)  # fmt: skip
from layout_planner.output.offline import read_asset
from layout_planner.output.packing import pack_lines
from layout_planner.output.safe import clean_text
from layout_planner.risk import CAUSES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from layout_planner.county.model import Source
    from layout_planner.output.view import RunView
    from layout_planner.words import Lang, Words

Pair = tuple[str, str]
MODES = ("walk", "bus", "school_bus", "board", "home", "unserved")
STATUSES = ("none", "open", "kept", "closed", "reduced", "opened")
ROAD_GROUPS = {
    "major": ("motorway", "trunk", "primary", "secondary"),
    "middle": ("tertiary",),
    "minor": ("unclassified", "residential", "living_street", "service", "road"),
}
FIGURES = ("at_risk", "worst_minutes", "mean_minutes", "sites_open", "new_beds", "cost_yuan", "boarders", "buses", "unserved")
FINE_M, COARSE_M, MANY_VERTICES = 8, 20, 60_000  # how far a drawn road may stray from the real one
OSM_FILES = (".osm", ".pbf", ".osm.gz", ".osm.bz2", ".graphml")


@dataclass(frozen=True)
class State:
    """One state of the county that a map can show: today, or the plan of one run."""

    view: RunView
    when: str


def read_words() -> dict[str, Pair]:
    """Return the sentences of the pages, (Chinese, English) by key, the causes of risk among them."""
    words: dict[str, Pair] = {key: (zh, en) for key, (zh, en) in json.loads(read_asset("words.json")).items()}
    return words | {f"cause.{key}": (cause.zh, cause.en) for key, cause in CAUSES.items()}


def pair(words: Words) -> Pair:
    """Return both sentences, cleaned."""
    return clean_text(words.zh), clean_text(words.en)


def are_osm(sources: Iterable[Source]) -> bool:
    """Tell whether the roads come from OpenStreetMap, whose licence asks to be named."""
    return any(source.role == "roads" and source.path.lower().endswith(OSM_FILES) for source in sources)


def roads_are_osm(view: RunView) -> bool:
    """Tell the same of a run."""
    return are_osm(view.sources)


def group_roads(edges: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return one MultiLineString a road class, in degrees, by class."""
    lines = edges[["road_class", "geometry"]].to_crs("EPSG:4326")
    classes = sorted(lines["road_class"].unique())
    shapes = [shapely.MultiLineString(list(lines.geometry[lines["road_class"] == name])) for name in classes]
    return gpd.GeoDataFrame({"road_class": classes}, geometry=shapes, crs="EPSG:4326")


def summarise_state(view: RunView, when: str) -> dict[str, float]:
    """Return the figures of FIGURES for one state: the run's own measures, else counted from its tables; -1 is no figure."""
    trips, schools = view.trips[view.trips["when"] == when], view.schools
    pupils, seconds = trips["pupils"].to_numpy(dtype=float), trips["seconds"].to_numpy(dtype=float)
    daily = np.isfinite(seconds) & ~trips["mode"].isin(["board", "unserved"]).to_numpy() & (pupils > 0)
    weight = pupils[daily].sum()

    def count(rows: pd.Series) -> float:
        return float(pupils[rows.to_numpy()].sum())

    counted = {
        "at_risk": count(trips["cause"] != ""),
        "worst_minutes": float(seconds[daily].max() / 60) if daily.any() else 0.0,
        "mean_minutes": float((seconds[daily] * pupils[daily]).sum() / weight / 60) if weight else 0.0,
        "sites_open": float((schools[f"form_{when}"] != "closed").sum()),
        "new_beds": float((schools[f"beds_{when}"] - schools["beds_today"]).clip(lower=0).sum()),
        "cost_yuan": float(schools[f"cost_yuan_{when}"].sum()),
        "boarders": count(trips["mode"] == "board"),
        "buses": float(schools[f"buses_{when}"].sum()),
        "unserved": count(trips["school_id"] == ""),
    }
    figures = counted | {name: float(value) for name, value in view.measures.get(when, {}).items() if name in FIGURES}
    return {name: value if np.isfinite(value) else -1.0 for name, value in figures.items()}


def site_status(before: str, after: str) -> str:
    """Return what becomes of a site, from the bands taught ("a,b") before and after."""
    had, has = ({band for band in bands.split(",") if band} for bands in (before, after))
    if not had:
        return "opened" if has else "none"
    if not has:
        return "closed"
    return "reduced" if had - has else "kept"


def encode_map(states: Sequence[State], lang: Lang) -> dict[str, Any]:
    """Return the blob for `states`, of which the first is today; villages, roads and boundary are those of the last run."""
    view = states[-1].view
    school_ids = list(dict.fromkeys(str(school) for state in states for school in state.view.schools.index))
    villages = {str(key): row for row, key in enumerate(view.settlements.index)}
    schools = {key: row for row, key in enumerate(school_ids)}
    runs = [state for state in states if state.when == "plan"]
    days = encode_days(view.bad_days)
    bands = list(view.bands)
    return {
        "lang": lang,
        "kind": "run" if len(runs) == 1 else "compare",
        "title": pair(view.title),
        "year": view.year,
        "verdict": view.verdict,
        "words": read_words() | _review_words(view),
        "bands": [[band, *_band_words(band, grades)] for band, grades in view.bands.items()],
        "modes": MODES,
        "causes": ["", *CAUSES],
        "villages": _encode_villages(view.settlements),
        "schools": _encode_schools(states, school_ids),
        "states": [
            _encode_state(state, villages, schools, bands)
            | {
                "days": encode_day_states(state.view.bad_days, state.when, villages, bands),
                "bus": encode_buses(state.view, state.when, schools),
                "mended": encode_mended(state.view.mended if state.when == "plan" else None),
            }
            for state in states
        ],
        "mergers": [merger for number, state in enumerate(states) for merger in _encode_mergers(state, number, schools)],
        "roads": [[group, pack_lines(lines)] for group, lines in encode_roads(view.roads)],
        "boundary": "" if view.boundary is None else pack_lines(encode_lines(view.boundary.geometry.boundary.simplify(0.0001))),
        "water": encode_shores(view.water),
        "relief": encode_relief(view.relief),
        "venues": encode_venues(view.venues),
        "days": days,
        "rows": {
            "villages": encode_rows(view.settlements, VILLAGE_ROW, view.bands),
            "schools": encode_rows(
                view.schools.set_axis(view.schools.index.astype(str)).reindex(school_ids),
                {name: words for name, words in SCHOOL_ROW.items() if len(runs) == 1 or not name.endswith("_plan")},
            ),
        },
        "sources": [[source.role, source.path.replace("\\", "/").rsplit("/", 1)[-1], source.rows] for source in view.sources],
        "norms": pair(view.norms_title),
        "osm": roads_are_osm(view),
    }


def _review_words(view: RunView) -> dict[str, Pair]:
    """Return the line for the review number of the map, where the scenario gives one."""
    number = clean_text(view.review_number)
    return {"review": (f"审图号：{number}", f"Map review number: {number}")} if number else {}


def encode_roads(roads: gpd.GeoDataFrame) -> list[list[Any]]:
    """Return [group, lines] for each group of road classes, simplified in metres so that large counties stay small."""
    if len(roads) == 0:
        return []
    crs = roads.estimate_utm_crs()
    geometry = roads.geometry.to_crs(crs)
    tolerance_m = FINE_M if shapely.get_num_coordinates(geometry.to_numpy()).sum() < MANY_VERTICES else COARSE_M
    merged = [shapely.line_merge(line) for line in geometry]
    degrees = type(geometry)(merged, crs=crs, index=roads.index).simplify(tolerance_m).to_crs("EPSG:4326")
    known = {road_class: group for group, classes in ROAD_GROUPS.items() for road_class in classes}
    groups = roads["road_class"].str.removesuffix("_link").map(known).fillna("path")
    return [[group, encode_lines(degrees[groups == group])] for group in ("path", "minor", "middle", "major") if (groups == group).any()]


def encode_lines(lines: Iterable[Any]) -> list[list[int]]:
    """Return every line as [x, y, dx, dy, ...] in 1e-5 degrees, about a metre."""
    encoded = []
    for part in shapely.get_parts(np.asarray(list(lines), dtype=object)):
        steps = np.rint(shapely.get_coordinates(part) * 1e5).astype(int)
        steps[1:] -= steps[:-1].copy()
        kept = np.concatenate([[True], steps[1:].any(axis=1)])
        if kept.sum() > 1:
            encoded.append(steps[kept].ravel().tolist())
    return encoded


def _texts(table: pd.DataFrame, column: str) -> list[str]:
    return [clean_text(value) for value in table[column]] if column in table else [""] * len(table)


def _whole(values: Iterable[float]) -> list[int]:
    return [int(value) if np.isfinite(value) else -1 for value in values]


def _degrees(values: NDArray[np.float64]) -> list[int]:
    return np.rint(np.asarray(values) * 1e5).astype(int).tolist()


def _band_words(band: str, grades: tuple[int, ...]) -> Pair:
    zh, en = read_words().get(f"band.{band}", (band, band))
    span = f"{grades[0]}-{grades[-1]}" if len(grades) > 1 else str(grades[0])
    return f"{zh}（{span}年级）", f"{en} (G{span})"


def _encode_villages(table: gpd.GeoDataFrame) -> dict[str, Any]:
    names, townships = _texts(table, "name"), _texts(table, "township")
    known = list(dict.fromkeys(townships))
    place = {name: number for number, name in enumerate(known)}
    return {
        "id": [clean_text(key) for key in table.index],
        "name": names,
        "en": _texts(table, "name_en"),
        "townships": known,
        "township": [place[name] for name in townships],
        "pinyin": ["".join(lazy_pinyin(name)).replace(" ", "").lower() for name in names],
        "initials": ["".join(lazy_pinyin(name, style=Style.FIRST_LETTER)).lower() for name in names],
        "pupils": _whole(table["pupils"]),
        "guess": _whole(np.rint(np.where(table["over_terrain"], table["access_m"], 0.0) / 100)),  # hundreds of metres without a road
        "x": _degrees(table.geometry.x.to_numpy()),
        "y": _degrees(table.geometry.y.to_numpy()),
    }


def _encode_schools(states: Sequence[State], school_ids: list[str]) -> dict[str, Any]:
    tables = [state.view.schools for state in reversed(states)]
    rows = {str(key): row for table in tables for key, row in zip(table.index, table.itertuples(), strict=True)}
    found = [rows[key] for key in school_ids]
    return {
        "id": [clean_text(key) for key in school_ids],
        "name": [clean_text(row.name) for row in found],
        "en": [clean_text(getattr(row, "name_en", "")) for row in found],
        "township": [clean_text(getattr(row, "township", "")) for row in found],
        "x": _degrees(np.array([row.geometry.x for row in found])),
        "y": _degrees(np.array([row.geometry.y for row in found])),
    }


def _encode_state(state: State, villages: dict[str, int], schools: dict[str, int], bands: list[str]) -> dict[str, Any]:
    view, when = state.view, state.when
    table = view.schools.set_axis(view.schools.index.astype(str)).reindex(list(schools))
    forms = table[f"form_{when}"].fillna("closed")
    before, after = table["bands_today"].fillna(""), table[f"bands_{when}"].fillna("")
    changes = [site_status(b, a) for b, a in zip(before, after, strict=True)]
    if when == "today":
        changes = ["open" if form != "closed" else "none" for form in forms]
    return {
        "key": clean_text(view.name) if when == "plan" else "today",
        "title": pair(view.title) if when == "plan" else None,
        "year": view.year,
        "verdict": view.verdict if when == "plan" else None,
        "form": list(forms),
        "status": [STATUSES.index(change) for change in changes],
        "pupils": _whole(table[f"pupils_{when}"].fillna(0)),
        "boarders": _whole(table[f"boarders_{when}"].fillna(0)),
        "beds": _whole(table[f"beds_{when}"].fillna(0)),
        "figures": {name: round(value, 1) for name, value in summarise_state(view, when).items()},
        "trips": _encode_trips(view.trips[view.trips["when"] == when], villages, schools, bands),
    }


def _encode_trips(trips: pd.DataFrame, villages: dict[str, int], schools: dict[str, int], bands: list[str]) -> list[int]:
    """Return eleven whole numbers a trip.

    Village, band, school, mode, pupils, tenths of a minute, limit, hundreds of metres, cause, minutes at best and on a slow day.
    """
    causes = ["", *CAUSES]
    trips = trips[(trips["pupils"] > 0) & trips["settlement_id"].astype(str).isin(villages) & trips["band"].isin(bands)]
    seconds, limits, metres = (np.asarray(trips[name], dtype=float) for name in ("seconds", "limit_s", "metres"))
    columns = (
        [villages[str(key)] for key in trips["settlement_id"]],
        [bands.index(band) for band in trips["band"]],
        [schools.get(str(key), -1) for key in trips["school_id"]],
        [MODES.index(mode) if mode in MODES else len(MODES) - 1 for mode in trips["mode"]],
        _whole(trips["pupils"]),
        _whole(np.rint(seconds / 6)),
        _whole(np.rint(limits / 60)),
        _whole(np.rint(metres / 100)),
        [causes.index(cause) if cause in causes else 1 for cause in trips["cause"]],
        *(_whole(np.rint(np.asarray(trips[end], dtype=float) / 60)) for end in ("optimistic_s", "pessimistic_s")),
    )
    return np.array(columns, dtype=int).T.ravel().tolist()


def _encode_mergers(state: State, number: int, schools: dict[str, int]) -> list[dict[str, Any]]:
    order = {"fail": 0, "unknown": 1, "pass": 2}
    mergers = []
    for school_id in state.view.mergers if state.when == "plan" else ():
        found = sorted((f for f in state.view.findings if f.subject == school_id), key=lambda f: order[f.verdict])
        mergers.append(
            {
                "state": number,
                "school": schools[str(school_id)],
                "verdict": found[0].verdict if found else "unknown",
                "reasons": [[finding.verdict, *pair(finding.text)] for finding in found],
            }
        )
    return mergers
