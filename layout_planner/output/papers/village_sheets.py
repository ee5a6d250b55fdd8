"""Sheets for villages: one A4 page a settlement that says what the plan means for its children, and how to answer. No counts at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from layout_planner.names import name_band, name_rule
from layout_planner.output.bus_plans import tell_clock
from layout_planner.output.consult_data import read_consult_words
from layout_planner.output.map_data import pair
from layout_planner.output.papers.dossiers import about
from layout_planner.output.papers.site_map import BLUE, GREY, INK, NAVY, ORANGE, Base, Spot, Way, as_image, draw_map, frame_around
from layout_planner.output.papers.village_codes import SheetCode, draw_code
from layout_planner.output.safe import clean_text
from layout_planner.results import TO_SCHOOL
from layout_planner.risk import CAUSES
from layout_planner.words import Words

if TYPE_CHECKING:
    import pandas as pd

    from layout_planner.output.papers.stored import Papers
    from layout_planner.words import Lang

WHENS = ("today", "plan")
SIGNS = {"pass": "✓", "fail": "✗", "unknown": "?"}
STATES = {
    "pass": Words("已做到", "stands"),
    "fail": Words("没有做到", "does not stand"),
    "unknown": Words("没有证据", "no evidence"),
}
MOST_RULES = 14
LONGEST = 36  # letters of a name on a sheet
LINE = 42  # letters of a line in a cell, half as many in Chinese
SIZES = (("long dense", 26), ("long", 16))  # class of a sheet with more lines in its table
MERGER_LINES = 5  # that one more merger takes
MOST_WAYS = 5  # of a band in one cell
LETTER = 27.0  # size of the labels of a map that is printed at half width
NEARLY_S = 150.0  # two trips that differ by less take as long in the reader's eyes


def list_townships(papers: Papers) -> dict[str, list[str]]:
    """Return the ids of all settlements with pupils by township, both in order."""
    trips = papers.view.trips
    with_pupils = set(trips.loc[trips["pupils"] > 0, "settlement_id"].astype(str))
    townships: dict[str, list[str]] = {}
    for key, township in papers.view.settlements["township"].items():
        if str(key) in with_pupils:
            townships.setdefault(clean_text(township), []).append(str(key))
    return {township: sorted(townships[township]) for township in sorted(townships)}


class SheetMaker:
    """Makes the pages of all settlements of a run in one language."""

    def __init__(self, papers: Papers, base: Base, lang: Lang) -> None:
        self.papers, self.base, self.lang = papers, base, lang
        self.words = {key: Words(*both) for key, both in read_consult_words().items()}
        trips = papers.view.trips
        self.trips = {str(key): rows for key, rows in trips[trips["pupils"] > 0].groupby("settlement_id")}
        self.halts = _halts(papers)
        self.listed = frozenset(str(school) for school in papers.scenario["plan"]["close"])

    def sheet(self, settlement_id: str) -> dict[str, Any]:
        """Return what the page of one settlement prints."""
        trips, papers = self.trips[settlement_id], self.papers
        bands = [self._band(band, trips[trips["band"] == band]) for band in papers.view.bands if (trips["band"] == band).any()]
        place = papers.view.settlements.loc[settlement_id]
        left = sorted(set(self._left(trips)))
        return {
            "id": clean_text(settlement_id),
            "name": pair(_clip(papers.home_names[settlement_id])),
            "township": clean_text(place["township"])[:LONGEST],
            "bands": bands,
            "size": self._size(bands, len(left)),
            "changes": any(band["changes"] for band in bands),
            "guess": f"{float(place['access_m']) / 1000:.1f}" if bool(place["over_terrain"]) else "",
            "first": [self._first(school) for school in left],
            "posts": self._posts(str(place["township"])),
            "map": as_image(self._map(settlement_id, trips)),
            "code": as_image(draw_code(SheetCode(settlement_id, papers.digest, papers.view.name))),
        }

    def _say(self, key: str, **parts: Words | str) -> Words:
        """Return a sentence of the consultation page, so that paper and screen say the same."""
        zh, en = ({name: getattr(part, code) if isinstance(part, Words) else part for name, part in parts.items()} for code in ("zh", "en"))
        return Words(self.words[key].zh.format(**zh), self.words[key].en.format(**en))

    def _band(self, band: str, trips: pd.DataFrame) -> dict[str, Any]:
        sides = {when: trips[trips["when"] == when].sort_values(["school_id", "mode"]) for when in WHENS}
        shown = {when: [self._way(when, band, trip) for trip in sides[when].head(MOST_WAYS).itertuples()] for when in WHENS}
        for when in WHENS:
            more = len(sides[when]) - MOST_WAYS
            shown[when] += [[Words(f"另有{more}个去处", f"and {more} more places")]] if more > 0 else []
        ways = [{(str(t.school_id), str(t.mode)) for t in sides[when].itertuples()} for when in WHENS]
        changes = ways[0] != ways[1]
        name = name_band(band, self.papers.view.bands[band])
        return {
            "name": pair(name),
            **{when: [[pair(part) for part in way] for way in shown[when]] for when in WHENS},
            "changes": changes,
            "said": pair(self._tell_change(sides, changes=changes)),
        }

    def _way(self, when: str, band: str, trip: Any) -> list[Words]:  # noqa: ANN401 - a row of trips
        """Return school, minutes, stop and bed of one way, and what is over a limit."""
        school, mode = str(trip.school_id), str(trip.mode)
        if not school:
            return [self._say("c.none_now" if when == "today" else "c.none_plan")]
        said = [_clip(self.papers.school_names[school])]
        if mode == "home":
            return [*said, self._say("c.by.home")]
        low, middle, high = (f"{float(seconds) / 60:.0f}" for seconds in (trip.optimistic_s, trip.seconds, trip.pessimistic_s))
        by, span = self._say(f"c.by.{mode}", n=middle), self._say("c.span", a=low, b=high)
        said.append(Words(f"{by.zh}（{span.zh}）", f"{by.en} ({span.en})"))
        if mode == "school_bus":
            said += self._halt(when, band, str(trip.settlement_id), school)
        if mode == "board" and when == "plan":
            built = self.papers.view.schools.at[school, "beds_plan"] > self.papers.view.schools.at[school, "beds_today"]
            said.append(self._say("c.bed_new" if built else "c.bed"))
        if trip.cause:
            said.append(self._say("c.over", cause=CAUSES.get(str(trip.cause), Words(str(trip.cause), str(trip.cause)))))
        return said

    def _halt(self, when: str, band: str, home: str, school: str) -> list[Words]:
        halts = self.halts.get((when, home, band, school), [])
        if not halts:
            return [self._say("c.no_stop")] if when == "plan" else []
        return [
            self._say("c.stop", stop=stop, time=clock, walk=walk) if walk else self._say("c.stop_no_walk", stop=stop, time=clock)
            for stop, clock, walk in halts
        ]

    def _tell_change(self, sides: dict[str, pd.DataFrame], *, changes: bool) -> Words:
        """Return in a few words what changes: the school, the means, the minutes."""
        now, later = sides["today"], sides["plan"]
        told = []
        if set(now["school_id"]) != set(later["school_id"]):
            told.append(self._say("c.changes"))
        if ("board" in set(later["mode"])) != ("board" in set(now["mode"])):
            told.append(self._say("c.to_board" if "board" in set(later["mode"]) else "c.from_board"))
        before, after = _longest_alike(now, later)
        if np.isfinite(before) and np.isfinite(after):
            more = after - before
            size = f"{abs(more) / 60:.0f}"
            key = "c.as_long" if abs(more) < NEARLY_S else "c.longer" if more > 0 else "c.shorter"
            if changes or key != "c.as_long":
                told.append(self._say(key, n=size))
        if not told:
            return self._say("c.same")
        return Words("，".join(word.zh for word in told) + "。", ", ".join(word.en for word in told) + ".")

    def _left(self, trips: pd.DataFrame) -> list[str]:
        """Return the schools that merge and that this settlement attends today."""
        attended = set(trips.loc[trips["when"] == "today", "school_id"].astype(str))
        return [school for school in self.papers.view.mergers if school in attended]

    def _first(self, school: str) -> dict[str, Any]:
        """Return what must stand before a school merges: rules and states, never their sentences, which hold counts."""
        order = {"fail": 0, "unknown": 1, "pass": 2}
        found: dict[str, str] = {}
        for finding in self.papers.view.findings:
            if finding.subject == school and order[finding.verdict] < order.get(found.get(finding.rule, ""), 3):
                found[finding.rule] = finding.verdict
        rules = sorted(found.items(), key=lambda entry: (order[entry[1]], entry[0]))
        name = _clip(self.papers.school_names[school])
        why = self._say("c.reason_listed" if school in self.listed else "c.reason_found", school=name)
        return {
            "lead": pair(self._say("c.first_rule", school=name)),
            "why": pair(why),
            "rules": [(state, SIGNS[state], pair(name_rule(rule)), pair(STATES[state])) for rule, state in rules[:MOST_RULES]],
            "more": max(0, len(rules) - MOST_RULES),
        }

    def _size(self, bands: list[dict[str, Any]], mergers: int) -> str:
        """Return the class that makes letters small enough for one page."""
        lines = sum(max(self._lines(band[when]) for when in WHENS) for band in bands) + MERGER_LINES * max(0, mergers - 1)
        return next((name for name, least in SIZES if lines > least), "")

    def _lines(self, ways: list[list[tuple[str, str]]]) -> int:
        """Return about how many lines the ways of one band take in a cell."""
        side, width = (0, LINE // 2) if self.lang == "zh" else (1, LINE)
        return sum(1 + len(part[side]) // width for way in ways for part in way)

    def _posts(self, township: str) -> list[tuple[str, str]]:
        """Return the posts to ask: of the township and the village, not of one school only."""
        posts = self.papers.posts
        fits = posts[posts["level"].isin(["township", "village"]) & (posts["school_id"] == "") & posts["township"].isin(["", township])]
        return [pair(Words(str(row["post"]), str(row["post_en"]) or str(row["post"]))) for row in fits.to_dict("records")]

    def _map(self, settlement_id: str, trips: pd.DataFrame) -> str:
        """Return the map: this village, its school now and the one proposed; straight lines, since this is a sketch."""
        lon, lat, name = self.base.homes[settlement_id]
        schools = {when: sorted({str(key) for key in trips.loc[trips["when"] == when, "school_id"]} - {""}) for when in WHENS}
        ways = [Way((lon, lat, *self.base.schools[key][:2]), GREY, 6.0, dashed=True) for key in schools["today"]]
        ways += [Way((lon, lat, *self.base.schools[key][:2]), BLUE, 5.0) for key in schools["plan"]]
        spots = [Spot(lon, lat, name, "house", NAVY, 22.0)]
        for key in sorted({*schools["today"], *schools["plan"]}):
            at = self.base.schools[key]
            closes = at[3] != "closed" and at[4] == "closed"
            spots.append(Spot(at[0], at[1], at[2], "cross" if closes else "square", ORANGE if closes else INK, 15.0))
        points = [(lon, lat), *((spot.lon, spot.lat) for spot in spots)]
        homes = (at for key, at in self.base.homes.items() if key != settlement_id)
        others = [Spot(x, y, named, "circle", "#b4bcc2", 4.0, label=False) for x, y, named in homes]
        return draw_map(self.base, frame_around(points, LETTER), [*spots, *others], ways, self.lang)


def _longest_alike(now: pd.DataFrame, later: pd.DataFrame) -> tuple[float, float]:
    """Return the longest trips that may be compared: daily with daily, else weekly with weekly; np.inf where there are none alike."""
    for weekly in (False, True):
        sides = [side.loc[(side["mode"] == "board") == weekly, "seconds"] for side in (now, later)]
        if all(len(side) for side in sides):
            return float(sides[0].max()), float(sides[1].max())
    return np.inf, np.inf


def _clip(name: Words) -> Words:
    """Return a name of a length that a sheet holds; the id on it says which place is meant."""
    return Words(*(said if len(said) <= LONGEST else said[: LONGEST - 1] + "…" for said in name))


def _halts(papers: Papers) -> dict[tuple[str, str, str, str], list[tuple[str, str, str]]]:
    """Return stop, clock and minutes of walk by (when, settlement, band, school), mornings only; empty where a run holds no bus plan."""
    view = papers.view
    riders, stops = view.bus_riders, view.bus_stops
    if riders is None or stops is None:
        return {}
    times: dict[tuple[str, str, str], Any] = {
        (str(row.when), str(row.route_id), str(row.stop_id)): row for row in stops.itertuples(index=False)
    }
    halts: dict[tuple[str, str, str, str], list[tuple[str, str, str]]] = {}
    rider: Any
    for rider in riders.itertuples(index=False):
        stop = times.get((str(rider.when), str(rider.route_id), str(rider.stop_id)))
        if stop is None or str(rider.direction) != TO_SCHOOL:
            continue
        walk = f"{float(rider.walk_minutes):.0f}" if np.isfinite(float(rider.walk_minutes)) else ""
        key = (str(rider.when), str(rider.settlement_id), str(rider.band), str(rider.site_id))
        told = (clean_text(stop.name) or clean_text(stop.stop_id), tell_clock(float(stop.time_s)), walk)
        if told not in halts.setdefault(key, []):
            halts[key].append(told)
    return halts


def township_page(maker: SheetMaker, township: str, settlements: list[str]) -> dict[str, Any]:
    """Return the pages of the settlements of one township."""
    words, public = maker.words, maker.papers.public
    office = public.get("objections_to")
    return {
        **about(maker.papers),
        "heading": (township, township),
        "sheets": [maker.sheet(key) for key in settlements],
        "words": {key: pair(said) for key, said in words.items()},
        "office": pair(Words(**office)) if office else ("", ""),
        "until": clean_text(public.get("objections_until")),
    }
