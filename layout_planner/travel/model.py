"""What travel hands on: seconds and metres from every settlement to every school, by mode."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.travel.doubt import AS_EXPECTED, Pace
from layout_planner.travel.rides import Riding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from layout_planner.county.model import Note
    from layout_planner.travel.departures import Departures
    from layout_planner.travel.rides import Rides

PUBLIC_COLUMNS = (
    "home",  # int, position of the settlement
    "school",  # int, position of the school
    "seconds",  # float, door to door in the worse direction, = walk_s + wait_s + ride_s
    "walk_s",  # float
    "wait_s",  # float, at stops; half the headway where a line has no timetable
    "ride_s",  # float, in vehicles
    "early_s",  # float, at school before the bell, or after dismissal before leaving; not part of `seconds`
    "headway_s",  # float, sum of the headways of the lines taken: waiting is between wait_s - headway_s / 2 and wait_s + headway_s / 2
    "halt",  # int, position in TransitLines.stops of the stop near home
    "first",  # int, position in TransitLines.patterns of the line taken at that stop (in the morning)
    "second",  # int, of the line changed to; -1 = no change
)


@dataclass(frozen=True)
class PublicTrips:
    """Journeys by public bus: one table (PUBLIC_COLUMNS) for every share of an adult's walking speed, sorted by home and school.

    departures  where these journeys ride on departures whose seats are told; None where none are told
    """

    by_factor: Mapping[float, pd.DataFrame]
    shape: tuple[int, int]
    departures: Departures | None = None

    def seconds(self, factor: float, pace: Pace = AS_EXPECTED) -> NDArray[np.float64]:
        """Return door-to-door seconds of one who walks at `factor` of an adult's speed, inf where no journey is in time.

        At another pace than the expected the journey stays the same one; where a line has no timetable its waits are short or long.
        """
        whole = np.full(self.shape, np.inf)
        trips = self.by_factor[factor]
        walk, ride, headway = ((trips[part] * share).to_numpy() for part, share in pace.changes())
        whole[trips["home"].to_numpy(), trips["school"].to_numpy()] = trips["seconds"].to_numpy() + walk + ride + headway
        return whole


@dataclass(frozen=True)
class TravelTimes:
    """Door-to-door trips; unreachable is `np.inf`, never NaN. All arrays have shape (settlements, schools).

    walk_s      seconds on foot at adult speed, the worse of going and returning, off-road legs included
    walk_m      metres of the fastest walk to school, off-road legs included
    ride_s      seconds in a vehicle on an adult's quickest trip by it, in the direction that takes longer door to door
    ride_m      metres of the fastest ride to school
    stop_s      seconds on foot at adult speed from home to the nearest road of buses; shape (settlements,)
    home_leg_s  the part of walk_s that is surely spent across country at home, the lesser of both directions; 0 where there is no way;
                shape (settlements,)
    school_leg_s  the same at school; shape (schools,)
    stop_leg_s  the same of stop_s; shape (settlements,)
    access_m    metres across country from home to the walkable roads; shape (settlements,)
    school_access_m  the same for schools; shape (schools,)
    public      journeys by public bus; None where the county names no lines
    off_network True where no way leads to a road; all times of the row are inf, access_m is straight; shape (settlements,)
    stop_off_m  metres of the walk to the stop that no road is mapped for; shape (settlements,)
    over_terrain True where the way from home to the roads is a search over the terrain; shape (settlements,)
    walk_leg_s, walk_off_m  seconds and metres of every walk that are spent across country, as its two places join the roads for it; None
                where every place joins at one point: then those of both ends
    rides       the ways by school bus over whichever stop is best; None where every place has one stop: then stop_s and ride_s
    """

    settlements: pd.Index
    schools: pd.Index
    walk_s: NDArray[np.float64]
    walk_m: NDArray[np.float64]
    ride_s: NDArray[np.float64]
    ride_m: NDArray[np.float64]
    stop_s: NDArray[np.float64]
    home_leg_s: NDArray[np.float64]
    school_leg_s: NDArray[np.float64]
    stop_leg_s: NDArray[np.float64]
    access_m: NDArray[np.float64]
    school_access_m: NDArray[np.float64]
    off_network: NDArray[np.bool_]
    stop_off_m: NDArray[np.float64]
    over_terrain: NDArray[np.bool_]
    public: PublicTrips | None = None
    notes: tuple[Note, ...] = field(default=())
    walk_leg_s: NDArray[np.float64] | None = None
    walk_off_m: NDArray[np.float64] | None = None
    rides: Rides | None = None

    def across_s(self) -> NDArray[np.float64]:
        """Return the seconds of every walk that are spent across country."""
        return self.home_leg_s[:, None] + self.school_leg_s[None, :] if self.walk_leg_s is None else self.walk_leg_s

    def across_m(self) -> NDArray[np.float64]:
        """Return the metres of every walk that are spent across country."""
        return self.access_m[:, None] + self.school_access_m[None, :] if self.walk_off_m is None else self.walk_off_m

    def riding(self, factor: float = 1.0, stretch: float = 1.0, most_s: float = np.inf) -> Riding:
        """Return the quickest trips by school bus, see `Rides.between`."""
        if self.rides is not None:
            return self.rides.between(factor, stretch, most_s)
        walk, across, off_m = (
            np.broadcast_to(part[:, None], self.ride_s.shape) for part in (self.stop_s, self.stop_leg_s, self.stop_off_m)
        )
        return Riding(walk, walk, across, off_m, self.ride_s, self.ride_m)

    def guessed_m(self, mode: str) -> NDArray[np.float64]:
        """Return metres of every trip by `mode`, `walk` or a ride, that no road is mapped for; shape (settlements, schools)."""
        return self.across_m() if mode == "walk" else self.riding().off_m

    def guessed_share(self, mode: str) -> NDArray[np.float64]:
        """Return the share of every trip by `mode` that is guessed, 0 where there is no trip; a ride's walk along roads is left out."""
        guessed = self.guessed_m(mode)
        metres = self.walk_m if mode == "walk" else self.ride_m + guessed
        real = np.isfinite(metres) & (metres > 0)
        return np.divide(guessed, metres, out=np.zeros(metres.shape), where=real)

    def guessed_shares(self, assignment: pd.DataFrame) -> NDArray[np.float64]:
        """Return the guessed share of every trip of `assignment`; 0 for pupils without a school."""
        rows, columns = (
            index.get_indexer(pd.Index(assignment[column]))
            for index, column in ((self.settlements, "settlement_id"), (self.schools, "school_id"))
        )
        walks = (assignment["mode"] == "walk").to_numpy()
        shares = np.where(walks, self.guessed_share("walk")[rows, columns], self.guessed_share("ride")[rows, columns])
        return np.where(columns >= 0, shares, 0.0)
