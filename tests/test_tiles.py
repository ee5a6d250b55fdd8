"""Online backgrounds: only on request, only from the host that was named, and at the right place."""

from __future__ import annotations

import base64
import re

import numpy as np
import pytest
from click.testing import CliRunner

from layout_planner.cli import main
from layout_planner.county.coordinates import gcj02_to_wgs84, wgs84_to_gcj02
from layout_planner.errors import InputError
from layout_planner.output.maps import write_map
from layout_planner.output.tiles import PROVIDERS, choose_tiles
from tests.test_consultation import in_browser
from tests.test_public import blob_of, store
from tests.views import make_view
from tests.visiting import DESK, soon, start_browser, wait_until_ready

KEY = "0123456789abcdef"
DOT = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")


@pytest.fixture(scope="module")
def view():
    return make_view(60, 8, hostile=False)


def test_a_map_asks_for_nothing_unless_it_is_told_to(view, tmp_path):
    write_map(view, tmp_path / "map.html", "zh")
    assert blob_of(tmp_path / "map.html")["tiles"] is None
    assert re.search(r"img-src data: blob:;", (tmp_path / "map.html").read_text(encoding="utf-8"))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_policy_lets_pictures_of_that_host_in_and_nothing_else(view, tmp_path, provider):
    tiles = choose_tiles(provider, KEY)
    write_map(view, tmp_path / "map.html", "zh", tiles=tiles)
    page = (tmp_path / "map.html").read_text(encoding="utf-8")
    assert f"img-src data: blob: {' '.join(tiles.hosts)};" in page
    assert "connect-src 'none'" in page
    assert all(re.match(r"https://[\w.{}-]+/", url) for url in tiles.urls)


@pytest.mark.parametrize("key", ["", "x", "abc&callback=1234567", '"><script>aaaaaaaa'])
def test_tianditu_wants_a_key_that_is_one(key):
    with pytest.raises(InputError):
        choose_tiles("tianditu", key)


def test_the_verb_draws_one_run_or_compares_several(view, tmp_path):
    run = store(view, tmp_path / "run")
    for runs, name in (([run], "map.html"), ([run, run], "compare-map.html")):
        done = CliRunner().invoke(main, ["map", *map(str, runs), "--tiles", "osm", "--out", str(tmp_path / "out"), "--lang", "zh"])
        assert done.exit_code == 0, done.stderr
        assert blob_of(tmp_path / "out" / name)["tiles"]["attribution"].startswith("© OpenStreetMap")
    assert CliRunner().invoke(main, ["map", str(run), "--tiles", "tianditu", "--out", str(tmp_path / "out")]).exit_code == 3


@pytest.fixture(scope="module")
def browser():
    with start_browser() as started:
        yield started


def open_online(browser, path):
    """Open the page with tiles answered from here; return the page, what it asked for, and what it complained of."""
    page = browser.new_context(viewport=DESK).new_page()
    asked, faults = [], []
    page.route(re.compile("^https?:"), lambda route: (asked.append(route.request.url), route.fulfill(body=DOT, content_type="image/png")))
    page.on("console", lambda message: faults.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(path.as_uri())
    wait_until_ready(page, faults)
    assert soon(lambda: asked and page.locator("img.leaflet-tile").count() == page.locator("img.leaflet-tile-loaded").count())
    return page, asked, faults


@in_browser
@pytest.mark.parametrize("provider", PROVIDERS)
def test_tiles_come_from_their_host_with_attribution(browser, view, tmp_path, provider):
    tiles = choose_tiles(provider, KEY)
    write_map(view, tmp_path / "map.html", "zh", tiles=tiles)
    page, asked, faults = open_online(browser, tmp_path / "map.html")
    host = tiles.hosts[0].removeprefix("https://").removeprefix("*.")
    assert asked
    assert all(re.match(rf"https://[\w.]*{re.escape(host)}/", url) for url in asked)
    assert faults == []
    assert tiles.attribution in page.locator(".leaflet-control-attribution").inner_text()
    before = len(asked)
    page.get_by_label("在线底图").uncheck()
    page.evaluate("planner.map.setZoom(planner.map.getZoom() + 1, { animate: false })")
    page.wait_for_timeout(300)
    assert len(asked) == before
    page.context.close()


@in_browser
def test_the_shift_is_that_of_the_readers_and_tiles_lie_where_it_says(browser, view, tmp_path):
    write_map(view, tmp_path / "map.html", "zh", tiles=choose_tiles("amap", ""))
    page, *_ = open_online(browser, tmp_path / "map.html")
    random = np.random.default_rng(5)
    lon, lat = random.uniform(102, 116, 40), random.uniform(25, 38, 40)
    expected = np.column_stack(wgs84_to_gcj02(lon, lat))
    points = np.column_stack([lon, lat]).tolist()
    forth = "(points) => points.map(([lng, lat]) => planner.toGcj({ lng, lat })).map((p) => [p.lng, p.lat])"
    back = "(points) => points.map(([lng, lat]) => planner.fromGcj(L.latLng(lat, lng))).map((p) => [p.lng, p.lat])"
    assert np.array(page.evaluate(forth, points)) == pytest.approx(expected, abs=1e-9)
    assert np.array(page.evaluate(back, points)) == pytest.approx(np.column_stack(gcj02_to_wgs84(lon, lat)), abs=1e-7)
    # the corner of every tile in GCJ-02 lies on the map where that place is in WGS 84; half a pixel of rounding each
    found = page.evaluate(
        """() => { const layer = planner.tiles.getLayers()[0]; return Object.values(layer._tiles).map((tile) => {
        const corner = planner.map.unproject(tile.coords.scaleBy(layer.getTileSize()), tile.coords.z);
        const pos = L.DomUtil.getPosition(tile.el), at = layer._level.origin, zoom = tile.coords.z;
        return [corner.lng, corner.lat, pos.x + at.x, pos.y + at.y, zoom]; }); }"""
    )
    assert found
    for lng, lat, x, y, zoom in found:
        west, north = gcj02_to_wgs84(np.array([lng]), np.array([lat]))
        project = "([lat, lng, zoom]) => { const p = planner.map.project([lat, lng], zoom); return [p.x, p.y]; }"
        place = page.evaluate(project, [float(north[0]), float(west[0]), zoom])
        assert (x, y) == pytest.approx(place, abs=1.01)
    page.context.close()
