"""The pages in a real browser: what a villager, an official and a hostile village name can do."""

import dataclasses
import re
from contextlib import ExitStack

import pytest

from layout_planner.output.map_data import summarise_state
from layout_planner.output.maps import write_compare_map, write_map
from layout_planner.output.pages import write_compare_page, write_gate_page
from layout_planner.output.report import write_report
from layout_planner.words import Words
from tests.views import HOSTILE, LONG_NAME, make_trips, make_view
from tests.visiting import DESK, MARKS, PHONE, click_at, pixels, popup_titles, soon, start_browser, visit

pytestmark = MARKS


@pytest.fixture(scope="module")
def views():
    plain, hostile = make_view(hostile=False), make_view()
    schools = plain.schools.assign(form_plan=plain.schools["form_today"], bands_plan=plain.schools["bands_today"])
    keep = dataclasses.replace(
        plain,
        name="keep",
        title=Words("保留方案", "Keep all"),
        schools=schools,
        mergers=(),
        verdict="pass",
        trips=make_trips(plain.settlements, schools),
    )
    return {"plain": plain, "hostile": hostile, "keep": keep}


@pytest.fixture(scope="module")
def files(views, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    write_map(views["plain"], folder / "map.html", "zh")
    write_map(views["hostile"], folder / "hostile.html", "zh")
    write_map(dataclasses.replace(views["plain"], verdict="unknown"), folder / "unknown.html", "en")
    write_compare_map([views["plain"], views["keep"]], folder / "compare_map.html", "en")
    write_compare_map([views["hostile"], views["hostile"]], folder / "hostile_compare_map.html", "en")
    hostile = dataclasses.replace(views["hostile"], measures={when: summarise_state(views["hostile"], when) for when in ("today", "plan")})
    write_gate_page(hostile, folder / "gate.html", "zh")
    write_report(hostile, folder / "report.html", "en")
    write_compare_page([hostile, hostile], folder / "compare.html", "zh")
    return folder


@pytest.fixture(scope="module")
def browser():
    with start_browser() as started:
        yield started


@pytest.fixture
def open_page(browser, files):
    with ExitStack() as opened:
        yield lambda name, viewport=DESK, **options: opened.enter_context(visit(browser, files / name, viewport, **options))


def find(page, text):
    page.get_by_role("combobox").first.fill(text)
    page.get_by_role("option").first.click()
    return page.locator("#card")


@pytest.mark.parametrize("query", ["大坪村", "dapingcun", "dpc", "Daping Vil", "S0000", "DAPING"])
def test_village_is_found_in_any_script(open_page, views, query):
    page = open_page("map.html")
    card = find(page, query)

    row = views["plain"].trips.iloc[0]
    assert card.locator("h2").inner_text().startswith("大坪村")
    text = card.inner_text()
    school = views["plain"].schools.at[row["school_id"], "name"]
    for part in ("现在就读", "拟就读", "步行", school, f"{round(row['seconds'] / 60)} 分钟"):
        assert part in text


def test_card_speaks_english(open_page):
    page = open_page("map.html")
    find(page, "daping")
    page.locator("#language").click()
    text = page.locator("#card").inner_text()

    assert "Daping Village" in text
    for part in ("School now", "School proposed", " min", "on foot"):
        assert part in text
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.title() == "2027 layout"


def test_search_and_card_by_keyboard_alone(open_page):
    page = open_page("map.html")
    page.locator("#language").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "find"
    page.keyboard.type("cun")
    first = page.locator("#find").get_attribute("aria-activedescendant")
    page.keyboard.press("ArrowDown")
    assert page.locator("#find").get_attribute("aria-activedescendant") != first
    wanted = page.locator("[role=option][aria-selected=true] .name").first.inner_text()
    page.keyboard.press("Enter")

    assert page.locator("#card h2 .name").first.inner_text() == wanted
    assert page.locator("#find").get_attribute("aria-expanded") == "false"
    page.locator("#view-choices input").nth(1).focus()
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("planner.view.mode") == "from"
    assert page.evaluate("document.activeElement.name") == "view"


def test_click_on_a_village_tells_its_ways_in_a_popup(open_page, views):
    page = open_page("map.html")
    # the village furthest from all schools, so that the click cannot mean a school
    places, sites = (
        views["plain"].settlements.geometry.set_crs(None, allow_override=True),
        views["plain"].schools.geometry.set_crs(None, allow_override=True),
    )
    village = int(places.map(lambda place: sites.distance(place).min()).to_numpy().argmax())
    place = f"planner.latLng(planner.data.villages, {village})"
    click_at(page, place)
    assert soon(lambda: popup_titles(page))
    chosen = page.evaluate("planner.chosen")
    popup = page.locator(".leaflet-popup-content")

    popup.wait_for()
    assert page.evaluate("(i) => planner.data.villages.name[i]", chosen) in popup.inner_text()
    for part in ("现状", "方案"):
        assert part in popup.inner_text()
    assert page.locator("#card").is_visible()
    assert soon(lambda: pixels(page, "ways") > 200)


def test_merger_in_the_list_opens_its_school(open_page, views):
    page = open_page("map.html")
    page.locator(".mergers .link").first.click()
    text = page.locator(".leaflet-popup-content").inner_text()

    assert views["plain"].schools.at[views["plain"].mergers[0], "name"] in text
    assert "现状" in text
    assert "✗ 不通过" in page.locator(".mergers .chip").first.inner_text()
    page.locator(".mergers summary").first.click()
    assert "没有听证会记录" in page.locator(".mergers").inner_text()


@pytest.mark.parametrize(
    ("layer", "rows"), [("risk", "步行时间过长"), ("safe", "符合规范"), ("schools", "保留的学校"), ("roads", "干线公路")]
)
def test_layer_takes_its_legend_along(open_page, layer, rows):
    page = open_page("map.html")
    pane = "base" if layer == "roads" else "to"
    before = pixels(page, pane)
    colours = page.evaluate("(p) => planner.map.getPane(p).querySelector('canvas').toDataURL()", pane)
    assert rows in page.locator("#legend").inner_text()
    page.locator(f"[name=layer-{layer}]").uncheck()

    assert rows not in page.locator("#legend").inner_text()
    assert page.evaluate("(p) => planner.map.getPane(p).querySelector('canvas').toDataURL()", pane) != colours
    page.locator(f"[name=layer-{layer}]").check()
    assert rows in page.locator("#legend").inner_text()
    assert soon(lambda: pixels(page, pane) == before)


def test_catchment_lines_follow_the_band(open_page):
    page = open_page("map.html")
    page.locator("[name=band-0]").uncheck()
    without = pixels(page, "to")
    page.locator("[name=band-2]").check()

    assert soon(lambda: pixels(page, "to") > without)


def test_now_proposed_and_swipe(open_page):
    page = open_page("map.html")
    page.get_by_role("radio", name="现状").check()
    assert page.evaluate("[planner.map.getPane('from').style.display, planner.map.getPane('to').style.display]") == ["", "none"]
    page.get_by_role("radio", name="左右对比").check()
    page.locator("#swipe").focus()
    halfway = page.evaluate("planner.map.getPane('from').style.clip")
    page.keyboard.press("Home")
    assert soon(lambda: page.evaluate("planner.map.getPane('from').style.clip") != halfway)
    assert page.locator("#tag-left").inner_text() == "现状"
    assert page.locator("#tag-right").inner_text() == "方案"
    assert page.evaluate("[planner.stateAt(5), planner.stateAt(500)]") == [0, 1]


def test_map_is_still_painted_after_search_and_zoom(open_page):
    page = open_page("map.html", PHONE)
    find(page, "daping")
    for pane in ("base", "to", "ways"):
        assert pixels(page, pane) > 100
    page.locator(".leaflet-control-zoom-in").click()
    page.wait_for_timeout(600)  # the zoom glides; what matters is what is left when it has ended
    assert soon(lambda: pixels(page, "base") > 100)


def test_any_two_of_the_compared_runs_side_by_side(open_page):
    page = open_page("compare_map.html")
    page.get_by_role("radio", name="Keep all").check()
    assert page.evaluate("planner.view.to") == 2
    page.get_by_role("radio", name="Swipe").check()
    page.get_by_label("Left").select_option("1")
    page.get_by_label("Right").select_option("2")

    assert page.locator("#tag-left").inner_text() == "2027 layout"
    assert page.locator("#tag-right").inner_text() == "Keep all"
    table = page.locator(".runs").inner_text()
    for part in ("Today", "2027 layout", "Keep all", "✓ Passes", "✗ Refused"):
        assert part in table
    card = find(page, "daping").inner_text()
    assert "2027 layout" in card
    assert "Keep all" in card


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_name_is_shown_and_never_run(open_page, views, name):
    page = open_page("hostile.html")
    village = list(views["hostile"].settlements["name"]).index(name)
    page.evaluate("(i) => planner.openVillage(i)", village)

    assert page.locator("#card h2 .name").first.evaluate("e => e.textContent") == name
    assert page.locator(".leaflet-popup-content h2 .name").first.evaluate("e => e.textContent") == name
    page.locator("#find").fill(name[:40])
    assert page.locator("[role=option]").count() >= 1
    assert page.evaluate("document.querySelectorAll('#panel img, #panel script').length") == 0


@pytest.mark.parametrize("file", ["hostile.html", "hostile_compare_map.html", "gate.html", "report.html", "compare.html"])
def test_hostile_title_and_notes_are_text(open_page, file):
    page = open_page(file)
    assert "{{7*7}}</title>" in page.locator("body").evaluate("e => e.textContent") or "compare" in file
    assert page.evaluate("document.querySelectorAll('main img[src=x], .sheet img[src=x]').length") == 0
    page.locator("#language").click()


@pytest.mark.parametrize(
    "file",
    [
        "map.html",
        "unknown.html",
        "hostile.html",
        "compare_map.html",
        "hostile_compare_map.html",
        "gate.html",
        "report.html",
        "compare.html",
    ],
)
def test_phone_never_scrolls_sideways(open_page, views, file):
    page = open_page(file, PHONE, has_touch=True, device_scale_factor=2)
    if file == "hostile.html":
        page.evaluate("(i) => planner.openVillage(i)", list(views["hostile"].settlements["name"]).index(LONG_NAME))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_targets_are_large_enough_for_a_thumb(open_page):
    page = open_page("map.html", PHONE, has_touch=True)
    small = page.evaluate("""[...document.querySelectorAll('button, select, input[type=text], label.choice, .leaflet-bar a, summary')]
        .filter((e) => e.offsetParent && e.getBoundingClientRect().height < 44 && !e.closest('.mergers details'))
        .map((e) => e.outerHTML.slice(0, 80))""")
    assert small == []


def test_large_county_stays_small_and_opens(browser, tmp_path):
    path = tmp_path / "large_map.html"
    write_map(make_view(2000, 120, 20_000, km=60, hostile=False), path, "zh")
    assert path.stat().st_size <= 3_000_000
    with visit(browser, path) as page:
        page.get_by_role("combobox").first.fill("cun")
        assert page.locator("[role=option]").count() == 30
        assert re.search("30", page.locator("#find-status").inner_text())


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_trip_and_travel_pages_show_their_views(browser, tmp_path, lang):
    from click.testing import CliRunner

    from layout_planner.cli import main
    from layout_planner.embedded import demo_scenarios

    scenario = str(demo_scenarios()[0])
    for more in ((), ("--from", "长箐", "--to", "2152990121", "--band", "junior")):
        assert (
            CliRunner(catch_exceptions=False).invoke(main, ["travel", scenario, "--out", str(tmp_path), "--lang", lang, *more]).exit_code
            == 0
        )
    for name, views in (
        ("travel.html", 9),
        ("trip.html", 7),
    ):  # with the demo's public lines: 3 bands by 3 modes; 3 ways there and back, 1 by line
        with visit(browser, tmp_path / name, PHONE) as page:
            assert page.locator("#view-choices input").count() == views
            before = page.locator("#lead").inner_text()
            page.locator("#view-choices label").nth(3).click()
            assert page.locator("#lead").inner_text() != before
            page.locator("#language").click()
            assert page.locator("html").get_attribute("lang") == ("en" if lang == "zh" else "zh-CN")
            assert (page.locator("#sheet tbody tr").count() > 2) == (name == "trip.html")
            assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
