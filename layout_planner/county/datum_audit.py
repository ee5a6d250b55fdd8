"""Do the points of a table fit the roads better under another datum? Asks; never moves a point.

Villages lie by their roads. Copied from Gaode or Baidu and declared as WGS 84, they all move the same few hundred metres aside, and
most of them lie further from a road than before. Point by point, the log of the distance to the nearest road is compared between the
declared datum and each other one. A table is doubted when, under another datum,

* at least `LEAST_POINTS` points lie within `REACH_M` of a road, under that datum or as declared,
* the typical distance (geometric mean, `BLUR_M` added so that two points on the road are alike) is at most `FITS_BETTER` of that as
  declared, and
* the mean difference of logs is at least `CLEARLY` standard errors (a paired t value).

These are settings of this test, not norms. Where roads are dense and points few, a GCJ-02 shift leaves no trace: in a Sri Lankan
town with 43 villages it is not found, with 95 schools it is. No question is therefore no proof.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyproj
import shapely

from layout_planner.county.coordinates import gcj02_to_bd09, is_shifted_place, read_frame, to_wgs84, wgs84_to_gcj02
from layout_planner.county.model import Note
from layout_planner.words import Words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layout_planner.county.coordinates import Frame
    from layout_planner.county.model import RoadTable

    Floats = NDArray[np.float64]

LEAST_POINTS = 15
MOST_POINTS = 2000  # more tell no more
REACH_M = 3000.0
BLUR_M = 20.0
FITS_BETTER = 0.8
CLEARLY = 2.5
HYPOTHESES = {"wgs84": Words("WGS-84", "WGS 84"), "gcj02": Words("GCJ-02（高德、腾讯）", "GCJ-02 (Gaode, Tencent)")}
HYPOTHESES |= {"bd09": Words("BD-09（百度）", "BD-09 (Baidu)")}


@dataclass(frozen=True, slots=True)
class DatumDoubt:
    """A table that fits the roads better under another datum."""

    table: str
    declared: str
    better: str
    points: int
    nearer: float
    declared_m: float
    better_m: float

    def say(self) -> Words:
        """Return the question to the planner."""
        declared, better = (HYPOTHESES.get(name, Words(name, name)) for name in (self.declared, self.better))
        far, near = f"{self.declared_m:.0f}", f"{self.better_m:.0f}"
        return Words(
            f"{self.table} 的坐标按 {declared.zh} 读取；若按 {better.zh} 读取，{self.points}个点中有{self.nearer:.0%}离道路更近，"
            f"典型距离由{far}米变为{near}米。这些坐标从哪里来？若来自 {better.zh}，在情景文件该表中写 "
            f'crs = "{self.better}"。程序没有移动任何点',
            f"{self.table} is read as {declared.en}; as {better.en}, {self.nearer:.0%} of its {self.points} points would lie nearer to a "
            f"road, typically at {near} m instead of {far} m. Where were they copied from? If from {better.en}, write "
            f'crs = "{self.better}" for this table in the scenario. No point was moved',
        )

    def note(self, role: str) -> Note:
        """Return the question as a note of every result."""
        return Note(f"{role}.datum.doubtful", self.say(), self.points)


def audit_datum(table: str, lon: Floats, lat: Floats, declared: str | None, roads: RoadTable) -> DatumDoubt | None:
    """Return the datum that fits the roads clearly better than the declared one, or None.

    Parameters
    ----------
    table : the table as the planner knows it.
    lon, lat : WGS 84 degrees of its points as declared; NaN where unknown.
    declared : `crs` of the table in the scenario.
    """
    known = np.flatnonzero(is_shifted_place(lon, lat))
    if len(known) < LEAST_POINTS or len(roads.edges) == 0:
        return None
    frame = read_frame(declared)
    if not frame.in_degrees:
        return None
    order = known[np.lexsort((lat[known], lon[known]))]
    few = order[:: -(-len(order) // MOST_POINTS)]
    own = frame.datum if frame.datum != "crs" else "wgs84"
    numbers = _as_given(lon[few], lat[few], frame)
    tree = shapely.STRtree(roads.edges.geometry.to_numpy())
    move = pyproj.Transformer.from_crs("EPSG:4326", roads.edges.crs, always_xy=True)
    distances = {name: _road_distance_m(*to_wgs84(*numbers, read_frame(name)), tree, move) for name in HYPOTHESES}
    doubts = [_compare(table, own, other, distances) for other in HYPOTHESES if other != own]
    return min((doubt for doubt in doubts if doubt is not None), key=lambda doubt: doubt.better_m, default=None)


def _as_given(lon: Floats, lat: Floats, frame: Frame) -> tuple[Floats, Floats]:
    """Return the numbers that the file holds for WGS 84 points that were read from it."""
    if frame.datum == "crs":
        return lon, lat
    shifted = wgs84_to_gcj02(lon, lat)
    return gcj02_to_bd09(*shifted) if frame.datum == "bd09" else shifted


def _road_distance_m(lon: Floats, lat: Floats, tree: shapely.STRtree, move: pyproj.Transformer) -> Floats:
    """Return metres to the nearest road, np.inf beyond `REACH_M`."""
    points = shapely.points(*move.transform(lon, lat))
    found, metres = tree.query_nearest(points, max_distance=REACH_M, return_distance=True, all_matches=False)
    distance = np.full(len(points), np.inf)
    distance[found[0]] = metres
    return distance


def _compare(table: str, own: str, other: str, distances: dict[str, Floats]) -> DatumDoubt | None:
    near = np.isfinite(distances[own]) | np.isfinite(distances[other])
    if near.sum() < LEAST_POINTS:
        return None
    logs = [np.log(np.minimum(distances[name][near], REACH_M) + BLUR_M) for name in (own, other)]
    gain = logs[0] - logs[1]
    error = float(gain.std(ddof=1)) / np.sqrt(len(gain))
    if gain.mean() >= -np.log(FITS_BETTER) and gain.mean() >= CLEARLY * error:
        typical = [max(0.0, float(np.exp(log.mean())) - BLUR_M) for log in logs]
        return DatumDoubt(table, own, other, int(near.sum()), float(np.mean(gain > 0)), *typical)
    return None
