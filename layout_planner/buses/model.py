"""One school's runs as the router sees them, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Bell:
    """All runs to one school that have to be there by one time.

    Riders are parties: pupils of one home and band. A party boards at one of its choices, (party, stop) pairs.

    arrive_s   seconds after midnight by which every bus has arrived
    free_s     when a bus is free for its next run
    party, stop, pupils  per choice: which party, which stop, how many pupils
    earliest_s per choice: boarding before this would make the ride too long
    board_s    per choice: seconds that its pupils take to get on
    walk_cost  per choice: what the walk to its stop counts beside the cost of buses
    halt_s     seconds that any halt takes beside boarding
    between_s, between_m          (stops, stops)
    to_school_s, to_school_m      (stops,)
    from_schools_s, from_schools_m  (schools, stops): from the gate of every school of the plan, where a bus may have been before
    """

    arrive_s: float
    free_s: float
    party: Ints
    stop: Ints
    pupils: Ints
    earliest_s: Floats
    board_s: Floats
    walk_cost: Floats
    halt_s: float
    between_s: Floats
    between_m: Floats
    to_school_s: Floats
    to_school_m: Floats
    from_schools_s: Floats
    from_schools_m: Floats

    @property
    def choices(self) -> int:
        """Number of (party, stop) pairs."""
        return len(self.party)


@dataclass(frozen=True)
class Vehicles:
    """Buses of one kind: pupil seats, what one more costs, how many there are, and the school they come from (-1 = from anywhere)."""

    seats: int
    cost: int
    number: int
    school: int = -1


@dataclass(frozen=True)
class Run:
    """One run: its choices in the order of boarding, the seats of its bus, the school that the bus comes from (-1 = none)."""

    choices: tuple[int, ...]
    seats: int
    school: int = -1


@dataclass(frozen=True, kw_only=True)
class Drive:
    """What one bus drives at one time, with pupils and without.

    bus       from 0; number: first, second, ... run of its bus that morning or afternoon
    seats     for pupils
    starts_s  when it reaches its first stop, or leaves the gate
    begins_at, ends_at, gate  graph nodes of its first and last call, and of its school
    empty_m, empty_s  driven empty before it; the seconds only before the first run of a half day
    home_m, home_s    driven empty after it, back to where the bus stands overnight
    overnight where that is, as in the fleet table
    """

    direction: str
    bus: int
    number: int
    seats: int
    starts_s: float
    begins_at: int
    ends_at: int
    gate: int
    empty_m: float
    overnight: str = ""
    empty_s: float = 0.0
    home_m: float = 0.0
    home_s: float = 0.0


def run_seconds(bell: Bell, run: Run) -> float:
    """Return seconds from reaching the first stop to the school's gate."""
    stops = [int(bell.stop[choice]) for choice in run.choices]
    total = bell.halt_s + float(bell.to_school_s[stops[-1]]) + sum(float(bell.board_s[choice]) for choice in run.choices)
    for here, there in pairwise(stops):
        if here != there:
            total += float(bell.between_s[here, there]) + bell.halt_s
    return total


def latest_start_s(bell: Bell, run: Run) -> float:
    """Return the latest second at which the bus may reach its first stop."""
    return bell.arrive_s - run_seconds(bell, run)
