"""One county of the fictitious province: townships, villages, roads, schools and registers on flat land."""

# ruff: noqa: PLR2004  a county is invented by such numbers; each is used once and says what it is where it stands
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree
from scipy.spatial import Delaunay, cKDTree

from layout_planner.county.tables import GRADES
from layout_planner.demo.names import make_names

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layout_planner.demo.province_land import Cell

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

COUNTY = 13  # own generator of every county
FIRST_CODE = 990_001
YEAR = 2026


@dataclass(frozen=True)
class Size:
    """How much a county holds."""

    townships: int
    villages: int  # administrative villages
    settlements: int
    pupils: int
    side_m: float
    shared: tuple[int, int]  # beds and buses that the province has for each county on average


FULL = Size(18, 190, 1_700, 11_000, 40_000.0, (60, 6))
SMALL = Size(4, 26, 130, 1_600, 16_000.0, (3, 3))


@dataclass(frozen=True)
class CountyTables:
    """Tables of one county; `x` and `y` in metres, roads as lines."""

    code: str
    outline: shapely.Polygon
    settlements: pd.DataFrame
    schools: pd.DataFrame
    registers: pd.DataFrame
    roads: pd.DataFrame


@dataclass(frozen=True)
class _Net:
    """Hubs (county seat, townships, villages, border crossings) and the roads between them."""

    hubs: Floats
    townships: int
    villages: int
    pairs: Ints
    ranks: list[str]


def make_county(seed: int, cell: Cell, size: Size) -> CountyTables:
    """Return the tables of the county on `cell`; they depend on the seed, the cell and the size only."""
    rng = np.random.Generator(np.random.PCG64([seed, COUNTY, cell.number]))
    code = str(FIRST_CODE + cell.number)
    net = _link(rng, cell, _place_hubs(rng, cell.outline, size), size)
    homes, hub = _place_homes(rng, cell.outline, net, size)
    names = make_names(rng, min(len(homes), 900))
    settlements = _people(rng, code, homes, hub, net, names, size)
    schools = _schools(rng, code, net, settlements)
    roads = _draw_roads(rng, net, homes, hub, code)
    return CountyTables(code, cell.outline, settlements, schools, _registers(rng, schools, settlements), roads)


def _place_hubs(rng: np.random.Generator, outline: shapely.Polygon, size: Size) -> Floats:
    """Return the county seat, then townships, then villages, each as far from those before as chance offers."""
    west, south, east, north = outline.bounds
    inner = outline.buffer(-1_500.0)
    tried = rng.uniform((west, south), (east, north), (60 * size.villages, 2))
    tried = tried[shapely.contains_xy(inner, tried[:, 0], tried[:, 1])]
    centre = np.array([outline.centroid.x, outline.centroid.y])
    seat = tried[np.argmin(np.hypot(*(tried - centre).T))]
    hubs = [seat]
    nearest = np.hypot(*(tried - seat).T)
    for number in range(size.townships + size.villages):
        few = rng.permutation(len(tried))[: 40 if number >= size.townships else len(tried) // 4]
        chosen = few[np.argmax(nearest[few])]
        hubs.append(tried[chosen])
        nearest = np.minimum(nearest, np.hypot(*(tried - tried[chosen]).T))
    return np.array(hubs)


def _link(rng: np.random.Generator, cell: Cell, places: Floats, size: Size) -> _Net:
    """Join all hubs by a tree of short roads and some more; what lies on the ways from the seat to townships and borders is better road."""
    gates = [spots for _, spots in sorted(cell.gates.items()) if len(spots)]
    hubs = np.vstack([places, *gates])
    corners = Delaunay(hubs).simplices
    pairs = np.unique(np.sort(np.vstack([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]]), axis=1), axis=0)
    metres = np.hypot(*(hubs[pairs[:, 0]] - hubs[pairs[:, 1]]).T)
    at_border = pairs.min(axis=1) >= len(places)  # no road runs along the border
    pairs, metres = pairs[~at_border], metres[~at_border]
    count = len(hubs)
    tree = minimum_spanning_tree(coo_array((metres, (pairs[:, 0], pairs[:, 1])), shape=(count, count)).tocsr()).tocoo()
    in_tree = {(min(int(a), int(b)), max(int(a), int(b))) for a, b in zip(tree.row, tree.col, strict=True)}
    kept = np.array([(int(a), int(b)) in in_tree for a, b in pairs]) | (rng.uniform(0, 1, len(pairs)) < 0.14 * (metres < 6_000))
    pairs, metres = pairs[kept], metres[kept]
    graph = coo_array((metres, (pairs[:, 0], pairs[:, 1])), shape=(count, count)).tocsr()
    _, before = dijkstra(graph, directed=False, indices=0, return_predecessors=True)
    main: dict[tuple[int, int], str] = {}
    for rank, ends in (("secondary", range(len(places), count)), ("tertiary", range(1, size.townships + 1))):
        for end in ends:
            at = end
            while before[at] >= 0:
                main.setdefault((min(at, int(before[at])), max(at, int(before[at]))), rank)
                at = int(before[at])
    draw = rng.uniform(0, 1, len(pairs))
    ranks = [main.get((int(a), int(b)), "path" if luck < 0.05 else "unclassified") for (a, b), luck in zip(pairs, draw, strict=True)]
    return _Net(hubs, size.townships, size.villages, pairs, ranks)


def _place_homes(rng: np.random.Generator, outline: shapely.Polygon, net: _Net, size: Size) -> tuple[Floats, Ints]:
    """Return the places of settlements and the hub of each: one at every hub, the others round villages, none within 120 m of another."""
    own = 1 + net.townships + net.villages
    spots, hub = [net.hubs[k] + rng.uniform(-40, 40, 2) for k in range(own)], list(range(own))
    taken = {(int(x // 120), int(y // 120)) for x, y in spots}
    while len(spots) < size.settlements:
        number = int(rng.integers(1, own))
        angle, metres = rng.uniform(0, 2 * np.pi), 200.0 + rng.gamma(2.0, 420.0)
        spot = net.hubs[number] + metres * np.array([np.cos(angle), np.sin(angle)])
        square = int(spot[0] // 120), int(spot[1] // 120)
        if square in taken or not shapely.contains_xy(outline, *spot):
            continue
        taken.add(square)
        spots.append(spot)
        hub.append(number)
    return np.array(spots), np.array(hub)


def _people(
    rng: np.random.Generator, code: str, homes: Floats, hub: Ints, net: _Net, names: list[tuple[str, str]], size: Size
) -> pd.DataFrame:
    weight = rng.gamma(0.9, 1.0, len(homes))
    rural = weight[net.townships + 1 :].sum()
    weight[0] = 0.7 * rural  # the county seat
    weight[1 : net.townships + 1] *= 0.9 * rural / weight[1 : net.townships + 1].sum()
    by_grade = rng.multinomial(size.pupils, weight / weight.sum())
    grades = np.array([rng.multinomial(count, np.full(9, 1 / 9)) for count in by_grade])
    town = cKDTree(net.hubs[: net.townships + 1]).query(homes)[1]
    named = [names[k % len(names)] for k in range(len(homes))]
    table = pd.DataFrame({"settlement_id": [f"{code}{k:05d}" for k in range(len(homes))], "x": homes[:, 0], "y": homes[:, 1]})
    table["name"], table["name_en"] = [zh for zh, _ in named], [en for _, en in named]
    table["township"] = [f"{names[k][0]}镇" if k else "城关街道" for k in town]
    for grade in GRADES:
        table[f"pupils_g{grade}"] = grades[:, grade - 1]
    table["left_behind"] = rng.binomial(by_grade, 0.18)
    table["hub"] = hub
    return table


def _schools(rng: np.random.Generator, code: str, net: _Net, people: pd.DataFrame) -> pd.DataFrame:
    """Return schools: several in the seat, one or two in every township, teaching points and small primary schools in villages."""
    rows: list[tuple[str, str, int, bool, int]] = []  # form, kind, hub, canteen, beds
    rows += [("primary", "实验小学", 0, True, 0), ("primary", "第二小学", 0, True, 0), ("junior", "第一中学", 0, True, 300)]
    for town in range(1, net.townships + 1):
        form = "nine_year" if rng.uniform() < 0.35 else "primary"
        rows.append((form, "九年制学校" if form == "nine_year" else "中心小学", town, True, int(rng.integers(0, 4)) * 20))
        if form == "primary" and rng.uniform() < 0.45:
            rows.append(("junior", "初级中学", town, True, int(rng.integers(3, 10)) * 20))
    first = 1 + net.townships
    chosen = np.sort(rng.choice(np.arange(first, first + net.villages), size=round(0.34 * net.villages), replace=False))
    rows += [
        ("primary", "小学", int(k), False, 0) if rng.uniform() < 0.3 else ("teaching_point", "教学点", int(k), False, 0) for k in chosen
    ]
    near = {int(str(home["hub"])): home for home in people.drop_duplicates("hub").to_dict("records")}
    spots = np.array([net.hubs[k] for _, _, k, _, _ in rows]) + rng.uniform(-150, 150, (len(rows), 2))
    table = pd.DataFrame({"school_id": [f"{int(code) % 10_000:04d}{k:06d}" for k in range(len(rows))], "x": spots[:, 0], "y": spots[:, 1]})
    place = [str(near[k]["name"]) if k else "城关" for _, _, k, _, _ in rows]
    table["name"] = [name + kind for name, (_, kind, *_) in zip(place, rows, strict=True)]
    table["name_en"] = [f"{near[k]['name_en'] if k else 'Chengguan'} {form.replace('_', ' ')}" for form, _, k, _, _ in rows]
    table["township"] = [str(near[k]["township"]) for _, _, k, _, _ in rows]
    table["form"] = [form for form, *_ in rows]
    seats = {"teaching_point": (20, 60), "primary": (150, 420), "nine_year": (400, 800), "junior": (500, 900)}
    table["seats"] = [int(rng.integers(*seats[form])) * (4 if k == 0 else 1) for form, _, k, _, _ in rows]
    table["beds"] = [beds for *_, beds in rows]
    table["canteen"] = [canteen for *_, canteen, _ in rows]
    table["buses"] = [int(rng.integers(0, 2)) if canteen else 0 for *_, canteen, _ in rows]
    return table


def _registers(rng: np.random.Generator, schools: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Return last year's changes on the registers; every county has a habit of its own, which its retention shows."""
    junior = schools[schools["form"].isin(["junior", "nine_year"])]
    tree = cKDTree(junior[["x", "y"]].to_numpy())
    nearest = tree.query(people[["x", "y"]].to_numpy())[1]
    leaving = rng.uniform(0.002, 0.02)
    rows = []
    for at, school_id in enumerate(junior["school_id"]):
        for grade in (7, 8, 9):
            enrolled = int(people.loc[nearest == at, f"pupils_g{grade}"].sum())
            if not enrolled:
                continue
            dropped, out, came = (int(rng.binomial(enrolled, share)) for share in (leaving, 0.01, 0.01))
            graduated = enrolled + came - out - dropped if grade == 9 else None
            entered = None if graduated is None else graduated + int(rng.binomial(graduated, 4 * leaving))
            rows.append((school_id, YEAR - 1, grade, enrolled, came, out, 0, 0, dropped, 0, dropped, graduated, entered))
    columns = ["school_id", "year", "grade", "enrolled_start", "transferred_in", "transferred_out", "suspended", "returned", "dropped_out",
               "deceased", "suspected", "graduated", "entered_grade1"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns).astype({"graduated": "Int64", "entered_grade1": "Int64"})


def _draw_roads(rng: np.random.Generator, net: _Net, homes: Floats, hub: Ints, code: str) -> pd.DataFrame:
    """Return lines: winding roads between hubs, and for two settlements in three a lane to its village."""
    lines, ranks = [], list(net.ranks)
    for a, b in net.pairs:
        lines.append(_wind(rng, net.hubs[a], net.hubs[b], 0.10))
    own = 1 + net.townships + net.villages
    for spot, number, luck in zip(homes[own:], hub[own:], rng.uniform(0, 1, len(homes) - own), strict=True):
        if luck < 0.66:
            lines.append(_wind(rng, net.hubs[number], spot, 0.06))
            ranks.append("path" if luck < 0.2 else "track" if luck < 0.4 else "service")
    way = [f"{code}-{k}" for k in range(len(lines))]
    return pd.DataFrame({"way": way, "highway": ranks, "geometry": lines})


def _wind(rng: np.random.Generator, a: Floats, b: Floats, sway: float) -> shapely.LineString:
    """Return a line from a to b with shape points about every 400 m, swaying to both sides; its ends are exact."""
    length = float(np.hypot(*(b - a)))
    share = np.linspace(0, 1, max(2, int(length / 400) + 1))
    across = np.array([-(b - a)[1], (b - a)[0]]) / max(length, 1.0)
    swing = sway * min(length, 4_000.0) * np.sin(np.pi * share) * np.cos(share * rng.uniform(2, 9) + rng.uniform(0, 6))
    line = a + share[:, None] * (b - a) + swing[:, None] * across
    line[0], line[-1] = a, b
    return shapely.LineString(line)
