"""The policy of a dossier (一策): what becomes of the school, why, what if not, safeguards and their state, money, who answers for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from layout_planner.county.objections_table import STANCES
from layout_planner.county.posts_table import LEVEL_WORDS, LEVELS
from layout_planner.names import VERDICTS, name_rule
from layout_planner.output.map_data import site_status
from layout_planner.output.pages import ORDER
from layout_planner.output.papers.facts import NOTHING, Line, Part, count, join, minutes, name_bands, name_form, same, yuan
from layout_planner.safeguards.objections import ASKS_ANSWER
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from layout_planner.output.papers.stored import Papers
    from layout_planner.results import Finding

DECISIONS = {
    "kept": Words("保留", "keep"),
    "converted": Words("调整", "convert"),
    "closed": Words("撤并", "merge"),
    "opened": Words("新开办", "open"),
    "none": Words("暂不开办", "not opened"),
}
MOST_RECEIVERS = 3
WHENS = ("today", "plan")
MONEY = {
    "site": Words("学校支出（教师、运转、新床位、校车）", "the school: teachers, running, new beds, buses"),
    "trips": Words("学生路费、寄宿补助", "trips and boarding of its pupils"),
    "funds_yuan": Words("其中生均公用经费", "of it public funds by pupil"),
    "floor_yuan": Words("其中不足百人按百人拨付增加", "of it by the floor of 100 pupils"),
}
SAFE = {"pass": "good", "fail": "bad", "unknown": "unknown"}


def decide(papers: Papers, school_id: str) -> str:
    """Return what the plan does with a site: a key of DECISIONS."""
    site = papers.view.schools.loc[school_id]
    status = site_status(str(site["bands_today"]), str(site["bands_plan"]))
    if status == "reduced" or (status == "kept" and (site["form_today"], site["bands_today"]) != (site["form_plan"], site["bands_plan"])):
        return "converted"
    return status


def describe_decision(papers: Papers, school_id: str) -> Part:
    """Return the decision in a sentence and the plan's own reasons for it."""
    decision = decide(papers, school_id)
    lines = [Line("decision", (_tell_decision(papers, school_id, decision),))]
    lines += [Line(key, (said,)) for key, said in _list_reasons(papers, school_id, decision)]
    return Part("decision", Words("决定和理由", "Decision and reasons"), tuple(lines))


def _tell_decision(papers: Papers, school_id: str, decision: str) -> Words:
    site = papers.view.schools.loc[school_id]
    said = DECISIONS[decision]
    if decision == "converted":
        forms = [name_form(str(site[f"form_{when}"])) for when in ("today", "plan")]
        bands = [name_bands(str(site[f"bands_{when}"]), papers.view.bands) for when in ("today", "plan")]
        return Words(
            f"{said.zh}：由{forms[0].zh}（{bands[0].zh}）改为{forms[1].zh}（{bands[1].zh}）。",
            f"{said.en.capitalize()}: from {forms[0].en} ({bands[0].en}) to {forms[1].en} ({bands[1].en}).",
        )
    if decision == "closed":
        goes = _receivers(papers, school_id)
        return Words(f"{said.zh}，学生转到{goes.zh}。", f"{said.en.capitalize()}: its pupils go to {goes.en}.")
    form, taught = name_form(str(site["form_plan"])), name_bands(str(site["bands_plan"]), papers.view.bands)
    if decision == "none":
        return Words(f"{said.zh}。", f"{said.en.capitalize()}.")
    return Words(f"{said.zh}：{form.zh}，{taught.zh}。", f"{said.en.capitalize()}: {form.en}, {taught.en}.")


def _receivers(papers: Papers, school_id: str) -> Words:
    goes = papers.moved_from(school_id).groupby("school_id")["pupils"].sum().sort_index().sort_values(ascending=False, kind="stable")
    names = [papers.school_names[str(key)] if key else Words("（无处就读）", "(no school)") for key in goes.index[:MOST_RECEIVERS]]
    more = len(goes) - MOST_RECEIVERS
    told = join(names)
    return Words(f"{told.zh}等{len(goes)}校", f"{told.en} and {more} more") if more > 0 else told


def _list_reasons(papers: Papers, school_id: str, decision: str) -> Iterator[tuple[str, Words]]:
    plan, site = papers.scenario["plan"], papers.view.schools.loc[school_id]
    may_close = plan["may_close"]
    free = may_close == "all" or (not isinstance(may_close, str) and school_id in may_close)
    if school_id in plan["close"]:
        yield "listed", Words("情景把它列入拟撤并名单。", "The scenario lists it for closing.")
    elif decision in {"closed", "converted"}:
        yield (
            "chosen",
            Words(
                "情景允许求解器调整它；求解器在没有学生因此新增风险的前提下作此调整。",
                "The scenario lets the solver change it, and the solver did so with no pupil put at risk by it.",
            ),
        )
    if decision == "kept":
        yield "kept", _tell_kept(school_id, plan, site, free=free)
    if decision in {"closed", "converted"} and len(papers.moved_from(school_id)):
        yield "trips", _tell_trips(papers, school_id)
    if decision == "opened":
        own = papers.trips_of(school_id)
        total = int(own.loc[own["when"] == "plan", "pupils"].sum())
        yield "opened", Words(f"就近接收{total}名学生。", f"It takes {total} pupils who live nearby.")
    bad = papers.conditions[(papers.conditions["school_id"] == school_id) & (papers.conditions["when"] == "plan")]
    lacking = int((bad["state"] == "bad").sum())
    if decision in {"kept", "converted", "opened"} and lacking:
        yield (
            "lacking",
            Words(
                f"按方案仍有{lacking}项条件不达标，须补齐（见办学条件）。",
                f"{lacking} conditions still miss their norm under the plan and must be mended.",
            ),
        )


def _tell_kept(school_id: str, plan: dict[str, object], site: pd.Series, *, free: bool) -> Words:
    if site["protected"]:
        return Words("学校表写明必须保留。", "The schools table says that it must stay.")
    if school_id in list(plan["keep"]):  # type: ignore[call-overload]
        return Words("情景写明无论如何不关。", "The scenario says that it stays in any case.")
    if free:
        return Words(
            "情景允许求解器关闭它；求解器认为保留更好（见“如果不这样做”）。",
            "The solver was free to close it and found it better to keep (see `what if not`).",
        )
    if plan["may_close"] == "none" and not plan["close"]:
        return Words("本情景不撤并任何学校。", "This scenario closes no school.")
    return Words("本情景没有把它列为可以撤并的学校。", "The scenario does not name it among the schools that may close.")


def _tell_trips(papers: Papers, school_id: str) -> Words:
    """Return how the ways of the pupils who leave change: mean and worst of daily trips, and who boards."""
    moved, own = papers.moved_from(school_id), papers.trips_of(school_id)
    before = own[own["when"] == "today"]
    now, later = (part[~part["mode"].isin(["board", "unserved"])] for part in (before, moved))
    boards, nowhere = (int(moved.loc[moved["mode"] == mode, "pupils"].sum()) for mode in ("board", "unserved"))
    risky = int(moved.loc[moved["cause"] != "", "pupils"].sum())
    zh = f"转出学生{int(moved['pupils'].sum())}名"
    en = f"{count(float(moved['pupils'].sum()), en='pupil moves', ens='pupils move').en}"
    if len(now) and len(later):
        old, new = minutes(_mean(now)), minutes(_mean(later))
        zh += f"，走读平均单程由{old.zh}变为{new.zh}，最长{minutes(float(later['seconds'].max())).zh}"
        en += f"; day pupils travel {new.en} on average instead of {old.en}, at most {minutes(float(later['seconds'].max())).en}"
    for number, said in (
        (boards, Words("名寄宿", "board")),
        (nowhere, Words("名没有去处", "have no way or place")),
        (risky, Words("名有风险", "are at risk")),
    ):
        if number:
            zh, en = f"{zh}，{number}{said.zh}", f"{en}, {number} {said.en}"
    return Words(f"{zh}。", f"{en}.")


def _mean(trips: pd.DataFrame) -> float:
    return float(np.average(trips["seconds"], weights=trips["pupils"]))


def describe_otherwise(papers: Papers, school_id: str) -> Part:
    """Return what would follow if the plan did the opposite: an estimate from the run's own ways, not a new solution."""
    title = Words("如果不这样做", "What if not")
    decision, site = decide(papers, school_id), papers.view.schools.loc[school_id]
    note = Words(
        "按现有路网估算，未重新求解；需要精确数字时用 layout-planner why。",
        "An estimate on the roads as they are, not solved anew; `layout-planner why` gives exact figures.",
    )
    if decision in {"closed", "converted"}:
        kept, now = yuan(float(site["cost_yuan_today"])), yuan(float(site["cost_yuan_plan"]))
        stay = int(papers.moved_from(school_id)["pupils"].sum())
        said = Words(
            f"若维持现状：{stay}名学生不转学，路程不变；学校每年支出{kept.zh}（方案中{now.zh}）。",
            f"If it stayed as it is: {count(float(stay), en='pupil keeps the', ens='pupils keep their').en} school and way; "
            f"the school costs {kept.en} a year ({now.en} under the plan).",
        )
        return Part("otherwise", title, (Line("stay", (said,)),), note=note)
    rows = papers.otherwise[papers.otherwise["school_id"] == school_id].to_dict("records")
    if not rows:
        return Part("otherwise", title, (Line("empty", (Words("按方案没有学生。", "It has no pupils under the plan."),)),))
    row = rows[0]
    goes = papers.school_names[str(row["next_school_id"])] if row["next_school_id"] else Words("", "")
    zh = f"若撤并：{row['pupils']}名学生中，{row['daily']}名可在规定时间内走读到别的学校"
    en = f"If it closed: of {row['pupils']} pupils {row['daily']} could go daily to another school within the norms"
    if np.isfinite(row["mean_other_s"]):
        zh += f"（平均{minutes(row['mean_other_s']).zh}，最长{minutes(row['worst_other_s']).zh}）"
        en += f" ({minutes(row['mean_other_s']).en} on average, {minutes(row['worst_other_s']).en} at most)"
    zh += f"，{row['boarding']}名只能寄宿，{row['without']}名没有符合规范的去处。"
    en += f", {row['boarding']} could only board, {row['without']} would have no way within the norms."
    if goes.zh:
        zh, en = f"{zh}多数会去{goes.zh}。", f"{en} Most would go to {goes.en}."
    free = Words("未计别校的学位、床位和校车是否够用。", "Whether seats, beds and buses there suffice is not counted.")
    lines = (Line("close", (Words(zh, en),), "bad" if row["without"] else ""), Line("limits", (free,)))
    return Part("otherwise", title, lines, note=note)


def describe_safeguards(papers: Papers, school_id: str) -> Part:
    """Return every rule of the gate on this school with its state, what refuses first; for others what they receive."""
    title = Words("保障措施及其状态（先建后撤）", "Safeguards and their state (build first, then close)")
    findings = [finding for finding in papers.view.findings if finding.subject == school_id]
    if findings:
        heads = (
            Words("事项", "rule"),
            Words("状态", "state"),
            Words("情况", "finding"),
            Words("须办", "what would lift it"),
            Words("依据", "source"),
        )
        return Part("safeguards", title, tuple(_show_findings(findings)), heads)
    sent = {other: papers.moved_from(other) for other in papers.view.mergers}
    incoming = [(other, int(rows.loc[rows["school_id"] == school_id, "pupils"].sum())) for other, rows in sent.items()]
    incoming = [(other, pupils) for other, pupils in incoming if pupils]
    lines = tuple(Line(other, _show_incoming(papers, other, pupils), SAFE[_verdict(papers, other)]) for other, pupils in incoming)
    if not lines:
        lines = (Line("none", (Words("不撤并，也不接收撤并学校的学生，无须审查。", "It neither merges nor receives: nothing to judge."),)),)
    return Part("safeguards", title, lines)


def _show_findings(findings: list[Finding]) -> Iterator[Line]:
    """Yield a line for every refusal, then one for every rule that is met, whatever it was held against."""
    refused = sorted((f for f in findings if f.verdict != "pass"), key=lambda f: (ORDER[f.verdict], f.rule, f.text.en))
    at: dict[str, int] = {}
    for finding in refused:
        at[finding.rule] = at.get(finding.rule, 0) + 1
        cells = name_rule(finding.rule), VERDICTS[finding.verdict], _tell_finding([finding]), finding.cure, _cite(finding)
        yield Line(f"{finding.rule}.{at[finding.rule]}", cells, SAFE[finding.verdict])
    met: dict[str, list[Finding]] = {}
    for finding in sorted((f for f in findings if f.verdict == "pass"), key=lambda f: (f.rule, f.text.en)):
        met.setdefault(finding.rule, []).append(finding)
    for rule, found in met.items():
        yield Line(f"{rule}.met", (name_rule(rule), VERDICTS["pass"], _tell_finding(found), NOTHING, _cite(found[0])), "good")


def _tell_finding(findings: list[Finding]) -> Words:
    told = [(same(f.text.zh).zh, same(f.text.en).zh, same(f.evidence).zh) for f in findings]
    zh = "".join(f"{text}〔{proof}〕" if proof else text for text, _, proof in told)
    return Words(zh, " ".join(f"{text} [{proof}]" if proof else text for _, text, proof in told))


def _cite(finding: Finding) -> Words:
    source = same(finding.source)
    zh = source.zh.replace("assumption of this project", "本项目假设").replace(
        "rule of this toolkit, no instrument behind it", "本工具的规则"
    )
    return Words(zh, source.en)


def _verdict(papers: Papers, school_id: str) -> str:
    found = {f.verdict for f in papers.view.findings if f.subject == school_id}
    return "fail" if "fail" in found else "pass" if found == {"pass"} else "unknown"


def _show_incoming(papers: Papers, other: str, pupils: int) -> tuple[Words, ...]:
    name, verdict = papers.school_names[other], VERDICTS[_verdict(papers, other)]
    return (
        Words(
            f"接收{name.zh}的{pupils}名学生；该撤并的审查：{verdict.zh}。",
            f"Receives {pupils} pupils of {name.en}; the gate on that merger: {verdict.en.lower()}.",
        ),
    )


def describe_money(papers: Papers, school_id: str) -> Part:
    """Return yuan a year today and under the plan: the school, the trips to it, public funds and what the floor of 100 brings."""
    site, own = papers.view.schools.loc[school_id], papers.register_of(school_id)
    status = papers.status[papers.status["school_id"] == school_id].set_index("when")
    figures = {
        "site": [float(site[f"cost_yuan_{when}"]) for when in WHENS],
        "trips": [float(own[f"trips_yuan_{when}"]) for when in WHENS],
        **{key: [float(status[key].get(when, 0.0)) for when in WHENS] for key in ("funds_yuan", "floor_yuan")},
    }
    lines = [Line(key, (MONEY[key], yuan(now), yuan(plan)), "info" if abs(now - plan) >= 1 else "") for key, (now, plan) in figures.items()]
    beds = int(own["new_beds_plan"])
    if beds:
        lines.append(Line("new_beds", (Words("新增床位（张）", "new beds"), count(0.0), count(float(beds))), "info"))
    note = Words(
        "元/年。教师工资、校车、新建床位等单价是本项目假设[A]，换成本县数字后重算。",
        "Yuan a year. Prices of teachers, buses and new beds are assumptions of this project [A]: put in the county's own and run again.",
    )
    heads = (Words("项目", "item"), Words("现状", "today"), Words("方案", "plan"))
    return Part("money", Words("经费", "Money"), tuple(lines), heads, note, frozenset({1, 2}))


def describe_objections(papers: Papers, school_id: str) -> Part:
    """Return every comment of the villages that attend the school, with its answer; no lines where none were imported."""
    table, title = papers.later.get("objections"), Words("群众意见与答复", "Comments and answers")
    if table is None:
        return Part("objections", title, ())
    trips = papers.trips_of(school_id)
    own = table[table["settlement_id"].isin(set(trips["settlement_id"]))]
    lines = []
    for row in own.to_dict("records"):
        said = STANCES.get(str(row["stance"]), Words(str(row["stance"]), str(row["stance"])))
        needed = row["stance"] in ASKS_ANSWER
        answer = " ".join(str(row[name]) for name in ("answer", "answered_by", "answered_on") if row[name])
        shown = same(answer) if answer else Words("尚未答复", "no answer yet") if needed else NOTHING
        home = papers.home_names.get(str(row["settlement_id"]), Words("", ""))
        state = "good" if answer else "bad" if needed else ""
        lines.append(Line(f"objection.{row['comment_id']}", (home, said, same(row["text"]), shown), state))
    heads = (Words("居民点", "settlement"), Words("态度", "stance"), Words("意见", "comment"), Words("答复", "answer"))
    return Part("objections", title, tuple(lines), heads)


def describe_posts(papers: Papers, school_id: str) -> Part:
    """Return the posts that answer for the school, from the county down to the school itself."""
    site, posts = papers.view.schools.loc[school_id], papers.posts
    fits = posts["school_id"].isin(["", school_id]) & posts["township"].isin(["", str(site["township"])])
    names = dict(zip(LEVELS, LEVEL_WORDS, strict=True))
    lines, at = [], dict.fromkeys(LEVELS, 0)
    for row in posts[fits].to_dict("records"):
        level = str(row["level"])
        at[level] += 1
        post, duty = (Words(str(row[key]), str(row[f"{key}_en"]) or str(row[key])) for key in ("post", "duty"))
        lines.append(Line(f"{level}.{at[level]}", (names[level], post, duty)))
    missing = [names[level] for level, number in at.items() if not number]
    note = NOTHING
    if missing:
        lacking = join(missing)
        note = Words(f"责任岗位表没有写明：{lacking.zh}。", f"The table of posts names nobody at these levels: {lacking.en}.")
    heads = (Words("层级", "level"), Words("责任岗位", "post"), Words("负责事项", "answers for"))
    return Part("posts", Words("责任岗位", "Posts responsible"), tuple(lines), heads, note)
