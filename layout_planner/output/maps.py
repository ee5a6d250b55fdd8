"""Maps for planners and hearings: one file, no network, every village findable.

folium sets up the document and Leaflet; the data travels as one JSON blob that no template ever renders.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

import folium
from folium.template import Template

from layout_planner.errors import OutputError
from layout_planner.output.map_data import State, encode_map
from layout_planner.output.map_layers import encode_ways
from layout_planner.output.offline import seal_page, write_atomically
from layout_planner.output.safe import safe_html, script_json
from layout_planner.output.tiles import encode_tiles
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from layout_planner.output.tiles import Tiles
    from layout_planner.output.view import RunView
    from layout_planner.words import Lang

DATA_PLACE = "<!--planner-data-->"
LEAST_RUNS, MOST_RUNS = 2, 5


class PlannerMap(folium.Map):  # type: ignore[misc]
    """A folium map that needs Leaflet and nothing else, and whose page is laid out by a template of ours."""

    default_js = [asset for asset in folium.Map.default_js if asset[0] == "leaflet"]  # noqa: RUF012 - folium's own shape
    default_css = [asset for asset in folium.Map.default_css if asset[0] == "leaflet_css"]  # noqa: RUF012

    def __init__(self, template: str) -> None:
        super().__init__(tiles=None, prefer_canvas=True, zoom_control=False, zoom_snap=0.25, max_zoom=18)
        self._id = "county"  # folium names things at random; the same run shall give the same bytes
        page = resources.files("layout_planner.output") / "templates" / template
        self._template = Template(page.read_text(encoding="utf-8"))


def write_map(view: RunView, path: Path, lang: Lang, *, tiles: Tiles | None = None) -> None:
    """Write the map of one run: today, the plan, and both side by side; with `tiles` it asks the network for a background.

    Raises
    ------
    OutputError : the folder cannot be written.
    """
    data = _encode([State(view, "today"), State(view, "plan")], lang)
    write_folium_page("map.html", data, view.title, path, lang, tiles=tiles)


def write_compare_map(views: Sequence[RunView], path: Path, lang: Lang, *, tiles: Tiles | None = None) -> None:
    """Write the map of two to five runs of one county, any two of them side by side.

    Raises
    ------
    OutputError : the number of runs is out of range, or the folder cannot be written.
    """
    if not LEAST_RUNS <= len(views) <= MOST_RUNS:
        raise OutputError(
            Words(
                f"对比地图需要{LEAST_RUNS}至{MOST_RUNS}个方案，收到{len(views)}个",
                f"a comparison map takes {LEAST_RUNS} to {MOST_RUNS} runs, not {len(views)}",
            )
        )
    states = [State(views[0], "today"), *(State(view, "plan") for view in views)]
    write_folium_page("map.html", _encode(states, lang), Words("方案对比", "Layouts compared"), path, lang, tiles=tiles)


def _encode(states: Sequence[State], lang: Lang) -> dict[str, Any]:
    """Return the blob of a planner's map, with the ways of all its runs."""
    data = encode_map(states, lang)
    places = ({key: at for at, key in enumerate(data[kind]["id"])} for kind in ("villages", "schools"))
    return data | {"ways": encode_ways([state.view.ways for state in states if state.when == "plan"], *places)}


def write_folium_page(template: str, data: dict[str, Any], title: Words, path: Path, lang: Lang, *, tiles: Tiles | None = None) -> None:
    """Write one sealed page that is laid out by `template` and drawn from `data`."""
    page = PlannerMap(template)
    figure = page.get_root()
    figure.title = safe_html(title.say(lang))
    html = figure.render().replace("<html>", f'<html lang="{"zh-CN" if lang == "zh" else "en"}">', 1)
    blob = f'<script type="application/json" id="planner-data">{script_json(data | {"tiles": encode_tiles(tiles)})}</script>'
    before, after = seal_page(html, pictures_from=() if tiles is None else tiles.hosts).split(DATA_PLACE, 1)
    write_atomically(path, before + blob + after)
