"""What all rules of the gate share: the case they judge, comparisons that NaN fails, and sentences that name villages and grades."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from layout_planner.names import name_band
from layout_planner.results import Finding
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from layout_planner.county.model import County
    from layout_planner.norms import Norm, NormSet
    from layout_planner.plan.layout import Layout
    from layout_planner.results import Verdict
    from layout_planner.scenario import Scenario

COMPARE = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt, "==": operator.eq}
NAMED_AT_MOST = 8
SHOWN_AT_MOST = 5
ON_RECORD = ("record", "rule")  # units of norms that ask for a record, not for a quantity
NOTHING_TO_DO = Words("无需处理", "nothing to do")
OWN_RULE = "rule of this toolkit, no instrument behind it [A]"


@dataclass(frozen=True)
class Case:
    """All that the rules look at; `close_on` is None while the scenario names no date.

    bad_trips  as in `Verification`
    routed     buses that the routes of the plan bring to a site, by site
    """

    county: County
    scenario: Scenario
    norms: NormSet
    today: Layout
    plan: Layout
    close_on: date | None
    bad_trips: pd.DataFrame | None = None
    routed: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Merger:
    """One site that closes or loses bands.

    lost       bands it teaches today and not under the plan
    moved      rows of the plan's assignment (dicts) of every settlement and band that attends the site today in a lost band
    receivers  sites those pupils are sent to
    """

    school_id: str
    lost: tuple[str, ...]
    moved: tuple[dict[Any, Any], ...]
    receivers: tuple[str, ...]


def meets(norm: Norm, measured: float | None) -> bool:
    """Return True when `measured` satisfies the norm; None and NaN never do."""
    return measured is not None and bool(COMPARE[norm.comparator](measured, norm.value))


def tell_figure(measured: float, decimals: int = 2) -> float | None:
    """Return a figure as a finding tells it, rounded; None for an endless one, which is no figure."""
    return round(measured, decimals) if math.isfinite(measured) else None


def judge(  # noqa: PLR0913 - a finding has this many parts
    rule: str,
    verdict: Verdict,
    subject: str,
    norm: Norm | None,
    text: Words,
    cure: Words,
    *,
    measured: float | None = None,
    bound: tuple[float | None, str] | None = None,
    settlements: Iterable[str] = (),
    evidence: str = "",
) -> Finding:
    """Return the finding, citing `norm`; a limit or requirement that is only assumed says so in its text.

    Parameters
    ----------
    bound : limit and unit of `measured` where they are not the norm's own, such as the seats of a school.
    """
    if norm is not None and norm.assumed and verdict != "pass":
        what = Words("要求", "requirement") if norm.unit in ON_RECORD else Words("限值", "limit")
        text = Words(f"{text.zh}（该{what.zh}为假设，无文件依据）", f"{text.en} (this {what.en} is an assumption; no instrument sets it)")
    limit, unit = bound or ((norm.value, norm.unit) if norm else (None, ""))
    return Finding(
        rule,
        verdict,
        subject,
        as_sentence(text),
        as_sentence(NOTHING_TO_DO if verdict == "pass" else cure),
        source=norm.cite() if norm else OWN_RULE,
        flag=norm.flag if norm else "A",
        measured=measured,
        limit=limit,
        unit=unit,
        settlements=tuple(dict.fromkeys(settlements)),
        evidence=evidence,
    )


def as_sentence(words: Words) -> Words:
    """Return the words with a full stop, the English with a capital."""
    if not words.zh or not words.en:
        return words
    return Words(words.zh.rstrip("。") + "。", words.en[0].upper() + words.en[1:].rstrip(".") + ".")


def count(number: float, one: str, many: str = "") -> str:
    """Return an English count: `1 pupil`, `2 pupils`."""
    return f"{number:.0f} {one if number == 1 else many or one + 's'}"


def tell_first(faults: Sequence[Words], kind: Words | None = None) -> Words:
    """Return the first faults in one sentence, and how many more there are; `kind` : what they are counted as, with its measure word."""
    shown, more = faults[:SHOWN_AT_MOST], len(faults) - SHOWN_AT_MOST
    zh, en = "；".join(fault.zh for fault in shown), "; ".join(fault.en for fault in shown)
    if more <= 0:
        return Words(zh, en)
    if kind is None:
        return Words(f"{zh}；另有{more}处", f"{en}; and {more} more")
    return Words(f"{zh}；另有{more}{kind.zh}", f"{en}; and {count(more, kind.en)} more")


def name_bands(case: Case, bands: Iterable[str]) -> Words:
    """Return the grades of bands in both languages."""
    names = [name_band(band, case.scenario.bands.get(band, ())) for band in bands]
    return Words("、".join(name.zh for name in names), join_english([name.en for name in names]))


def join_english(names: list[str]) -> str:
    """Return `a, b and c`."""
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def name_schools(case: Case, ids: Iterable[str]) -> Words:
    """Return the names of schools in both languages."""
    return _name(case.county.schools, ids)


def name_villages(case: Case, ids: Iterable[str]) -> Words:
    """Return the names of settlements in both languages, eight at most and then how many more."""
    return _name(case.county.settlements, ids)


def _name(table: pd.DataFrame, ids: Iterable[str]) -> Words:
    unique = list(dict.fromkeys(ids))
    shown, more = unique[:NAMED_AT_MOST], len(unique) - NAMED_AT_MOST
    zh, en = ([_label(table, i, column) for i in shown] for column in ("name", "name_en"))
    if more > 0:
        return Words(f"{'、'.join(zh)}等{len(unique)}处", f"{', '.join(en)} and {more} more")
    return Words("、".join(zh), join_english(en))


def _label(table: pd.DataFrame, row: str, column: str) -> str:
    for wanted in (column, "name"):
        value = table.at[row, wanted] if wanted in table and row in table.index else None
        if isinstance(value, str) and value:
            return value
    return str(row)


def as_day(value: object) -> date | None:
    """Return a date from ISO text, a date or a timestamp; None where there is none or it cannot be read."""
    if value is None or value is pd.NaT:
        return None
    if isinstance(value, date):
        return date(value.year, value.month, value.day)
    try:
        return date.fromisoformat(str(value).strip()[:10])
    except ValueError:
        return None


def as_count(value: object) -> float | None:
    """Return a count, None where it is empty or no number."""
    number = pd.to_numeric(pd.Series([value], dtype=object), errors="coerce").iloc[0]
    return None if pd.isna(number) else float(number)
