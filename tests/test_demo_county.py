"""The committed demo county is what its seed makes, and is the county its README says it is."""

from __future__ import annotations

import json
import zipfile
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import geopandas as gpd
import gtfs_kit
import networkx as nx
import numpy as np
import openpyxl
import osmium
import pandas as pd
import pytest
import rasterio
import shapely
from pyproj import Transformer

from layout_planner.county.evidence_table import EVIDENCE
from layout_planner.county.gtfs_feed import clock
from layout_planner.county.inputs import read_county
from layout_planner.county.tables import FORM_GRADES, SCHOOLS, SETTLEMENTS, TABLES
from layout_planner.demo.county import made_with, make_demo_county
from layout_planner.pipeline import ground_of
from layout_planner.scenario import read_scenario

if TYPE_CHECKING:
    from layout_planner.county.columns import Table

ROOT = Path(__file__).parent.parent
COUNTY = ROOT / "data" / "demo_county"
ABSENT = {"lines", "fleet", "stops"}  # the demo's lines are a GTFS feed, and it buys buses of one kind as needed
SHEETS = {f"{role}.xlsx": table for role, table in TABLES.items() if role not in ABSENT}
OTHERS = ("boundary.gpkg", "children.tif", "dem.tif", "flood-2024.geojson", "gtfs.zip", "made_with.json", "roads.osm.pbf")
FILES = tuple(sorted([*SHEETS, *OTHERS]))
TO_METRES = Transformer.from_crs(4326, 32648, always_xy=True)
OPPOSED = {"2152990152", "2152990153", "2152990155", "2152990169", "2152990172"}
BANDS = {"school_lower_primary": (1, 2, 3), "school_upper_primary": (4, 5, 6), "school_junior": (7, 8, 9)}


class Roads(NamedTuple):
    """Ways as (tags, node ids), and where the nodes are in metres."""

    ways: list[tuple[dict[str, str], list[int]]]
    at: dict[int, tuple[float, float]]

    def graph(self, *, with_gaps: bool = False) -> nx.Graph:
        graph = nx.Graph()
        for tags, nodes in self.ways:
            if "highway" in tags and (with_gaps or tags["highway"] != "construction"):
                nx.add_path(graph, nodes)
        return graph


def read_sheet(path: Path, table: Table) -> pd.DataFrame:
    book = openpyxl.load_workbook(path)
    header, *rows = book.active.iter_rows(values_only=True)
    book.close()
    names = {column.aliases[0]: column.name for column in table.columns}
    return pd.DataFrame(rows, columns=[names[title] for title in header])


def read_ways(path: Path) -> Roads:
    ways, at = [], {}
    for thing in osmium.FileProcessor(str(path)):
        if thing.is_node():
            at[thing.id] = TO_METRES.transform(thing.location.lon, thing.location.lat)
        elif thing.is_way():
            ways.append(({tag.k: tag.v for tag in thing.tags}, [node.ref for node in thing.nodes]))
    return Roads(ways, at)


@pytest.fixture(scope="module")
def settlements() -> pd.DataFrame:
    return read_sheet(COUNTY / "settlements.xlsx", SETTLEMENTS)


@pytest.fixture(scope="module")
def schools() -> pd.DataFrame:
    table = read_sheet(COUNTY / "schools.xlsx", SCHOOLS)
    return table[table["special"] != "特殊教育学校"]


@pytest.fixture(scope="module")
def evidence() -> pd.DataFrame:
    return read_sheet(COUNTY / "evidence.xlsx", EVIDENCE)


@pytest.fixture(scope="module")
def roads() -> Roads:
    return read_ways(COUNTY / "roads.osm.pbf")


def pupils(settlements: pd.DataFrame, grades: tuple[int, ...] = tuple(range(1, 10))) -> pd.Series:
    return settlements[[f"pupils_g{grade}" for grade in grades]].sum(axis=1)


def same_content(name: str, ours: Path, theirs: Path) -> None:
    """Compare two files by what they hold, where library versions change the bytes."""
    if name.endswith(".xlsx"):
        table = SHEETS[name]
        pd.testing.assert_frame_equal(read_sheet(ours, table), read_sheet(theirs, table), check_exact=False, atol=2e-6)
    elif name.endswith(".pbf"):
        one, other = read_ways(ours), read_ways(theirs)
        assert one.ways == other.ways
        np.testing.assert_allclose(list(one.at.values()), list(other.at.values()), atol=0.3)
    elif name.endswith(".tif"):
        with rasterio.open(ours) as one, rasterio.open(theirs) as other:
            np.testing.assert_allclose(one.read(1), other.read(1), atol=1)
            assert one.bounds == other.bounds
    elif name.endswith(".zip"):
        with zipfile.ZipFile(ours) as one, zipfile.ZipFile(theirs) as other:
            assert {part: one.read(part) for part in one.namelist()} == {part: other.read(part) for part in other.namelist()}
    elif name.endswith((".gpkg", ".geojson")):
        one, other = (gpd.read_file(path).to_crs(32648).geometry[0] for path in (ours, theirs))
        assert one.symmetric_difference(other).area < 1e-3 * other.area


@pytest.mark.slow
def test_the_seed_makes_the_committed_files(tmp_path: Path) -> None:
    steps: list[str] = []
    make_demo_county(tmp_path, on_step=steps.append)
    assert steps == ["terrain", "roads", "settlements and schools", "files"]
    assert tuple(sorted(path.name for path in tmp_path.iterdir())) == FILES
    same_libraries = json.loads((COUNTY / "made_with.json").read_text(encoding="utf-8")) == made_with()
    for name in FILES:
        if same_libraries:
            assert (tmp_path / name).read_bytes() == (COUNTY / name).read_bytes(), f"{name} differs from what the seed makes"
        else:
            same_content(name, tmp_path / name, COUNTY / name)


def test_files_are_small_and_all_there() -> None:
    assert tuple(sorted(path.name for path in COUNTY.iterdir())) == FILES
    assert (COUNTY / "dem.tif").stat().st_size < 700_000
    assert (COUNTY / "roads.osm.pbf").stat().st_size < 1_000_000


def test_ids_are_unique_text(settlements: pd.DataFrame, schools: pd.DataFrame) -> None:
    assert settlements["settlement_id"].is_unique
    assert settlements["settlement_id"].str.fullmatch(r"520999\d{9}").all()
    assert schools["school_id"].is_unique
    assert schools["school_id"].str.fullmatch(r"(21|31)52\d{6}").all()
    assert not settlements.duplicated(["township", "name"]).any()
    assert schools["name"].is_unique


def test_numbers_are_those_of_a_county(settlements: pd.DataFrame, schools: pd.DataFrame) -> None:
    assert len(settlements) == 604
    assert settlements["township"].nunique() == 11
    assert 14_000 <= pupils(settlements).sum() <= 18_000
    assert len(schools) == 78
    small = schools[(schools["enrolment"] < 60) & (schools["candidate"] == "否")]
    assert 18 <= len(small) <= 32
    assert (schools["seats"] < schools["enrolment"]).sum() == 2


def test_sizes_fall_like_ranks(settlements: pd.DataFrame) -> None:
    size = np.sort(pupils(settlements)[settlements["kind"] == "自然村"].to_numpy())[::-1][:290]
    slope = np.polyfit(np.log(np.arange(1, 291) + 10), np.log(size), 1)[0]
    assert -1.2 < slope < -0.6


def test_cohorts_fall(settlements: pd.DataFrame) -> None:
    ages = settlements[[f"age_{age}" for age in range(6)]].sum().to_numpy()
    assert (np.diff(ages) > 0).all()
    assert ages[-1] < settlements["pupils_g1"].sum() < settlements["pupils_g4"].sum()


def test_groups_are_parts_of_the_pupils(settlements: pd.DataFrame) -> None:
    assert (settlements[["left_behind", "poor", "disabled"]].max(axis=1) <= pupils(settlements)).all()


def test_enrolment_is_the_sum_of_the_children_who_attend(settlements: pd.DataFrame, schools: pd.DataFrame) -> None:
    attending = pd.Series(0, index=schools["school_id"])
    for band, grades in BANDS.items():
        attending = attending.add(pupils(settlements, grades).groupby(settlements[band]).sum(), fill_value=0)
    assert (attending.reindex(schools["school_id"]).to_numpy() == schools["enrolment"].to_numpy()).all()
    assert (schools.loc[schools["candidate"] == "是", "enrolment"] == 0).all()


def test_children_attend_schools_that_teach_them(settlements: pd.DataFrame, schools: pd.DataFrame) -> None:
    forms = {words.zh: form for form, words in zip(FORM_GRADES, SCHOOLS.column("form").choice_words, strict=True)}
    taught = {school: set(FORM_GRADES[forms[form]]) for school, form in zip(schools["school_id"], schools["form"], strict=True)}
    for band, grades in BANDS.items():
        assert all(set(grades) <= taught[school] for school in settlements[band])


def test_everything_lies_in_the_county(settlements: pd.DataFrame, schools: pd.DataFrame) -> None:
    outline = gpd.read_file(COUNTY / "boundary.gpkg").geometry[0]
    for table in (settlements, schools):
        assert shapely.contains_xy(outline, table["lon"].astype(float), table["lat"].astype(float)).all()
    with rasterio.open(COUNTY / "dem.tif") as dem:
        heights = dem.read(1)
        covered = shapely.box(*dem.bounds).contains(shapely.transform(outline, TO_METRES.transform, interleaved=False))
    assert covered
    assert 580 <= heights.min() < 800
    assert 1_800 < heights.max() <= 2_080


def test_a_pocket_with_a_school_has_no_road_out(roads: Roads, schools: pd.DataFrame) -> None:
    pieces = sorted(nx.connected_components(roads.graph()), key=len, reverse=True)
    where = pd.DataFrame([(number, *roads.at[node]) for number, piece in enumerate(pieces) for node in piece], columns=["piece", "x", "y"])
    school = schools.loc[schools["school_id"] == "2152990152"].iloc[0]
    x, y = TO_METRES.transform(school["lon"], school["lat"])
    nearest = where.iloc[np.hypot(where["x"] - x, where["y"] - y).argmin()]
    assert nearest["piece"] > 0
    assert np.hypot(nearest["x"] - x, nearest["y"] - y) < 300
    assert (where["piece"] == nearest["piece"]).sum() > 40
    assert school["enrolment"] < 60


def test_no_road_is_cut_off_by_chance(roads: Roads) -> None:
    assert nx.number_connected_components(roads.graph(with_gaps=True)) == 2  # the county and the pocket


def test_slides_cut_roads(roads: Roads) -> None:
    slides = [nodes for tags, nodes in roads.ways if tags.get("highway") == "construction"]
    graph, whole = roads.graph(), roads.graph(with_gaps=True)
    assert len(slides) == 4
    assert nx.number_connected_components(graph) > nx.number_connected_components(whole)
    assert sum(nx.has_path(graph, nodes[0], nodes[-1]) for nodes in slides) == 2  # two cost a way round, two cut off


def test_two_bridges_span_the_gorge(roads: Roads) -> None:
    names = [tags["name"] for tags, _ in roads.ways if tags.get("bridge") == "yes"]
    assert sum("峡大桥" in name for name in names) == 2
    assert len(names) <= 5
    river = next(nodes for tags, nodes in roads.ways if tags.get("waterway") == "river")
    line = shapely.LineString([roads.at[node] for node in river])
    for tags, nodes in roads.ways:
        if "highway" in tags and tags.get("bridge") != "yes":
            road = shapely.LineString([roads.at[node] for node in nodes])
            assert road.distance(line) > 0, f"{tags.get('name')} crosses the river without a bridge"


def test_some_homes_are_off_the_road(roads: Roads, settlements: pd.DataFrame) -> None:
    lines = [shapely.LineString([roads.at[node] for node in nodes]) for tags, nodes in roads.ways if "highway" in tags]
    homes = shapely.points(np.column_stack(TO_METRES.transform(settlements["lon"].astype(float), settlements["lat"].astype(float))))
    _, away = shapely.STRtree(lines).query_nearest(homes, return_distance=True, all_matches=False)
    assert 15 <= ((away > 300) & (away <= 1_600)).sum() <= 90
    assert (away > 2_000).sum() <= 2


def test_one_special_school_and_venues_too_near_a_school(schools: pd.DataFrame) -> None:
    everything, venues = read_sheet(COUNTY / "schools.xlsx", SCHOOLS), read_sheet(COUNTY / "venues.xlsx", TABLES["venues"])
    assert everything["special"].value_counts().to_dict().keys() == {"特殊教育学校", "资源教室"}
    assert (everything["special"] == "特殊教育学校").sum() == 1
    at = np.column_stack(TO_METRES.transform(schools["lon"].astype(float), schools["lat"].astype(float)))
    cafes = venues[venues["kind"] == "网吧"]
    spots = np.column_stack(TO_METRES.transform(cafes["lon"].astype(float), cafes["lat"].astype(float)))
    near = np.hypot(*(at[:, None] - spots[None, :]).transpose(2, 0, 1)).min(axis=1) < 200
    assert near[(schools["candidate"] == "否").to_numpy()].any()
    assert near[(schools["candidate"] == "是").to_numpy()].any()


def judge(records: pd.DataFrame) -> set[str]:
    """Return what is wrong with one school's procedure."""
    last = {row.item: row for row in records.itertuples()}
    faults = set()
    if (last["公示"].until - last["公示"].date).days < 30:
        faults.add("short notice")
    if last["听证"].date < last["公示"].date:
        faults.add("heard first")
    if last["听证"].in_favour <= last["听证"].against:
        faults.add("opposed")
    if "审批" not in last:
        faults.add("no approval")
    return faults


def test_the_scenarios_know_their_records(schools: pd.DataFrame, evidence: pd.DataFrame) -> None:
    consulted = evidence[evidence["item"] == "专项规划备案"]["school_id"]
    faults = {school: judge(evidence[evidence["school_id"] == school]) for school in consulted}
    safe, bureau = (read_scenario(ROOT / "scenarios" / f"{name}.toml").plan for name in ("safeguarded", "bureau-mergers"))
    assert sorted(safe.may_close) == sorted(school for school, found in faults.items() if not found)
    assert set(safe.keep) == OPPOSED == {school for school, found in faults.items() if "opposed" in found}
    assert set(bureau.close) <= set(schools["school_id"])
    struck = set().union(*(faults.get(school, {"nobody asked"}) for school in bureau.close))
    assert struck == {"short notice", "heard first", "opposed", "no approval", "nobody asked"}
    kept = set(schools.loc[schools["protected"] == "是", "school_id"])
    assert not kept & {*bureau.close, *safe.may_close}


def test_safeguards_are_dated_before_the_schools_close(evidence: pd.DataFrame) -> None:
    closing = date.fromisoformat(read_scenario(ROOT / "scenarios" / "safeguarded.toml").plan.close_on)
    assert pd.to_datetime(evidence["date"]).max().date() < closing
    built = evidence[evidence["item"].isin(["床位验收", "校车许可"])]
    assert (built["quantity"] > 0).all()


@pytest.mark.parametrize("name", ["base", "keep-all", "bureau-mergers", "safeguarded"])
def test_scenarios_are_valid_and_named_like_their_files(name: str) -> None:
    scenario = read_scenario(ROOT / "scenarios" / f"{name}.toml")
    assert scenario.name == name
    assert (scenario.folder / scenario.data.dir / scenario.data.roads.path).is_file()


def test_the_first_plan_year_is_untouched_by_what_comes_later() -> None:
    """Outlook and moves begin after 2027: the demo's plans rest on the children who are counted."""
    outlook, moves = (read_sheet(COUNTY / f"{role}.xlsx", TABLES[role]) for role in ("outlook", "moves"))
    assert outlook["year"].min() == 2028
    assert moves["date"].min().date() > date(2027, 9, 1)


def test_the_cohort_table_holds_the_children_of_the_settlement_table(settlements: pd.DataFrame) -> None:
    table = read_sheet(COUNTY / "cohorts.xlsx", TABLES["cohorts"])
    by_grade = table[table["grade"].notna()].groupby(["settlement_id", "grade"])["pupils"].sum()
    for grade in range(1, 10):
        counted = settlements.set_index("settlement_id")[f"pupils_g{grade}"]
        found = by_grade.xs(grade, level="grade").reindex(counted.index, fill_value=0)
        assert found.tolist() == counted.tolist()


def test_registers_are_those_of_the_schools_attended(schools: pd.DataFrame) -> None:
    registers = read_sheet(COUNTY / "registers.xlsx", TABLES["registers"])
    enrolled = registers.groupby("school_id")["enrolled_start"].sum()
    counted = schools[schools["candidate"] == "否"].set_index("school_id")["enrolment"]
    assert enrolled.reindex(counted.index).tolist() == counted.tolist()
    assert (registers["dropped_out"] <= registers["suspected"]).all()
    assert 0.004 < registers["suspected"].sum() / registers["enrolled_start"].sum() < 0.03


def test_the_raster_holds_the_children_and_some_farms(settlements: pd.DataFrame) -> None:
    children = settlements[[f"pupils_g{g}" for g in range(1, 10)] + [f"age_{a}" for a in range(6)]].to_numpy().sum()
    with rasterio.open(COUNTY / "children.tif") as grid:
        assert grid.read(1).sum() == children + 120


def test_public_lines_run_before_and_after_school() -> None:
    """What the project reads and what gtfs-kit reads are the same departures, and the lines are those of a rural county."""
    county = read_county(read_scenario(ROOT / "scenarios" / "base.toml"))
    lines = county.lines
    assert lines is not None
    feed = gtfs_kit.read_feed(COUNTY / "gtfs.zip", dist_units="m")
    day = lines.day.replace("-", "")
    often = set(feed.frequencies["trip_id"])
    ours = lines.runs.merge(lines.calls, on="pattern")
    for stop_id in lines.stops.index:
        here = ours[(ours["stop_id"] == stop_id) & (ours["headway_s"] == 0)]
        table = feed.build_stop_timetable(stop_id, [day])
        theirs = [] if table.empty else list(table.loc[~table["trip_id"].isin(often), "departure_time"])
        assert sorted(clock(at) for at in here["first_s"] + here["depart_s"]) == sorted(theirs), stop_id
    assert feed.routes["route_id"].nunique() == lines.patterns["line_id"].nunique() == 13
    assert list(lines.runs.loc[lines.runs["headway_s"] > 0, "headway_s"]) == [720, 720]
    early, late = (lines.runs[lines.runs["first_s"].between(begin * 3600, end * 3600)] for begin, end in ((6, 7.5), (16.5, 18)))
    assert set(early["pattern"]) | {"1/1", "1/2"} == set(late["pattern"]) | {"1/1", "1/2"} == set(lines.patterns.index)
    miles = [np.hypot(*np.diff(shapely.get_coordinates(lines.stops.geometry.loc[rows["stop_id"]]), axis=0).T)
             / np.diff(rows["arrive_s"]) * 3.6 for _, rows in lines.calls.groupby("pattern")]  # fmt: skip
    assert np.concatenate(miles).min() > 5
    assert np.concatenate(miles).max() < 45  # as the crow flies, km/h


def test_some_pupils_take_the_bus_today() -> None:
    _, _, ground = ground_of(ROOT / "scenarios" / "base.toml")
    trips = ground.travel.public.by_factor[0.95]
    assert len(trips) > 300
    assert (trips["second"] >= 0).any()
    assert (trips["headway_s"] > 0).any()
    assert (trips["seconds"] <= 3600).all()
    assert trips["early_s"].between(0, 1800).all()
    parts = trips["walk_s"] + trips["wait_s"] + trips["ride_s"]
    np.testing.assert_allclose(parts, trips["seconds"])
