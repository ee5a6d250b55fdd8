"""Dossiers, sheets and reports in a real browser: nothing asked for, nothing run, readable by keyboard and screen reader, printed on A4."""

import dataclasses

import pytest

from layout_planner.output.papers.folders import write_dossiers, write_sheets
from layout_planner.output.papers.print_pdf import NoPdfError, choose_printer
from layout_planner.output.papers.report_files import write_report_files
from tests.paper_runs import NASTY, make_papers
from tests.test_report_papers import with_measures
from tests.visiting import BROWSER, DESK, MARKS, PHONE, serious_faults, start_browser, visit

pytestmark = MARKS


@pytest.fixture(scope="module")
def papers():
    return with_measures(make_papers())


@pytest.fixture(scope="module")
def files(papers, tmp_path_factory):
    folder = tmp_path_factory.mktemp("papers")
    dossiers, _ = write_dossiers(papers, folder / "dossiers", "zh", pdf=False)
    sheets, _ = write_sheets(papers, folder / "sheets", "en", pdf=False)
    (report, *_), _ = write_report_files([papers], folder / "reports", "zh", pdf=False)
    school = papers.view.mergers[0]
    assert report.parent.name == papers.view.name
    return {
        "dossier": dossiers / f"{school}.html",
        "index": dossiers / "index.html",
        "sheets": min(sheets.glob("*.html")),
        "report": report.parent / "report.html",
    }


@pytest.fixture(scope="module")
def browser():
    with start_browser() as started:
        yield started


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("name", ["dossier", "index", "sheets", "report"])
def test_pages_open_offline_and_shut_nobody_out(browser, files, name, viewport):
    with visit(browser, files[name], viewport) as page:
        assert page.locator("h1").first.inner_text()
        assert serious_faults(page) == []
        assert page.evaluate("document.querySelectorAll('[onerror], [onload], [onclick], img[src=x]').length") == 0


def test_the_index_leads_to_a_dossier_and_it_speaks_both_languages(browser, files):
    with visit(browser, files["index"]) as page:
        page.get_by_role("link", name="HTML").first.click()
        assert page.locator(".side").count() == 3
        assert "学校台账" in page.locator("body").inner_text()
        page.locator("#language").click()
        text = page.locator("body").inner_text()
        assert "Register of the school" in text
        assert "学校台账" not in text
        assert page.evaluate("document.documentElement.lang") == "en"


def test_hostile_names_are_seen_as_they_were_written(browser, files, papers):
    school = papers.view.mergers[0]
    name = NASTY[list(papers.view.schools.index).index(school) % len(NASTY)]
    with visit(browser, files["dossier"]) as page:
        assert page.locator("h1").first.evaluate("e => e.textContent").strip() == name


def test_a_browser_prints_a_dossier_where_weasyprint_is_missing(files, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "weasyprint", None)
    try:
        printed = choose_printer()(files["dossier"].read_text("utf-8"))
    except NoPdfError as error:
        pytest.skip(error.message.en)
    reader = pytest.importorskip("pypdfium2")
    document = reader.PdfDocument(printed)
    assert BROWSER
    assert len(document) >= 3
    wide, high = document[0].get_size()
    assert (round(wide), round(high)) == (595, 842)


def test_no_letter_of_a_printed_page_is_a_box(papers):
    pytest.importorskip("weasyprint")
    reader = pytest.importorskip("pypdfium2")
    from layout_planner.output.papers.dossiers import describe_school, lay_base, page_of
    from layout_planner.output.papers.folders import PaperPrinter

    printer = PaperPrinter(pdf=True)
    if not printer.prints:
        pytest.skip(printer.remarks[0].en)
    rare = "𠮷家寨🏫\U000fffff"
    schools = papers.view.schools.copy()
    schools["name"] = rare
    renamed = dataclasses.replace(papers, view=dataclasses.replace(papers.view, schools=schools))
    page = page_of(renamed, lay_base(renamed.view), describe_school(renamed, papers.view.mergers[0]), only="zh")
    document = reader.PdfDocument(printer.pdf("papers/dossier.html", page, "zh"))
    text = document[0].get_textpage().get_text_range()
    assert "家寨" in text
    assert "[U+FFFFF]" in text
    assert any("U+FFFFF" in remark.en for remark in printer.all_remarks())
