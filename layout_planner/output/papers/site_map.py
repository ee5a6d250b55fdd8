"""A map of one school or village as a small SVG: sharp in print at any size, and drawn without a network or a browser."""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from markupsafe import Markup, escape

from layout_planner.output.map_data import ROAD_GROUPS
from layout_planner.output.papers.facts import names_of
from layout_planner.output.safe import clean_text
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from layout_planner.output.papers.stored import Papers
    from layout_planner.output.view import RunView
    from layout_planner.words import Lang

WIDE, HIGH = 1000.0, 560.0  # units of the drawing
LEAST_M = 3000.0  # width of the smallest window
MARGIN = 0.08
DEGREE_M = 111_320.0
FINE = 0.6  # units; roads are drawn no finer than can be seen
LABEL = 15.0  # size of a label
LONGEST = 14  # letters of a label
NEAR = 2e-5  # degrees, two metres
ROADS = {"path": ("#d8d3c8", 1.0), "minor": ("#cfc6b4", 1.8), "middle": ("#e3b45c", 3.0), "major": ("#d98a3d", 4.2)}
BLUE, GREEN, ORANGE, GREY, INK, NAVY = "#0072B2", "#00815c", "#D55E00", "#8a949c", "#1f2933", "#10344f"
SCALE = 0.2  # of the width, at most
EDGE = 2.0  # units that a label keeps from the edge
FONTS = 'font-family="Noto Sans CJK SC, Microsoft YaHei, PingFang SC, SimHei, sans-serif"'


@dataclass(frozen=True)
class Spot:
    """A place: degrees, name, shape (circle, square, cross, house), colour, size; labels are placed in the order of the spots."""

    lon: float
    lat: float
    name: Words
    shape: str = "circle"
    color: str = GREY
    size: float = 5.0
    label: bool = True


@dataclass(frozen=True)
class Way:
    """A straight line between two places, in degrees; dashed for what was, thicker for more pupils."""

    ends: tuple[float, float, float, float]
    color: str
    width: float = 2.0
    dashed: bool = False


@dataclass
class Frame:
    """A window on the ground and the places of the labels that are taken."""

    west: float
    south: float
    units_per_m: float
    cos: float
    letter: float = LABEL
    taken: list[tuple[float, float, float, float]] = field(default_factory=list)

    def place(self, lon: Any, lat: Any) -> tuple[Any, Any]:  # noqa: ANN401 - a float or an array
        """Return drawing units of degrees; y runs down."""
        x = (lon - self.west) * DEGREE_M * self.cos * self.units_per_m
        return x, HIGH - (lat - self.south) * DEGREE_M * self.units_per_m

    def degrees(self) -> shapely.Polygon:
        """Return the window in degrees, a little larger."""
        wide, high = WIDE / self.units_per_m / DEGREE_M, HIGH / self.units_per_m / DEGREE_M
        return shapely.box(
            self.west - 0.02 * wide / self.cos, self.south - 0.02 * high, self.west + 1.02 * wide / self.cos, self.south + 1.02 * high
        )


def frame_around(points: Sequence[tuple[float, float]], letter: float = LABEL) -> Frame:
    """Return a window that holds all `points` (degrees) with a margin; never smaller than LEAST_M. `letter` is the size of the labels."""
    lon, lat = np.array(points, dtype=float).T
    cos = math.cos(math.radians(float(lat.mean())))
    wide_m = max((lon.max() - lon.min()) * DEGREE_M * cos, LEAST_M)
    high_m = max((lat.max() - lat.min()) * DEGREE_M, LEAST_M * HIGH / WIDE)
    scale = (1 - 2 * MARGIN) / max(wide_m / WIDE, high_m / HIGH)
    middle = (lon.max() + lon.min()) / 2, (lat.max() + lat.min()) / 2
    return Frame(middle[0] - WIDE / scale / DEGREE_M / cos / 2, middle[1] - HIGH / scale / DEGREE_M / 2, scale, cos, letter)


@dataclass(frozen=True)
class Base:
    """What lies under every map of a run, in degrees.

    roads     by group: lines and a tree of their boxes
    boundary  polygons, or None
    homes     id -> longitude, latitude, name of every settlement
    schools   id -> longitude, latitude, name, form today, form under the plan
    """

    roads: tuple[tuple[str, Any, shapely.STRtree], ...]
    boundary: shapely.Geometry | None
    homes: dict[str, tuple[float, float, Words]]
    schools: dict[str, tuple[float, float, Words, str, str]]


def lay_base(view: RunView) -> Base:
    """Return the base of the maps of `view`; prepared once, cut for every map."""
    known = {road_class: group for group, classes in ROAD_GROUPS.items() for road_class in classes}
    groups: dict[str, list[Any]] = {group: [] for group in ROADS}
    for road_class, shape in zip(view.roads["road_class"], view.roads.geometry, strict=True):
        groups[known.get(str(road_class).removesuffix("_link"), "path")].extend(shapely.get_parts(shape))
    merged = {group: shapely.get_parts(shapely.line_merge(shapely.MultiLineString(lines))) for group, lines in groups.items() if lines}
    roads = tuple((group, lines, shapely.STRtree(lines)) for group, lines in merged.items())
    called = names_of(view.settlements)
    homes = {str(key): (point.x, point.y, called[str(key)]) for key, point in view.settlements.geometry.items()}
    called = names_of(view.schools)
    forms = zip(view.schools["form_today"].astype(str), view.schools["form_plan"].astype(str), strict=True)
    schools = {
        str(key): (at.x, at.y, called[str(key)], *form) for (key, at), form in zip(view.schools.geometry.items(), forms, strict=True)
    }
    boundary = None if view.boundary is None else shapely.simplify(shapely.union_all(view.boundary.geometry.to_numpy()), NEAR)
    return Base(roads, boundary, homes, schools)


def draw_map(base: Base, frame: Frame, spots: Iterable[Spot], ways: Iterable[Way], lang: Lang) -> Markup:
    """Return the SVG of a map; every name in it is text and nothing else."""
    title = Words("示意图", "sketch map").say(lang)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE:.0f} {HIGH:.0f}" role="img" aria-label="{title}" {FONTS}>',
        f'<rect width="{WIDE:.0f}" height="{HIGH:.0f}" fill="#f7f6f1"/>',
        *_draw_base(base, frame),
        *(_draw_way(way, frame) for way in ways),
    ]
    drawn = [spot for spot in spots if _inside(spot, frame)]
    scale = _draw_scale(frame, lang)  # takes its corner before any label
    for spot in (spot for spot in drawn if spot.label):  # marks first, so that no label covers one that has a name
        x, y = frame.place(spot.lon, spot.lat)
        frame.taken.append((x - spot.size, y - spot.size, x + spot.size, y + spot.size))
    parts += [_draw_mark(spot, frame) for spot in reversed(drawn)]
    parts += [_draw_label(spot, frame, lang) for spot in drawn if spot.label]
    parts += [*scale, f'<rect width="{WIDE:.0f}" height="{HIGH:.0f}" fill="none" stroke="#8a949c"/></svg>']
    return Markup("".join(parts))  # noqa: S704 - every text in it was escaped


def _inside(spot: Spot, frame: Frame) -> bool:
    x, y = frame.place(spot.lon, spot.lat)
    return bool(0 <= x <= WIDE and 0 <= y <= HIGH)


def _draw_base(base: Base, frame: Frame) -> Iterable[str]:
    window = frame.degrees()
    box = window.bounds
    if base.boundary is not None:
        outside = shapely.difference(window, base.boundary)
        if not outside.is_empty:
            yield f'<path d="{_path(outside, frame)}" fill="#e4e6e6" fill-rule="evenodd" stroke="none"/>'
            edge = shapely.clip_by_rect(base.boundary.boundary, *box)
            yield f'<path d="{_path(edge, frame)}" fill="none" stroke="#7c6f8a" stroke-width="2.5" stroke-dasharray="10 4 2 4"/>'
    for group, lines, tree in base.roads:
        near = lines[np.sort(tree.query(window))]
        cut = shapely.GeometryCollection([part for part in shapely.clip_by_rect(near, *box) if not part.is_empty])
        if not cut.is_empty:
            color, width = ROADS[group]
            dash = ' stroke-dasharray="4 3"' if group == "path" else ""
            yield f'<path d="{_path(cut, frame)}" fill="none" stroke="{color}" stroke-width="{width}" stroke-linejoin="round"{dash}/>'


def _path(shape: shapely.Geometry, frame: Frame) -> str:
    """Return lines or rings in drawing units, no finer than can be seen."""
    said = []
    for part in shapely.get_parts(shapely.get_parts(shape)):
        rings = [part.exterior, *part.interiors] if part.geom_type == "Polygon" else [part]
        for ring in rings:
            x, y = frame.place(*shapely.get_coordinates(ring).T)
            thin = shapely.get_coordinates(shapely.LineString(np.column_stack([x, y])).simplify(FINE))
            steps = np.rint(thin * 10).astype(int)
            said.append("M" + "L".join(f"{a / 10:g} {b / 10:g}" for a, b in steps.tolist()))
    return "".join(said)


def _draw_way(way: Way, frame: Frame) -> str:
    x1, y1 = frame.place(*way.ends[:2])
    x2, y2 = frame.place(*way.ends[2:])
    dash = ' stroke-dasharray="7 5"' if way.dashed else ""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{way.color}" stroke-width="{way.width:.1f}" '
        f'stroke-opacity="0.75" stroke-linecap="round"{dash}/>'
    )


def _draw_mark(spot: Spot, frame: Frame) -> str:
    x, y = frame.place(spot.lon, spot.lat)
    r = spot.size
    if spot.shape == "square":
        d = f"M{x - r:.1f} {y - r:.1f}h{2 * r:.1f}v{2 * r:.1f}h{-2 * r:.1f}Z"
        return f'<path d="{d}" fill="{spot.color}" stroke="#fff" stroke-width="1.5"/>'
    if spot.shape == "cross":
        d = f"M{x - r:.1f} {y - r:.1f}L{x + r:.1f} {y + r:.1f}M{x - r:.1f} {y + r:.1f}L{x + r:.1f} {y - r:.1f}"
        return f'<path d="{d}" stroke="{spot.color}" stroke-width="4" fill="none"/>'
    if spot.shape == "house":
        d = f"M{x - r:.1f} {y + r:.1f}V{y - 0.2 * r:.1f}L{x:.1f} {y - 1.3 * r:.1f}L{x + r:.1f} {y - 0.2 * r:.1f}V{y + r:.1f}Z"
        return f'<path d="{d}" fill="{spot.color}" stroke="#fff" stroke-width="2"/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}" fill="{spot.color}" stroke="#fff" stroke-width="1.2"/>'


def _draw_label(spot: Spot, frame: Frame, lang: Lang) -> str:
    """Return the label at the first of four sides where nothing stands, or nothing."""
    text = clean_text(spot.name.say(lang))
    most = LONGEST if lang == "zh" else 5 * LONGEST // 2
    text = text if len(text) <= most else text[: most - 1] + "…"
    x, y, size = *frame.place(spot.lon, spot.lat), frame.letter
    wide = sum(size if ord(letter) > 0x2E80 else 0.58 * size for letter in text)  # noqa: PLR2004 - CJK starts here
    gap = spot.size + 3
    for left, base in ((x + gap, y + 5), (x - gap - wide, y + 5), (x - wide / 2, y - gap - 2), (x - wide / 2, y + gap + size - 2)):
        box = (left, base - size + 2, left + wide, base + 4)
        if (
            box[0] >= EDGE
            and box[1] >= EDGE
            and box[2] <= WIDE - EDGE
            and box[3] <= HIGH - EDGE
            and not any(_meet(box, other) for other in frame.taken)
        ):
            frame.taken.append(box)
            weight = "700" if spot.shape in {"square", "house", "cross"} else "400"
            style = f'font-size="{size:.0f}" font-weight="{weight}"'
            halo = f'<text x="{left:.1f}" y="{base:.1f}" {style} fill="none" stroke="#fff" stroke-width="4" stroke-linejoin="round">'
            return f'{halo}{escape(text)}</text><text x="{left:.1f}" y="{base:.1f}" {style} fill="{INK}">{escape(text)}</text>'
    return ""


def _meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _draw_scale(frame: Frame, lang: Lang) -> list[str]:
    """Return a scale bar of 1, 2 or 5 times a power of ten, and where north is; no label may stand on them."""
    wide_m = WIDE / frame.units_per_m
    power = 10 ** math.floor(math.log10(wide_m * SCALE))
    length_m = max(step * power for step in (1, 2, 5) if step * power <= wide_m * SCALE)
    units = length_m * frame.units_per_m
    whole = length_m >= 1000  # noqa: PLR2004 - metres in a kilometre
    said = f"{length_m / 1000:g} {'公里' if lang == 'zh' else 'km'}" if whole else f"{length_m:g} {'米' if lang == 'zh' else 'm'}"
    x, y, north = 18.0, HIGH - 18, WIDE - 28
    frame.taken += [(8.0, HIGH - 48, units + 28, HIGH - 8), (north - 12, 8.0, north + 12, 64.0)]
    return [
        f'<rect x="8" y="{HIGH - 48:.0f}" width="{units + 20:.0f}" height="40" fill="#fff" fill-opacity="0.8"/>',
        f'<path d="M{x} {y - 7}V{y}H{x + units:.1f}V{y - 7}" fill="none" stroke="{INK}" stroke-width="2"/>',
        f'<text x="{x + units / 2:.1f}" y="{y - 10:.0f}" font-size="{frame.letter:.0f}" text-anchor="middle" fill="{INK}">{said}</text>',
        f'<path d="M{north} 14L{north + 9} 44L{north} 37L{north - 9} 44Z" fill="{INK}"/>',
        f'<text x="{north}" y="60" font-size="15" font-weight="700" text-anchor="middle" fill="{INK}">{Words("北", "N").say(lang)}</text>',
    ]


def school_spots(base: Base, when: str, main: str) -> list[Spot]:
    """Return all schools of a run as spots: `main` as a house, others that are open as squares, those that close as crosses."""
    spots = []
    for key, (lon, lat, name, before, after) in base.schools.items():
        closes = before != "closed" and after == "closed"
        if key == main or closes or (after if when == "plan" else before) != "closed":
            shape = "house" if key == main else "cross" if closes else "square"
            color = NAVY if key == main else ORANGE if closes else INK
            spots.append(Spot(lon, lat, name, shape, color, 15.0 if key == main else 7.0))
    spots.sort(key=lambda spot: (spot.shape != "house", spot.shape != "cross"))
    return spots


def as_image(svg: str) -> str:
    """Return an SVG as a data URI."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def school_map(papers: Papers, base: Base, school_id: str, lang: Lang) -> Markup:
    """Return the map of a school: who comes today (grey, dashed), who comes under the plan (blue), where those go who leave (orange)."""
    here, gone = papers.trips_of(school_id), papers.moved_from(school_id)
    homes = {when: set(here.loc[here["when"] == when, "settlement_id"]) for when in ("today", "plan")}
    place = base.schools[school_id][:2]
    ways = [_way_between(base, home, place, GREY, pupils, dashed=True) for home, pupils in _sum(here, "today")]
    ways += [_way_between(base, home, place, BLUE, pupils) for home, pupils in _sum(here, "plan")]
    leaving = gone[gone["school_id"] != ""].groupby(["settlement_id", "school_id"], as_index=False)["pupils"].sum()
    for home, other, pupils in leaving.itertuples(index=False):
        ways.append(_way_between(base, str(home), base.schools[str(other)][:2], ORANGE, int(pupils)))
    points = [place, *((way.ends[0], way.ends[1]) for way in ways), *((way.ends[2], way.ends[3]) for way in ways)]
    spots = [*school_spots(base, "plan", school_id), *_village_spots(base, homes)]
    return draw_map(base, frame_around(points), spots, ways, lang)


def _sum(trips: pd.DataFrame, when: str) -> list[tuple[str, int]]:
    sums = trips[trips["when"] == when].groupby("settlement_id")["pupils"].sum()
    return [(str(home), int(pupils)) for home, pupils in sums.items()]


def _way_between(base: Base, home: str, target: tuple[float, float], color: str, pupils: int, *, dashed: bool = False) -> Way:
    lon, lat, _ = base.homes[home]
    return Way((lon, lat, *target), color, 1.2 if dashed else min(6.0, 1.5 + pupils**0.5 / 3), dashed)


def _village_spots(base: Base, homes: dict[str, set[str]]) -> list[Spot]:
    """Return the villages that attend (blue), those that join (green) or leave (orange), and all others (small, unnamed)."""
    spots = []
    for home, (lon, lat, name) in base.homes.items():
        if home in homes["plan"]:
            spots.append(Spot(lon, lat, name, "circle", BLUE if home in homes["today"] else GREEN, 6.5))
        elif home in homes["today"]:
            spots.append(Spot(lon, lat, name, "circle", ORANGE, 6.5))
        else:
            spots.append(Spot(lon, lat, name, "circle", "#b4bcc2", 3.0, label=False))
    spots.sort(key=lambda spot: not spot.label)
    return spots
