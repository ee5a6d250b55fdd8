"""Which roads and legs a bad day closes, worked out a second time: piece by piece, as docs/architecture.md says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
import shapely.ops

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from layout_planner.county.model import BadDay
    from layout_planner.scenario import Travel


class ShutRoads:
    """The roads of a net on one bad day."""

    def __init__(self, edges: gpd.GeoDataFrame, lines: NDArray[np.object_], day: BadDay, settings: Travel) -> None:
        self.lines, self.area = lines, day.area
        named = set(day.hazards).intersection(settings.bad_day_hazards)
        self.whole = np.array([hazard in named for hazard in edges["closed_from"]], dtype=bool)
        self.met = np.zeros(len(lines), dtype=bool)
        if day.area is not None:
            stands = edges["bridge"].to_numpy(dtype=bool) if settings.bad_day_bridges_stand else np.zeros(len(lines), dtype=bool)
            self.met = shapely.intersects(lines, day.area) & ~stands

    def closes(self, edge: int, begin_m: float, end_m: float) -> bool:
        """Tell whether the piece of `edge` from `begin_m` to `end_m` is closed."""
        if self.whole[edge] or not self.met[edge]:
            return bool(self.whole[edge])
        return self.meets(shapely.ops.substring(self.lines[edge], begin_m, end_m))

    def meets(self, line: shapely.Geometry) -> bool:
        """Tell whether a line meets the area of the day."""
        return self.area is not None and bool(shapely.intersects(line, self.area))
