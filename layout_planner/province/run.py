"""The whole line of a province: every county as it is, plans under shared limits, children across borders. Read this file first."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

import pandas as pd

from layout_planner.errors import InputError, Problem
from layout_planner.province.borders import OFFER_COLUMNS, grant_offers, neighbours
from layout_planner.province.county import work_county
from layout_planner.province.crossing import BorderOrder, Guest, work_border
from layout_planner.province.keys import name_county, name_crossing, name_state
from layout_planner.province.parts import Failure, Order
from layout_planner.province.prices import Column, choose_layouts, propose_caps, solve_mixture
from layout_planner.province.settings import read_counties
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import geopandas as gpd

    from layout_planner.province.parts import Part, Shelf, State
    from layout_planner.province.pool import Pool
    from layout_planner.province.settings import Province
    from layout_planner.scenario import Scenario

    OnStep = Callable[[Words], None]
    AnOrder = TypeVar("AnOrder", Order, BorderOrder)


class OnDone(Protocol):
    """Is told whenever a county is done."""

    def __call__(self, done: int, count: int, county_id: str, *, well: bool) -> None:
        """Say that `done` of `count` are done, the last one being `county_id`."""


@dataclass(frozen=True)
class Round:
    """One round of prices: what they were, how many pupils the mixture left at risk, how many layouts were tried after it."""

    prices: tuple[float, ...]
    at_risk: float
    tried: int


@dataclass(frozen=True)
class ProvinceRun:
    """A province, worked through.

    today, plans  Part by county; `plans` is empty when only today was asked for
    crossings     OFFER_COLUMNS: who gets a place across the border, and where
    rounds        of prices; empty where nothing is shared
    wishes        what the counties would take together if nothing were shared, by resource
    reused        how many results were found on the shelf
    """

    province: Province
    today: dict[str, Part]
    plans: dict[str, Part]
    failures: tuple[Failure, ...]
    crossings: pd.DataFrame
    rounds: tuple[Round, ...] = ()
    wishes: dict[str, float] = field(default_factory=dict)
    reused: int = 0

    @property
    def final(self) -> dict[str, Part]:
        """The plan of every county, or its state today where there is none."""
        return self.today | self.plans


def run_province(
    province: Province, shelf: Shelf, pool: Pool, *, today_only: bool = False, on_step: OnStep | None = None, on_done: OnDone | None = None
) -> ProvinceRun:
    """Return the province worked through; what is on `shelf` is not worked out again, and a county that fails ends no other.

    Raises
    ------
    InputError : no county can be read. NoPlanError : the shared limits are too tight for any plan. PlannerError : the cluster is gone.
    """
    return _ProvinceLine(province, shelf, pool, on_step or (lambda _: None), on_done or _tell_nobody).run(today_only=today_only)


_Planned = tuple[dict[str, str], tuple[Round, ...], dict[str, float]]  # key of each plan, rounds of prices, wishes by resource
_NOTHING: _Planned = ({}, (), {})


class _ProvinceLine:
    """Keep what is known of the counties while the stages go on."""

    def __init__(self, province: Province, shelf: Shelf, pool: Pool, on_step: OnStep, on_done: OnDone) -> None:
        self.province, self.shelf, self.pool, self.say, self.tell = province, shelf, pool, on_step, on_done
        self.scenarios: dict[str, Scenario] = {}
        self.keys: dict[str, str] = {}
        self.sources = dict(province.sources())
        self.parts: dict[str, Part] = {}  # by key
        self.failures: dict[str, Failure] = {}
        self.names = tuple(province.budget.limits)
        self.limits = tuple(province.budget.limits.values())
        self.reused = 0

    def run(self, *, today_only: bool) -> ProvinceRun:
        self._name_counties()
        today = {county_id: name_state(key, None) for county_id, key in self.keys.items()}
        if today_only:
            self._work({county_id: (state,) for county_id, state in today.items()}, Words("各县现状", "the counties as they are"))
            chosen, rounds, wishes = _NOTHING
        else:
            chosen, rounds, wishes = self._plan(today)
        known = {county_id: self.parts[state.key] for county_id, state in today.items() if state.key in self.parts}
        if not known:
            raise InputError(_as_problem(self.failures[county_id], self.sources[county_id]) for county_id in sorted(self.failures))
        plans = {county_id: self.parts[key] for county_id, key in chosen.items()}
        crossings = self._cross(known | plans)
        failed = tuple(self.failures[county_id] for county_id in sorted(self.failures))
        return ProvinceRun(self.province, known, plans, failed, crossings, rounds, wishes, self.reused)

    def _name_counties(self) -> None:
        self.say(Words("核对各县的文件", "looking at the counties' files"))
        self.scenarios, faults = read_counties(self.province)
        for county_id, scenario in self.scenarios.items():
            try:
                self.keys[county_id] = name_county(scenario)
            except InputError as error:
                faults[county_id] = error
        self.failures = {county_id: Failure(county_id, error.message) for county_id, error in faults.items()}

    def _plan(self, today: Mapping[str, State]) -> _Planned:
        """Return the key of the plan of every county, the rounds of prices, and what all would take if nothing were shared."""
        wish = {county_id: name_state(key, {}) for county_id, key in self.keys.items()}
        least = {name: 0.0 for name in self.names if name != "extra_yuan"}
        modest = {county_id: name_state(key, least) for county_id, key in self.keys.items()} if least else {}
        states = {
            county_id: tuple(group[county_id] for group in (today, modest, wish) if county_id in group) for county_id in self.keys
        }  # fmt: skip
        self._work(states, Words("各县现状与方案", "the counties as they are, and their plans"))
        ready = [county_id for county_id in self.keys if wish[county_id].key in self.parts]
        wishes = {name: sum(self.parts[wish[county_id].key].figures[name] for county_id in ready) for name in self.names}
        if not self.names or not ready:
            return {county_id: wish[county_id].key for county_id in ready}, (), wishes
        tried = {county_id: [state.key for state in states[county_id] if self._may_choose(county_id, state)] for county_id in ready}
        rounds = self._price(tried, {county_id: self._uses(wish[county_id].key) for county_id in ready})
        return dict(choose_layouts(self._columns(tried), self.limits).chosen), rounds, wishes

    def _may_choose(self, county_id: str, state: State) -> bool:
        """Return whether a state is known and is an answer: today is one only where nothing has to close."""
        return state.key in self.parts and (state.caps is not None or not self.scenarios[county_id].plan.close)

    def _price(self, tried: dict[str, list[str]], wishes: dict[str, tuple[float, ...]]) -> tuple[Round, ...]:
        """Price what is shared and let every county try what the prices leave it, until nothing new comes or the rounds are over."""
        rounds: list[Round] = []
        for number in range(1, self.province.rounds + 1):
            spread = solve_mixture(self._columns(tried), self.limits)
            caps = propose_caps(spread, wishes, self.names)
            fresh = {county_id: name_state(self.keys[county_id], caps[county_id]) for county_id in tried}
            fresh = {county_id: state for county_id, state in fresh.items() if state.key not in tried[county_id]}
            rounds.append(Round(spread.prices, spread.at_risk, len(fresh)))
            if not fresh:
                break
            title = Words(f"第{number}轮分配共用额度", f"spreading what is shared, round {number}")
            self._work({county_id: (state,) for county_id, state in fresh.items()}, title)
            for county_id, state in fresh.items():
                if state.key in self.parts:
                    tried[county_id].append(state.key)
        return tuple(rounds)

    def _columns(self, tried: Mapping[str, Sequence[str]]) -> list[Column]:
        return [
            Column(county_id, key, self.parts[key].figures["at_risk"], self._uses(key))
            for county_id in sorted(tried)
            for key in dict.fromkeys(tried[county_id])
        ]

    def _uses(self, key: str) -> tuple[float, ...]:
        return tuple(self.parts[key].figures.get(name, 0.0) for name in self.names)

    def _work(self, states: Mapping[str, Sequence[State]], title: Words) -> None:
        """Work out all states that are not on the shelf; what fails is noted with its county."""
        self.say(title)
        orders = []
        for county_id, wanted in states.items():
            found = {state.key: self.shelf.find(state.key) for state in wanted}
            self.parts |= {key: part for key, part in found.items() if part is not None}
            self.reused += sum(part is not None for part in found.values())
            missing = tuple(state for state in wanted if found[state.key] is None)
            if missing:
                orders.append(Order(county_id, self.sources[county_id], missing))
        for order, result in self._watch(partial(work_county, shelf=self.shelf), orders):
            if isinstance(result, list):
                self.parts |= {part.key: part for part in result}
            else:
                self._note_failure(order.county_id, result)
                found = {state.key: self.shelf.find(state.key) for state in order.states}  # what came before the fault is kept
                self.parts |= {key: part for key, part in found.items() if part is not None}

    def _watch(self, function: Callable[[AnOrder], object], orders: Sequence[AnOrder]) -> Iterator[tuple[AnOrder, object]]:
        for done, (order, result) in enumerate(self.pool.work(function, orders), start=1):
            self.tell(done, len(orders), order.county_id, well=not isinstance(result, (Failure, Exception)))
            yield order, result

    def _note_failure(self, county_id: str, result: object) -> None:
        if isinstance(result, Failure):
            self.failures[county_id] = result
            return
        what = f"{type(result).__name__}: {result}"[:300]
        self.failures[county_id] = Failure(county_id, Words(f"计算进程中断：{what}", f"the worker did not finish: {what}"))

    def _cross(self, final: dict[str, Part]) -> pd.DataFrame:
        """Return who gets a place across a border."""
        empty = pd.DataFrame({column: [] for column in OFFER_COLUMNS})
        if self.province.border_km <= 0 or len(final) < 2:  # noqa: PLR2004 - a border has two sides
            return empty
        outlines: dict[str, gpd.GeoDataFrame] = {county_id: self.shelf.table(part.key, "outline") for county_id, part in final.items()}
        orders = []
        for host, guests in neighbours(outlines, self.province.border_km).items():
            if guests:
                key = name_crossing([final[county_id].key for county_id in (host, *guests)], self.province.border_km)
                others = tuple(Guest(county_id, self.sources[county_id], final[county_id].key) for county_id in guests)
                orders.append(BorderOrder(host, self.sources[host], final[host].key, key, others, self.province.border_km))
        self.say(Words("跨县界就近入学", "children across borders"))
        waiting = [order for order in orders if self.shelf.find(order.key) is None]
        self.reused += len(orders) - len(waiting)
        for order, result in self._watch(partial(work_border, shelf=self.shelf), waiting):
            if isinstance(result, (Failure, Exception)):
                self._note_failure(order.county_id, result)
        tables = [self.shelf.table(order.key, "offers") for order in orders if self.shelf.find(order.key) is not None]
        offers = pd.concat([table for table in tables if len(table)], ignore_index=True) if any(map(len, tables)) else empty
        return grant_offers(offers, self._free_places(final)) if len(offers) else empty

    def _free_places(self, final: dict[str, Part]) -> dict[tuple[str, str], tuple[float, float]]:
        free = {}
        for county_id, part in final.items():
            for school in self.shelf.table(part.key, "schools").to_dict("records"):
                free[county_id, str(school["school_id"])] = (float(school["free_seats"]), float(school["free_beds"]))
        return free


def _tell_nobody(done: int, count: int, county_id: str, *, well: bool) -> None:
    """Ignore what is done."""


def _as_problem(failure: Failure, source: Path) -> Problem:
    hint = Words("先用 layout-planner check 检查该县", "look at this county with `layout-planner check` first")
    return Problem(str(source), failure.why, hint)
