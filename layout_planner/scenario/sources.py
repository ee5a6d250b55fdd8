"""Where the data of a scenario are: files, or tables of a database. Opens neither."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator
from pydantic_core import PydanticCustomError

if TYPE_CHECKING:
    from pathlib import Path

TABLE_NAME = r"""^[^."'/\\\x00]{1,63}(\.[^."'/\\\x00]{1,63})?$"""
SECRET = re.compile(r"//[^/@\s]*@|\bpass(word|wd)\s*=\s*\S+", re.IGNORECASE)


class Strict(BaseModel):
    """Frozen settings that refuse unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Located(Strict):
    """Where a file is: a path, or a table of a PostGIS database, which is copied into a file for the time of reading.

    `path` is the name in all messages and results; for a table of a database it is made from the table's name and says nothing of the
    server. How to connect is never written into a result.
    """

    path: str = Field(default="", description="a file; for parquet also a folder of parts")
    postgis: str | None = Field(
        default=None,
        exclude=True,
        description="a PostGIS database instead of a file: service=NAME or postgresql://[user@]host/database; never with a password, "
        "which libpq takes from ~/.pgpass, PGPASSWORD or the service file",
    )
    table: str | None = Field(default=None, exclude=True, pattern=TABLE_NAME, description="table or view of the database, schema.name")
    query: str | None = Field(default=None, exclude=True, max_length=20_000, description="a SELECT of the database instead of `table`")
    _copy: str = PrivateAttr(default="")

    @model_validator(mode="before")
    @classmethod
    def _name_source(cls, said: Any) -> Any:  # noqa: ANN401 - anything TOML can hold
        """Refuse what names no source or several, and name a table of a database by its path."""
        if not isinstance(said, dict):
            return said
        database = said.get("postgis")
        asked = [name for name in ("table", "query") if said.get(name) is not None]
        if database is None:
            if asked:
                raise _refuse("table 和 query 需要 postgis", "`table` and `query` need `postgis`")
            if "path" not in said:
                raise _refuse("写明文件（path）或数据库（postgis）", "name a file (`path`) or a database (`postgis`)")
            return said
        if said.get("path"):
            raise _refuse("文件（path）和数据库（postgis）只写一个", "name either a file (`path`) or a database (`postgis`), not both")
        if len(asked) != 1:
            raise _refuse("postgis 之外写明 table 或 query，只写一个", "with `postgis` name either a `table` or a `query`")
        if not isinstance(database, str) or holds_password(database):
            raise _refuse(
                "postgis 写成 service=名称 或 postgresql://[用户@]主机/数据库，不写密码",
                "write service=NAME or postgresql://[user@]host/database in `postgis`, without a password",
            )
        return {**said, "path": _name_database_table(said)}

    @property
    def place(self) -> str:
        """Return what is opened: the file, or the copy of a table of a database."""
        return self._copy or self.path

    def copied_to(self, place: Path) -> Self:
        """Return this source with the copy of its table at `place`."""
        copied = self.model_copy()
        copied._copy = str(place)  # noqa: SLF001 - one of its own kind
        return copied


def holds_password(connection: str) -> bool:
    """Return whether a connection string holds a password, or is none that could be looked into."""
    if not re.match(r"postgres(ql)?://|\w+\s*=", connection):
        return True
    try:
        named = urlsplit(connection).password if "://" in connection else None
    except ValueError:
        return True
    return named is not None or re.search(r"pass(word|wd)\s*=", connection, re.IGNORECASE) is not None


def _refuse(zh: str, en: str) -> PydanticCustomError:
    """Return a fault that does not repeat what was written, which may hold a secret."""
    return PydanticCustomError("source", en, {"zh": zh})


def _name_database_table(said: dict[str, Any]) -> str:
    if said.get("table") is not None:
        return "postgis:" + str(said["table"]).replace(".", "/")
    return "postgis:query-" + hashlib.sha256(str(said["query"]).encode()).hexdigest()[:8]
