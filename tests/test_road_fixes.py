"""Roads that a plan may mend: decided with the schools, measured by the travel engine, re-checked and held by the gate."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from pyproj import Transformer

from layout_planner.county.faults import Faults
from layout_planner.county.mended import check_road_fixes, mend_roads
from layout_planner.errors import InputError, ScenarioError
from layout_planner.frontier import draw_run, study_frontier
from layout_planner.output.run_view import view_of
from layout_planner.pipeline import lay_ground, run_scenario
from layout_planner.plan.case import World
from layout_planner.plan.worlds import offered_sets
from layout_planner.safeguards.mended_roads import mend_county
from layout_planner.safeguards.verify import verify_layout
from layout_planner.scenario import Plan, RoadFix, Scenario, read_scenario
from tests.test_plan import NORMS, scenario_with
from tests.test_plan_goals import PLAN, every_layout, recheck
from tests.test_plan_properties import COUNTIES, draw_minutes, make_case, solve
from tests.tiny import CRS, ORIGIN, tiny_county

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


def test_a_frontier_pays_for_the_roads_that_its_plans_mend(monkeypatch):
    # Any road was free for the plans with more schools, and the trips on it were drawn along the roads of today.
    monkeypatch.setattr("layout_planner.pipeline.read_county", lambda *_, **__: tiny_county())
    asked = {"may_close": "all", "move": "all", "max_buses": 3, "judge": "expected", "road_fixes": [PATH]}
    scenario = scenario_with(**asked)
    monkeypatch.setattr("layout_planner.pipeline.read_scenario", lambda *_, **__: scenario)
    monkeypatch.setattr("layout_planner.frontier.read_scenario", lambda *_, **__: scenario)
    cheapest = run_scenario(scenario)
    found = study_frontier("any.toml", points=4)
    yuan = [step.measures["cost_yuan"] for step in found.steps]
    assert found.steps[0].layout.fixes == ("path",)
    assert found.steps[-1].measures["cost_yuan"] == pytest.approx(cheapest.solved.objective, abs=1)
    assert yuan == sorted(yuan, reverse=True)
    for step in found.steps:
        plain = step.layout.sites["cost_yuan"].sum() + step.layout.assignment["cost_yuan"].sum()
        assert step.measures["cost_yuan"] == pytest.approx(plain + 900_000 / YEARS * len(step.layout.fixes), abs=1)
        assert step.bound <= step.measures["cost_yuan"] + 1
        drawn = draw_run(found, step).ways
        rides = step.layout.assignment[step.layout.assignment["mode"].isin(["school_bus", "walk"])]
        assert set(rides["settlement_id"]) <= set(drawn["settlement_id"])
    for refused, key in (({"siblings_yuan": 300}, "siblings_yuan"), ({"objective": "weighted", "weights": {"at_risk": 9e4}}, "objective")):
        monkeypatch.setattr("layout_planner.frontier.read_scenario", lambda *_, refused=refused, **__: scenario_with(**asked, **refused))
        with pytest.raises(InputError) as error:
            study_frontier("any.toml")
        assert [problem.column for problem in error.value.problems] == [f"plan.{key}"]


def lonlat(*places):
    """Return points of the tiny county, in metres from its origin, as longitudes and latitudes."""
    xs, ys = np.array(places, dtype=float).T
    lon, lat = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True).transform(xs + ORIGIN[0], ys + ORIGIN[1])
    return [list(pair) for pair in zip(lon, lat, strict=True)]


def new_road(*places, **said):
    return {"id": "new", "name": {"zh": "新路", "en": "New Road"}, "line": lonlat(*places), "cost_yuan": 2_000_000, **said}


def corners(edges):
    """Return every road as where it begins and ends, its length, and all that is said of it; in an order of their own."""
    said = [column for column in edges.columns if column not in {"geometry", "from_node", "to_node"}]
    ends = [np.round([*line.coords[0], *line.coords[-1], line.length], 3).tolist() for line in edges.geometry]
    return sorted(([*end, *row] for end, row in zip(ends, edges[said].values.tolist(), strict=True)), key=str)


@pytest.mark.parametrize(
    ("places", "pieces"),
    [
        ([(4000, 0), (2000, 3000)], {}),  # from the crossing at S3 to the end of the path at S4
        ([(1000, 20), (1500, 1500), (2000, 2999.5)], {"w0": [1000, 1000]}),  # from 20 m beside a road, which it cuts in two
        ([(5000, 0), (5000, -4000)], {"w2": [1000, 1000]}),  # to where no road is
        ([(1000, 0), (3000, 10), (3000, 500), (1000, 0)], {"w0": [1000, 1000]}),  # a loop
    ],
)
def test_both_ways_of_building_a_road_join_the_same_roads(places, pieces):
    county = tiny_county()
    fix = RoadFix.model_validate(new_road(*places, road_class="tertiary", opens_to_buses=True))
    ours = mend_roads(county.roads, [fix])
    theirs = mend_county(county, scenario_with(road_fixes=[fix.model_dump()]), ("new",)).roads
    assert corners(ours.edges) == corners(theirs.edges)
    for roads in (ours, theirs):
        for row in roads.edges.to_dict("records"):
            assert np.allclose(row["geometry"].coords[0], roads.node_xy[row["from_node"]], atol=1e-6)
            assert np.allclose(row["geometry"].coords[-1], roads.node_xy[row["to_node"]], atol=1e-6)
        assert len(roads.node_lonlat) == len(roads.node_xy)
        cut = roads.edges.groupby("way")["geometry"].apply(lambda lines: sorted(round(line.length) for line in lines)).to_dict()
        assert {way: cut[way] for way in pieces} == pieces
        assert len(cut) == 5  # the four roads and the new one
    assert len(county.roads.edges) == 4  # the county itself stays


def test_a_new_road_is_built_where_only_so_a_bus_reaches_a_village(monkeypatch):
    # From the crossing at S3 (4000, 0) to S4 (2000, 3000): sqrt(2000^2 + 3000^2) = 3605.551 m. S4 to C1 is then 3605.551 + 2000 m on foot,
    # at 1.4 m/s, where it was 7000 m by its path; by bus 3605.551 m at 30 km/h and 2000 m at 25 km/h: 432.666 + 288 = 720.666 s.
    county = tiny_county()
    monkeypatch.setattr("layout_planner.pipeline.read_county", lambda *_, **__: county)
    road = new_road((4000, 0), (2000, 3000), road_class="tertiary", opens_to_buses=True)
    scenario = scenario_with(max_buses=1, road_fixes=[road])
    ground = lay_ground(scenario, NORMS)
    with_road = ground.mended(scenario, NORMS, ("new",)).travel
    home, school = with_road.settlements.get_loc("S4"), with_road.schools.get_loc("C1")
    assert with_road.walk_m[home, school] == pytest.approx(5605.551, abs=0.1)
    assert with_road.walk_s[home, school] == pytest.approx(5605.551 / 1.4, abs=0.1)
    assert with_road.riding().ride_s[home, school] == pytest.approx(720.666, abs=0.1)
    plain, run = run_scenario(scenario_with(max_buses=1), ground=ground), run_scenario(scenario, ground=ground)
    assert run.plan.fixes == ("new",)
    assert repr(run).startswith(f"<Run {scenario.name!r} 2026: at risk ")
    assert len(repr(run)) < 140  # a notebook shows it
    drawn = view_of(run).mended
    assert drawn[["id", "name", "name_en", "is_new"]].to_numpy().tolist() == [["new", "新路", "New Road", True]]
    assert drawn.to_crs(CRS).length.tolist() == pytest.approx([3605.551], abs=0.1)
    assert view_of(plain).mended is None
    assert run.measures["plan"]["at_risk"] < plain.measures["plan"]["at_risk"]
    assert run.measures["plan"]["capital_yuan"] == pytest.approx(2_000_000 + plain.measures["plan"]["capital_yuan"])
    assert run.solved.terms["roads_yuan"] == pytest.approx(2_000_000 / YEARS)
    assert run.verification.disagreements == ()
    assert not verify_layout(county, scenario, NORMS, replace(run.plan, fixes=()), today=run.today).agrees
    assert run_scenario(scenario_with(max_buses=1, road_fixes=[road], capital_yuan=600_000), ground=ground).plan.fixes == ()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (lonlat((9000, 0), (9000, 900)), ["within 50 m"]),  # meets no road
        (lonlat((4000, 0), (400_000, 3000)), ["far from the roads"]),
        (lonlat((4040, 0), (9000, 900)), []),
    ],
)
def test_new_roads_that_cannot_be_are_named(line, said):
    faults = Faults("t (TOML)")
    check_road_fixes(scenario_with(road_fixes=[{**new_road((0, 0), (1, 1)), "line": line}]), tiny_county().roads, faults)
    assert len(faults.problems) == len(said)
    assert all(part in problem.what.en for part, problem in zip(said, faults.problems, strict=True))
    assert {problem.column for problem in faults.problems} <= {"plan.road_fixes.new.line"}


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
    assert faults(fix.format("a", "[]", 5)) == ["plan.road_fixes"]
    assert faults(fix.format("a", "[]", 5) + "line = [[100.0, 25.0]]\n") == ["plan.road_fixes"]
    assert faults(fix.format("a", '["1"]', 0)) == ["plan.road_fixes.0.cost_yuan"]
    both = fix.format("a", '["1"]', 5) + "line = [[100.0, 25.0], [100.1, 25.0]]\n"
    assert faults(both) == ["plan.road_fixes"]
    assert faults(fix.format("a", '["1"]', 5).replace('ways = ["1"]\n', "")) == ["plan.road_fixes"]
    assert faults(fix.format("a", '["1"]', 5).replace('ways = ["1"]', "line = [[100.0, 95.0], [100.1, 25.0]]")) == [
        "plan.road_fixes.0.line.0.1"
    ]
    assert faults(*(fix.format(f"a{k}", '["1"]', 1) for k in range(5))) == ["plan.road_fixes"]


def test_sets_are_offered_in_one_order():
    plan = Plan.model_validate({"road_fixes": fixes_of({"b": 1.0, "a": 2.0})})
    assert list(offered_sets(plan)) == [("a",), ("b",), ("a", "b")]
    assert isinstance(scenario_with(), Scenario)
