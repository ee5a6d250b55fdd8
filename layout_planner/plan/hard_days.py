"""Which commute options still hold on a slow day and on the listed bad days, where the scenario asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from layout_planner.travel.bad_days import time_bad_day

if TYPE_CHECKING:
    import pandas as pd

    from layout_planner.plan.case import Case

HARD_COLUMNS = (
    "within_slow",  # bool: meets the norms on a slow day as well
    "cut_off_on",  # tuple of keys of the bad days on which there is no way
)


def mark_hard_days(case: Case, trips: pd.DataFrame) -> pd.DataFrame:
    """Return `trips` (settlement_id, band, school_id, mode, pessimistic_s, limit_s, within_norms) with HARD_COLUMNS.

    What `plan.judge` leaves out is taken to hold: a slow day is then like any other, and no road is closed.
    """
    judge = case.scenario.plan.judge
    slow = trips["within_norms"].to_numpy(dtype=bool)
    if judge in {"slow", "worst"}:
        slow = slow & (trips["pessimistic_s"] <= trips["limit_s"]).to_numpy(dtype=bool)
    lost: list[tuple[str, ...]] = [()] * len(trips)
    if judge in {"bad_days", "worst"}:
        for key in sorted(case.bad_days):
            closed = np.isinf(time_bad_day(trips, case.travel, case.bad_days[key], case.norms, case.scenario))
            lost = [(*days, key) if cut else days for days, cut in zip(lost, closed, strict=True)]
    marked = trips.assign(within_slow=slow)
    marked["cut_off_on"] = np.fromiter(lost, dtype=object, count=len(lost))
    return marked
