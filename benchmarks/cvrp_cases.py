"""CVRP instances through the project's own router, as a sanity check: `python benchmarks/bench_buses.py --cvrp FOLDER`.

The router knows school buses: a CVRP is one school at the depot, every bus coming from it, no limit of time. FOLDER holds VRPLIB files
(`X-n101-k25.vrp`) and beside each its best known solution (`X-n101-k25.sol`, with a line `Cost N`), as CVRPLIB hands them out. None of
them is part of this repository, and none could be had from a package registry: PyVRP's source archive (tests/data) holds only variants
with backhauls or several kinds of vehicles. Without a folder nothing is run. Instances of more than 200 nodes are left out.
"""

from __future__ import annotations

import platform
import re
import sys
import time
from importlib import metadata
from typing import TYPE_CHECKING

import numpy as np

from layout_planner.buses.model import Bell, Run, Vehicles
from layout_planner.buses.router import route_school

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

MOST_NODES = 200
ALL_DAY = 10**6
BEGIN_ROUNDS = 250


def run_cvrp(folder: Path, seconds: float, seed: int) -> int:
    """Run every instance in `folder` for about `seconds` of CPU and print costs beside the best known."""
    files = sorted(folder.glob("*.vrp")) if folder.is_dir() else []
    kept = [(path, *read_cvrp(path)) for path in files if path.with_suffix(".sol").is_file() and is_cvrp(path)]
    kept = [case for case in kept if len(case[2]) <= MOST_NODES]
    if not kept:
        print(f"no CVRP instance with its solution in {folder}: nothing to compare", file=sys.stderr)
        return 0
    print(f"{platform.platform()}, {platform.processor() or platform.machine()}; pyvrp {metadata.version('pyvrp')}; seed {seed}")
    print("| instance | nodes | vehicles | ours | best known | gap % | CPU s |\n|---|---|---|---|---|---|---|")
    gaps, faults = [], 0
    for path, capacity, places, demand in kept:
        begun = time.process_time()
        distances = round_distances(places)
        runs = route_for(distances, demand, capacity, seconds, seed)
        cost, best = count_cost(runs, distances), read_best(path.with_suffix(".sol"))
        faults += not is_served_once(runs, demand, capacity)
        gaps.append(100 * (cost - best) / best)
        spent = time.process_time() - begun
        print(f"| {path.stem} | {len(places)} | {len(runs)} | {cost} | {best} | {gaps[-1]:.2f} | {spent:.0f} |", flush=True)
    print(f"| mean | | | | | {np.mean(gaps):.2f} | |")
    return 1 if faults else 0


def is_cvrp(path: Path) -> bool:
    """Return whether a file is a plain CVRP with rounded distances."""
    text = path.read_text(encoding="utf-8")
    return bool(re.search(r"TYPE\s*:\s*CVRP\b", text) and re.search(r"EDGE_WEIGHT_TYPE\s*:\s*EUC_2D", text))


def read_cvrp(path: Path) -> tuple[int, NDArray[np.float64], Ints]:
    """Return capacity, places (the depot first) and demands of an instance."""
    text = path.read_text(encoding="utf-8")
    capacity = int(re.search(r"CAPACITY\s*:\s*(\d+)", text)[1]) if re.search(r"CAPACITY\s*:\s*(\d+)", text) else 0
    part = re.split(r"NODE_COORD_SECTION|DEMAND_SECTION|DEPOT_SECTION", text)
    places = (
        np.array([[float(cell) for cell in line.split()[1:3]] for line in part[1].strip().splitlines()])
        if len(part) > 2
        else np.zeros((0, 2))
    )
    demand = np.array([int(line.split()[1]) for line in part[2].strip().splitlines()]) if len(part) > 2 else np.zeros(0, dtype=np.int64)
    return capacity, places, demand


def read_best(path: Path) -> int:
    """Return the cost of a solution file."""
    found = re.search(r"Cost\s*:?\s*(\d+)", path.read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(f"{path} names no cost")
    return int(found[1])


def round_distances(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distances of TSPLIB's EUC_2D: rounded to the nearest whole number."""
    apart = places[:, None, :] - places[None, :, :]
    return np.floor(np.sqrt((apart**2).sum(axis=2)) + 0.5)


def route_for(distances: NDArray[np.float64], demand: Ints, capacity: int, seconds: float, seed: int) -> list[list[int]]:
    """Return routes as nodes, from as many iterations as `seconds` of CPU allow."""
    n = len(demand) - 1
    number, nothing = np.arange(n), np.zeros(n)
    bell = Bell(
        ALL_DAY, ALL_DAY, number, number, demand[1:], nothing, nothing, nothing, 0.0, distances[1:, 1:], distances[1:, 1:],
        distances[1:, 0], distances[1:, 0], distances[:1, 1:], distances[:1, 1:],
    )  # fmt: skip
    fleet, begin, begun, rounds, lap = [Vehicles(capacity, 0, n, 0)], (), time.process_time(), BEGIN_ROUNDS, 0
    best: tuple[Run, ...] = ()
    while (left := seconds - (time.process_time() - begun)) > 0:
        lap_begun = time.process_time()
        found = route_school(bell, fleet, [0.0], cost_per_m=1.0, rounds=rounds, seed=seed + lap, begin=begin)
        if found is not None and (not best or _cost(found, distances) < _cost(best, distances)):
            best = found
        spent = max(1e-3, time.process_time() - lap_begun)
        begin, rounds, lap = best, max(1, min(2 * rounds, int(rounds * (left - spent) / spent))), lap + 1
    return [[choice + 1 for choice in run.choices] for run in best]


def _cost(runs: tuple[Run, ...], distances: NDArray[np.float64]) -> int:
    return count_cost([[choice + 1 for choice in run.choices] for run in runs], distances)


def count_cost(routes: list[list[int]], distances: NDArray[np.float64]) -> int:
    """Return the length of all routes, from the depot and back."""
    return int(sum(distances[here, there] for route in routes for here, there in zip([0, *route], [*route, 0], strict=True)))


def is_served_once(routes: list[list[int]], demand: Ints, capacity: int) -> bool:
    """Return whether every customer is served by one vehicle and none carries too much."""
    served = sorted(node for route in routes for node in route)
    return served == list(range(1, len(demand))) and all(demand[route].sum() <= capacity for route in routes)
