"""The one border that text crosses on its way into a page, a script or a spreadsheet.

A village name may hold anything. folium renders text twice through Jinja, so braces in a name would run as Python; a tag in a
name would run in the reader's browser; a leading "=" would run in Excel. Everything below shows such text as text.
"""

from __future__ import annotations

import html
import json
import math
import re
import unicodedata

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?%?")
_RUNS_IN_EXCEL = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_BRACES = {ord("{"): "&#123;", ord("}"): "&#125;"}
_SCRIPT_ESCAPES = {ord(mark): f"\\u{ord(mark):04x}" for mark in "<>&\u2028\u2029"}
_JINJA_OPENS = re.compile(r"\{(?=[{%#])")


def clean_text(value: object) -> str:
    """Return `value` as text that every encoder accepts: "" for nothing, no control characters, no half characters."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    text = _LONE_SURROGATE.sub("\ufffd", str(value))
    return "".join(" " if unicodedata.category(mark) == "Cc" else mark for mark in text).strip()


def safe_html(value: object) -> str:
    """Return `value` for HTML text and attributes, inert in Jinja however often it is rendered."""
    return html.escape(clean_text(value), quote=True).translate(_BRACES)


def script_json(data: object) -> str:
    """Return `data` as JSON that may stand inside a script element and inside a Jinja template; reads back unchanged.

    Raises
    ------
    ValueError : `data` holds NaN or infinity, which JSON has no words for.
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    text = _LONE_SURROGATE.sub("\ufffd", text).translate(_SCRIPT_ESCAPES)
    return _JINJA_OPENS.sub(r"\\u007b", text)


def safe_cell(value: object) -> object:
    """Return `value` for a spreadsheet cell: text that a spreadsheet would run gets a leading apostrophe, numbers stay."""
    if not isinstance(value, str):
        return value
    if value.startswith(_RUNS_IN_EXCEL) and not _NUMBER.fullmatch(value):
        return "'" + value
    return value
