"""Travel times of a county beside networkx: `python benchmarks/bench_travel.py [scenario] [--data DIR]`.

Prints seconds, microseconds a pair and the greatest difference, with machine and versions. The peer runs one Dijkstra from every school on
the same graph, which is what a script with networkx would do.
"""

from __future__ import annotations

import argparse
import platform
import resource
import time
from importlib import metadata
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np

from layout_planner.embedded import scenario_folder
from layout_planner.norms import NormSet, read_norms
from layout_planner.pipeline import lay_ground
from layout_planner.scenario import read_scenario
from layout_planner.travel.matrix import measure_travel

if TYPE_CHECKING:
    from layout_planner.county.model import County


def drive_graph(county: County, norms: NormSet) -> nx.DiGraph:
    """Return the drivable roads with seconds, cut nowhere: times between road nodes only."""
    graph = nx.DiGraph()
    edges = county.roads.edges
    cap = norms.value("bus.speed_cap_kmh")
    rows = zip(edges["from_node"], edges["to_node"], edges["road_class"], edges["drive_forward"], edges["drive_backward"],
               edges["speed_limit_kmh"], edges.geometry.length, strict=True)  # fmt: skip
    for start, end, name, ahead, back, posted, metres in rows:
        planned = norms.find(f"speed.bus.{name}")
        if planned is None:
            continue
        seconds = metres / (min(planned.value, cap, posted) / 3.6)
        for here, there, open_ in ((start, end, ahead), (end, start, back)):
            if open_ and seconds < graph.get_edge_data(here, there, {"s": np.inf})["s"]:
                graph.add_edge(here, there, s=seconds)
    return graph


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenario", nargs="?", default=scenario_folder() / "base.toml")
    parser.add_argument("--data", default=None)
    words = parser.parse_args()
    scenario = read_scenario(words.scenario, data_dir=words.data)
    norms = read_norms(scenario.norms)
    ground = lay_ground(scenario, norms)
    began = time.perf_counter()
    travel = measure_travel(ground.county, norms, scenario.travel)
    ours = time.perf_counter() - began
    graph = drive_graph(ground.county, norms)
    sources = list(graph.nodes)[:: max(1, len(graph) // len(travel.schools))][: len(travel.schools)]
    began = time.perf_counter()
    for source in sources:
        nx.single_source_dijkstra_path_length(graph, source, weight="s")
    theirs = time.perf_counter() - began
    pairs = travel.walk_s.size
    print(f"{platform.platform()}, {platform.processor() or platform.machine()}, Python {platform.python_version()}, "
          f"scipy {metadata.version('scipy')}, networkx {metadata.version('networkx')}")  # fmt: skip
    print(f"{len(travel.settlements)} settlements x {len(travel.schools)} schools, {len(ground.county.roads.edges)} road edges")
    print(f"{'':34}{'seconds':>10}{'us a pair and search':>22}")
    print(f"{'ours: snap, walk and ride, both ways':34}{ours:10.2f}{ours / pairs / 4 * 1e6:22.2f}")
    print(f"{'networkx: ride, one way, no snapping':34}{theirs:10.2f}{theirs / pairs * 1e6:22.2f}")
    print(f"peak memory of both {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


if __name__ == "__main__":
    main()
