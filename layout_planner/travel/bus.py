"""A school bus on every road: where it may drive, and how fast by class, surface, slope and hazard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from layout_planner.county.road_rules import name_surface
from layout_planner.travel.terrain import Profiles, cut_edges

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from layout_planner.county.model import Elevation
    from layout_planner.norms import NormSet

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

RIDE_PIECE_M = 300.0  # a road for vehicles is graded evenly; over shorter stretches the noise of a height grid looks like hills


@dataclass(frozen=True)
class Bus:
    """How slopes and hazards slow a school bus; speeds in m/s."""

    uphill_loss: float
    downhill_loss: float
    least_share: float
    steep: float
    hazard_ms: float

    @classmethod
    def of(cls, norms: NormSet) -> Bus:
        """Return the bus that the norm set describes."""
        return cls(
            norms.value("speed.bus_uphill_loss"),
            norms.value("speed.bus_downhill_loss"),
            norms.value("speed.bus_slope_least"),
            norms.value("bus.steep_grade"),
            norms.value("bus.hazard_speed_cap_kmh") / 3.6,
        )

    def speed(self, flat: Floats, slope: Floats) -> Floats:
        """Return m/s on `slope` (rise over run, positive uphill) of a bus that drives `flat` on the level; unknown slopes count as flat."""
        slope = np.nan_to_num(slope, nan=0.0)
        loss = np.where(slope > 0, self.uphill_loss * slope, -self.downhill_loss * slope)
        speed = flat * np.maximum(1.0 - loss, self.least_share)
        return np.where(np.abs(slope) > self.steep, np.minimum(speed, self.hazard_ms), speed)


def lets_bus_pass(edges: gpd.GeoDataFrame, norms: NormSet) -> Flags:
    """Return which edges are wide, strong and high enough for a school bus; what is unknown lets it pass."""
    limits = (("width_m", "bus.least_width_m"), ("max_weight_t", "bus.weight_t"), ("max_height_m", "bus.height_m"))
    return np.logical_and.reduce([edges[column].to_numpy(dtype=float) >= norms.value(key) for column, key in limits])


def keep_bus_off(edges: gpd.GeoDataFrame, norms: NormSet) -> gpd.GeoDataFrame:
    """Return the edges, those closed to rides that do not let a school bus pass."""
    fits = lets_bus_pass(edges, norms)
    return edges.assign(drive_forward=edges["drive_forward"] & fits, drive_backward=edges["drive_backward"] & fits)


def profile_rides(edges: gpd.GeoDataFrame, norms: NormSet, elevation: Elevation | None, crs: str) -> Profiles:
    """Return a school bus's seconds along every edge, both ways, on pieces of at most 300 m; without heights every road is level."""
    bus = Bus.of(norms)
    cut = cut_edges(edges, elevation, crs, RIDE_PIECE_M, np.zeros(len(edges), dtype=bool))
    flat = _flat_speeds(edges, norms, bus)[cut.edge]
    return cut.profile(bus.speed(flat, cut.slope), bus.speed(flat, -cut.slope))


def _flat_speeds(edges: gpd.GeoDataFrame, norms: NormSet, bus: Bus) -> Floats:
    """Return m/s on the level: the least of class, surface, posted limit and the legal cap; narrow and dangerous roads at the hazard cap.

    The speed of a class is that on its usual surface, so a surface only ever lowers it and an unknown one changes nothing.
    """
    classes = edges["road_class"].astype(str).str.removesuffix("_link")
    planned = {name: (norms.find(f"speed.bus.{name}") or norms.get("speed.bus.road")).value for name in classes.unique()}
    surfaces = edges["surface"].astype(str).map(name_surface)
    on_surface = {name: norms.value(f"speed.bus_surface.{name}") if name else np.inf for name in surfaces.unique()}
    posted = edges["speed_limit_kmh"].to_numpy(dtype=float)
    limits = (
        classes.map(planned).to_numpy(dtype=float),
        surfaces.map(on_surface).to_numpy(dtype=float),
        np.where(posted > 0, posted, np.inf),
        np.full(len(edges), norms.value("bus.speed_cap_kmh")),
    )
    speed = np.minimum.reduce(limits) / 3.6
    hazard = edges["hazard"].to_numpy(dtype=bool) | (edges["width_m"].to_numpy(dtype=float) < norms.value("bus.narrow_width_m"))
    return np.asarray(np.where(hazard, np.minimum(speed, bus.hazard_ms), speed))
