"""The quality of a county's places as a page with a map, and as a table: what must be mended, what should be looked at."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from openpyxl import Workbook

from layout_planner.county.places import to_metres
from layout_planner.county.quality import KINDS
from layout_planner.output.sketch import Dot, Sheet, Sketch, SketchView, write_sketch
from layout_planner.output.tables import fill_sheet
from layout_planner.whole import unwritable, whole_file
from layout_planner.words import Words
from layout_planner.workbook import workbook_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from layout_planner.county.inputs import Survey
    from layout_planner.county.quality import PlaceFinding
    from layout_planner.words import Lang

SEVERITIES = {"fault": Words("必须改正", "must be mended"), "doubt": Words("需要核对", "please check")}
MARKS = {"fault": ("cross", "#a32a00"), "doubt": ("triangle", "#E69F00")}
PLAIN = {"settlements": ("circle", "#9fb9c9", 2.6), "schools": ("square", "#5d8aa8", 3.4)}
HEADS = {
    "severity": Words("程度", "severity"),
    "kind": Words("类别", "kind"),
    "table": Words("表", "table"),
    "row": Words("行", "row"),
    "id": Words("编号", "id"),
    "name": Words("名称", "name"),
    "column": Words("列", "column"),
    "value": Words("值", "value"),
    "why": Words("问题", "what is wrong"),
    "mend": Words("处理", "how to mend"),
    "lon": Words("经度", "longitude"),
    "lat": Words("纬度", "latitude"),
}
PANEL_HEADS = (Words("表和行", "table, row"), Words("名称", "name"), Words("问题和处理", "what is wrong, how to mend"))
MOST_ROWS = 400
SHOWN_AROUND_M = 30_000.0


def write_quality(survey: Survey, findings: Sequence[PlaceFinding], title: Words, folder: Path, lang: Lang) -> list[Path]:
    """Write `quality.html` and `quality.xlsx` into `folder` and return their paths.

    Raises
    ------
    OutputError : the folder cannot be written.
    """
    page, table = folder / "quality.html", folder / "quality.xlsx"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        book = Workbook()
        book.active.title = Words("核对清单", "findings").say(lang)
        fill_sheet(book.active, list_findings(findings, lang))
        fill_sheet(book.create_sheet(Words("汇总", "summary").say(lang)), count_findings(findings, lang))
        with whole_file(table) as beside:
            beside.write_bytes(workbook_bytes(book))
    except OSError as error:
        raise unwritable(folder, error) from error
    heading = Words(f"数据质量：{title.zh}", f"Data quality: {title.en}")
    views = _views(survey, findings)
    write_sketch(Sketch(heading, _say_total(findings), tuple(views)), survey, page, lang)
    return [page, table]


def list_findings(findings: Sequence[PlaceFinding], lang: Lang) -> pd.DataFrame:
    """Return every finding as one row of text."""
    rows = [
        (
            SEVERITIES[f.severity].say(lang), KINDS[f.kind].say(lang), f.table, f.row, f.id, f.name, f.column, f.value,
            f.why.say(lang), f.mend.say(lang), round(f.lon, 7), round(f.lat, 7),
        )
        for f in findings
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=[head.say(lang) for head in HEADS.values()]).astype({HEADS["row"].say(lang): "Int64"})


def count_findings(findings: Sequence[PlaceFinding], lang: Lang) -> pd.DataFrame:
    """Return how many findings of each kind there are, and in how many tables."""
    counts = Counter[tuple[str, str]]((f.severity, f.kind) for f in findings)
    rows = [
        (SEVERITIES[severity].say(lang), KINDS[kind].say(lang), counts[severity, kind])
        for severity in SEVERITIES
        for kind in KINDS
        if counts[severity, kind]
    ]
    return pd.DataFrame(rows, columns=[HEADS["severity"].say(lang), HEADS["kind"].say(lang), Words("数量", "count").say(lang)])


def _say_total(findings: Sequence[PlaceFinding]) -> Words:
    faults = sum(f.severity == "fault" for f in findings)
    if not findings:
        return Words("没有发现问题", "Nothing was found")
    zh, en = (
        (f"{faults}处必须改正后才能计算", f"{faults} must be mended before anything can run") if faults else ("可以计算", "Ready to run")
    )
    return Words(f"{zh}；{len(findings) - faults}处需要核对", f"{en}; {len(findings) - faults} to check")


def _views(survey: Survey, findings: Sequence[PlaceFinding]) -> list[SketchView]:
    context, frame = _context(survey)
    views = [_view(Words("全部", "everything"), _say_total(findings), findings, survey, context, frame)]
    for severity, how in SEVERITIES.items():
        for kind, what in KINDS.items():
            found = [f for f in findings if (f.severity, f.kind) == (severity, kind)]
            if found and len(found) < len(findings):
                lead = Words(f"{how.zh}：{what.zh}", f"{how.en}: {what.en}")
                label = Words(f"{what.zh}（{len(found)}）", f"{what.en} ({len(found)})")
                views.append(_view(label, lead, found, survey, context, frame))
    return views


def _context(survey: Survey) -> tuple[list[Dot], shapely.Geometry | None]:
    """Return small dots for all rows with a place, and the frame that the map shows."""
    dots = []
    for role, table in (("settlements", survey.settlements), ("schools", survey.schools)):
        if not {"lon", "lat"} <= set(table.frame.columns):
            continue
        kind, color, size = PLAIN[role]
        points = to_metres(table.frame["lon"].to_numpy(dtype=float), table.frame["lat"].to_numpy(dtype=float), survey.crs)
        names = table.frame["name"].astype(str) if "name" in table.frame else pd.Series("", index=table.frame.index)
        known = [(point, name, int(row)) for point, name, row in zip(points, names, table.rows, strict=True) if not point.is_empty]
        dots += [
            Dot(point, kind, color, Words(name, name), (Words(f"{table.shown} 第{row}行", f"{table.shown} row {row}"),), size)
            for point, name, row in known
        ]
    if survey.boundary is not None:
        frame = survey.boundary.geometry.union_all().envelope.buffer(SHOWN_AROUND_M)
    elif dots:
        xy = np.array([(dot.point.x, dot.point.y) for dot in dots])
        low, high = np.percentile(xy, 5, axis=0) - SHOWN_AROUND_M, np.percentile(xy, 95, axis=0) + SHOWN_AROUND_M
        frame = shapely.box(*low, *high)
    else:
        return dots, None
    return [dot for dot in dots if frame.covers(dot.point)], frame


def _view(
    label: Words, lead: Words, findings: Sequence[PlaceFinding], survey: Survey, context: list[Dot], frame: shapely.Geometry | None
) -> SketchView:
    points = to_metres(np.array([f.lon for f in findings]), np.array([f.lat for f in findings]), survey.crs)
    shown = [frame is not None and not point.is_empty and bool(frame.covers(point)) for point in points]
    dots = [_dot(f, point) for f, point, on_map in zip(findings, points, shown, strict=True) if on_map][::-1]  # faults on top
    hidden = len(findings) - sum(shown)
    notes = []
    if hidden and findings:
        notes.append(Words(f"其中{hidden}处没有位置或远在图外，只列在表中。", f"{hidden} of them have no place or lie far off the map."))
    if len(findings) > MOST_ROWS:
        notes.append(Words(f"此处仅列前{MOST_ROWS}行，其余见 quality.xlsx。", f"The first {MOST_ROWS} rows; quality.xlsx holds the rest."))
    roles = {survey.settlements.shown: Words("居民点", "home"), survey.schools.shown: Words("学校", "school")}
    rows = tuple(_row(f, roles.get(f.table, Words(f.table, f.table))) for f in findings[:MOST_ROWS])
    used = dict.fromkeys(f.severity for f in findings)
    keys = [(*MARKS[severity], SEVERITIES[severity]) for severity in used]
    keys += [(*PLAIN["settlements"][:2], Words("居民点", "settlements")), (*PLAIN["schools"][:2], Words("学校", "schools"))]
    sheet = Sheet(PANEL_HEADS, rows) if rows else None
    return SketchView(label, lead, dots=(*context, *dots), sheet=sheet, keys=tuple(keys), notes=tuple(notes))


def _dot(finding: PlaceFinding, point: shapely.Point) -> Dot:
    kind, color = MARKS[finding.severity]
    name = finding.name or finding.id or f"{finding.table} {finding.row}"
    where = Words(f"{finding.table} 第{finding.row}行", f"{finding.table} row {finding.row}")
    return Dot(point, kind, color, Words(name, name), (where, finding.why, finding.mend), 7.0)


def _row(finding: PlaceFinding, table: Words) -> tuple[Words | str, ...]:
    place = table if finding.row is None else Words(f"{table.zh} {finding.row}", f"{table.en} {finding.row}")
    value_zh, value_en = (
        (f"（{finding.value}）", f" ({finding.value})") if finding.value and finding.kind in {"fault", "zero"} else ("", "")
    )
    name = finding.name or finding.id or finding.column
    said = Words(f"{finding.why.zh}{value_zh}。{finding.mend.zh}", f"{finding.why.en}{value_en}. To mend: {finding.mend.en}")
    return place, name, said
