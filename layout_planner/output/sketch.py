"""A small map with a panel beside it: a few views of one place, each with its lines, points, sentences and table. One offline file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import geopandas as gpd
import numpy as np
import shapely

from layout_planner.output.map_data import are_osm, encode_lines, encode_roads, group_roads, pair, read_words
from layout_planner.output.maps import write_folium_page

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from layout_planner.county.model import RoadTable, Source
    from layout_planner.words import Lang, Words

DEGREES = "EPSG:4326"


class Ground(Protocol):
    """What a sketch is drawn over: a county, or what could be read of one."""

    @property
    def crs(self) -> str:
        """The metric projection of everything drawn."""

    @property
    def roads(self) -> RoadTable | None:
        """The roads, or None where none could be read."""

    @property
    def boundary(self) -> gpd.GeoDataFrame | None:
        """The boundary, or None."""

    @property
    def sources(self) -> tuple[Source, ...]:
        """The files behind it."""


@dataclass(frozen=True)
class Stroke:
    """One line on the map, in the county's projection."""

    line: shapely.LineString
    color: str
    width: float = 5.0
    dash: tuple[int, ...] = ()


@dataclass(frozen=True)
class Dot:
    """One place on the map, in the county's projection; `facts` are told when it is clicked."""

    point: shapely.Point
    kind: str  # a shape of draw.js: circle, square, triangle, cross, star, ...
    color: str
    name: Words
    facts: tuple[Words, ...] = ()
    size: float = 6.0
    labelled: bool = False


@dataclass(frozen=True)
class Sheet:
    """A table of the panel: heads, rows of sentences or plain text, and which columns stand to the right."""

    heads: tuple[Words, ...]
    rows: tuple[tuple[Words | str, ...], ...]
    numeric: frozenset[int] = frozenset()


@dataclass(frozen=True)
class SketchView:
    """One choice of the panel.

    profile  float64 (n, 2), metres along the way and height; empty for none
    keys     what the marks mean: (shape or "line", colour, sentence)
    """

    label: Words
    lead: Words
    strokes: tuple[Stroke, ...] = ()
    dots: tuple[Dot, ...] = ()
    sheet: Sheet | None = None
    profile: Any = field(default_factory=lambda: np.zeros((0, 2)))
    keys: tuple[tuple[str, str, Words], ...] = ()
    notes: tuple[Words, ...] = ()


@dataclass(frozen=True)
class Sketch:
    """A whole page; roads further than `around_m` from what is drawn are left out (None keeps all)."""

    title: Words
    subtitle: Words
    views: tuple[SketchView, ...]
    around_m: float | None = None


def write_sketch(sketch: Sketch, county: Ground, path: Path, lang: Lang) -> None:
    """Write the page of `sketch` over the roads and boundary of `county`.

    Raises
    ------
    OutputError : the folder cannot be written.
    """
    write_folium_page("sketch.html", encode_sketch(sketch, county, lang), sketch.title, path, lang)


def encode_sketch(sketch: Sketch, county: Ground, lang: Lang) -> dict[str, Any]:
    """Return the JSON blob of the page; every text is cleaned and only ever becomes a text node."""
    boundary = [] if county.boundary is None else encode_lines(county.boundary.to_crs(DEGREES).geometry.boundary.simplify(0.0001))
    return {
        "lang": lang,
        "kind": "sketch",
        "title": pair(sketch.title),
        "subtitle": pair(sketch.subtitle),
        "words": read_words(),
        "roads": encode_roads(_roads_near(sketch, county)),
        "boundary": boundary,
        "osm": are_osm(county.sources),
        "views": [_encode_view(view, county.crs) for view in sketch.views],
    }


def _roads_near(sketch: Sketch, county: Ground) -> gpd.GeoDataFrame:
    if county.roads is None:
        return gpd.GeoDataFrame({"road_class": []}, geometry=[], crs=DEGREES)
    edges = county.roads.edges[["road_class", "geometry"]]
    drawn = [shape for view in sketch.views for shape in (*(s.line for s in view.strokes), *(d.point for d in view.dots))]
    if sketch.around_m is not None and drawn:
        west, south, east, north = shapely.total_bounds(np.array(drawn, dtype=object))
        reach = sketch.around_m
        edges = edges[edges.geometry.intersects(shapely.box(west - reach, south - reach, east + reach, north + reach))]
    return group_roads(edges)


def _encode_view(view: SketchView, crs: str) -> dict[str, Any]:
    return {
        "label": pair(view.label),
        "lead": pair(view.lead),
        "strokes": [
            [stroke.color, stroke.width, list(stroke.dash), encode_lines(gpd.GeoSeries([stroke.line], crs=crs).to_crs(DEGREES))]
            for stroke in view.strokes
        ],
        "dots": _encode_dots(view.dots, crs),
        "sheet": _encode_sheet(view.sheet),
        "profile": np.round(np.asarray(view.profile, dtype=float), 1).tolist(),
        "keys": [[kind, color, *pair(words)] for kind, color, words in view.keys],
        "notes": [pair(note) for note in view.notes],
    }


def _encode_dots(dots: Sequence[Dot], crs: str) -> list[list[Any]]:
    if not dots:
        return []
    degrees = gpd.GeoSeries([dot.point for dot in dots], crs=crs).to_crs(DEGREES)
    x, y = (np.rint(values.to_numpy() * 1e5).astype(int).tolist() for values in (degrees.x, degrees.y))
    return [
        [x[i], y[i], dot.kind, dot.color, dot.size, dot.labelled, pair(dot.name), [pair(fact) for fact in dot.facts]]
        for i, dot in enumerate(dots)
    ]


def _encode_sheet(sheet: Sheet | None) -> dict[str, Any] | None:
    if sheet is None:
        return None
    rows = [[pair(cell) if isinstance(cell, tuple) else [cell, cell] for cell in row] for row in sheet.rows]
    return {"heads": [pair(head) for head in sheet.heads], "rows": rows, "numeric": sorted(sheet.numeric)}
