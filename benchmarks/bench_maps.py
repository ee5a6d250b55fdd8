"""Our maps beside plain folium on the same county: `python benchmarks/bench_maps.py [--size tiny|small|large] [--runs N]`.

A made-up county (villages, schools, roads) is drawn by us, by folium as its documentation draws such data, and by folium with what it
offers for large data. Chromium opens every page from the disk: once with the network off, to see whether anything is drawn; then with
folium's scripts answered from this disk without delay, so that it is timed as if online at its best. Times are medians of a few runs, from
the request to the second frame after everything is drawn; at 1x and with the processor slowed to a sixth, like a cheap phone.
"""

# ruff: noqa: ANN401 - the browser's driver has no types of ours

from __future__ import annotations

import argparse
import gzip
import platform
import re
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import folium
import numpy as np
from playwright.sync_api import Error, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))  # the made-up county is that of the tests

from layout_planner.output.consult_data import Notice
from layout_planner.output.consultation import write_consult_page
from layout_planner.output.maps import write_compare_map, write_map
from layout_planner.output.offline import find_leaflet
from tests.test_consultation import with_ways
from tests.views import make_view

if TYPE_CHECKING:
    from collections.abc import Callable

    from layout_planner.output.view import RunView

SIZES = {"tiny": (60, 8, 200), "small": (2_000, 120, 20_000), "large": (20_000, 120, 20_000)}
NOISE = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"]
SLOWER = 6
LIMIT_MB, LIMIT_S, LIMIT_SLOW_S = 3.0, 2.0, 5.0
READY = """() => new Promise((done) => { const wait = () => {
  if (document.readyState !== 'complete') return setTimeout(wait, 5);
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now()))); }; wait(); })"""
ZOOM = """async (name) => { const map = name ? window[name] : planner.map; const begin = performance.now();
  map.setZoom(map.getZoom() + 1, { animate: false });
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))); return performance.now() - begin; }"""


@dataclass(frozen=True)
class Page:
    """One page of the table; `map_name` is the page's variable that holds folium's map, "" in ours."""

    name: str
    write: Callable[[RunView, Path], str]


def write_planner(view: RunView, path: Path) -> str:
    """Draw the planner's map."""
    write_map(view, path, "zh")
    return ""


def write_comparison(view: RunView, path: Path) -> str:
    """Draw the comparison of three runs."""
    write_compare_map([view, view, view], path, "zh")
    return ""


def write_consultation(view: RunView, path: Path) -> str:
    """Draw the page for villages."""
    write_consult_page(view, Notice("0" * 64, frozenset(view.mergers), "", "", 5), path, "zh")
    return ""


def write_plain(view: RunView, path: Path) -> str:
    """Draw the county as folium's documentation does: features styled one by one, tooltips, icons, trips of today."""
    drawn = folium.Map(location=list(view.settlements.geometry.union_all().centroid.coords[0])[::-1], zoom_start=10, tiles=None)
    colours = {"secondary": "#e0a030", "tertiary": "#888888", "unclassified": "#bbbbbb", "path": "#dddddd"}
    roads = view.roads.explode(ignore_index=True)
    folium.GeoJson(
        roads, name="roads", style_function=lambda road: {"color": colours[road["properties"]["road_class"]], "weight": 1}
    ).add_to(drawn)
    _add_places(view, drawn)
    return str(drawn.get_name()) if drawn.save(path) is None else ""


def write_tuned(view: RunView, path: Path) -> str:
    """Draw it with what folium offers for much data: one layer a class of roads, one style each, on canvas."""
    drawn = folium.Map(
        location=list(view.settlements.geometry.union_all().centroid.coords[0])[::-1], zoom_start=10, tiles=None, prefer_canvas=True
    )
    for _, road in view.roads.iterrows():
        folium.GeoJson(road.geometry, name=road["road_class"], style={"weight": 1}).add_to(drawn)
    _add_places(view, drawn)
    return str(drawn.get_name()) if drawn.save(path) is None else ""


def _add_places(view: RunView, drawn: folium.Map) -> None:
    homes = view.settlements[["name", "township", "pupils", "geometry"]].reset_index(drop=True)
    marker = folium.CircleMarker(radius=4, fill=True)
    folium.GeoJson(homes, name="villages", marker=marker, tooltip=folium.GeoJsonTooltip(["name", "township", "pupils"])).add_to(drawn)
    for _, school in view.schools.iterrows():
        folium.Marker([school.geometry.y, school.geometry.x], tooltip=school["name"]).add_to(drawn)
    trips = view.trips[(view.trips["when"] == "plan") & (view.trips["school_id"] != "")]
    ends = zip(view.settlements.geometry.reindex(trips["settlement_id"]), view.schools.geometry.reindex(trips["school_id"]), strict=True)
    folium.PolyLine([[(home.y, home.x), (site.y, site.x)] for home, site in ends], weight=1).add_to(drawn)
    folium.LayerControl().add_to(drawn)


PAGES = (
    Page("ours, planner's map", write_planner),
    Page("ours, three runs compared", write_comparison),
    Page("ours, consultation", write_consultation),
    Page("folium, plain", write_plain),
    Page("folium, tuned", write_tuned),
)


def answer_scripts(page: Any) -> None:
    """Answer what folium asks of the network: Leaflet from this disk, the rest empty."""
    leaflet = {name: (find_leaflet() / name).read_bytes() for name in ("leaflet.js", "leaflet.css")}

    def answer(route: Any) -> None:
        name = route.request.url.rsplit("/", 1)[-1]
        route.fulfill(body=leaflet.get(name, b""), content_type="text/css" if name.endswith("css") else "text/javascript")

    page.route(re.compile("^https?:"), answer)


def draws_offline(browser: Any, path: Path) -> tuple[bool, int]:
    """Return whether the page draws a map with the network off, and how many requests failed."""
    context = browser.new_context(offline=True)
    page, failed = context.new_page(), []
    page.on("requestfailed", lambda request: failed.append(request.url))
    page.goto(path.as_uri(), wait_until="load", timeout=120_000)
    drawn = page.evaluate("document.querySelectorAll('.leaflet-pane canvas, .leaflet-pane path').length > 0")
    context.close()
    return bool(drawn), len(failed)


def time_page(browser: Any, path: Path, map_name: str, slower: int) -> tuple[float, float, float]:
    """Return seconds until drawn, milliseconds of one zoom, and megabytes of the scripts' memory."""
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    page = context.new_page()
    answer_scripts(page)
    driver = context.new_cdp_session(page)
    if slower > 1:
        driver.send("Emulation.setCPUThrottlingRate", {"rate": slower})
    page.set_default_timeout(300_000)
    page.goto(path.as_uri(), wait_until="commit", timeout=300_000)
    ready = page.evaluate(READY) / 1000
    zoom = page.evaluate(ZOOM, map_name)
    driver.send("HeapProfiler.collectGarbage")
    heap = driver.send("Runtime.getHeapUsage")["usedSize"] / 1e6
    context.close()
    return ready, zoom, heap


def measure(browser: Any, view: RunView, page: Page, folder: Path, runs: int) -> list[str]:
    """Return one row of the table."""
    path = folder / "page.html"
    begin = time.process_time()
    map_name = page.write(view, path)
    built = time.process_time() - begin
    raw = path.read_bytes()
    drawn, failed = draws_offline(browser, path)
    try:
        quick = [time_page(browser, path, map_name, 1) for _ in range(runs)]
        slow = [time_page(browser, path, map_name, SLOWER)[0] for _ in range(max(1, runs - 1))]
    except Error as error:
        return [page.name, f"{len(raw) / 1e6:.2f}", "", f"{built:.1f}", "yes" if drawn else "no", str(failed), str(error)[:40], "", "", ""]
    ready, zoom, heap = (statistics.median(values) for values in zip(*quick, strict=True))
    zipped = len(gzip.compress(raw, 6, mtime=0)) / 1e6
    figures = [f"{ready:.2f}", f"{statistics.median(slow):.2f}", f"{zoom:.0f}", f"{heap:.0f}"]
    return [page.name, f"{len(raw) / 1e6:.2f}", f"{zipped:.2f}", f"{built:.1f}", "yes" if drawn else "no, blank", str(failed), *figures]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=sorted(SIZES), default="small")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default="", help="pages whose name holds this")
    asked = parser.parse_args()
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        print("no chromium on the PATH: nothing measured")
        return
    villages, schools, segments = SIZES[asked.size]
    view = with_ways(make_view(villages, schools, segments, km=60, hostile=False))
    corners = int(np.sum([len(part.coords) for line in view.roads.geometry for part in line.geoms]))
    print(f"{villages:,} villages, {schools} schools, {segments:,} road segments ({corners:,} points), {len(view.trips):,} trips")
    versions = f"folium {folium.__version__}, playwright {metadata.version('playwright')}, Python {platform.python_version()}"
    print(f"{versions}, {platform.platform()}")
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as folder:
        browser = driver.chromium.launch(executable_path=chromium, args=NOISE)
        print(f"Chromium {browser.version}; limits for the planner's map: {LIMIT_MB} MB, {LIMIT_S} s, {LIMIT_SLOW_S} s at {SLOWER}x\n")
        heads = [
            "page",
            "MB",
            "zipped",
            "build CPU s",
            "drawn offline",
            "failed requests",
            "ready s",
            f"at {SLOWER}x",
            "zoom ms",
            "heap MB",
        ]
        print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
        for page in PAGES:
            if asked.only in page.name:
                print("| " + " | ".join(measure(browser, view, page, Path(folder), asked.runs)) + " |", flush=True)
        browser.close()


if __name__ == "__main__":
    main()
