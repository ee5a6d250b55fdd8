"""What a paper says, as plain lines in both languages: the page, the text form and the comparison of versions are all made from these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from layout_planner.names import FORMS, MODES, name_band
from layout_planner.norms.labels import name_norm
from layout_planner.output.safe import clean_text
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

    from layout_planner.words import Lang

NOTHING = Words("", "")
NONE_KNOWN = Words("—", "—")
TEN_THOUSAND = 10_000
STATE_SIGNS = {"good": "✓", "bad": "✗", "unknown": "?", "info": "i", "part": "", "": ""}


@dataclass(frozen=True)
class Line:
    """One line of a part; `key` stays the same from version to version, `state`: good, bad, unknown, info, part (a heading) or nothing."""

    key: str
    cells: tuple[Words, ...]
    state: str = ""


@dataclass(frozen=True)
class Part:
    """A table of lines, or sentences where there are no heads. `figures` are the columns that hold figures."""

    key: str
    title: Words
    lines: tuple[Line, ...]
    heads: tuple[Words, ...] = ()
    note: Words = NOTHING
    figures: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Dossier:
    """Everything that is said of one school. `decision` is a key of DECISIONS, `verdict` of the gate or "" where nothing merges."""

    school_id: str
    name: Words
    township: str
    decision: str
    verdict: str
    parts: tuple[Part, ...]

    def part(self, key: str) -> Part:
        """Return the part of that key; KeyError when there is none."""
        for part in self.parts:
            if part.key == key:
                return part
        raise KeyError(key)


def same(text: object) -> Words:
    """Return a text that is the same in both languages."""
    shown = clean_text(text)
    return Words(shown, shown)


def count(value: float, zh: str = "", en: str = "", ens: str = "") -> Words:
    """Return a whole figure with its unit, or a dash where it is not known."""
    if not np.isfinite(value):
        return NONE_KNOWN
    unit = ens if ens and round(value) != 1 else en
    return Words(f"{value:,.0f}{zh}", f"{value:,.0f}{' ' + unit if unit else ''}")


def yuan(value: float) -> Words:
    """Return yuan a year, in units of ten thousand in Chinese."""
    return Words(f"{value / TEN_THOUSAND:,.1f}万元", f"{value:,.0f} yuan") if np.isfinite(value) else NONE_KNOWN


def minutes(seconds: float) -> Words:
    """Return a time in whole minutes."""
    return Words(f"{seconds / 60:.0f}分钟", f"{seconds / 60:.0f} min") if np.isfinite(seconds) else Words("无路可达", "no way")


def minute_span(low_s: float, high_s: float) -> Words:
    """Return two times as one span of minutes."""
    low, high = (f"{s / 60:.0f}" if np.isfinite(s) else "∞" for s in (low_s, high_s))
    return Words(f"{low}分钟", f"{low} min") if low == high else Words(f"{low}–{high}分钟", f"{low}–{high} min")


def names_of(table: pd.DataFrame) -> dict[str, Words]:
    """Return the names of all schools or settlements by id; the id where there is none."""
    english = table["name_en"] if "name_en" in table else table["name"]
    rows = (
        (str(key), clean_text(zh) or clean_text(key), clean_text(en))
        for key, zh, en in zip(table.index, table["name"], english, strict=True)
    )
    return {key: Words(zh, en or zh) for key, zh, en in rows}


def name_form(form: str) -> Words:
    """Return what a form is called."""
    return FORMS.get(form, same(form))


def name_value(key: str) -> Words:
    """Return what a value of a norm set is called; its key where nobody has named it."""
    named = name_norm(key)
    return named if named.zh else same(key)


def name_modes(modes: Iterable[str]) -> Words:
    """Return the ways to school in their usual order."""
    have = set(modes)
    return join([words for mode, words in MODES.items() if mode in have])


def name_bands(bands: str, known: Mapping[str, tuple[int, ...]]) -> Words:
    """Return the grades of bands that are joined by commas."""
    return join([name_band(band, known.get(band, ())) for band in bands.split(",") if band]) if bands else NONE_KNOWN


def join(words: Iterable[Words]) -> Words:
    """Return all `words` in one line."""
    listed = list(words)
    return Words("、".join(word.zh for word in listed), ", ".join(word.en for word in listed))


def as_text(dossiers: Iterable[Dossier], lang: Lang) -> str:
    """Return the text form: one fact a line under headings, so that two versions differ in the lines that changed."""
    lines: list[str] = []
    for dossier in dossiers:
        lines += [f"# {dossier.name.say(lang)} ({clean_text(dossier.school_id)})", ""]
        for part in (part for part in dossier.parts if part.lines):
            lines += [f"## {part.title.say(lang)}", ""]
            lines += ["- " + " | ".join(_one_line(cell.say(lang)) for cell in line.cells) for line in part.lines]
            lines.append("")
    return "\n".join(lines)


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("|", "¦")


def as_data(dossiers: Iterable[Dossier]) -> dict[str, Any]:
    """Return the dossiers as plain JSON values: school, part, line, cells in both languages."""
    return {
        dossier.school_id: {
            "name": list(dossier.name),
            "township": dossier.township,
            "decision": dossier.decision,
            "verdict": dossier.verdict,
            "parts": {part.key: {line.key: [list(cell) for cell in line.cells] for line in part.lines} for part in dossier.parts},
            "titles": {part.key: list(part.title) for part in dossier.parts},
        }
        for dossier in dossiers
    }
