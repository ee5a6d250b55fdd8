"""Mixed loads on the timetable: what one bus for several schools would save, and every run that does so, call by call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from layout_planner.output.bus_plans import DIRECTIONS, tell_clock
from layout_planner.output.map_data import pair
from layout_planner.output.safe import clean_text
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from layout_planner.output.view import RunView


HEADS = {"apart": Words("方案", "plan"), "mixed": Words("混载", "mixed")}
FIGURES: tuple[tuple[Words, Callable[[dict[Hashable, Any]], str]], ...] = (
    (Words("车辆", "buses"), lambda row: str(row["buses"])),
    (Words("趟数（往返）", "runs, both ways"), lambda row: str(row["runs"])),
    (Words("其中混载", "of them for several schools"), lambda row: str(row["mixed_runs"])),
    (Words("最长乘车（分）", "longest ride, min"), lambda row: f"{row['longest_ride_minutes']:.0f}"),
    (Words("公里/天", "km a day"), lambda row: f"{row['ride_km'] + row['empty_km']:.0f}"),
    (Words("万元/年", "10,000 yuan a year"), lambda row: f"{row['cost_yuan'] / 10_000:.0f}"),
)


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
        "heads": [pair(HEADS[str(name)]) for name in sums.index],
        "sums": [{"name": pair(words), "cells": [tell(row) for row in sums.to_dict("records")]} for words, tell in FIGURES],
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
    if saved <= 0 and yuan <= 0:
        return Words(
            "另案（不在方案内）：一趟车送几所学校，车辆和费用都省不下来",
            "An alternative, not the plan: several schools in one bus would save neither buses nor money",
        )
    return Words(
        f"另案（不在方案内）：一趟车送几所学校，车从{apart['buses']}辆减到{mixed['buses']}辆，一年少{yuan / 10_000:.0f}万元；"
        f"{mixed['mixed_pupils']}名学生与别校同车，最长乘车{mixed['longest_ride_minutes']:.0f}分钟（方案为{apart['longest_ride_minutes']:.0f}分钟）",
        f"An alternative, not the plan: with several schools in one bus the buses go from {apart['buses']} to {mixed['buses']}, saving "
        f"{yuan:,.0f} yuan a year; {mixed['mixed_pupils']} pupils share a bus with another school, longest ride "
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
