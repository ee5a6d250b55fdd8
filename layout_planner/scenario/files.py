"""Read a scenario's TOML file with its parents, bounded in size and depth. Opens no data file."""

from __future__ import annotations

import errno
import os
import re
import stat
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from layout_planner.errors import Problem, ScenarioError
from layout_planner.scenario.checks import find_contradictions
from layout_planner.scenario.settings import Scenario
from layout_planner.scenario.sources import SECRET
from layout_planner.words import Words

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

MAX_PARENTS = 10
MAX_TOML_BYTES = 1_000_000
MAX_DEPTH = 20
_LONG_KEY = re.compile(rb"(?:[^\s.=\[\]]+[ \t]*\.[ \t]*){50}")


def read_scenario(path: str | Path, *, data_dir: str | Path | None = None) -> Scenario:
    """Return the scenario at `path` with its parents merged in.

    Parameters
    ----------
    path : file of one scenario (TOML).
    data_dir : folder to use instead of the scenario's `[data] dir`, relative to the working folder.

    Raises
    ------
    ScenarioError : the file is missing, is no TOML, or has unknown, missing or wrong keys (all are listed).
    """
    path = Path(path)
    merged = _read_with_parents(path, ())
    folder = Path(os.path.realpath(path)).parent
    if data_dir is not None and isinstance(merged.get("data"), dict):
        merged["data"] = {**merged["data"], "dir": str(Path(data_dir).resolve())}
    try:
        scenario = Scenario.model_validate({**merged, "folder": folder})
    except ValidationError as error:
        raise ScenarioError([_as_problem(path, fault) for fault in error.errors()]) from None
    problems = find_contradictions(path, scenario)
    if problems:
        raise ScenarioError(problems)
    return scenario


def _read_with_parents(path: Path, children: tuple[Path, ...]) -> dict[str, Any]:
    resolved = Path(os.path.realpath(path))  # unlike Path.resolve it bears links in a circle
    if resolved in children or len(children) >= MAX_PARENTS:
        raise ScenarioError(
            [
                Problem(
                    str(path),
                    Words("extends 互相引用", "`extends` runs in a circle"),
                    Words("删除其中一个 extends", "remove one of the `extends` lines"),
                )
            ]
        )
    content = read_toml(path)
    parent = content.pop("extends", None)
    if parent is None:
        return content
    if not isinstance(parent, str):
        raise ScenarioError(
            [
                Problem(
                    str(path),
                    Words("extends 不是文件名", "`extends` is not a file name"),
                    Words('写成 extends = "base.toml"', 'write extends = "base.toml"'),
                    column="extends",
                    value=str(parent),
                )
            ]
        )
    return _merge(_read_with_parents(path.parent / parent, (*children, resolved)), content)


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file.

    Raises
    ------
    ScenarioError : it is missing, no regular file, too large, not UTF-8, or no TOML.
    """
    try:
        return _parse_bounded(_read_bounded(path))
    except UnicodeDecodeError:
        fault = Words("情景文件不是 UTF-8 编码", "the scenario file is not UTF-8 text")
        cure = Words("另存为 UTF-8", "save it as UTF-8")
    except (OSError, ValueError) as error:
        if isinstance(error, tomllib.TOMLDecodeError):
            fault = Words(f"TOML 语法错误：{error}", f"not valid TOML: {error}")
            cure = Words("改正所示行列", "mend the line and column shown")
        else:
            fault = Words("找不到或无法读取情景文件", "the scenario file is missing or cannot be read")
            cure = Words("检查路径和权限", "check the path and the permissions")
    except RecursionError:
        fault = Words("不是有效的 TOML：嵌套过深", "not valid TOML: it is nested too deeply")
        cure = Words("改正括号", "mend the brackets")
    raise ScenarioError([Problem(str(path), fault, cure)])


def _parse_bounded(raw: bytes) -> dict[str, Any]:
    """Return the content of TOML bytes; RecursionError for tables in tables beyond what any scenario has.

    A key of very many parts is refused before it is parsed, for the parser's memory grows with the square of their number.
    """
    if _LONG_KEY.search(raw):
        raise RecursionError
    content = tomllib.loads(raw.decode("utf-8-sig"))
    level: list[Any] = [content]
    for _ in range(MAX_DEPTH):
        level = [inner for part in level for inner in (part.values() if isinstance(part, dict) else part) if isinstance(inner, dict | list)]
        if not level:
            return content
    raise RecursionError


def _read_bounded(path: Path) -> bytes:
    """Return the bytes of a regular file; a device, or more than any scenario holds, is not read to its end."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "no regular file")
    with path.open("rb") as stream:
        content = stream.read(MAX_TOML_BYTES + 1)
    if len(content) > MAX_TOML_BYTES:
        raise OSError(errno.EFBIG, "too large for a scenario")
    return content


def _merge(parent: dict[str, Any], child: dict[str, Any]) -> dict[str, Any]:
    merged = dict(parent)
    for key, value in child.items():
        both_tables = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merge(merged[key], value) if both_tables else value
    return merged


def _as_problem(path: Path, fault: ErrorDetails) -> Problem:
    key = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        what, hint = (
            Words("未知的键", "unknown key"),
            Words("检查拼写；见 layout-planner schema scenario", "check the spelling; see `layout-planner schema scenario`"),
        )
    elif fault["type"] == "missing":
        what, hint = Words("缺少必需的键", "a required key is missing"), Words("补上该键", "add the key")
    elif fault["type"] == "source":
        what, hint = Words(fault["ctx"]["zh"], fault["msg"]), Words("见 docs/databases.md", "see docs/databases.md")
    else:
        what, hint = Words(f"值不合要求：{fault['msg']}", f"wrong value: {fault['msg']}"), Words("改正该值", "correct the value")
    value = None if fault["type"] in {"missing", "source"} else SECRET.sub("…", str(fault["input"]))
    return Problem(str(path), what, hint, column=key, value=value)
