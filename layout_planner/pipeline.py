"""The whole line from a scenario file to a judged plan. Read this file first."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from layout_planner.assess.commute_link import OUTCOMES, fit_curve, link_units, tabulate_link
from layout_planner.assess.county import assess_layouts
from layout_planner.assess.disabled import SpecialSites
from layout_planner.assess.retention import measure_retention
from layout_planner.buses.feedback import agree, carried_per_bus, note_round
from layout_planner.buses.notes import note_buses
from layout_planner.buses.plan import plan_buses
from layout_planner.buses.visits import plan_rounds
from layout_planner.compare import measure_layout
from layout_planner.county.demand import count_pupils, forecast_children
from layout_planner.county.find import find_place
from layout_planner.county.inputs import check_plan, read_county
from layout_planner.county.model import Note
from layout_planner.errors import InputError, Problem, raise_problems
from layout_planner.norms import read_scenario_norms
from layout_planner.plan.case import Case
from layout_planner.plan.forms import sites_by_band, sites_of
from layout_planner.plan.holding import price_holding
from layout_planner.plan.present import crowded_sites, present_layout
from layout_planner.plan.solve import optimise_layout
from layout_planner.results import Run
from layout_planner.risk import assess_risk
from layout_planner.safeguards.bus_check import check_buses
from layout_planner.safeguards.gate import judge_plan
from layout_planner.safeguards.retrace import Tracer
from layout_planner.safeguards.verify import verify_layout
from layout_planner.scenario import MAX_YEARS_AHEAD, VARIANTS, Scenario, read_scenario
from layout_planner.travel.bad_days import measure_bad_day
from layout_planner.travel.explain import explain_trip
from layout_planner.travel.matrix import measure_near, measure_net, measure_travel
from layout_planner.travel.net import build_net
from layout_planner.travel.options import MODES, commute_options, measure_ends
from layout_planner.travel.ways import trace_ways
from layout_planner.words import Words, say_nothing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from layout_planner.assess.commute_link import Curve
    from layout_planner.county.demand import Forecast
    from layout_planner.county.model import County
    from layout_planner.norms import NormSet
    from layout_planner.plan.layout import Layout, Solved
    from layout_planner.results import BusPlan
    from layout_planner.travel.explain import TripStory
    from layout_planner.travel.hierarchy import Orders
    from layout_planner.travel.model import TravelTimes
    from layout_planner.travel.net import Net

    OnStep = Callable[[Words], None]


@dataclass(frozen=True)
class Ground:
    """What all scenarios of one county share: its tables, its roads joined to homes and schools, its travel times.

    bad_days  the trips on every bad day, by its key
    special   the special schools and the trips to them; None where the county names none
    routed    school buses that were planned before, by what was asked; filled as scenarios are run
    traced    roads made ready for the re-check, by what it asks of them; filled as scenarios are run
    """

    county: County
    net: Net
    travel: TravelTimes
    bad_days: Mapping[str, TravelTimes]
    special: SpecialSites | None = None
    routed: dict[str, BusPlan] = field(default_factory=dict)
    traced: dict[str, Tracer] = field(default_factory=dict)

    def tracer(self, scenario: Scenario, norms: NormSet) -> Tracer:
        """Return the roads as the re-check reads them, made ready once."""
        key = repr((scenario.travel, scenario.bands, norms))
        if key not in self.traced:
            self.traced[key] = Tracer(self.county, scenario, norms)
        return self.traced[key]


def run_scenario(
    source: str | Path | Scenario, *, data_dir: str | Path | None = None, ground: Ground | None = None, on_step: OnStep | None = None
) -> Run:
    """Return the plan of the scenario at `source`, re-checked and judged.

    Parameters
    ----------
    source : a scenario file, or a scenario that was read.
    data_dir : folder that replaces the scenario's `[data] dir`.
    ground : county and travel times of a scenario with the same data, from `lay_ground`, to save the work.
    on_step : called with a sentence before each stage.

    Raises
    ------
    InputError : faults in the scenario or its files. NoPlanError : its demands contradict each other.
    """
    say = on_step or say_nothing
    scenario = source if isinstance(source, Scenario) else read_scenario(source, data_dir=data_dir)
    norms = read_scenario_norms(scenario)
    ground = ground or lay_ground(scenario, norms, on_step=say)
    county, travel = ground.county, ground.travel
    demand, assumed = count_pupils(county, scenario)
    case = Case(scenario, norms, county, demand, travel, sites_of(county.schools, scenario), ground.bad_days)
    say(Words("现状：谁在哪里上学", "today: who attends which school"))
    today = present_layout(case)
    options = commute_options(travel, county.schools, sites_by_band(case.sites, scenario), norms, scenario)
    say(Words("求解布局方案", "solving the layout"))
    plan, solved = optimise_layout(case, options, today)
    held: tuple[Note, ...] = ()
    if scenario.plan.price_of_holding:
        say(Words("求坏天气也站得住的代价", "pricing what holding on hard days costs"))
        solved, price = price_holding(case, options, today, (plan, solved))
        held = (price,)
    say(Words("规划校车线路和时刻", "planning school bus routes and times"))
    buses = {when: _plan_buses(case, ground, layout) for when, layout in (("today", today), ("plan", plan))}
    if scenario.plan.bus_rounds and not agree(plan, buses["plan"]):
        (plan, solved), buses["plan"], rounds = _agree_with_buses(case, ground, options, today, (plan, solved), buses["plan"], say)
        held = (*held, *rounds)
    risk_today, risk_plan = (assess_risk(layout, county, travel, norms, scenario) for layout in (today, plan))
    layouts = {"today": (today, risk_today), "plan": (plan, risk_plan)}
    assessment = assess_layouts(case, layouts, ground.special, ground.bad_days)
    say(Words("独立复核每一条行程", "re-checking every trip independently"))
    tracer = ground.tracer(scenario, norms)
    verification = verify_layout(county, scenario, norms, plan, today=today, bad_days=assessment["bad_days"], tracer=tracer)
    visits = assessment["home_visits"]
    buses = {
        when: replace(routed, visit_rounds=plan_rounds(case, ground.net, visits[visits["when"] == when])) for when, routed in buses.items()
    }
    verification = replace(verification, buses=check_buses(county, scenario, norms, plan, buses["plan"]))
    gate = judge_plan(county, scenario, norms, demand, today, plan, verification, tracer=tracer, buses=buses["plan"])
    bad = assessment["bad_days"] if county.bad_days else None
    measures = {
        when: measure_layout(layout, risk, today, risk_today, norms, scenario, None if bad is None else bad[bad["when"] == when])
        for when, (layout, risk) in layouts.items()
    }
    bus_notes = [note for when, (layout, _) in layouts.items() for note in note_buses(when, layout, buses[when], county.fleet)]
    closed = [note for measured in ground.bad_days.values() for note in measured.notes]
    notes = (*note_norms(norms), *county.notes, *assumed, *travel.notes, *closed, *crowded_sites(today, county), *held, *bus_notes)
    say(Words("描出上学的路", "tracing the ways to school"))
    ways = trace_ways(ground.net, county, (today.assignment, plan.assignment))
    return Run(
        scenario, norms, county, demand, travel, today, plan, solved, risk_today, risk_plan, verification, gate, measures, assessment,
        notes=notes, ways=ways, buses=buses,
    )  # fmt: skip


def _agree_with_buses(
    case: Case, ground: Ground, options: pd.DataFrame, today: Layout, found: tuple[Layout, Solved], buses: BusPlan, say: OnStep
) -> tuple[tuple[Layout, Solved], BusPlan, list[Note]]:
    """Solve the layout anew with what its bus routes showed that a bus carries, until both agree or the scenario's rounds are done."""
    notes = [note_round(0, found[0], buses)]
    for number in range(1, case.scenario.plan.bus_rounds + 1):
        say(Words(f"布局与校车第{number}轮", f"layout and buses, round {number}"))
        case = replace(case, per_bus={**case.per_bus, **carried_per_bus(buses)})
        found = optimise_layout(case, options, today)
        buses = _plan_buses(case, ground, found[0])
        notes.append(note_round(number, found[0], buses))
        if agree(found[0], buses):
            break
    return found, buses, notes


def _plan_buses(case: Case, ground: Ground, layout: Layout) -> BusPlan:
    """Return the school buses of `layout`; the same riders are routed once on one ground."""
    riders = layout.assignment[layout.assignment["mode"] == "school_bus"]
    key = repr((riders.to_csv(index=False), case.norms, case.scenario.bands, case.scenario.travel, case.scenario.solver.seed))
    if key not in ground.routed:
        ground.routed[key] = plan_buses(case, ground.net, layout)
    return ground.routed[key]


def note_norms(norms: NormSet) -> tuple[Note, ...]:
    """Return what a reader must know of the norms: a set that is history or a draft, values not in force, hard rules relaxed."""
    return tuple(Note("norms", remark) for remark in norms.remarks)


def lay_ground(scenario: Scenario, norms: NormSet, *, orders: Orders | None = None, on_step: OnStep | None = None) -> Ground:
    """Read the county of `scenario` and measure its travel times; `orders` as in `build_net`."""
    say = on_step or say_nothing
    county = read_county(scenario, on_step=say)
    say(Words("把居民点和学校接到道路上", "joining settlements and schools to the roads"))
    net = build_net(county, norms, scenario.travel, orders=orders)
    travel, bad_days = measure_net(net, county, scenario.travel, on_step=say), {}
    for day in county.bad_days:
        say(Words(f"坏天气：{day.name.zh}", f"bad day: {day.name.en}"))
        bad_days[day.key] = measure_bad_day(net, county, scenario.travel, day)
    return Ground(county, net, travel, bad_days, _measure_special(county, norms, scenario))


def _measure_special(county: County, norms: NormSet, scenario: Scenario) -> SpecialSites | None:
    """Return the special schools with the trips to them, which no plan moves."""
    if county.special_schools is None:
        return None
    return SpecialSites(county.special_schools, measure_travel(replace(county, schools=county.special_schools), norms, scenario.travel))


def run_scenarios(
    sources: Sequence[str | Path], *, data_dir: str | Path | None = None, orders: Orders | None = None, on_step: OnStep | None = None
) -> list[Run]:
    """Return the runs of all `sources`; scenarios of the same data share one reading and one set of travel times.

    All scenario files are read and checked before the first is worked on. `orders` as in `build_net`; scenarios that differ only in
    speeds or slopes share them in any case.
    """
    orders = {} if orders is None else orders
    scenarios = [read_scenario(source, data_dir=data_dir) for source in sources]
    _refuse_same_names(scenarios)
    grounds: dict[str, Ground] = {}
    keys = []
    for scenario in scenarios:
        norms = read_scenario_norms(scenario)
        key = repr((scenario.folder, scenario.data, scenario.bands, scenario.demand, scenario.travel, norms))
        if key not in grounds:
            grounds[key] = lay_ground(scenario, norms, orders=orders, on_step=on_step)
        check_plan(scenario, grounds[key].county)
        keys.append(key)
    return [run_scenario(scenario, ground=grounds[key], on_step=on_step) for scenario, key in zip(scenarios, keys, strict=True)]


def _refuse_same_names(scenarios: Sequence[Scenario]) -> None:
    """Refuse scenarios of one name: each run is written to a folder of its scenario's name."""
    names = [scenario.name for scenario in scenarios]
    what = Words("两个情景同名", "two scenarios have the same name")
    hint = Words("给每个情景不同的 name", "give every scenario a name of its own")
    raise_problems(Problem("scenario", what, hint, column="name", value=name) for name in sorted(set(names)) if names.count(name) > 1)


def check_scenarios(sources: Sequence[str | Path], *, data_dir: str | Path | None = None) -> list[Note]:
    """Read all scenarios and their files, run nothing, and return what a result would lack.

    Raises
    ------
    InputError : every fault of every scenario and file.
    """
    notes: dict[str, Note] = {}
    problems: list[Problem] = []
    for source in sources:
        try:
            scenario = read_scenario(source, data_dir=data_dir)
            norms = read_scenario_norms(scenario)
            county = read_county(scenario)
            notes |= {note.code + note.text.en: note for note in (*note_norms(norms), *county.notes, *count_pupils(county, scenario)[1])}
        except InputError as error:
            problems.extend(problem for problem in error.problems if problem not in problems)
    raise_problems(problems)
    return list(notes.values())


def ground_of(
    source: str | Path, *, data_dir: str | Path | None = None, orders: Orders | None = None, on_step: OnStep | None = None
) -> tuple[Scenario, NormSet, Ground]:
    """Return the scenario at `source`, its norms, and its county with travel times; `orders` as in `build_net`."""
    scenario = read_scenario(source, data_dir=data_dir)
    norms = read_scenario_norms(scenario)
    return scenario, norms, lay_ground(scenario, norms, orders=orders, on_step=on_step)


def near_trips(source: str | Path, minutes: float, *, data_dir: str | Path | None = None, on_step: OnStep | None = None) -> pd.DataFrame:
    """Return all trips of the scenario at `source` that take at most `minutes`: NEAR_COLUMNS; no full matrix is made."""
    say = on_step or say_nothing
    scenario = read_scenario(source, data_dir=data_dir)
    county = read_county(scenario, on_step=say)
    say(Words("把居民点和学校接到道路上", "joining settlements and schools to the roads"))
    net = build_net(county, read_scenario_norms(scenario), scenario.travel)
    return measure_near(net, county, 60 * minutes, on_step=say)


def tell_trips(
    source: str | Path,
    ends: tuple[str, str],
    *,
    band: str | None = None,
    modes: Sequence[str] = MODES,
    data_dir: str | Path | None = None,
    on_step: OnStep | None = None,
) -> tuple[County, list[TripStory]]:
    """Return the county and the trips between `ends`, a settlement and a school by id or by a name that only one has.

    Parameters
    ----------
    band : whose trip; the scenario's first band when None.
    modes : of `options.MODES`, in the order of the result.

    Raises
    ------
    InputError : there is no such settlement, school or band, or several have that name.
    """
    scenario, norms, ground = ground_of(source, data_dir=data_dir, on_step=on_step)
    county = ground.county
    faults: list[Problem] = []
    found = [
        find_place(table, asked, role, faults)
        for table, asked, role in ((county.settlements, ends[0], "--from"), (county.schools, ends[1], "--to"))
    ]
    if band is not None and band not in scenario.bands:
        known = ", ".join(scenario.bands)
        faults.append(
            Problem("--band", Words("没有这个学段", "there is no such band"), Words(f"可选：{known}", f"choose one of {known}"), value=band)
        )
    raise_problems(faults)
    say = on_step or say_nothing
    say(Words("还原行程", "retelling the trips"))
    chosen = band or next(iter(scenario.bands))
    at = np.array([ground.travel.settlements.get_loc(found[0])]), np.array([ground.travel.schools.get_loc(found[1])])
    stories = []
    for mode in modes:
        story = explain_trip(county, ground.net, norms, scenario, (found[0], found[1]), band=chosen, mode=mode)
        best, worst = measure_ends(mode, ground.travel, norms, scenario.travel, scenario.bands[chosen], at)
        stories.append(replace(story, ends_s=(float(best[0]), float(worst[0]))))
    return county, stories


def forecast_demand(
    source: str | Path,
    years: tuple[int, int] | None = None,
    *,
    data_dir: str | Path | None = None,
    on_step: OnStep | None = None,
) -> tuple[Scenario, County, dict[str, Forecast]]:
    """Return the scenario, its county, and the children of all years from the first to the last of `years` by variant.

    Parameters
    ----------
    years : ten years from the year of the data when None.

    Raises
    ------
    InputError : faults in the files, or pupils that are derived by shares and so have no ages.
    """
    scenario = read_scenario(source, data_dir=data_dir)
    first, last = years or (scenario.data.year, scenario.data.year + 9)
    faults = []
    if scenario.demand.shares:
        what = Words("按比例推算的人数没有年龄，不能推移", "pupils by shares have no ages and cannot be carried into later years")
        hint = Words("改用 [demand] ages", "use [demand] ages instead")
        faults.append(Problem(str(source), what, hint, column="demand.shares"))
    if not scenario.data.year <= first <= last <= scenario.data.year + MAX_YEARS_AHEAD:
        what = Words("年份范围不合要求", "these years cannot be forecast")
        span = f"{scenario.data.year}-{scenario.data.year + MAX_YEARS_AHEAD}"
        hint = Words(f"在{span}之内从先到后", f"stay within {span}, the earlier year first")
        faults.append(Problem("--years", what, hint, value=f"{first}-{last}"))
    raise_problems(faults)
    county = read_county(scenario, on_step=on_step)
    span_of_years = range(first, last + 1)
    return scenario, county, {variant: forecast_children(county, scenario, span_of_years, variant) for variant in VARIANTS}


@dataclass(frozen=True)
class Today:
    """A county as it is: its case, who attends which school, who is at risk (RISK_COLUMNS) and the tables of ASSESSMENTS."""

    case: Case
    layout: Layout
    risk: pd.DataFrame
    assessment: dict[str, pd.DataFrame]


def assess_today(source: str | Path, *, data_dir: str | Path | None = None, on_step: OnStep | None = None) -> Today:
    """Return the county of the scenario at `source` as it is, under the scenario's norms."""
    scenario, norms, ground = ground_of(source, data_dir=data_dir, on_step=on_step)
    demand, _ = count_pupils(ground.county, scenario)
    case = Case(scenario, norms, ground.county, demand, ground.travel, sites_of(ground.county.schools, scenario))
    layout = present_layout(case)
    risk = assess_risk(layout, ground.county, ground.travel, norms, scenario)
    return Today(case, layout, risk, assess_layouts(case, {"today": (layout, risk)}, ground.special, ground.bad_days))


@dataclass(frozen=True)
class Retention:
    """What the registers of a county tell.

    rates  DataFrame with RATE_COLUMNS
    links  outcome -> (units, LINK_COLUMNS, curve): how many stay away by minutes one way
    """

    scenario: Scenario
    norms: NormSet
    year: int
    rates: pd.DataFrame
    links: dict[str, tuple[pd.DataFrame, pd.DataFrame, Curve]]


def study_retention(sources: Sequence[str | Path], *, data_dir: str | Path | None = None, on_step: OnStep | None = None) -> list[Retention]:
    """Return, for the scenario of every county, retention and dropout and their link to the way to school.

    Raises
    ------
    InputError : faults in the files, two scenarios of one name, or no registers.
    """
    scenarios = [read_scenario(source, data_dir=data_dir) for source in sources]
    _refuse_same_names(scenarios)
    what = Words("没有学籍变动表", "the registers are not given")
    hint = Words('在 [data] 中写 registers = { path = "registers.xlsx" }', 'write registers = { path = "registers.xlsx" } under [data]')
    lacking = [source for source, scenario in zip(sources, scenarios, strict=True) if scenario.data.registers is None]
    raise_problems(Problem(str(source), what, hint, column="data.registers") for source in lacking)
    return [_study_county(assess_today(source, data_dir=data_dir, on_step=on_step)) for source in sources]


def _study_county(today: Today) -> Retention:
    case = today.case
    registers = case.county.registers
    assert registers is not None  # noqa: S101 - refused by study_retention
    links = {}
    for outcome in OUTCOMES:
        units = link_units(registers, today.layout.assignment, case.scenario.bands, outcome)
        links[outcome] = units, tabulate_link(units), fit_curve(units, case.norms)
    return Retention(case.scenario, case.norms, int(registers["year"].max()), measure_retention(case.county), links)


def risk_today(source: str | Path, *, data_dir: str | Path | None = None, on_step: OnStep | None = None) -> pd.DataFrame:
    """Return who is at risk today under the scenario's norms: RISK_COLUMNS, the worst first."""
    return assess_today(source, data_dir=data_dir, on_step=on_step).risk
