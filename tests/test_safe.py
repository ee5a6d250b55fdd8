import json
import math

import jinja2
import pytest

from layout_planner.errors import OutputError
from layout_planner.output.offline import LEAFLET, LEAFLET_SHA256, find_leaflet, seal_page, write_atomically
from layout_planner.output.safe import clean_text, safe_cell, safe_html, script_json
from tests.views import HOSTILE


@pytest.mark.parametrize("name", HOSTILE)
def test_html_survives_two_rounds_of_jinja(name):
    once = jinja2.Template(safe_html(name)).render()
    twice = jinja2.Template(once).render()

    assert twice == safe_html(name)
    assert "<" not in twice


@pytest.mark.parametrize("name", HOSTILE)
def test_script_json_reads_back_and_holds_no_tag_or_template(name):
    text = script_json({"name": name, "nested": [{"a": {}}]})

    assert json.loads(text)["name"] == name
    assert "<" not in text
    assert jinja2.Template(text).render() == text


def test_script_json_refuses_what_json_cannot_say():
    with pytest.raises(ValueError, match="JSON"):
        script_json([math.inf])


def test_clean_text_drops_what_no_encoder_accepts():
    assert clean_text("a\x00b\ud800") == "a b\ufffd"
    assert clean_text(None) == clean_text(math.nan) == ""
    clean_text("a\ud83d").encode()


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "-"])
def test_cell_that_would_run_is_text(text):
    assert safe_cell(text) == "'" + text


@pytest.mark.parametrize("value", ["大坪", "", "-5", "+12.5", "3e4", 7, -2.5, None, True])
def test_harmless_cell_is_left_alone(value):
    assert safe_cell(value) == value


@pytest.mark.parametrize(
    "tag",
    [
        '<script src="https://example.org/x.js"></script>',
        '<link rel="stylesheet" href="//example.org/x.css">',
        '<img src="a.png">',
        '<script src="asset:missing.js"></script>',
        '<script src="https://cdn.jsdelivr.net/npm/leaflet@1.9.3/dist/none.js"></script>',
    ],
)
def test_unknown_reference_is_refused(tag):
    with pytest.raises(OutputError):
        seal_page(f"<html><head>{tag}</head></html>")


def test_sealed_page_runs_only_its_own_scripts():
    page = seal_page('<html><head><script src="asset:page.js"></script></head></html>')

    assert "script-src 'sha256-" in page
    assert "default-src 'none'" in page
    assert "unsafe-inline" not in page.split("script-src", 1)[1].split(";", 1)[0]


def test_a_leaflet_that_was_altered_is_refused(tmp_path, monkeypatch):
    for name in LEAFLET_SHA256:
        target = tmp_path / name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes((find_leaflet() / name).read_bytes())
    monkeypatch.setattr("layout_planner.output.offline.find_leaflet", lambda: tmp_path)
    page = f'<html><head><script src="{LEAFLET}leaflet.js"></script><link rel="stylesheet" href="{LEAFLET}leaflet.css"/></head></html>'
    assert "L.map" in seal_page(page) or "leaflet" in seal_page(page)
    for name in ("leaflet.js", "leaflet.css", "images/layers.png"):
        kept = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(kept + b" ")
        with pytest.raises(OutputError, match="not the published one"):
            seal_page(page)
        (tmp_path / name).write_bytes(kept)


def test_failed_write_leaves_the_old_file_and_no_rest(tmp_path, monkeypatch):
    path = tmp_path / "map.html"
    write_atomically(path, "old")
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))

    with pytest.raises(OutputError, match="disk full"):
        write_atomically(path, "new")

    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["map.html"]


def test_folder_that_cannot_be_made_is_an_output_error(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(OutputError):
        write_atomically(tmp_path / "file" / "map.html", "x")
