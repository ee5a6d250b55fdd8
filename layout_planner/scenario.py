"""A scenario: one TOML file that says which data, which year, which norms and what the plan may do.

Knows no geometry and opens no data file. Unknown keys are errors; `extends` names one parent whose keys it overrides.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from layout_planner.errors import Problem, ScenarioError
from layout_planner.words import Words

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Age = Annotated[int, Field(ge=0, le=120)]
MAX_PARENTS = 10
MAX_TOML_BYTES = 1_000_000
MAX_DEPTH = 20
_LONG_KEY = re.compile(rb"(?:[^\s.=\[\]]+[ \t]*\.[ \t]*){50}")
MAX_YEARS_AHEAD = 15
SCHOOL_AGES = range(6, 15)
VARIANTS = ("low", "mid", "high")


class Strict(BaseModel):
    """Frozen settings that refuse unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Title(Strict):
    """The scenario's name for people."""

    zh: str = Field(max_length=200)
    en: str = Field(max_length=200)


class TableFile(Strict):
    """One table of the county: where it is and how its columns are called there."""

    path: str
    sheet: str | None = Field(default=None, description="sheet of an Excel file or layer of a GeoPackage")
    crs: str | None = Field(default=None, description="EPSG code, 'gcj02' or 'bd09'; EPSG:4326 when absent and not in the file")
    columns: dict[str, str] = Field(default_factory=dict, description="our column = the file's header")
    defaults: dict[str, str | int | float | bool] = Field(default_factory=dict, description="value where the file has none")
    exclude: dict[str, str] = Field(default_factory=dict, description="id = reason; rows that are left out and reported")


class DataFile(Strict):
    """A file that is not a table of columns: roads, elevation, water, boundary."""

    path: str
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
    gtfs: GtfsFile | None = Field(default=None, description="public lines as a GTFS feed")
    lines: TableFile | None = Field(default=None, description="public lines as a table, where there is no GTFS feed")


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
    off_network_m: Positive = Field(default=2000, description="further from any road than this = off the network, reported, not snapped")
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


class Plan(Strict):
    """What the optimiser may and must do."""

    objective: Literal["lexicographic"] = "lexicographic"
    close: tuple[str, ...] = Field(default=(), description="sites that are closed: the proposed mergers")
    may_close: Literal["none", "all"] | tuple[str, ...] = Field(default="none", description="sites the optimiser may close or reduce")
    keep: tuple[str, ...] = ()
    move: Literal["none", "affected", "all"] = Field(
        default="affected", description="who may change school: nobody; pupils at risk or of sites that may close; everybody"
    )
    max_new_beds: Count = 0
    max_buses: Count = 0
    budget_yuan: Positive | None = Field(default=None, description="yearly cost that the plan may not exceed")
    min_enrolment: Count = Field(default=0, description="fewest pupils of an open site that the optimiser may close")
    min_schools: Count = Field(default=0, description="fewest schools and teaching points that stay open")
    max_moved: Count | None = Field(default=None, description="most pupils who may change school")
    keep_settlements_whole: bool = False
    judge: Literal["expected", "slow", "bad_days", "worst"] = Field(
        default="worst",
        description="when a site that the optimiser closes must still be safe: in expected times only; on a slow day too; on the listed "
        "bad days too; on all of them",
    )
    bus_rounds: Annotated[int, Field(ge=0, le=5)] = Field(
        default=0, description="how often the layout is solved anew with what the bus routes showed that a bus carries, until both agree"
    )
    price_of_holding: bool = Field(default=False, description="also solve at expected times only, and tell what holding on hard days costs")
    close_on: str = Field(default="", description="ISO date on which closed sites stop; safeguards must stand before it")


class Solver(Strict):
    """How hard the optimiser works."""

    gap: Share = 0.002
    time_limit_s: Positive = 120
    seed: int = Field(default=7, ge=0, le=2**31 - 1)


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
    folder: Path = Path()


def read_scenario(path: str | Path, *, data_dir: str | Path | None = None) -> Scenario:
    """Return the scenario at `path` with its parents merged in.

    Parameters
    ----------
    path : file of one scenario (TOML).
    data_dir : folder to use instead of the scenario's `[data] dir`, relative to the working folder.

    Raises
    ------
    ScenarioError : the file is missing, is no TOML, or has unknown, missing or wrong keys (all are listed).
    """
    path = Path(path)
    merged = _read_with_parents(path, ())
    folder = Path(os.path.realpath(path)).parent
    if data_dir is not None and isinstance(merged.get("data"), dict):
        merged["data"] = {**merged["data"], "dir": str(Path(data_dir).resolve())}
    try:
        scenario = Scenario.model_validate({**merged, "folder": folder})
    except ValidationError as error:
        raise ScenarioError([_as_problem(path, fault) for fault in error.errors()]) from None
    _check_together(path, scenario)
    return scenario


def _read_with_parents(path: Path, children: tuple[Path, ...]) -> dict[str, Any]:
    resolved = Path(os.path.realpath(path))  # unlike Path.resolve it bears links in a circle
    if resolved in children or len(children) >= MAX_PARENTS:
        raise ScenarioError(
            [
                Problem(
                    str(path),
                    Words("extends 互相引用", "`extends` runs in a circle"),
                    Words("删除其中一个 extends", "remove one of the `extends` lines"),
                )
            ]
        )
    content = read_toml(path)
    parent = content.pop("extends", None)
    if parent is None:
        return content
    if not isinstance(parent, str):
        raise ScenarioError(
            [
                Problem(
                    str(path),
                    Words("extends 不是文件名", "`extends` is not a file name"),
                    Words('写成 extends = "base.toml"', 'write extends = "base.toml"'),
                    column="extends",
                    value=str(parent),
                )
            ]
        )
    return _merge(_read_with_parents(path.parent / parent, (*children, resolved)), content)


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file.

    Raises
    ------
    ScenarioError : it is missing, no regular file, too large, not UTF-8, or no TOML.
    """
    try:
        return _parse_bounded(_read_bounded(path))
    except UnicodeDecodeError:
        fault = Words("情景文件不是 UTF-8 编码", "the scenario file is not UTF-8 text")
        cure = Words("另存为 UTF-8", "save it as UTF-8")
    except (OSError, ValueError) as error:
        if isinstance(error, tomllib.TOMLDecodeError):
            fault = Words(f"TOML 语法错误：{error}", f"not valid TOML: {error}")
            cure = Words("改正所示行列", "mend the line and column shown")
        else:
            fault = Words("找不到或无法读取情景文件", "the scenario file is missing or cannot be read")
            cure = Words("检查路径和权限", "check the path and the permissions")
    except RecursionError:
        fault = Words("不是有效的 TOML：嵌套过深", "not valid TOML: it is nested too deeply")
        cure = Words("改正括号", "mend the brackets")
    raise ScenarioError([Problem(str(path), fault, cure)])


def _parse_bounded(raw: bytes) -> dict[str, Any]:
    """Return the content of TOML bytes; RecursionError for tables in tables beyond what any scenario has.

    A key of very many parts is refused before it is parsed, for the parser's memory grows with the square of their number.
    """
    if _LONG_KEY.search(raw):
        raise RecursionError
    content = tomllib.loads(raw.decode("utf-8-sig"))
    level: list[Any] = [content]
    for _ in range(MAX_DEPTH):
        level = [inner for part in level for inner in (part.values() if isinstance(part, dict) else part) if isinstance(inner, dict | list)]
        if not level:
            return content
    raise RecursionError


def _read_bounded(path: Path) -> bytes:
    """Return the bytes of a regular file; a device, or more than any scenario holds, is not read to its end."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "no regular file")
    with path.open("rb") as stream:
        content = stream.read(MAX_TOML_BYTES + 1)
    if len(content) > MAX_TOML_BYTES:
        raise OSError(errno.EFBIG, "too large for a scenario")
    return content


def _merge(parent: dict[str, Any], child: dict[str, Any]) -> dict[str, Any]:
    merged = dict(parent)
    for key, value in child.items():
        both_tables = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merge(merged[key], value) if both_tables else value
    return merged


def _as_problem(path: Path, fault: ErrorDetails) -> Problem:
    key = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        what, hint = (
            Words("未知的键", "unknown key"),
            Words("检查拼写；见 layout-planner schema scenario", "check the spelling; see `layout-planner schema scenario`"),
        )
    elif fault["type"] == "missing":
        what, hint = Words("缺少必需的键", "a required key is missing"), Words("补上该键", "add the key")
    else:
        what, hint = Words(f"值不合要求：{fault['msg']}", f"wrong value: {fault['msg']}"), Words("改正该值", "correct the value")
    value = None if fault["type"] == "missing" else str(fault["input"])
    return Problem(str(path), what, hint, column=key, value=value)


def _check_together(path: Path, scenario: Scenario) -> None:
    """Refuse demands that contradict each other before any file is opened."""
    problems = []
    both = sorted(set(scenario.plan.close) & set(scenario.plan.keep))
    if both:
        problems.append(
            Problem(
                str(path),
                Words("同一学校既要关闭又要保留", "the same site is to be closed and kept"),
                Words("从 plan.close 或 plan.keep 中删去", "take it out of plan.close or plan.keep"),
                column="plan.close",
                value=", ".join(both),
            )
        )
    if scenario.data.gtfs is not None and scenario.data.lines is not None:
        problems.append(
            Problem(
                str(path),
                Words("gtfs 和 lines 只能写一个", "name either `gtfs` or `lines`, not both"),
                Words("有 GTFS 就删去 lines", "take `lines` out where there is a feed"),
                column="data.lines",
            )
        )
    if scenario.plan.move == "none" and (scenario.plan.close or scenario.plan.may_close != "none"):
        problems.append(
            Problem(
                str(path),
                Words("plan.move 为 none 时不能关闭学校", 'nothing can close while plan.move is "none"'),
                Words('改为 move = "affected"', 'write move = "affected"'),
                column="plan.move",
                value="none",
            )
        )
    grades = [grade for band in scenario.bands.values() for grade in band]
    if len(grades) != len(set(grades)):
        problems.append(
            Problem(
                str(path),
                Words("同一年级属于两个学段", "a grade belongs to two bands"),
                Words("每个年级只写一次", "name every grade once"),
                column="bands",
            )
        )
    unknown = sorted(set(scenario.demand.shares) - set(scenario.bands))
    if unknown:
        problems.append(
            Problem(
                str(path),
                Words("demand.shares 中有未定义的学段", "demand.shares names bands that do not exist"),
                Words("使用 bands 中的名称", "use the names in `bands`"),
                column="demand.shares",
                value=", ".join(unknown),
            )
        )
    problems += _check_demand(path, scenario)
    if problems:
        raise ScenarioError(problems)


def _check_demand(path: Path, scenario: Scenario) -> list[Problem]:
    """Return what is wrong between the source of the pupils, its ages, its files and the year."""
    demand, data = scenario.demand, scenario.data
    found: list[tuple[str, object, Words, Words]] = []
    by_ages = demand.source in {"census", "grid"}
    if scenario.year - data.year > MAX_YEARS_AHEAD:
        what = Words(f"推算超过{MAX_YEARS_AHEAD}年", f"the year is more than {MAX_YEARS_AHEAD} years after the data")
        found.append(("year", scenario.year, what, Words("换用较近的学年或较新的数据", "choose an earlier year or newer data")))
    if by_ages and not demand.ages and not demand.shares:
        what = Words("没有写明年龄组", "the age groups are not given")
        found.append(("demand.ages", None, what, Words("写成 ages = { age_0_9 = [0, 9] }", "write ages = { age_0_9 = [0, 9] }")))
    if demand.ages and not by_ages:
        what = Words("年龄组只用于普查或格网人口", "age groups belong to a census or a grid")
        found.append(("demand.ages", demand.source, what, Words('写 source = "census" 或 "grid"', 'write source = "census" or "grid"')))
    for role in ("cohorts", "population"):
        if demand.source == {"cohorts": "cohorts", "population": "grid"}[role] and not getattr(data, role):
            what = Words(f"没有写明数据文件 {role}", f"the file `{role}` is not given")
            found.append((f"data.{role}", None, what, Words(f"在 [data] 中写明 {role}", f"name `{role}` under [data]")))
    found += [("demand.ages", name, what, hint) for name, what, hint in _faults_of_ages(demand.ages)]
    return [
        Problem(str(path), what, hint, column=column, value=None if value is None else str(value)) for column, value, what, hint in found
    ]


def _faults_of_ages(ages: dict[str, tuple[int, int]]) -> list[tuple[str, Words, Words]]:
    """Return age groups that run backwards or share an age, and the first school age that no group holds."""
    faults = [
        (name, Words("年龄组首尾颠倒", "the group ends before it begins"), Words("写成 [0, 9]", "write [0, 9]"))
        for name, (first, last) in ages.items()
        if first > last
    ]
    groups = sorted((first, last, name) for name, (first, last) in ages.items())
    faults += [
        (name, Words("年龄组重叠", "the age groups overlap"), Words("每个年龄只属于一组", "let every age be in one group"))
        for (_, before, _), (first, _, name) in pairwise(groups)
        if first <= before
    ]
    missing = [age for age in SCHOOL_AGES if not any(first <= age <= last for first, last in ages.values())]
    if ages and missing and not faults:
        what = Words(f"没有年龄组包含{missing[0]}岁", f"no group holds age {missing[0]}")
        faults.append((f"{missing[0]}", what, Words("补齐6至14岁", "cover ages 6 to 14")))
    return faults
