"""Rows whose township does not fit where they are, what they are called, or who else is called so."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from layout_planner.county.places import to_metres
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from layout_planner.county.table_files import CheckedTable

NEIGHBOURS = 6
LEAST_OF_TOWNSHIP = 4
OUTSIDE_HULL_M = 1000.0
SUFFIXES = ("街道办事处", "街道", "民族乡", "乡", "镇", " town", " township", " subdistrict")
LEAST_STEM = 2


@dataclass(frozen=True, slots=True)
class TownshipDoubt:
    """One doubtful row: table by role, position in it, kind of doubt and the reason."""

    role: str
    at: int
    kind: str
    why: Words


def doubt_townships(settlements: CheckedTable, schools: CheckedTable, crs: str) -> Iterator[TownshipDoubt]:
    """Yield rows that lie among another township's villages and outside their own, double names, and schools named after another."""
    homes = _Towns(settlements, crs)
    for role, table in (("settlements", settlements), ("schools", schools)):
        if {"lon", "lat", "township", "name"} <= set(table.frame.columns):
            towns = homes if role == "settlements" else _Towns(table, crs)
            yield from _misplaced(role, towns, homes)
            yield from _double_names(role, towns)
            if role == "schools":
                yield from _named_after_another(towns)


class _Towns:
    """Township, name and point of every row of a table."""

    def __init__(self, table: CheckedTable, crs: str) -> None:
        frame = table.frame
        whole = {"lon", "lat", "township"} <= set(frame.columns)
        self.township = [str(value).strip() for value in frame["township"]] if whole else []
        self.names = [str(value).strip() for value in frame["name"]] if whole and "name" in frame.columns else []
        empty = np.empty(0, dtype=object)
        self.points = to_metres(frame["lon"].to_numpy(dtype=float), frame["lat"].to_numpy(dtype=float), crs) if whole else empty
        self.known = np.array([bool(town) for town in self.township], dtype=bool) & ~shapely.is_empty(self.points)


def _misplaced(role: str, towns: _Towns, homes: _Towns) -> Iterator[TownshipDoubt]:
    """Yield rows none of whose nearest villages is of their township, and that lie outside the hull of its other villages."""
    at = np.flatnonzero(homes.known)
    if len(at) <= NEIGHBOURS:
        return
    xy = shapely.get_coordinates(homes.points[at])
    counts = Counter(homes.township[home] for home in at)
    for one in np.flatnonzero(towns.known):
        own = towns.township[one]
        if counts[own] < LEAST_OF_TOWNSHIP:
            continue
        away = np.hypot(*(xy - shapely.get_coordinates(towns.points[one])[0]).T)
        order = np.argsort(away, kind="stable")
        nearest = [at[place] for place in order if not (towns is homes and at[place] == one)][:NEIGHBOURS]
        around = Counter(homes.township[home] for home in nearest)
        if own in around:
            continue
        outside_m = shapely.distance(_hull(homes, own, int(one) if towns is homes else -1), towns.points[one])
        if outside_m > OUTSIDE_HULL_M:
            other, count = max(around.items(), key=lambda item: (item[1], item[0]))
            yield TownshipDoubt(
                role,
                int(one),
                "township",
                Words(
                    f"填为{own}，但最近的{len(nearest)}个村没有一个属于它（{count}个属于{other}），离{own}各村{outside_m / 1000:.1f}公里",
                    f"said to be in {own}, but none of the {len(nearest)} nearest villages is ({count} are in {other}); "
                    f"{outside_m / 1000:.1f} km from the villages of {own}",
                ),
            )


def _hull(homes: _Towns, township: str, without: int) -> shapely.Geometry:
    members = [at for at in np.flatnonzero(homes.known) if homes.township[at] == township and at != without]
    return shapely.convex_hull(shapely.multipoints(_array([homes.points[at] for at in members])))


def _array(points: list[shapely.Point]) -> NDArray[np.object_]:
    return np.array(points, dtype=object)


def _double_names(role: str, towns: _Towns) -> Iterator[TownshipDoubt]:
    pairs = list(zip(towns.names, towns.township, strict=True))
    twice = {pair for pair, count in Counter(pairs).items() if count > 1 and pair[0]}
    for at, (name, township) in enumerate(pairs):
        if (name, township) in twice:
            count = sum(pair == (name, township) for pair in pairs)
            where = township or "-"
            yield TownshipDoubt(role, at, "name", Words(f"{where}有{count}处都叫{name}", f"{count} rows of {where} have the name {name}"))


def _stem(township: str) -> str:
    for suffix in SUFFIXES:
        if township.lower().endswith(suffix) and len(township) > len(suffix):
            return township[: -len(suffix)].strip()
    return township


def _named_after_another(towns: _Towns) -> Iterator[TownshipDoubt]:
    """Yield schools whose name begins with, or holds in full, the name of another township."""
    known = {township: _stem(township) for township in sorted(set(towns.township)) if len(_stem(township)) >= LEAST_STEM}
    for at, (name, own) in enumerate(zip(towns.names, towns.township, strict=True)):
        if not own or known.get(own, own) in name:
            continue
        for other, stem in known.items():
            if other != own and (other in name or any(name.startswith(stem + mark) for mark in ("镇", "乡", "街道", "中心"))):
                yield TownshipDoubt(
                    role="schools",
                    at=at,
                    kind="school_name",
                    why=Words(f"校名像属于{other}，表中填为{own}", f"by its name it belongs to {other}, by the table to {own}"),
                )
                break
