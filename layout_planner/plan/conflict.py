"""Why a scenario has no plan: the smallest set of its demands that contradict each other, and the least change that lifts each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pulp

from layout_planner.clock import now
from layout_planner.errors import NoPlanError
from layout_planner.plan.choices import choose_options
from layout_planner.plan.forms import sites_of
from layout_planner.plan.linear import ContradictionError, LinearSolver
from layout_planner.plan.model import build_model
from layout_planner.plan.near import NEAR_OPTIONS, hold_far
from layout_planner.words import Words

if TYPE_CHECKING:
    import pandas as pd

    from layout_planner.plan.case import Case
    from layout_planner.plan.layout import Layout

LIFTED: dict[str, Any] = {
    "budget_yuan": None,
    "capital_yuan": None,
    "min_schools": 0,
    "max_moved": None,
    "keep_settlements_whole": False,
}
SHOWN_YUAN = 10_000
PLENTY_YUAN = 1e12


@dataclass(frozen=True)
class Demand:
    """One demand of `[plan]` by name, and by id where it is about a school."""

    key: str
    school_id: str = ""


def explain(error: ContradictionError, case: Case, options: pd.DataFrame, today: Layout) -> ContradictionError:
    """Return the error that names what contradicts what in `case`; `error` where time leaves no proof.

    options : of `commute_options`
    """
    deadline = now() + case.scenario.solver.time_limit_s
    return explain_conflict(case, choose_options(case, options, today), today, deadline) or error


def explain_conflict(case: Case, options: pd.DataFrame, today: Layout, deadline: float) -> ContradictionError | None:
    """Return the error that names what contradicts what, and what lifts it; None where time leaves no proof.

    options : of `choose_options`

    Demands are taken away one by one for as long as what is left has no plan: what remains has none, and any part of it has one. Where time
    left some of these parts open, what remains contradicts itself all the same, and it is said that fewer demands may do so too.
    """
    tried = _Trial(case, options, today, deadline)
    left = list(_demands(case))
    if tried.fits(left):
        return None
    for demand in tuple(left):
        rest = [other for other in left if other != demand]
        if not tried.fits(rest):
            left = rest
    if not left:
        return None
    names, cures = [_name(demand, case) for demand in left], [cure for demand in left if (cure := _cure(demand, left, tried)) is not None]
    return ContradictionError(_say_conflict(names, cures, tried))


def _say_conflict(names: list[Words], cures: list[Words], tried: _Trial) -> Words:
    """Return the demands that contradict each other, and what would help, in one sentence each."""
    fewer = Words("（时间所限，也许其中几项就已矛盾）", " (time left it open whether fewer of them do)") if tried.unsure else Words("", "")
    zh = f"这些要求不能同时满足：{'；'.join(name.zh for name in names)}{fewer.zh}。"
    en = f"these demands contradict each other: {'; '.join(name.en for name in names)}{fewer.en}."
    if not cures:
        return Words(zh.rstrip("。"), en.rstrip("."))
    least = Words("可行的让步", "What would help") if tried.is_large else Words("最小的让步", "The least that would help")
    zh = f"{zh}{least.zh}：{'；或'.join(cure.zh for cure in cures)}"
    return Words(zh, f"{en} {least.en}: {'; or '.join(cure.en for cure in cures)}")


def _demands(case: Case) -> list[Demand]:
    """Return the demands that can contradict each other, those about the whole county last."""
    plan = case.scenario.plan
    schools = [Demand("keep", school_id) for school_id in sorted(plan.keep)] + [
        Demand("close", school_id) for school_id in sorted(plan.close)
    ]
    return schools + [Demand(key) for key, lifted in LIFTED.items() if getattr(plan, key) != lifted]


class _Trial:
    """Whether a part of the demands has a plan.

    In a large county the relaxation to shares tells soonest that there is none, and a search among what the orders touch that there is one.
    """

    def __init__(self, case: Case, options: pd.DataFrame, today: Layout, deadline: float) -> None:
        self.case, self.options, self.today, self.deadline, self.unsure = case, options, today, deadline, False
        self.is_large = len(options) > NEAR_OPTIONS

    def fits(self, demands: list[Demand]) -> bool:
        """Return True where `demands` have a plan, or where time left no proof that they have none."""
        if self.is_large and (found := self._fits_soon(self._loosen(demands))) is not None:
            return found
        try:
            self._minimise(self._loosen(demands), self.options, None, 1.0)
        except ContradictionError:
            return False
        except NoPlanError:
            self.unsure = True
        return True

    def _fits_soon(self, case: Case) -> bool | None:
        seed = case.scenario.solver.seed
        model = build_model(case, self.options, self.today, strong=False)
        if LinearSolver(model, seed, self.deadline).is_possible(shares=True) is False:
            return False
        near, options = hold_far(case, self.options, self.today, case.scenario.plan.close)
        found = LinearSolver(build_model(near, options, self.today), seed, self.deadline).is_possible(shares=False)
        return True if found else None

    def least(self, demands: list[Demand], goal: str, sign: float = 1.0, *, plenty: bool = False) -> float:
        """Return the least (or with -1 the greatest) figure of `goal`, a field of the model, under `demands`.

        In a large county it is one that will do: the least among what the orders touch.

        plenty : with money that is spent once in plenty, but counted.
        """
        case, options = self._loosen(demands), self.options
        if plenty:
            plan = case.scenario.plan.model_copy(update={"capital_yuan": PLENTY_YUAN})
            case = replace(case, scenario=case.scenario.model_copy(update={"plan": plan}))
        if self.is_large:
            case, options = hold_far(case, options, self.today, case.scenario.plan.close)
        return self._minimise(case, options, goal, sign)

    def _minimise(self, case: Case, options: pd.DataFrame, goal: str | None, sign: float) -> float:
        model = build_model(case, options, self.today, strong=not self.is_large)
        solver = LinearSolver(model, case.scenario.solver.seed, self.deadline)
        figure = pulp.LpAffineExpression() if goal is None else getattr(model, goal)
        return sign * solver.minimise(sign * figure, gap=case.scenario.solver.gap).value

    def _loosen(self, demands: list[Demand]) -> Case:
        plan, held = self.case.scenario.plan, {demand.key for demand in demands}
        schools = {key: tuple(d.school_id for d in demands if d.key == key) for key in ("keep", "close")}
        freed = (set(plan.keep) | set(plan.close)) - {d.school_id for d in demands}
        may_close = (
            plan.may_close if plan.may_close == "all" else tuple(sorted({*(() if plan.may_close == "none" else plan.may_close), *freed}))
        )
        changed = {key: lifted for key, lifted in LIFTED.items() if key not in held}
        scenario = self.case.scenario.model_copy(
            update={"plan": plan.model_copy(update={**changed, **schools, "may_close": may_close or "none"})}
        )
        return replace(self.case, scenario=scenario, sites=sites_of(self.case.county.schools, scenario))


def _name(demand: Demand, case: Case) -> Words:
    plan, name = case.scenario.plan, _school(demand, case)
    return {
        "keep": Words(f"保留{name.zh}", f"keep {name.en}"),
        "close": Words(f"撤销{name.zh}", f"close {name.en}"),
        "budget_yuan": Words(
            f"年成本不超过{(plan.budget_yuan or 0) / SHOWN_YUAN:.1f}万元", f"spend at most {plan.budget_yuan or 0:,.0f} yuan a year"
        ),
        "capital_yuan": Words(
            f"一次性投入不超过{(plan.capital_yuan or 0) / SHOWN_YUAN:.1f}万元", f"spend at most {plan.capital_yuan or 0:,.0f} yuan once"
        ),
        "min_schools": Words(f"至少保留{plan.min_schools}所", f"keep at least {plan.min_schools} schools"),
        "max_moved": Words(f"换校的学生不超过{plan.max_moved}人", f"at most {plan.max_moved} pupils change school"),
        "keep_settlements_whole": Words("一个村的同一学段不拆开", "keep the pupils of a village and band together"),
    }[demand.key]


def _school(demand: Demand, case: Case) -> Words:
    if not demand.school_id:
        return Words("", "")
    row = case.county.schools.loc[demand.school_id]
    return Words(str(row["name"]), str(row.get("name_en") or row["name"]))


def _cure(demand: Demand, conflict: list[Demand], tried: _Trial) -> Words | None:
    """Return the least change of `demand` with which the others of the conflict have a plan."""
    rest, name = [other for other in conflict if other != demand], _school(demand, tried.case)
    try:
        if demand.key == "budget_yuan":
            yuan = tried.least(rest, "cost")
            return Words(f"年成本上限提高到{yuan / SHOWN_YUAN:.1f}万元", f"raise the budget to {yuan:,.0f} yuan a year")
        if demand.key == "capital_yuan":
            yuan = tried.least([*rest, demand], "capital", plenty=True)
            return Words(f"一次性投入上限提高到{yuan / SHOWN_YUAN:.1f}万元", f"allow {yuan:,.0f} yuan to be spent once")
        if demand.key == "min_schools":
            most = round(tried.least(rest, "sites_open", -1.0))
            return Words(f"只要求保留{most}所", f"ask for {most} only")
    except NoPlanError:
        return None
    return {
        "keep": Words(f"允许撤{name.zh}", f"let {name.en} close"),
        "close": Words(f"不撤{name.zh}", f"keep {name.en}"),
        "max_moved": Words("允许更多学生换校", "let more pupils change school"),
        "keep_settlements_whole": Words("允许一个村分到两校", "let a village be divided"),
    }[demand.key]
