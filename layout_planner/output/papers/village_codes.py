"""The code on a village sheet: which settlement and which plan a paper is about, for whoever enters the objections."""

from __future__ import annotations

import io
import re
from typing import NamedTuple
from urllib.parse import quote, unquote

from layout_planner.errors import InputError, Problem
from layout_planner.words import Words

HEAD = "LP1"
_SHAPE = re.compile(r"LP1;S=([^;]+);P=([0-9a-f]{64});R=([^;]*)")


class SheetCode(NamedTuple):
    """What a code says: settlement id, digest of the run's certificate, name of the run."""

    settlement_id: str
    digest: str
    run: str


def write_code(code: SheetCode) -> str:
    """Return the text of a code."""
    return f"{HEAD};S={quote(code.settlement_id, safe='')};P={code.digest};R={quote(code.run, safe='')}"


def read_code(text: str) -> SheetCode:
    """Return what the text of a code says.

    Raises
    ------
    InputError : the text is no code of a village sheet.
    """
    found = _SHAPE.fullmatch(text.strip())
    if found is None:
        what = Words("不是村寨告知单的二维码", "this is no code of a village sheet")
        raise InputError([Problem("QR", what, Words("重新扫描告知单右下角的码", "scan the code on the sheet again"), value=text)])
    return SheetCode(unquote(found[1]), found[2], unquote(found[3]))


def draw_code(code: SheetCode) -> str:
    """Return the code as an SVG that a phone reads from paper."""
    import segno

    drawn = io.BytesIO()
    segno.make(write_code(code), error="m", micro=False).save(drawn, kind="svg", border=2, xmldecl=False, svgns=True, omitsize=True)
    return drawn.getvalue().decode("utf-8").strip()
