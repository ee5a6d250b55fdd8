"""Travel times as one tidy table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.errors import OutputError
from layout_planner.words import Words

if TYPE_CHECKING:
    from pathlib import Path

    from layout_planner.travel.model import TravelTimes

UNREACHABLE = "unreachable"


def tidy_travel(travel: TravelTimes) -> pd.DataFrame:
    """Return one row a settlement and school: walk_s, walk_m, stop_s, ride_s, ride_m; `np.inf` where there is no way."""
    shape = travel.walk_s.shape
    return pd.DataFrame(
        {
            "settlement_id": np.repeat(travel.settlements.to_numpy(), shape[1]),
            "school_id": np.tile(travel.schools.to_numpy(), shape[0]),
            "walk_s": travel.walk_s.ravel(),
            "walk_m": travel.walk_m.ravel(),
            "stop_s": np.repeat(travel.stop_s, shape[1]),
            "ride_s": travel.ride_s.ravel(),
            "ride_m": travel.ride_m.ravel(),
        }
    )


def write_travel(travel: TravelTimes, folder: Path) -> list[Path]:
    """Write travel.parquet (inf) and travel.csv (the word `unreachable`) and return their paths."""
    table = tidy_travel(travel)
    parquet, csv = folder / "travel.parquet", folder / "travel.csv"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        table.to_parquet(parquet)
        table.round(1).astype(object).replace(np.inf, UNREACHABLE).to_csv(csv, index=False)
    except OSError as error:
        raise OutputError(Words(f"无法写入 {folder}：{error.strerror}", f"cannot write to {folder}: {error.strerror}")) from error
    return [parquet, csv]
