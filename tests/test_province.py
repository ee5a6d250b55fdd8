"""A province: shared limits spread by prices, children across borders, nothing worked out twice, and no county that ends the others."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
import time

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString

from layout_planner.cli import main
from layout_planner.county.model import RoadTable
from layout_planner.demo.province import make_province
from layout_planner.demo.province_county import Size
from layout_planner.errors import InputError, NoPlanError, OutputError, PlannerError
from layout_planner.output.province_folder import write_province
from layout_planner.output.province_shelf import ProvinceShelf
from layout_planner.province.borders import OFFER_COLUMNS, grant_offers, join_roads
from layout_planner.province.county import _free_seats
from layout_planner.province.pool import Alone, Cluster, open_pool
from layout_planner.province.prices import Column, choose_layouts, propose_caps, solve_mixture
from layout_planner.province.run import run_province
from layout_planner.province.settings import Budget, read_province
from layout_planner.words import Words

TINY = Size(townships=1, villages=6, settlements=16, pupils=160, side_m=7_000.0, shared=(2, 1))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return the folder of a province of three counties."""
    folder = tmp_path_factory.mktemp("province")
    make_province(folder, counties=3, size=TINY)
    return folder


@pytest.fixture(scope="module")
def worked(made, tmp_path_factory):
    """Return the run of that province, its shelf and its folder of results."""
    out = tmp_path_factory.mktemp("out")
    shelf = ProvinceShelf(out / "shelf")
    run = run_province(read_province(made / "province.toml"), shelf, Alone())
    return run, shelf, write_province(run, shelf, out, "en")


class Nobody:
    """Refuses to work."""

    link = ""

    def work(self, function, orders):  # noqa: ARG002 - asked for by the pool's callers
        assert not orders, "everything was on the shelf"
        return iter(())


# Two counties share two buses. A: 10 at risk without, 4 with one, 3 with two. B: 8 without, 7 with one, 3 with two.
# Mixtures: A's first bus saves 6. The second bus saves 1 in A; in B, mixing 0 and 2 buses half and half saves 2.5. So the best mixture
# has 4 + 5.5 = 9.5 at risk, and a third bus would again save 2.5 in B: the price. Whole layouts: A1 B1 = 11, A0 B2 = 13, A2 B0 = 11.
COLUMNS = [
    Column("A", "A0", 10, (0,)), Column("A", "A1", 4, (1,)), Column("A", "A2", 3, (2,)),
    Column("B", "B0", 8, (0,)), Column("B", "B1", 7, (1,)), Column("B", "B2", 3, (2,)),
]  # fmt: skip


def test_price_of_a_shared_bus_by_hand():
    spread = solve_mixture(COLUMNS, [2.0])
    assert spread.at_risk == pytest.approx(9.5)
    assert spread.prices == pytest.approx((2.5,), abs=1e-4)
    assert spread.mixture["A"] == pytest.approx((1.0,))
    assert spread.mixture["B"] == pytest.approx((1.0,))
    assert propose_caps(spread, {"A": (2.0,), "B": (2.0,)}, ["new_buses"]) == {"A": {"new_buses": 1.0}, "B": {"new_buses": 1.0}}
    assert choose_layouts(COLUMNS, [2.0]).at_risk == 11
    assert choose_layouts(COLUMNS, [3.0]).chosen == {"A": "A1", "B": "B2"}


def test_what_is_not_scarce_has_no_price_and_is_not_rationed():
    spread = solve_mixture(COLUMNS, [9.0])
    assert spread.prices == (0.0,)
    assert propose_caps(spread, {"A": (2.0,), "B": (2.0,)}, ["new_buses"]) == {"A": {"new_buses": 2.0}, "B": {"new_buses": 2.0}}


def test_limits_that_nothing_fits_into_are_told():
    with pytest.raises(NoPlanError):
        choose_layouts([Column("A", "A1", 4, (1,))], [0.0])
    with pytest.raises(NoPlanError):
        solve_mixture([Column("A", "A1", 4, (1,))], [0.0])


@settings(max_examples=60)
@given(
    st.lists(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=4), min_size=1, max_size=4),
    st.tuples(st.integers(0, 12), st.integers(0, 12)),
)
def test_choice_is_the_best_of_all_choices(counties, limits):
    columns = [Column(f"c{i}", f"c{i}/{k}", risk, (a, b)) for i, group in enumerate(counties) for k, (risk, a, b) in enumerate(group)]
    fitting = [
        sum(risk for risk, _, _ in choice)
        for choice in itertools.product(*counties)
        if all(sum(part[1 + r] for part in choice) <= limits[r] for r in (0, 1))
    ]
    if not fitting:
        with pytest.raises(NoPlanError):
            choose_layouts(columns, limits)
        return
    chosen = choose_layouts(columns, limits)
    assert chosen.at_risk == min(fitting)
    assert solve_mixture(columns, limits).at_risk <= min(fitting) + 1e-4
    assert all(sum(uses[r] for uses in chosen.mixture.values()) <= limits[r] for r in (0, 1))


def roads(points, pairs):
    xy = np.array(points, dtype=float)
    edges = gpd.GeoDataFrame(
        {"from_node": [a for a, _ in pairs], "to_node": [b for _, b in pairs], "road_class": "tertiary"},
        geometry=[LineString([xy[a], xy[b]]) for a, b in pairs],
        crs="EPSG:32648",
    )
    return RoadTable(xy, np.round(105 + xy / 100_000, 7), edges)


def test_roads_of_neighbours_meet_at_the_border_and_are_not_doubled():
    own = roads([(0, 0), (500, 0), (1000, 0)], [(0, 1), (1, 2)])
    other = roads([(1000, 0), (2000, 0), (500, 0)], [(0, 1), (2, 0)])  # holds the last stretch of ours once more
    joined = join_roads(own, [other])
    assert len(joined.node_xy) == 4
    ends = {frozenset(map(tuple, joined.node_xy[[a, b]])) for a, b in zip(joined.edges["from_node"], joined.edges["to_node"], strict=True)}
    assert ends == {frozenset({(0, 0), (500, 0)}), frozenset({(500, 0), (1000, 0)}), frozenset({(1000, 0), (2000, 0)})}
    assert len(joined.edges) == 3
    for edge in joined.edges.itertuples():
        assert tuple(joined.node_xy[edge.from_node]) == edge.geometry.coords[0]
        assert tuple(joined.node_xy[edge.to_node]) == edge.geometry.coords[-1]


def offer(child, pupils, school, mode, seconds, over):
    return ("H", "G", child, "junior", pupils, school, mode, seconds, over)


def test_places_across_the_border_go_to_the_furthest_first_by_hand():
    # School s: 5 seats and 2 beds free. v1 is furthest over (9 pupils): 2 board, 3 walk to s, and the other 4 find nothing; v2 nothing.
    offers = pd.DataFrame(
        [offer("v2", 1, "s", "walk", 600, 10.0), offer("v1", 9, "s", "board", 300, np.inf), offer("v1", 9, "s", "walk", 900, np.inf)],
        columns=list(OFFER_COLUMNS),
    )
    granted = grant_offers(offers, {("H", "s"): (5.0, 2.0)})
    assert [tuple(row) for row in granted[["settlement_id", "mode", "pupils"]].to_numpy()] == [("v1", "board", 2), ("v1", "walk", 3)]


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.sampled_from(["walk", "board"]), st.integers(1, 900)), max_size=20),
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3)), min_size=3, max_size=3),
)
def test_no_place_is_given_twice_and_row_order_does_not_matter(rows, places):
    offers = pd.DataFrame(
        [offer(f"v{child}", child + 2, f"s{school}", mode, seconds, 60.0 * child) for child, school, mode, seconds in rows],
        columns=list(OFFER_COLUMNS),
    ).drop_duplicates(["settlement_id", "school_id", "mode"])
    free = {("H", f"s{k}"): (float(seats), float(beds)) for k, (seats, beds) in enumerate(places)}
    granted = grant_offers(offers, free)
    for (_, school), (seats, beds) in free.items():
        there = granted[granted["school_id"] == school]
        assert there["pupils"].sum() <= seats
        assert there.loc[there["mode"] == "board", "pupils"].sum() <= beds
    for child in range(4):
        assert granted.loc[granted["settlement_id"] == f"v{child}", "pupils"].sum() <= child + 2
    pd.testing.assert_frame_equal(granted, grant_offers(offers.iloc[::-1], free))


def test_limits_hold_and_everything_adds_up(worked):
    run, _, folder = worked
    assert not run.failures
    assert len(run.plans) == 3
    told = json.loads((folder / "province.json").read_text(encoding="utf-8"))
    for name, limit in run.province.budget.limits.items():
        assert told["budget"][name]["used"] == sum(part.figures[name] for part in run.plans.values()) <= limit
    counties = gpd.read_parquet(folder / "counties.parquet")
    homes = gpd.read_parquet(folder / "settlements")
    assert sorted(homes["county"].astype(str).unique()) == sorted(run.today)
    assert homes["pupils"].sum() == counties["pupils"].sum() == 480
    assert (homes["at_risk"].sum() - counties["crossing_out"].sum()) == counties["at_risk"].sum() == told["totals"]["at_risk"]
    assert list(counties["at_risk"]) == sorted(counties["at_risk"], reverse=True)
    assert homes.crs.to_epsg() == 4326


# Money is shared like beds, but not counted in whole pieces, and a plan may save some. A: 10 at risk as it is, 2 for 900 yuan. B: 6 at risk
# as it is, 7 with 300 yuan saved. 600 yuan: two thirds of A's plan with B as it is leave 10 - 16/3 + 6 = 10.67. B's saving pays for the
# last third (2.67 pupils) and costs one, so the best mixture is A's plan whole and B saving: 2 + 7 = 9, which takes exactly 600.
MONEY = [Column("A", "A0", 10, (0.0,)), Column("A", "A1", 2, (900.0,)), Column("B", "B0", 6, (0.0,)), Column("B", "B1", 7, (-300.0,))]


def test_money_is_shared_and_what_one_county_saves_another_may_spend_by_hand():
    spread = solve_mixture(MONEY, [600.0])
    assert spread.at_risk == pytest.approx(9)
    assert choose_layouts(MONEY, [600.0]).chosen == {"A": "A1", "B": "B1"}
    assert choose_layouts(MONEY, [900.0]).chosen == {"A": "A1", "B": "B0"}
    assert choose_layouts(MONEY, [599.0]).chosen == {"A": "A0", "B": "B0"}
    tight = solve_mixture(MONEY, [450.0])
    assert tight.at_risk == pytest.approx(7 + 10 - 8 * 750 / 900)
    assert tight.prices == pytest.approx((8 / 900,), rel=1e-3)
    assert propose_caps(tight, {"A": (900.0,), "B": (0.0,)}, ["extra_yuan"])["A"]["extra_yuan"] == pytest.approx(750)


def test_beds_buses_and_money_are_shared_at_once(worked, made):
    free, shelf, _ = worked
    limits = {name: 0.5 * wished for name, wished in free.wishes.items()}
    assert set(limits) == {"new_beds", "new_buses"}
    wished = [free.today[county_id].figures for county_id in free.today]
    assert len(wished) == 3
    asked = read_province(made / "province.toml").model_copy(update={"border_km": 0.0, "rounds": 2})
    rich = run_province(asked.model_copy(update={"budget": Budget(extra_yuan=1e12)}), shelf, Alone())
    most = sum(part.figures["extra_yuan"] for part in rich.plans.values())
    assert most > 0
    assert rich.rounds[0].prices == (0.0,), "what nobody can use up has no price"
    budget = Budget(new_beds=int(limits["new_beds"]), new_buses=int(limits["new_buses"]), extra_yuan=round(most / 2))
    run = run_province(asked.model_copy(update={"budget": budget}), shelf, Alone())
    assert not run.failures
    for name, limit in run.province.budget.limits.items():
        assert sum(part.figures[name] for part in run.plans.values()) <= limit + 1e-6, name
    at_risk = {
        kind: sum(part.figures["at_risk"] for part in parts.values())
        for kind, parts in (("now", run.today), ("half", run.plans), ("all", rich.plans))
    }
    assert at_risk["all"] <= at_risk["half"] <= at_risk["now"]
    assert max(run.rounds[0].prices) > 0
    assert all(len(done.prices) == 3 for done in run.rounds)


def test_caps_that_leave_no_plan_are_no_fault_of_the_county(worked, made, monkeypatch):
    def no_plan(*_, **__):
        raise NoPlanError(Words("没有方案", "no plan"))

    _, shelf, _ = worked
    monkeypatch.setattr("layout_planner.province.county.run_scenario", no_plan)
    asked = read_province(made / "province.toml").model_copy(update={"border_km": 0.0, "budget": Budget(extra_yuan=1.0)})
    run = run_province(asked, shelf, Alone())
    assert not run.failures
    assert all(part.figures.get("extra_yuan", 0.0) <= 1.0 for part in run.plans.values())
    assert len(run.plans) == 3, "each is left as it is"


def test_crossings_only_take_what_is_free_and_within_the_norms(worked):
    run, shelf, _ = worked
    for (host, school), moves in run.crossings.groupby(["host", "school_id"]):
        sites = shelf.table(run.final[host].key, "schools").set_index("school_id")
        assert moves["pupils"].sum() <= sites.at[school, "free_seats"]
    assert (run.crossings["host"] != run.crossings["guest"]).all()
    assert np.isfinite(run.crossings["seconds"].astype(float)).all()


def test_what_is_on_the_shelf_is_not_worked_out_again(worked, made, tmp_path):
    _, shelf, folder = worked
    again = run_province(read_province(made / "province.toml"), shelf, Nobody())
    assert again.reused > 0
    other = write_province(again, shelf, tmp_path, "en")
    for name in ("province.json", "counties.csv", "province.html", "counties.parquet"):
        assert (other / name).read_bytes() == (folder / name).read_bytes()


def test_a_county_that_fails_is_told_and_ends_no_other(worked, made, tmp_path):
    _, shelf, _ = worked
    broken = tmp_path / "province"
    shutil.copytree(made, broken)
    (broken / "990002" / "schools.parquet").write_bytes(b"PAR1 no more")
    asked = read_province(broken / "province.toml").model_copy(update={"border_km": 0.0})
    seen = []
    run = run_province(asked, shelf, Alone(), today_only=True, on_done=lambda *told, well: seen.append((told[2], well)))
    assert [failure.county_id for failure in run.failures] == ["990002"]
    assert "schools.parquet" in run.failures[0].why.en
    assert seen == [("990002", False)], "the two others were on the shelf: only what changed is worked out"
    assert sorted(run.today) == ["990001", "990003"]
    page = write_province(run, shelf, tmp_path / "out", "en") / "province.html"
    assert "990002" in page.read_text(encoding="utf-8")


def test_the_command_line_tells_a_county_that_failed_and_exits_3(worked, made, tmp_path):
    broken = tmp_path / "province"
    shutil.copytree(made, broken)
    (broken / "990003" / "roads.parquet").unlink()
    words = ["province", str(broken / "province.toml"), "--workers", "0", "--today", "--lang", "en", "--json"]
    done = CliRunner().invoke(main, [*words, "--out", str(tmp_path / "out"), "--shelf", str(worked[1].folder)])
    assert done.exit_code == 3, done.output
    told = json.loads(done.stdout)
    assert [failure["county_id"] for failure in told["failures"]] == ["990003"]
    assert [county["county_id"] for county in sorted(told["counties"], key=lambda row: row["county_id"])] == ["990001", "990002"]


def test_seats_that_are_not_known_are_no_room():
    sites = pd.DataFrame({"seats": [np.inf, 30.0, 30.0], "pupils": [5, 20, 40]})
    assert _free_seats(sites).tolist() == [0.0, 10.0, 0.0]


def test_a_province_without_any_county_is_a_problem(made, tmp_path):
    broken = tmp_path / "province"
    shutil.copytree(made, broken)
    for county in ("990001", "990002", "990003"):
        (broken / county / "scenario.toml").unlink()
    with pytest.raises(InputError) as caught:
        run_province(read_province(broken / "province.toml"), ProvinceShelf(tmp_path / "shelf"), Alone())
    assert len(caught.value.problems) == 3


def test_generated_province_is_the_same_every_time(made, tmp_path):
    make_province(tmp_path, counties=3, size=TINY)
    for path in sorted(made.rglob("*.*")):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / path.relative_to(made)).read_bytes(), path.name


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("schema = 1", "title"),
        ('schema = 1\nname = "p"\ntitle = { zh = "", en = "" }', "generated"),
        ('schema = 1\nname = "p"\ntitle = { zh = "", en = "" }\nunknown = 3', "unknown"),
        ('schema = 1\nname = "../p"\ntitle = { zh = "", en = "" }', "name"),
        ("a = [" + "[" * 5000, "TOML"),
        ('schema = 1\nname = "p"\ntitle = { zh = "", en = "" }\ncounty = [{id="a",scenario="x"},{id="a",scenario="y"}]', "same id"),
    ],
)
def test_faults_of_the_province_file_are_told(tmp_path, text, says):
    path = tmp_path / "province.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_province(path)
    assert says in caught.value.say("en")


def test_two_workers_give_the_bytes_of_one(worked, made, tmp_path):
    pytest.importorskip("distributed")
    asked = read_province(made / "province.toml").model_copy(update={"border_km": 0.0})
    folders = []
    for name, pool_of in (("one", lambda: open_pool(0, None)), ("two", lambda: open_pool(2, None))):
        shelf = worked[1] if name == "one" else ProvinceShelf(tmp_path / "shelf")
        with pool_of() as pool:
            run = run_province(asked, shelf, pool, today_only=True)
            assert list(pool.work(os.environ.get, ["MALLOC_TRIM_THRESHOLD_"])) == [("MALLOC_TRIM_THRESHOLD_", None)]
        folders.append(write_province(run, shelf, tmp_path / name, "en"))
    for path in sorted(folders[0].rglob("*.*")):
        if path.is_file():
            assert path.read_bytes() == (folders[1] / path.relative_to(folders[0])).read_bytes(), path.name


def start_dask(*words):
    return subprocess.Popen([sys.executable, "-m", "dask", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_a_scheduler_by_its_address_works_and_its_death_is_told(tmp_path, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("layout_planner.province.pool.LOOK_S", 1.0)
    monkeypatch.setattr("layout_planner.province.pool.PATIENCE", "3s")
    told, place = tmp_path / "scheduler.json", ["--no-dashboard"]
    started = [start_dask("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(told), *place)]
    try:
        for _ in range(600):
            if told.is_file() and told.stat().st_size:
                break
            time.sleep(0.1)
        address = json.loads(told.read_text(encoding="utf-8"))["address"]
        assert address.startswith("tcp://127.0.0.1:")
        started.append(start_dask("worker", address, "--nthreads", "1", "--no-nanny", "--local-directory", str(tmp_path), *place))
        with open_pool(None, address) as pool:
            assert sorted(pool.work(str.upper, ["a", "b"])) == [("a", "A"), ("b", "B")]
            started[0].kill()
            with pytest.raises(PlannerError, match="the scheduler is gone"):
                list(pool.work(str.upper, ["c"]))
    finally:
        for process in started:
            process.kill()
            process.wait()


class Clientless:
    """A client whose scheduler has lost all its workers."""

    dashboard_link = None

    def scheduler_info(self):
        return {"workers": {}}


def test_workers_that_are_all_gone_are_started_anew_or_waited_for_and_told(monkeypatch):
    started = []
    Cluster(Clientless(), lambda: started.append("anew"))._look_for_workers()
    assert started == ["anew"]
    cluster = Cluster(Clientless())
    cluster._look_for_workers()  # they may still be starting
    monkeypatch.setattr("layout_planner.province.pool.IDLE_S", 0.0)
    with pytest.raises(PlannerError, match="no workers"):
        cluster._look_for_workers()


def test_a_missing_dask_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(OutputError, match="pip install"), open_pool(2, None):
        pass
