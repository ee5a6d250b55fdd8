"""The whole line from a scenario file to a judged plan. Read this file first."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from layout_planner.agreeing import agree_with_buses
from layout_planner.assess.county import assess_layouts
from layout_planner.assess.disabled import SpecialSites
from layout_planner.buses.notes import note_buses
from layout_planner.buses.plan import plan_buses
from layout_planner.buses.visits import plan_rounds
from layout_planner.clock import interruptible
from layout_planner.compare import measure_layout
from layout_planner.county.demand import count_pupils
from layout_planner.county.inputs import check_plan, read_county
from layout_planner.county.mended import mend_roads
from layout_planner.county.model import Note
from layout_planner.errors import InputError, Problem, raise_problems
from layout_planner.norms import read_scenario_norms
from layout_planner.plan.case import Case, World
from layout_planner.plan.ended import INTERRUPTING, note_certificate
from layout_planner.plan.enrolment import note_enrolment
from layout_planner.plan.forms import sites_by_band, sites_of
from layout_planner.plan.holding import price_holding
from layout_planner.plan.present import crowded_sites, present_layout, untaught_grades
from layout_planner.plan.public_seats import note_public_seats
from layout_planner.plan.solve import optimise_layout
from layout_planner.plan.terms import describe_layout
from layout_planner.plan.worlds import note_roads, offered_sets
from layout_planner.results import Run
from layout_planner.risk import assess_risk
from layout_planner.safeguards.bus_check import check_buses
from layout_planner.safeguards.gate import judge_plan
from layout_planner.safeguards.mended_roads import mend_county
from layout_planner.safeguards.retrace import Tracer
from layout_planner.safeguards.verify import verify_layout
from layout_planner.scenario import Scenario, read_scenario
from layout_planner.travel.bad_days import measure_bad_day
from layout_planner.travel.matrix import measure_net, measure_travel
from layout_planner.travel.net import build_net
from layout_planner.travel.options import commute_options
from layout_planner.travel.ways import trace_ways
from layout_planner.words import Words, say_nothing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from layout_planner.county.model import County
    from layout_planner.norms import NormSet
    from layout_planner.plan.layout import Layout, Solved
    from layout_planner.results import BusPlan
    from layout_planner.travel.hierarchy import Orders
    from layout_planner.travel.model import TravelTimes
    from layout_planner.travel.net import Net

    OnStep = Callable[[Words], None]


@dataclass(frozen=True, repr=False)
class Ground:
    """What all scenarios of one county share: its tables, its roads joined to homes and schools, its travel times.

    bad_days  the trips on every bad day, by its key
    special   the special schools and the trips to them; None where the county names none
    routed    school buses that were planned before, by what was asked; filled as scenarios are run
    traced    roads made ready for the re-check, by what it asks of them; filled as scenarios are run
    repaired  the ground with roads mended, by which and how; filled as scenarios are run
    """

    county: County
    net: Net
    travel: TravelTimes
    bad_days: Mapping[str, TravelTimes]
    special: SpecialSites | None = None
    routed: dict[str, BusPlan] = field(default_factory=dict)
    traced: dict[str, Tracer] = field(default_factory=dict)
    repaired: dict[str, Ground] = field(default_factory=dict)

    def tracer(self, scenario: Scenario, norms: NormSet, fixes: tuple[str, ...] = ()) -> Tracer:
        """Return the roads as the re-check reads them, those of `fixes` mended by its own code; made ready once."""
        key = repr((scenario.travel, scenario.bands, norms, fixes, scenario.plan.road_fixes if fixes else ()))
        if key not in self.traced:
            self.traced[key] = Tracer(mend_county(self.county, scenario, fixes), scenario, norms)
        return self.traced[key]

    def mended(self, scenario: Scenario, norms: NormSet, fixes: tuple[str, ...]) -> Ground:
        """Return the ground with the roads of `fixes` mended and every trip measured anew; special schools keep their trips."""
        if not fixes:
            return self
        chosen = tuple(fix for fix in scenario.plan.road_fixes if fix.id in fixes)
        key = repr((chosen, scenario.travel, norms))
        if key not in self.repaired:
            county = replace(self.county, roads=mend_roads(self.county.roads, chosen))
            self.repaired[key] = replace(
                _measure_ground(county, scenario, norms, self.net.pieces.orders, say_nothing), special=self.special
            )
        return self.repaired[key]

    def worlds(self, scenario: Scenario, norms: NormSet, on_step: OnStep) -> tuple[World, ...]:
        """Return the trips with every set of roads mended that the scenario offers."""
        worlds = []
        for fixes in offered_sets(scenario.plan):
            on_step(Words(f"整治道路后：{'、'.join(fixes)}", f"with roads mended: {', '.join(fixes)}"))
            ground = self.mended(scenario, norms, fixes)
            worlds.append(World(fixes, ground.travel, ground.bad_days))
        return tuple(worlds)


def run_scenario(
    source: str | Path | Scenario, *, data_dir: str | Path | None = None, ground: Ground | None = None, on_step: OnStep | None = None
) -> Run:
    """Return the plan of the scenario at `source`, re-checked and judged.

    Parameters
    ----------
    source : a scenario file, or a scenario that was read.
    data_dir : folder that replaces the scenario's `[data] dir`.
    ground : county and travel times of a scenario with the same data, from `ground_of`, to save the work.
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
    worlds = ground.worlds(scenario, norms, say)
    case = Case(scenario, norms, county, demand, travel, sites_of(county.schools, scenario), ground.bad_days, worlds=worlds)
    say(Words("现状：谁在哪里上学", "today: who attends which school"))
    today = present_layout(case)
    options = commute_options(travel, county.schools, sites_by_band(case.sites, scenario), norms, scenario)
    with interruptible(partial(say, INTERRUPTING)):
        plan, solved, buses, held = _search_plan(ground, case, options, today, say)
    built = ground.mended(scenario, norms, plan.fixes)
    risk_today, risk_plan = (assess_risk(layout, county, at.travel, norms, scenario) for layout, at in ((today, ground), (plan, built)))
    layouts = {"today": (today, risk_today), "plan": (plan, risk_plan)}
    assessment = assess_layouts(case, layouts, ground.special, ground.bad_days, case.where(plan.fixes) if plan.fixes else None)
    say(Words("独立复核每一条行程", "re-checking every trip independently"))
    tracer, again = ground.tracer(scenario, norms), ground.tracer(scenario, norms, plan.fixes)
    verification = verify_layout(
        county, scenario, norms, plan, today=today, bad_days=assessment["bad_days"], tracer=again, before=tracer, terms=solved.terms
    )
    visits = assessment["home_visits"]
    buses = {
        when: replace(buses[when], visit_rounds=plan_rounds(case, at.net, visits[visits["when"] == when]))
        for when, at in (("today", ground), ("plan", built))
    }
    taught_at_home = visits[visits["when"] == "plan"]
    checked = check_buses(again.county, scenario, norms, plan, buses["plan"], today=(today, buses["today"]), visits=taught_at_home)
    verification = replace(verification, buses=checked)
    gate = judge_plan(county, scenario, norms, demand, today, plan, verification, tracer=again, buses=buses["plan"])
    bad = assessment["bad_days"] if county.bad_days else None
    by_day = {when: None if bad is None else bad[bad["when"] == when] for when in layouts}
    measures = {
        when: measure_layout(layout, risk, today, risk_today, norms, scenario, by_day[when], describe_layout(case, layout, today))
        for when, (layout, risk) in layouts.items()
    }
    bus_notes = [
        note for when, (layout, _) in layouts.items() for note in note_buses(when, layout, buses[when], county.fleet, county.schools)
    ]
    closed = [note for measured in ground.bad_days.values() for note in measured.notes]
    notes = (
        *note_certificate(solved),
        *note_norms(norms),
        *county.notes,
        *assumed,
        *travel.notes,
        *closed,
        *crowded_sites(today, county),
        *untaught_grades(case),
        *held,
        *note_roads(case, plan),
        *note_enrolment(case, plan),
        *note_public_seats(case, plan),
        *bus_notes,
    )
    say(Words("描出上学的路", "tracing the ways to school"))
    ways = trace_ways(built.net, county, (today.assignment, plan.assignment))
    return Run(
        scenario, norms, county, demand, travel, today, plan, solved, risk_today, risk_plan, verification, gate, measures, assessment,
        notes=notes, ways=ways, buses=buses,
    )  # fmt: skip


def _search_plan(
    ground: Ground, case: Case, options: pd.DataFrame, today: Layout, say: OnStep
) -> tuple[Layout, Solved, dict[str, BusPlan], tuple[Note, ...]]:
    """Return the plan, how it was found, the buses of today and of the plan, and what is to be told of the search."""
    say(Words("求解布局方案", "solving the layout"))
    plan, solved = optimise_layout(case, options, today)
    held: tuple[Note, ...] = ()
    if case.scenario.plan.price_of_holding:
        say(Words("求坏天气也站得住的代价", "pricing what holding on hard days costs"))
        solved, price = price_holding(case, options, today, (plan, solved))
        held = (price,)
    say(Words("规划校车线路和时刻", "planning school bus routes and times"))
    buses = {when: _plan_buses(ground, case, layout) for when, layout in (("today", today), ("plan", plan))}
    if case.scenario.plan.bus_rounds:
        first = plan, solved, buses["plan"]
        plan, solved, buses["plan"], rounds = agree_with_buses(case, options, today, first, partial(_plan_buses, ground), say)
        held = (*held, *rounds)
    return plan, solved, buses, held


def _plan_buses(ground: Ground, case: Case, layout: Layout) -> BusPlan:
    """Return the school buses of `layout`, on its roads; the same riders are routed once on one ground."""
    ground, case = ground.mended(case.scenario, case.norms, layout.fixes), case.where(layout.fixes)
    riders = layout.assignment[layout.assignment["mode"].isin(["school_bus", "board"])]
    asked, scenario = (riders.to_csv(index=False), layout.sites["buses"].to_csv()), case.scenario
    key = repr((asked, case.norms, scenario.bands, scenario.travel, scenario.buses, scenario.solver.seed))
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
    return replace(_measure_ground(county, scenario, norms, orders, say), special=_measure_special(county, norms, scenario))


def _measure_ground(county: County, scenario: Scenario, norms: NormSet, orders: Orders | None, say: OnStep) -> Ground:
    """Return the ground of `county` without the trips to special schools."""
    say(Words("把居民点和学校接到道路上", "joining settlements and schools to the roads"))
    net = build_net(county, norms, scenario.travel, orders=orders)
    travel, bad_days = measure_net(net, county, scenario.travel, on_step=say), {}
    for day in county.bad_days:
        say(Words(f"坏天气：{day.name.zh}", f"bad day: {day.name.en}"))
        bad_days[day.key] = measure_bad_day(net, county, scenario.travel, day)
    return Ground(county, net, travel, bad_days)


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
    refuse_same_names(scenarios)
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


def refuse_same_names(scenarios: Sequence[Scenario]) -> None:
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
            pupils, assumed = count_pupils(county, scenario)
            read = note_county(county, scenario, int(pupils.to_numpy().sum()))
            notes |= {note.code + note.text.en: note for note in (read, *note_norms(norms), *county.notes, *assumed)}
        except InputError as error:
            problems.extend(problem for problem in error.problems if problem not in problems)
    raise_problems(problems)
    return list(notes.values())


def note_county(county: County, scenario: Scenario, pupils: int) -> Note:
    """Return what was read, in the numbers by which a planner sees at once whether a table is short."""
    homes, km = len(county.settlements), county.roads.edges.length.sum() / 1000
    schools = len(county.schools) + (0 if county.special_schools is None else len(county.special_schools))
    text = Words(
        f"已读：{homes:,}个居民点，{scenario.year}学年学生{pupils:,}人；{schools:,}所学校；道路{km:,.0f}公里",
        f"read: {homes:,} settlements, {pupils:,} pupils in {scenario.year}; {schools:,} schools; {km:,.0f} km of roads",
    )
    return Note("county.read", text, homes)


def ground_of(
    source: str | Path, *, data_dir: str | Path | None = None, orders: Orders | None = None, on_step: OnStep | None = None
) -> tuple[Scenario, NormSet, Ground]:
    """Return the scenario at `source`, its norms, and its county with travel times; `orders` as in `build_net`."""
    scenario = read_scenario(source, data_dir=data_dir)
    norms = read_scenario_norms(scenario)
    return scenario, norms, lay_ground(scenario, norms, orders=orders, on_step=on_step)
