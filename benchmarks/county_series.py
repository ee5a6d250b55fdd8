"""Made-up counties of any size for bench_county.py: places, schools, pupils and travel times, by one seed; no road is searched.

Trips are measured a block of settlements at a time, so that no table of all settlements and schools stands in memory; a county of few
pairs keeps its table (`Case.travel`) for those who ask for it.

Settlements lie in clusters round towns. Every town has a nine-year school with beds; smaller schools (primary, teaching points, some
junior) lie where people are. Walks are 1.3 times and rides 1.4 times as long as a straight line; rides run at 30 km/h.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass, replace
from importlib import metadata
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely import Point

from layout_planner.county.model import County, RoadTable
from layout_planner.norms import read_norms
from layout_planner.plan.case import Case
from layout_planner.plan.forms import sites_by_band, sites_of
from layout_planner.plan.present import list_present_trips, share_present
from layout_planner.scenario import Scenario
from layout_planner.travel.model import TravelTimes
from layout_planner.travel.options import commute_options

if TYPE_CHECKING:
    from layout_planner.plan.layout import Layout

CRS = "EPSG:32648"
ADULT_M_S, BUS_M_S = 1.4, 30 / 3.6
WALK_DETOUR, RIDE_DETOUR = 1.3, 1.4
SETTLEMENTS_PER_KM2 = 0.7
GRADES = {"teaching_point": (1, 2, 3), "primary": (1, 2, 3, 4, 5, 6), "nine_year": tuple(range(1, 10)), "junior": (7, 8, 9)}
BANDS = {"lower_primary": (1, 2, 3), "upper_primary": (4, 5, 6), "junior": (7, 8, 9)}
STREAM = 520
BLOCK = 2_000  # settlements whose trips are measured at a time
FEW_PAIRS = 10_000_000  # of settlements and schools


@dataclass(frozen=True)
class Size:
    """How large a county is."""

    settlements: int
    schools: int
    nearest: int  # commute options by settlement, band and mode
    limit_s: float

    @property
    def buses(self) -> int:
        """New buses that may be bought: enough for every pupil who cannot walk, so that size alone tells the counties apart."""
        return max(3 * self.schools, self.settlements // 3)


SIZES = {
    "township": Size(60, 8, 8, 20),
    "small": Size(1_000, 80, 8, 60),
    "1500x120": Size(1_500, 120, 8, 60),
    "5000x200": Size(5_000, 200, 6, 180),
    "county": Size(20_000, 400, 6, 600),
    "prefecture": Size(100_000, 2_000, 5, 3_600),
}


@dataclass(frozen=True)
class Problem:
    """One county with its options, ready to be solved."""

    case: Case
    options: pd.DataFrame
    today: Layout


def tell_machine() -> None:
    """Print the machine, and the versions of what solves and reckons here."""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("highspy", "pulp", "numpy", "pandas"))
    print(f"{platform.platform()}, {platform.machine()}, Python {platform.python_version()}, {versions}")


def make_problem(size: Size, seed: int = 7, **plan: object) -> Problem:
    """Return the county of `size` and `seed`; every school may close unless `plan` says otherwise."""
    rng = np.random.Generator(np.random.PCG64([seed, STREAM, size.settlements]))
    homes, towns = _place_homes(rng, size)
    schools = _place_schools(rng, size, homes, towns)
    pupils = _count_pupils(rng, size, homes, towns)
    stop_s = rng.uniform(0, 420, size.settlements).round(1)
    scenario = _scenario(size, seed, plan)
    county = _county(homes, schools, pupils)
    norms = read_norms("cn-rural")
    demand = pd.DataFrame(
        {band: pupils[[f"pupils_g{g}" for g in grades]].sum(axis=1).to_numpy() for band, grades in BANDS.items()}, index=pupils.index
    )
    kept = slice(0, size.settlements if size.settlements * size.schools <= FEW_PAIRS else 0)
    case = Case(scenario, norms, county, demand, _measure(homes, stop_s, schools, kept), sites_of(county.schools, scenario))
    taught, options, trips = sites_by_band(case.sites, scenario), [], []
    for first in range(0, size.settlements, BLOCK):
        part = replace(case, travel=_measure(homes, stop_s, schools, slice(first, first + BLOCK)))
        options.append(commute_options(part.travel, county.schools, taught, norms, scenario))
        trips.append(list_present_trips(part))
    today = pd.concat(trips, ignore_index=True)
    case = replace(case, county=_fit_places(case, today, rng))
    return Problem(case, pd.concat(options, ignore_index=True), share_present(case, today))


def _place_homes(rng: np.random.Generator, size: Size) -> tuple[np.ndarray, np.ndarray]:
    side = 1000 * np.sqrt(size.settlements / SETTLEMENTS_PER_KM2)
    towns = rng.uniform(0.1 * side, 0.9 * side, (max(2, size.schools // 8), 2))
    near = rng.random(size.settlements) < 0.6
    town = rng.integers(0, len(towns), size.settlements)
    clustered = towns[town] + rng.normal(0, 3500, (size.settlements, 2))
    return np.where(near[:, None], clustered, rng.uniform(0, side, (size.settlements, 2))).round(1), towns.round(1)


def _place_schools(rng: np.random.Generator, size: Size, homes: np.ndarray, towns: np.ndarray) -> pd.DataFrame:
    rest = size.schools - len(towns)
    others = homes[rng.choice(len(homes), rest, replace=False)] + rng.normal(0, 150, (rest, 2))
    kinds = np.array(["nine_year"] * len(towns) + list(rng.choice(["teaching_point", "primary", "junior"], rest, p=[0.45, 0.45, 0.1])))
    xy = np.vstack([towns, others]).round(1)
    return pd.DataFrame({"x": xy[:, 0], "y": xy[:, 1], "form": kinds}, index=[f"P{k:05d}" for k in range(size.schools)])


def _count_pupils(rng: np.random.Generator, size: Size, homes: np.ndarray, towns: np.ndarray) -> pd.DataFrame:
    """Return pupils by grade: about 18 a settlement and more near towns."""
    blocks = (homes[first : first + BLOCK] for first in range(0, len(homes), BLOCK))
    to_town = np.concatenate([np.sqrt(((block[:, None, :] - towns[None, :, :]) ** 2).sum(axis=2)).min(axis=1) for block in blocks])
    mean = rng.lognormal(0.2, 0.8, size.settlements) * np.where(to_town < 1500, 5.0, 1.0)
    counts = rng.poisson(mean[:, None], (size.settlements, 9))
    return pd.DataFrame(counts, columns=[f"pupils_g{g}" for g in range(1, 10)], index=[f"S{k:06d}" for k in range(size.settlements)])


def _measure(homes: np.ndarray, stop_s: np.ndarray, schools: pd.DataFrame, kept: slice) -> TravelTimes:
    """Return the trips of the settlements `kept` to all schools."""
    ids = pd.Index([f"S{k:06d}" for k in range(len(homes))[kept]], name="settlement_id")
    homes, stop_s = homes[kept], stop_s[kept]
    straight = np.sqrt((homes[:, :1] - schools["x"].to_numpy()) ** 2 + (homes[:, 1:] - schools["y"].to_numpy()) ** 2)
    walk_m, ride_m = WALK_DETOUR * straight, RIDE_DETOUR * straight
    count, nobody = len(homes), np.zeros(len(homes), dtype=bool)
    zero = np.zeros(count)
    none = np.zeros(len(schools))
    return TravelTimes(
        ids, schools.index, walk_m / ADULT_M_S, walk_m, ride_m / BUS_M_S, ride_m, stop_s, zero, none, zero, zero, none, nobody, zero, nobody
    )


def _scenario(size: Size, seed: int, plan: dict[str, object]) -> Scenario:
    file = {"path": "none.csv"}
    asked = {"may_close": "all", "move": "all", "max_new_beds": size.settlements // 3, "max_buses": size.buses, **plan}
    return Scenario.model_validate(
        {
            "schema": 1, "name": "series", "title": {"zh": "算例", "en": "series"}, "year": 2026, "bands": BANDS, "plan": asked,
            "data": {"settlements": file, "schools": file, "roads": file}, "travel": {"nearest_sites": size.nearest},
            "solver": {"time_limit_s": size.limit_s, "seed": seed, "gap": 0.005},
        }
    )  # fmt: skip


def _county(homes: np.ndarray, schools: pd.DataFrame, pupils: pd.DataFrame) -> County:
    settlements = gpd.GeoDataFrame(
        pupils.assign(name=pupils.index), geometry=[Point(*xy) for xy in homes], index=pupils.index.rename("settlement_id"), crs=CRS
    )
    table = gpd.GeoDataFrame(
        {
            "name": schools.index, "form": schools["form"], "grades": [GRADES[form] for form in schools["form"]], "seats": np.inf,
            "beds": 0, "buses": 0, "canteen": schools["form"].isin(["nine_year", "junior"]), "protected": False, "candidate": False,
        },
        geometry=[Point(*xy) for xy in schools[["x", "y"]].to_numpy()], index=schools.index.rename("school_id"), crs=CRS,
    )  # fmt: skip
    nodes = np.zeros((0, 2))
    return County(settlements, table, RoadTable(nodes, nodes, gpd.GeoDataFrame(geometry=[], crs=CRS)), pd.DataFrame(), CRS)


def _fit_places(case: Case, today: pd.DataFrame, rng: np.random.Generator) -> County:
    """Return the county with seats for 1.1 to 1.5 times today's pupils, beds at every canteen and a bus at every third school."""
    schools = case.county.schools.copy()
    pupils = share_present(case, today).sites["pupils"].reindex(schools.index).to_numpy()
    schools["seats"] = np.maximum(60.0, np.ceil(pupils * rng.uniform(1.1, 1.5, len(schools)) / 10) * 10)
    schools["beds"] = np.where(schools["canteen"], 16 * rng.integers(2, 9, len(schools)), 0)
    schools["buses"] = (rng.random(len(schools)) < 1 / 3).astype(int)
    return replace(case.county, schools=schools)
