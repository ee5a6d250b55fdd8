"""Travel times as one tidy table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.output.bus_tables import tidy_journeys
from layout_planner.texts import safe_cell
from layout_planner.travel.doubt import ENDS, Pace
from layout_planner.whole import unwritable, whole_file

if TYPE_CHECKING:
    from pathlib import Path

    from layout_planner.county.model import TransitLines
    from layout_planner.norms import NormSet
    from layout_planner.travel.model import TravelTimes

UNREACHABLE = "unreachable"


def tidy_travel(travel: TravelTimes, norms: NormSet) -> pd.DataFrame:
    """Return one row a settlement and school: walk_s, walk_m, stop_s, ride_s, ride_m; `np.inf` where there is no way.

    stop_s is the walk to the stop and from the stop at school to its door. All seconds are at adult speed;
    `<name>_optimistic_s` and `<name>_pessimistic_s` are those at the ends of the stated speed ranges.
    walk_guessed_share, ride_guessed_share are the parts of the metres (0 to 1) for which no road is mapped.
    """
    shape = travel.walk_s.shape
    riding = travel.riding()
    ends = {}
    for name in ENDS:
        pace = Pace.of(norms, name)
        ends[f"walk_{name}_s"] = pace.on_foot(travel.walk_s, travel.across_s()).ravel()
        ends[f"stop_{name}_s"] = pace.on_foot(riding.walk_s, riding.across_s).ravel()
        ends[f"ride_{name}_s"] = (riding.ride_s * pace.ride).ravel()
    return pd.DataFrame(
        {
            "settlement_id": np.repeat(travel.settlements.to_numpy(), shape[1]),
            "school_id": np.tile(travel.schools.to_numpy(), shape[0]),
            "walk_s": travel.walk_s.ravel(),
            "walk_m": travel.walk_m.ravel(),
            "stop_s": riding.walk_s.ravel(),
            "ride_s": riding.ride_s.ravel(),
            "ride_m": riding.ride_m.ravel(),
            **ends,
            "walk_guessed_share": travel.guessed_share("walk").ravel(),
            "ride_guessed_share": travel.guessed_share("ride").ravel(),
        }
    )


def write_travel(travel: TravelTimes, norms: NormSet, folder: Path, lines: TransitLines | None = None) -> list[Path]:
    """Write travel.parquet (inf) and travel.csv (the word `unreachable`), with `lines` the same of bus journeys; return the paths."""
    tables = {"travel": tidy_travel(travel, norms)}
    if lines is not None:
        tables["bus"] = tidy_journeys(travel, lines)
    return _write_tables(tables, folder)


def write_near(near: pd.DataFrame, folder: Path) -> list[Path]:
    """Write the trips of `measure_near` as travel_within.parquet and travel_within.csv and return their paths."""
    return _write_tables({"travel_within": near}, folder)


def _write_tables(tables: dict[str, pd.DataFrame], folder: Path) -> list[Path]:
    written: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            written += [folder / f"{name}.parquet", folder / f"{name}.csv"]
            with whole_file(written[-2]) as beside:
                table.to_parquet(beside)
            numbers = table.select_dtypes("number").columns.drop("pace", errors="ignore")
            shown = table.round({column: 3 if column.endswith("_share") else 1 for column in numbers})
            with whole_file(written[-1]) as beside:
                shown.astype(object).replace(np.inf, UNREACHABLE).map(safe_cell).to_csv(beside, index=False)
    except OSError as error:
        raise unwritable(folder, error) from error
    return written
