"""Blank Excel forms for the tables of a county, made from the column specs, and a scenario that points to them.

The data sheet holds the header alone, so that nothing but the planner's own rows is read back. Its header cannot be changed, its
cells offer choices and refuse wrong numbers, and say meaning and unit when they are entered. A second sheet explains every column, a
third shows a row filled in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill, Protection
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from layout_planner.county.columns import name_unit
from layout_planner.county.evidence_forms import EVIDENCE_FORMS, make_evidence_forms
from layout_planner.county.tables import FORM_TABLES
from layout_planner.errors import OutputError
from layout_planner.whole import whole_files
from layout_planner.words import Lang, Words

if TYPE_CHECKING:
    from pathlib import Path

    from openpyxl.worksheet.worksheet import Worksheet

    from layout_planner.county.columns import Column, Table

FORM_ROWS = 5000
TEXT_ROWS = 500  # cells that are text before anything is typed, for programs that ignore the format of a whole column
AS_TEXT = {"id", "text", "grades", "date", "time", "times"}
LONGEST_TITLE, LONGEST_PROMPT = 32, 250  # what Excel accepts
TEXT_FORMAT = "@"
KIND_WORDS = {
    "id": Words("文本编号", "id (text)"),
    "text": Words("文本", "text"),
    "int": Words("整数", "whole number"),
    "float": Words("数字", "number"),
    "lon": Words("十进制度数", "decimal degrees"),
    "lat": Words("十进制度数", "decimal degrees"),
    "bool": Words("是/否", "yes/no"),
    "choice": Words("选项", "choice"),
    "grades": Words("年级，如1-6", "grades, such as 1-6"),
    "date": Words("日期，如2026-03-01", "date, such as 2026-03-01"),
    "time": Words("时刻，如07:05", "time of day, such as 07:05"),
    "times": Words("若干时刻，如07:05、07:40", "times of day, such as 07:05, 07:40"),
}
NOTE_HEADERS = (
    Words("列", "column"),
    Words("含义", "meaning"),
    Words("必填", "required"),
    Words("内容", "holds"),
    Words("单位", "unit"),
    Words("范围", "range"),
    Words("可选值", "choices"),
    Words("示例", "example"),
    Words("也接受的列名", "headers also accepted"),
)
SCENARIO = """schema = 1
name = "{name}"
title = {{ zh = "本县布局方案", en = "Layout of our county" }}
year = 2026
norms = "cn-rural"

[data]
dir = "."
year = 2026                                    # {year}
settlements = {{ path = "settlements.xlsx" }}    # {crs}
schools = {{ path = "schools.xlsx" }}
roads = {{ path = "roads.osm.pbf" }}             # {roads}
# dem = {{ path = "dem.tif" }}                   # {dem}
# boundary = {{ path = "boundary.geojson" }}
# evidence = {{ path = "evidence.xlsx" }}
# outlook = {{ path = "outlook.xlsx" }}           # {outlook}
# moves = {{ path = "moves.xlsx" }}               # {moves}
# registers = {{ path = "registers.xlsx" }}       # {registers}
# posts = {{ path = "posts.xlsx" }}               # {posts}
# fleet = {{ path = "fleet.xlsx" }}               # {fleet}
# stops = {{ path = "stops.xlsx" }}               # {stops}
# cohorts = {{ path = "cohorts.xlsx" }}           # {cohorts}
# lines = {{ path = "lines.xlsx" }}               # {lines}
# venues = {{ path = "venues.xlsx" }}             # {venues}

[plan]
may_close = "none"
"""
SCENARIO_WORDS = {
    "year": Words("学生数所属学年", "school year that the pupil counts describe"),
    "crs": Words(
        '坐标来自高德、腾讯加 crs = "gcj02"，来自百度加 crs = "bd09"',
        'coordinates from Gaode or Tencent: add crs = "gcj02"; from Baidu: crs = "bd09"',
    ),
    "roads": Words("OSM 或本县道路文件", "OSM or the county's own road file"),
    "dem": Words("高程，可选", "elevation, optional"),
    "outlook": Words("出生、净迁移、随迁子女，可选", "births, net migration, arrivals, optional"),
    "moves": Words("易地搬迁，可选", "resettlement, optional"),
    "registers": Words("学籍变动，可选", "changes on the school registers, optional"),
    "posts": Words("责任岗位，不写人名，可选", "who answers for a school: posts, never names; optional"),
    "fleet": Words("校车车型和辆数，可选", "kinds and numbers of school buses, optional"),
    "stops": Words("校车站点，可选", "stops that buses have or may have, optional"),
    "cohorts": Words('分年级人数另表，配 [demand] source = "cohorts"', 'pupils in a table of their own, with [demand] source = "cohorts"'),
    "lines": Words(
        '公交线路；有 GTFS 时改写 gtfs = { path = "gtfs.zip" }', 'public lines; where there is GTFS: gtfs = {{ path = "gtfs.zip" }}'
    ),
    "venues": Words("网吧等场所；也可写 .osm.pbf", "internet cafés and the like; an .osm.pbf will do"),
}


def write_forms(folder: Path, lang: Lang) -> list[Path]:
    """Write one blank form a table, the forms of the papers behind records, and `scenario.toml` to `folder`; return the files written.

    Raises
    ------
    OutputError : a file of that name exists (nothing is overwritten), or the folder cannot be written.
    """
    paths = [folder / f"{role}.xlsx" for role in FORM_TABLES]
    scenario, papers = folder / "scenario.toml", folder / EVIDENCE_FORMS
    taken = [path.name for path in (*paths, papers, scenario) if path.exists()]
    if taken:
        names = ", ".join(taken)
        raise OutputError(
            Words(
                f"{folder} 中已有 {names}；不会覆盖，请换一个文件夹",
                f"{folder} already holds {names}; nothing is overwritten, choose another folder",
            )
        )
    words = {key: text.say(lang) for key, text in SCENARIO_WORDS.items()}
    with whole_files([*paths, papers, scenario]) as beside:
        for path, table in zip(beside, FORM_TABLES.values(), strict=False):
            _make_form(table, lang).save(path)
        make_evidence_forms(lang).save(beside[-2])
        beside[-1].write_text(SCENARIO.format(name="our-county", **words), encoding="utf-8")
    return [*paths, papers, scenario]


def form_header(column: Column, lang: Lang) -> str:
    """Return the bilingual header of a column; either half is enough to read it back."""
    chinese = next((alias for alias in column.aliases if not alias.isascii()), column.meaning.zh)
    return f"{chinese}({column.name})" if lang == "zh" else f"{column.name}({chinese})"


def _make_form(table: Table, lang: Lang) -> Workbook:
    book = Workbook()
    sheet = book.active
    sheet.title = table.role
    sheet.freeze_panes = "A2"
    _write_header(sheet, table, lang)
    for at, column in enumerate(table.columns, start=1):
        letter = get_column_letter(at)
        dimension = sheet.column_dimensions[letter]
        dimension.protection = Protection(locked=False)
        if column.kind in AS_TEXT:
            dimension.number_format = TEXT_FORMAT
            for row in range(2, TEXT_ROWS + 2):
                cell = sheet.cell(row, at)
                cell.number_format, cell.protection = TEXT_FORMAT, Protection(locked=False)
        rule = _make_rule(column, lang)
        sheet.add_data_validation(rule)
        rule.add(f"{letter}2:{letter}{FORM_ROWS}")
    _lock_header(sheet)
    _write_notes(book, table, lang)
    _write_example(book, table, lang)
    return book


def _write_header(sheet: Worksheet, table: Table, lang: Lang) -> None:
    for at, column in enumerate(table.columns, start=1):
        header = sheet.cell(1, at, form_header(column, lang))
        header.font = Font(bold=True)
        header.fill = PatternFill("solid", fgColor="FFE699" if column.required or column.kind in {"lon", "lat"} else "DDEBF7")
        header.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.column_dimensions[get_column_letter(at)].width = 16


def _lock_header(sheet: Worksheet) -> None:
    """Protect the header without a password; rows and widths stay free."""
    sheet.protection.sheet = True
    for allowed in ("formatCells", "formatColumns", "formatRows", "insertRows", "deleteRows", "sort", "autoFilter"):
        setattr(sheet.protection, allowed, False)


def _make_rule(column: Column, lang: Lang) -> DataValidation:
    """Return the drop-down or range check of a column, with its meaning and unit as the prompt."""
    rule = DataValidation(allow_blank=True)
    if column.kind == "bool":
        rule = DataValidation(type="list", formula1='"是,否"' if lang == "zh" else '"yes,no"', allow_blank=True)
    elif column.kind == "choice":
        rule = DataValidation(
            type="list", formula1='"' + ",".join(words.say(lang) for words in column.choice_words) + '"', allow_blank=True
        )
    elif column.kind in {"int", "float"}:
        least, most = (0.0 if column.least is None else column.least), column.most
        rule = DataValidation(
            type="whole" if column.kind == "int" else "decimal",
            operator="greaterThanOrEqual" if most is None else "between",
            formula1=f"{least:.15g}",
            formula2=None if most is None else f"{most:.15g}",
            allow_blank=True,
        )
    rule.showErrorMessage = rule.type is not None
    rule.showInputMessage = True
    rule.errorTitle, rule.error = Words("请核对", "please check").say(lang), _describe_content(column, lang)[:LONGEST_PROMPT]
    rule.promptTitle = form_header(column, lang)[:LONGEST_TITLE]
    rule.prompt = f"{column.meaning.say(lang)}\n{_describe_content(column, lang)}"[:LONGEST_PROMPT]
    return rule


def _describe_content(column: Column, lang: Lang) -> str:
    """Return kind, unit and range of a column in one line."""
    parts = [KIND_WORDS[column.kind].say(lang), name_unit(column.unit).say(lang), _range_text(column)]
    return "，".join(part for part in parts if part) if lang == "zh" else ", ".join(part for part in parts if part)


def _range_text(column: Column) -> str:
    if column.least is None and column.most is None:
        return ""
    return f"{'' if column.least is None else f'{column.least:g}'} - {'' if column.most is None else f'{column.most:,.0f}'}".strip()


def _write_notes(book: Workbook, table: Table, lang: Lang) -> None:
    notes = book.create_sheet(Words("填表说明", "notes").say(lang))
    notes.append([table.title.say(lang)])
    notes.append(
        [
            Words(
                "只填第一张表；第一行表头不要改动。只填人数，不填任何个人信息。",
                "Fill in the first sheet only and leave its header as it is. Counts only, never persons.",
            ).say(lang)
        ]
    )
    notes.append([header.say(lang) for header in NOTE_HEADERS])
    for column in table.columns:
        must = column.required or column.kind in {"lon", "lat"}
        notes.append(
            [
                form_header(column, lang),
                column.meaning.say(lang),
                Words("是", "yes").say(lang) if must else "",
                KIND_WORDS[column.kind].say(lang),
                name_unit(column.unit).say(lang),
                _range_text(column),
                ", ".join(words.say(lang) for words in column.choice_words),
                column.example,
                ", ".join(column.aliases),
            ]
        )
    for letter, width in zip("ABCDEFGHI", (30, 44, 8, 18, 10, 18, 40, 22, 36), strict=True):
        notes.column_dimensions[letter].width = width
    notes["A1"].font = notes["A2"].font = Font(bold=True)


def _write_example(book: Workbook, table: Table, lang: Lang) -> None:
    """Add a sheet of the same columns with one row filled in and the units beneath; it is never read back."""
    sheet = book.create_sheet(Words("填写示例", "example").say(lang))
    _write_header(sheet, table, lang)
    for at, column in enumerate(table.columns, start=1):
        sheet.cell(2, at, column.example).number_format = TEXT_FORMAT
        sheet.cell(3, at, name_unit(column.unit).say(lang)).font = Font(italic=True, color="7F7F7F")
