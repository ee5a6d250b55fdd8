"""A norm, an indicator and a set of them: plain values with their sources and how sure we are of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from layout_planner.errors import Problem, ScenarioError
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from layout_planner.scenario import Override

Flag = Literal["R1", "R2", "R3", "A", "D"]
Comparator = Literal["<=", ">=", "<", ">", "=="]
Severity = Literal["hard", "advisory", "info"]
Status = Literal["current", "history", "draft", "base"]
FLAGS = ("R1", "R2", "R3", "A", "D")
COMPARATORS = ("<=", ">=", "<", ">", "==")
SEVERITIES = ("hard", "advisory", "info")
STATUSES = ("current", "history", "draft", "base")
AT_MOST, AT_LEAST = ("<=", "<"), (">=", ">")


@dataclass(frozen=True, slots=True)
class Norm:
    """One value: what it limits, how strictly, where it comes from and how sure we are.

    instrument  title of the text that sets the value, in its own language; "" where the title was not read
    number      its document number with the full prefix: 国办发〔2012〕48号 and 国发〔2012〕48号 are two texts
    valid_from, valid_to  ISO dates, or just year or year and month; "" where nothing was read
    relaxes     True where an override asks less than the value it replaces
    """

    key: str
    value: float
    unit: str
    comparator: Comparator
    severity: Severity
    instrument: str
    article: str
    year: int | None
    flag: Flag
    note: Words
    grades: tuple[int, ...] = ()
    modes: tuple[str, ...] = ()
    override: str = ""
    number: str = ""
    valid_from: str = ""
    valid_to: str = ""
    relaxes: bool = False

    @property
    def assumed(self) -> bool:
        """True when no instrument stands behind the value."""
        return self.flag in {"A", "D"}

    def in_force(self, year: int) -> bool:
        """Return True when the validity touches the calendar year."""
        return self.years_off(year) == 0

    def years_off(self, year: int) -> int:
        """Return how many years `year` lies outside the validity; 0 inside it."""
        first = int(self.valid_from[:4]) if self.valid_from else year
        last = int(self.valid_to[:4]) if self.valid_to else year
        return max(0, first - year, year - last)

    def cite(self) -> str:
        """Return instrument, number, article and flag as one line."""
        where = " ".join(part for part in (self.instrument, self.number, self.article) if part)
        return f"{where or 'assumption of this project'} [{self.flag}]" + (f" ({self.override})" if self.override else "")

    def changed(self, change: Override) -> Norm:
        """Return the norm with the value of an override; the instrument no longer stands behind it, so its flag is A."""
        if change.value == self.value:
            return self
        laxer = change.value > self.value if self.comparator in AT_MOST else change.value < self.value
        relaxes = self.severity != "info" and (laxer or self.comparator == "==")
        verb = "relaxed" if relaxes else "changed"
        said = f"{verb} from {self.value:g} [{self.flag}] by {change.who}, {change.date}: {change.why}"
        return replace(self, value=change.value, flag="A", override=said, relaxes=relaxes)


@dataclass(frozen=True, slots=True)
class Indicator:
    """How a published figure is defined: its formula in words, its source and how sure we are."""

    key: str
    formula: Words
    instrument: str
    flag: Flag
    note: Words


@dataclass(frozen=True)
class NormSet:
    """The values of one set, its parents' values included.

    remarks  what a reader of any result must know: the set is history or a draft, a value is not in force, a rule was relaxed
    """

    id: str
    title: Words
    norms: tuple[Norm, ...]
    indicators: tuple[Indicator, ...] = ()
    status: Status = "current"
    remarks: tuple[Words, ...] = ()

    def find(self, key: str, *, grades: Iterable[int] = (), mode: str | None = None, severity: Severity | None = None) -> Norm | None:
        """Return the strictest norm called `key` that covers any of `grades` and the `mode`, or None.

        A norm without grades covers all grades; a norm without modes covers all modes. `severity` leaves out all others.
        """
        wanted = set(grades)
        fitting = [
            norm
            for norm in self.norms
            if norm.key == key
            and (not norm.grades or not wanted or wanted & set(norm.grades))
            and (not norm.modes or mode is None or mode in norm.modes)
            and severity in {None, norm.severity}
        ]
        if not fitting:
            return None
        choose = max if fitting[0].comparator in AT_LEAST else min
        return choose(fitting, key=lambda norm: norm.value)

    def get(self, key: str, *, grades: Iterable[int] = (), mode: str | None = None) -> Norm:
        """Return the norm that `find` finds.

        Raises
        ------
        ScenarioError : the set has no such value.
        """
        norm = self.find(key, grades=grades, mode=mode)
        if norm is None:
            raise ScenarioError(
                [
                    Problem(
                        f"norms/{self.id}.toml",
                        Words(f"缺少规范值 {key}", f"the norm set has no value '{key}'"),
                        Words("补上该值或换用 cn-rural", "add it, or use the set cn-rural"),
                        column=key,
                    )
                ]
            )
        return norm

    def value(self, key: str, *, grades: Iterable[int] = (), mode: str | None = None) -> float:
        """Return the number that `get` finds, in the norm's own unit."""
        return self.get(key, grades=grades, mode=mode).value
