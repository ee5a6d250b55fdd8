"""A checked table of lines and stops to `TransitLines`: what a county writes down where it has no GTFS feed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from layout_planner.county.lines import Call, Run, Service, build_lines
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from layout_planner.county.faults import Faults
    from layout_planner.county.model import TransitLines
    from layout_planner.county.table_files import CheckedTable

SAME_STOP_DEGREES = 5  # decimals, about a metre
LEAST_STOPS = 2


def lines_from_table(table: CheckedTable, crs: str, faults: Faults) -> TransitLines | None:
    """Return the lines of a table without faults of its cells, or None after recording what does not fit together."""
    frame = table.frame.assign(row=table.rows)
    for name, blank in (
        ("direction", ""),
        ("first_departure", np.nan),
        ("last_departure", np.nan),
        ("headway", np.nan),
        ("seats", np.nan),
        ("departures", ()),
    ):
        if name not in frame:
            frame[name] = pd.Series([blank] * len(frame), index=frame.index, dtype=object if blank in ("", ()) else float)
    frame["direction"] = frame["direction"].replace("", "both")
    frame["stop_id"] = _name_stops(frame)
    services: list[Service] = []
    for (line, direction), rows in frame.groupby(["line", "direction"], sort=True):
        services.extend(_services(str(line), str(direction), rows.sort_values("order", kind="stable"), faults))
    if faults:
        return None
    places = frame.drop_duplicates("stop_id").set_index("stop_id")
    return build_lines(places.rename(columns={"stop": "name"}), services, crs)


def _name_stops(frame: pd.DataFrame) -> list[str]:
    """Return stop ids: the name, with a number where stops of one name lie apart."""
    keys = list(zip(frame["stop"], frame["lon"].round(SAME_STOP_DEGREES), frame["lat"].round(SAME_STOP_DEGREES), strict=True))
    ids: dict[Any, str] = {}
    count: dict[str, int] = {}
    for key in sorted(set(keys)):
        count[key[0]] = count.get(key[0], 0) + 1
        ids[key] = key[0] if count[key[0]] == 1 else f"{key[0]} ({count[key[0]]})"
    return [ids[key] for key in keys]


def _services(line: str, direction: str, rows: pd.DataFrame, faults: Faults) -> Iterator[Service]:
    if not _check_stops(rows, faults):
        return
    said = _said_once(rows, faults)
    runs = _departures(rows, said, faults) if said else ()
    if not runs:
        return
    seats = np.inf if said["seats"] is None else float(said["seats"])
    seconds = (60 * rows["minutes"]).tolist()
    names = rows["stop_id"].tolist()
    yield Service(line, line, tuple(Call(name, at, at) for name, at in zip(names, seconds, strict=True)), runs, seats)
    if direction == "both":
        turned = [seconds[-1] - at for at in reversed(seconds)]
        yield Service(line, line, tuple(Call(name, at, at) for name, at in zip(reversed(names), turned, strict=True)), runs, seats)


def _check_stops(rows: pd.DataFrame, faults: Faults) -> bool:
    """Return whether the stops of one line and direction make a way: two at least, each place once, minutes from 0 that never fall."""
    first = rows.iloc[0]
    doubled = rows[rows["order"].duplicated()]
    falling = rows[rows["minutes"].diff() < 0]
    wrong = (
        (
            rows if len(rows) < LEAST_STOPS else rows.iloc[:0],
            "order",
            Words("该线路只有一个停靠站", "the line has a single stop"),
            Words("补上其余停靠站", "add its other stops"),
        ),
        (
            doubled,
            "order",
            Words("同一线路同一方向的站序重复", "the order stands twice in one line and direction"),
            Words("每站用不同的站序", "number the stops one by one"),
        ),
        (
            falling,
            "minutes",
            Words("分钟数小于上一站", "the minutes are fewer than at the stop before"),
            Words("填从首站开出的累计分钟", "give minutes since the first stop"),
        ),
        (
            rows.iloc[: int(first["minutes"] != 0)],
            "minutes",
            Words("首站的分钟数应为0", "the minutes of the first stop must be 0"),
            Words("首站填0", "write 0 at the first stop"),
        ),
    )
    for found, column, what, hint in wrong:
        for row, value in zip(found["row"], found[column], strict=True):
            faults.add(what, hint, row=int(row), column=column, value=f"{value:g}")
    return not any(len(found) for found, *_ in wrong)


def _said_once(rows: pd.DataFrame, faults: Faults) -> dict[str, Any]:
    """Return what is said of one line and direction as a whole, None where nothing is; what stands in several rows must agree."""
    said: dict[str, Any] = {}
    for name in ("first_departure", "last_departure", "headway", "departures", "seats"):
        values = {value for value in rows[name] if value != () and value == value}  # noqa: PLR0124 - NaN differs from itself
        if len(values) > 1:
            what = Words("同一线路的发车信息前后不一", "the rows of one line disagree")
            faults.add(what, Words("只在首站一行填写", "fill it in at the first stop alone"), row=int(rows["row"].iloc[0]), column=name)
            return {}
        said[name] = values.pop() if values else None
    return said


def _departures(rows: pd.DataFrame, said: dict[str, Any], faults: Faults) -> tuple[Run, ...]:
    """Return the runs of one line and direction."""
    if said["departures"]:
        return tuple(Run(at, at) for at in said["departures"])
    first, last, headway = said["first_departure"], said["last_departure"], said["headway"]
    if first is not None and last in (None, first):
        return (Run(first, first),)
    if first is None or headway is None or not last > first:
        what = Words("不知道该线路何时发车", "when the line runs is not said")
        hint = Words("填全部发车时刻，或首班、末班和间隔", "give all departures, or first, last and headway")
        faults.add(what, hint, row=int(rows["row"].iloc[0]), column="departures")
        return ()
    step = 60.0 * headway
    return (Run(first, first + (last - first) // step * step, step),)
