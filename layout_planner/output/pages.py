"""Printable pages: the gate for the official who signs, the comparison for the meeting. Both languages in one file."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup

from layout_planner.compare import MEASURES, SHOWN_IN_10_000
from layout_planner.names import BANDS, FORMS, MODES, VERDICTS, name_rule, name_unit
from layout_planner.output.gate_map import NOT_JUDGED, describe_unmet, describe_vetoes, list_to_do
from layout_planner.output.map_data import pair, read_words, roads_are_osm
from layout_planner.output.offline import seal_page, write_atomically
from layout_planner.output.safe import clean_text
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from layout_planner.output.view import RunView
    from layout_planner.results import Finding, Verdict
    from layout_planner.words import Lang

SIGNS = {"pass": "✓", "fail": "✗", "unknown": "?"}
ORDER: dict[Verdict, int] = {"fail": 0, "unknown": 1, "pass": 2}
MOST_NAMES = 40
NO_INSTRUMENT = {
    "assumption of this project": "本项目假设",
    "rule of this toolkit, no instrument behind it": "本工具的规则，没有文件依据",
}


def write_gate_page(view: RunView, path: Path, lang: Lang) -> None:
    """Write the gate page of a run: the verdict, what must be done, every merger with what refuses it, what passes, what was assumed.

    Raises
    ------
    OutputError : the folder cannot be written.
    """
    findings = sort_findings(view.findings)
    page = describe_run(view, Words("撤并审查", "Merger gate")) | {
        "total": len(findings),
        "counts": {verdict: sum(finding.verdict == verdict for finding in findings) for verdict in ORDER},
        "plan_wide": [show_finding(finding, view) for finding in findings if finding.subject not in view.mergers],
        "cures": list_cures(view),
        "to_do": list_to_do(view, lambda school_id: _name_school(view, school_id)),
        "vetoes": describe_vetoes(findings),
        "unmet": describe_unmet(view),
        "not_judged": [pair(words) for words in NOT_JUDGED],
    }
    write_page("gate.html", page, path, lang)


def write_compare_page(views: Sequence[RunView], path: Path, lang: Lang) -> None:
    """Write the table of all measures of several runs of one county, today first.

    Raises
    ------
    OutputError : the folder cannot be written.
    """
    page = describe_run(views[0], Words("方案对比", "Comparison")) | {
        "heading": ("方案对比", "Layouts compared"),
        "runs": [describe_run(view, Words("", "")) | {"title": pair(view.title), "name": view.name} for view in views],
        "figures": [
            {"label": pair(measure.label), "values": [show_measure(key, column.get(key)) for column in _columns(views)]}
            for key, measure in MEASURES.items()
            if any(key in column for column in _columns(views))
        ],
    }
    write_page("compare.html", page, path, lang)


def write_page(
    template: str,
    page: dict[str, Any],
    path: Path,
    lang: Lang,
    *,
    words: dict[str, tuple[str, str]] | None = None,
    links: Collection[str] = (),
) -> None:
    """Render `template` with `page`, seal it and write it whole.

    words : the pages' own unless others are given. links : files beside the page that it leads to.
    """
    words = words or page_words()
    html = _environment().get_template(template).render(page=page, words=words, lang=lang, signs=SIGNS)
    write_atomically(path, seal_page(html, links))


def render_page(template: str, page: dict[str, Any], lang: Lang, *, only: Lang | None) -> str:
    """Return a paper as HTML: in both languages with a switch, or in `only` one."""
    return _environment().get_template(template).render(page=page, lang=lang, only=only)


def describe_run(view: RunView, kind: Words) -> dict[str, Any]:
    """Return what every page says of a run: heading, verdict, mergers with their findings, notes and assumptions."""
    return {
        "kind": pair(kind),
        "heading": pair(view.title),
        "year": view.year,
        "norms": pair(view.norms_title),
        "verdict": view.verdict,
        "osm": roads_are_osm(view),
        "mergers": [_describe_merger(view, school_id) for school_id in view.mergers],
        "notes": [pair(note.text) for note in view.notes],
        "assumed": list(dict.fromkeys(_name_source(finding) for finding in view.findings if finding.flag in {"A", "D"})),
    }


def sort_findings(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings with what refuses first."""
    return sorted(findings, key=lambda finding: ORDER[finding.verdict])


def page_words() -> dict[str, tuple[str, str]]:
    """Return the sentences of the pages, the names that findings use among them."""
    named = {"band": BANDS, "mode": MODES, "form": FORMS, "verdict": VERDICTS}
    return read_words() | {f"{kind}.{key}": pair(name) for kind, names in named.items() for key, name in names.items()}


def list_cures(view: RunView) -> list[dict[str, Any]]:
    """Return every cure once, with the schools it would lift; what lifts most refusals first."""
    lifted: dict[Words, list[Finding]] = {}
    for finding in view.findings:
        if finding.verdict != "pass" and any(finding.cure):
            lifted.setdefault(finding.cure, []).append(finding)
    shown = []
    for cure, findings in sorted(lifted.items(), key=lambda entry: -len(entry[1])):
        subjects = dict.fromkeys(finding.subject for finding in findings)
        schools = [_name_school(view, subject) for subject in subjects if subject in view.mergers]
        shown.append({"text": pair(cure), "count": len(findings), "schools": schools, "whole": len(schools) < len(subjects)})
    return shown


def show_finding(finding: Finding, view: RunView) -> dict[str, Any]:
    """Return a finding as the texts a page prints; settlements by name."""
    measured, limit = _show_figures(finding)
    return {
        "rule": pair(name_rule(finding.rule)),
        "verdict": finding.verdict,
        "text": pair(finding.text),
        "cure": pair(finding.cure),
        "source": _name_source(finding),
        "flag": finding.flag,
        "weak": finding.flag in {"A", "D", "R3"},
        "measured": measured,
        "limit": limit,
        "unit": name_unit(finding.unit),
        "evidence": finding.evidence,
        "settlements": [_name_settlement(key, view) for key in finding.settlements[:MOST_NAMES]],
        "more": max(0, len(finding.settlements) - MOST_NAMES),
    }


def _show_figures(finding: Finding) -> tuple[tuple[str, str], str]:
    """Return figure and limit as they are printed; a record is no figure, and a trip without end is none."""
    if finding.measured is None or finding.unit in {"record", "rule"}:
        return ("", ""), ""
    if math.isinf(finding.measured):
        return pair(MODES["unserved"]), show_number(finding.limit)
    scale = 100 if finding.unit == "share" else 1
    figure, limit = finding.measured * scale, None if finding.limit is None else finding.limit * scale
    shown = show_number(figure)
    if finding.verdict == "fail" and shown == show_number(limit):
        shown = show_number(figure, 2)
    return (shown, shown), show_number(limit)


def show_number(value: float | None, decimals: int = 1) -> str:
    """Return a number for people: thousands apart, no idle decimals, "" for none and "∞" for no limit."""
    if value is None or math.isnan(value):
        return ""
    if math.isinf(value):
        return "∞"
    return f"{value:,.{decimals}f}".rstrip("0").rstrip(".") if decimals else f"{value:,.0f}"


def show_measure(key: str, value: float | None) -> str:
    """Return a figure of the comparison table as it is printed."""
    if value is None:
        return "—"
    return show_number(value / 10_000 if key in SHOWN_IN_10_000 else value, MEASURES[key].decimals) or "—"


def _name_source(finding: Finding) -> tuple[str, str]:
    """Return instrument and article without the flag, which the page shows apart."""
    source = clean_text(finding.source.replace(f" [{finding.flag}]", ""))
    return NO_INSTRUMENT.get(source, source), source


def _name_settlement(key: str, view: RunView) -> tuple[str, str]:
    if key not in view.settlements.index:
        return clean_text(key), clean_text(key)
    row = view.settlements.loc[key]
    name, township = clean_text(row["name"]) or clean_text(key), clean_text(row.get("township"))
    english = clean_text(row.get("name_en")) or name
    return (f"{name}（{township}）", f"{english} ({township})") if township else (name, english)


def _columns(views: Sequence[RunView]) -> list[dict[str, float]]:
    return [views[0].measures.get("today", {}), *(view.measures.get("plan", {}) for view in views)]


def _name_school(view: RunView, school_id: str) -> dict[str, str]:
    site = view.schools.loc[school_id]
    return {"name": clean_text(site["name"]) or clean_text(school_id), "name_en": clean_text(site.get("name_en"))}


def _describe_merger(view: RunView, school_id: str) -> dict[str, Any]:
    site = view.schools.loc[school_id]
    findings = sort_findings([finding for finding in view.findings if finding.subject == school_id])
    return {
        "id": school_id,
        **_name_school(view, school_id),
        "township": clean_text(site.get("township")),
        "before": site["form_today"],
        "after": site["form_plan"],
        "pupils": (int(site["pupils_today"]), int(site["pupils_plan"])),
        "verdict": findings[0].verdict if findings else "unknown",
        "findings": [show_finding(finding, view) for finding in findings],
    }


def _finalize(value: object) -> object:
    return clean_text(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("layout_planner.output", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
