"""What the reader of travel times must know: roads and places that were left out, long ways to a road, missing heights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from layout_planner.county.model import Note
from layout_planner.words import Words

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from layout_planner.county.model import County
    from layout_planner.travel.net import Joined, Net

    Flags = NDArray[np.bool_]

FAR_M = 500.0
NAMED = 10


def note_travel(county: County, net: Net, most_m: float) -> tuple[Note, ...]:
    """Return what one net leaves out or had to guess."""
    edges, on_foot, unknown_m = net.edges, net.on_foot, net.profiles.unknown_m
    no_stop, no_gate = np.isinf(net.stop_leg[0]), net.gate < 0
    homes, schools = on_foot.homes.distance, on_foot.schools.distance
    off_home, off_school = ~(homes <= most_m), ~(schools <= most_m)
    notes = _note_components(edges, on_foot, off_school)
    places = (
        (
            "off_network",
            county.settlements,
            off_home,
            f"个居民点距道路超过{most_m:.0f}米，不在路网上",
            f"settlements are further than {most_m:.0f} m from any road, off the network",
        ),
        (
            "schools_off_network",
            county.schools,
            off_school,
            f"所学校距道路超过{most_m:.0f}米，无法到达",
            f"schools are further than {most_m:.0f} m from any road and cannot be reached",
        ),
        (
            "schools_without_bus",
            county.schools,
            no_gate & ~off_school,
            f"所学校{most_m:.0f}米内没有校车可走的路",
            f"schools have no road for a bus within {most_m:.0f} m",
        ),
        (
            "settlements_without_bus",
            county.settlements,
            no_stop & ~off_home,
            "个居民点没有通往学校的行车道路",
            "settlements have no road for a bus that leads to a school",
        ),
        (
            "long_access",
            county.settlements,
            (homes > FAR_M) & ~off_home,
            f"个居民点距道路超过{FAR_M:.0f}米",
            f"settlements are further than {FAR_M:.0f} m from a road",
        ),
        (
            "schools_long_access",
            county.schools,
            (schools > FAR_M) & ~off_school,
            f"所学校距道路超过{FAR_M:.0f}米",
            f"schools are further than {FAR_M:.0f} m from a road",
        ),
    )
    notes += [_name_places(code, table, rows, Words(zh, en)) for code, table, rows, zh, en in places if rows.any()]
    notes += _note_small_roads(county, edges)
    if unknown_m > 0:
        km = f"{unknown_m / 1000:.1f}"
        text = Words(f"{km}公里道路没有高程，按平地计算", f"{km} km of road without height were taken as flat")
        notes.append(Note("no_heights", text, round(unknown_m)))
    return tuple(notes)


def _note_small_roads(county: County, edges: gpd.GeoDataFrame) -> list[Note]:
    """Return how much road a bus would use if it were wider, stronger or higher."""
    given, used = ((table["drive_forward"] | table["drive_backward"]).to_numpy(dtype=bool) for table in (county.roads.edges, edges))
    lost = float(shapely.length(edges.geometry.to_numpy()[given & ~used]).sum())
    text = Words(
        f"{lost / 1000:.1f}公里道路太窄、承重或净空不足，校车不走",
        f"{lost / 1000:.1f} km of road are too narrow, weak or low for a school bus",
    )
    return [Note("too_small_for_bus", text, round(lost))] if lost > 0 else []


def _note_components(edges: gpd.GeoDataFrame, on_foot: Joined, off_school: Flags) -> list[Note]:
    """Return how many separate pieces the walkable roads have, and how much road lies in pieces without a school."""
    part = on_foot.part
    used = part >= 0
    count = len(np.unique(part[used]))
    if count <= 1:
        return []
    holding = np.unique(part[on_foot.schools.edge[(on_foot.schools.edge >= 0) & ~off_school]])
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


def _name_places(code: str, table: gpd.GeoDataFrame, rows: Flags, text: Words) -> Note:
    chosen = table[rows].sort_index()
    ids = [str(key) for key in chosen.index]
    zh = _labels(chosen, "name", ids)
    en = [name or other for name, other in zip(_labels(chosen, "name_en", [""] * len(ids)), zh, strict=True)]
    count, more = len(ids), len(ids) - NAMED
    tail = (f"等，另有{more}个", f" and {more} more") if more > 0 else ("", "")
    listed = Words("、".join(zh[:NAMED]) + tail[0], ", ".join(en[:NAMED]) + tail[1])
    return Note(code, Words(f"{count}{text.zh}：{listed.zh}", f"{count} {text.en}: {listed.en}"), count)


def _labels(table: gpd.GeoDataFrame, column: str, otherwise: list[str]) -> list[str]:
    if column not in table:
        return otherwise
    return [value if isinstance(value, str) and value else other for value, other in zip(table[column], otherwise, strict=True)]
