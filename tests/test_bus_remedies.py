"""What routes cost beside the layout's count, and public lines for the same money, by hand on the tiny county (tests/test_buses.py).

One bus of 150 000 yuan, 30 riders, 5.5 km each way: 75 000 + 3 520 yuan a direction, 157 040 there and back. A public line of 5.5 km costs
2 * 5.5 * 365 * 6 = 24 090 yuan a year for each round trip a day: six of them, 144 540 yuan, one every two hours.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from layout_planner.buses.plan import plan_buses
from tests.test_buses import riding, tiny_plan

__all__ = ["tiny_plan"]


def test_a_line_for_the_money_of_a_bus(tiny_plan):
    (row,) = tiny_plan[3].line_proposals.to_dict("records")
    assert (row["riders"], row["line_km"], row["school_bus_yuan"]) == (30, 5.5, 157_040.0)
    assert (row["round_trips"], row["headway_minutes"], row["line_yuan"]) == (6, 120, 144_540.0)
    assert row["line_yuan"] <= row["school_bus_yuan"]


def test_costs_of_a_school_as_counted_and_as_driven(tiny_plan):
    case, net, layout, _ = tiny_plan
    sites = layout.sites.assign(buses=[0, 2]) if layout.sites.index[1] == "C1" else layout.sites.assign(buses=[2, 0])
    riders = riding(case, S1=10, S2=10, S3=10).assign(cost_yuan=100.0)
    (row,) = plan_buses(case, net, replace(layout, sites=sites, assignment=riders)).site_costs.to_dict("records")
    assert (row["site_id"], row["riders"], row["buses_counted"], row["buses_needed"]) == ("C1", 30, 2, 1.0)
    assert (row["yuan_counted"], row["yuan_real"], row["yuan_real_a_rider"]) == (300_300.0, 157_040.0, 5_234.67)
    assert np.isnan(row["yuan_a_boarder"])


def test_no_riders_no_rows(tiny_plan):
    case, net, layout, _ = tiny_plan
    plan = plan_buses(case, net, replace(layout, assignment=riding(case)))
    assert plan.site_costs.empty
    assert plan.line_proposals.empty
