"""Travel engines side by side: `python benchmarks/bench_travel.py [--size small|county|province]`.

Every engine gets the same made-up roads (road_graphs.py) and the same question in the same run; read ratios, not seconds. CPU seconds of
all threads are counted, so that other work on the machine weighs little. Engines that would need hours answer for a few sources, and their
time is scaled to all ("~"); with a cutoff a peer that needs up to ALL_S answers for all, and what one waits for is told too: ours runs on
all cores, peers on one. What takes up to TWICE_S is done twice, and the better one counts, ours and theirs. Peers give seconds; ours give
seconds and the metres of that way. Compiling the loops (once an installation) is told apart. So is fetching memory: a virtual machine gets
what it has not used lately from its host at ten times the usual price, and whoever comes first would pay it for all; so memory is touched
and given back before every step, and the price is printed.
"""

from __future__ import annotations

import argparse
import platform
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import geopandas as gpd
import numpy as np
import shapely
from peers import PEERS, version_of
from road_graphs import MODES, make_places, make_roads, weigh_roads

from layout_planner.norms import read_norms
from layout_planner.scenario import Travel
from layout_planner.travel import network
from layout_planner.travel.hierarchy import Shape, name_topology, rank_nodes, sweep_trips, weigh
from layout_planner.travel.links import BLOCK_CELLS
from layout_planner.travel.matrix import measure_net
from layout_planner.travel.net import build_net
from layout_planner.travel.network import join_places, trips_within

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from peers import Search
    from road_graphs import Roads

    from layout_planner.travel.network import Arcs, Near

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

T = TypeVar("T")
CLOSED_SHARE = 0.02
CUTOFFS = (("walk", 30), ("walk", 60), ("drive", 15), ("drive", 30))
TWICE_S = 30.0  # CPU seconds up to which a question is asked twice
ALL_S = 90.0  # and up to which, at a guess, a peer answers for all sources
ROWS = 100  # sources that a peer is asked for at a time where it answers for all


@dataclass(frozen=True)
class Size:
    """How large a question is; `sample` is how many sources a slow peer answers for, 0 where its preparation alone takes too long."""

    nodes: int
    homes: int
    schools: int
    matrix: tuple[int, int]  # homes, schools of the full matrix
    doors: tuple[int, int]  # homes, schools of trips from door to door
    sample: dict[str, int]
    room_mb: int  # memory that is touched before every step: more than an answer takes


SIZES = {
    "small": Size(4_000, 800, 60, (800, 60), (800, 60), {"networkx": 10, "scipy": 60, "igraph": 10, "pandana": 10}, 100),
    "county": Size(100_000, 20_000, 400, (20_000, 400), (20_000, 400), {"networkx": 4, "scipy": 100, "igraph": 10, "pandana": 4}, 500),
    "province": Size(
        1_000_000, 150_000, 8_000, (30_000, 1_500), (20_000, 400), {"networkx": 1, "scipy": 100, "igraph": 2, "pandana": 0}, 1_500
    ),
}


@dataclass(frozen=True)
class Cost:
    """CPU and wall seconds of one step, and the most memory in MB that the process held meanwhile (NaN but on Linux)."""

    cpu: float
    wall: float
    peak_mb: float


def fetch_memory(room_mb: int) -> Cost:
    """Touch so much memory and give it back; return what that cost."""
    cpu, wall = time.process_time(), time.perf_counter()
    np.empty(room_mb << 17).fill(0.0)
    return Cost(time.process_time() - cpu, time.perf_counter() - wall, np.nan)


def measure_twice(work: Callable[[], T], room_mb: int) -> tuple[T, Cost]:
    """Return what `work` returns and what it cost at its best; once only where it takes long."""
    done, cost = measure(work, room_mb)
    if cost.cpu > TWICE_S:
        return done, cost
    del done
    done, again = measure(work, room_mb)
    return done, Cost(min(cost.cpu, again.cpu), min(cost.wall, again.wall), max(cost.peak_mb, again.peak_mb))


def measure(work: Callable[[], T], room_mb: int = 0) -> tuple[T, Cost]:
    """Return what `work` returns and what it cost."""
    fetch_memory(room_mb)
    _forget_peak()
    cpu, wall = time.process_time(), time.perf_counter()
    done = work()
    return done, Cost(time.process_time() - cpu, time.perf_counter() - wall, _peak_mb())


def _forget_peak() -> None:
    """Start the process's memory peak anew, where the system can (Linux)."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


def _peak_mb() -> float:
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
    except (OSError, StopIteration):
        return np.nan


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table in Markdown."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    print(f"\n{title}\n")
    for row in (header, ["-" * width for width in widths], *rows):
        print("| " + " | ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) + " |")


def differ(told: Floats, wanted: Floats) -> float:
    """Return the greatest absolute difference, inf where only one of the two knows a way."""
    both = np.isfinite(told) & np.isfinite(wanted)
    if not np.array_equal(np.isfinite(told), np.isfinite(wanted)):
        return np.inf
    return float(np.abs(told[both] - wanted[both]).max(initial=0.0))


def why_absent(peer: str, size: Size) -> str:
    """Return why a peer does not take part, empty where it does."""
    if version_of(peer) is None:
        return "not installed"
    return "" if size.sample[peer] else "left out"


def compare_matrices(roads: Roads, size: Size, rng: np.random.Generator) -> None:
    """Full matrices in three modes: ours with the order found anew and with a kept one, and all peers."""
    homes, schools = size.matrix
    source, target = (rng.choice(size.nodes, count, replace=False) for count in (schools, homes))
    pairs = homes * schools * len(MODES)
    shape = roads.shape
    rank, order_cost = measure(lambda: rank_nodes(shape.links), size.room_mb)
    shared = Shape(size.nodes, roads.tail, roads.head, {name_topology(shape.links): rank})
    _, build_cost = measure(lambda: shared.hierarchy, size.room_mb)
    arcs = [weigh_roads(roads, mode, shared) for mode in MODES]
    told, search = [], []
    for graph in arcs:
        labels, cost = measure_twice(
            lambda graph=graph: sweep_trips(shared.hierarchy, weigh(shared.hierarchy, graph), source, target), size.room_mb
        )
        told.append(labels[0][: max(size.sample.values())].copy())
        search.append(cost)
        del labels
    kept = build_cost.cpu + sum(cost.cpu for cost in search)
    ours = {"ours, order anew": kept + order_cost.cpu, "ours, order kept": kept}
    peak = max(cost.peak_mb for cost in (order_cost, build_cost, *search))
    rows = [
        _matrix_row(name, total, pairs, ours, (order_cost.cpu * ("anew" in name) + build_cost.cpu, peak, 0.0))
        for name, total in ours.items()
    ]
    for name, build in PEERS.items():
        few = size.sample[name]
        if absent := why_absent(name, size):
            rows.append([name, absent, *[""] * 6])
            continue
        total, built, peak, worst = 0.0, 0.0, 0.0, 0.0
        for graph, wanted in zip(arcs, told, strict=True):
            ask, cost = measure(lambda build=build, graph=graph: build(graph), size.room_mb)
            found, spent = measure_twice(lambda ask=ask, few=few: ask(source[:few], target, np.inf), size.room_mb)
            built, total = built + cost.cpu, total + cost.cpu + spent.cpu * schools / len(found)
            peak, worst = max(peak, cost.peak_mb, spent.peak_mb), max(worst, differ(wanted[:few], found))
            del ask, found
        rows.append(_matrix_row(name, total, pairs, ours, (built, peak, worst)))
    header = ("engine", "CPU s", "ns / pair", "anew: x faster", "kept: x faster", "build s", "peak MB", "max difference s")
    print_table(f"Full matrix, {homes:,} settlements x {schools:,} schools, {size.nodes:,} nodes, {len(MODES)} modes", header, rows)
    arcs_a_node = len(shared.hierarchy.head) / size.nodes
    modes = [", ".join(f"{getattr(cost, clock):.2f}" for cost in search) for clock in ("cpu", "wall")]
    print(f"\nOurs: order {order_cost.cpu:.2f} s, hierarchy {build_cost.cpu:.2f} s ({arcs_a_node:.1f} arcs a node), "
          f"then a mode {modes[0]} s CPU, {modes[1]} s wall.")  # fmt: skip
    compare_bad_day(roads, shared, source[: size.sample["scipy"]], target)


def _matrix_row(name: str, total: float, pairs: int, ours: dict[str, float], rest: tuple[float, float, float]) -> list[str]:
    built, peak, worst = rest
    faster = [f"{total / mine:,.1f}" for mine in ours.values()]
    return [name, f"{total:,.2f}", f"{total / pairs * 1e9:,.1f}", *faster, f"{built:.2f}", f"{peak:,.0f}", f"{worst:.1g}"]


def compare_bad_day(roads: Roads, shape: Shape, source: Ints, target: Ints) -> None:
    """Close a fiftieth of the roads: the same hierarchy, new weights."""
    closed = np.random.default_rng(9).random(len(roads.tail)) < CLOSED_SHARE
    graph = weigh_roads(roads, "drive", shape, closed)
    weight, cost = measure(lambda: weigh(shape.hierarchy, graph))
    told = sweep_trips(shape.hierarchy, weight, source[:4], target)[0]
    wanted = PEERS["scipy"](graph)(source[:4], target, np.inf)
    print(f"A bad day, {CLOSED_SHARE:.0%} of the roads closed: new weights in {cost.cpu:.2f} s CPU ({cost.wall:.2f} s wall), "
          f"max difference to scipy {differ(told, wanted):.1g} s.")  # fmt: skip


def compare_cutoffs(roads: Roads, size: Size, rng: np.random.Generator) -> None:
    """Only what is near: ours for all schools, peers for a few of them, scaled."""
    source, target = (rng.choice(size.nodes, count, replace=False) for count in (size.schools, size.homes))
    shape, rows = roads.shape, []
    for mode, minutes in CUTOFFS:
        graph = weigh_roads(roads, mode, shape)
        limit = np.full(size.schools, 60.0 * minutes)
        near, cost = measure_twice(lambda graph=graph, limit=limit: trips_within(graph, source, target, limit), size.room_mb)
        each = cost.cpu / max(len(near.source), 1) * 1e9
        rows.append(
            [
                f"{mode} {minutes} min",
                "ours",
                f"{len(near.source):,}",
                f"{cost.cpu:,.2f}",
                f"{cost.wall:,.2f}",
                f"{each:,.0f}",
                "",
                "",
                f"{cost.peak_mb:,.0f}",
                "",
            ]
        )
        for name in ("networkx", "scipy", "pandana"):
            if absent := why_absent(name, size):
                rows.append(["", name, absent, *[""] * 7])
                continue
            few = max(size.sample[name], 2)
            ask = PEERS[name](graph)
            ask(source[:1], target, 60.0 * minutes)
            answer = _ask_near(ask, (source[:few], target), 60.0 * minutes, near, size.room_mb)
            scale = size.schools / few
            everybody = answer.cpu * scale <= ALL_S
            if everybody:
                answer = _ask_near(ask, (source, target), 60.0 * minutes, near, size.room_mb, 2 if answer.cpu * scale <= TWICE_S else 1)
                scale = 1.0
            spent, waited, mark = answer.cpu * scale, answer.wall * scale, "" if everybody else "~"
            rows.append(
                ["", name, "", f"{mark}{spent:,.2f}", f"{mark}{waited:,.2f}", "", f"{spent / cost.cpu:,.1f}", f"{waited / cost.wall:,.1f}",
                 f"{answer.peak_mb:,.0f}", f"{answer.worst:.1g}"]
            )  # fmt: skip
            del ask
    header = ("cutoff", "engine", "pairs", "CPU s", "wall s", "ns / pair", "x faster, CPU", "x faster, wall", "peak MB", "max difference s")
    print_table(f"With a cutoff, {size.homes:,} settlements x {size.schools:,} schools, {size.nodes:,} nodes", header, rows)


class Answer(NamedTuple):
    """CPU and wall seconds, most memory and greatest difference of a peer's answer."""

    cpu: float
    wall: float
    peak_mb: float
    worst: float


def _ask_near(ask: Search, ends: tuple[Ints, Ints], limit: float, near: Near, room_mb: int, times: int = 1) -> Answer:
    """Ask a peer for all sources, ROWS at a time, and hold what it finds against `near`; the better of so many times."""
    source, target = ends
    rounds, peak, worst = [], 0.0, 0.0
    for _ in range(times):
        fetch_memory(room_mb)
        cpu, wall = 0.0, 0.0
        for first in range(0, len(source), ROWS):
            part = source[first : first + ROWS]
            found, spent = measure(lambda part=part: ask(part, target, limit))
            mine = slice(*np.searchsorted(near.source, [first, first + len(part)]))
            known = found[near.source[mine] - first, near.target[mine]]
            same = np.isfinite(known).all() and np.isfinite(found).sum() == len(known)
            cpu, wall, peak = cpu + spent.cpu, wall + spent.wall, max(peak, spent.peak_mb)
            worst = max(worst, float(np.abs(known - near.seconds[mine]).max(initial=0.0)) if same else np.inf)
            del found
        rounds.append((cpu, wall))
    return Answer(min(cpu for cpu, _ in rounds), min(wall for _, wall in rounds), peak, worst)


def show_growth(roads: Roads, size: Size, rng: np.random.Generator) -> None:
    """Cost by pairs within the cutoff: a tenth, three tenths and all of the schools."""
    target = rng.choice(size.nodes, size.homes, replace=False)
    graph, rows = weigh_roads(roads, "drive"), []
    for share in (1, 3, 10):
        source = rng.choice(size.nodes, size.schools * share // 10, replace=False)
        near, cost = measure_twice(lambda source=source: trips_within(graph, source, target, np.full(len(source), 900.0)), size.room_mb)
        each = cost.cpu / max(len(near.source), 1) * 1e9
        rows.append([f"{share}x", f"{len(source):,}", f"{len(near.source):,}", f"{cost.cpu:.2f}", f"{each:,.0f}"])
    print_table("Growth, drive 15 min", ("", "schools", "pairs", "CPU s", "ns / pair"), rows)


def show_snapping(roads: Roads, size: Size, rng: np.random.Generator) -> None:
    """Join all settlements to the nearest edge."""
    lines = shapely.linestrings(np.stack([roads.xy[roads.tail], roads.xy[roads.head]], axis=1))
    edges = gpd.GeoDataFrame({"way": np.arange(len(lines)).astype(str)}, geometry=lines, crs="EPSG:32648")
    points = shapely.points(rng.uniform(roads.xy.min(), roads.xy.max(), (size.homes, 2)))
    spots, cost = measure(lambda: join_places(points, edges, np.ones(len(edges), dtype=bool)))
    print(f"\nSnapping {size.homes:,} points to the nearest of {len(edges):,} edges: {cost.cpu:.2f} s CPU ({cost.wall:.2f} s wall), "
          f"mean distance {spots.distance.mean():.0f} m.")  # fmt: skip


def show_doors(roads: Roads, size: Size, seed: int) -> None:
    """Trips from door to door: a place joins every road within 500 m, and of all ways between two places' joints the quickest is told."""
    homes, schools = size.doors
    county, norms, settings = make_places(roads, homes, schools, seed), read_norms("cn-rural"), Travel()
    net, joining = measure(lambda: build_net(county, norms, settings))
    trips, adults = measure(lambda: measure_net(net, county, settings))
    riding, children = measure(lambda: trips.riding(0.8, 1.3, 600.0))
    steps = {"joining": joining, "walks there and back, rides of adults": adults, "rides of children": children}
    rows = [[what, f"{cost.cpu:,.1f}", f"{cost.wall:,.1f}", f"{cost.peak_mb:,.0f}"] for what, cost in steps.items()]
    title = f"Door to door, {homes:,} settlements x {schools:,} schools, {len(roads.tail):,} edges"
    print_table(title, ("step", "CPU s", "wall s", "peak MB"), rows)
    foot, bus = (len(net.home), len(net.school)), (len(net.stop), len(net.gate))
    joints = [f"{a / homes:.1f} a settlement, {b / schools:.1f} a school, {a * b:,} ways" for a, b in (foot, bus)]
    print(f"\nJoints on foot: {joints[0]}; of buses: {joints[1]}; {BLOCK_CELLS:,} are held at a time. "
          f"{np.isfinite(riding.ride_s).mean():.1%} have a ride.")  # fmt: skip


TABLES = {"matrix": compare_matrices, "cutoffs": compare_cutoffs, "growth": show_growth, "snapping": show_snapping}


def main(words: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--only", choices=(*TABLES, "doors"), help="this table alone")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(words)
    size = SIZES[asked.size]
    network.PLAIN_CELLS = 0  # the compiled loops, however small the question
    versions = [f"{name} {version_of(name) or '-'}" for name in ("numba", "numpy", *PEERS)]
    print(f"{platform.platform()}, {platform.machine()}, Python {platform.python_version()}, "
          f"layout-planner {metadata.version('layout-planner')}, {', '.join(versions)}")  # fmt: skip
    _, cost = measure(lambda: _compile_loops(asked.seed))
    print(f"Starting and, the first time, compiling the loops: {cost.cpu:.1f} s")
    fetching = [f"{fetch_memory(size.room_mb).cpu:.2f}" for _ in range(2)]
    print(f"Fetching {size.room_mb:,} MB of memory, as before every step: {fetching[0]} s CPU, and once more at once {fetching[1]} s")
    roads, cost = measure(lambda: make_roads(size.nodes, asked.seed))
    print(
        f"{size.nodes:,} junctions, {len(roads.tail):,} edges, {2 * len(roads.tail) / size.nodes:.2f} a junction, made in {cost.cpu:.1f} s"
    )
    for name, show in TABLES.items():
        if asked.only in {None, name}:
            show(roads, size, np.random.default_rng(asked.seed))
    if asked.only in {None, "doors"}:
        show_doors(roads, size, asked.seed)


def _compile_loops(seed: int) -> Arcs:
    roads = make_roads(400, seed)
    graph = weigh_roads(roads, "walk")
    ends = np.arange(40)
    network.trips_between(graph, ends, ends)
    trips_within(graph, ends, ends, np.full(40, 900.0))
    return graph


if __name__ == "__main__":
    main()
