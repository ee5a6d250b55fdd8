"""Reads the norm sets that ship with the package.

Dates: a value counts in every calendar year that its validity touches; of several versions of one value the one that began last
counts. Where no version is in force in the scenario's year the nearest in time is used, and the set's remarks name it. A set that is
history may be used and says so; a draft only where the scenario allows it; the base of other sets never.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from importlib import resources
from typing import TYPE_CHECKING, Any

from layout_planner.errors import Problem, ScenarioError
from layout_planner.names import MODES as NAMED_MODES
from layout_planner.norms.model import Indicator, Norm, NormSet, Status
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from layout_planner.scenario import Override, Scenario

GRADES = range(1, 10)
MODES = tuple(mode for mode in NAMED_MODES if mode != "unserved")


@dataclass(frozen=True, slots=True)
class SetFile:
    """One file of norms as written: its head, its own values (all versions) and the id of its parent ("" for none)."""

    id: str
    title: Words
    country: Words
    status: Status
    parent: str
    norms: tuple[Norm, ...]
    indicators: tuple[Indicator, ...]


def list_norm_sets() -> tuple[str, ...]:
    """Return the ids of the norm sets that ship with the package, bases and drafts included."""
    folder = resources.files(__package__)
    return tuple(sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".toml")))


def read_scenario_norms(scenario: Scenario) -> NormSet:
    """Return the norm set that `scenario` names, as of its year, with its overrides.

    Raises
    ------
    ScenarioError : there is no such set, it may not be used, or an override names a value that does not exist.
    """
    return read_norms(scenario.norms, scenario.override, year=scenario.year, allow_drafts=scenario.allow_draft_norms)


def read_norms(set_id: str, overrides: Iterable[Override] = (), *, year: int | None = None, allow_drafts: bool = False) -> NormSet:
    """Return the norm set `set_id` with its parents' values and the overrides.

    Parameters
    ----------
    year : values in force in this calendar year; None for the latest version of each.

    Raises
    ------
    ScenarioError : there is no such set, it may not be used, or an override names a value that does not exist.
    """
    head = read_set_file(set_id)
    _refuse_unfit(head, allow_drafts=allow_drafts)
    norms, late = _choose_versions(list_versions(set_id), year)
    norms = _apply_overrides(norms, overrides)
    remarks = (*_remark_status(head), *_remark_late(late, year), *_remark_relaxed(norms))
    return NormSet(head.id, head.title, norms, _inherit_indicators(set_id), head.status, remarks)


def list_versions(set_id: str) -> tuple[Norm, ...]:
    """Return all versions of all values of a set: its own, then its parents' for the grades and modes that it does not name itself."""
    file = read_set_file(set_id)
    inherited = list_versions(file.parent) if file.parent else ()
    for own in file.norms:
        inherited = tuple(part for norm in inherited for part in _give_way(norm, own))
    return (*file.norms, *inherited)


def _give_way(norm: Norm, own: Norm) -> tuple[Norm, ...]:
    """Return what is left of a parent's `norm` beside a set's `own`: its other grades, and its other modes in the shared grades."""
    grades, modes = set(norm.grades or GRADES), set(norm.modes or MODES)
    shared, other_modes = grades & set(own.grades or GRADES), modes - set(own.modes or MODES)
    if norm.key != own.key or not shared or other_modes == modes:
        return (norm,)
    rest = replace(norm, grades=tuple(sorted(grades - shared)))
    beside = replace(norm, grades=tuple(sorted(shared)), modes=tuple(mode for mode in MODES if mode in other_modes))
    return (*([rest] if rest.grades else []), *([beside] if beside.modes else []))


def read_set_file(set_id: str) -> SetFile:
    """Return one file of norms without its parents.

    Raises
    ------
    ScenarioError : there is no such set.
    """
    if set_id not in list_norm_sets():
        known = ", ".join(list_norm_sets())
        raise _fault(
            set_id,
            Words(f"没有规范集 {set_id}", f"there is no norm set '{set_id}'"),
            Words(f"可选：{known}", f"choose one of {known}"),
        )
    content = tomllib.loads((resources.files(__package__) / f"{set_id}.toml").read_text(encoding="utf-8"))
    return SetFile(
        set_id,
        Words(**content["title"]),
        Words(**content["country"]),
        content["status"],
        content.get("extends", ""),
        tuple(_as_norm(entry) for entry in content["norm"]),
        tuple(_as_indicator(entry) for entry in content.get("indicator", ())),
    )


def _inherit_indicators(set_id: str) -> tuple[Indicator, ...]:
    file = read_set_file(set_id)
    own = {indicator.key for indicator in file.indicators}
    inherited = _inherit_indicators(file.parent) if file.parent else ()
    return (*file.indicators, *(indicator for indicator in inherited if indicator.key not in own))


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
        note=_as_words(entry.get("note", "")),
        grades=tuple(entry.get("grades", ())),
        modes=tuple(entry.get("modes", ())),
        number=entry.get("number", ""),
        valid_from=str(entry.get("valid_from", "")),
        valid_to=str(entry.get("valid_to", "")),
    )


def _as_indicator(entry: dict[str, Any]) -> Indicator:
    return Indicator(entry["key"], Words(**entry["formula"]), entry.get("instrument", ""), entry["flag"], _as_words(entry.get("note", "")))


def _as_words(text: str | dict[str, str]) -> Words:
    """Return a text of a norm file; one string stands for both languages."""
    return Words(text, text) if isinstance(text, str) else Words(**text)


def _choose_versions(versions: Iterable[Norm], year: int | None) -> tuple[tuple[Norm, ...], tuple[Norm, ...]]:
    """Return one version of every value, and those among them that are not in force in `year`."""
    by_value: dict[tuple[str, tuple[int, ...], tuple[str, ...]], list[Norm]] = {}
    for norm in versions:
        by_value.setdefault((norm.key, norm.grades, norm.modes), []).append(norm)
    chosen = []
    for candidates in by_value.values():
        least = 0 if year is None else min(norm.years_off(year) for norm in candidates)
        nearest = [norm for norm in candidates if year is None or norm.years_off(year) == least]
        chosen.append(max(nearest, key=lambda norm: norm.valid_from))
    return tuple(chosen), tuple(norm for norm in chosen if year is not None and not norm.in_force(year))


def _apply_overrides(norms: tuple[Norm, ...], overrides: Iterable[Override]) -> tuple[Norm, ...]:
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
        norms = tuple(norm.changed(change) if norm.key == change.key else norm for norm in norms)
    if problems:
        raise ScenarioError(problems)
    return norms


def _refuse_unfit(head: SetFile, *, allow_drafts: bool) -> None:
    if head.status == "base":
        raise _fault(
            head.id,
            Words(f"{head.id} 只是其他规范集的基础", f"'{head.id}' is only the base of other sets"),
            Words("换用 cn-rural 等规范集", "use a set that builds on it, such as cn-rural"),
        )
    if head.status == "draft" and not allow_drafts:
        raise _fault(
            head.id,
            Words(f"规范集 {head.id} 是草稿，数值未经核实", f"the norm set '{head.id}' is a draft: its values were not checked"),
            Words("确要使用，请在情景中写 allow_draft_norms = true", "write allow_draft_norms = true in the scenario to use it"),
        )


def _fault(set_id: str, what: Words, hint: Words) -> ScenarioError:
    return ScenarioError([Problem("scenario", what, hint, column="norms", value=set_id)])


def _remark_status(head: SetFile) -> tuple[Words, ...]:
    says = {
        "history": Words("规范集{title}是历史资料，不是现行规定", "the norm set '{title}' is history: it is not the rule today"),
        "draft": Words("规范集{title}是草稿，数值未经核实", "the norm set '{title}' is a draft: its values were not checked"),
    }
    words = says.get(head.status)
    return () if words is None else (Words(words.zh.format(title=head.title.zh), words.en.format(title=head.title.en)),)


def _remark_late(late: Iterable[Norm], year: int | None) -> tuple[Words, ...]:
    keys = ", ".join(sorted({norm.key for norm in late}))
    if not keys:
        return ()
    zh = f"以下规范值在{year}年不在有效期内，采用了时间最近的数值：{keys}"
    return (Words(zh, f"not in force in {year}; the value nearest in time is used: {keys}"),)


def _remark_relaxed(norms: Iterable[Norm]) -> tuple[Words, ...]:
    hard = {norm.key: norm.override for norm in norms if norm.relaxes and norm.severity == "hard"}
    return tuple(Words(f"放宽了强制性规定 {key}：{said}", f"a hard rule is relaxed, {key}: {said}") for key, said in sorted(hard.items()))
