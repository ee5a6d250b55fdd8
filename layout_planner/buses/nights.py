"""Where buses stand overnight, and what they drive empty for it: out in the morning, from school to school at noon, back in the evening."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from scipy.optimize import linear_sum_assignment

from layout_planner.buses.schedule import Base
from layout_planner.errors import Problem, raise_problems
from layout_planner.results import TO_SCHOOL
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from layout_planner.buses.fleet import Kind
    from layout_planner.buses.model import Drive
    from layout_planner.buses.streets import Streets
    from layout_planner.plan.case import Case

    Ints = NDArray[np.int64]
    Leg = tuple[int, int]

AnyDrive = TypeVar("AnyDrive", bound="Drive")
AT_SCHOOL = "school"
NO_WAY = 1e12  # metres; a pairing that cannot be driven


def find_places(kinds: Sequence[Kind], case: Case, streets: Streets) -> dict[str, int]:
    """Return the graph node of every settlement or school at which buses of `kinds` stand overnight.

    Raises
    ------
    InputError : no road for buses leads to a place, or from it to any school.
    """
    travel, net, nodes = case.travel, streets.net, {}
    gates = np.unique(net.main_gate[net.main_gate >= 0])
    faults = []
    for place in sorted({kind.overnight for kind in kinds} - {"", AT_SCHOOL}):
        node = int(net.main_stop[travel.settlements.get_loc(place)]) if place in travel.settlements else -1
        node = int(net.main_gate[travel.schools.get_loc(place)]) if place in travel.schools else node
        if node < 0 or not np.isfinite(streets.rides(np.array([node]), gates)[0]).any():
            what = Words("校车夜间停放地点不通校车可走的路", "no road for buses leads from where a bus stands overnight to any school")
            hint = Words("改用通路的居民点或学校", "name a settlement or school on such a road")
            faults.append(Problem("fleet", what, hint, column="overnight", value=place))
        nodes[place] = node
    raise_problems(faults)
    return nodes


def bases_of(kinds: Sequence[Kind], places: Mapping[str, int], streets: Streets, gates: Ints, outer: Ints, *, early: bool) -> list[Base]:
    """Return where buses of one size stand overnight, those that may be bought as needed last; `overnight` of `list_overnight` in order.

    gates, outer : of every trip, graph nodes of its school and of its outermost stop.
    """
    bases = []
    for overnight in list_overnight(kinds):
        own = [kind for kind in kinds if kind.overnight == overnight]
        if overnight == "":
            way_m = np.zeros(len(outer))
        else:
            begin = gates if overnight == AT_SCHOOL else np.array([places[overnight]])
            _, metres = streets.rides(outer, begin) if early else streets.rides(begin, outer)
            table = metres if early else metres.T
            way_m = np.diagonal(table) if overnight == AT_SCHOOL else table[:, 0]
        numbers = [kind.number for kind in own if kind.number is not None]
        bases.append(Base(min(kind.yuan for kind in own), None if len(numbers) < len(own) else sum(numbers), way_m))
    return bases


def list_overnight(kinds: Sequence[Kind]) -> list[str]:
    """Return the places at which `kinds` stand overnight, those that have as many buses as are needed last."""
    bought = {kind.overnight for kind in kinds if kind.number is None}
    return sorted({kind.overnight for kind in kinds}, key=lambda overnight: (overnight in bought, overnight))


def pair_buses(
    to_school: Sequence[AnyDrive], from_school: Sequence[AnyDrive], streets: Streets, places: Mapping[str, int]
) -> list[AnyDrive]:
    """Return the runs home with the buses renamed: as many as may be are driven by a bus of the morning, with the least empty driving.

    A bus waits at its last school of the morning; in the evening it ends where it stands overnight.
    """
    mornings, evenings = _by_bus(to_school), _by_bus(from_school)
    legs = {(own[-1].ends_at, home[0].begins_at) for own in mornings.values() for home in evenings.values()}
    stand = {bus: stand_of(own, places) for bus, own in mornings.items()}
    legs |= {(home[-1].ends_at, node) for home in evenings.values() for node in stand.values()}
    metres = drive_legs(streets, legs)[1]
    table = np.full((len(mornings), len(evenings)), NO_WAY)
    for row, (bus, own) in enumerate(mornings.items()):
        for column, home in enumerate(evenings.values()):
            if (own[0].seats, own[0].overnight) == (home[0].seats, home[0].overnight):
                way_m = metres[own[-1].ends_at, home[0].begins_at] + metres[home[-1].ends_at, stand[bus]]
                table[row, column] = min(way_m, NO_WAY)
    name: dict[int, int] = {}
    buses, homes = list(mornings), list(evenings)
    for row, column in zip(*linear_sum_assignment(table), strict=True):
        if table[row, column] < NO_WAY:
            name[homes[column]] = buses[row]
    fresh = len(mornings)
    for bus in homes:
        if bus not in name:
            name[bus], fresh = fresh, fresh + 1
    return [replace(drive, bus=name[drive.bus]) for drive in from_school]


def add_empty_ways(duties: Sequence[AnyDrive], streets: Streets, places: Mapping[str, int], *, weekly: bool) -> list[AnyDrive]:
    """Return the runs of all buses with the empty ways before the first of a half day and after the last.

    weekly : the two halves are Sunday and Friday, so a bus is back overnight after each.
    """
    found: list[AnyDrive] = []
    legs: set[Leg] = set()
    plans = []
    for own in _by_bus(duties).values():
        stand = stand_of(own, places)
        halves = [half for half in _halves(own) if half]
        before = stand
        for number, half in enumerate(halves):
            back = weekly or number == len(halves) - 1
            ways = (before, half[0].begins_at), (half[-1].ends_at, stand)
            legs |= {ways[0], *([ways[1]] if back else [])}
            plans.append((half, ways[0], ways[1] if back else None))
            before = stand if weekly else half[-1].ends_at
    seconds, metres = drive_legs(streets, legs)
    for half, out, home in plans:
        first = replace(half[0], empty_m=metres[out], empty_s=seconds[out])
        driven = [first, *half[1:]]
        if home is not None:
            driven[-1] = replace(driven[-1], home_m=metres[home], home_s=seconds[home])
        found += driven
    return found


def stand_of(own: Sequence[Drive], places: Mapping[str, int]) -> int:
    """Return the graph node at which the bus of the runs `own`, of a day in their order, stands overnight."""
    first, overnight = own[0], own[0].overnight
    if overnight == AT_SCHOOL:
        return first.gate
    if overnight:
        return places[overnight]
    return first.begins_at if first.direction == TO_SCHOOL else own[-1].ends_at


def drive_legs(streets: Streets, legs: set[Leg]) -> tuple[dict[Leg, float], dict[Leg, float]]:
    """Return seconds and metres of every leg between graph nodes, `inf` where there is no way."""
    begins, ends = (sorted({leg[end] for leg in legs}) for end in (0, 1))
    seconds, metres = streets.rides(np.array(begins, dtype=np.int64), np.array(ends, dtype=np.int64))
    row, column = ({node: at for at, node in enumerate(nodes)} for nodes in (begins, ends))
    at = {leg: (row[leg[0]], column[leg[1]]) for leg in legs}
    return {leg: float(seconds[place]) for leg, place in at.items()}, {leg: float(metres[place]) for leg, place in at.items()}


def _by_bus(duties: Sequence[AnyDrive]) -> dict[int, list[AnyDrive]]:
    """Return the runs of every bus: those to school first, each half in the order of driving."""
    found: dict[int, list[AnyDrive]] = {}
    for drive in sorted(duties, key=lambda drive: (drive.bus, drive.direction != TO_SCHOOL, drive.number)):
        found.setdefault(drive.bus, []).append(drive)
    return found


def _halves(own: Sequence[AnyDrive]) -> tuple[list[AnyDrive], list[AnyDrive]]:
    return [drive for drive in own if drive.direction == TO_SCHOOL], [drive for drive in own if drive.direction != TO_SCHOOL]
