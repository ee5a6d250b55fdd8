"""The day of every bus and its driver: where it stands overnight, when it sets out and is back, how far it drives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from layout_planner.buses.nights import AT_SCHOOL
from layout_planner.results import BUS_DAY_COLUMNS, TO_SCHOOL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd

    from layout_planner.buses.timetable import Duty
    from layout_planner.plan.case import Case

FIRST_STOP, PLACE = "first_stop", "place"
SHOWN = 2


def tell_days(case: Case, duties: Sequence[Duty], routes: gpd.GeoDataFrame, names: Mapping[int, tuple[str, str, str]]) -> pd.DataFrame:
    """Return BUS_DAY_COLUMNS of all buses.

    Parameters
    ----------
    duties : in the order of `routes`, the table of their runs.
    names : id, name and English name of every stop, by graph node.
    """
    rows = []
    for bus_id, own in routes.reset_index(drop=True).groupby("bus_id", sort=True):
        order = sorted(own.index, key=lambda k: (duties[k].direction != TO_SCHOOL, duties[k].number))
        day = [duties[k] for k in order]
        rows.append(
            {
                "bus_id": str(bus_id),
                "seats": int(own["seats"].iloc[0]),
                **_tell_place(case, day, names),
                "leaves_s": round(day[0].starts_s - day[0].empty_s, 1),
                "back_s": round(float(own.at[order[-1], "ends_s"]) + day[-1].home_s, 1),
                "runs": len(own),
                "ride_km": round(float(own["ride_km"].sum()), SHOWN),
                "empty_km": round(float(own[["empty_km", "home_km"]].sum().sum()), SHOWN),
                "cost_yuan": round(float(own["cost_yuan"].sum()), SHOWN),
            }
        )
    return pd.DataFrame(rows, columns=list(BUS_DAY_COLUMNS))


def _tell_place(case: Case, day: Sequence[Duty], names: Mapping[int, tuple[str, str, str]]) -> dict[str, Any]:
    """Return kind, id and names of the place at which the bus of the runs `day` stands overnight."""
    first, overnight = day[0], day[0].overnight
    if overnight == "":
        place_id, name, english = names[first.begins_at if first.direction == TO_SCHOOL else day[-1].ends_at]
        return {"overnight": FIRST_STOP, "place_id": place_id, "place": name, "place_en": english}
    place_id = first.round_.site_id if overnight == AT_SCHOOL else overnight
    table = case.county.schools if place_id in case.county.schools.index else case.county.settlements
    name = str(table.at[place_id, "name"])
    english = str(table["name_en"].get(place_id) or "") if "name_en" in table else ""
    kind = AT_SCHOOL if overnight == AT_SCHOOL else PLACE
    return {"overnight": kind, "place_id": place_id, "place": name, "place_en": english or name}
