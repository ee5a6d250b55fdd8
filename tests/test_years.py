"""Plans over school years: against brute force over all years, and the check between years on plans that break its rules."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from layout_planner.errors import InputError, NoPlanError
from layout_planner.norms import read_norms
from layout_planner.output.years_pages import describe_years, list_events, say_years, write_years, years_table
from layout_planner.plan import solve as solving
from layout_planner.plan import years as years_planning
from layout_planner.plan import years_steps as stepping
from layout_planner.plan.forms import sites_by_band
from layout_planner.plan.present import present_layout
from layout_planner.plan.years import plan_years
from layout_planner.plan.years_terms import SchoolYear
from layout_planner.results import Verification
from layout_planner.safeguards.years_check import Bought, check_years
from layout_planner.scenario import Years, read_scenario
from layout_planner.scenario.years_checks import find_years_faults
from layout_planner.sweep import note_not_counted
from layout_planner.travel.options import commute_options
from layout_planner.words import say_nothing
from layout_planner.years import Year, YearsStudy, list_changes, scenario_of_year, study_years
from tests.test_plan import scenario_with
from tests.test_plan_properties import make_case
from tests.tiny import tiny_county

ROOT = Path(__file__).parents[1]
NORMS = read_norms("cn-rural")
BUS_YUAN, BUS_PRICE, BED_PRICE = 150_000, 300_000, 30_000
RIDER_YUAN = 2 * 200 * 10 * 3.2 / 36  # ten kilometres
SEATS = 36
ASKED = {"may_close": "all", "move": "all", "judge": "expected", "keep_settlements_whole": True}
SLOW = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def terms_of(pupils: list[list[int]], minutes: np.ndarray, first: int = 2027, ride_m: float = 10_000.0, **plan: object) -> list[SchoolYear]:
    """Return the years of a county in which everybody may walk `minutes` or ride a school bus, where there is one, in time."""
    terms = []
    for place, counts in enumerate(pupils):
        case = make_case(counts, [None] * minutes.shape[1], minutes, **{**ASKED, **plan})
        ride_s, ride_length_m = (np.where(np.isinf(minutes), np.inf, value) for value in (60.0, ride_m))
        travel = replace(case.travel, ride_s=ride_s, ride_m=ride_length_m, stop_s=np.zeros(len(counts)))
        case = replace(case, travel=travel)
        options = commute_options(travel, case.county.schools, sites_by_band(case.sites, case.scenario), NORMS, case.scenario)
        case = replace(case, scenario=case.scenario.model_copy(update={"year": first + place}))
        terms.append(SchoolYear(first + place, case, options, present_layout(case)))
    return terms


def span(terms: list[SchoolYear], **keys: object) -> Years:
    return Years.model_validate({"first": terms[0].year, "last": terms[-1].year, **keys})


Goals = tuple[float, float, float]
NEVER: Goals = (math.inf, math.inf, math.inf)


def price_year(
    pupils: tuple[int, ...],
    minutes: np.ndarray,
    is_open: tuple[bool, ...],
    buses: tuple[int, ...],
    rides: tuple[bool, ...],
    room: tuple[int, ...] | None = None,
) -> Goals:
    """Return the least (harm, risk, yuan) of one year; `rides` : where a bus may be taken; `room` : most pupils of a school."""
    sites = [j for j, used in enumerate(is_open) if used]
    ways = [(-1, False), *((j, False) for j in sites), *((j, True) for j in sites if rides[j] and buses[j])]
    best = NEVER
    for goes in itertools.product(ways, repeat=len(pupils)):
        harm, risk, loads, riders = 0.0, 0.0, dict.fromkeys(sites, 0), dict.fromkeys(sites, 0)
        for n, row, (j, on_bus) in zip(pupils, minutes, goes, strict=True):
            home = int(row.argmin())
            if not on_bus and (j < 0 or row[j] > 30):
                harm += n * (row[home] <= 30) + n * (j < 0 or row[j] > row[home])
                harm += 0 if is_open[home] else math.inf
                risk += 10 * n if j < 0 else n * min(row[j] / 30, 9)
            if j >= 0:
                loads[j] += n
                riders[j] += n * on_bus
        if harm == math.inf or any(riders[j] > SEATS * buses[j] for j in sites):
            continue
        if room is not None and any(loads[j] > room[j] for j in sites):
            continue
        yuan = sum(60_000 + max(3, math.ceil(loads[j] / 45)) * 1.9 * 90_000 + 650 * max(100, loads[j]) for j in sites)
        best = min(best, (harm, risk, yuan + sum(riders.values()) * RIDER_YUAN + sum(buses) * BUS_YUAN))
    return best


def brute_force(pupils: list[list[int]], minutes: np.ndarray, most_buses: int, capital: list[float]) -> Goals:
    """Return the least (harm, risk, yuan) over all sequences of open schools and buses, by dynamic programming over the years.

    Every school may take everybody in, so in a year in which a school closes nobody rides where there are more buses than before.
    """
    count = minutes.shape[1]
    fleets = [buses for buses in itertools.product(range(most_buses + 1), repeat=count) if sum(buses) <= most_buses]
    cached = lru_cache(maxsize=None)(lambda counts, *state: price_year(counts, minutes, *state))
    reached = {((True,) * count, (0,) * count, 0): (0.0, 0.0, 0.0)}
    for counts, most in zip(pupils, capital, strict=True):
        following: dict[tuple[object, ...], Goals] = {}
        for (was_open, ran, bought), so_far in reached.items():
            for is_open in itertools.product((False, True), repeat=count):
                if any(now and not before for now, before in zip(is_open, was_open, strict=True)):
                    continue
                for buses in fleets:
                    if any(n and not used for n, used in zip(buses, is_open, strict=True)):
                        continue
                    drops = is_open != was_open
                    rides = tuple(not drops or now <= before for now, before in zip(buses, ran, strict=True))
                    year = cached(tuple(counts), is_open, buses, rides)
                    total = tuple(a + b for a, b in zip(so_far, year, strict=True))
                    for owned in range(max(bought, sum(buses)), most_buses + 1):
                        if BUS_PRICE * (owned - bought) <= most:
                            key = (is_open, buses, owned)
                            following[key] = min(following.get(key, NEVER), total)
        reached = following
    return min(reached.values())


@st.composite
def counties(draw):
    homes, schools, years = draw(st.integers(1, 3)), draw(st.integers(1, 2)), draw(st.integers(2, 3))
    first = draw(st.lists(st.integers(1, 60), min_size=homes, max_size=homes))
    pupils = [first]
    for _ in range(years - 1):
        shares = draw(st.lists(st.sampled_from([0.2, 0.5, 0.9, 1.0, 1.2]), min_size=homes, max_size=homes))
        pupils.append([max(1, round(n * share)) for n, share in zip(pupils[-1], shares, strict=True)])
    minutes = draw(st.lists(st.sampled_from([3, 12, 20, 29, 31, 45, 90]), min_size=homes * schools, max_size=homes * schools))
    capital = draw(st.lists(st.sampled_from([0.0, 1.0 * BUS_PRICE, 5.0 * BUS_PRICE]), min_size=years, max_size=years))
    return pupils, np.array(minutes, dtype=float).reshape(homes, schools), capital


@SLOW
@given(counties(), st.integers(0, 2))
def test_the_plan_over_years_equals_brute_force_over_all_sequences(county, most_buses):
    pupils, minutes, capital = county
    terms = terms_of(pupils, minutes, max_buses=most_buses)
    limits = {str(term.year): max(yuan, 1.0) for term, yuan in zip(terms, capital, strict=True)}
    years = span(terms, capital_yuan=limits)
    found = plan_years(terms, years, say_nothing)
    harm, risk, yuan = brute_force(pupils, minutes, most_buses, capital)
    assert found.reached["harmed"] == pytest.approx(harm, abs=1e-3)
    assert found.reached["at_risk_weighted"] == pytest.approx(risk, abs=1e-2)
    assert found.reached["cost_yuan"] == pytest.approx(yuan, abs=1.0)
    assert found.bounds["cost_yuan"] <= yuan + 1.0
    layouts = {plan.year: plan.layout for plan in found.years}
    scenario = terms[0].case.scenario
    scenario = scenario.model_copy(update={"plan": scenario.plan.model_copy(update={"years": years})})
    bought = {plan.year: Bought(plan.built.fleet, plan.built.rooms, plan.capital_yuan) for plan in found.years}
    assert check_years(terms[0].case.county, scenario, NORMS, terms[0].today, layouts, bought) == ()


def plan_of(terms: list[SchoolYear], **keys: object):
    """Return the plan over `terms`, and what the check between years says of layouts that are changed by `change`."""
    years = span(terms, **keys)
    found = plan_years(terms, years, say_nothing)
    scenario = terms[0].case.scenario
    scenario = scenario.model_copy(update={"plan": scenario.plan.model_copy(update={"years": years})})
    layouts = {plan.year: plan.layout for plan in found.years}
    bought = {plan.year: Bought(plan.built.fleet, plan.built.rooms, plan.capital_yuan) for plan in found.years}

    def faults(layouts=layouts, bought=bought) -> str:
        return " ".join(fault.en for fault in check_years(terms[0].case.county, scenario, NORMS, terms[0].today, layouts, bought))

    return found, layouts, bought, faults


# Two schools of 20 and 40 pupils, each next to its own village and 90 minutes on foot from the other; buses can carry everybody.
TWO = np.array([[3.0, 90.0], [90.0, 3.0]])


def test_a_school_closes_a_year_after_the_buses_came_that_carry_its_pupils():
    # One school costs 60,000 + 3 * 171,000 + 65,000 = 638,000 a year, one bus 150,000 and its riders 356 yuan each: closing pays,
    # but not in the first year, when no bus can stand yet, and the bus runs idle in that year only because the next one needs it.
    found, layouts, bought, faults = plan_of(terms_of([[20, 40], [20, 40], [20, 40]], TWO, max_buses=1))
    forms = [sorted(layout.sites["form"]) for layout in layouts.values()]
    assert forms == [["teaching_point"] * 2, ["closed", "teaching_point"], ["closed", "teaching_point"]]
    assert [each.buses for each in bought.values()] == [1, 1, 1]
    assert [each.yuan for each in bought.values()] == [BUS_PRICE, 0, 0]
    assert [plan.layout.sites["buses"].sum() for plan in found.years] == [1, 1, 1]
    assert found.reached["cost_yuan"] == pytest.approx(2 * 638_000 + 2 * 638_000 + 3 * BUS_YUAN + 2 * 20 * RIDER_YUAN, abs=1)
    assert faults() == ""


def test_what_closes_before_its_bus_stands_is_found_out():
    _, layouts, bought, faults = plan_of(terms_of([[20, 40], [20, 40], [20, 40]], TWO, max_buses=1))
    years = sorted(layouts)
    early = {**layouts, years[0]: layouts[years[1]]}
    assert "needs 20 bus seats; the year before it had 0" in faults(early)
    reopened = {**layouts, years[2]: layouts[years[0]]}
    assert "again after dropping it" in faults(reopened)
    assert "1 new buses run, 0 were bought" in faults(bought={**bought, years[0]: Bought(0, {}, 0.0)})
    assert "for what is new, the re-check finds" in faults(bought={**bought, years[0]: Bought(1, {}, 1.0)})


def test_whoever_loses_his_school_is_kept_from_the_bus_that_is_new_in_that_year():
    # A's 20 pupils lose P0 in 2028 and can walk to P1 in 29 minutes. P2's first bus comes in 2028, when there is money, for B's pupils, who
    # are late on foot and never had P0 among their ways; it has seats to spare, costs A's pupils nothing and would save them time, but it
    # was not there the year before.
    minutes = np.array([[3.0, 29.0, 90.0], [np.inf, np.inf, 45.0]])
    asked = {"may_close": "none", "max_buses": 1, "ride_m": 0.0}
    terms = terms_of([[20, 10]], minutes, **asked) + terms_of([[20, 10]], minutes, first=2028, close=["P0"], **asked)
    _, layouts, bought, faults = plan_of(terms, capital_yuan={"2027": 1.0})
    trips = layouts[2028].assignment.set_index("settlement_id")[["school_id", "mode"]]
    assert trips.loc["S0"].tolist() == ["P1", "walk"]
    assert trips.loc["S1"].tolist() == ["P2", "school_bus"]
    assert [each.buses for each in bought.values()] == [0, 1]
    assert faults() == ""


def test_years_of_a_large_county_are_each_searched_region_by_region(monkeypatch):
    # The county of above, with 20 pupils who may be sent as shares: the bound of every year by itself comes from the way of large counties.
    monkeypatch.setattr(solving, "LARGE_FROM", 0)
    found, layouts, bought, faults = plan_of(terms_of([[20, 40]] * 3, TWO, max_buses=1, keep_settlements_whole=False))
    assert [int((layout.sites["form"] == "closed").sum()) for layout in layouts.values()] == [0, 1, 1]
    assert [each.buses for each in bought.values()] == [1, 1, 1]
    assert found.bounds["cost_yuan"] <= found.reached["cost_yuan"] + 1
    assert found.reached["cost_yuan"] == pytest.approx(2 * 638_000 + 2 * 638_000 + 3 * BUS_YUAN + 2 * 20 * RIDER_YUAN, abs=1)
    assert faults() == ""


@settings(SLOW, max_examples=6)
@given(counties(), st.integers(0, 2))
def test_years_of_large_counties_keep_every_rule_and_none_beats_their_bound(county, most_buses):
    # Villages that go as a whole are some of the plans of shares: the best of them is no cheaper than the bound, where it is as safe.
    pupils, minutes, capital = county
    terms = terms_of(pupils, minutes, max_buses=most_buses, keep_settlements_whole=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(solving, "LARGE_FROM", 0)
        limits = {str(term.year): max(yuan, 1.0) for term, yuan in zip(terms, capital, strict=True)}
        found, _, _, faults = plan_of(terms, capital_yuan=limits)
    harm, risk, yuan = brute_force(pupils, minutes, most_buses, capital)
    assert faults() == ""
    assert found.reached["harmed"] == pytest.approx(0, abs=1e-3)
    assert found.reached["at_risk_weighted"] <= risk + 1e-2
    assert harm > 0 or risk > found.reached["at_risk_weighted"] + 1e-2 or found.bounds["cost_yuan"] <= yuan + 1.0


def test_a_step_of_a_large_county_is_searched_region_by_region_or_near_the_orders_or_as_a_whole(monkeypatch):
    # The county of above: what a step finds by regions; with all held but who loses his school; as a whole where these are lost.
    monkeypatch.setattr(solving, "LARGE_FROM", 0)
    plain, found, sizes = stepping.search_model, [], []

    def told(*given):
        found.append(plain(*given))
        return found[-1]

    def nothing(*_):
        return None

    def near_only(asked, *more):
        sizes.append(len(asked.options))
        return whole(asked, *more)

    def plan():
        return plan_of(terms_of([[20, 40]] * 3, TWO, max_buses=1, keep_settlements_whole=False))

    monkeypatch.setattr(stepping, "search_model", told)
    plans = [plan()]
    assert any(large is not None for large in found)  # there is none where a closing would hurt somebody before its bus stands
    monkeypatch.setattr(stepping, "search_model", nothing)
    whole = stepping._search_whole
    monkeypatch.setattr(stepping, "_search_whole", near_only)
    plans.append(plan())
    assert sizes
    monkeypatch.setattr(stepping, "hold_far", lambda case, options, *_: (case, options.iloc[:0]))  # all are unserved
    plans.append(plan())
    for study, layouts, bought, faults in plans:
        assert [int((layout.sites["form"] == "closed").sum()) for layout in layouts.values()] == [0, 1, 1]
        assert [each.buses for each in bought.values()] == [1, 1, 1]
        assert study.reached["cost_yuan"] == pytest.approx(2 * 638_000 + 2 * 638_000 + 3 * BUS_YUAN + 2 * 20 * RIDER_YUAN, abs=1)
        assert faults() == ""


@pytest.mark.parametrize("capital", [1e-6, 0.9 * BUS_PRICE])
def test_what_is_proven_of_a_step_of_a_large_county_is_not_searched_once_more(capital, monkeypatch):
    # A bus would spare ten children 45 minutes on foot; no year has money for one, and what it does not spend is lost: at risk as can be.
    monkeypatch.setattr(solving, "LARGE_FROM", 0)
    monkeypatch.setattr(stepping, "_search_whole", None)  # nobody may ask for it
    terms = terms_of([[10]] * 2, np.array([[45.0]]), max_buses=1, keep_settlements_whole=False)
    found, _, bought, faults = plan_of(terms, capital_yuan=capital)
    assert found.reached["at_risk_weighted"] == pytest.approx(2 * 10 * 1.5)
    assert found.bounds["at_risk_weighted"] == pytest.approx(2 * 10 * 1.5)
    assert [each.buses for each in bought.values()] == [0, 0]
    assert found.as_safe
    assert faults() == ""


def test_all_years_region_by_region_do_not_buy_for_a_closing_that_does_not_pay_in_time(monkeypatch):
    # P0's 100 pupils need 3 buses, 450,000 a year. Open, each school costs 638,000; P1 with all pupils costs 60,000 + 513,000 + 650 * 120,
    # which is 651,000, and 356 a rider: closing saves 139,444 a year, but the buses must stand the year before, so not within two years.
    # Step by step the last year closes P0 and so asks for buses; all years together see that they do not pay.
    monkeypatch.setattr(solving, "LARGE_FROM", 0)
    asked = {"max_buses": 3, "may_close": ["P0"], "keep_settlements_whole": False}
    found, layouts, bought, faults = plan_of(terms_of([[100, 20]] * 2, TWO, **asked))
    assert found.reached["cost_yuan"] == pytest.approx(4 * 638_000)
    assert [int((layout.sites["form"] == "closed").sum()) for layout in layouts.values()] == [0, 0]
    assert [each.buses for each in bought.values()] == [0, 0]
    assert faults() == ""
    monkeypatch.setattr(years_planning, "improve_steps", lambda *_: None)
    steps, *_ = plan_of(terms_of([[100, 20]] * 2, TWO, **asked))
    assert steps.reached["cost_yuan"] == pytest.approx(2 * 638_000 + 651_000 + 2 * 3 * BUS_YUAN + 100 * RIDER_YUAN, abs=1)
    assert steps.bounds == found.bounds
    assert steps.gap > found.gap


def test_a_year_without_capital_makes_the_closing_wait():
    terms = terms_of([[20, 40], [20, 40], [20, 40]], TWO, max_buses=1)
    _, layouts, bought, faults = plan_of(terms, capital_yuan={"2027": 1.0})
    assert [int((layout.sites["form"] == "closed").sum()) for layout in layouts.values()] == [0, 0, 1]
    assert [each.buses for each in bought.values()] == [0, 1, 1]
    assert faults() == ""


def test_a_budget_of_one_year_that_no_plan_keeps_is_named_with_its_year():
    terms = terms_of([[20, 40], [20, 40]], TWO)
    plan = terms[1].case.scenario.plan.model_copy(update={"budget_yuan": 1000.0})
    case = replace(terms[1].case, scenario=terms[1].case.scenario.model_copy(update={"plan": plan}))
    with pytest.raises(NoPlanError, match=r"school year 2028: .*1,000 yuan a year"):
        plan_years([terms[0], replace(terms[1], case=case)], span(terms), say_nothing)


@pytest.mark.parametrize(
    ("keys", "column"),
    [
        ({"first": 2030, "last": 2029}, "plan.years.first"),
        ({"first": 2026, "last": 2037}, "plan.years.first"),
        ({"first": 2027, "last": 2029, "budget_yuan": {"2031": 1}}, "plan.years.budget_yuan"),
        ({"first": 2027, "last": 2029, "capital_yuan": {"2026": 1}}, "plan.years.capital_yuan"),
        ({"first": 2027, "last": 2029, "close_from": {"nowhere": 2028}}, "plan.years.close_from"),
    ],
)
def test_years_that_contradict_the_scenario_are_refused(tmp_path, keys, column):
    scenario = terms_of([[1]], np.array([[3.0]]))[0].case.scenario
    asked = scenario.model_copy(update={"plan": scenario.plan.model_copy(update={"years": Years.model_validate(keys)})})
    assert [problem.column for problem in find_years_faults(tmp_path, asked, 15)] == [column]


def test_closings_ordered_for_a_later_year_wait_until_then():
    scenario = terms_of([[1]], np.array([[3.0]]))[0].case.scenario
    years = Years(first=2027, last=2029, close_from={"P1": 2028}, budget_yuan={2028: 5.0})
    plan = scenario.plan.model_copy(update={"close": ("P1", "P2"), "may_close": ("P1", "P3"), "years": years})
    asked = [scenario_of_year(scenario.model_copy(update={"plan": plan}), year) for year in (2027, 2028)]
    assert [own.plan.close for own in asked] == [("P2",), ("P1", "P2")]
    assert [own.plan.keep for own in asked] == [("P1",), ()]
    assert [own.plan.may_close for own in asked] == [("P3",), ("P1", "P3")]
    assert [own.plan.budget_yuan for own in asked] == [None, 5.0]
    assert [own.year for own in asked] == [2027, 2028]


def test_the_pages_are_written_twice_alike_and_no_name_runs_as_code(tmp_path):
    terms = terms_of([[20, 40], [20, 40], [20, 40]], TWO, max_buses=1)
    found, *_ = plan_of(terms)
    county = terms[0].case.county
    county.schools["name"] = "</script><script>alert(1)</script>{{ 7*7 }}"
    measures = dict.fromkeys(("pupils", "sites_open", "at_risk", "newly_at_risk", "unserved", "cost_yuan"), 60.0)
    before, years = terms[0].today, []
    for plan in found.years:
        changes = list_changes(before, plan.layout)
        years.append(Year(plan.year, terms[0].case.scenario, plan, measures, measures, *changes, verification=Verification(1, 0.0)))
        before = plan.layout
    notes = note_not_counted(scenario_with(bus_rounds=1).plan)
    study = YearsStudy(terms[0].case.scenario, county, found, tuple(years), (), notes)
    assert (
        "1 school closes, 0 drop grades, 0 open; 0 new beds, 0 new classrooms and 1 new bus for 300,000 yuan in all." in say_years(study).en
    )
    turned, equipped = list_events(study)
    assert [event.en for _, events in turned for event in events if event.en == "closes"] == ["closes"]
    assert [[event.en for event in events] for _, events in equipped] == [["buses +1", "—", "—"]]
    assert years_table(study, "en").row_count == 16
    first, second = (write_years(study, tmp_path / part, "zh") for part in ("a", "b"))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    page = first[2].read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "49" not in page.split("<body>")[1].split("data:image")[0]
    assert "bus_rounds does not count here" in page.split("<img", 1)[0]
    assert describe_years(study)["verified"]
    assert describe_years(study)["notes"] == [note.text._asdict() for note in notes]


def test_the_shipped_scenario_over_years_is_read_with_its_limits():
    years = read_scenario(ROOT / "scenarios" / "ten-years.toml").plan.years
    assert years is not None
    assert (years.first, years.last, years.capital_of(2030), years.budget_of(2030)) == (2027, 2034, 6_000_000.0, None)
    assert read_scenario(ROOT / "scenarios" / "price-of-holding.toml").plan.price_of_holding


def test_a_candidate_has_no_year_of_closing(tmp_path, monkeypatch):
    # `close_from` kept it open until then, and the form that it never ran before ended the plan with a KeyError.
    county = tiny_county()
    county.schools.loc["C1", "candidate"] = True
    monkeypatch.setattr("layout_planner.pipeline.read_county", lambda *_, **__: county)
    years = {"first": 2026, "last": 2027, "close_from": {"C1": 2027}}
    monkeypatch.setattr("layout_planner.pipeline.read_scenario", lambda *_, **__: scenario_with(close=["C1"], years=years))
    monkeypatch.setattr("layout_planner.years.read_scenario", lambda *_, **__: scenario_with(close=["C1"], years=years))
    with pytest.raises(InputError, match="not open") as refused:
        study_years(tmp_path / "any.toml")
    assert [problem.column for problem in refused.value.problems] == ["plan.years.close_from"]
