"""The buses of a layout with mixed loads: rosters, calls, riders, and what it saves against one school a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import shapely

from layout_planner.buses.fleet import price_buses
from layout_planner.buses.mixed import GATE, Mixer, count_pupils, mix_loads
from layout_planner.buses.model import Drive
from layout_planner.buses.nights import add_empty_ways, pair_buses
from layout_planner.buses.rosters import METRES, yuan_per_m
from layout_planner.results import BUS_RIDER_COLUMNS, FROM_SCHOOL, MIXED_CALL_COLUMNS, MIXED_SUM_COLUMNS, TO_SCHOOL, MixedLoads

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from layout_planner.buses.bells import Ask
    from layout_planner.buses.mixed import Load, Visit
    from layout_planner.buses.rosters import Rosters
    from layout_planner.buses.streets import Streets
    from layout_planner.plan.case import Case
    from layout_planner.results import BusPlan

    Rows = list[dict[str, Any]]
    Names = Mapping[int, tuple[str, str, str]]

SECONDS = 60
SHOWN = 2
LETTER = {TO_SCHOOL: "A", FROM_SCHOOL: "P"}


@dataclass(frozen=True, kw_only=True)
class MixedDuty(Drive):
    """One run of one bus to or from one or several schools."""

    load: Load


def plan_mixed(
    case: Case, streets: Streets, rosters: Rosters, asked: Mapping[str, Sequence[Ask]], names: Names, apart: BusPlan
) -> MixedLoads:
    """Return the cheapest way found to drive the runs `asked` with mixed loads; one school a run is among those tried.

    Parameters
    ----------
    asked : the single-school runs by direction.
    names : id and names of every stop, by graph node.
    apart : the plan of the same runs with one school each.
    """
    price = price_buses(rosters.kinds)
    chosen: list[MixedDuty] = []
    for direction, own in asked.items():
        mixer = Mixer(own, streets, rosters, direction)
        tried: list[list[MixedDuty]] = []
        for group in mix_loads(mixer):
            driven = rosters.drive([mixer.slot_of(load) for load in group], direction)
            tried.append([MixedDuty(**vars(drive), load=group[slot]) for slot, drive in driven])
        yuan = [_yuan(case, duties, price) for duties in tried]
        chosen += tried[yuan.index(min(yuan))]
    morning, evening = ([duty for duty in chosen if duty.direction == direction] for direction in (TO_SCHOOL, FROM_SCHOOL))
    paired = [*morning, *pair_buses(morning, evening, streets, rosters.places)]
    duties = sorted(
        add_empty_ways(paired, streets, rosters.places, weekly=False), key=lambda duty: (duty.direction != TO_SCHOOL, duty.bus, duty.number)
    )
    calls, riders = _tabulate(case, streets, duties, names)
    return MixedLoads(calls, riders, _sum_up(duties, riders, apart, _yuan(case, duties, price)))


def _yuan(case: Case, duties: Sequence[MixedDuty], price: Mapping[tuple[int, str], int]) -> float:
    """Return yuan a year of the buses and kilometres of `duties`."""
    buses = {duty.bus: (duty.seats, duty.overnight) for duty in duties}
    metres = sum(duty.load.metres + duty.empty_m + duty.home_m for duty in duties)
    return sum(price[kind] for kind in buses.values()) + yuan_per_m(case) / 2 * metres


def _tabulate(case: Case, streets: Streets, duties: Sequence[MixedDuty], names: Names) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    calls: Rows = []
    riders: Rows = []
    count = dict.fromkeys(LETTER, 0)
    for duty in duties:
        count[duty.direction] += 1
        run_id = f"M-{LETTER[duty.direction]}{count[duty.direction]}"
        calls += _calls_of(case, streets, duty, run_id, names)
        riders += _riders_of(case, duty, run_id, names)
    table = pd.DataFrame(riders, columns=list(BUS_RIDER_COLUMNS))
    keys = ["settlement_id", "band", "site_id", "direction", "route_id", "stop_id"]
    places = gpd.GeoDataFrame(calls, columns=list(MIXED_CALL_COLUMNS), geometry="geometry", crs=case.county.crs)
    return places, table.sort_values(keys, ignore_index=True)


def _halts(load: Load) -> list[tuple[list[Visit], float, float]]:
    """Return the visits of every halt with the seconds at which the bus is there and goes on, in the order of a morning."""
    halts: list[tuple[list[Visit], float, float]] = []
    for visit, (there, gone) in zip(load.visits, load.times, strict=True):
        again = halts and halts[-1][0][0].node == visit.node and GATE not in (visit.choices, halts[-1][0][0].choices)
        if again:
            halts[-1] = ([*halts[-1][0], visit], halts[-1][1], gone)
        else:
            halts.append(([visit], there, gone))
    return halts


def _calls_of(case: Case, streets: Streets, duty: MixedDuty, run_id: str, names: Names) -> Rows:
    """Return the calls of one run in the order of driving; at its first gate on the way home the bus leaves, elsewhere it arrives then."""
    load, inward, rows = duty.load, duty.direction == TO_SCHOOL, []
    aboard = 0
    halts = _halts(load) if inward else _halts(load)[::-1]
    for number, (visits, there, gone) in enumerate(halts, start=1):
        first = visits[0]
        ask = load.parts[first.part]
        gate = first.choices == GATE
        pupils = count_pupils(ask) if gate else sum(int(load.parts[v.part].bell.pupils[list(v.choices)].sum()) for v in visits)
        on = pupils if gate != inward else 0
        aboard += on - (pupils - on)
        backward = load.seconds - (there if number == 1 else gone)
        school = case.county.schools.loc[ask.round_.site_id]
        place = (ask.round_.site_id, str(school["name"]), str(school.get("name_en") or school["name"])) if gate else names[first.node]
        rows.append(
            {
                "run_id": run_id,
                "bus_id": f"B{duty.bus + 1:03d}",
                "run": duty.number,
                "direction": duty.direction,
                "seats": duty.seats,
                "call_no": number,
                "kind": "gate" if gate else "stop",
                "place_id": place[0],
                "name": place[1],
                "name_en": place[2],
                "time_s": round(duty.starts_s + (there if inward else backward), 1),
                "on": on,
                "off": pupils - on,
                "aboard": aboard,
                "geometry": shapely.Point(streets.node_xy[first.node]),
            }
        )
    return rows


def _riders_of(case: Case, duty: MixedDuty, run_id: str, names: Names) -> Rows:
    """Return the riders of one run by home, band and stop; parts of one party at one stop are added up."""
    load, wait = duty.load, case.norms.value("bus.wait_minutes")
    found: dict[tuple[int, int, int], dict[str, Any]] = {}
    for part, choice, at in load.left:
        ask = load.parts[part]
        party = int(ask.round_.part_of[ask.bell.party[choice]])
        node = int(ask.round_.node[ask.bell.stop[choice]])
        who, walk = ask.round_.parties[party], ask.round_.choices[ask.round_.pick[choice]].walk_s / SECONDS
        ride = (load.reached[part] - at) / SECONDS
        row = found.setdefault(
            (part, party, node),
            {
                "settlement_id": who.settlement_id,
                "band": who.band,
                "site_id": ask.round_.site_id,
                "direction": duty.direction,
                "route_id": run_id,
                "stop_id": names[node][0],
                "pupils": 0,
                "walk_minutes": round(walk, SHOWN),
                "ride_minutes": 0.0,
                "limit_minutes": who.limit_s / SECONDS,
            },
        )
        row["pupils"] += int(ask.bell.pupils[choice])
        row["ride_minutes"] = max(row["ride_minutes"], round(ride, SHOWN))
        row["trip_minutes"] = round(row["walk_minutes"] + wait + row["ride_minutes"], SHOWN)
    return list(found.values())


def _sum_up(duties: Sequence[MixedDuty], riders: pd.DataFrame, apart: BusPlan, yuan: float) -> pd.DataFrame:
    """Return MIXED_SUM_COLUMNS: one row with one school a run, one with mixed loads."""
    mixed = [duty for duty in duties if duty.load.schools > 1]
    metres = sum(duty.load.metres for duty in duties), sum(duty.empty_m + duty.home_m for duty in duties)
    routes = apart.routes
    rows: list[tuple[Any, ...]] = [
        (
            "apart",
            apart.buses,
            len(routes),
            0,
            0,
            float(routes["longest_ride_minutes"].max()),
            round(float(routes["ride_km"].sum()), SHOWN),
            round(float(routes[["empty_km", "home_km"]].sum().sum()), SHOWN),
            round(apart.cost_yuan, SHOWN),
        ),
        (
            "mixed",
            len({duty.bus for duty in duties}),
            len(duties),
            len(mixed),
            sum(sum(count_pupils(ask) for ask in duty.load.parts) for duty in mixed if duty.direction == TO_SCHOOL),
            float(riders["ride_minutes"].max()),
            round(metres[0] / METRES, SHOWN),
            round(metres[1] / METRES, SHOWN),
            round(yuan, SHOWN),
        ),
    ]
    return pd.DataFrame(rows, columns=list(MIXED_SUM_COLUMNS))
