"""Who lives where: natural villages of Zipf-like size, town blocks, resettlement sites, and children by age."""

# ruff: noqa: PLR2004  a county is invented by such numbers; each is used once and says what it is where it stands
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.county.tables import GRADES
from layout_planner.demo.names import COUNTY_CODE, RESETTLEMENTS, TOWN_BLOCKS, TOWNSHIPS
from layout_planner.demo.terrain import SIDE, cell_xy

if TYPE_CHECKING:
    from layout_planner.demo.places import Places
    from layout_planner.demo.roadnet import Net
    from layout_planner.demo.terrain import Floats, Ints

VILLAGE_PUPILS, BLOCK_PUPILS, SEAT_PUPILS, SITE_PUPILS = 9_700, 3_100, 210, (610, 370)
COHORTS = (0.52, 0.56, 0.62, 0.69, 0.77, 0.84, 0.90, 0.95, 0.99, 1.03, 1.02, 1.00, 0.98, 0.96, 0.94)  # ages 0-5, then grades 1-9
AGES = 6


def make_settlements(rng: np.random.Generator, net: Net, places: Places, names: list[tuple[str, str]]) -> pd.DataFrame:
    """Return all settlements with x and y in metres, children counted, not yet tied to schools."""
    home = nearest_seat(net, places)
    frame = pd.concat([_town_blocks(rng, net, places), _villages(rng, places, names, home)], ignore_index=True)
    frame = pd.concat([frame, _resettlements(net, places)], ignore_index=True)
    frame = frame.sort_values(["town", "rank_in_town", "village"], kind="stable").reset_index(drop=True)
    frame["settlement_id"] = _codes(frame)
    frame["township"] = [TOWNSHIPS[town].zh for town in frame["town"]]
    return _add_children(rng, frame)


def nearest_seat(net: Net, places: Places) -> Ints:
    """Return for each administrative village the number of the township it belongs to."""
    cost = np.array([net.search([int(seat)])[0][places.villages] for seat in places.seats])
    straight = np.array([np.hypot(*(cell_xy(places.villages) - spot).T) for spot in cell_xy(places.seats)])
    cost = np.where(np.isfinite(cost), cost, 20.0 * straight)
    cost[0] *= 1.25
    home = np.argmin(cost, axis=0)
    home[: len(places.seats)] = np.arange(len(places.seats))
    return np.asarray(home, dtype=np.int64)


def _town_blocks(rng: np.random.Generator, net: Net, places: Places) -> pd.DataFrame:
    row, column = divmod(int(places.seats[0]), SIDE)
    streets = sorted(net.cells())
    near = [cell for cell in streets if abs(cell // SIDE - row) <= 4 and abs(cell % SIDE - column) <= 5]
    chosen = rng.choice(near, size=len(TOWN_BLOCKS), replace=False)
    weight = 1.0 / np.arange(2, len(TOWN_BLOCKS) + 2) ** 0.7
    rows = [(zh, en, 0, "town", *(cell_xy(np.array([cell]))[0] + rng.uniform(-40, 40, 2)), BLOCK_PUPILS * share, 0, -1)
            for (zh, en), cell, share in zip(TOWN_BLOCKS, chosen, weight / weight.sum(), strict=True)]  # fmt: skip
    for town, seat in enumerate(places.seats[1:], start=1):
        spot = cell_xy(np.array([seat]))[0] + rng.uniform(-50, 50, 2)
        name = (f"{TOWNSHIPS[town].stem}集镇", f"{TOWNSHIPS[town].en} market street")
        rows.append((*name, town, "town", *spot, SEAT_PUPILS * rng.uniform(0.6, 1.7), 0, -1))
    return pd.DataFrame(rows, columns=["name", "name_en", "town", "kind", "x", "y", "weight", "rank_in_town", "village"])


def _villages(rng: np.random.Generator, places: Places, names: list[tuple[str, str]], home: Ints) -> pd.DataFrame:
    village = places.hamlets[:, 2].astype(int)
    first = np.concatenate([[True] * (len(places.villages) - len(places.seats)), [False] * len(village)])[: len(village)]
    to_seat = np.hypot(*(places.hamlets[:, :2] - cell_xy(places.seats)[home[village]]).T)
    appeal = rng.normal(0, 1.0, len(village)) + 1.5 * first - 0.00022 * to_seat
    appeal[village == len(places.seats)] -= 2.0  # few are left in the pocket above the gorge
    size = 1.0 / (np.arange(1, len(village) + 1) + 10.0) ** 0.92
    weight = np.empty(len(village))
    weight[np.argsort(-appeal, kind="stable")] = VILLAGE_PUPILS * size / size.sum()
    return pd.DataFrame({"name": [zh for zh, _ in names], "name_en": [en for _, en in names], "town": home[village], "kind": "village",
                         "x": places.hamlets[:, 0], "y": places.hamlets[:, 1], "weight": weight, "rank_in_town": 2,
                         "village": village})  # fmt: skip


def _resettlements(net: Net, places: Places) -> pd.DataFrame:
    """Return two sites about 2 km from the county town and from the first town, on a road."""
    rows = []
    ranks = {"unclassified", "tertiary", "secondary"}
    cells = np.array(sorted({cell for edge, road in net.roads.items() if road.rank in ranks for cell in edge}))
    spots = cell_xy(cells)
    for town, ((zh, en), pupils, distance) in enumerate(zip(RESETTLEMENTS, SITE_PUPILS, (2_600.0, 2_100.0), strict=True)):
        away = np.abs(np.hypot(*(spots - cell_xy(places.seats)[town]).T) - distance)
        spot = spots[int(np.argmin(away))] + 45.0
        rows.append((zh, en, town, "resettlement", *spot, pupils, 1, -1))
    return pd.DataFrame(rows, columns=["name", "name_en", "town", "kind", "x", "y", "weight", "rank_in_town", "village"])


def _codes(frame: pd.DataFrame) -> list[str]:
    """Return 15-digit codes: county, township, administrative village, number within it."""
    codes: list[str] = []
    villages: dict[tuple[int, int, int], int] = {}
    within: dict[tuple[int, int, int], int] = {}
    for town, rank, village in zip(frame["town"], frame["rank_in_town"], frame["village"], strict=True):
        key = (town, rank, village)
        if key not in villages:
            known = [k for k in villages if k[0] == town and k[1] == 2]
            villages[key] = 200 + len(known) if rank == 2 else 1 + rank
        within[key] = within.get(key, 0) + 1
        codes.append(f"{COUNTY_CODE}{TOWNSHIPS[town].code}{villages[key]:03d}{within[key]:03d}")
    return codes


def _add_children(rng: np.random.Generator, frame: pd.DataFrame) -> pd.DataFrame:
    grades, cohorts = np.array(COHORTS[AGES:]), np.array(COHORTS)
    expected = frame["weight"].to_numpy(float)[:, None] * cohorts[None, :] / grades.sum()
    youth = np.where(frame["kind"] == "village", 0.92, 1.12)[:, None] ** np.arange(AGES, 0, -1)[None, :] ** 0.5
    expected[:, :AGES] *= youth
    children = rng.poisson(expected)
    for position, grade in enumerate(GRADES):
        frame[f"pupils_g{grade}"] = children[:, AGES + position]
    for age in range(AGES):
        frame[f"age_{age}"] = children[:, age]
    pupils = children[:, AGES:].sum(axis=1)
    rural = (frame["kind"] == "village").to_numpy()
    frame["population"] = np.maximum(12, np.rint(frame["weight"] * rng.uniform(8.5, 12.0, len(frame)))).astype(int)
    frame["left_behind"] = rng.binomial(pupils, np.where(rural, 0.36, 0.14))
    frame["poor"] = rng.binomial(pupils, np.where(rural, 0.20, np.where(frame["kind"] == "resettlement", 0.45, 0.07)))
    frame["disabled"] = rng.binomial(pupils, 0.011)
    return frame


def pupils_of(frame: pd.DataFrame, grades: range) -> Floats:
    """Return the pupils of each settlement in `grades`."""
    return np.asarray(frame[[f"pupils_g{grade}" for grade in grades]].sum(axis=1).to_numpy(float))
