"""How sure a time is: every trip as optimistic, expected and pessimistic seconds, from the stated ranges of speeds.

A range scales all roads of one kind alike, so the fastest way stays the fastest and both ends follow from the stored parts of a trip
without another search: seconds on roads and steps, seconds straight across country, seconds in the bus, seconds at the stop.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from layout_planner.errors import Problem, raise_problems
from layout_planner.words import Words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layout_planner.norms import NormSet

    Floats = NDArray[np.float64]

PaceName = Literal["optimistic", "expected", "pessimistic"]
ENDS: tuple[PaceName, ...] = ("optimistic", "pessimistic")
WAITS = {"optimistic": "bus.wait_minutes_least", "expected": "bus.wait_minutes", "pessimistic": "bus.wait_minutes_most"}


@dataclass(frozen=True)
class Pace:
    """What the parts of a trip take: multiples of their expected seconds, and the seconds at the stop."""

    walk: float
    off_road: float
    ride: float
    wait_s: float
    late: float = 0.0  # share of a headway by which one waits longer than half of it

    @classmethod
    def of(cls, norms: NormSet, name: PaceName = "expected") -> Pace:
        """Return the pace that the norm set describes.

        Raises
        ------
        InputError : a range does not hold the expected value.
        """
        _check_ranges(norms)
        wait_s = 60 * norms.value(WAITS[name])
        if name == "expected":
            return cls(1.0, 1.0, 1.0, wait_s)
        end = "high" if name == "optimistic" else "low"
        walk, off_road, ride = (1 / norms.value(f"speed.{part}_range_{end}") for part in ("walk", "off_road", "ride"))
        return cls(walk, off_road, ride, wait_s, -0.5 if name == "optimistic" else 0.5)

    def changes(self) -> tuple[tuple[str, float], ...]:
        """Return by what share of each part (PUBLIC_COLUMNS) a journey by public bus is longer than expected."""
        return ("walk_s", self.walk - 1), ("ride_s", self.ride - 1), ("headway_s", self.late)

    def on_foot(self, seconds: Floats, across_s: Floats) -> Floats:
        """Return the seconds of walks at this pace, of whose expected `seconds` those `across_s` are spent across country."""
        return np.asarray(seconds * self.walk + across_s * (self.off_road - self.walk))


AS_EXPECTED = Pace(1.0, 1.0, 1.0, 0.0)  # for parts that hold their own waits


def _check_ranges(norms: NormSet) -> None:
    """Refuse ranges that leave out the expected value: shares of speed around 1, minutes around the expected wait."""
    ranges = [(f"speed.{part}_range_low", f"speed.{part}_range_high", 1.0) for part in ("walk", "off_road", "ride")]
    ranges.append((WAITS["optimistic"], WAITS["pessimistic"], norms.value(WAITS["expected"])))
    wrong = [(low, high, mid) for low, high, mid in ranges if not 0 <= norms.value(low) <= mid <= norms.value(high)]
    wrong += [(low, high, mid) for low, high, mid in ranges[:3] if norms.value(low) == 0]
    raise_problems(
        Problem(
            f"norms/{norms.id}.toml",
            Words("范围不包含预期值", "the range does not hold the expected value"),
            Words(
                f"下限须大于0且不超过{mid:g}，上限不小于{mid:g}",
                f"the low end must lie above 0 and not above {mid:g}, the high end not below",
            ),
            column=f"{low}, {high}",
            value=f"{norms.value(low):g}, {norms.value(high):g}",
        )
        for low, high, mid in wrong
    )
