"""Several school years of one scenario: every year's plan, measured, re-checked by itself and against the year before."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from layout_planner.clock import interruptible
from layout_planner.errors import Problem, raise_problems
from layout_planner.pipeline import ground_of
from layout_planner.plan.choices import KEY
from layout_planner.plan.ended import INTERRUPTING, note_cut_short
from layout_planner.plan.forms import CLOSED
from layout_planner.plan.years import plan_years
from layout_planner.plan.years_terms import SchoolYear
from layout_planner.safeguards.verify import verify_layout
from layout_planner.safeguards.years_check import Bought, check_years
from layout_planner.scenario import read_scenario
from layout_planner.sweep import Question
from layout_planner.words import Words, say_nothing

if TYPE_CHECKING:
    from pathlib import Path

    from layout_planner.county.model import County, Note
    from layout_planner.pipeline import OnStep
    from layout_planner.plan.layout import Layout
    from layout_planner.plan.years_terms import YearPlan, YearsPlan
    from layout_planner.results import Verification
    from layout_planner.scenario import Scenario


@dataclass(frozen=True)
class Year:
    """One school year of a plan over years.

    today, measures  figures of `compare.MEASURES` of the schools as they are now, and of the plan, with the pupils of the year
    closed, reduced, opened  ids of the sites that do so in this year, against the year before
    """

    year: int
    scenario: Scenario
    plan: YearPlan
    today: dict[str, float]
    measures: dict[str, float]
    closed: tuple[str, ...]
    reduced: tuple[str, ...]
    opened: tuple[str, ...]
    verification: Verification


@dataclass(frozen=True)
class YearsStudy:
    """A plan over years and what the independent checks hold against it."""

    scenario: Scenario
    county: County
    found: YearsPlan
    years: tuple[Year, ...]
    faults: tuple[Words, ...]
    notes: tuple[Note, ...] = ()

    @property
    def verified(self) -> bool:
        """True when no check found a fault."""
        return not self.faults and not any(year.verification.disagreements for year in self.years)


def scenario_of_year(scenario: Scenario, year: int) -> Scenario:
    """Return `scenario` as it asks of one school year: its pupils, its budget, and the closings ordered by then."""
    years = scenario.plan.years
    assert years is not None  # noqa: S101 - asked of a scenario over years
    budget = years.budget_of(year)
    due = {site: years.close_from.get(site, years.first) <= year for site in scenario.plan.close}
    not_yet = {site for site, is_due in due.items() if not is_due}
    may_close = scenario.plan.may_close
    change: dict[str, object] = {
        "close": tuple(site for site, is_due in due.items() if is_due),
        "keep": (*scenario.plan.keep, *sorted(not_yet)),
        "may_close": may_close if isinstance(may_close, str) else tuple(site for site in may_close if site not in not_yet),
        "budget_yuan": scenario.plan.budget_yuan if budget is None else budget,
    }
    return scenario.model_copy(update={"year": year, "plan": scenario.plan.model_copy(update=change)})


def study_years(source: str | Path, *, data_dir: str | Path | None = None, on_step: OnStep | None = None) -> YearsStudy:
    """Return the plan over the school years of `[plan.years]` of the scenario at `source`.

    Raises
    ------
    InputError : faults in the scenario or its files, or no `[plan.years]`. NoPlanError : a year has no plan.
    """
    say = on_step or say_nothing
    _refuse_one_year(read_scenario(source, data_dir=data_dir), source)
    scenario, norms, ground = ground_of(source, data_dir=data_dir, on_step=on_step)
    years = scenario.plan.years
    assert years is not None  # noqa: S101 - refused above
    _refuse_unopened(scenario, ground.county, source)
    asked = {year: Question.of(scenario_of_year(scenario, year), norms, ground) for year in range(years.first, years.last + 1)}
    with interruptible(partial(say, INTERRUPTING)):
        found = plan_years([SchoolYear(year, q.case, q.options, q.today) for year, q in asked.items()], years, say)
        cut_short = note_cut_short()
    say(Words("独立复核每一条行程", "re-checking every trip independently"))
    tracer = ground.tracer(scenario, norms)
    retraced = tracer.trace(_pool_trips(found))
    done, before = [], asked[years.first].today
    for plan in found.years:
        say(Words(f"{plan.year}学年：独立复核", f"school year {plan.year}: re-checking independently"))
        question = asked[plan.year]
        own = question.case.scenario
        verification = verify_layout(
            ground.county, own, norms, plan.layout, today=plan.today, tracer=tracer, terms=plan.solved.terms, retraced=retraced
        )
        changes = list_changes(before, plan.layout)
        done.append(
            Year(plan.year, own, plan, question.measure(plan.today), question.measure(plan.layout), *changes, verification=verification)
        )
        before = plan.layout
    layouts = {plan.year: plan.layout for plan in found.years}
    bought = {plan.year: Bought(plan.built.fleet, plan.built.rooms, plan.capital_yuan) for plan in found.years}
    faults = check_years(ground.county, scenario, norms, asked[years.first].today, layouts, bought)
    notes = {note.text: note for question in asked.values() for note in question.notes()}
    return YearsStudy(scenario, ground.county, found, tuple(done), faults, (*cut_short, *notes.values()))


def _pool_trips(found: YearsPlan) -> pd.DataFrame:
    """Return every trip of all years once: the roads are the same in all of them, so each needs retracing only once."""
    trips = [layout.assignment for plan in found.years for layout in (plan.today, plan.layout)]
    return pd.concat(trips, ignore_index=True).drop_duplicates(KEY, ignore_index=True)


def _refuse_one_year(scenario: Scenario, source: str | Path) -> None:
    if scenario.plan.years is None:
        what = Words("情景中没有写明多个学年", "the scenario names no school years")
        hint = Words("写 [plan.years]，其中 first 与 last", "write [plan.years] with `first` and `last`")
        raise_problems([Problem(str(source), what, hint, column="plan.years")])


def _refuse_unopened(scenario: Scenario, county: County, source: str | Path) -> None:
    """Refuse a year of closing for a candidate: until then it would have to open."""
    years = scenario.plan.years
    candidates = {str(site) for site in county.schools.index[county.schools["candidate"].astype(bool)]}
    named = sorted(candidates & set(years.close_from if years is not None else ()))
    if named:
        what = Words("close_from 中的拟建校点还没有开办", "close_from names a candidate, which is not open")
        hint = Words("从 close_from 中删去", "take it out of close_from")
        raise_problems([Problem(str(source), what, hint, column="plan.years.close_from", value=", ".join(named))])


def list_changes(before: Layout, now: Layout) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return the sites that closed, that dropped bands and stay open, and that opened."""
    was, then = before.sites.sort_index(), now.sites.sort_index()
    had, has = (sites["form"] != CLOSED for sites in (was, then))
    changes = (had & ~has, had & has & (was["bands"] != then["bands"]), ~had & has)
    closed, reduced, opened = (tuple(map(str, then.index[change])) for change in changes)
    return closed, reduced, opened
