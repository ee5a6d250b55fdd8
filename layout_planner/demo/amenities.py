"""Dormitories, toilets, resource classrooms and a special school of the demo county, and the venues around its schools.

All is drawn from a generator of its own, so that the other files of the county stay as they are.
"""

# ruff: noqa: PLR2004  a county is invented by such numbers; each is used once and says what it is where it stands
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from layout_planner.demo.terrain import Floats

STREAM = 1959  # tells this generator from the others of the same seed
SPECIAL_ID = "5152990901"
VENUES = (("internet_cafe", "网吧", 9), ("entertainment", "歌厅", 6), ("bar", "酒吧", 4),
          ("tobacco", "烟草店", 14), ("lottery", "彩票站", 10), ("alcohol", "酒行", 8))  # fmt: skip
CROWDED = {0: 60, 1: 68}  # position of a town school and the pupils in each of its rooms
STEMS = ("飞鱼", "蓝天", "老街", "金沙", "好运", "清风", "长乐", "云石", "红星", "双喜", "安居", "顺达")


def furnish_schools(schools: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return the schools with dormitory area, toilets and resource classrooms, and the county's special school as the last row."""
    rng = np.random.Generator(np.random.PCG64([seed, STREAM]))
    schools = schools.copy()
    enrolled = schools["enrolment"].to_numpy(dtype=int)
    schools.loc[list(CROWDED), "classrooms"] = [enrolled[at] // size for at, size in CROWDED.items()]
    area = schools["beds"] * rng.choice([2.1, 2.6, 3.0, 3.3], len(schools))
    schools["dorm_area_m2"] = np.where(schools["beds"] > 0, np.rint(area), np.nan)
    for name, pupils in (("toilets_boys", 40.0), ("toilets_girls", 13.0)):
        wanted = np.ceil(np.maximum(schools["enrolment"], 40) / 2 / pupils)
        schools[name] = np.maximum(1, np.floor(wanted * rng.choice([0.6, 0.8, 1.0, 1.2], len(schools)))).astype(int)
    schools.loc[rng.uniform(size=len(schools)) < 0.06, ["toilets_boys", "toilets_girls"]] = np.nan  # not counted
    rooms = (schools["role"] == "central") & (rng.uniform(size=len(schools)) < 0.6) | (schools["role"] == "town") & (
        rng.uniform(size=len(schools)) < 0.8
    )
    schools["special"] = ["resource_room" if room else None for room in rooms]
    return pd.concat([schools, _special_school(rng, schools)], ignore_index=True)


def _special_school(rng: np.random.Generator, schools: pd.DataFrame) -> pd.DataFrame:
    """Return the special school, at the edge of the county town."""
    near = schools[schools["role"] == "town"].iloc[0]
    row = {
        "school_id": SPECIAL_ID, "name": "云石河县特殊教育学校", "name_en": "Yunshihe Special School", "form": "nine_year",
        "township": near["township"], "grades": "1-9", "role": "special", "x": near["x"] + rng.uniform(250, 400),
        "y": near["y"] + rng.uniform(250, 400),
        "classrooms": 9, "seats": 90, "beds": 24, "canteen": True, "enrolment": 41, "boarders": 22, "teachers": 19, "buses": 0,
        "yearly_cost": 420_000, "dorm_area_m2": 80.0, "toilets_boys": 4, "toilets_girls": 6, "special": "special_school", "protected": True,
        "candidate": False,
    }  # fmt: skip
    return pd.DataFrame([row])


def make_venues(schools: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return venues with x and y in metres: most of them in the county town and the market streets, a few too near a school."""
    rng = np.random.Generator(np.random.PCG64([seed, STREAM + 1]))
    hosts = schools[schools["role"].isin(["town", "central", "candidate"])]
    xy: Floats = hosts[["x", "y"]].to_numpy(dtype=float)
    rows: list[tuple[object, ...]] = []
    for kind, title, count in VENUES:
        for number in range(count):
            at = int(rng.choice(len(hosts), p=_weights(hosts)))
            angle, away = rng.uniform(0, 2 * np.pi), rng.uniform(230.0, 900.0) if number else rng.uniform(90.0, 180.0)
            if kind == "internet_cafe" and number == 1:  # one stands beside a site where a school is planned
                at, away = int(np.flatnonzero(hosts["role"] == "candidate")[0]), 160.0
            spot = xy[at] + away * np.array([np.cos(angle), np.sin(angle)])
            rows.append((f"W{len(rows) + 1:03}", f"{rng.choice(STEMS)}{title}", kind, float(spot[0]), float(spot[1])))
    return pd.DataFrame(rows, columns=["venue_id", "name", "kind", "x", "y"])


def _weights(hosts: pd.DataFrame) -> Floats:
    weight = np.where(hosts["role"] == "town", 4.0, 1.0)
    return np.asarray(weight / weight.sum())
