"""School buses for people: the printable timetable by route and by stop, the map by school, the table of the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING, Any

import shapely

from layout_planner.errors import InputError, Problem
from layout_planner.names import name_place
from layout_planner.output.bus_plans import DAYS, DEGREES, DIRECTIONS, NIGHTS, tell_clock
from layout_planner.output.map_data import pair
from layout_planner.output.mixed_pages import tell_mixed
from layout_planner.output.pages import describe_run, write_page
from layout_planner.output.safe import clean_text
from layout_planner.output.sheets import Sheet as Table
from layout_planner.output.sketch import Dot, Sheet, Sketch, SketchView, Stroke, write_sketch
from layout_planner.results import TO_SCHOOL
from layout_planner.words import Words

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd
    import pandas as pd

    from layout_planner.county.model import RoadTable, Source
    from layout_planner.output.view import RunView
    from layout_planner.words import Lang

COLORS = ("#005b96", "#b35900", "#2e7d32", "#8e24aa", "#a32a00", "#00707a", "#5d4037", "#c2185b", "#455a64", "#827717")
SCHOOL_COLOR = "#111111"
RUN_HEADS = (
    Words("线路", "run"),
    Words("首站", "first stop"),
    Words("到校", "at school"),
    Words("学生/座位", "pupils/seats"),
    Words("乘车分钟", "ride, min"),
)
WHEN = {"today": Words("现状", "Today"), "plan": Words("方案", "Plan")}


@dataclass(frozen=True)
class Lines:
    """The school buses of one state of a run, named for people.

    routes, stops, riders  rows of that state; routes have `label`, `label_en`, `school`, `school_en`
    """

    when: str
    view: RunView
    routes: gpd.GeoDataFrame
    stops: gpd.GeoDataFrame
    riders: pd.DataFrame


def lines_of(view: RunView, when: str) -> Lines:
    """Return the school buses of `view`, today or under the plan.

    Raises
    ------
    InputError : the run holds no bus plan.
    """
    if view.bus_routes is None or view.bus_stops is None or view.bus_riders is None:
        what = Words("运行结果里没有校车线路", "the run holds no bus routes")
        raise InputError([Problem(view.name, what, Words("用新版重新运行", "run it again with this version"))])
    routes = view.bus_routes[view.bus_routes["when"] == when].reset_index(drop=True)
    schools = view.schools.reindex(routes["site_id"])
    number = routes["route_id"].str.rsplit("-", n=1).str[1].str[1:] if len(routes) else routes["route_id"]
    said = [DIRECTIONS[direction] for direction in routes["direction"]]
    zh, en = (
        [clean_text(name) or clean_text(other) for name, other in zip(schools[column], schools["name"], strict=True)]
        for column in ("name", "name_en")
    )
    routes = routes.assign(
        school=zh,
        school_en=en,
        label=[f"{name} {word.zh}{n}线" for name, word, n in zip(zh, said, number, strict=True)],
        label_en=[f"{name}, {word.en} {n}" for name, word, n in zip(en, said, number, strict=True)],
    )
    stops, riders = (table[table["when"] == when].reset_index(drop=True) for table in (view.bus_stops, view.bus_riders))
    return Lines(when, view, routes, stops, riders)


def sum_up(lines: Lines) -> dict[str, float]:
    """Return the figures of all lines together."""
    there = lines.riders[lines.riders["direction"] == TO_SCHOOL]
    carried = there[there["route_id"] != ""]
    return {
        "pupils": int(there["pupils"].sum()),
        "without_a_bus": int(there.loc[there["route_id"] == "", "pupils"].sum()),
        "runs": len(lines.routes),
        "buses": int(lines.routes["bus_id"].nunique()),
        "buses_of_the_layout": int(lines.view.schools[f"buses_{lines.when}"].sum()),
        "longest_ride_minutes": float(lines.routes["longest_ride_minutes"].max()) if len(lines.routes) else 0.0,
        "longest_walk_minutes": float(carried["walk_minutes"].max()) if len(carried) else 0.0,
        "over_the_limit": int(lines.riders.loc[lines.riders["trip_minutes"] > lines.riders["limit_minutes"], "pupils"].sum()),
        "km_a_day": round(sum(float(lines.routes[name].sum()) for name in ("ride_km", "empty_km", "home_km") if name in lines.routes), 1),
        "cost_yuan": round(float(lines.routes["cost_yuan"].sum())),
    }


def route_table(lines: Lines) -> Table:
    """Return the routes as a table for the terminal."""
    heads = (
        (Words("线路", "route"), False),
        (Words("车", "bus"), False),
        (Words("发车", "leaves"), False),
        (Words("到达", "arrives"), False),
        (Words("站数", "stops"), True),
        (Words("学生", "pupils"), True),
        (Words("座位", "seats"), True),
        (Words("最长乘车（分）", "longest ride, min"), True),
        (Words("公里", "km"), True),
        (Words("元/年", "yuan/year"), True),
    )
    halts = lines.stops["route_id"].value_counts()
    rows = [
        (
            Words(row["label"], row["label_en"]),
            f"{row['bus_id']}/{row['run']}",
            tell_clock(row["starts_s"]),
            tell_clock(row["ends_s"]),
            int(halts[row["route_id"]]),
            row["riders"],
            row["seats"],
            row["longest_ride_minutes"],
            row["ride_km"],
            row["cost_yuan"],
        )
        for row in lines.routes.to_dict("records")
    ]
    return Table(say_sum(lines), Words("", ""), heads, tuple(rows))


def say_sum(lines: Lines) -> Words:
    """Return all lines in one sentence; it says so where the routes need more buses than the layout has."""
    figures = sum_up(lines)
    need, has = figures["buses"], figures["buses_of_the_layout"]
    short = (
        Words(f"按座位数估算的{has:.0f}辆不够，还差{need - has:.0f}辆", f"the {has:.0f} counted by seats fall {need - has:.0f} short")
        if need > has
        else Words(f"方案有{has:.0f}辆，够用", f"the layout has {has:.0f}, which will do")
    )
    return Words(
        f"{WHEN[lines.when].zh}：{figures['pupils']:.0f}名学生乘校车，往返{figures['runs']:.0f}趟，需要{need:.0f}辆车；{short.zh}；"
        f"最长乘车{figures['longest_ride_minutes']:.0f}分钟，全年{figures['cost_yuan'] / 10000:.0f}万元",
        f"{WHEN[lines.when].en}: {figures['pupils']:.0f} pupils, {figures['runs']:.0f} runs both ways, {need:.0f} buses; {short.en}; "
        f"longest ride {figures['longest_ride_minutes']:.0f} min, {figures['cost_yuan']:,.0f} yuan a year",
    )


def write_timetable(lines: Lines, path: Path, lang: Lang) -> None:
    """Write the printable timetable: every route with its stops, then every stop with its routes.

    Raises
    ------
    OutputError : the folder cannot be written.
    """
    page = describe_run(lines.view, Words("校车时刻表", "School bus timetable")) | {
        "lead": pair(say_sum(lines)),
        "schools": _by_school(lines),
        "stops": _by_stop(lines),
        "buses": _by_bus(lines),
        "mixed": tell_mixed(lines.view, lines.when),
        "week": pair(say_week(lines)),
        "boarders": _by_boarders(lines),
    }
    write_page("timetable.html", page, path, lang)


def _by_bus(lines: Lines) -> list[dict[str, Any]]:
    """Return the day of every bus: where it stands overnight, when it sets out and is back, its runs in between."""
    if lines.view.bus_days is None:
        return []
    days = lines.view.bus_days[lines.view.bus_days["when"] == lines.when]
    runs = lines.routes.sort_values("starts_s")
    named = {bus: own.to_dict("records") for bus, own in runs.groupby("bus_id")}
    return [
        {
            "bus": row["bus_id"],
            "seats": int(row["seats"]),
            "night": pair(NIGHTS[row["overnight"]]),
            "place": pair(Words(clean_text(row["place"]), clean_text(row["place_en"]))),
            "leaves": tell_clock(row["leaves_s"]),
            "back": tell_clock(row["back_s"]),
            "runs": [
                {"time": tell_clock(run["starts_s"]), "label": pair(Words(run["label"], run["label_en"]))} for run in named[row["bus_id"]]
            ],
            "km": f"{row['ride_km']:.0f}",
            "empty": f"{row['empty_km']:.0f}",
        }
        for row in days.to_dict("records")
    ]


def _week_of(lines: Lines) -> pd.DataFrame:
    trips = lines.view.boarder_trips
    return lines.routes.iloc[:0] if trips is None else trips[trips["when"] == lines.when]


def say_week(lines: Lines) -> Words:
    """Return the boarders' Friday and Sunday in one sentence; empty where there are no boarders."""
    week = _week_of(lines)
    if week.empty:
        return Words("", "")
    friday = week[week["day"] == "friday"]
    young, longest, last = friday["under_10"].sum(), week["longest_ride_minutes"].max(), tell_clock(friday["ends_s"].max())
    return Words(
        f"寄宿生：周五{friday['riders'].sum()}人分{len(friday)}趟回家，末班{last}到站，最长乘车{longest:.0f}分钟；其中不满10岁约{young}人，每趟有照管人员",
        f"boarders: {friday['riders'].sum()} go home on Friday in {len(friday)} runs, the last by {last}, longest ride {longest:.0f} min; "
        f"about {young} of them are under ten, an attendant rides every run",
    )


def _by_boarders(lines: Lines) -> list[dict[str, Any]]:
    found = []
    stops = lines.view.boarder_stops
    calls = {} if stops is None else {str(trip): own for trip, own in stops[stops["when"] == lines.when].groupby("route_id")}
    for row in _week_of(lines).sort_values(["site_id", "day", "starts_s"]).to_dict("records"):
        school = lines.view.schools.loc[row["site_id"]]
        found.append(
            {
                "school": pair(name_place(school)),
                "day": pair(DAYS[row["day"]]),
                "bus": f"{row['bus_id']}/{row['run']}",
                "outer": clean_text(row["outer_stop"]),
                "calls": [
                    {"time": tell_clock(call["time_s"]), "name": pair(Words(clean_text(call["name"]), clean_text(call["name_en"])))}
                    for call in (calls[row["trip_id"]].sort_values("stop_no").to_dict("records") if row["trip_id"] in calls else [])
                ],
                "starts": tell_clock(row["starts_s"]),
                "ends": tell_clock(row["ends_s"]),
                "riders": f"{row['riders']}/{row['seats']}",
            }
        )
    return found


def _by_school(lines: Lines) -> list[dict[str, Any]]:
    calls = {str(name): rows for name, rows in lines.stops.groupby("route_id")}
    found = []
    for site, routes in lines.routes.groupby("site_id", sort=True):
        shown = []
        for row in routes.to_dict("records"):
            school = {"name": pair(Words(row["school"], row["school_en"])), "time": "", "gate": True}
            stops = [
                {"name": pair(Words(call["name"], call["name_en"])), "time": tell_clock(call["time_s"]), "gate": False}
                for call in calls[row["route_id"]].to_dict("records")
            ]
            at_gate = school | {"time": tell_clock(row["ends_s"] if row["direction"] == TO_SCHOOL else row["starts_s"])}
            shown.append(
                {
                    "label": pair(Words(row["label"], row["label_en"])),
                    "bus": f"{row['bus_id']}/{row['run']}",
                    "riders": int(row["riders"]),
                    "seats": int(row["seats"]),
                    "ride": f"{row['longest_ride_minutes']:.0f}",
                    "km": f"{row['ride_km']:.1f}",
                    "calls": [*stops, at_gate] if row["direction"] == TO_SCHOOL else [at_gate, *stops],
                }
            )
        first = routes.iloc[0]
        found.append({"id": str(site), "name": pair(Words(first["school"], first["school_en"])), "routes": shown})
    return found


def _by_stop(lines: Lines) -> list[dict[str, Any]]:
    named = {row["route_id"]: pair(Words(row["label"], row["label_en"])) for row in lines.routes.to_dict("records")}
    found = []
    for _, calls in lines.stops.sort_values(["name_en", "stop_id", "time_s"]).groupby(["name_en", "stop_id"], sort=True):
        rows = calls.to_dict("records")
        times = [{"time": tell_clock(row["time_s"]), "label": named[row["route_id"]]} for row in rows]
        found.append({"name": pair(Words(rows[0]["name"], rows[0]["name_en"])), "id": rows[0]["stop_id"], "calls": times})
    return found


@dataclass(frozen=True)
class _Drawn:
    """The roads of a stored run under a sketch, in degrees."""

    roads: RoadTable
    boundary: gpd.GeoDataFrame | None
    sources: tuple[Source, ...]
    crs: str = DEGREES


@dataclass(frozen=True)
class _Roads:
    edges: gpd.GeoDataFrame


def write_bus_map(lines: Lines, path: Path, lang: Lang) -> None:
    """Write the map: all runs to school, and every school on its own with stops and times.

    Raises
    ------
    OutputError : the folder cannot be written.
    """
    view = lines.view
    morning = lines.routes[lines.routes["direction"] == TO_SCHOOL]
    color = dict(zip(morning["route_id"], cycle(COLORS), strict=False))
    every = SketchView(
        Words("全部线路", "all routes"),
        say_sum(lines),
        tuple(Stroke(row["geometry"], color[row["route_id"]], 3.0) for row in morning.to_dict("records")),
        tuple(_school_dot(view, site) for site in sorted(morning["site_id"].unique())),
        keys=(
            ("square", SCHOOL_COLOR, Words("学校", "school")),
            ("line", COLORS[0], Words("校车线路，每条一色", "bus runs, a colour each")),
        ),
    )
    views = [every, *(_school_view(lines, str(site), runs, color) for site, runs in morning.groupby("site_id", sort=True))]
    ground = _Drawn(_Roads(view.roads.explode(ignore_index=True)), view.boundary, view.sources)  # type: ignore[arg-type]
    subtitle = Words(f"{view.title.zh} · {WHEN[lines.when].zh}", f"{view.title.en} · {WHEN[lines.when].en}")
    write_sketch(Sketch(Words("校车线路图", "School bus map"), subtitle, tuple(views)), ground, path, lang)


def _school_view(lines: Lines, site: str, runs: gpd.GeoDataFrame, color: dict[str, str]) -> SketchView:
    calls = lines.stops[lines.stops["route_id"].isin(runs["route_id"])]
    dots = [_school_dot(lines.view, site)]
    for _, at_stop in calls.groupby("stop_id", sort=True):
        rows = at_stop.to_dict("records")
        times = tuple(_add(_run_name(row["route_id"]), tell_clock(row["time_s"])) for row in rows)
        name = _add(Words(str(rows[0]["name"]), str(rows[0]["name_en"])), tell_clock(rows[0]["time_s"]))
        dots.append(Dot(rows[0]["geometry"], "circle", color[rows[0]["route_id"]], name, times, 6.0, labelled=True))
    table = runs.sort_values("starts_s").to_dict("records")
    sheet = Sheet(
        RUN_HEADS,
        tuple(
            (
                _run_name(row["route_id"]),
                tell_clock(row["starts_s"]),
                tell_clock(row["ends_s"]),
                f"{row['riders']}/{row['seats']}",
                f"{row['longest_ride_minutes']:.0f}",
            )
            for row in table
        ),
        frozenset({1, 2, 3, 4}),
    )
    first = table[0]
    pupils, longest = runs["riders"].sum(), runs["longest_ride_minutes"].max()
    lead = Words(
        f"{first['school']}：{len(table)}趟，{pupils}名学生，最长乘车{longest:.0f}分钟",
        f"{first['school_en']}: {len(table)} runs, {pupils} pupils, longest ride {longest:.0f} min",
    )
    strokes = tuple(Stroke(row["geometry"], color[row["route_id"]]) for row in table)
    keys = tuple(("line", color[row["route_id"]], _run_name(row["route_id"])) for row in table)
    return SketchView(Words(first["school"], first["school_en"]), lead, strokes, tuple(dots), sheet, keys=keys)


def _run_name(route_id: str) -> Words:
    number = route_id.rsplit("-", 1)[1][1:]
    return Words(f"{number}线", f"run {number}")


def _add(words: Words, text: str) -> Words:
    return Words(f"{words.zh} {text}", f"{words.en} {text}")


def _school_dot(view: RunView, site: str) -> Dot:
    row = view.schools.loc[site]
    place = row["geometry"]
    return Dot(shapely.Point(place.x, place.y), "square", SCHOOL_COLOR, name_place(row), size=8, labelled=True)
