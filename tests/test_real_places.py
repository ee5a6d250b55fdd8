"""Real roads, real villages: the numbers of two counties against networkx, and slopes in the Pyrenees."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely

from layout_planner.county.demand import count_pupils
from layout_planner.county.inputs import read_county
from layout_planner.county.rasters import read_elevation
from layout_planner.embedded import scenario_folder
from layout_planner.norms import read_norms
from layout_planner.safeguards.recount import recount_pupils
from layout_planner.scenario import Travel, read_scenario
from layout_planner.travel.matrix import measure_travel
from tests.cases import case_file, real_county

NORMS = read_norms("cn-rural")


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
            assert trips.walk_m[h, s] == pytest.approx(walk_metres(county, home, school), abs=1e-6)
            checked += 1
    assert checked >= 5


def test_villages_beyond_the_clip_are_off_the_network():
    county = real_county("vavuniya", "settlements_all_district")
    trips = measure_travel(county, NORMS, Travel())
    assert 40 <= trips.off_network.sum() <= 60
    assert np.isinf(trips.walk_s[trips.off_network]).all()
    assert np.isinf(trips.stop_s[trips.off_network]).all()
    assert not np.isnan(trips.walk_s).any()
    straight = county.settlements.geometry.apply(county.schools.distance).to_numpy()
    assert (trips.walk_m >= straight - 1e-6).all()
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
    assert np.array_equal(even.ride_s, hilly.ride_s)


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
