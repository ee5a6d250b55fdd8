"""The rule that remote teaching points stay: a site that the optimiser closes leaves its youngest pupils a short enough day trip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from layout_planner.plan.goals import DAILY

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from layout_planner.plan.case import Case


def leaves_remote(case: Case, options: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which options are no day trip within `remote.keep_minutes`, where the norms set it for their band."""
    left = np.zeros(len(options), dtype=bool)
    daily = options["mode"].isin(DAILY).to_numpy()
    minutes = options["seconds"].to_numpy(dtype=float) / 60
    for band, grades in case.scenario.bands.items():
        norm = case.norms.find("remote.keep_minutes", grades=grades)
        if norm is not None:
            left |= (options["band"] == band).to_numpy() & ~(daily & (minutes <= norm.value))
    return left
