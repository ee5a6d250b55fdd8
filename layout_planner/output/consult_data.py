"""The blob of the consultation page: what a village may know of the plan and of its own way to school. Built from a public view only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from layout_planner.errors import InputError, Problem
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

KINDS = ("walk", "ride")
STRAY_M = 12.0  # how far a drawn way may stray from the real one


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
    """Return the notice of the run in `folder`.

    Raises
    ------
    InputError : the folder holds no certificate or no scenario.
    """
    try:
        certificate = json.loads((folder / CERTIFICATE).read_text(encoding="utf-8"))
        stored = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        listed = frozenset(str(school) for school in stored["scenario"]["plan"]["close"])
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
        "ways": encode_ways(view, data),
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


def encode_ways(view: RunView, data: dict[str, Any]) -> dict[str, list[Any]]:
    """Return `lines` (as `encode_lines`), `after` (the strand that follows, -1 at the school), and `begin`.

    `begin` holds four whole numbers a way: village, school, kind (0 on foot, 1 riding), first strand.
    """
    if view.ways is None or len(view.ways) == 0:
        return {"lines": [], "after": [], "begin": []}
    ways = view.ways.reset_index(drop=True)
    crs = ways.estimate_utm_crs()
    near = ways.geometry.to_crs(crs)
    drawn = gpd.GeoSeries(shapely.simplify(near.to_numpy(), STRAY_M), crs=crs).to_crs("EPSG:4326")
    villages = {key: at for at, key in enumerate(data["villages"]["id"])}
    schools = {key: at for at, key in enumerate(data["schools"]["id"])}
    begin: list[int] = []
    rows = zip(ways["school_id"], ways["kind"], ways["settlement_id"], strict=True)
    for row, (school, kind, home) in enumerate(rows):
        if home and home in villages and school in schools:
            begin += [villages[home], schools[school], KINDS.index(kind), row]
    return {"lines": [_steps(line) for line in drawn], "after": ways["after"].astype(int).tolist(), "begin": begin}


def _steps(line: shapely.LineString) -> list[int]:
    """Return one line as [x, y, dx, dy, ...] in 1e-5 degrees, two points at least."""
    steps = np.rint(shapely.get_coordinates(line) * 1e5).astype(int)
    steps[1:] -= steps[:-1].copy()
    kept = np.concatenate([[True], steps[1:].any(axis=1)])
    kept[-1] |= not kept[1:].any()
    return steps[kept].ravel().tolist()
