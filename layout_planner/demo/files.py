"""Files of the demo county whose bytes depend on nothing but their content."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from typing import TYPE_CHECKING

import geopandas as gpd
import openpyxl
import pandas as pd
import pyogrio
import rasterio
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.writer.excel import ExcelWriter

from layout_planner.demo.names import COUNTY, COUNTY_CODE
from layout_planner.demo.terrain import EPSG, FINE, NORTH, STEP, WEST

if TYPE_CHECKING:
    from pathlib import Path

    import shapely
    from openpyxl.worksheet.worksheet import Worksheet

    from layout_planner.county.columns import Column, Table
    from layout_planner.demo.terrain import Floats

MADE = datetime(2026, 9, 1, 8, 0, 0)  # noqa: DTZ001  the office's clock, written into the workbooks
ZIP_MADE = (2026, 9, 1, 8, 0, 0)


def write_table(path: Path, table: Table, frame: pd.DataFrame, sheet: str) -> None:
    """Write `frame` as an Excel sheet with Chinese headers, ready to be opened by a person."""
    book = openpyxl.Workbook()
    book.properties.creator, book.properties.title = f"{COUNTY[0]}教育局（虚构）", table.title.zh
    book.properties.created = book.properties.modified = MADE
    page = book.active
    page.title = sheet
    columns = [column for column in table.columns if column.name in frame and frame[column.name].notna().any()]
    page.append([column.aliases[0] for column in columns])
    shown = [[_shown(column, value) for value in frame[column.name]] for column in columns]
    for row in zip(*shown, strict=True):
        page.append(row)
    _dress(page, columns)
    path.write_bytes(_fixed_bytes(book))


def _shown(column: Column, value: object) -> object:
    """Return the cell as a person in the bureau would type it; None stays an empty cell."""
    if value is None or value != value or value is pd.NaT:  # noqa: PLR0124  NaN differs from itself
        return None
    if column.kind == "choice":
        return column.choice_words[column.choices.index(str(value))].zh
    if column.kind == "bool":
        return "是" if value else "否"
    if column.kind == "int":
        return int(str(value).removesuffix(".0"))
    if column.kind in {"lon", "lat", "float"}:
        return round(float(str(value)), 6)
    return value if column.kind == "date" else str(value)


def _dress(page: Worksheet, columns: list[Column]) -> None:
    header, line = PatternFill("solid", fgColor="1F4E5F"), Side(style="thin", color="D0D7DB")
    for number, column in enumerate(columns, start=1):
        cell = page.cell(1, number)
        cell.font, cell.fill = Font(name="Microsoft YaHei", size=10, bold=True, color="FFFFFF"), header
        cell.alignment, cell.border = Alignment(horizontal="center", vertical="center", wrap_text=True), Border(bottom=line)
        texts = [str(page.cell(row, number).value or "") for row in range(2, min(page.max_row, 60) + 1)]
        wide = max([sum(1 if letter.isascii() else 2 for letter in text) for text in [column.aliases[0], *texts]])
        page.column_dimensions[get_column_letter(number)].width = min(34, max(7, wide + 2))
        style = "@" if column.kind in {"id", "text"} else "yyyy-mm-dd" if column.kind == "date" else None
        for row in range(2, page.max_row + 1) if style else ():
            page.cell(row, number).number_format = style
    page.row_dimensions[1].height = 30
    names = [column.name for column in columns]
    page.freeze_panes = page.cell(2, names.index("name") + 2 if "name" in names else 2)
    page.auto_filter.ref = page.dimensions


def _fixed_bytes(book: openpyxl.Workbook) -> bytes:
    """Return the workbook as bytes without the hour of writing."""
    loose, fixed = io.BytesIO(), io.BytesIO()
    ExcelWriter(book, zipfile.ZipFile(loose, "w")).save()
    with zipfile.ZipFile(loose) as source, zipfile.ZipFile(fixed, "w") as target:
        for name in sorted(source.namelist(), key=lambda part: (part != "[Content_Types].xml", part)):
            entry = zipfile.ZipInfo(name, ZIP_MADE)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            target.writestr(entry, source.read(name))
    return fixed.getvalue()


def write_heights(path: Path, heights: Floats) -> None:
    """Write heights as a GeoTIFF of whole metres."""
    transform = rasterio.Affine(STEP / FINE, 0.0, WEST, 0.0, -STEP / FINE, NORTH)
    shape = {"height": heights.shape[0], "width": heights.shape[1], "count": 1, "dtype": "int16"}
    with rasterio.open(path, "w", driver="GTiff", crs=f"EPSG:{EPSG}", transform=transform, nodata=-32768, compress="deflate",
                       predictor=2, zlevel=9, **shape) as target:  # fmt: skip
        target.write(heights.round().astype("int16"), 1)


def write_children(path: Path, children: Floats, cell: float) -> None:
    """Write children by cell as a GeoTIFF of whole numbers; `cell` in metres."""
    transform = rasterio.Affine(cell, 0.0, WEST, 0.0, -cell, NORTH)
    shape = {"height": children.shape[0], "width": children.shape[1], "count": 1, "dtype": "uint16"}
    with rasterio.open(path, "w", driver="GTiff", crs=f"EPSG:{EPSG}", transform=transform, compress="deflate", predictor=2, zlevel=9,
                       **shape) as target:  # fmt: skip
        target.write(children.astype("uint16"), 1)


def write_boundary(path: Path, boundary: shapely.Polygon) -> None:
    """Write the county's outline in degrees."""
    about = {"code": [COUNTY_CODE], "name": [COUNTY[0]], "name_en": [COUNTY[1]]}
    frame = gpd.GeoDataFrame(about, geometry=[boundary], crs=EPSG).to_crs(4326)
    path.unlink(missing_ok=True)
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": MADE.strftime("%Y-%m-%dT%H:%M:%S.000Z")})
    try:
        pyogrio.write_dataframe(frame, path, layer="boundary", driver="GPKG")
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
