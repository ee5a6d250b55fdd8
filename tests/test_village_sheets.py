"""Village sheets: what they say and never say, the code that comes back as it went in, one page a village."""

import dataclasses
import json
import re
from html import unescape

import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from layout_planner.cli import main
from layout_planner.errors import InputError
from layout_planner.output.papers.folders import SHEETS, PaperPrinter, write_sheets
from layout_planner.output.papers.site_map import lay_base
from layout_planner.output.papers.village_codes import SheetCode, draw_code, read_code, write_code
from layout_planner.output.papers.village_sheets import SheetMaker, list_townships, township_page
from tests.paper_runs import DIGEST, make_papers

PLAIN = make_papers(hostile=False)


@pytest.fixture(scope="module")
def maker():
    return SheetMaker(PLAIN, lay_base(PLAIN.view), "zh")


@pytest.fixture(scope="module")
def hostile_place(tmp_path_factory):
    return write_sheets(make_papers(), tmp_path_factory.mktemp("sheets"), "zh", pdf=False)[0]


@given(
    st.text(min_size=1, max_size=60).filter(lambda text: "\ud800" not in text),
    st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,20}", fullmatch=True),
)
def test_a_code_comes_back_as_it_went_in(settlement, run):
    code = SheetCode(settlement, DIGEST, run)
    assert read_code(write_code(code)) == code


@pytest.mark.parametrize("text", ["", "LP1;S=;P=;R=", "http://example.org", "LP1;S=a;P=xyz;R=b", "LP2;S=a;P=" + "0" * 64 + ";R=b"])
def test_what_is_no_code_is_refused(text):
    with pytest.raises(InputError):
        read_code(text)


def test_the_code_on_the_printed_page_is_read_by_a_decoder_of_other_hands(maker):
    decoder, reader = pytest.importorskip("zxingcpp"), pytest.importorskip("pypdfium2")
    printer = PaperPrinter(pdf=True)
    if not printer.prints:
        pytest.skip(printer.remarks[0].en)
    home = PLAIN.view.settlements.index[0]
    pdf = printer.pdf("papers/sheets.html", township_page(maker, "石门乡", [home]), "zh")
    picture = reader.PdfDocument(pdf)[0].render(scale=2).to_numpy()  # 144 dots an inch, a poor copier
    (found,) = decoder.read_barcodes(picture)
    assert read_code(found.text) == SheetCode(home, DIGEST, PLAIN.view.name)
    assert "<script" not in draw_code(SheetCode(home, DIGEST, PLAIN.view.name))


def test_every_settlement_with_pupils_has_one_sheet():
    listed = [key for keys in list_townships(PLAIN).values() for key in keys]
    assert sorted(listed) == sorted(set(PLAIN.view.trips.loc[PLAIN.view.trips["pupils"] > 0, "settlement_id"]))


def test_a_sheet_says_school_minutes_and_change(maker):
    trips = PLAIN.view.trips
    home = PLAIN.view.settlements.index[0]
    sheet = maker.sheet(home)
    for band, shown in zip(PLAIN.view.bands, sheet["bands"], strict=True):
        for when in ("today", "plan"):
            trip = trips[(trips["settlement_id"] == home) & (trips["band"] == band) & (trips["when"] == when)].iloc[0]
            way = shown[when][0]
            assert way[0] == tuple(PLAIN.school_names[trip["school_id"]])
            assert f"{trip['seconds'] / 60:.0f}" in way[1][0]
            assert f"{trip['pessimistic_s'] / 60:.0f}" in way[1][1]
        moved = shown["today"] != shown["plan"]
        assert shown["changes"] or not moved


def test_no_daily_way_is_held_against_a_weekly_one(maker):
    # walks 40 minutes today and would board 90 minutes away: `50 minutes longer each way` would be false, `would board` is said
    walk = {"school_id": "A", "mode": "walk", "seconds": 2400.0}
    board = {"school_id": "B", "mode": "board", "seconds": 5400.0}
    said = maker._tell_change({"today": pd.DataFrame([walk]), "plan": pd.DataFrame([board])}, changes=True)
    assert "minutes" not in said.en
    assert maker.words["c.to_board"].en in said.en
    further = maker._tell_change({"today": pd.DataFrame([walk]), "plan": pd.DataFrame([walk | {"seconds": 3600.0}])}, changes=False)
    assert "20 minutes" in further.en


def test_a_village_of_a_merging_school_reads_what_must_stand_first_without_figures(maker):
    merger = PLAIN.view.mergers[0]
    today = PLAIN.view.trips[(PLAIN.view.trips["when"] == "today") & (PLAIN.view.trips["school_id"] == merger)]
    sheet = maker.sheet(today["settlement_id"].iloc[0])
    first = sheet["first"][0]
    assert {state for state, *_ in first["rules"]} <= {"pass", "fail", "unknown"}
    assert first["rules"][0][0] == "fail"
    assert not re.search(r"\d", "".join(rule[0] + said[0] for _, _, rule, said in first["rules"]))


def test_no_count_of_children_stands_on_any_sheet(hostile_place):
    odd = PLAIN.view.trips.assign(pupils=777)
    homes = PLAIN.view.settlements.assign(pupils=777)
    view = dataclasses.replace(
        PLAIN.view, trips=odd, settlements=homes, schools=PLAIN.view.schools.assign(pupils_today=777, pupils_plan=777)
    )
    maker = SheetMaker(dataclasses.replace(PLAIN, view=view), lay_base(view), "zh")
    for township, keys in list_townships(PLAIN).items():
        page = township_page(maker, township, keys)
        texts = json.dumps([{k: v for k, v in sheet.items() if k not in {"map", "code"}} for sheet in page["sheets"]], ensure_ascii=False)
        assert "777" not in texts
    assert hostile_place.exists()


def test_stop_and_clock_stand_where_a_bus_plan_does():
    trips = PLAIN.view.trips
    row = trips[(trips["when"] == "plan") & (trips["mode"] == "school_bus")].iloc[0]
    rider = {
        "when": "plan", "settlement_id": row["settlement_id"], "band": row["band"], "site_id": row["school_id"], "route_id": "R1",
        "stop_id": "H1", "pupils": 3, "walk_minutes": 4.2, "ride_minutes": 11.0,
    }  # fmt: skip
    stop = {"when": "plan", "route_id": "R1", "stop_no": 1, "stop_id": "H1", "name": "老槐树", "time_s": 7 * 3600 + 8 * 60 + 59.0}
    riders = pd.DataFrame([rider | {"direction": way} for way in ("to_school", "from_school")])
    view = dataclasses.replace(PLAIN.view, bus_riders=riders, bus_stops=pd.DataFrame([stop]))
    maker = SheetMaker(dataclasses.replace(PLAIN, view=view), lay_base(view), "en")
    texts = str(maker.sheet(row["settlement_id"])["bands"])
    stop = maker.words["c.stop"].en.format(walk="4", time="07:08", stop="老槐树")
    assert stop in texts
    without = SheetMaker(PLAIN, lay_base(PLAIN.view), "en")
    assert "stop and time are not fixed yet" in str(without.sheet(row["settlement_id"])["bands"])


def test_a_village_without_pupils_gets_a_sentence_and_no_empty_folder(tmp_path):
    home = PLAIN.view.settlements.index[0]
    trips = PLAIN.view.trips
    view = dataclasses.replace(PLAIN.view, trips=trips[trips["settlement_id"] != home])
    with pytest.raises(InputError, match="none of them has pupils"):
        write_sheets(dataclasses.replace(PLAIN, view=view), tmp_path, "zh", pdf=False, only=[home])
    assert list(tmp_path.iterdir()) == []


def test_hostile_names_stay_text(hostile_place):
    pages = "".join(path.read_text("utf-8") for path in hostile_place.glob("*.html"))
    assert "<img src=x" not in pages
    assert "<script" not in pages.replace("&lt;script", "")
    assert "{{7*7}}" in unescape(pages)
    index = json.loads((hostile_place / SHEETS).read_text("utf-8"))
    assert index["digest"] == DIGEST
    assert {path.name for path in hostile_place.iterdir()} == {SHEETS, *(f"{entry['file']}.html" for entry in index["files"])}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_each_village_takes_one_page(lang):
    weasyprint = pytest.importorskip("weasyprint")
    printer = PaperPrinter(pdf=True)
    if not printer.prints:
        pytest.skip(printer.remarks[0].en)
    papers = make_papers()
    maker = SheetMaker(papers, lay_base(papers.view), lang)
    page = township_page(maker, "石门乡", sorted(papers.view.settlements.index)[:14])
    html = printer.html("papers/sheets.html", page, lang, only=lang)
    assert len(weasyprint.HTML(string=html).render().pages) == len(page["sheets"])


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_village_whose_children_go_to_ten_schools_still_takes_one_page(lang):
    weasyprint = pytest.importorskip("weasyprint")
    printer = PaperPrinter(pdf=True)
    if not printer.prints:
        pytest.skip(printer.remarks[0].en)
    papers = make_papers(schools=14, hostile=False)
    home = papers.view.settlements.index[0]
    one = papers.view.trips[papers.view.trips["settlement_id"] == home].iloc[[0]].assign(mode="board", seconds=3000.0, cause="too_far_ride")
    rows = [one.assign(school_id=school, when="plan") for school in papers.view.schools.index[:10]]
    rows.append(one.assign(school_id=papers.view.mergers[0], when="today"))
    rest = papers.view.trips[papers.view.trips["settlement_id"] == home].iloc[1:]
    crowded = dataclasses.replace(papers, view=dataclasses.replace(papers.view, trips=pd.concat([*rows, rest], ignore_index=True)))
    maker = SheetMaker(crowded, lay_base(crowded.view), lang)
    page = township_page(maker, "石门乡", [home])
    assert page["sheets"][0]["size"] == "long dense"
    assert len(weasyprint.HTML(string=printer.html("papers/sheets.html", page, lang, only=lang)).render().pages) == 1


def test_the_verb_writes_one_settlement(tmp_path, monkeypatch):
    monkeypatch.setattr("layout_planner.output.papers.stored.read_papers", lambda _: PLAIN)
    home = PLAIN.view.settlements.index[3]
    result = CliRunner().invoke(main, ["sheets", "run", "--out", str(tmp_path), "--settlement", home, "--no-pdf", "--json"])
    assert result.exit_code == 0, result.output
    written = json.loads(result.output)["written"]
    assert len(written) == 1
    page = next((tmp_path / PLAIN.view.name).glob("*.html")).read_text("utf-8")
    assert page.count('class="side village') == 1
    assert home in page
