"""School buses in files and on pages: what is written, opened again, and what a hostile name becomes."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from xml.etree import ElementTree as ET

import pandas as pd
import pytest
from click.testing import CliRunner

from layout_planner.cli import main
from layout_planner.output.bus_files import make_geojson, make_gpx, make_gtfs
from layout_planner.output.bus_pages import lines_of, sum_up, write_timetable
from layout_planner.output.bus_plans import join_buses, tell_clock
from tests.test_buses import tiny_plan
from tests.views import make_view

__all__ = ["tiny_plan"]


@pytest.fixture(scope="module")
def lines(tiny_plan):
    """The tiny county's bus of tests/test_buses.py: S1 07:34:42, S2 07:38:52, S3 07:44:02, C1 07:50."""
    plan = tiny_plan[3]
    run = type("Run", (), {"buses": {"today": plan, "plan": plan}})()
    view = make_view()
    school = view.schools.iloc[[0]].assign(name="坡上学校", name_en="Po School").rename(index={view.schools.index[0]: "C1"})
    return lines_of(replace(view, schools=school, mergers=(), findings=(), **join_buses(run)), "plan")


def test_a_clock_shows_the_full_minute_before():
    assert [tell_clock(seconds) for seconds in (0, 27_282.0, 27_299.9, 28_200)] == ["00:00", "07:34", "07:34", "07:50"]


def test_figures_of_the_whole(lines):
    assert sum_up(lines) | {"buses_of_the_layout": 0} == {
        "pupils": 30,
        "without_a_bus": 0,
        "runs": 2,
        "buses": 1,
        "buses_of_the_layout": 0,
        "longest_ride_minutes": 14.13,
        "longest_walk_minutes": pytest.approx(100 / 0.84 / 0.95 / 60, abs=1),
        "over_the_limit": 0,
        "km_a_day": 11.0,
        "cost_yuan": 157_040,
    }


def test_timetable_tells_every_call_in_order(lines, tmp_path):
    write_timetable(lines, tmp_path / "timetable.html", "zh")
    page = (tmp_path / "timetable.html").read_text(encoding="utf-8")
    assert page.index("07:34") < page.index("07:38") < page.index("07:44") < page.index("07:50")


def test_gpx_has_a_track_a_run_and_a_point_a_call(lines):
    root = ET.fromstring(make_gpx(lines))  # noqa: S314 - our own text
    space = "{http://www.topografix.com/GPX/1/1}"
    assert len(root.findall(f"{space}trk")) == 2
    assert len(root.findall(f"{space}wpt")) == len(lines.stops) == 6


def test_geojson_holds_runs_and_calls(lines):
    features = json.loads(make_geojson(lines))["features"]
    assert [feature["properties"]["kind"] for feature in features] == ["route"] * 2 + ["stop"] * 6
    assert make_geojson(lines) == make_geojson(lines)


def test_gtfs_has_every_call_and_lets_nobody_off_before_school(lines, tmp_path):
    feed = make_gtfs(lines)
    (tmp_path / "feed.zip").write_bytes(feed)
    with zipfile.ZipFile(io.BytesIO(feed)) as packed:
        times = pd.read_csv(packed.open("stop_times.txt"), dtype=str)
    there = times[times["trip_id"].str.contains("-A1")]
    assert there["arrival_time"].tolist() == ["07:34:42", "07:38:52", "07:44:02", "07:50:00"]
    assert there["drop_off_type"].tolist() == ["1", "1", "1", "0"]


def test_hostile_names_stay_text(lines, tmp_path):
    bad = "<script>alert(1)</script>{{ 7*7 }}"
    hostile = replace(lines, routes=lines.routes.assign(school=bad, label=bad), stops=lines.stops.assign(name=bad))
    write_timetable(hostile, tmp_path / "t.html", "zh")
    page = (tmp_path / "t.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "49" not in [cell.strip() for cell in page.split("{{")]
    ET.fromstring(make_gpx(hostile))  # noqa: S314 - our own text


def test_a_run_without_buses_says_so(tmp_path):
    done = CliRunner().invoke(main, ["buses", str(tmp_path), "--lang", "en"])
    assert done.exit_code == 3
    assert "run" in done.output
