"""A ferry over a river: waited for, sailed slowly, left out where a scenario says so, never a place to join the roads."""

from __future__ import annotations

import numpy as np
import pytest

from layout_planner.norms import read_norms
from layout_planner.scenario import Travel
from layout_planner.travel.matrix import measure_travel
from tests.test_terrain_walk import with_heights, with_water
from tests.test_travel import make_county

NORMS = read_norms("cn-rural")
NODES = [(0, 0), (2000, 0), (2000, 300), (4000, 300)]
RIVER = [(-9000, 150), (13_000, 150)]
SAILED_S = 300 / (4 / 3.6) + 600  # 300 m at 4 km/h after ten minutes


def crossed(*, carries_buses=False):
    edges = [
        (0, 1, "tertiary", True, True, True),
        (1, 2, "ferry", True, carries_buses, carries_buses),
        (2, 3, "tertiary", True, True, True),
    ]
    return with_water(make_county(NODES, edges, [(4000, 300), (2010, 150)], [(0, 0)]), RIVER)


def test_on_foot_with_a_wait():
    trips = measure_travel(crossed(), NORMS, Travel())
    assert trips.walk_s[0, 0] == pytest.approx(4000 / 1.4 + SAILED_S)
    assert trips.walk_m[0, 0] == pytest.approx(4300)
    assert trips.stop_s[0] == pytest.approx(2000 / 1.4 + SAILED_S)  # the bus waits on the other bank
    assert trips.ride_s[0, 0] == pytest.approx(2000 / (30 / 3.6))
    assert trips.access_m[1] >= 140  # ten metres from the ferry's line, but nobody boards in mid-river
    assert next(note for note in trips.notes if note.code == "ferries").count == 1


def test_heights_do_not_slow_a_ferry():
    bank = with_heights(crossed(), lambda _, y: np.where(np.abs(y - 150) < 100, 0.0, 60.0))
    trips = measure_travel(bank, NORMS, Travel())
    assert trips.walk_s[0, 0] == pytest.approx(4000 / 1.4 + SAILED_S, rel=1e-6)


def test_left_out():
    trips = measure_travel(crossed(), NORMS, Travel(ferries=False))
    assert np.isinf(trips.walk_s[0, 0])
    assert "ferries" not in {note.code for note in trips.notes}


def test_a_ferry_that_carries_vehicles():
    trips = measure_travel(crossed(carries_buses=True), NORMS, Travel())
    assert trips.ride_s[0, 0] == pytest.approx(4000 / (30 / 3.6) + 300 / (8 / 3.6))
    assert trips.stop_s[0] == pytest.approx(0)
    assert np.isinf(measure_travel(crossed(carries_buses=True), NORMS, Travel(ferries=False)).stop_s[0])
