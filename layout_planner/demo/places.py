"""Where people live: townships in the valleys, villages round them, two pockets the road does not reach."""

# ruff: noqa: PLR2004  a county is invented by such numbers; each is used once and says what it is where it stands
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from layout_planner.demo.names import TOWNSHIPS
from layout_planner.demo.terrain import CENTRE, SIDE, STEP, cell_xy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layout_planner.demo.terrain import Floats, Ints, Terrain

VILLAGES = 132  # administrative villages
HAMLETS = 580  # natural villages
UPPER_GORGE = (0.50, 0.58)  # the stretch of the river beside the lost pocket
POCKET_M = 2_300.0  # radius of the two pockets


@dataclass(frozen=True)
class Pockets:
    """Two rounds of land: one above the gorge with no road out, one reached on foot only (masks over coarse cells)."""

    lost: NDArray[np.bool_]
    lost_hub: int
    footpath: NDArray[np.bool_]
    footpath_hub: int


@dataclass(frozen=True)
class Places:
    """Cells where things stand.

    seats     coarse cell of each township's seat, the county town first
    villages  coarse cells of administrative villages
    hamlets   x, y, village (position in `villages`) of each natural village, shape (n, 3)
    """

    seats: Ints
    villages: Ints
    hamlets: Floats


def make_boundary(rng: np.random.Generator) -> shapely.Polygon:
    """Return the county's outline in metres, about 40 km across."""
    angle = np.linspace(0, 2 * np.pi, 181)[:-1]
    radius = 20_300.0 * np.ones_like(angle)
    for waves in range(2, 16):
        radius += 1_500.0 / waves * rng.normal() * np.cos(waves * angle + rng.uniform(0, 2 * np.pi))
    radius = np.minimum(radius, 21_800.0)
    return shapely.Polygon(np.column_stack([CENTRE[0] + radius * np.cos(angle), CENTRE[1] + radius * np.sin(angle)]))


def cells_within(boundary: shapely.Polygon, margin: float) -> NDArray[np.bool_]:
    """Return for every coarse cell whether it lies at least `margin` metres inside."""
    xy = cell_xy(np.arange(SIDE * SIDE))
    return np.asarray(shapely.contains_xy(boundary.buffer(-margin), xy[:, 0], xy[:, 1]))


def slope_of(terrain: Terrain) -> Floats:
    """Return the slope at every coarse cell, rise over run."""
    down, right = np.gradient(terrain.coarse, STEP)
    return np.asarray(np.hypot(down, right).ravel())


def _far_apart(candidates: Ints, scores: Floats, apart: float, count: int, taken: Ints) -> Ints:
    """Return up to `count` candidates, best score first, none nearer than `apart` metres to another."""
    chosen = list(taken)
    spots = cell_xy(np.array(chosen)) if chosen else np.empty((0, 2))
    for cell in candidates[np.argsort(-scores, kind="stable")]:
        spot = cell_xy(np.array([cell]))
        if len(spots) and np.hypot(*(spots - spot).T).min() < apart:
            continue
        chosen.append(int(cell))
        spots = np.vstack([spots, spot])
        if len(chosen) - len(taken) == count:
            break
    return np.array(chosen[len(taken) :], dtype=np.int64)


def place_seats(rng: np.random.Generator, terrain: Terrain, boundary: shapely.Polygon) -> Ints:
    """Return the cells of the county town (on the river above the gorge) and of the township seats (in valleys)."""
    town = int(terrain.river[int(len(terrain.river) * 0.41)]) - 2 * SIDE
    inside = cells_within(boundary, 2_600.0) & (slope_of(terrain) < 0.14) & (terrain.drained.ravel() > 25)
    inside[terrain.river] = False
    gorge = cell_xy(terrain.river[slice(*terrain.gorge)])
    candidates = np.flatnonzero(inside)
    to_gorge = np.array([np.hypot(*(gorge - spot).T).min() for spot in cell_xy(candidates)])
    candidates = candidates[to_gorge > 1_500.0]
    scores = np.log10(terrain.drained.ravel()[candidates]) + rng.uniform(0, 2.0, len(candidates))
    rest = _far_apart(candidates, scores, 7_600.0, len(TOWNSHIPS) - 1, np.array([town]))
    if len(rest) < len(TOWNSHIPS) - 1:
        raise ValueError("the mountains of this seed have no room for all townships; take another seed")
    return np.concatenate([[town], rest])


def choose_pockets(terrain: Terrain, boundary: shapely.Polygon, seats: Ints) -> Pockets:
    """Return the pocket south of the upper gorge (far from every seat) and the one high in the mountains."""
    inside = cells_within(boundary, POCKET_M + 500.0) & (slope_of(terrain) < 0.25)
    candidates = np.flatnonzero(inside)
    spots = cell_xy(candidates)
    upper = cell_xy(terrain.river[slice(*(int(len(terrain.river) * share) for share in UPPER_GORGE))])
    to_gorge = np.array([np.hypot(*(upper - spot).T).min() for spot in spots])
    to_seat = np.array([np.hypot(*(cell_xy(seats) - spot).T).min() for spot in spots])
    south = spots[:, 1] < upper[:, 1].min()  # the trunk road follows the other side
    near = south & (to_gorge > POCKET_M - 900.0) & (to_gorge < POCKET_M + 300.0)
    lost = int(candidates[np.argmax(np.where(near, to_seat, 0.0))])
    apart = np.hypot(*(spots - cell_xy(np.array([lost]))).T)
    height = terrain.coarse.ravel()[candidates]
    high = (apart > 9_000) & (to_seat > 4_300) & (height > np.quantile(height, 0.6)) & (height < np.quantile(height, 0.93))
    foot = int(candidates[np.argmax(np.where(high, height, 0.0))])
    everywhere = cell_xy(np.arange(SIDE * SIDE))
    rounds = [np.hypot(*(everywhere - cell_xy(np.array([hub]))).T) < size for hub, size in ((lost, POCKET_M), (foot, 0.75 * POCKET_M))]
    bank = np.zeros(SIDE, dtype=np.int64)
    np.maximum.at(bank, terrain.river % SIDE, terrain.river // SIDE)
    beyond = np.arange(SIDE * SIDE) // SIDE > bank[np.arange(SIDE * SIDE) % SIDE]
    return Pockets(rounds[0] & beyond, lost, rounds[1], foot)


def place_villages(rng: np.random.Generator, terrain: Terrain, boundary: shapely.Polygon, seats: Ints, pockets: Pockets) -> Places:
    """Return administrative villages and the natural villages round them."""
    slope = slope_of(terrain)
    allowed = cells_within(boundary, 700.0) & (slope < 0.32)
    allowed[terrain.river] = False
    candidates = np.flatnonzero(allowed)
    to_seat = np.array([np.hypot(*(cell_xy(seats) - spot).T).min() for spot in cell_xy(candidates)])
    scores = rng.uniform(0, 1.0, len(candidates)) - 2.2 * slope[candidates] - 0.00006 * to_seat
    hubs = np.array([pockets.lost_hub, pockets.footpath_hub])
    rest = _far_apart(candidates, scores, 2_150.0, VILLAGES - len(seats) - 2, np.concatenate([seats, hubs]))
    villages = np.concatenate([seats, hubs, rest])
    return Places(seats, villages, _scatter_hamlets(rng, villages, allowed, len(seats)))


def _scatter_hamlets(rng: np.random.Generator, villages: Ints, allowed: NDArray[np.bool_], seats: int) -> Floats:
    """Return natural villages: one at each administrative village (seats hold a town instead), the others around."""
    spots: list[tuple[float, float, float]] = []
    centres = cell_xy(villages)
    for number in range(seats, len(villages)):
        x, y = centres[number] + rng.uniform(-60, 60, 2)
        spots.append((x, y, number))
    wanted = [seats] * 7 + [seats + 1] * 5  # the two pockets, which chance might leave empty
    while len(spots) < HAMLETS:
        number = wanted[0] if wanted else int(rng.integers(0, len(villages)))
        angle, distance = rng.uniform(0, 2 * np.pi), rng.gamma(2.2, 320.0) + 250.0
        x, y = centres[number][0] + distance * np.cos(angle), centres[number][1] + distance * np.sin(angle)
        column, row = int((x - centres[0][0]) // STEP + villages[0] % SIDE), int((centres[0][1] - y) // STEP + villages[0] // SIDE)
        if not (0 <= row < SIDE and 0 <= column < SIDE) or not allowed[row * SIDE + column]:
            continue
        if min((x - a) ** 2 + (y - b) ** 2 for a, b, _ in spots) > 330.0**2:
            spots.append((float(x), float(y), number))
            wanted = wanted[1:]
    return np.array(spots)
