"""The blob of the consultation page: what a village may know of the plan and of its own way to school. Built from a public view only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from layout_planner.errors import InputError, Problem
from layout_planner.output.bus_layers import encode_stops
from layout_planner.output.map_data import pair
from layout_planner.output.offline import read_asset
from layout_planner.output.public import encode_public_map
from layout_planner.output.safe import clean_text
from layout_planner.safeguards.certificate import CERTIFICATE
from layout_planner.words import Words

if TYPE_CHECKING:
    from pathlib import Path

    from layout_planner.output.view import RunView
    from layout_planner.words import Lang


@dataclass(frozen=True)
class Notice:
    """What the page says beside the plan.

    plan_hash  digest of the run's certificate: it names the plan that a comment is about
    listed     schools that the scenario closes by name
    office     where comments are handed in, "" for a blank line
    until      ISO date of the last day, "" for a blank line
    least      smallest count that is shown
    """

    plan_hash: str
    listed: frozenset[str]
    office: str
    until: str
    least: int


def read_notice(folder: Path, *, office: str, until: str, least: int) -> Notice:
    """Return the notice of the run in `folder`; office and day are those of the scenario's [public] where none are given.

    Raises
    ------
    InputError : the folder holds no certificate or no scenario.
    """
    try:
        certificate = json.loads((folder / CERTIFICATE).read_text(encoding="utf-8"))
        stored = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        listed = frozenset(str(school) for school in stored["scenario"]["plan"]["close"])
        public = stored["scenario"].get("public") or {}
        named = public.get("objections_to") or {}
        office = office or " / ".join(dict.fromkeys(str(named[lang]) for lang in ("zh", "en") if named.get(lang)))
        until = until or str(public.get("objections_until") or "")
        return Notice(str(certificate["digest"]), listed, clean_text(office), until, least)
    except (OSError, ValueError, KeyError, TypeError):
        what = Words("运行结果缺少证书或情景", "the run lacks its certificate or its scenario")
        raise InputError([Problem(str(folder), what, Words("用本版本重新运行", "run it again with this version"))]) from None


def read_consult_words() -> dict[str, tuple[str, str]]:
    """Return the sentences of the page, (Chinese, English) by key."""
    return {key: (zh, en) for key, (zh, en) in json.loads(read_asset("consult.json")).items()}


def encode_consultation(view: RunView, notice: Notice, lang: Lang) -> dict[str, Any]:
    """Return the blob of the page.

    view : of `public.public_view`
    """
    data = encode_public_map(view, lang)
    words = read_consult_words()
    mergers = {int(merger["school"]): merger for merger in data["mergers"]}
    villages, schools = ({key: at for at, key in enumerate(data[kind]["id"])} for kind in ("villages", "schools"))
    return data | {
        "kind": "consult",
        "words": data["words"] | words | {"find_hint": words["c.find_hint"], "find": words["c.find"]},
        "scenario": clean_text(view.name),
        "plan_hash": notice.plan_hash,
        "office": notice.office,
        "until": notice.until,
        "least": notice.least,
        "listed": sorted(data["schools"]["id"].index(school) for school in notice.listed if school in data["schools"]["id"]),
        "first": {str(school): [reason[:3] for reason in merger["reasons"]] for school, merger in sorted(mergers.items())},
        "lost": _lost_bands(view, data["schools"]["id"]),
        "stops": {when: encode_stops(view, when, villages, schools) for when in ("today", "plan")},
        "norms": pair(view.norms_title),
    }


def _lost_bands(view: RunView, school_ids: list[str]) -> dict[str, list[int]]:
    """Return the bands that every site would stop teaching, as positions, by position of the site."""
    bands, lost = list(view.bands), {}
    table = view.schools.set_axis([clean_text(key) for key in view.schools.index])
    for at, key in enumerate(school_ids):
        before, after = (set(str(table.at[key, f"bands_{when}"] or "").split(",")) - {""} for when in ("today", "plan"))
        gone = [number for number, band in enumerate(bands) if band in before - after]
        if gone:
            lost[str(at)] = gone
    return lost
