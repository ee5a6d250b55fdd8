"""Open a table file of any accepted kind and return its cells untouched; knows nothing of columns or meaning.

Every fault of a file as a whole (missing, cut short, of the wrong kind, absurdly large) is raised as `FaultError`.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import stat
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from layout_planner.county.faults import FaultError
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    import pyproj
    from numpy.typing import NDArray

MAX_BYTES = 500_000_000
MAX_CSV_BYTES = 200_000_000
MAX_ROWS = 500_000
MAX_COLUMNS = 500
MAX_CSV_FIELD = 100_000
CHUNK = 1 << 20
SHAPE_PARTS = (".shp", ".dbf", ".shx", ".prj", ".cpg")
CSV_ENDINGS = (".csv", ".txt", ".tsv")
EXCEL_ENDINGS = (".xlsx", ".xlsm")
MAGIC = {".gpkg": (b"SQLite format 3\x00",), ".shp": (b"\x00\x00\x27\x0a",), ".parquet": (b"PAR1",), ".geojson": (b"{",), ".json": (b"{",)}
ACCEPTED = Words("xlsx、csv、gpkg、geojson、shp 或 parquet", "xlsx, csv, gpkg, geojson, shp or parquet")


@dataclass(frozen=True, slots=True)
class BadCell:
    """A cell that cannot be used, found while the file was read (an Excel error, a formula without a value)."""

    shown: str
    fault: FaultError


@dataclass
class RawTable:
    """Cells as the file holds them; `numbers` are the row numbers a person sees (the header is row 1)."""

    headers: list[str]
    rows: list[tuple[Any, ...]]
    numbers: list[int]
    geometry: NDArray[np.object_] | None = None
    crs: pyproj.CRS | None = None
    merged: list[tuple[str, int, int, int, int]] = field(default_factory=list)  # range, first and last row, first and last column
    above_header: list[tuple[Any, ...]] = field(default_factory=list)

    def column(self, position: int) -> list[Any]:
        """Return one column's cells; None where a row is shorter."""
        return [row[position] if position < len(row) else None for row in self.rows]


def read_raw(path: Path, sheet: str | None, wanted: tuple[str, ...]) -> RawTable:
    """Return the cells of the table at `path`; `wanted` are sheet or layer names to prefer when none is given."""
    ending = path.suffix.lower()
    check_file(path)
    if ending == ".parquet" or path.is_dir():
        from layout_planner.county.parquet_files import read_parquet

        return _frame_to_raw(read_parquet(path))
    if ending in CSV_ENDINGS:
        return _read_csv(path)
    if ending in EXCEL_ENDINGS:
        from layout_planner.county.excel_files import read_excel

        return read_excel(path, sheet, wanted)
    if ending in MAGIC:
        check_magic(path)
        return read_features(path, sheet, wanted)
    if ending in {".xls", ".et", ".ods"}:
        raise FaultError(
            Words("不支持此表格格式", "this spreadsheet format is not read"),
            Words("在 Excel 或 WPS 中另存为 .xlsx", "save it as .xlsx in Excel, WPS or LibreOffice"),
            expected=ACCEPTED,
        )
    raise FaultError(
        Words("不支持此文件类型", "this kind of file is not read as a table"),
        Words("另存为可读的格式", "save it in a format that is read"),
        expected=ACCEPTED,
        value=ending or path.name,
    )


def check_file(path: Path, *, most_bytes: int = MAX_BYTES) -> None:
    """Raise `FaultError` unless `path` is a readable, non-empty regular file of at most `most_bytes`, or a folder of parquet parts."""
    try:
        found = path.stat()
    except FileNotFoundError:
        raise FaultError(
            Words("找不到文件", "the file is missing"),
            Words("检查情景文件中的路径和文件名", "check the path and the file name in the scenario"),
        ) from None
    except (OSError, ValueError) as error:
        raise FaultError(
            Words("无法打开文件", "the file cannot be opened"),
            Words("检查路径和权限", "check the path and the permissions"),
            value=type(error).__name__,
        ) from None
    if stat.S_ISDIR(found.st_mode):
        from layout_planner.county.parquet_files import check_parts

        check_parts(path)
        return
    if not stat.S_ISREG(found.st_mode):
        raise FaultError(Words("这不是普通文件", "this is not a regular file"), Words("换成普通文件", "use a regular file"))
    if not os.access(path, os.R_OK):
        raise FaultError(Words("没有读取权限", "the file may not be read"), Words("检查文件权限", "check the file's permissions"))
    if found.st_size == 0:
        raise FaultError(Words("文件是空的", "the file is empty"), Words("重新导出该文件", "export the file again"))
    if found.st_size > most_bytes:
        raise FaultError(
            Words("文件过大", "the file is too large"),
            Words("只保留本县的数据", "keep only the county's own data"),
            value=f"{found.st_size:,} bytes",
            expected=Words(f"不超过{most_bytes:,}字节", f"at most {most_bytes:,} bytes"),
        )


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file; of a shapefile or a folder of parquet parts, of all its parts one after the other."""
    parts = [path.with_suffix(ending) for ending in SHAPE_PARTS] if path.suffix.lower() == ".shp" else [path]
    digest = hashlib.sha256()
    if path.is_dir():
        from layout_planner.county.parquet_files import find_parts

        parts = find_parts(path)
        digest.update("\n".join(part.relative_to(path).as_posix() for part in parts).encode("utf-8", "surrogateescape"))
    for part in parts:
        if part.is_file():
            with part.open("rb") as stream:
                while block := stream.read(CHUNK):
                    digest.update(block)
    return digest.hexdigest()


def check_magic(path: Path) -> None:
    """Refuse a file whose content is not what its name says, before a library guesses at it: some formats point to other files."""
    ending = path.suffix.lower()
    if ending not in MAGIC or path.is_dir():
        return
    with path.open("rb") as stream:
        head = stream.read(64)
    if ending in {".geojson", ".json"}:
        head = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head.startswith(MAGIC[ending]):
        raise FaultError(
            Words(f"内容不是 {ending[1:]} 格式", f"the content is not {ending[1:]}"),
            Words("重新导出，或把扩展名改对", "export it again, or correct the file name's ending"),
        )


def too_many_rows(count: int) -> FaultError:
    """Return the fault of a table with more rows than any county has."""
    return FaultError(
        Words("行数过多", "the table has too many rows"),
        Words("只保留本县的数据", "keep only the county's own rows"),
        value=str(count),
        expected=Words(f"不超过{MAX_ROWS:,}行", f"at most {MAX_ROWS:,} rows"),
    )


def _read_csv(path: Path) -> RawTable:
    check_file(path, most_bytes=MAX_CSV_BYTES)
    text = _decode(path.read_bytes())
    stream = io.StringIO(text, newline=None)  # makes \r and \r\n line ends \n
    headers: list[str] = []
    rows, numbers, first = [], [], True
    for number, cells in _csv_records(stream, _guess_delimiter(text)):
        if first:
            headers, first = [cell.strip() for cell in cells[:MAX_COLUMNS]], False
        elif any(cell.strip() for cell in cells):
            rows.append(tuple(cells[:MAX_COLUMNS]))
            numbers.append(number)
            if len(rows) > MAX_ROWS:
                raise too_many_rows(len(rows))
    return RawTable(headers, rows, numbers, above_header=[tuple(headers), *rows[:10]])


def _csv_records(stream: io.StringIO, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(stream, delimiter=delimiter, strict=True)
    try:
        yield from enumerate(reader, start=1)
    except csv.Error as error:
        raise FaultError(
            Words(f"第{reader.line_num}行附近引号或分隔符有误", f"quotes or separators are wrong near line {reader.line_num}"),
            Words("检查该行的引号是否成对", "check that the quotes of that line come in pairs"),
            value=str(error),
        ) from None


def _decode(raw: bytes) -> str:
    """Return the text of UTF-8 (with or without mark), UTF-16 with mark, or GB18030 bytes."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "gb18030")
    at = 0
    for encoding in encodings:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError as error:
            at = max(at, error.start)
        else:
            if "\x00" not in text:
                return text
            at = max(at, raw.find(b"\x00"))
    line = raw[:at].count(b"\n") + 1
    raise FaultError(
        Words(f"第{line}行附近有无法识别的字节", f"bytes near line {line} are neither UTF-8 nor GBK"),
        Words("在 Excel 中另存为“CSV UTF-8”", "save it as 'CSV UTF-8' in Excel"),
        value=raw[at : at + 8].hex(" "),
    )


def _guess_delimiter(text: str) -> str:
    head = text.lstrip("\r\n").splitlines()[:1] or [""]
    return max(",;\t", key=head[0].count)


def read_features(path: Path, layer: str | None, wanted: tuple[str, ...]) -> RawTable:
    """Return the rows of a GeoPackage, GeoJSON or shapefile with their geometry."""
    import pyarrow as pa
    import pyogrio
    from pyogrio.errors import CRSError, DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError
    from shapely.errors import ShapelyError

    library_faults = (
        CRSError,
        DataLayerError,
        DataSourceError,
        FeatureError,
        FieldError,
        GeometryError,
        ShapelyError,
        pa.ArrowException,
        KeyError,
        TypeError,
        ValueError,
        OverflowError,
        MemoryError,
        RuntimeError,
        UnicodeDecodeError,
        OSError,
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            chosen = _choose_layer(pyogrio.list_layers(path), layer, wanted)
            claimed = int(pyogrio.read_info(path, layer=chosen)["features"])
            if claimed > MAX_ROWS:
                raise too_many_rows(claimed)
            shape = path.suffix.lower() == ".shp"
            frame = pyogrio.read_dataframe(
                path,
                layer=chosen,
                max_features=MAX_ROWS + 1,
                use_arrow=not shape,
                datetime_as_string=True,
                encoding=_shape_encoding(path) if shape else None,
            )
        return _frame_to_raw(frame)
    except library_faults as error:
        raise unreadable(error) from None


def _choose_layer(layers: NDArray[np.object_], layer: str | None, wanted: tuple[str, ...]) -> str:
    names = [str(name) for name, _ in layers]
    if layer is not None and layer not in names:
        raise FaultError(
            Words("没有这个图层", "there is no such layer"),
            Words("sheet 改为现有的图层", "name one of the layers that exist"),
            value=layer,
            expected=Words("、".join(names), ", ".join(names)),
        )
    if layer is not None:
        return layer
    preferred = [name for name in names if name in wanted] or names
    if len(preferred) != 1:
        what = (
            Words("文件中没有图层", "the file holds no layer") if not names else Words("文件中有多个图层", "the file holds several layers")
        )
        raise FaultError(what, Words('用 sheet = "图层名" 指定', 'choose one with sheet = "layer name"'), value=", ".join(names) or None)
    return preferred[0]


def _shape_encoding(path: Path) -> str | None:
    table = next((part for part in (path.with_suffix(".dbf"), path.with_suffix(".DBF")) if part.is_file()), None)
    if table is None or path.with_suffix(".cpg").is_file():
        return None
    try:
        table.read_bytes()[32:].decode("utf-8")
    except UnicodeDecodeError:
        return "GB18030"
    return "UTF-8"


def _frame_to_raw(frame: Any) -> RawTable:  # noqa: ANN401 - a DataFrame or a GeoDataFrame
    import geopandas as gpd
    import pyarrow as pa

    geometry, crs = None, None
    if frame.index.name is not None:
        frame = frame.reset_index()
    if isinstance(frame, gpd.GeoDataFrame) and frame.active_geometry_name is not None:
        geometry, crs = frame.geometry.to_numpy(), frame.crs
        frame = frame.drop(columns=frame.geometry.name)
    try:
        cells = frame.astype(object).where(frame.notna(), None)
    except pa.ArrowException as error:  # text is only looked at now; what is no UTF-8 is damaged
        raise unreadable(error) from None
    headers = [str(header) for header in frame.columns]
    rows = list(cells.itertuples(index=False, name=None)) if headers else [()] * len(frame)
    return RawTable(headers, rows, list(range(2, len(frame) + 2)), geometry, crs)


def unreadable(error: BaseException) -> FaultError:
    """Return the fault of a file that a library cannot read."""
    return FaultError(
        Words("文件已损坏或不完整，无法读取", "the file is damaged or cut short and cannot be read"),
        Words("重新下载或重新导出该文件", "download or export the file again"),
        value=str(error)[:200] or type(error).__name__,
    )
