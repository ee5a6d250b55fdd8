"""What the counties of a province hand to each other: plain values, small enough to travel; their tables stay on the shelf."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

RESOURCES = {
    "new_beds": Words("新增床位", "new beds"),
    "new_buses": Words("新增校车", "new buses"),
    "extra_yuan": Words("新增年成本（元）", "extra cost a year, yuan"),
}
PRICED = {  # what a price is told for: so many units, and their name
    "new_beds": (1, Words("每张床位", "per bed")),
    "new_buses": (1, Words("每辆校车", "per bus")),
    "extra_yuan": (10_000, Words("每万元", "per 10,000 yuan")),
}
TODAY = "today"


@dataclass(frozen=True, slots=True)
class State:
    """One question to a county: as it is (`caps` is None), or its plan with at most so much of every resource in `caps`."""

    key: str
    caps: tuple[tuple[str, float], ...] | None


@dataclass(frozen=True, slots=True)
class Order:
    """One task for a worker: the states of one county that nobody has worked out yet."""

    county_id: str
    source: Path
    states: tuple[State, ...]


@dataclass(frozen=True)
class Part:
    """What is known of one county in one state.

    figures  name -> number: MEASURES, `retention`, `dropout`, and how much of every resource is used
    facts    anything else of plain JSON kind: title, verdict, year, seconds
    """

    key: str
    county_id: str
    figures: dict[str, float]
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Failure:
    """A county that could not be worked out, and why."""

    county_id: str
    why: Words


class Shelf(Protocol):
    """Where results are kept by the hash of what they follow from; what is on it is whole (`output.province_shelf`)."""

    def find(self, key: str) -> Part | None:
        """Return what is kept under `key`, None where there is nothing whole."""

    def table(self, key: str, name: str) -> pd.DataFrame:
        """Return one of the tables kept under `key`."""

    def keep(self, part: Part, tables: Mapping[str, pd.DataFrame]) -> None:
        """Keep a part with its tables, all or nothing."""
