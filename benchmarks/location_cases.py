"""The classic instances of the OR-Library (Beasley 1990), as arrays, with their published optima."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import shortest_path

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CAP_DEMAND = {"capa": 50886, "capb": 51406, "capc": 50937}  # of all customers; some public copies are altered
CAP_DEMAND_OTHERS = 58268


@dataclass(frozen=True)
class CapCase:
    """One capacitated case: costs (customers, sites) for all of a customer, and its published optimum when customers may be split."""

    name: str
    cost: Floats
    opening: Floats
    demand: Floats
    capacity: Floats
    optimum: float


def read_medians(folder: Path, number: int) -> tuple[Floats, int, int]:
    """Return the shortest ways between all nodes of `pmed<number>`, how many are to open, and the published optimum."""
    words = np.array((folder / f"pmed{number}.txt").read_text().split(), dtype=int)
    nodes, edges, p = words[:3]
    lengths = np.zeros((nodes, nodes))
    for one, other, length in words[3 : 3 + 3 * edges].reshape(-1, 3) - (1, 1, 0):  # of an edge named twice the last counts
        lengths[one, other] = lengths[other, one] = length
    lines = [line.split() for line in (folder / "pmedopt.txt").read_text().splitlines()]
    optimum = next(int(line[1]) for line in lines if line and line[0] == f"pmed{number}")
    return shortest_path(csr_array(lengths), directed=False), int(p), optimum


def read_cap_cases(folder: Path) -> list[CapCase]:
    """Return all cases of `capopt.txt`; capa, capb and capc stand there once for every capacity."""
    cases, name = [], ""
    for line in (folder / "capopt.txt").read_text().splitlines()[1:]:
        words = line.replace("(capacity", "").replace(")", "").split()
        if words and words[0].startswith("cap"):
            name = words.pop(0)
        if not words or not words[0].replace(".", "").isdigit():
            continue
        cases.append(_read_cap(folder / f"{name}.txt", name, float(words[0]), words[1] if len(words) > 1 else ""))
    return cases


def _read_cap(path: Path, name: str, optimum: float, capacity: str) -> CapCase:
    words = np.array(path.read_text().replace("capacity", capacity or "capacity").split(), dtype=float)
    sites = int(words[0])
    rows = words[2 + 2 * sites :].reshape(int(words[1]), sites + 1)
    if rows[:, 0].sum() != CAP_DEMAND.get(name, CAP_DEMAND_OTHERS):
        raise ValueError(f"{path} is an altered copy: its customers need {rows[:, 0].sum():g}")
    shown = f"{name} {capacity}".strip()
    return CapCase(shown, rows[:, 1:], words[3 : 3 + 2 * sites : 2], rows[:, 0], words[2 : 2 + 2 * sites : 2], optimum)


def draw_demand(number: int, clients: int) -> Floats:
    """Return demands from 1 to 20 for a capacitated version of `pmed<number>`, from a seed that is the number."""
    return np.random.Generator(np.random.PCG64(number)).integers(1, 21, clients).astype(float)
