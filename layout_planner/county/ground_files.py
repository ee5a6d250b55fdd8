"""What lies between the places of a county, file by file: boundary, roads, public lines, bad days, elevation, water, gridded people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from layout_planner.county import checks
from layout_planner.county.areas import inside_boundary, read_boundary
from layout_planner.county.bad_days import add_hazard_days, check_place, read_bad_day
from layout_planner.county.faults import FaultError, Faults
from layout_planner.county.gaps import NO_WATER, note_missing_files
from layout_planner.county.line_files import read_lines
from layout_planner.county.mended import check_road_fixes
from layout_planner.county.model import BadDay, Elevation, Note, RoadTable, Source, TransitLines
from layout_planner.county.places import report_outside
from layout_planner.county.raw_files import check_file, hash_file
from layout_planner.errors import InputError, Problem
from layout_planner.scenario import DataFile
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import geopandas as gpd

    from layout_planner.county.population import Cells
    from layout_planner.county.table_files import CheckedTable
    from layout_planner.scenario import PopulationGrid, Scenario


class GroundReader:
    """Reads the files of a scenario one by one and keeps every fault, note and source."""

    def __init__(self, scenario: Scenario, on_step: Callable[[Words], None]) -> None:
        self.scenario, self.on_step = scenario, on_step
        self.folder: Path = scenario.folder / scenario.data.dir
        self.problems: list[Problem] = []
        self.sources: list[Source] = []
        self.notes: list[Note] = note_missing_files(scenario.data)

    def checked_path(self, file: DataFile | PopulationGrid) -> Path | None:
        """Return the path of a file that can be opened, or None after recording why not."""
        path = self.folder / (file.place if isinstance(file, DataFile) else file.path)
        try:
            check_file(path)
        except FaultError as fault:
            faults = Faults(file.path)
            faults.place(fault)
            self.problems.extend(faults.problems)
            return None
        return path

    def read_boundary(self, crs: str, tables: tuple[CheckedTable, ...]) -> gpd.GeoDataFrame | None:
        """Return the border of the county; places outside of it are faults."""
        file = self.scenario.data.boundary
        path = None if file is None else self.checked_path(file)
        if file is None or path is None:
            return None
        self.on_step(Words("读取县界", "reading the boundary"))
        faults = Faults(file.path)
        boundary = read_boundary(path, file, crs, faults)
        self.problems.extend(faults.problems)
        if boundary is None:
            return None
        self.sources.append(Source("boundary", file.path, hash_file(path), len(boundary)))
        for table in tables:
            if {"lon", "lat"} <= set(table.frame.columns):
                lon, lat = table.frame["lon"].to_numpy(dtype=float), table.frame["lat"].to_numpy(dtype=float)
                outside = table.faults()
                report_outside(lon, lat, table.rows, inside_boundary(boundary, lon, lat), outside)
                self.problems.extend(outside.problems)
        return boundary

    def read_roads(self, crs: str, settlements: CheckedTable) -> RoadTable | None:
        """Return the roads, or None after recording why not."""
        from layout_planner.county.road_files import read_roads

        file = self.scenario.data.roads
        path = self.checked_path(file)
        if path is None:
            return None
        self.on_step(Words("读取道路", "reading roads"))
        try:
            roads: RoadTable = read_roads(path, file.path, crs, layer=file.sheet, crs=file.crs)
        except InputError as error:
            self.problems.extend(error.problems)
            return None
        faults = Faults(file.path)
        checks.check_roads(settlements, roads, faults)
        own = Faults(f"{self.scenario.name} (TOML)")
        check_road_fixes(self.scenario, roads, own)
        self.problems.extend([*faults.problems, *own.problems])
        short = checks.note_roads(settlements, roads)
        self.notes.extend([] if short is None else [short])
        self.sources.append(Source("roads", file.path, hash_file(path), len(roads.edges)))
        return roads

    def read_lines(self, crs: str, roads: RoadTable | None, places: tuple[CheckedTable, ...]) -> TransitLines | None:
        """Return the public lines of a table or a GTFS feed; stops far from every road are faults."""
        file = self.scenario.data.lines or self.scenario.data.gtfs
        if file is None:
            return None
        self.on_step(Words("读取公交线路", "reading public lines"))
        read = read_lines(file, self.folder, crs, places)
        if read.lines is not None and roads is not None:
            faults = Faults(file.path)
            checks.check_stops(read.lines, roads, places, self.scenario.travel.off_network_m, faults)
            self.problems.extend(faults.problems)
        self.problems.extend(read.problems)
        self.sources.extend(read.sources)
        self.notes.extend(read.notes)
        return read.lines

    def read_bad_days(self, crs: str, roads: RoadTable | None) -> tuple[BadDay, ...]:
        """Return the days of all files, and one for every hazard that no file names."""
        settings = self.scenario.travel
        days: list[BadDay] = []
        for name in settings.bad_days:
            path = self.checked_path(DataFile(path=name))
            if path is None:
                continue
            self.on_step(Words(f"读取坏天气 {name}", f"reading the bad day {name}"))
            faults = Faults(name)
            day = read_bad_day(path, name, crs, faults)
            if day is not None and roads is not None:
                check_place(day, roads, faults)
            if day is not None and day.key in {other.key for other in days}:
                faults.add(
                    Words("两个坏天气文件同名", "two files of bad days have the same name"),
                    Words("改名，每个文件一个名称", "give every file a name of its own"),
                    value=day.key,
                )
            self.problems.extend(faults.problems)
            if day is not None:
                days.append(day)
                self.sources.append(Source("bad_day", name, hash_file(path), 1))
        return add_hazard_days(days, settings.bad_day_hazards)

    def read_elevation(self, settlements: CheckedTable) -> Elevation | None:
        """Return the heights; places outside of them are faults."""
        from layout_planner.county.rasters import read_elevation

        file = self.scenario.data.dem
        path = None if file is None else self.checked_path(file)
        if file is None or path is None:
            return None
        self.on_step(Words("读取高程", "reading elevation"))
        try:
            elevation: Elevation = read_elevation(path, file.path)
        except InputError as error:
            self.problems.extend(error.problems)
            return None
        faults = Faults(file.path)
        checks.check_elevation(settlements, elevation, faults)
        self.problems.extend(faults.problems)
        self.sources.append(Source("dem", file.path, hash_file(path), elevation.heights.shape[0]))
        return elevation

    def read_water(self, crs: str) -> gpd.GeoDataFrame | None:
        """Return the water of its own file, else that of the OSM file of the roads, else None with a note."""
        from layout_planner.county.water_files import OSM_FILES, read_water

        data = self.scenario.data
        file = data.water or (data.roads if data.roads.path.lower().endswith(OSM_FILES) else None)
        if file is None:
            self.notes.append(Note("water.missing", NO_WATER))
        path = None if file is None else self.checked_path(file)
        if file is None or path is None:
            return None
        try:
            water = read_water(path, file.path, crs, layer=file.sheet, crs=file.crs)
        except InputError as error:
            self.problems.extend(error.problems)
            return None
        if data.water is not None:
            self.sources.append(Source("water", file.path, hash_file(path), len(water)))
        return water

    def read_population(self, crs: str, settlements: CheckedTable, boundary: gpd.GeoDataFrame | None) -> dict[str, Cells]:
        """Return the inhabited cells of every grid by the column they fill."""
        from layout_planner.county.population import read_population

        cells: dict[str, Cells] = {}
        for file in self.scenario.data.population:
            path = self.checked_path(file)
            homes = checks.known_places(settlements)
            if path is None or homes is None:
                continue
            self.on_step(Words("读取人口格网", "reading the population grid"))
            faults = Faults(file.path)
            if file.column in settlements.frame or file.column in cells:
                faults.add(
                    Words("居民点已有这一列", "the settlements have this column already"),
                    Words("在 [[data.population]] 中换一个 column", "choose another `column` under [[data.population]]"),
                    column=file.column,
                )
            try:
                cells[file.column] = read_population(path, file, crs, homes, boundary)
                self.sources.append(Source("population", file.path, hash_file(path), len(cells[file.column].people)))
            except FaultError as fault:
                faults.place(fault)
            self.problems.extend(faults.problems)
        return cells

    def add_people(self, settlements: gpd.GeoDataFrame, cells: dict[str, Cells]) -> gpd.GeoDataFrame:
        """Return the settlements with a column for every grid, and note who lives too far from all of them."""
        from layout_planner.county.population import apportion, say_apportioned

        homes = np.column_stack([settlements.geometry.x, settlements.geometry.y])
        for file in self.scenario.data.population:
            people, rest = apportion(cells[file.column], homes, file.reach_m)
            settlements[file.column] = people
            self.notes.append(say_apportioned(file.path, people, rest, file.reach_m))
        return settlements
