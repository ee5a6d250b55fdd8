"""School bus cases of Park, Tae & Kim (2012) under the rules of Bertsimas, Delarue & Martin (PNAS 2019), as input of the router.

66 pupils a bus; 19 s a stop and 2.6 s a pupil; 154.4 s to get off at school, done by the early end of the bell window; Manhattan metric
at 29.3333333 feet a second; one school a run; nobody rides longer than the limit, from leaving the own stop to the gate.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from layout_planner.buses.model import Bell

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SEATS = 66
HALT_S = 19.0
PUPIL_S = 2.6
ALIGHT_S = 154.4
FEET_S = 29.3333333
SETS = tuple(f"{name}{number:02d}" for name in ("RSRB", "CSCB") for number in range(1, 9))
LIMITS_S = (2700, 5400)
PUBLISHED = "combined"
HEURISTIC = "LBH"


@dataclass(frozen=True)
class Place:
    """A school or a stop: where it is (feet), and what stands beside it in its file."""

    x: float
    y: float
    school: str
    bell_s: float = 0.0
    pupils: int = 0


def read_case(folder: Path, name: str) -> tuple[dict[str, Place], dict[str, Place]]:
    """Return the schools and the stops of the case `name`, by id."""
    schools = {
        row["ID"]: Place(float(row["X"]), float(row["Y"]), row["ID"], bell_s=_clock(row["AMEARLY"]))
        for row in _rows(folder / "input" / name / "Schools.txt")
    }
    stops = {
        row["ID"]: Place(float(row["X_COORD"]), float(row["Y_COORD"]), row["EP_ID"], pupils=int(row["STUDENT_COUNT"]))
        for row in _rows(folder / "input" / name / "Stops.txt")
    }
    return schools, stops


def make_bells(schools: dict[str, Place], stops: dict[str, Place], limit_s: float) -> tuple[list[Bell], list[list[str]]]:
    """Return the runs to be made, one Bell a school, and the ids of the stops of each in the order of its choices."""
    gates = np.array([(school.x, school.y) for school in schools.values()])
    bells, names = [], []
    for school_id, school in schools.items():
        own = [stop_id for stop_id, stop in stops.items() if stop.school == school_id]
        at = np.array([(stops[stop_id].x, stops[stop_id].y) for stop_id in own])
        pupils = np.array([stops[stop_id].pupils for stop_id in own])
        board_s, arrive_s = PUPIL_S * pupils, school.bell_s - ALIGHT_S
        between, to_school, from_schools = _ride_s(at, at), _ride_s(at, np.array([(school.x, school.y)]))[:, 0], _ride_s(gates, at)
        number = np.arange(len(own))
        bells.append(
            Bell(
                arrive_s,
                school.bell_s,
                number,
                number,
                pupils,
                arrive_s - limit_s - board_s,
                board_s,
                np.zeros(len(own)),
                HALT_S,
                between,
                between,
                to_school,
                to_school,
                from_schools,
                from_schools,
            )
        )
        names.append(own)
    return bells, names


def read_published(folder: Path) -> dict[tuple[str, int], dict[str, int]]:
    """Return the published number of buses by method, by set and limit."""
    found: dict[tuple[str, int], dict[str, int]] = {}
    with (folder / "pnas-tableS1.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            found.setdefault((row["benchmark"], int(float(row["max_riding_time"]))), {})[row["exp_name"]] = int(row["buses"])
    return found


def read_published_runs(folder: Path, name: str, limit_s: int) -> list[tuple[str, list[str]]]:
    """Return the published runs of a case: school, and stops in the order of boarding."""
    path = folder / "routes" / f"{name[:4]}{limit_s}" / f"SBRP_{name}.txt"
    lines = path.read_text(encoding="utf-8").splitlines()
    begin = lines.index("NODE_COORD_SECTION")
    runs = []
    for line in lines[begin + 2 :]:
        cells = line.split("\t")
        if not cells[0].isdigit():
            break
        runs.append((cells[7], [stop for stop in cells[10:] if stop]))
    return runs


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def _clock(text: str) -> float:
    return 3600.0 * int(text[:-2]) + 60.0 * int(text[-2:])


def _ride_s(begin: Floats, end: Floats) -> Floats:
    return np.asarray(np.abs(begin[:, None, :] - end[None, :, :]).sum(axis=2) / FEET_S)
