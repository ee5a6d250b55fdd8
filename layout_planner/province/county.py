"""What one worker does for one county: today's state and plans under given caps, each put on the shelf as soon as it is known."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np

from layout_planner.assess.retention import measure_retention
from layout_planner.compare import measure_layout
from layout_planner.county.demand import count_pupils
from layout_planner.errors import NoPlanError, PlannerError
from layout_planner.norms import read_scenario_norms
from layout_planner.pipeline import lay_ground, run_scenario
from layout_planner.plan.case import Case
from layout_planner.plan.forms import sites_of
from layout_planner.plan.present import present_layout
from layout_planner.province.parts import Failure, Part
from layout_planner.risk import assess_risk, trip_causes
from layout_planner.scenario import Scenario, read_scenario
from layout_planner.words import Words

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from layout_planner.county.model import County
    from layout_planner.norms import NormSet
    from layout_planner.pipeline import Ground
    from layout_planner.plan.layout import Layout
    from layout_planner.province.parts import Order, Shelf, State

    Tables = dict[str, pd.DataFrame]

DEGREES = "EPSG:4326"
SOLVED_TERMS = ("bound", "gap")


def work_county(order: Order, shelf: Shelf) -> list[Part] | Failure:
    """Return the parts of all states of `order`, reading the county once; what is on the shelf is not worked out again.

    Whatever goes wrong in this county is returned and ends nothing else.
    """
    try:
        found = [shelf.find(state.key) for state in order.states]
        if any(part is None for part in found):
            began = time.monotonic()
            scenario = read_scenario(order.source)
            norms = read_scenario_norms(scenario)
            ground = lay_ground(scenario, norms)
            ground_s = time.monotonic() - began
            found = [part or _work_state(order.county_id, state, scenario, norms, ground, shelf, ground_s)
                     for part, state in zip(found, order.states, strict=True)]  # fmt: skip
        return [part for part in found if part is not None]
    except PlannerError as error:
        return Failure(order.county_id, error.message)
    except Exception as error:  # noqa: BLE001 - one county's fault, whatever it is, must not end the province
        what = f"{type(error).__name__}: {error}"[:500]
        return Failure(order.county_id, Words(f"程序内部错误：{what}", f"a fault inside the program: {what}"))


def _work_state(
    county_id: str, state: State, scenario: Scenario, norms: NormSet, ground: Ground, shelf: Shelf, ground_s: float
) -> Part | None:
    """Return the part of a state, put on the shelf with the seconds that it takes alone.

    None where the county has no plan under its caps, which is no fault of the county.
    """
    began = time.monotonic()
    if state.caps is None:
        part, tables = _today(county_id, state, scenario, norms, ground)
    else:
        try:
            part, tables = _plan(county_id, state, scenario, ground)
        except NoPlanError:
            if not state.caps:
                raise
            return None
    part.facts["seconds"] = round(time.monotonic() - began + ground_s, 3)
    shelf.keep(part, tables)
    return part


def _today(county_id: str, state: State, scenario: Scenario, norms: NormSet, ground: Ground) -> tuple[Part, Tables]:
    county, travel = ground.county, ground.travel
    demand, _ = count_pupils(county, scenario)
    case = Case(scenario, norms, county, demand, travel, sites_of(county.schools, scenario))
    today = present_layout(case)
    risk = assess_risk(today, county, travel, norms, scenario)
    figures = measure_layout(today, risk, today, risk, norms, scenario) | _retention(county)
    facts = {"title": [scenario.title.zh, scenario.title.en], "verdict": "", "year": scenario.year, "norms": [*norms.title]}
    tables = _tables_of(today, case)
    return Part(state.key, county_id, figures | _sizes(county), facts), tables


def _plan(county_id: str, state: State, scenario: Scenario, ground: Ground) -> tuple[Part, Tables]:
    done = run_scenario(_under_caps(scenario, dict(state.caps or ()), ground), ground=ground)
    figures, before = done.measures["plan"], done.measures["today"]
    used = {
        "new_beds": figures["new_beds"],
        "new_buses": figures["buses"] - before["buses"],
        "extra_yuan": figures["cost_yuan"] - before["cost_yuan"],
    }
    solved = {f"solved_{name}": float(getattr(done.solved, name)) for name in SOLVED_TERMS}
    facts = {
        "title": [scenario.title.zh, scenario.title.en],
        "verdict": done.gate.verdict,
        "mergers": len(done.gate.mergers),
        "status": done.solved.status,
        "disagreements": len(done.verification.disagreements),
        "year": scenario.year,
        "norms": [*done.norms.title],
    }
    case = Case(scenario, done.norms, ground.county, done.demand, ground.travel, sites_of(ground.county.schools, scenario))
    part = Part(state.key, county_id, figures | used | solved | _retention(ground.county) | _sizes(ground.county), facts)
    return part, _tables_of(done.plan, case)


def _under_caps(scenario: Scenario, caps: dict[str, float], ground: Ground) -> Scenario:
    """Return `scenario` with at most what `caps` allow; a cap on extra cost becomes a budget above what the county costs today."""
    plan = scenario.plan
    change: dict[str, object] = {}
    if "new_beds" in caps:
        change["max_new_beds"] = int(min(plan.max_new_beds, caps["new_beds"]))
    if "new_buses" in caps:
        change["max_buses"] = int(min(plan.max_buses, caps["new_buses"]))
    if np.isfinite(caps.get("extra_yuan", np.inf)):
        most = cost_today(scenario, ground) + caps["extra_yuan"]
        change["budget_yuan"] = most if plan.budget_yuan is None else min(plan.budget_yuan, most)
    return scenario.model_copy(update={"plan": plan.model_copy(update=change)})


def cost_today(scenario: Scenario, ground: Ground) -> float:
    """Return what the county costs a year as it is, yuan."""
    norms = read_scenario_norms(scenario)
    demand, _ = count_pupils(ground.county, scenario)
    today = present_layout(Case(scenario, norms, ground.county, demand, ground.travel, sites_of(ground.county.schools, scenario)))
    return float(today.sites["cost_yuan"].sum() + today.assignment["cost_yuan"].sum())


def _sizes(county: County) -> dict[str, float]:
    return {"settlements": float(len(county.settlements)), "schools": float(len(county.schools))}


def _retention(county: County) -> dict[str, float]:
    """Return retention over nine years and confirmed dropout as shares of 1; what the registers do not say is not in it."""
    if county.registers is None:
        return {}
    rates = measure_retention(county)
    whole = rates[(rates["level"] == "county") & (rates["stage"] == "all")]
    named = {"retention": "retention", "dropout": "dropout_register"}
    found = {name: float(whole[column].iloc[0]) for name, column in named.items() if len(whole)}
    return {name: value for name, value in found.items() if np.isfinite(value)}


def _tables_of(layout: Layout, case: Case) -> Tables:
    """Return the tables of a layout in degrees: outline, settlements, schools, trips."""
    trips = layout.assignment.assign(cause=trip_causes(layout, case.travel, case.norms, case.scenario))
    county = case.county
    outline = county.boundary.geometry.union_all() if county.boundary is not None else county.settlements.geometry.union_all().convex_hull
    return {
        "outline": gpd.GeoDataFrame(geometry=[outline], crs=county.crs).to_crs(DEGREES),
        "settlements": _settlements(trips, case),
        "schools": _schools(layout, case),
        "trips": trips,
    }


def _settlements(trips: pd.DataFrame, case: Case) -> gpd.GeoDataFrame:
    homes = case.county.settlements
    hurt = trips[trips["cause"] != ""].groupby("settlement_id")["pupils"].sum()
    longest = trips.groupby("settlement_id")["seconds"].max() / 60
    columns = {
        "settlement_id": homes.index.astype(str),
        **{name: _text(homes, name) for name in ("name", "name_en", "township")},
        "pupils": case.demand.sum(axis=1).reindex(homes.index).fillna(0).astype(int).to_numpy(),
        "at_risk": hurt.reindex(homes.index).fillna(0).astype(int).to_numpy(),
        "worst_minutes": longest.reindex(homes.index).fillna(0.0).round(1).to_numpy(),
    }
    return gpd.GeoDataFrame(columns, geometry=homes.geometry.to_crs(DEGREES).to_numpy(), crs=DEGREES)


def _schools(layout: Layout, case: Case) -> gpd.GeoDataFrame:
    schools = case.county.schools
    sites = layout.sites.reindex(schools.index)
    columns = {
        "school_id": schools.index.astype(str),
        **{name: _text(schools, name) for name in ("name", "name_en", "township")},
        **{name: sites[name].to_numpy() for name in ("form", "bands", "pupils", "boarders", "seats", "beds", "new_beds", "buses")},
        "free_seats": _free_seats(sites),
        "free_beds": np.maximum(0, (sites["beds"] + sites["new_beds"] - sites["boarders"]).to_numpy(dtype=int)),
    }
    return gpd.GeoDataFrame(columns, geometry=schools.geometry.to_crs(DEGREES).to_numpy(), crs=DEGREES)


def _free_seats(sites: pd.DataFrame) -> NDArray[np.float64]:
    """Return the seats that nobody takes; none where their number is not known, for unknown room is no room for a neighbour's child."""
    seats = sites["seats"].to_numpy(dtype=float)
    free = np.maximum(0.0, seats - sites["pupils"].to_numpy(dtype=float))
    return np.where(np.isfinite(seats), free, 0.0)


def _text(table: pd.DataFrame, column: str) -> list[str]:
    return table[column].fillna("").astype(str).tolist() if column in table else [""] * len(table)
