"""What a school has beside its norms, and what its pupils would do without it: both worked by hand."""

import numpy as np
import pandas as pd
import pytest

from layout_planner.assess.conditions import CONDITION_COLUMNS, list_conditions
from layout_planner.assess.otherwise import tabulate_otherwise
from layout_planner.norms import read_norms
from tests.views import BANDS

NORMS = read_norms("cn-rural")
# 120 pupils of grades 1-6 in two classes of 60: over the standard of 45 and over 55, so large. 100 seats: 1.2 pupils a seat.
# 20 boarders, 15 beds: 0.75 of the one bed asked for. 4 toilets for girls lacking. 7 teachers, the ratio of 19 asks for 7.
# One venue stands too near.
SCHOOL = {
    "school_id": "P", "when": "plan", "bands": "lower_primary,upper_primary", "pupils": 120, "boarders": 20, "pupils_per_class": 60.0,
    "class_state": "large", "seats": 100.0, "beds": 15, "dorm_short_m2": np.nan, "toilets_boys_short": 0.0, "toilets_girls_short": 4.0,
    "teachers": 7.0, "teachers_spare": 0.0, "too_near": 1, "check": 0, "small": False,
}  # fmt: skip
WANTED = {
    "class.standard": (60.0, 45.0, "bad"), "class.large": (60.0, 55.0, "bad"), "class.pupils_per_seat": (1.2, 1.0, "bad"),
    "dorm.beds_per_boarder": (0.75, 1.0, "bad"), "dorm.area_m2": (np.nan, 3.0, "unknown"), "toilets.boys": (np.nan, 40.0, "good"),
    "toilets.girls": (np.nan, 13.0, "bad"), "staff.pupils_per_teacher": (120 / 7, 19.0, "good"),
    "venue.internet_cafe_m": (np.nan, 200.0, "bad"),
}  # fmt: skip


def test_every_norm_is_held_against_what_is_measured():
    table = list_conditions(pd.DataFrame([SCHOOL]), NORMS, BANDS)
    assert tuple(table.columns) == CONDITION_COLUMNS
    found = {row.key: (row.measured, row.limit, row.state) for row in table.itertuples()}
    assert set(found) == set(WANTED)
    for key, (measured, limit, state) in WANTED.items():
        assert found[key] == (pytest.approx(measured, nan_ok=True), limit, state), key
    assert list(table.set_index("key")["short"][["toilets.girls", "venue.internet_cafe_m"]]) == [4.0, 1.0]
    assert table["flag"].isin(["R1", "R2", "R3", "A", "D"]).all()
    assert all(f"[{row.flag}]" in row.source for row in table.itertuples())


def test_an_empty_school_is_held_to_nothing_and_a_small_one_is_told_its_floor():
    assert list_conditions(pd.DataFrame([SCHOOL | {"pupils": 0}]), NORMS, BANDS).empty
    small = list_conditions(pd.DataFrame([SCHOOL | {"pupils": 40, "small": True}]), NORMS, BANDS).set_index("key")
    assert small.at["small_school.funding_floor", "state"] == "info"
    assert small.at["small_school.funding_floor", "measured"] == 40


def test_what_is_not_known_never_passes():
    unknown = {"seats": np.inf, "teachers": np.nan, "teachers_spare": np.nan, "toilets_boys_short": np.nan, "too_near": 0, "check": 2}
    found = list_conditions(pd.DataFrame([SCHOOL | unknown]), NORMS, BANDS).set_index("key")["state"]
    for key in ("class.pupils_per_seat", "staff.pupils_per_teacher", "toilets.boys", "venue.internet_cafe_m"):
        assert found[key] == "unknown", key


def test_without_the_school_each_pupil_takes_the_best_other_way():
    # At P: 10 of home A (walk 300 s), 4 of home B (walk 500 s), 2 of home C. Elsewhere: A can ride to Q in 900 s or board at R in 100 s,
    # and a daily way goes before boarding; B can only board at R; C has no other way. Mean now (10*300 + 4*500 + 2*700) / 16 = 400.
    trips = pd.DataFrame(
        [("A", "x", "P", "walk", 10, 300.0), ("B", "x", "P", "walk", 4, 500.0), ("C", "x", "P", "walk", 2, 700.0)],
        columns=["settlement_id", "band", "school_id", "mode", "pupils", "seconds"],
    )
    options = pd.DataFrame(
        [("A", "x", "P", "walk", 300.0), ("A", "x", "R", "board", 100.0), ("A", "x", "Q", "school_bus", 900.0),
         ("A", "x", "Q", "walk", 1700.0),
         ("B", "x", "R", "board", 200.0), ("C", "x", "P", "walk", 700.0), ("C", "y", "Q", "walk", 5.0)],
        columns=["settlement_id", "band", "school_id", "mode", "seconds"],
    )  # fmt: skip
    row = tabulate_otherwise(trips, options.sample(frac=1, random_state=3)).iloc[0]
    assert (row["pupils"], row["daily"], row["boarding"], row["without"]) == (16, 10, 4, 2)
    assert (row["mean_s"], row["mean_other_s"], row["worst_other_s"], row["next_school_id"]) == (400.0, 900.0, 900.0, "Q")
