"""Seeded damages of plans that pass: every one must be refused, and the same plan repaired must pass again.

    python -m tests.mutations --damages 1000 --seed 7

prints, by rule that should notice, how many damages there were, how many were refused, how many by that very rule, and how many repaired
plans were refused without cause. Exit code 1 when one damage passes or one repaired plan is refused.
"""

# ruff: noqa: T201 - the command prints

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from layout_planner.county.model import BadDay, Source
from layout_planner.safeguards.certificate import check_certificate, dump_certificate, make_certificate
from layout_planner.scenario import Override
from layout_planner.words import Words
from tests.mutation_plans import BASES, Plan, norms_of
from tests.safe_case import AGREES
from tests.tiny import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Undo = Callable[[], None]
    Damage = Callable[[random.Random, Plan], tuple[str, str, Undo] | None]

DAMAGES: dict[str, Damage] = {}


def damage(kind: str) -> Callable[[Damage], Damage]:
    """Put a damage on the list; it returns the rule that should notice, what it did, and how to undo it; None where it does not apply."""

    def keep(function: Damage) -> Damage:
        DAMAGES[kind] = function
        return function

    return keep


def put(table: Any, row: Any, column: str, value: Any) -> Undo:
    before = table.at[row, column]
    table.at[row, column] = value

    def undo() -> None:
        table.at[row, column] = before

    return undo


def swap(owner: Any, name: str, value: Any) -> Undo:
    before = getattr(owner, name)
    object.__setattr__(owner, name, value)
    return lambda: object.__setattr__(owner, name, before)


def rows_of(made: Plan, item: str) -> list[Any]:
    return list(made.county.evidence.index[made.county.evidence["item"] == item])


def any_trip(chance: random.Random, made: Plan, *modes: str) -> Any:
    table = made.plan.assignment
    fitting = list(table.index[table["mode"].isin(modes)]) if modes else list(table.index)
    return chance.choice(fitting) if fitting else None


def day_of(text: str, days: int) -> str:
    return str(date.fromisoformat(text) + timedelta(days=days))


@damage("a bed removed")
def remove_bed(chance, made):
    if not made.plan.sites.at["C1", "boarders"]:
        return None
    count = chance.randint(1, 3)
    undo = put(made.county.schools, "C1", "beds", made.county.schools.at["C1", "beds"] - count)
    return "lodging", f"{count} beds", undo


@damage("a new bed not accepted")
def unaccept_bed(chance, made):
    rows = rows_of(made, "beds_accepted")
    if not rows:
        return None
    return "beds_accepted", "quantity", put(made.county.evidence, rows[0], "quantity", chance.choice([0, 1]))


@damage("a bus late by a minute or more")
def delay_bus(chance, made):
    row = any_trip(chance, made, "school_bus")
    column = chance.choice(["seconds", "pessimistic_s", "optimistic_s"])
    return "verified", column, put(made.plan.assignment, row, column, made.plan.assignment.at[row, column] + 60 * chance.randint(1, 9))


@damage("a bus said to be faster")
def hurry_bus(chance, made):
    row = any_trip(chance, made, "school_bus")
    column = chance.choice(["seconds", "pessimistic_s"])
    return "verified", column, put(made.plan.assignment, row, column, made.plan.assignment.at[row, column] * chance.uniform(0.3, 0.9))


@damage("one child over the limit")
def over_limit(chance, made):
    table = made.plan.assignment
    moved = (
        (table["settlement_id"] == "S1") & (table["band"] != "junior") & (table["mode"] == "school_bus")
    )  # S2 is late today on slow days
    if not moved.any():
        return None
    row = chance.choice(list(table.index[moved]))
    limit = 60 * made.norms.value("travel.max_minutes", grades=made.scenario.bands[table.at[row, "band"]], mode="school_bus")
    slow = chance.random() < 0.5
    column = "pessimistic_s" if slow else "seconds"
    return "slow_day" if slow else "travel", column, put(made.plan.assignment, row, column, limit + chance.choice([0.1, 1, 30, 600]))


@damage("a record missing")
def drop_record(chance, made):
    row = chance.choice(list(made.county.evidence.index))
    item = made.county.evidence.at[row, "item"]
    if item in {"canteen_accepted"}:  # the canteen stands already
        return None
    rule = {"survey": "veto_parents", "disabled_placed": "disabled_placed"}.get(item, item)
    return rule, item, swap(made.county, "evidence", made.county.evidence.drop(index=row))


@damage("a record undated")
def undate_record(chance, made):
    row = chance.choice(list(made.county.evidence.index))
    item = made.county.evidence.at[row, "item"]
    if item in {"canteen_accepted", "survey"}:  # of the survey the figures count
        return None
    return item, item, put(made.county.evidence, row, "date", None)


ORDER = {  # item: rule that notices, moved by whole days so that it comes too late or too early
    "plan_filed": ("plan_filed", "2027-03-02"), "appraisal": ("appraisal", "2027-03-02"), "notice": ("notice_days", "2027-03-07"),
    "hearing": ("hearing", "2027-03-01"), "hearing_papers": ("hearing_papers", "2027-04-04"),
    "risk_assessment": ("risk_assessment", "2027-05-21"), "approval": ("approval", "2027-09-01"),
    "funding": ("funding", "2027-09-01"), "transition": ("transition", "2027-09-01"),
    "disabled_placed": ("disabled_placed", "2027-09-01"), "buses_licensed": ("buses_licensed", "2027-09-01"),
    "attendants": ("attendants", "2027-09-01"), "beds_accepted": ("beds_accepted", "2027-09-01"),
}  # fmt: skip
BACKWARDS = {"hearing"}


@damage("a step out of order")
def disorder(chance, made):
    item = chance.choice(sorted(ORDER))
    rows, (rule, first) = rows_of(made, item), ORDER[item]
    if not rows:
        return None
    later = chance.randint(0, 40)
    return rule, item, put(made.county.evidence, rows[0], "date", day_of(first, -later if item in BACKWARDS else later))


@damage("a notice cut short")
def cut_notice(chance, made):
    return (
        "notice_days",
        "until",
        put(made.county.evidence, rows_of(made, "notice")[0], "until", day_of("2027-03-30", -chance.randint(0, 25))),
    )


@damage("a legality review cut short")
def cut_review(chance, made):
    row = rows_of(made, "legality_review")[0]
    return "legality_review", "until", put(made.county.evidence, row, "until", day_of("2027-05-11", -chance.randint(0, 8)))


@damage("a record without its seal or file")
def unseal(chance, made):
    table = made.county.evidence
    row = chance.choice(list(table.index[~table["item"].isin(["x"])]))
    column = chance.choice(["signed_by", "file"])
    return "records", f"{column} of {table.at[row, 'item']}", put(table, row, column, "")


@damage("a stale hash")
def stale_hash(chance, made):
    table = made.county.evidence
    row = chance.choice(list(table.index))
    real = hashlib.sha256(str(row).encode()).hexdigest()
    at = chance.randrange(64)
    said = real[:at] + ("0" if real[at] != "0" else "1") + real[at + 1 :]
    undo = [put(table, row, "sha256", said), put(table, row, "found_sha256", chance.choice([real, ""]))]
    return "records", "sha256", lambda: [step() for step in undo] and None


@damage("votes turned round")
def turn_votes(chance, made):
    item = chance.choice(["hearing", "survey"])
    row, table = rows_of(made, item)[0], made.county.evidence
    total = int(table.at[row, "in_favour"] + table.at[row, "against"])
    against = chance.randint(total // 2 + 1, total)
    undo = [put(table, row, "against", against), put(table, row, "in_favour", total - against)]
    return "veto_delegates" if item == "hearing" else "veto_parents", f"{against} of {total}", lambda: [step() for step in undo] and None


@damage("votes not written down")
def lose_votes(chance, made):
    item = chance.choice(["hearing", "survey"])
    undo = put(made.county.evidence, rows_of(made, item)[0], chance.choice(["in_favour", "against"]), None)
    return "veto_delegates" if item == "hearing" else "veto_parents", item, undo


@damage("a count of a record too small by one")
def lower_quantity(chance, made):
    item = chance.choice(["buses_licensed", "attendants", "beds_accepted", "disabled_placed"])
    needed = {"buses_licensed": made.plan.sites.at["C1", "buses"], "attendants": made.plan.sites.at["C1", "buses"],
              "beds_accepted": made.plan.sites.at["C1", "new_beds"], "disabled_placed": 1}[item]  # fmt: skip
    rows = rows_of(made, item)
    return None if not rows else (item, item, put(made.county.evidence, rows[0], "quantity", int(needed) - 1))


@damage("the level of the approval")
def lose_level(chance, made):
    if chance.random() < 0.5:
        return "approval_level", "blank", put(made.county.evidence, rows_of(made, "approval")[0], "level", "")
    return "approval_level", "province asked", swap(made, "norms", tighter("procedure.approval_level", chance.choice([2, 3])))


def tighter(key: str, value: float) -> Any:
    return norms_of("cn-rural", (Override(key=key, value=value, who="县", why="试", date="2027-01-01"),))


LAXER = {
    "travel.max_minutes": 90, "procedure.notice_days": 10, "procedure.veto_against_share": 0.9, "class.large": 80, "dorm.area_m2": 1,
    "merger.max_pupils": 400, "remote.keep_minutes": 90, "bus.capacity_max": 90, "school.max_pupils": 9000,
}  # fmt: skip


@damage("a norm relaxed by the scenario")
def relax(chance, made):
    key, value = chance.choice(sorted(LAXER.items()))
    change = (Override(key=key, value=value, who="县", why="试", date="2027-01-01"),)
    undo = [
        swap(made, "norms", norms_of("cn-rural", change)),
        swap(made, "scenario", made.scenario.model_copy(update={"override": change})),
    ]
    return "tightened_only", key, lambda: [step() for step in undo] and None


@damage("a closing date before the build date")
def close_early(chance, made):
    early = day_of("2027-06-29", -chance.randint(0, 60))
    plan = made.scenario.plan.model_copy(update={"close_on": early})
    return "buses_licensed", early, swap(made, "scenario", made.scenario.model_copy(update={"plan": plan}))


@damage("no closing date")
def lose_date(chance, made):
    plan = made.scenario.plan.model_copy(update={"close_on": chance.choice(["", "soon"])})
    return "notice", "close_on", swap(made, "scenario", made.scenario.model_copy(update={"plan": plan}))


@damage("a road closed on a bad day")
def close_road(chance, made):
    """Between every village that is moved and the new school, never between it and the present one."""
    x = ORIGIN[0] + chance.uniform(4100, 5900)
    area = shapely.box(x - chance.uniform(1, 60), ORIGIN[1] - 50, x + 1, ORIGIN[1] + 50)
    days = (*made.county.bad_days, BadDay("extra", Words("滑坡", "slide"), ("landslide",), "", area))
    undo = [swap(made.county, "bad_days", days), swap(made, "bad_days", None)]
    return "bad_day", f"at {x - ORIGIN[0]:.0f}", lambda: [step() for step in undo] and None


@damage("a figure of a bad day changed")
def change_bad_day(chance, made):
    if made.bad_days is None:
        return None
    row = chance.choice(list(made.bad_days.index))
    said = made.bad_days.at[row, "bad_s"]
    value = chance.choice([np.inf, said + 60, said / 60]) if np.isfinite(said) else 900.0
    return "verified", "bad_s", put(made.bad_days, row, "bad_s", value)


@damage("a count of pupils changed by one")
def change_pupils(chance, made):
    step = chance.choice([-1, 1])
    if chance.random() < 0.5:
        row = any_trip(chance, made)
        return "verified", "plan", put(made.plan.assignment, row, "pupils", made.plan.assignment.at[row, "pupils"] + step)
    home, grade = chance.choice(["S1", "S2", "S3"]), chance.randint(1, 9)
    table = made.county.settlements
    return "verified", "register", put(table, home, f"pupils_g{grade}", table.at[home, f"pupils_g{grade}"] + step)


@damage("a unit swapped")
def swap_unit(chance, made):
    row, column = any_trip(chance, made), chance.choice(["seconds", "metres", "pessimistic_s", "cost_yuan"])
    factor = {"seconds": 60, "metres": 1000, "pessimistic_s": 60, "cost_yuan": 10_000}[column]
    said = made.plan.assignment.at[row, column]
    if column == "cost_yuan" and said < 2:
        return None
    return "verified", column, put(made.plan.assignment, row, column, said * factor if chance.random() < 0.5 else said / factor)


@damage("a trip dropped or doubled")
def drop_trip(chance, made):
    row, table = any_trip(chance, made), made.plan.assignment
    if chance.random() < 0.5:
        return "verified", "dropped", swap(made.plan, "assignment", table.drop(index=row))
    import pandas as pd

    return "verified", "doubled", swap(made.plan, "assignment", pd.concat([table, table.loc[[row]]], ignore_index=True))


@damage("a trip sent elsewhere")
def redirect(chance, made):
    row = any_trip(chance, made)
    table = made.plan.assignment
    column, value = chance.choice([("school_id", "X9"), ("mode", "bus"), ("settlement_id", "S5"), ("band", "none"), ("mode", "unserved")])
    return "verified", f"{column}={value}", put(table, row, column, value)


@damage("a figure of a site changed")
def change_site(chance, made):
    column = chance.choice(["beds", "buses", "classes", "pupils", "boarders", "seats", "new_beds", "cost_yuan"])
    table = made.plan.sites
    return (
        "verified",
        column,
        put(table, "C1", column, table.at["C1", column] + chance.choice([-2, 2] if column != "cost_yuan" else [-9.0, 9.0])),
    )


@damage("today said to be worse than it is")
def blacken_today(chance, made):
    table = made.today.assignment
    row, column = chance.choice(list(table.index)), chance.choice(["seconds", "pessimistic_s"])
    return "verified", column, put(table, row, column, table.at[row, column] + chance.choice([120.0, 1800.0]))


@damage("a road that is worse than the plan thinks")
def worsen_road(chance, made):
    edges = made.county.roads.edges.copy()
    row = chance.choice([1, 2])
    edges.loc[row, "road_class"] = "track"
    return "verified", f"edge {row}", swap(made, "county", replace(made.county, roads=replace(made.county.roads, edges=edges)))


@damage("seats, rooms or area missing at the receiver")
def shrink_receiver(chance, made):
    table, column = made.county.schools, chance.choice(["seats", "classrooms", "dorm_area_m2", "canteen"])
    if column in {"dorm_area_m2", "canteen"} and not made.plan.sites.at["C1", "boarders"]:
        return None
    if column == "classrooms":
        before = made.county.schools
        rooms = before.assign(classrooms=[float("nan"), 1.0])
        return "class_size", column, swap(made, "county", replace(made.county, schools=rooms))
    if column == "canteen":
        return "verified", column, put(table, "C1", column, value=False)
    value = {"seats": 80.0 - chance.randint(20, 60), "dorm_area_m2": 20.0}[column]
    return {"seats": "seats", "dorm_area_m2": "dorm_area"}[column], column, put(table, "C1", column, value)


@damage("an unknown that the rule needs")
def forget(chance, made):
    column, home = chance.choice([("disabled", "S1"), ("left_behind", "S1")])
    if column == "left_behind" and not made.plan.sites.at["C1", "boarders"]:
        return None
    undo = put(made.county.settlements, home, column, float("nan"))
    return {"disabled": "disabled_placed", "left_behind": "left_behind_first"}[column], column, undo


@damage("more disabled pupils than plans for them")
def more_disabled(chance, made):
    undo = put(made.county.settlements, "S1", "disabled", chance.randint(4, 20))
    return "disabled_placed", "disabled", undo


@damage("an internet café at the gate")
def open_cafe(chance, made):
    spot = [shapely.Point(ORIGIN[0] + 6000, ORIGIN[1] + chance.uniform(1, 199))]
    return (
        "internet_cafe",
        "café",
        swap(made, "county", replace(made.county, venues=made.county.venues.set_geometry(spot, crs=made.county.crs))),
    )


@damage("a school that is not small")
def grow_school(chance, made):
    return "few_pupils", "pupils", put(made.today.sites, "P1", "pupils", chance.randint(100, 400))


@damage("a budget too small")
def cut_budget(chance, made):
    total = float(made.plan.sites["cost_yuan"].sum() + made.plan.assignment["cost_yuan"].sum())
    plan = made.scenario.plan.model_copy(update={"budget_yuan": total - chance.choice([2.0, 100.0, 1e6])})
    return "budget", "budget", swap(made, "scenario", made.scenario.model_copy(update={"plan": plan}))


def _harmless(chance: random.Random, made: Plan) -> tuple[str, Undo]:
    """Change something that no rule may mind: the order of rows, a second licence, more votes in favour, an earlier filing, a remark."""
    table = made.county.evidence
    shuffled = chance.sample(range(len(table)), len(table))
    order = chance.sample(range(len(made.plan.assignment)), len(made.plan.assignment))
    kind = chance.choice(["records turned", "trips turned", "more in favour", "filed earlier", "longer notice", "more licences", "remark"])
    undo = {
        "records turned": lambda: swap(made.county, "evidence", table.iloc[shuffled].reset_index(drop=True)),
        "trips turned": lambda: swap(made.plan, "assignment", made.plan.assignment.iloc[order].reset_index(drop=True)),
        "more in favour": lambda: put(table, rows_of(made, "hearing")[0], "in_favour", 31 + chance.randint(1, 50)),
        "filed earlier": lambda: put(table, rows_of(made, "plan_filed")[0], "date", day_of("2027-01-10", -chance.randint(1, 400))),
        "longer notice": lambda: put(table, rows_of(made, "notice")[0], "until", day_of("2027-04-05", chance.randint(1, 4))),
        "more licences": lambda: put(table, rows_of(made, "buses_licensed")[0], "quantity", chance.randint(3, 9)),
        "remark": lambda: put(table, chance.choice(list(table.index)), "note", "附注"),
    }[kind]()
    return kind, undo


def run_harmless(count: int, seed: int) -> Iterator[Outcome]:
    """Yield the outcome of changes that must not be refused; they count as repaired plans."""
    chance, plans = random.Random(seed), [fresh(name) for name in BASES]
    for number in range(count):
        made = plans[number % len(plans)]
        kind, undo = _harmless(chance, made)
        passed = made.judge().passed
        undo()
        yield Outcome("harmless change", "none", kind, refused=True, by_rule=True, repaired=passed)


def fresh(name: str) -> Plan:
    """Return a plan whose tables may be damaged in place."""
    return BASES[name]()


@dataclass
class Outcome:
    """One damage: the rule that should notice, whether it was refused at all and by that rule, and whether the repaired plan passed."""

    kind: str
    rule: str
    what: str
    refused: bool
    by_rule: bool
    repaired: bool


def run_damages(count: int, seed: int) -> Iterator[Outcome]:
    """Yield the outcome of `count` damages, all kinds in turn, on plans drawn by lot."""
    chance, names, kinds = random.Random(seed), list(BASES), list(DAMAGES)
    plans = {name: fresh(name) for name in names}
    for number in range(count):
        kind, told = kinds[number % len(kinds)], None
        while told is None:
            made = plans[chance.choice(names)]
            told = DAMAGES[kind](chance, made)
        rule, what, undo = told
        result = made.judge()
        refusing = {finding.rule for finding in result.findings if finding.verdict != "pass"}
        undo()
        yield Outcome(kind, rule, what, not result.passed, rule in refusing, made.judge().passed)


def run_tampering(count: int, seed: int) -> Iterator[Outcome]:
    """Yield the outcome of changed bytes in certified files, input files and the certificate itself."""
    chance = random.Random(seed)
    made = fresh("riding")
    with tempfile.TemporaryDirectory() as place:
        folder, data = Path(place) / "run", Path(place) / "data"
        names = {folder: ["run.json", "trips.parquet", "plan.gpkg", "tables.xlsx"], data: ["schools.csv", "hearing.pdf"]}
        sources = []
        for where, files in names.items():
            where.mkdir()
            for name in files:
                content = chance.randbytes(chance.randint(20, 4000))
                (where / name).write_bytes(content)
                if where is data:
                    sources.append(Source(name, name, hashlib.sha256(content).hexdigest(), 1))
        certificate = make_certificate(
            folder, names[folder], sources=sources, scenario=made.scenario, norms=made.norms, plan=made.plan, gate=made.judge(),
            verification=AGREES,
        )  # fmt: skip
        (folder / "certificate.json").write_bytes(dump_certificate(certificate))
        targets = [*(folder / name for name in (*names[folder], "certificate.json")), *(data / name for name in names[data])]
        for number in range(count):
            path = targets[number % len(targets)]
            raw = path.read_bytes()
            at = chance.randrange(len(raw))
            how = chance.choice(["flip", "cut", "add"])
            changed = {"flip": raw[:at] + bytes([raw[at] ^ (1 << chance.randrange(8))]) + raw[at + 1 :], "cut": raw[:at], "add": raw + b" "}
            path.write_bytes(changed[how])
            refused = bool(check_certificate(folder, data))
            path.write_bytes(raw)
            yield Outcome("a byte changed", "certificate", f"{how} in {path.name}", refused, refused, not check_certificate(folder, data))


def print_table(outcomes: list[Outcome], *, by: str) -> None:
    """Print the confusion table by `rule` or `kind`."""
    print(f"{by:<46} damages refused  by it missed repaired falsely refused")
    groups = Counter(getattr(o, by) for o in outcomes)
    for name in sorted(groups):
        part = [o for o in outcomes if getattr(o, by) == name]
        refused, by_rule, repaired = (sum(getattr(o, field) for o in part) for field in ("refused", "by_rule", "repaired"))
        print(f"{name:<46} {len(part):7d} {refused:7d} {by_rule:6d} {len(part) - refused:6d} {repaired:8d} {len(part) - repaired:15d}")


def main() -> int:
    """Run the harness and print both tables; 1 when anything was missed or refused without cause."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--damages", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    outcomes = []
    for outcome in run_damages(asked.damages, asked.seed):
        outcomes.append(outcome)
        if sys.stderr.isatty():
            print(f"\r{len(outcomes)} of {asked.damages}", end="", file=sys.stderr)
    outcomes += run_tampering(max(70, asked.damages // 5), asked.seed)
    harmless = list(run_harmless(max(40, asked.damages // 10), asked.seed))
    for by in ("rule", "kind"):
        print_table(outcomes, by=by)
        print()
    missed, false = [o for o in outcomes if not o.refused], [o for o in (*outcomes, *harmless) if not o.repaired]
    for outcome in (*missed, *false):
        print("MISSED" if not outcome.refused else "FALSE REFUSAL", outcome.kind, outcome.what)
    repaired = f"{len(outcomes)} repaired plans and {len(harmless)} harmless changes"
    print(f"{len(outcomes)} damages, {len(missed)} missed; {repaired}, {len(false)} refused without cause")
    return 1 if missed or false else 0


if __name__ == "__main__":
    sys.exit(main())
