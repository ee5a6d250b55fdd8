"""Public lines from a feed or a table: both give the same timetable, and what is broken is told by its place."""

from __future__ import annotations

import datetime as dt
import zipfile

import gtfs_kit
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from layout_planner.county.cells import parse_clock
from layout_planner.county.faults import FaultError
from layout_planner.county.gtfs import _kinds_of_days, read_gtfs
from layout_planner.county.gtfs_feed import Publisher, write_feed
from layout_planner.county.inputs import read_county
from layout_planner.county.lines import Call, Run, Service, build_lines
from layout_planner.errors import InputError
from layout_planner.scenario import GtfsFile, read_scenario
from tests.broken import copy_good, write_cells
from tests.tiny import CRS

PUBLISHER = Publisher("试县客运", "https://example.org", "20260901", "20270710")
BOX = (100.0, 20.0, 110.0, 30.0)
STOPS = pd.DataFrame(
    {"name": ["甲村", "丙村", "中心, 学校"], "lon": [105.005, 105.04, 105.06], "lat": [26.2, 26.2, 26.2]}, index=["A", "B", "C"]
)
FEED = {
    "agency.txt": "agency_id,agency_name,agency_url,agency_timezone\n1,试县客运,https://example.org,Asia/Shanghai\n",
    "stops.txt": "stop_id,stop_name,stop_lat,stop_lon\nA,甲村,26.2,105.00\nB,丙村,26.2,105.03\nC,学校,26.2,105.04\nX,外地,26.2,150\n",
    "routes.txt": "route_id,route_short_name,route_long_name,route_type\n9,9路,,3\n",
    "trips.txt": "route_id,service_id,trip_id\n9,weekdays,t1\n9,weekdays,t2\n9,market,t3\n9,weekdays,late\n",
    # t1: B is passed at an even speed as the crow flies: 3/4 of the way, 07:00 + 3/4 * 20 min = 07:15
    "stop_times.txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
    "t1,07:00:00,07:00:00,A,1\nt1,,,B,5\nt1,7:20:00,7:20:00,C,9\n"
    "t2,00:00:00,00:00:00,C,1\nt2,00:05:00,00:06:00,B,2\nt2,00:30:00,00:30:00,X,3\nt2,00:40:00,00:40:00,A,4\n"
    "t3,06:00:00,06:00:00,A,1\nt3,06:30:00,06:30:00,C,2\n"
    "late,23:50:00,23:50:00,A,1\nlate,24:10:00,24:10:00,C,2\n",
    "calendar.txt": "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
    "weekdays,1,1,1,1,1,0,0,20260831,20260911\nmarket,1,0,0,0,0,0,0,20260831,20260911\n",
    "calendar_dates.txt": "service_id,date,exception_type\nweekdays,20260901,2\n",
    "frequencies.txt": "trip_id,start_time,end_time,headway_secs,exact_times\nt2,06:00:00,07:00:00,1200,0\nt2,16:00:00,16:40:00,1200,1\n",
}


def pack(path, tables):
    with zipfile.ZipFile(path, "w") as target:
        for name, text in tables.items():
            target.writestr(name, text)
    return path


def read(path, when=""):
    return read_gtfs(path, GtfsFile(path=path.name, date=when), CRS, BOX)


def test_a_feed_worked_out_by_hand(tmp_path):
    lines, notes, faults = read(pack(tmp_path / "gtfs.zip", FEED))
    assert not faults.problems
    # Tuesday 1 September is a holiday, Monday has a market: Wednesday is the first day as most days are.
    assert lines.day == "2026-09-02"
    assert list(lines.stops.index) == ["A", "B", "C"]
    assert list(lines.patterns["line"]) == ["9路", "9路", "9路"]
    calls = lines.calls.groupby("pattern")[["stop_id", "arrive_s", "depart_s"]].apply(
        lambda rows: list(rows.itertuples(index=False, name=None))
    )
    assert [[stop for stop, _, _ in rows] for rows in calls] == [["A", "B", "C"], ["A", "C"], ["C", "B", "A"]]
    np.testing.assert_allclose([at for _, at, _ in calls.iloc[0]], [0, 900, 1200], atol=1)
    assert calls.iloc[1] == [("A", 0.0, 0.0), ("C", 1200.0, 1200.0)]
    assert calls.iloc[2] == [("C", 0.0, 0.0), ("B", 300.0, 360.0), ("A", 2400.0, 2400.0)]
    hour = 3600
    assert list(lines.runs[lines.runs["pattern"] == "9/3"].itertuples(index=False, name=None)) == [
        ("9/3", 6 * hour, 6 * hour + 2400, 1200),  # 06:00, 06:20, 06:40; the end is no departure
        ("9/3", 16 * hour, 16 * hour, 0),
        ("9/3", 16 * hour + 1200, 16 * hour + 1200, 0),
    ]
    assert float(lines.runs.loc[lines.runs["pattern"] == "9/2", "first_s"].iloc[0]) == 23 * hour + 50 * 60
    assert [(note.code, note.count) for note in notes] == [("gtfs.day", 0), ("gtfs.outside", 1)]


DAYS = [dt.date(2026, 9, 1) + dt.timedelta(days=k) for k in range(28)]
DAY = st.sampled_from([f"{day:%Y%m%d}" for day in DAYS])


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.lists(st.integers(0, 1), min_size=7, max_size=7), DAY, DAY), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 3), DAY, st.sampled_from([1, 2])), max_size=5),
)
def test_days_of_one_kind_run_the_same_services(periods, exceptions):
    week = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
    rows = [(f"s{k}", *runs, *sorted(ends)) for k, (runs, *ends) in enumerate(periods)]
    calendar = pd.DataFrame(rows, columns=["service_id", *week, "start_date", "end_date"])
    named = {(f"s{k % len(rows)}", day): change for k, day, change in exceptions}
    changes = pd.DataFrame([(*key, change) for key, change in named.items()], columns=["service_id", "date", "exception_type"])
    feed = gtfs_kit.Feed(dist_units="km", calendar=calendar, calendar_dates=changes if len(changes) else None)
    running: dict[object, set[frozenset[str]]] = {}
    for day, kind in _kinds_of_days(feed, DAYS).items():
        running.setdefault(kind, set()).add(frozenset(feed.get_active_services(f"{day:%Y%m%d}")))
    assert all(len(services) == 1 for services in running.values())


def test_the_day_can_be_named(tmp_path):
    lines, _, _ = read(pack(tmp_path / "gtfs.zip", FEED), "2026-09-07")
    assert lines.day == "2026-09-07"
    assert len(lines.patterns) == 4


@pytest.mark.parametrize("when", ["2026-09-01", "2026-09-06", "2030-01-01"])
def test_a_day_without_any_run_is_refused(tmp_path, when):
    _, _, faults = read(pack(tmp_path / "gtfs.zip", FEED), when)
    assert [problem.what.en for problem in faults.problems] == ["nothing runs on that day"]


def change(name, old, new):
    assert old in FEED[name]
    return {**FEED, name: FEED[name].replace(old, new)}


BROKEN = [
    (change("stop_times.txt", "7:20:00,7:20:00", "25:61:00,25:61:00"), "stop_times.txt: there is no such time", 4),
    (change("stop_times.txt", "7:20:00,7:20:00,C,9", ",,C,9"), "stop_times.txt: the first and last stop must have a time", 2),
    (change("stop_times.txt", "7:20:00,7:20:00,C", "06:20:00,06:20:00,C"), "stop_times.txt: the time is before that of the stop before", 3),
    (change("stop_times.txt", "C,9", "C,5"), "stop_times.txt: the order is empty or stands twice in a trip", 4),
    (change("stop_times.txt", ",C,9", ",Q,9"), "stop_times.txt: stops.txt has no such id", 4),
    (change("trips.txt", "9,market", "8,market"), "trips.txt: routes.txt has no such id", 4),
    (change("stops.txt", "B,丙村,26.2,105.03", "B,丙村,,"), "stops.txt: the stop has no usable place", 3),
    (change("stops.txt", "B,丙村,26.2,105.03", "B,丙村,105.03,260.2"), "stops.txt: the stop has no usable place", 3),
    (change("stops.txt", "B,丙村,26.2", "A,丙村,26.2"), "stops.txt: the id is empty or stands twice", 3),
    (change("stops.txt", "26.2,105.03", "north,105.03"), "a table of the feed cannot be read", None),
    (change("calendar.txt", "20260911\nmarket", "20261399\nmarket"), "calendar.txt: there is no such date", 2),
    (change("frequencies.txt", "06:00:00,07:00:00,1200,0", "06:00:00,05:00:00,1200,0"), "frequencies.txt: window or headway is wrong", 2),
    ({name: text for name, text in FEED.items() if name != "trips.txt"}, "the feed lacks tables that it must have", None),
    ({name: text for name, text in FEED.items() if not name.startswith("calendar")}, "the feed lacks tables that it must have", None),
    ({**FEED, "trips.txt": "route_id,service_id,trip_id\n"}, "trips.txt has no rows", None),
    (change("stops.txt", "stop_lat", "latitude"), "stops.txt lacks a column that it must have", 1),
    ({**FEED, "../../evil.txt": "x"}, "a name in the zip leads out of it", None),
    ({**FEED, "old/stops.txt": FEED["stops.txt"]}, "the zip holds a table twice", None),
]


@pytest.mark.parametrize(("tables", "what", "row"), BROKEN, ids=[f"{what}-{i}" for i, (_, what, _) in enumerate(BROKEN)])
def test_broken_feeds_are_told_by_their_place(tmp_path, tables, what, row):
    lines, _, faults = read(pack(tmp_path / "gtfs.zip", tables))
    assert lines is None
    assert (what, row) in {(problem.what.en, problem.row) for problem in faults.problems}


@pytest.mark.parametrize("cut", [0, 10, 400, -30])
def test_a_zip_cut_short_is_refused(tmp_path, cut):
    path = pack(tmp_path / "gtfs.zip", FEED)
    path.write_bytes(path.read_bytes()[:cut])
    lines, _, faults = read(path)
    assert lines is None
    assert faults.problems


def test_damaged_bytes_inside_are_refused(tmp_path):
    path = tmp_path / "gtfs.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, text in FEED.items():
            target.writestr(name, text * 3 if name == "agency.txt" else text)
    raw = bytearray(path.read_bytes())
    at = raw.find(b"stop_times.txt") + 40
    raw[at : at + 40] = bytes(40)
    path.write_bytes(bytes(raw))
    lines, _, faults = read(path)
    assert lines is None
    assert faults.problems


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("layout_planner.county.gtfs.MAX_UNPACKED", 2000)
    _, _, faults = read(pack(tmp_path / "gtfs.zip", {**FEED, "shapes.txt": "0" * 3000}))
    assert [problem.what.en for problem in faults.problems] == ["the feed is too large once unpacked"]


def same_lines(one, other):
    assert_frame_equal(pd.DataFrame(one.stops.drop(columns="geometry")), pd.DataFrame(other.stops.drop(columns="geometry")))
    for name in ("patterns", "calls", "runs"):
        assert_frame_equal(getattr(one, name), getattr(other, name))


clock = st.integers(0, 25 * 60).map(lambda minute: 60.0 * minute)
headway = st.integers(1, 60).map(lambda minute: 60.0 * minute)
often = st.builds(lambda first, step, count: Run(first, first + step * count, step), clock, headway, st.integers(0, 5))
run = st.one_of(clock.map(lambda at: Run(at, at)), often)


@st.composite
def services(draw):
    line = draw(st.sampled_from(["9", "10", "大坪,专线"]))
    stops = draw(st.lists(st.sampled_from(list(STOPS.index)), min_size=2, max_size=5))
    calls, at = [], 0.0
    for k, stop in enumerate(stops):
        stay = draw(st.integers(0, 3)) * 60.0 if k else 0.0
        calls.append(Call(stop, at, at + stay, draw(st.booleans()), draw(st.booleans())))
        at += stay + draw(st.integers(0, 30)) * 60.0
    return Service(line, f"{line}路", tuple(calls), tuple(draw(st.lists(run, min_size=1, max_size=3, unique=True))))


@settings(max_examples=40, deadline=None)
@given(st.lists(services(), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_what_is_written_as_a_feed_reads_back_the_same(tmp_path_factory, made, shuffle):
    lines = build_lines(STOPS, made, CRS)
    packed = write_feed(lines, PUBLISHER)
    shuffle.shuffle(made)
    assert write_feed(build_lines(STOPS, made, CRS), PUBLISHER) == packed
    path = tmp_path_factory.mktemp("feed") / "gtfs.zip"
    path.write_bytes(packed)
    again, _, faults = read(path)
    assert not faults.problems
    same_lines(again, lines)


def test_the_library_finds_the_departures_that_were_written(tmp_path):
    calls = (Call("A", 0, 0), Call("B", 300, 360), Call("C", 900, 900))
    made = [Service("9", "9路", calls, (Run(25200, 25200), Run(28800, 28800 + 5 * 1200, 1200)))]
    path = tmp_path / "gtfs.zip"
    path.write_bytes(write_feed(build_lines(STOPS, made, CRS), PUBLISHER))
    feed = gtfs_kit.read_feed(path, dist_units="m").expand_frequencies()
    table = feed.build_stop_timetable("B", ["20260902"])
    assert sorted(table["departure_time"]) == ["07:06:00", "08:06:00", "08:26:00", "08:46:00", "09:06:00", "09:26:00", "09:46:00"]
    assert feed.build_stop_timetable("B", ["20260905"]).empty  # a Saturday


HEADER = ["线路", "方向", "站序", "站名", "经度", "纬度", "分钟", "首班", "末班", "发车间隔", "发车时刻"]
ROWS = [
    ["9路", "往返", "1", "甲村", "105.005", "26.2", "0", "6:30", "18:30", "20", ""],
    ["9路", "往返", "2", "丙村", "105.04", "26.2", "6", "", "", "", ""],
    ["9路", "往返", "3", "学校", "105.06", "26.2", "10", "", "", "", ""],
    ["校外线", "去程", "1", "丙村", "105.04", "26.2", "0", "", "", "", "07:10、07:40，16:50"],
    ["校外线", "去程", "2", "学校", "105.06", "26.2", "5", "", "", "", ""],
]


def county_with(tmp_path, rows, header=HEADER):
    folder = copy_good(tmp_path / "county")
    write_cells(folder, "lines.csv", [header, *rows])
    path = folder / "scenario.toml"
    text = path.read_text(encoding="utf-8").replace("[data]\n", '[data]\nlines = { path = "lines.csv" }\n', 1)
    path.write_text(text, encoding="utf-8")
    return read_county(read_scenario(path))


def test_a_table_of_lines_worked_out_by_hand(tmp_path):
    county = county_with(tmp_path, ROWS)
    lines = county.lines
    assert dict(lines.patterns["line"]) == {"9路/1": "9路", "9路/2": "9路", "校外线/1": "校外线"}
    there, back = (lines.calls[lines.calls["pattern"] == name] for name in ("9路/2", "9路/1"))
    assert list(zip(there["stop_id"], there["depart_s"], strict=True)) == [("甲村", 0), ("丙村", 360), ("学校", 600)]
    assert list(zip(back["stop_id"], back["depart_s"], strict=True)) == [("学校", 0), ("丙村", 240), ("甲村", 600)]
    runs = list(lines.runs.itertuples(index=False, name=None))
    assert runs[:2] == [(name, 6.5 * 3600, 18.5 * 3600, 1200) for name in ("9路/1", "9路/2")]
    assert [first for _, first, *_ in runs[2:]] == [7 * 3600 + 600, 7 * 3600 + 2400, 16 * 3600 + 3000]
    assert "lines.seats" in {note.code for note in county.notes}
    assert "lines" in {source.role for source in county.sources}


def test_the_order_of_rows_does_not_matter(tmp_path):
    one, other = county_with(tmp_path / "a", ROWS).lines, county_with(tmp_path / "b", ROWS[::-1]).lines
    same_lines(one, other)


def changed(row, column, value):
    rows = [list(cells) for cells in ROWS]
    rows[row - 2][HEADER.index(column)] = value
    return rows


@pytest.mark.parametrize(
    ("rows", "what", "row"),
    [
        (changed(2, "首班", "25:61"), "there is no such time of day", 2),
        (changed(5, "发车时刻", "07:10、8点"), "there is no such time of day", 5),
        (changed(2, "末班", "6:00"), "when the line runs is not said", 2),
        (changed(2, "发车间隔", ""), "when the line runs is not said", 2),
        (changed(5, "发车时刻", ""), "when the line runs is not said", 5),
        (changed(3, "发车间隔", "30"), "the rows of one line disagree", 2),
        (changed(3, "分钟", "12"), "the minutes are fewer than at the stop before", 4),
        (changed(2, "分钟", "1"), "the minutes of the first stop must be 0", 2),
        (changed(4, "站序", "2"), "the order stands twice in one line and direction", 4),
        (ROWS[:4], "the line has a single stop", 5),
        (changed(4, "纬度", "27.2"), "the place lies more than 300 km from the others", None),
    ],
)
def test_what_does_not_fit_together_is_told(tmp_path, rows, what, row):
    if row is None:
        rows[2][HEADER.index("纬度")] = "36.2"
        row = 4
    with pytest.raises(InputError) as error:
        county_with(tmp_path, rows)
    assert (what, row) in {(problem.what.en, problem.row) for problem in error.value.problems}


def test_a_stop_far_from_any_road_is_told(tmp_path):
    """S5 lies 27 km north of the roads; a stop half way there lies inside the county and on no road."""
    with pytest.raises(InputError) as error:
        county_with(tmp_path, changed(3, "纬度", "26.3"))
    assert [problem.what.en for problem in error.value.problems] == ["the stop lies far from any road"]


@pytest.mark.parametrize(("text", "seconds"), [("7:05", 25500), ("07：05", 25500), ("24:10:30", 87030), ("29:59", 107940)])
def test_clocks(text, seconds):
    assert parse_clock(text) == seconds


@pytest.mark.parametrize("text", ["30:00", "7:60", "7点", "", "25:61", "-1:00"])
def test_clocks_that_do_not_exist(text):
    with pytest.raises(FaultError):
        parse_clock(text)
