"""Layout and bus routes solved in turn until both agree: what routes showed re-prices the options of the layout."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from layout_planner.buses.feedback import (
    agree,
    carried_per_bus,
    leave_out,
    note_no_round,
    note_round,
    price_factors,
    reprice,
    reprice_layout,
    sum_round,
    unwise_rides,
)
from layout_planner.clock import is_interrupted
from layout_planner.errors import NoPlanError
from layout_planner.plan.solve import optimise_layout
from layout_planner.results import BUS_ROUND_COLUMNS
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable

    from layout_planner.county.model import Note
    from layout_planner.plan.case import Case
    from layout_planner.plan.layout import Layout, Solved
    from layout_planner.results import BusPlan

    OnStep = Callable[[Words], None]
    Route = Callable[[Case, Layout], BusPlan]


@dataclass(frozen=True)
class Turn:
    """One round: the layout at the prices of the norm set, how it was found, its routes, and its row of BUS_ROUND_COLUMNS."""

    layout: Layout
    solved: Solved
    buses: BusPlan
    row: dict[str, float]
    agrees: bool

    @property
    def rank(self) -> tuple[float, ...]:
        """What is kept: fewest pupils made worse off, then agreement, then fewest buses missing, then fewest at risk and the nearest cost.

        Pupils whom only buses serve that nobody counted are not served, so what a round says of risk comes after the buses it lacks.
        """
        row = self.row
        missing = max(0.0, row["buses_needed"] - row["buses_counted"])
        terms = self.solved.terms
        return terms.get("harmed", 0.0), not self.agrees, missing, terms.get("at_risk_weighted", 0.0), abs(row["gap_share"])


def agree_with_buses(
    case: Case, options: pd.DataFrame, today: Layout, first: tuple[Layout, Solved, BusPlan], route: Route, say: OnStep
) -> tuple[Layout, Solved, BusPlan, list[Note]]:
    """Solve the layout anew with what its routes showed, until both agree or the scenario's rounds are done; the best round is kept.

    A round learns how many pupils a bus of each school carries, what the kilometres of a rider cost there, and whose ride is too long or
    whose run has too few riders: they go another way where they have one within the norms. Prices serve the search alone; the layout
    that comes out is priced as the norm set does.

    Where a round has no plan (the real buses cost more than the budget, say), a note says so and the best round before it is kept.

    Parameters
    ----------
    first : layout, how it was found, and its routes.
    route : plans the buses of a layout.
    """
    layout, solved, buses = first
    norms = case.norms
    turns = [Turn(layout, solved, buses, sum_round(0, layout, buses, norms), agree(layout, buses, norms))]
    factors: dict[str, float] = {}
    unwise: set[tuple[str, str, str]] = set()
    refused: list[Note] = []
    for number in range(1, case.scenario.plan.bus_rounds + 1):
        if turns[-1].agrees or is_interrupted():
            break
        say(Words(f"布局与校车第{number}轮", f"layout and buses, round {number}"))
        last = turns[-1]
        factors |= price_factors(last.layout, last.buses, norms)
        unwise |= unwise_rides(last.buses)
        case = replace(case, per_bus={**case.per_bus, **carried_per_bus(last.buses)})
        try:
            priced, solved = optimise_layout(case, leave_out(reprice(options, factors), unwise), reprice_layout(today, factors))
        except NoPlanError as error:  # at what its buses really cost and carry the plan is beyond its own limits: what was found stands
            refused = [note_no_round(number, error.message)]
            break
        layout = reprice_layout(priced, factors, back=True)
        yuan = float(layout.sites["cost_yuan"].sum() + layout.assignment["cost_yuan"].sum())
        solved = replace(solved, terms={**solved.terms, "cost_yuan": yuan})
        buses = route(case, layout)
        turns.append(Turn(layout, solved, buses, sum_round(number, priced, buses, norms), agree(priced, buses, norms)))
    best = min(range(len(turns)), key=lambda number: (*turns[number].rank, -number))
    rows = [{**turn.row, "kept": number == best} for number, turn in enumerate(turns)]
    kept = turns[best]
    table = pd.DataFrame(rows, columns=list(BUS_ROUND_COLUMNS))
    return kept.layout, kept.solved, replace(kept.buses, bus_rounds=table), [*(note_round(row) for row in rows), *refused]
