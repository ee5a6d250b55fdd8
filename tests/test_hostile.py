"""Hostile names travel through every verb and every file: shown as text, never run."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import zipfile
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from click.testing import CliRunner

from layout_planner.cli import main
from layout_planner.county.gtfs_feed import Publisher, write_feed
from layout_planner.county.lines import Call, Run, Service, build_lines
from tests.test_consultation import in_browser
from tests.views import HOSTILE
from tests.visiting import serious_faults, start_browser, visit

TINY = Path(__file__).parent / "data" / "tiny"
FORMULAS = ("=cmd|' /C calc'!A0", "@SUM(1+1)*cmd|' /C calc'!A0", "+1+cmd", "-2+3+cmd")
RUNS_AT_BUILD = "X{{ cycler.__init__.__globals__.os.getpid() }}Y"
NAMES = (*HOSTILE, *FORMULAS, RUNS_AT_BUILD)
PAGES = (
    "map.html", "gate.html", "report.html", "compare.html", "compare-map.html", "consult.html", "travel.html", "trip.html", "quality.html",
)  # fmt: skip


def rewrite(path, change):
    rows = change(list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def more_villages(rows):
    """Return a village for every hostile name, strewn about the four that can be reached."""
    made = [{**row, "name": NAMES[0], "name_en": NAMES[3]} for row in rows]
    for number, name in enumerate(NAMES):
        home = rows[number % 4]
        shifted = {"lon": str(float(home["lon"]) + 0.0002 * (number + 1)), "lat": str(float(home["lat"]) + 0.0001)}
        town = NAMES[4] if number % 2 else NAMES[-1]
        made.append({**home, **shifted, "settlement_id": f"H{number:02d}", "name": name, "name_en": name, "township": town})
    return made


def hostile_county(folder):
    """Copy the tiny county with hostile names of villages, townships, schools, venues and the plan itself."""
    shutil.copytree(TINY, folder)
    rewrite(folder / "settlements.csv", more_villages)
    rewrite(folder / "schools.csv", lambda rows: [{**row, "name": NAMES[4], "name_en": NAMES[6]} for row in rows])
    rewrite(folder / "venues.csv", lambda rows: [{**row, "name": NAMES[6]} for row in rows])
    scenario = (folder / "scenario.toml").read_text(encoding="utf-8")
    title = json.dumps({"zh": NAMES[4] + FORMULAS[0], "en": RUNS_AT_BUILD}).replace(": ", " = ").replace('"zh"', "zh").replace('"en"', "en")
    scenario = re.sub(r"title = .*", lambda _: f"title = {title}", scenario)
    kept = [line for line in scenario.splitlines() if not line.startswith(("cohorts", "outlook", "moves", "registers"))]
    (folder / "scenario.toml").write_text("\n".join(kept) + "\n", encoding="utf-8")
    return folder


def call(*words):
    done = CliRunner(catch_exceptions=False).invoke(main, [str(word) for word in words])
    assert done.exit_code == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Run every verb that writes files on the hostile county and return the folder of all of them."""
    folder = tmp_path_factory.mktemp("hostile")
    county, out = hostile_county(folder / "county"), folder / "out"
    one, run = county / "scenario.toml", out / "tiny"
    call("run", one, "--out", out, "--lang", "zh")
    call("compare", run, run, "--out", out, "--lang", "en")
    call("consult", run, "--out", out / "public", "--office", NAMES[4], "--lang", "zh")
    call("publish", run, "--out", out / "public", "--lang", "en")
    call("travel", one, "--out", out, "--lang", "zh")
    call("travel", one, "--from", "H04", "--to", "P1", "--out", out, "--lang", "en")
    call("check", one, "--report", out / "quality", "--lang", "zh")
    call("dossier", run, "--out", out / "dossiers", "--school", "P1", "--lang", "zh")
    call("report", run, "--out", out / "reports", "--no-pdf", "--lang", "zh")
    call("sheets", run, "--out", out / "sheets", "--no-pdf", "--lang", "zh")
    return out


def files_of(written, suffix):
    found = sorted(written.rglob(f"*{suffix}"))
    assert found
    return found


def test_every_page_that_is_written_is_among_the_pages_that_are_visited(written):
    names = {path.name for path in files_of(written, ".html")}
    assert {name for name in PAGES if name != "quality.html"} <= names


def test_no_page_holds_a_hostile_tag_or_what_a_template_made_of_it(written):
    for path in files_of(written, ".html"):
        page = re.sub(r"base64,[A-Za-z0-9+/=]+", "", path.read_text(encoding="utf-8"))  # pictures spell anything
        assert '<img src=x onerror="window.__hacked' not in page, path
        assert "</script><script>window.__hacked" not in page, path
        assert not re.search(r"X\d+Y", page), path
        assert "X49Y" not in page
        policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
        assert policy, path
        assert "default-src 'none'" in policy[1]
        assert "unsafe-inline" not in re.search(r"script-src([^;]*)", policy[1])[1]


def test_no_cell_of_a_workbook_is_a_formula(written):
    seen = set()
    for path in files_of(written, ".xlsx"):
        book = openpyxl.load_workbook(path)
        cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row if cell.value is not None]
        book.close()
        assert [cell.coordinate for cell in cells if cell.data_type == "f"] == [], path
        texts = [cell.value for cell in cells if isinstance(cell.value, str)]
        assert not [text for text in texts if text.startswith(("=", "@")) or re.match(r"[+-]\D|[+-]\d.*cmd", text)], path
        seen |= set(texts)
    assert {"'" + name for name in FORMULAS} <= seen


def test_no_cell_of_a_text_table_would_run_in_a_spreadsheet(written):
    for path in files_of(written, ".csv"):
        for row in csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))):
            assert not [cell for cell in row if cell.startswith(("=", "@")) or re.match(r"[+-]\D|[+-]\d.*cmd", cell)], path


def test_stored_tables_keep_the_names_as_they_are(written):
    assert set(NAMES) <= set(gpd.read_parquet(written / "tiny" / "settlements.parquet")["name"])
    layer = gpd.read_file(written / "tiny" / "plan.gpkg", layer="settlements")
    assert set(NAMES) <= set(layer["name"])


def test_no_stop_of_a_feed_would_run_in_a_spreadsheet():
    stops = pd.DataFrame({"stop_id": ["a", "b"], "name": [FORMULAS[0], HOSTILE[4] + "\x00"], "lon": [105.0, 105.1], "lat": [26.2, 26.3]})
    calls = (Call("a", 0.0, 0.0), Call("b", 600.0, 600.0))
    lines = build_lines(stops.set_index("stop_id"), [Service("L", FORMULAS[1], calls, (Run(25200.0, 25200.0, 0.0),))], "EPSG:32648")
    feed = zipfile.ZipFile(io.BytesIO(write_feed(lines, Publisher(FORMULAS[2], "https://example.org", "20260901", "20270710"))))
    texts = [cell for name in feed.namelist() for row in csv.reader(io.StringIO(feed.read(name).decode())) for cell in row]
    assert {"'" + FORMULAS[0], "'" + FORMULAS[1], "'" + FORMULAS[2], HOSTILE[4]} <= set(texts)
    assert not [text for text in texts if text.startswith(("=", "@", "+"))]


@pytest.fixture(scope="module")
def browser():
    with start_browser() as started:
        yield started


@in_browser
def test_the_browser_runs_nothing_and_asks_for_nothing(browser, written):
    for path in files_of(written, ".html"):
        with visit(browser, path) as page:
            assert page.evaluate("document.querySelectorAll('img[src=x], [onerror], [onload], [onclick]').length") == 0
            if page.locator("#language").count():
                page.locator("#language").click()


@in_browser
@pytest.mark.parametrize("file", ["tiny/map.html", "public/tiny/consult.html", "public/tiny/map.html"])
def test_maps_show_every_hostile_name_as_text(browser, written, file):
    with visit(browser, written / file) as page:
        for number, name in enumerate(NAMES):
            page.evaluate("(id) => planner.openVillage(planner.data.villages.id.indexOf(id))", f"H{number:02d}")
            assert page.locator("#card h2 .name").first.evaluate("e => e.textContent") == name


@in_browser
@pytest.mark.parametrize("file", [name for name in PAGES if "map" not in name and name != "consult.html"])
def test_no_page_has_a_serious_fault_of_accessibility(browser, written, file):
    path = next(written.rglob(file))
    with visit(browser, path) as page:
        assert serious_faults(page) == []
