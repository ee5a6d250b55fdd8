"""What is read, from every kind of file, equals the tiny county that is worked out by hand."""

from __future__ import annotations

import csv
import io

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from layout_planner.county.coordinates import gcj02_to_bd09, wgs84_to_gcj02
from layout_planner.county.inputs import read_county
from layout_planner.county.table_files import read_table
from layout_planner.county.tables import SCHOOLS, SETTLEMENTS, TABLES
from layout_planner.county.yearly_checks import YEARLY
from layout_planner.scenario import TableFile, read_scenario
from tests.broken import GOOD, boastful_gpkg, cells, copy_good, point_to, schools_as_gpkg, set_cell, to_excel, without_yearly, write_cells
from tests.tiny import tiny_county

HELD = [role for role in TABLES if role != "lines"]  # the tiny folder has no public lines; see test_lines.py


def county_of(folder):
    return read_county(read_scenario(folder / "scenario.toml"))


@pytest.fixture
def folder(tmp_path):
    return copy_good(tmp_path / "county")


def assert_same_places(found, wanted, metres=0.01):
    assert list(found.index) == list(wanted.index)
    assert (found.geometry.distance(wanted.geometry) < metres).all()


def assert_same_schools(found, wanted):
    assert_same_places(found, wanted)
    assert_frame_equal(pd.DataFrame(found.drop(columns="geometry")), pd.DataFrame(wanted.drop(columns="geometry")))


def test_tiny_files_are_the_tiny_county(folder):
    read, made = county_of(folder), tiny_county()
    assert read.crs == made.crs
    for name in ("settlements", "schools"):
        found, wanted = getattr(read, name), getattr(made, name).sort_index()
        assert_same_places(found, wanted)
        for column in wanted.columns.drop("geometry"):
            assert list(found[column]) == list(wanted[column]), column
    assert found.index.name == "school_id"
    assert list(read.evidence["item"]) == ["hearing", "notice"]
    assert np.isnan(read.evidence.loc[1, "in_favour"])
    assert {source.role for source in read.sources} == {"boundary", "roads", *HELD}
    assert all(len(source.sha256) == 64 for source in read.sources)


def test_steps_are_told(folder):
    told = []
    read_county(read_scenario(folder / "scenario.toml"), on_step=told.append)
    assert len(told) >= 5


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.encode("gbk"),
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: text.replace(",", ";").encode(),
        lambda text: text.replace(",", "\t").encode(),
        lambda text: (text + "\n,,,,,,,,,,,,,\n\n").encode(),
        lambda text: text.replace("seats", " SEATS ").replace("school_id", "School ID").encode(),
        lambda text: text.replace("seats", "学位数（个）").replace("form", "办学类型").replace("primary", "小学").encode(),
        lambda text: text.replace("100,0", "１００,0").encode(),
        lambda text: text.replace("100,0", "100.0,0").encode(),
    ],
    ids=["gbk", "bom", "utf-16", "crlf", "cr", "semicolon", "tab", "blank rows", "case", "chinese", "full-width", "100.0"],
)
def test_csv_dialects_read_alike(folder, change):
    wanted = county_of(folder).schools
    path = folder / "schools.csv"
    path.write_bytes(change(path.read_text(encoding="utf-8")))
    assert_same_schools(county_of(folder).schools, wanted)


def test_row_order_never_matters(folder):
    wanted = county_of(folder)
    for name in (f"{role}.csv" for role in HELD):
        header, *rows = cells(folder, name)
        write_cells(folder, name, [header, *reversed(rows)])
    found = county_of(folder)
    assert_same_schools(found.schools, wanted.schools)
    assert_frame_equal(pd.DataFrame(found.settlements), pd.DataFrame(wanted.settlements))
    for role in ("evidence", "posts", *YEARLY):
        assert_frame_equal(getattr(found, role), getattr(wanted, role))


def test_excel_gpkg_parquet_and_shapefile_read_alike(folder):
    wanted = county_of(folder).schools
    to_excel(folder).save(folder / "schools.xlsx")
    assert_same_schools(county_of(folder).schools, wanted)
    point_to("schools.xlsx", "schools.csv")(folder)
    boastful_gpkg(folder)
    assert_same_schools(county_of(folder).schools, wanted)
    frame = gpd.read_file(folder / "schools.gpkg", use_arrow=True)
    frame.to_parquet(folder / "schools.parquet")
    point_to("schools.gpkg", "schools.parquet")(folder)
    assert_same_schools(county_of(folder).schools, wanted)
    frame.to_file(folder / "schools.shp", encoding="GB18030")
    (folder / "schools.cpg").unlink()
    point_to("schools.parquet", "schools.shp")(folder)
    assert_same_schools(county_of(folder).schools, wanted)


def test_projected_geopackage_is_brought_to_degrees(folder):
    wanted = county_of(folder).schools
    path = schools_as_gpkg(folder)
    gpd.read_file(path).to_crs("EPSG:4544").to_file(folder / "projected.gpkg", driver="GPKG")
    point_to("schools.gpkg", "projected.gpkg")(folder)
    assert_same_schools(county_of(folder).schools, wanted)


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_declared_web_map_coordinates_come_home(folder, datum):
    wanted = county_of(folder).settlements
    rows = cells(folder, "settlements.csv")
    at = rows[0].index("lon")
    lon, lat = (np.array([float(row[at + k]) for row in rows[1:]]) for k in (0, 1))
    lon, lat = wgs84_to_gcj02(lon, lat)
    if datum == "bd09":
        lon, lat = gcj02_to_bd09(lon, lat)
    for row, x, y in zip(rows[1:], lon, lat, strict=True):
        row[at], row[at + 1] = f"{x:.9f}", f"{y:.9f}"
    write_cells(folder, "settlements.csv", rows)
    point_to('"settlements.csv"', f'"settlements.csv", crs = "{datum}"')(folder)
    assert_same_places(county_of(folder).settlements, wanted)


def test_excel_ids_keep_their_digits(folder):
    without_yearly(folder)
    book = to_excel(folder)
    book.active["A2"], book.active["A3"] = 2152000101.0, "0021520001"
    book.save(folder / "schools.xlsx")
    (folder / "evidence.csv").write_text("school_id,item,date\n2152000101,notice,2026年3月1日\n", encoding="utf-8")
    found = county_of(folder)
    assert list(found.schools.index) == ["0021520001", "2152000101"]
    assert found.evidence.loc[0, "date"] == "2026-03-01"


def test_formula_values_that_excel_kept_are_read(folder):
    book = to_excel(folder)
    book.active["O1"] = "备注"
    book.active["O2"] = "=1/0"
    book.save(folder / "schools.xlsx")
    assert len(county_of(folder).schools) == 2


def test_far_and_wide_sheets_do_not_slow_or_confuse(folder):
    wanted = county_of(folder).schools
    book = to_excel(folder)
    book.active.cell(1_048_576, 16_384).number_format = "@"
    book.save(folder / "schools.xlsx")
    assert_same_schools(county_of(folder).schools, wanted)


def test_missing_columns_are_noted_and_filled(folder):
    header, *rows = cells(folder, "schools.csv")
    keep = [header.index(name) for name in ("school_id", "name", "lon", "lat", "form")]
    write_cells(folder, "schools.csv", [[row[at] for at in keep] for row in (header, *rows)])
    found = county_of(folder)
    assert np.isinf(found.schools["seats"]).all()
    assert found.schools["canteen"].all()
    assert not found.schools["protected"].any()
    assert found.schools.loc["P1", "grades"] == (1, 2, 3, 4, 5, 6)
    assert {"schools.seats.missing", "schools.canteen.missing", "dem.missing"} <= {note.code for note in found.notes}
    assert not found.schools.drop(columns=["yearly_cost", "geometry"]).isna().any().any()


def test_blank_cells_are_noted(folder):
    set_cell("settlements.csv", 3, "pupils_g1", "")(folder)
    set_cell("schools.csv", 2, "seats", "/")(folder)
    set_cell("schools.csv", 3, "canteen", "")(folder)
    found = county_of(folder)
    assert found.settlements.loc["S2", "pupils_g1"] == 0
    assert np.isinf(found.schools.loc["P1", "seats"])
    assert not found.schools.loc["C1", "canteen"]
    assert {"settlements.pupils_g1.blank", "schools.seats.blank", "schools.canteen.blank"} <= {note.code for note in found.notes}


def test_excluded_rows_are_left_out_with_their_reason(folder):
    set_cell("settlements.csv", 6, "pupils_g1", "broken")(folder)
    point_to('"settlements.csv"', '"settlements.csv", exclude = { S5 = "moved away" }')(folder)
    found = county_of(folder)
    assert "S5" not in found.settlements.index
    assert any(note.code == "settlements.excluded" and "moved away" in note.text.en for note in found.notes)


def test_defaults_mapping_and_shares(folder):
    without_yearly(folder)
    header, *rows = cells(folder, "settlements.csv")
    keep = [header.index(name) for name in ("settlement_id", "name", "lon", "lat", "left_behind")]
    rows = [[row[at] for at in keep] for row in (header, *rows)]
    rows[0][4] = "age_0_9"
    rows[0][1] = "村组"
    write_cells(folder, "settlements.csv", rows)
    point_to('"settlements.csv"', '"settlements.csv", columns = { name = "村组" }, defaults = { kind = "安置点" }')(folder)
    shares = "".join(f"{band} = {{ age_0_9 = 0.3 }}\n" for band in ("lower_primary", "upper_primary", "junior"))
    point_to("[data]", f"[demand.shares]\n{shares}\n[data]")(folder)
    found = county_of(folder)
    assert list(found.settlements["age_0_9"]) == [10.0, 3.0, 6.0, 2.0, 2.0]
    assert set(found.settlements["kind"]) == {"resettlement"}
    assert any(note.code == "settlements.kind.default" for note in found.notes)


def test_degrees_minutes_seconds_are_read(folder):
    wanted = county_of(folder).schools
    set_cell("schools.csv", 2, "lon", "东经105°0′0″")(folder)
    assert_same_schools(county_of(folder).schools, wanted)


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp", "Cf")), min_size=1, max_size=12)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(names=st.lists(TEXTS.filter(lambda text: text.casefold() not in {"-", "—", "/", "nan"}), min_size=1, max_size=6), counts=st.data())
def test_any_name_and_count_survive_csv(tmp_path, names, counts):
    numbers = [counts.draw(st.integers(0, 100_000)) for _ in names]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["settlement_id", "name", "lon", "lat", "pupils_g1"])
    writer.writerows([f"V{at}", name, 105.1, 26.5, number] for at, (name, number) in enumerate(zip(names, numbers, strict=True)))
    (tmp_path / "any.csv").write_bytes(text.getvalue().encode())
    table = read_table(TableFile(path="any.csv"), SETTLEMENTS, tmp_path)
    assert not table.problems
    assert list(table.frame["name"]) == names
    assert list(table.frame["pupils_g1"]) == numbers


def test_reading_is_quick_enough(tmp_path):
    count = 5000
    frame = pd.DataFrame(
        {"school_id": [f"X{at}" for at in range(count)], "name": "n", "form": "primary", "lon": 105.0, "lat": 26.0, "seats": 10}
    )
    frame.to_csv(tmp_path / "schools.csv", index=False)
    assert len(read_table(TableFile(path="schools.csv"), SCHOOLS, tmp_path).frame) == count


def test_good_folder_is_good():
    assert county_of(GOOD).boundary is not None


def test_moves_of_an_excluded_settlement_are_left_out_and_told(folder):
    point_to('"settlements.csv"', '"settlements.csv", exclude = { S5 = "no longer lived in" }')(folder)
    found = county_of(folder)
    assert list(found.moves["from_settlement_id"]) == ["S4", "S4"]
    assert [note.count for note in found.notes if note.code == "moves.from_settlement_id.excluded"] == [1]
