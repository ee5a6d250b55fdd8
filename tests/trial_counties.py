"""Small counties and random combinations of all that a scenario may ask, each from one seed, as files."""

from __future__ import annotations

import csv
import json
import math
import random
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pyproj import Transformer

from tests.tiny import CRS, ORIGIN

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Place = tuple[float, float]
    Asked = dict[str, Any]

TOWNSHIPS = ("东乡", "西乡")


@dataclass
class Trial:
    """One county and what is asked of it; `used` names the options drawn."""

    kind: str
    chance: random.Random
    nodes: dict[tuple[int, int], Place] = field(default_factory=dict)
    roads: list[Asked] = field(default_factory=list)
    tables: dict[str, list[Asked]] = field(default_factory=dict)
    flood: list[Place] = field(default_factory=list)
    data: Asked = field(default_factory=dict)
    travel: Asked = field(default_factory=dict)
    plan: Asked = field(default_factory=dict)
    more: Asked = field(default_factory=dict)
    used: list[str] = field(default_factory=list)

    @property
    def schools(self) -> list[str]:
        return [school["school_id"] for school in self.tables["schools"]]


def draw_trial(seed: int, kind: str) -> Trial:
    """Return the county of `seed` with its options; `kind` : run, years, frontier or why."""
    trial = Trial(kind, random.Random(seed))
    _draw_roads(trial)
    _draw_schools(trial)
    _draw_settlements(trial)
    for name, (share, kinds, add) in OPTIONS.items():
        if trial.chance.random() < share and (not kinds or kind in kinds):
            add(trial)
            trial.used.append(name)
    if kind == "years":
        _ask_years(trial)
    return trial


def lonlat(place: Place) -> Place:
    lon, lat = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True).transform(ORIGIN[0] + place[0], ORIGIN[1] + place[1])
    return round(lon, 7), round(lat, 7)


def _draw_roads(trial: Trial) -> None:
    """Draw crossings on a bent grid, a tree of roads between them, and some more."""
    chance = trial.chance
    wide, high, step = *chance.choice([(3, 2), (3, 3), (4, 2)]), chance.choice([900, 1500, 2200, 3000])
    shift = lambda: chance.uniform(-0.2, 0.2) * step  # noqa: E731
    trial.nodes = {(a, b): (a * step + shift(), b * step + shift()) for a in range(wide) for b in range(high)}
    links = [((a, b), (a + 1, b)) for a in range(wide - 1) for b in range(high)]
    links += [((a, b), (a, b + 1)) for a in range(wide) for b in range(high - 1)]
    chance.shuffle(links)
    group = {node: node for node in trial.nodes}
    for begin, end in links:
        apart = group[begin] != group[end]
        if apart:
            joined = group[end]
            group = {node: group[begin] if of == joined else of for node, of in group.items()}
        if apart or chance.random() < 0.45:
            trial.roads.append(_draw_road(trial, begin, end))


def _draw_road(trial: Trial, begin: tuple[int, int], end: tuple[int, int]) -> Asked:
    chance, (p, q) = trial.chance, (trial.nodes[begin], trial.nodes[end])
    bend = 0.1 * math.dist(p, q)
    middle = ((p[0] + q[0]) / 2 + chance.uniform(-bend, bend), (p[1] + q[1]) / 2 + chance.uniform(-bend, bend))
    return {
        "osm_id": f"w{len(trial.roads)}",
        "highway": chance.choice(["tertiary", "tertiary", "unclassified", "unclassified", "residential", "track", "path"]),
        "surface": chance.choice(["", "", "gravel", "asphalt"]),
        "closed_from": chance.choice(["", "", "", "flood"]),
        "ends": (begin, end),
        "points": [p, middle, q],
    }


def _along(trial: Trial) -> Place:
    """Return a place on a road or up to 700 m beside it."""
    chance, points = trial.chance, trial.chance.choice(trial.roads)["points"]
    p, q, t = points[0], points[1], chance.random()
    off = chance.choice([0, 0, 60, 250, 700])
    return p[0] + t * (q[0] - p[0]) + off, p[1] + t * (q[1] - p[1]) - off


def _draw_school(trial: Trial, school_id: str, form: str, node: tuple[int, int]) -> Asked:
    chance, (lon, lat) = trial.chance, lonlat(trial.nodes[node])
    return {
        "school_id": school_id, "name": f"学校{school_id}", "lon": lon, "lat": lat, "township": chance.choice(TOWNSHIPS), "form": form,
        "seats": chance.choice([None, None, 60, 120, 300]), "beds": chance.choice([0, 0, 10, 30]), "canteen": chance.choice("是是否"),
        "buses": chance.choice([0, 0, 1, 2]), "classrooms": chance.choice([None, 6, 9, 12]), "protected": "否", "candidate": "否",
    }  # fmt: skip


def _draw_schools(trial: Trial) -> None:
    count = trial.chance.choice([2, 3, 3, 4])
    nodes = trial.chance.sample(list(trial.nodes), count)
    forms = ["nine_year"] + [trial.chance.choice(["primary", "primary", "teaching_point", "nine_year", "junior"]) for _ in nodes[1:]]
    made = [_draw_school(trial, f"P{k}", form, node) for k, (form, node) in enumerate(zip(forms, nodes, strict=True))]
    trial.tables["schools"] = made


def _draw_settlements(trial: Trial) -> None:
    rows, chance = [], trial.chance
    for k in range(chance.choice([3, 4, 5, 6])):
        (lon, lat), few = lonlat(_along(trial)), chance.choice([1, 2, 4, 9])
        pupils = {f"pupils_g{grade}": chance.choice([0, few, few, few + 1]) for grade in range(1, 10)}
        ages = {f"age_{age}": max(0, few - age % 3 - chance.choice([0, 1])) for age in range(6)}
        whole = {"settlement_id": f"S{k}", "name": f"村{k}", "lon": lon, "lat": lat, "township": chance.choice(TOWNSHIPS)}
        rows.append({**whole, **pupils, **ages, "left_behind": min(few, sum(pupils.values()))})
    trial.tables["settlements"] = rows


def _add_lines(trial: Trial) -> None:
    """Draw one or two public lines along the roads; most tell their seats."""
    chance, rows = trial.chance, []
    for number in range(chance.choice([1, 2])):
        way = [chance.choice(list(trial.nodes))]
        for _ in range(4):
            beside = {node for road in trial.roads if way[-1] in road["ends"] for node in road["ends"]} - set(way)
            way += [chance.choice(sorted(beside))] if beside else []
        legs = [max(2.0, round(math.dist(trial.nodes[p], trial.nodes[q]) / 400)) for p, q in pairwise(way)]
        told: Asked = {"departures": "07:00 07:25 16:40 17:10", "first_departure": None, "last_departure": None, "headway": None}
        if chance.random() < 0.5:
            told = {"departures": None, "first_departure": "06:30", "last_departure": "18:00", "headway": chance.choice([15, 30, 60])}
        said = {**told, "seats": chance.choice([None, 4, 10, 25])}
        for k, node in enumerate(way):
            place = dict(zip(("lon", "lat"), lonlat(trial.nodes[node]), strict=True))
            stop = {"line": f"{number + 1}路", "order": k + 1, "stop": f"站{node[0]}{node[1]}", **place, "minutes": sum(legs[:k])}
            rows.append({**stop, **(said if k == 0 else dict.fromkeys(said))})
    trial.tables["lines"] = rows


def _add_fleet(trial: Trial) -> None:
    small = {"kind_id": "K19", "seats": 19, "number": trial.chance.choice([1, 3, None]), "overnight": trial.chance.choice(["school", None])}
    trial.tables["fleet"] = [small, {"kind_id": "K38", "seats": 38, "number": None, "overnight": None}]


def _add_flood(trial: Trial) -> None:
    x, y = trial.chance.choice(trial.roads)["points"][1]
    trial.flood = [(x + dx, y + dy) for dx, dy in ((-80, -80), (80, -80), (80, 80), (-80, 80), (-80, -80))]
    trial.travel["bad_days"] = ["flood.geojson"]


def _add_candidate(trial: Trial) -> None:
    free = [node for node in trial.nodes if list(lonlat(trial.nodes[node])) not in [[s["lon"], s["lat"]] for s in trial.tables["schools"]]]
    made = _draw_school(trial, "N1", trial.chance.choice(["primary", "nine_year"]), trial.chance.choice(free))
    trial.tables["schools"].append({**made, "beds": 0, "buses": 0, "candidate": "是"})


def _add_closings(trial: Trial) -> None:
    trial.plan["close"] = trial.chance.sample(trial.schools[1:], 1)
    trial.plan["close_on"] = "2027-08-31"


def _add_keep(trial: Trial) -> None:
    trial.plan["keep"] = trial.chance.sample([school for school in trial.schools if school not in trial.plan.get("close", ())], 1)


def _protect(trial: Trial) -> None:
    trial.tables["schools"][0]["protected"] = "是"


def _add_fixes(trial: Trial) -> None:
    """Offer a road to mend, a road to build, or both."""
    chance, fixes = trial.chance, []
    bad = [road["osm_id"] for road in trial.roads if road["highway"] in {"track", "path"}]
    if bad:
        fixes.append({"id": "mend", "ways": bad[:2], "stays_open": chance.random() < 0.5})
    if not bad or chance.random() < 0.6:
        begin, end = (trial.nodes[node] for node in chance.sample(list(trial.nodes), 2))
        fixes.append({"id": "link", "line": [lonlat((begin[0] + 30, begin[1])), lonlat(end)]})
    said = {"name": {"zh": "路", "en": "road"}, "road_class": "unclassified", "opens_to_buses": True}
    trial.plan["road_fixes"] = [{**said, **fix, "cost_yuan": chance.choice([100_000.0, 3_000_000.0])} for fix in fixes]


def _add_weights(trial: Trial) -> None:
    at_risk, minutes = trial.chance.choice([1000, 100_000]), trial.chance.choice([0.0, 10.0])
    trial.plan |= {"objective": "weighted", "weights": {"at_risk": at_risk, "pupil_minutes": minutes, "split_siblings": minutes}}


def _add_siblings(trial: Trial) -> None:
    if "weights" not in trial.plan:
        trial.plan["siblings_yuan"] = trial.chance.choice([300, 5000])


def _add_rounds(trial: Trial) -> None:
    if "road_fixes" not in trial.plan:
        trial.plan["bus_rounds"] = 1


def _add_holding(trial: Trial) -> None:
    if "weights" not in trial.plan:
        trial.plan["price_of_holding"] = True


def _ask_years(trial: Trial) -> None:
    chance, first = trial.chance, trial.chance.choice([2026, 2027])
    years: Asked = {"first": first, "last": first + chance.choice([1, 2])}
    if chance.random() < 0.5:
        years["capital_yuan"] = chance.choice([1, 500_000, 2_000_000])
    if trial.plan.get("close") and chance.random() < 0.5:
        years["close_from"] = {trial.plan["close"][0]: years["last"]}
    trial.plan["years"] = years


def _some(key: str, *values: object) -> Callable[[Trial], None]:
    return lambda trial: trial.plan.update({key: trial.chance.choice(values)})


def _always(part: str, **said: object) -> Callable[[Trial], None]:
    return lambda trial: getattr(trial, part).update(said)


BANDS = {"g1": (1,), "rest": (2, 3, 4, 5, 6), "junior": (7, 8, 9)}
ONE = ("run", "why")  # kinds that plan one year, with any goal
OPTIONS: dict[str, tuple[float, tuple[str, ...], Callable[[Trial], None]]] = {
    "lines": (0.5, (), _add_lines),
    "fleet": (0.3, (), _add_fleet),
    "flood": (0.4, (), _add_flood),
    "hazards": (0.3, (), _always("travel", bad_day_hazards=["flood"])),
    "adults": (0.2, (), _always("travel", walk={"child_speed": False})),
    "candidate": (0.3, (), _add_candidate),
    "protected": (0.2, (), _protect),
    "may_close": (0.7, (), _always("plan", may_close="all")),
    "close": (0.3, (), _add_closings),
    "keep": (0.25, (), _add_keep),
    "move": (0.5, (), _always("plan", move="all")),
    "new_beds": (0.5, (), _some("max_new_beds", 10, 60)),
    "new_buses": (0.7, (), _some("max_buses", 1, 3, 8)),
    "min_enrolment": (0.35, (), _some("min_enrolment", 5, 15, 40, 100)),
    "min_schools": (0.15, (), _some("min_schools", 1, 2)),
    "max_moved": (0.25, (), _some("max_moved", 0, 5, 20, 60)),
    "whole": (0.35, (), _always("plan", keep_settlements_whole=True)),
    "judge": (0.3, (), _some("judge", "expected", "slow", "bad_days")),
    "budget": (0.25, (), _some("budget_yuan", 3e6, 6e6, 1e7)),
    "bands": (0.15, (), _always("more", bands=BANDS)),
    "mixed": (0.2, (), _always("more", buses={"mixed_loads": True})),
    "norms": (0.15, (), _always("more", norms="in-rte")),
    "capital": (0.3, ("run", "why", "frontier"), _some("capital_yuan", 0, 300_000, 2_000_000)),
    "teachers": (0.25, ("run", "why", "frontier"), _always("plan", whole_teachers=True)),
    "fixes": (0.4, ("run", "why", "frontier"), _add_fixes),
    "times": (0.25, ("run", "why", "frontier"), _some("objective", "min_max", "p90")),
    "weights": (0.15, ONE, _add_weights),
    "siblings": (0.3, ONE, _add_siblings),
    "connected": (0.25, ONE, _always("plan", connected_catchments=True)),
    "bus_rounds": (0.2, ONE, _add_rounds),
    "holding": (0.15, ("run",), _add_holding),
}


def write_trial(trial: Trial, folder: Path, *, turned: bool = False) -> Path:
    """Write the county and return its scenario file; `turned` : the rows of all tables and the roads from last to first."""
    folder.mkdir(parents=True)
    for name, rows in trial.tables.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            table = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
            table.writeheader()
            table.writerows(reversed(rows) if turned else rows)
    lines = [("LineString", road["points"], {key: road[key] for key in list(road)[:4]}) for road in trial.roads]
    _write_shapes(folder / "roads.geojson", lines[::-1] if turned else lines)
    if trial.flood:
        _write_shapes(folder / "flood.geojson", [("Polygon", trial.flood, {})])
    data = {"year": 2026, "roads": {"path": "roads.geojson"}, **{name: {"path": f"{name}.csv"} for name in trial.tables}}
    year = trial.plan["years"]["first"] if trial.kind == "years" else 2026
    whole = {"schema": 1, "name": "trial", "title": {"zh": "试", "en": "trial"}, "year": year, **trial.more, "data": data}
    whole |= {"travel": trial.travel, "plan": trial.plan, "solver": {"gap": 0.0005, "time_limit_s": 60}}
    text = "".join(f"{key} = {_toml(value)}\n" for key, value in whole.items())
    (folder / "scenario.toml").write_text(text, encoding="utf-8")
    return folder / "scenario.toml"


def _write_shapes(path: Path, shapes: list[tuple[str, list[Place], Asked]]) -> None:
    features = []
    for kind, points, said in shapes:
        ring = [lonlat(point) for point in points]
        geometry = {"type": kind, "coordinates": [ring] if kind == "Polygon" else ring}
        features.append({"type": "Feature", "properties": said, "geometry": geometry})
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(str(key))} = {_toml(part)}" for key, part in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
