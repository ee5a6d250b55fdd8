"""Mixed loads on the timetable: what one bus for several schools would save, and every run that does so, call by call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from layout_planner.output.bus_plans import DIRECTIONS, LOADS, tell_clock
from layout_planner.output.map_data import pair
from layout_planner.output.safe import clean_text
from layout_planner.words import Words

if TYPE_CHECKING:
    from layout_planner.output.view import RunView


def tell_mixed(view: RunView, when: str) -> dict[str, Any] | None:
    """Return the saving and the runs of several schools, None where the scenario did not ask for them."""
    if view.mixed_sums is None or view.mixed_calls is None:
        return None
    sums = view.mixed_sums[view.mixed_sums["when"] == when].set_index("loads")
    if sums.empty:
        return None
    calls = view.mixed_calls[view.mixed_calls["when"] == when]
    shared = calls[calls["kind"].eq("gate").groupby(calls["run_id"]).transform("sum") > 1]
    return {
        "lead": pair(say_mixed(view, when)),
        "sums": [
            {
                "name": pair(LOADS[str(name)]),
                "cells": [
                    *(str(int(row[column])) for column in ("buses", "runs", "mixed_runs")),
                    f"{row['longest_ride_minutes']:.0f}",
                    f"{row['ride_km'] + row['empty_km']:.0f}",
                    f"{row['cost_yuan'] / 10_000:.0f}",
                ],
            }
            for name, row in sums.iterrows()
        ],
        "runs": [_tell_run(own.sort_values("call_no").to_dict("records")) for _, own in shared.groupby("run_id", sort=False)],
    }


def say_mixed(view: RunView, when: str) -> Words:
    """Return what mixed loads would save, in one sentence; empty where nothing was worked out."""
    table = view.mixed_sums
    if table is None or table[table["when"] == when].empty:
        return Words("", "")
    sums = table[table["when"] == when].set_index("loads")
    apart, mixed = (row for row in sums.loc[["apart", "mixed"]].to_dict("records"))
    saved, yuan = apart["buses"] - mixed["buses"], apart["cost_yuan"] - mixed["cost_yuan"]
    return Words(
        f"另案（不在方案内）：一趟车可送几所学校时，需要{mixed['buses']}辆，少{saved}辆，一年少{yuan / 10_000:.0f}万元；"
        f"{mixed['mixed_pupils']}名学生与别校同车，最长乘车{mixed['longest_ride_minutes']:.0f}分钟（方案为{apart['longest_ride_minutes']:.0f}分钟）",
        f"an alternative, not the plan: with several schools in one bus {mixed['buses']} buses are needed, {saved} fewer, {yuan:,.0f} yuan "
        f"a year less; {mixed['mixed_pupils']} pupils share a bus with another school, longest ride "
        f"{mixed['longest_ride_minutes']:.0f} min ({apart['longest_ride_minutes']:.0f} in the plan)",
    )


def _tell_run(calls: list[dict[str, Any]]) -> dict[str, Any]:
    first = calls[0]
    return {
        "label": pair(
            Words(f"{DIRECTIONS[first['direction']].zh} {first['run_id']}", f"{DIRECTIONS[first['direction']].en}, {first['run_id']}")
        ),
        "bus": f"{first['bus_id']}/{first['run']}",
        "most": max(int(call["aboard"]) for call in calls),
        "seats": int(first["seats"]),
        "calls": [
            {
                "time": tell_clock(call["time_s"]),
                "name": pair(Words(clean_text(call["name"]), clean_text(call["name_en"]))),
                "gate": call["kind"] == "gate",
                "moved": f"+{call['on']}" if call["on"] else f"−{call['off']}",
            }
            for call in calls
        ],
    }
