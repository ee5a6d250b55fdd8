"""Door to door by public bus: walk to a stop, ride, change once at most, walk to school before the bell, and home after dismissal."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.travel.departures import Departures, list_rides, no_rides
from layout_planner.travel.links import Ends, link_near
from layout_planner.travel.model import PUBLIC_COLUMNS, PublicTrips
from layout_planner.travel.scan import NEVER, Footways, make_board, pack_keys, places_of, scan_to_school
from layout_planner.travel.timetable import list_calls

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layout_planner.county.model import County, TransitLines
    from layout_planner.norms import NormSet
    from layout_planner.scenario import Travel
    from layout_planner.travel.net import Net
    from layout_planner.travel.network import Arcs, Near
    from layout_planner.travel.scan import Board, FromStops

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Rules:
    """What a journey may be, seconds; see norms/assumptions.toml, `transit.*`."""

    buffer_s: float
    early_s: float
    to_stop_s: float
    change_s: float
    longest_s: float
    bad_day_s: float
    factors: tuple[float, ...]

    @classmethod
    def of(cls, norms: NormSet, settings: Travel) -> Rules:
        """Return the rules of a norm set; journeys over every time limit are of no use and not kept."""
        slow = {norm.value for norm in norms.norms if norm.key == "speed.child_factor"} if settings.walk.child_speed else {1.0}
        return cls(
            60 * norms.value("transit.buffer_minutes"),
            60 * norms.value("transit.most_early_minutes"),
            60 * norms.value("bus.walk_to_stop_minutes"),
            60 * norms.value("transit.change_walk_minutes"),
            60 * max((norm.value for norm in norms.norms if norm.key == "travel.max_minutes"), default=0.0),
            60 * norms.value("transit.bad_day_minutes"),
            tuple(sorted(slow)),
        )

    def on_bad_day(self) -> Rules:
        """Return the rules of a bad day: a journey that takes too long is still a way to school."""
        return replace(self, longest_s=self.bad_day_s)


@dataclass(frozen=True)
class Walks:
    """An adult's walks between places and stops that are near: place, stop, seconds to the stop and from it; sorted by place."""

    place: Ints
    stop: Ints
    to_stop_s: Floats
    from_stop_s: Floats

    def within(self, most_s: float, factor: float) -> Walks:
        """Return the walks of one who has `factor` of an adult's speed, as far as they take at most `most_s` both ways."""
        to_stop, from_stop = self.to_stop_s / factor, self.from_stop_s / factor
        near = np.maximum(to_stop, from_stop) <= most_s
        return Walks(self.place[near], self.stop[near], to_stop[near], from_stop[near])


@dataclass(frozen=True)
class _Half:
    """One direction: its vehicles with all changes, walks from home to the stops, walks from the stops to school, the hours."""

    board: Board
    homes: Ints
    starts: Ints
    stops: Ints
    access_s: Floats
    egress_s: Floats
    earliest: Floats
    latest: Floats
    homeward: bool


@dataclass(frozen=True)
class Ride:
    """One ride: positions of its pattern and of the stops on the way.

    ready_s, done_s  seconds after midnight at which one is at the stop to get on, and has got off
    wait_s, ride_s   what of the time between is waiting and riding
    """

    pattern: int
    stops: tuple[int, ...]
    ready_s: float
    done_s: float
    wait_s: float
    ride_s: float

    def turned_round(self) -> Ride:
        """Return the ride as it is, of one that was found with time turned round."""
        return Ride(self.pattern, self.stops[::-1], -self.done_s, -self.ready_s, self.wait_s, self.ride_s)


def measure_public(net: Net, arcs: tuple[Arcs, Arcs], county: County, settings: Travel) -> PublicTrips | None:
    """Return all journeys by public bus that are within some time limit, None where the county has no lines.

    arcs : the graph on foot, and the same with every arc turned round.
    """
    lines, rules = county.lines, net.rules
    if lines is None or rules is None:
        return None
    walks, hours = _walks(net, arcs, max(rules.to_stop_s, rules.change_s)), _both_hours(county, settings)
    found = {factor: _journeys(lines, rules, factor, walks, hours) for factor in rules.factors}
    tables = {factor: table for factor, (table, _) in found.items()}
    departures = Departures.of(lines, {factor: rides for factor, (_, rides) in found.items()}) if lines.seats else None
    return PublicTrips(tables, (len(county.settlements), len(county.schools)), departures)


def tell_journey(
    net: Net, arcs: tuple[Arcs, Arcs], county: County, settings: Travel, ends: tuple[int, int], factor: float
) -> tuple[tuple[Ride, ...], tuple[Ride, ...]]:
    """Return the rides of the shortest journeys between `ends` (positions of settlement and school), there and back; empty without."""
    lines, rules = county.lines, net.rules
    if lines is None or rules is None:
        return (), ()
    walks, hours = _walks(net, arcs, max(rules.to_stop_s, rules.change_s)), _both_hours(county, settings)
    home, school = ends
    told = []
    for half in _halves(lines, rules, factor, walks, hours):
        found = _scan(half, school)
        trips = _from_homes(half, found)
        stops = trips.loc[(trips["home"] == home) & (trips["seconds"] <= rules.longest_s), "halt"]
        told.append(() if stops.empty else _rides(half, found.calls[int(stops.iloc[0])]))
    return told[0], told[1][::-1]


def _rides(half: _Half, calls: Ints) -> tuple[Ride, ...]:
    """Return the rides between the `calls` of one journey; on the way home time is turned round, and getting on is getting off."""
    board = half.board.timetable
    rides: list[Ride] = []
    for on, off in ((int(calls[0]), int(calls[1])), (int(calls[2]), int(calls[3]))):
        if on < 0:
            continue
        along = np.arange(on, off + 1)
        stops = board.stop[along]
        seconds = float(board.done[off] - board.ready[on] - board.wait_s[on])
        ready, done = float(board.ready[on]), float(board.done[off])
        ride = Ride(int(board.pattern[on]), tuple(int(stop) for stop in stops), ready, done, float(board.wait_s[on]), seconds)
        rides.append(ride.turned_round() if half.homeward else ride)
    return tuple(rides)


def _both_hours(county: County, settings: Travel) -> tuple[Floats, Floats]:
    return _hours(county, "bell", settings.bell), _hours(county, "dismissal", settings.dismissal)


def _hours(county: County, column: str, said: str) -> Floats:
    """Return the hour of every school in seconds after midnight."""
    hours, minutes = said.split(":")
    usual = 3600.0 * int(hours) + 60.0 * int(minutes)
    if column not in county.schools:
        return np.full(len(county.schools), usual)
    return county.schools[column].astype(float).fillna(usual).to_numpy()


def _walks(net: Net, arcs: tuple[Arcs, Arcs], most_s: float) -> tuple[Walks, Walks, Walks]:
    """Return adult walks of at most `most_s` between stops and homes, schools, and other stops."""
    outward, inward = arcs
    halts, found = Ends(net.halts.place, len(net.halts.nearest_m)), []
    for access, nodes in ((net.on_foot.homes, net.home), (net.on_foot.schools, net.school), (net.halts, net.halt)):
        places, none = Ends(access.place, len(access.nearest_m)), (np.zeros(len(net.halt)), np.zeros(len(nodes)))
        joints, ends = (net.halt, nodes), (halts, places)
        leaving = link_near(outward, joints, (net.halts.there_s, access.back_s), none, ends, most_s)
        coming = link_near(inward, joints, (net.halts.back_s, access.there_s), none, ends, most_s)
        found.append(_both_within(coming, leaving, (places.count, halts.count), most_s, same=access is net.halts))
    return found[0], found[1], found[2]


def _both_within(coming: Near, leaving: Near, shape: tuple[int, int], most_s: float, *, same: bool) -> Walks:
    """Return the walks (`shape`: places, stops) of at most `most_s` to the stop and back; `same`: one is at one's own stop at once."""
    tables = []
    for near in (coming, leaving):
        other = near.source != near.target if same else np.ones(len(near.source), dtype=bool)
        own = np.arange(shape[0] if same else 0)
        keys = np.concatenate([near.target[other] * shape[1] + near.source[other], own * (shape[1] + 1)])
        tables.append((keys, np.concatenate([near.seconds[other], np.zeros(len(own))])))
    (coming_keys, to_stop), (leaving_keys, from_stop) = tables
    both, one, two = np.intersect1d(coming_keys, leaving_keys, assume_unique=True, return_indices=True)
    fits = np.maximum(to_stop[one], from_stop[two]) <= most_s
    place, stop = np.divmod(both[fits], shape[1])
    return Walks(place, stop, to_stop[one][fits], from_stop[two][fits])


def _journeys(
    lines: TransitLines, rules: Rules, factor: float, walks: tuple[Walks, Walks, Walks], hours: tuple[Floats, Floats]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the journeys (PUBLIC_COLUMNS) of all who walk at `factor` of an adult's speed: the worse of both directions.

    And, where seats are told, their rides there and back (RIDE_COLUMNS).
    """
    there, back = _halves(lines, rules, factor, walks, hours)
    parts, rides = [], [no_rides()]
    for school in np.flatnonzero(np.isfinite(there.egress_s).any(axis=1)):
        scans = [_scan(half, int(school)) for half in (there, back)]
        one, other = (_from_homes(half, found) for half, found in zip((there, back), scans, strict=True))
        both = one.merge(other, on="home", suffixes=("", "_back"))
        worse = both["seconds_back"] > both["seconds"]
        for name in PUBLIC_COLUMNS[2:8]:
            both[name] = both[f"{name}_back"].where(worse, both[name])
        both.insert(1, "school", int(school))
        both = both[both["seconds"] <= rules.longest_s]
        parts.append(both[list(PUBLIC_COLUMNS)])
        for half, found, halt in zip((there, back), scans, ("halt", "halt_back"), strict=True) if lines.seats else ():
            rides.append(list_rides(half.board.timetable, both[["home", "school"]], found.calls[both[halt]]))
    empty = pd.DataFrame(
        {name: pd.Series(dtype=np.int64 if name in {"home", "school", "halt", "first", "second"} else float) for name in PUBLIC_COLUMNS}
    )
    table = pd.concat(parts, ignore_index=True) if parts else empty
    return table.sort_values(["home", "school"], ignore_index=True), pd.concat(rides, ignore_index=True)


def _halves(
    lines: TransitLines, rules: Rules, factor: float, walks: tuple[Walks, Walks, Walks], hours: tuple[Floats, Floats]
) -> tuple[_Half, _Half]:
    """Return the way to school and the way home of one who walks at `factor` of an adult's speed."""
    homes, schools = (found.within(rules.to_stop_s, factor) for found in walks[:2])
    near = homes, schools, walks[2].within(rules.change_s, factor)
    return _half(lines, rules, near, hours[0], homeward=False), _half(lines, rules, near, hours[1], homeward=True)


def _half(lines: TransitLines, rules: Rules, walks: tuple[Walks, Walks, Walks], hours: Floats, *, homeward: bool) -> _Half:
    """Return one direction; the way home is looked at with time turned round, as a way to school."""
    homes, schools, changes = walks
    reach = rules.early_s + rules.longest_s
    if homeward:
        timetable = list_calls(lines, hours.min(), hours.max() + reach, rules.buffer_s).mirrored()
        earliest, latest = -(hours + rules.early_s), -hours
    else:
        timetable = list_calls(lines, hours.min() - reach, hours.max(), rules.buffer_s)
        earliest, latest = hours - rules.early_s, hours
    stops = len(lines.stops)
    footways = Footways(changes.place, changes.stop, changes.from_stop_s if homeward else changes.to_stop_s)
    egress = np.full((len(hours), stops), np.inf)
    egress[schools.place, schools.stop] = schools.to_stop_s if homeward else schools.from_stop_s
    starts = np.flatnonzero(np.diff(homes.place, prepend=-1))
    access = homes.from_stop_s if homeward else homes.to_stop_s
    return _Half(make_board(timetable, footways, stops), homes.place, starts, homes.stop, access, egress, earliest, latest, homeward)


def _scan(half: _Half, school: int) -> FromStops:
    return scan_to_school(half.board, half.egress_s[school], float(half.earliest[school]), float(half.latest[school]))


def _from_homes(half: _Half, found: FromStops) -> pd.DataFrame:
    """Return the shortest journey from every home in one direction."""
    keys = pack_keys(half.access_s + found.total_s[half.stops], np.arange(len(half.stops)))
    best = np.minimum.reduceat(keys, half.starts) if len(half.starts) else keys
    pair = places_of(best[best != NEVER])
    stop = half.stops[pair]
    return pd.DataFrame(
        {
            "home": half.homes[pair],
            "seconds": half.access_s[pair] + found.total_s[stop],
            "walk_s": half.access_s[pair] + found.walk_s[stop],
            "wait_s": found.wait_s[stop],
            "ride_s": found.ride_s[stop],
            "early_s": found.early_s[stop],
            "headway_s": found.headway_s[stop],
            "halt": stop,
            "first": found.first[stop],
            "second": found.second[stop],
        }
    )
