"""One trip told leg by leg: held to hand-worked numbers, and its seconds to the matrix that every plan rests on."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from shapely.geometry import LineString

from layout_planner.cli import main
from layout_planner.embedded import demo_scenarios
from layout_planner.norms import read_norms
from layout_planner.pipeline import ground_of
from layout_planner.scenario import read_scenario
from layout_planner.studies import tell_trips
from layout_planner.travel.explain import explain_trip, sum_seconds
from layout_planner.travel.net import build_net
from layout_planner.travel.options import MODES, measure_mode
from tests.tiny import tiny_county, tiny_lines

TINY = Path(__file__).parent / "data" / "tiny" / "scenario.toml"
NORMS = read_norms("cn-rural")
DEMO = demo_scenarios()[0]


def tell(ends, band, mode):
    county, scenario = tiny_county(), read_scenario(TINY)
    return explain_trip(county, build_net(county, NORMS, scenario.travel), NORMS, scenario, ends, band=band, mode=mode)


def test_a_walk_by_hand():
    # S2 (2000, -100) -> P1: 100 m over open ground at 0.84 m/s, then 2000 m of tertiary road at 1.4 m/s; grades 1-3 at 0.75 of it
    story = tell(("S2", "P1"), "lower_primary", "walk")
    assert [(leg.kind, leg.road_class, round(leg.metres)) for leg in story.out] == [("across", "", 100), ("walk", "tertiary", 2000)]
    assert [leg.seconds for leg in story.out] == pytest.approx([100 / 0.84 / 0.75, 2000 / 1.4 / 0.75])
    assert [leg.kind for leg in story.back] == ["walk", "across"]
    assert story.seconds == pytest.approx(1547.619 / 0.75, rel=1e-6)
    assert story.limit_s == 1800
    first, last = story.out[0].line, story.out[-1].line
    assert first.coords[0] == pytest.approx((502_000, 2_899_900))
    assert last.coords[-1] == pytest.approx((500_000, 2_900_000))


def test_a_ride_by_hand():
    # S1 -> C1: S1 lies on the road, so no walk; wait; 3500 m tertiary at 30 km/h, 2000 m unclassified at 25 km/h; rounds take 1.3 as long
    story = tell(("S1", "C1"), "junior", "school_bus")
    kinds = [(leg.kind, leg.road_class, round(leg.metres)) for leg in story.out]
    assert kinds == [("wait", "", 0), ("ride", "tertiary", 3500), ("ride", "unclassified", 2000)]
    assert story.seconds == pytest.approx(300 + 1.3 * (420 + 288))
    assert tell(("S1", "C1"), "junior", "board").seconds == pytest.approx(708)


def test_the_walk_to_the_stop_takes_the_path_where_that_is_quicker():
    # S4's nearest drivable point is n1: 3000 m of path at 1.4 m/s beat 3000 m across at 0.84
    story = tell(("S4", "C1"), "junior", "board")
    assert [(leg.kind, leg.road_class) for leg in story.out][:2] == [("walk", "path"), ("ride", "tertiary")]
    assert story.out[0].seconds == pytest.approx(2142.857 / 0.95, rel=1e-6)


def test_no_way_is_said_and_never_a_number():
    story = tell(("S5", "P1"), "lower_primary", "walk")
    assert not story.reachable
    assert story.seconds == np.inf


@pytest.fixture(scope="module")
def demo():
    return ground_of(DEMO)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("band", ["lower_primary", "junior"])
def test_told_seconds_are_those_of_the_matrix(demo, mode, band):
    scenario, norms, ground = demo
    travel = ground.travel
    table = measure_mode(mode, travel, ground.county.schools, norms, scenario.travel, scenario.bands[band])[0]
    rng = np.random.default_rng(5)
    told = 0
    anywhere = np.column_stack([rng.integers(len(travel.settlements), size=12), rng.integers(len(travel.schools), size=12)])
    for row, column in [*anywhere, *rng.choice(np.argwhere(np.isfinite(table)), size=4)]:
        ends = (travel.settlements[row], travel.schools[column])
        story = explain_trip(ground.county, ground.net, norms, scenario, ends, band=band, mode=mode)
        assert story.reachable == np.isfinite(table[row, column])
        if story.reachable:
            told += 1
            # the matrix adds the worse walk to the worse ride; one direction can be a little better than both
            assert story.seconds <= table[row, column] + 0.02  # arcs are whole grains
            assert story.seconds >= 0.95 * table[row, column]
            if mode == "walk":
                assert story.seconds == pytest.approx(table[row, column], abs=0.02)
            join = [leg.line for leg in story.out if leg.line is not None]
            assert all(LineString([a.coords[-1], b.coords[0]]).length < 0.01 for a, b in pairwise(join))
    assert told >= 3


def test_climb_there_is_fall_on_the_way_back(demo):
    scenario, norms, ground = demo
    ends = (ground.travel.settlements[60], ground.travel.schools[4])
    story = explain_trip(ground.county, ground.net, norms, scenario, ends, band="junior", mode="walk")
    there, back = (sum(leg.climb_m for leg in legs) for legs in (story.out, story.back))
    assert there > 0
    assert back == pytest.approx(sum(leg.fall_m for leg in story.out), rel=0.02)
    assert there == pytest.approx(sum(leg.fall_m for leg in story.back), rel=0.02)


def test_places_are_found_by_name_and_faults_come_together():
    county, stories = tell_trips(DEMO, ("长箐", "云石河县第二小学"), band="junior", modes=("walk",))
    assert county.settlements.at[stories[0].settlement_id, "name"] == "长箐"
    done = CliRunner().invoke(main, ["travel", str(DEMO), "--from", "Nowhere", "--to", "None", "--band", "x", "--lang", "en"])
    assert done.exit_code == 3
    assert "--from" in done.output
    assert "--to" in done.output
    assert "--band" in done.output


def test_half_a_question_is_wrong_usage():
    assert CliRunner().invoke(main, ["travel", str(DEMO), "--from", "长箐"]).exit_code == 2


def test_the_verb_tells_and_draws(tmp_path):
    asked = ["travel", str(DEMO), "--from", "长箐", "--to", "2152990121", "--out", str(tmp_path), "--json"]
    done = CliRunner(catch_exceptions=False).invoke(main, asked)
    told = json.loads(done.stdout)
    walk = told["trips"][0]
    assert walk["mode"] == "walk"
    assert sum(leg["seconds"] for leg in walk["out"]) <= walk["seconds"] + 1
    best, worst = walk["ends_s"]
    assert best < walk["seconds"] < worst
    assert (tmp_path / "trip.html").stat().st_size < 600_000


def test_sums_of_no_legs():
    assert sum_seconds(()) == 0


def test_a_walk_may_be_short_enough_and_still_too_far():
    # India's rules set 1 km on foot for classes 1-5; S2 is 2.1 km from P1
    county, scenario = tiny_county(), read_scenario(TINY)
    norms = read_norms("in-rte")
    net = build_net(county, norms, scenario.travel)
    far, near = (explain_trip(county, net, norms, scenario, (home, "P1"), band="lower_primary", mode="walk") for home in ("S2", "S1"))
    assert far.limit_m == 1000
    assert far.too_long
    assert not near.too_long


def test_a_bus_journey_by_hand():
    """See test_transit: at the stop at 07:15, bus 07:20 to 07:36, 200 m to school at 1.05 m/s; home by the bus of 16:50."""
    county, scenario = tiny_county(lines=tiny_lines()), read_scenario(TINY)
    net = build_net(county, NORMS, scenario.travel)
    story = explain_trip(county, net, NORMS, scenario, ("S1", "C1"), band="lower_primary", mode="bus")
    assert [(leg.kind, leg.name, round(leg.metres)) for leg in story.out] == [
        ("wait", "", 0),
        ("ride", "9路 a 07:20 – c 07:36", 5300),
        ("walk", "", 200),
    ]
    assert [leg.seconds for leg in story.out] == pytest.approx([300, 960, 200 / 1.05])
    assert [(leg.kind, leg.name) for leg in story.back] == [("walk", ""), ("wait", ""), ("ride", "9路 c 16:50 – a 17:06")]
    assert story.seconds == pytest.approx(1450.476, abs=0.001)
    assert not explain_trip(county, net, NORMS, scenario, ("S4", "C1"), band="junior", mode="bus").reachable


def test_bus_journeys_with_a_change_are_told_to_the_second(demo):
    scenario, norms, ground = demo
    trips = ground.travel.public.by_factor[0.95]
    changing = trips[trips["second"] >= 0].iloc[:: max(1, int((trips["second"] >= 0).sum()) // 4)]
    assert len(changing) >= 3
    for trip in changing.to_dict("records"):
        ends = ground.travel.settlements[trip["home"]], ground.travel.schools[trip["school"]]
        story = explain_trip(ground.county, ground.net, norms, scenario, ends, band="junior", mode="bus")
        assert story.seconds == pytest.approx(trip["seconds"], abs=0.01)
        assert max(sum(leg.kind == "ride" for leg in way) for way in (story.out, story.back)) == 2
