"""Real roads, real villages: the numbers of two counties against networkx, and slopes in the Pyrenees."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.spatial import cKDTree
from shapely import LineString, Point

from layout_planner.county.demand import count_pupils
from layout_planner.county.inputs import read_county
from layout_planner.county.rasters import read_elevation
from layout_planner.embedded import scenario_folder
from layout_planner.norms import read_norms
from layout_planner.plan.case import Case
from layout_planner.plan.forms import sites_of
from layout_planner.plan.present import present_layout
from layout_planner.safeguards.recount import recount_pupils
from layout_planner.safeguards.verify import verify_layout
from layout_planner.scenario import Plan, Travel, read_scenario
from layout_planner.travel.matrix import measure_net, measure_travel
from layout_planner.travel.net import build_net
from tests.cases import CASES, case_file, real_county

NORMS = read_norms("cn-rural")
SCENARIOS = scenario_folder()


def andorra():
    grid = read_elevation(case_file("andorra/raw/dem_srtm3_N42E001.tif"), "dem")
    return real_county("andorra", "settlements", "settlements", grid)


def vavuniya():
    grid = read_elevation(case_file("vavuniya/case/dem_srtm3_8N80E.tif"), "dem")
    return real_county("vavuniya", "settlements_all_district", "schools", grid)


def walk_metres(county, home, school):
    """Return metres on foot from one home to one school by networkx, both joined to the nearest walkable road by brute force."""
    edges = county.roads.edges
    graph = nx.Graph()
    for row in edges[edges["walk"] & ~(edges["road_class"] == "steps")].itertuples():
        length = row.geometry.length
        if length < graph.get_edge_data(row.from_node, row.to_node, {"m": np.inf})["m"]:
            graph.add_edge(row.from_node, row.to_node, m=length)
    big = max(nx.connected_components(graph), key=len)
    usable = edges[edges["walk"] & edges["from_node"].isin(big) & (edges["road_class"] != "steps")].reset_index(drop=True)
    joints, off = [], 0.0
    for key, point in (("home", home), ("school", school)):
        away = shapely.distance(usable.geometry.to_numpy(), point)
        edge = usable.iloc[int(away.argmin())]
        off += away.min()
        joints.append((key, edge, edge.geometry.project(point)))
    for key, edge, at in joints:
        for node, metres in ((edge["from_node"], at), (edge["to_node"], edge.geometry.length - at)):
            if metres < graph.get_edge_data(key, node, {"m": np.inf})["m"]:
                graph.add_edge(key, node, m=metres)
    (_, one, a), (_, two, b) = joints
    if one.name == two.name and abs(a - b) < graph.get_edge_data("home", "school", {"m": np.inf})["m"]:
        graph.add_edge("home", "school", m=abs(a - b))
    return nx.dijkstra_path_length(graph, "home", "school", "m") + off


@pytest.mark.parametrize("place", ["vavuniya", "liechtenstein"])
def test_sampled_walks_equal_networkx(place):
    county = real_county(place)
    edges = county.roads.edges
    roads = replace(county.roads, edges=edges[edges["road_class"] != "steps"])
    county = replace(county, roads=roads)
    trips = measure_travel(county, NORMS, Travel())
    main = max(
        nx.connected_components(
            nx.Graph(edges.loc[edges["walk"] & (edges["road_class"] != "steps"), ["from_node", "to_node"]].to_numpy().tolist())
        ),
        key=len,
    )
    lines = edges[edges["walk"] & edges["from_node"].isin(main)].geometry.union_all()
    rng = np.random.default_rng(5)
    checked = 0
    for h, s in zip(rng.integers(len(trips.settlements), size=12), rng.integers(len(trips.schools), size=12), strict=True):
        home, school = county.settlements.geometry.iloc[h], county.schools.geometry.iloc[s]
        on_main = abs(lines.distance(home) - trips.access_m[h]) < 1e-6 and abs(lines.distance(school) - trips.school_access_m[s]) < 1e-6
        if on_main and not trips.off_network[h]:
            legs_m = trips.access_m[h] + trips.school_access_m[s]  # by the nearest roads; another road near by may be better
            by_nearest_s = (walk_metres(county, home, school) - legs_m) / 1.4 + legs_m / 0.84
            assert home.distance(school) / 1.4 <= trips.walk_s[h, s] <= by_nearest_s + 0.1
            assert trips.walk_s[h, s] > by_nearest_s - 4 * 500 / 0.84  # both legs change by 500 m at most
            checked += 1
    assert checked >= 5


def test_villages_beyond_the_clip_are_off_the_network():
    county = real_county("vavuniya", "settlements_all_district")
    trips = measure_travel(county, NORMS, Travel())
    far = build_net(county, NORMS, Travel()).on_foot.homes.nearest_m > 2000
    assert trips.off_network[far].all()
    assert (far.sum(), trips.off_network.sum()) == (45, 48)  # three stand in a lake of the map, with a road near by
    assert np.isinf(trips.walk_s[trips.off_network]).all()
    assert np.isinf(trips.stop_s[trips.off_network]).all()
    assert not np.isnan(trips.walk_s).any()
    straight = county.settlements.geometry.apply(county.schools.distance).to_numpy()
    assert (trips.walk_m >= straight - 0.05).all()
    assert next(n for n in trips.notes if n.code == "off_network").count == trips.off_network.sum()


def test_liechtenstein_reaches_every_school():
    trips = measure_travel(real_county("liechtenstein"), NORMS, Travel())
    assert np.isfinite(trips.walk_s).all()
    assert np.isfinite(trips.ride_s).all()
    assert np.median(trips.ride_s) < np.median(trips.walk_s) / 4


def test_slope_changes_times_in_andorra():
    flat = real_county("andorra", "settlements", "settlements")
    grid = read_elevation(case_file("andorra/raw/dem_srtm3_N42E001.tif"), "dem")
    assert np.isnan(grid.heights).sum() >= 7652
    even = measure_travel(flat, NORMS, Travel())
    hilly = measure_travel(replace(flat, elevation=grid), NORMS, Travel())
    real = np.isfinite(even.walk_s) & (even.walk_s > 600)
    ratio = hilly.walk_s[real] / even.walk_s[real]
    assert np.array_equal(np.isfinite(even.walk_s), np.isfinite(hilly.walk_s))
    assert 1.05 < np.median(ratio) < 2
    level = measure_travel(replace(flat, elevation=grid), NORMS, Travel(ride={"slope": False}))
    steep, plain, same = (trips.riding() for trips in (hilly, even, level))
    assert (steep.ride_s + steep.walk_s >= plain.ride_s + plain.walk_s / 1.2 - 1e-6).all()  # downhill one walks up to a fifth faster
    known = np.isfinite(plain.ride_s)
    assert np.median(np.abs(plain.ride_s - same.ride_s)[known]) == 0  # slopes on foot change some stops, and no ride


# --- trips worked out by hand; the heights are those of the SRTM grids at the ends of equal pieces of at most 60 m


def tobler(slope):
    return 5.04 / 3.6 * math.exp(-3.5 * (abs(slope + 0.05) - 0.05))


def seconds_over(metres, heights, factor=1.0):
    """Return seconds over equal pieces between `heights`, and of the way back."""
    piece = metres / (len(heights) - 1)
    slopes = [(b - a) / piece for a, b in pairwise(heights)]
    return [sum(piece / (factor * tobler(sign * slope)) for slope in slopes) for sign in (1, -1)]


def test_a_steep_street_of_andorra_by_hand():
    """Way 24494051 falls 68.1 m on 159.7 m: three pieces of 53.24 m with slopes -0.487, -0.486, -0.305.

    Down: 53.24 / (1.4 exp(-3.5 x 0.387)) + 53.24 / (1.4 exp(-3.5 x 0.386)) + 53.24 / (1.4 exp(-3.5 x 0.255 + 0.175))
    = 147.6 + 146.9 + 78.0 = 372.5 s; up 209.4 + 208.5 + 110.7 = 528.6 s. Flat it would be 159.7 / 1.4 = 114.1 s.
    """
    county = andorra()
    edge = county.roads.edges[(county.roads.edges["way"] == "24494051") & (county.roads.edges.length.between(159, 160))].iloc[0]
    places = gpd.GeoDataFrame({"name": ["a"]}, geometry=[Point(edge.geometry.coords[0])], index=["a"], crs=county.crs)
    county = replace(county, settlements=places, schools=places.set_geometry([Point(edge.geometry.coords[-1])], crs=county.crs))
    down, up = seconds_over(159.719, [1308.85, 1282.90, 1257.02, 1240.77])
    assert (down, up) == pytest.approx((372.5, 528.6), abs=0.1)
    trips = measure_travel(county, NORMS, Travel())
    assert trips.walk_s[0, 0] == pytest.approx(up, abs=0.5)
    assert trips.walk_m[0, 0] == pytest.approx(159.719, abs=0.01)


def test_a_village_of_vavuniya_walks_to_the_road_by_hand():
    """Kallikulam lies 581.0 m from the nearest road, further than a leg that is taken on trust; the straight way proves the quickest.

    Ten pieces of 58.10 m off the road, at 0.6 of Tobler's speed: 676.7 s there, 708.1 s back; flat it would be 581.0 / 0.84 = 691.6 s.
    """
    heights = [103.62, 103.85, 103.66, 102.55, 100.71, 100.12, 100.32, 99.92, 99.17, 99.28, 99.85]
    assert seconds_over(580.96, heights, 0.6) == pytest.approx([676.7, 708.1], abs=0.3)
    county = vavuniya()
    net = build_net(county, NORMS, Travel())
    row = county.settlements.index.get_loc("LK-4309050")
    homes = net.on_foot.homes
    first = homes.first[row]
    assert homes.over_terrain[first]
    assert (homes.there_s[first], homes.back_s[first]) == pytest.approx((676.7, 708.1), abs=0.5)


def test_villages_without_roads_walk_over_the_terrain():
    county = vavuniya()
    trips = measure_travel(county, NORMS, Travel())
    assert 25 <= trips.over_terrain.sum() <= 35
    assert 30 <= trips.off_network.sum() <= 45  # beyond 6 km of any road in the clip
    nearest = trips.walk_s.argmin(axis=1)
    shares = trips.guessed_share("walk")[np.arange(len(nearest)), nearest]
    assert (shares[trips.over_terrain] > 0.01).all()
    assert (shares[trips.off_network] == 0).all()
    note = next(note for note in trips.notes if note.code == "terrain_walks")
    assert note.count == trips.over_terrain.sum()
    assert "Kallikulam (0.6 km)" in note.text.en or note.count > 10
    straight = county.settlements.geometry.apply(county.schools.distance).to_numpy()
    assert (trips.walk_s >= straight / (6 / 3.6) - 1e-6).all()  # Tobler's top speed
    assert (trips.walk_m >= straight - 0.05).all()
    assert (trips.stop_s[trips.over_terrain] >= trips.access_m[trips.over_terrain] / (0.6 * 6 / 3.6) - 1e-6).all()


@pytest.mark.parametrize("place", ["vavuniya", "andorra"])
def test_more_road_never_slows_places_with_a_road_near(place):
    county = vavuniya() if place == "vavuniya" else andorra()
    rng = np.random.default_rng(11)
    xy, roads = county.roads.node_xy, county.roads
    near = cKDTree(xy)
    ends = []
    for node in rng.integers(len(xy), size=60):
        others = [other for other in near.query_ball_point(xy[node], 2500) if other != node]
        ends.append((node, others[rng.integers(len(others))]))
    new = roads.edges.iloc[[int(roads.edges["walk"].to_numpy().argmax())] * len(ends)].copy()
    new = new.assign(from_node=[a for a, _ in ends], to_node=[b for _, b in ends], way=[f"new{i}" for i in range(len(ends))])
    new = new.assign(road_class="unclassified", walk=True, drive_forward=True, drive_backward=True)
    new = new.set_geometry([LineString([xy[a], xy[b]]) for a, b in ends], crs=county.crs)
    more = replace(county, roads=replace(roads, edges=pd.concat([roads.edges, new], ignore_index=True)))
    before, after = (build_net(one, NORMS, Travel()) for one in (county, more))
    old, now = (measure_net(net, one, Travel()) for net, one in ((before, county), (after, more)))
    home, school, stop, gate = (
        (access.metres <= 500) & ~access.lost & ~access.searched
        for joined in (before.on_foot, before.driven)
        for access in (joined.homes, joined.schools)
    )
    same = np.ix_(home, school)
    assert home.sum() >= 5
    assert (now.walk_s[same] <= old.walk_s[same] + 5e-3).all()
    assert (now.walk_s[same] < old.walk_s[same] - 1).any()
    same = np.ix_(stop & home, gate & school)
    for child, stretch in ((1.0, 1.0), (0.75, 1.0), (0.75, 1.3)):
        slow, quick = (trips.riding(child, stretch) for trips in (old, now))
        assert ((quick.walk_s / child + stretch * quick.ride_s) <= (slow.walk_s / child + stretch * slow.ride_s) + 2e-2)[same].all()


@pytest.mark.parametrize("place", ["andorra", "vavuniya", "liechtenstein"])
def test_the_re_check_agrees_in_real_places(place):
    case_file(f"{place}/raw/{place}.osm.pbf")
    scenario = read_scenario(SCENARIOS / f"{place}.toml", data_dir=CASES / place)
    county = read_county(scenario)
    norms = read_norms(scenario.norms)
    demand, _ = count_pupils(county, scenario)
    trips = measure_travel(county, norms, scenario.travel)
    today = present_layout(Case(scenario, norms, county, demand, trips, sites_of(county.schools, scenario)))
    keeping = scenario.model_copy(update={"plan": Plan(move="none")})
    assert verify_layout(county, keeping, norms, today).disagreements == ()


def test_the_census_of_vavuniya_becomes_grade_bands():
    """Grades 1-3 are three tenths of ages 0-9, 4-6 one tenth of these and two of 10-19, 7-9 three tenths of 10-19."""
    census = pd.read_csv(case_file("vavuniya/case/settlements_all_district.csv"), dtype={"id": str})
    young, old = census["age_0_9"].sum(), census["age_10_19"].sum()
    scenario = read_scenario(scenario_folder() / "vavuniya.toml", data_dir=case_file("vavuniya"))
    county = read_county(scenario)
    pupils, notes = count_pupils(county, scenario)
    assert pupils.sum().tolist() == [round(0.3 * young), round(0.1 * young + 0.2 * old), round(0.3 * old)]
    exact = census.set_index("id")["age_0_9"] * 0.3
    assert (pupils["lower_primary"] - exact.reindex(pupils.index)).abs().max() < 1
    assert [note.code for note in notes] == ["demand_ages"]
    recounted = recount_pupils(county, scenario, NORMS)
    assert recounted == {(home, band): int(row[band]) for home, row in pupils.iterrows() for band in pupils}
