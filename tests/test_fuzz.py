"""A cut of the fuzzing (`python -m tests.fuzz --cases 40000` is the whole), and files that were made to do harm."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layout_planner.county.faults import FaultError
from layout_planner.county.gtfs import read_gtfs
from layout_planner.county.rasters import read_elevation
from layout_planner.county.raw_files import MAX_ROWS, read_raw
from layout_planner.county.road_files import read_roads
from layout_planner.county.table_files import read_table
from layout_planner.county.tables import SCHOOLS
from layout_planner.county.water_files import read_water
from layout_planner.errors import InputError
from layout_planner.province.settings import read_province
from layout_planner.scenario import GtfsFile, TableFile, read_scenario

resource = pytest.importorskip("resource", reason="limits of memory are POSIX")

from tests.fuzz import CRS, TARGETS, excel, run_case, run_cases  # noqa: E402 - it needs the same

CASES = 40


@pytest.mark.parametrize("kind", list(TARGETS))
def test_damaged_files_are_read_or_refused(kind):
    lost = [(number, outcome) for number, outcome in run_cases(kind, range(CASES)) if outcome.startswith("lost")]
    assert lost == []


@pytest.mark.parametrize(("kind", "number"), [("plain pbf", 98), ("plain pbf", 1130), ("plain pbf", 1394)])
def test_what_was_lost_once_is_borne(tmp_path, kind, number):
    assert not run_case(kind, number, tmp_path).startswith("lost")


def test_a_good_file_of_every_kind_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.fuzz.make_case", lambda kind, _: TARGETS[kind].good())
    outcomes = {kind: run_case(kind, 0, tmp_path) for kind in TARGETS}
    assert {kind for kind, outcome in outcomes.items() if outcome != "read"} <= {"bad day", "gtfs"}, "those two are of another place"


CELL = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["", "1", "-1", "1e309", "nan", "∞", "２", "1,5", "=A1", "primary", "小学", "是", "2152000101", "1-6", "25:99", "\x00", "\u202e"]
    ),
    st.floats().map(repr),
    st.integers(-(10**25), 10**25).map(str),
)
HEADS = st.sampled_from(["school_id", "name", "lon", "lat", "form", "grades", "seats", "beds", "canteen", "学校编号", "身份证号", "", "x"])


@settings(max_examples=120)
@given(st.lists(HEADS, min_size=1, max_size=8), st.lists(st.lists(CELL, max_size=9), max_size=6))
def test_any_cells_are_read_or_told_as_problems(tmp_path_factory, heads, rows):
    import csv

    path = tmp_path_factory.getbasetemp() / "cells.csv"
    with path.open("w", encoding="utf-8", errors="surrogatepass", newline="") as stream:
        csv.writer(stream).writerows([heads, *rows])
    table = read_table(TableFile(path=path.name), SCHOOLS, path.parent)
    for problem in table.problems:
        assert "Traceback" not in problem.say("en")
        assert problem.what.zh
        assert problem.hint.zh


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def rewrite_excel(path: Path, name: str, content: bytes) -> None:
    """Write a good workbook with one part replaced."""
    with zipfile.ZipFile(io.BytesIO(excel())) as good, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bad:
        for part in good.infolist():
            bad.writestr(part, content if part.filename == name else good.read(part))


SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'
LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY a%d "%s">' % (k, b"&a%s;" % (b"" if k == 1 else b"%d" % (k - 1)) * 10) for k in range(1, 12))
    + b"]>"
)


@pytest.mark.parametrize(
    "part",
    [
        LAUGHS + SHEET % b'<row r="1"><c r="A1" t="inlineStr"><is><t>&a11;</t></is></c></row>',
        SHEET
        % (
            b'<row r="1"><c r="A1"/></row>' + b"".join(b'<row r="%d"><c r="XFD%d"><v>1</v></c></row>' % (r, r) for r in range(2, 60_000, 7))
        ),
        SHEET % b'<row r="1000000000"><c r="ZZZZZZ1000000000"><v>1</v></c></row>',
        b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
        + SHEET % b'<row r="1"><c r="A1" t="inlineStr"><is><t>&f;</t></is></c></row>',
    ],
    ids=["billion laughs", "far columns", "billionth row", "outside entity"],
)
def test_hostile_sheets_neither_fill_the_memory_nor_read_other_files(tmp_path, part):
    path, before = tmp_path / "schools.xlsx", peak_mb()
    rewrite_excel(path, "xl/worksheets/sheet1.xml", part)
    table = read_table(TableFile(path=path.name), SCHOOLS, tmp_path)
    assert table.problems
    assert all("root:" not in problem.say("en") for problem in table.problems)
    assert peak_mb() - before < 400


def test_a_sheet_of_too_many_rows_stops_at_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr("layout_planner.county.excel_files.MAX_ROWS", 50)
    rows = b"".join(b'<row r="%d"><c r="A%d"><v>1</v></c></row>' % (r, r) for r in range(1, 100_000))
    rewrite_excel(tmp_path / "schools.xlsx", "xl/worksheets/sheet1.xml", SHEET % rows)
    with pytest.raises(FaultError, match="too many rows"):
        read_raw(tmp_path / "schools.xlsx", None, ())
    assert MAX_ROWS == 500_000


VRT = '<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>{}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'
RASTER_VRT = '<VRTDataset rasterXSize="1" rasterYSize="1"><VRTRasterBand band="1"><SimpleSource><SourceFilename>{}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>'  # noqa: E501


@pytest.mark.parametrize("ending", [".gpkg", ".geojson", ".shp", ".parquet", ".json"])
def test_a_file_that_points_to_another_file_is_not_followed(tmp_path, ending):
    secret = tmp_path / "secret.geojson"
    secret.write_bytes(TARGETS["road geojson"].good())
    path = tmp_path / f"roads{ending}"
    path.write_text(VRT.format(secret), encoding="utf-8")
    for read in (read_roads, read_water):
        with pytest.raises(InputError):
            read(path, path.name, CRS)
    with pytest.raises(FaultError):
        read_raw(path, None, ())


def test_a_raster_that_points_to_another_file_is_not_followed(tmp_path):
    (tmp_path / "real.tif").write_bytes(TARGETS["tif"].good())
    (tmp_path / "dem.tif").write_text(RASTER_VRT.format(tmp_path / "real.tif"), encoding="utf-8")
    with pytest.raises(InputError):
        read_elevation(tmp_path / "dem.tif", "dem.tif")


@pytest.mark.parametrize("name", ["../../evil.txt", "/evil.txt", "..\\evil.txt"])
def test_names_that_lead_out_of_a_zip_write_nothing(tmp_path, name):
    path = tmp_path / "in" / "gtfs.zip"
    path.parent.mkdir()
    path.write_bytes(TARGETS["gtfs"].good())
    with zipfile.ZipFile(path, "a") as package:
        package.writestr(name, "x")
    lines, _, faults = read_gtfs(path, GtfsFile(path=path.name), CRS, (100, 20, 110, 30))
    assert lines is None
    assert faults
    assert sorted(found.name for found in tmp_path.rglob("*")) == ["gtfs.zip", "in"]


@pytest.fixture(autouse=True)
def little_memory():
    """Let no test here take more than 3 GB beyond what the process has: a reader that is led astray fails, not the machine."""
    has = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() if Path("/proc/self/statm").exists() else None
    before = resource.getrlimit(resource.RLIMIT_AS)
    if has is not None:
        resource.setrlimit(resource.RLIMIT_AS, (has + 3_000_000_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.parametrize("place", ["/dev/zero", "/proc/self/mem", "/dev/stdin"])
def test_devices_are_no_files(tmp_path, place):
    link = tmp_path / "schools.csv"
    link.symlink_to(place)
    assert read_table(TableFile(path=link.name), SCHOOLS, tmp_path).problems
    scenario = tmp_path / "scenario.toml"
    scenario.symlink_to(place)
    for read in (read_scenario, read_province):
        with pytest.raises(InputError):
            read(scenario)


def test_links_in_a_circle_are_told(tmp_path):
    (tmp_path / "a.csv").symlink_to(tmp_path / "b.csv")
    (tmp_path / "b.csv").symlink_to(tmp_path / "a.csv")
    assert read_table(TableFile(path="a.csv"), SCHOOLS, tmp_path).problems
    with pytest.raises(InputError):
        read_scenario(tmp_path / "a.csv")


@pytest.mark.parametrize(
    "text", ["a = " + "[" * 100_000, "a." * 100_000 + "b = 1", "a = '" + "x" * 6_000_000 + "'", "x = {" * 5_000], ids=range(4)
)
def test_absurd_scenarios_are_told(tmp_path, text):
    path = tmp_path / "scenario.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError):
        read_scenario(path)
