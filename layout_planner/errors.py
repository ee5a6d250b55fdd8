"""Everything that can go wrong, and how it is told to a planner.

PlannerError                 base: the command line prints it as sentences, never as a traceback
├── InputError               exit 3: faults in tables, roads, rasters; holds every `Problem` found
│   └── ScenarioError        exit 3: faults in a scenario or norm file
├── OutputError              exit 3: the output folder cannot be written
├── NoPlanError              exit 4: the demands of the scenario contradict each other
└── VerificationError        exit 1: the independent re-check disagrees with the optimiser
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from layout_planner.words import Lang, Words

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_VALUE = 80
TOML = (".toml", "(TOML)")  # files of keys, not of columns
EXIT_OK, EXIT_USAGE, EXIT_INPUT, EXIT_NO_PLAN, EXIT_GATE = 0, 2, 3, 4, 5


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in the input, with its place and its cure.

    `row` is the row number a person sees in the file (the header is row 1); None where no row applies. `header` is what the file calls
    the column, where that is known: a person finds it there, a program by `column`.
    """

    file: str
    what: Words
    hint: Words
    row: int | None = None
    column: str | None = None
    value: str | None = None
    expected: Words | None = None
    header: str = ""

    def say(self, lang: Lang) -> str:
        """Return the fault as one line: place, what, value, expectation, cure."""
        zh = lang == "zh"
        place = self.file
        if self.row is not None:
            place += f" 第{self.row}行" if zh else f" row {self.row}"
        if self.column is not None:
            kind = Words("键", "key") if self.file.endswith(TOML) else Words("列", "column")
            place += f" {kind.zh}“{self.header or self.column}”" if zh else f" {kind.en} '{self.header or self.column}'"
        parts = [f"{place}{'：' if zh else ': '}{self.what.say(lang)}"]
        if self.value is not None:
            shown = self.value if len(self.value) <= LONGEST_VALUE else self.value[: LONGEST_VALUE - 3] + "..."
            parts.append(f"（值：{shown}）" if zh else f" (value: {shown})")
        if self.expected is not None:
            label = "；应为：" if zh else "; expected "
            parts.append(label + self.expected.say(lang))
        parts.append(("。处理：" if zh else ". To mend: ") + self.hint.say(lang))
        return "".join(parts)

    def as_dict(self) -> dict[str, object]:
        """Return the fault as plain values for JSON."""
        return {
            "file": self.file,
            "row": self.row,
            "column": self.column,
            "header": self.header or self.column,
            "value": self.value,
            "what": self.what._asdict(),
            "expected": self.expected._asdict() if self.expected else None,
            "hint": self.hint._asdict(),
        }


class PlannerError(Exception):
    """Base of all errors that a planner may see."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: Words) -> None:
        super().__init__(message.en)
        self.message = message

    def say(self, lang: Lang) -> str:
        """Return the error as text for a person."""
        return self.message.say(lang)


class InputError(PlannerError):
    """The input cannot be used; `problems` lists every fault that was found."""

    exit_code = EXIT_INPUT

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        super().__init__(
            Words(
                "\n".join([f"输入有{count}处问题：", *("• " + p.say("zh") for p in self.problems)]),
                "\n".join(
                    [
                        f"{count} problem{'' if count == 1 else 's'} in the input:",
                        *("• " + p.say("en") for p in self.problems),
                    ]
                ),
            )
        )


class ScenarioError(InputError):
    """A scenario or norm file cannot be used."""


class OutputError(PlannerError):
    """The result cannot be written where the user asked."""

    exit_code = EXIT_INPUT


class NoPlanError(PlannerError):
    """No plan meets the demands of the scenario, even with pupils left unserved."""

    exit_code = EXIT_NO_PLAN


class VerificationError(PlannerError):
    """The independent re-check found figures that differ from the plan's own."""


def raise_problems(problems: Iterable[Problem]) -> None:
    """Raise `InputError` with all `problems`, or return when there are none."""
    found = tuple(problems)
    if found:
        raise InputError(found)
