"""A plan of a large county and its bound made better, sweep after sweep through its regions.

The first sweeps hold all whole numbers of which the plan and the relaxation agree, and search what they dispute (relaxation induced
neighbourhoods: Danna, Rothberg and Le Pape 2005). So few columns are left that regions are wide, a middling county is one, and what
regions would have to share is traded. The last ones hold nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from layout_planner.clock import now
from layout_planner.plan.held import BOUND_NODES, HALF, HOLDS, NODES, SEARCHING, borders_of
from layout_planner.plan.improve import Effort, improve_plan, tighten_bound
from layout_planner.plan.layout import gap_between

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from layout_planner.plan.arrays import Arrays, Ground
    from layout_planner.plan.case import Case
    from layout_planner.plan.regions import Borders
    from layout_planner.plan.relaxation import Relaxed

    Floats = NDArray[np.float64]
    Clock = Callable[[float], float]

BETTER_SHARE = 0.9  # of the time limit, by which plan and bound are done
DEAR_YUAN, DISPUTED_DEAR_YUAN = 1_000.0, 20.0  # a pupil; ways dearer than this in the relaxation are not tried again


@dataclass(frozen=True)
class Sweep:
    """One way through the county region by region.

    first_cut           where the county is cut first
    share, bound_share  of the time left, for the plan and then for the bound
    disputed            only what the plan and the relaxation dispute is searched
    """

    first_cut: float
    share: float
    bound_share: float = 0.0
    disputed: bool = False


SWEEPS = (Sweep(HALF, 0.4, 0.5, disputed=True), Sweep(1 / 3, 0.4, disputed=True), Sweep(HALF, 0.5), Sweep(1 / 3, 1.0))


def sweep_county(case: Case, ground: Ground, relaxed: Relaxed, borders: Borders, x: Floats, clock: Clock) -> tuple[Floats, float]:
    """Return a plan and a bound, each at least as good as before; once the gap is what the scenario asks for, no more is done."""
    settings, bound, last = case.scenario.solver, relaxed.bound, borders

    def effort(share: float, nodes: int, heuristics: float) -> Effort:
        began = now()
        return Effort(settings.gap / 4, nodes, settings.seed, began + share * max(0.0, clock(BETTER_SHARE) - began), heuristics)

    for number, sweep in enumerate(SWEEPS):
        if gap_between(ground.arrays.price(x), bound) <= settings.gap or now() > clock(BETTER_SHARE):
            break
        arrays = dispute(relaxed, x) if sweep.disputed else relaxed.arrays
        drawn = borders_of(case, ground, arrays, sweep.first_cut)
        alone = len(drawn.columns) == 1
        if number and alone and len(last.columns) == 1 and sweep.disputed == SWEEPS[number - 1].disputed:
            continue  # the same once more
        nodes, dear = (BOUND_NODES, np.inf) if sweep.disputed else (NODES, DEAR_YUAN)
        x, last = improve_plan(arrays, drawn, x, relaxed.column_price, dear, effort(sweep.share, nodes, SEARCHING)), drawn
        if sweep.bound_share and gap_between(ground.arrays.price(x), bound) > settings.gap:
            proving = effort(sweep.bound_share, BOUND_NODES, 0.0)
            bound = max(bound, tighten_bound(relaxed.arrays, borders, relaxed.x, relaxed.row_price, proving))
    return x, bound


def dispute(relaxed: Relaxed, x: Floats) -> Arrays:
    """Return the programme with all whole numbers held of which the plan `x` and the relaxation agree, and dear ways left out."""
    arrays = relaxed.arrays
    agreed = arrays.whole & (np.abs(x - relaxed.x) <= HOLDS)
    dear = ~arrays.whole & (relaxed.column_price > DISPUTED_DEAR_YUAN) & (x <= HOLDS) & (arrays.low <= 0)
    high = np.where(dear, 0.0, arrays.high)
    return replace(arrays, low=np.where(agreed, np.rint(x), arrays.low), high=np.where(agreed, np.rint(x), high))
