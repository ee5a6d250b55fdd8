"""The report of a run and of a comparison: one set of sections in four forms, hostile text inert in each, the same bytes every time."""

import dataclasses
import io
import json
import re
import zipfile
from html import unescape

import openpyxl
import pytest
from click.testing import CliRunner

from layout_planner.cli import main
from layout_planner.output.map_data import summarise_state
from layout_planner.output.papers import report_files
from layout_planner.output.papers.report_charts import CHARTS, Shown, draw_chart
from layout_planner.output.papers.report_files import write_report_files
from layout_planner.output.papers.report_text import describe_report, plain
from layout_planner.output.sheets import Sheet
from layout_planner.words import Words
from tests.paper_runs import DIGEST, NASTY, make_papers


def with_measures(papers, name="merge-2027"):
    view = dataclasses.replace(papers.view, name=name, measures={when: summarise_state(papers.view, when) for when in ("today", "plan")})
    return dataclasses.replace(papers, view=view)


@pytest.fixture(scope="module")
def runs():
    return [with_measures(make_papers(), name) for name in ("one", "two")]


@pytest.fixture(scope="module")
def written(runs, tmp_path_factory):
    paths, remarks = write_report_files(runs, tmp_path_factory.mktemp("reports"), "zh", pdf=False)
    assert remarks == []
    return {path.suffix: path for path in paths}


@pytest.mark.parametrize(
    ("at_risk", "cost_yuan", "said"),
    [
        (12.0, 4_000_100.0, ["有风险的学生仍为12名；年成本不变", "pupils at risk stay 12; the cost a year stays the same"]),
        (9.0, 4_020_000.0, ["由12名变为9名；年成本增加2.0万元", "go from 12 to 9; the cost a year rises by 20,000 yuan"]),
        (12.0, 3_980_000.0, ["年成本减少2.0万元", "the cost a year falls by 20,000 yuan"]),
    ],
)
def test_a_summary_says_what_changes_and_what_does_not(at_risk, cost_yuan, said):
    papers = make_papers()
    measures = {"today": {"at_risk": 12.0, "cost_yuan": 4_000_000.0}, "plan": {"at_risk": at_risk, "cost_yuan": cost_yuan}}
    report = describe_report([dataclasses.replace(papers, view=dataclasses.replace(papers.view, measures=measures))])
    summary = next(section for section in report.sections if section.key == "summary").sentences[0]
    assert said[0] in summary.zh
    assert said[1] in summary.en


def test_one_run_has_today_and_the_plan_and_two_have_both_plans(runs):
    assert [state.when for state in describe_report(runs[:1]).states] == ["today", "plan"]
    report = describe_report(runs)
    assert [state.when for state in report.states] == ["today", "plan", "plan"]
    assert len({state.color for state in report.states}) == 3
    keys = [section.key for section in report.sections]
    assert keys == ["summary", "charts", "mergers", "risk", "method", "assumptions", "notes", "sources"]
    figures = next(section for section in report.sections if section.key == "summary").tables[0]
    assert all(len(line.cells) == 4 for line in figures.lines)


def test_runs_that_do_not_belong_together_say_so(runs):
    later = dataclasses.replace(runs[1], view=dataclasses.replace(runs[1].view, year=2030))
    other = dataclasses.replace(runs[1], view=dataclasses.replace(runs[1].view, sources=runs[1].view.sources[:1]))
    for pair, word in (((runs[0], later), "different years"), ((runs[0], other), "different files"), (tuple(runs), "")):
        said = " ".join(words.en for words in describe_report(pair).sections[0].sentences)
        assert ("Note:" in said) == bool(word)
        assert word in said


def test_risk_table_adds_up_to_the_pupils_at_risk(runs):
    trips = runs[0].view.trips
    wanted = trips.loc[(trips["when"] == "plan") & (trips["cause"] != ""), "pupils"].sum()
    table = next(section for section in describe_report(runs).sections if section.key == "risk").tables[0]
    assert sum(int(line.cells[3].en.replace(",", "")) for line in table.lines) == wanted


def test_assumptions_carry_their_flag_and_what_is_read_stays_out(runs):
    table = next(section for section in describe_report(runs).sections if section.key == "assumptions").tables[0]
    found = [(line.key.rsplit(".", 1)[0], line.cells[4].en) for line in table.lines]
    assert found == [("cost.bus_yuan", "A"), ("travel.max_minutes", "R2")]
    plain_run = dataclasses.replace(runs[0], norm_values=[["travel.max_minutes", [1], [], 30.0, "min", "R2", ""]])
    assert not next(section for section in describe_report([plain_run]).sections if section.key == "assumptions").tables[0].lines


def test_ways_of_a_stored_run_are_reported(runs, monkeypatch):
    sheet = Sheet(Words("公平", "even"), Words("", ""), ((Words("", ""), False), (Words("学生", "Pupils"), True)), (["head"], ["row", 7.0]))
    monkeypatch.setattr("layout_planner.output.papers.report_text.way_sheets", lambda *_: [sheet])
    monkeypatch.setattr("layout_planner.output.papers.report_text.who_pays_sheet", lambda _: dataclasses.replace(sheet, rows=()))
    run = dataclasses.replace(runs[0], ways={"equity": None})
    part = next(section for section in describe_report([run]).sections if section.key == "ways").tables[0]
    assert [[cell.en for cell in line.cells] for line in part.lines] == [["head", ""], ["row", "7"]]
    assert part.figures == {1}
    assert "ways" not in [section.key for section in describe_report(runs).sections]


def test_licence_and_review_number_are_told(runs):
    def licences(papers):
        return " ".join(said.zh for said in next(s for s in describe_report([papers]).sections if s.key == "sources").sentences)

    assert "ODbL" in licences(runs[0])
    assert "未经审图" in licences(runs[0])
    reviewed = dataclasses.replace(runs[0], scenario=runs[0].scenario | {"public": {"review_number": "黔S(2027)001号"}})
    assert "黔S(2027)001号" in licences(reviewed)
    assert "未经审图" not in licences(reviewed)


def test_page_holds_every_section_and_runs_nothing(runs, written):
    page = written[".html"].read_text("utf-8")
    assert "<img src=x" not in page
    assert "window.__hacked=1</script>" not in page
    text = " ".join(unescape(re.sub(r"<[^>]*>", " ", page)).split())
    for section in describe_report(runs).sections:
        assert section.title.zh in text
        assert section.title.en in text
    assert page.count("data:image/svg+xml") == 2 * sum(not chart.dense for chart in CHARTS)
    assert page.count("data:image/png") == 2 * sum(chart.dense for chart in CHARTS)
    assert DIGEST[:16] in page
    assert len(page.encode()) < 3_000_000


def test_workbook_holds_numbers_as_numbers_and_no_formula(written):
    book = openpyxl.load_workbook(written[".xlsx"])
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    summary = book["摘要"]
    assert all(isinstance(cell.value, int | float) for cell in summary["B"][1:])
    assert all(len(name) <= 31 for name in book.sheetnames)
    book.close()


def test_document_holds_headings_tables_pictures_and_hostile_text_as_text(runs, written):
    docx = pytest.importorskip("docx")
    document = docx.Document(written[".docx"])
    headings = [p.text for p in document.paragraphs if p.style.name == "Heading 1"]
    report = describe_report(runs)
    assert headings == [plain(section.title.zh) for section in report.sections]
    assert len(document.tables) == sum(bool(part.lines) for section in report.sections for part in section.tables)
    assert len(document.inline_shapes) == len(CHARTS)
    text = "\n".join(cell.text for table in document.tables for row in table.rows for cell in row.cells)
    school = runs[0].view.mergers[0]
    assert plain(runs[0].view.schools.at[school, "name"]) in text
    assert not set(zipfile.ZipFile(written[".docx"]).namelist()) & {"word/vbaProject.bin"}
    assert "DDE" not in zipfile.ZipFile(written[".docx"]).read("word/document.xml").decode()


@pytest.mark.parametrize("text", NASTY)
def test_any_text_becomes_a_paragraph(text):
    docx = pytest.importorskip("docx")
    document, file = docx.Document(), io.BytesIO()
    document.add_paragraph(plain(text + "\x00\x0b\ud800"))
    document.save(file)
    assert docx.Document(io.BytesIO(file.getvalue())).paragraphs[0].text == plain(text + "\x00\x0b\ud800")


def test_the_same_runs_give_the_same_bytes(runs, written, tmp_path):
    again, _ = write_report_files(runs, tmp_path, "zh", pdf=False)
    for path in again:
        assert path.read_bytes() == written[path.suffix].read_bytes(), path.name


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.key)
def test_charts_are_drawn_in_both_languages_and_without_any_pupil(chart, runs):
    view = runs[0].view
    states = [Shown(Words("现状", "today"), view, "today", "#888888"), Shown(view.title, view, "plan", "#0072B2")]
    drawn = {lang: draw_chart(chart, states, lang, "svg") for lang in ("zh", "en")}
    assert all(svg.startswith(b"<?xml") for svg in drawn.values())
    assert drawn["zh"] != drawn["en"]
    nobody = dataclasses.replace(view, trips=view.trips[view.trips["pupils"] < 0])
    empty = [dataclasses.replace(state, view=nobody) for state in states]
    assert draw_chart(chart, empty, "en", "png").startswith(b"\x89PNG")


def test_without_python_docx_the_rest_is_written_and_told(runs, tmp_path, monkeypatch):
    def missing(*_):
        raise ImportError

    monkeypatch.setattr(report_files, "_document", missing)
    monkeypatch.setattr(report_files, "draw_chart", lambda *_: b"\x89PNG")
    paths, remarks = write_report_files(runs[:1], tmp_path, "en", pdf=False)
    assert sorted(path.name for path in paths) == ["report.html", "report.xlsx"]
    assert "python-docx" in remarks[0].en


def test_the_verb_writes_a_comparison(runs, tmp_path, monkeypatch):
    monkeypatch.setattr("layout_planner.output.papers.stored.read_papers", lambda folder: runs[0 if folder.name == "one" else 1])
    monkeypatch.setattr(report_files, "draw_chart", lambda *_: b"\x89PNG")
    monkeypatch.setattr(report_files, "_document", lambda *_: b"PK")
    result = CliRunner().invoke(main, ["report", "one", "two", "--out", str(tmp_path), "--no-pdf", "--json"])
    assert result.exit_code == 0, result.output
    assert {path.rsplit("/", 2)[-2] for path in json.loads(result.output)["written"]} == {"one-and-two"}
