"""Broken files for the readers, by the thousand: `python -m tests.fuzz --cases 40000`.

Every case is a good file that is damaged somewhere, by a seeded draw, and given to the reader that a scenario would give it to. A case is
well borne when the reader returns or raises InputError (or the fault that becomes one); any other exception, a crash, more than
`LONGEST_S` seconds, or more than `MOST_BYTES` of memory is counted as lost and its file is kept in `--keep`. Batches run in a child process
of their own, so that a crash of a C library is seen and survived.
"""

# ruff: noqa: T201  it prints its counts
from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import os
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import shapely

import layout_planner  # noqa: F401 - before openpyxl, which it tells which XML parser to use
from layout_planner.county.areas import read_boundary
from layout_planner.county.bad_days import read_bad_day
from layout_planner.county.faults import FaultError, Faults
from layout_planner.county.gtfs import read_gtfs
from layout_planner.county.rasters import read_elevation
from layout_planner.county.road_files import read_roads
from layout_planner.county.table_files import read_table
from layout_planner.county.tables import SCHOOLS
from layout_planner.errors import InputError, Problem
from layout_planner.province.settings import read_province
from layout_planner.scenario import DataFile, GtfsFile, TableFile, read_scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
TINY, DEMO, SCENARIOS = HERE / "data" / "tiny", HERE.parent / "data" / "demo_county", HERE.parent / "scenarios"
CRS = "EPSG:32648"
LONGEST_S = 20  # of processor time: a busy machine is no hang
WAIT_S = 120  # by the clock
MOST_BYTES = 1_500_000_000
BATCH = 150
WORDS = [
    b"", b"0", b"-1", b"1e308", b"NaN", b"inf", b"-inf", b"99999999999999999999", b"null", b"true", b"\x00", b"\xff\xfe", b'"', b"'",
    b"[[[[", b"}", b"=1+1", b"\xe2\x80\xae", b"\xf0\x9f\x98\x80", b"../../x", b"/etc/passwd", b"<!ENTITY a 'b'>", b"&a;", b"A" * 5000,
    b"1,2", b"180.1", b"-91", b"\r", b"2026-02-30", b"25:61", b"\xed\xa0\x80",
]  # fmt: skip


@dataclass(frozen=True)
class Target:
    """A kind of file: its ending, its good bytes, its reader."""

    ending: str
    good: Callable[[], bytes]
    read: Callable[[Path], object]


def school_rows() -> list[list[str]]:
    return [line.split(",") for line in (TINY / "schools.csv").read_text(encoding="utf-8").splitlines()]


@cache
def school_frame() -> gpd.GeoDataFrame:
    head, *rows = school_rows()
    frame = gpd.GeoDataFrame([dict(zip(head, row, strict=False)) for row in rows])
    places = gpd.points_from_xy(frame["lon"].astype(float), frame["lat"].astype(float), crs="EPSG:4326")
    return frame.drop(columns=["lon", "lat"]).set_geometry(places)


@cache
def line_frame() -> gpd.GeoDataFrame:
    lines = [shapely.LineString([(105, 27), (105.01, 27.01), (105.02, 27)]), shapely.LineString([(105.02, 27), (105.03, 27.02)])]
    return gpd.GeoDataFrame(
        {"highway": ["tertiary", "path"], "oneway": ["yes", ""], "maxspeed": ["30", "none"]}, geometry=lines, crs="EPSG:4326"
    )


@cache
def excel() -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    for row in school_rows():
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def saved(frame: Callable[[], gpd.GeoDataFrame], ending: str, **options: Any) -> Callable[[], bytes]:
    """Return a maker of `frame` as a file of that ending."""

    @cache
    def make() -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"file{ending}"
            frame().to_parquet(path) if ending == ".parquet" else frame().to_file(path, **options)
            return path.read_bytes()

    return make


@cache
def graphml() -> bytes:
    import networkx as nx
    import osmnx

    graph = nx.MultiDiGraph(crs="epsg:4326")
    for node, (x, y) in enumerate([(105.0, 27.0), (105.01, 27.0), (105.01, 27.01)]):
        graph.add_node(node, x=x, y=y, street_count=1)
    for key, (u, v) in enumerate([(0, 1), (1, 0), (1, 2)]):
        graph.add_edge(u, v, osmid=key, highway="tertiary", oneway=False, length=100.0, reversed=False)
    with tempfile.TemporaryDirectory() as folder:
        osmnx.save_graphml(graph, Path(folder) / "g.graphml")
        return (Path(folder) / "g.graphml").read_bytes()


@cache
def small_tif() -> bytes:
    import numpy as np
    import rasterio
    from rasterio.transform import from_origin

    with warnings.catch_warnings(), rasterio.MemoryFile() as file:
        warnings.simplefilter("ignore")
        options = {
            "width": 24,
            "height": 20,
            "count": 1,
            "dtype": "int16",
            "crs": "EPSG:4326",
            "transform": from_origin(105, 27, 0.001, 0.001),
        }
        with file.open(driver="GTiff", compress="deflate", nodata=-9999, **options) as grid:
            grid.write(np.arange(480, dtype="int16").reshape(20, 24), 1)
        return bytes(file.read())


@cache
def plain_pbf() -> bytes:
    """Return roads as .osm.pbf without compression, so that damage reaches what is inside."""
    import osmium

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plain.osm.pbf"
        with osmium.SimpleWriter(osmium.io.File(str(path), "pbf,pbf_compression=none")) as writer:
            for thing in osmium.FileProcessor(str(TINY / "roads.osm")):
                writer.add(thing)
        return path.read_bytes()


def read_schools(path: Path) -> object:
    """Read a table of schools as a county's reader does, with all its columns checked."""
    table = read_table(TableFile(path=path.name), SCHOOLS, path.parent)
    return table.problems


def with_faults(read: Callable[[Path, Faults], object]) -> Callable[[Path], object]:
    """Return a reader whose faults count as refused."""

    def run(path: Path) -> object:
        faults = Faults(path.name)
        read(path, faults)
        return faults.problems

    return run


TARGETS: dict[str, Target] = {
    "xlsx": Target(".xlsx", excel, read_schools),
    "csv": Target(".csv", (TINY / "schools.csv").read_bytes, read_schools),
    "gpkg": Target(".gpkg", saved(school_frame, ".gpkg", layer="schools", driver="GPKG"), read_schools),
    "geojson": Target(".geojson", saved(school_frame, ".geojson", driver="GeoJSON"), read_schools),
    "parquet": Target(".parquet", saved(school_frame, ".parquet"), read_schools),
    "boundary": Target(
        ".geojson",
        (TINY / "boundary.geojson").read_bytes,
        with_faults(lambda path, faults: read_boundary(path, DataFile(path=path.name), CRS, faults)),
    ),
    "bad day": Target(
        ".geojson",
        (DEMO / "flood-2024.geojson").read_bytes,
        with_faults(lambda path, faults: read_bad_day(path, path.name, CRS, faults)),
    ),
    "pbf": Target(".osm.pbf", (DEMO / "roads.osm.pbf").read_bytes, lambda path: read_roads(path, path.name, CRS)),
    "plain pbf": Target(".osm.pbf", plain_pbf, lambda path: read_roads(path, path.name, CRS)),
    "osm xml": Target(".osm", (TINY / "roads.osm").read_bytes, lambda path: read_roads(path, path.name, CRS)),
    "graphml": Target(".graphml", graphml, lambda path: read_roads(path, path.name, CRS)),
    "road gpkg": Target(".gpkg", saved(line_frame, ".gpkg", driver="GPKG"), lambda path: read_roads(path, path.name, CRS)),
    "road geojson": Target(".geojson", saved(line_frame, ".geojson", driver="GeoJSON"), lambda path: read_roads(path, path.name, CRS)),
    "road parquet": Target(".parquet", saved(line_frame, ".parquet"), lambda path: read_roads(path, path.name, CRS)),
    "gtfs": Target(".zip", (DEMO / "gtfs.zip").read_bytes, lambda path: read_gtfs(path, GtfsFile(path=path.name), CRS, (100, 20, 110, 30))),
    "tif": Target(".tif", small_tif, lambda path: read_elevation(path, path.name)),
    "toml": Target(".toml", (SCENARIOS / "base.toml").read_bytes, read_scenario),
    "province toml": Target(".toml", (SCENARIOS / "province.toml").read_bytes, read_province),
}
ZIPPED = {"xlsx", "gtfs"}


def damage(good: bytes, draw: random.Random) -> bytes:
    """Return `good` with one to six faults."""
    bad = bytearray(good)
    for _ in range(draw.choice((1, 1, 1, 2, 3, 6))):
        _damage_once(bad, draw)
    return bytes(bad)


def _damage_once(bad: bytearray, draw: random.Random) -> None:
    at = draw.randrange(len(bad) + 1)
    length = min(draw.choice((1, 1, 2, 4, 8, 64, 512)), len(bad) - at)
    kind = draw.randrange(9)
    if kind == 0:
        del bad[at:]
    elif kind == 1:
        del bad[at : at + length]
    elif kind == 2:
        bad[at:at] = draw.choice(WORDS)
    elif kind == 3:
        bad[at : at + length] = draw.choice(WORDS)
    elif kind == 4:
        bad[at : at + length] = draw.randbytes(length)
    elif kind == 5:
        bad[at:at] = bad[at : at + length] * draw.choice((1, 2, 50))
    elif kind == 6:
        bad[at : at + length] = draw.choice((b"\x00", b"\xff", b"\x7f", b"\x80")) * length
    elif kind == 7 and bad:
        spot = min(at, len(bad) - 1)
        bad[spot] ^= 1 << draw.randrange(8)
    else:
        _swap_words(bad, draw)


def _swap_words(bad: bytearray, draw: random.Random) -> None:
    """Replace what stands between two separators by something else."""
    marks = [k for k, byte in enumerate(bad[:200_000]) if byte in b',"<>= \n\t:[]']
    if len(marks) > 1:
        k = draw.randrange(len(marks) - 1)
        bad[marks[k] + 1 : marks[k + 1]] = draw.choice(WORDS)


def damage_inside(good: bytes, draw: random.Random) -> bytes:
    """Return the zip `good` with one of its members damaged, left out, doubled or renamed."""
    with zipfile.ZipFile(io.BytesIO(good)) as package:
        parts = [(part.filename, package.read(part)) for part in package.infolist()]
    at = draw.randrange(len(parts))
    name, content = parts[at]
    kind = draw.randrange(12)
    if kind == 0:
        del parts[at]
    elif kind == 1:
        parts.append((name, content))
    elif kind == 2:
        parts[at] = (draw.choice(("../../" + name, "/" + name, name + "/", name.upper(), "a\\..\\" + name)), content)
    else:
        parts[at] = (name, damage(content, draw))
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as package:
            for member, text in parts:
                package.writestr(member, text)
    return stream.getvalue()


def make_case(kind: str, number: int) -> bytes:
    """Return the bytes of one case; the same for the same kind and number."""
    draw = random.Random(f"{kind}/{number}")
    good = TARGETS[kind].good()
    return damage_inside(good, draw) if kind in ZIPPED and draw.random() < 0.75 else damage(good, draw)


def run_case(kind: str, number: int, folder: Path) -> str:
    """Return how a case went: `read`, `refused`, or what was lost."""
    path = folder / f"case{TARGETS[kind].ending}"
    path.write_bytes(make_case(kind, number))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            if problems_of(TARGETS[kind].read(path)):
                return "refused"
        except (InputError, FaultError):
            return "refused"
        except _TooLongError:
            return "lost: no answer in time"
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what we look for
            where = traceback.extract_tb(error.__traceback__)
            own = [frame for frame in where if "layout_planner" in frame.filename]
            last = own[-1] if own else where[-1]
            return f"lost: {type(error).__name__}: {str(error)[:80]} ({Path(last.filename).name}:{last.lineno})"
    return "read"


def problems_of(result: object) -> bool:
    """Return whether a reader that returned has found faults; a feed comes with its faults."""
    if isinstance(result, tuple):
        return any(problems_of(part) if isinstance(part, Faults) else isinstance(part, Problem) for part in result)
    return isinstance(result, Faults) and bool(result)


class _TooLongError(BaseException):
    """A case took too long; no reader can catch it by accident."""


def _ring(*_: object) -> None:
    raise _TooLongError


def _run_batch(kind: str, numbers: range, told: Any) -> None:
    """Run cases in a child process and send number and outcome of each as it is known."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    signal.signal(signal.SIGPROF, _ring)
    signal.signal(signal.SIGALRM, _ring)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with tempfile.TemporaryDirectory() as folder:
        for number in numbers:
            told.send((number, "begun"))
            signal.setitimer(signal.ITIMER_PROF, LONGEST_S)
            signal.alarm(WAIT_S)
            outcome = run_case(kind, number, Path(folder))
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.alarm(0)
            grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
            told.send((number, outcome if grown < MOST_BYTES else f"lost: {grown / 1e9:.1f} GB of memory"))
            stray = [path.name for path in Path(folder).iterdir() if not path.name.startswith("case")]
            if stray:
                told.send((number, f"lost: wrote {stray[0]}"))
    told.close()


def run_cases(kind: str, numbers: range) -> Iterator[tuple[int, str]]:
    """Yield number and outcome of every case; a child that dies costs the case it was at."""
    TARGETS[kind].good()
    context = multiprocessing.get_context("fork")
    at = numbers.start
    while at < numbers.stop:
        here, there = context.Pipe(duplex=False)
        child = context.Process(target=_run_batch, args=(kind, range(at, min(at + BATCH, numbers.stop)), there))
        child.start()
        there.close()
        stop, begun = min(at + BATCH, numbers.stop), at
        while at < stop:
            try:
                if not here.poll(WAIT_S + LONGEST_S):
                    child.kill()
                number, outcome = here.recv()
            except EOFError:
                yield begun, "lost: the process died"
                at = begun + 1
                break
            if outcome == "begun":
                begun = number
                continue
            at = number + 1
            yield number, outcome
        child.join(5)
        here.close()


def main() -> None:
    """Run the cases and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=2_000, help="cases over all kinds of file")
    parser.add_argument("--kind", choices=list(TARGETS), nargs="+", default=list(TARGETS))
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--keep", type=Path, default=None, help="folder for the files that were lost")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    each, table, began = max(1, asked.cases // len(asked.kind)), {}, time.monotonic()
    for kind in asked.kind:
        counts: Counter[str] = Counter()
        for number, outcome in run_cases(kind, range(asked.first, asked.first + each)):
            counts[outcome] += 1
            if asked.keep is not None and outcome.startswith("lost"):
                asked.keep.mkdir(parents=True, exist_ok=True)
                (asked.keep / f"{kind.replace(' ', '-')}-{number}{TARGETS[kind].ending}").write_bytes(make_case(kind, number))
        table[kind] = counts
        if not asked.json:
            _tell(kind, counts)
            for name, count in counts.most_common():
                if name.startswith("lost"):
                    print(f"    {count:5,} x {name}")
    total = sum((counts for counts in table.values()), Counter())
    if asked.json:
        print(json.dumps(table))
    else:
        _tell("all", total)
        print(f"{time.monotonic() - began:.0f} s")
    sys.exit(1 if count_lost(total) else 0)


def count_lost(counts: Counter[str]) -> int:
    return sum(count for name, count in counts.items() if name.startswith("lost"))


def _tell(kind: str, counts: Counter[str]) -> None:
    figures = f"read {counts['read']:7,}  refused {counts['refused']:7,}  lost {count_lost(counts):4,}"
    print(f"{kind:14} {counts.total():7,} cases  {figures}", flush=True)


if __name__ == "__main__":
    main()
