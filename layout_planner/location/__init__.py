"""Classic location problems, solved with a certificate, and the Lagrangian loop that bounds are found with."""

from layout_planner.location.engine import Limits, Located
from layout_planner.location.lagrange import Answer, DualRun, Pace, maximise_dual
from layout_planner.location.problems import (
    solve_capacitated_location,
    solve_capacitated_p_median,
    solve_facility_location,
    solve_p_median,
)

__all__ = [
    "Answer",
    "DualRun",
    "Limits",
    "Located",
    "Pace",
    "maximise_dual",
    "solve_capacitated_location",
    "solve_capacitated_p_median",
    "solve_facility_location",
    "solve_p_median",
]
