"""The solver HiGHS, made to keep quiet and to end with what it has found when the search that it serves is interrupted."""

from __future__ import annotations

import os
import sys

import highspy

from layout_planner import clock


class _Watch:
    """Tells HiGHS to end a run when Ctrl-C is pressed in it; no part of the solver, which would then never be let go."""

    def __init__(self) -> None:
        self.presses = 0

    def look(self, event: highspy.highs.HighsCallbackEvent) -> None:
        event.data_in.user_interrupt = clock.presses() != self.presses  # said each time: HiGHS keeps the word of the run before


class Solver(highspy.Highs):  # type: ignore[misc]  # it has no types
    """HiGHS whose runs Ctrl-C ends, with the status kInterrupt and what was found."""

    def __init__(self) -> None:
        super().__init__()
        self._watch = _Watch()
        for event in (self.cbSimplexInterrupt, self.cbIpmInterrupt, self.cbMipInterrupt):
            event.subscribe(self._watch.look)

    def run(self) -> highspy.HighsStatus:
        """Solve the model at hand.

        HiGHS refuses to run where another of its solvers has run in the same thread with another number of threads, until that is reset.

        Raises
        ------
        KeyboardInterrupt : Ctrl-C outside an interruptible search, or the second one.
        """
        self._watch.presses = clock.presses()
        with clock.held():  # an exception in its callback breaks HiGHS
            status = super().run()
            if status == highspy.HighsStatus.kError and self.getModelStatus() == highspy.HighsModelStatus.kNotset:
                reset = self.resetThreadScheduler if hasattr(self, "resetThreadScheduler") else self.resetGlobalScheduler  # before 1.15
                reset(True)  # noqa: FBT003 - as HiGHS has it
                status = super().run()
        return status


def silent_highs() -> Solver:
    """Return a solver that prints nothing; its banner goes past Python's stdout, which belongs to the result."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        solver = Solver()
        solver.silent()
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
    return solver
