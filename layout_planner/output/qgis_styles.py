"""Styles that travel inside a GeoPackage, in the table `layer_styles` that QGIS reads: a layer opens drawn, named and labelled.

The table is the one that QGIS itself writes ("save style in database"): one row a layer, `useAsDefault` set, QML in `styleQML`. Symbols
give their properties twice, as `Option` (QGIS 3.26 and later) and as `prop` (before).
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import pyogrio

from layout_planner.names import MODES
from layout_planner.output.map_data import ROAD_GROUPS
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from layout_planner.words import Lang

STYLE_TABLE = "layer_styles"
STYLE_COLUMNS = (
    "f_table_catalog", "f_table_schema", "f_table_name", "f_geometry_column", "styleName", "styleQML", "styleSLD", "useAsDefault",
    "description", "owner", "ui", "update_time",
)  # fmt: skip
GEOMETRY = "geom"  # as GDAL calls it
HEAD = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
INK, BLUE, GREEN, ORANGE, AMBER, GREY = "#1f2933", "#0072B2", "#00815c", "#D55E00", "#E69F00", "#8a949c"
MODE_COLORS = {"walk": "#56B4E9", "bus": "#c9b900", "school_bus": AMBER, "board": "#CC79A7", "home": "#999999", "unserved": "#222222"}
ROAD_STYLES = {"major": ("#d98a3d", 0.9), "middle": ("#e3b45c", 0.7), "minor": ("#b9ae98", 0.4), "path": ("#c9c4b8", 0.25)}
BECOMES = {
    "kept": (Words("保留", "kept"), "square", INK, 3.2),
    "closed": (Words("撤并", "closes"), "cross2", ORANGE, 4.2),
    "reduced": (Words("减少年级", "loses grades"), "triangle", AMBER, 4.2),
    "opened": (Words("新开办", "opens"), "star", GREEN, 4.6),
    "none": (Words("未开办", "not open"), "diamond", GREY, 2.4),
}
AT_RISK = (
    (0, 0, Words("没有", "none"), "#9aa5ad", 1.4),
    (1, 4, Words("1-4人", "1 to 4"), "#f0b27a", 2.2),
    (5, 19, Words("5-19人", "5 to 19"), ORANGE, 3.0),
    (20, 1_000_000, Words("20人及以上", "20 and more"), "#8c2d04", 4.2),
)


@dataclass(frozen=True)
class Symbol:
    """One symbol: `kind` marker, line or fill; `form` the shape of a marker or the pen of a line; `size` and `width` in millimetres."""

    kind: str
    color: str
    form: str = ""
    size: float = 0.0
    alpha: float = 1.0


def write_styles(path: Path, layers: Iterable[str], lang: Lang) -> None:
    """Add the table of styles for `layers` to the GeoPackage at `path`."""
    made = {name: qml for name in layers if (qml := style_of(name, lang))}
    rows = [
        ("", "", name, GEOMETRY, name[:30], qml, "", True, "layout-planner", "", "", pd.Timestamp("2026-01-01T00:00:00Z"))
        for name, qml in made.items()
    ]
    pyogrio.write_dataframe(pd.DataFrame(rows, columns=list(STYLE_COLUMNS)), path, layer=STYLE_TABLE, driver="GPKG", FID="id")


def style_of(layer: str, lang: Lang) -> str:
    """Return the QML of a layer, "" for one without a style."""
    root = ET.Element("qgis", version="3.22.0", styleCategories="Symbology|Labeling")
    if layer == "settlements":
        _graduated(root, "at_risk_plan", lang)
        _label(root, "name", 8.0, 150_000)
    elif layer == "schools":
        symbols = {key: (words.say(lang), Symbol("marker", color, form, size)) for key, (words, form, color, size) in BECOMES.items()}
        _categorised(root, "becomes", symbols)
        _label(root, "name", 9.5, 400_000, bold=True)
    elif layer in {"trips_today", "trips_plan"}:
        modes = {mode: (MODES[mode].say(lang), Symbol("line", color, "solid", 0.35, 0.65)) for mode, color in MODE_COLORS.items()}
        _categorised(root, "mode", modes)
    elif layer == "roads":
        _categorised(root, "road_class", _road_symbols())
    elif layer == "mended":
        _single(root, Symbol("line", "#7b2cbf", "solid", 1.1))
        _label(root, "name", 8.0, 150_000)
    elif layer == "boundary":
        _single(root, Symbol("fill", "#7c6f8a", "dash dot", 0.6))
    elif layer == "bus_routes":
        _single(root, Symbol("line", "#b7791f", "solid", 0.6, 0.8))
    elif layer == "bus_stops":
        _single(root, Symbol("marker", "#b7791f", "circle", 2.6))
        _label(root, "name", 8.0, 100_000)
    else:
        return ""
    return HEAD + ET.tostring(root, encoding="unicode")


def _road_symbols() -> dict[str, tuple[str, Symbol]]:
    symbols: dict[str, tuple[str, Symbol]] = {}
    for group, classes in ROAD_GROUPS.items():
        color, width = ROAD_STYLES[group]
        named = [name for road in classes for name in (road, f"{road}_link")]
        symbols |= {name: (name, Symbol("line", color, "solid", width)) for name in named}
    color, width = ROAD_STYLES["path"]
    symbols[""] = ("", Symbol("line", color, "dash", width))
    return symbols  # the value "" stands for all others


def _renderer(root: ET.Element, kind: str, attribute: str = "") -> ET.Element:
    renderer = ET.SubElement(root, "renderer-v2", type=kind, enableorderby="0", forceraster="0", symbollevels="0")
    if attribute:
        renderer.set("attr", attribute)
    return renderer


def _single(root: ET.Element, symbol: Symbol) -> None:
    _symbols(_renderer(root, "singleSymbol"), [symbol])


def _categorised(root: ET.Element, attribute: str, symbols: Mapping[str, tuple[str, Symbol]]) -> None:
    renderer = _renderer(root, "categorizedSymbol", attribute)
    categories = ET.SubElement(renderer, "categories")
    for at, (value, (label, _)) in enumerate(symbols.items()):
        ET.SubElement(categories, "category", value=value, label=label, symbol=str(at), render="true", type="string")
    _symbols(renderer, [symbol for _, symbol in symbols.values()])


def _graduated(root: ET.Element, attribute: str, lang: Lang) -> None:
    renderer = _renderer(root, "graduatedSymbol", attribute)
    renderer.set("graduatedMethod", "GraduatedColor")
    ranges = ET.SubElement(renderer, "ranges")
    for at, (low, high, words, _, _) in enumerate(AT_RISK):
        ET.SubElement(
            ranges, "range", lower=f"{low - 0.5:.6f}", upper=f"{high + 0.5:.6f}", label=words.say(lang), symbol=str(at), render="true"
        )
    _symbols(renderer, [Symbol("marker", color, "circle", size) for *_, color, size in AT_RISK])


def _symbols(renderer: ET.Element, symbols: Iterable[Symbol]) -> None:
    holder = ET.SubElement(renderer, "symbols")
    for at, symbol in enumerate(symbols):
        drawn = ET.SubElement(
            holder, "symbol", name=str(at), type=symbol.kind, alpha=f"{symbol.alpha:g}", clip_to_extent="1", force_rhr="0"
        )
        kind = {"marker": "SimpleMarker", "line": "SimpleLine", "fill": "SimpleFill"}[symbol.kind]
        layer = ET.SubElement(drawn, "layer", {"class": kind, "enabled": "1", "locked": "0", "pass": "0"})
        given = _properties(symbol)
        options = ET.SubElement(layer, "Option", type="Map")
        for key, value in given.items():
            ET.SubElement(options, "Option", name=key, type="QString", value=value)
        for key, value in given.items():
            ET.SubElement(layer, "prop", k=key, v=value)


def _properties(symbol: Symbol) -> dict[str, str]:
    color, white = _rgba(symbol.color), "255,255,255,255"
    if symbol.kind == "marker":
        cross = symbol.form == "cross2"
        outline = {"outline_color": color if cross else white, "outline_width": "0.8" if cross else "0.2", "outline_style": "solid"}
        return {"name": symbol.form, "color": color, "size": f"{symbol.size:g}", "size_unit": "MM", "outline_width_unit": "MM", **outline}
    if symbol.kind == "line":
        return {
            "line_color": color,
            "line_width": f"{symbol.size:g}",
            "line_width_unit": "MM",
            "line_style": symbol.form,
            "capstyle": "round",
        }
    return {"style": "no", "color": white, "outline_color": color, "outline_width": f"{symbol.size:g}", "outline_style": symbol.form}


def _rgba(color: str) -> str:
    return ",".join(str(int(color[at : at + 2], 16)) for at in (1, 3, 5)) + ",255"


def _label(root: ET.Element, field: str, size: float, scale: int, *, bold: bool = False) -> None:
    """Label the features by a field, at scales larger than 1 : `scale` only."""
    settings = ET.SubElement(ET.SubElement(root, "labeling", type="simple"), "settings", calloutType="simple")
    style = ET.SubElement(
        settings, "text-style", fieldName=field, isExpression="0", fontSize=f"{size:g}", fontSizeUnit="Point",
        fontFamily="Noto Sans CJK SC", fontWeight="75" if bold else "50", textColor=_rgba(INK), textOpacity="1",
    )  # fmt: skip
    ET.SubElement(
        style, "text-buffer", bufferDraw="1", bufferSize="0.8", bufferSizeUnits="MM", bufferColor="255,255,255,255", bufferOpacity="1"
    )
    ET.SubElement(settings, "placement", placement="6", dist="1", distUnits="MM")
    # QGIS reads `scaleMax` as the denominator of the smallest scale at which labels show
    ET.SubElement(settings, "rendering", scaleVisibility="1", scaleMin="0", scaleMax=str(scale), obstacle="1", drawLabels="1")
