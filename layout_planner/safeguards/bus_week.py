"""The boarders' weekend checked a second time: who has a seat, and whether a child under ten is ever alone."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from layout_planner.results import FROM_SCHOOL, TO_SCHOOL
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from layout_planner.plan.layout import Layout
    from layout_planner.safeguards.bus_check import Given, Roads

DIRECTIONS = {"sunday": TO_SCHOOL, "friday": FROM_SCHOOL}
FIRST_AGE, TEN = 6, 10
SHARED = 0.5  # counts of children under ten are estimates rounded to whole pupils


def as_routes(trips: pd.DataFrame) -> pd.DataFrame:
    """Return the weekend's trips as routes: Sunday to school, Friday from it."""
    return trips.rename(columns={"trip_id": "route_id"}).assign(direction=trips["day"].map(DIRECTIONS))


def check_boarders(week: Given, roads: Roads, layout: Layout) -> Iterator[Words]:
    """Every boarder whose home a bus can reach has one seat on Friday and one on Sunday; under ten never alone."""
    boards = layout.assignment[layout.assignment["mode"] == "board"]
    for direction in (TO_SCHOOL, FROM_SCHOOL):
        left: dict[tuple[str, str, str], int] = defaultdict(int)
        for row in boards.to_dict("records"):
            left[str(row["settlement_id"]), str(row["band"]), str(row["school_id"])] += int(row["pupils"])
        for row in week.riders:
            key = str(row["settlement_id"]), str(row["band"]), str(row["site_id"])
            if row["direction"] == direction and (row["route_id"] or not _reaches(roads, *key[::2])):
                left[key] -= int(row["pupils"])
        for (home, band, site), count in sorted(left.items()):
            if count:
                where = f"{home}, {band} -> {site}, {direction}"
                yield Words(f"寄宿生{where}：还差{count}个周末座位", f"boarders {where}: {count} seats are missing at the weekend")
    yield from _check_under_ten(week)


def _reaches(roads: Roads, home: str, site: str) -> bool:
    """Return whether roads for buses lead from a home to its school and back, by the re-check's own net."""
    node, gate = roads.driving.main_joint("home", home), roads.gate(site)
    if home in roads.off_network:
        return False
    return bool(np.isfinite(roads.ride_s(node, gate)) and np.isfinite(roads.ride_s(gate, node)))


def _check_under_ten(week: Given) -> Iterator[Words]:
    """Children under ten are counted in full, ride with an attendant, and where nobody older gets off with them it is told."""
    young = {band: sum(FIRST_AGE + grade - 1 < TEN for grade in grades) / len(grades) for band, grades in week.scenario.bands.items()}
    small: dict[str, float] = defaultdict(float)
    only_young: dict[str, dict[str, bool]] = defaultdict(dict)
    for row in week.riders:
        name, stop, share = str(row["route_id"]), str(row["stop_id"]), young[str(row["band"])]
        small[name] += share * int(row["pupils"])
        only_young[name][stop] = only_young[name].get(stop, True) and share == 1
    for name, route in week.routes.items():
        if not abs(float(route["under_10"]) - small[name]) <= SHARED:
            yield Words(
                f"{name}：不满10岁{route['under_10']}人，复核{small[name]:.1f}人",
                f"{name}: {route['under_10']} under ten, not {small[name]:.1f}",
            )
        if small[name] > 0 and not int(route["attendant"]) >= 1:
            yield Words(f"{name}：不满10岁的学生没有照管人员", f"{name}: children under ten without an attendant")
        if int(route["met_at_stop"]) < sum(only_young[name].values()):
            yield Words(
                f"{name}：有站只有不满10岁的学生下车，未列须接站", f"{name}: a stop where only children under ten get off is not told"
            )
