"""What a stored run promised for the schools that receive pupils, and the reports of the first terms beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from layout_planner.county.table_files import read_table
from layout_planner.county.terms_table import TERMS
from layout_planner.errors import Problem, raise_problems
from layout_planner.output.run_view import read_view
from layout_planner.output.safe import clean_text
from layout_planner.output.sheets import Sheet
from layout_planner.safeguards.monitor import CHECKS, Promise, Reading, compare_terms
from layout_planner.scenario import TableFile
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from layout_planner.output.view import RunView

STATES = {"good": Words("✓ 如方案", "✓ as planned"), "alarm": Words("✗ 警报", "✗ alarm"), "unknown": Words("? 未知", "? unknown")}
DAILY = ("walk", "bus", "school_bus")


def monitor_run(folder: Path, files: Sequence[Path]) -> tuple[RunView, list[Reading]]:
    """Return the view of a stored run and every figure that its receiving schools report in `files`, against the plan.

    Raises
    ------
    InputError : no complete run, faults in the files, or a school that the run does not know.
    """
    view = read_view(folder)
    problems: list[Problem] = []
    rows: list[dict[str, Any]] = []
    for path in files:
        table = read_table(TableFile(path=path.name), TERMS, path.parent)
        problems.extend(table.problems)
        if not table.problems:
            frame = table.frame.reindex(columns=[column.name for column in TERMS.columns])
            rows += [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
            ids = zip(table.rows, table.frame["school_id"], strict=True)
            problems.extend(_unknown(path, int(row), str(key)) for row, key in ids if str(key) not in view.schools.index)
    raise_problems(problems)
    rows.sort(key=lambda row: (str(row["school_id"]), str(row["term"])))
    return view, compare_terms(promises_of(view), rows)


def _unknown(path: Path, row: int, school_id: str) -> Problem:
    what = Words("方案中没有这所学校", "the run has no such school")
    return Problem(str(path), what, Words("改正标识码", "correct the id"), row=row, column="school_id", value=school_id)


def promises_of(view: RunView) -> dict[str, Promise]:
    """Return what the plan says of every school that takes pupils of a merged one, by id."""
    trips = view.trips[view.trips["pupils"] > 0]
    moved = trips.loc[(trips["when"] == "today") & trips["school_id"].isin(view.mergers), ["settlement_id", "band"]].drop_duplicates()
    plan = trips[trips["when"] == "plan"]
    receivers = plan.merge(moved, on=["settlement_id", "band"])["school_id"]
    return {school_id: _promise(view, plan, school_id) for school_id in sorted(set(receivers) - {"", *view.mergers})}


def _promise(view: RunView, plan: Any, school_id: str) -> Promise:  # noqa: ANN401 - a table of trips
    here, site = plan[plan["school_id"] == school_id], view.schools.loc[school_id]
    daily = here[here["mode"].isin(DAILY)]
    return Promise(
        enrolled=int(here["pupils"].sum()),
        riders=int(here.loc[here["mode"] == "school_bus", "pupils"].sum()),
        longest_minutes=float(daily["seconds"].max() / 60) if len(daily) else 0.0,
        limit_minutes=float(daily["limit_s"].min() / 60) if len(daily) else np.inf,
        buses=int(site["buses_plan"]),
        beds=int(site["beds_plan"]),
        boarders=int(here.loc[here["mode"] == "board", "pupils"].sum()),
    )


def show_readings(view: RunView, readings: Sequence[Reading]) -> Sheet:
    """Return the readings as a table, school by school."""
    heads = (
        (Words("学期", "term"), False), (Words("项目", "what"), False), (Words("方案", "planned"), True), (Words("上报", "reported"), True),
        (Words("结论", "state"), False), (Words("要做什么", "what to do"), False),
    )  # fmt: skip
    rows: list[list[object]] = []
    last = ""
    for reading in readings:
        if reading.school_id != last:
            site, last = view.schools.loc[reading.school_id], reading.school_id
            zh, en = (clean_text(site.get(column)) for column in ("name", "name_en"))
            rows.append([Words(f"{zh}（{last}）", f"{en or zh} ({last})")])
        rows.append([reading.term, CHECKS[reading.check], reading.planned, reading.actual, STATES[reading.state], reading.text])
    alarms = sum(reading.state == "alarm" for reading in readings)
    note = (
        Words(
            f"{alarms}项保障失守：立即恢复，否则按程序恢复原校办学",
            f"{alarms} safeguards lapsed: bring them back at once, or open the merged school again",
        )
        if alarms
        else Words("没有警报", "no alarm")
    )
    return Sheet(Words("撤并后跟踪", "After the merger"), note, heads, tuple(rows))
