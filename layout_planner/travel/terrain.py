"""Heights under roads, and what slopes do to a walker (Tobler's hiking function)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyproj
import shapely

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from layout_planner.county.model import Elevation
    from layout_planner.norms import NormSet

    Floats = NDArray[np.float64]

PIECE_M = 60.0


@dataclass(frozen=True)
class Walker:
    """An adult's speed in m/s by slope: Tobler's shape, scaled so that flat ground gives `flat`; never above `top`."""

    flat: float
    top: float
    decay: float
    shift: float
    steps_factor: float
    off_road_factor: float
    ferry: float
    ferry_wait_s: float

    @classmethod
    def of(cls, norms: NormSet) -> Walker:
        """Return the walker that the norm set describes."""
        flat = norms.value("speed.walk_kmh") / 3.6
        return cls(
            flat,
            max(flat, norms.value("speed.tobler_top_kmh") / 3.6),
            norms.value("speed.tobler_decay"),
            norms.value("speed.tobler_shift"),
            norms.value("speed.steps_factor"),
            norms.value("speed.off_road_factor"),
            norms.value("speed.ferry_kmh") / 3.6,
            60 * norms.value("ferry.wait_minutes"),
        )

    def speed(self, slope: Floats) -> Floats:
        """Return m/s on `slope` (rise over run, positive uphill); an unknown (NaN) slope counts as flat."""
        slope = np.nan_to_num(np.asarray(slope, dtype=float), nan=0.0)
        tobler = self.flat * np.exp(-self.decay * (np.abs(slope + self.shift) - abs(self.shift)))
        return np.asarray(np.minimum(tobler, self.top))


@dataclass(frozen=True)
class Profiles:
    """Seconds along every edge, piece by piece.

    start    int (edges + 1,), where the knots of an edge begin; an edge of n pieces has n + 1 knots at equal distances
    onward   float64 (knots,), seconds from the edge's first point to the knot
    back     float64 (knots,), seconds from the knot to the edge's first point
    """

    start: NDArray[np.int64]
    length: Floats
    onward: Floats
    back: Floats
    unknown_m: float

    def seconds_at(self, edge: NDArray[np.int64], at: Floats) -> tuple[Floats, Floats]:
        """Return seconds from the first point of `edge` to the point `at` metres along it, and from there back to the first point."""
        pieces = self.start[edge + 1] - self.start[edge] - 1
        place = np.clip(at / self.length[edge], 0, 1) * pieces
        knot = np.minimum(place.astype(np.int64), pieces - 1)
        share = place - knot
        knot = knot + self.start[edge]
        onward = self.onward[knot] + share * (self.onward[knot + 1] - self.onward[knot])
        back = self.back[knot] + share * (self.back[knot + 1] - self.back[knot])
        return onward, back


def heights_at(elevation: Elevation, xy: Floats, crs: str) -> Floats:
    """Return heights in metres at points of `crs`, bilinear between cell centres.

    A cell without height takes the mean of the known cells among the four around the point; NaN where none of the four is known and
    outside the grid.
    """
    xy = np.asarray(xy, dtype=float).reshape(-1, 2)
    x, y = pyproj.Transformer.from_crs(crs, elevation.crs, always_xy=True).transform(xy[:, 0], xy[:, 1])
    back = ~elevation.transform
    column, row = back.a * x + back.b * y + back.c, back.d * x + back.e * y + back.f
    rows, columns = elevation.heights.shape
    inside = (column >= 0) & (column <= columns) & (row >= 0) & (row <= rows)  # NaN and inf are outside
    column = np.clip(np.where(inside, column, 0.5) - 0.5, 0, columns - 1)
    row = np.clip(np.where(inside, row, 0.5) - 0.5, 0, rows - 1)
    left, top = np.floor(column).astype(int), np.floor(row).astype(int)
    right, bottom = np.minimum(left + 1, columns - 1), np.minimum(top + 1, rows - 1)
    corners = np.stack([elevation.heights[r, c] for r in (top, bottom) for c in (left, right)]).astype(float)
    known = np.isfinite(corners)
    count = known.sum(axis=0)
    mean = np.where(known, corners, 0.0).sum(axis=0) / np.maximum(count, 1)
    corners = np.where(known, corners, mean)
    across, down = column - left, row - top
    weights = np.stack([(1 - down) * (1 - across), (1 - down) * across, down * (1 - across), down * across])
    return np.where(inside & (count > 0), (weights * corners).sum(axis=0), np.nan)


@dataclass(frozen=True)
class Stretches:
    """Every edge cut into equal pieces of one slope each.

    pieces   int (edges,), how many an edge has
    start    int (edges + 1,), where the knots of an edge begin; an edge of n pieces has n + 1 knots
    edge     int (knots,), the edge of every knot
    length   metres of every edge
    run      float64 (knots,), metres of the piece that begins at the knot
    slope    float64 (knots,), rise over run of that piece; NaN where a height is unknown
    unknown_m  metres of road without a known slope
    """

    pieces: NDArray[np.int64]
    start: NDArray[np.int64]
    edge: NDArray[np.int64]
    length: Floats
    run: Floats
    slope: Floats
    unknown_m: float

    def profile(self, onward: Floats, back: Floats) -> Profiles:
        """Return the seconds along every edge at speeds of `onward` and `back` m/s; shapes (knots,)."""
        going, coming = (_add_up(self.run / speed, self.pieces, self.start) for speed in (onward, back))
        return Profiles(self.start, self.length, going, coming, self.unknown_m)


def cut_edges(edges: gpd.GeoDataFrame, elevation: Elevation | None, crs: str, piece_m: float, flat: NDArray[np.bool_]) -> Stretches:
    """Return every edge in equal pieces of at most `piece_m`, each with its own slope; edges that are `flat` have none.

    Vertices are not sampled by themselves, so a bend every few metres does not turn the noise of a fine grid into slopes. A bridge or
    tunnel has one slope from end to end.
    """
    lines = edges.geometry.to_numpy()
    length = np.maximum(shapely.length(lines), 1e-9)
    bridge = edges["bridge"].to_numpy(dtype=bool) if "bridge" in edges else np.zeros(len(edges), dtype=bool)
    whole = flat | bridge if elevation is not None else np.ones(len(edges), dtype=bool)
    pieces = np.where(whole, 1, np.ceil(length / piece_m)).astype(np.int64)
    start = np.concatenate([[0], np.cumsum(pieces + 1)])
    edge = np.repeat(np.arange(len(edges)), pieces + 1)
    order = np.arange(len(edge)) - start[edge]
    inner = np.ones(len(edge), dtype=bool)
    inner[start[1:] - 1] = False  # the last knot of an edge begins no piece
    run = (length / pieces)[edge]
    slope = np.zeros(len(edge))
    if elevation is not None:
        points = shapely.line_interpolate_point(lines[edge], order * run)
        height = heights_at(elevation, shapely.get_coordinates(points), crs)
        slope[inner] = np.diff(height, append=np.nan)[inner] / run[inner]
    slope[flat[edge]] = 0.0
    return Stretches(pieces, start, edge, length, run, slope, float(run[inner & np.isnan(slope)].sum()))


def profile_edges(edges: gpd.GeoDataFrame, walker: Walker, elevation: Elevation | None, crs: str) -> Profiles:
    """Return walking seconds along every edge, both ways, on pieces of at most 60 m.

    Steps are walked at `steps_factor` of the flat speed whatever the grid says: the factor already counts the climb. A ferry sails at its
    own speed, and every line of one is waited for.
    """
    steps, ferry = (edges["road_class"].to_numpy() == name for name in ("steps", "ferry"))
    cut = cut_edges(edges, elevation, crs, PIECE_M, steps | ferry)
    factor, afloat = np.where(steps, walker.steps_factor, 1.0)[cut.edge], ferry[cut.edge]
    sailing = cut.run / (cut.run / walker.ferry + walker.ferry_wait_s)
    onward, back = (np.where(afloat, sailing, walker.speed(slope) * factor) for slope in (cut.slope, -cut.slope))
    return cut.profile(onward, back)


def _add_up(seconds: Floats, pieces: NDArray[np.int64], start: NDArray[np.int64]) -> Floats:
    """Return totals that begin at zero on every edge; `seconds` of a knot is its piece onward.

    Edge by edge, not as one running sum, so that the order of rows changes not even the last bit.
    """
    total = np.zeros(len(seconds))
    going = np.flatnonzero(pieces > 0)
    for order in range(int(pieces.max(initial=0))):
        going = going[pieces[going] > order]
        knot = start[going] + order
        total[knot + 1] = total[knot] + seconds[knot]
    return total


def walk_straight(distance: Floats, rise: Floats, walker: Walker) -> tuple[Floats, Floats]:
    """Return seconds across country over `distance` metres that rise by `rise` metres, and seconds of the way back."""
    distance = np.asarray(distance, dtype=float)
    slope = np.divide(rise, distance, out=np.zeros_like(distance), where=(distance > 0) & np.isfinite(distance))
    going = distance / (walker.speed(slope) * walker.off_road_factor)
    return going, distance / (walker.speed(-slope) * walker.off_road_factor)
