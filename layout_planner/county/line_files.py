"""The public lines of a scenario, from a GTFS feed or a table, with what was found wrong and what must be known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from layout_planner.county import checks
from layout_planner.county.faults import FaultError, Faults
from layout_planner.county.gaps import note_gaps, note_lines
from layout_planner.county.line_tables import lines_from_table
from layout_planner.county.model import Source
from layout_planner.county.raw_files import check_file, hash_file
from layout_planner.county.table_files import read_table
from layout_planner.county.tables import LINES
from layout_planner.scenario import GtfsFile

if TYPE_CHECKING:
    from pathlib import Path

    from layout_planner.county.model import Note, TransitLines
    from layout_planner.county.table_files import CheckedTable
    from layout_planner.errors import Problem
    from layout_planner.scenario import TableFile


@dataclass(frozen=True)
class LinesRead:
    """What a file of lines gave; `lines` is None where it has faults."""

    lines: TransitLines | None
    problems: tuple[Problem, ...]
    sources: tuple[Source, ...] = ()
    notes: tuple[Note, ...] = ()


def read_lines(file: TableFile | GtfsFile, folder: Path, crs: str, places: tuple[CheckedTable, ...]) -> LinesRead:
    """Return the lines in `file`, relative to `folder`; `places` are the tables that say where the county is."""
    return _read_feed(file, folder, crs, places) if isinstance(file, GtfsFile) else _read_table(file, folder, crs)


def _read_table(file: TableFile, folder: Path, crs: str) -> LinesRead:
    table = read_table(file, LINES, folder)
    if table.problems or not table.usable:
        return LinesRead(None, table.problems)
    faults = table.faults()
    lines = lines_from_table(table, crs, faults)
    if lines is None:
        return LinesRead(None, faults.problems)
    source = Source("lines", file.path, table.sha256, len(table.frame))
    return LinesRead(lines, (), (source,), (*note_gaps("lines", table), note_lines(lines)))


def _read_feed(file: GtfsFile, folder: Path, crs: str, places: tuple[CheckedTable, ...]) -> LinesRead:
    from layout_planner.county.gtfs import read_gtfs

    path, box = folder / file.path, checks.box_of(places)
    try:
        check_file(path)
    except FaultError as fault:
        faults = Faults(file.path)
        faults.place(fault)
        return LinesRead(None, faults.problems)
    if box is None:
        return LinesRead(None, ())
    lines, notes, faults = read_gtfs(path, file, crs, box)
    if lines is None:
        return LinesRead(None, faults.problems)
    source = Source("gtfs", file.path, hash_file(path), len(lines.calls))
    return LinesRead(lines, (), (source,), (*notes, note_lines(lines)))
