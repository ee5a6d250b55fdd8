"""The border that text crosses on its way into a page or a script.

A village name may hold anything. folium renders text twice through Jinja, so braces in a name would run as Python; a tag in a
name would run in the reader's browser. Everything below shows such text as text. What every file needs stands in `texts`.
"""

from __future__ import annotations

import html
import json
import re

from layout_planner.texts import LONE_SURROGATE, clean_text, safe_cell

__all__ = ["clean_text", "safe_cell", "safe_html", "script_json"]

_BRACES = {ord("{"): "&#123;", ord("}"): "&#125;"}
_SCRIPT_ESCAPES = {ord(mark): f"\\u{ord(mark):04x}" for mark in "<>&\u2028\u2029"}
_JINJA_OPENS = re.compile(r"\{(?=[{%#])")


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
    text = LONE_SURROGATE.sub("\ufffd", text).translate(_SCRIPT_ESCAPES)
    return _JINJA_OPENS.sub(r"\\u007b", text)
