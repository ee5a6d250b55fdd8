"""The solver HiGHS, made to keep quiet."""

from __future__ import annotations

import os
import sys

import highspy

SHORT_S = 0.1  # between two looks whether anybody pressed Ctrl-C


def silent_highs() -> highspy.Highs:
    """Return a solver that prints nothing; its banner goes past Python's stdout, which belongs to the result."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        solver = highspy.Highs()
        solver.silent()
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
    return solver


def run_until_interrupted(solver: highspy.Highs) -> bool:
    """Run `solver` so that Ctrl-C stops it and leaves what it has found; return True where that happened."""
    solver.HandleUserInterrupt = True
    solver.startSolve()
    interrupted = False
    while True:
        try:
            if solver.wait(SHORT_S)[0]:
                return interrupted
        except KeyboardInterrupt:
            interrupted = True
            solver.cancelSolve()
