"""The one border that text crosses on its way into any file: what it may hold, and how a spreadsheet is kept from running it."""

from __future__ import annotations

import math
import re
import unicodedata

LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?%?")
_RUNS_IN_EXCEL = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")


def clean_text(value: object) -> str:
    """Return `value` as text that every encoder accepts: "" for nothing, no control characters, no half characters."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    text = LONE_SURROGATE.sub("\ufffd", str(value))
    return "".join(" " if unicodedata.category(mark) == "Cc" else mark for mark in text).strip()


def safe_cell(value: object) -> object:
    """Return `value` for a spreadsheet cell: text that a spreadsheet would run gets a leading apostrophe, numbers stay."""
    if not isinstance(value, str):
        return value
    if value.startswith(_RUNS_IN_EXCEL) and not _NUMBER.fullmatch(value):
        return "'" + value
    return value
