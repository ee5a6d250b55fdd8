"""What is asked of a county beside a plan: its trips, its children in later years, who is at risk today, who stays at school."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from layout_planner.assess.commute_link import OUTCOMES, fit_curve, link_units, tabulate_link
from layout_planner.assess.county import assess_layouts
from layout_planner.assess.retention import measure_retention
from layout_planner.county.demand import count_pupils, forecast_children
from layout_planner.county.find import find_place
from layout_planner.county.inputs import read_county
from layout_planner.errors import Problem, raise_problems
from layout_planner.norms import read_scenario_norms
from layout_planner.pipeline import ground_of, refuse_same_names
from layout_planner.plan.case import Case
from layout_planner.plan.forms import sites_of
from layout_planner.plan.present import present_layout
from layout_planner.risk import assess_risk
from layout_planner.scenario import MAX_YEARS_AHEAD, VARIANTS, Scenario, read_scenario
from layout_planner.travel.explain import explain_trip
from layout_planner.travel.matrix import measure_near
from layout_planner.travel.net import build_net
from layout_planner.travel.options import MODES, measure_ends
from layout_planner.words import Words, say_nothing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from layout_planner.assess.commute_link import Curve
    from layout_planner.county.demand import Forecast
    from layout_planner.county.model import County
    from layout_planner.norms import NormSet
    from layout_planner.pipeline import OnStep
    from layout_planner.plan.layout import Layout
    from layout_planner.travel.explain import TripStory


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
    refuse_same_names(scenarios)
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
