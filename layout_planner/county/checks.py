"""Faults that only show when several tables are seen together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from layout_planner.county.model import Note
from layout_planner.county.places import FAR_M, distance_m
from layout_planner.county.tables import FORM_GRADES, GRADES
from layout_planner.words import Words

if TYPE_CHECKING:
    from layout_planner.county.faults import Faults
    from layout_planner.county.model import Elevation, RoadTable, TransitLines
    from layout_planner.county.table_files import CheckedTable
    from layout_planner.scenario import Scenario

NEAR_DEGREES = 0.5
MARGIN_DEGREES = 0.03
TEACHING_POINT_MOST_GRADE = 6
LAST_PRIMARY_GRADE = 6
_NO_SUCH = {
    "school_id": (
        Words("学校表中没有这所学校", "there is no such school in the schools table"),
        Words("核对学校标识码，注意前导零和空格", "check the id, its leading zeros and spaces"),
    ),
    "settlement_id": (
        Words("居民点表中没有这个居民点", "there is no such settlement in the settlements table"),
        Words("核对居民点编号，注意前导零和空格", "check the id, its leading zeros and spaces"),
    ),
}
DAY_S = 86_400


def check_grades(schools: CheckedTable, faults: Faults) -> None:
    """Report schools whose grades do not fit their form."""
    if not {"form", "grades"} <= set(schools.frame.columns):
        return
    for row, form, grades in zip(schools.rows, schools.frame["form"], schools.frame["grades"], strict=True):
        if form and grades and not grades_fit(form, grades):
            faults.add(
                Words("开设年级与办学类型不符", "the grades do not fit the form"),
                Words("改正办学类型或年级", "correct the form or the grades"),
                row=int(row),
                column="grades",
                value=f"{form}: {', '.join(map(str, grades))}",
                expected=Words(
                    f"{form}：{FORM_GRADES[form][0]}-{FORM_GRADES[form][-1]}之内",
                    f"{form}: within {FORM_GRADES[form][0]}-{FORM_GRADES[form][-1]}",
                ),
            )


def grades_fit(form: str, grades: tuple[int, ...]) -> bool:
    """Return whether a school of this form may teach these grades; a teaching point starts at 1 and ends at 6 or before."""
    if form == "teaching_point":
        return grades == tuple(range(1, len(grades) + 1)) and len(grades) <= TEACHING_POINT_MOST_GRADE
    inside = set(grades) <= set(FORM_GRADES[form])
    if form == "nine_year":
        return inside and grades[0] <= LAST_PRIMARY_GRADE < grades[-1]
    return inside


def check_references(
    table: CheckedTable, columns: list[str], named: CheckedTable, faults: Faults, *, key: str = "school_id"
) -> dict[str, int]:
    """Report cells that name a school or settlement that is not there; cells that name an excluded one become blank and are counted."""
    known = set(named.frame[key])
    what, hint = _NO_SUCH[key]
    dropped: dict[str, int] = {}
    for name in columns:
        if name not in table.frame.columns:
            continue
        cells = table.frame[name].tolist()
        for at, (row, school) in enumerate(zip(table.rows, cells, strict=True)):
            if school in named.excluded:
                cells[at] = ""
                dropped[name] = dropped.get(name, 0) + 1
            elif school and school not in known:
                faults.add(what, hint, row=int(row), column=name, value=school)
        table.frame[name] = np.array(cells, dtype=object)
    return dropped


def check_parents(schools: CheckedTable, faults: Faults) -> None:
    """Report schools that name themselves as their central school."""
    if "parent_school_id" not in schools.frame.columns:
        return
    for row, own, parent in zip(schools.rows, schools.frame["school_id"], schools.frame["parent_school_id"], strict=True):
        if own and own == parent:
            faults.add(
                Words("学校把自己填为中心校", "the school names itself as its central school"),
                Words("填中心校的编号，或留空", "name the central school, or leave it empty"),
                row=int(row),
                column="parent_school_id",
                value=own,
            )


def check_hours(schools: CheckedTable, faults: Faults) -> None:
    """Report schools that begin or end on no day's clock, or end before they begin."""
    hours = [name for name in ("bell", "dismissal") if name in schools.frame.columns]
    for name in hours:
        for row, seconds in zip(schools.rows, schools.frame[name].astype(float), strict=True):
            if seconds >= DAY_S:
                clock = f"{seconds // 3600:.0f}:{seconds // 60 % 60:02.0f}"
                what, hint = Words("一天没有这个时刻", "no day has this time"), Words("写00:00到23:59", "write a time from 00:00 to 23:59")
                faults.add(what, hint, row=int(row), column=name, value=clock)
    if len(hours) == 2:  # noqa: PLR2004 - both of them
        for row, begin, end in zip(schools.rows, *(schools.frame[name].astype(float) for name in hours), strict=True):
            if end <= begin < DAY_S:
                what = Words("放学早于上课", "the school day ends before it begins")
                faults.add(what, Words("核对两个时间", "check both times"), row=int(row), column="dismissal")


def check_attended_bands(settlements: CheckedTable, schools: CheckedTable, scenario: Scenario, faults: Faults) -> None:
    """Report settlements whose pupils of a band go to a school that teaches none of its grades."""
    if "form" not in schools.frame.columns:
        return
    given = schools.frame["grades"] if "grades" in schools.frame.columns else [()] * len(schools.frame)
    taught = {
        school: set(grades or FORM_GRADES.get(form, GRADES))
        for school, form, grades in zip(schools.frame["school_id"], schools.frame["form"], given, strict=True)
    }
    for band, grades in scenario.bands.items():
        column = f"school_{band}"
        if column not in settlements.frame.columns:
            continue
        for row, school in zip(settlements.rows, settlements.frame[column], strict=True):
            if school in taught and not taught[school] & set(grades):
                faults.add(
                    Words("该校不开设这个学段", "the school does not teach this band"),
                    Words("核对现就读学校", "check the school attended now"),
                    row=int(row),
                    column=column,
                    value=school,
                )


def check_plan(scenario: Scenario, known: set[str], faults: Faults) -> None:
    """Report schools of the scenario's plan that are not among the `known`, or that the scenario leaves out of the table."""
    may_close = () if isinstance(scenario.plan.may_close, str) else scenario.plan.may_close
    for key, names in (("close", scenario.plan.close), ("keep", scenario.plan.keep), ("may_close", may_close)):
        for name in sorted(set(names) - known):
            excluded = name in scenario.data.schools.exclude
            faults.add(
                Words("方案中的学校已被排除", "the plan names a school that is excluded")
                if excluded
                else Words("方案中的学校不在学校表中", "the plan names a school that is not in the schools table"),
                Words("核对 plan 中的学校标识码", "check the school ids under [plan]"),
                column=f"plan.{key}",
                value=name,
            )


def check_demand(scenario: Scenario, settlements: CheckedTable, scenario_faults: Faults, faults: Faults) -> None:
    """Report when pupils can be derived neither from grades nor from other columns or files."""
    by_grid = {grid.column for grid in scenario.data.population}
    if scenario.demand.projection.births_per_1000 is not None and "population" not in {*settlements.frame.columns, *by_grid}:
        faults.add(
            Words("出生率需要人口数：缺少 population 列", "a birth rate needs the population: the column is missing"),
            Words("增加人口列，或删去 births_per_1000", "add the column, or take out births_per_1000"),
            row=1,
            column="population",
        )
    if scenario.demand.shares:
        for band in sorted(set(scenario.bands) - set(scenario.demand.shares)):
            scenario_faults.add(
                Words("demand.shares 缺少学段", "demand.shares leaves out a band"),
                Words("为每个学段写出比例", "give every band its shares"),
                column="demand.shares",
                value=band,
            )
        return
    if scenario.demand.source != "register":
        return
    missing = [f"pupils_g{grade}" for grade in GRADES if f"pupils_g{grade}" not in settlements.frame.columns]
    if missing:
        faults.add(
            Words("无法得出学生数：缺少分年级学生数，如“1年级”", "pupils cannot be derived: columns of pupils by grade are missing"),
            Words(
                "补齐“1年级”至“9年级”各列（pupils_g1 至 pupils_g9），或在 columns 中写明各列的名称，"
                "或在情景文件 [demand] 中写明按普查年龄组（ages）或比例（shares）推算",
                "add pupils_g1 to pupils_g9, name them under `columns`, or say under [demand] from which age groups (ages) or shares to"
                " derive them",
            ),
            row=1,
            column=missing[0],
            value=", ".join(missing),
        )
        return
    grades = settlements.frame[[f"pupils_g{grade}" for grade in GRADES]].to_numpy(dtype=float)
    if len(grades) and not (grades > 0).any():
        faults.add(
            Words("没有一名学生：各年级人数都是0或空", "there is not one pupil: all counts by grade are 0 or blank"),
            Words("填入各居民点各年级人数", "enter the pupils of every settlement by grade"),
            column="pupils_g1",
        )


def check_apart(settlements: CheckedTable, schools: CheckedTable, faults: Faults) -> None:
    """Report when schools and settlements lie in different parts of the world."""
    middle = {}
    for table in (settlements, schools):
        known = known_places(table)
        if known is None:
            return
        middle[table.shown] = np.median(known, axis=0)
    home, school = middle[settlements.shown], middle[schools.shown]
    if distance_m(school[:1], school[1:], float(home[0]), float(home[1]))[0] > FAR_M:
        faults.add(
            Words("学校与居民点相距300公里以上", "schools and settlements lie more than 300 km apart"),
            Words("核对两张表的坐标系", "check the coordinate systems of both tables"),
            column="lon",
            value=f"{school[0]:.4f}, {school[1]:.4f}",
        )


def check_roads(settlements: CheckedTable, roads: RoadTable, faults: Faults) -> None:
    """Report roads of another place."""
    known = known_places(settlements)
    if known is None or len(roads.node_lonlat) == 0:
        return
    low, high = roads.node_lonlat.min(axis=0) - NEAR_DEGREES, roads.node_lonlat.max(axis=0) + NEAR_DEGREES
    if not ((known >= low) & (known <= high)).all(axis=1).any():
        faults.add(
            Words("道路数据不在本县", "the roads are those of another place"),
            Words("换用本县的道路文件，或核对其坐标系", "use the county's roads, or check their crs"),
            value=f"{low[0]:.2f}, {low[1]:.2f} - {high[0]:.2f}, {high[1]:.2f}",
        )


def note_roads(settlements: CheckedTable, roads: RoadTable) -> Note | None:
    """Return how many settlements lie beyond the roads: a file of the county town is soon taken for the county's."""
    known = known_places(settlements)
    if known is None or len(roads.node_lonlat) == 0:
        return None
    low, high = roads.node_lonlat.min(axis=0) - MARGIN_DEGREES, roads.node_lonlat.max(axis=0) + MARGIN_DEGREES
    outside = int((~((known >= low) & (known <= high)).all(axis=1)).sum())
    if not outside:
        return None
    text = Words(
        f"{len(known)}个居民点中有{outside}个在道路数据的范围之外，没有路可走；道路文件可能没有覆盖全县",
        f"{outside} of {len(known)} settlements lie beyond the roads of the file and have none: it may not cover the whole county",
    )
    return Note("roads.short", text, outside)


def box_of(tables: tuple[CheckedTable, ...]) -> tuple[float, float, float, float] | None:
    """Return west, south, east, north of all places of `tables`, degrees, a few kilometres wider; None where there is none."""
    known = [found for table in tables if (found := known_places(table)) is not None]
    if not known:
        return None
    places = np.vstack(known)
    west, south = (float(value) for value in places.min(axis=0) - MARGIN_DEGREES)
    east, north = (float(value) for value in places.max(axis=0) + MARGIN_DEGREES)
    return west, south, east, north


def check_stops(lines: TransitLines, roads: RoadTable, tables: tuple[CheckedTable, ...], most_m: float, faults: Faults) -> None:
    """Report stops among the county's places that lie further than `most_m` from any road a child may walk: in a lake, say."""
    import shapely

    known = [found for table in tables if (found := known_places(table)) is not None]
    walked = roads.edges.geometry.to_numpy()[roads.edges["walk"].to_numpy(dtype=bool)]
    if not known or not len(walked):
        return
    county = shapely.MultiPoint(np.vstack(known)).convex_hull
    tree = shapely.STRtree(walked)
    for stop_id, stop in lines.stops.iterrows():
        away = float(tree.query_nearest(stop.geometry, return_distance=True, all_matches=False)[1][0])
        if not away <= most_m and county.intersects(shapely.Point(stop["lon"], stop["lat"])):
            faults.add(
                Words("停靠站离任何道路都很远", "the stop lies far from any road"),
                Words("核对该站的经纬度", "check longitude and latitude of the stop"),
                column="stop",
                value=f"{stop['name']} ({stop_id}): {stop['lon']:.6f}, {stop['lat']:.6f}",
                expected=Words(f"距道路不超过{most_m:.0f}米", f"at most {most_m:.0f} m from a road"),
            )


def check_elevation(settlements: CheckedTable, elevation: Elevation, faults: Faults) -> None:
    """Report an elevation grid that covers no settlement."""
    import pyproj

    known = known_places(settlements)
    if known is None:
        return
    x, y = pyproj.Transformer.from_crs("EPSG:4326", elevation.crs, always_xy=True).transform(known[:, 0], known[:, 1])
    inverse: Any = ~elevation.transform
    column, row = inverse.a * x + inverse.b * y + inverse.c, inverse.d * x + inverse.e * y + inverse.f
    rows, columns = elevation.heights.shape
    if not ((column >= 0) & (column < columns) & (row >= 0) & (row < rows)).any():
        faults.add(
            Words("高程数据不覆盖任何居民点", "the elevation grid covers no settlement"),
            Words("换用本县的高程文件", "use the elevation of the county"),
        )


def known_places(table: CheckedTable) -> np.ndarray[Any, np.dtype[np.float64]] | None:
    """Return longitude and latitude of the rows that have both, or None when none has."""
    if not {"lon", "lat"} <= set(table.frame.columns):
        return None
    places = table.frame[["lon", "lat"]].to_numpy(dtype=float)
    known = places[np.isfinite(places).all(axis=1)]
    return known if len(known) else None
