"""Mountains that rivers could have made: heights in metres on a grid of 90 m, with a gorge below the county town.

Water runs down a tree of cheapest ways to the outlets. A stream is the flatter the more land it drains, so the height of a cell is
its distance from the outlet in a world where big streams are cheap; a few rounds of "who drains what" settle both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage, sparse
from scipy.sparse.csgraph import dijkstra

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

EPSG = 32648
SIDE = 256  # cells of the coarse grid on which water and roads run
STEP = 180.0  # metres between coarse cells
FINE = 2  # DEM cells in a coarse cell, one way
WEST, NORTH = 630_960.0, 2_989_040.0  # metres, the corner of the grid
CENTRE = (WEST + SIDE * STEP / 2, NORTH - SIDE * STEP / 2)
OUTLETS = (((0, 62), 330.0), ((0, 190), 250.0), ((SIDE - 1, 50), 350.0), ((SIDE - 1, 190), 270.0))  # cell, metres above the river's end
RIVER_RISE = 1.1  # metres a coarse cell
ROUNDS = 7


@dataclass(frozen=True)
class Terrain:
    """Heights in metres on both grids, and the cells of the river from west to east.

    fine     (512, 512) heights, row 0 in the north
    coarse   (256, 256) heights at the coarse cells
    drained  (256, 256) cells that drain through each cell
    river    coarse cell numbers of the river, upstream to downstream, side by side (no diagonal steps)
    gorge    positions in `river` where the gorge begins and ends
    """

    fine: Floats
    coarse: Floats
    drained: Floats
    river: Ints
    gorge: tuple[int, int]


def cell_xy(cells: Ints) -> Floats:
    """Return the metric coordinates of coarse cells, shape (n, 2)."""
    rows, columns = np.divmod(np.asarray(cells), SIDE)
    return np.column_stack([WEST + (columns + 0.5) * STEP, NORTH - (rows + 0.5) * STEP])


def cell_at(x: float, y: float) -> int:
    """Return the coarse cell at metric coordinates."""
    row = int(np.clip((NORTH - y) // STEP, 0, SIDE - 1))
    return row * SIDE + int(np.clip((x - WEST) // STEP, 0, SIDE - 1))


def grid_edges() -> tuple[Ints, Ints, Floats]:
    """Return the edges between the eight neighbours of the coarse grid, each once: from, to, metres."""
    cells = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    pairs = [(cells[:, :-1], cells[:, 1:], 1.0), (cells[:-1], cells[1:], 1.0),
             (cells[:-1, :-1], cells[1:, 1:], 2**0.5), (cells[:-1, 1:], cells[1:, :-1], 2**0.5)]  # fmt: skip
    ends = [(a.ravel(), b.ravel(), np.full(a.size, STEP * length)) for a, b, length in pairs]
    first, second, metres = (np.concatenate(part) for part in zip(*ends, strict=True))
    return first, second, metres


def fractal_noise(rng: np.random.Generator, side: int, roughness: float) -> Floats:
    """Return noise with mean 0 and deviation 1 whose large waves are `roughness` powers stronger than its small ones."""
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None, :])
    frequency[0, 0] = 1.0
    waves = rng.normal(size=frequency.shape) + 1j * rng.normal(size=frequency.shape)
    noise = np.fft.irfft2(waves * frequency ** (-roughness), s=(side, side))
    return np.asarray((noise - noise.mean()) / noise.std(), dtype=np.float64)


def _trace_river(rng: np.random.Generator) -> Ints:
    """Return the cells of a river that winds from the west edge to the east edge."""
    along = np.linspace(0.0, 1.0, 4_000)
    turns = sum(size * np.sin(2 * np.pi * (waves * along + rng.uniform())) for size, waves in ((9.0, 1.3), (7.0, 3.1), (3.5, 6.7)))
    line = np.column_stack([152.0 - 46.0 * along + turns, along * (SIDE - 1)])
    cells: list[int] = []
    for row, column in np.rint(line).astype(int):
        here = int(row * SIDE + column)
        if cells and cells[-1] == here:
            continue
        if cells and cells[-1] // SIDE != row and cells[-1] % SIDE != column:
            cells.append(int(row * SIDE + cells[-1] % SIDE))
        cells.append(here)
    return np.array(list(dict.fromkeys(cells)))


def _drain(rng: np.random.Generator, river: Ints) -> tuple[Floats, Floats]:
    """Return metres above the end of the river, and the cells that drain through each cell."""
    first, second, metres = grid_edges()
    count = SIDE * SIDE
    hardness = np.exp(0.5 * fractal_noise(rng, SIDE, 1.7) + 0.35 * rng.normal(size=(SIDE, SIDE))).ravel()
    metres = metres * rng.uniform(0.7, 1.5, size=metres.size)
    sources = np.concatenate([river, [row * SIDE + column for (row, column), _ in OUTLETS]])
    levels = np.concatenate([RIVER_RISE * np.arange(len(river))[::-1] + 1.0, [level for _, level in OUTLETS]])
    drained, heights = np.ones(count), np.zeros(count)
    for _ in range(ROUNDS):
        slope = hardness * drained**-0.40
        rise = metres * (slope[first] + slope[second]) / 2
        rise *= 850.0 / max(1.0, heights.max()) if heights.any() else 0.2
        ends = np.concatenate([first, np.full(len(sources), count)]), np.concatenate([second, sources])
        graph = sparse.coo_array((np.concatenate([rise, levels]), ends), shape=(count + 1, count + 1)).tocsr()
        found, parents = dijkstra(graph, directed=False, indices=count, return_predecessors=True)
        heights = found[:count]
        drained = _accumulate(heights, parents[:count].astype(np.int64))
    return heights.reshape(SIDE, SIDE), drained.reshape(SIDE, SIDE)


def _accumulate(heights: Floats, below: Ints) -> Floats:
    drained = np.ones(heights.size + 1)
    for cell in np.argsort(-heights, kind="stable"):
        drained[below[cell]] += drained[cell]
    return drained[:-1]


def _cut_gorge(heights: Floats, river: Ints, gorge: tuple[int, int]) -> Floats:
    """Return the heights with a cleft along the river that deepens to 260 m where the gorge begins."""
    away = np.ones((SIDE, SIDE), dtype=bool)
    away.ravel()[river] = False
    distance, (rows, columns) = ndimage.distance_transform_edt(away, sampling=STEP, return_indices=True)
    along = np.zeros(SIDE * SIDE)
    along[river] = 260.0 * np.clip((np.arange(len(river)) - gorge[0]) / 24.0, 0.0, 1.0)
    depth = along[rows * SIDE + columns]
    return heights - depth * np.exp(-((distance / 480.0) ** 1.6))


def make_terrain(rng: np.random.Generator) -> Terrain:
    """Return the mountains of the demo county."""
    river = _trace_river(rng)
    raw, drained = _drain(rng, river)
    bumps = fractal_noise(rng, SIDE * FINE, 1.45)
    gorge = (int(len(river) * 0.47), int(len(river) * 0.93))
    raised = 880.0 + 1_050.0 * raw / np.quantile(raw, 0.995)
    raised = ndimage.gaussian_filter(raised, 0.9)
    coarse = _cut_gorge(raised, river, gorge)
    fine = ndimage.zoom(coarse, FINE, order=3, mode="nearest", grid_mode=True)
    calm = np.clip(ndimage.zoom(np.log10(drained), FINE, order=1, mode="nearest", grid_mode=True) / 2.5, 0.0, 1.0)
    fine = np.clip(fine + 34.0 * bumps * (1.0 - 0.8 * calm), 580.0, 2_080.0)
    return Terrain(np.round(fine, 1), np.round(coarse, 1), drained, river, gorge)


def level_basins(terrain: Terrain, places: list[tuple[int, float]]) -> Terrain:
    """Return the terrain with a flat basin round each place, given as (coarse cell, radius in metres)."""
    fine, coarse = terrain.fine.copy(), terrain.coarse.copy()
    for grid, factor in ((fine, FINE), (coarse, 1)):
        rows, columns = np.indices(grid.shape)
        for cell, radius in places:
            row, column = (cell // SIDE + 0.5) * factor - 0.5, (cell % SIDE + 0.5) * factor - 0.5
            distance = np.hypot(rows - row, columns - column) * STEP / factor
            share = 0.93 * np.exp(-((distance / radius) ** 4))
            np.add(grid, share * (terrain.coarse.ravel()[cell] + 8.0 - grid), out=grid)
    return Terrain(np.round(fine, 1), np.round(coarse, 1), terrain.drained, terrain.river, terrain.gorge)
