"""A plan of the tiny county that passes: primary P1 closes, S1 to S4 ride or walk to C1 in hand-worked times."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import geopandas as gpd
import pandas as pd
import shapely

from layout_planner.county.model import BadDay
from layout_planner.norms import read_norms
from layout_planner.plan.layout import Layout
from layout_planner.results import Verification
from layout_planner.safeguards.gate import judge_plan
from layout_planner.safeguards.verify import verify_layout
from layout_planner.scenario import Scenario
from layout_planner.words import Words
from tests.tiny import ORIGIN, tiny_county

NORMS = read_norms("cn-rural")
BANDS = {"lower_primary": 0.75, "upper_primary": 0.85, "junior": 0.95}
PUPILS = {"S1": 12, "S2": 6, "S3": 9}
COLUMNS = ["school_id", "item", "date", "until", "in_favour", "against", "quantity", "level", "signed_by"]


def _record(school, item, date, until=None, votes=(None, None), quantity=None, level=""):
    return (school, item, date, until, *votes, quantity, level, "县教育局")


RECORDS = [
    _record("P1", "plan_filed", "2027-01-10"),
    _record("P1", "appraisal", "2027-02-01"),
    _record("P1", "notice", "2027-03-01", "2027-04-05"),
    _record("P1", "hearing_papers", "2027-04-01"),
    _record("P1", "hearing", "2027-04-10", votes=(31, 9)),
    _record("P1", "survey", "2027-03-20", votes=(40, 12)),
    _record("P1", "risk_assessment", "2027-04-20"),
    _record("P1", "legality_review", "2027-05-03", "2027-05-14"),
    _record("P1", "approval", "2027-05-20", level="county"),
    _record("P1", "publication", "2027-05-24"),
    _record("P1", "funding", "2027-05-25"),
    _record("P1", "transition", "2027-06-10"),
    _record("P1", "disabled_placed", "2027-06-20", quantity=1),
    _record("C1", "buses_licensed", "2027-07-01", quantity=2),
    _record("C1", "attendants", "2027-07-02", quantity=2),
]


def evidence(rows=RECORDS):
    table = pd.DataFrame([row[: len(COLUMNS)] for row in rows], columns=COLUMNS, dtype=object)
    return table.assign(file="record.pdf", sha256="", note="", found_sha256="")


def county(rows=RECORDS):
    """S4 and S5 hold no pupils, so that nobody is at risk today; buses drive 30 km/h everywhere, so that nobody is late on slow days."""
    base = _base()
    fresh = {name: getattr(base, name).copy() for name in ("settlements", "schools", "venues")}
    return replace(base, evidence=evidence(rows), **fresh)


@cache
def _base():
    tiny = tiny_county()
    tiny.roads.edges.loc[2, "road_class"] = "tertiary"
    for grade in range(1, 10):
        tiny.settlements.loc[["S4", "S5"], f"pupils_g{grade}"] = 0
    tiny.settlements["disabled"] = [1, 0, 0, 0, 0]
    tiny.schools["dorm_area_m2"] = [float("nan"), 30.0]
    near = [shapely.Point(ORIGIN[0] + 6000, ORIGIN[1] + 250)]
    cafes = gpd.GeoDataFrame({"name": ["x"], "kind": ["internet_cafe"]}, geometry=near, crs=tiny.crs)
    return replace(tiny, venues=cafes.set_index(pd.Index(["V1"], name="venue_id")))


def flooded(here, begin=0.0, end=-1.0):
    """Return the county with one bad day, on which the road from `begin` to `end` metres from P1 is under water."""
    area = shapely.box(ORIGIN[0] + begin, ORIGIN[1] - 5, ORIGIN[0] + end, ORIGIN[1] + 5) if begin < end else None
    return replace(here, bad_days=(BadDay("june", Words("六月洪水", "flood of June"), ("flood",), "", area),))


def scenario(close=("P1",), **plan):
    files = {name: {"path": f"{name}.csv"} for name in ("settlements", "schools", "roads")}
    merged = {"close": close, "close_on": "2027-08-31", "max_buses": 2, "max_new_beds": 20, **plan}
    return Scenario.model_validate(
        {"schema": 1, "name": "t", "title": {"zh": "试", "en": "t"}, "year": 2026, "data": {"year": 2026, **files}, "plan": merged}
    )


DEMAND = pd.DataFrame({band: {**PUPILS, "S4": 0, "S5": 0} for band in BANDS})
# metres on roads and seconds at 1.4 m/s; S2 also 100 m off the road at 0.84 m/s
WALKS = {
    ("S1", "P1"): (500, 500 / 1.4),
    ("S2", "P1"): (2100, 2000 / 1.4 + 100 / 0.84),
    ("S3", "P1"): (4000, 4000 / 1.4),
    ("S3", "C1"): (2000, 2000 / 1.4),
    ("S2", "C1"): (4100, 4000 / 1.4 + 100 / 0.84),
    ("S1", "C1"): (5500, 5500 / 1.4),
}
RIDES = {"S1": (5500, 660.0), "S2": (4000, 480.0), "S3": (2000, 240.0)}
STOPS = {"S1": 0.0, "S2": 100 / 0.84, "S3": 0.0}


# speeds are 0.8 to 1.2 of the expected on roads, 0.6 to 1.4 across country, 0.75 to 1.2 in a bus; waits last 0 to 10 minutes
ON_ROADS, ACROSS, IN_BUS = (1.2, 0.8), (1.4, 0.6), (1.2, 0.75)


def walk(home, band, school):
    metres, seconds = WALKS[home, school]
    across = STOPS[home]  # nobody's home is off the road at the school's end
    ends = [((seconds - across) / road + across / off) / BANDS[band] for road, off in zip(ON_ROADS, ACROSS, strict=True)]
    return (home, band, school, "walk", PUPILS[home], seconds / BANDS[band], float(metres), 0.0, *ends)


def ride(home, band):
    metres, seconds = RIDES[home]
    cost = PUPILS[home] * 2 * 200 * metres / 1000 * 3.2 / 36
    stop = STOPS[home] / BANDS[band]
    ends = [stop / off + wait + seconds * 1.3 / bus for off, bus, wait in zip(ACROSS, IN_BUS, (0, 600), strict=True)]
    return (home, band, "C1", "school_bus", PUPILS[home], stop + 300 + seconds * 1.3, float(metres), cost, *ends)


def layout(rows, sites):
    columns = ["settlement_id", "band", "school_id", "mode", "pupils", "seconds", "metres", "cost_yuan", "optimistic_s", "pessimistic_s"]
    table = pd.DataFrame(
        sites, columns=["school_id", "form", "bands", "pupils", "boarders", "seats", "beds", "new_beds", "buses", "classes", "cost_yuan"]
    )
    return Layout(table.set_index("school_id"), pd.DataFrame(rows, columns=columns))


def today():
    """P1 has the primary bands of S1 and S2; all others walk to C1 (S1, S2, S3 junior too)."""
    rows = [walk(h, b, "P1" if b != "junior" and h != "S3" else "C1") for b in BANDS for h in PUPILS]
    p1 = 60_000 + 100 * 650 + 6 * 1.9 * 90_000
    c1 = 60_000 + max(100 * 650, 18 * 650 + 27 * 850) + (6 * 1.9 + 3 * 3.0) * 90_000
    return layout(
        rows,
        [
            ("P1", "primary", "lower_primary,upper_primary", 36, 0, 100.0, 0, 0, 0, 6, p1),
            ("C1", "nine_year", "lower_primary,upper_primary,junior", 45, 0, 200.0, 10, 0, 0, 9, c1),
        ],
    )


def plan():
    """P1 is closed, everybody rides to C1 in two new buses (72 seats), S3's junior pupils walk."""
    rows = [walk(h, b, "C1") if (h, b) == ("S3", "junior") else ride(h, b) for b in BANDS for h in PUPILS]
    c1 = 60_000 + max(100 * 650, 54 * 650 + 27 * 850) + (6 * 1.9 + 3 * 3.0) * 90_000 + 2 * 150_000
    return layout(
        rows,
        [
            ("P1", "closed", "", 0, 0, 100.0, 0, 0, 0, 0, 0.0),
            ("C1", "nine_year", "lower_primary,upper_primary,junior", 81, 0, 200.0, 10, 0, 2, 9, c1),
        ],
    )


def judge(rows=RECORDS, ask=None, proposed=None, checked=None, norms=NORMS):
    ask, proposed, here = ask or scenario(), proposed or plan(), county(rows)
    checked = checked or verify_layout(here, ask, norms, proposed)
    return judge_plan(here, ask, norms, DEMAND, today(), proposed, checked)


AGREES = Verification(9, 0.0)
NEVER = math.inf
