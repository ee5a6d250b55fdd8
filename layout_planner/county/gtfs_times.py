"""The times of a GTFS feed: clocks past midnight, stops without a time, trips repeated by headway."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.county.lines import Call, Run
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from layout_planner.county.faults import Faults

CLOCK = re.compile(r"\s*(\d{1,3}):([0-5]\d):([0-5]\d)\s*")
NO_STOP = 1  # pickup_type and drop_off_type: not here
MOST_RUNS = 10_000


def seconds_of(text: object) -> float:
    """Return HH:MM:SS as seconds after midnight, hours past 24 included; NaN where it is blank, -1 where it is no time."""
    if text is None or text is pd.NA or (isinstance(text, float) and np.isnan(text)):
        return np.nan
    match = CLOCK.fullmatch(str(text))
    return 3600.0 * int(match[1]) + 60.0 * int(match[2]) + int(match[3]) if match else -1.0


def read_clocks(times: pd.DataFrame, faults: Faults) -> pd.DataFrame:
    """Return trip_id, stop_id, order, arrive_s, depart_s (NaN where both are blank), board, alight; sorted by trip and order."""
    seconds = {}
    for column in ("arrival_time", "departure_time"):
        known = {text: seconds_of(text) for text in times[column].dropna().unique()}
        seconds[column] = times[column].map(known).astype(float)
        for at, text in times.loc[seconds[column] < 0, column].items():
            _refuse(at, column, text, Words("没有这个时刻", "there is no such time"), faults)
    arrive, depart = seconds["arrival_time"], seconds["departure_time"]
    table = pd.DataFrame(
        {
            "row": np.asarray(times.index, dtype=int) + 2,
            "trip_id": times["trip_id"].astype(str),
            "stop_id": times["stop_id"].astype(str),
            "order": times["stop_sequence"].astype(int),
            "arrive_s": arrive.fillna(depart),
            "depart_s": depart.fillna(arrive),
            "board": _allowed(times, "pickup_type"),
            "alight": _allowed(times, "drop_off_type"),
        }
    )
    return table.sort_values(["trip_id", "order"], ignore_index=True)


def _allowed(times: pd.DataFrame, column: str) -> pd.Series:
    if column not in times:
        return pd.Series(data=True, index=times.index)
    return times[column].fillna(0).astype(int) != NO_STOP


def _refuse(at: object, column: str, value: object, what: Words, faults: Faults) -> None:
    said = Words(f"stop_times.txt：{what.zh}", f"stop_times.txt: {what.en}")
    hint = Words("改正后重新导出", "mend it and export the feed again")
    faults.add(said, hint, row=int(str(at)) + 2, column=column, value=value)


def lay_times(clocks: pd.DataFrame, stops: pd.DataFrame, faults: Faults) -> Iterator[tuple[str, list[Call]]]:
    """Yield every trip with a time at each stop; between stops with times, the others are passed at an even speed as the crow flies."""
    place = stops[["lon", "lat"]].reindex(clocks["stop_id"]).to_numpy(dtype=float)
    begins = np.flatnonzero(clocks["trip_id"].ne(clocks["trip_id"].shift()).to_numpy())
    for begin, end in zip(begins, [*begins[1:], len(clocks)], strict=True):
        trip = clocks.iloc[begin:end]
        arrive, depart = trip["arrive_s"].to_numpy(), trip["depart_s"].to_numpy()
        if np.isnan(arrive[[0, -1]]).any():
            _refuse(
                trip["row"].iloc[0] - 2,
                "arrival_time",
                "",
                Words("首站和末站必须有时刻", "the first and last stop must have a time"),
                faults,
            )
            continue
        along = _metres_along(place[begin:end])
        known = ~np.isnan(arrive)
        arrive = np.where(known, arrive, np.interp(along, along[known], arrive[known]))
        depart = np.where(known, depart, arrive)
        falling = np.flatnonzero((np.diff(arrive) < 0) | (arrive[1:] < depart[:-1]) | (depart[1:] < arrive[1:]))
        for k in falling:
            what = Words("时刻早于上一站", "the time is before that of the stop before")
            _refuse(trip["row"].iloc[k + 1] - 2, "arrival_time", f"{arrive[k + 1]:.0f} s", what, faults)
        columns = (trip["stop_id"], arrive.tolist(), depart.tolist(), trip["board"], trip["alight"])
        yield str(trip["trip_id"].iloc[0]), [Call(*values) for values in zip(*columns, strict=True)]


def _metres_along(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return rising distances along the stops; degrees of longitude shrink with latitude, the unit does not matter."""
    step = np.diff(lonlat, axis=0) * [np.cos(np.radians(lonlat[:, 1].mean())), 1.0]
    return np.concatenate([[0.0], np.cumsum(np.hypot(step[:, 0], step[:, 1]) + 1e-9)])


def repeat_trips(frequencies: pd.DataFrame | None, faults: Faults) -> dict[str, tuple[Run, ...]]:
    """Return the runs of every trip of frequencies.txt; the end of a window is not itself a departure."""
    runs: dict[str, list[Run]] = {}
    for at, row in () if frequencies is None else frequencies.iterrows():
        start, end = seconds_of(row["start_time"]), seconds_of(row["end_time"])
        headway = -1.0 if pd.isna(row["headway_secs"]) else float(row["headway_secs"])
        if not (start >= 0 and end > start and headway > 0 and (end - start) / headway <= MOST_RUNS):
            what = Words("frequencies.txt：时段或间隔有误", "frequencies.txt: window or headway is wrong")
            faults.add(what, Words("改正后重新导出", "mend it and export the feed again"), row=int(str(at)) + 2, column="headway_secs")
            continue
        count = int(np.ceil((end - start) / headway))
        exact = row.get("exact_times")
        if not pd.isna(exact) and int(exact) == 1:
            found = [Run(start + k * headway, start + k * headway) for k in range(count)]
        else:
            found = [Run(start, start + (count - 1) * headway, headway)]
        runs.setdefault(str(row["trip_id"]), []).extend(found)
    return {trip: tuple(found) for trip, found in runs.items()}
