"""Tables of a PostGIS database, copied into files for the time of reading; from there every reader takes them like any other file.

All tables of one database are read in one transaction that may only read, so that they fit each other. How to connect is libpq's affair
(service file, ~/.pgpass, environment): no password passes through here. Rows are sorted by what they hold, so that the same content
gives the same copy in whatever order the server sends it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import tempfile
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from layout_planner.county.faults import FaultError, Faults
from layout_planner.county.raw_files import MAX_ROWS, too_many_rows
from layout_planner.errors import Problem, raise_problems
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd
    from sqlalchemy import Connection

    from layout_planner.scenario import Scenario
    from layout_planner.scenario.sources import Located

CONNECT_S = 15
LONGEST_MS = 600_000  # one table
MISSING = Words('读取数据库需要：pip install "layout-planner[postgis]"', 'a database is read with: pip install "layout-planner[postgis]"')
PLACE_TYPES = "SELECT oid FROM pg_type WHERE typname IN ('geometry', 'geography')"
PLAIN = (str, int, float, bool, dt.date, dt.datetime)


@contextlib.contextmanager
def local_copies(scenario: Scenario, on_step: Callable[[Words], None] | None = None) -> Iterator[Scenario]:
    """Yield `scenario` with every table of a database in a file that is there until the block ends.

    Raises
    ------
    InputError : a database does not answer, or a table cannot be read; all that were found.
    """
    asked = {role: source for role, source in scenario.data.located().items() if source.postgis is not None}
    if not asked:
        yield scenario
        return
    problems: list[Problem] = []
    with tempfile.TemporaryDirectory(prefix="layout-planner-", ignore_cleanup_errors=True) as folder:
        copies: dict[str, Located] = {}
        for connection in dict.fromkeys(source.postgis for source in asked.values()):
            if on_step is not None:
                on_step(Words("读取数据库", "reading the database"))
            group = {role: source for role, source in asked.items() if source.postgis == connection}
            copies |= _copy_tables(str(connection), group, Path(folder), problems)
        raise_problems(problems)
        yield scenario.model_copy(update={"data": scenario.data.model_copy(update=copies)})


def _copy_tables(connection: str, sources: dict[str, Located], folder: Path, problems: list[Problem]) -> dict[str, Located]:
    """Return the sources of one database with their copies in `folder`; faults are added to `problems`."""
    copies = {}
    first = Faults(next(iter(sources.values())).path)
    try:
        with _open(connection) as session:
            for role, source in sources.items():
                faults = Faults(source.path)
                try:
                    _copy_table(session, source, folder / f"{role}.parquet")
                    copies[role] = source.copied_to(folder / f"{role}.parquet")
                except FaultError as fault:
                    faults.place(fault)
                problems.extend(faults.problems)
    except FaultError as fault:
        first.place(fault)
        problems.extend(first.problems)
    return copies


@contextlib.contextmanager
def _open(connection: str) -> Iterator[Connection]:
    """Yield a connection within one transaction that may only read.

    Raises
    ------
    FaultError : the libraries are missing, or the database does not answer.
    """
    try:
        import psycopg
        import sqlalchemy
    except ImportError:
        raise FaultError(Words("缺少读取数据库的程序库", "the libraries that read a database are missing"), MISSING) from None

    def connect() -> psycopg.Connection[Any]:
        opened = psycopg.connect(connection, connect_timeout=CONNECT_S, application_name="layout-planner")
        opened.read_only, opened.isolation_level = True, psycopg.IsolationLevel.REPEATABLE_READ
        return opened

    engine = sqlalchemy.create_engine("postgresql+psycopg://", creator=connect, poolclass=sqlalchemy.NullPool)
    try:
        session = engine.connect()
        session.exec_driver_sql(f"SET LOCAL statement_timeout = {LONGEST_MS}")
    except (sqlalchemy.exc.DBAPIError, psycopg.Error, UnicodeError) as error:
        raise FaultError(
            Words("连不上数据库", "the database does not answer"),
            Words(
                "检查服务名、网络和权限；密码放在 ~/.pgpass 或 PGPASSWORD",
                "check service, network and rights; passwords belong in ~/.pgpass",
            ),
            value=_first_line(error),
        ) from None
    with session:
        yield session


def _copy_table(session: Connection, source: Located, place: Path) -> None:
    import geopandas as gpd
    import pandas as pd
    import psycopg
    from pandas.errors import DatabaseError
    from pyproj.exceptions import CRSError
    from shapely.errors import ShapelyError
    from sqlalchemy.exc import SQLAlchemyError

    asked = _select(source)
    most = {"most": MAX_ROWS + 1}
    try:
        with session.begin_nested():  # what fails here spoils no other table
            column = _find_places(session, asked)
            read = partial(gpd.read_postgis, geom_col=column) if column else pd.read_sql_query
            frame = read(asked, session, params=most)
        if len(frame) > MAX_ROWS:
            raise too_many_rows(len(frame))
        _settle(frame).to_parquet(place, index=False)
    except (SQLAlchemyError, psycopg.Error, DatabaseError, CRSError, ShapelyError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise FaultError(
            Words("无法读取数据库中的表", "the table of the database cannot be read"),
            Words("检查表名、SELECT 语句和读取权限", "check the table's name, the SELECT and the right to read"),
            value=_first_line(error),
        ) from None


def _select(source: Located) -> str:
    """Return the one SELECT for `source`, in psycopg's language, with room for the number of rows.

    A parameter makes the server take a single statement only, and as a part of a SELECT the query can be nothing but one.
    """
    from psycopg import sql

    if source.table is not None:
        inside = sql.Identifier(*source.table.split(".")).as_string()
    else:
        inside = "(\n" + str(source.query).strip().rstrip(";") + "\n) AS asked"
    return "SELECT * FROM " + inside.replace("%", "%%") + " LIMIT %(most)s"  # noqa: S608 - the user's own query, held to reading


def _find_places(session: Connection, asked: str) -> str | None:
    """Return the name of the one column of places, None where there is none."""
    kinds = {row[0] for row in session.exec_driver_sql(PLACE_TYPES)}
    cursor = session.exec_driver_sql(asked, {"most": 0}).cursor
    found = [column[0] for column in (cursor.description or ()) if column[1] in kinds]
    if len(found) > 1:
        raise FaultError(
            Words("有多列几何", "there are several columns of places"),
            Words("用 query 只选一列", "choose one with a `query`"),
            value=", ".join(found),
        )
    return found[0] if found else None


def _settle(frame: pd.DataFrame) -> pd.DataFrame:
    """Return `frame` with cells that any table file may hold, in an order that follows from them."""
    for name in frame.columns:
        if frame[name].dtype == object:
            frame[name] = frame[name].map(_plain_cell, na_action="ignore")
    shown = [frame[name].to_wkb() if hasattr(frame[name], "to_wkb") else frame[name] for name in frame.columns]
    keys = [tuple(map(str, row)) for row in zip(*shown, strict=True)]
    return frame.iloc[sorted(range(len(frame)), key=keys.__getitem__)].reset_index(drop=True)


def _plain_cell(cell: object) -> object:
    if isinstance(cell, Decimal):
        return float(cell)
    return cell if isinstance(cell, PLAIN) else str(cell)


def _first_line(error: BaseException) -> str:
    """Return what the server said, without the statement that pandas and SQLAlchemy repeat around it."""
    while error.__cause__ is not None:
        error = error.__cause__
    said = str(error).strip().splitlines()
    return said[0][:200] if said else type(error).__name__
