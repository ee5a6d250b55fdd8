"""A fictitious province from one number: many counties that share borders and the roads across them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely
from pyproj import Transformer

from layout_planner.demo.names import make_names
from layout_planner.demo.province_county import FULL, SMALL, Size, make_county
from layout_planner.demo.province_land import EPSG, make_land

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    from layout_planner.demo.province_county import CountyTables

SEED = 880_012
SIZES = {"small": (12, SMALL), "full": (88, FULL)}
NAMES = 14
DEGREES = 7  # decimals; a centimetre, and the same on both sides of a border

BASE = """# 每个县共用的设置 / what all counties share
schema = 1
norms = "cn-rural"
year = 2026

[data]
year = 2026
settlements = { path = "settlements.parquet" }
schools = { path = "schools.parquet" }
roads = { path = "roads.parquet" }
boundary = { path = "boundary.parquet" }
registers = { path = "registers.csv" }

[travel]
nearest_sites = 5

[plan]
may_close = "none"
move = "affected"
max_new_beds = 400
max_buses = 20

[solver]
gap = 0.01
time_limit_s = 600
seed = 7
"""

PROVINCE = """# 虚构的省：{count}个县，由 layout-planner demo --province 生成
# A fictitious province of {count} counties, made by `layout-planner demo --province`
schema = 1
name = "{name}"
title = {{ zh = "云岭省（虚构）", en = "Yunling Province (fictitious)" }}
border_km = 6.0                # 距县界多远以内的学校可以接收邻县学生 / schools so near the border may take a neighbour's children

[budget]                       # 全省共用，按影子价格分配 / shared by all counties, spread by prices
new_beds = {beds}
new_buses = {buses}

{counties}"""


def make_province(
    folder: Path, *, counties: int = 12, size: Size = SMALL, seed: int = SEED, on_step: Callable[[int, int], None] | None = None
) -> Path:
    """Write the files of a province into `folder` and return its `province.toml`.

    Parameters
    ----------
    counties, size : how many counties and what each holds; SIZES names two provinces.
    on_step : called with how many counties are done, and of how many.
    """
    count = counties
    say = on_step or (lambda *_: None)
    folder.mkdir(parents=True, exist_ok=True)
    names = make_names(np.random.Generator(np.random.PCG64([seed, NAMES])), count)
    entries = []
    for cell, (zh, en) in zip(make_land(seed, count, size.side_m), names, strict=True):
        tables = make_county(seed, cell, size)
        _write_county(folder / tables.code, tables, (f"{zh}县", f"{en} County"))
        entries.append(f'[[county]]\nid = "{tables.code}"\nscenario = "{tables.code}/scenario.toml"\n')
        say(cell.number + 1, count)
    (folder / "base.toml").write_text(BASE, encoding="utf-8")
    text = PROVINCE.format(
        count=count, name="province", beds=size.shared[0] * count, buses=size.shared[1] * count, counties="\n".join(entries),
    )  # fmt: skip
    (folder / "province.toml").write_text(text, encoding="utf-8")
    return folder / "province.toml"


def _write_county(folder: Path, tables: CountyTables, name: tuple[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    zh, en = name
    scenario = f'extends = "../base.toml"\nname = "c{tables.code}"\ntitle = {{ zh = "{zh}", en = "{en}" }}\n'
    (folder / "scenario.toml").write_text(scenario, encoding="utf-8")
    for role, table in (("settlements", tables.settlements.drop(columns="hub")), ("schools", tables.schools)):
        _points(table).to_parquet(folder / f"{role}.parquet", index=False)
    _degrees(gpd.GeoDataFrame(tables.roads, crs=EPSG)).to_parquet(folder / "roads.parquet", index=False)
    _degrees(gpd.GeoDataFrame({"name": [zh]}, geometry=[tables.outline], crs=EPSG)).to_parquet(folder / "boundary.parquet", index=False)
    tables.registers.to_csv(folder / "registers.csv", index=False, lineterminator="\n")


def _points(table: pd.DataFrame) -> gpd.GeoDataFrame:
    spots = gpd.points_from_xy(table["x"], table["y"], crs=EPSG)
    return _degrees(gpd.GeoDataFrame(table.drop(columns=["x", "y"]), geometry=spots))


def _degrees(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    turn = Transformer.from_crs(EPSG, 4326, always_xy=True)

    def move(xy: np.ndarray) -> np.ndarray:
        return np.round(np.column_stack(turn.transform(xy[:, 0], xy[:, 1])), DEGREES)

    return table.set_geometry(shapely.transform(table.geometry.to_numpy(), move), crs="EPSG:4326")
