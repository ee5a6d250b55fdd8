"""The solver HiGHS, made to keep quiet."""

from __future__ import annotations

import os
import sys

import highspy


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
