"""Makers of broken counties: each takes a good folder and puts one fault in; `FAULTS` says where it must be found."""

from __future__ import annotations

import csv
import datetime as dt
import json
import shutil
import sqlite3
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import openpyxl
import shapely

if TYPE_CHECKING:
    from collections.abc import Callable

GOOD = Path(__file__).parent / "data" / "tiny"


def copy_good(folder: Path) -> Path:
    """Return a copy of the good tiny folder."""
    shutil.copytree(GOOD, folder, dirs_exist_ok=True)
    return folder


def cells(folder: Path, name: str) -> list[list[str]]:
    with (folder / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


def write_cells(folder: Path, name: str, rows: list[list[str]], encoding: str = "utf-8") -> None:
    with (folder / name).open("w", encoding=encoding, newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)


def set_cell(name: str, row: int, column: str, value: str) -> Callable[[Path], None]:
    """Return a maker that writes one cell; `row` as a person sees it."""

    def make(folder: Path) -> None:
        rows = cells(folder, name)
        rows[row - 1][rows[0].index(column)] = value
        write_cells(folder, name, rows)

    return make


def add_column(name: str, header: str, values: list[str]) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        rows = cells(folder, name)
        write_cells(folder, name, [[*row, value] for row, value in zip(rows, [header, *values], strict=True)])

    return make


def drop_column(name: str, header: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        rows = cells(folder, name)
        at = rows[0].index(header)
        write_cells(folder, name, [row[:at] + row[at + 1 :] for row in rows])

    return make


def keep_rows(name: str, count: int) -> Callable[[Path], None]:
    return lambda folder: write_cells(folder, name, cells(folder, name)[:count])


def write(name: str, content: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(content) and None


def point_to(old: str, new: str) -> Callable[[Path], None]:
    """Return a maker that changes the scenario file."""

    def make(folder: Path) -> None:
        path = folder / "scenario.toml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return make


def both(*makers: Callable[[Path], None]) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        for maker in makers:
            maker(folder)

    return make


def to_excel(folder: Path, sheet: str = "Sheet1") -> openpyxl.Workbook:
    """Return the school table as a workbook and point the scenario to `schools.xlsx`."""
    book = openpyxl.Workbook()
    book.active.title = sheet
    for row in cells(folder, "schools.csv"):
        book.active.append(row)
    point_to("schools.csv", "schools.xlsx")(folder)
    return book


def excel(change: Callable[[openpyxl.worksheet.worksheet.Worksheet], object]) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        book = to_excel(folder)
        change(book.active)
        book.save(folder / "schools.xlsx")

    return make


def set_excel(place: str, value: object) -> Callable[[Path], None]:
    return excel(lambda sheet: sheet.__setitem__(place, value))


def truncated_excel(folder: Path) -> None:
    to_excel(folder).save(folder / "schools.xlsx")
    whole = (folder / "schools.xlsx").read_bytes()
    (folder / "schools.xlsx").write_bytes(whole[: len(whole) // 2])


def bomb_excel(folder: Path) -> None:
    to_excel(folder).save(folder / "schools.xlsx")
    with zipfile.ZipFile(folder / "schools.xlsx", "a", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/media/zeros.bin", b"\x00" * 60_000_000)


def schools_as_gpkg(folder: Path) -> Path:
    rows = cells(folder, "schools.csv")
    frame = gpd.GeoDataFrame([dict(zip(rows[0], row, strict=True)) for row in rows[1:]])
    places = gpd.points_from_xy(frame["lon"].astype(float), frame["lat"].astype(float), crs="EPSG:4326")
    path = folder / "schools.gpkg"
    frame.drop(columns=["lon", "lat"]).set_geometry(places).to_file(path, layer="schools", driver="GPKG")
    point_to("schools.csv", "schools.gpkg")(folder)
    return path


def huge_gpkg(folder: Path) -> None:
    """Make the file 600 MB large (sparse: it takes no disk)."""
    with schools_as_gpkg(folder).open("r+b") as stream:
        stream.truncate(600_000_000)


def boastful_gpkg(folder: Path) -> None:
    """Claim more features than there are bytes; harmless, because rows are counted as they come."""
    with sqlite3.connect(schools_as_gpkg(folder)) as base:
        base.execute("UPDATE gpkg_ogr_contents SET feature_count = 900000000000")
    base.close()


def truncated_gpkg(folder: Path) -> None:
    path = schools_as_gpkg(folder)
    path.write_bytes(path.read_bytes()[:6000])


def null_geometry(folder: Path) -> None:
    rows = cells(folder, "schools.csv")
    kept = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    features = [
        {"type": "Feature", "properties": {k: v for k, v in row.items() if k not in {"lon", "lat"}}, "geometry": None} for row in kept
    ]
    (folder / "schools.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    point_to("schools.csv", "schools.geojson")(folder)


def stray_byte(folder: Path) -> None:
    gpd.read_file(schools_as_gpkg(folder)).to_file(folder / "schools.geojson", driver="GeoJSON")
    path = folder / "schools.geojson"
    path.write_bytes(path.read_bytes().replace(b"nine_year", b"ni\xffe_year"))
    point_to("schools.gpkg", "schools.geojson")(folder)


def boundary(shape: shapely.Geometry) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        gpd.GeoDataFrame({"name": ["x"]}, geometry=[shape], crs="EPSG:4326").to_file(folder / "boundary.geojson", driver="GeoJSON")

    return make


def swap_places(name: str, lines: slice) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        rows = cells(folder, name)
        lon, lat = rows[0].index("lon"), rows[0].index("lat")
        for row in rows[lines]:
            row[lon], row[lat] = row[lat], row[lon]
        write_cells(folder, name, rows)

    return make


def raster_without_crs(folder: Path) -> None:
    import warnings

    import numpy as np
    import rasterio

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(folder / "dem.tif", "w", driver="GTiff", width=4, height=4, count=1, dtype="float32") as grid:
            grid.write(np.zeros((4, 4), dtype="float32"), 1)
    point_to("[data]\n", '[data]\ndem = { path = "dem.tif" }\n')(folder)


def without_yearly(folder: Path) -> None:
    """Take the tables out of the scenario that name schools, settlements and townships of others."""
    for role in ("cohorts", "outlook", "moves", "registers", "posts"):
        point_to(f"{role} =", f"# {role} =")(folder)


def people_grid(people: list[list[float]], *, west: float = 104.9, column: str = "persons") -> Callable[[Path], None]:
    """Return a maker that writes `people.tif`, cells of 0.2 degrees, and names it in the scenario."""

    def make(folder: Path) -> None:
        import numpy as np
        import rasterio

        cells_of = np.array(people, dtype="float32")
        place = rasterio.Affine(0.2, 0, west, 0, -0.2, 26.55)
        shape = {"height": cells_of.shape[0], "width": cells_of.shape[1], "count": 1, "dtype": "float32"}
        with rasterio.open(folder / "people.tif", "w", driver="GTiff", crs="EPSG:4326", transform=place, **shape) as grid:
            grid.write(cells_of, 1)
        point_to("[data]\n", f'[data]\npopulation = [{{ path = "people.tif", column = "{column}" }}]\n')(folder)

    return make


@dataclass(frozen=True)
class Fault:
    """One fault: how it is made, and the file, row, column and words of the problem that must tell it."""

    name: str
    make: Callable[[Path], object]
    file: str
    says: str
    row: int | None = None
    column: str | None = None


def with_venues(content: str, name: str = "venues.csv") -> Callable[[Path], None]:
    """Return a maker that gives the scenario another file of venues."""
    return both(write(name, content.encode()), point_to('"venues.csv"', f'"{name}"'))


_SET, _SCH, _EV = "settlements.csv", "schools.csv", "evidence.csv"
_COH, _OUT, _MOV, _REG = "cohorts.csv", "outlook.csv", "moves.csv", "registers.csv"
_DEMAND = "[demand]\n{}\n\n[data]"
_VEN, _VEN_HEAD = "venues.csv", "venue_id,name,kind,lon,lat\n"
_BOW = shapely.Polygon([(104.9, 26.1), (105.2, 26.6), (105.2, 26.1), (104.9, 26.6)])
_PEOPLE = ["张三", "李四", "王五", "赵六", "孙七"]
_IDENTITIES = ["", "11010519491231002X", "身份：440524188001010014", "", ""]
FAULTS = [
    Fault("invalid bytes", write(_SET, b"settlement_id,name\nS1,\xff\xfe\xff\x81\n"), _SET, "neither UTF-8 nor GBK"),
    Fault("swapped row", swap_places(_SET, slice(2, 3)), _SET, "swapped", 3, "lon"),
    Fault("swapped table", swap_places(_SCH, slice(1, None)), _SCH, "swapped", 2, "lon"),
    Fault("duplicate id", set_cell(_SET, 4, "settlement_id", "S1"), _SET, "rows 2 and 4", 4, "settlement_id"),
    Fault("empty id", set_cell(_SCH, 3, "school_id", ""), _SCH, "required cell is empty", 3, "school_id"),
    Fault("negative pupils", set_cell(_SET, 3, "pupils_g4", "-1"), _SET, "negative", 3, "pupils_g4"),
    Fault("text in numbers", set_cell(_SET, 5, "pupils_g1", "12人"), _SET, "not a number", 5, "pupils_g1"),
    Fault("decimals in counts", set_cell(_SET, 2, "pupils_g9", "12.5"), _SET, "whole number", 2, "pupils_g9"),
    Fault("absurd count", set_cell(_SCH, 2, "beds", "99999999"), _SCH, "out of range", 2, "beds"),
    Fault("not a number at all", set_cell(_SET, 2, "pupils_g9", "1e999"), _SET, "finite", 2, "pupils_g9"),
    Fault("missing column", drop_column(_SCH, "form"), _SCH, "required column is missing", 1, "form"),
    Fault("missing grade column", drop_column(_SET, "pupils_g5"), _SET, "cannot be derived", 1, "pupils_g5"),
    Fault("missing lon for a row", set_cell(_SET, 6, "lon", ""), _SET, "coordinate is missing", 6, "lon"),
    Fault("unknown crs", point_to('"settlements.csv"', '"settlements.csv", crs = "EPSG:999999"'), _SET, "unknown coordinate", None, "crs"),
    Fault("old datum", point_to('"settlements.csv"', '"settlements.csv", crs = "EPSG:4610"'), _SET, "Xian 1980", None, "crs"),
    Fault("zero zero", both(set_cell(_SET, 2, "lon", "0"), set_cell(_SET, 2, "lat", "0")), _SET, "0, 0", 2, "lon"),
    Fault("far away", set_cell(_SET, 3, "lon", "115.02"), _SET, "300 km", 3, "lon"),
    Fault(
        "projected metres",
        both(*(set_cell(_SET, r, "lon", "35500000") for r in range(2, 7)), *(set_cell(_SET, r, "lat", "2900000") for r in range(2, 7))),
        _SET,
        "projected metres",
        2,
        "lon",
    ),
    Fault("outside the boundary", set_cell(_SCH, 2, "lon", "105.5"), _SCH, "outside the boundary", 2, "lon"),
    Fault("settlement outside", set_cell(_SET, 6, "lat", "27.5"), _SET, "outside the boundary", 6, "lon"),
    Fault("no settlements", keep_rows(_SET, 1), _SET, "no rows"),
    Fault("no schools", keep_rows(_SCH, 1), _SCH, "no rows"),
    Fault("unknown form", set_cell(_SCH, 2, "form", "大学"), _SCH, "one of the choices", 2, "form"),
    Fault("grades do not fit", set_cell(_SCH, 2, "grades", "1-9"), _SCH, "do not fit the form", 2, "grades"),
    Fault("grades unreadable", set_cell(_SCH, 2, "grades", "6-1"), _SCH, "cannot be read", 2, "grades"),
    Fault("neither yes nor no", set_cell(_SCH, 2, "canteen", "也许"), _SCH, "neither yes nor no", 2, "canteen"),
    Fault(
        "unknown school attended",
        add_column(_SET, "school_junior", ["C1", "C1", "C9", "C1", ""]),
        _SET,
        "no such school",
        4,
        "school_junior",
    ),
    Fault("band not taught", add_column(_SET, "school_junior", ["C1", "P1", "C1", "C1", ""]), _SET, "does not teach", 3, "school_junior"),
    Fault("unknown central school", add_column(_SCH, "中心校编号", ["X9", ""]), _SCH, "no such school", 2, "parent_school_id"),
    Fault("mangled id", set_cell(_SCH, 2, "school_id", "2.152E+09"), _SCH, "Excel has changed the id", 2, "school_id"),
    Fault("pupil names", add_column(_SET, "学生姓名", _PEOPLE), _SET, "names persons", 1, "学生姓名"),
    Fault("phone numbers", add_column(_SET, "Phone No.", _PEOPLE), _SET, "names persons", 1, "Phone No."),
    Fault("names of parents", add_column(_SET, "监护人（父亲）", _PEOPLE), _SET, "names persons", 1, "监护人（父亲）"),
    Fault("identity numbers under another header", add_column(_SET, "备注2", _IDENTITIES), _SET, "identity number", 3, "备注2"),
    Fault("mobile numbers in a remark", add_column(_SCH, "remark", ["王老师13912345678", ""]), _SCH, "mobile phone", 2, "remark"),
    Fault("mobile numbers in a count", set_cell(_SET, 4, "pupils_g2", "+86 139-1234-5678"), _SET, "mobile phone", 4, "pupils_g2"),
    Fault("rounded identity number in Excel", set_excel("I2", 110105194912310000), "schools.xlsx", "identity number", 2, "seats"),
    Fault("citizen id as a name", set_cell(_SET, 2, "name", "11010519491231002X"), _SET, "identity number", 2, "name"),
    Fault(
        "two columns for one",
        both(add_column(_SCH, "在校生", ["1", "2"]), add_column(_SCH, "学生数", ["1", "2"])),
        _SCH,
        "several columns",
        1,
        "enrolment",
    ),
    Fault("open quotes", write(_EV, b'school_id,item,date\nP1,"notice,2026-03-01\n'), _EV, "quotes"),
    Fault("evidence of an unknown school", set_cell(_EV, 2, "school_id", "Z1"), _EV, "no such school", 2, "school_id"),
    Fault("no such date", set_cell(_EV, 3, "date", "2026-02-30"), _EV, "no such date", 3, "date"),
    Fault("venue of unknown kind", with_venues(_VEN_HEAD + "W1,飞鱼,茶馆,105.01,26.22\n"), _VEN, "one of the choices", 2, "kind"),
    Fault("venue without a place", with_venues(_VEN_HEAD + "W1,飞鱼,网吧,,26.22\n"), _VEN, "coordinate is missing", 2, "lon"),
    Fault("venue twice", with_venues(_VEN_HEAD + "W1,a,网吧,105.01,26.22\nW1,b,bar,105.01,26.22\n"), _VEN, "rows 2 and 3", 3, "venue_id"),
    Fault("venues without a kind", with_venues("venue_id,name,lon,lat\nW1,飞鱼,105.01,26.22\n"), _VEN, "required column", 1, "kind"),
    Fault("no venues file", point_to('"venues.csv"', '"nowhere.csv"'), "nowhere.csv", "missing"),
    Fault("venues of garbage", with_venues("<html>no map</html>", "venues.osm"), "venues.osm", "not a complete OSM file"),
    Fault("venues with entities", with_venues("<!DOCTYPE osm [<!ENTITY a 'b'>]><osm/>", "venues.osm"), "venues.osm", "DOCTYPE"),
    Fault("toilets in words", add_column(_SCH, "女厕蹲位", ["四", "8"]), _SCH, "not a number", 2, "toilets_girls"),
    Fault("special of unknown kind", add_column(_SCH, "特殊教育", ["普通", ""]), _SCH, "one of the choices", 2, "special"),
    Fault(
        "plan closes a special school",
        both(add_column(_SCH, "special", ["special_school", ""]), point_to("[data]", '[plan]\nclose = ["P1"]\n\n[data]')),
        "tiny (TOML)",
        "not in the schools table",
        None,
        "plan.close",
    ),
    Fault("missing file", lambda folder: (folder / _SCH).unlink(), _SCH, "missing"),
    Fault("folder for a file", point_to('"schools.csv"', '"."'), ".", "folder"),
    Fault("empty file", write(_SCH, b""), _SCH, "empty"),
    Fault(
        "header in row 3",
        lambda folder: write_cells(folder, _SCH, [["本县学校一览表"], ["单位：人"], *cells(folder, _SCH)]),
        _SCH,
        "header is in row 3",
        3,
    ),
    Fault("unknown ending", point_to('"schools.csv"', '"scenario.toml"'), "scenario.toml", "not read as a table"),
    Fault("empty roads", write("roads.osm", b""), "roads.osm", "empty"),
    Fault("roads of wrong type", point_to('"roads.osm"', '"schools.csv"'), _SCH, ""),
    Fault("roads of garbage", write("roads.osm", b"<html>no map</html>"), "roads.osm", ""),
    Fault(
        "truncated pbf",
        both(write("roads.osm.pbf", b"\x00\x00\x00\x0d\x0a\x09OSMHeader\x18"), point_to('"roads.osm"', '"roads.osm.pbf"')),
        "roads.osm.pbf",
        "",
    ),
    Fault("dem without crs", raster_without_crs, "dem.tif", ""),
    Fault("boundary crosses itself", boundary(_BOW), "boundary.geojson", "not valid", 2, "geometry"),
    Fault("boundary is a line", boundary(shapely.LineString([(105, 26), (106, 27)])), "boundary.geojson", "no polygon", None, "geometry"),
    Fault("boundary is no json", write("boundary.geojson", b"PK\x03\x04"), "boundary.geojson", "not geojson"),
    Fault(
        "boundary cut short", write("boundary.geojson", b'{"type": "FeatureCollection", "features": [{"type'), "boundary.geojson", "damaged"
    ),
    Fault("all geometry missing", null_geometry, "schools.geojson", "no row has a geometry", None, "geometry"),
    Fault(
        "missing sheet",
        both(set_excel("A1", "school_id"), point_to('"schools.xlsx"', '"schools.xlsx", sheet = "学校"')),
        "schools.xlsx[学校]",
        "no such sheet",
    ),
    Fault("merged cells", excel(lambda sheet: sheet.merge_cells("F2:F3")), "schools.xlsx", "F2:F3", 2, "township"),
    Fault("formula without value", set_excel("I2", "=50*2"), "schools.xlsx", "I2", 2, "seats"),
    Fault("error value", set_excel("I3", "#REF!"), "schools.xlsx", "I3", 3, "seats"),
    Fault("grades as a date", set_excel("H2", dt.datetime(2026, 1, 6)), "schools.xlsx", "into a date", 2, "grades"),  # noqa: DTZ001
    Fault("truncated xlsx", truncated_excel, "schools.xlsx", "cut short"),
    Fault("zip bomb", bomb_excel, "schools.xlsx", "absurd size"),
    Fault("huge gpkg", huge_gpkg, "schools.gpkg", "too large"),
    Fault("geojson with a stray byte", stray_byte, "schools.geojson", "damaged"),
    Fault("truncated gpkg", truncated_gpkg, "schools.gpkg", "damaged"),
    Fault(
        "plan closes an unknown school",
        point_to("[data]", '[plan]\nclose = ["Q7"]\n\n[data]'),
        "tiny (TOML)",
        "not in the schools table",
        None,
        "plan.close",
    ),
    Fault(
        "shares leave out a band",
        point_to("[data]", "[demand.shares.junior]\nleft_behind = 0.3\n\n[data]"),
        "tiny (TOML)",
        "leaves out a band",
        None,
        "demand.shares",
    ),
    Fault(
        "shares name no column",
        point_to(
            "[data]",
            "[demand.shares]\njunior = { age_0_9 = 0.3 }\nlower_primary = { age_0_9 = 0.3 }\nupper_primary = { age_0_9 = 0.3 }\n\n[data]",
        ),
        _SET,
        "required column is missing",
        1,
        "age_0_9",
    ),
    Fault(
        "exclude names nothing",
        point_to('"schools.csv"', '"schools.csv", exclude = { X1 = "private" }'),
        _SCH,
        "not in the table",
        None,
        "school_id",
    ),
    Fault("cohort of an unknown settlement", set_cell(_COH, 3, "settlement_id", "S9"), _COH, "no such settlement", 3, "settlement_id"),
    Fault("cohort counted twice", set_cell(_COH, 4, "grade", "2"), _COH, "repeats row 3", 4, "settlement_id"),
    Fault(
        "cohort counted by grade and by age",
        both(set_cell(_COH, 11, "settlement_id", "S1"), set_cell(_COH, 11, "age", "6")),
        _COH,
        "repeats row 2",
        11,
        "settlement_id",
    ),
    Fault("grade and age", set_cell(_COH, 5, "age", "9"), _COH, "exactly one of grade and age", 5, "grade"),
    Fault("neither grade nor age", set_cell(_COH, 5, "grade", ""), _COH, "exactly one of grade and age", 5, "grade"),
    Fault("cohort too old", set_cell(_COH, 11, "age", "15"), _COH, "out of range", 11, "age"),
    Fault("cohort without its year", set_cell(_COH, 2, "year", ""), _COH, "required cell is empty", 2, "year"),
    Fault("negative cohort", set_cell(_COH, 2, "pupils", "-4"), _COH, "negative", 2, "pupils"),
    Fault("cohorts leave out a grade", keep_rows(_COH, 9), _COH, "grade is missing in 2026", None, "grade"),
    Fault("outlook of an unknown township", set_cell(_OUT, 2, "township", "南乡"), _OUT, "no settlement belongs", 2, "township"),
    Fault("outlook twice", set_cell(_OUT, 4, "year", "2028"), _OUT, "repeats row 3", 4, "township"),
    Fault("everybody leaves", set_cell(_OUT, 2, "net_migration", "-150"), _OUT, "out of range", 2, "net_migration"),
    Fault("births in words", set_cell(_OUT, 2, "births", "许多"), _OUT, "not a number", 2, "births"),
    Fault("year of two digits", set_cell(_OUT, 2, "year", "28"), _OUT, "out of range", 2, "year"),
    Fault("move from nowhere", set_cell(_MOV, 2, "from_settlement_id", "X1"), _MOV, "no such settlement", 2, "from_settlement_id"),
    Fault("move to nowhere", set_cell(_MOV, 2, "to_settlement_id", "X1"), _MOV, "no such settlement", 2, "to_settlement_id"),
    Fault("move to itself", set_cell(_MOV, 2, "to_settlement_id", "S5"), _MOV, "moves to itself", 2, "to_settlement_id"),
    Fault("move of nobody", set_cell(_MOV, 2, "share", ""), _MOV, "exactly one of share and pupils", 2, "share"),
    Fault("move of a share and of pupils", set_cell(_MOV, 3, "share", "10"), _MOV, "exactly one of share and pupils", 3, "share"),
    Fault("move on no day", set_cell(_MOV, 2, "date", "2029-06-31"), _MOV, "no such date", 2, "date"),
    Fault(
        "more than everybody moves",
        both(set_cell(_MOV, 4, "from_settlement_id", "S5"), set_cell(_MOV, 4, "to_settlement_id", "S1")),
        _MOV,
        "more than 100 %",
        2,
        "share",
    ),
    Fault("register of an unknown school", set_cell(_REG, 2, "school_id", "Z1"), _REG, "no such school", 2, "school_id"),
    Fault("register twice", set_cell(_REG, 4, "term", "1"), _REG, "repeats row 3", 4, "school_id"),
    Fault("register for the year and its terms", set_cell(_REG, 4, "term", ""), _REG, "for the year and for its terms", 4, "term"),
    Fault("more dropouts than pupils", set_cell(_REG, 3, "dropped_out", "11"), _REG, "more pupils than the grade has", 3, "dropped_out"),
    Fault("register with names", add_column(_REG, "姓名", ["张三", "李四", "王五"]), _REG, "names persons", 1, "姓名"),
    Fault("register without enrolment", drop_column(_REG, "enrolled_start"), _REG, "required column is missing", 1, "enrolled_start"),
    Fault(
        "census without its column",
        point_to("[data]", _DEMAND.format('source = "census"\nages = { age_0_19 = [0, 19] }')),
        _SET,
        "required column is missing",
        1,
        "age_0_19",
    ),
    Fault(
        "birth rate of nobody",
        point_to("[data]", "[demand.projection]\nbirths_per_1000 = 9\n\n[data]"),
        _SET,
        "needs the population",
        1,
        "population",
    ),
    Fault("grid of nobody", people_grid([[0, 0], [0, 0]]), "people.tif", "holds nobody here"),
    Fault("grid with holes as numbers", people_grid([[-9999, 5], [5, 5]]), "people.tif", "negative number"),
    Fault("grid of another place", people_grid([[5, 5], [5, 5]], west=100.0), "people.tif", "covers no settlement"),
    Fault(
        "grid for a column that is there",
        people_grid([[5, 5], [5, 5]], column="left_behind"),
        "people.tif",
        "have this column",
        None,
        "left_behind",
    ),
    Fault("grid that is no raster", both(people_grid([[5]]), write("people.tif", b"PK")), "people.tif", "not a complete raster"),
    Fault("grid that is missing", both(people_grid([[5]]), lambda folder: (folder / "people.tif").unlink()), "people.tif", "missing"),
]
SCENARIO_FAULTS = [
    Fault("census without ages", point_to("[data]", _DEMAND.format('source = "census"')), "scenario.toml", "age groups are not given"),
    Fault(
        "cohorts without a file",
        both(point_to("[data]", _DEMAND.format('source = "cohorts"')), point_to("cohorts =", "# cohorts =")),
        "scenario.toml",
        "`cohorts` is not given",
    ),
    Fault(
        "grid without a file",
        point_to("[data]", _DEMAND.format('source = "grid"\nages = { persons = [0, 99] }')),
        "scenario.toml",
        "`population` is not given",
    ),
    Fault(
        "ages of a register", point_to("[data]", _DEMAND.format("ages = { a = [0, 20] }")), "scenario.toml", "belong to a census or a grid"
    ),
    Fault(
        "ages overlap",
        point_to("[data]", _DEMAND.format('source = "census"\nages = { a = [0, 9], b = [9, 20] }')),
        "scenario.toml",
        "overlap",
    ),
    Fault(
        "ages backwards", point_to("[data]", _DEMAND.format('source = "census"\nages = { a = [20, 0] }')), "scenario.toml", "ends before"
    ),
    Fault(
        "ages with a hole",
        point_to("[data]", _DEMAND.format('source = "census"\nages = { a = [0, 9], b = [11, 20] }')),
        "scenario.toml",
        "no group holds age 10",
    ),
    Fault("sixteen years ahead", point_to("year = 2026", "year = 2042"), "scenario.toml", "more than 15 years"),
]
