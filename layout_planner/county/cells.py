"""One cell of a table to one value, by the kind of its column. Every refusal says what would have been right."""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from typing import TYPE_CHECKING, Any

from layout_planner.county.columns import name_unit
from layout_planner.county.faults import FaultError
from layout_planner.county.raw_files import BadCell
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable

    from layout_planner.county.columns import Column

BLANKS = {"", "-", "--", "—", "——", "/", "无", "na", "n/a", "nan", "none", "null", "空"}
YES = {"是", "有", "yes", "y", "true", "t", "1", "√", "✓", "对"}
NO = {"否", "无", "没有", "no", "n", "false", "f", "0", "×", "x", "✗"}
MAX_TEXT = 1000
MAX_ID = 64
EXACT_DIGITS = 15
NUMBER = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d*)?|[+-]?\.\d+")
SCIENTIFIC = re.compile(r"[+-]?\d+(\.\d+)?[eE][+-]?\d+")
DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?([T ]00:00(:00(\.0+)?)?)?")
DAY_DIGITS = re.compile(r"(\d{4})(\d{2})(\d{2})")
DEGREES = re.compile(
    r"([NSEW]|[东西]经|[南北]纬)?\s*(\d{1,3})\s*[°度]\s*(?:(\d{1,2})\s*['′分]\s*)?"
    r"(?:(\d{1,2}(?:\.\d+)?)\s*(?:[\"秒]|''|′′)\s*)?([NSEW])?"
)
GRADE_RANGE = re.compile(r"(\d)(?:[-~到至—–](\d))?")
EARLIEST_YEAR, LATEST_YEAR = 1990, 2100
CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
LATEST_HOUR = 30  # a late run may end after midnight


def is_blank(value: Any, kind: str) -> bool:  # noqa: ANN401 - a cell holds anything
    """Return whether a cell counts as empty; a dash or slash is empty except in text, `无` is a no where a yes or no is asked."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return True
    if not isinstance(value, str):
        return False
    plain = value.strip().casefold()
    if kind in {"text", "id"}:
        return not plain or plain in {"nan", "-", "—", "/"}
    return plain in BLANKS and not (kind == "bool" and plain == "无")


def parse_cell(value: Any, column: Column) -> Any:  # noqa: ANN401
    """Return the value of a cell that is not blank.

    Raises
    ------
    FaultError : the cell does not hold what the column asks for.
    """
    if isinstance(value, BadCell):
        raise value.fault
    return PARSERS[column.kind](value, column)


def tidy(value: Any) -> str:  # noqa: ANN401
    """Return a cell as text without control characters, ends trimmed."""
    text = value if isinstance(value, str) else _number_as_text(value)
    if text.isprintable():
        return text.strip()
    kept = (" " if unicodedata.category(letter) == "Cc" else "" if letter in "\u200b\ufeff" else letter for letter in text)
    return "".join(kept).strip()


def _number_as_text(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**EXACT_DIGITS:
        return str(int(value))
    return str(value)


def _parse_text(value: Any, _column: Column) -> str:  # noqa: ANN401
    text = tidy(value)
    if len(text) > MAX_TEXT:
        raise FaultError(
            Words("文字过长", "the text is too long"),
            Words("缩短该文字", "shorten it"),
            value=text[:60],
            expected=Words(f"不超过{MAX_TEXT}字", f"at most {MAX_TEXT} characters"),
        )
    return text


def _parse_id(value: Any, _column: Column) -> str:  # noqa: ANN401
    if isinstance(value, bool | dt.datetime | dt.date | dt.time):
        raise _mangled(value)
    if isinstance(value, float) and not value.is_integer():
        raise FaultError(
            Words("编号不是整数", "the id is not a whole number"), Words("改成原来的编号", "put the original id back"), value=str(value)
        )
    if isinstance(value, int | float) and abs(value) >= 10**EXACT_DIGITS:
        raise _mangled(f"{value:.0f}" if isinstance(value, float) else value)
    text = unicodedata.normalize("NFKC", tidy(value))
    if SCIENTIFIC.fullmatch(text):
        raise _mangled(text)
    if len(text) > MAX_ID:
        raise FaultError(Words("编号过长", "the id is too long"), Words("缩短编号", "shorten the id"), value=text[:60])
    return re.sub(r"(?<=\d)\.0+$", "", text)


def _mangled(value: object) -> FaultError:
    return FaultError(
        Words("Excel 改动了编号", "Excel has changed the id"),
        Words("把该列设为“文本”格式后重新填入编号", "format the column as text, then type or paste the id again"),
        expected=Words("文本，如 2152000101", "text, such as 2152000101"),
        value=str(value),
    )


def parse_number(value: Any) -> float:  # noqa: ANN401
    """Return a cell as a finite number; full-width digits and thousands commas are read, units are not."""
    if isinstance(value, dt.datetime | dt.date | dt.time | dt.timedelta):
        raise FaultError(
            Words("这里是日期，不是数字", "this is a date, not a number"),
            Words("把单元格格式改为“数值”", "change the cell's format to number"),
            value=str(value),
        )
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = float(value)
    else:
        text = unicodedata.normalize("NFKC", tidy(value))
        if not (NUMBER.fullmatch(text) or SCIENTIFIC.fullmatch(text)) or isinstance(value, bool):
            raise FaultError(
                Words("不是数字", "this is not a number"),
                Words("只填数字，不带单位或文字", "type digits only, without unit or words"),
                value=text,
            )
        number = float(text.replace(",", ""))
    if not math.isfinite(number):
        raise FaultError(Words("不是有限的数", "this is not a finite number"), Words("改正该值", "correct the value"), value=str(value))
    return number


def _in_range(number: float, column: Column, shown: str) -> float:
    low, high = column.least, column.most
    if not ((low is None or number >= low) and (high is None or number <= high)):
        span, unit = f"{'' if low is None else f'{low:g}'}-{'' if high is None else f'{high:,.0f}'}", name_unit(column.unit)
        what = Words("数值不能为负", "the value may not be negative") if number < 0 and low == 0 else Words("数值超出范围", "out of range")
        raise FaultError(
            what, Words("核对后改正", "check and correct it"), expected=Words(span + unit.zh, f"{span} {unit.en}".strip()), value=shown
        )
    return number


def _parse_int(value: Any, column: Column) -> int:  # noqa: ANN401
    number = parse_number(value)
    if not number.is_integer():
        raise FaultError(
            Words("人数或件数须为整数", "a count must be a whole number"), Words("填整数", "type a whole number"), value=str(value)
        )
    return int(_in_range(number, column, str(value)))


def _parse_float(value: Any, column: Column) -> float:  # noqa: ANN401
    return _in_range(parse_number(value), column, str(value))


def _parse_degrees(value: Any, _column: Column) -> float:  # noqa: ANN401
    """Return a coordinate as a number; the range is judged later, when the datum is known."""
    match = DEGREES.fullmatch(unicodedata.normalize("NFKC", tidy(value)).upper()) if isinstance(value, str) else None
    if match is None:
        return parse_number(value)
    before, whole, minutes, seconds, after = match.groups()
    size = int(whole) + int(minutes or 0) / 60 + float(seconds or 0) / 3600
    return -size if before in {"S", "W", "南纬", "西经"} or after in {"S", "W"} else size


def _parse_bool(value: Any, _column: Column) -> bool:  # noqa: ANN401
    plain = unicodedata.normalize("NFKC", tidy(value)).casefold()
    if plain in YES:
        return True
    if plain in NO:
        return False
    raise FaultError(
        Words("不是“是”或“否”", "this is neither yes nor no"),
        Words("填“是”或“否”", "type yes or no"),
        expected=Words("是 / 否", "yes / no"),
        value=plain,
    )


def _parse_choice(value: Any, column: Column) -> str:  # noqa: ANN401
    plain = unicodedata.normalize("NFKC", tidy(value)).casefold().replace(" ", "_")
    for choice, words in zip(column.choices, column.choice_words, strict=True):
        if plain in {choice, words.zh, words.en.casefold().replace(" ", "_")}:
            return choice
    also = dict(column.choice_aliases)
    if plain in also:
        return also[plain]
    raise FaultError(
        Words("不在可选值之内", "this is not one of the choices"),
        Words("从可选值中选一个", "use one of the choices"),
        expected=Words("、".join(words.zh for words in column.choice_words), ", ".join(column.choices)),
        value=plain,
    )


def _parse_grades(value: Any, _column: Column) -> tuple[int, ...]:  # noqa: ANN401
    if isinstance(value, dt.datetime | dt.date):
        raise FaultError(
            Words("Excel 把年级改成了日期", "Excel has changed the grades into a date"),
            Words("把该列设为“文本”格式后重新填入，如 1-6", "format the column as text, then type it again, such as 1-6"),
            value=str(value),
        )
    text = unicodedata.normalize("NFKC", tidy(value)).replace("年级", "").replace(" ", "")
    grades: set[int] = set()
    for part in re.split(r"[,;、，；]", text):
        match = GRADE_RANGE.fullmatch(part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 1 <= first <= last:
            raise FaultError(
                Words("看不懂的年级", "these grades cannot be read"),
                Words("写成 1-6 或 1,2,3", "write 1-6 or 1,2,3"),
                expected=Words("1至9之间的年级", "grades from 1 to 9"),
                value=text,
            )
        grades.update(range(first, last + 1))
    return tuple(sorted(grades))


def _parse_date(value: Any, _column: Column) -> str:  # noqa: ANN401
    """Return an ISO date as text."""
    if isinstance(value, dt.datetime | dt.date):
        year, month, day = value.year, value.month, value.day
    else:
        text = unicodedata.normalize("NFKC", tidy(value))
        match = DAY.fullmatch(text) or DAY_DIGITS.fullmatch(text)
        year, month, day = (int(match[1]), int(match[2]), int(match[3])) if match else (0, 0, 0)
    try:
        found = dt.date(year, month, day)
    except ValueError:
        found = None
    if found is None or not EARLIEST_YEAR <= found.year <= LATEST_YEAR:
        raise FaultError(
            Words("没有这个日期", "there is no such date"),
            Words("写成 2026-03-01", "write it as 2026-03-01"),
            expected=Words("年-月-日", "year-month-day"),
            value=str(value),
        )
    return found.isoformat()


def parse_clock(value: Any) -> float:  # noqa: ANN401
    """Return a time of day as seconds after midnight; hours may go past 24."""
    if isinstance(value, dt.datetime | dt.time):
        return value.hour * 3600.0 + value.minute * 60 + value.second
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    text = unicodedata.normalize("NFKC", tidy(value)).replace(" ", "")
    match = CLOCK.fullmatch(text)
    hours, minutes, seconds = (int(match[1]), int(match[2]), int(match[3] or 0)) if match else (99, 0, 0)
    if not (hours < LATEST_HOUR and minutes < 60 and seconds < 60):  # noqa: PLR2004 - a clock
        raise FaultError(
            Words("没有这个时刻", "there is no such time of day"),
            Words("写成 07:05", "write it as 07:05"),
            expected=Words("时:分", "hours:minutes"),
            value=text,
        )
    return hours * 3600.0 + minutes * 60 + seconds


def _parse_time(value: Any, _column: Column) -> float:  # noqa: ANN401
    return parse_clock(value)


def _parse_times(value: Any, _column: Column) -> tuple[float, ...]:  # noqa: ANN401
    if not isinstance(value, str):
        return (parse_clock(value),)
    parts = re.split(r"[\s,;、]+", unicodedata.normalize("NFKC", tidy(value)))
    return tuple(sorted({parse_clock(part) for part in parts if part}))


PARSERS: dict[str, Callable[[Any, Column], Any]] = {
    "text": _parse_text,
    "id": _parse_id,
    "int": _parse_int,
    "float": _parse_float,
    "lon": _parse_degrees,
    "lat": _parse_degrees,
    "bool": _parse_bool,
    "choice": _parse_choice,
    "grades": _parse_grades,
    "date": _parse_date,
    "time": _parse_time,
    "times": _parse_times,
}
