"""The school buses of a layout: runs to every school and home again, and the buses that drive them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from layout_planner.buses.bells import Ask, ask_round
from layout_planner.buses.few import merge_few, tell_few
from layout_planner.buses.fleet import list_kinds, price_buses
from layout_planner.buses.home import runs_home, turn_round
from layout_planner.buses.listed import use_listed
from layout_planner.buses.mixed_tables import plan_mixed
from layout_planner.buses.model import Run, Vehicles, latest_start_s
from layout_planner.buses.nights import add_empty_ways, pair_buses
from layout_planner.buses.remedies import price_sites, propose_lines
from layout_planner.buses.rosters import Rosters, slot_of, yuan_per_m
from layout_planner.buses.router import route_school, run_each
from layout_planner.buses.sides import tell_sides
from layout_planner.buses.streets import Streets
from layout_planner.buses.timetable import Duty, name_stops, tabulate_buses
from layout_planner.buses.weekly import add_weekly
from layout_planner.results import FROM_SCHOOL, TO_SCHOOL

if TYPE_CHECKING:
    import pandas as pd

    from layout_planner.buses.bells import Round
    from layout_planner.buses.fleet import Kind
    from layout_planner.plan.case import Case
    from layout_planner.plan.layout import Layout
    from layout_planner.results import BusPlan
    from layout_planner.travel.net import Net

SMALL_PART = 4  # where whole parties take another run, they are split into parts of so many
ROUNDS_A_CHOICE = 15
LEAST_ROUNDS = 300
MOST_ROUNDS = 2500
PATIENCE = (1, 10)  # a search that finds nothing in time is given more; in the end every party has a bus of its own
WEEKLY_ROUNDS = 60  # buses of boarders are full, so that little is left to search for


def plan_buses(case: Case, net: Net, layout: Layout) -> BusPlan:
    """Return the school buses of `layout`: stops, runs, buses, times and cost, of every day and of the boarders' week.

    Runs of one school are routed together, stops and all; then all runs share buses: one that is done goes on to another run, of the
    same or another school, as long as no pupil waits at school longer than `bus.most_early_minutes`.
    """
    streets = Streets(net)
    listed = use_listed(streets, case)
    daily = _plan_mode(case, listed, layout, weekly=False)
    if case.scenario.buses.no_crossing:
        daily = replace(daily, crossings=tell_sides(case, listed, daily))
    weekly = _plan_mode(case, streets, layout, weekly=True)
    return replace(
        add_weekly(case, daily, weekly),
        site_costs=price_sites(case, layout, daily),
        line_proposals=propose_lines(case, daily),
        few_riders=tell_few(case, layout, daily),
    )


def _plan_mode(case: Case, streets: Streets, layout: Layout, *, weekly: bool) -> BusPlan:
    """Return the buses of daily riders, or those of boarders."""
    riders = layout.assignment[layout.assignment["mode"] == ("board" if weekly else "school_bus")]
    kinds = list_kinds(case.county, case.norms)
    search, rosters = _Search(case, streets, kinds, weekly=weekly), Rosters(case, streets, kinds, weekly=weekly)
    routed = [search.route(riders[riders["school_id"] == site], str(site)) for site in sorted(riders["school_id"].unique())]
    morning = [Ask(round_, round_.bell, run) for round_, runs in routed for run in runs]
    evening = []
    for round_, runs in routed:
        turned = turn_round(round_, streets)
        home = runs_home(turned, runs, yuan_per_m=yuan_per_m(case), bus_yuan=search.bus_yuan(search.largest), seed=search.seed)
        evening += [Ask(round_, turned, run) for run in home]
    to_school, from_school = roster_asks(morning, rosters, TO_SCHOOL), roster_asks(evening, rosters, FROM_SCHOOL)
    paired = [*to_school, *pair_buses(to_school, from_school, streets, rosters.places)]
    duties = add_empty_ways(paired, streets, rosters.places, weekly=weekly)
    plan = tabulate_buses(case, streets, duties, [round_ for round_, _ in routed], price_buses(kinds), letter="W" if weekly else "T")
    if weekly or not case.scenario.buses.mixed_loads or not duties:
        return plan
    asked = {TO_SCHOOL: morning, FROM_SCHOOL: evening}
    return replace(plan, mixed=plan_mixed(case, streets, rosters, asked, name_stops(case, streets, duties), plan))


class _Search:
    """What the runs of one layout are searched with."""

    def __init__(self, case: Case, streets: Streets, kinds: list[Kind], *, weekly: bool) -> None:
        self.case, self.streets, self.kinds, self.weekly = case, streets, kinds, weekly
        self.seed = case.scenario.solver.seed
        self.largest = max(kind.seats for kind in kinds)

    def bus_yuan(self, seats: int) -> int:
        """Return yuan a year of the cheapest bus with so many seats."""
        return min(kind.yuan for kind in self.kinds if kind.seats == seats)

    def route(self, riders: pd.DataFrame, site: str) -> tuple[Round, list[Run]]:
        """Return the runs to one school, none of too few riders that others can take along.

        Where whole parties take more runs than their number needs, they are split and it is tried again.
        """
        round_, runs = self._route(riders, site)
        least, sizes = self.case.norms.value("bus.min_riders"), [kind.seats for kind in self.kinds]
        return round_, runs if self.weekly else merge_few(round_.bell, runs, sizes, least)

    def _route(self, riders: pd.DataFrame, site: str) -> tuple[Round, list[Run]]:
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


def roster_asks(asked: list[Ask], rosters: Rosters, direction: str) -> list[Duty]:
    """Return who drives the runs of one direction, and when."""
    slots = [slot_of(ask, direction, rosters) for ask in asked]
    return [
        Duty(**vars(drive), round_=asked[slot].round_, bell=asked[slot].bell, run=asked[slot].run)
        for slot, drive in rosters.drive(slots, direction)
    ]


def _pupils(round_: Round) -> int:
    _, first = np.unique(round_.bell.party, return_index=True)
    return int(round_.bell.pupils[first].sum())
