"""What a scenario may say: frozen settings, each with its bounds. Unknown keys are errors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from layout_planner.scenario.sources import Located, Strict

Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Lon = Annotated[float, Field(ge=-180, le=180)]
Lat = Annotated[float, Field(ge=-90, le=90)]
Age = Annotated[int, Field(ge=0, le=120)]
VARIANTS = ("low", "mid", "high")


class Title(Strict):
    """The scenario's name for people."""

    zh: str = Field(max_length=200)
    en: str = Field(max_length=200)


class TableFile(Located):
    """One table of the county: where it is and how its columns are called there."""

    sheet: str | None = Field(default=None, description="sheet of an Excel file or layer of a GeoPackage")
    crs: str | None = Field(default=None, description="EPSG code, 'gcj02' or 'bd09'; EPSG:4326 when absent and not in the file")
    columns: dict[str, str] = Field(default_factory=dict, description="our column = the file's header")
    defaults: dict[str, str | int | float | bool] = Field(
        default_factory=dict, description="value where the file has none; a text may hold the row's id, as `{school_id}`"
    )
    exclude: dict[str, str] = Field(default_factory=dict, description="id = reason; rows that are left out and reported")


class DataFile(Located):
    """A file that is not a table of columns: roads, elevation, water, boundary."""

    sheet: str | None = None
    crs: str | None = None


class PopulationGrid(Strict):
    """A raster of people per cell that becomes a column of the settlements: each cell goes to the nearest settlement."""

    path: str
    column: str = Field(default="persons", pattern=r"^[a-z][a-z0-9_]*$", description="column of the settlements that the grid fills")
    reach_m: Positive = Field(default=5000, description="cells further from every settlement than this stay unassigned and are reported")


class GtfsFile(Strict):
    """A GTFS feed of public lines."""

    path: str
    date: str = Field(
        default="", pattern=r"^(\d{4}-\d{2}-\d{2})?$", description="school day whose timetable is used; chosen from the feed when absent"
    )
    seats: Count | None = Field(default=None, description="seats for pupils on every departure of every line; absent = not limited")
    line_seats: dict[str, Count] = Field(default_factory=dict, description="the same by line, route id or name; goes before `seats`")

    @model_serializer(mode="wrap")
    def _dump(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out seats that are not told: scenarios from before they could be keep their bytes."""
        untold: dict[str, Any] = {"seats": None, "line_seats": {}}
        return {name: value for name, value in dump(self).items() if name not in untold or value != untold[name]}


class DataFiles(Strict):
    """All files of one county; relative paths start at `dir`, which starts at the scenario file."""

    dir: str = "."
    year: int = Field(default=2026, ge=1990, le=2100, description="school year that the pupil counts describe")
    settlements: TableFile
    schools: TableFile
    roads: DataFile
    dem: DataFile | None = None
    water: DataFile | None = Field(
        default=None, description="rivers and lakes that nobody walks through; those of an OSM road file when absent"
    )
    boundary: DataFile | None = None
    evidence: TableFile | None = None
    venues: TableFile | None = Field(
        default=None, description="venues near schools: a table, or an .osm.pbf or .osm file whose points are read"
    )
    population: tuple[PopulationGrid, ...] = Field(default=(), description="gridded population (GeoTIFF), one raster a column")
    cohorts: TableFile | None = Field(default=None, description="children by settlement, year and grade or age")
    outlook: TableFile | None = Field(default=None, description="births, net migration and arrivals by township and year")
    moves: TableFile | None = Field(default=None, description="resettlement: which settlements move where, and when")
    registers: TableFile | None = Field(default=None, description="changes on the school registers, counts only")
    objections: TableFile | None = Field(default=None, description="comments of villagers and answers, from `layout-planner objections`")
    posts: TableFile | None = Field(default=None, description="posts responsible at county, township, village and school; never persons")
    fleet: TableFile | None = Field(default=None, description="school buses by kind: seats, number, cost")
    stops: TableFile | None = Field(default=None, description="stops that school buses have or may have")
    gtfs: GtfsFile | None = Field(default=None, description="public lines as a GTFS feed")
    lines: TableFile | None = Field(default=None, description="public lines as a table, where there is no GTFS feed")

    def located(self) -> dict[str, Located]:
        """Return everything that may stand in a database, by its role."""
        found = {role: getattr(self, role) for role in type(self).model_fields}
        return {role: source for role, source in found.items() if isinstance(source, Located)}


class Projection(Strict):
    """How children are carried into later years; rates that the county does not give come from the norm set."""

    variant: Literal["low", "mid", "high"] = "mid"
    births_per_1000: Positive | None = Field(default=None, description="crude birth rate, for years without counted births")


class Demand(Strict):
    """Where pupils are counted, or how they are derived where the tables hold no grades."""

    source: Literal["register", "census", "grid", "cohorts"] = Field(
        default="register", description="pupils by grade in the settlements; age groups in them; rasters; the cohorts table"
    )
    ages: dict[str, tuple[Age, Age]] = Field(
        default_factory=dict,
        description="column = first and last age of its group; each year of age is taken as large as the others, and age 6 is grade 1",
    )
    shares: dict[str, dict[str, Share]] = Field(default_factory=dict, description="band = {column = share of it}; goes before `ages`")
    why: str = ""
    projection: Projection = Projection()


class Walk(Strict):
    """Walking: slope from the elevation grid, and children slower than adults."""

    slope: bool = True
    child_speed: bool = True


class Ride(Strict):
    """Riding: slope from the elevation grid."""

    slope: bool = True


class Travel(Strict):
    """How trips are measured."""

    walk: Walk = Walk()
    ride: Ride = Ride()
    off_network_m: Positive = Field(
        default=2000,
        description="further from any road than this = off the network, reported, not snapped; a hamlet without a road within 500 m joins "
        "every road that it reaches over the terrain within this distance",
    )
    terrain_reach_m: Positive = Field(
        default=6000,
        le=20000,
        description="homes without a road near walk over the terrain to one, at most as long as this takes on flat open ground",
    )
    ferries: bool = Field(default=True, description="pupils may use foot ferries")
    bell: Clock = Field(default="08:00", description="first lesson, where the schools table has no bell of its own")
    dismissal: Clock = Field(default="16:30", description="end of the school day, where the schools table has none of its own")
    bad_days: tuple[str, ...] = Field(default=(), description="files of areas or lines; the roads they meet are closed on that day")
    bad_day_hazards: tuple[Annotated[str, Field(pattern=r"^[a-z][a-z_]*$")], ...] = Field(
        default=(), description="hazards (flood, landslide, ice, ...) that also close the roads whose table names them in closed_from"
    )
    bad_day_bridges_stand: bool = Field(default=False, description="bridges and tunnels over or under an area of a bad day stay open")
    nearest_sites: int = Field(default=10, ge=1, le=500, description="commute options kept per settlement and band")


class Weights(Strict):
    """What one unit of each term of a plan weighs in the one sum of `objective = "weighted"`."""

    at_risk: Positive = Field(description="a pupil at risk, by how far over the limit; 10 of them for a pupil without a school")
    cost_yuan: NotNegative = Field(default=1.0, description="a yuan a year")
    pupil_minutes: NotNegative = Field(default=0.0, description="a minute of one pupil's way, one way")
    split_siblings: NotNegative = Field(default=0.0, description="a pupil whose brothers and sisters go to another school")


class RoadFix(Strict):
    """A road that the plan may mend, or build along a line, paid once; every trip is measured anew with it."""

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,31}$")
    name: Title
    ways: tuple[str, ...] = Field(default=(), description="the roads to mend by their names in the road file: OSM way ids, feature ids")
    line: tuple[tuple[Lon, Lat], ...] = Field(
        default=(), description="instead of ways: a new road from end to end, two points or more of longitude and latitude (WGS 84)"
    )
    cost_yuan: Positive
    surface: str = Field(default="paved", max_length=60, description="surface afterwards; unchanged when empty")
    road_class: str = Field(default="", pattern=r"^[a-z_]*$", description="OSM highway class afterwards; unchanged when empty")
    width_m: Positive | None = Field(default=None, description="width of the carriageway afterwards; unchanged when absent")
    opens_to_buses: bool = Field(default=False, description="a school bus may drive there afterwards, both ways")
    stays_open: bool = Field(default=False, description="no hazard closes it afterwards, and it is no longer dangerous")


class Years(Strict):
    """Several school years planned together: what stands and who teaches in one year binds the next."""

    first: int = Field(ge=1990, le=2100, description="first school year")
    last: int = Field(ge=1990, le=2100, description="last school year")
    budget_yuan: Positive | dict[int, Positive] = Field(
        default_factory=dict, description="yearly cost that the plan may not exceed: of every year, or by year"
    )
    capital_yuan: Positive | dict[int, Positive] = Field(
        default_factory=dict,
        description="what may be spent on beds, buses and classrooms that are new in a year: in every year, or by year",
    )
    close_from: dict[str, int] = Field(
        default_factory=dict, description="site of `close` = first school year in which it no longer runs; the first of all where not named"
    )

    def budget_of(self, year: int) -> float | None:
        """Return the most that the plan may cost in `year`."""
        return self.budget_yuan.get(year) if isinstance(self.budget_yuan, dict) else self.budget_yuan

    def capital_of(self, year: int) -> float | None:
        """Return the most that may be spent on what is new in `year`."""
        return self.capital_yuan.get(year) if isinstance(self.capital_yuan, dict) else self.capital_yuan


class Plan(Strict):
    """What the optimiser may and must do."""

    objective: Literal["lexicographic", "weighted", "min_max", "p90"] = Field(
        default="lexicographic",
        description="lexicographic: pupils at risk, yuan a year, pupil-minutes, each before the next; min_max and p90: after the pupils at "
        "risk the longest daily trip, or the time that nine in ten of every group stay within; weighted: one sum of `weights`. Pupils made "
        "worse off come first in all of them",
    )
    weights: Weights | None = Field(default=None, description='what the terms weigh under objective = "weighted"')
    p90_by: Literal["county", "band", "township"] = Field(
        default="band", description='the groups of objective = "p90": the longest of their figures is made as short as it can be'
    )
    siblings_yuan: NotNegative = Field(
        default=0.0,
        description="what it is worth, yuan a year, that one pupil of primary age goes to the school of his brothers and sisters",
    )
    capital_yuan: NotNegative | None = Field(
        default=None, description="most yuan spent once: new beds, new buses, new classrooms, roads; beside the yearly budget"
    )
    whole_teachers: bool = Field(default=False, description="teaching posts of every school are rounded up to whole teachers")
    connected_catchments: bool = Field(
        default=False,
        description="whoever changes school reaches it over neighbouring settlements that send pupils of the band there too",
    )
    road_fixes: tuple[RoadFix, ...] = Field(
        default=(), max_length=4, description="roads that the plan may mend: which of them is decided together with the schools"
    )
    close: tuple[str, ...] = Field(default=(), description="sites that are closed: the proposed mergers")
    may_close: Literal["none", "all"] | tuple[str, ...] = Field(default="none", description="sites the optimiser may close or reduce")
    keep: tuple[str, ...] = ()
    move: Literal["none", "affected", "all"] = Field(
        default="affected", description="who may change school: nobody; pupils at risk or of sites that may close; everybody"
    )
    max_new_beds: Count = 0
    max_buses: Count = 0
    budget_yuan: Positive | None = Field(default=None, description="yearly cost that the plan may not exceed")
    min_enrolment: Count = Field(
        default=0,
        description="fewest pupils of an open site that the optimiser may close; one that cannot close or fill safely stays, and is named",
    )
    min_schools: Count = Field(default=0, description="fewest schools and teaching points that stay open")
    max_moved: Count | None = Field(default=None, description="most pupils who may change school")
    keep_settlements_whole: bool = False
    judge: Literal["expected", "slow", "bad_days", "worst"] = Field(
        default="worst",
        description="when a site that the optimiser closes must still be safe: in expected times only; on a slow day too; on the listed "
        "bad days too; on all of them. Bus routes keep their ride limits on a slow day where slow days are judged",
    )
    bus_rounds: Annotated[int, Field(ge=0, le=5)] = Field(
        default=0, description="how often the layout is solved anew with what the bus routes showed that a bus carries, until both agree"
    )
    price_of_holding: bool = Field(default=False, description="also solve at expected times only, and tell what holding on hard days costs")
    close_on: str = Field(default="", description="ISO date on which closed sites stop; safeguards must stand before it")
    years: Years | None = Field(default=None, description="school years that `layout-planner years` plans together")


class Solver(Strict):
    """How hard the optimiser works."""

    gap: Share = 0.002
    time_limit_s: Positive = 120
    seed: int = Field(default=7, ge=0, le=2**31 - 1)


class Buses(Strict):
    """How school buses are planned."""

    no_crossing: tuple[Annotated[str, Field(pattern=r"^[a-z][a-z_]*$")], ...] = Field(
        default=(), description="road classes (trunk, primary, ...) that children must not cross to or from a stop"
    )
    keep: Literal["right", "left"] = Field(default="right", description="side of the road on which buses drive")
    listed_stops_only: bool = Field(default=False, description="buses stop only where the table of stops has a stop")
    stop_off_m: Positive = Field(default=60, le=500, description="a stop further from any road for buses than this is a fault of its table")
    stop_reach_m: Positive = Field(
        default=150,
        le=1000,
        description="a stop of the table stands for the nearest road point where a bus may stop, at most this far away",
    )

    mixed_loads: bool = Field(default=False, description="also work out what one bus for several schools would save; reported apart")


class Public(Strict):
    """What is printed on papers and public maps."""

    review_number: str = Field(default="", max_length=60, description="审图号 of the public map, given by the authority that reviewed it")
    objections_to: Title | None = Field(default=None, description="where an objection is handed in: an office, never a person")
    objections_until: str = Field(default="", pattern=r"^(\d{4}-\d{2}-\d{2})?$", description="last day on which objections are taken")


class Override(Strict):
    """A norm changed on purpose; printed on every output."""

    key: str
    value: float
    who: str = Field(min_length=1)
    why: str = Field(min_length=1)
    date: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")


class Scenario(Strict):
    """One question to the toolkit; `folder` is where its relative paths start."""

    schema_version: Literal[1] = Field(alias="schema")
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
    title: Title
    norms: str = Field(default="cn-rural", pattern=r"^[a-z0-9-]+$")
    allow_draft_norms: bool = Field(default=False, description="use a norm set that is marked as a draft")
    year: int = Field(ge=1990, le=2100)
    bands: dict[str, tuple[Annotated[int, Field(ge=1, le=9)], ...]] = Field(
        default={"lower_primary": (1, 2, 3), "upper_primary": (4, 5, 6), "junior": (7, 8, 9)}
    )
    data: DataFiles
    demand: Demand = Demand()
    travel: Travel = Travel()
    plan: Plan = Plan()
    solver: Solver = Solver()
    override: tuple[Override, ...] = ()
    public: Public = Public()
    buses: Buses = Buses()
    folder: Path = Path()
