"""Seconds and metres of a way in one integer: the seconds in the upper bits, the metres in the lower.

Adding two labels adds both parts, and the lower label is the quicker way, of equally quick ones the shorter. One label takes half the
memory of two numbers and one comparison. Arcs are whole grains, so sums are exact in whatever order they are added up, and the same in
numbers with a point (53 bits hold both parts).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Labels = NDArray[np.int64]

SECOND_GRAIN = 2.0**-13  # 0.12 ms
METRE_GRAIN = 2.0**-6  # 16 mm
METRE_BITS = 30
METRES = (1 << METRE_BITS) - 1  # the lower bits
MOST_S = 2.0**19  # six days: a longer way counts as none
MOST_M = 2.0**24  # 16,777 km, which no way of MOST_S reaches below 115 km/h
NOWHERE = np.int64(2**62 - 1)  # two of them add up without overflow


def round_to(grain: float, values: Floats) -> Floats:
    """Return the nearest multiples of `grain`, a power of two."""
    return np.asarray(np.round(values / grain) * grain)


def pack(seconds: Floats, metres: Floats) -> Labels:
    """Return the labels of ways; seconds and metres are whole grains."""
    far = ~(seconds < MOST_S)
    whole = np.where(far, 0, seconds / SECOND_GRAIN).astype(np.int64) << METRE_BITS
    return np.where(far, NOWHERE, whole + np.where(far, 0, metres / METRE_GRAIN).astype(np.int64))


def unpack(labels: Labels) -> tuple[Floats, Floats]:
    """Return seconds and metres of labels, `inf` where there is no way."""
    known = labels < NOWHERE
    seconds, metres = labels >> METRE_BITS, labels & METRES
    return np.where(known, seconds * SECOND_GRAIN, np.inf), np.where(known, metres * METRE_GRAIN, np.inf)
