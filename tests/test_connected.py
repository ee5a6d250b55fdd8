"""Catchments that hang together: the neighbours of settlements, the cuts against brute force, and the second count."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import Transformer
from shapely import LineString, Point

from layout_planner.county.model import RoadTable
from layout_planner.plan.neighbours import find_neighbours
from layout_planner.plan.present import present_layout
from layout_planner.safeguards.verify_connected import _draw_graph, check_connected
from tests.test_plan_properties import make_case, price, solve
from tests.tiny import CRS, ORIGIN, tiny_county

PLAN = {"may_close": "all", "move": "all", "keep_settlements_whole": True, "judge": "expected", "connected_catchments": True}


def at(x: float, y: float) -> Point:
    return Point(ORIGIN[0] + x, ORIGIN[1] + y)


def grid_roads(width: int, height: int, step: float = 1000.0) -> RoadTable:
    """Return a grid of roads, node k at column k % width and row k // width."""
    spots = [(ORIGIN[0] + step * (k % width), ORIGIN[1] + step * (k // width)) for k in range(width * height)]
    pairs = [(k, k + 1) for k in range(width * height) if k % width < width - 1] + [(k, k + width) for k in range(width * (height - 1))]
    xy = np.array(spots)
    lon, lat = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True).transform(xy[:, 0], xy[:, 1])
    template = tiny_county().roads.edges.iloc[[0] * len(pairs)].reset_index(drop=True)
    lines = gpd.GeoSeries([LineString([xy[a], xy[b]]) for a, b in pairs], crs=CRS)
    edges = template.assign(from_node=[a for a, _ in pairs], to_node=[b for _, b in pairs], way=[f"w{k}" for k in range(len(pairs))])
    return RoadTable(xy, np.column_stack([lon, lat]), edges.set_geometry(lines))


def place(case, homes: list[tuple[float, float]], schools: list[tuple[float, float]], roads: RoadTable):
    """Return the case with its settlements and schools at the places named, metres from the origin."""
    moved = {
        name: table.set_geometry(gpd.GeoSeries([at(*spot) for spot in spots], index=table.index, crs=CRS))
        for name, table, spots in (("settlements", case.county.settlements, homes), ("schools", case.county.schools, schools))
    }
    county = replace(case.county, roads=roads, **moved)
    return replace(case, county=county)


def test_neighbours_of_the_tiny_county_by_hand():
    # S1 at 500 m, S2 joins at 2000 m (the junction), S3 at 4000 m of one road; S4 at the end of the path from the junction. S5 is 27 km
    # off: its nearest road is the end of that path, so it stands on one spot with S4.
    found = find_neighbours(tiny_county())
    assert found.beside["S1"] == {"S2"}
    assert found.beside["S3"] == {"S2"}
    assert found.beside["S2"] >= {"S1", "S3"}
    assert {"S4"} <= found.beside["S2"] | found.beside["S5"]
    assert found.beside["S5"] & {"S4", "S2"}
    assert found.around == {"P1": frozenset({"S1"}), "C1": frozenset({"S3"})}


def test_settlements_without_a_road_between_them_are_no_neighbours():
    county = tiny_county()
    kept = county.roads.edges.iloc[[0, 2]]  # the middle of the road is missing
    found = find_neighbours(replace(county, roads=replace(county.roads, edges=kept)))
    assert found.beside["S1"] == {"S2"}
    assert found.beside["S3"] == frozenset()
    none = find_neighbours(replace(county, roads=replace(county.roads, edges=county.roads.edges.iloc[:0])))
    assert set(none.beside.values()) == {frozenset()}


@settings(max_examples=12, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 3000), st.floats(0, 2000)), min_size=1, max_size=8, unique=True))
def test_the_second_count_sees_every_neighbour_that_the_plan_sees(spots):
    case = make_case([1] * len(spots), [None], np.ones((len(spots), 1)))
    county = place(case, spots, [(0.0, 0.0)], grid_roads(4, 3)).county
    graph, owners = _draw_graph(county)
    ours = find_neighbours(county)
    for home, others in ours.beside.items():
        assert others <= set(graph[home])
    assert ours.around["P0"] <= owners["school", "P0"]
    assert nx.is_connected(graph)  # all roads hang together, so all parts of them do


def hangs_together(beside: dict[int, set[int]], around: list[set[int]], goes: tuple[int, ...], now: np.ndarray) -> bool:
    """Tell whether everybody who changes school is connected to it; one entry a settlement, all of one band with pupils."""
    for home, school in enumerate(goes):
        if school < 0 or school == now[home].argmin():
            continue
        members = {k for k, j in enumerate(goes) if j == school} | around[school]
        near, edge = set(around[school]), list(around[school])
        while edge:
            for other in beside[edge.pop()] & members - near:
                near.add(other)
                edge.append(other)
        if home not in near:
            return False
    return True


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.integers(1, 60), min_size=2, max_size=4),
    st.lists(st.one_of(st.none(), st.integers(20, 120)), min_size=2, max_size=3),
    st.randoms(use_true_random=False),
)
def test_cuts_find_the_best_connected_layout_of_all(pupils, seats, random):
    # Homes along one road, S0 - S1 - S2 - S3; schools beside homes. Minutes are drawn, so whoever jumps over a neighbour may gain by it.
    minutes = np.array([[random.choice([3, 12, 20, 29, 31, 45]) for _ in seats] for _ in pupils], dtype=float)
    case = make_case(pupils, seats, minutes, **PLAN)
    stands = [random.randrange(len(pupils)) for _ in seats]
    homes = [(1000.0 * k + 200, 0.0) for k in range(len(pupils))]
    case = place(case, homes, [(1000.0 * k + 260, 0.0) for k in stands], grid_roads(len(pupils) + 1, 1))
    (layout, solved), today = solve(case)
    beside = {k: {k - 1, k + 1} & set(range(len(pupils))) for k in range(len(pupils))}
    around = [{k} for k in stands]
    room = [max(math.inf if s is None else s, today.sites["pupils"].iloc[j]) for j, s in enumerate(seats)]
    crowded, dry = list(today.sites["pupils"] > today.sites["seats"]), np.zeros(minutes.shape, dtype=bool)
    best = (math.inf, math.inf, math.inf)
    for is_open in itertools.product([False, True], repeat=len(seats)):
        targets = [-1, *(j for j, used in enumerate(is_open) if used)]
        for goes in itertools.product(targets, repeat=len(pupils)):
            loads = [sum(n for n, j in zip(pupils, goes, strict=True) if j == site) for site in range(len(seats))]
            newcomers = any(j >= 0 and crowded[j] and j != row.argmin() for row, j in zip(minutes, goes, strict=True))
            fits = all(load <= most for load, most in zip(loads, room, strict=True)) and not newcomers
            if fits and hangs_together(beside, around, goes, minutes):
                best = min(best, price(pupils, minutes, goes, is_open, "expected", dry))
    assert solved.terms["harmed"] == pytest.approx(best[0], abs=1e-4)
    assert solved.terms["at_risk_weighted"] == pytest.approx(best[1], abs=1e-4)
    assert solved.objective == pytest.approx(best[2], abs=1.0)
    expected = {(f"S{k}", "lower"): n for k, n in enumerate(pupils)}
    assert list(check_connected(case.county, expected, layout, today)) == []


def test_a_child_sent_across_another_catchment_is_named_and_kept_apart():
    # S0 - S1 - S2 along a road, P0 at S0, P1 at S2. P0 has 20 seats, so the 30 of S1 stay at P1; then S2 may not change to P0 across S1.
    minutes = np.array([[5.0, 29.0], [20.0, 10.0], [11.0, 12.0]])
    spots = [(200.0, 0.0), (1200.0, 0.0), (2200.0, 0.0)]
    case = make_case([10, 30, 10], [20, None], minutes, **{**PLAN, "may_close": "none"})
    case = place(case, spots, [(260.0, 0.0), (2260.0, 0.0)], grid_roads(4, 1))
    today = present_layout(case)
    stay = today.assignment.assign(school_id=["P0", "P1", "P1"])
    layout = replace(today, assignment=today.assignment.assign(school_id=["P0", "P1", "P0"]))
    expected = {("S0", "lower"): 10, ("S1", "lower"): 30, ("S2", "lower"): 10}
    (fault,) = check_connected(case.county, expected, layout, replace(today, assignment=stay))
    assert fault.en == "S2 (S2), lower: changes to P0 (P0) across the catchment of another school"
    assert list(check_connected(case.county, expected, layout, layout)) == []  # as it is today it may stay
    # without pupils in between nobody is crossed
    assert list(check_connected(case.county, {**expected, ("S1", "lower"): 0}, layout, replace(today, assignment=stay))) == []


def test_a_cheaper_plan_that_jumps_over_a_neighbour_is_cut_off():
    # S0 - S1 - S2 - S3 along a road, 5 pupils each; P0 stands at S0, P1 at S2, P2 at S3. P2 is to close. From S3 both P0 (28 min) and P1
    # (29 min) are within reach, and P1 has 10 seats, full of S1 and S2. So P0 is where S3 can go; S2 between them attends P1, and so the
    # only connected way out is that S2 or S1 makes room: S1 changes to P0 (20 min), and S3 takes its seat at P1.
    minutes = np.array([[3.0, 40.0, 45.0], [20.0, 10.0, 45.0], [25.0, 4.0, 45.0], [28.0, 29.0, 3.0]])
    spots, schools = [(1000.0 * k + 200, 0.0) for k in range(4)], [(260.0, 0.0), (2260.0, 0.0), (3260.0, 0.0)]
    plan = {**PLAN, "may_close": "none", "close": ["P2"]}
    goes = {}
    for connected in (False, True):
        case = make_case([5] * 4, [None, 10, None], minutes, **{**plan, "connected_catchments": connected})
        (layout, solved), _ = solve(place(case, spots, schools, grid_roads(5, 1)))
        goes[connected] = dict(zip(layout.assignment["settlement_id"], layout.assignment["school_id"], strict=True))
    assert goes[False] == {"S0": "P0", "S1": "P1", "S2": "P1", "S3": "P0"}
    assert goes[True] == {"S0": "P0", "S1": "P0", "S2": "P1", "S3": "P1"}
    assert solved.terms["catchment_cuts"] > 0
