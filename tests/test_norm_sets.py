"""Every shipped set carries a scenario from end to end, and a limit of distance binds where its set makes it hard."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from layout_planner.county.demand import count_pupils
from layout_planner.errors import ScenarioError
from layout_planner.norms import list_norm_sets, read_norms, read_set_file
from layout_planner.pipeline import run_scenario
from layout_planner.plan.case import Case
from layout_planner.plan.forms import sites_by_band, sites_of
from layout_planner.plan.present import present_layout
from layout_planner.plan.solve import optimise_layout
from layout_planner.risk import assess_risk
from layout_planner.scenario import read_scenario
from layout_planner.travel.options import commute_options
from tests.test_plan import scenario_with, tiny_travel, trips
from tests.tiny import tiny_county

TINY = Path(__file__).parent / "data" / "tiny" / "scenario.toml"
USABLE = [name for name in list_norm_sets() if read_set_file(name).status != "base"]
OWN_WALK_KM = {
    "in-rte": {5: 1.0, 6: 3.0, 9: None},
    "en-england": {3: 3.219, 4: 4.828},
    "jp-mext": {6: 4.0, 7: 6.0},
    "no-skoleskyss": {1: 2.0, 2: 4.0, 9: 4.0},
    "fi": {1: 5.0},
    "id-snp": {6: 3.0, 7: 6.0},
    **{name: {1: None, 7: None} for name in ("cn-rural", "cn-urban", "cn-hebei", "us-wv", "za", "pe")},
}


def scenario_under(name: str, **plan: object):
    scenario = read_scenario(TINY)
    plan = scenario.plan.model_copy(update=plan)
    return scenario.model_copy(update={"norms": name, "allow_draft_norms": True, "plan": plan})


@pytest.mark.parametrize("name", USABLE)
def test_every_set_runs_from_end_to_end(name):
    """P1 closes, so that the gate too asks for its values."""
    run = run_scenario(scenario_under(name, close=("P1",), move="all", max_buses=2, max_new_beds=10))
    assert run.verification.agrees
    assert run.gate.mergers == ("P1",)
    told = {note.text for note in run.notes if note.code == "norms"}
    assert told == set(run.norms.remarks)
    assert bool(told) == (read_set_file(name).status in {"draft", "history"})


@pytest.mark.parametrize("name", [name for name in USABLE if read_set_file(name).status == "draft"])
def test_a_draft_is_used_only_where_the_scenario_allows_it(name):
    with pytest.raises(ScenarioError) as refused:
        run_scenario(scenario_under(name).model_copy(update={"allow_draft_norms": False}))
    assert "allow_draft_norms" in refused.value.say("en")
    assert "草稿" in refused.value.say("zh")


@pytest.mark.parametrize("name", sorted(OWN_WALK_KM))
def test_which_walking_distances_bind(name):
    norms = read_norms(name, allow_drafts=True)
    for grade, limit in OWN_WALK_KM[name].items():
        norm = norms.find("travel.max_walk_km", grades=[grade], mode="walk", severity="hard")
        assert (norm and norm.value) == limit


def layouts_under(name: str, **plan: object):
    norms, county, travel = read_norms(name), tiny_county(), tiny_travel()
    scenario = scenario_with(**plan).model_copy(update={"norms": name})
    case = Case(scenario, norms, county, count_pupils(county, scenario)[0], travel, sites_of(county.schools, scenario))
    today = present_layout(case)
    options = commute_options(travel, county.schools, sites_by_band(case.sites, scenario), norms, scenario)
    proposed, _ = optimise_layout(case, options, today)
    return options, today, proposed, assess_risk(today, county, travel, norms, scenario).set_index(["settlement_id", "band"])


def test_a_walk_in_time_but_too_far_is_at_risk():
    """S2 walks 2100 m to P1 and 4100 m to C1: grades 4-6 take 1547.6 / 0.85 = 1820.7 s of 2700, grades 7-9 2976.2 / 0.95 = 3132.8 of 3600.

    India's rules allow 1 km to class V and 3 km to class VIII, so both are too far; China's 2 km are advice.
    """
    options, _, _, risk = layouts_under("in-rte", move="none")
    assert risk.at[("S2", "upper_primary"), "cause"] == "too_far_walk_km"
    assert risk.at[("S2", "junior"), "cause"] == "too_far_walk_km"
    # 1100 of 4100 m are beyond the limit and take that share of the time
    assert risk.at[("S2", "junior"), "over_s"] == pytest.approx((4000 / 1.4 + 100 / 0.84) / 0.95 * 1100 / 4100)
    walks = options[options["mode"] == "walk"].set_index(["settlement_id", "band", "school_id"])
    assert walks["within_norms"].to_dict()["S1", "upper_primary", "P1"]  # 500 m
    assert not walks["within_norms"].to_dict()["S2", "upper_primary", "P1"]
    assert set(options.loc[options["mode"] != "walk", "limit_m"]) == {np.inf}
    *_, calm = layouts_under("cn-rural", move="none")
    assert ("S2", "upper_primary") not in calm.index


def test_the_optimiser_sends_a_bus_where_the_walk_is_too_far():
    """Under cn-rural S2's grades 4-6 may walk their 30 minutes to P1; under the Indian rules they ride as soon as there are seats."""
    *_, proposed, _ = layouts_under("in-rte", move="all", max_buses=3)
    assert {mode for _, mode, _ in trips(proposed)["S2", "upper_primary"]} == {"school_bus"}
    *_, proposed, _ = layouts_under("cn-rural", move="all", max_buses=3)
    assert {mode for _, mode, _ in trips(proposed)["S2", "upper_primary"]} == {"walk"}
