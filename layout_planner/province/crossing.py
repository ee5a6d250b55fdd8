"""What one worker does for one border: the offers of one county's schools to its neighbours' children, put on the shelf."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from layout_planner.errors import PlannerError
from layout_planner.norms import read_scenario_norms
from layout_planner.province.borders import children_at_risk, find_offers
from layout_planner.province.parts import Failure, Part
from layout_planner.scenario import read_scenario
from layout_planner.travel.options import MODES, travel_limit_s
from layout_planner.words import Words

if TYPE_CHECKING:
    from pathlib import Path

    from layout_planner.province.parts import Shelf
    from layout_planner.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Guest:
    """A neighbour: its scenario, and the state in which its children are."""

    county_id: str
    source: Path
    state_key: str


@dataclass(frozen=True, slots=True)
class BorderOrder:
    """One task for a worker: a host, its neighbours, and the key of the offers."""

    county_id: str
    source: Path
    state_key: str
    key: str
    guests: tuple[Guest, ...]
    border_km: float


def work_border(order: BorderOrder, shelf: Shelf) -> Part | Failure:
    """Return the offers of one host; whatever goes wrong is returned and ends nothing else."""
    try:
        scenario = read_scenario(order.source)
        guests = []
        for guest in order.guests:
            other = read_scenario(guest.source)
            trips, places = (shelf.table(guest.state_key, name) for name in ("trips", "settlements"))
            guests.append((guest.county_id, other, children_at_risk(trips, places, _limits(other))))
        sites, outline = (shelf.table(order.state_key, name) for name in ("schools", "outline"))
        offers = find_offers((order.county_id, scenario, sites), guests, outline, order.border_km)
        part = Part(order.key, order.county_id, {"offers": float(len(offers))}, {})
        shelf.keep(part, {"offers": offers})
    except PlannerError as error:
        return Failure(order.county_id, error.message)
    except Exception as error:  # noqa: BLE001 - one border's fault, whatever it is, must not end the province
        what = f"{type(error).__name__}: {error}"[:500]
        return Failure(order.county_id, Words(f"跨县界计算出错：{what}", f"a fault at the border: {what}"))
    return part


def _limits(scenario: Scenario) -> dict[tuple[str, str], float]:
    norms = read_scenario_norms(scenario)
    return {(band, mode): travel_limit_s(norms, grades, mode) for band, grades in scenario.bands.items() for mode in MODES}
