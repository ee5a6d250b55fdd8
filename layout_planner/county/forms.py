"""Blank Excel forms for the tables of a county, made from the column specs, and a scenario that points to them.

The data sheet holds the header alone, so that nothing but the planner's own rows is read back; meaning, unit and an example of
every column stand on a second sheet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from layout_planner.county.tables import TABLES, Column, Table
from layout_planner.errors import OutputError
from layout_planner.words import Lang, Words

if TYPE_CHECKING:
    from pathlib import Path

FORM_ROWS = 5000
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
}


def write_forms(folder: Path, lang: Lang) -> list[Path]:
    """Write one blank form a table and `scenario.toml` to `folder`; return the files written.

    Raises
    ------
    OutputError : a file of that name exists (nothing is overwritten), or the folder cannot be written.
    """
    paths = [folder / f"{role}.xlsx" for role in TABLES]
    scenario = folder / "scenario.toml"
    taken = [path.name for path in (*paths, scenario) if path.exists()]
    if taken:
        names = ", ".join(taken)
        raise OutputError(
            Words(
                f"{folder} 中已有 {names}；不会覆盖，请换一个文件夹",
                f"{folder} already holds {names}; nothing is overwritten, choose another folder",
            )
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, table in zip(paths, TABLES.values(), strict=True):
            _make_form(table, lang).save(path)
        words = {key: text.say(lang) for key, text in SCENARIO_WORDS.items()}
        scenario.write_text(SCENARIO.format(name="our-county", **words), encoding="utf-8")
    except OSError as error:
        raise OutputError(Words(f"无法写入 {folder}：{error.strerror}", f"cannot write to {folder}: {error.strerror}")) from None
    return [*paths, scenario]


def form_header(column: Column, lang: Lang) -> str:
    """Return the bilingual header of a column; either half is enough to read it back."""
    chinese = next((alias for alias in column.aliases if not alias.isascii()), column.meaning.zh)
    return f"{chinese}({column.name})" if lang == "zh" else f"{column.name}({chinese})"


def _make_form(table: Table, lang: Lang) -> Workbook:
    book = Workbook()
    sheet = book.active
    sheet.title = table.role
    sheet.freeze_panes = "A2"
    for at, column in enumerate(table.columns, start=1):
        letter = get_column_letter(at)
        header = sheet.cell(1, at, form_header(column, lang))
        header.font = Font(bold=True)
        header.fill = PatternFill("solid", fgColor="FFE699" if column.required or column.kind in {"lon", "lat"} else "DDEBF7")
        header.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.column_dimensions[letter].width = 16
        if column.kind in {"id", "text", "grades", "date"}:
            sheet.column_dimensions[letter].number_format = TEXT_FORMAT
            for row in range(2, FORM_ROWS // 10 + 2):
                sheet.cell(row, at).number_format = TEXT_FORMAT
        rule = _make_rule(column, lang)
        if rule is not None:
            sheet.add_data_validation(rule)
            rule.add(f"{letter}2:{letter}{FORM_ROWS}")
    _write_notes(book, table, lang)
    return book


def _make_rule(column: Column, lang: Lang) -> DataValidation | None:
    """Return the drop-down or range check of a column, with its meaning as the prompt."""
    title = Words("请核对", "please check").say(lang)
    rule: DataValidation | None = None
    if column.kind == "bool":
        rule = DataValidation(type="list", formula1='"是,否"' if lang == "zh" else '"yes,no"', allow_blank=True)
    elif column.kind == "choice":
        rule = DataValidation(
            type="list", formula1='"' + ",".join(words.say(lang) for words in column.choice_words) + '"', allow_blank=True
        )
    elif column.kind == "int":
        rule = DataValidation(
            type="whole", operator="between", formula1=f"{column.least or 0:.0f}", formula2=f"{column.most or 0:.0f}", allow_blank=True
        )
    if rule is not None:
        rule.showErrorMessage = rule.showInputMessage = True
        rule.errorTitle, rule.error = title, KIND_WORDS[column.kind].say(lang)
        rule.promptTitle, rule.prompt = column.name[:32], column.meaning.say(lang)[:250]
    return rule


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
        limits = "" if column.least is None else f"{column.least:g} - {column.most:,.0f}"
        must = column.required or column.kind in {"lon", "lat"}
        notes.append(
            [
                form_header(column, lang),
                column.meaning.say(lang),
                Words("是", "yes").say(lang) if must else "",
                KIND_WORDS[column.kind].say(lang),
                column.unit,
                limits,
                ", ".join(words.say(lang) for words in column.choice_words),
                column.example,
                ", ".join(column.aliases),
            ]
        )
    for letter, width in zip("ABCDEFGHI", (30, 44, 8, 18, 10, 18, 40, 22, 36), strict=True):
        notes.column_dimensions[letter].width = width
    notes["A1"].font = notes["A2"].font = Font(bold=True)
