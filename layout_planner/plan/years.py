"""Several school years planned together: what closes, opens and is built when, with the pupils of every year.

A school that closed stays closed, a candidate that opened stays open, a new bed stays. Build before close (先建后撤): in the year in which
a school closes or drops a band, its pupils may board or ride only at schools that need no more new beds, new buses or new classrooms than
were in service the year before. A plan's step is one school year, so "a term earlier" is the year before.

How it is found: every year alone, which bounds what any plan can reach; from the last year back, each year with the forms that later
years need; forward, with what was built and the rule above; then, where the programme is small, all years in one (`years_model`), from
there. Time limits count once for each of these searches.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from layout_planner.clock import Clock, is_interrupted, now
from layout_planner.errors import NoPlanError
from layout_planner.plan.capital import rooms_at_hand
from layout_planner.plan.choices import choose_options
from layout_planner.plan.conflict import explain_conflict
from layout_planner.plan.large import bound_cost
from layout_planner.plan.linear import ContradictionError
from layout_planner.plan.solve import finish, is_large, prepare, search_near, spend_least
from layout_planner.plan.years_alone import bind_year
from layout_planner.plan.years_buying import buy_late
from layout_planner.plan.years_links import bands_at, forms_of, most_rooms
from layout_planner.plan.years_regions import improve_steps
from layout_planner.plan.years_steps import go_forward
from layout_planner.plan.years_terms import NONE_BUILT, Alone, YearPlan, YearsPlan, count_built, price_built
from layout_planner.plan.years_together import solve_together
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from layout_planner.plan.case import Case
    from layout_planner.plan.forms import Site
    from layout_planner.plan.linear import Stage
    from layout_planner.plan.model import LayoutModel
    from layout_planner.plan.solve import Asked, Spent
    from layout_planner.plan.years_terms import SchoolYear, Step
    from layout_planner.scenario import Years

TOGETHER_UP_TO = 150_000  # options of all years
RANKED = ("harmed", "at_risk_weighted", "lacking_pupils", "cost_yuan")
SAME_SHARE, SAME = 1e-3, 0.5  # risk that is no difference: a share, and pupils


def plan_years(terms: Sequence[SchoolYear], years: Years, on_step: Callable[[Words], None]) -> YearsPlan:
    """Return one layout a year that together keep what a plan over years must keep, and how near they are to the best.

    Raises
    ------
    NoPlanError : the demands of a year contradict each other, or the time limit left no plan.
    """
    rooms = {str(j): float(count) for j, count in rooms_at_hand(terms[0].case.county.schools, terms[0].today).items()}
    terms = [replace(term, rooms=rooms) for term in terms]
    alone = [_plan_alone(term, years, None, on_step) for term in terms]
    nested = _nest(terms, alone, years, on_step)
    found = _search(alone, nested, years, {}, on_step)
    lacking = most_rooms(alone)
    if lacking and any(count_built(term, plan.layout).rooms for term, plan in zip(terms, found.plans, strict=True)):
        on_step(Words("有学校要添教室，再求一次", "some schools need classrooms: once more with them"))
        found = _search(alone, nested, years, lacking, on_step)
    return _sum_up(alone, found)


@dataclass(frozen=True)
class _Found:
    """The plan of every year, and what one search over all years reached on cost; None where there was none."""

    plans: list[YearPlan]
    together: Stage | None


def _search(
    alone: Sequence[Alone], nested: Sequence[Alone], years: Years, most: Mapping[str, int], on_step: Callable[[Words], None]
) -> _Found:
    """Return the plan of every year, and what one search over all years reached on cost; None where there was none.

    most : the classrooms that a school may lack. Without them no class needs a room: a plan that then uses none is one of those with them,
    and the bound counts for these too.
    """
    on_step(Words("从头一年往后：先建后撤", "from the first year on: build before close"))
    steps, together, terms = go_forward(nested, alone, years, most), None, [each.term for each in alone]
    large = any(is_large(term.options) for term in terms) or sum(len(each.asked.options) for each in alone) > TOGETHER_UP_TO
    if len(alone) > 1 and not large:
        on_step(Words("各年合在一起求解", "all years in one search"))
        steps, together = solve_together(alone, steps, years, most)
    on_step(Words("各年学生取整", "whole pupils in every year"))
    plans = _name_years(terms, steps, years)
    if len(alone) > 1 and large and not is_interrupted():
        on_step(Words("各年合在一起，分片求更省的方案", "all years together, region by region"))
        plans = _better(terms, plans, improve_steps(alone, steps, years, most), years)
    return _Found(plans, together)


def _better(terms: Sequence[SchoolYear], plans: list[YearPlan], steps: Sequence[Step] | None, years: Years) -> list[YearPlan]:
    """Return `plans`, or those of `steps` in whole pupils where these hurt fewer, then put fewer at risk, then cost less."""
    if steps is None:
        return plans
    try:
        others = _name_years(terms, steps, years)
    except NoPlanError:
        return plans

    def rank(plans: Sequence[YearPlan]) -> tuple[float, ...]:
        sums = {name: sum(plan.solved.terms.get(name, 0.0) for plan in plans) for name in RANKED}
        return (*(round(sums[name]) for name in RANKED[:-1]), sums[RANKED[-1]])

    return min(plans, others, key=rank)


def _plan_alone(term: SchoolYear, years: Years, later: dict[str, str] | None, on_step: Callable[[Words], None]) -> Alone:
    """Return the best plan of one year by itself, with the forms that the year after it, if any, needs."""
    zh, en = ("单独求解", "by itself") if later is None else ("留住以后要用的学校", "with the schools that later years need")
    on_step(Words(f"{term.year}学年：{zh}", f"school year {term.year}: {en}"))
    sites = term.case.sites if later is None else tuple(_before(site, later[site.school_id]) for site in term.case.sites)
    case = replace(term.case, sites=sites)
    try:
        asked, spent = _search_year(term, case, years)
        layout, solved = finish(asked, spent)
    except NoPlanError as error:
        raise _name_year(error, replace(term, case=case)) from None
    bound = replace(spent.cost, bound=min(spent.cost.bound, solved.objective))
    return Alone(term, asked, layout, asked.reached.harm, asked.reached.at_risk, bound)


def _search_year(term: SchoolYear, case: Case, years: Years) -> tuple[Asked, Spent]:
    """Return the best plan of one year in shares; in a large county with what every plan over years keeps, where that spares everybody.

    Where time leaves a large county none, it is one that moves those only whom orders touch.
    """
    clock, large = Clock.start(case.scenario.solver.time_limit_s), is_large(term.options)

    def bind(case: Case, model: LayoutModel) -> None:
        bind_year(case, model, term.year, years, term.today)

    try:
        asked = prepare(case, term.options, term.today, by_region=large, bind=bind)
        return asked, spend_least(asked)
    except ContradictionError:
        raise
    except NoPlanError:
        if not large:
            raise
        return search_near(case, term.options, term.today, clock)


def _name_year(error: NoPlanError, term: SchoolYear) -> NoPlanError:
    """Return `error`, with the demands that contradict each other where they do, and the year."""
    if isinstance(error, ContradictionError):
        deadline = now() + term.case.scenario.solver.time_limit_s
        error = explain_conflict(term.case, choose_options(term.case, term.options, term.today), term.today, deadline) or error
    said = error.message
    return NoPlanError(Words(f"{term.year}学年：{said.zh}", f"school year {term.year}: {said.en}"))


def _before(site: Site, later: str) -> Site:
    """Return `site` with the forms that it may run in the year before it runs `later`."""
    wanted = set(bands_at(site, later))
    if site.form_today == "closed":
        forms = tuple(form for form in site.forms if set(site.bands[form]) <= wanted)
    else:
        forms = tuple(form for form in site.forms if set(site.bands[form]) >= wanted)
    return replace(site, forms=forms or site.forms)


def _nest(terms: Sequence[SchoolYear], alone: Sequence[Alone], years: Years, on_step: Callable[[Words], None]) -> list[Alone]:
    """Return plans, one a year, of which none closes what a later one needs, found from the last year back."""
    nested = [alone[-1]]
    for term, free in zip(reversed(terms[:-1]), reversed(alone[:-1]), strict=True):
        later = forms_of(nested[-1].layout)
        fits = all(form in _before(site, later[site.school_id]).forms for site, form in _chosen(free))
        nested.append(free if fits else _plan_alone(term, years, later, on_step))
    return nested[::-1]


def _chosen(plan: Alone) -> list[tuple[Site, str]]:
    forms = forms_of(plan.layout)
    return [(site, forms[site.school_id]) for site in plan.term.case.sites]


def _name_years(terms: Sequence[SchoolYear], steps: Sequence[Step], years: Years) -> list[YearPlan]:
    """Return the steps in whole pupils, with what is bought when."""
    found = [finish(step.asked, step.spent) for step in steps]
    built = buy_late(terms, [layout for layout, _ in found], [step.built for step in steps], years)
    return [
        YearPlan(term.year, term.today, layout, solved, before, now, price_built(term.case, before, now))
        for term, (layout, solved), before, now in zip(terms, found, [NONE_BUILT, *built[:-1]], built, strict=True)
    ]


def _sum_up(alone: Sequence[Alone], found: _Found) -> YearsPlan:
    """Return the plans with the goals and their bounds summed over the years."""
    plans, together = found.plans, found.together
    goals = {"harmed": "harm", "at_risk_weighted": "at_risk", "cost_yuan": "cost"}
    reached = {name: sum(plan.solved.terms[name] for plan in plans) for name in goals}
    bounds = {name: sum(getattr(each, goal).bound for each in alone) for name, goal in goals.items()}
    safest = {name: sum(getattr(each, goal).value for each in alone) for name, goal in goals.items()}
    safest |= {"lacking_pupils": sum(0.0 if each.asked.reached.lacking is None else each.asked.reached.lacking.value for each in alone)}
    as_safe = sum(plan.solved.terms.get("lacking_pupils", 0.0) for plan in plans) <= safest["lacking_pupils"] + SAME
    as_safe &= all(reached[name] <= safest[name] * (1 + SAME_SHARE) + SAME for name in ("harmed", "at_risk_weighted"))
    if not as_safe:
        bounds["cost_yuan"] = _bound_cost(alone, plans)
    if together is not None:
        bounds["cost_yuan"] = max(together.bound, bounds["cost_yuan"])
    return YearsPlan(tuple(plans), reached, bounds, as_safe=as_safe, together=together is not None)


def _bound_cost(alone: Sequence[Alone], plans: Sequence[YearPlan]) -> float:
    """Return what plans cost at least that are in every year as safe as `plans`; 0 where nothing is known of a year.

    Years that are as safe as alone keep the bound of the year alone.
    """
    total = 0.0
    for each, plan in zip(alone, plans, strict=True):
        harm, risk = (plan.solved.terms[name] for name in ("harmed", "at_risk_weighted"))
        if harm <= each.harm.value + SAME and risk <= each.at_risk.value * (1 + SAME_SHARE) + SAME:
            total += each.cost.bound
            continue
        large, clock = each.asked.large, Clock.start(each.term.case.scenario.solver.time_limit_s / 2)
        found = 0.0 if large is None or harm > SAME else bound_cost(each.asked.case, large.model, risk, clock.at)
        if not found:
            return 0.0
        total += found
    return total
