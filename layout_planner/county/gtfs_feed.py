"""Public lines as a GTFS feed: the same lines give the same bytes."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from layout_planner.texts import clean_text, safe_cell

if TYPE_CHECKING:
    from layout_planner.county.model import TransitLines

MADE = (2026, 9, 1, 8, 0, 0)
BUS = 3
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WEEKEND = DAYS[5:]
SERVICE = "school-days"


class Publisher(NamedTuple):
    """Who runs the lines and for how long (YYYYMMDD)."""

    name: str
    url: str
    begin: str
    end: str
    timezone: str = "Asia/Shanghai"
    lang: str = "zh"


def write_feed(lines: TransitLines, publisher: Publisher) -> bytes:
    """Return the zip of a feed that runs Monday to Friday; a run with a headway becomes a trip of `frequencies.txt`."""
    trips = _trips(lines)
    tables = {
        "agency": pd.DataFrame(
            [("1", publisher.name, publisher.url, publisher.timezone, publisher.lang)],
            columns=["agency_id", "agency_name", "agency_url", "agency_timezone", "agency_lang"],
        ),
        "stops": lines.stops.reset_index()[["stop_id", "name", "lat", "lon"]].set_axis(
            ["stop_id", "stop_name", "stop_lat", "stop_lon"], axis=1
        ),
        "routes": _routes(lines),
        "trips": trips[["route_id", "service_id", "trip_id"]],
        "stop_times": _stop_times(lines, trips),
        "calendar": pd.DataFrame(
            [(SERVICE, *(int(day not in WEEKEND) for day in DAYS), publisher.begin, publisher.end)],
            columns=["service_id", *DAYS, "start_date", "end_date"],
        ),
        "frequencies": _frequencies(trips),
        "feed_info": pd.DataFrame(
            [(publisher.name, publisher.url, publisher.lang, publisher.begin, publisher.end)],
            columns=["feed_publisher_name", "feed_publisher_url", "feed_lang", "feed_start_date", "feed_end_date"],
        ),
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as target:
        for name, table in tables.items():
            if table.empty:
                continue
            entry = zipfile.ZipInfo(f"{name}.txt", MADE)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            target.writestr(entry, table.map(_plain).to_csv(index=False, lineterminator="\n"))
    return packed.getvalue()


def _plain(value: object) -> object:
    """Return text without control characters that no spreadsheet runs; feeds are opened in spreadsheets too."""
    return safe_cell(clean_text(value)) if isinstance(value, str) else value


def clock(seconds: float) -> str:
    """Return seconds after midnight as HH:MM:SS; hours go past 24."""
    whole = round(seconds)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def _routes(lines: TransitLines) -> pd.DataFrame:
    named = lines.patterns.drop_duplicates("line_id").sort_values("line_id")
    table = pd.DataFrame({"route_id": named["line_id"], "agency_id": "1", "route_long_name": named["line"], "route_type": BUS})
    return table.reset_index(drop=True)


def _trips(lines: TransitLines) -> pd.DataFrame:
    trips = lines.runs.assign(
        route_id=lines.patterns["line_id"].reindex(lines.runs["pattern"]).to_numpy(),
        service_id=SERVICE,
        trip_id=[
            f"{pattern}@{clock(first)}" + (f"~{headway:.0f}" if headway else "")
            for pattern, first, _, headway in lines.runs.itertuples(index=False)
        ],
    )
    return trips.sort_values(["trip_id", "headway_s"], ignore_index=True)


def _stop_times(lines: TransitLines, trips: pd.DataFrame) -> pd.DataFrame:
    calls = trips.merge(lines.calls, on="pattern").sort_values(["trip_id", "order"], ignore_index=True)
    return pd.DataFrame(
        {
            "trip_id": calls["trip_id"],
            "arrival_time": (calls["first_s"] + calls["arrive_s"]).map(clock),
            "departure_time": (calls["first_s"] + calls["depart_s"]).map(clock),
            "stop_id": calls["stop_id"],
            "stop_sequence": calls["order"] + 1,
            "pickup_type": 1 - calls["board"].astype(int),
            "drop_off_type": 1 - calls["alight"].astype(int),
        }
    )


def _frequencies(trips: pd.DataFrame) -> pd.DataFrame:
    """Return the runs with a headway; the end lies a headway after the last departure, for GTFS counts it out."""
    often = trips[trips["headway_s"] > 0]
    return pd.DataFrame(
        {
            "trip_id": often["trip_id"],
            "start_time": often["first_s"].map(clock),
            "end_time": (often["last_s"] + often["headway_s"]).map(clock),
            "headway_secs": often["headway_s"].round().astype(int),
            "exact_times": 0,
        }
    )
