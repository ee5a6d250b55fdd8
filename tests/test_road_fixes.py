"""Roads that a plan may mend: decided with the schools, measured by the travel engine, re-checked and held by the gate."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from layout_planner.county.faults import Faults
from layout_planner.county.mended import check_road_fixes, mend_roads
from layout_planner.errors import ScenarioError
from layout_planner.pipeline import lay_ground, run_scenario
from layout_planner.plan.case import World
from layout_planner.plan.worlds import offered_sets
from layout_planner.safeguards.mended_roads import mend_county
from layout_planner.safeguards.verify import verify_layout
from layout_planner.scenario import Plan, RoadFix, Scenario, read_scenario
from tests.test_plan import NORMS, scenario_with
from tests.test_plan_goals import PLAN, every_layout, recheck
from tests.test_plan_properties import COUNTIES, draw_minutes, make_case, solve
from tests.tiny import tiny_county

QUICK = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
COST = {"a": 600_000.0, "b": 1_500_000.0}
YEARS = NORMS.value("cost.road_life_years")
PATH = {"id": "path", "name": {"zh": "丁村路", "en": "Ding Road"}, "ways": ["w3"], "road_class": "tertiary", "opens_to_buses": True,
        "cost_yuan": 900_000}  # fmt: skip


def fixes_of(costs: dict[str, float]) -> list[dict[str, object]]:
    return [{"id": key, "name": {"zh": key, "en": key}, "ways": [key], "cost_yuan": yuan} for key, yuan in costs.items()]


@QUICK
@given(COUNTIES)
def test_roads_and_schools_are_decided_together_as_brute_force_does(county):
    pupils, seats, random = county
    today = draw_minutes(random, len(pupils), len(seats))
    # The best of both roads together is at least that of each: any part of a minute's way may be shortened by any of them.
    faster = {key: np.where(np.array([[random.random() < 0.4 for _ in seats] for _ in pupils]), 0.6, 1.0) for key in COST}
    minutes = {(): today, ("a",): today * faster["a"], ("b",): today * faster["b"], ("a", "b"): today * faster["a"] * faster["b"]}
    limit = random.choice([None, 0.0, 700_000.0, 2_000_000.0])
    case = make_case(pupils, seats, today, **PLAN, road_fixes=fixes_of(COST), capital_yuan=limit)
    worlds = tuple(
        World(fixes, replace(case.travel, walk_s=case.travel.walk_s * minutes[fixes] / today, walk_m=minutes[fixes] * 60), {})
        for fixes in offered_sets(case.scenario.plan)
    )
    (layout, solved), before = solve(replace(case, worlds=worlds))
    room = [max(math.inf if s is None else s, before.sites["pupils"].iloc[j]) for j, s in enumerate(seats)]
    crowded = list(before.sites["pupils"] > before.sites["seats"])
    best, taken = (math.inf, math.inf, math.inf), ()
    for fixes, times in minutes.items():
        once = sum(COST[key] for key in fixes)
        for each in every_layout(pupils, times, room, crowded, now=today) if limit is None or once <= limit else ():
            found = (each["harm"], each["risk"], each["yuan"] + once / YEARS)
            if found < best:
                best, taken = found, fixes
    assert solved.terms["harmed"] == pytest.approx(best[0], abs=1e-4)
    assert solved.terms["at_risk_weighted"] == pytest.approx(best[1], abs=1e-4)
    assert solved.objective == pytest.approx(best[2], abs=1.0)
    assert sum(COST[key] for key in layout.fixes) == sum(COST[key] for key in taken)
    assert recheck(case, layout, before, solved.terms) == []
    served = layout.assignment[layout.assignment["mode"] == "walk"]
    place = {f"S{k}": k for k in range(len(pupils))}, {f"P{k}": k for k in range(len(seats))}
    for row in served.to_dict("records"):
        assert row["seconds"] / 60 == pytest.approx(minutes[layout.fixes][place[0][row["settlement_id"]], place[1][row["school_id"]]])


def test_both_ways_of_mending_change_the_same_columns_of_the_same_roads():
    wide = {**PATH, "id": "b", "ways": ["w0", "w2"], "width_m": 6.5, "stays_open": True}
    fixes = [RoadFix.model_validate(fix) for fix in (PATH, wide)]
    county = tiny_county()
    county.roads.edges["closed_from"] = "flood"
    scenario = scenario_with(road_fixes=[fix.model_dump() for fix in fixes])
    ours = mend_roads(county.roads, fixes).edges
    theirs = mend_county(county, scenario, ("path", "b")).roads.edges
    assert ours.drop(columns="geometry").to_dict("records") == theirs.drop(columns="geometry").to_dict("records")
    assert ours["road_class"].tolist() == ["tertiary", "tertiary", "tertiary", "tertiary"]
    assert ours["surface"].tolist() == ["paved", "", "paved", "paved"]
    assert ours["closed_from"].tolist() == ["", "flood", "", "flood"]
    assert ours["drive_forward"].all()
    assert county.roads.edges["road_class"].tolist() == ["tertiary", "tertiary", "unclassified", "path"]  # the county itself stays


def test_a_road_is_mended_where_only_so_a_bus_reaches_a_village(monkeypatch):
    # S4 lives at the end of a path, 3000 m from the road: too far to walk to a bus, too far to walk to P1. Mended, the path lets a bus in.
    county = tiny_county()
    monkeypatch.setattr("layout_planner.pipeline.read_county", lambda *_, **__: county)
    scenario = scenario_with(max_buses=1, road_fixes=[PATH])
    ground = lay_ground(scenario, NORMS)
    plain = run_scenario(scenario_with(max_buses=1), ground=ground)
    run = run_scenario(scenario, ground=ground)
    assert run.plan.fixes == ("path",)
    assert run.measures["plan"]["at_risk"] < plain.measures["plan"]["at_risk"]
    assert run.measures["plan"]["capital_yuan"] == pytest.approx(900_000 + plain.measures["plan"]["capital_yuan"])
    assert run.solved.terms["roads_yuan"] == pytest.approx(900_000 / YEARS)
    assert run.verification.disagreements == ()
    assert any(note.code == "road_fixes" and "Ding Road" in note.text.en for note in run.notes)
    rides = run.plan.assignment[(run.plan.assignment["settlement_id"] == "S4") & (run.plan.assignment["mode"] == "school_bus")]
    assert len(rides)
    # the same plan on the roads of today is not what it says
    false = replace(run.plan, fixes=())
    assert not verify_layout(county, scenario, NORMS, false, today=run.today).agrees
    poor = run_scenario(scenario_with(max_buses=1, road_fixes=[PATH], capital_yuan=600_000), ground=ground)
    assert poor.plan.fixes == ()


def test_roads_that_are_not_in_the_file_are_named():
    county = tiny_county()
    wrong = scenario_with(road_fixes=[{**PATH, "ways": ["w3", "w9"], "surface": "lava"}])
    faults = Faults("t (TOML)")
    check_road_fixes(wrong, county.roads, faults)
    assert [(problem.column, problem.value) for problem in faults.problems] == [
        ("plan.road_fixes.path.ways", "w9"),
        ("plan.road_fixes.path.surface", "lava"),
    ]


def test_bad_road_fixes_are_refused(tmp_path):
    head = 'schema = 1\nname = "t"\ntitle = { zh = "t", en = "t" }\nyear = 2026\n[data]\n'
    head += "".join(f'{role} = {{ path = "x.csv" }}\n' for role in ("settlements", "schools", "roads"))
    fix = '[[plan.road_fixes]]\nid = "{}"\nname = {{ zh = "路", en = "road" }}\nways = {}\ncost_yuan = {}\n'

    def faults(*fixes: str) -> list[str | None]:
        path = tmp_path / "t.toml"
        path.write_text(head + "".join(fixes), encoding="utf-8")
        with pytest.raises(ScenarioError) as caught:
            read_scenario(path)
        return [problem.column for problem in caught.value.problems]

    assert faults(fix.format("a", '["1"]', 5), fix.format("a", '["2"]', 5)) == ["plan.road_fixes"]
    assert faults("[plan]\nbus_rounds = 2\n", fix.format("a", '["1"]', 5)) == ["plan.bus_rounds"]
    assert faults(fix.format("a", "[]", 5)) == ["plan.road_fixes.0.ways"]
    assert faults(fix.format("a", '["1"]', 0)) == ["plan.road_fixes.0.cost_yuan"]
    assert faults(*(fix.format(f"a{k}", '["1"]', 1) for k in range(5))) == ["plan.road_fixes"]


def test_sets_are_offered_in_one_order():
    plan = Plan.model_validate({"road_fixes": fixes_of({"b": 1.0, "a": 2.0})})
    assert list(offered_sets(plan)) == [("a",), ("b",), ("a", "b")]
    assert isinstance(scenario_with(), Scenario)
