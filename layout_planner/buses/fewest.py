"""The fewest buses for all schools together: school after school is routed anew around the buses that the others leave to spare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from layout_planner.buses.model import Vehicles, latest_start_s
from layout_planner.buses.reuse import match_runs, schools_to_spare
from layout_planner.buses.router import route_school

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from layout_planner.buses.model import Bell, Run
    from layout_planner.buses.reuse import Matching

    Flags = NDArray[np.bool_]
    Runs = tuple[Run, ...]

A_BUS = 100_000  # metres that one bus less is worth
MOST_ORIGINS = 10
FIRST_ROUNDS = 400
MOST_ROUNDS = 300  # to which iterations grow while nothing is found


@dataclass(frozen=True)
class Fleet:
    """All runs by school, and the bus that each follows."""

    runs: tuple[Runs, ...]
    matching: Matching

    @property
    def buses(self) -> int:
        """Number of buses."""
        return self.matching.buses


def fewest_buses(
    bells: Sequence[Bell],
    seats: int,
    *,
    sweeps: int,
    rounds: int,
    seed: int,
    patience: int | None = None,
    on_sweep: Callable[[int, int], None] | None = None,
) -> Fleet:
    """Return runs to all schools that need few buses of `seats`, each bus driving several runs where bell times allow.

    Every sweep routes all schools once, in random order: buses that the other runs can spare are free, any other costs one. A result
    that needs no more buses is kept, so that the search drifts over equal ones.

    Parameters
    ----------
    sweeps, rounds : how often every school is routed at most, and the iterations of each; never seconds.
    patience : sweeps without a bus less after which the search ends, each of half as many more iterations; None = all sweeps, all alike.
    on_sweep : called with the sweep and the number of buses after it.

    Raises
    ------
    ValueError : a school whose riders no bus can bring in time.
    """
    search = _Search(bells, seats, rounds, np.random.default_rng(seed))
    best, idle = search.fleet.buses, 0
    for sweep in range(sweeps):
        for school in search.rng.permutation(len(bells)):
            search.improve(int(school))
        if on_sweep is not None:
            on_sweep(sweep + 1, search.fleet.buses)
        if search.fleet.buses < best:
            best, idle = search.fleet.buses, 0
            continue
        idle += 1
        if patience is not None:
            search.rounds = min(max(rounds, MOST_ROUNDS), search.rounds + search.rounds // 2)
            if idle >= patience:
                break
    return search.fleet


class _Search:
    """The runs so far, and the moves that improve them."""

    def __init__(self, bells: Sequence[Bell], seats: int, rounds: int, rng: np.random.Generator) -> None:
        self.bells, self.seats, self.rounds, self.rng = bells, seats, rounds, rng
        self.free_s = [bell.free_s for bell in bells]
        self.runs: list[Runs] = []
        for school, bell in enumerate(bells):
            runs = self._route(bell, self._fleet(bell, []), FIRST_ROUNDS, ())
            if runs is None:
                raise ValueError(f"no bus brings the riders of school {school} there in time")
            self.runs.append(runs)
        self.follows = [self._reach(school, runs) for school, runs in enumerate(self.runs)]
        self.fleet = self._match(None)

    def improve(self, school: int) -> None:
        """Route `school` anew; keep the result where no more buses are needed."""
        bell, old, reach = self.bells[school], self.runs[school], self.follows[school]
        kinds = self._fleet(bell, self._origins(school))
        begin = old if self.rng.random() < 0.5 else ()  # noqa: PLR2004 - half the searches start afresh
        new = self._route(bell, kinds, self.rounds, begin)
        if new is None:
            return
        before = self._before_without(school, len(new))
        self.runs[school], self.follows[school] = new, self._reach(school, new)
        fleet = self._match(before)
        if fleet.buses <= self.fleet.buses:
            self.fleet = fleet
        else:
            self.runs[school], self.follows[school] = old, reach

    def _origins(self, school: int) -> list[tuple[int, int]]:
        """Return (school, buses) from which a bus could come for nothing, those that reach most stops first."""
        bell = self.bells[school]
        others = [k for k in range(len(self.bells)) if k != school]
        follows = np.hstack([self.follows[k] for k in others]) if others else np.zeros((len(self.bells), 0), dtype=bool)
        freed = np.array([len(runs) for runs in self.runs])
        freed[school] = 0
        before = np.concatenate([self._links(k) for k in others]) if others else np.zeros(0, dtype=np.int64)
        free = schools_to_spare(follows, match_runs(follows, freed, before)) & (freed > 0)
        reach_s = np.asarray(self.free_s)[:, None] + bell.from_schools_s[:, bell.stop] + bell.halt_s + bell.board_s
        reached = (reach_s + bell.to_school_s[bell.stop] <= bell.arrive_s).sum(axis=1)
        origins = [int(k) for k in np.argsort(-reached, kind="stable") if free[k] and reached[k] > 0]
        return [(k, int(freed[k])) for k in origins[:MOST_ORIGINS]]

    def _fleet(self, bell: Bell, origins: list[tuple[int, int]]) -> list[Vehicles]:
        most = int(np.ceil(bell.pupils.sum() / self.seats)) + len(bell.to_school_s) // 2 + 1
        fleet = [Vehicles(self.seats, A_BUS, most)]
        return fleet + [Vehicles(self.seats, 0, min(number, most), origin) for origin, number in origins]

    def _route(self, bell: Bell, kinds: list[Vehicles], rounds: int, begin: Runs) -> Runs | None:
        seed = int(self.rng.integers(2**31))
        return route_school(bell, kinds, self.free_s, cost_per_m=1.0, rounds=rounds, seed=seed, begin=begin)

    def _reach(self, school: int, runs: Runs) -> Flags:
        """Return (schools, runs): from which schools a bus reaches the first stop of each run in time."""
        bell = self.bells[school]
        first = [int(bell.stop[run.choices[0]]) for run in runs]
        latest = np.array([latest_start_s(bell, run) for run in runs])
        return np.asarray(np.asarray(self.free_s)[:, None] + bell.from_schools_s[:, first] <= latest)

    def _links(self, school: int) -> NDArray[np.int64]:
        begin = sum(len(runs) for runs in self.runs[:school])
        return self.fleet.matching.before[begin : begin + len(self.runs[school])]

    def _before_without(self, school: int, runs: int) -> NDArray[np.int64]:
        links = [self._links(k) if k != school else np.full(runs, -1, dtype=np.int64) for k in range(len(self.bells))]
        return np.concatenate(links)

    def _match(self, before: NDArray[np.int64] | None) -> Fleet:
        freed = np.array([len(runs) for runs in self.runs])
        return Fleet(tuple(self.runs), match_runs(np.hstack(self.follows), freed, before))
