"""The school buses of a layout: runs to every school and home again, and the buses that drive them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from layout_planner.buses.bells import ask_round
from layout_planner.buses.fleet import list_kinds
from layout_planner.buses.home import runs_home, turn_round
from layout_planner.buses.model import Run, Vehicles, latest_start_s, run_seconds
from layout_planner.buses.nights import add_empty_ways, bases_of, find_places, list_overnight, pair_buses
from layout_planner.buses.remedies import price_sites, propose_lines
from layout_planner.buses.router import route_school, run_each
from layout_planner.buses.schedule import Trip, roster_buses
from layout_planner.buses.streets import Streets
from layout_planner.buses.timetable import Duty, tabulate_buses
from layout_planner.buses.weekly import tell_weekly
from layout_planner.results import FROM_SCHOOL, TO_SCHOOL

if TYPE_CHECKING:
    import pandas as pd

    from layout_planner.buses.bells import Round
    from layout_planner.buses.fleet import Kind
    from layout_planner.buses.model import Bell
    from layout_planner.plan.case import Case
    from layout_planner.plan.layout import Layout
    from layout_planner.results import BusPlan
    from layout_planner.travel.net import Net

METRES = 1000  # in a kilometre
SMALL_PART = 4  # where whole parties take another run, they are split into parts of so many
ROUNDS_A_CHOICE = 15
LEAST_ROUNDS = 300
MOST_ROUNDS = 2500
PATIENCE = (1, 10)  # a search that finds nothing in time is given more; in the end every party has a bus of its own
WEEKLY_ROUNDS = 60  # buses of boarders are full, so that little is left to search for
MINUTE_S = 60


@dataclass(frozen=True)
class _Ask:
    """One run before it has a bus: its school's question, the bell it is timed by (turned round for the way home), the run."""

    round_: Round
    bell: Bell
    run: Run


def plan_buses(case: Case, net: Net, layout: Layout) -> BusPlan:
    """Return the school buses of `layout`: stops, runs, buses, times and cost, of every day and of the boarders' week.

    Runs of one school are routed together, stops and all; then all runs share buses: one that is done goes on to another run, of the
    same or another school, as long as no pupil waits at school longer than `bus.most_early_minutes`.
    """
    streets = Streets(net)
    daily = _plan_mode(case, streets, layout, weekly=False)
    return replace(
        daily,
        boarder_trips=tell_weekly(case, _plan_mode(case, streets, layout, weekly=True)),
        site_costs=price_sites(case, layout, daily),
        line_proposals=propose_lines(case, daily),
    )


def _plan_mode(case: Case, streets: Streets, layout: Layout, *, weekly: bool) -> BusPlan:
    """Return the buses of daily riders, or those of boarders."""
    riders = layout.assignment[layout.assignment["mode"] == ("board" if weekly else "school_bus")]
    search = _Search(case, streets, list_kinds(case.county, case.norms), weekly=weekly)
    routed = [search.route(riders[riders["school_id"] == site], str(site)) for site in sorted(riders["school_id"].unique())]
    morning = [_Ask(round_, round_.bell, run) for round_, runs in routed for run in runs]
    evening = []
    for round_, runs in routed:
        turned = turn_round(round_, streets)
        home = runs_home(turned, runs, yuan_per_m=yuan_per_m(case), bus_yuan=search.bus_yuan(search.largest), seed=search.seed)
        evening += [_Ask(round_, turned, run) for run in home]
    to_school, from_school = search.roster(morning, TO_SCHOOL), search.roster(evening, FROM_SCHOOL)
    paired = [*to_school, *pair_buses(to_school, from_school, streets, search.places)]
    duties = add_empty_ways(paired, streets, search.places, weekly=weekly)
    price = {kind.seats: kind.yuan for kind in reversed(search.kinds)}
    return tabulate_buses(case, streets, duties, [round_ for round_, _ in routed], price)


def yuan_per_m(case: Case) -> float:
    """Return yuan a year of one metre of a run, there and back on every school day."""
    return 2 * case.norms.value("cost.school_days") * case.norms.value("cost.bus_km_yuan") / METRES


class _Search:
    """What the runs of one layout are searched with."""

    def __init__(self, case: Case, streets: Streets, kinds: list[Kind], *, weekly: bool) -> None:
        self.case, self.streets, self.kinds, self.weekly = case, streets, kinds, weekly
        self.seed = case.scenario.solver.seed
        self.largest = max(kind.seats for kind in kinds)
        self.places = find_places(kinds, case, streets)

    def bus_yuan(self, seats: int) -> int:
        """Return yuan a year of the cheapest bus with so many seats."""
        return min(kind.yuan for kind in self.kinds if kind.seats == seats)

    def route(self, riders: pd.DataFrame, site: str) -> tuple[Round, list[Run]]:
        """Return the runs to one school; where whole parties take more than their number needs, they are split and it is tried again."""
        whole = ask_round(site, riders, self.case, self.streets, part=self.largest, weekly=self.weekly)
        if not whole.bell.choices:
            return whole, []
        runs = self._search(whole)
        if len(runs) > -(-_pupils(whole) // self.largest):
            parts = ask_round(site, riders, self.case, self.streets, part=SMALL_PART, weekly=self.weekly)
            split = self._search(parts)
            if len(split) < len(runs):
                return parts, split
        return whole, runs

    def _search(self, round_: Round) -> list[Run]:
        most = int(round_.bell.party.max()) + 1
        fleet = [Vehicles(kind.seats, kind.yuan, most) for kind in sorted(self.kinds, key=lambda kind: -kind.seats)]
        rounds = WEEKLY_ROUNDS if self.weekly else min(MOST_ROUNDS, max(LEAST_ROUNDS, ROUNDS_A_CHOICE * round_.bell.choices))
        runs = None
        for patience in PATIENCE:
            if runs is None:
                runs = route_school(round_.bell, fleet, (), cost_per_m=yuan_per_m(self.case), rounds=patience * rounds, seed=self.seed)
        runs = runs or run_each(round_.bell, self.largest)
        return sorted(runs, key=lambda run: (latest_start_s(round_.bell, run), run.choices))

    def roster(self, asked: list[_Ask], direction: str) -> list[Duty]:
        """Return who drives the runs of one direction, and when; buses of each size have a roster of their own."""
        duties: list[Duty] = []
        for seats in sorted({ask.run.seats for ask in asked}, reverse=True):
            begin = len({duty.bus for duty in duties})
            own = self._roster_size([ask for ask in asked if ask.run.seats == seats], direction, seats)
            duties += [duty.driven_by(duty.bus + begin) for duty in own]
        return duties

    def _roster_size(self, asked: list[_Ask], direction: str, seats: int) -> list[Duty]:
        """Return the roster of the runs that take buses of one size."""
        norms = self.case.norms
        window_s = MINUTE_S * norms.value("board.most_wait_minutes" if self.weekly else "bus.most_early_minutes")
        trips = [_time_trip(ask, direction, window_s, MINUTE_S * norms.value("bus.leave_minutes")) for ask in asked]
        gates = np.array([ask.round_.gate for ask in asked], dtype=np.int64)
        outer = np.array([ask.round_.node[ask.bell.stop[ask.run.choices[0]]] for ask in asked], dtype=np.int64)
        ways = self.streets.rides(gates, outer) if direction == TO_SCHOOL else self.streets.rides(outer, gates)
        cost, early = yuan_per_m(self.case) / 2, direction != TO_SCHOOL
        kinds = [kind for kind in self.kinds if kind.seats == seats]
        bases, overnight = bases_of(kinds, self.places, self.streets, gates, outer, early=early), list_overnight(kinds)
        turns = roster_buses(trips, *ways, bases=bases, cost_per_m=cost, seed=self.seed, early=early)
        duties: list[Duty] = []
        for turn, before in zip(turns, [None, *turns], strict=False):
            again = before is not None and before.bus == turn.bus
            empty_m = float(ways[1][before.trip, turn.trip]) if before is not None and again else 0.0
            number = duties[-1].number + 1 if again else 1
            ask = asked[turn.trip]
            duties.append(Duty(direction, ask.round_, ask.bell, ask.run, turn.bus, number, turn.starts_s, empty_m, overnight[turn.base]))
        return duties


def _pupils(round_: Round) -> int:
    _, first = np.unique(round_.bell.party, return_index=True)
    return int(round_.bell.pupils[first].sum())


def _time_trip(ask: _Ask, direction: str, window_s: float, leave_s: float) -> Trip:
    """Return how long a run takes, and within what hours it begins."""
    clock, seconds = ask.round_.clock, run_seconds(ask.bell, ask.run)
    if direction == TO_SCHOOL:
        alight_s = clock.halt_s + clock.board_s * float(ask.bell.pupils[list(ask.run.choices)].sum())
        latest = clock.arrive_s - seconds
        return Trip(seconds + alight_s, latest - window_s, latest)
    return Trip(seconds, clock.dismissal_s + leave_s, clock.dismissal_s + leave_s + window_s)
