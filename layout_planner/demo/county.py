"""The demo county from one number: the same seed gives the same bytes in every file."""

from __future__ import annotations

import json
import platform
import sqlite3
import zlib
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
import rasterio
from pyproj import Transformer

from layout_planner.county.evidence_table import EVIDENCE
from layout_planner.county.posts_table import POSTS
from layout_planner.county.tables import SCHOOLS, SETTLEMENTS
from layout_planner.county.venue_table import VENUES
from layout_planner.county.yearly_tables import COHORTS, MOVES, OUTLOOK, REGISTERS
from layout_planner.demo.amenities import furnish_schools, make_venues
from layout_planner.demo.buslines import make_feed
from layout_planner.demo.changing import CELL, list_cohorts, make_moves, make_outlook, make_registers, scatter_children
from layout_planner.demo.consulting import make_evidence
from layout_planner.demo.equipment import equip_schools
from layout_planner.demo.files import write_boundary, write_children, write_heights, write_table
from layout_planner.demo.hazards import make_flood, write_flood
from layout_planner.demo.names import TOWNSHIPS, make_names
from layout_planner.demo.offices import list_posts
from layout_planner.demo.people import make_settlements
from layout_planner.demo.places import choose_pockets, make_boundary, place_seats, place_villages
from layout_planner.demo.roadnet import build_net
from layout_planner.demo.roadways import draw_ways, write_roads
from layout_planner.demo.schooling import make_schools
from layout_planner.demo.terrain import EPSG, level_basins, make_terrain

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

SEED = 520_999
CHANGES = 5  # own generator of what changes over the years
TOWN_BASIN, SEAT_BASIN = 1_500.0, 650.0  # metres
LIBRARIES = ("numpy", "scipy", "networkx", "osmium", "openpyxl", "rasterio", "pyogrio", "pyproj", "shapely", "geopandas", "pandas")


def make_demo_county(folder: Path, *, seed: int = SEED, on_step: Callable[[str], None] | None = None) -> None:
    """Write the files of a fictitious mountain county into `folder`.

    Parameters
    ----------
    folder : created when absent; files of the same names are replaced.
    seed : the same seed gives the same bytes with the libraries of `made_with.json`.
    on_step : called with the name of each step before it begins.
    """
    step = on_step or _silent
    rng = np.random.Generator(np.random.PCG64(seed))
    folder.mkdir(parents=True, exist_ok=True)
    step("terrain")
    terrain, boundary = make_terrain(rng), make_boundary(rng)
    seats = place_seats(rng, terrain, boundary)
    terrain = level_basins(terrain, [(int(seat), SEAT_BASIN if number else TOWN_BASIN) for number, seat in enumerate(seats)])
    pockets = choose_pockets(terrain, boundary, seats)
    places = place_villages(rng, terrain, boundary, seats, pockets)
    step("roads")
    names = make_names(rng, len(places.hamlets))
    titles = [township.stem for township in TOWNSHIPS] + [zh for zh, _ in names]
    net = build_net(rng, terrain, places, pockets, titles)
    ways = draw_ways(rng, net)
    step("settlements and schools")
    people = make_settlements(rng, net, places, names)
    schools, people = make_schools(rng, net, pockets, people)
    schools = equip_schools(rng, schools, people)
    step("files")
    write_heights(folder / "dem.tif", terrain.fine)
    write_boundary(folder / "boundary.gpkg", boundary)
    write_roads(rng, folder / "roads.osm.pbf", ways, terrain.river)
    write_table(folder / "settlements.xlsx", SETTLEMENTS, _with_degrees(people), "居民点")
    write_table(folder / "schools.xlsx", SCHOOLS, _with_degrees(furnish_schools(schools, seed)), "学校")
    write_table(folder / "venues.xlsx", VENUES, _with_degrees(make_venues(schools, seed)), "场所")
    write_table(folder / "evidence.xlsx", EVIDENCE, make_evidence(rng, schools, seed), "撤并记录")
    write_table(folder / "posts.xlsx", POSTS, list_posts(schools), "责任岗位")
    _write_changes(folder, np.random.Generator(np.random.PCG64([seed, CHANGES])), schools, people)
    (folder / "gtfs.zip").write_bytes(make_feed(seed, net, places, titles))
    write_flood(folder / "flood-2024.geojson", make_flood(seed, terrain.river))
    _write_made_with(folder / "made_with.json", seed)


def _write_changes(folder: Path, rng: np.random.Generator, schools: pd.DataFrame, people: pd.DataFrame) -> None:
    """Write what changes over the years, from a generator of its own: the other files keep their bytes."""
    write_table(folder / "outlook.xlsx", OUTLOOK, make_outlook(rng, people), "乡镇展望")
    write_table(folder / "moves.xlsx", MOVES, make_moves(rng, people), "易地搬迁")
    write_table(folder / "registers.xlsx", REGISTERS, make_registers(rng, schools, people), "学籍变动")
    write_table(folder / "cohorts.xlsx", COHORTS, list_cohorts(people), "分年级人数")
    write_children(folder / "children.tif", scatter_children(rng, people), CELL)


def _silent(_: str) -> None:
    return


def _with_degrees(frame: pd.DataFrame) -> pd.DataFrame:
    lon, lat = Transformer.from_crs(EPSG, 4326, always_xy=True).transform(frame["x"].to_numpy(), frame["y"].to_numpy())
    return frame.assign(lon=np.round(lon, 6), lat=np.round(lat, 6))


def made_with(seed: int = SEED) -> dict[str, object]:
    """Return what the bytes of the files depend on: the seed and the versions of the libraries that write them."""
    versions = {name: version(name) for name in LIBRARIES}
    below = {"python": platform.python_version(), "gdal": rasterio.__gdal_version__, "sqlite": sqlite3.sqlite_version,
             "zlib": zlib.ZLIB_RUNTIME_VERSION, "machine": platform.machine()}  # fmt: skip
    return {"seed": seed, "versions": {**versions, **below}}


def _write_made_with(path: Path, seed: int) -> None:
    path.write_text(json.dumps(made_with(seed), indent=2) + "\n", encoding="utf-8")
