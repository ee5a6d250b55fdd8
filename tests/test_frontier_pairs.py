"""Frontiers between two axes: every point against brute force, which points are efficient and supported, and their page and maps."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from layout_planner.cli.plans import frontier
from layout_planner.norms import read_norms
from layout_planner.output.frontier_pages import describe_frontier, frontier_table, say_pair, write_frontier
from layout_planner.plan.axes import measure_axis
from layout_planner.plan.forms import sites_of
from layout_planner.plan.frontier_pairs import keep_efficient, mark_supported, order_pair, trace_pair
from layout_planner.plan.present import present_layout
from tests.test_frontier import HOSTILE, frontier_of
from tests.test_plan_properties import COUNTIES, draw_minutes, make_case, price
from tests.test_repair import options_of
from tests.views import make_view

if TYPE_CHECKING:
    from layout_planner.plan.case import Case

NORMS = read_norms("cn-rural")

QUICK = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def plans_of(pupils: list[int], minutes: np.ndarray) -> list[tuple[tuple[float, float], dict[str, float]]]:
    """Return (harm, risk) and the figures on all axes of every choice of open schools and of a school for every settlement."""
    dry, found = np.zeros(minutes.shape, dtype=bool), []
    for is_open in itertools.product([False, True], repeat=minutes.shape[1]):
        targets = [-1, *(j for j, used in enumerate(is_open) if used)]
        for goes in itertools.product(targets, repeat=len(pupils)):
            harm, risk, yuan = price(pupils, minutes, goes, is_open, "expected", dry)
            worst = max((row[j] for row, j in zip(minutes, goes, strict=True) if j >= 0), default=0.0)
            found.append(((harm, risk), {"kept": float(sum(is_open)), "yuan": yuan, "minutes": float(worst)}))
    best = min(goals for goals, _ in found)
    return [(goals, figures) for goals, figures in found if goals[0] == best[0] and goals[1] <= best[1] + 1e-6]


@QUICK
@given(COUNTIES, st.sampled_from([("minutes", "yuan"), ("minutes", "kept"), ("kept", "yuan")]))
def test_every_point_is_the_best_within_its_bound(county, pair):
    pupils, seats, random = county
    minutes = draw_minutes(random, len(pupils), len(seats))
    case = make_case(pupils, [None] * len(seats), minutes, may_close="all", move="all", keep_settlements_whole=True, judge="expected")
    plans = plans_of(pupils, minutes)
    points = list(trace_pair(case, options_of(case), present_layout(case), pair, 4, lambda _: None))
    assert points[0].asked is None
    for point in points:
        bound, goal = point.asked, measure_axis(point.layout, pair[1])
        if pair[0] == "kept":
            within = [figures for _, figures in plans if bound is None or figures["kept"] >= bound]
        else:
            within = [figures for _, figures in plans if bound is None or figures["minutes"] <= bound + 1e-6]
        best = max(figures["kept"] for figures in within) if pair[1] == "kept" else min(figures["yuan"] for figures in within)
        assert goal == pytest.approx(best, abs=1.0 if pair[1] == "yuan" else 1e-6)
        assert bound is None or pair[0] != "minutes" or measure_axis(point.layout, "minutes") <= bound + 1e-6


JUNIOR = (7, 8, 9)
RIDE_M, WALK_LIMIT, LIMIT_RISK, BEDS = 10_000.0, 60.0, 9.0, 200


def boarding_case(pupils: list[int], minutes: np.ndarray) -> Case:
    """Return junior schools to which everybody walks `minutes` or, where there are beds, travels ten kilometres by road once a week."""
    case = make_case(pupils, [None] * minutes.shape[1], minutes, may_close="all", move="all", judge="expected", keep_settlements_whole=True)
    schools = case.county.schools.assign(form="junior", grades=[JUNIOR] * minutes.shape[1], canteen=True)
    plan = case.scenario.plan.model_copy(update={"max_new_beds": BEDS})
    scenario = case.scenario.model_copy(update={"bands": {"junior": JUNIOR}, "plan": plan})
    walk_s = minutes * 60 * NORMS.value("speed.child_factor", grades=JUNIOR)
    rides = {"ride_s": np.full(minutes.shape, 60.0), "ride_m": np.full(minutes.shape, RIDE_M), "stop_s": np.zeros(len(pupils))}
    travel = replace(case.travel, walk_s=walk_s, **rides)
    sites = sites_of(schools, scenario)
    county, demand = replace(case.county, schools=schools), case.demand.set_axis(["junior"], axis=1)
    return replace(case, scenario=scenario, county=county, travel=travel, demand=demand, sites=sites)


def boarding_plans(pupils: list[int], minutes: np.ndarray) -> list[dict[str, float]]:
    """Return the figures of every choice of open schools and of a walk or a bed for every settlement that is as safe as can be.

    A class is of 50 pupils with 3 teachers of 90,000 yuan, one a grade at least; a bed costs 30,000 yuan and stands 20 years; a boarder
    costs 1,700 yuan and 80 rides of ten kilometres at 3.2 yuan for 36 seats. Nobody boards where he can walk in time.
    """
    boarder_yuan, found = 1_700 + 80 * 10 * 3.2 / 36, []
    for is_open in itertools.product([False, True], repeat=minutes.shape[1]):
        ways = [(-1, False), *((j, boards) for j, used in enumerate(is_open) if used for boards in (False, True))]
        for goes in itertools.product(ways, repeat=len(pupils)):
            harm = risk = worst = yuan = 0.0
            beds, loads = 0, [0] * len(is_open)
            for n, row, (j, boards) in zip(pupils, minutes, goes, strict=True):
                if j >= 0 and boards:
                    harm += np.inf if row[j] <= WALK_LIMIT else 0
                    beds += n
                elif j < 0 or row[j] > WALK_LIMIT:
                    harm += n * (row.min() <= WALK_LIMIT) + n * (j < 0 or row[j] > row.min())
                    harm += 0 if is_open[int(row.argmin())] else np.inf
                    risk += n * (10 if j < 0 else min(row[j] / WALK_LIMIT, LIMIT_RISK))
                if j >= 0:
                    loads[j] += n
                    worst = max(worst, 0.0 if boards else row[j])
            used = [load for load, open_now in zip(loads, is_open, strict=True) if open_now]
            yuan += sum(60_000 + max(3, math.ceil(load / 50)) * 3 * 90_000 + 850 * max(100, load) for load in used)
            yuan += beds * (boarder_yuan + 30_000 / 20)
            found.append(((harm, risk), {"kept": sum(is_open), "beds": beds, "minutes": worst, "yuan": yuan}))
    least = min(goals for goals, _ in found)
    return [figures for (harm, risk), figures in found if harm == least[0] and risk <= least[1] + 1e-6]


SIGN = {"kept": -1.0}  # more schools are better, of all else less


@QUICK
@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=3),
    st.integers(1, 3),
    st.randoms(use_true_random=False),
    st.sampled_from([("kept", "beds"), ("minutes", "beds"), ("beds", "yuan")]),
)
def test_every_point_of_a_pair_with_beds_is_the_best_within_its_bound(pupils, schools, random, between):
    minutes = np.array([[random.choice([3, 20, 45, 59, 61, 90, 200]) for _ in range(schools)] for _ in pupils], dtype=float)
    case, (first, second) = boarding_case(pupils, minutes), order_pair(between)
    plans = boarding_plans(pupils, minutes)
    points = list(trace_pair(case, options_of(case), present_layout(case), (first, second), 4, lambda _: None))
    for point in points:
        sign, asked = SIGN.get(first, 1.0), point.asked
        within = [plan for plan in plans if asked is None or sign * plan[first] <= sign * asked + 1e-3]
        best = min(SIGN.get(second, 1.0) * plan[second] for plan in within)
        reached = measure_axis(point.layout, second)
        assert SIGN.get(second, 1.0) * reached == pytest.approx(best, abs=1.0 if second == "yuan" else 1e-6)
        assert asked is None or sign * measure_axis(point.layout, first) <= sign * asked + 1e-3
        alike = [plan["yuan"] for plan in within if abs(SIGN.get(second, 1.0) * plan[second] - best) <= 1e-6]
        assert measure_axis(point.layout, "yuan") == pytest.approx(min(alike), abs=1.0)


def test_only_what_no_other_beats_is_efficient_and_corners_are_supported():
    # minutes against yuan: (60, 100) (50, 100)* beats it; (40, 190) lies above the line from (50, 100) to (30, 200); (30, 200)
    points = [(60.0, 100.0), (50.0, 100.0), (40.0, 190.0), (30.0, 200.0), (50.0, 100.0)]
    kept = keep_efficient(points, ("minutes", "yuan"))
    assert kept == [1, 2, 3]
    assert mark_supported([points[k] for k in kept], ("minutes", "yuan")) == [True, False, True]
    assert keep_efficient([(5.0, 10.0), (4.0, 10.0), (4.0, 9.0)], ("kept", "yuan")) == [2, 0]
    assert [order_pair(pair) for pair in (("yuan", "beds"), ("kept", "minutes"))] == [("beds", "yuan"), ("minutes", "kept")]


def pair_frontier(name: str = "甲小学"):
    figures = ((1, 2_100_000.0, 23.5, ("P1",)), (2, 2_500_000.0, 20.0, ()))
    found = frontier_of(*figures, name=name)
    more = {"worst_minutes": 60.0, "new_beds": 3.0}
    steps = tuple(
        type(step)(step.kept, {**step.measures, **more}, step.bound, step.gap, step.closed, asked, supported)
        for step, asked, supported in zip(found.steps, (None, 45.5), (True, False), strict=True)
    )
    return type(found)(found.scenario, found.county, {**found.today, **more}, steps, ("minutes", "yuan"))


def test_a_pair_is_told_with_bounds_and_what_is_supported(tmp_path):
    found = pair_frontier(HOSTILE)
    said = say_pair(found)
    assert said.zh == (
        "最长单程由60.0分钟到60.0分钟，年成本由210.0万元到250.0万元（多40.0万元）。可以证明，这个差额在37.5万元到42.1万元之间。"
        "共2个有效方案，其中1个在某种权衡下最好。"
    )
    assert said.en.startswith(
        "From 60.0 minutes to 60.0 minutes, the cost goes from 2,100,000 yuan a year to 2,500,000 yuan a year (+400,000). It is "
    )
    assert frontier_table(found, "zh").row_count == 3
    rows = describe_frontier(found)["steps"]
    assert [(row["minutes_asked"], row["supported"]) for row in rows] == [(None, True), (45.5, False)]
    first, second = (write_frontier(found, tmp_path / part, "zh") for part in ("a", "b"))
    assert first[0].parent.name == "t-frontier-minutes-yuan"
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    page = first[2].read_text(encoding="utf-8")
    assert "≤ 45.5" in page
    assert "<script>alert" not in page


@pytest.mark.parametrize("between", ["kept", "kept,kept", "kept,yuan,beds", "kept,silver"])
def test_a_pair_that_is_none_is_refused(between):

    done = CliRunner().invoke(frontier, ["none.toml", "--between", between])
    assert done.exit_code == 2
    assert "--between" in done.output


def test_every_plan_has_a_map_and_one_map_holds_them_all(tmp_path):
    found = pair_frontier()
    views = [make_view(name=name) for name in ("a", "b")]
    paths = {path.name: path for path in write_frontier(found, tmp_path, "en", views)}
    assert set(paths) == {"frontier.csv", "frontier.png", "frontier.html", "plan-1.html", "plan-2.html", "plans.html"}
    page = paths["frontier.html"].read_text(encoding="utf-8")
    assert all(f'href="{name}"' in page for name in ("plan-1.html", "plan-2.html", "plans.html"))
    assert "No trip over 45.5 minutes" in paths["plan-2.html"].read_text(encoding="utf-8")
