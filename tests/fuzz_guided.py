"""Broken files for the readers written in Python, guided by which of our lines they reach: `python -m tests.fuzz_guided csv -runs=200000`.

Atheris (`pip install atheris`; wheels for Linux and macOS) watches the branches of layout_planner and keeps inputs that reach new ones. It
fits what we parse ourselves: csv, TOML of scenarios and provinces, GeoJSON roads, OSM tags. Where a C library does the parsing (pbf,
GeoTIFF, GeoPackage, parquet, zip) it sees none of its branches, so those kinds are left to `tests.fuzz`. All further words go to libFuzzer,
which ends with a traceback at the first exception that is no InputError and keeps the input as crash-*.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["layout_planner"]):
    from layout_planner.county.faults import FaultError
    from layout_planner.errors import InputError
    from tests.fuzz import TARGETS

KINDS = ("csv", "toml", "province toml", "road geojson", "bad day", "osm xml", "graphml")
MOST_BYTES = 20_000


def main() -> None:
    """Let libFuzzer call the reader of one kind of file."""
    kind = " ".join(word for word in sys.argv[1:] if not word.startswith("-"))
    if kind not in KINDS:
        sys.exit(f"usage: python -m tests.fuzz_guided {{{'|'.join(KINDS)}}} [-runs=N]")
    target = TARGETS[kind]
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        seeds, path = Path(folder) / "seeds", Path(folder) / f"case{target.ending}"
        seeds.mkdir()
        (seeds / "good").write_bytes(target.good()[:MOST_BYTES])

        def read(content: bytes) -> None:
            path.write_bytes(content)
            try:
                target.read(path)
            except (InputError, FaultError):
                return

        words = [word for word in sys.argv[1:] if word.startswith("-")]
        atheris.Setup([sys.argv[0], *words, f"-max_len={MOST_BYTES}", "-timeout=30", "-rss_limit_mb=3000", str(seeds)], read)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
