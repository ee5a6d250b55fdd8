"""What travel hands on: seconds and metres from every settlement to every school, by mode."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from layout_planner.county.model import Note


@dataclass(frozen=True)
class TravelTimes:
    """Door-to-door trips; unreachable is `np.inf`, never NaN. All arrays have shape (settlements, schools).

    walk_s      seconds on foot at adult speed, the worse of going and returning, off-road legs included
    walk_m      metres of the fastest walk to school, off-road legs included
    ride_s      seconds in a vehicle between the roads nearest to home and school, the worse direction
    ride_m      metres of the fastest ride to school
    stop_s      seconds on foot at adult speed from home to the nearest point of the roads a bus may use; shape (settlements,)
    access_m    metres from home straight to the nearest walkable road; shape (settlements,)
    school_access_m  the same for schools; shape (schools,)
    off_network True where access_m exceeds the scenario's limit; all times of the row are inf; shape (settlements,)
    """

    settlements: pd.Index
    schools: pd.Index
    walk_s: NDArray[np.float64]
    walk_m: NDArray[np.float64]
    ride_s: NDArray[np.float64]
    ride_m: NDArray[np.float64]
    stop_s: NDArray[np.float64]
    access_m: NDArray[np.float64]
    school_access_m: NDArray[np.float64]
    off_network: NDArray[np.bool_]
    notes: tuple[Note, ...] = field(default=())
