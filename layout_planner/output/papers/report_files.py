"""A report as page, PDF, workbook and document: the same sections in four forms."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from typing import TYPE_CHECKING, Any

import pandas as pd

from layout_planner.output.charts import as_uri
from layout_planner.output.map_data import pair
from layout_planner.output.papers.dossiers import about
from layout_planner.output.papers.facts import STATE_SIGNS, Part
from layout_planner.output.papers.folders import PaperPrinter
from layout_planner.output.papers.report_charts import Chart, draw_chart
from layout_planner.output.papers.report_text import Report, describe_report, plain
from layout_planner.output.safe import safe_cell
from layout_planner.output.tables import fill_sheet
from layout_planner.whole import replaced_folder
from layout_planner.words import Words
from layout_planner.workbook import FIXED_ZIP_DAY, workbook_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from layout_planner.output.papers.stored import Papers
    from layout_planner.words import Lang

    OnStep = Callable[[Words], None]

PAGE = "report.html"
DOCUMENT_FONT = "Microsoft YaHei"
PICTURE_CM = 16.5
MARK = Words("内部资料，含小数目，不得公开", "Internal: holds small counts, not for publication")
NO_DOCX = Words(
    "没有写 docx：缺少 python-docx（pip install 'layout-planner[papers]'）",
    "no docx was written: python-docx is missing (pip install 'layout-planner[papers]')",
)


def write_report_files(
    runs: Sequence[Papers], out: Path, lang: Lang, *, pdf: bool = True, on_step: OnStep | None = None
) -> tuple[list[Path], list[Words]]:
    """Write the report of one run into `out`/<run>, of several into `out`/<run>-and-<runs>; return the files and what could not be made.

    Raises
    ------
    OutputError : the place cannot be written, or holds something that is no report.
    """
    say = on_step or (lambda _: None)
    report, printer = describe_report(runs), PaperPrinter(pdf=pdf)
    charts = [chart for section in report.sections for chart in section.charts]
    say(Words("绘制图表", "drawing charts"))
    pictures = {
        (chart.key, code): draw_chart(chart, report.states, code, "png" if chart.dense else "svg")
        for chart in charts
        for code in ("zh", "en")
    }
    remarks: list[Words] = []
    with replaced_folder(out / "-and-".join(papers.view.name for papers in runs), mark=PAGE) as folder:
        say(Words("写出报告", "writing the report"))
        page = _page(report, runs[0], pictures)
        (folder / PAGE).write_text(printer.html("papers/report.html", page, lang), encoding="utf-8", newline="\n")
        (folder / "report.xlsx").write_bytes(_workbook(report, lang))
        images = {chart.key: draw_chart(chart, report.states, lang, "png") for chart in charts}
        try:
            (folder / "report.docx").write_bytes(_document(report, images, lang))
        except ImportError:
            remarks.append(NO_DOCX)
        if printer.prints:
            (folder / "report.pdf").write_bytes(printer.pdf("papers/report.html", page, lang))
        names = sorted(path.name for path in folder.iterdir())
    place = out / "-and-".join(papers.view.name for papers in runs)
    return [place / name for name in names], [*remarks, *printer.all_remarks()]


def _page(report: Report, papers: Papers, pictures: dict[tuple[str, str], bytes]) -> dict[str, Any]:
    return {
        **about(papers),
        "heading": pair(report.title),
        "kind": pair(report.subtitle),
        "mark": pair(MARK),
        "signs": STATE_SIGNS,
        "sections": [
            {
                "key": section.key,
                "title": pair(section.title),
                "sentences": [pair(said) for said in section.sentences],
                "tables": [_table(part, titled=len(section.tables) > 1) for part in section.tables],
                "charts": [
                    {"caption": pair(chart.caption), **{code: as_uri(pictures[chart.key, code]) for code in ("zh", "en")}}
                    for chart in section.charts
                ],
            }
            for section in report.sections
        ],
    }


def _table(part: Part, *, titled: bool) -> dict[str, Any]:
    return {
        "key": part.key,
        "title": pair(part.title) if titled else ("", ""),
        "note": pair(part.note),
        "heads": [pair(head) for head in part.heads],
        "figures": sorted(part.figures),
        "lines": [{"cells": [pair(cell) for cell in line.cells], "state": line.state} for line in part.lines],
        "signed": any(line.state in {"good", "bad", "unknown"} for line in part.lines),
        "more": 0,
    }


def _workbook(report: Report, lang: Lang) -> bytes:
    """Return one sheet a table, figures as numbers."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    said = [text.say(lang) for section in report.sections for text in section.sentences]
    cover = pd.DataFrame({report.title.say(lang): [report.subtitle.say(lang), MARK.say(lang), *said]})
    fill_sheet(book.create_sheet(Words("说明", "about").say(lang)), cover)
    for section in report.sections:
        for part in section.tables:
            frame = pd.DataFrame(
                [[_as_number(cell.say(lang)) for cell in line.cells] for line in part.lines],
                columns=[head.say(lang) for head in part.heads],
            )
            fill_sheet(book.create_sheet(_sheet_name(part, section.title, book.sheetnames, lang)), frame)
    return workbook_bytes(book)


def _sheet_name(part: Part, section: Words, taken: list[str], lang: Lang) -> str:
    """Return a name that Excel accepts and no other sheet has."""
    plain_name = "".join(" " if letter in "[]:*?/\\'" else letter for letter in plain(section.say(lang)))[:24].strip() or part.key
    name, number = plain_name, 1
    while name in taken:
        number += 1
        name = f"{plain_name} {number}"
    return name


def _as_number(text: str) -> object:
    """Return a cell as the number that it shows, else as text that no spreadsheet runs."""
    try:
        return float(text.replace(",", "")) if text and (text[0].isdigit() or text[0] in "+-.") else safe_cell(text)
    except ValueError:
        return safe_cell(text)


def _document(report: Report, images: dict[str, bytes], lang: Lang) -> bytes:
    """Return a Word document; ImportError where python-docx is missing."""
    from docx import Document
    from docx.oxml.ns import qn
    from docx.shared import Cm, Pt

    document = Document()
    style = document.styles["Normal"]
    style.font.name, style.font.size = DOCUMENT_FONT, Pt(10.5)
    for name in ("Normal", "Title", "Heading 1", "Heading 2"):
        fonts = document.styles[name].element.get_or_add_rPr().get_or_add_rFonts()
        for side in ("w:eastAsia", "w:ascii", "w:hAnsi"):
            fonts.set(qn(side), DOCUMENT_FONT)
    for page in document.sections:
        page.page_width, page.page_height = Cm(21.0), Cm(29.7)
        page.left_margin = page.right_margin = Cm(2.2)
    document.add_heading(plain(report.title.say(lang)), 0)
    document.add_paragraph(plain(report.subtitle.say(lang)))
    document.add_paragraph().add_run(MARK.say(lang)).bold = True
    for section in report.sections:
        document.add_heading(plain(section.title.say(lang)), 1)
        for said in section.sentences:
            document.add_paragraph(plain(said.say(lang)))
        for part in section.tables:
            _add_table(document, part, lang, titled=len(section.tables) > 1)
        for chart in section.charts:
            _add_picture(document, chart, images[chart.key], lang, Cm(PICTURE_CM))
    moment = dt.datetime(*FIXED_ZIP_DAY)  # noqa: DTZ001 - document properties carry no zone
    document.core_properties.created = document.core_properties.modified = moment
    document.core_properties.title, document.core_properties.author = plain(report.title.say(lang)), "layout-planner"
    file = io.BytesIO()
    document.save(file)
    return _without_clock(file.getvalue())


def _add_table(document: Any, part: Part, lang: Lang, *, titled: bool) -> None:  # noqa: ANN401 - an optional library
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Pt

    if titled:
        document.add_heading(plain(part.title.say(lang)), 2)
    if part.lines:
        table = document.add_table(rows=1, cols=len(part.heads), style="Light Grid Accent 1")
        rows = [[head.say(lang) for head in part.heads], *([cell.say(lang) for cell in line.cells] for line in part.lines)]
        for at, texts in enumerate(rows):
            cells = table.rows[0].cells if at == 0 else table.add_row().cells
            for column, text in enumerate(texts):
                paragraph = cells[column].paragraphs[0]
                paragraph.add_run(plain(text)).font.size = Pt(8.5)
                if column in part.figures:
                    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    if part.note.say(lang):
        document.add_paragraph(plain(part.note.say(lang)))


def _add_picture(document: Any, chart: Chart, image: bytes, lang: Lang, width: Any) -> None:  # noqa: ANN401 - an optional library
    document.add_picture(io.BytesIO(image), width=width)
    document.add_paragraph(plain(chart.caption.say(lang)), style="Caption")


def _without_clock(raw: bytes) -> bytes:
    """Return a zipped document without the hour of writing in its entries."""
    fixed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as source, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(zipfile.ZipInfo(name, FIXED_ZIP_DAY), source.read(name), zipfile.ZIP_DEFLATED)
    return fixed.getvalue()
