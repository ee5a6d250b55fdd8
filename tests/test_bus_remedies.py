"""What routes cost beside the layout's count, and public lines for the same money, by hand on the tiny county (tests/test_buses.py).

One bus of 150 000 yuan, 30 riders, 5.5 km each way: 75 000 + 3 520 yuan a direction, 157 040 there and back. A public line of 5.5 km costs
2 * 5.5 * 365 * 6 = 24 090 yuan a year for each round trip a day: six of them, 144 540 yuan, one every two hours.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from layout_planner.buses.feedback import carried_per_bus
from layout_planner.buses.plan import plan_buses
from layout_planner.county.demand import count_pupils
from layout_planner.plan.case import Case
from layout_planner.plan.forms import sites_by_band, sites_of
from layout_planner.plan.present import present_layout
from layout_planner.plan.solve import optimise_layout
from layout_planner.travel.options import commute_options
from tests.test_buses import riding, tiny_plan
from tests.test_plan import NORMS, scenario_with, tiny_travel
from tests.tiny import tiny_county

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


def test_routes_tell_how_many_pupils_a_bus_carries(tiny_plan):
    """One bus carries all 30 riders of C1; a school without riders is taken to do like the mean."""
    assert carried_per_bus(tiny_plan[3]) == {"": 30.0, "C1": 30.0}


def test_a_layout_lets_no_more_ride_than_its_buses_were_shown_to_carry():
    """One new bus for C1: with 36 seats more than two pupils ride; where a bus carries two, two do."""
    scenario, county, travel = scenario_with(move="all", max_buses=1), tiny_county(), tiny_travel()
    demand, _ = count_pupils(county, scenario)
    riders = {}
    for carries in (36.0, 2.0):
        case = Case(scenario, NORMS, county, demand, travel, sites_of(county.schools, scenario), per_bus={"": carries})
        today = present_layout(case)
        options = commute_options(travel, county.schools, sites_by_band(case.sites, scenario), NORMS, scenario)
        plan, _ = optimise_layout(case, options, today)
        ridden = plan.assignment[plan.assignment["mode"] == "school_bus"].groupby("school_id")["pupils"].sum()
        assert (ridden <= carries * plan.sites["buses"].reindex(ridden.index)).all()
        riders[carries] = int(ridden.sum())
    assert riders[2.0] <= 2 < riders[36.0]
