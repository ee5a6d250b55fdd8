"""Collect the faults of one file, so that a planner sees all of them at once and not the same one a million times."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from layout_planner.errors import InputError, Problem
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_ALIKE = 10


class FaultError(Exception):
    """One fault whose place is not known yet; the reader of the file adds row and column."""

    def __init__(self, what: Words, hint: Words, *, expected: Words | None = None, value: str | None = None) -> None:
        super().__init__(what.en)
        self.what = what
        self.hint = hint
        self.expected = expected
        self.value = value


@dataclass
class Faults:
    """The faults found in one file; more than `MAX_ALIKE` alike are counted, not repeated.

    `headers` are what the file calls its columns, by their names here.
    """

    file: str
    headers: Mapping[str, str] = field(default_factory=dict)
    _found: list[Problem] = field(default_factory=list)
    _alike: Counter[tuple[str | None, str]] = field(default_factory=Counter)
    _places: set[tuple[int | None, str | None]] = field(default_factory=set)

    def add(
        self,
        what: Words,
        hint: Words,
        *,
        row: int | None = None,
        column: str | None = None,
        value: object = None,
        expected: Words | None = None,
    ) -> None:
        """Record one fault and its place."""
        self._places.add((row, column))
        self._alike[column, what.en] += 1
        if self._alike[column, what.en] <= MAX_ALIKE:
            shown = None if value is None else str(value)
            self._found.append(Problem(self.file, what, hint, row, column, shown, expected, self._header(column)))

    def place(self, fault: FaultError, *, row: int | None = None, column: str | None = None, value: object = None) -> None:
        """Record a fault that was raised without its place."""
        shown = fault.value if fault.value is not None else value
        self.add(fault.what, fault.hint, row=row, column=column, value=shown, expected=fault.expected)

    def extend(self, error: InputError) -> None:
        """Take over the problems of another reader as they are."""
        self._found.extend(error.problems)

    def _header(self, column: str | None) -> str:
        return "" if column is None else self.headers.get(column, "")

    def told(self, row: int, column: str) -> bool:
        """Return whether a fault was recorded at this cell, listed or only counted."""
        return (row, column) in self._places

    def __bool__(self) -> bool:
        return bool(self._found)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All faults in the order found, then one line for each kind that was cut short."""
        cut = [
            Problem(
                self.file,
                Words(f"同类问题另有{count - MAX_ALIKE}处未列出", f"{count - MAX_ALIKE} more faults of the same kind are not listed"),
                Words("先改正已列出的，再检查一次", "mend the ones listed, then check again"),
                column=column,
                header=self._header(column),
            )
            for (column, _), count in self._alike.items()
            if count > MAX_ALIKE
        ]
        return (*self._found, *cut)
