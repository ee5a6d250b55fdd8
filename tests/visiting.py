"""Pages in a real browser with the network off: what every such test shares."""

from __future__ import annotations

import shutil
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
MARKS = [pytest.mark.browser, pytest.mark.skipif(BROWSER is None, reason="no chromium, chromium-browser or google-chrome on the PATH")]
NOISE = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run")
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 860}
SERIOUS = {"serious", "critical"}


@contextmanager
def start_browser() -> Iterator[Any]:
    """Yield the system's browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=BROWSER, args=list(NOISE))
        yield started
        started.close()


@contextmanager
def visit(browser: Any, path: Path, viewport: dict[str, int] = DESK, **options: Any) -> Iterator[Any]:
    """Yield the page at `path`; at the end nothing may have been asked for, complained of or run."""
    context = browser.new_context(viewport=viewport, offline=True, accept_downloads=True, **options)
    page, faults = context.new_page(), []
    page.on("console", lambda message: faults.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", lambda dialog: (faults.append("dialog: " + dialog.message), dialog.dismiss()))
    page.on("request", lambda request: None if request.url.startswith(("file:", "data:", "blob:")) else faults.append(request.url))
    page.goto(path.as_uri())
    wait_until_ready(page, faults)
    yield page
    assert faults == []
    assert page.evaluate("window.__hacked === undefined")
    context.close()


def soon(check: Callable[[], Any], seconds: float = 30.0) -> Any:
    """Return what `check` says once that is true, or at the last: maps glide, popups fade, and a busy machine is slow."""
    end = time.monotonic() + seconds
    while not (seen := check()) and time.monotonic() < end:
        time.sleep(0.02)
    return seen


def wait_until_ready(page: Any, faults: list[str] | None = None) -> None:
    """Wait until a page that draws data has done so; the page's own policy forbids the driver's usual way of waiting."""
    drawn = soon(lambda: page.evaluate("window.__ready !== undefined || !document.getElementById('planner-data')"))
    assert drawn, f"the page was not drawn: {faults}"


def click_at(page: Any, place: str) -> None:
    """Click on `place`, a script's LatLng, in the middle of a map at rest: a popup left open could lie over it for good."""
    x, y = page.evaluate(
        f"""() => {{ const map = planner.map, at = {place}; map.closePopup(); map.stop();
        map.setView(at, map.getZoom(), {{ animate: false }}); const p = map.latLngToContainerPoint(at); return [p.x, p.y]; }}"""
    )
    assert soon(lambda: popup_titles(page) == []), "the popup before stays"
    box = page.locator(".folium-map").bounding_box()
    page.mouse.click(box["x"] + x, box["y"] + y)


def popup_titles(page: Any, inner: str = "") -> list[str]:
    """Return the titles of the popups in sight, one that is fading among them."""
    return page.locator(f".leaflet-popup-content h2 {inner}").evaluate_all("all => all.map((e) => e.textContent)")


def serious_faults(page: Any) -> list[str]:
    """Return the serious faults of accessibility that axe-core finds: rule, what it asks, where."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-core is not installed: pip install -e .[dev]")
    found = axe.Axe().run(page).response["violations"]
    return [
        f"{fault['id']}: {fault['help']}: {node['html'][:120]}" for fault in found if fault["impact"] in SERIOUS for node in fault["nodes"]
    ]


def pixels(page: Any, pane: str) -> int:
    """Return how many pixels of a pane are painted."""
    return page.evaluate(
        """(pane) => { const c = planner.map.getPane(pane).querySelector('canvas'), copy = new OffscreenCanvas(c.width, c.height);
        const ctx = copy.getContext('2d', { willReadFrequently: true }); ctx.drawImage(c, 0, 0);
        const d = ctx.getImageData(0, 0, c.width, c.height).data;
        let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 0; return n; }""",
        pane,
    )
