"""Numba where it runs: loops are compiled at their first call and the result is kept on disk where a folder for it can be written."""

from __future__ import annotations

from collections.abc import Callable  # noqa: TC003
from typing import Any


def has_numba() -> bool:
    """Say whether the compiled loops can be used here."""
    try:
        from layout_planner.travel import kernels  # noqa: F401
    except ImportError:
        return False
    return True


def compiled(loop: Callable[..., Any]) -> Callable[..., Any]:
    """Compile `loop` at its first call; without a cache where numba finds no folder for one (a read-only installation without a home)."""
    import numba

    try:
        return numba.njit(nogil=True, cache=True)(loop)
    except RuntimeError:
        return numba.njit(nogil=True)(loop)
