"""What the reader of travel times must know: roads and places that were left out, long ways to a road, missing heights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from layout_planner.county.model import Note
from layout_planner.words import Words

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from layout_planner.county.model import County
    from layout_planner.travel.net import Joined, Net

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

FAR_M = 500.0
NAMED = 10


def note_travel(county: County, net: Net, most_m: float) -> tuple[Note, ...]:
    """Return what one net leaves out or had to guess."""
    edges, on_foot = net.edges, net.on_foot
    homes, schools = on_foot.homes, on_foot.schools
    no_stop, no_gate = net.driven.homes.lost, net.driven.schools.lost
    notes = _note_components(edges, on_foot)
    places = (
        (
            "off_network",
            county.settlements,
            homes.lost,
            f"个居民点距道路超过{most_m:.0f}米或被水阻隔，不在路网上",
            f"settlements are further than {most_m:.0f} m from any road or cut off by water, off the network",
        ),
        (
            "schools_off_network",
            county.schools,
            schools.lost,
            f"所学校距道路超过{most_m:.0f}米或被水阻隔，无法到达",
            f"schools are further than {most_m:.0f} m from any road or cut off by water and cannot be reached",
        ),
        (
            "schools_without_bus",
            county.schools,
            no_gate & ~schools.lost,
            f"所学校{most_m:.0f}米内没有校车可走的路",
            f"schools have no road for a bus within {most_m:.0f} m",
        ),
        (
            "settlements_without_bus",
            county.settlements,
            no_stop & ~homes.lost,
            "个居民点没有通往学校的行车道路",
            "settlements have no road for a bus that leads to a school",
        ),
        (
            "long_access",
            county.settlements,
            (homes.metres > FAR_M) & ~homes.lost & ~homes.searched,
            f"个居民点距道路超过{FAR_M:.0f}米",
            f"settlements are further than {FAR_M:.0f} m from a road",
        ),
        (
            "schools_long_access",
            county.schools,
            (schools.metres > FAR_M) & ~schools.lost & ~schools.searched,
            f"所学校距道路超过{FAR_M:.0f}米",
            f"schools are further than {FAR_M:.0f} m from a road",
        ),
    )
    notes += [_name_places(code, table, rows, Words(zh, en)) for code, table, rows, zh, en in places if rows.any()]
    notes += [*_note_small_roads(county, edges), *_note_guesses(county, net), *_note_ferries(edges)]
    unknown_m = net.profiles.unknown_m
    if unknown_m > 0:
        km = f"{unknown_m / 1000:.1f}"
        text = Words(f"{km}公里道路没有高程，按平地计算", f"{km} km of road without height were taken as flat")
        notes.append(Note("no_heights", text, round(unknown_m)))
    return tuple(notes)


def _note_small_roads(county: County, edges: gpd.GeoDataFrame) -> list[Note]:
    """Return how much road a bus would use if it were wider, stronger or higher."""
    given, used = ((table["drive_forward"] | table["drive_backward"]).to_numpy(dtype=bool) for table in (county.roads.edges, edges))
    lost = float(shapely.length(edges.geometry.to_numpy()[given & ~used & (edges["road_class"] != "ferry").to_numpy()]).sum())
    text = Words(
        f"{lost / 1000:.1f}公里道路太窄、承重或净空不足，校车不走",
        f"{lost / 1000:.1f} km of road are too narrow, weak or low for a school bus",
    )
    return [Note("too_small_for_bus", text, round(lost))] if lost > 0 else []


def _note_guesses(county: County, net: Net) -> list[Note]:
    """Return the places whose way to a road is guessed over the terrain, and how long it is."""
    guessed = Words("附近没有路或隔着水，到道路的一段按地形估算", "have no road near or water before it; their way to a road is guessed")
    parts = (
        ("terrain_walks", county.settlements, net.on_foot.homes, Words("个居民点", "settlements")),
        ("schools_terrain_walks", county.schools, net.on_foot.schools, Words("所学校", "schools")),
    )
    return [
        _name_places(code, table, access.searched, Words(who.zh + guessed.zh, f"{who.en} {guessed.en}"), access.metres)
        for code, table, access, who in parts
        if access.searched.any()
    ]


def _note_ferries(edges: gpd.GeoDataFrame) -> list[Note]:
    used = edges[(edges["road_class"] == "ferry") & edges["walk"]]
    count = used["way"].nunique()
    text = Words(
        f"{count}条渡船航线可供学生乘坐；不许乘船时写 travel.ferries = false",
        f"{count} ferry lines may carry pupils; write travel.ferries = false where they must not",
    )
    return [Note("ferries", text, count)] if count else []


def _note_components(edges: gpd.GeoDataFrame, on_foot: Joined) -> list[Note]:
    """Return how many separate pieces the walkable roads have, and how much road lies in pieces without a school."""
    part = on_foot.part
    used = part >= 0
    count = len(np.unique(part[used]))
    if count <= 1:
        return []
    holding = np.unique(part[on_foot.schools.edge])
    parts = Words(f"步行道路分成{count}个互不相连的部分", f"the walkable roads fall into {count} separate parts")
    left = float(shapely.length(edges.geometry.to_numpy()[used & ~np.isin(part, holding)]).sum())
    return [
        Note("road_components", parts, count),
        Note(
            "roads_left_out",
            Words(
                f"没有学校的部分共{left / 1000:.1f}公里，未使用",
                f"{left / 1000:.1f} km of road lie in parts without a school and are not used",
            ),
            round(left),
        ),
    ]


def _name_places(code: str, table: gpd.GeoDataFrame, rows: Flags, text: Words, metres: Floats | None = None) -> Note:
    """Return a note that names the places of `rows`, the first ten by id, with kilometres where `metres` are given."""
    km = pd.Series("" if metres is None else [f"{value / 1000:.1f}" for value in metres], index=table.index, dtype=object)
    chosen = table[rows].sort_index()
    ids = [str(key) for key in chosen.index]
    zh = _labels(chosen, "name", ids)
    en = [name or other for name, other in zip(_labels(chosen, "name_en", [""] * len(ids)), zh, strict=True)]
    if metres is not None:
        zh = [f"{name}（{far}公里）" for name, far in zip(zh, km[chosen.index], strict=True)]
        en = [f"{name} ({far} km)" for name, far in zip(en, km[chosen.index], strict=True)]
    count, more = len(ids), len(ids) - NAMED
    tail = (f"等，另有{more}个", f" and {more} more") if more > 0 else ("", "")
    listed = Words("、".join(zh[:NAMED]) + tail[0], ", ".join(en[:NAMED]) + tail[1])
    return Note(code, Words(f"{count}{text.zh}：{listed.zh}", f"{count} {text.en}: {listed.en}"), count)


def _labels(table: gpd.GeoDataFrame, column: str, otherwise: list[str]) -> list[str]:
    if column not in table:
        return otherwise
    return [value if isinstance(value, str) and value else other for value, other in zip(table[column], otherwise, strict=True)]
