"""Excel workbooks, read as a stream: cells with their cached values, merged ranges, formulas without values, error cells."""

from __future__ import annotations

import warnings
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

from openpyxl.reader.excel import ExcelReader
from openpyxl.utils.cell import get_column_letter, range_boundaries
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet._reader import FORMULA_TAG, WorkSheetParser

from layout_planner.county.faults import FaultError
from layout_planner.county.raw_files import MAX_COLUMNS, MAX_ROWS, BadCell, RawTable, too_many_rows
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_UNPACKED = 400_000_000
MAX_PARTS = 5_000
MAX_RATIO = 200
RATIO_FROM = 20_000_000
LIBRARY_FAULTS = (
    InvalidFileException,
    zipfile.BadZipFile,
    zlib.error,
    SyntaxError,  # of XML, whichever parser reads it
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    EOFError,
    OSError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
)
OLE_MAGIC = b"\xd0\xcf\x11\xe0"


class _Parser(WorkSheetParser):  # type: ignore[misc]
    """The library's stream parser, which also says whether a cell holds a formula."""

    def parse_cell(self, element: Any) -> dict[str, Any]:  # noqa: ANN401 - an XML element
        cell: dict[str, Any] = super().parse_cell(element)
        cell["formula"] = element.find(FORMULA_TAG) is not None
        return cell


def read_excel(path: Path, sheet: str | None, wanted: tuple[str, ...]) -> RawTable:
    """Return the cells of one sheet: the one named, else one called as the table is, else the first.

    Raises
    ------
    FaultError : no workbook, no such sheet, or a workbook that unpacks to absurd size.
    """
    _check_package(path)
    try:
        with path.open("rb") as stream, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reader = ExcelReader(stream, read_only=True, data_only=True, keep_links=False)
            with reader.archive:
                reader.read()
                return _read_sheet(reader, _choose_sheet(reader, sheet, wanted))
    except LIBRARY_FAULTS as error:
        raise FaultError(
            Words("Excel 文件已损坏或不完整", "the Excel file is damaged or cut short"),
            Words("在 Excel 中打开并另存为新的 .xlsx", "open it in Excel and save it as a new .xlsx"),
            value=str(error)[:200] or type(error).__name__,
        ) from None


def _check_package(path: Path) -> None:
    """Refuse what is no zip, and zips that unpack to absurd size, from the directory alone."""
    with path.open("rb") as stream:
        if stream.read(4) == OLE_MAGIC:
            raise FaultError(
                Words("文件有密码，或是旧版 .xls", "the file has a password or is an old .xls"),
                Words("去掉密码并另存为 .xlsx", "remove the password and save it as .xlsx"),
            )
    try:
        with zipfile.ZipFile(path) as package:
            parts = package.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise FaultError(
            Words("不是 Excel 文件，或文件不完整", "this is no Excel file, or it is cut short"),
            Words("在 Excel 中另存为 .xlsx", "save it as .xlsx in Excel"),
            value=str(error)[:200],
        ) from None
    unpacked, packed = sum(part.file_size for part in parts), sum(part.compress_size for part in parts)
    if unpacked > MAX_UNPACKED or len(parts) > MAX_PARTS or (unpacked > RATIO_FROM and unpacked > MAX_RATIO * max(packed, 1)):
        raise FaultError(
            Words("文件解压后异常庞大", "the file unpacks to an absurd size"),
            Words("删除空白行列和图片后另存为新文件", "remove blank rows, columns and pictures and save it as a new file"),
            value=f"{unpacked:,} bytes",
            expected=Words(f"不超过{MAX_UNPACKED:,}字节", f"at most {MAX_UNPACKED:,} bytes"),
        )


def _choose_sheet(reader: Any, sheet: str | None, wanted: tuple[str, ...]) -> str:  # noqa: ANN401 - an ExcelReader
    """Return the path of a sheet inside the workbook."""
    targets = {str(entry.name): str(rel.target) for entry, rel in reader.parser.find_sheets() if rel.Type.endswith("/worksheet")}
    if sheet is not None:
        if sheet not in targets:
            raise FaultError(
                Words("没有这个工作表", "there is no such sheet"),
                Words("sheet 改为现有的工作表", "name one of the sheets that exist"),
                value=sheet,
                expected=Words("、".join(targets), ", ".join(targets)),
            )
        return targets[sheet]
    for name in (*wanted, *targets):
        if name in targets:
            return targets[name]
    raise FaultError(Words("工作簿中没有工作表", "the workbook holds no sheet"), Words("重新导出", "export it again"))


def _read_sheet(reader: Any, target: str) -> RawTable:  # noqa: ANN401 - an ExcelReader
    book = reader.wb
    with reader.archive.open(target) as stream:
        parser = _Parser(
            stream,
            reader.shared_strings,
            data_only=True,
            epoch=book.epoch,
            date_formats=book._date_formats,  # noqa: SLF001 - no public way
            timedelta_formats=book._timedelta_formats,  # noqa: SLF001
        )
        table = _collect_rows(_filled_rows(parser))
    for merged in parser.merged_cells.mergeCell if parser.merged_cells else ():
        first_column, first_row, last_column, last_row = range_boundaries(merged.ref)
        table.merged.append((merged.ref, first_row, last_row, first_column, last_column))
    return table


def _filled_rows(parser: _Parser) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Yield row number and cells of the rows that hold anything."""
    for number, cells in parser.parse():
        parser.row_dimensions.clear()
        wide: dict[int, Any] = {}
        for cell in cells:
            value = _value(cell)
            if value is not None and cell["column"] <= MAX_COLUMNS:
                wide[cell["column"]] = value
        if wide:
            yield number, tuple(wide.get(column) for column in range(1, max(wide) + 1))


def _value(cell: dict[str, Any]) -> Any:  # noqa: ANN401 - whatever the cell holds
    value, kind = cell["value"], cell["data_type"]
    place = f"{get_column_letter(cell['column'])}{cell['row']}"
    if kind == "e":
        return BadCell(
            str(value),
            FaultError(
                Words(f"单元格 {place} 是 Excel 错误值", f"cell {place} holds an Excel error"),
                Words("改正公式或填入数值", "mend the formula or type the value"),
                value=str(value),
            ),
        )
    if cell["formula"] and value is None and kind != "str":
        return BadCell(
            "",
            FaultError(
                Words(f"单元格 {place} 的公式没有计算结果", f"the formula in cell {place} has no computed value"),
                Words("在 Excel 中打开、重新计算并保存，或粘贴为数值", "open it in Excel, recalculate and save, or paste as values"),
            ),
        )
    if isinstance(value, str) and not value.strip():
        return None
    return value


def _collect_rows(filled: Iterator[tuple[int, tuple[Any, ...]]]) -> RawTable:
    table = RawTable([], [], [])
    for number, cells in filled:
        if number == 1:
            table.headers = ["" if cell is None else cell.shown if isinstance(cell, BadCell) else str(cell).strip() for cell in cells]
            continue
        table.rows.append(cells)
        table.numbers.append(number)
        if len(table.rows) > MAX_ROWS:
            raise too_many_rows(len(table.rows))
    return table
