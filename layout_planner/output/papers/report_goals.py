"""What a plan was asked for, goal after goal, and how near to the best possible each came: the terms of `Solved` in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from layout_planner.output.papers.facts import Line, Part, same
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from layout_planner.output.papers.stored import Papers

UNPROVEN = Words("—", "—")
YUAN = 10_000
OBJECTIVES = {
    "lexicographic": Words("年成本（万元）", "cost a year, 10,000 yuan"),
    "weighted": Words("各项加权之和（万）", "the weighted sum, in 10,000"),
}
TIMES = {
    "min_max": Words("最长的单程（分钟）", "longest daily trip, minutes"),
    "p90": Words("各组九成学生单程不超过（分钟），最长的一组", "what nine in ten of every group stay within, minutes, longest group"),
}


class Goal(NamedTuple):
    """One goal: its name, the value reached, and the bound proven, NaN where none is."""

    key: str
    name: Words
    reached: float
    bound: float
    decimals: int


def tell_goals(papers: Papers) -> Part | None:
    """Return the goals of a stored run in their order; None for a run that kept no terms."""
    goals = tuple(_list_goals(papers))
    if not goals:
        return None
    heads = (Words("次序", "order"), Words("目标", "goal"), Words("达到", "reached"), Words("已证明的下限", "proven bound"))
    lines = [
        Line(
            f"goal.{goal.key}",
            (same(str(order)), goal.name, _figure(goal.reached, goal.decimals), _figure(goal.bound, goal.decimals)),
        )
        for order, goal in enumerate(goals, start=1)
    ]
    note = Words(
        "每个目标都不得使前面的目标变差；其余各项不是目标，数值见上表。",
        "No goal makes an earlier one worse; what is no goal is told in the table above.",
    )
    title = Words("目标的次序", "What was asked for, in order")
    whose = papers.view.title
    return Part("goals", Words(f"{title.zh}：{whose.zh}", f"{title.en}: {whose.en}"), tuple(lines), heads, note, frozenset({2, 3}))


def _list_goals(papers: Papers) -> Iterator[Goal]:
    solved, plan = papers.solved, papers.scenario.get("plan", {})
    terms, objective, nan = solved.get("terms", {}), plan.get("objective", "lexicographic"), float("nan")
    if "harmed" not in terms:
        return
    yield Goal("harmed", Words("因方案变差的学生", "pupils made worse off"), terms["harmed"], nan, 0)
    risk = terms.get("at_risk_weighted", nan), terms.get("at_risk_bound", nan)
    if objective != "weighted":
        yield Goal("at_risk", Words("有风险的学生（加权）", "pupils at risk, weighed"), *risk, 1)
    if "lacking_pupils_bound" in terms:
        lacking = Words("学校不足最少学生数的人数", "pupils lacking at schools below the least enrolment")
        yield Goal("lacking", lacking, terms["lacking_pupils"], terms["lacking_pupils_bound"], 0)
    if objective in TIMES and "goal_minutes" in terms:
        yield Goal("times", TIMES[objective], terms["goal_minutes"], terms.get("goal_minutes_bound", nan), 1)
    name = OBJECTIVES["weighted" if objective == "weighted" else "lexicographic"]
    parts = [
        Words(zh, en)
        for key, zh, en in (
            ("roads_yuan", "道路年摊", "roads by the year"),
            ("siblings", "兄弟姐妹分校的代价", "the price of siblings apart"),
        )
        if (key == "siblings" and plan.get("siblings_yuan")) or terms.get(key)
    ]
    added = Words("、".join(part.zh for part in parts), ", ".join(part.en for part in parts))
    name = Words(f"{name.zh}，含{added.zh}", f"{name.en}, with {added.en}") if parts and objective != "weighted" else name
    yield Goal("spend", name, solved.get("objective", nan) / YUAN, solved.get("bound", nan) / YUAN, 1)
    if objective != "weighted":
        yield Goal("minutes", Words("全体学生单程分钟", "minutes of all pupils"), terms.get("pupil_minutes", nan), nan, 0)


def _figure(value: float, decimals: int) -> Words:
    return UNPROVEN if value != value else same(f"{value:,.{decimals}f}")  # noqa: PLR0124 - NaN is no figure
