"""The consultation page: what it may hold, and what a villager does with it in a browser."""

from __future__ import annotations

import dataclasses
import json
import re

import geopandas as gpd
import pytest
from click.testing import CliRunner
from shapely import LineString

from layout_planner.cli import main
from layout_planner.county.comments import read_comments
from layout_planner.errors import InputError, OutputError
from layout_planner.output.consult_data import Notice, encode_consultation, read_consult_words, read_notice
from layout_planner.output.consultation import write_consult_page, write_consultation
from layout_planner.output.offline import read_asset
from layout_planner.output.packing import unpack_lines
from layout_planner.output.public import public_view
from layout_planner.output.run_view import read_view
from tests.test_privacy import LEAST
from tests.test_public import blob_of, store
from tests.views import HOSTILE, make_view
from tests.visiting import MARKS, PHONE, pixels, serious_faults, soon, start_browser, visit, wait_until_ready

HASH = "5f" * 32
NOTICE = Notice(HASH, frozenset(), "县教育局 <b>基教科</b>", "2027-03-31", LEAST)
SMALL_WORDS = ("left_behind", "poor", "disabled", "boarders_", "pupils_lower")


def with_ways(view):
    """Return `view` with a bent way for every trip: two strands, the second shared by all that come to one school on foot."""
    trips = view.trips[view.trips["school_id"] != ""].drop_duplicates(["school_id", "settlement_id", "mode"])
    rows, lines = [], []
    for school_id, part in trips.groupby("school_id"):
        door = view.schools.geometry[school_id]
        gate = (door.x + 0.004, door.y + 0.002)
        for kind in ("walk", "ride"):
            rows.append((school_id, kind, "", -1))
            lines.append(LineString([gate, door.coords[0]]))
            shared = len(rows) - 1
            for home in part["settlement_id"].unique():
                start = view.settlements.geometry[home].coords[0]
                rows.append((school_id, kind, home, shared))
                lines.append(LineString([start, (gate[0], start[1]), gate]))
    table = gpd.GeoDataFrame(rows, columns=["school_id", "kind", "settlement_id", "after"], geometry=lines, crs="EPSG:4326")
    return dataclasses.replace(view, ways=table)


def stored_run(view, folder):
    """Store `view` with a scenario and a certificate, of which only closing list and digest are read."""
    store(view, folder)
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    run["scenario"] = {"plan": {"close": list(view.mergers[:1])}}
    (folder / "run.json").write_text(json.dumps(run, ensure_ascii=False), encoding="utf-8")
    (folder / "certificate.json").write_text(json.dumps({"digest": HASH}), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def view():
    return with_ways(make_view(60, 8, hostile=False))


@pytest.fixture(scope="module")
def files(view, tmp_path_factory):
    folder = tmp_path_factory.mktemp("consult")
    notice = dataclasses.replace(NOTICE, listed=frozenset(view.mergers))
    write_consult_page(view, notice, folder / "zh.html", "zh")
    write_consult_page(view, notice, folder / "en.html", "en")
    write_consult_page(with_ways(make_view(60, 8)), notice, folder / "hostile.html", "zh")
    return folder


def leaving(page):
    """Return a village whose pupils would leave a school that closes or loses grades."""
    return page.evaluate("planner.data.villages.id.findIndex((_, i) => planner.leftSchools(i).some((school) => planner.data.lost[school]))")


# ---- what it holds


def test_it_holds_no_count_of_a_village_and_none_below_the_least(view):
    data = encode_consultation(public_view(view, LEAST), NOTICE, "zh")
    for state in data["states"]:
        assert set(state["trips"][4::11]) <= {1}
        assert all(value in {0, -1} or value >= LEAST for value in (*state["pupils"], *state["boarders"]))
    text = json.dumps({key: value for key, value in data.items() if key != "words"}, ensure_ascii=False)
    assert not [word for word in SMALL_WORDS if word in text]


def test_findings_come_as_rule_and_verdict_only(view):
    data = encode_consultation(public_view(view, LEAST), NOTICE, "zh")
    said = {zh for found in data["first"].values() for _, zh, _ in found}
    assert said == {"走读时间", "听证"}
    assert {found[0] for reasons in data["first"].values() for found in reasons} <= {"pass", "fail", "unknown"}


def test_every_sentence_that_the_scripts_say_exists_in_both_languages():
    words = read_consult_words()
    scripts = "".join(read_asset(name) for name in ("consult.js", "consult_card.js", "consult_say.js"))
    said = set(re.findall(r"'(c\.[\w.]+)'", scripts)) - {"c.", "c.by.", "c.state.", "c.stance.", "c.key.", "c.day."}
    assert said <= set(words)
    assert all(zh and en for zh, en in words.values())
    for zh, en in words.values():
        assert set(re.findall(r"\{\w+\}", zh)) == set(re.findall(r"\{\w+\}", en))


def test_ways_end_where_the_village_and_the_school_are(view):
    data = encode_consultation(public_view(view, LEAST), NOTICE, "zh")
    ways = data["ways"]
    village, school, _, strand = ways["begin"][:4]
    lines = unpack_lines(ways["lines"])
    assert lines[strand][:2] == [data["villages"]["x"][village], data["villages"]["y"][village]]
    last = lines[ways["after"][strand]]
    assert [sum(last[0::2]), sum(last[1::2])] == pytest.approx([data["schools"]["x"][school], data["schools"]["y"][school]], abs=1)


def test_the_notice_is_read_from_the_run(view, tmp_path):
    run = stored_run(view, tmp_path / "run")
    notice = read_notice(run, office=" a\x00b ", until="", least=LEAST)
    assert (notice.plan_hash, notice.listed, notice.office) == (HASH, frozenset(view.mergers[:1]), "a b")
    stored = json.loads((run / "run.json").read_text("utf-8"))
    stored["scenario"]["public"] = {"objections_to": {"zh": "基教科", "en": "Schools Office"}, "objections_until": "2027-04-30"}
    (run / "run.json").write_text(json.dumps(stored), encoding="utf-8")
    notice = read_notice(run, office="", until="", least=LEAST)
    assert (notice.office, notice.until) == ("基教科 / Schools Office", "2027-04-30")
    assert read_notice(run, office="x", until="2027-01-01", least=LEAST).office == "x"
    (run / "certificate.json").unlink()
    with pytest.raises(InputError):
        read_notice(run, office="", until="", least=LEAST)


def test_ways_are_stored_and_read(view, tmp_path):
    assert len(read_view(stored_run(view, tmp_path / "run")).ways) == len(view.ways)


def test_an_internal_run_is_never_overwritten(view, tmp_path):
    run = stored_run(view, tmp_path / view.name)
    with pytest.raises(OutputError):
        write_consultation(run, tmp_path, "zh", least=LEAST)


def test_the_verb_writes_the_same_page_twice(view, tmp_path):
    run = stored_run(view, tmp_path / "run")
    pages = []
    for out in ("one", "two"):
        done = CliRunner().invoke(main, ["consult", str(run), "--out", str(tmp_path / out), "--lang", "zh", "--until", "2027-03-31"])
        assert done.exit_code == 0
        pages.append((tmp_path / out / view.name / "consult.html").read_bytes())
    assert pages[0] == pages[1]
    assert blob_of(tmp_path / "one" / view.name / "consult.html")["until"] == "2027-03-31"
    assert CliRunner().invoke(main, ["consult", str(run), "--until", "soon"]).exit_code == 2
    assert CliRunner().invoke(main, ["consult", str(tmp_path / "nothing")]).exit_code == 3


# ---- what a villager does


@pytest.fixture(scope="module")
def browser():
    with start_browser() as started:
        yield started


def in_browser(test):
    for mark in MARKS:
        test = mark(test)
    return test


@in_browser
def test_find_my_village_by_pinyin_and_read_both_sentences(browser, files, view):
    with visit(browser, files / "zh.html", PHONE, has_touch=True) as page:
        page.get_by_role("combobox").fill("dapingcun")
        page.get_by_role("option").first.click()
        card = page.locator("#card")
        assert card.locator("h2").inner_text().startswith("大坪村")
        trip = view.trips[(view.trips["settlement_id"] == "S0000") & (view.trips["when"] == "today")].iloc[0]
        school = view.schools.at[trip["school_id"], "name"]
        told = card.locator(".line.now .told").first.inner_text()
        assert told.startswith(f"在{school}上学，步行约{round(trip['seconds'] / 60)}分钟")
        assert told.endswith("每天回家。")
        assert card.locator(".line.plan .told").first.inner_text().endswith("。")
        page.locator("#language").click()
        assert f"about {round(trip['seconds'] / 60)} minutes on foot" in card.locator(".line.now .told").first.inner_text()
        assert page.evaluate("document.documentElement.lang") == "en"
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@in_browser
def test_on_a_phone_the_map_begins_where_the_search_ends(browser, files):
    with visit(browser, files / "zh.html", PHONE, has_touch=True) as page:
        ends, begins = (page.locator(part).bounding_box() for part in ("#lead", ".stage"))
        assert 0 <= begins["y"] - ends["y"] - ends["height"] <= 40


@in_browser
def test_a_village_that_changes_reads_who_why_and_what_must_stand_first(browser, files):
    with visit(browser, files / "zh.html") as page:
        page.evaluate("(i) => planner.openVillage(i)", leaving(page))
        assert "改到" in page.locator("#card").inner_text()
        assert "学校改变" in page.locator("#card").inner_text()
        assert "同样要离开" in page.locator("#others").inner_text()
        assert "县里提出撤并" in page.locator("#reasons").inner_text()
        first = page.locator("#first").inner_text()
        for part in ("不得撤并", "听证", "没有证据"):
            assert part in first
        name = page.locator("#others .chip").first.inner_text()
        page.locator("#others .chip").first.click()
        assert page.locator("#card h2 .name").first.inner_text() == name
        assert page.evaluate("document.activeElement.id") == "card"


@in_browser
def test_a_village_that_does_not_change_is_told_so(browser, files):
    with visit(browser, files / "en.html") as page:
        still = page.evaluate(
            """planner.data.villages.id.findIndex((_, i) => ![0, 1, 2].some((band) =>
            ['school'].some((key) => new Set(planner.data.states.map((state) => state.byVillage[i].filter((trip) => trip.band === band)
            .map((trip) => trip[key]).join())).size > 1)))"""
        )
        page.evaluate("(i) => planner.openVillage(i)", still)
        assert "changes no school for this village" in page.locator("#card").inner_text()
        assert page.locator("#first").inner_text() == ""


@in_browser
def test_the_way_is_drawn_along_the_roads(browser, files):
    with visit(browser, files / "zh.html") as page:
        assert pixels(page, "ways") == 0
        page.evaluate("(i) => planner.openVillage(i)", leaving(page))
        assert pixels(page, "ways") > 500
        strands = page.evaluate(
            """planner.data.states[0].byVillage[planner.chosen].filter((trip) => trip.school >= 0)
            .map((trip) => planner.wayOf(planner.chosen, trip).length)"""
        )
        assert set(strands) == {2}


@in_browser
def test_an_objection_is_written_kept_exported_and_deleted(browser, files):
    with visit(browser, files / "zh.html", PHONE, has_touch=True) as page:
        page.evaluate("(i) => planner.openVillage(i)", leaving(page))
        page.get_by_role("button", name="存下意见").click()
        assert "请选择态度" in page.locator("#comment-status").inner_text()
        page.get_by_role("radio", name="反对").check()
        page.get_by_label("意见或理由").fill(' 冬天路上结冰，"孩子太小" <b>=1+1 ')
        page.get_by_role("button", name="存下意见").click()
        assert "没有寄出" in page.locator("#comment-status").inner_text()
        with page.expect_download() as download:
            page.get_by_role("button", name="导出文件").click()
        comment = json.loads(download.value.path().read_text(encoding="utf-8"))
        village = page.evaluate("planner.data.villages.id[planner.chosen]")
        assert download.value.suggested_filename.startswith(f"comment-{village}-")
        assert comment["schema"] == 1
        assert comment["settlement_id"] == village
        assert comment["scenario"] == "merge-2027"
        assert comment["plan_hash"] == HASH
        assert comment["stance"] == "against"
        assert comment["text"] == '冬天路上结冰，"孩子太小" <b>=1+1'
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", comment["written_on"])
        assert comment["school_ids"]
        page.reload()
        wait_until_ready(page)
        page.evaluate("planner.openVillage(0)")
        assert "孩子太小" in page.locator(".kept").inner_text()
        page.get_by_role("button", name="删除").click()
        assert page.locator(".kept").count() == 0


@in_browser
def test_what_the_page_exports_the_bureau_takes_in(browser, files, tmp_path):
    with visit(browser, files / "zh.html") as page:
        told = {}
        for village, stance, text in ((0, "反对", "路远"), (1, "有疑问", '=HYPERLINK("x")'), (2, "赞成", "{{7*7}} <b>好</b>")):
            page.evaluate("(i) => planner.openVillage(i)", village)
            page.get_by_role("radio", name=stance).check()
            page.get_by_label("意见或理由").fill(text)
            page.get_by_role("button", name="存下意见").click()
            told[f"S{village:04d}"] = text
        with page.expect_download() as single:
            page.get_by_role("button", name="导出文件").first.click()
        with page.expect_download() as whole:
            page.get_by_role("button", name="全部导出").click()
        paths = [tmp_path / name for name in ("one.json", "all.json")]
        single.value.save_as(paths[0])
        whole.value.save_as(paths[1])
    table = read_comments(paths)  # the first comment comes twice and counts once
    assert dict(zip(table["settlement_id"], table["text"], strict=True)) == told
    assert list(table["stance"]) == ["against", "question", "for"]
    assert set(table["plan_hash"]) == {HASH}
    done = CliRunner().invoke(main, ["objections", *map(str, paths), "--out", str(tmp_path / "objections.xlsx"), "--json"])
    assert json.loads(done.stdout)["comments"] == 3


@in_browser
def test_a_browser_that_keeps_nothing_says_so_and_still_exports(browser, files):
    context = browser.new_context(offline=True, accept_downloads=True)
    context.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new Error('refused'); } })")
    page = context.new_page()
    page.goto((files / "en.html").as_uri())
    wait_until_ready(page)
    page.evaluate("planner.openVillage(0)")
    page.get_by_role("radio", name="A question").check()
    page.get_by_label("Your words").fill("When?")
    page.get_by_role("button", name="Keep my comment").click()
    assert "keeps nothing" in page.locator("#comment-status").inner_text()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export the file").click()
    assert json.loads(download.value.path().read_text(encoding="utf-8"))["text"] == "When?"
    context.close()


def in_sight(page):
    box = page.locator(".stage").bounding_box()
    return box["y"] >= page.locator(".bar").bounding_box()["height"] - 1 and box["y"] + box["height"] <= 861


@in_browser
def test_the_whole_map_stays_in_sight_on_a_desk(browser, files):
    with visit(browser, files / "zh.html") as page:
        page.evaluate("(i) => planner.openVillage(i)", leaving(page))
        for scrolled in (0, 400):
            page.evaluate("(y) => window.scrollTo(0, y)", scrolled)
            assert soon(lambda: in_sight(page))


@in_browser
def test_a_link_opens_its_village(browser, files):
    with visit(browser, files / "zh.html") as page:
        page.goto((files / "zh.html").as_uri() + "#S0001")
        assert soon(lambda: page.evaluate("planner.chosen") == 1)
        page.goto((files / "zh.html").as_uri() + "#%E0%A4%A")
        assert soon(lambda: page.evaluate("location.hash") == "#%E0%A4%A")
        page.wait_for_timeout(200)  # long enough for a choice that must not come
        assert page.evaluate("planner.chosen") == 1


@in_browser
def test_everything_by_keyboard(browser, files):
    with visit(browser, files / "en.html") as page:
        page.locator("#language").focus()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == "find"
        page.keyboard.type("xiaohe")
        page.keyboard.press("Enter")
        assert page.locator("#card h2").inner_text().startswith("Xiaohe")
        page.get_by_role("radio", name="Against").focus()
        page.keyboard.press("ArrowRight")
        assert page.get_by_role("radio", name="For", exact=True).is_checked()
        page.keyboard.press("Tab")
        page.keyboard.type("Fine with us")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert "not sent" in page.locator("#comment-status").inner_text()


@in_browser
def test_it_prints_on_two_sides_of_a4_with_room_to_write(browser, files, tmp_path):
    with visit(browser, files / "zh.html") as page:
        page.evaluate("(i) => planner.openVillage(i)", leaving(page))
        size = page.evaluate("[planner.map.getSize().x, planner.map.getSize().y]")
        page.pdf(path=tmp_path / "sheet.pdf", prefer_css_page_size=True)
        raw = (tmp_path / "sheet.pdf").read_bytes()
        boxes = {tuple(map(round, map(float, found.split()))) for found in re.findall(rb"/MediaBox \[([\d. ]+)\]", raw)}
        assert boxes == {(0, 0, 595, 842)}
        assert len(re.findall(rb"/Type\s*/Page\b", raw)) <= 2
        assert page.evaluate("[planner.map.getSize().x, planner.map.getSize().y]") == size
        page.emulate_media(media="print")
        assert page.locator("#paper").is_visible()
        assert HASH[:16] in page.locator("#paper").inner_text()
        assert not page.locator("#say").is_visible()


@in_browser
@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("viewport", [PHONE, {"width": 1280, "height": 860}], ids=["phone", "desk"])
def test_no_serious_fault_of_accessibility(browser, files, lang, viewport):
    with visit(browser, files / f"{lang}.html", viewport) as page:
        assert serious_faults(page) == []
        page.evaluate("(i) => planner.openVillage(i)", leaving(page))
        assert serious_faults(page) == []
        page.get_by_role("combobox").fill("cun")
        assert serious_faults(page) == []


@in_browser
def test_large_type_and_zoom_are_allowed(browser, files):
    with visit(browser, files / "zh.html", PHONE) as page:
        assert "user-scalable" not in page.locator("meta[name=viewport]").last.get_attribute("content")
        before = page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")
        page.locator("#big").click()
        page.evaluate("planner.openVillage(0)")
        assert page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") > 1.3 * before
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@in_browser
def test_targets_are_large_enough_for_a_thumb(browser, files):
    with visit(browser, files / "zh.html", PHONE, has_touch=True) as page:
        page.evaluate("(i) => planner.openVillage(i)", leaving(page))
        small = page.evaluate("""[...document.querySelectorAll('button, input[type=text], label.choice, .leaflet-bar a, summary, a.to-map')]
            .filter((e) => e.offsetParent && e.getBoundingClientRect().height < 44).map((e) => e.outerHTML.slice(0, 80))""")
        assert small == []


@in_browser
def test_hostile_names_are_text(browser, files):
    with visit(browser, files / "hostile.html") as page:
        for name in HOSTILE:
            village = page.evaluate("(name) => planner.data.villages.name.indexOf(name)", name)
            page.evaluate("(i) => planner.openVillage(i)", village)
            assert page.locator("#card h2 .name").first.evaluate("e => e.textContent") == name
            page.locator("#comment").fill(name)
            page.get_by_role("radio", name="有疑问").check()
            page.get_by_role("button", name="存下意见").click()
        assert page.locator(".kept .words").count() == len(HOSTILE)
        assert page.evaluate("document.querySelectorAll('main img:not(.leaflet-marker-icon), main script').length") == 0
        assert "<b>基教科</b>" in page.locator("#say").inner_text()


@in_browser
def test_a_daily_way_is_not_held_against_a_weekly_one(browser, view, tmp_path):
    trips = view.trips.copy()
    rows = (trips["settlement_id"] == "S0000") & (trips["band"] == "junior")
    trips.loc[rows, ["mode", "seconds", "cause", "school_id"]] = ["walk", 3600.0, "", view.schools.index[0]]
    trips.loc[rows & (trips["when"] == "plan"), ["mode", "seconds"]] = ["board", 1200.0]
    write_consult_page(dataclasses.replace(view, trips=trips), NOTICE, tmp_path / "consult.html", "zh")
    with visit(browser, tmp_path / "consult.html") as page:
        page.evaluate("planner.openVillage(0)")
        change = page.locator("#card .change").last.inner_text()
        assert "改为住校" in change
        assert "分钟" not in change
