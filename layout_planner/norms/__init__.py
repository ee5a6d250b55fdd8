"""Limits, procedures and planning assumptions as dated, sourced data: one TOML file a set, no number in code.

Confidence flags, shown beside every verdict that used the value:
R1 read in the instrument's own text; R2 read in a reproduction or press report; R3 read in a weak place;
A assumption of this project, no source; D arithmetic from a flagged value.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal

from layout_planner.errors import Problem, ScenarioError
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from layout_planner.scenario import Override

Flag = Literal["R1", "R2", "R3", "A", "D"]
FLAGS = ("R1", "R2", "R3", "A", "D")


@dataclass(frozen=True, slots=True)
class Norm:
    """One value: what it limits, how strictly, where it comes from and how sure we are."""

    key: str
    value: float
    unit: str
    comparator: Literal["<=", ">=", "<", ">", "=="]
    severity: Literal["hard", "advisory", "info"]
    instrument: str
    article: str
    year: int | None
    flag: Flag
    note: str
    grades: tuple[int, ...] = ()
    modes: tuple[str, ...] = ()
    override: str = ""

    @property
    def assumed(self) -> bool:
        """True when no instrument stands behind the value."""
        return self.flag in {"A", "D"}

    def cite(self) -> str:
        """Return instrument, article and flag as one line."""
        where = " ".join(part for part in (self.instrument, self.article) if part)
        return f"{where or 'assumption of this project'} [{self.flag}]" + (f" ({self.override})" if self.override else "")


@dataclass(frozen=True)
class NormSet:
    """The values of one set, its parents' values included."""

    id: str
    title: Words
    norms: tuple[Norm, ...]

    def find(self, key: str, *, grades: Iterable[int] = (), mode: str | None = None) -> Norm | None:
        """Return the strictest norm called `key` that covers any of `grades` and the `mode`, or None.

        A norm without grades covers all grades; a norm without modes covers all modes.
        """
        wanted = set(grades)
        fitting = [
            norm
            for norm in self.norms
            if norm.key == key
            and (not norm.grades or not wanted or wanted & set(norm.grades))
            and (not norm.modes or mode is None or mode in norm.modes)
        ]
        if not fitting:
            return None
        choose = max if fitting[0].comparator in {">=", ">"} else min
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


def list_norm_sets() -> tuple[str, ...]:
    """Return the ids of the norm sets that ship with the package."""
    folder = resources.files(__name__)
    return tuple(sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".toml")))


def read_norms(set_id: str, overrides: Iterable[Override] = ()) -> NormSet:
    """Return the norm set `set_id` with its parents' values and the scenario's overrides.

    Raises
    ------
    ScenarioError : there is no such set, or an override names a value that does not exist.
    """
    if set_id not in list_norm_sets():
        known = ", ".join(list_norm_sets())
        raise ScenarioError(
            [
                Problem(
                    "scenario",
                    Words(f"没有规范集 {set_id}", f"there is no norm set '{set_id}'"),
                    Words(f"可选：{known}", f"choose one of {known}"),
                    column="norms",
                    value=set_id,
                )
            ]
        )
    content = tomllib.loads((resources.files(__name__) / f"{set_id}.toml").read_text(encoding="utf-8"))
    own = [_as_norm(entry) for entry in content["norm"]]
    parent = content.get("extends")
    inherited = [] if parent is None else list(read_norms(parent).norms)
    replaced = {norm.key for norm in own}
    norms = [*own, *(norm for norm in inherited if norm.key not in replaced)]
    return NormSet(set_id, Words(**content["title"]), tuple(_apply_overrides(norms, overrides)))


def _as_norm(entry: dict[str, Any]) -> Norm:
    return Norm(
        key=entry["key"],
        value=float(entry["value"]),
        unit=entry["unit"],
        comparator=entry.get("comparator", "=="),
        severity=entry.get("severity", "info"),
        instrument=entry.get("instrument", ""),
        article=entry.get("article", ""),
        year=entry.get("year"),
        flag=entry["flag"],
        note=entry.get("note", ""),
        grades=tuple(entry.get("grades", ())),
        modes=tuple(entry.get("modes", ())),
    )


def _apply_overrides(norms: list[Norm], overrides: Iterable[Override]) -> list[Norm]:
    problems = []
    for change in overrides:
        if not any(norm.key == change.key for norm in norms):
            problems.append(
                Problem(
                    "scenario",
                    Words("要改的规范值不存在", "the override names a value that does not exist"),
                    Words("见 layout-planner schema norms", "see `layout-planner schema norms`"),
                    column="override.key",
                    value=change.key,
                )
            )
        said = f"override by {change.who}, {change.date}: {change.why}"
        norms = [replace(n, value=change.value, override=said) if n.key == change.key else n for n in norms]
    if problems:
        raise ScenarioError(problems)
    return norms
