"""The re-check agrees with hand-worked layouts and refuses every seeded damage."""

from __future__ import annotations

import random
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from affine import Affine
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from layout_planner.assess.bad_days import list_bad_days
from layout_planner.county.demand import count_pupils
from layout_planner.county.model import BadDay, Elevation
from layout_planner.plan.case import Case
from layout_planner.plan.forms import sites_of
from layout_planner.plan.layout import Layout
from layout_planner.plan.present import present_layout
from layout_planner.safeguards.bad_trips import compare_bad_trips, retrace_bad_trips
from layout_planner.safeguards.retrace import Tracer, retrace_trips
from layout_planner.safeguards.verify import _check_trips, _differs, _Given, verify_layout
from layout_planner.travel.bad_days import measure_bad_day
from layout_planner.travel.matrix import measure_net, measure_travel
from layout_planner.travel.net import build_net
from layout_planner.travel.options import measure_ends, measure_mode
from layout_planner.words import Words
from tests.safe_case import NORMS, RECORDS, county, judge, plan, scenario, today
from tests.test_plan import scenario_with
from tests.test_travel import QUICK, make_county, plane, road_nets
from tests.tiny import ORIGIN, tiny_county

LATE = {
    "plan_filed": "2028-01-01",
    "appraisal": "2027-03-09",
    "notice": "2027-04-20",
    "hearing": "2027-02-02",
    "approval": "2027-03-01",
    "funding": "2028-01-01",
    "buses_licensed": "2028-01-01",
}


def test_hand_worked_layouts_agree():
    assert verify_layout(county(), scenario(), NORMS, plan()).disagreements == ()
    assert verify_layout(county(), scenario(close=()), NORMS, today()).disagreements == ()


def test_trips_of_many_layouts_may_be_retraced_at_once_and_damage_is_still_found():
    tracer = Tracer(county(), scenario(), NORMS)
    at_once = tracer.trace(pd.concat([plan().assignment, today().assignment], ignore_index=True))
    assert verify_layout(county(), scenario(), NORMS, plan(), today=today(), retraced=at_once).disagreements == ()
    damaged = plan()
    damaged.assignment.loc[0, "seconds"] += 30.0
    assert len(verify_layout(county(), scenario(), NORMS, damaged, today=today(), retraced=at_once).disagreements) == 1


def damage_trip(chance, proposed):
    row = chance.randrange(len(proposed.assignment))
    column, change = chance.choice(
        [
            ("pupils", 1),
            ("pupils", -1),
            ("seconds", 30.0),
            ("seconds", -30.0),
            ("metres", 100.0),
            ("cost_yuan", 5.0),
            ("optimistic_s", 30.0),
            ("pessimistic_s", -30.0),
        ]
    )
    proposed.assignment.loc[row, column] += change
    return f"{column} of row {row} by {change}"


def damage_unit(chance, proposed):
    row, column = chance.randrange(len(proposed.assignment)), chance.choice(["seconds", "metres"])
    proposed.assignment.loc[row, column] /= 60 if column == "seconds" else 1000
    return f"{column} of row {row} in another unit"


def damage_place(chance, proposed):
    row = chance.randrange(len(proposed.assignment))
    column, value = chance.choice([("school_id", "P1"), ("school_id", "X9"), ("mode", "board"), ("settlement_id", "S5"), ("band", "none")])
    proposed.assignment.loc[row, column] = value
    return f"{column} of row {row} is {value}"


def damage_site(chance, proposed):
    column, value = chance.choice(
        [
            ("beds", 9),
            ("buses", 1),
            ("buses", 3),
            ("classes", 8),
            ("pupils", 80),
            ("boarders", 1),
            ("seats", 199.0),
            ("new_beds", 21),
            ("cost_yuan", 1.0),
            ("form", "primary"),
            ("bands", "junior"),
        ]
    )
    proposed.sites.loc["C1", column] = value
    return f"{column} of C1 is {value}"


def damage_drop(chance, proposed):
    row = chance.randrange(len(proposed.assignment))
    object.__setattr__(proposed, "assignment", proposed.assignment.drop(index=row))
    return f"row {row} dropped"


@pytest.mark.parametrize("seed", range(160))
def test_every_damaged_plan_disagrees(seed):
    chance, proposed = random.Random(seed), plan()
    what = chance.choice([damage_trip, damage_unit, damage_place, damage_site, damage_drop])(chance, proposed)
    assert not verify_layout(county(), scenario(), NORMS, proposed).agrees, what


@pytest.mark.parametrize("seed", range(60))
def test_every_damaged_record_is_refused(seed):
    chance = random.Random(seed)
    item = chance.choice(sorted(LATE))
    rows = [list(row) for row in RECORDS if row[1] != item or seed % 3]
    for row in rows:
        if row[1] == item:
            row[2] = LATE[item] if seed % 3 == 1 else None
    assert not judge([tuple(row) for row in rows]).passed, (item, seed % 3)


def test_two_schools_on_one_spot_are_retraced_to_the_end():
    """Both stand on the same point of a road, so their way to each other has no length in the retraced net."""
    here = tiny_county()
    spot = shapely.Point(here.schools.geometry.iloc[1].x - 1500, here.schools.geometry.iloc[1].y)
    here = replace(here, schools=here.schools.set_geometry([spot, spot], crs=here.crs))
    asked = scenario_with(move="none")
    travel = measure_travel(here, NORMS, asked.travel)
    demand, _ = count_pupils(here, asked)
    layout = present_layout(Case(asked, NORMS, here, demand, travel, sites_of(here.schools, asked)))
    assert verify_layout(here, asked, NORMS, layout).agrees


@pytest.mark.parametrize("rise", [0.0, 0.03, 0.09, -0.15])
def test_rides_over_hills_and_on_poor_roads_are_retraced(rise):
    """Everybody rides or boards; roads are gravel, narrow or dangerous, and one track is too narrow for any bus."""
    here = tiny_county(elevation=plane(rise))
    poor = {"surface": ["gravel", "", "concrete", ""], "width_m": [5.0, 4.0, np.inf, 2.0], "hazard": [False, False, True, False]}
    edges = here.roads.edges.assign(**poor)
    here = replace(here, roads=replace(here.roads, edges=edges))
    asked = scenario_with(move="none")
    travel = measure_travel(here, NORMS, asked.travel)
    rows = [
        (home, "junior", "C1", mode, 1, *(float(part) for part in trip_of(travel, here, asked, mode, row)))
        for row, home in enumerate(["S1", "S2", "S3", "S4"])
        for mode in ("walk", "school_bus", "board")
    ]
    columns = ["settlement_id", "band", "school_id", "mode", "pupils", "seconds", "optimistic_s", "pessimistic_s", "metres", "cost_yuan"]
    table = pd.DataFrame(rows, columns=columns)
    retraced = retrace_trips(here, asked, NORMS, table)
    given = _Given(here, asked, NORMS, Layout(pd.DataFrame(), table), table.to_dict("records"), {})
    worst, faults = _check_trips(given, retraced)
    assert faults == []
    assert worst < 1.0


def trip_of(travel, here, asked, mode, row):
    """Return seconds as expected, at best and at worst, metres and cost of a trip to C1 of grades 7-9."""
    measured = measure_mode(mode, travel, here.schools, NORMS, asked.travel, (7, 8, 9))
    ends = measure_ends(mode, travel, NORMS, asked.travel, (7, 8, 9), (np.array([row]), np.array([1])))
    return measured[0][row, 1], ends[0][0], ends[1][0], measured[1][row, 1], 0.0


def rugged(**travel):
    """The tiny county on a slope: S5 off the roads, a river before S2, a ferry instead of the last road, and everybody on foot."""
    here, low = tiny_county(), shapely.Point(*ORIGIN)
    places = [shapely.Point(low.x + x, low.y + y) for x, y in ((500, 0), (2000, -100), (4000, 0), (2000, 3000), (3000, 1600))]
    roads = replace(here.roads, edges=here.roads.edges.assign(road_class=["tertiary", "tertiary", "ferry", "path"]))
    river = shapely.LineString([(low.x + 1200, low.y - 50), (low.x + 2600, low.y - 50)])
    waves = np.fromfunction(lambda i, j: 900 + 5 * i + 60 * np.sin(j / 6), (200, 300)).astype(np.float32)
    here = replace(
        here,
        settlements=here.settlements.set_geometry(places, crs=here.crs),
        roads=roads,
        water=gpd.GeoDataFrame({"kind": ["river"]}, geometry=[river], crs=here.crs),
        elevation=Elevation(waves, Affine(50, 0, low.x - 4000, 0, -50, low.y + 5000), here.crs),
    )
    asked = scenario_with(move="none")
    asked = asked.model_copy(update={"travel": asked.travel.model_copy(update=travel)})
    trips = measure_travel(here, NORMS, asked.travel)
    demand, _ = count_pupils(here, asked)
    layout = present_layout(Case(asked, NORMS, here, demand, trips, sites_of(here.schools, asked)))
    return here, asked, layout, trips


@pytest.mark.parametrize("travel", [{}, {"ferries": False}, {"terrain_reach_m": 1000.0}])
def test_ways_over_the_terrain_and_by_ferry_agree(travel):
    here, asked, layout, trips = rugged(**travel)
    assert trips.over_terrain.tolist() == [False, True, False, False, "terrain_reach_m" not in travel]
    assert verify_layout(here, asked, NORMS, layout).disagreements == ()


@settings(QUICK, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(road_nets(), st.tuples(st.integers(0, 3000), st.integers(0, 3000)), st.integers(10, 600), st.booleans())
def test_bad_days_are_retraced_by_other_means(net, middle, half, stands):
    """Random nets with a square under water: every trip on foot, by school bus and of a boarder is the one of `travel`."""
    nodes, edges, *places = net
    alone = {tuple(sorted(edge[:2])): edge for edge in edges}  # of two roads on one line either may be taken for the nearest
    here = make_county(nodes, list(alone.values()), *places)
    roads = replace(here.roads, edges=here.roads.edges.assign(bridge=[k % 3 == 0 for k in range(len(here.roads.edges))]))
    area = shapely.box(middle[0] - half, middle[1] - half, middle[0] + half, middle[1] + half)
    here = replace(here, roads=roads, bad_days=(BadDay("june", Words("洪水", "flood"), (), "", area),))
    asked = scenario_with(move="none")
    asked = asked.model_copy(update={"travel": asked.travel.model_copy(update={"bad_day_bridges_stand": stands})})
    built = build_net(here, NORMS, asked.travel)
    usual, closed = (measure_net(built, here, asked.travel), measure_bad_day(built, here, asked.travel, here.bad_days[0]))
    homes, schools = list(here.settlements.index), list(here.schools.index)
    trips = pd.DataFrame(
        [(home, "upper_primary", school, mode, 1) for home in homes for school in schools for mode in ("walk", "school_bus", "board")],
        columns=["settlement_id", "band", "school_id", "mode", "pupils"],
    ).assign(seconds=1.0)
    layout = Layout(pd.DataFrame(), trips)
    tracer = Tracer(here, asked, NORMS)
    again = tracer.trace(trips)
    ridden = sum(asked.stretch != 1 for _, _, asked in again.rides)
    for count, seconds in ((len(again.walks), usual.walk_s), (ridden, usual.ride_s)):
        assume(count == np.isfinite(seconds).sum())  # short roads may be left out
    found = retrace_bad_trips(tracer, {"plan": layout}, again)
    said = list_bad_days(layout, Case(asked, NORMS, here, pd.DataFrame(), usual, ()), {"june": closed}).assign(when="plan")
    assert list(compare_bad_trips(said, found, lambda a, b: _differs(a, b, share=0.005))) == []
    wrong = said.assign(bad_s=said["bad_s"] + 60)
    assert len(list(compare_bad_trips(wrong, found, _differs))) == np.isfinite(said["bad_s"]).sum()
    assert len(list(compare_bad_trips(said.iloc[1:], found, _differs))) == 1


def test_the_trips_of_today_are_retraced_too():
    """A present trip said to be slower than it is would hide that the plan makes it worse."""
    before = today()
    before.assignment.loc[0, "pessimistic_s"] += 600
    checked = verify_layout(county(), scenario(), NORMS, plan(), today=before)
    assert "today, S1 to P1" in checked.disagreements[0].en


@pytest.mark.parametrize("home", ["S2", "S5"])
def test_a_wrong_way_over_the_terrain_is_found(home):
    here, asked, layout, _ = rugged()
    straight = measure_travel(replace(here, water=None, elevation=None), NORMS, asked.travel)
    row = layout.assignment.index[layout.assignment["settlement_id"] == home][0]
    school = layout.assignment.at[row, "school_id"]
    place = straight.settlements.get_loc(home), straight.schools.get_loc(school)
    layout.assignment.loc[row, "seconds"] = straight.walk_s[place] / 0.75  # as if there were neither river nor hill
    assert not verify_layout(here, asked, NORMS, layout).agrees
