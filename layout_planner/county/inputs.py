"""All files of a scenario to one `County`, or all their faults at once. Nothing else opens data files."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from layout_planner.county import checks
from layout_planner.county.bus_checks import check_bus_stops, check_overnight
from layout_planner.county.county_tables import (
    evidence_rows,
    fleet_rows,
    ordinary_schools,
    place_crs,
    points_by_id,
    school_points,
    settlement_points,
    split_special,
    stop_points,
)
from layout_planner.county.database import local_copies
from layout_planner.county.datum_audit import DatumDoubt, audit_datum
from layout_planner.county.evidence_files import hash_evidence
from layout_planner.county.evidence_table import EVIDENCE
from layout_planner.county.faults import Faults
from layout_planner.county.fleet_table import FLEET
from layout_planner.county.gaps import note_gaps
from layout_planner.county.ground_files import GroundReader
from layout_planner.county.mended import check_road_fixes
from layout_planner.county.model import County, Note, RoadTable, Source
from layout_planner.county.objections_table import OBJECTIONS, objection_rows
from layout_planner.county.posts import check_posts, post_rows
from layout_planner.county.posts_table import POSTS
from layout_planner.county.raw_files import hash_file
from layout_planner.county.stop_table import STOPS
from layout_planner.county.table_files import CheckedTable, read_table
from layout_planner.county.tables import SCHOOLS, SETTLEMENTS, TABLES
from layout_planner.county.venue_table import VENUES
from layout_planner.county.yearly_checks import YEARLY, check_yearly, yearly_rows
from layout_planner.errors import InputError, Problem, raise_problems
from layout_planner.scenario import DataFile
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd

    from layout_planner.county.columns import Table
    from layout_planner.scenario import Scenario


@dataclass(frozen=True)
class Survey:
    """What could be read of a county's places, whatever its faults; `doubts` by role of the table."""

    settlements: CheckedTable
    schools: CheckedTable
    roads: RoadTable | None
    boundary: gpd.GeoDataFrame | None
    crs: str
    doubts: dict[str, DatumDoubt] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    notes: tuple[Note, ...] = ()
    sources: tuple[Source, ...] = ()


def survey_county(scenario: Scenario, *, on_step: Callable[[Words], None] | None = None) -> Survey:
    """Return the places of `scenario` with all faults instead of raising them, for a report on their quality."""
    problems: tuple[Problem, ...] = ()
    with local_copies(scenario, on_step) as local:
        reader = _CountyReader(local, on_step or (lambda _: None))
        try:
            reader.read()
        except InputError as error:
            problems = error.problems
    return replace(reader.survey, problems=problems, notes=tuple(reader.notes), sources=tuple(reader.sources))


def read_county(scenario: Scenario, *, on_step: Callable[[Words], None] | None = None) -> County:
    """Return the county of `scenario`, every table checked, ids sorted, geometry in metres.

    Raises
    ------
    InputError : any file has faults; all faults of all files are listed.
    """
    with local_copies(scenario, on_step) as local:
        return _CountyReader(local, on_step or (lambda _: None)).read()


class _CountyReader(GroundReader):
    """Read one file after the other and keep every fault; the order of `read` is the order of the report."""

    survey: Survey

    def read(self) -> County:
        """Return the county or raise all faults."""
        data = self.scenario.data
        self.on_step(Words("读取居民点", "reading settlements"))
        settlements = read_table(
            data.settlements,
            SETTLEMENTS,
            self.folder,
            ids=[f"school_{band}" for band in self.scenario.bands],
            numbers=self._columns_of_people(),
        )
        self.on_step(Words("读取学校", "reading schools"))
        schools = read_table(data.schools, SCHOOLS, self.folder)
        evidence = self._read_named(EVIDENCE, Words("读取程序和保障记录", "reading evidence"))
        yearly = self._read_yearly()
        for role, table in (("settlements", settlements), ("schools", schools)):
            self._keep_table(role, table, (data.settlements if role == "settlements" else data.schools).path)
        self._check_tables(settlements, schools, evidence)
        self._check_yearly(yearly, settlements, schools)
        posts = self._read_posts(settlements, schools)
        fleet = self._read_named(FLEET, Words("读取校车", "reading the fleet"))
        self.problems.extend(check_overnight(fleet, settlements, schools))
        stops = self._read_named(STOPS, Words("读取校车站点", "reading bus stops"))
        objections = self._read_objections(settlements)
        crs = place_crs(settlements, schools)
        boundary = self.read_boundary(crs, (settlements, schools, *([] if stops is None else [stops])))
        roads = self.read_roads(crs, settlements)
        elevation = self.read_elevation(settlements)
        bad_days = self.read_bad_days(crs, roads)
        self.survey = Survey(settlements, schools, roads, boundary, crs, self._doubt_datums(roads, settlements, schools))
        self.notes.extend(doubt.note(role) for role, doubt in self.survey.doubts.items())
        cells = self.read_population(crs, settlements, boundary)
        lines = self.read_lines(crs, roads, (settlements, schools))
        venues = self._read_venues(crs)
        water = None if roads is None else self.read_water(crs)
        self.problems.extend(check_bus_stops(stops, crs, roads, water, self.scenario.buses.stop_off_m))
        raise_problems(self.problems)
        assert roads is not None  # noqa: S101 - a missing road file is a problem
        sites, special = split_special(school_points(schools, crs))
        records, files = hash_evidence(evidence_rows(evidence), self.folder)
        self.sources.extend(files)
        return County(
            self.add_people(settlement_points(settlements, crs), cells),
            sites,
            roads,
            records,
            crs,
            boundary,
            elevation,
            special,
            venues,
            water,
            tuple(self.sources),
            tuple(self.notes),
            lines=lines,
            bad_days=bad_days,
            posts=post_rows(posts),
            fleet=fleet_rows(fleet),
            stops=stop_points(stops, crs),
            objections=objection_rows(objections),
            **{role: yearly_rows(yearly.get(role), TABLES[role]) for role in YEARLY},
        )

    def _doubt_datums(self, roads: RoadTable | None, settlements: CheckedTable, schools: CheckedTable) -> dict[str, DatumDoubt]:
        """Return, by role, the tables that fit the roads better under another datum."""
        files = {"settlements": self.scenario.data.settlements, "schools": self.scenario.data.schools}
        doubts = {}
        for role, table in (("settlements", settlements), ("schools", schools)):
            if roads is not None and {"lon", "lat"} <= set(table.frame.columns):
                lon, lat = table.frame["lon"].to_numpy(dtype=float), table.frame["lat"].to_numpy(dtype=float)
                doubt = audit_datum(table.shown, lon, lat, files[role].crs, roads)
                if doubt is not None:
                    doubts[role] = doubt
        return doubts

    def _columns_of_people(self) -> list[str]:
        """Return the columns of the settlements from which the scenario derives pupils, but for those that a grid fills."""
        demand = self.scenario.demand
        named = {column for parts in demand.shares.values() for column in parts} or set(demand.ages)
        return sorted(named - {grid.column for grid in self.scenario.data.population})

    def _read_yearly(self) -> dict[str, CheckedTable]:
        read = {role: self._read_named(TABLES[role], Words(f"读取{TABLES[role].title.zh}", f"reading {role}")) for role in YEARLY}
        return {role: table for role, table in read.items() if table is not None}

    def _check_yearly(self, yearly: dict[str, CheckedTable], settlements: CheckedTable, schools: CheckedTable) -> None:
        for role, table in yearly.items():
            problems, dropped = check_yearly(role, table, settlements, schools)
            self.problems.extend(problems)
            self._note_dropped(role, dropped)

    def _keep_table(self, role: str, table: CheckedTable, path: str) -> None:
        self.problems.extend(table.problems)
        if table.sha256:
            self.sources.append(Source(role, path, table.sha256, len(table.frame)))
            self.notes.extend(note_gaps(role, table))

    def _read_named(self, table: Table, said: Words) -> CheckedTable | None:
        """Return the table that the scenario names under [data], None where it names none; `said` while it is read."""
        file = getattr(self.scenario.data, table.role)
        if file is None:
            return None
        self.on_step(said)
        found = read_table(file, table, self.folder)
        self._keep_table(table.role, found, file.path)
        return found

    def _read_objections(self, settlements: CheckedTable) -> CheckedTable | None:
        """Return the comments of villagers; a comment about no settlement of the county is a fault."""
        table = self._read_named(OBJECTIONS, Words("读取群众意见", "reading comments of villagers"))
        if table is None:
            return None
        known, faults = set(settlements.frame.get("settlement_id", ())), table.faults()
        for row, home in zip(table.rows, table.frame.get("settlement_id", ()), strict=False):
            if known and home not in known:
                what = Words("居民点表中没有这个编号", "the settlement table has no such id")
                faults.add(what, Words("改正编号", "correct the id"), row=int(row), column="settlement_id", value=str(home))
        self.problems.extend(faults.problems)
        return table

    def _read_posts(self, settlements: CheckedTable, schools: CheckedTable) -> CheckedTable | None:
        file = self.scenario.data.posts
        if file is None:
            return None
        self.on_step(Words("读取责任岗位", "reading posts"))
        table = read_table(file, POSTS, self.folder)
        problems, dropped = check_posts(table, settlements, schools)  # first: it leaves out posts of schools that are not read
        self._keep_table("posts", table, file.path)
        self.problems.extend(problems)
        self._note_dropped("posts", dropped)
        return table

    def _read_venues(self, crs: str) -> gpd.GeoDataFrame | None:
        """Return the venues of a table, or of the points of an OSM file."""
        from layout_planner.county.osm_venues import is_osm_file, read_osm_venues

        file = self.scenario.data.venues
        if file is None:
            return None
        self.on_step(Words("读取校园周边场所", "reading venues"))
        if not is_osm_file(file.path):
            table = read_table(file, VENUES, self.folder)
            self._keep_table("venues", table, file.path)
            return points_by_id(table.frame, "venue_id", crs) if table.usable and not table.problems else None
        path = self.checked_path(DataFile(path=file.path))
        if path is None:
            return None
        faults = Faults(file.path)
        frame = read_osm_venues(path, faults)
        self.problems.extend(faults.problems)
        self.sources.append(Source("venues", file.path, hash_file(path), len(frame)))
        return points_by_id(frame, "venue_id", crs)

    def _check_tables(self, settlements: CheckedTable, schools: CheckedTable, evidence: CheckedTable | None) -> None:
        """Compare the tables with each other and with the scenario."""
        own = Faults(f"{self.scenario.name} (TOML)")
        homes, sites = settlements.faults(), schools.faults()
        if settlements.usable:
            checks.check_demand(self.scenario, settlements, own, homes)
        if schools.usable and "school_id" in schools.frame.columns:
            attended = sorted(
                {"school_lower_primary", "school_upper_primary", "school_junior", *(f"school_{band}" for band in self.scenario.bands)}
            )
            self._note_dropped("settlements", checks.check_references(settlements, attended, schools, homes))
            self._note_dropped("schools", checks.check_references(schools, ["parent_school_id"], schools, sites))
            checks.check_parents(schools, sites)
            checks.check_attended_bands(settlements, schools, self.scenario, homes)
            checks.check_plan(self.scenario, ordinary_schools(schools.frame), own)
            if evidence is not None:
                records = evidence.faults()
                self._note_dropped("evidence", checks.check_references(evidence, ["school_id"], schools, records))
                self.problems.extend(records.problems)
        checks.check_grades(schools, sites)
        checks.check_hours(schools, sites)
        checks.check_apart(settlements, schools, sites)
        for faults in (homes, sites, own):
            self.problems.extend(faults.problems)

    def _note_dropped(self, role: str, dropped: dict[str, int]) -> None:
        for column, count in dropped.items():
            self.notes.append(
                Note(
                    f"{role}.{column}.excluded",
                    Words(
                        f"{role} 列 {column} 有{count}处指向被排除的学校，已略去",
                        f"{role} column {column}: {count} cells name excluded schools and are dropped",
                    ),
                    count,
                )
            )


def check_plan(scenario: Scenario, county: County) -> None:
    """Check that `county`, read for another scenario of the same data, holds every school that the plan of `scenario` names.

    Raises
    ------
    InputError : a school is not in the table.
    """
    faults = Faults(f"{scenario.name} (TOML)")
    checks.check_plan(scenario, set(county.schools.index), faults)
    check_road_fixes(scenario, county.roads, faults)
    raise_problems(faults.problems)
