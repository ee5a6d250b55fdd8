"""Gridded population: every cell goes to the nearest settlement or is reported, and nobody is lost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st

from layout_planner.county.demand import count_pupils
from layout_planner.county.inputs import read_county
from layout_planner.county.population import Cells, apportion
from layout_planner.safeguards.recount import recount_pupils
from layout_planner.scenario import read_scenario
from tests.broken import copy_good, people_grid, point_to
from tests.test_plan import NORMS

METRES = st.integers(-20_000, 20_000).map(float)
HOMES = st.lists(st.tuples(METRES, METRES), min_size=1, max_size=8).map(np.array)
CELLS = st.lists(st.tuples(METRES, METRES, st.floats(0, 500)), min_size=1, max_size=40).map(np.array)


@settings(max_examples=100, deadline=None)
@given(HOMES, CELLS, st.floats(100, 30_000), st.randoms())
def test_what_is_assigned_and_the_rest_are_the_grid(homes, cells, reach, chance):
    people, rest = apportion(Cells(cells[:, :2], cells[:, 2]), homes, reach)
    assert people.sum() + rest == pytest.approx(cells[:, 2].sum())
    far = np.hypot(*(cells[:, None, :2] - homes).transpose(2, 0, 1)).min(axis=1)
    clear = np.abs(far - reach) > 1e-6
    if clear.all():
        assert rest == pytest.approx(cells[far > reach, 2].sum())
    order = list(range(len(cells)))
    chance.shuffle(order)
    again, _ = apportion(Cells(cells[order, :2], cells[order, 2]), homes, reach)
    assert people == pytest.approx(again)


def test_each_cell_goes_to_the_nearest_of_the_hand_drawn_homes():
    # Homes at 0 and 1000 m; cells at 100 (7 people), 499 (5), 501 (3), 1300 (2) and 1301 m (11), reach 300 m from the second home.
    homes = np.array([[0.0, 0.0], [1000.0, 0.0]])
    cells = Cells(np.array([[100.0, 0.0], [499.0, 0.0], [501.0, 0.0], [1299.0, 0.0], [1301.0, 0.0]]), np.array([7.0, 5.0, 3.0, 2.0, 11.0]))
    people, rest = apportion(cells, homes, 300.0)
    assert (people.tolist(), rest) == ([7.0, 2.0], 19.0)
    people, rest = apportion(cells, homes, 600.0)
    assert (people.tolist(), rest) == ([12.0, 16.0], 0.0)


def test_of_homes_at_one_spot_the_first_takes_all():
    people, _ = apportion(Cells(np.zeros((1, 2)), np.array([4.0])), np.zeros((3, 2)), 10.0)
    assert people.tolist() == [4.0, 0.0, 0.0]


def grid_county(folder, people):
    copy_good(folder)
    people_grid(people)(folder)
    point_to("[data]\n", '[demand]\nsource = "grid"\nages = { persons = [0, 89] }\n\n[data]\n')(folder)
    scenario = read_scenario(folder / "scenario.toml")
    return read_county(scenario), scenario


def test_a_raster_becomes_pupils_and_the_rest_is_told(tmp_path):
    # Cells of 0.2 degrees from 104.9 E, 26.55 N. The first has its middle at 105.0 E, 26.45 N, 5.4 km from S5 and beyond reach.
    # The one below it has its middle at 26.25 N, 2.0 km from S4 and 3.4 km from S1.
    county, scenario = grid_county(tmp_path, [[40], [900]])
    assert county.settlements["persons"].to_dict() == {"S1": 0.0, "S2": 0.0, "S3": 0.0, "S4": 900.0, "S5": 0.0}
    (note,) = [note for note in county.notes if note.code == "population.apportioned"]
    assert (note.count, "940 people, 900 assigned" in note.text.en) == (40, True)
    pupils, _ = count_pupils(county, scenario)
    assert pupils.loc["S4"].tolist() == [30, 30, 30]  # 10 people a year of age, three ages a band
    assert pupils.to_numpy().sum() == 90


@settings(max_examples=10, deadline=None)
@given(st.lists(st.floats(0, 900), min_size=5, max_size=5), st.integers(2026, 2034))
def test_the_recount_agrees_on_grids(tmp_path_factory, people, year):
    county, scenario = grid_county(tmp_path_factory.mktemp("grid"), [[40], [900]])
    county = replace(county, settlements=county.settlements.assign(persons=people))
    scenario = scenario.model_copy(update={"year": year})
    pupils, _ = count_pupils(county, scenario)
    assert recount_pupils(county, scenario, NORMS) == {(home, band): int(row[band]) for home, row in pupils.iterrows() for band in pupils}


def test_a_projected_raster_is_read_like_one_in_degrees(tmp_path):
    """A 2 km cell around S1 in UTM metres; voids count as nobody."""
    copy_good(tmp_path)
    place = rasterio.Affine(2000, 0, 499_500, 0, -2000, 2_901_000)
    cells = np.array([[120, -1], [-1, 60]], dtype="int16")
    with rasterio.open(tmp_path / "people.tif", "w", driver="GTiff", crs="EPSG:32648", transform=place, height=2, width=2, count=1,
                       dtype="int16", nodata=-1) as grid:  # fmt: skip
        grid.write(cells, 1)
    point_to("[data]\n", '[data]\npopulation = [{ path = "people.tif", reach_m = 1500 }]\n')(tmp_path)
    county = read_county(read_scenario(tmp_path / "scenario.toml"))
    # centres: (500500, 2900000) is S1's own place; (502500, 2898000) is 1964 m from S2, out of reach
    assert county.settlements["persons"].to_dict() == {"S1": 120.0, "S2": 0.0, "S3": 0.0, "S4": 0.0, "S5": 0.0}
    assert [note.count for note in county.notes if note.code == "population.apportioned"] == [60]
