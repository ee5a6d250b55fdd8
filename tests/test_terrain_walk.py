"""Ways over open country: round water, through gaps in ridges, both ways of a slope, and the same found by other code."""

from __future__ import annotations

import math
from dataclasses import replace

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, Point, STRtree

from layout_planner.county.model import Elevation
from layout_planner.norms import read_norms
from layout_planner.safeguards.retrace_terrain import Country
from layout_planner.scenario import Travel
from layout_planner.travel.ground import SHORT_OF_M, lay_ground
from layout_planner.travel.matrix import measure_net, measure_travel
from layout_planner.travel.net import build_net
from layout_planner.travel.network import orient_edges
from layout_planner.travel.terrain import Walker
from layout_planner.travel.terrain_walk import Roads, walk_to_road, walk_to_roads
from tests.test_travel import CRS, INF, QUICK, make_county, tobler

NORMS = read_norms("cn-rural")
WALKER = Walker.of(NORMS)
OFF = 0.6  # of walking speed
ROAD = [(0, 0), (4000, 0)]
DRIVEN = [(0, 1, "tertiary", True, True, True)]
SCHOOL = [(0, 0)]


def with_water(county, *lines):
    return replace(county, water=gpd.GeoDataFrame({"kind": ["river"] * len(lines)}, geometry=[LineString(line) for line in lines], crs=CRS))


def with_heights(county, height, low=(-7000, -7000), side=350, cell=40.0):
    """`height`: function of x and y in metres."""
    x, y = (low[axis] + (np.arange(side) + 0.5) * cell for axis in (0, 1))
    grid = np.array(height(*np.meshgrid(x, y[::-1])), dtype=np.float32) + np.zeros((side, side), dtype=np.float32)
    return replace(county, elevation=Elevation(grid, Affine(cell, 0, low[0], 0, -cell, low[1] + side * cell), CRS))


def level(x, _):
    return 0 * x


def net_of(county, **settings):
    return build_net(county, NORMS, Travel(**settings))


# --- water


def test_round_the_end_of_a_river():
    """The river ends at x = 1000 and x = 3000, 1000 m either side: hypot(1000, 200) to the end and 200 m down, 1219.8 m in all."""
    county = with_water(make_county(ROAD, DRIVEN, [(2000, 400)], SCHOOL), [(1000, 200), (3000, 200)])
    net = net_of(county)
    homes, shortest = net.on_foot.homes, math.hypot(1000, 200) + 200
    assert homes.over_terrain[0]
    assert shortest < homes.distance[0] < 1.028 * shortest + 60
    assert not homes.line[0].intersects(county.water.geometry.iloc[0])
    assert homes.there_s[0] == pytest.approx(homes.distance[0] / (1.4 * OFF))
    trips = measure_net(net, county, Travel())
    joint = Point(homes.line[0].coords[-1])
    assert joint.x < 1000  # both ends are as near; of equals the one furthest west is taken
    assert trips.walk_m[0, 0] == pytest.approx(homes.distance[0] + joint.x)
    assert trips.guessed_share("walk")[0, 0] == pytest.approx(homes.distance[0] / trips.walk_m[0, 0])
    assert trips.stop_s[0] == pytest.approx(homes.there_s[0])  # the stop is not across the river either
    note = next(note for note in trips.notes if note.code == "terrain_walks")
    assert note.count == 1
    assert f"{homes.distance[0] / 1000:.1f}公里" in note.text.zh


def test_a_river_without_end_cuts_off():
    county = with_water(make_county(ROAD, DRIVEN, [(2000, 400)], SCHOOL), [(-9000, 200), (9000, 200)])
    trips = measure_travel(county, NORMS, Travel())
    assert trips.off_network.all()
    assert np.isinf(trips.walk_s).all()
    assert np.isinf(trips.stop_s).all()
    assert trips.access_m[0] == pytest.approx(400)
    assert "off_network" in {note.code for note in trips.notes}


@pytest.mark.parametrize("river", [[(9000, 0), (9000, 9000)], [(1000, 200), (3000, 200)]])
def test_without_heights_no_water_brings_a_road_nearer_that_is_too_far(river):
    """The home is 3000 m from the road, and off the network wherever a river runs; 6 km are searched only where heights are known."""
    county = with_water(make_county(ROAD, DRIVEN, [(2000, 3000)], SCHOOL), river)
    assert measure_travel(replace(county, water=None), NORMS, Travel()).off_network.all()
    assert measure_travel(county, NORMS, Travel()).off_network.all()
    assert not measure_travel(with_heights(county, level), NORMS, Travel()).off_network.any()


def test_a_bridge_of_the_roads_and_one_alone_in_the_fields():
    nodes = [*ROAD, (2100, 0), (2100, 300), (2100, 170), (2100, 230)]
    halves = [(0, 2, "tertiary", True, True, True), (2, 1, "tertiary", True, True, True)]
    river = [(-9000, 200), (9000, 200)]
    road = with_water(make_county(nodes, [*halves, (2, 3, "path", True, False, False)], [(2000, 400)], SCHOOL), river)
    access = net_of(road).on_foot.homes
    assert not access.over_terrain[0]
    assert access.distance[0] == pytest.approx(math.hypot(100, 100))
    alone = with_water(make_county(nodes, [*halves, (4, 5, "path", True, False, False)], [(2000, 400)], SCHOOL), river)
    access = net_of(alone).on_foot.homes
    assert access.distance[0] == pytest.approx(math.hypot(100, 400))  # to the corner: the leg to the nearest point is wet, this one is not


def test_a_stop_across_the_river_is_reached_by_the_bridge_only():
    """The drivable road lies 100 m away over the river; the path from the home crosses it 1000 m further west.

    The stop is then just behind the bridge: 1000 m of path, 50 m to the river, and at most 60 m on from there.
    """
    nodes = [(0, 0), (2000, 0), (4000, 0), (1000, 0), (1000, 100), (2000, 100)]
    edges = [(0, 3, "tertiary", True, True, True), (3, 1, "tertiary", True, True, True), (1, 2, "tertiary", True, True, True)]
    edges += [(3, 4, "path", True, False, False), (4, 5, "path", True, False, False)]
    county = with_water(make_county(nodes, edges, [(2000, 100)], SCHOOL), [(-9000, 50), (9000, 50)])
    trips = measure_travel(county, NORMS, Travel())
    assert (1000 + 50) / 1.4 < trips.stop_s[0] <= (1000 + 100 + 60) / 1.4
    assert trips.stop_off_m[0] == pytest.approx(0)
    assert measure_travel(replace(county, water=None), NORMS, Travel()).stop_s[0] == pytest.approx(100 / (1.4 * OFF))


def test_a_school_across_the_river_is_walked_to_round_its_end():
    county = with_water(make_county(ROAD, DRIVEN, [(2000, 0)], [(2000, 400)]), [(1000, 200), (3000, 200)])
    trips = measure_travel(county, NORMS, Travel())
    assert trips.school_access_m[0] > 1219
    assert trips.walk_s[0, 0] == pytest.approx(
        trips.school_access_m[0] / (1.4 * OFF) + (trips.walk_m[0, 0] - trips.school_access_m[0]) / 1.4
    )


# --- slopes and heights


def test_slope_counts_both_ways_by_hand():
    """3000 m straight down a plane of one in ten: down at tobler(-0.1), up at tobler(0.1), both at 0.6; then 2000 m along the contour."""
    county = with_heights(make_county(ROAD, DRIVEN, [(2000, 3000)], SCHOOL), lambda _, y: 500 + 0.1 * y)
    net = net_of(county)
    down, up = 3000 / (OFF * tobler(-0.1)), 3000 / (OFF * tobler(0.1))
    assert net.on_foot.homes.there_s == pytest.approx([down], rel=1e-3)
    assert net.on_foot.homes.back_s == pytest.approx([up], rel=1e-3)
    trips = measure_net(net, county, Travel())
    assert trips.walk_s[0, 0] == pytest.approx(up + 2000 / 1.4, rel=5e-3)  # a joint lies up to 30 m beside the foot of the plumb line
    assert trips.walk_m[0, 0] == pytest.approx(5000, rel=5e-3)
    assert trips.stop_s[0] == pytest.approx(up, rel=1e-3)


def test_beyond_two_kilometres_only_heights_show_a_way():
    county = make_county(ROAD, DRIVEN, [(2000, 2500), (2000, 6500)], SCHOOL)
    assert measure_travel(county, NORMS, Travel()).off_network.tolist() == [True, True]
    hilly = with_heights(county, level)
    assert measure_travel(hilly, NORMS, Travel()).off_network.tolist() == [False, True]  # 6500 m is beyond the reach of 6000 m
    assert measure_travel(hilly, NORMS, Travel(terrain_reach_m=2000)).off_network.all()
    assert measure_travel(hilly, NORMS, Travel(terrain_reach_m=7000)).off_network.tolist() == [False, False]


def test_through_the_gap_of_a_ridge():
    """A wall of 300 m stands between home and road but for 300 m of its length: the way bends to the gap."""

    def height(x, y):
        return np.where((np.abs(y - 600) < 150) & ~((x > 2700) & (x < 3000)), 300.0, 0.0)

    county = with_heights(make_county(ROAD, DRIVEN, [(2000, 1200)], SCHOOL), height)
    access = net_of(county).on_foot.homes
    at_gap = access.line[0].intersection(LineString([(-9000, 600), (9000, 600)]))
    assert 2700 < at_gap.x < 3000
    assert access.there_s[0] > 1200 / (1.4 * OFF)


def test_voids_are_not_crossed():
    nodes, home = [*ROAD], [(2000, 1500)]
    whole = with_heights(make_county(nodes, DRIVEN, home, SCHOOL), level)
    assert net_of(whole).on_foot.homes.distance[0] == pytest.approx(1500, rel=1e-3)
    gap = with_heights(whole, lambda x, y: np.where((np.abs(y - 700) < 100) & (x > 1200), np.nan, 0.0))
    access = net_of(gap).on_foot.homes
    assert access.distance[0] > math.hypot(800, 700) + 700
    assert access.line[0].intersection(LineString([(0, 700), (4000, 700)])).x <= 1260
    none = with_heights(whole, lambda _, y: np.where(y > 100, np.nan, 0.0))
    access = net_of(none).on_foot.homes
    assert not access.over_terrain[0]  # nothing is known about the ground: the straight leg stays, within 2 km
    assert access.there_s[0] == pytest.approx(1500 / (1.4 * OFF))


# --- other code finds the same


def ground_of(county):
    edges = orient_edges(county.roads)
    return Roads.of(edges, np.ones(len(edges), dtype=bool)), lay_ground(edges, county.water, WALKER, county.elevation, 2400.0)


def country_of(county, ground):
    height = None if county.elevation is None else ground.heights
    lines = orient_edges(county.roads).geometry.to_numpy()
    return Country(county.water, lines, lambda slope: WALKER.speed(slope) * OFF, height, 2400.0)


def random_country(seed, *, hilly=True):
    rng = np.random.default_rng(seed)
    nodes = [tuple(map(float, point)) for point in rng.integers(-1500, 1500, (6, 2))]
    edges = [(a, b, "path", True, False, False) for a, b in ((0, 1), (2, 3), (4, 5))]
    county = make_county(nodes, edges, [tuple(map(float, rng.integers(-900, 900, 2)))], SCHOOL)
    rivers = [rng.integers(-1500, 1500, (4, 2)) for _ in range(3)]
    waves = rng.uniform(200, 900, 4)
    if hilly:
        county = with_heights(
            county, lambda x, y: 80 * np.sin(x / waves[0]) * np.cos(y / waves[1]) + 60 * np.sin((x + y) / waves[2]), (-4500, -4500), 225
        )
    return with_water(county, *rivers)


def random_home(seed, *, hilly):
    """Return a random country, its roads and ground, its home, and that as x and y."""
    county = random_country(seed, hilly=hilly)
    home = county.settlements.geometry.iloc[0]
    return county, *ground_of(county), home, np.array([home.x, home.y])


@QUICK
@given(st.integers(0, 10_000), st.booleans())
def test_the_re_check_finds_the_same_way(seed, hilly):
    county, roads, ground, home, place = random_home(seed, hilly=hilly)
    away = float(shapely.distance(roads.lines, home).min())
    leg = walk_to_road(place, roads, ground, away)
    trek = country_of(county, ground).trek(home, roads.lines, np.ones(len(roads.lines), dtype=bool), away)
    assert (leg is None) == (trek is None)
    if leg is None or trek is None:
        return
    assert leg.there_s + leg.back_s == pytest.approx(trek.there_s + trek.back_s, rel=1e-9)
    assert (leg.edge, leg.at, leg.there_s) == pytest.approx((trek.edge, trek.along_m, trek.there_s), abs=1e-6)
    assert leg.metres >= place_to_end(leg) - 1e-6
    assert min(leg.there_s, leg.back_s) >= place_to_end(leg) / (WALKER.top * OFF) - 1e-6
    stretches = shapely.linestrings(np.stack([np.array(leg.line.coords[:-1]), np.array(leg.line.coords[1:])], axis=1))
    on_the_bank = Point(leg.line.coords[-1]).buffer(SHORT_OF_M)  # a road on the bank itself is reached dry
    assert not any(shapely.crosses(line.difference(on_the_bank), stretches).any() for line in ground.water.geometries)


@QUICK
@given(st.integers(0, 10_000), st.booleans())
def test_the_re_check_finds_the_same_ways_to_every_road(seed, hilly):
    """And the soonest of them is the one that is found alone; without one of the roads the ways to the others stay as they are."""
    county, roads, ground, home, place = random_home(seed, hilly=hilly)
    everywhere = np.ones(len(roads.lines), dtype=bool)
    legs = {leg.edge: leg for leg in walk_to_roads(place, roads, ground, 1800.0)}
    treks = {trek.edge: trek for trek in country_of(county, ground).treks(home, roads.lines, everywhere, 1800.0)}
    assert legs.keys() == treks.keys()
    for edge, leg in legs.items():
        assert (leg.at, leg.there_s, leg.back_s) == pytest.approx((treks[edge].along_m, treks[edge].there_s, treks[edge].back_s), abs=1e-6)
        others = replace(
            roads, rows=roads.rows[[edge]], lines=roads.lines[[edge]], ways=roads.ways[[edge]], tree=STRtree(roads.lines[[edge]])
        )
        assert [alone.there_s for alone in walk_to_roads(place, others, ground, 1800.0)] == [leg.there_s]
    if legs:
        soonest = walk_to_road(place, roads, ground, float(shapely.distance(roads.lines, home).min()))
        assert soonest.there_s + soonest.back_s >= min(leg.there_s + leg.back_s for leg in legs.values()) - 1e-6


def test_a_hamlet_between_two_roads_walks_down_to_the_one_of_its_school():
    """600 m north to a road without the school, 900 m south to the school's: 900 m off the road and 2000 m on it, not 12 km round.

    On the cells a joint lies up to 30 m beside the foot of the plumb line.
    """
    nodes = [(-2000, 900 + 600), (4000, 1500), (4000, 0), (-2000, 0)]
    edges = [(0, 1, "tertiary", True, True, True), (1, 2, "tertiary", True, True, True), (2, 3, "tertiary", True, True, True)]
    flat = make_county(nodes, edges, [(0, 900)], [(-2000, 0)])
    for county in (flat, with_heights(flat, level)):
        net = net_of(county)
        trips = measure_net(net, county, Travel())
        assert net.on_foot.homes.distance.tolist() == pytest.approx([600, 900], rel=2e-3)  # the soonest reached comes first
        assert trips.walk_s[0, 0] == pytest.approx(900 / (1.4 * OFF) + 2000 / 1.4, rel=15e-3)
        assert trips.walk_m[0, 0] == pytest.approx(2900, rel=15e-3)
        assert trips.guessed_share("walk")[0, 0] == pytest.approx(900 / 2900, rel=15e-3)
    riding = measure_travel(with_heights(flat, level), NORMS, Travel()).riding()
    assert riding.walk_s[0, 0] == pytest.approx(900 / (1.4 * OFF), rel=15e-3)
    assert riding.ride_m[0, 0] == pytest.approx(2000, rel=2e-2)


def test_beyond_two_kilometres_only_the_road_soonest_reached_is_joined():
    """The first home is 2.2, 2.5 and 3 km from three roads and joins the first, the second 1.9, 1.8 and 3.7 km and joins two."""
    edges = [*DRIVEN, (2, 3, *DRIVEN[0][2:]), (0, 2, *DRIVEN[0][2:])]
    county = make_county([*ROAD, (0, 5500), (4000, 5500)], edges, [(2200, 2500), (1900, 3700)], SCHOOL)
    access = net_of(with_heights(county, level)).on_foot.homes
    assert access.place.tolist() == [0, 1, 1]
    assert access.distance.tolist() == pytest.approx([2200, 1800, 1900], rel=5e-3)
    assert net_of(county).on_foot.homes.place.tolist() == [1, 1]  # on flat land without heights nobody goes further


def place_to_end(leg):
    return math.dist(leg.line.coords[0], leg.line.coords[-1])


@pytest.mark.parametrize("seed", range(4))
def test_brute_force_over_the_whole_grid(seed):  # noqa: C901  (one plain tale, on purpose apart from the product)
    """Every cell within 1500 m a node of networkx, every one of the 16 moves tested for water by itself; no windows, no shortcuts."""
    county = random_country(seed)
    roads, ground = ground_of(county)
    home = np.array(county.settlements.geometry.iloc[0].coords[0])
    leg = walk_to_road(home, roads, ground, float(shapely.distance(roads.lines, Point(home)).min()))
    cells = {(i, j): ((i + 0.5) * 60, (j + 0.5) * 60) for i in range(-40, 40) for j in range(-40, 40)}
    water = shapely.union_all(ground.water.geometries)
    shapely.prepare(water)
    known = dict(zip(cells, ground.heights(np.array(list(cells.values()))).tolist(), strict=True))

    def both(a, b, high, low):
        metres = math.dist(a, b)
        slope = (low - high) / metres if metres else 0.0
        return metres / (OFF * tobler(slope)) + metres / (OFF * tobler(-slope))

    graph = nx.Graph()
    for (i, j), place in cells.items():
        for di, dj in ((1, 0), (0, 1), (1, 1), (-1, 1), (2, 1), (1, 2), (-1, 2), (-2, 1)):
            other = (i + di, j + dj)
            if other in cells and not shapely.intersects(water, LineString([place, cells[other]])):
                graph.add_edge((i, j), other, s=both(place, cells[other], known[i, j], known[other]))
    low = [math.floor(value / 60 - 0.5) - 1 for value in home]
    high = float(ground.heights(home[None, :])[0])
    for cell in ((low[0] + i, low[1] + j) for i in range(4) for j in range(4)):
        if not shapely.intersects(water, LineString([home, cells[cell]])):
            graph.add_edge("home", cell, s=both(home, cells[cell], high, known[cell]))
    graph.add_node("home")
    best = INF
    for cell, seconds in nx.single_source_dijkstra_path_length(graph, "home", weight="s").items():
        for line in () if cell == "home" else roads.lines[shapely.distance(roads.lines, Point(cells[cell])) <= 90]:
            joint = line.interpolate(line.project(Point(cells[cell])))
            if not ground.leg_blocked(np.array([cells[cell]]), np.array(joint.coords))[0]:
                end = float(ground.heights(np.array(joint.coords))[0])
                best = min(best, seconds + both(cells[cell], joint.coords[0], known[cell], end))
    if leg is None:
        assert best > 2 * 2400 / (1.4 * OFF)
        return
    assert leg.there_s + leg.back_s <= best + 1e-6  # the straight way to the same point may be quicker still
    if len(leg.line.coords) > 2:
        assert leg.there_s + leg.back_s == pytest.approx(best, abs=1e-6)


def test_neighbours_do_not_change_a_way_nor_does_the_order_of_rows():
    rng = np.random.default_rng(3)
    homes = [tuple(map(float, place)) for place in rng.integers((200, 500), (3800, 1900), (8, 2))]
    county = with_heights(make_county(ROAD, DRIVEN, homes, SCHOOL), lambda x, y: 90 * np.sin(x / 300) + y / 8)
    county = with_water(county, [(500, 300), (2500, 900)])
    access = net_of(county).on_foot.homes
    turned = replace(county, settlements=county.settlements.iloc[::-1])
    alone = replace(county, settlements=county.settlements.iloc[[4]])
    assert np.array_equal(net_of(turned).on_foot.homes.there_s[::-1], access.there_s)
    assert net_of(alone).on_foot.homes.there_s[0] == access.there_s[4]
    assert access.over_terrain.any()


def test_of_roads_drawn_twice_stop_and_gate_take_the_same():
    """The home walks over the terrain onto the copy w10, which sorts before w9; the school's bus stops on w1, which sorts before both."""
    nodes, home, school = [(245, 594), (0, 0), (0, 356)], [(0, 1442)], [(0, 357)]
    edges = [(0, 1, "tertiary", True, True, True), (0, 2, "tertiary", False, True, True)]
    edges += [(0, 1, "tertiary", True, True, True)] * 7 + [(0, 2, "path", True, False, False)]
    river = [(-500, 1400), (1900, 1600)]
    rides = []
    for more in ([], [(0, 2, "tertiary", True, True, True)]):
        county = with_water(make_county(nodes, [*edges, *more], home, school), river)
        rides.append(measure_net(net_of(county), county, Travel()).ride_s[0, 0])
    assert rides[1] == pytest.approx(rides[0], abs=1e-6)
