"""A school bus's speed road by road, worked out a second time; shares no code with `travel.bus`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from layout_planner.county.road_rules import name_surface

if TYPE_CHECKING:
    from collections.abc import Hashable

    import geopandas as gpd

    from layout_planner.norms import NormSet

LIMITS = {"width_m": "bus.least_width_m", "max_weight_t": "bus.weight_t", "max_height_m": "bus.height_m"}


class BusPace:
    """Speeds in km/h of a school bus; `fits` says on which edges it fits at all."""

    def __init__(self, edges: gpd.GeoDataFrame, norms: NormSet) -> None:
        roads = edges.drop(columns="geometry").to_dict("records")
        least = {column: norms.value(key) for column, key in LIMITS.items()}
        self.fits = np.array([all(road[column] >= most for column, most in least.items()) for road in roads], dtype=bool)
        self._hazard_kmh, self._steep = norms.value("bus.hazard_speed_cap_kmh"), norms.value("bus.steep_grade")
        self._least = norms.value("speed.bus_slope_least")
        self._up, self._down = (norms.value(f"speed.bus_{way}hill_loss") for way in ("up", "down"))
        self._level = [self._level_kmh(road, norms) for road in roads]

    def _level_kmh(self, road: dict[Hashable, Any], norms: NormSet) -> float:
        """Speed on a level stretch: class, surface, sign and law, and the hazard cap where the road is narrow or dangerous."""
        planned = norms.find(f"speed.bus.{str(road['road_class']).removesuffix('_link')}") or norms.get("speed.bus.road")
        limits = [planned.value, norms.value("bus.speed_cap_kmh")]
        if kind := name_surface(str(road["surface"])):
            limits.append(norms.value(f"speed.bus_surface.{kind}"))
        if road["speed_limit_kmh"] > 0:
            limits.append(float(road["speed_limit_kmh"]))
        if road["hazard"] or road["width_m"] < norms.value("bus.narrow_width_m"):
            limits.append(self._hazard_kmh)
        return min(limits)

    def kmh(self, edge: int, slope: float) -> float:
        """Return the speed on `edge` where it rises by `slope` in the direction driven."""
        speed = self._level[edge] * max(self._least, 1 - (self._up * slope if slope > 0 else -self._down * slope))
        return min(speed, self._hazard_kmh) if abs(slope) > self._steep else speed
