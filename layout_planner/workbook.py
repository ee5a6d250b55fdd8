"""Excel files that are the same bytes for the same content."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openpyxl import Workbook

FIXED_DAY = dt.datetime(2026, 1, 1)  # noqa: DTZ001 - Excel properties carry no zone
FIXED_ZIP_DAY = (2026, 1, 1, 0, 0, 0)


def workbook_bytes(workbook: Workbook) -> bytes:
    """Return `workbook` as an .xlsx file without the time of writing in it."""
    workbook.properties.created = workbook.properties.modified = FIXED_DAY
    raw, fixed = io.BytesIO(), io.BytesIO()
    workbook.save(raw)
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = _without_save_time(content)
            target.writestr(zipfile.ZipInfo(name, FIXED_ZIP_DAY), content, zipfile.ZIP_DEFLATED)
    return fixed.getvalue()


def _without_save_time(core: bytes) -> bytes:
    """Set the modification time, which openpyxl renews when it saves."""
    head, tag, rest = core.partition(b"<dcterms:modified")
    if not tag:
        return core
    start, _, tail = rest.partition(b">")
    _, end, after = tail.partition(b"</dcterms:modified>")
    return head + tag + start + b">" + FIXED_DAY.strftime("%Y-%m-%dT%H:%M:%SZ").encode() + end + after
