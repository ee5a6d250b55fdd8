"""One input file to one checked table: headers found, cells parsed, faults collected with the row a person sees."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from layout_planner.county.cells import is_blank, parse_cell
from layout_planner.county.columns import Column, Table
from layout_planner.county.faults import FaultError, Faults
from layout_planner.county.persons import plain_header, refuse_person_headers, refuse_person_values
from layout_planner.county.places import Places, place_points
from layout_planner.county.raw_files import RawTable, hash_file, read_raw
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from layout_planner.errors import Problem
    from layout_planner.scenario import TableFile

HEADER_SEARCH_ROWS = 12
SHAPEFILE_HEADER = 10
HALF_ALIKE = 0.5
TOTALS = {"合计", "总计", "小计", "共计", "全县合计", "total", "sum", "subtotal"}


@dataclass
class CheckedTable:
    """The columns of the spec that the file holds, one row an id; text where a cell is blank, NaN where a number is.

    `rows` are row numbers as a person sees them; `blanks` counts blank cells by column; `excluded` are ids left out on purpose.
    `lon` and `lat` are WGS 84 degrees where the table has places. `headers` are what the file calls its columns.
    """

    shown: str
    frame: pd.DataFrame
    key: str = ""
    rows: NDArray[np.int_] = field(default_factory=lambda: np.empty(0, dtype=int))
    blanks: dict[str, int] = field(default_factory=dict)
    defaults: dict[str, int] = field(default_factory=dict)
    excluded: dict[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    sha256: str = ""
    places: Places | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def called(self, name: str) -> str:
        """Return what the file calls a column; its name here, where it has none."""
        return self.headers.get(name, name)

    def faults(self) -> Faults:
        """Return a list for faults in the file, which names columns as the file does."""
        return Faults(self.shown, self.headers)

    @property
    def usable(self) -> bool:
        """Whether the table has rows that other tables can be compared with."""
        return len(self.frame) > 0


def read_table(file: TableFile, table: Table, folder: Path, *, numbers: Iterable[str] = (), ids: Iterable[str] = ()) -> CheckedTable:
    """Return the table in `file`, relative to `folder`, with every fault that was found in it.

    Parameters
    ----------
    numbers : further columns of the file that are read as numbers and kept under their name.
    ids : further optional columns that hold ids.
    """
    faults = Faults(file.path if file.sheet is None else f"{file.path}[{file.sheet}]")
    spec = _extend_spec(table, numbers, ids)
    path = folder / file.place
    try:
        raw = read_raw(path, file.sheet, (table.role, table.title.zh, table.title.en))
    except FaultError as fault:
        faults.place(fault)
        return CheckedTable(faults.file, pd.DataFrame(), problems=faults.problems)
    positions = _match_headers(raw, spec, file, faults)
    result = CheckedTable(faults.file, pd.DataFrame(), table.key or "", sha256=hash_file(path))
    if positions is not None:
        result.headers = {name: raw.headers[at] for name, at in positions.items() if raw.headers[at]}
        faults.headers = result.headers
        _Reader(raw, spec, file, faults, positions).fill(result)
    result.problems = faults.problems
    return result


def _extend_spec(table: Table, numbers: Iterable[str], ids: Iterable[str]) -> Table:
    known = {column.name for column in table.columns}
    more = [Column(name, "float", Words(name, name), required=True, least=0) for name in numbers if name not in known]
    more += [Column(name, "id", Words(name, name)) for name in ids if name not in known]
    return Table(table.role, table.title, table.key, (*table.columns, *more))


def _header_keys(text: str) -> list[str]:
    """Return what a header may be called: all of it, what stands before a bracket, what stands in it."""
    folded = unicodedata.normalize("NFKC", text)
    match = re.fullmatch(r"([^()]+)\(([^()]*)\)\s*", folded)
    return [plain_header(part) for part in ((folded, match[1], match[2]) if match else (folded,)) if plain_header(part)]


def _match_headers(raw: RawTable, spec: Table, file: TableFile, faults: Faults) -> dict[str, int] | None:
    """Return the position of every column of the spec that the file holds, or None when the file is no such table."""
    refuse_person_headers(raw.headers, faults)
    keys = [_header_keys(header) for header in raw.headers]
    positions: dict[str, int] = {}
    for column in spec.columns:
        found = _find_column(column, keys, raw, file, faults)
        if found is not None:
            positions[column.name] = found
    for name in file.columns:
        if name not in {column.name for column in spec.columns}:
            faults.add(
                Words("columns 中有未知的列名", "`columns` names a column that does not exist"),
                Words("见 layout-planner schema tables", "see `layout-planner schema tables`"),
                column=name,
            )
    if not positions and _name_header_row(raw, spec, faults):
        return None
    places: set[str] = {"lon", "lat"} if raw.geometry is None and spec.has_places else set()
    for column in spec.columns:
        needed = column.required or column.name in places
        if needed and column.name not in positions and column.name not in file.defaults:
            unused = [header for at, header in enumerate(raw.headers) if header and at not in positions.values()]
            _report_missing(column, raw, unused, faults)
    return positions


def _find_column(column: Column, keys: list[list[str]], raw: RawTable, file: TableFile, faults: Faults) -> int | None:
    mapped = file.columns.get(column.name)
    if mapped is not None:
        hits = [at for at, header in enumerate(keys) if plain_header(mapped) in header[:1]]
        if not hits:
            faults.add(
                Words("没有情景文件指定的列", "the column that the scenario names is not there"),
                Words("检查 columns 中的列名", "check the header written under `columns`"),
                row=1,
                column=mapped,
                expected=_listed(raw.headers),
            )
    else:
        hits = []
        for names in ((column.name,), column.aliases, (column.name[:SHAPEFILE_HEADER],) if raw.geometry is not None else ()):
            plain = {plain_header(name) for name in names}
            for depth in range(3):
                hits = hits or [at for at, header in enumerate(keys) if len(header) > depth and header[depth] in plain]
    if len(hits) > 1:
        faults.add(
            Words("有多列都像是这一列", "several columns could be this one"),
            Words("删去多余的列，或在 columns 中指定", "delete the others, or name one under `columns`"),
            row=1,
            column=column.name,
            value="; ".join(raw.headers[at] for at in hits),
        )
    return hits[0] if hits else None


def _listed(headers: list[str]) -> Words:
    text = ", ".join(header for header in headers[:20] if header) or "-"
    return Words(f"现有列：{text}", f"one of: {text}")


def _name_header_row(raw: RawTable, spec: Table, faults: Faults) -> bool:
    """Say in which row the header stands when it is not the first."""
    names = {plain_header(name) for column in spec.columns for name in (column.name, *column.aliases)}
    for number, row in zip(raw.numbers[:HEADER_SEARCH_ROWS], raw.rows, strict=False):
        known = sum(any(key in names for key in _header_keys(str(cell))) for cell in row if cell is not None)
        if known > 1:
            faults.add(
                Words(f"表头在第{number}行，应在第1行", f"the header is in row {number}; it must be in row 1"),
                Words("删除表头上方的各行", "delete the rows above the header"),
                row=number,
            )
            return True
    return False


def _report_missing(column: Column, raw: RawTable, unused: list[str], faults: Faults) -> None:
    accepted = ", ".join((column.name, *column.aliases))
    near = _nearest_header(column, unused)
    guess = Words(f"。也许是“{near}”", f". Perhaps it is '{near}'") if near else Words("", "")
    faults.add(
        Words(f"缺少必需的列：{column.meaning.zh}", f"a required column is missing: {column.meaning.en}"),
        Words(
            f"增加该列，或在 columns 中写明它的列名。现有列：{', '.join(raw.headers[:30]) or '无'}{guess.zh}",
            f"add it, or name its header under `columns`. The file has: {', '.join(raw.headers[:30]) or 'none'}{guess.en}",
        ),
        row=1,
        column=column.name,
        expected=Words(accepted, accepted),
    )


def _nearest_header(column: Column, headers: list[str]) -> str:
    """Return the header that is most like a name of the column, "" where none is half alike."""
    names = [plain_header(name) for name in (column.name, *column.aliases)]
    plain = {plain_header(header): header for header in headers}
    alike = {key: max(SequenceMatcher(None, key, name).ratio() for name in names) for key in plain}
    best = max(alike, key=alike.__getitem__, default="")
    return plain[best] if best and alike[best] >= HALF_ALIKE else ""


class _Reader:
    """Parse the cells of one table whose columns have been found."""

    def __init__(self, raw: RawTable, spec: Table, file: TableFile, faults: Faults, positions: dict[str, int]) -> None:
        self.raw, self.spec, self.file, self.faults, self.positions = raw, spec, file, faults, positions

    def fill(self, result: CheckedTable) -> None:
        """Put the parsed rows into `result`."""
        self._refuse_merged()
        codes = {at for name, at in self.positions.items() if self.spec.column(name).kind == "id"}
        refused = refuse_person_values(self.raw, codes, self.faults)
        self.positions = {name: at for name, at in self.positions.items() if at not in refused}
        if not self.raw.rows:
            self.faults.add(Words("表中没有数据行", "the table has no rows"), Words("填入数据后重新保存", "fill it in and save it again"))
        self._refuse_totals()
        kept = self._drop_excluded(result)
        self.raw.rows = [self.raw.rows[at] for at in kept]
        result.rows = np.array([self.raw.numbers[at] for at in kept], dtype=int)
        if self.raw.geometry is not None:
            self.raw.geometry = self.raw.geometry[kept]
        result.frame = pd.DataFrame(
            {name: self._parse_column(self.spec.column(name), result) for name in self._names()}, index=range(len(kept))
        )
        self._name_by_key(result.frame)
        if self.spec.has_places and kept:
            result.places = place_points(self.raw, result.frame, result.rows, self.file.crs, self.faults)
            result.frame["lon"], result.frame["lat"] = result.places.lon, result.places.lat
        if self.spec.key is not None and self.spec.key in result.frame:
            self._refuse_doubles(result)

    def _refuse_totals(self) -> None:
        """Report rows that sum up others, once each, and read no more of them."""
        if self.spec.key is None:
            return
        sums = [at for at, row in enumerate(self.raw.rows) if any(isinstance(cell, str) and plain_header(cell) in TOTALS for cell in row)]
        for at in sums:
            self.faults.add(
                Words("这是合计行", "this row is a total of others"),
                Words("删除合计行，只留每个地点一行", "delete it: one row a place, and no sums"),
                row=self.raw.numbers[at],
            )
        kept = np.setdiff1d(np.arange(len(self.raw.rows)), sums)
        self.raw.rows, self.raw.numbers = [self.raw.rows[at] for at in kept], [self.raw.numbers[at] for at in kept]
        if self.raw.geometry is not None:
            self.raw.geometry = self.raw.geometry[kept]

    def _names(self) -> list[str]:
        known = {column.name for column in self.spec.columns}
        for name in sorted(set(self.file.defaults) - known):
            self.faults.add(
                Words("defaults 中有未知的列名", "`defaults` names a column that does not exist"),
                Words("见 layout-planner schema tables", "see `layout-planner schema tables`"),
                column=name,
            )
        return [column.name for column in self.spec.columns if column.name in self.positions or column.name in self.file.defaults]

    def _drop_excluded(self, result: CheckedTable) -> list[int]:
        """Return the positions of the rows that stay."""
        everything = list(range(len(self.raw.rows)))
        if not self.file.exclude or self.spec.key is None or self.spec.key not in self.positions:
            return everything
        column, ids = self.spec.column(self.spec.key), self.raw.column(self.positions[self.spec.key])
        kept = []
        for at in everything:
            try:
                name = "" if is_blank(ids[at], "id") else parse_cell(ids[at], column)
            except FaultError:
                name = ""
            if name in self.file.exclude:
                result.excluded[name] = self.file.exclude[name]
            else:
                kept.append(at)
        for name in sorted(set(self.file.exclude) - set(result.excluded)):
            self.faults.add(
                Words("exclude 中的编号在表中不存在", "`exclude` names an id that is not in the table"),
                Words("核对编号，或从 exclude 中删去", "check the id, or take it out of `exclude`"),
                column=self.spec.key,
                value=name,
            )
        return kept

    def _parse_column(self, column: Column, result: CheckedTable) -> pd.Series[Any]:
        cells: list[Any] = self.raw.column(self.positions[column.name]) if column.name in self.positions else [None] * len(self.raw.rows)
        default, values = self._default(column), []
        for number, cell in zip(result.rows, cells, strict=True):
            if not is_blank(cell, column.kind):
                try:
                    values.append(parse_cell(cell, column))
                except FaultError as fault:
                    values.append(_nothing(column))
                    self.faults.place(fault, row=int(number), column=column.name)
                continue
            values.append(_nothing(column) if default is None else default)
            counted = result.blanks if default is None else result.defaults
            counted[column.name] = counted.get(column.name, 0) + 1
            if default is None and column.required and column.kind != "float":
                self.faults.add(
                    Words("必填的单元格是空的", "a required cell is empty"),
                    Words("补填该单元格", "fill it in"),
                    row=int(number),
                    column=column.name,
                    expected=column.meaning,
                )
        numeric = column.kind in {"int", "float", "lon", "lat", "time"}
        return pd.Series(values, dtype=float if numeric else object)

    def _name_by_key(self, frame: pd.DataFrame) -> None:
        """Write the row's id where a default asks for it, as `{school_id}`, so that places without a name can be told apart."""
        key = self.spec.key or ""
        for name, default in self.file.defaults.items():
            if key in frame and name in frame and f"{{{key}}}" in str(default):
                filled = frame[name] == default
                frame.loc[filled, name] = [str(default).replace(f"{{{key}}}", at) for at in frame.loc[filled, key]]

    def _default(self, column: Column) -> Any:  # noqa: ANN401 - the value of any column
        if column.name not in self.file.defaults:
            return None
        try:
            return parse_cell(self.file.defaults[column.name], column)
        except FaultError as fault:
            self.faults.place(fault, column=f"defaults.{column.name}")
            return None

    def _refuse_doubles(self, result: CheckedTable) -> None:
        first: dict[str, int] = {}
        for number, name in zip(result.rows, result.frame[self.spec.key], strict=True):
            if name and name in first:
                self.faults.add(
                    Words(f"编号重复：第{first[name]}行和第{number}行", f"the id stands twice: rows {first[name]} and {number}"),
                    Words("每行用不同的编号，或删去重复的行", "give every row its own id, or delete the double"),
                    row=int(number),
                    column=self.spec.key,
                    value=name,
                )
            elif name:
                first[name] = int(number)

    def _refuse_merged(self) -> None:
        used = {at + 1: name for name, at in self.positions.items()}
        last = max(self.raw.numbers, default=1)
        for coordinates, first_row, _last_row, first_column, last_column in self.raw.merged:
            touched = [used[at] for at in range(first_column, min(last_column, max(used, default=0)) + 1) if at in used]
            if touched and first_row <= last:
                self.faults.add(
                    Words(f"数据区有合并单元格 {coordinates}", f"cells {coordinates} are merged"),
                    Words("取消合并，并在每一行填入各自的值", "unmerge them and fill in every row"),
                    row=first_row,
                    column=touched[0],
                    value=coordinates,
                )


def _nothing(column: Column) -> Any:  # noqa: ANN401 - the blank of any kind
    return {"text": "", "id": "", "date": "", "choice": "", "bool": None, "grades": (), "times": ()}.get(column.kind, np.nan)
