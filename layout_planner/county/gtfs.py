"""A GTFS feed to the public lines of one school day.

gtfs-kit opens the tables and knows which services run on a day; what it takes on trust is checked here: the archive, references, times.
Transfers, fares, shapes and real-time data are not read.
"""

from __future__ import annotations

import zipfile
import zlib
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from layout_planner.county.faults import FaultError, Faults
from layout_planner.county.gtfs_times import lay_times, read_clocks, repeat_trips
from layout_planner.county.lines import Run, Service, build_lines
from layout_planner.county.model import Note
from layout_planner.county.raw_files import check_file
from layout_planner.words import Words

if TYPE_CHECKING:
    from pathlib import Path

    from layout_planner.county.model import TransitLines
    from layout_planner.scenario import GtfsFile

MAX_ZIP_BYTES = 200_000_000
MAX_UNPACKED = 1_000_000_000
MAX_MEMBERS = 1000
MAX_DAYS = 400
SCHOOL_WEEKDAYS = 5
NEEDED = {
    "stops": ("stop_id", "stop_lat", "stop_lon"),
    "routes": ("route_id",),
    "trips": ("trip_id", "route_id", "service_id"),
    "stop_times": ("trip_id", "stop_id", "stop_sequence", "arrival_time", "departure_time"),
}
CALENDARS = {
    "calendar": ("service_id", "monday", "tuesday", "wednesday", "thursday", "friday", "start_date", "end_date"),
    "calendar_dates": ("service_id", "date", "exception_type"),
}
OPTIONAL = {"frequencies": ("trip_id", "start_time", "end_time", "headway_secs")}
LIBRARY_FAULTS = (ValueError, TypeError, KeyError, AttributeError, OverflowError, MemoryError, IndexError, OSError, EOFError, RuntimeError,
                  NotImplementedError, zipfile.BadZipFile, zlib.error)  # fmt: skip
Box = tuple[float, float, float, float]


def read_gtfs(path: Path, file: GtfsFile, crs: str, box: Box) -> tuple[TransitLines | None, list[Note], Faults]:
    """Return the lines of one school day that call at two stops or more inside `box`, notes, and the faults of the feed.

    Parameters
    ----------
    file : the feed as the scenario names it, with the day to use; without one, the earliest of the Mondays to Fridays that have the
        timetable most Mondays to Fridays of the feed have.
    box : west, south, east, north of the county, degrees; stops outside are left out.
    """
    try:
        return _read(path, file, crs, box)
    except LIBRARY_FAULTS as error:  # what stands in the tables is nothing that a feed may hold, and no check above foresaw it
        faults = Faults(file.path)
        faults.place(_unreadable(error))
        return None, [], faults


def _read(path: Path, file: GtfsFile, crs: str, box: Box) -> tuple[TransitLines | None, list[Note], Faults]:
    faults = Faults(file.path)
    try:
        tables = _open(path)
        for name, columns in {**NEEDED, **CALENDARS, **OPTIONAL}.items():
            _check_columns(name, tables[name], columns, faults)
        if faults:
            return None, [], faults
        day = _choose_day(tables["feed"], file, faults)
    except FaultError as fault:
        faults.place(fault)
        return None, [], faults
    _check_references(tables, faults)
    stops = _stops(tables["stops"], faults)
    if day is None or faults:
        return None, [], faults
    lines, left_out = _read_day(tables, stops, crs, box, (day, faults))
    if lines is not None:
        lines = _limit_seats(lines, file, faults)
    if lines is None or faults:
        return None, [], faults
    text = Words(
        f"{file.path}：采用{day}的时刻表（{len(lines.patterns)}种走法，县内{len(lines.stops)}个停靠站），其余日期未用",
        f"{file.path}: the timetable of {day} is used ({len(lines.patterns)} patterns, {len(lines.stops)} stops here), no other day's",
    )
    notes = [Note("gtfs.day", text)]
    if left_out:
        said = Words(f"{file.path}：县外{left_out}个停靠站未使用", f"{file.path}: {left_out} stops outside the county are not used")
        notes.append(Note("gtfs.outside", said, left_out))
    return lines, notes, faults


def _limit_seats(lines: TransitLines, file: GtfsFile, faults: Faults) -> TransitLines:
    """Return `lines` with the seats that the scenario tells, for a feed tells none."""
    if file.seats is None and not file.line_seats:
        return lines
    patterns, named = lines.patterns, file.line_seats
    for name in sorted(set(named) - {*patterns["line_id"], *patterns["line"]}):
        what = Words("该日县内没有这条线路", "no such line runs in the county on that day")
        faults.add(
            what, Words("按 routes.txt 的编号或名称填写", "name it as routes.txt does, by id or name"), column="line_seats", value=name
        )
    others = np.inf if file.seats is None else file.seats
    told = [float(named.get(key, named.get(name, others))) for key, name in zip(patterns["line_id"], patterns["line"], strict=True)]
    return replace(lines, patterns=patterns.assign(seats=told))


def _open(path: Path) -> dict[str, Any]:
    """Return the tables of the feed by name (None where the feed has none) and, as "feed", the library's own object."""
    import gtfs_kit

    check_file(path, most_bytes=MAX_ZIP_BYTES)
    _check_archive(path)
    try:
        feed = gtfs_kit.read_feed(path, dist_units="m")
    except LIBRARY_FAULTS as error:
        raise _unreadable(error) from None
    return {"feed": feed, **{name: getattr(feed, name) for name in (*NEEDED, *CALENDARS, *OPTIONAL)}}


def _unreadable(error: Exception) -> FaultError:
    return FaultError(
        Words("GTFS 数据无法读取", "a table of the feed cannot be read"),
        Words("重新导出 GTFS，或用校验工具检查", "export the feed again, or run a GTFS validator over it"),
        value=str(error)[:200] or type(error).__name__,
    )


def _check_archive(path: Path) -> None:
    """Refuse what is no zip of one feed: damaged, locked, absurdly large, with names that lead out of it, or with a table twice."""
    hint = Words("重新下载或重新导出该文件", "download or export the file again")
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise FaultError(Words("不是完整的 zip 文件", "this is not a whole zip file"), hint, value=str(error)) from None
    tables = [member.filename.rsplit("/", 1)[-1] for member in members if member.filename.endswith(".txt")]
    unpacked = sum(member.file_size for member in members)
    unsafe = [m.filename for m in members if ".." in m.filename.split("/") or m.filename.startswith("/") or "\\" in m.filename]
    if unpacked > MAX_UNPACKED or len(members) > MAX_MEMBERS:
        too_big = Words("解压后过大", "the feed is too large once unpacked")
        raise FaultError(too_big, Words("只保留本县的线路", "keep only the county's own lines"), value=f"{unpacked:,} bytes")
    if unsafe:
        raise FaultError(Words("zip 中的文件名指向包外", "a name in the zip leads out of it"), hint, value=unsafe[0])
    if any(member.flag_bits & 1 for member in members):
        raise FaultError(Words("zip 有密码", "the zip is locked by a password"), Words("去掉密码", "take the password off"))
    doubled = sorted(name for name, count in Counter(tables).items() if count > 1)
    if doubled:
        raise FaultError(
            Words("zip 中同名的表不止一个", "the zip holds a table twice"),
            Words("每个 zip 只放一份 GTFS", "put one feed into a zip"),
            value=doubled[0],
        )
    missing = [f"{name}.txt" for name in NEEDED if f"{name}.txt" not in tables]
    if not any(f"{name}.txt" in tables for name in CALENDARS):
        missing.append("calendar.txt")
    if missing:
        raise FaultError(Words("GTFS 缺少必需的表", "the feed lacks tables that it must have"), hint, value=", ".join(missing))


def _check_columns(name: str, table: pd.DataFrame | None, columns: tuple[str, ...], faults: Faults) -> None:
    if table is None:
        if name in NEEDED:
            faults.add(Words(f"{name}.txt 没有数据行", f"{name}.txt has no rows"), Words("重新导出", "export the feed again"))
        return
    for column in columns:
        if column not in table.columns:
            what = Words(f"{name}.txt 缺少必需的列", f"{name}.txt lacks a column that it must have")
            faults.add(what, Words("重新导出", "export the feed again"), row=1, column=column)


def _report(rows: pd.DataFrame, name: str, column: str, what: Words, faults: Faults) -> None:
    """Report rows of the table `name`; the header is row 1."""
    for at, value in rows[column].items():
        said = Words(f"{name}.txt：{what.zh}", f"{name}.txt: {what.en}")
        hint = Words("改正后重新导出", "mend it and export the feed again")
        faults.add(said, hint, row=int(str(at)) + 2, column=column, value="" if pd.isna(value) else value)


def _check_references(tables: dict[str, Any], faults: Faults) -> None:
    """Report keys that stand twice and rows that name a trip, stop or route that is not there."""
    for name, key in (("stops", "stop_id"), ("routes", "route_id"), ("trips", "trip_id")):
        table = tables[name]
        _report(
            table[table[key].duplicated() | table[key].isna()],
            name,
            key,
            Words("编号重复或空白", "the id is empty or stands twice"),
            faults,
        )
    for name, key, of in (("trips", "route_id", "routes"), ("stop_times", "trip_id", "trips"), ("stop_times", "stop_id", "stops")):
        table = tables[name]
        known = table[key].isin(tables[of][key])
        _report(table[~known], name, key, Words(f"{of}.txt 中没有这个编号", f"{of}.txt has no such id"), faults)
    times = tables["stop_times"]
    doubled = times[times.duplicated(["trip_id", "stop_sequence"]) | times["stop_sequence"].isna()]
    _report(doubled, "stop_times", "stop_sequence", Words("站序重复或空白", "the order is empty or stands twice in a trip"), faults)


def _stops(table: pd.DataFrame, faults: Faults) -> pd.DataFrame:
    """Return name, lon and lat by stop_id; stations and entrances, where nothing calls, may have no place."""
    kind = table["location_type"].fillna(0) if "location_type" in table else pd.Series(0, index=table.index)
    calls = kind.isin([0, 4])
    lon, lat = (table[column].astype(float).fillna(np.nan) for column in ("stop_lon", "stop_lat"))
    lost = calls & ~((lon.abs() <= 180) & (lat.abs() <= 90) & ((lon != 0) | (lat != 0)))  # noqa: PLR2004 - degrees
    _report(table[lost], "stops", "stop_lat", Words("停靠站没有可用的经纬度", "the stop has no usable place"), faults)
    name = table["stop_name"].fillna("") if "stop_name" in table else pd.Series("", index=table.index)
    ids = table["stop_id"].astype(str)
    named = name.astype(str).where(name.astype(str) != "", ids)
    return pd.DataFrame({"name": named.to_numpy(), "lon": lon.to_numpy(), "lat": lat.to_numpy()}, index=pd.Index(ids, name="stop_id"))


def _choose_day(feed: Any, file: GtfsFile, faults: Faults) -> str | None:  # noqa: ANN401 - the library has no types
    """Return the ISO date whose timetable is read."""
    for name, columns in (("calendar", ("start_date", "end_date")), ("calendar_dates", ("date",))):
        table = getattr(feed, name)
        for column in () if table is None else columns:
            _report(table[~table[column].map(_is_day)], name, column, Words("没有这个日期", "there is no such date"), faults)
    if faults:
        return None
    dates = [date.fromisoformat(file.date)] if file.date else _weekdays(feed)
    kinds = _kinds_of_days(feed, dates)
    sample = {kind: day for day, kind in kinds.items()}
    known = set(feed.trips["service_id"])
    services = {kind: frozenset(feed.get_active_services(f"{day:%Y%m%d}")) & known for kind, day in sample.items()}
    running = {day: services[kind] for day, kind in kinds.items()}
    usual = Counter(services for services in running.values() if services)
    if not usual:
        raise FaultError(
            Words("该日没有班次", "nothing runs on that day")
            if file.date
            else Words("周一至周五没有班次", "nothing runs from Monday to Friday"),
            Words("核对日期和 calendar.txt", "check the date against calendar.txt"),
            value=file.date or None,
        )
    most = max(usual.values())
    return min(day for day, services in running.items() if usual.get(services, 0) == most).isoformat()


def _kinds_of_days(feed: Any, days: list[date]) -> dict[date, tuple[int, tuple[int, ...], str]]:  # noqa: ANN401
    """Return what decides which services run: the weekday, the periods that hold the day, and the day itself where it is an exception."""
    ends = [] if feed.calendar is None else [feed.calendar[column].astype(str) for column in ("start_date", "end_date")]
    periods = list(zip(*ends, strict=True))
    special = set() if feed.calendar_dates is None else set(feed.calendar_dates["date"].astype(str))
    kinds = {}
    for day in days:
        text = f"{day:%Y%m%d}"
        held = tuple(k for k, (first, last) in enumerate(periods) if first <= text <= last)
        kinds[day] = day.weekday(), held, text if text in special else ""
    return kinds


def _is_day(value: object) -> bool:
    try:
        datetime.strptime(str(value), "%Y%m%d")  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return False
    return True


def _weekdays(feed: Any) -> list[date]:  # noqa: ANN401
    """Return the Mondays to Fridays of the feed, the first `MAX_DAYS` of them."""
    named = [
        str(value)
        for table, columns in ((feed.calendar, ("start_date", "end_date")), (feed.calendar_dates, ("date",)))
        if table is not None
        for column in columns
        for value in table[column]
    ]
    first, last = (date.fromisoformat(found) for found in (min(named), max(named)))
    days = ((first + timedelta(days=k)) for k in range((last - first).days + 1))
    found: list[date] = []
    for day in days:
        if day.weekday() < SCHOOL_WEEKDAYS:
            found.append(day)
        if len(found) == MAX_DAYS:
            break
    return found


def _read_day(tables: dict[str, Any], stops: pd.DataFrame, crs: str, box: Box, told: tuple[str, Faults]) -> tuple[TransitLines | None, int]:
    """Return the lines of the day that call twice inside the box, and how many stops outside it were left out."""
    day, faults = told
    active = tables["feed"].get_active_services(day.replace("-", ""))
    trips = tables["trips"][tables["trips"]["service_id"].isin(active)]
    times = tables["stop_times"][tables["stop_times"]["trip_id"].isin(trips["trip_id"])]
    west, south, east, north = box
    inside = stops.index[stops["lon"].between(west, east) & stops["lat"].between(south, north)]
    near = times["trip_id"].isin(times.loc[times["stop_id"].isin(inside), "trip_id"])
    clocks = read_clocks(times[near], faults)
    if faults:
        return None, 0
    runs = repeat_trips(tables["frequencies"], faults)
    routes = _name_routes(tables["routes"])
    route_of = dict(zip(trips["trip_id"].astype(str), trips["route_id"].astype(str), strict=True))
    services = []
    for trip_id, calls in lay_times(clocks, stops, faults):
        start = calls[0].depart_s
        own = tuple(call._replace(arrive_s=call.arrive_s - start, depart_s=call.depart_s - start) for call in calls)
        kept = tuple(call for call in own if call.stop_id in inside)
        if len(kept) > 1:
            route = route_of[trip_id]
            services.append(Service(route, routes[route], kept, runs.get(trip_id) or (Run(start, start),)))
    if faults:
        return None, 0
    return build_lines(stops, services, crs, day=day), len(set(times.loc[near, "stop_id"]) - set(inside))


def _name_routes(routes: pd.DataFrame) -> dict[str, str]:
    """Return a name for every route: the short name, else the long name, else the id."""
    named = routes["route_id"].astype(str)
    for column in ("route_long_name", "route_short_name"):
        if column in routes:
            given = routes[column].fillna("").astype(str)
            named = given.where(given != "", named)
    return dict(zip(routes["route_id"].astype(str), named, strict=True))
