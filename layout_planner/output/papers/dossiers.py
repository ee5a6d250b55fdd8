"""Dossiers of the schools of a run (一校一图一本一策): pages, one PDF a school, a text form and data that two versions are compared by."""

from __future__ import annotations

import json
import re
import zlib
from typing import TYPE_CHECKING, Any

from pypinyin import lazy_pinyin

from layout_planner.output.map_data import pair, roads_are_osm
from layout_planner.output.papers.facts import STATE_SIGNS, Dossier, as_data, as_text
from layout_planner.output.papers.policy import (
    DECISIONS,
    decide,
    describe_decision,
    describe_money,
    describe_objections,
    describe_otherwise,
    describe_posts,
    describe_safeguards,
)
from layout_planner.output.papers.school_register import (
    describe_buses,
    describe_catchment,
    describe_conditions,
    describe_history,
    describe_register,
    is_shown,
)
from layout_planner.output.papers.site_map import Base, as_image, lay_base, school_map
from layout_planner.output.safe import clean_text
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from layout_planner.output.papers.stored import Papers
    from layout_planner.words import Lang

DATA = "dossiers.json"
FIRST_PAGE = ("decision", "otherwise", "money")
SECOND_PAGE = ("register", "conditions", "history", "catchment", "buses")
THIRD_PAGE = ("safeguards", "objections", "posts")
MOST_ROWS = 40  # of the catchment on paper; the text form holds all
SHOWN_DIGEST = 16
LEGEND = (
    ("house", "#10344f", Words("本校", "this school")),
    ("square", "#1f2933", Words("其他学校", "other schools")),
    ("cross", "#D55E00", Words("撤并的学校", "schools that close")),
    ("circle", "#0072B2", Words("留在本校的居民点", "settlements that stay")),
    ("circle", "#00815c", Words("新来的居民点", "settlements that join")),
    ("circle", "#D55E00", Words("转出的居民点", "settlements that leave")),
    ("dash", "#8a949c", Words("现在上学（直线示意）", "goes here today (straight line)")),
    ("line", "#0072B2", Words("方案中上学", "goes here under the plan")),
    ("line", "#D55E00", Words("转往别校", "goes elsewhere")),
)


def list_schools(papers: Papers) -> list[str]:
    """Return the ids of the sites that have a dossier, by township and id."""
    schools = papers.view.schools
    shown = [str(key) for key in schools.index if is_shown(papers, str(key))]
    return sorted(shown, key=lambda key: (str(schools.at[key, "township"]), key))


def describe_school(papers: Papers, school_id: str) -> Dossier:
    """Return the dossier of one school."""
    found = {finding.verdict for finding in papers.view.findings if finding.subject == school_id}
    verdict = "" if not found else "fail" if "fail" in found else "pass" if found == {"pass"} else "unknown"
    parts = [
        describe(papers, school_id)
        for describe in (
            describe_decision, describe_register, describe_conditions, describe_history, describe_catchment, describe_buses,
            describe_otherwise, describe_safeguards, describe_objections, describe_money, describe_posts,
        )
        if describe is not describe_objections or "objections" in papers.later
    ]  # fmt: skip
    township = clean_text(papers.view.schools.at[school_id, "township"])
    return Dossier(school_id, papers.school_names[school_id], township, decide(papers, school_id), verdict, tuple(parts))


def file_stem(school_id: str) -> str:
    """Return a file name for an id: the id itself where every system accepts it, else a plain form with a checksum."""
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", school_id)[:60]
    return plain if plain == school_id else f"{plain}-{zlib.crc32(school_id.encode()):08x}"


def plain_name(name: str) -> str:
    """Return a Chinese name in pinyin, as a part of a file name; "" where nothing plain is left."""
    return re.sub(r"[^a-z0-9]", "", "".join(lazy_pinyin(name)).lower())[:40]


def version_of(papers: Papers) -> str:
    """Return the short form of the plan hash that every paper carries."""
    return papers.digest[:SHOWN_DIGEST]


def page_of(papers: Papers, base: Base, dossier: Dossier, *, only: Lang | None = None) -> dict[str, Any]:
    """Return what the template prints; with `only`, the map in one language."""
    langs: tuple[Lang, ...] = (only,) if only else ("zh", "en")
    maps: dict[str, str] = {lang: school_map(papers, base, dossier.school_id, lang) for lang in langs}
    if only:  # as a picture, whose parts no style sheet has to be held against
        maps = {lang: as_image(svg) for lang, svg in maps.items()}
    parts = {part.key: _show_part(part) for part in dossier.parts if part.lines}
    return {
        **about(papers),
        "heading": pair(dossier.name),
        "kind": ("一校一图一本一策", "School dossier: map, register, policy"),
        "id": clean_text(dossier.school_id),
        "township": dossier.township,
        "decision": dossier.decision,
        "decided": pair(DECISIONS[dossier.decision]),
        "verdict": dossier.verdict,
        "maps": maps,
        "legend": [(shape, color, pair(words)) for shape, color, words in LEGEND],
        "sides": [[parts[key] for key in keys if key in parts] for keys in (FIRST_PAGE, SECOND_PAGE, THIRD_PAGE)],
    }


def about(papers: Papers) -> dict[str, Any]:
    """Return what every paper says of its run: title, year, norms, version, sources of the map."""
    view = papers.view
    return {
        "run": pair(view.title),
        "run_name": view.name,
        "year": view.year,
        "norms": pair(view.norms_title),
        "version": version_of(papers),
        "osm": roads_are_osm(view),
        "review_number": clean_text(papers.public.get("review_number")),
        "signs": STATE_SIGNS,
    }


def _show_part(part: Any) -> dict[str, Any]:  # noqa: ANN401 - a Part
    lines, more = part.lines, 0
    if part.key == "catchment" and len(lines) > MOST_ROWS:
        lines, more = lines[:MOST_ROWS], len(lines) - MOST_ROWS
    return {
        "key": part.key,
        "title": pair(part.title),
        "note": pair(part.note),
        "heads": [pair(head) for head in part.heads],
        "figures": sorted(part.figures),
        "lines": [{"cells": [pair(cell) for cell in line.cells], "state": line.state} for line in lines],
        "signed": any(line.state in {"good", "bad", "unknown"} for line in part.lines),
        "more": more,
    }


def index_page(papers: Papers, dossiers: Iterable[Dossier], suffixes: Iterable[str]) -> dict[str, Any]:
    """Return what the page lists that leads to all dossiers."""
    view, kinds = papers.view, tuple(suffixes)
    rows = [
        {
            "id": clean_text(dossier.school_id),
            "name": pair(dossier.name),
            "township": dossier.township,
            "decision": dossier.decision,
            "decided": pair(DECISIONS[dossier.decision]),
            "verdict": dossier.verdict,
            "pupils": [f"{int(view.schools.at[dossier.school_id, f'pupils_{when}']):,}" for when in ("today", "plan")],
            "links": [(kind.upper(), f"{file_stem(dossier.school_id)}.{kind}") for kind in kinds],
        }
        for dossier in dossiers
    ]
    counts = {key: sum(row["decision"] == key for row in rows) for key in DECISIONS}
    return {
        **about(papers),
        "heading": ("学校档案目录", "Dossiers of all schools"),
        "kind": ("一校一图一本一策", "School dossiers: map, register, policy"),
        "rows": rows,
        "counts": [(pair(DECISIONS[key]), number) for key, number in counts.items() if number],
    }


def data_bytes(papers: Papers, dossiers: list[Dossier]) -> bytes:
    """Return `dossiers.json`: all facts of all schools, sorted, one a line."""
    content = {"schema": 1, "run": papers.view.name, "digest": papers.digest, "schools": as_data(dossiers)}
    return (json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def text_bytes(papers: Papers, dossier: Dossier, lang: Lang) -> bytes:
    """Return the text form of one dossier; it ends with the version, so that only real changes stand above it."""
    tail = Words(f"版本 {papers.digest}", f"version {papers.digest}").say(lang)
    return (as_text([dossier], lang) + f"\n{tail}\n").encode()


__all__ = [
    "DATA",
    "data_bytes",
    "describe_school",
    "file_stem",
    "index_page",
    "lay_base",
    "list_schools",
    "page_of",
    "text_bytes",
    "version_of",
]
