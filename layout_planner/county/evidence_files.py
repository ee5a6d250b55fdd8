"""The files behind the records: found in the folder of the data or not, and their hashes."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from layout_planner.county.model import Source
from layout_planner.county.raw_files import hash_file

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

FOUND = "found_sha256"


def hash_evidence(table: pd.DataFrame, folder: Path) -> tuple[pd.DataFrame, tuple[Source, ...]]:
    """Return the records with a column `found_sha256`, "" where the file is not in `folder`, and the files that are, as sources."""
    found = {name: _hash(folder, name) for name in sorted({str(name) for name in table["file"]} - {""})}
    hashed = table.assign(**{FOUND: table["file"].map(lambda name: found.get(str(name), ""))})
    hashed[FOUND] = hashed[FOUND].astype(object)
    return hashed, tuple(Source("evidence_file", name, sha256, 1) for name, sha256 in found.items() if sha256)


def _hash(folder: Path, name: str) -> str:
    """Return the SHA-256 of a file inside `folder`, "" where there is none or the name leads out of the folder."""
    parts = PurePosixPath(name)
    if parts.is_absolute() or ".." in parts.parts or "\\" in name or ":" in name or "\0" in name:
        return ""
    try:
        path = folder / parts
        return hash_file(path) if path.is_file() else ""
    except OSError:
        return ""
