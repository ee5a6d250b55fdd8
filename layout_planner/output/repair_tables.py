"""The cheapest repair of a scenario in words and figures that a clerk can read out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from layout_planner.plan.costs import bed_cost_yuan
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from layout_planner.plan.repair_model import Repair
    from layout_planner.repair import Mending
    from layout_planner.words import Lang

SHOWN_YUAN = 10_000
MOST_PLACES = 6
MOST_KEPT = 4


def say_repair(mending: Mending) -> Words:
    """Return what is wrong and what would mend it, in two or three sentences."""
    if mending.refusal is None and mending.repair is None and mending.harmed < 1:
        return Words(
            "方案可行，没有学生因它变差，无须补救。", "The scenario has a plan, and it makes nobody worse off: nothing needs mending."
        )
    if mending.late and mending.refusal is not None:
        wrong = Words(
            "照这些要求，时限内没有找到方案（不等于没有）：请增大 solver.time_limit_s。",
            "No plan was found in time as it is asked, which does not mean that there is none: raise solver.time_limit_s.",
        )
    elif mending.refusal is not None:
        wrong = Words(f"情景没有方案：{mending.refusal.zh}。", f"The scenario has no plan: {mending.refusal.en}.")
    else:
        best = (
            Words("时限内找到的方案会使", "the plan found in time makes")
            if mending.late
            else Words("最好的方案也会使", "even the best plan makes")
        )
        wrong = Words(
            f"照这些要求，{best.zh}{round(mending.harmed)}人次变差（新增风险、坏天气断路，或有风险而路更远）。",
            f"As it is asked, {best.en} pupils worse off ({round(mending.harmed)} counts): newly at risk, cut off on bad"
            " days, or at risk with a longer way.",
        )
    if mending.repair is None:
        return Words(f"{wrong.zh}没有能买到的补救。", f"{wrong.en} Nothing that can be bought mends it.")
    told = _say_parts(mending, mending.repair)
    return Words(f"{wrong.zh}{told.zh}", f"{wrong.en} {told.en}")


def _say_parts(mending: Mending, repair: Repair) -> Words:
    kept = len(repair.keep)
    parts = [part for part, _, _ in list_parts(mending)]
    if kept > MOST_KEPT:
        shown = [_school(mending, j) for j in list(repair.keep)[:MOST_KEPT]]
        names = Words("、".join(name.zh for name in shown), ", ".join(name.en for name in shown))
        listed = len(mending.scenario.plan.close)
        told = Words(
            f"名单上的{listed}所中保留{kept}所（{names.zh}等）", f"keep {kept} of the {listed} schools on the list ({names.en} and others)"
        )
        parts = [told, *parts[kept:]]
    what = Words("、".join(part.zh for part in parts) or "重新安排学生", ", ".join(part.en for part in parts) or "placing pupils anew")
    price = Words(f"每年{repair.price.value / SHOWN_YUAN:,.1f}万元", f"{repair.price.value:,.0f} yuan a year")
    end = Words("，没有学生变差", ", and nobody is made worse off")
    if repair.still_harmed > 1:
        end = Words(f"，仍有{repair.still_harmed:.0f}人次变差", f", and {repair.still_harmed:.0f} counts of harm remain")
    near = _say_near(repair)
    name = Words("最省的补救", "The cheapest repair") if repair.price.optimal else Words("找到的最省补救", "The cheapest repair found")
    return Words(f"{name.zh}：{what.zh}；{price.zh}{end.zh}。{near.zh}", f"{name.en}: {what.en}; {price.en}{end.en}.{near.en}")


def _say_near(repair: Repair) -> Words:
    """Return that a cheaper repair may exist, and what none is below, where the search was not one over the whole county."""
    if repair.price.optimal:
        return Words("", "")
    least = repair.price.bound
    zh = "本县规模大，只在名单学校附近求补救，其余学生按现状就读。" if repair.near else ""
    en = (
        " The county is large, so the repair was sought round the schools on the list, with all other pupils where they are today."
        if repair.near
        else ""
    )
    if least < 1:
        return Words(f"{zh}可能还有更省的办法，没有算出下限。", f"{en} A cheaper one may exist; no lower limit was found.")
    return Words(
        f"{zh}可能还有更省的办法，但不会低于每年{least / SHOWN_YUAN:,.1f}万元。",
        f"{en} A cheaper one may exist, but none below {least:,.0f} yuan a year.",
    )


def list_parts(mending: Mending) -> list[tuple[Words, str, float]]:
    """Return every part of the repair: what it is, its number, and yuan a year."""
    repair, norms = mending.repair, mending.norms
    if repair is None:
        return []
    parts: list[tuple[Words, str, float]] = []
    for school_id, yuan in repair.keep.items():
        name = _school(mending, school_id)
        parts.append((Words(f"保留{name.zh}", f"keep {name.en}"), "1", yuan))
    if repair.beds:
        where = _places(mending, repair.beds_at, "张")
        text = Words(f"多建{repair.beds}张床位（{where.zh}）", f"{repair.beds} {_plural('bed', repair.beds)} more ({where.en})")
        parts.append((text, str(repair.beds), repair.beds * bed_cost_yuan(norms)))
    if repair.buses:
        where = _places(mending, repair.buses_at, "辆")
        text = Words(f"多配{repair.buses}辆校车（{where.zh}）", f"{repair.buses} {_plural('bus', repair.buses)} more ({where.en})")
        parts.append((text, str(repair.buses), repair.buses * norms.value("cost.bus_yuan")))
    for fix in mending.scenario.plan.road_fixes:
        if fix.id in repair.roads:
            yuan = fix.cost_yuan / norms.value("cost.road_life_years")
            done = Words("新建", "build") if fix.line else Words("整治", "mend")
            parts.append((Words(f"{done.zh}{fix.name.zh}", f"{done.en} {fix.name.en}"), "1", yuan))
    if repair.over_budget_yuan:
        over = repair.over_budget_yuan
        parts.append((Words(f"预算增加{over / SHOWN_YUAN:,.1f}万元", f"{over:,.0f} yuan above the budget"), "", over))
    return parts


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else {"bed": "beds", "bus": "buses"}[noun]


def _school(mending: Mending, school_id: str) -> Words:
    row = mending.county.schools.loc[school_id]
    return Words(str(row["name"]), str(row.get("name_en") or row["name"]))


def _places(mending: Mending, counts: dict[str, int], unit: str) -> Words:
    """Return where the new ones of the plan stand, most first."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown = [(_school(mending, j), count) for j, count in ordered[:MOST_PLACES]]
    zh = "、".join(f"{name.zh}：{count}{unit}" for name, count in shown)
    en = ", ".join(f"{count} at {name.en}" for name, count in shown)
    left = len(ordered) - len(shown)
    return Words(f"{zh}等共{len(ordered)}校", f"{en} and {left} other schools") if left else Words(zh, en)


def repair_tables(mending: Mending, lang: Lang) -> Iterator[str | Table]:
    """Yield the sentence and the price of every part."""
    yield escape(say_repair(mending).say(lang))
    if mending.repair is None:
        return
    table = Table(title=Words("最省的补救", "the cheapest repair").say(lang), title_justify="left")
    table.add_column(Words("做什么", "what").say(lang), overflow="fold")
    table.add_column(Words("数量", "number").say(lang), justify="right")
    table.add_column(Words("每年（万元）", "a year, 10,000 yuan").say(lang), justify="right")
    for part, number, yuan in list_parts(mending):
        table.add_row(escape(part.say(lang)), number, f"{yuan / SHOWN_YUAN:,.1f}")
    table.add_section()
    price, whole = mending.repair.price, mending.repair.solved.terms["cost_yuan"]
    gap = f"{100 * price.gap:.2f}"
    in_all = Words(f"合计（求解差距{gap}%）", f"in all (gap {gap} %)")
    for text, yuan in ((in_all, price.value), (Words("方案全部年成本", "yearly cost of the whole plan"), whole)):
        table.add_row(text.say(lang), "", f"{yuan / SHOWN_YUAN:,.1f}")
    yield table


def describe_repair(mending: Mending) -> dict[str, Any]:
    """Return the repair as plain JSON values."""
    repair = mending.repair
    return {
        "scenario": mending.scenario.name,
        "text": say_repair(mending)._asdict(),
        "harmed": mending.harmed,
        "refusal": None if mending.refusal is None else mending.refusal._asdict(),
        "repair": None
        if repair is None
        else {
            "keep": repair.keep,
            "beds": repair.beds,
            "buses": repair.buses,
            "beds_at": repair.beds_at,
            "buses_at": repair.buses_at,
            "roads": list(repair.roads),
            "over_budget_yuan": repair.over_budget_yuan,
            "price_yuan": repair.price.value,
            "price_bound_yuan": repair.price.bound,
            "near": repair.near,
            "still_harmed": repair.still_harmed,
            "cost_yuan": repair.solved.terms["cost_yuan"],
        },
    }
